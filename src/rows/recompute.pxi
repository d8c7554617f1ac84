# Recompute: the definition itself, one output pixel at a time, from the source.
#
# A fast sum that is nearer to a tie than its proven error does not decide which integer is right. These few
# pixels are summed again: first in float64 in any order, which decides nearly all of them, and the rest in the
# definition's order. Exact sums of 64-bit integers that float64 cannot hold are made here as well.


cdef inline const char* source_sample(const Call* call, const char* row, Py_ssize_t x,
                                      Py_ssize_t c) noexcept nogil:
    """Address of a sample of column `x` of the padded picture, NULL where the constant stands."""
    cdef Py_ssize_t column = col_index(call, x)
    if row == NULL or column < 0:
        return NULL
    return row + column * call.src.pixel + c * call.src.channel


cdef inline double weight_at(const Call* call, Py_ssize_t ky, Py_ssize_t kx) noexcept nogil:
    if call.kernel == NULL:
        return call.column[ky] * call.row[kx]
    return call.kernel[ky * call.kernel_width + kx]


cdef inline const double* weights_at(double* made, const Call* call, Py_ssize_t ky, Py_ssize_t kx,
                                     Py_ssize_t n) noexcept nogil:
    """`n` weights of a row of the kernel; in `made`, if the kernel is given as a column times a row."""
    cdef Py_ssize_t i
    if call.kernel != NULL:
        return call.kernel + ky * call.kernel_width + kx
    for i in range(n):
        made[i] = call.column[ky] * call.row[kx + i]
    return made


# Longest row of taps, padded, that is gathered before it is summed.
cdef enum:
    NEAR_TAPS = 512
    COLUMN_TAPS = 2048  # of whole columns that are gathered before they are summed


cdef void load_run(double* row, const Call* call, const char* src, Py_ssize_t c, Py_ssize_t x, Py_ssize_t n,
                   int step) noexcept nogil:
    """Gather `n` padded columns of channel `c` from `x` on: a run, see run_at."""
    cdef Py_ssize_t i, first
    if n <= 0:
        return
    first = col_index(call, x)
    if first < 0:
        for i in range(n):
            row[i] = call.fill[c]
    elif step == IRREGULAR:     # a margin that is wider than the picture turns at the picture's ends
        while n > 0:
            i = run_at(&call.cols, x, n, &step)
            load_run(row, call, src, c, x, i, step)
            row += i
            x += i
            n -= i
    elif not call.src.packed or call.channels != 1 or (step != 1 and step != -1):
        gather(<vd*>row, 0, src + first * call.src.pixel, step * call.src.pixel, n, &call.src)
    elif step == 1:
        widen_type(src + first * call.src.pixel, call.src.type, row, n)
    else:
        widen_type(src + (first - n + 1) * call.src.size, call.src.type, row, n)
        for i in range(n // 2):
            row[i], row[n - 1 - i] = row[n - 1 - i], row[i]


cdef inline const double* held_sample(const Call* call, Py_ssize_t y, Py_ssize_t x) noexcept nogil:
    return call.held + (y - call.held_y) * call.held_pitch + x - call.held_x


cdef void load_taps(double* row, const Call* call, const Place* at, Py_ssize_t ky, Py_ssize_t kx, Py_ssize_t c,
                    Py_ssize_t n) noexcept nogil:
    """Gather the samples of one channel under `n` taps of kernel row `ky`, from column `kx` on."""
    cdef const double* held
    cdef Py_ssize_t i, x = tap_column(call, at.x, kx)
    cdef Py_ssize_t begin = larger(0, smaller(n, call.inner_begin - x))
    cdef Py_ssize_t end = larger(begin, smaller(n, call.inner_end - x))
    cdef const char* src
    if call.held != NULL:
        held = held_sample(call, at.y + ky, x)
        for i in range(n):
            row[i] = held[i] + call.centre
        return
    src = tap_row(call, at.plane, at.y, ky)
    if src == NULL:
        for i in range(n):
            row[i] = call.fill[c]
        return
    src += c * call.src.channel
    if tap_gap(call) > 1:
        for i in range(n):
            load_run(row + i, call, src, c, x + i * tap_gap(call), 1, 1)
        return
    load_run(row, call, src, c, x, begin, call.run_before)
    load_run(row + begin, call, src, c, x + begin, end - begin, 1)
    load_run(row + end, call, src, c, x + end, n - end, call.run_after)


cdef double exact_turned_sum(const Call* call, const Place* at, Py_ssize_t c) noexcept nogil:
    """The same where rows are columns: some columns of taps at a time are loaded row by row."""
    cdef double block[COLUMN_TAPS]
    cdef double total = 0, w
    cdef Py_ssize_t rows = smaller(call.kernel_height, COLUMN_TAPS)
    cdef Py_ssize_t cols = smaller(COLUMN_TAPS // rows, NEAR_TAPS), kx = 0, ky, i, k, n, count
    while kx < call.kernel_width:
        n, ky = smaller(cols, call.kernel_width - kx), 0
        while ky < call.kernel_height:      # once, unless a column has more than COLUMN_TAPS
            count = smaller(rows, call.kernel_height - ky)
            for k in range(count):
                load_taps(block + k * n, call, at, ky + k, kx, c, n)
            for i in range(n):
                for k in range(count):
                    w = weight_at(call, ky + k, kx + i)
                    if w != 0:
                        total += w * block[k * n + i]
            ky += count
        kx += n
    return total


cdef double exact_sum(const Call* call, const Place* at, Py_ssize_t c) noexcept nogil:
    """The sum as fastconv/reference.py defines it: float64, row by row, product and sum rounded apart, zero taps
    skipped."""
    cdef double row[NEAR_TAPS]
    cdef double made[NEAR_TAPS]
    cdef double total = 0
    cdef const double* w
    cdef Py_ssize_t ky, kx, i, n
    if call.turned:
        return exact_turned_sum(call, at, c)
    for ky in range(call.kernel_height):
        kx = 0
        while kx < call.kernel_width:
            n = smaller(NEAR_TAPS, call.kernel_width - kx)
            load_taps(row, call, at, ky, kx, c, n)
            w = weights_at(made, call, ky, kx, n)
            for i in range(n):      # by vectors; adding nothing is as good as skipping a tap
                row[i] = w[i] * row[i] if w[i] != 0 else 0
            for i in range(n):
                total += row[i]
            kx += n
    return total


cdef inline Py_ssize_t tap_gap(const Call* call) noexcept nogil:
    """Columns from a tap to the next one."""
    return larger(1, call.volume.col_gap)


cdef inline void list_columns(Py_ssize_t* column, const Call* call, Py_ssize_t x, Py_ssize_t c) noexcept nogil:
    """List where the samples of a window's rows stand in a packed row."""
    cdef Py_ssize_t kx
    for kx in range(call.kernel_width):
        column[kx] = col_index(call, x + kx * tap_gap(call)) * call.channels + c


cdef inline const small* window_pixels(small* raw, const small* src, const Py_ssize_t* column,
                                       const Call* call) noexcept nogil:
    """Gather a row of a window that reaches over the border, or has several channels: from source row `src` to
    every channels-th place of `raw`."""
    cdef Py_ssize_t kx, step = tap_gap(call) * call.channels
    for kx in range(call.kernel_width):
        raw[kx * step] = src[column[kx]]
    return raw


cdef inline double reordered_small_sum(small* kind, const Call* call, const Place* at,
                                       Py_ssize_t c) noexcept nogil:
    """Sum of a window of packed pixels that sees no constant. Reads `kernel_pitch` samples a row."""
    cdef double lanes[16]
    cdef small raw[NEAR_TAPS]
    cdef Py_ssize_t column[NEAR_TAPS]
    cdef const small* p
    cdef const double* w = call.padded_kernel
    cdef Py_ssize_t ky, i, vector = F64_LANES
    cdef Py_ssize_t x = tap_column(call, at.x, 0)
    cdef bint inner = (
        call.inner_begin <= x and x * call.channels + c + call.kernel_pitch <= call.inner_end * call.channels
    )
    cdef vd a = vd_set1(0), b = a
    cdef double total = 0
    if not inner:
        memset(raw, 0, call.kernel_pitch * sizeof(small))
        list_columns(column, call, x, c)
    for ky in range(call.kernel_height):
        p = <const small*>tap_row(call, at.plane, at.y, ky)
        if inner:
            p += (x - call.before) * call.channels + c
        else:
            p = window_pixels(raw, p, column, call)
        i = 0
        while i < call.kernel_pitch:    # a multiple of 16
            widen_vector(p + i, lanes)
            widen_vector(p + i + vector, lanes + vector)
            a = vd_multiply_add(a, (<const vd*>(w + i))[0], (<const vd*>lanes)[0])
            b = vd_multiply_add(b, (<const vd*>(w + i + vector))[0], (<const vd*>(lanes + vector))[0])
            i += 2 * vector
        w += call.kernel_pitch
    (<vd*>lanes)[0] = vd_add(a, b)
    for i in range(vector):
        total += lanes[i]
    return total


cdef inline void add_row_products(vd* a, vd* b, const double* row, const double* w,
                                  Py_ssize_t n) noexcept nogil:
    """Add products two vectors at a time; the last vector may lie beyond `n`."""
    cdef Py_ssize_t i = 0
    while i < n:
        a[0] = vd_multiply_add(a[0], (<const vd*>(row + i))[0], (<const vd*>(w + i))[0])
        b[0] = vd_multiply_add(b[0], (<const vd*>(row + i + F64_LANES))[0],
                               (<const vd*>(w + i + F64_LANES))[0])
        i += 2 * F64_LANES


cdef double near_held(const Call* call, Py_ssize_t y, Py_ssize_t x) noexcept nogil:
    """Sum of a window of an FFT's tile, from the samples that were kept of it."""
    cdef const double* row = held_sample(call, y, x)
    cdef const double* w = call.padded_kernel
    cdef Py_ssize_t ky, k
    cdef double total = 0
    cdef vd a = vd_set1(0), b = a, c = a, d = a
    for ky in range(call.kernel_height):
        if ky % 2:
            add_row_products(&c, &d, row, w, call.kernel_width)
        else:
            add_row_products(&a, &b, row, w, call.kernel_width)
        row += call.held_pitch
        w += call.kernel_pitch
    a = vd_add(vd_add(a, b), vd_add(c, d))
    for k in range(F64_LANES):
        total += (<double*>&a)[k]
    return total + call.centred


cdef double near_any(const Call* call, const Place* at, Py_ssize_t c) noexcept nogil:
    """Sum of a window of any pixels, anywhere. A row adds its whole vectors in turns to four vectors of sums, and
    its last samples to a fifth."""
    cdef double row[NEAR_TAPS]
    cdef double made[NEAR_TAPS]
    cdef Py_ssize_t ky, kx, i, n, vector = F64_LANES
    cdef const double* w
    cdef double total = 0
    cdef vd sums[4]
    cdef int k
    sums[0] = sums[1] = sums[2] = sums[3] = vd_set1(0)
    for ky in range(call.kernel_height):
        kx = 0
        while kx < call.kernel_width:
            n = smaller(NEAR_TAPS, call.kernel_width - kx)
            load_taps(row, call, at, ky, kx, c, n)
            w = weights_at(made, call, ky, kx, n)
            i = 0
            while i + 4 * vector <= n:
                for k in range(4):
                    sums[k] = vd_multiply_add(sums[k], (<const vd*>(row + i + k * vector))[0],
                                              (<const vd*>(w + i + k * vector))[0])
                i += 4 * vector
            while i + vector <= n:
                sums[0] = vd_multiply_add(sums[0], (<const vd*>(row + i))[0], (<const vd*>(w + i))[0])
                i += vector
            while i < n:
                total += row[i] * w[i]
                i += 1
            kx += n
    sums[0] = vd_add(vd_add(sums[0], sums[1]), vd_add(sums[2], sums[3]))
    for k in range(F64_LANES):
        total += (<double*>sums)[k]
    return total


cdef inline bint sees_constant(const Call* call, const Place* at) noexcept nogil:
    """Whether a window may hold the border's constant."""
    cdef Py_ssize_t y = call.rows.start + at.y, x = call.cols.start + at.x
    return call.constant and (
        call.volume.slice_taps > 0 or y < 0 or y + call.kernel_height > call.rows.length
        or x < 0 or x + call.kernel_width > call.cols.length
    )


cdef double reordered_sum(const Call* call, const Place* at, Py_ssize_t c) noexcept nogil:
    """The sum in float64, in any order."""
    if call.held != NULL:
        return near_held(call, at.y, at.x)
    if (call.padded_kernel != NULL and call.src.packed and call.kernel_pitch <= NEAR_TAPS
            and not sees_constant(call, at)):
        if call.src.type == U8:
            return reordered_small_sum(<uint8_t*>NULL, call, at, c)
        if call.src.type == U16:
            return reordered_small_sum(<uint16_t*>NULL, call, at, c)
        if call.src.type == I16:
            return reordered_small_sum(<int16_t*>NULL, call, at, c)
    return near_any(call, at, c)


cdef inline double finished(double total, const Call* call) noexcept nogil:
    """What is to be rounded, or divided and rounded, of a sum."""
    return fabs(total + call.plus) if call.absolute else total + call.plus


cdef inline double rounded(double total, const Call* call) noexcept nogil:
    """The result of a sum that is not divided."""
    return rint(saturate(finished(total, call), call.low, call.high))


cdef bint near_result(double* result, const Call* call, const Place* at, Py_ssize_t c) noexcept nogil:
    """Sum in any order, and round half to even and saturate. Returns whether this is the definition's result.
    Sums of whole numbers are exact here, and at most half of what float64 holds, so that quotients that are ties
    are exact too."""
    cdef double t = finished(reordered_sum(call, at, c), call)
    if call.divisor:
        result[0] = rint(saturate(t / <double>call.divisor, call.low, call.high))
        return True
    t = saturate(t, call.low, call.high)
    result[0] = rint(t)
    return fabs(t - result[0]) <= 0.5 - call.reorder_error


cdef double exact_result(const Call* call, const Place* at, Py_ssize_t c) noexcept nogil:
    """The definition's sum plus the call's offset, rounded half to even and saturated."""
    cdef double result
    if call.exact != NULL:
        call = call.exact
    return result if near_result(&result, call, at, c) else rounded(exact_sum(call, at, c), call)


# Windows of a row that are summed in the definition's order at a time, each of which waits for its last addition.
cdef enum:
    CHAINS = 8
    FEW_PACKED = 96     # columns between two windows that are loaded rather than skipped: calls take longer
    FEW_APART = 12      # the same where samples are gathered one by one

cdef struct Batch:
    # Windows of one row and channel.
    int count
    Py_ssize_t columns          # that are loaded for them
    Py_ssize_t x[CHAINS]        # in ascending order
    Py_ssize_t index[CHAINS]    # of their results

cdef struct Segment:
    # Columns that are loaded together.
    Py_ssize_t x, end           # column of results of the first window, and end in the padded picture
    Py_ssize_t place            # in a row of taps


cdef inline void add_to_chains(double* totals, const double* w, const double* row, const Py_ssize_t* right,
                               Py_ssize_t n, const int chains) noexcept nogil:
    """Add a row of products to each total, one by one."""
    cdef Py_ssize_t i
    cdef int b
    cdef double sums[CHAINS]
    cdef const double* window[CHAINS]
    for b in range(chains):
        sums[b], window[b] = totals[b], row + right[b]
    for i in range(n):
        if w[i] != 0:
            for b in range(chains):
                sums[b] += w[i] * window[b][i]
    for b in range(chains):
        totals[b] = sums[b]


cdef inline Py_ssize_t further_columns(const Call* call, Py_ssize_t x, Py_ssize_t before) noexcept nogil:
    """Columns that a window needs beside those of a window before it."""
    cdef Py_ssize_t few = FEW_PACKED if call.src.packed and call.channels == 1 else FEW_APART
    cdef Py_ssize_t distance = tap_column(call, x, 0) - tap_column(call, before, 0)
    return call.kernel_width if distance > call.kernel_width + few else distance


cdef int lay_windows(Segment* segments, Py_ssize_t* right, const Batch* batch, const Call* call) noexcept nogil:
    """Cut the columns that a batch sees into segments, and list where each window begins in a row of these.
    Returns the number of segments."""
    cdef int b, count = 0
    cdef Py_ssize_t place = 0, column, further
    for b in range(batch.count):
        column = tap_column(call, batch.x[b], 0)
        further = further_columns(call, batch.x[b], batch.x[b - 1]) if b else 0
        place += further
        if b == 0 or further < column - tap_column(call, batch.x[b - 1], 0):
            segments[count].x, segments[count].place = batch.x[b], place
            count += 1
        right[b], segments[count - 1].end = place, column + call.kernel_width
    for b in range(batch.count, CHAINS):
        right[b] = place
    return count


cdef void exact_sums(double* totals, const Batch* batch, const Call* call, const Place* at,
                     Py_ssize_t c) noexcept nogil:
    """`exact_sum` of each window. A row of taps of all of them is loaded, and then summed."""
    cdef double row[NEAR_TAPS]
    cdef double made[NEAR_TAPS]
    cdef Py_ssize_t right[CHAINS]
    cdef Segment segments[CHAINS]
    cdef const double* w
    cdef Py_ssize_t ky
    cdef int b, count = lay_windows(segments, right, batch, call)
    cdef Place begin = at[0]
    memset(totals, 0, CHAINS * sizeof(double))
    for ky in range(call.kernel_height):
        for b in range(count):
            begin.x = segments[b].x
            load_taps(row + segments[b].place, call, &begin, ky, 0, c,
                      segments[b].end - tap_column(call, begin.x, 0))
        w = weights_at(made, call, ky, 0, call.kernel_width)
        if batch.count > CHAINS // 2:
            add_to_chains(totals, w, row, right, call.kernel_width, CHAINS)
        else:
            add_to_chains(totals, w, row, right, call.kernel_width, CHAINS // 2)


cdef void finish_batch(double* results, Batch* batch, const Call* call, const Place* at, Py_ssize_t c) noexcept nogil:
    """Sum the windows of a batch, which is empty afterwards."""
    cdef double totals[CHAINS]
    cdef Place window = at[0]
    cdef int b
    if batch.count > 1:
        exact_sums(totals, batch, call, at, c)
    elif batch.count == 1:
        window.x = batch.x[0]
        totals[0] = exact_sum(call, &window, c)
    for b in range(batch.count):
        results[batch.index[b]] = rounded(totals[b], call)
    batch.count = batch.columns = 0


cdef inline bint joins(const Batch* batch, const Call* call, Py_ssize_t x) noexcept nogil:
    """Whether the window of column `x` can be summed with those of a batch."""
    if batch.count == 0:
        return True
    return (
        batch.count < CHAINS and x > batch.x[batch.count - 1] and not call.turned and tap_gap(call) == 1
        and batch.columns + further_columns(call, x, batch.x[batch.count - 1]) <= NEAR_TAPS
    )


cdef void exact_results(double* results, Py_ssize_t* sample, Py_ssize_t count, const Call* call,
                        const Place* at) noexcept nogil:
    """The definition's results for samples of a row of them. Overwrites `sample`."""
    cdef Py_ssize_t c, k, x, left = 0
    cdef Batch batch
    cdef Place pixel = at[0]
    if call.exact != NULL:
        call = call.exact
    for k in range(count):
        pixel.x = at.x + sample[k] // call.channels
        if call.near and near_result(results + k, call, &pixel, sample[k] % call.channels):
            sample[k] = -1
        else:
            left += 1
    if left == 0:
        return
    batch.count = batch.columns = 0
    for c in range(call.channels):
        for k in range(count):
            if sample[k] < 0 or sample[k] % call.channels != c:
                continue
            x = at.x + sample[k] // call.channels
            if not joins(&batch, call, x):
                finish_batch(results, &batch, call, at, c)
            batch.columns += further_columns(call, x, batch.x[batch.count - 1]) if batch.count else call.kernel_width
            batch.x[batch.count], batch.index[batch.count] = x, k
            batch.count += 1
        finish_batch(results, &batch, call, at, c)


cdef inline void split_sample(const Call* call, const char* p, Py_ssize_t c, int64_t* high,
                              int64_t* low) noexcept nogil:
    """An integer of 32 or 64 bits (the planner sends no other) as high * 2**32 + low, where
    0 <= low < 2**32."""
    cdef uint64_t word = 0
    cdef char* raw = <char*>&word
    if p == NULL:
        high[0] = <int64_t>floor(call.fill[c] / 4294967296.0)
        low[0] = <int64_t>(call.fill[c] - <double>high[0] * 4294967296.0)
        return
    memcpy(raw, p, call.src.size)
    if call.src.swapped:
        swap_bytes(raw, 1, call.src.size)
    if call.src.type == U64:
        high[0] = <int64_t>(word >> 32)
        low[0] = <uint32_t>word
    elif call.src.type == I64:
        high[0] = <int64_t>word >> 32
        low[0] = <uint32_t>word
    elif call.src.type == U32:
        high[0] = 0
        low[0] = (<uint32_t*>raw)[0]
    else:
        high[0] = (<int32_t*>raw)[0] >> 31
        low[0] = (<uint32_t*>raw)[0]


cdef void exact_int64_sum(const Call* call, const Place* at, Py_ssize_t c, int64_t* high,
                          int64_t* low) noexcept nogil:
    """Sum of integer weights times integers, exact: the weights' magnitudes sum to less than 2**31
    (the planner refuses others), so that neither half overflows."""
    cdef int64_t w, sample_high, sample_low
    cdef Py_ssize_t ky, kx
    cdef const char* row
    high[0] = 0
    low[0] = 0
    for ky in range(call.kernel_height):
        row = tap_row(call, at.plane, at.y, ky)
        for kx in range(call.kernel_width):
            w = <int64_t>call.kernel[ky * call.kernel_width + kx]
            if w != 0:
                split_sample(call, source_sample(call, row, tap_column(call, at.x, kx), c), c,
                             &sample_high, &sample_low)
                high[0] += w * sample_high
                low[0] += w * sample_low
    high[0] += low[0] >> 32
    low[0] = <uint32_t>low[0]


cdef void finish_int64(const Call* call, int64_t* high, int64_t* low) noexcept nogil:
    """The same of an integer, to which a whole number below 2**31 is added."""
    low[0] += <int64_t>call.plus
    high[0] += low[0] >> 32
    low[0] = <uint32_t>low[0]
    if call.absolute and high[0] < 0:
        low[0] = -low[0]
        high[0] = -high[0] + (low[0] >> 32)
        low[0] = <uint32_t>low[0]


cdef void exact_int64_quotient(int64_t* high, int64_t* low, int64_t divisor) noexcept nogil:
    """Divide high * 2**32 + low by less than 2**24, rounded half to even."""
    cdef int64_t quotient = high[0] / divisor, rest = high[0] % divisor
    if rest < 0:
        quotient -= 1
        rest += divisor
    high[0] = quotient
    rest = rest << 32 | low[0]
    low[0] = rest / divisor
    rest = 2 * (rest % divisor)
    if rest > divisor or (rest == divisor and low[0] & 1):
        low[0] += 1     # 2**32 perhaps
        high[0] += low[0] >> 32
        low[0] = <uint32_t>low[0]


cdef void store_exact_int64(const Call* call, char* dst, int64_t high, int64_t low) noexcept nogil:
    """Saturate high * 2**32 + low to the output's type."""
    cdef uint64_t word = (<uint64_t>high << 32) | <uint64_t>low     # exact unless `high` is too large
    cdef double coarse = <double>high * 4294967296.0 + <double>low
    cdef uint8_t byte
    cdef uint16_t half
    cdef uint32_t whole
    if call.dst.type == U64:
        if high < 0:
            word = 0
        elif high > 0xffffffffLL:
            word = <uint64_t>-1
    elif call.dst.type == I64:
        if high < -0x80000000LL:
            word = <uint64_t>1 << 63
        elif high > 0x7fffffffLL:
            word = ~(<uint64_t>1 << 63)
    else:
        # float64 holds the limits of the narrower types, and every integer between them
        word = <uint64_t><int64_t>saturate(coarse, call.low, call.high)
        byte, half, whole = <uint8_t>word, <uint16_t>word, <uint32_t>word
        if call.dst.size == 1:
            memcpy(&word, &byte, 1)
        elif call.dst.size == 2:
            memcpy(&word, &half, 2)
        else:
            memcpy(&word, &whole, 4)
    if call.dst.swapped:
        swap_bytes(<char*>&word, 1, call.dst.size)
    memcpy(dst, &word, call.dst.size)


cdef void exact_int64_rows(const Call* call, Py_ssize_t plane, Py_ssize_t y0, Py_ssize_t y1) noexcept nogil:
    cdef Py_ssize_t y, x, c
    cdef int64_t high, low
    cdef Place at
    at.plane = plane
    for y in range(y0, y1):
        for x in range(call.width):
            at.y, at.x = y, x
            for c in range(call.channels):
                exact_int64_sum(call, &at, c, &high, &low)
                if call.changed:
                    finish_int64(call, &high, &low)
                if call.divisor:
                    exact_int64_quotient(&high, &low, call.divisor)
                store_exact_int64(call, call.dst.data + plane * call.dst.plane + y * call.dst.row
                                  + x * call.dst.pixel + c * call.dst.channel, high, low)


cdef int pad_kernel(Call* call) except -1:
    # a tile is of one channel
    cdef Py_ssize_t channels = 1 if is_of_one_channel(call) else call.channels
    cdef Py_ssize_t ky, kx, step = channels * tap_gap(call)
    cdef Py_ssize_t pitch = ((call.kernel_width - 1) * step + channels + 15) // 16 * 16
    cdef double* padded
    if pitch > NEAR_TAPS:   # nothing would read them; kernels in small tiles are narrower
        return 0
    padded = <double*>get_memory(call.kernel_height * pitch, sizeof(double))
    memset(padded, 0, call.kernel_height * pitch * sizeof(double))
    for ky in range(call.kernel_height):
        for kx in range(call.kernel_width):
            padded[ky * pitch + kx * step] = weight_at(call, ky, kx)
    call.padded_kernel, call.kernel_pitch = padded, pitch
    return 0
