# Dot: bytes times whole-numbered weights, four neighbours in one instruction (src/methods/int8_dot.pxi).
#
# Results are bytes. They may be 16-bit words if the weights are whole numbers, or these divided by a power of two.
#
# There are three kinds of kernels:
#
#     rational       the sums of its whole numbers are exact, and so are their quotients
#     multiples      whole numbers times some other factor: the sums are exact, and the factor comes last
#     fixed point    all others, with as many fraction bits as a 32-bit sum allows
#
# The errors of a float32 factor and of fixed point are known, so the few results near a tie are recomputed by
# the definition.
#
# The weights are cut into digits of as many bits as the instruction takes; see src/methods/int8_dot.pxi. The
# engine computes the whole numbers anew: the weights that are summed, divided by `unit` and rounded.

cdef enum:
    MULTIPLES = 64      # a kernel's smallest weight is at most this many times the factor
    MOST_FRACTION_BITS = 22
    # Results from 0 to 255 are quotients of sums below 256 times the divisor. Float32 must hold these sums
    # and leave one bit unused; see `is_exact`.
    LARGEST_DIVISOR = 1 << 15

# Limit of the sums' magnitudes.
cdef double SUM_LIMIT = 2.0**31

cdef struct Whole:
    # Whole numbers n such that the kernel is nearly n * scale.
    double scale
    Py_ssize_t divisor      # the kernel is exactly n / divisor; 0 if there is a factor
    int fraction_bits       # 0 unless they are fixed-point numbers
    double low, high        # range of the numbers
    double error            # largest distance of unrounded results from the definition's, where not saturated
    const char* why


cdef int64_t common_divisor(int64_t a, int64_t b) noexcept nogil:
    while b:
        a, b = b, a % b
    return a


cdef bint are_multiples(const Facts* f, int divisor) noexcept nogil:
    """Whether all weights are multiples of the smallest one divided by `divisor`, but for roundings."""
    cdef Py_ssize_t i
    cdef double quotient, n
    for i in range(f.height * f.width):
        quotient = f.weights[i] / f.smallest * divisor
        n = rint(quotient)
        if not fabs(quotient - n) <= WHOLE * fabs(n):
            return False
    return True


cdef void find_multiples(Facts* f) noexcept nogil:
    """Find whole numbers below SUM_LIMIT and a factor whose products are the kernel, if there are any."""
    cdef Py_ssize_t i, largest = 0
    cdef int divisor
    cdef int64_t common = 0
    cdef double n, most = 0
    f.multiples = False
    for divisor in range(1, MULTIPLES + 1):
        if are_multiples(f, divisor):
            break
    else:
        return
    for i in range(f.height * f.width):
        n = fabs(rint(f.weights[i] / f.smallest * divisor))
        if n >= SUM_LIMIT:
            return
        if n > most:
            most, largest = n, i
        if common != 1:
            common = common_divisor(common, <int64_t>n)
    f.multiples = True
    f.factor = f.weights[largest] / (rint(f.weights[largest] / f.smallest * divisor) / common)
    f.whole_total = f.whole_low = f.whole_high = 0
    for i in range(f.height * f.width):
        n = rint(f.weights[i] / f.smallest * divisor) / common
        f.whole_total += fabs(n)
        f.whole_low, f.whole_high = min(f.whole_low, n), max(f.whole_high, n)


cdef int digits_of(double low, double high, int bits) noexcept nogil:
    """Number of digits for whole numbers from `low` to `high`. A digit has `bits` bits and goes from
    -2**(bits - 1) to 2**(bits - 1) - 1."""
    cdef int64_t a = <int64_t>low, b = <int64_t>high, half = <int64_t>1 << (bits - 1)
    cdef int count = 1
    while True:
        a, b = (a + half) >> bits, (b + half) >> bits
        if a == 0 and b == 0:
            return count
        count += 1


cdef double groups_of(const Facts* f, int level) noexcept nogil:
    """Number of a kernel's groups, weighted by their time. For rows of up to 16 samples the engine's loops
    are unrolled. For longer rows GCC keeps half of 16 sums of 64 bytes in memory, which takes 1.8 to 2.1
    times as long (15 to 31 taps, whole and fixed-point)."""
    cdef Py_ssize_t row = (f.width + 3) // 4
    return row * max(3, f.height) * (2 if row > 4 and VECTOR_BYTES[level] == 64 else 1)


cdef void consider(Proposal* best, const Proposal* blank, const Whole* w, Facts* f,
                   const Request* request) noexcept nogil:
    """Make these numbers the best proposal if they are near enough to the kernel and cost less than the
    best."""
    cdef Proposal p = blank[0]
    cdef double share
    if not w.error < 0.25:
        return
    p.digits = digits_of(w.low, w.high, DOT_BITS[request.level])
    p.sums, p.scale, p.fraction_bits = INT8_DOT, w.scale, w.fraction_bits
    p.divisor, p.unit = w.divisor or request.divisor, w.scale * (request.divisor or 1)
    p.error, p.tie_tolerance, p.reorder_error, p.why = w.error, w.error, reorder_error(f, request), w.why
    add_work(&p.work, DOT_ROW, 1)
    add_work(&p.work, DOT_DIGIT, p.digits - 1)
    add_work(&p.work, DOT_GROUP, groups_of(f, request.level) * p.digits)
    add_work(&p.work, DOT_FIXED, w.fraction_bits > 0)
    add_work(&p.work, DOT_GUARD, w.fraction_bits == 0 and w.error > 0)
    share = max(2 * w.error, ties_of(request)) if w.error > 0 else 0
    add_again(&p.work, share, share * taps_again(f))
    p.cost = price_of(&p.work, p.accumulator, request.priced)
    if p.cost < best.cost:
        best[0] = p


cdef void find_range(Whole* w, const Facts* f, double unit) noexcept nogil:
    """Find the range of the weights times `unit`."""
    cdef Py_ssize_t i, n = f.height * f.width
    cdef int k
    cdef double weight
    cdef double low[8]      # side by side, since compilers vectorize such loops
    cdef double high[8]
    memset(low, 0, sizeof(low))
    memset(high, 0, sizeof(high))
    for i in range(0, n - 7, 8):
        for k in range(8):
            weight = f.weights[i + k]
            low[k] = weight if weight < low[k] else low[k]
            high[k] = weight if weight > high[k] else high[k]
    for i in range(n - n % 8, n):
        low[0], high[0] = min(low[0], f.weights[i]), max(high[0], f.weights[i])
    w.low = w.high = 0
    for k in range(8):
        w.low, w.high = min(w.low, low[k] * unit), max(w.high, high[k] * unit)


cdef bint quotient_of(Whole* w, Facts* f, const Request* request) noexcept nogil:
    """Write a rational kernel as whole numbers over its denominator. False if the sums would be too large."""
    cdef double unit = 1 if request.divisor else request.denominator    # makes whole numbers of the weights
    if f.total * unit * 255 + fabs(request.offset) * request.denominator >= SUM_LIMIT:
        return False
    if request.denominator > LARGEST_DIVISOR:
        return False
    find_range(w, f, unit)
    w.scale, w.divisor, w.fraction_bits, w.error = 1.0 / request.denominator, request.denominator, 0, 0
    w.why = (b"whole numbers divided by {divisor}, sums of 32-bit integers" if request.denominator > 1
             else b"whole numbers, sums of 32-bit integers")
    return True


cdef bint words_of(Whole* w, Facts* f, const Request* request) noexcept nogil:
    """Write a kernel as whole numbers over a power of two, for results of 16 bits: their sums are shifted, and
    rounded exactly. False if that is not possible."""
    cdef double divisor = request.denominator
    if (divisor == 0 or divisor != ldexp(1, exponent_of(divisor) - 1) or fmod(request.offset * divisor, 1) != 0
            or (f.total * (1 if request.divisor else divisor) * 255 + fabs(request.offset) * divisor
                + divisor >= SUM_LIMIT)):
        return False
    return quotient_of(w, f, request)


cdef bint whole_of(Whole* w, Facts* f, const Request* request) noexcept nogil:
    """Write the kernel as whole numbers over a divisor or times a factor. False if that is not possible."""
    if request.denominator:
        return quotient_of(w, f, request)
    if request.offset:
        return False
    if f.multiples < 0:
        find_multiples(f)
    if not f.multiples or f.whole_total * 255 >= SUM_LIMIT:
        return False
    w.scale, w.divisor, w.fraction_bits, w.low, w.high = f.factor, 0, 0, f.whole_low, f.whole_high
    # three roundings to float32: of the sum, of the factor and of their product
    w.error = 256 * 3.01 * 2.0**-24 + definition_error(f, request) + WHOLE * f.total * request.high
    w.why = b"whole numbers times {scale:.6g}, sums of 32-bit integers"
    return True


cdef double remainder_of(const Facts* f, double divisor, double unit) noexcept nogil:
    """The sum of what rounding adds to the weights times `unit`, or of what it takes from them, whichever is
    larger; in units."""
    cdef Py_ssize_t i, n = f.height * f.width
    cdef int k
    cdef double number, total = 0, magnitude = 0
    cdef double total_of[8]
    cdef double magnitude_of[8]
    memset(total_of, 0, sizeof(total_of))
    memset(magnitude_of, 0, sizeof(magnitude_of))
    for i in range(0, n - 7, 8):
        for k in range(8):
            number = f.weights[i + k] / divisor * unit
            number -= nearest(number)
            total_of[k] += number
            magnitude_of[k] += fabs(number)
    for i in range(n - n % 8, n):
        number = f.weights[i] / divisor * unit
        number -= nearest(number)
        total_of[0] += number
        magnitude_of[0] += fabs(number)
    for k in range(8):
        total += total_of[k]
        magnitude += magnitude_of[k]
    return (magnitude + fabs(total)) / 2


cdef bint fixed_of(Whole* w, const Whole* range_, Facts* f, const Request* request,
                   int fraction_bits) noexcept nogil:
    """Write the kernel, whose weights' range is known, in fixed point. False if the sums have no room for the
    roundings, or if all numbers are 0."""
    cdef double unit = ldexp(1, fraction_bits), scale = ldexp(1, -fraction_bits)
    cdef double divisor = request.divisor or 1
    # each weight may be rounded up by half a unit
    if (f.total / divisor * unit + f.taps / 2.0) * 255 + (1 + fabs(request.offset)) * unit >= SUM_LIMIT:
        return False
    if nearest(f.largest / divisor * unit) == 0:
        return False    # the engine needs at least one group of weights
    w.low, w.high = -nearest(-range_.low / divisor * unit), nearest(range_.high / divisor * unit)
    w.scale, w.divisor, w.fraction_bits = scale, 0, fraction_bits
    # samples are not negative, so remainders of opposite signs balance, and the larger sum bounds the error
    w.error = 1.01 * remainder_of(f, divisor, unit) * scale * request.high + definition_error(f, request)
    w.error += WHOLE * f.total / divisor * request.high     # the quotients of a rational kernel are rounded
    w.error += fabs(request.offset - nearest(request.offset * unit) * scale)
    w.why = b"weights in fixed point of {fraction_bits} fraction bits, sums of 32-bit integers"
    return True


cdef double least_cost(const Facts* f, const Request* request, int accumulator, int digits) noexcept nogil:
    """A lower bound of the cost of sums with so many digits, for any weights."""
    cdef Work work
    work.count = 0
    add_work(&work, DOT_ROW, 1)
    add_work(&work, DOT_GROUP, groups_of(f, request.level) * digits)
    return price_of(&work, accumulator, request.priced)


cdef void consider_fixed(Proposal* best, const Proposal* blank, Facts* f,
                         const Request* request) noexcept nogil:
    """Consider the kernel in fixed point, with one digit more each time until the sums are full."""
    cdef Whole w, range_
    cdef int digits, fraction_bits, last = 0, bits = DOT_BITS[request.level]
    # Sums have 31 bits and a sign. Eight of these bits are left of the results' point.
    cdef double divisor = request.divisor or 1
    cdef int most = exponent_of((SUM_LIMIT - 1) / (256 * f.total / divisor + fabs(request.offset))) - 1
    most = min(MOST_FRACTION_BITS, most)
    find_range(&range_, f, 1)
    for digits in range(1, 5):
        # where `most` limits the fraction bits, the last digit may be missing
        if least_cost(f, request, blank.accumulator, digits - 1 or 1) >= best.cost:
            break
        fraction_bits = min(most, digits * bits - 1 - exponent_of(f.largest / divisor))
        if fraction_bits < 2 or fraction_bits == last:
            continue
        if fixed_of(&w, &range_, f, request, fraction_bits):
            consider(best, blank, &w, f, request)
            last = fraction_bits


cdef const char* propose_dot(Kernel kernel, const Request* request, Proposal* p) except? NULL:
    cdef Facts* f = &kernel.facts
    cdef Proposal blank = p[0]
    cdef Whole w
    if request.source != U8 or (request.target != U8 and request.target != I16):
        return b"pixels are not bytes"
    if not (request.integral and request.low >= 0 and request.high <= 255):
        return b"the constant is not a byte"
    if not f.finite or f.taps == 0 or not 2.0**-60 < f.total / (request.divisor or 1) < 2.0**22:
        return b"the weights are too large or too small for 32-bit sums"
    if p.accumulator != FLOAT32:
        return b"sums are 32-bit integers"
    if least_cost(f, request, p.accumulator, 1) >= p.cost:
        return b"another method costs less"
    if request.target == I16:
        if not words_of(&w, f, request):
            return b"the weights are not whole, nor that by a power of two, as they must be for 16-bit results"
        consider(p, &blank, &w, f, request)
        if p.sums != INT8_DOT:
            return b"another method costs less"
        return NULL
    if whole_of(&w, f, request):
        consider(p, &blank, &w, f, request)
    consider_fixed(p, &blank, f, request)
    if p.sums != INT8_DOT:
        return b"no 32-bit sum is near enough to the definition"
    return NULL
