# SPDX-License-Identifier: BSD-3-Clause
"""scipy.signal's convolve2d and correlate2d: its names, arguments, errors and results, to the last bit.

Public as ``fastconv.signal``. Integers wrap around as they do there, and are exact before that. SciPy is
not needed; complex numbers, long doubles, and 64-bit integers whose sums float64 cannot hold are handed to
it if it is there, and summed in NumPy if not.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._arguments import array_of, quiet
from .._borders import extended
from .._engine import calls
from .._engine.planner import sample_range
from .._execute import execute
from .._pixels import PIXELS, Floats
from .._planner import decide, known_kernel
from . import originals

__all__ = ["convolve2d", "correlate2d"]

Array = NDArray[Any]
Made = tuple[Array, Any, float]

_SHAPES = ("full", "same", "valid")
_BORDERS = {
    "fill": "constant",
    "pad": "constant",
    "wrap": "wrap",
    "circular": "wrap",
    "symm": "reflect",
    "symmetric": "reflect",
}


@quiet
def _convolve(
    in1: Any, in2: Array, _: None, mode: Any, boundary: Any, fillvalue: Any, flipped: bool
) -> Made:
    name = "convolve2d" if flipped else "correlate2d"
    image, kernel = array_of(in1, "in1"), in2
    if not image.ndim == kernel.ndim == 2:
        raise ValueError(
            f"{name} inputs must both be 2-D arrays; got {image.ndim}-D, {kernel.ndim}-D"
        )
    swapped = mode == "valid" and _swap_needed(image.shape, kernel.shape)
    if swapped:
        image, kernel = kernel, image
    if mode not in _SHAPES:
        raise ValueError(f"mode must be one of {', '.join(_SHAPES)}; got {mode!r}")
    if boundary not in _BORDERS:
        raise ValueError(f"boundary must be one of {', '.join(_BORDERS)}; got {boundary!r}")
    if not flipped and kernel.dtype.kind == "c":
        kernel = kernel.conj()
    fill = array_of(fillvalue, "fillvalue")
    if fill.size != 1:
        raise ValueError(
            f"`fillvalue` must be scalar or an array with one element; got {fillvalue!r}"
        )
    dtype = np.result_type(image.dtype, kernel.dtype)
    if dtype.kind == "b" or dtype == np.float16:
        raise ValueError(f"{name} not available for this type: {dtype}")
    made = None
    if fill.ndim == 0 and _fits(fill, dtype) and image.size and kernel.size:
        made = _in_engine(image, kernel, dtype, mode, _BORDERS[boundary], fill, flipped)
    if made is None:
        scipy = originals.find("scipy.signal", name)
        if scipy is not None:  # which also says what is wrong
            return scipy(in1, in2, mode, boundary, fillvalue), None, 0.0
        if dtype.kind in "iuf" and not _fits(fill, dtype):
            raise ValueError(f"could not cast `fillvalue` directly to {dtype}; got {fillvalue!r}")
        made = _tap_by_tap(image, kernel, dtype, mode, _BORDERS[boundary], fill, flipped), None, 0.0
    if swapped:  # the engine's call is not one for these arguments
        return (made[0] if flipped else made[0][::-1, ::-1]), None, 0.0
    return made


def _swap_needed(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    if a[0] >= b[0] and a[1] >= b[1]:
        return False
    if b[0] >= a[0] and b[1] >= a[1]:
        return True
    raise ValueError(
        f"For 'valid' mode, one must be at least as large as the other in every dimension; got {a}, {b}"
    )


def _fits(fill: Array, dtype: np.dtype[Any]) -> bool:
    if fill.dtype.kind not in "biuf":
        return False
    if dtype.kind not in "iu":
        return True
    limits = np.iinfo(dtype)
    return bool(np.isfinite(fill)) and limits.min <= int(fill) <= limits.max


def _placement(length: int, size: int, mode: str, flipped: bool) -> tuple[int, int]:
    """Where the first window begins, and how many there are."""
    if mode == "full":
        return 1 - size, length + size - 1
    if mode == "valid":
        return 0, length - size + 1
    before = (size - 1) // 2
    return before - (size - 1) if flipped else -before, length


def _in_engine(
    image: Array,
    kernel: Array,
    dtype: np.dtype[Any],
    mode: str,
    border: str,
    fill: Array,
    flipped: bool,
) -> Made | None:
    """None if the engine's sums would not be SciPy's."""
    if dtype.name not in PIXELS or dtype.kind == "c":
        return None
    with np.errstate(all="ignore"):
        constant = fill.astype(dtype).reshape(())
    weights = kernel.astype(dtype)
    if dtype.kind in "iu" and _peak(weights) > 2**53:
        return None  # float64 need not hold them
    wide = dtype.kind in "iu" and image.dtype.itemsize == 8  # what fits depends on the values
    source, target = PIXELS[image.dtype.name], PIXELS[dtype.name]
    on_window = known_kernel(_on_window(weights, flipped))
    samples = sample_range(source.code, calls.magnitude(image) if wide else 64, float(constant))
    rows, cols = (
        (length, *_placement(length, size, mode, flipped))
        for length, size in zip(image.shape, kernel.shape, strict=True)
    )
    try:
        strategy = decide(
            on_window, source, target, samples, (rows[2], cols[2]), 1, "auto",
            order="convolve2d reversed" if flipped else "convolve2d", cast_mode="wrapped",
        )  # fmt: skip
    except ValueError:
        if target.integer:  # whose sums are not exact
            return None
        raise
    dst = np.empty((rows[2], cols[2]), dtype)
    call = execute(
        strategy, image[..., np.newaxis], dst[..., np.newaxis], on_window, source, target, rows, cols,
        border, (float(constant), float(constant)), None,
    )  # fmt: skip
    return dst, (None if wide else call), strategy.cost * dst.size


def _peak(image: Array) -> int:
    return max(abs(int(image.min())), abs(int(image.max())))


def _on_window(weights: Array, flipped: bool) -> Floats:
    """As float64, in the order of the sums for floats, and as they lie on the window for integers."""
    w = weights.astype(np.float64)
    return np.ascontiguousarray(w[::-1, ::-1] if flipped and weights.dtype.kind in "iu" else w)


def _tap_by_tap(
    image: Array,
    kernel: Array,
    dtype: np.dtype[Any],
    mode: str,
    border: str,
    fill: Array,
    flipped: bool,
) -> Array:
    """The sum in NumPy, in the type of the result."""
    if not image.size or not kernel.size:
        raise ValueError(f"inputs must not be empty; got shapes {image.shape}, {kernel.shape}")
    padded = image.astype(dtype)
    shape = []
    for axis in (0, 1):
        length, size = image.shape[axis], kernel.shape[axis]
        start, count = _placement(length, size, mode, flipped)
        constant = fill.astype(dtype).reshape(())
        padded = extended(padded, axis, start, count + size - 1, border, constant)
        shape.append(count)
    result = np.zeros(shape, dtype)
    for ky, kx in np.ndindex(*kernel.shape):
        y, x = (kernel.shape[0] - 1 - ky, kernel.shape[1] - 1 - kx) if flipped else (ky, kx)
        result += dtype.type(kernel[ky, kx]) * padded[y : y + shape[0], x : x + shape[1]]
    return result


@calls.repeatable("in1")
def convolve2d(
    in1: ArrayLike,
    in2: ArrayLike,
    mode: str = "full",
    boundary: str = "fill",
    fillvalue: float = 0,
) -> Array:
    """Convolve two 2-D arrays, as scipy.signal.convolve2d.

    Parameters
    ----------
    in1, in2 : array_like, 2-D
        Of integers, floats or complex numbers.
    mode : {"full", "same", "valid"}
        All windows that touch `in1`; as many as it has samples; those within it.
    boundary : {"fill", "wrap", "symm"}
        What stands outside: a constant, the array again, its mirror image.
    fillvalue : number
        The constant.

    Returns
    -------
    ndarray
        Of the type that NumPy would give the product. Integers wrap around.

    Raises
    ------
    ValueError
        Where scipy.signal raises it.

    Examples
    --------
    >>> import fastconv
    >>> fastconv.signal.convolve2d([[1, 2]], [[1, 10]]).tolist()
    [[1, 12, 20]]
    """
    kernel = array_of(in2, "in2")
    return calls.offer(in1, _convolve(in1, kernel, None, mode, boundary, fillvalue, True))


@calls.repeatable("in1")
def correlate2d(
    in1: ArrayLike,
    in2: ArrayLike,
    mode: str = "full",
    boundary: str = "fill",
    fillvalue: float = 0,
) -> Array:
    """Correlate two 2-D arrays, as scipy.signal.correlate2d.

    Parameters
    ----------
    in1, in2 : array_like, 2-D
        Of integers, floats or complex numbers; `in2` is conjugated.
    mode : {"full", "same", "valid"}
        All windows that touch `in1`; as many as it has samples; those within it.
    boundary : {"fill", "wrap", "symm"}
        What stands outside: a constant, the array again, its mirror image.
    fillvalue : number
        The constant.

    Returns
    -------
    ndarray
        Of the type that NumPy would give the product. Integers wrap around.

    Examples
    --------
    >>> import fastconv
    >>> fastconv.signal.correlate2d([[1, 2]], [[1, 10]]).tolist()
    [[10, 21, 2]]
    """
    kernel = array_of(in2, "in2")
    return calls.offer(in1, _convolve(in1, kernel, None, mode, boundary, fillvalue, False))
