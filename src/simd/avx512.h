/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The verbs of simd.h for AVX-512, with VNNI and VBMI. */

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
VERB void vd_narrow_32(void *p, vd v) { _mm256_storeu_si256((__m256i *)p, _mm512_cvtepi64_epi32((__m512i)(v + vd_set1(WHOLE_BITS)))); }
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
#define DOT_ROWS 4
#define DOT_EMULATED 0
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
