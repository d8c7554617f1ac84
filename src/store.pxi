# Store: a row of sums -> pixels. Rounding half to even, saturation, ties, byte order and strides.
#
# Sums are saturated first, so that rounding and conversion see nothing but small numbers (float32 sums
# go to 8 and 16 bits only). Every function that rounds tells whether a sum was nearer to a tie than
# `limit` allows; then its caller has the doubtful ones summed again.


cdef inline real round_even(real t) noexcept nogil:
    """|t| <= 2**22 (2**51): the addition rounds to an integer, to even."""
    if real is float:
        return (t + <float>12582912.0) - <float>12582912.0
    else:
        return (t + 6755399441055744.0) - 6755399441055744.0


cdef inline real saturate(real t, real low, real high) noexcept nogil:
    t = low if t < low else t
    t = high if t > high else t
    return t


cdef inline int narrow_run(const real* sums, number* dst, Py_ssize_t n, real low, real high,
                           real limit) noexcept nogil:
    """To an integer of up to 32 bits; NaN becomes 0."""
    cdef Py_ssize_t i
    cdef real t, k
    cdef int doubt = 0
    for i in range(n):
        t = saturate(sums[i], low, high)
        k = round_even(t)
        doubt |= fabs(t - k) > limit
        dst[i] = <number>k if k == k else 0
    return doubt


cdef inline int narrow_vector(const real* sums, small* dst, real low, real high, real limit) noexcept nogil:
    cdef vf t, k
    cdef vd u, m
    if real is float:   # never NaN: pixels are integers, and weights are finite
        t = vf_limited((<const vf*>sums)[0], vf_splat(low), vf_splat(high))
        k = vf_rounded(t)
        if sizeof(small) == 1:
            vf_put_8(dst, k)
        else:
            vf_put_16(dst, k)
        return vf_beyond(vf_sub(t, k), vf_splat(limit))
    else:
        u = vd_limited(vd_no_nan((<const vd*>sums)[0]), vd_splat(low), vd_splat(high))
        m = vd_rounded(u)
        if sizeof(small) == 1:
            vd_put_8(dst, m)
        else:
            vd_put_16(dst, m)
        return vd_beyond(vd_sub(u, m), vd_splat(limit))


cdef inline int narrow_small(const real* sums, small* dst, Py_ssize_t n, real low, real high,
                             real limit) noexcept nogil:
    cdef Py_ssize_t i = 0, vector = VECTOR_BYTES // sizeof(real)
    cdef int doubt = 0
    if n < vector or VECTOR_BYTES == 0:
        return narrow_run(sums, dst, n, low, high, limit)
    while i < n:    # the last vector moves back to end with the row
        doubt |= narrow_vector(sums + smaller(i, n - vector), dst + smaller(i, n - vector), low, high, limit)
        i += vector
    return doubt


cdef inline void narrow_long(const real* sums, number* dst, Py_ssize_t n, number low,
                             number high) noexcept nogil:
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


cdef int narrow_type(char* dst, int type, const real* sums, Py_ssize_t n, real low, real high,
                     real limit) noexcept nogil:
    if type == U8:
        return narrow_small(sums, <uint8_t*>dst, n, low, high, limit)
    elif type == I8:
        return narrow_small(sums, <int8_t*>dst, n, low, high, limit)
    elif type == U16:
        return narrow_small(sums, <uint16_t*>dst, n, low, high, limit)
    elif type == I16:
        return narrow_small(sums, <int16_t*>dst, n, low, high, limit)
    elif type == U32:
        return narrow_run(sums, <uint32_t*>dst, n, low, high, limit)
    elif type == I32:
        return narrow_run(sums, <int32_t*>dst, n, low, high, limit)
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
    return 0


cdef struct Place:
    # Where the samples of a row of sums stand in the output: the first is the first of pixel x.
    Py_ssize_t plane, y, x


cdef void settle(real* sums, Py_ssize_t i, Py_ssize_t n, const Job* job, const Place* at) noexcept nogil:
    """Replace each of the sums `i` .. `i + n - 1` that is too near a tie by the exact one, rounded."""
    cdef Py_ssize_t k
    cdef real t
    for k in range(i, i + n):
        t = saturate(sums[k], <real>job.low, <real>job.high)
        if fabs(t - round_even(t)) > <real>(0.5 - job.guard):
            # round in float64: a float32 nearest to the exact sum might be the tie itself
            sums[k] = <real>rint(saturate(
                exact_sum(job, at.plane, at.y, at.x + k // job.channels, k % job.channels),
                job.low, job.high))


cdef void narrow_row(char* dst, real* sums, Py_ssize_t i, Py_ssize_t n, const Job* job,
                     const Place* at) noexcept nogil:
    cdef Py_ssize_t done = 0, count
    cdef int type = job.dst.type
    cdef real low = <real>job.low, high = <real>job.high
    cdef real limit = <real>(0.5 - job.guard) if job.guard > 0 else 1   # nothing is farther than 1/2
    while done < n:
        count = smaller(GATHER, n - done)
        if narrow_type(dst, type, sums + i + done, count, low, high, limit):
            settle(sums, i + done, count, job, at)
            narrow_type(dst, type, sums + i + done, count, low, high, <real>1)
        dst += count * job.dst.size
        done += count


cdef inline void narrow(char* dst, work* sums, Py_ssize_t i, Py_ssize_t n, const Job* job,
                        const Place* at) noexcept nogil:
    """Native samples side by side from samples `i` .. `i + n - 1` of a row of sums."""
    if work is vf:
        narrow_row(dst, <float*>sums, i, n, job, at)
    elif work is vb:    # pixels already
        memcpy(dst, <char*>sums + i, n)
    else:
        narrow_row(dst, <double*>sums, i, n, job, at)


cdef void scatter(char* dst, Py_ssize_t step, work* sums, Py_ssize_t i, Py_ssize_t n, const Job* job,
                  const Place* at) noexcept nogil:
    """Like narrow, to samples `step` bytes apart in any byte order."""
    cdef uint64_t words[GATHER]
    cdef char* raw = <char*>words
    cdef Py_ssize_t done = 0, count, size = job.dst.size
    while done < n:
        count = smaller(GATHER, n - done)
        narrow(raw, sums, i + done, count, job, at)
        if job.dst.swapped:
            swap_bytes(raw, count, size)
        copy_strided(dst + done * step, step, raw, size, count, size)
        done += count


cdef void store_row(work* sums, const Job* job, Py_ssize_t plane, Py_ssize_t y, Py_ssize_t x,
                    Py_ssize_t n) noexcept nogil:
    """`n` pixels of output row `y`, from pixel `x` on."""
    cdef Py_ssize_t i
    cdef Place at
    cdef char* dst = job.dst.data + plane * job.dst.plane + y * job.dst.row + x * job.dst.pixel
    at.plane, at.y, at.x = plane, y, x
    if job.dst.packed:
        narrow(dst, sums, 0, n * job.channels, job, &at)
    elif job.channels == 1:
        scatter(dst, job.dst.pixel, sums, 0, n, job, &at)
    else:
        for i in range(n):
            scatter(dst + i * job.dst.pixel, job.dst.channel, sums, i * job.channels, job.channels, job, &at)
