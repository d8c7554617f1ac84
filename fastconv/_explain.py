# SPDX-License-Identifier: BSD-3-Clause
"""Explain: what will run, in which type, how exact, on how many threads, and why not something else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from . import _levels, _threads
from ._methods import Recipe
from ._planner import Decision

if TYPE_CHECKING:
    from ._plan import Plan

_LANE_WORDS = {
    "float32": "float32",
    "float64": "float64",
    "strict": "float64 in the definition's order and rounding",
}
_SUM_WORDS = {"dot": "32-bit integers", "wide": "pairs of 64-bit integers"}


def explanation(
    plan: Plan,
    pixel: np.dtype[Any],
    target: np.dtype[Any],
    samples: int,
    decisions: list[Decision],
) -> str:
    """Some ten lines about images of type `pixel` with so many samples."""
    height, width = plan.kernel.shape
    lines = [
        f"{'convolve' if plan.flipped else 'correlate'} {pixel} -> {target} with {height} x {width} "
        f"taps, border {plan.border}, shape {plan.shape}"
    ]
    for decision in decisions:
        recipe = decision.recipe
        threads = _threads.threads_for(recipe.cost * samples, plan.threads)
        lines += [
            f"  method   {recipe.method}: {recipe.why}",
            f"  sums     {_SUM_WORDS.get(recipe.method) or _LANE_WORDS[recipe.lane]}",
            f"  result   {_promise(target, recipe)}",
            f"  threads  {threads} for {samples} samples, about {recipe.cost:.2f} ns each on one",
            f"  engine   {_levels.level}, vectors of {_levels.engine.vector_bytes()} bytes",
        ]
        lines += [f"  not      {name}: {reason}" for name, reason in decision.rejected]
    return "\n".join(lines)


def _promise(target: np.dtype[Any], recipe: Recipe) -> str:
    if target.kind not in "iu":
        return "within (taps + 1) eps sum|w||x| of the definition"
    if recipe.guard:
        return (
            f"exact: pixels within {recipe.guard:.1g} of a tie are summed again by the definition"
        )
    if recipe.lane == "strict" and recipe.method != "wide":
        return "exact: the sums are the definition's"
    return "exact: no sum is ever rounded before its last step"
