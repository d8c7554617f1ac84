# Driver: pictures -> bands of rows over threads -> strips of columns -> load, sum, store.
#
# A strip is as wide as lets its rows stay in the cache; within one, a window of rows slides down:
#
#     rows[0] .. rows[height - 2]    kept from the blocks above
#     rows[height - 1] .. + 3        loaded for this block of BLOCK_ROWS output rows
#
# Sliding moves pointers, not samples. Bands know no neighbours: each loads its own first rows.

# Bytes of rows that a strip keeps: half of the smallest second-level cache we know of (512 KiB).
cdef enum:
    STRIP_BYTES = 262144
    STRIP_SAMPLES = 512     # no strip is narrower: its margin of kernel width is loaded twice


cdef Py_ssize_t strip_width(const Job* job, Py_ssize_t rows, Py_ssize_t size) noexcept nogil:
    """Pixels of a strip of which `rows` rows are kept; all strips but the last are equal."""
    cdef Py_ssize_t samples = larger(STRIP_SAMPLES, STRIP_BYTES // (rows * size))
    cdef Py_ssize_t width = larger(1, samples // job.channels)
    return job.width if job.width <= width + width // 2 else width


cdef Py_ssize_t row_pitch(const Job* job, Py_ssize_t width, Py_ssize_t vector) noexcept nogil:
    """Samples between two scratch rows: padded pixels, room for a block's overhang, and an odd number
    of vectors, so that rows do not fall on the same cache sets."""
    cdef Py_ssize_t n = (width + job.kernel_width - 1) * job.channels + SPARSE_VECTORS * vector
    return ((n + vector - 1) // vector | 1) * vector


cdef inline void load_window_row(lane* row, lane* raw, lane* spare, const Job* job, Py_ssize_t plane,
                                 Py_ssize_t y, Py_ssize_t x, Py_ssize_t width) noexcept nogil:
    """Row `y` of the padded picture as the window wants it: summed across if the job is separable."""
    if job.across.count:
        load_row(raw, spare, job, plane, y, x, x + width + job.kernel_width - 1)
        sparse_row(row, &raw, &job.across, width * job.channels)
    else:
        load_row(row, spare, job, plane, y, x, x + width + job.kernel_width - 1)


cdef inline void slide(lane** rows, Py_ssize_t count, Py_ssize_t by) noexcept nogil:
    """Rotate `count` row pointers so that the first `by` come last. by <= BLOCK_ROWS."""
    cdef lane* first[BLOCK_ROWS]
    memcpy(first, rows, by * sizeof(void*))
    memmove(rows, rows + by, (count - by) * sizeof(void*))
    memcpy(rows + count - by, first, by * sizeof(void*))


cdef void window_strip(lane* scratch, lane** rows, Py_ssize_t pitch, const Job* job, Py_ssize_t plane,
                       Py_ssize_t y0, Py_ssize_t y1, Py_ssize_t x, Py_ssize_t width) noexcept nogil:
    """Output rows y0 .. y1-1, `width` pixels from `x` on. Scratch: height + 9 rows of `pitch`."""
    cdef Py_ssize_t y, r, height = job.window.height, count = height + BLOCK_ROWS - 1
    cdef lane* out[BLOCK_ROWS]
    cdef lane* raw = sample_at(scratch, (count + BLOCK_ROWS) * pitch)
    cdef lane* spare = sample_at(raw, pitch)
    for r in range(count):
        rows[r] = sample_at(scratch, r * pitch)
    for r in range(BLOCK_ROWS):
        out[r] = sample_at(scratch, (count + r) * pitch)
    for r in range(height - 1):
        load_window_row(rows[r], raw, spare, job, plane, y0 + r, x, width)
    y = y0
    while y < y1:
        for r in range(smaller(BLOCK_ROWS, y1 - y)):
            load_window_row(rows[height - 1 + r], raw, spare, job, plane, y + height - 1 + r, x, width)
        sum_rows(out, rows, &job.window, width * job.channels)
        for r in range(smaller(BLOCK_ROWS, y1 - y)):
            store_row(out[r], job, plane, y + r, x, width)
        slide(rows, count, BLOCK_ROWS)
        y += BLOCK_ROWS


cdef int band(lane* kind, const Job* job, Py_ssize_t plane, Py_ssize_t y0, Py_ssize_t y1) noexcept nogil:
    """Output rows y0 .. y1-1. Returns 0, or 1 if there is no memory for the scratch."""
    cdef bint box = job.method == BOX
    cdef Py_ssize_t height = job.kernel_height if box else job.window.height
    cdef Py_ssize_t count = 2 * height + 4 if box else height + 9
    cdef Py_ssize_t x, width = strip_width(job, count, sample_size(kind))
    cdef Py_ssize_t pitch = row_pitch(job, width, lanes_of(kind))
    cdef size_t row_bytes = pitch * sample_size(kind)
    cdef char* memory = <char*>malloc(count * row_bytes + (height + BLOCK_ROWS) * sizeof(void*) + 64)
    cdef lane* scratch
    cdef lane** rows
    if memory == NULL:
        return 1
    scratch = <lane*>(memory + (64 - <size_t>memory % 64))
    rows = <lane**>(<char*>scratch + count * row_bytes)
    x = 0
    while x < job.width:
        if box:
            box_strip(scratch, pitch, job, plane, y0, y1, x, smaller(width, job.width - x))
        else:
            window_strip(scratch, rows, pitch, job, plane, y0, y1, x, smaller(width, job.width - x))
        x += width
    free(memory)
    return 0


cdef int task(int kind, const Job* job, Py_ssize_t index, Py_ssize_t bands) noexcept nogil:
    """Band `index % bands` of plane `index // bands`."""
    cdef Py_ssize_t i = index % bands, plane = index // bands
    cdef Py_ssize_t y0 = job.height * i // bands, y1 = job.height * (i + 1) // bands
    if job.method == WIDE:
        wide_rows(job, plane, y0, y1)
        return 0
    if kind == 0:
        return band(<vf*>NULL, job, plane, y0, y1)
    if kind == 1:
        return band(<vd*>NULL, job, plane, y0, y1)
    return band(<vs*>NULL, job, plane, y0, y1)


cdef int make_all_taps(lane* kind, Job* job, const double[::1] across, const double[::1] down) except -1:
    """Taps of a separable job (`across` and `down` not empty), else of the kernel as it is."""
    if across.shape[0]:
        make_taps(kind, &job.across, &across[0], 1, across.shape[0], job.channels)
        make_taps(kind, &job.window, &down[0], down.shape[0], 1, job.channels)
    else:
        make_taps(kind, &job.window, job.kernel, job.kernel_height, job.kernel_width, job.channels)
    return 0


def run(const unsigned char[:, :, :, :, :] src, int src_type, bint src_swapped,
        unsigned char[:, :, :, :, :] dst, int dst_type, bint dst_swapped,
        const Py_ssize_t[::1] rows, const Py_ssize_t[::1] cols, Py_ssize_t inner_begin,
        Py_ssize_t inner_end, const double[::1] fill, const double[:, ::1] kernel, int method,
        int lanes, const double[::1] across, const double[::1] down, double scale, bint scale_first,
        double low, double high, double guard, int threads):
    """Fill `dst`. The caller (fastconv/_run.py) has checked every word; nothing is checked here."""
    cdef Job job
    cdef Py_ssize_t i, bands
    cdef int failed = 0
    memset(&job, 0, sizeof(Job))
    job.src = make_view(src, src_type, src_swapped)
    job.dst = make_view(dst, dst_type, dst_swapped)
    job.planes, job.height, job.width, job.channels = dst.shape[0], dst.shape[1], dst.shape[2], dst.shape[3]
    job.rows, job.cols = &rows[0], &cols[0]
    job.inner_begin, job.inner_end = inner_begin, inner_end
    job.fill, job.kernel = &fill[0], &kernel[0, 0]
    job.kernel_height, job.kernel_width = kernel.shape[0], kernel.shape[1]
    job.method, job.scale, job.scale_first = method, scale, scale_first
    job.low, job.high, job.guard = low, high, guard
    # a few bands a thread even out what the other programs of the machine take
    bands = smaller(job.height, (4 * threads + job.planes - 1) // job.planes if threads > 1 else 1)
    try:
        if method == WINDOW:
            if lanes == 0:
                make_all_taps(<vf*>NULL, &job, across, down)
            else:
                make_all_taps(<vd*>NULL, &job, across, down)
        with nogil:
            for i in prange(job.planes * bands, schedule="dynamic", chunksize=1, num_threads=threads,
                            use_threads_if=threads > 1):
                failed += task(lanes, &job, i, bands)
    finally:
        free_taps(&job.across)
        free_taps(&job.window)
    if failed:
        raise MemoryError("scratch rows of the convolution")


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
