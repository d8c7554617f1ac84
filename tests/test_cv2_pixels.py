# SPDX-License-Identifier: BSD-3-Clause
"""With fastconv in OpenCV's place, integers are OpenCV's to the pixel.

    python -m tests.test_cv2_pixels

prints the table of docs/drop-in.md. Calls are of all functions with many arguments, of all types of images
and results, of borders, channels, deltas and widths; those that OpenCV refuses are left out. "Served" are
those that fastconv did; the others it handed back, and they are OpenCV's own.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache, partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from numpy.typing import NDArray

import fastconv
from fastconv import reference
from fastconv.compat import cv2_pixels, installation
from fastconv.compat.cv2_pixels import INSTALLED
from fastconv.compat.half_up import correlate_half_up
from fastconv.compat.stand_ins import counts

cv2: Any = pytest.importorskip("cv2")

Array = NDArray[Any]
# A call of a module's, of an image, with a depth, a border and a delta; None where these do not apply.
Call = Callable[[Any, Array, int, int, float], Any]

RNG = np.random.default_rng(0)
BORDERS = (cv2.BORDER_REFLECT_101, cv2.BORDER_CONSTANT, cv2.BORDER_REPLICATE, cv2.BORDER_REFLECT)
DEPTHS = {
    "uint8": (-1, cv2.CV_16U, cv2.CV_16S, cv2.CV_32F, cv2.CV_64F),
    "uint16": (-1, cv2.CV_32F, cv2.CV_64F),
    "int16": (-1, cv2.CV_32F, cv2.CV_64F),
    "float32": (-1, cv2.CV_64F),
    "float64": (-1,),
}
# Of widths with and without whole vectors; (H, W) and (H, W, C).
SHAPES = ((37, 61), (40, 64), (5, 3), (23, 32, 3), (19, 21, 4))
DELTAS = (0, 10, 0.5, -3.25)


def _normal(*shape: int) -> Array:
    weights: Array = RNG.normal(size=shape)
    weights /= np.sqrt(np.prod(shape))
    return weights


_WINDOWS = {
    "normal 3x3": _normal(3, 3),
    "normal 3x3 float32": _normal(3, 3).astype(np.float32),
    "normal 9x9": _normal(9, 9),
    "normal 12x12": _normal(12, 12),
    "whole 3x3": np.arange(-4.0, 5).reshape(3, 3),
    "whole 7x7 float32": RNG.integers(-3, 4, (7, 7)).astype(np.float32),
    "sharpening": np.array([[0.0, -1, 0], [-1, 5, -1], [0, -1, 0]]),
    "eighths 2x4": RNG.integers(-8, 9, (2, 4)) / 8,
    "ninths": np.full((3, 3), 1 / 9),
}
_LINES = {
    "normal 5+3": (_normal(5), _normal(3)),
    "fifteenths": (np.array([1, 3, 7, 3, 1]) / 15,) * 2,
    "binomial 5": (np.array([1, 4, 6, 4, 1]) / 16,) * 2,
    "binomial 3+1": (np.array([1, 2, 1]) / 4, np.array([1.0])),
    "whole, even and odd": (np.array([1.0, 2, 1]), np.array([-1.0, 0, 1])),
    "whole 4+2": (np.array([1.0, 2, 3, -1], np.float32), np.array([5.0, -2], np.float32)),
    "tenths": (np.array([-3, -7, 0, 7, 3]) / 10, np.array([2, 5, 7, 5, 2]) / 10),
}
_BOXES = (
    (1, 1),
    (2, 1),
    (3, 3),
    (5, 5),
    (4, 2),
    (6, 6),
    (7, 3),
    (1, 9),
    (16, 16),
    (17, 17),
    (24, 12),
)
_GAUSSIANS = (
    ((3, 3), 0), ((5, 5), 0), ((7, 7), 0), ((9, 9), 0), ((31, 31), 0), ((3, 3), 0.3), ((5, 7), 1),
    ((1, 7), 1.1), ((0, 0), 0.8), ((0, 0), 1.5), ((0, 0), 5), ((61, 5), 20),
)  # fmt: skip
_SCALES = (1, 0.125, 0.1)


def _filter2d(kernel: Array, cv: Any, a: Array, depth: int, border: int, delta: float) -> Any:
    return cv.filter2D(a, depth, kernel, None, (-1, -1), delta, border)


def _sep_filter2d(lines: Any, cv: Any, a: Array, depth: int, border: int, delta: float) -> Any:
    return cv.sepFilter2D(a, depth, *lines, None, (-1, -1), delta, border)


def _blur(size: Any, cv: Any, a: Array, depth: int, border: int, delta: float) -> Any:
    return None if delta or depth != -1 else cv.blur(a, size, borderType=border)


def _box(size: Any, mean: bool, cv: Any, a: Array, depth: int, border: int, delta: float) -> Any:
    return None if delta else cv.boxFilter(a, depth, size, normalize=mean, borderType=border)


def _gaussian(
    size: Any, sigma: float, cv: Any, a: Array, depth: int, border: int, delta: float
) -> Any:
    return None if delta or depth != -1 else cv.GaussianBlur(a, size, sigma, borderType=border)


def _sobel(
    size: int, orders: Any, scale: float, cv: Any, a: Array, depth: int, border: int, delta: float
) -> Any:
    return cv.Sobel(a, depth, *orders, None, size, scale, delta, border)


def _scharr(
    orders: Any, scale: float, cv: Any, a: Array, depth: int, border: int, delta: float
) -> Any:
    return cv.Scharr(a, depth, *orders, None, scale, delta, border)


def _laplacian(
    size: int, scale: float, cv: Any, a: Array, depth: int, border: int, delta: float
) -> Any:
    return cv.Laplacian(a, depth, None, size, scale, delta, border)


def calls() -> Iterator[tuple[str, str, Call]]:
    """Function, arguments in words, call."""
    for words, kernel in _WINDOWS.items():
        yield "filter2D", words, partial(_filter2d, kernel)
    for words, lines in _LINES.items():
        yield "sepFilter2D", words, partial(_sep_filter2d, lines)
    for box in _BOXES:
        yield "blur", f"{box}", partial(_blur, box)
        for mean in (True, False):
            yield "boxFilter", f"{box} {mean}", partial(_box, box, mean)
    for size, sigma in _GAUSSIANS:
        yield "GaussianBlur", f"{size} {sigma}", partial(_gaussian, size, sigma)
    for side, scale in itertools.product((1, 3, 5, 7, 31), _SCALES):
        yield "Laplacian", f"{side} {scale}", partial(_laplacian, side, scale)
        for orders in ((1, 0), (0, 1), (1, 1), (2, 0)):
            yield "Sobel", f"{side} {orders} {scale}", partial(_sobel, side, orders, scale)
    for orders, scale in itertools.product(((1, 0), (0, 1)), _SCALES):
        yield "Scharr", f"{orders} {scale}", partial(_scharr, orders, scale)


def picture(shape: tuple[int, ...], pixel: str) -> Array:
    """Noise of all values."""
    dtype = np.dtype(pixel)
    if dtype.kind == "f":
        return (RNG.random(shape) * 300 - 40).astype(dtype)
    limits = np.iinfo(dtype)
    return RNG.integers(limits.min, limits.max + 1, shape).astype(dtype)


@dataclass
class Row:
    """Of one function, and results of integers or of floats."""

    calls: int = 0
    served: int = 0
    pixels: int = 0  # of served calls, as all that follows
    differing: int = 0
    largest: float = 0.0  # difference; of floats relative to the largest result
    where: dict[str, int] = field(default_factory=dict)

    def add(self, words: str, got: Array, wanted: Array, served: bool) -> None:
        """Compare a result."""
        self.calls += 1
        if not served:
            assert np.array_equal(got, wanted, equal_nan=got.dtype.kind == "f")
            return
        self.served += 1
        self.pixels += got.size
        off = np.abs(got.astype(np.float64) - wanted.astype(np.float64))
        differing = int(np.count_nonzero(off))
        if differing:
            self.differing += differing
            self.where[words] = self.where.get(words, 0) + differing
            scale = max(1.0, float(np.abs(wanted).max())) if got.dtype.kind == "f" else 1.0
            self.largest = max(self.largest, float(off.max()) / scale)


def questions(first: int) -> Iterator[tuple[Array, int, int, float]]:
    """Images, depths, borders in turns from the `first` on, deltas."""
    for pixel, depths in DEPTHS.items():
        turns = itertools.product(depths, SHAPES, DELTAS)
        for turn, (depth, shape, delta) in enumerate(turns, first):
            yield picture(shape, pixel), depth, BORDERS[turn % len(BORDERS)], delta


def compared(*functions: str) -> dict[tuple[str, str], Row]:
    """Ask all calls of both."""
    rows: dict[tuple[str, str], Row] = {}
    originals = SimpleNamespace(**vars(cv2))
    with fastconv.installed("cv2", always=True):
        for name, words, call in calls():
            if functions and name not in functions:
                continue
            count = counts[f"cv2.{name}"]
            for image, depth, border, delta in questions(len(words)):
                try:
                    wanted = call(originals, image, depth, border, delta)
                except cv2.error:
                    continue
                if wanted is None:
                    continue
                before = count.served
                got = call(cv2, image, depth, border, delta)
                assert got.dtype == wanted.dtype and got.shape == wanted.shape
                kind = "floats" if wanted.dtype.kind == "f" else "integers"
                row = rows.setdefault((name, kind), Row())
                about = f"{words} {image.dtype} -> {wanted.dtype}, {image.shape}, {border}, {delta}"
                row.add(about, got, wanted, count.served > before)
    return rows


def table(rows: dict[tuple[str, str], Row]) -> str:
    """In Markdown."""
    lines = [
        "| function | results | calls compared | of these served | pixels | differing | by at most |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for kind in ("integers", "floats"):
        for (name, its), row in rows.items():
            if its == kind:
                lines.append(
                    f"| `{name}` | {kind} | {row.calls:,} | {row.served:,} | {row.pixels:,} "
                    f"| {row.differing:,} | {row.largest:.2g} |"
                )
    return "\n".join(lines)


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    cv2.setNumThreads(1)
    RNG.bit_generator.state = np.random.default_rng(0).bit_generator.state  # in any order of tests
    yield
    while installation._state.asked:
        fastconv.uninstall()


@pytest.fixture
def opencv() -> Any:
    """OpenCV's functions, whatever stands in their place."""
    return SimpleNamespace(**vars(cv2))


# Calls that have to be served, not handed back, of an image of bytes.
SERVED: dict[str, Any] = {
    "filter2D": lambda cv, a: cv.filter2D(a, -1, _WINDOWS["sharpening"]),
    "sepFilter2D": lambda cv, a: cv.sepFilter2D(a, cv2.CV_16S, *_LINES["whole, even and odd"]),
    "blur": lambda cv, a: cv.blur(a, (4, 4)),
    "boxFilter": lambda cv, a: cv.boxFilter(a, cv2.CV_16U, (9, 9), normalize=False),
    "GaussianBlur": lambda cv, a: cv.GaussianBlur(a, (0, 0), 2.5),
    "Sobel": lambda cv, a: cv.Sobel(a, cv2.CV_16S, 1, 0, ksize=5),
    "Scharr": lambda cv, a: cv.Scharr(a, cv2.CV_16S, 0, 1, delta=10),
    "Laplacian": lambda cv, a: cv.Laplacian(a, -1, ksize=3),
}


@pytest.mark.parametrize("name", SERVED)
def test_integers_are_opencvs_to_the_pixel(name: str) -> None:
    rows = compared(name)
    integers, floats = rows[name, "integers"], rows[name, "floats"]
    assert integers.differing == 0, integers.where
    assert integers.served * 4 > integers.calls > 100
    # sums of magnitudes up to 2**60 cancel in Sobel's of 31 x 31
    assert floats.largest < (0.1 if name in ("Sobel", "Laplacian") else 2e-6)


@pytest.mark.parametrize("name", SERVED)
def test_usual_calls_are_served_with_opencvs_pixels_on_all_levels(
    name: str, level: str, opencv: Any
) -> None:
    shapes = [(40, 64), (37, 61), (9, 7), (3, 3), (21, 33, 3), (1, 40), (33, 1)]
    images = [picture(shape, "uint8") for shape in shapes]
    wanted = [SERVED[name](opencv, image) for image in images]
    with fastconv.installed("cv2", always=True):
        for image, right in zip(images, wanted, strict=True):
            before = counts[f"cv2.{name}"].served
            got = SERVED[name](cv2, image)
            assert counts[f"cv2.{name}"].served == before + 1
            assert got.dtype == right.dtype
            assert_array_equal(got, right)


@pytest.mark.parametrize("name", SERVED)
def test_calls_that_are_repeated_are_opencvs_for_each_image(
    name: str, level: str, opencv: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = SERVED[name]
    for shape in ((40, 64), (37, 61), (21, 33, 3)):
        first, second = picture(shape, "uint8"), picture(shape, "uint8")
        wanted = [call(opencv, image) for image in (first, second, second[::-1])]
        with fastconv.installed("cv2", always=True):
            assert_array_equal(call(cv2, first), wanted[0])
            with monkeypatch.context() as patch:  # what is kept asks nothing of Python
                patch.setattr(cv2_pixels, "_is_known", None)
                assert_array_equal(call(cv2, second), wanted[1])
            assert_array_equal(call(cv2, second[::-1]), wanted[2])


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_fixed_point_blurs_of_any_size_are_opencvs(dtype: str, level: str) -> None:
    sizes = [(1, 1), (3, 3), (5, 5), (7, 1), (1, 5), (9, 3), (13, 13), (31, 31), (127, 5)]
    originals = SimpleNamespace(**vars(cv2))
    with fastconv.installed("cv2", always=True):
        for size, sigma in itertools.product(sizes, (0, 0.1, 0.4, 1, 3.3)):
            for shape in [(33, 47), (12, 10, 3), (2, 70), (64, 64)]:
                image = picture(shape, dtype)
                image[:2] = np.iinfo(dtype).max  # nothing saturates, nor wraps around
                for border in BORDERS:
                    arguments = (image, size, sigma, None, 0, border)
                    assert_array_equal(
                        cv2.GaussianBlur(*arguments), originals.GaussianBlur(*arguments)
                    )


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_halves_are_rounded_up(dtype: str, level: str) -> None:
    line = np.array([1, 4, 6, 4, 1]) / 16
    identity = np.zeros((3, 5))
    identity[1, 2] = 1
    for kernel in (
        np.outer(line, line), np.outer([0.25, 0.5, 0.25], [1, 3, 0, 4]) / 8, identity, np.ones((1, 1)),
    ):  # fmt: skip
        for shape in [(1, 1), (3, 4), (17, 65), (8, 130), (7, 5, 3)]:
            image = picture(shape, dtype)
            axis = -1 if len(shape) == 3 else None
            exact = reference.correlate(
                image, kernel, border="mirror", channel_axis=axis, dtype=np.float64
            )
            got = correlate_half_up(image, kernel, border="mirror", channel_axis=axis)
            assert got.dtype == image.dtype
            assert_array_equal(got, np.floor(exact + 0.5))


class Random:
    """Calls of integers at random, of all kinds that decide whether OpenCV's result is certain."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def one_of(self, *choices: Any) -> Any:
        return choices[self.rng.integers(len(choices))]

    def number(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high))

    def image(self) -> Array:
        limits = np.iinfo(self.one_of("u1", "u1", "u1", "u2", "i2"))
        shape = self.number(1, 70), self.one_of(self.number(1, 140), 32, 64, 96)
        channels = self.one_of((), (), (self.number(1, 5),))
        noise = self.rng.integers(limits.min, limits.max + 1, (*shape, *channels)).astype(
            limits.dtype
        )
        half = self.rng.random(noise.shape) < 0.5
        chosen: Array = self.one_of(
            noise, noise, np.where(half, limits.min, limits.max).astype(limits.dtype)
        )
        return chosen

    def weights(self, *shape: int) -> Array:
        whole = self.rng.integers(-9, 10, shape)
        made: Array = self.one_of(
            whole, whole / 2.0 ** self.number(0, 9), whole / 10, self.rng.normal(size=shape),
            abs(whole) / 64, np.full(shape, 1 / np.prod(shape)),
        )  # fmt: skip
        typed: Array = made.astype(self.one_of(np.float32, np.float64))
        return typed

    def line(self) -> Array:
        size = self.number(1, 10)
        line = self.weights(size)
        binomial = np.array([math.comb(size - 1, i) for i in range(size)]) / 2.0 ** (size - 1)
        chosen: Array = self.one_of(
            line, line + line[::-1], line - line[::-1], binomial.astype(line.dtype)
        )
        return chosen

    def call(self) -> tuple[str, tuple[Any, ...]]:
        """Function and arguments."""
        a, border = self.image(), self.one_of(*BORDERS)
        depth = self.one_of(-1, -1, cv2.CV_16S, cv2.CV_16U) if a.dtype == np.uint8 else -1
        delta = self.one_of(
            0, 0, self.number(-50, 50), self.number(-99, 99) / 8, float(self.rng.normal())
        )
        scale, size = self.one_of(1, 1, 0.5, 0.125, 0.1, -3), self.one_of(1, 3, 5, 7, 9, 31)
        box = self.one_of(*[(self.number(1, n), self.number(1, n)) for n in (5, 9, 20, 40)])
        odd = 2 * self.number(0, 12) + 1, 2 * self.number(0, 12) + 1
        sigmas = (float(self.one_of(0, self.rng.random() * n)) for n in (6, 3))
        x, y = self.line(), self.line()
        anchor = self.one_of((-1, -1), (-1, -1), (0, 0))
        calls: dict[str, tuple[Any, ...]] = {
            "filter2D": (
                depth,
                self.weights(*(self.number(1, 8) for _ in "yx")),
                None,
                anchor,
                delta,
            ),
            "sepFilter2D": (depth, x, y.astype(x.dtype), None, anchor, delta),
            "blur": (box, None, anchor),
            "boxFilter": (depth, box, None, anchor, self.one_of(True, False)),
            "GaussianBlur": (self.one_of(odd, odd, (0, 0)), next(sigmas), None, next(sigmas)),
            "Sobel": (depth, self.number(0, 3), self.number(0, 3), None, size, scale, delta),
            "Scharr": (depth, *self.one_of((0, 1), (1, 0)), None, scale, delta),
            "Laplacian": (depth, None, size, scale, delta),
        }
        name = self.one_of(*calls)
        return name, (a, *calls[name], border)


@cache
def random_calls() -> list[tuple[str, tuple[Any, ...], Any]]:
    """Functions, arguments and OpenCV's own results, None if it refuses; alike for all levels."""
    random, made = Random(7), []
    for _ in range(4000):
        name, arguments = random.call()
        try:
            made.append((name, arguments, getattr(cv2, name)(*arguments)))
        except cv2.error:
            made.append((name, arguments, None))
    return made


def test_random_calls_are_opencvs_to_the_pixel_or_handed_back(level: str) -> None:
    served = 0
    for name, arguments, wanted in random_calls():
        try:
            got = INSTALLED[name](*arguments)
        except (TypeError, ValueError):
            got = NotImplemented
        if got is not NotImplemented:
            assert wanted is not None, (name, arguments)  # which OpenCV refuses
            assert got.dtype == wanted.dtype
            assert_array_equal(got, wanted, err_msg=f"{name} {arguments[1:]}")
            served += 1
    assert served > 1500


def test_opencvs_own_floats_depend_on_the_column(opencv: Any) -> None:
    """Which is why floats are served: there is no result of a window to agree with."""
    image, kernel = picture((9, 61), "float32"), _normal(5, 5)
    whole = opencv.filter2D(image, -1, kernel)
    part = opencv.filter2D(image[:, 3:], -1, kernel)
    assert (whole[:, 8:-4] != part[:, 5:-4]).any()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_opencvs_boxes_of_floats_keep_what_stood_before_and_ours_do_not(
    dtype: str, level: str, opencv: Any
) -> None:
    image = np.ones((9, 40), dtype)
    image[:, 2] = 1e30
    with fastconv.installed("cv2", always=True):
        before = counts["cv2.blur"].served
        got = cv2.blur(image, (7, 7))
        assert counts["cv2.blur"].served == before + 1
    np.testing.assert_allclose(got[:, 6:], 1, rtol=1e-6)
    assert not np.allclose(opencv.blur(image, (7, 7))[:, 6:], 1)


@pytest.mark.parametrize(("dtype", "bound"), [("float32", 1e-6), ("float64", 1e-14)])
def test_boxes_of_floats_are_opencvs_within_roundings(
    dtype: str, bound: float, level: str, opencv: Any
) -> None:
    sizes = (1, 1), (2, 2), (3, 3), (6, 5), (1, 9), (16, 2), (24, 24), (31, 31)
    with fastconv.installed("cv2", always=True):
        for shape, size, mean in itertools.product(SHAPES, sizes, (True, False)):
            image, border = picture(shape, dtype), BORDERS[size[0] % 4]
            arguments = image, -1, size, None, (-1, -1), mean, border
            wanted, got = opencv.boxFilter(*arguments), cv2.boxFilter(*arguments)
            largest = np.abs(image).max() * (1 if mean else size[0] * size[1])
            assert np.abs(got - wanted).max() <= bound * largest


def test_large_boxes_of_floats_are_handed_back() -> None:
    for dtype, coloured, size in (
        ("float32", 0, (25, 3)),
        ("float64", 0, (3, 17)),
        ("float64", 1, (7, 7)),
    ):
        image = picture((60, 50, 3)[: 2 + coloured], dtype)
        with fastconv.installed("cv2", always=True):
            before = counts["cv2.blur"].handed_back
            cv2.blur(image, size)
            assert counts["cv2.blur"].handed_back == before + 1


def test_integers_rounded_from_such_sums_are_handed_back(opencv: Any) -> None:
    image = picture((200, 300), "uint16")
    calls: dict[str, Any] = {
        "filter2D": lambda cv: cv.filter2D(image, -1, _WINDOWS["normal 3x3"]),
        "sepFilter2D": lambda cv: cv.sepFilter2D(image, -1, *_LINES["tenths"]),
        "Sobel": lambda cv: cv.Sobel(image, -1, 1, 0, scale=0.1),
        "Laplacian": lambda cv: cv.Laplacian(image, -1, ksize=31),
        "blur": lambda cv: cv.blur(image, (6, 6)),
    }
    with fastconv.installed("cv2", always=True):
        for name, call in calls.items():
            before = counts[f"cv2.{name}"].handed_back
            assert_array_equal(call(cv2), call(opencv))
            assert counts[f"cv2.{name}"].handed_back == before + 1


def test_what_opencv_refuses_it_refuses_itself() -> None:
    good = picture((8, 9), "uint8")
    calls: list[Any] = [
        lambda: cv2.blur(good.astype(np.float16), (3, 3)),
        lambda: cv2.GaussianBlur(good, (4, 4), 1),
        lambda: cv2.GaussianBlur(good, (0, 0), 0),
        lambda: cv2.Sobel(good, -1, 0, 0),
        lambda: cv2.Sobel(good, "uint8", 1, 0),
        lambda: cv2.filter2D(good, -1, [[1, 2]], borderType="x"),
        lambda: cv2.sepFilter2D(good, cv2.CV_8S, np.ones(3), np.ones(3)),
        lambda: cv2.Laplacian(good, -1, ksize=33),
        lambda: cv2.boxFilter(good, -1, (0, 1)),
        lambda: cv2.blur(good, (3, 3), np.zeros((8, 18), np.uint8)[:, ::2]),
        lambda: cv2.GaussianBlur(good, (3, 3), 0, np.zeros((9, 8), np.uint8).T),
    ]
    for call in calls:
        said = []
        for _ in range(2):
            with pytest.raises(cv2.error) as told:
                call()
            said.append(str(told.value))
            fastconv.install("cv2", always=True)
        while installation._state.asked:
            fastconv.uninstall()
        assert said[0] == said[1]


def test_dst_is_filled_and_returned_as_by_opencv(opencv: Any) -> None:
    image = picture((30, 41), "uint8")
    with fastconv.installed("cv2", always=True):
        for name in ("GaussianBlur", "blur"):
            dst = np.zeros_like(image)
            arguments = ((5, 5), 0) if name == "GaussianBlur" else ((4, 4),)
            assert getattr(cv2, name)(image, *arguments, dst=dst) is dst
            assert_array_equal(dst, getattr(opencv, name)(image, *arguments))
            own = image.copy()
            assert getattr(cv2, name)(own, *arguments, dst=own) is own
            assert_array_equal(own, dst)


def main() -> None:
    print(table(compared()))


if __name__ == "__main__":
    main()
