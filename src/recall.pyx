# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, freethreading_compatible=True
# SPDX-License-Identifier: BSD-3-Clause
"""Calls that were made before, found again by what they are given: the way past all checks.

What `fastconv.convolve` has to find out about a call (are the words right? which method? where do borders
come from?) depends on the options, on shape, type and layout of the image, and on the kernel's bytes, and
on nothing else. So it is found out once, kept in a table, and looked up: a call on a small image spends
less than half a microsecond between Python and the engine.

Only what can be compared at no cost is looked up: an image, a kernel and an `out` that are plain NumPy
arrays, side by side in memory and in this machine's byte order. The kernel is compared by its bytes, since
an array can be changed behind our back.
"""

cimport cython
cimport numpy as cnp
from cpython.bytes cimport PyBytes_AS_STRING
from cpython.float cimport PyFloat_AS_DOUBLE, PyFloat_CheckExact
from cpython.long cimport PyLong_CheckExact
from cpython.object cimport Py_EQ, PyObject_RichCompareBool
from cpython.unicode cimport PyUnicode_CheckExact
from fastconv._engine.pool cimport threads_for
from libc.stdint cimport uint64_t
from libc.string cimport memcmp, memcpy

cnp.import_array()

ctypedef int (*Runner)(const void*, const char*, char*, int) noexcept nogil

cdef enum:
    AXES = 8            # of an image that is looked up
    SLOTS = 256         # of the table, in pairs
    SAMPLES = 16        # words of a kernel that are hashed
    LARGEST_KERNEL = 65536  # bytes

# Predicted ns from which the GIL is released (doing so costs some 50 ns, and calls other threads).
cdef double WORTH_THE_GIL = 10_000

cdef struct Frame:
    # Shape and type of an array.
    int type, axes
    cnp.npy_intp shape[AXES]


cdef inline bint is_plain(object a) noexcept:
    return (
        type(a) is cnp.ndarray
        and cnp.PyArray_ISCARRAY_RO(<cnp.ndarray>a)
        and cnp.PyArray_NDIM(<cnp.ndarray>a) <= AXES
    )


cdef inline Frame frame_of(cnp.ndarray a) noexcept:
    cdef Frame f
    f.type = cnp.PyArray_TYPE(a)
    f.axes = cnp.PyArray_NDIM(a)
    memcpy(f.shape, cnp.PyArray_DIMS(a), f.axes * sizeof(cnp.npy_intp))
    return f


cdef inline bint has_frame(cnp.ndarray a, const Frame* f) noexcept:
    return (
        cnp.PyArray_TYPE(a) == f.type
        and cnp.PyArray_NDIM(a) == f.axes
        and memcmp(cnp.PyArray_DIMS(a), f.shape, f.axes * sizeof(cnp.npy_intp)) == 0
    )


cdef inline uint64_t stirred(uint64_t h, uint64_t word) noexcept:
    h = (h ^ word) * 0x9E3779B97F4A7C15ULL     # Knuth's multiplicative hash, golden ratio times 2**64
    return h ^ (h >> 29)


cdef uint64_t hashed(cnp.ndarray image, cnp.ndarray kernel) noexcept:
    """Of the image's frame and some of the words of the kernel, if any: first and last among them."""
    cdef uint64_t h = <uint64_t>cnp.PyArray_TYPE(image), word
    cdef Py_ssize_t i, words, step
    for i in range(cnp.PyArray_NDIM(image)):
        h = stirred(h, <uint64_t>cnp.PyArray_DIMS(image)[i])
    if kernel is None:
        return h
    words = cnp.PyArray_NBYTES(kernel) // 8
    step = words // SAMPLES + 1
    i = words - 1
    while i >= 0:
        memcpy(&word, cnp.PyArray_BYTES(kernel) + i * 8, 8)
        h = stirred(h, word)
        i -= step
    return h


cdef inline bint same(object a, object b):
    """Whether two options are the same beyond doubt; 1, 1.0 and True are not."""
    cdef double x, y
    if a is b:
        return True
    if type(a) is not type(b):
        return False
    if PyFloat_CheckExact(a):   # by the bits: -0.0 is not 0.0
        x, y = PyFloat_AS_DOUBLE(a), PyFloat_AS_DOUBLE(b)
        return memcmp(&x, &y, sizeof(double)) == 0
    if PyUnicode_CheckExact(a) or PyLong_CheckExact(a):
        return PyObject_RichCompareBool(a, b, Py_EQ)
    return False


cdef bint same_tuples(tuple a, tuple b):
    """Whether all options are the same beyond doubt; tuples may hold tuples."""
    cdef Py_ssize_t i
    cdef object x, y
    if len(a) != len(b):
        return False
    for i in range(len(a)):
        x, y = a[i], b[i]
        if type(x) is tuple and type(y) is tuple:
            if not same_tuples(<tuple>x, <tuple>y):
                return False
        elif not same(x, y):
            return False
    return True


cdef bint apart(cnp.ndarray a, cnp.ndarray b) noexcept:
    """Whether two arrays share no byte."""
    cdef char* a0 = cnp.PyArray_BYTES(a)
    cdef char* b0 = cnp.PyArray_BYTES(b)
    return a0 + cnp.PyArray_NBYTES(a) <= b0 or b0 + cnp.PyArray_NBYTES(b) <= a0


@cython.final
cdef class Entry:
    """All that a call was given, and the engine's call that answers it."""
    cdef Frame image, kernel, result
    cdef bytes weights
    cdef tuple options
    cdef bint out_given
    cdef object call        # owner of what the next two point to
    cdef Runner runner
    cdef const void* bound
    cdef double work

    cdef bint answers(self, cnp.ndarray image, cnp.ndarray kernel, object flipped, object border,
                      object cval, object origin, object shape, object channel_axis, object dtype,
                      object out, object method, object threads):
        cdef tuple o = self.options
        return (
            has_frame(image, &self.image)
            and has_frame(kernel, &self.kernel)
            and self.out_given == (out is not None)
            and same(border, o[1])
            and same(cval, o[2])
            and same(origin, o[3])
            and same(shape, o[4])
            and same(channel_axis, o[5])
            and same(dtype, o[6])
            and same(method, o[7])
            and same(threads, o[8])
            and flipped is o[0]
            and memcmp(cnp.PyArray_DATA(kernel), PyBytes_AS_STRING(self.weights), len(self.weights)) == 0
        )

    cdef object run(self, cnp.ndarray image, object out, object threads):
        cdef cnp.ndarray result
        cdef const char* src = cnp.PyArray_BYTES(image)
        cdef char* dst
        cdef int failed, count = 1
        if out is None:
            result = cnp.PyArray_EMPTY(self.result.axes, self.result.shape, self.result.type, 0)
        else:
            result = out
        dst = cnp.PyArray_BYTES(result)
        if self.work < WORTH_THE_GIL:
            failed = self.runner(self.bound, src, dst, 1)
        else:
            count = threads_for(self.work, 0 if threads is None else threads)
            with nogil:
                failed = self.runner(self.bound, src, dst, count)
        if failed:
            raise MemoryError("scratch rows of the convolution")
        return result


cdef list _table = [None] * SLOTS
cdef object _first = None


cdef Entry find(cnp.ndarray image, cnp.ndarray kernel, object flipped, object border, object cval,
                object origin, object shape, object channel_axis, object dtype, object out, object method,
                object threads):
    cdef Py_ssize_t i, slot = hashed(image, kernel) & (SLOTS - 2)
    cdef Entry entry
    for i in range(slot, slot + 2):
        entry = <Entry>_table[i]
        if entry is not None and entry.answers(image, kernel, flipped, border, cval, origin, shape,
                                               channel_axis, dtype, out, method, threads):
            return entry
    return None


def begin(first):
    """Say who answers a call that is made for the first time, with the arguments of `call`."""
    global _first
    _first = first


def call(image, kernel, flipped, border, cval, origin, shape, channel_axis, dtype, out, method, threads):
    """Convolve (`flipped`) or correlate, with the options of fastconv.convolve."""
    cdef Entry entry = None
    if is_plain(image) and is_plain(kernel):
        with cython.critical_section(_table):
            entry = find(image, kernel, flipped, border, cval, origin, shape, channel_axis, dtype, out,
                         method, threads)
    if entry is None or not (
        out is None
        or is_plain(out)
        and cnp.PyArray_ISWRITEABLE(<cnp.ndarray>out)
        and has_frame(out, &entry.result)
        and apart(image, out)
    ):
        return _first(image, kernel, flipped, border, cval, origin, shape, channel_axis, dtype, out,
                      method, threads)
    return entry.run(image, out, threads)


def remember(image, kernel, tuple options, bint out_given, result, call, double work):
    """Keep what a call found out.

    Parameters
    ----------
    options : (flipped, border, cval, origin, shape, channel_axis, dtype, method, threads)
    result : ndarray
        What it returned.
    call : Call of an engine
    work : float
        Predicted ns on one thread.
    """
    cdef Entry entry
    cdef Py_ssize_t slot
    cdef size_t runner, bound
    if not (is_plain(image) and is_plain(kernel) and is_plain(result)):
        return
    entry = Entry.__new__(Entry)
    entry.image, entry.kernel, entry.result = frame_of(image), frame_of(kernel), frame_of(result)
    entry.weights = kernel.tobytes()
    entry.options, entry.out_given = options, out_given
    entry.call, entry.work = call, work
    runner, bound = call.address()
    entry.runner, entry.bound = <Runner>runner, <const void*>bound
    with cython.critical_section(_table):
        slot = hashed(image, kernel) & (SLOTS - 2)
        _table[slot + 1] = _table[slot]     # the older one of a pair makes room
        _table[slot] = entry


def forget():
    """Keep nothing: the engine's level has changed."""
    with cython.critical_section(_table):
        _table[:] = [None] * SLOTS
    with cython.critical_section(_echoes):
        _echoes[:] = [None] * SLOTS


# --- calls of any other function: an array, perhaps a kernel, an output, and options -----------------


@cython.final
cdef class Echo:
    """What a function was given, and the engine's call that answers it."""
    cdef object function
    cdef object output      # as given, but True for an array
    cdef bytes weights      # None without a kernel
    cdef Frame kernel
    cdef Entry entry

    cdef bint answers(self, object function, cnp.ndarray image, object kernel, object output, tuple options):
        if function is not self.function or not has_frame(image, &self.entry.image):
            return False
        if kernel is None:
            if self.weights is not None:
                return False
        elif self.weights is None or not has_frame(<cnp.ndarray>kernel, &self.kernel):
            return False
        elif memcmp(cnp.PyArray_DATA(<cnp.ndarray>kernel), PyBytes_AS_STRING(self.weights),
                    len(self.weights)) != 0:
            return False
        return (
            (self.output is True if isinstance(output, cnp.ndarray) else same(output, self.output))
            and same_tuples(options, self.entry.options)
        )


cdef list _echoes = [None] * SLOTS


cdef Py_ssize_t echo_slot(object function, cnp.ndarray image, object kernel, tuple options):
    cdef uint64_t h = hashed(image, <cnp.ndarray>kernel if kernel is not None else None)
    cdef object o
    h = stirred(h, <uint64_t><size_t><void*>function)
    for o in options:
        if PyFloat_CheckExact(o) or PyUnicode_CheckExact(o) or PyLong_CheckExact(o):
            h = stirred(h, <uint64_t>hash(o))
    return h & (SLOTS - 2)


def again(function, image, kernel, output, tuple options):
    """Answer ``function(image, kernel, output, *options)``, from memory if it can.

    Parameters
    ----------
    function : callable
        Returns the result, and the engine's call that made it and its predicted ns on one thread: None if it
        took more than one call, or does not depend on types, shapes, kernel and options alone.
    image, kernel, output : object
        `kernel` may be None. Only arrays are answered from memory.
    options : tuple
    """
    cdef Py_ssize_t slot = 0, i
    cdef Echo echo = None, other
    cdef bint plain = is_plain(image) and (kernel is None or is_plain(kernel))
    if plain:
        slot = echo_slot(function, image, kernel, options)
        with cython.critical_section(_echoes):
            for i in range(slot, slot + 2):
                other = <Echo>_echoes[i]
                if other is not None and other.answers(function, image, kernel, output, options):
                    echo = other
                    break
        if echo is not None:
            if not isinstance(output, cnp.ndarray):
                return echo.entry.run(image, None, None)
            if (is_plain(output) and cnp.PyArray_ISWRITEABLE(<cnp.ndarray>output)
                    and has_frame(output, &echo.entry.result) and apart(image, output)):
                return echo.entry.run(image, output, None)
    result, call, work = function(image, kernel, output, *options)
    if plain and call is not None and is_plain(result) and echo is None:
        keep(slot, function, image, kernel, output, options, result, call, work)
    return result


cdef int keep(Py_ssize_t slot, object function, cnp.ndarray image, object kernel, object output,
              tuple options, cnp.ndarray result, object call, double work) except -1:
    cdef Echo echo = Echo.__new__(Echo)
    cdef Entry entry = Entry.__new__(Entry)
    cdef size_t runner, bound
    if kernel is not None and cnp.PyArray_NBYTES(<cnp.ndarray>kernel) > LARGEST_KERNEL:
        return 0    # comparing it would cost more than it saves
    echo.function, echo.entry = function, entry
    echo.output = True if isinstance(output, cnp.ndarray) else output
    echo.weights = None
    if kernel is not None:
        echo.kernel, echo.weights = frame_of(kernel), kernel.tobytes()
    entry.image, entry.result = frame_of(image), frame_of(result)
    entry.options, entry.call, entry.work = options, call, work
    runner, bound = call.address()
    entry.runner, entry.bound = <Runner>runner, <const void*>bound
    with cython.critical_section(_echoes):
        _echoes[slot + 1] = _echoes[slot]
        _echoes[slot] = echo
    return 0
