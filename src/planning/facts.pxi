# Facts of a kernel that depend on its weights only.

# Rational kernels, as fastconv/reference.py defines them. WHOLE is the relative tolerance for treating
# weights as whole numbers over a divisor (or times a factor; see int8_dot.pxi). The limits are those of the
# sum of the whole numbers' magnitudes, of the divisor, and of the largest number times the divisor.
cdef double WHOLE = 8 * 2.0**-53
cdef double WEIGHT_LIMIT = 2.0**31, DIVISOR_LIMIT = 2.0**24, CHANCE_LIMIT = 2.0**40

cdef double sum_of_magnitudes(const double* w, Py_ssize_t n) noexcept nogil:
    """Sum of magnitudes in numpy.sum's order (pairwise): eight sums side by side up to 128 weights, halves
    beyond."""
    cdef Py_ssize_t i, half
    cdef int k
    cdef double total = 0
    cdef double r[8]
    if n > 128:
        half = n // 2 - n // 2 % 8
        return sum_of_magnitudes(w, half) + sum_of_magnitudes(w + half, n - half)
    i = 0
    if n >= 8:
        for k in range(8):
            r[k] = fabs(w[k])
        i = 8
        while i <= n - 8:
            for k in range(8):
                r[k] += fabs(w[i + k])
            i += 8
        total = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]))
    while i < n:
        total += fabs(w[i])
        i += 1
    return total


cdef extern from *:
    """
    #include <stddef.h>
    #include <string.h>
    #include <stdint.h>
    /* Exponent of the lowest bit that is set in any of n finite numbers; 2000 if all are zero. */
    static int lowest_bit_of(const double *w, ptrdiff_t n) {
        int lowest = 2000;
        for (ptrdiff_t i = 0; i < n; i++) {
            uint64_t bits, fraction;
            memcpy(&bits, w + i, sizeof bits);
            int exponent = (int)(bits >> 52 & 0x7ff), zeros = 0;
            if (exponent && exponent - 1075 >= lowest) continue;    /* as are all of its bits */
            fraction = bits & 0xfffffffffffffULL;
            if (exponent) fraction |= 1ULL << 52; else exponent = 1;
            if (!fraction) continue;
    #if defined(__GNUC__)
            zeros = __builtin_ctzll(fraction);
    #else
            while (!(fraction >> zeros & 1)) zeros++;
    #endif
            if (exponent - 1075 + zeros < lowest) lowest = exponent - 1075 + zeros;
        }
        return lowest;
    }
    /* The largest power of two that is not larger than a positive normal number. */
    static double binade_of(double x) {
        uint64_t bits;
        memcpy(&bits, &x, sizeof bits);
        bits &= 0x7ff0000000000000ULL;
        memcpy(&x, &bits, sizeof bits);
        return x;
    }
    """
    int lowest_bit_of(const double* w, Py_ssize_t n) nogil
    double binade_of(double x) nogil


cdef double unit_of(const double* w, Py_ssize_t n) noexcept nogil:
    """Largest power of two of which all weights are integer multiples; 1 if all are zero."""
    cdef int lowest = lowest_bit_of(w, n)
    return 1 if lowest == 2000 else ldexp(1, lowest)


def binary_unit(weights):
    """Largest power of two of which all weights are integer multiples; 1 if all are zero. They must be
    finite."""
    cdef Doubles w = Doubles(weights, 1)
    return unit_of(w.first, w.count) if w.count else 1.0


cdef void look_at(Facts* f, const double* w, Py_ssize_t height, Py_ssize_t width) noexcept nogil:
    """Collect all facts that one pass over the weights tells. It reads four weights at a time, with one loop
    for each fact, since compilers vectorize such loops."""
    cdef Py_ssize_t i = 0, n = height * width
    cdef int k
    cdef double magnitude, zeros = 0
    cdef double each[4]
    cdef double most[4]
    cdef double least[4]
    cdef double none[4]
    f.weights, f.height, f.width = w, height, width
    for k in range(4):
        most[k], least[k], none[k] = 0, INFINITY, 0
    while i < n and w[i] == w[0]:
        i += 1
    f.equal = i == n
    for i in range(0, n - 3, 4):
        for k in range(4):
            each[k] = fabs(w[i + k])
        for k in range(4):
            most[k] = each[k] if each[k] > most[k] else most[k]
        for k in range(4):
            none[k] += 1.0 if each[k] == 0 else 0.0
        for k in range(4):
            each[k] = each[k] if each[k] > 0 else INFINITY
        for k in range(4):
            least[k] = each[k] if each[k] < least[k] else least[k]
    for i in range(n - n % 4, n):
        magnitude = fabs(w[i])
        most[0] = max(most[0], magnitude)
        none[0] += magnitude == 0
        if 0 < magnitude < least[0]:
            least[0] = magnitude
    f.largest, f.smallest = 0, INFINITY
    for k in range(4):
        f.largest, f.smallest = max(f.largest, most[k]), min(f.smallest, least[k])
        zeros += none[k]
    f.taps = n - <Py_ssize_t>zeros
    f.total = sum_of_magnitudes(w, n)
    f.finite = f.largest <= DBL_MAX and f.total == f.total  # the total is NaN if a weight is
    if f.taps == 0:
        f.smallest = 0
    f.pivot = 0
    if f.finite:
        while fabs(w[f.pivot]) != f.largest:
            f.pivot += 1
    else:
        f.total = INFINITY
    f.unit = unit_of(w, n) if f.finite else 0
    f.chain, f.steps, f.multiples, f.rank_one, f.definition = -1, -1, -1, -1, NULL


cdef double product_unit(const Facts* column, const Facts* row) noexcept nogil:
    """A power of two of which all rounded products of two lines' weights are multiples; 0 if none is
    known."""
    cdef int exponent
    if lines_are_exact(column, row):
        return column.unit * row.unit
    frexp(column.smallest * row.smallest, &exponent)
    return 0 if exponent < -960 else ldexp(1, exponent - 53)


cdef bint lines_are_exact(const Facts* column, const Facts* row) noexcept nogil:
    """Whether all products of the two lines' weights are exact."""
    return column.largest / column.unit * (row.largest / row.unit) <= 2.0**53


cdef void look_at_lines(Facts* f, const double* column, Py_ssize_t height, const double* row,
                        Py_ssize_t width) noexcept nogil:
    """Collect the facts of a kernel that is a column times a row, of finite weights, without listing them."""
    cdef Facts down, across
    look_at(&down, column, height, 1)
    look_at(&across, row, 1, width)
    f.weights, f.column, f.row, f.height, f.width = NULL, column, row, height, width
    f.taps, f.pivot, f.finite = down.taps * across.taps, 0, down.finite and across.finite
    f.equal = down.equal and across.equal
    f.smallest, f.largest = down.smallest * across.smallest, down.largest * across.largest
    f.total = down.total * across.total
    f.unit = product_unit(&down, &across) if f.finite else 0
    f.chain, f.steps, f.multiples, f.rank_one, f.definition = -1, -1, -1, True, NULL
    f.factors_exact = f.finite and lines_are_exact(&down, &across)


cdef inline double first_weight(const Facts* f) noexcept nogil:
    return f.weights[0] if f.weights != NULL else f.column[0] * f.row[0]


cdef double chain_of_filled(const double* w, Py_ssize_t n) noexcept nogil:
    """The same for weights that are not zero, eight side by side, since compilers vectorize such loops."""
    cdef Py_ssize_t i
    cdef int k
    cdef double total = 0, rest = n + 2
    cdef double each[8]
    cdef double weight[8]
    for k in range(8):
        each[k], weight[k] = 0, rest - k
    for i in range(0, n - 7, 8):
        for k in range(8):
            each[k] += weight[k] * fabs(w[i + k])
            weight[k] -= 8
    for i in range(n - n % 8, n):
        total += (rest - i) * fabs(w[i])
    for k in range(8):
        total += each[k]
    return total


cdef double chain_of(const double* w, Py_ssize_t n, bint symmetric) noexcept nogil:
    """The sum of the magnitudes of all partial sums of a chain of multiply-adds, each of which rounds, plus
    what rounding the weights adds. If `symmetric`, each weight of the first half multiplies the rounded sum
    of two samples (src/methods/symmetric.pxi)."""
    cdef Py_ssize_t i, rest = 0
    cdef double magnitude, total = 0, plain = 0
    if symmetric:   # there are no zeros
        for i in range((n + 1) // 2):
            magnitude = fabs(w[i]) * (2 if i < n // 2 else 1)
            total += ((n + 1) // 2 - i) * magnitude
            plain += magnitude
        return total + 3 * plain
    for i in range(n):
        rest += w[i] != 0
    if rest == n:
        return chain_of_filled(w, n)
    for i in range(n):
        if w[i] != 0:
            magnitude = fabs(w[i])
            total += rest * magnitude
            plain += magnitude
            rest -= 1
    return total + 2 * plain


cdef Py_ssize_t steps_of(const double* w, Py_ssize_t height, Py_ssize_t width) noexcept nogil:
    """Samples that any of four windows, one below the other, multiplies by a weight that is not zero; see
    src/methods/sparse.pxi."""
    cdef Py_ssize_t kx, ky, last, steps = 0
    for kx in range(width):
        last = -4
        for ky in range(height):
            if w[ky * width + kx] != 0:
                steps += ky - last if ky - last < 4 else 4
                last = ky
    return steps


cdef double binades_of(const double* w, Py_ssize_t n) noexcept nogil:
    """The same as `chain_of` for samples of at most 1, with each partial sum rounded down to a power of two: what
    is below 2**(e + 1) is rounded by at most the rounding of 2**e. Either the weights are rounded, or the
    products. The bounds of the partial sums are raised a little, since each has the errors of those before it."""
    cdef Py_ssize_t i
    cdef double partial = 0, total = 0, above = 1 + (n + 4) * 2.0**-24
    for i in range(n):
        if w[i] != 0:
            partial += fabs(w[i]) * above
            total += binade_of(partial)
    return total + partial


cdef double binades_of_product(const Facts* f) noexcept nogil:
    """The same for a column times a row, with each partial sum raised to that of its whole row."""
    cdef Py_ssize_t ky
    cdef double across = sum_of_magnitudes(f.row, f.width), partial = 0, total = 0
    cdef double above = 1 + (f.height * f.width + 4) * 2.0**-24
    for ky in range(f.height):
        if f.column[ky] != 0:
            partial += fabs(f.column[ky]) * across * above
            total += f.width * binade_of(partial)
    return total + partial


cdef inline double chain_of_kernel(Facts* f) noexcept nogil:
    """Sum of the roundings of a chain of multiply-adds over all taps in the definition's order, for samples of
    at most 1."""
    if f.chain < 0:
        f.chain = binades_of_product(f) if f.weights == NULL else binades_of(f.weights, f.height * f.width)
    return f.chain


cdef inline Facts* definition_of(Facts* f) noexcept nogil:
    """Facts of the kernel that sums near a tie are made of."""
    return f if f.definition == NULL else f.definition


cdef inline Py_ssize_t steps_of_kernel(Facts* f) noexcept nogil:
    if f.steps < 0:
        f.steps = steps_of(f.weights, f.height, f.width)
    return f.steps


cdef inline double nearest(double x) noexcept nogil:
    """rint of a magnitude below 2**51. It needs no call, so loops over all weights can be vectorized."""
    return x + 6755399441055744.0 - 6755399441055744.0      # 1.5 * 2**52


cdef double denominator_of(double number, double limit) noexcept nogil:
    """The least denominator among the convergents of a positive number that equal it within `WHOLE`; 0 if
    that is not below `limit`. The number must be below WEIGHT_LIMIT."""
    cdef double rest = number, above = nearest(number), above_before = 1, below = 1, below_before = 0, n, last
    while fabs(number * below - above) > WHOLE * fabs(above):
        rest -= nearest(rest)
        if fabs(rest) * limit <= 1:     # the next denominator is about 1 / rest times this one
            return 0
        rest = 1 / rest
        n = nearest(rest)
        last, above = above, n * above + above_before
        above_before = last
        last, below = below, n * below + below_before
        below_before = last
        if fabs(below) >= limit:
            return 0
    return fabs(below)


cdef Py_ssize_t make_whole(const double* w, Py_ssize_t n, double* whole) noexcept nogil:
    """Write finite weights as whole numbers over the least divisor. Returns the divisor; 0 if they are not
    rational. The result equals that of `rational` in fastconv/reference.py to the last bit."""
    cdef Py_ssize_t i
    cdef double divisor = 1, most, number
    while True:
        for i in range(n):
            whole[i] = w[i] * divisor
        if not sum_of_magnitudes(whole, n) < WEIGHT_LIMIT:
            return 0
        most = 0
        for i in range(n):
            number = nearest(whole[i])
            if fabs(whole[i] - number) > WHOLE * fabs(number):
                break
            whole[i] = number
            if fabs(number) > most:
                most = fabs(number)
        else:
            return 0 if divisor > 1 and most * divisor >= CHANCE_LIMIT else <Py_ssize_t>divisor
        divisor *= denominator_of(fabs(whole[i]), DIVISOR_LIMIT / divisor)
        if divisor == 0:
            return 0


def rational(weights):
    """Finite weights as whole numbers and their least divisor; None if they are not rational."""
    cdef Doubles w = Doubles(weights, 1)
    cdef Py_ssize_t i, divisor, n = w.count
    cdef double* whole = <double*>malloc((n + 1) * sizeof(double))
    if whole == NULL:
        raise MemoryError("the whole numbers of a kernel")
    divisor = make_whole(w.first, n, whole) if n else 1
    found = ([whole[i] for i in range(n)], divisor) if divisor else None
    free(whole)
    return found
