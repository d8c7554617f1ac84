# SPDX-License-Identifier: BSD-3-Clause
"""Shared parts of the suites: options, facts of the machine, and the rivals that were left out.

    pytest benchmarks --benchmark-json=benchmarks/results/pytest.json

runs both suites, `--threads 2`, `--sizes 64,512`, `--full` and so on (see grid.py) change what is
asked. pytest-benchmark runs one benchmark after the other; `compare.py` takes turns and is the one
to trust for ratios.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from facts import facts
from grid import OPTIONS
from rivals import use_threads
from timing import calls_a_turn, warmed

Timer = Callable[..., None]

#: (question, rival, reason) of rivals that are not timed.
_left_out: list[tuple[str, str, str]] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("fastconv", "fastconv's benchmarks")
    for name, options in OPTIONS:
        group.addoption(name, **options)


def pytest_configure(config: pytest.Config) -> None:
    use_threads(config.getoption("--threads"))
    # --benchmark-json opens its file before anything runs; the folder is not in the repository
    (Path(__file__).parent / "results").mkdir(exist_ok=True)


@pytest.fixture(scope="session")
def machine(request: pytest.FixtureRequest) -> dict[str, str | int]:
    return facts(request.config.getoption("--threads"))


@pytest.fixture
def time_it(benchmark: Any, machine: dict[str, str | int]) -> Timer:
    """Time a call shortly, so that those to compare run close to each other."""

    def timed(call: Callable[[], Any], *, group: str, label: dict[str, Any]) -> None:
        benchmark.group = group
        benchmark.extra_info.update(machine | label)
        seconds = warmed(call)
        calls = calls_a_turn(seconds)
        rounds = min(200, max(3, round(0.15 / (seconds * calls))))
        benchmark.pedantic(call, iterations=calls, rounds=rounds, warmup_rounds=1)

    return timed


@pytest.fixture
def leave_out() -> Callable[[str, str, str], None]:
    """Skip a rival, and remember the reason for the summary and the JSON."""

    def skip(question: str, who: str, reason: str) -> None:
        _left_out.append((question, who, reason))
        pytest.skip(f"{who}: {reason}")

    return skip


def pytest_benchmark_update_json(
    config: pytest.Config, benchmarks: object, output_json: dict[str, Any]
) -> None:
    output_json["left_out"] = _left_out


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if _left_out:
        terminalreporter.section("asked, but not timed")
        for question, who, reason in _left_out:
            terminalreporter.write_line(f"{question}: {who}: {reason}")
