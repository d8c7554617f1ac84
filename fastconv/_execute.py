# SPDX-License-Identifier: BSD-3-Clause
"""From a strategy to a program of the engine, and the one call that runs it."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from . import _levels
from ._borders import BORDERS
from ._engine import calls
from ._engine.planner import Kernel, Strategy
from ._pixels import Floats, Pixel

# One axis: source pixels, position of the first window, number of windows.
Axis = tuple[int, int, int]


def execute(
    strategy: Strategy,
    src: NDArray[Any],
    dst: NDArray[Any],
    kernel: Kernel | Floats,
    source: Pixel,
    target: Pixel,
    rows: Axis,
    cols: Axis,
    border: str,
    constant: tuple[float, float],
    threads: int | None,
) -> Any:
    """Fill `dst` from `src`.

    Parameters
    ----------
    strategy : Strategy
    src, dst : ndarray, shape (..., H, W, C), real, any strides; of the same leading axes, no axis empty
    kernel : Kernel, or ndarray of float64, shape (h, w), C-contiguous
        Weights as they lie on the window.
    source, target : Pixel
    rows, cols : (length, start, count)
        Source pixels, position of the first window's first tap, number of windows.
    border : str
    constant : (float, float)
        Of even and of odd channels.
    threads : int or None

    Returns
    -------
    Bound or None
        Fills any other such `dst` from any other such `src`; None if it took more than one request.
    """
    number = BORDERS.index(border)
    return calls.execute(
        program_of(strategy, kernel, target, src.shape[-1]), src, dst, source.code, target.code,
        rows, cols, (number, number), constant, strategy.cost, threads,
    )  # fmt: skip


def program_of(strategy: Strategy, kernel: Kernel | Floats, target: Pixel, channels: int) -> Any:
    """The strategy as the engine wants it; the last one is kept."""
    key = _levels.level, target.code, channels, kernel.shape
    kept = strategy.built.kept
    if kept is not None and kept[0] == key:
        return kept[1]
    if not isinstance(kernel, Kernel):
        kernel = Kernel(kernel)
    program = _levels.engine.Program(kernel, strategy, channels, target.code)
    strategy.built.kept = key, program
    return program
