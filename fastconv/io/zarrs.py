# SPDX-License-Identifier: BSD-3-Clause
"""Folders of zarr arrays: find the arrays, read what is said of them, and create an array with the
metadata of another.

The metadata are one JSON file (two in version 2 of the format). It is copied instead of passed to a
library, since each version of the library knows other parts of it: codecs, shards, fill value,
names of axes, attributes.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from .._mask import is_held

__all__ = [
    "arrays_in",
    "channels_said",
    "has_numbers",
    "kind_of",
    "like_zarr",
    "ome_attributes",
    "renew_consolidated",
    "shape_of",
]

_V2, _V3 = ".zarray", "zarr.json"
_GROUP_2, _CONSOLIDATED_2 = ".zgroup", ".zmetadata"


def kind_of(path: Path) -> str:
    """The suffix that tells the format of a path. An array or group within a .zarr folder counts as
    .zarr, too.
    """
    suffix = path.suffix.lower()
    within = any(parent.suffix.lower() == ".zarr" for parent in path.parents)
    said = any((path / name).is_file() for name in (_V2, _V3, _GROUP_2))
    return ".zarr" if within and suffix != ".zarr" and said else suffix


def arrays_in(path: Path) -> list[Path]:
    """The folder itself if it is an array, otherwise all arrays within it at any depth."""
    if _is_array(path):
        return [path]
    found = {file.parent for name in (_V2, _V3) for file in path.rglob(name)}
    return sorted(folder for folder in found if _is_array(folder))


def _is_array(path: Path) -> bool:
    return (path / _V2).is_file() or _read(path / _V3).get("node_type") == "array"


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _said_of(array: Path) -> dict[str, Any]:
    return _read(array / (_V2 if (array / _V2).is_file() else _V3))


def shape_of(array: Path) -> tuple[int, ...]:
    """The shape of an array."""
    return tuple(int(length) for length in _said_of(array).get("shape", ()))


def has_numbers(array: Path) -> bool:
    """Whether the samples of an array are numbers."""
    said = _said_of(array)
    try:
        return np.dtype(said.get("dtype", said.get("data_type"))).kind in "biufc"
    except TypeError:
        return False


def ome_attributes(folder: Path) -> dict[str, Any]:
    """Attributes of a group or array. Those of OME-Zarr have a level of their own from version 0.5 on."""
    said = _read(folder / ".zattrs") or _read(folder / _V3).get("attributes")
    if not isinstance(said, dict):
        return {}
    inner = said.get("ome")
    return inner if isinstance(inner, dict) else said


def channels_said(array: Path) -> bool | None:
    """Whether the last axis holds channels, as names of axes say; None if there are no such names.

    OME-Zarr has axes t, c, z, y, x, and no other order of the last two.
    """
    names = _said_of(array).get("dimension_names") or ome_attributes(array).get("_ARRAY_DIMENSIONS")
    if isinstance(names, list) and names and names[-1] in ("x", "X"):
        return False
    return False if "multiscales" in ome_attributes(array.parent) else None


def renew_consolidated(folder: Path) -> None:
    """Say in the groups' copies of metadata what the arrays in a folder say now."""
    for path in (*folder.rglob(_CONSOLIDATED_2), *folder.rglob(_V3)):
        said = _read(path)
        copies = said if path.name == _CONSOLIDATED_2 else said.get("consolidated_metadata")
        copies = copies.get("metadata") if isinstance(copies, dict) else None
        if not isinstance(copies, dict):
            continue
        old = dict(copies)
        for name in copies:
            file = path.parent / name
            now = _read(file if path.name == _CONSOLIDATED_2 else file / _V3)
            if now.get("node_type", "array") == "array" and "shape" in now:
                copies[name] = now
        if copies != old:
            path.write_text(json.dumps(said, indent=2), "utf-8")


def like_zarr(source: Path, target: Path, dtype: np.dtype[Any]) -> bool:
    """Make an empty array with another's metadata but this type. False if the other is not a zarr
    array.
    """
    for name, of_type in ((_V2, _of_type_2), (_V3, _of_type_3)):
        if (source / name).is_file() and _is_array(source):
            said = of_type(_read(source / name), dtype)
            break
    else:
        return False
    target.mkdir(parents=True)
    (target / name).write_text(json.dumps(said, indent=2), "utf-8")
    attributes = source / ".zattrs"
    if name == _V2 and attributes.is_file():
        (target / ".zattrs").write_bytes(attributes.read_bytes())
    return True


def _of_type_2(said: dict[str, Any], dtype: np.dtype[Any]) -> dict[str, Any]:
    if np.dtype(said["dtype"]) == dtype:
        return said
    # a filter codes values of one type
    return said | {
        "dtype": dtype.str,
        "fill_value": _fill(said.get("fill_value"), dtype),
        "filters": None,
    }


def _of_type_3(said: dict[str, Any], dtype: np.dtype[Any]) -> dict[str, Any]:
    if said["data_type"] == dtype.name:
        return said
    return said | {
        "data_type": dtype.name,
        "fill_value": _fill(said.get("fill_value"), dtype),
        "codecs": [_of_any_type(codec) for codec in said["codecs"]],
    }


def _of_any_type(codec: dict[str, Any]) -> dict[str, Any]:
    """A codec that works for samples of any size, not only of one byte."""
    options = dict(codec.get("configuration", {}))
    if codec.get("name") == "bytes":
        options.setdefault("endian", "little")
    if "codecs" in options:  # the codec is a shard
        options["codecs"] = [_of_any_type(inner) for inner in options["codecs"]]
    return {**codec, "configuration": options} if options else codec


def _fill(value: Any, dtype: np.dtype[Any]) -> Any:
    """The fill value, or 0 if the type cannot hold it. A result stores all of its pixels, so it is
    only seen as what stands for missing ones.
    """
    if value in ("NaN", "Infinity", "-Infinity"):
        return value if dtype.kind == "f" else 0
    if not isinstance(value, (int, float)) or not math.isfinite(value):
        return 0
    if dtype.kind == "f":
        return float(value)
    return int(value) if is_held(value, dtype) else 0
