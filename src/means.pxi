# Means: scipy.ndimage's uniform filters, down and across, to the last bit.
#
# SciPy adds the samples of the first window one after the other, and from then on what comes in less what goes
# out; a mean is the sum divided by the size. Where sums are rounded, so is all that follows in the line: a band
# in the middle of a picture of floats goes through the rows above it first, adding but not dividing.
#
#     down      total[x] += fresh[x] - stale[x]; vectors of columns
#     across    change[x] = row[x + size] - row[x] in vectors, then sums of changes from left to right:
#               LINES_TOGETHER rows at a time, for the next addition of a row waits for the last one
#
# Where both are asked for, rows that came down are rounded to the result's type and go across.

cdef enum:
    LINES_TOGETHER = 8

cdef struct Means:
    void* total
    void* fresh
    void* stale
    void* spare
    void* rows[LINES_TOGETHER]      # on their way across
    void* sums[LINES_TOGETHER]


cdef void add_row(lane* total, lane* row, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i = 0
    while i < n:
        store(total, i, add(load(total, i), load(row, i)))
        i += lanes_of(total)


cdef void slide_means(lane* means, lane* total, lane* fresh, lane* stale, Py_ssize_t size,
                      Py_ssize_t n) noexcept nogil:
    """To the next row; the sums are divided if there is a row for means."""
    cdef Py_ssize_t i = 0
    cdef lane v, divisor = splat(total, size)
    while i < n:
        v = add(load(total, i), sub(load(fresh, i), load(stale, i)))
        store(total, i, v)
        if means:
            store(means, i, div(v, divisor))
        i += lanes_of(total)


cdef void divide_row(lane* means, lane* total, Py_ssize_t size, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i = 0
    cdef lane divisor = splat(total, size)
    while i < n:
        store(means, i, div(load(total, i), divisor))
        i += lanes_of(total)


cdef void mean_down(lane* means, Means* m, const Job* job, Py_ssize_t plane, Py_ssize_t y, bint first,
                    Py_ssize_t n) noexcept nogil:
    """Row `y` from the row before, or `first` of all from nothing; only sums if there is no row for means."""
    cdef Py_ssize_t t, size = job.down.size, pixels = n // job.channels
    cdef lane* total = <lane*>m.total
    cdef lane* fresh = <lane*>m.fresh
    cdef lane* stale = <lane*>m.stale
    if first:
        memset(total, 0, n * sample_size(total))
        for t in range(size):
            load_row(fresh, <lane*>m.spare, job, plane, y + t, 0, pixels)
            add_row(total, fresh, n)
        if means:
            divide_row(means, total, size, n)
        return
    load_row(fresh, <lane*>m.spare, job, plane, y + size - 1, 0, pixels)
    load_row(stale, <lane*>m.spare, job, plane, y - 1, 0, pixels)
    slide_means(means, total, fresh, stale, size, n)


cdef inline void sum_together(real** rows, Py_ssize_t begin, Py_ssize_t n, Py_ssize_t step) noexcept nogil:
    """Each sample becomes the sum of all up to it that are whole steps before."""
    cdef Py_ssize_t i
    cdef real* p0 = rows[0]
    cdef real* p1 = rows[1]
    cdef real* p2 = rows[2]
    cdef real* p3 = rows[3]
    cdef real* p4 = rows[4]
    cdef real* p5 = rows[5]
    cdef real* p6 = rows[6]
    cdef real* p7 = rows[7]
    cdef real a0 = p0[begin], a1 = p1[begin], a2 = p2[begin], a3 = p3[begin]
    cdef real a4 = p4[begin], a5 = p5[begin], a6 = p6[begin], a7 = p7[begin]
    i = begin + step
    while i < n:
        a0 += p0[i]
        a1 += p1[i]
        a2 += p2[i]
        a3 += p3[i]
        a4 += p4[i]
        a5 += p5[i]
        a6 += p6[i]
        a7 += p7[i]
        p0[i], p1[i], p2[i], p3[i], p4[i], p5[i], p6[i], p7[i] = a0, a1, a2, a3, a4, a5, a6, a7
        i += step


cdef void change_row(lane* sums, lane* row, Py_ssize_t size, Py_ssize_t n, Py_ssize_t channels) noexcept nogil:
    """The sums of the first windows, and what is added to them from pixel to pixel."""
    cdef Py_ssize_t i, t
    cdef double total
    cdef lane* to = sample_at(sums, channels)
    for i in range(channels):
        total = 0
        for t in range(size):
            if lane is vf:
                total += (<float*>row)[t * channels + i]
            else:
                total += (<double*>row)[t * channels + i]
        set_sample(sums, i, total)
    i = 0
    while i < n - channels:
        store(to, i, sub(load(row, i + size * channels), load(row, i)))
        i += lanes_of(row)


cdef void means_across(lane* kind, Means* m, const Job* job, Py_ssize_t plane, Py_ssize_t y,
                       Py_ssize_t count) noexcept nogil:
    """`count` rows from row `y` on."""
    cdef Py_ssize_t r, c, channels = job.channels, n = job.width * channels
    cdef lane* sums
    for r in range(count):
        change_row(<lane*>m.sums[r], <lane*>m.rows[r], job.along.size, n, channels)
    for c in range(channels):
        if lane is vf:
            sum_together(<float**>m.sums, c, n, channels)
        else:
            sum_together(<double**>m.sums, c, n, channels)
    for r in range(count):
        sums = <lane*>m.sums[r]
        divide_row(sums, sums, job.along.size, n)
        store_row(sums, job, plane, y + r, 0, job.width)


cdef void mean_rows(lane* kind, Means* m, const Job* job, Py_ssize_t plane, Py_ssize_t y0,
                    Py_ssize_t y1) noexcept nogil:
    cdef Py_ssize_t y = 0 if job.history else y0, begin = y, r = 0
    cdef Py_ssize_t pixels = job.width + job.kernel_width - 1, n = pixels * job.channels
    cdef bint down = job.down.kind == MEAN, across = job.along.kind == MEAN
    cdef lane* row
    while y < y1:
        row = <lane*>m.rows[r] if y >= y0 else NULL
        if down:
            mean_down(row, m, job, plane, y, y == begin, n)
        else:
            load_row(row, <lane*>m.spare, job, plane, y, 0, pixels)
        y += 1
        if y <= y0:
            continue
        if not across:
            store_row(row, job, plane, y - 1, 0, job.width)
            continue
        if down:
            settle_row(row, m.spare, job, n)
            put_constants(row, job, 0, pixels)
        r += 1
        if r == LINES_TOGETHER or y == y1:
            means_across(kind, m, job, plane, y - r, r)
            r = 0


cdef int mean_band(lane* kind, const Job* job, Py_ssize_t plane, Py_ssize_t y0, Py_ssize_t y1) noexcept nogil:
    """Output rows y0 .. y1-1. Returns the number of failures to get memory."""
    cdef Means m
    cdef Py_ssize_t r, row = row_pitch(kind, job, job.width) * sample_size(kind)
    cdef char* memory = <char*>calloc((4 + 2 * LINES_TOGETHER) * row + LINE_BYTES, 1)
    cdef char* at = memory + LINE_BYTES - <size_t>memory % LINE_BYTES
    if memory == NULL:
        return 1
    m.total, m.fresh, m.stale, m.spare = at, at + row, at + 2 * row, at + 3 * row
    for r in range(LINES_TOGETHER):
        m.rows[r] = at + (4 + r) * row
        m.sums[r] = at + (4 + LINES_TOGETHER + r) * row
    mean_rows(kind, &m, job, plane, y0, y1)
    if job.stream:
        stream_end()
    free(memory)
    return 0
