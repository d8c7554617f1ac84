# SPDX-License-Identifier: BSD-3-Clause
"""A correlation whose halves are rounded up: what OpenCV's fixed point gives, and its means of bytes.

Of sums that are multiples of a unit below 1, none is a tie once half a unit has been added, and no other
changes its rounding. So a dot (src/methods/int8_dot.pxi) adds that. Sums of floats, which may have no bit
left for it, have 1/2 added and are cut off (src/rows/cast.pxi), which is the same where no result saturates.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .. import _levels
from .._arguments import quiet
from .._engine import calls, planner
from .._engine.planner import Strategy, binary_unit
from .._execute import execute
from .._options import Product
from .._pixels import PIXELS
from .._products import Weights

# How, and the kernel that it is for.
_Way: TypeAlias = tuple[Any, Any]
# A result; the engine's call that made it, if it was one; predicted ns. See fastconv._engine.calls.offer.
_Made: TypeAlias = tuple[Any, Any, float]


@calls.repeatable("image", "out")
def correlate_half_up(
    image: NDArray[Any],
    kernel: Weights,
    *,
    border: str,
    channel_axis: int | None,
    out: NDArray[Any] | None = None,
) -> Any:
    """Correlate with a mean, halves rounded up.

    Parameters
    ----------
    image : ndarray of uint8 or uint16, shape (H, W), or (H, W, C) with ``channel_axis=-1``
        Not empty.
    kernel : ndarray of float64, shape (h, w), or Product
        Of multiples of a power of two, none of them negative, their sum 1.
    border : str
        As in `fastconv.correlate`, with a constant of 0.
    channel_axis : -1 or None
    out : ndarray, optional
        Of the image's shape and type; also the image itself.

    Returns
    -------
    ndarray
        Or NotImplemented, of lines so long that only spectra pay, whose sums are not exact.
    """
    return calls.offer(image, _half_up(image, kernel, out, border, channel_axis))


@quiet
def _half_up(
    image: NDArray[Any],
    kernel: Weights,
    out: NDArray[Any] | None,
    border: str,
    channel_axis: int | None,
) -> _Made:
    if isinstance(kernel, Product):
        strategy, weights = _lines(
            image.dtype, kernel.column.tobytes(), kernel.row.tobytes(), _levels.level
        )
    else:
        strategy, weights = _window(image.dtype, kernel.tobytes(), kernel.shape, _levels.level)
    if strategy is None:
        return NotImplemented, None, 0.0
    return _done(strategy, image, weights, out, border, channel_axis)


@lru_cache(maxsize=256)
def _window(pixel: np.dtype[Any], weights: bytes, shape: tuple[int, int], level: str) -> _Way:
    """The cheapest way, and its kernel."""
    array = np.frombuffer(weights).reshape(shape)
    unit, peak = binary_unit(array.ravel()), float(np.iinfo(pixel).max)
    window = planner.Kernel(array)
    # each line's sum is 1, so these are the lines, and exact
    lines = planner.product_of(array.sum(axis=1), array.sum(axis=0))
    # of whole sums there are no ties, and half a unit would make some
    found: list[_Way] = [(_dots(window, pixel, min(unit, 0.5) / 2, level), window)]
    for accumulator, bits in (("float32", 24), ("float64", 53)):
        found.append((_cut_off(lines, pixel, "separable", accumulator, level), lines))
        if peak <= 2.0**bits * unit:  # no sum is larger
            for method in ("direct", "sparse"):
                found.append((_cut_off(window, pixel, method, accumulator, level, True), window))
    ways = [way for way in found if way[0] is not None]
    return min(ways, key=lambda way: way[0].cost, default=(None, None))


@lru_cache(maxsize=16)
def _lines(pixel: np.dtype[Any], column: bytes, row: bytes, level: str) -> _Way:
    """The same for a column times a row."""
    kernel = planner.product_of(np.frombuffer(column), np.frombuffer(row))
    accumulator = "float32" if pixel == np.uint8 else "float64"
    return _cut_off(kernel, pixel, "separable", accumulator, level), kernel


def _dots(kernel: planner.Kernel, pixel: np.dtype[Any], half: float, level: str) -> Strategy | None:
    """Sums of bytes, to which half a unit is added."""
    if pixel != np.uint8:
        return None
    code = PIXELS["uint8"].code
    found = planner.proposed(
        kernel, code, code, 0.0, 255.0, True, 1024, 1024, 1, "dot", level, "float32", offset=half
    )
    return found if isinstance(found, Strategy) else None


def _cut_off(
    kernel: planner.Kernel,
    pixel: np.dtype[Any],
    method: str,
    accumulator: Any,
    level: str,
    exact: bool = False,
) -> Strategy | None:
    """A way whose sums are known to be exact, or said to be by its error."""
    code, peak = PIXELS[pixel.name].code, float(np.iinfo(pixel).max)
    found = planner.proposed(
        kernel, code, code, 0.0, peak, True, 1024, 1024, 1, method, level, accumulator, cast_mode="half up",
    )  # fmt: skip
    return found if isinstance(found, Strategy) and (exact or found.error == 0) else None


def _done(
    strategy: Strategy,
    image: NDArray[Any],
    kernel: planner.Kernel,
    out: NDArray[Any] | None,
    border: str,
    channel_axis: int | None,
) -> _Made:
    """Correlate in this way."""
    overlapping = out is not None and np.may_share_memory(image, out)
    if out is None:
        out = np.empty(image.shape, image.dtype)
    elif overlapping:
        image = image.copy()
    a, b = (image, out) if channel_axis == -1 else (image[..., np.newaxis], out[..., np.newaxis])
    rows, cols = (
        (length, -(size // 2), length)
        for length, size in zip(a.shape[-3:-1], kernel.shape, strict=True)
    )
    pixel = PIXELS[image.dtype.name]
    call = execute(strategy, a, b, kernel, pixel, pixel, rows, cols, border, (0.0, 0.0), None)
    return out, (None if overlapping else call), strategy.cost * out.size
