# SPDX-License-Identifier: BSD-3-Clause
"""Memory-mapped arrays: tell the system which pages will be needed soon, and which no longer.

Pages of a mapping count as memory of the process until they are released. Releasing them loses
nothing: written data are in the system's cache of the file, on their way to the disk.
"""

from __future__ import annotations

import mmap
import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Mapping", "share_file"]


class Mapping:
    """The mapping of an array. For an array that is not mapped, its methods do nothing."""

    def __init__(self, a: Any) -> None:
        # releasing pages of a private mapping would lose written data
        shared = isinstance(a, np.memmap) and a.mode != "c" and hasattr(mmap, "MADV_DONTNEED")
        self._map = getattr(a, "_mmap", None) if shared else None
        if self._map is not None:
            self._begin = _begin(self._map)

    def expect(self, view: NDArray[Any]) -> None:
        """Let the system read a part in the background."""
        self._advise(view, "MADV_WILLNEED")

    def release(self, view: NDArray[Any]) -> None:
        """Release the pages of a part."""
        self._advise(view, "MADV_DONTNEED")

    def _advise(self, view: NDArray[Any], advice: str) -> None:
        if self._map is None or not view.size:
            return
        low, high = (byte - self._begin for byte in _bytes(view))
        if not 0 <= low < high <= len(self._map):
            return  # a copy
        if high - low <= 2 * view.nbytes:
            first = low // mmap.PAGESIZE * mmap.PAGESIZE
            self._map.madvise(getattr(mmap, advice), first, high - first)
        elif view.ndim > 1:  # the part has gaps, as columns of a wider image: advise piece by piece
            for part in np.moveaxis(view, int(np.argmax(np.abs(view.strides))), 0):
                self._advise(part, advice)


def share_file(a: Any, b: Any) -> bool:
    """Whether two arrays are mapped from the same bytes of a file. Their addresses do not tell."""
    if not all(isinstance(x, np.memmap) and x.filename for x in (a, b)):
        return False
    (file_a, low_a, high_a), (file_b, low_b, high_b) = _in_file(a), _in_file(b)
    return file_a == file_b and low_a < high_b and low_b < high_a


def _in_file(a: Any) -> tuple[str, int, int]:
    """The file of an array, and the bytes at which the array begins and ends there."""
    # a mapping begins at a multiple of the granularity; np.memmap's at the last one before its
    # offset
    origin = a.offset // mmap.ALLOCATIONGRANULARITY * mmap.ALLOCATIONGRANULARITY - _begin(a._mmap)
    low, high = _bytes(a)
    return os.path.realpath(a.filename), low + origin, high + origin


def _begin(mapping: mmap.mmap) -> int:
    return int(np.frombuffer(mapping, np.uint8).ctypes.data)


def _bytes(a: NDArray[Any]) -> tuple[int, int]:
    """Addresses of the first byte and past the last byte."""
    steps = [(n - 1) * stride for n, stride in zip(a.shape, a.strides, strict=True)]
    low = a.ctypes.data + sum(step for step in steps if step < 0)
    return low, low + sum(map(abs, steps)) + a.itemsize
