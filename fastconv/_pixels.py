# SPDX-License-Identifier: BSD-3-Clause
"""Types of samples and of sums. The engine knows a type of samples by its `code`, its row in this
table.

A complex picture is filtered as twice as many real channels, so complex types need no rows of their
own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Types of sums. "strict" is float64 in the definition's order and rounding: always right, but slow.
Accumulator = Literal["float32", "float64", "strict"]


@dataclass(frozen=True)
class Pixel:
    """The facts of a sample type that the planner needs.

    Attributes
    ----------
    name : str
        NumPy's name of the real sample type.
    code : int
        Its number in the engine (fastconv/_engine/planner.pxd has the same list).
    integer : bool
        Whether results are rounded and saturated.
    low, high : int
        Range of an integer type; 0 for floats.
    """

    name: str
    code: int
    integer: bool
    low: int
    high: int

    @property
    def stored(self) -> str:
        """Name of the type that the engine reads. It reads bool as bytes 0 and 1."""
        return "uint8" if self.name == "bool" else self.name

    @property
    def peak(self) -> int:
        """Largest magnitude of an integer type."""
        return max(-self.low, self.high)


def _row(code: int, name: str) -> Pixel:
    if name.startswith("float"):
        return Pixel(name, code, False, 0, 0)
    info = np.iinfo("uint8" if name == "bool" else name)
    return Pixel(name, code, True, int(info.min), int(info.max))


_NAMES = "uint8 int8 uint16 int16 uint32 int32 uint64 int64 float16 float32 float64".split()
PIXELS = {name: _row(code, name) for code, name in enumerate(_NAMES)}
PIXELS["bool"] = _row(0, "bool")  # stored as bytes 0 and 1
PIXELS["complex64"] = PIXELS["float32"]
PIXELS["complex128"] = PIXELS["float64"]


# By NumPy's type numbers, since reading a dtype's name takes microseconds.
_BY_NUMBER = {np.dtype(name).num: pixel for name, pixel in PIXELS.items()}


def pixel_of(dtype: np.dtype[Any], argument: str) -> Pixel:
    """Row of the table for `dtype`; for a complex type, the row of its parts.

    Raises
    ------
    TypeError
        The type is not in the table. The message names `argument`.
    """
    pixel = _BY_NUMBER.get(dtype.num) or PIXELS.get(dtype.name)
    if pixel is None:
        raise TypeError(
            f"{argument} must be of type bool, (u)int8 to (u)int64, float16, float32, float64, "
            f"complex64 or complex128; got {dtype.name}"
        )
    return pixel
