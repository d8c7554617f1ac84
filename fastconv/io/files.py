# SPDX-License-Identifier: BSD-3-Clause
"""Files of any size: `fastconv.stream` from file to file.

.npy           mapped                                                  needs nothing
.zarr          a folder with an array or a group of arrays, in chunks  extra `zarr`
.tif, .tiff    all pages that are like the first; see fastconv.io.tiff      extra `tiff`

A result is written under a name that ends in .part, with a mark beside it (.part.unfinished), and
takes its own name when it is complete. An interrupted run can be resumed.
"""

from __future__ import annotations

import glob
import hashlib
import math
import os
import pickle
import shutil
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from .._linear_light import white_of
from .._pixels import pixel_of
from .._regions import as_region
from ..api import plan
from .checkpoint import SUFFIX, FileMark
from .nodata import Nodata, as_nodata, nodata_of
from .replace_file import take_rights
from .stream import Progress, channels_of, stream
from .zarr_groups import filter_group
from .zarrs import arrays_in, channels_said, kind_of, like_zarr

__all__ = ["SUFFIXES", "filter_file"]

TIFF = (".tif", ".tiff")
SUFFIXES = (".npy", ".zarr", *TIFF)

Note = Callable[[str], object]


def filter_file(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    kernel: ArrayLike,
    *,
    channel_axis: int | Literal["auto"] | None = "auto",
    dtype: DTypeLike | None = None,
    choose: Callable[[Any], DTypeLike | None] | None = None,
    nodata: complex | Literal["auto"] | None = "auto",
    resume: bool = False,
    progress: Progress | None = None,
    note: Note | None = None,
    **options: Any,
) -> int:
    """Filter a .npy, .zarr or TIFF file of any size into another, band by band.

    Parameters
    ----------
    source, target : path
        Their suffixes determine the formats. A target that exists is replaced when the new file is
        complete. TIFF can only be written from TIFF. Of a group of zarr arrays, each is filtered;
        see fastconv.io.zarr_groups.
    kernel : array_like, shape (h, w)
    channel_axis : int, None or "auto"
        As in `fastconv.stream`. For a TIFF file, "auto" is the axis that the file tells.
    dtype : dtype, optional
        Type of the result; by default the source's.
    choose : callable, optional
        Returns the type for the array that was opened, if `dtype` is None.
    nodata : number, None or "auto"
        As in `fastconv.stream`. A TIFF made of one with another number, or with none, gets this one.
    resume : bool
        Whether to continue an interrupted run. If the target exists, nothing is done.
    progress : callable, optional
        As in `fastconv.stream`.
    note : callable, optional
        Called with messages for the user, such as pages that are left out.
    **options
        As in `fastconv.stream`: border, cval, origin, method, threads, scale, offset, absolute, linear,
        region, band, correlate, mask, nan_policy, min_weight, renormalize, fill.

    Returns
    -------
    int
        Number of filtered pixels, without counting channels.

    Raises
    ------
    TypeError, ValueError, OSError
        As `fastconv.stream`; also if a file is not of these formats or cannot be read.

    Examples
    --------
    >>> import os, tempfile, fastconv, numpy as np
    >>> folder = tempfile.mkdtemp()
    >>> names = [os.path.join(folder, name) for name in ("in.npy", "out.npy")]
    >>> np.save(names[0], np.eye(4, dtype=np.uint8))
    >>> filter_file(*names, fastconv.identity)
    16
    >>> np.load(names[1]).tolist() == np.eye(4).tolist()
    True
    """
    source, target = Path(source), Path(target)
    if resume and target.exists():
        return 0

    def one(
        source: Path, target: Path, suffix: str, progress: Progress | None, note: Note | None
    ) -> int:
        image = _opened(source)
        try:
            result = choose(image) if dtype is None and choose is not None else dtype
            channels = channel_axis
            if channels == "auto":
                stacked = kind_of(source) == ".zarr" and channels_said(source) is False
                channels = None if stacked else channels_of(image)
            return _filtered(
                source, target, suffix, image, kernel, channels, result, nodata, resume, progress,
                note, options,
            )  # fmt: skip
        finally:
            getattr(image, "close", lambda: None)()

    if _is_group(source):
        words = (
            channel_axis,
            None if dtype is None else np.dtype(dtype).str,
            repr(nodata),
            options,
        )
        return _of_group(source, target, kernel, one, words, resume, progress, note)
    return one(source, target, kind_of(target), progress, note)


def _is_group(path: Path) -> bool:
    return kind_of(path) == ".zarr" and arrays_in(path) not in ([], [path])


def _of_group(
    source: Path,
    target: Path,
    kernel: ArrayLike,
    one: Callable[[Path, Path, str, Progress | None, Note | None], int],
    words: tuple[Any, ...],
    resume: bool,
    progress: Progress | None,
    note: Note | None,
) -> int:
    """Filter a group of arrays into a folder that takes its place when all of them are done."""
    if kind_of(target) != ".zarr":
        raise ValueError(f"target must end in .zarr for a group of arrays; got {target.name}")
    if words[-1].get("region") is not None:
        raise ValueError(
            f"region must be None for a group of arrays; name one of them, as "
            f"{arrays_in(source)[0]}"
        )
    _library(".zarr")
    note = note or (lambda _: None)
    part = _part_of(target)
    mark = FileMark(part.with_name(part.name + SUFFIX))
    weights = np.asarray(kernel)
    options = sorted(item for item in words[-1].items() if item[0] not in ("threads", "band"))
    told = pickle.dumps((weights.dtype.str, weights.shape, weights.tobytes(), words[:-1], options))
    plan(kernel, **_of_a_plan(words[-1]))
    if not resume:
        _remove(part)

    def of_it(array: Path, place: Path, watch: Progress) -> int:
        name = array.relative_to(source).as_posix()
        if place.exists():
            return 0
        return one(array, place, ".zarr", watch, lambda words: note(f"{name}: {words}"))

    try:
        pixels = filter_group(
            source, part, of_it, mark, fingerprint=hashlib.sha256(told).hexdigest()[:16], resume=resume,
            progress=progress, note=note,
        )  # fmt: skip
    except BaseException:
        if not any(part.rglob("*" + SUFFIX)) and not (mark.read() or ("", 0))[1]:
            _remove(part)  # no band was begun
        raise
    _take_place(part, target, source)
    return pixels


def _part_of(target: Path) -> Path:
    return target.with_name(target.name + ".part")


def _of_a_plan(options: dict[str, Any]) -> dict[str, Any]:
    return {
        key: value
        for key, value in options.items()
        if key not in ("band", "linear", "region", "mask")
    }


def _take_place(part: Path, target: Path, source: Path) -> None:
    take_rights(part, target, source)
    if part.is_dir() and target.is_dir():
        shutil.rmtree(target)
    os.replace(part, target)


def _filtered(
    source: Path,
    target: Path,
    suffix: str,
    image: Any,
    kernel: ArrayLike,
    channels: int | None,
    dtype: DTypeLike | None,
    nodata: Any,
    resume: bool,
    progress: Progress | None,
    note: Note | None,
    options: dict[str, Any],
) -> int:
    part = _part_of(target)
    mark = FileMark(part.with_name(part.name + SUFFIX))
    resume = resume and mark.read() is not None
    shape = tuple(int(n) for n in image.shape)
    linear, region = options.get("linear", False), options.get("region")
    pixel_of(np.dtype(image.dtype), "source")
    given = None
    if isinstance(nodata, str) and nodata == "auto":
        nodata = nodata_of(image)
    elif nodata is not None:
        given = nodata = as_nodata(nodata, np.dtype(image.dtype))
    made = plan(
        kernel, pixel=image.dtype, channel_axis=channels, dtype=dtype, **_of_a_plan(options)
    )
    result = made.target(np.dtype(image.dtype))
    if linear:
        white_of(np.dtype(image.dtype))
    if result == np.dtype(image.dtype).newbyteorder("="):  # keep the source's byte order
        result = np.dtype(image.dtype)
    elif dtype is None and note is not None:
        note(f"{np.dtype(image.dtype)} becomes {result}")
    if note is not None:
        for words_lost in getattr(image, "notes", lambda _: ())(result):
            note(words_lost)
    if region is not None:
        _check_region(region, shape, channels)
    target.parent.mkdir(parents=True, exist_ok=True)
    if not resume:
        _remove(part)
    place, mapped = None, None
    try:
        place = _created(part, source, target.name, suffix, image, result, given, resume)
        mapped = getattr(image, "mapped", lambda: None)()
        stream(
            image if mapped is None else mapped, kernel, place, channel_axis=channels,
            resume=resume, mark=mark.path, progress=progress, nodata=nodata, **options,
        )  # fmt: skip
        if hasattr(place, "finish"):
            place.finish(part)
        elif isinstance(place, np.memmap):
            place.flush()
    except BaseException:
        getattr(place, "close", lambda: None)()
        if mark.read() is None:  # no band was begun
            _remove(part)
        raise
    del place, mapped
    _take_place(part, target, source)
    return math.prod(shape) // (shape[-1] if channels else 1)


def _check_region(region: Any, shape: tuple[int, ...], channels: int | None) -> None:
    """Raise ValueError, before a file is made, if a region is not within the images."""
    axes = [n for i, n in enumerate(shape) if channels is None or i != channels % len(shape)]
    as_region(region, axes[-2], axes[-1])


def _remove(part: Path) -> None:
    """Remove the incomplete result of an earlier run, and the files beside it."""
    for path in part.parent.glob(glob.escape(part.name) + "*"):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _library(suffix: str) -> Any:
    name, extra = {".zarr": ("zarr", "zarr")}.get(suffix, ("fastconv.io.tiff", "tiff"))
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise ValueError(
            f"{suffix} files need: pip install 'fastconv[{extra}]' ({error})"
        ) from None


def _opened(path: Path) -> Any:
    """Open a file as an array whose rows can be read."""
    suffix = kind_of(path)
    if suffix not in SUFFIXES:
        raise ValueError(f"source must end in {', '.join(SUFFIXES)}; got {path.name}")
    if not path.exists():
        raise FileNotFoundError(2, os.strerror(2), str(path))
    if suffix == ".npy":
        return np.load(path, mmap_mode="r")
    library = _library(suffix)
    if suffix == ".zarr":
        return library.open_array(os.fspath(path), mode="r")
    return library.Pages(path)


def _created(
    part: Path,
    source: Path,
    name: str,
    suffix: str,
    image: Any,
    dtype: np.dtype[Any],
    nodata: Nodata | None,
    resume: bool,
) -> Any:
    """Create or reopen a file as an array to which rows can be written."""
    shape = tuple(image.shape)
    if suffix == ".npy":
        if resume:
            return np.load(part, mmap_mode="r+")
        return np.lib.format.open_memmap(part, "w+", dtype, shape)
    if suffix == ".zarr":
        library = _library(suffix)
        if resume:
            return library.open_array(os.fspath(part), mode="r+")
        if like_zarr(source, part, dtype):
            return library.open_array(os.fspath(part), mode="r+")
        chunks = getattr(image, "chunks", None)
        if not chunks or hasattr(image, "first"):  # strips of a TIFF make bad chunks
            chunks = tuple(min(1024, n) for n in shape)
        return library.open_array(
            os.fspath(part), mode="w", shape=shape, dtype=dtype, chunks=chunks
        )
    if suffix in TIFF and hasattr(image, "first"):
        return _library(suffix).create(part, shape, dtype, image, resume, nodata)
    allowed = SUFFIXES if hasattr(image, "first") else SUFFIXES[:2]
    raise ValueError(f"target must end in {', '.join(allowed)}; got {name}")
