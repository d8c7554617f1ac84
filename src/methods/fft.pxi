# FFT: large dense kernels, at a cost that hardly grows with the kernel.
#
# The picture is cut into tiles of n x n pixels, n a multiple of 16 without factors over 5. The product of a tile's
# spectrum and the kernel's is the spectrum of their circular convolution, of which the first n - h + 1 rows and
# n - w + 1 columns are free of wrapped samples (overlap-save; Stockham, High-speed convolution and correlation,
# 1966).
#
# Two neighbouring tiles, or two channels of one, are the real and the imaginary part of one complex tile: a
# real kernel does not mix them. The parts stand in two arrays of rows. A transform runs down the columns, a
# vector of columns at a time, so that every butterfly works on whole aligned vectors with one weight for all
# lanes. For the other direction the tile is transposed:
#
#     load   down forward   transpose   across forward * spectrum, across inverse
#            transpose   down inverse   store
#
# The forward transform decimates in frequency, and leaves the frequencies in the order of reversed digits; the
# inverse decimates in time, and takes them in that order (Gentleman and Sande, 1966; Cooley and Tukey, 1965). The
# spectrum is made by the same passes and has the same order, so that nothing is reordered. An inverse transform is
# a forward one with real and imaginary parts exchanged. Passes are radix 5, then 3, then 4; the last one is radix 8
# or 4, without twiddles. Across, the last forward pass, the product and the first inverse pass stay in registers.
#
# A tile without a neighbour has no imaginary part, so its row of frequency -f is the conjugate of that of f: one of
# two such rows is left out across, and copied before the inverse transform. The forward transform skips columns of
# zeros, the inverse one skips columns that no result needs.
#
# Tiles and pairs are counted from the picture's first pixel, so that results do not depend on bands.

cdef enum:
    HELD_ROOM = 16      # zeros behind each row of samples that are kept, which whole vectors may read


cdef struct Ahead:
    # A part of the source, in columns of the padded picture, from its row `y` on.
    const Call* call
    Py_ssize_t plane, y, x, count


cdef inline void twiddled(vec* re, vec* im, vec wr, vec wi) noexcept nogil:
    """(re, im) *= wr + i wi; with re and im exchanged, times its conjugate."""
    cdef vec t = negative_multiply_add(mul(re[0], wr), im[0], wi)
    im[0] = multiply_add(mul(im[0], wr), re[0], wi)
    re[0] = t


cdef inline void butterfly4(vec* re, vec* im) noexcept nogil:
    """Discrete Fourier transform of four, in natural order."""
    cdef vec ar = add(re[0], re[2]), ai = add(im[0], im[2])
    cdef vec br = sub(re[0], re[2]), bi = sub(im[0], im[2])
    cdef vec cr = add(re[1], re[3]), ci = add(im[1], im[3])
    cdef vec dr = sub(re[1], re[3]), di = sub(im[1], im[3])
    re[0] = add(ar, cr)
    im[0] = add(ai, ci)
    re[1] = add(br, di)     # b - i d
    im[1] = sub(bi, dr)
    re[2] = sub(ar, cr)
    im[2] = sub(ai, ci)
    re[3] = sub(br, di)     # b + i d
    im[3] = add(bi, dr)


cdef inline void butterfly3(vec* re, vec* im) noexcept nogil:
    """Discrete Fourier transform of three, in natural order."""
    cdef vec half = set1(re, 0.5), height = set1(re, 0.86602540378443864676)
    cdef vec sr = add(re[1], re[2]), si = add(im[1], im[2])
    cdef vec dr = sub(re[1], re[2]), di = sub(im[1], im[2])
    cdef vec mr = negative_multiply_add(re[0], half, sr), mi = negative_multiply_add(im[0], half, si)
    re[0] = add(re[0], sr)
    im[0] = add(im[0], si)
    re[1] = multiply_add(mr, height, di)    # m - i height d
    im[1] = negative_multiply_add(mi, height, dr)
    re[2] = negative_multiply_add(mr, height, di)    # m + i height d
    im[2] = multiply_add(mi, height, dr)


cdef inline void butterfly5(vec* re, vec* im) noexcept nogil:
    """Discrete Fourier transform of five, in natural order."""
    cdef vec cos1 = set1(re, 0.30901699437494742410), cos2 = set1(re, 0.80901699437494742410)
    cdef vec sin1 = set1(re, 0.95105651629515357212), sin2 = set1(re, 0.58778525229247312917)
    cdef vec sr = add(re[1], re[4]), si = add(im[1], im[4])
    cdef vec dr = sub(re[1], re[4]), di = sub(im[1], im[4])
    cdef vec tr = add(re[2], re[3]), ti = add(im[2], im[3])
    cdef vec er = sub(re[2], re[3]), ei = sub(im[2], im[3])
    cdef vec ar = negative_multiply_add(multiply_add(re[0], cos1, sr), cos2,
                                        tr), ai = negative_multiply_add(multiply_add(im[0], cos1, si), cos2,
                                                                        ti)
    cdef vec br = multiply_add(negative_multiply_add(re[0], cos2, sr), cos1,
                               tr), bi = multiply_add(negative_multiply_add(im[0], cos2, si), cos1, ti)
    cdef vec cr = multiply_add(mul(dr, sin1), sin2, er), ci = multiply_add(mul(di, sin1), sin2, ei)
    cdef vec fr = negative_multiply_add(mul(dr, sin2), sin1, er), fi = negative_multiply_add(mul(di, sin2),
                                                                                             sin1, ei)
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


cdef inline void butterfly8(vec* re, vec* im) noexcept nogil:
    """Discrete Fourier transform of eight, in natural order: of the four even and the four odd values, then of
    pairs of one each, the odd one times a power of the eighth root of one."""
    cdef vec er[4]
    cdef vec ei[4]
    cdef vec dr[4]
    cdef vec di[4]
    cdef vec half = set1(re, 0.70710678118654752440)
    cdef vec t
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


cdef inline void load_points(vec* v, vec* column, Py_ssize_t step, const int count) noexcept nogil:
    """`count` vectors of a column, `step` samples apart."""
    v[0] = keep_in_register(load(column, 0))
    v[1] = keep_in_register(load(column, step))
    v[2] = keep_in_register(load(column, 2 * step))
    if count >= 4:
        v[3] = keep_in_register(load(column, 3 * step))
    if count >= 5:
        v[4] = keep_in_register(load(column, 4 * step))
    if count == 8:
        v[5] = keep_in_register(load(column, 5 * step))
        v[6] = keep_in_register(load(column, 6 * step))
        v[7] = keep_in_register(load(column, 7 * step))


cdef inline void store_points(vec* column, vec* v, Py_ssize_t step, const int count) noexcept nogil:
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


cdef inline void butterfly(vec* re, vec* im, const int count) noexcept nogil:
    if count == 8:
        butterfly8(re, im)
    elif count == 5:
        butterfly5(re, im)
    elif count == 4:
        butterfly4(re, im)
    else:
        butterfly3(re, im)


cdef inline void twiddled_pass(vec* re, vec* im, Py_ssize_t pitch, Py_ssize_t n, Py_ssize_t m,
                               vec* twiddle, const int count, const bint in_time) noexcept nogil:
    """Butterflies of `count` points, 3 to 5, m / count rows apart, in each m of the n rows. Decimation in time
    multiplies by the twiddles before the butterfly, decimation in frequency after it.

    The loop goes row by row. Tried and dropped: all blocks of m rows for one twiddle at a time. Their rows may be
    multiples of 4096 bytes apart and evict each other from the cache: 1.4 times as long with n = 384.
    """
    cdef Py_ssize_t row = 0, part = m // count, end
    cdef vec* w
    cdef vec r[5]
    cdef vec i[5]
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


cdef inline void last_pass_of(vec* re, vec* im, Py_ssize_t pitch, Py_ssize_t n,
                              const int count) noexcept nogil:
    """Butterflies of neighbouring rows."""
    cdef Py_ssize_t row = 0
    cdef vec r[8]
    cdef vec i[8]
    while row < n:
        load_points(r, sample_at(re, row * pitch), pitch, count)
        load_points(i, sample_at(im, row * pitch), pitch, count)
        butterfly(r, i, count)
        store_points(sample_at(re, row * pitch), r, pitch, count)
        store_points(sample_at(im, row * pitch), i, pitch, count)
        row += count


# The passes that follow are not inlined: in fft_band, no registers would be free for them.

cdef void last_pass(vec* re, vec* im, const Fft* fft) noexcept nogil:
    """The pass without twiddles."""
    if fft.last == 8:
        last_pass_of(re, im, fft.pitch, fft.n, 8)
    else:
        last_pass_of(re, im, fft.pitch, fft.n, 4)


cdef inline void product_pass_of(vec* re, vec* im, vec* spectrum_re, vec* spectrum_im, Py_ssize_t pitch,
                                 Py_ssize_t n, const int count) noexcept nogil:
    """Last forward pass, product with the spectrum, first inverse pass."""
    cdef Py_ssize_t row = 0
    cdef vec r[8]
    cdef vec i[8]
    cdef vec sr[8]
    cdef vec si[8]
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


cdef void product_pass(vec* re, vec* im, vec* spectrum, const Fft* fft) noexcept nogil:
    cdef vec* spectrum_im = sample_at(spectrum, fft.n * fft.pitch)
    if fft.last == 8:
        product_pass_of(re, im, spectrum, spectrum_im, fft.pitch, fft.n, 8)
    else:
        product_pass_of(re, im, spectrum, spectrum_im, fft.pitch, fft.n, 4)


cdef inline Py_ssize_t points_of(Py_ssize_t m) noexcept nogil:
    """Of a butterfly of the pass of m points, unless it is the last."""
    return 5 if m % 5 == 0 else 3 if m % 3 == 0 else 4


cdef vec* passes_there(vec* re, vec* im, Py_ssize_t pitch, Py_ssize_t rows, Py_ssize_t m, Py_ssize_t stop,
                       vec* twiddle) noexcept nogil:
    """The forward passes with twiddles, from blocks of m rows down to blocks of `stop` rows. Takes the position
    where their twiddles begin, and returns where they end."""
    cdef Py_ssize_t count
    while m > stop:
        count = points_of(m)
        if count == 5:
            twiddled_pass(re, im, pitch, rows, m, twiddle, 5, False)
        elif count == 3:
            twiddled_pass(re, im, pitch, rows, m, twiddle, 3, False)
        else:
            twiddled_pass(re, im, pitch, rows, m, twiddle, 4, False)
        m //= count
        twiddle = sample_at(twiddle, 2 * (count - 1) * m)
    return twiddle


cdef vec* passes_back(vec* re, vec* im, Py_ssize_t pitch, Py_ssize_t rows, Py_ssize_t m, Py_ssize_t stop,
                      const Fft* fft, vec* twiddle) noexcept nogil:
    """The inverse passes with twiddles, from blocks of m rows up to blocks of `stop` rows. Takes the position where
    their twiddles end, and returns where they begin."""
    while m < stop:
        if 4 * m <= fft.twos:
            twiddle = sample_at(twiddle, -6 * m)
            m *= 4
            twiddled_pass(re, im, pitch, rows, m, twiddle, 4, True)
        elif 3 * m <= fft.threes:
            twiddle = sample_at(twiddle, -4 * m)
            m *= 3
            twiddled_pass(re, im, pitch, rows, m, twiddle, 3, True)
        else:
            twiddle = sample_at(twiddle, -8 * m)
            m *= 5
            twiddled_pass(re, im, pitch, rows, m, twiddle, 5, True)
    return twiddle


cdef inline void forward_passes(vec* re, vec* im, const Fft* fft) noexcept nogil:
    passes_there(re, im, fft.pitch, fft.n, fft.n, fft.last, <vec*>fft.twiddle)


cdef inline void inverse_passes(vec* re, vec* im, const Fft* fft) noexcept nogil:
    passes_back(re, im, fft.pitch, fft.n, fft.last, fft.n, fft,
                sample_at(<vec*>fft.twiddle, fft.twiddles))


cdef inline void turn_over(vec* to, vec* a, const Fft* fft, Py_ssize_t x, Py_ssize_t rows) noexcept nogil:
    """Transpose: columns of `rows` rows of `a`, from x on, as many as lanes, become rows of `to`."""
    cdef Py_ssize_t y = 0
    while y < rows:
        transpose_block(sample_at(to, x * fft.pitch + y), fft.pitch, sample_at(a, y * fft.pitch + x),
                        fft.pitch)
        y += lanes_of(a)


cdef void transform_columns(vec* re, const Fft* fft) noexcept nogil:
    """Forward transforms down a vector of columns of a tile."""
    cdef vec* im = sample_at(re, fft.n * fft.pitch)
    forward_passes(re, im, fft)
    last_pass(re, im, fft)


cdef void transform(vec* to, vec* a, const Fft* fft, Py_ssize_t columns) noexcept nogil:
    """Forward transforms down the columns of tile `a`, which become rows of tile `to`; columns from `columns` on are
    zero. A vector of columns is transposed while it is in the first-level cache."""
    cdef Py_ssize_t x = 0, side = fft.n * fft.pitch
    cdef vec* im = sample_at(a, side)
    while x < columns:
        transform_columns(sample_at(a, x), fft)
        turn_over(to, a, fft, x, fft.n)
        turn_over(sample_at(to, side), im, fft, x, fft.n)
        x += lanes_of(a)
    memset(sample_at(to, x * fft.pitch), 0, (fft.n - x) * fft.pitch * sample_size(a))
    memset(sample_at(to, side + x * fft.pitch), 0, (fft.n - x) * fft.pitch * sample_size(a))


cdef void untransform(vec* a, const Fft* fft, Py_ssize_t columns) noexcept nogil:
    """Inverse transforms down some columns of tile `a`; results are n times too large."""
    cdef Py_ssize_t x = 0
    cdef vec* im = sample_at(a, fft.n * fft.pitch)
    while x < columns:
        last_pass(sample_at(im, x), sample_at(a, x), fft)
        inverse_passes(sample_at(im, x), sample_at(a, x), fft)
        x += lanes_of(a)


cdef void transform_and_back(vec* to, vec* a, const Fft* fft, Py_ssize_t rows, const bint alone,
                             const Ahead* ahead) noexcept nogil:
    """Transform the columns of tile `a`, multiply by the spectrum, and transform back; `rows` rows of the columns
    become rows of tile `to`. If the tile is alone, rows that mirror others are left out. Meanwhile pixels of the
    next tiles are prefetched."""
    cdef Py_ssize_t x = -lanes_of(a), side = fft.n * fft.pitch, r
    cdef vec* im = sample_at(a, side)
    cdef vec* spectrum = <vec*>fft.spectrum
    while x + lanes_of(a) < fft.n:
        x += lanes_of(a)
        for r in range(x, x + lanes_of(a)):
            prefetch_row(ahead.call, ahead.plane, ahead.y + r, ahead.x, ahead.count)
        if alone and fft.mirrored[x] >= 0:
            continue
        forward_passes(sample_at(a, x), sample_at(im, x), fft)
        product_pass(sample_at(a, x), sample_at(im, x), sample_at(spectrum, x), fft)
        inverse_passes(sample_at(im, x), sample_at(a, x), fft)
        turn_over(to, a, fft, x, rows)
        turn_over(sample_at(to, side), im, fft, x, rows)


cdef void fill_mirrored(vec* a, const Fft* fft, Py_ssize_t columns) noexcept nogil:
    """The rows of a lone tile that were left out: the conjugates of those that they mirror."""
    cdef Py_ssize_t x, y, side = fft.n * fft.pitch
    cdef vec zero = set1(a, 0)
    cdef vec* row
    cdef vec* duplicate
    for y in range(fft.n):
        if fft.mirrored[y] < 0:
            continue
        row, duplicate = sample_at(a, y * fft.pitch), sample_at(a, fft.mirrored[y] * fft.pitch)
        x = 0
        while x < columns:
            store(row, x, load(duplicate, x))
            store(row, side + x, sub(zero, load(duplicate, side + x)))
            x += lanes_of(a)


cdef inline void add_to_row(vec* row, double number, Py_ssize_t n) noexcept nogil:
    """In whole vectors, which a row of a tile holds."""
    cdef Py_ssize_t i = 0
    while i < n:
        store(row, i, add(load(row, i), set1(row, number)))
        i += lanes_of(row)


cdef void load_tile(vec* rows, vec* channel_row, const Call* call, const Fft* fft, Py_ssize_t plane,
                    Py_ssize_t y, Py_ssize_t x, Py_ssize_t height) noexcept nogil:
    """Load the windows of `height` rows of results; the rest of the tile, below and right, is zero."""
    cdef Py_ssize_t r, count = smaller(fft.n, call.width + call.kernel_width - 1 - x)
    cdef Py_ssize_t filled = height + call.kernel_height - 1
    cdef ColumnRange column_range = make_column_range(call, x, x + count)
    for r in range(filled):
        load_row(sample_at(rows, r * fft.pitch), channel_row, call, &column_range,
                 row_start(call, plane, y + r))
        if call.centre:
            add_to_row(sample_at(rows, r * fft.pitch), -call.centre, count)
        memset(sample_at(rows, r * fft.pitch + count), 0, (fft.n - count) * sample_size(rows))
    memset(sample_at(rows, filled * fft.pitch), 0, (fft.n - filled) * fft.pitch * sample_size(rows))


cdef void store_tile(vec* rows, const Call* call, const Fft* fft, Py_ssize_t plane, Py_ssize_t y,
                     Py_ssize_t x, Py_ssize_t height) noexcept nogil:
    cdef Py_ssize_t r, count = smaller(fft.n - call.kernel_width + 1, call.width - x)
    for r in range(height):
        if call.centre:
            add_to_row(sample_at(rows, r * fft.pitch), call.centred, count)
        store_row(sample_at(rows, r * fft.pitch), call, plane, y + r, x, count)


cdef void convolve_tiles(vec* tile, const Fft* fft, Py_ssize_t count, Py_ssize_t filled, const bint alone,
                         const Ahead* ahead) noexcept nogil:
    """Results in place of samples, whose first `filled` columns are not all zeros, down `count` columns.
    Scratch: one more tile."""
    cdef vec* other = sample_at(tile, 2 * fft.n * fft.pitch)
    transform(other, tile, fft, smaller(fft.n, filled))
    transform_and_back(tile, other, fft, count, alone, ahead)
    if alone:
        fill_mirrored(tile, fft, count)
    untransform(tile, fft, count)


include "fft_bound.pxi"


cdef double hold_tile(double* held, Call* call, const double* rows, const Fft* fft,
                      const Tile* t) noexcept nogil:
    """Keep the samples of a tile, rows of which end with HELD_ROOM zeros. Returns the sum of their squares."""
    cdef Py_ssize_t r, i, vector = F64_LANES
    cdef vd squares = vd_set1(0), v
    cdef double total = 0
    call.held, call.held_y, call.held_x, call.held_pitch = held, t.y, t.x, fft.n + HELD_ROOM
    for r in range(t.height + call.kernel_height - 1):
        i = 0
        while i < fft.n:
            v = (<const vd*>(rows + r * fft.pitch + i))[0]
            (<vd*>(held + i))[0] = v
            squares = vd_multiply_add(squares, v, v)
            i += vector
        memset(held + fft.n, 0, HELD_ROOM * sizeof(double))
        held += call.held_pitch
    for i in range(vector):
        total += (<double*>&squares)[i]
    return total


cdef void watch_less(Call* call, double squares) noexcept nogil:
    """The tie tolerance of a pair of tiles, by the norm of its samples, which is mostly less than the largest
    possible one. (The norm's own rounding error is far less than a thousandth.)"""
    call.tie_tolerance = fmax(ldexp(1, -40),
                              call.tie_tolerance - call.spectral * fmax(0, call.norm - 1.001 * sqrt(squares)))


cdef void exact_pair(vec* tile, const Fft* fft, const Tile* left, const Tile* right, const Ahead* ahead,
                     const Desk* desk) noexcept nogil:
    """Store results of integers: those near ties are recomputed."""
    cdef Py_ssize_t side = fft.n * fft.pitch
    cdef vec* im = sample_at(tile, side)
    cdef vec* channel_row = sample_at(tile, 4 * side)
    cdef Call left_job = left.call[0], right_job
    cdef double squares
    load_tile(tile, channel_row, &left_job, fft, left.plane, left.y, left.x, left.height)
    if right == NULL:
        memset(im, 0, side * sample_size(tile))
    else:
        right_job = right.call[0]
        load_tile(im, channel_row, &right_job, fft, right.plane, right.y, right.x, right.height)
    if desk.held != NULL:
        squares = hold_tile(desk.held, &left_job, <double*>tile, fft, left)
        if right != NULL:
            squares += hold_tile(desk.held + held_size(fft), &right_job, <double*>im, fft, right)
            watch_less(&right_job, squares)
        watch_less(&left_job, squares)
    convolve_tiles(tile, fft, left.width, left.width + left_job.kernel_width - 1, right == NULL, ahead)
    store_tile(tile, &left_job, fft, left.plane, left.y, left.x, left.height)
    if right != NULL:
        store_tile(im, &right_job, fft, right.plane, right.y, right.x, right.height)


cdef int tile_pair(vec* tile, Tile* left, Tile* right, const Fft* fft, const Ahead* ahead,
                   Desk* desk) noexcept nogil:
    """Results of a tile and of the other tile of its pair, if there is one: of the same channel or another. Scratch:
    two tiles and a row. Returns the number of failures to get memory."""
    if right.width <= 0:
        right = NULL
    if left.call.dst.type >= F16:
        return bounded_pair(tile, fft, left, right, ahead, desk)
    exact_pair(tile, fft, left, right, ahead, desk)
    return 0


cdef struct Row:
    # Of tiles; pairs of neighbours in this order share a transform.
    Py_ssize_t tiles, channels
    bint mixed      # the other one may be of another channel


cdef Row tile_row(const Call* call, Py_ssize_t across) noexcept nogil:
    """Floats of one channel must not depend on other channels in any bit, so pairs are of one channel. Integers
    are exact anyway."""
    cdef Row row
    row.tiles, row.channels, row.mixed = (call.width + across - 1) // across, call.channels, call.dst.type < F16
    if not row.mixed:
        row.tiles += row.tiles % 2      # one beyond the width
    row.tiles *= call.channels
    return row


cdef inline Py_ssize_t column_of(const Row* row, Py_ssize_t i) noexcept nogil:
    """Which one from the left tile `i` is."""
    return i // row.channels if row.mixed else i // (2 * row.channels) * 2 + i % 2


cdef inline Py_ssize_t channel_of(const Row* row, Py_ssize_t i) noexcept nogil:
    return i % row.channels if row.mixed else i // 2 % row.channels


cdef Ahead next_tiles(const Call* call, const Row* row, Py_ssize_t plane, Py_ssize_t y, Py_ssize_t y1,
                      Py_ssize_t i) noexcept nogil:
    """What the pair after that of tile `i` sees and none before it."""
    cdef Py_ssize_t across = call.fft.n - call.kernel_width + 1
    cdef Py_ssize_t first = column_of(row, i + 1) + 1, last = column_of(row, i + 3)
    cdef Ahead ahead
    if i + 2 >= row.tiles:
        y, first, last = y + call.fft.n - call.kernel_height + 1, 0, column_of(row, 1)
    ahead.call, ahead.plane, ahead.y, ahead.x = call, plane, y, first * across
    ahead.count = smaller((last - first) * across + call.fft.n, call.width + call.kernel_width - 1 - ahead.x)
    if y >= y1 or first > last:
        ahead.count = 0
    return ahead


cdef inline Py_ssize_t held_size(const Fft* fft) noexcept nogil:
    return fft.n * (fft.n + HELD_ROOM)


cdef bint get_desk(vec* kind, Desk* desk, const Call* call, Tile* left, Tile* right) noexcept nogil:
    cdef const Fft* fft = &call.fft
    cdef size_t tiles = tiles_size(kind, fft), held = 0
    cdef size_t bits
    desk.words = fft.n // 64 + 1
    bits = fft.n * desk.words * sizeof(uint64_t)
    desk.wide, desk.wide_memory = NULL, NULL
    if vec is vd:
        # Keeping a tile costs more than it spares where next to no result is in doubt: measured, a fifth of a call
        # for bytes and words.
        held = 2 * held_size(fft) * sizeof(double) if call.tie_tolerance * fft.taps > 0.1 else 0
    desk.memory = <char*>malloc(tiles + 5 * bits + held)
    if desk.memory == NULL:
        return False
    desk.tile = desk.memory + LINE_BYTES - <size_t>desk.memory % LINE_BYTES
    desk.marks = <uint64_t*>(desk.memory + tiles)
    desk.held = <double*>(desk.memory + tiles + 5 * bits) if held else NULL
    left.open, left.bars = desk.marks + fft.n * desk.words, desk.marks + 2 * fft.n * desk.words
    right.open, right.bars = desk.marks + 3 * fft.n * desk.words, desk.marks + 4 * fft.n * desk.words
    return True


cdef void place(Tile* t, const Call* call, const Fft* fft, Py_ssize_t plane, Py_ssize_t y, Py_ssize_t x,
                Py_ssize_t height) noexcept nogil:
    t.call, t.plane, t.y, t.x, t.height = call, plane, y, x, height
    t.width = smaller(fft.n - call.kernel_width + 1, call.width - x)


cdef int fft_band(vec* kind, const Call* whole, Py_ssize_t plane, Py_ssize_t y0,
                  Py_ssize_t y1) noexcept nogil:
    """Output rows y0 .. y1-1; y0 is a tile's first row. Returns the number of failures to get memory."""
    cdef const Fft* fft = &whole.fft
    cdef Call left_job = whole[0], right_job = whole[0]
    cdef Py_ssize_t y = y0, i, height
    cdef Py_ssize_t down = fft.n - whole.kernel_height + 1, across = fft.n - whole.kernel_width + 1
    cdef Tile left, right
    cdef Desk desk
    cdef Row row = tile_row(whole, across)
    cdef Ahead ahead
    cdef int failed = 0
    if not get_desk(kind, &desk, whole, &left, &right):
        return 1
    while y < y1:
        height = smaller(down, y1 - y)
        for i in range(0, row.tiles, 2):
            one_channel(&left_job, whole, channel_of(&row, i))
            one_channel(&right_job, whole, channel_of(&row, i + 1))
            ahead = next_tiles(whole, &row, plane, y, y1, i)
            place(&left, &left_job, fft, plane, y, column_of(&row, i) * across, height)
            place(&right, &right_job, fft, plane, y, column_of(&row, i + 1) * across, height)
            failed += tile_pair(<vec*>desk.tile, &left, &right, fft, &ahead, &desk)
        y += down
    if whole.stream:
        stream_end()
    free(desk.memory)
    free(desk.wide_memory)
    return failed


cdef void one_channel(Call* call, const Call* whole, Py_ssize_t c) noexcept nogil:
    if whole.channels == 1:
        return
    call.channels = 1
    call.fill = whole.fill + c
    call.src.data = whole.src.data + c * whole.src.channel
    call.dst.data = whole.dst.data + c * whole.dst.channel
    call.src.packed = call.dst.packed = False
