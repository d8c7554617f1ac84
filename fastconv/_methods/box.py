# SPDX-License-Identifier: BSD-3-Clause
"""Box: all taps equal, at a cost that hardly grows with the kernel (src/box.pxi)."""

from __future__ import annotations

from . import BOX, COST, EXACT, ROUNDING, Facts, Lane, Recipe

NAME = "box"


def propose(facts: Facts, lane: Lane) -> Recipe | str:
    """See `fastconv._methods`."""
    height, width = facts.kernel.shape
    weight = float(facts.kernel[0, 0])
    if lane == "strict":
        return "the definition's order of taps is not a box's"
    if not facts.finite or weight == 0 or (facts.kernel != weight).any():
        return "the taps are not all equal"
    exact = facts.integral and facts.taps * facts.peak <= EXACT[lane]
    if facts.target.integer and not exact:
        return f"the sum of {facts.taps} samples may not be exact in {lane}"
    # the sum is exact; the weight is rounded once and the product once
    error = 0.0 if facts.is_exact(lane) else 2.02 * ROUNDING[lane] * facts.weight * facts.peak
    doublings = width.bit_length() - 1 + width.bit_count()
    return Recipe(
        NAME,
        BOX,
        lane,
        COST["row"][lane] + COST["box"][lane] + doublings * COST["box doubling"][lane],
        f"{height} x {width} equal taps, summed by doubling across and in groups down",
        error,
        scale=weight,
    )
