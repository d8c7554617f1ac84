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
# A row of the kernel is a list of groups: an offset and four weights, zeros among them where taps are
# missing, for a product with zero is nothing among integers. Interleaved channels are taps farther
# apart; a group holds those that fall into four samples.
#
# Weights of more bits than the instruction takes are written in digits, the highest first:
#
#     sum(w x) = (sum(w2 x) * B + sum(w1 x)) * B + sum(w0 x)         B = 2**DOT_BITS
#
# A block is DOT_ROWS output rows of one vector of bytes, and a loaded vector serves all of them, since
# loads, which straddle cache lines, are dearer than products. Two rows make eight accumulators, which is
# what 16 registers have room for; four make sixteen, for 32. As in direct.pxi the first and the last
# input rows serve fewer output rows than those between.
#
# Sums are whole (places = 0), and a factor may scale them; or they are in fixed point.
#
# Y. Kelefouras and G. Keramidas, "Design and implementation of 2D convolution on x86/x64 processors",
# IEEE TPDS 33, 2022, use the instruction's 16-bit sibling on shifted kernels, for the same reason.

cdef struct Quad:
    # The four phases of one output row.
    vi p0, p1, p2, p3


cdef inline void dot_step(Quad* q, vb v0, vb v1, vb v2, vb v3, int32_t weights) noexcept nogil:
    cdef vi w = vi_splat(weights)
    q.p0 = vi_dot(q.p0, v0, w)
    q.p1 = vi_dot(q.p1, v1, w)
    q.p2 = vi_dot(q.p2, v2, w)
    q.p3 = vi_dot(q.p3, v3, w)


cdef inline void dot_taps(Quad* a, Quad* b, Quad* c, Quad* d, vb* row, Py_ssize_t x,
                          const int32_t* weights, const Py_ssize_t* offsets, const Py_ssize_t groups,
                          const int first, const int last) noexcept nogil:
    """Add one input row to output rows `first` .. `last - 1`; `weights` is at this row's for row 0."""
    cdef Py_ssize_t g
    cdef const uint8_t* p
    cdef vb v0, v1, v2, v3
    for g in range(groups):
        p = <const uint8_t*>row + x + offsets[g]
        v0 = vb_held(vb_load(p))
        v1 = vb_held(vb_load(p + 1))
        v2 = vb_held(vb_load(p + 2))
        v3 = vb_held(vb_load(p + 3))
        if first <= 0:
            dot_step(a, v0, v1, v2, v3, weights[g])
        if first <= 1 and last > 1:
            dot_step(b, v0, v1, v2, v3, weights[g - groups])
        if first <= 2 and last > 2:
            dot_step(c, v0, v1, v2, v3, weights[g - 2 * groups])
        if last > 3:
            dot_step(d, v0, v1, v2, v3, weights[g - 3 * groups])


cdef inline void zero_quad(Quad* q) noexcept nogil:
    q.p0 = vi_splat(0)
    q.p1 = q.p2 = q.p3 = q.p0


cdef inline void raise_quad(Quad* q) noexcept nogil:
    q.p0 = vi_raised(q.p0)
    q.p1 = vi_raised(q.p1)
    q.p2 = vi_raised(q.p2)
    q.p3 = vi_raised(q.p3)


cdef inline void dot_sums(Quad* a, Quad* b, Quad* c, Quad* d, vb** rows, Py_ssize_t x,
                          const int32_t* w, const Py_ssize_t* offsets, const Py_ssize_t height,
                          const Py_ssize_t groups) noexcept nogil:
    """Add the window's rows, for one digit of the weights; height >= 3."""
    cdef Py_ssize_t iy
    dot_taps(a, b, c, d, rows[0], x, w, offsets, groups, 0, 1)
    dot_taps(a, b, c, d, rows[1], x, w + groups, offsets, groups, 0, 2)
    if DOT_ROWS == 2:
        for iy in range(2, height):
            dot_taps(a, b, c, d, rows[iy], x, w + iy * groups, offsets, groups, 0, 2)
        dot_taps(a, b, c, d, rows[height], x, w + height * groups, offsets, groups, 1, 2)
        return
    dot_taps(a, b, c, d, rows[2], x, w + 2 * groups, offsets, groups, 0, 3)
    for iy in range(3, height):
        dot_taps(a, b, c, d, rows[iy], x, w + iy * groups, offsets, groups, 0, 4)
    w += height * groups
    dot_taps(a, b, c, d, rows[height], x, w, offsets, groups, 1, 4)
    dot_taps(a, b, c, d, rows[height + 1], x, w + groups, offsets, groups, 2, 4)
    dot_taps(a, b, c, d, rows[height + 2], x, w + 2 * groups, offsets, groups, 3, 4)


cdef void settle_phase(uint8_t* dst, Py_ssize_t i, unsigned int doubt, const Job* job,
                       const Strip* strip, Py_ssize_t plane, Py_ssize_t y) noexcept nogil:
    """Write the exact result of each pixel of a phase that is in doubt: bit b is sample i + 4 * b."""
    cdef Py_ssize_t x
    while doubt:
        if doubt & 1 and i < strip.count * job.channels:
            x = strip.first + i // job.channels
            dst[i] = <uint8_t>exact_result(job, plane, y, x, i % job.channels)
        doubt >>= 1
        i += 4


cdef inline unsigned int scale_phase(vi* p, float scale, float limit, bint guarded) noexcept nogil:
    """Sums to results, in place. Tells in bits which are farther than `limit` from whole numbers."""
    cdef vf t = vf_mul(vi_to_vf(p[0]), vf_splat(scale))
    if guarded:
        t = vf_limited(t, vf_splat(0), vf_splat(255))
        p[0] = vf_to_vi(t)
        return vf_beyond(vf_sub(t, vi_to_vf(p[0])), vf_splat(limit))
    p[0] = vf_to_vi(t)
    return 0


cdef inline vi past_tie(vi p, const Dots* dots) noexcept nogil:
    """How far a fixed-point sum is past the beginning of the doubt before a tie, modulo 1."""
    return vi_and(vi_add(p, vi_splat(dots.doubt)), vi_splat((1 << dots.places) - 1))


cdef inline void fixed_finish(Quad* q, uint8_t* dst, Py_ssize_t x, const Job* job, const Strip* strip,
                              Py_ssize_t plane, Py_ssize_t y) noexcept nogil:
    """Fixed-point sums, which 1/2 was added to: what is left is to drop the binary places, and to see
    whether they are nearly zero, which was nearly a tie."""
    cdef const Dots* dots = &job.dots
    cdef vi half = vi_splat(1 << (dots.places - 1)), width = vi_splat(2 * dots.doubt)
    cdef vi t0, t1, t2, t3
    q.p0 = vi_add(q.p0, half)
    q.p1 = vi_add(q.p1, half)
    q.p2 = vi_add(q.p2, half)
    q.p3 = vi_add(q.p3, half)
    t0 = past_tie(q.p0, dots)
    t1 = past_tie(q.p1, dots)
    t2 = past_tie(q.p2, dots)
    t3 = past_tie(q.p3, dots)
    vi_put_u8(dst + x, vi_lowered(q.p0, dots.places), vi_lowered(q.p1, dots.places),
              vi_lowered(q.p2, dots.places), vi_lowered(q.p3, dots.places))
    if vi_below(vi_least(vi_least(t0, t1), vi_least(t2, t3)), width):
        settle_phase(dst, x, vi_below(t0, width), job, strip, plane, y)
        settle_phase(dst, x + 1, vi_below(t1, width), job, strip, plane, y)
        settle_phase(dst, x + 2, vi_below(t2, width), job, strip, plane, y)
        settle_phase(dst, x + 3, vi_below(t3, width), job, strip, plane, y)


cdef inline void whole_finish(Quad* q, uint8_t* dst, Py_ssize_t x, const Job* job, const Strip* strip,
                              Py_ssize_t plane, Py_ssize_t y) noexcept nogil:
    """Whole sums, which a factor may scale."""
    cdef bint guarded = job.guard > 0
    cdef float scale = <float>job.scale, limit = <float>(0.5 - job.guard)
    cdef unsigned int doubt0 = 0, doubt1 = 0, doubt2 = 0, doubt3 = 0
    if job.scale != 1:
        doubt0 = scale_phase(&q.p0, scale, limit, guarded)
        doubt1 = scale_phase(&q.p1, scale, limit, guarded)
        doubt2 = scale_phase(&q.p2, scale, limit, guarded)
        doubt3 = scale_phase(&q.p3, scale, limit, guarded)
    vi_put_u8(dst + x, q.p0, q.p1, q.p2, q.p3)
    if doubt0 | doubt1 | doubt2 | doubt3:
        settle_phase(dst, x, doubt0, job, strip, plane, y)
        settle_phase(dst, x + 1, doubt1, job, strip, plane, y)
        settle_phase(dst, x + 2, doubt2, job, strip, plane, y)
        settle_phase(dst, x + 3, doubt3, job, strip, plane, y)


cdef inline void dot_finish(Quad* q, vb* out, Py_ssize_t x, const Job* job, const Strip* strip,
                            Py_ssize_t plane, Py_ssize_t y) noexcept nogil:
    """Sums -> pixels: rounding half to even and saturation. What may be a tie is left to the
    definition. (A row below the picture is nobody's, and looked at like the last.)"""
    y = smaller(y, job.height - 1)
    if job.dots.places:
        fixed_finish(q, <uint8_t*>out, x, job, strip, plane, y)
    else:
        whole_finish(q, <uint8_t*>out, x, job, strip, plane, y)


cdef inline void dot_blocks(vb** out, vb** rows, const Job* job, const Strip* strip, Py_ssize_t plane,
                            Py_ssize_t y, const Py_ssize_t height, const Py_ssize_t groups,
                            const bint many) noexcept nogil:
    """All blocks of a row. The last one moves back to end with the row, if the row is that long."""
    cdef Py_ssize_t x, i = 0, digit, n = strip.count * job.channels
    cdef Py_ssize_t digits = job.dots.digits if many else 1
    cdef const Py_ssize_t* offsets = job.dots.offset
    cdef const int32_t* weights
    cdef Quad a, b, c, d
    while i < n:
        x = larger(0, smaller(i, n - BYTE_LANES))
        weights = job.dots.weight
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
            dot_sums(&a, &b, &c, &d, rows, x, weights, offsets, height, groups)
            weights += height * groups
        dot_finish(&a, out[0], x, job, strip, plane, y)
        dot_finish(&b, out[1], x, job, strip, plane, y + 1)
        if DOT_ROWS == 4:
            dot_finish(&c, out[2], x, job, strip, plane, y + 2)
            dot_finish(&d, out[3], x, job, strip, plane, y + 3)
        i += BYTE_LANES


cdef inline void dot_by_groups(vb** out, vb** rows, const Job* job, const Strip* strip, Py_ssize_t plane,
                               Py_ssize_t y, const bint many) noexcept nogil:
    """Constants unroll: there is not much between the loops' ends."""
    cdef Py_ssize_t height = job.window.height, groups = job.dots.groups
    if height == 3 and groups == 1:
        dot_blocks(out, rows, job, strip, plane, y, 3, 1, many)
    elif groups == 1:
        dot_blocks(out, rows, job, strip, plane, y, height, 1, many)
    elif groups == 2:
        dot_blocks(out, rows, job, strip, plane, y, height, 2, many)
    elif groups == 3:
        dot_blocks(out, rows, job, strip, plane, y, height, 3, many)
    elif groups == 4:
        dot_blocks(out, rows, job, strip, plane, y, height, 4, many)
    else:
        dot_blocks(out, rows, job, strip, plane, y, height, groups, many)


cdef void dot_rows(vb** out, vb** rows, const Job* job, const Strip* strip, Py_ssize_t plane,
                   Py_ssize_t y) noexcept nogil:
    """DOT_ROWS rows of pixels of a strip, from output row `y` on. Writes whole blocks, as direct_rows."""
    if job.dots.digits == 1:
        dot_by_groups(out, rows, job, strip, plane, y, False)
    else:
        dot_by_groups(out, rows, job, strip, plane, y, True)
