# SPDX-License-Identifier: BSD-3-Clause
"""Groups of zarr arrays, such as the pyramids of OME-Zarr: array by array, and all else is copied.

    in.zarr/zarr.json          copied          out.zarr/zarr.json
            0/                 filtered                 0/
            1/                 filtered                 1/
            labels/cells/0/    copied                   labels/cells/0/
            OME/METADATA.xml   copied                   OME/METADATA.xml

A pyramid is not built anew from its filtered first level, since no file says how its levels were
made. Labels, words, and what has fewer than two axes, such as coordinates, are no pictures.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from pathlib import Path

from .checkpoint import Mark
from .zarrs import arrays_in, has_numbers, ome_attributes, renew_consolidated, shape_of

__all__ = ["filter_group"]

# Filters one array of a group into another, or goes on with it. Returns the number of pixels.
One = Callable[[Path, Path, Callable[[int, int], object]], int]


def filter_group(
    source: Path,
    part: Path,
    one: One,
    mark: Mark,
    *,
    fingerprint: str,
    resume: bool,
    progress: Callable[[int, int], object] | None,
    note: Callable[[str], object],
) -> int:
    """Filter the pictures of a group, and copy all else of it.

    Parameters
    ----------
    source, part : path
        The folder of the group, and the folder to write.
    one : callable
        ``one(source, target, progress)`` filters an array, if that is not done yet.
    mark : Mark
        Tells how many arrays are done, until all are.
    fingerprint : str
        What must be equal for a run to be resumed.
    resume : bool
        Whether to go on with `part`.
    progress : callable or None
        Called with the number of pixels done and of all pixels.
    note : callable
        Called with messages for the user.

    Returns
    -------
    int
        Number of filtered pixels.
    """
    pictures, others = _sorted_out(source)
    if not pictures:
        raise ValueError(
            f"{source.name} must have an array of numbers, no labels, of two axes or more; got "
            f"{', '.join(array.relative_to(source).as_posix() for array in others[:5])}"
        )
    begun = mark.read() if resume else None
    if begun is not None and begun[0] != fingerprint:
        raise ValueError(
            "target was begun with another kernel, option, shape or type; it cannot be resumed"
        )
    for words in _notes(source, pictures, others):
        note(words)
    part.parent.mkdir(parents=True, exist_ok=True)
    mark.write(fingerprint, 0)
    _copy(source, part, {*pictures})
    sizes = [math.prod(shape_of(array)) for array in pictures]
    total, pixels = sum(sizes), 0
    for number, array in enumerate(pictures):
        before, size = sum(sizes[:number]), sizes[number]

        def told(done: int, rows: int, before: int = before, size: int = size) -> None:
            if progress is not None:
                progress(before + size * done // max(rows, 1), total)

        pixels += one(array, part / array.relative_to(source), told)
        mark.write(fingerprint, number + 1)
    renew_consolidated(part)
    mark.remove()
    return pixels


def _sorted_out(source: Path) -> tuple[list[Path], list[Path]]:
    """The arrays of a group that are pictures, and the others."""
    pictures: list[Path] = []
    others: list[Path] = []
    for array in arrays_in(source):
        is_picture = (
            len(shape_of(array)) >= 2 and has_numbers(array) and not _is_label(array, source)
        )
        (pictures if is_picture else others).append(array)
    return pictures, others


def _is_label(array: Path, source: Path) -> bool:
    """Whether a group around an array says that its numbers are names of objects, as OME-Zarr does."""
    return any(
        "image-label" in ome_attributes(folder)
        for folder in array.parents
        if folder == source or source in folder.parents
    )


def _notes(source: Path, pictures: list[Path], others: list[Path]) -> list[str]:
    found = []
    if any(
        "multiscales" in ome_attributes(folder) for folder in {array.parent for array in pictures}
    ):
        found.append("each level of a pyramid is filtered in pixels of its own")
    if others:
        names = [array.relative_to(source).as_posix() for array in others]
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        words = "is" if len(names) == 1 else "are"
        found.append(f"{', '.join(names[:5])}{more} {words} copied, not filtered")
    return found


def _copy(folder: Path, target: Path, without: set[Path]) -> None:
    """Copy a folder without some of the folders in it."""
    target.mkdir(parents=True, exist_ok=True)
    for entry in sorted(folder.iterdir()):
        if entry.is_dir() and entry not in without:
            _copy(entry, target / entry.name, without)
        elif entry.is_file():
            shutil.copy2(entry, target / entry.name)
