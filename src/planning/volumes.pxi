# Volumes: kernels of three axes, whose rows are listed slice by slice, and results that are some pixels apart
# (src/schedule/volumes.pxi). Only the methods that sum a list of taps serve them.

# Relative distance allowed between a column and the products of a line along slices and a shorter column. A
# division and a product round here, and the column itself was rounded when it was made.
cdef double DEPTH_ERROR = 8 * 2.0**-53


cdef bint split_depth(const double* column, Py_ssize_t slices, Py_ssize_t rows, double* depth,
                      double* rest, bint* exact) noexcept nogil:
    """Factor a column of all rows of all slices into a line along the slices and a column of one slice. False
    if their products differ from it by more than DEPTH_ERROR. `exact` becomes whether they equal it without a
    rounding."""
    cdef Py_ssize_t k, j, pivot = 0
    cdef double w
    exact[0] = True
    for k in range(slices * rows):
        if fabs(column[k]) > fabs(column[pivot]):
            pivot = k
    if column[pivot] == 0:
        return False
    for j in range(rows):
        rest[j] = column[pivot // rows * rows + j]
    for k in range(slices):
        depth[k] = column[k * rows + pivot % rows] / column[pivot]
        for j in range(rows):
            w = column[k * rows + j]
            if not fabs(depth[k] * rest[j] - w) <= DEPTH_ERROR * fabs(w):
                return False
            exact[0] = exact[0] and fma(depth[k], rest[j], -w) == 0
    return True


cdef const char* propose_volume(Kernel kernel, const Request* request, Proposal* p) except? NULL:
    """Propose what a method does for volumes, in place of its own proposal."""
    cdef Facts* f = &kernel.facts
    if p.method == WIDE_METHOD:
        return propose_wide(kernel, request, p)
    if p.method == SEPARABLE_METHOD:
        return propose_three_lines(kernel, request, p)
    if p.method == DIRECT_METHOD or p.method == SPARSE_METHOD:
        if (p.method == DIRECT_METHOD) != (f.taps == f.height * f.width):
            return b"the kernel has zeros" if p.method == DIRECT_METHOD else b"the kernel has no zeros"
        propose_listed(f, request, p)
        return NULL
    return b"the kernel has three axes, or results are some pixels apart"


cdef void propose_listed(Facts* f, const Request* request, Proposal* p) noexcept nogil:
    """Propose all taps that are not zero. Each row is read once for every slice of the kernel."""
    cdef Py_ssize_t rows = f.height // request.slices
    p.sums = TAPS
    add_work(&p.work, LOAD + request.source, request.slices)
    add_work(&p.work, STORE + request.target, 1)
    add_work(&p.work, SPARSE, 1)
    add_work(&p.work, SPARSE_STEP, (rows + 3) * f.width * request.slices / 4.0)
    add_work(&p.work, SPARSE_TAP, f.taps)
    if p.accumulator != STRICT:
        p.error = rounding_error(chain_of_kernel(f), p.accumulator, request.peak)
    p.why = b"{taps} taps, in a list of rows of all slices"


cdef const char* propose_three_lines(Kernel kernel, const Request* request, Proposal* p) except? NULL:
    """Propose three lines: along the slices, across and down."""
    cdef Facts* f = &kernel.facts
    cdef Py_ssize_t slices = request.slices, rows = f.height // slices
    cdef const char* reason
    cdef double* depth
    cdef bint exact
    if request.stepped:
        return b"results are some pixels apart"
    if slices > MOST_DEPTH:
        return b"the kernel has too many slices"
    reason = propose_passes(kernel, request, p)
    if reason != NULL:
        return reason
    p.down_symmetric = False
    p.work.count = 0
    depth = <double*>malloc((slices + rows) * sizeof(double))
    if depth == NULL:
        raise MemoryError("the lines of a kernel")
    if not split_depth(p.down, slices, rows, depth, depth + slices, &exact):
        reason = b"the kernel is no product of three lines"
    else:
        weigh_three_lines(f, request, p, depth, slices, depth + slices, rows, exact)
    free(depth)
    return reason


cdef void weigh_three_lines(const Facts* f, const Request* request, Proposal* p, const double* depth,
                            Py_ssize_t slices, const double* column, Py_ssize_t rows,
                            bint exact) noexcept nogil:
    """Fill in error and work. Each pass multiplies the errors of the passes before it."""
    cdef double deep = sum_of_magnitudes(depth, slices), tall = sum_of_magnitudes(column, rows)
    cdef double across = sum_of_magnitudes(p.across, f.width)
    if p.error or not exact:
        p.error = (
            rounding_error(chain_of(depth, slices, False), p.accumulator, request.peak) * across * tall
            + rounding_error(chain_of(p.across, f.width, p.across_symmetric), p.accumulator,
                             request.peak * deep) * tall
            + rounding_error(chain_of(column, rows, False), p.accumulator, request.peak * deep * across)
            + 1.01 * (RANK_ONE + DEPTH_ERROR) * f.total * request.peak
        )
    add_work(&p.work, LOAD + request.source, slices)
    add_work(&p.work, STORE + request.target, 1)
    add_window(&p.work, depth, 1, slices, count_taps(depth, slices), -1, False)
    add_window(&p.work, p.across, 1, f.width, count_taps(p.across, f.width), -1, p.across_symmetric)
    add_window(&p.work, column, rows, 1, count_taps(column, rows), -1, False)
    p.why = b"a product of three lines instead of {taps} taps"
