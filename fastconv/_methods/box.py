# SPDX-License-Identifier: BSD-3-Clause
"""Box: all taps equal. Running sums for integers (src/running.pxi), at a cost that does not grow with the
kernel, or, if it is small, sums in registers (src/average.pxi); doubling and groups for floats (src/box.pxi),
at one that hardly does.
"""

from __future__ import annotations

from .. import _levels
from . import (
    BOX,
    ROUNDING,
    RUNNING,
    Facts,
    Floats,
    Lane,
    Recipe,
    Work,
    rows_of,
)

NAME = "box"

_SMALL = ("bool", "uint8", "int8", "uint16", "int16")


def _average(facts: Facts, divisor: int) -> Work:
    """The work of sums in registers; none if the engine does not do that."""
    name = facts.source.stored
    height, width = facts.kernel.shape
    size = {"uint8": 1, "uint16": 2, "int16": 2}.get(name, 0) if name == facts.target.name else 0
    if not size or not _levels.engine.can_average(height, width, divisor, size):
        return {}
    name = "uint8" if size == 1 else "uint16"
    return {
        f"average {name}": 1.0,
        f"average load {name}": (height + 3) / 4,
        f"average tap {name}": width - 1.0,
    }


def _divided(facts: Facts, whole: Floats, divisor: int) -> Recipe:
    """Sums of samples and quotients, both in integers."""
    height, width = whole.shape
    average = _average(facts, divisor)
    how = "in registers" if average else "running sums of 32-bit integers"
    return Recipe(
        NAME,
        RUNNING,
        "float32",
        average or {"running whole": 1.0},
        f"{height} x {width} equal taps, {how}, divided by {divisor}",
        kernel=whole,
        divisor=divisor,
    )


def propose(facts: Facts, lane: Lane) -> Recipe | str:
    """See `fastconv._methods`."""
    height, width = facts.kernel.shape
    weight = float(facts.kernel[0, 0])
    if lane == "strict":
        return "the definition's order of taps is not a box's"
    if not facts.finite or weight == 0 or (facts.kernel != weight).any():
        return "the taps are not all equal"
    # the sum is exact; it, the weight and their product are rounded
    error = 3.03 * ROUNDING[lane] * facts.weight * facts.peak
    if facts.target.integer:  # what saturates need not be near
        error = min(error, 3.03 * ROUNDING[lane] * (facts.target.peak + 1) * (facts.divisor or 1))
    if facts.is_exact(lane):
        error = 0.0
    if (
        facts.integral
        and facts.source.name in _SMALL
        and facts.source.low <= facts.low
        and facts.high <= facts.source.high
        and facts.taps * facts.peak < 2**31
    ):
        whole, divisor = facts.fraction or (facts.kernel, 0)
        if divisor and whole[0, 0] == 1 and lane == "float32" and facts.target.name in _SMALL:
            return _divided(facts, whole, divisor)
        why = f"{height} x {width} equal taps, running sums of 32-bit integers"
        work = {"running": 1.0, f"store {facts.target.name}": 1.0}
        return Recipe(NAME, RUNNING, lane, work, why, error, scale=weight)
    if facts.target.integer:
        return f"the sum of {facts.taps} samples may not be exact in 32-bit integers"
    doublings = width.bit_length() - 1 + width.bit_count()
    return Recipe(
        NAME,
        BOX,
        lane,
        {**rows_of(facts), "box": 1.0, "box doubling": float(doublings)},
        f"{height} x {width} equal taps, summed by doubling across and in groups down",
        scale=weight,
    )
