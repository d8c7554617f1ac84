# SPDX-License-Identifier: BSD-3-Clause
"""Borders: their names, and the table of source pixels.

A border defines the source pixel of each position of the padded picture. Here that is an index
table, for the reference and for `stream`; -1 means the constant. The engine computes the same index
(src/rows/borders.pxi), but only for rows and margins: no loop over taps knows a border.

    reflect    d c b a | a b c d | d c b a     the edge pixel is repeated; period 2n
    mirror     d c b   | a b c d |   c b a     the edge pixel is not repeated; period 2n - 2
    nearest    a a a a | a b c d | d d d d
    wrap       a b c d | a b c d | a b c d     period n
    constant   k k k k | a b c d | k k k k
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

BORDERS = ("reflect", "mirror", "nearest", "wrap", "constant")

# Names in numpy.pad, OpenCV, scipy.signal, scipy.ndimage's grid modes, torch and astropy. "reflect"
# has SciPy's meaning; in numpy.pad, OpenCV's docs and torch it is what is called "mirror" here.
ALIASES = {
    "symmetric": "reflect",
    "symm": "reflect",
    "grid-mirror": "reflect",
    "reflect_101": "mirror",
    "reflect101": "mirror",
    "edge": "nearest",
    "replicate": "nearest",
    "extend": "nearest",
    "circular": "wrap",
    "grid-wrap": "wrap",
    "grid-constant": "constant",
    "fill": "constant",
    "pad": "constant",
}


def canonical(border: str) -> str:
    """Return the name of `border` that this library uses.

    Raises
    ------
    ValueError
        `border` is not a known name.
    """
    name = border.lower().removeprefix("border_") if isinstance(border, str) else border
    if name in BORDERS:
        return str(name)
    if isinstance(name, str) and name in ALIASES:
        return ALIASES[name]
    raise ValueError(
        f"border must be one of {', '.join(BORDERS)} (or an alias: {', '.join(ALIASES)}); "
        f"got {border!r}"
    )


def index_table(length: int, start: int, count: int, border: str) -> NDArray[np.intp]:
    """Source index of the positions `start` .. `start + count - 1` of an axis of `length` pixels.

    Parameters
    ----------
    length : int
        Pixels of the axis, at least 1.
    start : int
        First position; negative before the first pixel.
    count : int
        Number of positions.
    border : str
        One of `BORDERS`.

    Returns
    -------
    ndarray of intp, shape (count,)
        Indices in ``0 .. length - 1``, and -1 for the constant.
    """
    i = np.arange(start, start + count, dtype=np.intp)
    if border == "nearest":
        return i.clip(0, length - 1)
    if border == "wrap":
        return i % length
    if border == "constant":
        return np.where((i >= 0) & (i < length), i, -1)
    if border == "reflect":
        i %= 2 * length
        return np.minimum(i, 2 * length - 1 - i)
    if length == 1:  # the period would be 0; SciPy and OpenCV repeat the only pixel
        return np.zeros_like(i)
    i %= 2 * length - 2
    return np.minimum(i, 2 * length - 2 - i)


def extended(
    a: NDArray[Any], axis: int, start: int, count: int, border: str, constant: Any
) -> NDArray[Any]:
    """Pad an array in NumPy: the positions `start` .. `start + count - 1` of an axis."""
    table = index_table(a.shape[axis], start, count, border)
    found = a.take(table, axis)
    if border == "constant":
        outside: list[Any] = [slice(None)] * a.ndim
        outside[axis] = table < 0
        found[tuple(outside)] = constant
    return found


def placement(length: int, size: int, origin: int, flipped: bool, shape: str) -> tuple[int, int]:
    """Position of the first window along an axis, and the number of windows.

    Parameters
    ----------
    length, size : int
        Pixels of the axis, taps of the kernel.
    origin : int
        Shift of the window as in scipy.ndimage; only with ``shape="same"``.
    flipped : bool
        Whether the kernel was reversed (convolution). Then an even kernel has its centre left of the
        middle, and `origin` counts the other way, as in scipy.ndimage.
    shape : {"same", "valid", "full"}

    Returns
    -------
    start, count : int
        Source position of the first window's first tap; number of windows.
    """
    if shape == "same":
        centre = (size - 1) // 2 - origin if flipped else size // 2 + origin
        return -centre, length
    if shape == "valid":
        return 0, max(length - size + 1, 0)
    return 1 - size, length + size - 1 if length else 0
