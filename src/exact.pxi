# Exact: the definition itself, one output pixel at a time, from the source through the tables.
#
# A fast sum whose distance to a tie is smaller than its proven error does not say which integer is
# right; those few pixels come here. So do the sums of 64-bit integers that float64 cannot hold.


cdef inline const char* source_sample(const Job* job, Py_ssize_t plane, Py_ssize_t y, Py_ssize_t x,
                                      Py_ssize_t c) noexcept nogil:
    """Address of a sample of the padded picture, NULL where the constant stands."""
    if job.rows[y] < 0 or job.cols[x] < 0:
        return NULL
    return (job.src.data + plane * job.src.plane + job.rows[y] * job.src.row
            + job.cols[x] * job.src.pixel + c * job.src.channel)


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


cdef void wide_store(const Job* job, char* dst, int64_t high, int64_t low) noexcept nogil:
    """Saturate high * 2**32 + low to the output's type."""
    cdef uint64_t word = (<uint64_t>high << 32) | <uint64_t>low     # exact unless `high` is too large
    cdef double coarse = <double>high * 4294967296.0 + <double>low
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
        narrow_type(<char*>&word, job.dst.type, &coarse, 1, job.low, job.high, <double>1)
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
                wide_store(job, job.dst.data + plane * job.dst.plane + y * job.dst.row
                           + x * job.dst.pixel + c * job.dst.channel, high, low)
