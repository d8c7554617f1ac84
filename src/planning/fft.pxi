# FFT: spectra of small tiles of the picture (src/methods/fft.pxi), or of large ones (spectra.pxi). The price
# depends on the size of the result.

# Tiles go in pairs. A tile without a partner costs half a pair and this share of the other half: measured
# 0.41 to 0.61.
cdef double ALONE = 0.5

# Floats are proven (src/methods/fft_bound.pxi), at next to no cost where no part of a picture is black. A
# photograph with black parts takes 1.7 to 2.1 times as long as noise (9 to 31 taps a side, 512 x 512). Prices are
# for a picture between the two: 1.35 times that of noise with sums of float32, and 1.4 with those of float64, whose
# tiles took 1.4 times their price where this was measured. Where weights have both signs, FFT_SIGNED and
# SPECTRA_SIGNED are the price.
cdef double NARROW_PROOF = 1.35, WIDE_PROOF = 2


cdef inline double proof_of(const Request* request, int accumulator) noexcept nogil:
    """How many times its price a tile takes whose results are proven."""
    if is_integer(request.target) or request.cancels:
        return 1
    return NARROW_PROOF if accumulator == FLOAT32 else WIDE_PROOF


cdef const char* refuse_fft(const Facts* f, int accumulator) noexcept nogil:
    """The reason why tiles of no size will do; NULL if there is none."""
    if accumulator == STRICT:
        return b"the definition's order of taps is not an FFT's"
    if not f.finite:
        return b"the kernel is not finite"
    if 0 < f.total < 2.0**-900:     # dividing a spectrum by the number of a tile's samples might underflow
        return b"the weights are too small for spectra"
    if max(f.height, f.width) > TILE[TILE_COUNT - 1] // 2:
        return b"the kernel is larger than {largest} pixels"
    return NULL


cdef double share_of(const Facts* f, const Request* request, Py_ssize_t n) noexcept nogil:
    """Samples in all tiles of n x n, for each sample of the result. Tiles go in pairs. The last tile of a row
    may have no partner; then it takes three quarters of a pair."""
    cdef Py_ssize_t down = (request.height + n - f.height) // (n - f.height + 1)
    cdef Py_ssize_t across = (request.width + n - f.width) // (n - f.width + 1)
    # the tiles of a pair are of one channel for floats; see tile_row in src/methods/fft.pxi
    cdef Py_ssize_t apart = 1 if is_integer(request.target) else request.channels
    cdef Py_ssize_t together = across * request.channels // apart
    cdef double tiles = down * apart * (together + together % 2 * ALONE)
    return tiles * n * n / max(1, request.height * request.width * request.channels)


cdef int cheapest_tile(const Facts* f, const Request* request, int accumulator, double limit) noexcept nogil:
    """Index in TILES of the side whose spectra cost least, if they cost less than `limit`; otherwise -1."""
    cdef int i, best = -1
    cdef double share, cost
    cdef double proof = proof_of(request, accumulator), spectrum
    cdef double load = PRICE[request.priced][accumulator][LOAD + request.source]
    cdef double store = PRICE[request.priced][accumulator][STORE + request.target]
    if request.cancels:
        load += PRICE[request.priced][accumulator][FFT_SIGNED]
    for i in range(TILE_COUNT):
        if TILE[i] < max(f.height, f.width):
            continue
        spectrum = proof * PRICE[request.priced][accumulator][SPECTRUM + i]
        # each sample of the result needs at least one sample of a tile
        if spectrum + load + store >= limit:
            continue
        share = share_of(f, request, TILE[i])
        cost = share * spectrum + share * load + store
        if cost < limit:
            best, limit = i, cost
    return best


cdef inline double centre_of(const Request* request) noexcept nogil:
    """The middle of the range of large unsigned samples, otherwise 0. Subtracting it makes spectra more
    exact. Small samples gain nothing: their error is small, or recomputing a pixel is cheap."""
    if request.integral and request.source in (U32, U64) and is_integer(request.target):
        return floor((request.low + request.high) / 2)
    return 0


cdef void add_spectral_error(const Facts* f, const Request* request, Proposal* p) noexcept nogil:
    """Bound the error of a result, for samples of magnitude up to the image's peak.

    There are three transforms, the kernel's among them, of 2 log2 n levels each. Each level adds an error of
    at most some 7 roundings in the Euclidean norm (Higham, Accuracy and Stability of Numerical Algorithms,
    24.1), and no single result can be farther off than the norm. A butterfly of 5 points, some 2.3 levels,
    may add 22, which is more than its share. Butterflies of 4 and 8 points, of which each n has two, stay
    below their share by more than that.
    """
    cdef double n = p.tile
    p.centre = centre_of(request)
    p.norm = sqrt(2.0) * n * max(request.high - p.centre, p.centre - request.low)
    p.spectral = 1.1 * 3 * 2 * log2(n) * 7 * rounding_of(p.accumulator) * f.total
    # the centre's part of the sums is rounded, and so is its addition to them
    p.error = p.spectral * p.norm + 4 * rounding_of(p.accumulator) * fabs(p.centre) * f.total


cdef void propose_tile(const Facts* f, const Request* request, Proposal* p, int i) noexcept nogil:
    """Propose spectra of tiles of the i-th side."""
    cdef double share = share_of(f, request, TILE[i])
    p.sums, p.tile = FFT, TILE[i]
    add_work(&p.work, SPECTRUM + i, share * proof_of(request, p.accumulator))
    add_work(&p.work, LOAD + request.source, share)
    if request.cancels:
        add_work(&p.work, FFT_SIGNED, share)
    add_work(&p.work, STORE + request.target, 1)
    add_spectral_error(f, request, p)
    p.why = b"spectra of tiles of {tile} x {tile}, whatever the number of taps"


cdef const char* propose_fft(Kernel kernel, const Request* request, Proposal* p) except? NULL:
    """Propose small tiles, or large tiles if only these will do or they are cheaper by DENSE_MARGIN."""
    cdef Facts* f = &kernel.facts
    cdef Proposal large = p[0]
    cdef double limit = INFINITY
    cdef const char* reason = refuse_fft(f, p.accumulator)
    if reason == NULL:
        propose_tile(f, request, p, cheapest_tile(f, request, p.accumulator, INFINITY))
        if would_do(kernel, request, p):
            limit = DENSE_MARGIN * price_of(&p.work, p.accumulator, request.priced)
    if refuse_spectra(f, p.accumulator) == NULL and propose_dense(f, request, &large, limit):
        if reason != NULL or would_do(kernel, request, &large):
            p[0] = large
            return NULL
    return reason


cdef bint would_do(Kernel kernel, const Request* request, const Proposal* p) noexcept nogil:
    """Whether a proposal would be admitted."""
    cdef Proposal copy = p[0]
    return finish(kernel, request, &copy) == NULL
