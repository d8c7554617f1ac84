# Kernels and strategies: the planner's objects that Python and other modules hold.

cdef dict SUMS_NAMES = {
    TAPS: "window", BOX: "box", EXACT_INT64: "wide", INT8_DOT: "dot", FFT: "fft", BOX_SLIDING: "running",
    CONVOLVE2D: "convolve2d", CONVOLVE2D_REVERSED: "convolve2d reversed", CORRELATE1D: "correlate1d",
    SPECTRA: "spectra", SPECTRAL_LINES: "spectral lines",
}


cdef class Kernel:
    """A kernel's weights as they lie on the window, their facts, and the strategies decided so far.

    Parameters
    ----------
    weights : buffer of float64, shape (h, w), C-contiguous
        They are copied.
    """

    def __cinit__(self, weights):
        cdef Doubles w
        if weights is None:
            return  # `kernel_of` fills it in
        w = Doubles(weights, 2)
        if w.count == 0:
            raise ValueError("kernel must not be empty")
        copy_weights(self, w.first, w.array.shape[0], w.array.shape[1], False)

    @property
    def shape(self):
        """Height and width."""
        return self.facts.height, self.facts.width

    @property
    def finite(self):
        """Whether no weight is NaN or infinite."""
        return self.facts.finite

    def lines(self):
        """Column and row, as bytes of float64, if the kernel is their product but for roundings; else
        None."""
        cdef Py_ssize_t split = self.facts.height * sizeof(double)
        if self.factors is None:
            find_factors(self)
        return None if self.factors is None else (self.factors[:split], self.factors[split:])

    def __len__(self):
        """Number of weights."""
        return self.facts.height * self.facts.width


cdef int copy_weights(Kernel kernel, const double* weights, Py_ssize_t height, Py_ssize_t width,
                      bint flipped) except -1:
    cdef Py_ssize_t i, n = height * width
    cdef double* own
    kernel.memory = PyBytes_FromStringAndSize(NULL, n * sizeof(double))
    own = <double*>PyBytes_AS_STRING(kernel.memory)
    if flipped:
        for i in range(n):
            own[i] = weights[n - 1 - i]
    else:
        memcpy(own, weights, n * sizeof(double))
    kernel.shortlists = []
    look_at(&kernel.facts, own, height, width)
    return 0


cdef Kernel kernel_of(const double* weights, Py_ssize_t height, Py_ssize_t width, bint flipped):
    """A kernel of these weights, in reverse order if `flipped`. There must be at least one."""
    cdef Kernel kernel = Kernel.__new__(Kernel, None)
    copy_weights(kernel, weights, height, width, flipped)
    return kernel


cdef Kernel kernel_of_lines(const double* column, Py_ssize_t height, const double* row, Py_ssize_t width):
    """A kernel whose weights are the rounded products of a column and a row. The row is scaled by a power of
    two and the column by its inverse, so that sums of the row cannot overflow; see separable.pxi."""
    cdef Kernel kernel = Kernel.__new__(Kernel, None)
    cdef Py_ssize_t i
    cdef double* own
    cdef int exponent = exponent_of(sum_of_magnitudes(row, width))
    kernel.factors = PyBytes_FromStringAndSize(NULL, (height + width) * sizeof(double))
    own = <double*>PyBytes_AS_STRING(kernel.factors)
    for i in range(height):
        own[i] = ldexp(column[i], exponent)
    for i in range(width):
        own[height + i] = ldexp(row[i], -exponent)
    kernel.memory, kernel.shortlists = kernel.factors, []
    look_at_lines(&kernel.facts, own, height, own + height, width)
    return kernel


def product_of(column, row):
    """A kernel whose weights are the products of a column and a row. The products are not listed.

    Parameters
    ----------
    column, row : buffers of float64
        As they lie on the window. They and their products must be finite. They are copied.

    Returns
    -------
    Kernel
    """
    cdef Doubles down = Doubles(column, 1), across = Doubles(row, 1)
    if down.count == 0 or across.count == 0:
        raise ValueError("column and row must not be empty")
    return kernel_of_lines(down.first, down.count, across.first, across.count)


def folded_from(Kernel definition not None, weights, Py_ssize_t down, Py_ssize_t right):
    """A kernel whose sums are those of another but for roundings, since taps of the other see the same pixels.

    Integer results are those of the other kernel: sums near a tie are made again with it.

    Parameters
    ----------
    definition : Kernel
        Of an array of weights.
    weights : buffer of float64, shape (h, w), C-contiguous
        Sums of the other's weights, along one axis and then along the other.
    down, right : int
        Rows and columns of the padded picture from the first tap of these weights to that of the other's.
    """
    cdef Kernel kernel = Kernel(weights)
    kernel.definition, kernel.down, kernel.right = definition, down, right
    kernel.facts.definition = &definition.facts
    return kernel


cdef class Built:
    """The program that an engine has made of a strategy, and the level and types it was made for.

    Strategies that differ only in the size of the result, and so in price, share one, so that an FFT's
    spectra are made once.
    """


cdef str said(const char* template, const Proposal* p):
    """A reason with the proposal's numbers filled in."""
    return (<bytes>template).decode().format(
        height=p.height, width=p.width, taps=p.taps, cells=p.height * p.width, divisor=p.divisor,
        scale=p.scale, reciprocal=round(1 / p.scale) if p.scale else 0, fraction_bits=p.fraction_bits,
        tile=p.tile or 1, tile_width=p.tile_width or 1, largest=TILE[TILE_COUNT - 1] // 2, error=p.error,
        accumulator=ACCUMULATOR_NAMES[p.accumulator],
    )


cdef class Strategy:
    """The method that was chosen for a request, and all that the engine must know. Only the planner makes
    one."""

    def __cinit__(self):
        self.built = Built()

    @property
    def method(self):
        """Name of the method."""
        return METHODS[self.proposal.method]

    @property
    def sums(self):
        """Name of the engine's way to sum."""
        return SUMS_NAMES[self.proposal.sums]

    @property
    def accumulator(self):
        """Name of the type of the sums."""
        return ACCUMULATOR_NAMES[self.proposal.accumulator]

    @property
    def why(self):
        """The reason in half a sentence, for `explain`."""
        if self.reason is None:
            self.reason = said(self.proposal.why, &self.proposal)
        return self.reason

    @property
    def cost(self):
        """Predicted ns a sample, on one thread."""
        return self.proposal.cost

    @property
    def work(self):
        """Work for each sample of the result: amounts by term of fastconv/_costs.py."""
        cdef Work* work = &self.proposal.work
        return {TERM_NAMES[work.term[i]]: work.amount[i] for i in range(work.count)}

    @property
    def error(self):
        """Largest distance of unrounded results from the definition's, for an image of integers."""
        return self.proposal.error

    @property
    def tie_tolerance(self):
        """Distance from a tie within which the engine recomputes a pixel; 0 where no tie can be missed."""
        return self.proposal.tie_tolerance

    @property
    def reorder_error(self):
        """Largest distance of a recomputed float64 sum from the definition's, where ties are watched."""
        return self.proposal.reorder_error

    @property
    def across(self):
        """Weights of a separable kernel's row; empty for others."""
        cdef Proposal* p = &self.proposal
        return tuple([p.across[i] for i in range(p.width)]) if p.across else ()

    @property
    def down(self):
        """Weights of a separable kernel's column; empty for others."""
        cdef Proposal* p = &self.proposal
        return tuple([p.down[i] for i in range(p.height)]) if p.down else ()

    @property
    def symmetric(self):
        """Whether the row and the column are symmetric and will be folded (src/methods/symmetric.pxi)."""
        return self.proposal.across_symmetric, self.proposal.down_symmetric

    @property
    def scale(self):
        """Factor of the sums of a box or a dot; 1 for others."""
        return self.proposal.scale

    @property
    def divisor(self):
        """Divisor of the sums of whole numbers; 0 if they are not divided."""
        return self.proposal.divisor

    @property
    def digits(self):
        """Number of digits of a dot's whole-numbered weights."""
        return self.proposal.digits

    @property
    def fraction_bits(self):
        """Fraction bits of a dot's weights if they are fixed-point numbers, otherwise 0."""
        return self.proposal.fraction_bits

    @property
    def offset(self):
        """The number that is added to the results before they are rounded."""
        return self.proposal.offset

    @property
    def absolute(self):
        """Whether the results are the magnitudes of the sums."""
        return self.proposal.absolute

    @property
    def turned(self):
        """Whether rows and columns of picture and kernel change places."""
        return self.proposal.turned

    @property
    def tile(self):
        """Side of the tiles of an FFT. For large tiles, their rows; 0 where nothing is filtered down."""
        return self.proposal.tile

    @property
    def cast_mode(self):
        """How sums become integers: one of `CAST_MODE_NAMES`."""
        return CAST_MODE_NAMES[self.proposal.cast_mode]

    @property
    def row_step(self):
        """Step of the rows at which a part of an image may begin, so that its results equal those of the
        whole image to the last bit. It is that of an FFT's tiles, or of a box's groups."""
        cdef Proposal* p = &self.proposal
        if p.sums == SPECTRAL_LINES and not p.tile:
            return LINES_STEP
        if p.turned:
            return 1
        return p.tile - p.height + 1 if p.tile else p.height if p.sums == BOX else 1


cdef bint has_negative(const double* weights, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    cdef double low = 0
    for i in range(n):
        low = weights[i] if weights[i] < low else low
    return low < 0


cdef Kernel summed_for(Kernel kernel, Request* request):
    """The kernel whose weights are summed. It holds whole numbers if results are exact quotients of their
    sums. Exact sums over a power of two need no division. Fills in what follows from request and kernel."""
    cdef Facts* f = &kernel.facts
    cdef Py_ssize_t i, divisor, n = f.height * f.width
    cdef double* whole
    cdef double* weights
    cdef bint same = True
    request.denominator = request.divisor = 0
    request.cancels = not is_integer(request.target) and f.weights != NULL and has_negative(f.weights, n)
    if not (request.integral and is_integer(request.source) and is_integer(request.target) and f.finite):
        return kernel
    if not request.peak <= DBL_MAX:     # an infinite constant is not an integer
        return kernel
    if f.definition != NULL:    # which is not rational
        return kernel
    if f.weights == NULL:
        return summed_lines(kernel, request)
    whole = <double*>malloc(2 * (n + 1) * sizeof(double))
    if whole == NULL:
        raise MemoryError("the whole numbers of a kernel")
    try:
        weights = whole + n + 1
        memcpy(weights, f.weights, n * sizeof(double))
        weights[n] = request.offset     # the offset counts as one more weight
        divisor = make_whole(weights, n + (request.offset != 0), whole)
        if divisor == 0:
            return kernel
        request.denominator = divisor
        if divisor & (divisor - 1) or (
                divisor > 1 and sum_of_magnitudes(whole, n) * request.peak + fabs(
                    request.offset * divisor) > exact_up_to(FLOAT64)):
            request.divisor = divisor
        else:
            for i in range(n):
                whole[i] /= divisor
        for i in range(n):
            same = same and whole[i] == weights[i]
        return kernel if same else kernel_of(whole, f.height, f.width, False)
    finally:
        free(whole)


cdef Kernel summed_lines(Kernel kernel, Request* request):
    """`summed_for` for a column times a row. The kernel counts as rational if both lines are and their sums
    are exact."""
    cdef Facts* f = &kernel.facts
    cdef Py_ssize_t i, down, across
    cdef double total
    cdef double* whole
    if request.offset:      # the offset need not be rational with the same divisor
        return kernel
    whole = <double*>malloc((f.height + f.width) * sizeof(double))
    if whole == NULL:
        raise MemoryError("the whole numbers of a kernel")
    try:
        down = make_whole(f.column, f.height, whole)
        across = make_whole(f.row, f.width, whole + f.height)
        total = sum_of_magnitudes(whole, f.height) * sum_of_magnitudes(whole + f.height, f.width)
        if down == 0 or across == 0 or 2 * total * request.peak > exact_up_to(FLOAT64):
            return kernel
        request.denominator = down * across
        if request.denominator & (request.denominator - 1):
            request.divisor = request.denominator
        else:       # sums over a power of two need no division
            for i in range(f.height):
                whole[i] /= request.denominator
        return kernel_of_lines(whole, f.height, whole + f.height, f.width)
    finally:
        free(whole)


cdef Strategy strategy_of(Kernel kernel, Kernel summed, const Proposal* p, Built built):
    """The strategy of a proposal for a kernel. The weights that are summed may be those of another kernel."""
    cdef Strategy strategy = Strategy.__new__(Strategy)
    strategy.proposal = p[0]
    if summed is not kernel:    # a kernel refers to its strategies already; this avoids a cycle
        strategy.summed = summed
    if p.across:
        strategy.factors = summed.factors
    if built is not None:
        strategy.built = built
    return strategy


# --- pictures of few columns ---------------------------------------------------------------------


# Most taps a sample, on average, that are summed in the definition's order, which is slow here.
cdef double TURNED_TAPS = 2


cdef inline bint is_tall(const Request* request) noexcept nogil:
    """Whether a picture has so few columns, and so many rows, that these should change places. Pixels of several
    samples would have to be taken apart, unless each is a row."""
    return ((request.channels == 1 or request.width == 1) and is_slim(request.height, request.width)
            and request.order == ANY_ORDER and not request.slices and not request.dilated)


cdef Kernel turned_kernel(Kernel kernel):
    """The kernel with rows and columns exchanged. Its chain bounds errors of sums in either order: its own, and
    the definition's."""
    cdef Py_ssize_t y, x, height = kernel.facts.height, width = kernel.facts.width
    cdef double* weights
    if kernel.turned is None:
        weights = <double*>malloc(height * width * sizeof(double))
        if weights == NULL:
            raise MemoryError("the weights of a kernel")
        for y in range(height):
            for x in range(width):
                weights[x * height + y] = kernel.facts.weights[y * width + x]
        kernel.turned = kernel_of(weights, width, height, False)
        free(weights)
        kernel.turned.facts.chain = max(chain_of_kernel(&kernel.facts), chain_of_kernel(&kernel.turned.facts))
    return kernel.turned


cdef bint may_turn(const Proposal* p, const Request* request) noexcept nogil:
    """Whether a strategy gives the same results with the axes exchanged, wherever a part of the picture
    begins."""
    if p.sums not in (TAPS, BOX, BOX_SLIDING, INT8_DOT):
        return False
    if not is_integer(request.target):
        return True
    return p.accumulator != STRICT and 2 * min(p.tie_tolerance, p.reorder_error) * p.taps < TURNED_TAPS


cdef Strategy turned_strategy(Kernel kernel, Strategy found):
    """A strategy for the turned kernel as one for the kernel itself."""
    cdef Strategy strategy = Strategy.__new__(Strategy)
    strategy.proposal, strategy.factors, strategy.built = found.proposal, found.factors, found.built
    strategy.proposal.turned = True
    strategy.summed = kernel.turned if found.summed is None else found.summed
    return strategy
