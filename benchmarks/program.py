# SPDX-License-Identifier: BSD-3-Clause
"""A program that knows nothing of fastconv: scikit-image on a photograph of 12 megapixels.

    python benchmarks/program.py
    python -m fastconv run benchmarks/program.py
    python benchmarks/program.py --compare      both, in turns, and the gain

It prints the seconds of each step, and a checksum of all results, which must not change.
"""

from __future__ import annotations

import hashlib
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
HEIGHT, WIDTH = 3000, 4000


def modules(names: str) -> list[Any]:
    """Modules of scikit-image, which has no types."""
    return [import_module(f"skimage.{name}") for name in names.split()]


def photograph() -> Array:
    """The astronaut, mirrored at its edges until it fills the picture; float32, 0 to 1."""
    color, data = modules("color data")
    gray = color.rgb2gray(data.astronaut())
    rows = np.pad(np.arange(gray.shape[0]), (0, HEIGHT - gray.shape[0]), mode="symmetric")
    cols = np.pad(np.arange(gray.shape[1]), (0, WIDTH - gray.shape[1]), mode="symmetric")
    return np.asarray(gray[np.ix_(rows, cols)], np.float32)


def main() -> None:
    feature, filters, metrics = modules("feature filters metrics")
    image = photograph()
    start = time.perf_counter()
    total = hashlib.sha256()

    def step(name: str, call: Callable[[], Any]) -> Any:
        begin = time.perf_counter()
        result = call()
        print(f"{name:24} {time.perf_counter() - begin:7.3f} s")
        total.update(np.ascontiguousarray(result).tobytes())
        return result

    step("canny", lambda: feature.canny(image, sigma=2))
    sharp = step("unsharp mask", lambda: filters.unsharp_mask(image, radius=2, amount=1))
    step("difference of Gaussians", lambda: filters.difference_of_gaussians(image, 1, 4))
    step(
        "structural similarity",
        lambda: metrics.structural_similarity(image, sharp, data_range=1.0),
    )
    print(f"all {time.perf_counter() - start:.3f} s, results {total.hexdigest()[:16]}")


def compare(rounds: int = 3) -> None:
    """Run the program with and without fastconv in turns."""
    ways = {
        "scipy": [sys.executable, __file__],
        "fastconv": [sys.executable, "-m", "fastconv", "run", __file__],
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    results = set()
    for _ in range(rounds):
        for name, words in ways.items():
            done = subprocess.run(words, capture_output=True, text=True, check=True)
            found = re.search(r"all ([\d.]+) s, results (\w+)", done.stdout)
            assert found is not None
            times[name].append(float(found[1]))
            results.add(found[2])
    print(done.stdout + done.stderr, end="")
    medians = {name: statistics.median(values) for name, values in times.items()}
    print(
        f"whole program: SciPy {medians['scipy']:.2f} s, fastconv {medians['fastconv']:.2f} s, "
        f"{medians['scipy'] / medians['fastconv']:.2f} times; results "
        f"{'the same' if len(results) == 1 else 'DIFFERENT'}"
    )


if __name__ == "__main__":
    if sys.argv[1:] == ["--compare"]:
        compare()
    else:
        main()
