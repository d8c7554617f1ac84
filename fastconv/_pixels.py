# SPDX-License-Identifier: BSD-3-Clause
"""Types of samples, one table, and of sums. The engine knows a type by its `code`, the row of this table.

A complex picture is one of twice as many real channels, so complex types need no row of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Types of sums. "strict" is float64 in the definition's order and rounding: it is the definition, so it is
# never wrong, and never fast.
Accumulator = Literal["float32", "float64", "strict"]


@dataclass(frozen=True)
class Pixel:
    """What the planner must know of a sample type.

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
        """Name of the type that the engine reads: of bool, bytes 0 and 1."""
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


# By NumPy's numbers of types: asking for a name takes microseconds.
_BY_NUMBER = {np.dtype(name).num: pixel for name, pixel in PIXELS.items()}


def pixel_of(dtype: np.dtype[Any], argument: str) -> Pixel:
    """Row of the table for `dtype`; a complex type gives that of its parts.

    Raises
    ------
    TypeError
        The type is not one of the table's; `argument` names the culprit.
    """
    pixel = _BY_NUMBER.get(dtype.num) or PIXELS.get(dtype.name)
    if pixel is None:
        raise TypeError(
            f"{argument} must be of type bool, (u)int8 to (u)int64, float16, float32, float64, "
            f"complex64 or complex128; got {dtype.name}"
        )
    return pixel
