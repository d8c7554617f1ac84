# Store: a row of sums -> pixels. Rounding half to even, saturation, ties, byte order and strides.
#
# Exact sums of whole numbers are divided first, precisely enough to be rounded: see X_quotient in simd.h. Sums
# are saturated before they are rounded, so that rounding and conversion handle small numbers only (sums of
# float32 become integers of 8 and 16 bits only). A sum that is nearer to a tie than the call's tie tolerance is
# recomputed by the definition.

cdef enum:
    BYTE_DIVISOR = 8192
    CHANGED = 512       # sums that a number is added to at a time


cdef inline bint has_ties(Py_ssize_t divisor) noexcept nogil:
    """Whether quotients that become bytes may be ties, or be taken for ties, if a product makes them."""
    return (divisor % 2 == 0 and divisor & (divisor - 1) != 0) or divisor >= BYTE_DIVISOR


cdef inline vf byte_quotients(vi sums, float divisor, const bint ties) noexcept nogil:
    """Quotients that become bytes, before they are rounded.

    The divisor is at most 2**15: larger sums than 256 times that saturate. The product's error is then less
    than 2**-14. A quotient that is no tie is at least half of 1 / divisor away from one, which is more. Products
    with the reciprocal of a power of two are exact.
    """
    if ties:
        return vf_quotient(vi_to_vf(sums), vf_set1(divisor), vf_set1(1 / divisor))
    return vf_mul(vi_to_vf(sums), vf_set1(1 / divisor))


# Samples of a row that are recomputed together.
cdef enum:
    DOUBTS = 128

cdef struct Doubts:
    Py_ssize_t count
    Py_ssize_t sample[DOUBTS]   # of the row of sums


cdef inline void list_doubts(Doubts* doubts, Py_ssize_t i, unsigned int doubt) noexcept nogil:
    """Add sample i + b for each bit b."""
    while doubt:
        if doubt & 1:
            doubts.sample[doubts.count] = i
            doubts.count += 1
        i += 1
        doubt >>= 1


cdef void recompute_ties(number* dst, Py_ssize_t i, Doubts* doubts, const Call* call, const Place* at) noexcept nogil:
    """Write the exact results of the samples, sample `i` to dst[0], and forget them."""
    cdef double results[DOUBTS]
    cdef Py_ssize_t place[DOUBTS]
    cdef Py_ssize_t k
    for k in range(doubts.count):
        place[k] = doubts.sample[k] - i
    exact_results(results, doubts.sample, doubts.count, call, at)
    for k in range(doubts.count):
        dst[place[k]] = <number><int64_t>results[k] if sizeof(number) <= 4 else <number>results[k]
    doubts.count = 0


cdef inline real round_even(real t) noexcept nogil:
    """The nearest integer, ties to even, by an addition that rounds. |t| <= 2**22 (float64: 2**51)."""
    if real is float:
        return (t + <float>12582912.0) - <float>12582912.0
    else:
        return (t + 6755399441055744.0) - 6755399441055744.0


cdef inline real saturate(real t, real low, real high) noexcept nogil:
    t = low if t < low else t
    t = high if t > high else t
    return t


cdef inline void narrow_run(const real* sums, small* dst, Py_ssize_t i, Py_ssize_t n, const Call* call,
                            const Place* at) noexcept nogil:
    """Sums `i` .. `i + n - 1` of a row, the first to dst[0]. NaN becomes 0."""
    cdef Py_ssize_t k
    cdef real t, whole, limit = <real>(0.5 - call.tie_tolerance), divisor = <real>(call.divisor or 1)
    cdef Doubts doubts
    doubts.count = 0
    for k in range(n):
        t = saturate(sums[i + k] / divisor, <real>call.low, <real>call.high)
        whole = round_even(t)
        if call.tie_tolerance > 0 and fabs(t - whole) > limit:
            list_doubts(&doubts, i + k, 1)
            recompute_ties(dst, i, &doubts, call, at)
        else:
            dst[k] = <small><int32_t>whole if whole == whole else 0


cdef inline unsigned int narrow_vector(const real* sums, small* dst, real low, real high, real limit,
                                       real divisor, const bint divided) noexcept nogil:
    """Bit i is set where result i is farther than `limit` from a whole number."""
    cdef vf t, whole
    cdef vd u, m
    if real is float:   # never NaN: pixels are integers, and weights are finite
        t = (<const vf*>sums)[0]
        if divided:
            t = vf_quotient(t, vf_set1(divisor), vf_set1(1 / divisor))
        t = vf_clamp(t, vf_set1(low), vf_set1(high))
        whole = vf_round(t)
        if sizeof(small) == 1:
            vf_narrow_8(dst, whole)
        else:
            vf_narrow_16(dst, whole)
        return vf_abs_greater(vf_sub(t, whole), vf_set1(limit))
    else:
        u = vd_zero_nan((<const vd*>sums)[0])
        if divided:
            u = vd_quotient(u, vd_set1(divisor), vd_set1(1 / divisor))
        u = vd_clamp(u, vd_set1(low), vd_set1(high))
        m = vd_round(u)
        if sizeof(small) == 1:
            vd_narrow_8(dst, m)
        else:
            vd_narrow_16(dst, m)
        return vd_abs_greater(vd_sub(u, m), vd_set1(limit))


cdef inline void narrow_vectors(const real* sums, small* dst, Py_ssize_t i, Py_ssize_t n, const Call* call,
                                const Place* at, const bint divided) noexcept nogil:
    cdef Py_ssize_t k = 0, x, vector = VECTOR_BYTES // sizeof(real)
    cdef real low = <real>call.low, high = <real>call.high, divisor = <real>call.divisor
    # no number is farther than 1/2 from a whole one
    cdef real limit = <real>(0.5 - call.tie_tolerance) if call.tie_tolerance > 0 else 1
    cdef unsigned int doubt
    cdef Doubts doubts
    doubts.count = 0
    while k < n:    # the last vector moves back to end with the row
        x = smaller(k, n - vector)
        doubt = narrow_vector(sums + i + x, dst + x, low, high, limit, divisor, divided)
        if doubt:
            list_doubts(&doubts, i + x, doubt)
            if doubts.count > DOUBTS - vector:
                recompute_ties(dst, i, &doubts, call, at)
        k += vector
    if doubts.count:
        recompute_ties(dst, i, &doubts, call, at)


cdef inline void narrow_small(const real* sums, small* dst, Py_ssize_t i, Py_ssize_t n, const Call* call,
                              const Place* at) noexcept nogil:
    if VECTOR_BYTES == 0 or n < VECTOR_BYTES // <Py_ssize_t>sizeof(real):
        narrow_run(sums, dst, i, n, call, at)
    elif call.divisor:
        narrow_vectors(sums, dst, i, n, call, at, True)
    else:
        narrow_vectors(sums, dst, i, n, call, at, False)


cdef inline void narrow_long(const real* sums, wide* dst, Py_ssize_t n, double divisor) noexcept nogil:
    """Convert to 64 bits. Sums may be so large that they are whole numbers. The limits are no floats: 2**63 and
    2**64 are the first floats that saturate."""
    cdef Py_ssize_t i
    cdef bint signed_ = <wide>-1 < 0
    cdef wide least = <wide>(<uint64_t>1 << 63) if signed_ else 0
    cdef wide most = <wide>(<uint64_t>-1 >> 1) if signed_ else <wide><uint64_t>-1
    cdef double t, top = 9223372036854775808.0 if signed_ else 18446744073709551616.0
    for i in range(n):
        t = rint(<double>sums[i] / divisor)
        if t >= top:
            dst[i] = most
        elif t <= <double>least:
            dst[i] = least
        else:
            dst[i] = <wide>t if t == t else 0


cdef inline unsigned int narrow_wide_vector(const double* sums, wide* dst, const Call* call, double limit,
                                            const bint divided) noexcept nogil:
    """Like narrow_vector. Returns 0 for sums larger than those whose ties are watched."""
    cdef vd u = vd_zero_nan((<const vd*>sums)[0]), m
    if divided:
        u = vd_quotient(u, vd_set1(<double>call.divisor), vd_set1(1 / <double>call.divisor))
    if sizeof(wide) == 8 and vd_abs_greater(u, vd_set1(2251799813685248.0)):
        narrow_long(sums, dst, F64_LANES, <double>(call.divisor or 1))
        return 0
    u = vd_clamp(u, vd_set1(call.low), vd_set1(call.high))
    m = vd_round(u)
    if sizeof(wide) == 4:
        vd_narrow_32(dst, m)
    else:
        vd_narrow_64(dst, m)
    return vd_abs_greater(vd_sub(u, m), vd_set1(limit))


cdef inline void narrow_wide_vectors(const double* sums, wide* dst, Py_ssize_t i, Py_ssize_t n,
                                     const Call* call, const Place* at, const bint divided) noexcept nogil:
    cdef Py_ssize_t k = 0, x
    cdef double limit = 0.5 - call.tie_tolerance if call.tie_tolerance > 0 else 1    # nothing is farther than 1/2
    cdef unsigned int doubt
    cdef Doubts doubts
    doubts.count = 0
    while k < n:    # the last vector moves back to end with the row
        x = smaller(k, n - F64_LANES)
        doubt = narrow_wide_vector(sums + i + x, dst + x, call, limit, divided)
        if doubt:
            list_doubts(&doubts, i + x, doubt)
            if doubts.count > DOUBTS - F64_LANES:
                recompute_ties(dst, i, &doubts, call, at)
        k += F64_LANES
    if doubts.count:
        recompute_ties(dst, i, &doubts, call, at)


cdef inline void narrow_wide(const real* sums, wide* dst, Py_ssize_t i, Py_ssize_t n, const Call* call,
                             const Place* at) noexcept nogil:
    """Convert to 32 and 64 bits. Only float64 sums are converted to these."""
    cdef double padded[8]
    cdef wide results[8]
    cdef unsigned int doubt
    cdef Doubts doubts
    if real is double:
        if n < F64_LANES:
            memset(padded, 0, sizeof(padded))
            memcpy(padded, sums + i, n * sizeof(double))
            doubt = narrow_wide_vector(padded, results, call,
                                       0.5 - call.tie_tolerance if call.tie_tolerance > 0 else 1,
                                       call.divisor > 0) & ((1 << n) - 1)
            memcpy(dst, results, n * sizeof(wide))
            doubts.count = 0
            list_doubts(&doubts, i, doubt)
            recompute_ties(dst, i, &doubts, call, at)
        elif call.divisor:
            narrow_wide_vectors(sums, dst, i, n, call, at, True)
        else:
            narrow_wide_vectors(sums, dst, i, n, call, at, False)


cdef inline void narrow_float(const real* sums, number* dst, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        dst[i] = <number>sums[i]


cdef inline void narrow_half(const real* sums, uint16_t* dst, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        dst[i] = float_to_half(<float>sums[i])


cdef void narrow_row(char* dst, const real* sums, Py_ssize_t i, Py_ssize_t n, const Call* call,
                     const Place* at) noexcept nogil:
    """Native samples side by side. Up to 32 bits, signed and unsigned results are the same bits: the call's limits
    know the sign."""
    cdef int type = call.dst.type
    if call.cast_mode != ROUNDED and type < F16:
        cast_row(dst, sums + i, n, type, call.cast_mode)
    elif type == U8 or type == I8:
        narrow_small(sums, <uint8_t*>dst, i, n, call, at)
    elif type == U16 or type == I16:
        narrow_small(sums, <uint16_t*>dst, i, n, call, at)
    elif type == U32 or type == I32:
        narrow_wide(sums, <uint32_t*>dst, i, n, call, at)
    elif type == U64:
        narrow_wide(sums, <uint64_t*>dst, i, n, call, at)
    elif type == I64:
        narrow_wide(sums, <int64_t*>dst, i, n, call, at)
    elif type == F16:
        narrow_half(sums + i, <uint16_t*>dst, n)
    elif type == F32:
        if real is float:
            memcpy(dst, sums + i, n * sizeof(float))
        else:
            narrow_float(sums + i, <float*>dst, n)
    else:
        if real is double:
            memcpy(dst, sums + i, n * sizeof(double))
        else:
            narrow_float(sums + i, <double*>dst, n)


cdef void change_row(real* to, const real* sums, Py_ssize_t n, const Call* call) noexcept nogil:
    """The same sums plus a number, or the magnitudes of these."""
    cdef Py_ssize_t i
    cdef real plus = <real>call.plus
    if call.absolute:
        for i in range(n):
            to[i] = <real>fabs(sums[i] + plus)
    else:
        for i in range(n):
            to[i] = sums[i] + plus


cdef void narrow_changed(char* dst, const real* sums, Py_ssize_t i, Py_ssize_t n, const Call* call,
                         const Place* at) noexcept nogil:
    """narrow_row of sums to which a number is added, or whose magnitudes are the results. They are changed in a
    copy, a part that stays near at a time: the row may be needed again."""
    cdef real part[CHANGED]
    cdef real* row
    cdef Py_ssize_t done = 0, count
    cdef int type = F64     # of the sums
    if real is float:
        type = F32
    if call.dst.type == type:
        change_row(<real*>dst, sums + i, n, call)
        return
    while done < n:
        count = smaller(CHANGED, n - done)
        change_row(part, sums + i + done, count, call)
        row = <real*>(<size_t>part - (i + done) * sizeof(real))     # its sample i + done is the first of the part
        narrow_row(dst + done * call.dst.size, row, i + done, count, call, at)
        done += count


cdef inline void narrow(char* dst, row_vec* sums, Py_ssize_t i, Py_ssize_t n, const Call* call,
                        const Place* at) noexcept nogil:
    """Native samples side by side from samples `i` .. `i + n - 1` of a row of sums."""
    if row_vec is vb or row_vec is vh:  # pixels already
        memcpy(dst, <char*>sums + i * call.dst.size, n * call.dst.size)
    elif row_vec is vf:
        if call.changed:
            narrow_changed(dst, <float*>sums, i, n, call, at)
        else:
            narrow_row(dst, <float*>sums, i, n, call, at)
    elif call.changed:
        narrow_changed(dst, <double*>sums, i, n, call, at)
    else:
        narrow_row(dst, <double*>sums, i, n, call, at)


cdef void scatter(char* dst, Py_ssize_t step, row_vec* sums, Py_ssize_t i, Py_ssize_t n, const Call* call,
                  const Place* at) noexcept nogil:
    """Like narrow, to samples `step` bytes apart in any byte order."""
    cdef uint64_t words[GATHER + 8]   # copy_apart may read a vector more
    cdef char* raw = <char*>words
    cdef Py_ssize_t done = 0, count, batches = 0, size = call.dst.size
    while done < n:
        count = smaller(GATHER, n - done)
        narrow(raw, sums, i + done, count, call, at)
        if call.dst.swapped:
            swap_bytes(raw, count, size)
        if step == call.dst.pixel:
            batches = copy_apart(dst + done * step, raw, count, &call.dst)
        copy_strided(dst + (done + batches) * step, step, raw + batches * size, size, count - batches, size)
        done += count


cdef void stream_row(char* dst, const char* src, Py_ssize_t bytes_) noexcept nogil:
    cdef Py_ssize_t i = smaller(bytes_, -<size_t>dst % LINE_BYTES)
    memcpy(dst, src, i)
    while i + VECTOR_BYTES <= bytes_ and VECTOR_BYTES:
        vb_stream(dst + i, vb_load(src + i))
        i += VECTOR_BYTES
    memcpy(dst + i, src + i, bytes_ - i)


cdef void store_row(row_vec* sums, const Call* call, Py_ssize_t plane, Py_ssize_t y, Py_ssize_t x,
                    Py_ssize_t n) noexcept nogil:
    """Store `n` pixels of output row `y`, from pixel `x` on."""
    cdef Py_ssize_t i
    cdef Place at
    cdef char* dst = call.dst.data + plane * call.dst.plane + y * call.dst.row + x * call.dst.pixel
    at.plane, at.y, at.x = plane, y, x
    if call.stream and is_result(sums, call):
        stream_row(dst, <char*>sums, n * call.channels * result_size(sums, call))
    elif call.dst.packed:
        narrow(dst, sums, 0, n * call.channels, call, &at)
    elif call.channels == 1:
        scatter(dst, call.dst.pixel, sums, 0, n, call, &at)
    else:
        for i in range(n):
            scatter(dst + i * call.dst.pixel, call.dst.channel, sums, i * call.channels, call.channels, call,
                    &at)
