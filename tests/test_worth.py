# SPDX-License-Identifier: BSD-3-Clause
"""A small call of a new kind is handed back to the original, which is done before we have found out how."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import scipy.ndimage

import fastconv
from fastconv._engine.stand_in import Count, StandIn, forget_kinds
from fastconv.compat import hand_back, installation
from fastconv.compat.stand_ins import REFUSALS, counts

PRICES = {"scipy.ndimage": (100_000.0, 10_000.0, 10.0), "scipy.signal": (100_000.0, 10_000.0, 10.0)}
LARGE = (100, 91)  # 10,000 + 10 * 9,100 ns and more
SMALL = (10, 100)  # 20,000 ns: done here after five


@pytest.fixture(autouse=True)
def prices(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(hand_back, "PRICES", PRICES)
    forget_kinds()
    yield
    while installation._state.asked:
        fastconv.uninstall()


def calls(name: str, call: Any) -> str:
    """Who does a call: "here" or "back"."""
    count = counts[f"scipy.ndimage.{name}"]
    before = count.served, count.handed_back
    call()
    return {(1, 0): "here", (0, 1): "back"}[count.served - before[0], count.handed_back - before[1]]


def noise(shape: tuple[int, ...], dtype: str = "float32") -> Any:
    return (np.random.default_rng(0).random(shape) * 100).astype(dtype)


def test_a_small_call_of_a_new_kind_goes_back_until_it_would_have_paid_to_find_out() -> None:
    image = noise(SMALL)
    with fastconv.installed():
        who = [calls("sobel", lambda: scipy.ndimage.sobel(image)) for _ in range(7)]
    assert who == ["back"] * 5 + ["here"] * 2


def test_a_large_call_is_done_here_at_once() -> None:
    image = noise(LARGE)
    with fastconv.installed():
        assert calls("sobel", lambda: scipy.ndimage.sobel(image)) == "here"


def test_all_calls_are_done_here_if_that_is_asked_for() -> None:
    image = noise((3, 3))
    with fastconv.installed():
        with fastconv.installed(always=True):
            assert calls("sobel", lambda: scipy.ndimage.sobel(image)) == "here"
        assert calls("sobel", lambda: scipy.ndimage.sobel(image)) == "back"


@pytest.mark.parametrize(
    "other",
    [
        lambda f, w: f(noise((11, 100)), w, mode="wrap"),
        lambda f, w: f(noise(SMALL, "int16"), w, mode="wrap"),
        lambda f, w: f(noise(SMALL), w + 1, mode="wrap"),
        lambda f, w: f(noise(SMALL), w[:2], mode="wrap"),
        lambda f, w: f(noise(SMALL), w, mode="mirror"),
        lambda f, w: f(noise(SMALL), w),
    ],
    ids=["shape", "type", "weights", "size", "option", "default"],
)
def test_kinds_differ_by_shape_type_kernel_and_options(other: Any) -> None:
    weights = np.array([1.0, 2.0, 4.0])
    with fastconv.installed():
        f = scipy.ndimage.correlate1d
        for _ in range(5):
            assert calls("correlate1d", lambda: f(noise(SMALL), weights, mode="wrap")) == "back"
        assert calls("correlate1d", lambda: other(f, weights)) == "back"
        assert calls("correlate1d", lambda: f(noise(SMALL), weights, mode="wrap")) == "here"


def test_an_array_to_be_filled_and_lists_make_no_kind_of_their_own() -> None:
    out = np.empty(SMALL, np.float32)
    with fastconv.installed():
        for number in range(6):
            out[:] = number
            who = calls(
                "gaussian_filter",
                lambda: scipy.ndimage.gaussian_filter(noise(SMALL), [1, 2], output=out),
            )
    assert who == "here"


def test_what_is_handed_back_is_the_originals_all_the_way_down() -> None:
    inner = [f"scipy.ndimage.{name}" for name in ("gaussian_filter1d", "correlate1d")]
    image, wanted = noise(SMALL), scipy.ndimage.gaussian_filter(noise(SMALL), 1.5)
    with fastconv.installed():
        before = [counts[name].served for name in inner]
        got = scipy.ndimage.gaussian_filter(image, 1.5)
        assert [counts[name].served for name in inner] == before
    assert got.tobytes() == wanted.tobytes()


# --- what was seen of a kind ---------------------------------------------------------------------


def of_two(
    ours: Callable[..., Any], original: Callable[..., Any], *, floats_differ: bool = False
) -> tuple[Callable[..., str], StandIn]:
    """A stand-in that asks the original three times first, and who does a call of it."""
    prices = 30_000.0, 10_000.0, 0.0
    made = StandIn(ours, original, Count(), REFUSALS, id, prices, None, floats_differ)

    def who(*arguments: Any) -> str:
        before = made.count.served, made.count.handed_back
        made(*arguments)
        return {(1, 0): "here", (0, 1): "back"}[
            made.count.served - before[0], made.count.handed_back - before[1]
        ]

    return who, made


def quick(image: Any, word: Any = None) -> Any:
    return image


def slow(image: Any, word: Any = None) -> Any:
    time.sleep(1e-3)
    return image


def test_a_kind_that_takes_longer_here_goes_back_to_the_original() -> None:
    who, made = of_two(slow, quick)
    image = np.zeros(5)
    assert [who(image) for _ in range(9)] == ["back"] * 3 + ["here"] * 4 + ["back"] * 2
    assert made.count.served_time >= 4e-3
    assert [who(image, 7) for _ in range(4)] == ["back"] * 3 + ["here"]  # another kind


def test_a_kind_that_takes_longer_there_stays_here() -> None:
    who, _ = of_two(quick, slow)
    image = np.zeros(5)
    assert [who(image) for _ in range(20)] == ["back"] * 3 + ["here"] * 17


def test_a_kind_is_timed_again_if_times_were_near() -> None:
    seconds = {"ours": 1e-3}

    def ours(image: Any) -> Any:
        time.sleep(seconds["ours"])
        return image

    def original(image: Any) -> Any:
        time.sleep(7e-4)
        return image

    who, _ = of_two(ours, original)
    image = np.zeros(5)
    assert [who(image) for _ in range(12)] == ["back"] * 3 + ["here"] * 4 + ["back"] * 5
    seconds["ours"] = 1e-4
    assert "here" in [who(image) for _ in range(40)]
    assert [who(image) for _ in range(9)] == ["here"] * 9


def test_what_was_measured_chooses_no_floats_that_differ() -> None:
    who, _ = of_two(slow, quick, floats_differ=True)
    assert [who(np.zeros(5)) for _ in range(20)] == ["back"] * 3 + ["here"] * 17
    assert [who(np.zeros(5, "u1")) for _ in range(9)] == ["back"] * 3 + ["here"] * 4 + ["back"] * 2


def test_a_kind_that_was_refused_twice_is_not_tried_again() -> None:
    tried = []

    def refuses(image: Any, word: Any = None) -> Any:
        tried.append(word)
        if word == 1:
            raise ValueError
        return NotImplemented

    who, _ = of_two(refuses, quick)
    for word in (1, 2):
        assert [who(np.zeros(5), word) for _ in range(9)] == ["back"] * 9
    assert tried == [1, 1, 2, 2]


def test_kinds_differ_by_weights_of_large_kernels() -> None:
    who, _ = of_two(quick, slow)
    image, kernel, other = np.zeros(5), np.zeros((31, 31)), np.ones((31, 31))
    assert [who(image, kernel) for _ in range(4)] == ["back"] * 3 + ["here"]
    assert who(image, other) == "back"


def test_errors_that_are_no_refusals_come_out() -> None:
    def interrupted(image: Any, word: Any = None) -> Any:
        raise KeyboardInterrupt

    _, made = of_two(interrupted, quick)
    for _ in range(3):
        made(np.zeros(5))
    with pytest.raises(KeyboardInterrupt):
        made(np.zeros(5))
    assert made(np.zeros(6)) is not None  # and nothing is in the way of the next call


def test_kinds_are_forgotten_when_there_are_too_many() -> None:
    image = noise(SMALL)
    with fastconv.installed():
        who = [calls("sobel", lambda: scipy.ndimage.sobel(image)) for _ in range(6)]
        assert who[-1] == "here"
        line = np.zeros(3)
        for number in range(40_000):
            scipy.ndimage.sobel(line, 0, None, "constant", float(number))
        assert calls("sobel", lambda: scipy.ndimage.sobel(image)) == "back"
