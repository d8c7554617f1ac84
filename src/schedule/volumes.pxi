# Volumes: a window is a list of rows, whatever the number of axes.
#
# The rows of a window are those of each of its slices, one after the other. Where results stand some pixels
# apart, the blocks of four rows of them need more rows, and each row is split by its columns, so that the
# samples that neighbouring results meet lie side by side:
#
#     a kernel of 2 slices of 3 x 3                  every other column of a row
#     rows[0] .. rows[5]     slice 0: 3 + 3 rows     x0 x1 x2 x3 x4 x5     rows[2i]       x0 x2 x4
#     rows[6] .. rows[11]    slice 1                                       rows[2i + 1]   x1 x3 x5
#
# The list of steps (sparse.pxi) names rows and offsets of this list; the sum itself knows no slices.
#
# A kernel that is a product of three lines has windows of one slice, whose rows are sums along the slices:
#
#     all results               along the slices, across, down     a row is summed across when it is loaded
#     some pixels apart         along the slices, down, across     only the sums down that are needed are split
#
# Planes of a call are slices here. A layer of a network has several kernels: their windows are the same rows, which
# are loaded once, and each kernel has slices of results of its own.

cdef enum:
    VOLUME_BYTES = 262144   # of a window's rows in scratch, where strips are wide enough for it
    DOWN_BYTES = 32768      # of rows that are summed down and split: most of a first-level cache
    LEAST_STRIP = 64        # samples
    PREFETCHED_BYTES = 2097152  # of a source that second-level caches do not hold

cdef struct Window:
    # Scratch of one band of a volume.
    char* memory
    Py_ssize_t width            # pixels of a strip
    Py_ssize_t pitch            # samples between rows of results, and of split rows
    Py_ssize_t raw_pitch        # samples between rows of all columns
    Py_ssize_t slices
    Py_ssize_t slice_rows       # rows of a window in a slice, for a block of results
    Py_ssize_t parts            # rows into which a row of the window is split
    void** rows                 # slice by slice; of each row its parts
    void** turned               # as many pointers, to turn them round
    void* out                   # BLOCK_ROWS rows of sums
    void* raw                   # a row of all columns
    void* deep                  # as many rows as the kernel has slices, before they are summed
    void** down                 # BLOCK_ROWS rows of sums down, of lines whose results are some pixels apart
    void** down_parts           # and their parts, `pitch` samples apart
    Taps across                 # of the first part of a row
    void* channel_row
    View split                  # of the pixels of a row that is split, as samples
    Py_ssize_t split_batch      # pixels of a part that two vectors of a row hold; 0: no vector can tell them
    vi split_lanes              # and the lanes that they stand in


cdef inline Py_ssize_t reached(const Axis* axis, Py_ssize_t step, Py_ssize_t taps) noexcept nogil:
    """Pixels of the padded axis from the first window's first tap to the last one's last."""
    return (axis.count - 1) * step + taps


cdef void bind_volume(Call* call, const VolumeRequest* request) noexcept nogil:
    """Give a call its arrays."""
    cdef Volume* v = &call.volume
    v.slices = request.slices
    bind_axes(call, &request.picture,
              reached(&request.picture.rows, v.row_step, (v.slice_rows - 1) * v.row_gap + 1),
              reached(&request.picture.cols, v.col_step, (call.kernel_width - 1) * v.col_gap + 1))
    call.src.packed &= v.slices.length == 1 or call.src.plane % call.src.size == 0
    call.constant |= holds_constant(&v.slices, reached(&v.slices, v.slice_step, v.slice_taps))
    call.repeats = call.stream = False


cdef inline Py_ssize_t odd_pitch(vec* kind, Py_ssize_t samples) noexcept nogil:
    """Samples between rows that do not fall on the same cache sets."""
    cdef Py_ssize_t vector = lanes_of(kind)
    return ((samples + vector - 1) // vector | 1) * vector


cdef bint get_window(vec* kind, Window* w, const Call* call) noexcept nogil:
    """False if there is no memory."""
    cdef const Volume* v = &call.volume
    cdef Py_ssize_t size = sample_size(kind), samples, count, deep = v.slice_taps if v.deep.count else 0
    cdef bint down = v.deep.count and is_stepped(v)
    cdef Py_ssize_t downs = BLOCK_ROWS * (1 + v.col_step) if down else 0    # rows summed down, and parts of these
    cdef size_t bytes_
    make_split(kind, w, call)
    w.slice_rows = v.slice_rows + (BLOCK_ROWS - 1) * v.row_step
    w.slices = 1 if v.deep.count else v.slice_taps
    w.parts = 1 if v.deep.count else v.col_step
    count = w.slices * w.slice_rows * w.parts
    if down:
        w.width = DOWN_BYTES // (BLOCK_ROWS * (1 + 2 * v.col_step) * size)
    else:
        w.width = VOLUME_BYTES // ((count + deep) * size)
    w.width = strip_width(call, call.width, larger(LEAST_STRIP, w.width))
    # rows are read to the end of a block
    samples = (w.width + (call.kernel_width - 1) // v.col_step) * call.channels + least_block(kind, call)
    w.pitch = odd_pitch(kind, samples)
    samples = ((w.width - 1) * v.col_step + call.kernel_width) * call.channels + least_block(kind, call)
    w.raw_pitch = odd_pitch(kind, samples)
    samples = (count * (w.raw_pitch if down else w.pitch) + (BLOCK_ROWS + downs) * w.pitch
               + (2 + deep + (BLOCK_ROWS if down else 0)) * w.raw_pitch)
    bytes_ = samples * size + (2 * count + downs + call.across.count) * sizeof(void*) + LINE_BYTES
    w.memory = <char*>malloc(bytes_)
    if w.memory == NULL:
        return False
    # what is beyond short rows would else be read as denormal numbers, which take 50 times as long
    memset(w.memory, 0, bytes_)
    lay_window(<vec*>(w.memory + LINE_BYTES - <size_t>w.memory % LINE_BYTES), w, call, count, deep, down)
    return True


cdef void lay_window(vec* memory, Window* w, const Call* call, Py_ssize_t count, Py_ssize_t deep,
                     bint down) noexcept nogil:
    cdef Py_ssize_t i, kx, step = call.volume.col_step, pitch = w.raw_pitch if down else w.pitch
    cdef void** pointers
    w.out = memory
    memory = sample_at(memory, BLOCK_ROWS * w.pitch)
    w.raw, w.channel_row = memory, sample_at(memory, w.raw_pitch)
    w.deep = memory = sample_at(memory, 2 * w.raw_pitch)
    memory = sample_at(memory, deep * w.raw_pitch)
    pointers = <void**>sample_at(memory, count * pitch
                                 + (BLOCK_ROWS * (w.raw_pitch + step * w.pitch) if down else 0))
    w.rows, w.turned = pointers, pointers + count
    w.down = pointers + 2 * count
    w.down_parts = w.down + BLOCK_ROWS
    for i in range(count):
        w.rows[i] = memory
        memory = sample_at(memory, pitch)
    if not down:
        return
    for i in range(BLOCK_ROWS):
        w.down[i] = memory
        memory = sample_at(memory, w.raw_pitch)
    for i in range(BLOCK_ROWS * step):
        w.down_parts[i] = memory if step > 1 else w.down[i]
        memory = sample_at(memory, w.pitch)
    w.across = call.across
    w.across.offset = <Py_ssize_t*>(w.down_parts + BLOCK_ROWS * step)
    for i in range(w.across.count):
        kx = call.across.offset[i] // call.channels
        w.across.offset[i] = kx % step * w.pitch + kx // step * call.channels


cdef void make_split(vec* kind, Window* w, const Call* call) noexcept nogil:
    """How rows are split by vectors: pixel x of a part is pixel x * step of what it is taken from."""
    cdef Py_ssize_t i, channels = call.channels, step = call.volume.col_step, vector = lanes_of(kind)
    cdef int32_t lanes[F32_LANES]
    w.split.size = channels * sample_size(kind)
    w.split.pixel = step * w.split.size
    make_batches(&w.split)
    w.split_batch = 0
    if PERMUTES_TWO and channels <= vector:
        w.split_batch = smaller(vector // channels, (2 * vector - channels) // (step * channels) + 1)
    memset(lanes, 0, sizeof(lanes))
    for i in range(w.split_batch * channels):
        lanes[i] = <int32_t>(i // channels * step * channels + i % channels)
    w.split_lanes = vi_load(lanes)


cdef inline void split_vectors(vec* part, vec* src, const Window* w, Py_ssize_t pixels) noexcept nogil:
    cdef Py_ssize_t done = 0, batch = w.split_batch
    cdef Py_ssize_t there = batch * w.split.size // sample_size(src), step = batch * w.split.pixel // sample_size(src)
    cdef vi lanes = w.split_lanes
    while done < pixels:
        store(part, 0, permute2(load(src, 0), load(src, lanes_of(src)), lanes))
        part, src = sample_at(part, there), sample_at(src, step)
        done += batch


cdef void split_columns(vec** rows, vec* raw, const Window* w, Py_ssize_t step, Py_ssize_t pixels) noexcept nogil:
    """Pixel x of a row to x // step of row x % step. Reads and writes up to a block beyond them."""
    cdef Py_ssize_t b, n, done, size = w.split.size
    cdef const char* src
    for b in range(smaller(step, pixels)):
        src, n = <const char*>raw + b * size, (pixels - b + step - 1) // step
        if PERMUTES_TWO and w.split_batch > 1:
            split_vectors(rows[b], <vec*>src, w, n)
            continue
        done = copy_together(<char*>rows[b], src, n, &w.split)
        copy_pixel_steps(<char*>rows[b] + done * size, src + done * w.split.pixel, w.split.pixel, n - done, size)


cdef inline void copy_pixel_steps(char* dst, const char* src, Py_ssize_t step, Py_ssize_t n,
                                  Py_ssize_t size) noexcept nogil:
    """Pixels `step` bytes apart, side by side. A constant size lets memcpy be one move."""
    if size == 4:
        copy_samples(dst, 4, src, step, n, 4)
    elif size == 8:
        copy_samples(dst, 8, src, step, n, 8)
    else:
        copy_samples(dst, size, src, step, n, size)


# Types of samples that are summed along the slices where they lie.
ctypedef fused deep_sample:
    uint8_t
    int8_t
    uint16_t
    int16_t
    float
    double


cdef inline vec widened(vec* kind, const deep_sample* p) noexcept nogil:
    """As many samples as a vector has lanes."""
    cdef double lanes[8]
    if deep_sample is float:
        if vec is vf:
            return (<const vf*>p)[0]
        elif vec is vd:
            return vd_widen_f32(p)
        else:
            return set1(kind, 0)    # never: the definition's order is no lines
    elif deep_sample is double:
        if vec is vf:
            return set1(kind, 0)
        else:
            return (<const vec*>p)[0]
    elif vec is vf:
        widen_vector(p, <float*>lanes)
        return (<const vf*>lanes)[0]
    else:
        widen_vector(p, lanes)
        return (<const vec*>lanes)[0]


cdef inline void deep_block(vec* out, const deep_sample** rows, const Taps* taps, Py_ssize_t x,
                            const int vectors) noexcept nogil:
    cdef Py_ssize_t k
    cdef vec acc[16]
    cdef vec v[4]
    begin_block(acc, 0)
    for k in range(taps.count):
        v[0] = widened(out, rows[k] + x)
        v[1] = widened(out, rows[k] + x + lanes_of(out))
        if vectors == 4:
            v[2] = widened(out, rows[k] + x + 2 * lanes_of(out))
            v[3] = widened(out, rows[k] + x + 3 * lanes_of(out))
        block_step(acc, weight(<vec*>taps.weight, k), v, vectors)
    store_vectors(sample_at(out, x), acc, vectors)


cdef void deep_row(vec* out, const deep_sample** rows, const Taps* taps, Py_ssize_t n) noexcept nogil:
    """The weighted sum of rows; reads and writes `n` samples of each, at least those of a short block."""
    cdef Py_ssize_t x = 0, vector = lanes_of(out)
    if n >= 4 * vector:
        while x < n - 2 * vector:
            deep_block(out, rows, taps, smaller(x, n - 4 * vector), 4)
            x += 4 * vector
    while x < n:
        deep_block(out, rows, taps, larger(0, smaller(x, n - 2 * vector)), 2)
        x += 2 * vector


cdef inline bint sums_where_they_lie(vec* kind, const Call* call, const ColumnRange* columns) noexcept nogil:
    """Whether rows of the source can be summed before they are loaded."""
    cdef int type = call.src.type
    if not columns.copied or columns.count < 2 * lanes_of(kind) or VECTOR_BYTES == 0:
        return False
    if vec is vf:
        return type <= I16 or type == F32
    else:
        return type <= I16 or type == F32 or type == F64


cdef void deep_source(vec* out, const char** rows, const Taps* taps, int type, Py_ssize_t n) noexcept nogil:
    """deep_row of native samples side by side."""
    if type == U8:
        deep_row(out, <const uint8_t**>rows, taps, n)
    elif type == I8:
        deep_row(out, <const int8_t**>rows, taps, n)
    elif type == U16:
        deep_row(out, <const uint16_t**>rows, taps, n)
    elif type == I16:
        deep_row(out, <const int16_t**>rows, taps, n)
    elif type == F32:
        deep_row(out, <const float**>rows, taps, n)
    else:
        deep_row(out, <const double**>rows, taps, n)


cdef void load_deep(vec* row, Window* w, const Call* call, const ColumnRange* columns, Py_ssize_t plane,
                    Py_ssize_t y) noexcept nogil:
    """load_row of the sum along the slices of rows `y` of the padded volume."""
    cdef const Taps* deep = &call.volume.deep
    cdef const char* rows[MOST_DEPTH]
    cdef bint inner = sums_where_they_lie(row, call, columns)
    cdef Py_ssize_t k
    for k in range(deep.count):
        rows[k] = volume_row(call, plane, deep.offset[k], y)
        inner = inner and rows[k] != NULL
    if call.volume.slice_taps == 1:     # its only weight is 1
        load_row(row, <vec*>w.channel_row, call, columns, rows[0])
        return
    if inner:
        for k in range(deep.count):
            rows[k] += columns.skip
        deep_source(sample_at(row, columns.inner), rows, deep, call.src.type, columns.count)
        copy_margins(row, call, columns)
        return
    for k in range(deep.count):
        load_row(sample_at(<vec*>w.deep, k * w.raw_pitch), <vec*>w.channel_row, call, columns, rows[k])
        rows[k] = <const char*>sample_at(<vec*>w.deep, k * w.raw_pitch)
    deep_source(row, rows, deep, F32 if vec is vf else F64,
                larger(2 * lanes_of(row), (columns.end - columns.begin) * call.channels))


cdef void load_lines(vec* kind, Window* w, const Call* call, const ColumnRange* columns, Py_ssize_t plane,
                     Py_ssize_t y, Py_ssize_t first, Py_ssize_t last) noexcept nogil:
    """load_window for a product of three lines: rows that are summed along the slices, and across if all results
    are wanted."""
    cdef Py_ssize_t i, n = (columns.end - columns.begin - call.kernel_width + 1) * call.channels
    for i in range(first, last):
        if is_stepped(&call.volume):
            load_deep(<vec*>w.rows[i], w, call, columns, plane, y * call.volume.row_step + i)
        else:
            load_deep(<vec*>w.raw, w, call, columns, plane, y + i)
            sparse_row(<vec*>w.rows[i], <vec*>w.raw, &call.across, n)


cdef inline void down_block(vec** out, const deep_sample** rows, const Taps* taps, Py_ssize_t x,
                            const int vectors) noexcept nogil:
    """sparse_block of a column, of rows where they lie."""
    cdef Py_ssize_t t
    cdef int mask
    cdef vec* weights = <vec*>taps.step_weight
    cdef const deep_sample* row
    cdef vec acc[16]
    cdef vec v[4]
    begin_block(acc, 0)
    for t in range(taps.steps):
        row = rows[taps.step_row[t]] + x
        v[0] = keep_in_register(widened(out[0], row))
        v[1] = keep_in_register(widened(out[0], row + lanes_of(out[0])))
        if vectors == 4:
            v[2] = keep_in_register(widened(out[0], row + 2 * lanes_of(out[0])))
            v[3] = keep_in_register(widened(out[0], row + 3 * lanes_of(out[0])))
        mask = taps.step_mask[t]
        if mask & 1:
            block_step(acc, weight(weights, 0), v, vectors)
        if mask & 2:
            block_step(acc + 4, weight(weights, 1), v, vectors)
        if mask & 4:
            block_step(acc + 8, weight(weights, 2), v, vectors)
        if mask & 8:
            block_step(acc + 12, weight(weights, 3), v, vectors)
        weights = sample_at(weights, 4)
    store_vectors(sample_at(out[0], x), acc, vectors)
    store_vectors(sample_at(out[1], x), acc + 4, vectors)
    store_vectors(sample_at(out[2], x), acc + 8, vectors)
    store_vectors(sample_at(out[3], x), acc + 12, vectors)


cdef void down_rows(vec** out, const deep_sample** rows, const Taps* taps, Py_ssize_t n) noexcept nogil:
    """BLOCK_ROWS rows of sums; reads and writes `n` samples of each row, at least those of a short block."""
    cdef Py_ssize_t x = 0, vector = lanes_of(out[0])
    if BLOCK_VECTORS == 4 and n >= 4 * vector:
        while x < n - 2 * vector:
            down_block(out, rows, taps, smaller(x, n - 4 * vector), 4)
            x += 4 * vector
    while x < n:
        down_block(out, rows, taps, larger(0, smaller(x, n - 2 * vector)), 2)
        x += 2 * vector


cdef void down_source(vec** out, const char** rows, const Taps* taps, int type, Py_ssize_t n) noexcept nogil:
    """down_rows of native samples side by side."""
    if type == U8:
        down_rows(out, <const uint8_t**>rows, taps, n)
    elif type == I8:
        down_rows(out, <const int8_t**>rows, taps, n)
    elif type == U16:
        down_rows(out, <const uint16_t**>rows, taps, n)
    elif type == I16:
        down_rows(out, <const int16_t**>rows, taps, n)
    elif type == F32:
        down_rows(out, <const float**>rows, taps, n)
    else:
        down_rows(out, <const double**>rows, taps, n)


cdef void prefetch_source(const Call* call, const ColumnRange* columns, Py_ssize_t plane, Py_ssize_t first,
                          Py_ssize_t count) noexcept nogil:
    """Prefetch inner columns of some rows of a large source: hardware prefetchers notice each row too late."""
    cdef Py_ssize_t i, y, end = (call.height - 1) * call.volume.row_step + call.volume.slice_rows
    cdef const char* src
    if call.src.row * call.rows.length < PREFETCHED_BYTES:
        return
    for y in range(first, smaller(end, first + count)):
        src, i = volume_row(call, plane, 0, y), 0
        while src != NULL and i < columns.count * call.src.size:
            prefetch(src + columns.skip + i)
            i += LINE_BYTES


cdef bint sum_down_in_place(vec* kind, Window* w, const Call* call, const ColumnRange* columns, Py_ssize_t plane,
                            Py_ssize_t y, Py_ssize_t rows) noexcept nogil:
    """Sum `rows` rows of the source down where they lie, before columns are repeated beside them. False if one
    of them is a constant."""
    cdef const char** source = <const char**>w.turned
    cdef vec* out[BLOCK_ROWS]
    cdef Py_ssize_t i
    for i in range(w.slice_rows):   # rows past the band are summed and discarded
        source[i] = volume_row(call, plane, 0, y * call.volume.row_step + smaller(i, rows - 1))
        if source[i] == NULL:
            return False
        source[i] += columns.skip
    prefetch_source(call, columns, plane, y * call.volume.row_step + w.slice_rows,
                    BLOCK_ROWS * call.volume.row_step)
    for i in range(BLOCK_ROWS):
        out[i] = sample_at(<vec*>w.down[i], columns.inner)
    down_source(out, source, &call.window, call.src.type, columns.count)
    for i in range(BLOCK_ROWS):
        copy_margins(<vec*>w.down[i], call, columns)
    return True


cdef void sum_stepped_lines(vec** out, Window* w, const Call* call, const ColumnRange* columns, Py_ssize_t plane,
                            Py_ssize_t y, Py_ssize_t kept, Py_ssize_t rows, Py_ssize_t n) noexcept nogil:
    """BLOCK_ROWS rows of `n` sums: down, and then across."""
    cdef Py_ssize_t r, step = call.volume.col_step, pixels = columns.end - columns.begin
    cdef bint in_place = call.volume.slice_taps == 1 and sums_where_they_lie(out[0], call, columns)
    if not in_place or not sum_down_in_place(out[0], w, call, columns, plane, y, rows):
        load_lines(out[0], w, call, columns, plane, y, 0 if in_place else kept, rows)
        sparse_rows(<vec**>w.down, <vec**>w.rows, &call.window, pixels * call.channels)
    for r in range(BLOCK_ROWS):
        if step > 1:
            split_columns(<vec**>w.down_parts + r * step, <vec*>w.down[r], w, step, pixels)
        sparse_row(out[r], <vec*>w.down_parts[r * step], &w.across, n)


cdef void load_window(vec* kind, Window* w, const Call* call, const ColumnRange* columns, Py_ssize_t plane,
                      Py_ssize_t y, Py_ssize_t first, Py_ssize_t last) noexcept nogil:
    """Rows `first` .. `last - 1` of each slice of a window at result row `y`."""
    cdef const Volume* v = &call.volume
    cdef bint in_place = splits_where_it_lies(kind, call, columns)
    cdef Py_ssize_t k, i
    cdef const char* src
    cdef vec** rows
    for k in range(v.slice_taps):
        for i in range(first, last):
            rows = <vec**>(w.rows + (k * w.slice_rows + i) * v.col_step)
            src = volume_row(call, plane, k, y * v.row_step + i)
            if v.col_step == 1:
                load_row(rows[0], <vec*>w.channel_row, call, columns, src)
            elif in_place and src != NULL:
                split_source(rows, w, call, columns, src)
            else:
                load_row(<vec*>w.raw, <vec*>w.channel_row, call, columns, src)
                split_columns(rows, <vec*>w.raw, w, v.col_step, columns.end - columns.begin)


cdef inline bint splits_where_it_lies(vec* kind, const Call* call, const ColumnRange* columns) noexcept nogil:
    """Whether rows of the source can be split before they are loaded."""
    return (PERMUTES_TWO and call.volume.col_step == 2 and call.channels == 1 and columns.copied
            and lies_as_row(kind, &call.src))


cdef void split_pairs(vec* evens, vec* odds, vec* src, vi even, Py_ssize_t n) noexcept nogil:
    """Every other sample of `n` pairs of vectors, and those between them: each is loaded once.

    (Prefetching the next block's rows, at once or while these are split, saved nothing.)
    """
    cdef Py_ssize_t _i, vector = lanes_of(src)
    cdef vi odd = vi_add(even, vi_set1(1))
    cdef vec a, b
    for _i in range(n):
        a, b = keep_in_register(load(src, 0)), keep_in_register(load(src, vector))
        store(evens, 0, permute2(a, b, even))
        store(odds, 0, permute2(a, b, odd))
        evens, odds, src = sample_at(evens, vector), sample_at(odds, vector), sample_at(src, 2 * vector)


cdef Py_ssize_t split_two(vec** rows, const Window* w, const ColumnRange* columns, const char* src) noexcept nogil:
    """Split inner samples into two parts; return how many were."""
    cdef Py_ssize_t pair = 2 * lanes_of(rows[0]), rest = (columns.count - pair) // 2 * 2
    cdef vec* evens = sample_at(rows[columns.inner % 2], columns.inner // 2)
    cdef vec* odds = sample_at(rows[1 - columns.inner % 2], (columns.inner + 1) // 2)
    if columns.count < pair:
        return 0
    split_pairs(evens, odds, <vec*>src, w.split_lanes, columns.count // pair)
    split_pairs(sample_at(evens, rest // 2), sample_at(odds, rest // 2), sample_at(<vec*>src, rest), w.split_lanes, 1)
    return rest + pair


cdef void split_source(vec** rows, const Window* w, const Call* call, const ColumnRange* columns,
                       const char* src) noexcept nogil:
    """split_columns of load_row for a row of the source that needs no conversion. Reads nothing beside it."""
    cdef Py_ssize_t done = split_two(rows, w, columns, src + columns.skip)
    src += columns.skip
    copy_split(rows, call, src + done * w.split.size, columns.inner + done, columns.count - done, 1)
    copy_split(rows, call, src + (columns.before - columns.inner) * w.split.size, 0,
               columns.inner_begin - columns.begin, call.run_before)
    copy_split(rows, call, src + (columns.after - columns.inner) * w.split.size, columns.inner + columns.count,
               columns.end - columns.inner_end, call.run_after)


cdef inline void copy_split(vec** rows, const Call* call, const char* src, Py_ssize_t to, Py_ssize_t n,
                            int run) noexcept nogil:
    """Samples `run` apart to sample `to` of a row and those after it, in its parts."""
    cdef Py_ssize_t i, step = call.volume.col_step, size = sample_size(rows[0])
    for i in range(n):
        memcpy(sample_at(rows[(to + i) % step], (to + i) // step), src + i * run * size, size)


cdef void slide_window(Window* w, const Call* call, Py_ssize_t by) noexcept nogil:
    """Turn the rows of each slice round by so many, at most all of them."""
    cdef Py_ssize_t k, n = w.slice_rows * w.parts, cut = by * w.parts
    cdef void** rows = w.rows
    for k in range(w.slices):
        memcpy(w.turned, rows, cut * sizeof(void*))
        memmove(rows, rows + cut, (n - cut) * sizeof(void*))
        memcpy(rows + n - cut, w.turned, cut * sizeof(void*))
        rows += n


cdef inline bint sums_lines(vec* kind, const Call* call) noexcept nogil:
    """Whether the kernel is a product of three lines, which are never summed in the definition's order."""
    return vec is not vs and call.volume.deep.count > 0


cdef void volume_block(vec* kind, Window* w, const Call* call, const ColumnRange* columns, Py_ssize_t plane,
                       Py_ssize_t k, Py_ssize_t y, Py_ssize_t count, Py_ssize_t kept, Py_ssize_t x,
                       Py_ssize_t width) noexcept nogil:
    """`count` output rows of kernel `k` of those of a slice, BLOCK_ROWS at the most, from row `y` and pixel `x` on.
    """
    cdef const Volume* v = &call.volume
    cdef const Taps* taps = &call.window
    cdef Py_ssize_t r, n = width * call.channels
    cdef bint direct = is_result(kind, call) and n >= least_block(kind, call)
    cdef char* dst = call.dst.data + (plane * v.kernels + k) * call.dst.plane + y * call.dst.row + x * call.dst.pixel
    cdef vec* out[BLOCK_ROWS]
    if v.layer != NULL:
        taps = &v.layer[plane * v.kernels + k]
    for r in range(BLOCK_ROWS):     # rows past the band are summed and discarded
        out[r] = <vec*>(dst + r * call.dst.row) if direct and r < count else sample_at(<vec*>w.out, r * w.pitch)
    if sums_lines(kind, call) and is_stepped(v):
        sum_stepped_lines(out, w, call, columns, plane, y, kept, (count - 1) * v.row_step + v.slice_rows, n)
    elif taps.steps:
        sparse_rows(out, <vec**>w.rows, taps, n)
    else:
        sum_rows(out, <vec**>w.rows, taps, n)
    if not direct:
        for r in range(count):
            store_row(out[r], call, plane * v.kernels + k, y + r, x, width)


# A dense layer of four kernels or more is summed four kernels at a time, one output row of each: a vector that is
# loaded serves all four. (Four rows of one kernel share only what their windows have in common: two rows of three
# of a 3 x 3, or of seven with a stride of 2.)

cdef inline void quad_block(vec** out, vec** rows, const Volume* v, vec* weights, Py_ssize_t x,
                            const int vectors) noexcept nogil:
    cdef Py_ssize_t t
    cdef vec acc[16]
    cdef vec loaded[4]
    begin_block(acc, 0)
    for t in range(v.quad_taps):
        load_vectors(loaded, sample_at(rows[v.quad_row[t]], x + v.quad_offset[t]), vectors)
        block_step(acc, weight(weights, 0), loaded, vectors)
        block_step(acc + 4, weight(weights, 1), loaded, vectors)
        block_step(acc + 8, weight(weights, 2), loaded, vectors)
        block_step(acc + 12, weight(weights, 3), loaded, vectors)
        weights = sample_at(weights, 4)
    store_vectors(sample_at(out[0], x), acc, vectors)
    store_vectors(sample_at(out[1], x), acc + 4, vectors)
    store_vectors(sample_at(out[2], x), acc + 8, vectors)
    store_vectors(sample_at(out[3], x), acc + 12, vectors)


cdef void quad_row(vec** out, vec** rows, const Volume* v, vec* weights, Py_ssize_t n) noexcept nogil:
    """A row of `n` sums of each of four kernels, in blocks as sparse_rows."""
    cdef Py_ssize_t x = 0, vector = lanes_of(rows[0])
    if BLOCK_VECTORS == 4 and n >= 4 * vector:
        while x < n - 2 * vector:
            quad_block(out, rows, v, weights, larger(0, smaller(x, n - 4 * vector)), 4)
            x += 4 * vector
    while x < n:
        quad_block(out, rows, v, weights, larger(0, smaller(x, n - 2 * vector)), 2)
        x += 2 * vector


cdef Py_ssize_t layer_quads(vec* kind, Window* w, const Call* call, Py_ssize_t plane, Py_ssize_t y,
                            Py_ssize_t count, Py_ssize_t x, Py_ssize_t width) noexcept nogil:
    """`count` output rows of as many kernels of a layer as make quads. Returns how many these are."""
    cdef const Volume* v = &call.volume
    cdef Py_ssize_t q, k, r, to, n = width * call.channels, quads = v.kernels // 4 if v.quad_taps else 0
    cdef bint direct = is_result(kind, call) and n >= least_block(kind, call)
    cdef vec* out[4]
    for r in range(count):
        for q in range(quads):
            to = plane * v.kernels + 4 * q
            for k in range(4):
                out[k] = sample_at(<vec*>w.out, k * w.pitch)
                if direct:
                    out[k] = <vec*>(call.dst.data + (to + k) * call.dst.plane + (y + r) * call.dst.row
                                    + x * call.dst.pixel)
            quad_row(out, <vec**>(w.rows + r * v.row_step * w.parts), v,
                     sample_at(<vec*>v.quad_weight, (plane * quads + q) * v.quad_taps * 4), n)
            if not direct:
                for k in range(4):
                    store_row(out[k], call, to + k, y + r, x, width)
    return 4 * quads


cdef void volume_strip(vec* kind, Window* w, const Call* call, Py_ssize_t plane, Py_ssize_t y0, Py_ssize_t y1,
                       Py_ssize_t x, Py_ssize_t count) noexcept nogil:
    """Output rows y0 .. y1-1 of a slice, `count` pixels from pixel `x` on."""
    cdef const Volume* v = &call.volume
    cdef Py_ssize_t y = y0, k, wanted, rows, kept = 0, by = smaller(BLOCK_ROWS * v.row_step, w.slice_rows)
    cdef ColumnRange columns = make_column_range(
        call, x * v.col_step, (x + count - 1) * v.col_step + call.kernel_width
    )
    while y < y1:
        wanted = smaller(BLOCK_ROWS, y1 - y)
        rows = (wanted - 1) * v.row_step + v.slice_rows
        if not sums_lines(kind, call):
            load_window(kind, w, call, &columns, plane, y, kept, rows)
        elif not is_stepped(v):
            load_lines(kind, w, call, &columns, plane, y, kept, rows)
        for k in range(layer_quads(kind, w, call, plane, y, wanted, x, count), v.kernels):
            volume_block(kind, w, call, &columns, plane, k, y, wanted, kept, x, count)
        slide_window(w, call, by)
        kept = w.slice_rows - by
        y += BLOCK_ROWS


cdef int volume_band(vec* kind, const Call* call, Py_ssize_t plane, Py_ssize_t y0,
                     Py_ssize_t y1) noexcept nogil:
    """Output rows y0 .. y1-1 of a slice. Returns the number of failures to get memory."""
    cdef Window w
    cdef Py_ssize_t x = 0
    if not get_window(kind, &w, call):
        return 1
    while x < call.width:
        volume_strip(kind, &w, call, plane, y0, y1, x, smaller(w.width, call.width - x))
        x += w.width
    free(w.memory)
    return 0


cdef int make_volume_lines(vec* kind, Call* call, const Proposal* p) except -1:
    """Taps of a product of three lines: along the slices, across, and down."""
    cdef Volume* v = &call.volume
    cdef Py_ssize_t slices = v.slice_taps, rows = v.slice_rows
    cdef double* lines = <double*>get_memory(slices + rows + p.width, sizeof(double))
    cdef bint exact
    try:
        # the planner has seen that it can
        split_lines(p, slices, is_stepped(v), lines, lines + slices, lines + slices + rows, &exact)
        make_taps(kind, &v.deep, lines, 1, slices, 1)
        make_taps(kind, &call.window, lines + slices, rows, 1, call.channels)
        make_taps(kind, &call.across, lines + slices + rows, 1, p.width, call.channels)
        call.across.folded = p.across_symmetric
        if is_stepped(v):
            free_steps(&call.window)
            make_steps(kind, &call.window, lines + slices, 1, v.row_step, 1)
            call.across.pairs = 0   # neighbours stand in different parts
            call.across.start, call.window.start = call.window.start, 0     # what is summed last
    finally:
        free(lines)
    return 0


cdef int list_volume(vec* kind, Call* call, Taps* taps, const Facts* kernel) except -1:
    """The taps of all slices, if these are listed at all."""
    cdef Volume* v = &call.volume
    taps.height, taps.width, taps.step = kernel.height, kernel.width, call.channels
    if not is_of_taps(call):
        return 0
    if v.slice_taps == 1 and not is_stepped(v):     # a picture's windows, which need not be listed
        make_taps(kind, taps, kernel.weights, kernel.height, kernel.width, call.channels)
    else:
        make_steps(kind, taps, kernel.weights, v.slice_taps, v.row_step, v.col_step)
    return 0


cdef int make_layer(vec* kind, Call* call, tuple kernels) except -1:
    """The taps of each kernel of a layer."""
    cdef Volume* v = &call.volume
    cdef Kernel kernel
    cdef bint dense = True
    v.layer = <Taps*>get_memory(len(kernels), sizeof(Taps))
    memset(v.layer, 0, len(kernels) * sizeof(Taps))
    for kernel in kernels:
        list_volume(kind, call, &v.layer[v.layer_kernels], &kernel.facts)
        v.layer_kernels += 1
        dense = dense and kernel.facts.taps == kernel.facts.height * kernel.facts.width
    if dense and v.kernels >= 4:
        make_quads_of(kind, call, kernels)
    return 0


cdef int make_quads_of(vec* kind, Call* call, tuple kernels) except -1:
    """The taps of each four kernels of a group, none of whose weights is zero, in the order of the taps."""
    cdef Volume* v = &call.volume
    cdef Py_ssize_t rows = call.kernel_height, width = call.kernel_width, taps = rows * width, t, k, group, q
    cdef Py_ssize_t slice_rows = v.slice_rows + (BLOCK_ROWS - 1) * v.row_step, groups = len(kernels) // v.kernels
    cdef vec* weights
    cdef Kernel kernel
    v.quad_row = <Py_ssize_t*>get_memory(taps, sizeof(Py_ssize_t))
    v.quad_offset = <Py_ssize_t*>get_memory(taps, sizeof(Py_ssize_t))
    v.quad_weight = get_memory(groups * (v.kernels // 4) * 4 * taps, sizeof(double))
    for t in range(taps):
        k = t // width
        v.quad_row[t] = (k // v.slice_rows * slice_rows + k % v.slice_rows) * v.col_step + t % width % v.col_step
        v.quad_offset[t] = t % width // v.col_step * call.channels
    for group in range(groups):
        for q in range(v.kernels // 4 * 4):
            kernel = kernels[group * v.kernels + q]
            weights = sample_at(<vec*>v.quad_weight, (group * (v.kernels // 4) + q // 4) * taps * 4)
            for t in range(taps):
                set_sample(weights, 4 * t + q % 4, kernel.facts.weights[t])
    v.quad_taps = taps
    return 0


cdef void free_volume(Volume* v) noexcept:
    cdef Py_ssize_t i
    free_taps(&v.deep)
    for i in range(v.layer_kernels):
        free_taps(&v.layer[i])
    free(v.layer)
    free(v.quad_row)
    free(v.quad_offset)
    free(v.quad_weight)
