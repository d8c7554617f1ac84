# Borders: which source pixel stands at a position of the padded picture.
#
#     reflect    d c b a | a b c d | d c b a     period 2n
#     mirror     d c b   | a b c d |   c b a     period 2n - 2
#     nearest    a a a a | a b c d | d d d d
#     wrap       a b c d | a b c d | a b c d     period n
#     constant   k k k k | a b c d | k k k k
#
# Rows, and the columns of margins, are looked up here when they are loaded. No sum looks up a pixel.


cdef Py_ssize_t outside_index(Py_ssize_t i, Py_ssize_t n, int border) noexcept nogil:
    """Source index of position `i`, which is not among 0 .. n - 1; -1 where the constant stands."""
    cdef Py_ssize_t period, once
    if border == FC_NEAREST:
        return 0 if i < 0 else n - 1
    if border == FC_CONSTANT:
        return -1
    # Nearly all positions are less than a period away; they need no division, which would be the slowest step.
    if border == FC_WRAP:
        once = i + n if i < 0 else i - n
    elif border == FC_REFLECT:
        once = -1 - i if i < 0 else 2 * n - 1 - i
    else:
        once = -i if i < 0 else 2 * n - 2 - i
    if 0 <= once and once < n:
        return once
    # one pixel has no period of a mirror; SciPy and OpenCV repeat it
    period = n if border == FC_WRAP else 2 * n if border == FC_REFLECT else larger(1, 2 * n - 2)
    i %= period
    if i < 0:
        i += period
    if i < n:
        return i
    return (2 * n - 1 if border == FC_REFLECT else 2 * n - 2) - i


cdef inline Py_ssize_t source_index(const Axis* axis, Py_ssize_t i) noexcept nogil:
    """Source index of pixel `i` of the padded picture, counted from its first; -1 where the constant stands."""
    i += axis.start
    return i if 0 <= i and i < axis.length else outside_index(i, axis.length, axis.border)


cdef inline Py_ssize_t row_index(const Call* call, Py_ssize_t y) noexcept nogil:
    return source_index(&call.rows, y)


cdef inline Py_ssize_t col_index(const Call* call, Py_ssize_t x) noexcept nogil:
    return source_index(&call.cols, x)


cdef inline const char* row_start(const Call* call, Py_ssize_t plane, Py_ssize_t y) noexcept nogil:
    """Address of the source row that stands at row `y` of the padded picture; NULL where the constant does."""
    cdef Py_ssize_t row = row_index(call, y)
    return call.src.data + plane * call.src.plane + row * call.src.row if row >= 0 else NULL


cdef inline const char* volume_row(const Call* call, Py_ssize_t slice, Py_ssize_t k,
                                   Py_ssize_t y) noexcept nogil:
    """The same of a row `y` of the padded volume, in slice `k` of the windows of a slice of results."""
    cdef Py_ssize_t z = source_index(&call.volume.slices, slice * call.volume.slice_step + k)
    return row_start(call, z, y) if z >= 0 else NULL


cdef inline const char* tap_row(const Call* call, Py_ssize_t plane, Py_ssize_t y,
                                Py_ssize_t ky) noexcept nogil:
    """The same of the row under row `ky` of the kernel, for a row of results."""
    cdef const Volume* v = &call.volume
    if v.slice_taps:
        return volume_row(call, plane, ky // v.slice_rows, y * v.row_step + ky % v.slice_rows * v.row_gap)
    return row_start(call, plane, y + ky)


cdef inline Py_ssize_t tap_column(const Call* call, Py_ssize_t x, Py_ssize_t kx) noexcept nogil:
    """Column of the padded picture under column `kx` of the kernel, for a column of results."""
    return x * call.volume.col_step + kx * call.volume.col_gap if call.volume.slice_taps else x + kx


cdef inline Py_ssize_t modulo(Py_ssize_t i, Py_ssize_t n) noexcept nogil:
    """The remainder of a division that rounds down, so never negative."""
    i %= n
    return i + n if i < 0 else i


cdef Py_ssize_t run_at(const Axis* axis, Py_ssize_t i, Py_ssize_t count, int* step) noexcept nogil:
    """The length of the run of pixels that begins at pixel `i` of the padded picture, at most `count`: pixels of
    a run stand `step` pixels apart in the source, -1, 0 or 1. The constant is a run of step 0."""
    cdef Py_ssize_t n = axis.length, p = axis.start + i, run = count, at
    step[0] = 0
    if 0 <= p and p < n:
        run, step[0] = n - p, 1
    elif axis.border == FC_NEAREST or axis.border == FC_CONSTANT:
        run = -p if p < 0 else count
    elif axis.border == FC_WRAP:
        run, step[0] = n - modulo(p, n), 1
    elif axis.border == FC_REFLECT:
        at = modulo(p, 2 * n)
        run, step[0] = (n - at, 1) if at < n else (2 * n - at, -1)
    elif n > 1:
        at = modulo(p, 2 * n - 2)
        run, step[0] = (n - at, 1) if at < n - 1 else (2 * n - 2 - at, -1)
    return smaller(run, count)


cdef Py_ssize_t same_before(const Axis* axis, Py_ssize_t i) noexcept nogil:
    """How far before pixel `i` of the padded picture the same source pixel, or the constant, stood last; 0 if it
    did not."""
    cdef Py_ssize_t n = axis.length, p = axis.start + i, past
    if axis.border == FC_WRAP:
        return n
    if axis.border == FC_NEAREST or (axis.border == FC_MIRROR and n == 1):
        return p <= 0 or p >= n
    if axis.border == FC_CONSTANT:
        return 1 if p < 0 or p > n else n + 1 if p == n else 0
    if axis.border == FC_REFLECT:
        return 2 * modulo(p, n) + 1
    past = modulo(p, n - 1)     # pixels past the last turning point, about which the picture is mirrored
    return 2 * past if past else 2 * n - 2
