# Symmetric lines of a separable kernel. Two samples at the same distance from the middle are added before they
# are multiplied, the outermost first:
#
#     w0 * (x0 + x8) + w1 * (x1 + x7) + w2 * (x2 + x6) + w3 * (x3 + x5) + w4 * x4
#
# Additions have ports of their own, so half of the time is saved where multiply-adds are the bottleneck. Across
# rows loads are: four taps of a side share one load, or two if three steps exceed a vector. Down a column the rows
# of a block stay in registers if there are enough of these; a column of more than 9 taps walks through its rows
# from both ends, and each addition loads one vector for two outputs.
#
# Samples must have a known bound: the sum of two large floats may be infinite where their mean is not.

cdef enum:
    FOLD_HEIGHT = 9


cdef inline void add_vectors(vec* sums, vec* a, vec* b, const int vectors) noexcept nogil:
    sums[0] = add(a[0], b[0])
    sums[1] = add(a[1], b[1])
    if vectors == 4:
        sums[2] = add(a[2], b[2])
        sums[3] = add(a[3], b[3])


cdef inline void shift_vectors(vec* v, vec* base, vec* row, vi count, const int vectors) noexcept nogil:
    """What load_vectors gives at `row`, which lies a shift after `base`: all vectors but the last are shifted
    together from those loaded at `base`."""
    v[0] = permute2(base[0], base[1], count)
    if vectors == 4:
        v[1] = permute2(base[1], base[2], count)
        v[2] = permute2(base[2], base[3], count)
    v[vectors - 1] = keep_in_register(load(row, (vectors - 1) * lanes_of(row)))


cdef inline void fold_step(vec* acc, vec w, vec* left, vec* right, const int vectors) noexcept nogil:
    cdef vec sums[4]
    add_vectors(sums, left, right, vectors)
    block_step(acc, w, sums, vectors)


cdef inline void fold_group(vec* acc, vec* row, const Taps* taps, Py_ssize_t t, const vi* steps,
                            const int count, const int vectors) noexcept nogil:
    """Add `count` taps from t on, 2 or 4, each with the tap opposite to it."""
    cdef Py_ssize_t step = taps.step, last = count - 1
    cdef vec* weights = sample_at(<vec*>taps.weight, t)
    cdef vec* a = sample_at(row, taps.offset[t])
    cdef vec* b = sample_at(row, taps.offset[taps.count - count - t])
    cdef vec left[4]
    cdef vec right[4]
    cdef vec near[4]
    cdef vec far[4]
    load_vectors(left, a, vectors)
    load_vectors(right, b, vectors)
    shift_vectors(far, right, sample_at(b, last * step), steps[last], vectors)
    fold_step(acc, weight(weights, 0), left, far, vectors)
    if count == 4:
        shift_vectors(near, left, sample_at(a, step), steps[1], vectors)
        shift_vectors(far, right, sample_at(b, 2 * step), steps[2], vectors)
        fold_step(acc, weight(weights, 1), near, far, vectors)
        shift_vectors(near, left, sample_at(a, 2 * step), steps[2], vectors)
        shift_vectors(far, right, sample_at(b, step), steps[1], vectors)
        fold_step(acc, weight(weights, 2), near, far, vectors)
    shift_vectors(near, left, sample_at(a, last * step), steps[last], vectors)
    fold_step(acc, weight(weights, last), near, right, vectors)


cdef inline void fold_row_block(vec* out, vec* row, const Taps* taps, const vi* steps,
                                const int vectors) noexcept nogil:
    cdef Py_ssize_t t = 0, last = taps.count - 1
    cdef vec* weights = <vec*>taps.weight
    cdef vec left[4]
    cdef vec right[4]
    cdef vec acc[16]
    begin_block(acc, taps.start)
    while PERMUTES_TWO and taps.shifts_by_three and t + 3 < taps.count // 2:
        fold_group(acc, row, taps, t, steps, 4, vectors)
        t += 4
    while PERMUTES_TWO and taps.pairs and t + 1 < taps.count // 2:
        fold_group(acc, row, taps, t, steps, 2, vectors)
        t += 2
    while t < taps.count // 2:
        load_vectors(left, sample_at(row, taps.offset[t]), vectors)
        load_vectors(right, sample_at(row, taps.offset[last - t]), vectors)
        fold_step(acc, weight(weights, t), left, right, vectors)
        t += 1
    if taps.count % 2:
        load_vectors(left, sample_at(row, taps.offset[t]), vectors)
        block_step(acc, weight(weights, t), left, vectors)
    store_vectors(out, acc, vectors)


cdef inline void fold_block(vec** out, vec** rows, vec* weights, double start, Py_ssize_t x,
                            const Py_ssize_t height) noexcept nogil:
    """Four rows of one vector."""
    cdef Py_ssize_t i, r, t
    cdef vec v[FOLD_HEIGHT + 3]
    cdef vec acc
    for i in range(height + 3):
        v[i] = keep_in_register(load(rows[i], x))
    for r in range(4):
        acc = set1(v, start)
        for t in range(height // 2):
            acc = multiply_add(acc, weights[t], add(v[r + t], v[r + height - 1 - t]))
        store(out[r], x, multiply_add(acc, weights[height // 2], v[r + height // 2]))


cdef inline void fold_blocks(vec** out, vec** rows, const Taps* taps, Py_ssize_t n,
                             const Py_ssize_t height) noexcept nogil:
    """All blocks of a row. The last one moves back to end with the row, if the row is that long."""
    cdef Py_ssize_t t, x = 0, vector = lanes_of(rows[0])
    cdef vec weights[FOLD_HEIGHT]   # stay in registers: loads are the bottleneck
    for t in range(height // 2 + 1):
        weights[t] = keep_in_register(weight(<vec*>taps.weight, t))
    while x < n:
        fold_block(out, rows, weights, taps.start, larger(0, smaller(x, n - vector)), height)
        x += vector


cdef inline void tall_block(vec** out, vec** rows, const Taps* taps, Py_ssize_t x,
                            const int vectors) noexcept nogil:
    """Four rows of one vector or two, of a column of any height. From one tap to the next the four samples on
    either side move by a row, so that only one of them is new:

        tap      left of rows 0 1 2 3     right
        t        t     .. t + 3           h - 1 - t .. h + 2 - t
        t + 1    t + 1 .. t + 4           h - 2 - t .. h + 1 - t
    """
    cdef Py_ssize_t t, half = taps.height // 2, last = taps.height - 1
    cdef int i, r
    cdef vec w
    cdef vec left[8]
    cdef vec right[8]
    cdef vec acc[8]
    for i in range(vectors):
        for r in range(4):
            left[4 * i + r] = keep_in_register(load(rows[r], x + i * lanes_of(rows[0])))
            right[4 * i + r] = keep_in_register(load(rows[last + r], x + i * lanes_of(rows[0])))
            acc[4 * i + r] = set1(left, taps.start)
    for t in range(half):
        w = weight(<vec*>taps.weight, t)
        for i in range(vectors):
            for r in range(4):
                acc[4 * i + r] = multiply_add(acc[4 * i + r], w, add(left[4 * i + r], right[4 * i + r]))
            left[4 * i] = left[4 * i + 1]
            left[4 * i + 1] = left[4 * i + 2]
            left[4 * i + 2] = left[4 * i + 3]
            left[4 * i + 3] = keep_in_register(load(rows[t + 4], x + i * lanes_of(rows[0])))
            right[4 * i + 3] = right[4 * i + 2]
            right[4 * i + 2] = right[4 * i + 1]
            right[4 * i + 1] = right[4 * i]
            right[4 * i] = keep_in_register(load(rows[last - 1 - t], x + i * lanes_of(rows[0])))
    for i in range(vectors):
        for r in range(4):
            if taps.height % 2:
                acc[4 * i + r] = multiply_add(acc[4 * i + r], weight(<vec*>taps.weight, half),
                                              left[4 * i + r])
            store(out[r], x + i * lanes_of(rows[0]), acc[4 * i + r])


cdef inline void tall_blocks(vec** out, vec** rows, const Taps* taps, Py_ssize_t n) noexcept nogil:
    """All blocks of a row. The last one moves back to end with the row, if the row is that long."""
    cdef Py_ssize_t x = 0, vector = lanes_of(rows[0])
    if VECTOR_BYTES == 64 and n >= 2 * vector:   # registers for two
        while x < n:
            tall_block(out, rows, taps, smaller(x, n - 2 * vector), 2)
            x += 2 * vector
    while x < n:
        tall_block(out, rows, taps, larger(0, smaller(x, n - vector)), 1)
        x += vector


cdef void fold_rows(vec** out, vec** rows, const Taps* taps, Py_ssize_t n) noexcept nogil:
    """BLOCK_ROWS rows of `n` sums of a folded column from height + 3 window rows."""
    if taps.height == 3:
        fold_blocks(out, rows, taps, n, 3)
    elif taps.height == 5:
        fold_blocks(out, rows, taps, n, 5)
    elif taps.height == 7:
        fold_blocks(out, rows, taps, n, 7)
    elif taps.height == 9:
        fold_blocks(out, rows, taps, n, 9)
    else:
        tall_blocks(out, rows, taps, n)
