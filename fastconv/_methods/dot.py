# SPDX-License-Identifier: BSD-3-Clause
"""Dot: bytes times whole-numbered weights, four neighbours an instruction (src/dot.pxi).

Results are bytes, or 16-bit words if the weights are whole numbers and nothing more.

Sums of a rational kernel's whole numbers are exact, and so are their quotients. Whole numbers times any
other factor are found to be such, too: their sums are exact, and the factor comes last. All other
kernels are written in fixed point, with as many binary places as a 32-bit sum allows. The error of a
float32 factor, and of fixed point, is known, so that the few results near a tie can be left to the
definition.

The weights are cut into digits of as many bits as the instruction takes; see src/dot.pxi.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _levels
from ..reference import WHOLE
from . import DOT, Facts, Floats, Lane, Recipe, again, definition_error, near_error, price

NAME = "dot"

# A kernel's smallest weight is at most this many times the factor.
MULTIPLES = 64
# Sums must stay below it.
SUM = 2.0**31
# Divisors up to here: results from 0 to 255 come of sums below 256 times that, which float32 must hold with a
# bit to spare; see Facts.is_exact.
LARGEST = 2**15


@dataclass(frozen=True)
class Weights:
    """Whole numbers `n` and a factor: the kernel is nearly ``n * factor``.

    Attributes
    ----------
    n : ndarray of int64, shape (h, w)
    factor : float
    places : int
        Binary places if `n` are fixed-point numbers, and 0 if they are the kernel's own.
    error : float
        Largest distance of the engine's result, before it is rounded, from the definition's, for
        results that do not saturate.
    why : str
    divisor : int
        The kernel is exactly ``n / divisor``; 0 if there is a factor.
    """

    n: NDArray[np.int64]
    factor: float
    places: int
    error: float
    why: str
    divisor: int = 0


def propose(facts: Facts, lane: Lane) -> Recipe | str:
    """See `fastconv._methods`."""
    words = facts.target.name == "int16"  # of sums that nothing scales
    if facts.source.name not in ("uint8", "bool") or not (words or facts.target.name == "uint8"):
        return "pixels are not bytes"
    if not (facts.integral and facts.low >= 0 and facts.high <= 255):
        return "the constant is not a byte"
    if (
        not facts.finite
        or facts.taps == 0
        or not 2.0**-60 < facts.weight / (facts.divisor or 1) < 2.0**22
    ):
        return "the weights are too large or too small for 32-bit sums"
    if lane != "float32":
        return "sums are 32-bit integers"
    found = _plain(facts) if words else [*_whole(facts), *_fixed(facts)]
    recipes = [recipe for w in found if isinstance(recipe := _recipe(facts, w), Recipe)]
    if not recipes and words:
        return "the weights are not whole, as they must be for 16-bit results"
    if not recipes:
        return "no 32-bit sum is near enough to the definition"
    return min(recipes, key=lambda r: price(r.work, r.lane, facts.level))


def _recipe(facts: Facts, w: Weights) -> Recipe | str:
    if not w.error < 0.25:
        return "too far off"
    digits = _digits(w.n)
    work = {
        "dot": 1.0,
        "dot digit": digits - 1.0,
        "dot group": _groups(facts.kernel.shape) * digits,
        "dot fixed": float(w.places > 0),
        "dot guard": float(w.places == 0 and w.error > 0),
        **again(facts, max(2 * w.error, facts.ties) if w.error else 0.0),
    }
    return Recipe(
        NAME,
        DOT,
        "float32",
        work,
        w.why,
        w.error,
        scale=w.factor,
        kernel=w.n.astype(np.float64) if w.divisor else facts.kernel,
        divisor=w.divisor or facts.divisor,
        guard=w.error,
        near=near_error(facts),
        whole=w.n,
        digits=digits,
        places=w.places,
        plus=facts.plus,
    )


def _groups(shape: tuple[int, ...]) -> float:
    """Groups of a kernel, in the time of those that `pack` makes of a row of up to 16 samples. For these the
    engine's loops are unrolled; in the others GCC keeps half of 16 sums of 64 bytes in memory, which takes
    1.8 to 2.1 times as long (15 to 31 taps, whole and fixed-point).
    """
    row = -(-shape[1] // 4)
    slow = row > 4 and _levels.engine.vector_bytes() == 64
    return float(row * max(3, shape[0]) * (2 if slow else 1))


def _plain(facts: Facts) -> list[Weights]:
    """The kernel as it is, if its weights are whole."""
    n = np.rint(facts.kernel)
    if facts.divisor or facts.plus % 1 or (n != facts.kernel).any():
        return []
    if np.abs(n).sum() * 255 + abs(facts.plus) >= SUM:
        return []
    return [Weights(n.astype(np.int64), 1.0, 0, 0.0, "whole numbers, sums of 32-bit integers")]


def _whole(facts: Facts) -> list[Weights]:
    """The kernel as whole numbers over a divisor, or times a factor."""
    if facts.fraction is not None:
        return _quotient(facts, *facts.fraction)
    found = multiples(facts.kernel)
    if found is None or facts.plus:
        return []
    n, factor = found
    if np.abs(n).sum() * 255 >= SUM:
        return []
    # the sum, the factor and their product are rounded to float32
    error = 256 * 3.01 * 2.0**-24 + definition_error(facts) + WHOLE * facts.weight * facts.high
    why = f"whole numbers times {factor:.6g}, sums of 32-bit integers"
    return [Weights(n, factor, 0, error, why)]


def _quotient(facts: Facts, whole: Floats, divisor: int) -> list[Weights]:
    if np.abs(whole).sum() * 255 + abs(facts.plus) * divisor >= SUM or divisor > LARGEST:
        return []
    over = f" divided by {divisor}" if divisor > 1 else ""
    why = f"whole numbers{over}, sums of 32-bit integers"
    return [Weights(whole.astype(np.int64), 1 / divisor, 0, 0.0, why, divisor)]


def multiples(kernel: NDArray[np.float64]) -> tuple[NDArray[np.int64], float] | None:
    """Whole numbers and the factor that makes the kernel of them, None if there are none."""
    smallest = np.abs(kernel[kernel != 0]).min()
    for divisor in range(1, MULTIPLES + 1):
        quotient = kernel / smallest * divisor
        n = np.rint(quotient)
        if (np.abs(quotient - n) <= WHOLE * np.abs(n)).all():
            largest = np.unravel_index(np.abs(n).argmax(), n.shape)
            if np.abs(n[largest]) >= SUM:
                return None
            common = int(np.gcd.reduce(n.astype(np.int64).ravel()))
            n /= common
            return n.astype(np.int64), float(kernel[largest] / n[largest])
    return None


def _fixed(facts: Facts) -> list[Weights]:
    """The kernel in fixed point, in one digit more each time until the sums are full."""
    if facts.plus % 1:
        return []
    found: list[Weights] = []
    bits = _levels.engine.dot_bits()
    # sums have 31 bits, eight of which, and a sign, stand before the point of the results
    kernel = facts.kernel / (facts.divisor or 1)
    weight = float(np.abs(kernel).sum())
    most = min(22, int(np.floor(np.log2((SUM - 1) / (256 * weight + abs(facts.plus))))))
    largest = int(np.floor(np.log2(np.abs(kernel).max())))
    for digits in range(1, 5):
        places = min(most, digits * bits - 2 - largest)
        if places < 2 or (found and places == found[-1].places):
            continue
        n = np.rint(np.ldexp(kernel, places))
        if np.abs(n).sum() * 255 + (1 + abs(facts.plus)) * 2.0**places >= SUM:
            continue  # so many taps that their roundings count
        if not n.any():
            continue  # nothing left to sum; the engine wants at least one group of weights
        rest = kernel - np.ldexp(n, -places)
        # samples are not negative, so that rests of one sign add up and those of the other balance them
        off = float(max(rest[rest > 0].sum(), -rest[rest < 0].sum())) * facts.high
        # the quotients of a rational kernel are rounded
        error = 1.01 * off + definition_error(facts) + WHOLE * weight * facts.high
        why = f"weights in fixed point of {places} binary places, sums of 32-bit integers"
        found.append(Weights(n.astype(np.int64), float(np.ldexp(1.0, -places)), places, error, why))
    return found


def _digits(n: NDArray[np.int64]) -> int:
    count = 1
    while (n := _split(n, _levels.engine.dot_bits())[0]).any():
        count += 1
    return count


def _split(n: NDArray[np.int64], bits: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """n as high * 2**bits + low, with -2**(bits - 1) <= low < 2**(bits - 1)."""
    half = 1 << (bits - 1)
    high = (n + half) >> bits
    return high, n - (high << bits)


def pack(recipe: Recipe, channels: int) -> tuple[NDArray[np.intp], NDArray[np.int32], int]:
    """Offsets of the groups, their weights, four bytes to a word, (digit, row, group), and their spread.

    A group is four taps, `spread` samples from the first to the last, where the engine can gather their
    samples; else it is four neighbouring samples and takes all taps that fall on them: four of a row of
    single samples, two of interleaved RGB (and the spread is 0). Kernels of fewer than three rows get rows
    of zeros below.
    """
    n = np.pad(recipe.whole, ((0, max(0, 3 - len(recipe.whole))), (0, 0)))
    spread = 3 * channels if channels > 1 and 3 * channels <= _levels.engine.most_spread() else 0
    columns = np.flatnonzero(n.any(axis=0)) * channels
    samples = np.arange(4) * (spread // 3 or 1)  # of a group
    offsets: list[int] = []
    for column in columns:
        if not offsets or column > offsets[-1] + samples[-1]:
            offsets.append(int(column))
    rows = np.zeros((recipe.digits, n.shape[0], len(offsets), 4), np.int8)
    for digit in range(recipe.digits - 1, -1, -1):
        n, low = _split(n, _levels.engine.dot_bits())
        for group, offset in enumerate(offsets):
            for byte, sample in enumerate(samples):
                tap, between = divmod(offset + int(sample), channels)
                if between == 0 and tap < low.shape[1]:
                    rows[digit, :, group, byte] = low[:, tap]
    words: NDArray[Any] = rows.view(np.int32)
    return np.array(offsets, np.intp), np.ascontiguousarray(words[..., 0]), spread
