# SPDX-License-Identifier: BSD-3-Clause
"""Measure what each method costs at each level, and write fastconv/_costs.py, the planner's only table.

    python benchmarks/bench_methods.py
    python benchmarks/bench_methods.py --levels v4 --show
    python benchmarks/bench_methods.py --terms fft

A method states its work in terms: so many taps, so many loads, a row of bytes to read (see
src/planning). Hundreds of cases are timed. The prices of the terms are those that predict the times with the
least relative error, none of them negative (Lawson and Hanson, Solving least squares problems, 1974,
chapter 23). All cases take turns, so that a noisy moment hits all.
"""

from __future__ import annotations

import argparse
import datetime
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from facts import cpu_model
from grid import Array
from grid import Pixel as PixelType
from photo import photograph
from scipy.optimize import nnls
from timing import calls_a_turn, seconds_a_call, warmed

from fastconv import _levels
from fastconv._costs import NS
from fastconv._engine.planner import (
    ACCUMULATOR_NAMES,
    TILES,
    Kernel,
    Strategy,
    decide_lines,
    lines_of,
    proposed,
)
from fastconv._execute import execute
from fastconv._pixels import PIXELS, Accumulator, Floats

COSTS = Path(__file__).parent.parent / "fastconv" / "_costs.py"
# larger than all caches of many machines
SIZE = (1080, 1920)
ROUNDS = 9

INTEGERS = ("uint8", "int8", "uint16", "int16")
NARROW = (*INTEGERS, "float16", "float32")
ALL = (*INTEGERS, "uint32", "int32", "uint64", "int64", "float16", "float32", "float64")


@dataclass(frozen=True)
class Case:
    """A strategy, and the arrays to time it on."""

    strategy: Strategy
    kernel: Floats | Kernel
    source: str
    target: str

    def __str__(self) -> str:
        height, width = self.kernel.shape
        return (
            f"{self.strategy.method} {self.strategy.accumulator} {self.source} -> {self.target}, "
            f"{height} x {width}"
        )


def case(
    method: str,
    accumulator: Accumulator,
    kernel: Floats,
    source: str,
    target: str | None = None,
    *,
    tile: int = 0,
    points: tuple[int, int] | None = None,
    error: float = 0.0,
) -> Case:
    target = target or source
    pixel = PIXELS[source]
    low, high = (0.0, 255.0) if pixel.integer else (-np.inf, np.inf)
    if source in INTEGERS:
        low, high = float(pixel.low), float(pixel.high)
    strategy = proposed(
        Kernel(kernel), pixel.code, PIXELS[target].code, low, high, pixel.integer, *SIZE, 1, method,
        _levels.level, accumulator, tile=tile, points=points, error=error,
    )  # fmt: skip
    if not isinstance(strategy, Strategy):
        raise ValueError(f"{method} {accumulator} {source} -> {target} {kernel.shape}: {strategy}")
    return Case(strategy, kernel, source, target)


# --- kernels -------------------------------------------------------------------------------------


def random(height: int, width: int) -> Floats:
    weights = np.random.default_rng([height, width]).uniform(0.1, 1.0, (height, width))
    return np.asarray(weights / weights.sum())


def whole(height: int, width: int) -> Floats:
    """Weights whose sums are exact."""
    weights = np.random.default_rng([height, width]).integers(1, 4, (height, width))
    return np.asarray(weights / 2.0 ** np.ceil(np.log2(weights.sum())))


def holes(size: int, share: float) -> Floats:
    weights = whole(size, size)
    weights[np.random.default_rng(size).random(weights.shape) > share] = 0
    weights[size // 2, size // 2] = 1
    return weights


def bell(height: int, width: int) -> Floats:
    lines = []
    for size in (height, width):
        line = np.exp(-0.5 * ((np.arange(size) - size // 2) / (size / 8)) ** 2)
        lines.append(line / line.sum())
    return np.outer(*lines)


CROSS = np.array([[0, -1.0, 0], [-1, 5, -1], [0, -1, 0]])


# --- cases ----------------------------------------------------------------------------------------


def window_cases(accumulator: Accumulator) -> Iterator[Case]:
    kept = "float32" if accumulator == "float32" else "float64"
    for size in (3, 5, 7, 9, 15):
        yield case("direct", accumulator, random(size, size), kept)
    for height, width in ((3, 11), (6, 6), (11, 3), (4, 4)):
        yield case("direct", accumulator, random(height, width), kept)
    yield case("sparse", accumulator, CROSS, kept)
    for size, share in ((3, 0.4), (5, 0.5), (7, 0.3), (9, 0.5), (15, 0.2)):
        yield case("sparse", accumulator, holes(size, share), kept)
    for height, width in ((1, 3), (1, 9), (1, 31), (2, 2), (2, 7)):
        yield case("sparse", accumulator, random(height, width), kept)
    if accumulator != "strict":
        # kernels that are not square separate the price of a row's taps from that of a column's
        squares = [(size, size) for size in (3, 5, 7, 9, 15, 31)]
        for height, width in (*squares, (5, 31), (31, 5), (15, 3), (3, 15)):
            yield case("separable", accumulator, bell(height, width), kept)
            for name in ("uint8", "uint16"):  # these are folded
                yield case("separable", accumulator, bell(height, width), name, kept)


def pixel_cases(accumulator: Accumulator) -> Iterator[Case]:
    """Cases for the price of loading and storing samples of each type."""
    kept = "float32" if accumulator == "float32" else "float64"
    for name in NARROW if accumulator == "float32" else ALL:
        for size in (3, 5):
            yield case("direct", accumulator, whole(size, size), name, kept)
            if accumulator == "strict" or PIXELS[name].integer == PIXELS[kept].integer:
                yield case("direct", accumulator, whole(size, size), kept, name)
            if accumulator == "float32" or name not in ("uint64", "int64"):
                yield case("direct", accumulator, whole(size, size), name)
        yield case("sparse", accumulator, CROSS, name)
    if accumulator != "strict":
        for name in INTEGERS:
            for size in (3, 5):
                yield case("direct", accumulator, random(size, size), name)


def again_cases(accumulator: Accumulator) -> Iterator[Case]:
    """Cases that recompute a larger share of the pixels than a proven error would."""
    for name in ("uint8", "uint16"):
        for size in (3, 5, 9):
            yield case("direct", accumulator, random(size, size), name, error=0.03)


def box_cases(accumulator: Accumulator) -> Iterator[Case]:
    kept = "float32" if accumulator == "float32" else "float64"
    for size in (3, 5, 9, 15, 31, 101):
        yield case("box", accumulator, np.full((size, size), 1 / size**2), kept)
    for name in ("uint8", "uint16"):
        for height, width in ((3, 3), (3, 7), (5, 5), (7, 3), (7, 7), (31, 31)):
            yield case("box", accumulator, np.full((height, width), 1 / (height * width)), name)
            yield case("box", accumulator, np.full((size, size), np.pi / 10 / size**2), name)


def fft_cases(accumulator: Accumulator) -> Iterator[Case]:
    kept = "float32" if accumulator == "float32" else "float64"
    for name in (kept,) if accumulator == "float32" else (kept, "uint8"):
        for n in TILES:
            size = 2 * n // 5 + 1
            yield case("fft", accumulator, random(size, size), name, tile=n)


def signed_cases(accumulator: Accumulator) -> Iterator[Case]:
    """Floats under weights of both signs, whose spectra need more to be proven."""
    kept = "float32" if accumulator == "float32" else "float64"
    for n in (64, 96, 144, 192, 256, 320):
        size = 2 * n // 5 + 1
        weights = random(size, size) - random(size, size).mean()
        yield case("fft", accumulator, weights, kept, tile=n)
    for size, points in ((61, 256), (121, 768), (201, 1024)):
        weights = random(size, size) - random(size, size).mean()
        yield case("fft", accumulator, weights, kept, points=(points, points))


def spectra_cases(accumulator: Accumulator) -> Iterator[Case]:
    """Large tiles, of which those of 16 MB and more do not keep the kernel's spectrum, and lines.

    Their terms must be fitted with all of "fft N", on one machine. Fitted alone beside those of another one,
    they sent 511 x 511 taps to small tiles, which took five times as long.
    """
    kept = "float32" if accumulator == "float32" else "float64"
    for size, points in ((61, 256), (101, 512), (301, 1024), (121, 768), (801, 2560)):
        yield case("fft", accumulator, random(size, size), kept, points=(points, points))
    # Lines both ways only: of a single line, and of few taps, spectra prove little, so that taps are summed.
    for size, points in ((201, 960), (401, 1536)):
        yield case("separable", accumulator, bell(size, size), kept, points=(points, points))


def dot_cases() -> Iterator[Case]:
    for size in (3, 5, 7, 9, 15):
        yield case("dot", "float32", whole(size, size), "uint8")
        yield case("dot", "float32", random(size, size), "uint8")
        for digits in (1, 2):
            for divisor in (
                4 * size**2 + 1,
                (4 * size**2 + 2) * 2**0.5,
            ):  # of a rational kernel, and not
                weights = np.random.default_rng(size).integers(1, 120**digits, (size, size))
                yield case("dot", "float32", weights / (divisor * 100**digits + digits), "uint8")
    for height, width in ((1, 9), (3, 11), (6, 6), (9, 1)):
        yield case("dot", "float32", whole(height, width), "uint8")


def wide_cases() -> Iterator[Case]:
    for size in (3, 5):
        yield case("wide", "strict", whole(size, size) * 4.0**size, "int64")


def line_cases() -> Iterator[Case]:
    """Filters along axes, as SciPy sums them: exact sums in float32, others in float64."""
    for source, weights in (("uint8", whole), ("float32", random), ("float64", random)):
        pixel = PIXELS[source].code
        for size in (3, 5, 9, 15, 31):
            for height, width in ((size, 1), (1, size), (size, size)):
                for kind in ("even", "mean"):
                    lines = lines_of(
                        np.ones(height) if kind == "mean" else weights(1, height).ravel(),
                        np.ones(width) if kind == "mean" else weights(1, width).ravel(),
                    )
                    strategy = decide_lines(
                        lines, "nothing" if height == 1 else kind, "nothing" if width == 1 else kind,
                        "down first", pixel, pixel, 0.0, _levels.level,
                    )  # fmt: skip
                    yield Case(strategy, lines, source, source)


def all_cases() -> Iterator[Case]:
    for accumulator in ACCUMULATOR_NAMES:
        yield from window_cases(accumulator)
        yield from pixel_cases(accumulator)
        if accumulator != "strict":
            yield from again_cases(accumulator)
            yield from box_cases(accumulator)
            yield from fft_cases(accumulator)
            yield from signed_cases(accumulator)
            yield from spectra_cases(accumulator)
    yield from dot_cases()
    yield from wide_cases()
    yield from line_cases()


# --- measuring -----------------------------------------------------------------------------------


def call_of(made: Case) -> Any:
    image = photograph(PixelType(made.source, np.dtype(made.source)), SIZE)[..., np.newaxis]
    result = np.empty(image.shape, made.target)
    height, width = made.kernel.shape
    rows, cols = (SIZE[0], -(height // 2), SIZE[0]), (SIZE[1], -(width // 2), SIZE[1])

    def call() -> None:
        execute(
            made.strategy, image, result, made.kernel, PIXELS[made.source], PIXELS[made.target],
            rows, cols, "reflect", (0.0, 0.0), 1,
        )  # fmt: skip

    return call


def measured(cases: list[Case]) -> list[float]:
    """Median ns for each sample; all cases take turns."""
    calls = [call_of(made) for made in cases]
    turns = [calls_a_turn(warmed(call)) for call in calls]
    times: list[list[float]] = [[] for _ in cases]
    for _ in range(ROUNDS):
        for call, turn, found in zip(calls, turns, times, strict=True):
            call()
            found.append(seconds_a_call(call, turn))
    return [statistics.median(found) * 1e9 / (SIZE[0] * SIZE[1]) for found in times]


Prices = dict[str, dict[str, float]]


def prices(cases: list[Case], times: list[float], known: Prices, wanted: str) -> Prices:
    """Prices of the terms, by type of sums; those that do not begin with `wanted` are as they were."""
    table = {
        accumulator: dict(known[accumulator]) if wanted else {} for accumulator in ACCUMULATOR_NAMES
    }
    fixed = np.array(
        [
            sum(
                amount * table[made.strategy.accumulator][term]
                for term, amount in made.strategy.work.items()
                if not term.startswith(wanted)
            )
            for made in cases
        ]
    )
    terms = sorted(
        {
            (made.strategy.accumulator, term)
            for made in cases
            for term in made.strategy.work
            if term.startswith(wanted)
        }
    )
    work: Array = np.array(
        [
            [
                made.strategy.work.get(term, 0.0) * (made.strategy.accumulator == accumulator)
                for accumulator, term in terms
            ]
            for made in cases
        ]
    )
    found, _ = nnls(work / np.array(times)[:, None], 1.0 - fixed / np.array(times))
    off = (work @ found + fixed) / np.array(times)
    for worst in sorted(range(len(cases)), key=lambda i: -abs(np.log(off[i]))):
        print(f"{off[worst]:6.2f} {times[worst]:9.4f} ns  {cases[worst]}")
    for (accumulator, term), price in zip(terms, found, strict=True):
        table[accumulator][term] = float(f"{price:.4g}")
    return {accumulator: dict(sorted(rows.items())) for accumulator, rows in table.items()}


HEAD = '''# SPDX-License-Identifier: BSD-3-Clause
"""What the terms of a strategy's work cost: ns a sample on one core, by level and type of sums.

Written by benchmarks/bench_methods.py, not by hand. Measured
{measured}"""

from __future__ import annotations

NS: dict[str, dict[str, dict[str, float]]] = {{
'''


def measured_now(terms: str) -> str:
    """When and where terms were measured: those that begin with `terms`, after what is known of others."""
    now = f"on {datetime.date.today()} on {cpu_model()}"
    if not terms:
        return f"    {now}\n"
    known = (
        COSTS.read_text().partition("Measured\n")[2].partition('"""')[0].splitlines(keepends=True)
    )
    mark = f": {terms} ..."
    return "".join(line for line in known if mark not in line) + f"    {now}{mark}\n"


def written(table: dict[str, Prices], terms: str) -> str:
    text = HEAD.format(measured=measured_now(terms))
    for level, accumulators in table.items():
        text += f'    "{level}": {{\n'
        for accumulator, rows in accumulators.items():
            text += f'        "{accumulator}": {{\n'
            text += "".join(f'            "{term}": {price},\n' for term, price in rows.items())
            text += "        },\n"
        text += "    },\n"
    return text + "}\n"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--levels", default=",".join(_levels.available()))
    parser.add_argument("--terms", default="", help="only terms that begin so, for instance fft")
    parser.add_argument("--show", action="store_true", help="write nothing")
    asked = parser.parse_args()
    table = dict(NS)
    for level in asked.levels.split(","):
        _levels.use(level)
        cases = [
            made
            for made in all_cases()
            if any(term.startswith(asked.terms) for term in made.strategy.work)
        ]
        print(f"{level}: {len(cases)} cases; price over time, time, case, the worst first")
        table[level] = prices(cases, measured(cases), table[level], asked.terms)
    if not asked.show:
        COSTS.write_text(written(table, asked.terms))
        print(f"written: {COSTS}")


if __name__ == "__main__":
    main()
