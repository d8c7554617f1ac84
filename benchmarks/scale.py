# SPDX-License-Identifier: BSD-3-Clause
"""Time by the size of the picture, and gain by threads: prints a table.

    python benchmarks/scale.py
    python benchmarks/scale.py --sizes 1024,4096

For some filters: nanoseconds a pixel at each size, with `out=` and one thread, in turns; the largest over the
smallest of these; how many times faster two threads are than one, at the first and second size; and the
memory that a call takes beyond its picture and its result, in a process of its own.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from functools import partial

import numpy as np
from facts import facts
from grid import FILTERS, PIXELS, Array, Filter, Pixel, parse_sizes, size_name
from timing import Call, race

import fastconv

ASKED = (
    ("uint8", "sharpening 3x3"), ("uint8", "integers 9x9"), ("uint8", "random 5x5"),
    ("uint8", "gaussian 9x9"), ("uint8 RGB", "integers 5x5"), ("uint16", "random 7x7"),
    ("float32", "random 3x3"), ("float32", "random 9x9"), ("float32", "random 31x31"),
    ("float64", "random 5x5"),
)  # fmt: skip

MEMORY = """
import re, sys
import numpy as np
import fastconv
sys.path.insert(0, sys.argv[1])
from grid import FILTERS, PIXELS
pixel, side = PIXELS[sys.argv[2]], int(sys.argv[4])
shape = (side, side, 3) if pixel.channels == 3 else (side, side)
image = np.ones(shape, pixel.dtype)
out = np.ones_like(image)
axis = -1 if pixel.channels == 3 else None
def status(name):
    return int(re.search(name + r":\\s*(\\d+)", open("/proc/self/status").read())[1])
before = status("VmRSS")
fastconv.convolve(image, FILTERS[sys.argv[3]].weights, channel_axis=axis, out=out)
print((status("VmHWM") - before) / 1024)
"""


def picture(pixel: Pixel, size: tuple[int, int]) -> Array:
    """Return noise: a photograph of 256 megapixels takes longer to make than to filter."""
    rng = np.random.default_rng(0)
    shape = (*size, pixel.channels) if pixel.channels > 1 else size
    if pixel.dtype.kind == "u":
        return rng.integers(0, np.iinfo(pixel.dtype).max, shape, pixel.dtype, endpoint=True)
    return rng.random(shape, pixel.dtype)


def memory(pixel: Pixel, asked: Filter, side: int) -> float:
    """Megabytes of a call beyond input and output."""
    words = [sys.path[0], pixel.name, asked.name, str(side)]
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, *words], check=True, capture_output=True, text=True
    )
    return float(done.stdout)


def line(pixel: Pixel, asked: Filter, sizes: tuple[tuple[int, int], ...]) -> str:
    axis = -1 if pixel.channels > 1 else None
    calls = {}
    for size in sizes:
        image = picture(pixel, size)
        call = partial(
            fastconv.convolve, image, asked.weights, channel_axis=axis, out=np.empty_like(image)
        )
        calls[size] = {n: partial(call, threads=n) for n in (1, 2)}
    costs, gains = [], []
    for place, (size, both) in enumerate(calls.items()):
        entrants: dict[str, Call] = {
            str(n): call for n, call in both.items() if n == 1 or place < 2
        }
        times = race(entrants, least=0.5, rounds=5, most=10.0)
        costs.append(times["1"].median / (size[0] * size[1]) * 1e9)
        if "2" in times:
            gains.append(times["1"].median / times["2"].median)
    return (
        f"{pixel.name:9} {asked.name:14} "
        + " ".join(f"{cost:8.3f}" for cost in costs)
        + f" {max(costs) / min(costs):7.2f} "
        + " ".join(f"{gain:6.2f}" for gain in gains)
        + f" {memory(pixel, asked, 4096):7.1f}"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sizes", type=parse_sizes, default=parse_sizes("1024,4096,8192,16384"))
    sizes = parser.parse_args().sizes
    print(" · ".join(f"{key} {value}" for key, value in facts(2).items()))
    print(f"ns a pixel at {', '.join(map(size_name, sizes))}; most / least; 2 threads at the first "
          "two; MB")  # fmt: skip
    for pixel, asked in ASKED:
        print(line(PIXELS[pixel], FILTERS[asked], sizes), flush=True)


if __name__ == "__main__":
    main()
