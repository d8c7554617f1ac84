# SPDX-License-Identifier: BSD-3-Clause
"""FFT: tiles of the picture by way of spectra (src/fft.pxi)."""

from __future__ import annotations

import numpy as np

from . import FFT, FFT_COST, ROUNDING, Facts, Lane, Recipe

NAME = "fft"

TILES = (32, 64, 128, 256, 512, 1024)


def propose(facts: Facts, lane: Lane) -> Recipe | str:
    """See `fastconv._methods`."""
    height, width = facts.kernel.shape
    if lane == "strict":
        return "the definition's order of taps is not an FFT's"
    if not facts.finite:
        return "the kernel is not finite"
    tiles = [n for n in TILES if n >= 2 * max(height, width) or n == TILES[-1]]
    if max(height, width) > TILES[-1] // 2:
        return f"the kernel is larger than {TILES[-1] // 2} pixels"
    costs = {n: _cost(facts, lane, n) for n in tiles}
    n = min(tiles, key=lambda n: costs[n])
    return Recipe(
        NAME,
        FFT,
        lane,
        costs[n],
        f"spectra of tiles of {n} x {n}, whatever the number of taps",
        error_bound(facts, lane, n),
        tile=n,
    )


def _cost(facts: Facts, lane: Lane, n: int) -> float:
    """ns per sample: whole tiles, pairs of neighbours."""
    down = -(-facts.size[0] // (n - facts.kernel.shape[0] + 1))
    pairs = -(-facts.size[1] // (2 * (n - facts.kernel.shape[1] + 1)))
    cost: float = (
        down * pairs * 2 * n * n * FFT_COST[lane][n] / max(1, facts.size[0] * facts.size[1])
    )
    return cost


def error_bound(facts: Facts, lane: Lane, n: int) -> float:
    """How far a result may be off, for samples of magnitude up to the image's peak.

    Each of the 2 log2 n levels of three transforms, the kernel's among them, is off by at most some
    7 roundings in the Euclidean norm (Higham, Accuracy and Stability of Numerical Algorithms, 24.1), which
    no single result can exceed.
    """
    norm = np.sqrt(2.0) * n * facts.peak
    return float(1.1 * 3 * 2 * np.log2(n) * 7 * ROUNDING[lane] * norm * facts.weight)
