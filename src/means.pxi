# Means: scipy.ndimage's uniform filters, down and across, to the last bit.
#
# SciPy adds the samples of the first window one after the other, and from then on what comes in less what
# goes out; a mean is the sum divided by the size. Where sums are rounded, so is all that follows in the line:
# a band in the middle of a picture of floats goes through the rows above it first, adding but not dividing.
#
#     down      total[x] += fresh[x] - stale[x]; vectors of columns
#     across    rows, as many as a vector has lanes, are turned over, so that a vector holds a column of them:
#               the same in vectors of rows; and back. Of fewer rows than half of that each goes by itself.
#
# Where both are asked for, rows that came down are rounded to the result's type and go across.

cdef enum:
    MOST_LANES = 16
    PIECE = 4096                # samples of a long row

cdef struct Means:
    Reach reach                 # the picture's own columns; if nothing goes down, with the border
    void* total
    void* fresh
    void* stale
    void* spare
    void* rows[MOST_LANES]      # on their way across, equally far apart
    void* sums[MOST_LANES]
    Py_ssize_t pitch            # samples between them
    void* columns               # the rows turned over, behind room for a pixel


cdef void add_row(lane* total, lane* row, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i = 0
    while i < n:
        store(total, i, add(load(total, i), load(row, i)))
        i += lanes_of(total)


cdef inline void slide_rest(real* means, real* total, const real* fresh, const real* stale, real size,
                            Py_ssize_t i, Py_ssize_t n) noexcept nogil:
    while i < n:
        total[i] += fresh[i] - stale[i]
        if means:
            means[i] = total[i] / size
        i += 1


cdef void slide_means(lane* means, lane* total, lane* fresh, lane* stale, Py_ssize_t size,
                      Py_ssize_t n) noexcept nogil:
    """To the next row; the sums are divided if there is a row for means. No sample beyond is touched."""
    cdef Py_ssize_t i = 0, lanes = lanes_of(total)
    cdef lane v, divisor = splat(total, size)
    while i + lanes <= n:
        v = add(load(total, i), sub(load(fresh, i), load(stale, i)))
        store(total, i, v)
        if means:
            store(means, i, div(v, divisor))
        i += lanes
    if lane is vf:
        slide_rest(<float*>means, <float*>total, <float*>fresh, <float*>stale, <float>size, i, n)
    else:
        slide_rest(<double*>means, <double*>total, <double*>fresh, <double*>stale, <double>size, i, n)


cdef void divide_row(lane* means, lane* total, Py_ssize_t size, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i = 0
    cdef lane divisor = splat(total, size)
    while i < n:
        store(means, i, div(load(total, i), divisor))
        i += lanes_of(total)


cdef lane* mean_source(lane* buffer, Means* m, const Job* job, Py_ssize_t plane, Py_ssize_t y) noexcept nogil:
    """Row `y` of the padded picture, but only the picture's columns: in place if it can be, else loaded."""
    if is_work(buffer, &job.src) and row_index(job, y) >= 0:
        return <lane*>(job.src.data + plane * job.src.plane + row_index(job, y) * job.src.row)
    load_any_row(buffer, <lane*>m.spare, job, &m.reach, plane, y)
    return buffer


cdef void put_border(lane* row, const Job* job, Py_ssize_t begin, Py_ssize_t end) noexcept nogil:
    """Padded columns `begin` .. `end - 1` beside a row of means: copies of some of these, or the constant."""
    cdef Py_ssize_t i
    for i in range(begin, end):
        if col_index(job, i) < 0:
            fill_pixels(sample_at(row, i * job.channels), job, 1)
        else:
            copy_pixels(row, i * job.channels, (col_index(job, i) + job.before) * job.channels, 0, 1, job.channels)


cdef void mean_down(lane* means, Means* m, const Job* job, Py_ssize_t plane, Py_ssize_t y, bint first,
                    Py_ssize_t n) noexcept nogil:
    """Row `y` from the row before, or `first` of all from nothing; only sums if there is no row for means."""
    cdef Py_ssize_t t, size = job.down.size
    cdef lane* total = <lane*>m.total
    cdef lane* fresh
    cdef lane* stale
    if first:
        memset(total, 0, n * sample_size(total))
        for t in range(size):
            load_any_row(<lane*>m.fresh, <lane*>m.spare, job, &m.reach, plane, y + t)
            add_row(total, <lane*>m.fresh, n)
        if means:
            divide_row(<lane*>m.fresh, total, size, n)
            memcpy(means, m.fresh, n * sample_size(total))
        return
    fresh = mean_source(<lane*>m.fresh, m, job, plane, y + size - 1)
    stale = mean_source(<lane*>m.stale, m, job, plane, y - 1)
    slide_means(means, total, fresh, stale, size, n)


cdef void slide_columns(lane* columns, Py_ssize_t size, Py_ssize_t n, Py_ssize_t channels) noexcept nogil:
    """Means of `n` columns, each written one pixel before the first column of its window, which is free."""
    cdef Py_ssize_t c, i, t, lanes = lanes_of(columns)
    cdef Py_ssize_t step = channels * lanes, ahead = (size - 1) * channels * lanes
    cdef lane total, divisor = splat(columns, size)
    for c in range(channels):
        i = c * lanes
        total = splat(columns, 0)
        for t in range(size):
            total = add(total, load(columns, i + t * step))
        store(columns, i - step, div(total, divisor))
        i += step
        while i < n * lanes:
            total = add(total, sub(load(columns, i + ahead), load(columns, i - step)))
            store(columns, i - step, div(total, divisor))
            i += step


cdef inline bint few_rows(lane* kind, Py_ssize_t count) noexcept nogil:
    """Whether each of so many rows goes across by itself."""
    return 2 * count <= lanes_of(kind)


cdef inline void slide_along(real* means, real* totals, const real* row, bint first, Py_ssize_t size,
                             Py_ssize_t n, Py_ssize_t channels) noexcept nogil:
    """Means of `n` samples of a row that begins a pixel before their first window, which may be the `first` of
    all; `totals` are the sums of the last one. One sample after the other: few rows leave no other way."""
    cdef Py_ssize_t c, i, t, ahead = size * channels
    cdef real total
    for c in range(channels):
        i, total = c, totals[c]
        if first:
            total = 0
            for t in range(1, size + 1):
                total += row[c + t * channels]
            means[c] = total / size
            i += channels
        while i < n:
            total += row[i + ahead] - row[i]
            means[i] = total / size
            i += channels
        totals[c] = total


cdef inline void slide_lanes(lane* means, lane* totals, lane* row, bint first, const Job* job,
                             Py_ssize_t n) noexcept nogil:
    if lane is vf:
        slide_along(<float*>means, <float*>totals, <float*>row, first, job.along.size, n, job.channels)
    else:
        slide_along(<double*>means, <double*>totals, <double*>row, first, job.along.size, n, job.channels)


cdef int few_means_across(lane* kind, const Job* job, Py_ssize_t plane, Py_ssize_t y0,
                          Py_ssize_t y1) noexcept nogil:
    """Output rows y0 .. y1-1, which are few but may be long, in pieces that stay in the caches."""
    cdef Py_ssize_t width = smaller(job.width, larger(PIECE, 4 * job.along.size) // job.channels + 1)
    cdef Py_ssize_t y, x, end, lead, pitch = row_pitch(kind, job, width) + job.channels
    cdef Reach reach
    cdef lane* row = <lane*>calloc(3 * pitch + job.channels, sample_size(kind))
    cdef lane* spare = sample_at(row, pitch)
    cdef lane* means = sample_at(row, 2 * pitch)
    cdef lane* totals = sample_at(row, 3 * pitch)
    if row == NULL:
        return 1
    for y in range(y0, y1):
        x = 0
        while x < job.width:
            end, lead = smaller(x + width, job.width), 1 if x else 0
            reach = make_reach(job, x - lead, end + job.along.size - 1)
            load_any_row(sample_at(row, (1 - lead) * job.channels), spare, job, &reach, plane, y)
            slide_lanes(means, totals, row, x == 0, job, (end - x) * job.channels)
            store_row(means, job, plane, y, x, end - x)
            x = end
    if job.stream:
        stream_end()
    free(row)
    return 0


cdef void means_across(lane* kind, Means* m, const Job* job, Py_ssize_t plane, Py_ssize_t y,
                       Py_ssize_t count) noexcept nogil:
    """`count` rows from row `y` on, at the most as many as there are lanes."""
    cdef Py_ssize_t i, r, lanes = lanes_of(kind), channels = job.channels, n = job.width * channels
    cdef lane* columns = sample_at(<lane*>m.columns, channels * lanes)
    if few_rows(kind, count):
        for r in range(count):
            slide_lanes(<lane*>m.sums[r], <lane*>m.fresh, sample_at(<lane*>m.rows[r], -channels), True, job, n)
            store_row(<lane*>m.sums[r], job, plane, y + r, 0, job.width)
        return
    i = 0
    while i < n + (job.along.size - 1) * channels:
        transpose_block(sample_at(columns, i * lanes), lanes, sample_at(<lane*>m.rows[0], i), m.pitch)
        i += lanes
    slide_columns(columns, job.along.size, n, channels)
    i = 0
    while i < n:
        transpose_block(sample_at(<lane*>m.sums[0], i), m.pitch, sample_at(<lane*>m.columns, i * lanes),
                        lanes)
        i += lanes
    for r in range(count):
        store_row(<lane*>m.sums[r], job, plane, y + r, 0, job.width)


cdef void mean_rows(lane* kind, Means* m, const Job* job, Py_ssize_t plane, Py_ssize_t y0,
                    Py_ssize_t y1) noexcept nogil:
    cdef Py_ssize_t y = 0 if job.history else y0, begin = y, r = 0
    cdef Py_ssize_t n = job.width * job.channels
    cdef bint down = job.down.kind == MEAN, across = job.along.kind == MEAN
    cdef bint direct = is_work(kind, &job.dst) and not across and not job.stream
    cdef lane* row
    cdef lane* own = NULL
    while y < y1:
        row = <lane*>m.rows[r] if y >= y0 else NULL
        if direct and y >= y0:
            row = <lane*>(job.dst.data + plane * job.dst.plane + y * job.dst.row)
        if down:    # to the picture's own columns
            own = sample_at(row, job.before * job.channels) if row else NULL
            mean_down(own, m, job, plane, y, y == begin, n)
        else:
            load_any_row(row, <lane*>m.spare, job, &m.reach, plane, y)
        y += 1
        if y <= y0 or direct:
            continue
        if not across:
            store_row(row, job, plane, y - 1, 0, job.width)
            continue
        if down:
            settle_row(own, m.spare, job, n)
            put_border(row, job, 0, job.before)
            put_border(row, job, job.before + job.width, job.width + job.kernel_width - 1)
        r += 1
        if r == lanes_of(kind) or y == y1:
            means_across(kind, m, job, plane, y - r, r)
            r = 0


cdef int mean_band(lane* kind, const Job* job, Py_ssize_t plane, Py_ssize_t y0, Py_ssize_t y1) noexcept nogil:
    """Output rows y0 .. y1-1. Returns the number of failures to get memory."""
    cdef Means m
    cdef Py_ssize_t r, shift, lanes = lanes_of(kind), row
    cdef char* memory
    cdef char* at
    if job.down.kind != MEAN and few_rows(kind, y1 - y0):
        return few_means_across(kind, job, plane, y0, y1)
    m.pitch = row_pitch(kind, job, job.width)
    row = m.pitch * sample_size(kind)
    memory = <char*>calloc((4 + 3 * lanes) * row + (job.channels + 1) * lanes * lanes * sample_size(kind)
                           + LINE_BYTES, 1)
    if memory == NULL:
        return 1
    at = memory + LINE_BYTES - <size_t>memory % LINE_BYTES
    m.total, m.fresh, m.stale, m.spare = at, at + row, at + 2 * row, at + 3 * row
    # the picture's own columns stand aligned
    shift = (lanes - job.before * job.channels % lanes) % lanes * sample_size(kind)
    for r in range(lanes):
        m.rows[r] = at + (4 + r) * row + shift
        m.sums[r] = at + (4 + lanes + r) * row
    m.columns = at + (4 + 2 * lanes) * row
    if job.down.kind == MEAN:
        m.reach = make_reach(job, job.before, job.before + job.width)
    else:
        m.reach = make_reach(job, 0, job.width + job.kernel_width - 1)
    mean_rows(kind, &m, job, plane, y0, y1)
    if job.stream:
        stream_end()
    free(memory)
    return 0
