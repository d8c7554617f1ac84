# SPDX-License-Identifier: BSD-3-Clause
"""A correlation plus a number, rounded once: OpenCV's `delta`, Pillow's `offset`.

The engine rounds what it sums, so the number has to come to a sum that is not rounded yet. Sums that are
whole numbers are kept in the smallest integers that hold them; all others in float64. They are made for
a band of rows at a time, which stays in the caches: of a picture's size, there is nothing but the picture.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
    above = kernel.shape[0] // 2 + (origin[0] if isinstance(origin, tuple) else origin)
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
