# SPDX-License-Identifier: BSD-3-Clause
"""fastconv.signal is scipy.signal: the same bits, types and exceptions for 2-D convolution."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
import scipy.signal as theirs
from hypothesis import given, settings
from hypothesis import strategies as st

from fastconv import _levels, signal
from fastconv.compat import originals

from .judge import Array, at_level
from .test_ndimage import LEVELS, SEEDS, answer, identical

TYPES = st.sampled_from("u1 i1 u2 i2 u4 i4 u8 i8 f4 f8 f4 f8 c8 bool f2 >i4".split())
FILLS = st.sampled_from([0, 3, -2.5, 300, 1e20, float("nan"), 1j, np.array([2]), np.int64(5)])


def check(name: str, *args: Any, **kwargs: Any) -> Any:
    wanted = answer(getattr(theirs, name), *args, **kwargs)
    for _ in range(2):
        got = answer(getattr(signal, name), *args, **kwargs)
        assert identical(got, wanted), f"{name} at {_levels.level}: {got!r} is not {wanted!r}"
    return wanted


@st.composite
def arrays(draw: st.DrawFn, largest: int) -> Array:
    rng = np.random.default_rng(draw(SEEDS))
    dtype = np.dtype(draw(TYPES))
    shape = draw(st.tuples(st.integers(1, largest), st.integers(1, largest)))
    if largest > 9 and draw(st.integers(0, 5)) == 0:
        shape = shape[0] % 5 + 1, 700
    scale = 10.0 ** draw(st.integers(0, 14 if dtype.itemsize == 8 else 4))
    values = rng.standard_normal(shape) * scale
    with np.errstate(all="ignore"):
        made: Array = (
            values.astype(np.int64).astype(dtype) if dtype.kind in "iu" else values.astype(dtype)
        )
    if dtype.kind == "f" and draw(st.integers(0, 4)) == 0:
        made.flat[0] = draw(st.sampled_from([np.nan, np.inf, 0.0, -0.0]))
    return np.asfortranarray(made) if draw(st.booleans()) else made


@settings(max_examples=400)
@given(st.data(), LEVELS)
def test_both_are_scipys(data: st.DataObject, level: str) -> None:
    pair = [data.draw(arrays(25)), data.draw(arrays(9))]
    if data.draw(st.integers(0, 6)) == 0:
        pair.reverse()
    with at_level(level):
        check(
            data.draw(st.sampled_from(["convolve2d", "correlate2d"])),
            *pair,
            mode=data.draw(st.sampled_from(["full", "same", "valid"])),
            boundary=data.draw(st.sampled_from("fill pad wrap circular symm symmetric".split())),
            fillvalue=data.draw(FILLS),
        )


@pytest.mark.parametrize("name", signal.__all__)
def test_signatures_are_scipys(name: str) -> None:
    def words(function: Any) -> list[Any]:
        return [
            (p.name, p.kind, p.default) for p in inspect.signature(function).parameters.values()
        ]

    assert words(getattr(signal, name)) == words(getattr(theirs, name))


@pytest.mark.parametrize(
    ("in1", "in2", "options"),
    [
        (np.ones(3), np.ones((2, 2)), {}),
        (np.ones((2, 5)), np.ones((5, 2)), {"mode": "valid"}),
        (np.ones((3, 3)), np.ones((2, 2)), {"mode": "most"}),
        (np.ones((3, 3)), np.ones((2, 2)), {"boundary": "reflect"}),
        (np.ones((3, 3)), np.ones((2, 2)), {"fillvalue": [1, 2]}),
        (np.ones((3, 3), np.uint8), np.ones((2, 2), np.uint8), {"fillvalue": -1}),
        (np.ones((3, 3), bool), np.ones((2, 2), bool), {}),
    ],
)  # fmt: skip
def test_errors_are_scipys(in1: Array, in2: Array, options: dict[str, Any]) -> None:
    for name in signal.__all__:
        assert isinstance(check(name, in1, in2, **options), ValueError)


def test_sums_of_integers_wrap_after_they_were_exact(level: str) -> None:
    rng = np.random.default_rng(8)
    for dtype in "u1 i1 u2 i2 u4 i4 u8 i8".split():
        info = np.iinfo(dtype)
        image = rng.integers(info.min, info.max, (9, 40), dtype, endpoint=True)
        kernel = rng.integers(info.min, info.max, (3, 5), dtype, endpoint=True)
        check("convolve2d", image, kernel)
        check("correlate2d", image, kernel, mode="same", boundary="symm")
        check("convolve2d", image % 5, kernel % 3, boundary="wrap", fillvalue=0)


def test_what_is_handed_to_scipy_is_summed_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(originals, "find", lambda module, name: None)
    rng = np.random.default_rng(4)
    for dtype in ("i8", "c16"):
        image = (rng.standard_normal((8, 9)) * 1e15).astype(dtype)
        kernel = np.array([[100, -3, 7], [1, 0, 40]], dtype) * (1j if dtype == "c16" else 1)
        for name in signal.__all__:
            for mode, boundary in (("full", "fill"), ("same", "symm"), ("valid", "wrap")):
                wanted = getattr(theirs, name)(image, kernel, mode, boundary)
                got = getattr(signal, name)(image, kernel, mode, boundary)
                assert got.dtype == wanted.dtype
                if dtype == "i8":
                    assert np.array_equal(got, wanted)
                else:
                    assert np.allclose(got, wanted, rtol=1e-12)
