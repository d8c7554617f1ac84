# What the engine is asked to do: two pictures as bytes, two axes with their borders, taps, and how to round.
# A call is filled once, before the first pixel; the threads only read it.

cdef enum:
    LINE_BYTES = 64     # of a cache

# Columns of a margin that do not follow each other in one step.
cdef enum:
    IRREGULAR = 2

cdef struct View:
    # Sample (plane, y, x, c) stands at data + plane*plane_ + y*row + x*pixel + c*channel.
    char* data
    Py_ssize_t plane, row, pixel, channel
    int type
    Py_ssize_t size
    bint swapped    # in the byte order that is not this machine's
    bint packed     # the samples of a row lie side by side, aligned and in native order
    Py_ssize_t batch        # samples, a pixel apart, that a vector holds; 0 where bytes cannot be permuted
    uint8_t together[64]    # which bytes these are, to stand side by side
    uint8_t apart[64]       # and the way back,
    uint64_t apart_mask    # to which bytes

cdef struct Taps:
    # Tap t multiplies the sample `offset[t]` samples to the right, in a kernel of one row; in others, see
    # direct.pxi, and sparse.pxi for the steps.
    Py_ssize_t count
    Py_ssize_t height, width
    Py_ssize_t step         # samples from a pixel to its neighbour: the channels vanish here
    bint dense              # no zero among height * width weights
    bint folded             # each weight of a symmetric line meets two samples at a time; see symmetric.pxi
    bint shifts_by_three          # vectors can be shifted by three of them
    Py_ssize_t pairs        # so many taps, two and two, are `step` samples apart: of one dense row
    Py_ssize_t* offset
    void* weight            # of the lane's sample type, row-major
    Py_ssize_t steps
    Py_ssize_t* step_row
    Py_ssize_t* step_offset
    int* step_mask
    void* step_weight       # four a step, for the four output rows of a block

cdef struct Dots:
    # Whole-numbered weights of `groups` quads of neighbours a kernel row; see int8_dot.pxi.
    Py_ssize_t groups, digits
    int fraction_bits             # binary places of fixed-point weights; 0: they are whole
    bint divides                # a divisor that has ties; else a factor scales them, or nothing
    int32_t plus                # added to the sums, in these
    int32_t fixed_point_error            # how far a fixed-point sum may be off
    const Py_ssize_t* offset    # of each group, in samples
    Py_ssize_t tap_stride       # samples from the first to the last of a group of taps; 0: of neighbours
    uint8_t gather[256]         # which bytes of a vector become those of four vectors of such groups
    const int32_t* weight       # four to a word: (digit, kernel row, group)

cdef struct Average:
    # A quotient by way of a product; see box_small.pxi.
    uint16_t factor
    int shift

cdef struct Fft:
    # Tiles of n x n samples, rows of which are `pitch` samples apart; see fft.pxi.
    Py_ssize_t n, pitch
    Py_ssize_t last             # rows of a butterfly of the last pass, 4 or 8
    Py_ssize_t twos, threes     # n without its factors of three and five, and of five
    Py_ssize_t twiddles
    void* twiddle               # of the lane's sample type: complex ones for each butterfly, points less one
    Py_ssize_t* mirrored        # of each row of frequencies the one that it mirrors, if left out, else -1
    void* spectrum              # of the kernel: n rows of real parts, n of imaginary ones
    # of floats, see fft_bound.pxi:
    void* magnitudes            # the spectrum of the weights' magnitudes; the same one if none is negative
    bint signed_weights
    Py_ssize_t taps
    double most                 # magnitude of the largest number of the spectrum,
    double heaviest, weight     # and of the largest weight; sum of their magnitudes
    double error                # of a result, in units of what the tile holds
    double room                 # allowed error in units of the sum of |weight| * |sample|

cdef struct Spectra:
    # Large tiles; see spectra.pxi.
    Fft down, across            # of lines; n is 0 where nothing is to be filtered that way
    Py_ssize_t rows, columns    # of results of a tile
    Py_ssize_t half             # frequencies of a tile that are kept, in whole vectors
    Py_ssize_t* kept            # which rows of a strip these are,
    Py_ssize_t* duplicate       # and of which rows the frequency is minus theirs
    char* memory
    void* spectrum              # of the kernel, in strips, in this memory; NULL if each call makes its own
    void* down_spectrum         # of the factors of a separable one
    void* across_spectrum
    double doubt                # how far off a result may be, for a tile, or
    double doubt_down           # a column, or row, of norm 1
    double doubt_across

cdef struct Line:
    int kind
    Py_ssize_t size
    void* weight            # of the lane's sample type

cdef struct ColumnRange:
    # Columns of the padded picture that the windows of a strip, or of a tile, see.
    Py_ssize_t begin, end
    Py_ssize_t inner_begin, inner_end   # of these, those that stand side by side in the source
    bint copied                 # channels stand side by side, and all other columns are copies of inner ones:
    Py_ssize_t skip             # bytes of a source row before the first of these,
    Py_ssize_t inner, count     # and samples of a row before them, and of them
    Py_ssize_t before, after    # which samples of a row the first column on either side is a copy of

cdef struct Strip:
    # Columns that a window of rows walks down.
    Py_ssize_t first, count     # output pixels
    ColumnRange column_range
    bint in_place               # the windows are read in the source
    bint narrow                 # a part of wider rows
    void* raw                   # a row before it is summed across
    Py_ssize_t pitch            # samples between the window's own rows, the first of which is at `base`
    void* base
    void** rows                 # the window, in order

cdef struct Volume:
    # What a call of three axes, or of windows some pixels apart, has besides; see schedule/volumes.pxi.
    Axis slices                 # of the padded volume
    Py_ssize_t slice_step, row_step, col_step   # from a window to the next one
    Py_ssize_t slice_taps       # slices of the kernel, of which all rows are listed; 0: this is no volume
    Py_ssize_t slice_rows       # kernel rows of a slice
    double* depth               # of a kernel that is a product of three lines the one along slices, else NULL

cdef struct Call:
    View src, dst
    Py_ssize_t planes, height, width, channels      # of the output
    Axis rows, cols             # of the padded picture; see borders.pxi
    bint repeats                # so many of its rows are alike that it pays to look for them
    Py_ssize_t inner_begin, inner_end   # columns in between stand side by side in the source,
    Py_ssize_t source_width
    Py_ssize_t before                   # column `before` at its column 0
    int run_before, run_after           # steps between source columns outside of these; see margin_step
    bint constant               # some window holds it:
    double* fill                # one a channel
    const double* kernel        # for exact recomputation: the definition's, or whole numbers;
    const double* column        # or, if that is NULL, the products of these
    const double* row
    Py_ssize_t kernel_height, kernel_width
    const double* padded_kernel     # the same, weights as far apart as pixels are, rows filled up with 0
    Py_ssize_t kernel_pitch
    double reorder_error             # how far a float64 sum in any order may be from the definition's
    int method
    int accumulator             # type of the sums: 0 float32, 1 float64, 2 float64 in the definition's order
    Taps across, window
    Volume volume
    Dots dots
    Fft fft
    Fft wide        # the same in float64, for results of float32 that these do not prove
    Spectra spectra, fine_spectra   # in the accumulator's type, and in float64
    double tolerance            # how far off a float may be, relative to the sum of its taps' magnitudes
    double grid                 # all sums are multiples of this power of two; 0: nothing is known
    double weight               # sum of the kernel's magnitudes
    bint has_zeros              # among its weights
    int weights_sign            # of all of them; 0: they differ
    Average average
    Line down, along
    int order                   # which of the two is first
    bint history                # a running mean that depends on all rows before
    int cast_mode               # how sums become integers; see cast.pxi
    double centre               # subtracted from the samples of an FFT's tiles; and what its sums lack then
    double centred
    double spectral, norm       # error of its results for samples of a norm; the largest norm, for which guard is
    const double* held    # samples of a tile, the first of which is padded pixel (held_y, held_x)
    Py_ssize_t held_y, held_x, held_pitch
    double scale                # of a box's or a dot's sums
    double plus                 # added to all sums before they are divided, if they are, and rounded
    bint absolute               # whether the magnitudes of these are the results
    bint changed                # whether one of both is done when rows of sums are stored
    Py_ssize_t divisor          # of all sums, where the kernel is of whole numbers; else 0
    double low, high            # an integer output saturates here
    bint stream                 # the pictures are larger than caches: results go past these
    double tie_tolerance        # largest error of the fast sum; 0: none, or no rounding at all


cdef struct Place:
    # Where the samples of a row of sums stand in the output: the first is the first of pixel x.
    Py_ssize_t plane, y, x


cdef inline Py_ssize_t smaller(Py_ssize_t a, Py_ssize_t b) noexcept nogil:
    return a if a < b else b


cdef inline Py_ssize_t larger(Py_ssize_t a, Py_ssize_t b) noexcept nogil:
    return a if a > b else b


cdef inline bint lies_as_row(row_vec* kind, const View* view) noexcept nogil:
    """Whether a row of the picture, as it lies, is a row of such vectors, so that nothing need be copied."""
    if row_vec is vf:
        return view.packed and view.type == F32
    elif row_vec is vb:
        return view.packed and view.type == U8
    elif row_vec is vh:
        return view.packed and (view.type == U16 or view.type == I16)
    else:
        return view.packed and view.type == F64


cdef inline Py_ssize_t result_size(row_vec* kind, const Call* call) noexcept nogil:
    """Bytes of a sample of what the method makes: sums, or pixels already."""
    return call.dst.size if row_vec is vb or row_vec is vh else sample_size(kind)


cdef inline bint is_result(row_vec* kind, const Call* call) noexcept nogil:
    """Whether rows of the output are what the method makes, as they lie."""
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
    # Strides of axes of length one say nothing.
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
    cdef Py_ssize_t i, k
    v.batch = 0
    if not PERMUTES_BYTES or not v.size < v.pixel <= BYTE_LANES // 2:
        return
    v.batch = (BYTE_LANES - v.size) // v.pixel + 1
    memset(v.together, 0, BYTE_LANES)
    memset(v.apart, 0, BYTE_LANES)
    v.apart_mask = 0
    for i in range(v.batch):
        for k in range(v.size):
            v.together[i * v.size + k] = <uint8_t>(i * v.pixel + k)
            v.apart[i * v.pixel + k] = <uint8_t>(i * v.size + k)
            v.apart_mask |= <uint64_t>1 << (i * v.pixel + k)


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
    taps.pairs = t // 2 * 2 if taps.height == 1 and taps.dense and step <= lanes_of(kind) else 0
    taps.shifts_by_three = taps.pairs > 0 and 3 * step <= lanes_of(kind)
    if taps.height > 1 and not (taps.dense and taps.height >= 3):
        make_steps(kind, taps, weights, 1, 1, 1)
    return 0


cdef int make_steps(vec* kind, Taps* taps, const double* weights, Py_ssize_t slices, Py_ssize_t row_step,
                    Py_ssize_t col_step) except -1:
    """The steps of a block (see sparse.pxi), in the order of the taps. The rows of a window are those of its
    slices, one after the other, and of each row the columns 0, 1 ... col_step - 1 of each `col_step` are rows
    of their own."""
    cdef Py_ssize_t height = taps.height // slices, rows = height + (BLOCK_ROWS - 1) * row_step
    cdef Py_ssize_t k, iy, kx, ky, t = 0, n = slices * rows * taps.width
    cdef int r, mask
    cdef const double* w
    taps.step_row = <Py_ssize_t*>get_memory(n, sizeof(Py_ssize_t))
    taps.step_offset = <Py_ssize_t*>get_memory(n, sizeof(Py_ssize_t))
    taps.step_mask = <int*>get_memory(n, sizeof(int))
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
    taps.steps = t
    return 0


cdef void free_taps(Taps* taps) noexcept nogil:
    free(taps.offset)
    free(taps.weight)
    free(taps.step_row)
    free(taps.step_offset)
    free(taps.step_mask)
    free(taps.step_weight)
