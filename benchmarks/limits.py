# SPDX-License-Identifier: BSD-3-Clause
"""The measured limits of this machine, and the share of them that a filter reaches.

Two limits apply to a filter. Its pixels must be read and written, which takes at least as long as
copying them: `copy_call` is that copy, timed in turns with all libraries, in the same caches. And
its sums must be computed: a matrix product of OpenBLAS measures how many multiply-adds a second are
possible, in float32 and float64. (Instructions for four bytes at a time make up to four times as
many as those of float32. `PER_FLOAT32` assumes that number, since no installable library measures
it.)

The number of multiply-adds that a filter needs is that of the cheapest known way: taps that are not
zero, a row and a column, running sums, or an FFT. A share above 1 means that NumPy's copy is not
the fastest.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np
from grid import Array, Cell

BYTES_PER_FLOAT32 = 4.0
_TILES = (32, 64, 128, 256, 512, 1024)


def copy_call(image: Array) -> Callable[[], Any]:
    """Read and write as many pixels as the cell has, and nothing else."""
    return partial(np.copyto, np.empty_like(image), image)


def _product(size: int, dtype: str, rounds: int = 15) -> float:
    """Multiply-adds a second of a matrix product."""
    a = np.random.default_rng(0).random((size, size)).astype(dtype)
    result = np.empty_like(a)
    times = []
    for _ in range(rounds):
        start = perf_counter()
        np.matmul(a, a, out=result)
        times.append(perf_counter() - start)
    return size**3 / statistics.median(times)


def peaks(threads: int) -> dict[str, float]:
    """Multiply-adds a second by type of sums; in a process of its own, where BLAS has that many threads."""
    told = subprocess.run(
        [sys.executable, __file__],
        env={**os.environ, "OPENBLAS_NUM_THREADS": str(threads)},
        check=True,
        capture_output=True,
        text=True,
    )
    return dict(json.loads(told.stdout))


def fewest_multiply_adds(cell: Cell) -> float:
    """Multiply-adds for a sample of the result, by the cheapest known way."""
    weights = cell.filter.weights
    ways = [float(np.count_nonzero(weights))]
    if cell.filter.box:
        ways.append(4.0)  # running sums: a row comes, one goes, a column comes, one goes
    elif cell.filter.factors:
        ways.append(float(sum(np.count_nonzero(factor) for factor in cell.filter.factors)))
    for n in _TILES:
        kept = (n - weights.shape[0] + 1) * (n - weights.shape[1] + 1)
        if kept > 0:
            # there and back, 5 n**2 log2(n**2) operations each, of two tiles at a time; half as many
            # multiply-adds, if all are fused
            ways.append(5.0 * n * n * np.log2(n) / kept)
    return min(ways)


def limit(cell: Cell, copying: float, peak: dict[str, float]) -> tuple[float, str]:
    """Seconds that the cell takes at least, and what binds it."""
    rate = peak["float64"] if cell.pixel.name == "float64" else peak["float32"]
    rate *= BYTES_PER_FLOAT32 if cell.pixel.dtype == np.uint8 else 1.0
    samples = cell.pixels * cell.pixel.channels
    summing = samples * fewest_multiply_adds(cell) / rate
    return (copying, "memory") if copying > summing else (summing, "arithmetic")


if __name__ == "__main__":
    print(json.dumps({dtype: _product(768, dtype) for dtype in ("float32", "float64")}))
