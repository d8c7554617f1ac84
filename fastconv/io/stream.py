# SPDX-License-Identifier: BSD-3-Clause
"""Images larger than memory: bands of rows, read from any sliceable array, written to another.

One thread reads, one thread for each core filters a band of its own, and the caller's thread
writes. Only these bands are held in memory.

    source    done | done      | filtering | filtering | reading |
    target    done | writing   | filtering | filtering |

(Each thread has a band of its own, instead of sharing one band: if reading or writing occupies a
core for a while, only one band is late.)

The result equals that of the whole image in memory to the last bit, for integers and floats. The
method is chosen for the whole image, borders apply at its edges, and wrap reads its rows from the
other end. Only the sums of an FFT and of a box depend on bands; their bands begin where tiles or
groups of rows begin. Where samples are missing, bands begin where blocks do (src/missing.pyx).

Memory-mapped files are filtered in place: the system reads a band ahead, and its pages are released
when it is done, so mapped pages do not accumulate.
"""

from __future__ import annotations

import hashlib
import math
import operator
import os
import pickle
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from .. import _missing, _threads
from .._arguments import array_of, colour_axis, refuse, warn_of_channels
from .._borders import index_table
from .._linear_light import Decoded, Encoded, decoded
from .._mask import fill_of, joined, mask_of
from .._options import as_finite, as_flag
from .._pixels import pixel_of
from .._plan import Part, Plan, make_plan
from .._regions import Region, as_region
from ..api import NanPolicy, Shape
from .checkpoint import Mark, mark_of
from .mapped import Mapping, share_file
from .nodata import Nodata, as_nodata, is_nodata, nodata_of

__all__ = ["channels_of", "stream"]

Progress = Callable[[int, int], object]

# Default bytes of all bands in memory, of source and target together.
BYTES = 2**27


def stream(
    source: Any,
    kernel: ArrayLike,
    target: Any,
    *,
    correlate: bool = False,
    border: str = "reflect",
    cval: complex = 0.0,
    origin: int | tuple[int, int] = 0,
    shape: Shape = "same",
    channel_axis: int | Literal["auto"] | None = "auto",
    dtype: DTypeLike | None = None,
    method: str = "auto",
    threads: int | None = None,
    scale: float = 1.0,
    offset: float = 0.0,
    absolute: bool = False,
    linear: bool = False,
    region: tuple[int, int, int, int] | None = None,
    mask: Any = None,
    nan_policy: NanPolicy = "propagate",
    min_weight: float = 0.0,
    renormalize: bool | Literal["auto"] = "auto",
    fill: complex | None = None,
    nodata: complex | Literal["auto"] | None = "auto",
    band: int | None = None,
    progress: Progress | None = None,
    resume: bool = False,
    mark: str | os.PathLike[str] | None = None,
) -> Any:
    """Convolve an image that is larger than memory, band by band.

    Parameters
    ----------
    source : array, shape (..., H, W)
        Any object with a shape and a dtype whose slices are arrays: np.memmap, zarr.Array,
        h5py.Dataset, a file of TIFF pages (`fastconv.io.tiff.Pages`), dask.array.Array, ndarray.
    kernel : array_like, shape (h, w)
    target : array
        Any object of the result's shape whose slices can be assigned to. It must not be `source`,
        nor share memory or bytes of a file with it.
    correlate : bool
        Whether to leave the kernel as it is instead of reversing it.
    border, cval, origin, shape, method, threads, scale, offset, absolute
        As in `fastconv.convolve`.
    channel_axis : int, None or "auto"
        As in `fastconv.convolve`. With "auto", the last of three axes holds colours if its length
        is 2, 3 or 4 and the others are longer, as on the command line. All other arrays are stacks
        of images. With None every array is one.
    linear : bool
        As in `fastconv.apply`: light is filtered, in float64.
    region : (int, int, int, int), optional
        Left, top, width and height of the part to filter in each image. The rest of `target` gets
        the pixels of `source` as they are. It requires a target of the source's type and
        ``shape="same"``.
    mask : array of bool, optional
        As in `fastconv.convolve`; one that is not in memory has the shape of `source`.
    nan_policy, min_weight, renormalize, fill
        As in `fastconv.convolve`.
    nodata : number, None or "auto"
        What stands for missing samples in `source`. With "auto" it is what the source says: GDAL_NODATA of
        TIFF pages, `_FillValue` or `missing_value` among the attributes of zarr and HDF5, a fill value of
        zarr that is not 0. Results that are missing are `fill`, which is `nodata` by default. With
        ``shape="same"`` samples that are `nodata` stay so, too, and are not filled from their neighbours.
    dtype : dtype, optional
        Type of the result. It must be that of `target`.
    band : int, optional
        Rows of the result that a thread filters at a time. The default is chosen so that all bands
        in memory take 128 MB. It is rounded up to whole chunks of the target.
    progress : callable, optional
        Called after each band with the number of rows done and the number of all rows. An exception
        that it raises ends the run.
    resume : bool
        Whether to continue where an earlier run with the same arguments ended.
    mark : path, optional
        A file that records how far an unfinished run is. By default the record is kept in
        ``target.attrs`` for zarr and HDF5, and for a memmap in a file with ``.unfinished`` after
        its name. It exists from the first byte written to the last, so a target without it is
        complete. It survives the end of the process, but not a power failure, since no write waits
        for the disk.

    Returns
    -------
    array
        `target`.

    Raises
    ------
    TypeError, ValueError
        As `fastconv.convolve`; also if `target` does not fit, or cannot be resumed.

    See Also
    --------
    fastconv.io.files.filter_file : the same from file to file.

    Examples
    --------
    >>> import fastconv, numpy as np
    >>> image = np.arange(12, dtype=np.uint8).reshape(4, 3)  # or np.load(name, mmap_mode="r")
    >>> result = np.empty_like(image)                        # or np.lib.format.open_memmap(...)
    >>> fastconv.stream(image, fastconv.box_blur, result, band=1) is result
    True
    >>> np.array_equal(result, fastconv.convolve(image, fastconv.box_blur))
    True
    """
    given, source, target = target, _plain(source, "source"), _plain(target, "target")
    if channel_axis == "auto":
        channel_axis = channels_of(source)
    if isinstance(nodata, str) and nodata == "auto":
        nodata = nodata_of(source)
    elif nodata is not None:
        nodata = as_nodata(nodata, _facts(source, "source")[1])
    if as_flag(linear, "linear"):
        if nodata is not None or mask is not None:
            raise ValueError("linear must be False where samples are missing")
        source, target, cval = _in_light(source, target, channel_axis, border, cval, region)
        dtype = None
    made = make_plan(
        kernel, not correlate, border=border, cval=cval, origin=origin, shape=shape,
        channel_axis=channel_axis, dtype=dtype, method=method, threads=threads, scale=scale, offset=offset,
        absolute=absolute, nan_policy=nan_policy, min_weight=min_weight, renormalize=renormalize,
        fill=nodata if fill is None else fill,
    )  # fmt: skip
    if mask is not None:
        mask = _mask_beside(mask, source, made)
    run = _run_of(made, source, target, band, region, mask is not None, nodata)
    if made.channel_axis is None:
        warn_of_channels(run.source.shape, made.window[1])
    place = mark_of(target, mark)
    done = _resumed(place, run) if resume else 0
    if place is not None:
        place.write(run.fingerprint, done)
    _go(run, source, mask, target, place, done, progress)
    if place is not None:
        place.remove()
    return given


def _mask_beside(mask: Any, source: Any, made: Plan) -> Any:
    """A mask of the shape of the source, that is sliced as it is."""
    shape, _ = _facts(source, "source")
    if not hasattr(mask, "shape") or isinstance(mask, (np.ndarray, np.generic)):
        return mask_of(mask, shape, made.channel_axis)
    lengths, dtype = _facts(mask, "mask")
    mask_of(np.broadcast_to(np.zeros((), dtype), lengths), shape, made.channel_axis)
    if lengths != shape:
        raise ValueError(
            f"mask must have the shape of source, {shape}, unless it is in memory; got {lengths}"
        )
    return mask


def _in_light(
    source: Any, target: Any, channel_axis: int | None, border: str, cval: complex, region: Any
) -> tuple[Any, Any, float]:
    """Wrap source and target so that light is filtered, and convert the constant to light."""
    axes = len(source.shape)
    opacity = channel_axis is not None and source.shape[channel_axis] in (2, 4)
    if opacity and channel_axis not in (-1, axes - 1):
        raise ValueError(f"channel_axis must be the last one for linear=True; got {channel_axis}")
    if region is not None and np.dtype(source.dtype).kind == "f":
        raise ValueError(
            "region must be None for light of floats, which would not stay as they are"
        )
    light = Decoded(source, opacity)
    outside = float(decoded(as_finite(cval, "cval"), light.white))  # type: ignore[arg-type]
    if opacity and border == "constant" and outside != cval:
        raise ValueError(
            f"cval must be 0 for linear=True with opacity, which is no light; got {cval}"
        )
    return light, Encoded(target, light.white, opacity), outside


def _plain(a: Any, argument: str) -> Any:
    """The sliceable object. An array in memory is returned as one of NumPy's own class."""
    refuse(a, argument)
    return np.asarray(a) if isinstance(a, np.ndarray) and not isinstance(a, np.memmap) else a


def channels_of(source: Any) -> int | None:
    """Axis of an array's channels, from its file if that tells, otherwise from its shape."""
    if hasattr(source, "channel_axis"):
        return source.channel_axis  # type: ignore[no-any-return]
    return colour_axis(tuple(getattr(source, "shape", ())))


# --- layouts and bands ---------------------------------------------------------------------------


@dataclass(frozen=True)
class _Layout:
    """How an array is sliced into rows.

    Attributes
    ----------
    shape : tuple of int
    rows : int
        The axis of the rows.
    channels : int or None
        The axis of the channels. A slice keeps it even if it comes before the rows, but drops all
        other axes before them.
    """

    shape: tuple[int, ...]
    rows: int
    channels: int | None

    @property
    def lead(self) -> tuple[int, ...]:
        """Shape of the batch."""
        return tuple(n for i, n in enumerate(self.shape[: self.rows]) if i != self.channels)

    def row_bytes(self, itemsize: int) -> int:
        """Bytes of a row, of all channels."""
        return (
            math.prod(self.shape) // max(1, math.prod(self.lead) * self.shape[self.rows]) * itemsize
        )

    @property
    def slice_shape(self) -> tuple[int, ...]:
        """Shape of an image of the batch."""
        channels = () if self.channels is None or not self.axis else (self.shape[self.channels],)
        return *channels, *self.shape[self.rows :]

    @property
    def axis(self) -> int:
        """The axis of the rows in a slice."""
        return int(self.channels is not None and self.channels < self.rows)

    @property
    def channels_in_slice(self) -> int | None:
        """The axis of the channels in a slice."""
        if self.channels is None or self.axis:
            return None if self.channels is None else 0
        return self.channels - self.rows

    def at(self, lead: tuple[int, ...], low: int, high: int) -> tuple[Any, ...]:
        """Index of rows of one image of the batch."""
        index: list[Any] = list(lead)
        if self.channels is not None and self.axis:
            index.insert(self.channels, slice(None))
        return (*index, slice(low, high))


@dataclass(frozen=True)
class _Run:
    """A plan, and how source and target are cut into bands.

    Attributes
    ----------
    plan : Plan
        The plan for slices.
    source, target : _Layout
    whole : Part
        All of one image.
    step : int
        Calls must begin and end at multiples of so many rows, so that floats get the same bits; 1
        if any row will do.
    band : int
        Rows of the target that a thread filters at a time.
    threads : int
        Number of bands that are filtered at once.
    region : (int, int, int, int) or None
        The part of each image that is filtered.
    nodata : number or None
        What stands for missing samples.
    misses : bool
        Whether samples may be missing.
    fingerprint : str
        Hash of the plan, the shapes and the types, which must be equal for a run to be resumed.
    """

    plan: Plan
    source: _Layout
    target: _Layout
    whole: Part
    step: int
    band: int
    threads: int
    region: Region | None
    nodata: Nodata | None
    misses: bool
    fingerprint: str

    @property
    def total(self) -> int:
        """Rows of the target, of all images of a batch."""
        return int(np.prod(self.target.lead, dtype=int)) * self.whole.rows[2]

    def bands(self, done: int) -> Iterator[_Band]:
        """Yield the bands that are left to do."""
        rows = self.whole.rows[2]
        for number, lead in enumerate(np.ndindex(self.target.lead)):
            for y in range(min(max(done - number * rows, 0), rows), rows, self.band):
                end = min(y + self.band, rows)
                yield _Band(lead, y, end, number * rows + end)


@dataclass(frozen=True)
class _Band:
    """Rows `begin` .. `end` - 1 of one image of a batch. After them, `done` rows of all images are
    done.
    """

    lead: tuple[int, ...]
    begin: int
    end: int
    done: int


def _run_of(
    made: Plan,
    source: Any,
    target: Any,
    band: int | None,
    region: Any,
    masked: bool,
    nodata: Nodata | None,
) -> _Run:
    """Check everything before anything is written, and choose the height of a band."""
    shape, pixel = _facts(source, "source")
    target_shape, result = _facts(target, "target")
    given = masked or nodata is not None
    made = _checked(made, shape, pixel, result, given)
    misses = given or made.missing.active
    channels = None if made.channel_axis is None else made.channel_axis % len(shape)
    rows, cols = [axis for axis in range(len(shape)) if axis != channels][-2:]
    whole = made.whole((shape[rows], shape[cols]))
    wanted = list(shape)
    wanted[rows], wanted[cols] = whole.size
    if tuple(wanted) != target_shape:
        raise ValueError(f"target must have shape {tuple(wanted)}; got {target_shape}")
    if 0 in shape and 0 not in wanted:
        raise ValueError(f"source must not be empty for shape={made.shape!r}; got shape {shape}")
    _check_place(source, target)
    if region is not None:
        region = as_region(region, shape[rows], shape[cols])
        if made.shape != "same" or pixel != result:
            raise ValueError(
                f"region must be None unless shape is 'same' and target of the source's type, {pixel}; got "
                f"shape={made.shape!r} and {result}"
            )
    cut, target_cut = (_Layout(s, rows, channels) for s in (shape, target_shape))
    threads = _threads.threads_for(1e300, made.threads)
    fitting = (
        BYTES
        // (threads + 2)
        // max(1, cut.row_bytes(pixel.itemsize) + target_cut.row_bytes(result.itemsize))
    )
    height = _band_height(band, fitting, made.window[0])
    in_slice = made.with_options(channel_axis=cut.channels_in_slice)
    if misses and result.kind in "fc" and 0 not in (*shape, *whole.size):
        step = _missing.row_step(in_slice, pixel, result, cut.slice_shape)
    else:
        samples = 1 if channels is None else shape[channels]
        step = _step(made, pixel, (whole.rows[2], whole.windows[1][2]), samples)
    stored = _stored_together(target, rows)
    unit = stored if stored > 1 else step
    height = max(1, min(-(-height // unit) * unit, whole.rows[2]))
    words = made.with_options(threads=None).__reduce__()[1]
    told = pickle.dumps(
        (words, shape, pixel.str, target_shape, region, masked, repr(nodata)), protocol=4
    )
    return _Run(
        in_slice.with_options(threads=1), cut, target_cut, whole, step if result.kind in "fc" else 1, height,
        threads, region, nodata, misses, hashlib.sha256(told).hexdigest()[:16],
    )  # fmt: skip


def _step(made: Plan, pixel: np.dtype[Any], size: tuple[int, int], channels: int) -> int:
    """Step of the rows at which a call may begin: that of an FFT's tiles, or of a box's groups."""
    if 0 in size:  # there are no results
        return 1
    strategies = made.strategies(np.zeros((1, 1), pixel), size, channels)
    return math.lcm(*(strategy.row_step for strategy in strategies))


def _checked(
    made: Plan, shape: tuple[int, ...], pixel: np.dtype[Any], result: np.dtype[Any], masked: bool
) -> Plan:
    """The plan for these types. Raises if there is none."""
    if made.dtype is not None and made.dtype != result:
        raise TypeError(f"target must be of type {made.dtype}, as dtype asks; got {result}")
    if result == np.bool_:
        raise TypeError("target must be of an integer, float or complex type; got bool")
    made = made.with_options(dtype=result)
    # a tiny image raises the errors about types
    few = np.zeros([min(n, 1) for n in shape], pixel)
    made.run(few, mask=np.zeros(few.shape, np.bool_) if masked else None)
    return made


def _check_place(source: Any, target: Any) -> None:
    """Raise ValueError if the target is read-only, or shares memory or a file with the source."""
    if isinstance(target, np.ndarray) and not target.flags.writeable:
        raise ValueError("target must be writable; got a read-only array")
    if isinstance(source, np.ndarray) and isinstance(target, np.ndarray):
        same = np.may_share_memory(source, target) or share_file(source, target)
    else:
        home = _home(source)
        same = source is target or (home is not None and home == _home(target))
    if same:
        raise ValueError(
            "target must not share memory or a file with source, whose rows are needed again"
        )


def _home(a: Any) -> tuple[Any, ...] | None:
    """The location of an h5py.Dataset or a zarr.Array, which is equal if the same array is opened
    twice.
    """
    if type(a).__module__.partition(".")[0] not in ("h5py", "zarr"):
        return None
    return tuple(getattr(a, name, None) for name in ("id", "store", "path"))


def _facts(a: Any, argument: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and native type of a sliceable object."""
    try:
        shape, dtype = tuple(int(n) for n in a.shape), np.dtype(a.dtype)
    except (AttributeError, TypeError, ValueError):
        raise TypeError(
            f"{argument} must have a shape and a dtype, and be sliced like an array; got {type(a).__name__}"
        ) from None
    pixel_of(dtype, argument)
    return shape, dtype.newbyteorder("=")


def _band_height(band: int | None, fitting: int, reach: int) -> int:
    """Rows of a band. The default is those that fit, but at least four times the window's, since
    neighbouring bands both read that many rows.
    """
    if band is None:
        return max(fitting, 4 * reach)
    try:
        height = operator.index(band)
    except TypeError:
        height = 0
    if height < 1:
        raise ValueError(f"band must be a positive integer; got {band!r}")
    return height


def _stored_together(a: Any, axis: int) -> int:
    """Rows of a chunk, or of a shard of chunks, in zarr, HDF5, TIFF or dask; 1 if there are
    none.
    """
    chunks = getattr(a, "shards", None) or getattr(a, "chunks", None)
    rows = chunks[axis] if chunks else 1
    return int(max(rows) if isinstance(rows, tuple) else rows)


def _resumed(place: Mark | None, run: _Run) -> int:
    """Number of rows that an earlier run has done."""
    if place is None:
        raise ValueError("target must be a memmap, zarr or HDF5, or `mark` a path, to be resumed")
    found = place.read()
    if found is None:
        return 0
    if found[0] != run.fingerprint:
        raise ValueError(
            "target was begun with another kernel, option, shape or type; it cannot be resumed"
        )
    return min(max(found[1], 0), run.total)


# --- reading, filtering and writing --------------------------------------------------------------


def _go(
    run: _Run,
    source: Any,
    mask: Any,
    target: Any,
    place: Mark | None,
    done: int,
    progress: Progress | None,
) -> None:
    """Run all bands: one thread reads them in order, several filter one band each, and this thread
    writes in order.
    """
    reader, writer = _Reader(run, source), _Writer(run, target, place)
    masks = None if mask is None else _Reader(run, mask)
    pending: deque[tuple[_Band, Future[NDArray[Any]]]] = deque()

    def read(band: _Band) -> tuple[_Rows, _Rows | None]:
        return reader(band), None if masks is None else masks(band)

    def filtered(band: _Band, reading: Future[tuple[_Rows, _Rows | None]]) -> NDArray[Any]:
        rows, hidden = reading.result()
        gone = None if hidden is None else hidden.pixels
        if run.nodata is not None:
            gone = joined(gone, is_nodata(rows.pixels, run.nodata))
        result = _filtered(run, rows, gone, writer.place(band))
        reader.release(rows)
        return result

    def finish(band: _Band, filtering: Future[NDArray[Any]]) -> None:
        writer(band, filtering.result())
        if progress is not None:
            progress(band.done, run.total)

    with ThreadPoolExecutor(1) as reading, ThreadPoolExecutor(run.threads) as filtering:
        for band in run.bands(done):
            rows = reading.submit(read, band)
            pending.append((band, filtering.submit(filtered, band, rows)))
            if len(pending) > run.threads + 1:
                finish(*pending.popleft())
        while pending:
            finish(*pending.popleft())


@dataclass(frozen=True)
class _Rows:
    """The rows of the source from which a band is filtered.

    Attributes
    ----------
    pixels : ndarray
    part : Part
        Positions of the windows in them.
    keep : slice
        The band's rows of the result.
    own : slice
        The band's own rows in `pixels`, for results of the image's size.
    begin : int
        The band's first row of the result.
    """

    pixels: NDArray[Any]
    part: Part
    keep: slice
    own: slice
    begin: int


def _filtered(
    run: _Run, rows: _Rows, mask: NDArray[np.bool_] | None, place: NDArray[Any] | None
) -> NDArray[Any]:
    """Filter a band, into its place in the target if it has one."""
    whole = rows.keep == slice(0, rows.part.rows[2])
    if run.region is not None:
        return _filtered_in_region(run, rows, mask, place)
    result = run.plan.run(rows.pixels, place if whole else None, rows.part, mask)
    kept: NDArray[Any] = result[(slice(None),) * run.source.axis + (rows.keep,)]
    if run.nodata is not None and run.plan.shape == "same":
        _leave_nodata(run, kept, rows.pixels[(slice(None),) * run.source.axis + (rows.own,)])
    if place is not None and not whole:
        place[...] = kept
        return place
    return kept


def _leave_nodata(run: _Run, result: NDArray[Any], own: NDArray[Any]) -> None:
    """Let what is no data in the source stay so."""
    assert run.nodata is not None
    result[is_nodata(own, run.nodata)] = fill_of(run.plan.missing.fill, result.dtype, False)


def _filtered_in_region(
    run: _Run, rows: _Rows, mask: NDArray[np.bool_] | None, place: NDArray[Any] | None
) -> NDArray[Any]:
    """Filter a band within the region, and copy its other pixels."""
    left, top, width, height = run.region or (0, 0, 0, 0)
    axis = run.source.axis
    result: NDArray[Any] = np.array(rows.pixels[(slice(None),) * axis + (rows.own,)])
    first = rows.begin
    low, high = max(top - first, 0), min(top + height - first, result.shape[axis])
    if low < high:
        ((length, start, _), (across, begin, _)), size = rows.part
        # windows of the region only, of these rows
        part = Part(
            ((length, start + rows.keep.start + low, high - low), (across, begin + left, width)),
            size,
        )
        inside = (slice(None),) * axis + (slice(low, high), slice(left, left + width))
        made = run.plan.run(rows.pixels, None, part, mask)
        if run.nodata is not None:
            _leave_nodata(run, made, result[inside])
        result[inside] = made
    if place is None:
        return result
    place[...] = result
    return place


class _Reader:
    """Reads the rows for each band in order. Rows that two bands need are read once."""

    def __init__(self, run: _Run, source: Any) -> None:
        self._run, self._source = run, source
        self._mapping = Mapping(source)
        self._stored = _stored_together(source, run.source.rows)
        self._lead: tuple[int, ...] | None = None
        self._low, self._held = 0, np.empty(0)

    def __call__(self, band: _Band) -> _Rows:
        """Read all rows that the windows of a band touch."""
        run = self._run
        length, start, count = run.whole.rows
        begin = band.begin // run.step * run.step
        end = min(-(-band.end // run.step) * run.step, count)
        first, last = start + begin, start + end + run.plan.window[0] - 1
        cut = run.plan.borders[0] == "constant" or (first >= 0 and last <= length)
        if cut:
            low = max(first, 0)
            pixels = self._rows(band.lead, low, min(last, length))
        else:
            low = first
            pixels = self._around(band.lead, first, last)
        part = Part(
            ((pixels.shape[run.source.axis], first - low, end - begin), *run.whole.windows[1:]),
            run.whole.size,
        )
        own = slice(band.begin - low, band.end - low)
        keep = slice(band.begin - begin, band.end - begin)
        return _Rows(pixels, part, keep, own, band.begin)

    def release(self, rows: _Rows) -> None:
        """Release the pages of a band that has been filtered."""
        self._mapping.release(rows.pixels)

    def _around(self, lead: tuple[int, ...], first: int, last: int) -> NDArray[Any]:
        """Rows `first` .. `last` - 1, some of which are outside of the image."""
        run = self._run
        table = index_table(run.whole.rows[0], first, last - first, run.plan.borders[0])
        needed = np.unique(table)
        pieces = np.split(needed, np.flatnonzero(np.diff(needed) > 1) + 1)
        pixels = [self._rows(lead, int(piece[0]), int(piece[-1]) + 1) for piece in pieces]
        return np.take(
            np.concatenate(pixels, run.source.axis), np.searchsorted(needed, table), run.source.axis
        )

    def _rows(self, lead: tuple[int, ...], low: int, high: int) -> NDArray[Any]:
        """Rows of the source; a view if it is in memory or mapped."""
        axis = self._run.source.axis
        if isinstance(self._source, np.ndarray):
            view: NDArray[Any] = self._source[self._run.source.at(lead, low, high)]
            self._mapping.expect(view)
            return view
        held_to = self._low + self._held.shape[axis] if lead == self._lead else 0
        if lead != self._lead or not self._low <= low < held_to:
            self._held, held_to = self._read(lead, low, self._up(high)), self._up(high)
        else:
            kept = self._held[(slice(None),) * axis + (slice(low - self._low, None),)]
            if held_to < high:
                more = self._read(lead, held_to, self._up(high))
                kept = np.concatenate([kept, more], axis)
            self._held = kept
        self._lead, self._low = lead, low
        result: NDArray[Any] = self._held[(slice(None),) * axis + (slice(0, high - low),)]
        return result

    def _up(self, row: int) -> int:
        """The end of the chunk that ends at or after a row, since chunks are read as a whole."""
        return min(-(-row // self._stored) * self._stored, self._run.whole.rows[0])

    def _read(self, lead: tuple[int, ...], low: int, high: int) -> NDArray[Any]:
        return array_of(self._source[self._run.source.at(lead, low, high)], "source")


class _Writer:
    """Writes bands, and records after each band that it is done."""

    def __init__(self, run: _Run, target: Any, place: Mark | None) -> None:
        self._run, self._target, self._mark = run, target, place
        self._mapping = Mapping(target)

    def place(self, band: _Band) -> NDArray[Any] | None:
        """The band's place in a target in memory, into which the engine can write; None for other
        targets.
        """
        if not isinstance(self._target, np.ndarray) or not self._target.dtype.isnative:
            return None
        place: NDArray[Any] = self._target[self._at(band)]
        return place

    def _at(self, band: _Band) -> tuple[Any, ...]:
        return self._run.target.at(band.lead, band.begin, band.end)

    def __call__(self, band: _Band, result: NDArray[Any]) -> None:
        """Write a band, unless it is in its place already."""
        if self.place(band) is None:
            self._target[self._at(band)] = result
        else:
            self._mapping.release(result)
        if self._mark is not None:
            self._mark.write(self._run.fingerprint, band.done)
