# SPDX-License-Identifier: BSD-3-Clause
"""Options: check images, kernels, numbers and outputs, and convert them for the rest of the
library.

Each function returns the converted argument, or raises an exception that names it, what came and
what is allowed.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from ._arguments import array_of
from ._borders import canonical
from ._engine.calls import magnitude
from ._pixels import Floats, pixel_of

# Libraries whose arrays are served by the adapter of the same name in fastconv/containers.
HOSTS = ("dask", "xarray")


@dataclass(frozen=True, eq=False)
class Product:
    """The kernel ``np.outer(column, row)`` of finite weights, kept as its two lines."""

    column: Floats
    row: Floats

    ndim = 2
    dtype = np.dtype(np.float64)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        return len(self.column), len(self.row)

    @property
    def size(self) -> int:
        """Number of weights."""
        return len(self.column) * len(self.row)


def host_of(image: object) -> str | None:
    """The library in `HOSTS` of an image's class, or None. Only the class is read, so no library is
    imported.
    """
    for base in type(image).__mro__[:-1]:
        library = base.__module__.partition(".")[0]
        if library in HOSTS:
            return library
    return None


def as_image(image: ArrayLike) -> NDArray[Any]:
    if host_of(image) is not None:
        raise TypeError(
            f"image must be in memory here; got {type(image).__name__}: take a part of it"
        )
    a = array_of(image, "image")
    pixel_of(a.dtype, "image")
    return a


def as_kernel(kernel: ArrayLike, axes: int | None = 2, argument: str = "kernel") -> NDArray[Any]:
    """A kernel as float64 or complex128. It must have `axes` axes, or one or more if `axes` is
    None.
    """
    a = array_of(kernel, argument, "an array" if axes is None else f"a {axes}-D array")
    if a.dtype.kind not in "biufc":
        raise TypeError(f"{argument} must hold numbers; got dtype {a.dtype}")
    if axes is None and (a.ndim == 0 or a.size == 0):
        raise ValueError(f"{argument} must have an axis and not be empty; got shape {a.shape}")
    if axes is not None and (a.ndim != axes or a.size == 0):
        raise ValueError(f"{argument} must be {axes}-D and not empty; got shape {a.shape}")
    if a.dtype == np.float64:
        return a.astype(np.float64)
    with np.errstate(all="ignore"):
        weights = a.astype(np.complex128 if a.dtype.kind == "c" else np.float64)
    # compared as integers, since 2**53 + 1 as a float64 is 2**53
    if a.dtype.kind in "iu" and max(int(a.max()), -int(a.min())) > 2**53:
        raise ValueError(f"{argument} must hold integers within +-2**53; got larger ones")
    return weights


def as_dtype(dtype: DTypeLike, argument: str) -> np.dtype[Any]:
    try:
        found = np.dtype(dtype)
    except TypeError:
        raise TypeError(f"{argument} must be a NumPy type; got {dtype!r}") from None
    pixel_of(found, argument)
    return found


def as_index(value: object, argument: str) -> int:
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"{argument} must be an integer; got {value!r}") from None


def as_number(cval: complex) -> complex:
    if type(cval) is float:
        return cval
    a = array_of(cval, "cval")
    if a.ndim != 0 or a.dtype.kind not in "biufc":
        raise TypeError(f"cval must be a number; got {cval!r}")
    if a.dtype.kind in "iu" and int(a) != int(float(a)):
        raise ValueError(f"cval must be a number that float64 can hold; got {cval!r}")
    return complex(a) if a.dtype.kind == "c" else float(a)


def as_finite(value: float, argument: str) -> float:
    if type(value) is float and isfinite(value):
        return value
    a = array_of(value, argument)
    if a.ndim != 0 or a.dtype.kind not in "biuf":
        raise TypeError(f"{argument} must be a real number; got {value!r}")
    if not np.isfinite(a) or (a.dtype.kind in "iu" and int(a) != int(float(a))):
        raise ValueError(f"{argument} must be a finite number that float64 can hold; got {value!r}")
    return float(a)


def as_flag(value: bool, argument: str) -> bool:
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{argument} must be True or False; got {value!r}")
    return bool(value)


def as_each(value: object, axes: int, argument: str) -> tuple[int, ...]:
    """An integer for each of the kernel's axes, from one integer for all or from a sequence."""
    if not isinstance(value, (tuple, list, np.ndarray)) or np.ndim(value) == 0:
        return (as_index(value, argument),) * axes
    if len(value) != axes:
        raise ValueError(
            f"{argument} must be an integer or {_COUNTED.get(axes, f'{axes} of them')}; got {value!r}"
        )
    return tuple(as_index(each, argument) for each in value)


_COUNTED = {1: "a sequence of one", 2: "a pair of them"}


def as_steps(value: object, axes: int, argument: str) -> tuple[int, ...]:
    """Steps along each of the kernel's axes; None means 1."""
    steps = (1,) * axes if value is None else as_each(value, axes, argument)
    if min(steps) < 1:
        raise ValueError(f"{argument} must be at least 1; got {value!r}")
    return steps


def as_border(border: object, axes: int) -> str | tuple[str, ...]:
    """A single border for all of the kernel's axes, or a tuple if they differ."""
    if not isinstance(border, (tuple, list)):
        return canonical(border)  # type: ignore[arg-type]
    if len(border) != axes:
        raise ValueError(f"border must be one name, or one for each of {axes} axes; got {border!r}")
    names = tuple(canonical(name) for name in border)
    return names[0] if len(set(names)) == 1 else names


def as_origin(origin: object, size: tuple[int, ...], shape: str) -> tuple[int, ...]:
    if type(origin) is int and origin == 0:  # always within the bounds below
        return (0,) * len(size)
    shifts = as_each(origin, len(size), "origin")
    if any(shifts) and shape != "same":
        raise ValueError(
            f"origin must be 0 unless shape is 'same'; got {origin!r} with shape={shape!r}"
        )
    names = ("rows", "columns") if len(size) == 2 else ("taps",) * len(size)
    for value, length, name in zip(shifts, size, names, strict=True):
        # scipy.ndimage's bounds: the centre stays on the kernel
        low, high = -(length // 2), (length - 1) // 2
        if not low <= value <= high:
            raise ValueError(
                f"origin must be from {low} to {high} for a kernel of {length} {name}; got {value}"
            )
    return shifts


def type_of(out: NDArray[Any]) -> np.dtype[Any]:
    if not isinstance(out, np.ndarray):
        raise TypeError(f"out must be a NumPy array; got {type(out).__name__}")
    if out.dtype == np.bool_:
        raise TypeError("out must be of an integer, float or complex type; got bool")
    return out.dtype


def checked_out(
    out: NDArray[Any] | None, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> NDArray[Any]:
    if out is None:
        return np.empty(shape, dtype)
    if type_of(out) != dtype:
        raise TypeError(f"out must be of type {dtype}, as dtype asks; got {out.dtype}")
    if out.shape != shape:
        raise ValueError(f"out must have shape {shape}; got {out.shape}")
    if not out.flags.writeable:
        raise ValueError("out must be writable; got a read-only array")
    return out


def bits_of(a: NDArray[Any]) -> int:
    """The least n such that integers of 64 bits are within +-2**n, for their type says nothing of use; of
    other types 0. A power of two, so that plans are found again.
    """
    return magnitude(a) if a.dtype.kind in "iu" and a.dtype.itemsize == 8 else 0
