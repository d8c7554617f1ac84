# The list of methods: all that programs, bands and strips ask of a method. In schedule/, rows/ and bindings.pxi none
# is named.
#
#     make_weights, free_weights, weights_bytes     its weights as it wants them
#     adapt_method, is_copied, ... band_unit        what its sums read and write
#     window_row, sum_strip, down_strip             a row of its window, some rows of sums, a whole strip
#     band, typed_band                                    rows of the output
#
# A new method is a file of sums beside this one, a file in src/planning/, and its lines here and in
# src/planning/choice.pxi.


cdef int make_weights(Call* call, const Facts* kernel, const Proposal* p) except -1:
    """Make a program's weights as its method wants them."""
    if p.sums == INT8_DOT:
        make_dots(call, p)
    elif p.sums == CORRELATE1D or p.sums == CONVOLVE2D or p.sums == CONVOLVE2D_REVERSED:
        if p.accumulator == FLOAT32:
            make_ordered(<vf*>NULL, call, kernel, p)
        else:
            make_ordered(<vs*>NULL, call, kernel, p)
    elif p.accumulator == FLOAT32:
        make_sums(<vf*>NULL, call, kernel, p)
    else:
        make_sums(<vd*>NULL, call, kernel, p)
    return 0


cdef int make_ordered(vec* kind, Call* call, const Facts* kernel, const Proposal* p) except -1:
    """Make the weights of sums in SciPy's order."""
    if p.sums == CORRELATE1D:
        make_lines(kind, call, p)
    else:
        make_quads(kind, &call.window, kernel, call.channels)
    return 0


cdef int make_sums(vec* kind, Call* call, const Facts* kernel, const Proposal* p) except -1:
    """Make the taps of a separable call (a row and a column) or of the kernel as it is, and spectra."""
    # a tile is of one channel; see one_channel in fft.pxi
    cdef bint spectral = p.sums == SPECTRA or p.sums == SPECTRAL_LINES
    cdef Py_ssize_t step = 1 if p.sums == FFT or spectral else call.channels * tap_gap(call)
    cdef bint listed = call.volume.slice_taps and not is_dilated(&call.volume)
    if p.across != NULL and listed:
        make_volume_lines(kind, call, p)
    elif p.across != NULL:
        make_taps(kind, &call.across, p.across, 1, kernel.width, step)
        make_taps(kind, &call.window, p.down, kernel.height, 1, step)
        call.across.folded, call.window.folded = p.across_symmetric, p.down_symmetric
    elif listed:
        list_volume(kind, call, &call.window, kernel)
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


cdef void free_weights(Call* call) noexcept:
    free_taps(&call.across)
    free_taps(&call.window)
    free_volume(&call.volume)
    free(<void*>call.padded_kernel)
    free(<void*>call.dots.offset)
    free(<void*>call.dots.weight)
    free(call.down.weight)
    free(call.along.weight)
    free_fft(&call.fft)
    free_fft(&call.wide)
    free_spectra(&call.spectra)
    free_spectra(&call.fine_spectra)


cdef Py_ssize_t weights_bytes(const Call* call) noexcept:
    """Bytes of weights, taps, twiddles and spectra, or a few more."""
    cdef Py_ssize_t taps = call.kernel_height * call.kernel_width
    cdef Py_ssize_t listed = taps * (80 + 4 * call.dots.digits)
    if call.method == FFT and call.window.step_row == NULL:
        listed = 16 * taps
    elif call.method == SPECTRA:
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
    listed += fft_bytes(&call.fft, sizeof(float) if call.accumulator == 0 else sizeof(double))
    listed += fft_bytes(&call.wide, sizeof(double))
    return listed * larger(1, call.volume.layer_kernels)


cdef inline void adapt_method(Call* call) noexcept nogil:
    """Choose what depends on pixels as they lie in memory, which a program does not know."""
    if copies_samples(call):
        call.method = COPY
    elif may_take_small_box(call):
        call.method, call.average = BOX_SMALL, quotient(call.divisor)


cdef inline bint makes_pixels(int sums) noexcept:
    """Whether the method makes pixels of its sums itself, offset and all."""
    return sums == INT8_DOT


cdef inline bint begins_with_offset(const Proposal* p) noexcept:
    """Whether the offset is what sums begin with, and no pass of its own."""
    return p.sums == TAPS and p.accumulator != STRICT and p.tie_tolerance == 0 and not p.absolute


cdef inline bint lists_slices(int sums, Py_ssize_t slices) noexcept:
    """Whether the method takes windows of so many slices, or some pixels apart."""
    return sums == TAPS or sums == EXACT_INT64 or (sums == INT8_DOT and slices == 1)


cdef inline bint is_of_taps(const Call* call) noexcept nogil:
    """Whether the method sums a list of taps."""
    return call.method == TAPS


cdef inline bint is_of_one_channel(const Call* call) noexcept nogil:
    """Whether the method sees channels one by one, as bands do not; see one_channel in fft.pxi."""
    return call.method == FFT


cdef inline bint is_spectral(const Call* call) noexcept nogil:
    """Whether the method cuts the picture into tiles itself, larger than bands."""
    return call.method == SPECTRA or call.method == SPECTRAL_LINES


cdef inline bint is_copied(const Call* call) noexcept nogil:
    """Whether rows are never read in place. A box changes its rows; lines are many loads, faster in aligned
    rows."""
    return call.method == BOX or call.method == CORRELATE1D


cdef inline bint is_aligned(const Call* call) noexcept nogil:
    """Whether rows are shifted so that loads and stores of the source's own columns are aligned."""
    return call.method != CORRELATE1D


cdef inline bint is_whole(const Call* call) noexcept nogil:
    """Whether rows of sums are made whole: pieces of two filters one after the other would overlap."""
    return call.method == CORRELATE1D


cdef inline Py_ssize_t window_rows(const Call* call) noexcept nogil:
    """Rows that a strip holds: a window and a block. A box keeps two groups of rows, and two more of rows that
    repeat."""
    if call.method == BOX:
        return (4 if call.repeats else 2) * call.kernel_height
    return call.window.height + BLOCK_ROWS - 1


cdef inline Py_ssize_t shared_rows(const Call* call) noexcept nogil:
    """Further rows of scratch that all strips share."""
    return BOX_ROWS if call.method == BOX else 0


cdef inline Py_ssize_t band_unit(const Call* call) noexcept nogil:
    """Rows of the output that are made together, by which bands are cut."""
    return call.fft.n - call.kernel_height + 1 if call.method == FFT else BLOCK_ROWS


cdef inline Py_ssize_t least_block(row_vec* kind, const Call* call) noexcept nogil:
    """Samples of the shortest block of a sum. Rows at least that long are neither read nor written past their
    end."""
    if row_vec is vb or row_vec is vh:
        return lanes_of(kind)
    elif call.method == CORRELATE1D or call.method == CONVOLVE2D or call.method == CONVOLVE2D_REVERSED:
        return 4 * lanes_of(kind)
    else:
        return 2 * lanes_of(kind)


cdef inline Py_ssize_t overreach(row_vec* kind, const Call* call) noexcept nogil:
    """Pixels that a sum reads beyond the last window: a dot reads whole groups of taps, a small box whole
    vectors."""
    if call.method == BOX_SMALL:
        return larger(0, lanes_of(kind) // 2 - (call.kernel_width - 1) * call.channels) // call.channels + 1
    if row_vec is vb:
        return larger(0, call.dots.offset[call.dots.groups - 1] + (call.dots.tap_stride or 3) + call.channels
                      - call.kernel_width * call.channels) // call.channels
    else:
        return 0


cdef inline row_vec* window_row(row_vec** slot, Py_ssize_t above, Scratch* s, const Call* call, const Strip* strip,
                                Py_ssize_t plane, Py_ssize_t y) noexcept nogil:
    """Row `y` of the padded picture as the window wants it: summed across if the call is separable. There are
    `above` rows of the window in the slots before this one."""
    cdef row_vec* buffer = slot[0]
    cdef row_vec* raw
    cdef Py_ssize_t duplicate
    if row_vec is not vb and row_vec is not vh:
        if call.method == CORRELATE1D:
            return lines_window_row(buffer, s, call, strip, plane, y)
    if row_vec is vf or row_vec is vd:
        if call.across.count:
            duplicate = duplicate_row(call, y, above)
            if duplicate:
                memcpy(buffer, slot[-duplicate], strip.count * call.channels * sample_size(buffer))
                return buffer
            raw = source_row(<row_vec*>strip.raw, s, call, strip, plane, y)
            if strip.in_place:  # rows are read one by one: hardware prefetchers notice each too late
                prefetch_row(call, plane, y + BLOCK_ROWS, strip.first, strip.count + call.kernel_width - 1)
            sparse_row(buffer, raw, &call.across, strip.count * call.channels)
            return buffer
    return source_row(buffer, s, call, strip, plane, y)


cdef void sum_strip(row_vec** out, row_vec** rows, Scratch* s, const Call* call, const Strip* strip,
                    Py_ssize_t plane, Py_ssize_t y, Py_ssize_t count) noexcept nogil:
    """BLOCK_ROWS rows of sums, or of pixels if the method makes pixels; only the first `count` are used."""
    cdef Py_ssize_t r
    if row_vec is vb:
        if PERMUTES_TWO and call.method == BOX_SMALL:
            small_box_rows(<vw*>NULL, <char**>out, <char**>rows, call, strip.count * call.channels)
            return
        for r in range(BLOCK_ROWS // DOT_ROWS):
            int8_dot_rows(out + r * DOT_ROWS, rows + r * DOT_ROWS, call, strip, plane, y + r * DOT_ROWS)
    elif row_vec is vh:
        small_box_rows(<vi*>NULL, <char**>out, <char**>rows, call, strip.count * call.channels)
    elif call.method == CORRELATE1D:
        for r in range(0, count, 2):
            two_lines(out + r, rows + r, s, call, strip, smaller(2, count - r))
    elif call.method == CONVOLVE2D or call.method == CONVOLVE2D_REVERSED:
        for r in range(count):
            quads_row(out[r], rows + r, &call.window, strip.count * call.channels,
                      call.method == CONVOLVE2D_REVERSED)
    else:
        sum_rows(out, rows, &call.window, strip.count * call.channels)


cdef void down_strip(row_vec* kind, Scratch* s, const Call* call, const Strip* strip, Py_ssize_t plane,
                     Py_ssize_t y0, Py_ssize_t y1) noexcept nogil:
    """Output rows y0 .. y1-1 of a strip."""
    if row_vec is vf or row_vec is vd:
        if call.method == BOX:
            box_strip(kind, s, call, strip, plane, y0, y1)
            return
    window_strips(kind, s, call, strip, 1, plane, y0, y1)


cdef int band(row_vec* kind, const Call* call, Py_ssize_t plane, Py_ssize_t y0, Py_ssize_t y1) noexcept nogil:
    """Output rows y0 .. y1-1. Returns the number of failures to get memory."""
    if row_vec is not vh:
        if is_dilated(&call.volume) or (row_vec is vb and call.volume.slice_taps):
            return dilated_band(kind, call, plane, y0, y1)
    if row_vec is vf or row_vec is vd:  # these sums are never in the definition's order
        if call.method == FFT:
            return fft_band(kind, call, plane, y0, y1)
        if call.method == BOX_SLIDING:
            return running_band(kind, call, plane, y0, y1)
    if row_vec is not vb and row_vec is not vh:
        if call.volume.slice_taps:
            return volume_band(kind, call, plane, y0, y1)
        if call.method == CORRELATE1D and (call.down.kind == MEAN or call.along.kind == MEAN):
            return mean_band(kind, call, plane, y0, y1)
    return columns(kind, call, plane, y0, y1, 0, call.width)


cdef int typed_band(int kind, const Call* call, Py_ssize_t index, Py_ssize_t bands) noexcept nogil:
    """Band `index % bands` of plane `index // bands`; all but the last are whole blocks, or tiles."""
    cdef Py_ssize_t i = index % bands, plane = index // bands
    cdef Py_ssize_t rows = band_unit(call)
    cdef Py_ssize_t blocks = (call.height + rows - 1) // rows
    cdef Py_ssize_t y0 = blocks * i // bands * rows
    cdef Py_ssize_t y1 = smaller(blocks * (i + 1) // bands * rows, call.height)
    if y0 >= y1:
        return 0
    if call.method == COPY:
        copy_rows(call, plane, y0, y1)
        return 0
    if call.method == EXACT_INT64:
        exact_int64_rows(call, plane, y0, y1)
        return 0
    if call.method == INT8_DOT or (call.method == BOX_SMALL and call.src.size == 1):
        return band(<vb*>NULL, call, plane, y0, y1)
    if PERMUTES_TWO and call.method == BOX_SMALL:
        return band(<vh*>NULL, call, plane, y0, y1)
    if kind == 0:
        return band(<vf*>NULL, call, plane, y0, y1)
    if FUSES and kind == 2:     # without fused multiply-adds, vd does the same
        return band(<vs*>NULL, call, plane, y0, y1)
    return band(<vd*>NULL, call, plane, y0, y1)
