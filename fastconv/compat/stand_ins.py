# SPDX-License-Identifier: BSD-3-Clause
"""What stands in the place of another library's function or class: ours, counted, and the original behind it.

What ours refuses goes to the original, which does it, or says in its own words what is wrong. So does, before
anything else, what the original is predicted to do sooner (fastconv/compat/hand_back.py).
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from dataclasses import dataclass
from threading import local
from time import perf_counter
from types import FunctionType
from typing import Any

import numpy as np

from . import hand_back, originals

# A function, or a class.
Callee = Callable[..., Any]
Key = tuple[str, str]

# How ours refuse: before anything is written.
REFUSALS: tuple[type[Exception], ...] = (TypeError, ValueError, RuntimeError)


@dataclass
class Count:
    """Calls of what is in place: how many, and seconds in them."""

    served: int = 0
    served_time: float = 0.0
    handed_back: int = 0
    handed_back_time: float = 0.0


# What SciPy takes for NumPy's when it tells array libraries apart.
_ARRAYS = (np.ndarray, np.memmap)
_WORDS = (bool, int, float, complex, str, list, tuple, type, type(None), np.dtype, np.generic)

counts: dict[str, Count] = {}
_inside = local()


def stand_in(key: Key, ours: object, original: Callee) -> Callee | None:
    """What to put in the original's place; None of a constant, which stays."""
    name = ".".join(key)
    if isinstance(ours, FunctionType):
        return _counted(name, _or_original(key, ours), original, hand_back.rule(*key))
    if isinstance(ours, type) and hasattr(ours, "filter"):
        return _filter_class(key, name, ours, original)
    return None


def _or_original(key: Key, ours: Callee) -> Callee:
    # SciPy reads this when it is imported. Then it answers arrays of other libraries in their own kind,
    # and refuses some subclasses of NumPy's.
    dispatches = key[0].startswith("scipy.") and bool(os.environ.get("SCIPY_ARRAY_API"))

    def function(*args: Any, **kwargs: Any) -> Any:
        try:
            if dispatches and not all(
                isinstance(value, _WORDS) or type(value) in _ARRAYS
                for value in (*args, *kwargs.values())
            ):
                raise TypeError("not an array of NumPy's own class")
            return ours(*args, **kwargs)
        except REFUSALS:
            theirs = originals.find(*key)
            if theirs is None:
                raise
        return theirs(*args, **kwargs)

    return function


def _counted(
    name: str,
    function: Callee,
    original: Callee,
    pays: Callable[[tuple[Any, ...], dict[str, Any]], bool] | None = None,
) -> Callee:
    """`function`, or the original where that pays more, counted and timed unless it is called by another one
    in place. What the original calls while a call is handed back to it is the original's, too.
    """
    count = counts.setdefault(name, Count())

    @functools.wraps(original)
    def replacement(*args: Any, **kwargs: Any) -> Any:
        inside = getattr(_inside, "call", None)
        if inside is not None:
            return (function if inside else original)(*args, **kwargs)
        served = _inside.call = pays is None or pays(args, kwargs)
        before, start = originals.calls(), perf_counter()
        try:
            return (function if served else original)(*args, **kwargs)
        finally:
            _inside.call = None
            seconds = perf_counter() - start
            if served and originals.calls() == before:
                count.served += 1
                count.served_time += seconds
            else:
                count.handed_back += 1
                count.handed_back_time += seconds

    return replacement


def _filter_class(key: Key, name: str, ours: Any, theirs: Any) -> Callee:
    """A filter of Pillow's that is both, so that it is an instance of whatever Pillow's own would be.

    It filters as ours, exactly where that is possible, unless it could only be made as theirs.
    """

    class Both(ours, theirs):  # type: ignore[misc]
        _is_ours = False  # nor will a subclass be that makes itself

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            told = "border" in kwargs  # by someone who knows whose filter it is
            for more in ({},) if told else ({"exact": True}, {}):
                try:
                    ours.__init__(self, *args, **more, **kwargs)
                except REFUSALS:
                    continue
                self._is_ours = True
                break
            if not self._is_ours:
                theirs.__init__(self, *args, **kwargs)

        def filter(self, image: Any) -> Any:
            if self._is_ours:
                try:
                    return ours.filter(self, image)
                except REFUSALS:
                    pass
            originals.hand_back()
            return theirs.filter(self, image)

        @classmethod
        def __subclasshook__(cls, other: type) -> Any:
            # filters that were made before are of this class, too
            return True if cls is Both and theirs in other.__mro__ else NotImplemented

    Both.filter = _counted(name, Both.filter, theirs.filter)  # type: ignore[method-assign]
    Both.__module__, Both.__doc__ = key[0], theirs.__doc__
    Both.__name__ = Both.__qualname__ = key[1]
    return Both
