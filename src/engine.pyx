# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
# cython: freethreading_compatible=True
# SPDX-License-Identifier: BSD-3-Clause
#
# The engine, compiled once per level: engine_base.c, engine_v3.c and engine_v4.c include its C.
#
#     call -> band -> strip:   load a row  ->  sum  ->  store a row
#
# Rows, taps, vectors, threads; no policy. Which method runs, and whether it is exact, is decided by
# the planner (src/planner.pyx) before the call.

from cpython.buffer cimport PyBUF_C_CONTIGUOUS, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from fastconv._engine.pool cimport run
from libc.float cimport DBL_MAX
from libc.math cimport INFINITY, M_PI, NAN, ceil, cos, fabs, floor, fmax, fmin, hypot, ldexp, log2, rint, sin
from libc.math cimport ilogb, isfinite, sqrt  # no-cython-lint: the files below use them
from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcpy, memmove, memset

from fastconv._engine.planner cimport (
    ACROSS_FIRST, ADDED, BOX, BOX_SLIDING, BOX_SMALL, CAST_BACK, CONVOLVE2D, CONVOLVE2D_REVERSED, COPY,
    CORRELATE1D, EVEN, EXACT_INT64, F16, F32, F64, FFT, FLOAT32, HALF_UP, I8, I16, I32, I64, INT8_DOT, LIST, MEAN,
    MOST_DEPTH, NOTHING, ODD, ROUNDED, SPECTRA, SPECTRAL_LINES, STRICT, TAPS, U8, U16, U32, U64, WRAPPED, Facts,
    Kernel, Proposal, Strategy, decides_near, has_few_zeros, highest_of, lowest_of, split_lines,
)

include "simd/verbs.pxi"
include "request.pxi"
include "call.pxi"
include "rows/borders.pxi"
include "rows/load.pxi"
include "rows/cast.pxi"
include "rows/store.pxi"
include "rows/recompute.pxi"
include "methods/copy.pxi"
include "methods/direct.pxi"
include "methods/symmetric.pxi"
include "methods/sparse.pxi"
include "scipy/convolve2d.pxi"
include "methods/int8_dot.pxi"
include "methods/box_small.pxi"
include "schedule/strips.pxi"
include "schedule/volumes.pxi"
include "schedule/dilated.pxi"
include "methods/box.pxi"
include "methods/box_sliding.pxi"
include "methods/fft.pxi"
include "methods/spectra.pxi"
include "methods/fft_tables.pxi"
include "methods/spectra_tables.pxi"
include "methods/int8_dot_weights.pxi"
include "scipy/correlate1d.pxi"
include "scipy/uniform_filter.pxi"
include "methods/list.pxi"
include "bindings.pxi"
include "methods/pillow_blurs.pxi"
include "methods/pillow_kernels.pxi"
