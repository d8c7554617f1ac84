# SPDX-License-Identifier: BSD-3-Clause
"""Windows of any number of axes: two axes in the engine, more by SciPy or else in NumPy."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ... import _levels
from ..._arguments import array_of, quiet
from ..._borders import extended
from ..._engine import calls
from ..._engine.planner import sample_range
from ..._execute import execute, execute_volume
from ..._pixels import Floats, pixel_of
from ..._planner import decide, known_kernel
from .. import originals
from . import axis_filters
from .arguments import (
    Array,
    Made,
    Output,
    apart,
    axes_of,
    border_of,
    complex_weights,
    each,
    in_parts,
    result_of,
)
from .axis_filters import Filter

_EPS = float(np.finfo(np.float64).eps)


@quiet
def _window(
    input: Any, weights: Array, output: Any, mode: Any, cval: Any, origin: Any, axes: Any,
    flipped: bool,
) -> Made:  # fmt: skip
    """Correlate, or convolve if `flipped`."""
    image = array_of(input, "input")
    if image.dtype.kind == "c" or weights.dtype.kind == "c":
        if weights.dtype.kind == "c" and not flipped:
            weights = weights.conj()

        def part(a: Array, w: Array, out: Any, constant: Any) -> Array:
            return _window(a, w, out, mode, constant, origin, axes, flipped)[0]

        result = result_of(output, image, complex_=True)
        if weights.dtype.kind == "c":
            return complex_weights(part, image, weights, result, cval), None, 0.0
        image = apart(image, result)
        part(image.real, weights, result.real, np.real(cval))
        part(image.imag, weights, result.imag, np.imag(cval))
        return result, None, 0.0
    w, origins = _placed(image, weights, origin, axes_of(axes, image.ndim), flipped)
    dst = result_of(output, image)
    if not isinstance(mode, str) and isinstance(mode, Iterable):
        raise RuntimeError(f"A sequence of modes is not supported: mode must be one; got {mode!r}")
    border = border_of(mode)

    def run(src: Array, to: Array, constant: float) -> tuple[Any, float]:
        long = sum(n > 1 for n in w.shape)
        if long > 3:
            _handed_back(src, w, to, border, constant, origins)
            return None, 0.0
        if long == 3:
            return None, _volume(src, w, to, border, constant, origins)
        return _in_engine(src, w, to, border, constant, origins)

    return in_parts(run, image, dst, cval, by_sample=True)


def _placed(
    image: Array, weights: Array, origin: Any, axes: tuple[int, ...], flipped: bool
) -> tuple[Floats, list[int]]:
    """Weights and origins of all axes of the image, as they lie on the window."""
    w = np.asarray(weights, dtype=np.float64)
    if len(axes) < image.ndim:
        if w.ndim != len(axes):
            raise RuntimeError(f"weights.ndim ({w.ndim}) must match len(axes) ({len(axes)})")
        w = np.expand_dims(w, tuple(k for k in range(image.ndim) if k not in axes))
    origins = [operator.index(o) for o in each(origin, len(axes), "origin")]
    if (
        len(axes) < image.ndim
    ):  # else SciPy takes them in the order of the image's axes, as the weights
        given, origins = origins, [0] * image.ndim
        for k, o in zip(axes, given, strict=True):
            origins[k] = o
    filled = sum(n > 0 for n in w.shape)
    if filled != image.ndim:
        raise RuntimeError(f"weights.ndim ({filled}) must match len(axes) ({len(axes)})")
    if flipped:
        w = np.flip(w)
        origins = [-o - (1 - n % 2) for o, n in zip(origins, w.shape, strict=True)]
    for o, n in zip(origins, w.shape, strict=True):
        if not -(n // 2) <= o <= (n - 1) // 2:
            raise ValueError(
                f"Invalid origin; origin must satisfy -(weights.shape[k] // 2) <= origin[k] <= "
                f"(weights.shape[k]-1) // 2; got {origin} for weights of shape {w.shape}"
            )
    # scipy.ndimage drops small weights, and NaN
    return np.where(np.abs(w) > _EPS, w, 0.0), origins


def _in_engine(
    src: Array, w: Floats, dst: Array, border: str, cval: float, origins: list[int]
) -> tuple[Any, float]:
    overlapping = np.may_share_memory(src, dst)
    to = np.empty(dst.shape, dst.dtype) if overlapping else dst
    ky, kx, axes = _two_axes(w)
    a, b = _as_rows(src, to, axes)
    kernel = known_kernel(w.reshape(ky, kx))
    source, target = pixel_of(src.dtype, "input"), pixel_of(dst.dtype, "output")
    strategy = decide(
        kernel, source, target, sample_range(source.code, 64, cval if border == "constant" else 0.0),
        (a.shape[-3], a.shape[-2]), a.shape[-1], "auto", order="definition", cast_mode="cast back",
    )  # fmt: skip
    places = [
        (length, -(n // 2 + o), length)
        for length, n, o in zip(
            a.shape[-3:-1], (ky, kx), [0 if k is None else origins[k] for k in axes], strict=True
        )
    ]
    call = execute(
        strategy, a, b, kernel, source, target, places[0], places[1], border, (cval, cval), None
    )
    if overlapping:
        dst[...] = to
    return (None if overlapping else call), strategy.cost * dst.size


def _volume(
    src: Array, w: Floats, dst: Array, border: str, cval: float, origins: list[int]
) -> float:
    """Windows of three axes, whose rows are listed slice by slice: SciPy's order of taps."""
    to = np.empty(dst.shape, dst.dtype) if np.may_share_memory(src, dst) else dst
    axes = [k for k, n in enumerate(w.shape) if n > 1]
    a, b = (np.moveaxis(array, axes, (-3, -2, -1))[..., np.newaxis] for array in (src, to))
    slices, rows, columns = (w.shape[k] for k in axes)
    kernel = known_kernel(w.reshape(slices * rows, columns))
    source, target = pixel_of(src.dtype, "input"), pixel_of(dst.dtype, "output")
    strategy = decide(
        kernel, source, target, sample_range(source.code, 64, cval if border == "constant" else 0.0),
        (a.shape[-3], a.shape[-2]), 1, "auto", order="definition", cast_mode="cast back",
    )  # fmt: skip
    program = _levels.engine.Program(kernel, strategy, 1, target.code, slices, (1, 1, 1))
    windows = tuple((src.shape[k], -(w.shape[k] // 2 + origins[k]), src.shape[k]) for k in axes)
    execute_volume(
        program, a, b, source, target, windows, (border,) * 3, (cval, cval), strategy.cost, None
    )
    if to is not dst:
        dst[...] = to
    return strategy.cost * dst.size


def _two_axes(w: Floats) -> tuple[int, int, tuple[int | None, int | None]]:
    """Height and width of a window, and the axes they lie along; None for one that there is not."""
    long = [k for k, n in enumerate(w.shape) if n > 1]
    if len(long) == 2:
        return w.shape[long[0]], w.shape[long[1]], (long[0], long[1])
    if w.ndim < 2:
        return 1, w.size, (None, 0 if w.ndim else None)
    down = long[0] if long and long[0] < w.ndim - 1 else w.ndim - 2
    return w.shape[down], w.shape[down + 1], (down, down + 1)


def _as_rows(src: Array, dst: Array, axes: tuple[int | None, int | None]) -> tuple[Array, Array]:
    """Views of shape (..., H, W, C)."""
    down, across = axes
    if across is None:
        return src.reshape(1, 1, 1), dst.reshape(1, 1, 1)
    if down is None:
        return src[np.newaxis, :, np.newaxis], dst[np.newaxis, :, np.newaxis]
    if across == down + 1 and across < src.ndim - 1:  # the axes behind are one of channels
        shape = (*src.shape[: across + 1], math.prod(src.shape[across + 1 :]))
        a, b = src.reshape(shape), dst.reshape(shape)
        if np.may_share_memory(a, src) and np.may_share_memory(b, dst):
            return a, b
    a, b = (np.moveaxis(array, (down, across), (-2, -1)) for array in (src, dst))
    return a[..., np.newaxis], b[..., np.newaxis]


def _handed_back(
    src: Array, w: Floats, dst: Array, border: str, cval: float, origins: list[int]
) -> None:
    """Windows of four and more axes: SciPy's, or else tap by tap in NumPy, in the same order."""
    scipy = originals.find("scipy.ndimage", "correlate")
    if scipy is not None:
        scipy(src, w, dst, border, cval, origins)
        return
    total = np.zeros(src.shape)
    padded = src.astype(np.float64)
    for k, (n, o) in enumerate(zip(w.shape, origins, strict=True)):
        padded = extended(padded, k, -(n // 2 + o), src.shape[k] + n - 1, border, cval)
    for at in zip(*np.nonzero(w), strict=True):
        windows = tuple(slice(i, i + n) for i, n in zip(at, src.shape, strict=True))
        total += w[at] * padded[windows]
    identity = [Filter(0, axis_filters.fold(np.ones(1)), "nearest", 0)]  # for its cast
    axis_filters.run(identity, total, dst, 0.0)


@calls.repeatable("input", "output")
def correlate(
    input: ArrayLike,
    weights: ArrayLike,
    output: Output = None,
    mode: str = "reflect",
    cval: float = 0.0,
    origin: int | Sequence[int] = 0,
    *,
    axes: int | tuple[int, ...] | None = None,
) -> Array:
    """Correlate, as scipy.ndimage.correlate.

    Parameters
    ----------
    input : array_like
        bool, integer, float32, float64 or complex.
    weights : array_like
        With as many axes as are filtered.
    output : ndarray or dtype, optional
        Where to put the result, or its type: the input's by default. Integers are truncated and wrap around.
    mode : {"reflect", "mirror", "nearest", "wrap", "constant", "grid-mirror", "grid-wrap", "grid-constant"}
    cval : number
        The constant of ``mode="constant"``.
    origin : int or sequence of int, one an axis
        Shift of the window, within it.
    axes : int or tuple of int, optional
        Axes to filter: all by default.

    Returns
    -------
    ndarray
        Of the input's shape; `output` itself if that is an array.

    Examples
    --------
    >>> import fastconv, numpy as np
    >>> fastconv.ndimage.correlate(np.arange(4).reshape(2, 2), [[0, 1], [0, 2]]).tolist()
    [[0, 3], [4, 7]]
    """
    return calls.offer(
        input, _window(input, array_of(weights, "weights"), output, mode, cval, origin, axes, False)
    )


@calls.repeatable("input", "output")
def convolve(
    input: ArrayLike,
    weights: ArrayLike,
    output: Output = None,
    mode: str = "reflect",
    cval: float = 0.0,
    origin: int | Sequence[int] = 0,
    *,
    axes: int | tuple[int, ...] | None = None,
) -> Array:
    """Convolve, as scipy.ndimage.convolve.

    Parameters
    ----------
    input : array_like
        bool, integer, float32, float64 or complex.
    weights : array_like
        With as many axes as are filtered.
    output : ndarray or dtype, optional
        Where to put the result, or its type: the input's by default. Integers are truncated and wrap around.
    mode : {"reflect", "mirror", "nearest", "wrap", "constant", "grid-mirror", "grid-wrap", "grid-constant"}
    cval : number
        The constant of ``mode="constant"``.
    origin : int or sequence of int, one an axis
        Shift of the window, within it.
    axes : int or tuple of int, optional
        Axes to filter: all by default.

    Returns
    -------
    ndarray
        Of the input's shape; `output` itself if that is an array.

    Examples
    --------
    >>> import fastconv, numpy as np
    >>> fastconv.ndimage.convolve(np.arange(4).reshape(2, 2), [[0, 1], [0, 2]]).tolist()
    [[2, 5], [6, 9]]
    """
    return calls.offer(
        input, _window(input, array_of(weights, "weights"), output, mode, cval, origin, axes, True)
    )
