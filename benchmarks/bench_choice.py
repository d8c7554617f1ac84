# SPDX-License-Identifier: BSD-3-Clause
"""Whether the method that is chosen is the fastest that is allowed, over the sweep's calls at random.

    python benchmarks/bench_choice.py --seconds 60
    FASTCONV_LEVEL=base python benchmarks/bench_choice.py --calls 500 --seed 2

Each call is timed with method="auto" and with every method that takes it, in turns, on one thread. The table
says how many choices lose more than 10, 25 and 50 percent to the fastest method, grouped by the method that
is chosen; then the worst are listed. The methods of float results are chosen by the highest level's prices,
so that their bits are the same at all levels: at lower levels, such choices may lose more.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from time import perf_counter

import numpy as np
from facts import facts
from random_calls import Call
from random_convolutions import convolution
from rich.console import Console
from rich.table import Table
from rivals import use_threads
from timing import race, seconds_a_call

import fastconv
from fastconv._planner import METHODS

# Smaller calls are mostly entry; larger ones take too long for a search.
_LEAST, _MOST = 4096, 400_000
# Methods that take this many times as long as the chosen one are left out after their first calls.
_HOPELESS = 3.0
_LOSSES = (0.10, 0.25, 0.50)


@dataclass(frozen=True)
class Choice:
    """Seconds of the chosen method and of the fastest one."""

    number: int
    words: str
    chosen: str
    fastest: str
    auto: float
    best: float

    @property
    def loss(self) -> float:
        return self.auto / self.best - 1


def chosen_method(call: partial[object]) -> str:
    image, kernel = call.args
    lines = fastconv.explain(image, kernel, **call.keywords).splitlines()
    return next(line.split()[1].rstrip(":") for line in lines if line.startswith("  method"))


def weigh(number: int, words: str, call: partial[object]) -> Choice:
    """Time a call with each method."""
    chosen = chosen_method(call)
    seconds_a_call(call, 1)
    limit = _HOPELESS * seconds_a_call(call, 1)
    calls: dict[str, Call] = {"auto": call}
    for method in METHODS:
        if method in (chosen, "wide"):  # sums in pairs of integers are the last resort
            continue
        other = partial(call, method=method)
        try:
            if min(seconds_a_call(other, 1), seconds_a_call(other, 1)) < limit:
                calls[method] = other
        except ValueError:
            continue
    if len(calls) == 1:
        return Choice(number, words, chosen, chosen, limit / _HOPELESS, limit / _HOPELESS)
    times = {
        name: each.median for name, each in race(calls, least=0.004, rounds=7, most=0.2).items()
    }
    fastest = min(times, key=lambda name: times[name])
    return Choice(
        number,
        words,
        chosen,
        chosen if fastest == "auto" else fastest,
        times["auto"],
        times[fastest],
    )


def ask(seed: int, calls: int, seconds: float) -> list[Choice]:
    found: list[Choice] = []
    end, number = perf_counter() + seconds, 0
    while len(found) < calls and perf_counter() < end:
        question = convolution(np.random.default_rng([seed, 0, number]))
        if _LEAST <= question.samples <= _MOST:
            assert isinstance(question.ours, partial)
            found.append(weigh(number, question.words, question.ours))
        number += 1
    return found


def tell(found: list[Choice], worst: int) -> None:
    console = Console(width=170)
    groups = defaultdict(list, {"all": found})
    for choice in found:
        groups[choice.chosen].append(choice)
    table = Table(title="choices that lose to the fastest method", title_justify="left")
    for heading in ("chosen", "calls", *(f"over {loss:.0%}" for loss in _LOSSES), "worst"):
        table.add_column(heading, justify="left" if heading == "chosen" else "right")
    for name, group in groups.items():
        losses = np.array([choice.loss for choice in group])
        shares = (f"{(losses > loss).mean():.1%}" for loss in _LOSSES)
        table.add_row(name, str(len(group)), *shares, f"{losses.max():.0%}")
    console.print(table)
    table = Table(title="worst", title_justify="left")
    for heading in ("loss", "us", "chosen", "fastest", "call"):
        table.add_column(heading, justify="right" if heading in ("loss", "us") else "left")
    for choice in sorted(found, key=lambda choice: -choice.loss)[:worst]:
        table.add_row(
            f"{choice.loss:.0%}", f"{choice.auto * 1e6:,.1f}", choice.chosen, choice.fastest,
            f"{choice.number}: {choice.words}",
        )  # fmt: skip
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60.0, help="time budget")
    parser.add_argument("--calls", type=int, default=10_000, help="at the most")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--worst", type=int, default=30, help="rows of the table of the worst")
    parser.add_argument("--json", type=Path, help="where to write all choices")
    asked = parser.parse_args()
    use_threads(1)
    np.seterr(all="ignore")
    found = ask(asked.seed, asked.calls, asked.seconds)
    if not found:
        parser.error("no call was asked: more --seconds, please")
    tell(found, asked.worst)
    if asked.json:
        asked.json.write_text(json.dumps([asdict(choice) for choice in found], indent=1))
    print(" · ".join(f"{key} {value}" for key, value in facts(1).items()))


if __name__ == "__main__":
    main()
