# Box: all taps equal. Running sums for integers (src/running.pxi), at a cost that does not grow with the
# kernel, or, if it is small, sums in registers (src/average.pxi); doubling and groups for floats
# (src/box.pxi), at one that hardly does.

cdef Py_ssize_t whole_divisor(const Facts* f, const Request* request, double weight) noexcept nogil:
    """The whole number below 2**24 whose reciprocal is `weight`, but for some roundings; 0 if there is none,
    or if these and the definition's own might carry a result over a tie, which is at least half of the
    reciprocal away from any other quotient."""
    cdef Py_ssize_t divisor = <Py_ssize_t>rint(1 / weight) if fabs(weight) > 2.0**-24 else 0
    if divisor <= 0 or fabs(divisor * weight - 1) > WHOLE:
        return 0
    if definition_error(f, request) + WHOLE * f.total * request.peak < 1 / (2.0 * divisor):
        return divisor
    return 0


cdef bint averaged(Proposal* p, const Facts* f, const Request* request) except -1:
    """Whether the engine sums in registers; if so, the work it is."""
    cdef int size
    if request.source != request.target or (request.source != U8 and request.source != U16):
        return False
    size = 1 if request.source == U8 else 2
    if not _engines[request.level].can_average(f.height, f.width, p.divisor, size):
        return False
    add_work(&p.work, AVERAGE_SUM + size - 1, 1)
    add_work(&p.work, AVERAGE_LOAD + size - 1, (f.height + 3) / 4.0)
    add_work(&p.work, AVERAGE_TAP + size - 1, f.width - 1)
    return True


cdef int propose_running(Facts* f, const Request* request, Proposal* p, double error) except -1:
    """Samples and sums are small integers."""
    p.sums = RUNNING
    if p.accumulator == FLOAT32 and is_small(request.target):
        p.divisor = whole_divisor(f, request, p.scale)
    if not p.divisor:
        add_work(&p.work, RUN, 1)
        add_work(&p.work, STORE + request.target, 1)
        p.error = error
        p.why = b"{height} x {width} equal taps, running sums of 32-bit integers"
        return 0
    # exact but for ties, which are left to the definition
    p.reorder_error = reorder_error(f, request)
    if averaged(p, f, request):
        p.why = b"{height} x {width} equal taps in registers, divided by {divisor}"
        return 0
    add_work(&p.work, RUN_WHOLE, 1)
    add_again(&p.work, f, 1.0 / p.divisor if p.divisor % 2 == 0 else 0)
    p.why = b"{height} x {width} equal taps, running sums of 32-bit integers, divided by {divisor}"
    return 0


cdef int doublings_of(Py_ssize_t width) noexcept nogil:
    """Additions that make a sum of `width` neighbours: one a power of two, and one a bit that is set."""
    cdef int count = -1
    while width:
        count += 1 + width % 2
        width //= 2
    return count


cdef const char* propose_box(Kernel kernel, const Request* request, Proposal* p) except? NULL:
    cdef Facts* f = &kernel.facts
    cdef double error
    if p.accumulator == STRICT:
        return b"the definition's order of taps is not a box's"
    if not f.finite or f.taps == 0 or not f.equal:
        return b"the taps are not all equal"
    p.scale = f.weights[0]
    # the sum is exact; it, the weight and their product are rounded
    error = 3.03 * rounding_of(p.accumulator) * f.total * request.peak
    if is_integer(request.target):  # what saturates need not be near
        error = min(error, 3.03 * rounding_of(p.accumulator) * (peak_of(request.target) + 1))
    if (request.integral and is_small(request.source) and lowest_of(request.source) <= request.low
            and request.high <= highest_of(request.source) and f.taps * request.peak < ldexp(1, 31)):
        propose_running(f, request, p, error)
        return NULL
    if is_integer(request.target):
        return b"the sum of {taps} samples may not be exact in 32-bit integers"
    p.sums = BOX
    add_rows(&p.work, request)
    add_work(&p.work, BOX_GROUP, 1)
    add_work(&p.work, BOX_DOUBLING, doublings_of(f.width))
    p.why = b"{height} x {width} equal taps, summed by doubling across and in groups down"
    return NULL
