# SPDX-License-Identifier: BSD-3-Clause
"""What stands in the place of another library's function: ours, counted, and the original behind it.

What ours refuses goes to the original, which does it, or says in its own words what is wrong. A call that the
original is predicted to do sooner (fastconv/compat/hand_back.py) goes there first. src/stand_in.pyx tells how
a call goes on.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module
from types import FunctionType
from typing import Any

import numpy as np

from .._engine.stand_in import Count, FilterStandIn, MethodStandIn, StandIn
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


def _pickled(made: Any) -> Any:
    """How a stand-in is pickled: by its name, or where it does not stand, as a call of `original_of`."""
    module, name = made.__module__, made.__qualname__
    try:
        if getattr(import_module(module), name) is made:
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
    # what Python wrote becomes a method in a class, and what C did does not
    kind = MethodStandIn if hasattr(type(original), "__get__") else StandIn
    made: Callee = kind(
        ours, original, count, REFUSALS, _pickled, hand_back.PRICES.get(key[0]),
        _ARRAYS + _WORDS if dispatches else None, key[0] == "cv2",
    )  # fmt: skip
    return made


def filter_stand_in(key: Key, ours: tuple[Any, ...], original: Callee) -> Callee:
    """What to put in the place of one of Pillow's methods; `ours` is a `Method` of image_filter.py."""
    function, *work = ours
    count = counts.setdefault(".".join(key), Count())
    made: Callee = FilterStandIn(function, original, count, REFUSALS, _pickled, *work)
    return made
