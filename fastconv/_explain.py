# SPDX-License-Identifier: BSD-3-Clause
"""Explain: the method that will run, its type of sums, exactness and threads, and why the others
will not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _levels, _threads
from ._engine.planner import Strategy

if TYPE_CHECKING:
    from ._plan import Plan
    from ._planes import Planes

_ACCUMULATOR_WORDS = {
    "float32": "float32",
    "float64": "float64",
    "strict": "float64 in the definition's order and rounding",
}
_TURNED = ", rows and columns exchanged"
_SUM_WORDS = {"dot": "32-bit integers", "wide": "pairs of 64-bit integers"}


def explanation(
    plan: Plan,
    pixel: np.dtype[Any],
    target: np.dtype[Any],
    samples: int,
    chosen: Sequence[tuple[Strategy, tuple[int, ...], tuple[tuple[str, str], ...]]],
    masked: bool = False,
    planes: Planes | None = None,
) -> str:
    """Explain in some ten lines how images of type `pixel` with `samples` samples are filtered.

    Parameters
    ----------
    plan : Plan
    pixel, target : dtype
    samples : int
    chosen : list of (Strategy, shape, rejected)
        Of each real part of the kernel, whose shape is smaller than the kernel's if it was folded;
        none if it is summed by the definition.
    masked : bool
        Whether samples may be missing.
    planes : Planes, optional
        How volumes are filtered picture by picture, if they are; `chosen` is a picture's then.
    """
    sizes = " x ".join(map(str, plan.window))
    borders = plan.border if isinstance(plan.border, str) else ", ".join(plan.border)
    lines = [
        f"{'convolve' if plan.flipped else 'correlate'} {pixel} -> {target} with {sizes} taps, "
        f"border {'omit' if plan.missing.omit else borders}, shape {plan.shape}{_last_steps(plan)}"
    ]
    if planes is not None:
        lines.append(f"  pictures {planes.words}")
    if not chosen:
        lines.append(f"  method   {plan.method}: {plan.reason}")
    for strategy, shape, others in chosen:
        cost = strategy.cost if planes is None else planes.cost
        threads = _threads.threads_for(cost * samples, plan.threads)
        sums = _SUM_WORDS.get(strategy.method) or _ACCUMULATOR_WORDS[strategy.accumulator]
        lines += [
            f"  method   {strategy.method}: {strategy.why}{_TURNED * strategy.turned}",
            f"  sums     {sums}",
            f"  result   {(planes and planes.promise) or _promise(target, strategy)}",
            f"  threads  {threads} for {samples} samples, about {cost:.2f} ns each on one",
            f"  engine   {_levels.level}, vectors of {_levels.engine.vector_bytes()} bytes",
        ]
        if shape != plan.window:
            lines.append(
                f"  folded   onto {' x '.join(map(str, shape))} taps: others see the same pixels"
            )
        lines += [f"  not      {name}: {reason}" for name, reason in others]
    if masked:
        lines.append(f"  missing  {plan.why_renormalized}")
    return "\n".join(lines)


def _last_steps(plan: Plan) -> str:
    """The steps from sums to results before rounding: scale, offset and magnitude."""
    scale = f", weights times {plan.scale:g}" if plan.scale != 1 else ""
    offset = f", plus {plan.offset:g}" if plan.offset else ""
    return scale + offset + (", magnitudes" if plan.absolute else "")


def _promise(target: np.dtype[Any], strategy: Strategy) -> str:
    if target.kind not in "iu":
        return "within (taps + 1) eps sum|w||x| of the definition"
    if strategy.tie_tolerance:
        tolerance = f"{strategy.tie_tolerance:.1g}"
        return f"exact: pixels within {tolerance} of a tie are summed again by the definition"
    if strategy.accumulator == "strict" and strategy.method != "wide":
        return "exact: the sums are the definition's"
    return "exact: no sum is ever rounded before its last step"
