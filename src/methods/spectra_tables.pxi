# What a program makes once for the tiles of spectra.pxi: transforms, spectra of the kernel or of its factors, and
# the frequencies that are kept.

# Bytes of the largest spectrum that a program keeps, with the kernel's weights: less than the cache holds by
# default. KEPT_BYTES in src/planning/spectra.pxi.
cdef size_t KEPT_SPECTRUM = 56 << 20


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
    if call.method != SPECTRA or size + 8 * call.kernel_height * call.kernel_width > KEPT_SPECTRUM:
        return 0
    s.memory = <char*>get_memory(size + LINE_BYTES, 1)
    s.spectrum = aligned(s.memory)
    if kernel_spectrum(<vec*>s.spectrum, call, s, 1):
        raise MemoryError("the spectrum of the kernel")
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
