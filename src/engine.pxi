# The engine, compiled once per level by engine_base.pyx, engine_v3.pyx and engine_v4.pyx.
#
#     call -> task -> band -> strip:   load a row  ->  sum  ->  store a row
#
# Rows, taps, vectors, threads; no policy. Which method runs, and whether it is exact, is decided by
# fastconv/_planner.py before the call.

from cython.parallel cimport prange
from libc.float cimport DBL_MAX
from libc.math cimport INFINITY, M_PI, ceil, cos, fabs, floor, fmax, fmin, hypot, ilogb, isfinite, ldexp, log2
from libc.math cimport rint, sin, sqrt
from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcpy, memmove, memset

cdef extern from *:
    """
    #ifdef _OPENMP
    #define FASTCONV_OPENMP 1
    #else
    #define FASTCONV_OPENMP 0
    #endif
    """
    bint OPENMP "FASTCONV_OPENMP"

include "verbs.pxi"
include "job.pxi"
include "load.pxi"
include "truncate.pxi"
include "store.pxi"
include "exact.pxi"
include "direct.pxi"
include "fold.pxi"
include "sparse.pxi"
include "quads.pxi"
include "dot.pxi"
include "average.pxi"
include "driver.pxi"
include "box.pxi"
include "running.pxi"
include "fft.pxi"
include "lines.pxi"
include "means.pxi"
include "program.pxi"
