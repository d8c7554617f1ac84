# SPDX-License-Identifier: BSD-3-Clause
"""The definition of every result of this library, in plain NumPy: slow and obviously right.

For each output pixel let S be the sum of kernel weight times pixel over the window, in float64.
Taps are added in row-major order, and each product and each sum is rounded. Taps equal to zero are
skipped, so that zero times infinity never appears. An integer output is S rounded half to even and
saturated (NaN gives 0). A float output is S in that type.

If image, constant and output are integers and the kernel is rational, S is not a float64 sum but
the exact quotient of two whole numbers. The mean of 36 pixels that sum to 18 is one half, and
becomes 0, whatever the roundings of 36 times 1 / 36 are. `rational` defines which kernels are
rational, for instance 1 / 9, a Gaussian of whole numbers over 273, and weights typed with six
decimals.

Offset and magnitude come after the sum and before the only rounding: the result is ``absolute(S +
offset)``, as in OpenCV's convertScaleAbs. A scale multiplies each weight, in float64, before all
else. So S stays a quotient of whole numbers if the scaled kernel is rational. The offset counts as
one more weight, of a sample that is 1 everywhere.

A float that `fastconv` returns is within ``(taps + 1) * eps * sum|w||x|`` of S with every method,
where the sum goes over the pixel's own window. eps is that of the sums' type: float32 for pictures
of float16, float32 and integers of up to 16 bits, otherwise float64. A window of zeros gives 0. An
offset counts as one more tap.

Where samples are missing (a mask, NaN, what stands outside), let S be the sum over those that are there,
W that of their weights, A that of the weights' magnitudes, and T the sum of all weights, each in the
order of S. A window that is whole gives S. Others give S / W * T, of rational kernels the exact quotient;
or S, where sums are not renormalised. They are missing where A is 0 or less than `min_weight` of its
whole, and where W cancels: is less than 2**-30 of A. (That share of 2**-30 is also allowed for in
`min_weight`.) A float is then within
``2 (taps + 2) * eps * |T / W| * (sum|w||x| + |S| A / |W|)``.

A kernel has any number of axes. One that is dilated has zeros between its taps; of results with a stride,
the first of each so many along an axis is kept.

`convolve` and `correlate` take those arguments of their namesakes in `fastconv` that change the
result. `flattened` is a counterexample: the one-dimensional trick of the blog post that this
library started from.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from ._arguments import array_of, check_finite, quiet
from ._borders import canonical, index_table, placement
from ._mask import (
    NOTHING,
    SLACK,
    Missing,
    as_missing,
    check_last_steps,
    check_nan,
    fill_of,
    joined,
    mask_of,
    outside,
    renormalizes,
    split,
)

__all__ = ["convolve", "correlate", "flattened", "rational"]

# Relative tolerance for treating weights as whole numbers over a divisor. Divisions, outer products
# and normalisations round.
WHOLE = 8 * 2.0**-53
# The magnitudes of the whole numbers sum to less than WEIGHT, and the divisor is less than DIVISOR.
# The largest of them times the divisor is less than CHANCE: then one random weight in a thousand is
# as near to such a quotient, and hardly any random kernel of several weights.
WEIGHT, DIVISOR, CHANCE = 2.0**31, 2.0**24, 2.0**40


def convolve(image: ArrayLike, kernel: ArrayLike, **options: Any) -> NDArray[Any]:
    """Convolve an image with a kernel: `correlate` with the kernel reversed along all its axes.

    Parameters
    ----------
    image, kernel : array_like
        As in `correlate`.
    **options
        As in `correlate`; `origin` counts the other way, as in scipy.ndimage.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> from fastconv import reference
    >>> reference.convolve([[0, 0, 0, 0], [0, 1, 0, 0]], [[1, 2, 3]], border="constant").tolist()
    [[0, 0, 0, 0], [1, 2, 3, 0]]
    """
    return _windows(image, np.flip(array_of(kernel, "kernel")), flipped=True, **options)


def correlate(image: ArrayLike, kernel: ArrayLike, **options: Any) -> NDArray[Any]:
    """Correlate an image with a kernel: the sum of weight times pixel over each window.

    Parameters
    ----------
    image : array_like, shape (..., H, W)
        Leading axes are a batch. bool, integer, float or complex.
    kernel : array_like, shape (h, w), or of any other number of axes
        Real or complex weights.
    **options
        border : {"reflect", "mirror", "nearest", "wrap", "constant", "omit"} or an alias; or one for each
            axis
        cval : number, the constant outside
        origin : int or one for each axis, shift of the window
        shape : {"same", "valid", "full"}
        channel_axis : int or None, an axis that is not convolved
        dtype : type of the result; by default the image's (float32 for bool)
        scale, offset : numbers; weights are multiplied by one, sums get the other
        absolute : bool, whether the magnitude of that is the result
        mask, nan_policy, min_weight, renormalize, fill : what is missing, as in `fastconv.convolve`
        axes : axes of the image that those of the kernel lie along; by default the last ones
        stride : int or one for each axis; every stride-th result along an axis is kept
        dilation : int or one for each axis; steps from one tap to the next

    Returns
    -------
    ndarray

    Examples
    --------
    >>> from fastconv import reference
    >>> reference.correlate([[0, 0, 0, 0], [0, 1, 0, 0]], [[1, 2, 3]], border="constant").tolist()
    [[0, 0, 0, 0], [3, 2, 1, 0]]
    >>> reference.correlate([0, 1, 2, 3, 4], [1, 1, 1], stride=2, border="constant").tolist()
    [1, 6, 7]
    """
    return _windows(image, array_of(kernel, "kernel"), flipped=False, **options)


def rational(kernel: ArrayLike) -> tuple[NDArray[np.float64], int] | None:
    """Write a kernel as whole numbers over their least divisor, if it is rational.

    A kernel is rational if all weights times one integer divisor below 2**24 are whole numbers
    within a relative tolerance of 8 * 2**-53. The magnitudes of the whole numbers must sum to less
    than 2**31. Unless the divisor is 1, the largest of them times the divisor must be less than
    2**40.

    Parameters
    ----------
    kernel : array_like

    Returns
    -------
    whole : ndarray of float64, of the kernel's shape
    divisor : int
        A single None is returned if the kernel is not rational.

    Examples
    --------
    >>> import numpy as np
    >>> from fastconv import reference
    >>> whole, divisor = reference.rational(np.outer([0.1, 0.2, 0.7], [0.5, 0.5]))
    >>> whole.tolist(), divisor
    ([[1.0, 1.0], [2.0, 2.0], [7.0, 7.0]], 20)
    >>> reference.rational([[0.5, 2**0.5]]) is None
    True
    """
    weights = np.asarray(kernel)
    if weights.dtype.kind not in "biuf" or not np.isfinite(weights).all():
        return None
    weights = weights.astype(np.float64)
    divisor = 1.0
    while (np.abs(weights) * divisor).sum() < WEIGHT:
        multiples = weights * divisor
        whole = np.rint(multiples)
        off = np.abs(multiples - whole) > WHOLE * np.abs(whole)
        if not off.any():
            large = np.abs(whole).max(initial=0) * divisor >= CHANCE and divisor > 1
            return None if large else (whole, int(divisor))
        divisor *= _denominator(float(np.abs(multiples[off][0])), DIVISOR / divisor)
        if divisor == 0:
            return None
    return None


def _denominator(number: float, limit: float) -> float:
    """The least denominator among the convergents of a positive number that equal it within
    `WHOLE`; 0 if that is not below `limit`.
    """
    rest = number
    above, above_before = np.rint(number), 1.0
    below, below_before = 1.0, 0.0
    while abs(number * below - above) > WHOLE * abs(above):
        rest -= np.rint(rest)
        if abs(rest) * limit <= 1:  # the next denominator is about 1 / rest times this one
            return 0.0
        rest = 1 / rest
        above, above_before = np.rint(rest) * above + above_before, above
        below, below_before = np.rint(rest) * below + below_before, below
        if abs(below) >= limit:
            return 0.0
    return float(abs(below))


@quiet
def _windows(
    image: ArrayLike,
    kernel: NDArray[Any],
    *,
    flipped: bool,
    border: str | Sequence[str] = "reflect",
    cval: complex = 0.0,
    origin: int | Sequence[int] = 0,
    shape: str = "same",
    channel_axis: int | None = None,
    dtype: DTypeLike | None = None,
    scale: float = 1.0,
    offset: float = 0.0,
    absolute: bool = False,
    axes: int | Sequence[int] | None = None,
    stride: int | Sequence[int] = 1,
    dilation: int | Sequence[int] = 1,
    mask: ArrayLike | None = None,
    nan_policy: str = "propagate",
    min_weight: float = 0.0,
    renormalize: bool | str = "auto",
    fill: complex | None = None,
) -> NDArray[Any]:
    omit = False
    if isinstance(border, str):
        border, cval, omit = outside(border, cval, nan_policy)
    missing = as_missing(nan_policy, min_weight, renormalize, fill, omit)
    data, hidden = split(image)
    a = array_of(data, "image")
    if offset or absolute:
        check_last_steps(missing, mask is not None or hidden is not None)
    a, present, masked = _present(a, hidden, mask, channel_axis, missing)
    last = range(-kernel.ndim, 0)
    if axes is None:
        others = [
            axis for axis in range(a.ndim) if channel_axis is None or axis != channel_axis % a.ndim
        ]
        axes = others[-kernel.ndim :]
    a = np.moveaxis(a, axes, last)
    present = None if present is None else np.moveaxis(present, axes, last)
    kernel = _dilated(kernel, dilation)
    if scale != 1:
        kernel = scale * kernel.astype(np.complex128 if kernel.dtype.kind == "c" else np.float64)
    if dtype is None:
        dtype = np.dtype(np.float32) if a.dtype == bool else a.dtype.newbyteorder("=")
        if np.iscomplexobj(kernel) and dtype.kind != "c":
            dtype = np.result_type(dtype, np.complex64)
    if np.dtype(dtype).kind in "iu":
        check_finite(kernel, np.dtype(dtype).name)

    places = [
        placement(n, size, shift, flipped, shape)
        for n, size, shift in zip(
            a.shape[-kernel.ndim :], kernel.shape, _each(origin, kernel), strict=True
        )
    ]
    result, holes = summed(
        a, kernel, places, _each(border, kernel), cval, np.dtype(dtype), offset, absolute, present, missing
    )  # fmt: skip
    if present is not None:
        needed = masked or holes.any()
        result[holes] = fill_of(missing.fill, result.dtype, hidden is not None) if needed else 0
    result, holes = (
        np.moveaxis(every(x, _each(stride, kernel)), last, axes) for x in (result, holes)
    )
    return result if hidden is None else np.ma.MaskedArray(result, holes)


def _present(
    a: NDArray[Any],
    hidden: NDArray[np.bool_] | None,
    mask: ArrayLike | None,
    channel_axis: int | None,
    missing: Missing,
) -> tuple[NDArray[Any], NDArray[Any] | None, bool]:
    """The image with 0 where samples are missing; 1 where they are there, or None if none can be missing; and
    whether there is a mask.
    """
    masked = joined(hidden, None if mask is None else mask_of(mask, a.shape, channel_axis))
    if missing.nan_policy == "raise":
        check_nan(a, masked)
    if missing.nan_policy == "omit" and a.dtype.kind in "fc":
        masked = joined(masked, np.isnan(a))
    if masked is None:
        return a, np.ones(a.shape, np.int64) if missing.omit else None, False
    return np.where(masked, a.dtype.type(0), a), (~masked).astype(np.int64), True


def summed(
    image: NDArray[Any],
    kernel: NDArray[Any],
    places: Sequence[tuple[int, int]],
    borders: Sequence[str],
    cval: complex,
    dtype: np.dtype[Any],
    offset: float = 0.0,
    absolute: bool = False,
    present: NDArray[Any] | None = None,
    missing: Missing = NOTHING,
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Results of windows at any positions, and where they are missing.

    Parameters
    ----------
    image : ndarray
        The kernel's axes are the last ones.
    kernel : ndarray
        Weights as they lie on the window.
    places : sequence of (start, count), one for each axis of the kernel
        Position of the first window's first tap; number of windows.
    borders : sequence of str
    cval : number
    dtype : dtype
    offset : float
    absolute : bool
    present : ndarray of int64, optional
        1 where samples are there, 0 where they are missing and `image` is 0.
    missing : Missing

    Returns
    -------
    result : ndarray
    holes : ndarray of bool
    """
    padded = _padded(image, kernel, places, borders, cval)
    there = present
    if present is not None:
        there = _padded(present, kernel, places, borders, int(not missing.omit))
    counts = [count for _, count in places]

    integers = dtype.kind in "iu" and padded.dtype.kind in "biuO"
    # the offset counts as one more weight
    fraction = rational(np.append(kernel, offset) if offset else kernel) if integers else None
    holes = np.zeros((), np.bool_)
    if fraction is not None:
        whole = fraction[0].ravel()[: kernel.size].reshape(kernel.shape)
        plus = int(fraction[0].ravel()[-1]) if offset else 0
        weights, kind = _integers(padded, whole, plus)
        total = _sums(padded, weights, kind, counts)
        if there is None:
            total = total + plus
            total = quotients(abs(total) if absolute else total, fraction[1])
        else:
            total, holes = _divided(total, there, weights, fraction[1], kernel, missing)
    else:
        kind = np.complex128 if "c" in (padded.dtype.kind, kernel.dtype.kind) else np.float64
        total = _sums(padded, kernel, kind, counts)
        if there is not None:
            total, holes = _divided(total, there, kernel, 0, kernel, missing)
        total = total + np.float64(offset) if offset else total
        total = np.abs(total) if absolute else total
    return _to_pixels(total, dtype), np.broadcast_to(holes, total.shape)


def _padded(
    a: NDArray[Any],
    kernel: NDArray[Any],
    places: Sequence[tuple[int, int]],
    borders: Sequence[str],
    cval: complex,
) -> NDArray[Any]:
    """Look up where each position of the padded image comes from."""
    padded = a
    for axis, (start, count) in enumerate(places, -kernel.ndim):
        length, size = a.shape[axis], kernel.shape[axis]
        positions = count + size - 1 if count else 0
        table = index_table(max(length, 1), start, positions, canonical(borders[axis]))
        padded = _take(padded, table, axis, cval)
    return padded


def _divided(
    total: NDArray[Any],
    there: NDArray[Any],
    weights: NDArray[Any],
    divisor: int,
    kernel: NDArray[Any],
    missing: Missing,
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Sums divided by the weights that were there, and where results are missing.

    `divisor` is that of a rational kernel, whose results are integers; else 0.
    """
    counts = total.shape[-kernel.ndim :]
    kind: Any = object if divisor else np.complex128 if np.iscomplexobj(kernel) else np.float64
    sizes = np.abs(weights)
    weight = _sums(there, weights, kind, counts)
    size = _sums(there, sizes, object if divisor else np.float64, counts)
    ones, once = np.ones(kernel.shape, np.int64), (1,) * kernel.ndim
    all_weight, all_size = (
        _sums(ones, w, kind, once)[(0,) * kernel.ndim] for w in (weights, sizes)
    )
    whole = _sums(there, (kernel != 0).astype(np.int64), np.int64, counts)
    whole = whole == np.count_nonzero(kernel)

    holes = (size == 0) | (size < missing.min_weight * abs(all_size) * (1 - SLACK))
    renormalize, _ = renormalizes(kernel, missing.renormalize)
    if renormalize:
        holes |= np.abs(weight) < SLACK * size
    holes = holes.astype(bool) & ~whole
    if divisor:
        below = np.where(
            whole | holes | (not renormalize), all_weight if renormalize else 1, weight
        )
        above = total.astype(object) * (all_weight if renormalize else 1)
        sign = np.where(below < 0, -1, 1)
        return quotients(above * sign, below * sign * divisor), holes
    if renormalize:
        total = np.where(whole, total, total / weight * all_weight)
    return total, holes


def every(a: NDArray[Any], steps: Sequence[int]) -> NDArray[Any]:
    """Every step-th element of an array along each of its last axes."""
    kept: list[Any] = [slice(None)] * (a.ndim - len(steps))
    some: NDArray[Any] = a[tuple(kept + [slice(None, None, step) for step in steps])]
    return some


def _each(option: Any, kernel: NDArray[Any]) -> list[Any]:
    """An option for each of a kernel's axes."""
    values: list[Any] = np.broadcast_to(option, kernel.ndim).tolist()
    return values


def _dilated(kernel: NDArray[Any], dilation: int | Sequence[int]) -> NDArray[Any]:
    """A kernel with zeros between its taps."""
    steps = _each(dilation, kernel)
    shape = [(n - 1) * step + 1 for n, step in zip(kernel.shape, steps, strict=True)]
    spread = np.zeros(shape, kernel.dtype)
    spread[tuple(slice(None, None, step) for step in steps)] = kernel
    return spread


def _take(a: NDArray[Any], table: NDArray[np.intp], axis: int, cval: complex) -> NDArray[Any]:
    """Look up `table` along an axis; -1 is the constant."""
    outside = table < 0
    if not outside.any():
        return a.take(table, axis)
    whole = a.dtype.kind in "biuO" and np.isfinite(cval) and cval == np.trunc(complex(cval).real)
    kind = object if whole else np.result_type(a.dtype, np.asarray(cval), np.float64)
    taken = a.astype(kind).take(np.where(outside, 0, table), axis)
    where: list[Any] = [slice(None)] * a.ndim
    where[axis] = outside
    taken[tuple(where)] = int(complex(cval).real) if whole else cval
    return taken


def _sums(
    padded: NDArray[Any], kernel: NDArray[Any], kind: Any, counts: Sequence[int]
) -> NDArray[Any]:
    """Sums of weight times pixel of all windows, taps in row-major order."""
    lead = padded.shape[: padded.ndim - kernel.ndim]
    if np.any(kernel):  # sums of nothing may have a type that pixels do not fit into
        padded = padded.astype(kind)
    total = np.zeros((*lead, *counts), kind)
    for tap in np.ndindex(kernel.shape):
        if kernel[tap] != 0:
            window = [slice(None)] * len(lead)
            window += [slice(k, k + n) for k, n in zip(tap, counts, strict=True)]
            total += _times(kernel[tap], padded[tuple(window)])
    return total


def _times(weight: Any, window: NDArray[Any]) -> NDArray[Any]:
    """Weight times pixels. A real weight multiplies both parts of a complex pixel separately: as a
    complex number its imaginary zero would turn an infinite part into NaN.
    """
    if window.dtype.kind != "c" or np.iscomplexobj(weight):
        return np.asarray(weight * window)
    product = window.copy()
    product.real *= weight
    product.imag *= weight
    return product


def _integers(
    padded: NDArray[Any], whole: NDArray[np.float64], plus: int
) -> tuple[NDArray[Any], Any]:
    """Whole numbers in a type that holds all their sums: int64 if it is large enough, otherwise
    Python's int.
    """
    peak = max(abs(int(padded.max())), abs(int(padded.min()))) if padded.size else 0
    kind: Any = np.int64 if 2 * (peak * np.abs(whole).sum() + abs(plus)) < 2**62 else object
    return whole.astype(np.int64).astype(kind), kind


def quotients(sums: NDArray[Any], divisor: int | NDArray[Any]) -> NDArray[Any]:
    """Integers divided by positive integers, rounded half to even."""
    floor = sums // divisor
    twice = 2 * (sums - floor * divisor)
    up = (twice > divisor) | ((twice == divisor) & (floor % 2 == 1))
    rounded: NDArray[Any] = floor + up
    return rounded


def _to_pixels(total: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Round half to even and saturate for integers; cast for floats."""
    if dtype.kind not in "iu":
        return total.astype(dtype)
    low, high = int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
    if total.dtype.kind in "iO":
        if total.dtype != object:
            low, high = (
                max(low, int(np.iinfo(np.int64).min)),
                min(high, int(np.iinfo(np.int64).max)),
            )
        saturated: NDArray[Any] = np.clip(total, low, high).astype(dtype)
        return saturated
    rounded = np.nan_to_num(np.rint(total), nan=0.0, posinf=np.inf, neginf=-np.inf)
    # 2.0**63 and 2.0**64 are the first floats that saturate; they are never cast
    inside = (rounded > low) & (rounded < high)
    result = np.where(inside, rounded, 0).astype(dtype)
    result[rounded >= high] = high
    result[rounded <= low] = low
    return result


def flattened(image: ArrayLike, kernel: ArrayLike) -> NDArray[np.uint8]:
    """Do what the blog post did: convolve one long line with one long line.

    The picture's rows are joined end to end, and so are the kernel's. A 3x3 kernel becomes nine
    neighbours in the same row, so nothing is filtered downwards. The result is truncated and wraps
    modulo 256. It is kept for comparison.

    Parameters
    ----------
    image : array_like, shape (H, W)
        Grey values.
    kernel : array_like, shape (h, w)

    Returns
    -------
    ndarray of uint8, shape (H, W)

    Examples
    --------
    >>> from fastconv import reference
    >>> reference.flattened([[0, 0, 0, 0], [0, 200, 0, 0]], [[0, 2, 0]]).tolist()
    [[0, 0, 0, 0], [0, 144, 0, 0]]
    """
    a = np.asarray(image)
    out = np.convolve(a.flatten(), np.asarray(kernel).flatten(), mode="same").reshape(a.shape)
    return out.astype(np.int64).astype(np.uint8)
