# SPDX-License-Identifier: BSD-3-Clause
"""The definition: what every result of this library must be, in plain NumPy, slow and obviously right.

For each output pixel let S be the sum of kernel weight times pixel over the window, in float64, taps in
row-major order, each product and each sum rounded by itself; taps equal to zero are skipped, so that
zero times infinity never appears. An integer output is S rounded half to even and saturated (NaN gives
0); a float output is S in that type. Where an image of 32 or 64 bits and the kernel hold integers so
large that float64 cannot hold their sum, S is the exact integer.

A float that `fastconv` returns is within ``(taps + 1) * eps * sum|w||x|`` of S, the sum over the pixel's own
window, with every method; eps is that of the sums' type, float32 for pictures of float16, float32 and
integers of up to 16 bits, else float64. A window of zeros gives 0.

`convolve` and `correlate` take the arguments of their namesakes in `fastconv`, as far as these change
the result. `flattened` is what this library is not: the one-dimensional trick of the blog post it
started from.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from ._arguments import array_of, check_finite, quiet
from ._borders import canonical, index_table, placement

__all__ = ["convolve", "correlate", "flattened"]


def convolve(image: ArrayLike, kernel: ArrayLike, **options: Any) -> NDArray[Any]:
    """Convolve an image with a kernel: `correlate` with the kernel rotated by 180 degrees.

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
    return _windows(image, array_of(kernel, "kernel")[::-1, ::-1], flipped=True, **options)


def correlate(image: ArrayLike, kernel: ArrayLike, **options: Any) -> NDArray[Any]:
    """Correlate an image with a kernel: the sum of weight times pixel over each window.

    Parameters
    ----------
    image : array_like, shape (..., H, W)
        Leading axes are a batch. bool, integer, float or complex.
    kernel : array_like, shape (h, w)
        Real or complex weights.
    **options
        border : {"reflect", "mirror", "nearest", "wrap", "constant"} or an alias
        cval : number, the constant outside
        origin : int or (int, int), shift of the window
        shape : {"same", "valid", "full"}
        channel_axis : int or None, an axis that is not convolved
        dtype : type of the result; by default the image's (float32 for bool)

    Returns
    -------
    ndarray

    Examples
    --------
    >>> from fastconv import reference
    >>> reference.correlate([[0, 0, 0, 0], [0, 1, 0, 0]], [[1, 2, 3]], border="constant").tolist()
    [[0, 0, 0, 0], [3, 2, 1, 0]]
    """
    return _windows(image, array_of(kernel, "kernel"), flipped=False, **options)


@quiet
def _windows(
    image: ArrayLike,
    kernel: NDArray[Any],
    *,
    flipped: bool,
    border: str = "reflect",
    cval: complex = 0.0,
    origin: int | tuple[int, int] = 0,
    shape: str = "same",
    channel_axis: int | None = None,
    dtype: DTypeLike | None = None,
) -> NDArray[Any]:
    a = array_of(image, "image")
    if channel_axis is not None:
        a = np.moveaxis(a, channel_axis, 0)
    if dtype is None:
        dtype = np.dtype(np.float32) if a.dtype == bool else a.dtype.newbyteorder("=")
        if np.iscomplexobj(kernel) and dtype.kind != "c":
            dtype = np.result_type(dtype, np.complex64)
    if np.dtype(dtype).kind in "iu":
        check_finite(kernel, np.dtype(dtype).name)

    # pad, by looking up where each position of the padded picture comes from
    shifts = np.broadcast_to(origin, 2).tolist()
    padded = a
    counts = []
    for axis, size, shift in zip((-2, -1), kernel.shape, shifts, strict=True):
        start, count = placement(a.shape[axis], size, shift, flipped, shape)
        counts.append(count)
        table = index_table(
            max(a.shape[axis], 1), start, count + size - 1 if count else 0, canonical(border)
        )
        padded = _take(padded, table, axis, cval)
    height, width = counts

    exact = a.dtype.itemsize >= 4 and _needs_integers(padded, kernel, np.dtype(dtype))
    kind = np.complex128 if "c" in (padded.dtype.kind, kernel.dtype.kind) else np.float64
    total = np.zeros((*a.shape[:-2], height, width), object if exact else kind)
    for ky in range(kernel.shape[0]):
        for kx in range(kernel.shape[1]):
            weight = kernel[ky, kx]
            if weight != 0:
                window = padded[..., ky : ky + height, kx : kx + width]
                total += _times(int(weight) if exact else weight, window.astype(total.dtype))

    result = _to_pixels(total, np.dtype(dtype))
    return result if channel_axis is None else np.moveaxis(result, 0, channel_axis)


def _take(a: NDArray[Any], table: NDArray[np.intp], axis: int, cval: complex) -> NDArray[Any]:
    """Look up `table` along an axis; -1 is the constant."""
    outside = table < 0
    if not outside.any():
        return a.take(table, axis)
    whole = a.dtype.kind in "iuO" and np.isfinite(cval) and cval == np.trunc(complex(cval).real)
    kind = object if whole else np.result_type(a.dtype, np.asarray(cval), np.float64)
    taken = a.astype(kind).take(np.where(outside, 0, table), axis)
    where: list[Any] = [slice(None)] * a.ndim
    where[axis] = outside
    taken[tuple(where)] = int(complex(cval).real) if whole else cval
    return taken


def _times(weight: Any, window: NDArray[Any]) -> NDArray[Any]:
    """Weight times pixels. A real weight multiplies either part of a complex pixel by itself: as a
    complex number, it would bring a zero to an infinite part.
    """
    if window.dtype.kind != "c" or np.iscomplexobj(weight):
        return np.asarray(weight * window)
    product = window.copy()
    product.real *= weight
    product.imag *= weight
    return product


def _needs_integers(padded: NDArray[Any], kernel: NDArray[Any], dtype: np.dtype[Any]) -> bool:
    """Whether everything is an integer and float64 may not hold the sum."""
    if dtype.kind not in "iu" or padded.dtype.kind not in "iuO" or not padded.size:
        return False
    if kernel.dtype.kind not in "iubf" or not np.isfinite(kernel).all() or (kernel % 1).any():
        return False
    peak: int = max(int(padded.max()), -int(padded.min()))
    return peak * sum(abs(int(w)) for w in kernel.flat) > 2**53


def _to_pixels(total: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Round half to even and saturate for integers; cast for floats."""
    if dtype.kind not in "iu":
        return total.astype(dtype)
    low, high = int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
    if total.dtype == object:
        saturated: NDArray[Any] = np.clip(total, low, high).astype(dtype)
        return saturated
    rounded = np.nan_to_num(np.rint(total), nan=0.0, posinf=np.inf, neginf=-np.inf)
    # 2.0**63 and 2.0**64 are the first floats that saturate; no cast ever sees them
    inside = (rounded > low) & (rounded < high)
    result = np.where(inside, rounded, 0).astype(dtype)
    result[rounded >= high] = high
    result[rounded <= low] = low
    return result


def flattened(image: ArrayLike, kernel: ArrayLike) -> NDArray[np.uint8]:
    """Do what the blog post did: convolve one long line with one long line.

    The picture's rows are laid end to end, and so are the kernel's. A 3x3 kernel becomes nine
    neighbours in the same row, so that nothing is ever filtered downwards; the result is truncated and
    wraps modulo 256. Kept to be compared with.

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
