# Whole and fixed-point weights as int8_dot.pxi takes them: digits, four neighbours to a word.


cdef inline Py_ssize_t most_spread() noexcept:
    """The most samples from the first to the last tap of a group, if groups are of taps; else 0."""
    return 2 * F32_LANES if PERMUTES_BYTES else 0


cdef int make_dots(Call* call, const Proposal* p) except -1:
    """Groups of the call's whole-numbered weights. Kernels of fewer than three rows get rows of zeros
    below.

    If the engine can gather the samples of taps, a group is four taps, `tap_stride` samples from the first to the
    last. Else it is four neighbouring samples, `tap_stride` is 0, and the group takes all taps that fall on them:
    four of a row of single samples, two of interleaved RGB.
    """
    cdef Dots* dots = &call.dots
    cdef Py_ssize_t height = call.kernel_height, width = call.kernel_width, rows = larger(3, height)
    cdef Py_ssize_t channels = call.channels * tap_gap(call), ky, kx, group, byte, tap
    cdef int digit
    cdef int64_t n, higher
    cdef Py_ssize_t* offsets = <Py_ssize_t*>get_memory(width, sizeof(Py_ssize_t))
    cdef int8_t* weights
    dots.offset = offsets
    dots.digits, dots.fraction_bits = p.digits, p.fraction_bits
    dots.shift = ilogb(<double>p.divisor) if p.divisor > 1 and dots.fraction_bits == 0 else 0
    dots.divides = dots.fraction_bits == 0 and p.divisor > 0 and has_ties(p.divisor)
    dots.plus = <int32_t>rint(ldexp(p.offset, dots.fraction_bits) if dots.fraction_bits else call.plus)
    dots.fixed_point_error = <int32_t>ceil(ldexp(p.tie_tolerance, p.fraction_bits)) + 1
    dots.tap_stride = 3 * channels if channels > 1 and 3 * channels <= most_spread() else 0
    make_gather(dots)
    # each group begins at the first column with taps that is in no group yet
    for kx in range(width):
        if has_taps(call, p.unit, kx) and (
                dots.groups == 0 or kx * channels > offsets[dots.groups - 1] + (dots.tap_stride or 3)):
            offsets[dots.groups] = kx * channels
            dots.groups += 1
    call.window.height = rows
    weights = <int8_t*>get_memory(dots.digits * rows * dots.groups, sizeof(int32_t))
    dots.weight = <int32_t*>weights
    memset(weights, 0, dots.digits * rows * dots.groups * sizeof(int32_t))
    for ky in range(height):
        for group in range(dots.groups):
            for byte in range(4):
                tap = offsets[group] + byte * (dots.tap_stride // 3 or 1)
                if tap % channels or tap // channels >= width:
                    continue
                n = whole_weight(call, p.unit, ky, tap // channels)
                for digit in range(p.digits - 1, -1, -1):
                    # n = higher * 2**DOT_BITS + digit, and the digit has a sign
                    higher = (n + (1 << (DOT_BITS - 1))) >> DOT_BITS
                    weights[((digit * rows + ky) * dots.groups + group) * 4 + byte] = <int8_t>(
                        n - higher * (1 << DOT_BITS))
                    n = higher
    return 0


cdef inline int64_t whole_weight(const Call* call, double unit, Py_ssize_t ky, Py_ssize_t kx) noexcept:
    return <int64_t>rint(call.kernel[ky * call.kernel_width + kx] / unit)


cdef bint has_taps(const Call* call, double unit, Py_ssize_t kx) noexcept:
    """Whether a column of whole-numbered weights is not all zeros."""
    cdef Py_ssize_t ky
    for ky in range(call.kernel_height):
        if whole_weight(call, unit, ky, kx):
            return True
    return False


cdef void make_gather(Dots* dots) noexcept:
    """List the samples of four vectors of groups of taps."""
    cdef Py_ssize_t k, i, t, start, lanes = F32_LANES
    if not dots.tap_stride:
        return
    for k in range(4):
        start = k * lanes if k < 2 else k * lanes - dots.tap_stride
        for i in range(lanes):
            for t in range(4):
                dots.gather[(k * lanes + i) * 4 + t] = <uint8_t>(start + i + t * dots.tap_stride // 3)
