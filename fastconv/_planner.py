# SPDX-License-Identifier: BSD-3-Clause
"""The planner: method, type of sums, cost and reason. This calls the planner in C (src/planner.pyx)
with arrays and pixel types.
"""

from __future__ import annotations

from functools import lru_cache

from . import _levels
from ._engine import planner
from ._engine.planner import Kernel, Strategy
from ._pixels import Floats, Pixel

METHODS = planner.METHODS


@lru_cache(maxsize=256)
def _kernel(weights: bytes, shape: tuple[int, int]) -> Kernel:
    return Kernel(memoryview(weights).cast("d", shape))


def known_kernel(weights: Floats) -> Kernel:
    """The planner's kernel of these weights: the same object for equal weights, so that its
    strategies are kept.

    Parameters
    ----------
    weights : ndarray, shape (h, w)
        As they lie on the window.
    """
    return _kernel(weights.tobytes(), weights.shape)


def decide(
    kernel: Kernel,
    source: Pixel,
    target: Pixel,
    samples: tuple[float, float, bool],
    size: tuple[int, int],
    channels: int,
    method: str,
    offset: float = 0,
    absolute: bool = False,
    *,
    order: str = "any",
    cast_mode: str = "rounded",
    slices: int = 0,
    steps: tuple[int, int] = (1, 1),
    dilated: bool = False,
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
        Whether the results are the magnitudes of the sums with the offset.
    order : {"any", "definition", "convolve2d", "convolve2d reversed"}
        Order in which products are added: "any" gives the definition's results, the others SciPy's.
    cast_mode : {"rounded", "cast", "cast back", "wrapped"}
        How sums become integers. The definition's results are "rounded".
    slices : int
        Number of slices of a kernel of three axes, whose rows `kernel` lists slice by slice; 0 for
        two axes.
    steps : (int, int)
        From one of the results of such a kernel to the next one, down and across.
    dilated : bool
        Whether the taps of a picture's kernel stand some pixels apart.

    Raises
    ------
    ValueError
        `method` cannot do this, or no exact result is possible.
    """
    return planner.decide(
        kernel, source.code, target.code, *samples, *size, channels, method, _levels.level, offset, absolute,
        order, cast_mode, slices, steps, dilated,
    )  # fmt: skip


def rejected(
    kernel: Kernel,
    source: Pixel,
    target: Pixel,
    samples: tuple[float, float, bool],
    size: tuple[int, int],
    channels: int,
    method: str,
    offset: float = 0,
    absolute: bool = False,
    *,
    slices: int = 0,
    steps: tuple[int, int] = (1, 1),
    dilated: bool = False,
) -> tuple[tuple[str, str], ...]:
    """Method and reason of each method that `decide`, given the same arguments, does not take."""
    return planner.rejected(
        kernel, source.code, target.code, *samples, *size, channels, method, _levels.level, offset, absolute,
        slices, steps, dilated,
    )  # fmt: skip
