/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Vectors and the verbs that work on them: the only file that knows an instruction set.
 *
 * A lane type is a vector of samples together with the arithmetic done on them:
 *
 *     vf   float32, multiply and add fused where the level can
 *     vd   float64, multiply and add fused where the level can
 *     vs   float64, strict: multiply and add are rounded apart, which is what NumPy does
 *
 * The vectors are GCC's and Clang's vector extension, so that +, - and * need no intrinsics; only the
 * fused multiply-add does, because neither compiler has a generic one. (Looping over the lanes instead
 * makes GCC 12 spill: 279 instructions where 18 are meant.) Any other compiler gets "vectors" of one
 * sample: plain loops, the same results.
 *
 * Alignment is that of one sample: rows are read where they lie, at any offset.
 */
#ifndef FASTCONV_SIMD_H
#define FASTCONV_SIMD_H

#include <stdint.h>
#include <string.h>

#if defined(__AVX512F__) || defined(__AVX2__)
#include <immintrin.h>
#elif defined(__ARM_NEON) && defined(__aarch64__)
#include <arm_neon.h>
#endif

#if defined(__AVX512F__)
#define VECTOR_BYTES 64
#elif defined(__AVX2__)
#define VECTOR_BYTES 32
#elif defined(__GNUC__)
#define VECTOR_BYTES 16
#else
#define VECTOR_BYTES 0
#endif

#if VECTOR_BYTES
typedef float vf __attribute__((vector_size(VECTOR_BYTES), aligned(4), may_alias));
typedef double vd __attribute__((vector_size(VECTOR_BYTES), aligned(8), may_alias));
enum { F32_LANES = VECTOR_BYTES / 4, F64_LANES = VECTOR_BYTES / 8 };
/* w - 0 is w, also for -0, so the subtraction vanishes; w + 0 would stay, as an instruction. */
static inline vf vf_splat(float w) { return w - (vf){0}; }
static inline vd vd_splat(double w) { return w - (vd){0}; }
#else
typedef float vf;
typedef double vd;
enum { F32_LANES = 1, F64_LANES = 1 };
static inline vf vf_splat(float w) { return w; }
static inline vd vd_splat(double w) { return w; }
#endif
typedef vd vs;


#if defined(__AVX512F__)
static inline vf vf_fma(vf a, vf w, vf v) { return (vf)_mm512_fmadd_ps((__m512)w, (__m512)v, (__m512)a); }
static inline vd vd_fma(vd a, vd w, vd v) { return (vd)_mm512_fmadd_pd((__m512d)w, (__m512d)v, (__m512d)a); }
#elif defined(__AVX2__) && defined(__FMA__)
static inline vf vf_fma(vf a, vf w, vf v) { return (vf)_mm256_fmadd_ps((__m256)w, (__m256)v, (__m256)a); }
static inline vd vd_fma(vd a, vd w, vd v) { return (vd)_mm256_fmadd_pd((__m256d)w, (__m256d)v, (__m256d)a); }
#elif defined(__ARM_NEON) && defined(__aarch64__)
static inline vf vf_fma(vf a, vf w, vf v) { return (vf)vfmaq_f32((float32x4_t)a, (float32x4_t)w, (float32x4_t)v); }
static inline vd vd_fma(vd a, vd w, vd v) { return (vd)vfmaq_f64((float64x2_t)a, (float64x2_t)w, (float64x2_t)v); }
#else
static inline vf vf_fma(vf a, vf w, vf v) { return a + w * v; }
static inline vd vd_fma(vd a, vd w, vd v) { return a + w * v; }
#endif
static inline vs vs_fma(vs a, vs w, vs v) { return a + w * v; }
static inline vf vf_add(vf a, vf b) { return a + b; }
static inline vd vd_add(vd a, vd b) { return a + b; }
static inline vf vf_mul(vf a, vf b) { return a * b; }
static inline vd vd_mul(vd a, vd b) { return a * b; }

/* Bytes in the other order; compilers know the pattern. */
static inline uint16_t swapped16(uint16_t v) { return (uint16_t)(v >> 8 | v << 8); }
static inline uint32_t swapped32(uint32_t v) { return (uint32_t)swapped16((uint16_t)v) << 16 | swapped16((uint16_t)(v >> 16)); }
static inline uint64_t swapped64(uint64_t v) { return (uint64_t)swapped32((uint32_t)v) << 32 | swapped32((uint32_t)(v >> 32)); }

/* float16 <-> float32 in integer arithmetic, without a branch, so that compilers vectorise the loops
 * around them and no level needs F16C.
 *
 * To float32: put the 15 bits of exponent and mantissa where float32 has them and correct the bias by
 * a multiplication with 2^112, which also normalises subnormals; infinity and NaN get exponent 255.
 * The way back rounds half to even: normal numbers by adding 0xfff plus the last kept bit, subnormals
 * by an addition to 0.5, at whose magnitude one unit in the last place is the smallest float16. */
static inline float half_to_float(uint16_t h)
{
    uint32_t bits = (uint32_t)(h & 0x7fff) << 13;
    uint32_t special = -(uint32_t)((h & 0x7c00) == 0x7c00) & 0x7f800000u;
    float scale, value;
    uint32_t two112 = 0x77800000u;
    memcpy(&scale, &two112, 4);
    memcpy(&value, &bits, 4);
    value *= scale;
    memcpy(&bits, &value, 4);
    bits |= special | (uint32_t)(h & 0x8000) << 16;
    memcpy(&value, &bits, 4);
    return value;
}

static inline uint16_t float_to_half(float f)
{
    uint32_t bits, sign, tiny, normal, result;
    float magnitude;
    memcpy(&bits, &f, 4);
    sign = bits >> 16 & 0x8000u;
    bits &= 0x7fffffffu;
    memcpy(&magnitude, &bits, 4);
    magnitude += 0.5f;
    memcpy(&tiny, &magnitude, 4);
    tiny -= 0x3f000000u;
    normal = (bits - 0x38000000u + 0xfffu + (bits >> 13 & 1u)) >> 13;
    result = bits < 0x38800000u ? tiny : normal;
    result = bits >= 0x477ff000u ? 0x7c00u : result;
    result = bits > 0x7f800000u ? 0x7e00u : result;
    return (uint16_t)(result | sign);
}

#endif
