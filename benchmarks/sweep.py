# SPDX-License-Identifier: BSD-3-Clause
"""Calls at random, between the points of the grid: how many are lost, and which.

    python benchmarks/sweep.py --seconds 600
    python benchmarks/sweep.py --seed 2 --calls 1000 --json after.json --beside before.json
    python benchmarks/sweep.py --drop-ins --seconds 600
    python benchmarks/sweep.py --drop-ins --installed --only cv2,ImageFilter
    python benchmarks/sweep.py --page docs/sweep.md convolve.json drop-ins.json

Asks fastconv.convolve beside the faster of OpenCV and SciPy (random_convolutions.py), or the drop-ins beside
the originals (random_drop_ins.py), one thread each. The same seed asks the same calls in the same order. The
ratio is the time of the fastest other that gave the right answer over ours: below 1 the call is lost. Warm is
the median of calls again and again, in turns; cold the first call of all, of either, which includes what
anyone finds out about a kernel or a size before the first pixel.

--page measures nothing: it puts the tables of files that --json wrote between the two marks of a page.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from time import perf_counter, perf_counter_ns
from typing import Any

import cv2
import numpy as np
from compare import geometric_mean
from facts import facts
from random_calls import Call, Question, Random
from random_convolutions import convolution
from random_drop_ins import ORIGINALS, drop_in, stand_in
from rich.console import Console
from rich.table import Table
from rivals import use_threads
from timing import race

Row = dict[str, Any]

_OURS = "fastconv"
# Calls on fewer samples are counted, but told apart: most of their time goes by before the engine.
_LARGE = 4096
# A call that comes out this near to equal is timed again, longer.
_CLOSE = 1.15
# But not if it takes so many seconds: then its median is of enough time.
_LONG = 0.03
# Calls that are asked first and not counted: modules are loaded, caches filled.
_WARMING = 12
# Read before each first call, twice as much as a second-level cache holds. Or whoever comes second would find
# the image and the interpreter in it: that took off two thirds of a small call's time.
_OTHER_DATA = np.ones(1 << 19)


# --- asking --------------------------------------------------------------------------------------


def cold(call: Call) -> tuple[float, Any]:
    """Seconds of the first call, and its answer."""
    _OTHER_DATA.sum()
    start = perf_counter_ns()
    answer = call()
    return (perf_counter_ns() - start) * 1e-9, answer


def measure(question: Question, first: bool) -> Row | None:
    """Time fastconv and all others, fastconv first or last. None if no other answer is right."""
    calls = {_OURS: question.ours, **question.theirs}
    names = list(calls) if first else [*question.theirs, _OURS]
    times: dict[str, float] = {}
    answers: dict[str, Any] = {}
    for name in names:
        with contextlib.suppress(cv2.error, *(() if name == _OURS else (RuntimeError, ValueError))):
            times[name], answers[name] = cold(calls[name])
    reasons = {name: question.wrong(name, answers[name]) for name in calls if name in answers}
    if reasons[_OURS]:
        raise AssertionError(f"{question.words}: ours is {reasons[_OURS]}")
    right = {name: calls[name] for name in reasons if not reasons[name]}
    if len(right) == 1:
        return None
    del answers
    fastest_cold = min(
        seconds for name, seconds in times.items() if name in right and name != _OURS
    )
    # an entrant that took three times as long as another is not the fastest
    entrants = {n: c for n, c in right.items() if n == _OURS or times[n] < 3 * fastest_cold + 2e-4}
    medians = _medians(entrants, rounds=5)
    ratio = _ratio(medians)
    if 1 / _CLOSE < ratio < _CLOSE and medians[_OURS] < _LONG:
        medians = _medians(entrants, rounds=21)
        ratio = _ratio(medians)
    rival = min((n for n in medians if n != _OURS), key=lambda n: medians[n])
    return {
        "axes": question.axes, "words": question.words, "samples": question.samples, "rival": rival,
        "ours": medians[_OURS], "theirs": medians[rival], "warm": ratio, "first": times[_OURS],
        "cold": fastest_cold / times[_OURS],
    }  # fmt: skip


def _medians(entrants: dict[str, Call], rounds: int) -> dict[str, float]:
    times = race(entrants, least=0.0, rounds=rounds, most=0.5)
    return {name: each.median for name, each in times.items()}


def _ratio(medians: dict[str, float]) -> float:
    return min(m for name, m in medians.items() if name != _OURS) / medians[_OURS]


def ask(
    questions: Callable[[Random], Question], seed: int, calls: int, seconds: float
) -> tuple[list[Row], int]:
    """Ask until enough calls are done or enough seconds are over. Count the calls that no other
    library can do.
    """
    for number in range(_WARMING):
        question = questions(np.random.default_rng([seed, 1, number]))
        if question.samples < 1 << 18:
            measure(question, True)
    rows: list[Row] = []
    alone, number, end = 0, 0, perf_counter() + seconds
    while number < calls and perf_counter() < end:
        row = measure(questions(np.random.default_rng([seed, 0, number])), number % 2 == 0)
        number += 1
        if row is None:
            alone += 1
        else:
            rows.append({"number": number, **row})
        if number % 200 == 0:
            print(f"{number} calls, {perf_counter() - end + seconds:.0f} s", file=sys.stderr)
    return rows, alone


# --- telling -------------------------------------------------------------------------------------


def figures(ratios: list[float]) -> list[str]:
    """Calls, share lost, worst, median, geometric mean."""
    if not ratios:
        return ["0", "", "", "", ""]
    lost = sum(ratio < 1 for ratio in ratios) / len(ratios)
    return [
        f"{len(ratios):,}", f"{lost:.1%}", f"{min(ratios):.2f}", f"{statistics.median(ratios):.2f}",
        f"{geometric_mean(ratios):.2f}",
    ]  # fmt: skip


def _both(rows: Iterable[Row]) -> list[str]:
    rows = list(rows)
    large = [row["warm"] for row in rows if row["samples"] >= _LARGE]
    return [
        *figures([row["warm"] for row in rows]), *figures(large), *figures([r["cold"] for r in rows])[1:],
    ]  # fmt: skip


def _told(title: str, groups: dict[str, list[Row]]) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("")
    columns = ("calls", "lost", "worst", "median", "mean")
    for heading in (
        *columns,
        *(f"large {c}" for c in columns),
        *(f"cold {c}" for c in columns[1:]),
    ):
        table.add_column(heading, justify="right")
    for name, rows in groups.items():
        table.add_row(name, *_both(rows))
    return table


def grouped(rows: list[Row], axis: str) -> dict[str, list[Row]]:
    """Rows by their place on an axis, the one that loses most first."""
    groups = defaultdict(list)
    for row in rows:
        groups[row["axes"][axis]].append(row)
    return dict(sorted(groups.items(), key=lambda g: geometric_mean([row["warm"] for row in g[1]])))


def _worst(rows: list[Row], by: str, count: int) -> Table:
    table = Table(title=f"worst, {by}", title_justify="left")
    for heading in (by, "ours, us", "fastest other", "call"):
        table.add_column(
            heading, justify="left" if heading in ("fastest other", "call") else "right"
        )
    for row in sorted(rows, key=lambda row: row[by])[:count]:
        ours = row["ours" if by == "warm" else "first"]
        table.add_row(f"{row[by]:.3f}", f"{ours * 1e6:,.1f}", row["rival"], row["words"])
    return table


def _changes(rows: list[Row], before: list[Row], count: int) -> Table:
    """Calls that became slower since an earlier run of the same seed, largest change first."""
    old = {row["words"]: row for row in before}
    same = [(row["ours"] / old[row["words"]]["ours"], row) for row in rows if row["words"] in old]
    table = Table(
        title=f"{len(same)} of the same calls, our time over that before", title_justify="left"
    )
    for heading in ("over before", "ours, us", "before, us", "warm", "call"):
        table.add_column(heading, justify="left" if heading == "call" else "right")
    for factor, row in sorted(same, key=lambda each: -each[0])[:count]:
        ours, earlier = row["ours"] * 1e6, old[row["words"]]["ours"] * 1e6
        table.add_row(
            f"{factor:.2f}", f"{ours:,.1f}", f"{earlier:,.1f}", f"{row['warm']:.2f}", row["words"]
        )
    if same:
        table.caption = f"geometric mean {geometric_mean([factor for factor, _ in same]):.3f}"
    return table


def tables(rows: list[Row], worst: int, before: list[Row] | None) -> list[Table]:
    everything = {"now": rows} if before is None else {"now": rows, "before": before}
    found = [_told("all calls", everything)]
    found += [_told(f"by {axis}", grouped(rows, axis)) for axis in rows[0]["axes"]]
    found += [_worst(rows, "warm", worst), _worst(rows, "cold", worst)]
    return found if before is None else [*found, _changes(rows, before, worst)]


def legend(alone: int) -> str:
    return (
        f"lost: the ratio is below 1; large: {_LARGE:,} samples and more; mean: geometric. "
        f"{alone} calls that no other library answers right are not counted."
    )


def _markdown(table: Table) -> str:
    """The table as Markdown, behind its title."""
    ends = {"right": "---:", "left": "---"}
    lines = [
        [str(column.header) for column in table.columns],
        [ends[column.justify] for column in table.columns],
        *zip(*(column.cells for column in table.columns), strict=True),
    ]
    body = "\n".join(f"| {' | '.join(map(str, cells))} |" for cells in lines)
    return f"**{table.title}**\n\n{body}"


def page(files: list[Path], worst: int, path: Path) -> None:
    """Put the tables of what was kept between the two marks of a page."""
    from report import insert  # which takes matplotlib

    parts = []
    for file in files:
        kept = json.loads(file.read_text())
        known = " · ".join(f"{key} {value}" for key, value in kept["facts"].items())
        parts += [f"### {file.stem}, seed {kept['seed']}", known]
        parts += [_markdown(table) for table in tables(kept["calls"], worst, None)]
        parts.append(legend(kept["alone"]))
    insert("\n\n".join(parts), path)


def tell(rows: list[Row], alone: int, worst: int, before: list[Row] | None) -> None:
    console = Console(width=None if sys.stdout.isatty() else 190)
    for table in tables(rows, worst, before):
        console.print(table)
    console.print(legend(alone))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=300.0, help="time budget")
    parser.add_argument("--calls", type=int, default=10_000, help="at the most")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--worst", type=int, default=30, help="rows of the tables of the worst")
    parser.add_argument("--json", type=Path, help="where to write all calls")
    parser.add_argument("--beside", type=Path, help="an earlier such file")
    parser.add_argument("--page", type=Path, help="write the tables of FILES into a page")
    parser.add_argument("files", type=Path, nargs="*", metavar="FILES", help="what --json kept")
    parser.add_argument("--drop-ins", action="store_true", help="ask these, not fastconv.convolve")
    parser.add_argument(
        "--installed", action="store_true", help="what `install` puts in place, instead"
    )
    parser.add_argument("--only", default=",".join(ORIGINALS), help="drop-ins of these")
    asked = parser.parse_args()
    if bool(asked.page) != bool(asked.files):
        parser.error("--page and FILES belong together")
    if asked.page:
        page(asked.files, asked.worst, asked.page)
        return
    unknown = set(asked.only.split(",")) - set(ORIGINALS)
    if unknown:
        parser.error(f"--only must be of {', '.join(ORIGINALS)}; got {', '.join(sorted(unknown))}")
    use_threads(1)
    np.seterr(all="ignore")
    questions: Callable[[Random], Question] = convolution
    if asked.drop_ins:
        if asked.installed:
            stand_in()
        questions = partial(drop_in, tuple(asked.only.split(",")), asked.installed)
    rows, alone = ask(questions, asked.seed, asked.calls, asked.seconds)
    if not rows:
        parser.error("no call was asked: more --seconds, please")
    if asked.json:
        asked.json.parent.mkdir(parents=True, exist_ok=True)
        known = {"facts": facts(1), "seed": asked.seed, "alone": alone}
        asked.json.write_text(json.dumps(known | {"calls": rows}, indent=1))
    before = json.loads(asked.beside.read_text())["calls"] if asked.beside else None
    tell(rows, alone, asked.worst, before)
    print(" · ".join(f"{key} {value}" for key, value in facts(1).items()))


if __name__ == "__main__":
    main()
