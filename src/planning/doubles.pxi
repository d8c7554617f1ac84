# Arrays of float64 that come from Python, as pointers. Typed memoryviews would make up a quarter of the
# planner's compiled size.


cdef class Doubles:
    """The memory of a C-contiguous array of float64 with `axes` axes. Its buffer is held until this object
    goes."""
    cdef Py_buffer array
    cdef const double* first
    cdef Py_ssize_t count

    def __cinit__(self, array, int axes):
        PyObject_GetBuffer(array, &self.array, PyBUF_FORMAT | PyBUF_C_CONTIGUOUS)
        if self.array.ndim != axes or strcmp(self.array.format, "d"):
            raise ValueError(f"weights must be {axes}-dimensional and float64; got {self.array.ndim} dimensions "
                             f"of format {self.array.format.decode()}")
        self.first = <const double*>self.array.buf
        self.count = self.array.len // <Py_ssize_t>sizeof(double)

    def __dealloc__(self):
        PyBuffer_Release(&self.array)
