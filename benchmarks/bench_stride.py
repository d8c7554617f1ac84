# SPDX-License-Identifier: BSD-3-Clause
"""Savings by a stride, cost of a dilation, and pyramids beside cv2.pyrDown, on one thread or more.

python benchmarks/bench_stride.py [--threads N]
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from rows_of_times import header, library, line
from timing import Call

import fastconv

SIDE = 1024


def main() -> None:
    header()
    rng = np.random.default_rng(0)
    cv2 = library("cv2")
    for dtype in ("uint8", "float32"):
        image = (rng.random((SIDE, SIDE)) * 250).astype(dtype)
        for size in (3, 5, 9, 15):
            dense = rng.random((size, size))
            steps(image, dense / dense.sum(), f"{dtype} dense {size} x {size}")
    for dtype, shape in itertools.product(("uint8", "uint16", "float32"), ((), (3,))):
        pyramids((rng.random((SIDE, SIDE, *shape)) * 250).astype(dtype), cv2)


def steps(image: Any, kernel: Any, what: str) -> None:
    line(
        f"{what}: stride 1, 2, 3",
        {
            "1": lambda: fastconv.convolve(image, kernel),
            "2": lambda: fastconv.convolve(image, kernel, stride=2),
            "3": lambda: fastconv.convolve(image, kernel, stride=3),
        },
    )
    line(
        f"{what}: dilation 1, 2, 5",
        {
            "1": lambda: fastconv.convolve(image, kernel),
            "2": lambda: fastconv.convolve(image, kernel, dilation=2),
            "5": lambda: fastconv.convolve(image, kernel, dilation=5),
        },
    )


def pyramids(image: Any, cv2: Any) -> None:
    axis = -1 if image.ndim > 2 else None
    made: dict[str, Call] = {"fastconv": lambda: fastconv.pyramid(image, 1, channel_axis=axis)[1]}
    if cv2:
        made["cv2"] = lambda: cv2.pyrDown(image)
    line(f"{image.dtype} {image.shape[2:]} one level of a pyramid", made, tolerance=1e-6)


if __name__ == "__main__":
    main()
