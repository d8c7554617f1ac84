# Box: all taps equal. Three ways to sum:
#
# running sums       integers of 8 and 16 bits; the cost does not grow with the kernel
# (methods/box_sliding.pxi)
#     in registers       the same types, small kernels (methods/box_small.pxi)
#     doubling, groups   floats and large integers; the cost hardly grows with the kernel (methods/box.pxi)

cdef bint averaged(Proposal* p, const Facts* f, const Request* request) except -1:
    """Whether the engine can sum in registers. If so, add the work to the proposal."""
    cdef int size
    if request.source != request.target or request.source not in (U8, U16, I16):
        return False
    size = 1 if request.source == U8 else 2
    if not _engines[request.level].can_average(f.height, f.width, p.divisor, size):
        return False
    add_work(&p.work, AVERAGE_SUM + size - 1, 1)
    add_work(&p.work, AVERAGE_LOAD + size - 1, (f.height + 3) / 4.0)
    add_work(&p.work, AVERAGE_TAP + size - 1, f.width - 1)
    return True


cdef int propose_divided(const Facts* f, const Request* request, Proposal* p) except -1:
    """Propose sums of samples and their quotients, both in integers."""
    p.scale, p.divisor = 1, request.denominator
    if averaged(p, f, request):
        p.why = b"{height} x {width} equal taps, in registers, divided by {divisor}"
        return 0
    add_work(&p.work, RUN_WHOLE, 1)
    p.why = b"{height} x {width} equal taps, running sums of 32-bit integers, divided by {divisor}"
    return 0


cdef int propose_running(const Facts* f, const Request* request, Proposal* p, double error) except -1:
    """Propose running sums, for samples that are small integers and sums below 2**31."""
    cdef double whole = first_weight(f) * (1 if request.divisor else request.denominator)
    p.sums = BOX_SLIDING
    cdef bint rounded_at_once = request.offset == 0 and not request.absolute
    if whole == 1 and p.accumulator == FLOAT32 and is_small(request.target) and rounded_at_once:
        return propose_divided(f, request, p)
    add_work(&p.work, RUN, 1)
    add_work(&p.work, STORE + request.target, 1)
    p.error = error
    p.why = b"{height} x {width} equal taps, running sums of 32-bit integers"
    return 0


cdef int doublings_of(Py_ssize_t width) noexcept nogil:
    """Number of additions for a sum of `width` neighbours by doubling: one for each bit of `width` and one
    for each bit that is set, less one."""
    cdef int count = -1
    while width:
        count += 1 + width % 2
        width //= 2
    return count


cdef const char* propose_box(Kernel kernel, const Request* request, Proposal* p) except? NULL:
    cdef Facts* f = &kernel.facts
    cdef double error, largest
    if p.accumulator == STRICT:
        return b"the definition's order of taps is not a box's"
    if not f.finite or f.taps == 0 or not f.equal:
        return b"the taps are not all equal"
    p.scale = first_weight(f)
    # three roundings: of the exact sum, of the weight and of their product
    error = 3.03 * rounding_of(p.accumulator) * f.total * request.peak
    if is_integer(request.target):  # results that saturate may be farther off
        largest = (peak_of(request.target) + 1) * (request.divisor or 1) + fabs(in_sums(request))
        error = min(error, 3.03 * rounding_of(p.accumulator) * largest)
    if is_exact(f, request, p.accumulator):
        error = 0
    if (request.integral and is_small(request.source) and lowest_of(request.source) <= request.low
            and request.high <= highest_of(request.source) and f.taps * request.peak < ldexp(1, 31)):
        propose_running(f, request, p, error)
        return NULL
    if error:   # each sample is scaled and passes through at most height + width + 3 successive roundings
        p.error = 1.01 * rounding_of(p.accumulator) * (f.height + f.width + 3) * f.total * request.peak
    p.sums = BOX
    add_rows(&p.work, request)
    add_work(&p.work, BOX_GROUP, 1)
    add_work(&p.work, BOX_DOUBLING, doublings_of(f.width))
    p.why = b"{height} x {width} equal taps, summed by doubling across and in groups down"
    return NULL
