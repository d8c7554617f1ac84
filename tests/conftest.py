# SPDX-License-Identifier: BSD-3-Clause
"""What the tests share: the engine's levels, a cluster, and how hard Hypothesis looks."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from fastconv import _levels, set_num_threads
from fastconv._engine import pool

from .judge import at_level

# A failure prints the line that repeats it.
settings.register_profile("fastconv", deadline=None, max_examples=150, print_blob=True)
settings.load_profile("fastconv")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put a test's levels side by side: the definition's result of a case is made for the first of them."""
    first: dict[Any, int] = {}

    def place(item: pytest.Item) -> int:
        indices = getattr(getattr(item, "callspec", None), "indices", {})
        others = tuple((name, index) for name, index in indices.items() if name != "level")
        return first.setdefault((item.nodeid.partition("[")[0], others), len(first))

    items.sort(key=place)


@pytest.fixture(params=["base", "v3", "v4"])
def level(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run the test on each level of the engine that this machine has."""
    name: str = request.param
    if name not in _levels.available():
        pytest.skip(f"this CPU, or this build, has no level {name}")
    with at_level(name):
        yield name


@pytest.fixture
def both_levels() -> tuple[str, str]:
    """The levels with fused multiply-adds, whose floats have the same bits."""
    both = ("v3", "v4")
    for name in both:
        if name not in _levels.available():
            pytest.skip(f"compares v3 and v4; this CPU, or this build, has no level {name}")
    return both


@pytest.fixture
def eager_threads() -> Iterator[None]:
    """Let the smallest picture have as many threads as are asked for, on however busy a machine."""
    pool.tune(worth=0, lone_calls=0)
    yield
    pool.tune()
    set_num_threads(None)


@contextmanager
def workers_of_dask() -> Iterator[Any]:
    """Two processes, as on two machines."""
    import dask
    from distributed import LocalCluster

    # who asks a worker that was killed for its results waits for half a minute by default
    patience = dask.config.set({"distributed.comm.timeouts.connect": "10s"})
    words = {"processes": True, "dashboard_address": ":0", "silence_logs": logging.CRITICAL}
    with patience, LocalCluster(n_workers=2, threads_per_worker=1, **words) as workers:
        yield workers


@pytest.fixture(scope="session")
def cluster() -> Iterator[Any]:
    """Two workers of dask."""
    with workers_of_dask() as workers:
        yield workers


@pytest.fixture
def doomed_cluster() -> Iterator[Any]:
    """Two workers of dask, one of which the test kills. When another takes its place is up to dask, and may
    be minutes later on a busy machine.
    """
    with workers_of_dask() as workers:
        yield workers


@pytest.fixture
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of the test's own, and a terminal of 80 columns."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
