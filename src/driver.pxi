# Driver: pictures -> bands of rows over threads -> strips of columns -> load, sum, store.
#
# Where the source holds samples of the sum's own type, the middle of the picture is read, and written,
# where it lies; only the left and the right edge, whose windows reach over the border, are copied. They
# share a strip, one piece after the other:
#
#     picture              |e|...............middle...............|e|
#     rows of the edges    | window of the left | window of the right |
#
# Other sources are converted on their way to scratch, in strips so narrow that their rows stay in the
# first-level cache. A window of rows slides down each strip:
#
#     rows[0] .. rows[height - 2]    kept from the blocks above
#     rows[height - 1] .. + 3        new for this block of BLOCK_ROWS output rows
#
# Sliding moves pointers, not samples. Bands know no neighbours: each loads its own first rows.

cdef enum:
    NEAR_BYTES = 98304      # of rows in scratch: most of a first-level cache
    FAR_BYTES = 262144      # of rows read in place: half of the smallest second-level cache
    STRIP_SAMPLES = 384     # no strip is narrower: its margin of kernel width is loaded twice
    LINE_BYTES = 64
    FAR_ROW = 4096
    SMALL_BYTES = 16384

cdef struct Layout:
    Py_ssize_t begin, end   # output pixels of the middle; begin == end: nothing is read in place
    Py_ssize_t width        # pixels of the strips into which middle, or picture, are cut

cdef struct Scratch:
    # Rows of one band, `pitch` samples apart.
    char small[SMALL_BYTES]     # where they stand if they are small, which saves a small call a lot
    char* memory                # else
    void* first
    Py_ssize_t pitch
    Py_ssize_t window       # rows of the window
    void** rows             # pointers to them
    void* out               # BLOCK_ROWS rows of sums
    void* raw               # a row before it is summed across
    void* spare             # see load_row
    void* fill              # a row of the constant


cdef inline bint is_work(work* kind, const View* view) noexcept nogil:
    """Whether rows of the picture are what the method works on, as they lie."""
    if work is vf:
        return view.packed and view.type == F32
    elif work is vb:
        return view.packed and view.type == U8
    else:
        return view.packed and view.type == F64


cdef inline Py_ssize_t longest_block(work* kind) noexcept nogil:
    """Samples of the longest block of any sum. Rows at least that long are read and written to their
    end and no further."""
    if work is vb:
        return BYTE_LANES
    else:
        return ROW_VECTORS * lanes_of(kind)


cdef Py_ssize_t strip_width(const Job* job, Py_ssize_t span, Py_ssize_t samples) noexcept nogil:
    """Pixels of the strips of `span`, which may have some `samples` a row; all but the last are equal."""
    cdef Py_ssize_t width = larger(1, larger(STRIP_SAMPLES, samples) // job.channels)
    return larger(1, span if span <= width + width // 2 else width)


cdef Py_ssize_t aligned_column(const Job* job, Py_ssize_t x, Py_ssize_t end) noexcept nogil:
    """First column from `x` on where stores do not straddle cache lines; `x` if none is near."""
    cdef Py_ssize_t i
    for i in range(x, smaller(x + LINE_BYTES, end)):
        if (<size_t>job.dst.data + i * job.dst.pixel) % LINE_BYTES == 0:
            return i
    return x


cdef inline Py_ssize_t overreach(work* kind, const Job* job) noexcept nogil:
    """Pixels that the sum reads beyond the last window; a dot's groups need not end where it does."""
    if work is vb:
        return larger(0, job.dots.offset[job.dots.groups - 1] + 4 - job.kernel_width * job.channels
                      + job.channels - 1) // job.channels
    else:
        return 0


cdef Layout lay_out(work* kind, const Job* job, Py_ssize_t rows) noexcept nogil:
    """Cut the columns of a picture into strips of which `rows` rows are in use."""
    cdef Layout cut
    cdef Py_ssize_t size = sample_size(kind)
    cut.begin = job.inner_begin
    cut.end = larger(cut.begin, job.inner_end - job.kernel_width + 1 - overreach(kind, job))
    if is_work(kind, &job.src) and job.method != BOX and job.width * job.channels * size >= FAR_ROW:
        if is_work(kind, &job.dst):
            cut.begin = aligned_column(job, cut.begin, cut.end)
        if (cut.end - cut.begin) * job.channels >= longest_block(kind):
            cut.width = strip_width(job, cut.end - cut.begin, FAR_BYTES // (rows * size))
            return cut
    cut.begin, cut.end = 0, 0
    cut.width = strip_width(job, job.width, NEAR_BYTES // (rows * size))
    return cut


cdef Strip piece(Py_ssize_t begin, Py_ssize_t end, bint in_place) noexcept nogil:
    cdef Strip s
    s.first[0], s.count[0] = begin, end - begin
    s.first[1], s.count[1] = end, 0
    s.total = end - begin
    s.in_place = in_place
    return s


cdef Strip edges(const Job* job, const Layout* cut) noexcept nogil:
    """What is left of and right of the middle."""
    cdef Strip s
    if cut.begin == 0 or cut.end == job.width:
        return piece(0, cut.begin, False) if cut.begin else piece(cut.end, job.width, False)
    s = piece(0, cut.begin, False)
    s.first[1], s.count[1] = cut.end, job.width - cut.end
    s.total += job.kernel_width - 1 + s.count[1]
    return s


cdef Py_ssize_t row_pitch(work* kind, const Job* job, const Layout* cut) noexcept nogil:
    """Samples between scratch rows: the widest strip with its margin, room for a block's overhang, and
    an odd number of vectors, so that rows do not fall on the same cache sets."""
    cdef Py_ssize_t vector = lanes_of(kind), outside = job.width - (cut.end - cut.begin)
    cdef Py_ssize_t pixels = larger(cut.width, outside + job.kernel_width - 1 if cut.begin != cut.end else 0)
    cdef Py_ssize_t n = (pixels + job.kernel_width - 1 + overreach(kind, job)) * job.channels
    n += longest_block(kind)
    return ((n + vector - 1) // vector | 1) * vector


cdef bint get_scratch(work* kind, Scratch* s, Py_ssize_t window, Py_ssize_t pitch) noexcept nogil:
    """Rows for a window of `window` rows. False if there is no memory."""
    cdef size_t row = pitch * sample_size(kind)
    cdef size_t size = (window + BLOCK_ROWS + 3) * row + window * sizeof(void*) + LINE_BYTES
    cdef char* start = s.small
    s.memory = NULL
    if size > sizeof(s.small):
        s.memory = <char*>malloc(size)
        start = s.memory
        if start == NULL:
            return False
    start += LINE_BYTES - <size_t>start % LINE_BYTES
    s.pitch, s.window = pitch, window
    s.out = start + window * row
    s.raw = start + (window + BLOCK_ROWS) * row
    s.spare = start + (window + BLOCK_ROWS + 1) * row
    s.fill = start + (window + BLOCK_ROWS + 2) * row
    s.rows = <void**>(start + (window + BLOCK_ROWS + 3) * row)
    s.first = start
    return True


cdef work** window_rows(work* kind, Scratch* s) noexcept nogil:
    """Pointers to the rows of the window, which the strip before has moved."""
    cdef Py_ssize_t r
    for r in range(s.window):
        s.rows[r] = sample_at(<work*>s.first, r * s.pitch)
    return <work**>s.rows


cdef void load_strip(work* row, work* spare, const Job* job, const Strip* strip, Py_ssize_t plane,
                     Py_ssize_t y) noexcept nogil:
    """Row `y` of the padded picture, as far as the windows of a strip reach."""
    cdef Py_ssize_t margin = job.kernel_width - 1, end = strip.first[0] + strip.count[0] + margin
    load_row(row, spare, job, plane, y, strip.first[0], end)
    if strip.count[1]:
        row = sample_at(row, (strip.count[0] + margin) * job.channels)
        load_row(row, spare, job, plane, y, strip.first[1], strip.first[1] + strip.count[1] + margin)


cdef void store_strip(work* sums, const Job* job, const Strip* strip, Py_ssize_t plane,
                      Py_ssize_t y) noexcept nogil:
    store_row(sums, job, plane, y, strip.first[0], strip.count[0])
    if strip.count[1]:
        sums = sample_at(sums, (strip.count[0] + job.kernel_width - 1) * job.channels)
        store_row(sums, job, plane, y, strip.first[1], strip.count[1])


cdef work* source_row(work* buffer, const Scratch* s, const Job* job, const Strip* strip,
                      Py_ssize_t plane, Py_ssize_t y) noexcept nogil:
    """Row `y` of the padded picture: in place if it can be, else loaded to `buffer`."""
    # a window padded with weights of zero reaches beyond the table, where any row does
    y = smaller(y, job.height + job.kernel_height - 2)
    if not strip.in_place:
        load_strip(buffer, <work*>s.spare, job, strip, plane, y)
        return buffer
    if job.rows[y] < 0:
        return <work*>s.fill
    return <work*>(job.src.data + plane * job.src.plane + job.rows[y] * job.src.row
                   + job.cols[strip.first[0]] * job.src.pixel)


cdef work* window_row(work* buffer, const Scratch* s, const Job* job, const Strip* strip,
                      Py_ssize_t plane, Py_ssize_t y) noexcept nogil:
    """Row `y` of the padded picture as the window wants it: summed across if the job is separable."""
    cdef work* raw
    if work is not vb:
        if job.across.count:
            raw = source_row(<work*>s.raw, s, job, strip, plane, y)
            sparse_row(buffer, raw, &job.across, strip.total * job.channels)
            return buffer
    return source_row(buffer, s, job, strip, plane, y)


cdef void sum_strip(work** out, work** rows, const Job* job, const Strip* strip, Py_ssize_t plane,
                    Py_ssize_t y) noexcept nogil:
    """BLOCK_ROWS rows of sums, or of pixels if the method makes those."""
    cdef Py_ssize_t r
    if work is vb:
        for r in range(BLOCK_ROWS // DOT_ROWS):
            dot_rows(out + r * DOT_ROWS, rows + r * DOT_ROWS, job, strip, plane, y + r * DOT_ROWS)
    else:
        sum_rows(out, rows, &job.window, strip.total * job.channels)


cdef inline void slide(work** rows, Py_ssize_t count, Py_ssize_t by) noexcept nogil:
    """Rotate `count` row pointers so that the first `by` come last. by <= BLOCK_ROWS."""
    cdef work* first[BLOCK_ROWS]
    memcpy(first, rows, by * sizeof(void*))
    memmove(rows, rows + by, (count - by) * sizeof(void*))
    memcpy(rows + count - by, first, by * sizeof(void*))


cdef void window_strip(work* kind, Scratch* s, const Job* job, const Strip* strip, Py_ssize_t plane,
                       Py_ssize_t y0, Py_ssize_t y1) noexcept nogil:
    """Output rows y0 .. y1-1 of a strip."""
    cdef Py_ssize_t y, r, left, height = job.window.height, n = strip.total * job.channels
    cdef bint direct = is_work(kind, &job.dst) and not strip.count[1] and n >= longest_block(kind)
    cdef work** rows = window_rows(kind, s)
    cdef work** fresh = rows + height - 1
    cdef work* out[BLOCK_ROWS]
    if job.rows[y0] < 0 or job.rows[y1 + job.kernel_height - 2] < 0:
        fill_pixels(<work*>s.fill, job, strip.total + job.kernel_width - 1)
    for r in range(height - 1):
        rows[r] = window_row(rows[r], s, job, strip, plane, y0 + r)
    for r in range(BLOCK_ROWS):
        out[r] = sample_at(<work*>s.out, r * s.pitch)
    y = y0
    while y < y1:
        left = smaller(BLOCK_ROWS, y1 - y)
        for r in range(left):
            fresh[r] = window_row(fresh[r], s, job, strip, plane, y + height - 1 + r)
            if direct:
                out[r] = <work*>(job.dst.data + plane * job.dst.plane + (y + r) * job.dst.row
                                 + strip.first[0] * job.dst.pixel)
        for r in range(left, BLOCK_ROWS):   # nobody's rows: summed to scratch and forgotten
            fresh[r] = fresh[left - 1]
            out[r] = sample_at(<work*>s.out, r * s.pitch)
        sum_strip(out, rows, job, strip, plane, y)
        if not direct:
            for r in range(left):
                store_strip(out[r], job, strip, plane, y + r)
        slide(rows, height + BLOCK_ROWS - 1, BLOCK_ROWS)
        y += BLOCK_ROWS


cdef void any_strip(work* kind, Scratch* s, const Job* job, Strip strip, Py_ssize_t plane,
                    Py_ssize_t y0, Py_ssize_t y1) noexcept nogil:
    if work is not vb:
        if job.method == BOX:
            box_strip(kind, s, job, &strip, plane, y0, y1)
            return
    window_strip(kind, s, job, &strip, plane, y0, y1)


cdef int band(work* kind, const Job* job, Py_ssize_t plane, Py_ssize_t y0, Py_ssize_t y1) noexcept nogil:
    """Output rows y0 .. y1-1. Returns 0, or 1 if there is no memory for the scratch."""
    cdef Py_ssize_t x, end
    # a box keeps two groups of rows, the others a window and a block
    cdef Py_ssize_t kept = 2 * job.kernel_height if job.method == BOX else job.window.height + BLOCK_ROWS - 1
    cdef Layout cut = lay_out(kind, job, kept + BLOCK_ROWS)
    cdef Scratch s
    if not get_scratch(kind, &s, kept, row_pitch(kind, job, &cut)):
        return 1
    x, end = cut.begin, cut.end
    if x == end:
        x, end = 0, job.width
    elif x != 0 or end != job.width:
        any_strip(kind, &s, job, edges(job, &cut), plane, y0, y1)
    while x < end:
        any_strip(kind, &s, job, piece(x, smaller(x + cut.width, end), cut.begin != cut.end), plane, y0, y1)
        x += cut.width
    free(s.memory)
    return 0


cdef int task(int kind, const Job* job, Py_ssize_t index, Py_ssize_t bands) noexcept nogil:
    """Band `index % bands` of plane `index // bands`; all but the last are whole blocks."""
    cdef Py_ssize_t i = index % bands, plane = index // bands
    cdef Py_ssize_t blocks = (job.height + BLOCK_ROWS - 1) // BLOCK_ROWS
    cdef Py_ssize_t y0 = blocks * i // bands * BLOCK_ROWS
    cdef Py_ssize_t y1 = smaller(blocks * (i + 1) // bands * BLOCK_ROWS, job.height)
    if y0 >= y1:
        return 0
    if job.method == WIDE:
        wide_rows(job, plane, y0, y1)
        return 0
    if job.method == DOT:
        return band(<vb*>NULL, job, plane, y0, y1)
    if kind == 0:
        return band(<vf*>NULL, job, plane, y0, y1)
    if kind == 1:
        return band(<vd*>NULL, job, plane, y0, y1)
    return band(<vs*>NULL, job, plane, y0, y1)
