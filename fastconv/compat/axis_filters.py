# SPDX-License-Identifier: BSD-3-Clause
"""Filters along axes, one after the other, with scipy.ndimage's sums and casts: told to the engine.

An array is a stack of pictures, and so is its part around any two neighbouring axes: one call of the engine
filters along both, or along one (src/scipy/correlate1d.pxi, src/scipy/uniform_filter.pxi). More axes take
more calls, between which arrays of the result's type stand, as in SciPy.

Sums are float64 in SciPy's order. Where every partial sum is an integer times one power of two, and float32
holds it, order and type make no difference, and twice as many samples fit a vector.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _levels
from .._borders import BORDERS
from .._engine import calls
from .._engine.planner import ACCUMULATOR_NAMES, EXACT, binary_unit
from .._execute import Axis
from .._pixels import PIXELS, Accumulator, Floats, Pixel

# Numbers of src/call.pxi: how a filter sums, and which of two is first.
NOTHING, LIST, EVEN, ODD, MEAN = range(5)
DOWN_FIRST, ACROSS_FIRST, ADDED = range(3)

# Predicted ns a sample on one thread, for the number of threads only: of a filter, and of each of its taps.
# Measured on AMD EPYC, v4.
_NS, _NS_TAP = 0.3, 0.05

# An axis is filtered down whole rows if at least so many samples lie side by side behind it, else across rows
# of such groups. Means go across one sample of a group after the other.
_LONG, _LONG_MEAN = 32, 16
# Two axes are filtered in one call if groups of not more samples lie behind them.
_GROUP = 8
# Rows of fewer samples, if there are more of them, change places with the columns: each row has its price.
_NARROW = 32

Array = NDArray[Any]


@dataclass(frozen=True)
class Fold:
    """The weights of a filter, and how SciPy sums them.

    Attributes
    ----------
    weights : ndarray of float64, shape (n,), read-only
        In the order of the samples they multiply. Of a mean only their number counts.
    kind : int
        LIST, EVEN, ODD or MEAN.
    """

    weights: Floats
    kind: int
    unit: float
    weight: float

    @property
    def size(self) -> int:
        return len(self.weights)


@dataclass(frozen=True)
class Filter:
    """A filter along an axis, with the border and the origin of its windows."""

    axis: int
    fold: Fold
    border: str
    origin: int


def _symmetry(w: Floats) -> int:
    """As scipy.ndimage sees it: to within float64's epsilon, absolute."""
    if len(w) % 2 == 0:
        return LIST
    half = len(w) // 2
    after, before = w[half + 1 :], w[:half][::-1]
    eps = np.finfo(np.float64).eps
    with np.errstate(invalid="ignore"):
        if not (np.abs(after - before) > eps).any():
            return EVEN
        if not (np.abs(after + before) > eps).any():
            return ODD
    return LIST


@lru_cache(maxsize=256)
def _fold(weights: bytes) -> Fold:
    w = np.frombuffer(weights)
    finite = bool(np.isfinite(w).all())
    unit = binary_unit(w) if finite else 0.0
    return Fold(w, _symmetry(w), unit, float(np.abs(w).sum()) if finite else math.inf)


def fold(weights: Floats) -> Fold:
    """Weights as they lie on the samples, at least one."""
    return _fold(weights.tobytes())


@lru_cache(maxsize=256)
def mean(size: int) -> Fold:
    """A running mean of `size` samples."""
    return Fold(np.ones(size), MEAN, 1.0, float(size))


def run(
    filters: list[Filter], src: Array, dst: Array, cval: float, added: bool = False
) -> tuple[Any, float]:
    """Filter along several axes, into `dst`.

    Parameters
    ----------
    filters : list of Filter
        Of different axes, at least one.
    src, dst : ndarray
        Of the same shape, not empty, of real types in `PIXELS` but not float16. They may overlap.
    cval : float
    added : bool
        Whether the sum of both filters of `src` is wanted, rounded each and added in the result's type, which
        must have less than 32 bits or be a float. Two neighbouring axes, see `may_add`.

    Returns
    -------
    call : Call of an engine, or None
        It fills any other such `dst` from any other such `src`; None if one was not enough.
    work : float
        Predicted ns on one thread.
    """
    if np.may_share_memory(src, dst):
        src = src.copy()
    groups = [filters] if added else _groups(filters, dst.shape)
    if len(groups) == 1:
        return _step(filters, src, dst, cval, added)
    for i, group in enumerate(groups):
        last = (len(groups) - 1 - i) % 2 == 0  # steps alternate between `dst` and another array
        to = dst if last else np.empty(dst.shape, dst.dtype)
        flat = [word for f in group for word in (f.axis, f.fold, f.border, f.origin)]
        calls.again(_remembered_step, src, None, to, (cval, *flat))
        src = to
    return None, 0.0


def _remembered_step(
    src: Array, _: None, dst: Array, cval: float, *flat: Any
) -> tuple[Array, Any, float]:
    """A step of several, each of which is found again by itself."""
    group = [Filter(*flat[i : i + 4]) for i in range(0, len(flat), 4)]
    return dst, *_step(group, src, dst, cval, False)


def may_add(shape: tuple[int, ...], axes: tuple[int, ...], dtype: np.dtype[Any]) -> bool:
    """Whether `run` can add the filters of these axes."""
    return (
        len(axes) == 2
        and _near(axes[0], axes[1], shape)
        and (dtype.itemsize <= 2 or dtype.kind == "f")
        and dtype.kind != "b"
    )


def _near(a: int, b: int, shape: tuple[int, ...]) -> bool:
    return abs(a - b) == 1 and math.prod(shape[max(a, b) + 1 :]) <= _GROUP


def _groups(filters: list[Filter], shape: tuple[int, ...]) -> list[list[Filter]]:
    """Cut into pairs that one call can do, and single filters."""
    groups: list[list[Filter]] = []
    rest = list(filters)
    while rest:
        pair = rest[:2]
        together = (
            len(pair) == 2
            and _near(pair[0].axis, pair[1].axis, shape)
            # means go down before they go across
            and (pair[0].fold.kind != MEAN or pair[0].axis < pair[1].axis)
        )
        groups.append(pair if together else rest[:1])
        rest = rest[len(groups[-1]) :]
    return groups


def _step(
    group: list[Filter], src: Array, dst: Array, cval: float, added: bool
) -> tuple[Any, float]:
    """One call of the engine; None if it had to copy."""
    down, across, shape = _cut(group, src.shape)
    a, b = src.reshape(shape), dst.reshape(shape)
    result, copied, only = b, not np.may_share_memory(b, dst), np.may_share_memory(a, src)
    # of two means, the first must go down
    if shape[2] * shape[3] < min(_NARROW, shape[1]) and not (
        down and across and down.fold.kind == MEAN
    ):
        a, b, down, across = a.swapaxes(1, 2), b.swapaxes(1, 2), across, down
    call, work = _call(group, a, b, down, across, cval, added)
    if copied:
        dst[...] = result.reshape(dst.shape)
    return (call if only and not copied else None), work


def _cut(
    group: list[Filter], shape: tuple[int, ...]
) -> tuple[Filter | None, Filter | None, tuple[int, int, int, int]]:
    """Which filter goes down and which across, and the array as (planes, H, W, C)."""
    first = group[0]
    if len(group) == 2:
        down, across = sorted(group, key=lambda f: f.axis)
        k = down.axis
        return down, across, (*_around(shape, k), shape[k + 1], math.prod(shape[k + 2 :]))
    k = first.axis
    behind = math.prod(shape[k + 1 :])
    if behind >= (_LONG_MEAN if first.fold.kind == MEAN else _LONG):
        return first, None, (*_around(shape, k), behind, 1)
    return None, first, (1, math.prod(shape[:k]), shape[k], behind)


def _around(shape: tuple[int, ...], k: int) -> tuple[int, int]:
    return math.prod(shape[:k]), shape[k]


def _call(
    group: list[Filter],
    src: Array,
    dst: Array,
    down: Filter | None,
    across: Filter | None,
    cval: float,
    added: bool,
) -> tuple[Any, float]:
    source, target = pixel_of(src.dtype), pixel_of(dst.dtype)
    constant = cval if any(f.border == "constant" for f in group) else 0.0
    order = ADDED if added else ACROSS_FIRST if group[0] is across and down else DOWN_FIRST
    history = (
        down is not None
        and down.fold.kind == MEAN
        and not _exact("strict", [down.fold], source, target, constant)
    )
    accumulator: Accumulator = (
        "float32"
        if _exact("float32", [f.fold for f in group], source, target, constant, added)
        else "strict"
    )
    program = _program(
        down.fold if down else None, across.fold if across else None, ACCUMULATOR_NAMES.index(accumulator),
        src.shape[-1], order, history, _levels.level,
    )  # fmt: skip
    taps = sum(1 if f.fold.kind == MEAN else f.fold.size for f in group)
    cost = _NS * len(group) + _NS_TAP * taps
    borders = tuple(BORDERS.index(f.border) if f else 0 for f in (down, across))
    call = calls.execute(
        program, src, dst, source.code, target.code, _windows(down, src.shape[1]),
        _windows(across, src.shape[2]), borders, (cval, cval), cost, None,
    )  # fmt: skip
    return call, cost * dst.size


def _windows(f: Filter | None, length: int) -> Axis:
    """An axis, the position of its first window, and the number of windows."""
    return length, -(f.fold.size // 2 + f.origin) if f else 0, length


@lru_cache(maxsize=64)
def pixel_of(dtype: np.dtype[Any]) -> Pixel:
    """The kind of sample, of any byte order; kept, since NumPy takes microseconds to spell a type's name."""
    return PIXELS[dtype.name]


@lru_cache(maxsize=256)
def _new_program(
    down: bytes, down_kind: int, across: bytes, across_kind: int, lane: int, channels: int,
    order: int, history: bool, level: str,
) -> Any:  # fmt: skip
    return _levels.load(level).Lines(
        lane, channels, order, np.frombuffer(down), down_kind, np.frombuffer(across), across_kind,
        history,
    )  # fmt: skip


def _program(down: Fold | None, across: Fold | None, *how: Any) -> Any:
    return _new_program(
        down.weights.tobytes() if down else b"", down.kind if down else NOTHING,
        across.weights.tobytes() if across else b"", across.kind if across else NOTHING, *how,
    )  # fmt: skip


def _exact(
    accumulator: Accumulator,
    folds: list[Fold],
    source: Pixel,
    target: Pixel,
    constant: float,
    added: bool = False,
) -> bool:
    """Whether sums of this type come out as those of scipy.ndimage.

    A mean is divided, in float32 as well: of integers, it then falls on the same side of the next integer if
    that is farther than its rounding.
    """
    if not source.integer or source.peak >= 2**32 or constant != round_or_nan(constant):
        return False
    if accumulator == "float32" and target.name in ("int64", "uint64"):
        return False  # rows of scratch are as wide as the sums
    unit, peak = 1.0, float(max(source.peak, abs(constant)))
    limit = EXACT[accumulator]
    for f in folds:
        if f.unit == 0 or f.weight / f.unit * peak / unit > limit:
            return False
        if (
            f.kind == MEAN
            and accumulator == "float32"
            and not (target.integer and target.peak < 2**16 and 4 * f.size * peak <= limit)
        ):
            return False
        if added:
            continue
        if target.integer:
            unit, peak = 1.0, float(max(target.peak, abs(constant)))
        else:
            unit, peak = unit * f.unit, max(peak * f.weight, abs(constant))
    return True


def round_or_nan(x: float) -> float:
    """Nearest integer; NaN of what is not finite."""
    return float(round(x)) if math.isfinite(x) else math.nan
