# Exact: the definition itself, one output pixel at a time, from the source through the tables.
#
# A fast sum whose distance to a tie is smaller than its proven error does not say which integer is
# right; those few pixels come here. A float64 sum in any order settles nearly all of them; the rest are
# summed as the definition says. The sums of 64-bit integers that float64 cannot hold come here, too.


cdef inline const char* source_sample(const Call* call, Py_ssize_t plane, Py_ssize_t y, Py_ssize_t x,
                                      Py_ssize_t c) noexcept nogil:
    """Address of a sample of the padded picture, NULL where the constant stands."""
    if row_index(call, y) < 0 or col_index(call, x) < 0:
        return NULL
    return (call.src.data + plane * call.src.plane + row_index(call, y) * call.src.row
            + col_index(call, x) * call.src.pixel + c * call.src.channel)


cdef double source_value(const Call* call, Py_ssize_t plane, Py_ssize_t y, Py_ssize_t x,
                         Py_ssize_t c) noexcept nogil:
    cdef double value
    cdef const char* p = source_sample(call, plane, y, x, c)
    if p == NULL:
        return call.fill[c]
    gather(<vd*>&value, 0, p, call.src.size, 1, &call.src)
    return value


cdef inline double weight_at(const Call* call, Py_ssize_t ky, Py_ssize_t kx) noexcept nogil:
    if call.kernel == NULL:
        return call.column[ky] * call.row[kx]
    return call.kernel[ky * call.kernel_width + kx]


cdef double exact_sum(const Call* call, Py_ssize_t plane, Py_ssize_t y, Py_ssize_t x,
                      Py_ssize_t c) noexcept nogil:
    """reference.py's sum: float64, row-major, product and sum rounded apart, zero taps skipped."""
    cdef double total = 0
    cdef double w
    cdef Py_ssize_t ky, kx
    for ky in range(call.kernel_height):
        for kx in range(call.kernel_width):
            w = weight_at(call, ky, kx)
            if w != 0:
                total += w * source_value(call, plane, y + ky, x + kx, c)
    return total


# Longest row of taps, padded, that is gathered before it is summed.
cdef enum:
    NEAR_TAPS = 512


cdef inline const small* window_pixels(small* raw, const small* src, const Call* call, Py_ssize_t x,
                                       Py_ssize_t c) noexcept nogil:
    """The row of a window whose pixels do not lie side by side: over the border, or of several channels. They
    are gathered from row `src` to every channels-th place of `raw`."""
    cdef Py_ssize_t kx
    for kx in range(call.kernel_width):
        raw[kx * call.channels] = src[col_index(call, x + kx) * call.channels + c]
    return raw


cdef inline double reordered_small_sum(small* kind, const Call* call, Py_ssize_t plane, Py_ssize_t y,
                                       Py_ssize_t x, Py_ssize_t c) noexcept nogil:
    """Sum of a window of packed pixels that sees no constant. Reads `kernel_pitch` samples a row."""
    cdef double lanes[16]
    cdef small raw[NEAR_TAPS]
    cdef const small* p
    cdef const double* w = call.padded_kernel
    cdef Py_ssize_t ky, i, vector = F64_LANES
    cdef bint inner = (
        call.inner_begin <= x and x * call.channels + c + call.kernel_pitch <= call.inner_end * call.channels
    )
    cdef vd a = vd_set1(0), b = a
    cdef double total = 0
    if not inner:
        memset(raw, 0, call.kernel_pitch * sizeof(small))
    for ky in range(call.kernel_height):
        p = <const small*>(call.src.data + plane * call.src.plane + row_index(call, y + ky) * call.src.row)
        if inner:
            p += (x - call.before) * call.channels + c
        else:
            p = window_pixels(raw, p, call, x, c)
        i = 0
        while i < call.kernel_pitch:    # a multiple of 16
            widen_vector(p + i, lanes)
            widen_vector(p + i + vector, lanes + vector)
            a = vd_multiply_add(a, (<const vd*>(w + i))[0], (<const vd*>lanes)[0])
            b = vd_multiply_add(b, (<const vd*>(w + i + vector))[0], (<const vd*>(lanes + vector))[0])
            i += 2 * vector
        w += call.kernel_pitch
    (<vd*>lanes)[0] = vd_add(a, b)
    for i in range(vector):
        total += lanes[i]
    return total


cdef double reordered_sum(const Call* call, Py_ssize_t plane, Py_ssize_t y, Py_ssize_t x,
                          Py_ssize_t c) noexcept nogil:
    """The sum in float64, in any order."""
    if call.padded_kernel != NULL and call.src.packed and not call.constant and call.kernel_pitch <= NEAR_TAPS:
        if call.src.type == U8:
            return reordered_small_sum(<uint8_t*>NULL, call, plane, y, x, c)
        if call.src.type == U16:
            return reordered_small_sum(<uint16_t*>NULL, call, plane, y, x, c)
        if call.src.type == I16:
            return reordered_small_sum(<int16_t*>NULL, call, plane, y, x, c)
    return exact_sum(call, plane, y, x, c)


cdef double exact_result(const Call* call, Py_ssize_t plane, Py_ssize_t y, Py_ssize_t x,
                         Py_ssize_t c) noexcept nogil:
    """reference.py's sum, plus what is added to all, rounded half to even and saturated. The sums of whole
    numbers that come here are exact, and half of what float64 holds: so are quotients that are ties."""
    cdef double t = reordered_sum(call, plane, y, x, c) + call.plus
    if call.divisor:
        return rint(saturate(t / <double>call.divisor, call.low, call.high))
    t = saturate(t, call.low, call.high)
    if fabs(t - rint(t)) > 0.5 - call.reorder_error:
        t = saturate(exact_sum(call, plane, y, x, c) + call.plus, call.low, call.high)
    return rint(t)


cdef inline void split_sample(const Call* call, const char* p, Py_ssize_t c, int64_t* high,
                              int64_t* low) noexcept nogil:
    """An integer of 32 or 64 bits (the planner sends no other) as high * 2**32 + low, where
    0 <= low < 2**32."""
    cdef uint64_t word = 0
    cdef char* raw = <char*>&word
    if p == NULL:
        high[0] = <int64_t>floor(call.fill[c] / 4294967296.0)
        low[0] = <int64_t>(call.fill[c] - <double>high[0] * 4294967296.0)
        return
    memcpy(raw, p, call.src.size)
    if call.src.swapped:
        swap_bytes(raw, 1, call.src.size)
    if call.src.type == U64:
        high[0] = <int64_t>(word >> 32)
        low[0] = <uint32_t>word
    elif call.src.type == I64:
        high[0] = <int64_t>word >> 32
        low[0] = <uint32_t>word
    elif call.src.type == U32:
        high[0] = 0
        low[0] = (<uint32_t*>raw)[0]
    else:
        high[0] = (<int32_t*>raw)[0] >> 31
        low[0] = (<uint32_t*>raw)[0]


cdef void exact_int64_sum(const Call* call, Py_ssize_t plane, Py_ssize_t y, Py_ssize_t x, Py_ssize_t c,
                          int64_t* high, int64_t* low) noexcept nogil:
    """Sum of integer weights times integers, exact: the weights' magnitudes sum to less than 2**31
    (the planner refuses others), so that neither half overflows."""
    cdef int64_t w, sample_high, sample_low
    cdef Py_ssize_t ky, kx
    high[0] = 0
    low[0] = 0
    for ky in range(call.kernel_height):
        for kx in range(call.kernel_width):
            w = <int64_t>call.kernel[ky * call.kernel_width + kx]
            if w != 0:
                split_sample(call, source_sample(call, plane, y + ky, x + kx, c), c, &sample_high,
                             &sample_low)
                high[0] += w * sample_high
                low[0] += w * sample_low
    high[0] += low[0] >> 32
    low[0] = <uint32_t>low[0]


cdef void exact_int64_quotient(int64_t* high, int64_t* low, int64_t divisor) noexcept nogil:
    """Divide high * 2**32 + low by less than 2**24, rounded half to even."""
    cdef int64_t quotient = high[0] / divisor, rest = high[0] % divisor
    if rest < 0:
        quotient -= 1
        rest += divisor
    high[0] = quotient
    rest = rest << 32 | low[0]
    low[0] = rest / divisor
    rest = 2 * (rest % divisor)
    if rest > divisor or (rest == divisor and low[0] & 1):
        low[0] += 1     # 2**32 perhaps
        high[0] += low[0] >> 32
        low[0] = <uint32_t>low[0]


cdef void store_exact_int64(const Call* call, char* dst, int64_t high, int64_t low) noexcept nogil:
    """Saturate high * 2**32 + low to the output's type."""
    cdef uint64_t word = (<uint64_t>high << 32) | <uint64_t>low     # exact unless `high` is too large
    cdef double coarse = <double>high * 4294967296.0 + <double>low
    cdef uint8_t byte
    cdef uint16_t half
    cdef uint32_t whole
    if call.dst.type == U64:
        if high < 0:
            word = 0
        elif high > 0xffffffffLL:
            word = <uint64_t>-1
    elif call.dst.type == I64:
        if high < -0x80000000LL:
            word = <uint64_t>1 << 63
        elif high > 0x7fffffffLL:
            word = ~(<uint64_t>1 << 63)
    else:
        # float64 holds the limits of the narrower types, and every integer between them
        word = <uint64_t><int64_t>saturate(coarse, call.low, call.high)
        byte, half, whole = <uint8_t>word, <uint16_t>word, <uint32_t>word
        if call.dst.size == 1:
            memcpy(&word, &byte, 1)
        elif call.dst.size == 2:
            memcpy(&word, &half, 2)
        else:
            memcpy(&word, &whole, 4)
    if call.dst.swapped:
        swap_bytes(<char*>&word, 1, call.dst.size)
    memcpy(dst, &word, call.dst.size)


cdef void exact_int64_rows(const Call* call, Py_ssize_t plane, Py_ssize_t y0, Py_ssize_t y1) noexcept nogil:
    cdef Py_ssize_t y, x, c
    cdef int64_t high, low
    for y in range(y0, y1):
        for x in range(call.width):
            for c in range(call.channels):
                exact_int64_sum(call, plane, y, x, c, &high, &low)
                if call.divisor:
                    exact_int64_quotient(&high, &low, call.divisor)
                store_exact_int64(call, call.dst.data + plane * call.dst.plane + y * call.dst.row
                                  + x * call.dst.pixel + c * call.dst.channel, high, low)
