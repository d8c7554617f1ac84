# The engine, compiled once per level by engine_base.pyx, engine_v3.pyx and engine_v4.pyx.
#
#     call -> task -> band -> strip:   load a row  ->  sum  ->  store a row
#
# Rows, taps, vectors, threads; no policy. Which method runs, and whether it is exact, is decided by
# the planner (src/planner.pyx) before the call.

from fastconv._engine.pool cimport run
from libc.float cimport DBL_MAX
from libc.math cimport INFINITY, M_PI, ceil, cos, fabs, floor, fmax, fmin, hypot, ilogb, isfinite, ldexp, log2
from libc.math cimport rint, sin, sqrt
from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcpy, memmove, memset

from fastconv._engine.planner cimport (
    AVERAGE, BOX, DOT, F16, F32, F64, FFT, FLOAT32, I8, I16, I32, I64, LINES, QUADS, QUADS_BACK, RUNNING, U8, U16,
    U32, U64, WIDE, WINDOW, Facts, Kernel, Proposal, Strategy, highest_of, lowest_of,
)

include "verbs.pxi"
include "request.pxi"
include "job.pxi"
include "borders.pxi"
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
include "blurs.pxi"
