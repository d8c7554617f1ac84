# SPDX-License-Identifier: BSD-3-Clause
# ruff: noqa: N801, N802, N803, N818 -- the names are OpenCV's
"""OpenCV's linear filters under OpenCV's names: ``from fastconv import cv2`` needs no OpenCV.

    filter2D  sepFilter2D  blur  boxFilter  GaussianBlur  Sobel  Scharr  Laplacian
    getGaussianKernel  getDerivKernels

Arguments, their order, defaults and meaning are those of OpenCV 5: sizes and points are (x, y), kernels
are correlated, the border is BORDER_REFLECT_101, `ddepth` chooses the type of the result, integers
saturate. What is not OpenCV's:

* Integer results are exact: rounded once, half to even. OpenCV's are the same but for ties, which it
  rounds up in some functions, and by one where it sums in floats or fixed point (sepFilter2D with sums
  of fractions). GaussianBlur rounds its kernel of uint8 and uint16 images as OpenCV does, to 8 and 16
  binary places. Float results differ in the last bits.
* All types of `fastconv.convolve` will do, not only those of OpenCV, from any type to any other, in any
  byte order and with any strides. bool counts as 0 and 1, and gives float32. `ddepth` may be a NumPy type.
* BORDER_WRAP works everywhere, and BORDER_CONSTANT takes a constant, ``borderValue=``.
* A kernel may be any array_like, a size or point any pair of whole numbers.
* `dst` may have any strides. As in OpenCV, one of another shape or type is left alone.
* What is wrong is an `error` that names the argument; nothing is written before all is checked.

The number of threads is fastconv's (`fastconv.set_num_threads`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import isfinite
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from .._arguments import array_of, output_of, quiet
from .._engine.calls import repeatable
from .._options import Product
from .._pixels import pixel_of
from .._products import LARGEST_ARRAY, Weights, correlate_product, product_of_lines
from ..api import correlate
from . import cv2_kernels as kernels

__all__ = [
    "ALGO_HINT_ACCURATE",
    "ALGO_HINT_APPROX",
    "ALGO_HINT_DEFAULT",
    "BORDER_CONSTANT",
    "BORDER_DEFAULT",
    "BORDER_ISOLATED",
    "BORDER_REFLECT",
    "BORDER_REFLECT101",
    "BORDER_REFLECT_101",
    "BORDER_REPLICATE",
    "BORDER_WRAP",
    "CV_8S",
    "CV_8U",
    "CV_16F",
    "CV_16S",
    "CV_16U",
    "CV_32F",
    "CV_32S",
    "CV_32U",
    "CV_64F",
    "CV_64S",
    "CV_64U",
    "FILTER_SCHARR",
    "GaussianBlur",
    "Laplacian",
    "Scharr",
    "Sobel",
    "blur",
    "boxFilter",
    "error",
    "filter2D",
    "getDerivKernels",
    "getGaussianKernel",
    "sepFilter2D",
]

Array: TypeAlias = NDArray[Any]
# Two whole numbers, x before y, or width before height.
Pair: TypeAlias = "tuple[int, int] | list[int] | Array"
# A depth of OpenCV's, or a NumPy type.
Depth: TypeAlias = "int | DTypeLike"

BORDER_CONSTANT, BORDER_REPLICATE, BORDER_REFLECT, BORDER_WRAP, BORDER_REFLECT_101 = range(5)
BORDER_REFLECT101 = BORDER_DEFAULT = BORDER_REFLECT_101
# Nothing surrounds an array, so this changes nothing.
BORDER_ISOLATED = 16

CV_8U, CV_8S, CV_16U, CV_16S, CV_32S, CV_32F, CV_64F, CV_16F = range(8)
CV_64U, CV_64S, CV_32U = 10, 11, 12  # of OpenCV 5

FILTER_SCHARR = -1

# There is but one way, so a hint changes nothing.
ALGO_HINT_DEFAULT, ALGO_HINT_ACCURATE, ALGO_HINT_APPROX = range(3)

_BORDERS = {
    flag | isolated: name
    for flag, name in enumerate(("constant", "nearest", "reflect", "wrap", "mirror"))
    for isolated in (0, BORDER_ISOLATED)
}
_DEPTHS: dict[Any, np.dtype[Any] | None] = {-1: None} | {
    depth: np.dtype(name)
    for depth, name in (
        (CV_8U, "uint8"),
        (CV_8S, "int8"),
        (CV_16U, "uint16"),
        (CV_16S, "int16"),
        (CV_32S, "int32"),
        (CV_32F, "float32"),
        (CV_64F, "float64"),
        (CV_16F, "float16"),
        (CV_64U, "uint64"),
        (CV_64S, "int64"),
        (CV_32U, "uint32"),
    )
}
_CENTRE = (-1, -1)
# Rows, or columns, that a kernel may have.
_LONGEST = 2**24
# Binary places of the weights of GaussianBlur, by NumPy's characters of uint8 and uint16.
_PLACES = {"B": 8, "H": 16}


class error(ValueError, TypeError):
    """An argument is wrong; the message names it.

    Where OpenCV raises its own `cv2.error`, this module raises this, which is a ValueError and a
    TypeError as well.
    """


# --- functions of OpenCV -------------------------------------------------------------------------


@repeatable("src", "dst")
def filter2D(
    src: ArrayLike,
    ddepth: Depth,
    kernel: ArrayLike,
    dst: Array | None = None,
    anchor: Pair = _CENTRE,
    delta: float = 0.0,
    borderType: int = BORDER_DEFAULT,
    *,
    borderValue: float = 0.0,
) -> Array:
    """Correlate an image with a kernel.

    Parameters
    ----------
    src : array_like, shape (H, W) or (H, W, C)
    ddepth : int or dtype
        Type of the result: -1 for that of `src`, ``CV_8U`` ... ``CV_64F``, or a NumPy type.
    kernel : array_like, shape (h, w) or (h, w, 1)
        A line of shape (w,) lies along the row.
    dst : ndarray, optional
        Filled and returned if it has the result's type and shape; may be `src`.
    anchor : (int, int)
        The kernel's cell (x, y) that stands on the pixel; -1 is the middle, ``size // 2``.
    delta : number
        Added to each sum before it is rounded.
    borderType : int
        ``BORDER_CONSTANT`` ... ``BORDER_WRAP``.
    borderValue : number
        The constant of ``BORDER_CONSTANT``.

    Returns
    -------
    ndarray
        `dst`, or a new array of the shape of `src`; without a last axis of length 1.

    Raises
    ------
    error
        An argument is wrong.

    Examples
    --------
    >>> import numpy as np
    >>> from fastconv import cv2
    >>> cv2.filter2D(np.array([[10, 20, 90]], np.uint8), cv2.CV_16S, np.array([[-1, 0, 1]]))
    array([[ 0, 80,  0]], dtype=int16)
    """
    weights = (
        kernel
        if type(kernel) is np.ndarray and kernel.ndim == 2 and kernel.size
        else _matrix(kernel, "kernel")
    )
    origin = 0 if anchor is _CENTRE else _origin(weights.shape, anchor)
    return _filtered(src, ddepth, weights, origin, dst, delta, borderType, borderValue)


@repeatable("src", "dst")
def sepFilter2D(
    src: ArrayLike,
    ddepth: Depth,
    kernelX: ArrayLike,
    kernelY: ArrayLike,
    dst: Array | None = None,
    anchor: Pair = _CENTRE,
    delta: float = 0.0,
    borderType: int = BORDER_DEFAULT,
    *,
    borderValue: float = 0.0,
) -> Array:
    """Correlate the rows of an image with one line of weights, its columns with another.

    Parameters
    ----------
    src : array_like, shape (H, W) or (H, W, C)
    ddepth : int or dtype
        As in `filter2D`.
    kernelX, kernelY : array_like, shape (n,), (1, n) or (n, 1)
        Along the row, and down the column.
    dst, anchor, delta, borderType, borderValue
        As in `filter2D`.

    Returns
    -------
    ndarray
        What `filter2D` returns for the product of the two, ``np.outer(kernelY, kernelX)``.

    Raises
    ------
    error
        An argument is wrong.

    Examples
    --------
    >>> import numpy as np
    >>> from fastconv import cv2
    >>> cv2.sepFilter2D(np.eye(3, dtype=np.uint8), -1, [1, 2, 1], [0, 10, 0]).tolist()
    [[20, 10, 0], [20, 20, 20], [0, 10, 20]]
    """
    across, down = _line(kernelX, "kernelX"), _line(kernelY, "kernelY")
    if across.size * down.size > LARGEST_ARRAY:
        weights = _large(across, down, delta)
    else:
        weights = kernels.outer(across.tobytes(), across.dtype, down.tobytes(), down.dtype)
    origin = 0 if anchor is _CENTRE else _origin(weights.shape, anchor)
    return _filtered(src, ddepth, weights, origin, dst, delta, borderType, borderValue)


@repeatable("src", "dst")
def blur(
    src: ArrayLike,
    ksize: Pair,
    dst: Array | None = None,
    anchor: Pair = _CENTRE,
    borderType: int = BORDER_DEFAULT,
    *,
    borderValue: float = 0.0,
) -> Array:
    """Take the mean of a rectangle about each pixel.

    Parameters
    ----------
    src : array_like, shape (H, W) or (H, W, C)
    ksize : (int, int)
        Width and height, each at least 1.
    dst, anchor, borderType, borderValue
        As in `filter2D`.

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
    >>> cv2.blur(np.array([[0, 90, 0, 0]], np.uint8), (3, 1))
    array([[60, 30, 30,  0]], dtype=uint8)
    """
    weights = _box(ksize, True)
    origin = 0 if anchor is _CENTRE else _origin(weights.shape, anchor)
    return _filtered(src, -1, weights, origin, dst, 0.0, borderType, borderValue)


@repeatable("src", "dst")
def boxFilter(
    src: ArrayLike,
    ddepth: Depth,
    ksize: Pair,
    dst: Array | None = None,
    anchor: Pair = _CENTRE,
    normalize: bool = True,
    borderType: int = BORDER_DEFAULT,
    *,
    borderValue: float = 0.0,
) -> Array:
    """Take the mean, or the sum, of a rectangle about each pixel.

    Parameters
    ----------
    src : array_like, shape (H, W) or (H, W, C)
    ddepth : int or dtype
        As in `filter2D`.
    ksize : (int, int)
        Width and height, each at least 1.
    normalize : bool
        Whether to divide the sum by the rectangle's area.
    dst, anchor, borderType, borderValue
        As in `filter2D`.

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
    >>> cv2.boxFilter(np.array([[0, 90, 90, 0]], np.uint8), cv2.CV_16U, (2, 1), normalize=False)
    array([[ 90,  90, 180,  90]], dtype=uint16)
    """
    weights = _box(ksize, normalize)
    origin = 0 if anchor is _CENTRE else _origin(weights.shape, anchor)
    return _filtered(src, ddepth, weights, origin, dst, 0.0, borderType, borderValue)


@repeatable("src", "dst")
def GaussianBlur(
    src: ArrayLike,
    ksize: Pair,
    sigmaX: float,
    dst: Array | None = None,
    sigmaY: float = 0.0,
    borderType: int = BORDER_DEFAULT,
    hint: int = ALGO_HINT_DEFAULT,
    *,
    borderValue: float = 0.0,
) -> Array:
    """Blur with a Gaussian.

    Parameters
    ----------
    src : array_like, shape (H, W) or (H, W, C)
    ksize : (int, int)
        Width and height, odd. One that is not positive is made from its sigma: 3 sigma on either side
        for uint8, 4 for all others.
    sigmaX : number
        Standard deviation along the row. Not positive: made from the width, as `getGaussianKernel` does.
    dst : ndarray, optional
        As in `filter2D`.
    sigmaY : number
        The same down the column; if it is not positive, `sigmaX`.
    borderType, borderValue
        As in `filter2D`.
    hint : int
        Changes nothing.

    Returns
    -------
    ndarray
        Of the type of `src`.

    Raises
    ------
    error
        An argument is wrong.

    Notes
    -----
    For uint8 and uint16 the weights are those of OpenCV, fixed-point numbers of 8 and 16 binary places,
    so that results are OpenCV's but for ties. ``fastconv.convolve(image, fastconv.kernels.gaussian(s))``
    has the true weights.

    Examples
    --------
    >>> import numpy as np
    >>> from fastconv import cv2
    >>> cv2.GaussianBlur(np.array([[0, 0, 255, 0, 0]], np.uint8), (0, 0), 0.8)
    array([[ 12,  58, 128,  58,  12]], dtype=uint8)
    """
    if type(src) is not np.ndarray:
        src = _array(src, "src")
    if hint is not ALGO_HINT_DEFAULT:
        _hint(hint)
    weights = _gaussian(ksize, sigmaX, sigmaY, src.dtype.char)
    return _filtered(src, -1, weights, 0, dst, 0.0, borderType, borderValue)


@repeatable("src", "dst")
def Sobel(
    src: ArrayLike,
    ddepth: Depth,
    dx: int,
    dy: int,
    dst: Array | None = None,
    ksize: int = 3,
    scale: float = 1.0,
    delta: float = 0.0,
    borderType: int = BORDER_DEFAULT,
    *,
    borderValue: float = 0.0,
) -> Array:
    """Take a derivative, smoothed across.

    Parameters
    ----------
    src : array_like, shape (H, W) or (H, W, C)
    ddepth : int or dtype
        As in `filter2D`.
    dx, dy : int
        Orders of the derivative along the row and down the column; not both 0, less than `ksize`.
    ksize : {1, 3, 5, ..., 31} or FILTER_SCHARR
        Side of the kernel; 1 is 3 without smoothing; ``FILTER_SCHARR``, or any number that is not
        positive, is what `Scharr` does.
    scale : number
        A factor of the result.
    dst, delta, borderType, borderValue
        As in `filter2D`.

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
    >>> cv2.Sobel(np.array([[0, 10, 30]], np.uint8), cv2.CV_16S, 1, 0)
    array([[  0, 120,   0]], dtype=int16)
    """
    weights = _derivative(dx, dy, ksize, scale)
    return _filtered(src, ddepth, weights, 0, dst, delta, borderType, borderValue)


@repeatable("src", "dst")
def Scharr(
    src: ArrayLike,
    ddepth: Depth,
    dx: int,
    dy: int,
    dst: Array | None = None,
    scale: float = 1.0,
    delta: float = 0.0,
    borderType: int = BORDER_DEFAULT,
    *,
    borderValue: float = 0.0,
) -> Array:
    """Take the first derivative with Scharr's 3 x 3 kernel.

    Parameters
    ----------
    src : array_like, shape (H, W) or (H, W, C)
    ddepth : int or dtype
        As in `filter2D`.
    dx, dy : int
        1 and 0, or 0 and 1.
    dst, scale, delta, borderType, borderValue
        As in `Sobel`.

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
    >>> cv2.Scharr(np.array([[0, 10, 30]], np.uint8), cv2.CV_16S, 1, 0)
    array([[  0, 480,   0]], dtype=int16)
    """
    weights = _derivative(dx, dy, FILTER_SCHARR, scale)
    return _filtered(src, ddepth, weights, 0, dst, delta, borderType, borderValue)


@repeatable("src", "dst")
def Laplacian(
    src: ArrayLike,
    ddepth: Depth,
    dst: Array | None = None,
    ksize: int = 1,
    scale: float = 1.0,
    delta: float = 0.0,
    borderType: int = BORDER_DEFAULT,
    *,
    borderValue: float = 0.0,
) -> Array:
    """Take the Laplacian: the sum of both second derivatives.

    Parameters
    ----------
    src : array_like, shape (H, W) or (H, W, C)
    ddepth : int or dtype
        As in `filter2D`.
    ksize : {1, 3, 5, ..., 31}
        1 is ``[[0, 1, 0], [1, -4, 1], [0, 1, 0]]``; others are sums of Sobel's kernels.
    dst, scale, delta, borderType, borderValue
        As in `Sobel`.

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
    >>> cv2.Laplacian(np.array([[0, 10, 40]], np.uint8), cv2.CV_16S)
    array([[ 20,  20, -60]], dtype=int16)
    """
    weights = _laplacian(ksize, scale)
    return _filtered(src, ddepth, weights, 0, dst, delta, borderType, borderValue)


def getGaussianKernel(ksize: int, sigma: float, ktype: int = CV_64F) -> Array:
    """Weights of a Gaussian.

    Parameters
    ----------
    ksize : int
        How many, at least 1.
    sigma : number
        Standard deviation. Not positive: a fixed kernel for 1, 3, 5, 7 and 9 weights, else
        ``0.3 * ((ksize - 1) * 0.5 - 1) + 0.8``.
    ktype : {CV_32F, CV_64F}

    Returns
    -------
    ndarray, shape (ksize, 1)
        The sum is 1. As in OpenCV, both middle weights of an even size are those of the top.

    Raises
    ------
    error
        An argument is wrong.

    Examples
    --------
    >>> from fastconv import cv2
    >>> cv2.getGaussianKernel(3, 0).tolist()
    [[0.25], [0.5], [0.25]]
    """
    size = _whole(ksize, "ksize", "a whole number of at least 1")
    if size < 1:
        raise error(f"ksize must be a whole number of at least 1; got {ksize!r}")
    _small(size, 1, "ksize")
    line = kernels.gaussian_line(size, max(_number(sigma, "sigma"), 0.0))
    return _column(line, ktype)


def getDerivKernels(
    dx: int,
    dy: int,
    ksize: int,
    kx: Array | None = None,
    ky: Array | None = None,
    normalize: bool = False,
    ktype: int = CV_32F,
) -> tuple[Array, Array]:
    """Weights of `Sobel` and `Scharr`, for `sepFilter2D`.

    Parameters
    ----------
    dx, dy, ksize
        As in `Sobel`.
    kx, ky : ndarray, optional
        Filled and returned if they have the result's type and shape.
    normalize : bool
        Whether to divide the weights by what the smoothing adds up to.
    ktype : {CV_32F, CV_64F}

    Returns
    -------
    ndarray, shape (n, 1)
        Along the row.
    ndarray, shape (m, 1)
        Down the column.

    Raises
    ------
    error
        An argument is wrong.

    Examples
    --------
    >>> from fastconv import cv2
    >>> [k.ravel().tolist() for k in cv2.getDerivKernels(1, 0, 3, normalize=True)]
    [[-0.5, 0.0, 0.5], [0.25, 0.5, 0.25]]
    """
    x, y, size = _orders(dx, dy, ksize)
    made = []
    for order, given in ((x, kx), (y, ky)):
        if size:
            line = kernels.derivative_line(order, size)
            divisor = 2.0 ** (len(line) - order - 1)
        else:
            line = kernels.scharr_line(order)
            divisor = 1.0 if order else 32.0
        column = _column(line / divisor if normalize else line, ktype)
        out = None if given is None else _fitting(given, column.shape, column.dtype, "kx and ky")
        if out is not None:
            out[...] = column
        made.append(column if out is None else given)
    return made[0], made[1]  # type: ignore[return-value]


@quiet
def _column(line: Array, ktype: Any) -> Array:
    return line[:, np.newaxis].astype(_float_type(ktype))


# --- the way to the engine -----------------------------------------------------------------------


def _filtered(
    src: ArrayLike,
    ddepth: Depth,
    kernel: Weights,
    origin: int | tuple[int, int],
    dst: Array | None,
    delta: float,
    borderType: int,
    borderValue: float,
) -> Array:
    """Correlate, whatever the function was called."""
    image = src if type(src) is np.ndarray else _array(src, "src")
    if image.ndim != 2 and (image.ndim != 3 or image.shape[2] == 1):
        image = _picture(image, "src")
    axis = None if image.ndim == 2 else -1
    try:
        border, dtype = _BORDERS[borderType], _DEPTHS[ddepth]
    except (KeyError, TypeError):
        border, dtype = _border(borderType), _depth(ddepth)
    try:
        out = None
        if dst is not None:
            out = _fitting(dst, image.shape, _own_type(image, kernel) if dtype is None else dtype)
        number = 0.0 if type(delta) in (float, int) and not delta else _number(delta, "delta")
        if number and "c" in (image.dtype.kind, kernel.dtype.kind):  # of which no sum is rounded
            without = _filtered(src, ddepth, kernel, origin, dst, 0.0, borderType, borderValue)
            without += number
            return without
        if isinstance(kernel, Product):  # to which no function adds a number
            result = correlate_product(
                image, kernel, border=border, cval=borderValue, origin=origin, channel_axis=axis,
                dtype=dtype, out=out,
            )  # fmt: skip
        else:
            result = correlate(
                image, kernel, border=border, cval=borderValue, origin=origin, channel_axis=axis,
                dtype=dtype, out=out, offset=number,
            )  # fmt: skip
    except (TypeError, ValueError) as problem:
        raise error(_in_our_words(problem)) from None
    return result if out is None else dst  # type: ignore[return-value]


# What `fastconv.correlate` calls its arguments, and their names here.
_NAMES = {"image": "src", "cval": "borderValue", "dtype": "ddepth", "out": "dst", "offset": "delta"}


def _in_our_words(problem: Exception) -> str:
    first, space, rest = str(problem).partition(" ")
    return _NAMES.get(first, first) + space + rest


def _array(value: ArrayLike, name: str) -> Array:
    try:
        if value is None:  # what OpenCV's imread returns for a file it cannot read
            raise TypeError("None")
        a = array_of(value, name)
        pixel_of(a.dtype, name)
    except (TypeError, ValueError) as problem:
        words = f"{name} must be an array; got {type(value).__name__}"
        said = str(problem)
        known = said.startswith(name) and not said.startswith(words)
        raise error(said if known else words) from None
    return a


def _picture(a: Array, name: str) -> Array:
    """View of shape (H, W), or (H, W, C) of more than one channel."""
    if a.ndim == 1:
        return a[np.newaxis]
    if a.ndim == 3 and a.shape[2] == 1:
        return a[..., 0]
    if a.ndim not in (2, 3):
        raise error(f"{name} must have shape (H, W) or (H, W, C); got {a.shape}")
    return a


def _own_type(image: Array, kernel: Weights) -> np.dtype[Any]:
    """Type of the result for ``ddepth=-1``."""
    pixel = image.dtype
    if kernel.dtype.kind == "c" and pixel.kind != "c":
        return np.result_type(pixel, np.complex64)
    if pixel.char == "?":
        return np.dtype(np.float32)
    return pixel if pixel.isnative else pixel.newbyteorder("=")


def _fitting(
    given: Array, shape: tuple[int, ...], dtype: np.dtype[Any], name: str = "dst"
) -> Array | None:
    """View of an array to be filled; None if it is not of that shape and type."""
    if not isinstance(given, np.ndarray):
        raise error(f"{name} must be a NumPy array; got {type(given).__name__}")
    if given.dtype != dtype or given.ndim not in (1, 2, 3):
        return None
    view = given if given.shape == shape else _picture(given, name)
    if view.shape != shape:
        return None
    try:
        view = output_of(view, name)
    except TypeError as problem:
        raise error(str(problem)) from None
    if not view.flags.writeable:
        raise error(f"{name} must be writable; got a read-only array")
    return view


# --- checks --------------------------------------------------------------------------------------


def _number(value: Any, name: str) -> float:
    if type(value) is not float:
        try:
            value = float(value)
        except (TypeError, ValueError, OverflowError):
            raise error(f"{name} must be a finite number; got {value!r}") from None
    if not isfinite(value):
        raise error(f"{name} must be a finite number; got {value!r}")
    return value  # type: ignore[no-any-return]


def _whole(value: Any, name: str, allowed: str) -> int:
    if type(value) is int:
        return value
    try:
        whole = int(value)
        if whole == value:
            return whole
    except (TypeError, ValueError, OverflowError):
        pass
    raise error(f"{name} must be {allowed}; got {value!r}")


def _pair(value: Any, name: str) -> tuple[int, int]:
    allowed = "a pair of whole numbers, x before y"
    try:
        x, y = value
    except (TypeError, ValueError):
        raise error(f"{name} must be {allowed}; got {value!r}") from None
    if type(x) is int and type(y) is int:
        return x, y
    return _whole(x, name, allowed), _whole(y, name, allowed)


def _origin(shape: tuple[int, ...], anchor: Any) -> int | tuple[int, int]:
    """What `fastconv.correlate` calls the anchor."""
    x, y = _pair((-1, -1) if anchor is None else anchor, "anchor")
    return 0 if x == y == -1 else _shift(shape, x, y)


# Of one pair of integers there is one object, which calls.pyx compares at once.
@lru_cache(maxsize=256)
def _shift(shape: tuple[int, int], x: int, y: int) -> tuple[int, int]:
    for at, size in ((x, shape[1]), (y, shape[0])):
        if not -1 <= at < size:
            raise error(
                f"anchor must be (x, y) inside the kernel of size {shape[::-1]}, or -1 for its middle; "
                f"got {(x, y)}"
            )
    return (0 if y == -1 else y - shape[0] // 2), (0 if x == -1 else x - shape[1] // 2)


def _border(borderType: Any) -> str:
    try:
        return _BORDERS[borderType]
    except (KeyError, TypeError):
        raise error(
            "borderType must be BORDER_CONSTANT, BORDER_REPLICATE, BORDER_REFLECT, BORDER_WRAP or "
            f"BORDER_REFLECT_101; got {borderType!r}"
        ) from None


def _depth(ddepth: Any) -> np.dtype[Any] | None:
    try:
        if ddepth in _DEPTHS:
            return _DEPTHS[ddepth]
        if ddepth is not None and not isinstance(ddepth, (int, np.integer)):
            found: np.dtype[Any] = np.dtype(ddepth)
            if found != np.bool_:
                pixel_of(found, "ddepth")
                return np.dtype(found.name)
    except TypeError:
        pass
    raise error(f"ddepth must be -1, CV_8U ... CV_64F, or a NumPy type; got {ddepth!r}")


def _hint(hint: Any) -> None:
    allowed = "ALGO_HINT_DEFAULT, ALGO_HINT_ACCURATE or ALGO_HINT_APPROX"
    if _whole(hint, "hint", allowed) not in range(3):
        raise error(f"hint must be {allowed}; got {hint!r}")


def _small(width: int, height: int, name: str) -> None:
    """A column and a row of a kernel are arrays, whatever is done with it."""
    if max(width, height) > _LONGEST:
        raise error(
            f"{name} must make a kernel of at most 2**24 rows and columns; got {width} * {height}"
        )


def _large(across: Array, down: Array, delta: float) -> Weights:
    """The kernel of two lines of many weights. Only sums of listed weights may have a number added."""
    _small(across.size, down.size, "kernelX and kernelY")
    real = "c" not in (across.dtype.kind, down.dtype.kind)
    if (
        real
        and not _number(delta, "delta")
        and np.isfinite(across).all()
        and np.isfinite(down).all()
    ):
        return product_of_lines(down.ravel().astype(np.float64), across.ravel().astype(np.float64))
    if across.size * down.size > _LONGEST:
        raise error(
            "kernelX and kernelY must be real and finite, and delta 0, for more than 2**24 weights; "
            f"got {across.size} * {down.size}"
        )
    return np.outer(down, across)


def _float_type(ktype: Any) -> type[np.floating[Any]]:
    if ktype not in (CV_32F, CV_64F):
        raise error(f"ktype must be CV_32F or CV_64F; got {ktype!r}")
    return np.float32 if ktype == CV_32F else np.float64


def _odd(ksize: Any) -> int:
    allowed = "an odd number from 1 to 31"
    size = _whole(ksize, "ksize", allowed)
    if size not in range(1, 32, 2):
        raise error(f"ksize must be {allowed}; got {ksize!r}")
    return size


def _orders(dx: Any, dy: Any, ksize: Any) -> tuple[int, int, int]:
    """Orders of a derivative, and the size of its kernel: 0 for Scharr's."""
    x, y = (_whole(d, name, "a whole number") for d, name in ((dx, "dx"), (dy, "dy")))
    if x < 0 or y < 0 or x + y == 0:
        raise error(f"dx and dy must be at least 0, and not both 0; got dx={dx!r}, dy={dy!r}")
    size = _whole(ksize, "ksize", "a whole number")
    if size <= 0:  # FILTER_SCHARR, and whatever else OpenCV takes for it
        if x + y != 1:
            raise error(f"dx and dy must be 1 and 0, or 0 and 1, for Scharr; got {dx!r} and {dy!r}")
        return x, y, 0
    size = _odd(size)
    if max(x, y) >= max(size, 3):
        raise error(
            f"dx and dy must be less than ksize; got {dx!r} and {dy!r} with ksize={ksize!r}"
        )
    return x, y, size


def _line(value: ArrayLike, name: str) -> Array:
    a = _of_two_axes(value if type(value) is np.ndarray else _array(value, name))
    if a.ndim not in (1, 2) or a.size == 0 or a.size != max(a.shape):
        raise error(f"{name} must have shape (n,), (1, n) or (n, 1), n at least 1; got {a.shape}")
    if a.dtype.kind not in "biufc":
        raise error(f"{name} must hold numbers; got dtype {a.dtype}")
    return a


def _matrix(value: ArrayLike, name: str) -> Array:
    a = _of_two_axes(_array(value, name))
    if a.ndim not in (1, 2) or a.size == 0:
        raise error(f"{name} must be 2-D and not empty; got shape {a.shape}")
    return a[np.newaxis] if a.ndim == 1 else a


def _of_two_axes(a: Array) -> Array:
    """A kernel without its axis of one channel, as OpenCV sees it."""
    return a[..., 0] if a.ndim == 3 and a.shape[2] == 1 else a


# --- kernels, by what they are asked for ---------------------------------------------------------


def _kept(make: Callable[..., Weights]) -> Callable[..., Any]:
    """A function that checks its arguments and makes a kernel, and remembers what it made."""
    make = quiet(make)
    remembered = lru_cache(maxsize=256)(make)

    def kernel(*arguments: Any) -> Weights:
        try:
            return remembered(*arguments)
        except TypeError:  # one is a list, say; or wrong, and says so again
            return make(*arguments)

    return kernel


@_kept
def _box(ksize: Any, normalize: Any) -> Weights:
    width, height = _pair(ksize, "ksize")
    if width < 1 or height < 1:
        raise error(f"ksize must be (width, height), each at least 1; got {ksize!r}")
    _small(width, height, "ksize")
    return kernels.box(width, height, bool(_number(normalize, "normalize")))


@_kept
def _gaussian(ksize: Any, sigmaX: Any, sigmaY: Any, pixel: str) -> Weights:
    """For images of the type of this character."""
    size = _pair(ksize, "ksize")
    sigma_x, sigma_y = _number(sigmaX, "sigmaX"), _number(sigmaY, "sigmaY")
    sigma_y = sigma_y if sigma_y > 0 else sigma_x
    reach = 3 if pixel == "B" else 4
    width, height = (
        round(2 * reach * sigma + 1) | 1 if side <= 0 and sigma > 0 else side
        for side, sigma in zip(size, (sigma_x, sigma_y), strict=True)
    )
    if width < 1 or width % 2 == 0 or height < 1 or height % 2 == 0:
        raise error(
            "ksize must be (width, height), both odd, or not positive if sigmaX or sigmaY is; "
            f"got {ksize!r}, sigmaX={sigmaX!r}, sigmaY={sigmaY!r}"
        )
    _small(width, height, "ksize, or sigmaX and sigmaY,")
    return kernels.gaussian(
        width, height, max(sigma_x, 0.0), max(sigma_y, 0.0), _PLACES.get(pixel, 0)
    )


@_kept
def _derivative(dx: Any, dy: Any, ksize: Any, scale: Any) -> Array:
    return kernels.derivative(*_orders(dx, dy, ksize), _number(scale, "scale"))


@_kept
def _laplacian(ksize: Any, scale: Any) -> Array:
    return kernels.laplacian(_odd(ksize), _number(scale, "scale"))
