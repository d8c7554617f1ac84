# SPDX-License-Identifier: BSD-3-Clause
"""Kernels of any size: fastconv beside cv2, SciPy's oaconvolve, and whole pictures by MKL's FFT and ducc0's.

    python benchmarks/bench_kernel_size.py
    python benchmarks/bench_kernel_size.py --kinds dense --sizes 256,1024 --pixels float32 --json dense.json
    python benchmarks/bench_kernel_size.py --draw dense.json gaussian.json --page docs/kernel-size.md

One thread each. The border is OpenCV's default, reflect_101; for a library that knows no borders the
picture is padded, and that is timed. An answer is compared before it is timed: integers must be the nearest,
unless the sum is within a millionth of a tie, floats within 2e-5 (float32) or 1e-10 of the largest. A wrong
answer is not in the race, and the table says so.

With --page what was kept goes between the two marks of a page, too: all kinds, and every cell that is lost.

MKL (`pip install mkl_fft mkl-service`) and ducc0 are asked if they are installed.
"""

from __future__ import annotations

import argparse
import json
import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import matplotlib
import numpy as np
import scipy.fft
from compare import geometric_mean
from facts import facts
from grid import Array, Pixel
from photo import photograph
from report import insert
from scipy.signal import oaconvolve
from timing import race

import fastconv
from fastconv import cv2 as fastconv_cv2
from fastconv.compat.cv2_kernels import fixed_point

matplotlib.use("Agg")  # before pyplot is imported: there may be no screen
import matplotlib.pyplot as plt

try:
    import mkl  # type: ignore[import-not-found]
    import mkl_fft  # type: ignore[import-not-found]
except ImportError:
    mkl = mkl_fft = None
try:
    import ducc0  # type: ignore[import-not-found]
except ImportError:
    ducc0 = None

PLOT = Path(__file__).parent.parent / "docs" / "benchmark" / "kernel-size.png"

# Between the points that anything was tuned at, too, and on either side of 512.
KINDS: dict[str, tuple[int, ...]] = {
    "dense": (101, 151, 251, 367, 511, 513, 601, 801, 1023, 1027, 1501, 2047),
    "gaussian": (16, 23, 45, 64, 90, 128, 200, 300, 450, 700),
    "box": (31, 45, 101, 257, 601, 1501, 3001, 8001),
}
SIZES = (256, 1024, 4096)
PIXELS = ("uint8", "uint16", "float32", "float64")
# Names along the axis of sides and sigmas.
_TICKS = (16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192)
COLOURS = {
    "fastconv": "#0072b2", "cv2": "#e69f00", "oaconvolve": "#009e73", "MKL": "#d55e00", "ducc0": "#cc79a7",
}  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """A picture and a kernel. `side` is that of a dense kernel or a box, or a Gaussian's sigma."""

    kind: str
    side: int
    size: int
    pixel: str

    def __str__(self) -> str:
        return f"{self.kind:8} {self.side:5} {self.size:5} {self.pixel:8}"


@dataclass(frozen=True, eq=False)
class Case:
    """A cell's picture, its kernel's lines, or weights, and the true answer."""

    cell: Cell
    image: Array
    line: Array  # of a separable kernel, both ways; else empty
    weights: Array  # of others

    @property
    def taps(self) -> int:
        return max(len(self.line), len(self.weights))


def case_of(cell: Cell) -> Case:
    image = photograph(Pixel(cell.pixel, np.dtype(cell.pixel)), (cell.size, cell.size))
    if cell.kind == "dense":
        weights = np.random.default_rng(cell.side).random((cell.side, cell.side))
        return Case(cell, image, np.empty(0), weights / weights.sum())
    if cell.kind == "box":
        return Case(cell, image, np.full(cell.side, 1 / cell.side), np.empty(0))
    reach = 3 if cell.pixel == "uint8" else 4
    line = fastconv_cv2.getGaussianKernel(round(2 * reach * cell.side + 1) | 1, cell.side)[:, 0]
    if cell.pixel in ("uint8", "uint16"):  # as both cv2 and fastconv.cv2 round it
        line = fixed_point(line, 8 if cell.pixel == "uint8" else 16)
    return Case(cell, image, line, np.empty(0))


# --- libraries -----------------------------------------------------------------------------------


def by_name(cv: Any, made: Case) -> Any:
    """fastconv.cv2, or cv2."""
    side, image = made.cell.side, made.image
    if made.cell.kind == "box":
        return cv.blur(image, (side, side))
    if made.cell.kind == "gaussian":
        return cv.GaussianBlur(image, (0, 0), side)
    return cv.filter2D(image, -1, made.weights)


def padded(made: Case) -> Any:
    """The padded picture in the type of the sums."""
    work = np.float32 if made.cell.pixel == "float32" else np.float64
    return np.pad(made.image.astype(work), made.taps // 2, "reflect")


def pixels(sums: Array, made: Case) -> Any:
    if made.image.dtype.kind == "f":
        return sums.astype(made.image.dtype, copy=False)
    return np.rint(sums).clip(0, np.iinfo(made.image.dtype).max).astype(made.image.dtype)


def by_overlap(made: Case) -> Any:
    a = padded(made)
    if made.weights.size:
        return pixels(oaconvolve(a, made.weights[::-1, ::-1].astype(a.dtype), mode="valid"), made)
    line = made.line.astype(a.dtype)
    once = oaconvolve(a, line[:, None], mode="valid", axes=0)
    return pixels(oaconvolve(once, line[None], mode="valid", axes=1), made)


def by_transform(made: Case, there: Callable[..., Any], back: Callable[..., Any]) -> Any:
    """The whole picture at once; a separable kernel's spectrum is that of its line, twice."""
    a = padded(made)
    n = scipy.fft.next_fast_len(len(a), real=True)
    spectrum = there(a, (n, n))
    if made.weights.size:
        spectrum *= there(made.weights[::-1, ::-1].astype(a.dtype), (n, n))
    else:
        line = np.fft.fft(made.line, n).astype(spectrum.dtype)
        spectrum *= line[:, None]
        spectrum *= line[: n // 2 + 1]
    first = made.taps - 1
    return pixels(back(spectrum, (n, n))[first : len(a), first : len(a)], made)


def _ducc_there(a: Array, shape: tuple[int, int]) -> Any:
    whole = np.zeros(shape, a.dtype)
    whole[: a.shape[0], : a.shape[1]] = a
    return ducc0.fft.r2c(whole, axes=(0, 1), nthreads=1)


def _ducc_back(a: Array, shape: tuple[int, int]) -> Any:
    return ducc0.fft.c2r(
        a,
        axes=(0, 1),
        lastsize=shape[1],
        forward=False,
        inorm=2,
        nthreads=1,
        allow_overwriting_input=True,
    )


def rivals(made: Case) -> dict[str, Callable[[], Array]]:
    found: dict[str, Callable[[], Array]] = {
        "cv2": lambda: by_name(cv2, made),
        "oaconvolve": lambda: by_overlap(made),
    }
    if mkl_fft is not None:
        found["MKL"] = lambda: by_transform(made, mkl_fft.rfft2, mkl_fft.irfft2)
    if ducc0 is not None:
        found["ducc0"] = lambda: by_transform(made, _ducc_there, _ducc_back)
    return found


# --- measuring -----------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def truth(made: Case) -> Any:
    """The sums in float64."""
    wide = Case(made.cell, made.image.astype(np.float64), made.line, made.weights)
    a = padded(Case(Cell("", 0, 0, "float64"), wide.image, made.line, made.weights))
    n = scipy.fft.next_fast_len(len(a), real=True)
    spectrum = scipy.fft.rfft2(a, (n, n))
    if not made.weights.size:
        line = scipy.fft.fft(made.line, n)
        spectrum *= line[:, None]
        spectrum *= line[: n // 2 + 1]
    else:
        spectrum *= scipy.fft.rfft2(made.weights[::-1, ::-1], (n, n))
    first = made.taps - 1
    return scipy.fft.irfft2(spectrum, (n, n))[first : len(a), first : len(a)]


def is_right(got: Array, made: Case) -> bool:
    wanted = truth(made)
    if got.dtype != made.image.dtype or got.shape != wanted.shape:
        return False
    off = np.abs(got - wanted)
    if made.image.dtype.kind == "f":
        allowed = 2e-5 if made.cell.pixel == "float32" else 1e-10
        return bool(off.max() <= allowed * np.abs(wanted).max())
    return bool(off.max() <= 0.5 + 1e-6)


def attempt(call: Callable[[], Array], made: Case) -> str:
    """The reason why an answer does not count; empty if it does."""
    try:
        return "" if is_right(call(), made) else "wrong"
    except (ValueError, MemoryError, cv2.error) as problem:
        return type(problem).__name__


def measure(cell: Cell, most: float) -> dict[str, Any]:
    made = case_of(cell)
    entrants: dict[str, Callable[[], Array]] = {
        "fastconv": lambda: by_name(fastconv_cv2, made),
        **rivals(made),
    }
    out = {name: attempt(call, made) for name, call in entrants.items()}
    right = {name: call for name, call in entrants.items() if not out[name]}
    times = race(right, least=0.02, rounds=5, most=most)
    truth.cache_clear()
    return asdict(cell) | {
        "ms": {name: found.median * 1e3 for name, found in times.items()},
        "out": {name: why for name, why in out.items() if why},
    }


Row = dict[str, Any]


def ratio(row: Row) -> float:
    """Time of the fastest rival with a right answer over that of fastconv."""
    others = [ms for name, ms in row["ms"].items() if name != "fastconv"]
    if "fastconv" not in row["ms"]:
        return 0.0
    return min(others) / row["ms"]["fastconv"] if others else float("inf")


def line_of(row: Row) -> str:
    told = "  ".join(f"{name} {ms:.4g}" for name, ms in row["ms"].items())
    out = "  ".join(f"{name} {why}" for name, why in row["out"].items())
    cell = Cell(*(row[key] for key in ("kind", "side", "size", "pixel")))
    return f"{ratio(row):7.2f} {'LOSES' if ratio(row) < 1 else '     '} {cell}  {told}  ms  {out}"


def jumps(rows: list[Row]) -> Iterator[str]:
    """Where the next side, at most an eighth larger, takes twice as long."""
    groups: dict[tuple[str, int, str], list[Row]] = defaultdict(list)
    for row in rows:
        groups[row["kind"], row["size"], row["pixel"]].append(row)
    for key, found in groups.items():
        found.sort(key=lambda row: row["side"])
        for a, b in pairwise(found):
            times = [row["ms"].get("fastconv", 0.0) for row in (a, b)]
            if b["side"] <= a["side"] * 1.125 and times[1] > 2 * times[0]:
                yield f"{key}: {a['side']} takes {times[0]:.3g} ms, {b['side']} {times[1]:.3g}"


def report(rows: list[Row]) -> None:
    for row in sorted(rows, key=ratio):
        print(line_of(row))
    lost = sum(ratio(row) < 1 for row in rows)
    print(f"{lost} of {len(rows)} cells lost")
    print(*jumps(rows), sep="\n")


def page(rows: list[Row], known: Row, path: Path) -> None:
    """Put a table of the kinds, and the lost cells, between the two marks of a page."""
    lines = [
        "| kernel | picture | cells | times faster | worst | lost |",
        "|---|---|---:|---:|---:|---:|",
    ]
    groups: dict[tuple[str, int], list[float]] = defaultdict(list)
    for row in rows:
        groups[row["kind"], row["size"]].append(ratio(row))
    for (kind, size), found in groups.items():
        lost = sum(each < 1 for each in found)
        mean = geometric_mean([each for each in found if 0 < each < math.inf])
        lines.append(f"| {kind} | {size} | {len(found)} | {mean:.2f} | {min(found):.2f} | {lost} |")
    lines += ["", f"![ms over the side of the kernel](benchmark/{PLOT.name})", "", "Lost:", ""]
    lines += [f"    {line_of(row)}" for row in sorted(rows, key=ratio) if ratio(row) < 1]
    lines += ["", "A next side, at most an eighth larger, that takes twice as long:", ""]
    lines += [f"    {jump}" for jump in jumps(rows)] or ["    none"]
    insert("\n".join([" · ".join(f"{k} {v}" for k, v in known.items()), "", *lines]), path)


# --- drawing -------------------------------------------------------------------------------------


def draw(rows: list[Row], path: Path) -> None:
    """Milliseconds over the side, one line a library, one plot for each kind, size and type of pixel."""
    kinds = [kind for kind in KINDS if any(row["kind"] == kind for row in rows)]
    sizes = sorted({row["size"] for row in rows})
    pixel_names = [name for name in PIXELS if any(row["pixel"] == name for row in rows)]
    down = [(kind, size) for kind in kinds for size in sizes]
    figure, axes = plt.subplots(
        len(down), len(pixel_names), figsize=(4.2 * len(pixel_names), 3.0 * len(down)), squeeze=False,
        layout="constrained",
    )  # fmt: skip
    for y, (kind, size) in enumerate(down):
        for x, pixel in enumerate(pixel_names):
            _panel(axes[y][x], rows, kind, size, pixel)
    handles, labels = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels), frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=90)
    plt.close(figure)


def _panel(axes: Any, rows: list[Row], kind: str, size: int, pixel: str) -> None:
    found = sorted(
        (row for row in rows if (row["kind"], row["size"], row["pixel"]) == (kind, size, pixel)),
        key=lambda row: row["side"],
    )
    if not found:  # not measured
        axes.set_axis_off()
        return
    for name, colour in COLOURS.items():
        points = [(row["side"], row["ms"][name]) for row in found if name in row["ms"]]
        axes.plot(
            *(zip(*points, strict=True) if points else ([], [])), color=colour, label=name,
            marker="o", markersize=3, linewidth=2 if name == "fastconv" else 1,
        )  # fmt: skip
    axes.set_xscale("log")
    axes.set_yscale("log")
    # a log axis of little more than a decade names so many minor ticks that their names overlap
    axes.set_xticks(_TICKS, [str(tick) for tick in _TICKS], minor=False)
    axes.set_xticks([], minor=True)
    axes.set_xlim(0.9 * found[0]["side"], 1.1 * found[-1]["side"])
    axes.set_title(f"{kind}, {pixel}, {size} x {size}", fontsize=9)
    axes.set_xlabel("sigma" if kind == "gaussian" else "side of the kernel", fontsize=8)
    axes.set_ylabel("ms", fontsize=8)
    axes.tick_params(labelsize=7)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--sides", default="", help="only these")
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)))
    parser.add_argument("--pixels", default=",".join(PIXELS))
    parser.add_argument("--most", type=float, default=10.0, help="seconds a cell")
    parser.add_argument("--json", type=Path, help="where to keep what was measured")
    parser.add_argument("--draw", type=Path, nargs="+", help="only draw what was kept")
    parser.add_argument("--page", type=Path, help="with --draw: write what was kept into a page")
    parser.add_argument("--plot", type=Path, default=PLOT)
    asked = parser.parse_args()
    rows: list[Row] = []
    if asked.draw:
        for path in asked.draw:
            kept = json.loads(path.read_text())
            rows += kept["cells"]
        report(rows)
        draw(rows, asked.plot)
        if asked.page:
            page(rows, kept["facts"], asked.page)
        return
    fastconv.set_num_threads(1)
    cv2.setNumThreads(1)
    if mkl is not None:
        mkl.set_num_threads(1)
    sides = {int(side) for side in asked.sides.split(",") if side}
    for kind in asked.kinds.split(","):
        for size in map(int, asked.sizes.split(",")):
            for pixel in asked.pixels.split(","):
                for side in KINDS[kind]:
                    if not sides or side in sides:
                        rows.append(measure(Cell(kind, side, size, pixel), asked.most))
                        print(line_of(rows[-1]), flush=True)
                        if asked.json:
                            asked.json.write_text(json.dumps({"facts": facts(1), "cells": rows}))
    report(rows)
    draw(rows, asked.plot)


if __name__ == "__main__":
    main()
