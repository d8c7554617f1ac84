# Spectra of large tiles (src/methods/spectra.pxi): for the method fft with kernels of any size, and for the
# method separable with long lines.

cdef enum:
    FEWEST_TAPS = 50            # fewest taps of a kernel for which large tiles are considered
    MOST_POINTS = 256
    COPIED_BYTES = 16 << 20     # of one array of a tile: its frequencies, or the rows between two filters
    KEPT_BYTES = 56 << 20       # most that a plan keeps with a spectrum: KEPT_SPECTRUM of the engine
    LINES_STEP = 256            # rows of a tile that is filtered across only: LINES_ROWS of the engine

# A tile of more than COPIED_BYTES is taken only if the best of the others costs this many times as much.
cdef double FAR_TILES = 1.25
# Large tiles replace small tiles and taps only if they are cheaper by more than this factor, since their
# prices vary.
cdef double DENSE_MARGIN = 0.9
# ns that a call of large tiles or of lines takes beyond its price. Measured: 8 us for 28 x 28 samples priced
# at 1 us.
cdef double SPECTRA_CALL = 6000
cdef double SMALLEST_TOTAL = 2.0**-100, LARGEST_TOTAL = 2.0**100

# Numbers of points of a transform: no prime factors over 5, and whole strips of all types and levels (32
# columns of float32).
POINTS = tuple(sorted(
    n for n in (2**a * 3**b * 5**c for a in range(5, 17) for b in range(6) for c in range(5)) if n <= 2**16
))
cdef int POINT_COUNT = len(POINTS)
cdef Py_ssize_t[MOST_POINTS] POINT
cdef double[MOST_POINTS] POINT_LEVELS       # binary logarithm of each
cdef double[MOST_POINTS] POINT_ROUNDINGS    # roundings of a transform of each


cdef double roundings_of(Py_ssize_t n) noexcept nogil:
    """Error of a transform of n points in roundings, relative to the Euclidean norm of its input. The passes
    are those of src/methods/fft.pxi: of 5, of 3 and of 4 points, and a last one of 8 or 4.

    A product with a twiddle adds 2.3 roundings, and 1 since the twiddle itself is rounded. Then come two or
    three additions; with 3 and 5 points come sums of products instead, whose magnitudes add up to sqrt(3) and
    sqrt(5) times the norm (Higham, Accuracy and Stability of Numerical Algorithms, 24.1).
    """
    cdef double total = 6   # the last pass
    while n % 5 == 0:
        n //= 5
        total += 22
    while n % 3 == 0:
        n //= 3
        total += 13
    while n > 8:
        n //= 4
        total += 6
    return total


def _list_points():
    cdef int i
    if POINT_COUNT > MOST_POINTS:
        raise ValueError(f"MOST_POINTS must be at least {POINT_COUNT}")
    for i in range(POINT_COUNT):
        POINT[i] = POINTS[i]
        POINT_LEVELS[i], POINT_ROUNDINGS[i] = log2(POINT[i]), roundings_of(POINT[i])


_list_points()


cdef inline double sample_bytes(int accumulator) noexcept nogil:
    return 4 if accumulator == FLOAT32 else 8


cdef inline double both_roundings(double down, double across) noexcept nogil:
    """Roundings of the samples' transform, of the kernel's, of their product and of the inverse transform. No
    result is off by more than these times the norms of samples and weights, since the magnitudes of a product
    of spectra add up to no more (Cauchy and Schwarz). `down` and `across` are `roundings_of` the transforms,
    or -2 where there is none."""
    return 1.01 * (3 * (down + 2 + across + 2) + 4)


cdef double norm_of(const double* w, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    cdef double total = 0
    for i in range(n):
        total += w[i] * w[i]
    return sqrt(total)


cdef const char* refuse_spectra(const Facts* f, int accumulator) noexcept nogil:
    """The reason why neither kind of large tiles will do; NULL if there is none."""
    if accumulator == STRICT:
        return b"the definition's order of taps is not an FFT's"
    if not f.finite:
        return b"the kernel is not finite"
    if not SMALLEST_TOTAL < f.total < LARGEST_TOTAL:
        return b"the weights are too small, or large, for spectra"
    if f.taps < FEWEST_TAPS:
        return b"too few taps for spectra"
    if max(f.height, f.width) >= POINT[POINT_COUNT - 1]:
        return b"the kernel is larger than the largest transform"
    return NULL


cdef int least_points(Py_ssize_t taps) noexcept nogil:
    """Index in POINT of the fewest points that hold a window."""
    cdef int i = 0
    while POINT[i] <= taps:
        i += 1
    return i


cdef int most_points(Py_ssize_t taps, Py_ssize_t length) noexcept nogil:
    """Index in POINT of the fewest points that hold the windows of `length` results, or of the last entry."""
    cdef int i = least_points(taps)
    while i < POINT_COUNT - 1 and POINT[i] < length + taps - 1:
        i += 1
    return i


cdef inline double tiles_of(Py_ssize_t length, Py_ssize_t taps, Py_ssize_t points) noexcept nogil:
    """Number of tiles along an axis."""
    cdef Py_ssize_t step = points - taps + 1
    return (length + step - 1) // step


# --- kernels of two axes ---------------------------------------------------------------------------------------


cdef void add_dense_work(Work* work, const Facts* f, const Request* request, int accumulator, int i,
                         int k) noexcept nogil:
    """Add the work of tiles of POINT[i] rows and POINT[k] columns."""
    cdef double area = <double>POINT[i] * POINT[k], levels = (POINT_LEVELS[i] + POINT_LEVELS[k]) / 20
    cdef double one = area / max(1, request.height * request.width)
    cdef double share = one * (tiles_of(request.height, f.height, POINT[i])
                               * tiles_of(request.width, f.width, POINT[k]))
    add_work(work, SPECTRA_TILE, share * levels * proof_of(request, accumulator))
    if request.cancels:
        add_work(work, SPECTRA_SIGNED, share * levels)
    if area * sample_bytes(accumulator) + 8.0 * f.height * f.width > KEPT_BYTES:
        add_work(work, SPECTRA_KERNEL, one * levels / request.channels)
    add_work(work, LOAD + request.source, share)
    add_work(work, STORE + request.target, 1)


cdef bint cheapest_dense(const Facts* f, const Request* request, int accumulator, double limit, int* best_i,
                         int* best_k) noexcept nogil:
    """Find the tile that costs least. Returns whether it costs less than `limit`."""
    cdef double cost = cheapest_within(f, request, accumulator, limit, COPIED_BYTES, best_i, best_k)
    return cheapest_within(f, request, accumulator, cost / FAR_TILES if cost < limit else limit, INFINITY,
                           best_i,
                           best_k) < limit or cost < limit


cdef double cheapest_within(const Facts* f, const Request* request, int accumulator, double limit,
                            double bytes_, int* best_i, int* best_k) noexcept nogil:
    """The least cost of a tile of at most `bytes_` bytes, and its indices; `limit` if none costs less."""
    cdef int i, k, least_i = least_points(f.height), least_k = least_points(f.width)
    cdef int last_i = most_points(f.height, request.height), last_k = most_points(f.width, request.width)
    cdef double least = (PRICE[request.priced][accumulator][LOAD + request.source]
                         + PRICE[request.priced][accumulator][STORE + request.target])
    cdef double rate = PRICE[request.priced][accumulator][SPECTRA_TILE] / 20, cost
    cdef Work work
    for i in range(least_i, last_i + 1):
        for k in range(least_k, last_k + 1):
            # each sample of the result needs at least one sample of a tile
            if rate * (POINT_LEVELS[i] + POINT_LEVELS[k]) + least >= limit:
                continue
            if <double>POINT[i] * POINT[k] * sample_bytes(accumulator) > bytes_:
                continue
            work.count = 0
            add_dense_work(&work, f, request, accumulator, i, k)
            cost = price_of(&work, accumulator, request.priced)
            if cost < limit:
                best_i[0], best_k[0], limit = i, k, cost
    return limit


cdef bint propose_dense(const Facts* f, const Request* request, Proposal* p, double limit) noexcept nogil:
    """Propose spectra of the cheapest tile. Returns whether it costs less than `limit`."""
    cdef int i = 0, k = 0
    if not cheapest_dense(f, request, p.accumulator, limit, &i, &k):
        return False
    propose_dense_tile(f, request, p, i, k)
    return True


cdef void propose_dense_tile(const Facts* f, const Request* request, Proposal* p, int i,
                             int k) noexcept nogil:
    cdef double roundings, norm
    p.sums, p.tile, p.tile_width = SPECTRA, POINT[i], POINT[k]
    add_dense_work(&p.work, f, request, p.accumulator, i, k)
    norm = norm_of(f.weights, f.height * f.width)
    roundings = both_roundings(POINT_ROUNDINGS[i], POINT_ROUNDINGS[k])
    p.doubt[0] = roundings * norm * rounding_of(p.accumulator)
    p.fine_doubt[0] = roundings * norm * rounding_of(FLOAT64)
    settle_spectra(p, f, request, p.doubt[0] * sqrt(<double>POINT[i] * POINT[k]) * request.peak)
    p.why = b"spectra of tiles of {tile} x {tile_width}, whatever the number of taps"


cdef void settle_spectra(Proposal* p, const Facts* f, const Request* request, double error) noexcept nogil:
    """Set the tolerance, the grid and the error. Sums of integers are multiples of a power of two, the grid.
    If the error is smaller than half of it, rounding to the grid makes them exact."""
    # the factors of a separable kernel may differ from it by some roundings of float64
    p.tolerance = 2 * rounding_of(p.accumulator) * (f.taps - 8)
    p.error = error
    if (request.integral and error < f.unit / 4
            and f.total * request.peak / f.unit <= ldexp(1, 22 if p.accumulator == FLOAT32 else 51)):
        p.grid, p.error = f.unit, 0


# --- separable kernels -----------------------------------------------------------------------------------------


cdef const char* refuse_lines(Kernel kernel, int accumulator) except? NULL:
    """The reason why spectra of lines will not do; NULL if there is none."""
    cdef Facts* f = &kernel.facts
    cdef const char* reason = refuse_spectra(f, accumulator)
    if reason != NULL:
        return reason
    if f.rank_one < 0:
        find_factors(kernel)
    if not f.rank_one:
        return b"the kernel is not of rank one"
    if accumulator == FLOAT32 and not factors_fit_float32(f):
        return b"a factor of the kernel is too small for float32"
    return NULL


cdef int cheapest_across(const Facts* f, const Request* request) noexcept nogil:
    """Index in POINT of the cheapest length of the rows' transforms."""
    cdef int i, best = least_points(f.width)
    cdef double cost, limit = INFINITY
    for i in range(best, most_points(f.width, request.width) + 1):
        cost = tiles_of(request.width, f.width, POINT[i]) * POINT[i] * POINT_LEVELS[i]
        if cost < limit:
            best, limit = i, cost
    return best


cdef void add_lines_work(Work* work, const Facts* f, const Request* request, int i, int k) noexcept nogil:
    """Add the work of transforms of POINT[i] points down and POINT[k] across. An index is negative where
    nothing is filtered."""
    cdef double height = max(1, request.height), width = max(1, request.width), tiles, rows = 1
    if i >= 0:
        tiles = tiles_of(request.height, f.height, POINT[i])
        add_work(work, SPECTRA_DOWN, POINT[i] * tiles / height * POINT_LEVELS[i] / 10)
        rows = tiles * min(POINT[i], request.height, (height + f.height - 1) / tiles) / height
    if k >= 0:
        tiles = tiles_of(request.width, f.width, POINT[k])
        add_work(work, SPECTRA_ACROSS, rows * POINT[k] * tiles / width * POINT_LEVELS[k] / 10)
    add_work(work, LOAD + request.source, rows)
    add_work(work, STORE + request.target, 1)


cdef int cheapest_down(const Facts* f, const Request* request, int accumulator, int k) noexcept nogil:
    """Index in POINT of the cheapest length of the columns' transforms, if those of the rows have POINT[k]
    points."""
    cdef int i, near = -1, far = -1
    cdef double cost, near_cost = INFINITY, far_cost = INFINITY
    cdef Work work
    for i in range(least_points(f.height), most_points(f.height, request.height) + 1):
        work.count = 0
        add_lines_work(&work, f, request, i, k)
        cost = price_of(&work, accumulator, request.priced)
        if cost < far_cost:
            far, far_cost = i, cost
        if cost < near_cost and (<double>min(POINT[i], request.height) * request.width
                                 * sample_bytes(accumulator) <= COPIED_BYTES):
            near, near_cost = i, cost
    return near if near_cost <= FAR_TILES * far_cost else far


cdef bint propose_lines(const Facts* f, const Request* request, Proposal* p, double limit) noexcept nogil:
    """Propose spectra of rows and then of columns. Returns whether they cost less than `limit`. The kernel's
    factors must be known."""
    cdef int i = -1, k = -1
    cdef Work work
    work.count = 0
    if f.width > 1:
        k = cheapest_across(f, request)
    if f.height > 1:
        i = cheapest_down(f, request, p.accumulator, k)
    add_lines_work(&work, f, request, i, k)
    if not price_of(&work, p.accumulator, request.priced) < limit:
        return False
    propose_lines_tile(f, request, p, i, k)
    return True


cdef void propose_lines_tile(const Facts* f, const Request* request, Proposal* p, int i,
                             int k) noexcept nogil:
    cdef double across = 0, down = 0, total_row = sum_of_magnitudes(f.row, f.width)
    add_lines_work(&p.work, f, request, i, k)
    p.sums, p.across, p.down = SPECTRAL_LINES, f.row, f.column
    # errors of a column, and of a row, of norm 1; the column's weights multiply the row's error
    if i >= 0:
        p.tile = POINT[i]
        down = both_roundings(POINT_ROUNDINGS[i], -2) * norm_of(f.column, f.height)
    if k >= 0:
        p.tile_width = POINT[k]
        across = (both_roundings(POINT_ROUNDINGS[k], -2) * norm_of(f.row, f.width)
                  * sum_of_magnitudes(f.column, f.height))
    p.doubt[1], p.doubt[2] = down * rounding_of(p.accumulator), across * rounding_of(p.accumulator)
    p.fine_doubt[1], p.fine_doubt[2] = down * rounding_of(FLOAT64), across * rounding_of(FLOAT64)
    # Two rows, or columns, share a transform, hence the factor 2. The factors differ from the kernel by
    # RANK_ONE.
    settle_spectra(p, f, request, request.peak * (
        p.doubt[2] * sqrt(2.0 * p.tile_width) + p.doubt[1] * sqrt(2.0 * p.tile) * total_row
        + 1.01 * RANK_ONE * f.total))
    p.why = b"a column of {height} times a row of {width}, by spectra of tiles of {tile} x {tile_width}"


cdef bint prove_little(const Facts* f, const Request* request, const Proposal* p) noexcept nogil:
    """Whether most floats that spectra of lines give would be beyond the bound of their few taps, so that the taps
    are summed after all: 24 to 52 ns a sample for lines of 101 to 401 taps. Samples are taken to be of one
    magnitude; two rows, or columns, share a transform, and some are darker than others."""
    cdef double doubt = (p.doubt[1] * sqrt(<double>p.tile) * sum_of_magnitudes(f.row, f.width)
                         + p.doubt[2] * sqrt(<double>p.tile_width))
    return not is_integer(request.target) and 2 * doubt > p.tolerance * f.total
