# SPDX-License-Identifier: BSD-3-Clause
"""The functions that are imitated, as their library made them, whatever stands in their place now."""

from __future__ import annotations

import threading
from collections.abc import Callable
from importlib import import_module
from typing import Any

# Those whose place is taken, by (module, name); fastconv.compat.installation writes here.
replaced: dict[tuple[str, str], Callable[..., Any]] = {}

_local = threading.local()


def calls() -> int:
    """How many calls of this thread were handed back, for whoever counts."""
    return getattr(_local, "calls", 0)


def hand_back() -> None:
    """Count a call of this thread that the original does."""
    _local.calls = calls() + 1


def find(module: str, name: str) -> Callable[..., Any] | None:
    """Return a function of another library, to hand a call back to; None if it is not installed."""
    original = replaced.get((module, name))
    if original is None:
        try:
            original = getattr(import_module(module), name)
        except ImportError:
            return None
    hand_back()
    return original
