# SPDX-License-Identifier: BSD-3-Clause
"""Time fastconv and all rivals of each cell in turns, and print the table, worst cell first.

    python benchmarks/compare.py
    python benchmarks/compare.py --sizes 512 --pixels uint8 --filters random,box
    python benchmarks/compare.py --full --threads 2

The ratio is the time of the fastest rival that gave the right answer over that of fastconv: above
1 fastconv is faster, below 1 it loses and the line says so. After it stands the share of the machine's
limit that fastconv reaches, and what binds (see limits.py). Everything goes to a JSON file, of which
report.py makes tables and plots.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from facts import facts
from grid import OPTIONS, Cell, select_by
from limits import copy_call, limit, peaks
from photo import photograph
from rivals import OURS, field, use_threads
from timing import race

RESULTS = Path(__file__).parent / "results"


def measure(cell: Cell, least: float, rounds: int, peak: dict[str, float]) -> dict[str, Any]:
    """Return one cell as it goes to the JSON."""
    entrants = field(cell)
    calls = {each.name: each.call for each in entrants if each.call}
    times = race(
        calls | {"copy": copy_call(photograph(cell.pixel, cell.size))}, least=least, rounds=rounds
    )
    least_time, binds = limit(cell, times["copy"].median, peak)
    return cell.label | {
        "share": least_time / times[OURS.name].median,
        "binds": binds,
        "times": {
            each.name: {"library": each.rival.library, "differing": each.differing}
            | asdict(times[each.name])
            for each in entrants
            if each.call
        },
        "left_out": {each.rival.name: each.reason for each in entrants if each.reason},
    }


def fastest_rival(times: dict[str, dict[str, Any]]) -> str | None:
    rivals = [name for name in times if name != OURS.name]
    return min(rivals, key=lambda name: float(times[name]["median"]), default=None)


def ratio(times: dict[str, dict[str, Any]]) -> float:
    """Time of the fastest rival over that of fastconv."""
    rival = fastest_rival(times)
    return float(times[rival]["median"] / times[OURS.name]["median"]) if rival else math.nan


def geometric_mean(ratios: list[float]) -> float:
    logs = [math.log(r) for r in ratios if r == r]
    return math.exp(math.fsum(logs) / len(logs)) if logs else math.nan


def _line(cell: dict[str, Any]) -> str:
    times = cell["times"]
    found = ratio(times)
    others = sorted((n for n in times if n != OURS.name), key=lambda n: times[n]["median"])
    told = ", ".join(f"{name} {times[name]['median'] * 1e3:.4g}" for name in others)
    out = " out=" if cell["out"] else ""
    return (
        f"{found:7.2f} {'LOSES' if found < 1 else '     '} {cell['share']:4.0%} {cell['binds']:10} "
        f"{cell['filter']:15} {cell['pixel']:9} "
        f"{cell['size'] + out:14} fastconv {times[OURS.name]['median'] * 1e3:.4g} ms | {told}"
    )


def _print_table(cells: list[dict[str, Any]]) -> None:
    def worst_first(cell: dict[str, Any]) -> float:
        found = ratio(cell["times"])
        return math.inf if math.isnan(found) else found

    for cell in sorted(cells, key=worst_first):
        print(_line(cell))
    ratios = [ratio(cell["times"]) for cell in cells]
    losing = sum(r < 1 for r in ratios)
    print(f"geometric mean {geometric_mean(ratios):.2f}, loses {losing} of {len(cells)} cells")
    print("as it is, not timed:")
    told = set()
    for cell in cells:
        for name, reason in cell["left_out"].items():
            line = f"  {name}, {cell['filter']}, {cell['pixel']}"
            if line not in told:
                print(f"{line}, {cell['size']}: {reason}")
            told.add(line)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, options in OPTIONS:
        parser.add_argument(name, **options)
    parser.add_argument("--least", type=float, default=0.15, help="seconds a cell, at least")
    parser.add_argument("--rounds", type=int, default=15, help="rounds a cell, at least")
    parser.add_argument("--json", type=Path, default=RESULTS / "compare.json")
    asked = parser.parse_args()
    try:
        wanted = select_by(asked)
    except ValueError as error:
        parser.error(str(error))
    use_threads(asked.threads)
    peak = peaks(asked.threads)
    told = ", ".join(f"{name} {rate * 1e-9:.1f}" for name, rate in peak.items())
    print(f"measured peaks, 10^9 multiply-adds a second: {told}")
    cells: list[dict[str, Any]] = []
    for number, cell in enumerate(wanted, 1):
        cells.append(measure(cell, asked.least, asked.rounds, peak))
        print(f"{number}/{len(wanted)}  {_line(cells[-1])}", file=sys.stderr)
    asked.json.parent.mkdir(parents=True, exist_ok=True)
    asked.json.write_text(
        json.dumps({"facts": facts(asked.threads), "peaks": peak, "cells": cells}, indent=1)
    )
    _print_table(cells)
    print(f"written: {asked.json}")


if __name__ == "__main__":
    main()
