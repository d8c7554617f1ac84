# SPDX-License-Identifier: BSD-3-Clause
"""Direct: every tap, register-blocked (src/direct.pxi). The method that everything else must beat."""

from __future__ import annotations

from . import WINDOW, Facts, Lane, Recipe, rounding_error, rows_of, window_of

NAME = "direct"


def propose(facts: Facts, lane: Lane) -> Recipe | str:
    """See `fastconv._methods`."""
    if facts.taps < facts.kernel.size:
        return "the kernel has zeros"
    if facts.kernel.shape[0] < 3:
        return "the kernel has fewer than three rows to share what is loaded"
    return Recipe(
        NAME,
        WINDOW,
        lane,
        {**rows_of(facts), **window_of(facts.kernel)},
        f"all {facts.taps} taps, each vector loaded serves four rows",
        rounding_error(facts.kernel, lane, facts.peak),
    )
