# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, freethreading_compatible=True
# SPDX-License-Identifier: BSD-3-Clause
"""NumPy arrays over memory that another library shares by Arrow's C data interface, without a copy.

https://arrow.apache.org/docs/format/CDataInterface.html: a capsule holds a struct ArrowArray. The second
buffer of an array of a primitive type holds its samples. Groups of samples, such as the bands of Pillow's
pixels, are a list of fixed size whose only child is an array of a primitive type.
"""

cimport numpy as cnp
from cpython.buffer cimport PyBuffer_FillInfo
from cpython.pycapsule cimport PyCapsule_GetPointer
from cpython.ref cimport Py_INCREF, PyTypeObject
from libc.stdint cimport int64_t

cnp.import_array()

cdef extern from "numpy/arrayobject.h":
    cnp.ndarray PyArray_NewFromDescr(PyTypeObject* subtype, cnp.dtype dtype, int axes,
                                     const cnp.npy_intp* shape,
                                     const cnp.npy_intp* strides, void* data, int flags, void* like)

cdef struct ArrowArray:
    int64_t length, null_count, offset, n_buffers, n_children
    const void** buffers
    ArrowArray** children
    # the fields after these are not read here


cdef void* samples_of(object capsule, int64_t count) except? NULL:
    """Where so many numbers of a capsule begin."""
    cdef const ArrowArray* a = <const ArrowArray*>PyCapsule_GetPointer(capsule, "arrow_array")
    if a.n_children == 1 and a.offset == 0:
        a = a.children[0]
    if a.n_children or a.offset or a.n_buffers != 2 or a.length != count or (count and a.buffers[1] == NULL):
        raise ValueError(f"capsule must hold {count} samples side by side; got one of {a.length}")
    return <void*>a.buffers[1]


def array_of(object capsule not None, tuple shape not None, cnp.dtype dtype not None):
    """An array over the memory of a capsule, which it keeps alive.

    Parameters
    ----------
    capsule : "arrow_array"
        An array of numbers, or of groups of numbers of a fixed size.
    shape : tuple of int
    dtype : dtype
        Must have the size of these numbers. Arrow gives their size in the schema's capsule, which is not read
        here.

    Returns
    -------
    ndarray, C-contiguous, writeable

    Raises
    ------
    ValueError
        The capsule is not an "arrow_array", or the array has another number of samples than `shape`.
    """
    cdef cnp.npy_intp dims[4]
    cdef int64_t count = 1
    cdef int i, n = len(shape)
    cdef cnp.ndarray made
    if n > 4:
        raise ValueError(f"shape must have at most 4 axes; got {shape}")
    for i in range(n):
        dims[i] = shape[i]
        count *= dims[i]
    cdef void* memory = samples_of(capsule, count)
    Py_INCREF(dtype)    # the next call steals it
    made = PyArray_NewFromDescr(<PyTypeObject*>cnp.ndarray, dtype, n, dims, NULL, memory,
                                cnp.NPY_ARRAY_CARRAY, NULL)
    cnp.set_array_base(made, capsule)
    return made


cdef class Pixels:
    """Bytes of a capsule, which it keeps alive, as a buffer of shape (height, width, size). It takes a fifth of
    the time of an array.

    Raises
    ------
    ValueError
        The capsule is not an "arrow_array", or does not hold so many samples.
    """
    cdef object capsule
    cdef void* memory
    cdef Py_ssize_t shape[3]
    cdef Py_ssize_t strides[3]

    def __cinit__(self, object capsule not None, Py_ssize_t height, Py_ssize_t width, Py_ssize_t size):
        self.capsule, self.memory = capsule, samples_of(capsule, height * width * size)
        self.shape[0], self.shape[1], self.shape[2] = height, width, size
        self.strides[0], self.strides[1], self.strides[2] = width * size, size, 1

    def __getbuffer__(self, Py_buffer* buffer, int flags):
        PyBuffer_FillInfo(buffer, self, self.memory, self.shape[0] * self.strides[0], False, flags)
        buffer.ndim, buffer.shape, buffer.strides = 3, self.shape, self.strides
