/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Single samples: byte order and float16. */

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
