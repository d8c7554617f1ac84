# SPDX-License-Identifier: BSD-3-Clause
"""Time another checkout's fastconv beside this one, in turns, and compare their results to the last bit.

    python benchmarks/beside.py ../before
    python benchmarks/beside.py ../before --sizes 28,512,2048 --full --json beside.json
    python benchmarks/beside.py ../before --random 500 --seed 7 --rounds 1

A change of structure is one if no bit differs and no cell is slower. Both checkouts must be built in
place. Each runs in a process of its own, in turns; the ratio is the median of the time of the other
over that of this one, above 1 where this one is faster. "other bits" says that the results differ:
of integers that is an error, floats may differ where another method was chosen.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from time import monotonic
from typing import Any

import numpy as np
from compare import geometric_mean
from grid import OPTIONS, Cell, select_by
from photo import photograph
from timing import Call, calls_a_turn, seconds_a_call, warmed

HERE = Path(__file__).resolve().parent
SLOWER = 0.95  # a question below this is named


class Engine:
    """A process with one checkout's fastconv, that times the calls it is asked for."""

    def __init__(self, checkout: Path, words: list[str]) -> None:
        paths = os.pathsep.join((str(checkout), str(HERE)))
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "beside.py"), "--serve", *words],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=os.environ | {"PYTHONPATH": paths, "PYTHONSAFEPATH": "1"},
        )  # fmt: skip
        self.home = self.ask("where")

    def ask(self, what: str) -> Any:
        """Return what the process answers to "where", a number, or "digest" and a number."""
        assert self._process.stdin is not None and self._process.stdout is not None
        print(what, file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the process of {self.home} ended")
        return json.loads(line)


def questions(asked: argparse.Namespace) -> list[tuple[str, Callable[[], Call]]]:
    """Return the name of each question and what makes its call: cells, or calls at random."""
    if not asked.random:
        return [(str(cell), partial(of_cell, cell, asked.threads)) for cell in select_by(asked)]
    return [
        (f"{kind} {asked.seed}.{n}", partial(of_random, kind, asked.seed, n))
        for n in range(asked.random)
        for kind in asked.kinds.split(",")
    ]


def of_cell(cell: Cell, threads: int) -> Call:
    import fastconv

    image, weights = photograph(cell.pixel, cell.size), cell.filter.weights
    options: dict[str, Any] = {"threads": threads}
    if cell.pixel.channels > 1:
        options["channel_axis"] = -1
    if cell.out:
        options["out"] = image.copy()
    return lambda: fastconv.convolve(image, weights, **options)


def of_random(kind: str, seed: int, number: int) -> Call:
    """Return a call of the sweep (sweep.py), on one thread."""
    import fastconv

    fastconv.set_num_threads(1)
    rng = np.random.default_rng([seed, 2, number])
    if kind == "convolve":
        from random_convolutions import convolution

        return convolution(rng).ours
    from random_drop_ins import drop_in

    return drop_in((kind,), False, rng).ours


def digest(result: Any) -> list[str]:
    """Return a hash of all bits of a result, and its type."""
    whole = np.asarray(result)
    return [hashlib.sha256(np.ascontiguousarray(whole).tobytes()).hexdigest(), str(whole.dtype)]


def serve(calls: list[tuple[str, Callable[[], Call]]]) -> None:
    """Answer questions until there are no more."""
    import fastconv

    made: dict[int, tuple[Call, int]] = {}
    for line in sys.stdin:
        words = line.split()
        if words == ["where"]:
            answer: Any = str(Path(fastconv.__file__).parents[1])
        else:
            number = int(words[-1])
            if number not in made:
                call = calls[number][1]()
                made = {number: (call, calls_a_turn(warmed(call)))}
            call, count = made[number]
            if words[0] == "digest":
                answer = digest(call())
            else:
                call()
                answer = seconds_a_call(call, count)
        print(json.dumps(answer), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkout", type=Path, nargs="?", help="the other checkout, built in place")
    for name, options in OPTIONS:
        parser.add_argument(name, **options)
    parser.add_argument(
        "--random", type=int, metavar="N", help="N calls at random of each kind instead"
    )
    parser.add_argument(
        "--kinds",
        default="convolve",
        help="of random calls: also ndimage, signal, cv2, ImageFilter",
    )
    parser.add_argument("--seed", type=int, default=1, help="of the random calls (default 1)")
    parser.add_argument("--rounds", type=int, default=9, help="turns of each in a cell (default 9)")
    parser.add_argument(
        "--json", type=Path, help="add what is found to this file, and skip what it holds"
    )
    parser.add_argument("--seconds", type=float, help="stop after so many seconds")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    try:
        calls = questions(asked)
    except ValueError as error:
        parser.error(str(error))
    if asked.serve:
        serve(calls)
        return
    if asked.checkout is None or not (asked.checkout / "fastconv").is_dir():
        parser.error(f"checkout must be a folder that holds fastconv/; got {asked.checkout}")
    report(compare([name for name, _ in calls], asked))


def compare(names: list[str], asked: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Return ratio and equality of each question, by its name."""
    words = [word for word in sys.argv[1:] if word != str(asked.checkout)]
    other, ours = Engine(asked.checkout.resolve(), words), Engine(HERE.parent, words)
    if other.home == ours.home:
        raise SystemExit(f"checkout must be another one; both are {ours.home}")
    found: dict[str, dict[str, Any]] = {}
    if asked.json and asked.json.exists():
        found = json.loads(asked.json.read_text())
    begun = monotonic()
    for number, name in enumerate(names):
        if name in found:
            continue
        if asked.seconds and monotonic() - begun > asked.seconds:
            break
        theirs, mine = other.ask(f"digest {number}"), ours.ask(f"digest {number}")
        times: tuple[list[float], list[float]] = ([], [])
        for turn in range(asked.rounds):
            for which in (0, 1) if turn % 2 else (1, 0):
                times[which].append((other, ours)[which].ask(str(number)))
        found[name] = {
            "ratio": median(times[0]) / median(times[1]),
            "ms": median(times[1]) * 1e3, "same": theirs == mine, "dtype": mine[1],
        }  # fmt: skip
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1))
    return found


def report(found: dict[str, dict[str, Any]]) -> None:
    for name, cell in sorted(found.items(), key=lambda item: float(item[1]["ratio"])):
        notes = " slower" * (cell["ratio"] < SLOWER) + " other bits" * (not cell["same"])
        print(f"{cell['ratio']:6.2f}  {name:44} {cell['ms']:9.4g} ms{notes}")
    ratios = [float(cell["ratio"]) for cell in found.values()]
    wrong = sum(not cell["same"] for cell in found.values())
    integers = sum(not cell["same"] and "int" in cell["dtype"] for cell in found.values())
    print(
        f"{len(found)} cells, geometric mean {geometric_mean(ratios):.3f}, below {SLOWER}: "
        f"{sum(ratio < SLOWER for ratio in ratios)}, other bits: {wrong}, of these integers: {integers}"
    )


if __name__ == "__main__":
    main()
