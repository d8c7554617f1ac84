# SPDX-License-Identifier: BSD-3-Clause
"""Search for a float result outside of its bound: random scenes, kernels of 3 to 101 pixels a side, all float
types, all levels, against sums in long double.

    python benchmarks/search_bound.py --cases 10000

With ``--tiles N`` it measures instead what src/methods/fft_bound.pxi assumes: how far single tiles of N
pixels a side are off, in the units of FFT_ERROR there.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

import fastconv
from fastconv import _levels
from fastconv._engine.planner import Kernel, proposed
from fastconv._pixels import PIXELS
from tests import scenes
from tests.judge import at_level

# Scenes without spikes that float32 cannot square.
TILES = (
    "constant",
    "noise",
    "photo",
    "night",
    "spikes on black",
    "step",
    "slope",
    "chirp",
    "every size",
)


def search(cases: int, seed: int, method: str) -> int:
    """Return how many of the cases have a result outside of the bound."""
    outside, largest = 0, 0.0
    for i in range(seed, seed + cases):
        case = scenes.draw(np.random.default_rng(i))
        level = ("base", "v3", "v4")[i % 3]
        if level not in _levels.available():
            continue
        with at_level(level):
            got = fastconv.correlate(
                case.image, case.kernel, dtype=case.dtype, border=case.border, method=method
            )
        off = scenes.excess(got, case)
        largest = max(largest, off)
        if off > 1:
            outside += 1
            print(f"case {i}, {level}: {off:.3g} times the bound: {case.what}", flush=True)
    print(
        f"{outside} of {cases} cases have a result outside of the bound; the largest is {largest:.3f}"
    )
    return outside


def tile_error(n: int, seed: int) -> float:
    """Return the largest error of lone tiles of n x n, in units of FFT_ERROR."""
    rng, largest = np.random.default_rng(seed), 0.0
    for weights in scenes.WEIGHTS.values():
        side = int(rng.choice([3, n // 6, n // 2]))
        kernel = weights(rng, side, side).astype(np.float32).astype(np.float64)
        spectrum = np.abs(np.fft.fft2(kernel, (n, n)))
        code, known = PIXELS["float32"].code, Kernel(np.ascontiguousarray(kernel))
        strategy = proposed(
            known,
            code,
            code,
            -np.inf,
            np.inf,
            False,
            n,
            n,
            1,
            "fft",
            _levels.level,
            "float32",
            tile=n,
        )
        program = _levels.engine.Program(known, strategy, 1, code)
        for name in TILES:
            tile = scenes.SCENES[name](rng, (n, n)).astype(np.float32)
            got = np.array(program.convolve_tile(tile.tobytes(), *tile.shape))
            wide = tile.astype(np.float64)
            near = np.fft.irfft2(np.fft.rfft2(wide) * np.conj(np.fft.rfft2(kernel, (n, n))), (n, n))
            off = np.abs(got - near[: got.shape[0], : got.shape[1]]).max()
            unit = max(
                np.sqrt((wide**2).mean()) * spectrum.max(),
                8 * np.abs(wide).max() * np.abs(kernel).max(),
                np.abs(got).max() / 2,
            )
            if unit > 0:
                largest = max(largest, off / (unit * np.log2(n) * 2.0**-24))
    return largest


@click.command()
@click.option("--cases", default=1000, help="How many to draw.")
@click.option("--seed", default=0, help="Of the first one.")
@click.option("--method", default="auto")
@click.option("--tiles", default=0, help="Measure tiles of this size instead.")
def main(cases: int, seed: int, method: str, tiles: int) -> None:
    """Search, or measure."""
    if tiles:
        print(f"{tiles}: {max(tile_error(tiles, seed + i) for i in range(cases)):.2f}")
    else:
        sys.exit(search(cases, seed, method) > 0)


if __name__ == "__main__":
    main()
