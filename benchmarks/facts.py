# SPDX-License-Identifier: BSD-3-Clause
"""The facts that every number needs: machine, level, threads and versions."""

from __future__ import annotations

import contextlib
import io
import platform
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import fastconv

_PACKAGES = {
    "fastconv": ("fastconv",),
    "numpy": ("numpy",),
    "scipy": ("scipy",),
    "cv2": ("opencv-python-headless", "opencv-python"),
    "pillow": ("pillow",),
}


def _version(names: tuple[str, ...]) -> str:
    for name in names:
        with contextlib.suppress(PackageNotFoundError):
            return version(name)
    return "unknown"


@lru_cache(maxsize=1)
def cpu_model() -> str:
    """Name of the CPU, from the system where it says so and from py-cpuinfo elsewhere."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    with contextlib.suppress(ImportError):
        import cpuinfo

        return str(cpuinfo.get_cpu_info().get("brand_raw", platform.machine()))
    return platform.machine()


def level() -> str:
    """The CPU level of fastconv, read from `show_config`."""
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        fastconv.show_config()
    words = {line.split()[0]: line.split()[1] for line in text.getvalue().splitlines()}
    return words["level"]


def facts(threads: int) -> dict[str, str | int]:
    """Return all facts that belong beside a number."""
    return {
        "cpu": cpu_model(),
        "level": level(),
        "threads": threads,
        "python": platform.python_version(),
        **{name: _version(names) for name, names in _PACKAGES.items()},
    }
