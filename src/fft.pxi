# FFT: large dense kernels, at a cost that hardly grows with the kernel.
#
# The picture is cut into tiles whose windows are n x n pixels, n a multiple of 16 without factors over 5; a
# tile's product with the kernel's spectrum is its convolution, wrapped around, of which the first n - h + 1
# rows and n - w + 1 columns have not met the wrap (overlap-save; Stockham, High-speed convolution and
# correlation, 1966).
#
# Two neighbouring tiles, or two channels of one, are the real and the imaginary part of one complex tile: a
# real kernel keeps them apart. The parts stand in two arrays of rows. A transform runs down the columns, a
# vector of columns at a time, so that every butterfly works on whole vectors, aligned, with one weight for
# all lanes; for the other direction the tile is turned over:
#
#     load   down forward   turn over   across forward * spectrum, across inverse
#            turn over   down inverse   store
#
# Forward is decimation in frequency, and leaves the frequencies in the order of reversed digits; inverse is
# decimation in time, and takes them so (Gentleman and Sande, 1966; Cooley and Tukey, 1965). The spectrum is
# made by the same passes, so its order is the same, and nothing is ever reordered. An inverse transform is
# a forward one with real and imaginary part exchanged, in arguments and results. Passes are radix 4, after
# those of radix 5 and 3 where n has them, and the last one 8 or 4 without twiddles; across, the last forward
# pass, the product and the first inverse pass happen in registers.
#
# A tile without a neighbour has no imaginary part, so its row of frequency -f is the conjugate of that
# of f: of each two such rows one is left out across, and copied for the way back. Columns of zeros are left
# out on the way there, columns that nobody wants on the way back.
#
# Tiles and pairs are counted from the picture's first pixel, so that bits do not depend on bands.

cdef struct Ahead:
    # A part of the source, in columns of the padded picture, from its row `y` on.
    const Job* job
    Py_ssize_t plane, y, x, count


cdef inline void twiddled(lane* re, lane* im, lane wr, lane wi) noexcept nogil:
    """(re, im) *= wr + i wi; with re and im exchanged, times its conjugate."""
    cdef lane t = fnma(mul(re[0], wr), im[0], wi)
    im[0] = fma(mul(im[0], wr), re[0], wi)
    re[0] = t


cdef inline void butterfly4(lane* re, lane* im) noexcept nogil:
    """Discrete Fourier transform of four, in natural order."""
    cdef lane ar = add(re[0], re[2]), ai = add(im[0], im[2])
    cdef lane br = sub(re[0], re[2]), bi = sub(im[0], im[2])
    cdef lane cr = add(re[1], re[3]), ci = add(im[1], im[3])
    cdef lane dr = sub(re[1], re[3]), di = sub(im[1], im[3])
    re[0] = add(ar, cr)
    im[0] = add(ai, ci)
    re[1] = add(br, di)     # b - i d
    im[1] = sub(bi, dr)
    re[2] = sub(ar, cr)
    im[2] = sub(ai, ci)
    re[3] = sub(br, di)     # b + i d
    im[3] = add(bi, dr)


cdef inline void butterfly3(lane* re, lane* im) noexcept nogil:
    """Discrete Fourier transform of three, in natural order."""
    cdef lane half = splat(re, 0.5), height = splat(re, 0.86602540378443864676)
    cdef lane sr = add(re[1], re[2]), si = add(im[1], im[2])
    cdef lane dr = sub(re[1], re[2]), di = sub(im[1], im[2])
    cdef lane mr = fnma(re[0], half, sr), mi = fnma(im[0], half, si)
    re[0] = add(re[0], sr)
    im[0] = add(im[0], si)
    re[1] = fma(mr, height, di)     # m - i height d
    im[1] = fnma(mi, height, dr)
    re[2] = fnma(mr, height, di)    # m + i height d
    im[2] = fma(mi, height, dr)


cdef inline void butterfly5(lane* re, lane* im) noexcept nogil:
    """Discrete Fourier transform of five, in natural order."""
    cdef lane cos1 = splat(re, 0.30901699437494742410), cos2 = splat(re, 0.80901699437494742410)
    cdef lane sin1 = splat(re, 0.95105651629515357212), sin2 = splat(re, 0.58778525229247312917)
    cdef lane sr = add(re[1], re[4]), si = add(im[1], im[4])
    cdef lane dr = sub(re[1], re[4]), di = sub(im[1], im[4])
    cdef lane tr = add(re[2], re[3]), ti = add(im[2], im[3])
    cdef lane er = sub(re[2], re[3]), ei = sub(im[2], im[3])
    cdef lane ar = fnma(fma(re[0], cos1, sr), cos2, tr), ai = fnma(fma(im[0], cos1, si), cos2, ti)
    cdef lane br = fma(fnma(re[0], cos2, sr), cos1, tr), bi = fma(fnma(im[0], cos2, si), cos1, ti)
    cdef lane cr = fma(mul(dr, sin1), sin2, er), ci = fma(mul(di, sin1), sin2, ei)
    cdef lane fr = fnma(mul(dr, sin2), sin1, er), fi = fnma(mul(di, sin2), sin1, ei)
    re[0] = add(re[0], add(sr, tr))
    im[0] = add(im[0], add(si, ti))
    re[1] = add(ar, ci)     # a - i c
    im[1] = sub(ai, cr)
    re[2] = add(br, fi)     # b - i f
    im[2] = sub(bi, fr)
    re[3] = sub(br, fi)     # b + i f
    im[3] = add(bi, fr)
    re[4] = sub(ar, ci)     # a + i c
    im[4] = add(ai, cr)


cdef inline void butterfly8(lane* re, lane* im) noexcept nogil:
    """Discrete Fourier transform of eight, in natural order: of the four even and of the four odd ones,
    then of pairs, one of each, the odd one turned by eighths."""
    cdef lane er[4]
    cdef lane ei[4]
    cdef lane dr[4]
    cdef lane di[4]
    cdef lane half = splat(re, 0.70710678118654752440)
    cdef lane t
    er[0] = re[0]
    er[1] = re[2]
    er[2] = re[4]
    er[3] = re[6]
    ei[0] = im[0]
    ei[1] = im[2]
    ei[2] = im[4]
    ei[3] = im[6]
    dr[0] = re[1]
    dr[1] = re[3]
    dr[2] = re[5]
    dr[3] = re[7]
    di[0] = im[1]
    di[1] = im[3]
    di[2] = im[5]
    di[3] = im[7]
    butterfly4(er, ei)
    butterfly4(dr, di)
    # d[1] *= (1 - i) / sqrt 2 and d[3] *= (-1 - i) / sqrt 2; d[2] *= -i below
    t = mul(add(dr[1], di[1]), half)
    di[1] = mul(sub(di[1], dr[1]), half)
    dr[1] = t
    t = mul(sub(di[3], dr[3]), half)
    di[3] = mul(add(dr[3], di[3]), half)    # minus this
    dr[3] = t
    re[0] = add(er[0], dr[0])
    im[0] = add(ei[0], di[0])
    re[4] = sub(er[0], dr[0])
    im[4] = sub(ei[0], di[0])
    re[1] = add(er[1], dr[1])
    im[1] = add(ei[1], di[1])
    re[5] = sub(er[1], dr[1])
    im[5] = sub(ei[1], di[1])
    re[2] = add(er[2], di[2])
    im[2] = sub(ei[2], dr[2])
    re[6] = sub(er[2], di[2])
    im[6] = add(ei[2], dr[2])
    re[3] = add(er[3], dr[3])
    im[3] = sub(ei[3], di[3])
    re[7] = sub(er[3], dr[3])
    im[7] = add(ei[3], di[3])


cdef inline void load_points(lane* v, lane* column, Py_ssize_t step, const int count) noexcept nogil:
    """`count` vectors of a column, `step` samples apart."""
    v[0] = held(load(column, 0))
    v[1] = held(load(column, step))
    v[2] = held(load(column, 2 * step))
    if count >= 4:
        v[3] = held(load(column, 3 * step))
    if count >= 5:
        v[4] = held(load(column, 4 * step))
    if count == 8:
        v[5] = held(load(column, 5 * step))
        v[6] = held(load(column, 6 * step))
        v[7] = held(load(column, 7 * step))


cdef inline void store_points(lane* column, lane* v, Py_ssize_t step, const int count) noexcept nogil:
    store(column, 0, v[0])
    store(column, step, v[1])
    store(column, 2 * step, v[2])
    if count >= 4:
        store(column, 3 * step, v[3])
    if count >= 5:
        store(column, 4 * step, v[4])
    if count == 8:
        store(column, 5 * step, v[5])
        store(column, 6 * step, v[6])
        store(column, 7 * step, v[7])


cdef inline void butterfly(lane* re, lane* im, const int count) noexcept nogil:
    if count == 8:
        butterfly8(re, im)
    elif count == 5:
        butterfly5(re, im)
    elif count == 4:
        butterfly4(re, im)
    else:
        butterfly3(re, im)


cdef inline void twiddled_pass(lane* re, lane* im, Py_ssize_t pitch, Py_ssize_t n, Py_ssize_t m,
                               lane* twiddle, const int count, const bint in_time) noexcept nogil:
    """Butterflies of `count` points, 3 to 5, m / count rows apart, in each m of the n rows. Decimation in
    time turns the points before them, in frequency after them.

    Row after row. With a weight for all blocks of m rows at a time, these may be multiples of 4096 bytes
    apart, and throw each other out of the cache: 1.4 times as long with n = 384.
    """
    cdef Py_ssize_t row = 0, part = m // count, end
    cdef lane* w
    cdef lane r[5]
    cdef lane i[5]
    while row < n:
        w, end = twiddle, row + part
        while row < end:
            load_points(r, sample_at(re, row * pitch), part * pitch, count)
            load_points(i, sample_at(im, row * pitch), part * pitch, count)
            if not in_time:
                butterfly(r, i, count)
            twiddled(r + 1, i + 1, weight(w, 0), weight(w, 1))
            twiddled(r + 2, i + 2, weight(w, 2), weight(w, 3))
            if count >= 4:
                twiddled(r + 3, i + 3, weight(w, 4), weight(w, 5))
            if count == 5:
                twiddled(r + 4, i + 4, weight(w, 6), weight(w, 7))
            if in_time:
                butterfly(r, i, count)
            store_points(sample_at(re, row * pitch), r, part * pitch, count)
            store_points(sample_at(im, row * pitch), i, part * pitch, count)
            w = sample_at(w, 2 * (count - 1))
            row += 1
        row += m - part


cdef inline void last_pass_of(lane* re, lane* im, Py_ssize_t pitch, Py_ssize_t n,
                              const int count) noexcept nogil:
    """Butterflies of neighbouring rows."""
    cdef Py_ssize_t row = 0
    cdef lane r[8]
    cdef lane i[8]
    while row < n:
        load_points(r, sample_at(re, row * pitch), pitch, count)
        load_points(i, sample_at(im, row * pitch), pitch, count)
        butterfly(r, i, count)
        store_points(sample_at(re, row * pitch), r, pitch, count)
        store_points(sample_at(im, row * pitch), i, pitch, count)
        row += count


# The passes that follow are functions of their own: inlined in fft_band they would find no registers free.

cdef void last_pass(lane* re, lane* im, const Fft* fft) noexcept nogil:
    """The pass without twiddles."""
    if fft.last == 8:
        last_pass_of(re, im, fft.pitch, fft.n, 8)
    else:
        last_pass_of(re, im, fft.pitch, fft.n, 4)


cdef inline void product_pass_of(lane* re, lane* im, lane* spectrum_re, lane* spectrum_im, Py_ssize_t pitch,
                                 Py_ssize_t n, const int count) noexcept nogil:
    """Last pass forward, product with the spectrum, first pass back."""
    cdef Py_ssize_t row = 0
    cdef lane r[8]
    cdef lane i[8]
    cdef lane sr[8]
    cdef lane si[8]
    while row < n:
        load_points(r, sample_at(re, row * pitch), pitch, count)
        load_points(i, sample_at(im, row * pitch), pitch, count)
        butterfly(r, i, count)
        load_points(sr, sample_at(spectrum_re, row * pitch), pitch, count)
        load_points(si, sample_at(spectrum_im, row * pitch), pitch, count)
        twiddled(r, i, sr[0], si[0])
        twiddled(r + 1, i + 1, sr[1], si[1])
        twiddled(r + 2, i + 2, sr[2], si[2])
        twiddled(r + 3, i + 3, sr[3], si[3])
        if count == 8:
            twiddled(r + 4, i + 4, sr[4], si[4])
            twiddled(r + 5, i + 5, sr[5], si[5])
            twiddled(r + 6, i + 6, sr[6], si[6])
            twiddled(r + 7, i + 7, sr[7], si[7])
        butterfly(i, r, count)
        store_points(sample_at(re, row * pitch), r, pitch, count)
        store_points(sample_at(im, row * pitch), i, pitch, count)
        row += count


cdef void product_pass(lane* re, lane* im, lane* spectrum, const Fft* fft) noexcept nogil:
    cdef lane* spectrum_im = sample_at(spectrum, fft.n * fft.pitch)
    if fft.last == 8:
        product_pass_of(re, im, spectrum, spectrum_im, fft.pitch, fft.n, 8)
    else:
        product_pass_of(re, im, spectrum, spectrum_im, fft.pitch, fft.n, 4)


cdef void forward_passes(lane* re, lane* im, const Fft* fft) noexcept nogil:
    """The twiddled passes, those that are farthest apart first."""
    cdef Py_ssize_t m = fft.n
    cdef lane* twiddle = <lane*>fft.twiddle
    while m > fft.threes:
        twiddled_pass(re, im, fft.pitch, fft.n, m, twiddle, 5, False)
        m //= 5
        twiddle = sample_at(twiddle, 8 * m)
    while m > fft.twos:
        twiddled_pass(re, im, fft.pitch, fft.n, m, twiddle, 3, False)
        m //= 3
        twiddle = sample_at(twiddle, 4 * m)
    while m > 8:
        twiddled_pass(re, im, fft.pitch, fft.n, m, twiddle, 4, False)
        m //= 4
        twiddle = sample_at(twiddle, 6 * m)


cdef void inverse_passes(lane* re, lane* im, const Fft* fft) noexcept nogil:
    """The same in time, those last."""
    cdef Py_ssize_t m = 4 * fft.last
    cdef lane* twiddle = sample_at(<lane*>fft.twiddle, fft.twiddles)
    while m <= fft.twos:
        twiddle = sample_at(twiddle, -6 * (m // 4))
        twiddled_pass(re, im, fft.pitch, fft.n, m, twiddle, 4, True)
        m *= 4
    m = 3 * fft.twos
    while m <= fft.threes:
        twiddle = sample_at(twiddle, -4 * (m // 3))
        twiddled_pass(re, im, fft.pitch, fft.n, m, twiddle, 3, True)
        m *= 3
    m = 5 * fft.threes
    while m <= fft.n:
        twiddle = sample_at(twiddle, -8 * (m // 5))
        twiddled_pass(re, im, fft.pitch, fft.n, m, twiddle, 5, True)
        m *= 5


cdef inline void turn_over(lane* to, lane* a, const Fft* fft, Py_ssize_t x, Py_ssize_t rows) noexcept nogil:
    """Columns x .. of `rows` rows of `a`, as many columns as lanes, become rows of `to`."""
    cdef Py_ssize_t y = 0
    while y < rows:
        transpose_block(sample_at(to, x * fft.pitch + y), fft.pitch, sample_at(a, y * fft.pitch + x),
                        fft.pitch)
        y += lanes_of(a)


cdef void transform(lane* to, lane* a, const Fft* fft, Py_ssize_t columns) noexcept nogil:
    """Forward, down the columns of tile `a`, which become rows of tile `to`; from `columns` on they are
    zero. A vector of columns is turned over while it stands in the first-level cache."""
    cdef Py_ssize_t x = 0, side = fft.n * fft.pitch
    cdef lane* im = sample_at(a, side)
    while x < columns:
        forward_passes(sample_at(a, x), sample_at(im, x), fft)
        last_pass(sample_at(a, x), sample_at(im, x), fft)
        turn_over(to, a, fft, x, fft.n)
        turn_over(sample_at(to, side), im, fft, x, fft.n)
        x += lanes_of(a)
    memset(sample_at(to, x * fft.pitch), 0, (fft.n - x) * fft.pitch * sample_size(a))
    memset(sample_at(to, side + x * fft.pitch), 0, (fft.n - x) * fft.pitch * sample_size(a))


cdef void untransform(lane* a, const Fft* fft, Py_ssize_t columns) noexcept nogil:
    """Back, down some columns of tile `a`; n times too large."""
    cdef Py_ssize_t x = 0
    cdef lane* im = sample_at(a, fft.n * fft.pitch)
    while x < columns:
        last_pass(sample_at(im, x), sample_at(a, x), fft)
        inverse_passes(sample_at(im, x), sample_at(a, x), fft)
        x += lanes_of(a)


cdef void transform_and_back(lane* to, lane* a, const Fft* fft, Py_ssize_t rows, const bint alone,
                             const Ahead* ahead) noexcept nogil:
    """Down the columns of tile `a`, times the spectrum, and back; `rows` rows of the columns become rows of
    tile `to`. Those that mirror others are left out if the tile is alone. Meanwhile
    pixels of the next tiles come nearer."""
    cdef Py_ssize_t x = -lanes_of(a), side = fft.n * fft.pitch, r
    cdef lane* im = sample_at(a, side)
    cdef lane* spectrum = <lane*>fft.spectrum
    while x + lanes_of(a) < fft.n:
        x += lanes_of(a)
        for r in range(x, x + lanes_of(a)):
            prefetch_row(ahead.job, ahead.plane, ahead.y + r, ahead.x, ahead.count)
        if alone and fft.mirrored[x] >= 0:
            continue
        forward_passes(sample_at(a, x), sample_at(im, x), fft)
        product_pass(sample_at(a, x), sample_at(im, x), sample_at(spectrum, x), fft)
        inverse_passes(sample_at(im, x), sample_at(a, x), fft)
        turn_over(to, a, fft, x, rows)
        turn_over(sample_at(to, side), im, fft, x, rows)


cdef void fill_mirrored(lane* a, const Fft* fft, Py_ssize_t columns) noexcept nogil:
    """The rows of a lone tile that were left out: the conjugates of those that they mirror."""
    cdef Py_ssize_t x, y, side = fft.n * fft.pitch
    cdef lane zero = splat(a, 0)
    cdef lane* row
    cdef lane* twin
    for y in range(fft.n):
        if fft.mirrored[y] < 0:
            continue
        row, twin = sample_at(a, y * fft.pitch), sample_at(a, fft.mirrored[y] * fft.pitch)
        x = 0
        while x < columns:
            store(row, x, load(twin, x))
            store(row, side + x, sub(zero, load(twin, side + x)))
            x += lanes_of(a)


cdef void load_tile(lane* rows, lane* spare, const Job* job, const Fft* fft, Py_ssize_t plane, Py_ssize_t y,
                    Py_ssize_t x, Py_ssize_t height) noexcept nogil:
    """The windows of `height` rows of results, with zeros below and to the right."""
    cdef Py_ssize_t r, count = smaller(fft.n, job.width + job.kernel_width - 1 - x)
    cdef Py_ssize_t filled = height + job.kernel_height - 1
    cdef Reach reach = make_reach(job, x, x + count)
    for r in range(filled):
        load_row(sample_at(rows, r * fft.pitch), spare, job, &reach, plane, y + r)
        memset(sample_at(rows, r * fft.pitch + count), 0, (fft.n - count) * sample_size(rows))
    memset(sample_at(rows, filled * fft.pitch), 0, (fft.n - filled) * fft.pitch * sample_size(rows))


cdef void store_tile(lane* rows, const Job* job, const Fft* fft, Py_ssize_t plane, Py_ssize_t y, Py_ssize_t x,
                     Py_ssize_t height) noexcept nogil:
    cdef Py_ssize_t r, count = smaller(fft.n - job.kernel_width + 1, job.width - x)
    for r in range(height):
        store_row(sample_at(rows, r * fft.pitch), job, plane, y + r, x, count)


cdef void convolve_tiles(lane* tile, const Fft* fft, Py_ssize_t count, Py_ssize_t filled, const bint alone,
                         const Ahead* ahead) noexcept nogil:
    """Results in place of samples, whose first `filled` columns are not all zeros, down `count` columns.
    Scratch: one more tile."""
    cdef lane* other = sample_at(tile, 2 * fft.n * fft.pitch)
    transform(other, tile, fft, smaller(fft.n, filled))
    transform_and_back(tile, other, fft, count, alone, ahead)
    if alone:
        fill_mirrored(tile, fft, count)
    untransform(tile, fft, count)


include "bound.pxi"


cdef void exact_pair(lane* tile, const Fft* fft, const Tile* left, const Tile* right,
                     const Ahead* ahead) noexcept nogil:
    """Integers: each result is rounded under guard."""
    cdef Py_ssize_t side = fft.n * fft.pitch
    cdef lane* im = sample_at(tile, side)
    cdef lane* spare = sample_at(tile, 4 * side)
    load_tile(tile, spare, left.job, fft, left.plane, left.y, left.x, left.height)
    if right == NULL:
        memset(im, 0, side * sample_size(tile))
    else:
        load_tile(im, spare, right.job, fft, right.plane, right.y, right.x, right.height)
    convolve_tiles(tile, fft, left.width, left.width + left.job.kernel_width - 1, right == NULL, ahead)
    store_tile(tile, left.job, fft, left.plane, left.y, left.x, left.height)
    if right != NULL:
        store_tile(im, right.job, fft, right.plane, right.y, right.x, right.height)


cdef int tile_pair(lane* tile, Tile* left, Tile* right, const Fft* fft, const Ahead* ahead,
                   Desk* desk) noexcept nogil:
    """Results of a tile and of another one, of the same channel or another; or of none, if that is beyond the
    width. Scratch: two tiles and a row. Returns the number of failures to get memory."""
    if right.width <= 0:
        right = NULL
    if left.job.dst.type >= F16:
        return bounded_pair(tile, fft, left, right, ahead, desk)
    exact_pair(tile, fft, left, right, ahead)
    return 0


cdef struct Row:
    # Of tiles; pairs of neighbours in this order share a transform.
    Py_ssize_t tiles, channels
    bint mixed      # the other one may be of another channel


cdef Row tile_row(const Job* job, Py_ssize_t across) noexcept nogil:
    """Floats of a channel must not know of other channels, by not a bit. Integers are exact anyway."""
    cdef Row row
    row.tiles, row.channels, row.mixed = (job.width + across - 1) // across, job.channels, job.dst.type < F16
    if not row.mixed:
        row.tiles += row.tiles % 2      # one beyond the width
    row.tiles *= job.channels
    return row


cdef inline Py_ssize_t column_of(const Row* row, Py_ssize_t i) noexcept nogil:
    """Which one from the left tile `i` is."""
    return i // row.channels if row.mixed else i // (2 * row.channels) * 2 + i % 2


cdef inline Py_ssize_t channel_of(const Row* row, Py_ssize_t i) noexcept nogil:
    return i % row.channels if row.mixed else i // 2 % row.channels


cdef Ahead next_tiles(const Job* job, const Row* row, Py_ssize_t plane, Py_ssize_t y, Py_ssize_t y1,
                      Py_ssize_t i) noexcept nogil:
    """What the pair after that of tile `i` sees and none before it."""
    cdef Py_ssize_t across = job.fft.n - job.kernel_width + 1
    cdef Py_ssize_t first = column_of(row, i + 1) + 1, last = column_of(row, i + 3)
    cdef Ahead ahead
    if i + 2 >= row.tiles:
        y, first, last = y + job.fft.n - job.kernel_height + 1, 0, column_of(row, 1)
    ahead.job, ahead.plane, ahead.y, ahead.x = job, plane, y, first * across
    ahead.count = smaller((last - first) * across + job.fft.n, job.width + job.kernel_width - 1 - ahead.x)
    if y >= y1 or first > last:
        ahead.count = 0
    return ahead


cdef bint get_desk(lane* kind, Desk* desk, const Fft* fft, Tile* left, Tile* right) noexcept nogil:
    cdef size_t tiles = tiles_size(kind, fft)
    cdef size_t bits
    desk.words = fft.n // 64 + 1
    bits = fft.n * desk.words * sizeof(uint64_t)
    desk.wide, desk.wide_memory = NULL, NULL
    desk.memory = <char*>malloc(tiles + 5 * bits)
    if desk.memory == NULL:
        return False
    desk.tile = desk.memory + LINE_BYTES - <size_t>desk.memory % LINE_BYTES
    desk.marks = <uint64_t*>(desk.memory + tiles)
    left.open, left.bars = desk.marks + fft.n * desk.words, desk.marks + 2 * fft.n * desk.words
    right.open, right.bars = desk.marks + 3 * fft.n * desk.words, desk.marks + 4 * fft.n * desk.words
    return True


cdef void place(Tile* t, const Job* job, const Fft* fft, Py_ssize_t plane, Py_ssize_t y, Py_ssize_t x,
                Py_ssize_t height) noexcept nogil:
    t.job, t.plane, t.y, t.x, t.height = job, plane, y, x, height
    t.width = smaller(fft.n - job.kernel_width + 1, job.width - x)


cdef int fft_band(lane* kind, const Job* whole, Py_ssize_t plane, Py_ssize_t y0,
                  Py_ssize_t y1) noexcept nogil:
    """Output rows y0 .. y1-1; y0 is a tile's first row. Returns the number of failures to get memory."""
    cdef const Fft* fft = &whole.fft
    cdef Job left_job = whole[0], right_job = whole[0]
    cdef Py_ssize_t y = y0, i, height
    cdef Py_ssize_t down = fft.n - whole.kernel_height + 1, across = fft.n - whole.kernel_width + 1
    cdef Tile left, right
    cdef Desk desk
    cdef Row row = tile_row(whole, across)
    cdef Ahead ahead
    cdef int failed = 0
    if not get_desk(kind, &desk, fft, &left, &right):
        return 1
    while y < y1:
        height = smaller(down, y1 - y)
        for i in range(0, row.tiles, 2):
            one_channel(&left_job, whole, channel_of(&row, i))
            one_channel(&right_job, whole, channel_of(&row, i + 1))
            ahead = next_tiles(whole, &row, plane, y, y1, i)
            place(&left, &left_job, fft, plane, y, column_of(&row, i) * across, height)
            place(&right, &right_job, fft, plane, y, column_of(&row, i + 1) * across, height)
            failed += tile_pair(<lane*>desk.tile, &left, &right, fft, &ahead, &desk)
        y += down
    if whole.stream:
        stream_end()
    free(desk.memory)
    free(desk.wide_memory)
    return failed


cdef void one_channel(Job* job, const Job* whole, Py_ssize_t c) noexcept nogil:
    if whole.channels == 1:
        return
    job.channels = 1
    job.fill = whole.fill + c
    job.src.data = whole.src.data + c * whole.src.channel
    job.dst.data = whole.dst.data + c * whole.dst.channel
    job.src.packed = job.dst.packed = False
