# Running means: scipy.ndimage's uniform filters, down and across, to the last bit.
#
# SciPy adds the samples of the first window one after the other, and from then on the sample that comes in less
# the one that goes out; a mean is the sum divided by the size. Rounded sums depend on all samples before them, so
# a band in the middle of a picture of floats first adds up the rows above it.
#
#     down      total[x] += incoming[x] - outgoing[x]; vectors of columns
#     across    as many rows as a vector has lanes are transposed, so that a vector holds a column of them, are
#               summed in the same way, and transposed back. If there are fewer rows than half of that, each is
#               summed by itself.
#
# Where both are asked for, the means of columns are rounded to the result's type before they go across.

cdef enum:
    MOST_LANES = 16
    PIECE = 4096                # samples of a long row

cdef struct Means:
    ColumnRange column_range    # the picture's own columns; if nothing goes down, with the border
    void* total
    void* incoming
    void* outgoing
    void* channel_row
    void* rows[MOST_LANES]      # on their way across, equally far apart
    void* sums[MOST_LANES]
    Py_ssize_t pitch            # samples between them
    void* columns               # the rows turned over, behind room for a pixel


cdef void add_row(vec* total, vec* row, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i = 0
    while i < n:
        store(total, i, add(load(total, i), load(row, i)))
        i += lanes_of(total)


cdef inline void slide_rest(real* means, real* total, const real* incoming, const real* outgoing, real size,
                            Py_ssize_t i, Py_ssize_t n) noexcept nogil:
    while i < n:
        total[i] += incoming[i] - outgoing[i]
        if means:
            means[i] = total[i] / size
        i += 1


cdef void slide_means(vec* means, vec* total, vec* incoming, vec* outgoing, Py_ssize_t size,
                      Py_ssize_t n) noexcept nogil:
    """To the next row; the sums are divided if there is a row for means. No sample beyond is touched."""
    cdef Py_ssize_t i = 0, lanes = lanes_of(total)
    cdef vec v, divisor = set1(total, size)
    while i + lanes <= n:
        v = add(load(total, i), sub(load(incoming, i), load(outgoing, i)))
        store(total, i, v)
        if means:
            store(means, i, div(v, divisor))
        i += lanes
    if vec is vf:
        slide_rest(<float*>means, <float*>total, <float*>incoming, <float*>outgoing, <float>size, i, n)
    else:
        slide_rest(<double*>means, <double*>total, <double*>incoming, <double*>outgoing, <double>size, i, n)


cdef void divide_row(vec* means, vec* total, Py_ssize_t size, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i = 0
    cdef vec divisor = set1(total, size)
    while i < n:
        store(means, i, div(load(total, i), divisor))
        i += lanes_of(total)


cdef vec* mean_source(vec* buffer, Means* m, const Call* call, Py_ssize_t plane, Py_ssize_t y) noexcept nogil:
    """Row `y` of the padded picture, but only the picture's columns: in place if it can be, else loaded."""
    cdef const char* src = row_start(call, plane, y)
    if lies_as_row(buffer, &call.src) and src != NULL:
        return <vec*>src
    load_row(buffer, <vec*>m.channel_row, call, &m.column_range, src)
    return buffer


cdef void put_border(vec* row, const Call* call, Py_ssize_t begin, Py_ssize_t end) noexcept nogil:
    """Padded columns `begin` .. `end - 1` beside a row of means: copies of some of these, or the constant."""
    cdef Py_ssize_t i
    for i in range(begin, end):
        if col_index(call, i) < 0:
            fill_pixels(sample_at(row, i * call.channels), call, 1)
        else:
            copy_pixels(row, i * call.channels, (col_index(call, i) + call.before) * call.channels, 0, 1,
                        call.channels)


cdef void mean_down(vec* means, Means* m, const Call* call, Py_ssize_t plane, Py_ssize_t y, bint first,
                    Py_ssize_t n) noexcept nogil:
    """Row `y` from the row before, or `first` of all from nothing; only sums if there is no row for means."""
    cdef Py_ssize_t t, size = call.down.size
    cdef vec* total = <vec*>m.total
    cdef vec* incoming
    cdef vec* outgoing
    if first:
        memset(total, 0, n * sample_size(total))
        for t in range(size):
            load_row(<vec*>m.incoming, <vec*>m.channel_row, call, &m.column_range, row_start(call, plane, y + t))
            add_row(total, <vec*>m.incoming, n)
        if means:
            divide_row(<vec*>m.incoming, total, size, n)
            memcpy(means, m.incoming, n * sample_size(total))
        return
    incoming = mean_source(<vec*>m.incoming, m, call, plane, y + size - 1)
    outgoing = mean_source(<vec*>m.outgoing, m, call, plane, y - 1)
    slide_means(means, total, incoming, outgoing, size, n)


cdef void slide_columns(vec* columns, Py_ssize_t size, Py_ssize_t n, Py_ssize_t channels) noexcept nogil:
    """Means of `n` columns, each written one pixel before the first column of its window, which is free."""
    cdef Py_ssize_t c, i, t, lanes = lanes_of(columns)
    cdef Py_ssize_t step = channels * lanes, ahead = (size - 1) * channels * lanes
    cdef vec total, divisor = set1(columns, size)
    for c in range(channels):
        i = c * lanes
        total = set1(columns, 0)
        for t in range(size):
            total = add(total, load(columns, i + t * step))
        store(columns, i - step, div(total, divisor))
        i += step
        while i < n * lanes:
            total = add(total, sub(load(columns, i + ahead), load(columns, i - step)))
            store(columns, i - step, div(total, divisor))
            i += step


cdef inline bint few_rows(vec* kind, Py_ssize_t count) noexcept nogil:
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


cdef inline void slide_lanes(vec* means, vec* totals, vec* row, bint first, const Call* call,
                             Py_ssize_t n) noexcept nogil:
    if vec is vf:
        slide_along(<float*>means, <float*>totals, <float*>row, first, call.along.size, n, call.channels)
    else:
        slide_along(<double*>means, <double*>totals, <double*>row, first, call.along.size, n, call.channels)


cdef int few_means_across(vec* kind, const Call* call, Py_ssize_t plane, Py_ssize_t y0,
                          Py_ssize_t y1) noexcept nogil:
    """Output rows y0 .. y1-1, which are few but may be long, in pieces that stay in the caches."""
    cdef Py_ssize_t width = smaller(call.width, larger(PIECE, 4 * call.along.size) // call.channels + 1)
    cdef Py_ssize_t y, x, end, lead, pitch = row_pitch(kind, call, width) + call.channels
    cdef ColumnRange column_range
    cdef vec* row = <vec*>calloc(3 * pitch + call.channels, sample_size(kind))
    cdef vec* channel_row = sample_at(row, pitch)
    cdef vec* means = sample_at(row, 2 * pitch)
    cdef vec* totals = sample_at(row, 3 * pitch)
    if row == NULL:
        return 1
    for y in range(y0, y1):
        x = 0
        while x < call.width:
            end, lead = smaller(x + width, call.width), 1 if x else 0
            column_range = make_column_range(call, x - lead, end + call.along.size - 1)
            load_row(sample_at(row, (1 - lead) * call.channels), channel_row, call, &column_range,
                     row_start(call, plane, y))
            slide_lanes(means, totals, row, x == 0, call, (end - x) * call.channels)
            store_row(means, call, plane, y, x, end - x)
            x = end
    if call.stream:
        stream_end()
    free(row)
    return 0


cdef void means_across(vec* kind, Means* m, const Call* call, Py_ssize_t plane, Py_ssize_t y,
                       Py_ssize_t count) noexcept nogil:
    """`count` rows from row `y` on, at the most as many as there are lanes."""
    cdef Py_ssize_t i, r, lanes = lanes_of(kind), channels = call.channels, n = call.width * channels
    cdef vec* columns = sample_at(<vec*>m.columns, channels * lanes)
    if few_rows(kind, count):
        for r in range(count):
            slide_lanes(<vec*>m.sums[r], <vec*>m.incoming, sample_at(<vec*>m.rows[r], -channels), True, call,
                        n)
            store_row(<vec*>m.sums[r], call, plane, y + r, 0, call.width)
        return
    i = 0
    while i < n + (call.along.size - 1) * channels:
        transpose_block(sample_at(columns, i * lanes), lanes, sample_at(<vec*>m.rows[0], i), m.pitch)
        i += lanes
    slide_columns(columns, call.along.size, n, channels)
    i = 0
    while i < n:
        transpose_block(sample_at(<vec*>m.sums[0], i), m.pitch, sample_at(<vec*>m.columns, i * lanes),
                        lanes)
        i += lanes
    for r in range(count):
        store_row(<vec*>m.sums[r], call, plane, y + r, 0, call.width)


cdef void mean_rows(vec* kind, Means* m, const Call* call, Py_ssize_t plane, Py_ssize_t y0,
                    Py_ssize_t y1) noexcept nogil:
    cdef Py_ssize_t y = 0 if call.history else y0, begin = y, r = 0
    cdef Py_ssize_t n = call.width * call.channels
    cdef bint down = call.down.kind == MEAN, across = call.along.kind == MEAN
    cdef bint direct = lies_as_row(kind, &call.dst) and not across and not call.stream
    cdef vec* row
    cdef vec* own = NULL
    while y < y1:
        row = <vec*>m.rows[r] if y >= y0 else NULL
        if direct and y >= y0:
            row = <vec*>(call.dst.data + plane * call.dst.plane + y * call.dst.row)
        if down:    # to the picture's own columns
            own = sample_at(row, call.before * call.channels) if row else NULL
            mean_down(own, m, call, plane, y, y == begin, n)
        else:
            load_row(row, <vec*>m.channel_row, call, &m.column_range, row_start(call, plane, y))
        y += 1
        if y <= y0 or direct:
            continue
        if not across:
            store_row(row, call, plane, y - 1, 0, call.width)
            continue
        if down:
            settle_row(own, m.channel_row, call, n)
            put_border(row, call, 0, call.before)
            put_border(row, call, call.before + call.width, call.width + call.kernel_width - 1)
        r += 1
        if r == lanes_of(kind) or y == y1:
            means_across(kind, m, call, plane, y - r, r)
            r = 0


cdef int mean_band(vec* kind, const Call* call, Py_ssize_t plane, Py_ssize_t y0,
                   Py_ssize_t y1) noexcept nogil:
    """Output rows y0 .. y1-1. Returns the number of failures to get memory."""
    cdef Means m
    cdef Py_ssize_t r, shift, lanes = lanes_of(kind), row
    cdef char* memory
    cdef char* at
    if call.down.kind != MEAN and few_rows(kind, y1 - y0):
        return few_means_across(kind, call, plane, y0, y1)
    m.pitch = row_pitch(kind, call, call.width)
    row = m.pitch * sample_size(kind)
    memory = <char*>calloc((4 + 3 * lanes) * row + (call.channels + 1) * lanes * lanes * sample_size(kind)
                           + LINE_BYTES, 1)
    if memory == NULL:
        return 1
    at = memory + LINE_BYTES - <size_t>memory % LINE_BYTES
    m.total, m.incoming, m.outgoing, m.channel_row = at, at + row, at + 2 * row, at + 3 * row
    # the picture's own columns stand aligned
    shift = (lanes - call.before * call.channels % lanes) % lanes * sample_size(kind)
    for r in range(lanes):
        m.rows[r] = at + (4 + r) * row + shift
        m.sums[r] = at + (4 + lanes + r) * row
    m.columns = at + (4 + 2 * lanes) * row
    if call.down.kind == MEAN:
        m.column_range = make_column_range(call, call.before, call.before + call.width)
    else:
        m.column_range = make_column_range(call, 0, call.width + call.kernel_width - 1)
    mean_rows(kind, &m, call, plane, y0, y1)
    if call.stream:
        stream_end()
    free(memory)
    return 0
