# SPDX-License-Identifier: BSD-3-Clause
"""Time fastconv.ndimage and fastconv.signal against SciPy, in turns, and print the table, worst cell first.

    python benchmarks/bench_backend.py
    python benchmarks/bench_backend.py --sizes 64,1024 --pixels uint8 --functions sobel,convolve --threads 2

Every result is compared with SciPy's, bit by bit, before it is timed. The ratio is SciPy's time
over fastconv's. Both allocate their results, as in usual calls. With --output they fill an existing
array, so that the time to touch new memory, which no library can shorten, does not count.
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import scipy.ndimage
import scipy.signal
from compare import geometric_mean
from facts import facts
from numpy.typing import NDArray
from timing import calls_a_turn, seconds_a_call, warmed

import fastconv

Array = NDArray[Any]
RESULTS = Path(__file__).parent / "results"
PIXELS = ("uint8", "float32", "float64")
SIZES = (64, 1024, 4096)

_DENSE = np.arange(9.0).reshape(3, 3) / 9
_WIDE = np.random.default_rng(0).random((5, 5))
_SMOOTH = np.exp(-(np.arange(-4, 5) ** 2) / 2.0)
_WHOLE = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]])

# Name, library, and the call on a module of that library or ours; it may be given an array for the result,
# which scipy.signal cannot take.
Call = Callable[[Any, Array, Any], Array]
CALLS: dict[str, tuple[str, Call]] = {
    "convolve 3x3": ("ndimage", lambda m, x, o: m.convolve(x, _DENSE, output=o)),
    "correlate 5x5": ("ndimage", lambda m, x, o: m.correlate(x, _WIDE, output=o)),
    "convolve1d 9, axis 0": ("ndimage", lambda m, x, o: m.convolve1d(x, _SMOOTH, 0, output=o)),
    "correlate1d 9, axis 1": ("ndimage", lambda m, x, o: m.correlate1d(x, _SMOOTH, 1, output=o)),
    "gaussian_filter 1": ("ndimage", lambda m, x, o: m.gaussian_filter(x, 1.0, output=o)),
    "gaussian_filter 3": ("ndimage", lambda m, x, o: m.gaussian_filter(x, 3.0, output=o)),
    "gaussian_filter1d 2": ("ndimage", lambda m, x, o: m.gaussian_filter1d(x, 2.0, output=o)),
    "uniform_filter 3": ("ndimage", lambda m, x, o: m.uniform_filter(x, 3, output=o)),
    "uniform_filter 15": ("ndimage", lambda m, x, o: m.uniform_filter(x, 15, output=o)),
    "uniform_filter1d 5, axis 0": (
        "ndimage",
        lambda m, x, o: m.uniform_filter1d(x, 5, 0, output=o),
    ),
    "uniform_filter1d 5, axis 1": (
        "ndimage",
        lambda m, x, o: m.uniform_filter1d(x, 5, 1, output=o),
    ),
    "sobel": ("ndimage", lambda m, x, o: m.sobel(x, output=o)),
    "prewitt": ("ndimage", lambda m, x, o: m.prewitt(x, 0, output=o)),
    "laplace": ("ndimage", lambda m, x, o: m.laplace(x, output=o)),
    "gaussian_laplace 1": ("ndimage", lambda m, x, o: m.gaussian_laplace(x, 1.0, output=o)),
    "gaussian_gradient_magnitude 1": (
        "ndimage",
        lambda m, x, o: m.gaussian_gradient_magnitude(x, 1.0, output=o),
    ),
    "convolve2d 3x3": ("signal", lambda m, x, o: m.convolve2d(x, _WHOLE.astype(x.dtype), "same")),
    "correlate2d 5x5": (
        "signal",
        lambda m, x, o: m.correlate2d(x, (9 * _WIDE).astype(x.dtype), boundary="symm"),
    ),
}
MODULES: dict[str, tuple[Any, Any]] = {
    "ndimage": (scipy.ndimage, fastconv.ndimage),
    "signal": (scipy.signal, fastconv.signal),
}


def picture(pixel: str, size: int) -> Array:
    """Pixels of different values. The time does not depend on them."""
    return (np.random.default_rng(1).random((size, size)) * 255).astype(pixel)


def turns(calls: list[Callable[[], Any]], least: float) -> list[float]:
    """Median seconds of each call. They take turns, at least three each, for `least` seconds."""
    rough = [warmed(call) for call in calls]
    many = [calls_a_turn(seconds) for seconds in rough]
    rounds = max(3, min(15, round(least / sum(max(s, 2e-4) for s in rough))))
    gc.disable()
    try:
        times = [
            [seconds_a_call(c, n) for c, n in zip(calls, many, strict=True)] for _ in range(rounds)
        ]
    finally:
        gc.enable()
    return [statistics.median(column) for column in zip(*times, strict=True)]


def measure(name: str, pixel: str, size: int, least: float, into: bool = False) -> dict[str, Any]:
    """Return one cell as it goes to the JSON."""
    library, call = CALLS[name]
    theirs, ours = MODULES[library]
    image = picture(pixel, size)
    wanted, got = call(theirs, image, None), call(ours, image, None)
    if got.dtype != wanted.dtype or got.tobytes() != wanted.tobytes():
        raise SystemExit(f"{name}, {pixel}, {size}: not SciPy's result")
    out = wanted if into else None
    seconds = turns([lambda: call(theirs, image, out), lambda: call(ours, image, out)], least)
    return {
        "function": f"{library}.{name}", "pixel": pixel, "size": size,
        "scipy": seconds[0], "fastconv": seconds[1], "ratio": seconds[0] / seconds[1],
    }  # fmt: skip


def _means(cells: list[dict[str, Any]]) -> None:
    for library in MODULES:
        for size in sorted({cell["size"] for cell in cells}):
            some = [
                c["ratio"] for c in cells if c["function"].startswith(library) and c["size"] == size
            ]
            if some:
                print(
                    f"{library:8} {size:5}: geometric mean {geometric_mean(some):6.2f}, "
                    f"worst {min(some):5.2f}, best {max(some):6.2f} of {len(some)}"
                )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="sides, with commas")
    parser.add_argument("--pixels", default=",".join(PIXELS))
    parser.add_argument("--functions", default="", help="parts of names, with commas")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--least", type=float, default=0.1, help="seconds a cell, at least")
    parser.add_argument("--output", action="store_true", help="into an array that is there")
    parser.add_argument("--json", type=Path, default=RESULTS / "backend.json")
    asked = parser.parse_args()
    fastconv.set_num_threads(asked.threads)
    parts = asked.functions.split(",")
    cells = [
        measure(name, pixel, int(size), asked.least, asked.output)
        for size in asked.sizes.split(",")
        for name in CALLS
        if any(part in name for part in parts)
        for pixel in asked.pixels.split(",")
    ]
    for c in sorted(cells, key=lambda cell: math.log(cell["ratio"])):
        print(
            f"{c['ratio']:7.2f} {'LOSES' if c['ratio'] < 1 else '     '} {c['function']:38} {c['pixel']:8} "
            f"{c['size']:5}  SciPy {c['scipy'] * 1e3:9.4g} ms, fastconv {c['fastconv'] * 1e3:9.4g} ms"
        )
    _means(cells)
    asked.json.parent.mkdir(parents=True, exist_ok=True)
    asked.json.write_text(json.dumps({"facts": facts(asked.threads), "cells": cells}, indent=1))
    print(f"written: {asked.json}")


if __name__ == "__main__":
    main()
