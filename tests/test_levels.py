# SPDX-License-Identifier: BSD-3-Clause
"""A level that was asked for is the one that runs; one that is not there is a clear error."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import fastconv
from fastconv import _levels
from fastconv._engine import calls, cpu

from .judge import Array, at_level

VECTOR_BYTES = {"v3": 32, "v4": 64}

PROBE = """
import json, sys
import numpy as np
import fastconv
from fastconv import _levels
result = fastconv.convolve(np.arange(200, dtype=np.uint8).reshape(10, 20), np.ones((3, 3)) / 9)
print(json.dumps({
    "level": _levels.level,
    "engine": _levels.engine.__name__,
    "vector_bytes": _levels.engine.vector_bytes(),
    "loaded": [n for n in sys.modules if n.startswith("fastconv._engine.engine_")],
    "result": result.tolist(),
}))
fastconv.show_config()
"""


def python(program: str, level: str | None) -> subprocess.CompletedProcess[str]:
    """Run a program in a fresh interpreter with FASTCONV_LEVEL."""
    environment = {k: v for k, v in os.environ.items() if k != "FASTCONV_LEVEL"}
    if level is not None:
        environment["FASTCONV_LEVEL"] = level
    return subprocess.run(
        [sys.executable, "-c", program], env=environment, text=True, capture_output=True,
        timeout=120, check=True,
    )  # fmt: skip


def wanted() -> Array:
    image = np.arange(200, dtype=np.uint8).reshape(10, 20)
    return fastconv.reference.convolve(image, np.ones((3, 3)) / 9)


def test_level_of_the_environment_runs_and_is_told_and_no_other_is_loaded(level: str) -> None:
    first, *config = python(PROBE, level).stdout.splitlines()
    said: dict[str, Any] = json.loads(first)
    assert said["level"] == level
    assert said["engine"] == f"fastconv._engine.engine_{level}"
    assert said["loaded"] == [f"fastconv._engine.engine_{level}"]
    if level in VECTOR_BYTES:
        assert said["vector_bytes"] == VECTOR_BYTES[level]
    else:
        assert said["vector_bytes"] in (0, 16)
    assert_array_equal(said["result"], wanted())
    assert f"level    {level} of {', '.join(_levels.available())} (FASTCONV_LEVEL)" in config
    assert f"vectors  {_levels.engine.vector_bytes()} bytes" in config


@pytest.mark.parametrize("empty", [None, ""])
def test_highest_level_of_the_machine_runs_by_default(empty: str | None) -> None:
    said: dict[str, Any] = json.loads(python(PROBE, empty).stdout.splitlines()[0])
    assert said["level"] == _levels.available()[-1]
    assert said["loaded"] == [f"fastconv._engine.engine_{said['level']}"]


UNKNOWN = ("v5", "V4", "avx2", "base ")
REFUSED = f"""
import os
for name in {UNKNOWN}:
    os.environ["FASTCONV_LEVEL"] = name
    try:
        import fastconv
    except ImportError as error:
        print(error)
"""


def test_unknown_level_is_an_error_that_names_the_known() -> None:
    known = ", ".join(_levels.available())
    assert python(REFUSED, None).stdout.splitlines() == [
        f"FASTCONV_LEVEL must be one of {known} on this machine; got {name!r}" for name in UNKNOWN
    ]


def test_level_that_the_cpu_lacks_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu, "levels", lambda: ("base",))
    before = _levels.engine
    for name in ("v3", "v4"):
        with pytest.raises(ImportError, match=f"must be one of base on this machine; got '{name}'"):
            _levels.use(name)
    assert _levels.engine is before


def test_levels_are_slowest_first_and_base_is_always_there() -> None:
    names = _levels.available()
    assert names[0] == "base"
    assert [name for name in ("base", "v3", "v4") if name in names] == list(names)
    assert set(names) <= set(cpu.levels())


def test_calls_go_to_the_engine_of_the_level(level: str) -> None:
    runs: list[str] = []

    class Watched:
        """An engine that tells of its use."""

        vector_bytes, dot_bits = _levels.engine.vector_bytes, _levels.engine.dot_bits
        can_average = _levels.engine.can_average

        @staticmethod
        def Program(*words: Any) -> Any:  # noqa: N802
            runs.append(level)
            return real.Program(*words)

    real = _levels.engine
    assert real.__name__ == f"fastconv._engine.engine_{level}"  # type: ignore[attr-defined]
    image = np.arange(200, dtype=np.uint8).reshape(10, 20)
    calls.new_level(level, Watched)
    try:
        got = fastconv.convolve(image, np.ones((3, 3)) / 9)
    finally:
        calls.new_level(level, real)
    assert runs == [level]
    assert_array_equal(got, wanted())


def test_levels_differ_in_their_vectors(level: str) -> None:
    # so a build with the wrong flags, or one file under two names, is seen
    if level in VECTOR_BYTES:
        assert _levels.engine.vector_bytes() == VECTOR_BYTES[level]
    else:
        assert _levels.engine.vector_bytes() in (0, 16)
    files = {name: _levels.load(name).__file__ for name in _levels.available()}  # type: ignore[attr-defined]
    assert len(set(files.values())) == len(files)


def test_fused_levels_really_fuse() -> None:
    # (1 + 2**-12)**2 - 1 - 2**-11 is 2**-24 if its square is not rounded before the sum, else 0
    image = np.array([[1, 1, 1 + 2.0**-12]] * 3, np.float32)
    kernel = np.array([[-1, -(2.0**-11), 1 + 2.0**-12]])
    for name in _levels.available():
        if name in VECTOR_BYTES:
            with at_level(name):
                got = fastconv.correlate(image, kernel, shape="valid", method="sparse")
            assert got.tolist() == [[2.0**-24]] * 3
