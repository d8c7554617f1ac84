# SPDX-License-Identifier: BSD-3-Clause
"""Samples that are missing from a file, as it says itself: a number that stands in their place.

TIFF            GDAL's tag 42113, a number in words
zarr, HDF5      the attribute _FillValue or missing_value, as netCDF and xarray write it; of zarr the fill
                value too, unless it is 0, which zarr takes where none is given

A number that no sample can be, such as -9999 for uint8, says nothing.
"""

from __future__ import annotations

import base64
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._mask import is_held
from .._options import as_number

__all__ = ["GDAL_NODATA", "Nodata", "as_nodata", "is_nodata", "nodata_in", "nodata_of", "words_of"]

# Code of the TIFF tag.
GDAL_NODATA = 42113

Nodata = int | float | complex


def nodata_in(words: str) -> int | float:
    """The number that words mean, an integer if it is one.

    Raises
    ------
    ValueError
        They are not a number.

    Examples
    --------
    >>> nodata_in("-9999"), nodata_in(" -3.4e38 "), nodata_in("nan")
    (-9999, -3.4e+38, nan)
    """
    text = words.strip("\0 ")
    try:
        return int(text)
    except ValueError:
        return float(text)


def words_of(nodata: Nodata) -> str:
    """The number in words, as GDAL writes it."""
    return repr(nodata) if isinstance(nodata, int) else f"{nodata:.17g}"


def nodata_of(a: Any) -> Nodata | None:
    """What stands for missing samples in an array of a file; None if it does not say so."""
    attributes = getattr(a, "attrs", None) or {}
    said = getattr(a, "nodata", None)
    for name in ("_FillValue", "missing_value"):
        if said is None:
            said = _number(attributes.get(name))
    if said is None and type(a).__module__.partition(".")[0] == "zarr":
        said = _number(a.fill_value)
        said = None if said == 0 else said
    held = said is not None and _can_be(said, np.dtype(a.dtype))
    return said if held else None


def as_nodata(value: Any, dtype: np.dtype[Any]) -> Nodata:
    """A number that a caller gives, checked.

    Raises
    ------
    TypeError, ValueError
        It is none, or no sample of this type.
    """
    found = (
        None if isinstance(value, str) else _number(as_number(value) if value != value else value)
    )
    if found is None:
        raise TypeError(f'nodata must be a number, None or "auto"; got {value!r}')
    if not _can_be(found, dtype):
        raise ValueError(
            f"nodata must be a number that samples of type {dtype} can be; got {value!r}"
        )
    return found


def is_nodata(rows: NDArray[Any], nodata: Nodata) -> NDArray[np.bool_]:
    """Where samples are missing."""
    with np.errstate(all="ignore"):
        value = rows.dtype.type(nodata)
    found: NDArray[np.bool_] = np.isnan(rows) if nodata != nodata else rows == value
    return found


def _number(said: Any) -> Nodata | None:
    """An attribute as a number; None if it is none."""
    if isinstance(said, str):  # xarray's way to put a float into JSON
        try:
            return float(struct.unpack("<d", base64.b64decode(said, validate=True))[0])
        except (ValueError, struct.error):
            pass
        try:
            return nodata_in(said)
        except ValueError:
            return None
    a = np.asarray(said)
    return a.item() if a.size == 1 and a.dtype.kind in "biufc" else None


def _can_be(value: Nodata, dtype: np.dtype[Any]) -> bool:
    if dtype.kind in "biu":
        return is_held(value, dtype)
    return dtype.kind == "c" or not isinstance(value, complex)
