# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
# cython: freethreading_compatible=True
# SPDX-License-Identifier: BSD-3-Clause
"""Which method, with sums of which type, at what cost, and why. Decided before the first pixel.

A kernel is looked at once (planning/facts.pxi). Each method says whether it can do what is asked for, how
exact it would be, and how much work it is; a file each:

    direct, sparse      every tap; every tap that is not zero
    separable           a column times a row, tap by tap or, if they are long, by way of spectra
    box                 all taps equal
    dot                 bytes times whole-numbered weights
    fft                 by way of spectra, of small tiles or of large ones (planning/spectra.pxi)
    wide                exact sums of 64-bit integers

Requests whose results are SciPy's to the last bit have an order of additions, and one way to do it
(planning/scipy.pxi).

A proposal is admitted if its result is exact or can be made so (planning/exactness.pxi), and priced
(planning/costs.pxi); the cheapest one is the strategy (planning/choice.pxi). Only the price of spectra depends
on the size of the result, so a kernel remembers the rest.

This module does not depend on the CPU's level: `describe_level` tells it what it must know of an engine.
"""

cimport cython
from cpython.buffer cimport PyBUF_C_CONTIGUOUS, PyBUF_FORMAT, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.float cimport DBL_MAX
from libc.math cimport INFINITY, fabs, floor, fma, fmod, frexp, isfinite, ldexp, log2, rint, sqrt
from libc.stdint cimport int64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memset, strcmp

from fastconv._engine.planner cimport Facts     # its own: builds then see when these declarations change

from fastconv._costs import NS

include "planning/doubles.pxi"
include "planning/types.pxi"
include "planning/levels.pxi"
include "planning/facts.pxi"
include "planning/costs.pxi"
include "planning/exactness.pxi"
include "planning/windows.pxi"
include "planning/direct.pxi"
include "planning/spectra.pxi"
include "planning/separable.pxi"
include "planning/sparse.pxi"
include "planning/box.pxi"
include "planning/int8_dot.pxi"
include "planning/fft.pxi"
include "planning/exact_int64.pxi"
include "planning/strategy.pxi"
include "planning/choice.pxi"
include "planning/volumes.pxi"
include "planning/scipy.pxi"
