# SPDX-License-Identifier: BSD-3-Clause
"""Integer results are the definition's to the last bit: at every level, with every method, for any
number of threads.

Random cases, CASES a family and level, each with kernel, type, border, shape, origin, method, threads and
strides of its own. A failure names its seed; `case(family, seed)` makes it again.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import pytest

import fastconv

from .judge import (
    BORDERS,
    INTEGERS,
    Array,
    assert_integers_equal,
    definition,
    or_refused,
    picture,
)

CASES = 400
METHODS = ("direct", "separable", "sparse", "box", "dot", "fft", "wide")
# What a refusal says: the result would not be exact, or this method is not made for it.
REFUSED = r"must stay within|must have weights|cannot do this|integers within"

Generator = np.random.Generator


@dataclass(frozen=True)
class Case:
    """One call."""

    name: str
    image: Array
    kernel: Array
    options: dict[str, Any]
    method: str
    threads: int

    def __str__(self) -> str:
        return (
            f"{self.name} {self.image.dtype}{self.image.shape} with {self.kernel.tolist()}, "
            f"{self.options}, method={self.method!r}, threads={self.threads}"
        )


def pick(rng: Generator, *values: float) -> float:
    return float(rng.choice(values))


def size_of(rng: Generator) -> tuple[int, int]:
    """A kernel's: mostly small, odd and even, rows and columns too."""
    height, width = (int(rng.choice([1, 1, 2, 3, 3, 3, 4, 5, 7, 9])) for _ in range(2))
    return height, width


# --- families of kernels -------------------------------------------------------------------------


def whole_numbers(rng: Generator) -> Array:
    top = int(rng.choice([1, 3, 20, 127, 128, 1000, 70000]))
    return rng.integers(-top, top + 1, size_of(rng)).astype(np.float64)


def with_zeros(rng: Generator) -> Array:
    kernel = whole_numbers(rng) / pick(rng, 1, 2, 7, 16)
    kernel[rng.random(kernel.shape) < 0.6] = 0
    return kernel


def fractions(rng: Generator) -> Array:
    """Whole numbers over a common divisor, as most kernels of books are."""
    divisor = int(
        rng.choice([2, 3, 4, 5, 6, 7, 8, 9, 10, 16, 25, 49, 64, 81, 100, 159, 256, 273, 1000])
    )
    n = rng.integers(-6, 12, size_of(rng))
    kernel: Array = n / divisor if rng.random() < 0.5 else n * (1 / divisor)
    return kernel


def normalised(rng: Generator) -> Array:
    """Positive weights that sum to 1, whose results fall all over the range."""
    kernel: Array = rng.random(size_of(rng)) + 1e-3
    kernel /= kernel.sum()
    return kernel


def random_floats(rng: Generator) -> Array:
    return rng.normal(size=size_of(rng)) * pick(rng, 0.01, 0.3, 1, 30)


def outer_products(rng: Generator) -> Array:
    height, width = size_of(rng)
    kind = rng.integers(4)
    if kind == 0:
        column, row = rng.integers(-4, 5, height), rng.integers(1, 5, width)
        return np.outer(column, row) / pick(rng, 1, 16, 9, 10)
    if kind == 1:
        column, row = (np.exp(-0.5 * (np.arange(n) - (n - 1) / 2) ** 2) for n in (height, width))
        return np.outer(column / column.sum(), row / row.sum())
    kernel: Array = np.outer(rng.normal(size=height), rng.normal(size=width))
    scale = pick(rng, 1e-3, 0.2, 1, 50) if kind == 2 else 1 / float(np.abs(kernel).sum())
    return kernel * scale


def boxes(rng: Generator) -> Array:
    height, width = (int(n) for n in rng.integers(1, 14, 2))
    weight = pick(rng, 1 / (height * width), 1.0, 0.5, 0.1, -0.3, 1 / 7, float(rng.normal()))
    return np.full((height, width), weight)


def ties(rng: Generator) -> Array:
    """Halves, and tenths whose float64 sums are nearly halves: rounding noise decides."""
    kind = rng.integers(4)
    if kind == 0:
        return rng.integers(-3, 4, size_of(rng)) + 0.5
    if kind == 1:
        return rng.integers(-9, 10, size_of(rng)) / 10
    if kind == 2:  # off by a few units in the last place
        kernel = rng.integers(-8, 9, size_of(rng)) / 16
        return kernel * (1 + rng.integers(-3, 4, kernel.shape) * 2.0**-52)
    return np.full(size_of(rng), 0.5) / pick(rng, 1, 3, 5, 25)


def huge_and_tiny(rng: Generator) -> Array:
    kernel = rng.normal(size=size_of(rng)) * 2.0 ** rng.integers(-140, 141)
    if rng.random() < 0.6:
        kernel *= 2.0 ** rng.integers(-60, 61, kernel.shape)
    if rng.random() < 0.3:
        kernel[rng.random(kernel.shape) < 0.5] = pick(rng, 1e300, -1e300, 5e-324, 1e20, 0)
    return kernel


def large_whole_numbers(rng: Generator) -> Array:
    """Whole numbers beside which small ones vanish in a float."""
    kernel = np.rint(rng.normal(size=size_of(rng)) * 2.0 ** rng.integers(0, 60, size_of(rng)[:0]))
    big = 2.0 ** float(rng.integers(20, 62))
    spots = rng.random(kernel.shape) < 0.4
    kernel[spots] = rng.choice([big, -big, big / 2], kernel.shape)[spots]
    return kernel


FAMILIES: dict[str, Callable[[Generator], Array]] = {
    "whole numbers": whole_numbers,
    "with zeros": with_zeros,
    "fractions": fractions,
    "normalised": normalised,
    "random floats": random_floats,
    "outer products": outer_products,
    "boxes": boxes,
    "ties": ties,
    "huge and tiny": huge_and_tiny,
    "large whole numbers": large_whole_numbers,
}


# --- the rest of a case --------------------------------------------------------------------------


def image_of(rng: Generator, dtype: str, channels: int | None) -> Array:
    shape = tuple(int(n) for n in rng.integers(1, 14, 2))
    if rng.random() < 0.5:  # beyond one vector of any level, so that rows are read in place
        shape = (shape[0], int(rng.integers(60, 160)))
    if channels is not None:
        shape = (*shape, channels)
    kind = rng.integers(5)
    seed = int(rng.integers(2**31))
    if dtype == "float32":
        a = picture(shape, dtype, seed)
        return np.rint(a) if kind else a
    info = np.iinfo("uint8" if dtype == "bool" else dtype)
    low, high = int(info.min), int(info.max)
    if dtype == "bool" or kind == 0:
        a = picture(shape, dtype, seed)
    elif kind == 1:  # flat, where weighted means are whole
        a = np.full(shape, int(rng.integers(low, high, endpoint=True, dtype=dtype)), dtype)
    elif kind == 2:  # nothing but the limits
        a = np.where(rng.random(shape) < 0.5, np.array(low, dtype), np.array(high, dtype))
    else:
        a = rng.integers(max(low, -200), min(high, 255), shape, endpoint=True).astype(dtype)
    return a[:, ::-1] if rng.random() < 0.2 else a


def case(family: str, seed: int, dtypes: tuple[str, ...], targets: tuple[str, ...] = ()) -> Case:
    """Make a case of these types of pictures and results; by default the results are the pictures'."""
    rng = np.random.default_rng([sum(family.encode()), seed])
    kernel = FAMILIES[family](rng)
    dtype = str(rng.choice(dtypes))
    channels = None if rng.random() < 0.75 else int(rng.integers(1, 6))
    image = image_of(rng, dtype, channels)
    options: dict[str, Any] = {"border": str(rng.choice(BORDERS))}
    if options["border"] == "constant":
        options["cval"] = pick(rng, 0, 1, 128, 255, -1, 0.5, -300.25, 1e5)
    if channels is not None:
        options["channel_axis"] = 2
    if targets:
        options["dtype"] = str(rng.choice(targets))
    if rng.random() < 0.2:
        options["shape"] = str(rng.choice(["valid", "full"]))
    elif rng.random() < 0.3:
        options["origin"] = tuple(
            int(rng.integers(-(n // 2), (n - 1) // 2, endpoint=True)) for n in kernel.shape
        )
    method = "auto" if rng.random() < 0.4 else str(rng.choice(METHODS))
    name = str(rng.choice(["convolve", "correlate"]))
    return Case(name, image, kernel, options, method, 1 if rng.random() < 0.9 else 2)


def judge(made: Case, what: str) -> str:
    """Compare; returns the method that was asked for, or "refused"."""

    def call(method: str) -> Array:
        result: Array = getattr(fastconv, made.name)(
            made.image, made.kernel, method=method, threads=made.threads, **made.options
        )
        return result

    method = made.method
    got = or_refused(lambda: call(method), REFUSED)
    if got is None and method != "auto":
        method = "auto"
        got = or_refused(lambda: call("auto"), REFUSED)
    if got is None:
        return "refused"
    wanted = definition(made.name, made.image, made.kernel, **made.options)
    assert_integers_equal(got, wanted, what)
    return method


def run(family: str, dtypes: tuple[str, ...], targets: tuple[str, ...], count: int) -> Counter[str]:
    done: Counter[str] = Counter()
    for seed in range(count):
        made = case(family, seed, dtypes, targets)
        done[judge(made, f"case({family!r}, {seed}, {dtypes}, {targets}): {made}")] += 1
    return done


# --- the promises --------------------------------------------------------------------------------


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.usefixtures("eager_threads")
def test_bytes_and_words_are_exact(level: str, family: str) -> None:
    done = run(family, ("uint8", "uint8", "uint8", "int8", "uint16", "int16"), (), CASES)
    assert done["refused"] == 0  # there is an exact result for all of these


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.usefixtures("eager_threads")
def test_conversions_between_types_are_exact(level: str, family: str) -> None:
    small = ("bool", "uint8", "int8", "uint16", "int16")
    done = run(family, small, ("uint8", "int8", "uint16", "int16", "uint32", "int32"), CASES // 4)
    assert done["refused"] == 0


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.usefixtures("eager_threads")
def test_floats_become_the_definitions_integers(level: str, family: str) -> None:
    done = run(family, ("float32",), INTEGERS[:6], CASES // 4)
    assert done["refused"] == 0


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.usefixtures("eager_threads")
def test_32_bits_are_exact_or_refused(level: str, family: str) -> None:
    done = run(family, ("int32", "uint32"), (), CASES // 4)
    assert done["refused"] < done.total()


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.usefixtures("eager_threads")
def test_64_bits_are_exact_or_refused(level: str, family: str) -> None:
    done = run(family, ("int64", "uint64"), (), CASES // 4)
    assert done["refused"] < done.total()


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.usefixtures("eager_threads")
def test_results_of_64_bits_of_smaller_pictures_are_exact_or_refused(
    level: str, family: str
) -> None:
    done = run(family, ("uint8", "int16", "int32", "uint32"), ("int64", "uint64"), CASES // 4)
    assert done["refused"] < done.total()


def test_every_method_is_among_the_cases() -> None:
    done: Counter[str] = Counter()
    for family in FAMILIES:
        done += run(family, ("uint8", "uint8", "int32"), (), 200)
    assert all(done[method] >= 15 for method in METHODS), done


# --- what is hard --------------------------------------------------------------------------------


@pytest.mark.parametrize("divisor", [*range(2, 65), 81, 100, 159, 256, 273, 331, 441, 1000, 1023])
def test_means_of_every_divisor_round_like_the_definition(level: str, divisor: int) -> None:
    # all sums from 0 to 255 * 5 against one divisor: every tie there is
    line = np.repeat(np.arange(256, dtype=np.uint8), 7)
    image = np.stack([np.roll(line, shift) for shift in (0, 3, 100)])
    for weights in ([[1, 2, 1]], [[1], [1], [1]], [[1, 0, 1], [1, 1, 0], [0, 1, 0]]):
        for kernel in (np.array(weights) / divisor, np.array(weights) * (1 / divisor)):
            got = fastconv.convolve(image, kernel)
            assert_integers_equal(got, definition("convolve", image, kernel), f"{kernel}")


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int16", "int32", "int64", "uint64"])
def test_every_pixel_is_a_tie(level: str, dtype: str) -> None:
    image = np.arange(120).reshape(4, 30).astype(dtype) * 2 + 1
    for kernel in ([[0.5]], [[0.25, 0.25]], [[0.1] * 5], [[1.5, -1.0]], np.full((5, 5), 0.02)):
        got = fastconv.convolve(image, kernel, border="wrap")
        wanted = definition("convolve", image, np.array(kernel), border="wrap")
        assert_integers_equal(got, wanted, f"{kernel}")


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int16"])
@pytest.mark.parametrize("size", [(15, 15), (3, 31), (8, 12), (31, 31)])
def test_means_of_narrow_or_scattered_rows_are_exact(
    level: str, dtype: str, size: tuple[int, int]
) -> None:
    """Found with words: what is left of such rows was scaled in float32, and rounded the wrong way."""
    height, width = size
    same = np.outer(np.full(height, 1 / height), np.full(width, 1 / width))  # but for roundings
    ends = np.iinfo(dtype)
    for columns in (*range(1, 21), 31, 32, 33, 47, 48, 64):
        rng = np.random.default_rng([height, width, columns])
        image = rng.integers(ends.min, ends.max, (40, columns), dtype, endpoint=True)
        for kernel in (same, np.full(size, 1 / (height * width + 1))):
            assert_integers_equal(
                fastconv.convolve(image, kernel), definition("convolve", image, kernel)
            )
            room = np.zeros((40, 2 * columns), np.dtype(dtype).newbyteorder())
            flipped = image[:, ::-1]
            fastconv.convolve(flipped, kernel, out=room[:, ::-2])
            assert_integers_equal(
                room[:, ::-2].astype(dtype), definition("convolve", flipped, kernel)
            )
            assert not room[:, ::2].any()


@pytest.mark.parametrize("size", [(15, 15), (31, 31), (1, 255), (101, 3)], ids=str)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16"])
def test_many_taps_are_exact(level: str, dtype: str, size: tuple[int, int]) -> None:
    rng = np.random.default_rng(size)
    image = picture((40, 90), dtype)
    floats = rng.random(size)
    bell = np.outer(*(np.exp(-(np.linspace(-2, 2, n) ** 2)) for n in size))
    for kernel in (floats / floats.sum(), bell / bell.sum(), np.full(size, 1 / np.prod(size)),
                   rng.integers(-3, 4, size), rng.normal(size=size) / 10):  # fmt: skip
        got = fastconv.convolve(image, kernel)
        assert_integers_equal(got, definition("convolve", image, np.asarray(kernel)))


EVEN = {
    "box 6x6": np.full((6, 6), 1 / 36),
    "box 10x10": np.full((10, 10), 0.01),
    "box 2x6": np.full((2, 6), 1 / 12),
    "box 46x1": np.full((46, 1), 1 / 46),
    "box 100x92": np.full((100, 92), 1 / 9200),
    "box of three tenths": np.full((3, 4), 0.3),
    "dense / 12": np.array([[1, 2, 1], [2, 0, 2], [1, 2, 1]]) / 12,
    "dense / 100": (np.arange(25).reshape(5, 5) * 7 % 23) * (1 / 100),
    "edges / 6": np.array([[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]]) / 6,
    "sharpen / 10": np.array([[-1, -1, -1], [-1, 18, -1], [-1, -1, -1]]) / 10,
    "outer product / 400": np.outer([0.05, 0.4, 0.55], [0.2, 0.3, 0.5]),
    "typed decimals": np.array([[0.075115, 0.123841], [0.204179, 0.596865]]),
}


def tied(kernel: Array, dtype: str) -> tuple[Array, Array]:
    """A picture in which many results are ties, and the exact quotients of its windows, rounded half to even.

    The windows are those of "valid"; Fractions and Python's own rounding say what is right.
    """
    rng = np.random.default_rng(3)
    height, width = kernel.shape
    top = 1 if dtype == "bool" else min(int(np.iinfo(dtype).max), 250)
    image = rng.integers(0, top, (height + 5, width + 70), endpoint=True).astype(dtype)
    image[:, ::2] = image[0, 0]
    exact = [[Fraction(float(w)).limit_denominator(10**6) for w in row] for row in kernel]
    denominator = math.lcm(*(w.denominator for row in exact for w in row))
    whole = np.array([[int(w * denominator) for w in row] for row in exact])
    windows = np.lib.stride_tricks.sliding_window_view(image.astype(np.int64), kernel.shape)
    sums = (windows * whole).sum((-2, -1))
    return image, np.array([[round(Fraction(int(s), denominator)) for s in row] for row in sums])


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int8", "uint16", "int16", "uint32", "int64"])
@pytest.mark.parametrize("name", EVEN)
def test_ties_of_rational_kernels_go_to_even_not_where_roundings_take_them(
    level: str, name: str, dtype: str
) -> None:
    kernel = EVEN[name]
    image, wanted = tied(kernel, dtype)
    for target in ("uint8", "int16", "uint16", "int32", "int64"):
        limits = np.iinfo(target)
        for method in ("auto", "direct", "separable", "sparse", "box", "dot", "fft", "wide"):
            call = partial(fastconv.correlate, image, kernel, shape="valid", dtype=target)
            got = or_refused(partial(call, method=method), REFUSED)
            if got is not None:
                right = np.clip(wanted, limits.min, limits.max).astype(target)
                assert_integers_equal(got, right, f"{method} to {target}")


def test_rational_kernels_of_64_bits_are_exact_at_both_limits(level: str) -> None:
    low, high = -(2**63), 2**63 - 1
    image = np.array([[low, high, high - 1, low + 1, high // 3, 5, 3, -3, -5, 1]])
    for n, d in (([1], 2), ([1, 2], 6), ([5, -3], 10), ([1, 1, 1], 1000), ([123457], 1000000)):
        got = fastconv.correlate(image, np.array([n]) / d, shape="valid")
        windows = np.lib.stride_tricks.sliding_window_view(image[0].astype(object), len(n))
        sums = [sum(w * x for w, x in zip(n, window, strict=True)) for window in windows]
        right = [min(max(round(Fraction(s, d)), low), high) for s in sums]
        assert got[0].tolist() == right, (n, d)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16"])
@pytest.mark.parametrize(
    "name", [name for name in EVEN if name[:3] in ("box", "den", "edg", "sha")]
)
def test_no_tie_of_a_small_divisor_is_summed_again(level: str, name: str, dtype: str) -> None:
    said = fastconv.plan(EVEN[name], pixel=dtype, correlate=True).explain()
    assert "no sum is ever rounded before its last step" in said


def test_large_weights_beside_small_ones_do_what_the_definition_does(level: str) -> None:
    # 2**60 x + x - 2**60 x, of which float64 in order makes 0
    kernel = np.array([[2.0**60, 1, -(2.0**60)]])
    for dtype in ("uint8", "int16", "int32", "int64"):
        image = np.arange(1, 61).reshape(4, 15).astype(dtype)
        got = or_refused(partial(fastconv.correlate, image, kernel, border="nearest"), REFUSED)
        if got is not None:
            assert_integers_equal(got, definition("correlate", image, kernel, border="nearest"))


@pytest.mark.parametrize("dtype", ["int32", "uint32", "int64", "uint64"])
@pytest.mark.parametrize("method", ["auto", "fft", "separable", "box"])
def test_large_integers_that_are_not_summed_in_order_are_exact(
    level: str, method: str, dtype: str
) -> None:
    rng = np.random.default_rng(11)
    column, row = rng.random(21) + 0.1, rng.random(17) + 0.1
    dense = rng.random((21, 17))
    kernels = (
        dense / dense.sum(), np.outer(column, row) / column.sum() / row.sum(), np.ones((21, 17)) / 357,
        np.full((17, 21), 2**0.5 / 357), rng.integers(-4, 5, (21, 17)), dense[:7, :5] / 4096,
    )  # fmt: skip
    low = max(-(2**33), int(np.iinfo(dtype).min))
    high = min(2**33, int(np.iinfo(dtype).max))
    image = rng.integers(low, high, (37, 41, 2), dtype, endpoint=True)
    image[:, 20:] //= 1 << 12  # a dark half, where less is watched
    for kernel in kernels:
        for a, axis in ((image[..., 0], None), (image[::-1, ::-1], -1)):
            for border in ("reflect", "constant"):
                options: dict[str, Any] = {"border": border, "channel_axis": axis}
                call = partial(fastconv.convolve, a, kernel, method=method, **options)
                got = or_refused(call, REFUSED)
                if got is not None:
                    wanted = definition("convolve", a, kernel, **options)
                    assert_integers_equal(got, wanted, f"{border}, {axis}")


@pytest.mark.parametrize("bits", [31, 37, 40])
def test_sums_whose_roundings_all_go_one_way_are_exact(level: str, bits: int) -> None:
    """In the second half of the taps nearly half of the last bit is lost with each but the first of a
    row, in the definition's order only. A hundredth of the results are rounded the other way.
    """
    rng = np.random.default_rng(bits)
    column, row = np.full(19, 0.5**0.25 / 17), np.full(23, 0.98 * 2.0**-54 * 17 / 0.5**0.25)
    row[0] = 1
    kernel = np.outer(column, row)
    image = rng.integers(2**bits - 2 ** (bits - 6), 2**bits, (31, 90), endpoint=True)
    for a, axis in ((image, None), (image.reshape(31, 30, 3)[:, ::-1], -1)):
        options: dict[str, Any] = {"border": "reflect", "channel_axis": axis, "method": "separable"}
        got = fastconv.correlate(a, kernel, **options)
        assert_integers_equal(got, definition("correlate", a, kernel, **options), f"{axis}")


@pytest.mark.parametrize("dtype", ["int64", "uint64"])
def test_images_of_64_bits_are_exact_at_the_edges_of_every_range(level: str, dtype: str) -> None:
    rng = np.random.default_rng(40)
    line = np.exp(-0.5 * ((np.arange(7) - 3) / 1.4) ** 2)
    dense = rng.random((3, 5)) + 0.1
    kernels = (np.outer(line, line) / line.sum() ** 2, dense / dense.sum(), dense[:, ::2] / 3)
    for bits in (1, 8, 16, 24, 31, 32, 36, 40, 47, 52):
        edge = 2**bits
        values = [edge - 1, edge, 0, 1, edge // 2, edge // 2 + 1]
        if dtype == "int64":
            values += [-edge, 1 - edge, -edge // 2]
        for shape, axis in (((5, 3), None), ((4, 37), None), ((3, 17, 2), -1)):
            image = rng.choice(np.array(values, dtype), shape)
            for kernel in kernels:
                for border in ("mirror", "constant"):
                    options: dict[str, Any] = {"border": border, "channel_axis": axis}
                    got = fastconv.convolve(image, kernel, **options)
                    wanted = definition("convolve", image, kernel, **options)
                    assert_integers_equal(got, wanted, f"2**{bits}, {shape}, {border}")


def test_an_image_changed_in_place_has_the_sums_of_its_new_range(level: str) -> None:
    rng = np.random.default_rng(3)
    line = np.exp(-0.5 * ((np.arange(15) - 7) / 3) ** 2)
    kernel = np.outer(line, line) / line.sum() ** 2
    image, out = np.zeros((33, 140), np.int64)[:, ::2], np.zeros((33, 70), np.int64)
    plan = fastconv.plan(kernel, pixel="int64")
    for bits in (8, 46, 20, 52, 40, 8):
        image[...] = rng.integers(-(2**bits), 2**bits, image.shape)
        wanted = definition("convolve", image, kernel)
        batch = fastconv.convolve(image[np.newaxis, ..., np.newaxis], kernel, channel_axis=-1)
        results = (
            fastconv.convolve(image, kernel), plan(image), batch[0, ..., 0],
            fastconv.convolve(image, kernel, out=out),
        )  # fmt: skip
        for result in results:
            assert_integers_equal(result, wanted, f"2**{bits}")
        assert_integers_equal(fastconv.convolve(image, kernel, out=image), wanted, "in place")


@pytest.mark.parametrize("dtype", ["int32", "uint32", "int64", "uint64"])
def test_sums_beyond_float64_are_exact_at_both_limits(level: str, dtype: str) -> None:
    low, high = int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
    image = np.array([[low, high, high - 1, low + 1, high // 2, high // 3, 1, 0]], dtype)
    for kernel in ([[1]], [[1, -1]], [[2**30, -(2**30) + 1]], [[3, -2]], [[1, 1, 1]], [[-1]]):
        got = fastconv.correlate(image, kernel)
        wanted = definition("correlate", image, np.array(kernel))
        assert_integers_equal(got, wanted, f"{kernel}")


@pytest.mark.parametrize(
    ("image", "kernel"),
    [
        (np.full((3, 3), 2**60, np.int64), [[0.5**0.5]]),
        (np.full((3, 3), 2**60 + 1, np.uint64), [[0.1, 0.3**0.5]]),
        (np.full((3, 3), 2**60, np.int64), [[2.0**31]]),
        (np.full((3, 3), 3, np.int64), [[2**53 + 1]]),
        (np.full((3, 3), 3, np.uint8), [[2**53 + 1]]),
        (np.full((3, 3), 3, np.int64), np.array([[2**63]], np.uint64)),
    ],
)  # fmt: skip
def test_integers_beyond_what_can_be_summed_are_refused(
    level: str, image: Array, kernel: Any
) -> None:
    with pytest.raises(ValueError, match=r"(kernel|image) must .*2\*\*\d+.*; got"):
        fastconv.convolve(image, kernel)
