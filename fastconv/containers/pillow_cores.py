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

__all__ = ["FOUR_BYTES", "filtered"]

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
