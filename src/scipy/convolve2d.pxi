# The sums of scipy.signal's convolve2d and correlate2d, to the last bit.
#
# SciPy takes the taps of a kernel row in quads: four products are added to each other, and then to the sum. The
# remaining taps follow one by one. Products and sums are not fused, taps of zero count, and a convolution goes
# through the window backwards.

cdef inline void add_products(vec* acc, vec* rows, vec w) noexcept nogil:
    """acc + w * row, product and sum rounded apart in every lane type."""
    cdef vec v[4]
    load_vectors(v, rows, 4)
    acc[0], acc[1] = add(acc[0], mul(v[0], w)), add(acc[1], mul(v[1], w))
    acc[2], acc[3] = add(acc[2], mul(v[2], w)), add(acc[3], mul(v[3], w))


cdef inline void quads_block(vec* out, vec** rows, const Taps* taps, Py_ssize_t x, const Py_ssize_t height,
                             const Py_ssize_t width, bint backwards) noexcept nogil:
    cdef Py_ssize_t ky, kx, k, step = -taps.step if backwards else taps.step
    cdef vec* weights = <vec*>taps.weight
    cdef vec* row
    cdef vec acc[16]
    cdef vec quad[4]
    cdef vec w
    begin_block(acc, 0)
    for ky in range(height):
        if backwards:
            row = sample_at(rows[height - 1 - ky], x + (width - 1) * taps.step)
        else:
            row = sample_at(rows[ky], x)
        kx = 0
        while kx + 4 <= width:
            load_vectors(quad, sample_at(row, kx * step), 4)
            w = weight(weights, kx)
            quad[0], quad[1] = mul(quad[0], w), mul(quad[1], w)
            quad[2], quad[3] = mul(quad[2], w), mul(quad[3], w)
            for k in range(kx + 1, kx + 4):
                add_products(quad, sample_at(row, k * step), weight(weights, k))
            acc[0], acc[1] = add(acc[0], quad[0]), add(acc[1], quad[1])
            acc[2], acc[3] = add(acc[2], quad[2]), add(acc[3], quad[3])
            kx += 4
        while kx < width:
            add_products(acc, sample_at(row, kx * step), weight(weights, kx))
            kx += 1
        weights = sample_at(weights, width)
    store_vectors(sample_at(out, x), acc, 4)


cdef void quads_row(vec* out, vec** rows, const Taps* taps, Py_ssize_t n, bint backwards) noexcept nogil:
    """A row of `n` sums. Writes whole blocks: if `n` is less than one, up to its end."""
    cdef Py_ssize_t x = 0, at, block = 4 * lanes_of(out)
    while x < n:
        at = larger(0, smaller(x, n - block))
        if taps.height == 3 and taps.width == 3:
            quads_block(out, rows, taps, at, 3, 3, backwards)
        else:
            quads_block(out, rows, taps, at, taps.height, taps.width, backwards)
        x += block


cdef int make_quads(vec* kind, Taps* taps, const Facts* kernel, Py_ssize_t step) except -1:
    """All weights, in the order in which they are summed."""
    cdef Py_ssize_t i, n = kernel.height * kernel.width
    taps.height, taps.width, taps.step = kernel.height, kernel.width, step
    taps.weight = get_memory(n, sizeof(double))
    for i in range(n):
        set_sample(<vec*>taps.weight, i, kernel.weights[i])
    return 0
