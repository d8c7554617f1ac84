# SPDX-License-Identifier: BSD-3-Clause
"""fastconv.cv2 beside cv2: the same calls, word for word, in turns. Prints the table, worst first.

    python benchmarks/bench_cv2.py
    python benchmarks/bench_cv2.py --sizes 28,512 --pixels uint8 --calls blur
    python benchmarks/bench_cv2.py --threads 2

An answer is compared before it is timed: integers may differ by one (OpenCV rounds ties up in some
functions, and sums of sepFilter2D in floats), floats by some roundings of float32.
"""

from __future__ import annotations

import argparse
import gc
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import cv2
import numpy as np
from compare import geometric_mean
from facts import facts
from grid import Array, Pixel
from photo import photograph
from timing import race

import fastconv

_RNG = np.random.default_rng(0)
_DENSE = {size: _RNG.normal(size=(size, size)) / size for size in (3, 5, 9, 31)}
_SHARPEN = np.array([[0.0, -1, 0], [-1, 5, -1], [0, -1, 0]])
_LINE = _RNG.random(9) / 4
# OpenCV has no integers with a sign wide enough for those of uint16
_SIGNED = {"uint8": cv2.CV_16S, "uint16": cv2.CV_32F, "float32": -1}

Function = Callable[[ModuleType, Array, int], Array]

# What is called, of either library; the number is a depth for results with a sign.
CALLS: dict[str, Function] = {
    "blur 3x3": lambda cv, a, _: cv.blur(a, (3, 3)),
    "blur 5x5": lambda cv, a, _: cv.blur(a, (5, 5)),
    "blur 31x31": lambda cv, a, _: cv.blur(a, (31, 31)),
    "boxFilter 5x5 sum": lambda cv, a, _: cv.boxFilter(a, cv.CV_32F, (5, 5), normalize=False),
    "GaussianBlur 3x3": lambda cv, a, _: cv.GaussianBlur(a, (3, 3), 0),
    "GaussianBlur 5x5": lambda cv, a, _: cv.GaussianBlur(a, (5, 5), 0),
    "GaussianBlur sigma 1.5": lambda cv, a, _: cv.GaussianBlur(a, (0, 0), 1.5),
    "GaussianBlur 31x31": lambda cv, a, _: cv.GaussianBlur(a, (31, 31), 0),
    "Sobel 3 x": lambda cv, a, depth: cv.Sobel(a, depth, 1, 0),
    "Sobel 3 y": lambda cv, a, depth: cv.Sobel(a, depth, 0, 1),
    "Sobel 3 as it is": lambda cv, a, _: cv.Sobel(a, -1, 1, 0),
    "Sobel 5 x": lambda cv, a, depth: cv.Sobel(a, depth, 1, 0, ksize=5, scale=0.125),
    "Sobel 3 delta": lambda cv, a, _: cv.Sobel(a, -1, 1, 0, delta=128),
    "Scharr x": lambda cv, a, depth: cv.Scharr(a, depth, 1, 0),
    "Laplacian 1": lambda cv, a, depth: cv.Laplacian(a, depth),
    "Laplacian 3": lambda cv, a, depth: cv.Laplacian(a, depth, ksize=3),
    "Laplacian 5": lambda cv, a, depth: cv.Laplacian(a, depth, ksize=5),
    "filter2D sharpen": lambda cv, a, _: cv.filter2D(a, -1, _SHARPEN),
    "filter2D 3x3": lambda cv, a, _: cv.filter2D(a, -1, _DENSE[3]),
    "filter2D 5x5": lambda cv, a, _: cv.filter2D(a, -1, _DENSE[5]),
    "filter2D 9x9": lambda cv, a, _: cv.filter2D(a, -1, _DENSE[9]),
    "filter2D 31x31": lambda cv, a, _: cv.filter2D(a, -1, _DENSE[31]),
    "filter2D 3x3 delta": lambda cv, a, _: cv.filter2D(a, -1, _DENSE[3], delta=10),
    "sepFilter2D 9+9": lambda cv, a, _: cv.sepFilter2D(a, -1, _LINE, _LINE),
}


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    call: str
    pixel: str
    size: int
    theirs: float
    ours: float
    difference: float

    @property
    def ratio(self) -> float:
        """How many times faster fastconv is."""
        return self.theirs / self.ours

    def __str__(self) -> str:
        return (
            f"{self.ratio:7.2f} {'LOSES' if self.ratio < 1 else '     '} {self.call:22} {self.pixel:8} "
            f"{self.size:5}  theirs {self.theirs * 1e6:10.1f} us  ours {self.ours * 1e6:10.1f} us  "
            f"differ by {self.difference:.3g}"
        )


def difference(ours: Array, theirs: Array, call: str) -> float:
    """The largest difference. A difference beyond those named in the file's head is an error."""
    assert ours.dtype == theirs.dtype and ours.shape == theirs.shape, call
    found = float(np.abs(ours.astype(np.float64) - theirs.astype(np.float64)).max())
    allowed = 1.0 if ours.dtype.kind in "iu" else 1e-4 * max(1.0, float(np.abs(theirs).max()))
    assert found <= allowed, f"{call}: answers differ by {found}"
    return found


def measure(name: str, pixel: str, size: int, least: float) -> Row:
    """Compare the answers and time the calls."""
    image = photograph(Pixel(pixel, np.dtype(pixel)), (size, size))
    call, depth = CALLS[name], _SIGNED[pixel]
    found = difference(call(fastconv.cv2, image, depth), call(cv2, image, depth), f"{name} {pixel}")
    gc.collect()
    times = race(
        {
            "theirs": lambda: call(cv2, image, depth),
            "ours": lambda: call(fastconv.cv2, image, depth),
        },
        least=least,
        rounds=7,
    )
    return Row(name, pixel, size, times["theirs"].median, times["ours"].median, found)


def print_table(rows: list[Row], threads: int) -> None:
    """Print the cells, worst first, and the geometric mean of all."""
    for row in sorted(rows, key=lambda row: row.ratio):
        print(row)
    ratios = [row.ratio for row in rows]
    losing = sum(ratio < 1 for ratio in ratios)
    print(f"geometric mean {geometric_mean(ratios):.2f}, loses {losing} of {len(rows)} cells")
    print(", ".join(f"{name} {value}" for name, value in facts(threads).items()))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", default="28,512,1024,4096")
    parser.add_argument("--pixels", default=",".join(_SIGNED))
    parser.add_argument("--calls", default="", help="words that names of calls begin with")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--least", type=float, default=0.1, help="seconds a cell, at least")
    asked = parser.parse_args()
    fastconv.set_num_threads(asked.threads)
    cv2.setNumThreads(asked.threads)
    begin: Any = tuple(asked.calls.split(","))
    rows = [
        measure(name, pixel, int(size), asked.least)
        for size in asked.sizes.split(",")
        for pixel in asked.pixels.split(",")
        for name in CALLS
        if name.startswith(begin)
    ]
    print_table(rows, asked.threads)


if __name__ == "__main__":
    main()
