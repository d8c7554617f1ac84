# SPDX-License-Identifier: BSD-3-Clause
"""scale, offset and absolute: |sum * scale + offset| is rounded once, wherever it is asked for."""

from __future__ import annotations

import pickle
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import fastconv

from .judge import INTEGERS, REALS, Array, assert_integers_equal, check, picture
from .test_exact import FAMILIES, METHODS, case, judge, pick

CASES = 120


def last_steps(rng: np.random.Generator) -> dict[str, Any]:
    """Some, seldom none."""
    steps: dict[str, Any] = {}
    if rng.random() < 0.5:
        steps["scale"] = pick(rng, 2, 0.5, 1 / 3, -1, 0, 1 / 255, float(rng.normal()))
    if rng.random() < 0.7:
        steps["offset"] = pick(
            rng, 128, -7, 0.5, 1 / 3, 0.1, -1e6, 2.0**33, 1e-9, float(rng.normal() * 99)
        )
    if rng.random() < 0.6:
        steps["absolute"] = True
    return steps


def run(family: str, dtypes: tuple[str, ...], targets: tuple[str, ...]) -> Counter[str]:
    done: Counter[str] = Counter()
    for seed in range(CASES):
        made = case(family, seed, dtypes, targets)
        made.options.update(last_steps(np.random.default_rng(seed)))
        done[judge(made, f"case({family!r}, {seed}, {dtypes}, {targets}): {made}")] += 1
    return done


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.usefixtures("eager_threads")
def test_last_steps_come_before_the_only_rounding(level: str, family: str) -> None:
    small = ("uint8", "uint8", "int8", "uint16", "int16", "bool")
    done = run(family, small, INTEGERS)
    assert done["refused"] < CASES // 10
    assert run(family, ("float32",), INTEGERS[:6])["refused"] == 0


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.usefixtures("eager_threads")
def test_last_steps_of_large_integers_are_exact_or_refused(level: str, family: str) -> None:
    done = run(family, ("int32", "uint32", "int64", "uint64"), ())
    assert done["refused"] < CASES


def test_every_method_takes_last_steps() -> None:
    done: Counter[str] = Counter()
    for family in FAMILIES:
        done += run(family, ("uint8", "int32"), ())
    assert all(done[method] >= 5 for method in METHODS), done


@pytest.mark.parametrize("dtype", REALS)
@pytest.mark.parametrize("method", ["auto", "direct", "separable", "box", "fft"])
def test_floats_with_last_steps_are_within_the_bound(level: str, dtype: str, method: str) -> None:
    image = picture((40, 131), dtype)
    target = None if np.dtype(dtype).kind == "f" else np.float64
    steps: dict[str, Any]
    for steps in (
        {"offset": -3.25, "absolute": True},
        {"scale": 0.3, "offset": 1e3},
        {"absolute": True},
    ):
        check("convolve", image, np.full((5, 5), 0.04), method=method, dtype=target, **steps)


@pytest.mark.parametrize("border", ["constant", "reflect"])
def test_large_kernels_take_last_steps(border: str) -> None:
    rng = np.random.default_rng(5)
    kernel = rng.normal(size=(61, 61)) / 61
    for dtype in ("uint8", "float32", "float64"):
        image = picture((150, 200), dtype)
        check("convolve", image, kernel, border=border, offset=100.5, absolute=True, scale=0.7)


def test_the_edges_of_a_byte_are_seen_from_both_sides() -> None:
    image = np.zeros((1, 9), np.uint8)
    image[0, 4] = 200
    assert fastconv.correlate(image, [[-1, 0, 1]])[0].tolist() == [0, 0, 0, 200, 0, 0, 0, 0, 0]
    both = fastconv.correlate(image, [[-1, 0, 1]], absolute=True)[0]
    assert both.tolist() == [0, 0, 0, 200, 0, 200, 0, 0, 0]
    grey = fastconv.correlate(image, [[-1, 0, 1]], scale=0.5, offset=128)[0]
    assert grey.tolist() == [128, 128, 128, 228, 128, 28, 128, 128, 128]


def test_a_scale_keeps_rational_kernels_exact() -> None:
    image = np.arange(36, dtype=np.uint8).reshape(6, 6)
    # sums of nine, divided by nine in two steps: a tie is one, to the even
    ninth = fastconv.convolve(image, np.ones((3, 3)), scale=1 / 9, offset=0.5)
    assert_array_equal(
        ninth, fastconv.reference.convolve(image, np.full((3, 3), 1 / 9), offset=0.5)
    )
    assert (ninth % 2 == 0)[1:-1, 1:-1].all()


def test_all_ways_to_a_result_pass_last_steps_on(tmp_path: Path) -> None:
    da, xr = pytest.importorskip("dask.array"), pytest.importorskip("xarray")
    image, kernel = picture((30, 41), "int16"), np.array([[1.0, 0, -1]])
    steps: dict[str, Any] = {"scale": 0.3, "offset": 10.5, "absolute": True}
    wanted = check("convolve", image, kernel, **steps)
    made = fastconv.plan(kernel, pixel=np.int16, **steps)
    for plan in (made, pickle.loads(pickle.dumps(made))):
        assert_array_equal(plan(image), wanted)
    lazy: Any = fastconv.convolve(da.from_array(image, chunks=9), kernel, **steps)
    assert_array_equal(lazy.compute(), wanted)
    named: Any = fastconv.convolve(xr.DataArray(image, dims=("y", "x")), kernel, **steps)
    assert_array_equal(named.values, wanted)
    target = np.lib.format.open_memmap(tmp_path / "out.npy", "w+", image.dtype, image.shape)
    assert_array_equal(fastconv.stream(image, kernel, target, band=7, **steps), wanted)
    first = fastconv.explain(image, kernel, **steps).splitlines()[0]
    assert first.endswith("weights times 0.3, plus 10.5, magnitudes")
    assert_array_equal(fastconv.apply(image, kernel, **steps), wanted)


def test_plans_with_other_last_steps_are_not_mixed_up() -> None:
    image: Array = picture((9, 9), "uint8")
    for steps in ({}, {"offset": 3.0}, {"scale": 2.0}, {"absolute": True}, {}):
        got = fastconv.convolve(image, [[0.5, -1.0]], **steps)
        wanted = fastconv.reference.convolve(image, [[0.5, -1.0]], **steps)
        assert_integers_equal(got, wanted, f"{steps}")


@pytest.mark.parametrize(
    ("steps", "error", "words"),
    [
        ({"scale": "2"}, TypeError, "scale must be a real number; got '2'"),
        ({"scale": float("nan")}, ValueError, "scale must be a finite number"),
        ({"offset": 1j}, TypeError, "offset must be a real number"),
        ({"offset": float("inf")}, ValueError, "offset must be a finite number"),
        ({"absolute": 1}, TypeError, "absolute must be True or False; got 1"),
    ],
)
def test_a_wrong_last_step_is_named(steps: dict[str, Any], error: Any, words: str) -> None:
    for call in (fastconv.convolve, lambda _, kernel, **options: fastconv.plan(kernel, **options)):
        with pytest.raises(error, match=words):
            call(np.zeros((3, 3), np.uint8), [[1.0]], **steps)


def test_complex_results_have_no_last_steps_but_a_scale() -> None:
    image = picture((5, 6), "complex64")
    check("convolve", image, np.array([[1.0, 2]]), scale=0.5)
    with pytest.raises(TypeError, match="absolute must be False for a complex"):
        fastconv.convolve(image, [[1.0]], absolute=True)
    with pytest.raises(TypeError, match="offset must be 0 for a complex"):
        fastconv.convolve(np.zeros((3, 3)), [[1j]], offset=1)
