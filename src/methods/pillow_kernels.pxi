# Kernels of 3 x 3 and 5 x 5: Pillow's sums, equal to the last bit.
#
# Pillow sums in float32, and rounds each product and each sum (src/libImaging/Filter.c):
#
#     ((1/2 + offset  +  row below)  +  row)  +  row above      each row from left to right
#
# and cuts off what is not whole. A block of rows becomes float32 at once. Its results are summed as if it were one
# long row, so that narrow pictures fill vectors too; then the edges, which Pillow copies, are put right.

cdef enum:
    MOST_TAPS = 25
    BLOCK_SAMPLES = 12288   # of float32, in a block; some rows more of what stands around it
    LEAST_ROWS = 8


cdef inline vf row_sum(vf* row, Py_ssize_t at, Py_ssize_t step, vf* weights, const int side) noexcept nogil:
    cdef vf sums = mul(load(row, at), weights[0])
    cdef int k
    for k in range(1, side):
        sums = add(sums, mul(load(row, at + k * step), weights[k]))
    return sums


cdef inline void kernel_sums(uint8_t* out, vf* top, Py_ssize_t n, Py_ssize_t pitch, Py_ssize_t step,
                             const float* weights, float number, const int side) noexcept nogil:
    """`n` results one after the other. The window of the first begins at `top`; rows are `pitch` apart."""
    cdef vf w[MOST_TAPS]
    cdef vf sums
    cdef vf least = vf_set1(0), most = vf_set1(255), first = vf_set1(number)
    cdef uint8_t rest[VECTOR_BYTES + 8]
    cdef Py_ssize_t i = 0
    cdef int k
    for k in range(side * side):
        w[k] = vf_set1(weights[k])
    while i < n:
        sums = first
        for k in range(side):
            sums = add(sums, row_sum(top, i + (side - 1 - k) * pitch, step, w + k * side, side))
        sums = vf_clamp(sums, least, most)
        if i + F32_LANES <= n:
            vf_truncate_8(out + i, sums)
        else:
            vf_truncate_8(rest, sums)
            memcpy(out + i, rest, n - i)
        i += F32_LANES


cdef inline void floats_of(vf* out, const uint8_t* src, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i = 0
    while i + F32_LANES <= n:
        store(out, i, vf_widen_u8(src + i))
        i += F32_LANES
    while i < n:
        (<float*>out)[i] = src[i]
        i += 1


cdef void kernel_picture(uint8_t* out, const uint8_t* src, Py_ssize_t height, Py_ssize_t width, Py_ssize_t size,
                         const float* weights, float number, int side, float* block,
                         Py_ssize_t rows) noexcept nogil:
    """A picture with pixels of `size` bytes, `rows` rows of results at a time."""
    cdef Py_ssize_t y, n, pitch = width * size, r = side // 2, edge = r * size, end = height - r
    memcpy(out, src, r * pitch + edge)
    y = r
    while y < end:
        rows = smaller(rows, end - y)
        n = rows * pitch - 2 * edge
        floats_of(<vf*>block, src + (y - r) * pitch, (rows + 2 * r) * pitch)
        if side == 3:
            kernel_sums(out + y * pitch + edge, <vf*>block, n, pitch, size, weights, number, 3)
        else:
            kernel_sums(out + y * pitch + edge, <vf*>block, n, pitch, size, weights, number, 5)
        y += rows
    for y in range(r + 1, end):     # where one row ends and the next one begins
        memcpy(out + y * pitch - edge, src + y * pitch - edge, 2 * edge)
    memcpy(out + end * pitch - edge, src + end * pitch - edge, r * pitch + edge)


def pillows_kernel(src, dst, bytes weights, float number):
    """Filter bytes as Pillow does.

    Parameters
    ----------
    src, dst : arrays of bytes, shape (H, W, C), H and W not less than the kernel's side; not the same
    weights : bytes
        The 9 or 25 of a kernel, in float32.
    number : float
        The offset and 1/2.
    """
    cdef Bytes source = Bytes(src, False), target = Bytes(dst, True)
    cdef Py_ssize_t height = source.array.shape[0], width = source.array.shape[1], size = source.array.shape[2]
    cdef const float* given = <const float*><const char*>weights
    cdef int side = 3 if len(weights) == 9 * sizeof(float) else 5
    cdef Py_ssize_t rows = smaller(larger(BLOCK_SAMPLES // (width * size), LEAST_ROWS), height - side + 1)
    cdef Py_ssize_t samples = (rows + side - 1) * width * size
    cdef float* block = <float*>get_memory(samples + F32_LANES, sizeof(float))
    memset(block + samples, 0, F32_LANES * sizeof(float))
    with nogil:
        kernel_picture(<uint8_t*>target.array.buf, <const uint8_t*>source.array.buf, height, width, size,
                       given, number, side, block, rows)
    free(block)
