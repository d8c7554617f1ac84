# SPDX-License-Identifier: BSD-3-Clause
"""What stands in the place of another library's function: ours, counted, and the original behind it.

What ours refuses goes to the original, which does it, or says in its own words what is wrong. So does, before
anything else, what the original is predicted to do sooner (fastconv/compat/hand_back.py). How a call goes on
is in src/stand_in.pyx.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module
from types import FunctionType
from typing import Any

import numpy as np

from .._engine import stand_in as _calls
from .._engine.stand_in import Count
from . import hand_back

# A function, or a class.
Callee = Callable[..., Any]
Key = tuple[str, str]

# How ours refuse: before anything is written.
REFUSALS: tuple[type[Exception], ...] = (TypeError, ValueError, RuntimeError)

# What SciPy takes for NumPy's when it tells array libraries apart.
_ARRAYS = (np.ndarray, np.memmap)
_WORDS = (bool, int, float, complex, str, list, tuple, type, type(None), np.dtype, np.generic)

counts: dict[str, Count] = {}


class StandIn(_calls.StandIn):
    """One that can be pickled."""

    def __reduce__(self) -> Any:
        module, name = self.__module__, self.__qualname__
        try:
            if getattr(import_module(module), name) is self:
                return name
        except (ImportError, AttributeError):
            pass
        return original_of, (module, name)


def original_of(module: str, name: str) -> Any:
    """What a stand-in that was pickled is where none stands."""
    return getattr(import_module(module), name)


def stand_in(key: Key, ours: object, original: Callee) -> Callee | None:
    """What to put in the original's place; None of a constant, which stays."""
    if not isinstance(ours, FunctionType):
        return None
    # SciPy reads this when it is imported. Then it answers arrays of other libraries in their own kind,
    # and refuses some subclasses of NumPy's.
    dispatches = key[0].startswith("scipy.") and bool(os.environ.get("SCIPY_ARRAY_API"))
    count = counts.setdefault(".".join(key), Count())
    prices = hand_back.PRICES.get(key[0])
    made: Callee = StandIn(
        ours, original, count, REFUSALS, prices, _ARRAYS + _WORDS if dispatches else None
    )
    return made
