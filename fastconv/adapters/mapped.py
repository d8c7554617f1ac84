# SPDX-License-Identifier: BSD-3-Clause
"""Memory-mapped arrays: telling the system which pages are wanted soon, and which no more.

Pages of a mapping count as memory of the process until they are given back. Giving them back loses nothing:
what was written is in the system's cache of the file, on its way to the disk.
"""

from __future__ import annotations

import mmap
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Mapping"]


class Mapping:
    """The mapping beneath an array; of any other array, one that has nothing to say."""

    def __init__(self, a: Any) -> None:
        # of a private mapping, what was written would be lost
        shared = isinstance(a, np.memmap) and a.mode != "c" and hasattr(mmap, "MADV_DONTNEED")
        self._map = getattr(a, "_mmap", None) if shared else None
        if self._map is not None:
            self._begin = np.frombuffer(self._map, np.uint8).ctypes.data

    def expect(self, view: NDArray[Any]) -> None:
        """Read a part in the background."""
        self._advise(view, "MADV_WILLNEED")

    def release(self, view: NDArray[Any]) -> None:
        """Give the pages of a part back."""
        self._advise(view, "MADV_DONTNEED")

    def _advise(self, view: NDArray[Any], advice: str) -> None:
        if self._map is None or not view.size or not view.flags.c_contiguous:
            return
        begin = view.ctypes.data - self._begin
        if not 0 <= begin <= len(self._map) - view.nbytes:
            return  # a copy
        first = begin // mmap.PAGESIZE * mmap.PAGESIZE
        self._map.madvise(getattr(mmap, advice), first, begin + view.nbytes - first)
