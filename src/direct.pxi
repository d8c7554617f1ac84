# Direct: every tap of a kernel without zeros, register-blocked.
#
# A block is 4 output rows of 2 vectors: eight accumulators, enough to hide the latency of two FMAs a
# cycle. Input row iy serves output rows r with 0 <= iy - r < height, so each vector that is loaded is
# used up to four times:
#
#     iy          0 1 2 | 3 .. height-1 | height .. height+2
#     rows r      0 0 0 |       0       |
#                   1 1 |       1       |    1
#                     2 |       2       |    2 2
#                       |       3       |    3 3 3
#
# Each accumulator is one chain of multiply-adds over the taps in row-major order, whatever the block:
# the same bits for any width, band and number of threads, and the same as sparse.pxi.
#
# Dropped: weights padded with zero rows, which need no first and last part but make NaN of 0 * inf;
# plain loops left to the compiler, which reach half of this.

cdef enum:
    BLOCK_ROWS = 4
    BLOCK_VECTORS = 2


cdef inline void direct_row(lane* a0, lane* b0, lane* a1, lane* b1, lane* a2, lane* b2, lane* a3,
                            lane* b3, lane** rows, Py_ssize_t iy, Py_ssize_t x, const Taps* taps,
                            const Py_ssize_t width, const int first, const int last) noexcept nogil:
    """Add input row `iy` to output rows `first` .. `last - 1`.

    The accumulators of output row r are ar and br. They have names because GCC keeps an array of them
    in memory.
    """
    cdef Py_ssize_t kx, step = taps.step
    cdef lane* row = sample_at(rows[iy], x)
    cdef lane* weights = sample_at(<lane*>taps.weight, iy * width)  # those of output row 0
    cdef lane v, u, w
    for kx in range(width):
        v = held(load(row, kx * step))
        u = held(load(row, kx * step + lanes_of(row)))
        if first <= 0:
            w = weight(weights, kx)
            a0[0] = fma(a0[0], w, v)
            b0[0] = fma(b0[0], w, u)
        if first <= 1 and last > 1:
            w = weight(weights, kx - width)
            a1[0] = fma(a1[0], w, v)
            b1[0] = fma(b1[0], w, u)
        if first <= 2 and last > 2:
            w = weight(weights, kx - 2 * width)
            a2[0] = fma(a2[0], w, v)
            b2[0] = fma(b2[0], w, u)
        if last > 3:
            w = weight(weights, kx - 3 * width)
            a3[0] = fma(a3[0], w, v)
            b3[0] = fma(b3[0], w, u)


cdef inline void direct_block(lane** out, lane** rows, const Taps* taps, Py_ssize_t x,
                              const Py_ssize_t height, const Py_ssize_t width) noexcept nogil:
    """One block at sample `x`; height >= 3."""
    cdef lane* weights = <lane*>taps.weight
    cdef lane a0 = splat(weights, 0), b0 = a0, a1 = a0, b1 = a0, a2 = a0, b2 = a0, a3 = a0, b3 = a0
    cdef Py_ssize_t iy, vector = lanes_of(weights)
    # first rows
    direct_row(&a0, &b0, &a1, &b1, &a2, &b2, &a3, &b3, rows, 0, x, taps, width, 0, 1)
    direct_row(&a0, &b0, &a1, &b1, &a2, &b2, &a3, &b3, rows, 1, x, taps, width, 0, 2)
    direct_row(&a0, &b0, &a1, &b1, &a2, &b2, &a3, &b3, rows, 2, x, taps, width, 0, 3)
    # main rows
    for iy in range(3, height):
        direct_row(&a0, &b0, &a1, &b1, &a2, &b2, &a3, &b3, rows, iy, x, taps, width, 0, 4)
    # last rows
    iy = height
    direct_row(&a0, &b0, &a1, &b1, &a2, &b2, &a3, &b3, rows, iy, x, taps, width, 1, 4)
    direct_row(&a0, &b0, &a1, &b1, &a2, &b2, &a3, &b3, rows, iy + 1, x, taps, width, 2, 4)
    direct_row(&a0, &b0, &a1, &b1, &a2, &b2, &a3, &b3, rows, iy + 2, x, taps, width, 3, 4)
    store(out[0], x, a0)
    store(out[0], x + vector, b0)
    store(out[1], x, a1)
    store(out[1], x + vector, b1)
    store(out[2], x, a2)
    store(out[2], x + vector, b2)
    store(out[3], x, a3)
    store(out[3], x + vector, b3)


cdef inline void direct_blocks(lane** out, lane** rows, const Taps* taps, Py_ssize_t n,
                               const Py_ssize_t height, const Py_ssize_t width) noexcept nogil:
    """All blocks of a row. The last one moves back to end with the row, if the row is that long."""
    cdef Py_ssize_t x = 0, step = BLOCK_VECTORS * lanes_of(rows[0])
    while x < n:
        direct_block(out, rows, taps, larger(0, smaller(x, n - step)), height, width)
        x += step


cdef void direct_rows(lane** out, lane** rows, const Taps* taps, Py_ssize_t n) noexcept nogil:
    """BLOCK_ROWS rows of `n` sums from height + 3 window rows. Writes whole blocks: if `n` is less than
    one, up to its end."""
    if taps.height == 3 and taps.width == 3:
        # constants unroll: at nine taps the loop's own work is half of it
        direct_blocks(out, rows, taps, n, 3, 3)
    elif taps.height == 5 and taps.width == 5:
        direct_blocks(out, rows, taps, n, 5, 5)
    else:
        direct_blocks(out, rows, taps, n, taps.height, taps.width)
