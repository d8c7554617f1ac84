# Programs: what Python holds of the engine.
#
# A program is a strategy with its weights as the engine wants them. It does not change once it is made, so
# threads may run it at the same time. A request (request.h) brings the pictures. calls.pyx has checked all
# arguments; nothing is checked here. Weights come as bytes: typed memoryviews would bring 29,000 lines of C,
# which each level compiles.


# Bytes of both pictures from which on results are streamed past the caches; smaller results may stay in a large
# third-level cache until they are used.
cdef Py_ssize_t STREAM_BYTES = 24 << 20

# Bytes of the largest spectrum that a program keeps; KEPT_BYTES in src/planning/spectra.pxi.
cdef size_t KEPT_SPECTRUM = 16 << 20

cdef enum:
    NEAR_PRODUCT = 1 << 20  # weights of a column times a row that are listed, for ties
    FEW_CHANNELS = 64   # whose constants stand on the stack
    BANDS = 8           # a thread
    LEAST_WINDOWS = 4   # of rows, in the height of a band


cdef int run_bands(const void* bound, Py_ssize_t i, Py_ssize_t bands) noexcept nogil:
    """Band `i` of `bands`: some planes, or a part of one. Returns the number of failures to get memory."""
    cdef const Call* call = <const Call*>bound
    cdef int failed = 0
    cdef Py_ssize_t plane
    if bands > call.planes:
        return task(call.accumulator, call, i, bands // call.planes)
    for plane in range(<Py_ssize_t>(<int64_t>i * call.planes // bands),
                       <Py_ssize_t>(<int64_t>(i + 1) * call.planes // bands)):
        failed += task(call.accumulator, call, plane, 1)
    return failed


cdef Py_ssize_t bands_for(const Call* call, int threads) noexcept nogil:
    """Into how many bands a call is cut, of which each loads the first rows of its window anew."""
    cdef Py_ssize_t bands = BANDS * threads, rows = LEAST_WINDOWS * call.kernel_height
    if call.planes >= bands:
        return bands
    if call.history:    # each goes through all rows before it
        bands, rows = threads, 1
    return call.planes * smaller((bands - 1) // call.planes + 1, larger(call.height // rows, 1))


cdef int run_request(const void* program, const Request* request) noexcept nogil:
    """Run a program with the pictures of a request; see Program.address."""
    cdef Call call
    cdef double few[FEW_CHANNELS]
    cdef Py_ssize_t c
    cdef int failed
    cdef Request turned
    call = (<const Call*>program)[0]
    call.fill = few
    if request.channels > FEW_CHANNELS:
        call.fill = <double*>malloc(request.channels * sizeof(double))
        if call.fill == NULL:
            return 1
    for c in range(request.channels):
        call.fill[c] = request.constant[c % 2]
    if call.volume.slice_taps:
        bind_volume(&call, <const VolumeRequest*>request)
    elif call.turned:
        turned = turned_request(request)
        bind(&call, &turned)
    else:
        bind(&call, request)
    if call.method == SPECTRA or call.method == SPECTRAL_LINES:
        failed = spectral_picture(&call, request.threads)
    elif request.threads == 1:
        failed = run_bands(&call, 0, 1)
    else:
        failed = run(run_bands, &call, bands_for(&call, request.threads), request.threads)
    if call.fill != few:
        free(call.fill)
    return failed


cdef Request turned_request(const Request* request) noexcept nogil:
    """The same with rows and columns exchanged."""
    cdef Request turned = request[0]
    turned.rows, turned.cols = request.cols, request.rows
    turned.src.row, turned.src.pixel = request.src.pixel, request.src.row
    turned.dst.row, turned.dst.pixel = request.dst.pixel, request.dst.row
    return turned


cdef void bind(Call* call, const Request* request) noexcept nogil:
    """Give a call its pictures."""
    bind_axes(call, request, request.rows.count + call.kernel_height - 1,
              request.cols.count + call.kernel_width - 1)
    call.repeats = 4 * (call.kernel_height - 1) >= call.height
    if copies_samples(call):
        call.method = COPY
    elif may_take_small_box(call):
        call.method, call.average = BOX_SMALL, quotient(call.divisor)
    call.stream = (call.planes * call.height * call.width * call.channels * (call.src.size + call.dst.size)
                   >= STREAM_BYTES)


cdef void bind_axes(Call* call, const Request* request, Py_ssize_t rows, Py_ssize_t columns) noexcept nogil:
    """Arrays and axes, whose windows reach over so many rows and columns of the padded picture."""
    cdef Py_ssize_t before = -request.cols.start
    call.rows, call.cols = request.rows, request.cols
    call.planes, call.height, call.width = request.planes, request.rows.count, request.cols.count
    call.channels, call.source_width = request.channels, request.cols.length
    call.src = make_view(&request.src, call.planes, call.rows.length, call.cols.length, call.channels)
    call.dst = make_view(&request.dst, call.planes, call.height, call.width, call.channels)
    call.before = before
    call.inner_begin = smaller(larger(before, 0), columns)
    call.inner_end = larger(call.inner_begin, smaller(call.cols.length + before, columns))
    call.run_before = margin_step(&call.cols, 0, call.inner_begin)
    call.run_after = margin_step(&call.cols, call.inner_end, columns)
    call.constant = holds_constant(&call.rows, rows) or holds_constant(&call.cols, columns)


cdef int margin_step(const Axis* axis, Py_ssize_t begin, Py_ssize_t end) noexcept nogil:
    """The step from each source index of padded pixels `begin` .. `end - 1` to the next one, if it is one."""
    cdef int step = 0
    if begin < end and run_at(axis, begin, end - begin, &step) < end - begin:
        return IRREGULAR
    return step


cdef inline bint holds_constant(const Axis* axis, Py_ssize_t reached) noexcept nogil:
    """Whether windows that reach over so many pixels meet a border that is a constant."""
    return axis.border == FC_CONSTANT and (axis.start < 0 or axis.start + reached > axis.length)


cdef bint may_take_small_box(const Call* call) noexcept nogil:
    """Whether running sums of few taps can be done in registers: that depends on pixels and channels."""
    return (
        call.method == BOX_SLIDING and call.divisor > 0 and call.scale == 1 and not call.changed
        and call.src.type == call.dst.type
        and (call.src.type == U8 or call.src.type == U16 or call.src.type == I16)
        and averages(call.kernel_height, call.kernel_width, call.channels, call.divisor, call.src.size)
    )


cdef inline Py_ssize_t tile_pitch(vec* kind, Py_ssize_t n) noexcept:
    """An odd number of cache lines, so that the samples of a column fall into all sets of a cache."""
    cdef Py_ssize_t line = LINE_BYTES // sample_size(kind)
    return n if n % (2 * line) else n + line


cdef int make_fft(vec* kind, Fft* fft, const Facts* kernel, Py_ssize_t n, const Fft* wide) except -1:
    """Make twiddles and the kernel's spectrum, which is taken from `wide`, the same in float64, if there is one."""
    cdef Py_ssize_t i
    fft.n, fft.pitch = n, tile_pitch(kind, n)
    fft.taps, fft.heaviest, fft.weight, fft.signed_weights = kernel.taps, kernel.largest, kernel.total, False
    for i in range(kernel.height * kernel.width):
        fft.signed_weights = fft.signed_weights or kernel.weights[i] < 0
    make_twiddles(kind, fft)
    make_mirror(fft, LINE_BYTES // sample_size(kind))
    if wide == NULL:
        fft.spectrum = make_spectrum(kind, fft, kernel, False, &fft.most)
    else:
        fft.spectrum, fft.most = narrowed(kind, fft, wide, wide.spectrum), wide.most
    return 0


cdef void* narrowed(vec* kind, const Fft* fft, const Fft* wide, const void* spectrum) except NULL:
    cdef Py_ssize_t y, x
    cdef void* made = get_memory(2 * fft.n * fft.pitch, sample_size(kind))
    for y in range(2 * fft.n):
        for x in range(fft.n):
            set_sample(<vec*>made, y * fft.pitch + x, (<const double*>spectrum)[y * wide.pitch + x])
    return made


cdef int make_bound(vec* kind, Fft* fft, const Facts* kernel, double eps, const Fft* wide) except -1:
    """Make what proves results of floats with that `eps`; see fft_bound.pxi."""
    cdef double most
    fft.error = FFT_ERROR * log2(<double>fft.n) * ldexp(1, -24 if vec is vf else -53)
    fft.room = larger(1, fft.taps) * eps
    fft.magnitudes = fft.spectrum
    list_heavy(fft, kernel)
    if fft.signed_weights and wide != NULL:
        fft.magnitudes = narrowed(kind, fft, wide, wide.magnitudes)
    elif fft.signed_weights:
        fft.magnitudes = make_spectrum(kind, fft, kernel, True, &most)
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


cdef void* make_spectrum(vec* kind, const Fft* fft, const Facts* kernel, bint magnitudes,
                         double* most) except NULL:
    """The spectrum of the weights, or of their magnitudes; computed in float64 for all lane types. `most` becomes its
    largest magnitude before the division by the number of samples of a tile."""
    cdef Py_ssize_t y, x, side, n = fft.n
    cdef double w
    cdef Fft exact
    cdef double* re
    cdef void* spectrum = get_memory(2 * n * fft.pitch, sample_size(kind))
    memset(&exact, 0, sizeof(Fft))
    exact.n, exact.pitch = n, tile_pitch(<vd*>NULL, n)
    try:
        make_twiddles(<vd*>NULL, &exact)
        side = n * exact.pitch
        exact.spectrum = get_memory(4 * side, sizeof(double))
        re = <double*>exact.spectrum
        memset(re, 0, 2 * side * sizeof(double))
        for y in range(kernel.height):  # backwards, since the window is correlated with it
            for x in range(kernel.width):
                w = kernel.weights[y * kernel.width + x]
                re[(n - y) % n * exact.pitch + (n - x) % n] = (fabs(w) if magnitudes else w) / (<double>n * n)
        transform(<vd*>(re + 2 * side), <vd*>re, &exact, n)
        transform(<vd*>re, <vd*>(re + 2 * side), &exact, n)
        most[0] = largest_magnitude(re, re + side, n, exact.pitch) * n * n
        for y in range(2 * n):
            for x in range(n):
                # this one is transposed twice, the tile that it multiplies once
                set_sample(<vec*>spectrum, (y // n * n + x) * fft.pitch + y % n, re[y * exact.pitch + x])
    except BaseException:
        free(spectrum)
        raise
    finally:
        free_fft(&exact)
    return spectrum


cdef double largest_magnitude(const double* re, const double* im, Py_ssize_t n, Py_ssize_t pitch) noexcept:
    """The largest magnitude of n x n complex numbers."""
    cdef Py_ssize_t y, x
    cdef double square, squares = 0, most = 0
    for y in range(n):
        for x in range(y * pitch, y * pitch + n):
            square = re[x] * re[x] + im[x] * im[x]
            squares = square if square > squares else squares
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


cdef int make_spectra(vec* kind, Spectra* s, const Call* call, const Proposal* p,
                      const double* doubt) except -1:
    """Make the tables of large tiles."""
    s.doubt, s.doubt_down, s.doubt_across = doubt[0], doubt[1], doubt[2]
    s.down.n, s.across.n = p.tile, p.tile_width
    s.rows = p.tile - call.kernel_height + 1 if p.tile else LINES_ROWS
    s.columns = p.tile_width - call.kernel_width + 1
    if s.down.n:
        make_twiddles(kind, &s.down)
    if s.across.n:
        make_twiddles(kind, &s.across)
    if call.method == SPECTRA:
        list_frequencies(s, lanes_of(kind))
        return 0
    if s.down.n:
        s.down_spectrum = line_spectrum(kind, &s.down, p.down, call.kernel_height)
    if s.across.n:
        s.across_spectrum = line_spectrum(kind, &s.across, p.across, call.kernel_width)
    return 0


cdef void* line_spectrum(vec* kind, const Fft* fft, const double* weights, Py_ssize_t count) except NULL:
    """The spectrum of a reversed line of weights, a complex number for each row of a strip; computed in float64."""
    cdef Py_ssize_t i, pitch = strip_pitch(<vd*>NULL), n = fft.n
    cdef void* spectrum = get_memory(2 * n, sample_size(kind))
    cdef Fft exact
    cdef char* memory = NULL
    cdef vd* a
    memset(&exact, 0, sizeof(Fft))
    exact.n = n
    try:
        make_twiddles(<vd*>NULL, &exact)
        a = strips_memory(<vd*>NULL, n * pitch, &memory)
        if a == NULL:
            raise MemoryError("the spectrum of the kernel")
        memset(a, 0, n * pitch * sizeof(double))
        for i in range(count):
            set_sample(a, (n - i) % n * pitch, weights[i] / <double>n)
        strip_there(a, &exact)
        for i in range(n):
            set_sample(<vec*>spectrum, 2 * i, (<double*>a)[i * pitch])
            set_sample(<vec*>spectrum, 2 * i + 1, (<double*>a)[i * pitch + pitch // 2])
    except BaseException:
        free(spectrum)
        raise
    finally:
        free(memory)
        free_fft(&exact)
    return spectrum


cdef int list_frequencies(Spectra* s, Py_ssize_t vector) except -1:
    """List half of the frequencies, in whole vectors; the last frequency fills up the last vector."""
    cdef Py_ssize_t y, n = s.down.n, j = 0
    cdef Py_ssize_t* twin
    s.half = (n // 2 + 1 + vector - 1) // vector * vector
    s.kept = <Py_ssize_t*>get_memory(s.half, sizeof(Py_ssize_t))
    s.duplicate = <Py_ssize_t*>get_memory(s.half, sizeof(Py_ssize_t))
    twin = <Py_ssize_t*>get_memory(2 * n, sizeof(Py_ssize_t))
    find_twins(&s.down, twin, twin + n)
    for y in range(n):
        if frequency(&s.down, y) <= n // 2:
            s.kept[j], s.duplicate[j] = y, twin[y]
            j += 1
    for j in range(j, s.half):
        s.kept[j], s.duplicate[j] = s.kept[j - 1], s.duplicate[j - 1]
    free(twin)
    return 0


cdef inline size_t spectrum_bytes(const Spectra* s, size_t size) noexcept:
    """Bytes of the spectrum of a kernel of two axes, in samples of so many bytes."""
    return 2 * s.half * s.across.n * size


cdef int keep_spectrum(vec* kind, Call* call) except -1:
    """Make the spectrum now, unless it is so large that each call makes its own and does not keep it."""
    cdef Spectra* s = &call.spectra
    cdef size_t size = spectrum_bytes(s, sample_size(kind))
    if call.method != SPECTRA or size > KEPT_SPECTRUM:
        return 0
    s.memory = <char*>get_memory(size + LINE_BYTES, 1)
    s.spectrum = aligned(s.memory)
    if kernel_spectrum(<vec*>s.spectrum, call, s, 1):
        raise MemoryError("the spectrum of the kernel")
    return 0


cdef void free_spectra(Spectra* s) noexcept:
    free_fft(&s.down)
    free_fft(&s.across)
    free(s.kept)
    free(s.duplicate)
    free(s.memory)
    free(s.down_spectrum)
    free(s.across_spectrum)


cdef Py_ssize_t spectra_bytes(const Spectra* s, size_t size) noexcept:
    """Bytes of the tables, or a few more, and of the spectrum, if it is kept."""
    return 32 * (s.down.n + s.across.n) + 16 * s.half + (spectrum_bytes(s, size) if s.memory else 0)


cdef void free_fft(Fft* fft) noexcept:
    free(fft.twiddle)
    if fft.magnitudes != fft.spectrum:
        free(fft.magnitudes)
    free(fft.spectrum)
    free(fft.mirrored)


cdef int pad_kernel(Call* call) except -1:
    # a tile is of one channel
    cdef Py_ssize_t channels = 1 if call.method == FFT else call.channels
    cdef Py_ssize_t ky, kx, pitch = (call.kernel_width * channels + 15) // 16 * 16
    cdef double* padded = <double*>get_memory(call.kernel_height * pitch, sizeof(double))
    memset(padded, 0, call.kernel_height * pitch * sizeof(double))
    for ky in range(call.kernel_height):
        for kx in range(call.kernel_width):
            padded[ky * pitch + kx * channels] = weight_at(call, ky, kx)
    call.padded_kernel, call.kernel_pitch = padded, pitch
    return 0


cdef int make_volume_lines(vec* kind, Call* call, const Proposal* p, Py_ssize_t width) except -1:
    """Taps of a product of three lines: along the slices, across, and down."""
    cdef Volume* v = &call.volume
    cdef double* down = <double*>get_memory(v.slice_rows, sizeof(double))
    cdef bint exact
    try:
        v.depth = <double*>get_memory(v.slice_taps, sizeof(double))
        split_depth(p.down, v.slice_taps, v.slice_rows, v.depth, down, &exact)  # the planner has seen that it can
        make_taps(kind, &call.across, p.across, 1, width, call.channels)
        make_taps(kind, &call.window, down, v.slice_rows, 1, call.channels)
        call.across.folded = p.across_symmetric
    finally:
        free(down)
    return 0


cdef int make_sums(vec* kind, Call* call, const Facts* kernel, const Proposal* p) except -1:
    """Make the taps of a separable call (a row and a column) or of the kernel as it is, and spectra."""
    # a tile is of one channel; see one_channel in fft.pxi
    cdef bint spectral = p.sums == SPECTRA or p.sums == SPECTRAL_LINES
    cdef Py_ssize_t step = 1 if p.sums == FFT or spectral else call.channels
    if p.across != NULL and call.volume.slice_taps:
        make_volume_lines(kind, call, p, kernel.width)
    elif p.across != NULL:
        make_taps(kind, &call.across, p.across, 1, kernel.width, step)
        make_taps(kind, &call.window, p.down, kernel.height, 1, step)
        call.across.folded, call.window.folded = p.across_symmetric, p.down_symmetric
    elif call.volume.slice_taps:
        list_volume(kind, call, kernel)
    elif p.sums == TAPS or p.sums == FFT:
        make_taps(kind, &call.window, kernel.weights, kernel.height, kernel.width, step)
    if p.sums == FFT:
        make_tiles(call, kernel, p)
    if spectral:
        call.tolerance, call.grid = p.tolerance, p.grid
        know_weights(call, kernel)
        make_spectra(kind, &call.spectra, call, p, p.doubt)
        if vec is vf:
            make_spectra(<vd*>NULL, &call.fine_spectra, call, p, p.fine_doubt)
        keep_spectrum(kind, call)
    return 0


cdef int list_volume(vec* kind, Call* call, const Facts* kernel) except -1:
    """The taps of all slices, if these are listed at all."""
    cdef Volume* v = &call.volume
    call.window.height, call.window.width, call.window.step = kernel.height, kernel.width, call.channels
    if call.method == TAPS:
        make_steps(kind, &call.window, kernel.weights, v.slice_taps, v.row_step, v.col_step)
    return 0


cdef void know_weights(Call* call, const Facts* kernel) noexcept:
    call.weight, call.has_zeros = kernel.total, kernel.taps < kernel.height * kernel.width
    if kernel.weights == NULL:
        call.weights_sign = sign_of(kernel.column, kernel.height) * sign_of(kernel.row, kernel.width)
    else:
        call.weights_sign = sign_of(kernel.weights, kernel.height * kernel.width)


cdef int sign_of(const double* weights, Py_ssize_t n) noexcept:
    """The sign of all weights that are not zero; 0 if they differ."""
    cdef Py_ssize_t i
    cdef bint above = False, below = False
    for i in range(n):
        above, below = above or weights[i] > 0, below or weights[i] < 0
    return above - below


cdef int make_tiles(Call* call, const Facts* kernel, const Proposal* p) except -1:
    """Make transforms in the sums' type; for results that are floats also what proves them, and transforms in
    float64."""
    cdef double eps = ldexp(1, -23 if p.accumulator == FLOAT32 else -52)
    cdef bint bounded = call.low == call.high    # floats have no limits
    if p.accumulator != FLOAT32:
        make_fft(<vd*>NULL, &call.fft, kernel, p.tile, NULL)
        if bounded:
            make_bound(<vd*>NULL, &call.fft, kernel, eps, NULL)
    elif bounded:
        make_fft(<vd*>NULL, &call.wide, kernel, p.tile, NULL)
        make_bound(<vd*>NULL, &call.wide, kernel, eps, NULL)
        make_fft(<vf*>NULL, &call.fft, kernel, p.tile, &call.wide)
        make_bound(<vf*>NULL, &call.fft, kernel, eps, &call.wide)
    else:
        make_fft(<vf*>NULL, &call.fft, kernel, p.tile, NULL)
    return 0


cdef inline Py_ssize_t most_spread() noexcept:
    """The most samples from the first to the last tap of a group, if groups are of taps; else 0."""
    return 2 * F32_LANES if PERMUTES_BYTES else 0


cdef int make_dots(Call* call, const Proposal* p) except -1:
    """Groups of the call's whole-numbered weights. Kernels of fewer than three rows get rows of zeros
    below.

    If the engine can gather the samples of taps, a group is four taps, `tap_stride` samples from the first to the
    last. Else it is four neighbouring samples, `tap_stride` is 0, and the group takes all taps that fall on them:
    four of a row of single samples, two of interleaved RGB.
    """
    cdef Dots* dots = &call.dots
    cdef Py_ssize_t height = call.kernel_height, width = call.kernel_width, rows = larger(3, height)
    cdef Py_ssize_t channels = call.channels, ky, kx, group, byte, tap
    cdef int digit
    cdef int64_t n, higher
    cdef Py_ssize_t* offsets = <Py_ssize_t*>get_memory(width, sizeof(Py_ssize_t))
    cdef int8_t* weights
    dots.offset = offsets
    dots.digits, dots.fraction_bits = p.digits, p.fraction_bits
    dots.divides = dots.fraction_bits == 0 and p.divisor > 0 and has_ties(p.divisor)
    dots.plus = <int32_t>rint(ldexp(p.offset, dots.fraction_bits) if dots.fraction_bits else call.plus)
    dots.fixed_point_error = <int32_t>ceil(ldexp(p.tie_tolerance, p.fraction_bits)) + 1
    dots.tap_stride = 3 * channels if channels > 1 and 3 * channels <= most_spread() else 0
    make_gather(dots)
    # each group begins at the first column with taps that is in no group yet
    for kx in range(width):
        if has_taps(call, p.unit, kx) and (
                dots.groups == 0 or kx * channels > offsets[dots.groups - 1] + (dots.tap_stride or 3)):
            offsets[dots.groups] = kx * channels
            dots.groups += 1
    call.window.height = rows
    weights = <int8_t*>get_memory(dots.digits * rows * dots.groups, sizeof(int32_t))
    dots.weight = <int32_t*>weights
    memset(weights, 0, dots.digits * rows * dots.groups * sizeof(int32_t))
    for ky in range(height):
        for group in range(dots.groups):
            for byte in range(4):
                tap = offsets[group] + byte * (dots.tap_stride // 3 or 1)
                if tap % channels or tap // channels >= width:
                    continue
                n = whole_weight(call, p.unit, ky, tap // channels)
                for digit in range(p.digits - 1, -1, -1):
                    # n = higher * 2**DOT_BITS + digit, and the digit has a sign
                    higher = (n + (1 << (DOT_BITS - 1))) >> DOT_BITS
                    weights[((digit * rows + ky) * dots.groups + group) * 4 + byte] = <int8_t>(
                        n - higher * (1 << DOT_BITS))
                    n = higher
    return 0


cdef inline int64_t whole_weight(const Call* call, double unit, Py_ssize_t ky, Py_ssize_t kx) noexcept:
    return <int64_t>rint(call.kernel[ky * call.kernel_width + kx] / unit)


cdef bint has_taps(const Call* call, double unit, Py_ssize_t kx) noexcept:
    """Whether a column of whole-numbered weights is not all zeros."""
    cdef Py_ssize_t ky
    for ky in range(call.kernel_height):
        if whole_weight(call, unit, ky, kx):
            return True
    return False


cdef void make_gather(Dots* dots) noexcept:
    """List the samples of four vectors of groups of taps."""
    cdef Py_ssize_t k, i, t, start, lanes = F32_LANES
    if not dots.tap_stride:
        return
    for k in range(4):
        start = k * lanes if k < 2 else k * lanes - dots.tap_stride
        for i in range(lanes):
            for t in range(4):
                dots.gather[(k * lanes + i) * 4 + t] = <uint8_t>(start + i + t * dots.tap_stride // 3)


cdef double sum_of_weights(const Facts* f) noexcept:
    """The sum of the weights with its rounding errors added up and compensated (Neumaier, 1974)."""
    cdef Py_ssize_t i
    cdef double total = 0, rest = 0, w, t
    for i in range(f.height * f.width):
        w = f.weights[i]
        t = total + w
        rest += (total - t) + w if fabs(total) >= fabs(w) else (w - t) + total
        total = t
    return total + rest


cdef class Program:
    """A strategy, made ready for pictures of so many channels.

    Parameters
    ----------
    kernel : Kernel
    strategy : Strategy
        Decided for this kernel.
    channels : int
        Samples of a pixel.
    target : int
        Code of the type of the results.
    slices : int, optional
        Of a kernel of three axes, of which `kernel` is all rows, slice by slice. Its requests are those of a
        volume, and the strategy must list the taps, or sum integers of 64 bits.
    steps : (int, int, int), optional
        From a result to the next one, along slices, rows and columns.
    """
    cdef Call call
    cdef bytes weights      # the call points to them

    def __cinit__(self, Kernel kernel not None, Strategy strategy not None, Py_ssize_t channels, int target,
                  Py_ssize_t slices=0, tuple steps=(1, 1, 1)):
        cdef Call* call = &self.call
        cdef Volume* v = &call.volume
        cdef const Proposal* p = &strategy.proposal
        if p.height and (p.height, p.width) != (kernel.shape[::-1] if p.turned else kernel.shape):
            raise ValueError(f"strategy must be one for a kernel of shape {kernel.shape}; got another's")
        if strategy.summed is not None:
            kernel = strategy.summed
        self.weights, call.accumulator = kernel.memory, p.accumulator
        call.kernel, call.column, call.row = kernel.facts.weights, kernel.facts.column, kernel.facts.row
        call.kernel_height, call.kernel_width = kernel.facts.height, kernel.facts.width
        call.channels, call.turned = channels, p.turned
        if slices:
            if kernel.facts.height % slices or p.sums not in (TAPS, EXACT_INT64):
                raise ValueError(f"strategy must list the taps of {slices} slices; got {strategy.method!r}")
            v.slice_taps, v.slice_rows = slices, kernel.facts.height // slices
            v.slice_step, v.row_step, v.col_step = steps
        call.method, call.scale, call.divisor = p.sums, p.scale, p.divisor
        call.spectral, call.norm = p.spectral / (p.divisor or 1), p.norm
        call.centre, call.centred = p.centre, p.centre * sum_of_weights(&kernel.facts) if p.centre else 0
        call.plus = rint(p.offset * p.divisor) if p.divisor else p.offset    # whole where sums are
        call.absolute = p.absolute
        call.changed = p.sums != INT8_DOT and (call.plus != 0 or call.absolute)
        call.low, call.high, call.cast_mode = lowest_of(target), highest_of(target), p.cast_mode
        call.tie_tolerance, call.reorder_error = p.tie_tolerance, p.reorder_error
        if call.tie_tolerance > 0 and (call.kernel != NULL
                                       or call.kernel_height * call.kernel_width <= NEAR_PRODUCT):
            pad_kernel(call)
        call.window.height = call.kernel_height
        if p.sums == INT8_DOT:
            make_dots(call, p)
        elif p.sums == CORRELATE1D:
            if p.accumulator == FLOAT32:
                make_lines(<vf*>NULL, call, p)
            else:
                make_lines(<vs*>NULL, call, p)
        elif p.sums == CONVOLVE2D or p.sums == CONVOLVE2D_REVERSED:
            if p.accumulator == FLOAT32:
                make_quads(<vf*>NULL, &call.window, &kernel.facts, channels)
            else:
                make_quads(<vs*>NULL, &call.window, &kernel.facts, channels)
        elif p.accumulator == FLOAT32:
            make_sums(<vf*>NULL, call, &kernel.facts, p)
        else:
            make_sums(<vd*>NULL, call, &kernel.facts, p)

    def __dealloc__(self):
        free_taps(&self.call.across)
        free_taps(&self.call.window)
        free(self.call.volume.depth)
        free(<void*>self.call.padded_kernel)
        free(<void*>self.call.dots.offset)
        free(<void*>self.call.dots.weight)
        free(self.call.down.weight)
        free(self.call.along.weight)
        free_fft(&self.call.fft)
        free_fft(&self.call.wide)
        free_spectra(&self.call.spectra)
        free_spectra(&self.call.fine_spectra)

    def convolve_tile(self, bytes samples, Py_ssize_t height, Py_ssize_t width):
        """One tile of float32 as its transforms leave it; benchmarks/search_bound.py measures it."""
        cdef const Fft* fft = &self.call.fft
        cdef Ahead nothing = nothing_ahead(&self.call)
        cdef const float* sample = <const float*><const char*>samples
        cdef Py_ssize_t y, x, side = fft.n * fft.pitch
        cdef float* tile = <float*>get_memory(4 * side, sizeof(float))
        memset(tile, 0, 4 * side * sizeof(float))
        for y in range(height):
            memcpy(tile + y * fft.pitch, sample + y * width, width * sizeof(float))
        convolve_tiles(<vf*>tile, fft, fft.n - self.call.kernel_width + 1, fft.n, True, &nothing)
        results = [[tile[y * fft.pitch + x] for x in range(fft.n - self.call.kernel_width + 1)]
                   for y in range(fft.n - self.call.kernel_height + 1)]
        free(tile)
        return results

    def nbytes(self):
        """Bytes of weights, taps, twiddles and spectra, or a few more."""
        cdef const Call* call = &self.call
        cdef Py_ssize_t taps = call.kernel_height * call.kernel_width
        cdef Py_ssize_t listed = taps * (80 + 4 * call.dots.digits)
        if call.method == SPECTRA:
            listed = 8 * taps
        elif call.method == SPECTRAL_LINES:
            listed = 80 * (call.kernel_height + call.kernel_width) + (8 * taps if call.kernel != NULL else 0)
        elif call.method == CORRELATE1D:
            listed = 8 * (call.down.size + call.along.size)
        elif call.kernel == NULL:
            listed = 160 * (call.kernel_height + call.kernel_width)
        if call.padded_kernel != NULL:
            listed += 8 * call.kernel_height * call.kernel_pitch
        listed += spectra_bytes(&call.spectra, sizeof(float) if call.accumulator == 0 else sizeof(double))
        listed += spectra_bytes(&call.fine_spectra, sizeof(double))
        return sizeof(Call) + listed + call.fft.n * call.fft.pitch * 64

    def address(self):
        """A C function that runs requests (request.h), and its first argument."""
        return <size_t>&run_request, <size_t>&self.call


def can_average(Py_ssize_t height, Py_ssize_t width, Py_ssize_t divisor, Py_ssize_t size):
    """Whether a box of bytes or 16-bit words, `size` bytes each, in one channel, is summed in registers."""
    return averages(height, width, 1, divisor, size)


def dot_bits():
    """Bits of a digit of whole-numbered weights; see int8_dot.pxi."""
    return DOT_BITS


def vector_bytes():
    """Width of this level's vectors; 0 without the vector extension."""
    return VECTOR_BYTES
