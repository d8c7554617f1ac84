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


cdef inline void direct_taps(lane* acc, lane* row, lane* weights, Py_ssize_t width, Py_ssize_t step,
                             const int first, const int last) noexcept nogil:
    """Add one input row to output rows `first` .. `last - 1`; `weights` is at this row's for r = 0."""
    cdef Py_ssize_t kx
    cdef int r
    cdef lane v0, v1, w
    for kx in range(width):
        v0 = load(row, kx * step)
        v1 = load(row, kx * step + lanes_of(row))
        for r in range(BLOCK_ROWS):
            if first <= r and r < last:
                w = weight(weights, kx - r * width)
                acc[2 * r] = fma(acc[2 * r], w, v0)
                acc[2 * r + 1] = fma(acc[2 * r + 1], w, v1)


cdef inline void direct_block(lane** out, lane** rows, const Taps* taps, Py_ssize_t x,
                              const Py_ssize_t height, const Py_ssize_t width) noexcept nogil:
    """One block at sample `x`; height >= 3."""
    cdef lane acc[BLOCK_ROWS * BLOCK_VECTORS]
    cdef lane* weights = <lane*>taps.weight
    cdef Py_ssize_t iy, step = taps.step
    cdef int r
    for r in range(BLOCK_ROWS * BLOCK_VECTORS):
        acc[r] = splat(weights, 0)
    # first rows
    direct_taps(acc, sample_at(rows[0], x), weights, width, step, 0, 1)
    direct_taps(acc, sample_at(rows[1], x), sample_at(weights, width), width, step, 0, 2)
    direct_taps(acc, sample_at(rows[2], x), sample_at(weights, 2 * width), width, step, 0, 3)
    # main rows
    for iy in range(3, height):
        direct_taps(acc, sample_at(rows[iy], x), sample_at(weights, iy * width), width, step, 0, 4)
    # last rows
    weights = sample_at(weights, height * width)
    direct_taps(acc, sample_at(rows[height], x), weights, width, step, 1, 4)
    direct_taps(acc, sample_at(rows[height + 1], x), sample_at(weights, width), width, step, 2, 4)
    direct_taps(acc, sample_at(rows[height + 2], x), sample_at(weights, 2 * width), width, step, 3, 4)
    for r in range(BLOCK_ROWS):
        store(out[r], x, acc[2 * r])
        store(out[r], x + lanes_of(weights), acc[2 * r + 1])


cdef void direct_rows(lane** out, lane** rows, const Taps* taps, Py_ssize_t n) noexcept nogil:
    """BLOCK_ROWS rows of `n` sums from height + 3 window rows. Writes whole blocks: up to
    BLOCK_VECTORS vectors more than `n`."""
    cdef Py_ssize_t x = 0, step = BLOCK_VECTORS * lanes_of(rows[0])
    if taps.height == 3 and taps.width == 3:
        # constants unroll: at nine taps the loop's own work is half of it
        while x < n:
            direct_block(out, rows, taps, x, 3, 3)
            x += step
        return
    while x < n:
        direct_block(out, rows, taps, x, taps.height, taps.width)
        x += step
