# SPDX-License-Identifier: BSD-3-Clause
"""Pyramids: an image and ever smaller images, each a blurred half of the one before.

P. J. Burt and E. H. Adelson, "The Laplacian pyramid as a compact image code", IEEE Trans. Comm. 31, 1983.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike, NDArray

from ._options import as_image, as_index
from .api import convolve
from .kernels import binomial

__all__ = ["pyramid"]

_WEIGHTS = binomial(5)
# Half of the least difference of two sums of integers. Added to the sums, it rounds ties up and
# changes no other.
_UP = 1 / 512


def pyramid(
    image: ArrayLike, levels: int, *, channel_axis: int | None = None, threads: int | None = None
) -> list[NDArray[Any]]:
    """Halve an image again and again: every second row and column of its binomial blur.

    Parameters
    ----------
    image : array_like, shape (..., H, W)
        Of any type that `convolve` takes. Leading axes are a batch of images.
    levels : int
        How often to halve it, at least 0.
    channel_axis : int, optional
        An axis of colours, which is not halved: -1 for (..., H, W, C).
    threads : int, optional
        The most threads to use; see `set_num_threads`.

    Returns
    -------
    list of ndarray
        The image and `levels` smaller ones of its type, each of the shape ((H + 1) // 2, (W + 1) // 2) of
        the one before. Integers are those of ``cv2.pyrDown`` to the last bit: exact, and halves are rounded
        up. The first is the array that was given, and no copy.

    Raises
    ------
    TypeError
        As `convolve`, and if the image is not in memory.
    ValueError
        `levels` is negative.

    Notes
    -----
    The blur is ``kernels.binomial(5)``: weights 1, 4, 6, 4, 1 down and across, divided by 256. The border is
    "mirror", which does not repeat the pixel at the edge.

    Examples
    --------
    >>> import fastconv, numpy as np
    >>> small = fastconv.pyramid(np.arange(30, dtype=np.uint8).reshape(5, 6), 2)
    >>> [level.shape for level in small]
    [(5, 6), (3, 3), (2, 2)]
    >>> small[1].tolist()
    [[5, 7, 8], [13, 14, 16], [20, 22, 23]]
    """
    a, count = as_image(image), as_index(levels, "levels")
    if count < 0:
        raise ValueError(f"levels must be at least 0; got {levels}")
    made = [a]
    for _ in range(count):
        made.append(_halved(made[-1], channel_axis, threads))
    return made


def _halved(a: NDArray[Any], channel_axis: int | None, threads: int | None) -> NDArray[Any]:
    return convolve(
        a, _WEIGHTS, border="mirror", stride=2, channel_axis=channel_axis, threads=threads,
        offset=_UP if a.dtype.kind in "iu" else 0.0,
    )  # fmt: skip
