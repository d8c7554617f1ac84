/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Vectors and the verbs that work on them. Only the files of this folder know an instruction set.
 *
 * A lane type is a vector of samples together with the arithmetic done on them:
 *
 *     vf                     float32, multiply and add fused where the level can
 *     vd                     float64, multiply and add fused where the level can
 *     vs                     float64, strict: multiply and add are rounded apart, which is what NumPy does
 *     vi                     int32: sums of whole numbers, which wrap; as many lanes as vf
 *     vb                     the same vector seen as bytes
 *     vw                     and as 16-bit words, unsigned: twice as many lanes as vi
 *
 * Verbs, T being a pixel type:
 *
 *     X_set1(w)              all lanes w
 *     X_multiply_add(a, w, v)  a + w * v
 *     X_negative_multiply_add(a, w, v)  a - w * v
 *     X_quotient(a, b, c)    a / b of whole numbers, c being 1 / b: a tie if and only if it really is one, where
 *                            2 * |a| is exact in a lane. A correction that is fused costs less than a division,
 *                            and leaves an error of 2**-46 (P. Markstein, Computation of elementary functions
 *                            on the IBM RISC System/6000 processor, 1990)
 *     X_concat_shift_n(a, b)  lanes of a and, after it, b, from lane n on
 *     X_permute2(a, b, i)    lane i[k] of a and, after it, b, to lane k; vi_iota(n) has lanes n, n + 1 ...;
 *                            PERMUTES_TWO says whether it is fast
 *     X_keep_in_register(v)  v, kept in a register until its last use
 *     X_widen_T(p)           as many pixels as there are lanes, converted
 *     X_narrow_T(p, v)       the way back, for whole numbers within T's range
 *     vd_narrow_32, _64      the same, of whole numbers beyond 32 bits the low ones; |v| <= 2**51
 *     X_truncate_T(p, v)     the low bits of v's whole part, which 32 bits must hold, else of -2**31
 *     X_clamp(v, lo, hi)     lo where v < lo, hi where v > hi
 *     X_round(v)             half to even; |v| <= 2**22 (float64: 2**51)
 *     X_abs_greater(v, d)    bit i: whether |v| > d in lane i
 *     X_transpose(p, i, q, j)  a square of lanes from q, rows of which are j samples apart, turned over, to p
 *     vd_zero_nan(v)         0 where v is NaN
 *     vi_dot(a, b, w)        to each lane its four bytes b, unsigned, times the four bytes w, signed;
 *                            |w| < 2**(DOT_BITS - 1)
 *     vi_shift_digit(a)      a * 2**DOT_BITS
 *     vi_shift_right(a, n)   a / 2**n, rounded down
 *     vi_min(a, b)           the smaller, both unsigned
 *     vi_step_quotient(q, t, d)  q + 1 where t > d, q - 1 where t < -d
 *     vi_permute(a, i)       lane i[k] of a to lane k
 *     vi_less(a, b)          bit i: whether a < b in lane i, both unsigned
 *     vi_narrow_u8(p, a0 .. a3)  lane i of ak, saturated, to byte 4 * i + k
 *     vi_narrow_rows_u8(p, a0 .. a3)  lanes of a0, saturated, then those of a1 ...
 *     vi_narrow_i16, vi_narrow_rows_i16  the same, to words
 *     vw_multiply_high(a, b)  a * b / 2**16, rounded down
 *     vw_ties_to_even(q, n, d)  q - 1 where q is odd and q * d is n, else q
 *     vb_permute(b, i)       byte i[k] of b to byte k; PERMUTES_BYTES says whether it is fast
 *     vb_store_masked(p, b, m)  byte k where bit k of m is set; no other byte is touched. The same
 *
 * Each instruction set is a file with the same verbs in the same order. Alignment is that of one
 * sample: rows are read where they lie, at any offset.
 */
#ifndef FASTCONV_SIMD_H
#define FASTCONV_SIMD_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
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

/* A verb is one or a few instructions, and always inlined. Otherwise GCC estimates each of 15,000 calls anew, which
 * took a fifth of the time that a level takes to compile. */
#if defined(__GNUC__)
#define VERB static inline __attribute__((always_inline))
#else
#define VERB static inline
#endif

#if VECTOR_BYTES
/* GCC's and Clang's vector extension: +, - and * need no intrinsics; operations without a generic form do, such as
 * the fused multiply-add. (Loops over the lanes instead make GCC 12 spill: 279 instructions instead of 18.) */
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
typedef vb vh; /* rows of 16-bit pixels, which are only moved */
enum { BYTE_LANES = 4 * F32_LANES };
/* Adding 1.5 * 2**52 leaves a whole number in the low bits, as an integer in two's complement. */
#define WHOLE_BITS 6755399441055744.0
#if VECTOR_BYTES
typedef int64_t vl __attribute__((vector_size(VECTOR_BYTES), aligned(8), may_alias));
VERB void vd_narrow_64(void *p, vd v) { vd big = vd_set1(WHOLE_BITS); vl a = (vl)(v + big) - (vl)big; memcpy(p, &a, sizeof a); }
#else
VERB void vd_narrow_64(void *p, vd v) { int64_t a = (int64_t)v; memcpy(p, &a, sizeof a); }
#endif
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

/* Hides from the compiler where a vector came from. Otherwise GCC 12 loads a vector again at each use, and loads
 * that straddle cache lines are the bottleneck. */
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
#include "avx512.h"
#elif defined(__AVX2__)
#include "avx2.h"
#else
#include "generic.h"
#endif

/* Verbs that a level lacks are never called there: the calls stand behind PERMUTES_BYTES and PERMUTES_TWO, which are
 * constants, so that the compiler drops them. */
#define MISSING(returned, name, ...) VERB returned name(__VA_ARGS__) { abort(); }
#ifndef PERMUTES_BYTES
#define PERMUTES_BYTES 0
MISSING(vb, vb_permute, vb b, vb i)
MISSING(void, vb_store_masked, void *p, vb b, uint64_t m)
VERB void vi_narrow_rows_u8(uint8_t *p, vi a0, vi a1, vi a2, vi a3) { vi_narrow_u8(p, a0, a1, a2, a3); }
VERB void vi_narrow_rows_i16(int16_t *p, vi a0, vi a1, vi a2, vi a3) { vi_narrow_i16(p, a0, a1, a2, a3); }
#endif

#ifndef PERMUTES_TWO
/* A vector of fewer than 16 float32 is permuted from memory, which is slow. */
#define PERMUTES_TWO 0
MISSING(vi, vi_permute2, vi a, vi b, vi i)
MISSING(vw, vw_set1, uint16_t w)
MISSING(vw, vw_iota, int n)
MISSING(vw, vw_widen_u8, const uint8_t *p)
MISSING(void, vw_narrow_8, void *p, vw a)
MISSING(vw, vw_add, vw a, vw b)
MISSING(vw, vw_permute2, vw a, vw b, vw i)
MISSING(vw, vw_multiply_high, vw a, vw b)
MISSING(vw, vw_shift_right, vw a, int n)
MISSING(vw, vw_ties_to_even, vw q, vw n, vw d)
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
enum { FUSES = 1 };
VERB vf vf_quotient(vf a, vf b, vf c) { vf q = a * c; return vf_multiply_add(q, vf_negative_multiply_add(a, q, b), c); }
VERB vd vd_quotient(vd a, vd b, vd c) { vd q = a * c; return vd_multiply_add(q, vd_negative_multiply_add(a, q, b), c); }
#else
enum { FUSES = 0 };
VERB vf vf_quotient(vf a, vf b, vf c) { (void)c; return a / b; }
VERB vd vd_quotient(vd a, vd b, vd c) { (void)c; return a / b; }
#endif

#include "samples.h"

#endif
