# SPDX-License-Identifier: BSD-3-Clause
# What the engine asks the pool for, in C: see src/schedule/pool.h.

ctypedef int (*Band)(const void* context, Py_ssize_t i, Py_ssize_t bands) noexcept nogil

# Band 0 .. bands - 1, on `threads` threads at the most; one band if it is one thread. Returns the failures.
cdef int run(Band band, const void* context, Py_ssize_t bands, int threads) noexcept nogil

# Threads for a call predicted to take `work` ns on one; `asked` is 0 if that was left alone.
cdef int threads_for(double work, int asked) noexcept nogil
