# SPDX-License-Identifier: BSD-3-Clause
"""Arguments of the command line: kernels as names, files or numbers, and kernels printed as
numbers.
"""

from __future__ import annotations

import difflib
import inspect
import os
from fractions import Fraction
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from .. import kernels
from .._options import as_kernel
from ..api import plan
from ..io.nodata import nodata_in
from ..io.pictures import reason_of

__all__ = [
    "Kernel",
    "exactly",
    "in_numbers",
    "kernel_option",
    "nodata_option",
    "number_option",
    "region_option",
]

Kernel = NDArray[np.float64]


def kernel_option(
    ctx: click.Context, param: click.Parameter, value: str | None
) -> tuple[str, Kernel] | None:
    """Return a title and the kernel. Raises BadParameter if the word is not a kernel."""
    if value is None:
        return None
    try:
        title, kernel = _kernel(value)
        plan(as_kernel(kernel))
        if kernel.dtype.kind == "c" or not np.isfinite(kernel).all():
            raise ValueError(f"kernel must hold real, finite numbers; {value} does not")
    except OSError as error:
        raise click.BadParameter(f"{value}: {reason_of(error)}") from None
    except (ValueError, TypeError, EOFError, MemoryError) as error:
        raise click.BadParameter(reason_of(error)) from None
    return title, kernel.astype(np.float64)


def number_option(ctx: click.Context, param: click.Parameter, value: str) -> float:
    """Return a finite number. The word may be a fraction."""
    try:
        number = _weight(value.strip())
    except ValueError:
        number = float("nan")
    if not np.isfinite(number):
        raise click.BadParameter(f"must be a finite number such as 2, -0.5 or 1/9; got {value!r}")
    return number


def region_option(
    ctx: click.Context, param: click.Parameter, value: str | None
) -> tuple[int, ...] | None:
    """Return left, top, width and height."""
    if value is None:
        return None
    try:
        x, y, width, height = (int(word) for word in value.split(","))
    except ValueError:
        raise click.BadParameter(
            f"must be four whole numbers: left, top, width, height, as 10,20,300,200; got {value!r}"
        ) from None
    if min(x, y) < 0 or min(width, height) < 1:
        raise click.BadParameter(f"must begin within the picture and hold a pixel; got {value!r}")
    return x, y, width, height


def nodata_option(ctx: click.Context, param: click.Parameter, value: str | None) -> Any:
    """Return a number, None, or "auto" if nothing is said."""
    if value is None or value.strip().lower() == "none":
        return "auto" if value is None else None
    try:
        return nodata_in(value)
    except ValueError:
        raise click.BadParameter(
            f"must be a number such as -9999, nan, or none; got {value!r}"
        ) from None


def _kernel(text: str) -> tuple[str, Kernel]:
    """Look a kernel up: first among the names, then in the numbers, then in a file."""
    name, _, arguments = text.strip().partition(":")
    if name in kernels.named():
        return _named_kernel(name, arguments)
    try:
        return "in numbers", _rows(text, text.split("\n") if "\n" in text else text.split(";"))
    except ValueError as error:
        if not os.path.exists(text):
            raise ValueError(_unknown(text, name, error)) from None
    if Path(text).suffix.lower() == ".npy":
        return text, np.asarray(np.load(text, allow_pickle=False))
    try:
        lines = Path(text).read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise ValueError(f"{text} must be a text of numbers or a .npy file; it is none") from None
    lines = [line for line in lines if line.partition("#")[0].strip()]
    return text, _rows(text, lines[0].split(";") if len(lines) == 1 else lines)


def _unknown(text: str, name: str, error: Exception) -> str:
    """The error message for a word that is neither a name, nor a file, nor numbers."""
    if any(character.isdigit() for character in text) and (";" in text or " " in text):
        return str(error)
    close = difflib.get_close_matches(name, kernels.named(), n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    return (
        f"{hint}{text!r} is neither a name (fastconv kernels lists them), nor a file, nor numbers "
        "such as '0 -1 0; -1 5 -1; 0 -1 0'"
    )


def _rows(name: str, lines: list[str]) -> Kernel:
    """Read rows of numbers, separated by blanks or commas. 1/9 is a number, and # begins a
    comment.
    """
    texts = [line.partition("#")[0].replace(",", " ").rstrip("; \r").split() for line in lines]
    rows = [[_weight(word) for word in words] for words in texts if words]
    if len({len(row) for row in rows}) != 1:
        lengths = ", ".join(str(len(row)) for row in rows) or "none"
        raise ValueError(f"rows of a kernel must be equally long; got {lengths} in {name!r}")
    return np.array(rows, dtype=np.float64)


def _weight(word: str) -> float:
    above, slash, below = word.partition("/")
    try:
        return float(above) / float(below) if slash else float(word)
    except (ValueError, ZeroDivisionError):
        raise ValueError(f"weights must be numbers such as -1, 0.5 or 1/9; got {word!r}") from None


def _named_kernel(name: str, arguments: str) -> tuple[str, Kernel]:
    """Make `gaussian`, `gaussian:2.5`, `gaussian:sigma=2.5,truncate=3`, `box:3x5`."""
    maker = getattr(kernels, name)
    if not callable(maker):
        if arguments:
            raise ValueError(f"{name} takes no arguments; got {arguments!r}")
        return name, maker
    signature = inspect.signature(maker)
    positional: list[Any] = []
    named: dict[str, Any] = {}
    for word in filter(None, arguments.split(",")):
        key, equals, value = word.rpartition("=")
        if equals:
            named[key.strip()] = _argument(value)
        else:
            positional.append(_argument(value))
    try:
        bound = signature.bind(*positional, **named)
    except TypeError as error:
        allowed = ",".join(signature.parameters)
        raise ValueError(f"{name} takes {name}:{allowed}; got {arguments!r} ({error})") from None
    bound.apply_defaults()
    words = [
        f"{key}={'x'.join(map(str, value)) if isinstance(value, tuple) else value}"
        for key, value in bound.arguments.items()
        if value is not None
    ]
    return f"{name}:{','.join(words)}", maker(*bound.args, **bound.kwargs)


def _argument(word: str) -> Any:
    """Read a number, true, false or a pair such as 3x5."""
    word = word.strip()
    if word.lower() in ("true", "false"):
        return word.lower() == "true"
    height, x, width = word.partition("x")
    if x:
        return _argument(height), _argument(width)
    for number in (int, float):
        try:
            return number(word)
        except ValueError:
            continue
    raise ValueError(
        f"arguments of a kernel must be numbers, true, false or a pair such as 3x5; got {word!r}"
    )


def exactly(weight: float) -> str:
    """Return the shortest text that `_weight` reads as this number."""
    text = repr(float(weight)).removesuffix(".0")
    near = Fraction(weight).limit_denominator(999)
    if near.numerator / near.denominator == weight and len(str(near)) <= len(text):
        return str(near)
    return text


def in_numbers(kernel: Kernel) -> str:
    """Write a kernel in one line: all of a small kernel, the middle of a large one."""
    if kernel.size <= 9:
        return "; ".join(" ".join(map(exactly, row)) for row in kernel)
    y, x = ((side - 1) // 2 for side in kernel.shape)
    middle = " ".join(f"{weight:.3g}" for weight in kernel[y, max(x - 1, 0) : x + 2])
    return f"... {middle} ..."
