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


cdef int make_fft(lane* kind, Fft* fft, const double[:, ::1] kernel, Py_ssize_t n) except -1:
    """Twiddles, and the kernel's spectrum, made in float64 whatever the lanes."""
    cdef Py_ssize_t y, x, side
    cdef double weight_sum = 0
    cdef Fft exact
    cdef double* re
    fft.n, fft.pitch = n, tile_pitch(kind, n)
    for y in range(kernel.shape[0]):
        for x in range(kernel.shape[1]):
            weight_sum += fabs(kernel[y, x])
    if lane is vf:
        fft.limit = 1e37
    else:
        fft.limit = 1e307
    fft.limit /= <double>n * n * (weight_sum if weight_sum > 1 else 1)
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
        for y in range(kernel.shape[0]):    # backwards, since the window is correlated with it
            for x in range(kernel.shape[1]):
                re[(n - y) % n * exact.pitch + (n - x) % n] = kernel[y, x] / (<double>n * n)
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


cdef class Program:
    cdef Job job
    cdef int lanes
    # what the job points to
    cdef const double[:, ::1] kernel
    cdef const Py_ssize_t[::1] offsets
    cdef const int32_t[:, :, ::1] quads

    def __cinit__(self, const double[:, ::1] kernel, int method, int lanes, Py_ssize_t channels,
                  const double[:, ::1] across, const double[:, ::1] down, bint fold_across, bint fold_down,
                  const Py_ssize_t[::1] offsets, const int32_t[:, :, ::1] quads, Py_ssize_t spread,
                  int places, Py_ssize_t tile, double scale, Py_ssize_t divisor, double low, double high,
                  double guard, double near, int cut=0, double plus=0):
        cdef Job* job = &self.job
        self.kernel, self.offsets, self.quads, self.lanes = kernel, offsets, quads, lanes
        job.kernel = &kernel[0, 0]
        job.kernel_height, job.kernel_width = kernel.shape[0], kernel.shape[1]
        job.channels = channels
        job.method, job.scale, job.divisor, job.plus = method, scale, divisor, plus * (divisor or 1)
        job.low, job.high, job.guard, job.near, job.cut = low, high, guard, near, cut
        if guard > 0:
            self.pad_kernel()
        job.window.height = kernel.shape[0]
        if method == QUADS or method == QUADS_BACK:
            if lanes == 0:
                make_quads(<vf*>NULL, &job.window, kernel, channels)
            else:
                make_quads(<vs*>NULL, &job.window, kernel, channels)
        if method == WINDOW or method == FFT:
            if lanes == 0:
                self.make_taps(<vf*>NULL, across, down, fold_across, fold_down)
            else:
                self.make_taps(<vd*>NULL, across, down, fold_across, fold_down)
        if method == FFT:
            if lanes == 0:
                make_fft(<vf*>NULL, &job.fft, kernel, tile)
            else:
                make_fft(<vd*>NULL, &job.fft, kernel, tile)
        elif method == DOT:
            job.dots.groups, job.dots.digits = offsets.shape[0], quads.shape[0]
            job.dots.offset, job.dots.weight = &offsets[0], &quads[0, 0, 0]
            job.dots.places = places
            job.dots.divides = places == 0 and divisor > 0 and has_ties(divisor)
            job.dots.plus = <int32_t>(ldexp(plus, places) if places else job.plus)
            self.spread_groups(spread)
            job.dots.doubt = <int32_t>ceil(ldexp(guard, places)) + 1
            job.window.height = quads.shape[1]

    cdef int spread_groups(self, Py_ssize_t spread) except -1:
        """Groups of taps, `spread` samples from the first to the last, if they are not of neighbours."""
        cdef Py_ssize_t k, i, t, start
        cdef Py_ssize_t lanes = F32_LANES
        self.job.dots.spread = spread
        if spread:
            for k in range(4):
                start = k * lanes if k < 2 else k * lanes - spread
                for i in range(lanes):
                    for t in range(4):
                        self.job.dots.gather[(k * lanes + i) * 4 + t] = <uint8_t>(start + i + t * spread // 3)
        return 0

    cdef int pad_kernel(self) except -1:
        cdef Job* job = &self.job
        cdef Py_ssize_t ky, kx, pitch = (job.kernel_width * job.channels + 15) // 16 * 16
        cdef double* padded = <double*>get_memory(job.kernel_height * pitch, sizeof(double))
        memset(padded, 0, job.kernel_height * pitch * sizeof(double))
        for ky in range(job.kernel_height):
            for kx in range(job.kernel_width):
                padded[ky * pitch + kx * job.channels] = self.kernel[ky, kx]
        job.padded_kernel, job.kernel_pitch = padded, pitch
        return 0

    cdef int make_taps(self, lane* kind, const double[:, ::1] across, const double[:, ::1] down,
                       bint fold_across, bint fold_down) except -1:
        """Taps of a separable job (a row and a column, not empty), else of the kernel as it is."""
        cdef Job* job = &self.job
        # a tile is of one channel; see one_channel in fft.pxi
        cdef Py_ssize_t step = 1 if job.method == FFT else job.channels
        if across.size:
            make_taps(kind, &job.across, across, step)
            make_taps(kind, &job.window, down, step)
            job.across.folded, job.window.folded = fold_across, fold_down
        else:
            make_taps(kind, &job.window, self.kernel, step)
        return 0

    def __dealloc__(self):
        free_taps(&self.job.across)
        free_taps(&self.job.window)
        free(<void*>self.job.padded_kernel)
        free_fft(&self.job.fft)

    def bind(self, *pictures):
        """A call for pictures of one size; see `bind`."""
        return bind(self, <size_t>&self.job, self.lanes, *pictures)


cdef bint may_average(const Job* job) noexcept:
    """Running sums of few taps may be done in registers, if pixels and channels allow it."""
    return (
        job.method == RUNNING and job.divisor > 0 and job.scale == 1
        and job.src.type == job.dst.type
        and (job.src.type == U8 or job.src.type == U16 or job.src.type == I16)
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
    """Whether a box of bytes or 16-bit words, `size` bytes each, in one channel, is summed in registers."""
    return averages(height, width, 1, divisor, size)


def most_spread():
    """Samples from the first to the last tap of a group, at the most, where groups are of taps; else 0."""
    return 2 * F32_LANES if SPREADS else 0


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
