# What a program makes once for the tiles of fft.pxi: twiddles, the order of frequencies, the spectrum of the
# kernel, and what bounds the error of its results.


cdef inline Py_ssize_t tile_pitch(vec* kind, Py_ssize_t n) noexcept:
    """An odd number of cache lines, so that the samples of a column fall into all sets of a cache."""
    cdef Py_ssize_t line = LINE_BYTES // sample_size(kind)
    return n if n % (2 * line) else n + line


cdef int make_fft(Fft* fft, const Facts* kernel, Py_ssize_t n, bint bounded) except -1:
    """Make twiddles and the kernel's spectrum in float64; and if results are to be proven to be within the bound of
    floats, what that needs of the spectrum."""
    cdef Py_ssize_t i
    fft.n, fft.pitch = n, tile_pitch(<vd*>NULL, n)
    fft.taps, fft.heaviest, fft.weight, fft.signed_weights = kernel.taps, kernel.largest, kernel.total, False
    for i in range(kernel.height * kernel.width):
        fft.signed_weights |= kernel.weights[i] < 0
    make_twiddles(<vd*>NULL, fft)
    make_mirror(fft, LINE_BYTES // sizeof(double))
    fft.spectrum = make_spectrum(fft, kernel, False)
    if not bounded:
        return 0
    fft.magnitudes, fft.most = fft.spectrum, fft.weight
    if fft.signed_weights:
        fft.most = largest_magnitude(<const double*>fft.spectrum, n, fft.pitch) * n * n
        fft.magnitudes = make_spectrum(fft, kernel, True)
    return 0


cdef int narrow_fft(Fft* fft, const Fft* wide) except -1:
    """Make the same in float32."""
    fft[0] = wide[0]
    fft.twiddle = fft.mirrored = fft.spectrum = fft.magnitudes = NULL
    fft.pitch = tile_pitch(<vf*>NULL, fft.n)
    make_mirror(fft, LINE_BYTES // sizeof(float))
    fft.twiddle = narrowed(1, wide.twiddles, wide.twiddles, wide.twiddle, wide.twiddles)
    fft.spectrum = narrowed(2 * fft.n, fft.n, fft.pitch, wide.spectrum, wide.pitch)
    fft.magnitudes = fft.spectrum
    if wide.magnitudes != wide.spectrum and wide.magnitudes != NULL:
        fft.magnitudes = narrowed(2 * fft.n, fft.n, fft.pitch, wide.magnitudes, wide.pitch)
    return 0


cdef void* narrowed(Py_ssize_t height, Py_ssize_t width, Py_ssize_t pitch, const void* wide,
                    Py_ssize_t wide_pitch) except NULL:
    """Rows of float64 as rows of float32."""
    cdef Py_ssize_t y, x
    cdef float* made = <float*>get_memory(height * pitch, sizeof(float))
    cdef float* row = made
    cdef const double* from_ = <const double*>wide
    for y in range(height):
        for x in range(width):
            row[x] = <float>from_[x]
        row, from_ = row + pitch, from_ + wide_pitch
    return made


cdef int make_bound(vec* kind, Fft* fft, const Facts* kernel, double eps) except -1:
    """Make what else proves results of floats with that `eps`; see fft_bound.pxi."""
    fft.error = FFT_ERROR * log2(<double>fft.n) * ldexp(1, -24 if vec is vf else -53)
    fft.room = larger(1, fft.taps) * eps
    list_heavy(fft, kernel)
    return 0


cdef void list_heavy(Fft* fft, const Facts* kernel) noexcept:
    """List the heaviest taps, in the order of their weights."""
    cdef Py_ssize_t i, k
    cdef double w
    fft.heavy = 0
    for i in range(kernel.height * kernel.width):
        w = fabs(kernel.weights[i])
        if w == 0 or (fft.heavy == MOST_HEAVY and w <= fft.heavy_weight[MOST_HEAVY - 1]):
            continue
        k = smaller(fft.heavy, MOST_HEAVY - 1)
        while k > 0 and fft.heavy_weight[k - 1] < w:
            fft.heavy_weight[k] = fft.heavy_weight[k - 1]
            fft.heavy_row[k], fft.heavy_column[k] = fft.heavy_row[k - 1], fft.heavy_column[k - 1]
            k -= 1
        fft.heavy_weight[k], fft.heavy_row[k], fft.heavy_column[k] = w, i // kernel.width, i % kernel.width
        fft.heavy = smaller(fft.heavy + 1, MOST_HEAVY)


cdef void* make_spectrum(const Fft* fft, const Facts* kernel, bint magnitudes) except NULL:
    """The spectrum of the weights, or of their magnitudes, with the order of a tile's: transformed down the columns,
    transposed, and transformed down again."""
    cdef Py_ssize_t y, x, n = fft.n, side = n * fft.pitch, lanes = F64_LANES
    cdef double* row
    cdef double* tile = <double*>get_memory(2 * side, sizeof(double))
    cdef double* spectrum = <double*>malloc(2 * side * sizeof(double))
    if spectrum == NULL:
        free(tile)
        raise MemoryError("the spectrum of a kernel")
    memset(tile, 0, 2 * side * sizeof(double))
    for y in range(kernel.height):  # backwards, since the window is correlated with it
        row = tile + (n - y if y else 0) * fft.pitch
        for x in range(kernel.width):
            row[n - x if x else 0] = kernel.weights[y * kernel.width + x] / (<double>n * n)
        if magnitudes:
            for x in range(n):
                row[x] = fabs(row[x])
    for x in range(0, n, lanes):
        if x == 0 or x + lanes > n - kernel.width + 1:
            transform_columns(<vd*>(tile + x), fft)
            turn_over(<vd*>spectrum, <vd*>tile, fft, x, n)
            turn_over(<vd*>(spectrum + side), <vd*>(tile + side), fft, x, n)
        else:   # columns of zeros
            memset(spectrum + x * fft.pitch, 0, lanes * fft.pitch * sizeof(double))
            memset(spectrum + side + x * fft.pitch, 0, lanes * fft.pitch * sizeof(double))
    for x in range(0, n, lanes):
        transform_columns(<vd*>(spectrum + x), fft)
    free(tile)
    return spectrum


cdef double largest_magnitude(const double* re, Py_ssize_t n, Py_ssize_t pitch) noexcept:
    """The largest magnitude of n x n complex numbers."""
    cdef Py_ssize_t y, x
    cdef int k
    cdef const double* im = re + n * pitch
    cdef double square, squares = 0, most = 0
    cdef double largest[8]      # of columns 8 apart, which do not wait for each other; 8 divides n
    memset(largest, 0, sizeof(largest))
    for y in range(n):
        for x in range(y * pitch, y * pitch + n, 8):
            for k in range(8):
                square = re[x + k] * re[x + k] + im[x + k] * im[x + k]
                largest[k] = square if square > largest[k] else largest[k]
    for k in range(8):
        squares = largest[k] if largest[k] > squares else squares
    if 1e-280 < squares < 1e280:
        return sqrt(squares)
    for y in range(n):  # the squares may have overflowed or vanished
        for x in range(y * pitch, y * pitch + n):
            most = fmax(most, hypot(re[x], im[x]))
    return most


cdef int make_twiddles(vec* kind, Fft* fft) except -1:
    """exp(-2 pi i k j / m), 0 < k < count, for each butterfly j, of `count` points, of the passes of
    m = n ... points."""
    cdef Py_ssize_t j, k, count, at = 0, m = fft.n
    cdef double angle
    fft.threes = fft.n
    while fft.threes % 5 == 0:
        fft.threes //= 5
    fft.twos = fft.threes
    while fft.twos % 3 == 0:
        fft.twos //= 3
    fft.twiddle = get_memory(2 * fft.n + 6, sample_size(kind))  # 8 * n / 5 + 6 * (n / 20 ...) < 2 * n
    while m > 8:
        count = points_of(m)
        for j in range(m // count):
            for k in range(1, count):
                angle = -2 * M_PI * k * j / m
                set_sample(<vec*>fft.twiddle, at, cos(angle))
                set_sample(<vec*>fft.twiddle, at + 1, sin(angle))
                at += 2
        m //= count
    fft.twiddles, fft.last = at, m
    return 0


cdef Py_ssize_t frequency(const Fft* fft, Py_ssize_t row) noexcept:
    """The frequency of a row of a transformed tile: its digits in reversed order."""
    cdef Py_ssize_t found = 0, unit = 1, m = fft.n, count
    while m > 1:
        count = fft.last if m == fft.last else points_of(m)
        m //= count
        found += unit * (row // m)
        row %= m
        unit *= count
    return found


cdef void find_twins(const Fft* fft, Py_ssize_t* twin, Py_ssize_t* row_of) noexcept:
    """The row of each frequency, and of each row the one whose frequency is the negative of its own."""
    cdef Py_ssize_t y, n = fft.n
    for y in range(n):
        row_of[frequency(fft, y)] = y
    for y in range(n):
        twin[row_of[y]] = row_of[(n - y) % n]


cdef int make_mirror(Fft* fft, Py_ssize_t vector) except -1:
    """Leave out each vector of rows all of which mirror rows that are not left out. `vector` is that of the
    highest level, so that all levels leave out the same."""
    cdef Py_ssize_t first, y, n = fft.n
    cdef bint left_out
    cdef Py_ssize_t* twin = <Py_ssize_t*>get_memory(3 * n, sizeof(Py_ssize_t))
    cdef Py_ssize_t* kept = twin + 2 * n    # of each vector's first row, whether one of its rows is mirrored
    find_twins(fft, twin, twin + n)
    memset(kept, 0, n * sizeof(Py_ssize_t))
    fft.mirrored = <Py_ssize_t*>malloc(n * sizeof(Py_ssize_t))
    if fft.mirrored == NULL:
        free(twin)
        raise MemoryError("the rows of a tile")
    for y in range(n):
        fft.mirrored[y] = -1
    for first in range(n - vector, -1, -vector):
        left_out = not kept[first]
        for y in range(first, first + vector):
            left_out = left_out and fft.mirrored[twin[y]] < 0 and not first <= twin[y] < first + vector
        if left_out:
            for y in range(first, first + vector):
                kept[twin[y] - twin[y] % vector] = True
                fft.mirrored[y] = twin[y]
    free(twin)
    return 0


cdef int make_tiles(Call* call, const Facts* kernel, const Proposal* p) except -1:
    """Make transforms in the sums' type; for results that are floats also what proves them, and transforms in
    float64."""
    cdef double eps = ldexp(1, -23 if p.accumulator == FLOAT32 else -52)
    cdef bint bounded = call.low == call.high    # floats have no limits
    cdef bint narrow = p.accumulator == FLOAT32
    cdef Fft* wide = &call.wide if narrow else &call.fft
    make_fft(wide, kernel, p.tile, bounded)
    if bounded:
        make_bound(<vd*>NULL, wide, kernel, eps)
    if narrow:
        narrow_fft(&call.fft, wide)
        if bounded:
            make_bound(<vf*>NULL, &call.fft, kernel, eps)
        else:
            free_fft(wide)
            memset(wide, 0, sizeof(Fft))
    return 0


cdef Py_ssize_t fft_bytes(const Fft* fft, size_t size) noexcept:
    """Bytes of tables and spectra, in samples of so many bytes."""
    cdef Py_ssize_t spectra = fft.spectrum != NULL
    if fft.magnitudes != NULL and fft.magnitudes != fft.spectrum:
        spectra += 1
    return (2 * spectra * fft.pitch * size + 32) * fft.n


cdef void free_fft(Fft* fft) noexcept:
    free(fft.twiddle)
    if fft.magnitudes != fft.spectrum:
        free(fft.magnitudes)
    free(fft.spectrum)
    free(fft.mirrored)
