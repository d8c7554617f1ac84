# Volumes: a window is a list of rows, whatever the number of axes.
#
# The rows of a window are those of each of its slices, one after the other. Where results stand some pixels
# apart, the blocks of four rows of them need more rows, and each row is split by its columns, so that the
# samples that neighbouring results meet lie side by side:
#
#     a kernel of 2 slices of 3 x 3                  every other column of a row
#     rows[0] .. rows[5]     slice 0: 3 + 3 rows     x0 x1 x2 x3 x4 x5     rows[2i]       x0 x2 x4
#     rows[6] .. rows[11]    slice 1                                       rows[2i + 1]   x1 x3 x5
#
# The list of steps (sparse.pxi) names rows and offsets of this list; the sum itself knows no slices. A kernel
# that is a product of three lines has windows of one slice: each of their rows is a sum along the slices, and
# then across, when it is loaded.
#
# Planes of a call are slices here.

cdef enum:
    VOLUME_BYTES = 262144   # of a window's rows in scratch, where strips are wide enough for it
    LEAST_STRIP = 64        # samples

cdef struct Window:
    # Scratch of one band of a volume.
    char* memory
    Py_ssize_t width            # pixels of a strip
    Py_ssize_t pitch            # samples between rows
    Py_ssize_t slices
    Py_ssize_t slice_rows       # rows of a window in a slice, for a block of results
    void** rows                 # slice by slice; of each row its columns
    void** turned               # as many pointers, to turn them round
    void* out                   # BLOCK_ROWS rows of sums
    void* raw                   # a row of all columns
    void* deep                  # as many rows as the kernel has slices, before they are summed
    Py_ssize_t deep_pitch
    void* channel_row
    View split                  # of the pixels of a row that is split, as samples


cdef inline Py_ssize_t reached(const Axis* axis, Py_ssize_t step, Py_ssize_t taps) noexcept nogil:
    """Pixels of the padded axis from the first window's first tap to the last one's last."""
    return (axis.count - 1) * step + taps


cdef void bind_volume(Call* call, const VolumeRequest* request) noexcept nogil:
    """Give a call its arrays."""
    cdef Volume* v = &call.volume
    v.slices = request.slices
    bind_axes(call, &request.picture, reached(&request.picture.rows, v.row_step, v.slice_rows),
              reached(&request.picture.cols, v.col_step, call.kernel_width))
    call.src.packed &= v.slices.length == 1 or call.src.plane % call.src.size == 0
    call.constant |= holds_constant(&v.slices, reached(&v.slices, v.slice_step, v.slice_taps))
    call.repeats = call.stream = False


cdef bint get_window(vec* kind, Window* w, const Call* call) noexcept nogil:
    """False if there is no memory."""
    cdef const Volume* v = &call.volume
    cdef Py_ssize_t size = sample_size(kind), vector = lanes_of(kind), samples, raw, columns
    cdef Py_ssize_t count, deep = v.slice_taps if v.depth != NULL else 0
    cdef size_t bytes_
    w.split.size = call.channels * size
    w.split.pixel = v.col_step * w.split.size
    make_batches(&w.split)
    w.slice_rows = v.slice_rows + (BLOCK_ROWS - 1) * v.row_step
    w.slices = 1 if v.depth != NULL else v.slice_taps
    count = w.slices * w.slice_rows * v.col_step
    w.width = strip_width(call, call.width, larger(LEAST_STRIP, VOLUME_BYTES // ((count + deep) * size)))
    columns = w.width + (call.kernel_width - 1) // v.col_step
    # rows are read to the end of a block, and do not fall on the same cache sets
    w.pitch = ((columns * call.channels + least_block(kind, call) + vector - 1) // vector | 1) * vector
    raw = ((w.width - 1) * v.col_step + call.kernel_width) * call.channels + least_block(kind, call)
    raw = ((raw + vector - 1) // vector | 1) * vector
    samples = (count + BLOCK_ROWS) * w.pitch + (2 + deep) * raw
    bytes_ = samples * size + 2 * count * sizeof(void*) + LINE_BYTES
    w.memory = <char*>malloc(bytes_)
    if w.memory == NULL:
        return False
    # what is beyond short rows would else be read as denormal numbers, which take 50 times as long
    memset(w.memory, 0, bytes_)
    lay_window(<vec*>(w.memory + LINE_BYTES - <size_t>w.memory % LINE_BYTES), w, count, raw, deep)
    return True


cdef void lay_window(vec* memory, Window* w, Py_ssize_t count, Py_ssize_t raw, Py_ssize_t deep) noexcept nogil:
    cdef Py_ssize_t i
    w.out = memory
    memory = sample_at(memory, BLOCK_ROWS * w.pitch)
    w.rows = <void**>sample_at(memory, count * w.pitch + (2 + deep) * raw)
    w.turned = w.rows + count
    for i in range(count):
        w.rows[i] = sample_at(memory, i * w.pitch)
    memory = sample_at(memory, count * w.pitch)
    w.raw, w.channel_row = memory, sample_at(memory, raw)
    w.deep, w.deep_pitch = sample_at(memory, 2 * raw), raw


cdef void split_columns(vec** rows, vec* raw, const Window* w, Py_ssize_t step, Py_ssize_t pixels) noexcept nogil:
    """Pixel x of a row to x // step of row x % step."""
    cdef Py_ssize_t b, n, done, size = w.split.size
    cdef const char* src
    for b in range(smaller(step, pixels)):
        src, n = <const char*>raw + b * size, (pixels - b + step - 1) // step
        done = copy_together(<char*>rows[b], src, n, &w.split)
        copy_pixel_steps(<char*>rows[b] + done * size, src + done * w.split.pixel, w.split.pixel, n - done, size)


cdef inline void copy_pixel_steps(char* dst, const char* src, Py_ssize_t step, Py_ssize_t n,
                                  Py_ssize_t size) noexcept nogil:
    """Pixels `step` bytes apart, side by side. A constant size lets memcpy be one move."""
    if size == 4:
        copy_samples(dst, 4, src, step, n, 4)
    elif size == 8:
        copy_samples(dst, 8, src, step, n, 8)
    else:
        copy_samples(dst, size, src, step, n, size)


cdef inline void deep_block(vec* out, vec* rows, Py_ssize_t pitch, const double* weights, Py_ssize_t count,
                            const int vectors) noexcept nogil:
    cdef Py_ssize_t k
    cdef vec acc[16]
    cdef vec v[4]
    begin_block(acc, 0)
    for k in range(count):
        load_vectors(v, sample_at(rows, k * pitch), vectors)
        block_step(acc, set1(out, weights[k]), v, vectors)
    store_vectors(out, acc, vectors)


cdef void deep_row(vec* out, vec* rows, Py_ssize_t pitch, const double* weights, Py_ssize_t count,
                   Py_ssize_t n) noexcept nogil:
    """The weighted sum of `count` rows, to the end of a block."""
    cdef Py_ssize_t x = 0, vector = lanes_of(out)
    while x + 4 * vector <= n:
        deep_block(sample_at(out, x), sample_at(rows, x), pitch, weights, count, 4)
        x += 4 * vector
    while x < n:
        deep_block(sample_at(out, x), sample_at(rows, x), pitch, weights, count, 2)
        x += 2 * vector


cdef void load_lines(vec* kind, Window* w, const Call* call, const ColumnRange* columns, Py_ssize_t plane,
                     Py_ssize_t y, Py_ssize_t first, Py_ssize_t last) noexcept nogil:
    """load_window for a product of three lines: rows that are summed along the slices, and across."""
    cdef const Volume* v = &call.volume
    cdef Py_ssize_t k, i, taps, n = (columns.end - columns.begin) * call.channels
    cdef double weights[MOST_DEPTH]
    for i in range(first, last):
        taps = 0
        for k in range(v.slice_taps):
            if v.depth[k] != 0:
                load_row(sample_at(<vec*>w.deep, taps * w.deep_pitch), <vec*>w.channel_row, call, columns,
                         volume_row(call, plane, k, y + i))
                weights[taps] = v.depth[k]
                taps += 1
        deep_row(<vec*>w.raw, <vec*>w.deep, w.deep_pitch, weights, taps, n)
        sparse_row(<vec*>w.rows[i], <vec*>w.raw, &call.across, n - (call.kernel_width - 1) * call.channels)


cdef void load_window(vec* kind, Window* w, const Call* call, const ColumnRange* columns, Py_ssize_t plane,
                      Py_ssize_t y, Py_ssize_t first, Py_ssize_t last) noexcept nogil:
    """Rows `first` .. `last - 1` of each slice of a window at result row `y`."""
    cdef const Volume* v = &call.volume
    cdef Py_ssize_t k, i
    cdef const char* src
    cdef vec** rows
    for k in range(v.slice_taps):
        for i in range(first, last):
            rows = <vec**>(w.rows + (k * w.slice_rows + i) * v.col_step)
            src = volume_row(call, plane, k, y * v.row_step + i)
            if v.col_step == 1:
                load_row(rows[0], <vec*>w.channel_row, call, columns, src)
            else:
                load_row(<vec*>w.raw, <vec*>w.channel_row, call, columns, src)
                split_columns(rows, <vec*>w.raw, w, v.col_step, columns.end - columns.begin)


cdef void slide_window(Window* w, const Call* call, Py_ssize_t by) noexcept nogil:
    """Turn the rows of each slice round by so many, at most all of them."""
    cdef Py_ssize_t k, n = w.slice_rows * call.volume.col_step, cut = by * call.volume.col_step
    cdef void** rows = w.rows
    for k in range(w.slices):
        memcpy(w.turned, rows, cut * sizeof(void*))
        memmove(rows, rows + cut, (n - cut) * sizeof(void*))
        memcpy(rows + n - cut, w.turned, cut * sizeof(void*))
        rows += n


cdef void volume_strip(vec* kind, Window* w, const Call* call, Py_ssize_t plane, Py_ssize_t y0, Py_ssize_t y1,
                       Py_ssize_t x, Py_ssize_t count) noexcept nogil:
    """Output rows y0 .. y1-1 of a slice, `count` pixels from pixel `x` on."""
    cdef const Volume* v = &call.volume
    cdef Py_ssize_t y = y0, r, wanted, kept = 0, by = smaller(BLOCK_ROWS * v.row_step, w.slice_rows)
    cdef ColumnRange columns = make_column_range(
        call, x * v.col_step, (x + count - 1) * v.col_step + call.kernel_width
    )
    cdef bint direct = is_result(kind, call) and count * call.channels >= least_block(kind, call)
    cdef vec* out[BLOCK_ROWS]
    while y < y1:
        wanted = smaller(BLOCK_ROWS, y1 - y)
        if v.depth != NULL:
            load_lines(kind, w, call, &columns, plane, y, kept, wanted - 1 + v.slice_rows)
        else:
            load_window(kind, w, call, &columns, plane, y, kept, (wanted - 1) * v.row_step + v.slice_rows)
        for r in range(BLOCK_ROWS):     # rows past the band are summed and discarded
            out[r] = sample_at(<vec*>w.out, r * w.pitch)
            if direct and r < wanted:
                out[r] = <vec*>(call.dst.data + plane * call.dst.plane + (y + r) * call.dst.row
                                + x * call.dst.pixel)
        if v.depth != NULL:
            sum_rows(out, <vec**>w.rows, &call.window, count * call.channels)
        else:
            sparse_rows(out, <vec**>w.rows, &call.window, count * call.channels)
        if not direct:
            for r in range(wanted):
                store_row(out[r], call, plane, y + r, x, count)
        slide_window(w, call, by)
        kept = w.slice_rows - by
        y += BLOCK_ROWS


cdef int volume_band(vec* kind, const Call* call, Py_ssize_t plane, Py_ssize_t y0,
                     Py_ssize_t y1) noexcept nogil:
    """Output rows y0 .. y1-1 of a slice. Returns the number of failures to get memory."""
    cdef Window w
    cdef Py_ssize_t x = 0
    if not get_window(kind, &w, call):
        return 1
    while x < call.width:
        volume_strip(kind, &w, call, plane, y0, y1, x, smaller(w.width, call.width - x))
        x += w.width
    free(w.memory)
    return 0


cdef int make_volume_lines(vec* kind, Call* call, const Proposal* p, Py_ssize_t width) except -1:
    """Taps of a product of three lines: along the slices, across, and down."""
    cdef Volume* v = &call.volume
    cdef double* down = <double*>get_memory(v.slice_rows, sizeof(double))
    cdef bint exact
    try:
        v.depth = <double*>get_memory(v.slice_taps, sizeof(double))
        split_depth(p.down, v.slice_taps, v.slice_rows, v.depth, down, &exact)  # the planner has seen that it can
        make_taps(kind, &call.across, p.across, 1, width, call.channels)
        make_taps(kind, &call.window, down, v.slice_rows, 1, call.channels)
        call.across.folded = p.across_symmetric
    finally:
        free(down)
    return 0


cdef int list_volume(vec* kind, Call* call, const Facts* kernel) except -1:
    """The taps of all slices, if these are listed at all."""
    cdef Volume* v = &call.volume
    call.window.height, call.window.width, call.window.step = kernel.height, kernel.width, call.channels
    if is_of_taps(call):
        make_steps(kind, &call.window, kernel.weights, v.slice_taps, v.row_step, v.col_step)
    return 0
