# Direct: every tap, register-blocked (src/methods/direct.pxi). All other methods are measured against it.

cdef const char* propose_direct(Kernel kernel, const Request* request, Proposal* p) except? NULL:
    cdef Facts* f = &kernel.facts
    if f.taps < f.height * f.width:
        return b"the kernel has zeros"
    if f.height < 3:
        return b"the kernel has fewer than three rows to share what is loaded"
    propose_window(f, request, p)
    p.why = b"all {taps} taps, each vector loaded serves four rows"
    return NULL
