# Programs: what Python holds of the engine.
#
# A program is a strategy with its weights as the engine wants them. It does not change once it is made, so
# threads may run it at the same time. A request (request.h) brings the pictures. calls.pyx has checked all
# arguments; nothing is checked here. Weights come as bytes: typed memoryviews would bring 29,000 lines of C,
# which each level compiles.


# Bytes of both pictures from which on results are streamed past the caches; smaller results may stay in a large
# third-level cache until they are used.
cdef Py_ssize_t STREAM_BYTES = 24 << 20

cdef enum:
    NEAR_PRODUCT = 1 << 20  # weights of a column times a row that are listed, for ties
    FEW_CHANNELS = 64   # whose constants stand on the stack
    BANDS = 8           # a thread
    JOINED_SAMPLES = 256    # of a row that is not joined with others,
    JOINED_SHORT = 32       # and if all rows become one, of which a block holds more
    LEAST_WINDOWS = 4   # of rows, in the height of a band


cdef int run_bands(const void* bound, Py_ssize_t i, Py_ssize_t bands) noexcept nogil:
    """Band `i` of `bands`: some planes, or a part of one. Returns the number of failures to get memory."""
    cdef const Call* call = <const Call*>bound
    cdef int failed = 0
    cdef Py_ssize_t plane
    if bands > call.planes:
        return typed_band(call.accumulator, call, i, bands // call.planes)
    for plane in range(<Py_ssize_t>(<int64_t>i * call.planes // bands),
                       <Py_ssize_t>(<int64_t>(i + 1) * call.planes // bands)):
        failed += typed_band(call.accumulator, call, plane, 1)
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
    cdef Request changed
    cdef Call exact
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
    elif joins_rows(&call, request):
        changed = joined_request(request)
        bind(&call, &changed)
    elif call.turned:
        changed = turned_request(request)
        bind(&call, &changed)
    else:
        bind(&call, request)
    if call.definition != NULL:
        bind_exact(&exact, &call, request)
        call.exact = &exact
    if is_spectral(&call):
        failed = spectral_picture(&call, request.threads)
    elif request.threads == 1:
        failed = run_bands(&call, 0, 1)
    else:
        failed = run(run_bands, &call, bands_for(&call, request.threads), request.threads)
    if call.fill != few:
        free(call.fill)
    return failed


cdef inline bint is_whole_axis(const Axis* axis) noexcept nogil:
    return axis.start == 0 and axis.count == axis.length


cdef inline Py_ssize_t joined_rows(const Request* request) noexcept nogil:
    """A block of rows, or one."""
    return BLOCK_ROWS if request.rows.count % BLOCK_ROWS == 0 else 1


cdef inline bint joins_rows(const Call* call, const Request* request) noexcept nogil:
    """Whether a kernel of one tap sees rows that follow each other in memory. A row costs some 50 ns beside its
    sums, so short ones are joined, unless threads take them."""
    cdef Py_ssize_t most = JOINED_SHORT if joined_rows(request) == 1 else JOINED_SAMPLES
    return (
        call.kernel_height == 1 and call.kernel_width == 1 and not is_spectral(call) and not is_whole(call)
        and request.rows.count > joined_rows(request) and request.threads == 1
        and request.cols.count * request.channels < most
        and is_whole_axis(&request.rows) and is_whole_axis(&request.cols)
        and request.src.row == request.cols.count * request.src.pixel
        and request.dst.row == request.cols.count * request.dst.pixel
    )


cdef Request joined_request(const Request* request) noexcept nogil:
    """The same with fewer and longer rows."""
    cdef Request joined = request[0]
    cdef Py_ssize_t rows = joined_rows(request), count = request.rows.count // rows
    joined.rows.count = joined.rows.length = rows
    joined.cols.count *= count
    joined.cols.length = joined.cols.count
    joined.src.row *= count
    joined.dst.row *= count
    return joined


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
    adapt_method(call)
    call.stream = (call.planes * call.height * call.width * call.channels * (call.src.size + call.dst.size)
                   >= STREAM_BYTES)


cdef void bind_exact(Call* exact, const Call* call, const Request* request) noexcept nogil:
    """Make a call of the definition's weights, with which results of folded ones are recomputed."""
    cdef Request moved = request[0]
    exact[0] = call[0]
    exact.kernel, exact.padded_kernel = call.definition, NULL
    exact.kernel_height, exact.kernel_width = call.definition_height, call.definition_width
    moved.rows.start += call.definition_down
    moved.cols.start += call.definition_right
    bind_axes(exact, &moved, moved.rows.count + exact.kernel_height - 1, moved.cols.count + exact.kernel_width - 1)


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
    layer : tuple of Kernel, optional
        All kernels of a layer, of which `kernel` is one, for as many slices of results. They have as many
        slices, and a step from one group's slices to the next one's.
    groups : int, optional
        How often the layer's windows move on, which the request counts as its slices.
    gaps : (int, int), optional
        From a tap to the next one, down and across, if there is one slice and no step.
    """
    cdef Call call
    cdef bytes weights, definition  # the call points to them

    def __cinit__(self, Kernel kernel not None, Strategy strategy not None, Py_ssize_t channels, int target,
                  Py_ssize_t slices=0, tuple steps=(1, 1, 1), tuple layer=(), Py_ssize_t groups=1,
                  tuple gaps=(1, 1)):
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
        if kernel.definition is not None:
            self.definition, call.definition = kernel.definition.memory, kernel.definition.facts.weights
            call.definition_height, call.definition_width = kernel.definition.shape
            call.definition_down, call.definition_right = kernel.down, kernel.right
        if slices:
            if kernel.facts.height % slices or not lists_slices(p.sums, slices):
                raise ValueError(f"strategy must list the taps of {slices} slices; got {strategy.method!r}")
            v.slice_taps, v.slice_rows = slices, kernel.facts.height // slices
            v.slice_step, v.row_step, v.col_step = steps
            v.row_gap, v.col_gap = gaps
            v.kernels = larger(1, len(layer) // groups)
        call.method, call.scale, call.divisor = p.sums, p.scale, p.divisor
        call.spectral, call.norm = p.spectral / (p.divisor or 1), p.norm
        call.centre, call.centred = p.centre, p.centre * sum_of_weights(&kernel.facts) if p.centre else 0
        call.plus = rint(p.offset * p.divisor) if p.divisor else p.offset    # whole where sums are
        call.absolute = p.absolute
        if begins_with_offset(p):
            call.window.start = call.plus
        call.changed = not makes_pixels(p.sums) and (call.plus != call.window.start or call.absolute)
        call.low, call.high, call.cast_mode = lowest_of(target), highest_of(target), p.cast_mode
        call.tie_tolerance, call.reorder_error = p.tie_tolerance, p.reorder_error
        call.near = decides_near(p)
        if call.tie_tolerance > 0 and call.definition == NULL and (
                call.kernel != NULL or call.kernel_height * call.kernel_width <= NEAR_PRODUCT):
            pad_kernel(call)
        call.window.height = call.kernel_height
        make_weights(call, &kernel.facts, p)
        if layer and p.accumulator == FLOAT32:
            make_layer(<vf*>NULL, call, layer)
        elif layer:
            make_layer(<vd*>NULL, call, layer)

    def __dealloc__(self):
        free_weights(&self.call)

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

    def nbytes(self, bytes shared=b""):
        """Bytes of weights, taps, twiddles and spectra, or a few more; without weights that are `shared`."""
        return sizeof(Call) + weights_bytes(&self.call) - (len(shared) if self.weights is shared else 0)

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
