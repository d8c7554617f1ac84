# SPDX-License-Identifier: BSD-3-Clause
"""Which method, with sums of which type, at what cost, and why. Decided before the first pixel.

Integer results must be the definition's to the last bit. A sum that is exact needs nothing more. A sum
with a proven error below half a unit is rounded under guard: pixels nearer to a tie than the error are
summed again by the definition. Where neither holds, the sum is the definition itself ("strict"). The sums of
a rational kernel are those of its whole numbers, which are exact nearly always, and divided exactly.

Float results need no proof, only sums of the right type: float32 for pictures of 16 bits and fewer and
of float32, if the weights fit it, float64 for all others.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from . import _levels
from ._methods import (
    LANES,
    ROUNDING,
    Facts,
    Lane,
    Recipe,
    box,
    definition_error,
    direct,
    dot,
    fft,
    finished,
    separable,
    sparse,
    wide,
)
from ._pixels import Pixel

METHODS = {module.NAME: module for module in (direct, separable, sparse, box, dot, fft, wide)}

# A source of these types is exact in float32.
_NARROW = ("bool", "uint8", "int8", "uint16", "int16", "float16", "float32")
# Weights beyond these would overflow, or lose bits, in float32.
_SMALLEST, _LARGEST = 2.0**-100, 2.0**100


@dataclass(frozen=True)
class Decision:
    """A recipe and the reasons of all that was not taken.

    Attributes
    ----------
    recipe : Recipe
    rejected : tuple of (str, str)
        Method and reason, in the order in which they were asked.
    """

    recipe: Recipe
    rejected: tuple[tuple[str, str], ...]


def _lanes(facts: Facts) -> tuple[Lane, ...]:
    """Types that sums may have, fastest first."""
    if facts.target.integer and not facts.source.integer:
        return ("strict",)  # no bound is known for floats, so nothing but the definition will do
    weights = np.abs(facts.kernel[facts.kernel != 0])
    fits = facts.finite and bool(((weights >= _SMALLEST) & (weights <= _LARGEST)).all())
    small_target = facts.target.name in ("float16", "float32") or facts.target.peak in range(
        1, 2**16
    )
    # a constant with fractions beside integers need not be a float32
    small_source = facts.source.name in _NARROW and facts.integral == facts.source.integer
    first: tuple[Lane, ...] = LANES if fits and small_source and small_target else LANES[1:]
    # a float result is rounded anyway: float64 sums would only be slower
    return first if facts.target.integer else first[:1]


def _admit(facts: Facts, recipe: Recipe) -> Recipe | str:
    """The recipe with the guard its result needs, or why it may be wrong."""
    if not facts.target.integer or recipe.lane == "strict" or recipe.method in ("wide", "dot"):
        return recipe  # they are the definition, or have seen to it
    if recipe.method == "box" and recipe.error == 0:
        return recipe  # which may be of sums that no float holds
    if facts.is_exact(recipe.lane) and (recipe.error == 0 or recipe.method in ("direct", "sparse")):
        return recipe
    if facts.target.peak > 2**32:
        return "results of 64 bits are not watched for ties"  # see narrow_long in src/store.pxi
    error = recipe.error
    if facts.divisor:  # the quotient is rounded, to a result that does not saturate
        error = error / facts.divisor + 1.01 * ROUNDING[recipe.lane] * (facts.target.peak + 1)
    # exact recomputation is rounded too, in float64
    error += definition_error(facts)
    if not error < 0.25:
        return f"{recipe.lane} sums may be off by {error:.2g}"
    return replace(recipe, error=error).guarded(facts)


def _refusal(facts: Facts) -> str | None:
    """Why the definition's float64 sum would be silently wrong, if it would."""
    if not (facts.target.integer and facts.source.integer and facts.source.peak > 2**16):
        return None
    if facts.peak > 2**64:  # only the constant can be
        return (
            f"cval must be within +-2**64 for an exact sum of {facts.source.name}; got one of magnitude "
            f"{facts.peak:.3g}. Convert the image to float64 for a rounded one"
        )
    if _needs_wide(facts):
        if not isinstance(wide.propose(facts, "strict"), str):
            return None
        return (
            f"kernel must have weights whose magnitudes sum to less than 2**31 for an exact sum of "
            f"{facts.source.name}; got {facts.weight:.3g}. Convert the image to float64 for a rounded one"
        )
    if facts.fraction is None and facts.peak > 2**53:
        return (
            f"image must stay within +-2**53 where the kernel is not rational or cval has a fraction; got "
            f"{facts.source.name} values up to 2**{np.log2(facts.peak):.0f}. Convert the image to "
            f"float64 for a rounded result"
        )
    return None


def recipes(facts: Facts) -> tuple[list[Recipe], list[tuple[str, str]]]:
    """All ways to do a job, with their prices, and the methods that cannot, with their reasons."""
    found: list[Recipe] = []
    rejected: list[tuple[str, str]] = []
    for name, module in METHODS.items():
        reason = ""
        for lane in _lanes(facts):
            proposed = module.propose(facts, lane)
            admitted = _admit(facts, proposed) if isinstance(proposed, Recipe) else proposed
            if isinstance(admitted, Recipe):
                found.append(finished(facts, admitted))
            else:
                reason = reason or admitted
        if reason:
            rejected.append((name, reason))
    return found, rejected


@lru_cache(maxsize=256)
@np.errstate(over="ignore", invalid="ignore")  # weights may be as large as floats are
def _decide(
    kernel: bytes,
    shape: tuple[int, int],
    source: Pixel,
    target: Pixel,
    low: float,
    high: float,
    integral: bool,
    size: tuple[int, int],
    channels: int,
    method: str,
    level: str,
) -> Decision:
    weights = np.frombuffer(kernel).reshape(shape)
    facts = Facts(weights, source, target, low, high, integral, size, channels=channels)
    refusal = _refusal(facts)
    if refusal:
        raise ValueError(refusal)
    candidates, rejected = recipes(facts)
    if _needs_wide(facts):
        candidates = [c for c in candidates if c.method == "wide"]
    if method != "auto":
        reasons = dict(rejected)
        candidates = [c for c in candidates if c.method == method]
        if not candidates:
            raise ValueError(
                f"method={method!r} cannot do this: {reasons.get(method, 'sums would not be exact')}"
            )
    best = min(candidates, key=lambda c: c.cost)
    slower = {
        c.method: c for c in sorted(candidates, key=lambda c: -c.cost) if c.method != best.method
    }
    rejected = [
        (name, reason) for name, reason in rejected if name not in slower and name != best.method
    ]
    rejected += [
        (c.method, f"slower: {c.cost:.2f} ns a sample, {c.lane} sums") for c in slower.values()
    ]
    return Decision(best, tuple(rejected))


def _needs_wide(facts: Facts) -> bool:
    """Whether even the definition is a sum of integers that float64 cannot hold."""
    return (
        facts.target.integer
        and facts.source.integer
        and facts.source.peak > 2**16
        and facts.integral
        and facts.unit >= 1
        and not facts.is_exact("strict")
    )


def decide(
    kernel: np.ndarray,
    source: Pixel,
    target: Pixel,
    samples: tuple[float, float, bool],
    size: tuple[int, int],
    channels: int,
    method: str,
) -> Decision:
    """Choose a method.

    Parameters
    ----------
    kernel : ndarray of float64, shape (h, w), C-contiguous
        Weights as they lie on the window.
    source, target : Pixel
        Types of the samples read and written.
    samples : (low, high, integral)
        Range of samples and constant, infinite for floats, and whether all are integers.
    size : (int, int)
        Height and width of the result.
    channels : int
        Samples of a pixel.
    method : str
        "auto" or a name in `METHODS`.

    Raises
    ------
    ValueError
        `method` cannot do this, or the exact result cannot be had.
    """
    weights, level = kernel.tobytes(), _levels.level
    return _decide(weights, kernel.shape, source, target, *samples, size, channels, method, level)
