# The verbs of simd.h, made generic over the lane type. The lane types are opaque here: nothing but a
# verb can touch one, and three types that are two in C stay three specialisations.

cdef extern from "simd.h" nogil:
    ctypedef struct vf:
        pass
    ctypedef struct vd:
        pass
    ctypedef struct vs:
        pass
    ctypedef struct vi:
        pass
    ctypedef struct vb:
        pass
    ctypedef struct vh:
        pass
    ctypedef struct vw:
        pass
    enum:
        VECTOR_BYTES
        F32_LANES
        F64_LANES
        BYTE_LANES
        BLOCK_VECTORS
        DOT_BITS
        DOT_ROWS
        SPREADS
        SHIFTS
    vf vf_splat(float)
    vd vd_splat(double)
    vs vs_splat "vd_splat"(double)
    vf vf_fma(vf, vf, vf)
    vd vd_fma(vd, vd, vd)
    vs vs_fma(vs, vs, vs)
    vf vf_fnma(vf, vf, vf)
    vd vd_fnma(vd, vd, vd)
    vs vs_fnma "vd_fnma"(vs, vs, vs)
    vf vf_quotient(vf, vf, vf)
    vd vd_quotient(vd, vd, vd)
    void vf_transpose(float*, Py_ssize_t, const float*, Py_ssize_t)
    void vd_transpose(double*, Py_ssize_t, const double*, Py_ssize_t)
    vf vf_held(vf)
    vd vd_held(vd)
    vs vs_held "vd_held"(vs)
    vf vf_add(vf, vf)
    vd vd_add(vd, vd)
    vs vs_add "vd_add"(vs, vs)
    vf vf_sub(vf, vf)
    vd vd_sub(vd, vd)
    vs vs_sub "vd_sub"(vs, vs)
    vf vf_mul(vf, vf)
    vd vd_mul(vd, vd)
    vs vs_mul "vd_mul"(vs, vs)
    vf vf_get_u8(const uint8_t*)
    vf vf_get_i8(const int8_t*)
    vf vf_get_u16(const uint16_t*)
    vf vf_get_i16(const int16_t*)
    vd vd_get_u8(const uint8_t*)
    vd vd_get_i8(const int8_t*)
    vd vd_get_u16(const uint16_t*)
    vd vd_get_i16(const int16_t*)
    vd vd_get_f32(const float*)
    void vf_put_8(void*, vf)
    void vf_put_16(void*, vf)
    void vd_put_8(void*, vd)
    void vd_put_16(void*, vd)
    void vf_cut_8(void*, vf)
    void vf_cut_16(void*, vf)
    void vd_cut_8(void*, vd)
    void vd_cut_16(void*, vd)
    vf vf_div(vf, vf)
    vd vd_div(vd, vd)
    vs vs_div "vd_div"(vs, vs)
    vf vf_limited(vf, vf, vf)
    vd vd_limited(vd, vd, vd)
    vs vs_limited "vd_limited"(vs, vs, vs)
    vf vf_rounded(vf)
    vd vd_rounded(vd)
    unsigned int vf_beyond(vf, vf)
    unsigned int vd_beyond(vd, vd)
    unsigned int vs_beyond "vd_beyond"(vs, vs)
    vd vd_no_nan(vd)
    Py_ssize_t opaque(Py_ssize_t)
    vb vb_load(const void*)
    void vb_stream(void*, vb)
    void stream_end()
    void prefetch(const void*)
    vb vb_held(vb)
    vi vi_held(vi)
    vb vb_permuted(vb, vb)
    void vb_put_some(void*, vb, uint64_t)
    void vi_put_rows_u8(uint8_t*, vi, vi, vi, vi)
    void vi_put_rows_i16(int16_t*, vi, vi, vi, vi)
    vi vi_splat(int32_t)
    vi vi_shifted(vi, vi, vi)
    vw vw_splat(uint16_t)
    vw vw_count(int)
    vw vw_get_u8(const uint8_t*)
    void vw_put_8(void*, vw)
    vw vw_add(vw, vw)
    vw vw_shifted(vw, vw, vw)
    vw vw_high(vw, vw)
    vw vw_lowered(vw, int)
    vw vw_even(vw, vw, vw)
    vi vi_load(const int32_t*)
    vi vi_count(int)
    vf vf_next_1(vf, vf)
    vf vf_next_2(vf, vf)
    vf vf_next_4(vf, vf)
    vf vf_next_8(vf, vf)
    vd vd_next_1(vd, vd)
    vd vd_next_2(vd, vd)
    vd vd_next_4(vd, vd)
    vs vs_next_1 "vd_next_1"(vs, vs)
    vs vs_next_2 "vd_next_2"(vs, vs)
    vs vs_next_4 "vd_next_4"(vs, vs)
    vf vf_shifted(vf, vf, vi)
    vd vd_shifted(vd, vd, vi)
    vs vs_shifted "vd_shifted"(vs, vs, vi)
    void vi_store(int32_t*, vi)
    vi vi_sub(vi, vi)
    vi vi_permuted(vi, vi)
    vi vi_mul(vi, vi)
    vi vi_nearer(vi, vi, vi)
    vi vi_limited(vi, vi, vi)
    void vi_put_8(void*, vi)
    void vi_put_16(void*, vi)
    vi vi_get_u8(const uint8_t*)
    vi vi_get_i8(const int8_t*)
    vi vi_get_u16(const uint16_t*)
    vi vi_get_i16(const int16_t*)
    vd vd_get_i32(const int32_t*)
    vs vs_get_i32 "vd_get_i32"(const int32_t*)
    vi vi_dot(vi, vb, vi)
    vi vi_raised(vi)
    vi vi_add(vi, vi)
    vi vi_and(vi, vi)
    vi vi_least(vi, vi)
    vi vi_lowered(vi, int)
    unsigned int vi_below(vi, vi)
    vf vi_to_vf(vi)
    vi vf_to_vi(vf)
    void vi_put_u8(uint8_t*, vi, vi, vi, vi)
    void vi_put_i16(int16_t*, vi, vi, vi, vi)
    uint16_t swapped16(uint16_t)
    uint32_t swapped32(uint32_t)
    uint64_t swapped64(uint64_t)
    float half_to_float(uint16_t)
    uint16_t float_to_half(float)

ctypedef fused lane:
    vf
    vd
    vs

# What a row may hold that a method works on.
ctypedef fused work:
    vf
    vd
    vs
    vb
    vh

ctypedef fused real:
    float
    double


cdef inline Py_ssize_t lanes_of(work* kind) noexcept nogil:
    """Samples of one vector."""
    if work is vf:
        return F32_LANES
    elif work is vb:
        return BYTE_LANES
    elif work is vh:
        return BYTE_LANES // 2
    else:
        return F64_LANES


cdef inline Py_ssize_t sample_size(work* kind) noexcept nogil:
    """Bytes of one sample."""
    if work is vf:
        return 4
    elif work is vb:
        return 1
    elif work is vh:
        return 2
    else:
        return 8


cdef inline work* sample_at(work* row, Py_ssize_t i) noexcept nogil:
    """Pointer to sample `i` of a row; unaligned as a vector, which vectors of simd.h may be."""
    return <work*>(<char*>row + i * sample_size(row))


cdef inline lane load(lane* row, Py_ssize_t i) noexcept nogil:
    return sample_at(row, i)[0]


cdef inline void store(lane* row, Py_ssize_t i, lane v) noexcept nogil:
    sample_at(row, i)[0] = v


cdef inline lane splat(lane* kind, double w) noexcept nogil:
    if lane is vf:
        return vf_splat(<float>w)
    elif lane is vd:
        return vd_splat(w)
    else:
        return vs_splat(w)


cdef inline lane weight(lane* weights, Py_ssize_t i) noexcept nogil:
    """A vector full of sample `i`."""
    if lane is vf:
        return vf_splat((<float*>weights)[i])
    elif lane is vd:
        return vd_splat((<double*>weights)[i])
    else:
        return vs_splat((<double*>weights)[i])


cdef inline lane fma(lane acc, lane w, lane v) noexcept nogil:
    """acc + w * v, rounded as the lane type says."""
    if lane is vf:
        return vf_fma(acc, w, v)
    elif lane is vd:
        return vd_fma(acc, w, v)
    else:
        return vs_fma(acc, w, v)


cdef inline lane fnma(lane acc, lane w, lane v) noexcept nogil:
    """acc - w * v; not for strict lanes, which have no order for it."""
    if lane is vf:
        return vf_fnma(acc, w, v)
    elif lane is vd:
        return vd_fnma(acc, w, v)
    else:
        return vs_fnma(acc, w, v)


cdef inline unsigned int beyond(lane v, lane limit) noexcept nogil:
    """Bits of the lanes where |v| > limit; NaN is not."""
    if lane is vf:
        return vf_beyond(v, limit)
    elif lane is vd:
        return vd_beyond(v, limit)
    else:
        return vs_beyond(v, limit)


cdef inline lane limited(lane v, lane low, lane high) noexcept nogil:
    """low where v < low, high where v > high."""
    if lane is vf:
        return vf_limited(v, low, high)
    elif lane is vd:
        return vd_limited(v, low, high)
    else:
        return vs_limited(v, low, high)


cdef inline void transpose_block(lane* dst, Py_ssize_t dst_pitch, lane* src,
                                 Py_ssize_t src_pitch) noexcept nogil:
    """A square block of a vector's side."""
    if lane is vf:
        vf_transpose(<float*>dst, dst_pitch, <const float*>src, src_pitch)
    else:
        vd_transpose(<double*>dst, dst_pitch, <const double*>src, src_pitch)


cdef inline lane held(lane v) noexcept nogil:
    """v, to be kept in a register until its last use."""
    if lane is vf:
        return vf_held(v)
    elif lane is vd:
        return vd_held(v)
    else:
        return vs_held(v)


cdef inline lane add(lane a, lane b) noexcept nogil:
    if lane is vf:
        return vf_add(a, b)
    elif lane is vd:
        return vd_add(a, b)
    else:
        return vs_add(a, b)


cdef inline lane sub(lane a, lane b) noexcept nogil:
    if lane is vf:
        return vf_sub(a, b)
    elif lane is vd:
        return vd_sub(a, b)
    else:
        return vs_sub(a, b)


cdef inline lane next_1(lane a, lane b) noexcept nogil:
    """Lanes of a and, after it, b, from lane 1 on."""
    if lane is vf:
        return vf_next_1(a, b)
    elif lane is vd:
        return vd_next_1(a, b)
    else:
        return vs_next_1(a, b)


cdef inline lane next_2(lane a, lane b) noexcept nogil:
    if lane is vf:
        return vf_next_2(a, b)
    elif lane is vd:
        return vd_next_2(a, b)
    else:
        return vs_next_2(a, b)


cdef inline lane next_4(lane a, lane b) noexcept nogil:
    if lane is vf:
        return vf_next_4(a, b)
    elif lane is vd:
        return vd_next_4(a, b)
    else:
        return vs_next_4(a, b)


cdef inline lane next_8(lane a, lane b) noexcept nogil:
    if lane is vf:
        return vf_next_8(a, b)
    else:
        return b    # float64 vectors have 8 lanes at the most


cdef inline lane shifted(lane a, lane b, vi shift) noexcept nogil:
    """Lanes of a and, after it, b, from a lane on; `shift` counts from there."""
    if lane is vf:
        return vf_shifted(a, b, shift)
    elif lane is vd:
        return vd_shifted(a, b, shift)
    else:
        return vs_shifted(a, b, shift)


cdef inline lane mul(lane a, lane b) noexcept nogil:
    if lane is vf:
        return vf_mul(a, b)
    elif lane is vd:
        return vd_mul(a, b)
    else:
        return vs_mul(a, b)


cdef inline lane div(lane a, lane b) noexcept nogil:
    if lane is vf:
        return vf_div(a, b)
    elif lane is vd:
        return vd_div(a, b)
    else:
        return vs_div(a, b)


cdef inline void set_sample(work* row, Py_ssize_t i, double value) noexcept nogil:
    if work is vf:
        (<float*>row)[i] = <float>value
    elif work is vb:
        (<uint8_t*>row)[i] = <uint8_t>value
    elif work is vh:
        (<uint16_t*>row)[i] = <uint16_t><int32_t>value     # or int16
    else:
        (<double*>row)[i] = value
