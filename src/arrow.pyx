# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, freethreading_compatible=True
# SPDX-License-Identifier: BSD-3-Clause
"""NumPy arrays over memory that another library shares by Arrow's C data interface, without a copy.

https://arrow.apache.org/docs/format/CDataInterface.html: a capsule holds a struct ArrowArray. The second
buffer of an array of a primitive type holds its samples. Groups of samples, such as the bands of Pillow's
pixels, are a list of fixed size whose only child is an array of a primitive type.
"""

cimport numpy as cnp
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
    cdef const ArrowArray* a = <const ArrowArray*>PyCapsule_GetPointer(capsule, "arrow_array")
    cdef cnp.npy_intp dims[4]
    cdef int64_t count = 1
    cdef int i, n = len(shape)
    cdef cnp.ndarray made
    if n > 4:
        raise ValueError(f"shape must have at most 4 axes; got {shape}")
    for i in range(n):
        dims[i] = shape[i]
        count *= dims[i]
    if a.n_children == 1 and a.offset == 0:
        a = a.children[0]
    if a.n_children or a.offset or a.n_buffers != 2 or a.length != count or (count and a.buffers[1] == NULL):
        raise ValueError(f"capsule must hold {count} samples side by side; got one of {a.length}")
    Py_INCREF(dtype)    # the next call steals it
    made = PyArray_NewFromDescr(<PyTypeObject*>cnp.ndarray, dtype, n, dims, NULL, <void*>a.buffers[1],
                                cnp.NPY_ARRAY_CARRAY, NULL)
    cnp.set_array_base(made, capsule)
    return made
