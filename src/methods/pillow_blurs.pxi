# Blurs: Pillow's box blurs, equal to the last bit. Pillow's GaussianBlur is three box blurs.
#
# Pillow sums bytes in integers and multiplies the sums by factors of 24 fractional bits. One pass along an
# axis has a radius r with a fraction, and repeats the first and last pixel outside:
#
#     out[i] = (whole * (in[i - r] + .. + in[i + r])  +  part * (in[i - r - 1] + in[i + r + 1])  +  1/2) >> 24
#
# All passes across come first, then all passes down. Here every pass goes down, in strips of columns so
# narrow that the bytes between two passes stay in the cache. For the passes across, some rows at a time are
# transposed, and transposed back.

cdef enum:
    STRIP_BYTES = 128       # bytes in a row of a strip
    PLACES = 24             # fractional bits of Pillow's factors

cdef struct Pass:
    Py_ssize_t radius
    uint32_t whole, part

cdef struct Bench:
    # Scratch: two strips, a row of sums, and transposed rows.
    uint8_t* strip[2]
    uint32_t* total
    uint8_t* turned


cdef inline void add_bytes(uint32_t* total, const uint8_t* row, uint32_t times, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        total[i] += times * row[i]


cdef inline void pass_row(uint8_t* out, uint32_t* total, const uint8_t* gone, const uint8_t* come,
                          const uint8_t* next_, uint32_t whole, uint32_t part, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    cdef uint32_t sum_
    for i in range(n):
        sum_ = total[i] + come[i] - gone[i]
        total[i] = sum_
        out[i] = <uint8_t>((sum_ * whole + (<uint32_t>gone[i] + next_[i]) * part + (1 << (PLACES - 1))) >> PLACES)


cdef void pass_down(uint8_t* out, const uint8_t* src, Py_ssize_t pitch, Py_ssize_t height, uint32_t* total,
                    const Pass* p, Py_ssize_t n) noexcept nogil:
    """One pass down `height` rows of `n` bytes. The rows of `out` are STRIP_BYTES apart."""
    cdef Py_ssize_t y, last = height - 1, r = p.radius
    memset(total, 0, n * sizeof(uint32_t))
    # the sums of the window one row above the first
    add_bytes(total, src, <uint32_t>(r + 1), n)
    for y in range(smaller(r, last)):
        add_bytes(total, src + y * pitch, 1, n)
    if r > last:
        add_bytes(total, src + last * pitch, <uint32_t>(r - last), n)
    for y in range(height):
        pass_row(out + y * STRIP_BYTES, total, src + larger(0, y - r - 1) * pitch,
                 src + smaller(y + r, last) * pitch, src + smaller(y + r + 1, last) * pitch, p.whole, p.part,
                 n)


cdef void passes_down(uint8_t* dst, const uint8_t* src, Py_ssize_t pitch, Py_ssize_t height, Bench* bench,
                      const Pass* p, int passes, Py_ssize_t n) noexcept nogil:
    """All passes down rows of `n` bytes. The rows of both pictures are `pitch` apart; `dst` may be `src`."""
    cdef Py_ssize_t x = 0, y, count, apart
    cdef const uint8_t* source
    cdef int i
    while x < n:
        count = smaller(STRIP_BYTES, n - x)
        source, apart = src + x, pitch
        for i in range(passes):
            pass_down(bench.strip[i % 2], source, apart, height, bench.total, p, count)
            source, apart = bench.strip[i % 2], STRIP_BYTES
        for y in range(height):
            memcpy(dst + y * pitch + x, source + y * STRIP_BYTES, count)
        x += count


cdef inline void exchange(uint64_t* a, uint64_t* b, int bits, uint64_t mask) noexcept nogil:
    cdef uint64_t t = ((a[0] >> bits) ^ b[0]) & mask
    b[0] ^= t
    a[0] ^= t << bits


cdef inline void turn_8(uint8_t* out, Py_ssize_t out_pitch, const uint8_t* src,
                        Py_ssize_t pitch) noexcept nogil:
    """Transpose 8 x 8 bytes: exchange halves of rows, then quarters, then eighths."""
    cdef uint64_t row[8]
    cdef int i
    for i in range(8):
        memcpy(&row[i], src + i * pitch, 8)
    for i in range(4):
        exchange(&row[i], &row[i + 4], 32, 0x00000000FFFFFFFFULL)
    for i in range(0, 8, 4):
        exchange(&row[i], &row[i + 2], 16, 0x0000FFFF0000FFFFULL)
        exchange(&row[i + 1], &row[i + 3], 16, 0x0000FFFF0000FFFFULL)
    for i in range(0, 8, 2):
        exchange(&row[i], &row[i + 1], 8, 0x00FF00FF00FF00FFULL)
    for i in range(8):
        memcpy(out + i * out_pitch, &row[i], 8)


cdef inline void turn_pixels(uint8_t* out, Py_ssize_t out_pitch, const uint8_t* src, Py_ssize_t pitch,
                             Py_ssize_t rows, Py_ssize_t columns, const Py_ssize_t size) noexcept nogil:
    cdef Py_ssize_t y, x
    for x in range(columns):
        for y in range(rows):
            memcpy(out + x * out_pitch + y * size, src + y * pitch + x * size, size)


cdef void turn(uint8_t* out, Py_ssize_t out_pitch, const uint8_t* src, Py_ssize_t pitch, Py_ssize_t rows,
               Py_ssize_t columns, Py_ssize_t size) noexcept nogil:
    """Transpose pixels of `size` bytes, 1 to 4."""
    cdef Py_ssize_t x, y, whole_rows = rows // 8 * 8, whole = columns // 8 * 8
    if size == 4:
        turn_pixels(out, out_pitch, src, pitch, rows, columns, 4)
    elif size == 3:
        turn_pixels(out, out_pitch, src, pitch, rows, columns, 3)
    elif size == 2:
        turn_pixels(out, out_pitch, src, pitch, rows, columns, 2)
    else:
        for x in range(0, whole, 8):
            for y in range(0, whole_rows, 8):
                turn_8(out + x * out_pitch + y, out_pitch, src + y * pitch + x, pitch)
        turn_pixels(out + whole_rows, out_pitch, src + whole_rows * pitch, pitch, rows - whole_rows, columns,
                    1)
        turn_pixels(out + whole * out_pitch, out_pitch, src + whole, pitch, whole_rows, columns - whole, 1)


cdef void passes_across(uint8_t* dst, const uint8_t* src, Py_ssize_t height, Py_ssize_t width,
                        Py_ssize_t size, Bench* bench, const Pass* p, int passes) noexcept nogil:
    cdef Py_ssize_t y = 0, rows, pitch = width * size
    while y < height:
        rows = smaller(STRIP_BYTES // size, height - y)
        turn(bench.turned, STRIP_BYTES, src + y * pitch, pitch, rows, width, size)
        passes_down(bench.turned, bench.turned, STRIP_BYTES, width, bench, p, passes, rows * size)
        turn(dst + y * pitch, pitch, bench.turned, STRIP_BYTES, width, rows, size)
        y += rows


cdef class Bytes:
    """The memory of a C-contiguous array of bytes. The array's buffer is held until this object goes."""
    cdef Py_buffer array

    def __cinit__(self, array, bint written):
        PyObject_GetBuffer(array, &self.array, PyBUF_C_CONTIGUOUS | (PyBUF_WRITABLE if written else 0))

    def __dealloc__(self):
        PyBuffer_Release(&self.array)


def pillows_blur(src, dst, across, down, int passes):
    """Blur bytes as Pillow does.

    Parameters
    ----------
    src, dst : arrays of bytes, shape (H, W, C), C from 1 to 4, not empty; may be the same
    across, down : (radius, whole, part), or None
    passes : int
    """
    cdef Bytes source = Bytes(src, False), target = Bytes(dst, True)
    cdef Py_ssize_t height = source.array.shape[0], width = source.array.shape[1], size = source.array.shape[2]
    cdef Py_ssize_t strip = larger(height, width) * STRIP_BYTES
    cdef const uint8_t* from_ = <const uint8_t*>source.array.buf
    cdef uint8_t* to = <uint8_t*>target.array.buf
    cdef uint8_t* memory
    cdef Bench bench
    cdef Pass row, column
    if across is not None:
        row.radius, row.whole, row.part = across
    if down is not None:
        column.radius, column.whole, column.part = down
    memory = <uint8_t*>get_memory(3 * strip + STRIP_BYTES * sizeof(uint32_t), 1)
    bench.total = <uint32_t*>memory
    bench.strip[0] = memory + STRIP_BYTES * sizeof(uint32_t)
    bench.strip[1], bench.turned = bench.strip[0] + strip, bench.strip[0] + 2 * strip
    if across is not None:
        with nogil:
            passes_across(to, from_, height, width, size, &bench, &row, passes)
        from_ = to
    if down is not None:
        with nogil:
            passes_down(to, from_, width * size, height, &bench, &column, passes, width * size)
    free(memory)


cdef void sharpen(uint8_t* blurred, const uint8_t* src, Py_ssize_t n, int percent,
                  int threshold) noexcept nogil:
    cdef Py_ssize_t i
    cdef int value, difference, sharp
    for i in range(n):
        value = src[i]
        difference = value - blurred[i]
        sharp = value + difference * percent // 100     # rounded towards zero, as in C (cdivision)
        sharp = sharp if sharp > 0 else 0
        sharp = sharp if sharp < 255 else 255
        difference = difference if difference > 0 else -difference
        blurred[i] = <uint8_t>(sharp if difference > threshold else value)


def pillows_unsharp(src, blurred, int percent, int threshold):
    """Replace the blurred bytes by the result of Pillow's UnsharpMask."""
    cdef Bytes source = Bytes(src, False), target = Bytes(blurred, True)
    with nogil:
        sharpen(<uint8_t*>target.array.buf, <const uint8_t*>source.array.buf, source.array.len, percent,
                threshold)
