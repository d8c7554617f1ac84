# SPDX-License-Identifier: BSD-3-Clause
"""Files of any size: `fastconv.stream` from file to file.

.npy           mapped                                                  needs nothing
.zarr          a folder with one array, in chunks                      extra `zarr`
.tif, .tiff    all pages that are like the first; see fastconv.io.tiff      extra `tiff`

A result is written under a name that ends in .part, with a mark beside it (.part.unfinished), and
takes its own name when it is complete. An interrupted run can be resumed.
"""

from __future__ import annotations

import glob
import math
import os
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
from .zarrs import arrays_in, kind_of, like_zarr

__all__ = ["SUFFIXES", "filter_file"]

TIFF = (".tif", ".tiff")
SUFFIXES = (".npy", ".zarr", *TIFF)


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
    note: Callable[[str], object] | None = None,
    **options: Any,
) -> int:
    """Filter a .npy, .zarr or TIFF file of any size into another, band by band.

    Parameters
    ----------
    source, target : path
        Their suffixes determine the formats. A target that exists is replaced when the new file is
        complete. TIFF can only be written from TIFF.
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
    image = _opened(source)
    try:
        if dtype is None and choose is not None:
            dtype = choose(image)
        if channel_axis == "auto":
            channel_axis = channels_of(image)
        return _filtered(
            source,
            target,
            image,
            kernel,
            channel_axis,
            dtype,
            nodata,
            resume,
            progress,
            note,
            options,
        )
    finally:
        getattr(image, "close", lambda: None)()


def _filtered(
    source: Path,
    target: Path,
    image: Any,
    kernel: ArrayLike,
    channels: int | None,
    dtype: DTypeLike | None,
    nodata: Any,
    resume: bool,
    progress: Progress | None,
    note: Callable[[str], object] | None,
    options: dict[str, Any],
) -> int:
    part = target.with_name(target.name + ".part")
    mark = FileMark(part.with_name(part.name + SUFFIX))
    resume = resume and mark.read() is not None
    shape = tuple(int(n) for n in image.shape)
    linear, region = options.get("linear", False), options.get("region")
    words = {
        key: value
        for key, value in options.items()
        if key not in ("band", "linear", "region", "mask")
    }
    pixel_of(np.dtype(image.dtype), "source")
    given = None
    if isinstance(nodata, str) and nodata == "auto":
        nodata = nodata_of(image)
    elif nodata is not None:
        given = nodata = as_nodata(nodata, np.dtype(image.dtype))
    made = plan(kernel, pixel=image.dtype, channel_axis=channels, dtype=dtype, **words)
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
        place = _created(part, source, target, image, result, given, resume)
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
    take_rights(part, target, source)
    if part.is_dir() and target.is_dir():
        shutil.rmtree(target)
    os.replace(part, target)
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
        arrays = arrays_in(path)
        if arrays and arrays != [path]:
            names = ", ".join(str(array) for array in arrays[:9])
            raise ValueError(f"{path.name} is a group of arrays; name one of them: {names}")
        return library.open_array(os.fspath(path), mode="r")
    return library.Pages(path)


def _created(
    part: Path,
    source: Path,
    target: Path,
    image: Any,
    dtype: np.dtype[Any],
    nodata: Nodata | None,
    resume: bool,
) -> Any:
    """Create or reopen a file as an array to which rows can be written."""
    suffix, shape = kind_of(target), tuple(image.shape)
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
    raise ValueError(f"target must end in {', '.join(allowed)}; got {target.name}")
