# SPDX-License-Identifier: BSD-3-Clause
"""Regions: filter a part of a picture and leave all other pixels as they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._borders import canonical, index_table
from ._options import as_index
from .api import convolve

__all__ = ["Region", "as_region", "in_region"]

# Left, top, width, height.
Region = tuple[int, int, int, int]


def as_region(region: Any, height: int, width: int) -> Region:
    """Check a region of a picture of this size.

    Examples
    --------
    >>> as_region([1, 0, 2, 3], 3, 4)
    (1, 0, 2, 3)
    """
    try:
        x, y, w, h = (as_index(value, "region") for value in region)
    except (TypeError, ValueError):
        raise ValueError(
            f"region must be four integers: left, top, width, height; got {region!r}"
        ) from None
    if min(x, y) < 0 or min(w, h) < 1 or x + w > width or y + h > height:
        raise ValueError(
            f"region must lie within a picture of {width} x {height} pixels, and hold one; got "
            f"left {x}, top {y}, width {w}, height {h}"
        )
    return x, y, w, h


def in_region(
    a: NDArray[Any],
    size: tuple[int, ...],
    region: Any,
    border: str,
    work: Callable[[NDArray[Any]], NDArray[Any]],
) -> NDArray[Any]:
    """A copy of a picture of shape (H, W) or (H, W, C) with a region filtered.

    Parameters
    ----------
    a : ndarray
    size : (int, int)
        Size of the kernel. Its centre must lie on it.
    region : (int, int, int, int)
    border : str
    work : callable
        Filters a picture under this border. It gets the region with all pixels that its windows
        see.
    """
    x, y, w, h = as_region(region, a.shape[0], a.shape[1])
    name = canonical(border)
    rows, top = _seen(a.shape[0], y, h, size[0], name)
    cols, left = _seen(a.shape[1], x, w, size[1], name)
    filtered = work(a[rows][:, cols])[top : top + h, left : left + w]
    # if the type changes, the identity kernel converts the other pixels
    same = filtered.dtype == a.dtype.newbyteorder("=")
    result = np.array(a, filtered.dtype) if same else convolve(a, [[1.0]], dtype=filtered.dtype)
    result[y : y + h, x : x + w] = filtered
    return result


def _seen(length: int, first: int, count: int, reach: int, border: str) -> tuple[Any, int]:
    """Indices along an axis of the pixels that the windows of `count` pixels see, and the place of
    the first of these among them.

    They include the border's pixels, except for a constant, which filtering adds again.
    """
    if border == "constant":
        low = max(first - reach, 0)
        return slice(low, min(first + count + reach, length)), first - low
    return index_table(length, first - reach, count + 2 * reach, border), reach
