# Box: all taps equal, at a cost that hardly grows with the kernel. Only samples inside the window are
# ever added, so nothing cancels, nothing drifts, and a NaN stays where it is, unlike with running sums
# and integral images.
#
# Across a row by doubling (a sum of 2 pixels is two of 1, a sum of 4 two of 2 ...): width 13 = 1101b
#
#     power  1 1 1 1 ...   2 . 2 . ...   4 . . . 4 ...   8 . . . . . . . 8
#     sum    x[0]                        + x[1..4]       + x[5..12]
#
# Down the columns by van Herk (1992), Gil & Werman (1993): rows are cut into groups of `height`; a
# window that starts at row r of a group is the group's rows from r on (a suffix sum) and the next
# group's rows before r (a prefix sum). Three additions a sample for any height. The groups count from
# row 0 of the picture, so that bits do not depend on bands.

cdef inline void double_across(lane* out, lane* row, Py_ssize_t width, Py_ssize_t step,
                               Py_ssize_t n) noexcept nogil:
    """out[i] = sum of row[i + k*step], k < width, for i < n. Destroys `row`."""
    cdef Py_ssize_t i, power = 1, done = 0, vector = lanes_of(row), bits = width
    while bits:
        if bits & 1:
            i = 0
            while i < n:
                if done:
                    store(out, i, add(load(out, i), load(row, i + done * step)))
                else:
                    store(out, i, load(row, i))
                i += vector
            done += power
        bits >>= 1
        if bits:
            i = 0
            while i < n + (width - 2 * power) * step:
                store(row, i, add(load(row, i), load(row, i + power * step)))
                i += vector
            power *= 2


cdef inline void add_rows(lane* out, lane* a, lane* b, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i = 0
    while i < n:
        store(out, i, add(load(a, i), load(b, i)))
        i += lanes_of(out)


cdef inline void scale_row(lane* row, double scale, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i = 0
    cdef lane w = splat(row, scale)
    while i < n:
        store(row, i, mul(load(row, i), w))
        i += lanes_of(row)


cdef void box_row(lane* out, Scratch* s, const Job* job, const Strip* strip, Py_ssize_t plane,
                  Py_ssize_t y) noexcept nogil:
    """Row `y` of the padded picture, summed across. Floats are scaled first, since their sum might
    overflow where their mean does not; integers last, since their sum is exact."""
    cdef lane* raw = <lane*>s.raw
    load_row(raw, <lane*>s.spare, job, plane, y, strip.first, strip.first + strip.count + job.kernel_width - 1)
    if job.scale_first:
        scale_row(raw, job.scale, (strip.count + job.kernel_width - 1) * job.channels)
    double_across(out, raw, job.kernel_width, job.channels, strip.count * job.channels)


cdef inline void add_to_prefix(lane* prefix, lane* row, Py_ssize_t k, Py_ssize_t n) noexcept nogil:
    if k == 0:
        memcpy(prefix, row, n * sample_size(row))
    else:
        add_rows(prefix, prefix, row, n)


cdef void box_strip(lane* kind, Scratch* s, const Job* job, const Strip* strip, Py_ssize_t plane,
                    Py_ssize_t y0, Py_ssize_t y1) noexcept nogil:
    """Output rows y0 .. y1-1 of a strip, with a window of 2 * height rows of scratch."""
    cdef Py_ssize_t y, r, k, height = job.kernel_height, n = strip.count * job.channels
    cdef lane** suffix = <lane**>strip.rows
    cdef lane** group = suffix + height
    cdef lane** other
    cdef lane* out = <lane*>s.out
    cdef lane* prefix = sample_at(out, s.pitch)
    # The group of the first row; its rows before y0 are not needed.
    for r in range(y0 % height, height):
        box_row(group[r], s, job, strip, plane, y0 - y0 % height + r)
    for y in range(y0, y1):
        r = y % height
        if r == 0 or y == y0:
            other = suffix
            suffix = group
            group = other
            for k in range(height - 2, r - 1, -1):
                add_rows(suffix[k], suffix[k], suffix[k + 1], n)
            # rows before r of the next group, when a band starts inside a group
            for k in range(r):
                box_row(group[k], s, job, strip, plane, y - r + height + k)
                add_to_prefix(prefix, group[k], k, n)
        if r:
            if y > y0:
                box_row(group[r - 1], s, job, strip, plane, y + height - 1)
                add_to_prefix(prefix, group[r - 1], r - 1, n)
            add_rows(out, suffix[r], prefix, n)
        else:
            memcpy(out, suffix[0], n * sample_size(out))
        if r == height - 1 and y + 1 < y1:
            # the row that completes the next group
            box_row(group[r], s, job, strip, plane, y + height)
        if not job.scale_first:
            scale_row(out, job.scale, n)
        store_row(out, job, plane, y, strip.first, strip.count)
