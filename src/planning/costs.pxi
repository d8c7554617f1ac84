# Prices of the terms of a strategy's work, read from fastconv/_costs.py.

cdef enum:
    AGAIN, AGAIN_TAP, GUARD, DIRECT, DIRECT_LOAD, DIRECT_TAP, SPARSE, SPARSE_STEP, SPARSE_TAP, ROW, ROW_TAP
    FOLD, FOLD_TAP, FOLD_ROW, FOLD_ROW_TAP, BOX_GROUP, BOX_DOUBLING, RUN, RUN_WHOLE
    DOT_ROW, DOT_DIGIT, DOT_GROUP, DOT_FIXED, DOT_GUARD, FFT_SIGNED, WIDE_SUM, WIDE_TAP, LINE, LINE_TAP, LINE_MEAN
    AVERAGE_SUM         # this term and the next two come in pairs: for bytes, for words
    AVERAGE_LOAD = AVERAGE_SUM + 2
    AVERAGE_TAP = AVERAGE_LOAD + 2
    SPECTRA_TILE = AVERAGE_TAP + 2
    SPECTRA_KERNEL, SPECTRA_ACROSS, SPECTRA_DOWN, SPECTRA_SIGNED
    LOAD        # one term for each type of samples
    STORE = LOAD + TYPES
    SPECTRUM = STORE + TYPES    # one term for each side in TILES
    MOST_TILES = 48
    TERMS = SPECTRUM + MOST_TILES

# Sides of the tiles of an FFT.
TILES = (
    32, 48, 64, 80, 96, 128, 144, 160, 192, 240, 256, 288, 320, 384, 480, 512, 576, 640, 768, 1024,
)

cdef tuple TERM_NAMES = (
    "again", "again tap", "guard", "direct", "direct load", "direct tap", "sparse", "sparse step",
    "sparse tap",
    "row", "row tap", "fold", "fold tap", "fold row", "fold row tap", "box", "box doubling", "running",
    "running whole", "dot", "dot digit", "dot group", "dot fixed", "dot guard", "fft signed", "wide", "wide tap",
    "line", "line tap", "line mean",
    "average uint8", "average uint16", "average load uint8", "average load uint16", "average tap uint8",
    "average tap uint16", "spectra", "spectra kernel", "spectra across", "spectra down",
    "spectra signed",
    *[f"load {name}" for name in TYPE_NAMES], *[f"store {name}" for name in TYPE_NAMES],
    *[f"fft {n}" for n in TILES],
)

cdef Py_ssize_t[MOST_TILES] TILE
cdef int TILE_COUNT = len(TILES)
# In ns. Infinite where the engine has no such work, so that it is never chosen.
cdef double[LEVELS][ACCUMULATORS][TERMS] PRICE


def _read_prices():
    cdef int level, accumulator, term
    for level in range(LEVELS):
        for accumulator in range(ACCUMULATORS):
            known = NS[LEVEL_NAMES[level]][ACCUMULATOR_NAMES[accumulator]]
            for term in range(len(TERM_NAMES)):
                PRICE[level][accumulator][term] = known.get(TERM_NAMES[term], INFINITY)
    for term in range(TILE_COUNT):
        TILE[term] = TILES[term]


_read_prices()


cdef inline void add_work(Work* work, int term, double amount) noexcept nogil:
    work.term[work.count], work.amount[work.count] = term, amount
    work.count += 1


cdef double price_of(const Work* work, int accumulator, int level) noexcept nogil:
    """ns for each sample that this work takes on one core."""
    cdef int i
    cdef double total = 0
    for i in range(work.count):
        total += work.amount[i] * PRICE[level][accumulator][work.term[i]]
    return total


cdef inline double taps_again(Facts* f) noexcept nogil:
    """Taps that a pixel takes to be recomputed in any order. Rows of a window are read with their zeros, and in
    whole vectors: the price of AGAIN, measured with dense kernels, includes those of short rows."""
    cdef Facts* d = definition_of(f)
    return d.taps if d.taps == d.height * d.width else <double>d.height * ((d.width + 15) // 16 * 16)


cdef inline void add_again(Work* work, double pixels, double taps) noexcept nogil:
    """Add the work of recomputing a share of the pixels, and of so many taps for each pixel of all."""
    add_work(work, AGAIN, pixels)
    add_work(work, AGAIN_TAP, taps)


cdef inline void add_rows(Work* work, const Request* request) noexcept nogil:
    """Add the work of loading samples into rows of sums, and of storing results from them."""
    add_work(work, LOAD + request.source, 1)
    add_work(work, STORE + request.target, 1)
