# SPDX-License-Identifier: BSD-3-Clause
"""What threads bring, and cost, on a machine that has other things to do: prints a table.

    python benchmarks/bench_load.py
    python benchmarks/bench_load.py --quick
    python benchmarks/bench_load.py --sweep busy --sizes 512x512

A 5x5 kernel on uint8: fastconv as it is called by default, fastconv with one thread, and cv2.filter2D with as
many threads as there are cores. Three sweeps: beside 0, 1, 2 and 4 busy processes; with pauses of 0 to 200 ms
before each call; from 1 to 8 Python threads at once. All three take turns, of some calls each, so that what
else the machine does hits all. Of the milliseconds of their calls the table has mean, median and 99th
percentile, and the worst of the three ratios between fastconv's default and each of the others. Above 1.15
times the one thread, or above cv2, a ratio is red.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import cv2
import numpy as np
from facts import facts
from grid import parse_sizes, size_name
from rich.console import Console
from rich.table import Table

import fastconv

Call = Callable[[], Any]

BUSY = (0, 1, 2, 4)
PAUSES = (0, 1, 10, 40, 200)  # ms
CALLERS = (1, 2, 4, 8)
SIZES = "256x256,512x512,1080x1920,4096x4096"
ALLOWED = {"one thread": 1.15, "cv2": 1.0}
_TURN = 0.05  # seconds of calls without a pause, before the next one's turn


@dataclass(frozen=True)
class Cell:
    """What the machine does meanwhile."""

    size: tuple[int, int]
    busy: int = 0
    pause: int = 0
    callers: int = 1


@dataclass(frozen=True)
class Effort:
    """How long a cell is measured: for `seconds`, but for at least and at most so many calls each."""

    seconds: float
    least: int
    most: int


FULL, QUICK = Effort(12.0, 200, 4000), Effort(1.5, 20, 1000)


def entrants(size: tuple[int, int]) -> dict[str, Call]:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, size, dtype=np.uint8)
    kernel = rng.random((5, 5))
    kernel /= kernel.sum()
    ours = partial(fastconv.correlate, image, kernel, border="mirror")
    found: dict[str, Call] = {
        "default": ours,
        "one thread": partial(ours, threads=1),
        "cv2": partial(cv2.filter2D, image, -1, kernel),
    }
    wanted = ours()
    assert (found["one thread"]() == wanted).all()
    assert np.abs(found["cv2"]().astype(int) - wanted).max() <= 1  # rounds float32 sums
    return found


@contextmanager
def busy(count: int) -> Iterator[None]:
    """So many processes that compute and never sleep."""
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        time.sleep(0.2 if count else 0)
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def timed(call: Call, pause: int) -> float:
    if pause:
        time.sleep(pause / 1000)
    start = time.perf_counter_ns()
    call()
    return (time.perf_counter_ns() - start) / 1e6


def turn(call: Call, cell: Cell, calls: int) -> list[float]:
    """Milliseconds of so many calls by each of the callers, all at once."""
    if not cell.pause:
        call()  # the others have emptied the caches
    if cell.callers == 1:
        return [timed(call, cell.pause) for _ in range(calls)]
    times: list[float] = []
    start = threading.Barrier(cell.callers)

    def work() -> None:
        start.wait()
        times.extend([timed(call, cell.pause) for _ in range(calls)])

    callers = [threading.Thread(target=work) for _ in range(cell.callers)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    return times


def measured(cell: Cell, effort: Effort) -> dict[str, list[float]]:
    """Milliseconds of all calls, the entrants in turns."""
    calls = {}
    everyone = entrants(cell.size)
    times: dict[str, list[float]] = {name: [] for name in everyone}
    with busy(cell.busy):
        for name, call in everyone.items():
            rough = min(timed(call, 0) for _ in range(5)) / 1000 * cell.callers
            calls[name] = 1 if cell.pause else max(1, min(500, round(_TURN / rough)))
        begun, done = time.perf_counter(), 0
        while True:
            names = list(everyone)
            for place in range(len(names)):
                name = names[(place + done) % len(names)]
                times[name] += turn(everyone[name], cell, calls[name])
            done += 1
            fewest = min(map(len, times.values()))
            if (time.perf_counter() - begun > effort.seconds and fewest >= effort.least) or (
                fewest >= effort.most
            ):
                return times


def summary(times: list[float]) -> tuple[float, float, float]:
    return float(np.mean(times)), float(np.median(times)), float(np.quantile(times, 0.99))


def cells(sweep: str, sizes: tuple[tuple[int, int], ...]) -> list[Cell]:
    """Return what is measured."""
    found = []
    for size in sizes:
        if sweep in ("all", "busy"):
            found += [Cell(size, busy=n) for n in BUSY]
        if sweep in ("all", "pause"):
            found += [Cell(size, pause=ms) for ms in PAUSES if ms or sweep != "all"]
        if sweep in ("all", "callers"):
            found += [Cell(size, callers=n) for n in CALLERS if n > 1 or sweep != "all"]
    return found


def main() -> None:
    """Print the table, a line as soon as it is measured, and how many ratios are too large."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sizes", type=parse_sizes, default=parse_sizes(SIZES))
    parser.add_argument("--sweep", choices=["all", "busy", "pause", "callers"], default="all")
    parser.add_argument("--quick", action="store_true", help="a few calls a line: p99 is the worst")
    asked = parser.parse_args()
    cv2.setNumThreads(os.cpu_count() or 1)
    console = Console(width=132)
    console.print(" · ".join(f"{k} {v}" for k, v in facts(fastconv.get_num_threads()).items()))
    table = Table("size", "busy", "pause", "callers", title="ms a call: mean / median / p99")
    for name in ("default", *ALLOWED):
        table.add_column(name, justify="right")
    for name in ALLOWED:
        table.add_column(f"to {name}", justify="right")
    worse = dict.fromkeys(ALLOWED, 0)
    asked_cells = cells(asked.sweep, asked.sizes)
    with console.status("") as status:
        for number, cell in enumerate(asked_cells, 1):
            status.update(f"{number} of {len(asked_cells)}: {cell}")
            found = {
                name: summary(times)
                for name, times in measured(cell, QUICK if asked.quick else FULL).items()
            }
            words = [size_name(cell.size), cell.busy, cell.pause, cell.callers]
            words += [" / ".join(f"{ms:.3g}" for ms in found[name]) for name in found]
            for name, most in ALLOWED.items():
                ratio = max(a / b for a, b in zip(found["default"], found[name], strict=True))
                worse[name] += ratio > most
                words.append(f"[red]{ratio:.2f}[/]" if ratio > most else f"{ratio:.2f}")
            table.add_row(*map(str, words))
    console.print(table)
    for name, count in worse.items():
        console.print(
            f"{count} of {len(asked_cells)} lines are worse than {ALLOWED[name]} times {name}"
        )


if __name__ == "__main__":
    main()
