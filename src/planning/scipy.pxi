# SciPy's sums: requests with an order, whose results equal SciPy's to the last bit.
#
# Where every partial sum is exact, all orders and types give the same bits, and the fastest sums will do.
# Otherwise products are added in SciPy's order and type, without fused multiply-adds.

ORDER_NAMES = ("any", "definition", "convolve2d", "convolve2d reversed")
CAST_MODE_NAMES = ("rounded", "cast", "cast back", "wrapped", "half up")
LINE_KIND_NAMES = ("nothing", "list", "even", "odd", "mean")
LINE_ORDER_NAMES = ("down first", "across first", "added")


cdef int exact_accumulator(const Facts* f, const Request* request) noexcept nogil:
    """The fastest accumulator in which every partial sum is exact; ACCUMULATORS if there is none."""
    if is_exact(f, request, FLOAT32) and fits_float32(f):
        return FLOAT32
    return FLOAT64 if is_exact(f, request, FLOAT64) else ACCUMULATORS


cdef inline double price_of_any(const Work* work, int accumulator, int level) noexcept nogil:
    """A price from which the number of threads is derived. Float32 has no prices for samples of 32 and 64
    bits, since other methods never sum these in float32; then float64 gives an upper bound."""
    cdef double price = price_of(work, accumulator, level)
    return price if price < INFINITY else price_of(work, FLOAT64, level)


cdef const char* propose_in_order(Kernel kernel, const Request* request, Proposal* p) noexcept nogil:
    """Propose sums in the order of the request, or in any order if they are exact. Returns the reason if the
    request is refused, otherwise NULL."""
    cdef Facts* f = &kernel.facts
    cdef int accumulator = exact_accumulator(f, request)
    cdef Py_ssize_t cells = f.height * f.width
    cdef double largest = f.total * request.peak
    begin(kernel, request, DIRECT_METHOD, STRICT, p)
    if request.order == DEFINITION_ORDER or is_integer(request.target):
        if accumulator == ACCUMULATORS and request.order != DEFINITION_ORDER:
            return b"sums of integers would not be exact"
        p.accumulator = min(accumulator, STRICT)
        p.why = (b"SciPy's order of additions" if p.accumulator == STRICT
                 else b"exact sums, which are SciPy's in any order")
        propose_window(f, request, p)
        p.error = 0
    else:   # zero taps are kept, and exact sums do not help: the sign of a zero must be SciPy's, too
        p.accumulator = FLOAT32 if request.target == F32 else STRICT
        p.sums = CONVOLVE2D if request.order == CONVOLVE2D_ORDER else CONVOLVE2D_REVERSED
        p.why = b"SciPy's order of additions"
        add_rows(&p.work, request)
        add_window(&p.work, f.weights, f.height, f.width, cells, (f.height + 3) * f.width, False)
    p.cast_mode = request.cast_mode
    if p.cast_mode == WRAPPED and is_integer(request.target):
        if not largest < ldexp(1, 63):
            return b"sums may be beyond 64 bits"
        if largest < ldexp(1, 31):
            p.cast_mode = CAST  # it goes through 32 bits: the same results for such sums, and faster
    p.cost = price_of_any(&p.work, p.accumulator, request.priced)
    return NULL


cdef Shortlist ordered_shortlist(Kernel kernel, Request* request, int method):
    """A shortlist of one strategy, or of none."""
    cdef Shortlist shortlist = Shortlist.__new__(Shortlist)
    cdef Proposal p
    request.denominator = request.divisor = 0
    shortlist.request, shortlist.method, shortlist.built = request[0], method, []
    if propose_in_order(kernel, request, &p) == NULL:
        shortlist.fixed = strategy_of(kernel, kernel, &p, None)
    return shortlist


# --- filters along axes, one after the other: src/scipy/correlate1d.pxi, src/scipy/uniform_filter.pxi ----------
#
# The results of the first filter are rounded to the result's type before the second one.

cdef bint filter_is_exact(const Facts* f, int kind, int target, double constant, int accumulator, double* unit,
                          double* peak) noexcept nogil:
    """Whether a filter's sums equal SciPy's, for samples that are multiples of `unit` up to `peak`. Sets
    `unit` and `peak` to those of the results.

    A mean is divided in the accumulator's type. For integers, a float32 quotient falls on the same side of
    the next integer as SciPy's if its distance from that integer exceeds its rounding.
    """
    cdef double limit = exact_up_to(accumulator)
    if kind == NOTHING:
        return True
    if f.unit == 0 or f.total / f.unit * peak[0] / unit[0] > limit:
        return False
    if accumulator == FLOAT32 and not fits_float32(f):
        return False
    if kind == MEAN and accumulator == FLOAT32 and not (
            is_small(target) and 4 * f.height * f.width * peak[0] <= limit):
        return False
    if is_integer(target):
        unit[0], peak[0] = 1, max(peak_of(target), fabs(constant))
    else:
        unit[0], peak[0] = unit[0] * f.unit, max(peak[0] * f.total, fabs(constant))
    return True


cdef bint filters_are_exact(const Facts* first, int first_kind, const Facts* second, int second_kind, int source,
                            int target, double constant, bint added, int accumulator) noexcept nogil:
    """Whether sums of this type equal SciPy's, for both filters in sequence, or with `added` for each of
    them."""
    cdef double unit = 1, peak = max(peak_of(source), fabs(constant)), source_peak = peak
    if not is_integer(source) or peak_of(source) >= 2.0**32 or not (
            isfinite(constant) and constant == floor(constant)):
        return False
    if accumulator == FLOAT32 and (target == I64 or target == U64):
        return False    # rows between filters are of the sums' type, which cannot hold integers of 64 bits
    if not filter_is_exact(first, first_kind, target, constant, accumulator, &unit, &peak):
        return False
    if added:
        unit, peak = 1, source_peak
    return filter_is_exact(second, second_kind, target, constant, accumulator, &unit, &peak)


cdef void add_filter(Work* work, int kind, Py_ssize_t taps) noexcept nogil:
    if kind == MEAN:
        add_work(work, LINE_MEAN, 1)
    elif kind != NOTHING:
        add_work(work, LINE, 1)
        add_work(work, LINE_TAP, taps)


def lines_of(down, across):
    """The weights of two filters along axes. One of them may be a single 1, which does nothing.

    Parameters
    ----------
    down, across : buffers of float64
        In the order of the samples that they multiply; at least one weight each. For a mean only their number
        matters. They are copied.

    Returns
    -------
    Kernel
        Only for `decide_lines`.
    """
    cdef Doubles column = Doubles(down, 1), row = Doubles(across, 1)
    cdef Kernel kernel = Kernel.__new__(Kernel, None)
    cdef Facts* f = &kernel.facts
    cdef double* own
    if column.count == 0 or row.count == 0:
        raise ValueError("down and across must not be empty")
    f.height, f.width = column.count, row.count
    kernel.factors = PyBytes_FromStringAndSize(NULL, (f.height + f.width) * sizeof(double))
    own = <double*>PyBytes_AS_STRING(kernel.factors)
    memcpy(own, column.first, f.height * sizeof(double))
    memcpy(own + f.height, row.first, f.width * sizeof(double))
    kernel.memory, kernel.shortlists = kernel.factors, []
    f.weights, f.column, f.row = NULL, own, own + f.height
    return kernel


def decide_lines(Kernel lines, str down_kind, str across_kind, str line_order, int source, int target,
                 double constant, str level):
    """Choose how to filter along axes as SciPy does.

    Parameters
    ----------
    lines : Kernel
        Made by `lines_of`.
    down_kind, across_kind : {"nothing", "list", "even", "odd", "mean"}
        How each filter sums: not at all; from the last tap on ("list"); in pairs about the middle ("even" and
        "odd" symmetry); as a running mean.
    line_order : {"down first", "across first", "added"}
        Which filter is first. With "added" both filter the source, and their results are added.
    source, target : int
        Codes of the types of the samples read and written.
    constant : float
        The constant outside the image; 0 if no border is a constant.
    level : str

    Returns
    -------
    Strategy
    """
    cdef Proposal p
    cdef Facts down, across
    cdef int down_how = LINE_KIND_NAMES.index(down_kind), across_how = LINE_KIND_NAMES.index(across_kind)
    cdef int order = LINE_ORDER_NAMES.index(line_order), level_ = level_of(level)
    cdef bint exact
    if lines.facts.weights != NULL or lines.factors is None:
        raise ValueError("lines must be made by lines_of")
    if not (0 <= source < TYPES and 0 <= target < TYPES):
        raise ValueError(f"source and target must be from 0 to {TYPES - 1}; got {source}, {target}")
    look_at(&down, lines.facts.column, lines.facts.height, 1)
    look_at(&across, lines.facts.row, 1, lines.facts.width)
    if order == ACROSS_FIRST:
        exact = filters_are_exact(&across, across_how, &down, down_how, source, target, constant, False, FLOAT32)
    else:
        exact = filters_are_exact(&down, down_how, &across, across_how, source, target, constant,
                                  order == ADDED, FLOAT32)
    memset(&p, 0, sizeof(Proposal))
    p.method, p.sums, p.accumulator = DIRECT_METHOD, CORRELATE1D, FLOAT32 if exact else STRICT
    p.height, p.width, p.scale, p.cast_mode = lines.facts.height, lines.facts.width, 1, CAST
    p.down, p.across, p.down_kind, p.across_kind = lines.facts.column, lines.facts.row, down_how, across_how
    p.line_order = order
    # each sum of a running mean of floats is rounded, so each result depends on all samples before it
    p.history = down_how == MEAN and not filters_are_exact(
        &down, MEAN, &across, NOTHING, source, target, constant, False, STRICT)
    add_work(&p.work, LOAD + source, 1)
    add_work(&p.work, STORE + target, 1)
    add_filter(&p.work, down_how, p.height)
    add_filter(&p.work, across_how, p.width)
    p.cost = price_of_any(&p.work, p.accumulator, level_ if is_integer(target) else LEVELS - 1)
    p.why = b"exact sums, which are SciPy's in any order" if exact else b"SciPy's order of additions"
    return strategy_of(lines, lines, &p, None)
