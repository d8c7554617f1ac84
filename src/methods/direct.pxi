# Direct: every tap of a kernel without zeros, register-blocked.
#
# A block is 4 output rows of `vectors` vectors, 2 or 4: as many accumulators as there are registers for,
# and enough to hide the latency of two multiply-adds a cycle. Input row iy serves output rows r with
# 0 <= iy - r < height, so each vector that is loaded is used up to four times:
#
#     iy          0 1 2 | 3 .. height-1 | height .. height+2
#     rows r      0 0 0 |       0       |
#                   1 1 |       1       |    1
#                     2 |       2       |    2 2
#                       |       3       |    3 3 3
#
# Loads, which straddle cache lines, and weights, which are broadcast from memory, take the same ports. With 2
# vectors these ports are the bottleneck from 5 x 5 on, with 4 the multiply-adds are.
#
# Each accumulator is one chain of multiply-adds over the taps in row-major order, whatever the block: the
# same bits for any width, band and number of threads, and the same as sparse.pxi.
#
# Tried and dropped: kernels padded with rows of zeros, which need no first and last part, but 0 * inf is NaN;
# plain loops, of which compilers make half of this speed; constant widths of 7 and 9, which spill registers.

cdef enum:
    BLOCK_ROWS = 4


cdef inline void begin_block(vec* acc, double start) noexcept nogil:
    """16 accumulators, of which a block of 2 vectors uses every other pair."""
    cdef vec first = set1(acc, start)
    acc[0] = acc[1] = acc[2] = acc[3] = acc[4] = acc[5] = acc[6] = acc[7] = first
    acc[8] = acc[9] = acc[10] = acc[11] = acc[12] = acc[13] = acc[14] = acc[15] = first


cdef inline void load_vectors(vec* v, vec* row, const int vectors) noexcept nogil:
    v[0] = keep_in_register(load(row, 0))
    v[1] = keep_in_register(load(row, lanes_of(row)))
    if vectors == 4:
        v[2] = keep_in_register(load(row, 2 * lanes_of(row)))
        v[3] = keep_in_register(load(row, 3 * lanes_of(row)))


cdef inline void store_vectors(vec* row, vec* acc, const int vectors) noexcept nogil:
    store(row, 0, acc[0])
    store(row, lanes_of(row), acc[1])
    if vectors == 4:
        store(row, 2 * lanes_of(row), acc[2])
        store(row, 3 * lanes_of(row), acc[3])


cdef inline void block_step(vec* acc, vec w, vec* v, const int vectors) noexcept nogil:
    """Add w times the loaded vectors to the sums of one output row.

    `acc` and `v` are arrays whose indices are all constants, so that the compiler makes registers of them.
    """
    acc[0] = multiply_add(acc[0], w, v[0])
    acc[1] = multiply_add(acc[1], w, v[1])
    if vectors == 4:
        acc[2] = multiply_add(acc[2], w, v[2])
        acc[3] = multiply_add(acc[3], w, v[3])


cdef inline void direct_row(vec* acc, vec** rows, Py_ssize_t iy, Py_ssize_t x, const Taps* taps,
                            const Py_ssize_t width, const int first, const int last,
                            const int vectors) noexcept nogil:
    """Add input row `iy` to output rows `first` .. `last - 1`."""
    cdef Py_ssize_t kx, step = taps.step
    cdef vec* row = sample_at(rows[iy], x)
    cdef vec* weights = sample_at(<vec*>taps.weight, iy * width)  # those of output row 0
    cdef vec v[4]
    for kx in range(width):
        load_vectors(v, sample_at(row, kx * step), vectors)
        if first <= 0:
            block_step(acc, weight(weights, kx), v, vectors)
        if first <= 1 and last > 1:
            block_step(acc + 4, weight(weights, kx - width), v, vectors)
        if first <= 2 and last > 2:
            block_step(acc + 8, weight(weights, kx - 2 * width), v, vectors)
        if last > 3:
            block_step(acc + 12, weight(weights, kx - 3 * width), v, vectors)


cdef inline void direct_block(vec** out, vec** rows, const Taps* taps, Py_ssize_t x,
                              const Py_ssize_t height, const Py_ssize_t width,
                              const int vectors) noexcept nogil:
    """One block at sample `x`; height >= 3."""
    cdef Py_ssize_t iy
    cdef vec acc[16]
    begin_block(acc, taps.start)
    # first rows
    direct_row(acc, rows, 0, x, taps, width, 0, 1, vectors)
    direct_row(acc, rows, 1, x, taps, width, 0, 2, vectors)
    direct_row(acc, rows, 2, x, taps, width, 0, 3, vectors)
    # main rows
    for iy in range(3, height):
        direct_row(acc, rows, iy, x, taps, width, 0, 4, vectors)
    # last rows
    direct_row(acc, rows, height, x, taps, width, 1, 4, vectors)
    direct_row(acc, rows, height + 1, x, taps, width, 2, 4, vectors)
    direct_row(acc, rows, height + 2, x, taps, width, 3, 4, vectors)
    store_vectors(sample_at(out[0], x), acc, vectors)
    store_vectors(sample_at(out[1], x), acc + 4, vectors)
    store_vectors(sample_at(out[2], x), acc + 8, vectors)
    store_vectors(sample_at(out[3], x), acc + 12, vectors)


cdef inline void direct_blocks(vec** out, vec** rows, const Taps* taps, Py_ssize_t n,
                               const Py_ssize_t height, const Py_ssize_t width) noexcept nogil:
    """All blocks of a row: long ones, and a short one if that is enough for the rest. The last one
    moves back to end with the row, if the row is that long."""
    cdef Py_ssize_t x = 0, vector = lanes_of(rows[0])
    if BLOCK_VECTORS == 4 and n >= 4 * vector:
        while x < n - 2 * vector:
            direct_block(out, rows, taps, larger(0, smaller(x, n - 4 * vector)), height, width, 4)
            x += 4 * vector
    while x < n:
        direct_block(out, rows, taps, larger(0, smaller(x, n - 2 * vector)), height, width, 2)
        x += 2 * vector


cdef void direct_rows(vec** out, vec** rows, const Taps* taps, Py_ssize_t n) noexcept nogil:
    """BLOCK_ROWS rows of `n` sums from height + 3 window rows. Writes whole blocks: if `n` is less than
    one, up to its end."""
    if taps.height == 3 and taps.width == 3:
        # constants unroll: at nine taps the loop's own work is half of it
        direct_blocks(out, rows, taps, n, 3, 3)
    elif vec is not vs and VECTOR_BYTES >= 32 and taps.height == 5 and taps.width == 5:
        # strict products, or narrower vectors, would spill, and take twice as long
        direct_blocks(out, rows, taps, n, 5, 5)
    else:
        direct_blocks(out, rows, taps, n, taps.height, taps.width)
