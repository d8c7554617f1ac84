# SPDX-License-Identifier: BSD-3-Clause
"""From a recipe to a program of the engine, and the one call that runs it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _levels
from ._borders import BORDERS
from ._engine import calls
from ._methods import DOT, LANES, Floats, Recipe, dot
from ._pixels import Pixel

# One axis: source pixels, position of the first window, number of windows.
Axis = tuple[int, int, int]


def execute(
    recipe: Recipe,
    src: NDArray[Any],
    dst: NDArray[Any],
    kernel: Floats,
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
    recipe : Recipe
    src, dst : ndarray, shape (..., H, W, C), real, any strides; of the same leading axes, no axis empty
    kernel : ndarray of float64, shape (h, w), C-contiguous
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
        program_of(recipe, kernel, source, target, src.shape[-1]), src, dst, source.code, target.code,
        rows, cols, (number, number), constant, recipe.cost, threads,
    )  # fmt: skip


def program_of(
    recipe: Recipe, kernel: Floats, source: Pixel, target: Pixel, channels: int
) -> Any:
    """The recipe as the engine wants it; made once for each number of channels."""
    key = _levels.level, channels
    if key not in recipe.programs:
        offsets, quads, spread = (
            dot.pack(recipe, channels) if recipe.code == DOT else _NO_GROUPS
        )
        recipe.programs[key] = _levels.engine.Program(
            kernel, recipe.code, LANES.index(recipe.lane), channels, recipe.across, recipe.down,
            *recipe.folds, offsets, quads, spread, recipe.places, recipe.tile, recipe.scale,
            recipe.divisor, float(target.low), float(target.high), recipe.guard, recipe.near,
            recipe.cut, recipe.plus,
        )  # fmt: skip
    return recipe.programs[key]


_NO_GROUPS = np.empty(0, np.intp), np.empty((0, 0, 0), np.int32), 0
