# SPDX-License-Identifier: BSD-3-Clause
"""A correlation plus a number, rounded once: OpenCV's `delta`, Pillow's `offset`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._engine import calls
from ..api import correlate


def correlate_plus(
    image: NDArray[Any],
    kernel: NDArray[Any],
    number: float,
    *,
    dtype: np.dtype[Any],
    border: str,
    cval: float,
    origin: int | tuple[int, int],
    channel_axis: int | None,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """Correlate, add a number, and then round and saturate to `dtype`.

    Parameters
    ----------
    image : ndarray, shape (H, W), or (H, W, C) with ``channel_axis=-1``
    kernel : ndarray, shape (h, w)
    number : float
        Finite.
    dtype : dtype
        Type of the result, in this machine's byte order.
    border, cval, origin, channel_axis
        As in `fastconv.correlate`, by its own names.
    out : ndarray, optional
        Of the image's shape and of type `dtype`, in any byte order; also the image itself.

    Returns
    -------
    ndarray
    """
    # sums of the result's own type, which are not rounded to any other, get the number afterwards
    after = dtype.kind in "fc" and dtype.itemsize > 2
    sums = correlate(
        image, kernel, border=border, cval=cval, origin=origin, channel_axis=channel_axis,
        dtype=dtype if out is None else None, out=out, offset=0.0 if after else number,
    )  # fmt: skip
    if after and number and not calls.add_number(sums, number):
        with np.errstate(over="ignore", invalid="ignore"):
            np.add(sums, sums.dtype.type(number), out=sums)
    return sums
