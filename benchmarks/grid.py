# SPDX-License-Identifier: BSD-3-Clause
"""The questions of the benchmark as one table: type of pixel, filter, size, with or without out=.

A cell is one question. `select` gives the default subset or, with `full`, the whole grid; every
other module asks here which cells there are and never makes its own.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastconv import kernels

Array = NDArray[Any]
Size = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Filter:
    """A kernel, and the arguments with which a rival's special function computes the same
    filter.
    """

    name: str
    weights: NDArray[np.float64]
    factors: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None  # down, along
    sigma: float | None = None
    box: bool = False


@dataclass(frozen=True)
class Pixel:
    """A type of sample and how many of them a pixel has."""

    name: str
    dtype: np.dtype[Any]
    channels: int = 1


@dataclass(frozen=True)
class Cell:
    """One question: this filter, on a picture of this type and size."""

    pixel: Pixel
    filter: Filter
    size: Size
    out: bool = False

    @property
    def pixels(self) -> int:
        return self.size[0] * self.size[1]

    @property
    def products(self) -> int:
        """Number of multiplications without any short cut."""
        return self.pixels * self.pixel.channels * self.filter.weights.size

    @property
    def label(self) -> dict[str, Any]:
        """The cell in words, for JSON."""
        size = size_name(self.size)
        return {
            "pixel": self.pixel.name, "filter": self.filter.name, "size": size, "out": self.out,
            "pixels": self.pixels,
        }  # fmt: skip

    def __str__(self) -> str:
        out = ", out=" if self.out else ""
        return f"{self.filter.name}, {self.pixel.name}, {size_name(self.size)}{out}"


# --- the table -----------------------------------------------------------------------------------


def _smooth(
    name: str, factor: NDArray[np.float64], *, sigma: float | None = None, box: bool = False
) -> Filter:
    return Filter(name, np.outer(factor, factor), (factor, factor), sigma, box)


def _gaussian(size: int) -> Filter:
    # this sigma gives this size when the bell is cut off at 4 sigma, as SciPy does by default
    sigma = (size // 2) / 4.0
    return _smooth(f"gaussian {size}x{size}", kernels.gaussian(sigma).sum(axis=1), sigma=sigma)


def _box(size: int) -> Filter:
    return _smooth(f"box {size}x{size}", np.full(size, 1.0 / size), box=True)


def _random(height: int, width: int) -> Filter:
    """Weights without any structure to use; their sum is 1, so that pictures stay pictures."""
    weights = np.random.default_rng([height, width]).uniform(0.0, 1.0, (height, width))
    return Filter(f"random {height}x{width}", weights / weights.sum())


def _integers(size: int) -> Filter:
    """Dense small whole numbers; their sum is 1."""
    choices = np.array([-3.0, -2.0, -1.0, 1.0, 2.0, 3.0])
    weights = np.random.default_rng(size).choice(choices, (size, size))
    # Spread what is missing over the cells from the middle outwards, so that none gets large.
    order = np.argsort(np.abs(np.arange(size * size) - size * size // 2), kind="stable")
    for cell in itertools.cycle(order):
        missing = 1.0 - weights.sum()
        if missing == 0.0:
            break
        changed = weights.flat[cell] + np.sign(missing)
        if changed != 0.0 and abs(changed) <= 4.0:
            weights.flat[cell] = changed
        elif abs(missing) >= 2.0 and changed == 0.0:
            weights.flat[cell] = np.sign(missing)
    return Filter(f"integers {size}x{size}", weights)


FILTERS = {
    each.name: each
    for each in (
        Filter("sharpening 3x3", kernels.sharpening),
        _smooth("binomial 3x3", np.array([1.0, 2.0, 1.0]) / 4.0),
        *(_random(size, size) for size in (3, 5, 7, 9, 15, 31, 101)),
        *(_integers(size) for size in (3, 5, 7, 9, 15)),
        _gaussian(9),
        _gaussian(31),
        _box(3),
        _box(31),
        _random(3, 11),
        _random(6, 6),
    )
}

PIXELS = {
    each.name: each
    for each in (
        Pixel("uint8", np.dtype(np.uint8)),
        Pixel("uint8 RGB", np.dtype(np.uint8), 3),
        Pixel("uint16", np.dtype(np.uint16)),
        Pixel("float32", np.dtype(np.float32)),
        Pixel("float64", np.dtype(np.float64)),
    )
}

SIZES: tuple[Size, ...] = ((28, 28), (64, 64), (256, 256), (512, 512), (1080, 1920), (2048, 2048))
HUGE: Size = (8192, 8192)

DEFAULT_SIZES: tuple[Size, ...] = ((64, 64), (512, 512), (2048, 2048))
# By default every filter is timed on these types, and one filter of each family on the others.
DEFAULT_PIXELS = ("uint8", "float32")
DEFAULT_FILTERS = (
    "sharpening 3x3", "binomial 3x3", "random 5x5", "random 15x15", "integers 5x5",
    "gaussian 9x9", "gaussian 31x31", "box 31x31",
)  # fmt: skip


# --- choosing ------------------------------------------------------------------------------------


def size_name(size: Size) -> str:
    return f"{size[0]}x{size[1]}"


def parse_size(text: str) -> Size:
    """Read "512" or "1080x1920" (height first)."""
    height, _, width = text.partition("x")
    return int(height), int(width or height)


def parse_sizes(text: str) -> tuple[Size, ...]:
    return tuple(parse_size(part) for part in text.split(","))


def select(
    *,
    full: bool = False,
    huge: bool = False,
    sizes: Iterable[Size] | None = None,
    pixels: str | None = None,
    filters: str | None = None,
) -> list[Cell]:
    """Return the cells to ask: the default subset, or what the options say.

    `pixels` and `filters` are comma-separated; a pixel type is named in full, a filter by any part
    of its name. Naming either widens the default subset to all cells that match.
    """
    wanted_sizes = tuple(sizes or (SIZES if full else DEFAULT_SIZES))
    if huge:
        wanted_sizes += (HUGE,)
    wanted_pixels = pixels.split(",") if pixels else list(PIXELS)
    parts = filters.split(",") if filters else [""]
    chosen = [each for each in FILTERS.values() if any(part in each.name for part in parts)]
    if not chosen or not set(wanted_pixels) <= set(PIXELS):
        raise ValueError(
            f"pixels must be among {', '.join(PIXELS)}, and filters match some of "
            f"{', '.join(FILTERS)}; got pixels {pixels!r}, filters {filters!r}"
        )

    def asked(cell: Cell) -> bool:
        return bool(
            full or pixels or filters
            or cell.pixel.name in DEFAULT_PIXELS
            or cell.filter.name in DEFAULT_FILTERS
        )  # fmt: skip

    every = (
        Cell(PIXELS[pixel], each, size, out)
        for size in wanted_sizes
        for pixel in wanted_pixels
        for each in chosen
        for out in ((False, True) if full else (False,))
    )
    return [cell for cell in every if asked(cell)]


#: Options that choose cells; the same for pytest and for scripts.
OPTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("--threads", {"type": int, "default": 1, "help": "threads for every library (default 1)"}),
    ("--full", {"action": "store_true", "help": "the whole grid, with and without out="}),
    ("--huge", {"action": "store_true", "help": "also 8192x8192"}),
    ("--sizes", {"type": parse_sizes, "default": None, "help": "for instance 64,512,1080x1920"}),
    ("--pixels", {"default": None, "help": "for instance 'uint8,uint8 RGB'"}),
    ("--filters", {"default": None, "help": "parts of names, for instance 'random,box 3x3'"}),
)


def select_by(options: argparse.Namespace) -> list[Cell]:
    """Return the cells that parsed `OPTIONS` ask for."""
    return select(
        full=options.full, huge=options.huge, sizes=options.sizes,
        pixels=options.pixels, filters=options.filters,
    )  # fmt: skip
