# How exact sums are, and how results become exact.
#
# Integer results must equal the definition's to the last bit. An exact sum needs nothing more. If the error
# of a sum is proven to be below half a unit, pixels nearer to a tie than that error are recomputed by the
# definition. Otherwise the sum is the definition itself (STRICT). A rational kernel is summed as whole
# numbers: these sums are nearly always exact, and they are divided exactly.
#
# Float results need no proof, only sums of the right type: float32 for pictures of float32 and of up to 16
# bits, if the weights fit it; float64 for all others.

# How many times as long additions in sequence take as independent ones: a rough figure. Sums of several windows of
# a row are made side by side, which hides at most so much of it. A row of a window that is longer than NEAR_TAPS
# (src/rows/recompute.pxi) is loaded in parts, and no two of them at once.
cdef double IN_ORDER = 6, SIDE_BY_SIDE = 3
# Loading a row of a window takes as long as so many taps in any order.
cdef double IN_ORDER_ROW = 60

cdef enum:
    NEAR_TAPS = 512

# Weights outside this range would overflow, or lose bits, in float32.
cdef double SMALLEST_WEIGHT = 2.0**-100, LARGEST_WEIGHT = 2.0**100


cdef inline bint fits_float32(const Facts* f) noexcept nogil:
    """Whether no weight overflows, or loses bits, in float32."""
    return f.finite and (f.taps == 0 or (f.smallest >= SMALLEST_WEIGHT and f.largest <= LARGEST_WEIGHT))


cdef inline double rounding_of(int accumulator) noexcept nogil:
    """Largest relative error of one rounding. The definition's own roundings count as no error."""
    return 2.0**-24 if accumulator == FLOAT32 else 2.0**-53 if accumulator == FLOAT64 else 0


cdef inline double exact_up_to(int accumulator) noexcept nogil:
    """Largest magnitude up to which all integers are exact."""
    return 2.0**24 if accumulator == FLOAT32 else 2.0**53


cdef inline double in_sums(const Request* request) noexcept nogil:
    """The offset as it is added to the sums. Sums that are divided get a whole number."""
    return nearest(request.offset * request.divisor) if request.divisor else request.offset


cdef bint is_exact(const Facts* f, const Request* request, int accumulator) noexcept nogil:
    """Whether every partial sum is exact, in any order: all are integers times one power of two.

    If sums are divided, the quotient that is rounded to the accumulator's type must also be a tie if and only
    if the true one is. Other quotients are at least 1 / (2 * divisor) away from a tie, and their rounding is
    smaller than that if the sum leaves one bit unused.
    """
    cdef double plus = in_sums(request), unit = f.unit
    if not request.integral or f.unit == 0 or not isfinite(f.total) or f.definition != NULL:
        return False
    if plus:
        unit = min(unit, unit_of(&plus, 1))
    return (f.total * request.peak + fabs(plus)) / unit * (2 if request.divisor else 1) <= exact_up_to(accumulator)


cdef bint needs_exact_int64(const Facts* f, const Request* request) noexcept nogil:
    """Whether even the definition is a sum of integers that float64 cannot hold."""
    return (
        is_integer(request.target) and is_integer(request.source) and peak_of(request.source) > 65536
        and request.integral and f.unit >= 1 and f.definition == NULL and not is_exact(f, request, STRICT)
        and (request.denominator or not request.offset)     # otherwise the sums are no integers
    )


cdef double definition_error(Facts* f, const Request* request) noexcept nogil:
    """Largest distance of the definition's own result from the true one. If it is that of a kernel that was
    folded, so many roundings of the folded weights, which are sums along both axes, are added."""
    cdef double error
    cdef Facts* d = definition_of(f)
    if request.denominator:
        return 0
    error = chain_of_kernel(d) * power_above(request.peak)
    if f.definition != NULL:
        error += (d.height + d.width) * d.total * request.peak
    if request.offset:
        error += d.total * request.peak + fabs(request.offset)
    return 1.01 * 2.0**-53 * error


cdef double reorder_error(Facts* f, const Request* request) noexcept nogil:
    """Largest distance between the definition's float64 sum and that of reordered_sum in
    src/rows/recompute.pxi, which adds in another order. With large samples the latter keeps eight sums or
    more. A row adds to each of them at most an eighth of its products, six products of its rest, and one more
    (at level base, with vectors of two)."""
    cdef Facts* d = definition_of(f)
    cdef double longest = d.taps + 1 + (request.offset != 0)
    if request.denominator:
        return 0
    if not is_small(request.source):
        longest = min(longest, d.height * (d.width / 8.0 + 7) + 20)
    return (definition_error(f, request)
            + 1.01 * 2.0**-53 * longest * (d.total * request.peak + fabs(request.offset)))


cdef inline double rounding_error(double chain, int accumulator, double peak) noexcept nogil:
    """Bound of the error of a chain of multiply-adds (`chain_of`) over samples of magnitude up to `peak`.

    Each step rounds the partial sum, whose magnitude is at most `peak` times the weights so far, and each
    weight was rounded once when it was stored (Higham, Accuracy and Stability of Numerical Algorithms, 3.1).
    The factor covers terms of second order and this function's own rounding.
    """
    return 0 if accumulator == STRICT else 1.01 * rounding_of(accumulator) * chain * peak


cdef inline double kernel_rounding(Facts* f, int accumulator, double peak) noexcept nogil:
    """The same of the chain of all taps, whose partial sums are rounded down to powers of two; see
    `chain_of_kernel`."""
    return rounding_error(chain_of_kernel(f), accumulator, power_above(peak))


cdef inline double power_above(double x) noexcept nogil:
    """The smallest power of two that is not smaller than a magnitude."""
    cdef double power = binade_of(x)
    return power if power == x else 2 * power


cdef int first_accumulator(const Facts* f, const Request* request) noexcept nogil:
    """The fastest accumulator that sums may have."""
    cdef bint fits
    if is_integer(request.target) and not is_integer(request.source):
        return STRICT   # float samples have no bound, so only the definition will do
    fits = fits_float32(f)
    # among integer samples, a constant with a fraction need not be exact in float32
    if fits and is_narrow(request.target) and is_narrow(request.source) and (
            request.integral == is_integer(request.source)):
        return FLOAT32
    return FLOAT64


cdef int last_accumulator(const Facts* f, const Request* request) noexcept nogil:
    """The slowest accumulator that is worth trying. Float results gain nothing from sums of more bits."""
    if f.definition != NULL:
        return FLOAT64
    return STRICT if is_integer(request.target) else first_accumulator(f, request)


cdef inline double ties_of(const Request* request) noexcept nogil:
    """Expected share of results that are ties. An odd denominator never makes a tie."""
    return 1.0 / request.denominator if request.denominator and request.denominator % 2 == 0 else 0


cdef inline double doubtful(double error, const Request* request) noexcept nogil:
    """Expected share of results that lie within `error` of a tie, on either side. Quotients that are no ties
    are at least 1 / (2 * denominator) away from one."""
    return ties_of(request) if 2 * error * request.denominator < 1 and request.denominator else (
        max(2 * error, ties_of(request)))


cdef double taps_in_order(Facts* f, const Request* request, double share) noexcept nogil:
    """As many taps in any order as a pixel takes in the definition's, if a share of all pixels is summed so.
    Rows of windows that are wider than the picture are loaded in as many runs as the border turns."""
    cdef Facts* d = definition_of(f)
    cdef double columns = min(BOX_STRIP / <double>request.channels, request.width)
    cdef double windows = min(share * columns, NEAR_TAPS / <double>d.width, SIDE_BY_SIDE)
    cdef double runs = 1 + d.width / <double>max(1, request.width)
    return d.taps * IN_ORDER / max(1, windows) + d.height * IN_ORDER_ROW * runs


cdef void watch_ties(Proposal* p, Facts* f, const Request* request) noexcept nogil:
    """Let the engine recompute doubtful pixels, and add that work. A doubtful pixel is first summed in any
    order, unless few are decided by that. If that sum is within `reorder_error` of a tie, it is summed in the
    definition's order."""
    cdef double share = doubtful(p.error, request), near = 0, rest = share
    p.tie_tolerance, p.reorder_error = p.error, reorder_error(f, request)
    if decides_near(p):
        near, rest = share, min(share, 2 * p.reorder_error)
    add_work(&p.work, GUARD, 1)
    add_again(&p.work, share, near * taps_again(f) + rest * taps_in_order(f, request, rest))


cdef const char* admit(Proposal* p, Facts* f, const Request* request) noexcept nogil:
    """Add to a proposal what makes its results exact. Returns the reason if nothing can, otherwise NULL."""
    cdef double error, largest
    if not is_integer(request.target) or p.accumulator == STRICT or p.sums == EXACT_INT64 or p.sums == INT8_DOT:
        return NULL     # floats need no proof, and these sums are the definition's or already watch ties
    if p.cast_mode == HALF_UP:
        return NULL     # the offset moves no sum but ties
    if p.sums == BOX_SLIDING and p.error == 0:
        return NULL     # integer sums, exact even where no float holds them
    if is_exact(f, request, p.accumulator) and (p.error == 0 or (p.sums == TAPS and p.across == NULL)):
        return NULL
    error = p.error
    if request.offset:      # two roundings: of the offset, and of its addition
        error += 1.01 * rounding_of(p.accumulator) * (f.total * request.peak + 2 * fabs(in_sums(request)))
    if request.divisor:     # the quotient is rounded; one that saturates need not be near
        largest = (f.total * request.peak + fabs(in_sums(request))) / request.divisor
        largest = min(peak_of(request.target) + 1, largest)
        error = error / request.divisor + 1.01 * rounding_of(p.accumulator) * largest
    # the recomputed float64 sums are rounded, too
    error += definition_error(f, request)
    if not error < 0.25:
        p.error = error
        return b"{accumulator} sums may be off by {error:.2g}"
    p.error = error
    watch_ties(p, f, request)
    return NULL
