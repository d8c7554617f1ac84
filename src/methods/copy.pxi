# Copy: the only tap is 1 and the types are one type of integers, so that the results are the samples.


cdef inline bint lies_inside(const Axis* axis) noexcept nogil:
    return axis.start >= 0 and axis.start + axis.count <= axis.length


cdef inline bint copies_samples(const Call* call) noexcept nogil:
    """Whether a call, whose arrays are known, changes no sample. Floats are summed, since a sum turns -0 to 0,
    and so are large integers in SciPy's order, which float64 rounds."""
    cdef bint is_long = call.src.type == U64 or call.src.type == I64
    return (
        call.kernel_height == 1 and call.kernel_width == 1 and call.kernel != NULL and call.kernel[0] == 1
        and call.src.type < F16 and call.src.type == call.dst.type and call.src.swapped == call.dst.swapped
        and (call.method in (TAPS, BOX, BOX_SLIDING, INT8_DOT) and not (is_long and call.accumulator == STRICT)
             or call.method == EXACT_INT64)
        and call.divisor <= 1 and call.plus == 0 and not call.absolute
        and lies_inside(&call.rows) and lies_inside(&call.cols)
    )


cdef inline bint is_solid(const View* view, Py_ssize_t width, Py_ssize_t channels) noexcept nogil:
    """Whether the samples of a row, and its pixels, lie side by side."""
    return (channels == 1 or view.channel == view.size) and (width == 1 or view.pixel == view.size * channels)


cdef void copy_row(char* dst, const char* src, const Call* call) noexcept nogil:
    cdef Py_ssize_t c, size = call.src.size
    if call.channels == 1:
        copy_strided(dst, call.dst.pixel, src, call.src.pixel, call.width, size)
        return
    for c in range(call.channels):
        copy_strided(dst + c * call.dst.channel, call.dst.pixel, src + c * call.src.channel, call.src.pixel,
                     call.width, size)


cdef void copy_rows(const Call* call, Py_ssize_t plane, Py_ssize_t y0, Py_ssize_t y1) noexcept nogil:
    """Output rows y0 .. y1-1."""
    cdef Py_ssize_t y, first = call.cols.start * call.src.pixel, bytes_ = call.width * call.channels * call.src.size
    cdef const char* src = call.src.data + plane * call.src.plane + (call.rows.start + y0) * call.src.row + first
    cdef char* dst = call.dst.data + plane * call.dst.plane + y0 * call.dst.row
    if is_solid(&call.src, call.width, call.channels) and is_solid(&call.dst, call.width, call.channels):
        if call.src.row == bytes_ and call.dst.row == bytes_:
            memcpy(dst, src, (y1 - y0) * bytes_)
            return
        for y in range(y1 - y0):
            memcpy(dst + y * call.dst.row, src + y * call.src.row, bytes_)
        return
    for y in range(y1 - y0):
        copy_row(dst + y * call.dst.row, src + y * call.src.row, call)
