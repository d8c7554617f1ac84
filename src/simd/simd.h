/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Vectors and the verbs that work on them: the only file that knows an instruction set.
 *
 * A lane type is a vector of samples together with the arithmetic done on them:
 *
 *     vf   float32, multiply and add fused where the level can
 *     vd   float64, multiply and add fused where the level can
 *     vs   float64, strict: multiply and add are rounded apart, which is what NumPy does
 *     vi   int32: sums of whole numbers, which wrap; as many lanes as vf
 *     vb   the same vector seen as bytes
 *     vw   and as 16-bit words, unsigned: twice as many lanes as vi
 *
 * Verbs, T being a pixel type:
 *
 *     X_splat(w)             all lanes w
 *     X_fma(a, w, v)         a + w * v
 *     X_fnma(a, w, v)        a - w * v
 *     X_quotient(a, b, c)    a / b of whole numbers, c being 1 / b: a tie if and only if it really is one, where
 *                            2 * |a| is exact in a lane. A correction that is fused costs less than a division,
 *                            and leaves an error of 2**-46 (P. Markstein, Computation of elementary functions
 *                            on the IBM RISC System/6000 processor, 1990)
 *     X_next_n(a, b)         lanes of a and, after it, b, from lane n on
 *     X_shifted(a, b, i)     lane i[k] of a and, after it, b, to lane k; vi_iota(n) has lanes n, n + 1 ...;
 *                            PERMUTES_TWO says whether it is fast
 *     X_held(v)              v, kept in a register until its last use
 *     X_get_T(p)             as many pixels as there are lanes, converted
 *     X_put_T(p, v)          the way back, for whole numbers within T's range
 *     X_cut_T(p, v)          the low bits of v's whole part, which 32 bits must hold, else of -2**31
 *     X_limited(v, lo, hi)   lo where v < lo, hi where v > hi
 *     X_rounded(v)           half to even; |v| <= 2**22 (float64: 2**51)
 *     X_beyond(v, d)         bit i: whether |v| > d in lane i
 *     X_transpose(p, i, q, j)    a square of lanes from q, rows of which are j samples apart, turned over, to p
 *     vd_zero_nan(v)           0 where v is NaN
 *     vi_dot(a, b, w)        to each lane its four bytes b, unsigned, times the four bytes w, signed;
 *                            |w| < 2**(DOT_BITS - 1)
 *     vi_shift_digit(a)           a * 2**DOT_BITS
 *     vi_shift_right(a, n)       a / 2**n, rounded down
 *     vi_min(a, b)         the smaller, both unsigned
 *     vi_step_quotient(q, t, d)     q + 1 where t > d, q - 1 where t < -d
 *     vi_permute(a, i)      lane i[k] of a to lane k
 *     vi_less(a, b)         bit i: whether a < b in lane i, both unsigned
 *     vi_narrow_u8(p, a0 .. a3)         lane i of ak, saturated, to byte 4 * i + k
 *     vi_narrow_rows_u8(p, a0 .. a3)    lanes of a0, saturated, then those of a1 ...
 *     vi_narrow_i16, vi_narrow_rows_i16    the same, to words
 *     vw_multiply_high(a, b)          a * b / 2**16, rounded down
 *     vw_ties_to_even(q, n, d)       q - 1 where q is odd and q * d is n, else q
 *     vb_permute(b, i)      byte i[k] of b to byte k; PERMUTES_BYTES says whether it is fast
 *     vb_store_masked(p, b, m)   byte k where bit k of m is set; no other byte is touched. The same
 *
 * One section an instruction set, with the same verbs in the same order. Alignment is that of one
 * sample: rows are read where they lie, at any offset.
 */
#ifndef FASTCONV_SIMD_H
#define FASTCONV_SIMD_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__AVX512F__)
#include <immintrin.h>
#define VECTOR_BYTES 64
#define BLOCK_VECTORS 4 /* a block of 4 rows has as many accumulators as half of the registers */
#elif defined(__AVX2__)
#include <immintrin.h>
#define VECTOR_BYTES 32
#define BLOCK_VECTORS 2
#elif defined(__GNUC__) && !defined(FASTCONV_NO_VECTORS)
#define VECTOR_BYTES 16
#define BLOCK_VECTORS 2
#if defined(__aarch64__)
#include <arm_neon.h>
#endif
#else
#define VECTOR_BYTES 0
#define BLOCK_VECTORS 2
#endif

/* A verb is an instruction or some, and always inlined: GCC would weigh each of 15,000 calls, and count the rest
 * of a function anew for each, which was a fifth of the time that a level takes to compile. */
#if defined(__GNUC__)
#define VERB static inline __attribute__((always_inline))
#else
#define VERB static inline
#endif

#if VECTOR_BYTES
/* GCC's and Clang's vector extension: +, - and * need no intrinsics. Only what neither has a generic
 * form for does, such as the fused multiply-add. (Looping over the lanes instead makes GCC 12 spill:
 * 279 instructions where 18 are meant.) */
typedef float vf __attribute__((vector_size(VECTOR_BYTES), aligned(4), may_alias));
typedef double vd __attribute__((vector_size(VECTOR_BYTES), aligned(8), may_alias));
enum { F32_LANES = VECTOR_BYTES / 4, F64_LANES = VECTOR_BYTES / 8 };
/* w - 0 is w, also for -0, so the subtraction vanishes; w + 0 would stay, as an instruction. */
VERB vf vf_set1(float w) { return w - (vf){0}; }
VERB vd vd_set1(double w) { return w - (vd){0}; }
#else
/* Any other compiler gets "vectors" of one sample: plain loops, the same results. */
typedef float vf;
typedef double vd;
enum { F32_LANES = 1, F64_LANES = 1 };
VERB vf vf_set1(float w) { return w; }
VERB vd vd_set1(double w) { return w; }
#endif
#if VECTOR_BYTES
typedef int32_t vi __attribute__((vector_size(VECTOR_BYTES), aligned(4), may_alias));
typedef uint8_t vb __attribute__((vector_size(VECTOR_BYTES), aligned(1), may_alias));
typedef uint16_t vw __attribute__((vector_size(VECTOR_BYTES), aligned(2), may_alias));
VERB vi vi_set1(int32_t w) { return w - (vi){0}; }
#else
typedef int32_t vi;
typedef uint32_t vb;
typedef uint32_t vw;
VERB vi vi_set1(int32_t w) { return w; }
#endif
typedef vb vh; /* rows of 16-bit pixels; nobody computes with these */
enum { BYTE_LANES = 4 * F32_LANES };
VERB vi vi_and(vi a, vi b) { return a & b; }
VERB vi vi_load(const int32_t *p) { vi a; memcpy(&a, p, sizeof a); return a; }
VERB void vi_store(int32_t *p, vi a) { memcpy(p, &a, sizeof a); }
VERB vi vi_shift_right(vi a, int n) { return a >> n; }
typedef vd vs;
VERB vs vs_multiply_add(vs a, vs w, vs v) { return a + w * v; }
VERB vf vf_add(vf a, vf b) { return a + b; }
VERB vd vd_add(vd a, vd b) { return a + b; }
VERB vf vf_sub(vf a, vf b) { return a - b; }
VERB vd vd_sub(vd a, vd b) { return a - b; }
VERB vf vf_mul(vf a, vf b) { return a * b; }
VERB vd vd_mul(vd a, vd b) { return a * b; }
VERB vf vf_div(vf a, vf b) { return a / b; }
VERB vd vd_div(vd a, vd b) { return a / b; }

/* The compiler forgets where a held vector came from. Without this GCC 12 takes a vector that is used
 * several times from memory at each use, and loads that straddle cache lines are what binds. */
#if defined(__AVX512F__)
#define KEEP_IN_REGISTER(v) __asm__("" : "+v"(v))
#elif defined(__x86_64__) && VECTOR_BYTES
#define KEEP_IN_REGISTER(v) __asm__("" : "+x"(v))
#elif defined(__aarch64__) && VECTOR_BYTES
#define KEEP_IN_REGISTER(v) __asm__("" : "+w"(v))
#else
#define KEEP_IN_REGISTER(v) (void)(v)
#endif
/* The same for an index: what is read at it is read anew. */
#ifdef __GNUC__
#define OPAQUE(x) __asm__ volatile("" : "+r"(x))
#else
#define OPAQUE(x) (void)(x)
#endif
VERB ptrdiff_t opaque(ptrdiff_t x) { OPAQUE(x); return x; }
VERB vf vf_keep_in_register(vf v) { KEEP_IN_REGISTER(v); return v; }
VERB vd vd_keep_in_register(vd v) { KEEP_IN_REGISTER(v); return v; }
VERB vb vb_keep_in_register(vb v) { KEEP_IN_REGISTER(v); return v; }
VERB vi vi_keep_in_register(vi v) { KEEP_IN_REGISTER(v); return v; }
VERB vb vb_load(const void *p) { vb v; memcpy(&v, p, sizeof v); return v; }

/* Streams go past the caches: p is a multiple of VECTOR_BYTES, and stream_end() makes them seen. */
#if defined(__AVX512F__)
VERB void vb_stream(void *p, vb v) { _mm512_stream_si512((__m512i *)p, (__m512i)v); }
VERB void stream_end(void) { _mm_sfence(); }
#elif defined(__AVX2__)
VERB void vb_stream(void *p, vb v) { _mm256_stream_si256((__m256i *)p, (__m256i)v); }
VERB void stream_end(void) { _mm_sfence(); }
#else
VERB void vb_stream(void *p, vb v) { memcpy(p, &v, sizeof v); }
VERB void stream_end(void) {}
#endif
/* Into the second-level cache. */
#ifdef __GNUC__
VERB void prefetch(const void *p) { __builtin_prefetch(p, 0, 2); }
#else
VERB void prefetch(const void *p) { (void)p; }
#endif


#if defined(__AVX512F__)

/* --- AVX-512 -------------------------------------------------------------------------------- */

#define LOAD64(p) _mm_loadl_epi64((const __m128i *)(p))
#define LOAD128(p) _mm_loadu_si128((const __m128i *)(p))
#define LOAD256(p) _mm256_loadu_si256((const __m256i *)(p))

VERB vf vf_multiply_add(vf a, vf w, vf v) { return (vf)_mm512_fmadd_ps((__m512)w, (__m512)v, (__m512)a); }
VERB vd vd_multiply_add(vd a, vd w, vd v) { return (vd)_mm512_fmadd_pd((__m512d)w, (__m512d)v, (__m512d)a); }

VERB vf vf_negative_multiply_add(vf a, vf w, vf v) { return (vf)_mm512_fnmadd_ps((__m512)w, (__m512)v, (__m512)a); }
VERB vd vd_negative_multiply_add(vd a, vd w, vd v) { return (vd)_mm512_fnmadd_pd((__m512d)w, (__m512d)v, (__m512d)a); }
#define FUSED 1

VERB vi vi_widen_u8(const uint8_t *p) { return (vi)_mm512_cvtepu8_epi32(LOAD128(p)); }
VERB vi vi_widen_i8(const int8_t *p) { return (vi)_mm512_cvtepi8_epi32(LOAD128(p)); }
VERB vi vi_widen_u16(const uint16_t *p) { return (vi)_mm512_cvtepu16_epi32(LOAD256(p)); }
VERB vi vi_widen_i16(const int16_t *p) { return (vi)_mm512_cvtepi16_epi32(LOAD256(p)); }
VERB vi vi_iota(int n) { return (vi)_mm512_add_epi32(_mm512_set1_epi32(n), _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)); }
#define CONCAT_SHIFT(n) \
    VERB vf vf_concat_shift_##n(vf a, vf b) { return (vf)_mm512_castsi512_ps(_mm512_alignr_epi32((__m512i)b, (__m512i)a, n)); }
CONCAT_SHIFT(1) CONCAT_SHIFT(2) CONCAT_SHIFT(4) CONCAT_SHIFT(8)
VERB vd vd_concat_shift_1(vd a, vd b) { return (vd)_mm512_castsi512_pd(_mm512_alignr_epi64((__m512i)b, (__m512i)a, 1)); }
VERB vd vd_concat_shift_2(vd a, vd b) { return (vd)_mm512_castsi512_pd(_mm512_alignr_epi64((__m512i)b, (__m512i)a, 2)); }
VERB vd vd_concat_shift_4(vd a, vd b) { return (vd)_mm512_castsi512_pd(_mm512_alignr_epi64((__m512i)b, (__m512i)a, 4)); }
VERB vf vf_permute2(vf a, vf b, vi i) { return (vf)_mm512_permutex2var_ps((__m512)a, (__m512i)i, (__m512)b); }
VERB vd vd_permute2(vd a, vd b, vi i) { return (vd)_mm512_permutex2var_pd((__m512d)a, _mm512_cvtepi32_epi64(_mm512_castsi512_si256((__m512i)i)), (__m512d)b); }
VERB vf vi_to_vf(vi a) { return (vf)_mm512_cvtepi32_ps((__m512i)a); }
VERB vi vf_to_vi(vf v) { return (vi)_mm512_cvtps_epi32((__m512)v); }
VERB vf vf_widen_u8(const uint8_t *p) { return vi_to_vf(vi_widen_u8(p)); }
VERB vf vf_widen_i8(const int8_t *p) { return vi_to_vf(vi_widen_i8(p)); }
VERB vf vf_widen_u16(const uint16_t *p) { return vi_to_vf(vi_widen_u16(p)); }
VERB vf vf_widen_i16(const int16_t *p) { return vi_to_vf(vi_widen_i16(p)); }
VERB vd vd_widen_i32(const int32_t *p) { return (vd)_mm512_cvtepi32_pd(LOAD256(p)); }
VERB vd vd_widen_u8(const uint8_t *p) { return (vd)_mm512_cvtepi32_pd(_mm256_cvtepu8_epi32(LOAD64(p))); }
VERB vd vd_widen_i8(const int8_t *p) { return (vd)_mm512_cvtepi32_pd(_mm256_cvtepi8_epi32(LOAD64(p))); }
VERB vd vd_widen_u16(const uint16_t *p) { return (vd)_mm512_cvtepi32_pd(_mm256_cvtepu16_epi32(LOAD128(p))); }
VERB vd vd_widen_i16(const int16_t *p) { return (vd)_mm512_cvtepi32_pd(_mm256_cvtepi16_epi32(LOAD128(p))); }
VERB vd vd_widen_f32(const float *p) { return (vd)_mm512_cvtps_pd(_mm256_loadu_ps(p)); }

VERB void vi_narrow_8(void *p, vi a) { _mm_storeu_si128((__m128i *)p, _mm512_cvtepi32_epi8((__m512i)a)); }
VERB void vi_narrow_16(void *p, vi a) { _mm256_storeu_si256((__m256i *)p, _mm512_cvtepi32_epi16((__m512i)a)); }
VERB void vf_narrow_8(void *p, vf v) { vi_narrow_8(p, vf_to_vi(v)); }
VERB void vf_narrow_16(void *p, vf v) { vi_narrow_16(p, vf_to_vi(v)); }
VERB void vd_narrow_8(void *p, vd v) { _mm_storel_epi64((__m128i *)p, _mm256_cvtepi32_epi8(_mm512_cvtpd_epi32((__m512d)v))); }
VERB void vd_narrow_16(void *p, vd v) { _mm_storeu_si128((__m128i *)p, _mm256_cvtepi32_epi16(_mm512_cvtpd_epi32((__m512d)v))); }
VERB void vf_truncate_8(void *p, vf v) { vi_narrow_8(p, (vi)_mm512_cvttps_epi32((__m512)v)); }
VERB void vf_truncate_16(void *p, vf v) { vi_narrow_16(p, (vi)_mm512_cvttps_epi32((__m512)v)); }
VERB void vd_truncate_8(void *p, vd v) { _mm_storel_epi64((__m128i *)p, _mm256_cvtepi32_epi8(_mm512_cvttpd_epi32((__m512d)v))); }
VERB void vd_truncate_16(void *p, vd v) { _mm_storeu_si128((__m128i *)p, _mm256_cvtepi32_epi16(_mm512_cvttpd_epi32((__m512d)v))); }

VERB vf vf_clamp(vf v, vf lo, vf hi) { return (vf)_mm512_min_ps(_mm512_max_ps((__m512)v, (__m512)lo), (__m512)hi); }
VERB vd vd_clamp(vd v, vd lo, vd hi) { return (vd)_mm512_min_pd(_mm512_max_pd((__m512d)v, (__m512d)lo), (__m512d)hi); }
VERB vf vf_round(vf v) { return (vf)_mm512_roundscale_ps((__m512)v, _MM_FROUND_TO_NEAREST_INT); }
VERB vd vd_round(vd v) { return (vd)_mm512_roundscale_pd((__m512d)v, _MM_FROUND_TO_NEAREST_INT); }
VERB unsigned vf_abs_greater(vf v, vf d) { return _mm512_cmp_ps_mask(_mm512_abs_ps((__m512)v), (__m512)d, _CMP_GT_OQ); }
VERB unsigned vd_abs_greater(vd v, vd d) { return _mm512_cmp_pd_mask(_mm512_abs_pd((__m512d)v), (__m512d)d, _CMP_GT_OQ); }
VERB void vf_transpose(float *p, ptrdiff_t i, const float *q, ptrdiff_t j)
{
    /* By 128 bits on loading, row r + 4 * k to quarter k of register r; then 4 x 4 within quarters. */
    int k;
    for (k = 0; k < 4; k++, q += 4, p += 4 * i) {
        __m512 r0 = _mm512_castps128_ps512(_mm_loadu_ps(q)), r1 = _mm512_castps128_ps512(_mm_loadu_ps(q + j));
        __m512 r2 = _mm512_castps128_ps512(_mm_loadu_ps(q + 2 * j)), r3 = _mm512_castps128_ps512(_mm_loadu_ps(q + 3 * j));
        __m512 a, b, c, d;
#define QUARTER(n) \
        r0 = _mm512_insertf32x4(r0, _mm_loadu_ps(q + 4 * n * j), n); \
        r1 = _mm512_insertf32x4(r1, _mm_loadu_ps(q + (4 * n + 1) * j), n); \
        r2 = _mm512_insertf32x4(r2, _mm_loadu_ps(q + (4 * n + 2) * j), n); \
        r3 = _mm512_insertf32x4(r3, _mm_loadu_ps(q + (4 * n + 3) * j), n);
        QUARTER(1) QUARTER(2) QUARTER(3)
        a = _mm512_unpacklo_ps(r0, r1);
        b = _mm512_unpackhi_ps(r0, r1);
        c = _mm512_unpacklo_ps(r2, r3);
        d = _mm512_unpackhi_ps(r2, r3);
        _mm512_storeu_ps(p, _mm512_shuffle_ps(a, c, 0x44));
        _mm512_storeu_ps(p + i, _mm512_shuffle_ps(a, c, 0xee));
        _mm512_storeu_ps(p + 2 * i, _mm512_shuffle_ps(b, d, 0x44));
        _mm512_storeu_ps(p + 3 * i, _mm512_shuffle_ps(b, d, 0xee));
    }
}
VERB void vd_transpose(double *p, ptrdiff_t i, const double *q, ptrdiff_t j)
{
    /* By 128 bits on loading, row r + 2 * k to quarter k of register r; then 2 x 2 within quarters. */
    int k;
    for (k = 0; k < 4; k++, q += 2, p += 2 * i) {
        __m512d r0 = _mm512_castpd128_pd512(_mm_loadu_pd(q)), r1 = _mm512_castpd128_pd512(_mm_loadu_pd(q + j));
#define EIGHTH(n) \
        r0 = _mm512_insertf64x2(r0, _mm_loadu_pd(q + 2 * n * j), n); \
        r1 = _mm512_insertf64x2(r1, _mm_loadu_pd(q + (2 * n + 1) * j), n);
        EIGHTH(1) EIGHTH(2) EIGHTH(3)
        _mm512_storeu_pd(p, _mm512_unpacklo_pd(r0, r1));
        _mm512_storeu_pd(p + i, _mm512_unpackhi_pd(r0, r1));
    }
}
VERB vd vd_zero_nan(vd v) { return (vd)_mm512_maskz_mov_pd(_mm512_cmp_pd_mask((__m512d)v, (__m512d)v, _CMP_ORD_Q), (__m512d)v); }

#define DOT_BITS 8
#define DOT_EMULATED 0
#define DOT_ROWS 4
#define PERMUTES_BYTES 1
#define PERMUTES_TWO 1
VERB vi vi_permute2(vi a, vi b, vi i) { return (vi)_mm512_permutex2var_epi32((__m512i)a, (__m512i)i, (__m512i)b); }
VERB vw vw_set1(uint16_t w) { return (vw)_mm512_set1_epi16((short)w); }
VERB vw vw_iota(int n)
{
    const vw from_0 = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31};
    return from_0 + vw_set1((uint16_t)n);
}
VERB vw vw_widen_u8(const uint8_t *p) { return (vw)_mm512_cvtepu8_epi16(LOAD256(p)); }
VERB void vw_narrow_8(void *p, vw a) { _mm256_storeu_si256((__m256i *)p, _mm512_cvtepi16_epi8((__m512i)a)); }
VERB vw vw_add(vw a, vw b) { return a + b; }
VERB vw vw_permute2(vw a, vw b, vw i) { return (vw)_mm512_permutex2var_epi16((__m512i)a, (__m512i)i, (__m512i)b); }
VERB vw vw_multiply_high(vw a, vw b) { return (vw)_mm512_mulhi_epu16((__m512i)a, (__m512i)b); }
VERB vw vw_shift_right(vw a, int n) { return a >> n; }
VERB vw vw_ties_to_even(vw q, vw n, vw d)
{
    __m512i odd = _mm512_and_si512((__m512i)q, _mm512_set1_epi16(1));
    return (vw)_mm512_mask_sub_epi16((__m512i)q, _mm512_cmpeq_epi16_mask((__m512i)(q * d), (__m512i)n), (__m512i)q, odd);
}
VERB vb vb_permute(vb b, vb i) { return (vb)_mm512_permutexvar_epi8((__m512i)i, (__m512i)b); }
VERB void vb_store_masked(void *p, vb b, uint64_t m) { _mm512_mask_storeu_epi8(p, m, (__m512i)b); }
VERB void vi_narrow_rows_u8(uint8_t *p, vi a0, vi a1, vi a2, vi a3)
{
    /* in each 128 bits: 00001111 as words, 0000111122223333 as bytes; then 32 bits at a time */
    __m512i words01 = _mm512_packs_epi32((__m512i)a0, (__m512i)a1), words23 = _mm512_packs_epi32((__m512i)a2, (__m512i)a3);
    __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    _mm512_storeu_si512(p, _mm512_permutexvar_epi32(order, _mm512_packus_epi16(words01, words23)));
}
VERB void vi_narrow_rows_i16(int16_t *p, vi a0, vi a1, vi a2, vi a3)
{
    /* in each 128 bits: 00001111 as words; then 64 bits at a time */
    __m512i order = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);
    _mm512_storeu_si512(p, _mm512_permutexvar_epi64(order, _mm512_packs_epi32((__m512i)a0, (__m512i)a1)));
    _mm512_storeu_si512(p + 32, _mm512_permutexvar_epi64(order, _mm512_packs_epi32((__m512i)a2, (__m512i)a3)));
}
VERB vi vi_dot(vi a, vb b, vi w) { return (vi)_mm512_dpbusd_epi32((__m512i)a, (__m512i)b, (__m512i)w); }
VERB vi vi_shift_digit(vi a) { return a << DOT_BITS; }
VERB vi vi_add(vi a, vi b) { return (vi)_mm512_add_epi32((__m512i)a, (__m512i)b); }
VERB vi vi_min(vi a, vi b) { return (vi)_mm512_min_epu32((__m512i)a, (__m512i)b); }
VERB unsigned vi_less(vi a, vi b) { return _mm512_cmplt_epu32_mask((__m512i)a, (__m512i)b); }
VERB vi vi_sub(vi a, vi b) { return (vi)_mm512_sub_epi32((__m512i)a, (__m512i)b); }
VERB vi vi_mul(vi a, vi b) { return (vi)_mm512_mullo_epi32((__m512i)a, (__m512i)b); }
VERB vi vi_clamp(vi a, vi lo, vi hi) { return (vi)_mm512_min_epi32(_mm512_max_epi32((__m512i)a, (__m512i)lo), (__m512i)hi); }
VERB vi vi_step_quotient(vi q, vi t, vi d)
{
    __m512i up = _mm512_mask_add_epi32((__m512i)q, _mm512_cmpgt_epi32_mask((__m512i)t, (__m512i)d), (__m512i)q, _mm512_set1_epi32(1));
    return (vi)_mm512_mask_sub_epi32(up, _mm512_cmpgt_epi32_mask(_mm512_sub_epi32(_mm512_setzero_si512(), (__m512i)d), (__m512i)t), up, _mm512_set1_epi32(1));
}
VERB vi vi_permute(vi a, vi i) { return (vi)_mm512_permutexvar_epi32((__m512i)i, (__m512i)a); }
VERB void vi_narrow_u8(uint8_t *p, vi a0, vi a1, vi a2, vi a3)
{
    /* in each 128 bits: 00001111 as words, 0000111122223333 as bytes, 0123012301230123 */
    __m512i words01 = _mm512_packs_epi32((__m512i)a0, (__m512i)a1), words23 = _mm512_packs_epi32((__m512i)a2, (__m512i)a3);
    __m512i order = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
    _mm512_storeu_si512(p, _mm512_shuffle_epi8(_mm512_packus_epi16(words01, words23), order));
}
VERB void vi_narrow_i16(int16_t *p, vi a0, vi a1, vi a2, vi a3)
{
    /* in each 128 bits: 00001111 as words, 01010101, and 01230123; then 128 bits of both in turns */
    __m512i pairs = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15));
    __m512i words01 = _mm512_shuffle_epi8(_mm512_packs_epi32((__m512i)a0, (__m512i)a1), pairs);
    __m512i words23 = _mm512_shuffle_epi8(_mm512_packs_epi32((__m512i)a2, (__m512i)a3), pairs);
    __m512i low = _mm512_unpacklo_epi32(words01, words23), high = _mm512_unpackhi_epi32(words01, words23);
    _mm512_storeu_si512(p, _mm512_permutex2var_epi64(low, _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11), high));
    _mm512_storeu_si512(p + 32, _mm512_permutex2var_epi64(low, _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15), high));
}

#elif defined(__AVX2__)

/* --- AVX2 and FMA --------------------------------------------------------------------------- */

#define LOAD32(p) _mm_loadu_si32(p)
#define LOAD64(p) _mm_loadl_epi64((const __m128i *)(p))
#define LOAD128(p) _mm_loadu_si128((const __m128i *)(p))

VERB vf vf_multiply_add(vf a, vf w, vf v) { return (vf)_mm256_fmadd_ps((__m256)w, (__m256)v, (__m256)a); }
VERB vd vd_multiply_add(vd a, vd w, vd v) { return (vd)_mm256_fmadd_pd((__m256d)w, (__m256d)v, (__m256d)a); }

VERB vf vf_negative_multiply_add(vf a, vf w, vf v) { return (vf)_mm256_fnmadd_ps((__m256)w, (__m256)v, (__m256)a); }
VERB vd vd_negative_multiply_add(vd a, vd w, vd v) { return (vd)_mm256_fnmadd_pd((__m256d)w, (__m256d)v, (__m256d)a); }
#define FUSED 1

VERB vi vi_widen_u8(const uint8_t *p) { return (vi)_mm256_cvtepu8_epi32(LOAD64(p)); }
VERB vi vi_widen_i8(const int8_t *p) { return (vi)_mm256_cvtepi8_epi32(LOAD64(p)); }
VERB vi vi_widen_u16(const uint16_t *p) { return (vi)_mm256_cvtepu16_epi32(LOAD128(p)); }
VERB vi vi_widen_i16(const int16_t *p) { return (vi)_mm256_cvtepi16_epi32(LOAD128(p)); }
VERB vf vi_to_vf(vi a) { return (vf)_mm256_cvtepi32_ps((__m256i)a); }
VERB vi vf_to_vi(vf v) { return (vi)_mm256_cvtps_epi32((__m256)v); }
VERB vf vf_widen_u8(const uint8_t *p) { return vi_to_vf(vi_widen_u8(p)); }
VERB vf vf_widen_i8(const int8_t *p) { return vi_to_vf(vi_widen_i8(p)); }
VERB vf vf_widen_u16(const uint16_t *p) { return vi_to_vf(vi_widen_u16(p)); }
VERB vf vf_widen_i16(const int16_t *p) { return vi_to_vf(vi_widen_i16(p)); }
VERB vd vd_widen_i32(const int32_t *p) { return (vd)_mm256_cvtepi32_pd(LOAD128(p)); }
VERB vd vd_widen_u8(const uint8_t *p) { return (vd)_mm256_cvtepi32_pd(_mm_cvtepu8_epi32(LOAD32(p))); }
VERB vd vd_widen_i8(const int8_t *p) { return (vd)_mm256_cvtepi32_pd(_mm_cvtepi8_epi32(LOAD32(p))); }
VERB vd vd_widen_u16(const uint16_t *p) { return (vd)_mm256_cvtepi32_pd(_mm_cvtepu16_epi32(LOAD64(p))); }
VERB vd vd_widen_i16(const int16_t *p) { return (vd)_mm256_cvtepi32_pd(_mm_cvtepi16_epi32(LOAD64(p))); }
VERB vd vd_widen_f32(const float *p) { return (vd)_mm256_cvtps_pd(_mm_loadu_ps(p)); }

/* packus and packs saturate, so negative numbers must be cut to their low bits first. */
VERB __m128i low_16(__m128i a, __m128i b)
{
    const __m128i low = _mm_set1_epi32(0xffff);
    return _mm_packus_epi32(_mm_and_si128(a, low), _mm_and_si128(b, low));
}
VERB __m128i low_8(__m128i words) { return _mm_packus_epi16(_mm_and_si128(words, _mm_set1_epi16(0xff)), _mm_setzero_si128()); }
VERB __m128i vi_to_16(vi a) { return low_16(_mm256_castsi256_si128((__m256i)a), _mm256_extracti128_si256((__m256i)a, 1)); }
VERB __m128i vd_to_16(vd v) { return low_16(_mm256_cvtpd_epi32((__m256d)v), _mm_setzero_si128()); }
VERB void vi_narrow_8(void *p, vi a) { _mm_storel_epi64((__m128i *)p, low_8(vi_to_16(a))); }
VERB void vi_narrow_16(void *p, vi a) { _mm_storeu_si128((__m128i *)p, vi_to_16(a)); }
VERB void vf_narrow_8(void *p, vf v) { vi_narrow_8(p, vf_to_vi(v)); }
VERB void vf_narrow_16(void *p, vf v) { vi_narrow_16(p, vf_to_vi(v)); }
VERB void vd_narrow_8(void *p, vd v) { _mm_storeu_si32(p, low_8(vd_to_16(v))); }
VERB void vd_narrow_16(void *p, vd v) { _mm_storel_epi64((__m128i *)p, vd_to_16(v)); }
VERB void vf_truncate_8(void *p, vf v) { vi_narrow_8(p, (vi)_mm256_cvttps_epi32((__m256)v)); }
VERB void vf_truncate_16(void *p, vf v) { vi_narrow_16(p, (vi)_mm256_cvttps_epi32((__m256)v)); }
VERB __m128i vd_cut_to_16(vd v) { return low_16(_mm256_cvttpd_epi32((__m256d)v), _mm_setzero_si128()); }
VERB void vd_truncate_8(void *p, vd v) { _mm_storeu_si32(p, low_8(vd_cut_to_16(v))); }
VERB void vd_truncate_16(void *p, vd v) { _mm_storel_epi64((__m128i *)p, vd_cut_to_16(v)); }

VERB vf vf_clamp(vf v, vf lo, vf hi) { return (vf)_mm256_min_ps(_mm256_max_ps((__m256)v, (__m256)lo), (__m256)hi); }
VERB vd vd_clamp(vd v, vd lo, vd hi) { return (vd)_mm256_min_pd(_mm256_max_pd((__m256d)v, (__m256d)lo), (__m256d)hi); }
VERB vf vf_round(vf v) { return (vf)_mm256_round_ps((__m256)v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
VERB vd vd_round(vd v) { return (vd)_mm256_round_pd((__m256d)v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
VERB unsigned vf_abs_greater(vf v, vf d)
{
    __m256 magnitude = _mm256_andnot_ps(_mm256_set1_ps(-0.0f), (__m256)v);
    return _mm256_movemask_ps(_mm256_cmp_ps(magnitude, (__m256)d, _CMP_GT_OQ));
}
VERB unsigned vd_abs_greater(vd v, vd d)
{
    __m256d magnitude = _mm256_andnot_pd(_mm256_set1_pd(-0.0), (__m256d)v);
    return _mm256_movemask_pd(_mm256_cmp_pd(magnitude, (__m256d)d, _CMP_GT_OQ));
}
VERB void vf_transpose(float *p, ptrdiff_t i, const float *q, ptrdiff_t j)
{
    /* By 128 bits on loading, row r + 4 to the upper half of register r; then 4 x 4 within halves. */
    int k;
    for (k = 0; k < 2; k++, q += 4, p += 4 * i) {
        __m256 r0 = _mm256_loadu2_m128(q + 4 * j, q), r1 = _mm256_loadu2_m128(q + 5 * j, q + j);
        __m256 r2 = _mm256_loadu2_m128(q + 6 * j, q + 2 * j), r3 = _mm256_loadu2_m128(q + 7 * j, q + 3 * j);
        __m256 a = _mm256_unpacklo_ps(r0, r1), b = _mm256_unpackhi_ps(r0, r1);
        __m256 c = _mm256_unpacklo_ps(r2, r3), d = _mm256_unpackhi_ps(r2, r3);
        _mm256_storeu_ps(p, _mm256_shuffle_ps(a, c, 0x44));
        _mm256_storeu_ps(p + i, _mm256_shuffle_ps(a, c, 0xee));
        _mm256_storeu_ps(p + 2 * i, _mm256_shuffle_ps(b, d, 0x44));
        _mm256_storeu_ps(p + 3 * i, _mm256_shuffle_ps(b, d, 0xee));
    }
}
VERB void vd_transpose(double *p, ptrdiff_t i, const double *q, ptrdiff_t j)
{
    int k;
    for (k = 0; k < 2; k++, q += 2, p += 2 * i) {
        __m256d r0 = _mm256_loadu2_m128d(q + 2 * j, q), r1 = _mm256_loadu2_m128d(q + 3 * j, q + j);
        _mm256_storeu_pd(p, _mm256_unpacklo_pd(r0, r1));
        _mm256_storeu_pd(p + i, _mm256_unpackhi_pd(r0, r1));
    }
}
VERB vd vd_zero_nan(vd v) { return (vd)_mm256_and_pd((__m256d)v, _mm256_cmp_pd((__m256d)v, (__m256d)v, _CMP_ORD_Q)); }

/* Two products saturate at 16 bits, which weights of 7 bits do not reach. */
#define DOT_BITS 7
#define DOT_EMULATED 0
#define DOT_ROWS 2
VERB vi vi_dot(vi a, vb b, vi w)
{
    __m256i pairs = _mm256_maddubs_epi16((__m256i)b, (__m256i)w);
    return (vi)_mm256_add_epi32((__m256i)a, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}
VERB vi vi_shift_digit(vi a) { return a << DOT_BITS; }
VERB vi vi_add(vi a, vi b) { return (vi)_mm256_add_epi32((__m256i)a, (__m256i)b); }
VERB vi vi_min(vi a, vi b) { return (vi)_mm256_min_epu32((__m256i)a, (__m256i)b); }
VERB unsigned vi_less(vi a, vi b)
{
    __m256i not_below = _mm256_cmpeq_epi32(_mm256_max_epu32((__m256i)a, (__m256i)b), (__m256i)a);
    return ~(unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(not_below)) & 0xffu;
}
VERB vi vi_sub(vi a, vi b) { return (vi)_mm256_sub_epi32((__m256i)a, (__m256i)b); }
VERB vi vi_mul(vi a, vi b) { return (vi)_mm256_mullo_epi32((__m256i)a, (__m256i)b); }
VERB vi vi_clamp(vi a, vi lo, vi hi) { return (vi)_mm256_min_epi32(_mm256_max_epi32((__m256i)a, (__m256i)lo), (__m256i)hi); }
VERB vi vi_step_quotient(vi q, vi t, vi d)
{
    /* a comparison that holds is -1 */
    __m256i up = _mm256_sub_epi32((__m256i)q, _mm256_cmpgt_epi32((__m256i)t, (__m256i)d));
    return (vi)_mm256_add_epi32(up, _mm256_cmpgt_epi32(_mm256_sub_epi32(_mm256_setzero_si256(), (__m256i)d), (__m256i)t));
}
VERB vi vi_permute(vi a, vi i) { return (vi)_mm256_permutevar8x32_epi32((__m256i)a, (__m256i)i); }
VERB void vi_narrow_u8(uint8_t *p, vi a0, vi a1, vi a2, vi a3)
{
    /* in each 128 bits: 00001111 as words, 0000111122223333 as bytes, 0123012301230123 */
    __m256i words01 = _mm256_packs_epi32((__m256i)a0, (__m256i)a1), words23 = _mm256_packs_epi32((__m256i)a2, (__m256i)a3);
    __m256i order = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
    _mm256_storeu_si256((__m256i *)p, _mm256_shuffle_epi8(_mm256_packus_epi16(words01, words23), order));
}
VERB void vi_narrow_i16(int16_t *p, vi a0, vi a1, vi a2, vi a3)
{
    /* in each 128 bits: 00001111 as words, 01010101, and 01230123; then 128 bits of both in turns */
    __m256i pairs = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15));
    __m256i words01 = _mm256_shuffle_epi8(_mm256_packs_epi32((__m256i)a0, (__m256i)a1), pairs);
    __m256i words23 = _mm256_shuffle_epi8(_mm256_packs_epi32((__m256i)a2, (__m256i)a3), pairs);
    __m256i low = _mm256_unpacklo_epi32(words01, words23), high = _mm256_unpackhi_epi32(words01, words23);
    _mm256_storeu_si256((__m256i *)p, _mm256_permute2x128_si256(low, high, 0x20));
    _mm256_storeu_si256((__m256i *)(p + 16), _mm256_permute2x128_si256(low, high, 0x31));
}

#else

/* --- vectors of 16 bytes without a name for their instruction set, or of one sample ------------- */

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
#define DOT_EMULATED 1
#define DOT_ROWS 2
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

#endif

#ifndef PERMUTES_BYTES
/* Nobody calls these. */
#define PERMUTES_BYTES 0
VERB vb vb_permute(vb b, vb i) { (void)i; return b; }
VERB void vb_store_masked(void *p, vb b, uint64_t m) { (void)p; (void)b; (void)m; }
VERB void vi_narrow_rows_u8(uint8_t *p, vi a0, vi a1, vi a2, vi a3) { vi_narrow_u8(p, a0, a1, a2, a3); }
VERB void vi_narrow_rows_i16(int16_t *p, vi a0, vi a1, vi a2, vi a3) { vi_narrow_i16(p, a0, a1, a2, a3); }
#endif

#if !defined(__AVX512F__)
/* Where a vector does not hold 16 float32 nobody is in a hurry for these. */
#define PERMUTES_TWO 0
/* And these would spare nothing. */
VERB vi vi_permute2(vi a, vi b, vi i) { (void)b; (void)i; return a; }
VERB vw vw_set1(uint16_t w) { return w - (vw){0}; }
VERB vw vw_iota(int n) { return vw_set1((uint16_t)n); }
VERB vw vw_widen_u8(const uint8_t *p) { return vw_set1(*p); }
VERB void vw_narrow_8(void *p, vw a) { (void)p; (void)a; }
VERB vw vw_add(vw a, vw b) { return a + b; }
VERB vw vw_permute2(vw a, vw b, vw i) { (void)b; (void)i; return a; }
VERB vw vw_multiply_high(vw a, vw b) { (void)b; return a; }
VERB vw vw_shift_right(vw a, int n) { return a >> n; }
VERB vw vw_ties_to_even(vw q, vw n, vw d) { (void)n; (void)d; return q; }
VERB vi vi_iota(int n) { int32_t k[F32_LANES]; vi a; int i; for (i = 0; i < F32_LANES; i++) k[i] = n + i; memcpy(&a, k, sizeof a); return a; }
#define SHIFTED(X, S, LANES, name) \
    VERB X name(X a, X b, vi i) { S s[2 * LANES], t[LANES]; int32_t k[F32_LANES]; int j; memcpy(s, &a, sizeof a); memcpy(s + LANES, &b, sizeof b); memcpy(k, &i, sizeof k); for (j = 0; j < LANES; j++) t[j] = s[k[j] % (2 * LANES)]; memcpy(&a, t, sizeof a); return a; }
SHIFTED(vf, float, F32_LANES, vf_permute2)
SHIFTED(vd, double, F64_LANES, vd_permute2)
#define CONCAT_SHIFT(n) \
    VERB vf vf_concat_shift_##n(vf a, vf b) { return vf_permute2(a, b, vi_iota(n)); } \
    VERB vd vd_concat_shift_##n(vd a, vd b) { return vd_permute2(a, b, vi_iota(n)); }
CONCAT_SHIFT(1) CONCAT_SHIFT(2) CONCAT_SHIFT(4) CONCAT_SHIFT(8)

#endif

#ifdef FUSED
VERB vf vf_quotient(vf a, vf b, vf c) { vf q = a * c; return vf_multiply_add(q, vf_negative_multiply_add(a, q, b), c); }
VERB vd vd_quotient(vd a, vd b, vd c) { vd q = a * c; return vd_multiply_add(q, vd_negative_multiply_add(a, q, b), c); }
#else
VERB vf vf_quotient(vf a, vf b, vf c) { (void)c; return a / b; }
VERB vd vd_quotient(vd a, vd b, vd c) { (void)c; return a / b; }
#endif


/* --- samples --------------------------------------------------------------------------------- */

/* Bytes in the other order; compilers know the pattern. */
VERB uint16_t swapped16(uint16_t v) { return (uint16_t)(v >> 8 | v << 8); }
VERB uint32_t swapped32(uint32_t v) { return (uint32_t)swapped16((uint16_t)v) << 16 | swapped16((uint16_t)(v >> 16)); }
VERB uint64_t swapped64(uint64_t v) { return (uint64_t)swapped32((uint32_t)v) << 32 | swapped32((uint32_t)(v >> 32)); }

/* float16 <-> float32 in integer arithmetic, without a branch, so that compilers vectorise the loops
 * around them and no level needs F16C.
 *
 * To float32: put the 15 bits of exponent and mantissa where float32 has them and correct the bias by
 * a multiplication with 2^112, which also normalises subnormals; infinity and NaN get exponent 255.
 * The way back rounds half to even: normal numbers by adding 0xfff plus the last kept bit, subnormals
 * by an addition to 0.5, at whose magnitude one unit in the last place is the smallest float16. */
VERB float half_to_float(uint16_t h)
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

VERB uint16_t float_to_half(float f)
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
