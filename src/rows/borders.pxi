# Borders: which source pixel stands at a position of the padded picture.
#
#     reflect    d c b a | a b c d | d c b a     period 2n
#     mirror     d c b   | a b c d |   c b a     period 2n - 2
#     nearest    a a a a | a b c d | d d d d
#     wrap       a b c d | a b c d | a b c d     period n
#     constant   k k k k | a b c d | k k k k
#
# Only rows of pixels and the margins beside them are looked up here, never a pixel within a sum.


cdef Py_ssize_t outside_index(Py_ssize_t i, Py_ssize_t n, int border) noexcept nogil:
    """Source index of position `i`, which is not among 0 .. n - 1; -1 where the constant stands."""
    cdef Py_ssize_t period, once
    if border == FC_NEAREST:
        return 0 if i < 0 else n - 1
    if border == FC_CONSTANT:
        return -1
    # Nearly all positions are less than a period away, and a division takes longer than all else here.
    if border == FC_WRAP:
        once = i + n if i < 0 else i - n
    elif border == FC_REFLECT:
        once = -1 - i if i < 0 else 2 * n - 1 - i
    else:
        once = -i if i < 0 else 2 * n - 2 - i
    if 0 <= once and once < n:
        return once
    # a mirror has no period where there is one pixel; SciPy and OpenCV repeat it
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
