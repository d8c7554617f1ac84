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
