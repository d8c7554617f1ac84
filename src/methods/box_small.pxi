# Small box: small boxes of bytes or 16-bit words, summed in registers and divided by a whole number.
#
# A block is 4 output rows of one vector of sums, which are 16 bits wide for bytes, 32 for words. First the
# window's rows are summed in each column. The rows that all four output rows share are added once:
#
#     rows       0 1 2 | 3 .. height-1 | height .. height+2
#     row 0      x x x |       x       |
#     row 1        x x |       x       |   x
#     row 2          x |       x       |   x x
#     row 3            |       x       |   x x x
#
# Then each row is summed across: its vector and the next one are shifted together. Then the sums are divided:
#
#     words   in float32, whose quotients are precise enough to be rounded; see X_quotient in simd.h. For an odd
#             divisor below 64, a product with the reciprocal suffices: it is off by at most 65535 * 2**-23, less
#             than the distance to a tie, which is half of 1 / divisor
#     bytes   floor((sum + divisor / 2) / divisor) as a product and a shift, exact for all possible sums
#             (T. Granlund and P. Montgomery, Division by invariant integers using multiplication, 1994). With an
#             even divisor this rounds ties up: where the remainder is 0 and the quotient odd, 1 is subtracted
#
# The planner takes this method only where sums and quotients fit 16 bits, and where the level can shift vectors
# by any number of lanes (PERMUTES_TWO).

ctypedef fused total:
    vw
    vi

cdef enum:
    AVERAGE_TAPS = 9        # across, at the most
    AVERAGE_WORDS = 128     # taps of words in all: twice their sum must be exact in float32


cdef inline total pixels(total* kind, const char* p, const bint signed_) noexcept nogil:
    if total is vw:
        return vw_widen_u8(<const uint8_t*>p)
    elif signed_:
        return vi_widen_i16(<const int16_t*>p)
    else:
        return vi_widen_u16(<const uint16_t*>p)


cdef inline total plus(total a, total b) noexcept nogil:
    if total is vw:
        return vw_add(a, b)
    else:
        return vi_add(a, b)


cdef inline total moved(total a, total b, total shift) noexcept nogil:
    """Lanes of a and, after it, b, from a lane on; `shift` counts from there."""
    if total is vw:
        return vw_permute2(a, b, shift)
    else:
        return vi_permute2(a, b, shift)


cdef inline total counted(total* kind, Py_ssize_t n) noexcept nogil:
    if total is vw:
        return vw_iota(<int>n)
    else:
        return vi_iota(<int>n)


cdef inline void column_sums(total* sums, char** rows, Py_ssize_t at, const Py_ssize_t height,
                             const bint signed_) noexcept nogil:
    """Of four output rows, `at` bytes from the beginning of the rows; height >= 3."""
    cdef Py_ssize_t i
    cdef total r0 = pixels(sums, rows[0] + at, signed_), r2 = pixels(sums, rows[2] + at, signed_)
    cdef total r3 = pixels(sums, rows[height] + at, signed_)
    cdef total r5 = pixels(sums, rows[height + 2] + at, signed_)
    cdef total before = plus(pixels(sums, rows[1] + at, signed_), r2)
    cdef total after = plus(r3, pixels(sums, rows[height + 1] + at, signed_))
    cdef total common
    if height > 3:
        common = pixels(sums, rows[3] + at, signed_)
        for i in range(4, height):
            common = plus(common, pixels(sums, rows[i] + at, signed_))
        before, after = plus(before, common), plus(after, common)
    sums[0] = plus(before, r0)
    sums[1] = plus(before, r3)
    sums[2] = plus(after, r2)
    sums[3] = plus(after, r5)


cdef inline total across(total now, total after, const total* shifts, const Py_ssize_t width) noexcept nogil:
    cdef Py_ssize_t k
    cdef total sum_ = now
    for k in range(1, width):
        sum_ = plus(sum_, moved(now, after, shifts[k]))
    return sum_


cdef inline void put_average(char* dst, total sum_, const Call* call, float divisor, float inverse,
                             const bint ties) noexcept nogil:
    cdef total q
    if total is vw:
        sum_ = vw_add(sum_, vw_set1(<uint16_t>(call.divisor // 2)))
        q = vw_shift_right(vw_multiply_high(sum_, vw_set1(call.average.factor)), call.average.shift)
        if ties:
            q = vw_ties_to_even(q, sum_, vw_set1(<uint16_t>call.divisor))
        vw_narrow_8(dst, q)
    elif ties:
        vi_narrow_16(dst, vf_to_vi(vf_quotient(vi_to_vf(sum_), vf_set1(divisor), vf_set1(inverse))))
    else:
        vi_narrow_16(dst, vf_to_vi(vf_mul(vi_to_vf(sum_), vf_set1(inverse))))


cdef inline void average_blocks(total* kind, char** out, char** rows, const Call* call, Py_ssize_t n,
                                const Py_ssize_t height, const Py_ssize_t width,
                                const bint ties, const bint signed_) noexcept nogil:
    """All blocks of a row. The last one moves back to end with the row, if the row is that long."""
    cdef Py_ssize_t k, at, x = 0, lanes = 2 * F32_LANES if total is vw else F32_LANES
    cdef Py_ssize_t size = 1 if total is vw else 2
    cdef float divisor = <float>call.divisor, inverse = 1 / divisor
    cdef total shifts[AVERAGE_TAPS]
    cdef total now[4]
    cdef total after[4]
    for k in range(1, width):
        shifts[k] = counted(kind, k * call.channels)
    column_sums(now, rows, 0, height, signed_)
    while x < n:
        at = larger(0, smaller(x, n - lanes))
        if at < x:
            column_sums(now, rows, at * size, height, signed_)
        column_sums(after, rows, (at + lanes) * size, height, signed_)
        put_average(out[0] + at * size, across(now[0], after[0], shifts, width), call, divisor, inverse, ties)
        put_average(out[1] + at * size, across(now[1], after[1], shifts, width), call, divisor, inverse, ties)
        put_average(out[2] + at * size, across(now[2], after[2], shifts, width), call, divisor, inverse, ties)
        put_average(out[3] + at * size, across(now[3], after[3], shifts, width), call, divisor, inverse, ties)
        now[0], now[1], now[2], now[3] = after[0], after[1], after[2], after[3]
        x += lanes


cdef inline void average_sizes(total* kind, char** out, char** rows, const Call* call, Py_ssize_t n,
                               const bint signed_) noexcept nogil:
    cdef Py_ssize_t height = call.kernel_height, width = call.kernel_width
    if call.divisor % 2 == 0 or (total is vi and call.divisor > 63):
        average_blocks(kind, out, rows, call, n, height, width, True, signed_)
    elif height == 3 and width == 3:
        average_blocks(kind, out, rows, call, n, 3, 3, False, signed_)
    elif height == 5 and width == 5:
        average_blocks(kind, out, rows, call, n, 5, 5, False, signed_)
    else:
        average_blocks(kind, out, rows, call, n, height, width, False, signed_)


cdef void small_box_rows(total* kind, char** out, char** rows, const Call* call, Py_ssize_t n) noexcept nogil:
    """BLOCK_ROWS rows of `n` pixels from height + 3 window rows. Writes whole blocks, as direct_rows."""
    if total is vi and call.src.type == I16:
        average_sizes(kind, out, rows, call, n, True)
    else:
        average_sizes(kind, out, rows, call, n, False)


cdef bint averages(Py_ssize_t height, Py_ssize_t width, Py_ssize_t channels, Py_ssize_t divisor,
                   Py_ssize_t size) noexcept nogil:
    """Whether a box of pixels of `size` bytes can be done in this way."""
    cdef Py_ssize_t lanes = BYTE_LANES // (2 * size)
    return (
        PERMUTES_TWO
        and height >= 3 and width <= AVERAGE_TAPS and (width - 1) * channels <= lanes
        and divisor >= height * width
        and (divides(height * width, divisor) if size == 1 else height * width <= AVERAGE_WORDS)
    )


cdef Average quotient(Py_ssize_t divisor) noexcept nogil:
    """Factor and shift, so that n / divisor = n * factor / 2**(16 + shift) for n that `divides` allows."""
    cdef Average found
    found.shift = 0
    while divisor > 2 << found.shift:   # or the factor would be 2**16
        found.shift += 1
    found.factor = <uint16_t>(((<int64_t>1 << (16 + found.shift)) + divisor - 1) // divisor)
    return found


cdef bint divides(Py_ssize_t taps, Py_ssize_t divisor) noexcept nogil:
    """Whether sums of so many bytes fit 16 bits, and can be divided with a product."""
    cdef Py_ssize_t most = taps * 255 + divisor // 2
    cdef Average q = quotient(divisor)
    cdef int64_t excess = <int64_t>q.factor * divisor - (<int64_t>1 << (16 + q.shift))
    return most < 1 << 16 and excess >= 0 and excess * most < <int64_t>1 << (16 + q.shift)


cdef bint may_take_small_box(const Call* call) noexcept nogil:
    """Whether running sums of few taps can be done in registers: that depends on pixels and channels."""
    return (
        call.method == BOX_SLIDING and call.divisor > 0 and call.scale == 1 and not call.changed
        and call.src.type == call.dst.type
        and (call.src.type == U8 or call.src.type == U16 or call.src.type == I16)
        and averages(call.kernel_height, call.kernel_width, call.channels, call.divisor, call.src.size)
    )
