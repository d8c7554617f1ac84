# Strips: pictures -> bands of rows -> strips of columns -> load, sum, store.
#
# If the source's samples are of the sum's type, and rows are long, the middle of the picture is read and written
# in place. Only the columns at the left and the right, whose windows reach over the border, are copied:
#
#     picture    |.left.|..............middle..............|.right.|
#
# Other sources are converted into scratch rows, in strips so narrow that these stay in the cache. A window of
# rows slides down each strip:
#
#     rows[0] .. rows[height - 2]    kept from the blocks above
#     rows[height - 1] .. + 3        new for this block of BLOCK_ROWS output rows
#
# Sliding moves pointers, not samples. Left, middle and right go down together, block by block: the edges alone
# would wait for memory in each row. Bands share no rows: each loads the first rows of its windows itself.

cdef enum:
    COPIED_BYTES = 98304    # of rows in scratch: a tenth of a second-level cache
    IN_PLACE_BYTES = 262144    # of rows read in place: half of the smallest second-level cache
    IN_PLACE_ROW_BYTES = 2560    # shorter rows are copied: that is faster than strips for both edges
    STRIP_SAMPLES = 384     # no strip is narrower: its margin of kernel width is loaded twice
    NARROW_BYTES = 8192
    CHUNK_BYTES = 512      # of a row of sums on their way past the caches
    SMALL_BYTES = 16384

cdef struct Layout:
    bint in_place            # the middle is read in place
    Py_ssize_t left         # output pixels before which a window may reach over the border,
    Py_ssize_t right        # and from which on
    Py_ssize_t begin        # where the middle begins; not after `left`
    Py_ssize_t width        # pixels of the strips into which the middle, or the whole picture, is cut

cdef struct Scratch:
    # Rows of one band; those shared by all strips are `pitch` samples long.
    char small[SMALL_BYTES]     # holds them if they are small: a small call saves an allocation
    char* memory                # holds them otherwise
    char* free                  # first byte that no row has taken
    Py_ssize_t pitch
    void* out                   # BLOCK_ROWS rows of sums
    void* raw                   # a row before it is summed across
    void* next_raw             # and the row after it, for lines
    void* channel_row           # see load_row
    void* fill                  # a row of the constant
    void* box                   # BOX_ROWS rows, for a box only
    void** taps                 # of one row, for lines only
    void** chunk_rows           # a window's rows from some sample on


cdef Py_ssize_t strip_width(const Call* call, Py_ssize_t span, Py_ssize_t samples) noexcept nogil:
    """Pixels of the strips of `span`, which may have some `samples` a row; all but the last are equal."""
    cdef Py_ssize_t width = larger(1, larger(STRIP_SAMPLES, samples) // call.channels)
    return larger(1, span if span <= width + width // 2 else width)


cdef Py_ssize_t aligned_column(const Call* call, Py_ssize_t x, Py_ssize_t least) noexcept nogil:
    """The last column before or at `x` from which on stores do not straddle cache lines; `x` if none is near."""
    cdef Py_ssize_t i
    for i in range(x, larger(x - LINE_BYTES, least - 1), -1):
        if (<size_t>call.dst.data + i * call.dst.pixel) % LINE_BYTES == 0:
            return i
    return x


cdef Layout lay_out(row_vec* kind, const Call* call, Py_ssize_t rows) noexcept nogil:
    """Cut the columns of a picture into strips of which `rows` rows are in use."""
    cdef Layout layout
    cdef Py_ssize_t size = sample_size(kind), block = (least_block(kind, call) - 1) // call.channels + 1
    layout.left = larger(call.inner_begin, block if call.inner_begin else 0)
    layout.right = call.inner_end - call.kernel_width + 1 - overreach(kind, call)
    layout.right = smaller(layout.right, call.width - block if layout.right < call.width else call.width)
    layout.in_place = (
        lies_as_row(kind, &call.src)
        and not is_copied(call)
        and call.width * call.channels * size >= IN_PLACE_ROW_BYTES
        and layout.right - layout.left >= block
    )
    if layout.in_place:
        layout.begin = aligned_column(call, layout.left, call.inner_begin) if is_result(kind,
                                                                                        call) else layout.left
        layout.width = strip_width(call, layout.right - layout.begin, IN_PLACE_BYTES // (rows * size))
    else:
        layout.begin = 0
        layout.width = strip_width(call, call.width, COPIED_BYTES // (rows * size))
    return layout


cdef Py_ssize_t row_pitch(row_vec* kind, const Call* call, Py_ssize_t pixels) noexcept nogil:
    """Samples between scratch rows of a strip: its pixels and their margin, room for a block's overhang
    and to align, and an odd number of vectors, so that rows do not fall on the same cache sets."""
    cdef Py_ssize_t vector = lanes_of(kind)
    cdef Py_ssize_t n = (pixels + call.kernel_width - 1 + overreach(kind, call)) * call.channels
    n += least_block(kind, call) + vector
    return ((n + vector - 1) // vector | 1) * vector


cdef void* take(row_vec* kind, Scratch* s, Py_ssize_t samples) noexcept nogil:
    cdef void* taken = s.free
    s.free += samples * sample_size(kind)
    return taken


cdef bint get_scratch(row_vec* kind, Scratch* s, const Call* call, const Layout* layout,
                      Py_ssize_t window) noexcept nogil:
    """Room for three strips with windows of `window` rows, and for what they share."""
    cdef Py_ssize_t edge = larger(layout.left, call.width - layout.right) if layout.in_place else 0
    cdef Py_ssize_t pitch = row_pitch(kind, call, larger(layout.width, edge))
    cdef Py_ssize_t shared = shared_rows(call)
    cdef Py_ssize_t out = BLOCK_ROWS * pitch * result_size(kind, call) // sample_size(kind)
    cdef Py_ssize_t samples = out + (window + 4 + shared) * pitch
    cdef size_t size
    if layout.in_place:
        samples += 2 * window * row_pitch(kind, call, edge)
    size = (samples * sample_size(kind) + (4 * window + larger(call.along.size,
                                                               call.down.size)) * sizeof(void*)
            + 4 * LINE_BYTES)
    s.memory, s.free = NULL, s.small
    if size > sizeof(s.small):
        s.memory = <char*>malloc(size)
        s.free = s.memory
        if s.free == NULL:
            return False
    s.free += LINE_BYTES - <size_t>s.free % LINE_BYTES
    # Sums of rows shorter than a block read beyond them. Pointers left there, read as floats, are denormal
    # numbers, which take 50 times as long to multiply as zeros.
    if call.width * call.channels < least_block(kind, call):
        memset(s.free, 0, size - 2 * LINE_BYTES)
    s.pitch = pitch
    s.out = take(kind, s, out)
    s.raw = take(kind, s, pitch)
    s.next_raw = take(kind, s, pitch)
    s.channel_row = take(kind, s, pitch)
    s.fill = take(kind, s, pitch)
    s.box = take(kind, s, shared * pitch)
    s.chunk_rows = <void**>s.free
    s.free += window * sizeof(void*)
    s.taps = <void**>s.free
    s.free += larger(call.along.size, call.down.size) * sizeof(void*)
    return True


cdef Strip make_strip(row_vec* kind, Scratch* s, const Call* call, Py_ssize_t first, Py_ssize_t end,
                      Py_ssize_t window, bint in_place) noexcept nogil:
    """A strip with a window of rows of its own."""
    cdef Strip strip
    cdef Py_ssize_t r, vector = lanes_of(kind)
    # the source's own columns are aligned for loads and stores of vectors, and so are sums across
    cdef Py_ssize_t lead = larger(0, call.inner_begin - first) * call.channels
    cdef Py_ssize_t shift = (vector - lead % vector) % vector if is_aligned(call) else 0
    s.free += (LINE_BYTES - <size_t>s.free % LINE_BYTES) % LINE_BYTES
    strip.first, strip.count, strip.in_place = first, end - first, in_place
    strip.column_range = make_column_range(call, first, end + call.kernel_width - 1)
    strip.narrow = strip.count < call.width and strip.count * call.src.pixel <= NARROW_BYTES
    strip.pitch = row_pitch(kind, call, strip.count)
    strip.base = sample_at(<row_vec*>take(kind, s, window * strip.pitch), 0 if call.across.count else shift)
    # where taps share loads, the first tap is aligned instead
    strip.raw = sample_at(<row_vec*>s.raw, shift if call.across.folded else 0)
    strip.rows = <void**>s.free
    s.free += window * sizeof(void*)
    for r in range(window):
        strip.rows[r] = sample_at(<row_vec*>strip.base, r * strip.pitch)
    return strip


cdef void prefetch_row(const Call* call, Py_ssize_t plane, Py_ssize_t y, Py_ssize_t first,
                       Py_ssize_t count) noexcept nogil:
    """Prefetch some columns of the source in row `y` of the padded picture, or in its last row."""
    cdef Py_ssize_t i = 0, row = row_index(call, smaller(y, call.height + call.kernel_height - 2))
    cdef Py_ssize_t x = larger(0, first - call.before)
    cdef const char* p = call.src.data + plane * call.src.plane + larger(row, 0) * call.src.row
    while i < count * call.src.pixel:
        prefetch(p + x * call.src.pixel + i)
        i += LINE_BYTES


cdef row_vec* source_row(row_vec* buffer, const Scratch* s, const Call* call, const Strip* strip,
                         Py_ssize_t plane, Py_ssize_t y) noexcept nogil:
    """Row `y` of the padded picture, as far as the windows of a strip reach: in place if it can be, else
    loaded to `buffer`."""
    # a window padded with weights of zero reaches beyond the picture, where any row does
    cdef const char* src = row_start(call, plane, smaller(y, call.height + call.kernel_height - 2))
    if not strip.in_place:
        load_row(buffer, <row_vec*>s.channel_row, call, &strip.column_range, src)
        if strip.narrow:    # hardware prefetchers miss parts of rows; of whole rows, this would only cost
            prefetch_row(call, plane, y + BLOCK_ROWS, strip.first, strip.count + call.kernel_width - 1)
        return buffer
    return <row_vec*>(src + (strip.first - call.before) * call.src.pixel) if src != NULL else <row_vec*>s.fill


cdef inline Py_ssize_t duplicate_row(const Call* call, Py_ssize_t y, Py_ssize_t above) noexcept nogil:
    """How far above row `y` of the padded picture the nearest of `above` rows with the same pixels stands; 0 if
    there is none, or if so few rows repeat that looking for them would cost more than it saves."""
    cdef Py_ssize_t distance = same_before(&call.rows, y) if call.repeats else 0
    return distance if distance <= above else 0


cdef void stream_strip(row_vec* kind, Scratch* s, const Call* call, const Strip* strip, Py_ssize_t plane,
                       Py_ssize_t y, Py_ssize_t count) noexcept nogil:
    """sum_strip in pieces that stay in the first-level cache until they are streamed to the output, while the
    rows of the next block are prefetched."""
    cdef Py_ssize_t i, r, x, height = call.window.height, size = sample_size(kind)
    cdef Py_ssize_t chunk = larger(1, CHUNK_BYTES // (size * call.channels))    # pixels
    cdef row_vec** rows = <row_vec**>s.chunk_rows
    cdef row_vec* out[BLOCK_ROWS]
    cdef Strip piece = strip[0]
    cdef char* dst
    for r in range(BLOCK_ROWS):
        out[r] = <row_vec*>(<char*>s.out + r * s.pitch * result_size(kind, call))
    x = 0
    while x < strip.count:
        # a rest that is shorter than a block goes with the chunk before
        piece.first, piece.count = strip.first + x, smaller(chunk, strip.count - x)
        if strip.count - x - piece.count < piece.count:
            piece.count = strip.count - x
        for i in range(height + BLOCK_ROWS - 1):
            rows[i] = sample_at(<row_vec*>strip.rows[i], x * call.channels)
        if strip.in_place:
            for r in range(BLOCK_ROWS):
                prefetch_row(call, plane, y + height - 1 + BLOCK_ROWS + r, piece.first, piece.count)
        sum_strip(out, rows, s, call, &piece, plane, y, count)
        for r in range(count):
            dst = (call.dst.data + plane * call.dst.plane + (y + r) * call.dst.row
                   + piece.first * call.dst.pixel)
            stream_row(dst, <char*>out[r], piece.count * call.channels * result_size(kind, call))
        x += piece.count


cdef inline void slide(row_vec** rows, Py_ssize_t count, Py_ssize_t by) noexcept nogil:
    """Rotate `count` row pointers so that the first `by` come last. by <= BLOCK_ROWS."""
    cdef row_vec* first[BLOCK_ROWS]
    memcpy(first, rows, by * sizeof(void*))
    memmove(rows, rows + by, (count - by) * sizeof(void*))
    memcpy(rows + count - by, first, by * sizeof(void*))


cdef void begin_strip(row_vec* kind, Scratch* s, const Call* call, const Strip* strip, Py_ssize_t plane,
                      Py_ssize_t y) noexcept nogil:
    """Load the rows of the window that is to begin at output row `y`, but for those of its block."""
    cdef Py_ssize_t r
    for r in range(call.window.height - 1):
        strip.rows[r] = window_row(<row_vec**>strip.rows + r, r, s, call, strip, plane, y + r)


cdef void strip_block(row_vec* kind, Scratch* s, const Call* call, const Strip* strip, Py_ssize_t plane,
                      Py_ssize_t y, Py_ssize_t count) noexcept nogil:
    """`count` output rows of a strip, BLOCK_ROWS at the most, from row `y` on."""
    cdef Py_ssize_t r, height = call.window.height
    # Sums of added filters are written in whole vectors.
    cdef bint direct = (is_result(kind, call) and strip.count * call.channels >= least_block(kind, call)
                        and not (call.stream and is_whole(call)) and call.order != ADDED)
    cdef row_vec** rows = <row_vec**>strip.rows
    cdef row_vec** incoming = rows + height - 1
    cdef row_vec* out[BLOCK_ROWS]
    for r in range(BLOCK_ROWS):
        if r < count:
            incoming[r] = window_row(incoming + r, height - 1 + r, s, call, strip, plane, y + height - 1 + r)
        else:   # a row past the band: summed to scratch and discarded
            incoming[r] = incoming[count - 1]
        if direct and r < count:
            out[r] = <row_vec*>(call.dst.data + plane * call.dst.plane + (y + r) * call.dst.row
                                + strip.first * call.dst.pixel)
        else:
            out[r] = <row_vec*>(<char*>s.out + r * s.pitch * result_size(kind, call))
    if direct and call.stream:
        stream_strip(kind, s, call, strip, plane, y, count)
    else:
        sum_strip(out, rows, s, call, strip, plane, y, count)
    if not direct:
        for r in range(count):
            store_row(out[r], call, plane, y + r, strip.first, strip.count)
    slide(rows, height + BLOCK_ROWS - 1, BLOCK_ROWS)


cdef void window_strips(row_vec* kind, Scratch* s, const Call* call, const Strip* strips, int count,
                        Py_ssize_t plane, Py_ssize_t y0, Py_ssize_t y1) noexcept nogil:
    """Output rows y0 .. y1-1 of some strips, block by block in turns."""
    cdef Py_ssize_t y = y0
    cdef int i
    for i in range(count):
        begin_strip(kind, s, call, &strips[i], plane, y0)
    while y < y1:
        for i in range(count):
            strip_block(kind, s, call, &strips[i], plane, y, smaller(BLOCK_ROWS, y1 - y))
        y += BLOCK_ROWS


cdef void in_place_strips(row_vec* kind, Scratch* s, const Call* call, const Layout* layout, Py_ssize_t window,
                          Py_ssize_t plane, Py_ssize_t y0, Py_ssize_t y1) noexcept nogil:
    """The edges and the first strip of the middle together, then what is left of the middle."""
    cdef Py_ssize_t x = layout.begin
    cdef Strip strips[3]
    cdef int count = 0
    cdef char* free = s.free
    if row_index(call, y0) < 0 or row_index(call, y1 + call.kernel_height - 2) < 0:
        fill_pixels(<row_vec*>s.fill, call, layout.width + call.kernel_width - 1)
    if layout.left > 0:
        strips[count] = make_strip(kind, s, call, 0, layout.left, window, False)
        count += 1
    if layout.right < call.width:
        strips[count] = make_strip(kind, s, call, layout.right, call.width, window, False)
        count += 1
    while x < layout.right:
        strips[count] = make_strip(kind, s, call, x, smaller(x + layout.width, layout.right), window, True)
        window_strips(kind, s, call, strips, count + 1, plane, y0, y1)
        s.free, count = free, 0
        x += layout.width


cdef void copied_strips(row_vec* kind, Scratch* s, const Call* call, const Layout* layout, Py_ssize_t window,
                        Py_ssize_t plane, Py_ssize_t y0, Py_ssize_t y1, Py_ssize_t x0,
                        Py_ssize_t x1) noexcept nogil:
    cdef Py_ssize_t x = x0
    cdef Strip strip
    cdef char* free = s.free
    while x < x1:
        strip = make_strip(kind, s, call, x, smaller(x + layout.width, x1), window, False)
        down_strip(kind, s, call, &strip, plane, y0, y1)
        s.free = free
        x += layout.width


cdef int columns(row_vec* kind, const Call* call, Py_ssize_t plane, Py_ssize_t y0, Py_ssize_t y1, Py_ssize_t x0,
                 Py_ssize_t x1) noexcept nogil:
    """Output rows y0 .. y1-1, pixels x0 .. x1-1. Returns 0, or 1 if there is no memory for the scratch."""
    cdef Py_ssize_t window = window_rows(call)
    cdef Layout layout = lay_out(kind, call, window + BLOCK_ROWS)
    cdef Scratch s
    layout.in_place = layout.in_place and x0 == 0 and x1 == call.width
    if not get_scratch(kind, &s, call, &layout, window):
        return 1
    if layout.in_place:
        in_place_strips(kind, &s, call, &layout, window, plane, y0, y1)
    else:
        copied_strips(kind, &s, call, &layout, window, plane, y0, y1, x0, x1)
    if call.stream:
        stream_end()
    free(s.memory)
    return 0
