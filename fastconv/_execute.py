# SPDX-License-Identifier: BSD-3-Clause
"""From a strategy and two arrays to the call of the engine."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

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
    border: str | tuple[str, ...],
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
    border : str or (str, str)
        Border of both axes, or of rows and of columns.
    constant : (float, float)
        Constant of even and of odd channels.
    threads : int or None

    Returns
    -------
    Bound or None
        Repeats the call with other arrays of these layouts. None if the call took more than one
        request.
    """
    down, across = (border, border) if isinstance(border, str) else border
    known = kernel if isinstance(kernel, Kernel) else Kernel(kernel)
    return calls.execute(
        calls.program_of(strategy, known, target.code, src.shape[-1]), src, dst, source.code, target.code,
        rows, cols, (BORDERS.index(down), BORDERS.index(across)), constant, strategy.cost, threads,
    )  # fmt: skip


def execute_volume(
    program: Any,
    src: NDArray[Any],
    dst: NDArray[Any],
    source: Pixel,
    target: Pixel,
    windows: tuple[Axis, ...],
    borders: tuple[str, ...],
    constant: tuple[float, float],
    cost: float,
    threads: int | None,
) -> Any:
    """Fill `dst` from `src`, over three axes.

    Parameters
    ----------
    program : Program of an engine, with slices
    src, dst : ndarray, shape (..., D, H, W, C), real, any strides; of the same leading axes, no axis empty
    source, target : Pixel
    windows : three (length, start, count)
        For slices, rows and columns, as in `execute`. The program holds the steps between windows.
    borders : (str, str, str)
    constant : (float, float)
        Constant of even and of odd channels.
    cost : float
        Predicted ns for each sample of the result, on one thread.
    threads : int or None

    Returns
    -------
    BoundVolume
        Repeats the call with other arrays of these layouts.
    """
    numbers = tuple(map(BORDERS.index, borders))
    return calls.execute_volume(
        program, src, dst, source.code, target.code, windows, numbers, constant, cost, threads
    )
