# SPDX-License-Identifier: BSD-3-Clause
"""The target of each source file, decided before anything is written. Two sources of one target are
an error.
"""

from __future__ import annotations

import glob
import os
from collections import Counter
from pathlib import Path

import click
from PIL import Image

from ..io.pictures import ARRAYS, HINTS, format_of, know_formats, reason_of
from ..io.zarrs import kind_of

__all__ = ["Problems", "Targets", "size_of", "suffix_option", "targets_of"]

Targets = dict[Path, Path]  # source -> target
Problems = list[tuple[str, str]]  # names of words or folders that give no file, with reasons


def suffix_option(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Return the suffix of a format with its dot. Raises BadParameter if it cannot be written."""
    if value is None:
        return None
    suffix = "." + value.lower().removeprefix(".")
    try:
        format_of(Path("x" + suffix))
    except ValueError:
        raise click.BadParameter(
            f"must be a suffix of a format that can be written, as png, jpg or tif; got {value!r}"
        ) from None
    return suffix


def _is_picture(name: str) -> bool:
    """Whether the name of a file in a folder is that of a picture."""
    know_formats()
    # Pillow only recognizes these four; it cannot read them without another program.
    formats = Image.OPEN.keys() - {"BUFR", "GRIB", "HDF5", "MPEG"}
    suffix = os.path.splitext(name)[1].lower()
    known = suffix in ARRAYS or Image.registered_extensions().get(suffix) in formats
    return known and not name.startswith(".")


def _is_folder(path: Path) -> bool:
    """Whether this is a folder of files. The folder of a zarr array counts as a file."""
    return path.is_dir() and kind_of(path) not in ARRAYS


def _kind_left_out(path: Path) -> str:
    """Name the kind of a file that is left out."""
    suffix = path.suffix.lower()
    return f"{suffix} ({HINTS[suffix]})" if suffix in HINTS else suffix or "without a suffix"


def _pictures_in(
    folder: Path, recursive: bool, out: Path, problems: Problems, left: Counter[str]
) -> list[Path]:
    """List the pictures in a folder, without those in the folder of results."""

    def report(error: OSError) -> None:
        problems.append((str(error.filename), reason_of(error)))

    found: list[Path] = []
    for parent, folders, names in os.walk(folder, onerror=report):
        arrays = [name for name in folders if not _is_folder(Path(parent, name))]
        found += [Path(parent, name) for name in sorted(names + arrays) if _is_picture(name)]
        left.update(
            _kind_left_out(Path(name))
            for name in names
            if not (_is_picture(name) or name.startswith("."))
        )
        left["linked folders"] += sum(
            recursive and Path(parent, name).is_symlink() and name not in arrays for name in folders
        )
        folders[:] = sorted(
            name
            for name in folders
            if recursive
            and name[0] != "."
            and name not in arrays
            and Path(parent, name).resolve() != out.resolve()
        )
    left += Counter()  # drops counts of zero
    if not found:
        problems.append((str(folder), "no pictures in this folder"))
    return found


def _inputs(
    words: tuple[str, ...], recursive: bool, out: Path, problems: Problems, left: Counter[str]
) -> list[tuple[Path, Path]]:
    """List the files that the words name, each with the path of its result within the folder of
    results.
    """
    found: list[tuple[Path, Path]] = []
    for word in words:
        path = Path(word)
        if _is_folder(path):
            inside = _pictures_in(path, recursive, out, problems, left)
            found += [(file, file.relative_to(path)) for file in inside]
        elif glob.has_magic(word) and not path.exists():
            files = [Path(match) for match in sorted(glob.glob(word, recursive=True))]
            found += [(file, Path(file.name)) for file in files if not _is_folder(file)]
            if not files:
                problems.append((word, "no file matches"))
        else:
            found.append((path, Path(path.name)))
    return found


def _is_one_file(words: tuple[str, ...]) -> bool:
    if len(words) > 1 or _is_folder(Path(words[0])):
        return False
    return os.path.exists(words[0]) or not glob.has_magic(words[0])


def targets_of(
    words: tuple[str, ...],
    recursive: bool,
    out: str,
    suffix: str | None,
    problems: Problems,
    left: Counter[str],
) -> Targets:
    """Decide the target of each source file, before anything is written."""
    target = Path(out)
    if _is_one_file(words) and not _is_folder(target) and not out.endswith(("/", os.sep)):
        try:
            format_of(target)
        except ValueError as error:
            raise click.BadParameter(f"{error} (a folder ends in /)", param_hint="'-o'") from None
        if suffix and format_of(target) != format_of(Path("x" + suffix)):
            raise click.BadParameter(
                f"{target} must end in {suffix}, as --format asks", param_hint="'-o'"
            )
        return {Path(words[0]): target}
    if target.exists() and not _is_folder(target):
        raise click.BadParameter(
            f"{out} must be a folder for more than one picture; it is a file", param_hint="'-o'"
        )
    targets: Targets = {}
    origins: dict[str, Path] = {}
    for source, name in _inputs(words, recursive, target, problems, left):
        result = target / (name.with_suffix(suffix) if suffix else name)
        origin = origins.setdefault(os.path.normcase(result), source)
        if origin.resolve() != source.resolve():
            raise click.UsageError(f"{origin} and {source} would both become {result}")
        targets[origin] = result
    return targets


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files of a zarr array; 0 if it does not exist."""
    try:
        files = path.rglob("*") if path.is_dir() else [path]
        return sum(file.stat().st_size for file in files)
    except OSError:
        return 0
