# SPDX-License-Identifier: BSD-3-Clause
"""Kernels that are larger than the picture, folded onto it, so that none costs more than one of its size.

Taps that see the same pixel from every window are replaced by one tap with the sum of their
weights. A border that reflects or wraps repeats the picture with a period, and taps a period apart
become one:

    wrap       period n           a b c d | a b c d | a b c d
    reflect    period 2n          d c b a | a b c d | d c b a
    mirror     period 2n - 2        d c b | a b c d | c b a

Under "nearest" and "constant", all taps that are outside of the picture for every window see the
same pixel. They are added to the nearest tap that may be inside.

How a kernel is folded depends on the size of the picture, so this does not serve parts of a picture.
"""

from __future__ import annotations

import numpy as np

from ._engine.planner import Kernel, folded_from, rational
from ._pixels import Floats

# Pixels of an axis, and position of the first window's first tap. There are as many windows as
# pixels.
Axis = tuple[int, int]
# Weights of two axes, and the positions of the first window's first tap.
Folded = tuple[Floats, tuple[int, int]]


def folded(weights: Floats, axis: int, place: Axis, border: str) -> tuple[Floats, int]:
    """Fold weights along one of their axes.

    Returns
    -------
    (ndarray, int)
        The folded weights, and the position of the first window's first tap: `place`'s, unless
        there was something to fold.
    """
    length, start = place
    size = weights.shape[axis]
    if border in ("nearest", "constant"):
        return _cumulated(weights, axis, place, int(border == "constant"))
    period = length if border == "wrap" else 2 * length if border == "reflect" else 2 * length - 2
    period = max(period, 1)
    if size <= period:
        return weights, start
    lines = np.moveaxis(weights, axis, 0)
    whole = np.zeros((-(-size // period) * period, *lines.shape[1:]))
    whole[:size] = lines
    sums = whole.reshape(-1, period, *lines.shape[1:]).sum(axis=0)
    return np.moveaxis(sums, 0, axis), -(-start % period)


def _cumulated(weights: Floats, axis: int, place: Axis, beyond: int) -> tuple[Floats, int]:
    """Add up the taps that see the same edge pixel, or the constant, from all windows. The constant
    begins one position after the last pixel.
    """
    length, start = place
    lines = np.moveaxis(weights, axis, 0)
    first = max(0, -start - (length - 1) - beyond)
    last = min(len(lines) - 1, length - 1 + beyond - start)
    if first == 0 and last == len(lines) - 1:
        return weights, start
    found = lines[first : last + 1].copy()
    found[0] += lines[:first].sum(axis=0)
    found[-1] += lines[last + 1 :].sum(axis=0)
    return np.moveaxis(found, 0, axis), start + first


def folded_line(line: Floats, place: Axis, border: str) -> tuple[Floats, int]:
    """Fold a line, whose results differ by roundings only. A rational line stays rational."""
    found = rational(line)
    if found is None:
        return folded(line, 0, place, border)
    whole, divisor = found
    sums, start = folded(np.array(whole), 0, place, border)
    return sums / divisor, start


def folded_kernel(
    kernel: Kernel, places: tuple[Axis, Axis], borders: tuple[str, ...], integer: bool
) -> tuple[Kernel, tuple[int, int]] | None:
    """Fold a kernel along both axes.

    Parameters
    ----------
    kernel : Kernel
        Of an array of weights.
    places : two of Axis
    borders : two of str
    integer : bool
        Whether results are integers. Then rational weights stay rational. Sums of others are rounded,
        and could decide a tie differently: the kernel says of which one it was made, for results
        that are near a tie.

    Returns
    -------
    (Kernel, (int, int)) or None
        The folded kernel, and the positions of the first window's first tap. None if the folded
        kernel might have other results.
    """
    weights = np.frombuffer(kernel.memory).reshape(kernel.shape)
    whole = rational(weights.ravel()) if integer else None
    found = (
        _folded_whole(whole, kernel.shape, places, borders)
        if whole
        else _onto(weights, places, borders)
        if integer
        else _folded_floats(kernel, places, borders)
    )
    if found is None or not np.isfinite(found[0]).all():
        return None
    sums, starts = np.ascontiguousarray(found[0]), found[1]
    if not sums.all() and (_onto(abs(weights), places, borders)[0][sums == 0] > 0).any():
        return None  # weights cancel: their NaN and infinity would be left out
    if not integer or whole:
        return Kernel(sums), starts
    (_, top), (_, left) = places
    return folded_from(kernel, sums, top - starts[0], left - starts[1]), starts


def _folded_floats(kernel: Kernel, places: tuple[Axis, Axis], borders: tuple[str, ...]) -> Folded:
    lines = kernel.lines()
    if lines is None:
        return _onto(np.frombuffer(kernel.memory).reshape(kernel.shape), places, borders)
    # folded as an array it would be of rank one but for roundings
    (column, top), (row, left) = (
        folded_line(np.frombuffer(line), place, border)
        for line, place, border in zip(lines, places, borders, strict=True)
    )
    return column[:, np.newaxis] * row, (top, left)


def _folded_whole(
    whole: tuple[list[float], int],
    shape: tuple[int, int],
    places: tuple[Axis, Axis],
    borders: tuple[str, ...],
) -> Folded | None:
    """Fold whole numbers over a divisor. None if they would no longer count as rational."""
    numbers, divisor = whole
    sums, starts = _onto(np.array(numbers).reshape(shape), places, borders)
    weights = np.ascontiguousarray(sums / divisor)
    return None if rational(weights.ravel()) is None else (weights, starts)


def _onto(weights: Floats, places: tuple[Axis, Axis], borders: tuple[str, ...]) -> Folded:
    weights, top = folded(weights, 0, places[0], borders[0])
    weights, left = folded(weights, 1, places[1], borders[1])
    return weights, (top, left)
