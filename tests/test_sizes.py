# SPDX-License-Identifier: BSD-3-Clause
"""Every size is right: each width from 1 to 70 against each height from 1 to 17, and the widths at which
rows are cut into strips.

Vectors, blocks of rows, strips and edges begin and end somewhere; a mistake there shows at some sizes
only. Float pictures and weights are small whole numbers here, so that every method must give the very
numbers of the definition.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest

import fastconv
from fastconv._engine import planner
from fastconv._execute import execute
from fastconv._pixels import PIXELS, Accumulator

from .judge import BORDERS, Array, assert_defined, assert_integers_equal, check, definition

WIDTHS = range(1, 71)

WHOLE: dict[str, Array] = {
    "dense 3x3": np.array([[2.0, -1, 3], [5, 7, -4], [1, 6, -2]]),
    "sparse 3x3": np.array([[0.0, -1, 0], [-2, 7, -1], [0, -2, 0]]),
    "separable 3x5": np.outer([1.0, 2, 2], [1.0, 3, 5, 2, 1]),
    "box 3x5": np.ones((3, 5)),
    "dense 5x5": np.arange(25.0).reshape(5, 5) * 7 % 23 * 2 - 21,
    "even 4x6": np.arange(24.0).reshape(4, 6) * 5 % 17 * 2 - 15,
    "row 1x7": np.array([[1.0, -2, 3, 9, 4, -1, 2]]),
    "column 7x1": np.array([[1.0, -2, 3, 9, 4, -1, 2]]).T,
}
# Type of pixel, kernel, method: first those that see all sizes, then those that see some heights.
ALL = [
    ("uint8", "dense 3x3", "auto"),
    ("uint8", "separable 3x5", "separable"),
    ("uint8", "box 3x5", "box"),
    ("uint8", "sparse 3x3", "sparse"),
    ("uint8", "even 4x6", "direct"),
    ("float32", "dense 3x3", "auto"),
    ("float32", "dense 5x5", "auto"),
    ("float32", "separable 3x5", "separable"),
    ("float32", "sparse 3x3", "auto"),
    ("float32", "box 3x5", "box"),
    ("float32", "row 1x7", "auto"),
]
SOME = [
    *(("uint8", name, "auto") for name in WHOLE if name != "dense 3x3"),
    *(("float32", name, "direct") for name in ("separable 3x5", "even 4x6", "column 7x1")),
    ("uint8", "dense 5x5", "direct"),
    ("uint8", "dense 5x5", "fft"),
    ("uint16", "dense 3x3", "auto"),
    ("uint16", "dense 3x3", "fft"),
    ("int16", "dense 5x5", "auto"),
    ("int16", "box 3x5", "box"),
    ("float64", "dense 3x3", "auto"),
    ("float64", "dense 5x5", "auto"),
]
CASES = [(*case, range(1, 18)) for case in ALL] + [(*case, (1, 4, 5, 17)) for case in SOME]


def weights(dtype: str, name: str) -> Array:
    return WHOLE[name] if dtype.startswith("float") else WHOLE[name] / 37


@cache
def noise(dtype: str, shape: tuple[int, ...]) -> Array:
    rng = np.random.default_rng(shape)
    a: Array = rng.integers(0, 256, shape).astype(dtype)
    a.flags.writeable = False
    return a


@cache
def wanted(dtype: str, name: str, shape: tuple[int, ...], border: str) -> Array:
    return definition(
        "convolve", noise(dtype, shape), weights(dtype, name), border=border, cval=77,
        channel_axis=None if len(shape) == 2 else 2,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("dtype", "name", "method", "heights"), CASES, ids=[" ".join(case[:3]) for case in CASES]
)
def test_every_width_to_70_against_every_height_to_17(
    level: str, dtype: str, name: str, method: str, heights: Sequence[int]
) -> None:
    kernel = weights(dtype, name)
    plans = [
        fastconv.plan(kernel, pixel=dtype, border=border, cval=77, method=method)
        for border in BORDERS
    ]
    for height in heights:
        for width in WIDTHS:
            turn = (height + width) % len(BORDERS)
            got = plans[turn](noise(dtype, (height, width)))
            right = wanted(dtype, name, (height, width), BORDERS[turn])
            assert_integers_equal(got, right, f"{height} x {width}, {BORDERS[turn]}")


@pytest.mark.parametrize("channels", [2, 3, 4, 5])
@pytest.mark.parametrize(
    ("dtype", "name"),
    [("uint8", name) for name in WHOLE] + [("float32", "dense 3x3"), ("float32", "box 3x5")],
)
def test_every_width_to_70_of_interleaved_channels(
    level: str, dtype: str, name: str, channels: int
) -> None:
    kernel = weights(dtype, name)
    for height in (1, 4, 7):
        for width in WIDTHS:
            border = BORDERS[(height + width) % len(BORDERS)]
            shape = (height, width, channels)
            got = fastconv.convolve(
                noise(dtype, shape), kernel, border=border, cval=77, channel_axis=2
            )
            assert_integers_equal(got, wanted(dtype, name, shape, border), f"{shape}, {border}")


@pytest.mark.parametrize("channels", [2, 3, 4, 11, 16, 33])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", ">u2", "float32", "float64"])
def test_every_width_to_70_of_one_channel_among_others(
    level: str, dtype: str, channels: int
) -> None:
    """Samples a pixel apart are moved by vectors of bytes; what stands between them must stay."""
    kernel = weights(dtype, "dense 3x3")
    for width in WIDTHS:
        image = noise(dtype, (5, width, channels))
        out, before = np.full_like(image, 99), np.full_like(image, 99)
        fastconv.convolve(image[..., 1], kernel, out=out[..., -1])
        right = fastconv.convolve(np.ascontiguousarray(image[..., 1]), kernel)
        assert_integers_equal(out[..., -1].astype(right.dtype), right, f"{width}")
        assert_integers_equal(out[..., :-1], before[..., :-1], f"between, {width}")


@pytest.mark.parametrize("shape", ["valid", "full"])
@pytest.mark.parametrize("name", ["dense 3x3", "separable 3x5", "even 4x6"])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_every_width_to_70_of_valid_and_full(level: str, dtype: str, name: str, shape: str) -> None:
    kernel = weights(dtype, name)
    for height in (1, 5, 9):
        for width in WIDTHS:
            image = noise(dtype, (height, width))
            got = fastconv.convolve(image, kernel, shape=shape)  # type: ignore[arg-type]
            right = definition("convolve", image, kernel, shape=shape)
            assert_integers_equal(got, right, f"{height} x {width}")


@pytest.mark.parametrize(
    "width",
    [383, 384, 385, 575, 576, 577, 767, 769, 1151, 1153, 1279, 1281, 2047, 2457, 2458, 3686, 3700, 5003],
)  # fmt: skip
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
def test_widths_at_which_rows_are_cut_into_strips(level: str, dtype: str, width: int) -> None:
    for name in ("dense 3x3", "separable 3x5", "box 3x5", "even 4x6"):
        got = fastconv.convolve(noise(dtype, (6, width)), weights(dtype, name), border="wrap")
        assert_integers_equal(got, wanted(dtype, name, (6, width), "wrap"), name)


@pytest.mark.parametrize("size", [(31, 31), (3, 129), (129, 3), (64, 17)], ids=str)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
def test_large_kernels_cut_rows_into_narrow_strips(
    level: str, dtype: str, size: tuple[int, int]
) -> None:
    rng = np.random.default_rng(size)
    dense = rng.integers(-4, 5, size).astype(np.float64)
    for kernel in (dense, np.ones(size), np.outer(dense[:, 0], dense[0])):
        if not dtype.startswith("float"):
            kernel = kernel / 331
        for shape in ((37, 1301), (140, 90), (5, 700, 3)):
            image = noise(dtype, shape)
            axis = None if len(shape) == 2 else 2
            check("convolve", image, kernel, f"{shape}", channel_axis=axis)


@pytest.mark.parametrize("size", [(3, 3), (15, 15), (16, 9), (31, 31), (1, 65), (100, 3)], ids=str)
@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "float64"])
def test_fft_of_pictures_of_many_sizes(level: str, dtype: str, size: tuple[int, int]) -> None:
    kernel = np.random.default_rng(size).integers(-9, 10, size) / 7
    for height in (1, 17, 50, 130):
        for width in (1, 15, 32, 49, 97, 300):
            border = BORDERS[(height + width) % len(BORDERS)]
            image = noise(dtype, (height, width))
            got = fastconv.convolve(image, kernel, border=border, cval=77, method="fft")
            assert_defined(
                got, "convolve", image, kernel, f"{height} x {width}", border=border, cval=77,
                method="fft",
            )  # fmt: skip


@pytest.mark.parametrize("height", [10, 11, 12, 13, 16, 17, 31, 32])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16"])
def test_tall_symmetric_columns_of_many_heights(level: str, dtype: str, height: int) -> None:
    """Folded from both ends; see src/methods/symmetric.pxi."""
    half = np.random.default_rng(height).uniform(0.5, 1.0, height)
    column = half + half[::-1]
    kernel = np.outer(column / column.sum(), [0.25, 0.5, 0.25])
    for width in (1, 15, 33, 70):
        image = noise(dtype, (height + 9, width))
        assert fastconv.plan(kernel, pixel=image.dtype, method="separable").method == "separable"
        got = fastconv.convolve(image, kernel, method="separable")
        assert_defined(got, "convolve", image, kernel, f"{height}, {width}", method="separable")


@pytest.mark.parametrize("accumulator", ["float32", "float64"])
@pytest.mark.parametrize("n", [n for n in planner.TILES if n <= 512])
def test_fft_tiles_of_every_size_alone_and_in_pairs(
    level: str, n: int, accumulator: Accumulator
) -> None:
    kernel = (2 * np.random.default_rng(n).integers(-5, 5, (n // 4, n // 4 + 1)) + 1) / n
    window = planner.Kernel(np.ascontiguousarray(kernel[::-1, ::-1]))
    byte, constant = PIXELS["uint8"], (0.0, 0.0)
    across = n - kernel.shape[1] + 1
    # one tile, one that hardly reaches over the border, two, and two and one
    for columns in (across // 2, across - 1, across + 9, 2 * across + 3):
        image = noise("uint8", (n // 3, columns))
        height, width = image.shape
        strategy = planner.proposed(
            window, byte.code, byte.code, 0, 255, True, height, width, 1, "fft", level, accumulator,
            tile=n,
        )  # fmt: skip
        if isinstance(strategy, str):
            assert "sums may be off by" in strategy and accumulator == "float32"
            continue
        assert strategy.tile == n
        got = np.empty_like(image)
        rows, cols = (
            (length, -((size - 1) // 2), length)
            for length, size in zip(image.shape, kernel.shape, strict=True)
        )
        execute(
            strategy, image[..., np.newaxis], got[..., np.newaxis], window, byte, byte, rows, cols,
            "reflect", constant, None,
        )  # fmt: skip
        assert_integers_equal(got, fastconv.convolve(image, kernel, method="direct"), f"{width}")


@pytest.mark.parametrize(
    ("dtype", "shape", "name"),
    [
        ("uint8", (2000, 6500), "dense 3x3"),
        ("uint8", (1100, 4000, 3), "sparse 3x3"),
        ("uint16", (1100, 5800), "dense 3x3"),
        ("float32", (1100, 2900), "dense 5x5"),
        ("float32", (1100, 2901), "box 3x5"),
        ("float64", (550, 2900), "dense 3x3"),
    ],
)
def test_results_past_the_caches_are_those_of_small_pictures(
    level: str, dtype: str, shape: tuple[int, ...], name: str
) -> None:
    """Pictures of more than 24 MiB are written with other instructions; the parts of them are not."""
    image, kernel = np.resize(noise(dtype, (37, 1301)), shape), weights(dtype, name)
    axis = None if len(shape) == 2 else 2
    got = fastconv.convolve(image, kernel, channel_axis=axis, threads=2)
    assert 2 * image.nbytes > 24 << 20
    for top in (0, 500 - 7, shape[0] - 40):
        rows = slice(max(top - 4, 0), top + 44)
        part = fastconv.convolve(image[rows], kernel, channel_axis=axis)
        inner = slice(4 if top else 0, None if top + 40 == shape[0] else 36)
        assert_integers_equal(got[rows][inner], part[inner], f"rows from {top}")


@pytest.mark.parametrize("threads", [2, 3])
@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.usefixtures("eager_threads")
def test_heights_at_which_bands_begin_and_end(level: str, name: str, threads: int) -> None:
    for dtype in ("uint8", "float32"):
        for height in [*range(1, 14), 16, 17, 33, 61]:
            got = fastconv.convolve(
                noise(dtype, (height, 33)), weights(dtype, name), border="mirror", threads=threads
            )
            right = wanted(dtype, name, (height, 33), "mirror")
            assert_integers_equal(got, right, f"height {height}")


@pytest.mark.parametrize(
    ("dtype", "channels"), [("float64", 65), ("float64", 222), ("float32", 300)]
)
def test_large_results_of_many_channels_are_written_past_the_caches(
    dtype: str, channels: int, level: str
) -> None:
    """A pixel of more than 512 bytes: no piece of a row is narrower than one."""
    image = np.random.default_rng(channels).random((57, 204, channels)).astype(dtype)
    weights = np.random.default_rng(1).random((3, 3))
    made = fastconv.convolve(image, weights, channel_axis=-1, border="nearest", threads=1)
    for channel in (0, channels // 2, channels - 1):
        plane = np.ascontiguousarray(image[..., channel])
        assert (made[..., channel] == fastconv.convolve(plane, weights, border="nearest")).all()
