# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, freethreading_compatible=True
# SPDX-License-Identifier: BSD-3-Clause
"""Calls: from NumPy arrays to a request of the engine, in C, and the cache of plans and requests.

    Options      all of a plan but its kernel. Checked once, since most kernels come with known options.
    PlanBase     a kernel and options. Called with a plain array it looks up the program for its type and
                 size, or makes one, describes the arrays by their strides, and runs it.
    Prepared     the program of a plan for images of one type and size.
    execute      runs a request for callers that have a program already.
    cache        plans by kernel and options; requests of other functions by all their arguments.
    Function     a Python function that looks into the cache first, before Python sees the call.

An array may have any strides and byte order: the request holds them, and nothing here depends on them.
"""

cimport cython
cimport numpy as cnp
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.float cimport PyFloat_AS_DOUBLE, PyFloat_Check, PyFloat_CheckExact
from cpython.long cimport PyLong_CheckExact
from cpython.object cimport Py_EQ, PyObject, PyObject_RichCompareBool, PyTypeObject
from cpython.ref cimport Py_INCREF
from cpython.tuple cimport PyTuple_GET_ITEM, PyTuple_GET_SIZE
from cpython.unicode cimport PyUnicode_CheckExact
from fastconv._engine.planner cimport (
    I64, U8, U64, Built, Kernel, Strategy, decide, is_integer, is_slim, kernel_of, range_of,
)
from fastconv._engine.pool cimport threads_for
from libc.stdint cimport int64_t, uint64_t
from libc.stdlib cimport llabs
from libc.string cimport memcmp, memcpy, memset

import functools
import inspect
import types

import numpy as np

include "request.pxi"

cnp.import_array()

cdef extern from *:
    """
    #if defined(_MSC_VER)
    #define FC_THREAD __declspec(thread)
    #else
    #define FC_THREAD __thread
    #endif
    static FC_THREAD PyObject* fc_offered;

    /* Cython has no classes whose objects are called without a tuple and a dict of arguments (PEP 590). */
    static void fc_take_vectorcalls(PyTypeObject* type, Py_ssize_t offset) {
        type->tp_vectorcall_offset = offset;
        type->tp_call = PyVectorcall_Call;
        type->tp_flags |= Py_TPFLAGS_HAVE_VECTORCALL;
        PyType_Modified(type);
    }
    """
    PyObject* offered "fc_offered"      # the `Offer` to the innermost Repeatable that this thread is in, or NULL
    void take_vectorcalls "fc_take_vectorcalls"(PyTypeObject*, Py_ssize_t)

cdef extern from "Python.h":
    ctypedef PyObject* (*vectorcallfunc)(PyObject*, PyObject* const*, size_t, PyObject*) noexcept
    PyObject* PyObject_Vectorcall(PyObject*, PyObject* const*, size_t, PyObject*) noexcept
    Py_ssize_t PyVectorcall_NARGS(size_t) noexcept
    int PyUnicode_Compare(PyObject*, PyObject*) noexcept
    PyObject** items_of "PySequence_Fast_ITEMS"(tuple) noexcept

# Makes results of what misses samples, and looks for these: see `answer` and `any_missing` in src/missing.pyx.
ctypedef int (*Answer)(const void*, char*, char*, char*, int) noexcept nogil
ctypedef int (*Search)(const char*, Py_ssize_t, int) noexcept nogil

cdef enum:
    MOST_AXES = 65      # axes of an array, and one more for channels
    AXES = 8            # most axes of an array in the cache of other calls
    TYPES = 64          # NumPy's type numbers below this are looked up
    LEAST_PLANE = 16    # least samples in a row of a channel that is filtered as a plane of its own
    MANY = 65536        # samples from which the GIL is released to visit all of them
    PREPARED = 4        # pairs of image type and size that a plan remembers
    SLOTS = 256         # slots of a cache, in pairs
    SAMPLES = 16        # words of a kernel that are hashed
    MOST_OPTIONS = 32   # most options that are remembered as checked
    PARAMETERS = 32     # most parameters of a function
    MOST_NESTED = 4     # lists in lists among the arguments; one may hold itself
    LEAST_FOLDED = 1024  # weights; fewer cost less than folding them would save
    LARGEST_KERNEL = 65536  # bytes; comparing more than this would cost more than it saves
    SHARED_KERNEL = 1 << 20  # bytes of weights that are not copied; comparing them backwards takes longer
    NO_AXIS = -1000
    SAME = 0
    VALID = 1
    FULL = 2

# Predicted ns from which the GIL is released (doing so costs some 50 ns, and calls other threads).
cdef double WORTH_THE_GIL = 10_000

# For each of NumPy's type numbers its row in fastconv/_pixels.py, or -1 if C does not serve the type.
cdef int code_of[TYPES]
memset(code_of, 0xff, sizeof(code_of))
# Counts the changes of level, so that a plan knows which of its programs are of the current level.
cdef int _generation = 0
cdef str _level = None      # name of the current level
cdef object _engine = None  # its engine
cdef type _plan_type = None     # the subclass of PlanBase of which plans are made


def begin(dict codes, type plan_type):
    """Set the types that C serves (NumPy's number: row of the table of pixels), and the class of plans."""
    global _plan_type
    _plan_type = plan_type
    for number, code in codes.items():
        if 0 <= number < TYPES:
            code_of[number] = code


# --- arrays as the engine sees them -------------------------------------------------------------------


cdef struct Frame:
    # Type, shape and strides of an array.
    int type, axes
    bint swapped
    cnp.npy_intp shape[AXES]
    cnp.npy_intp strides[AXES]


cdef inline bint is_array(object a) noexcept:
    return type(a) is cnp.ndarray and cnp.PyArray_NDIM(<cnp.ndarray>a) <= AXES


cdef inline bint is_plain(object a) noexcept:
    """Whether an array is C-contiguous and in this machine's byte order."""
    return is_array(a) and cnp.PyArray_ISCARRAY_RO(<cnp.ndarray>a)


cdef inline Frame frame_of(cnp.ndarray a) noexcept:
    cdef Frame f
    f.type, f.axes, f.swapped = cnp.PyArray_TYPE(a), cnp.PyArray_NDIM(a), cnp.PyArray_ISBYTESWAPPED(a)
    memcpy(f.shape, cnp.PyArray_DIMS(a), f.axes * sizeof(cnp.npy_intp))
    memcpy(f.strides, cnp.PyArray_STRIDES(a), f.axes * sizeof(cnp.npy_intp))
    return f


cdef inline bint has_frame(cnp.ndarray a, const Frame* f) noexcept:
    return (
        cnp.PyArray_TYPE(a) == f.type
        and cnp.PyArray_NDIM(a) == f.axes
        and memcmp(cnp.PyArray_DIMS(a), f.shape, f.axes * sizeof(cnp.npy_intp)) == 0
        and memcmp(cnp.PyArray_STRIDES(a), f.strides, f.axes * sizeof(cnp.npy_intp)) == 0
        and cnp.PyArray_ISBYTESWAPPED(a) == f.swapped
    )


cdef struct Layout:
    # Sizes and strides of an array by what its axes mean. There are `leads` leading axes, a batch.
    int leads
    cnp.npy_intp lead_size[MOST_AXES]
    cnp.npy_intp lead_stride[MOST_AXES]
    cnp.npy_intp height, width, channels
    cnp.npy_intp row, pixel, channel


cdef bint lay_out(Layout* l, cnp.ndarray a, int channel_axis) noexcept:
    """Describe an array. False if it has too few axes or no such channel axis."""
    cdef int i, k = 0, n = cnp.PyArray_NDIM(a)
    cdef cnp.npy_intp* shape = cnp.PyArray_DIMS(a)
    cdef cnp.npy_intp* strides = cnp.PyArray_STRIDES(a)
    cdef int axes[MOST_AXES]
    l.channels, l.channel = 1, 0
    if channel_axis != NO_AXIS:
        if channel_axis < 0:
            channel_axis += n
        if not 0 <= channel_axis < n:
            return False
        l.channels, l.channel = shape[channel_axis], strides[channel_axis]
    for i in range(n):
        if i != channel_axis:
            axes[k] = i
            k += 1
    if k < 2:
        return False
    l.height, l.width = shape[axes[k - 2]], shape[axes[k - 1]]
    l.row, l.pixel = strides[axes[k - 2]], strides[axes[k - 1]]
    l.leads = k - 2
    for i in range(k - 2):
        l.lead_size[i], l.lead_stride[i] = shape[axes[i]], strides[axes[i]]
    return True


cdef void spread_channels(Layout* a, Layout* b) noexcept:
    """Turn the channels into a leading axis, if in both arrays they are farther apart than pixels. Each
    channel is then a picture of its own with the closest samples. Rows shorter than LEAST_PLANE stay
    interleaved, since they would not fill vectors, unless rows and columns will change places."""
    cdef Layout* each
    cdef int i
    if a.channels == 1 or (b.width < LEAST_PLANE and not is_slim(b.height, b.width)) or a.leads == MOST_AXES:
        return
    if llabs(a.channel) <= llabs(a.pixel) or llabs(b.channel) <= llabs(b.pixel):
        return
    for i in range(2):
        each = b if i else a
        each.lead_size[each.leads], each.lead_stride[each.leads] = each.channels, each.channel
        each.leads += 1
        each.channels, each.channel = 1, 0


cdef inline void put_array(Array* to, cnp.ndarray a, const Layout* l, int code) noexcept:
    to.data = cnp.PyArray_BYTES(a)
    to.plane, to.row, to.pixel, to.channel = 0, l.row, l.pixel, l.channel
    to.type, to.swapped = code, cnp.PyArray_ISBYTESWAPPED(a)


cdef int put_planes(Request* r, const Layout* src, const Layout* dst) noexcept:
    """Make planes of a request from the last leading axes, as many as form one axis in the memory of both
    arrays. Returns the number of leading axes that are left."""
    cdef int left = src.leads
    cdef cnp.npy_intp n
    r.planes = 1
    while left > 0:
        n = src.lead_size[left - 1]
        if n != 1:
            if r.planes == 1:
                r.src.plane, r.dst.plane = src.lead_stride[left - 1], dst.lead_stride[left - 1]
            elif (src.lead_stride[left - 1] != r.planes * r.src.plane
                  or dst.lead_stride[left - 1] != r.planes * r.dst.plane):
                break
            r.planes *= n
        left -= 1
    return left


cdef int run_leads(Runner runner, const void* program, Request* r, const Layout* src, const Layout* dst,
                   int left) noexcept nogil:
    """Run a request for each position on the first `left` leading axes. The request is changed in place, not
    copied, since `r` may be the first part of a longer VolumeRequest."""
    cdef cnp.npy_intp i
    cdef int failed = 0
    cdef char* first = r.src.data
    cdef char* result = r.dst.data
    if left == 0:
        return runner(program, r)
    for i in range(src.lead_size[left - 1]):
        r.src.data = first + i * src.lead_stride[left - 1]
        r.dst.data = result + i * dst.lead_stride[left - 1]
        failed += run_leads(runner, program, r, src, dst, left - 1)
    r.src.data, r.dst.data = first, result
    return failed


cdef int run(Runner runner, const void* program, Request* r, const Layout* src, const Layout* dst, int left,
             double work, object threads) except -1:
    cdef int failed
    r.threads = 1
    if work < WORTH_THE_GIL:
        failed = run_leads(runner, program, r, src, dst, left)
    else:
        r.threads = threads_for(work, 0 if threads is None else threads)
        with nogil:
            failed = run_leads(runner, program, r, src, dst, left)
    if failed:
        raise MemoryError("scratch rows of the convolution")
    return 0


cdef bint apart(cnp.ndarray a, cnp.ndarray b) noexcept:
    """Whether the ranges from first to last byte of two arrays do not overlap."""
    cdef char* a0 = NULL
    cdef char* a1 = NULL
    cdef char* b0 = NULL
    cdef char* b1 = NULL
    bounds(a, &a0, &a1)
    bounds(b, &b0, &b1)
    return a1 <= b0 or b1 <= a0


cdef void bounds(cnp.ndarray a, char** first, char** end) noexcept:
    cdef int i
    cdef cnp.npy_intp column_range
    first[0] = cnp.PyArray_BYTES(a)
    end[0] = first[0] + cnp.PyArray_ITEMSIZE(a)
    for i in range(cnp.PyArray_NDIM(a)):
        column_range = (cnp.PyArray_DIMS(a)[i] - 1) * cnp.PyArray_STRIDES(a)[i]
        if column_range < 0:
            first[0] += column_range
        else:
            end[0] += column_range


@cython.final
cdef class Bound:
    """A request without data: a program and the layouts of two arrays. It runs with any arrays of these
    layouts."""
    cdef object program         # keeps `runner` and `call` alive
    cdef Runner runner
    cdef const void* call
    cdef Request request
    cdef double work            # predicted ns on one thread

    cdef int run(self, cnp.ndarray src, cnp.ndarray dst, object threads) except -1:
        cdef Request r = self.request
        r.src.data, r.dst.data = cnp.PyArray_BYTES(src), cnp.PyArray_BYTES(dst)
        return run(self.runner, self.call, &r, NULL, NULL, 0, self.work, threads)


@cython.final
cdef class BoundVolume:
    """The same of a volume, of any number of leading axes."""
    cdef object program         # keeps `runner` and `call` alive
    cdef Runner runner
    cdef const void* call
    cdef VolumeRequest request
    cdef Layout src, dst
    cdef int leads
    cdef double work            # predicted ns on one thread

    cdef int run(self, char* src, char* dst, object threads) except -1:
        cdef VolumeRequest r = self.request
        r.picture.src.data, r.picture.dst.data = src, dst
        return run(self.runner, self.call, &r.picture, &self.src, &self.dst, self.leads, self.work, threads)


@cython.final
cdef class Repeat:
    """A call that one request answered, for images of the same type and strides. They share all but data."""
    cdef BoundVolume bound
    cdef int generation         # of the engine
    cdef int type, axes
    cdef cnp.npy_intp size[MOST_AXES]
    cdef cnp.npy_intp stride[MOST_AXES]
    cdef cnp.npy_intp first     # bytes from the image's first sample to the first one that is read
    cdef bint by_itself         # whether the result has this type without `out`, too
    cdef int target             # type, axes and sizes of the result
    cdef int result_axes
    cdef cnp.npy_intp result_size[MOST_AXES]

    cdef bint makes(self, cnp.ndarray out) noexcept:
        """Whether `out`, or a new array if that is None, is such a result."""
        if out is None:
            return self.by_itself
        return (
            cnp.PyArray_ISCARRAY(out) and cnp.PyArray_TYPE(out) == self.target
            and cnp.PyArray_NDIM(out) == self.result_axes
            and memcmp(cnp.PyArray_DIMS(out), self.result_size, self.result_axes * sizeof(cnp.npy_intp)) == 0
        )

    cdef bint fits(self, cnp.ndarray a) noexcept:
        return (
            cnp.PyArray_TYPE(a) == self.type and cnp.PyArray_NDIM(a) == self.axes
            and memcmp(cnp.PyArray_DIMS(a), self.size, self.axes * sizeof(cnp.npy_intp)) == 0
            and memcmp(cnp.PyArray_STRIDES(a), self.stride, self.axes * sizeof(cnp.npy_intp)) == 0
            and not cnp.PyArray_ISBYTESWAPPED(a) and self.generation == _generation
        )


@cython.final
cdef class Masked:
    """A call for what misses samples, for images and masks of the same types and strides."""
    cdef object blocks          # keeps `runner` and `call` alive
    cdef Answer runner
    cdef const void* call
    cdef int generation         # of the engine
    cdef Frame image, mask
    cdef bint masked            # whether there is a mask
    cdef cnp.npy_intp first, first_of_mask  # bytes from the first sample of an array to the first one that is read
    cdef int target             # type, axes and sizes of the result
    cdef int result_axes
    cdef cnp.npy_intp result_size[AXES]
    cdef double work            # predicted ns on one thread

    cdef bint fits(self, cnp.ndarray image, cnp.ndarray mask) noexcept:
        return (
            self.generation == _generation and (mask is not None) == self.masked and has_frame(image, &self.image)
            and (mask is None or has_frame(mask, &self.mask))
        )

    cdef cnp.ndarray run(self, cnp.ndarray image, cnp.ndarray mask, object threads):
        cdef cnp.ndarray result = cnp.PyArray_EMPTY(self.result_axes, self.result_size, self.target, 0)
        cdef char* src = cnp.PyArray_BYTES(image) + self.first
        cdef char* gone = NULL if mask is None else cnp.PyArray_BYTES(mask) + self.first_of_mask
        cdef char* dst = cnp.PyArray_BYTES(result)
        cdef int failed, count = 1
        if self.work < WORTH_THE_GIL:
            failed = self.runner(self.call, src, gone, dst, 1)
        else:
            count = threads_for(self.work, 0 if threads is None else threads)
            with nogil:
                failed = self.runner(self.call, src, gone, dst, count)
        if failed:
            raise MemoryError("scratch rows of the convolution")
        return result


def execute(program, cnp.ndarray src, cnp.ndarray dst, int source, int target, tuple rows, tuple cols,
            tuple borders, tuple constant, double cost, threads):
    """Fill `dst` from `src`.

    Parameters
    ----------
    program : Program of an engine
    src, dst : ndarray, shape (..., H, W, C), real, any strides; of the same leading axes, no axis empty
    source, target : int
        Their types, as rows of the table of pixels.
    rows, cols : (length, start, count)
        Source pixels of an axis, position of the first window's first tap, number of windows.
    borders : (int, int)
        Borders of rows and columns, as numbers of `fastconv._borders.BORDERS`.
    constant : (float, float)
        Constant of even and of odd channels.
    cost : float
        Predicted ns for each sample of the result, on one thread.
    threads : int or None

    Returns
    -------
    Bound or None
        Repeats the call with other arrays of these layouts. None if the call took more than one request.
    """
    cdef Bound b = Bound.__new__(Bound)
    cdef Request* r = &b.request
    cdef Layout s, d
    cdef int left
    cdef size_t runner, call
    if not (lay_out(&s, src, -1) and lay_out(&d, dst, -1)):
        raise ValueError(f"arrays must have at least 3 axes; got {src.ndim} and {dst.ndim}")
    put_array(&r.src, src, &s, source)
    put_array(&r.dst, dst, &d, target)
    left = put_planes(r, &s, &d)
    r.channels = s.channels
    r.rows.length, r.rows.start, r.rows.count = rows
    r.cols.length, r.cols.start, r.cols.count = cols
    r.rows.border, r.cols.border = borders
    r.constant[0], r.constant[1] = constant
    runner, call = program.address()
    b.program, b.runner, b.call = program, <Runner>runner, <const void*>call
    b.work = cost * cnp.PyArray_SIZE(dst)
    run(b.runner, b.call, r, &s, &d, left, b.work, threads)
    return b if left == 0 else None


def execute_volume(program, cnp.ndarray src, cnp.ndarray dst, int source, int target, tuple axes, tuple borders,
                   tuple constant, double cost, threads):
    """Fill `dst` from `src` with a program for volumes.

    Parameters
    ----------
    program : Program of an engine, with slices
    src, dst : ndarray, shape (..., D, H, W, C), real, any strides; of the same leading axes, no axis empty
    source, target : int
        Their types, as rows of the table of pixels.
    axes : three of (length, start, count)
        For slices, rows and columns: source pixels, position of the first window's first tap, number of
        windows.
    borders : (int, int, int)
        Borders of these, as numbers of `fastconv._borders.BORDERS`.
    constant : (float, float)
        Constant of even and of odd channels.
    cost : float
        Predicted ns for each sample of the result, on one thread.
    threads : int or None

    Returns
    -------
    BoundVolume
        Repeats the call with other arrays of these layouts.
    """
    cdef BoundVolume b = BoundVolume.__new__(BoundVolume)
    cdef VolumeRequest* request = &b.request
    cdef Request* r = &request.picture
    cdef size_t runner, call
    if not (lay_out(&b.src, src, -1) and lay_out(&b.dst, dst, -1) and b.src.leads > 0
            and b.dst.leads == b.src.leads):
        raise ValueError(f"arrays must have at least 4 axes, as many each; got {src.ndim} and {dst.ndim}")
    put_array(&r.src, src, &b.src, source)
    put_array(&r.dst, dst, &b.dst, target)
    b.leads = b.src.leads - 1
    r.src.plane, r.dst.plane = b.src.lead_stride[b.leads], b.dst.lead_stride[b.leads]
    r.channels = b.src.channels
    request.slices.length, request.slices.start, request.slices.count = axes[0]
    r.rows.length, r.rows.start, r.rows.count = axes[1]
    r.cols.length, r.cols.start, r.cols.count = axes[2]
    request.slices.border, r.rows.border, r.cols.border = borders
    r.planes = request.slices.count
    r.constant[0], r.constant[1] = constant
    runner, call = program.address()
    b.program, b.runner, b.call = program, <Runner>runner, <const void*>call
    b.work = cost * cnp.PyArray_SIZE(dst)
    b.run(r.src.data, r.dst.data, threads)
    return b


# --- range of 64-bit integers ---------------------------------------------------------------------------


cdef inline uint64_t swapped(uint64_t v) noexcept nogil:
    v = (v & 0x00ff00ff00ff00ffULL) << 8 | (v >> 8 & 0x00ff00ff00ff00ffULL)
    v = (v & 0x0000ffff0000ffffULL) << 16 | (v >> 16 & 0x0000ffff0000ffffULL)
    return v << 32 | v >> 32


cdef inline uint64_t bits_of_row(const char* p, cnp.npy_intp n, cnp.npy_intp stride, const bint signed_,
                                 const bint swapped_) noexcept nogil:
    cdef cnp.npy_intp i
    cdef uint64_t word, seen = 0
    for i in range(n):
        memcpy(&word, p + i * stride, 8)
        if swapped_:
            word = swapped(word)
        if signed_:
            seen |= (word ^ <uint64_t>(<int64_t>word >> 63)) - (<int64_t>word > 0)
        else:
            seen |= word - (word != 0)
    return seen


cdef uint64_t bits_of_samples(const char* p, int axes, const cnp.npy_intp* size, const cnp.npy_intp* stride,
                              bint signed_, bint swapped_) noexcept nogil:
    """The bitwise or of all magnitudes less one. A sample of 0 contributes nothing."""
    cdef cnp.npy_intp i
    cdef uint64_t seen = 0
    if axes > 1:
        for i in range(size[0]):
            seen |= bits_of_samples(p + i * stride[0], axes - 1, size + 1, stride + 1, signed_, swapped_)
        return seen
    if swapped_:
        return bits_of_row(p, size[0], stride[0], signed_, True)
    if stride[0] == 8 and signed_:
        return bits_of_row(p, size[0], 8, True, False)
    if stride[0] == 8:
        return bits_of_row(p, size[0], 8, False, False)
    return bits_of_row(p, size[0], stride[0], signed_, False)


cdef int magnitude_of(cnp.ndarray a, bint signed_) noexcept:
    """The least n such that all samples of an array of 64-bit integers are within +-2**n. It must not be
    empty."""
    cdef cnp.npy_intp size[MOST_AXES]
    cdef cnp.npy_intp stride[MOST_AXES]
    cdef cnp.npy_intp count, step
    cdef int i, k, axes = 0, bits = 0
    cdef bint swapped_ = cnp.PyArray_ISBYTESWAPPED(a)
    cdef uint64_t seen
    for i in range(cnp.PyArray_NDIM(a)):
        count, step = cnp.PyArray_DIMS(a)[i], cnp.PyArray_STRIDES(a)[i]
        if count == 1:
            continue
        k = axes
        while k > 0 and llabs(stride[k - 1]) < llabs(step):   # the axis of the nearest samples comes last
            size[k], stride[k] = size[k - 1], stride[k - 1]
            k -= 1
        size[k], stride[k] = count, step
        axes += 1
    if axes == 0:
        size[0], stride[0] = 1, 8
        axes = 1
    while axes > 1 and stride[axes - 2] == size[axes - 1] * stride[axes - 1]:   # two axes are one in memory
        stride[axes - 2] = stride[axes - 1]
        size[axes - 2] *= size[axes - 1]
        axes -= 1
    if cnp.PyArray_SIZE(a) < MANY:
        seen = bits_of_samples(cnp.PyArray_BYTES(a), axes, size, stride, signed_, swapped_)
    else:
        with nogil:
            seen = bits_of_samples(cnp.PyArray_BYTES(a), axes, size, stride, signed_, swapped_)
    while seen:
        bits += 1
        seen >>= 1
    return bits


def magnitude(cnp.ndarray a):
    """The least n such that all samples of an array of int64 or uint64 are within +-2**n; 0 for an empty
    one."""
    return magnitude_of(a, cnp.PyArray_ISSIGNED(a)) if cnp.PyArray_SIZE(a) else 0


cdef inline bint is_long(int type) noexcept:
    """Whether samples are 64-bit integers, whose type's range is too large to be of use to the planner."""
    return code_of[type] == U64 or code_of[type] == I64


# --- plans ----------------------------------------------------------------------------------------------


cdef struct Prepared:
    # The program of a plan for images of one type and size.
    int generation
    int source, target          # NumPy's type numbers
    int bits                    # 64-bit integers are within +-2**bits; 0 for other types
    cnp.npy_intp height, width, channels
    cnp.npy_intp first_row, first_column    # of the first window
    Runner runner
    const void* call
    double cost


@cython.final
cdef class Options:
    """All of a plan but its kernel. Made by fastconv._plan.options_of, which has checked everything.

    Parameters
    ----------
    flipped, border, cval, origin, shape, channel_axis, dtype, method, threads, scale, offset, absolute, missing
        As in fastconv.api.Plan.
    mode : int
        Number of `shape` in its table.
    borders : tuple of int
        Border of each of the kernel's axes, as numbers of `fastconv._borders.BORDERS`.
    axes, stride, dilation : tuple of int, optional
        Only for a plan that C does not serve; otherwise None.
    """
    cdef readonly bint flipped
    cdef readonly str shape, method
    cdef readonly object border, cval, channel_axis, dtype, threads
    cdef readonly tuple origin, axes, stride, dilation
    cdef readonly double scale, offset
    cdef readonly bint absolute
    cdef readonly object missing
    cdef int mode, row_border, column_border, axis
    cdef int target             # NumPy's number of the result's type; -1: the image's type
    cdef double constant
    cdef bint plain             # whether C serves these options: real numbers in native byte order, no stride
    cdef bint misses            # whether images without a mask may miss samples

    def __init__(self, bint flipped, border, cval, tuple origin, str shape, channel_axis, dtype, str method,
                 threads, double scale, double offset, bint absolute, missing, *, int mode, tuple borders,
                 tuple axes=None, tuple stride=None, tuple dilation=None):
        self.flipped, self.border, self.cval, self.origin, self.shape = flipped, border, cval, origin, shape
        self.channel_axis, self.dtype, self.method, self.threads = channel_axis, dtype, method, threads
        self.scale, self.offset, self.absolute, self.missing = scale, offset, absolute, missing
        self.axes, self.stride, self.dilation = axes, stride, dilation
        self.mode, self.axis = mode, NO_AXIS
        self.row_border, self.column_border = borders[0], borders[len(borders) - 1]
        self.target = -1 if dtype is None else dtype.num
        # real, and of this machine's byte order
        self.plain = PyFloat_CheckExact(cval) and (dtype is None or (dtype.kind != "c" and dtype.isnative))
        self.plain = self.plain and stride is None
        self.constant = cval if self.plain else 0
        if PyLong_CheckExact(channel_axis) and -MOST_AXES < channel_axis < MOST_AXES:
            self.axis = channel_axis
        elif channel_axis is not None:  # a name, or an error that Python raises later
            self.plain = False
        self.misses = missing.active
        if self.misses:
            self.plain = False

    def named(self):
        """All of them, as `options_of` takes them."""
        m = self.missing
        return {
            "flipped": self.flipped, "border": "omit" if m.omit else self.border, "cval": self.cval,
            "origin": self.origin, "shape": self.shape, "channel_axis": self.channel_axis, "dtype": self.dtype,
            "method": self.method, "threads": self.threads, "scale": self.scale, "offset": self.offset,
            "absolute": self.absolute, "nan_policy": m.nan_policy, "min_weight": m.min_weight,
            "renormalize": m.renormalize, "fill": m.fill, "axes": self.axes, "stride": self.stride,
            "dilation": self.dilation,
        }


cdef class PlanBase:
    """The part of a plan that C needs; see fastconv.api.Plan.

    A subclass has more methods. ``_by_name(image, out, dims, mask)`` filters along dimensions that have
    names. ``_apply(image, out, mask)`` answers what C does not: complex numbers, subclasses, what is missing,
    wrong arguments.
    ``_check(image, dtype)`` raises or warns where a first image is not what it seems to be.

    Parameters
    ----------
    options : Options
    parts : tuple of Kernel
        The kernel, or its real and imaginary part, as it lies on the window.
    lying : ndarray or Product, optional
        The kernel as it lies on the window, unless it is a single part.
    pixel : dtype, optional
        The type of image for which the plan describes itself.
    """
    cdef readonly Options options
    cdef readonly tuple parts
    cdef readonly object lying, pixel
    cdef public dict kept               # what fastconv._missing knows of images with missing samples
    cdef Py_ssize_t kernel_height, kernel_width
    cdef Py_ssize_t centre_y, centre_x      # centre of the window, for results of the image's size
    cdef bint plain             # whether C serves this plan: options and kernel are real
    cdef bint copies            # whether it changes no integer
    cdef Prepared prepared[PREPARED]
    cdef list programs          # for each of `prepared` the owner of its pointers
    cdef list repeats           # the last calls that took more than C; None if there were none
    cdef list masked            # the last calls where samples were missing; None if there were none
    cdef PlanBase whole         # the plan of images that miss nothing
    cdef uint64_t whole_targets  # NumPy's numbers of the types of results that `whole` may make, as bits
    cdef bint omits_nan         # whether NaN is missing
    cdef Search search
    cdef int search_generation  # of the engine
    cdef int oldest
    cdef readonly Py_ssize_t program_bytes
    cdef bint cached            # whether the cache holds this plan

    def __init__(self, Options options not None, tuple parts not None, lying=None, pixel=None):
        self.fill(options, parts, lying, pixel)

    cdef int fill(self, Options options, tuple parts, object lying, object pixel) except -1:
        cdef Kernel kernel = <Kernel?>parts[0]
        self.options, self.parts, self.lying, self.pixel = options, parts, lying, pixel
        self.programs = [None] * PREPARED
        self.kernel_height, self.kernel_width = kernel.facts.height, kernel.facts.width
        if options.stride is None:
            self.centre_y = window_centre(self.kernel_height, options.origin[0], options.flipped)
            self.centre_x = window_centre(self.kernel_width, options.origin[1], options.flipped)
        self.plain = options.plain and len(parts) == 1
        self.copies = (kernel.facts.height * kernel.facts.width == 1 and kernel.facts.weights != NULL
                       and kernel.facts.weights[0] == 1 and options.offset == 0 and not options.absolute
                       and options.method == "auto")
        return 0

    @property
    def window(self):
        """Height and width of the kernel."""
        return self.kernel_height, self.kernel_width

    @property
    def flipped(self):
        """Whether this is a convolution."""
        return self.options.flipped

    @property
    def border(self):
        """As in `convolve`. The properties below are those of `convolve`, too."""
        return self.options.border

    @property
    def cval(self):
        return self.options.cval

    @property
    def origin(self):
        return self.options.origin

    @property
    def shape(self):
        return self.options.shape

    @property
    def channel_axis(self):
        return self.options.channel_axis

    @property
    def dtype(self):
        return self.options.dtype

    @property
    def scale(self):
        return self.options.scale

    @property
    def offset(self):
        return self.options.offset

    @property
    def absolute(self):
        return self.options.absolute

    @property
    def missing(self):
        """What of an image is missing, and what is done about it."""
        return self.options.missing

    @property
    def requested_method(self):
        """The ``method=`` of `convolve`."""
        return self.options.method

    @property
    def threads(self):
        return self.options.threads

    def __call__(self, image, *, out=None, dims=None, mask=None):
        """Filter an image, as `convolve` or `correlate` would."""
        cdef object result
        if dims is not None:
            return self._by_name(image, out, dims, mask)
        result = self.answer(image, out, mask)
        if result is not None:
            return result
        return self._apply(image, out) if mask is None else self._apply(image, out, mask)

    cdef object answer(self, object image, object out, object mask):
        """The result, or None if Python must look at the arguments."""
        if mask is None and not self.options.misses:
            return self.serve(image, out)
        if not is_array(image) or (mask is not None and not is_array(mask)):
            return None
        return self.serve_missing(<cnp.ndarray>image, <cnp.ndarray>mask, out)

    cdef object serve_missing(self, cnp.ndarray a, cnp.ndarray mask, object out):
        """The same for arrays of which samples may be missing."""
        cdef Masked each, found = None
        cdef PlanBase whole = None
        cdef int source = cnp.PyArray_TYPE(a), target = self.options.target
        if source >= TYPES or code_of[source] < 0 or is_long(source):
            return None
        if mask is not None and not (
            cnp.PyArray_TYPE(mask) == cnp.NPY_BOOL and cnp.PyArray_NDIM(mask) == cnp.PyArray_NDIM(a)
            and memcmp(cnp.PyArray_DIMS(mask), cnp.PyArray_DIMS(a), cnp.PyArray_NDIM(a) * sizeof(cnp.npy_intp)) == 0
        ):
            return None
        if target < 0 and out is not None:
            target = cnp.PyArray_TYPE(<cnp.ndarray>out) if is_array(out) else TYPES
        elif target < 0:
            target = cnp.NPY_FLOAT if source == cnp.NPY_BOOL else source
        if target >= TYPES:
            return None
        with cython.critical_section(self):
            if self.search_generation == _generation and self.whole_targets >> target & 1 and self.is_whole(a, mask):
                whole = self.whole
            elif self.masked is not None and out is None:
                for each in self.masked:
                    if each.fits(a, mask):
                        found = each
                        break
        if whole is not None:
            return whole.serve(a, out)
        return None if found is None else found.run(a, mask, self.options.threads)

    cdef bint is_whole(self, cnp.ndarray a, cnp.ndarray mask) noexcept:
        """Whether it is certain that no sample is missing."""
        cdef int code = code_of[cnp.PyArray_TYPE(a)]
        if mask is not None and not (
            cnp.PyArray_IS_C_CONTIGUOUS(mask)
            and not self.search(cnp.PyArray_BYTES(mask), cnp.PyArray_SIZE(mask), U8)
        ):
            return False
        return not self.omits_nan or is_integer(code) or (
            cnp.PyArray_ISCARRAY_RO(a) and not self.search(cnp.PyArray_BYTES(a), cnp.PyArray_SIZE(a), code)
        )

    def serves_whole(self, PlanBase plan not None, int target, bint omits_nan, size_t search):
        """Remember the plan of images that miss nothing, and that it may make results of a type."""
        if not 0 <= target < TYPES:
            return
        with cython.critical_section(self):
            self.whole, self.omits_nan = plan, omits_nan
            self.search, self.search_generation = <Search>search, _generation
            self.whole_targets |= <uint64_t>1 << target

    def repeats_missing(self, cnp.ndarray image not None, cnp.ndarray mask, cnp.ndarray result not None, blocks,
                        cnp.ndarray read not None, cnp.ndarray read_of_mask, double work):
        """Remember a call: `blocks` made all of `result`, a new array, of views of image and mask."""
        cdef Masked m = Masked.__new__(Masked)
        cdef size_t runner, call
        cdef int i
        if not (is_array(image) and is_array(result) and (mask is None or is_array(mask))):
            return
        runner, call = blocks.address()
        m.blocks, m.runner, m.call, m.generation, m.work = blocks, <Answer>runner, <const void*>call, _generation, work
        m.image, m.first = frame_of(image), cnp.PyArray_BYTES(read) - cnp.PyArray_BYTES(image)
        m.masked = mask is not None
        if m.masked:
            m.mask = frame_of(mask)
            m.first_of_mask = cnp.PyArray_BYTES(read_of_mask) - cnp.PyArray_BYTES(mask)
        m.target, m.result_axes = cnp.PyArray_TYPE(result), cnp.PyArray_NDIM(result)
        for i in range(m.result_axes):
            m.result_size[i] = cnp.PyArray_DIMS(result)[i]
        with cython.critical_section(self):
            self.masked = [m, *(self.masked or ())[:PREPARED - 1]]

    cdef object serve(self, object image, object out):
        """The result for a plain array, or None if Python must look at the arguments."""
        cdef Layout s, d
        cdef Request r
        cdef cnp.ndarray a, result
        cdef Prepared p
        cdef object program     # a reference, since another thread may drop the program from the list
        cdef Bound bound
        cdef Options o = self.options
        cdef int source, target, left, i, n, y_axis, x_axis, bits, channel_axis
        cdef cnp.npy_intp shape[MOST_AXES]
        cdef cnp.npy_intp height, width
        if not self.plain or type(image) is not cnp.ndarray:
            return self.repeated(image, out) if self.repeats is not None else None
        channel_axis = o.axis
        a = <cnp.ndarray>image
        source = cnp.PyArray_TYPE(a)
        if source >= TYPES or code_of[source] < 0 or not lay_out(&s, a, channel_axis):
            return None
        height, width = s.height, s.width
        if o.mode == VALID:
            height, width = height - self.kernel_height + 1, width - self.kernel_width + 1
        elif o.mode == FULL:
            height, width = height + self.kernel_height - 1, width + self.kernel_width - 1
        target = o.target
        if target < 0 and out is None:
            target = cnp.NPY_FLOAT if source == cnp.NPY_BOOL else source
        if height <= 0 or width <= 0 or cnp.PyArray_SIZE(a) == 0:
            return None

        n = cnp.PyArray_NDIM(a)
        memcpy(shape, cnp.PyArray_DIMS(a), n * sizeof(cnp.npy_intp))
        if o.mode != SAME:
            if channel_axis < 0 and channel_axis != NO_AXIS:
                channel_axis += n
            x_axis = n - 2 if channel_axis == n - 1 else n - 1
            y_axis = x_axis - 2 if channel_axis == x_axis - 1 else x_axis - 1
            shape[y_axis], shape[x_axis] = height, width
        if out is None:
            if target >= TYPES or code_of[target] < 0:
                return None
            result = cnp.PyArray_EMPTY(n, shape, target, 0)
        else:
            if type(out) is not cnp.ndarray:
                return None
            result = <cnp.ndarray>out
            if target < 0:
                target = cnp.PyArray_TYPE(result)
            if (
                target >= TYPES or code_of[target] < 0 or target == cnp.NPY_BOOL
                or cnp.PyArray_TYPE(result) != target or cnp.PyArray_NDIM(result) != n
                or memcmp(cnp.PyArray_DIMS(result), shape, n * sizeof(cnp.npy_intp)) != 0
                or not cnp.PyArray_ISWRITEABLE(result) or not apart(a, result)
                or (o.target >= 0 and cnp.PyArray_ISBYTESWAPPED(result))
            ):
                return None
        lay_out(&d, result, o.axis)
        spread_channels(&s, &d)
        bits = 0
        if is_long(source):     # samples that are copied may have any range
            bits = 64 if self.copies and target == source else magnitude_of(a, code_of[source] == I64)

        with cython.critical_section(self):     # another thread may replace the entry
            i = self.find(source, target, height, width, s.channels, bits)
            if i < 0:
                i = self.prepare(a, source, target, height, width, s.channels, bits)
            p, program = self.prepared[i], self.programs[i]
        put_array(&r.src, a, &s, code_of[source])
        put_array(&r.dst, result, &d, code_of[target])
        left = put_planes(&r, &s, &d)
        r.channels = s.channels
        r.rows.length, r.rows.count, r.rows.border = s.height, height, o.row_border
        r.cols.length, r.cols.count, r.cols.border = s.width, width, o.column_border
        r.rows.start, r.cols.start = p.first_row, p.first_column
        r.constant[0] = r.constant[1] = o.constant
        if offered != NULL and left == 0 and o.threads is None and not is_long(source):
            bound = Bound.__new__(Bound)
            bound.program, bound.runner, bound.call = program, p.runner, p.call
            bound.request, bound.work = r, p.cost * cnp.PyArray_SIZE(result)
            (<Offer>offered).take(image, result, bound)
        run(p.runner, p.call, &r, &s, &d, left, p.cost * cnp.PyArray_SIZE(result), o.threads)
        return result

    cdef cnp.ndarray repeated(self, object image, object out):
        """Repeat a call that an image of this type and these strides took. None if there was none, or if Python must
        look at `out`."""
        cdef Repeat each, found = None
        cdef cnp.ndarray result
        if type(image) is not cnp.ndarray or (out is not None and type(out) is not cnp.ndarray):
            return None
        with cython.critical_section(self):
            for each in self.repeats:
                if each.fits(<cnp.ndarray>image) and each.makes(<cnp.ndarray>out):
                    found = each
                    break
        if found is None:
            return None
        if out is None:
            result = cnp.PyArray_EMPTY(found.result_axes, found.result_size, found.target, 0)
        else:
            result = <cnp.ndarray>out
            if not apart(<cnp.ndarray>image, result):
                return None
        found.bound.run(cnp.PyArray_BYTES(<cnp.ndarray>image) + found.first, cnp.PyArray_BYTES(result),
                        self.options.threads)
        return result

    def repeats_as(self, cnp.ndarray image not None, cnp.ndarray read not None, cnp.ndarray result not None,
                   BoundVolume bound not None, bint by_itself):
        """Remember a call: `bound` made all of `result`, a plain array, of `read`, a view of the image. `by_itself`:
        without `out` the result has this type too."""
        cdef Repeat r = Repeat.__new__(Repeat)
        cdef int i
        if cnp.PyArray_NDIM(image) >= MOST_AXES or cnp.PyArray_NDIM(result) >= MOST_AXES:
            return
        r.by_itself = by_itself
        r.bound, r.generation, r.first = bound, _generation, cnp.PyArray_BYTES(read) - cnp.PyArray_BYTES(image)
        r.type, r.axes = cnp.PyArray_TYPE(image), cnp.PyArray_NDIM(image)
        r.target, r.result_axes = cnp.PyArray_TYPE(result), cnp.PyArray_NDIM(result)
        for i in range(r.axes):
            r.size[i], r.stride[i] = cnp.PyArray_DIMS(image)[i], cnp.PyArray_STRIDES(image)[i]
        for i in range(r.result_axes):
            r.result_size[i] = cnp.PyArray_DIMS(result)[i]
        with cython.critical_section(self):
            self.repeats = [r, *(self.repeats or ())[:PREPARED - 1]]

    def serve_plane(self, PlanBase plane not None, cnp.ndarray image not None, cnp.ndarray read not None,
                    cnp.ndarray result not None, cnp.ndarray written not None, bint by_itself):
        """Let the plan of a plane fill `written`, a view of the result, from `read`, one of the image, and remember
        that as `repeats_as` does. False if C does not serve it."""
        global offered
        cdef Offer offer = Offer.__new__(Offer)
        cdef PyObject* before = offered
        cdef BoundVolume bound
        offered = <PyObject*>offer
        try:
            made = plane.serve(read, written)
        finally:
            offered = before
        if made is None:
            return False
        if offer.bound is not None and cnp.PyArray_BYTES(written) == cnp.PyArray_BYTES(result):
            bound = BoundVolume.__new__(BoundVolume)
            bound.program, bound.runner, bound.call = offer.bound.program, offer.bound.runner, offer.bound.call
            bound.request.picture, bound.leads, bound.work = offer.bound.request, 0, offer.bound.work
            self.repeats_as(image, read, result, bound, by_itself)
        return True

    cdef int find(self, int source, int target, cnp.npy_intp height, cnp.npy_intp width,
                  cnp.npy_intp channels, int bits) noexcept:
        """Index in `prepared` of an entry for these images, or -1."""
        cdef int i
        cdef Prepared* p
        for i in range(PREPARED):
            p = &self.prepared[i]
            if (p.source == source and p.target == target and p.height == height and p.width == width
                    and p.channels == channels and p.bits == bits and p.generation == _generation
                    and p.call != NULL):
                return i
        return -1

    cdef int prepare(self, cnp.ndarray image, int source, int target, cnp.npy_intp height, cnp.npy_intp width,
                     cnp.npy_intp channels, int bits) except -1:
        """Choose a strategy and make its program. Returns the index of the new entry in `prepared`."""
        cdef Options o = self.options
        cdef Kernel kernel = <Kernel>self.parts[0]
        cdef Strategy strategy
        cdef Py_ssize_t top = 0, left = 0   # of the first window
        cdef size_t runner, call
        cdef Prepared* p
        cdef int i
        cdef double low, high
        cdef bint integral
        # whether any window sees the constant
        cdef bint sees = FC_CONSTANT in (o.row_border, o.column_border) and o.mode != VALID and len(kernel) > 1
        if (o.axis == NO_AXIS and cnp.PyArray_NDIM(image) > 2) or (
                is_integer(code_of[target]) and not kernel.facts.finite):
            self._check(image, cnp.PyArray_DescrFromType(target))
        range_of(code_of[source], bits, o.constant if sees else 0, &low, &high, &integral)
        strategy = decide(kernel, code_of[source], code_of[target], low, high, integral, height, width, channels,
                          o.method, _level, o.offset, o.absolute)
        if o.mode == SAME:
            top, left = -self.centre_y, -self.centre_x
            if self.may_fold(height, width):
                found, folded, starts = self.chosen(image.dtype, cnp.PyArray_DescrFromType(target), bits,
                                                    (height, width), channels)
                if starts is not None:
                    strategy, kernel, (top, left) = <Strategy>found, <Kernel>folded, starts
        elif o.mode == FULL:
            top, left = 1 - self.kernel_height, 1 - self.kernel_width
        program = program_of(strategy, kernel, code_of[target], channels)
        runner, call = program.address()
        i = self.oldest
        p = &self.prepared[i]
        p.source, p.target, p.height, p.width, p.channels = source, target, height, width, channels
        p.bits, p.generation = bits, _generation
        p.first_row, p.first_column = top, left
        p.runner, p.call, p.cost = <Runner>runner, <const void*>call, strategy.proposal.cost
        self.programs[i] = program
        self.oldest = (i + 1) % PREPARED
        self.weigh()
        return i

    cpdef bint may_fold(self, Py_ssize_t height, Py_ssize_t width):
        """Whether folding the kernel onto images of this size may save time (fastconv/_fold.py)."""
        cdef Options o = self.options
        return (
            o.mode == SAME and self.kernel_height * self.kernel_width >= LEAST_FOLDED
            and (self.kernel_height > seen_apart(height, o.row_border)
                 or self.kernel_width > seen_apart(width, o.column_border))
        )

    cdef int weigh(self) except -1:
        """Count the bytes of this plan's programs. If the cache holds the plan, it makes room for them."""
        cdef Py_ssize_t i, k, program_bytes = 0
        cdef object program
        for i in range(PREPARED):
            program = self.programs[i]
            for k in range(i):
                if self.programs[k] is program:
                    break
            else:
                if program is not None:
                    program_bytes += program.nbytes((<Kernel>self.parts[0]).memory)
        self.holds(program_bytes)
        return 0

    def holds(self, Py_ssize_t program_bytes):
        """Record how many bytes of programs this plan keeps. If the cache holds the plan, it makes room for
        them."""
        with cython.critical_section(_plans):
            if self.cached:
                account(program_bytes - self.program_bytes)
            self.program_bytes = program_bytes
            make_room()


cdef inline Py_ssize_t seen_apart(Py_ssize_t length, int border) noexcept:
    """How many taps in a row, of a centred kernel, see different pixels from some window."""
    if border == FC_WRAP:
        return length
    if border == FC_NEAREST:
        return 2 * length - 1
    return 2 * length + (1 if border == FC_CONSTANT else -2 if border == FC_MIRROR else 0)


cdef inline Py_ssize_t window_centre(Py_ssize_t size, Py_ssize_t origin, bint flipped) noexcept:
    """Centre of the window, as `placement` in fastconv/_borders.py has it."""
    return (size - 1) // 2 - origin if flipped else size // 2 + origin


cpdef object program_of(Strategy strategy, Kernel kernel, int target, Py_ssize_t channels):
    """The program of a strategy for results of one type. The strategy keeps the last one."""
    cdef Built built = strategy.built
    if (built.program is None or built.generation != _generation or built.target != target
            or built.channels != channels or built.height != kernel.facts.height
            or built.width != kernel.facts.width):
        built.program = _engine.Program(kernel, strategy, channels, target)
        built.generation, built.target, built.channels = _generation, target, channels
        built.height, built.width = kernel.facts.height, kernel.facts.width
    return built.program


# --- the cache ------------------------------------------------------------------------------------------


cdef inline uint64_t stirred(uint64_t h, uint64_t word) noexcept:
    h = (h ^ word) * 0x9E3779B97F4A7C15ULL     # Knuth's multiplicative hash, golden ratio times 2**64
    return h ^ (h >> 29)


cdef uint64_t hash_words(uint64_t h, cnp.ndarray kernel) noexcept:
    """Mix in about SAMPLES words of a plain array, from its last word backwards."""
    cdef uint64_t word
    cdef Py_ssize_t words = cnp.PyArray_NBYTES(kernel) // 8, i = words - 1, step = words // SAMPLES + 1
    while i >= 0:
        memcpy(&word, cnp.PyArray_BYTES(kernel) + i * 8, 8)
        h = stirred(h, word)
        i -= step
    return h


cdef bint same(object a, object b) except -1:
    """Whether two arguments are certainly equal and of the same type; 1, 1.0 and True differ. The second is
    what `kept` returned, so nothing has changed it since."""
    cdef double x, y
    if a is b:
        return True
    if type(a) is not type(b):
        return False
    if PyFloat_Check(a):    # by the bits: -0.0 is not 0.0
        x, y = PyFloat_AS_DOUBLE(a), PyFloat_AS_DOUBLE(b)
        return memcmp(&x, &y, sizeof(double)) == 0
    if PyUnicode_CheckExact(a) or PyLong_CheckExact(a):
        return PyObject_RichCompareBool(a, b, Py_EQ)
    if type(a) is tuple:
        return same_tuples(<tuple>a, <tuple>b)
    if type(a) is list:
        return same_tuples(tuple(a), tuple(b))
    if type(a) is cnp.ndarray:
        return same_arrays(<cnp.ndarray>a, <cnp.ndarray>b)
    if isinstance(a, cnp.dtype):    # a dtype that is made with a byte order is a new object each time
        return cnp.PyArray_EquivTypes(<cnp.dtype>a, <cnp.dtype>b)
    return False


cdef inline bint same_tuples(tuple a, tuple b) except -1:
    return same_items(items_of(a), PyTuple_GET_SIZE(a), b)


cdef bint same_items(PyObject** a, Py_ssize_t count, tuple b) except -1:
    cdef Py_ssize_t i
    if PyTuple_GET_SIZE(b) != count:
        return False
    for i in range(count):
        if a[i] != PyTuple_GET_ITEM(b, i) and not same(<object>a[i], <object>PyTuple_GET_ITEM(b, i)):
            return False
    return True


cdef bint same_arrays(cnp.ndarray a, cnp.ndarray b) noexcept:
    """Whether an array has the type, shape and bytes of a plain one."""
    return (
        is_plain(a)
        and cnp.PyArray_TYPE(a) == cnp.PyArray_TYPE(b)
        and cnp.PyArray_NDIM(a) == cnp.PyArray_NDIM(b)
        and memcmp(cnp.PyArray_DIMS(a), cnp.PyArray_DIMS(b), cnp.PyArray_NDIM(a) * sizeof(cnp.npy_intp)) == 0
        and memcmp(cnp.PyArray_DATA(a), cnp.PyArray_DATA(b), cnp.PyArray_NBYTES(a)) == 0
    )


cdef object kept(object a, int depth=0):
    """An argument that nothing can change in place, or a copy of it. NotImplemented if its class is none of
    those that are known, or lists are nested deeply."""
    cdef cnp.ndarray array
    if a is None or type(a) in _FIXED or isinstance(a, (type, cnp.dtype, np.number, np.bool_)):
        return a
    if (type(a) is tuple or type(a) is list) and depth < MOST_NESTED:
        items = [kept(item, depth + 1) for item in a]
        for item in items:
            if item is NotImplemented:
                return NotImplemented
        return type(a)(items)
    if is_plain(a):
        array = <cnp.ndarray>a
        if cnp.PyArray_NBYTES(array) <= LARGEST_KERNEL and not array.dtype.hasobject:
            return array.copy()
    return NotImplemented


cdef frozenset _FIXED = frozenset((bool, int, float, complex, str))


cdef class Entry:
    """An entry of a cache: a plan or a bound request, and the arguments it was made for."""
    cdef tuple options          # of a plan; of another call all arguments but image and output
    cdef uint64_t used          # value of `_clock` when it was last found
    # Of a plan:
    cdef PlanBase plan
    cdef bytes weights
    cdef bint backwards         # whether `weights` are the plan's own, which lie in reverse order
    cdef int type, axes         # of the kernel
    cdef cnp.npy_intp shape[AXES]
    # Of another call:
    cdef object function
    cdef object output          # as given, or True for an array
    cdef Frame image, result
    cdef Bound bound

    cdef bint has_kernel(self, cnp.ndarray kernel) noexcept:
        return (
            cnp.PyArray_TYPE(kernel) == self.type
            and cnp.PyArray_NDIM(kernel) == self.axes
            and memcmp(cnp.PyArray_DIMS(kernel), self.shape, self.axes * sizeof(cnp.npy_intp)) == 0
            and self.has_weights(cnp.PyArray_BYTES(kernel))
        )

    cdef bint has_weights(self, const char* weights) noexcept:
        cdef const uint64_t* given = <const uint64_t*>weights
        cdef const uint64_t* own = <const uint64_t*>PyBytes_AS_STRING(self.weights)
        cdef Py_ssize_t i, n = PyBytes_GET_SIZE(self.weights) // 8
        if not self.backwards:
            return memcmp(weights, own, PyBytes_GET_SIZE(self.weights)) == 0
        for i in range(n):
            if given[i] != own[n - 1 - i]:
                return False
        return True

    cdef int keep_kernel(self, cnp.ndarray kernel) except -1:
        """Keep the bytes of the kernel: a copy or, if they are many, those that the plan has anyway."""
        cdef bytes own = (<Kernel>self.plan.parts[0]).memory
        self.type, self.axes = cnp.PyArray_TYPE(kernel), cnp.PyArray_NDIM(kernel)
        memcpy(self.shape, cnp.PyArray_DIMS(kernel), self.axes * sizeof(cnp.npy_intp))
        if self.type == cnp.NPY_DOUBLE and SHARED_KERNEL < cnp.PyArray_NBYTES(kernel) == PyBytes_GET_SIZE(own):
            self.weights = own
            for self.backwards in range(2):
                if self.has_weights(cnp.PyArray_BYTES(kernel)):
                    return 0
        self.weights, self.backwards = kernel.tobytes(), False
        return 0

    cdef Py_ssize_t nbytes(self):
        cdef Py_ssize_t n = 1024
        if self.plan is not None:
            if self.plan.lying is not None:
                n += len(self.weights)
            for part in self.plan.parts:
                if (<Kernel>part).memory is not self.weights:
                    n += PyBytes_GET_SIZE((<Kernel>part).memory)
            return n + len(self.weights) + self.plan.program_bytes
        for argument in self.options:
            if type(argument) is cnp.ndarray:
                n += cnp.PyArray_NBYTES(<cnp.ndarray>argument)
        return n + self.bound.program.nbytes()


cdef list _plans = [None] * SLOTS
cdef list _echoes = [None] * SLOTS
cdef list _checked = []             # pairs of options as given and their `Options`
cdef uint64_t _clock = 0
cdef Py_ssize_t _held = 0           # bytes of all entries
cdef Py_ssize_t _limit = 64 << 20


cdef void account(Py_ssize_t change) noexcept:
    global _held
    _held += change


cdef int drop(list table, Py_ssize_t slot) except -1:
    cdef Entry entry = <Entry>table[slot]
    if entry is not None:
        account(-entry.nbytes())
        if entry.plan is not None:
            entry.plan.cached = False
        table[slot] = None
    return 0


cdef int put(list table, Py_ssize_t slot, Entry entry) except -1:
    """Put an entry into a pair of slots, in place of the older one. Then entries are dropped until all that
    is kept is within the limit."""
    global _clock
    drop(table, slot + 1)
    table[slot + 1] = table[slot]
    _clock += 1
    entry.used = _clock
    table[slot] = entry
    account(entry.nbytes())
    return make_room()


cdef int make_room() except -1:
    """Drop the least recently used entries until all that is kept is within the limit."""
    cdef Py_ssize_t i, oldest
    cdef list table, other
    cdef uint64_t used
    while _held > _limit:
        other, oldest, used = None, -1, <uint64_t>-1
        for table in (_plans, _echoes):
            for i in range(SLOTS):
                if table[i] is not None and (<Entry>table[i]).used < used:
                    other, oldest, used = table, i, (<Entry>table[i]).used
        if oldest < 0:
            return 0
        drop(other, oldest)
    return 0


cdef inline int touch(Entry entry) noexcept:
    global _clock
    _clock += 1
    entry.used = _clock
    return 0


def clear_cache():
    """Drop everything that is kept between calls.

    Examples
    --------
    >>> import fastconv
    >>> fastconv.clear_cache()
    """
    cdef Py_ssize_t i
    with cython.critical_section(_plans):
        for i in range(SLOTS):
            drop(_plans, i)
            drop(_echoes, i)


def new_level(str name, engine):
    """Change the engine's level: clear the cache, and invalidate the programs of all plans."""
    global _generation, _level, _engine
    _generation += 1
    _level, _engine = name, engine
    clear_cache()


def set_cache_limit(limit):
    """Set how many bytes may be kept between calls, for kernels and their plans.

    The least recently used plans are dropped first. A `Plan` object keeps its own data, whatever the limit.

    Parameters
    ----------
    limit : int
        Number of bytes, 0 or more. With 0 nothing is kept. The default is 64 MiB.

    Raises
    ------
    ValueError
        `limit` is not an integer, or negative.

    Examples
    --------
    >>> import fastconv
    >>> fastconv.set_cache_limit(32 << 20)
    >>> fastconv.set_cache_limit(64 << 20)
    """
    global _limit
    if isinstance(limit, bool) or not isinstance(limit, (int, np.integer)) or not 0 <= limit < 1 << 62:
        raise ValueError(f"limit must be a number of bytes, 0 or more; got {limit!r}")
    with cython.critical_section(_plans):
        _limit = limit
        make_room()


def cache_size():
    """Number of bytes that are kept between calls."""
    return _held


cdef uint64_t plan_hash(cnp.ndarray kernel) noexcept:
    return hash_words(cnp.PyArray_DIMS(kernel)[0] * 31 + cnp.PyArray_TYPE(kernel), kernel)


cdef PlanBase find(cnp.ndarray kernel, PyObject** options, Py_ssize_t count):
    """The cached plan of a plain kernel and options, or None.

    The kernel is compared by its bytes, since its owner may have changed the array in place.
    """
    cdef Entry entry
    cdef Py_ssize_t i, slot = plan_hash(kernel) & (SLOTS - 2)
    with cython.critical_section(_plans):
        for i in range(slot, slot + 2):
            entry = <Entry>_plans[i]
            if entry is not None and entry.has_kernel(kernel) and same_items(options, count, entry.options):
                touch(entry)
                return entry.plan
    return None


cdef PlanBase found_or_new(object kernel, PyObject** options, Py_ssize_t count):
    """The cached plan of this kernel and these options. If there is none, C makes one, provided that the
    kernel is an array of real numbers and that these options were checked before. Otherwise None."""
    cdef cnp.ndarray k = <cnp.ndarray>kernel if is_plain(kernel) else plain_kernel(kernel)
    cdef PlanBase plan
    if k is None or cnp.PyArray_NDIM(k) == 0:
        return None
    plan = find(k, options, count)
    if plan is None and is_array(kernel) and cnp.PyArray_NDIM(k) == 2:
        plan = new_plan(k, options, count)
    return plan


def remembered(kernel, tuple options):
    """The cached plan of this kernel and these options, or None."""
    cdef cnp.ndarray k = <cnp.ndarray>kernel if is_plain(kernel) else plain_kernel(kernel)
    if k is None or cnp.PyArray_NDIM(k) == 0:
        return None
    return find(k, items_of(options), PyTuple_GET_SIZE(options))


cdef PlanBase new_plan(cnp.ndarray kernel, PyObject** options, Py_ssize_t count):
    """Make a plan of a plain kernel of two axes, and keep it. None if Python must check the kernel or the
    options."""
    cdef tuple pair = find_checked(options, count)
    cdef Options o
    cdef cnp.ndarray weights
    cdef PlanBase made
    cdef int type_ = cnp.PyArray_TYPE(kernel)
    if pair is None:
        return None
    o = <Options>pair[1]
    if cnp.PyArray_SIZE(kernel) == 0 or o.origin[0] or o.origin[1] or o.scale != 1:
        return None
    if type_ >= TYPES or code_of[type_] < 0 or is_long(type_):
        return None
    weights = kernel if type_ == cnp.NPY_DOUBLE else cnp.PyArray_Cast(kernel, cnp.NPY_DOUBLE)
    made = <PlanBase>_plan_type.__new__(_plan_type)
    made.fill(o, (kernel_of(<const double*>cnp.PyArray_DATA(weights), cnp.PyArray_DIMS(kernel)[0],
                            cnp.PyArray_DIMS(kernel)[1], o.flipped),), None, None)
    keep(kernel, <tuple>pair[0], made)
    return made


cdef tuple find_checked(PyObject** options, Py_ssize_t count):
    """Options that were checked before, as they were given, and their `Options`; or None."""
    cdef tuple pair
    with cython.critical_section(_plans):
        for pair in _checked:
            if same_items(options, count, <tuple>pair[0]):
                return pair
    return None


cdef cnp.ndarray plain_kernel(object kernel):
    """A list, or an array of any strides, as a plain array. None if NumPy does not make a numeric array of
    it."""
    cdef cnp.ndarray k
    if type(kernel) is list or type(kernel) is tuple:
        try:
            kernel = np.array(kernel)
        except ValueError:
            return None
    elif not is_array(kernel):
        return None
    k = cnp.PyArray_GETCONTIGUOUS(<cnp.ndarray>kernel)
    if not is_plain(k) or k.dtype.hasobject:
        return None
    return k


def remember(kernel, tuple options, PlanBase plan):
    """Keep a plan, and its options, unless one of them may change in place.

    Parameters
    ----------
    kernel : array_like
        As it was given.
    options : tuple
        Whether the kernel is flipped, and the options of `Planned`.
    plan : Plan
    """
    cdef cnp.ndarray k = <cnp.ndarray>kernel if is_plain(kernel) else plain_kernel(kernel)
    cdef object own = kept(options)
    if own is NotImplemented:
        return
    if plan.options.stride is None and find_checked(items_of(own), len(own)) is None:
        with cython.critical_section(_plans):
            if len(_checked) == MOST_OPTIONS:
                del _checked[0]
            _checked.append((own, plan.options))
    if k is not None and cnp.PyArray_NDIM(k) > 0:
        keep(k, own, plan)


cdef int keep(cnp.ndarray kernel, tuple options, PlanBase plan) except -1:
    cdef Entry entry = Entry.__new__(Entry)
    entry.options, entry.plan = options, plan
    entry.keep_kernel(kernel)
    with cython.critical_section(_plans):
        plan.cached = True
        put(_plans, plan_hash(kernel) & (SLOTS - 2), entry)
    return 0


# --- functions ------------------------------------------------------------------------------------------


cdef class Function:
    """A Python function, in front of which C looks for what an earlier call has left in the cache.

    To Python it is the function: its name, signature, docstring and pickle are those of what it wraps. A call
    that C does not serve goes to Python as it came. So do those whose arguments are wrong, and those that
    failed in C, which fail again there, in Python's words and with Python's traceback.

    (Arguments that are not given cost CPython a look-up each, and there may be more than twenty.)

    Parameters
    ----------
    function : callable
        Of parameters that may be given by name, without * and **.
    """
    cdef dict __dict__
    cdef object __weakref__
    cdef vectorcallfunc vectorcall
    cdef object function
    cdef tuple names, defaults              # of the parameters
    cdef int count, positional              # of parameters, and of those that may be given without a name
    cdef PyObject* unless_given[PARAMETERS]  # `defaults`, or NULL for what must be given

    def __init__(self, function):
        cdef int i
        parameters = inspect.signature(function).parameters.values()
        functools.update_wrapper(self, function)
        self.function, self.count, self.positional = function, len(parameters), 0
        if self.count > PARAMETERS:
            raise ValueError(f"function must have at most {PARAMETERS} parameters; got {self.count}")
        self.names = tuple([p.name for p in parameters])
        self.defaults = tuple([p.default for p in parameters])
        for i, p in enumerate(parameters):
            self.positional += p.kind is p.POSITIONAL_OR_KEYWORD
            self.unless_given[i] = NULL if p.default is p.empty else PyTuple_GET_ITEM(self.defaults, i)
        self.vectorcall = called

    def __call__(self, *args, **kwargs):
        """Call it. C calls `vectorcall` instead."""
        return self.function(*args, **kwargs)

    def __getattr__(self, name):
        return getattr(self.function, name)

    def __get__(self, instance, owner):
        return self if instance is None else types.MethodType(self, instance)

    def __repr__(self):
        return repr(self.function)

    def __reduce__(self):
        return self.__qualname__

    @property
    def __class__(self):
        """That of the wrapped function, for isinstance and inspect."""
        return type(self.function)

    cdef PyObject* call(self, PyObject* const* args, size_t nargsf, PyObject* names) noexcept:
        cdef PyObject* given[PARAMETERS]
        cdef object result = None
        if self.bind(given, args, PyVectorcall_NARGS(nargsf), names):
            try:
                result = self.served(given)
            except Exception:
                pass
            if result is not None:
                Py_INCREF(result)
                return <PyObject*>result
            return self.done(given, args, nargsf, names)
        return PyObject_Vectorcall(<PyObject*>self.function, args, nargsf, names)

    cdef bint bind(self, PyObject** given, PyObject* const* args, Py_ssize_t n, PyObject* names) noexcept:
        """Find the argument of each parameter. False if Python must say what is wrong."""
        cdef Py_ssize_t i, k = 0
        if n > self.positional:
            return False
        memcpy(given, args, n * sizeof(PyObject*))
        memcpy(given + n, self.unless_given + n, (self.count - n) * sizeof(PyObject*))
        if names != NULL:
            for i in range(PyTuple_GET_SIZE(<tuple>names)):
                k = self.place(PyTuple_GET_ITEM(<tuple>names, i))
                if k < n:   # unknown, or given twice
                    return False
                given[k] = args[n + i]
        for i in range(n, self.count):
            if given[i] == NULL:
                return False
        return True

    cdef Py_ssize_t place(self, PyObject* name) noexcept:
        """The index of a parameter, or -1."""
        cdef Py_ssize_t i
        for i in range(self.count):     # names in code are interned
            if PyTuple_GET_ITEM(self.names, i) == name:
                return i
        for i in range(self.count):
            if PyUnicode_Compare(PyTuple_GET_ITEM(self.names, i), name) == 0:
                return i
        return -1

    cdef object served(self, PyObject** given):
        """The result, or None."""
        return None

    cdef PyObject* done(self, PyObject** given, PyObject* const* args, size_t nargsf,
                        PyObject* names) noexcept:
        """Call Python."""
        return PyObject_Vectorcall(<PyObject*>self.function, args, nargsf, names)


cdef PyObject* called(PyObject* function, PyObject* const* args, size_t nargsf, PyObject* names) noexcept:
    return (<Function>function).call(args, nargsf, names)


@cython.final
cdef class Planned(Function):
    """A function of `image` and `kernel` and the options of a plan, and of `out`, `dims` and `mask`.

    Parameters
    ----------
    flipped : bool
        Whether it convolves.
    function : callable
        Its first two parameters are `image` and `kernel`.
    """
    cdef readonly dict options      # names and defaults, in the order in which plans are kept
    cdef object flipped
    cdef int of_option[PARAMETERS]  # their parameters, from 1 on
    cdef int option_count
    cdef int out, dims, mask

    def __init__(self, bint flipped, function):
        super().__init__(function)
        self.flipped = flipped
        self.out, self.dims, self.mask = [self.names.index(name) for name in ("out", "dims", "mask")]
        self.options, self.option_count = {}, 1
        for i in range(2, self.count):
            if i not in (self.out, self.dims, self.mask):
                self.options[self.names[i]] = self.defaults[i]
                self.of_option[self.option_count] = i
                self.option_count += 1

    cdef object served(self, PyObject** given):
        cdef PlanBase plan
        cdef PyObject* options[PARAMETERS]
        cdef Py_ssize_t i
        if <object>given[self.dims] is not None:
            return None
        options[0] = <PyObject*>self.flipped
        for i in range(1, self.option_count):
            options[i] = given[self.of_option[i]]
        plan = found_or_new(<object>given[1], options, self.option_count)
        if plan is None:
            return None
        return plan.answer(<object>given[0], <object>given[self.out], <object>given[self.mask])


@cython.final
cdef class Offer:
    """What a function of Python says of its call: which request made the result of an image."""
    cdef object image, result
    cdef Bound bound

    cdef int take(self, object image, object result, Bound bound) except -1:
        self.image, self.result, self.bound = image, result, bound
        return 0


def offer(image, tuple made):
    """The result of a request; a `Repeatable` that returns it for this image does so the next time in C.

    Parameters
    ----------
    image : object
    made : (ndarray, Bound or None, float)
        The result; the request that made it, or None if the call took more than one, or if it depends on more
        than types, layouts and arguments; predicted ns.
    """
    if offered != NULL and made[1] is not None:
        (<Offer>offered).take(image, made[0], made[1])
    return made[0]


@cython.final
cdef class Repeatable(Function):
    """A function of an image and other arguments, whose calls often are one request (`offer`, and
    `PlanBase.serve`). Arrays of the same layouts and equal arguments are given to this request again.

    Parameters
    ----------
    image, output : str
        Names of parameters. `output` may be empty.
    function : callable
    """
    cdef int image, output

    def __init__(self, str image, str output, function):
        super().__init__(function)
        self.image = self.names.index(image)
        self.output = self.names.index(output) if output else -1

    cdef object served(self, PyObject** given):
        cdef Entry entry
        cdef cnp.ndarray result
        cdef object image = <object>given[self.image]
        if not is_array(image):
            return None
        with cython.critical_section(_plans):
            entry = self.find(given, self.slot(given))
        if entry is None:
            return None
        if entry.output is True:
            result = <cnp.ndarray>given[self.output]
            if not (cnp.PyArray_ISWRITEABLE(result) and apart(image, result)):
                return None
        else:
            result = cnp.PyArray_EMPTY(entry.result.axes, entry.result.shape, entry.result.type, 0)
        entry.bound.run(image, result, None)
        return result

    cdef Py_ssize_t slot(self, PyObject** given) except -1:
        cdef cnp.ndarray image = <cnp.ndarray>given[self.image]
        cdef uint64_t h = stirred(<uint64_t><size_t><void*>self, <uint64_t>cnp.PyArray_TYPE(image))
        cdef Py_ssize_t i
        for i in range(cnp.PyArray_NDIM(image)):
            h = stirred(h, <uint64_t>cnp.PyArray_DIMS(image)[i])
            h = stirred(h, <uint64_t>cnp.PyArray_STRIDES(image)[i])
        for i in range(self.count):
            if given[i] != self.unless_given[i] and i != self.image and i != self.output:
                h = hash_argument(stirred(h, i), <object>given[i], 0)
        return h & (SLOTS - 2)

    cdef Entry find(self, PyObject** given, Py_ssize_t slot):
        cdef Entry entry
        cdef Py_ssize_t i
        for i in range(slot, slot + 2):
            entry = <Entry>_echoes[i]
            if (entry is not None and entry.function is self
                    and has_frame(<cnp.ndarray>given[self.image], &entry.image) and self.fits(given, entry)):
                touch(entry)
                return entry
        return None

    cdef bint fits(self, PyObject** given, Entry entry) except -1:
        """Whether these are the arguments of an entry, and its kind of output."""
        cdef Py_ssize_t i
        if entry.output is True:
            if not is_array(<object>given[self.output]) or not has_frame(<cnp.ndarray>given[self.output],
                                                                         &entry.result):
                return False
        elif self.output >= 0 and not same(<object>given[self.output], entry.output):
            return False
        for i in range(self.count):
            if (given[i] != PyTuple_GET_ITEM(entry.options, i) and i != self.image and i != self.output
                    and not same(<object>given[i], <object>PyTuple_GET_ITEM(entry.options, i))):
                return False
        return True

    cdef PyObject* done(self, PyObject** given, PyObject* const* args, size_t nargsf,
                        PyObject* names) noexcept:
        """Call Python, and keep the request if it took one."""
        cdef Offer offer = Offer.__new__(Offer)
        cdef PyObject* outer = offered
        cdef PyObject* result
        global offered
        offered = <PyObject*>offer
        result = PyObject_Vectorcall(<PyObject*>self.function, args, nargsf, names)
        offered = outer
        if result != NULL and offer.bound is not None and <PyObject*>offer.result == result:
            try:
                self.keep(given, offer)
            except Exception:   # of little memory, say; the result is there
                pass
        return result

    cdef int keep(self, PyObject** given, Offer offer) except -1:
        cdef Entry entry = Entry.__new__(Entry)
        cdef object image = <object>given[self.image]
        cdef object output = <object>given[self.output] if self.output >= 0 else None
        if image is not offer.image or not is_array(image) or not is_array(offer.result):
            return 0
        if type(output) is cnp.ndarray:
            if output is not offer.result:
                return 0
            output = True
        elif not is_plain(offer.result):
            return 0
        arguments = [
            None if i == self.image or i == self.output else <object>given[i] for i in range(self.count)
        ]
        options, output = kept(tuple(arguments)), kept(output)
        if options is NotImplemented or output is NotImplemented:
            return 0
        entry.function, entry.options, entry.output, entry.bound = self, options, output, offer.bound
        entry.image, entry.result = frame_of(image), frame_of(offer.result)
        with cython.critical_section(_plans):
            put(_echoes, self.slot(given), entry)
        return 0


cdef uint64_t hash_argument(uint64_t h, object a, int depth) except? 0:
    if PyFloat_Check(a) or PyUnicode_CheckExact(a) or PyLong_CheckExact(a):
        return stirred(h, <uint64_t>hash(a))
    if (type(a) is tuple or type(a) is list) and depth < MOST_NESTED:
        for item in a:
            h = hash_argument(h, item, depth + 1)
        return h
    return hash_words(h, <cnp.ndarray>a) if is_plain(a) else h


take_vectorcalls(<PyTypeObject*>Planned, offset_of(Planned.__new__(Planned)))
take_vectorcalls(<PyTypeObject*>Repeatable, offset_of(Repeatable.__new__(Repeatable)))


cdef Py_ssize_t offset_of(Function f) noexcept:
    return <char*>&f.vectorcall - <char*><PyObject*>f


def planned(bint flipped):
    """Decorate a function as `Planned`."""
    return functools.partial(Planned, flipped)


def repeatable(str image, str output=""):
    """Decorate a function as `Repeatable`."""
    return functools.partial(Repeatable, image, output)
