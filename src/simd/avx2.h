/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The verbs of simd.h for AVX2 and FMA. */

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
VERB void vd_narrow_32(void *p, vd v)
{
    __m256i bits = _mm256_permutevar8x32_epi32((__m256i)(v + vd_set1(WHOLE_BITS)), _mm256_setr_epi32(0, 2, 4, 6, 0, 2, 4, 6));
    _mm_storeu_si128((__m128i *)p, _mm256_castsi256_si128(bits));
}
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
#define DOT_ROWS 2
#define DOT_EMULATED 0
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
