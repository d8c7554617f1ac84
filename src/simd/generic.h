/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The verbs of simd.h for vectors of 16 bytes, whatever their instruction set, and for "vectors" of one sample. */

#if defined(__aarch64__) && VECTOR_BYTES
VERB vf vf_multiply_add(vf a, vf w, vf v) { return (vf)vfmaq_f32((float32x4_t)a, (float32x4_t)w, (float32x4_t)v); }
VERB vd vd_multiply_add(vd a, vd w, vd v) { return (vd)vfmaq_f64((float64x2_t)a, (float64x2_t)w, (float64x2_t)v); }
VERB vf vf_negative_multiply_add(vf a, vf w, vf v) { return (vf)vfmsq_f32((float32x4_t)a, (float32x4_t)w, (float32x4_t)v); }
VERB vd vd_negative_multiply_add(vd a, vd w, vd v) { return (vd)vfmsq_f64((float64x2_t)a, (float64x2_t)w, (float64x2_t)v); }
#define FUSED 1
#else
VERB vf vf_multiply_add(vf a, vf w, vf v) { return a + w * v; }
VERB vd vd_multiply_add(vd a, vd w, vd v) { return a + w * v; }
VERB vf vf_negative_multiply_add(vf a, vf w, vf v) { return a - w * v; }
VERB vd vd_negative_multiply_add(vd a, vd w, vd v) { return a - w * v; }
#endif

/* Through arrays, whose loops compilers unroll and know. */
#define GET(X, S, LANES, name, T) \
    VERB X name(const T *p) { S s[LANES]; X v; int i; for (i = 0; i < LANES; i++) s[i] = (S)p[i]; memcpy(&v, s, sizeof v); return v; }
GET(vi, int32_t, F32_LANES, vi_widen_u8, uint8_t)
GET(vi, int32_t, F32_LANES, vi_widen_i8, int8_t)
GET(vi, int32_t, F32_LANES, vi_widen_u16, uint16_t)
GET(vi, int32_t, F32_LANES, vi_widen_i16, int16_t)
GET(vd, double, F64_LANES, vd_widen_i32, int32_t)
GET(vf, float, F32_LANES, vf_widen_u8, uint8_t)
GET(vf, float, F32_LANES, vf_widen_i8, int8_t)
GET(vf, float, F32_LANES, vf_widen_u16, uint16_t)
GET(vf, float, F32_LANES, vf_widen_i16, int16_t)
GET(vd, double, F64_LANES, vd_widen_u8, uint8_t)
GET(vd, double, F64_LANES, vd_widen_i8, int8_t)
GET(vd, double, F64_LANES, vd_widen_u16, uint16_t)
GET(vd, double, F64_LANES, vd_widen_i16, int16_t)
GET(vd, double, F64_LANES, vd_widen_f32, float)

#define PUT(X, S, LANES, name, T) \
    VERB void name(void *p, X v) { S s[LANES]; T t[LANES]; int i; memcpy(s, &v, sizeof v); for (i = 0; i < LANES; i++) t[i] = (T)(int)s[i]; memcpy(p, t, sizeof t); }
PUT(vi, int32_t, F32_LANES, vi_narrow_8, uint8_t)
PUT(vi, int32_t, F32_LANES, vi_narrow_16, uint16_t)
PUT(vf, float, F32_LANES, vf_narrow_8, uint8_t)
PUT(vf, float, F32_LANES, vf_narrow_16, uint16_t)
PUT(vd, double, F64_LANES, vd_narrow_8, uint8_t)
PUT(vd, double, F64_LANES, vd_narrow_16, uint16_t)
VERB void vd_narrow_32(void *p, vd v) { double s[F64_LANES]; uint32_t t[F64_LANES]; int i; memcpy(s, &v, sizeof v); for (i = 0; i < F64_LANES; i++) t[i] = (uint32_t)(int64_t)s[i]; memcpy(p, t, sizeof t); }
PUT(vf, float, F32_LANES, vf_truncate_8, uint8_t)
PUT(vf, float, F32_LANES, vf_truncate_16, uint16_t)
PUT(vd, double, F64_LANES, vd_truncate_8, uint8_t)
PUT(vd, double, F64_LANES, vd_truncate_16, uint16_t)

#if VECTOR_BYTES
/* A comparison of vectors is a vector of integers: all bits where it holds. */
typedef int32_t vf_where __attribute__((vector_size(VECTOR_BYTES)));
typedef int64_t vd_where __attribute__((vector_size(VECTOR_BYTES)));
#define CHOOSE(X, condition, a, b) ((X)(((condition) & (X##_where)(a)) | (~(condition) & (X##_where)(b))))
VERB unsigned vf_bits(vf_where c) { unsigned i, bits = 0; for (i = 0; i < F32_LANES; i++) bits |= (c[i] & 1u) << i; return bits; }
VERB unsigned vd_bits(vd_where c) { unsigned i, bits = 0; for (i = 0; i < F64_LANES; i++) bits |= (c[i] & 1u) << i; return bits; }
#else
#define CHOOSE(X, condition, a, b) ((condition) ? (a) : (b))
#define vf_bits(condition) ((unsigned)(condition))
#define vd_bits(condition) ((unsigned)(condition))
#endif
VERB vf vf_clamp(vf v, vf lo, vf hi) { v = CHOOSE(vf, v < lo, lo, v); return CHOOSE(vf, v > hi, hi, v); }
VERB vd vd_clamp(vd v, vd lo, vd hi) { v = CHOOSE(vd, v < lo, lo, v); return CHOOSE(vd, v > hi, hi, v); }
/* Adding and subtracting 1.5 * 2**23 (1.5 * 2**52) rounds in the addition, to even. */
VERB vf vf_round(vf v) { vf big = vf_set1(12582912.0f); return (v + big) - big; }
VERB vd vd_round(vd v) { vd big = vd_set1(6755399441055744.0); return (v + big) - big; }
VERB unsigned vf_abs_greater(vf v, vf d) { return vf_bits((v > d) | (-v > d)); }
VERB unsigned vd_abs_greater(vd v, vd d) { return vd_bits((v > d) | (-v > d)); }
#define TRANSPOSE(name, S, LANES) \
    VERB void name(S *p, ptrdiff_t i, const S *q, ptrdiff_t j) { int y, x; for (y = 0; y < LANES; y++) for (x = 0; x < LANES; x++) p[x * i + y] = q[y * j + x]; }
TRANSPOSE(vf_transpose, float, F32_LANES)
TRANSPOSE(vd_transpose, double, F64_LANES)
VERB vd vd_zero_nan(vd v) { return CHOOSE(vd, v == v, v, vd_set1(0.0)); }

#define DOT_BITS 8
#define DOT_ROWS 2
#define DOT_EMULATED 1
VERB vi vi_dot(vi a, vb b, vi w)
{
    uint32_t s[F32_LANES];
    uint8_t p[BYTE_LANES];
    int8_t q[BYTE_LANES];
    int i;
    memcpy(s, &a, sizeof s);
    memcpy(p, &b, sizeof p);
    memcpy(q, &w, sizeof q);
    for (i = 0; i < BYTE_LANES; i++) s[i / 4] += (uint32_t)(p[i] * q[i]);
    memcpy(&a, s, sizeof a);
    return a;
}
VERB vi vi_shift_digit(vi a) { return a << DOT_BITS; }
#define EACH(name, expression) \
    VERB vi name(vi a, vi b) { uint32_t s[F32_LANES], t[F32_LANES]; int i; memcpy(s, &a, sizeof s); memcpy(t, &b, sizeof t); for (i = 0; i < F32_LANES; i++) s[i] = expression; memcpy(&a, s, sizeof a); return a; }
EACH(vi_add, s[i] + t[i])
EACH(vi_sub, s[i] - t[i])
EACH(vi_min, s[i] < t[i] ? s[i] : t[i])
EACH(vi_mul, s[i] * t[i])
#define LANES3(a, b, c) int32_t s[F32_LANES], t[F32_LANES], d[F32_LANES]; int i; memcpy(s, &a, sizeof s); memcpy(t, &b, sizeof t); memcpy(d, &c, sizeof d)
VERB vi vi_clamp(vi a, vi lo, vi hi) { LANES3(a, lo, hi); for (i = 0; i < F32_LANES; i++) s[i] = s[i] < t[i] ? t[i] : s[i] > d[i] ? d[i] : s[i]; memcpy(&a, s, sizeof a); return a; }
VERB vi vi_step_quotient(vi a, vi b, vi c) { LANES3(a, b, c); for (i = 0; i < F32_LANES; i++) s[i] += (t[i] > d[i]) - (t[i] < -d[i]); memcpy(&a, s, sizeof a); return a; }
VERB vi vi_permute(vi a, vi b)
{
    int32_t s[F32_LANES], t[F32_LANES], r[F32_LANES];
    int i;
    memcpy(s, &a, sizeof s);
    memcpy(t, &b, sizeof t);
    for (i = 0; i < F32_LANES; i++) r[i] = s[t[i]];
    memcpy(&a, r, sizeof a);
    return a;
}
VERB unsigned vi_less(vi a, vi b)
{
    uint32_t s[F32_LANES], t[F32_LANES];
    unsigned i, bits = 0;
    memcpy(s, &a, sizeof s);
    memcpy(t, &b, sizeof t);
    for (i = 0; i < F32_LANES; i++) bits |= (unsigned)(s[i] < t[i]) << i;
    return bits;
}
VERB vf vi_to_vf(vi a) { float s[F32_LANES]; int32_t k[F32_LANES]; vf v; int i; memcpy(k, &a, sizeof k); for (i = 0; i < F32_LANES; i++) s[i] = (float)k[i]; memcpy(&v, s, sizeof v); return v; }
/* To |v| < 2**22 it rounds half to even; beyond, where only saturation follows, it may be off. */
VERB vi vf_to_vi(vf v) { float s[F32_LANES]; int32_t k[F32_LANES]; vi a; int i; v = CHOOSE(vf, (v < vf_set1(4194304.0f)) & (v > vf_set1(-4194304.0f)), vf_round(v), v); memcpy(s, &v, sizeof s); for (i = 0; i < F32_LANES; i++) k[i] = (int32_t)s[i]; memcpy(&a, k, sizeof a); return a; }
#define PUT_PHASES(name, type, low, high)                                                       \
    VERB void name(type *p, vi a0, vi a1, vi a2, vi a3)                                \
    {                                                                                           \
        int32_t k[4][F32_LANES], i, j, t;                                                       \
        memcpy(k[0], &a0, sizeof a0);                                                           \
        memcpy(k[1], &a1, sizeof a1);                                                           \
        memcpy(k[2], &a2, sizeof a2);                                                           \
        memcpy(k[3], &a3, sizeof a3);                                                           \
        for (i = 0; i < F32_LANES; i++)                                                         \
            for (j = 0; j < 4; j++) {                                                           \
                t = k[j][i];                                                                    \
                p[4 * i + j] = (type)(t < (low) ? (low) : t > (high) ? (high) : t);             \
            }                                                                                   \
    }
PUT_PHASES(vi_narrow_u8, uint8_t, 0, 255)
PUT_PHASES(vi_narrow_i16, int16_t, -32768, 32767)
