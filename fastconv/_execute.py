# SPDX-License-Identifier: BSD-3-Clause
"""The one call into the engine: arrays become bytes with strides, a border two index tables.

The engine sees every array as (plane, row, pixel, channel, byte of the sample), so one entry serves all
types, byte orders and strides, and nothing is copied to get there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _levels, _threads
from ._borders import index_table
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
    fill: Floats,
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
        See `fastconv._borders.index_table`.
    border : str
    fill : ndarray of float64, shape (C,)
        The constant.
    threads : int or None

    Returns
    -------
    Call of the engine, or None
        It fills any other such `dst` from any other such `src`; None if one was not enough.
    """
    count = _threads.threads_for(recipe.cost * dst.size, threads)
    row_table = index_table(rows[0], rows[1], rows[2] + kernel.shape[0] - 1, border)
    col_table = index_table(cols[0], cols[1], cols[2] + kernel.shape[1] - 1, border)
    inner_begin = min(max(-cols[1], 0), len(col_table))
    inner_end = max(inner_begin, min(cols[0] - cols[1], len(col_table)))
    program = _program(recipe, kernel, source, target, src.shape[-1])
    calls = []
    for source_planes, target_planes in _planes(src, dst):
        a, b = _bytes(source_planes), _bytes(target_planes)
        call = program.bind(
            a, source.code, not src.dtype.isnative, b, target.code, not dst.dtype.isnative,
            row_table, col_table, -cols[1], inner_begin, inner_end, fill,
        )  # fmt: skip
        call.run(a, b, count)
        calls.append(call)
    return calls[0] if len(calls) == 1 else None


def _program(recipe: Recipe, kernel: Floats, source: Pixel, target: Pixel, channels: int) -> Any:
    """The recipe as the engine wants it; made once for each number of channels."""
    key = _levels.level, channels
    if key not in recipe.programs:
        recipe.programs[key] = _new_program(recipe, kernel, source, target, channels)
    return recipe.programs[key]


def _new_program(
    recipe: Recipe, kernel: Floats, source: Pixel, target: Pixel, channels: int
) -> Any:
    offsets, quads, spread = dot.pack(recipe, channels) if recipe.code == DOT else _NO_GROUPS
    weights = recipe.kernel if recipe.kernel.size else kernel
    return _levels.engine.Program(
        weights, recipe.code, LANES.index(recipe.lane), channels, recipe.across, recipe.down,
        *recipe.folds, offsets, quads, spread, recipe.places, recipe.tile, recipe.scale, recipe.divisor,
        float(target.low), float(target.high), recipe.guard, recipe.near, recipe.cut,
        recipe.plus,
    )  # fmt: skip


_NO_GROUPS = np.empty(0, np.intp), np.empty((0, 0, 0), np.int32), 0


def _bytes(a: NDArray[Any]) -> NDArray[np.uint8]:
    """The same memory with an axis more: the bytes of a sample."""
    return a[..., np.newaxis].view(np.uint8)


def _planes(src: NDArray[Any], dst: NDArray[Any]) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    """Both arrays as (planes, H, W, C), without a copy: one pair if the strides allow, else several."""
    if src.ndim == 4:
        yield src, dst
    elif src.ndim == 3:
        yield src[np.newaxis], dst[np.newaxis]
    elif _mergeable(src) and _mergeable(dst):
        yield from _planes(_merged(src), _merged(dst))
    else:
        for i in range(src.shape[0]):
            yield from _planes(src[i], dst[i])


def _mergeable(a: NDArray[Any]) -> bool:
    """Whether the first two axes are one axis in memory."""
    return 1 in a.shape[:2] or bool(a.strides[0] == a.shape[1] * a.strides[1])


def _merged(a: NDArray[Any]) -> NDArray[Any]:
    # as_strided, because reshape would copy without saying so
    step = a.strides[0] if a.shape[1] == 1 else a.strides[1]
    return np.lib.stride_tricks.as_strided(
        a, (a.shape[0] * a.shape[1], *a.shape[2:]), (step, *a.strides[2:])
    )
