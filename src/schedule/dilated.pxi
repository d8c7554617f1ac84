# Dilated pictures: taps stand some pixels apart, and there are no zeros between them.
#
# Across, taps are as many samples apart as if a pixel had more channels. Down, results that are as far apart as the
# taps meet the same rows, in which their windows are those of a plain kernel:
#
#     3 rows of taps, 2 apart      results 0 2 4 6    rows 0 2 4 | 6 8 10
#                                  results 1 3 5 7    rows 1 3 5 | 7 9 11
#
# So the sums of all methods serve them as they are. Bytes whose results are two columns apart go here too: their
# rows need not be split (see int8_dot.pxi).

cdef enum:
    DILATED_BYTES = 196608  # of a window's rows

cdef struct Dilated:
    # Scratch of one band.
    char* memory
    Py_ssize_t width            # pixels of a strip
    Py_ssize_t pitch            # samples between rows
    Py_ssize_t count            # rows of a window
    void** rows
    void** turned               # as many pointers, to turn them round
    void** phase                # the rows that results so far apart meet
    void* out                   # BLOCK_ROWS rows of results
    void* raw
    void* channel_row


cdef inline Py_ssize_t past_taps(row_vec* kind, const Call* call) noexcept nogil:
    """Samples of a row that sums may read beyond the first one of a window's last pixel."""
    cdef Py_ssize_t block = least_block(kind, call) + lanes_of(kind)
    if row_vec is vb:
        block += call.dots.offset[call.dots.groups - 1] + (call.dots.tap_stride or 3)
        block += call.volume.col_step * 2 * BYTE_LANES
    return block + (call.kernel_width - 1) * call.volume.col_gap * call.channels + call.channels


cdef inline Py_ssize_t dilated_rows(const Call* call, Py_ssize_t results) noexcept nogil:
    """Rows that so many rows of results meet. They have a step, or a gap, or none."""
    return (call.window.height - 1) * call.volume.row_gap + (results - 1) * call.volume.row_step + 1


cdef bint get_dilated(row_vec* kind, Dilated* d, const Call* call) noexcept nogil:
    """False if there is no memory."""
    cdef Py_ssize_t i, size = sample_size(kind), vector = lanes_of(kind), out, extra = past_taps(kind, call)
    cdef size_t bytes_
    cdef row_vec* memory
    d.count = dilated_rows(call, BLOCK_ROWS * call.volume.row_gap)
    d.width = strip_width(call, call.width, DILATED_BYTES // (d.count * call.volume.col_step * size))
    d.pitch = ((d.width * call.volume.col_step * call.channels + extra + vector - 1) // vector | 1) * vector
    out = BLOCK_ROWS * d.pitch * result_size(kind, call) // size
    bytes_ = ((d.count + 2) * d.pitch + out) * size + LINE_BYTES
    bytes_ += 3 * d.count * sizeof(void*)
    d.memory = <char*>malloc(bytes_)
    if d.memory == NULL:
        return False
    memset(d.memory, 0, bytes_)     # short rows are read beyond their end
    memory = <row_vec*>(d.memory + LINE_BYTES - <size_t>d.memory % LINE_BYTES)
    d.out, d.raw = memory, sample_at(memory, out)
    d.channel_row = sample_at(memory, out + d.pitch)
    memory = sample_at(memory, out + 2 * d.pitch)
    d.rows = <void**>sample_at(memory, d.count * d.pitch)
    d.turned = d.rows + d.count
    d.phase = d.turned + d.count
    for i in range(d.count):
        d.rows[i] = sample_at(memory, i * d.pitch)
    return True


cdef void load_dilated(row_vec* row, Dilated* d, const Call* call, const ColumnRange* columns, Py_ssize_t plane,
                       Py_ssize_t y) noexcept nogil:
    """Row `y` of the padded picture, or its last one; summed across if the call is separable."""
    cdef const char* src = volume_row(call, plane, 0, smaller(
        y, (call.height - 1) * call.volume.row_step + (call.kernel_height - 1) * call.volume.row_gap))
    if row_vec is vf or row_vec is vd:
        if call.across.count:
            load_row(<row_vec*>d.raw, <row_vec*>d.channel_row, call, columns, src)
            sparse_row(row, <row_vec*>d.raw, &call.across, d.width * call.channels)
            return
    load_row(row, <row_vec*>d.channel_row, call, columns, src)


cdef void dilated_phase(row_vec* kind, Dilated* d, const Call* call, Py_ssize_t plane, Py_ssize_t y,
                        Py_ssize_t phase, Py_ssize_t count, Strip* strip) noexcept nogil:
    """Result rows `y` + `phase` and those below it as far apart as taps, `count` of them, BLOCK_ROWS at the most."""
    cdef Py_ssize_t i, r, gap = call.volume.row_gap, step = call.volume.row_step, height = call.window.height
    cdef Py_ssize_t n = strip.count * call.channels
    cdef bint direct = is_result(kind, call) and n >= least_block(kind, call)
    cdef row_vec** rows = <row_vec**>d.phase
    cdef row_vec* out[BLOCK_ROWS]
    for i in range(height + (BLOCK_ROWS - 1) * step):   # rows past the band are summed and discarded
        rows[i] = <row_vec*>d.rows[phase + smaller(i, height - 1 + (count - 1) * step) * gap]
    for r in range(BLOCK_ROWS):
        out[r] = <row_vec*>(<char*>d.out + r * d.pitch * result_size(kind, call))
        if direct and r < count:
            out[r] = <row_vec*>(call.dst.data + plane * call.dst.plane + (y + phase + r * gap) * call.dst.row
                                + strip.first * call.dst.pixel)
    if row_vec is vb:
        if PERMUTES_TWO and call.volume.col_step > 1:
            stepped_dot_rows(out, rows, call, strip, plane, y)
        else:
            for r in range(BLOCK_ROWS // DOT_ROWS):
                int8_dot_rows(out + r * DOT_ROWS, rows + r * DOT_ROWS, call, strip, plane,
                              y + phase + r * DOT_ROWS * gap)
    elif row_vec is not vh:
        sum_rows(out, rows, &call.window, n)
    if not direct:
        for r in range(count):
            store_row(out[r], call, plane, y + phase + r * gap, strip.first, strip.count)


cdef void dilated_strip(row_vec* kind, Dilated* d, const Call* call, Py_ssize_t plane, Py_ssize_t y0,
                        Py_ssize_t y1, Strip* strip) noexcept nogil:
    """Output rows y0 .. y1-1 of a strip."""
    cdef Py_ssize_t gap = call.volume.row_gap, results = BLOCK_ROWS * gap, by = results * call.volume.row_step
    cdef Py_ssize_t y = y0, i = 0, phase, wanted, kept = d.count - by, step = call.volume.col_step
    cdef ColumnRange columns = make_column_range(
        call, strip.first * step,
        (strip.first + strip.count - 1) * step + (call.kernel_width - 1) * call.volume.col_gap + 1
    )
    while y < y1:
        wanted = smaller(results, y1 - y)
        for i in range(i, dilated_rows(call, wanted)):
            load_dilated(<row_vec*>d.rows[i], d, call, &columns, plane, y * call.volume.row_step + i)
        for phase in range(smaller(gap, wanted)):
            dilated_phase(kind, d, call, plane, y, phase, (wanted - phase + gap - 1) // gap, strip)
        memcpy(d.turned, d.rows, by * sizeof(void*))
        memmove(d.rows, d.rows + by, kept * sizeof(void*))
        memcpy(d.rows + kept, d.turned, by * sizeof(void*))
        y += results
        i = kept


cdef int dilated_band(row_vec* kind, const Call* call, Py_ssize_t plane, Py_ssize_t y0,
                      Py_ssize_t y1) noexcept nogil:
    """Output rows y0 .. y1-1. Returns the number of failures to get memory."""
    cdef Dilated d
    cdef Strip strip
    if not get_dilated(kind, &d, call):
        return 1
    memset(&strip, 0, sizeof(Strip))
    while strip.first < call.width:
        strip.count = smaller(d.width, call.width - strip.first)
        dilated_strip(kind, &d, call, plane, y0, y1, &strip)
        strip.first += d.width
    free(d.memory)
    return 0
