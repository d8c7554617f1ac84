# SPDX-License-Identifier: BSD-3-Clause
"""Thin and one-dimensional arrays: the same bits as SciPy's, at a cost that is that of their samples."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np
import pytest
import scipy.ndimage
import scipy.signal

import fastconv

from .judge import check, picture, small_picture

DTYPES = ("uint8", "int16", "int32", "int64", "float32", "float64")
SHAPES = ((4999,), (9001, 1), (300, 7), (7, 300), (2, 900, 3), (90, 5, 4), (1, 1, 70), (40, 31, 2))
MODES = ("reflect", "constant", "nearest", "mirror", "wrap")


def noise(shape: tuple[int, ...], dtype: str) -> Any:
    return (np.random.default_rng(sum(shape)).standard_normal(shape) * 100).astype(dtype)


def same(name: str, *args: Any, **kwargs: Any) -> None:
    ours = getattr(fastconv.ndimage, name)(*args, **kwargs)
    theirs = getattr(scipy.ndimage, name)(*args, **kwargs)
    assert ours.dtype == theirs.dtype
    assert ours.tobytes() == theirs.tobytes(), (name, args[1:], kwargs)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_filters_of_thin_arrays_are_scipys(shape: tuple[int, ...], dtype: str, level: str) -> None:
    image = noise(shape, dtype)
    weights = np.array([0.5, -1, 2, 7, 0.25])
    for number, mode in enumerate(MODES):
        for axis in range(image.ndim):
            same("correlate1d", image, weights, axis, mode=mode, cval=3.5)
            same("convolve1d", image, weights[:2], axis, mode=mode)
            same("sobel", image, axis, mode=mode, cval=2)
        same("laplace", image, mode=mode, cval=-1)
        same("gaussian_filter", image, 0.5 + number, mode=mode)
        same("gaussian_laplace", image, 0.5 + number, mode=mode)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_means_of_thin_arrays_are_scipys(shape: tuple[int, ...], dtype: str, level: str) -> None:
    image = noise(shape, dtype)
    for size in (1, 2, 5, 16, 33):
        for mode in MODES:
            same("uniform_filter", image, size, mode=mode, cval=2.5)
            for axis in range(image.ndim):
                same("uniform_filter1d", image, size, axis, mode=mode)


@pytest.mark.parametrize("dtype", ["uint8", "int32", "float32", "float64"])
@pytest.mark.parametrize("size", [3, 64, 4095, 4097, 9000, 30_011])
def test_means_of_long_rows_are_scipys(size: int, dtype: str, level: str) -> None:
    for shape, axis in (((20_000,), 0), ((2, 9001), 1), ((9001, 3), 0), ((1, 5000, 2), 1)):
        image = noise(shape, dtype)
        for mode, origin in (("reflect", 0), ("constant", 1), ("wrap", -1)):
            same("uniform_filter1d", image, size, axis, mode=mode, cval=1.5, origin=origin)


def least(call: Callable[[], Any]) -> float:
    times = []
    for _ in range(9):
        start = perf_counter()
        call()
        times.append(perf_counter() - start)
    return min(times)


def test_rows_shorter_than_a_vector_cost_what_their_samples_do() -> None:
    # sums beyond their ends read pointers as numbers, denormal ones: these were 90, 100 and 25 times as slow
    weights = np.random.default_rng(0).standard_normal((6, 6))
    thin, square = noise((1294, 6), "float64"), noise((88, 88), "float64")
    calls: tuple[Callable[[Any], Any], ...] = (
        lambda a: fastconv.signal.correlate2d(a, weights, "same"),
        lambda a: fastconv.cv2.filter2D(a, -1, weights[:, :1]),
    )
    for call in calls:
        assert least(partial(call, thin)) < 20 * least(partial(call, square))


def test_means_of_one_long_row_clear_no_more_memory_than_they_use() -> None:
    # a vector of rows was made, cleared and turned over for one: 35 ns a sample
    row, square = noise((250_000,), "float32"), noise((500, 500), "float32")
    mean = fastconv.ndimage.uniform_filter1d
    assert least(lambda: mean(row, 9)) < 8 * least(lambda: mean(square, 9))


TALL = ((97, 1), (64, 2), (33, 8), (61, 1, 3), (8, 1, 5), (5, 1))
TALL_KERNELS = ((9, 1), (1, 7), (3, 3), (4, 2), (11, 13), (1, 1))


@pytest.mark.parametrize(
    "dtype", ["uint8", "int8", "uint16", "int16", "int32", "uint64", "float16", "float32"]
)
@pytest.mark.parametrize("shape", TALL)
def test_results_of_tall_pictures_are_the_definitions(
    shape: tuple[int, ...], dtype: str, level: str
) -> None:
    make = small_picture if dtype == "uint64" else picture
    image = make(shape, dtype, seed=len(dtype))
    axis = -1 if len(shape) == 3 else None
    for number, size in enumerate(TALL_KERNELS):
        rng = np.random.default_rng(number)
        lines = rng.random(size[0]), rng.random(size[1])
        for kernel in (
            rng.standard_normal(size) / size[0], np.round(rng.standard_normal(size) * 3),
            np.full(size, 1 / (size[0] * size[1])), np.outer(*lines) / np.outer(*lines).sum(),
        ):  # fmt: skip
            border = MODES[number % len(MODES)]
            check("convolve", image, kernel, border=border, cval=3, channel_axis=axis)
            check("correlate", image, kernel, border=border, shape="full", channel_axis=axis)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32", "int64", "float32"])
def test_results_of_tall_planes_are_the_definitions(dtype: str, level: str) -> None:
    for shape in ((3, 41, 2), (2, 16, 4), (5, 33, 8), (2, 37, 9), (2, 3, 90, 1)):
        image = small_picture(shape, dtype)
        for number, size in enumerate(TALL_KERNELS):
            kernel = np.random.default_rng(number).random(size)
            border = MODES[number % len(MODES)]
            check(
                "convolve", image, kernel / kernel.sum(), border=border, cval=3,
                channel_axis=0 if len(shape) == 3 else 1,
            )  # fmt: skip


def test_tall_planes_and_pictures_of_32_bits_cost_what_their_samples_do() -> None:
    # each row was one of three pixels, and sums of 32 bits under 29 x 29 taps were too near to ties
    planes = noise((2, 4686, 3), "uint8")
    kernel = np.random.default_rng(2).random((6, 22))
    across = least(
        partial(
            fastconv.convolve, planes.swapaxes(1, 2).copy(), kernel.T, channel_axis=0, threads=1
        )
    )
    down = least(partial(fastconv.convolve, planes, kernel, channel_axis=0, threads=1))
    assert down < 3 * across
    line = np.exp(-0.5 * ((np.arange(29) - 14) / 4.6) ** 2)
    column = np.random.default_rng(1).integers(-(2**31), 2**31, (293, 1), np.int32)
    words = fastconv.explain(column, np.outer(line, line) / line.sum() ** 2)
    assert "rows and columns exchanged" in words


def test_short_rows_under_one_tap_cost_what_a_long_row_does() -> None:
    # a row costs some 50 ns beside its sums
    image, weight = noise((11_165, 12), "uint16"), np.full((1, 1), 3.0)
    row = least(partial(fastconv.convolve, image.reshape(1, -1), weight, threads=1))
    assert least(partial(fastconv.convolve, image, weight, threads=1)) < 2 * row


@pytest.mark.parametrize("dtype", ["uint8", "bool", "int16", "int32", "int64", "float64", ">f4"])
def test_one_tap_multiplies_every_sample(dtype: str, level: str) -> None:
    image = small_picture((4, 37, 11, 3), np.dtype(dtype))
    for weight in (3.0, -0.5, 2**0.5, 1 / 3):
        kernel = np.full((1, 1), weight)
        for a, axis in (
            (image[0], -1), (image, -1), (image[0], 0), (image[1, :, :, 0], None), (image[:, :, :7], -1),
            (image[1, ::-1], -1), (image[2].swapaxes(0, 1), -1), (image[..., 0].copy(), None),
        ):  # fmt: skip
            check("convolve", a, kernel, border="constant", cval=5, channel_axis=axis)
            check("correlate", a, kernel, shape="full", offset=0.5, channel_axis=axis)
        wanted = fastconv.convolve(image[0, ..., 0].copy(), kernel)
        assert wanted.tobytes() == fastconv.convolve(image[0, ..., 0], kernel).tobytes()


def test_ties_of_tall_pictures_are_the_definitions(level: str) -> None:
    # sums in the order of the columns differ from the definition's where these lie next to a tie
    rng = np.random.default_rng(5)
    image = rng.integers(0, 256, (4000, 1), np.uint8)
    for shape in ((5, 3), (2, 7), (9, 9)):
        kernel = rng.integers(1, 9, shape) / 10.0
        kernel[0, 0] += 1 / 3
        check("convolve", image, kernel)
        check("convolve", np.repeat(image[:500], 3, 1), kernel, offset=0.5)
    long = rng.integers(-(2**28), 2**28, (700, 1), np.int32)
    for shape in ((29, 29), (3, 700), (2100, 2), (2049, 1)):
        kernel = rng.random(shape)
        for border in ("reflect", "constant"):
            check("convolve", long, kernel / kernel.sum(), border=border, cval=1)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "float64"])
@pytest.mark.parametrize("weights", [np.ones((9, 9)) / 81, np.arange(1.0, 16).reshape(3, 5) / 120])
def test_columns_cost_what_rows_do(weights: Any, dtype: str) -> None:
    # each row of one pixel was a row: 75 ns a sample, where a row of so many pixels takes 0.2
    column = noise((60_000, 1), dtype)
    across = least(partial(fastconv.convolve, column.T, weights, threads=1))
    assert least(partial(fastconv.convolve, column, weights, threads=1)) < 6 * across


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint32", "int64", ">u2"])
def test_integers_under_a_kernel_of_one_are_as_they_were(dtype: str, level: str) -> None:
    image = noise((61, 43, 3), np.dtype(dtype).name).astype(dtype)
    for view in (
        image,
        image[::-1, ::-1],
        image[..., ::-1],
        image.transpose(1, 0, 2),
        image[3:40, 2::2],
    ):
        for weight in (np.ones((1, 1)), np.full((1, 1), 2.0)):
            check("convolve", view, weight, channel_axis=-1)
            check("correlate", view[..., 0], weight, offset=2)
            check("correlate", view[..., 0], weight, shape="valid", border="nearest")


def test_a_kernel_of_one_leaves_integers_of_64_bits_as_they_are(level: str) -> None:
    image = np.array([[2**63 - 1, -(2**63), 2**53 + 1, 0]])
    assert (fastconv.convolve(image, [[1]]) == image).all()
    assert (fastconv.convolve(image.astype(np.uint64), [[1]]) == image.astype(np.uint64)).all()
    assert (fastconv.convolve(image // 2**40, [[1]], method="direct") == image // 2**40).all()
    # SciPy's sums are float64's
    same("correlate", image // 2, np.ones((1, 1)))
