# SPDX-License-Identifier: BSD-3-Clause
"""Which method, with sums of which type, at what cost, and why: the planner in C (src/planner.pyx), asked
with arrays and pixel types.
"""

from __future__ import annotations

from . import _levels
from ._engine import planner
from ._engine.planner import Kernel, Strategy
from ._pixels import Pixel

METHODS = planner.METHODS


def decide(
    kernel: Kernel,
    source: Pixel,
    target: Pixel,
    samples: tuple[float, float, bool],
    size: tuple[int, int],
    channels: int,
    method: str,
    offset: float,
    absolute: bool,
) -> Strategy:
    """Choose a method for the level that runs.

    Parameters
    ----------
    kernel : Kernel
    source, target : Pixel
        Types of the samples read and written.
    samples : (low, high, integral)
        Range of samples and constant, infinite for floats, and whether all are integers.
    size : (int, int)
        Height and width of the result.
    channels : int
        Samples of a pixel.
    method : str
        "auto" or a name in `METHODS`.
    offset : float
        A number that is added to every result before it is rounded.
    absolute : bool
        Whether the magnitudes of these are the results.

    Raises
    ------
    ValueError
        `method` cannot do this, or the exact result cannot be had.
    """
    return planner.decide(
        kernel, source.code, target.code, *samples, *size, channels, method, _levels.level, offset, absolute
    )  # fmt: skip


def rejected(
    kernel: Kernel,
    source: Pixel,
    target: Pixel,
    samples: tuple[float, float, bool],
    size: tuple[int, int],
    channels: int,
    method: str,
    offset: float,
    absolute: bool,
) -> tuple[tuple[str, str], ...]:
    """Method and reason of all that `decide`, given the same, does not take."""
    return planner.rejected(
        kernel, source.code, target.code, *samples, *size, channels, method, _levels.level, offset, absolute
    )  # fmt: skip
