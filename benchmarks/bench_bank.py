# SPDX-License-Identifier: BSD-3-Clause
"""Banks of kernels beside one call for each kernel, of fastconv and of OpenCV, on one thread.

python benchmarks/bench_bank.py
"""

from __future__ import annotations

from typing import Any

import numpy as np
from rows_of_times import header, library, line
from timing import Call

import fastconv
from fastconv import kernels

SIDE = 1024


def main() -> None:
    header()
    rng = np.random.default_rng(0)
    cv2, signal = library("cv2"), library("scipy.signal")
    banks: dict[str, list[Any]] = {
        "Sobel, 2": [kernels.sobel(0), kernels.sobel(1)],
        "Hessian, 3": kernels.hessian(1.5),
        "Laws, 25": list(kernels.laws(5).values()),
        "Gabor, 8": kernels.gabor_bank([0.25, 0.125], 4),
        "dense 7 x 7, 32": list(rng.random((32, 7, 7))),
    }
    for dtype in ("uint8", "float32"):
        image: Any = (rng.random((SIDE, SIDE)) * 250).astype(dtype)
        for name, bank in banks.items():
            race(dtype, name, image, bank, cv2)
        magnitudes(image, banks["Sobel, 2"], cv2)
    sky: Any = rng.random((SIDE, SIDE)).astype(np.float32)
    bases = [kernels.gaussian(1 + i / 2, truncate=6.0) for i in range(6)]
    weights = rng.random((6, SIDE, SIDE)).astype(np.float32)
    varying: dict[str, Call] = {"varying": lambda: fastconv.varying(sky, bases, weights)}
    if signal:
        varying["oaconvolve"] = lambda: sum(
            w * signal.oaconvolve(sky, base, mode="same")
            for w, base in zip(weights, bases, strict=True)
        )
    line("a PSF of six bases", varying)


def magnitudes(image: Any, sobel: list[Any], cv2: Any) -> None:
    made: dict[str, Call] = {"bank": lambda: fastconv.bank(image, sobel, "hypot", dtype=np.float32)}
    if cv2:
        made["cv2"] = lambda: cv2.magnitude(
            *(cv2.filter2D(image, cv2.CV_32F, kernel) for kernel in sobel)
        )
    line(f"{image.dtype} magnitude of a gradient", made)


def race(dtype: str, name: str, image: Any, bank: list[Any], cv2: Any) -> None:
    made: dict[str, Call] = {
        "bank": lambda: fastconv.bank(image, bank, dtype=np.float32),
        "calls": lambda: [fastconv.convolve(image, kernel, dtype=np.float32) for kernel in bank],
    }
    if cv2:
        made["cv2"] = lambda: [cv2.filter2D(image, cv2.CV_32F, kernel) for kernel in bank]
    line(f"{dtype} {name} kernels", made)


if __name__ == "__main__":
    main()
