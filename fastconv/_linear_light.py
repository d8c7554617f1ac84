# SPDX-License-Identifier: BSD-3-Clause
"""Linear light: conversion between samples of sRGB and the light they stand for.

The samples of pictures are a code of light, in which a mean of black and white is too dark. sRGB
(IEC 61966-2-1) defines, for samples v and light l from 0 to 1,

    l = v / 12.92                        if v <= 0.04045, else ((v + 0.055) / 1.055) ** 2.4
    v = 12.92 * l                        if l <= 0.0031308, else 1.055 * l ** (1 / 2.4) - 0.055

where white is 1: a sample of 255 in bytes, of 65535 in 16 bits, of 1.0 in floats. Beyond 0 and 1
both formulas continue, mirrored below 0, as in CSS Color 4. Here light is scaled to the range of
the samples, so that white keeps its value, and all light is float64. Opacity is not light and stays
as it is.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._arguments import array_of, quiet
from ._pixels import Floats

__all__ = ["Decoded", "Encoded", "decoded", "encoded", "saturated", "white_of"]

# Samples of large pictures that are encoded at a time.
_NEAR = 1 << 15


def white_of(dtype: np.dtype[Any]) -> float:
    """The sample that stands for white."""
    if dtype.kind == "f":
        return 1.0
    if dtype.kind == "u" and dtype.itemsize <= 2:
        return float(np.iinfo(dtype).max)
    raise TypeError(f"image must be of type uint8, uint16 or float for linear=True; got {dtype}")


@quiet
def decoded(samples: Any, white: float) -> Floats:
    """Light of samples.

    Examples
    --------
    >>> decoded(np.array([0, 128, 255], np.uint8), 255).round(2).tolist()
    [0.0, 55.04, 255.0]
    """
    a = np.asarray(samples)
    if a.dtype.kind == "u" and a.dtype.itemsize <= 2:
        return _table(int(np.iinfo(a.dtype).max), white).take(a)
    return _decoded(a.astype(np.float64), white)


@lru_cache(maxsize=4)
def _table(last: int, white: float) -> Floats:
    """Light of all samples of a type."""
    return _decoded(np.arange(last + 1.0), white)


def _decoded(a: Floats, white: float) -> Floats:
    v = np.abs(a) / white
    light = np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)
    return np.asarray(np.copysign(light * white, a))


@quiet
def encoded(light: Floats, dtype: np.dtype[Any], white: float) -> NDArray[Any]:
    """Samples of light. Integers are rounded half to even and saturated; NaN becomes 0.

    Examples
    --------
    >>> encoded(np.array([0, 127.5, 300]), np.dtype(np.uint8), 255).tolist()
    [0, 188, 255]
    """
    result = np.empty(light.shape, dtype)
    flat, to = np.ascontiguousarray(light).reshape(-1), result.reshape(-1)
    for i in range(0, flat.size, _NEAR):
        to[i : i + _NEAR] = _encoded(flat[i : i + _NEAR], dtype, white)
    return result


def _encoded(light: Floats, dtype: np.dtype[Any], white: float) -> NDArray[Any]:
    part = np.abs(light) / white
    v = 1.055 * part ** (1 / 2.4) - 0.055
    np.copyto(v, 12.92 * part, where=part <= 0.0031308)
    return saturated(np.copysign(v * white, light), dtype)


def saturated(a: Floats, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Floats in a type of at most 32 bits. Integers are rounded half to even and saturated; NaN
    becomes 0.
    """
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        a = np.nan_to_num(np.rint(a), nan=0.0).clip(limits.min, limits.max)
    return a.astype(dtype)


# --- for fastconv.stream -------------------------------------------------------------------------


class Decoded:
    """A source whose slices are decoded when they are read. With opacity, the last channel is left
    as it is.
    """

    def __init__(self, source: Any, opacity: bool = False) -> None:
        self._source, self._opacity = source, opacity
        self.white = white_of(np.dtype(source.dtype))
        self.shape, self.dtype = tuple(source.shape), np.dtype(np.float64)
        self.chunks, self.shards = (getattr(source, name, None) for name in ("chunks", "shards"))

    def __getitem__(self, index: Any) -> Floats:
        """Light of a slice."""
        samples = array_of(self._source[index], "source")
        light = decoded(samples, self.white)
        if self._opacity:
            light[..., -1] = samples[..., -1]
        return light


class Encoded:
    """A target whose slices are encoded when they are written. With opacity, the last channel is
    only rounded.
    """

    def __init__(self, target: Any, white: float, opacity: bool = False) -> None:
        self._target, self._white, self._opacity = target, white, opacity
        self.shape, self.dtype = tuple(target.shape), np.dtype(np.float64)
        self.chunks, self.shards = (getattr(target, name, None) for name in ("chunks", "shards"))

    def __setitem__(self, index: Any, light: Floats) -> None:
        """Write a slice as samples."""
        dtype = np.dtype(self._target.dtype)
        samples = encoded(light, dtype.newbyteorder("="), self._white)
        if self._opacity:
            samples[..., -1] = saturated(light[..., -1], samples.dtype)
        self._target[index] = samples
