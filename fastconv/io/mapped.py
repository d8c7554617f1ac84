# SPDX-License-Identifier: BSD-3-Clause
"""Memory-mapped arrays: telling the system which pages are wanted soon, and which no more.

Pages of a mapping count as memory of the process until they are given back. Giving them back loses nothing:
what was written is in the system's cache of the file, on its way to the disk.
"""

from __future__ import annotations

import mmap
import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Mapping", "share_file"]


class Mapping:
    """The mapping beneath an array; of any other array, one that has nothing to say."""

    def __init__(self, a: Any) -> None:
        # of a private mapping, what was written would be lost
        shared = isinstance(a, np.memmap) and a.mode != "c" and hasattr(mmap, "MADV_DONTNEED")
        self._map = getattr(a, "_mmap", None) if shared else None
        if self._map is not None:
            self._begin = _begin(self._map)

    def expect(self, view: NDArray[Any]) -> None:
        """Read a part in the background."""
        self._advise(view, "MADV_WILLNEED")

    def release(self, view: NDArray[Any]) -> None:
        """Give the pages of a part back."""
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
        elif view.ndim > 1:  # with gaps, such as columns of a wider image: piece by piece
            for part in np.moveaxis(view, int(np.argmax(np.abs(view.strides))), 0):
                self._advise(part, advice)


def share_file(a: Any, b: Any) -> bool:
    """Whether two arrays are mapped from the same bytes of a file, which memory does not tell."""
    if not all(isinstance(x, np.memmap) and x.filename for x in (a, b)):
        return False
    (file_a, low_a, high_a), (file_b, low_b, high_b) = _in_file(a), _in_file(b)
    return file_a == file_b and low_a < high_b and low_b < high_a


def _in_file(a: Any) -> tuple[str, int, int]:
    """A file, and where in it an array begins and ends."""
    # mappings begin at certain bytes only, those of np.memmap at the last before its offset
    origin = a.offset // mmap.ALLOCATIONGRANULARITY * mmap.ALLOCATIONGRANULARITY - _begin(a._mmap)
    low, high = _bytes(a)
    return os.path.realpath(a.filename), low + origin, high + origin


def _begin(mapping: mmap.mmap) -> int:
    return int(np.frombuffer(mapping, np.uint8).ctypes.data)


def _bytes(a: NDArray[Any]) -> tuple[int, int]:
    """Addresses of the first byte, and after the last one."""
    steps = [(n - 1) * stride for n, stride in zip(a.shape, a.strides, strict=True)]
    low = a.ctypes.data + sum(step for step in steps if step < 0)
    return low, low + sum(map(abs, steps)) + a.itemsize
