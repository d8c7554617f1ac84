# SPDX-License-Identifier: BSD-3-Clause
"""Turn the JSON of the suites into Markdown and plots, with machine and versions on them.

    python benchmarks/report.py
    python benchmarks/report.py results.json compare.json --into docs/benchmarks.md

Reads what compare.py and pytest wrote to benchmarks/results/ unless told otherwise, and writes
there. Where both have timed the same cell, compare.py counts, since it took turns. `--into`
replaces what stands between the two marks in a file: one size in full, and every cell of any size
that fastconv loses. Nothing is left out because it looks bad.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import textwrap
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")  # before pyplot is imported: there may be no screen
import matplotlib.pyplot as plt
from compare import RESULTS, fastest_rival, geometric_mean, ratio
from grid import DEFAULT_PIXELS, FILTERS, PIXELS, parse_size
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

Row = dict[str, Any]

MARKS = ("<!-- benchmark: begin -->", "<!-- benchmark: end -->")
COLOURS = {
    "fastconv": "#0072b2", "OpenCV": "#e69f00", "SciPy": "#009e73", "Pillow": "#b3b3b3",
}  # fmt: skip
POST = {
    "fastconv": ("#0072b2", "fastconv"),
    "reference": ("#999999", "NumPy reference\n(same answer)"),
    "flattened": ("#d55e00", "the post's np.convolve\n(1-D: another answer)"),
}


# --- reading -------------------------------------------------------------------------------------


class Numbers:
    """All measurements, from either suite."""

    def __init__(self) -> None:
        self.facts: dict[str, Any] = {}
        self.peaks: dict[str, float] = {}
        self.cells: dict[tuple[Any, ...], Row] = {}
        self.post: list[Row] = []

    def read(self, path: Path) -> None:
        content = json.loads(path.read_text())
        if "cells" in content:
            self._same_machine(content["facts"], path)
            self.peaks = content["peaks"]
            for cell in content["cells"]:
                self.cells[_key(cell)] = cell
            return
        for entry in content["benchmarks"]:
            info = entry["extra_info"]
            self._same_machine({k: info[k] for k in ("cpu", "level", "threads", *_VERSIONS)}, path)
            median = entry["stats"]["median"]
            if "kernel" in info:
                self.post.append(info | {"median": median})
            else:
                self._add(info, median)

    def _same_machine(self, facts: dict[str, Any], path: Path) -> None:
        if self.facts and self.facts != facts:
            raise SystemExit(f"{path} is of another machine, setting or version than the others")
        self.facts = facts

    def _add(self, info: Row, median: float) -> None:
        cell = self.cells.setdefault(
            _key(info),
            {k: info[k] for k in ("pixel", "filter", "size", "out", "pixels")} | {"times": {}},
        )
        cell["times"][info["who"]] = {
            "library": info["library"], "differing": info["differing"], "median": median,
        }  # fmt: skip

    def complete(self) -> list[Row]:
        """Cells that fastconv and at least one rival have answered, in the grid's order."""
        both = [c for c in self.cells.values() if "fastconv" in c["times"] and len(c["times"]) > 1]
        filters, pixels = list(FILTERS), list(PIXELS)
        return sorted(
            both,
            key=lambda c: (
                parse_size(c["size"]),
                pixels.index(c["pixel"]),
                filters.index(c["filter"]),
                c["out"],
            ),
        )


_VERSIONS = ("python", "fastconv", "numpy", "scipy", "cv2", "pillow")


def _key(cell: Row) -> tuple[Any, ...]:
    return cell["pixel"], cell["filter"], cell["size"], cell["out"]


def caption(facts: dict[str, Any]) -> str:
    threads = "1 thread" if facts["threads"] == 1 else f"{facts['threads']} threads"
    versions = ", ".join(f"{name} {facts[name]}" for name in _VERSIONS)
    return f"{facts['cpu']}, fastconv's level {facts['level']}, {threads} each; {versions}."


# --- the table -----------------------------------------------------------------------------------


def _milliseconds(seconds: float) -> str:
    digits = max(0, 2 - math.floor(math.log10(seconds * 1e3)))
    return f"{seconds * 1e3:.{digits}f}"


def _differing(share: float) -> str:
    if share == 0:
        return ""
    told = f"{share:.1%}" if share >= 0.0005 else "under 0.1%"
    return f" ({told} of values off by one)"


def _share(cell: Row) -> str:
    """Of the machine's limit; pytest's suite does not measure it."""
    return f"{cell['share']:.0%} {cell['binds']}" if "share" in cell else ""


def _table(cells: Iterable[Row]) -> list[str]:
    lines = [
        "| filter | pixels | size | fastconv, ms | fastest rival | its ms | times faster | of the limit |",
        "|---|---|---|---:|---|---:|---:|---:|",
    ]
    for cell in cells:
        times = cell["times"]
        rival = fastest_rival(times)
        assert rival is not None
        found = ratio(times)
        out = ", `out=`" if cell["out"] else ""
        share = _differing(times[rival]["differing"])
        told = f"**{found:.2f}, loses**" if found < 1 else f"{found:.2f}"
        lines.append(
            f"| {cell['filter']} | {cell['pixel']} | {cell['size']}{out} "
            f"| {_milliseconds(times['fastconv']['median'])} | {rival}{share} "
            f"| {_milliseconds(times[rival]['median'])} | {told} | {_share(cell)} |"
        )
    return lines


def _summary(cells: list[Row]) -> list[str]:
    by_size = defaultdict(list)
    for cell in cells:
        by_size[cell["size"]].append(ratio(cell["times"]))
    lines = [
        "Against the fastest rival that gives the right answer (geometric mean; above 1 fastconv "
        "is faster):",
        "",
        "| size | cells | times faster | worst cell | lost cells |",
        "|---|---:|---:|---:|---:|",
    ]
    for size, found in [*by_size.items(), ("all", [ratio(c["times"]) for c in cells])]:
        lost = sum(r < 1 for r in found)
        lines.append(
            f"| {size} | {len(found)} | {geometric_mean(found):.2f} | {min(found):.2f} | {lost} |"
        )
    return lines


def _left_out(cells: list[Row]) -> list[str]:
    """Rivals that are not timed as they are, with the reason at the first size where it
    occurred.
    """
    told: dict[tuple[str, str, str], str] = {}
    for cell in cells:
        for name, reason in cell.get("left_out", {}).items():
            told.setdefault((name, cell["filter"], cell["pixel"]), f"{cell['size']}: {reason}")
    return [f"* {', '.join(key)}, {reason}" for key, reason in sorted(told.items())]


def _post_table(post: list[Row]) -> list[str]:
    """Geometric mean over the five kernels, in ms."""
    times: dict[tuple[str, str], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in post:
        times[row["pixel"], row["size"]][row["who"]].append(row["median"])
    lines = [
        "| pixels | size | fastconv, ms | the post's `np.convolve`, ms | NumPy reference, ms |",
        "|---|---|---:|---:|---:|",
    ]
    for (pixel, size), who in sorted(times.items(), key=lambda i: (i[0][0], parse_size(i[0][1]))):
        told = (
            _milliseconds(geometric_mean(who[name])) if name in who else "-"
            for name in ("fastconv", "flattened", "reference")
        )  # fmt: skip
        lines.append(f"| {pixel} | {size} | {' | '.join(told)} |")
    return lines


def _folded(title: str, lines: list[str]) -> list[str]:
    """A section that a reader of the page opens with a click."""
    return ["<details>", f"<summary>{title}</summary>", "", *lines, "", "</details>", ""]


def markdown(numbers: Numbers, size: str | None, plots: dict[str, str]) -> str:
    """Return the report: all cells, or those of one size and all that are lost at others."""
    cells = numbers.complete()
    lines: list[str] = []
    if cells:
        shown = [c for c in cells if size is None or c["size"] == size]
        lines += [*_summary(cells), ""]
        lines += [f"![{text}]({link})" for text, link in plots.items() if "rival" in text] + [""]
        lines += _folded(f"All cells of {size}", _table(shown)) if size else [*_table(shown), ""]
        lost = [c for c in cells if c not in shown and ratio(c["times"]) < 1]
        if lost:
            lines += ["Cells of other sizes that fastconv loses:", "", *_table(lost), ""]
    reasons = _left_out(cells) if size is None else []
    if reasons:
        lines += ["Calls whose answer is wrong or would take too long, and that are not timed:", ""]
        lines += [*reasons, ""]
    if numbers.post:
        lines += ["The five kernels of the post, geometric mean:", ""]
        lines += [f"![{text}]({link})" for text, link in plots.items() if "post" in text] + [""]
        lines += [*_post_table(numbers.post), ""]
    if numbers.peaks:
        told = " and ".join(f"{r * 1e-9:.0f} of {name}" for name, r in numbers.peaks.items())
        lines += [
            f"The limit is the time of a copy of the pixels, or of the fewest multiply-adds known for the "
            f"filter at the rate of OpenBLAS's matrix product, whichever is longer: {told}, in 10^9 a "
            f"second, and of bytes four times as many as of float32.",
            "",
        ]
    return "\n".join([*lines, f"Medians. {caption(numbers.facts)}"])


def insert(text: str, path: Path) -> None:
    """Replace what stands between the marks."""
    whole = path.read_text()
    begin, end = MARKS
    if whole.count(begin) != 1 or whole.count(end) != 1 or whole.index(end) < whole.index(begin):
        raise SystemExit(f"{path} must contain {begin} and after it {end}, once each")
    before, rest = whole.split(begin)
    path.write_text(f"{before}{begin}\n\n{text}\n\n{end}{rest.split(end)[1]}")


# --- the plots -----------------------------------------------------------------------------------


def _finish(figure: Figure, facts: dict[str, Any], path: Path) -> Path:
    width = int(figure.get_size_inches()[0] * 13)
    lines = textwrap.wrap(caption(facts), width)
    height = float(figure.get_size_inches()[1])
    margin = (0.16 * len(lines) + 0.1) / height
    figure.text(
        0.5, 0.06 / height, "\n".join(lines), ha="center", va="bottom", fontsize=8, color="0.35"
    )
    figure.tight_layout(rect=(0.0, margin, 1.0, 1.0))
    figure.savefig(path, dpi=150)
    plt.close(figure)
    return path


def _speeds(cell: Row) -> dict[str, float]:
    """Megapixels a second of the best call of each library."""
    best: dict[str, float] = {}
    for time in cell["times"].values():
        speed = cell["pixels"] / time["median"] * 1e-6
        best[time["library"]] = max(best.get(time["library"], 0.0), speed)
    return best


def _bars(axes: Axes, cells: list[Row]) -> None:
    thick = 0.2
    for place, cell in enumerate(cells):
        speeds = _speeds(cell)
        for library, speed in speeds.items():
            where = place + (list(COLOURS).index(library) - 1.5) * thick
            axes.barh(where, speed, thick * 0.92, color=COLOURS[library], zorder=2)
        found = ratio(cell["times"])
        axes.annotate(
            f"{found:.2f}x" + (", loses" if found < 1 else ""),
            (max(speeds.values()), place - 1.5 * thick), (5, 0), textcoords="offset points",
            va="center", fontsize=8.5, color="#0072b2" if found >= 1 else "#c1272d",
        )  # fmt: skip
    axes.set_yticks(range(len(cells)), [c["filter"] for c in cells])
    axes.set_ylim(len(cells) - 0.4, -0.6)


def plot_rivals(cells: list[Row], facts: dict[str, Any], path: Path) -> Path:
    """Draw bars of one type and size: each library's best call for each filter."""
    figure, axes = plt.subplots(figsize=(8.5, 1.7 + 0.46 * len(cells)))
    _bars(axes, cells)
    axes.set_xscale("log")
    low = min(min(_speeds(c).values()) for c in cells)
    high = max(max(_speeds(c).values()) for c in cells)
    # bars on a log axis have no natural start; a whole decade below the slowest is one
    axes.set_xlim(10.0 ** (math.ceil(math.log10(low)) - 1), high * 3.5)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set_xlabel(
        "megapixels a second, log scale (beside the bars: times faster than the fastest rival)"
    )
    axes.grid(axis="x", which="major", color="0.88", zorder=0)
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    present = {library for cell in cells for library in _speeds(cell)}
    handles = [Patch(color=c) for n, c in COLOURS.items() if n in present]
    axes.legend(
        handles, [n for n in COLOURS if n in present], loc="lower center", ncols=4, frameon=False,
        bbox_to_anchor=(0.5, 1.0),
    )  # fmt: skip
    axes.set_title(
        f"{cells[0]['pixel']}, {cells[0]['size']}: best right call of each library",
        pad=32, fontsize=12,
    )  # fmt: skip
    return _finish(figure, facts, path)


def plot_post(post: list[Row], facts: dict[str, Any], path: Path) -> Path:
    """Draw time against size, a panel for each of the post's kernels."""
    kernels = list(dict.fromkeys(row["kernel"] for row in post))
    figure, panels = plt.subplots(2, 3, figsize=(10, 6.4), sharex=True, sharey=True)
    lines: dict[str, Any] = {}
    for axes, kernel in zip(panels.flat, kernels, strict=False):
        for who, (colour, label) in POST.items():
            points = sorted(
                (parse_size(r["size"])[1], r["median"] * 1e3)
                for r in post
                if r["kernel"] == kernel and r["who"] == who
            )
            if points:
                (lines[label],) = axes.plot(*zip(*points, strict=True), "o-", ms=4, color=colour)
        axes.set_title(kernel, fontsize=11)
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.grid(color="0.9")
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelbottom=True)
    for axes in panels.flat[len(kernels) :]:
        axes.set_axis_off()
    panels.flat[-1].legend(
        lines.values(), lines.keys(), loc="center", frameon=False,
        title=f"{post[0]['pixel']} in, uint8 out", labelspacing=0.9, title_fontsize=11,
    )  # fmt: skip
    for axes in panels[1]:
        axes.set_xlabel("side of the picture, pixels")
    for axes in panels[:, 0]:
        axes.set_ylabel("milliseconds")
    return _finish(figure, facts, path)


def draw(numbers: Numbers, size: str, pixels: Iterable[str], folder: Path) -> dict[str, Path]:
    """Draw everything there are numbers for; return text and file of each plot."""
    plots = {}
    for pixel in pixels:
        name = re.sub(r"\W+", "-", pixel)
        cells = [
            c for c in numbers.complete()
            if c["pixel"] == pixel and c["size"] == size and not c["out"]
        ]  # fmt: skip
        if cells:
            path = plot_rivals(cells, numbers.facts, folder / f"rivals-{name}-{size}.png")
            plots[f"fastconv and rivals, {pixel}, {size}"] = path
        post = [row for row in numbers.post if row["pixel"] == pixel]
        if post:
            plots[f"the post's kernels, {pixel}"] = plot_post(
                post, numbers.facts, folder / f"post-{name}.png"
            )
    return plots


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("json", type=Path, nargs="*", help="by default all in the results folder")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder to write to")
    parser.add_argument("--size", default="512x512", help="of plots and of the table for --into")
    parser.add_argument("--pixels", default=",".join(DEFAULT_PIXELS), help="of the plots")
    parser.add_argument("--into", type=Path, help="file with the two marks")
    asked = parser.parse_args()
    paths = asked.json or sorted(asked.results.glob("*.json"))
    if not paths:
        parser.error("there is no JSON to report; run compare.py or pytest benchmarks first")
    numbers = Numbers()
    # compare.py's come last and replace what pytest found for the same cell
    for path in sorted(paths, key=lambda p: "cells" in json.loads(p.read_text())):
        numbers.read(path)
    asked.results.mkdir(parents=True, exist_ok=True)
    plots = draw(numbers, asked.size, asked.pixels.split(","), asked.results)

    def links(home: Path) -> dict[str, str]:
        return {t: Path(os.path.relpath(p, home)).as_posix() for t, p in plots.items()}

    report = asked.results / "report.md"
    report.write_text(markdown(numbers, None, links(asked.results)) + "\n")
    print(*plots.values(), report, sep="\n")
    if asked.into:
        insert(markdown(numbers, asked.size, links(asked.into.parent)), asked.into)
        print(asked.into)


if __name__ == "__main__":
    main()
