# SPDX-License-Identifier: BSD-3-Clause
"""The functions that are imitated, as their library made them, whatever stands in their place now."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from .._engine.stand_in import calls, hand_back

__all__ = ["calls", "find", "hand_back", "names", "other", "replaced"]

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


def other(ours: str, library: str, name: str) -> Any:
    """A name of a library that is not imitated here, for a module that has the library's others."""
    problem = f"module {ours!r} has no attribute {name!r}"
    if name.startswith("__"):  # which are asked for by those who look at modules
        raise AttributeError(problem)
    try:
        module = import_module(library)
    except ImportError:
        raise AttributeError(
            f"{problem}, and {library}, which may have it, is not installed"
        ) from None
    try:
        return getattr(module, name)
    except AttributeError:
        raise AttributeError(f"{problem}, and neither has {library}") from None


def names(ours: dict[str, Any], library: str) -> list[str]:
    """All names that such a module can give."""
    try:
        theirs = dir(import_module(library))
    except ImportError:
        theirs = []
    return sorted({*ours, *theirs})


def __getattr__(name: str) -> Any:
    """The original of that name: how one is pickled while another function has its place."""
    libraries = (
        ()
        if name.startswith("_")
        else ("scipy.ndimage", "scipy.signal", "cv2", "astropy.convolution")
    )
    for library in libraries:
        if (library, name) in replaced:
            return replaced[library, name]
    for library in libraries:
        try:
            return getattr(import_module(library), name)
        except (ImportError, AttributeError):
            continue
    raise AttributeError(f"no library that is imitated has {name!r}, or it is not installed")
