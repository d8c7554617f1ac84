# Store: a row of sums -> pixels. Rounding half to even, saturation, ties, byte order and strides.
#
# Rounding needs no instruction of its own: after saturation |t| <= 2**22 (float32 sums go to 8 and 16
# bits only; 2**51 in float64), and adding and subtracting 1.5 * 2**23 (1.5 * 2**52) rounds to an
# integer in the addition, to even. Plain loops: every compiler makes vectors of them.


cdef inline real round_even(real t) noexcept nogil:
    if real is float:
        return (t + <float>12582912.0) - <float>12582912.0
    else:
        return (t + 6755399441055744.0) - 6755399441055744.0


cdef inline real saturate(real t, real low, real high) noexcept nogil:
    t = low if t < low else t
    t = high if t > high else t
    return t


cdef inline void narrow_run(const real* sums, number* dst, Py_ssize_t n, real low, real high) noexcept nogil:
    """To an integer of up to 32 bits; NaN becomes 0."""
    cdef Py_ssize_t i
    cdef real t
    for i in range(n):
        t = round_even(saturate(sums[i], low, high))
        t = t if t == t else 0
        dst[i] = <number>t


cdef inline void narrow_long(const real* sums, number* dst, Py_ssize_t n, number low, number high) noexcept nogil:
    """To 64 bits, whose limits no float holds: 2**63 and 2**64 are the first that saturate."""
    cdef Py_ssize_t i
    cdef double t, top = 2.0 * <double>(high // 2 + 1)
    for i in range(n):
        t = rint(<double>sums[i])
        if t >= top:
            dst[i] = high
        elif t <= <double>low:
            dst[i] = low
        else:
            dst[i] = <number>t if t == t else 0


cdef inline void narrow_float(const real* sums, number* dst, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        dst[i] = <number>sums[i]


cdef inline void narrow_half(const real* sums, uint16_t* dst, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        dst[i] = float_to_half(<float>sums[i])


cdef void narrow_type(char* dst, int type, const real* sums, Py_ssize_t n, real low, real high) noexcept nogil:
    if type == U8:
        narrow_run(sums, <uint8_t*>dst, n, low, high)
    elif type == I8:
        narrow_run(sums, <int8_t*>dst, n, low, high)
    elif type == U16:
        narrow_run(sums, <uint16_t*>dst, n, low, high)
    elif type == I16:
        narrow_run(sums, <int16_t*>dst, n, low, high)
    elif type == U32:
        narrow_run(sums, <uint32_t*>dst, n, low, high)
    elif type == I32:
        narrow_run(sums, <int32_t*>dst, n, low, high)
    elif type == U64:
        narrow_long(sums, <uint64_t*>dst, n, <uint64_t>0, <uint64_t>-1)
    elif type == I64:
        narrow_long(sums, <int64_t*>dst, n, <int64_t>(<uint64_t>1 << 63), <int64_t>(<uint64_t>-1 >> 1))
    elif type == F16:
        narrow_half(sums, <uint16_t*>dst, n)
    elif type == F32:
        narrow_float(sums, <float*>dst, n)
    else:
        narrow_float(sums, <double*>dst, n)


cdef inline void narrow(char* dst, int type, lane* sums, Py_ssize_t i, Py_ssize_t n, double low,
                        double high) noexcept nogil:
    """Native samples side by side from samples `i` .. `i + n - 1` of a row of sums."""
    if lane is vf:
        narrow_type(dst, type, <float*>sums + i, n, <float>low, <float>high)
    else:
        narrow_type(dst, type, <double*>sums + i, n, low, high)


cdef inline bint near_tie(real t, real low, real high, real limit) noexcept nogil:
    """Is the saturated sum farther than `limit` from an integer? (t - round(t) is exact.)"""
    t = saturate(t, low, high)
    return fabs(t - round_even(t)) > limit


cdef void settle_run(real* sums, Py_ssize_t n, const Job* job, Py_ssize_t plane, Py_ssize_t y,
                     Py_ssize_t x) noexcept nogil:
    """Replace each sum that is too near a tie by the exact one, already saturated."""
    cdef Py_ssize_t i = 0, k, count
    cdef real low = <real>job.low, high = <real>job.high, limit = <real>(0.5 - job.guard)
    cdef int doubt
    while i < n:
        count = smaller(GATHER, n - i)
        doubt = 0
        for k in range(i, i + count):
            doubt |= near_tie(sums[k], low, high, limit)
        for k in range(i, i + count if doubt else i):
            if near_tie(sums[k], low, high, limit):
                # round in float64: a float32 nearest to the exact sum might be the tie itself
                sums[k] = <real>rint(saturate(
                    exact_sum(job, plane, y, x + k // job.channels, k % job.channels),
                    job.low, job.high))
        i += count


cdef inline void settle_ties(lane* sums, Py_ssize_t n, const Job* job, Py_ssize_t plane, Py_ssize_t y,
                             Py_ssize_t x) noexcept nogil:
    if lane is vf:
        settle_run(<float*>sums, n, job, plane, y, x)
    else:
        settle_run(<double*>sums, n, job, plane, y, x)


cdef void scatter(char* dst, Py_ssize_t step, lane* sums, Py_ssize_t at, Py_ssize_t n,
                  const Job* job) noexcept nogil:
    """Like narrow, to samples `step` bytes apart in any byte order."""
    cdef uint64_t words[GATHER]
    cdef char* raw = <char*>words
    cdef Py_ssize_t done = 0, count, size = job.dst.size
    while done < n:
        count = smaller(GATHER, n - done)
        narrow(raw, job.dst.type, sums, at + done, count, job.low, job.high)
        if job.dst.swapped:
            swap_bytes(raw, count, size)
        copy_strided(dst + done * step, step, raw, size, count, size)
        done += count


cdef void store_row(lane* sums, const Job* job, Py_ssize_t plane, Py_ssize_t y, Py_ssize_t x,
                    Py_ssize_t n) noexcept nogil:
    """`n` pixels of output row `y`, from pixel `x` on."""
    cdef Py_ssize_t i
    cdef char* dst = job.dst.data + plane * job.dst.plane + y * job.dst.row + x * job.dst.pixel
    if job.guard > 0:
        settle_ties(sums, n * job.channels, job, plane, y, x)
    if job.dst.packed:
        narrow(dst, job.dst.type, sums, 0, n * job.channels, job.low, job.high)
    elif job.channels == 1:
        scatter(dst, job.dst.pixel, sums, 0, n, job)
    else:
        for i in range(n):
            scatter(dst + i * job.dst.pixel, job.dst.channel, sums, i * job.channels, job.channels, job)
