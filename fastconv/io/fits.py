# SPDX-License-Identifier: BSD-3-Clause
"""FITS, by astropy (extra `fits`): images are filtered, and all other parts stay as they are.

A file may hold several images and data that belong to them: errors, flags of pixels, tables. The
first image and all images of its name (EXTNAME), such as all chips of a camera, are filtered along
their last two axes. Rows are in the order of the file, which is that of astropy's arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .replace_file import whole
from .stream import stream

__all__ = ["FITS", "filter_fits"]

FITS = (".fits", ".fit", ".fts")


def filter_fits(
    source: Path,
    target: Path,
    kernel: ArrayLike,
    note: Callable[[str], object],
    force: bool,
    options: dict[str, Any],
) -> int:
    """Filter the images of a FITS file into another one, or the first of them into a .npy file.

    Parameters
    ----------
    source, target : Path
    kernel : array_like
    note : callable
        Called with messages for the user.
    force : bool
        Whether to replace a file that exists.
    options : dict
        As in `fastconv.stream`.

    Returns
    -------
    int
        Number of filtered pixels.
    """
    suffixes = source.suffix.lower(), target.suffix.lower()
    if suffixes[0] not in FITS:
        raise ValueError(f"{target.name} is written from FITS only; {source.name} is none")
    if suffixes[1] not in (*FITS, ".npy"):
        raise ValueError(f"{source.name} becomes FITS or .npy only; got {target.name}")
    with _library().open(source, memmap=False) as file:
        images = _images(file)
        if suffixes[1] == ".npy":
            images, rest = images[:1], len(file) - 1
            if rest:
                note(
                    f"only its first image is filtered; header and {rest} other parts are left out"
                )
        else:
            _say_what_stays(file, images, note)
        filtered = [(image, _filtered(image, kernel, options, note)) for image in images]
        with whole(target, force, source) as temporary:
            if suffixes[1] == ".npy":
                with open(temporary, "xb") as new:
                    np.save(new, filtered[0][1])
            else:
                _write(file, filtered, temporary)
    return sum(result.size for _, result in filtered)


def _library() -> Any:
    try:
        return import_module("astropy.io.fits")
    except ModuleNotFoundError as error:
        raise ValueError(f"FITS files need: pip install 'fastconv[fits]' ({error})") from None


def _images(file: Any) -> list[Any]:
    found = [part for part in file if part.is_image and len(part.shape) > 1 and 0 not in part.shape]
    if not found:
        raise ValueError("it holds no image")
    return [part for part in found if part.name == found[0].name]


def _say_what_stays(file: Any, images: list[Any], note: Callable[[str], object]) -> None:
    rest = [part for part in file if part not in images and (not part.is_image or part.shape)]
    if rest:
        names = ", ".join(part.name or f"part {file.index(part)}" for part in rest)
        note(
            f"only {images[0].name or 'its first image'} is filtered; these stay as they are: {names}"
        )


def _filtered(
    image: Any, kernel: ArrayLike, options: dict[str, Any], note: Callable[[str], object]
) -> NDArray[Any]:
    bits, blank = image.header["BITPIX"], "BLANK" in image.header
    data = image.data  # integers with a scale or blank pixels become floats and NaN
    if bits > 0 and data.dtype.kind == "f":
        why = "with blank pixels, which are NaN," if blank else "with a scale"
        note(f"{'int' if bits > 8 else 'uint'}{bits} {why} becomes {data.dtype.name}")
    result = np.empty(data.shape, data.dtype.newbyteorder("="))
    stream(data, kernel, result, channel_axis=None, **options)
    return result


def _write(file: Any, filtered: list[tuple[Any, NDArray[Any]]], path: Path) -> None:
    summed = any("CHECKSUM" in part.header for part in file)
    for image, result in filtered:
        if result.dtype.kind == "f":
            image.header.remove("BLANK", ignore_missing=True)
        if type(image).__name__ == "CompImageHDU" and result.dtype.kind == "f":
            # the other compression types quantize floats by their noise
            new = type(image)(result, image.header, compression_type="GZIP_2", quantize_level=0)
            file[file.index(image)] = new
        else:
            image.data = result
    file.writeto(path, checksum=summed, output_verify="ignore")
