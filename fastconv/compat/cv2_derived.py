# SPDX-License-Identifier: BSD-3-Clause
# ruff: noqa: N802, N803 -- the names are OpenCV's
"""OpenCV's functions that are made of its filters, under its names.

    copyMakeBorder  pyrDown  spatialGradient  sqrBoxFilter  getGaborKernel

Integers are OpenCV's to the pixel; floats differ in the last bits. The rest is as `fastconv.compat.cv2` says.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._borders import index_table
from ..api import correlate
from . import cv2
from .cv2 import Array, Depth, Pair, error
from .half_up import correlate_half_up

__all__ = ["copyMakeBorder", "getGaborKernel", "pyrDown", "spatialGradient", "sqrBoxFilter"]

_CENTRE = (-1, -1)
_BINOMIAL = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256
_BINOMIAL.flags.writeable = False


def copyMakeBorder(
    src: ArrayLike,
    top: int,
    bottom: int,
    left: int,
    right: int,
    borderType: int,
    dst: Array | None = None,
    value: Any = 0,
) -> Array:
    """Surround an image by what stands outside of it.

    Parameters
    ----------
    src : array_like, shape (H, W) or (H, W, C)
    top, bottom, left, right : int
        Rows and columns to be added, each at least 0.
    borderType : int
        ``BORDER_CONSTANT`` ... ``BORDER_WRAP``.
    dst : ndarray, optional
        Filled and returned if it has the result's type and shape.
    value : number or sequence of numbers
        Of ``BORDER_CONSTANT``, one a channel; channels without one get 0, as do all but the first of a
        number. What the type cannot hold saturates.

    Returns
    -------
    ndarray
        Of the type of `src`.

    Raises
    ------
    error
        An argument is wrong.

    Examples
    --------
    >>> import numpy as np
    >>> from fastconv import cv2
    >>> cv2.copyMakeBorder(np.array([[1, 2, 3]]), 0, 1, 2, 1, cv2.BORDER_REFLECT_101)
    array([[3, 2, 1, 2, 3, 2],
           [3, 2, 1, 2, 3, 2]])
    """
    image, border = cv2._picture(cv2._array(src, "src"), "src"), cv2._border(borderType)
    if image.size == 0:
        raise error(f"src must not be empty; got shape {image.shape}")
    added = []
    for given, name in ((top, "top"), (bottom, "bottom"), (left, "left"), (right, "right")):
        count = cv2._whole(given, name, "a whole number of at least 0")
        if count < 0:
            raise error(f"{name} must be a whole number of at least 0; got {given!r}")
        added.append(count)
    rows = index_table(image.shape[0], -added[0], image.shape[0] + added[0] + added[1], border)
    cols = index_table(image.shape[1], -added[2], image.shape[1] + added[2] + added[3], border)
    made = image[rows[:, np.newaxis], cols]
    if border == "constant":
        constant = _constant(value, image)
        made[rows < 0], made[:, cols < 0] = constant, constant
    return _given(made, dst)


def pyrDown(
    src: ArrayLike,
    dst: Array | None = None,
    dstsize: Pair | None = None,
    borderType: int = cv2.BORDER_DEFAULT,
) -> Array:
    """Blur with a binomial kernel of 5 x 5, and keep every second row and column.

    Parameters
    ----------
    src : array_like, shape (H, W) or (H, W, C)
    dst : ndarray, optional
        Filled and returned if it has the result's type and shape.
    dstsize : (int, int), optional
        Width and height of the result: half of those of `src`, rounded up (the default) or down, or one less.
        (OpenCV gives one more column, too, a mean about the last pixel.)
    borderType : int
        ``BORDER_REPLICATE`` ... ``BORDER_REFLECT_101``; no constant.

    Returns
    -------
    ndarray
        Of the type of `src`; integers are rounded once, halves up.

    Raises
    ------
    error
        An argument is wrong.

    Examples
    --------
    >>> import numpy as np
    >>> from fastconv import cv2
    >>> cv2.pyrDown(np.array([[0, 0, 160, 160, 160, 160]], np.uint8))
    array([[ 20, 110, 160]], dtype=uint8)
    """
    image, border = cv2._picture(cv2._array(src, "src"), "src"), cv2._border(borderType)
    if border == "constant":
        raise error("borderType must not be BORDER_CONSTANT, of which pyrDown knows no value")
    if image.size == 0:
        raise error(f"src must not be empty; got shape {image.shape}")
    height, width = image.shape[:2]
    if dstsize is None or tuple(dstsize) == (0, 0):
        size = (width + 1) // 2, (height + 1) // 2
    else:
        size = cv2._pair(dstsize, "dstsize")
    for count, length in zip(size, (width, height), strict=True):
        if count < 1 or not -2 <= 2 * count - length <= 1:
            raise error(
                f"dstsize must be half of src's (width, height), {(width, height)}, rounded, or one less; "
                f"got {dstsize!r}"
            )
    blurred = _blurred(image, border)
    return _given(np.ascontiguousarray(blurred[: 2 * size[1] : 2, : 2 * size[0] : 2]), dst)


def _blurred(image: Array, border: str) -> Array:
    """By the binomial kernel, halves up."""
    axis = None if image.ndim == 2 else -1
    if image.dtype in (np.uint8, np.uint16) and image.dtype.isnative:
        made: Array = correlate_half_up(image, _BINOMIAL, border=border, channel_axis=axis)
        return made
    dtype = cv2._own_type(image, _BINOMIAL)
    # half a unit of the sums rounds their halves up
    number = 1 / 512 if dtype.kind in "iu" else 0.0
    return correlate(image, _BINOMIAL, dtype=dtype, border=border, channel_axis=axis, offset=number)


def spatialGradient(
    src: ArrayLike,
    dx: Array | None = None,
    dy: Array | None = None,
    ksize: int = 3,
    borderType: int = cv2.BORDER_DEFAULT,
) -> tuple[Array, Array]:
    """Take both of Sobel's first derivatives.

    Parameters
    ----------
    src : array_like of uint8, shape (H, W)
    dx, dy : ndarray, optional
        Filled and returned if they have the result's type and shape.
    ksize : {3}
    borderType : int
        ``BORDER_REFLECT_101`` or ``BORDER_REPLICATE``.

    Returns
    -------
    ndarray of int16
        Along the row.
    ndarray of int16
        Down the column.

    Raises
    ------
    error
        An argument is wrong.

    Examples
    --------
    >>> import numpy as np
    >>> from fastconv import cv2
    >>> [d.tolist() for d in cv2.spatialGradient(np.array([[0, 10, 30]], np.uint8))]
    [[[0, 120, 0]], [[0, 0, 0]]]
    """
    image = cv2._picture(cv2._array(src, "src"), "src")
    if image.dtype != np.uint8 or image.ndim != 2:
        raise error(
            f"src must be of type uint8 and have one channel; got {image.dtype}, {image.shape}"
        )
    if cv2._whole(ksize, "ksize", "3") != 3:
        raise error(f"ksize must be 3; got {ksize!r}")
    if cv2._border(borderType) not in ("mirror", "nearest"):
        raise error(
            f"borderType must be BORDER_REFLECT_101 or BORDER_REPLICATE; got {borderType!r}"
        )
    return (
        cv2.Sobel(image, cv2.CV_16S, 1, 0, dx, borderType=borderType),
        cv2.Sobel(image, cv2.CV_16S, 0, 1, dy, borderType=borderType),
    )


def sqrBoxFilter(
    src: ArrayLike,
    ddepth: Depth,
    ksize: Pair,
    dst: Array | None = None,
    anchor: Pair = _CENTRE,
    normalize: bool = True,
    borderType: int = cv2.BORDER_DEFAULT,
) -> Array:
    """Take the mean, or the sum, of the squares of a rectangle about each pixel.

    Parameters
    ----------
    src : array_like, shape (H, W) or (H, W, C)
    ddepth : int or dtype
        Type of the result; -1 is float32 for integers, float64 for floats.
    ksize, dst, anchor, normalize, borderType
        As in `boxFilter`.

    Returns
    -------
    ndarray

    Raises
    ------
    error
        An argument is wrong.

    Examples
    --------
    >>> import numpy as np
    >>> from fastconv import cv2
    >>> cv2.sqrBoxFilter(np.array([[1, 2, 3]], np.uint8), -1, (3, 1), normalize=False)
    array([[ 9., 14., 17.]], dtype=float32)
    """
    image = cv2._array(src, "src")
    if type(ddepth) is int and ddepth == -1:
        ddepth = cv2.CV_64F if image.dtype.kind in "fc" else cv2.CV_32F
    # 16 bits hold a byte's square
    wide = np.dtype(np.uint16 if image.dtype == np.uint8 else np.float64)
    squares = np.square(
        image, dtype=np.result_type(wide, image.dtype) if image.dtype.kind == "c" else wide
    )
    return cv2.boxFilter(squares, ddepth, ksize, dst, anchor, normalize, borderType)


def getGaborKernel(
    ksize: Pair,
    sigma: float,
    theta: float,
    lambd: float,
    gamma: float,
    psi: float = np.pi / 2,
    ktype: int = cv2.CV_64F,
) -> Array:
    """Weights of a Gabor filter: a wave under a Gaussian.

    Parameters
    ----------
    ksize : (int, int)
        Width and height; an even one is made odd, one that is not positive is made from `sigma`: three
        standard deviations on either side.
    sigma : number
        Standard deviation of the Gaussian along the wave.
    theta : number
        Direction of the wave, in radians.
    lambd : number
        Length of the wave in pixels.
    gamma : number
        What the Gaussian is narrower by across the wave.
    psi : number
        Phase of the wave at the centre, in radians.
    ktype : {CV_32F, CV_64F}

    Returns
    -------
    ndarray

    Raises
    ------
    error
        An argument is wrong.

    Examples
    --------
    >>> from fastconv import cv2
    >>> cv2.getGaborKernel((3, 1), 1, 0, 4, 1, 0).round(3).tolist()
    [[0.0, 1.0, 0.0]]
    """
    size = cv2._pair(ksize, "ksize")
    numbers = {"sigma": sigma, "theta": theta, "lambd": lambd, "gamma": gamma, "psi": psi}
    for name, given in numbers.items():
        numbers[name] = cv2._number(given, name)
    for name in ("sigma", "lambd", "gamma"):
        if numbers[name] == 0:
            raise error(f"{name} must not be 0; got {numbers[name]!r}")
    dtype = cv2._float_type(ktype)
    across, along = numbers["sigma"], numbers["sigma"] / numbers["gamma"]
    c, s = np.cos(numbers["theta"]), np.sin(numbers["theta"])
    reach_x = size[0] // 2 if size[0] > 0 else round(max(abs(3 * across * c), abs(3 * along * s)))
    reach_y = size[1] // 2 if size[1] > 0 else round(max(abs(3 * across * s), abs(3 * along * c)))
    if (2 * reach_x + 1) * (2 * reach_y + 1) > cv2._LONGEST:
        raise error(
            f"ksize, or sigma and gamma, must make at most 2**24 weights; got {ksize!r}, {sigma!r}, {gamma!r}"
        )
    y, x = np.ogrid[reach_y : -reach_y - 1 : -1, reach_x : -reach_x - 1 : -1]
    down_wave, over_wave = x * c + y * s, y * c - x * s
    gaussian = np.exp(-0.5 / across**2 * down_wave**2 - 0.5 / along**2 * over_wave**2)
    wave = np.cos(2 * np.pi / numbers["lambd"] * down_wave + numbers["psi"])
    kernel: Array = (gaussian * wave).astype(dtype)
    return kernel


def _constant(value: Any, image: Array) -> Array:
    """What surrounds each channel, as the image's type holds it."""
    try:
        numbers = np.atleast_1d(np.asarray(value, np.float64)).ravel()
    except (TypeError, ValueError):
        raise error(f"value must be a number, or one a channel; got {value!r}") from None
    channels = 1 if image.ndim == 2 else image.shape[2]
    numbers = np.append(numbers, np.zeros(channels))[:channels]
    if image.ndim == 2:
        numbers = numbers[0]
    if image.dtype.kind in "iu":
        limits = np.iinfo(image.dtype)
        numbers = np.clip(np.rint(numbers), limits.min, limits.max)
    constant: Array = np.asarray(numbers).astype(image.dtype)
    return constant


def _given(made: Array, dst: Array | None) -> Array:
    """The result, in the array that is to be filled, if it fits."""
    out = None if dst is None else cv2._fitting(dst, made.shape, made.dtype)
    if out is None:
        return made
    out[...] = made
    return dst  # type: ignore[return-value]
