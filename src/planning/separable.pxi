# Separable: a kernel of rank one is a column times a row, so h + w taps do what h * w would
# (Treitel & Shanks, The design of multistage separable planar filters, 1971).
#
# The test for rank one is strict: each weight must equal the product of its factors but for the roundings of
# numpy.outer and of a division by the sum. The factors are scaled by a power of two so that the row's weights
# sum to between 1/2 and 1. So the row's sums cannot overflow before the column multiplies them.

# Relative distance allowed between a weight and the product of its factors, in five roundings: two when the
# weight was made (a product and a division), two in the product here, and one in the division below.
cdef double RANK_ONE = 5 * 2.0**-53

# A factor is a quotient of weights. It may be too small for float32 even if no weight is.
cdef double SMALLEST_FACTOR = 2.0**-100

# Folding adds two samples before a weight scales them, which might overflow where the definition's sums do
# not. So only samples that are known to be smaller than this are folded.
cdef double UNBOUNDED = 2.0**100


cdef inline bint folds_down(Py_ssize_t height) noexcept nogil:
    """Whether the engine can fold columns of this height."""
    return height in (3, 5, 7, 9) or height > 9


cdef int exponent_of(double magnitude) noexcept nogil:
    cdef int exponent
    frexp(magnitude, &exponent)
    return exponent


cdef bint is_outer(const double* column, const double* row, const Facts* f, double tolerance) noexcept nogil:
    """Whether the products of column and row equal the weights within a relative tolerance."""
    cdef Py_ssize_t ky, kx
    cdef const double* w = f.weights
    for ky in range(f.height):
        for kx in range(f.width):
            if fabs(column[ky] * row[kx] - w[kx]) > tolerance * fabs(w[kx]):
                return False
        w += f.width
    return True


cdef bint simplify(double* column, double* row, const Facts* f, double* tall, double* small) noexcept nogil:
    """Replace the factors by ones with the fewest bits, so that sums of integers stay exact: [1 2 1] for
    [.25 .5 .25]. Returns whether there are such factors; their products equal the weights to the last bit."""
    cdef Py_ssize_t ky, kx, pivot = 0, largest
    cdef int divisor, exponent
    cdef double smallest = INFINITY, unit
    for kx in range(f.width):
        if row[kx] != 0:
            smallest = min(smallest, fabs(row[kx]))
        if fabs(row[kx]) > fabs(row[pivot]):
            pivot = kx
    for divisor in range(1, 65):
        unit = divisor / smallest
        for kx in range(f.width):
            small[kx] = row[kx] * unit
            if not fabs(small[kx] - rint(small[kx])) <= 1e-9:
                break
        else:
            if not sum_of_magnitudes(small, f.width) < 2.0**24:
                continue
            largest = 0
            for kx in range(f.width):
                small[kx] = rint(small[kx])
                if fabs(small[kx]) > fabs(small[largest]):
                    largest = kx
            exponent = exponent_of(sum_of_magnitudes(small, f.width))
            for ky in range(f.height):
                tall[ky] = ldexp(f.weights[ky * f.width + pivot] / small[largest], exponent)
            for kx in range(f.width):
                small[kx] = ldexp(small[kx], -exponent)
            if is_outer(tall, small, f, 0):
                memcpy(column, tall, f.height * sizeof(double))
                memcpy(row, small, f.width * sizeof(double))
                return True
    return False


cdef bint factorize(const Facts* f, double* column, double* row) noexcept nogil:
    """Find a column and a row whose outer product is the kernel. False if there are none."""
    cdef Py_ssize_t ky, kx, y = f.pivot // f.width, x = f.pivot % f.width
    cdef double pivot = f.weights[f.pivot]
    cdef int exponent
    if pivot == 0:
        return False
    for kx in range(f.width):
        row[kx] = f.weights[y * f.width + kx] / pivot
    exponent = exponent_of(sum_of_magnitudes(row, f.width))
    for kx in range(f.width):
        row[kx] = ldexp(row[kx], -exponent)
    for ky in range(f.height):
        column[ky] = ldexp(f.weights[ky * f.width + x], exponent)
        if not isfinite(column[ky]):
            return False
    return is_outer(column, row, f, RANK_ONE)


cdef int find_factors(Kernel kernel) except -1:
    cdef Facts* f = &kernel.facts
    cdef Py_ssize_t i, count = f.height + f.width
    cdef double* found = <double*>malloc(2 * count * sizeof(double))
    if found == NULL:
        raise MemoryError("the factors of a kernel")
    if f.height == 1 or f.width == 1:   # the kernel is a line, times a single 1
        for i in range(count):
            found[i] = 1
        memcpy(found + (f.height if f.height == 1 else 0), f.weights, f.height * f.width * sizeof(double))
        f.rank_one = f.finite
    else:
        f.rank_one = factorize(f, found, found + f.height)
    if f.rank_one:
        f.factors_exact = (
            min(f.height, f.width) > 1
            and simplify(found, found + f.height, f, found + count, found + count + f.height)
            or is_outer(found, found + f.height, f, 0)
        )
        kernel.factors = PyBytes_FromStringAndSize(<char*>found, count * sizeof(double))
        f.column = <const double*>PyBytes_AS_STRING(kernel.factors)
        f.row = f.column + f.height
    free(found)
    return 0


cdef bint is_symmetric(const double* line, Py_ssize_t n) noexcept nogil:
    """Whether a factor may be folded: it is symmetric and has no zeros."""
    cdef Py_ssize_t i
    for i in range(n):
        if line[i] == 0 or line[i] != line[n - 1 - i]:
            return False
    return n > 1


cdef bint factors_fit_float32(const Facts* f) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(f.height + f.width):     # the row follows the column in memory
        if f.column[i] != 0 and fabs(f.column[i]) < SMALLEST_FACTOR:
            return False
    return True


cdef bint passes_are_exact(const Facts* f, const Request* request, int accumulator) noexcept nogil:
    """Whether both passes have only exact partial sums."""
    cdef double bits
    if not request.integral or not f.factors_exact:
        return False
    bits = (sum_of_magnitudes(f.row, f.width) / unit_of(f.row, f.width)
            * (sum_of_magnitudes(f.column, f.height) / unit_of(f.column, f.height)))
    return bits * request.peak <= exact_up_to(accumulator)


cdef Py_ssize_t count_taps(const double* line, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i, taps = 0
    for i in range(n):
        taps += line[i] != 0
    return taps


cdef const char* propose_separable(Kernel kernel, const Request* request, Proposal* p) except? NULL:
    """Propose two passes tap by tap, or spectra of lines if only these will do or they are cheaper."""
    cdef Proposal lines = p[0]
    cdef double limit = INFINITY
    cdef const char* reason = propose_passes(kernel, request, p)
    if reason == NULL and would_do(kernel, request, p):
        limit = price_of(&p.work, p.accumulator, request.priced)
    if refuse_lines(kernel, p.accumulator) == NULL and propose_lines(&kernel.facts, request, &lines, limit):
        if reason != NULL or would_do(kernel, request, &lines):
            p[0] = lines
            return NULL
    return reason


cdef const char* propose_passes(Kernel kernel, const Request* request, Proposal* p) except? NULL:
    """Propose a pass across, tap by tap, and then one down."""
    cdef Facts* f = &kernel.facts
    cdef bint bounded = request.peak < UNBOUNDED
    if p.accumulator == STRICT:
        return b"the definition's order of taps is not separable"
    if min(f.height, f.width) == 1:
        return b"the kernel is a line already"
    if not f.finite:
        return b"the kernel is not finite"
    if f.rank_one < 0:
        find_factors(kernel)
    if not f.rank_one:
        return b"the kernel is not of rank one"
    if p.accumulator == FLOAT32 and not factors_fit_float32(f):
        return b"a factor of the kernel is too small for float32"
    p.sums, p.across, p.down = TAPS, f.row, f.column
    p.across_symmetric = bounded and is_symmetric(f.row, f.width)
    p.down_symmetric = bounded and folds_down(f.height) and is_symmetric(f.column, f.height)
    if not passes_are_exact(f, request, p.accumulator):
        # the column multiplies the row's errors; the factors differ from the kernel by RANK_ONE
        p.error = (
            rounding_error(chain_of(f.row, f.width, p.across_symmetric), p.accumulator, request.peak)
            * sum_of_magnitudes(f.column, f.height)
            + rounding_error(chain_of(f.column, f.height, p.down_symmetric), p.accumulator,
                             request.peak * sum_of_magnitudes(f.row, f.width))
            + 1.01 * RANK_ONE * f.total * request.peak
        )
    add_rows(&p.work, request)
    add_window(&p.work, f.row, 1, f.width, count_taps(f.row, f.width), -1, p.across_symmetric)
    add_window(&p.work, f.column, f.height, 1, count_taps(f.column, f.height), -1, p.down_symmetric)
    p.why = b"a column times a row: {height} + {width} taps instead of {taps}"
    return NULL
