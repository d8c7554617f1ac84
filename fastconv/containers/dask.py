# SPDX-License-Identifier: BSD-3-Clause
"""dask: a chunked array in, a lazy array out, chunk by chunk on the caller's scheduler.

The engine gets each chunk with the rows and columns of its neighbours that its windows touch
(dask.array.map_overlap, with nothing added at the outer edges). At the edges of the image the
engine applies its own border. So all borders, kernels of even size, `origin` and `shape` are as in
memory:

    y0            y1                     chunk i of the result: windows of rows y0 .. y1
    | before | chunk i of the image | after |

Only the border "wrap" needs pixels from the other end: they are added around the image beforehand.
Chunks smaller than the window's reach are merged with their neighbours for the computation. An axis
of a single chunk needs no neighbours.

A worker receives a plan, which pickles to its arguments, and a few integers. Unless `threads` is
given, a chunk gets its share of the process's threads: a k-th of them on a worker that runs k tasks
at once, and one thread under dask's own schedulers, which have a thread for each core.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import dask.array as da
import numpy as np
from numpy.typing import NDArray

from .. import _threads
from .._arguments import array_of, refuse
from .._mask import mask_of
from .._plan import Part, Plan

__all__ = ["call"]


@dataclass(frozen=True)
class _Cut:
    """The chunks of one axis of the image.

    Attributes
    ----------
    around : (int, int)
        Pixels of the other end that are added before and after the image.
    chunks : tuple of int
        Chunks of the image with these pixels, each at least as wide as a window's reach.
    depth : (int, int)
        Pixels that a chunk needs of its neighbours, before and after.
    starts : tuple of int
        Position of the first window in each chunk.
    counts : tuple of int
        Chunks of the result.
    """

    around: tuple[int, int]
    chunks: tuple[int, ...]
    depth: tuple[int, int]
    starts: tuple[int, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class _Chunk:
    """The function that a worker applies to a chunk.

    Attributes
    ----------
    plan : Plan
    cuts : dict of int to _Cut
        The cuts by axis, in the order of the kernel's axes: rows, then columns.
    """

    plan: Plan
    cuts: dict[int, _Cut]

    def __str__(self) -> str:
        """Name of the tasks on dask's dashboard."""
        return "fastconv"

    def __call__(
        self,
        block: NDArray[Any],
        mask: NDArray[np.bool_] | None = None,
        *,
        block_id: tuple[int, ...],
    ) -> NDArray[Any]:
        """Filter a chunk, and what of it is missing, that has its neighbours' pixels around it."""
        windows = tuple(
            (block.shape[axis], cut.starts[block_id[axis]], cut.counts[block_id[axis]])
            for axis, cut in self.cuts.items()
        )
        size = tuple(sum(cut.counts) for cut in self.cuts.values())
        plan = self.plan if self.plan.threads else self.plan.with_options(threads=_share())
        return plan.run(array_of(block, "image"), None, Part(windows, size), mask)


def _share() -> int:
    """Threads for a chunk: those of this process, divided by the number of chunks filtered at
    once.
    """
    distributed = sys.modules.get("distributed")
    try:
        at_once = distributed.get_worker().state.nthreads if distributed else None
    except ValueError:  # this process is a client, or the thread is not a worker's
        at_once = None
    return max(1, _threads.get_num_threads() // at_once) if at_once else 1


def call(image: Any, plan: Plan, out: None = None, mask: Any = None) -> Any:
    """Convolve or correlate lazily: what `fastconv.convolve` does with a dask array.

    Parameters
    ----------
    image : dask.array.Array, shape (..., H, W)
        Its chunks may be any, but its shape must be known.
    plan : Plan
    out : None
        A lazy result cannot be written into an array.
    mask : array_like of bool, optional
        Lazy or in memory; see `fastconv.convolve`.

    Returns
    -------
    dask.array.Array
        Its chunks are those of the image. For other shapes than "same" the last chunks differ, and
        chunks smaller than the kernel are merged. Results equal those of the same call in memory to
        the last bit. An exception are floats with the methods "fft" and "box", whose tiles and
        groups of rows begin at each chunk's corner; they are within the same bound.

    Raises
    ------
    TypeError, ValueError
        As `fastconv.convolve`.

    Examples
    --------
    >>> import dask.array as da, fastconv, numpy as np
    >>> lazy = fastconv.convolve(da.ones((6, 6), chunks=3), np.ones((3, 3)), border="constant")
    >>> lazy.chunks
    ((3, 3), (3, 3))
    >>> lazy.compute()[0].tolist()
    [4.0, 6.0, 6.0, 6.0, 6.0, 4.0]
    """
    if out is not None:
        raise TypeError(
            "out must be None for a dask array: use dask.array.store for the lazy result"
        )
    if not isinstance(image, da.Array):
        raise TypeError(f"image must be a dask.array.Array; got {type(image).__name__}")
    refuse(image, "image")
    if isinstance(plan.channel_axis, str):
        raise TypeError(f"channel_axis must be an integer; got {plan.channel_axis!r}")
    made = plan
    made.warn_of_channels(image.shape)
    if any(n != n for n in image.shape):  # dask gives NaN for an unknown length
        raise ValueError("image must be of known shape: call its compute_chunk_sizes() first")
    hidden = None if mask is None else _mask_of(mask, image, made.channel_axis)
    # an image of few pixels has the result's type, or the error
    few = np.zeros([min(n, 1) for n in image.shape], image.dtype)
    meta = made.run(few, mask=None if mask is None else np.zeros(few.shape, np.bool_))
    spatial = made.spatial(image.ndim)
    size = made.whole(tuple(image.shape[axis] for axis in spatial)).size
    chunks = list(image.chunks)
    if 0 in (*image.shape, *size):
        for axis, n in zip(spatial, size, strict=True):
            chunks[axis] = (n,)
        return da.zeros([sum(c) for c in chunks], dtype=meta.dtype, chunks=chunks)
    cuts = {axis: _cut(made, image.chunks[axis], which) for which, axis in enumerate(spatial)}
    laid = [image] if hidden is None else [image, hidden]
    for axis, cut in cuts.items():
        laid = [_laid_around(each, axis, cut) for each in laid]
        chunks[axis] = cut.counts
    result = da.map_overlap(
        _Chunk(made, cuts),
        *laid,
        depth={axis: cut.depth for axis, cut in cuts.items()},
        boundary="none",
        trim=False,
        allow_rechunk=False,
        chunks=tuple(chunks),
        dtype=meta.dtype,
        meta=meta[(slice(0, 0),) * meta.ndim],
    )
    return result.rechunk(image.chunks) if result.shape == image.shape else result


def _mask_of(mask: Any, image: Any, channel_axis: int | None) -> Any:
    """A lazy mask in the chunks of the image."""
    if not isinstance(mask, da.Array):
        return da.from_array(mask_of(mask, image.shape, channel_axis), chunks=image.chunks)
    # one in memory of the same type and axes says what is wrong
    mask_of(np.broadcast_to(np.zeros((), mask.dtype), mask.shape), image.shape, channel_axis)
    if channel_axis is not None and mask.ndim and mask.ndim == image.ndim - 1:
        mask = da.expand_dims(mask, channel_axis)
    return da.broadcast_to(mask, image.shape).rechunk(image.chunks)


def _cut(made: Plan, chunks: tuple[int, ...], which: int) -> _Cut:
    """Cut an axis into chunks that no window reaches across. A window belongs to the chunk that
    holds the pixel of its number times the step.
    """
    size, step = made.window[which], made.steps[which]
    length, start, count = made.axis(sum(chunks), which)
    before, after = -start, size - 1 + start
    chunks = _merged(chunks, max(before, after) + 1)
    if len(chunks) == 1:
        return _Cut((0, 0), chunks, (0, 0), (start,), (count,))
    begins = np.cumsum((0, *chunks[:-1])).tolist()
    numbers = [-(-begin // step) for begin in begins] + [count]
    starts = [number * step - begin for number, begin in zip(numbers, begins, strict=False)]
    counts = tuple(np.diff(numbers).tolist())
    if made.borders[which] != "wrap":
        return _Cut((0, 0), chunks, (before, after), (start, *starts[1:]), counts)
    beyond = max(0, start + (count - 1) * step + size - length)
    chunks = (chunks[0] + before, *chunks[1:-1], chunks[-1] + beyond)
    return _Cut((before, beyond), chunks, (before, after), tuple(starts), counts)


def _merged(chunks: tuple[int, ...], least: int) -> tuple[int, ...]:
    """Merge neighbours until each chunk has `least` pixels; all into one if there are too few
    pixels.
    """
    merged = [0]
    for chunk in chunks:
        if merged[-1] < least:
            merged[-1] += chunk
        else:
            merged.append(chunk)
    if len(merged) > 1 and merged[-1] < least:
        merged[-2:] = [merged[-2] + merged[-1]]
    return tuple(merged)


def _laid_around(image: Any, axis: int, cut: _Cut) -> Any:
    """The image in the chunks of its cut, with the pixels of the other end around it."""
    before, after = cut.around
    first, last = [slice(None)] * image.ndim, [slice(None)] * image.ndim
    first[axis], last[axis] = slice(image.shape[axis] - before, None), slice(0, after)
    if before or after:
        image = da.concatenate([image[tuple(first)], image, image[tuple(last)]], axis=axis)
    return image.rechunk({axis: cut.chunks})
