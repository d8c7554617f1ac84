# SPDX-License-Identifier: BSD-3-Clause
"""How many threads a call gets: policy only; the engine has the one parallel loop.

`threads=` beats `set_num_threads` beats FASTCONV_NUM_THREADS beats the cores this process may use.
Nobody else's settings are read or touched.

A forked child is serial. GNU's OpenMP keeps its threads over a fork as records of threads that do not
exist, and the first parallel loop of the child waits for them for ever. A child that was started in
another way (spawn, forkserver) is not concerned.
"""

from __future__ import annotations

import multiprocessing
import operator
import os

# A thread must find this much to do, in ns: waking one takes some 5 us, and its caches are cold. Two threads
# for 70 to 90 us of work were 1.3 to 1.9 times as fast as one; for 20 to 40 us, 1.0 to 1.7 times.
WORTH_A_THREAD = 30_000.0

_setting: int | None = None
# The parent may have run threads before this import; an unknown start method counts as fork.
_forked = multiprocessing.parent_process() is not None and multiprocessing.get_start_method(
    allow_none=True
) in (None, "fork")


def _checked(n: object, argument: str) -> int:
    try:
        value = operator.index(n)  # type: ignore[arg-type]
    except TypeError:
        value = 0
    if isinstance(n, bool) or not 1 <= value <= 1024:
        raise ValueError(f"{argument} must be an integer from 1 to 1024; got {n!r}")
    return value


def _cores() -> int:
    """Cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        return os.cpu_count() or 1


def _environment() -> int | None:
    text = os.environ.get("FASTCONV_NUM_THREADS")
    if not text:
        return None
    return _checked(int(text) if text.strip().isdigit() else text, "FASTCONV_NUM_THREADS")


def set_num_threads(n: int | None) -> None:
    """Set how many threads a call may use from now on.

    Parameters
    ----------
    n : int or None
        1 to 1024; None goes back to FASTCONV_NUM_THREADS or the cores of this process.

    Raises
    ------
    ValueError
        `n` is out of range.

    Examples
    --------
    >>> import fastconv
    >>> fastconv.set_num_threads(2)
    >>> fastconv.get_num_threads()
    2
    >>> fastconv.set_num_threads(None)
    """
    global _setting
    _setting = None if n is None else _checked(n, "n")


def get_num_threads() -> int:
    """Return how many threads a call may use: 1 in a forked child.

    Returns
    -------
    int

    Examples
    --------
    >>> import fastconv
    >>> fastconv.get_num_threads() >= 1
    True
    """
    if _forked:
        return 1
    return _setting or _environment() or _cores()


def threads_for(work: float, asked: int | None) -> int:
    """Threads for a call predicted to take `work` ns on one; `asked` is its ``threads=``."""
    limit = get_num_threads() if asked is None else _checked(asked, "threads")
    if _forked:
        return 1
    return max(1, min(limit, int(work / WORTH_A_THREAD)))


def _after_fork() -> None:
    global _forked
    _forked = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
