# SPDX-License-Identifier: BSD-3-Clause
"""A photograph of any size and type, from scikit-image's wheel.

Noise or zeros would favour or hurt a library whose time depends on values; people filter
photographs. A larger picture is the photograph mirrored at its edges again and again; a smaller one
is its middle.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from grid import Array, Pixel, Size
from PIL import Image


@lru_cache(maxsize=1)
def original() -> Array:
    """Return the photograph as uint8 RGB."""
    spec = find_spec("skimage")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("the benchmarks take their photograph from scikit-image")
    with Image.open(Path(spec.origin).parent / "data" / "astronaut.png") as picture:
        return np.asarray(picture.convert("RGB"))


@lru_cache(maxsize=2)
def photograph(pixel: Pixel, size: Size) -> Array:
    """Return the photograph as a contiguous, read-only array; floats hold 0 to 255."""
    if pixel.channels == 3:
        values = original().astype(np.float64)
    else:
        # The weights of Pillow's "L", not rounded: 16 bits and floats get more than 256 levels.
        values = original() @ np.array([0.299, 0.587, 0.114])
    if pixel.dtype == np.uint16:
        values *= 257.0
    if pixel.dtype.kind == "u":
        values = np.rint(values)
    image = np.ascontiguousarray(_resized(values.astype(pixel.dtype), size))
    image.flags.writeable = False
    return image


def _resized(image: Array, size: Size) -> Array:
    for axis, length in enumerate(size):
        extra = length - image.shape[axis]
        if extra > 0:
            index = np.pad(np.arange(image.shape[axis]), (0, extra), mode="symmetric")
        else:
            index = np.arange(length) - extra // 2
        image = image.take(index, axis)
    return image
