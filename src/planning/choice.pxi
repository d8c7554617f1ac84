# The choice: the methods propose, proposals are admitted and priced, and the cheapest is taken.

ctypedef const char* (*Propose)(Kernel, const Request*, Proposal*) except? NULL

# They are asked in this order. If two cost the same, the first is taken.
METHODS = ("direct", "separable", "sparse", "box", "dot", "fft", "wide")

cdef enum:
    METHOD_COUNT = 7
    DIRECT_METHOD = 0
    SEPARABLE_METHOD = 1
    SPARSE_METHOD = 2
    BOX_METHOD = 3
    DOT_METHOD = 4
    FFT_METHOD = 5
    BOX_STRIP = 384     # STRIP_SAMPLES in src/schedule/strips.pxi
    WIDE_METHOD = 6
    ANY_METHOD = -1

cdef Propose[METHOD_COUNT] PROPOSE
PROPOSE[:] = [propose_direct, propose_separable, propose_sparse, propose_box, propose_dot, propose_fft,
              propose_wide]


cdef int method_of(str name) except -2:
    cdef int method
    if name == "auto":
        return ANY_METHOD
    for method in range(METHOD_COUNT):
        if name == <str>METHODS[method]:
            return method
    raise ValueError(f"method must be auto or one of {', '.join(METHODS)}; got {name!r}")


cdef int fill_request(Request* r, Kernel kernel, int source, int target, double low, double high,
                      bint integral, Py_ssize_t height, Py_ssize_t width, Py_ssize_t channels, str level,
                      double offset, bint absolute, str order="any", str cast_mode="rounded", Py_ssize_t slices=0,
                      tuple steps=(1, 1), bint dilated=False) except -1:
    if kernel.memory is None:
        raise ValueError("kernel must have weights")
    if not (0 <= source < TYPES and 0 <= target < TYPES):
        raise ValueError(f"source and target must be from 0 to {TYPES - 1}; got {source}, {target}")
    r.source, r.target, r.low, r.high, r.integral = source, target, low, high, integral
    r.peak = high if high > -low else -low
    r.height, r.width, r.channels = height, width, channels
    r.offset, r.absolute, r.slices = offset, absolute, slices
    r.row_step, r.col_step = steps
    r.dilated = dilated
    r.order = ANY_ORDER if order == "any" else ORDER_NAMES.index(order)
    r.cast_mode = ROUNDED if cast_mode == "rounded" else CAST_MODE_NAMES.index(cast_mode)
    r.level = level_of(level)
    # The method decides the last bits of float results, so it must not depend on the machine's level. Integer
    # results are the same for all methods.
    r.priced = r.level if is_integer(target) else LEVELS - 1
    return 0


cdef bint same_but_for_size(const Request* a, const Request* b) noexcept nogil:
    return (
        a.source == b.source and a.target == b.target and a.low == b.low and a.high == b.high
        and a.integral == b.integral and a.channels == b.channels and a.offset == b.offset
        and a.absolute == b.absolute and a.level == b.level and a.order == b.order
        and a.cast_mode == b.cast_mode and a.slices == b.slices
        and a.row_step == b.row_step and a.col_step == b.col_step and a.dilated == b.dilated
    )


cdef void begin(Kernel kernel, const Request* request, int method, int accumulator,
                Proposal* p) noexcept nogil:
    memset(p, 0, sizeof(Proposal))
    p.method, p.accumulator, p.scale, p.divisor, p.cost = method, accumulator, 1, request.divisor, INFINITY
    p.offset, p.absolute = request.offset, request.absolute
    p.height, p.width, p.taps = kernel.facts.height, kernel.facts.width, kernel.facts.taps


cdef const char* finish(Kernel kernel, const Request* request, Proposal* p) noexcept nogil:
    """Admit and price a method's proposal. Returns the reason if it is not admitted, otherwise NULL."""
    cdef const char* reason
    if request.absolute and p.sums == INT8_DOT:
        return b"its sums become pixels with their signs"
    reason = admit(p, &kernel.facts, request)
    if reason == NULL:
        p.cost = price_of(&p.work, p.accumulator, request.priced)
    return reason


cdef inline bint takes_folded(const Facts* f, int method) noexcept nogil:
    """Whether a method sums any weights. Weights that are rounded sums of the definition's are none that others
    find exact: equal, whole, or products."""
    return f.definition == NULL or method in (DIRECT_METHOD, SPARSE_METHOD, FFT_METHOD)


cdef const char* ask(Kernel kernel, const Request* request, int method, Proposal* p) except? NULL:
    """Fill in a method's own proposal. Only two methods know kernels whose weights are not listed."""
    if kernel.facts.weights == NULL and method != SEPARABLE_METHOD and method != BOX_METHOD:
        return b"the kernel is given by its column and row"
    if not takes_folded(&kernel.facts, method):
        return b"the weights are rounded sums"
    if request.slices:
        return propose_volume(kernel, request, p)
    if request.dilated:
        return propose_dilated(kernel, request, p)
    return PROPOSE[method](kernel, request, p)


cdef const char* propose(Kernel kernel, const Request* request, int method, int accumulator,
                         Proposal* p) except? NULL:
    """Fill in a proposal, admit it and price it. Returns the reason if there is none, otherwise NULL. The
    kernel is the one whose weights are summed."""
    cdef const char* reason
    begin(kernel, request, method, accumulator, p)
    reason = ask(kernel, request, method, p)
    return finish(kernel, request, p) if reason == NULL else reason


cdef str refusal(Kernel kernel, const Request* request):
    """The error message where the definition's float64 sum would be silently wrong; otherwise None."""
    cdef Facts* f = &kernel.facts
    cdef Proposal p
    cdef str source = TYPE_NAMES[request.source]
    if not (is_integer(request.target) and is_integer(request.source) and peak_of(request.source) > 65536):
        return None
    if request.peak > ldexp(1, 64):     # only the constant can be as large
        return (
            f"cval must be within +-2**64 for an exact sum of {source}; got one of magnitude "
            f"{request.peak:.3g}. Convert the image to float64 for a rounded one"
        )
    if needs_exact_int64(f, request):
        if propose(kernel, request, WIDE_METHOD, STRICT, &p) == NULL:
            return None
        return (
            f"kernel must have weights whose magnitudes sum to less than 2**31 for an exact sum of "
            f"{source}; got {f.total:.3g}. Convert the image to float64 for a rounded one"
        )
    if request.denominator == 0 and request.peak > ldexp(1, 53):
        return (
            f"image must stay within +-2**53 where the kernel is not rational or cval has a fraction; got "
            f"{source} values up to 2**{log2(request.peak):.0f}. Convert the image to "
            f"float64 for a rounded result"
        )
    return None


cdef double padded_cost(const Proposal* p, Py_ssize_t height, Py_ssize_t width) noexcept nogil:
    """Price of a strategy whose own price does not depend on the size, with the margins outside the image
    that it sums as well."""
    cdef double rows = 1 + (p.height - 1) / <double>max(height, 1)
    if p.sums == BOX:       # each strip has its own margins; see strip_width in src/schedule/strips.pxi
        return p.cost * rows * (1 + (p.width - 1) / <double>max(1, min(width, BOX_STRIP)))
    if p.sums == BOX_SLIDING:
        return p.cost * rows
    return p.cost * (1 + rows) / 2 if p.across != NULL else p.cost


@cython.final
cdef class Shortlist:
    """The strategies that remain for a kernel when all but the size of the result is known."""
    cdef Request request        # its height and width change with each call
    cdef Kernel summed          # the kernel whose weights are summed; None: the one that holds this shortlist
    cdef int method             # the requested method
    cdef Strategy fixed         # the cheapest strategy whose price does not depend on the size, or None
    # Whether small tiles, spectra of lines and large tiles, whose prices depend on the size, are possible
    # with each accumulator.
    cdef bint tiles[ACCUMULATORS]
    cdef bint lines[ACCUMULATORS]
    cdef bint dense[ACCUMULATORS]
    cdef list built             # the last of (accumulator, sums, rows and columns of a tile, Built)

    cdef Strategy choose(self, Kernel kernel, Py_ssize_t height, Py_ssize_t width):
        """The cheapest strategy for results of this size; None if none is possible."""
        cdef Proposal best, p
        cdef int accumulator, sums
        cdef bint found = False
        cdef Kernel summed = kernel if self.summed is None else self.summed
        best.cost = padded_cost(&self.fixed.proposal, height, width) if self.fixed is not None else INFINITY
        self.request.height, self.request.width = height, width
        # large tiles come last, since DENSE_MARGIN compares them with the best of all others
        for sums in (FFT, SPECTRAL_LINES, SPECTRA):
            for accumulator in range(ACCUMULATORS):
                if self.propose_cheaper(summed, sums, accumulator, best.cost, &p):
                    best, found = p, True
        return strategy_of(kernel, summed, &best, self.built_of(&best)) if found else self.fixed

    cdef bint propose_cheaper(self, Kernel kernel, int sums, int accumulator, double limit,
                              Proposal* p) noexcept:
        """Propose spectra of this kind. Returns whether they are possible and cost less than `limit`."""
        cdef Facts* f = &kernel.facts
        cdef int tile
        if sums != FFT:
            limit -= SPECTRA_CALL / max(1, self.request.height * self.request.width * self.request.channels)
        if sums == FFT and self.tiles[accumulator]:
            tile = cheapest_tile(f, &self.request, accumulator, limit)
            if tile < 0:
                return False
            begin(kernel, &self.request, FFT_METHOD, accumulator, p)
            propose_tile(f, &self.request, p, tile)
        elif sums == SPECTRAL_LINES and self.lines[accumulator]:
            begin(kernel, &self.request, SEPARABLE_METHOD, accumulator, p)
            if not propose_lines(f, &self.request, p, limit):
                return False
            if self.method == ANY_METHOD and prove_little(f, &self.request, p):
                return False
        elif sums == SPECTRA and self.dense[accumulator]:
            limit *= DENSE_MARGIN
            begin(kernel, &self.request, FFT_METHOD, accumulator, p)
            if not propose_dense(f, &self.request, p, limit):
                return False
        else:
            return False
        return finish(kernel, &self.request, p) == NULL and p.cost < limit

    cdef Built built_of(self, const Proposal* p):
        cdef Built built
        cdef tuple key = (p.accumulator, p.sums, p.tile, p.tile_width)
        for known in self.built:
            if known[:4] == key:
                return known[4]
        built = Built()
        if len(self.built) == MOST_BUILT:
            del self.built[0]
        self.built.append((*key, built))
        return built


cdef Shortlist shortlist_of(Kernel kernel, Request* request, int method):
    """Ask the methods. Raises ValueError if no exact result is possible."""
    cdef Shortlist shortlist = Shortlist.__new__(Shortlist)
    cdef Kernel summed = summed_for(kernel, request)
    cdef Facts* f = &summed.facts
    cdef bint wide = needs_exact_int64(f, request), listed
    cdef Proposal best, p
    cdef const char* reason
    cdef int each, accumulator
    cdef int first = first_accumulator(f, request), last = last_accumulator(f, request)
    cdef str refused = refusal(summed, request)
    if refused is not None:
        raise ValueError(refused)
    shortlist.request, shortlist.method, shortlist.built = request[0], method, []
    if summed is not kernel:
        shortlist.summed = summed
    best.cost = INFINITY
    for each in range(METHOD_COUNT):
        if (method != ANY_METHOD and each != method) or (wide and each != WIDE_METHOD):
            continue
        if not takes_folded(f, each):
            continue
        for accumulator in range(first, last + 1):
            if each == FFT_METHOD and not request.slices and not request.dilated:
                listed = f.weights != NULL
                shortlist.tiles[accumulator] = listed and refuse_fft(f, accumulator) == NULL
                shortlist.dense[accumulator] = listed and refuse_spectra(f, accumulator) == NULL
                continue
            begin(summed, request, each, accumulator, &p)
            p.cost = best.cost
            if each == SEPARABLE_METHOD and not request.slices and not request.dilated:
                shortlist.lines[accumulator] = refuse_lines(summed, accumulator) == NULL
                reason = propose_passes(summed, request, &p)
            else:
                reason = ask(summed, request, each, &p)
            if reason == NULL and finish(summed, request, &p) == NULL and p.cost < best.cost:
                best = p
    if method == DIRECT_METHOD and best.cost == INFINITY:   # the kernel has zeros: its other taps are listed
        for accumulator in range(first, last + 1):
            if not wide and propose(kernel, request, SPARSE_METHOD, accumulator,
                                    &p) == NULL and p.cost < best.cost:
                best = p
                best.method = DIRECT_METHOD
    if best.cost < INFINITY:
        shortlist.fixed = strategy_of(kernel, summed, &best, None)
    return shortlist


cdef Shortlist remembered(Kernel kernel, Request* request, int method):
    cdef Shortlist shortlist
    for shortlist in kernel.shortlists:
        if shortlist.method == method and same_but_for_size(&shortlist.request, request):
            return shortlist
    if request.order == ANY_ORDER:
        shortlist = shortlist_of(kernel, request, method)
    else:
        shortlist = ordered_shortlist(kernel, request, method)
    if len(kernel.shortlists) < MOST_SHORTLISTS:
        kernel.shortlists.append(shortlist)
    else:
        kernel.shortlists[kernel.next_shortlist] = shortlist
        kernel.next_shortlist = (kernel.next_shortlist + 1) % MOST_SHORTLISTS
    return shortlist


cdef Strategy chosen_turned(Kernel kernel, const Request* request, int method):
    """The strategy for a tall picture with its rows and columns exchanged; None if there is none. Rows of few
    pixels would each cost more than their sums. Integers that are copied (src/methods/copy.pxi) stay."""
    cdef Request turned = request[0]
    cdef Kernel other
    cdef Strategy found
    cdef Facts* f = &kernel.facts
    if f.weights == NULL or f.definition != NULL:
        return None
    if is_integer(request.target) and f.height * f.width == 1 and f.weights[0] == 1:
        return None
    other = turned_kernel(kernel)
    turned.height, turned.width = request.width, request.height
    found = remembered(other, &turned, method).choose(other, turned.height, turned.width)
    if found is None or not may_turn(&found.proposal, request):
        return None
    return turned_strategy(kernel, found)


cpdef Strategy decide(Kernel kernel, int source, int target, double low, double high, bint integral,
                      Py_ssize_t height, Py_ssize_t width, Py_ssize_t channels, str method, str level,
                      double offset=0, bint absolute=False, str order="any", str cast_mode="rounded",
                      Py_ssize_t slices=0, tuple steps=(1, 1), bint dilated=False):
    """Choose a method.

    Parameters
    ----------
    kernel : Kernel
    source, target : int
        Codes of the types of the samples read and written.
    low, high : float
        Range of samples and constant; infinite for floats.
    integral : bool
        Whether samples and constant are integers.
    height, width : int
        Of the result.
    channels : int
        Samples of a pixel.
    method : str
        "auto" or a name in `METHODS`.
    level : str
        Of the engine; registered by `describe_level`.
    offset : float
        A number that is added to every result before it is rounded.
    absolute : bool
        Whether the results are the magnitudes of the sums with the offset.
    order : {"any", "definition", "convolve2d", "convolve2d reversed"}
        Order in which products are added. All but "any" give SciPy's results to the last bit: those of its
        windows, of its correlate2d, and of its convolve2d. They require the method "auto". For "convolve2d
        reversed" and a float target, the weights are in SciPy's order: the last one comes first on the
        window.
    cast_mode : {"rounded", "cast", "cast back", "wrapped"}
        How sums become integers (src/rows/cast.pxi). Sums in any order are "rounded"; the others are SciPy's.
    slices : int
        Number of slices of a kernel of three axes, whose rows are listed slice by slice; 0 for two axes.
    steps : (int, int)
        From one of the results of such a kernel to the next one, down and across.
    dilated : bool
        Whether the taps of a picture's kernel stand some pixels apart.

    Returns
    -------
    Strategy

    Raises
    ------
    ValueError
        `method` cannot do this, or no exact result is possible.
    """
    cdef Request request
    cdef Strategy found
    cdef int requested_method = method_of(method)
    fill_request(&request, kernel, source, target, low, high, integral, height, width, channels, level,
                 offset, absolute, order, cast_mode, slices, steps, dilated)
    if slices < 0 or (slices and kernel.facts.height % slices):
        raise ValueError(f"slices must divide {kernel.facts.height} rows; got {slices}")
    if request.order == ANY_ORDER and request.cast_mode != ROUNDED:
        raise ValueError(f"cast_mode must be rounded for sums in any order; got {cast_mode!r}")
    if request.order != ANY_ORDER and (requested_method != ANY_METHOD or offset or absolute
                                       or kernel.facts.weights == NULL):
        raise ValueError(f"order must be any for a method, an offset or a product; got {order!r}")
    with cython.critical_section(kernel):
        found = chosen_turned(kernel, &request, requested_method) if is_tall(&request) else None
        if found is None:
            found = remembered(kernel, &request, requested_method).choose(kernel, height, width)
        if found is None:
            raise ValueError(f"method={method!r} cannot do this: {reason_of(kernel, &request, method)}")
    return found


# --- reasons, for `explain` and for errors -------------------------------------------------------


cdef list weighed(Kernel kernel, Kernel summed, const Request* request, list reasons):
    """All strategies that would do. Appends to `reasons` each method that refuses some accumulator, with its
    reason for the fastest of these."""
    cdef Proposal p
    cdef const char* reason
    cdef str first
    cdef list found = []
    cdef int method, accumulator
    for method in range(METHOD_COUNT):
        first = None
        for accumulator in range(first_accumulator(&summed.facts, request),
                                 last_accumulator(&summed.facts, request) + 1):
            reason = propose(summed, request, method, accumulator, &p)
            if reason == NULL:
                found.append(strategy_of(kernel, summed, &p, None))
            elif first is None:
                first = said(reason, &p)
        if first is not None:
            reasons.append((METHODS[method], first))
    return found


cdef str reason_of(Kernel kernel, Request* request, str method):
    cdef list reasons = []
    cdef Proposal p
    if request.order != ANY_ORDER:
        return said(propose_in_order(kernel, request, &p), &p)
    weighed(kernel, summed_for(kernel, request), request, reasons)
    return dict(reasons).get(method, "sums would not be exact")


def rejected(Kernel kernel, int source, int target, double low, double high, bint integral, Py_ssize_t height,
             Py_ssize_t width, Py_ssize_t channels, str method, str level, double offset=0, bint absolute=False,
             Py_ssize_t slices=0, tuple steps=(1, 1), bint dilated=False):
    """Why `decide`, given the same arguments, takes no other method.

    Returns
    -------
    tuple of (str, str)
        Method and reason. Methods that are not possible come first, in the order in which they are asked;
        then the slower ones.
    """
    cdef Request request
    cdef Kernel summed
    cdef Strategy best = decide(kernel, source, target, low, high, integral, height, width, channels, method,
                                level, offset, absolute, "any", "rounded", slices, steps, dilated)
    cdef Strategy s
    cdef list reasons = [], found
    fill_request(&request, kernel, source, target, low, high, integral, height, width, channels, level,
                 offset, absolute, "any", "rounded", slices, steps, dilated)
    with cython.critical_section(kernel):
        summed = summed_for(kernel, &request)
        found = weighed(kernel, summed, &request, reasons)
    if needs_exact_int64(&summed.facts, &request):
        found = [s for s in found if s.proposal.method == WIDE_METHOD]
    found = [s for s in found if method in ("auto", s.method) and s.method != best.method]
    slower = {s.method: s for s in sorted(found, key=lambda s: -s.cost)}    # the cheapest of each method
    return (
        *[(name, reason) for name, reason in reasons if name not in slower and name != best.method],
        *[(name, f"slower: {s.cost:.2f} ns a sample, {s.accumulator} sums") for name, s in slower.items()],
    )


cdef bint holds(Py_ssize_t points, Py_ssize_t taps, bint dense) noexcept nogil:
    """Whether an axis of `taps` taps may be transformed with so many points. 0 points mean no transform."""
    return points > taps if points else taps == 1 and not dense


cdef const char* propose_points(Kernel kernel, const Request* request, Proposal* p,
                                tuple points) except? NULL:
    """Propose spectra of tiles of `points` rows and columns."""
    cdef Facts* f = &kernel.facts
    cdef bint dense = p.method == FFT_METHOD
    cdef const char* reason = refuse_spectra(f, p.accumulator) if dense else refuse_lines(kernel,
                                                                                          p.accumulator)
    cdef int i = POINTS.index(points[0]) if points[0] else -1
    cdef int k = POINTS.index(points[1]) if points[1] else -1
    if not (dense or p.method == SEPARABLE_METHOD) or not (
            holds(points[0], f.height, dense) and holds(points[1], f.width, dense)):
        raise ValueError(f"points must be of spectra, and hold the kernel; got {points}")
    begin(kernel, request, p.method, p.accumulator, p)
    if reason != NULL:
        return reason
    if dense:
        propose_dense_tile(f, request, p, i, k)
    else:
        propose_lines_tile(f, request, p, i, k)
    return NULL


def proposed(Kernel kernel, int source, int target, double low, double high, bint integral, Py_ssize_t height,
             Py_ssize_t width, Py_ssize_t channels, str method, str level, str accumulator, *,
             double offset=0, bint absolute=False, Py_ssize_t tile=0, tuple points=None, double error=0,
             str cast_mode="rounded"):
    """The strategy of one method with sums of one type, whether or not another would be cheaper.

    Parameters
    ----------
    accumulator : {"float32", "float64", "strict"}
    tile : int
        One of `TILES`, for an FFT; 0: the cheapest.
    points : (int, int), optional
        Two of `POINTS`, for spectra of large tiles: rows and columns. A line has 0 along its other axis.
    error : float
        The error of the sums is assumed to be at least this, to measure what watching ties costs.
    cast_mode : str
        As in `Strategy`. No ties are watched unless it is "rounded".

    The other parameters are those of `decide`.

    Returns
    -------
    Strategy or str
        The reason, if there is no strategy.
    """
    cdef Request request
    cdef Kernel summed
    cdef Proposal p
    cdef const char* reason
    cdef int number = method_of(method), sums = ACCUMULATOR_NAMES.index(accumulator)
    cdef int side = TILES.index(tile) if tile else -1
    if number == ANY_METHOD:
        raise ValueError("method must be one of its own; got 'auto'")
    if tile and (number != FFT_METHOD or tile < max(kernel.facts.height, kernel.facts.width)):
        raise ValueError(f"tile must be that of an FFT, and hold the kernel; got {tile}")
    fill_request(&request, kernel, source, target, low, high, integral, height, width, channels, level,
                 offset, absolute)
    with cython.critical_section(kernel):
        summed = summed_for(kernel, &request)
        begin(summed, &request, number, sums, &p)
        reason = ask(summed, &request, number, &p)
        if reason == NULL and tile:
            begin(summed, &request, number, sums, &p)
            propose_tile(&summed.facts, &request, &p, side)
        if points is not None:
            reason = propose_points(summed, &request, &p, points)
        if reason == NULL:
            p.error = max(p.error, error)
            reason = finish(summed, &request, &p)
        if reason != NULL:
            return said(reason, &p)
        p.cast_mode = CAST_MODE_NAMES.index(cast_mode)
        return strategy_of(kernel, summed, &p, None)
