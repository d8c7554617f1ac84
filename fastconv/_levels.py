# SPDX-License-Identifier: BSD-3-Clause
"""The build of the engine that runs: that of the highest level that this CPU and this installation
have.

The engine is compiled once per level, from one source: base (x86-64 or aarch64), v3 (AVX2, FMA) and
v4 (AVX-512). The environment variable FASTCONV_LEVEL forces one. `cpu` is built with baseline
flags; it finds the levels of this CPU before any engine is loaded.
"""

from __future__ import annotations

import os
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol, cast

from ._engine import calls, cpu, planner


class Engine(Protocol):
    """The interface of every build of the engine; see src/schedule/strips.pxi."""

    Program: Any

    def vector_bytes(self) -> int: ...
    def can_average(self, height: int, width: int, divisor: int, size: int) -> bool: ...
    def dot_bits(self) -> int: ...
    def pillows_blur(self, src: Any, dst: Any, across: Any, down: Any, passes: int) -> None: ...
    def pillows_kernel(self, src: Any, dst: Any, weights: bytes, number: float) -> None: ...
    def pillows_unsharp(self, src: Any, blurred: Any, percent: int, threshold: int) -> None: ...


def available() -> tuple[str, ...]:
    """Levels that are installed and that this CPU can run, slowest first."""
    return tuple(name for name in cpu.levels() if find_spec(f"fastconv._engine.engine_{name}"))


def load(name: str) -> Engine:
    """Engine of one level.

    Raises
    ------
    ImportError
        The level is unknown, not built, or not for this CPU.
    """
    if name not in available():
        raise ImportError(
            f"FASTCONV_LEVEL must be one of {', '.join(available())} on this machine; got {name!r}"
        )
    engine = cast(Engine, import_module(f"fastconv._engine.engine_{name}"))
    planner.describe_level(name, engine)
    return engine


level: str = os.environ.get("FASTCONV_LEVEL") or available()[-1]
engine: Engine = load(level)
calls.new_level(level, engine)


def missing() -> Any:
    """What is compiled of src/missing.pyx for the level that runs."""
    return import_module(f"fastconv._engine.missing_{level}")


def use(name: str) -> None:
    """Switch the running process to another level; the test suite runs on each."""
    global level, engine
    engine = load(name)
    level = name
    calls.new_level(level, engine)
