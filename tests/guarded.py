# SPDX-License-Identifier: BSD-3-Clause
"""Filter images that lie against inaccessible memory; `test_memory` runs this as a program.

    python -m tests.guarded LEVEL TYPE,...   all shapes, kernels and methods, for these types of pixels
    python -m tests.guarded LEVEL overread   reads one byte too far, which must end the program

An image ends with the last byte before a page that cannot be read, or begins with the first after one,
and so does the output: whoever reads or writes outside is killed. The last line on standard output is the
call that was.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

import fastconv
from fastconv import _levels

from .judge import BORDERS, KERNELS, Array, small_picture

WIDTHS = (1, 2, 3, 5, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 80, 129, 200)
THOROUGH = ("uint8", "uint16", "float32", "float64")
FORCED = {
    "dense 3x3": ("auto", "direct"),
    "dense 5x5": ("auto", "direct"),
    "even 4x6": ("auto", "direct"),
    "sparse 3x3": ("auto", "sparse"),
    "separable 3x5": ("auto", "separable", "direct"),
    "box 3x3": ("auto", "direct"),
    "box 5x4": ("auto", "separable"),
    "row 1x7": ("auto", "sparse"),
    "column 7x1": ("auto", "direct"),
    "pair 2x2": ("auto", "sparse"),
    "long 1x31": ("auto",),
}


class Guarded:
    """Memory between two pages that cannot be touched."""

    def __init__(self, size: int) -> None:
        page = mmap.PAGESIZE
        self.size = -(-size // page) * page
        self._memory = mmap.mmap(-1, self.size + 2 * page)
        start = ctypes.addressof(ctypes.c_char.from_buffer(self._memory))
        protect = ctypes.CDLL(None, use_errno=True).mprotect
        protect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
        for address in (start, start + page + self.size):
            if protect(address, page, 0):
                raise OSError(ctypes.get_errno(), "mprotect")
        self._bytes = np.frombuffer(self._memory, np.uint8)[page : page + self.size]
        self.end = start + page + self.size

    def place(self, shape: tuple[int, ...], dtype: Any, at_end: bool) -> Array:
        """An array that ends, or begins, where the memory does."""
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        part = self._bytes[self.size - size :] if at_end else self._bytes[:size]
        placed: Array = part.view(dtype).reshape(shape)
        return placed


def views(a: Array) -> Iterator[tuple[str, Array]]:
    """Arrays of which the first and the last byte are those of `a`, or nearly."""
    yield "whole", a
    yield "reversed", a[::-1, ::-1]
    yield "transposed", a.swapaxes(0, 1)
    yield "last column", a[:, -1:]
    yield "every other column", a[:, (a.shape[1] + 1) % 2 :: 2]
    yield "last rows", a[-2:]
    yield "right part", a[:, a.shape[1] // 3 :]
    yield "left part", a[:, : 1 + a.shape[1] // 2]
    if a.ndim == 3:
        yield "last channels", a[..., 1:]
        yield "first channels", a[..., :-1]


def say(words: str) -> None:
    os.write(1, words.encode() + b"\n")


def shapes(thorough: bool) -> Iterator[tuple[int, ...]]:
    """Sizes at which vectors, blocks and rows read in place begin and end."""
    for height in (1, 2, 5):
        for width in WIDTHS if thorough else WIDTHS[height % 3 :: 3]:
            yield height, width
    for channels in (2, 3, 4, 5) if thorough else (3,):
        for width in WIDTHS[channels % 3 :: 3]:
            yield 1 + width % 5, width, channels


def run(source: Guarded, target: Guarded, dtype: str) -> int:
    """All calls for a type of pixel; returns how many."""
    calls = 0
    for at_end in (True, False):
        for shape in shapes(dtype in THOROUGH):
            image = source.place(shape, dtype, at_end)
            image[...] = small_picture(shape, dtype)
            calls += filter_all(f"{dtype} {shape}", image, target, at_end)
        for shape in ((4, 131), (3, 65, 3)):
            image = source.place(shape, dtype, at_end)
            image[...] = small_picture(shape, dtype)
            for name, view in views(image):
                calls += filter_all(f"{dtype} {shape} {name}", view, target, at_end)
    return calls


def extra(dtype: np.dtype[Any], name: str) -> tuple[str, ...]:
    """Methods that not all types have."""
    inexact = dtype.kind in "fc"
    box = name.startswith("box") and (inexact or dtype.itemsize < 4)
    fft = name.startswith("dense") and (inexact or dtype.itemsize < 8)
    return ("dot",) * (dtype == np.uint8) + ("box",) * box + ("fft",) * fft


def filter_all(what: str, image: Array, target: Guarded, at_end: bool) -> int:
    """Every kernel and method; whole numbers for 64 bits, of which all methods can be exact."""
    axis = 2 if image.ndim == 3 else None
    kept = np.float32 if image.dtype == np.bool_ else image.dtype
    out = target.place(image.shape, kept, at_end)
    what += f", at the {'end' if at_end else 'beginning'}, "
    calls = 0
    for number, (name, methods) in enumerate(FORCED.items()):
        kernel = KERNELS[name]
        if image.dtype.kind in "iu" and image.dtype.itemsize == 8:
            kernel = np.rint(kernel / np.abs(kernel)[kernel != 0].min())
        for method in (*methods, *extra(image.dtype, name)):
            border = BORDERS[(number + calls) % len(BORDERS)]
            say(f"{what}{name}, {method}, {border}")
            fastconv.convolve(
                image, kernel, border=border, cval=3, channel_axis=axis, out=out, method=method,
                threads=1,
            )  # fmt: skip
            calls += 1
    for shape in ("valid", "full"):
        say(f"{what}{shape}")
        fastconv.convolve(image, KERNELS["even 4x6"], shape=shape, channel_axis=axis)
    say(f"{what}to backward rows")
    fastconv.convolve(image, np.ones((2, 2)), channel_axis=axis, out=out[::-1, ::-1], threads=1)
    calls += 1
    if image.dtype == np.int64:
        say(f"{what}wide")
        fastconv.convolve(image, [[2, -1], [3, 1]], method="wide", channel_axis=axis)
    return calls


def main(level: str, what: str) -> None:
    _levels.use(level)
    source, target = Guarded(200_000), Guarded(200_000)
    if what == "overread":
        say("one byte beyond")
        ctypes.string_at(source.end, 1)
        return
    say(f"{sum(run(source, target, dtype) for dtype in what.split(','))} calls, all inside")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
