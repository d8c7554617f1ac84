# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, freethreading_compatible=True
# SPDX-License-Identifier: BSD-3-Clause
"""Missing: sums over the samples of a picture or volume that are there, divided by the weights these had.

An array is cut into blocks that stay in the cache. Of a block with missing samples the padded block is made,
with zeros in their place, and beside it as many bytes, 1 where a sample is. The engine sums both:

    samples, 0 where missing  --- kernel -->  sums      \\
                                                          sums / weights, fill where too little is there
    1, 0 where missing        --- kernel -->  weights   /

Where few samples of a block are missing, its weights are not summed: they are those of all samples, less those
of each missing one.

The last step takes a row at a time: quotient, threshold and rounding are loops over samples that the compiler
makes vectors of, so this file is compiled for each level. A block in whose windows nothing is missing is the
plain call's: one request, straight from array to result.

Arrays have four axes: slices, rows, columns and channels. The slices of a picture are a batch: its kernel has
one, and each stands for itself.

Exact where the definition is (see fastconv/reference.py):

    whole     sums and weights are whole numbers, and a / b is one rounding of floats: for |a| < 2**52 that is no
              tie unless a / b is one, for a tie is 1 / (2 b) away from any other quotient, and so relatively
              1 / (2 a) > 2**-53. (In float32 for |a| < 2**23.)
    integers  the same by division of 64-bit integers, where they are larger
    doubt     the quotient of two floats may be off by a known error; nearer than that to a tie the definition's
              own sum decides. In float32, for weights of one sign, a sum in float64 comes before it.

Tried: sums of rows in the engine's last step, with no planes between. They would be a method of their own for
each of the engine's; here all of these serve.
"""

cimport numpy as cnp
from fastconv._engine.planner cimport F16, F32, F64, I8, I16, I32, I64, U8, U16, U32, U64
from fastconv._engine.pool cimport run as run_bands
from libc.math cimport fabs, floor, rint, sqrt, sqrtf
from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memset

include "request.pxi"

cnp.import_array()

cdef enum:
    SEGMENT = 512       # samples of a row that are divided at a time
    TAPS = 8            # of a row that are summed at a time
    RUN = 16            # weights of a row that are subtracted at a time
    PART = 64           # samples that are divided and rounded in registers
    SEEN = 16384        # samples that are looked through before it is asked whether one is missing

# How quotients are made, as fastconv/_missing.py has them.
cdef enum:
    WHOLE32, WHOLE64, INTEGERS, DOUBT32, DOUBT, ALL

# More than the roundings of a quotient of floats and a product, as a share of it.
cdef extern from *:
    """
    #define OF_QUOTIENT 2.384185791015625e-7f /* 2**-22 */
    """
    float OF_QUOTIENT

cdef fused real:
    float
    double

cdef fused narrow:
    uint8_t
    int8_t
    uint16_t
    int16_t

cdef fused word:
    uint8_t
    uint16_t
    uint32_t
    uint64_t

cdef struct Spread:
    # Weights of one sign, to be subtracted around missing samples.
    const void* weights         # rows of `pitch` of the quotient's type, from right to left, filled up with 0;
    Py_ssize_t pitch            # NULL: weights are always summed
    double total                # of all
    bint whole                  # whether these are whole numbers, whose sums are exact
    double share                # most missing samples for each result
    double most_lows            # most weights that are summed one by one, for each result

cdef struct Sum:
    # One of the engine's programs, and the type of its results.
    Runner runner
    const void* program
    int type
    int size
    Spread spread

cdef struct Tap:
    Py_ssize_t z, y, x
    double weight

cdef struct Windows:
    # Windows along an axis.
    Axis axis
    Py_ssize_t taps, step       # of the kernel; from a window to the next one
    const Py_ssize_t* table     # where the padded samples stand; -1: outside
    Py_ssize_t block, blocks    # windows of a block, and how many blocks there are

cdef struct MaskedCall:
    Array src, mask, dst        # `mask.data` is NULL if there is none
    Array holes                 # where results are missing; NULL if that is not asked for
    int sample                  # bytes of a sample
    bint nan                    # whether NaN is missing
    bint omit                   # and what stands outside
    bint shared                 # whether all channels miss the same
    bint volume                 # whether programs are those of volumes
    Py_ssize_t channels
    Windows slices, rows, cols
    Py_ssize_t blocks
    double constant
    uint64_t constant_bits          # as a sample
    int threads                 # of each sum: where there is but one block
    uint8_t* dirty              # of each block, whether something is missing in its windows
    Sum plain, sums, weights, sizes     # `sizes`: of the weights' magnitudes; programs are NULL if not needed
    int how
    # v = (sum * above) / (weight * below) * factor; missing where size < least or |weight| < cancelled * size
    double above, below, factor, sign, least, cancelled
    int64_t above64, below64
    double fill
    uint64_t fill_bits          # as an integer of the result's type
    # In doubt: how far sums and weights may be off, and the definition.
    double sum_error, weight_error
    double low, high            # of integers of the result's type
    # The same of sums in float64, of all weights row by row, each filled up with 0.
    double fine_sum_error, fine_weight_error
    const double* kernel
    Py_ssize_t pitch
    const Tap* taps
    Py_ssize_t tap_count
    double total, threshold
    bint renormalize


# --- what is missing ------------------------------------------------------------------------------------


cdef inline bint is_nan(const char* p, int type) noexcept nogil:
    if type == F32:
        return ((<const uint32_t*>p)[0] & 0x7fffffffu) > 0x7f800000u
    if type == F64:
        return ((<const uint64_t*>p)[0] & 0x7fffffffffffffffULL) > 0x7ff0000000000000ULL
    if type == F16:
        return ((<const uint16_t*>p)[0] & 0x7fff) > 0x7c00
    return False


cdef bint any_nan(const char* p, Py_ssize_t n, int type) noexcept nogil:
    """Among samples that lie side by side."""
    cdef Py_ssize_t i
    cdef uint32_t found = 0
    cdef uint64_t found64 = 0
    if type == F32:
        for i in range(n):
            found |= ((<const uint32_t*>p)[i] & 0x7fffffffu) > 0x7f800000u
    elif type == F64:
        for i in range(n):
            found64 |= ((<const uint64_t*>p)[i] & 0x7fffffffffffffffULL) > 0x7ff0000000000000ULL
    elif type == F16:
        for i in range(n):
            found |= ((<const uint16_t*>p)[i] & 0x7fff) > 0x7c00
    return found or found64


cdef bint any_set(const char* p, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    cdef uint8_t found = 0
    for i in range(n):
        found |= (<const uint8_t*>p)[i]
    return found


cdef int any_missing(const char* p, Py_ssize_t n, int type) noexcept nogil:
    """Whether there is a NaN among samples that lie side by side, or of bytes one that is not 0."""
    cdef Py_ssize_t i = 0, part
    while i < n:
        part = smaller(SEEN, n - i)
        if any_set(p + i, part) if type == U8 else any_nan(p + i * size_of(type), part, type):
            return True
        i += part
    return False


cdef inline bint packed(const Array* a, Py_ssize_t channels, int size) noexcept nogil:
    return a.pixel == channels * size and (channels == 1 or a.channel == size)


cdef bint misses(const MaskedCall* call, Py_ssize_t z, Py_ssize_t y, Py_ssize_t x, Py_ssize_t n) noexcept nogil:
    """Whether a sample is missing of `n` pixels of a row."""
    cdef const char* p
    cdef Py_ssize_t i, c, channels = 1 if call.shared else call.channels
    if call.mask.data != NULL:
        p = call.mask.data + z * call.mask.plane + y * call.mask.row + x * call.mask.pixel
        if packed(&call.mask, channels, 1):
            if any_set(p, n * channels):
                return True
        elif call.mask.pixel == 0 and call.mask.channel == 0:
            if n and p[0]:
                return True
        else:
            for i in range(n):
                for c in range(channels):
                    if p[i * call.mask.pixel + c * call.mask.channel]:
                        return True
    if call.nan:
        p = call.src.data + z * call.src.plane + y * call.src.row + x * call.src.pixel
        if packed(&call.src, call.channels, call.sample):
            return any_nan(p, n * call.channels, call.src.type)
        for i in range(n):
            for c in range(call.channels):
                if is_nan(p + i * call.src.pixel + c * call.src.channel, call.src.type):
                    return True
    return False


cdef inline Py_ssize_t smaller(Py_ssize_t a, Py_ssize_t b) noexcept nogil:
    return a if a < b else b


cdef inline Py_ssize_t larger(Py_ssize_t a, Py_ssize_t b) noexcept nogil:
    return a if a > b else b


cdef struct Block:
    # Results z .. z + slices - 1, and so on; the padded block of these.
    Py_ssize_t z, y, x, slices, rows, cols
    Py_ssize_t front, top, left     # its first sample among all padded ones
    Py_ssize_t deep, tall, wide
    Py_ssize_t begin, end       # of its columns, those that stand inside, one after the other


cdef inline Py_ssize_t lie(const Windows* w, Py_ssize_t i, Py_ssize_t* first, Py_ssize_t* count,
                           Py_ssize_t* padded) noexcept nogil:
    """Windows of block `i` along an axis, and how many padded samples they reach over; the first of these is
    returned."""
    first[0] = i * w.block
    count[0] = smaller(w.block, w.axis.count - first[0])
    padded[0] = (count[0] - 1) * w.step + w.taps
    return first[0] * w.step


cdef Block block_at(const MaskedCall* call, Py_ssize_t i) noexcept nogil:
    cdef Block b
    cdef Py_ssize_t across = call.cols.blocks, each = call.rows.blocks * across, start = call.cols.axis.start
    b.front = lie(&call.slices, i // each, &b.z, &b.slices, &b.deep)
    b.top = lie(&call.rows, i % each // across, &b.y, &b.rows, &b.tall)
    b.left = lie(&call.cols, i % across, &b.x, &b.cols, &b.wide)
    b.begin = smaller(b.wide, larger(0, -start - b.left))
    b.end = larger(b.begin, smaller(b.wide, call.cols.axis.length - start - b.left))
    return b


cdef bint is_dirty(const MaskedCall* call, const Block* b) noexcept nogil:
    cdef Py_ssize_t r, k, z, y, x
    for r in range(b.deep * b.tall):
        z, y = call.slices.table[b.front + r // b.tall], call.rows.table[b.top + r % b.tall]
        if z < 0 or y < 0:
            if call.omit:
                return True
            continue
        if b.end > b.begin and misses(call, z, y, b.left + b.begin + call.cols.axis.start, b.end - b.begin):
            return True
        k = 0
        while k < b.wide:
            if k == b.begin and b.end > k:
                k = b.end
                continue
            x = call.cols.table[b.left + k]
            if call.omit if x < 0 else misses(call, z, y, x, 1):
                return True
            k += 1
    return False


cdef int scan_band(const void* context, Py_ssize_t i, Py_ssize_t bands) noexcept nogil:
    cdef const MaskedCall* call = <const MaskedCall*>context
    cdef Py_ssize_t k
    cdef Block b
    for k in range(call.blocks * i // bands, call.blocks * (i + 1) // bands):
        b = block_at(call, k)
        call.dirty[k] = is_dirty(call, &b)
    return 0


# --- the padded block, with zeros where samples are missing -----------------------------------------------


cdef inline void copy_samples(word* to, const char* p, Py_ssize_t n, const Array* a,
                              Py_ssize_t channels) noexcept nogil:
    cdef Py_ssize_t i, c
    if packed(a, channels, sizeof(word)):
        memcpy(to, p, n * channels * sizeof(word))
        return
    for i in range(n):
        for c in range(channels):
            memcpy(&to[i * channels + c], p + i * a.pixel + c * a.channel, sizeof(word))


cdef void copy_present(uint8_t* to, const char* p, Py_ssize_t n, const Array* mask,
                       Py_ssize_t channels) noexcept nogil:
    cdef Py_ssize_t i, c
    if p == NULL:
        memset(to, 1, n * channels)
    elif packed(mask, channels, 1):
        for i in range(n * channels):
            to[i] = not (<const uint8_t*>p)[i]
    else:
        for i in range(n):
            for c in range(channels):
                to[i * channels + c] = not p[i * mask.pixel + c * mask.channel]


cdef void clear_nan(uint8_t* present, const char* p, Py_ssize_t n, int type) noexcept nogil:
    cdef Py_ssize_t i
    if type == F32:
        for i in range(n):
            present[i] &= ((<const uint32_t*>p)[i] & 0x7fffffffu) <= 0x7f800000u
    elif type == F64:
        for i in range(n):
            present[i] &= ((<const uint64_t*>p)[i] & 0x7fffffffffffffffULL) <= 0x7ff0000000000000ULL
    elif type == F16:
        for i in range(n):
            present[i] &= ((<const uint16_t*>p)[i] & 0x7fff) <= 0x7c00


cdef inline void zero_missing(word* to, const uint8_t* present, Py_ssize_t n, Py_ssize_t repeat) noexcept nogil:
    cdef Py_ssize_t i, c
    if repeat == 1:
        for i in range(n):
            to[i] &= <word>(-<word>present[i])
        return
    for i in range(n):
        for c in range(repeat):
            to[i * repeat + c] &= <word>(-<word>present[i])


cdef inline void load_pixels(const MaskedCall* call, Py_ssize_t z, Py_ssize_t y, Py_ssize_t x, Py_ssize_t n,
                             word* to, uint8_t* present) noexcept nogil:
    """`n` pixels of a row, from column `x` on."""
    cdef Py_ssize_t channels = 1 if call.shared else call.channels
    cdef const char* mask = NULL
    copy_samples(to, call.src.data + z * call.src.plane + y * call.src.row + x * call.src.pixel, n, &call.src,
                 call.channels)
    if call.mask.data != NULL:
        mask = call.mask.data + z * call.mask.plane + y * call.mask.row + x * call.mask.pixel
    copy_present(present, mask, n, &call.mask, channels)
    if call.nan:
        clear_nan(present, <const char*>to, n * channels, call.src.type)
    zero_missing(to, present, n * channels, call.channels // channels)


cdef inline void load_outside(const MaskedCall* call, Py_ssize_t n, word* to, uint8_t* present) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n * call.channels):
        to[i] = <word>call.constant_bits
    memset(present, not call.omit, n * (1 if call.shared else call.channels))


cdef inline void load_block(const MaskedCall* call, const Block* b, word* to, uint8_t* present) noexcept nogil:
    cdef Py_ssize_t r, k, x, y, z, channels = 1 if call.shared else call.channels
    for r in range(b.deep * b.tall):
        z, y = call.slices.table[b.front + r // b.tall], call.rows.table[b.top + r % b.tall]
        if z < 0 or y < 0:
            load_outside(call, b.wide, to, present)
        else:
            k = 0
            while k < b.wide:
                if k == b.begin and b.end > k:
                    load_pixels(call, z, y, b.left + k + call.cols.axis.start, b.end - k, to + k * call.channels,
                                present + k * channels)
                    k = b.end
                    continue
                x = call.cols.table[b.left + k]
                if x < 0:
                    load_outside(call, 1, to + k * call.channels, present + k * channels)
                else:
                    load_pixels(call, z, y, x, 1, to + k * call.channels, present + k * channels)
                k += 1
        to += b.wide * call.channels
        present += b.wide * channels


# --- quotients --------------------------------------------------------------------------------------------


cdef inline double sample_at(const char* p, int type, Py_ssize_t i) noexcept nogil:
    """A sample that is no float16."""
    if type == U8:
        return (<const uint8_t*>p)[i]
    if type == I8:
        return (<const int8_t*>p)[i]
    if type == U16:
        return (<const uint16_t*>p)[i]
    if type == I16:
        return (<const int16_t*>p)[i]
    if type == U32:
        return (<const uint32_t*>p)[i]
    if type == I32:
        return (<const int32_t*>p)[i]
    if type == U64:
        return <double>(<const uint64_t*>p)[i]
    if type == I64:
        return <double>(<const int64_t*>p)[i]
    if type == F32:
        return (<const float*>p)[i]
    return (<const double*>p)[i]


cdef inline const real* widened(real* to, const char* row, int type, Py_ssize_t first, Py_ssize_t n,
                                Py_ssize_t repeat) noexcept nogil:
    """`n` results of a sum from `first` on, each of which counts for `repeat` samples: as they lie, or in `to`."""
    cdef Py_ssize_t i
    if repeat != 1:
        for i in range(n):
            to[i] = <real>sample_at(row, type, (first + i) // repeat)
    elif type == (F64 if sizeof(real) == 8 else F32):
        return <const real*>row + first
    elif type == F32:
        for i in range(n):
            to[i] = <real>(<const float*>row)[first + i]
    elif type == F64:
        for i in range(n):
            to[i] = <real>(<const double*>row)[first + i]
    elif type == U8:
        for i in range(n):
            to[i] = <real>(<const uint8_t*>row)[first + i]
    elif type == U16:
        for i in range(n):
            to[i] = <real>(<const uint16_t*>row)[first + i]
    elif type == I32:
        for i in range(n):
            to[i] = <real>(<const int32_t*>row)[first + i]
    else:
        for i in range(n):
            to[i] = <real>(<const int64_t*>row)[first + i]
    return to


cdef inline int64_t integer_at(const char* row, int type, Py_ssize_t i) noexcept nogil:
    if type == U8:
        return (<const uint8_t*>row)[i]
    if type == U16:
        return (<const uint16_t*>row)[i]
    if type == I32:
        return (<const int32_t*>row)[i]
    return (<const int64_t*>row)[i]


cdef inline void divide(real* v, const real* sum, const real* d, Py_ssize_t n, real above, real below,
                        real factor) noexcept nogil:
    """Quotients; by `below` alone if there are no weights."""
    cdef Py_ssize_t i
    if d == NULL:
        for i in range(n):
            v[i] = sum[i] * above / below
    else:
        for i in range(n):
            v[i] = sum[i] * above / (d[i] * below) * factor


cdef inline void divide_and_fill(real* v, const real* sum, const real* d, Py_ssize_t n, real above, real below,
                                 real factor, real sign, real least, real fill) noexcept nogil:
    """Quotients, where weights are of one sign."""
    cdef Py_ssize_t i
    cdef real q
    for i in range(n):
        q = sum[i] * above / (d[i] * below) * factor
        v[i] = fill if d[i] * sign < least else q


cdef inline void fill_holes(real* v, uint8_t* hole, const real* d, const real* size, Py_ssize_t n, real least,
                            real cancelled, real fill) noexcept nogil:
    """The same where there are weights of both signs, or no weights but their magnitudes."""
    cdef Py_ssize_t i
    cdef real s
    for i in range(n):
        s = cancelled * size[i] if d == NULL else d[i] if d[i] > 0 else -d[i]
        hole[i] = (size[i] < least) | (s < cancelled * size[i])
        v[i] = fill if hole[i] else v[i]


cdef inline void round_all(real* v, Py_ssize_t n, real low, real high) noexcept nogil:
    """Half to even, within `low` and `high`, which are integers less than half of the number that is added and
    subtracted again: what is added to it loses its fraction."""
    cdef Py_ssize_t i
    cdef real big = <real>(1.5 * 2.0**52) if sizeof(real) == 8 else <real>(1.5 * 2.0**23)
    for i in range(n):
        v[i] = v[i] if v[i] > low else low
        v[i] = v[i] if v[i] < high else high
        v[i] = (v[i] + big) - big


cdef inline void put(char* p, int type, double v) noexcept nogil:
    """One result: rounded half to even and saturated, NaN as 0."""
    if type == F32:
        (<float*>p)[0] = <float>v
    elif type == F64:
        (<double*>p)[0] = v
    else:
        put_integer(p, type, rint(v) if v == v else 0)


cdef inline void put_integer(char* p, int type, double v) noexcept nogil:
    if type == U8:
        (<uint8_t*>p)[0] = 0 if v < 0 else 255 if v > 255 else <uint8_t>v
    elif type == I8:
        (<int8_t*>p)[0] = -128 if v < -128 else 127 if v > 127 else <int8_t>v
    elif type == U16:
        (<uint16_t*>p)[0] = 0 if v < 0 else 65535 if v > 65535 else <uint16_t>v
    elif type == I16:
        (<int16_t*>p)[0] = -32768 if v < -32768 else 32767 if v > 32767 else <int16_t>v
    elif type == U32:
        (<uint32_t*>p)[0] = 0 if v < 0 else 4294967295u if v > 4294967295.0 else <uint32_t>v
    elif type == I32:
        (<int32_t*>p)[0] = (<int32_t>-2147483647 - 1 if v < -2147483648.0
                            else 2147483647 if v > 2147483647.0 else <int32_t>v)
    elif type == U64:
        (<uint64_t*>p)[0] = 0 if v < 0 else <uint64_t>-1 if v >= 18446744073709551616.0 else <uint64_t>v
    else:
        (<int64_t*>p)[0] = (<int64_t>1 << 63 if v < -9223372036854775808.0
                            else 0x7fffffffffffffffLL if v >= 9223372036854775808.0 else <int64_t>v)


cdef inline void put_bits(char* p, int size, uint64_t bits) noexcept nogil:
    if size == 1:
        p[0] = <char>bits
    elif size == 2:
        (<uint16_t*>p)[0] = <uint16_t>bits
    elif size == 4:
        (<uint32_t*>p)[0] = <uint32_t>bits
    else:
        (<uint64_t*>p)[0] = bits


cdef inline int size_of(int type) noexcept nogil:
    if type == U8 or type == I8:
        return 1
    if type == U16 or type == I16 or type == F16:
        return 2
    return 4 if type == U32 or type == I32 or type == F32 else 8


cdef inline void store_packed(char* p, int type, real* v, Py_ssize_t n) noexcept nogil:
    """Results that lie side by side."""
    cdef Py_ssize_t i
    if type == F32:
        for i in range(n):
            (<float*>p)[i] = <float>v[i]
    elif type == F64:
        for i in range(n):
            (<double*>p)[i] = <double>v[i]
    elif type == U8:
        round_all(v, n, 0, 255)
        for i in range(n):
            (<uint8_t*>p)[i] = <uint8_t><int32_t>v[i]
    elif type == I8:
        round_all(v, n, -128, 127)
        for i in range(n):
            (<int8_t*>p)[i] = <int8_t><int32_t>v[i]
    elif type == U16:
        round_all(v, n, 0, 65535)
        for i in range(n):
            (<uint16_t*>p)[i] = <uint16_t><int32_t>v[i]
    elif type == I16:
        round_all(v, n, -32768, 32767)
        for i in range(n):
            (<int16_t*>p)[i] = <int16_t><int32_t>v[i]
    else:
        for i in range(n):
            put(p + i * size_of(type), type, v[i])


cdef inline char* sample_of(const Array* a, const MaskedCall* call, const Block* b, Py_ssize_t y,
                            Py_ssize_t i) noexcept nogil:
    """Address of sample `i` of row `y` of a block in an array of results; rows count through all slices."""
    return (a.data + (b.z + y // b.rows) * a.plane + (b.y + y % b.rows) * a.row
            + (b.x + i // call.channels) * a.pixel + i % call.channels * a.channel)


cdef inline char* result_at(const MaskedCall* call, const Block* b, Py_ssize_t y, Py_ssize_t i) noexcept nogil:
    return sample_of(&call.dst, call, b, y, i)


cdef inline void put_hole(const MaskedCall* call, const Block* b, Py_ssize_t y, Py_ssize_t i, bint hole) noexcept nogil:
    if call.holes.data != NULL:
        sample_of(&call.holes, call, b, y, i)[0] = hole


cdef inline void store_results(const MaskedCall* call, const Block* b, Py_ssize_t y, Py_ssize_t first, real* v,
                               const uint8_t* hole, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    cdef int size = size_of(call.dst.type)
    if packed(&call.dst, call.channels, size):
        store_packed(result_at(call, b, y, first), call.dst.type, v, n)
    else:
        for i in range(n):
            put(result_at(call, b, y, first + i), call.dst.type, v[i])
    if call.holes.data != NULL:
        for i in range(n):
            put_hole(call, b, y, first + i, hole[i])


cdef struct Gone:
    # Columns of the missing samples of a padded block, row by row, and where those of each row begin.
    int32_t* columns
    Py_ssize_t* first

cdef struct Plane:
    # Sums of a block, one behind the other; `data` is NULL if there are none.
    const char* data
    int type
    Py_ssize_t row              # bytes
    const Spread* spread        # or how each row is made when it is needed, in `data`
    Py_ssize_t lows             # how many sums were made one by one

cdef struct Sums:
    # What was summed of a block.
    const char* samples         # the padded block
    const uint8_t* present
    Plane sums, weights, sizes
    Gone gone
    char* room                  # for sums of weights


cdef const char* row_at(const MaskedCall* call, const Block* b, Sums* s, Plane* plane, const Sum* sum,
                        Py_ssize_t y) noexcept nogil:
    """A row of weights. Once so many were made one by one as take as long as all, these are summed."""
    if plane.spread == NULL:
        return plane.data + y * plane.row
    if plane.lows <= sum.spread.most_lows * <double>(b.slices * b.rows * b.cols):
        if plane.type == F32:
            return spread_row(<float*>plane.data, call, b, s, plane, y)
        return spread_row(<double*>plane.data, call, b, s, plane, y)
    make_plane(call, b, plane, sum, <const char*>s.present, U8, 1, 1, &s.room)
    return plane.data + y * plane.row


cdef inline void divide_rows(const MaskedCall* call, const Block* b, Sums* s, real* v, real* d, real* size,
                             uint8_t* hole) noexcept nogil:
    """All results of a block, SEGMENT samples at a time."""
    cdef Py_ssize_t y, first, n, i, row = b.cols * call.channels
    cdef Py_ssize_t repeat = call.channels if call.shared else 1
    cdef bint direct = (call.dst.type == (F64 if sizeof(real) == 8 else F32) and call.holes.data == NULL
                        and packed(&call.dst, call.channels, sizeof(real)))
    cdef bint narrows = (s.weights.data != NULL and s.sizes.data == NULL
                         and (call.dst.type == U8 or call.dst.type == I8 or call.dst.type == U16
                              or call.dst.type == I16))
    cdef const real* sums
    cdef const real* weights = NULL
    cdef const real* sizes = NULL
    cdef real sign = <real>call.sign, least = <real>call.least, fill = <real>call.fill
    cdef real above = <real>call.above, below = <real>call.below, factor = <real>call.factor
    cdef const char* weights_row = NULL
    cdef const char* sizes_row = NULL
    for y in range(b.slices * b.rows):
        if s.weights.data != NULL:
            weights_row = row_at(call, b, s, &s.weights, &call.weights, y)
        if s.sizes.data != NULL:
            sizes_row = row_at(call, b, s, &s.sizes, &call.sizes, y)
        first = 0
        while first < row:
            n = smaller(SEGMENT, row - first)
            sums = widened(v, s.sums.data + y * s.sums.row, s.sums.type, first, n, 1)
            if s.weights.data != NULL:
                weights = widened(d, weights_row, s.weights.type, first, n, repeat)
            if real is float and narrows:
                divide_narrow(call, b, s, y, first, <const float*>sums, <const float*>weights, n)
                first += n
                continue
            if s.sizes.data != NULL:
                sizes = widened(size, sizes_row, s.sizes.type, first, n, repeat)
                divide(v, sums, weights, n, above, below, factor)
                fill_holes(v, hole, weights, sizes, n, least, <real>call.cancelled, fill)
            elif direct:
                divide_and_fill(<real*>result_at(call, b, y, first), sums, weights, n, above, below, factor, sign,
                                least, fill)
                first += n
                continue
            else:
                divide_and_fill(v, sums, weights, n, above, below, factor, sign, least, fill)
                if call.holes.data != NULL:
                    for i in range(n):
                        hole[i] = weights[i] * sign < least
            if call.how == DOUBT:
                settle(call, b, s, y, first, <double*>v, <const double*>weights, <const double*>sizes, hole,
                       <double*>hole + SEGMENT, n)
            store_results(call, b, y, first, v, hole, n)
            first += n


cdef void divide_narrow(const MaskedCall* call, const Block* b, const Sums* s, Py_ssize_t y, Py_ssize_t first,
                        const float* sum, const float* d, Py_ssize_t n) noexcept nogil:
    """Quotients of weights of one sign, as integers of at most 16 bits."""
    if call.dst.type == U8:
        divide_as[uint8_t](call, b, s, y, first, sum, d, n, NULL)
    elif call.dst.type == I8:
        divide_as[int8_t](call, b, s, y, first, sum, d, n, NULL)
    elif call.dst.type == U16:
        divide_as[uint16_t](call, b, s, y, first, sum, d, n, NULL)
    else:
        divide_as[int16_t](call, b, s, y, first, sum, d, n, NULL)


cdef struct Quotient:
    # Numbers of a call, as floats.
    float factor, above, below, sign, least, edge, low, high, of_sum, of_weight, half, fill


cdef inline Quotient quotient_of(const MaskedCall* call, const narrow* kind) noexcept nogil:
    cdef Quotient q
    cdef float most = 256   # of bytes, whose bound may be one for all
    q.factor, q.above, q.below, q.sign = call.factor, call.above, call.below, call.sign
    q.least, q.edge, q.fill, q.half = call.least, call.least + call.weight_error, call.fill, 0.5
    q.low, q.high = call.low - 0.25, call.high + 0.25
    q.of_sum, q.of_weight = call.sum_error * fabs(call.factor) * 1.001, call.weight_error * 1.001
    if sizeof(narrow) == 1:
        q.of_sum = q.of_sum + most * q.of_weight
        q.half = q.half - most * <float>OF_QUOTIENT
    return q


cdef inline void divide_as(const MaskedCall* call, const Block* b, const Sums* s, Py_ssize_t y, Py_ssize_t first,
                           const float* sum, const float* d, Py_ssize_t n, const narrow* kind) noexcept nogil:
    """PART samples at a time, which stay in registers."""
    cdef narrow results[PART]
    cdef uint8_t doubt[PART]
    cdef Quotient with_ = quotient_of(call, kind)
    cdef bint side_by_side = packed(&call.dst, call.channels, sizeof(narrow)), found
    cdef narrow* row = <narrow*>result_at(call, b, y, first)
    cdef narrow* to = results
    cdef Py_ssize_t i = 0, k, part
    while i < n:
        part = smaller(PART, n - i)
        if side_by_side:
            to = row + i
        if call.how == DOUBT32:
            found = divide_part(to, doubt, sum + i, d + i, part, with_, True)
        else:
            found = divide_part(to, doubt, sum + i, d + i, part, with_, False)
        if not side_by_side:
            for k in range(part):
                memcpy(result_at(call, b, y, first + i + k), &to[k], sizeof(narrow))
        if call.holes.data != NULL:
            for k in range(part):
                put_hole(call, b, y, first + i + k, d[i + k] * call.sign < call.least)
        if found:
            settle_part(call, b, s, y, first + i, doubt, part)
        i += part


cdef inline bint divide_part(narrow* p, uint8_t* doubt, const float* sum, const float* d, Py_ssize_t n, Quotient by,
                             const bint doubts) noexcept nogil:
    """Quotients, rounded, and with `doubts` which of them are in doubt; returned is whether one is.

    q + big - big is rounded half to even. What saturates is taken for a quarter beyond the limit, which is no tie.
    A quotient's own roundings are less than 3 * 2**-24 of it. A window of nothing is in no doubt: its weight is 0.
    """
    cdef Py_ssize_t i
    cdef uint8_t found = 0
    cdef float q, r, w, off, big = <float>(1.5 * 2.0**23)
    for i in range(n):
        w = d[i] * by.sign
        q = sum[i] / d[i] * by.factor if doubts else sum[i] * by.above / (d[i] * by.below)
        q = q if q > by.low else by.low
        q = q if q < by.high else by.high
        r = (q + big) - big
        if doubts:
            off = by.of_sum
            if sizeof(narrow) > 1:
                off = off + (q if q > 0 else -q) * (by.of_weight + <float>OF_QUOTIENT * w)
            q = q - r if q > r else r - q
            doubt[i] = (((by.half - q) * w <= off) | (w <= by.edge)) & (w != 0)
            found |= doubt[i]
        p[i] = <narrow><int32_t>(by.fill if w < by.least else r)
    return found


cdef void find_doubts(double* doubt, const MaskedCall* call, const double* v, const double* d, const double* size,
                      Py_ssize_t n) noexcept nogil:
    """Which results are nearer to a tie, or their weights nearer to a threshold, than they may be off. What was
    filled is in doubt only for the latter, and a window of nothing never: its weights are 0."""
    cdef Py_ssize_t i
    cdef double w, share, fraction, off, least = call.least, cancelled = call.cancelled, sign = call.sign
    cdef double of_sum = call.sum_error * fabs(call.factor), of_weight = call.weight_error
    if size == NULL:
        for i in range(n):
            w = d[i] * sign
            fraction = fabs(v[i] - floor(v[i]) - 0.5) * w
            off = of_sum + fabs(v[i]) * (of_weight + 1e-15 * w)
            doubt[i] = (((w > least) & (fraction <= off)) | (fabs(w - least) <= of_weight)) & (w != 0)
        return
    for i in range(n):
        w, share = fabs(d[i]) if d != NULL else 1, size[i]
        fraction = fabs(v[i] - floor(v[i]) - 0.5) * w
        off = of_sum + fabs(v[i]) * (of_weight + 1e-15 * w)
        doubt[i] = (((share > least) & (fraction <= off)) | (fabs(share - least) <= of_weight)
                    | (fabs(w - cancelled * share) <= of_weight)) & (share != 0)


cdef void settle(const MaskedCall* call, const Block* b, const Sums* s, Py_ssize_t y, Py_ssize_t first, double* v,
                 const double* d, const double* size, uint8_t* hole, double* doubt, Py_ssize_t n) noexcept nogil:
    """Let the definition decide where there is a doubt."""
    cdef Py_ssize_t i
    find_doubts(doubt, call, v, d, size, n)
    for i in range(n):
        if doubt[i] != 0:
            v[i] = defined(call, b, s, y, first + i, &hole[i])


cdef void settle_part(const MaskedCall* call, const Block* b, const Sums* s, Py_ssize_t y, Py_ssize_t first,
                      const uint8_t* doubt, Py_ssize_t n) noexcept nogil:
    """Decide what is in doubt."""
    cdef Py_ssize_t i = 0, k
    cdef uint64_t eight
    while i < n:
        eight = 1
        if i + 8 <= n:
            memcpy(&eight, doubt + i, 8)
        if eight:
            for k in range(i, smaller(i + 8, n)):
                if doubt[k]:
                    decide(call, b, s, y, first + k)
        i += 8


cdef void decide(const MaskedCall* call, const Block* b, const Sums* s, Py_ssize_t y, Py_ssize_t i) noexcept nogil:
    cdef double value
    cdef uint8_t hole = False
    if call.src.type == U8:
        value = decided(call, b, s, <const uint8_t*>s.samples, y, i, &hole)
    elif call.src.type == I8:
        value = decided(call, b, s, <const int8_t*>s.samples, y, i, &hole)
    elif call.src.type == U16:
        value = decided(call, b, s, <const uint16_t*>s.samples, y, i, &hole)
    else:
        value = decided(call, b, s, <const int16_t*>s.samples, y, i, &hole)
    put(result_at(call, b, y, i), call.dst.type, value)
    put_hole(call, b, y, i, hole)


cdef inline double decided(const MaskedCall* call, const Block* b, const Sums* s, const narrow* samples, Py_ssize_t y,
                           Py_ssize_t i, uint8_t* hole) noexcept nogil:
    """A result from sums in float64, or the definition's if these leave a doubt."""
    cdef double total[TAPS]
    cdef double weight[TAPS]
    cdef double sum, w, q, off
    cdef const narrow* p
    cdef const uint8_t* present
    cdef const double* k = call.kernel
    cdef Py_ssize_t r, x, j, pixel, channels = call.channels, c = i % channels
    cdef Py_ssize_t n = 1 if call.shared else channels, first = i // channels * call.cols.step
    cdef Py_ssize_t front = y // b.rows * call.slices.step, top = y % b.rows * call.rows.step
    for j in range(TAPS):
        total[j] = weight[j] = 0
    for r in range(call.slices.taps * call.rows.taps):
        pixel = ((front + r // call.rows.taps) * b.tall + top + r % call.rows.taps) * b.wide + first
        p, present = samples + pixel * channels + c, s.present + pixel * n + (0 if call.shared else c)
        x = 0
        while x < call.pitch:
            for j in range(TAPS):
                total[j] += k[x + j] * p[(x + j) * channels]
                weight[j] += k[x + j] * present[(x + j) * n]
            x += TAPS
        k += call.pitch
    sum = ((total[0] + total[4]) + (total[1] + total[5])) + ((total[2] + total[6]) + (total[3] + total[7]))
    w = ((weight[0] + weight[4]) + (weight[1] + weight[5])) + ((weight[2] + weight[6]) + (weight[3] + weight[7]))
    q = sum / w * call.factor
    w *= call.sign
    off = call.fine_sum_error * fabs(call.factor) + fabs(q) * (call.fine_weight_error + 1e-15 * w)
    if w - call.least > call.fine_weight_error and fabs(q - floor(q) - 0.5) * w > off:
        return q
    return defined(call, b, s, y, i, hole)


cdef double defined(const MaskedCall* call, const Block* b, const Sums* s, Py_ssize_t y, Py_ssize_t i,
                    uint8_t* hole) noexcept nogil:
    """The definition's result, and whether it is missing."""
    cdef double total = 0, weight = 0, size = 0
    cdef bint whole = True
    cdef const Tap* tap
    cdef Py_ssize_t k, pixel, c = i % call.channels, x = i // call.channels * call.cols.step
    cdef Py_ssize_t front = y // b.rows * call.slices.step, top = y % b.rows * call.rows.step
    for k in range(call.tap_count):
        tap = &call.taps[k]
        pixel = ((front + tap.z) * b.tall + top + tap.y) * b.wide + x + tap.x
        total += tap.weight * sample_at(s.samples, call.src.type, pixel * call.channels + c)
        if s.present[pixel if call.shared else pixel * call.channels + c]:
            weight += tap.weight
            size += fabs(tap.weight)
        else:
            whole = False
    hole[0] = not whole and (size == 0 or size < call.threshold
                             or (call.renormalize and fabs(weight) < call.cancelled * size))
    if hole[0]:
        return call.fill
    return total if whole or not call.renormalize else total / weight * call.total


cdef void define_rows(const MaskedCall* call, const Block* b, const Sums* s) noexcept nogil:
    """All results of a block by the definition: integers of floats, for whose sums no bound is known."""
    cdef Py_ssize_t y, i
    cdef double v
    cdef uint8_t hole
    for y in range(b.slices * b.rows):
        for i in range(b.cols * call.channels):
            v = defined(call, b, s, y, i, &hole)
            if hole:
                put_bits(result_at(call, b, y, i), size_of(call.dst.type), call.fill_bits)
            else:
                put(result_at(call, b, y, i), call.dst.type, v)
            put_hole(call, b, y, i, hole)


cdef inline int64_t quotient(int64_t a, int64_t b) noexcept nogil:
    """Rounded half to even; `b` is positive."""
    cdef int64_t q = a // b, r
    if q * b > a:       # towards minus infinity
        q -= 1
    r = a - q * b
    if r > b - r or (r == b - r and q & 1):
        q += 1
    return q


cdef void divide_integers(const MaskedCall* call, const Block* b, const Sums* s) noexcept nogil:
    cdef Py_ssize_t y, i, row = b.cols * call.channels, repeat = call.channels if call.shared else 1
    cdef int64_t v, d, size
    cdef bint hole
    for y in range(b.slices * b.rows):
        for i in range(row):
            v = integer_at(s.sums.data + y * s.sums.row, s.sums.type, i) * call.above64
            d = 1
            if s.weights.data != NULL:
                d = integer_at(s.weights.data + y * s.weights.row, s.weights.type, i // repeat)
            size = d if d > 0 else -d
            if s.sizes.data != NULL:
                size = integer_at(s.sizes.data + y * s.sizes.row, s.sizes.type, i // repeat)
            hole = size < call.least or fabs(<double>d) < call.cancelled * size or d == 0
            if hole:
                put_bits(result_at(call, b, y, i), size_of(call.dst.type), call.fill_bits)
            else:
                v = quotient(-v if d < 0 else v, (-d if d < 0 else d) * call.below64)
                put_int64(result_at(call, b, y, i), call.dst.type, v)
            put_hole(call, b, y, i, hole)


cdef inline void put_int64(char* p, int type, int64_t v) noexcept nogil:
    if type == I64:
        (<int64_t*>p)[0] = v
    elif type == U64:
        (<uint64_t*>p)[0] = <uint64_t>v if v > 0 else 0
    else:
        # of other types, integers beyond 2**53 saturate
        put_integer(p, type, <double>v)


# --- weights around missing samples -------------------------------------------------------------------------


cdef Py_ssize_t count_missing(const uint8_t* present, Py_ssize_t n) noexcept nogil:
    """Of `n` samples, a part at a time that a byte counts."""
    cdef Py_ssize_t i, k, x, there = 0
    cdef uint8_t part[64]
    for i in range(0, n - n % 8192, 8192):
        memset(part, 0, 64)
        for k in range(128):
            for x in range(64):
                part[x] += present[i + 64 * k + x]
        for x in range(64):
            there += part[x]
    for i in range(n - n % 8192, n):
        there += present[i]
    return n - there


cdef void list_missing(Gone* gone, const Block* b, const uint8_t* present) noexcept nogil:
    """The columns of missing samples, row by row. No branch depends on a sample: where few are missing, each would
    be predicted wrongly."""
    cdef Py_ssize_t r, x, k, n, first
    cdef uint64_t eight
    cdef int32_t* to = gone.columns
    cdef int32_t words[SEGMENT]    # that hold a missing sample
    for r in range(b.deep * b.tall):
        gone.first[r] = to - gone.columns
        first = 0
        while first + 8 <= b.wide:
            n = 0
            for x in range(first // 8, smaller(first + SEGMENT, b.wide) // 8):
                memcpy(&eight, present + 8 * x, 8)
                words[n] = <int32_t>x
                n += eight != 0x0101010101010101ULL
            for k in range(n):
                for x in range(8 * words[k], 8 * words[k] + 8):
                    to[0] = <int32_t>x
                    to += not present[x]
            first += SEGMENT
        for x in range(b.wide // 8 * 8, b.wide):
            to[0] = <int32_t>x
            to += not present[x]
        present += b.wide
    gone.first[b.deep * b.tall] = to - gone.columns


cdef inline Py_ssize_t spread_pitch(const Block* b, const Spread* spread) noexcept nogil:
    """Samples of a row of weights: room on either side for what reaches beyond the block."""
    return 0 if spread.weights == NULL else b.wide + spread.pitch + RUN


cdef Py_ssize_t spread_bytes(const Block* b, const Spread* spread) noexcept nogil:
    """Room for a row, and for the list of missing samples."""
    cdef Py_ssize_t most = <Py_ssize_t>(spread.share * <double>(b.slices * b.rows * b.cols)) + 2
    if spread.weights == NULL:
        return 0
    return spread_pitch(b, spread) * 8 + most * 4 + (b.deep * b.tall + 1) * 8 + RUN * 8 + 3 * 128


cdef inline void subtract_missing(real* row, const MaskedCall* call, const Block* b, const Gone* gone,
                                  const Spread* spread, Py_ssize_t y) noexcept nogil:
    """Take the weights of missing samples from a row of results. `row` begins so far before the first result as
    windows are wide."""
    cdef Py_ssize_t r, g, j, above, _x
    cdef real less[RUN]     # apart from both, or the compiler would take one for the other
    cdef const real* w = <const real*>spread.weights
    cdef const real* run
    cdef real* to
    for r in range(call.slices.taps * call.rows.taps):
        above = (y // b.rows + r // call.rows.taps) * b.tall + y % b.rows + r % call.rows.taps
        for g in range(gone.first[above], gone.first[above + 1]):
            to, run = row + gone.columns[g], w
            for _x in range(spread.pitch // RUN):
                for j in range(RUN):
                    less[j] = to[j] - run[j]
                memcpy(to, less, sizeof(less))
                to += RUN
                run += RUN
        w += spread.pitch


cdef inline const char* spread_row(real* row, const MaskedCall* call, const Block* b, const Sums* s, Plane* plane,
                                   Py_ssize_t y) noexcept nogil:
    """A row of weights: those of all samples, less those of each missing one.

    Whole weights are exact. Of others, what is off is at most one rounding of the whole for each missing sample,
    so less than the half of all is summed of what is there: what is more keeps the bound of a sum.
    """
    cdef const Spread* spread = plane.spread
    cdef Py_ssize_t x, lead = call.cols.taps - 1
    cdef real total = <real>spread.total, sign = -1 if spread.total < 0 else 1, half = <real>(spread.total / 2) * sign
    cdef uint32_t low = 0
    for x in range(b.cols + lead):
        row[x] = total
    subtract_missing(row, call, b, &s.gone, spread, y)
    row += lead
    if spread.whole:
        return <const char*>row
    for x in range(b.cols):
        low |= row[x] * sign < half
    if low:
        for x in range(b.cols):
            if row[x] * sign < half:
                row[x] = weight_there(row, call, b, spread, s.present, y, x)
                plane.lows += 1
    return <const char*>row


cdef real weight_there(real* kind, const MaskedCall* call, const Block* b, const Spread* spread,
                       const uint8_t* present, Py_ssize_t y, Py_ssize_t x) noexcept nogil:
    """Sum of the weights of what is there in a window. What stands before it meets weights of 0."""
    cdef Py_ssize_t r, k, j, last = x + call.cols.taps - 1
    cdef real part[RUN]
    cdef const real* w = <const real*>spread.weights
    cdef const uint8_t* p
    for j in range(RUN):
        part[j] = 0
    for r in range(call.slices.taps * call.rows.taps):
        p = present + ((y // b.rows + r // call.rows.taps) * b.tall + y % b.rows + r % call.rows.taps) * b.wide + last
        for k in range(spread.pitch // RUN):
            for j in range(RUN):
                part[j] += w[j] * <real>(p - k * RUN)[-j]
            w += RUN
    for j in range(1, RUN):
        part[0] += part[j]
    return part[0]


# --- blocks -----------------------------------------------------------------------------------------------


cdef void pack(Array* a, const char* data, int type, int size, Py_ssize_t rows, Py_ssize_t cols,
               Py_ssize_t channels) noexcept nogil:
    a.data, a.type, a.swapped = <char*>data, type, 0
    a.channel, a.pixel, a.row = size, channels * size, cols * channels * size
    a.plane = rows * a.row


cdef inline void stand(Axis* axis, Py_ssize_t length, Py_ssize_t count) noexcept nogil:
    """Windows of a padded axis, which stand within it."""
    axis.length, axis.start, axis.count, axis.border = length, 0, count, FC_NEAREST


cdef int sum_block(const MaskedCall* call, const Block* b, const Sum* sum, const char* padded, int type, int size,
                   Py_ssize_t channels, char* to) noexcept nogil:
    cdef VolumeRequest r
    cdef Request* p = &r.picture
    memset(&r, 0, sizeof(VolumeRequest))
    pack(&p.src, padded, type, size, b.tall, b.wide, channels)
    pack(&p.dst, to, sum.type, sum.size, b.rows, b.cols, channels)
    p.planes, p.channels, p.threads = b.slices, channels, call.threads
    stand(&r.slices, b.deep, b.slices)
    stand(&p.rows, b.tall, b.rows)
    stand(&p.cols, b.wide, b.cols)
    return sum.runner(sum.program, p)


cdef int run_plain(const MaskedCall* call, const Block* b) noexcept nogil:
    """The plain call for a block: nothing is missing in its windows."""
    cdef VolumeRequest r
    cdef Request* p = &r.picture
    cdef Py_ssize_t y, i
    p.src, p.dst, p.rows, p.cols, r.slices = call.src, call.dst, call.rows.axis, call.cols.axis, call.slices.axis
    if not call.volume:
        p.src.data += b.z * call.src.plane
    p.dst.data = result_at(call, b, 0, 0)
    p.planes, p.channels, p.threads = b.slices, call.channels, call.threads
    r.slices.start += b.front
    p.rows.start += b.top
    p.cols.start += b.left
    r.slices.count, p.rows.count, p.cols.count = b.slices, b.rows, b.cols
    p.constant[0] = p.constant[1] = call.constant
    if call.holes.data != NULL:
        for y in range(b.slices * b.rows):
            for i in range(b.cols * call.channels):
                put_hole(call, b, y, i, False)
    return call.plain.runner(call.plain.program, p)


cdef inline Py_ssize_t aligned(Py_ssize_t n) noexcept nogil:
    return (n + 127) // 64 * 64


cdef inline int make_plane(const MaskedCall* call, const Block* b, Plane* to, const Sum* sum, const char* padded,
                           int type, int size, Py_ssize_t channels, char** room) noexcept nogil:
    """Sum a block into scratch memory."""
    to.data, to.type, to.row, to.spread = room[0], sum.type, b.cols * channels * sum.size, NULL
    room[0] += aligned(b.slices * b.rows * to.row)
    return sum_block(call, b, sum, padded, type, size, channels, <char*>to.data)


cdef inline int weigh(const MaskedCall* call, const Block* b, Sums* s, Plane* to, const Sum* sum, Py_ssize_t channels,
                      Py_ssize_t gone) noexcept nogil:
    """Weights of what is there, or their magnitudes; none if there is no such program."""
    cdef Py_ssize_t lead = call.cols.taps - 1
    to.data = NULL
    if sum.program == NULL:
        return 0
    if channels > 1 or gone > sum.spread.share * <double>(b.slices * b.rows * b.cols):
        return make_plane(call, b, to, sum, <const char*>s.present, U8, 1, channels, &s.room)
    if s.gone.columns == NULL:
        s.gone.columns = <int32_t*>s.room
        s.room += aligned((gone + 1) * sizeof(int32_t))
        s.gone.first = <Py_ssize_t*>s.room
        s.room += aligned((b.deep * b.tall + 1) * sizeof(Py_ssize_t))
        list_missing(&s.gone, b, s.present)
    to.spread, to.lows, to.type = &sum.spread, 0, F32 if call.how == WHOLE32 else F64
    # the first result of each row stands where vectors begin
    to.data = <char*>(<size_t>s.room // 64 * 64 + 64 + (RUN - lead % RUN) % RUN * size_of(to.type))
    s.room += aligned(spread_pitch(b, to.spread) * size_of(to.type) + RUN * size_of(to.type))
    return 0


cdef inline void load_samples(const MaskedCall* call, const Block* b, char* samples, uint8_t* present) noexcept nogil:
    if call.sample == 1:
        load_block[uint8_t](call, b, <uint8_t*>samples, present)
    elif call.sample == 2:
        load_block[uint16_t](call, b, <uint16_t*>samples, present)
    elif call.sample == 4:
        load_block[uint32_t](call, b, <uint32_t*>samples, present)
    else:
        load_block[uint64_t](call, b, <uint64_t*>samples, present)


cdef int run_block(const MaskedCall* call, const Block* b, char* scratch) noexcept nogil:
    cdef Py_ssize_t channels = 1 if call.shared else call.channels, padded = b.deep * b.tall * b.wide, gone
    cdef char* segments = scratch
    cdef Sums s
    cdef int failed
    scratch += 5 * SEGMENT * 8
    s.samples = scratch
    scratch += aligned(padded * call.channels * call.sample)
    s.present = <uint8_t*>scratch
    s.room = scratch + aligned(padded * channels)
    s.gone.columns = NULL
    load_samples(call, b, <char*>s.samples, <uint8_t*>s.present)
    if call.how == ALL:
        define_rows(call, b, &s)
        return 0
    failed = make_plane(call, b, &s.sums, &call.sums, s.samples, call.src.type, call.sample, call.channels, &s.room)
    gone = count_missing(s.present, padded) if channels == 1 else 0
    failed += weigh(call, b, &s, &s.weights, &call.weights, channels, gone)
    failed += weigh(call, b, &s, &s.sizes, &call.sizes, channels, gone)
    if call.how == INTEGERS:
        divide_integers(call, b, &s)
    elif call.how == WHOLE32 or call.how == DOUBT32:
        divide_rows[float](call, b, &s, <float*>segments, <float*>segments + SEGMENT,
                           <float*>segments + 2 * SEGMENT, <uint8_t*>segments + 24 * SEGMENT)
    else:
        divide_rows[double](call, b, &s, <double*>segments, <double*>segments + SEGMENT,
                            <double*>segments + 2 * SEGMENT, <uint8_t*>segments + 24 * SEGMENT)
    return failed


cdef int run_band(const void* context, Py_ssize_t i, Py_ssize_t bands) noexcept nogil:
    """The blocks of a band, in scratch memory that is allocated once."""
    cdef const MaskedCall* call = <const MaskedCall*>context
    cdef Py_ssize_t k, size = 5 * SEGMENT * 8 + 7 * 128
    cdef Block b = block_at(call, 0)     # the largest one
    cdef char* scratch
    cdef int failed = 0
    size += b.deep * b.tall * b.wide * call.channels * (call.sample + 1)
    size += b.slices * b.rows * b.cols * call.channels * (call.sums.size + call.weights.size + call.sizes.size)
    size += spread_bytes(&b, &call.weights.spread) + spread_bytes(&b, &call.sizes.spread)
    size += TAPS * call.channels * call.sample    # beyond the last row, which are multiplied by 0
    scratch = <char*>malloc(size)
    if scratch == NULL:
        return 1
    for k in range(call.blocks * i // bands, call.blocks * (i + 1) // bands):
        b = block_at(call, k)
        failed += run_block(call, &b, scratch) if call.dirty[k] else run_plain(call, &b)
    free(scratch)
    return failed


cdef int put_array(Array* to, cnp.ndarray a, int type) except -1:
    """An array of (slices, height, width, channels), or none."""
    memset(to, 0, sizeof(Array))
    if a is not None:
        to.data = cnp.PyArray_BYTES(a)
        strides = cnp.PyArray_STRIDES(a)
        to.plane, to.row, to.pixel, to.channel = strides[0], strides[1], strides[2], strides[3]
        to.type = type
    return 0


cdef int put_windows(Windows* w, tuple given) except -1:
    cdef cnp.ndarray table
    cdef tuple axis
    axis, w.axis.border, w.taps, w.step, table, w.block = given
    w.axis.length, w.axis.start, w.axis.count = axis
    w.table = <const Py_ssize_t*>cnp.PyArray_DATA(table)
    w.blocks = (w.axis.count + w.block - 1) // w.block
    return 0


cdef void add_squares(real* total, const real* one, Py_ssize_t n, bint squared, bint root) noexcept nogil:
    cdef Py_ssize_t i
    if squared and root:
        for i in range(n):
            total[i] = root_of(total[i] + one[i] * one[i])
    elif squared:
        for i in range(n):
            total[i] = total[i] + one[i] * one[i]
    elif root:
        for i in range(n):
            total[i] = root_of(total[i] * total[i] + one[i] * one[i])
    else:
        for i in range(n):
            total[i] = total[i] * total[i] + one[i] * one[i]


cdef inline real root_of(real x) noexcept nogil:
    return sqrtf(x) if real is float else sqrt(x)


def join_squares(cnp.ndarray total, cnp.ndarray one, bint squared, bint root):
    """Add the squares of `one` to those of `total`, in place; and take the root.

    One pass over arrays that are in the cache where NumPy takes four. Its roundings are these.

    Parameters
    ----------
    total, one : ndarray of float32 or float64
        Of the same type and size; C-contiguous.
    squared : bool
        Whether `total` holds squares already.
    root : bool
    """
    cdef Py_ssize_t n = cnp.PyArray_SIZE(total)
    cdef void* to = cnp.PyArray_DATA(total)
    cdef const void* p = cnp.PyArray_DATA(one)
    cdef bint narrow = cnp.PyArray_TYPE(total) == cnp.NPY_FLOAT
    with nogil:
        if narrow:
            add_squares(<float*>to, <const float*>p, n, squared, root)
        else:
            add_squares(<double*>to, <const double*>p, n, squared, root)


cdef int put_spread(Spread* spread, given) except -1:
    cdef cnp.ndarray weights
    if given is None:
        spread.weights, spread.share = NULL, -1
        return 0
    weights, spread.total, spread.whole, spread.share, spread.most_lows = given
    spread.weights, spread.pitch = cnp.PyArray_DATA(weights), weights.shape[1]
    return 0


cdef int run_call(const MaskedCall* made, char* src, char* mask, char* dst, char* holes, int threads) noexcept nogil:
    """Make all results of arrays that lie as those of a call."""
    cdef MaskedCall call = made[0]
    cdef Py_ssize_t blocks = call.blocks
    cdef int failed
    call.src.data, call.mask.data, call.dst.data, call.holes.data = src, mask, dst, holes
    call.threads = threads if blocks == 1 else 1
    call.dirty = <uint8_t*>malloc(blocks)
    if call.dirty == NULL:
        return 1
    run_bands(scan_band, &call, smaller(blocks, 4 * threads) if threads > 1 else 1, threads)
    if blocks == 1:
        failed = run_band(&call, 0, 1)
    else:
        failed = run_bands(run_band, &call, smaller(blocks, 8 * threads) if threads > 1 else 1, threads)
    free(call.dirty)
    return failed


cdef int answer(const void* call, char* src, char* mask, char* dst, int threads) noexcept nogil:
    return run_call(<const MaskedCall*>call, src, mask, dst, NULL, threads)


def address_of_search():
    """Where C finds `any_missing`."""
    return <size_t>&any_missing


cdef class Blocks:
    """What is to be done with pictures or volumes with missing samples that lie as these.

    Parameters
    ----------
    src, mask, dst, holes : ndarray, shape (slices, height, width, channels), of this machine's byte order
        `mask` is True where samples are missing, or None; `holes` is True where results will be, or None.
    source, target : int
        Rows of the table of types. A float16 is neither result nor source of the definition's sum.
    nan, omit, shared : bool
        Whether NaN is missing, and what stands outside; whether all channels miss the same.
    windows : three of ((length, start, count), border, taps, step, table, block)
        Along slices, rows and columns: the table says where padded samples stand, -1 outside, and `block` is
        how many results are made at a time.
    constant : float
    volume : bool
        Whether the programs are those of volumes.
    programs : tuple of (program, type) or None
        Of the plain call, the sums, the weights, their magnitudes.
    spreads : two of (ndarray of (rows, weights), total, whole, share, most_lows) or None
        Of the weights and their magnitudes: see `Spread`.
    how : int
    quotient, doubt : tuple
        Its numbers, and those of the definition: see `MaskedCall`.
    limits : (float, float)
        Least and largest integer of the result's type.
    fill : (float, ndarray of one sample)
    """
    cdef MaskedCall call
    cdef object _kept       # owners of what the call points to

    def __init__(self, src, mask, dst, holes, int source, int target, bint nan, bint omit, bint shared, tuple windows,
                 double constant, bint volume, tuple programs, tuple spreads, int how, tuple quotient, tuple doubt,
                 tuple limits, tuple fill):
        cdef MaskedCall* call = &self.call
        cdef cnp.ndarray constant_bits, fill_bits, kernel, taps = doubt[2]
        cdef Sum* sums[4]
        cdef size_t runner, first
        cdef Py_ssize_t i
        self._kept = (windows, programs, spreads, doubt)
        memset(call, 0, sizeof(MaskedCall))
        put_array(&call.src, src, source)
        put_array(&call.mask, mask, U8)
        put_array(&call.dst, dst, target)
        put_array(&call.holes, holes, U8)
        call.sample, call.nan, call.omit, call.shared = src.itemsize, nan, omit, shared
        call.volume, call.channels, call.constant = volume, src.shape[3], constant
        put_windows(&call.slices, windows[0])
        put_windows(&call.rows, windows[1])
        put_windows(&call.cols, windows[2])
        call.blocks = call.slices.blocks * call.rows.blocks * call.cols.blocks
        constant_bits, fill_bits = src.dtype.type(0 if omit else constant).reshape(1), fill[1]
        memcpy(&call.constant_bits, cnp.PyArray_DATA(constant_bits), call.sample)
        put_spread(&call.weights.spread, spreads[0])
        put_spread(&call.sizes.spread, spreads[1])
        sums[0], sums[1], sums[2], sums[3] = &call.plain, &call.sums, &call.weights, &call.sizes
        for i in range(4):
            if programs[i] is not None:
                program, sums[i].type = programs[i]
                sums[i].size = size_of(sums[i].type)
                runner, first = program.address()
                sums[i].runner, sums[i].program = <Runner>runner, <const void*>first
        call.how = how
        call.above, call.below, call.factor, call.sign, call.least, call.cancelled = quotient
        if how == INTEGERS:
            call.above64, call.below64 = <int64_t>call.above, <int64_t>call.below
        call.fill = fill[0]
        memcpy(&call.fill_bits, cnp.PyArray_DATA(fill_bits), dst.itemsize)
        call.sum_error, call.weight_error = doubt[:2]
        call.low, call.high = limits
        call.taps, call.tap_count = <const Tap*>cnp.PyArray_DATA(taps), taps.shape[0]
        call.total, call.threshold, call.renormalize, call.fine_sum_error, call.fine_weight_error, kernel = doubt[3:]
        call.kernel, call.pitch = <const double*>cnp.PyArray_DATA(kernel), kernel.shape[1]

    def address(self):
        """Where C finds how to make all results, and the call without its data."""
        return <size_t>&answer, <size_t>&self.call

    def run(self, src, mask, dst, holes, int threads):
        """Make all results of arrays that lie as those that were given first."""
        cdef char* source = cnp.PyArray_BYTES(src)
        cdef char* gone = NULL if mask is None else cnp.PyArray_BYTES(mask)
        cdef char* to = cnp.PyArray_BYTES(dst)
        cdef char* hole = NULL if holes is None else cnp.PyArray_BYTES(holes)
        cdef int failed
        with nogil:
            failed = run_call(&self.call, source, gone, to, hole, threads)
        if failed:
            raise MemoryError("scratch rows of the convolution")
