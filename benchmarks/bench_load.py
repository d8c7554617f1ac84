# SPDX-License-Identifier: BSD-3-Clause
"""Gain and cost of threads on a machine that runs other programs: prints a table.

    python benchmarks/bench_load.py                     all of it, some 17 minutes
    python benchmarks/bench_load.py --section pauses --sizes 512x512
    python benchmarks/bench_load.py --quick             a few calls a line
    python benchmarks/bench_load.py --report docs/threads.md

A 5x5 kernel on uint8: fastconv as it is called by default, fastconv with one thread, and cv2.filter2D with as
many threads as there are cores. Three sections: `load` runs beside 0, 1, 2 and 4 busy processes; `pauses`
leaves 1 to 200 ms between two calls of the same library; `callers` calls from 2 to 8 Python threads at once.
The libraries take turns: of some calls each, so that what else the machine does hits all, and with pauses one
by one, each in the middle of the others' pause, so that one pause serves all three.

Of the milliseconds of the calls the table has mean, median and 99th percentile, and fastconv's default over
each of the others, for the three apart. Above 1.15 times the one thread, or above cv2, a ratio is a loss. A
percentile is the median of those of blocks of 100 calls or more: what hits one block says nothing of the
library. `calls` tells on how many each rests. One thread is measured twice: `to itself` is the ratio of both,
so what a ratio may be when nothing differs.

What was measured is kept in benchmarks/results/load.json; --report measures nothing and puts what is kept
between the two marks of a page.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from facts import facts
from grid import parse_sizes, size_name
from rich.console import Console
from rich.table import Table

import fastconv

Call = Callable[[], Any]
Row = dict[str, Any]

BUSY = (0, 1, 2, 4)
PAUSES = (1, 10, 40, 200)  # ms
CALLERS = (2, 4, 8)
SIZES = "256x256,512x512,1080x1920,4096x4096"
ALLOWED = {"one thread": 1.15, "cv2": 1.0}
NAMES = ("default", *ALLOWED)
AGAIN = "one thread again"
# Each of fastconv's comes after cv2, whose threads stay awake for a while, as often.
ORDERS = (
    ("default", "one thread", AGAIN, "cv2"),
    (AGAIN, "default", "one thread", "cv2"),
    ("one thread", AGAIN, "default", "cv2"),
)
MEASURES = ("mean", "median", "p99")
KEPT = Path(__file__).parent / "results" / "load.json"
_TURN = 0.05  # seconds of calls without a pause, before the next one's turn
_BLOCK, _BLOCKS = 100, 8  # least calls of a block, and most blocks


@dataclass(frozen=True)
class Cell:
    """The load of the machine during a measurement."""

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


FULL, FULL_PAUSES = Effort(4.0, 400, 20000), Effort(8.0, 100, 400)
# Calls of more threads than cores take from one to eight times their time, as the system has it.
FULL_CALLERS = Effort(8.0, 400, 20000)
QUICK = Effort(1.0, 15, 2000)


# --- measuring -----------------------------------------------------------------------------------


def entrants(size: tuple[int, int]) -> dict[str, Call]:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, size, dtype=np.uint8)
    kernel = rng.random((5, 5))
    kernel /= kernel.sum()
    ours = partial(fastconv.correlate, image, kernel, border="mirror")
    found: dict[str, Call] = {
        "default": ours,
        "one thread": partial(ours, threads=1),
        AGAIN: partial(ours, threads=1),
        "cv2": partial(cv2.filter2D, image, -1, kernel),
    }
    wanted = ours()
    assert (found["one thread"]() == wanted).all()
    assert np.abs(found["cv2"]().astype(int) - wanted).max() <= 1  # rounds float32 sums
    return found


@contextmanager
def busy(count: int) -> Iterator[None]:
    """Run `count` processes that compute and never sleep."""
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        time.sleep(0.2 if count else 0)
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def timed(call: Call) -> float:
    start = time.perf_counter_ns()
    call()
    return (time.perf_counter_ns() - start) / 1e6


def turn(call: Call, callers: int, calls: int) -> list[float]:
    """Milliseconds of so many calls by each of the callers, all at once."""
    call()  # the others have emptied the caches
    if callers == 1:
        return [timed(call) for _ in range(calls)]
    times: list[float] = []
    start = threading.Barrier(callers)

    def work() -> None:
        start.wait()
        times.extend([timed(call) for _ in range(calls)])

    threads = [threading.Thread(target=work) for _ in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times


def rounds(everyone: dict[str, Call], cell: Cell) -> Iterator[dict[str, list[float]]]:
    """Endless rounds, of each entrant's turn."""
    calls = {}
    for name, call in everyone.items():
        rough = min(timed(call) for _ in range(5)) / 1000 * cell.callers
        calls[name] = max(1, min(500, round(_TURN / rough)))
    # As many of each of fastconv's: where callers outnumber cores, a call of a long turn takes longer than
    # one of a short turn, whose first and last calls meet fewer others.
    ours = calls.keys() - {"cv2"}
    calls |= dict.fromkeys(ours, min(calls[name] for name in ours))
    due = time.perf_counter()
    done = 0
    while True:
        found = {}
        for name in ORDERS[done % len(ORDERS)]:
            if cell.pause:
                due = max(due, time.perf_counter()) + cell.pause / 1000 / len(everyone)
                time.sleep(max(0.0, due - time.perf_counter()))
                found[name] = [timed(everyone[name])]
            else:
                found[name] = turn(everyone[name], cell.callers, calls[name])
        done += 1
        yield found


def measured(cell: Cell, effort: Effort) -> dict[str, list[float]]:
    """Milliseconds of all calls, the entrants in turns."""
    times: dict[str, list[float]] = {name: [] for name in ORDERS[0]}
    with busy(cell.busy):
        begun = time.perf_counter()
        for found in rounds(entrants(cell.size), cell):
            for name, some in found.items():
                times[name] += some
            fewest = min(map(len, times.values()))
            if fewest >= effort.most or (
                time.perf_counter() - begun > effort.seconds and fewest >= effort.least
            ):
                break
    return times


def percentile(times: list[float]) -> float:
    """Median of the 99th percentiles of blocks of calls that follow each other."""
    blocks = np.array_split(np.array(times), max(1, min(_BLOCKS, len(times) // _BLOCK)))
    return float(np.median([np.quantile(block, 0.99) for block in blocks]))


def summary(times: list[float]) -> Row:
    found = [float(np.mean(times)), float(np.median(times)), percentile(times)]
    return {**dict(zip(MEASURES, found, strict=True)), "calls": len(times)}


def effort_for(cell: Cell) -> Effort:
    if cell.pause:
        return FULL_PAUSES
    return FULL_CALLERS if cell.callers > 1 else FULL


def cells(section: str, sizes: tuple[tuple[int, int], ...]) -> list[Cell]:
    """Return the cells to measure. The first row of each sweep is that of `load`."""
    found = []
    for size in sizes:
        if section in ("all", "load"):
            found += [Cell(size, busy=n) for n in BUSY]
        if section in ("all", "pauses"):
            found += [Cell(size, pause=ms) for ms in PAUSES]
        if section in ("all", "callers"):
            found += [Cell(size, callers=n) for n in CALLERS]
    return found


# --- what is kept, and told ----------------------------------------------------------------------


def keep(cell: Cell, found: Row) -> None:
    """Replace the kept measurement of a cell."""
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {"cells": []}
    words = {**asdict(cell), "size": list(cell.size)}
    kept["facts"] = facts(fastconv.get_num_threads())
    kept["cells"] = [row for row in kept["cells"] if row["cell"] != words]
    kept["cells"].append({"cell": words, "found": found})
    KEPT.parent.mkdir(exist_ok=True)
    KEPT.write_text(json.dumps(kept, indent=1))


def ratios(found: Row, name: str, of: str = "default") -> dict[str, float]:
    """Ratios of the measures of one entrant to those of another."""
    return {what: found[of][what] / found[name][what] for what in MEASURES}


def lost(found: Row, name: str) -> list[str]:
    """Measures of the default that are worse than is allowed."""
    return [what for what, ratio in ratios(found, name).items() if ratio > ALLOWED[name]]


def words_of(found: Row, bad: str) -> list[str]:
    """Columns of a row: milliseconds, the calls they rest on, and ratios; losses are put into `bad`."""
    words = [" / ".join(f"{found[name][what]:.3g}" for what in MEASURES) for name in NAMES]
    words.append(str(min(found[name]["calls"] for name in NAMES)))
    for name in ALLOWED:
        worse = lost(found, name)
        words.append(
            " / ".join(
                bad.format(f"{ratio:.2f}") if what in worse else f"{ratio:.2f}"
                for what, ratio in ratios(found, name).items()
            )
        )
    twice = ratios(found, "one thread", AGAIN).values() if AGAIN in found else ()
    words.append(" / ".join(f"{ratio:.2f}" for ratio in twice))
    return words


def verdicts(rows: list[Row]) -> list[str]:
    """Number of rows that are worse than allowed, for each measure."""
    return [
        f"{sum(what in lost(found, name) for found in rows)} of {len(rows)} rows have a {what} "
        f"above {most} times that of {name}"
        for name, most in ALLOWED.items()
        for what in MEASURES
    ]


HEADS = (
    "size",
    "busy",
    "pause",
    "callers",
    *NAMES,
    "calls",
    *(f"to {name}" for name in ALLOWED),
    "to itself",
)


def report(path: Path) -> None:
    """Write the kept measurements between the two marks of a page."""
    from report import insert  # which takes matplotlib

    kept = json.loads(KEPT.read_text())
    rows = sorted(kept["cells"], key=lambda row: list(row["cell"].values()))
    lines = [
        " · ".join(f"{key} {value}" for key, value in kept["facts"].items()),
        "",
        *(f"* {line}." for line in verdicts([row["found"] for row in rows])),
        "",
        f"| {' | '.join(HEADS)} |",
        f"|{'---|' * len(HEADS)}",
    ]
    for row in rows:
        cell = Cell(**{**row["cell"], "size": tuple(row["cell"]["size"])})
        first = [size_name(cell.size), cell.busy, cell.pause, cell.callers]
        lines.append(f"| {' | '.join(map(str, first + words_of(row['found'], '**{}**')))} |")
    insert("\n".join(lines), path)


def main() -> None:
    """Print the table, and how many ratios are too large; or write the page."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sizes", type=parse_sizes, default=parse_sizes(SIZES))
    parser.add_argument("--section", choices=["all", "load", "pauses", "callers"], default="all")
    parser.add_argument("--quick", action="store_true", help="a few calls a line; keeps nothing")
    parser.add_argument(
        "--report", type=Path, metavar="PAGE", help="write what is kept into a page"
    )
    asked = parser.parse_args()
    if asked.report:
        report(asked.report)
        return
    cv2.setNumThreads(os.cpu_count() or 1)
    console = Console(width=180)
    console.print(" · ".join(f"{k} {v}" for k, v in facts(fastconv.get_num_threads()).items()))
    table = Table(*HEADS, title="ms a call: mean / median / p99")
    asked_cells = cells(asked.section, asked.sizes)
    rows = []
    with console.status("") as status:
        for number, cell in enumerate(asked_cells, 1):
            status.update(f"{number} of {len(asked_cells)}: {cell}")
            effort = QUICK if asked.quick else effort_for(cell)
            found = {name: summary(times) for name, times in measured(cell, effort).items()}
            if not asked.quick:
                keep(cell, found)
            rows.append(found)
            first = [size_name(cell.size), cell.busy, cell.pause, cell.callers]
            table.add_row(*map(str, first), *words_of(found, "[red]{}[/]"))
    console.print(table)
    for line in verdicts(rows):
        console.print(line)


if __name__ == "__main__":
    main()
