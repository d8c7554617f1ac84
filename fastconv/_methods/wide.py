# SPDX-License-Identifier: BSD-3-Clause
"""Wide: exact sums of integers that float64 cannot hold (src/exact.pxi). Slow, and the last resort."""

from __future__ import annotations

from . import WIDE, Facts, Lane, Recipe

NAME = "wide"


def propose(facts: Facts, lane: Lane) -> Recipe | str:
    """See `fastconv._methods`."""
    if facts.source.integer and facts.source.peak < 2**16:
        return "the samples are small"
    if not facts.integral or facts.unit < 1:
        return "kernel, samples and constant must be integers"
    if facts.weight >= 2**31:
        return "the kernel's magnitudes sum to 2**31 or more"
    if lane != "strict":
        return "sums are pairs of 64-bit integers"
    return Recipe(
        NAME,
        WIDE,
        lane,
        {"wide": 1.0, "wide tap": float(facts.taps)},
        "integers too large for float64, summed in pairs of 64 bits",
    )
