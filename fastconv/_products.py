# SPDX-License-Identifier: BSD-3-Clause
"""Kernels of any size that are a column times a row, without an array of all their weights.

Lines that are longer than the picture are folded onto it (_fold.py), which depends on its size, so
this does not serve parts of a picture.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._fold import folded_line
from ._options import Product
from ._pixels import Floats
from ._plan import Plan, make_plan
from .api import correlate

# Up to so many weights a product becomes an array, since all methods know arrays: as it is given,
# and after folding it onto a picture.
LARGEST_ARRAY = 2**14
LARGEST_FOLDED = 2**17
# Most weights of a product that must become an array.
_MOST_WEIGHTS = 2**24
# Number of plans that are kept. Each holds spectra of some 100 kB.
_KEPT = 16

Weights = NDArray[Any] | Product


def product_of_lines(column: Floats, row: Floats, most: int | None = None) -> Weights:
    """The kernel of two lines: an array if it has at most `most` weights (default
    LARGEST_ARRAY).
    """
    most = LARGEST_ARRAY if most is None else most
    if min(len(column), len(row)) == 1 or len(column) * len(row) <= most:
        made = column[:, np.newaxis] * row
        made.flags.writeable = False
        return made
    return Product(np.ascontiguousarray(column), np.ascontiguousarray(row))


def correlate_product(
    image: NDArray[Any],
    kernel: Product,
    *,
    border: str,
    cval: float,
    origin: int | tuple[int, int],
    channel_axis: int | None,
    dtype: np.dtype[Any] | None,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """Correlate an image in memory with a product.

    Parameters
    ----------
    image : ndarray, shape (H, W), or (H, W, C) with ``channel_axis=-1``
    kernel : Product
    border, cval, origin, channel_axis, dtype, out
        As in `fastconv.correlate`, by its own names.

    Returns
    -------
    ndarray
    """
    shifts = origin if isinstance(origin, tuple) else (origin, origin)
    target = image.dtype if dtype is None else dtype
    if target.kind in "iu" and (image.dtype.kind == "f" or image.dtype.itemsize > 2):
        # only sums in the definition's order give exact integers here
        return correlate(
            image, _listed(kernel), border=border, cval=cval, origin=origin, channel_axis=channel_axis,
            dtype=dtype, out=out,
        )  # fmt: skip
    made = _plan_of(
        kernel, (image.shape[0], image.shape[1]), border, cval, shifts, channel_axis, dtype
    )
    result: NDArray[Any] = made(image, out=out)
    return result


def _listed(kernel: Product) -> Floats:
    if kernel.size > _MOST_WEIGHTS:
        raise ValueError(
            f"kernel must have at most 2**24 weights for this type of image and result; got {kernel.size}"
        )
    return np.outer(kernel.column, kernel.row)


@lru_cache(maxsize=_KEPT)
def _plan_of(
    kernel: Product,
    size: tuple[int, int],
    border: str,
    cval: float,
    shifts: tuple[int, int],
    channel_axis: int | None,
    dtype: np.dtype[Any] | None,
) -> Plan:
    """The plan of a product for pictures of this size, with its lines folded onto them."""
    lines, origin = [kernel.column, kernel.row], list(shifts)
    for i, length in enumerate(size):
        if length:
            start = -(len(lines[i]) // 2 + shifts[i])
            lines[i], start = folded_line(lines[i], (length, start), border)
            origin[i] = -start - len(lines[i]) // 2
    folded = product_of_lines(lines[0], lines[1], LARGEST_FOLDED)
    return make_plan(
        folded, False, border=border, cval=cval, origin=(origin[0], origin[1]), channel_axis=channel_axis,
        dtype=dtype,
    )  # fmt: skip
