# SPDX-License-Identifier: BSD-3-Clause
"""Marks: a record beside an incomplete target that tells how many of its rows are done.

A mark is written before the first band and after each band, and removed after the last one. It is
kept in the attributes of a zarr array or an HDF5 dataset, or in a file beside a mapped one.
"""

from __future__ import annotations

import json
import os
from collections.abc import MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

__all__ = ["Mark", "mark_of"]

SUFFIX = ".unfinished"
ATTRIBUTE = "fastconv_unfinished"


class Mark(Protocol):
    """The place of a record: the fingerprint of a run that has begun, and the number of rows it has
    done.
    """

    def read(self) -> tuple[str, int] | None:
        """Return fingerprint and rows; None if no run has begun."""

    def write(self, fingerprint: str, done: int) -> None:
        """Write the record in place of the last one."""

    def remove(self) -> None:
        """Remove the record, since the target is complete."""


@dataclass(frozen=True)
class FileMark:
    """A mark in a separate file, which is always replaced as a whole."""

    path: Path

    def read(self) -> tuple[str, int] | None:
        """See `Mark`."""
        try:
            text = self.path.read_text("utf-8")
        except FileNotFoundError:
            return None
        return _parsed(text, str(self.path))

    def write(self, fingerprint: str, done: int) -> None:
        """See `Mark`."""
        new = self.path.with_name(self.path.name + ".new")
        new.write_text(_text(fingerprint, done), "utf-8")
        os.replace(new, self.path)

    def remove(self) -> None:
        """See `Mark`."""
        self.path.unlink(missing_ok=True)


@dataclass(frozen=True)
class AttributeMark:
    """A mark in an attribute of the target."""

    attributes: MutableMapping[str, Any]
    flush: Any

    def read(self) -> tuple[str, int] | None:
        """See `Mark`."""
        if ATTRIBUTE not in self.attributes:
            return None
        return _parsed(self.attributes[ATTRIBUTE], f"attribute {ATTRIBUTE}")

    def write(self, fingerprint: str, done: int) -> None:
        """See `Mark`."""
        self.attributes[ATTRIBUTE] = _text(fingerprint, done)
        self.flush()

    def remove(self) -> None:
        """See `Mark`."""
        del self.attributes[ATTRIBUTE]
        self.flush()


def mark_of(target: Any, path: str | os.PathLike[str] | None) -> Mark | None:
    """The mark of a target: at `path` if given, otherwise at the target's own place; None if it has
    none.
    """
    if path is not None:
        return FileMark(Path(path))
    attributes = getattr(target, "attrs", None)
    if isinstance(attributes, MutableMapping):
        file = getattr(target, "file", None)  # HDF5 buffers writes until its file is flushed
        return AttributeMark(attributes, getattr(file, "flush", lambda: None))
    if isinstance(target, np.memmap) and target.filename:
        return FileMark(Path(str(target.filename) + SUFFIX))
    return None


def _text(fingerprint: str, done: int) -> str:
    return json.dumps({"run": fingerprint, "rows_done": done})


def _parsed(text: Any, where: str) -> tuple[str, int]:
    try:
        content = json.loads(text)
        return str(content["run"]), int(content["rows_done"])
    except (ValueError, TypeError, KeyError):
        raise ValueError(f"{where} must be a mark of fastconv.stream; got {text!r}") from None
