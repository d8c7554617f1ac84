# Running: boxes of integers, at a cost that does not depend on their size at all. Integers forgive what
# floats do not: what was added can be taken away again, and sums may wrap on the way.
#
#     columns    sum of the window's rows in each column; the next row is added, the last one taken away
#     prefix     P[i] = columns[i] + P[i - channels]
#     box        P[x + (width - 1) * channels] - P[x - channels]
#
# All in 32 bits, which a box does not exceed (the planner sees to it). A vector's prefix is made by moving it
# up by one pixel and adding, by two, by four ... (Hillis and Steele, Data parallel algorithms, 1986):
#
#     a       b       c       d
#     a       a+b     b+c     c+d                 moved by 1
#     a       a+b     a+b+c   a+b+c+d             moved by 2
#
# The column sums of the border are those of the columns that it repeats.

cdef enum:
    MOVES = 4       # 1, 2, 4 and 8 of 16 lanes

cdef struct Running:
    int32_t* columns        # of the picture, and around them those of the border
    int32_t* prefix         # preceded by one pixel of zeros
    char* fill              # a row of the constant, in the source's type
    char* raw               # a row of the source, if its samples do not lie side by side
    Py_ssize_t first        # where the padded picture begins in `columns`
    Py_ssize_t own          # where the source begins in `columns`, in samples
    Py_ssize_t copies       # column sums of the border, where they stand,
    Py_ssize_t* to
    Py_ssize_t* source      # and of which others they are copies
    int moves
    vi index[MOVES]
    vi keep[MOVES]
    vi last


cdef void make_moves(Running* r, Py_ssize_t channels) noexcept nogil:
    cdef int32_t index[16]
    cdef int32_t keep[16]
    cdef Py_ssize_t i, lanes = F32_LANES, by = channels
    r.moves = 0
    while by < lanes:
        for i in range(lanes):
            index[i] = <int32_t>larger(0, i - by)
            keep[i] = -1 if i >= by else 0
        r.index[r.moves], r.keep[r.moves] = vi_load(index), vi_load(keep)
        r.moves += 1
        by *= 2
    for i in range(lanes):
        index[i] = <int32_t>larger(0, lanes - channels + i % channels)
    r.last = vi_load(index)


cdef void make_prefix(int32_t* prefix, const int32_t* columns, Py_ssize_t n, Py_ssize_t channels,
                      const Running* r) noexcept nogil:
    """`n` samples, in whole vectors. One pixel before them prefixes are 0."""
    cdef Py_ssize_t i = 0
    cdef vi carry = vi_splat(0), v
    cdef int k
    if channels > F32_LANES:
        for i in range(n):
            prefix[i] = columns[i] + prefix[i - channels]
        return
    while i < n:
        v = vi_load(columns + i)
        for k in range(r.moves):
            v = vi_add(v, vi_and(vi_permuted(v, r.index[k]), r.keep[k]))
        v = vi_add(v, carry)
        vi_store(prefix + i, v)
        carry = vi_permuted(v, r.last)
        i += F32_LANES


cdef inline vi integers(const small* p) noexcept nogil:
    """As many pixels as there are lanes, widened."""
    if small is uint8_t:
        return vi_get_u8(p)
    elif small is int8_t:
        return vi_get_i8(p)
    elif small is uint16_t:
        return vi_get_u16(p)
    else:
        return vi_get_i16(p)


cdef void slide_row(int32_t* columns, const small* fresh, const small* stale, Py_ssize_t n) noexcept nogil:
    """Add a row; take one away, if there is one."""
    cdef Py_ssize_t i = 0
    cdef vi v
    while i + F32_LANES <= n:
        v = vi_add(vi_load(columns + i), integers(fresh + i))
        vi_store(columns + i, vi_sub(v, integers(stale + i)) if stale else v)
        i += F32_LANES
    while i < n:
        columns[i] += <int32_t>fresh[i] - (<int32_t>stale[i] if stale else 0)
        i += 1


cdef void slide_type(int32_t* columns, const char* fresh, const char* stale, Py_ssize_t n,
                     int type) noexcept nogil:
    if type == U8:
        slide_row(columns, <const uint8_t*>fresh, <const uint8_t*>stale, n)
    elif type == I8:
        slide_row(columns, <const int8_t*>fresh, <const int8_t*>stale, n)
    elif type == U16:
        slide_row(columns, <const uint16_t*>fresh, <const uint16_t*>stale, n)
    else:
        slide_row(columns, <const int16_t*>fresh, <const int16_t*>stale, n)


cdef const char* whole_row(const Running* r, char* raw, const Job* job, Py_ssize_t plane,
                           Py_ssize_t y) noexcept nogil:
    """All of a row of the source: in place, or gathered to `raw`."""
    cdef Py_ssize_t c, row = job.rows[y]
    cdef const char* src = job.src.data + plane * job.src.plane + row * job.src.row
    if row < 0:
        return r.fill
    if job.src.packed:
        return src
    for c in range(job.channels):
        copy_strided(raw + c * job.src.size, job.channels * job.src.size, src + c * job.src.channel,
                     job.src.pixel, job.source_width, job.src.size)
    if job.src.swapped:
        swap_bytes(raw, job.source_width * job.channels, job.src.size)
    return raw


cdef void list_border(Running* r, const Job* job) noexcept nogil:
    """Which column sums those of the border are copies of; the constant's stand at the very beginning."""
    cdef Py_ssize_t i, c, x, channels = job.channels
    r.copies = 0
    for i in range(job.width + job.kernel_width - 1):
        if job.inner_begin <= i and i < job.inner_end:
            continue
        x = job.cols[i]
        for c in range(channels):
            r.to[r.copies] = r.first + i * channels + c
            r.source[r.copies] = c if x < 0 else r.own + x * channels + c
            r.copies += 1


cdef void border_columns(const Running* r) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(r.copies):
        r.columns[r.to[i]] = r.columns[r.source[i]]


cdef inline unsigned int divided(vi* sums, vi divisor, vf inverse) noexcept nogil:
    """Sums to quotients, rounded to the nearest; in bits, which are ties. A float32 quotient is off by one
    at the most, which its remainder tells."""
    cdef vi q = vf_to_vi(vf_mul(vi_to_vf(sums[0]), inverse))
    cdef vi twice = vi_sub(sums[0], vi_mul(q, divisor))
    twice = vi_add(twice, twice)
    sums[0] = vi_nearer(q, twice, divisor)
    return vi_ties(twice, divisor)


cdef inline void put_integers(small* dst, vi v, const Job* job) noexcept nogil:
    v = vi_limited(v, vi_splat(<int32_t>job.low), vi_splat(<int32_t>job.high))
    if sizeof(small) == 1:
        vi_put_8(dst, v)
    else:
        vi_put_16(dst, v)


cdef inline void whole_results(small* dst, const Running* r, const Job* job, Py_ssize_t plane,
                               Py_ssize_t y) noexcept nogil:
    """Boxes from the prefixes of a row, divided by a whole number, to pixels that lie side by side; at least
    as many as lanes. Ties are left to the definition, which may have rounded them on the way."""
    cdef Py_ssize_t i = 0, x, n = job.width * job.channels
    cdef const int32_t* after = r.prefix + job.kernel_width * job.channels
    cdef vi divisor = vi_splat(<int32_t>job.divisor), v
    cdef vf inverse = vf_splat(1 / <float>job.divisor)
    cdef unsigned int doubt
    cdef Place at
    at.plane, at.y, at.x = plane, y, 0
    while i < n:    # the last vector moves back to end with the row
        x = smaller(i, n - F32_LANES)
        v = vi_sub(vi_load(after + x), vi_load(r.prefix + x))
        doubt = divided(&v, divisor, inverse)
        put_integers(dst + x, v, job)
        if doubt:
            settle(dst + x, x, doubt, job, &at)
        i += F32_LANES


cdef void results(lane* kind, const Running* r, const Job* job, Py_ssize_t plane,
                  Py_ssize_t y) noexcept nogil:
    cdef char* dst = job.dst.data + plane * job.dst.plane + y * job.dst.row
    cdef bint whole = job.divisor and job.dst.packed and job.width * job.channels >= F32_LANES
    if whole and job.dst.type == U8:
        whole_results(<uint8_t*>dst, r, job, plane, y)
    elif whole and job.dst.type == I8:
        whole_results(<int8_t*>dst, r, job, plane, y)
    elif whole and job.dst.type == U16:
        whole_results(<uint16_t*>dst, r, job, plane, y)
    elif whole and job.dst.type == I16:
        whole_results(<int16_t*>dst, r, job, plane, y)
    else:
        scaled_results(kind, r, job, plane, y)


cdef void scaled_results(lane* kind, const Running* r, const Job* job, Py_ssize_t plane,
                         Py_ssize_t y) noexcept nogil:
    """Boxes from the prefixes of a row, scaled, to pixels; so many at a time as a small array holds."""
    cdef double memory[GATHER]
    cdef lane* sums = <lane*>memory
    cdef Py_ssize_t i, x = 0, count, many = larger(1, (GATHER - 16) // job.channels)
    cdef Py_ssize_t channels = job.channels, window = job.kernel_width * channels
    cdef const int32_t* p = r.prefix
    while x < job.width:
        count = smaller(many, job.width - x)
        i = 0
        while i < count * channels:
            # prefix[-1 pixel] is 0, and prefix begins with it
            scaled_difference(sample_at(sums, i), p + window + i, p + i, job.scale)
            i += F32_LANES
        store_row(sums, job, plane, y, x, count)
        p += count * channels
        x += count


cdef inline void scaled_difference(lane* to, const int32_t* a, const int32_t* b, double scale) noexcept nogil:
    """As many (a - b) * scale as vectors of integers have lanes."""
    cdef int32_t k[16]
    cdef vi d = vi_sub(vi_load(a), vi_load(b))
    if lane is vf:
        store(to, 0, vf_mul(vi_to_vf(d), vf_splat(<float>scale)))
    else:
        vi_store(k, d)
        store(to, 0, mul(vi_half(to, k), splat(to, scale)))
        store(to, F64_LANES, mul(vi_half(to, k + F64_LANES), splat(to, scale)))


cdef inline lane vi_half(lane* kind, const int32_t* k) noexcept nogil:
    """As many integers as there are lanes."""
    if lane is vd:
        return vd_get_i32(k)
    elif lane is vs:
        return vs_get_i32(k)
    else:
        return vf_splat(0)


cdef int running_band(lane* kind, const Job* job, Py_ssize_t plane, Py_ssize_t y0,
                      Py_ssize_t y1) noexcept nogil:
    """Output rows y0 .. y1-1. Returns the number of failures to get memory."""
    cdef Running r
    cdef Py_ssize_t channels = job.channels, own = job.source_width * channels, y, k
    cdef Py_ssize_t padded = (job.width + job.kernel_width - 1) * channels
    cdef Py_ssize_t before = (larger(0, job.before) + 1) * channels
    cdef Py_ssize_t size = before + own + padded + 64
    cdef char* memory = <char*>calloc(2 * padded * sizeof(Py_ssize_t) + 2 * size * sizeof(int32_t)
                                      + 3 * (own + 64) * job.src.size, 1)
    cdef const char* stale
    cdef char* raw
    if memory == NULL:
        return 1
    r.to = <Py_ssize_t*>memory
    r.source = r.to + padded
    r.columns = <int32_t*>(r.source + padded)
    r.prefix = r.columns + size
    r.fill = <char*>(r.prefix + size)
    raw = r.fill + (own + 64) * job.src.size
    r.own = before
    r.first = before - job.before * channels
    make_moves(&r, channels)
    fill_constant(r.fill, job)
    list_border(&r, job)
    for k in range(channels):
        r.columns[k] = <int32_t>(job.fill[k] * job.kernel_height)
    for k in range(job.kernel_height - 1):
        slide_type(r.columns + r.own, whole_row(&r, raw, job, plane, y0 + k), NULL, own, job.src.type)
    for y in range(y0, y1):
        stale = whole_row(&r, raw + (own + 64) * job.src.size, job, plane, y - 1) if y > y0 else NULL
        slide_type(r.columns + r.own, whole_row(&r, raw, job, plane, y + job.kernel_height - 1), stale, own,
                   job.src.type)
        border_columns(&r)
        make_prefix(r.prefix + channels, r.columns + r.first, padded, channels, &r)
        results(kind, &r, job, plane, y)
    free(memory)
    return 0


cdef void fill_constant(char* row, const Job* job) noexcept nogil:
    """A row of the source's type full of the constant, which fits it."""
    cdef Py_ssize_t i, c
    for i in range(job.source_width):
        for c in range(job.channels):
            if job.src.size == 1:
                (<int8_t*>row)[i * job.channels + c] = <int8_t><int>job.fill[c]
            else:
                (<int16_t*>row)[i * job.channels + c] = <int16_t><int>job.fill[c]
