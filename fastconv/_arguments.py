# SPDX-License-Identifier: BSD-3-Clause
"""Images, kernels and outputs must be arrays without masks and units.

NumPy makes an array of nearly anything, and drops what an array cannot hold: a mask, a unit. A filter that
did the same would give numbers that look right. So both are refused (but `convolve` knows what to do with
NumPy's masked arrays), by what an object says of itself
(``mask``; ``unit`` or ``units``), whatever library it comes from; none is imported for it. A mask that masks
nothing, and a unit of 1, lose nothing and pass.

All checks run when a call is made for the first time. A plain array costs one comparison.
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

# Array classes without masks and units.
_PLAIN = (np.ndarray, np.memmap)
_NUMBERS = (int, float, complex, np.generic)
# The names of a unit of 1: in astropy, and in pint and unyt.
_NO_UNIT = ("", "dimensionless")
# Lengths of a last axis that probably holds colours: LA or complex parts, RGB, RGBA or CMYK.
COLOURS = (2, 3, 4)


class ChannelAxisWarning(UserWarning):
    """The last axis of an array looks like colours, but is filtered like a spatial axis."""


# --- masks and units --------------------------------------------------------------------------------


def array_of(value: Any, argument: str, what: str = "an array") -> Array:
    """Return `value` as an array of NumPy's own class, or as a view if it is an array of another
    class.

    Raises
    ------
    TypeError
        It has masked elements or a unit, or cannot be converted, as a tensor that requires a
        gradient.
    ValueError
        It is ragged.
    """
    if type(value) in _PLAIN:
        return np.asarray(value)
    refuse(value, argument)
    try:
        a = np.asanyarray(value)
    except (TypeError, RuntimeError) as error:  # torch raises RuntimeError
        raise TypeError(
            f"{argument} must be {what}; got {type(value).__name__}: {error}"
        ) from error
    except ValueError as error:
        raise ValueError(
            f"{argument} must be {what}; got {type(value).__name__}: {error}"
        ) from None
    refuse(a, argument)  # an object's conversion may return a masked array
    return np.asarray(a)


def output_of(out: Any, argument: str) -> Array:
    """Return the array to fill as one of NumPy's own class: a view of the same memory.

    Raises
    ------
    TypeError
        It is not an array, or it has masked elements or a unit, which need not be that of the
        result.
    """
    if not isinstance(out, np.ndarray):
        raise TypeError(f"{argument} must be a NumPy array; got {type(out).__name__}")
    refuse(out, argument)
    return np.asarray(out)


def refuse(value: Any, argument: str) -> None:
    """Raise TypeError if an object, or an item of a list, has masked elements or a unit."""
    if type(value) in _PLAIN or isinstance(value, _NUMBERS):
        return
    if isinstance(value, (list, tuple)):
        for item in value:
            if isinstance(item, _NUMBERS):
                return  # if other items are no numbers, NumPy raises
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
    meta = _said_of(value, "_meta")  # an empty chunk of a dask array
    if isinstance(meta, np.ndarray) and type(meta) is not np.ndarray:
        refuse(meta, argument)
        if _said_of(meta, "mask") is not None:
            raise TypeError(
                f"{argument} must have no masked elements; got chunks of {type(meta).__name__}, whose masks "
                f"would be lost. Fill them first: dask.array.ma.filled({argument}, 0)"
            )


def _said_of(value: Any, name: str) -> Any:
    """The value of an attribute; None if it is a method, or the name of a column or of a
    coordinate.
    """
    if not isinstance(value, np.ndarray) and inspect.getattr_static(value, name, None) is None:
        return None
    said = getattr(value, name, None)
    return None if inspect.isroutine(said) else said


def _is_masked(value: Any) -> bool:
    mask = _said_of(value, "mask")
    try:
        return mask is not None and bool(np.any(mask))
    except TypeError:  # records have a mask for each field
        return True


# --- weights ----------------------------------------------------------------------------------------


def check_finite(kernel: Array, target: str) -> None:
    """Raise ValueError if weights are NaN or infinite. A `target` of integers can hold neither."""
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
    """Do not warn in this block that a last axis may hold colours, since names have told that it
    does not.
    """
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
    """Whether the last axis looks like colours: its length is 2, 3 or 4, and the two axes before it
    are longer.
    """
    return shape[-1] in COLOURS and min(shape[-3:-1]) > max(COLOURS)


def warn(words: str, category: type[Warning]) -> None:
    """Warn with the location of the caller: the first frame outside of this library."""
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and _is_ours(frame.f_globals.get("__name__", "")):
        level, frame = level + 1, frame.f_back
    warnings.warn(words, category, stacklevel=level)


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] == __package__


def colour_axis(shape: tuple[int, ...]) -> int | None:
    """Axis of the channels of an array without further information, as from a file: -1, or None.

    The last of three axes may hold colours. Arrays of more axes are stacks of images.
    """
    return -1 if len(shape) == 3 and _has_colours(shape) else None


# --- the caller's settings --------------------------------------------------------------------------


def quiet(function: Callable[P, T]) -> Callable[P, T]:
    """Decorate a function so that its floats follow IEEE 754 without warnings, whatever the
    caller's np.errstate.

    (Before NumPy 2, np.errstate as a decorator would be shared by all threads.)
    """

    @functools.wraps(function)
    def undisturbed(*args: P.args, **kwargs: P.kwargs) -> T:
        with np.errstate(all="ignore"):
            return function(*args, **kwargs)

    return undisturbed
