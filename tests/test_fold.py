# SPDX-License-Identifier: BSD-3-Clause
"""Kernels larger than the picture: the definition's results, at the cost of one of the picture's size."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np
import pytest

import fastconv
from fastconv._engine import calls

from .judge import BORDERS, check, small_picture

WINDOWS = ((33, 33), (64, 17), (1, 1100), (1100, 1), (40, 41), (205, 5))
PICTURES = ((1, 1), (1, 7), (2, 3), (9, 4), (20, 20), (3, 40), (33, 1))
KINDS = ("dense", "signed", "whole", "rational", "box", "bell")


def kernel(kind: str, height: int, width: int) -> Any:
    rng = np.random.default_rng(height + width)
    if kind == "dense":
        made = rng.random((height, width))
        return made / made.sum()
    if kind == "signed":
        return rng.standard_normal((height, width)) / 30
    if kind == "whole":
        return rng.integers(-3, 9, (height, width)).astype(float)
    if kind == "rational":
        return rng.integers(0, 9, (height, width)) / 97
    if kind == "box":
        return np.full((height, width), 1 / (height * width))
    bell = np.outer(np.hanning(height + 2)[1:-1], np.hanning(width + 2)[1:-1])
    return bell / bell.sum()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("border", BORDERS)
def test_kernels_larger_than_the_picture_give_the_definitions_results(
    border: str, kind: str, level: str
) -> None:
    rng = np.random.default_rng([len(border), KINDS.index(kind)])
    for number, (height, width) in enumerate(WINDOWS):
        weights = kernel(kind, height, width)
        for shape in PICTURES[number % 4 :: 4]:
            dtype = ("uint8", "float32", "int16", "float64", "uint16", "int64")[rng.integers(6)]
            origin = tuple(int(rng.integers(-(n // 2), (n + 1) // 2)) for n in weights.shape)
            image = small_picture(shape, dtype)
            check("convolve", image, weights, border=border, cval=7, origin=origin)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "uint64"])
@pytest.mark.parametrize("border", BORDERS)
def test_ties_that_roundings_decide_are_decided_by_the_kernel_that_was_given(
    border: str, dtype: str, level: str
) -> None:
    """The picture is flat, and half of its value is a tie but for the roundings of the definition."""
    for shape in ((3, 5), (20, 9), (1, 30)):
        image = np.full((*shape, 2), 101, dtype)
        for number, (height, width) in enumerate(WINDOWS):
            weights = np.random.default_rng(number).random((height, width))
            for total in (0.5, 0.5 - 2.0**-52, 0.5 + 2.0**-51):
                check(
                    "convolve", image, weights / weights.sum() * total, border=border, cval=101,
                    channel_axis=-1, origin=(0, 1 if width > 2 else 0),
                )  # fmt: skip


@pytest.mark.parametrize("border", BORDERS)
def test_nan_and_infinity_reach_windows_whose_weights_cancel(border: str) -> None:
    """Two taps that see the same pixel add up to nothing, and still infinity less infinity is NaN."""
    weights = np.zeros((1, 2001))
    weights[0, ::2], weights[0, 1::2] = 1, -1
    weights[0, 1000] = 0.5
    for value in (np.nan, np.inf, -np.inf):
        image = np.ones((3, 7))
        image[1, 2] = value
        found = fastconv.convolve(image, weights, border=border)
        with np.errstate(invalid="ignore"):
            wanted = fastconv.reference.convolve(image, weights, border=border)
        np.testing.assert_array_equal(np.isnan(found), np.isnan(wanted))
        np.testing.assert_array_equal(found[~np.isnan(wanted)], wanted[~np.isnan(wanted)])


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float32", "complex64"])
def test_folded_results_in_place_and_of_views_have_the_same_bits(dtype: str) -> None:
    image = small_picture((31, 40), dtype)
    weights = kernel("dense", 101, 129)
    wanted = fastconv.convolve(image, weights).tobytes()
    assert fastconv.convolve(image[::-1, ::-1].copy()[::-1, ::-1], weights).tobytes() == wanted
    assert (
        fastconv.convolve(image.astype(image.dtype.newbyteorder()), weights).astype(dtype).tobytes()
        == wanted
    )
    assert fastconv.convolve(image, weights, out=image).tobytes() == wanted


@pytest.mark.parametrize("dtype", ["float32", "uint16"])
def test_a_dense_kernel_costs_no_more_than_one_of_the_pictures_size(dtype: str) -> None:
    image = small_picture((200, 200), dtype)

    def seconds(side: int) -> float:
        weights, times = kernel("dense", side, side), []
        for _ in range(20):
            start = perf_counter()
            fastconv.convolve(image, weights, threads=1)
            times.append(perf_counter() - start)
        return min(times)

    assert seconds(1201) < 6 * seconds(399)


@pytest.mark.parametrize("border", BORDERS)
def test_samples_that_are_not_whole_are_rounded_from_the_sum_of_the_kernel_that_was_given(
    border: str,
) -> None:
    """Roundings of the definition decide ties here: a mean of halves is not a half."""
    for side, shape in ((41, (12, 12)), (101, (7, 9)), (64, (5, 3))):
        for kind in ("box", "rational", "dense", "bell"):
            weights = kernel(kind, side, side)
            for dtype in ("float32", "float64"):
                halves = (small_picture(shape, "uint8") + 0.5).astype(dtype)
                for image in (np.full(shape, 0.5, dtype), halves):
                    check("convolve", image, weights, border=border, cval=0.5, dtype="int32")
            check("convolve", np.ones(shape, np.uint8), weights, border=border, cval=0.5)


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("window", [(3, 600), (2, 1100), (700, 3), (30, 41)])
def test_doubtful_sums_see_the_border_turn_many_times(
    border: str, window: tuple[int, int], level: str
) -> None:
    """Half a pixel and next to nothing: every odd pixel is at a tie, which the definition decides."""
    rng = np.random.default_rng(window)
    weights = 1e-12 * rng.standard_normal(window)
    weights[window[0] // 2, window[1] // 2] = 0.5
    for shape, dtype in (
        ((4, 7), "uint8"),
        ((1, 5), "int16"),
        ((6, 600), "uint16"),
        ((5, 1), "uint16"),
    ):
        image = small_picture(shape, dtype)
        check("correlate", image, weights, border=border, cval=7)
        check("correlate", image[:, ::-1], weights, border=border, cval=7)


@pytest.mark.parametrize(
    ("flipped", "dtype"), [(True, "float32"), (False, "float32"), (True, "uint16")]
)
def test_kernels_of_many_megabytes_are_kept_between_calls(flipped: bool, dtype: str) -> None:
    """They are not copied: the limit holds the weights once, and what was made of them."""
    call = fastconv.convolve if flipped else fastconv.correlate
    image, weights = small_picture((60, 60), dtype), kernel("dense", 2047, 2047)
    fastconv.clear_cache()
    call(image, weights)
    assert weights.nbytes < calls.cache_size() < 2 * weights.nbytes
    weights[3, 5] = 1  # the owner changes an array that the cache refers to nowhere
    changed = call(image, weights)
    fastconv.clear_cache()
    assert (call(image, weights) == changed).all()


def test_explain_says_that_a_kernel_is_folded() -> None:
    image = small_picture((50, 60), "float64")
    told = fastconv.explain(image, kernel("dense", 301, 301), border="wrap")
    assert "folded   onto 50 x 60 taps" in told
    assert "folded" not in fastconv.explain(image, kernel("dense", 31, 31), border="wrap")
