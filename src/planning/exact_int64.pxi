# Wide: exact sums of integers that float64 cannot hold (src/rows/recompute.pxi). It is slow, and the last
# resort.

cdef const char* propose_wide(Kernel kernel, const Request* request, Proposal* p) except? NULL:
    cdef Facts* f = &kernel.facts
    if is_small(request.source):
        return b"the samples are small"
    if not request.integral or f.unit < 1 or (
            request.offset and (request.denominator == 0 or fmod(in_sums(request), 1) != 0)):
        return b"kernel, samples, constant and offset must be integers"
    if f.total >= ldexp(1, 31):
        return b"the kernel's magnitudes sum to 2**31 or more"
    if p.accumulator != STRICT:
        return b"sums are pairs of 64-bit integers"
    p.sums = EXACT_INT64
    add_work(&p.work, WIDE_SUM, 1)
    add_work(&p.work, WIDE_TAP, f.taps)
    p.why = b"integers too large for float64, summed in pairs of 64 bits"
    return NULL
