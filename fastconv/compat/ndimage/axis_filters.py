# SPDX-License-Identifier: BSD-3-Clause
"""Filters along axes, one after the other, with scipy.ndimage's sums and casts, as calls of the engine.

Any two neighbouring axes of an array are the rows and columns of a stack of pictures: one call of the engine
filters along both, or along one (src/scipy/correlate1d.pxi, src/scipy/uniform_filter.pxi). More axes take
more calls, with intermediate arrays of the result's type, as in SciPy. The planner chooses the type of sums
(src/planning/scipy.pxi).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ... import _levels
from ..._engine import calls
from ..._engine.planner import Kernel, Strategy, decide_lines, lines_of
from ..._execute import Axis, execute
from ..._pixels import Floats, pixel_of

# An axis is filtered down rows if the axes behind it hold at least so many samples, else across rows whose
# pixels are those samples. A mean goes across a pixel sample by sample.
_LONG, _LONG_MEAN = 32, 16
# Two axes are filtered in one call if groups of not more samples lie behind them.
_GROUP = 8
# If rows have fewer samples than this, and there are more rows than samples, rows and columns are exchanged:
# each row costs some time.
_NARROW = 32

# SciPy's tolerance of weights that are symmetric.
_EPS = float(np.finfo(np.float64).eps)

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Fold:
    """The weights of a filter, and how SciPy sums them.

    Attributes
    ----------
    weights : ndarray of float64, shape (n,), read-only
        In the order of the samples they multiply. Of a mean only their number counts.
    kind : {"list", "even", "odd", "mean"}
        From the last sample on; in pairs about the middle, which are added or subtracted; as a running sum.
    """

    weights: Floats
    kind: str

    @property
    def size(self) -> int:
        """Number of weights."""
        return len(self.weights)


@dataclass(frozen=True)
class Filter:
    """A filter along an axis, with the border and the origin of its windows."""

    axis: int
    fold: Fold
    border: str
    origin: int


def _symmetry(w: Floats) -> str:
    """As scipy.ndimage sees it: to within float64's epsilon, absolute."""
    if len(w) % 2 == 0:
        return "list"
    if w.tobytes() == w[::-1].tobytes():
        return "even"
    half = len(w) // 2
    after, before = w[half + 1 :], w[:half][::-1]
    with np.errstate(invalid="ignore"):
        if not (np.abs(after - before) > _EPS).any():
            return "even"
        if not (np.abs(after + before) > _EPS).any():
            return "odd"
    return "list"


@lru_cache(maxsize=256)
def _fold(weights: bytes) -> Fold:
    w = np.frombuffer(weights)
    return Fold(w, _symmetry(w))


def fold(weights: Floats) -> Fold:
    """Weights as they lie on the samples, at least one."""
    return _fold(weights.tobytes())


@lru_cache(maxsize=256)
def mean(size: int) -> Fold:
    """A running mean of `size` samples."""
    return Fold(np.ones(size), "mean")


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
        _step_of_several(
            src,
            to,
            cval,
            tuple((f.axis, f.fold.weights, f.fold.kind, f.border, f.origin) for f in group),
        )
        src = to
    return None, 0.0


@calls.repeatable("src", "dst")
def _step_of_several(
    src: Array, dst: Array, cval: float, filters: tuple[tuple[Any, ...], ...]
) -> Array:
    """A step of several, each of which is found again by itself."""
    group = [
        Filter(axis, mean(len(weights)) if kind == "mean" else fold(weights), border, origin)
        for axis, weights, kind, border, origin in filters
    ]
    return calls.offer(src, (dst, *_step(group, src, dst, cval, False)))


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
            and (pair[0].fold.kind != "mean" or pair[0].axis < pair[1].axis)
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
        down and across and down.fold.kind == "mean"
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
    if behind >= (_LONG_MEAN if first.fold.kind == "mean" else _LONG):
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
    source, target = pixel_of(src.dtype, "input"), pixel_of(dst.dtype, "output")
    constant = cval if any(f.border == "constant" for f in group) else 0.0
    order = "added" if added else "across first" if group[0] is across and down else "down first"
    lines, strategy = _decided(
        down.fold if down else None, across.fold if across else None, order, src.shape[-1],
        source.code, target.code, constant, _levels.level,
    )  # fmt: skip
    borders = (down.border if down else "reflect", across.border if across else "reflect")
    call = execute(
        strategy, src, dst, lines, source, target, _windows(down, src.shape[1]),
        _windows(across, src.shape[2]), borders, (cval, cval), None,
    )  # fmt: skip
    return call, strategy.cost * dst.size


def _windows(f: Filter | None, length: int) -> Axis:
    """An axis, the position of its first window, and the number of windows."""
    return length, -(f.fold.size // 2 + f.origin) if f else 0, length


@lru_cache(maxsize=256)
def _decided(
    down: Fold | None, across: Fold | None, order: str, channels: int, source: int, target: int,
    constant: float, level: str,
) -> tuple[Kernel, Strategy]:  # fmt: skip
    """The weights of both, and how the engine of this level filters `channels` samples a pixel with them."""
    down_kind, across_kind = (f.kind if f else "nothing" for f in (down, across))
    lines = lines_of(*(f.weights if f else np.ones(1) for f in (down, across)))
    return lines, decide_lines(
        lines, down_kind, across_kind, order, source, target, constant, level
    )
