# Dot: whole-numbered weights times bytes, four neighbouring samples an instruction, exact.
#
# A vector of bytes loaded at sample x holds the quads x .. x+3, x+4 .. x+7 ...; its dot products with
# four weights belong to the samples x, x+4 ...: a phase. Loads at x, x+1, x+2 and x+3 make the four
# phases, which together hold all samples:
#
#     phase 0   x     x+4   x+8  ...
#     phase 1   x+1   x+5   x+9  ...
#     phase 2   x+2   x+6   x+10 ...
#     phase 3   x+3   x+7   x+11 ...
#
# A row of the kernel is a list of groups: an offset and four weights. Missing taps are weights of zero, whose
# products with integers are zero. With interleaved channels taps lie farther apart, and a group holds those that
# fall into four neighbouring samples. If bytes can be permuted across a vector (PERMUTES_BYTES), a group is any four
# taps: their samples are gathered in registers, so that four vectors hold 16 samples in a row each:
#
#     RGB   x x+3 x+6 x+9   x+1 x+4 x+7 x+10  ...
#
# Weights of more bits than the instruction takes are written in digits, the highest first:
#
#     sum(w x) = (sum(w2 x) * B + sum(w1 x)) * B + sum(w0 x)         B = 2**DOT_BITS
#
# A block is DOT_ROWS output rows of one vector of bytes. A loaded vector serves all of them, since loads, which
# straddle cache lines, cost more than products. Two rows make eight accumulators, for which 16 registers have room;
# four rows make sixteen, for 32 registers. As in direct.pxi, the first and the last input rows serve fewer output
# rows than those between.
#
# Sums are whole (fraction_bits = 0), and a divisor or a factor may scale them; or they are fixed-point numbers. A
# whole number may be added to all sums, for OpenCV's `delta` and Pillow's `offset`. Results are bytes; whole sums
# that are not scaled, or divided by a power of two, may also be stored as signed 16-bit words.
#
# Y. Kelefouras and G. Keramidas, "Design and implementation of 2D convolution on x86/x64 processors",
# IEEE TPDS 33, 2022, use the instruction's 16-bit sibling on shifted kernels, for the same reason.

cdef struct Quad:
    # The four phases of one output row.
    vi p0, p1, p2, p3


cdef struct Doubt:
    # Which of their results may be ties, in bits.
    unsigned int p0, p1, p2, p3


cdef inline void dot_step(Quad* q, vb* v, int32_t weights) noexcept nogil:
    cdef vi w = vi_set1(weights)
    q.p0 = vi_dot(q.p0, v[0], w)
    q.p1 = vi_dot(q.p1, v[1], w)
    q.p2 = vi_dot(q.p2, v[2], w)
    q.p3 = vi_dot(q.p3, v[3], w)


cdef inline void load_quads(vb* v, const uint8_t* p, const Dots* dots, const bint spread) noexcept nogil:
    cdef vb a, b
    if spread:  # from two loads, the second of which ends with the last sample that is needed
        a = vb_load(p)
        b = vb_load(p + dots.tap_stride)
        v[0] = vb_keep_in_register(vb_permute(a, vb_load(dots.gather)))
        v[1] = vb_keep_in_register(vb_permute(a, vb_load(dots.gather + BYTE_LANES)))
        v[2] = vb_keep_in_register(vb_permute(b, vb_load(dots.gather + 2 * BYTE_LANES)))
        v[3] = vb_keep_in_register(vb_permute(b, vb_load(dots.gather + 3 * BYTE_LANES)))
    else:
        v[0] = vb_keep_in_register(vb_load(p))
        v[1] = vb_keep_in_register(vb_load(p + 1))
        v[2] = vb_keep_in_register(vb_load(p + 2))
        v[3] = vb_keep_in_register(vb_load(p + 3))


cdef inline void dot_taps(Quad* a, Quad* b, Quad* c, Quad* d, vb* row, Py_ssize_t x, const Dots* dots,
                          const int32_t* weights, const Py_ssize_t groups, const bint spread,
                          const int first, const int last) noexcept nogil:
    """Add one input row to output rows `first` .. `last - 1`; `weights` points to its weights for output row 0."""
    cdef Py_ssize_t g
    cdef vb v[4]
    for g in range(groups):
        load_quads(v, <const uint8_t*>row + x + dots.offset[g], dots, spread)
        if first <= 0:
            dot_step(a, v, weights[g])
        if first <= 1 and last > 1:
            dot_step(b, v, weights[g - groups])
        if first <= 2 and last > 2:
            dot_step(c, v, weights[g - 2 * groups])
        if last > 3:
            dot_step(d, v, weights[g - 3 * groups])


cdef inline void zero_quad(Quad* q) noexcept nogil:
    q.p0 = vi_set1(0)
    q.p1 = q.p2 = q.p3 = q.p0


cdef inline void hold_quad(Quad* q) noexcept nogil:
    """Finish the sums here. Otherwise GCC delays products until it knows how the sums are used, and keeps their
    factors on the stack."""
    q.p0 = vi_keep_in_register(q.p0)
    q.p1 = vi_keep_in_register(q.p1)
    q.p2 = vi_keep_in_register(q.p2)
    q.p3 = vi_keep_in_register(q.p3)


cdef inline void add_to_quad(Quad* q, int32_t number) noexcept nogil:
    cdef vi n = vi_set1(number)
    q.p0 = vi_add(q.p0, n)
    q.p1 = vi_add(q.p1, n)
    q.p2 = vi_add(q.p2, n)
    q.p3 = vi_add(q.p3, n)


cdef inline void raise_quad(Quad* q) noexcept nogil:
    q.p0 = vi_shift_digit(q.p0)
    q.p1 = vi_shift_digit(q.p1)
    q.p2 = vi_shift_digit(q.p2)
    q.p3 = vi_shift_digit(q.p3)


cdef inline void dot_sums(Quad* a, Quad* b, Quad* c, Quad* d, vb** rows, Py_ssize_t x, const Dots* dots,
                          const int32_t* w, const Py_ssize_t height, const Py_ssize_t groups,
                          const bint spread) noexcept nogil:
    """Add the window's rows, for one digit of the weights; height >= 3."""
    cdef Py_ssize_t iy
    dot_taps(a, b, c, d, rows[0], x, dots, w, groups, spread, 0, 1)
    dot_taps(a, b, c, d, rows[1], x, dots, w + groups, groups, spread, 0, 2)
    if DOT_ROWS == 2:
        for iy in range(2, height):
            dot_taps(a, b, c, d, rows[iy], x, dots, w + iy * groups, groups, spread, 0, 2)
        dot_taps(a, b, c, d, rows[height], x, dots, w + height * groups, groups, spread, 1, 2)
        return
    dot_taps(a, b, c, d, rows[2], x, dots, w + 2 * groups, groups, spread, 0, 3)
    for iy in range(3, height):
        dot_taps(a, b, c, d, rows[iy], x, dots, w + iy * groups, groups, spread, 0, 4)
    w += height * groups
    dot_taps(a, b, c, d, rows[height], x, dots, w, groups, spread, 1, 4)
    dot_taps(a, b, c, d, rows[height + 1], x, dots, w + groups, groups, spread, 2, 4)
    dot_taps(a, b, c, d, rows[height + 2], x, dots, w + 2 * groups, groups, spread, 3, 4)


cdef void recompute_samples(uint8_t* dst, Py_ssize_t i, Py_ssize_t step, unsigned int doubt, const Call* call,
                            const Strip* strip, Py_ssize_t plane, Py_ssize_t y) noexcept nogil:
    """Write the exact results of doubtful samples: bit b stands for sample i + b * step."""
    cdef Place at
    at.plane, at.y = plane, y
    while doubt:
        if doubt & 1 and i < strip.count * call.channels:
            at.x = strip.first + i // call.channels
            dst[i] = <uint8_t>exact_result(call, &at, i % call.channels)
        doubt >>= 1
        i += step


cdef void recompute_quad(uint8_t* dst, Py_ssize_t x, Doubt doubt, const Call* call, const Strip* strip,
                         Py_ssize_t plane, Py_ssize_t y, bint spread) noexcept nogil:
    cdef Py_ssize_t step = 1 if spread else 4, apart = F32_LANES if spread else 1
    recompute_samples(dst, x, step, doubt.p0, call, strip, plane, y)
    recompute_samples(dst, x + apart, step, doubt.p1, call, strip, plane, y)
    recompute_samples(dst, x + 2 * apart, step, doubt.p2, call, strip, plane, y)
    recompute_samples(dst, x + 3 * apart, step, doubt.p3, call, strip, plane, y)


cdef inline void put_quad(uint8_t* dst, vi a, vi b, vi c, vi d, const bint spread) noexcept nogil:
    if spread:
        vi_narrow_rows_u8(dst, a, b, c, d)
    else:
        vi_narrow_u8(dst, a, b, c, d)


cdef inline void put_words(int16_t* dst, vi a, vi b, vi c, vi d, const bint spread) noexcept nogil:
    if spread:
        vi_narrow_rows_i16(dst, a, b, c, d)
    else:
        vi_narrow_i16(dst, a, b, c, d)


cdef inline unsigned int scale_phase(vi* p, float scale, float limit, bint watches_ties) noexcept nogil:
    """Convert sums to results in place. A bit is set for each that is farther than `limit` from a whole number."""
    cdef vf t = vf_mul(vi_to_vf(p[0]), vf_set1(scale))
    if watches_ties:
        t = vf_clamp(t, vf_set1(0), vf_set1(255))
        p[0] = vf_to_vi(t)
        return vf_abs_greater(vf_sub(t, vi_to_vf(p[0])), vf_set1(limit))
    p[0] = vf_to_vi(t)
    return 0


cdef Quad quotients(Quad q, float divisor) noexcept nogil:
    """Convert sums to results. Not inline: it is long, and would be repeated hundreds of times."""
    q.p0 = vf_to_vi(byte_quotients(q.p0, divisor, True))
    q.p1 = vf_to_vi(byte_quotients(q.p1, divisor, True))
    q.p2 = vf_to_vi(byte_quotients(q.p2, divisor, True))
    q.p3 = vf_to_vi(byte_quotients(q.p3, divisor, True))
    return q


cdef inline vi halves_to_even(vi p, int shift) noexcept nogil:
    """Sums divided by 2**shift, shift >= 1, and rounded half to even: half of the divisor is added, but for the
    least bit, which is the quotient's last one."""
    cdef vi odd = vi_and(vi_shift_right(p, shift), vi_set1(1))
    return vi_shift_right(vi_add(vi_add(p, odd), vi_set1((1 << (shift - 1)) - 1)), shift)


cdef inline vi past_tie(vi p, const Dots* dots) noexcept nogil:
    """How far a fixed-point sum lies past the point before a tie where it becomes doubtful, modulo 1."""
    return vi_and(vi_add(p, vi_set1(dots.fixed_point_error)), vi_set1((1 << dots.fraction_bits) - 1))


cdef inline void fixed_finish(Quad* q, uint8_t* dst, Py_ssize_t x, const Call* call, const Strip* strip,
                              Py_ssize_t plane, Py_ssize_t y, const bint spread) noexcept nogil:
    """Round fixed-point sums: add 1/2 and drop the binary places. If these are nearly zero, the sum was nearly a
    tie."""
    cdef const Dots* dots = &call.dots
    cdef vi width = vi_set1(2 * dots.fixed_point_error)
    cdef vi t0, t1, t2, t3
    cdef Doubt doubt
    add_to_quad(q, dots.plus + (1 << (dots.fraction_bits - 1)))
    t0 = past_tie(q.p0, dots)
    t1 = past_tie(q.p1, dots)
    t2 = past_tie(q.p2, dots)
    t3 = past_tie(q.p3, dots)
    put_quad(dst + x, vi_shift_right(q.p0, dots.fraction_bits), vi_shift_right(q.p1, dots.fraction_bits),
             vi_shift_right(q.p2, dots.fraction_bits), vi_shift_right(q.p3, dots.fraction_bits), spread)
    if vi_less(vi_min(vi_min(t0, t1), vi_min(t2, t3)), width):
        doubt.p0 = vi_less(t0, width)
        doubt.p1 = vi_less(t1, width)
        doubt.p2 = vi_less(t2, width)
        doubt.p3 = vi_less(t3, width)
        recompute_quad(dst, x, doubt, call, strip, plane, y, spread)


cdef inline void whole_finish(Quad* q, uint8_t* dst, Py_ssize_t x, const Call* call, const Strip* strip,
                              Py_ssize_t plane, Py_ssize_t y, const bint spread) noexcept nogil:
    """Round whole sums, which a divisor or a factor may scale."""
    cdef bint watches_ties = call.tie_tolerance > 0
    cdef float scale = <float>call.scale, limit = <float>(0.5 - call.tie_tolerance)
    cdef Doubt doubt
    doubt.p0 = doubt.p1 = doubt.p2 = doubt.p3 = 0
    if call.dots.plus:
        add_to_quad(q, call.dots.plus)
    if call.dst.type == I16:
        if call.dots.shift:
            q.p0 = halves_to_even(q.p0, call.dots.shift)
            q.p1 = halves_to_even(q.p1, call.dots.shift)
            q.p2 = halves_to_even(q.p2, call.dots.shift)
            q.p3 = halves_to_even(q.p3, call.dots.shift)
        put_words(<int16_t*>dst + x, q.p0, q.p1, q.p2, q.p3, spread)
        return
    if call.dots.divides:
        q[0] = quotients(q[0], <float>call.divisor)
    elif call.scale != 1:
        doubt.p0 = scale_phase(&q.p0, scale, limit, watches_ties)
        doubt.p1 = scale_phase(&q.p1, scale, limit, watches_ties)
        doubt.p2 = scale_phase(&q.p2, scale, limit, watches_ties)
        doubt.p3 = scale_phase(&q.p3, scale, limit, watches_ties)
    put_quad(dst + x, q.p0, q.p1, q.p2, q.p3, spread)
    if doubt.p0 | doubt.p1 | doubt.p2 | doubt.p3:
        recompute_quad(dst, x, doubt, call, strip, plane, y, spread)


cdef inline void dot_finish(Quad* q, vb* out, Py_ssize_t x, const Call* call, const Strip* strip,
                            Py_ssize_t plane, Py_ssize_t y, const bint spread) noexcept nogil:
    """Sums -> pixels, rounded half to even and saturated. Sums that may be ties are recomputed by the
    definition. Rows past the image are discarded; y is clamped to the last row."""
    y = smaller(y, call.height - 1)
    if call.dots.fraction_bits:
        fixed_finish(q, <uint8_t*>out, x, call, strip, plane, y, spread)
    else:
        whole_finish(q, <uint8_t*>out, x, call, strip, plane, y, spread)


cdef inline bint is_plain_sum(const Call* call) noexcept nogil:
    """Whether sums of bytes are results, but for saturation."""
    return not call.dots.fraction_bits and not call.dots.divides and call.scale == 1 and call.dst.type == U8


cdef inline void plain_finish(Quad* q, vb* out, Py_ssize_t x, const Call* call, const bint spread) noexcept nogil:
    add_to_quad(q, call.dots.plus)
    put_quad(<uint8_t*>out + x, q.p0, q.p1, q.p2, q.p3, spread)


cdef void finish_apart(vi p0, vi p1, vi p2, vi p3, vb* out, Py_ssize_t x, const Call* call, const Strip* strip,
                       Py_ssize_t plane, Py_ssize_t y, bint spread) noexcept nogil:
    """dot_finish, but not inline: it would be repeated a hundred times, and was a sixth of the engine. The other
    rows' sums go to the stack and back. At nine taps, which take fewer instructions than that, it is inline, and so
    is what ends sums of whole-numbered kernels of one digit: 5 x 5 took a sixth longer without."""
    cdef Quad q
    q.p0, q.p1, q.p2, q.p3 = p0, p1, p2, p3
    dot_finish(&q, out, x, call, strip, plane, y, spread)


cdef inline void dot_blocks(vb** out, vb** rows, const Call* call, const Strip* strip, Py_ssize_t plane,
                            Py_ssize_t y, const Py_ssize_t height, const Py_ssize_t groups,
                            const bint many, const bint spread, const bint nine) noexcept nogil:
    """All blocks of a row. The last one moves back to end with the row, if the row is that long."""
    cdef Py_ssize_t x, i = 0, digit, n = strip.count * call.channels
    cdef Py_ssize_t digits = call.dots.digits if many else 1
    cdef bint plain = is_plain_sum(call)
    cdef Py_ssize_t apart = larger(1, call.volume.row_gap)     # rows of results
    cdef const Dots* dots = &call.dots
    cdef const int32_t* weights
    cdef Quad a, b, c, d
    while i < n:
        x = larger(0, smaller(i, n - BYTE_LANES))
        weights = dots.weight
        zero_quad(&a)
        zero_quad(&b)
        zero_quad(&c)
        zero_quad(&d)
        for digit in range(digits):
            if many:
                raise_quad(&a)
                raise_quad(&b)
                raise_quad(&c)
                raise_quad(&d)
                x = opaque(x)   # or the compiler keeps a digit's vectors, on the stack, for the next
            dot_sums(&a, &b, &c, &d, rows, x, dots, weights, height, groups, spread)
            weights += height * groups
        if nine:
            dot_finish(&a, out[0], x, call, strip, plane, y, spread)
            dot_finish(&b, out[1], x, call, strip, plane, y + apart, spread)
            if DOT_ROWS == 4:
                dot_finish(&c, out[2], x, call, strip, plane, y + 2 * apart, spread)
                dot_finish(&d, out[3], x, call, strip, plane, y + 3 * apart, spread)
        elif plain and not many:
            plain_finish(&a, out[0], x, call, spread)
            plain_finish(&b, out[1], x, call, spread)
            if DOT_ROWS == 4:
                plain_finish(&c, out[2], x, call, spread)
                plain_finish(&d, out[3], x, call, spread)
        else:
            hold_quad(&a)
            hold_quad(&b)
            hold_quad(&c)
            hold_quad(&d)
            finish_apart(a.p0, a.p1, a.p2, a.p3, out[0], x, call, strip, plane, y, spread)
            finish_apart(b.p0, b.p1, b.p2, b.p3, out[1], x, call, strip, plane, y + apart, spread)
            if DOT_ROWS == 4:
                finish_apart(c.p0, c.p1, c.p2, c.p3, out[2], x, call, strip, plane, y + 2 * apart, spread)
                finish_apart(d.p0, d.p1, d.p2, d.p3, out[3], x, call, strip, plane, y + 3 * apart, spread)
        i += BYTE_LANES


cdef inline void dot_by_groups(vb** out, vb** rows, const Call* call, const Strip* strip, Py_ssize_t plane,
                               Py_ssize_t y, const bint many, const bint spread) noexcept nogil:
    """Call with constants, which unroll the short loops. Levels that emulate a dot have long loops and do not
    need that."""
    cdef Py_ssize_t height = call.window.height, groups = call.dots.groups
    if DOT_EMULATED:
        dot_blocks(out, rows, call, strip, plane, y, height, groups, many, spread, False)
    elif height == 3 and groups == 1:
        dot_blocks(out, rows, call, strip, plane, y, 3, 1, many, spread, not many)
    elif groups == 1:
        dot_blocks(out, rows, call, strip, plane, y, height, 1, many, spread, False)
    elif groups == 2:
        dot_blocks(out, rows, call, strip, plane, y, height, 2, many, spread, False)
    elif groups == 3:
        dot_blocks(out, rows, call, strip, plane, y, height, 3, many, spread, False)
    elif groups == 4:
        dot_blocks(out, rows, call, strip, plane, y, height, 4, many, spread, False)
    else:
        dot_blocks(out, rows, call, strip, plane, y, height, groups, many, spread, False)


# Four functions rather than one: GCC's time for one grows with more than its length.

cdef void dot_once(vb** out, vb** rows, const Call* call, const Strip* strip, Py_ssize_t plane,
                   Py_ssize_t y) noexcept nogil:
    dot_by_groups(out, rows, call, strip, plane, y, False, False)


cdef void dot_digits(vb** out, vb** rows, const Call* call, const Strip* strip, Py_ssize_t plane,
                     Py_ssize_t y) noexcept nogil:
    dot_by_groups(out, rows, call, strip, plane, y, True, False)


cdef void dot_spread_once(vb** out, vb** rows, const Call* call, const Strip* strip, Py_ssize_t plane,
                          Py_ssize_t y) noexcept nogil:
    dot_by_groups(out, rows, call, strip, plane, y, False, True)


cdef void dot_spread_digits(vb** out, vb** rows, const Call* call, const Strip* strip, Py_ssize_t plane,
                            Py_ssize_t y) noexcept nogil:
    dot_by_groups(out, rows, call, strip, plane, y, True, True)


# Results that are two samples apart: vectors loaded at sample 2 * x and 2 * x + 2 hold the quads of all samples that
# are wanted, in two phases, which are put together before they are rounded.

cdef inline void stepped_taps(Quad* a, Quad* b, Quad* c, Quad* d, vb* row, const Dots* dots, const int32_t* weights,
                              Py_ssize_t below, const int first, const int last) noexcept nogil:
    """dot_taps of results that are two samples apart; `below` weights further are those of the output row above."""
    cdef Py_ssize_t g
    cdef const uint8_t* p
    cdef vb v[4]
    for g in range(dots.groups):
        p = <const uint8_t*>row + dots.offset[g]
        v[0] = vb_keep_in_register(vb_load(p))
        v[1] = vb_keep_in_register(vb_load(p + 2))
        v[2] = vb_keep_in_register(vb_load(p + BYTE_LANES))
        v[3] = vb_keep_in_register(vb_load(p + BYTE_LANES + 2))
        if first <= 0:
            dot_step(a, v, weights[g])
        if first <= 1 and last > 1:
            dot_step(b, v, weights[g - below])
        if first <= 2 and last > 2:
            dot_step(c, v, weights[g - 2 * below])
        if last > 3:
            dot_step(d, v, weights[g - 3 * below])


cdef inline void stepped_sums(Quad* a, Quad* b, Quad* c, Quad* d, vb** rows, Py_ssize_t x, const Call* call,
                              const int32_t* weights) noexcept nogil:
    """Add the window's rows to four output rows, for one digit of the weights."""
    cdef Py_ssize_t iy, height = call.window.height, step = call.volume.row_step
    cdef Py_ssize_t groups = call.dots.groups, below = step * groups
    cdef const Dots* dots = &call.dots
    cdef int shift = step == 2      # the step is 1 or 2
    cdef vb* row
    cdef int range_
    for iy in range(height + 3 * step):
        row = sample_at(rows[iy], 2 * x)
        # the first output row that has a tap here, and after the last one
        range_ = <int>(larger(0, (iy - height + step) >> shift) * 8 + smaller(4, (iy >> shift) + 1))
        if range_ == 4:
            stepped_taps(a, b, c, d, row, dots, weights, below, 0, 4)
        elif range_ == 1:
            stepped_taps(a, b, c, d, row, dots, weights, below, 0, 1)
        elif range_ == 2:
            stepped_taps(a, b, c, d, row, dots, weights, below, 0, 2)
        elif range_ == 3:
            stepped_taps(a, b, c, d, row, dots, weights, below, 0, 3)
        elif range_ == 8 + 2:
            stepped_taps(a, b, c, d, row, dots, weights, below, 1, 2)
        elif range_ == 8 + 3:
            stepped_taps(a, b, c, d, row, dots, weights, below, 1, 3)
        elif range_ == 8 + 4:
            stepped_taps(a, b, c, d, row, dots, weights, below, 1, 4)
        elif range_ == 16 + 3:
            stepped_taps(a, b, c, d, row, dots, weights, below, 2, 3)
        elif range_ == 16 + 4:
            stepped_taps(a, b, c, d, row, dots, weights, below, 2, 4)
        elif range_ == 24 + 4:
            stepped_taps(a, b, c, d, row, dots, weights, below, 3, 4)
        weights += groups


cdef inline void join_phases(Quad* q, vi low, vi high) noexcept nogil:
    """Put the lanes of two phases in turns."""
    cdef Quad joined
    joined.p0 = vi_permute2(q.p0, q.p1, low)
    joined.p1 = vi_permute2(q.p0, q.p1, high)
    joined.p2 = vi_permute2(q.p2, q.p3, low)
    joined.p3 = vi_permute2(q.p2, q.p3, high)
    q[0] = joined


cdef void stepped_dot_rows(vb** out, vb** rows, const Call* call, const Strip* strip, Py_ssize_t plane,
                           Py_ssize_t y) noexcept nogil:
    """Four rows of pixels of one channel that are two columns apart. Only where PERMUTES_TWO."""
    cdef Py_ssize_t x, k, i = 0, digit, n = strip.count
    cdef const int32_t* weights
    cdef int32_t lanes[2 * F32_LANES]
    cdef vi low, high
    cdef Quad a, b, c, d
    for k in range(2 * F32_LANES):
        lanes[k] = <int32_t>(k % 2 * F32_LANES + k // 2)
    low, high = vi_load(lanes), vi_load(lanes + F32_LANES)
    while i < n:
        x = larger(0, smaller(i, n - BYTE_LANES))
        weights = call.dots.weight
        zero_quad(&a)
        zero_quad(&b)
        zero_quad(&c)
        zero_quad(&d)
        for digit in range(call.dots.digits):
            if digit:
                raise_quad(&a)
                raise_quad(&b)
                raise_quad(&c)
                raise_quad(&d)
            stepped_sums(&a, &b, &c, &d, rows, x, call, weights)
            weights += call.window.height * call.dots.groups
        join_phases(&a, low, high)
        join_phases(&b, low, high)
        join_phases(&c, low, high)
        join_phases(&d, low, high)
        finish_apart(a.p0, a.p1, a.p2, a.p3, out[0], x, call, strip, plane, y, True)
        finish_apart(b.p0, b.p1, b.p2, b.p3, out[1], x, call, strip, plane, y + 1, True)
        finish_apart(c.p0, c.p1, c.p2, c.p3, out[2], x, call, strip, plane, y + 2, True)
        finish_apart(d.p0, d.p1, d.p2, d.p3, out[3], x, call, strip, plane, y + 3, True)
        i += BYTE_LANES


cdef void int8_dot_rows(vb** out, vb** rows, const Call* call, const Strip* strip, Py_ssize_t plane,
                        Py_ssize_t y) noexcept nogil:
    """DOT_ROWS rows of pixels of a strip, from output row `y` on. Writes whole blocks, as direct_rows."""
    if PERMUTES_BYTES and call.dots.tap_stride:
        if call.dots.digits == 1:
            dot_spread_once(out, rows, call, strip, plane, y)
        else:
            dot_spread_digits(out, rows, call, strip, plane, y)
    elif call.dots.digits == 1:
        dot_once(out, rows, call, strip, plane, y)
    else:
        dot_digits(out, rows, call, strip, plane, y)
