# Programs: what Python holds of the engine, and where typed memoryviews become pointers.
#
#     Program   one way to do a job, with the weights as the engine wants them
#     Call      a program bound to pictures of one size and layout; can be run with any such
#
# Neither changes once made, so threads may run them at the same time. The caller
# (fastconv/_execute.py) has checked every word; nothing is checked here.


cdef int run_job(const Job* job, int lanes, int threads) noexcept nogil:
    """0, or the number of bands that found no memory."""
    cdef Py_ssize_t i, bands = 1
    cdef int failed = 0
    if threads == 1:
        for i in range(job.planes):
            failed += task(lanes, job, i, 1)
        return failed
    # a few bands a thread even out what the other programs of the machine take
    bands = smaller(job.height, (4 * threads + job.planes - 1) // job.planes)
    if job.history:     # each band goes through all that came before
        bands = smaller(job.height, (threads + job.planes - 1) // job.planes)
    for i in prange(job.planes * bands, schedule="dynamic", chunksize=1, num_threads=threads):
        failed += task(lanes, job, i, bands)
    return failed


# Both pictures together; less may stay in a large third-level cache until the result is looked at.
cdef Py_ssize_t STREAM_BYTES = 24 << 20

cdef struct Bound:
    Job job
    int lanes


cdef int run_bound(const void* bound, const char* src, char* dst, int threads) noexcept nogil:
    """Run a call with pictures that begin at `src` and `dst`; see Call.address."""
    cdef Job job = (<const Bound*>bound).job
    job.src.data, job.dst.data = <char*>src, dst
    return run_job(&job, (<const Bound*>bound).lanes, threads)


cdef inline Py_ssize_t tile_pitch(lane* kind, Py_ssize_t n) noexcept:
    """An odd number of cache lines, so that a column's samples stand in all parts of a cache."""
    cdef Py_ssize_t line = LINE_BYTES // sample_size(kind)
    return n if n % (2 * line) else n + line


cdef int make_fft(lane* kind, Fft* fft, const Facts* kernel, Py_ssize_t n) except -1:
    """Twiddles, and the kernel's spectrum, made in float64 whatever the lanes."""
    cdef Py_ssize_t y, x, side
    cdef Fft exact
    cdef double* re
    fft.n, fft.pitch = n, tile_pitch(kind, n)
    if lane is vf:
        fft.limit = 1e37
    else:
        fft.limit = 1e307
    fft.limit /= <double>n * n * (kernel.total if kernel.total > 1 else 1)
    make_twiddles(kind, fft)
    make_mirror(fft, LINE_BYTES // sample_size(kind))
    fft.spectrum = get_memory(2 * n * fft.pitch, sample_size(kind))
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
                re[(n - y) % n * exact.pitch + (n - x) % n] = (
                    kernel.weights[y * kernel.width + x] / (<double>n * n))
        transform(<vd*>(re + 2 * side), <vd*>re, &exact, n)
        transform(<vd*>re, <vd*>(re + 2 * side), &exact, n)
        for y in range(2 * n):
            for x in range(n):
                # turned over twice; the tile it meets, once
                set_sample(<lane*>fft.spectrum, (y // n * n + x) * fft.pitch + y % n, re[y * exact.pitch + x])
    finally:
        free_fft(&exact)
    return 0


cdef int make_twiddles(lane* kind, Fft* fft) except -1:
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
                set_sample(<lane*>fft.twiddle, at, cos(angle))
                set_sample(<lane*>fft.twiddle, at + 1, sin(angle))
                at += 2
        m //= count
    fft.twiddles, fft.last = at, m
    return 0


cdef inline Py_ssize_t points_of(Py_ssize_t m) noexcept:
    """Of a butterfly of the pass of m points, unless it is the last."""
    return 5 if m % 5 == 0 else 3 if m % 3 == 0 else 4


cdef Py_ssize_t frequency(const Fft* fft, Py_ssize_t row) noexcept:
    """That of a row of a transformed tile: the digits in reversed order."""
    cdef Py_ssize_t found = 0, unit = 1, m = fft.n, count
    while m > 1:
        count = fft.last if m == fft.last else points_of(m)
        m //= count
        found += unit * (row // m)
        row %= m
        unit *= count
    return found


cdef int make_mirror(Fft* fft, Py_ssize_t vector) except -1:
    """Leave out each vector of rows all of which mirror rows that are not left out. `vector` is that of the
    highest level, so that all levels leave out the same."""
    cdef Py_ssize_t first, y, n = fft.n
    cdef list row_of = [0] * n
    cdef set kept = set()
    fft.mirrored = <Py_ssize_t*>get_memory(n, sizeof(Py_ssize_t))
    for y in range(n):
        row_of[frequency(fft, y)] = y
        fft.mirrored[y] = -1
    for first in range(n - vector, -1, -vector):
        twins = [row_of[(n - frequency(fft, y)) % n] for y in range(first, first + vector)]
        if first in kept or any(fft.mirrored[y] >= 0 or first <= y < first + vector for y in twins):
            continue
        kept.update(y - y % vector for y in twins)
        for y in range(vector):
            fft.mirrored[first + y] = twins[y]
    return 0


cdef void free_fft(Fft* fft) noexcept:
    free(fft.twiddle)
    free(fft.spectrum)
    free(fft.mirrored)


cdef int run_of(const Py_ssize_t[::1] table, Py_ssize_t start, Py_ssize_t stop) noexcept:
    """The step from each entry of a part of a table to the next one, if it is -1, 0 or 1 all along."""
    cdef Py_ssize_t i, step = table[start + 1] - table[start] if stop - start > 1 else 0
    for i in range(start + 1, stop):
        if table[i] - table[i - 1] != step or not -1 <= step <= 1:
            return ANYHOW
    return <int>step


cdef bint holds_constant(const Py_ssize_t[::1] table) noexcept:
    cdef Py_ssize_t i
    for i in range(table.shape[0]):
        if table[i] < 0:
            return True
    return False


cdef int pad_kernel(Job* job) except -1:
    cdef Py_ssize_t ky, kx, pitch = (job.kernel_width * job.channels + 15) // 16 * 16
    cdef double* padded = <double*>get_memory(job.kernel_height * pitch, sizeof(double))
    memset(padded, 0, job.kernel_height * pitch * sizeof(double))
    for ky in range(job.kernel_height):
        for kx in range(job.kernel_width):
            padded[ky * pitch + kx * job.channels] = job.kernel[ky * job.kernel_width + kx]
    job.padded_kernel, job.kernel_pitch = padded, pitch
    return 0


cdef int make_sums(lane* kind, Job* job, const Facts* kernel, const Proposal* p) except -1:
    """Taps of a separable job (a row and a column), else of the kernel as it is; spectra."""
    # a tile is of one channel; see one_channel in fft.pxi
    cdef Py_ssize_t step = 1 if p.sums == FFT else job.channels
    if p.across != NULL:
        make_taps(kind, &job.across, p.across, 1, kernel.width, step)
        make_taps(kind, &job.window, p.down, kernel.height, 1, step)
        job.across.folded, job.window.folded = p.across_symmetric, p.down_symmetric
    elif p.sums == WINDOW or p.sums == FFT:
        make_taps(kind, &job.window, kernel.weights, kernel.height, kernel.width, step)
    if p.sums == FFT:
        make_fft(kind, &job.fft, kernel, p.tile)
    return 0


cdef inline Py_ssize_t most_spread() noexcept:
    """Samples from the first to the last tap of a group, at the most, where groups are of taps; else 0."""
    return 2 * F32_LANES if SPREADS else 0


cdef int make_dots(Job* job, const Proposal* p) except -1:
    """Groups of whole-numbered weights. Kernels of fewer than three rows get rows of zeros below.

    A group is four taps, `spread` samples from the first to the last, where the engine can gather their
    samples; else it is four neighbouring samples and takes all taps that fall on them: four of a row of single
    samples, two of interleaved RGB (and the spread is 0).
    """
    cdef Dots* dots = &job.dots
    cdef Py_ssize_t height = job.kernel_height, width = job.kernel_width, rows = larger(3, height)
    cdef Py_ssize_t channels = job.channels, ky, kx, group, byte, tap
    cdef int digit
    cdef int64_t n, higher
    cdef Py_ssize_t* offsets = <Py_ssize_t*>get_memory(width, sizeof(Py_ssize_t))
    cdef int8_t* weights
    dots.offset = offsets
    dots.digits, dots.places, dots.plus = p.digits, p.fraction_bits, <int32_t>ldexp(p.offset, p.fraction_bits)
    dots.doubt = <int32_t>ceil(ldexp(p.tie_tolerance, p.fraction_bits)) + 1
    dots.spread = 3 * channels if channels > 1 and 3 * channels <= most_spread() else 0
    make_gather(dots)
    # the first group begins at the first column that is not zero, each other at the next that is in none
    for kx in range(width):
        if has_taps(job, p.scale, kx) and (
                dots.groups == 0 or kx * channels > offsets[dots.groups - 1] + (dots.spread or 3)):
            offsets[dots.groups] = kx * channels
            dots.groups += 1
    job.window.height = rows
    weights = <int8_t*>get_memory(dots.digits * rows * dots.groups, sizeof(int32_t))
    dots.weight = <int32_t*>weights
    memset(weights, 0, dots.digits * rows * dots.groups * sizeof(int32_t))
    for ky in range(height):
        for group in range(dots.groups):
            for byte in range(4):
                tap = offsets[group] + byte * (dots.spread // 3 or 1)
                if tap % channels or tap // channels >= width:
                    continue
                n = whole_weight(job, p.scale, ky, tap // channels)
                for digit in range(p.digits - 1, -1, -1):
                    # n = higher * 2**DOT_BITS + digit, and the digit has a sign
                    higher = (n + (1 << (DOT_BITS - 1))) >> DOT_BITS
                    weights[((digit * rows + ky) * dots.groups + group) * 4 + byte] = <int8_t>(
                        n - higher * (1 << DOT_BITS))
                    n = higher
    return 0


cdef inline int64_t whole_weight(const Job* job, double scale, Py_ssize_t ky, Py_ssize_t kx) noexcept:
    return <int64_t>rint(job.kernel[ky * job.kernel_width + kx] / scale)


cdef bint has_taps(const Job* job, double scale, Py_ssize_t kx) noexcept:
    """Whether a column of whole-numbered weights is not all zeros."""
    cdef Py_ssize_t ky
    for ky in range(job.kernel_height):
        if whole_weight(job, scale, ky, kx):
            return True
    return False


cdef void make_gather(Dots* dots) noexcept:
    """Which samples are those of four vectors of groups of taps, `spread` from the first to the last."""
    cdef Py_ssize_t k, i, t, start, lanes = F32_LANES
    if not dots.spread:
        return
    for k in range(4):
        start = k * lanes if k < 2 else k * lanes - dots.spread
        for i in range(lanes):
            for t in range(4):
                dots.gather[(k * lanes + i) * 4 + t] = <uint8_t>(start + i + t * dots.spread // 3)


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
    """
    cdef Job job
    cdef int lanes
    cdef bytes weights      # the job points to them

    def __cinit__(self, Kernel kernel not None, Strategy strategy not None, Py_ssize_t channels, int target):
        cdef Job* job = &self.job
        cdef const Proposal* p = &strategy.proposal
        if p.height and (p.height != kernel.facts.height or p.width != kernel.facts.width):
            raise ValueError(f"strategy must be one for a kernel of shape {kernel.shape}; got another's")
        self.weights, self.lanes = kernel.memory, p.accumulator
        job.kernel = kernel.facts.weights
        job.kernel_height, job.kernel_width = kernel.facts.height, kernel.facts.width
        job.channels = channels
        job.method, job.scale, job.divisor, job.plus = p.sums, p.scale, p.divisor, p.offset
        job.low, job.high, job.cut = lowest_of(target), highest_of(target), p.cast_mode
        job.guard, job.near = p.tie_tolerance, p.reorder_error
        if job.near > 0:
            pad_kernel(job)
        job.window.height = job.kernel_height
        if p.sums == DOT:
            make_dots(job, p)
        elif p.sums == QUADS or p.sums == QUADS_BACK:
            if p.accumulator == FLOAT32:
                make_quads(<vf*>NULL, &job.window, &kernel.facts, channels)
            else:
                make_quads(<vs*>NULL, &job.window, &kernel.facts, channels)
        elif p.accumulator == FLOAT32:
            make_sums(<vf*>NULL, job, &kernel.facts, p)
        else:
            make_sums(<vd*>NULL, job, &kernel.facts, p)

    def __dealloc__(self):
        free_taps(&self.job.across)
        free_taps(&self.job.window)
        free(<void*>self.job.padded_kernel)
        free(<void*>self.job.dots.offset)
        free(<void*>self.job.dots.weight)
        free_fft(&self.job.fft)

    def bind(self, *pictures):
        """A call for pictures of one size; see `bind`."""
        return bind(self, <size_t>&self.job, self.lanes, *pictures)


cdef bint may_average(const Job* job) noexcept:
    """Running sums of few taps may be done in registers, if pixels and channels allow it."""
    return (
        job.method == RUNNING and job.divisor > 0
        and job.src.type == job.dst.type and (job.src.type == U8 or job.src.type == U16)
        and averages(job.kernel_height, job.kernel_width, job.channels, job.divisor, job.src.size)
    )


def bind(object program, size_t program_job, int lanes, const unsigned char[:, :, :, :, :] src, int src_type,
         bint src_swapped, const unsigned char[:, :, :, :, :] dst, int dst_type, bint dst_swapped,
         const Py_ssize_t[::1] rows, const Py_ssize_t[::1] cols, Py_ssize_t before, Py_ssize_t inner_begin,
         Py_ssize_t inner_end, const double[::1] fill):
    """A call of `program`, whose job is there, for pictures of the size, strides, alignment and type of `src`
    and `dst`."""
    cdef Call call = Call.__new__(Call)
    cdef Job* job = &call.bound.job
    call.program, call.rows, call.cols, call.fill = program, rows, cols, fill
    call.bound.lanes = lanes
    job[0] = (<Job*>program_job)[0]
    job.src = make_view(src, src_type, src_swapped)
    job.dst = make_view(dst, dst_type, dst_swapped)
    job.planes, job.height, job.width = dst.shape[0], dst.shape[1], dst.shape[2]
    job.source_width = src.shape[2]
    job.rows, job.cols = &rows[0], &cols[0]
    job.repeats = 4 * (job.kernel_height - 1) >= job.height
    job.before, job.inner_begin, job.inner_end = before, inner_begin, inner_end
    job.run_before, job.run_after = run_of(cols, 0, inner_begin), run_of(cols, inner_end, cols.shape[0])
    job.constant = holds_constant(rows) or holds_constant(cols)
    job.fill = &fill[0]
    if may_average(job):
        job.method, job.average = AVERAGE, quotient(job.divisor)
    job.stream = (job.planes * job.height * job.width * job.channels * (job.src.size + job.dst.size)
                  >= STREAM_BYTES)
    return call


cdef class Call:
    cdef Bound bound
    # what the job points to
    cdef object program
    cdef const Py_ssize_t[::1] rows, cols
    cdef const double[::1] fill

    def run(self, const unsigned char[:, :, :, :, :] src, unsigned char[:, :, :, :, :] dst, int threads):
        """Fill `dst`."""
        cdef int failed
        with nogil:
            failed = run_bound(&self.bound, <const char*>&src[0, 0, 0, 0, 0],
                               <char*>&dst[0, 0, 0, 0, 0], threads)
        if failed:
            raise MemoryError("scratch rows of the convolution")

    def address(self):
        """A C function, and its first argument, for callers without memoryviews (recall.pyx)."""
        return <size_t>&run_bound, <size_t>&self.bound


def can_average(Py_ssize_t height, Py_ssize_t width, Py_ssize_t divisor, Py_ssize_t size):
    """Whether a box of unsigned pixels of `size` bytes, in one channel, is summed in registers."""
    return averages(height, width, 1, divisor, size)


def dot_bits():
    """Bits of a digit of whole-numbered weights; see dot.pxi."""
    return DOT_BITS


def vector_bytes():
    """Width of this level's vectors; 0 without the vector extension."""
    return VECTOR_BYTES


def has_openmp():
    """Whether this build can use threads."""
    return OPENMP


def half_round_trip(const float[::1] values):
    """float32 -> float16 bits -> float32, by the verbs; for the tests of simd.h."""
    cdef Py_ssize_t i
    return (
        [float_to_half(values[i]) for i in range(values.shape[0])],
        [half_to_float(float_to_half(values[i])) for i in range(values.shape[0])],
    )
