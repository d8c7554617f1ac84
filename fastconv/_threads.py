# SPDX-License-Identifier: BSD-3-Clause
"""The number of threads of a call: policy only. The threads are those of src/schedule/pool.h.

The first of these that is set decides:

    threads=                argument of the call
    set_num_threads         setting of the program
    FASTCONV_NUM_THREADS    environment variable
    OMP_NUM_THREADS         environment variable for all libraries; dask starts its workers with it
    -X cpu_count            option of Python, or PYTHON_CPU_COUNT
    CPU quota, affinity     the smaller of the control group's quota, rounded up, and of the number
                            of cores that the calling thread may use

The decision is stored in the pool, so that a call reads it without Python. The environment and the
control group are read at import, and again by ``set_num_threads(None)``. A thread's cores are read
at each of its calls. Settings of other libraries are read but never changed.
"""

from __future__ import annotations

import math
import operator
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ._engine import pool


@dataclass(frozen=True)
class Limit:
    """Threads that a call may have.

    Attributes
    ----------
    count : int
    why : str
        Name of the setting that decided.
    follow : bool
        Whether the cores of the calling thread limit them, too.
    """

    count: int
    why: str
    follow: bool = False


def _checked(n: object, argument: str) -> int:
    try:
        value = operator.index(n)  # type: ignore[arg-type]
    except TypeError:
        value = 0
    if isinstance(n, bool) or not 1 <= value <= pool.MOST_THREADS:
        raise ValueError(f"{argument} must be an integer from 1 to {pool.MOST_THREADS}; got {n!r}")
    return value


def _decided(setting: int | None) -> Limit:
    if setting is not None:
        return Limit(setting, "set_num_threads")
    text = os.environ.get("FASTCONV_NUM_THREADS", "").strip()
    if text:
        count = _checked(int(text) if text.isdecimal() else text, "FASTCONV_NUM_THREADS")
        return Limit(count, "FASTCONV_NUM_THREADS")
    # A list has one number for each level of nesting. A value that OpenMP would not understand is
    # ignored.
    text = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    if text.isdecimal() and int(text) > 0:
        return Limit(min(int(text), pool.MOST_THREADS), "OMP_NUM_THREADS")
    return _machine()


def _machine(root: Path = Path("/")) -> Limit:
    """The limit that the system sets for this process."""
    cores = _affinity()
    count = getattr(os, "process_cpu_count", os.cpu_count)() or 1
    if cores is None:
        return Limit(min(count, pool.MOST_THREADS), "the cores of this machine")
    if hasattr(os, "process_cpu_count") and count != cores:
        return Limit(min(count, pool.MOST_THREADS), "PYTHON_CPU_COUNT or -X cpu_count")
    quota = _quota(root)
    if quota is not None and quota < cores:
        return Limit(quota, "the CPU quota of the control group", follow=True)
    return Limit(quota or pool.MOST_THREADS, "the cores of the calling thread", follow=True)


def _affinity() -> int | None:
    """Number of cores that the calling thread may use; None where the system does not tell."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        return None


def _quota(root: Path) -> int | None:
    """Number of cores that the control groups of this process allow; None if there is no limit.

    https://docs.kernel.org/admin-guide/cgroup-v2.html, and v1's scheduler/sched-bwc.html.
    """
    shares = list(_shares(root))
    return max(1, math.ceil(min(shares))) if shares else None


def _shares(root: Path) -> Iterator[float]:
    """The quota in cores of each group of this process that has one."""
    try:
        groups = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:  # not on Linux
        return
    for line in groups:
        _, controllers, group = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        mounts = ["", "unified"] if not controllers else ["cpu", "cpu,cpuacct"]
        for path in (PurePosixPath(group), *PurePosixPath(group).parents):
            for mount in mounts:
                share = _share(root / "sys/fs/cgroup" / mount / str(path).lstrip("/"))
                if share is not None:
                    yield share
                    break


def _share(folder: Path) -> float | None:
    """The quota of one control group in cores, from ``cpu.max`` of version 2 or the two files of
    version 1.
    """
    for names in (("cpu.max",), ("cpu.cfs_quota_us", "cpu.cfs_period_us")):
        try:
            quota, period = " ".join((folder / name).read_text() for name in names).split()
            if int(quota) > 0 and int(period) > 0:
                return int(quota) / int(period)
        except (OSError, ValueError):  # no such file, or "max"
            continue
    return None


def _set(decided: Limit) -> Limit:
    pool.set_limit(decided.count, decided.follow)
    return decided


limit = _set(_decided(None))


def set_num_threads(n: int | None) -> None:
    """Set how many threads a call may use from now on.

    Parameters
    ----------
    n : int or None
        1 to 1024. None reads FASTCONV_NUM_THREADS, OMP_NUM_THREADS and the system's limits anew,
        and takes the first that is set.

    Raises
    ------
    ValueError
        `n`, or FASTCONV_NUM_THREADS, is out of range.

    Examples
    --------
    >>> import fastconv
    >>> fastconv.set_num_threads(2)
    >>> fastconv.get_num_threads()
    2
    >>> fastconv.set_num_threads(None)
    """
    global limit
    limit = _set(_decided(None if n is None else _checked(n, "n")))


def get_num_threads() -> int:
    """Return how many threads a call may use.

    Returns
    -------
    int

    Examples
    --------
    >>> import fastconv
    >>> fastconv.get_num_threads() >= 1
    True
    """
    cores = _affinity() if limit.follow else None
    return min(limit.count, cores) if cores else limit.count


def threads_for(work: float, asked: int | None) -> int:
    """Threads for a call that is predicted to take `work` ns on one thread. `asked` is its
    ``threads=``.
    """
    return pool.share(work, 0 if asked is None else _checked(asked, "threads"))


def helpers() -> str:
    """Kind and number of the helper threads, for `fastconv.show_config`."""
    if pool.kind() == "none":
        return "none, every call is serial"
    return f"{pool.kind()} threads, {pool.helpers()} started"
