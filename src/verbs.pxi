# The verbs of simd.h, made generic over the lane type. The lane types are opaque here: nothing but a
# verb can touch one, and three types that are two in C stay three specialisations.

cdef extern from "simd.h" nogil:
    ctypedef struct vf:
        pass
    ctypedef struct vd:
        pass
    ctypedef struct vs:
        pass
    enum:
        VECTOR_BYTES
        F32_LANES
        F64_LANES
    vf vf_splat(float)
    vd vd_splat(double)
    vs vs_splat "vd_splat"(double)
    vf vf_fma(vf, vf, vf)
    vd vd_fma(vd, vd, vd)
    vs vs_fma(vs, vs, vs)
    vf vf_add(vf, vf)
    vd vd_add(vd, vd)
    vs vs_add "vd_add"(vs, vs)
    vf vf_mul(vf, vf)
    vd vd_mul(vd, vd)
    vs vs_mul "vd_mul"(vs, vs)
    uint16_t swapped16(uint16_t)
    uint32_t swapped32(uint32_t)
    uint64_t swapped64(uint64_t)
    float half_to_float(uint16_t)
    uint16_t float_to_half(float)

ctypedef fused lane:
    vf
    vd
    vs

ctypedef fused real:
    float
    double


cdef inline Py_ssize_t lanes_of(lane* kind) noexcept nogil:
    """Samples of one vector."""
    return F32_LANES if lane is vf else F64_LANES


cdef inline Py_ssize_t sample_size(lane* kind) noexcept nogil:
    """Bytes of one sample."""
    return 4 if lane is vf else 8


cdef inline lane* sample_at(lane* row, Py_ssize_t i) noexcept nogil:
    """Pointer to sample `i` of a row; unaligned as a vector, which vectors of simd.h may be."""
    return <lane*>(<char*>row + i * sample_size(row))


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


cdef inline lane add(lane a, lane b) noexcept nogil:
    if lane is vf:
        return vf_add(a, b)
    elif lane is vd:
        return vd_add(a, b)
    else:
        return vs_add(a, b)


cdef inline lane mul(lane a, lane b) noexcept nogil:
    if lane is vf:
        return vf_mul(a, b)
    elif lane is vd:
        return vd_mul(a, b)
    else:
        return vs_mul(a, b)


cdef inline void set_sample(lane* row, Py_ssize_t i, double value) noexcept nogil:
    if lane is vf:
        (<float*>row)[i] = <float>value
    else:
        (<double*>row)[i] = value
