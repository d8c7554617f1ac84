# How exact sums are, and what makes up for it.
#
# Integer results must be the definition's to the last bit. A sum that is exact needs nothing more. A sum with
# a proven error below half a unit is rounded with care: pixels nearer to a tie than the error are summed
# again by the definition. Where neither holds, the sum is the definition itself (STRICT). The sums of a
# rational kernel are those of its whole numbers, which are exact nearly always, and divided exactly.
#
# Float results need no proof, only sums of the right type: float32 for pictures of 16 bits and fewer and of
# float32, if the weights fit it, float64 for all others.

# Additions that wait for each other take some times as long as sums side by side: a rough figure.
cdef double IN_ORDER = 6

# Weights beyond these would overflow, or lose bits, in float32.
cdef double SMALLEST_WEIGHT = 2.0**-100, LARGEST_WEIGHT = 2.0**100


cdef inline bint fits_float32(const Facts* f) noexcept nogil:
    """Whether no weight overflows, or loses bits, in float32."""
    return f.finite and (f.taps == 0 or (f.smallest >= SMALLEST_WEIGHT and f.largest <= LARGEST_WEIGHT))


cdef inline double rounding_of(int accumulator) noexcept nogil:
    """Largest relative error of one rounding; the definition's count as none."""
    return 2.0**-24 if accumulator == FLOAT32 else 2.0**-53 if accumulator == FLOAT64 else 0


cdef inline double exact_up_to(int accumulator) noexcept nogil:
    """Integers up to here are exact."""
    return 2.0**24 if accumulator == FLOAT32 else 2.0**53


cdef inline double in_sums(const Request* request) noexcept nogil:
    """What is added to the sums; to those that are divided, a whole number."""
    return nearest(request.offset * request.divisor) if request.divisor else request.offset


cdef bint is_exact(const Facts* f, const Request* request, int accumulator) noexcept nogil:
    """Whether every partial sum, in any order, is exact: all are integers times one power of two. And the
    quotient, if there is one: rounded in the accumulator's type, it is a tie if and only if it really is.
    Another is at least 1 / (2 * divisor) away, and is rounded by less than that if the sum has a bit to spare.
    """
    cdef double plus = in_sums(request), unit = f.unit
    if not request.integral or f.unit == 0 or not isfinite(f.total):
        return False
    if plus:
        unit = min(unit, unit_of(&plus, 1))
    return (f.total * request.peak + fabs(plus)) / unit * (2 if request.divisor else 1) <= exact_up_to(accumulator)


cdef bint needs_exact_int64(const Facts* f, const Request* request) noexcept nogil:
    """Whether even the definition is a sum of integers that float64 cannot hold."""
    return (
        is_integer(request.target) and is_integer(request.source) and peak_of(request.source) > 65536
        and request.integral and f.unit >= 1 and not is_exact(f, request, STRICT)
        and (request.denominator or not request.offset)     # else they are no integers
    )


cdef double definition_error(Facts* f, const Request* request) noexcept nogil:
    """How far the definition's own result may be from the true one."""
    cdef double error
    if request.denominator:
        return 0
    error = chain_of_kernel(f) * request.peak
    if request.offset:
        error += f.total * request.peak + fabs(request.offset)
    return 1.01 * 2.0**-53 * error


cdef double reorder_error(Facts* f, const Request* request) noexcept nogil:
    """How far two float64 sums in different orders may be from each other: the definition's, and that of
    reordered_sum in src/rows/recompute.pxi. With large samples that is one of eight sums or more, to none of
    which a row adds more than an eighth, six products of rests, and one more (base: of vectors of two)."""
    cdef double longest = f.taps + 1 + (request.offset != 0)
    if request.denominator:
        return 0
    if not is_small(request.source):
        longest = min(longest, f.height * (f.width / 8.0 + 7) + 20)
    return (definition_error(f, request)
            + 1.01 * 2.0**-53 * longest * (f.total * request.peak + fabs(request.offset)))


cdef inline double rounding_error(double chain, int accumulator, double peak) noexcept nogil:
    """Bound of the error of a chain of multiply-adds (`chain_of`) over samples of magnitude up to `peak`.

    Each step rounds the partial sum, whose magnitude is at most `peak` times the weights so far, and each
    weight was rounded once when it was stored (Higham, Accuracy and Stability of Numerical Algorithms, 3.1).
    The factor covers terms of second order and this function's own rounding.
    """
    return 0 if accumulator == STRICT else 1.01 * rounding_of(accumulator) * chain * peak


cdef int first_accumulator(const Facts* f, const Request* request) noexcept nogil:
    """Fastest type that sums may have."""
    cdef bint fits
    if is_integer(request.target) and not is_integer(request.source):
        return STRICT   # no bound is known for floats, so nothing but the definition will do
    fits = fits_float32(f)
    # a constant with fractions beside integers need not be a float32
    if fits and is_narrow(request.target) and is_narrow(request.source) and (
            request.integral == is_integer(request.source)):
        return FLOAT32
    return FLOAT64


cdef int last_accumulator(const Facts* f, const Request* request) noexcept nogil:
    """A float result is rounded anyway: slower sums of more bits would only cost."""
    return STRICT if is_integer(request.target) else first_accumulator(f, request)


cdef inline double ties_of(const Request* request) noexcept nogil:
    """Share of results that are ties, as far as known. An odd denominator never makes one."""
    return 1.0 / request.denominator if request.denominator and request.denominator % 2 == 0 else 0


cdef inline double doubtful(double error, const Request* request) noexcept nogil:
    """Share of results within an error of a tie, on both sides of it, as far as known. Quotients that are no
    ties are at least 1 / (2 * denominator) away from them."""
    return ties_of(request) if 2 * error * request.denominator < 1 and request.denominator else (
        max(2 * error, ties_of(request)))


cdef void watch_ties(Proposal* p, Facts* f, const Request* request) noexcept nogil:
    """A doubtful pixel is summed again in any order, and, if that is as near to a tie as orders may differ, in
    that of the definition, which takes IN_ORDER times as long."""
    cdef double share = doubtful(p.error, request)
    p.tie_tolerance, p.reorder_error = p.error, reorder_error(f, request)
    add_work(&p.work, GUARD, 1)
    add_again(&p.work, f, share + IN_ORDER * min(share, 2 * p.reorder_error))


cdef const char* admit(Proposal* p, Facts* f, const Request* request) noexcept nogil:
    """Give the proposal what its result needs to be exact; say why it may be wrong, if it may."""
    cdef double error, largest
    if not is_integer(request.target) or p.accumulator == STRICT or p.sums == EXACT_INT64 or p.sums == INT8_DOT:
        return NULL     # they are the definition, or have seen to it
    if p.sums == BOX_SLIDING and p.error == 0:
        return NULL     # which may be of sums that no float holds
    if is_exact(f, request, p.accumulator) and (p.error == 0 or (p.sums == TAPS and p.across == NULL)):
        return NULL
    error = p.error
    if request.offset:      # it is rounded, and so is its addition
        error += 1.01 * rounding_of(p.accumulator) * (f.total * request.peak + 2 * fabs(in_sums(request)))
    if request.divisor:     # the quotient is rounded, to a result that does not saturate
        largest = (f.total * request.peak + fabs(in_sums(request))) / request.divisor
        largest = min(peak_of(request.target) + 1, largest)
        error = error / request.divisor + 1.01 * rounding_of(p.accumulator) * largest
    # exact recomputation is rounded too, in float64
    error += definition_error(f, request)
    if not error < 0.25:
        p.error = error
        return b"{accumulator} sums may be off by {error:.2g}"
    p.error = error
    watch_ties(p, f, request)
    return NULL
