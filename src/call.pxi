# A call of the engine: two pictures as bytes, two axes with their borders, taps, and how to round. A call is
# filled once, before the first pixel; the threads only read it.

cdef enum:
    LINE_BYTES = 64     # bytes of a cache line

# The step of a margin whose columns do not follow each other in constant steps.
cdef enum:
    IRREGULAR = 2

cdef struct View:
    # Sample (plane, y, x, c) stands at data + plane*plane_ + y*row + x*pixel + c*channel.
    char* data
    Py_ssize_t plane, row, pixel, channel
    int type
    Py_ssize_t size
    bint swapped    # samples are in the other byte order than this machine's
    bint packed     # the samples of a row lie side by side, aligned and in native order
    Py_ssize_t batch        # samples, a pixel apart, that a vector holds; 0 where bytes cannot be permuted
    Py_ssize_t lead         # bytes of the vector before the first of them
    uint8_t together[64]    # permutation that packs the bytes of these samples
    uint8_t apart[64]       # the inverse permutation
    uint64_t apart_mask    # bytes that the inverse permutation writes

cdef struct Taps:
    # In a kernel of one row, tap t multiplies the sample `offset[t]` samples to the right. For other kernels
    # see direct.pxi, and sparse.pxi for the steps.
    Py_ssize_t count
    Py_ssize_t height, width
    Py_ssize_t step         # samples from a pixel to its neighbour: all that sums know of channels
    bint dense              # no zero among height * width weights
    bint filled             # few zeros: summed as if there were none, unless that makes a NaN; see sparse.pxi
    bint folded             # each weight of a symmetric line multiplies two samples' sum; see symmetric.pxi
    double start            # what sums begin with: a number that is added to all of them, or 0
    bint shifts_by_three          # vectors can be shifted by three of them
    Py_ssize_t pairs        # number of taps in pairs `step` samples apart, for one dense row; else 0
    Py_ssize_t* offset
    void* weight            # of the accumulator's type, row-major
    Py_ssize_t steps
    Py_ssize_t* step_row
    Py_ssize_t* step_offset
    int* step_mask
    int* step_run           # steps from the first one of a run to its end
    bint short_runs         # most runs are of one step
    void* step_weight       # four for each step, for the four output rows of a block

cdef struct Dots:
    # Whole-numbered weights, `groups` groups of four neighbours in each kernel row; see int8_dot.pxi.
    Py_ssize_t groups, digits
    int fraction_bits             # fraction bits of fixed-point weights; 0: they are whole
    int shift                   # of results of 16 bits: whole sums are divided by 2**shift
    bint divides                # a divisor that has ties; otherwise a factor scales the sums, or nothing
    int32_t plus                # added to the sums, in their units
    int32_t fixed_point_error            # largest error of a fixed-point sum
    const Py_ssize_t* offset    # offset of each group, in samples
    Py_ssize_t tap_stride       # samples from the first to the last tap of a group; 0: taps are neighbours
    uint8_t gather[256]         # which bytes of a vector become those of four vectors of such groups
    const int32_t* weight       # four to a word, in the order (digit, kernel row, group)

cdef struct Average:
    # A quotient computed as a product and a shift; see box_small.pxi.
    uint16_t factor
    int shift

cdef enum:
    MOST_HEAVY = 8      # taps of a float's sum of magnitudes that are added up first; see fft_bound.pxi

cdef struct Fft:
    # Tiles of n x n samples, whose rows are `pitch` samples apart; see fft.pxi.
    Py_ssize_t n, pitch
    Py_ssize_t last             # rows of a butterfly of the last pass, 4 or 8
    Py_ssize_t twos, threes     # n without its factors of three and five, and n without those of five
    Py_ssize_t twiddles
    void* twiddle               # complex numbers for each butterfly, one less than its points
    Py_ssize_t* mirrored        # for each row of frequencies that is left out the row it mirrors, else -1
    void* spectrum              # spectrum of the kernel: n rows of real parts, n of imaginary parts
    # for float results, see fft_bound.pxi:
    void* magnitudes            # spectrum of the weights' magnitudes; `spectrum` if no weight is negative
    bint signed_weights
    Py_ssize_t taps
    Py_ssize_t heavy            # number of the heaviest taps, their rows, columns and magnitudes
    Py_ssize_t heavy_row[MOST_HEAVY]
    Py_ssize_t heavy_column[MOST_HEAVY]
    double heavy_weight[MOST_HEAVY]
    double most                 # largest magnitude in the spectrum
    double heaviest, weight     # largest magnitude of a weight, and sum of all magnitudes
    double error                # error of a result, relative to the measures of the tile
    double room                 # allowed error, relative to the sum of |weight| * |sample|

cdef struct Spectra:
    # Large tiles; see spectra.pxi.
    Fft down, across            # transforms of lines; n is 0 where nothing is filtered in that direction
    Py_ssize_t rows, columns    # results of a tile
    Py_ssize_t half             # frequencies of a tile that are kept, in whole vectors
    Py_ssize_t* kept            # the rows of a strip that hold them
    Py_ssize_t* duplicate       # for each of these the row of the opposite frequency
    char* memory
    void* spectrum              # the kernel's spectrum in strips of `memory`; NULL if each call makes it
    void* down_spectrum         # spectra of a separable kernel's factors
    void* across_spectrum
    double doubt                # largest error of a result, for a tile of norm 1
    double doubt_down           # the same for a column of norm 1
    double doubt_across         # the same for a row of norm 1

cdef struct Line:
    int kind
    Py_ssize_t size
    void* weight            # of the accumulator's type

cdef struct ColumnRange:
    # Columns of the padded picture that the windows of a strip, or of a tile, see.
    Py_ssize_t begin, end
    Py_ssize_t inner_begin, inner_end   # those of them that lie side by side in the source
    bint copied                 # channels lie side by side, and all other columns are copies of inner ones
    Py_ssize_t skip             # bytes of a source row before the first inner column
    Py_ssize_t inner, count     # samples of a loaded row before the inner columns, and in them
    Py_ssize_t before, after    # samples of a row from which the first column on either side is copied

cdef struct Strip:
    # A strip of columns, down which a window of rows moves.
    Py_ssize_t first, count     # output pixels
    ColumnRange column_range
    bint in_place               # windows are read from the source itself
    bint narrow                 # the strip is a part of wider rows
    void* raw                   # a row before it is summed across
    Py_ssize_t pitch            # samples between the window's own rows
    void* base                  # the first of these rows
    void** rows                 # the rows of the window, in order

cdef struct Volume:
    # Further facts of a call of three axes, or of windows some pixels apart; see schedule/volumes.pxi.
    Axis slices                 # slices of the padded volume
    Py_ssize_t slice_step, row_step, col_step   # from a window to the next one
    Py_ssize_t row_gap, col_gap                 # from a tap to the next one; 0 in a picture
    Py_ssize_t slice_taps       # slices of the kernel, whose rows are all listed; 0: this is no volume
    Py_ssize_t slice_rows       # kernel rows of a slice
    Taps deep                   # the line along slices of a product of three lines; of no taps otherwise
    Taps* layer                 # of each kernel of a layer, which a slice of results has; NULL: there is one kernel
    Py_ssize_t kernels          # of a layer that meet the same slices, at least 1
    Py_ssize_t layer_kernels    # all of them
    Py_ssize_t quad_taps        # of four kernels of a layer that are summed together; 0: some weight is zero
    Py_ssize_t* quad_row        # of each tap its row in the window of the first row of a block,
    Py_ssize_t* quad_offset     # and its place in that row
    void* quad_weight           # four for each tap, quad after quad

cdef struct Call:
    View src, dst
    Py_ssize_t planes, height, width, channels      # of the output
    Axis rows, cols             # axes of the padded picture; see borders.pxi
    bint repeats                # so many of its rows are alike that it pays to look for duplicates
    Py_ssize_t inner_begin, inner_end   # columns in between lie side by side in the source
    Py_ssize_t source_width
    Py_ssize_t before                   # padded column of the source's column 0
    int run_before, run_after           # steps between source columns in the margins; see margin_step
    bint constant               # some window holds the border's constant
    double* fill                # the constant of each channel
    const double* kernel        # for exact recomputation: the definition's weights, or whole numbers
    const double* column        # if `kernel` is NULL, the weights are the products of column and row
    const double* row
    Py_ssize_t kernel_height, kernel_width
    const double* padded_kernel     # the same weights as far apart as pixels are, rows filled up with 0
    Py_ssize_t kernel_pitch
    const double* definition    # the definition's weights if `kernel` was folded from them; else NULL
    Py_ssize_t definition_height, definition_width
    Py_ssize_t definition_down, definition_right    # of its first tap, from the kernel's
    const Call* exact           # a call of the definition's weights, for exact recomputation; NULL: this one
    double reorder_error             # largest distance of a float64 sum in any order from the definition's
    bint near                   # whether such sums decide most ties
    int method
    int accumulator             # type of the sums: 0 float32, 1 float64, 2 float64 in the definition's order
    Taps across, window
    Volume volume
    Dots dots
    Fft fft
    Fft wide        # the same in float64, for float32 results that are not proven
    Spectra spectra, fine_spectra   # in the accumulator's type, and in float64
    double tolerance            # allowed error of a float, relative to the sum of its taps' magnitudes
    double grid                 # all sums are multiples of this power of two; 0: not known
    double weight               # sum of the kernel's magnitudes
    bint has_zeros              # some weight is zero
    int weights_sign            # sign of all weights; 0: they differ
    Average average
    Line down, along
    int order                   # which of the two is first
    bint history                # a running mean depends on all rows before
    int cast_mode               # how sums become integers; see cast.pxi
    double centre               # subtracted from the samples of an FFT's tiles
    double centred              # what the sums lack after that
    double spectral, norm       # error of an FFT's results for samples of norm 1; largest norm
    const double* held    # samples of a tile, the first of which is padded pixel (held_y, held_x)
    Py_ssize_t held_y, held_x, held_pitch
    double scale                # factor of a box's or a dot's sums
    double plus                 # added to all sums before they are divided, if they are, and rounded
    bint absolute               # the results are the magnitudes of the sums
    bint turned                 # a request's rows and columns change places
    bint changed                # `plus` or `absolute` is applied when rows of sums are stored
    Py_ssize_t divisor          # divisor of all sums if the kernel is of whole numbers, otherwise 0
    double low, high            # an integer output saturates here
    bint stream                 # the pictures are larger than caches, so results bypass them
    double tie_tolerance        # largest error of the fast sum; 0: it is exact, or the result is not rounded


cdef inline bint is_stepped(const Volume* v) noexcept nogil:
    """Whether rows are split, or left out; see schedule/volumes.pxi."""
    return v.row_step > 1 or v.col_step > 1


cdef inline bint is_dilated(const Volume* v) noexcept nogil:
    """Whether taps stand some pixels apart; see schedule/dilated.pxi."""
    return v.row_gap > 1 or v.col_gap > 1


cdef struct Place:
    # The place of a row of sums in the output. Its first sample is the first of pixel x.
    Py_ssize_t plane, y, x


cdef inline Py_ssize_t smaller(Py_ssize_t a, Py_ssize_t b) noexcept nogil:
    return a if a < b else b


cdef inline Py_ssize_t larger(Py_ssize_t a, Py_ssize_t b) noexcept nogil:
    return a if a > b else b


cdef inline bint lies_as_row(row_vec* kind, const View* view) noexcept nogil:
    """Whether a row of the picture is in memory as such vectors need it, so that nothing need be copied."""
    if row_vec is vf:
        return view.packed and view.type == F32
    elif row_vec is vb:
        return view.packed and view.type == U8
    elif row_vec is vh:
        return view.packed and (view.type == U16 or view.type == I16)
    else:
        return view.packed and view.type == F64


cdef inline Py_ssize_t result_size(row_vec* kind, const Call* call) noexcept nogil:
    """Bytes of a sample of the method's results, which are sums or already pixels."""
    return call.dst.size if row_vec is vb or row_vec is vh else sample_size(kind)


cdef inline bint is_result(row_vec* kind, const Call* call) noexcept nogil:
    """Whether the method can write its results directly to rows of the output."""
    return (lies_as_row(kind, &call.dst) and not call.changed) or (
        row_vec is vb and call.dst.packed and call.dst.type == I16
    )


cdef View make_view(const Array* a, Py_ssize_t planes, Py_ssize_t height, Py_ssize_t width,
                    Py_ssize_t channels) noexcept nogil:
    """View of an array of planes x height x width x channels samples."""
    cdef View v
    v.data, v.type, v.swapped = a.data, a.type, a.swapped
    v.plane, v.row, v.pixel, v.channel = a.plane, a.row, a.pixel, a.channel
    v.size = type_size(a.type)
    # Strides of axes of length one have no meaning.
    v.packed = (
        not v.swapped
        and (channels == 1 or v.channel == v.size)
        and (width == 1 or v.pixel == v.size * channels)
        and <size_t>v.data % v.size == 0
        and (height == 1 or v.row % v.size == 0)
        and (planes == 1 or v.plane % v.size == 0)
    )
    if width == 1:
        v.pixel = v.size * channels
    make_batches(&v)
    return v


cdef inline Py_ssize_t type_size(int type) noexcept nogil:
    """Bytes of a sample."""
    if type <= I8:
        return 1
    elif type <= I16 or type == F16:
        return 2
    elif type <= I32 or type == F32:
        return 4
    else:
        return 8


cdef void make_batches(View* v) noexcept nogil:
    """How samples lie in a vector of bytes. If pixels run backwards, the first sample is the vector's last."""
    cdef Py_ssize_t i, k, place, step = v.pixel if v.pixel > 0 else -v.pixel
    v.batch, v.lead = 0, 0
    if not PERMUTES_BYTES or not v.size <= step <= BYTE_LANES // 2 or v.pixel == v.size:
        return
    v.batch = (BYTE_LANES - v.size) // step + 1
    if v.pixel < 0:
        v.lead = BYTE_LANES - v.size
    memset(v.together, 0, BYTE_LANES)
    memset(v.apart, 0, BYTE_LANES)
    v.apart_mask = 0
    for i in range(v.batch):
        place = v.lead + i * v.pixel
        for k in range(v.size):
            v.together[i * v.size + k] = <uint8_t>(place + k)
            v.apart[place + k] = <uint8_t>(i * v.size + k)
            v.apart_mask |= <uint64_t>1 << (place + k)


cdef void* get_memory(size_t count, size_t size) except NULL:
    cdef void* memory = malloc(count * size)
    if memory == NULL:
        raise MemoryError("the list of taps")
    return memory


cdef int make_taps(vec* kind, Taps* taps, const double* weights, Py_ssize_t height, Py_ssize_t width,
                   Py_ssize_t step) except -1:
    """List the non-zero weights. A zero tap costs nothing and spreads no NaN."""
    cdef Py_ssize_t ky, kx, t = 0, n = height * width
    taps.height, taps.width, taps.step = height, width, step
    taps.offset = <Py_ssize_t*>get_memory(n, sizeof(Py_ssize_t))
    taps.weight = get_memory(n, sizeof(double))
    for ky in range(taps.height):
        for kx in range(taps.width):
            if weights[ky * width + kx] != 0:
                taps.offset[t] = kx * step
                set_sample(<vec*>taps.weight, t, weights[ky * width + kx])
                t += 1
    taps.count = t
    taps.dense = t == n
    taps.filled = vec is vf and has_few_zeros(t, height, width)
    if taps.filled:
        for t in range(n):
            set_sample(<vec*>taps.weight, t, weights[t])
    taps.pairs = t // 2 * 2 if taps.height == 1 and taps.dense and step <= lanes_of(kind) else 0
    taps.shifts_by_three = taps.pairs > 0 and 3 * step <= lanes_of(kind)
    if taps.height > 1 and not (taps.dense and taps.height >= 3):
        make_steps(kind, taps, weights, 1, 1, 1)
    return 0


cdef int make_steps(vec* kind, Taps* taps, const double* weights, Py_ssize_t slices, Py_ssize_t row_step,
                    Py_ssize_t col_step) except -1:
    """List the steps of a block (see sparse.pxi) in the order of the taps. The rows of a window are those of
    its slices, one after the other. Each row is split into `col_step` rows: every col_step-th column from
    column 0, from column 1, and so on."""
    cdef Py_ssize_t height = taps.height // slices, rows = height + (BLOCK_ROWS - 1) * row_step
    cdef Py_ssize_t k, iy, kx, ky, t = 0, n = slices * rows * taps.width
    cdef int r, mask
    cdef const double* w
    taps.step_row = <Py_ssize_t*>get_memory(n, sizeof(Py_ssize_t))
    taps.step_offset = <Py_ssize_t*>get_memory(n, sizeof(Py_ssize_t))
    taps.step_mask = <int*>get_memory(n, sizeof(int))
    taps.step_run = <int*>get_memory(n, sizeof(int))
    taps.step_weight = get_memory(4 * n, sizeof(double))
    for k in range(slices):
        w = weights + k * height * taps.width
        for iy in range(rows):
            for kx in range(taps.width):
                mask = 0
                for r in range(BLOCK_ROWS):
                    ky = iy - r * row_step
                    if 0 <= ky and ky < height and w[ky * taps.width + kx] != 0:
                        mask |= 1 << r
                        set_sample(<vec*>taps.step_weight, 4 * t + r, w[ky * taps.width + kx])
                if mask:
                    taps.step_row[t] = (k * rows + iy) * col_step + kx % col_step
                    taps.step_offset[t], taps.step_mask[t] = kx // col_step * taps.step, mask
                    t += 1
    taps.steps, n = t, 0
    for t in range(t - 1, -1, -1):
        taps.step_run[t] = 1
        if t + 1 < taps.steps and taps.step_mask[t + 1] == taps.step_mask[t]:
            taps.step_run[t] += taps.step_run[t + 1]
        else:
            n += 1
    taps.short_runs = 2 * n > taps.steps
    return 0


cdef void free_steps(Taps* taps) noexcept nogil:
    free(taps.step_row)
    free(taps.step_offset)
    free(taps.step_mask)
    free(taps.step_run)
    free(taps.step_weight)
    taps.step_row = taps.step_offset = NULL
    taps.step_mask = taps.step_run = NULL
    taps.step_weight = NULL


cdef void free_taps(Taps* taps) noexcept nogil:
    free(taps.offset)
    free(taps.weight)
    free_steps(taps)
