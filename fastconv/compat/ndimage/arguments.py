# SPDX-License-Identifier: BSD-3-Clause
"""Arguments that scipy.ndimage's functions share, checked as it checks them, and complex numbers in parts."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ..._arguments import array_of, warn
from ..._pixels import PIXELS

Array = NDArray[Any]
Output = Array | DTypeLike | None
Mode = str | Sequence[str]
# A result; the engine's call that made it, if it was one; predicted ns. See fastconv._engine.calls.offer.
Made = tuple[Array, Any, float]

_BORDERS = {
    "reflect": "reflect",
    "grid-mirror": "reflect",
    "mirror": "mirror",
    "nearest": "nearest",
    "wrap": "wrap",
    "grid-wrap": "wrap",
    "constant": "constant",
    "grid-constant": "constant",
}


@lru_cache(maxsize=64)
def _is_known(dtype: np.dtype[Any]) -> bool:
    """Whether scipy.ndimage reads and writes this type."""
    return dtype.name in PIXELS and dtype.name not in ("float16", "complex64", "complex128")


def border_of(mode: object) -> str:
    """The name that fastconv has for a mode."""
    try:
        return _BORDERS[mode]  # type: ignore[index]
    except (KeyError, TypeError):
        raise RuntimeError(f"mode must be one of {', '.join(_BORDERS)}; got {mode!r}") from None


def each(value: Any, count: int, name: str) -> list[Any]:
    """One value for each axis."""
    if value is None or isinstance(value, (str, float, int)) or not np.iterable(value):
        return [value] * count
    values = list(value)
    if len(values) != count:
        raise RuntimeError(
            f"sequence argument must have length equal to input rank: {name} needs {count} values; "
            f"got {len(values)}"
        )
    return values


def axis_of(axis: Any, ndim: int) -> int:
    """An axis, counted from the first."""
    index = operator.index(axis)
    if not -ndim <= index < ndim:
        raise np.exceptions.AxisError(index, ndim)
    return index % ndim


def axes_of(axes: Any, ndim: int) -> tuple[int, ...]:
    """The axes to filter. As SciPy, it looks at a single one only when that is filtered."""
    if axes is None:
        return tuple(range(ndim))
    if np.isscalar(axes):
        found: tuple[int, ...] = (operator.index(axes),)  # type: ignore[arg-type]
    elif isinstance(axes, Iterable):
        found = tuple(operator.index(axis) for axis in axes)
        for axis in found:
            if not -ndim <= axis < ndim:
                raise ValueError(
                    f"specified axis: {axis} is out of range; axes must be from {-ndim} to {ndim - 1}"
                )
        found = tuple(axis % ndim for axis in found)
    else:
        raise ValueError(f"axes must be an integer, iterable of integers, or None; got {axes!r}")
    if len(set(found)) != len(found):
        raise ValueError(f"axes must be unique; got {axes!r}")
    return found


def result_of(output: Any, image: Array, complex_: bool = False) -> Array:
    """The array to fill."""
    if output is None:
        if complex_:
            return np.zeros(image.shape, np.promote_types(image.dtype, np.complex64))
        return np.zeros(image.shape, image.dtype.newbyteorder("="))
    if isinstance(output, (type, np.dtype)):
        dtype = np.dtype(output)
        if complex_ and dtype.kind != "c":
            warn("promoting specified output dtype to complex", UserWarning)
            dtype = np.promote_types(dtype, np.complex64)
        return np.zeros(image.shape, dtype)
    if isinstance(output, str):
        dtype = np.dtype(output)
        if complex_ and dtype.kind != "c":
            raise RuntimeError(f"output must be of a complex type; got {output!r}")
        if not issubclass(dtype.type, np.number):
            raise RuntimeError(f"output must be of a numeric type; got {output!r}")
        return np.zeros(image.shape, dtype)
    array = array_of(output, "output")
    if array.shape != image.shape:
        raise RuntimeError(f"output must have shape {image.shape}; got {array.shape}")
    if complex_ and array.dtype.kind != "c":
        raise RuntimeError(f"output must be of a complex type; got {array.dtype}")
    return array


def apart(image: Array, dst: Array) -> Array:
    """The image, or a copy of it if filling `dst` bit by bit would change it."""
    return image.copy() if np.may_share_memory(image, dst) else image


def _check_types(src: Array, dst: Array, *, by_sample: bool) -> None:
    for name, array in (("input", src), ("output", dst)):
        # SciPy's windows look at the types when they come to the first sample
        if not _is_known(array.dtype) and (array.size or not by_sample):
            raise RuntimeError(
                f"{name} must be of type bool, (u)int8 to (u)int64, float32 or float64: array type "
                f"{array.dtype} not supported"
            )
    if not dst.flags.writeable:
        raise ValueError("output array is read-only: output must be writeable")


def real(cval: Any) -> float:
    """The constant as a float."""
    if isinstance(cval, (str, bytes)):
        raise TypeError(f"cval must be a real number; got {cval!r}")
    return float(cval)


def in_parts(
    run: Callable[[Array, Array, float], tuple[Any, float]],
    src: Array,
    dst: Array,
    cval: Any,
    *,
    by_sample: bool = False,
) -> Made:
    """Run once for a real image, and twice for a complex one."""
    if src.dtype.kind != "c":
        _check_types(src, dst, by_sample=by_sample)
        constant = real(cval)
        if not dst.size:
            return dst, None, 0.0
        return dst, *run(src, dst, constant)
    if dst.dtype.kind != "c":
        raise RuntimeError(f"output must be of a complex type; got {dst.dtype}")
    for a, b, constant in (
        (src.real, dst.real, np.real(cval)),
        (src.imag, dst.imag, np.imag(cval)),
    ):
        in_parts(run, a, b, constant, by_sample=by_sample)
    return dst, None, 0.0


def complex_weights(
    part: Callable[[Array, Array, Any, Any], Array],
    image: Array,
    weights: Array,
    result: Array,
    cval: Any,
) -> Array:
    """Complex weights: real filters of the parts, added up."""
    image = apart(image, result)
    if image.dtype.kind == "c":
        part(image.real, weights.real, result.real, np.real(cval))
        result.real -= part(image.imag, weights.imag, None, np.imag(cval))
        part(image.real, weights.imag, result.imag, np.real(cval))
        result.imag += part(image.imag, weights.real, None, np.imag(cval))
        return result
    if np.iscomplexobj(cval):
        raise ValueError(f"cval must be real for a real input: Cannot provide {cval!r}")
    part(image, weights.real, result.real, cval)
    part(image, weights.imag, result.imag, cval)
    return result
