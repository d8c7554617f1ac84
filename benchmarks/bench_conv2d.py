# SPDX-License-Identifier: BSD-3-Clause
"""Layers of few channels beside torch.nn.functional.conv2d, on one thread or more.

python benchmarks/bench_conv2d.py [--threads N]
"""

from __future__ import annotations

from typing import Any

import numpy as np
from rows_of_times import header, library, line
from timing import Call

import fastconv

# Input channels, kernels, side, what conv2d is told.
LAYERS: list[tuple[int, int, int, dict[str, Any]]] = [
    (1, 16, 3, {"padding": 1}),
    (3, 16, 3, {"padding": 1}),
    (3, 16, 7, {"padding": 3, "stride": 2}),
    (32, 32, 3, {"padding": 1, "groups": 32}),
    (32, 32, 7, {"padding": 3, "groups": 32}),
    (32, 32, 31, {"padding": 15, "groups": 32}),
]


def main() -> None:
    header()
    rng = np.random.default_rng(0)
    torch = library("torch")
    for side in (224, 1024):
        for channels, many, size, options in LAYERS:
            if side == 1024 and channels == 32 and size == 31:
                channels = many = 4
                options = {**options, "groups": 4}
            x = rng.normal(size=(1, channels, side, side)).astype(np.float32)
            w = rng.normal(size=(many, channels // options.get("groups", 1), size, size))
            race(x, w.astype(np.float32), options, torch)


def race(x: Any, w: Any, options: dict[str, Any], torch: Any) -> None:
    made: dict[str, Call] = {"fastconv": lambda: fastconv.conv2d(x, w, **options)}
    if torch:
        a, b = torch.from_numpy(x), torch.from_numpy(w)
        made["torch"] = lambda: torch.nn.functional.conv2d(a, b, **options)
    steps = f", stride {options['stride']}" if "stride" in options else ""
    what = f"{x.shape[1]} -> {w.shape[0]}, {w.shape[2]} x {w.shape[3]}{steps}, {x.shape[2]} squared"
    line(what, made, tolerance=1e-5)


if __name__ == "__main__":
    main()
