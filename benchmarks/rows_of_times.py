# SPDX-License-Identifier: BSD-3-Clause
"""Shared parts of the small benchmarks: installed rivals, a race, and a line of its times."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import numpy as np
from timing import Call, race

import fastconv


def threads() -> int:
    """How many threads all entrants have: the number after --threads on the command line, or 1."""
    words = sys.argv
    return int(words[words.index("--threads") + 1]) if "--threads" in words else 1


def library(name: str) -> Any:
    """A rival, on as many threads as we, or None if it is not installed."""
    try:
        made: Any = import_module(name)
    except ImportError:
        return None
    if name == "cv2":
        made.setNumThreads(threads())
    if name == "torch":
        made.set_num_threads(threads())
    if name == "SimpleITK":
        made.ProcessObject.SetGlobalDefaultNumberOfThreads(threads())
    return made


def line(what: str, entrants: dict[str, Call], *, tolerance: float | None = None) -> None:
    """Check that all entrants agree with the first one, time them, and print milliseconds and ratios to it.

    Parameters
    ----------
    what : str
    entrants : dict of str to callable
        Ours first.
    tolerance : float, optional
        How far results may be apart, relative to the largest one; None: they need not agree.
    """
    if tolerance is not None:
        ours = np.asarray(next(iter(entrants.values()))(), np.float64)
        for name, call in entrants.items():
            off = np.abs(np.asarray(call(), np.float64).reshape(ours.shape) - ours).max()
            assert off <= tolerance * np.abs(ours).max(), f"{what}: {name} is off by {off}"
    times = race(entrants, least=0.1, rounds=7, most=4.0)
    first = next(iter(times.values())).median
    words = [
        f"{name} {t.median * 1e3:.3f} ms ({t.median / first:.2f}x)" for name, t in times.items()
    ]
    print(f"{what:44} " + "  ".join(words), flush=True)


def header() -> None:
    """Print the machine's facts. All entrants have as many threads."""
    fastconv.set_num_threads(threads())
    fastconv.show_config()
