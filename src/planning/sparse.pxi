# Sparse: a list of the taps that are not zero (src/methods/sparse.pxi). It fits every kernel that has zeros
# or fewer than three rows. A zero tap costs nothing.

cdef const char* propose_sparse(Kernel kernel, const Request* request, Proposal* p) except? NULL:
    cdef Facts* f = &kernel.facts
    if f.taps == f.height * f.width and f.height >= 3:
        return b"the kernel has no zeros"
    propose_window(f, request, p)
    p.why = b"{taps} of {cells} taps are not zero"
    return NULL
