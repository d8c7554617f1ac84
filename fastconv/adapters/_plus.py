# SPDX-License-Identifier: BSD-3-Clause
"""A correlation plus a number, rounded once: OpenCV's `delta`, Pillow's `offset`.

The result is that of the definition (fastconv.reference), whose float64 sum has the number added before it
is rounded. The engine rounds what it sums, so here the number comes to sums that are not rounded yet. Those
that are whole numbers are kept in the smallest integers that hold them, all others in float64; of these, some
are so near a tie that the order counts in which they were summed, and are summed again. All is done for a
band of rows at a time, which stays in the caches: of a picture's size, there is nothing but the picture.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._borders import index_table
from .._methods import binary_unit
from ..api import correlate

# Bytes of sums that stay near while the number is added.
_NEAR = 1 << 18


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
        As in `fastconv.correlate`.
    out : ndarray, optional
        Of the image's shape and of type `dtype`; also the image itself.

    Returns
    -------
    ndarray
    """
    if not number or not image.size:
        return correlate(
            image, kernel, border=border, cval=cval, origin=origin, channel_axis=channel_axis,
            dtype=dtype, out=out,
        )  # fmt: skip
    if out is None:
        out = np.empty(image.shape, dtype)
    elif np.may_share_memory(image, out):
        image = image.copy()
    outside = cval if border == "constant" else 0.0
    work = _type_of_sums(image.dtype, kernel.tobytes(), kernel.dtype, number, dtype, outside)
    term = work.type(number)
    above, left = (size // 2 + o for size, o in zip(kernel.shape, _pair(origin), strict=True))
    error = (
        _error(image, kernel, number, outside) if dtype.kind in "iu" and work.kind == "f" else 0.0
    )
    if error:
        tables = [
            index_table(length, -before, length + size - 1, border)
            for length, before, size in zip(image.shape, (above, left), kernel.shape, strict=False)
        ]
    for first, last, begin, end in _bands(image, kernel.shape[0], above, work, border):
        sums = correlate(
            image[begin:end], kernel, border=border, cval=cval, origin=origin,
            channel_axis=channel_axis, dtype=work,
        )  # fmt: skip
        band = sums[first - begin : last - begin]
        if work.kind == "i":
            np.add(band, term, out=band)
            _store_integers(band, out[first:last])
        else:
            with np.errstate(over="ignore", invalid="ignore"):
                np.add(band, term, out=band)
                if error:
                    _settle(band, error, image, kernel, number, tables[0][first:], tables[1], cval)
                _store_floats(band, out[first:last])
    return out


@lru_cache(maxsize=256)
def _type_of_sums(
    pixel: np.dtype[Any],
    weights: bytes,
    kind: np.dtype[Any],
    number: float,
    target: np.dtype[Any],
    cval: float,
) -> np.dtype[Any]:
    """The smallest type that holds every sum, with the number added."""
    if target.kind not in "iu":
        return np.dtype(np.float32) if target == np.float16 else target
    if pixel.kind in "biu" and kind.kind != "c":
        terms = np.array([number, cval, *np.frombuffer(weights, kind)], np.float64)
        if np.isfinite(terms).all() and (terms == np.rint(terms)).all():
            peak = 1 if pixel.kind == "b" else int(np.iinfo(pixel).max) + 1
            total = sum(abs(int(w)) for w in terms[2:])
            largest = abs(int(number)) + max(peak, abs(int(cval))) * total
            for small in (np.int16, np.int32):
                if largest <= np.iinfo(small).max:
                    return np.dtype(small)
    return np.dtype(np.float64)


def _pair(origin: int | tuple[int, int]) -> tuple[int, int]:
    return origin if isinstance(origin, tuple) else (origin, origin)


def _error(image: NDArray[Any], kernel: NDArray[Any], number: float, cval: float) -> float:
    """How far a float64 sum with the number added may be from the definition's; 0 if it is the same."""
    if image.dtype.kind in "biu" and image.dtype.itemsize <= 4:
        peak = 1.0 if image.dtype.kind == "b" else float(np.iinfo(image.dtype).max) + 1
    else:
        magnitudes = np.abs(image.astype(np.float64))
        peak = float(magnitudes.max(where=np.isfinite(magnitudes), initial=0))
    peak = max(peak, abs(cval))
    with np.errstate(over="ignore"):
        weight = float(np.abs(kernel.astype(np.float64)).sum())
    if not np.isfinite(weight):
        return 0.0  # so is no sum
    whole = image.dtype.kind in "biu" and cval % 1 == 0
    if whole and weight * peak <= 2.0**53 * binary_unit(kernel.astype(np.float64)):
        return 0.0
    # as in fastconv._methods.near_error, and the last addition
    return 2.1 * (np.count_nonzero(kernel) + 2) * 2.0**-53 * (weight * peak + abs(number))


def _settle(
    sums: NDArray[Any],
    error: float,
    image: NDArray[Any],
    kernel: NDArray[Any],
    number: float,
    rows: NDArray[np.intp],
    cols: NDArray[np.intp],
    cval: float,
) -> None:
    """Sum again, as the definition does, what may be a tie; `rows` begins with the first row of `sums`."""
    at = np.nonzero(np.abs(sums - np.rint(sums)) >= 0.5 - error)
    if not at[0].size:
        return
    total = np.zeros(at[0].size)
    for ky, kx in np.argwhere(kernel):
        y, x = rows[at[0] + ky], cols[at[1] + kx]
        value = image[(y, x, *at[2:])].astype(np.float64)
        value[(y < 0) | (x < 0)] = cval
        total += np.float64(kernel[ky, kx]) * value
    sums[at] = total + number


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


@lru_cache(maxsize=256)
def _limits(sums: np.dtype[Any], target: np.dtype[Any]) -> tuple[int, int]:
    """Smallest and largest value that both types hold."""
    one, other = np.iinfo(sums), np.iinfo(target)
    return max(int(one.min), int(other.min)), min(int(one.max), int(other.max))


def _store_integers(sums: NDArray[Any], out: NDArray[Any]) -> None:
    """Saturate sums, which may be changed."""
    low, high = _limits(sums.dtype, out.dtype)
    np.maximum(sums, low, out=sums)
    np.minimum(sums, high, out=sums)
    np.copyto(out, sums, casting="unsafe")


def _store_floats(sums: NDArray[Any], out: NDArray[Any]) -> None:
    """Write sums, which may be changed, as `reference` would: rounded half to even, saturated, NaN as 0."""
    if out.dtype.kind not in "iu":
        np.copyto(out, sums, casting="same_kind")
        return
    low, high = _limits(out.dtype, out.dtype)
    np.rint(sums, out=sums)
    np.copyto(sums, 0, where=np.isnan(sums))
    # 2**63 and 2**64 are the first floats that saturate; no cast ever sees them
    beyond = sums >= float(high)
    np.copyto(sums, 0, where=beyond)
    np.maximum(sums, low, out=sums)
    np.copyto(out, sums, casting="unsafe")
    np.copyto(out, high, where=beyond)
