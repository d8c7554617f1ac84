# SPDX-License-Identifier: BSD-3-Clause
"""No cliffs: what is nearly the same costs nearly the same. The factors leave room for a busy machine; what
they guard against was ten times slower and more.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np
import pytest

import fastconv

from .judge import picture

ROUNDS = 15


def least(call: Callable[[], Any]) -> float:
    """Seconds of the fastest of some calls, after one that is not counted."""
    call()
    times = []
    for _ in range(ROUNDS):
        start = perf_counter()
        call()
        times.append(perf_counter() - start)
    return min(times)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("channels", [1, 3])
def test_boxes_of_even_sizes_cost_what_odd_ones_do(dtype: str, channels: int) -> None:
    # ties of even divisors were summed again by the definition, each: 10 to 35 times as slow
    image = picture((256, 256, channels), dtype)
    for even, odd in ((6, 7), (10, 11), (46, 47)):
        costs = [
            least(
                partial(
                    fastconv.convolve, image, np.full((n, n), 1 / n**2), channel_axis=-1, threads=1
                )
            )
            for n in (even, odd)
        ]
        assert costs[0] < 4 * costs[1]


def test_boxes_cost_the_same_at_any_width() -> None:
    image = picture((512, 512), "uint8")
    costs = [
        least(partial(fastconv.convolve, image, np.full((n, n), 1 / n**2), threads=1))
        for n in (15, 255)
    ]
    assert costs[1] < 4 * costs[0]


@pytest.mark.parametrize("view", ["crop", "transposed", "reversed", "swapped"])
def test_views_cost_what_their_copies_do(view: str) -> None:
    # what was looked up served contiguous arrays only: 40 to 75 us instead of 1.3
    large = picture((300, 300), "uint16")
    image = {
        "crop": large[100:128, 50:78],
        "transposed": np.ascontiguousarray(large[:28, :28]).T,
        "reversed": large[:28, :28][::-1, ::-1],
        "swapped": large[:28, :28].astype(">u2"),
    }[view]
    copy, kernel = np.ascontiguousarray(image).astype(np.uint16), np.ones((3, 3)) / 9
    plan = fastconv.plan(kernel)
    for call in (partial(fastconv.convolve, kernel=kernel), plan):
        assert least(partial(call, image)) < 5 * least(partial(call, copy)) + 5e-6


def test_rows_that_run_backwards_cost_what_their_copies_do(level: str) -> None:
    # sample by sample, 4.8 times the time with AVX-512
    image = picture((400, 700), "uint8")[:, ::-1]
    copy, kernel = np.ascontiguousarray(image), np.outer([1, 2, 1], [1, 2, 1]) / 16
    costs = [least(partial(fastconv.convolve, a, kernel, threads=1)) for a in (image, copy)]
    assert costs[0] < 2.5 * costs[1]


@pytest.mark.parametrize("size", [11, 31])
def test_black_regions_do_not_make_a_call_ten_times_slower(size: int) -> None:
    # results of float FFTs next to black are proven another way
    bright = picture((512, 512), "uint8").astype(np.float32)
    night = bright.copy()
    night[100:400, 50:300] = 0
    kernel = np.random.default_rng(size).random((size, size))
    kernel /= kernel.sum()
    costs = [least(partial(fastconv.convolve, a, kernel, threads=1)) for a in (night, bright)]
    assert costs[0] < 10 * costs[1]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_weights_of_both_signs_cost_little_more_than_those_of_one(dtype: str) -> None:
    # every tile was transformed twice more, alone, to prove its results: 2.9 and 3.3 times the time
    image = picture((256, 256), "uint8").astype(dtype)
    weights = np.random.default_rng(0).random((31, 31))
    costs = [
        least(partial(fastconv.convolve, image, each, threads=1))
        for each in (weights - weights.mean(), weights)
    ]
    assert costs[0] < 2.4 * costs[1]
