# SPDX-License-Identifier: BSD-3-Clause
"""What an image, a kernel and an output may be: arrays that are nothing but their numbers.

NumPy makes an array of nearly anything, and drops what an array cannot hold: a mask, a unit. A filter that
did the same would give numbers that look right. So both are refused (but `convolve` knows what to do with
NumPy's masked arrays), by what an object says of itself
(``mask``; ``unit`` or ``units``), whatever library it comes from; none is imported for it. A mask that masks
nothing, and a unit of 1, lose nothing and pass.

All of this is looked at when a call is made for the first time; what is a plain array costs a comparison.
"""

from __future__ import annotations

import functools
import inspect
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "ChannelAxisWarning",
    "array_of",
    "check_finite",
    "colour_axis",
    "known_axes",
    "output_of",
    "quiet",
    "refuse",
    "warn",
    "warn_of_channels",
]

Array = NDArray[Any]
P = ParamSpec("P")
T = TypeVar("T")

# Arrays that say nothing but their numbers.
_PLAIN = (np.ndarray, np.memmap)
_NUMBERS = (int, float, complex, np.generic)
# How units of 1 are written: by astropy, and by pint and unyt.
_NO_UNIT = ("", "dimensionless")
# Lengths of a last axis that are those of colours: LA or complex parts, RGB, RGBA or CMYK.
COLOURS = (2, 3, 4)


class ChannelAxisWarning(UserWarning):
    """The last axis of an array looks like colours, but is filtered like columns of pixels."""


# --- masks and units --------------------------------------------------------------------------------


def array_of(value: Any, argument: str, what: str = "an array") -> Array:
    """Return `value` as an array of NumPy's own class; a view where it is one of another class.

    Raises
    ------
    TypeError
        It has masked elements or a unit, or cannot be read from here, as a tensor that requires a gradient.
    ValueError
        It is ragged.
    """
    if type(value) in _PLAIN:
        return np.asarray(value)
    refuse(value, argument)
    try:
        a = np.asanyarray(value)
    except (TypeError, RuntimeError) as error:  # RuntimeError: of torch
        raise TypeError(
            f"{argument} must be {what}; got {type(value).__name__}: {error}"
        ) from error
    except ValueError as error:
        raise ValueError(
            f"{argument} must be {what}; got {type(value).__name__}: {error}"
        ) from None
    refuse(a, argument)  # what makes an array may make a masked one
    return np.asarray(a)


def output_of(out: Any, argument: str) -> Array:
    """Return the array to fill as one of NumPy's own class: a view of the same memory.

    Raises
    ------
    TypeError
        It is no array, or has masked elements, or a unit that need not be the result's.
    """
    if not isinstance(out, np.ndarray):
        raise TypeError(f"{argument} must be a NumPy array; got {type(out).__name__}")
    refuse(out, argument)
    return np.asarray(out)


def refuse(value: Any, argument: str) -> None:
    """Raise TypeError if an object has masked elements or a unit, or if one within a list has."""
    if type(value) in _PLAIN or isinstance(value, _NUMBERS):
        return
    if isinstance(value, (list, tuple)):
        for item in value:
            if isinstance(item, _NUMBERS):
                return  # a list of numbers holds nothing else, or NumPy says so
            refuse(item, argument)
        return
    for unit in (_said_of(value, "unit"), _said_of(value, "units")):
        if unit is not None and str(unit) not in _NO_UNIT:
            numbers = next((n for n in ("value", "magnitude") if hasattr(value, n)), "data")
            raise TypeError(
                f"{argument} must have no unit; got {type(value).__name__} in {unit}, which the result "
                f"would lose. Filter the numbers, {argument}.{numbers}, and give the result its unit"
            )
    if _is_masked(value):
        raise TypeError(
            f"{argument} must have no masked elements; got {type(value).__name__} with some, which would be "
            f"lost. Fill them first, as {argument}.filled(0), or leave the mask out on purpose: "
            f"np.ma.getdata({argument}); fastconv.convolve takes it, as mask="
        )
    meta = _said_of(value, "_meta")  # of a dask array: an empty chunk
    if isinstance(meta, np.ndarray) and type(meta) is not np.ndarray:
        refuse(meta, argument)
        if _said_of(meta, "mask") is not None:
            raise TypeError(
                f"{argument} must have no masked elements; got chunks of {type(meta).__name__}, whose masks "
                f"would be lost. Fill them first: dask.array.ma.filled({argument}, 0)"
            )


def _said_of(value: Any, name: str) -> Any:
    """What an attribute says, unless it is a method, or the name of a column or of a coordinate."""
    if not isinstance(value, np.ndarray) and inspect.getattr_static(value, name, None) is None:
        return None
    said = getattr(value, name, None)
    return None if inspect.isroutine(said) else said


def _is_masked(value: Any) -> bool:
    mask = _said_of(value, "mask")
    try:
        return mask is not None and bool(np.any(mask))
    except TypeError:  # of records, a mask for each field
        return True


# --- weights ----------------------------------------------------------------------------------------


def check_finite(kernel: Array, target: str) -> None:
    """Raise ValueError if weights are NaN or infinite, for a `target` of integers, which are neither."""
    finite = np.isfinite(kernel)
    if finite.all():
        return
    wrong = kernel[~finite]
    raise ValueError(
        f"kernel must hold finite weights for a result of type {target}; got {wrong[0]} in {wrong.size} of "
        f"{kernel.size} (was it divided by a sum of 0?)"
    )


# --- colours ----------------------------------------------------------------------------------------

_axes_are_known: ContextVar[bool] = ContextVar("axes_are_known", default=False)


@contextmanager
def known_axes() -> Iterator[None]:
    """Do not ask, in this block, whether a last axis holds colours: names have said that it does not."""
    token = _axes_are_known.set(True)
    try:
        yield
    finally:
        _axes_are_known.reset(token)


def warn_of_channels(shape: tuple[int, ...], width: int) -> None:
    """Warn if a kernel is wider than the last axis of an image without channels that looks like colours."""
    if len(shape) < 3 or width <= shape[-1] or not _has_colours(shape) or _axes_are_known.get():
        return
    warn(
        f"image of shape {shape} is filtered over its last axis too, which is shorter than the kernel is "
        f"wide ({width}): if it holds colours, say channel_axis=-1",
        ChannelAxisWarning,
    )


def _has_colours(shape: tuple[int, ...]) -> bool:
    """Whether the last axis looks like colours: of 2, 3 or 4, behind two that are longer than that."""
    return shape[-1] in COLOURS and min(shape[-3:-1]) > max(COLOURS)


def warn(words: str, category: type[Warning]) -> None:
    """Warn the caller: the first frame outside of this library."""
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and _is_ours(frame.f_globals.get("__name__", "")):
        level, frame = level + 1, frame.f_back
    warnings.warn(words, category, stacklevel=level)


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] == __package__


def colour_axis(shape: tuple[int, ...]) -> int | None:
    """Axis of the channels of an array of which no more is said, as of a file's: -1, or None.

    Of three axes the last one may be that of colours; all others are a stack of images.
    """
    return -1 if len(shape) == 3 and _has_colours(shape) else None


# --- the caller's settings --------------------------------------------------------------------------


def quiet(function: Callable[P, T]) -> Callable[P, T]:
    """A function whose floats overflow, underflow and become NaN as IEEE 754 says, whatever np.errstate does.

    (np.errstate as a decorator would be shared by all threads before NumPy 2.)
    """

    @functools.wraps(function)
    def undisturbed(*args: P.args, **kwargs: P.kwargs) -> T:
        with np.errstate(all="ignore"):
            return function(*args, **kwargs)

    return undisturbed
