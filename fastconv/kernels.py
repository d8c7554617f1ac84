# SPDX-License-Identifier: BSD-3-Clause
"""Named kernels, and functions that make kernels of a chosen size or strength.

A kernel is a small 2-D array of weights, always float64 and C-contiguous here. The five most used
ones are ready-made, read-only constants (`identity`, `box_blur`, `gaussian_blur`, `sharpening`,
`edge_detection`). Every function returns a new array that belongs to the caller, who may change
it. `named` gives one example of each by name.

The kernels are written for convolution, which turns the kernel by 180 degrees before it slides
it over the picture. Derivative kernels therefore hold their positive weights on the low side
(left, top), and the answer is positive where brightness grows along the axis: to convolve with
``sobel(axis=1)`` is the same as to call ``scipy.ndimage.sobel(picture, axis=1)``.

Axis 0 runs down the rows and axis 1 runs along the columns. Lengths, radii and standard
deviations are in pixels. Where a function says that the sum is 0 or 1, it is so up to rounding.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Sequence
from numbers import Integral, Real
from sys import maxsize
from typing import TypeVar

import numpy as np
from numpy.polynomial.hermite_e import hermeval
from numpy.typing import ArrayLike, NDArray

from ._arguments import quiet

__all__ = [
    "binomial",
    "box",
    "box_blur",
    "difference_of_gaussians",
    "disk",
    "edge_detection",
    "emboss",
    "gabor",
    "gabor_bank",
    "gaussian",
    "gaussian_blur",
    "gaussian_derivative",
    "hessian",
    "identity",
    "laplacian",
    "laplacian_of_gaussian",
    "laws",
    "motion_blur",
    "named",
    "prewitt",
    "roberts",
    "scharr",
    "sharpen",
    "sharpening",
    "sobel",
    "steerable",
    "unsharp",
]

_T = TypeVar("_T")


def _constant(rows: list[list[int]], divisor: int = 1) -> NDArray[np.float64]:
    kernel = np.array(rows, dtype=np.float64) / divisor
    kernel.setflags(write=False)
    return kernel


#: Leaves the picture as it is; sum 1.
identity: NDArray[np.float64] = _constant([[0, 0, 0], [0, 1, 0], [0, 0, 0]])

#: The plain mean of the 3 x 3 neighbourhood, `box` of size 3; sum 1.
box_blur: NDArray[np.float64] = _constant([[1, 1, 1], [1, 1, 1], [1, 1, 1]], 9)

#: The usual small stand-in for a Gaussian, `binomial` of size 3; sum 1.
gaussian_blur: NDArray[np.float64] = _constant([[1, 2, 1], [2, 4, 2], [1, 2, 1]], 16)

#: The picture minus its 4-neighbour Laplacian, `sharpen` of amount 1; sum 1.
sharpening: NDArray[np.float64] = _constant([[0, -1, 0], [-1, 5, -1], [0, -1, 0]])

#: Minus the 4-neighbour Laplacian: the centre is positive, unlike in `laplacian`; sum 0.
edge_detection: NDArray[np.float64] = _constant([[0, -1, 0], [-1, 4, -1], [0, -1, 0]])


# --- checks of the arguments ---------------------------------------------------------------------


def _number(
    name: str, value: object, allowed: str = "a finite number", *, least: float = -math.inf
) -> float:
    """Return `value` as a float, or say what `name` allows."""
    problem = f"{name} must be {allowed}; got {value!r}"
    # bool is a Real to Python, but a switch passed as a number is a mistake.
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(problem)
    try:
        number = float(value)
    except OverflowError:
        raise ValueError(problem) from None
    if not (math.isfinite(number) and number >= least):
        raise ValueError(problem)
    return number


def _positive(name: str, value: object, allowed: str = "a positive finite number") -> float:
    return _number(name, value, allowed, least=math.ulp(0.0))


def _amount(value: object) -> float:
    return _number("amount", value, "a finite number of at least 0", least=0.0)


def _integer(name: str, value: object, allowed: str, choices: Container[int]) -> int:
    """Return `value` as an int that is among `choices`, or say what `name` allows."""
    problem = f"{name} must be {allowed}; got {value!r}"
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(problem)
    if int(value) not in choices:
        raise ValueError(problem)
    return int(value)


def _axis(value: object) -> int:
    allowed = "0 (down the rows) or 1 (along the columns), or -2 or -1 for the same"
    return _integer("axis", value, allowed, range(-2, 2)) % 2


def _pair(
    name: str, value: object, allowed: str, check: Callable[[str, object, str], _T]
) -> tuple[_T, _T]:
    """Return a checked value for axis 0 and one for axis 1; a single value serves both."""
    parts = value.tolist() if isinstance(value, np.ndarray) else value
    if not isinstance(parts, tuple | list):
        parts = (parts, parts)
    if len(parts) != 2:
        raise ValueError(f"{name} must be {allowed}; got {value!r}")
    return check(name, parts[0], allowed), check(name, parts[1], allowed)


def _size(value: object) -> tuple[int, int]:
    def check(name: str, part: object, allowed: str) -> int:
        return _integer(name, part, allowed, range(1, maxsize))

    return _pair("size", value, "a positive int or a (height, width) pair of them", check)


def _sigmas(name: str, value: object) -> tuple[float, float]:
    allowed = f"a positive finite number or a ({name}_y, {name}_x) pair of them"
    return _pair(name, value, allowed, _positive)


# --- parts that several kernels share ------------------------------------------------------------


@quiet
def _outer(column: ArrayLike, row: ArrayLike) -> NDArray[np.float64]:
    return np.outer(np.asarray(column, dtype=np.float64), np.asarray(row, dtype=np.float64))


@quiet
def _weighted(a: NDArray[np.float64], weight: float, b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the first plus a number times the second."""
    return a + weight * b


def _centred(kernel: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return a kernel of odd sides in the middle of zeros of a larger (or the same) odd shape."""
    margins = [(outer - inner) // 2 for outer, inner in zip(shape, kernel.shape, strict=True)]
    return np.pad(kernel, [(margin, margin) for margin in margins])


@quiet
def _gaussian_1d(sigma: float, truncate: float, order: int = 0) -> NDArray[np.float64]:
    """Return a sampled Gaussian of sum 1, or its derivative of the given order."""
    radius = int(truncate * sigma + 0.5)
    if order and radius < 1:
        raise ValueError(
            "truncate * sigma must be at least 0.5, or the kernel has no neighbour to take a "
            f"difference from; got sigma {sigma!r} and truncate {truncate!r}"
        )
    # Only one half is computed: its mirror image is then the same to the last bit.
    half = np.arange(radius + 1.0)
    # The square of a very small sigma is 0, and 0 / 0 would make the centre NaN.
    weights = np.exp(-0.5 / max(sigma * sigma, float(np.finfo(np.float64).tiny)) * half**2)
    weights /= np.concatenate((weights[:0:-1], weights)).sum()
    if order:
        # d^n/dx^n g(x) = (-1/sigma)^n He_n(x / sigma) g(x)
        weights *= (-1.0 / sigma) ** order * hermeval(half / sigma, [0.0] * order + [1.0])
    return np.concatenate(((-1.0) ** order * weights[:0:-1], weights)) + 0.0  # no -0.0


def _gradient(smoothing: tuple[int, int, int], axis: int) -> NDArray[np.float64]:
    """Return a 3 x 3 central difference along `axis`, smoothed across it."""
    difference = (1.0, 0.0, -1.0)
    if _axis(axis) == 0:
        return _outer(difference, smoothing)
    return _outer(smoothing, difference)


def _grid(radius_y: int, radius_x: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the y (a column) and x (a row) of each pixel, counted from the centre."""
    y = np.arange(-radius_y, radius_y + 1, dtype=np.float64)
    x = np.arange(-radius_x, radius_x + 1, dtype=np.float64)
    return y[:, np.newaxis], x[np.newaxis, :]


def _direction(angle: object) -> tuple[float, float]:
    """Return the unit step (y, x) towards `angle`, in degrees, counter-clockwise on the screen."""
    radians = math.radians(math.fmod(_number("angle", angle), 360.0))
    # Rounding makes the cosine of 90 degrees 0, and cosine and sine of 45 degrees equal.
    # Rows grow downwards, so up is minus y.
    return round(-math.sin(radians), 14) + 0.0, round(math.cos(radians), 14) + 0.0


# --- blurs ---------------------------------------------------------------------------------------


def box(size: int | tuple[int, int] = 3) -> NDArray[np.float64]:
    """Make a box blur: the plain mean of a rectangle.

    Parameters
    ----------
    size : int or (int, int), default 3
        Side of the square, or (height, width), in pixels; each at least 1, odd or even.

    Returns
    -------
    ndarray of float64, shape (height, width)
        Equal weights; sum 1.

    Raises
    ------
    TypeError
        If `size` is not made of ints (a bool is not an int here).
    ValueError
        If a side is less than 1, or `size` does not hold one or two values.

    Notes
    -----
    Every weight is ``1 / (height * width)``.

    Examples
    --------
    >>> from fastconv import kernels
    >>> kernels.box((1, 4)).tolist()
    [[0.25, 0.25, 0.25, 0.25]]
    """
    height, width = _size(size)
    return np.full((height, width), 1.0 / (height * width))


def gaussian(
    sigma: float | tuple[float, float] = 1.0, truncate: float = 4.0
) -> NDArray[np.float64]:
    """Make a Gaussian blur with the weights of ``scipy.ndimage.gaussian_filter``.

    Parameters
    ----------
    sigma : float or (float, float), default 1.0
        Standard deviation, or (sigma_y, sigma_x), in pixels; positive.
    truncate : float, default 4.0
        Where to cut the bell off, in standard deviations; positive.

    Returns
    -------
    ndarray of float64, shape (2 * radius_y + 1, 2 * radius_x + 1)
        Symmetric to the last bit in both axes; sum 1.

    Raises
    ------
    TypeError
        If an argument is not a number.
    ValueError
        If an argument is not positive and finite, or `sigma` does not hold one or two values.

    Notes
    -----
    The outer product of two 1-D factors, each ``exp(-x**2 / (2 * sigma**2))`` for ``|x| <= radius``
    divided by its sum, with ``radius = int(truncate * sigma + 0.5)`` as in ``scipy.ndimage``. A
    `sigma` so small that the radius is 0 gives the single weight 1.

    Examples
    --------
    >>> from fastconv import kernels
    >>> kernels.gaussian(1.0, truncate=1.0).round(3).tolist()
    [[0.075, 0.124, 0.075], [0.124, 0.204, 0.124], [0.075, 0.124, 0.075]]
    >>> kernels.gaussian((1.0, 2.0)).shape
    (9, 17)
    """
    sigma_y, sigma_x = _sigmas("sigma", sigma)
    truncate = _positive("truncate", truncate)
    return _outer(_gaussian_1d(sigma_y, truncate), _gaussian_1d(sigma_x, truncate))


def binomial(size: int | tuple[int, int] = 3) -> NDArray[np.float64]:
    """Make a binomial blur: a row of Pascal's triangle in each axis.

    Parameters
    ----------
    size : int or (int, int), default 3
        Side of the square, or (height, width), in pixels; each at least 1, odd or even.

    Returns
    -------
    ndarray of float64, shape (height, width)
        Symmetric to the last bit in both axes; sum 1.

    Raises
    ------
    TypeError
        If `size` is not made of ints (a bool is not an int here).
    ValueError
        If a side is less than 1, or `size` does not hold one or two values.

    Notes
    -----
    The outer product of two 1-D factors ``C(n - 1, k) / 2**(n - 1)``, k = 0 ... n - 1. A side of n
    comes close to a Gaussian of standard deviation ``sqrt(n - 1) / 2``. Size 3 is `gaussian_blur`.

    Examples
    --------
    >>> from fastconv import kernels
    >>> (16 * kernels.binomial()).tolist()
    [[1.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 1.0]]
    """

    def factor(side: int) -> list[float]:
        # Division of whole ints is rounded once and cannot overflow, however long the row.
        return [math.comb(side - 1, k) / 2 ** (side - 1) for k in range(side)]

    height, width = _size(size)
    return _outer(factor(height), factor(width))


def disk(radius: float = 3) -> NDArray[np.float64]:
    """Make a disk blur: the plain mean of a circle, as of a lens out of focus.

    Parameters
    ----------
    radius : float, default 3
        Radius in pixels; positive, whole or not.

    Returns
    -------
    ndarray of float64, shape (2 * floor(radius) + 1, 2 * floor(radius) + 1)
        Equal weights inside, 0 outside; the same to the last bit after a quarter turn; sum 1.

    Raises
    ------
    TypeError
        If `radius` is not a number.
    ValueError
        If `radius` is not positive and finite.

    Notes
    -----
    A pixel counts when its centre is in the disk, ``x**2 + y**2 <= radius**2``; the rim is not
    smoothed. This is ``skimage.morphology.disk`` divided by its sum.

    Examples
    --------
    >>> from fastconv import kernels
    >>> kernels.disk(1).tolist()
    [[0.0, 0.2, 0.0], [0.2, 0.2, 0.2], [0.0, 0.2, 0.0]]
    """
    radius = _positive("radius", radius)
    y, x = _grid(int(radius), int(radius))
    inside = x * x + y * y <= radius * radius
    kernel: NDArray[np.float64] = inside / np.count_nonzero(inside)
    return kernel


def motion_blur(length: float = 9, angle: float = 0.0) -> NDArray[np.float64]:
    """Make a motion blur: the mean along a straight line with smoothed edges.

    Parameters
    ----------
    length : float, default 9
        Length of the line in pixels; at least 1 (which blurs nothing).
    angle : float, default 0.0
        Direction of the line in degrees, counter-clockwise as seen on the screen: 0 is level, 90
        upright, 45 rises to the right. Any finite number; half a turn changes nothing.

    Returns
    -------
    ndarray of float64, shape (2 * ry + 1, 2 * rx + 1)
        ``ry = ceil((length - 1) / 2 * |sin(angle)|)``, and `rx` the same with the cosine, so that
        a level line of odd length is a single row. Unchanged by half a turn; sum 1.

    Raises
    ------
    TypeError
        If an argument is not a number.
    ValueError
        If `length` is less than 1, or an argument is not finite.

    Notes
    -----
    Weights are ``max(0, 1 - d)`` divided by their sum, d being the distance from the pixel to the
    segment of length ``length - 1`` about the centre: the rule of MATLAB's ``fspecial('motion')``.

    Examples
    --------
    >>> from fastconv import kernels
    >>> kernels.motion_blur(4).tolist()
    [[0.125, 0.25, 0.25, 0.25, 0.125]]
    >>> kernels.motion_blur(5, 90).ravel().tolist()
    [0.2, 0.2, 0.2, 0.2, 0.2]
    """
    half = (_number("length", length, "a finite number of at least 1", least=1.0) - 1.0) / 2.0
    step_y, step_x = _direction(angle)
    y, x = _grid(math.ceil(half * abs(step_y)), math.ceil(half * abs(step_x)))
    nearest = np.clip(y * step_y + x * step_x, -half, half)
    weights = np.maximum(0.0, 1.0 - np.hypot(y - nearest * step_y, x - nearest * step_x))
    kernel: NDArray[np.float64] = weights / weights.sum()
    return kernel


# --- sharpening and relief -----------------------------------------------------------------------


def sharpen(amount: float = 1.0) -> NDArray[np.float64]:
    """Make a 3 x 3 sharpening kernel: the picture minus its Laplacian.

    Parameters
    ----------
    amount : float, default 1.0
        Strength; at least 0 (which leaves the picture as it is).

    Returns
    -------
    ndarray of float64, shape (3, 3)
        Symmetric; sum 1.

    Raises
    ------
    TypeError
        If `amount` is not a number.
    ValueError
        If `amount` is negative or not finite.

    Notes
    -----
    ``identity - amount * laplacian()``. Amount 1 is `sharpening`.

    Examples
    --------
    >>> from fastconv import kernels
    >>> kernels.sharpen(0.5).tolist()
    [[0.0, -0.5, 0.0], [-0.5, 3.0, -0.5], [0.0, -0.5, 0.0]]
    """
    return _weighted(identity, -_amount(amount), laplacian())


def unsharp(
    sigma: float | tuple[float, float] = 1.0, amount: float = 1.0, *, truncate: float = 4.0
) -> NDArray[np.float64]:
    """Make an unsharp mask: the picture plus what a Gaussian blur takes from it.

    Parameters
    ----------
    sigma : float or (float, float), default 1.0
        Standard deviation of the blur, or (sigma_y, sigma_x), in pixels; positive.
    amount : float, default 1.0
        Strength; at least 0 (which leaves the picture as it is).
    truncate : float, default 4.0
        Where to cut the bell off, in standard deviations; positive.

    Returns
    -------
    ndarray of float64, shape (2 * radius_y + 1, 2 * radius_x + 1)
        The shape of `gaussian`; symmetric to the last bit in both axes; sum 1.

    Raises
    ------
    TypeError
        If an argument is not a number.
    ValueError
        If an argument is not finite, `amount` is negative or another is not positive, or `sigma`
        does not hold one or two values.

    Notes
    -----
    ``unit + amount * (unit - gaussian(sigma, truncate))``, where `unit` is 1 at the centre and 0
    elsewhere: the darkroom method, without a threshold.

    Examples
    --------
    >>> from fastconv import kernels
    >>> kernels.unsharp(1.0, amount=2.0, truncate=1.0).round(3).tolist()
    [[-0.15, -0.248, -0.15], [-0.248, 2.592, -0.248], [-0.15, -0.248, -0.15]]
    """
    blur = gaussian(sigma, truncate)
    unit = _centred(np.ones((1, 1)), blur.shape)
    return _weighted(unit, _amount(amount), unit - blur)


def emboss(angle: float = 135.0, amount: float = 1.0) -> NDArray[np.float64]:
    """Make a 3 x 3 relief kernel: the picture as a surface lit from one side.

    Slopes that face the light come out brighter and slopes that face away darker.

    Parameters
    ----------
    angle : float, default 135.0
        Where the light comes from, in degrees, counter-clockwise as seen on the screen: 0 is from
        the right, 90 from above, 135 from the upper left. Any finite number.
    amount : float, default 1.0
        Height of the relief; at least 0 (which leaves the picture as it is).

    Returns
    -------
    ndarray of float64, shape (3, 3)
        Weights that mirror each other in sign about the centre, plus 1 at the centre; sum 1.

    Raises
    ------
    TypeError
        If an argument is not a number.
    ValueError
        If an argument is not finite, or `amount` is negative.

    Notes
    -----
    ``identity - amount * (ly * prewitt(0) + lx * prewitt(1))``, where (ly, lx) points to the light
    and its larger part is 1 in size, so that the eight compass directions give whole numbers.
    Written for convolution: the default is the common ``[[-2, -1, 0], [-1, 1, 1], [0, 1, 2]]`` of
    programs that correlate, turned by 180 degrees.

    Examples
    --------
    >>> from fastconv import kernels
    >>> kernels.emboss().tolist()
    [[2.0, 1.0, 0.0], [1.0, 1.0, -1.0], [0.0, -1.0, -2.0]]
    """
    step_y, step_x = _direction(angle)
    larger = max(abs(step_y), abs(step_x))
    towards_light = step_y / larger * prewitt(0) + step_x / larger * prewitt(1)
    return _weighted(identity, -_amount(amount), towards_light)


# --- first derivatives ---------------------------------------------------------------------------


def sobel(axis: int = 1) -> NDArray[np.float64]:
    """Make the Sobel derivative along one axis.

    Parameters
    ----------
    axis : {0, 1, -2, -1}, default 1
        Axis of the derivative: 0 down the rows, 1 along the columns; -2 and -1 name the same two.

    Returns
    -------
    ndarray of float64, shape (3, 3)
        Whole numbers, not normalised: a slope of 1 per pixel answers 8. Sum 0. Written for
        convolution: positive where brightness grows along the axis.

    Raises
    ------
    TypeError
        If `axis` is not an int.
    ValueError
        If `axis` is not one of the four.

    Notes
    -----
    The difference (1, 0, -1) along the axis times the smoothing (1, 2, 1) across it; convolution
    with it is ``scipy.ndimage.sobel``. I. Sobel and G. Feldman, "A 3x3 isotropic gradient operator
    for image processing", Stanford Artificial Intelligence Project, 1968.

    Examples
    --------
    >>> from fastconv import kernels
    >>> kernels.sobel(axis=1).tolist()
    [[1.0, 0.0, -1.0], [2.0, 0.0, -2.0], [1.0, 0.0, -1.0]]
    """
    return _gradient((1, 2, 1), axis)


def scharr(axis: int = 1) -> NDArray[np.float64]:
    """Make the Scharr derivative along one axis, whose direction errs less than Sobel's.

    Parameters
    ----------
    axis : {0, 1, -2, -1}, default 1
        Axis of the derivative: 0 down the rows, 1 along the columns; -2 and -1 name the same two.

    Returns
    -------
    ndarray of float64, shape (3, 3)
        Whole numbers, not normalised: a slope of 1 per pixel answers 32. Sum 0. Written for
        convolution: positive where brightness grows along the axis.

    Raises
    ------
    TypeError
        If `axis` is not an int.
    ValueError
        If `axis` is not one of the four.

    Notes
    -----
    The difference (1, 0, -1) along the axis times the smoothing (3, 10, 3) across it. H. Scharr,
    "Optimale Operatoren in der Digitalen Bildverarbeitung", thesis, Heidelberg, 2000.

    Examples
    --------
    >>> from fastconv import kernels
    >>> kernels.scharr(axis=0).tolist()
    [[3.0, 10.0, 3.0], [0.0, 0.0, 0.0], [-3.0, -10.0, -3.0]]
    """
    return _gradient((3, 10, 3), axis)


def prewitt(axis: int = 1) -> NDArray[np.float64]:
    """Make the Prewitt derivative along one axis.

    Parameters
    ----------
    axis : {0, 1, -2, -1}, default 1
        Axis of the derivative: 0 down the rows, 1 along the columns; -2 and -1 name the same two.

    Returns
    -------
    ndarray of float64, shape (3, 3)
        Whole numbers, not normalised: a slope of 1 per pixel answers 6. Sum 0. Written for
        convolution: positive where brightness grows along the axis.

    Raises
    ------
    TypeError
        If `axis` is not an int.
    ValueError
        If `axis` is not one of the four.

    Notes
    -----
    The difference (1, 0, -1) along the axis times the smoothing (1, 1, 1) across it; convolution
    with it is ``scipy.ndimage.prewitt``. J. M. S. Prewitt, "Object enhancement and extraction", in
    Picture Processing and Psychopictorics, 1970.

    Examples
    --------
    >>> from fastconv import kernels
    >>> kernels.prewitt(axis=1).tolist()
    [[1.0, 0.0, -1.0], [1.0, 0.0, -1.0], [1.0, 0.0, -1.0]]
    """
    return _gradient((1, 1, 1), axis)


def roberts(diagonal: int = 0) -> NDArray[np.float64]:
    """Make one of the two kernels of the Roberts cross: the difference along a diagonal.

    Parameters
    ----------
    diagonal : {0, 1}, default 0
        0 for the diagonal that runs down to the right, 1 for the one that runs down to the left.

    Returns
    -------
    ndarray of float64, shape (2, 2)
        Whole numbers, not normalised; sum 0. Written for convolution: positive where brightness
        grows down the diagonal.

    Raises
    ------
    TypeError
        If `diagonal` is not an int (a bool is not an int here).
    ValueError
        If `diagonal` is neither 0 nor 1.

    Notes
    -----
    The even size has no middle pixel, so the answer lies half a pixel off the grid in both axes.
    L. G. Roberts, "Machine perception of three-dimensional solids", thesis, MIT, 1963.

    Examples
    --------
    >>> from fastconv import kernels
    >>> kernels.roberts().tolist()
    [[1.0, 0.0], [0.0, -1.0]]
    >>> kernels.roberts(1).tolist()
    [[0.0, 1.0], [-1.0, 0.0]]
    """
    allowed = "0 (down to the right) or 1 (down to the left)"
    if _integer("diagonal", diagonal, allowed, range(2)) == 0:
        return np.array([[1.0, 0.0], [0.0, -1.0]])
    return np.array([[0.0, 1.0], [-1.0, 0.0]])


def gaussian_derivative(
    sigma: float | tuple[float, float] = 1.0,
    order: int = 1,
    *,
    axis: int = 1,
    truncate: float = 4.0,
) -> NDArray[np.float64]:
    """Make a derivative of a Gaussian along one axis: blur and differentiate in one step.

    Parameters
    ----------
    sigma : float or (float, float), default 1.0
        Standard deviation, or (sigma_y, sigma_x), in pixels; positive.
    order : int, default 1
        How often to differentiate; at least 0 (which is `gaussian`).
    axis : {0, 1, -2, -1}, default 1
        Axis of the derivative: 0 down the rows, 1 along the columns; -2 and -1 name the same two.
    truncate : float, default 4.0
        Where to cut the bell off, in standard deviations; positive.

    Returns
    -------
    ndarray of float64, shape (2 * radius_y + 1, 2 * radius_x + 1)
        Odd (odd `order`) or even (even `order`) along the axis, and even across it, to the last
        bit. Sum 0 for an odd `order`; for an even one, only as near 0 as sampling leaves it.
        Written for convolution: with `order` 1, positive where brightness grows along the axis.

    Raises
    ------
    TypeError
        If `order` or `axis` is not an int, or another argument is not a number.
    ValueError
        If an argument is out of its range, or the radius along the axis would be 0.

    Notes
    -----
    The n-th derivative is ``(-1 / sigma)**n * He_n(x / sigma) * g(x)``, He_n being the
    probabilists' Hermite polynomial and g the 1-D factor of `gaussian`. Convolution with it is
    ``scipy.ndimage.gaussian_filter`` with that `order` on the axis and 0 on the other.

    Examples
    --------
    >>> from fastconv import kernels
    >>> kernels.gaussian_derivative(1.0, truncate=1.0).round(3).tolist()
    [[0.075, 0.0, -0.075], [0.124, 0.0, -0.124], [0.075, 0.0, -0.075]]
    """
    sigma_y, sigma_x = _sigmas("sigma", sigma)
    order = _integer("order", order, "an int of at least 0", range(maxsize))
    truncate = _positive("truncate", truncate)
    order_y, order_x = (order, 0) if _axis(axis) == 0 else (0, order)
    return _outer(
        _gaussian_1d(sigma_y, truncate, order_y), _gaussian_1d(sigma_x, truncate, order_x)
    )


# --- second derivatives and bands ----------------------------------------------------------------


def laplacian(diagonal: bool = False) -> NDArray[np.float64]:
    """Make a 3 x 3 Laplacian: the sum of the neighbours' differences from the centre.

    Parameters
    ----------
    diagonal : bool, default False
        Whether the four diagonal neighbours count too.

    Returns
    -------
    ndarray of float64, shape (3, 3)
        Whole numbers, the centre negative (-4, or -8 with the diagonals); symmetric; sum 0.

    Raises
    ------
    TypeError
        If `diagonal` is not a bool.

    Notes
    -----
    With the 4 neighbours it is ``scipy.ndimage.laplace``: second difference (1, -2, 1) along each
    axis, added up. `edge_detection` is the same with the opposite sign.

    Examples
    --------
    >>> from fastconv import kernels
    >>> kernels.laplacian().tolist()
    [[0.0, 1.0, 0.0], [1.0, -4.0, 1.0], [0.0, 1.0, 0.0]]
    """
    if not isinstance(diagonal, bool | np.bool_):
        raise TypeError(f"diagonal must be True or False; got {diagonal!r}")
    corner = 1.0 if diagonal else 0.0
    kernel = np.array([[corner, 1.0, corner], [1.0, 0.0, 1.0], [corner, 1.0, corner]])
    kernel[1, 1] = -kernel.sum()
    return kernel


def laplacian_of_gaussian(
    sigma: float | tuple[float, float] = 1.0, truncate: float = 4.0
) -> NDArray[np.float64]:
    """Make a Laplacian of Gaussian: blur, then the sum of both second derivatives.

    Parameters
    ----------
    sigma : float or (float, float), default 1.0
        Standard deviation, or (sigma_y, sigma_x), in pixels; positive.
    truncate : float, default 4.0
        Where to cut the bell off, in standard deviations; positive.

    Returns
    -------
    ndarray of float64, shape (2 * radius_y + 1, 2 * radius_x + 1)
        The shape of `gaussian`; symmetric to the last bit in both axes; the centre negative; sum 0.

    Raises
    ------
    TypeError
        If an argument is not a number.
    ValueError
        If an argument is not positive and finite, `sigma` does not hold one or two values, or a
        radius would be 0.

    Notes
    -----
    ``g''(y) * g(x) + g(y) * g''(x)``, the kernel of ``scipy.ndimage.gaussian_laplace``, except that
    sampling and truncation leave that one a small sum, so that flat areas do not answer 0. Here
    ``sum(g'') * g`` is taken from each g'' first; the kernel stays a sum of two outer products.
    D. Marr and E. Hildreth, "Theory of edge detection", Proc. R. Soc. Lond. B 207, 1980.

    Examples
    --------
    >>> from fastconv import kernels
    >>> kernels.laplacian_of_gaussian(1.0, truncate=1.0).round(3).tolist()
    [[0.068, -0.012, 0.068], [-0.012, -0.224, -0.012], [0.068, -0.012, 0.068]]
    """
    sigmas = _sigmas("sigma", sigma)
    truncate = _positive("truncate", truncate)
    blur_y, blur_x = (_gaussian_1d(each, truncate) for each in sigmas)
    bend_y, bend_x = (_gaussian_1d(each, truncate, 2) for each in sigmas)
    bend_y = _weighted(bend_y, -math.fsum(bend_y), blur_y)
    bend_x = _weighted(bend_x, -math.fsum(bend_x), blur_x)
    return _outer(bend_y, blur_x) + _outer(blur_y, bend_x)


def difference_of_gaussians(
    low_sigma: float | tuple[float, float] = 1.0,
    high_sigma: float | tuple[float, float] | None = None,
    *,
    truncate: float = 4.0,
) -> NDArray[np.float64]:
    """Make a difference of Gaussians: a narrow blur minus a wide one, which keeps a band.

    Parameters
    ----------
    low_sigma : float or (float, float), default 1.0
        Standard deviation of the narrow blur, or (y, x) of it, in pixels; positive.
    high_sigma : float or (float, float), optional
        Standard deviation of the wide blur, or (y, x) of it, in pixels; greater than `low_sigma`
        in both axes. By default 1.6 times `low_sigma`.
    truncate : float, default 4.0
        Where to cut the bells off, in standard deviations; positive.

    Returns
    -------
    ndarray of float64, shape (2 * radius_y + 1, 2 * radius_x + 1)
        The shape of the wide blur; symmetric to the last bit in both axes; the centre positive;
        sum 0.

    Raises
    ------
    TypeError
        If an argument is not a number.
    ValueError
        If an argument is not positive and finite, a sigma does not hold one or two values,
        `high_sigma` is not greater than `low_sigma`, or the wide blur has a single weight.

    Notes
    -----
    ``gaussian(low_sigma, truncate) - gaussian(high_sigma, truncate)``, as in
    ``skimage.filters.difference_of_gaussians``. At the ratio 1.6 it comes nearest to
    `laplacian_of_gaussian`, with the opposite sign: D. Marr and E. Hildreth, "Theory of edge
    detection", Proc. R. Soc. Lond. B 207, 1980.

    Examples
    --------
    >>> from fastconv import kernels
    >>> kernels.difference_of_gaussians(0.5, 1.0, truncate=1.0).round(3).tolist()
    [[-0.064, -0.04, -0.064], [-0.04, 0.415, -0.04], [-0.064, -0.04, -0.064]]
    """
    low = _sigmas("low_sigma", low_sigma)
    high = (1.6 * low[0], 1.6 * low[1])
    if high_sigma is not None:
        high = _sigmas("high_sigma", high_sigma)
    if high[0] <= low[0] or high[1] <= low[1]:
        raise ValueError(
            "high_sigma must be greater than low_sigma in both axes; "
            f"got high_sigma {high_sigma!r} and low_sigma {low_sigma!r}"
        )
    wide = gaussian(high, truncate)
    if wide.size == 1:
        raise ValueError(
            "truncate * high_sigma must be at least 0.5, or both blurs are the same single "
            f"weight; got high_sigma {high!r} and truncate {truncate!r}"
        )
    return _centred(gaussian(low, truncate), wide.shape) - wide


def gabor(
    frequency: float = 0.25,
    theta: float = 0.0,
    *,
    bandwidth: float = 1.0,
    sigma_x: float | None = None,
    sigma_y: float | None = None,
    n_stds: float = 3.0,
    offset: float = 0.0,
) -> NDArray[np.float64]:
    """Make a Gabor kernel: a wave under a Gaussian bell, which answers to stripes.

    Parameters
    ----------
    frequency : float, default 0.25
        Frequency of the wave in cycles per pixel; positive (above 0.5 the samples alias).
    theta : float, default 0.0
        Direction in which the wave travels, in radians, from axis 1 towards axis 0, which is
        clockwise as seen on the screen. Any finite number.
    bandwidth : float, default 1.0
        Width of the answer in octaves; positive. Sets the deviations that are not given.
    sigma_x, sigma_y : float, optional
        Standard deviations of the bell along and across the wave, in pixels; positive.
    n_stds : float, default 3.0
        Where to cut the bell off, in standard deviations; positive.
    offset : float, default 0.0
        Phase of the wave at the centre, in radians: 0 for a cosine, ``-pi / 2`` for a sine.

    Returns
    -------
    ndarray of float64, shape (2 * ry + 1, 2 * rx + 1)
        `ry` and `rx` hold `n_stds` deviations of the turned bell and are at least 1. The bell, not
        the kernel, has sum 1 (nearly); the sum of the kernel is small but in general not 0.

    Raises
    ------
    TypeError
        If an argument is not a number.
    ValueError
        If an argument is not finite, or one that must be positive is not.

    Notes
    -----
    With ``u = x cos(theta) + y sin(theta)`` and ``v = y cos(theta) - x sin(theta)``::

        exp(-(u**2 / sigma_x**2 + v**2 / sigma_y**2) / 2) / (2 pi sigma_x sigma_y)
            * cos(2 pi frequency u + offset)

    the real part of ``skimage.filters.gabor_kernel`` with the same arguments. By default both
    deviations are ``sqrt(ln(2) / 2) / pi * (2**b + 1) / (2**b - 1) / frequency``, b being the
    bandwidth. D. Gabor, "Theory of communication", J. IEE 93, 1946; J. G. Daugman, J. Opt. Soc.
    Am. A 2, 1985.

    Examples
    --------
    >>> from fastconv import kernels
    >>> kernels.gabor(0.25, sigma_x=1.0, sigma_y=0.3, n_stds=1).round(3).tolist()
    [[0.0, 0.002, 0.0], [0.0, 0.531, 0.0], [0.0, 0.002, 0.0]]
    """
    frequency = _positive("frequency", frequency)
    theta, offset = _number("theta", theta), _number("offset", offset)
    # coth(b ln(2) / 2) is (2**b + 1) / (2**b - 1), and does not overflow.
    ratio = 1.0 / math.tanh(_positive("bandwidth", bandwidth) * math.log(2.0) / 2.0)
    by_bandwidth = math.sqrt(math.log(2.0) / 2.0) / math.pi * ratio / frequency
    sigma_x = by_bandwidth if sigma_x is None else _positive("sigma_x", sigma_x)
    sigma_y = by_bandwidth if sigma_y is None else _positive("sigma_y", sigma_y)
    reach_x, reach_y = (_positive("n_stds", n_stds) * sigma for sigma in (sigma_x, sigma_y))
    cos, sin = math.cos(theta), math.sin(theta)
    y, x = _grid(
        math.ceil(max(abs(reach_y * cos), abs(reach_x * sin), 1.0)),
        math.ceil(max(abs(reach_x * cos), abs(reach_y * sin), 1.0)),
    )
    with np.errstate(all="ignore"):  # the bell may underflow to zeros
        u, v = x * cos + y * sin, y * cos - x * sin
        bell = np.exp(-0.5 * ((u / sigma_x) ** 2 + (v / sigma_y) ** 2))
        bell /= 2.0 * math.pi * sigma_x * sigma_y
        kernel: NDArray[np.float64] = bell * np.cos(2.0 * math.pi * frequency * u + offset)
    return kernel


# --- banks ---------------------------------------------------------------------------------------


def hessian(
    sigma: float | tuple[float, float] = 1.0, *, truncate: float = 4.0
) -> list[NDArray[np.float64]]:
    """Make the second derivatives of a Gaussian: down twice, down and across, across twice.

    Parameters
    ----------
    sigma : float or (float, float), default 1.0
        Standard deviation, or (sigma_y, sigma_x), in pixels; positive.
    truncate : float, default 4.0
        Where to cut the bell off, in standard deviations; positive.

    Returns
    -------
    list of three ndarrays of float64, shape (2 * radius_y + 1, 2 * radius_x + 1)
        For `fastconv.bank`: the elements yy, yx and xx of the Hessian matrix of the blurred picture.

    Raises
    ------
    TypeError
        If an argument is not a number.
    ValueError
        If an argument is out of its range, or a radius would be 0.

    Notes
    -----
    Products of the lines that `gaussian_derivative` describes, of orders (2, 0), (1, 1) and (0, 2).

    Examples
    --------
    >>> import numpy as np
    >>> from fastconv import kernels
    >>> yy, yx, xx = kernels.hessian(1.5)
    >>> np.array_equal(yy, xx.T), np.array_equal(xx, kernels.gaussian_derivative(1.5, 2))
    (True, True)
    """
    sigma_y, sigma_x = _sigmas("sigma", sigma)
    truncate = _positive("truncate", truncate)
    down, across = (
        [_gaussian_1d(each, truncate, order) for order in range(3)] for each in (sigma_y, sigma_x)
    )
    return [_outer(down[2 - order], across[order]) for order in range(3)]


def steerable(
    sigma: float = 1.0, order: int = 1, angles: int | None = None, *, truncate: float = 4.0
) -> list[NDArray[np.float64]]:
    """Make a Gaussian's derivatives along directions that are evenly spread over half a turn.

    Parameters
    ----------
    sigma : float, default 1.0
        Standard deviation in pixels; positive.
    order : {1, 2}, default 1
        How often to differentiate.
    angles : int, optional
        How many directions, at least 1: by default ``order + 1``, whose responses give all others.
    truncate : float, default 4.0
        Where to cut the bell off, in standard deviations; positive.

    Returns
    -------
    list of ndarray of float64, shape (2 * radius + 1, 2 * radius + 1)
        Of the directions 0, pi / n, 2 pi / n ..., from axis 1 towards axis 0.

    Raises
    ------
    TypeError
        If an argument is not a number, or `order` or `angles` no int.
    ValueError
        If an argument is out of its range.

    Notes
    -----
    W. T. Freeman and E. H. Adelson, "The design and use of steerable filters", IEEE Trans. PAMI 13, 1991:
    ``cos t G_x + sin t G_y`` and ``cos^2 t G_xx + 2 cos t sin t G_xy + sin^2 t G_yy``.

    Examples
    --------
    >>> import numpy as np
    >>> from fastconv import kernels
    >>> across, down = kernels.steerable(1.0)
    >>> np.array_equal(across, kernels.gaussian_derivative(1.0))
    True
    >>> np.allclose(down, kernels.gaussian_derivative(1.0, axis=0))
    True
    """
    sigma, truncate = _positive("sigma", sigma), _positive("truncate", truncate)
    order = _integer("order", order, "1 or 2", (1, 2))
    if angles is None:
        angles = order + 1
    angles = _integer("angles", angles, "an int of at least 1", range(1, maxsize))
    lines = [_gaussian_1d(sigma, truncate, n) for n in range(order + 1)]
    made = []
    for i in range(angles):
        cos, sin = math.cos(math.pi * i / angles), math.sin(math.pi * i / angles)
        kernel = cos**order * _outer(lines[0], lines[order])
        for n in range(1, order + 1):
            weight = math.comb(order, n) * cos ** (order - n) * sin**n
            kernel = _weighted(kernel, weight, _outer(lines[n], lines[order - n]))
        made.append(kernel)
    return made


def gabor_bank(
    frequencies: Sequence[float] = (0.25, 0.125, 0.0625),
    angles: int = 4,
    *,
    bandwidth: float = 1.0,
    n_stds: float = 3.0,
    offset: float = 0.0,
) -> list[NDArray[np.float64]]:
    """Make Gabor kernels of several frequencies and directions, which answer to textures.

    Parameters
    ----------
    frequencies : sequence of float
        In cycles per pixel; positive.
    angles : int, default 4
        How many directions, at least 1, evenly spread over half a turn.
    bandwidth, n_stds, offset
        As in `gabor`.

    Returns
    -------
    list of ndarray of float64
        Frequency by frequency, `angles` kernels each.

    Raises
    ------
    TypeError
        If an argument is not a number, or `angles` no int.
    ValueError
        If an argument is out of its range, or there are no frequencies.

    Notes
    -----
    A. K. Jain and F. Farrokhnia, "Unsupervised texture segmentation using Gabor filters", Pattern
    Recognition 24, 1991.

    Examples
    --------
    >>> from fastconv import kernels
    >>> [kernel.shape for kernel in kernels.gabor_bank([0.25], 2)]
    [(15, 15), (15, 15)]
    """
    angles = _integer("angles", angles, "an int of at least 1", range(1, maxsize))
    if not isinstance(frequencies, (Sequence, np.ndarray)) or len(frequencies) == 0:
        raise ValueError(f"frequencies must be a sequence of at least one; got {frequencies!r}")
    return [
        gabor(frequency, math.pi * i / angles, bandwidth=bandwidth, n_stds=n_stds, offset=offset)
        for frequency in frequencies
        for i in range(angles)
    ]


def laws(size: int = 5) -> dict[str, NDArray[np.float64]]:
    """Make Laws' kernels: products of lines that answer to levels, edges, spots, waves and ripples.

    Parameters
    ----------
    size : {3, 5}, default 5

    Returns
    -------
    dict of str to ndarray of float64, shape (size, size)
        By name: "L5E5" is L5 down times E5 across. 9 of size 3, 25 of size 5, of whole numbers.

    Raises
    ------
    TypeError
        If `size` is not an int.
    ValueError
        If it is neither 3 nor 5.

    Notes
    -----
    K. I. Laws, "Rapid texture identification", Proc. SPIE 238, 1980. The lines are written for
    correlation, as Laws has them.

    Examples
    --------
    >>> from fastconv import kernels
    >>> kernels.laws(3)["E3L3"].tolist()
    [[-1.0, -2.0, -1.0], [0.0, 0.0, 0.0], [1.0, 2.0, 1.0]]
    """
    size = _integer("size", size, "3 or 5", (3, 5))
    lines = _LAWS[size]
    return {down + across: _outer(lines[down], lines[across]) for down in lines for across in lines}


_LAWS: dict[int, dict[str, tuple[int, ...]]] = {
    3: {"L3": (1, 2, 1), "E3": (-1, 0, 1), "S3": (-1, 2, -1)},
    5: {
        "L5": (1, 4, 6, 4, 1),
        "E5": (-1, -2, 0, 2, 1),
        "S5": (-1, 0, 2, 0, -1),
        "W5": (-1, 2, 0, -2, 1),
        "R5": (1, -4, 6, -4, 1),
    },
}


# --- the table of names --------------------------------------------------------------------------

_CONSTANTS = {
    "identity": identity,
    "box_blur": box_blur,
    "gaussian_blur": gaussian_blur,
    "sharpening": sharpening,
    "edge_detection": edge_detection,
}

_GENERATORS: dict[str, Callable[[], NDArray[np.float64]]] = {
    "box": box,
    "gaussian": gaussian,
    "binomial": binomial,
    "disk": disk,
    "motion_blur": motion_blur,
    "sharpen": sharpen,
    "unsharp": unsharp,
    "emboss": emboss,
    "sobel": sobel,
    "scharr": scharr,
    "prewitt": prewitt,
    "roberts": roberts,
    "gaussian_derivative": gaussian_derivative,
    "laplacian": laplacian,
    "laplacian_of_gaussian": laplacian_of_gaussian,
    "difference_of_gaussians": difference_of_gaussians,
    "gabor": gabor,
}


def named() -> dict[str, NDArray[np.float64]]:
    """Return one kernel for every name in this module.

    Returns
    -------
    dict of str to ndarray of float64
        The five read-only constants first, then a new array from each function called with its
        default arguments. The order is always the same.

    Examples
    --------
    >>> from fastconv import kernels
    >>> list(kernels.named())[:6]
    ['identity', 'box_blur', 'gaussian_blur', 'sharpening', 'edge_detection', 'box']
    >>> kernels.named()["sharpen"].tolist() == kernels.sharpening.tolist()
    True
    """
    return _CONSTANTS | {name: generate() for name, generate in _GENERATORS.items()}
