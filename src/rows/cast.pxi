# Truncate: sums -> pixels as a C cast does it, which is what scipy.ndimage stores: towards zero, and what an
# integer cannot hold wraps around. A cast of what the intermediate 32 or 64 bits cannot hold, and of NaN, is
# undefined in C; here it is what x86 makes of it, and what wrapped integers become in SciPy's wheels.


cdef inline uint64_t cast_u64(double t, int cast_mode) noexcept nogil:
    cdef bint negated = cast_mode == CAST_BACK and not t > -1
    cdef uint64_t top = <uint64_t>1 << 63, u
    t = -t if negated else t
    if t >= 9223372036854775808.0:
        u = <uint64_t><int64_t>(t - 9223372036854775808.0) ^ top
    else:
        u = <uint64_t><int64_t>t
    return 0 - u if negated else u


cdef inline void cut_vector(const real* sums, small* dst, real half) noexcept nogil:
    if real is float:
        if sizeof(small) == 1:
            vf_truncate_8(dst, vf_add((<const vf*>sums)[0], vf_set1(half)))
        else:
            vf_truncate_16(dst, vf_add((<const vf*>sums)[0], vf_set1(half)))
    else:
        if sizeof(small) == 1:
            vd_truncate_8(dst, vd_add((<const vd*>sums)[0], vd_set1(half)))
        else:
            vd_truncate_16(dst, vd_add((<const vd*>sums)[0], vd_set1(half)))


cdef inline void cut_small(const real* sums, small* dst, Py_ssize_t n, real half) noexcept nogil:
    """Sums plus `half`, which is 0 or 1/2, cut off."""
    cdef Py_ssize_t k = 0, vector = VECTOR_BYTES // sizeof(real)
    if n < vector or VECTOR_BYTES == 0:
        for k in range(n):
            dst[k] = <small><int32_t>(sums[k] + half)
        return
    while k < n:    # the last vector moves back to end with the row
        cut_vector(sums + smaller(k, n - vector), dst + smaller(k, n - vector), half)
        k += vector


cdef void cast_row(char* dst, const real* sums, Py_ssize_t n, int type, int cast_mode) noexcept nogil:
    """`n` sums to integers."""
    cdef Py_ssize_t k
    cdef real half = <real>0.5 if cast_mode == HALF_UP else <real>0
    if cast_mode == WRAPPED and type < U32:
        for k in range(n):
            if type < U16:
                (<uint8_t*>dst)[k] = <uint8_t><int64_t>sums[k]
            else:
                (<uint16_t*>dst)[k] = <uint16_t><int64_t>sums[k]
    elif type == U8 or type == I8:
        cut_small(sums, <uint8_t*>dst, n, half)
    elif type == U16 or type == I16:
        cut_small(sums, <uint16_t*>dst, n, half)
    elif type == I32 and cast_mode != WRAPPED:
        for k in range(n):
            (<int32_t*>dst)[k] = <int32_t>sums[k]
    elif type == U32 or type == I32:
        for k in range(n):
            (<uint32_t*>dst)[k] = <uint32_t><int64_t>sums[k]
    elif type == I64:
        for k in range(n):
            (<int64_t*>dst)[k] = <int64_t>sums[k]
    else:
        for k in range(n):
            (<uint64_t*>dst)[k] = cast_u64(sums[k], cast_mode)
