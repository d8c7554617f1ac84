# Spectra: kernels of any size, by tiles of any number of rows and columns up to the whole picture.
#
# A transform runs down a strip. A strip is two vectors of columns wide: the left vector holds the real parts,
# the right one the imaginary parts. In the picture the right columns lie a cache line after the left ones, at
# every level. The rows of a strip follow each other in memory, so a strip of 8192 rows is 1 MB. Only the
# passes between far rows go through all of it; the other passes stay in blocks of rows that fit the
# first-level cache (decimation in frequency leaves independent blocks; Bailey, FFTs in external or
# hierarchical memory, 1990).
#
# Kernels of two axes. The columns of a tile are real, so each complex column of a strip carries the spectra
# of two of them. The sum and the difference of the frequencies f and -f tell the two apart (Cooley, Lewis and
# Welch, The fast Fourier transform algorithm, 1970), and half of the frequencies are enough. The frequencies
# are transposed into strips that follow each other in memory, and are not moved again until the way back:
#
#     picture -> strip, down forward, apart -> strips of frequencies: across forward * spectrum, across inverse
#             -> strip, together, down inverse -> picture
#
# Separable kernels. 2 * lanes rows of the picture are transposed into a strip, filtered by the spectrum of
# the kernel's row, and transposed back. Then strips of columns are filtered by the spectrum of the kernel's
# column. The rows in between are kept for one tile only.
#
# A float result is off by at most `doubt` times the norm of the transformed samples (proven in
# planning/spectra.pxi). If a result is so small that this exceeds the bound of a sum of its taps, it is
# marked as open, in the bits of fft_bound.pxi. These steps close open results, in this order, until none is
# left:
#
#     zeros        the window holds only zeros
#     float64      the tile is transformed again, with non-finite samples left out
#     by size      the same with the largest samples left out, for windows that hold none of them
#     NaN, inf     the window holds one, and no weight is zero
#     directly     the taps are summed, in cells of a few rows and columns

cdef extern from *:
    """
    static int lowest_bit(uint64_t bits) {
    #if defined(__GNUC__)
        return __builtin_ctzll(bits);
    #else
        int i = 0;
        while (!(bits >> i & 1)) i++;
        return i;
    #endif
    }
    #if defined(__GNUC__)
    #define or_bits(p, bits) ((void)__atomic_fetch_or(p, bits, __ATOMIC_RELAXED))
    #define and_bits(p, bits) ((void)__atomic_fetch_and(p, bits, __ATOMIC_RELAXED))
    #elif defined(_MSC_VER)
    #include <intrin.h>
    #define or_bits(p, bits) ((void)_InterlockedOr64((volatile __int64 *)(p), (__int64)(bits)))
    #define and_bits(p, bits) ((void)_InterlockedAnd64((volatile __int64 *)(p), (__int64)(bits)))
    #else
    #define or_bits(p, bits) ((void)(*(p) |= (bits)))
    #define and_bits(p, bits) ((void)(*(p) &= (bits)))
    #endif
    """
    int lowest_bit(uint64_t bits) nogil
    void or_bits(uint64_t* p, uint64_t bits) nogil
    void and_bits(uint64_t* p, uint64_t bits) nogil

cdef enum:
    NEAR_STRIP = 32768      # bytes of a block of a strip; a block fits the first-level cache
    LINES_ROWS = 256        # rows of a tile that is filtered across only: whole strips for all types
    STEP_BANDS = 4          # bands for each thread: several, since other programs slow some threads down
    CELL_TAP = 10           # estimated ns for a tap, if a cell is summed directly
    TILE_SAMPLE = 40        # estimated ns for a sample, if the tile is transformed again

# The squares of larger samples may overflow float64.
cdef double LARGEST_SAMPLE = 1e100

cdef struct Piece:
    # A tile. Its results are height x width; their windows see rows x columns of the padded picture.
    Py_ssize_t plane, y, x, height, width, rows, columns


cdef enum Step:
    KERNEL_DOWN, KERNEL_ACROSS, DOWN, ACROSS, BACK, LINES_ACROSS, LINES_DOWN


cdef struct Room:
    # Scratch of one call for one type of samples: the strips of a tile's frequencies, and the kernel's
    # spectrum unless the plan keeps one.
    char* memory
    void* strips
    void* spectrum
    double* squares


cdef enum Sort:
    # Kinds of samples that make a window special.
    BEYOND, NOT_A_NUMBER, INFINITE_ABOVE, INFINITE_BELOW


cdef struct Phase:
    # The state of one step over a tile. The threads share it and take strips from it.
    const Call* call        # a call of one channel
    const Spectra* s
    const Piece* piece      # NULL while the kernel's spectrum is made
    Room* rooms             # the first for float32, the second for float64
    int threads
    bint narrow             # the samples are float32
    Step step
    Py_ssize_t count        # strips of this step
    void* strips            # frequencies; for separable kernels, the rows after filtering across
    Py_ssize_t pitch        # samples of such a row
    Py_ssize_t distinct     # how many rows of the piece are filtered across
    Py_ssize_t* distinct_rows   # which rows these are
    Py_ssize_t* place       # for each row of the piece, its index in distinct_rows
    void* spectrum
    Py_ssize_t begin        # first column past the piece; for a kernel, first column of its wrapped part
    double* squares         # sum of squares of each column; for separable kernels, the largest of each strip
    double* doubts          # for separable kernels, `doubt` of each strip
    double doubt            # largest error of a result
    double limit            # larger samples are replaced by zeros; only windows without one are stored
    uint64_t* opened        # not 0 if some result is open
    uint64_t* open          # one bit for each result: it is open
    uint64_t* bars          # one bit for each window: it held a sample beyond `limit`; NULL at first
    Py_ssize_t words        # words of bits in a row


cdef struct Stretch:
    # `count` columns that are contiguous in the picture, from `column`, and in a row of the strip, from `at`.
    Py_ssize_t column, at, count


cdef inline Py_ssize_t strip_pitch(vec* kind) noexcept nogil:
    return 2 * lanes_of(kind)


cdef inline Py_ssize_t apart_of(vec* kind) noexcept nogil:
    """Distance in columns from a real part to its imaginary part."""
    return LINE_BYTES // sample_size(kind)


cdef inline Py_ssize_t left_of(vec* kind, Py_ssize_t strip) noexcept nogil:
    """First column of a strip."""
    cdef Py_ssize_t together = apart_of(kind) // lanes_of(kind)
    return strip // together * 2 * apart_of(kind) + strip % together * lanes_of(kind)


cdef inline Py_ssize_t strips_of(vec* kind, Py_ssize_t columns) noexcept nogil:
    """Number of strips that hold `columns` columns."""
    cdef Py_ssize_t both = 2 * apart_of(kind)
    return (columns + both - 1) // both * (apart_of(kind) // lanes_of(kind))


cdef int spans_of(vec* kind, Py_ssize_t strip, Py_ssize_t width, Stretch* spans) noexcept nogil:
    """Spans of a strip's columns that are less than `width`. Returns the number of spans."""
    cdef Py_ssize_t lanes = lanes_of(kind), left = left_of(kind, strip), count = lanes
    if lanes == apart_of(kind):
        count = 2 * lanes
    spans[0].column, spans[0].at, spans[0].count = left, 0, larger(0, smaller(count, width - left))
    if lanes == apart_of(kind):
        return 1
    left += apart_of(kind)
    spans[1].column, spans[1].at, spans[1].count = left, lanes, larger(0, smaller(count, width - left))
    return 2


cdef inline Py_ssize_t near_rows(vec* kind, const Fft* fft) noexcept nogil:
    """Rows of the largest blocks of a strip that stay in the cache."""
    cdef Py_ssize_t m = fft.n
    while m > 8 and m * strip_pitch(kind) * sample_size(kind) > NEAR_STRIP:
        m //= points_of(m)
    return m


cdef inline void last_rows(vec* re, vec* im, Py_ssize_t pitch, Py_ssize_t rows,
                           const Fft* fft) noexcept nogil:
    if fft.last == 8:
        last_pass_of(re, im, pitch, rows, 8)
    else:
        last_pass_of(re, im, pitch, rows, 4)


cdef void strip_there(vec* a, const Fft* fft) noexcept nogil:
    """Forward transform of a strip, in place."""
    cdef Py_ssize_t row = 0, pitch = strip_pitch(a), near = near_rows(a, fft)
    cdef vec* re = a
    cdef vec* im = sample_at(a, lanes_of(a))
    cdef vec* twiddle = passes_there(re, im, pitch, fft.n, fft.n, near, <vec*>fft.twiddle)
    while row < fft.n:
        re, im = sample_at(a, row * pitch), sample_at(a, row * pitch + lanes_of(a))
        passes_there(re, im, pitch, near, near, fft.last, twiddle)
        last_rows(re, im, pitch, near, fft)
        row += near


cdef void strip_back(vec* a, const Fft* fft) noexcept nogil:
    """Inverse transform of a strip, in place. The results are n times too large."""
    cdef Py_ssize_t row = 0, pitch = strip_pitch(a), near = near_rows(a, fft)
    cdef vec* re
    cdef vec* im
    cdef vec* end = sample_at(<vec*>fft.twiddle, fft.twiddles)
    cdef vec* twiddle = end
    while row < fft.n:
        re, im = sample_at(a, row * pitch), sample_at(a, row * pitch + lanes_of(a))
        last_rows(im, re, pitch, near, fft)
        twiddle = passes_back(im, re, pitch, near, fft.last, near, fft, end)
        row += near
    passes_back(sample_at(a, lanes_of(a)), a, pitch, fft.n, near, fft.n, fft, twiddle)


cdef inline void line_product(vec* re, vec* im, vec* spectrum, Py_ssize_t pitch, Py_ssize_t rows,
                              const int count) noexcept nogil:
    """product_pass_of with one complex weight for all lanes of a row."""
    cdef Py_ssize_t row = 0
    cdef int k
    cdef vec r[8]
    cdef vec i[8]
    while row < rows:
        load_points(r, sample_at(re, row * pitch), pitch, count)
        load_points(i, sample_at(im, row * pitch), pitch, count)
        butterfly(r, i, count)
        for k in range(count):
            twiddled(r + k, i + k, weight(spectrum, 2 * (row + k)), weight(spectrum, 2 * (row + k) + 1))
        butterfly(i, r, count)
        store_points(sample_at(re, row * pitch), r, pitch, count)
        store_points(sample_at(im, row * pitch), i, pitch, count)
        row += count


cdef void block_product(vec* re, vec* im, vec* spectrum, Py_ssize_t rows, const Fft* fft,
                        const bint lines) noexcept nogil:
    cdef Py_ssize_t pitch = strip_pitch(re)
    if lines and fft.last == 8:
        line_product(re, im, spectrum, pitch, rows, 8)
    elif lines:
        line_product(re, im, spectrum, pitch, rows, 4)
    elif fft.last == 8:
        product_pass_of(re, im, spectrum, sample_at(spectrum, lanes_of(re)), pitch, rows, 8)
    else:
        product_pass_of(re, im, spectrum, sample_at(spectrum, lanes_of(re)), pitch, rows, 4)


cdef void strip_filtered(vec* a, const Fft* fft, vec* spectrum, const bint lines) noexcept nogil:
    """Forward transform, product with a spectrum, inverse transform. With `lines` the spectrum holds one
    complex number for each row; otherwise it is a strip itself."""
    cdef Py_ssize_t row = 0, pitch = strip_pitch(a), near = near_rows(a, fft)
    cdef vec* re
    cdef vec* im
    cdef vec* end = sample_at(<vec*>fft.twiddle, fft.twiddles)
    cdef vec* back = end
    cdef vec* twiddle = passes_there(a, sample_at(a, lanes_of(a)), pitch, fft.n, fft.n, near,
                                     <vec*>fft.twiddle)
    while row < fft.n:
        re, im = sample_at(a, row * pitch), sample_at(a, row * pitch + lanes_of(a))
        passes_there(re, im, pitch, near, near, fft.last, twiddle)
        block_product(re, im, sample_at(spectrum, row * (2 if lines else pitch)), near, fft, lines)
        back = passes_back(im, re, pitch, near, fft.last, near, fft, end)
        row += near
    passes_back(sample_at(a, lanes_of(a)), a, pitch, fft.n, near, fft.n, fft, back)


# --- pictures and strips ---------------------------------------------------------------------------------------


cdef inline double most_squares(vec* kind) noexcept nogil:
    """Limit of a sum of squares below which the spectra do not overflow. NaN and infinity fail the
    comparison."""
    if vec is vf:
        return 1e60     # holds for weights below 2**100
    else:
        return 1e250


cdef inline double norm_of(double squares, Py_ssize_t count) noexcept nogil:
    """A Euclidean norm, plus what `count` squares may have lost to underflow."""
    return sqrt(squares) + 1e-150 * <double>count if squares > 0 else 0


cdef void strip_squares(vec* a, Py_ssize_t rows, double* each) noexcept nogil:
    """Sum of squares of each column of a strip. It is infinite or NaN if a sample is."""
    cdef Py_ssize_t r, i
    cdef double v
    cdef vec* row
    for i in range(strip_pitch(a)):
        each[i] = 0
    for r in range(rows):
        row = sample_at(a, r * strip_pitch(a))
        for i in range(strip_pitch(a)):
            v = sample_of(row, i)
            # the square of a tiny sample may underflow to 0; the addend bounds it from above
            each[i] += v * v + (1e-300 if v != 0 else 0.0)


cdef void leave_out_beyond(vec* row, Py_ssize_t count, double limit) noexcept nogil:
    """Replace samples that are NaN or of a magnitude above `limit` by zeros."""
    cdef Py_ssize_t i
    for i in range(count):
        if not fabs(sample_of(row, i)) <= limit:
            set_sample(row, i, 0)


cdef inline Py_ssize_t repeated_row(const Call* call, const Piece* piece, Py_ssize_t r) noexcept nogil:
    """The row of the piece of which the border makes row `r`; `r` itself if the piece does not hold that
    row."""
    cdef Py_ssize_t first = call.rows.start + piece.y, duplicate
    if 0 <= first + r < call.rows.length:
        return r
    duplicate = row_index(call, piece.y + r)
    return duplicate - first if duplicate >= 0 and 0 <= duplicate - first < piece.rows else r


cdef void load_strip(vec* a, vec* channel_row, const Phase* p, Py_ssize_t strip, Py_ssize_t n) noexcept nogil:
    """Load a strip of the piece. Columns to the right of the piece and rows below it become zeros."""
    cdef const Call* call = p.call
    cdef const Piece* piece = p.piece
    cdef Py_ssize_t r, k, pitch = strip_pitch(a)
    cdef Stretch spans[2]
    cdef Py_ssize_t count = spans_of(a, strip, piece.columns, spans)
    cdef ColumnRange column_range
    if spans[0].count + (spans[1].count if count == 2 else 0) < pitch:
        memset(a, 0, piece.rows * pitch * sample_size(a))
    for k in range(count):
        if spans[k].count:
            column_range = make_column_range(call, piece.x + spans[k].column,
                                             piece.x + spans[k].column + spans[k].count)
            for r in range(piece.rows):
                if repeated_row(call, piece, r) != r:
                    continue
                load_row(sample_at(a, r * pitch + spans[k].at), channel_row, call, &column_range,
                         row_start(call, piece.plane, piece.y + r))
                if p.limit < INFINITY:
                    leave_out_beyond(sample_at(a, r * pitch + spans[k].at), spans[k].count, p.limit)
    for r in range(piece.rows):
        if repeated_row(call, piece, r) != r:
            memcpy(sample_at(a, r * pitch), sample_at(a, repeated_row(call, piece, r) * pitch),
                   pitch * sample_size(a))
    memset(sample_at(a, piece.rows * pitch), 0, (n - piece.rows) * pitch * sample_size(a))


cdef void load_kernel_strip(vec* a, const Call* call, const Spectra* s, Py_ssize_t strip) noexcept nogil:
    """Load a strip of the kernel, reversed, since the kernel correlates. The scale undoes the factors of the
    transforms and of telling columns apart."""
    cdef Py_ssize_t i, kx, ky, ny = s.down.n, nx = s.across.n, pitch = strip_pitch(a), lanes = lanes_of(a)
    cdef Py_ssize_t left = left_of(a, strip)
    cdef double scale = 0.25 / (<double>nx * <double>ny)
    memset(a, 0, ny * pitch * sample_size(a))
    for i in range(pitch):
        kx = (nx - left - i % lanes - (apart_of(a) if i >= lanes else 0)) % nx
        if kx < call.kernel_width:
            for ky in range(call.kernel_height):
                set_sample(a, (ny - ky) % ny * pitch + i, call.kernel[ky * call.kernel_width + kx] * scale)


cdef void spread(vec* strips, vec* a, const Spectra* s, Py_ssize_t left) noexcept nogil:
    """Tell the spectra of a strip's two vectors of columns apart, and transpose them into the strips of
    frequencies. They come out doubled."""
    cdef Py_ssize_t j, k, lanes = lanes_of(a), pitch = strip_pitch(a)
    cdef vec ar[16]
    cdef vec ai[16]
    cdef vec br[16]
    cdef vec bi[16]
    cdef vec zr, zi, tr, ti
    cdef vec* to
    j = 0
    while j < s.half:
        for k in range(lanes):
            zr, zi = load(a, s.kept[j + k] * pitch), load(a, s.kept[j + k] * pitch + lanes)
            tr, ti = load(a, s.duplicate[j + k] * pitch), load(a, s.duplicate[j + k] * pitch + lanes)
            ar[k], ai[k] = add(zr, tr), sub(zi, ti)
            br[k], bi[k] = add(zi, ti), sub(tr, zr)
        to = sample_at(strips, (j // lanes * s.across.n + left) * pitch)
        transpose_block(to, pitch, ar, lanes)
        transpose_block(sample_at(to, lanes), pitch, ai, lanes)
        to = sample_at(to, apart_of(a) * pitch)
        transpose_block(to, pitch, br, lanes)
        transpose_block(sample_at(to, lanes), pitch, bi, lanes)
        j += lanes


cdef void gathered(vec* a, vec* strips, const Spectra* s, Py_ssize_t left) noexcept nogil:
    """The inverse of `spread`: combine columns of the strips of frequencies into the spectrum of one
    strip."""
    cdef Py_ssize_t j, k, kept, duplicate, lanes = lanes_of(a), pitch = strip_pitch(a)
    cdef vec ar[16]
    cdef vec ai[16]
    cdef vec br[16]
    cdef vec bi[16]
    cdef vec* source
    j = 0
    while j < s.half:
        source = sample_at(strips, (j // lanes * s.across.n + left) * pitch)
        transpose_block(ar, lanes, source, pitch)
        transpose_block(ai, lanes, sample_at(source, lanes), pitch)
        source = sample_at(source, apart_of(a) * pitch)
        transpose_block(br, lanes, source, pitch)
        transpose_block(bi, lanes, sample_at(source, lanes), pitch)
        for k in range(lanes):
            kept, duplicate = s.kept[j + k] * pitch, s.duplicate[j + k] * pitch
            store(a, duplicate, add(ar[k], bi[k]))
            store(a, duplicate + lanes, sub(br[k], ai[k]))
            store(a, kept, sub(ar[k], bi[k]))
            store(a, kept + lanes, add(br[k], ai[k]))
        j += lanes


cdef void put_on_grid(vec* a, Py_ssize_t count, double grid) noexcept nogil:
    """Round sums to the nearest multiple of `grid`. All sums are multiples of it, so this makes them
    exact."""
    cdef Py_ssize_t i
    if vec is vf:
        for i in range(count):
            (<float*>a)[i] = <float>(rint(sample_of(a, i) / grid) * grid)
    else:
        for i in range(count):
            (<double*>a)[i] = rint(sample_of(a, i) / grid) * grid


cdef uint64_t proven(vec* a, Py_ssize_t count, double limit) noexcept nogil:
    """One bit for each of up to 32 results: it is finite and of a magnitude above `limit`. Reads whole
    vectors."""
    cdef Py_ssize_t i = 0
    cdef vec least = set1(a, limit), most = set1(a, sqrt(most_squares(a)))
    cdef uint64_t bits = 0
    while i < count:
        bits |= <uint64_t>(abs_greater(load(a, i), least) & ~abs_greater(load(a, i), most)) << i
        i += lanes_of(a)
    return bits & (~<uint64_t>0 >> (64 - count))


cdef inline Py_ssize_t within_word(Py_ssize_t x, Py_ssize_t count) noexcept nogil:
    """How many of `count` results from column `x` on share a word of bits, at most 32."""
    return smaller(count, smaller(32, 64 - x % 64))


cdef void store_proven(vec* row, const Phase* p, Py_ssize_t y, Py_ssize_t x, Py_ssize_t count,
                       double limit) noexcept nogil:
    """Store the open results of a row that are proven and whose windows have no bar, and close them."""
    cdef Py_ssize_t i = 0, k, end
    cdef uint64_t bits
    cdef uint64_t* open
    while i < count:
        k = within_word(x + i, count - i)
        open = p.open + y * p.words + (x + i) // 64
        bits = open[0] & ~p.bars[y * p.words + (x + i) // 64]
        bits = bits >> (x + i) % 64 & proven(sample_at(row, i), k, limit)
        and_bits(open, ~(bits << (x + i) % 64))
        while bits:
            end = lowest_bit(bits)
            k = end + lowest_bit(~(bits >> end))
            store_row(sample_at(row, i + end), p.call, p.piece.plane, p.piece.y + y, p.piece.x + x + i + end,
                      k - end)
            bits = bits >> k << k
        i += within_word(x + i, count - i)


cdef void store_results(vec* row, const Phase* p, Py_ssize_t y, Py_ssize_t x, Py_ssize_t count,
                        double doubt) noexcept nogil:
    """Store a part of a row of the piece's results, the first at (y, x). Float results that may be too far
    off are marked as open."""
    cdef const Call* call = p.call
    cdef Py_ssize_t i = 0, k
    cdef uint64_t bits
    # The magnitudes of a result's taps sum to at least |result| - doubt. -1: nothing was rounded, all are
    # proven.
    cdef double limit = doubt * (1 + 1 / call.tolerance) if doubt > 0 else -1.0
    if call.dst.type < F16:
        if call.grid > 0:
            put_on_grid(row, count, call.grid)
    elif p.bars != NULL:
        store_proven(row, p, y, x, count, limit)
        return
    else:
        while i < count:
            k = within_word(x + i, count - i)
            bits = proven(sample_at(row, i), k, limit) ^ (~<uint64_t>0 >> (64 - k))
            if bits:
                or_bits(p.opened, 1)
                or_bits(p.open + y * p.words + (x + i) // 64, bits << (x + i) % 64)
            i += k
        if call.grid > 0:
            put_on_grid(row, count, call.grid)
    store_row(row, call, p.piece.plane, p.piece.y + y, p.piece.x + x, count)


cdef void store_strip(vec* a, const Phase* p, Py_ssize_t strip, double doubt) noexcept nogil:
    """Store a strip of the piece's results."""
    cdef Py_ssize_t y, k, pitch = strip_pitch(a)
    cdef Stretch spans[2]
    cdef Py_ssize_t count = spans_of(a, strip, p.piece.width, spans)
    for y in range(p.piece.height):
        for k in range(count):
            if spans[k].count:
                store_results(sample_at(a, y * pitch + spans[k].at), p, y, spans[k].column, spans[k].count,
                              doubt)
    if p.call.stream:
        stream_end()


# --- kernels of two axes ---------------------------------------------------------------------------------------


cdef vec* strips_memory(vec* kind, size_t samples, char** memory) noexcept nogil:
    """Aligned memory for `samples` samples; NULL if there is none. The caller frees `memory`."""
    memory[0] = <char*>malloc(samples * sample_size(kind) + LINE_BYTES)
    return <vec*>aligned(memory[0]) if memory[0] != NULL else NULL


cdef int strip_to_frequencies(vec* strips, const Phase* p, Py_ssize_t strip) noexcept nogil:
    """Transform a strip of the piece, or of the kernel if there is no piece. Returns the number of failures
    to get memory."""
    cdef const Spectra* s = p.s
    cdef char* memory
    cdef vec* a = strips_memory(strips, (s.down.n + 1) * strip_pitch(strips), &memory)
    if a == NULL:
        return 1
    if p.piece == NULL:
        load_kernel_strip(a, p.call, s, strip)
    else:
        load_strip(a, sample_at(a, s.down.n * strip_pitch(a)), p, strip, s.down.n)
        if p.call.dst.type >= F16:
            strip_squares(a, p.piece.rows, p.squares + strip * strip_pitch(a))
    strip_there(a, &s.down)
    spread(strips, a, s, left_of(a, strip))
    free(memory)
    return 0


cdef int strip_from_frequencies(vec* strips, const Phase* p, Py_ssize_t strip) noexcept nogil:
    cdef char* memory
    cdef vec* a = strips_memory(strips, p.s.down.n * strip_pitch(strips), &memory)
    if a == NULL:
        return 1
    gathered(a, strips, p.s, left_of(a, strip))
    strip_back(a, &p.s.down)
    store_strip(a, p, strip, p.doubt)
    free(memory)
    return 0


cdef int frequencies_filtered(vec* strips, const Phase* p, Py_ssize_t j) noexcept nogil:
    """Filter a strip of frequencies across. The columns from `begin` on are past the piece and become zeros
    first."""
    cdef const Spectra* s = p.s
    cdef Py_ssize_t pitch = strip_pitch(strips), at = j * s.across.n * pitch
    memset(sample_at(strips, at + p.begin * pitch), 0, (s.across.n - p.begin) * pitch * sample_size(strips))
    strip_filtered(sample_at(strips, at), &s.across, sample_at(<vec*>p.spectrum, at), False)
    return 0


cdef int kernel_frequencies(vec* spectrum, const Phase* p, Py_ssize_t j) noexcept nogil:
    """Transform a strip of the kernel's frequencies across. The kernel holds the first columns and those from
    `begin` on; the columns between them become zeros first."""
    cdef const Spectra* s = p.s
    cdef Py_ssize_t pitch = strip_pitch(spectrum), at = j * s.across.n * pitch, first = 2 * apart_of(spectrum)
    memset(sample_at(spectrum, at + first * pitch), 0,
           larger(0, p.begin - first) * pitch * sample_size(spectrum))
    strip_there(sample_at(spectrum, at), &s.across)
    return 0


cdef int kernel_spectrum(vec* spectrum, const Call* call, const Spectra* s, int threads) noexcept nogil:
    """Make the spectrum of the kernel, by the passes that serve a tile."""
    cdef Py_ssize_t both = 2 * apart_of(spectrum)
    cdef Phase p
    cdef int failed
    memset(&p, 0, sizeof(Phase))
    p.call, p.s, p.threads, p.narrow, p.strips = call, s, threads, vec is vf, spectrum
    p.begin = (s.across.n - call.kernel_width + 1) // both * both
    failed = run_step(&p, KERNEL_DOWN, strips_of(spectrum, s.across.n))
    if failed == 0:
        failed = run_step(&p, KERNEL_ACROSS, s.half // lanes_of(spectrum))
    return failed


cdef double tile_squares(vec* kind, const double* squares, Py_ssize_t count) noexcept nogil:
    """Sum of the sums of strip_squares. The order is that of the columns, so all levels get the same sum."""
    cdef Py_ssize_t x, k, lanes = lanes_of(kind), apart = apart_of(kind)
    cdef double total = 0
    for x in range(count):
        # k is the strip that holds column x
        k = x // (2 * apart) * (apart // lanes) + x % apart // lanes
        total += squares[k * 2 * lanes + x % lanes + (lanes if x % (2 * apart) >= apart else 0)]
    return total


cdef int filter_dense(vec* strips, Phase* p) noexcept nogil:
    """Filter a tile of one channel with a kernel of two axes. Returns the number of failures to get
    memory."""
    cdef const Piece* piece = p.piece
    cdef Py_ssize_t both = 2 * apart_of(strips)
    cdef double total = 0
    cdef int failed = run_step(p, DOWN, strips_of(strips, piece.columns))
    if failed:
        return failed
    if p.call.dst.type >= F16:
        total = tile_squares(strips, p.squares, piece.columns)
    if not total < most_squares(strips):
        all_open(p)
        return 0
    p.doubt = p.s.doubt * norm_of(total, 1)
    p.begin = (piece.columns + both - 1) // both * both
    failed = run_step(p, ACROSS, p.s.half // lanes_of(strips))
    if failed == 0:
        failed = run_step(p, BACK, strips_of(strips, piece.width))
    return failed


# --- separable kernels -----------------------------------------------------------------------------------------
#
# Rows that a border repeats are filtered across once. Rows that share a transform affect each other's last
# bits. Which rows share one depends on the tile and its border only, so the results are the same for any
# bands.

cdef double row_squares(vec* row, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    cdef double v, total = 0
    for i in range(n):
        v = sample_of(row, i)
        total += v * v + (1e-300 if v != 0 else 0.0)
    return total


cdef inline Py_ssize_t row_of_strip(vec* kind, Py_ssize_t left, Py_ssize_t i) noexcept nogil:
    """The row of the piece that is row `i` of a strip whose first row is `left`."""
    cdef Py_ssize_t lanes = lanes_of(kind)
    return left + i if i < lanes else left + apart_of(kind) + i - lanes


cdef double load_rows(vec* rows, vec* channel_row, const Phase* p, Py_ssize_t left, Py_ssize_t x,
                      Py_ssize_t width) noexcept nogil:
    """Load the samples that `width` results of a strip's rows see, from row `left` on. The rest becomes
    zeros. Returns the largest sum of squares of a row."""
    cdef const Call* call = p.call
    cdef const Piece* piece = p.piece
    cdef Py_ssize_t i, k, n = p.s.across.n, filled = width + call.kernel_width - 1
    cdef ColumnRange column_range = make_column_range(call, piece.x + x, piece.x + x + filled)
    cdef double squares, largest = 0
    cdef vec* row
    for i in range(strip_pitch(rows)):
        row = sample_at(rows, i * n)
        k = row_of_strip(rows, left, i)
        if k >= p.distinct:
            memset(row, 0, n * sample_size(rows))
            continue
        load_row(row, channel_row, call, &column_range,
                 row_start(call, piece.plane, piece.y + p.distinct_rows[k]))
        if p.limit < INFINITY:
            leave_out_beyond(row, filled, p.limit)
        memset(sample_at(row, filled), 0, (n - filled) * sample_size(rows))
        if call.dst.type >= F16:
            squares = row_squares(row, filled)
            if largest == largest and not squares <= largest:
                largest = squares
    return largest


cdef void turned_rows(vec* a, vec* rows, Py_ssize_t n, const bint back) noexcept nogil:
    """Transpose rows into a strip, or with `back` a strip into rows."""
    cdef Py_ssize_t c = 0, lanes = lanes_of(a), pitch = strip_pitch(a)
    while c < n:
        if back:
            transpose_block(sample_at(rows, c), n, sample_at(a, c * pitch), pitch)
            transpose_block(sample_at(rows, lanes * n + c), n, sample_at(a, c * pitch + lanes), pitch)
        else:
            transpose_block(sample_at(a, c * pitch), pitch, sample_at(rows, c), n)
            transpose_block(sample_at(a, c * pitch + lanes), pitch, sample_at(rows, lanes * n + c), n)
        c += lanes


cdef int filter_rows(vec* to, const Phase* p, Py_ssize_t strip) noexcept nogil:
    """Filter a strip of rows across. The results go to rows of `to`, or to the picture if the kernel has no
    column to filter with. Returns the number of failures to get memory."""
    cdef const Spectra* s = p.s
    cdef const Piece* piece = p.piece
    cdef Py_ssize_t n = s.across.n, pitch = strip_pitch(to), x = 0, width, i, k, left = left_of(to, strip)
    cdef char* memory
    cdef vec* a = strips_memory(to, (2 * n + 1) * pitch + n, &memory)
    cdef vec* rows = sample_at(a, n * pitch)
    cdef double squares, largest = 0
    if a == NULL:
        return 1
    while x < piece.width:
        width = smaller(s.columns, piece.width - x)
        squares = load_rows(rows, sample_at(rows, n * pitch), p, left, x, width)
        if largest == largest and not squares <= largest:
            largest = squares
        turned_rows(a, rows, n, False)
        strip_filtered(a, &s.across, <vec*>s.across_spectrum, True)
        turned_rows(a, rows, n, True)
        for i in range(pitch):
            k = row_of_strip(to, left, i)
            if k >= p.distinct:
                continue
            if s.down.n:
                memcpy(sample_at(to, k * p.pitch + x), sample_at(rows, i * n), width * sample_size(to))
            else:
                store_across(sample_at(rows, i * n), p, strip, k, x, width, squares)
        x += s.columns
    for i in range(pitch):      # zeros fill the rows up to whole strips
        k = row_of_strip(to, left, i)
        if s.down.n and k < p.distinct:
            memset(sample_at(to, k * p.pitch + piece.width), 0, (p.pitch - piece.width) * sample_size(to))
    p.squares[strip] = largest
    free(memory)
    if p.call.stream:
        stream_end()
    return 0


cdef void store_across(vec* row, const Phase* p, Py_ssize_t strip, Py_ssize_t y, Py_ssize_t x,
                       Py_ssize_t width, double squares) noexcept nogil:
    """Store a row that was filtered across. `squares` is the largest sum of squares of the rows that share
    its transform."""
    cdef double doubt = INFINITY
    if p.call.dst.type < F16 or squares < most_squares(row):
        doubt = p.s.doubt_across * norm_of(2 * squares, 1)
    if doubt > p.doubts[strip]:
        p.doubts[strip] = doubt
    store_results(row, p, y, x, width, doubt)


cdef int filter_columns(vec* source, const Phase* p, Py_ssize_t strip) noexcept nogil:
    """Filter a strip of columns down. They come from rows of `source`, or from the picture if the kernel has
    no row to filter with. Returns the number of failures to get memory."""
    cdef const Spectra* s = p.s
    cdef const Piece* piece = p.piece
    cdef Py_ssize_t n = s.down.n, lanes = lanes_of(source), pitch = strip_pitch(source), r, i
    cdef Py_ssize_t left = left_of(source, strip)
    cdef vec* row
    cdef char* memory
    cdef double each[32]
    cdef double largest = 0, doubt = p.doubt
    cdef vec* a = strips_memory(source, (n + 1) * pitch, &memory)
    if a == NULL:
        return 1
    if s.across.n == 0:
        load_strip(a, sample_at(a, n * pitch), p, strip, n)
    else:
        memset(sample_at(a, piece.rows * pitch), 0, (n - piece.rows) * pitch * sample_size(a))
        for r in range(piece.rows):
            row = sample_at(source, p.place[r] * p.pitch + left)
            store(a, r * pitch, load(row, 0))
            store(a, r * pitch + lanes, load(row, apart_of(a)))
    if p.call.dst.type >= F16:
        strip_squares(a, piece.rows, each)
        for i in range(pitch):
            if largest == largest and not each[i] <= largest:
                largest = each[i]
        doubt = doubt + s.doubt_down * norm_of(2 * largest, 1) if largest < most_squares(source) else INFINITY
    strip_filtered(a, &s.down, <vec*>s.down_spectrum, True)
    p.doubts[strip] = doubt
    store_strip(a, p, strip, doubt)
    free(memory)
    return 0


cdef double largest_of(const double* values, Py_ssize_t n) noexcept nogil:
    """The largest value; NaN if one of them is, which no comparison after it replaces."""
    cdef Py_ssize_t i
    cdef double largest = 0
    for i in range(n):
        if largest == largest and not values[i] <= largest:
            largest = values[i]
    return largest


cdef void list_rows(Phase* p) noexcept nogil:
    """Which rows of a tile are distinct. All that hold the constant are one."""
    cdef const Call* call = p.call
    cdef Py_ssize_t r, duplicate, constant = -1
    p.distinct = 0
    for r in range(p.piece.rows):
        if repeated_row(call, p.piece, r) == r and (constant < 0 or row_index(call, p.piece.y + r) >= 0):
            p.distinct_rows[p.distinct], p.place[r] = r, p.distinct
            p.distinct += 1
            if row_index(call, p.piece.y + r) < 0:
                constant = r
    for r in range(p.piece.rows):
        duplicate = repeated_row(call, p.piece, r)
        if row_index(call, p.piece.y + r) < 0:
            duplicate = constant
        p.place[r] = p.place[duplicate]


cdef int filter_lines(vec* kind, Phase* p) noexcept nogil:
    """Filter a tile of one channel, as wide as the picture, with a separable kernel. Returns the number of
    failures to get memory."""
    cdef int failed
    p.distinct_rows = <Py_ssize_t*>malloc(2 * p.piece.rows * sizeof(Py_ssize_t))
    if p.distinct_rows == NULL:
        return 1
    p.place = p.distinct_rows + p.piece.rows
    list_rows(p)
    failed = filter_both_ways(kind, p)
    free(p.distinct_rows)
    return failed


cdef int filter_both_ways(vec* kind, Phase* p) noexcept nogil:
    cdef const Spectra* s = p.s
    cdef const Piece* piece = p.piece
    cdef Py_ssize_t both = 2 * apart_of(kind), rows = strips_of(kind, p.distinct)
    cdef Py_ssize_t width = (piece.width + both - 1) // both * both
    cdef Py_ssize_t strips = strips_of(kind, width)
    cdef char* memory = NULL
    cdef double largest = 0
    cdef int failed = 0
    p.pitch = width + apart_of(kind)    # the addend puts successive rows into different sets of a cache
    p.squares = <double*>calloc(rows + larger(rows, strips), sizeof(double))
    p.strips = strips_memory(kind, p.pitch * p.distinct if s.across.n and s.down.n else 1, &memory)
    if p.squares == NULL or p.strips == NULL:
        free(p.squares)
        free(memory)
        return 1
    p.doubts = p.squares + rows
    p.doubt = 0
    if s.across.n:
        failed = run_step(p, LINES_ACROSS, rows)
        largest = largest_of(p.squares, rows)
    if s.down.n and not failed:
        if largest < most_squares(kind):
            p.doubt = s.doubt_across * norm_of(2 * largest, 1)
            failed = run_step(p, LINES_DOWN, strips)
        else:
            all_open(p)
    p.doubt = largest_of(p.doubts, larger(rows, strips))
    free(p.squares)
    free(memory)
    return failed


# --- steps, and threads ----------------------------------------------------------------------------------------


cdef inline int any_step(vec* strips, const Phase* p, Py_ssize_t i) noexcept nogil:
    """Run the current step on strip `i`. Returns the number of failures to get memory."""
    if p.step == KERNEL_DOWN:
        if 2 * apart_of(strips) <= left_of(strips, i) < p.begin:    # the strip holds no weights
            return 0
        return strip_to_frequencies(strips, p, i)
    elif p.step == KERNEL_ACROSS:
        return kernel_frequencies(strips, p, i)
    elif p.step == DOWN:
        return strip_to_frequencies(strips, p, i)
    elif p.step == ACROSS:
        return frequencies_filtered(strips, p, i)
    elif p.step == BACK:
        return strip_from_frequencies(strips, p, i)
    elif p.step == LINES_ACROSS:
        return filter_rows(strips, p, i)
    else:
        return filter_columns(strips, p, i)


cdef int step_band(const void* context, Py_ssize_t band, Py_ssize_t bands) noexcept nogil:
    """Run the current step on one band of its strips. Returns the number of failures to get memory."""
    cdef const Phase* p = <const Phase*>context
    cdef Py_ssize_t i
    cdef int failed = 0
    for i in range(p.count * band // bands, p.count * (band + 1) // bands):
        if p.narrow:
            failed += any_step(<vf*>p.strips, p, i)
        else:
            failed += any_step(<vd*>p.strips, p, i)
    return failed


cdef int run_step(Phase* p, Step step, Py_ssize_t count) noexcept nogil:
    p.step, p.count = step, count
    if p.threads == 1:
        return step_band(p, 0, 1)
    return run(step_band, p, smaller(count, STEP_BANDS * p.threads), p.threads)


# --- what is left open -----------------------------------------------------------------------------------------


cdef void all_open(const Phase* p) noexcept nogil:
    """Mark all results as open. In a later round (`bars`) open results simply stay open."""
    cdef Py_ssize_t y, i
    if p.bars != NULL or p.call.dst.type < F16:
        return
    p.opened[0] = 1
    for y in range(p.piece.height):
        for i in range(p.words):
            p.open[y * p.words + i] = bits_within(p.piece.width, i)


cdef inline uint64_t bits_within(Py_ssize_t width, Py_ssize_t word) noexcept nogil:
    """The bits of a word of a row that stand for columns below `width`."""
    return 0 if width <= 64 * word else ~<uint64_t>0 >> (64 - smaller(64, width - 64 * word))


cdef inline bint is_of(double v, Sort sort, double limit) noexcept nogil:
    if sort == BEYOND:
        return not fabs(v) <= limit
    elif sort == NOT_A_NUMBER:
        return v != v
    elif sort == INFINITE_ABOVE:
        return v > DBL_MAX
    else:
        return v < -DBL_MAX


cdef bint mark_windows(uint64_t* bits, const Phase* p, Sort sort, double limit, double* peak,
                       double* memory) noexcept nogil:
    """Mark the windows that hold a sample of this sort. Returns whether there is one. `peak` becomes the
    largest magnitude among the other samples. `memory` is scratch for two rows."""
    cdef const Piece* piece = p.piece
    cdef Py_ssize_t y, x
    cdef ColumnRange column_range = make_column_range(p.call, piece.x, piece.x + piece.columns)
    cdef vd* row = <vd*>memory
    cdef bint found = False
    peak[0] = 0
    memset(bits, 0, piece.rows * p.words * sizeof(uint64_t))
    for y in range(piece.rows):
        load_row(row, sample_at(row, piece.columns), p.call, &column_range,
                 row_start(p.call, piece.plane, piece.y + y))
        for x in range(piece.columns):
            if is_of(memory[x], sort, limit):
                bits[y * p.words + x // 64] |= <uint64_t>1 << x % 64
                found = True
            else:
                peak[0] = fmax(peak[0], fabs(memory[x]))
    if found:
        spread_marks(bits, p.words, piece.rows, p.call.kernel_height, p.call.kernel_width)
    return found


cdef Py_ssize_t fill_marked(const Phase* p, const uint64_t* marks, const uint64_t* others, double value,
                            double* memory) noexcept nogil:
    """Store `value` in the open results that are marked in `marks` but not in `others`, and close them."""
    cdef Py_ssize_t y, x, i, closed = 0
    cdef uint64_t bits
    for x in range(64):
        memory[x] = value
    for y in range(p.piece.height):
        for i in range(p.words):
            bits = p.open[y * p.words + i] & marks[y * p.words + i]
            if others != NULL:
                bits &= ~others[y * p.words + i]
            p.open[y * p.words + i] &= ~bits
            while bits:
                x = lowest_bit(bits)
                store_row(<vd*>memory, p.call, p.piece.plane, p.piece.y + y, p.piece.x + 64 * i + x, 1)
                bits &= bits - 1
                closed += 1
    return closed


cdef Py_ssize_t count_open(const Phase* p, Tile* t) noexcept nogil:
    """Number of cells with an open result. Fills the tile in for `sum_cells`."""
    t.call, t.plane, t.y, t.x = p.call, p.piece.plane, p.piece.y, p.piece.x
    t.height, t.width, t.open = p.piece.height, p.piece.width, p.open
    return open_cells(t, p.words)


cdef bint is_worth_spectra(const Phase* p, Py_ssize_t cells) noexcept nogil:
    """Whether one more transform of the tile costs less than to sum these cells directly."""
    return <double>cells * CELL_TAP * p.call.kernel_height * p.call.kernel_width > (
        <double>TILE_SAMPLE * p.piece.rows * p.piece.columns)


cdef int close_by_size(Phase* p, Tile* t, double* memory) noexcept nogil:
    """Transform the tile again in float64, each time with a lower limit of samples that are left out. Returns
    the number of failures to get memory."""
    cdef Py_ssize_t before, cells = count_open(p, t)
    cdef double peak, needed
    cdef int i, failed = 0
    p.limit = LARGEST_SAMPLE
    for i in range(TILE_ROUNDS):
        if not is_worth_spectra(p, cells):
            break
        mark_windows(p.bars, p, BEYOND, p.limit, &peak, memory)
        before = cells
        failed = filter_fine(p)
        cells = count_open(p, t)
        if failed or (i > 0 and cells > before - before // 8):
            break
        # the limit for the next round: several times the mean magnitude of samples in open windows
        needed = p.doubt * (1 + 1 / p.call.tolerance)
        p.limit = fmin(4 * needed / p.call.weight, peak / 2)
    return failed


cdef void close_infinite(const Phase* p, Py_ssize_t room, double* memory) noexcept nogil:
    """Close the results of windows that hold NaN or infinities. This needs a kernel without zero weights, and
    for infinities also weights of one sign."""
    cdef uint64_t* below = p.bars + room
    cdef double peak
    cdef int sign = p.call.weights_sign
    if p.call.has_zeros:
        return
    if mark_windows(p.bars, p, NOT_A_NUMBER, 0, &peak, memory):
        fill_marked(p, p.bars, NULL, NAN, memory)
    if sign and mark_windows(p.bars, p, INFINITE_ABOVE, 0, &peak, memory) | mark_windows(
            below, p, INFINITE_BELOW, 0, &peak, memory):
        fill_marked(p, p.bars, below, sign * INFINITY, memory)
        fill_marked(p, below, p.bars, -sign * INFINITY, memory)
        fill_marked(p, below, NULL, NAN, memory)


cdef int close_directly(const Phase* p, Tile* t) noexcept nogil:
    """Sum the results that are left. A kernel of two axes has many taps, so they are listed only when needed
    here."""
    cdef Call call = p.call[0]
    cdef int failed = 0
    t.call = &call
    if call.method == SPECTRA:
        with gil:
            try:
                if call.accumulator == 0:
                    make_taps(<vf*>NULL, &call.window, call.kernel, call.kernel_height, call.kernel_width, 1)
                else:
                    make_taps(<vd*>NULL, &call.window, call.kernel, call.kernel_height, call.kernel_width, 1)
            except MemoryError:
                failed = 1
    if not failed:
        failed = sum_cells(t, p.words)
    if call.method == SPECTRA:
        free_taps(&call.window)
    return failed


cdef int close_open(Phase* p, const Call* whole) noexcept nogil:
    """Close all open results of a tile. Returns the number of failures to get memory."""
    cdef const Piece* piece = p.piece
    cdef Py_ssize_t room = piece.rows * p.words, y, i
    cdef uint64_t* marks = <uint64_t*>malloc(2 * room * sizeof(uint64_t))
    cdef double* memory = <double*>malloc(2 * (64 * p.words + 64) * sizeof(double))
    cdef double peak
    cdef Tile t
    cdef int failed = 0
    if marks == NULL or memory == NULL:
        free(marks)
        free(memory)
        return 1
    p.bars = marks
    mark_windows(marks, p, BEYOND, 0, &peak, memory)
    for i in range(room):
        marks[i] = ~marks[i]
    fill_marked(p, marks, NULL, 0, memory)
    if is_worth_spectra(p, count_open(p, &t)):
        failed = close_by_size(p, &t, memory)
    if not failed and count_open(p, &t):
        close_infinite(p, room, memory)
    if not failed and count_open(p, &t):
        failed = close_directly(p, &t)
    for y in range(piece.height):
        memset(p.open + y * p.words, 0, p.words * sizeof(uint64_t))
    p.opened[0] = 0
    p.bars = NULL
    free(marks)
    free(memory)
    return failed


# --- the loop over tiles ---------------------------------------------------------------------------------------


cdef int get_room(vec* kind, Room* room, const Phase* p) noexcept nogil:
    """Get the memory, and the kernel's spectrum unless the plan keeps one, for the first tile of a type.
    Later tiles reuse both. Returns the number of failures to get memory."""
    cdef const Spectra* s = p.s
    cdef Py_ssize_t size = s.half * s.across.n * 2, count = 1 if s.spectrum else 2
    if room.memory != NULL:
        return 0
    room.strips = strips_memory(kind, count * size, &room.memory)
    room.squares = <double*>malloc((s.across.n + 32) * sizeof(double))
    if room.strips == NULL or room.squares == NULL:
        return 1
    room.spectrum = s.spectrum
    if s.spectrum == NULL:
        room.spectrum = sample_at(<vec*>room.strips, size)
        return kernel_spectrum(<vec*>room.spectrum, p.call, s, p.threads)
    return 0


cdef int filter_piece(vec* kind, Phase* p, Room* room) noexcept nogil:
    """Filter a tile of one channel. Returns the number of failures to get memory."""
    cdef int failed
    p.narrow = vec is vf
    if p.call.method == SPECTRAL_LINES:
        return filter_lines(kind, p)
    failed = get_room(kind, room, p)
    p.strips, p.spectrum, p.squares = room.strips, room.spectrum, room.squares
    return failed if failed else filter_dense(<vec*>p.strips, p)


cdef int filter_fine(Phase* p) noexcept nogil:
    """Filter a tile of one channel in float64, whatever the accumulator's type."""
    p.s = &p.call.fine_spectra if p.call.accumulator == 0 else &p.call.spectra
    return filter_piece(<vd*>NULL, p, p.rooms + 1)


cdef int one_piece(Phase* p) noexcept nogil:
    cdef int failed
    p.s, p.limit = &p.call.spectra, INFINITY
    if p.call.accumulator == 0:
        failed = filter_piece(<vf*>NULL, p, p.rooms)
    else:
        failed = filter_piece(<vd*>NULL, p, p.rooms + 1)
    if not failed and p.opened[0]:
        failed = close_open(p, p.call)
    return failed


cdef bint get_marks(Phase* p, const Call* whole, Py_ssize_t columns) noexcept nogil:
    """Get cleared bits for the results of the largest tile. False if there is no memory."""
    cdef Py_ssize_t rows = smaller(p.s.rows, whole.height)
    p.words = (columns + whole.kernel_width - 1) // 64 + 1
    p.opened = <uint64_t*>calloc(1 + (rows * p.words if whole.dst.type >= F16 else 0), sizeof(uint64_t))
    p.open = p.opened + 1
    return p.opened != NULL


cdef int spectral_picture(const Call* whole, int threads) noexcept nogil:
    """Run a whole call, tile by tile; the threads share each tile. Returns the number of failures to get
    memory."""
    cdef Call call = whole[0]
    cdef Piece piece
    cdef Room rooms[2]
    cdef Phase p
    cdef Py_ssize_t c, columns
    cdef int failed = 0
    memset(&p, 0, sizeof(Phase))
    memset(rooms, 0, sizeof(rooms))
    p.call, p.s, p.piece, p.rooms, p.threads = &call, &whole.spectra, &piece, rooms, threads
    columns = whole.width if whole.method == SPECTRAL_LINES else smaller(p.s.columns, whole.width)
    if not get_marks(&p, whole, columns):
        return 1
    for piece.plane in range(whole.planes):
        for c in range(whole.channels):
            one_channel(&call, whole, c)
            piece.y = 0
            while piece.y < whole.height:
                piece.height = smaller(whole.spectra.rows, whole.height - piece.y)
                piece.rows = piece.height + whole.kernel_height - 1
                piece.x = 0
                while piece.x < whole.width and not failed:
                    piece.width = smaller(columns, whole.width - piece.x)
                    piece.columns = piece.width + whole.kernel_width - 1
                    failed = one_piece(&p)
                    piece.x += columns
                piece.y += whole.spectra.rows
    for c in range(2):
        free(rooms[c].memory)
        free(rooms[c].squares)
    free(p.opened)
    return failed
