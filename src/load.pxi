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
            (<vf*>dst)[0] = vf_get_u8(src)
        else:
            (<vd*>dst)[0] = vd_get_u8(src)
    elif small is int8_t:
        if real is float:
            (<vf*>dst)[0] = vf_get_i8(src)
        else:
            (<vd*>dst)[0] = vd_get_i8(src)
    elif small is uint16_t:
        if real is float:
            (<vf*>dst)[0] = vf_get_u16(src)
        else:
            (<vd*>dst)[0] = vd_get_u16(src)
    else:
        if real is float:
            (<vf*>dst)[0] = vf_get_i16(src)
        else:
            (<vd*>dst)[0] = vd_get_i16(src)


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


cdef inline void widen(work* row, Py_ssize_t i, const char* src, int type, Py_ssize_t n) noexcept nogil:
    """Samples `i` .. `i + n - 1` of a row from `n` native samples side by side."""
    if work is vf:
        widen_type(src, type, <float*>row + i, n)
    elif work is vb or work is vh:
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
    """As many of `n` samples a pixel apart as whole vectors hold; returns how many. May write a vector
    more."""
    cdef Py_ssize_t done = 0
    if SPREADS and view.batch:
        while done * view.pixel + BYTE_LANES <= (n - 1) * view.pixel + view.size:
            (<vb*>(raw + done * view.size))[0] = vb_permuted(vb_load(src + done * view.pixel),
                                                             vb_load(view.together))
            done += view.batch
    return done


cdef inline Py_ssize_t copy_apart(char* dst, const char* raw, Py_ssize_t n, const View* view) noexcept nogil:
    """The way back. May read a vector more."""
    cdef Py_ssize_t done = 0
    if SPREADS and view.batch:
        while done + view.batch <= n:
            vb_put_some(dst + done * view.pixel,
                        vb_permuted(vb_load(raw + done * view.size), vb_load(view.apart)), view.places)
            done += view.batch
    return done


cdef void gather(work* row, Py_ssize_t at, const char* src, Py_ssize_t step, Py_ssize_t n,
                 const View* view) noexcept nogil:
    """Like widen, from samples `step` bytes apart in any byte order."""
    cdef uint64_t words[GATHER + 8]   # and a vector
    cdef char* raw = <char*>words
    cdef Py_ssize_t done = 0, count, batches = 0
    while done < n:
        count = smaller(GATHER, n - done)
        if step == view.pixel:
            batches = copy_together(raw, src + done * step, count, view)
        copy_strided(raw + batches * view.size, view.size, src + (done + batches) * step, step,
                     count - batches, view.size)
        if view.swapped:
            swap_bytes(raw, count, view.size)
        widen(row, at + done, raw, view.type, count)
        done += count


cdef void scatter_channel(work* row, work* spare, Py_ssize_t at, Py_ssize_t n, Py_ssize_t channel,
                          Py_ssize_t channels) noexcept nogil:
    """Interleave a plane of one channel: sample i of `spare` -> at + i*channels + channel of `row`."""
    cdef Py_ssize_t size = sample_size(row)
    copy_strided(<char*>row + (at + channel) * size, channels * size, <char*>spare, size, n, size)


cdef void fill_pixels(work* row, const Job* job, Py_ssize_t pixels) noexcept nogil:
    """The constant."""
    cdef Py_ssize_t i, c
    for i in range(pixels):
        for c in range(job.channels):
            set_sample(row, i * job.channels + c, job.fill[c])


cdef void load_pixel(work* row, Py_ssize_t at, const Job* job, const char* src, Py_ssize_t x) noexcept nogil:
    """One pixel through the table: the border, a few a row."""
    if x < 0:
        fill_pixels(sample_at(row, at), job, 1)
    else:
        gather(row, at, src + x * job.src.pixel, job.src.channel, job.channels, &job.src)


cdef void load_inner(work* row, work* spare, Py_ssize_t at, const Job* job, const char* src,
                     Py_ssize_t n) noexcept nogil:
    """`n` pixels that stand side by side in the source, the first at `src`."""
    cdef Py_ssize_t c
    if job.src.packed:
        widen(row, at, src, job.src.type, n * job.channels)
    elif job.channels == 1:
        gather(row, at, src, job.src.pixel, n, &job.src)
    else:
        for c in range(job.channels):
            gather(spare, 0, src + c * job.src.channel, job.src.pixel, n, &job.src)
            scatter_channel(row, spare, at, n, c, job.channels)


cdef inline void copy_steps(work* row, Py_ssize_t to, Py_ssize_t source, Py_ssize_t step, Py_ssize_t n,
                            const Py_ssize_t size) noexcept nogil:
    """`n` times `size` bytes, from places `step` bytes apart. A constant size makes moves of them."""
    cdef Py_ssize_t i = 0
    cdef char* t = <char*>sample_at(row, to)
    cdef const char* p = <const char*>sample_at(row, source)
    while i < n:
        memcpy(t, p, size)
        t += size
        p += step
        i = opaque(i + 1)   # few, so let no compiler make vectors of them


cdef inline void copy_pixels(work* row, Py_ssize_t to, Py_ssize_t source, Py_ssize_t step, Py_ssize_t n,
                             Py_ssize_t channels) noexcept nogil:
    """`n` pixels, from sample `to` on, from others of the row, the first from sample `source`, the others
    `step` pixels further each."""
    cdef Py_ssize_t size = sample_size(row)
    if channels == 1:
        copy_steps(row, to, source, step * size, n, size)
    elif channels == 3:
        copy_steps(row, to, source, 3 * step * size, n, 3 * size)
    else:
        copy_steps(row, to, source, channels * step * size, n, channels * size)


cdef inline bint copies(const Job* job, const Reach* reach, Py_ssize_t start, Py_ssize_t stop,
                        int run) noexcept nogil:
    """Whether padded columns `start` .. `stop - 1` are inner ones once more, in steps."""
    cdef Py_ssize_t first, last
    if start == stop:
        return True
    first, last = col_index(job, start) + job.before, col_index(job, stop - 1) + job.before
    return (run != ANYHOW and col_index(job, start) >= 0 and reach.inner_begin <= smaller(first, last)
            and larger(first, last) < reach.inner_end)


cdef Reach make_reach(const Job* job, Py_ssize_t begin, Py_ssize_t end) noexcept nogil:
    """0 <= begin <= end <= len(cols)."""
    cdef Reach reach
    cdef Py_ssize_t inner_begin = larger(begin, smaller(end, job.inner_begin))
    cdef Py_ssize_t inner_end = larger(inner_begin, smaller(end, job.inner_end))
    reach.begin, reach.end, reach.inner_begin, reach.inner_end = begin, end, inner_begin, inner_end
    reach.copied = (job.src.packed and inner_begin < inner_end
                    and copies(job, &reach, begin, inner_begin, job.run_before)
                    and copies(job, &reach, inner_end, end, job.run_after))
    reach.skip = (inner_begin - job.before) * job.src.pixel
    reach.inner, reach.count = (inner_begin - begin) * job.channels, (inner_end - inner_begin) * job.channels
    reach.before = reach.after = 0
    if begin < inner_begin:
        reach.before = (col_index(job, begin) + job.before - begin) * job.channels
    if inner_end < end:
        reach.after = (col_index(job, inner_end) + job.before - begin) * job.channels
    return reach


cdef void load_margin(work* row, const Job* job, const char* src, const Reach* reach, Py_ssize_t start,
                      Py_ssize_t stop, int run) noexcept nogil:
    """Padded columns `start` .. `stop - 1` of a row. Pixels that stand among the row's inner ones are copied
    from there: that is converted."""
    cdef Py_ssize_t i, inner, to
    if start < stop and run != ANYHOW and col_index(job, start) < 0:
        fill_pixels(sample_at(row, (start - reach.begin) * job.channels), job, stop - start)
        return
    for i in range(start, stop):
        inner, to = col_index(job, i) + job.before, (i - reach.begin) * job.channels
        if col_index(job, i) >= 0 and reach.inner_begin <= inner and inner < reach.inner_end:
            copy_pixels(row, to, (inner - reach.begin) * job.channels, 0, 1, job.channels)
        else:
            load_pixel(row, to, job, src, col_index(job, i))


cdef void load_any_row(work* row, work* spare, const Job* job, const Reach* reach, Py_ssize_t plane,
                       Py_ssize_t y) noexcept nogil:
    """load_row, whatever the picture's layout and border."""
    cdef Py_ssize_t inner_begin = reach.inner_begin, inner_end = reach.inner_end
    cdef const char* src
    if row_index(job, y) < 0:
        fill_pixels(row, job, reach.end - reach.begin)
        return
    src = job.src.data + plane * job.src.plane + row_index(job, y) * job.src.row
    if inner_begin < inner_end:
        load_inner(row, spare, (inner_begin - reach.begin) * job.channels, job,
                   src + (inner_begin - job.before) * job.src.pixel, inner_end - inner_begin)
    load_margin(row, job, src, reach, reach.begin, inner_begin, job.run_before)
    load_margin(row, job, src, reach, inner_end, reach.end, job.run_after)


cdef void load_row(work* row, work* spare, const Job* job, const Reach* reach, Py_ssize_t plane,
                   Py_ssize_t y) noexcept nogil:
    """The pixels within reach of row `y` of the padded picture.

    `spare` is scratch of as many pixels, used only if the channels do not lie side by side.
    """
    if not reach.copied or row_index(job, y) < 0:
        load_any_row(row, spare, job, reach, plane, y)
        return
    widen(row, reach.inner, job.src.data + plane * job.src.plane + row_index(job, y) * job.src.row + reach.skip,
          job.src.type, reach.count)
    copy_pixels(row, 0, reach.before, job.run_before, reach.inner_begin - reach.begin, job.channels)
    copy_pixels(row, reach.inner + reach.count, reach.after, job.run_after, reach.end - reach.inner_end,
                job.channels)
