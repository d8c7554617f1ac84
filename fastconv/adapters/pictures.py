# SPDX-License-Identifier: BSD-3-Clause
"""Picture files, one after the other: read, filter, write; what goes wrong is an answer, not an end.

Pillow reads and writes them, and carries over what a file says of its picture. Files of arrays, TIFF that is
large or has several pages, and what Pillow would make less of, go to `fastconv.adapters.files`, in bands.

A file is written under a temporary name beside its own and takes its place when it is complete. A task and
its outcome pickle, so that any process can do it that sees the files.
"""

from __future__ import annotations

import os
import secrets
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, JpegImagePlugin, PngImagePlugin, UnidentifiedImageError

from .files import SUFFIXES, TIFF, filter_file
from .pillow import GREY, apply
from .stream import Progress

__all__ = ["Filter", "Outcome", "Task", "do", "format_of", "guarded", "reason_of", "there", "write"]

# Files of arrays, that Pillow knows nothing of.
ARRAYS = tuple(suffix for suffix in SUFFIXES if suffix not in TIFF)


def format_of(path: Path) -> str:
    """Return the name of the format in which a file of this name is written."""
    suffix = path.suffix.lower()
    name = suffix[1:] if suffix in ARRAYS else Image.registered_extensions().get(suffix)
    if name is None or (name not in Image.SAVE and suffix not in ARRAYS):
        what = f"suffix {path.suffix!r}" if path.suffix else "no suffix"
        raise ValueError(
            f"{path} must end in a format that can be written, as .png, .tif or .npy; got {what}"
        )
    return name


# --- with Pillow ---------------------------------------------------------------------------------


Kernel = NDArray[np.float64]


@dataclass(frozen=True)
class Filter:
    """A kernel and the options of `fastconv.apply`."""

    kernel: Kernel
    options: dict[str, Any]

    def __call__(self, image: Image.Image) -> Image.Image:
        """Filter a picture and correct what `info` says of it."""
        result: Image.Image = apply(image, self.kernel, **self.options)
        result.info.pop("exif", None)
        exif = image.getexif()
        for tag in _STORAGE_TAGS:
            exif.pop(tag, None)
        if exif:
            result.info["exif"] = exif.tobytes()
        if colours(result.mode) != colours(image.mode):
            result.info.pop("icc_profile", None)
        if result.mode != image.mode:  # fax codes, for one, hold nothing but black and white
            result.info.pop("compression", None)
        return result


# Tags of a TIFF file that say how its pixels are stored; in EXIF data they would speak of others:
# sizes, bits, compression, strips, tiles, palettes, sub-files, JPEG tables, YCbCr, profile.
_STORAGE_TAGS = (
    *(254, 255, 256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 280, 281, 284, 290, 291, 292),
    *(293, 301, 317, 320, 322, 323, 324, 325, 330, 332, 334, 336, 338, 339, 340, 341, 347),
    *(*range(512, 522), 529, 530, 531, 532, 34675),
)

# A picture that is filtered once must not visibly suffer from being saved.
_QUALITY = {"JPEG": 95, "WEBP": 95, "AVIF": 90}


def colours(mode: str) -> str:
    """Name what an ICC profile of a picture of this mode describes."""
    if mode.startswith(("RGB", "P")):
        return "RGB"
    return mode if mode in ("CMYK", "YCbCr", "HSV", "LAB") else "grey"


def save_options(image: Image.Image, info: dict[Any, Any], file_format: str) -> dict[str, Any]:
    """Collect the options of `save` that keep what the file said of its picture."""
    kept = ("exif", "icc_profile", "dpi", "xmp", "comment")
    options: dict[str, Any] = {key: info[key] for key in kept if info.get(key)}
    if file_format == "PNG":
        texts = dict(getattr(image, "text", {}))
        if isinstance(info.get("xmp"), bytes):
            texts["XML:com.adobe.xmp"] = PngImagePlugin.iTXt(info["xmp"].decode("utf-8", "replace"))
        options["pnginfo"] = PngImagePlugin.PngInfo()
        for key, text in texts.items():
            options["pnginfo"].add_text(key, text)
    if file_format == "ICO":  # without this, smaller copies only
        options["sizes"] = [image.size]
    if isinstance(image, JpegImagePlugin.JpegImageFile) and file_format == "JPEG":
        options["qtables"] = image.quantization
        options["subsampling"] = JpegImagePlugin.get_sampling(image)
    elif file_format in _QUALITY:
        options["quality"] = _QUALITY[file_format]
    return options


def write(image: Image.Image, target: Path, force: bool, **options: Any) -> None:
    """Save a picture whole, or leave everything as it was."""
    refuse_existing(target, force)
    target = Path(os.path.realpath(target))  # a link stays one
    temporary = target.with_name(f".fastconv-{secrets.token_hex(8)}.tmp")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with open(temporary, "x+b") as file:
                image.save(file, format=format_of(target), **options)
            os.replace(temporary, target)
        except BaseException:  # also Ctrl-C
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        reason = reason_of(error)
        if reason.startswith("cannot write mode"):
            reason += "; choose another with --mode or --format"
        raise OSError(f"{target.name}: {reason}") from error


def refuse_existing(target: Path, force: bool) -> None:
    if os.path.lexists(target) and not force:
        raise FileExistsError(f"{target} exists; --force overwrites it")


def reason_of(error: Exception) -> str:
    """Say in one line what went wrong."""
    if isinstance(error, UnidentifiedImageError):
        return "not a picture that Pillow can open"
    if isinstance(error, MemoryError):
        return "not enough memory"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return " ".join(str(error).split()) or type(error).__name__


_guards = 0
_guard = threading.RLock()
_restore: list[Any] = []


@contextmanager
def guarded(any_size: bool = False) -> Iterator[None]:
    """Make Pillow's warning of too many pixels an error, and ignore those of odd metadata.

    Both are settings of the process: whoever comes first sets them, and the last one sets them back.
    """
    global _guards
    with _guard:
        if _guards == 0:
            quiet = warnings.catch_warnings()
            _restore[:] = [quiet, Image.MAX_IMAGE_PIXELS]
            quiet.__enter__()
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            Image.MAX_IMAGE_PIXELS = None if any_size else Image.MAX_IMAGE_PIXELS
        _guards += 1
    try:
        yield
    finally:
        with _guard:
            _guards -= 1
            if _guards == 0:
                quiet, Image.MAX_IMAGE_PIXELS = _restore
                quiet.__exit__(None, None, None)


# --- tasks ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Task:
    """A file to filter.

    Attributes
    ----------
    name : str
        What the file is called when something is said of it.
    source, target : Path
    filter : Filter
    force : bool
        Whether the target may exist.
    resume : bool
        Whether a target that exists is done, and one that was begun is gone on with.
    any_size : bool
        Whether pictures of more than Pillow's limit are trusted.
    """

    name: str
    source: Path
    target: Path
    filter: Filter
    force: bool = False
    resume: bool = False
    any_size: bool = False


@dataclass
class Outcome:
    """What became of a task.

    Attributes
    ----------
    name : str
    pixels : int
        Filtered.
    notes : list of str
        What the user should know.
    failure : str
        Why there is no result; empty if there is.
    skipped : bool
        Whether the result was there before.
    """

    name: str
    pixels: int
    notes: list[str]
    failure: str = ""
    skipped: bool = False


def there(task: Task) -> Outcome | None:
    """Return the outcome of a task whose target is there; None if there is something to do."""
    if task.resume and os.path.lexists(task.target):
        return Outcome(task.name, 0, [], skipped=True)
    try:
        refuse_existing(task.target, task.force)
    except FileExistsError as error:
        return Outcome(task.name, 0, [], failure=reason_of(error))
    return None


def do(task: Task, progress: Progress | None = None) -> Outcome:
    """Make one file.

    Parameters
    ----------
    task : Task
    progress : callable, optional
        As in `fastconv.stream`; called for files that are filtered in bands. What it raises that is no
        `Exception` ends the task.

    Returns
    -------
    Outcome
    """
    outcome = there(task)
    if outcome is not None:
        return outcome
    outcome = Outcome(task.name, 0, [])
    try:
        with guarded(task.any_size):
            make = _in_bands if _needs_bands(task) else _with_pillow
            outcome.pixels = make(task, outcome.notes, progress)
    except Exception as error:  # broken files make Pillow raise errors of any kind
        outcome.failure = reason_of(error)
    return outcome


def _with_pillow(task: Task, notes: list[str], progress: Progress | None) -> int:
    file_format = format_of(task.target)
    with Image.open(task.source) as image:
        frames = getattr(image, "n_frames", 1)
        # The further frames of MPO are previews, those of PSD the layers of the first.
        if frames > 1 and image.format not in ("MPO", "PSD"):
            notes.append(f"only the first of its {frames} frames is filtered")
        result = task.filter(image)
        options = save_options(image, result.info, file_format)
    # The source is closed by now: Windows does not replace open files.
    write(result, task.target, task.force, **options)
    return result.width * result.height


def _needs_bands(task: Task) -> bool:
    suffixes = task.source.suffix.lower(), task.target.suffix.lower()
    if set(suffixes) & set(ARRAYS):
        return True
    if not set(suffixes) <= set(TIFF) or task.filter.options.get("premultiply"):
        return False
    try:
        from .tiff import needs_bands
    except ModuleNotFoundError:  # then Pillow does what it can
        return False
    return needs_bands(task.source)


def _in_bands(task: Task, notes: list[str], progress: Progress | None) -> int:
    options = dict(task.filter.options)
    mode, premultiply = options.pop("mode", None), options.pop("premultiply", False)
    if premultiply:
        raise ValueError("--premultiply is for pictures that Pillow opens")
    return filter_file(
        task.source, task.target, task.filter.kernel, resume=task.resume, progress=progress,
        note=notes.append, choose=lambda image: _type_for(task.source, image, mode), **options,
    )  # fmt: skip


def _type_for(source: Path, image: Any, mode: str | None) -> np.dtype[Any] | None:
    """Type of the result, as `fastconv.apply` has it for pictures of this mode."""
    is_picture = source.suffix.lower() in TIFF
    if mode is None:
        as_bytes = is_picture and image.dtype == np.float32 and image.channel_axis is None
        return np.dtype(np.uint8) if as_bytes else None
    if mode not in GREY or not is_picture or image.channel_axis is not None:
        raise ValueError(
            f"mode {mode} is not for this file; choose one of {', '.join(GREY)} for grey TIFF"
        )
    return np.dtype(GREY[mode]).newbyteorder("=")
