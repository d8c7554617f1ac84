# Exact: the definition itself, one output pixel at a time, from the source through the tables.
#
# A fast sum whose distance to a tie is smaller than its proven error does not say which integer is
# right; those few pixels come here. A float64 sum in any order settles nearly all of them; the rest are
# summed as the definition says. The sums of 64-bit integers that float64 cannot hold come here, too.


cdef inline const char* source_sample(const Job* job, Py_ssize_t plane, Py_ssize_t y, Py_ssize_t x,
                                      Py_ssize_t c) noexcept nogil:
    """Address of a sample of the padded picture, NULL where the constant stands."""
    if row_index(job, y) < 0 or col_index(job, x) < 0:
        return NULL
    return (job.src.data + plane * job.src.plane + row_index(job, y) * job.src.row
            + col_index(job, x) * job.src.pixel + c * job.src.channel)


cdef double source_value(const Job* job, Py_ssize_t plane, Py_ssize_t y, Py_ssize_t x,
                         Py_ssize_t c) noexcept nogil:
    cdef double value
    cdef const char* p = source_sample(job, plane, y, x, c)
    if p == NULL:
        return job.fill[c]
    gather(<vd*>&value, 0, p, job.src.size, 1, &job.src)
    return value


cdef double exact_sum(const Job* job, Py_ssize_t plane, Py_ssize_t y, Py_ssize_t x,
                      Py_ssize_t c) noexcept nogil:
    """reference.py's sum: float64, row-major, product and sum rounded apart, zero taps skipped."""
    cdef double total = 0
    cdef double w
    cdef Py_ssize_t ky, kx
    for ky in range(job.kernel_height):
        for kx in range(job.kernel_width):
            w = job.kernel[ky * job.kernel_width + kx]
            if w != 0:
                total += w * source_value(job, plane, y + ky, x + kx, c)
    return total


# Longest row of taps, padded, that is gathered before it is summed.
cdef enum:
    NEAR_TAPS = 512


cdef inline const small* window_pixels(small* raw, const small* src, const Job* job, Py_ssize_t x,
                                       Py_ssize_t c) noexcept nogil:
    """The row of a window whose pixels do not lie side by side: over the border, or of several channels. They
    are gathered from row `src` to every channels-th place of `raw`."""
    cdef Py_ssize_t kx
    for kx in range(job.kernel_width):
        raw[kx * job.channels] = src[col_index(job, x + kx) * job.channels + c]
    return raw


cdef inline double near_small(small* kind, const Job* job, Py_ssize_t plane, Py_ssize_t y, Py_ssize_t x,
                              Py_ssize_t c) noexcept nogil:
    """Sum of a window of packed pixels that sees no constant. Reads `kernel_pitch` samples a row."""
    cdef double lanes[16]
    cdef small raw[NEAR_TAPS]
    cdef const small* p
    cdef const double* w = job.padded_kernel
    cdef Py_ssize_t ky, i, vector = F64_LANES
    cdef bint inner = (
        job.inner_begin <= x and x * job.channels + c + job.kernel_pitch <= job.inner_end * job.channels
    )
    cdef vd a = vd_splat(0), b = a
    cdef double total = 0
    if not inner:
        memset(raw, 0, job.kernel_pitch * sizeof(small))
    for ky in range(job.kernel_height):
        p = <const small*>(job.src.data + plane * job.src.plane + row_index(job, y + ky) * job.src.row)
        if inner:
            p += (x - job.before) * job.channels + c
        else:
            p = window_pixels(raw, p, job, x, c)
        i = 0
        while i < job.kernel_pitch:     # a multiple of 16
            widen_vector(p + i, lanes)
            widen_vector(p + i + vector, lanes + vector)
            a = vd_fma(a, (<const vd*>(w + i))[0], (<const vd*>lanes)[0])
            b = vd_fma(b, (<const vd*>(w + i + vector))[0], (<const vd*>(lanes + vector))[0])
            i += 2 * vector
        w += job.kernel_pitch
    (<vd*>lanes)[0] = vd_add(a, b)
    for i in range(vector):
        total += lanes[i]
    return total


cdef double near_sum(const Job* job, Py_ssize_t plane, Py_ssize_t y, Py_ssize_t x,
                     Py_ssize_t c) noexcept nogil:
    """The sum in float64, in any order."""
    if job.src.packed and not job.constant and job.kernel_pitch <= NEAR_TAPS:
        if job.src.type == U8:
            return near_small(<uint8_t*>NULL, job, plane, y, x, c)
        if job.src.type == U16:
            return near_small(<uint16_t*>NULL, job, plane, y, x, c)
        if job.src.type == I16:
            return near_small(<int16_t*>NULL, job, plane, y, x, c)
    return exact_sum(job, plane, y, x, c)


cdef double exact_result(const Job* job, Py_ssize_t plane, Py_ssize_t y, Py_ssize_t x,
                         Py_ssize_t c) noexcept nogil:
    """reference.py's sum, plus what is added to all, rounded half to even and saturated. The sums of whole
    numbers that come here are exact, and half of what float64 holds: so are quotients that are ties."""
    cdef double t = near_sum(job, plane, y, x, c) + job.plus
    if job.divisor:
        return rint(saturate(t / <double>job.divisor, job.low, job.high))
    t = saturate(t, job.low, job.high)
    if fabs(t - rint(t)) > 0.5 - job.near:
        t = saturate(exact_sum(job, plane, y, x, c) + job.plus, job.low, job.high)
    return rint(t)


cdef inline void split_sample(const Job* job, const char* p, Py_ssize_t c, int64_t* high,
                              int64_t* low) noexcept nogil:
    """An integer of 32 or 64 bits (the planner sends no other) as high * 2**32 + low, where
    0 <= low < 2**32."""
    cdef uint64_t word = 0
    cdef char* raw = <char*>&word
    if p == NULL:
        high[0] = <int64_t>floor(job.fill[c] / 4294967296.0)
        low[0] = <int64_t>(job.fill[c] - <double>high[0] * 4294967296.0)
        return
    memcpy(raw, p, job.src.size)
    if job.src.swapped:
        swap_bytes(raw, 1, job.src.size)
    if job.src.type == U64:
        high[0] = <int64_t>(word >> 32)
        low[0] = <uint32_t>word
    elif job.src.type == I64:
        high[0] = <int64_t>word >> 32
        low[0] = <uint32_t>word
    elif job.src.type == U32:
        high[0] = 0
        low[0] = (<uint32_t*>raw)[0]
    else:
        high[0] = (<int32_t*>raw)[0] >> 31
        low[0] = (<uint32_t*>raw)[0]


cdef void wide_sum(const Job* job, Py_ssize_t plane, Py_ssize_t y, Py_ssize_t x, Py_ssize_t c,
                   int64_t* high, int64_t* low) noexcept nogil:
    """Sum of integer weights times integers, exact: the weights' magnitudes sum to less than 2**31
    (the planner refuses others), so that neither half overflows."""
    cdef int64_t w, sample_high, sample_low
    cdef Py_ssize_t ky, kx
    high[0] = 0
    low[0] = 0
    for ky in range(job.kernel_height):
        for kx in range(job.kernel_width):
            w = <int64_t>job.kernel[ky * job.kernel_width + kx]
            if w != 0:
                split_sample(job, source_sample(job, plane, y + ky, x + kx, c), c, &sample_high,
                             &sample_low)
                high[0] += w * sample_high
                low[0] += w * sample_low
    high[0] += low[0] >> 32
    low[0] = <uint32_t>low[0]


cdef void wide_quotient(int64_t* high, int64_t* low, int64_t divisor) noexcept nogil:
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


cdef void wide_store(const Job* job, char* dst, int64_t high, int64_t low) noexcept nogil:
    """Saturate high * 2**32 + low to the output's type."""
    cdef uint64_t word = (<uint64_t>high << 32) | <uint64_t>low     # exact unless `high` is too large
    cdef double coarse = <double>high * 4294967296.0 + <double>low
    cdef uint8_t byte
    cdef uint16_t half
    cdef uint32_t whole
    if job.dst.type == U64:
        if high < 0:
            word = 0
        elif high > 0xffffffffLL:
            word = <uint64_t>-1
    elif job.dst.type == I64:
        if high < -0x80000000LL:
            word = <uint64_t>1 << 63
        elif high > 0x7fffffffLL:
            word = ~(<uint64_t>1 << 63)
    else:
        # float64 holds the limits of the narrower types, and every integer between them
        word = <uint64_t><int64_t>saturate(coarse, job.low, job.high)
        byte, half, whole = <uint8_t>word, <uint16_t>word, <uint32_t>word
        if job.dst.size == 1:
            memcpy(&word, &byte, 1)
        elif job.dst.size == 2:
            memcpy(&word, &half, 2)
        else:
            memcpy(&word, &whole, 4)
    if job.dst.swapped:
        swap_bytes(<char*>&word, 1, job.dst.size)
    memcpy(dst, &word, job.dst.size)


cdef void wide_rows(const Job* job, Py_ssize_t plane, Py_ssize_t y0, Py_ssize_t y1) noexcept nogil:
    cdef Py_ssize_t y, x, c
    cdef int64_t high, low
    for y in range(y0, y1):
        for x in range(job.width):
            for c in range(job.channels):
                wide_sum(job, plane, y, x, c, &high, &low)
                if job.divisor:
                    wide_quotient(&high, &low, job.divisor)
                wide_store(job, job.dst.data + plane * job.dst.plane + y * job.dst.row
                           + x * job.dst.pixel + c * job.dst.channel, high, low)
