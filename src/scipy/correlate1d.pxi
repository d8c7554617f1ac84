# Filters along axes, one or two at a time: scipy.ndimage's correlate1d, to its last bit.
#
# SciPy filters an array along one axis after the other, and stores the intermediate array in the result's type. Here
# the second filter follows the first row by row; the intermediate row stays in the cache, and is rounded as that
# array would be:
#
#     DOWN_FIRST      window of rows -> down -> rounded -> across -> store
#     ACROSS_FIRST    row -> across -> rounded -> window of rows -> down -> store
#     ADDED           window of rows -> down -> rounded
#                     its middle row -> across -> rounded      -> their sum -> store
#
# The border of the second filter extends the intermediate row. If it repeats pixels, filtering the repeated pixels
# of the source gives the same values; a constant is put in afterwards.
#
# Sums are SciPy's: it begins with the middle tap, if the weights are even or odd about it, and adds the
# others in pairs,
#
#     x[0] * w[0] + (x[-2] +- x[2]) * w[-2] + (x[-1] +- x[1]) * w[-1]
#
# else with the last tap. Multiplications and additions are not fused. A lane holds one pixel, so vectors do not
# change the order.

cdef inline void pair_vectors(vec* v, vec* u, const int kind) noexcept nogil:
    if kind == EVEN:
        v[0], v[1] = add(v[0], u[0]), add(v[1], u[1])
        v[2], v[3] = add(v[2], u[2]), add(v[3], u[3])
    else:
        v[0], v[1] = sub(v[0], u[0]), sub(v[1], u[1])
        v[2], v[3] = sub(v[2], u[2]), sub(v[3], u[3])


cdef inline void line_block(vec* out, vec** taps, const Line* line, Py_ssize_t x, const Py_ssize_t size,
                            const int kind) noexcept nogil:
    """Four vectors of sums; sample x of tap t is taps[t][x]."""
    cdef Py_ssize_t t, last = size - 1, first = size // 2 if kind != LIST else last
    cdef vec* weights = <vec*>line.weight
    cdef vec w = weight(weights, first)
    cdef vec acc[4]
    cdef vec v[4]
    cdef vec u[4]
    load_vectors(v, sample_at(taps[first], x), 4)
    acc[0], acc[1], acc[2], acc[3] = mul(v[0], w), mul(v[1], w), mul(v[2], w), mul(v[3], w)
    for t in range(first):
        load_vectors(v, sample_at(taps[t], x), 4)
        if kind != LIST:
            load_vectors(u, sample_at(taps[last - t], x), 4)
            pair_vectors(v, u, kind)
        block_step(acc, weight(weights, t), v, 4)
    store_vectors(sample_at(out, x), acc, 4)


cdef inline void line_two(vec* upper, vec* lower, vec** rows, const Line* line, Py_ssize_t x,
                          const Py_ssize_t size, const int kind, const int vectors) noexcept nogil:
    """Sums of two rows, one below the other, of an even or odd filter: all rows but the outermost two are
    loaded once for both.

        upper    0 1 2 . . . n-1        row t + 1 of the upper window is row t of the lower
        lower      0 1 2 . . . n-1
    """
    cdef Py_ssize_t t, last = size - 1, middle = size // 2
    cdef vec* weights = <vec*>line.weight
    cdef vec w = weight(weights, middle)
    cdef vec acc[4]
    cdef vec below[4]
    cdef vec before[4]
    cdef vec before_below[4]
    cdef vec after[4]
    cdef vec after_below[4]
    load_vectors(acc, sample_at(rows[middle], x), vectors)
    load_vectors(below, sample_at(rows[middle + 1], x), vectors)
    scale_vectors(acc, w, vectors)
    scale_vectors(below, w, vectors)
    load_vectors(before, sample_at(rows[0], x), vectors)
    load_vectors(after_below, sample_at(rows[last + 1], x), vectors)
    for t in range(middle):
        w = weight(weights, t)
        load_vectors(before_below, sample_at(rows[t + 1], x), vectors)
        load_vectors(after, sample_at(rows[last - t], x), vectors)
        add_pair(acc, before, after, w, kind, vectors)
        add_pair(below, before_below, after_below, w, kind, vectors)
        copy_vectors(before, before_below, vectors)
        copy_vectors(after_below, after, vectors)
    store_vectors(sample_at(upper, x), acc, vectors)
    store_vectors(sample_at(lower, x), below, vectors)


cdef inline void scale_vectors(vec* v, vec w, const int vectors) noexcept nogil:
    v[0], v[1] = mul(v[0], w), mul(v[1], w)
    if vectors == 4:
        v[2], v[3] = mul(v[2], w), mul(v[3], w)


cdef inline void copy_vectors(vec* to, vec* v, const int vectors) noexcept nogil:
    to[0], to[1] = v[0], v[1]
    if vectors == 4:
        to[2], to[3] = v[2], v[3]


cdef inline void add_pair(vec* acc, vec* before, vec* after, vec w, const int kind,
                          const int vectors) noexcept nogil:
    if kind == EVEN:
        acc[0] = multiply_add(acc[0], w, add(before[0], after[0]))
        acc[1] = multiply_add(acc[1], w, add(before[1], after[1]))
        if vectors == 4:
            acc[2] = multiply_add(acc[2], w, add(before[2], after[2]))
            acc[3] = multiply_add(acc[3], w, add(before[3], after[3]))
    else:
        acc[0] = multiply_add(acc[0], w, sub(before[0], after[0]))
        acc[1] = multiply_add(acc[1], w, sub(before[1], after[1]))
        if vectors == 4:
            acc[2] = multiply_add(acc[2], w, sub(before[2], after[2]))
            acc[3] = multiply_add(acc[3], w, sub(before[3], after[3]))


cdef inline void line_blocks(vec* out, vec** taps, const Line* line, Py_ssize_t n, const Py_ssize_t size,
                             const int kind) noexcept nogil:
    cdef Py_ssize_t x = 0, block = 4 * lanes_of(out)
    while x < n:    # the last block moves back to end with the row, if that is long enough
        line_block(out, taps, line, larger(0, smaller(x, n - block)), size, kind)
        x += block


cdef inline void line_two_blocks(vec** out, vec** rows, const Line* line, Py_ssize_t n,
                                 const Py_ssize_t size, const int kind) noexcept nogil:
    cdef Py_ssize_t x = 0, block = BLOCK_VECTORS * lanes_of(out[0])
    while x < n:
        line_two(out[0], out[1], rows, line, larger(0, smaller(x, n - block)), size, kind, BLOCK_VECTORS)
        x += block


cdef void line_row(vec* out, vec** taps, const Line* line, Py_ssize_t n) noexcept nogil:
    """A row of `n` sums. Writes whole blocks: if `n` is less than one, up to its end."""
    if line.kind == EVEN:
        line_blocks(out, taps, line, n, line.size, EVEN)
    elif line.kind == ODD:
        line_blocks(out, taps, line, n, line.size, ODD)
    else:
        line_blocks(out, taps, line, n, line.size, LIST)


cdef void line_rows(vec** out, vec** rows, const Line* line, Py_ssize_t n) noexcept nogil:
    """Two rows of `n` sums, the window of the second of which begins with rows[1]."""
    if line.kind == EVEN and line.size == 3:
        line_two_blocks(out, rows, line, n, 3, EVEN)
    elif line.kind == EVEN and line.size > 1:
        line_two_blocks(out, rows, line, n, line.size, EVEN)
    elif line.kind == ODD and line.size == 3:
        line_two_blocks(out, rows, line, n, 3, ODD)
    elif line.kind == ODD and line.size > 1:
        line_two_blocks(out, rows, line, n, line.size, ODD)
    else:
        line_row(out[0], rows, line, n)
        line_row(out[1], rows + 1, line, n)


cdef void line_across(vec* out, vec* row, vec** taps, const Call* call, Py_ssize_t n) noexcept nogil:
    """`n` sums along a row; `taps` has room for pointers."""
    cdef Py_ssize_t t
    for t in range(call.along.size):
        taps[t] = sample_at(row, t * call.channels)
    line_row(out, taps, &call.along, n)


cdef void settle_row(vec* row, void* bytes_, const Call* call, Py_ssize_t n) noexcept nogil:
    """Round `n` sums as the result's type does; `bytes_` is scratch of as many samples."""
    if call.dst.type == F64 or (vec is vf and call.dst.type == F32):
        return
    narrow(<char*>bytes_, row, 0, n, call, NULL)   # casts have no ties
    widen(row, 0, <char*>bytes_, call.dst.type, n)


cdef void put_constants(vec* row, const Call* call, Py_ssize_t begin, Py_ssize_t end) noexcept nogil:
    """The constant in padded columns `begin` .. `end - 1`, of a row that begins with the first of them."""
    cdef Py_ssize_t i = begin
    if call.cols.border != FC_CONSTANT:
        return
    while i < end:
        if i == call.inner_begin:    # from there on to inner_end nothing is
            i = larger(i, smaller(end, call.inner_end))
            if i == end:
                break
        if col_index(call, i) < 0:
            fill_pixels(sample_at(row, (i - begin) * call.channels), call, 1)
        i += 1


cdef vec* lines_window_row(vec* buffer, Scratch* s, const Call* call, const Strip* strip, Py_ssize_t plane,
                           Py_ssize_t y) noexcept nogil:
    """Row `y` of the padded picture as the window wants it."""
    cdef Py_ssize_t n = strip.count * call.channels
    cdef vec* raw
    if call.order != ACROSS_FIRST:
        return source_row(buffer, s, call, strip, plane, y)
    if row_index(call, smaller(y, call.height + call.kernel_height - 2)) < 0:
        fill_pixels(buffer, call, strip.count)
        return buffer
    raw = source_row(<vec*>s.raw, s, call, strip, plane, y)
    line_across(buffer, raw, <vec**>s.taps, call, n)
    settle_row(buffer, s.channel_row, call, n)
    return buffer


cdef void two_lines(vec** out, vec** rows, Scratch* s, const Call* call, const Strip* strip,
                    Py_ssize_t count) noexcept nogil:
    """Two rows of sums from the rows of their windows, or at least the first if `count` is 1."""
    cdef Py_ssize_t r, n = strip.count * call.channels
    cdef Py_ssize_t pixels = strip.count + call.kernel_width - 1, m = pixels * call.channels
    cdef vec* mid[2]
    mid[0], mid[1] = <vec*>s.raw, <vec*>s.next_raw
    if call.order == ADDED:
        for r in range(count):
            added_lines(out[r], rows + r, s, call, n)
    elif call.order == ACROSS_FIRST or call.along.kind == NOTHING:
        line_rows(out, rows, &call.down, n)
    elif call.down.kind == NOTHING:
        for r in range(count):
            line_across(out[r], rows[r], <vec**>s.taps, call, n)
    else:
        line_rows(mid, rows, &call.down, m)
        for r in range(count):
            settle_row(mid[r], s.channel_row, call, m)
            put_constants(mid[r], call, strip.first, strip.first + pixels)
            line_across(out[r], mid[r], <vec**>s.taps, call, n)


cdef void added_lines(vec* out, vec** rows, Scratch* s, const Call* call, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    cdef vec* mid = <vec*>s.raw
    line_across(mid, rows[call.kernel_height // 2], <vec**>s.taps, call, n)
    settle_row(mid, s.channel_row, call, n)
    for i in range(call.down.size):
        (<vec**>s.taps)[i] = sample_at(rows[i], call.kernel_width // 2 * call.channels)
    line_row(out, <vec**>s.taps, &call.down, n)
    settle_row(out, s.channel_row, call, n)
    i = 0
    while i < n:
        store(out, i, add(load(out, i), load(mid, i)))
        i += lanes_of(out)


cdef int make_line(vec* kind, Line* line, const double* weights, Py_ssize_t size, int how) except -1:
    """Weights of one axis; one that is not filtered has none. Of a mean only the size matters."""
    cdef Py_ssize_t i
    line.kind, line.size, line.weight = how, 0 if how == NOTHING else size, NULL
    if how != NOTHING:
        line.weight = get_memory(size, sizeof(double))
        for i in range(size):
            set_sample(<vec*>line.weight, i, weights[i])
    return 0


cdef int make_lines(vec* kind, Call* call, const Proposal* p) except -1:
    """One or two filters along axes."""
    call.order, call.history = p.line_order, p.history
    make_line(kind, &call.down, p.down, p.height, p.down_kind)
    make_line(kind, &call.along, p.across, p.width, p.across_kind)
    return 0
