# SPDX-License-Identifier: BSD-3-Clause
"""The pixels of Pillow's images as arrays over Pillow's own memory: nothing is packed or copied.

Pillow stores a grey value as it is, and the bands of any other pixel in four bytes: LA as L, L, L,
A, and RGB with an unused byte. It shares that memory by Arrow's interface if all rows are
contiguous. Images of more than 16 MB are not contiguous; they are copied.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .._engine import arrow
from ..containers.pillow import _BANDS, GREY, _band_array, _flip_signs, _grey_array, _image

__all__ = ["FOUR_BYTES", "bytes_of", "filtered", "filtered_bytes"]

#: Modes whose pixels are four bytes.
FOUR_BYTES = frozenset(_BANDS)

# For each mode the type of a sample, and the samples of a pixel.
_LAYOUT: dict[str, tuple[np.dtype[Any], tuple[int, ...]]] = {
    **{mode: (np.dtype(name), ()) for mode, name in GREY.items()},
    **{mode: (np.dtype(np.uint8), (4,)) for mode in _BANDS},
}
# Makes a core of a mode and size.
_new: Callable[[str, tuple[int, int]], Any] = Image.core.new  # type: ignore[attr-defined]
# Before 11.2 Pillow shared nothing.
_SHARES = hasattr(_new("L", (1, 1)), "__arrow_c_array__")

#: Fills its second array from the first, of the same shape and type: (H, W), or (H, W, C) of bands.
Work = Callable[[NDArray[Any], NDArray[Any]], object]


def filtered(core: Any, work: Work) -> Any:
    """A new core of an image, whose pixels `work` computes from those of `core`."""
    mode, size = core.mode, core.size
    if mode not in _LAYOUT:
        raise ValueError(f"image must be of a mode that Pillow can filter; got {mode}")
    if not (size[0] and size[1]):
        return core.copy()
    dtype, bands = _LAYOUT[mode]
    shape = (size[1], size[0], *bands)
    try:
        a = _shared(core, shape, dtype)
        made = _new(mode, size)
        out = _shared(made, shape, dtype)
    except ValueError:
        return _by_copies(core, mode, size, work)
    work(a, out)
    return made


def filtered_bytes(core: Any, work: Callable[..., object], *words: Any) -> Any:
    """The same of a core of L or of FOUR_BYTES that is not empty. `work` is given buffers of shape (H, W, C),
    where C is the number of bytes of a pixel, or of its bands; and the words.
    """
    mode, size = core.mode, core.size
    width, height = size
    bands = 1 if mode == "L" else 4
    try:
        a = arrow.Pixels(core.__arrow_c_array__(), height, width, bands)
        made = _new(mode, size)
        out = arrow.Pixels(made.__arrow_c_array__(), height, width, bands)
    except (AttributeError, ValueError):  # Pillow does not share their memory
        shape = height, width, -1
        return _by_copies(
            core, mode, size, lambda a, out: work(a.reshape(shape), out.reshape(shape), *words)
        )
    work(a, out, *words)
    return made


def bytes_of(core: Any) -> bytes:
    """The bytes of a core of L or of FOUR_BYTES, those of unused bands too."""
    try:
        (width, height), bands = core.size, 1 if core.mode == "L" else 4
        return bytes(memoryview(arrow.Pixels(core.__arrow_c_array__(), height, width, bands)))
    except (AttributeError, ValueError):
        return Image.Image()._new(core).tobytes()


def _shared(core: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """An array over a core's memory. Raises ValueError if Pillow does not share it."""
    if not _SHARES:
        raise ValueError("this Pillow shares no memory")
    return arrow.array_of(core.__arrow_c_array__(), shape, dtype)


def _by_copies(core: Any, mode: str, size: tuple[int, int], work: Work) -> Any:
    image = Image.Image()._new(core)
    a = _grey_array(image) if mode in GREY else _band_array(image)
    out = np.empty(a.shape, a.dtype)
    work(a, out)
    if mode == "LAB":
        _flip_signs(out)
    return _image(out, mode, size).im
