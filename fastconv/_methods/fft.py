# SPDX-License-Identifier: BSD-3-Clause
"""FFT: tiles of the picture by way of spectra (src/fft.pxi).

Integers are rounded under guard. Floats are proven tile by tile, or had another way (src/bound.pxi).
"""

from __future__ import annotations

import numpy as np

from . import FFT, ROUNDING, Facts, Lane, Recipe, Work, price

NAME = "fft"

# What a tile without a neighbour costs beyond the half of a pair, in such halves: measured 0.41 to 0.61.
ALONE = 0.5
# fmt: off
TILES = (
    32, 48, 64, 80, 96, 128, 144, 160, 192, 240, 256, 288, 320, 384, 480, 512, 576, 640, 768, 1024,
)
# fmt: on


def propose(facts: Facts, lane: Lane) -> Recipe | str:
    """See `fastconv._methods`."""
    height, width = facts.kernel.shape
    if lane == "strict":
        return "the definition's order of taps is not an FFT's"
    if not facts.finite:
        return "the kernel is not finite"
    if 0 < facts.weight < 2.0**-900:  # a spectrum is divided by the samples of a tile
        return "the weights are too small for spectra"
    tiles = [n for n in TILES if n >= max(height, width)]
    if max(height, width) > TILES[-1] // 2:
        return f"the kernel is larger than {TILES[-1] // 2} pixels"
    n = min(tiles, key=lambda n: price(work_of(facts, n), lane, facts.level))
    return Recipe(
        NAME,
        FFT,
        lane,
        work_of(facts, n),
        f"spectra of tiles of {n} x {n}, whatever the number of taps",
        error_bound(facts, lane, n),
        tile=n,
    )


def work_of(facts: Facts, n: int) -> Work:
    """Tiles of n x n, in pairs; the last of a row may be alone, which takes three quarters of a pair."""
    down = -(-facts.size[0] // (n - facts.kernel.shape[0] + 1))
    across = -(-facts.size[1] // (n - facts.kernel.shape[1] + 1))
    apart = 1 if facts.target.integer else facts.channels  # see tile_row in src/fft.pxi
    together = across * facts.channels // apart
    tiles = down * apart * (together + together % 2 * ALONE)
    share = tiles * n * n / max(1, facts.size[0] * facts.size[1] * facts.channels)
    return {
        f"fft {n}": share,
        f"load {facts.source.stored}": share,
        f"store {facts.target.name}": 1.0,
    }


def error_bound(facts: Facts, lane: Lane, n: int) -> float:
    """How far a result may be off, for samples of magnitude up to the image's peak.

    Each of the 2 log2 n levels of three transforms, the kernel's among them, is off by at most some
    7 roundings in the Euclidean norm (Higham, Accuracy and Stability of Numerical Algorithms, 24.1), which
    no single result can exceed. Butterflies of 5, some 2.3 levels, may be off by 22, which is more than
    their share; those of 4 and 8, of which each n has two, leave more than that of theirs.
    """
    norm = np.sqrt(2.0) * n * facts.peak
    return float(1.1 * 3 * 2 * np.log2(n) * 7 * ROUNDING[lane] * norm * facts.weight)
