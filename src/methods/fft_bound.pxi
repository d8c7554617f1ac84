# Bound: proves which results of a tile are within the bound of floats, and computes the others another way.
#
# The bound of a float is (taps + 1) * eps * S, where S is the sum of |weight| * |sample| over its own window.
# The error of an FFT depends on the whole tile, not on windows: a butterfly's rounding error spreads over all
# results. One bright sample can make all dark results of its tile wrong. So every tile is measured, and the
# measures bound the error and S:
#
#     error   at most `fft.error` * greatest of  rms of the samples * largest magnitude of the spectrum,
#                                                8 * largest sample * largest weight,
#                                                largest result / 2
#     S       at least |result| - error; and smallest sample * sum of |weights|; and, if signs may cancel, the
#             sum of |weight| * |sample| over the kernel's MOST_HEAVY heaviest taps
#
# A result whose S is at least error / (taps * eps) is within the bound. A window of zeros gives 0. The other
# results are open. They take these steps in turn, until all are proven:
#
#     magnitudes   if signs may cancel, S itself is computed: |samples| with |weights|, by the same transform
#     float64      a tile of float32 is transformed again, with 2**29 times less error
#     by size      the tile is transformed without its largest samples, for windows that hold none of them
#     directly     the taps are summed, in cells of a few rows and columns
#
# A tile of float64 takes the first step before the third. Samples that are not finite are left out from the start.
#
# The form of the error. The passes of both transforms are unitary, but for a factor. Each pass adds to every
# intermediate value an error of a few of its roundings. The three terms above cover three cases:
#
# - The values are spread out. The error is of the size of the rms of the samples times a factor of the
#   spectrum, at most its largest magnitude.
# - A few samples stand alone. The first passes keep errors together, at a distance of n / 2, n / 4 ... from
#   these samples, and the kernel spreads them. The error is of the size of a sample times a weight.
# - A few results are large. The last passes keep errors together in the same way.
#
# Roundings add up as the root of their number at best, as the logarithm at worst. This file assumes
# `FFT_ERROR` * log2(n) roundings.
#
# That number is measured, not proven: Higham's bound (Accuracy and Stability of Numerical Algorithms, 24.1)
# in the 2-norm is n times larger, and would prove no tile at all. The largest error seen over some 10,000
# tiles of 32 to 640 a side (constants, steps, ramps, impulses, lines, lattices, sinusoids, chirps, noise of
# every spread, alone and in pairs; kernels of nine kinds) was 1.52. `benchmarks/search_bound.py --tiles`
# measures such tiles.
#
# All decisions rest on extremes, and on sums in the order of cache lines. These are the same for any width of
# vector, any bands and any number of threads, and so are the results.

cdef double FFT_ERROR = 2.2

cdef enum:
    TILE_WORDS = 17         # of a row's bits in the largest tile
    CELL_ROWS = 8           # rows of a cell of results that are summed directly: two blocks
    CELL_COLUMNS = 32       # its columns: two vectors of 16 samples
    TILE_ROUNDS = 8         # how often a tile may be transformed again

cdef struct Span:
    double low, high

cdef struct Tile:
    # One tile of a pair.
    const Call* call
    Py_ssize_t plane, y, x, height, width   # place and size of its results
    double low, high        # least and greatest sample
    double squares          # sum of the squares of the samples
    int exponent            # the samples were divided by 2**exponent
    bint barred             # some samples are left out; `bars` marks the windows that hold one
    uint64_t* bars
    uint64_t* open          # results that are not proven to be within the bound
    Span results
    double needed           # a result whose S is at least this is within the bound
    bint fits               # float32 will do
    Py_ssize_t cells        # number of cells with an open result

cdef struct Desk:
    # Scratch of a band.
    char* memory
    void* tile              # two complex tiles and a row
    double* held            # samples of two tiles, to sum doubtful results again; NULL if there are none
    char* wide_memory
    void* wide              # two complex tiles and a row in float64; NULL until needed
    uint64_t* marks         # one bit for each window of a tile
    Py_ssize_t words        # words of bits in a row


cdef inline double sample_of(vec* row, Py_ssize_t i) noexcept nogil:
    if vec is vf:
        return (<float*>row)[i]
    else:
        return (<double*>row)[i]


cdef Span span_of(vec* rows, Py_ssize_t pitch, Py_ssize_t height, Py_ssize_t width) noexcept nogil:
    """Least and greatest of height * width samples. Four rows at a time, since each minimum waits for the one
    before."""
    cdef Span span
    cdef Py_ssize_t y, i, k, at, vector = lanes_of(rows)
    cdef vec most = set1(rows, INFINITY), least = set1(rows, -INFINITY)
    cdef vec low[4]
    cdef vec high[4]
    cdef vec* row[4]
    cdef vec v
    span.low, span.high = INFINITY, -INFINITY
    if width < vector:
        for y in range(height):
            for i in range(width):
                span.low = fmin(span.low, sample_of(sample_at(rows, y * pitch), i))
                span.high = fmax(span.high, sample_of(sample_at(rows, y * pitch), i))
        return span
    for k in range(4):
        low[k], high[k] = most, least
    for y in range(0, height, 4):
        for k in range(4):
            row[k] = sample_at(rows, smaller(y + k, height - 1) * pitch)
        i = 0
        while i < width:    # the last vector moves back to end with the row
            at = smaller(i, width - vector)
            for k in range(4):
                v = load(row[k], at)
                low[k] = clamp(v, least, low[k])
                high[k] = clamp(v, high[k], most)
            i += vector
    for k in range(4):
        for i in range(vector):
            span.low = fmin(span.low, sample_of(&low[k], i))
            span.high = fmax(span.high, sample_of(&high[k], i))
    return span


cdef double squares_of(vec* rows, Py_ssize_t pitch, Py_ssize_t height, Py_ssize_t width) noexcept nogil:
    """Sum of the squares of a tile's samples. It adds four rows and a cache line at a time for any width of
    vector, so all levels get the same sum. Beyond height and width the tile holds zeros."""
    cdef Py_ssize_t y, i, k, r, vector = lanes_of(rows), line = LINE_BYTES // sample_size(rows)
    cdef double total = 0
    cdef vec acc[4][16]
    cdef vec* row
    cdef vec v
    for r in range(4):
        for k in range(LINE_BYTES // (lanes_of(rows) * sample_size(rows))):
            acc[r][k] = set1(rows, 0)
    for y in range(0, height, 4):
        row = sample_at(rows, y * pitch)
        i = 0
        while i < width:
            for r in range(4):
                for k in range(LINE_BYTES // (lanes_of(rows) * sample_size(rows))):
                    v = load(row, r * pitch + i + k * vector)
                    acc[r][k] = multiply_add(acc[r][k], v, v)
            i += line
    for r in range(4):
        for k in range(LINE_BYTES // (lanes_of(rows) * sample_size(rows))):
            for i in range(vector):
                total += sample_of(&acc[r][k], i)
    return total


cdef inline void scale_rows(vec* rows, const Fft* fft, Py_ssize_t height, int exponent) noexcept nogil:
    """Multiply rows by 2**exponent, in two steps, since the power itself may overflow."""
    cdef Py_ssize_t y, i
    cdef vec first = set1(rows, ldexp(1, exponent // 2))
    cdef vec second = set1(rows, ldexp(1, exponent - exponent // 2))
    cdef vec* row
    for y in range(height):
        row = sample_at(rows, y * fft.pitch)
        i = 0
        while i < fft.n:
            store(row, i, mul(mul(load(row, i), first), second))
            i += lanes_of(rows)


# Bits. Each stands for a sample or a window; a row of them fills whole words.

cdef void mark(uint64_t* bits, vec* row, Py_ssize_t n, double limit) noexcept nogil:
    """Set the bits of a row's samples that are larger than `limit` in magnitude, infinite or NaN; clear the
    others."""
    cdef Py_ssize_t i
    cdef vec one = set1(row, 1), half = set1(row, 0.5), most = set1(row, limit)
    cdef vec v
    cdef unsigned int finite
    for i in range(n // 64 + 1):
        bits[i] = 0
    i = 0
    while i < n:
        v = load(row, i)
        finite = abs_greater(add(one, sub(v, v)), half)
        bits[i // 64] |= <uint64_t>(abs_greater(v, most) | (finite ^ ((1 << lanes_of(row)) - 1))) << i % 64
        i += lanes_of(row)


cdef void clear_unmarked(vec* row, uint64_t marks, Py_ssize_t n) noexcept nogil:
    """Set those of `n` samples to 0 whose bit is not set."""
    cdef Py_ssize_t i
    for i in range(n):
        if not marks >> i & 1:
            set_sample(row, i, 0)


cdef inline void shift_onto(uint64_t* bits, Py_ssize_t words, Py_ssize_t by) noexcept nogil:
    """Or each bit of a row of words with the bit `by` places after it."""
    cdef Py_ssize_t i, k = by // 64
    cdef int rest = by % 64
    cdef uint64_t v
    for i in range(words - k):
        v = bits[i + k] >> rest
        if rest and i + k + 1 < words:
            v |= bits[i + k + 1] << (64 - rest)
        bits[i] |= v


cdef void spread_marks(uint64_t* bits, Py_ssize_t words, Py_ssize_t n, Py_ssize_t height,
                       Py_ssize_t width) noexcept nogil:
    """Turn marks of samples into marks of the windows of height * width that hold one of these samples."""
    cdef Py_ssize_t y, i, done = 1, step
    while done < width:
        step = smaller(done, width - done)
        for y in range(n):
            shift_onto(bits + y * words, words, step)
        done += step
    done = 1
    while done < height:
        step = smaller(done, height - done)
        for i in range((n - step) * words):
            bits[i] |= bits[i + step * words]
        done += step


cdef bint open_cell(const Tile* t, Py_ssize_t words, Py_ssize_t y, Py_ssize_t x) noexcept nogil:
    """Whether the cell at (y, x) of a tile holds an open result. A cell is half a word wide."""
    cdef Py_ssize_t r
    cdef uint64_t found = 0
    for r in range(y, smaller(y + CELL_ROWS, t.height)):
        found |= t.open[r * words + x // 64]
    return (<uint32_t>(found >> (x % 64))) != 0


cdef Py_ssize_t open_cells(const Tile* t, Py_ssize_t words) noexcept nogil:
    cdef Py_ssize_t y, x, count = 0
    y = 0
    while y < t.height:
        x = 0
        while x < t.width:
            count += open_cell(t, words, y, x)
            x += CELL_COLUMNS
        y += CELL_ROWS
    return count


cdef bint worth_a_tile(const Tile* t, const Fft* fft, Py_ssize_t cells) noexcept nogil:
    """Whether one more transform costs less than to sum these cells directly. The ns are those measured with
    AVX-512 for tiles of 144 to 384. They are constants, so that no result depends on the machine."""
    cdef Py_ssize_t tap = 5 if t.call.wide.n else 10
    return cells * (tap * fft.taps + 30 * t.call.kernel_height + 400) > 4 * fft.n * fft.n


cdef int sum_cells(const Tile* t, Py_ssize_t words) noexcept nogil:
    """Sum the taps of all cells with an open result. Returns the number of failures to get memory."""
    cdef Py_ssize_t y, x, end, bottom
    cdef int failed = 0
    y = 0
    while y < t.height:
        bottom = smaller(y + CELL_ROWS, t.height)
        x = 0
        while x < t.width:
            end = x
            while end < t.width and open_cell(t, words, y, end):
                end += CELL_COLUMNS
            if end > x:
                if t.call.accumulator == 0:
                    failed += columns(<vf*>NULL, t.call, t.plane, t.y + y, t.y + bottom, t.x + x,
                                      t.x + smaller(end, t.width))
                else:
                    failed += columns(<vd*>NULL, t.call, t.plane, t.y + y, t.y + bottom, t.x + x,
                                      t.x + smaller(end, t.width))
            x = end + CELL_COLUMNS
        y += CELL_ROWS
    return failed


# Tiles.

cdef inline double peak_of(const Tile* t) noexcept nogil:
    return fmax(-t.low, t.high)


cdef void measure(vec* rows, const Fft* fft, Tile* t) noexcept nogil:
    cdef Py_ssize_t height = t.height + t.call.kernel_height - 1, width = t.width + t.call.kernel_width - 1
    cdef Span span = span_of(rows, fft.pitch, height, width)
    t.low, t.high = span.low, span.high
    t.squares = squares_of(rows, fft.pitch, height, width)


cdef bint is_ordinary(vec* kind, const Fft* fft, const Tile* t) noexcept nogil:
    """Whether squares, spectra and sums stay far from the largest and smallest floats. False if one is
    NaN."""
    cdef double least, peak = peak_of(t)
    if vec is vf:
        least = ldexp(1, -30)
    else:
        least = ldexp(1, -300)
    if not isfinite(t.squares) or not least <= fft.most <= 1 / least:
        return False
    return peak == 0 and t.squares == 0 or least <= peak <= 1 / least


cdef void leave_out(vec* rows, const Fft* fft, Tile* t, double limit, Py_ssize_t words) noexcept nogil:
    """Replace samples beyond a limit by zeros, and mark the windows that hold them in `bars`."""
    cdef Py_ssize_t y, i
    cdef vec* row
    for y in range(fft.n):
        row = sample_at(rows, y * fft.pitch)
        mark(t.bars + y * words, row, fft.n, limit)
        for i in range(fft.n):
            if t.bars[y * words + i // 64] >> i % 64 & 1:
                set_sample(row, i, 0)
    spread_marks(t.bars, words, fft.n, t.call.kernel_height, t.call.kernel_width)
    t.barred = True


cdef void tame(vec* rows, const Fft* fft, Tile* t, double limit, Py_ssize_t words) noexcept nogil:
    """Leave out samples that are not finite, and scale the others so that neither they nor their spectrum
    overflow."""
    if limit == INFINITY:
        leave_out(rows, fft, t, DBL_MAX, words)
        measure(rows, fft, t)
    if peak_of(t) > 0 and fft.most > 0:
        t.exponent = ilogb(peak_of(t)) + ilogb(fft.most) // 2
        scale_rows(rows, fft, fft.n, -t.exponent)
        measure(rows, fft, t)


cdef bint load_measured(vec* rows, vec* channel_row, const Fft* fft, Tile* t, double limit,
                        Py_ssize_t words) noexcept nogil:
    """Load and measure a tile, without samples beyond `limit`. False if the tile needs float64; it is filled
    with zeros then."""
    load_tile(rows, channel_row, t.call, fft, t.plane, t.y, t.x, t.height)
    t.exponent, t.barred = 0, False
    if limit < INFINITY:
        leave_out(rows, fft, t, limit, words)
    measure(rows, fft, t)
    if is_ordinary(rows, fft, t):
        return True
    if vec is vf:
        memset(rows, 0, fft.n * fft.pitch * sample_size(rows))
        t.low = t.high = t.squares = 0
    else:
        tame(rows, fft, t, limit, words)
    return vec is not vf


cdef void enlarge(vec* rows, const Fft* fft, Tile* t, int exponent) noexcept nogil:
    scale_rows(rows, fft, fft.n, exponent)
    t.exponent -= exponent
    t.low, t.high = ldexp(t.low, exponent), ldexp(t.high, exponent)
    t.squares = ldexp(t.squares, 2 * exponent)


cdef void match_tiles(vec* left_rows, vec* right_rows, const Fft* fft, Tile* left,
                      Tile* right) noexcept nogil:
    """Scale the darker tile of a pair to the brightness of the other, since the pair shares its errors."""
    cdef int by
    if left.squares > 0 and right.squares > 0:
        by = (ilogb(left.squares) - ilogb(right.squares)) // 2
        if by > 0:
            enlarge(right_rows, fft, right, by)
        elif by < -1:
            enlarge(left_rows, fft, left, -by)


cdef inline double error_of(const Fft* fft, double squares, double peak, double top) noexcept nogil:
    """Largest error of a result; the file's head explains the three terms."""
    return fft.error * fmax(fmax(sqrt(squares) / fft.n * fft.most, 8 * peak * fft.heaviest), top / 2)


cdef double top_result(vec* results, const Fft* fft, Tile* t) noexcept nogil:
    t.results = span_of(results, fft.pitch, t.height, t.width)
    return fmax(-t.results.low, t.results.high)


cdef inline bint may_cancel(const Fft* fft, const Tile* t) noexcept nogil:
    return fft.signed_weights or (t.low < 0 and t.high > 0)


cdef inline void take_magnitudes(vec* row, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i = 0
    cdef vec zero = set1(row, 0), most = set1(row, INFINITY)
    while i < n:
        store(row, i, clamp(load(row, i), sub(zero, load(row, i)), most))
        i += lanes_of(row)


cdef void heavy_sums(vec* sums, vec* samples, const Fft* fft, Py_ssize_t y, Py_ssize_t width) noexcept nogil:
    """For each window of row `y` the sum over the heaviest taps, of samples that are magnitudes. Four vectors at a
    time, since each addition waits for the one before. Loads may go beyond the row."""
    cdef Py_ssize_t i = 0, k, r, vector = lanes_of(sums)
    cdef vec zero = set1(sums, 0), w
    cdef vec total[4]
    cdef vec* row
    while i < width:
        total[0] = total[1] = total[2] = total[3] = zero
        for k in range(fft.heavy):
            row = sample_at(samples, (y + fft.heavy_row[k]) * fft.pitch + i + fft.heavy_column[k])
            w = set1(sums, fft.heavy_weight[k])
            for r in range(4):
                total[r] = multiply_add(total[r], load(row, r * vector), w)
        for r in range(4):
            if i + r * vector < fft.n:
                store(sums, i + r * vector, total[r])
        i += 4 * vector


cdef Py_ssize_t prove(vec* results, vec* other, vec* channel_row, const Fft* fft, Tile* t, double error,
                      Desk* desk) noexcept nogil:
    """Mark the results that may be beyond the bound as open, and set those of windows of zeros to 0. Returns
    the number of open cells."""
    cdef double proven = error + t.needed
    cdef Py_ssize_t y, i, words = desk.words
    cdef bint cancels = may_cancel(fft, t)
    # the samples are loaded anew, not scaled; the factor covers the roundings of the sums
    cdef double heavy = 1.01 * ldexp(t.needed, t.exponent)
    cdef uint64_t* marks
    cdef uint64_t inside
    cdef uint64_t weighty[TILE_WORDS]
    cdef vec* row
    if not t.barred:
        if t.results.low >= proven or t.results.high <= -proven:
            return 0
        if fmax(t.low, -t.high) * fft.weight >= t.needed and (t.low > 0 or t.high < 0):
            return 0
    load_tile(other, channel_row, t.call, fft, t.plane, t.y, t.x, t.height)
    for y in range(fft.n):
        if cancels:
            take_magnitudes(sample_at(other, y * fft.pitch), fft.n)
        mark(desk.marks + y * words, sample_at(other, y * fft.pitch), fft.n, 0)
    spread_marks(desk.marks, words, fft.n, t.call.kernel_height, t.call.kernel_width)
    for y in range(t.height):
        row, marks = sample_at(results, y * fft.pitch), desk.marks + y * words
        mark(t.open + y * words, row, fft.n, proven)
        if cancels:
            heavy_sums(channel_row, other, fft, y, t.width)
            mark(weighty, channel_row, fft.n, heavy)
            for i in range(words):
                t.open[y * words + i] |= weighty[i]
        for i in range(words):
            inside = 0 if t.width <= 64 * i else ~<uint64_t>0 >> (64 - smaller(64, t.width - 64 * i))
            t.open[y * words + i] = (marks[i] & inside
                                     & ~(t.open[y * words + i] & (~t.bars[y * words + i] if t.barred
                                                                  else ~<uint64_t>0)))
            if inside & ~marks[i]:
                clear_unmarked(sample_at(row, 64 * i), marks[i], smaller(64, t.width - 64 * i))
    return open_cells(t, words)


cdef void prove_and_store(vec* results, vec* other, vec* channel_row, const Fft* fft, Tile* t, double error,
                          Desk* desk) noexcept nogil:
    if t.fits:
        t.needed = error / fft.room
        t.cells = prove(results, other, channel_row, fft, t, error, desk)
        if t.exponent:
            scale_rows(results, fft, t.height, t.exponent)
        store_tile(results, t.call, fft, t.plane, t.y, t.x, t.height)


cdef void store_runs(vec* results, const Fft* fft, Tile* t, double proven, Desk* desk) noexcept nogil:
    """Store the open results whose windows have no bar. Close the results of a magnitude of at least
    `proven`."""
    cdef Py_ssize_t y, x, end, i
    cdef uint64_t* open
    cdef uint64_t* bars
    cdef vec* row
    for y in range(t.height):
        row, open, bars = sample_at(results, y * fft.pitch), t.open + y * desk.words, t.bars + y * desk.words
        mark(desk.marks, row, fft.n, proven)
        scale_rows(row, fft, 1, t.exponent)
        x = 0
        while x < t.width:
            end = x
            while end < t.width and (open[end // 64] & ~bars[end // 64]) >> end % 64 & 1:
                end += 1
            if end > x:
                store_row(sample_at(row, x), t.call, t.plane, t.y + y, t.x + x, end - x)
            x = end + 1
        for i in range(desk.words):
            open[i] &= ~desk.marks[i] | bars[i]


cdef void close_by(vec* results, const Fft* fft, Tile* t, double proven, Desk* desk) noexcept nogil:
    """Close open results where `results`, the sums of magnitudes over their windows, are at least
    `proven`."""
    cdef Py_ssize_t y, i
    for y in range(t.height):
        mark(desk.marks, sample_at(results, y * fft.pitch), fft.n, proven)
        for i in range(desk.words):
            t.open[y * desk.words + i] &= ~desk.marks[i] | (t.bars[y * desk.words + i] if t.barred else 0)


cdef Ahead nothing_ahead(const Call* call) noexcept nogil:
    cdef Ahead ahead
    ahead.call, ahead.plane, ahead.y, ahead.x, ahead.count = call, 0, 0, 0, 0
    return ahead


cdef void lone_tile(vec* tile, const Fft* fft, const Tile* t) noexcept nogil:
    """Replace a tile's samples by its results; the other tile of the pair is zeros."""
    cdef Ahead ahead = nothing_ahead(t.call)
    memset(sample_at(tile, fft.n * fft.pitch), 0, fft.n * fft.pitch * sample_size(tile))
    convolve_tiles(tile, fft, t.width, t.width + t.call.kernel_width - 1, True, &ahead)


cdef Py_ssize_t weigh(vec* tile, const Fft* fft, Tile* t, double limit, Desk* desk) noexcept nogil:
    """Compute S from the magnitudes of samples and weights, and close the open results that it proves.
    Returns the number of cells that stay open."""
    cdef Py_ssize_t y
    cdef double error, needed = ldexp(t.needed, t.exponent)
    cdef Fft magnitudes = fft[0]
    magnitudes.spectrum, magnitudes.most = fft.magnitudes, fft.weight
    load_measured(tile, sample_at(tile, 4 * fft.n * fft.pitch), fft, t, limit, desk.words)
    t.needed = ldexp(needed, -t.exponent)
    for y in range(fft.n):
        take_magnitudes(sample_at(tile, y * fft.pitch), fft.n)
    lone_tile(tile, &magnitudes, t)
    error = error_of(&magnitudes, t.squares, peak_of(t), top_result(tile, fft, t))
    close_by(tile, fft, t, t.needed + error, desk)
    return open_cells(t, desk.words)


cdef double smaller_size(const Fft* fft, const Tile* t, double limit) noexcept nogil:
    """The limit of samples for the next round: several times the mean magnitude in open windows, and at most
    half of the tile's largest sample."""
    cdef double peak = fmin(limit, ldexp(peak_of(t), t.exponent))
    return fmin(ldexp(4 * t.needed / fft.weight, t.exponent), peak / 2)


cdef Py_ssize_t by_size(vec* tile, const Fft* fft, Tile* t, double limit, Desk* desk) noexcept nogil:
    """Transform the tile without samples beyond a limit, and close open results that this proves. Returns the
    number of cells that stay open."""
    cdef double error
    cdef Py_ssize_t cells
    load_measured(tile, sample_at(tile, 4 * fft.n * fft.pitch), fft, t, limit, desk.words)
    if t.squares > 0:
        lone_tile(tile, fft, t)
    error = error_of(fft, t.squares, peak_of(t), top_result(tile, fft, t))
    t.needed = error / fft.room
    store_runs(tile, fft, t, error + t.needed, desk)
    cells = open_cells(t, desk.words)
    if may_cancel(fft, t) and worth_a_tile(t, fft, cells):
        cells = weigh(tile, fft, t, limit, desk)
    return cells


cdef void prove_pair(vec* tile, const Fft* fft, Tile* left, Tile* right, const Ahead* ahead,
                     Desk* desk) noexcept nogil:
    """Compute and store the results of a tile and of the other tile of its pair, if there is one. Results
    that may be beyond the bound stay open."""
    cdef Py_ssize_t side = fft.n * fft.pitch
    cdef vec* im = sample_at(tile, side)
    cdef vec* other = sample_at(tile, 2 * side)
    cdef vec* channel_row = sample_at(tile, 4 * side)
    cdef double squares, peak, top, error
    left.cells, left.fits = 0, load_measured(tile, channel_row, fft, left, INFINITY, desk.words)
    if right == NULL:
        memset(im, 0, side * sample_size(tile))
    else:
        right.cells, right.fits = 0, load_measured(im, channel_row, fft, right, INFINITY, desk.words)
        match_tiles(tile, im, fft, left, right)
    squares, peak = left.squares, peak_of(left)
    if right != NULL:
        squares, peak = squares + right.squares, fmax(peak, peak_of(right))
    if squares > 0:     # otherwise all samples are zeros, and so are the results
        convolve_tiles(tile, fft, left.width, left.width + left.call.kernel_width - 1, right == NULL,
                       ahead)
    top = top_result(tile, fft, left)
    if right != NULL:
        top = fmax(top, top_result(im, fft, right))
    error = error_of(fft, squares, peak, top)
    prove_and_store(tile, other, channel_row, fft, left, error, desk)
    if right != NULL:
        prove_and_store(im, other, channel_row, fft, right, error, desk)


cdef int finish(vec* tile, const Fft* fft, Tile* t, Desk* desk) noexcept nogil:
    """Close the open results of a tile of float64. Returns the number of failures to get memory."""
    cdef Py_ssize_t before, cells = t.cells
    cdef double limit = INFINITY
    cdef int i
    if may_cancel(fft, t) and worth_a_tile(t, fft, cells):
        cells = weigh(tile, fft, t, INFINITY, desk)
    for i in range(TILE_ROUNDS):
        if not worth_a_tile(t, fft, cells):
            break
        before, limit = cells, smaller_size(fft, t, limit)
        cells = by_size(tile, fft, t, limit, desk)
        if cells > before - before // 8:
            break
    return sum_cells(t, desk.words) if cells else 0


cdef inline size_t tiles_size(vec* kind, const Fft* fft) noexcept nogil:
    """Bytes of two complex tiles and a row, aligned."""
    return (4 * fft.n + 1) * fft.pitch * sample_size(kind) + LINE_BYTES


cdef int finish_narrow(vec* tile, const Fft* fft, Tile* left, Tile* right, Desk* desk) noexcept nogil:
    """Close the open results of a pair of float32. Tiles that need float64 become a pair of float64. Returns
    the number of failures to get memory."""
    cdef Tile* asked[2]
    cdef Ahead nothing = nothing_ahead(left.call)
    cdef Tile* t
    cdef int i, count = 0, failed = 0
    for i in range(1 if right == NULL else 2):
        t = right if i else left
        if t.fits and t.cells and may_cancel(fft, t) and worth_a_tile(t, fft, t.cells):
            t.cells = weigh(tile, fft, t, INFINITY, desk)
        if not t.fits or worth_a_tile(t, fft, t.cells):
            asked[count] = t
            count += 1
        elif t.cells:
            failed += sum_cells(t, desk.words)
    if count == 0:
        return failed
    if desk.wide == NULL:
        desk.wide_memory = <char*>malloc(tiles_size(<vd*>NULL, &left.call.wide))
        if desk.wide_memory == NULL:
            return failed + 1
        desk.wide = desk.wide_memory + LINE_BYTES - <size_t>desk.wide_memory % LINE_BYTES
    prove_pair(<vd*>desk.wide, &left.call.wide, asked[0], asked[1] if count == 2 else NULL,
               &nothing, desk)
    for i in range(count):
        failed += finish(<vd*>desk.wide, &left.call.wide, asked[i], desk)
    return failed


cdef int bounded_pair(vec* tile, const Fft* fft, Tile* left, Tile* right, const Ahead* ahead,
                      Desk* desk) noexcept nogil:
    """Compute and store results within the bound of floats, of a tile and of the other tile of its pair, if
    there is one. Returns the number of failures to get memory."""
    prove_pair(tile, fft, left, right, ahead, desk)
    if vec is vf:
        return finish_narrow(tile, fft, left, right, desk)
    else:
        return finish(tile, fft, left, desk) + (finish(tile, fft, right, desk) if right != NULL else 0)
