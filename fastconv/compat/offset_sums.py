# SPDX-License-Identifier: BSD-3-Clause
"""A correlation plus a number, rounded once: OpenCV's `delta`, Pillow's `offset`.

The result is that of the definition (fastconv.reference), whose sum has the number added before it is
rounded: as one weight more, of a sample that is one everywhere. So it may be rational with the kernel.

The engine itself adds a number to sums of bytes (src/methods/int8_dot.pxi). It would round all others, so the
number is added to sums that are not rounded yet. Those of a rational kernel's whole numbers are kept in the
smallest integers that hold them, and divided at the end, the rest in floats; of these, some are so near
a tie that their error counts, and are summed again by the definition. All is done for a band of rows at
a time, which stays in the caches: of a picture's size, there is nothing but the picture.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _levels
from .._arguments import check_finite, quiet
from .._borders import index_table
from .._engine import calls
from .._engine.planner import Kernel, Strategy, binary_unit, sample_range
from .._execute import execute
from .._pixels import PIXELS
from .._planner import decide, known_kernel
from ..api import correlate
from ..reference import quotients, rational

# A result; the engine's call that made it, if it was one; predicted ns. See fastconv._engine.calls.again.
Made = tuple[NDArray[Any], Any, float]

# Bytes of sums that stay near while the number is added.
_NEAR = 1 << 18
# Kernels of at least so many taps may go by way of spectra, whose bound of error (src/planning/fft.pxi,
# src/planning/spectra.pxi) is below so many roundings.
SPECTRAL, _SPECTRUM = 50, 2.0**25
# A larger share of doubtful pixels is not worth sums in float32.
_FEW = 2.0**-9


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
        Of the image's shape and of type `dtype`; also the image itself.

    Returns
    -------
    ndarray
    """
    if dtype.kind == "f" and dtype.itemsize > 2 and number:
        sums = correlate(
            image, kernel, border=border, cval=cval, origin=origin, channel_axis=channel_axis,
            dtype=dtype, out=out,
        )  # fmt: skip
        return _added(sums, number)
    options = (number, dtype, border, cval, origin, channel_axis)
    return calls.again(_plus, image, kernel, out, options)  # type: ignore[no-any-return]


@quiet
def _plus(
    image: NDArray[Any],
    kernel: NDArray[Any],
    out: NDArray[Any] | None,
    number: float,
    dtype: np.dtype[Any],
    border: str,
    cval: float,
    origin: int | tuple[int, int],
    channel_axis: int | None,
) -> Made:
    options: dict[str, Any] = {
        "border": border, "cval": cval, "origin": origin, "channel_axis": channel_axis,
    }  # fmt: skip
    wrong = kernel.ndim != 2 or kernel.dtype.kind not in "biufc" or not isinstance(cval, _REAL)
    if not number or not image.size or not kernel.size or wrong:  # and says what
        return correlate(image, kernel, dtype=dtype, out=out, **options), None, 0.0
    if dtype.kind in "iu":
        check_finite(kernel, dtype.name)
    outside = float(cval) if border == "constant" else 0.0
    strategy = dots(
        image.dtype, kernel.tobytes(), kernel.dtype, kernel.shape, number, dtype, outside, _levels.level
    )  # fmt: skip
    if strategy is not None:
        return in_engine(strategy, image, kernel, out, **options)
    return _in_bands(image, kernel, out, number, dtype, outside, options), None, 0.0


def _added(sums: NDArray[Any], number: float) -> NDArray[Any]:
    """The number comes to sums of the result's own type, which are not rounded to any other."""
    if not calls.add_number(sums, number):
        with np.errstate(over="ignore", invalid="ignore"):
            np.add(sums, sums.dtype.type(number), out=sums)
    return sums


def _in_bands(
    image: NDArray[Any],
    kernel: NDArray[Any],
    out: NDArray[Any] | None,
    number: float,
    dtype: np.dtype[Any],
    outside: float,
    options: dict[str, Any],
) -> NDArray[Any]:
    """Correlate to sums that are not rounded yet, and add the number to these."""
    peak = max(_peak(image, dtype), abs(outside))
    found = _fraction(
        image.dtype, kernel.tobytes(), kernel.dtype, kernel.shape, number, dtype, outside, peak
    )
    if found is not None:
        kernel, number, divisor, work = found
        error = 0.0
    else:
        divisor = 1
        work, error = _type_of_sums(
            image.dtype, kernel.tobytes(), kernel.dtype, number, dtype, outside, peak
        )
    if work == dtype and work.kind != "i":
        return _added(correlate(image, kernel, dtype=dtype, out=out, **options), number)
    if out is None:
        out = np.empty(image.shape, dtype)
    elif np.may_share_memory(image, out):
        image = image.copy()
    border, cval, origin = options["border"], options["cval"], options["origin"]
    above = kernel.shape[0] // 2 + (origin[0] if isinstance(origin, tuple) else origin)
    doubtful = []
    for first, last, begin, end in _bands(image, kernel.shape[0], above, work, border):
        sums = correlate(image[begin:end], kernel, dtype=work, **options)
        band = sums[first - begin : last - begin]
        with np.errstate(over="ignore", invalid="ignore"):
            np.add(band, work.type(number), out=band)
            if error:
                doubtful.append(_near_ties(band, error) + first * band[0].size)
            if divisor > 1:
                band = quotients(band, divisor)
            _store(band, out[first:last], image.dtype.kind)
    flat = np.concatenate(doubtful) if error else _NONE
    if flat.size:
        at = np.unravel_index(flat, out.shape)
        with np.errstate(over="ignore", invalid="ignore"):
            total = _definition(image, kernel, at, border, cval, origin) + number
            settled = np.empty(total.shape, dtype)
            _store(total, settled, image.dtype.kind)
        out[at] = settled
    return out


@lru_cache(maxsize=256)
def _fraction(
    pixel: np.dtype[Any],
    weights: bytes,
    kind: np.dtype[Any],
    shape: tuple[int, int],
    number: float,
    target: np.dtype[Any],
    cval: float,
    peak: float,
) -> tuple[NDArray[np.float64], float, int, np.dtype[Any]] | None:
    """Whole numbers, the number to add, the divisor of a rational kernel, and the smallest type of sums."""
    if target.kind not in "iu" or pixel.kind not in "biu" or cval % 1 or kind.kind == "c":
        return None
    kernel = np.frombuffer(weights, kind).reshape(shape).astype(np.float64)
    found = rational(np.append(kernel, number))
    if found is None:
        return None
    whole, divisor = found
    # `quotients` doubles what is left of them
    largest = (float(np.abs(whole[:-1]).sum()) * peak + abs(float(whole[-1]))) * (
        1 if divisor == 1 else 2
    )
    for small in (np.int16, np.int32, np.int64):
        if largest < np.iinfo(small).max and 2 * divisor < np.iinfo(small).max:
            return whole[:-1].reshape(shape), float(whole[-1]), divisor, np.dtype(small)
    return None


@lru_cache(maxsize=256)
def dots(
    pixel: np.dtype[Any],
    weights: bytes,
    kind: np.dtype[Any],
    shape: tuple[int, int],
    number: float,
    target: np.dtype[Any],
    cval: float,
    level: str,
) -> Strategy | None:
    """How the engine of this level adds a number to sums of bytes, which is all that it can add to."""
    if pixel != np.uint8 or target != np.uint8 or kind.kind == "c":
        return None
    if abs(number) >= 2**16 or math.prod(shape) >= SPECTRAL:
        return None
    kernel = known_kernel(np.frombuffer(weights, kind).reshape(shape).astype(np.float64))
    byte = PIXELS["uint8"]
    try:
        return decide(
            kernel, byte, byte, sample_range(byte.code, 0, cval), shape, 1, "dot", offset=number
        )
    except ValueError:  # the sums would not be exact
        return None


def in_engine(
    strategy: Strategy,
    image: NDArray[Any],
    kernel: NDArray[Any] | Kernel,
    out: NDArray[Any] | None,
    border: str,
    cval: float,
    origin: int | tuple[int, int],
    channel_axis: int | None,
) -> Made:
    """Correlate in this way, with a result of the image's type."""
    overlapping = out is not None and np.may_share_memory(image, out)
    if out is None:
        out = np.empty(image.shape, image.dtype)
    elif overlapping:
        image = image.copy()
    a, b = (image, out) if channel_axis == -1 else (image[..., np.newaxis], out[..., np.newaxis])
    shifts = origin if isinstance(origin, tuple) else (origin, origin)
    rows, cols = (
        (length, -(size // 2 + shift), length)
        for length, size, shift in zip(a.shape[-3:-1], kernel.shape, shifts, strict=True)
    )
    weights = (
        known_kernel(np.asarray(kernel, np.float64)) if isinstance(kernel, np.ndarray) else kernel
    )
    pixel = PIXELS[image.dtype.name]
    constant = (float(cval), float(cval))
    call = execute(strategy, a, b, weights, pixel, pixel, rows, cols, border, constant, None)
    return out, (None if overlapping else call), strategy.cost * out.size


_NONE = np.empty(0, np.intp)
_REAL = (int, float, np.integer, np.floating)


def _peak(image: NDArray[Any], target: np.dtype[Any]) -> float:
    """Largest magnitude that samples may have, or do have where the type does not say it."""
    if target.kind not in "iu":
        return 0.0  # not needed
    if image.dtype.kind in "iu" and image.dtype.itemsize <= 4:
        return 2.0 ** (8 * image.dtype.itemsize - (image.dtype.kind == "i"))
    if image.dtype.kind == "b":
        return 1.0
    magnitudes = np.abs(image.astype(np.float64))
    return float(magnitudes.max(where=np.isfinite(magnitudes), initial=0))


@lru_cache(maxsize=256)
def _type_of_sums(
    pixel: np.dtype[Any],
    weights: bytes,
    kind: np.dtype[Any],
    number: float,
    target: np.dtype[Any],
    cval: float,
    peak: float,
) -> tuple[np.dtype[Any], float]:
    """The smallest type that will do, and how far sums of it, with the number added, may be from those of the
    definition.
    """
    if target.kind not in "iu":
        return np.dtype(np.float32) if target == np.float16 else target, 0.0
    if kind.kind == "c":
        return np.dtype(np.float64), 0.0  # `correlate` says what is wrong
    kernel = np.frombuffer(weights, kind).astype(np.float64)
    with np.errstate(over="ignore"):
        largest = float(np.abs(kernel).sum()) * peak + abs(number)
    if not np.isfinite(largest):
        return np.dtype(np.float64), 0.0  # no sum is
    # sums of multiples of one number, and so few of them that no partial sum is rounded
    integral = pixel.kind in "biu" and cval % 1 == 0
    unit = binary_unit(np.append(kernel, number)) if integral else 0.0
    # as reorder_error in src/planning/exactness.pxi; and the number is rounded, and its addition
    roundings = 2.1 * (np.count_nonzero(kernel) + 3)
    if kernel.size >= SPECTRAL:
        roundings += _SPECTRUM
    narrow = pixel.itemsize <= 2 and target.itemsize <= 2 and pixel.kind in "biu"
    error = roundings * 2.0**-24 * largest
    if narrow and (largest <= 2.0**24 * unit or 2 * error <= _FEW):
        return np.dtype(np.float32), 0.0 if largest <= 2.0**24 * unit else error
    exact = largest <= 2.0**53 * unit
    return np.dtype(np.float64), 0.0 if exact else roundings * 2.0**-53 * largest


def _bands(
    image: NDArray[Any], height: int, above: int, work: np.dtype[Any], border: str
) -> Iterator[tuple[int, int, int, int]]:
    """Rows first .. last - 1 of the result, and the rows begin .. end - 1 of the image that they need.

    A band is no lower than the kernel, so what a border repeats at an edge is in the first, or last,
    band. Where the image goes on at its other edge, there is only one.
    """
    rows = max(height, _NEAR // max(1, image[:1].size * work.itemsize))
    count = 1 if border == "wrap" else max(1, len(image) // rows)
    edges = [len(image) * i // count for i in range(count + 1)]
    for first, last in pairwise(edges):
        yield first, last, max(0, first - above), min(len(image), last + height - 1 - above)


def _near_ties(sums: NDArray[Any], error: float) -> NDArray[np.intp]:
    """Which sums, being `error` off at the most, may be on the other side of a tie; flat indices."""
    rest = np.rint(sums)
    np.subtract(sums, rest, out=rest)
    np.abs(rest, out=rest)
    # of a line of bytes, NumPy finds those that are not zero ten times as fast as of a rectangle
    return np.flatnonzero(rest.ravel() >= sums.dtype.type(0.5 - error))


def _definition(
    image: NDArray[Any],
    kernel: NDArray[Any],
    at: tuple[NDArray[np.intp], ...],
    border: str,
    cval: float,
    origin: int | tuple[int, int],
) -> NDArray[np.float64]:
    """The definition's sums of some samples: float64, taps in row-major order, zeros skipped."""
    shifts = origin if isinstance(origin, tuple) else (origin, origin)
    rows, cols = (
        index_table(length, -(size // 2 + shift), length + size - 1, border)
        for length, size, shift in zip(image.shape, kernel.shape, shifts, strict=False)
    )
    total = np.zeros(at[0].size)
    for ky, kx in np.argwhere(kernel):
        y, x = rows[at[0] + ky], cols[at[1] + kx]
        value = image[(y, x, *at[2:])].astype(np.float64)
        value[(y < 0) | (x < 0)] = cval
        total += np.float64(kernel[ky, kx]) * value
    return total


@lru_cache(maxsize=256)
def _limits(sums: np.dtype[Any], target: np.dtype[Any]) -> tuple[Any, Any]:
    """Smallest and largest value of the target, as far as sums may be so small or large."""
    low, high = int(np.iinfo(target).min), int(np.iinfo(target).max)
    if sums.kind == "i":
        low, high = max(low, int(np.iinfo(sums).min)), min(high, int(np.iinfo(sums).max))
    return sums.type(low), sums.type(high)


def _store(sums: NDArray[Any], out: NDArray[Any], pixel: str) -> None:
    """Write sums of pixels of that kind, rounded half to even and saturated, NaN as 0; they are changed."""
    if out.dtype.kind not in "iu":
        np.copyto(out, sums, casting="same_kind")
        return
    low, high = _limits(sums.dtype, out.dtype)
    beyond = None
    if sums.dtype.kind == "f":
        np.rint(sums, out=sums)
        if pixel == "f":
            np.copyto(sums, 0, where=np.isnan(sums))
        if out.dtype.itemsize == 8:
            # 2**63 and 2**64 are the first floats that saturate; no cast ever sees them
            beyond = sums >= high
            np.copyto(sums, 0, where=beyond)
    sums.clip(low, high, out=sums)
    np.copyto(out, sums, casting="unsafe")
    if beyond is not None:
        np.copyto(out, np.iinfo(out.dtype).max, where=beyond)
