# Sparse: a list of taps. Zero taps are not in it, so any kernel, of any shape, costs its non-zero taps.
#
# One output row of 4 vectors: a tap is one broadcast, four loads and four multiply-adds, bound by the
# loads. The chain of each output is that of direct.pxi.

cdef enum:
    SPARSE_VECTORS = 4


cdef inline void sparse_block(lane* out, lane** rows, const Taps* taps, Py_ssize_t x) noexcept nogil:
    cdef Py_ssize_t t, vector = lanes_of(out)
    cdef lane* weights = <lane*>taps.weight
    cdef lane* row
    cdef lane w, a0 = splat(weights, 0), a1 = a0, a2 = a0, a3 = a0
    for t in range(taps.count):
        row = sample_at(rows[taps.row[t]], x + taps.offset[t])
        w = weight(weights, t)
        a0 = fma(a0, w, load(row, 0))
        a1 = fma(a1, w, load(row, vector))
        a2 = fma(a2, w, load(row, 2 * vector))
        a3 = fma(a3, w, load(row, 3 * vector))
    store(out, x, a0)
    store(out, x + vector, a1)
    store(out, x + 2 * vector, a2)
    store(out, x + 3 * vector, a3)


cdef void sparse_row(lane* out, lane** rows, const Taps* taps, Py_ssize_t n) noexcept nogil:
    """One row of `n` sums from `height` window rows. Writes whole blocks, as direct_rows does."""
    cdef Py_ssize_t x = 0, step = SPARSE_VECTORS * lanes_of(out)
    while x < n:
        sparse_block(out, rows, taps, larger(0, smaller(x, n - step)))
        x += step


cdef void sum_rows(lane** out, lane** rows, const Taps* taps, Py_ssize_t n) noexcept nogil:
    """BLOCK_ROWS rows of `n` sums from height + BLOCK_ROWS - 1 window rows, by direct.pxi if it can."""
    cdef Py_ssize_t r
    if taps.dense and taps.height >= 3:
        direct_rows(out, rows, taps, n)
        return
    for r in range(BLOCK_ROWS):
        sparse_row(out[r], rows + r, taps, n)
