# Box: all taps equal, at a cost that hardly grows with the kernel. Only samples inside the window are added.
# Unlike with running sums and integral images, nothing cancels, errors do not accumulate, and a NaN reaches only
# the windows that hold it.
#
# Across a row by doubling: a sum of 2 pixels is the sum of two sums of 1, a sum of 4 of two sums of 2, up to 16
# (8 in float64), a whole. A width is some wholes and a rest; 43 is
#
#     (16 at x + 16 at x + 16) + (8 at x + 32 + 2 at x + 40 + 1 at x + 42)
#
# in this order with vectors of any width, so that all levels give the same bits. If a vector holds a whole, all
# partial sums stay in registers.
#
# Down the columns by van Herk (1992), Gil & Werman (1993): rows are cut into groups of `height`; a
# window that starts at row r of a group is the group's rows from r on (a suffix sum) and the next
# group's rows before r (a prefix sum). Three additions a sample for any height. The groups count from
# row 0 of the picture, so that bits do not depend on bands.
#
# Samples are scaled before they are added: their sum might overflow where their mean does not.

cdef enum:
    BOX_ROWS = 6    # of scratch for a row across
    LEVELS = 5      # sums of 1, 2, 4, 8 and 16
    FEW = 3         # so many wholes are added at once, more by doubling


cdef inline int whole_level(vec* kind) noexcept nogil:
    if vec is vf:
        return 4
    else:
        return 3


cdef inline void add_shifted(vec* out, vec* a, vec* b, Py_ssize_t shift, Py_ssize_t n) noexcept nogil:
    """out[i] = a[i] + b[i + shift], in whole vectors."""
    cdef Py_ssize_t i = 0
    while i < n:
        store(out, i, add(load(a, i), load(b, i + shift)))
        i += lanes_of(out)


cdef void scale_row(vec* row, double scale, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i = 0
    while i < n:
        store(row, i, mul(load(row, i), set1(row, scale)))
        i += lanes_of(row)


cdef void sum_of_wholes(vec* out, vec* row, Py_ssize_t count, Py_ssize_t step, Py_ssize_t n) noexcept nogil:
    """out[i] = row[i] + row[i + step] ..., `count` of them, by doubling. Destroys `row`."""
    cdef Py_ssize_t power = 1, done = 0, bits = count
    while bits:
        if bits & 1:
            if done:
                add_shifted(out, out, row, done * step, n)
            else:
                memcpy(out, row, n * sample_size(row))
            done += power
        bits >>= 1
        if bits:
            add_shifted(row, row, row, power * step, n + (count - 2 * power) * step)
            power *= 2


cdef inline void sum_of_few(vec* out, vec* wholes, vec* rests, const Py_ssize_t count, Py_ssize_t step,
                            Py_ssize_t n) noexcept nogil:
    """The sum of up to three wholes and a rest, in one pass, in the order of `sum_of_wholes`."""
    cdef Py_ssize_t i = 0
    cdef vec sums
    while i < n:
        sums = load(wholes, i)
        if count == 2:
            sums = add(sums, load(wholes, i + step))
        elif count == 3:
            sums = add(sums, add(load(wholes, i + step), load(wholes, i + 2 * step)))
        store(out, i, add(sums, load(rests, i)))
        i += lanes_of(out)


cdef void levels_in_memory(vec* wholes, vec* rests, vec* row, vec* scratch, Py_ssize_t pitch,
                           Py_ssize_t width, Py_ssize_t step, Py_ssize_t n) noexcept nogil:
    """Sums of a whole and of the rest of `width`, pixels being `step` samples apart; one row of wholes for
    all that a box is made of, rests where they are part of one. Scratch: 4 rows."""
    cdef int top = 0, k, last = whole_level(row)
    cdef Py_ssize_t at = 0, first = width >> last << last
    cdef vec* levels[LEVELS]
    levels[0] = row
    while top < last and (2 << top) <= width:
        levels[top + 1] = wholes if top + 1 == last else sample_at(scratch, top * pitch)
        add_shifted(levels[top + 1], levels[top], levels[top], step << top, n + (width - (2 << top)) * step)
        top += 1
    for k in range(last - 1, -1, -1):
        if width >> k & 1:
            if at:
                add_shifted(rests, rests, levels[k], (first + at) * step, n)
            else:
                memcpy(rests, sample_at(levels[k], first * step), n * sample_size(row))
            at += 1 << k


cdef inline vec with_part(vec sums, bint begun, vec a, vec b, vi shift) noexcept nogil:
    return add(sums, permute2(a, b, shift)) if begun else permute2(a, b, shift)


cdef inline void levels_in_registers(vec* out, vec* wholes, vec* row, double scale, Py_ssize_t width,
                                     Py_ssize_t n, const int count) noexcept nogil:
    """Sums of a whole and of the rest for one channel, with vectors that hold a whole; scales the samples. If a
    width has up to FEW wholes, `count`, it writes the complete sums to `out`; else the rests, and the wholes.

    Of each level, ones[] twos[] ... are sums that begin in this vector, in the next one, and so on; each
    level must know one vector more than the level above it. The first four turns fill them.
    """
    cdef Py_ssize_t vector = lanes_of(row), first = width // vector
    cdef Py_ssize_t turn, turns = (n + vector - 1) // vector + first
    cdef bint begun
    cdef int k, last = whole_level(row), at = 0
    cdef vi part[LEVELS]    # where in a vector each level's part of the rest begins
    cdef vec ones[5]
    cdef vec twos[4]
    cdef vec fours[3]
    cdef vec eights[2]
    cdef vec full[4]       # wholes that began three vectors ago, two, one, and here
    cdef vec sums = set1(row, 0), w = set1(row, scale)
    for k in range(last - 1, -1, -1):
        part[k] = vi_iota(at)
        if width >> k & 1:
            at += 1 << k
    ones[0] = ones[1] = ones[2] = ones[3] = ones[4] = twos[0] = twos[1] = twos[2] = twos[3] = sums
    fours[0] = fours[1] = fours[2] = eights[0] = eights[1] = sums
    full[0] = full[1] = full[2] = full[3] = sums
    for turn in range(-4, turns):
        ones[0] = ones[1]
        ones[1] = ones[2]
        ones[2] = ones[3]
        ones[3] = ones[4]
        ones[4] = mul(load(row, (turn + 4) * vector), w)
        twos[0] = twos[1]
        twos[1] = twos[2]
        twos[2] = twos[3]
        twos[3] = add(ones[3], concat_shift_1(ones[3], ones[4]))
        fours[0] = fours[1]
        fours[1] = fours[2]
        fours[2] = add(twos[2], concat_shift_2(twos[2], twos[3]))
        eights[0] = eights[1]
        eights[1] = add(fours[1], concat_shift_4(fours[1], fours[2]))
        full[0] = full[1]
        full[1] = full[2]
        full[2] = full[3]
        full[3] = eights[0]
        if vec is vf:
            full[3] = add(eights[0], concat_shift_8(eights[0], eights[1]))
        if turn < 0:
            continue
        if count > FEW:
            store(wholes, turn * vector, full[3])
        if turn < first:
            continue
        begun = False
        if vec is vf:
            if width & 8:
                sums = permute2(eights[0], eights[1], part[3])
                begun = True
        if width & 4:
            sums = with_part(sums, begun, fours[0], fours[1], part[2])
            begun = True
        if width & 2:
            sums = with_part(sums, begun, twos[0], twos[1], part[1])
            begun = True
        if width & 1:
            sums = with_part(sums, begun, ones[0], ones[1], part[0])
        if count == 1:
            sums = add(full[2], sums)
        elif count == 2:
            sums = add(add(full[1], full[2]), sums)
        elif count == 3:
            sums = add(add(full[0], add(full[1], full[2])), sums)
        store(out, (turn - first) * vector, sums)


cdef void sum_across(vec* out, vec* wholes, vec* rests, Py_ssize_t count, Py_ssize_t step, bint rest,
                     Py_ssize_t n) noexcept nogil:
    """Sums of `count` wholes and a rest. Destroys `wholes`."""
    if count == 0:
        memcpy(out, rests, n * sample_size(out))
    elif count == 1 and rest:
        sum_of_few(out, wholes, rests, 1, step, n)
    elif count == 2 and rest:
        sum_of_few(out, wholes, rests, 2, step, n)
    elif count == 3 and rest:
        sum_of_few(out, wholes, rests, 3, step, n)
    else:
        sum_of_wholes(out, wholes, count, step, n)
        if rest:
            add_shifted(out, out, rests, 0, n)


cdef void new_box_row(vec* out, Scratch* s, const Call* call, const Strip* strip, Py_ssize_t plane,
                      Py_ssize_t y) noexcept nogil:
    """Row `y` of the padded picture, scaled, and summed across."""
    cdef vec* raw = <vec*>s.raw
    cdef vec* wholes = <vec*>s.box
    cdef vec* rests = sample_at(wholes, s.pitch)
    cdef Py_ssize_t n = strip.count * call.channels, width = call.kernel_width
    cdef Py_ssize_t whole = 1 << whole_level(raw), count = width // whole, rest = width % whole
    load_row(raw, <vec*>s.channel_row, call, &strip.column_range, row_start(call, plane, y))
    prefetch_row(call, plane, y + 2, strip.first, strip.count + width - 1)
    if call.channels == 1 and lanes_of(raw) == whole:
        if count > FEW or rest == 0:
            levels_in_registers(rests, wholes, raw, call.scale, width, n, FEW + 1)
        elif count == 3:
            levels_in_registers(out, wholes, raw, call.scale, width, n, 3)
        elif count == 2:
            levels_in_registers(out, wholes, raw, call.scale, width, n, 2)
        elif count == 1:
            levels_in_registers(out, wholes, raw, call.scale, width, n, 1)
        else:
            levels_in_registers(out, wholes, raw, call.scale, width, n, 0)
        if count <= FEW and rest:
            return
    else:
        scale_row(raw, call.scale, n + (width - 1) * call.channels)
        levels_in_memory(wholes, rests, raw, sample_at(rests, s.pitch), s.pitch, width, call.channels, n)
    sum_across(out, wholes, rests, count, whole * call.channels, rest > 0, n)


cdef void box_row(vec* out, Scratch* s, const Call* call, const Strip* strip, Py_ssize_t plane, Py_ssize_t y,
                  Py_ssize_t first) noexcept nogil:
    """Row `y`, scaled and summed across: copied if a kept row holds the same pixels. Rows from `first` on are
    kept."""
    cdef Py_ssize_t keep = 2 * call.kernel_height, duplicate = duplicate_row(call, y,
                                                                             smaller(y - first, keep - 1))
    cdef Py_ssize_t size = strip.count * call.channels * sample_size(out)
    cdef vec** kept = <vec**>strip.rows + keep
    if duplicate:
        memcpy(out, kept[(y - duplicate) % keep], size)
    else:
        new_box_row(out, s, call, strip, plane, y)
    if call.repeats:
        memcpy(kept[y % keep], out, size)


cdef inline vec next_sums(vec* prefix, vec* row, vec* suffix, Py_ssize_t i, const bint first) noexcept nogil:
    """Add a row to the prefix sum, which the first row begins, and add that to a suffix sum."""
    cdef vec sums = load(row, i) if first else add(load(prefix, i), load(row, i))
    store(prefix, i, sums)
    return add(load(suffix, i), sums)


cdef inline void box_sums(vec* out, vec* prefix, vec* row, vec* suffix, Py_ssize_t n,
                          const bint first) noexcept nogil:
    cdef Py_ssize_t i = 0, vector = lanes_of(out)
    cdef vec last
    while i + vector <= n:
        store(out, i, next_sums(prefix, row, suffix, i, first))
        i += vector
    if i < n:
        last = next_sums(prefix, row, suffix, i, first)
        memcpy(sample_at(out, i), &last, (n - i) * sample_size(out))


cdef inline void box_results(vec* out, vec* prefix, vec* row, vec* suffix, bint first,
                             Py_ssize_t n) noexcept nogil:
    """Write exactly `n` results."""
    if first:
        box_sums(out, prefix, row, suffix, n, True)
    else:
        box_sums(out, prefix, row, suffix, n, False)


cdef void box_strip(vec* kind, Scratch* s, const Call* call, const Strip* strip, Py_ssize_t plane,
                    Py_ssize_t y0, Py_ssize_t y1) noexcept nogil:
    """Output rows y0 .. y1-1 of a strip, with a window of 2 * height scratch rows, and as many to find rows that
    repeat."""
    cdef Py_ssize_t y, r, k, height = call.kernel_height, n = strip.count * call.channels
    cdef vec** suffix = <vec**>strip.rows
    cdef vec** group = suffix + height
    cdef vec** other
    cdef vec* out = <vec*>s.out
    cdef vec* prefix = sample_at(out, s.pitch)
    cdef bint direct = is_result(kind, call) and not call.stream
    # The group of the first row; its rows before y0 are not needed.
    for r in range(y0 % height, height):
        box_row(group[r], s, call, strip, plane, y0 - y0 % height + r, y0)
    for y in range(y0, y1):
        r = y % height
        if r == 0 or y == y0:
            other = suffix
            suffix = group
            group = other
            for k in range(height - 2, r - 1, -1):
                add_shifted(suffix[k], suffix[k], suffix[k + 1], 0, n)
            # rows before r of the next group but the last, when a band starts inside a group
            for k in range(r - 1):
                box_row(group[k], s, call, strip, plane, y - r + height + k, y0)
                box_results(<vec*>s.out, prefix, group[k], group[k], k == 0, n)
        if r:
            box_row(group[r - 1], s, call, strip, plane, y + height - 1, y0)
            if direct:
                out = <vec*>(call.dst.data + plane * call.dst.plane + y * call.dst.row
                             + strip.first * call.dst.pixel)
            box_results(out, prefix, group[r - 1], suffix[r], r == 1, n)
            if not direct:
                store_row(out, call, plane, y, strip.first, strip.count)
        else:
            store_row(suffix[0], call, plane, y, strip.first, strip.count)
        if r == height - 1 and y + 1 < y1:
            # the row that completes the next group
            box_row(group[r], s, call, strip, plane, y + height, y0)
