# SPDX-License-Identifier: BSD-3-Clause
"""Folders of zarr arrays: find the arrays, and create an array with the metadata of another.

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

__all__ = ["arrays_in", "kind_of", "like_zarr"]

_V2, _V3 = ".zarray", "zarr.json"


def kind_of(path: Path) -> str:
    """The suffix that tells the format of a path. An array within a .zarr folder counts as .zarr,
    too.
    """
    suffix = path.suffix.lower()
    within = any(parent.suffix.lower() == ".zarr" for parent in path.parents)
    return ".zarr" if within and suffix != ".zarr" and _is_array(path) else suffix


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
