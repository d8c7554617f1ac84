# Volumes: kernels of three axes, whose rows are listed slice by slice, and results that are some pixels apart
# (src/schedule/volumes.pxi). Only the methods that sum a list of taps serve them. Pictures whose kernels are
# dilated have the methods that sum taps.

# Relative distance allowed between a column and the products of a line along slices and a shorter column. A
# division and a product round here, and the column itself was rounded when it was made.
cdef double DEPTH_ERROR = 8 * 2.0**-53

# How much more each step of a long list costs beside pictures that are filtered slice by slice, whose prices are
# fitted to other kernels. `benchmarks/bench_volumes.py --fit` on Xeon, v4, two runs of 13 to 25 cubed: 0.05 to 2.9,
# median 0.6. (Without it 19 cubed became a list, and took 1.2 to 1.3 times as long.)
cdef double LONGER = 0.5

# LOAD_STEPS is 1.9 and 2.1 by least squares over the times of 14 kernels, of float32 and uint16. (Kernels of n x 3 x 3
# beside flat ones of as many taps said 6 and more.)
cdef enum:
    HELD_TAPS = 1024    # of lists that are not long
    LOAD_STEPS = 2      # steps that take as long as loading a sample


cdef int level_line(double* line, Py_ssize_t n) noexcept nogil:
    """Multiply a line by a power of two, so that its sums of samples are no larger than these, and return the
    exponent of the inverse."""
    cdef Py_ssize_t i
    cdef double total = sum_of_magnitudes(line, n)
    cdef int exponent = 0 if total == 1 else exponent_of(total)
    for i in range(n):
        line[i] = ldexp(line[i], -exponent)
    return exponent


cdef bint split_depth(const double* tall, Py_ssize_t slices, Py_ssize_t rows, double* depth, double* column,
                      bint* exact) noexcept nogil:
    """Factor a column of all rows of all slices into a line along the slices and a column of one slice. False
    if their products differ from it by more than DEPTH_ERROR. `exact` becomes whether they equal it without a
    rounding."""
    cdef Py_ssize_t k, j, pivot = 0
    cdef double w
    exact[0] = True
    for k in range(slices * rows):
        if fabs(tall[k]) > fabs(tall[pivot]):
            pivot = k
    if tall[pivot] == 0:
        return False
    for j in range(rows):
        column[j] = tall[pivot // rows * rows + j]
    for k in range(slices):
        depth[k] = tall[k * rows + pivot % rows] / tall[pivot]
        for j in range(rows):
            w = tall[k * rows + j]
            if not fabs(depth[k] * column[j] - w) <= DEPTH_ERROR * fabs(w):
                return False
            exact[0] = exact[0] and fma(depth[k], column[j], -w) == 0
    return True


cdef bint split_lines(const Proposal* p, Py_ssize_t slices, bint stepped, double* depth, double* column,
                      double* row, bint* exact) noexcept nogil:
    """Write a column of all rows of all slices times a row as three lines. All but the one that is summed last,
    the column, or the row if results are some pixels apart, make sums no larger than the samples, which might
    else overflow where the definition's do not. Returns False as `split_depth` does."""
    cdef Py_ssize_t i, rows = p.height // slices
    cdef int exponent
    if not split_depth(p.down, slices, rows, depth, column, exact):
        return False
    exponent = level_line(depth, slices)
    for i in range(rows):
        column[i] = ldexp(column[i], exponent)
    exponent = level_line(column, rows) if stepped else 0
    for i in range(p.width):
        row[i] = ldexp(p.across[i], exponent)
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
    if p.method == DOT_METHOD and request.slices == 1 and takes_steps(request):
        return propose_dot(kernel, request, p)
    return b"the kernel has three axes, or results are some pixels apart"


cdef inline bint takes_steps(const Request* request) noexcept nogil:
    """Whether dots can be made for results so far apart."""
    return (request.col_step == 2 and request.row_step <= 2 and request.channels == 1
            and VECTOR_BYTES[request.level] == 64)


cdef void propose_listed(Facts* f, const Request* request, Proposal* p) noexcept nogil:
    """Propose all taps that are not zero. Each row is read once for every slice of the kernel."""
    cdef Py_ssize_t rows = f.height // request.slices
    cdef double steps = (rows + 3 * request.row_step) * f.width * request.slices / 4.0
    p.sums = TAPS
    if f.taps > HELD_TAPS:
        steps += (steps - HELD_TAPS / 4.0) * LONGER
    # Rows of further slices, whose loading has no price of its own: prices of loads and sums were fitted together.
    steps += LOAD_STEPS * (request.slices - 1) * request.row_step * request.col_step
    add_work(&p.work, LOAD + request.source, request.row_step * request.col_step)
    add_work(&p.work, STORE + request.target, 1)
    add_work(&p.work, SPARSE, 1)
    add_work(&p.work, SPARSE_STEP, steps)
    add_work(&p.work, SPARSE_TAP, f.taps)
    if is_stepped(request):     # a row that is split is written twice
        add_work(&p.work, ROW, request.slices * request.row_step * request.col_step)
    if p.accumulator != STRICT:
        p.error = kernel_rounding(f, p.accumulator, request.peak)
    p.why = b"{taps} taps, in a list of rows of all slices"


cdef const char* propose_three_lines(Kernel kernel, const Request* request, Proposal* p) except? NULL:
    """Propose three lines: along the slices, across and down; or down and across, where results are some pixels
    apart."""
    cdef Facts* f = &kernel.facts
    cdef Py_ssize_t slices = request.slices, n = f.height // slices + f.width
    cdef const char* reason
    cdef double* lines
    cdef bint exact
    if slices > MOST_DEPTH:
        return b"the kernel has too many slices"
    reason = propose_passes(kernel, request, p)
    if reason != NULL:
        return reason
    p.down_symmetric = False
    p.work.count = 0
    lines = <double*>malloc((slices + n) * sizeof(double))
    if lines == NULL:
        raise MemoryError("the lines of a kernel")
    if not split_lines(p, slices, is_stepped(request), lines, lines + slices,
                       lines + slices + f.height // slices, &exact):
        reason = b"the kernel is no product of three lines"
    elif p.accumulator == FLOAT32 and not lines_fit_float32(lines, slices + n):
        reason = b"a factor of the kernel is too small for float32"
    else:
        weigh_three_lines(f, request, p, lines, exact)
    free(lines)
    return reason


cdef inline bint is_stepped(const Request* request) noexcept nogil:
    """Whether rows are split, or left out; see src/schedule/volumes.pxi."""
    return request.row_step > 1 or request.col_step > 1


cdef bint lines_fit_float32(const double* lines, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        if lines[i] != 0 and fabs(lines[i]) < SMALLEST_FACTOR:
            return False
    return True


cdef bint only_moves_ties(const Facts* f, const Request* request, int accumulator) noexcept nogil:
    """Whether the offset is less than any difference of two sums, these are exact, and results are means of
    pixels, so that they cannot saturate: rounding halves up does the same."""
    cdef Request plain = request[0]
    cdef Py_ssize_t i
    plain.offset = 0
    for i in range(f.height * f.width):
        if f.weights[i] < 0:
            return False
    return (
        0 < request.offset < f.unit and f.unit <= 0.5 and f.total <= 1 and not request.absolute
        and is_exact(f, &plain, accumulator) and request.source == request.target and request.target <= I16
        and 0 <= request.low and request.high <= highest_of(request.target)
    )


cdef void weigh_three_lines(const Facts* f, const Request* request, Proposal* p, const double* depth,
                            bint exact) noexcept nogil:
    """Fill in error and work. Each pass multiplies the errors of the passes before it."""
    cdef Py_ssize_t slices = request.slices, rows = f.height // slices
    cdef const double* column = depth + slices
    cdef const double* row = column + rows
    cdef double deep = sum_of_magnitudes(depth, slices), tall = sum_of_magnitudes(column, rows)
    cdef double wide = sum_of_magnitudes(row, f.width), peak = request.peak
    cdef double deep_chain = chain_of(depth, slices, False), tall_chain = chain_of(column, rows, False)
    cdef double wide_chain
    p.across_symmetric = p.across_symmetric and not is_stepped(request)
    wide_chain = chain_of(row, f.width, p.across_symmetric)
    if p.error or not exact:
        p.error = rounding_error(deep_chain, p.accumulator, peak) * wide * tall
        if is_stepped(request):
            p.error += (rounding_error(tall_chain, p.accumulator, peak * deep) * wide
                        + rounding_error(wide_chain, p.accumulator, peak * deep * tall))
        else:
            p.error += (rounding_error(wide_chain, p.accumulator, peak * deep) * tall
                        + rounding_error(tall_chain, p.accumulator, peak * deep * wide))
        p.error += 1.01 * (RANK_ONE + DEPTH_ERROR) * f.total * peak
    if p.error == 0 and exact and only_moves_ties(f, request, p.accumulator):
        p.cast_mode, p.offset = HALF_UP, 0
    add_work(&p.work, LOAD + request.source, request.row_step * request.col_step)
    add_work(&p.work, STORE + request.target, 1)
    if slices > 1:
        add_work(&p.work, ROW, request.row_step * request.col_step)
        add_work(&p.work, ROW_TAP, count_taps(depth, slices) * request.row_step * request.col_step)
    if is_stepped(request):
        add_work(&p.work, SPARSE, 1)
        add_work(&p.work, SPARSE_STEP, request.col_step * (rows + 3 * request.row_step) / 4.0)
        add_work(&p.work, ROW, 1)
        add_work(&p.work, SPARSE_STEP, f.width)
    else:
        add_window(&p.work, row, 1, f.width, count_taps(row, f.width), -1, p.across_symmetric)
        add_window(&p.work, column, rows, 1, count_taps(column, rows), -1, False)
    p.why = b"a product of lines instead of {taps} taps"


cdef const char* propose_dilated(Kernel kernel, const Request* request, Proposal* p) except? NULL:
    """Propose a picture's sums for taps that stand some pixels apart (src/schedule/dilated.pxi)."""
    if p.method == SEPARABLE_METHOD:
        return propose_passes(kernel, request, p)
    if p.method == BOX_METHOD or p.method == FFT_METHOD:
        return b"the kernel is dilated"
    return PROPOSE[p.method](kernel, request, p)
