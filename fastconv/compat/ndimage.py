# SPDX-License-Identifier: BSD-3-Clause
"""The linear filters of scipy.ndimage: its names, arguments, errors and results, to the last bit.

Public as ``fastconv.ndimage``. SciPy is not needed, but for kernels with more than two axes longer than 1,
which are handed to it if it is there and summed in NumPy if not.

What "to the last bit" takes: sums in float64 in SciPy's order, nothing fused; even and odd filters in
pairs; running sums for means; casts as in C, which truncate and wrap around; one axis after the other, with
what lies between in the type of the result. See scipy.ndimage's documentation for what each function means.

What differs: masked elements and units, which SciPy drops, are a TypeError here (what `fastconv.install` put
in place hands them to SciPy), and laplace, gaussian_laplace and gaussian_gradient_magnitude may be given
their input as output.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from .._arguments import array_of, quiet, warn
from .._borders import index_table
from .._engine import calls
from .._engine.planner import ACCUMULATOR_NAMES, EXACT, Strategy, binary_unit
from .._execute import execute
from .._pixels import PIXELS, Accumulator, Floats
from . import axis_filters, originals
from .axis_filters import Filter

__all__ = [
    "convolve",
    "convolve1d",
    "correlate",
    "correlate1d",
    "gaussian_filter",
    "gaussian_filter1d",
    "gaussian_gradient_magnitude",
    "gaussian_laplace",
    "laplace",
    "prewitt",
    "sobel",
    "uniform_filter",
    "uniform_filter1d",
]

Array = NDArray[Any]
Output = Array | DTypeLike | None
Mode = str | Sequence[str]
# A result; the engine's call that made it, if it was one; predicted ns. See fastconv._engine.calls.again.
Made = tuple[Array, Any, float]

_BORDERS = {
    "reflect": "reflect",
    "grid-mirror": "reflect",
    "mirror": "mirror",
    "nearest": "nearest",
    "wrap": "wrap",
    "grid-wrap": "wrap",
    "constant": "constant",
    "grid-constant": "constant",
}


@lru_cache(maxsize=64)
def _is_known(dtype: np.dtype[Any]) -> bool:
    """Whether scipy.ndimage reads and writes this type."""
    return dtype.name in PIXELS and dtype.name not in ("float16", "complex64", "complex128")


_EPS = float(np.finfo(np.float64).eps)


# --- words that several functions have --------------------------------------------------------------


def _border(mode: object) -> str:
    try:
        return _BORDERS[mode]  # type: ignore[index]
    except (KeyError, TypeError):
        raise RuntimeError(f"mode must be one of {', '.join(_BORDERS)}; got {mode!r}") from None


def _each(value: Any, count: int, name: str) -> list[Any]:
    """One value for each axis."""
    if isinstance(value, str) or not np.iterable(value):
        return [value] * count
    values = list(value)
    if len(values) != count:
        raise RuntimeError(
            f"sequence argument must have length equal to input rank: {name} needs {count} values; "
            f"got {len(values)}"
        )
    return values


def _axis(axis: Any, ndim: int) -> int:
    index = operator.index(axis)
    if not -ndim <= index < ndim:
        raise np.exceptions.AxisError(index, ndim)
    return index % ndim


def _axes(axes: Any, ndim: int) -> tuple[int, ...]:
    """The axes to filter. As SciPy, it looks at a single one only when that is filtered."""
    if axes is None:
        return tuple(range(ndim))
    if np.isscalar(axes):
        found: tuple[int, ...] = (operator.index(axes),)  # type: ignore[arg-type]
    elif isinstance(axes, Iterable):
        found = tuple(operator.index(axis) for axis in axes)
        for axis in found:
            if not -ndim <= axis < ndim:
                raise ValueError(
                    f"specified axis: {axis} is out of range; axes must be from {-ndim} to {ndim - 1}"
                )
        found = tuple(axis % ndim for axis in found)
    else:
        raise ValueError(f"axes must be an integer, iterable of integers, or None; got {axes!r}")
    if len(set(found)) != len(found):
        raise ValueError(f"axes must be unique; got {axes!r}")
    return found


def _result(output: Any, image: Array, complex_: bool = False) -> Array:
    """The array to fill."""
    if output is None:
        if complex_:
            return np.zeros(image.shape, np.promote_types(image.dtype, np.complex64))
        return np.zeros(image.shape, image.dtype.newbyteorder("="))
    if isinstance(output, (type, np.dtype)):
        dtype = np.dtype(output)
        if complex_ and dtype.kind != "c":
            warn("promoting specified output dtype to complex", UserWarning)
            dtype = np.promote_types(dtype, np.complex64)
        return np.zeros(image.shape, dtype)
    if isinstance(output, str):
        dtype = np.dtype(output)
        if complex_ and dtype.kind != "c":
            raise RuntimeError(f"output must be of a complex type; got {output!r}")
        if not issubclass(dtype.type, np.number):
            raise RuntimeError(f"output must be of a numeric type; got {output!r}")
        return np.zeros(image.shape, dtype)
    array = array_of(output, "output")
    if array.shape != image.shape:
        raise RuntimeError(f"output must have shape {image.shape}; got {array.shape}")
    if complex_ and array.dtype.kind != "c":
        raise RuntimeError(f"output must be of a complex type; got {array.dtype}")
    return array


def _apart(image: Array, dst: Array) -> Array:
    """The image, or a copy of it if filling `dst` bit by bit would change it."""
    return image.copy() if np.may_share_memory(image, dst) else image


def _check_types(src: Array, dst: Array, *, by_sample: bool) -> None:
    for name, array in (("input", src), ("output", dst)):
        # SciPy's windows look at the types when they come to the first sample
        if not _is_known(array.dtype) and (array.size or not by_sample):
            raise RuntimeError(
                f"{name} must be of type bool, (u)int8 to (u)int64, float32 or float64: array type "
                f"{array.dtype} not supported"
            )
    if not dst.flags.writeable:
        raise ValueError("output array is read-only: output must be writeable")


def _real(cval: Any) -> float:
    if isinstance(cval, (str, bytes)):
        raise TypeError(f"cval must be a real number; got {cval!r}")
    return float(cval)


def _plain(value: Any) -> Any:
    """Lists become tuples, which can be remembered, and NumPy's float64 Python's, which is the same."""
    if type(value) is list:
        return tuple(_plain(v) for v in value)
    return float(value) if type(value) is np.float64 else value


def _parts(
    run: Callable[[Array, Array, float], tuple[Any, float]],
    src: Array,
    dst: Array,
    cval: Any,
    *,
    by_sample: bool = False,
) -> Made:
    """Run once for a real image, and twice for a complex one."""
    if src.dtype.kind != "c":
        _check_types(src, dst, by_sample=by_sample)
        constant = _real(cval)
        if not dst.size:
            return dst, None, 0.0
        return dst, *run(src, dst, constant)
    if dst.dtype.kind != "c":
        raise RuntimeError(f"output must be of a complex type; got {dst.dtype}")
    for a, b, constant in (
        (src.real, dst.real, np.real(cval)),
        (src.imag, dst.imag, np.imag(cval)),
    ):
        _parts(run, a, b, constant, by_sample=by_sample)
    return dst, None, 0.0


def _filtered(filters: list[Filter], src: Array, dst: Array, cval: Any) -> Made:
    return _parts(lambda a, b, c: axis_filters.run(filters, a, b, c), src, dst, cval)


# --- along one axis ---------------------------------------------------------------------------------


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

        result = _result(output, image, complex_=True)
        return _complex(part, image, conjugate, result, cval), None, 0.0
    dst = _result(output, image, complex_=image.dtype.kind == "c")
    k = _axis(axis, image.ndim)
    fold, shift = _fold_of(weights, origin)
    return _filtered([Filter(k, fold, _border(mode), shift)], image, dst, cval)


def _complex(
    part: Callable[[Array, Array, Any, Any], Array],
    image: Array,
    weights: Array,
    result: Array,
    cval: Any,
) -> Array:
    """Complex weights: real filters of the parts, added up."""
    image = _apart(image, result)
    if image.dtype.kind == "c":
        part(image.real, weights.real, result.real, np.real(cval))
        result.real -= part(image.imag, weights.imag, None, np.imag(cval))
        part(image.real, weights.imag, result.imag, np.real(cval))
        result.imag += part(image.imag, weights.real, None, np.imag(cval))
        return result
    if np.iscomplexobj(cval):
        raise ValueError(f"cval must be real for a real input: Cannot provide {cval!r}")
    part(image, weights.real, result.real, cval)
    part(image, weights.imag, result.imag, cval)
    return result


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
    options = (axis, mode, _plain(cval), origin)
    return calls.again(_correlate1d, input, array_of(weights, "weights"), output, options)  # type: ignore[no-any-return]


def convolve1d(
    input: ArrayLike,
    weights: ArrayLike,
    axis: int = -1,
    output: Output = None,
    mode: str = "reflect",
    cval: float = 0.0,
    origin: int = 0,
) -> Array:
    """Convolve along an axis, as scipy.ndimage.convolve1d; see `correlate1d`.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> import fastconv
    >>> fastconv.ndimage.convolve1d([2, 8, 0, 4, 1, 9, 9, 0], weights=[1, 3]).tolist()
    [14, 24, 4, 13, 12, 36, 27, 0]
    """
    options = (axis, mode, _plain(cval), origin)
    return calls.again(_convolve1d, input, array_of(weights, "weights"), output, options)  # type: ignore[no-any-return]


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
    return Filter(axis, axis_filters.mean(length), _border(mode), shift)


@quiet
def _uniform_filter1d(
    input: Any, _: None, output: Any, size: Any, axis: Any, mode: Any, cval: Any, origin: Any
) -> Made:
    image = array_of(input, "input")
    k = _axis(axis, image.ndim)
    if size < 1:
        raise RuntimeError(f"incorrect filter size: size must be at least 1; got {size}")
    dst = _result(output, image, complex_=image.dtype.kind == "c")
    return _filtered([_uniform(size, k, mode, origin)], image, dst, cval)


def uniform_filter1d(
    input: ArrayLike,
    size: int,
    axis: int = -1,
    output: Output = None,
    mode: str = "reflect",
    cval: float = 0.0,
    origin: int = 0,
) -> Array:
    """Running mean along an axis, as scipy.ndimage.uniform_filter1d; see `correlate1d`.

    Parameters
    ----------
    size : int
        Samples of a window.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> import fastconv
    >>> fastconv.ndimage.uniform_filter1d([2, 8, 0, 4, 1, 9, 9, 0], size=3).tolist()
    [4, 3, 4, 1, 4, 6, 6, 3]
    """
    options = (size, axis, mode, _plain(cval), origin)
    return calls.again(_uniform_filter1d, input, None, output, options)  # type: ignore[no-any-return]


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
    if type(sigma) in (int, float) and type(order) is int:
        fold = _gaussian_fold(sigma, order, int(reach))
    else:  # what equals a float need not count like one: float32, for instance
        fold = _gaussian_fold.__wrapped__(sigma, order, int(reach))
    return Filter(axis, fold, _border(mode), 0)


@quiet
def _gaussian_filter1d(
    input: Any, _: None, output: Any, sigma: Any, axis: Any, order: Any, mode: Any, cval: Any,
    truncate: Any, radius: Any,
) -> Made:  # fmt: skip
    image = array_of(input, "input")
    dst = _result(output, image, complex_=image.dtype.kind == "c")
    k = _axis(axis, image.ndim)
    return _filtered([_gaussian(sigma, k, order, mode, truncate, radius)], image, dst, cval)


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
    """Gaussian filter along an axis, as scipy.ndimage.gaussian_filter1d; see `correlate1d`.

    Parameters
    ----------
    sigma : float
        Standard deviation, in samples.
    order : int
        Which derivative of the Gaussian.
    truncate : float
        Standard deviations after which it ends.
    radius : int, optional
        Samples after which it ends, instead.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> import fastconv
    >>> fastconv.ndimage.gaussian_filter1d([1.0, 2.0, 3.0, 4.0, 5.0], 1).round(3).tolist()
    [1.427, 2.068, 3.0, 3.932, 4.573]
    """
    options = (_plain(sigma), axis, order, mode, _plain(cval), truncate, radius)
    return calls.again(_gaussian_filter1d, input, None, output, options)  # type: ignore[no-any-return]


# --- along several axes -----------------------------------------------------------------------------


def _in_turn(filters: list[Filter], image: Array, dst: Array, cval: Any) -> Made:
    """One axis after the other; a copy if there is none."""
    if filters:
        return _filtered(filters, image, dst, cval)
    dst[...] = image[...]
    return dst, None, 0.0


@quiet
def _gaussian_filter(
    input: Any, _: None, output: Any, sigma: Any, order: Any, mode: Any, cval: Any, truncate: Any,
    radius: Any, axes: Any,
) -> Made:  # fmt: skip
    image = array_of(input, "input")
    dst = _result(output, image)
    found = _axes(axes, image.ndim)
    values = zip(
        found,
        *(
            _each(value, len(found), name)
            for value, name in (
                (sigma, "sigma"), (order, "order"), (mode, "mode"), (radius, "radius"),
            )
        ),
        strict=True,
    )  # fmt: skip
    filters = [
        _gaussian(s, _axis(k, image.ndim), o, m, truncate, r)
        for k, s, o, m, r in values
        if s > 1e-15
    ]
    return _in_turn(filters, image, dst, cval)


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
    """Gaussian filter, as scipy.ndimage.gaussian_filter; see `gaussian_filter1d`.

    Parameters
    ----------
    sigma, order, mode, radius : value or sequence of values, one an axis
    axes : int or tuple of int, optional
        Axes to filter: all by default.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> import fastconv, numpy as np
    >>> fastconv.ndimage.gaussian_filter(np.arange(0, 18, 2).reshape(3, 3), sigma=1).tolist()
    [[2, 4, 5], [6, 8, 9], [9, 11, 12]]
    """
    options = (
        _plain(sigma), _plain(order), _plain(mode), _plain(cval), truncate, _plain(radius), _plain(axes),
    )  # fmt: skip
    return calls.again(_gaussian_filter, input, None, output, options)  # type: ignore[no-any-return]


@quiet
def _uniform_filter(
    input: Any, _: None, output: Any, size: Any, mode: Any, cval: Any, origin: Any, axes: Any
) -> Made:
    image = array_of(input, "input")
    dst = _result(output, image, complex_=image.dtype.kind == "c")
    found = _axes(axes, image.ndim)
    sizes, origins, modes = (
        _each(value, len(found), name)
        for value, name in ((size, "size"), (origin, "origin"), (mode, "mode"))
    )
    filters = [
        _uniform(int(n), _axis(k, image.ndim), m, o)
        for k, n, m, o in zip(found, sizes, modes, origins, strict=True)
        if n > 1
    ]
    return _in_turn(filters, image, dst, cval)


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
    """Mean of a box, as scipy.ndimage.uniform_filter; see `uniform_filter1d`.

    Parameters
    ----------
    size, mode, origin : value or sequence of values, one an axis
    axes : int or tuple of int, optional
        Axes to filter: all by default.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> import fastconv, numpy as np
    >>> fastconv.ndimage.uniform_filter(np.arange(0, 18, 2).reshape(3, 3)).tolist()
    [[2, 4, 5], [6, 8, 9], [10, 12, 13]]
    """
    options = (_plain(size), _plain(mode), _plain(cval), _plain(origin), _plain(axes))
    return calls.again(_uniform_filter, input, None, output, options)  # type: ignore[no-any-return]


_DIFFERENCE = axis_filters.fold(np.array([-1.0, 0.0, 1.0]))
_SECOND = axis_filters.fold(np.array([1.0, -2.0, 1.0]))


@quiet
def _gradient(input: Any, smooth: Array, output: Any, axis: Any, mode: Any, cval: Any) -> Made:
    """A difference along an axis, smoothed along the others."""
    image = array_of(input, "input")
    k = _axis(axis, image.ndim)
    dst = _result(output, image)
    modes = [_border(m) for m in _each(mode, image.ndim, "mode")]
    fold = axis_filters.fold(smooth)
    filters = [Filter(k, _DIFFERENCE, modes[k], 0)]
    filters += [Filter(i, fold, modes[i], 0) for i in range(image.ndim) if i != k]
    return _filtered(filters, image, dst, cval)


_SOBEL, _PREWITT = np.array([1.0, 2.0, 1.0]), np.array([1.0, 1.0, 1.0])


def sobel(
    input: ArrayLike,
    axis: int = -1,
    output: Output = None,
    mode: Mode = "reflect",
    cval: float = 0.0,
) -> Array:
    """Sobel's filter, as scipy.ndimage.sobel; see `correlate1d`.

    Parameters
    ----------
    axis : int
        Along which differences are taken.
    mode : str or sequence of str, one an axis

    Returns
    -------
    ndarray

    Examples
    --------
    >>> import fastconv
    >>> fastconv.ndimage.sobel([[0, 1, 4], [0, 1, 4], [0, 1, 4]]).tolist()
    [[4, 16, 12], [4, 16, 12], [4, 16, 12]]
    """
    return calls.again(_gradient, input, _SOBEL, output, (axis, _plain(mode), _plain(cval)))  # type: ignore[no-any-return]


def prewitt(
    input: ArrayLike,
    axis: int = -1,
    output: Output = None,
    mode: Mode = "reflect",
    cval: float = 0.0,
) -> Array:
    """Prewitt's filter, as scipy.ndimage.prewitt; see `sobel`.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> import fastconv
    >>> fastconv.ndimage.prewitt([[0, 1, 4], [0, 1, 4], [0, 1, 4]]).tolist()
    [[3, 12, 9], [3, 12, 9], [3, 12, 9]]
    """
    return calls.again(_gradient, input, _PREWITT, output, (axis, _plain(mode), _plain(cval)))  # type: ignore[no-any-return]


# --- sums of filters --------------------------------------------------------------------------------


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
    dst = _result(output, image)
    found = _axes(axes, image.ndim)
    if not found:
        return _in_turn([], image, dst, cval)
    modes = _each(mode, len(found), "mode")
    found = tuple(_axis(k, image.ndim) for k in found)
    filters = [Filter(k, _SECOND, _border(m), 0) for k, m in zip(found, modes, strict=True)]
    if len(filters) == 1:
        return _filtered(filters, image, dst, cval)
    image = _apart(image, dst)
    if axis_filters.may_add(image.shape, found, dst.dtype) and image.dtype.kind != "c":
        return _parts(lambda a, b, c: axis_filters.run(filters, a, b, c, True), image, dst, cval)

    def derivative(k: int, out: Any, border: str) -> Made:
        return correlate1d(image, _SECOND.weights, k, out, border, cval), None, 0.0

    return _summed(derivative, dst, found, modes), None, 0.0


def laplace(
    input: ArrayLike,
    output: Output = None,
    mode: Mode = "reflect",
    cval: float = 0.0,
    *,
    axes: int | tuple[int, ...] | None = None,
) -> Array:
    """Sum of second differences, as scipy.ndimage.laplace; see `correlate1d`.

    Parameters
    ----------
    mode : str or sequence of str, one an axis
    axes : int or tuple of int, optional
        Axes to filter: all by default.

    Returns
    -------
    ndarray

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
    return calls.again(_laplace, input, None, output, (_plain(mode), _plain(cval), _plain(axes)))  # type: ignore[no-any-return]


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
    """Sum of second derivatives of Gaussians, as scipy.ndimage.gaussian_laplace; see `gaussian_filter`.

    Parameters
    ----------
    **kwargs
        `truncate` and `radius` of `gaussian_filter`.

    Returns
    -------
    ndarray

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
    found = _axes(axes, image.ndim)
    sigma = _each(sigma, len(found), "sigma")
    if len(found) < image.ndim:
        sigmas = [0.0] * image.ndim
        for k, s in zip(found, sigma, strict=True):
            sigmas[k] = s
        sigma = sigmas
    dst = _result(output, image)
    found = _axes(found, image.ndim)
    if not found:
        return _in_turn([], image, dst, cval)[0]
    modes = _each(mode, len(found), "mode")
    image = _apart(image, dst)
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
    **kwargs
        `truncate` and `radius` of `gaussian_filter`.

    Returns
    -------
    ndarray

    See Also
    --------
    gaussian_filter : all other parameters

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
    dst = _result(output, image)
    found = _axes(axes, image.ndim)
    if not found:
        return _in_turn([], image, dst, cval)[0]
    modes = _each(mode, len(found), "mode")
    derivative = _derivatives(_apart(image, dst), sigma, 1, cval, kwargs)
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


# --- windows ----------------------------------------------------------------------------------------


@quiet
def _window(
    input: Any, weights: Array, output: Any, mode: Any, cval: Any, origin: Any, axes: Any,
    flipped: bool,
) -> Made:  # fmt: skip
    """Correlate, or convolve if `flipped`."""
    image = array_of(input, "input")
    if image.dtype.kind == "c" or weights.dtype.kind == "c":
        if weights.dtype.kind == "c" and not flipped:
            weights = weights.conj()

        def part(a: Array, w: Array, out: Any, constant: Any) -> Array:
            return _window(a, w, out, mode, constant, origin, axes, flipped)[0]

        result = _result(output, image, complex_=True)
        if weights.dtype.kind == "c":
            return _complex(part, image, weights, result, cval), None, 0.0
        image = _apart(image, result)
        part(image.real, weights, result.real, np.real(cval))
        part(image.imag, weights, result.imag, np.imag(cval))
        return result, None, 0.0
    w, origins = _placed(image, weights, origin, _axes(axes, image.ndim), flipped)
    dst = _result(output, image)
    if not isinstance(mode, str) and isinstance(mode, Iterable):
        raise RuntimeError(f"A sequence of modes is not supported: mode must be one; got {mode!r}")
    border = _border(mode)

    def run(src: Array, to: Array, constant: float) -> tuple[Any, float]:
        if sum(n > 1 for n in w.shape) > 2:
            _handed_back(src, w, to, border, constant, origins)
            return None, 0.0
        return _in_engine(src, w, to, border, constant, origins)

    return _parts(run, image, dst, cval, by_sample=True)


def _placed(
    image: Array, weights: Array, origin: Any, axes: tuple[int, ...], flipped: bool
) -> tuple[Floats, list[int]]:
    """Weights and origins of all axes of the image, as they lie on the window."""
    w = np.asarray(weights, dtype=np.float64)
    if len(axes) < image.ndim:
        if w.ndim != len(axes):
            raise RuntimeError(f"weights.ndim ({w.ndim}) must match len(axes) ({len(axes)})")
        w = np.expand_dims(w, tuple(k for k in range(image.ndim) if k not in axes))
    origins = [operator.index(o) for o in _each(origin, len(axes), "origin")]
    if (
        len(axes) < image.ndim
    ):  # else SciPy takes them in the order of the image's axes, as the weights
        given, origins = origins, [0] * image.ndim
        for k, o in zip(axes, given, strict=True):
            origins[k] = o
    filled = sum(n > 0 for n in w.shape)
    if filled != image.ndim:
        raise RuntimeError(f"weights.ndim ({filled}) must match len(axes) ({len(axes)})")
    if flipped:
        w = np.flip(w)
        origins = [-o - (1 - n % 2) for o, n in zip(origins, w.shape, strict=True)]
    for o, n in zip(origins, w.shape, strict=True):
        if not -(n // 2) <= o <= (n - 1) // 2:
            raise ValueError(
                f"Invalid origin; origin must satisfy -(weights.shape[k] // 2) <= origin[k] <= "
                f"(weights.shape[k]-1) // 2; got {origin} for weights of shape {w.shape}"
            )
    # scipy.ndimage drops small weights, and NaN
    return np.where(np.abs(w) > _EPS, w, 0.0), origins


def _in_engine(
    src: Array, w: Floats, dst: Array, border: str, cval: float, origins: list[int]
) -> tuple[Any, float]:
    overlapping = np.may_share_memory(src, dst)
    to = np.empty(dst.shape, dst.dtype) if overlapping else dst
    ky, kx, axes = _two_axes(w)
    a, b = _as_rows(src, to, axes)
    kernel = np.ascontiguousarray(w.reshape(ky, kx))
    source, target = PIXELS[src.dtype.name], PIXELS[dst.dtype.name]
    strategy = _strategy(
        kernel.tobytes(), (ky, kx), src.dtype.name, cval if border == "constant" else 0.0
    )
    places = [
        (length, -(n // 2 + o), length)
        for length, n, o in zip(
            a.shape[-3:-1], (ky, kx), [0 if k is None else origins[k] for k in axes], strict=True
        )
    ]
    call = execute(
        strategy, a, b, kernel, source, target, places[0], places[1], border, (cval, cval), None
    )
    if overlapping:
        dst[...] = to
    return (None if overlapping else call), strategy.cost * dst.size


def _two_axes(w: Floats) -> tuple[int, int, tuple[int | None, int | None]]:
    """Height and width of a window, and the axes they lie along; None for one that there is not."""
    long = [k for k, n in enumerate(w.shape) if n > 1]
    if len(long) == 2:
        return w.shape[long[0]], w.shape[long[1]], (long[0], long[1])
    if w.ndim < 2:
        return 1, w.size, (None, 0 if w.ndim else None)
    down = long[0] if long and long[0] < w.ndim - 1 else w.ndim - 2
    return w.shape[down], w.shape[down + 1], (down, down + 1)


def _as_rows(src: Array, dst: Array, axes: tuple[int | None, int | None]) -> tuple[Array, Array]:
    """Views of shape (..., H, W, C)."""
    down, across = axes
    if across is None:
        return src.reshape(1, 1, 1), dst.reshape(1, 1, 1)
    if down is None:
        return src[np.newaxis, :, np.newaxis], dst[np.newaxis, :, np.newaxis]
    if across == down + 1 and across < src.ndim - 1:  # the axes behind are one of channels
        shape = (*src.shape[: across + 1], math.prod(src.shape[across + 1 :]))
        a, b = src.reshape(shape), dst.reshape(shape)
        if np.may_share_memory(a, src) and np.may_share_memory(b, dst):
            return a, b
    a, b = (np.moveaxis(array, (down, across), (-2, -1)) for array in (src, dst))
    return a[..., np.newaxis], b[..., np.newaxis]


@lru_cache(maxsize=256)
def _strategy(weights: bytes, shape: tuple[int, int], source: str, constant: float) -> Strategy:
    """How the engine sums a window of this shape: in SciPy's order, unless all sums are exact in any."""
    w = np.frombuffer(weights)
    pixel = PIXELS[source]
    accumulator: Accumulator = "strict"
    if np.isfinite(w).all() and pixel.integer and constant == axis_filters.round_or_nan(constant):
        peak = max(pixel.peak, abs(constant))
        total = float(np.abs(w).sum()) / binary_unit(w) * peak
        accumulator = next(
            (name for name in ACCUMULATOR_NAMES[:2] if total <= EXACT[name]), accumulator
        )
    taps = int(np.count_nonzero(w))
    return Strategy(
        "direct", "window", accumulator, why="scipy.ndimage's order", cast_mode=2,
        cost=0.3 + 0.07 * taps,
    )  # fmt: skip


def _handed_back(
    src: Array, w: Floats, dst: Array, border: str, cval: float, origins: list[int]
) -> None:
    """Windows of three and more axes: SciPy's, or else tap by tap in NumPy, in the same order."""
    scipy = originals.find("scipy.ndimage", "correlate")
    if scipy is not None:
        scipy(src, w, dst, border, cval, origins)
        return
    total = np.zeros(src.shape)
    padded = src.astype(np.float64)
    for k, (n, o) in enumerate(zip(w.shape, origins, strict=True)):
        padded = _padded(padded, k, n, o, border, cval)
    for at in zip(*np.nonzero(w), strict=True):
        windows = tuple(slice(i, i + n) for i, n in zip(at, src.shape, strict=True))
        total += w[at] * padded[windows]
    identity = [Filter(0, axis_filters.fold(np.ones(1)), "nearest", 0)]  # for its cast
    axis_filters.run(identity, total, dst, 0.0)


def _padded(a: Array, axis: int, size: int, origin: int, border: str, cval: float) -> Array:
    length = a.shape[axis]
    table = index_table(length, -(size // 2 + origin), length + size - 1, border)
    padded = a.take(table, axis)
    if border == "constant":
        outside = [slice(None)] * a.ndim
        outside[axis] = table < 0  # type: ignore[call-overload]
        padded[tuple(outside)] = cval
    return padded


def correlate(
    input: ArrayLike,
    weights: ArrayLike,
    output: Output = None,
    mode: str = "reflect",
    cval: float = 0.0,
    origin: int | Sequence[int] = 0,
    *,
    axes: int | tuple[int, ...] | None = None,
) -> Array:
    """Correlate, as scipy.ndimage.correlate; see `correlate1d`.

    Parameters
    ----------
    weights : array_like
        With as many axes as are filtered.
    origin : int or sequence of int, one an axis
    axes : int or tuple of int, optional
        Axes to filter: all by default.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> import fastconv, numpy as np
    >>> fastconv.ndimage.correlate(np.arange(4).reshape(2, 2), [[0, 1], [0, 2]]).tolist()
    [[0, 3], [4, 7]]
    """
    options = (mode, _plain(cval), _plain(origin), _plain(axes), False)
    return calls.again(_window, input, array_of(weights, "weights"), output, options)  # type: ignore[no-any-return]


def convolve(
    input: ArrayLike,
    weights: ArrayLike,
    output: Output = None,
    mode: str = "reflect",
    cval: float = 0.0,
    origin: int | Sequence[int] = 0,
    *,
    axes: int | tuple[int, ...] | None = None,
) -> Array:
    """Convolve, as scipy.ndimage.convolve; see `correlate`.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> import fastconv, numpy as np
    >>> fastconv.ndimage.convolve(np.arange(4).reshape(2, 2), [[0, 1], [0, 2]]).tolist()
    [[2, 5], [6, 9]]
    """
    options = (mode, _plain(cval), _plain(origin), _plain(axes), True)
    return calls.again(_window, input, array_of(weights, "weights"), output, options)  # type: ignore[no-any-return]
