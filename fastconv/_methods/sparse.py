# SPDX-License-Identifier: BSD-3-Clause
"""Sparse: a list of the non-zero taps (src/sparse.pxi). Fits every kernel; a zero tap costs nothing."""

from __future__ import annotations

from . import WINDOW, Facts, Lane, Recipe, rounding_error, rows_of, window_of

NAME = "sparse"


def propose(facts: Facts, lane: Lane) -> Recipe | str:
    """See `fastconv._methods`."""
    if facts.taps == facts.kernel.size and facts.kernel.shape[0] >= 3:
        return "the kernel has no zeros"
    return Recipe(
        NAME,
        WINDOW,
        lane,
        {**rows_of(facts), **window_of(facts.kernel)},
        f"{facts.taps} of {facts.kernel.size} taps are not zero",
        rounding_error(facts.kernel, lane, facts.peak),
    )
