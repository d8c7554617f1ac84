# Sparse: lists of taps. Zero taps are not in them, so any kernel, of any shape, costs its non-zero taps.
#
# Blocks of four rows are as in direct.pxi, but go through a list of steps: a step is a place in the window, which
# is loaded once, and the taps of the four output rows that fall on it:
#
#     kernel  . 1 .      place (iy, kx) of the window    taps of output rows 0 1 2 3
#             1 1 1      (1, 1)                                 1 1 . .
#             . 1 .      (2, 1)                                 1 1 1 .
#
# Each step has a bit for each output row that has a tap there. Steps of the same bits, one after the other, share
# one branch. Kernels of one row are a list of single taps. Loads are their bottleneck, and loads that straddle cache
# lines count twice: if vectors can be shifted, every other tap of a row without gaps takes its samples from the
# vectors of the tap before.
#
# The sum of each output is the same chain of multiply-adds as in direct.pxi.
#
# A kernel of few zeros is first summed as in direct.pxi, with its zeros: 5 x 5 of 20 taps took some 5 % (512 x 512) to
# 20 % (1024 x 1024) less than by its steps. The products with zeros change no sum, unless a sample is infinite or NaN.
# That makes a NaN, and then the rows are summed again by their steps.


cdef inline void step_run(vec* acc, vec** rows, const Taps* taps, Py_ssize_t x, Py_ssize_t t, Py_ssize_t end,
                          const int first, const int last, const int vectors) noexcept nogil:
    """Add steps `t` .. `end - 1`, which all have taps of output rows `first` .. `last - 1`."""
    cdef vec* weights = sample_at(<vec*>taps.step_weight, 4 * t)
    cdef vec v[4]
    for t in range(t, end):
        load_vectors(v, sample_at(rows[taps.step_row[t]], x + taps.step_offset[t]), vectors)
        if first <= 0:
            block_step(acc, weight(weights, 0), v, vectors)
        if first <= 1 and last > 1:
            block_step(acc + 4, weight(weights, 1), v, vectors)
        if first <= 2 and last > 2:
            block_step(acc + 8, weight(weights, 2), v, vectors)
        if last > 3:
            block_step(acc + 12, weight(weights, 3), v, vectors)
        weights = sample_at(weights, 4)


cdef inline void step_bits(vec* acc, vec** rows, const Taps* taps, Py_ssize_t x, Py_ssize_t t, Py_ssize_t end,
                           const int vectors) noexcept nogil:
    """The same of any output rows, a branch for each of them in each step."""
    cdef vec* weights = sample_at(<vec*>taps.step_weight, 4 * t)
    cdef int mask
    cdef vec v[4]
    for t in range(t, end):
        mask = taps.step_mask[t]
        load_vectors(v, sample_at(rows[taps.step_row[t]], x + taps.step_offset[t]), vectors)
        if mask & 1:
            block_step(acc, weight(weights, 0), v, vectors)
        if mask & 2:
            block_step(acc + 4, weight(weights, 1), v, vectors)
        if mask & 4:
            block_step(acc + 8, weight(weights, 2), v, vectors)
        if mask & 8:
            block_step(acc + 12, weight(weights, 3), v, vectors)
        weights = sample_at(weights, 4)


cdef inline void sparse_block(vec** out, vec** rows, const Taps* taps, Py_ssize_t x,
                              const int vectors) noexcept nogil:
    cdef Py_ssize_t t = 0, end
    cdef int mask
    cdef vec acc[16]
    begin_block(acc, taps.start)
    if taps.short_runs:     # as of a cross, for which a branch for each run takes a sixth longer
        step_bits(acc, rows, taps, x, t, taps.steps, vectors)
        t = taps.steps
    while t < taps.steps:
        end, mask = t + taps.step_run[t], taps.step_mask[t]
        if mask == 15:
            step_run(acc, rows, taps, x, t, end, 0, 4, vectors)
        elif mask == 1:
            step_run(acc, rows, taps, x, t, end, 0, 1, vectors)
        elif mask == 3:
            step_run(acc, rows, taps, x, t, end, 0, 2, vectors)
        elif mask == 7:
            step_run(acc, rows, taps, x, t, end, 0, 3, vectors)
        elif mask == 6:
            step_run(acc, rows, taps, x, t, end, 1, 3, vectors)
        elif mask == 14:
            step_run(acc, rows, taps, x, t, end, 1, 4, vectors)
        elif mask == 12:
            step_run(acc, rows, taps, x, t, end, 2, 4, vectors)
        elif mask == 8:
            step_run(acc, rows, taps, x, t, end, 3, 4, vectors)
        else:
            step_bits(acc, rows, taps, x, t, end, vectors)
        t = end
    store_vectors(sample_at(out[0], x), acc, vectors)
    store_vectors(sample_at(out[1], x), acc + 4, vectors)
    store_vectors(sample_at(out[2], x), acc + 8, vectors)
    store_vectors(sample_at(out[3], x), acc + 12, vectors)


cdef void sparse_rows(vec** out, vec** rows, const Taps* taps, Py_ssize_t n) noexcept nogil:
    """BLOCK_ROWS rows of `n` sums from height + 3 window rows, in blocks as direct_rows."""
    cdef Py_ssize_t x = 0, vector = lanes_of(rows[0])
    if BLOCK_VECTORS == 4 and n >= 4 * vector:
        while x < n - 2 * vector:
            sparse_block(out, rows, taps, larger(0, smaller(x, n - 4 * vector)), 4)
            x += 4 * vector
    while x < n:
        sparse_block(out, rows, taps, larger(0, smaller(x, n - 2 * vector)), 2)
        x += 2 * vector


cdef inline void row_block(vec* out, vec* row, const Taps* taps, const vi* steps,
                           const int vectors) noexcept nogil:
    cdef Py_ssize_t t = 0
    cdef vec* weights = <vec*>taps.weight
    cdef vec v[4]
    cdef vec acc[16]
    if vec is not vs and taps.folded:
        fold_row_block(out, row, taps, steps, vectors)
        return
    begin_block(acc, taps.start)
    while PERMUTES_TWO and t < taps.pairs:
        load_vectors(v, sample_at(row, taps.offset[t]), vectors)
        block_step(acc, weight(weights, t), v, vectors)
        shift_vectors(v, v, sample_at(row, taps.offset[t + 1]), steps[1], vectors)
        block_step(acc, weight(weights, t + 1), v, vectors)
        t += 2
    while t < taps.count:
        load_vectors(v, sample_at(row, taps.offset[t]), vectors)
        block_step(acc, weight(weights, t), v, vectors)
        t += 1
    store_vectors(out, acc, vectors)


cdef void sparse_row(vec* out, vec* row, const Taps* taps, Py_ssize_t n) noexcept nogil:
    """One row of `n` sums, for a kernel of one row, in blocks as direct_rows."""
    cdef Py_ssize_t at, x = 0, vector = lanes_of(out)
    cdef vi steps[4]
    for at in range(1, 4):
        steps[at] = vi_iota(<int>(at * taps.step))
    if n >= 4 * vector:
        while x < n - 2 * vector:
            at = smaller(x, n - 4 * vector)
            row_block(sample_at(out, at), sample_at(row, at), taps, steps, 4)
            x += 4 * vector
    while x < n:
        at = larger(0, smaller(x, n - 2 * vector))
        row_block(sample_at(out, at), sample_at(row, at), taps, steps, 2)
        x += 2 * vector


cdef bint any_not_finite(vec** rows, Py_ssize_t n) noexcept nogil:
    """Whether any of BLOCK_ROWS rows of sums is infinite or NaN, whose product with zero is not zero."""
    cdef Py_ssize_t at, x = 0, vector = lanes_of(rows[0])
    cdef int i
    cdef vec zero = set1(rows[0], 0)
    cdef vec acc[4]
    acc[0] = acc[1] = acc[2] = acc[3] = zero
    while x < n:
        at = larger(0, smaller(x, n - vector))
        acc[0] = multiply_add(acc[0], zero, load(rows[0], at))
        acc[1] = multiply_add(acc[1], zero, load(rows[1], at))
        acc[2] = multiply_add(acc[2], zero, load(rows[2], at))
        acc[3] = multiply_add(acc[3], zero, load(rows[3], at))
        x += vector
    acc[0] = add(add(acc[0], acc[1]), add(acc[2], acc[3]))
    for i in range(<int>vector):
        if vec is vf:
            if (<float*>acc)[i] != 0:
                return True
        elif (<double*>acc)[i] != 0:
            return True
    return False


cdef void sum_rows(vec** out, vec** rows, const Taps* taps, Py_ssize_t n) noexcept nogil:
    """BLOCK_ROWS rows of `n` sums from height + BLOCK_ROWS - 1 window rows: symmetric, direct or sparse."""
    cdef Py_ssize_t r
    if vec is not vs and taps.folded:
        fold_rows(out, rows, taps, n)
    elif taps.dense and taps.height >= 3:
        direct_rows(out, rows, taps, n)
    elif taps.filled:
        direct_rows(out, rows, taps, n)
        if any_not_finite(out, n):
            sparse_rows(out, rows, taps, n)
    elif taps.height > 1:
        sparse_rows(out, rows, taps, n)
    else:
        for r in range(BLOCK_ROWS):
            sparse_row(out[r], rows[r], taps, n)
