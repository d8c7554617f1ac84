# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
# cython: freethreading_compatible=True
# SPDX-License-Identifier: BSD-3-Clause
include "engine.pxi"
