# SPDX-License-Identifier: BSD-3-Clause
"""Files in, files out: every command checks its words first, then treats file by file.

    words     kernels and options, checked before a file is touched (exit code 2)
    jobs      which file becomes which file; two that become one are a wrong word
    files     read, filter, write; one that fails is reported and the rest goes on (exit code 1)
    gallery   the five kernels of the blog post on one picture, and all on one sheet

A file is written under a temporary name beside its own and takes its place when it is complete.
"""

from __future__ import annotations

import difflib
import glob
import inspect
import os
import secrets
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray
from PIL import (
    Image,
    ImageDraw,
    ImageFont,
    ImageOps,
    JpegImagePlugin,
    PngImagePlugin,
    UnidentifiedImageError,
)
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from . import __version__, kernels
from .adapters.pillow import apply
from .api import plan, show_config

__all__ = ["cli"]

Kernel = NDArray[np.float64]
Jobs = dict[Path, Path]  # source -> target
Problems = list[tuple[str, str]]  # name and reason of what cannot be done

# Modes that some format of files can hold.
MODES = ("1", "L", "LA", "P", "I", "I;16", "I;16B", "F", "RGB", "RGBA", "CMYK", "YCbCr", "LAB")

FIVE = ("identity", "box_blur", "gaussian_blur", "sharpening", "edge_detection")


# --- words: kernels ------------------------------------------------------------------------------


def _kernel_option(
    ctx: click.Context, param: click.Parameter, value: str | None
) -> tuple[str, Kernel] | None:
    """Return a title and the kernel, or fail with what is wrong."""
    if value is None:
        return None
    try:
        title, kernel = _kernel(value)
        plan(kernel)
        if kernel.dtype.kind == "c" or not np.isfinite(kernel).all():
            raise ValueError(f"kernel must hold real, finite numbers; {value} does not")
    except OSError as error:
        raise click.BadParameter(f"{value}: {_reason(error)}") from None
    except (ValueError, TypeError, EOFError, MemoryError) as error:
        raise click.BadParameter(_reason(error)) from None
    return title, kernel.astype(np.float64)


def _kernel(text: str) -> tuple[str, Kernel]:
    """Look a kernel up: first among the names, then in the numbers, then in a file."""
    name, _, arguments = text.strip().partition(":")
    if name in kernels.named():
        return _named_kernel(name, arguments)
    try:
        return "in numbers", _rows(text, text.split("\n") if "\n" in text else text.split(";"))
    except ValueError as error:
        if not os.path.exists(text):
            raise ValueError(_unknown(text, name, error)) from None
    if Path(text).suffix.lower() == ".npy":
        return text, np.asarray(np.load(text, allow_pickle=False))
    try:
        lines = Path(text).read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise ValueError(f"{text} must be a text of numbers or a .npy file; it is none") from None
    lines = [line for line in lines if line.partition("#")[0].strip()]
    return text, _rows(text, lines[0].split(";") if len(lines) == 1 else lines)


def _unknown(text: str, name: str, error: Exception) -> str:
    """Explain what is wrong with a word that is no name, no file and no numbers."""
    if any(character.isdigit() for character in text) and (";" in text or " " in text):
        return str(error)
    close = difflib.get_close_matches(name, kernels.named(), n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    return (
        f"{hint}{text!r} is neither a name (fastconv kernels lists them), nor a file, nor numbers "
        "such as '0 -1 0; -1 5 -1; 0 -1 0'"
    )


def _rows(name: str, lines: list[str]) -> Kernel:
    """Read numbers between blanks or commas; 1/9 is one, and what follows a # is none."""
    texts = [line.partition("#")[0].replace(",", " ").rstrip("; \r").split() for line in lines]
    rows = [[_weight(word) for word in words] for words in texts if words]
    if len({len(row) for row in rows}) != 1:
        lengths = ", ".join(str(len(row)) for row in rows) or "none"
        raise ValueError(f"rows of a kernel must be equally long; got {lengths} in {name!r}")
    return np.array(rows, dtype=np.float64)


def _weight(word: str) -> float:
    above, slash, below = word.partition("/")
    try:
        return float(above) / float(below) if slash else float(word)
    except (ValueError, ZeroDivisionError):
        raise ValueError(f"weights must be numbers such as -1, 0.5 or 1/9; got {word!r}") from None


def _named_kernel(name: str, arguments: str) -> tuple[str, Kernel]:
    """Make `gaussian`, `gaussian:2.5`, `gaussian:sigma=2.5,truncate=3`, `box:3x5`."""
    maker = getattr(kernels, name)
    if not callable(maker):
        if arguments:
            raise ValueError(f"{name} takes no arguments; got {arguments!r}")
        return name, maker
    signature = inspect.signature(maker)
    positional: list[Any] = []
    named: dict[str, Any] = {}
    for word in filter(None, arguments.split(",")):
        key, equals, value = word.rpartition("=")
        if equals:
            named[key.strip()] = _argument(value)
        else:
            positional.append(_argument(value))
    try:
        bound = signature.bind(*positional, **named)
    except TypeError as error:
        allowed = ",".join(signature.parameters)
        raise ValueError(f"{name} takes {name}:{allowed}; got {arguments!r} ({error})") from None
    bound.apply_defaults()
    words = [
        f"{key}={'x'.join(map(str, value)) if isinstance(value, tuple) else value}"
        for key, value in bound.arguments.items()
        if value is not None
    ]
    return f"{name}:{','.join(words)}", maker(*bound.args, **bound.kwargs)


def _argument(word: str) -> Any:
    """Read a number, true, false or a pair such as 3x5."""
    word = word.strip()
    if word.lower() in ("true", "false"):
        return word.lower() == "true"
    height, x, width = word.partition("x")
    if x:
        return _argument(height), _argument(width)
    for number in (int, float):
        try:
            return number(word)
        except ValueError:
            continue
    raise ValueError(
        f"arguments of a kernel must be numbers, true, false or a pair such as 3x5; got {word!r}"
    )


def _exactly(weight: float) -> str:
    """Return the shortest text that `_weight` reads as this number."""
    text = repr(float(weight)).removesuffix(".0")
    near = Fraction(weight).limit_denominator(999)
    if near.numerator / near.denominator == weight and len(str(near)) <= len(text):
        return str(near)
    return text


def _in_numbers(kernel: Kernel) -> str:
    """Write a kernel in one line: all of a small one, of a large one what is in the middle."""
    if kernel.size <= 9:
        return "; ".join(" ".join(map(_exactly, row)) for row in kernel)
    y, x = ((side - 1) // 2 for side in kernel.shape)
    middle = " ".join(f"{weight:.3g}" for weight in kernel[y, max(x - 1, 0) : x + 2])
    return f"... {middle} ..."


# --- words: files --------------------------------------------------------------------------------


def _format_of(path: Path) -> str:
    """Return the name of the format in which a file of this name is written."""
    name = Image.registered_extensions().get(path.suffix.lower())
    if name is None or name not in Image.SAVE:
        what = f"suffix {path.suffix!r}" if path.suffix else "no suffix"
        raise ValueError(f"{path} must end in a format that Pillow can write, as .png; got {what}")
    return name


def _suffix(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    if value is None:
        return None
    suffix = "." + value.lower().removeprefix(".")
    try:
        _format_of(Path("x" + suffix))
    except ValueError:
        raise click.BadParameter(
            f"must be a suffix that Pillow can write, as png, jpg or tif; got {value!r}"
        ) from None
    return suffix


def _is_picture(name: str) -> bool:
    """Tell from its name whether a file found in a folder is meant to be a picture."""
    # The last four are only recognized by Pillow: another program must read them.
    formats = Image.OPEN.keys() - {"BUFR", "GRIB", "HDF5", "MPEG"}
    suffix = os.path.splitext(name)[1].lower()
    return not name.startswith(".") and Image.registered_extensions().get(suffix) in formats


def _pictures_in(folder: Path, recursive: bool, out: Path, problems: Problems) -> list[Path]:
    """List the pictures in a folder; results of an earlier run further down are no input."""

    def report(error: OSError) -> None:
        problems.append((str(error.filename), _reason(error)))

    found: list[Path] = []
    for parent, folders, names in os.walk(folder, onerror=report):
        found += [Path(parent, name) for name in sorted(names) if _is_picture(name)]
        folders[:] = sorted(
            name
            for name in folders
            if recursive and name[0] != "." and Path(parent, name).resolve() != out.resolve()
        )
    if not found:
        problems.append((str(folder), "no pictures in this folder"))
    return found


def _inputs(
    words: tuple[str, ...], recursive: bool, out: Path, problems: Problems
) -> list[tuple[Path, Path]]:
    """List the files that the words name, each with its path below the folder of results."""
    found: list[tuple[Path, Path]] = []
    for word in words:
        path = Path(word)
        if path.is_dir():
            inside = _pictures_in(path, recursive, out, problems)
            found += [(file, file.relative_to(path)) for file in inside]
        elif glob.has_magic(word) and not path.exists():
            files = [Path(match) for match in sorted(glob.glob(word, recursive=True))]
            found += [(file, Path(file.name)) for file in files if not file.is_dir()]
            if not files:
                problems.append((word, "no file matches"))
        else:
            found.append((path, Path(path.name)))
    return found


def _is_one_file(words: tuple[str, ...]) -> bool:
    if len(words) > 1 or os.path.isdir(words[0]):
        return False
    return os.path.exists(words[0]) or not glob.has_magic(words[0])


def _jobs(
    words: tuple[str, ...], recursive: bool, out: str, suffix: str | None, problems: Problems
) -> Jobs:
    """Settle which file becomes which, before anything is written."""
    target = Path(out)
    if _is_one_file(words) and not target.is_dir() and not out.endswith(("/", os.sep)):
        try:
            _format_of(target)
        except ValueError as error:
            raise click.BadParameter(f"{error} (a folder ends in /)", param_hint="'-o'") from None
        if suffix and _format_of(target) != _format_of(Path("x" + suffix)):
            raise click.BadParameter(
                f"{target} must end in {suffix}, as --format asks", param_hint="'-o'"
            )
        return {Path(words[0]): target}
    if target.exists() and not target.is_dir():
        raise click.BadParameter(
            f"{out} must be a folder for more than one picture; it is a file", param_hint="'-o'"
        )
    jobs: Jobs = {}
    origins: dict[str, Path] = {}
    for source, name in _inputs(words, recursive, target, problems):
        result = target / (name.with_suffix(suffix) if suffix else name)
        origin = origins.setdefault(os.path.normcase(result), source)
        if origin.resolve() != source.resolve():
            raise click.UsageError(f"{origin} and {source} would both become {result}")
        jobs[origin] = result
    return jobs


# --- files ---------------------------------------------------------------------------------------


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
        if _colours(result.mode) != _colours(image.mode):
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


def _colours(mode: str) -> str:
    """Name what an ICC profile of a picture of this mode describes."""
    if mode.startswith(("RGB", "P")):
        return "RGB"
    return mode if mode in ("CMYK", "YCbCr", "HSV", "LAB") else "grey"


def _save_options(image: Image.Image, info: dict[Any, Any], file_format: str) -> dict[str, Any]:
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


def _write(image: Image.Image, target: Path, force: bool, **options: Any) -> None:
    """Save a picture whole, or leave everything as it was."""
    _refuse_existing(target, force)
    target = Path(os.path.realpath(target))  # a link stays one
    temporary = target.with_name(f".fastconv-{secrets.token_hex(8)}.tmp")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with open(temporary, "x+b") as file:
                image.save(file, format=_format_of(target), **options)
            os.replace(temporary, target)
        except BaseException:  # also Ctrl-C
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        reason = _reason(error)
        if reason.startswith("cannot write mode"):
            reason += "; choose another with --mode or --format"
        raise OSError(f"{target.name}: {reason}") from error


def _refuse_existing(target: Path, force: bool) -> None:
    if os.path.lexists(target) and not force:
        raise FileExistsError(f"{target} exists; --force overwrites it")


def _reason(error: Exception) -> str:
    """Say in one line what went wrong."""
    if isinstance(error, UnidentifiedImageError):
        return "not a picture that Pillow can open"
    if isinstance(error, MemoryError):
        return "not enough memory"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return " ".join(str(error).split()) or type(error).__name__


@contextmanager
def _guarded(any_size: bool = False) -> Iterator[None]:
    """Make Pillow's warning of too many pixels an error, and ignore those of odd metadata."""
    limit = Image.MAX_IMAGE_PIXELS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            Image.MAX_IMAGE_PIXELS = None if any_size else limit
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = limit


@dataclass
class Run:
    """Files one after another: what fails is said and counted, the rest goes on."""

    filter: Filter
    force: bool
    console: Console
    failed: int = 0
    pixels: int = 0

    def __call__(self, source: Path, target: Path) -> None:
        """Make one file."""
        try:
            _refuse_existing(target, self.force)
            file_format = _format_of(target)
            with Image.open(source) as image:
                self._mention_frames(source, image)
                result = self.filter(image)
                options = _save_options(image, result.info, file_format)
            # The source is closed by now: Windows does not replace open files.
            _write(result, target, self.force, **options)
        except Exception as error:  # broken files make Pillow raise errors of any kind
            self.fail(str(source), _reason(error))
        else:
            self.pixels += result.width * result.height

    def fail(self, name: str, reason: str) -> None:
        """Report a file and count it."""
        self.failed += 1
        self._say(f"{name}: {reason}")

    def _mention_frames(self, source: Path, image: Image.Image) -> None:
        frames = getattr(image, "n_frames", 1)
        # The further frames of MPO are previews, those of PSD the layers of the first.
        if frames > 1 and image.format not in ("MPO", "PSD"):
            self._say(f"{source}: only the first of its {frames} frames is filtered")

    def _say(self, line: str) -> None:
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _progress(sizes: list[int], console: Console) -> Progress:
    """Make a bar, shown to people who have to wait: for four files or 16 MB."""
    worth_it = len(sizes) >= 4 or sum(sizes) >= 2**24
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not (worth_it and sys.stderr.isatty()),
    )


# --- gallery -------------------------------------------------------------------------------------

_CELL = 480  # longest side of a picture on the contact sheet
_GAP = 24
_CAPTION = 52
_PAPER, _INK, _PALE = (250, 250, 248), (32, 34, 38), (120, 124, 130)


def _gallery_picture(image: Image.Image) -> Image.Image:
    """Return the picture as it is seen, in L or RGB: upright, on white, in 8 bits."""
    image = ImageOps.exif_transpose(image)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        seen = Image.alpha_composite(white, image).convert("RGB")
        seen.info = image.info
        return seen
    if image.mode.startswith("I;16"):
        scaled: Image.Image = apply(image, [[1 / 257]], mode="L")  # 65535 becomes 255
        return scaled
    if image.mode in ("1", "L", "I", "F"):
        grey: Image.Image = apply(image, [[1]], mode="L")
        return grey
    return image.convert("RGB")


def _busiest(image: Image.Image, side: int) -> tuple[int, int]:
    """Find the left top corner of the square of most contrast: shapes, rather than noise."""
    grey = apply(np.asarray(image.convert("L"), np.float32), kernels.gaussian(1.5))
    mean = kernels.box(side)
    contrast = apply(grey**2, mean) - apply(grey, mean) ** 2
    first = (side - 1) // 2  # windows that lie inside the picture, not the mirrored ones
    inside = contrast[first:, first:][: image.height - side + 1, : image.width - side + 1]
    y, x = np.unravel_index(int(np.argmax(inside)), inside.shape)
    return int(x), int(y)


def _contact_sheet(pictures: dict[str, Image.Image]) -> Image.Image:
    """Lay out pictures in three columns, with captions and the same detail enlarged."""
    original = next(iter(pictures.values()))
    scale = _CELL / max(original.size)
    if scale >= 2:  # whole pixels of a small picture can be seen as they are
        scale = int(scale)
    width, height = (max(1, round(side * scale)) for side in original.size)
    cell = max(width, 240)  # room for the caption
    inset = int(0.4 * min(width, height)) // 2 * 2
    corner = _busiest(original, inset // 2) if scale < 2 and inset >= 48 else None

    rows = -(-len(pictures) // 3)
    sheet = Image.new(
        "RGB", (3 * (cell + _GAP) + _GAP, rows * (height + _CAPTION + _GAP) + _GAP), _PAPER
    )
    for number, (name, picture) in enumerate(pictures.items()):
        x = _GAP + number % 3 * (cell + _GAP)
        y = _GAP + number // 3 * (height + _CAPTION + _GAP)
        sheet.paste(_view(picture, (width, height), scale, inset, corner), (x, y))
        _caption(sheet, (x, y + height), name, picture)
    if original.mode == "RGB" and "icc_profile" in original.info:
        sheet.info["icc_profile"] = original.info["icc_profile"]
    return sheet


def _view(
    picture: Image.Image,
    size: tuple[int, int],
    scale: float,
    inset: int,
    corner: tuple[int, int] | None,
) -> Image.Image:
    """Scale a picture to its cell, and show a detail at 200 % in the farther lower corner."""
    smooth = Image.Resampling.NEAREST if scale >= 2 else Image.Resampling.LANCZOS
    view = picture.convert("RGB").resize(size, smooth)
    if corner is None:
        return view
    x, y = corner
    side = inset // 2
    detail = picture.convert("RGB").crop((x, y, x + side, y + side))
    detail = detail.resize((2 * side, 2 * side), Image.Resampling.NEAREST)
    detail = ImageOps.expand(ImageOps.expand(detail, 1, _INK), 2, "white")
    in_left_half = (x + side / 2) * scale < size[0] / 2
    view.paste(detail, (size[0] - detail.width if in_left_half else 0, size[1] - detail.height))
    box = [round(edge * scale) for edge in (x, y, x + side, y + side)]
    draw = ImageDraw.Draw(view)
    draw.rectangle(box, outline="white", width=2)
    draw.rectangle((box[0] - 1, box[1] - 1, box[2] + 1, box[3] + 1), outline=_INK)
    return view


def _caption(sheet: Image.Image, corner: tuple[int, int], name: str, picture: Image.Image) -> None:
    draw = ImageDraw.Draw(sheet)
    x, y = corner
    known = kernels.named().get(name)
    small = f"{picture.width} x {picture.height} pixels" if known is None else _in_numbers(known)
    draw.text((x, y + 8), name.replace("_", " "), _INK, ImageFont.load_default(size=19))
    draw.text((x, y + 33), small, _PALE, ImageFont.load_default(size=13))


def _test_picture() -> Image.Image:
    """Draw what filters act on: slopes, a round edge, all frequencies, letters, lines."""
    y, x = np.mgrid[:480, :640].astype(np.float64)
    pixels = np.stack([70 + y / 4, 110 + y / 6, 190 - x / 8], axis=-1)
    distance = np.hypot(x - 130, y - 125)[..., np.newaxis]
    disc = np.stack([250 - x / 3, 150 - y / 3, 40 + 0 * x], axis=-1)
    pixels += np.clip(90.5 - distance, 0, 1) * (disc - pixels)  # an antialiased edge
    rings = 127.5 + 127.5 * np.cos(((x - 320) ** 2 + (y - 345) ** 2) / 80)
    inside = (abs(x - 320) < 110) & (abs(y - 345) < 100)
    pixels[inside] = rings[inside, np.newaxis]
    for place, side in enumerate((16, 8, 4, 2)):
        top, left = 245 + 72 * (place // 2), 50 + 72 * (place % 2)
        squares = (abs(x - left - 31.5) < 32) & (abs(y - top - 31.5) < 32)
        odd = ((x - left) // side + (y - top) // side) % 2
        pixels[squares] = (235 - 210 * odd)[squares, np.newaxis]
    image = Image.fromarray(pixels.round().astype(np.uint8))
    draw = ImageDraw.Draw(image)
    for top, size in ((20, 44), (72, 32), (112, 23), (142, 17), (166, 13), (186, 10)):
        draw.text((262, top), "Sharp or blurred?", (20, 24, 40), ImageFont.load_default(size=size))
    for place in range(13):
        draw.line((455, 200, 625 - 6 * place, 200 + 5 * place), "white", 1)
        draw.line((50 + 11 * place, 405, 44 + 11 * place, 445), (255, 240, 90), 1 + place // 5)
    return image


# --- commands ------------------------------------------------------------------------------------

_FORCE = click.option("--force", is_flag=True, help="Overwrite files that exist.")


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
    epilog="Example: fastconv apply photo.jpg -k sharpening -o sharp.jpg",
)
@click.version_option(__version__, prog_name="fastconv", message="%(prog)s %(version)s")
def cli() -> None:
    """Filter pictures: exact and fast 2-D convolution on the CPU."""


@cli.command("apply", epilog="Example: fastconv apply photos -k '0 -1 0; -1 5 -1; 0 -1 0' -o sharp")
@click.argument("words", metavar="IN...", nargs=-1, required=True)
@click.option(
    "-k",
    "--kernel",
    callback=_kernel_option,
    required=True,
    metavar="KERNEL",
    help="A name (sharpening, gaussian:2.5, box:size=3x5; see fastconv kernels), a file of numbers "
    "(.txt, .csv, .npy), or numbers with ; between rows, as in the example.",
)
@click.option(
    "-o",
    "--output",
    "out",
    required=True,
    metavar="OUT",
    help="A file if IN is a single file, else a folder, which is made. Names are kept.",
)
@click.option("--format", "suffix", callback=_suffix, metavar="SUFFIX",
              help="Format of the results in a folder, as png; by default that of IN.")  # fmt: skip
@click.option("--border", default="reflect", show_default=True, metavar="NAME",
              help="What stands outside: reflect, mirror, nearest, wrap or constant.")  # fmt: skip
@click.option("--cval", type=float, default=0.0, show_default=True, metavar="NUMBER",
              help="The value outside with --border constant.")  # fmt: skip
@click.option(
    "--mode",
    type=click.Choice(MODES),
    metavar="MODE",
    help="Mode of the results, as L, RGB or I;16; by default that of IN (F gives L).",
)
@click.option("--premultiply", is_flag=True, help="Transparent pixels lend no colour.")
@click.option("--threads", type=int, metavar="N", help="The most threads to use.")
@click.option("--recursive", is_flag=True, help="Folders within folders too.")
@click.option("--any-size", is_flag=True, help="Trust files of more than 89 megapixels too.")
@_FORCE
def apply_command(
    words: tuple[str, ...],
    kernel: tuple[str, Kernel],
    out: str,
    suffix: str | None,
    recursive: bool,
    any_size: bool,
    force: bool,
    **options: Any,
) -> None:
    """Filter files.

    IN are files, patterns ('photos/*.jpg', also in quotes) and folders (of which the pictures are
    taken, with --recursive those of their folders too, and the folders are kept).

    Results keep EXIF data, profile and resolution where their format can hold them; pixels are
    never turned. Of animations and files of several pages, the first frame is filtered. A file
    that fails is reported, the rest goes on, and the exit code is 1.
    """
    try:
        plan(kernel[1], **{word: options[word] for word in ("border", "cval", "threads")})
    except (ValueError, TypeError) as error:
        raise click.UsageError(f"--{error}") from None  # it begins with the argument
    problems: Problems = []
    jobs = _jobs(words, recursive, out, suffix, problems)
    run = Run(Filter(kernel[1], options), force, Console(stderr=True))
    for name, reason in problems:
        run.fail(name, reason)
    sizes = [_size_of(source) for source in jobs]
    with _guarded(any_size), _progress(sizes, run.console) as progress:
        task = progress.add_task("filtering", total=sum(sizes))
        for (source, target), size in zip(jobs.items(), sizes, strict=True):
            run(source, target)
            progress.advance(task, size)
    if len(jobs) + len(problems) > 1:
        files = f"{len(jobs) + len(problems)} files, {run.failed} failed"
        click.echo(f"{files}, {run.pixels / 1e6:.1f} megapixels filtered")
    if run.failed:
        raise click.exceptions.Exit(1)


@cli.command(epilog="Example: fastconv gallery photo.jpg -o gallery")
@click.argument("picture", metavar="[IN]", required=False)
@click.option("-o", "--output", "out", default="gallery", show_default=True, metavar="DIR",
              help="The folder for the pictures, which is made.")  # fmt: skip
@_FORCE
def gallery(picture: str | None, out: str, force: bool) -> None:
    """Write five filtered pictures and a contact sheet.

    The kernels are identity, box_blur, gaussian_blur, sharpening and edge_detection; each picture
    is called as its kernel, as PNG. contact_sheet.png shows them side by side, with a detail at
    200 %. Without IN a test picture is drawn. Colours are kept, transparency is laid on white, and
    a photograph is turned upright as its EXIF data says.
    """
    try:
        targets = [Path(out, f"{name}.png") for name in (*FIVE, "contact_sheet")]
        for target in targets:
            _refuse_existing(target, force)
        if picture is None:
            original = _test_picture()
        else:
            with _guarded(), Image.open(picture) as image:
                original = _gallery_picture(image)
                if _colours(original.mode) != _colours(image.mode):
                    original.info.pop("icc_profile", None)
        filtered = {name: Filter(getattr(kernels, name), {})(original) for name in FIVE}
        sheet = _contact_sheet({"original": original, **filtered})
        for target, result in zip(targets, (*filtered.values(), sheet), strict=True):
            _write(result, target, force, **_save_options(result, result.info, "PNG"))
    except Exception as error:  # broken files make Pillow raise errors of any kind
        raise click.ClickException(f"{picture or out}: {_reason(error)}") from error
    click.echo(f"{len(targets)} pictures in {out}")


@cli.command("kernels", epilog="Example: fastconv kernels gaussian:0.5 > kernel.txt")
@click.argument("kernel", metavar="[NAME]", callback=_kernel_option, required=False)
def kernels_command(kernel: tuple[str, Kernel] | None) -> None:
    """List the named kernels, or print one.

    NAME may have arguments, as gaussian:2.5, box:3x5 or motion_blur:length=9,angle=45. What is
    printed can be given to apply -k again, as a file or as it is.
    """
    if kernel is None:
        _list_kernels()
        return
    title, weights = kernel
    click.echo(f"# {title}")
    click.echo(f"# {weights.shape[0]} x {weights.shape[1]}, sum {_sum(weights)}")
    texts = [[_exactly(weight) for weight in row] for row in weights]
    width = max(len(text) for row in texts for text in row)
    for row in texts:
        click.echo(" ".join(text.rjust(width) for text in row))


def _sum(kernel: Kernel) -> str:
    return f"{round(float(kernel.sum()), 4) + 0.0:.4g}"


def _list_kernels() -> None:
    table = Table(box=SIMPLE_HEAD, padding=0, pad_edge=False)
    table.add_column("name", no_wrap=True)
    table.add_column("size", justify="right", no_wrap=True)
    table.add_column("sum", justify="right", no_wrap=True)
    table.add_column("numbers (of large ones in the middle)")
    for name, kernel in kernels.named().items():
        size = f"{kernel.shape[0]}x{kernel.shape[1]}"
        table.add_row(name, size, _sum(kernel), _in_numbers(kernel))
    console = Console(highlight=False)
    console.print(table)
    console.print(
        "fastconv kernels NAME prints one in full. From box on, they take arguments,\n"
        "as gaussian:2.5 or gaussian:sigma=2.5"
    )


@cli.command(epilog="Example: fastconv info")
def info() -> None:
    """Show version, CPU level and threads."""
    show_config()
