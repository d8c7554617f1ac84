# Windows of taps, as src/methods/direct.pxi, src/methods/sparse.pxi and src/methods/symmetric.pxi sum them.

cdef void add_window(Work* work, const double* w, Py_ssize_t height, Py_ssize_t width, Py_ssize_t taps,
                     Py_ssize_t steps, bint symmetric, bint filled=False) noexcept nogil:
    """Add the work of summing the taps of a window of rows, as sum_rows in src/methods/sparse.pxi does. A
    negative `steps` means that they have not been counted."""
    if symmetric and height == 1:
        add_work(work, FOLD_ROW, 1)
        add_work(work, FOLD_ROW_TAP, taps)
    elif symmetric:
        add_work(work, FOLD, 1)
        add_work(work, FOLD_TAP, taps)
    elif height == 1:
        add_work(work, ROW, 1)
        add_work(work, ROW_TAP, taps)
    elif filled or (taps == height * width and height >= 3):
        add_work(work, DIRECT, 1)
        add_work(work, DIRECT_LOAD, <double>((height + 3) * width) / 4)
        add_work(work, DIRECT_TAP, height * width)
    else:
        add_work(work, SPARSE, 1)
        add_work(work, SPARSE_STEP, <double>(steps if steps >= 0 else steps_of(w, height, width)) / 4)
        add_work(work, SPARSE_TAP, taps)


cdef void propose_window(Facts* f, const Request* request, Proposal* p) noexcept nogil:
    """Propose all taps of the kernel that are not zero."""
    cdef bint dense = f.taps == f.height * f.width and f.height >= 3
    cdef bint filled = p.accumulator == FLOAT32 and has_few_zeros(f.taps, f.height, f.width)
    p.sums = TAPS
    add_rows(&p.work, request)
    add_window(&p.work, f.weights, f.height, f.width, f.taps,
               -1 if dense or filled or f.height == 1 else steps_of_kernel(f), False, filled)
    if p.accumulator != STRICT:
        p.error = kernel_rounding(f, p.accumulator, request.peak)
