# SPDX-License-Identifier: BSD-3-Clause
"""Picture files, one after the other: read, filter, write. A failure is reported and does not end
the run.

    metadata        metadata of a picture
    frames          animations, and pages of several kinds
    deep_colour     colours of 16 bits, of which Pillow reads 8
    fits            FITS, with its headers and tables
    files           arrays, and TIFF that is large or of many pages, in bands
    replace_file    replaces a file when the new one is complete

This file chooses one of these ways for each file. The result keeps depth, frames and metadata, or
comes with a note of what was lost, or is not written at all: the header of the new file is read
before it replaces another.

A task and its outcome can be pickled, so any process that sees the files can do it.
"""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from .._regions import Region, as_region
from ..containers.pillow import GREY, apply, filter_array
from . import deep_colour
from .files import SUFFIXES, TIFF, filter_file
from .fits import FITS, filter_fits
from .frames import Frames, frames_of, with_palettes
from .metadata import (
    colours,
    has_another_curve,
    is_lossless,
    lost,
    lost_letters,
    orientation_of,
    said,
    save_options,
    unwritable,
)
from .replace_file import refuse_existing, whole
from .stream import Progress
from .zarrs import kind_of

__all__ = [
    "HINTS",
    "Filter",
    "Outcome",
    "Task",
    "do",
    "format_of",
    "guarded",
    "reason_of",
    "save",
    "there",
]

# Suffixes of files of arrays, which Pillow does not know.
ARRAYS = tuple(suffix for suffix in SUFFIXES if suffix not in TIFF)

# What to do about formats that Pillow does not open.
_RAW = (".3fr .arw .cr2 .cr3 .dng .erf .iiq .nef .nrw .orf .pef .raf .raw .rw2 .srw .x3f").split()
HINTS = dict.fromkeys((".heic", ".heif", ".hif"), "pip install pillow-heif") | dict.fromkeys(
    _RAW, "camera raw: develop it first"
)


def format_of(path: Path) -> str:
    """Return the name of the format in which a file of this name is written."""
    know_formats()
    suffix = path.suffix.lower()
    if suffix in FITS:
        return "FITS"
    name = suffix[1:] if suffix in ARRAYS else Image.registered_extensions().get(suffix)
    if name is None or (name not in Image.SAVE and suffix not in ARRAYS):
        what = f"suffix {path.suffix!r}" if path.suffix else "no suffix"
        hint = f" ({HINTS[suffix]})" if suffix in HINTS else ""
        raise ValueError(
            f"{path} must end in a format that can be written, as .png, .tif or .npy; got {what}{hint}"
        )
    return name


# --- filtering a picture in memory ---------------------------------------------------------------


Kernel = NDArray[np.float64]


@lru_cache(maxsize=1)
def know_formats() -> None:
    """Register all of Pillow's formats, and HEIC if pillow-heif is installed."""
    Image.init()
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        return
    register_heif_opener()


@dataclass(frozen=True)
class Filter:
    """A kernel and the options of `fastconv.apply`. Pictures of floats give floats.

    With `as_seen`, kernel and region refer to the picture in its EXIF orientation, not to the
    stored pixels.
    """

    kernel: Kernel
    options: dict[str, Any]
    as_seen: bool = False

    def __call__(self, image: Image.Image) -> Image.Image:
        """Filter a picture, and remove entries of `info` that are no longer true."""
        image.load()  # this turns TIFF upright
        kernel, options = self.turned(orientation_of(image), image.size)
        if options.get("mode") is None and image.mode == "F":
            options = {**options, "mode": "F"}
        if options.get("mode") is None and (image.format, image.mode) == ("PPM", "I"):
            options = {**options, "mode": "I;16"}  # the format holds 16 bits
        result: Image.Image = apply(image, kernel, **options)
        if colours(result.mode) != colours(image.mode):
            result.info.pop("icc_profile", None)
        if result.mode != image.mode:  # fax codes, for example, hold only black and white
            result.info.pop("compression", None)
        return result

    def turned(self, orientation: int, size: tuple[int, int]) -> tuple[Kernel, dict[str, Any]]:
        """Kernel and options for stored pixels of this size, (width, height)."""
        kernel, options = self.kernel, self.options
        if not self.as_seen or orientation == 1:
            return kernel, options
        if options.get("region") is not None:
            options = {**options, "region": turned_region(options["region"], orientation, size)}
        return turned(kernel, orientation), options


def turned_region(region: Region, orientation: int, size: tuple[int, int]) -> Region:
    """A region of the picture as it is seen, as a region of its stored pixels of `size` (width,
    height).

    Examples
    --------
    >>> turned_region((0, 0, 2, 1), 6, (4, 3))  # the seen picture's top left is the stored one's bottom left
    (0, 1, 1, 2)
    """
    across, down = size[::-1] if orientation > 4 else size
    x, y, w, h = as_region(region, down, across)
    if orientation > 4:
        x, y, w, h = y, x, h, w
    if orientation in (2, 3, 7, 8):
        x = size[0] - x - w
    if orientation in (3, 4, 6, 7):
        y = size[1] - y - h
    return x, y, w, h


def turned(kernel: Kernel, orientation: int) -> Kernel:
    """The kernel for stored pixels that has the effect of this kernel on the picture as it is seen.

    Examples
    --------
    >>> turned(np.array([[1.0, 2, 3]]), 6).ravel().tolist()  # a line that was level is upright
    [3.0, 2.0, 1.0]
    """
    if orientation == 1:
        return kernel
    # the centre of an even size is after the middle; a row of zeros moves it to the middle
    odd = np.pad(kernel, [(0, 1 - side % 2) for side in kernel.shape])
    return np.ascontiguousarray(
        {
            2: odd[:, ::-1], 3: odd[::-1, ::-1], 4: odd[::-1], 5: odd.T,
            6: np.rot90(odd), 7: odd[::-1, ::-1].T, 8: np.rot90(odd, -1),
        }[orientation]
    )  # fmt: skip


# --- writing a picture ---------------------------------------------------------------------------

# Formats that hold pixels of a mode without losses, for the error about another format.
_HOLDERS = {
    "F": ".tif or .npy", "I": ".tif or .npy", "I;16": ".png, .tif or .jp2", "CMYK": ".jpg or .tif",
    "LAB": ".tif", "RGBA": ".png, .tif or .webp", "LA": ".png or .tif", "YCbCr": ".tif",
}  # fmt: skip
# For each mode of a picture, the modes of a file that hold its pixels without losses.
_WHOLE = {
    "1": ("1", "L", "P", "LA", "RGB", "RGBA"),
    "L": ("L", "P", "LA", "RGB", "RGBA"),
    "P": ("P", "L", "RGB", "RGBA", "1"),
    "PA": ("PA", "RGBA", "P"),
    "LA": ("LA", "RGBA", "PA"),
    "RGB": ("RGB", "RGBA", "RGBX"),
    "RGBX": ("RGB", "RGBX", "RGBA"),
    "YCbCr": ("YCbCr", "RGB"),
    "I;16": ("I;16", "I;16B", "I;16L", "I"),
}
# Formats that Pillow saves but opens under another name or not at all.
_UNREADABLE = ("PDF", "EPS", "PALM", "XBM")


def save(
    image: Image.Image,
    path: str | os.PathLike[str],
    *,
    like: Image.Image | None = None,
    force: bool = True,
    **options: Any,
) -> None:
    """Save a picture with the metadata of its file: EXIF, profile, XMP, resolution, text, gamma.

    Pillow's own `save` writes most of these only if they are passed as options. Without EXIF data a
    portrait may be shown sideways.

    Parameters
    ----------
    image : PIL.Image.Image
        As `fastconv.apply` returns it, whose `info` is that of the file.
    path : path
        The file to write. Its suffix names the format. An existing file is replaced when the new
        one is complete.
    like : PIL.Image.Image, optional
        The picture that was opened. Then a JPEG keeps its quality and sampling, a PNG all its
        chunks, and a lossless WebP stays lossless.
    force : bool
        Whether to replace a file that exists; it keeps its mode, owner and times.
    **options
        Options of `PIL.Image.Image.save`, such as ``quality=80``. They override all others.

    Raises
    ------
    FileExistsError, OSError, ValueError
        Also if the format does not hold pixels of this mode.

    Warns
    -----
    UserWarning
        If the format does not hold some metadata.

    Examples
    --------
    >>> import os, tempfile
    >>> from PIL import Image
    >>> import fastconv
    >>> photo = Image.new("RGB", (4, 3))
    >>> photo.info["dpi"] = (300, 300)
    >>> path = os.path.join(tempfile.mkdtemp(), "sharp.jpg")
    >>> fastconv.save(fastconv.apply(photo, fastconv.sharpening), path)
    >>> with Image.open(path) as saved:
    ...     saved.info["dpi"]
    (300, 300)
    """
    if not isinstance(image, Image.Image):
        raise TypeError(f"image must be a PIL.Image.Image; got {type(image).__name__}")
    target = Path(path)
    frames = Frames([image], [])
    for note in _write(frames, target, force, said(like or image), like, None, options):
        warnings.warn(f"{target.name}: {note}", stacklevel=2)


def _write(
    frames: Frames,
    target: Path,
    force: bool,
    words: set[str],
    like: Image.Image | None,
    source: Path | None,
    options: dict[str, Any],
) -> list[str]:
    """Save frames completely, or change nothing. Return notes of metadata that the file does not
    hold.
    """
    file_format = format_of(target)
    first = frames.images[0]
    kept = save_options(first, file_format, like) | options
    for frame in frames.images[1:]:  # pages have metadata of their own
        if file_format == "TIFF":
            frame.encoderinfo = save_options(frame, file_format)
    try:
        if file_format == "GIF":
            with_palettes(frames)
        wanted = frames.images[0]
        with whole(target, force, source) as temporary:
            with open(temporary, "x+b") as file:
                wanted.save(file, format=file_format, **(kept | frames.options))
            notes = _checked(temporary, file_format, wanted, words)
    except FileExistsError:
        raise
    except OSError as error:
        reason = reason_of(error)
        if reason.startswith("cannot write mode"):
            reason = _no_room(file_format, first.mode)
        raise OSError(f"{target.name}: {reason}") from error
    if file_format == "AVIF" and like is not None and like.format == "AVIF" and is_lossless(like):
        notes.append("it was stored without losses; Pillow writes AVIF with small ones")
    if like is not None and lost_letters(like):
        notes.append('letters of its EXIF text that are not ASCII may be "?": so Pillow read them')
    for tag in unwritable(first, file_format):
        notes.append(
            f"its EXIF tag {tag} is not kept in {file_format}: its value is of another type"
        )
    return frames.notes + notes


def _checked(path: Path, file_format: str, image: Image.Image, words: set[str]) -> list[str]:
    """Read the header of the new file. Raise OSError if its mode lost information."""
    if file_format in _UNREADABLE or file_format not in Image.OPEN:
        return []
    with Image.open(path) as written:
        mode = "I;16" if image.mode.startswith("I;16") else image.mode
        if mode in ("LA", "RGBA") and image.getchannel("A").getextrema() == (255, 255):
            mode = mode.removesuffix("A")  # WebP stores opaque frames without alpha
        if written.mode not in (mode, *_WHOLE.get(mode, ())):
            raise OSError(_no_room(file_format, image.mode))
        note = lost(words, said(written), file_format)
    return [note] if note else []


def _no_room(file_format: str, mode: str) -> str:
    """The error message for a format that cannot hold a mode, with alternatives."""
    mode = "I;16" if mode.startswith("I;16") else mode
    other = f", or a format that does: {_HOLDERS[mode]}" if mode in _HOLDERS else ""
    instead = "L" if mode in ("F", "I", "I;16", "LA") else "1 or RGB" if mode == "L" else "RGB"
    return f"cannot write mode {mode} as {file_format}; choose another with --mode, as {instead}{other}"


def reason_of(error: Exception) -> str:
    """The message of an error in one line."""
    if isinstance(error, UnidentifiedImageError):
        return "not a picture that Pillow can open"
    if isinstance(error, (Image.DecompressionBombError, Image.DecompressionBombWarning)):
        return " ".join(str(error).split()).replace(
            "DOS attack", "DOS attack; --any-size trusts it"
        )
    if isinstance(error, MemoryError):
        return "not enough memory"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return (
        " ".join(str(error).split()) or f"it could not be read or written ({type(error).__name__})"
    )


_guards = 0
_guard = threading.RLock()
_restore: list[Any] = []


@contextmanager
def guarded(any_size: bool = False) -> Iterator[None]:
    """Make Pillow's warning of too many pixels an error, and ignore its warnings of odd metadata.

    Both are settings of the process. The first of several callers changes them, and the last one
    restores them.
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
        Name of the file in messages.
    source, target : Path
    filter : Filter
    force : bool
        Whether an existing target may be replaced.
    resume : bool
        Whether an existing target counts as done, and an incomplete one is continued.
    any_size : bool
        Whether to read pictures beyond Pillow's limit of pixels.
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
    """The outcome of a task.

    Attributes
    ----------
    name : str
    pixels : int
        Number of filtered pixels.
    notes : list of str
        Messages for the user.
    failure : str
        The reason why there is no result; empty if there is one.
    skipped : bool
        Whether the result existed before.
    """

    name: str
    pixels: int
    notes: list[str]
    failure: str = ""
    skipped: bool = False


def there(task: Task) -> Outcome | None:
    """Return the outcome of a task whose target exists; None if the task must be done."""
    if task.resume and os.path.lexists(task.target):
        return Outcome(task.name, 0, [], skipped=True)
    try:
        refuse_existing(task.target, task.force)
    except FileExistsError as error:
        return Outcome(task.name, 0, [], failure=f"{reason_of(error)}, --resume leaves it")
    return None


def do(task: Task, progress: Progress | None = None) -> Outcome:
    """Do a task: make one file.

    Parameters
    ----------
    task : Task
    progress : callable, optional
        As in `fastconv.stream`; called for files that are filtered in bands. A BaseException that
        it raises and that is not an `Exception` ends the task.

    Returns
    -------
    Outcome
    """
    outcome = there(task)
    if outcome is not None:
        return outcome
    know_formats()
    outcome = Outcome(task.name, 0, [])
    try:
        with guarded(task.any_size):
            outcome.pixels = _way_of(task)(task, outcome.notes, progress)
    except Exception as error:  # broken files make Pillow raise errors of any kind
        outcome.failure = reason_of(error)
        if isinstance(error, UnidentifiedImageError) and task.source.suffix.lower() in HINTS:
            outcome.failure += f" ({HINTS[task.source.suffix.lower()]})"
    return outcome


def _way_of(task: Task) -> Callable[[Task, list[str], Progress | None], int]:
    if {task.source.suffix.lower(), task.target.suffix.lower()} & set(FITS):
        return _as_fits
    if _needs_bands(task):
        return _in_bands
    if "nodata" in task.filter.options:
        raise ValueError("--nodata is for TIFF (with tifffile), .npy, .zarr and FITS")
    return _as_deep if _is_deep(task) else _with_pillow


def _with_pillow(task: Task, notes: list[str], progress: Progress | None) -> int:
    file_format = format_of(task.target)
    with Image.open(task.source) as image:
        _refuse_less(image, task)
        if task.filter.options.get("linear") and has_another_curve(image):
            notes.append("its colour profile is not sRGB's, whose curve --linear takes")
        words = said(image)
        frames = frames_of(image, task.filter, file_format)
        # The source is closed before it may be replaced, since Windows does not replace open files.
        size = sum(frame.width * frame.height for frame in frames.images)
        like = image
    notes += _write(frames, task.target, task.force, words, like, task.source, {})
    return size


def _refuse_less(image: Image.Image, task: Task) -> None:
    """Raise ValueError if Pillow would read fewer bits than the file has, unless --mode asks for
    it.
    """
    bits = deep_colour.bits_unread(image)
    if not bits or task.filter.options.get("mode") is not None:
        return
    suffixes = {task.source.suffix.lower(), task.target.suffix.lower()}
    if suffixes <= set(deep_colour.SUFFIXES) and not _has_deep():
        raise ValueError(
            f"samples of 16 bits need: pip install 'fastconv[tiff]'; --mode {image.mode} takes 8"
        )
    raise ValueError(
        f"its samples of {bits} bits would become 8 from {image.format} to {format_of(task.target)}; "
        f"--mode {image.mode} asks for that"
    )


def _is_deep(task: Task) -> bool:
    """Whether `deep_colour` reads and writes a file, and Pillow would read fewer bits of it."""
    suffixes = {task.source.suffix.lower(), task.target.suffix.lower()}
    if not suffixes <= set(deep_colour.SUFFIXES) or task.filter.options.get("mode") is not None:
        return False
    if not _has_deep() or deep_colour.is_animated(task.source):
        return False
    try:
        with Image.open(task.source) as image:
            return bool(deep_colour.bits_unread(image))
    except UnidentifiedImageError:  # Pillow does not know all kinds of TIFF
        return task.source.suffix.lower() in TIFF


def _has_deep() -> bool:
    return bool(find_spec("imagecodecs") and find_spec("tifffile"))


def _as_deep(task: Task, notes: list[str], progress: Progress | None) -> int:
    source = deep_colour.read(task.source)
    height, width = source.pixels.shape[:2]
    kernel, options = task.filter.turned(_orientation_of(task.source), (width, height))
    options = {key: value for key, value in options.items() if key != "mode"}
    pixels = filter_array(source.pixels, kernel, **options)
    if pixels.dtype != source.pixels.dtype.newbyteorder("="):
        notes.append(f"{source.pixels.dtype} becomes {pixels.dtype}")
    suffix = task.target.suffix.lower()
    with whole(task.target, task.force, task.source) as temporary:
        deep_colour.write(temporary, suffix, pixels, source)
        note = lost(_said(task.source), _said(temporary), suffix[1:].upper())
    if note:
        notes.append(note)
    return int(pixels.shape[0] * pixels.shape[1])


def _as_fits(task: Task, notes: list[str], progress: Progress | None) -> int:
    options = _of_arrays(task)
    if options.pop("mode", None) is not None:
        raise ValueError("--mode is for pictures that Pillow opens")
    return filter_fits(
        task.source, task.target, task.filter.kernel, notes.append, task.force, options
    )


def _of_arrays(task: Task) -> dict[str, Any]:
    """Options for arrays, which have no opacity."""
    options = dict(task.filter.options)
    if options.pop("premultiply", False):
        raise ValueError("--premultiply is for pictures that Pillow opens")
    return options


def _orientation_of(path: Path) -> int:
    try:
        with Image.open(path) as image:
            return orientation_of(image)
    except UnidentifiedImageError:
        return 1


def _said(path: Path) -> set[str]:
    try:
        with Image.open(path) as image:
            return said(image)
    except UnidentifiedImageError:
        return set()


def _needs_bands(task: Task) -> bool:
    suffixes = kind_of(task.source), kind_of(task.target)
    if set(suffixes) & set(ARRAYS):
        return True
    if not set(suffixes) <= set(TIFF) or task.filter.options.get("premultiply"):
        return False
    try:
        from .tiff import needs_bands
    except ModuleNotFoundError:  # without tifffile, Pillow reads what it can
        return False
    return needs_bands(task.source, task.filter.options.get("mode") is not None)


def _in_bands(task: Task, notes: list[str], progress: Progress | None) -> int:
    kernel, options = task.filter.kernel, _of_arrays(task)
    if task.filter.as_seen and task.source.suffix.lower() in TIFF:
        from .tiff import as_stored

        kernel, options = task.filter.turned(*as_stored(task.source))
        options = {key: value for key, value in options.items() if key != "premultiply"}
    mode = options.pop("mode", None)
    return filter_file(
        task.source, task.target, kernel, resume=task.resume, progress=progress,
        note=notes.append, choose=lambda image: _type_for(task.source, image, mode), **options,
    )  # fmt: skip


def _type_for(source: Path, image: Any, mode: str | None) -> np.dtype[Any] | None:
    """Type of the result for a mode; None if no mode is given."""
    is_picture = source.suffix.lower() in TIFF
    if mode is None:
        return None
    if mode not in GREY or not is_picture or image.channel_axis is not None:
        raise ValueError(
            f"mode {mode} is not for this file; choose one of {', '.join(GREY)} for grey TIFF"
        )
    return np.dtype(GREY[mode]).newbyteorder("=")
