# SPDX-License-Identifier: BSD-3-Clause
"""Several kernels at once: their results one behind the other, combined, or weighted from pixel to pixel.

Stacked results are a call for each kernel. Where results are combined, all kernels filter a band of
rows before the next band is loaded, so that their results stay in the second-level cache until they
are combined; only the returned array has a picture's size. Bands begin at rows where floats get the
same bits as in a call of their own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _levels, _missing, api, reference
from ._arguments import array_of, quiet
from ._mask import fill_of, joined, mask_of, split
from ._options import as_image, checked_out
from ._pixels import pixel_of
from ._plan import Part
from .api import planned

__all__ = ["bank", "varying"]

Combine = Literal["hypot", "max", "sum"]
# A band of a result.
Where = tuple[slice, ...]

# Bytes of a band: of an image's rows and of their results.
_NEAR = 1 << 20
# Least rows of a band, in heights of a window, since each band loads the rows of its first window
# anew.
_WINDOWS = 4
# Options of calls whose results have the image's shape.
_PLAIN = frozenset("border cval channel_axis dtype method threads scale offset absolute".split())
# Types of pixels whose sums are float32 if the result is a float of at most 32 bits.
_NARROW = frozenset("bool uint8 int8 uint16 int16 float16 float32 complex64".split())


@quiet
def bank(
    image: ArrayLike,
    kernels: Sequence[ArrayLike] | NDArray[Any],
    combine: Combine | None = None,
    *,
    correlate: bool = False,
    out: NDArray[Any] | None = None,
    **options: Any,
) -> NDArray[Any]:
    """Convolve an image with several kernels.

    Parameters
    ----------
    image : array_like, shape (..., H, W)
        In memory.
    kernels : sequence of array_like
        Of the same number of axes; with ``shape="same"`` their sizes may differ. `fastconv.kernels` makes
        some: hessian, steerable, gabor_bank, and the values of laws.
    combine : {None, "hypot", "max", "sum"}
        None returns all results. "hypot" is the square root of the sum of their squares (a
        gradient's magnitude), "max" the largest, and "sum" their sum. Integers are rounded once,
        from combined float64 sums.
    correlate : bool
        Whether to leave the kernels as they are instead of reversing them.
    out : ndarray, optional
        Where to write the result, also the image itself if the results are combined.
    **options
        As in `convolve`, but for `dims`. They hold for each kernel, before results are combined:
        ``absolute=True`` with ``combine="sum"`` is the sum of magnitudes. What is missing of one of the
        results is missing of all combined ones. A masked array gives a masked array.

    Returns
    -------
    ndarray
        K results on a new first axis, each that of `convolve`; one if they are combined. Its type is that
        of `convolve`, or `dtype`: edges of uint8 lose their sign unless ``dtype=np.int16`` or so is given.

    Raises
    ------
    TypeError, ValueError
        As `convolve`; also if there are no kernels, or the shapes of their results differ.

    Examples
    --------
    >>> import fastconv, numpy as np
    >>> image = np.zeros((3, 4), np.uint8)
    >>> image[:, 2:] = 9
    >>> sobel = fastconv.kernels.sobel(0), fastconv.kernels.sobel(1)
    >>> fastconv.bank(image, sobel, dtype=np.int16)[1].tolist()
    [[0, 36, 36, 0], [0, 36, 36, 0], [0, 36, 36, 0]]
    >>> fastconv.bank(image, sobel, "hypot").tolist()
    [[0, 36, 36, 0], [0, 36, 36, 0], [0, 36, 36, 0]]
    """
    if combine is None and out is None and _is_plain(image, kernels, options):
        made = _each(image, kernels, correlate, options)
        if made is not None:
            return made
    if combine is not None and combine not in get_args(Combine):
        raise ValueError(
            f"combine must be None or one of {', '.join(get_args(Combine))}; got {combine!r}"
        )
    filters = _Filters(image, kernels, not correlate, out, options, combined=combine is not None)
    if combine is None:
        result = checked_out(out, (len(filters.plans), *filters.shape), filters.target)
        source = filters.apart_from(result)
        # a call each: bands of rows that stay in a cache for all kernels took 1.1 to 1.8 times as long
        if filters.misses:
            return filters.stacked(source, result)
        for plan, to in zip(filters.plans, result, strict=True):
            plan(source, out=to)
        return result
    if combine != "sum" and filters.target.kind == "c":
        raise TypeError(f"combine must be None or 'sum' for complex results; got {combine!r}")

    def combined(sums: Iterator[NDArray[Any]], where: Where) -> NDArray[Any]:
        if combine == "hypot":
            return _lengths(sums, len(filters.plans))
        return _folded(np.maximum if combine == "max" else np.add, sums)

    return filters.combined(combined, out)


def _is_plain(image: Any, kernels: Any, options: dict[str, Any]) -> bool:
    """Whether results have the image's shape, and each is a call that C answers."""
    return (
        type(image) is np.ndarray
        and image.dtype.kind in "iuf"
        and type(kernels) in (list, tuple)
        and len(kernels) > 0
        and options.keys() <= _PLAIN
        and options.get("border") != "omit"
        and all(type(k) is np.ndarray and k.ndim == 2 and k.dtype.kind in "iuf" for k in kernels)
    )


def _each(
    image: Any, kernels: Any, correlate: bool, options: dict[str, Any]
) -> NDArray[Any] | None:
    """A call for each kernel into a new array: with the caller's, all kernels would have to be
    checked before the first result is written. None if the type of the results must be looked at.
    """
    dtype = options.get("dtype")
    out: NDArray[Any] = np.empty(
        (len(kernels), *image.shape), image.dtype.newbyteorder("=") if dtype is None else dtype
    )
    if out.dtype.kind not in "iuf":
        return None
    function = api.correlate if correlate else api.convolve
    for kernel, to in zip(kernels, out, strict=True):
        function(image, kernel, out=to, **options)
    return out


def _lengths(arrays: Iterator[NDArray[Any]], count: int) -> NDArray[Any]:
    """The root of the sum of the squares of `count` arrays, in the first one."""
    total = next(arrays)
    if count == 1:
        np.abs(total, out=total)
    together = total.flags.c_contiguous
    for i, one in enumerate(arrays, 2):
        if together and one.flags.c_contiguous:
            _levels.missing().join_squares(total, one, i > 2, i == count)
            continue
        if i == 2:
            np.multiply(total, total, out=total)
        total += np.multiply(one, one, out=one)
        if i == count:
            np.sqrt(total, out=total)
    return total


def _folded(join: np.ufunc, arrays: Iterable[NDArray[Any]]) -> NDArray[Any]:
    """Join all arrays into the first one."""
    left = iter(arrays)
    total = next(left)
    for one in left:
        join(total, one, out=total)
    return total


@quiet
def varying(
    image: ArrayLike,
    kernels: Sequence[ArrayLike] | NDArray[Any],
    weights: ArrayLike,
    *,
    correlate: bool = False,
    out: NDArray[Any] | None = None,
    **options: Any,
) -> NDArray[Any]:
    """Convolve with a kernel that differs from pixel to pixel: a weighted sum of several ones.

    Parameters
    ----------
    image : array_like, shape (..., H, W)
        In memory.
    kernels : sequence of array_like
        As in `bank`.
    weights : array_like, shape (K, H, W)
        How much of each kernel's result a pixel gets; real. The first axis is that of the kernels, the others
        are the result's last ones, as NumPy broadcasts: (K, W) varies from column to column only.
    correlate, out, **options
        As in `bank`.

    Returns
    -------
    ndarray
        The sum of ``weights[k] * convolve(image, kernels[k])``. Integers are rounded once, from float64 sums.
        It is missing where one of these is, whatever its weight.

    Raises
    ------
    TypeError, ValueError
        As `bank`; also if the weights do not have such a shape.

    Examples
    --------
    >>> import fastconv, numpy as np
    >>> image = np.array([[0, 0, 8, 0, 0, 0, 8, 0, 0]], np.float32)
    >>> sharp, blurred = [[1.0]], [[0.25, 0.5, 0.25]]
    >>> right = np.linspace(0, 1, 9)
    >>> fastconv.varying(image, [sharp, blurred], [1 - right, right]).tolist()
    [[0.0, 0.25, 7.0, 0.75, 0.0, 1.25, 5.0, 1.75, 0.0]]
    """
    w = array_of(weights, "weights")
    if w.dtype.kind not in "biuf" or w.ndim == 0:
        raise TypeError(
            f"weights must be an array of real numbers; got {w.dtype} of shape {w.shape}"
        )
    filters = _Filters(image, kernels, not correlate, out, options, combined=True)
    shape = len(filters.plans), *filters.shape
    try:
        spread = np.broadcast_to(
            w.reshape(w.shape[:1] + (1,) * (len(shape) - w.ndim) + w.shape[1:]), shape
        )
    except ValueError:
        raise ValueError(
            f"weights must have a first axis of {len(filters.plans)} kernels, and others as those of "
            f"the result, {filters.shape}; got shape {w.shape}"
        ) from None

    def combined(sums: Iterator[NDArray[Any]], where: Where) -> NDArray[Any]:
        weighed = (
            np.multiply(one, share[where], out=one, casting="same_kind")
            for one, share in zip(sums, spread, strict=True)
        )
        return _folded(np.add, weighed)

    return filters.combined(combined, out)


class _Filters:
    """An image and the plans that filter it.

    Attributes
    ----------
    plans : list of Plan
        Their results are unrounded sums if they will be combined.
    mask : ndarray of bool or None
        Where samples of the image are missing.
    masked : bool
        Whether a masked array is returned.
    misses : bool
        Whether results may be missing.
    shape : tuple of int
        Shape of a result.
    sums, target : dtype
        Types of the plans' results and of the final ones.
    """

    def __init__(
        self, image: ArrayLike, kernels: Any, flipped: bool, out: Any, options: dict[str, Any], *,
        combined: bool,
    ) -> None:  # fmt: skip
        if "dims" in options:
            raise TypeError("dims must not be given here; `convolve` takes it, a kernel at a time")
        listed = list(kernels) if isinstance(kernels, (Sequence, np.ndarray)) else []
        if not listed:
            came = repr(kernels) if isinstance(kernels, Sequence) else type(kernels).__name__
            raise ValueError(f"kernels must be a sequence of at least one; got {came}")
        options = dict(options)
        mask = options.pop("mask", None)
        data, hidden = split(image)
        self.image, self.masked = as_image(data), hidden is not None and out is None
        if options.get("dtype") is None and isinstance(out, np.ndarray):
            options = {**options, "dtype": out.dtype}
        self.plans = [planned(kernel, flipped, **options) for kernel in listed]
        pixel = self.image.dtype
        targets = {plan.target(pixel) for plan in self.plans}
        # a type of its own byte order stays one
        self.target = targets.pop() if len(targets) == 1 else np.result_type(*targets)
        sums = self.target
        if combined and sums.kind != "c":
            narrow = pixel.name in _NARROW and sums.kind == "f" and sums.itemsize <= 4
            sums = np.dtype(np.float32 if narrow else np.float64)
        if any(plan.target(pixel) != sums for plan in self.plans):
            options["dtype"] = sums
            self.plans = [planned(kernel, flipped, **options) for kernel in listed]
        self.sums = sums
        if sums.kind in "iu":  # before the first result is written
            for plan in self.plans:
                plan.check_weights(pixel_of(sums, "dtype"))
        first = self.plans[0]
        given = None
        if mask is not None:
            given = mask_of(mask, self.image.shape, first.channel_axis)
        self.mask = joined(hidden, given)
        self.misses = self.mask is not None or first.missing.active
        self.spatial = first.spatial(self.image.ndim)
        lengths = tuple(self.image.shape[axis] for axis in self.spatial)
        if any(len(plan.window) != len(first.window) for plan in self.plans):
            raise ValueError("kernels must all have the same number of axes")
        self.wholes = [plan.whole(lengths) for plan in self.plans]
        if any(whole.size != self.wholes[0].size for whole in self.wholes):
            sizes = ", ".join(str(whole.size) for whole in self.wholes)
            raise ValueError(f"kernels must give results of one shape; got {sizes}")
        shape = list(self.image.shape)
        for axis, count in zip(self.spatial, self.wholes[0].size, strict=True):
            shape[axis] = count
        self.shape = tuple(shape)

    def apart_from(self, result: NDArray[Any]) -> NDArray[Any]:
        """The image, or a copy if writing the result might change it."""
        return self.image.copy() if np.may_share_memory(self.image, result) else self.image

    def bands(self, result: NDArray[Any]) -> Iterator[tuple[Where, list[Part]]]:
        """Yield the slices of each band in a result, and the part of each plan that computes it."""
        if 0 in self.shape:
            return
        axis, rows = self.spatial[0], self.wholes[0].size[0]
        near = max(1, rows * _NEAR // (self.image.nbytes + result.nbytes))
        least = _WINDOWS * max(plan.window[0] for plan in self.plans)
        step = math.lcm(*(plan.row_step(self.image) for plan in self.plans))
        height = -(-max(near, least) // step) * step
        for begin in range(0, rows, height):
            count = min(height, rows - begin)
            where = (slice(None),) * axis + (slice(begin, begin + count),)
            yield where, [self._part(i, begin, count) for i in range(len(self.plans))]

    def combined(
        self, combine: Callable[[Iterator[NDArray[Any]], Where], NDArray[Any]], out: Any
    ) -> NDArray[Any]:
        """Combine the results band by band: `combine` is given those of all plans, and where the band is."""
        result = checked_out(out, self.shape, self.target)
        source, made = self.apart_from(result), result
        holes = None
        if self.misses:
            made, holes = np.empty(self.shape, self.target), np.zeros(self.shape, np.bool_)
        room = None
        for where, parts in self.bands(result):
            place, gone = made[where], None if holes is None else holes[where]
            if room is None or room.shape[1:] != place.shape:
                room = np.empty((2, *place.shape), self.sums)
            # the first sums, which all others are joined to, are made where the result will be
            first = place if self.target == self.sums and holes is None else room[0]
            total = combine(self._sums(source, parts, gone, first, room[1]), where)
            if total is not place:
                place[...] = self.rounded(total)
        return result if holes is None else self._filled(made, holes, result)

    def _sums(
        self,
        source: NDArray[Any],
        parts: list[Part],
        gone: NDArray[np.bool_] | None,
        first: NDArray[Any],
        next_: NDArray[Any],
    ) -> Iterator[NDArray[Any]]:
        """Yield each plan's results for a band, in `first` and then in `next_`, and note what of them is
        missing.
        """
        for plan, part in zip(self.plans, parts, strict=True):
            if gone is None:
                yield plan.run(source, first, part)
                first = next_
                continue
            made, holes = _missing.run(plan, source, self.mask, None, part, hidden=True)
            gone |= holes
            yield made

    def stacked(self, source: NDArray[Any], result: NDArray[Any]) -> NDArray[Any]:
        """All results where samples are missing."""
        each = [_missing.run(plan, source, self.mask, None, hidden=True) for plan in self.plans]
        made, holes = (np.stack(arrays) for arrays in zip(*each, strict=True))
        return self._filled(made, holes, result)

    def _filled(
        self, made: NDArray[Any], holes: NDArray[np.bool_], result: NDArray[Any]
    ) -> NDArray[Any]:
        """Fill what is missing, and write the result."""
        may_miss = self.mask is not None or holes.any()
        made[holes] = fill_of(self.plans[0].missing.fill, self.target, self.masked or not may_miss)
        result[...] = made
        return np.ma.MaskedArray(result, holes) if self.masked else result

    def _part(self, number: int, begin: int, count: int) -> Part:
        (first, *others), size = self.wholes[number]
        length, start, _ = first
        step = self.plans[number].steps[0]
        return Part(((length, start + begin * step, count), *others), size)

    def rounded(self, sums: NDArray[Any]) -> NDArray[Any]:
        """Round combined sums to the type of the results."""
        return reference._to_pixels(sums, self.target)
