# SPDX-License-Identifier: BSD-3-Clause
"""The functions that are imitated, as their library made them, whatever stands in their place now."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from .._engine.stand_in import calls, hand_back

__all__ = ["calls", "find", "hand_back", "replaced"]

# Those whose place is taken, by (module, name); fastconv.compat.installation writes here.
replaced: dict[tuple[str, str], Callable[..., Any]] = {}


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


def __getattr__(name: str) -> Any:
    """The original of that name: how one is pickled while another function has its place."""
    for library in ("scipy.ndimage", "scipy.signal", "cv2"):
        if (library, name) in replaced:
            return replaced[library, name]
    for library in ("scipy.ndimage", "scipy.signal", "cv2"):
        try:
            return getattr(import_module(library), name)
        except (ImportError, AttributeError):
            continue
    raise AttributeError(f"no library that is imitated has {name!r}, or it is not installed")
