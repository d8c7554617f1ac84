# The verbs of simd.h, made generic over the lane type. The lane types are opaque here: nothing but a
# verb can touch one, and three types that are two in C stay three specialisations.

cdef extern from "simd/simd.h" nogil:
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
        DOT_EMULATED
        DOT_ROWS
        FUSES
        PERMUTES_BYTES
        PERMUTES_TWO
    vf vf_set1(float)
    vd vd_set1(double)
    vs vs_set1 "vd_set1"(double)
    vf vf_multiply_add(vf, vf, vf)
    vd vd_multiply_add(vd, vd, vd)
    vs vs_multiply_add(vs, vs, vs)
    vf vf_negative_multiply_add(vf, vf, vf)
    vd vd_negative_multiply_add(vd, vd, vd)
    vs vs_negative_multiply_add "vd_negative_multiply_add"(vs, vs, vs)
    vf vf_quotient(vf, vf, vf)
    vd vd_quotient(vd, vd, vd)
    void vf_transpose(float*, Py_ssize_t, const float*, Py_ssize_t)
    void vd_transpose(double*, Py_ssize_t, const double*, Py_ssize_t)
    vf vf_keep_in_register(vf)
    vd vd_keep_in_register(vd)
    vs vs_keep_in_register "vd_keep_in_register"(vs)
    vf vf_add(vf, vf)
    vd vd_add(vd, vd)
    vs vs_add "vd_add"(vs, vs)
    vf vf_sub(vf, vf)
    vd vd_sub(vd, vd)
    vs vs_sub "vd_sub"(vs, vs)
    vf vf_mul(vf, vf)
    vd vd_mul(vd, vd)
    vs vs_mul "vd_mul"(vs, vs)
    vf vf_widen_u8(const uint8_t*)
    vf vf_widen_i8(const int8_t*)
    vf vf_widen_u16(const uint16_t*)
    vf vf_widen_i16(const int16_t*)
    vd vd_widen_u8(const uint8_t*)
    vd vd_widen_i8(const int8_t*)
    vd vd_widen_u16(const uint16_t*)
    vd vd_widen_i16(const int16_t*)
    vd vd_widen_f32(const float*)
    void vf_narrow_8(void*, vf)
    void vf_narrow_16(void*, vf)
    void vd_narrow_8(void*, vd)
    void vd_narrow_16(void*, vd)
    void vd_narrow_32(void*, vd)
    void vd_narrow_64(void*, vd)
    void vf_truncate_8(void*, vf)
    void vf_truncate_16(void*, vf)
    void vd_truncate_8(void*, vd)
    void vd_truncate_16(void*, vd)
    vf vf_div(vf, vf)
    vd vd_div(vd, vd)
    vs vs_div "vd_div"(vs, vs)
    vf vf_clamp(vf, vf, vf)
    vd vd_clamp(vd, vd, vd)
    vs vs_clamp "vd_clamp"(vs, vs, vs)
    vf vf_round(vf)
    vd vd_round(vd)
    unsigned int vf_abs_greater(vf, vf)
    unsigned int vd_abs_greater(vd, vd)
    unsigned int vs_abs_greater "vd_abs_greater"(vs, vs)
    vd vd_zero_nan(vd)
    Py_ssize_t opaque(Py_ssize_t)
    vb vb_load(const void*)
    void vb_stream(void*, vb)
    void stream_end()
    void prefetch(const void*)
    vb vb_keep_in_register(vb)
    vi vi_keep_in_register(vi)
    vb vb_permute(vb, vb)
    void vb_store_masked(void*, vb, uint64_t)
    void vi_narrow_rows_u8(uint8_t*, vi, vi, vi, vi)
    void vi_narrow_rows_i16(int16_t*, vi, vi, vi, vi)
    vi vi_set1(int32_t)
    vi vi_permute2(vi, vi, vi)
    vw vw_set1(uint16_t)
    vw vw_iota(int)
    vw vw_widen_u8(const uint8_t*)
    void vw_narrow_8(void*, vw)
    vw vw_add(vw, vw)
    vw vw_permute2(vw, vw, vw)
    vw vw_multiply_high(vw, vw)
    vw vw_shift_right(vw, int)
    vw vw_ties_to_even(vw, vw, vw)
    vi vi_load(const int32_t*)
    vi vi_iota(int)
    vf vf_concat_shift_1(vf, vf)
    vf vf_concat_shift_2(vf, vf)
    vf vf_concat_shift_4(vf, vf)
    vf vf_concat_shift_8(vf, vf)
    vd vd_concat_shift_1(vd, vd)
    vd vd_concat_shift_2(vd, vd)
    vd vd_concat_shift_4(vd, vd)
    vs vs_concat_shift_1 "vd_concat_shift_1"(vs, vs)
    vs vs_concat_shift_2 "vd_concat_shift_2"(vs, vs)
    vs vs_concat_shift_4 "vd_concat_shift_4"(vs, vs)
    vf vf_permute2(vf, vf, vi)
    vd vd_permute2(vd, vd, vi)
    vs vs_permute2 "vd_permute2"(vs, vs, vi)
    void vi_store(int32_t*, vi)
    vi vi_sub(vi, vi)
    vi vi_permute(vi, vi)
    vi vi_mul(vi, vi)
    vi vi_step_quotient(vi, vi, vi)
    vi vi_clamp(vi, vi, vi)
    void vi_narrow_8(void*, vi)
    void vi_narrow_16(void*, vi)
    vi vi_widen_u8(const uint8_t*)
    vi vi_widen_i8(const int8_t*)
    vi vi_widen_u16(const uint16_t*)
    vi vi_widen_i16(const int16_t*)
    vd vd_widen_i32(const int32_t*)
    vs vs_widen_i32 "vd_widen_i32"(const int32_t*)
    vi vi_dot(vi, vb, vi)
    vi vi_shift_digit(vi)
    vi vi_add(vi, vi)
    vi vi_and(vi, vi)
    vi vi_min(vi, vi)
    vi vi_shift_right(vi, int)
    unsigned int vi_less(vi, vi)
    vf vi_to_vf(vi)
    vi vf_to_vi(vf)
    void vi_narrow_u8(uint8_t*, vi, vi, vi, vi)
    void vi_narrow_i16(int16_t*, vi, vi, vi, vi)
    uint16_t swapped16(uint16_t)
    uint32_t swapped32(uint32_t)
    uint64_t swapped64(uint64_t)
    float half_to_float(uint16_t)
    uint16_t float_to_half(float)

ctypedef fused vec:
    vf
    vd
    vs

# The vectors of a row: of sums, or of bytes and 16-bit words where a method makes pixels of pixels.
ctypedef fused row_vec:
    vf
    vd
    vs
    vb
    vh

ctypedef fused real:
    float
    double


cdef inline Py_ssize_t lanes_of(row_vec* kind) noexcept nogil:
    """Samples of one vector."""
    if row_vec is vf:
        return F32_LANES
    elif row_vec is vb:
        return BYTE_LANES
    elif row_vec is vh:
        return BYTE_LANES // 2
    else:
        return F64_LANES


cdef inline Py_ssize_t sample_size(row_vec* kind) noexcept nogil:
    """Bytes of one sample."""
    if row_vec is vf:
        return 4
    elif row_vec is vb:
        return 1
    elif row_vec is vh:
        return 2
    else:
        return 8


cdef inline row_vec* sample_at(row_vec* row, Py_ssize_t i) noexcept nogil:
    """Pointer to sample `i` of a row; unaligned as a vector, which vectors of simd.h may be."""
    return <row_vec*>(<char*>row + i * sample_size(row))


cdef inline vec load(vec* row, Py_ssize_t i) noexcept nogil:
    return sample_at(row, i)[0]


cdef inline void store(vec* row, Py_ssize_t i, vec v) noexcept nogil:
    sample_at(row, i)[0] = v


cdef inline vec set1(vec* kind, double w) noexcept nogil:
    if vec is vf:
        return vf_set1(<float>w)
    elif vec is vd:
        return vd_set1(w)
    else:
        return vs_set1(w)


cdef inline vec weight(vec* weights, Py_ssize_t i) noexcept nogil:
    """A vector full of sample `i`."""
    if vec is vf:
        return vf_set1((<float*>weights)[i])
    elif vec is vd:
        return vd_set1((<double*>weights)[i])
    else:
        return vs_set1((<double*>weights)[i])


cdef inline vec multiply_add(vec acc, vec w, vec v) noexcept nogil:
    """acc + w * v, rounded as the lane type says."""
    if vec is vf:
        return vf_multiply_add(acc, w, v)
    elif vec is vd:
        return vd_multiply_add(acc, w, v)
    else:
        return vs_multiply_add(acc, w, v)


cdef inline vec negative_multiply_add(vec acc, vec w, vec v) noexcept nogil:
    """acc - w * v; not for strict lanes, whose order has no such step."""
    if vec is vf:
        return vf_negative_multiply_add(acc, w, v)
    elif vec is vd:
        return vd_negative_multiply_add(acc, w, v)
    else:
        return vs_negative_multiply_add(acc, w, v)


cdef inline unsigned int abs_greater(vec v, vec limit) noexcept nogil:
    """A bit for each lane where |v| > limit; not for NaN."""
    if vec is vf:
        return vf_abs_greater(v, limit)
    elif vec is vd:
        return vd_abs_greater(v, limit)
    else:
        return vs_abs_greater(v, limit)


cdef inline vec clamp(vec v, vec low, vec high) noexcept nogil:
    """low where v < low, high where v > high."""
    if vec is vf:
        return vf_clamp(v, low, high)
    elif vec is vd:
        return vd_clamp(v, low, high)
    else:
        return vs_clamp(v, low, high)


cdef inline void transpose_block(vec* dst, Py_ssize_t dst_pitch, vec* src,
                                 Py_ssize_t src_pitch) noexcept nogil:
    """A square block of a vector's side."""
    if vec is vf:
        vf_transpose(<float*>dst, dst_pitch, <const float*>src, src_pitch)
    else:
        vd_transpose(<double*>dst, dst_pitch, <const double*>src, src_pitch)


cdef inline vec keep_in_register(vec v) noexcept nogil:
    """v, to be kept in a register until its last use."""
    if vec is vf:
        return vf_keep_in_register(v)
    elif vec is vd:
        return vd_keep_in_register(v)
    else:
        return vs_keep_in_register(v)


cdef inline vec add(vec a, vec b) noexcept nogil:
    if vec is vf:
        return vf_add(a, b)
    elif vec is vd:
        return vd_add(a, b)
    else:
        return vs_add(a, b)


cdef inline vec sub(vec a, vec b) noexcept nogil:
    if vec is vf:
        return vf_sub(a, b)
    elif vec is vd:
        return vd_sub(a, b)
    else:
        return vs_sub(a, b)


cdef inline vec concat_shift_1(vec a, vec b) noexcept nogil:
    """Lanes of a and, after it, b, from lane 1 on."""
    if vec is vf:
        return vf_concat_shift_1(a, b)
    elif vec is vd:
        return vd_concat_shift_1(a, b)
    else:
        return vs_concat_shift_1(a, b)


cdef inline vec concat_shift_2(vec a, vec b) noexcept nogil:
    if vec is vf:
        return vf_concat_shift_2(a, b)
    elif vec is vd:
        return vd_concat_shift_2(a, b)
    else:
        return vs_concat_shift_2(a, b)


cdef inline vec concat_shift_4(vec a, vec b) noexcept nogil:
    if vec is vf:
        return vf_concat_shift_4(a, b)
    elif vec is vd:
        return vd_concat_shift_4(a, b)
    else:
        return vs_concat_shift_4(a, b)


cdef inline vec concat_shift_8(vec a, vec b) noexcept nogil:
    if vec is vf:
        return vf_concat_shift_8(a, b)
    else:
        return b    # float64 vectors have 8 lanes at the most


cdef inline vec permute2(vec a, vec b, vi shift) noexcept nogil:
    """Lanes of a and, after it, b, from a lane on; `shift` counts from there."""
    if vec is vf:
        return vf_permute2(a, b, shift)
    elif vec is vd:
        return vd_permute2(a, b, shift)
    else:
        return vs_permute2(a, b, shift)


cdef inline vec mul(vec a, vec b) noexcept nogil:
    if vec is vf:
        return vf_mul(a, b)
    elif vec is vd:
        return vd_mul(a, b)
    else:
        return vs_mul(a, b)


cdef inline vec div(vec a, vec b) noexcept nogil:
    if vec is vf:
        return vf_div(a, b)
    elif vec is vd:
        return vd_div(a, b)
    else:
        return vs_div(a, b)


cdef inline void set_sample(row_vec* row, Py_ssize_t i, double value) noexcept nogil:
    if row_vec is vf:
        (<float*>row)[i] = <float>value
    elif row_vec is vb:
        (<uint8_t*>row)[i] = <uint8_t>value
    elif row_vec is vh:
        (<uint16_t*>row)[i] = <uint16_t><int32_t>value     # or int16
    else:
        (<double*>row)[i] = value
