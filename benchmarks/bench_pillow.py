# SPDX-License-Identifier: BSD-3-Clause
"""fastconv.ImageFilter beside PIL.ImageFilter: the same filters in ``image.filter``, in turns. Prints the
table, worst first.

    python benchmarks/bench_pillow.py
    python benchmarks/bench_pillow.py --sizes 512 --modes RGB --threads 2

Pillow has no threads. With "exact" results are compared to be equal; how far others differ is told.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
from bench_cv2 import Row, print_table
from photo import original
from PIL import Image
from PIL import ImageFilter as Pillow
from timing import race

import fastconv

_NAMED = ("BLUR", "CONTOUR", "DETAIL", "EMBOSS", "FIND_EDGES", "SHARPEN", "SMOOTH", "SMOOTH_MORE")


def filters() -> dict[str, tuple[Any, Any]]:
    """Pillow's and ours."""
    ours: Any = fastconv.ImageFilter
    made = {name: (getattr(Pillow, name)(), getattr(ours, name)()) for name in _NAMED}
    made |= {
        f"{name} exact": (getattr(Pillow, name)(), getattr(ours, name)(exact=True))
        for name in _NAMED
    }
    for name, *arguments in (
        ("GaussianBlur", 2), ("GaussianBlur", 10), ("BoxBlur", 2), ("BoxBlur", 3.5), ("BoxBlur", 20),
        ("UnsharpMask", 2),
    ):  # fmt: skip
        made[f"{name} {arguments[0]}"] = tuple(getattr(m, name)(*arguments) for m in (Pillow, ours))
    return made


def measure(name: str, pair: tuple[Any, Any], mode: str, size: int, least: float) -> Row:
    """Compare the answers and time the calls."""
    side = max(size, len(original()))
    tiled = np.pad(original(), ((0, side - 512), (0, side - 512), (0, 0)), "symmetric")
    image = Image.fromarray(tiled[:size, :size].copy()).convert(mode)
    theirs, ours = pair
    one, other = (np.asarray(image.filter(f), np.float64) for f in pair)
    found = float(np.abs(one - other).max())
    assert found == 0 or "exact" not in name, f"{name} {mode}: not exact"
    times = race(
        {"theirs": lambda: image.filter(theirs), "ours": lambda: image.filter(ours)},
        least=least,
        rounds=7,
    )
    return Row(name, mode, size, times["theirs"].median, times["ours"].median, found)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", default="28,512,1024,4096")
    parser.add_argument("--modes", default="L,RGB")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--least", type=float, default=0.1, help="seconds a cell, at least")
    asked = parser.parse_args()
    fastconv.set_num_threads(asked.threads)
    rows = [
        measure(name, pair, mode, int(size), asked.least)
        for size in asked.sizes.split(",")
        for mode in asked.modes.split(",")
        for name, pair in filters().items()
    ]
    print_table(rows, asked.threads)


if __name__ == "__main__":
    main()
