# SPDX-License-Identifier: BSD-3-Clause
# What the planner knows and decides, as other modules in C read it. See src/planner.pyx.

# Types of samples: the rows of the table in fastconv/_pixels.py.
cdef enum:
    U8, I8, U16, I16, U32, I32, U64, I64, F16, F32, F64, TYPES

# Types of sums. STRICT is float64 in the definition's order and rounding.
cdef enum:
    FLOAT32, FLOAT64, STRICT, ACCUMULATORS

# Slices of a kernel that is a product of three lines, at the most.
cdef enum:
    MOST_DEPTH = 512

# How the engine sums the rows of a window.
cdef enum:
    TAPS = 0      # taps, across the row first if there are `across` taps
    BOX = 1         # all taps equal
    EXACT_INT64 = 2    # exact 64-bit integers
    INT8_DOT = 3    # whole-numbered weights times bytes
    BOX_SLIDING = 5    # all taps equal, samples integers of 8 or 16 bits
    FFT = 4         # by way of spectra; `window` is for tiles that have none
    BOX_SMALL = 6    # all taps equal, few; samples unsigned bytes or 16-bit words
    CORRELATE1D = 7    # one-dimensional filters down and across, rounded in between; see src/scipy/correlate1d.pxi
    CONVOLVE2D = 8    # taps by four, forwards
    CONVOLVE2D_REVERSED = 9  # and backwards; see src/scipy/convolve2d.pxi
    SPECTRA = 10        # by way of spectra of large tiles; `window` is for results that these do not prove
    SPECTRAL_LINES = 11 # the same across, and then down
    COPY = 12           # nothing: the results are the samples

# In which order the products are added. Results of a request that has an order are a library's, to its last bit.
cdef enum:
    ANY_ORDER           # results are the definition's: to the last bit if they are integers
    DEFINITION_ORDER    # row by row, one by one; scipy.ndimage's windows as well
    CONVOLVE2D_ORDER    # scipy.signal's correlate2d: see src/scipy/convolve2d.pxi
    CONVOLVE2D_REVERSED_ORDER   # and convolve2d
    ORDERS

# How sums become integers; see src/rows/cast.pxi.
cdef enum:
    ROUNDED = 0     # half to even, saturated
    CAST = 1        # as C does
    CAST_BACK = 2   # the same, but what is negative is cast as its magnitude, and negated
    WRAPPED = 3     # whole numbers that 64 bits hold, of which the low bits are kept
    HALF_UP = 4     # halves up, as OpenCV's fixed point does; of exact sums that are pixels' values
    CAST_MODES = 4

# How a filter along an axis sums; NOTHING where there is no filter. See src/scipy/correlate1d.pxi.
cdef enum:
    NOTHING, LIST, EVEN, ODD, MEAN, LINE_KINDS

# Which of two such filters is first; or both are of the source, and their results are added.
cdef enum:
    DOWN_FIRST, ACROSS_FIRST, ADDED, LINE_ORDERS

cdef enum:
    MOST_WORK = 14      # terms of a strategy's work
    MOST_SHORTLISTS = 6  # of a kernel
    MOST_BUILT = 2      # sizes of a shortlist's tiles whose programs are kept

cdef inline bint has_few_zeros(Py_ssize_t taps, Py_ssize_t height, Py_ssize_t width) noexcept nogil:
    """Whether float32 sums of a kernel with its zeros cost less than the list of the others; see
    src/methods/sparse.pxi."""
    return height >= 3 and width >= 3 and taps < height * width and 5 * taps >= 4 * height * width


# A row costs some 80 ns beside its sums, a sample that is exchanged some 2 ns.
cdef enum:
    FEW_COLUMNS = 8
    TALL = 4            # times as many rows as columns

cdef inline bint is_slim(Py_ssize_t height, Py_ssize_t width) noexcept nogil:
    """Whether a plane has so few columns, and so many rows, that these should change places."""
    return width <= FEW_COLUMNS and height >= TALL * width


cdef struct Facts:
    # A kernel's weights, h * w of them as they lie on the window, and what is known of them.
    const double* weights       # NULL if they are the products of `column` and `row`, and no array
    Py_ssize_t height, width
    Py_ssize_t taps             # that are not zero
    bint finite
    bint equal                  # all weights are one number
    double total                # sum of the magnitudes; infinite unless all weights are finite
    double unit                 # all weights are integers times this power of two; 0 unless finite
    double smallest, largest    # magnitudes of weights that are not zero; 0 if none are
    Py_ssize_t pivot            # index of the largest
    # What is dearer to find is found when it is first asked for.
    double chain                # see `chain_of_kernel`; negative: not known
    Py_ssize_t steps            # see `steps_of`; negative: not known
    int multiples               # whether the weights are whole numbers times `factor`; negative: not known
    double factor
    double whole_total          # sum of the magnitudes of these numbers
    double whole_low, whole_high    # and their range
    int rank_one                # whether the kernel is a column times a row; negative: not known
    const double* column
    const double* row
    bint factors_exact          # and their products are the weights, to the last bit
    Facts* definition           # of the kernel that was folded to this one; NULL if none was

cdef struct Request:
    # What is asked for, of a kernel.
    int source, target          # types of samples
    double low, high            # range of samples and constant; infinite for floats
    bint integral               # whether these are integers
    double peak                 # largest magnitude of these
    Py_ssize_t height, width    # of the result
    Py_ssize_t channels
    double offset               # a number that is added to the results before they are rounded
    bint absolute               # and whether their magnitudes are the results
    int order                   # in which the products are added
    int cast_mode               # how sums become integers
    Py_ssize_t slices           # of a kernel of three axes, which is all of their rows; 0: it is none
    Py_ssize_t row_step, col_step   # and from one of its results to the next one, down and across
    bint dilated                # the taps of a picture's window stand some pixels apart
    int level                   # of the engine
    int priced                  # level whose prices count
    # What follows from these and the kernel; see `summed_for`.
    Py_ssize_t denominator      # of results that are exact quotients of whole numbers; 0: they are not
    Py_ssize_t divisor          # of the sums; 0: they are not divided
    bint cancels                # results are floats and some weight is negative: spectra need more to prove them

cdef struct Work:
    # What is done for each sample of the result: amounts of the terms of fastconv/_costs.py.
    int count
    int term[MOST_WORK]
    double amount[MOST_WORK]

cdef struct Proposal:
    # How a method would do what is asked for, how exact it is, and what it costs.
    int method                  # index in METHODS
    int sums                    # how the engine sums
    int accumulator
    Py_ssize_t height, width, taps      # of the kernel
    const double* across        # factors of a separable kernel: `width` and `height` weights, or NULL
    const double* down
    int across_kind, down_kind  # of filters along axes: how they sum,
    int line_order              # and which is first
    bint history                # whether sums depend on all samples before them
    bint across_symmetric, down_symmetric   # and each weight is to meet two samples at a time
    double scale                # of the sums of a box or a dot; 1 for others
    Py_ssize_t divisor          # of the sums of whole numbers, where the engine divides; else 0
    double unit                 # of which a dot's weights are multiples, nearly
    int digits                  # of these whole numbers
    int fraction_bits           # of these weights, if they are fixed-point numbers
    double offset               # a number added to the results before they are rounded
    bint absolute               # and whether their magnitudes are the results
    Py_ssize_t tile             # rows of the tiles of an FFT; of lines 0 where nothing is filtered down,
    Py_ssize_t tile_width       # and columns, if these may be others; 0 where nothing is filtered across
    double doubt[3]             # of large tiles: how far off a sum may be, for a tile, a column and a row of
    double fine_doubt[3]        # norm 1, and how far in float64;
    double tolerance            # how far a float may be, relative to the sum of its taps' magnitudes
    double grid                 # all sums are multiples of this power of two; 0: nothing is known
    double centre               # of its samples, which is subtracted: what is near 0 is summed with less error
    double spectral             # error of its results for samples of a norm (Euclid's, of a pair of tiles)
    double norm                 # the largest that there may be
    int cast_mode               # how sums become integers
    bint turned                 # rows and columns of picture and kernel change places
    double error                # largest distance from the definition, for an image of integers
    double tie_tolerance        # error that rounding must watch; 0 where no tie can be missed
    double reorder_error        # how far a float64 sum in any order may be from the definition's
    Work work
    double cost                 # of the work: ns a sample, one thread; before it is priced, the most that is of use
    const char* why             # a template; see `said`


cdef inline bint decides_near(const Proposal* p) noexcept nogil:
    """Whether doubtful results are first summed in any order, which decides most of them. Otherwise they are
    summed in the definition's order at once."""
    return 2 * p.reorder_error < p.tie_tolerance


cdef class Kernel:
    cdef Facts facts
    cdef readonly bytes memory      # of the weights
    cdef bytes factors              # a column and a row whose outer product is the kernel, nearly or by definition
    cdef list shortlists
    cdef Kernel turned              # the same with rows and columns exchanged; made when it is first asked for
    cdef Kernel definition          # the kernel that was folded to this one; None if none was
    cdef Py_ssize_t down, right     # from the first tap of this one to that of the other
    cdef Py_ssize_t next_shortlist


cdef class Built:
    """What an engine has made of a strategy. Strategies that differ in nothing but the price share it."""
    cdef public object program      # or None
    # what for: see `program_of` of src/calls.pyx
    cdef public int generation, target
    cdef public Py_ssize_t channels, height, width


cdef class Strategy:
    cdef Proposal proposal
    cdef Kernel summed              # the weights that are summed; None: those of the kernel it is decided for
    cdef bytes factors              # owner of `across` and `down`
    cdef str reason
    cdef readonly Built built


cdef Kernel kernel_of(const double* weights, Py_ssize_t height, Py_ssize_t width, bint flipped)

cpdef Strategy decide(Kernel kernel, int source, int target, double low, double high, bint integral,
                      Py_ssize_t height, Py_ssize_t width, Py_ssize_t channels, str method, str level,
                      double offset=*, bint absolute=*, str order=*, str cast_mode=*,
                      Py_ssize_t slices=*, tuple steps=*, bint dilated=*)
cdef bint split_lines(const Proposal* p, Py_ssize_t slices, bint stepped, double* depth, double* column,
                      double* row, bint* exact) noexcept nogil

cdef void range_of(int type, int bits, double constant, double* low, double* high, bint* integral) noexcept nogil
cdef bint is_integer(int type) noexcept nogil
cdef double lowest_of(int type) noexcept nogil
cdef double highest_of(int type) noexcept nogil
