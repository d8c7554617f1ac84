# Sliding box: boxes of integers, at a cost that does not depend on their size. Unlike floats, integers that were
# added can be subtracted again without an error, and intermediate sums may wrap around.
#
#     columns    sum of the window's rows in each column; the next row is added, the last one taken away
#     boxes      B[i] = B[i - channels] + columns[i] - columns[i - width * channels]
#
# All sums are of 32 bits, which no box exceeds (the planner checks it). The differences in a vector are added up
# by shifting it by one pixel and adding, by two, by four ... (Hillis and Steele, Data parallel algorithms, 1986);
# then the last box of the vector before is added to all:
#
#     a       b       c       d
#     a       a+b     b+c     c+d                 shifted by 1
#     a       a+b     a+b+c   a+b+c+d             shifted by 2
#
# The column sums of the border are those of the columns that it repeats. The sums before the first column are 0;
# they stand in a row of their own, since other columns may precede the first in memory.
#
# Quotients by a small divisor that become bytes are computed in float32; others are corrected by their remainder.

cdef enum:
    MOVES = 4       # 1, 2, 4 and 8 of 16 lanes

cdef struct Running:
    int32_t* columns        # of the picture, and around them those of the border
    int32_t* boxes          # of the padded picture: each where its window ends
    int32_t* lead           # what stands before the first columns, and then some of these
    char* fill              # a row of the constant, in the source's type
    char* pixels            # a row of the result, if its samples do not lie side by side, or are few
    Py_ssize_t first        # where the padded picture begins in `columns`
    Py_ssize_t own          # where the source begins in `columns`, in samples
    Py_ssize_t copies       # column sums of the border, where they stand,
    Py_ssize_t* to
    Py_ssize_t* source      # and of which others they are copies
    bint even               # whether whole pixels fill a vector
    int moves
    vi index[MOVES]
    vi keep[MOVES]
    vi last
    vi rest                 # moves what is left of a row from the end of a vector to its beginning
    vi rest_keep


cdef void make_moves(Running* r, Py_ssize_t channels) noexcept nogil:
    cdef int32_t index[16]
    cdef int32_t keep[16]
    cdef Py_ssize_t i, lanes = F32_LANES, by = channels
    r.moves = 0
    r.even = lanes % channels == 0
    while by < lanes:
        for i in range(lanes):
            # of zeros and the vector after them, or of the vector alone
            index[i] = <int32_t>(lanes + i - by if PERMUTES_TWO else larger(0, i - by))
            keep[i] = -1 if i >= by else 0
        r.index[r.moves], r.keep[r.moves] = vi_load(index), vi_load(keep)
        r.moves += 1
        by *= 2
    for i in range(lanes):
        index[i] = <int32_t>larger(0, lanes - channels + i % channels)
    r.last = vi_load(index)


cdef void make_rest(Running* r, Py_ssize_t count) noexcept nogil:
    cdef int32_t index[16]
    cdef int32_t keep[16]
    cdef Py_ssize_t i, lanes = F32_LANES
    for i in range(lanes):
        index[i] = <int32_t>smaller(lanes - 1, lanes - count + i)
        keep[i] = -1 if i < count else 0
    r.rest, r.rest_keep = vi_load(index), vi_load(keep)


cdef inline char* aligned(char* p) noexcept nogil:
    """The first place from `p` on where a cache line begins."""
    return p + (LINE_BYTES - <size_t>p % LINE_BYTES) % LINE_BYTES


cdef inline vi moved_up(vi v, vi index, vi keep) noexcept nogil:
    if PERMUTES_TWO:
        return vi_permute2(vi_set1(0), v, index)
    else:
        return vi_and(vi_permute(v, index), keep)


cdef inline vi add_up(int32_t* boxes, const int32_t* incoming, const int32_t* outgoing, Py_ssize_t n,
                      vi carry, const Running* r, const int moves) noexcept nogil:
    """`n` boxes, in whole vectors, from the columns that enter and the columns that leave. Takes and returns the
    last boxes before. If whole pixels fill a vector, the differences are added up first, so that only one
    addition waits for the vector before."""
    cdef Py_ssize_t i = 0
    cdef int k
    cdef vi v, last = r.last
    cdef vi index[MOVES]    # a copy stays in registers; the original might alias `boxes`
    cdef vi keep[MOVES]
    for k in range(moves):
        index[k], keep[k] = r.index[k], r.keep[k]
    while i < n:
        v = vi_sub(vi_load(incoming + i), vi_load(outgoing + i))
        for k in range(moves):
            v = vi_add(v, moved_up(v, index[k], keep[k]))
        v = vi_keep_in_register(v)
        vi_store(boxes + i, vi_add(v, carry))
        if r.even:
            carry = vi_add(carry, vi_permute(v, last))
        else:
            carry = vi_permute(vi_add(v, carry), last)
        i += F32_LANES
    return carry


cdef inline void add_all_up(Running* r, Py_ssize_t n, Py_ssize_t window, const int moves) noexcept nogil:
    cdef const int32_t* columns = r.columns + r.first
    cdef Py_ssize_t head = (window + F32_LANES - 1) // F32_LANES * F32_LANES
    cdef vi carry = add_up(r.boxes, columns, r.lead, head, vi_set1(0), r, moves)
    add_up(r.boxes + head, columns + head, columns + head - window, n - head, carry, r, moves)


cdef void make_boxes(Running* r, Py_ssize_t n, Py_ssize_t window, Py_ssize_t channels) noexcept nogil:
    """Boxes of `n` columns. The first boxes see less than a window and are not used."""
    cdef Py_ssize_t i
    cdef const int32_t* columns = r.columns + r.first
    if channels > F32_LANES:
        for i in range(n):
            r.boxes[i] = (columns[i] - (columns[i - window] if i >= window else 0)
                          + (r.boxes[i - channels] if i >= channels else 0))
        return
    vi_store(r.lead + window, vi_load(columns))
    if r.moves == 4:
        add_all_up(r, n, window, 4)
    elif r.moves == 3:
        add_all_up(r, n, window, 3)
    elif r.moves == 2:
        add_all_up(r, n, window, 2)
    elif r.moves == 1:
        add_all_up(r, n, window, 1)
    else:
        add_all_up(r, n, window, 0)


cdef inline vi integers(const small* p) noexcept nogil:
    """As many pixels as there are lanes, widened."""
    if small is uint8_t:
        return vi_widen_u8(p)
    elif small is int8_t:
        return vi_widen_i8(p)
    elif small is uint16_t:
        return vi_widen_u16(p)
    else:
        return vi_widen_i16(p)


cdef inline vi change(const small* incoming, const small* outgoing) noexcept nogil:
    return vi_sub(integers(incoming), integers(outgoing)) if outgoing else integers(incoming)


cdef void slide_row(const Running* r, const small* incoming, const small* outgoing,
                    Py_ssize_t n) noexcept nogil:
    """Add a row, and subtract another if there is one. The last vector is read where it ends with the row; its
    samples that were added before are left out."""
    cdef Py_ssize_t i = 0
    cdef int32_t* columns = r.columns + r.own
    cdef vi v
    while i + F32_LANES <= n:
        v = change(incoming + i, outgoing + i if outgoing else NULL)
        vi_store(columns + i, vi_add(vi_load(columns + i), v))
        i += F32_LANES
    if i < n and n >= F32_LANES:
        v = change(incoming + n - F32_LANES, outgoing + n - F32_LANES if outgoing else NULL)
        v = vi_and(vi_permute(v, r.rest), r.rest_keep)
        vi_store(columns + i, vi_add(vi_load(columns + i), v))
        return
    while i < n:
        columns[i] += <int32_t>incoming[i] - (<int32_t>outgoing[i] if outgoing else 0)
        i += 1


cdef void slide_type(const Running* r, const char* incoming, const char* outgoing, Py_ssize_t n,
                     int type) noexcept nogil:
    if type == U8:
        slide_row(r, <const uint8_t*>incoming, <const uint8_t*>outgoing, n)
    elif type == I8:
        slide_row(r, <const int8_t*>incoming, <const int8_t*>outgoing, n)
    elif type == U16:
        slide_row(r, <const uint16_t*>incoming, <const uint16_t*>outgoing, n)
    else:
        slide_row(r, <const int16_t*>incoming, <const int16_t*>outgoing, n)


cdef const char* whole_row(const Running* r, char* raw, const Call* call, Py_ssize_t plane,
                           Py_ssize_t y) noexcept nogil:
    """A whole row of the source: in place, or gathered to `raw`."""
    cdef Py_ssize_t c, row = row_index(call, y)
    cdef const char* src = call.src.data + plane * call.src.plane + row * call.src.row
    if row < 0:
        return r.fill
    if call.src.packed:
        return src
    for c in range(call.channels):
        copy_strided(raw + c * call.src.size, call.channels * call.src.size, src + c * call.src.channel,
                     call.src.pixel, call.source_width, call.src.size)
    if call.src.swapped:
        swap_bytes(raw, call.source_width * call.channels, call.src.size)
    return raw


cdef void list_border(Running* r, const Call* call) noexcept nogil:
    """List which column sums the border's are copies of; the constant's stand at the beginning."""
    cdef Py_ssize_t i, c, x, channels = call.channels
    r.copies = 0
    for i in range(call.width + call.kernel_width - 1):
        if call.inner_begin <= i and i < call.inner_end:
            continue
        x = col_index(call, i)
        for c in range(channels):
            r.to[r.copies] = r.first + i * channels + c
            r.source[r.copies] = c if x < 0 else r.own + x * channels + c
            r.copies += 1


cdef void border_columns(const Running* r) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(r.copies):
        r.columns[r.to[i]] = r.columns[r.source[i]]


cdef inline vi divided(vi sums, vi divisor, vf inverse) noexcept nogil:
    """Quotients, rounded half to even. In float32 they are off by one at most. Twice the remainder, compared with
    the divisor, corrects them; with the divisor less one if the quotient is odd, so that ties go to even."""
    cdef vi q = vf_to_vi(vf_mul(vi_to_vf(sums), inverse))
    cdef vi rest = vi_sub(sums, vi_mul(q, divisor))
    return vi_step_quotient(q, vi_add(rest, rest), vi_sub(divisor, vi_and(q, vi_set1(1))))


cdef inline void put_quotients(small* dst, vi sums, vi divisor, vf inverse, double low,
                               double high) noexcept nogil:
    sums = vi_clamp(divided(sums, divisor, inverse), vi_set1(<int32_t>low), vi_set1(<int32_t>high))
    if sizeof(small) == 1:
        vi_narrow_8(dst, sums)
    else:
        vi_narrow_16(dst, sums)


cdef inline void divide_boxes(small* dst, const int32_t* boxes, const Call* call, const bint bytes_,
                              const bint ties) noexcept nogil:
    """Boxes, divided, to pixels that lie side by side, or to the first of a vector of them."""
    cdef Py_ssize_t i = 0, x, n = call.width * call.channels
    cdef vi divisor = vi_set1(<int32_t>call.divisor)
    cdef vf inverse = vf_set1(1 / <float>call.divisor), t
    cdef double low = call.low, high = call.high  # copies stay in registers; `dst` might alias `call`
    cdef float number = <float>call.divisor
    while i < n:    # the last vector moves back to end with the row
        x = larger(0, smaller(i, n - F32_LANES))
        if bytes_:
            t = byte_quotients(vi_load(boxes + x), number, ties)
            vf_narrow_8(dst + x, vf_round(vf_clamp(t, vf_set1(<float>low), vf_set1(<float>high))))
        else:
            put_quotients(dst + x, vi_load(boxes + x), divisor, inverse, low, high)
        i += F32_LANES


cdef void divided_results(char* dst, const int32_t* boxes, const Call* call) noexcept nogil:
    if call.dst.type == U8 and call.divisor >= BYTE_DIVISOR:
        divide_boxes(<uint8_t*>dst, boxes, call, False, False)
    elif call.dst.type == U8 and has_ties(call.divisor):
        divide_boxes(<uint8_t*>dst, boxes, call, True, True)
    elif call.dst.type == U8:
        divide_boxes(<uint8_t*>dst, boxes, call, True, False)
    elif call.dst.type == I8:
        divide_boxes(<int8_t*>dst, boxes, call, False, False)
    elif call.dst.type == U16:
        divide_boxes(<uint16_t*>dst, boxes, call, False, False)
    else:
        divide_boxes(<int16_t*>dst, boxes, call, False, False)


cdef void results(vec* kind, const Running* r, const Call* call, Py_ssize_t plane,
                  Py_ssize_t y) noexcept nogil:
    cdef const int32_t* boxes = r.boxes + (call.kernel_width - 1) * call.channels
    if vec is not vf or not call.divisor or call.scale != 1 or call.changed:
        scaled_results(kind, boxes, call, plane, y)
    elif call.dst.packed and call.width * call.channels >= F32_LANES:
        divided_results(call.dst.data + plane * call.dst.plane + y * call.dst.row, boxes, call)
    else:
        divided_results(r.pixels, boxes, call)
        store_row(<vb*>r.pixels, call, plane, y, 0, call.width)


cdef void scaled_results(vec* kind, const int32_t* boxes, const Call* call, Py_ssize_t plane,
                         Py_ssize_t y) noexcept nogil:
    """Boxes, scaled, to pixels; so many at a time as a small array holds."""
    cdef double memory[GATHER]
    cdef vec* sums = <vec*>memory
    cdef Py_ssize_t i, x = 0, count, many = larger(1, (GATHER - 16) // call.channels)
    while x < call.width:
        count = smaller(many, call.width - x)
        i = 0
        while i < count * call.channels:
            put_scaled(sample_at(sums, i), boxes + x * call.channels + i, call.scale)
            i += F32_LANES
        store_row(sums, call, plane, y, x, count)
        x += count


cdef inline void put_scaled(vec* to, const int32_t* boxes, double scale) noexcept nogil:
    """As many boxes as vectors of integers have lanes, times `scale`."""
    if vec is vf:
        store(to, 0, vf_mul(vi_to_vf(vi_load(boxes)), vf_set1(<float>scale)))
    else:
        store(to, 0, mul(vi_half(to, boxes), set1(to, scale)))
        store(to, F64_LANES, mul(vi_half(to, boxes + F64_LANES), set1(to, scale)))


cdef inline vec vi_half(vec* kind, const int32_t* k) noexcept nogil:
    """As many integers as there are lanes."""
    if vec is vd:
        return vd_widen_i32(k)
    elif vec is vs:
        return vs_widen_i32(k)
    else:
        return vf_set1(0)


cdef int running_band(vec* kind, const Call* call, Py_ssize_t plane, Py_ssize_t y0,
                      Py_ssize_t y1) noexcept nogil:
    """Output rows y0 .. y1-1. Returns the number of failures to get memory."""
    cdef Running r
    cdef Py_ssize_t channels = call.channels, own = call.source_width * channels, y, k
    cdef Py_ssize_t padded = (call.width + call.kernel_width - 1) * channels
    cdef Py_ssize_t before = (larger(0, call.before) + 1) * channels
    cdef Py_ssize_t size = before + own + padded + 64, window = call.kernel_width * channels
    cdef char* memory = <char*>calloc(2 * padded * sizeof(Py_ssize_t)
                                      + (size + padded + window + 128) * sizeof(int32_t) + 2 * LINE_BYTES
                                      + 3 * (own + 64) * call.src.size
                                      + (call.width * channels + 64) * call.dst.size, 1)
    cdef const char* outgoing
    cdef char* raw
    if memory == NULL:
        return 1
    r.to = <Py_ssize_t*>memory
    r.source = r.to + padded
    # what is stored stands aligned: the source's columns, and boxes
    r.columns = <int32_t*>aligned(<char*>(<int32_t*>(r.source + padded) + before)) - before
    r.boxes = <int32_t*>aligned(<char*>(r.columns + size))
    r.lead = r.boxes + padded + 64
    r.fill = <char*>(r.lead + window + 64)
    raw = r.fill + (own + 64) * call.src.size
    r.pixels = raw + 2 * (own + 64) * call.src.size
    r.own = before
    r.first = before - call.before * channels
    make_moves(&r, channels)
    make_rest(&r, own % F32_LANES)
    fill_constant(r.fill, call)
    list_border(&r, call)
    for k in range(channels):
        r.columns[k] = <int32_t>(call.fill[k] * call.kernel_height)
    for k in range(call.kernel_height - 1):
        slide_type(&r, whole_row(&r, raw, call, plane, y0 + k), NULL, own, call.src.type)
    for y in range(y0, y1):
        outgoing = whole_row(&r, raw + (own + 64) * call.src.size, call, plane, y - 1) if y > y0 else NULL
        slide_type(&r, whole_row(&r, raw, call, plane, y + call.kernel_height - 1), outgoing, own,
                   call.src.type)
        border_columns(&r)
        make_boxes(&r, padded, window, channels)
        results(kind, &r, call, plane, y)
    free(memory)
    return 0


cdef void fill_constant(char* row, const Call* call) noexcept nogil:
    """A row of the source's type full of the constant, which fits it."""
    cdef Py_ssize_t i, c
    for i in range(call.source_width):
        for c in range(call.channels):
            if call.src.size == 1:
                (<int8_t*>row)[i * call.channels + c] = <int8_t><int>call.fill[c]
            else:
                (<int16_t*>row)[i * call.channels + c] = <int16_t><int>call.fill[c]
