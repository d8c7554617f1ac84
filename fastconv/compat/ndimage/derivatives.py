# SPDX-License-Identifier: BSD-3-Clause
"""First and second derivatives: differences along an axis, and sums of filters along each."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..._arguments import array_of, quiet
from ..._engine import calls
from . import axis_filters
from .along_axes import correlate1d, filtered, gaussian_filter, in_turn
from .arguments import (
    Array,
    Made,
    Mode,
    Output,
    apart,
    axes_of,
    axis_of,
    border_of,
    each,
    in_parts,
    result_of,
)
from .axis_filters import Filter

_DIFFERENCE = axis_filters.fold(np.array([-1.0, 0.0, 1.0]))
_SECOND = axis_filters.fold(np.array([1.0, -2.0, 1.0]))


@quiet
def _gradient(input: Any, smooth: Array, output: Any, axis: Any, mode: Any, cval: Any) -> Made:
    """A difference along an axis, smoothed along the others."""
    image = array_of(input, "input")
    k = axis_of(axis, image.ndim)
    dst = result_of(output, image)
    modes = [border_of(m) for m in each(mode, image.ndim, "mode")]
    fold = axis_filters.fold(smooth)
    filters = [Filter(k, _DIFFERENCE, modes[k], 0)]
    filters += [Filter(i, fold, modes[i], 0) for i in range(image.ndim) if i != k]
    return filtered(filters, image, dst, cval)


_SOBEL, _PREWITT = np.array([1.0, 2.0, 1.0]), np.array([1.0, 1.0, 1.0])


@calls.repeatable("input", "output")
def sobel(
    input: ArrayLike,
    axis: int = -1,
    output: Output = None,
    mode: Mode = "reflect",
    cval: float = 0.0,
) -> Array:
    """Sobel's filter, as scipy.ndimage.sobel.

    Parameters
    ----------
    input : array_like
        bool, integer, float32, float64 or complex.
    axis : int
        Along which differences are taken; the other axes are smoothed.
    output : ndarray or dtype, optional
        Where to put the result, or its type: the input's by default. Integers are truncated and wrap around.
    mode : str or sequence of str, one an axis
        "reflect", "mirror", "nearest", "wrap", "constant", "grid-mirror", "grid-wrap" or "grid-constant".
    cval : number
        The constant of ``mode="constant"``.

    Returns
    -------
    ndarray
        Of the input's shape; `output` itself if that is an array.

    Examples
    --------
    >>> import fastconv
    >>> fastconv.ndimage.sobel([[0, 1, 4], [0, 1, 4], [0, 1, 4]]).tolist()
    [[4, 16, 12], [4, 16, 12], [4, 16, 12]]
    """
    return calls.offer(input, _gradient(input, _SOBEL, output, axis, mode, cval))


@calls.repeatable("input", "output")
def prewitt(
    input: ArrayLike,
    axis: int = -1,
    output: Output = None,
    mode: Mode = "reflect",
    cval: float = 0.0,
) -> Array:
    """Prewitt's filter, as scipy.ndimage.prewitt.

    Parameters
    ----------
    input : array_like
        bool, integer, float32, float64 or complex.
    axis : int
        Along which differences are taken; the other axes are smoothed.
    output : ndarray or dtype, optional
        Where to put the result, or its type: the input's by default. Integers are truncated and wrap around.
    mode : str or sequence of str, one an axis
        "reflect", "mirror", "nearest", "wrap", "constant", "grid-mirror", "grid-wrap" or "grid-constant".
    cval : number
        The constant of ``mode="constant"``.

    Returns
    -------
    ndarray
        Of the input's shape; `output` itself if that is an array.

    Examples
    --------
    >>> import fastconv
    >>> fastconv.ndimage.prewitt([[0, 1, 4], [0, 1, 4], [0, 1, 4]]).tolist()
    [[3, 12, 9], [3, 12, 9], [3, 12, 9]]
    """
    return calls.offer(input, _gradient(input, _PREWITT, output, axis, mode, cval))


@quiet
def _summed(
    derivative: Callable[[int, Any, Any], Made], dst: Array, axes: tuple[int, ...], modes: list[Any]
) -> Array:
    """The sum over the axes of what `derivative` gives for axis, output and mode.

    `dst` must not be what `derivative` reads.
    """
    derivative(axes[0], dst, modes[0])
    for k, mode in zip(axes[1:], modes[1:], strict=True):
        dst += derivative(k, dst.dtype, mode)[0]
    return dst


@quiet
def _laplace(input: Any, _: None, output: Any, mode: Any, cval: Any, axes: Any) -> Made:
    image = array_of(input, "input")
    dst = result_of(output, image)
    found = axes_of(axes, image.ndim)
    if not found:
        return in_turn([], image, dst, cval)
    modes = each(mode, len(found), "mode")
    found = tuple(axis_of(k, image.ndim) for k in found)
    filters = [Filter(k, _SECOND, border_of(m), 0) for k, m in zip(found, modes, strict=True)]
    if len(filters) == 1:
        return filtered(filters, image, dst, cval)
    image = apart(image, dst)
    if axis_filters.may_add(image.shape, found, dst.dtype) and image.dtype.kind != "c":
        return in_parts(lambda a, b, c: axis_filters.run(filters, a, b, c, True), image, dst, cval)

    def derivative(k: int, out: Any, border: str) -> Made:
        return correlate1d(image, _SECOND.weights, k, out, border, cval), None, 0.0

    return _summed(derivative, dst, found, modes), None, 0.0


@calls.repeatable("input", "output")
def laplace(
    input: ArrayLike,
    output: Output = None,
    mode: Mode = "reflect",
    cval: float = 0.0,
    *,
    axes: int | tuple[int, ...] | None = None,
) -> Array:
    """Sum of second differences, as scipy.ndimage.laplace.

    Parameters
    ----------
    input : array_like
        bool, integer, float32, float64 or complex.
    output : ndarray or dtype, optional
        Where to put the result, or its type: the input's by default. Integers are truncated and wrap around.
    mode : str or sequence of str, one an axis
        "reflect", "mirror", "nearest", "wrap", "constant", "grid-mirror", "grid-wrap" or "grid-constant".
    cval : number
        The constant of ``mode="constant"``.
    axes : int or tuple of int, optional
        Axes to filter: all by default.

    Returns
    -------
    ndarray
        Of the input's shape; `output` itself if that is an array.

    Notes
    -----
    `output` may be `input` itself, or overlap it: the result is that of a new array. SciPy's is another one
    then, since it reads what it has written: for every array of two and more axes.

    Examples
    --------
    >>> import fastconv
    >>> fastconv.ndimage.laplace([[0, 0, 0], [0, 9, 0], [0, 0, 0]]).tolist()
    [[0, 9, 0], [9, -36, 9], [0, 9, 0]]
    """
    return calls.offer(input, _laplace(input, None, output, mode, cval, axes))


def _derivatives(
    image: Array, sigma: Any, order: int, cval: Any, options: dict[str, Any]
) -> Callable[[int, Any, Any], Made]:
    """Gaussian derivatives of all axes."""

    def derivative(k: int, out: Any, mode: Any) -> Made:
        orders = [0] * image.ndim
        orders[k] = order
        return gaussian_filter(image, sigma, orders, out, mode, cval, **options), None, 0.0

    return derivative


def gaussian_laplace(
    input: ArrayLike,
    sigma: float | Sequence[float],
    output: Output = None,
    mode: Mode = "reflect",
    cval: float = 0.0,
    *,
    axes: int | tuple[int, ...] | None = None,
    **kwargs: Any,
) -> Array:
    """Sum of second derivatives of Gaussians, as scipy.ndimage.gaussian_laplace.

    Parameters
    ----------
    input : array_like
        bool, integer, float32, float64 or complex.
    sigma : float or sequence of float, one an axis
        Standard deviation, in samples.
    output : ndarray or dtype, optional
        Where to put the result, or its type: the input's by default. Integers are truncated and wrap around.
    mode : str or sequence of str, one an axis
        "reflect", "mirror", "nearest", "wrap", "constant", "grid-mirror", "grid-wrap" or "grid-constant".
    cval : number
        The constant of ``mode="constant"``.
    axes : int or tuple of int, optional
        Axes to filter: all by default.
    **kwargs
        `truncate` and `radius` of `gaussian_filter`.

    Returns
    -------
    ndarray
        Of the input's shape; `output` itself if that is an array.

    Notes
    -----
    `output` may be `input` itself, or overlap it: the result is that of a new array. SciPy's is another one
    then, since it reads what it has written: for every array of two and more axes.

    Examples
    --------
    >>> import fastconv, numpy as np
    >>> fastconv.ndimage.gaussian_laplace(np.eye(3), sigma=1).round(2).tolist()
    [[-0.38, 0.04, 0.35], [0.04, -0.07, 0.04], [0.35, 0.04, -0.38]]
    """
    image = array_of(input, "input")
    found = axes_of(axes, image.ndim)
    sigma = each(sigma, len(found), "sigma")
    if len(found) < image.ndim:
        sigmas = [0.0] * image.ndim
        for k, s in zip(found, sigma, strict=True):
            sigmas[k] = s
        sigma = sigmas
    dst = result_of(output, image)
    found = axes_of(found, image.ndim)
    if not found:
        return in_turn([], image, dst, cval)[0]
    modes = each(mode, len(found), "mode")
    image = apart(image, dst)
    return _summed(_derivatives(image, sigma, 2, cval, kwargs), dst, found, modes)


def gaussian_gradient_magnitude(
    input: ArrayLike,
    sigma: float | Sequence[float],
    output: Output = None,
    mode: Mode = "reflect",
    cval: float = 0.0,
    *,
    axes: int | tuple[int, ...] | None = None,
    **kwargs: Any,
) -> Array:
    """Magnitude of Gaussian derivatives, as scipy.ndimage.gaussian_gradient_magnitude.

    Parameters
    ----------
    input : array_like
        bool, integer, float32, float64 or complex.
    sigma : float or sequence of float, one an axis
        Standard deviation, in samples.
    output : ndarray or dtype, optional
        Where to put the result, or its type: the input's by default. Integers are truncated and wrap around.
    mode : str or sequence of str, one an axis
        "reflect", "mirror", "nearest", "wrap", "constant", "grid-mirror", "grid-wrap" or "grid-constant".
    cval : number
        The constant of ``mode="constant"``.
    axes : int or tuple of int, optional
        Axes to filter: all by default.
    **kwargs
        `truncate` and `radius` of `gaussian_filter`.

    Returns
    -------
    ndarray
        Of the input's shape; `output` itself if that is an array.

    Notes
    -----
    `output` may be `input` itself, or overlap it: the result is that of a new array. SciPy's is another one
    then, since it reads what it has written: for every array of two and more axes.

    Examples
    --------
    >>> import fastconv, numpy as np
    >>> fastconv.ndimage.gaussian_gradient_magnitude(np.eye(3), sigma=1).round(2).tolist()
    [[0.15, 0.2, 0.13], [0.2, 0.0, 0.2], [0.13, 0.2, 0.15]]
    """
    image = array_of(input, "input")
    dst = result_of(output, image)
    found = axes_of(axes, image.ndim)
    if not found:
        return in_turn([], image, dst, cval)[0]
    modes = each(mode, len(found), "mode")
    derivative = _derivatives(apart(image, dst), sigma, 1, cval, kwargs)
    derivative(found[0], dst, modes[0])
    others = [
        derivative(k, dst.dtype, border)[0] for k, border in zip(found[1:], modes[1:], strict=True)
    ]
    for part in _pieces(dst.shape):
        _magnitude(dst[part], [other[part] for other in others])
    return dst


# Bytes of a piece of an array, of which three or four stay in a second-level cache.
_PIECE = 1 << 16


def _pieces(shape: tuple[int, ...]) -> Iterator[Any]:
    """Cut an array along its first axis."""
    if not shape:
        yield ...
        return
    rows = max(1, _PIECE // 8 // max(1, math.prod(shape[1:])))
    for start in range(0, shape[0], rows):
        yield slice(start, start + rows)


@quiet
def _magnitude(total: Array, others: list[Array]) -> None:
    """The root of the sum of squares, in the arrays' type, as it would come out step by step."""
    np.multiply(total, total, total)
    for other in others:
        np.multiply(other, other, other)
        total += other
    if total.dtype == np.uint8:  # NumPy's root of bytes goes by float16
        np.take(_roots(), total, out=total, mode="clip")
    else:
        np.sqrt(total, total, casting="unsafe")


@lru_cache(maxsize=1)
@quiet
def _roots() -> Array:
    numbers = np.arange(256, dtype=np.uint8)
    return np.sqrt(numbers, numbers, casting="unsafe")
