# Load: pixels -> a row of the accumulator's type. Border, stride, byte order and pixel type end here.

ctypedef fused number:
    uint8_t
    int8_t
    uint16_t
    int16_t
    uint32_t
    int32_t
    uint64_t
    int64_t
    float
    double

# Samples that are gathered at a time when they do not lie side by side.
cdef enum:
    GATHER = 256


ctypedef fused small:
    uint8_t
    int8_t
    uint16_t
    int16_t

ctypedef fused wide:
    uint32_t
    int32_t
    uint64_t
    int64_t


cdef inline void widen_run(const number* src, real* dst, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        dst[i] = <real>src[i]


cdef inline void widen_half(const uint16_t* src, real* dst, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        dst[i] = half_to_float(src[i])


cdef inline void widen_vector(const small* src, real* dst) noexcept nogil:
    """As many pixels as the vector of `dst` has lanes."""
    if small is uint8_t:
        if real is float:
            (<vf*>dst)[0] = vf_widen_u8(src)
        else:
            (<vd*>dst)[0] = vd_widen_u8(src)
    elif small is int8_t:
        if real is float:
            (<vf*>dst)[0] = vf_widen_i8(src)
        else:
            (<vd*>dst)[0] = vd_widen_i8(src)
    elif small is uint16_t:
        if real is float:
            (<vf*>dst)[0] = vf_widen_u16(src)
        else:
            (<vd*>dst)[0] = vd_widen_u16(src)
    else:
        if real is float:
            (<vf*>dst)[0] = vf_widen_i16(src)
        else:
            (<vd*>dst)[0] = vd_widen_i16(src)


cdef inline void widen_small(const small* src, real* dst, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i = 0, vector = VECTOR_BYTES // sizeof(real)
    if n < vector or VECTOR_BYTES == 0:
        widen_run(src, dst, n)
        return
    while i < n:    # the last vector moves back to end with the row
        widen_vector(src + smaller(i, n - vector), dst + smaller(i, n - vector))
        i += vector


cdef void widen_type(const char* src, int type, real* dst, Py_ssize_t n) noexcept nogil:
    if type == U8:
        widen_small(<const uint8_t*>src, dst, n)
    elif type == I8:
        widen_small(<const int8_t*>src, dst, n)
    elif type == U16:
        widen_small(<const uint16_t*>src, dst, n)
    elif type == I16:
        widen_small(<const int16_t*>src, dst, n)
    elif type == U32:
        widen_run(<const uint32_t*>src, dst, n)
    elif type == I32:
        widen_run(<const int32_t*>src, dst, n)
    elif type == U64:
        widen_run(<const uint64_t*>src, dst, n)
    elif type == I64:
        widen_run(<const int64_t*>src, dst, n)
    elif type == F16:
        widen_half(<const uint16_t*>src, dst, n)
    elif type == F32:
        if real is float:
            memcpy(dst, src, n * sizeof(float))
        else:
            widen_run(<const float*>src, dst, n)
    else:
        if real is double:
            memcpy(dst, src, n * sizeof(double))
        else:
            widen_run(<const double*>src, dst, n)


cdef inline void widen(row_vec* row, Py_ssize_t i, const char* src, int type, Py_ssize_t n) noexcept nogil:
    """Samples `i` .. `i + n - 1` of a row from `n` native samples side by side."""
    if row_vec is vf:
        widen_type(src, type, <float*>row + i, n)
    elif row_vec is vb or row_vec is vh:
        memcpy(sample_at(row, i), src, n * sample_size(row))
    else:
        widen_type(src, type, <double*>row + i, n)


cdef inline void copy_samples(char* dst, Py_ssize_t dst_step, const char* src, Py_ssize_t src_step,
                              Py_ssize_t n, const Py_ssize_t size) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        memcpy(dst + i * dst_step, src + i * src_step, size)


cdef inline void copy_strided(char* dst, Py_ssize_t dst_step, const char* src, Py_ssize_t src_step,
                              Py_ssize_t n, Py_ssize_t size) noexcept nogil:
    """Copy `n` samples from one spacing to another. A constant size lets memcpy be one move."""
    if size == 1:
        copy_samples(dst, dst_step, src, src_step, n, 1)
    elif size == 2:
        copy_samples(dst, dst_step, src, src_step, n, 2)
    elif size == 4:
        copy_samples(dst, dst_step, src, src_step, n, 4)
    else:
        copy_samples(dst, dst_step, src, src_step, n, 8)


cdef void copy_backwards(char* dst, const char* src, Py_ssize_t n, Py_ssize_t size) noexcept nogil:
    """Copy `n` samples in reverse order, the first at `src`. With constant spacings compilers find vectors."""
    if size == 1:
        copy_samples(dst, 1, src, -1, n, 1)
    elif size == 2:
        copy_samples(dst, 2, src, -2, n, 2)
    elif size == 4:
        copy_samples(dst, 4, src, -4, n, 4)
    else:
        copy_samples(dst, 8, src, -8, n, 8)


cdef inline void swap_bytes(char* raw, Py_ssize_t n, Py_ssize_t size) noexcept nogil:
    """Reverse the bytes of each of `n` aligned samples in place."""
    cdef Py_ssize_t i
    if size == 2:
        for i in range(n):
            (<uint16_t*>raw)[i] = swapped16((<uint16_t*>raw)[i])
    elif size == 4:
        for i in range(n):
            (<uint32_t*>raw)[i] = swapped32((<uint32_t*>raw)[i])
    elif size == 8:
        for i in range(n):
            (<uint64_t*>raw)[i] = swapped64((<uint64_t*>raw)[i])


cdef inline Py_ssize_t copy_together(char* raw, const char* src, Py_ssize_t n,
                                     const View* view) noexcept nogil:
    """Copy as many of `n` samples, a pixel apart, as fill whole vectors. Returns how many. May write a vector
    beyond them."""
    cdef Py_ssize_t done = 0, step = view.pixel if view.pixel > 0 else -view.pixel
    if PERMUTES_BYTES and view.batch:
        while done * step + BYTE_LANES <= (n - 1) * step + view.size:
            (<vb*>(raw + done * view.size))[0] = vb_permute(vb_load(src + done * view.pixel - view.lead),
                                                            vb_load(view.together))
            done += view.batch
    return done


cdef inline Py_ssize_t copy_apart(char* dst, const char* raw, Py_ssize_t n, const View* view) noexcept nogil:
    """Copy samples back to places a pixel apart. Returns how many. May read a vector beyond them."""
    cdef Py_ssize_t done = 0
    if PERMUTES_BYTES and view.batch:
        while done + view.batch <= n:
            vb_store_masked(dst + done * view.pixel - view.lead,
                            vb_permute(vb_load(raw + done * view.size), vb_load(view.apart)), view.apart_mask)
            done += view.batch
    return done


cdef void gather(row_vec* row, Py_ssize_t at, const char* src, Py_ssize_t step, Py_ssize_t n,
                 const View* view) noexcept nogil:
    """Like widen, from samples `step` bytes apart in any byte order."""
    cdef uint64_t words[GATHER + 8]   # copy_together may write a vector more
    cdef char* raw = <char*>words
    cdef Py_ssize_t done = 0, count, batches = 0
    while done < n:
        count = smaller(GATHER, n - done)
        if step == view.pixel:
            batches = copy_together(raw, src + done * step, count, view)
        if step == -view.size:
            copy_backwards(raw + batches * view.size, src + (done + batches) * step, count - batches, view.size)
        else:
            copy_strided(raw + batches * view.size, view.size, src + (done + batches) * step, step,
                         count - batches, view.size)
        if view.swapped:
            swap_bytes(raw, count, view.size)
        widen(row, at + done, raw, view.type, count)
        done += count


cdef void scatter_channel(row_vec* row, row_vec* channel_row, Py_ssize_t at, Py_ssize_t n, Py_ssize_t channel,
                          Py_ssize_t channels) noexcept nogil:
    """Interleave a plane of one channel: sample i of `channel_row` -> at + i*channels + channel of `row`."""
    cdef Py_ssize_t size = sample_size(row)
    copy_strided(<char*>row + (at + channel) * size, channels * size, <char*>channel_row, size, n, size)


cdef void fill_pixels(row_vec* row, const Call* call, Py_ssize_t pixels) noexcept nogil:
    """Fill pixels with the constant."""
    cdef Py_ssize_t i, c
    for i in range(pixels):
        for c in range(call.channels):
            set_sample(row, i * call.channels + c, call.fill[c])


cdef void load_pixel(row_vec* row, Py_ssize_t at, const Call* call, const char* src,
                     Py_ssize_t x) noexcept nogil:
    """One pixel of the border, by its index in the source; -1 is the constant."""
    if x < 0:
        fill_pixels(sample_at(row, at), call, 1)
    else:
        gather(row, at, src + x * call.src.pixel, call.src.channel, call.channels, &call.src)


cdef void load_inner(row_vec* row, row_vec* channel_row, Py_ssize_t at, const Call* call, const char* src,
                     Py_ssize_t n) noexcept nogil:
    """`n` pixels that stand side by side in the source, the first at `src`."""
    cdef Py_ssize_t c
    if call.src.packed:
        widen(row, at, src, call.src.type, n * call.channels)
    elif call.channels == 1:
        gather(row, at, src, call.src.pixel, n, &call.src)
    else:
        for c in range(call.channels):
            gather(channel_row, 0, src + c * call.src.channel, call.src.pixel, n, &call.src)
            scatter_channel(row, channel_row, at, n, c, call.channels)


cdef inline void copy_steps(row_vec* row, Py_ssize_t to, Py_ssize_t source, Py_ssize_t step, Py_ssize_t n,
                            const Py_ssize_t size) noexcept nogil:
    """Copy `n` times `size` bytes from places `step` bytes apart. A constant size makes each copy a move."""
    cdef Py_ssize_t i = 0
    cdef char* t = <char*>sample_at(row, to)
    cdef const char* p = <const char*>sample_at(row, source)
    while i < n:
        memcpy(t, p, size)
        t += size
        p += step
        i = opaque(i + 1)   # vectors would cost more than they save: there are few


cdef inline void copy_pixels(row_vec* row, Py_ssize_t to, Py_ssize_t source, Py_ssize_t step, Py_ssize_t n,
                             Py_ssize_t channels) noexcept nogil:
    """Copy `n` pixels within a row: to sample `to` and the pixels after it, from sample `source` and the pixels
    `step` apart from it."""
    cdef Py_ssize_t size = sample_size(row)
    if channels == 1:
        copy_steps(row, to, source, step * size, n, size)
    elif channels == 3:
        copy_steps(row, to, source, 3 * step * size, n, 3 * size)
    else:
        copy_steps(row, to, source, channels * step * size, n, channels * size)


cdef inline bint copies(const Call* call, const ColumnRange* column_range, Py_ssize_t start, Py_ssize_t stop,
                        int run) noexcept nogil:
    """Whether padded columns `start` .. `stop - 1` repeat inner columns, in equal steps."""
    cdef Py_ssize_t first, last
    if start == stop:
        return True
    first, last = col_index(call, start) + call.before, col_index(call, stop - 1) + call.before
    return (run != IRREGULAR and col_index(call, start) >= 0
            and column_range.inner_begin <= smaller(first, last)
            and larger(first, last) < column_range.inner_end)


cdef ColumnRange make_column_range(const Call* call, Py_ssize_t begin, Py_ssize_t end) noexcept nogil:
    """0 <= begin <= end <= len(cols)."""
    cdef ColumnRange column_range
    cdef Py_ssize_t inner_begin = larger(begin, smaller(end, call.inner_begin))
    cdef Py_ssize_t inner_end = larger(inner_begin, smaller(end, call.inner_end))
    column_range.begin, column_range.end = begin, end
    column_range.inner_begin, column_range.inner_end = inner_begin, inner_end
    column_range.copied = (call.src.packed and inner_begin < inner_end
                           and copies(call, &column_range, begin, inner_begin, call.run_before)
                           and copies(call, &column_range, inner_end, end, call.run_after))
    column_range.skip = (inner_begin - call.before) * call.src.pixel
    column_range.inner = (inner_begin - begin) * call.channels
    column_range.count = (inner_end - inner_begin) * call.channels
    column_range.before = column_range.after = 0
    if begin < inner_begin:
        column_range.before = (col_index(call, begin) + call.before - begin) * call.channels
    if inner_end < end:
        column_range.after = (col_index(call, inner_end) + call.before - begin) * call.channels
    return column_range


cdef void load_margin(row_vec* row, const Call* call, const char* src, const ColumnRange* column_range,
                      Py_ssize_t start, Py_ssize_t stop) noexcept nogil:
    """Padded columns `start` .. `stop - 1` of a row, run by run. Pixels that stand among the row's inner ones are
    copied from there, where they are converted already."""
    cdef Py_ssize_t i = start, k, n, first, last
    cdef int step = 0
    while i < stop:
        n = run_at(&call.cols, i, stop - i, &step)
        first = col_index(call, i) + call.before
        last = first + (n - 1) * step
        if first < call.before:
            fill_pixels(sample_at(row, (i - column_range.begin) * call.channels), call, n)
        elif column_range.inner_begin <= smaller(first, last) and larger(first, last) < column_range.inner_end:
            copy_pixels(row, (i - column_range.begin) * call.channels,
                        (first - column_range.begin) * call.channels, step, n, call.channels)
        else:
            for k in range(n):
                load_pixel(row, (i + k - column_range.begin) * call.channels, call, src,
                           first - call.before + k * step)
        i += n


cdef void load_by_runs(row_vec* row, row_vec* channel_row, const Call* call, const ColumnRange* column_range,
                       const char* src) noexcept nogil:
    """The pixels within reach of a source row, whatever their layout and the border beside them."""
    cdef Py_ssize_t inner_begin = column_range.inner_begin, inner_end = column_range.inner_end
    if inner_begin < inner_end:
        load_inner(row, channel_row, (inner_begin - column_range.begin) * call.channels, call,
                   src + (inner_begin - call.before) * call.src.pixel, inner_end - inner_begin)
    load_margin(row, call, src, column_range, column_range.begin, inner_begin)
    load_margin(row, call, src, column_range, inner_end, column_range.end)


cdef inline void copy_margins(row_vec* row, const Call* call, const ColumnRange* column_range) noexcept nogil:
    """The columns beside the inner ones of a row, where `column_range.copied`."""
    copy_pixels(row, 0, column_range.before, call.run_before, column_range.inner_begin - column_range.begin,
                call.channels)
    copy_pixels(row, column_range.inner + column_range.count, column_range.after, call.run_after,
                column_range.end - column_range.inner_end, call.channels)


cdef void load_row(row_vec* row, row_vec* channel_row, const Call* call, const ColumnRange* column_range,
                   const char* src) noexcept nogil:
    """The pixels within reach of a row of the padded picture, from the source row `src`; NULL is the constant.

    `channel_row` is scratch of as many pixels, used only if the channels do not lie side by side.
    """
    if src == NULL:
        fill_pixels(row, call, column_range.end - column_range.begin)
        return
    if not column_range.copied:
        load_by_runs(row, channel_row, call, column_range, src)
        return
    widen(row, column_range.inner, src + column_range.skip, call.src.type, column_range.count)
    copy_margins(row, call, column_range)
