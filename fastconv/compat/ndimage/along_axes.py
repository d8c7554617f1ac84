# SPDX-License-Identifier: BSD-3-Clause
"""Filters along one axis, or along several, one after the other."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..._arguments import array_of, quiet
from ..._engine import calls
from ..._pixels import Floats
from . import axis_filters
from .arguments import (
    Array,
    Made,
    Mode,
    Output,
    axes_of,
    axis_of,
    border_of,
    complex_weights,
    each,
    in_parts,
    result_of,
)
from .axis_filters import Filter


def filtered(filters: list[Filter], src: Array, dst: Array, cval: Any) -> Made:
    """One axis after the other, of real and of complex arrays."""
    return in_parts(lambda a, b, c: axis_filters.run(filters, a, b, c), src, dst, cval)


def in_turn(filters: list[Filter], image: Array, dst: Array, cval: Any) -> Made:
    """One axis after the other; a copy if there is none."""
    if filters:
        return filtered(filters, image, dst, cval)
    dst[...] = image[...]
    return dst, None, 0.0


def _fold_of(weights: Any, origin: Any) -> tuple[axis_filters.Fold, int]:
    w = np.asarray(weights, dtype=np.float64)
    if w.ndim != 1 or w.shape[0] < 1:
        raise RuntimeError(
            f"no filter weights given: weights must have 1 axis; got shape {w.shape}"
        )
    if not -(len(w) // 2) <= origin <= (len(w) - 1) // 2:
        raise ValueError(
            f"Invalid origin; origin must satisfy -(len(weights) // 2) <= origin <= "
            f"(len(weights)-1) // 2; got {origin} for {len(w)} weights"
        )
    return axis_filters.fold(w), operator.index(origin)


@quiet
def _correlate1d(
    input: Any, weights: Array, output: Any, axis: Any, mode: Any, cval: Any, origin: Any
) -> Made:
    image = array_of(input, "input")
    if weights.dtype.kind == "c":
        # conjugated here, as NumPy correlates
        conjugate = weights.conj().astype(np.complex128, copy=False)

        def part(a: Array, w: Array, out: Any, constant: Any) -> Array:
            return _correlate1d(a, w, out, axis, mode, constant, origin)[0]

        result = result_of(output, image, complex_=True)
        return complex_weights(part, image, conjugate, result, cval), None, 0.0
    dst = result_of(output, image, complex_=image.dtype.kind == "c")
    k = axis_of(axis, image.ndim)
    fold, shift = _fold_of(weights, origin)
    return filtered([Filter(k, fold, border_of(mode), shift)], image, dst, cval)


@calls.repeatable("input", "output")
def correlate1d(
    input: ArrayLike,
    weights: ArrayLike,
    axis: int = -1,
    output: Output = None,
    mode: str = "reflect",
    cval: float = 0.0,
    origin: int = 0,
) -> Array:
    """Correlate along an axis, as scipy.ndimage.correlate1d.

    Parameters
    ----------
    input : array_like
        bool, integer, float32, float64 or complex.
    weights : array_like, shape (n,)
    axis : int
    output : ndarray or dtype, optional
        Where to put the result, or its type: the input's by default. Integers are truncated and wrap around.
    mode : {"reflect", "mirror", "nearest", "wrap", "constant", "grid-mirror", "grid-wrap", "grid-constant"}
    cval : number
        The constant of ``mode="constant"``.
    origin : int
        Shift of the window, within it.

    Returns
    -------
    ndarray
        Of the input's shape; `output` itself if that is an array.

    Raises
    ------
    RuntimeError, ValueError, TypeError
        Where scipy.ndimage raises them.

    Examples
    --------
    >>> import fastconv
    >>> fastconv.ndimage.correlate1d([2, 8, 0, 4, 1, 9, 9, 0], weights=[1, 3]).tolist()
    [8, 26, 8, 12, 7, 28, 36, 9]
    """
    return calls.offer(
        input, _correlate1d(input, array_of(weights, "weights"), output, axis, mode, cval, origin)
    )


@calls.repeatable("input", "output")
def convolve1d(
    input: ArrayLike,
    weights: ArrayLike,
    axis: int = -1,
    output: Output = None,
    mode: str = "reflect",
    cval: float = 0.0,
    origin: int = 0,
) -> Array:
    """Convolve along an axis, as scipy.ndimage.convolve1d.

    Parameters
    ----------
    input : array_like
        bool, integer, float32, float64 or complex.
    weights : array_like, shape (n,)
    axis : int
    output : ndarray or dtype, optional
        Where to put the result, or its type: the input's by default. Integers are truncated and wrap around.
    mode : {"reflect", "mirror", "nearest", "wrap", "constant", "grid-mirror", "grid-wrap", "grid-constant"}
    cval : number
        The constant of ``mode="constant"``.
    origin : int
        Shift of the window, within it.

    Returns
    -------
    ndarray
        Of the input's shape; `output` itself if that is an array.

    Examples
    --------
    >>> import fastconv
    >>> fastconv.ndimage.convolve1d([2, 8, 0, 4, 1, 9, 9, 0], weights=[1, 3]).tolist()
    [14, 24, 4, 13, 12, 36, 27, 0]
    """
    return calls.offer(
        input, _convolve1d(input, array_of(weights, "weights"), output, axis, mode, cval, origin)
    )


@quiet
def _convolve1d(
    input: Any, weights: Array, output: Any, axis: Any, mode: Any, cval: Any, origin: Any
) -> Made:
    reversed_ = weights[::-1]
    shift = -origin - (1 - weights.shape[0] % 2)
    if weights.dtype.kind == "c":
        reversed_ = reversed_.conj()  # which the correlation takes back
    return _correlate1d(input, reversed_, output, axis, mode, cval, shift)


def _uniform(size: Any, axis: int, mode: Any, origin: Any) -> Filter:
    length, shift = operator.index(size), operator.index(origin)
    if not 0 <= length // 2 + shift < length:
        raise ValueError(f"invalid origin: origin must lie within {length} samples; got {origin}")
    return Filter(axis, axis_filters.mean(length), border_of(mode), shift)


@quiet
def _uniform_filter1d(
    input: Any, _: None, output: Any, size: Any, axis: Any, mode: Any, cval: Any, origin: Any
) -> Made:
    image = array_of(input, "input")
    k = axis_of(axis, image.ndim)
    if size < 1:
        raise RuntimeError(f"incorrect filter size: size must be at least 1; got {size}")
    dst = result_of(output, image, complex_=image.dtype.kind == "c")
    return filtered([_uniform(size, k, mode, origin)], image, dst, cval)


@calls.repeatable("input", "output")
def uniform_filter1d(
    input: ArrayLike,
    size: int,
    axis: int = -1,
    output: Output = None,
    mode: str = "reflect",
    cval: float = 0.0,
    origin: int = 0,
) -> Array:
    """Running mean along an axis, as scipy.ndimage.uniform_filter1d.

    Parameters
    ----------
    input : array_like
        bool, integer, float32, float64 or complex.
    size : int
        Samples of a window.
    axis : int
    output : ndarray or dtype, optional
        Where to put the result, or its type: the input's by default. Integers are truncated and wrap around.
    mode : {"reflect", "mirror", "nearest", "wrap", "constant", "grid-mirror", "grid-wrap", "grid-constant"}
    cval : number
        The constant of ``mode="constant"``.
    origin : int
        Shift of the window, within it.

    Returns
    -------
    ndarray
        Of the input's shape; `output` itself if that is an array.

    Examples
    --------
    >>> import fastconv
    >>> fastconv.ndimage.uniform_filter1d([2, 8, 0, 4, 1, 9, 9, 0], size=3).tolist()
    [4, 3, 4, 1, 4, 6, 6, 3]
    """
    return calls.offer(
        input, _uniform_filter1d(input, None, output, size, axis, mode, cval, origin)
    )


def _gaussian_weights(sigma: Any, order: int, radius: int) -> Floats:
    """A sampled Gaussian, or its derivative: the Gaussian times a polynomial."""
    if order < 0:
        raise ValueError(f"order must be non-negative; got {order}")
    variance = sigma * sigma
    x = np.arange(-radius, radius + 1)
    density = np.exp(-0.5 / variance * x**2)
    density = density / density.sum()
    if order == 0:
        return density  # type: ignore[no-any-return]
    # (p g)' = (p' - x p / variance) g, on the coefficients of p
    powers = np.arange(order + 1)
    derive = np.diag(powers[1:], 1) + np.diag(np.ones(order) / -variance, -1)
    p = np.zeros(order + 1)
    p[0] = 1
    for _ in range(order):
        p = derive.dot(p)
    return (x[:, None] ** powers).dot(p) * density  # type: ignore[no-any-return]


@lru_cache(maxsize=128)
def _gaussian_fold(sigma: Any, order: int, radius: int) -> axis_filters.Fold:
    return axis_filters.fold(np.asarray(_gaussian_weights(sigma, order, radius), np.float64)[::-1])


def _gaussian(sigma: Any, axis: int, order: Any, mode: Any, truncate: Any, radius: Any) -> Filter:
    reach = int(truncate * float(sigma) + 0.5) if radius is None else radius
    if not isinstance(reach, (int, np.integer)) or reach < 0:
        raise ValueError(f"Radius must be a nonnegative integer; got {reach!r}")
    if (isinstance(sigma, float) or type(sigma) is int) and type(order) is int:
        fold = _gaussian_fold(sigma, order, int(reach))
    else:  # what equals a float need not count like one: float32, for instance
        fold = _gaussian_fold.__wrapped__(sigma, order, int(reach))
    return Filter(axis, fold, border_of(mode), 0)


@quiet
def _gaussian_filter1d(
    input: Any, _: None, output: Any, sigma: Any, axis: Any, order: Any, mode: Any, cval: Any,
    truncate: Any, radius: Any,
) -> Made:  # fmt: skip
    image = array_of(input, "input")
    dst = result_of(output, image, complex_=image.dtype.kind == "c")
    k = axis_of(axis, image.ndim)
    return filtered([_gaussian(sigma, k, order, mode, truncate, radius)], image, dst, cval)


@calls.repeatable("input", "output")
def gaussian_filter1d(
    input: ArrayLike,
    sigma: float,
    axis: int = -1,
    order: int = 0,
    output: Output = None,
    mode: str = "reflect",
    cval: float = 0.0,
    truncate: float = 4.0,
    *,
    radius: int | None = None,
) -> Array:
    """Gaussian filter along an axis, as scipy.ndimage.gaussian_filter1d.

    Parameters
    ----------
    input : array_like
        bool, integer, float32, float64 or complex.
    sigma : float
        Standard deviation, in samples.
    axis : int
    order : int
        Which derivative of the Gaussian.
    output : ndarray or dtype, optional
        Where to put the result, or its type: the input's by default. Integers are truncated and wrap around.
    mode : {"reflect", "mirror", "nearest", "wrap", "constant", "grid-mirror", "grid-wrap", "grid-constant"}
    cval : number
        The constant of ``mode="constant"``.
    truncate : float
        Standard deviations after which the Gaussian ends.
    radius : int, optional
        Samples after which the Gaussian ends, instead.

    Returns
    -------
    ndarray
        Of the input's shape; `output` itself if that is an array.

    Examples
    --------
    >>> import fastconv
    >>> fastconv.ndimage.gaussian_filter1d([1.0, 2.0, 3.0, 4.0, 5.0], 1).round(3).tolist()
    [1.427, 2.068, 3.0, 3.932, 4.573]
    """
    return calls.offer(
        input,
        _gaussian_filter1d(input, None, output, sigma, axis, order, mode, cval, truncate, radius),
    )


@quiet
def _gaussian_filter(
    input: Any, _: None, output: Any, sigma: Any, order: Any, mode: Any, cval: Any, truncate: Any,
    radius: Any, axes: Any,
) -> Made:  # fmt: skip
    image = array_of(input, "input")
    dst = result_of(output, image)
    found = axes_of(axes, image.ndim)
    values = zip(
        found,
        *(
            each(value, len(found), name)
            for value, name in (
                (sigma, "sigma"), (order, "order"), (mode, "mode"), (radius, "radius"),
            )
        ),
        strict=True,
    )  # fmt: skip
    filters = [
        _gaussian(s, axis_of(k, image.ndim), o, m, truncate, r)
        for k, s, o, m, r in values
        if s > 1e-15
    ]
    return in_turn(filters, image, dst, cval)


@calls.repeatable("input", "output")
def gaussian_filter(
    input: ArrayLike,
    sigma: float | Sequence[float],
    order: int | Sequence[int] = 0,
    output: Output = None,
    mode: Mode = "reflect",
    cval: float = 0.0,
    truncate: float = 4.0,
    *,
    radius: int | Sequence[int] | None = None,
    axes: int | tuple[int, ...] | None = None,
) -> Array:
    """Gaussian filter, as scipy.ndimage.gaussian_filter.

    Parameters
    ----------
    input : array_like
        bool, integer, float32, float64 or complex.
    sigma : float or sequence of float, one an axis
        Standard deviation, in samples.
    order : int or sequence of int, one an axis
        Which derivative of the Gaussian.
    output : ndarray or dtype, optional
        Where to put the result, or its type: the input's by default. Integers are truncated and wrap around.
    mode : str or sequence of str, one an axis
        "reflect", "mirror", "nearest", "wrap", "constant", "grid-mirror", "grid-wrap" or "grid-constant".
    cval : number
        The constant of ``mode="constant"``.
    truncate : float
        Standard deviations after which the Gaussian ends.
    radius : int or sequence of int, one an axis, optional
        Samples after which the Gaussian ends, instead.
    axes : int or tuple of int, optional
        Axes to filter: all by default.

    Returns
    -------
    ndarray
        Of the input's shape; `output` itself if that is an array.

    Examples
    --------
    >>> import fastconv, numpy as np
    >>> fastconv.ndimage.gaussian_filter(np.arange(0, 18, 2).reshape(3, 3), sigma=1).tolist()
    [[2, 4, 5], [6, 8, 9], [9, 11, 12]]
    """
    return calls.offer(
        input,
        _gaussian_filter(input, None, output, sigma, order, mode, cval, truncate, radius, axes),
    )


@quiet
def _uniform_filter(
    input: Any, _: None, output: Any, size: Any, mode: Any, cval: Any, origin: Any, axes: Any
) -> Made:
    image = array_of(input, "input")
    dst = result_of(output, image, complex_=image.dtype.kind == "c")
    found = axes_of(axes, image.ndim)
    sizes, origins, modes = (
        each(value, len(found), name)
        for value, name in ((size, "size"), (origin, "origin"), (mode, "mode"))
    )
    filters = [
        _uniform(int(n), axis_of(k, image.ndim), m, o)
        for k, n, m, o in zip(found, sizes, modes, origins, strict=True)
        if n > 1
    ]
    return in_turn(filters, image, dst, cval)


@calls.repeatable("input", "output")
def uniform_filter(
    input: ArrayLike,
    size: int | Sequence[int] = 3,
    output: Output = None,
    mode: Mode = "reflect",
    cval: float = 0.0,
    origin: int | Sequence[int] = 0,
    *,
    axes: int | tuple[int, ...] | None = None,
) -> Array:
    """Mean of a box, as scipy.ndimage.uniform_filter.

    Parameters
    ----------
    input : array_like
        bool, integer, float32, float64 or complex.
    size : int or sequence of int, one an axis
        Samples of a window.
    output : ndarray or dtype, optional
        Where to put the result, or its type: the input's by default. Integers are truncated and wrap around.
    mode : str or sequence of str, one an axis
        "reflect", "mirror", "nearest", "wrap", "constant", "grid-mirror", "grid-wrap" or "grid-constant".
    cval : number
        The constant of ``mode="constant"``.
    origin : int or sequence of int, one an axis
        Shift of the window, within it.
    axes : int or tuple of int, optional
        Axes to filter: all by default.

    Returns
    -------
    ndarray
        Of the input's shape; `output` itself if that is an array.

    Examples
    --------
    >>> import fastconv, numpy as np
    >>> fastconv.ndimage.uniform_filter(np.arange(0, 18, 2).reshape(3, 3)).tolist()
    [[2, 4, 5], [6, 8, 9], [10, 12, 13]]
    """
    return calls.offer(input, _uniform_filter(input, None, output, size, mode, cval, origin, axes))
