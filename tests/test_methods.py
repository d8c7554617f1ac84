# SPDX-License-Identifier: BSD-3-Clause
"""Every method gives the definition's result or says why it cannot; NaN and infinity stay where they are;
floats have the same bits for any threads, bands, layout, and at v3 and v4; a plan tells what will run.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import fastconv
from fastconv import _levels, kernels
from fastconv._engine import pool

from .judge import (
    KERNELS,
    Array,
    allowance,
    assert_floats_close,
    at_level,
    check,
    definition,
    picture,
    small_picture,
)

METHODS = ("direct", "separable", "sparse", "box", "dot", "fft", "wide")

# Kernels that a method takes, whatever the types.
FITS: dict[str, list[str]] = {
    "direct": ["dense 3x3", "dense 5x5", "even 4x6", "box 3x3", "separable 3x5", "column 7x1"],
    "separable": ["separable 3x5", "box 3x3", "box 5x4"],
    "sparse": ["one tap", "sparse 3x3", "row 1x7", "pair 2x2", "long 1x31", "zeros"],
    "box": ["one tap", "box 3x3", "box 5x4"],
    "fft": ["dense 3x3", "dense 5x5", "even 4x6", "long 1x31", "column 7x1", "sparse 3x3"],
}
FLOAT_CASES = [(method, name) for method, names in FITS.items() for name in names]
GRADIENT = np.outer([1.0, 0, -1], [1.0, 2, 0, 2, 1])  # separable, with zeros in either factor
NARROW_TYPES = ("uint8", "int8", "uint16", "int16")


def bits(a: Array) -> bytes:
    return np.ascontiguousarray(a).tobytes()


# --- forced methods ------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "complex64", "complex128"])
@pytest.mark.parametrize(("method", "name"), FLOAT_CASES)
def test_forced_method_gives_the_definitions_floats(
    level: str, method: str, name: str, dtype: str
) -> None:
    for shape in ((17, 75), (5, 9), (1, 1), (64, 3)):
        check("convolve", picture(shape, dtype), KERNELS[name], method=method, border="mirror")
    assert fastconv.plan(KERNELS[name], pixel=dtype, method=method).method == method


@pytest.mark.parametrize("dtype", NARROW_TYPES)
@pytest.mark.parametrize(("method", "name"), FLOAT_CASES)
def test_forced_method_gives_the_definitions_integers(
    level: str, method: str, name: str, dtype: str
) -> None:
    for shape in ((17, 75), (5, 9), (1, 1), (64, 3)):
        check("correlate", picture(shape, dtype), KERNELS[name], method=method, border="wrap")
    assert fastconv.plan(KERNELS[name], pixel=dtype, method=method).method == method


@pytest.mark.parametrize("name", [name for name in KERNELS if name != "zeros"])
@pytest.mark.parametrize("dtype", ["uint8", "bool"])
def test_dot_gives_the_definitions_bytes(level: str, name: str, dtype: str) -> None:
    for shape in ((17, 75), (5, 9), (1, 1), (64, 3)):
        check("convolve", picture(shape, dtype), KERNELS[name], method="dot", dtype=np.uint8)
    plan = fastconv.plan(KERNELS[name], pixel=dtype, dtype=np.uint8, method="dot")
    assert plan.method == "dot"


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [(5, 5), (3, 5), (6, 4)])
def test_the_few_zeros_of_a_kernel_spread_no_nan(
    level: str, size: tuple[int, int], channels: int
) -> None:
    rng = np.random.default_rng([*size, channels])
    kernel = rng.normal(size=size)
    kernel[1, 1:3] = 0
    for shape in ((17, 150), (5, 9), (1, 1), (3, 300)):
        image = rng.normal(size=(*shape, channels)).astype(np.float32)
        for odd in (None, np.nan, np.inf, -np.inf):
            if odd is not None:
                image[shape[0] // 2, shape[1] // 2] = odd
            with np.errstate(invalid="ignore"):
                wanted = definition("convolve", image, kernel, channel_axis=-1)
            result = fastconv.convolve(image, kernel, method="sparse", channel_axis=-1)
            np.testing.assert_allclose(result, wanted, rtol=0, atol=1e-4)


@pytest.mark.parametrize("channels", [1, 2, 3, 5])
@pytest.mark.parametrize("largest", [1, 9, 300])
def test_dot_gives_the_definitions_words(level: str, largest: int, channels: int) -> None:
    rng = np.random.default_rng([largest, channels])
    for shape in ((17, 75), (5, 9), (1, 1), (64, 3), (3, 1100)):
        image = picture((*shape, channels), "uint8")
        for size in ((3, 3), (1, 5), (4, 2), (7, 7)):
            kernel = rng.integers(-largest, largest + 1, size)
            kernel[0, 0] = largest
            room = np.zeros((*shape, 2, channels), np.int16)
            for out in (None, room[:, :, 0]):
                options: dict[str, Any] = {"dtype": np.int16, "channel_axis": -1, "method": "dot"}
                result = fastconv.convolve(image, kernel, out=out, **options)
                wanted = definition("convolve", image, kernel, dtype=np.int16, channel_axis=-1)
                np.testing.assert_array_equal(result, wanted)
            assert not room[:, :, 1].any()


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("offset", [0, -3.25])
@pytest.mark.parametrize("shift", [1, 2, 3, 9])
def test_words_of_weights_over_a_power_of_two_are_rounded_half_to_even(
    level: str, shift: int, offset: float, channels: int
) -> None:
    rng = np.random.default_rng([shift, channels])
    for shape in ((17, 75), (5, 9), (1, 1), (3, 1100)):
        image = picture((*shape, channels), "uint8")
        for size in ((3, 3), (1, 5), (4, 2)):
            kernel = rng.integers(-40, 41, size) / 2.0**shift
            kernel[0, 0] = 1 / 2.0**shift
            options: dict[str, Any] = {"dtype": np.int16, "channel_axis": -1, "offset": offset}
            result = fastconv.convolve(image, kernel, method="dot", **options)
            wanted = definition("convolve", image, kernel, **options)
            np.testing.assert_array_equal(result, wanted)


def test_dot_refuses_words_of_weights_that_are_not_whole() -> None:
    with pytest.raises(ValueError, match="the weights are not whole, nor that by a power of two"):
        fastconv.plan(np.array([[1, 2], [3, 1]]) / 3, pixel=np.uint8, dtype=np.int16, method="dot")


@pytest.mark.parametrize("dtype", ["int32", "uint32", "int64", "uint64"])
def test_wide_gives_the_definitions_integers(level: str, dtype: str) -> None:
    for kernel in ([[1, -2, 3], [0, 5, 1]], [[2**30, -(2**29)]], [[1]]):
        for shape in ((7, 15), (1, 1), (4, 5, 2)):
            axis = 2 if len(shape) == 3 else None
            image = picture(shape, dtype)
            check("convolve", image, np.array(kernel), method="wide", channel_axis=axis)
    assert fastconv.plan([[1, 2]], pixel=dtype, method="wide").method == "wide"


@pytest.mark.parametrize(
    ("method", "kernel", "pixel", "says"),
    [
        ("separable", KERNELS["dense 3x3"], "uint8", "not of rank one"),
        ("separable", KERNELS["row 1x7"], "float32", "a line already"),
        ("separable", np.full((3, 3), np.inf), "float32", "not finite"),
        ("sparse", KERNELS["dense 3x3"], "uint8", "no zeros"),
        ("box", KERNELS["dense 3x3"], "uint8", "not all equal"),
        ("box", np.zeros((3, 3)), "float32", "not all equal"),
        ("dot", KERNELS["dense 3x3"], "float32", "not bytes"),
        ("dot", KERNELS["dense 3x3"], "uint16", "not bytes"),
        ("dot", KERNELS["zeros"], "uint8", "too large or too small"),
        ("dot", np.array([[1e30]]), "uint8", "too large or too small"),
        ("fft", np.full((1, 2), 5e-324), "float64", "too small for spectra"),
        ("wide", KERNELS["dense 3x3"], "uint8", "samples are small"),
        ("wide", KERNELS["dense 3x3"], "float32", "must be integers"),
        ("wide", KERNELS["dense 3x3"] * 2**0.5, "int32", "must be integers"),
    ],
)
def test_method_that_cannot_says_why(method: str, kernel: Array, pixel: str, says: str) -> None:
    words = f"method='{method}' cannot do this: .*{says}"
    with pytest.raises(ValueError, match=words):
        fastconv.plan(kernel, pixel=pixel, method=method)
    with pytest.raises(ValueError, match=words):
        fastconv.convolve(np.ones((4, 5), pixel), kernel, method=method)


def test_box_of_large_integers_says_that_it_would_not_be_exact() -> None:
    with pytest.raises(ValueError, match="method='box' cannot do this: float64 sums may be off by"):
        fastconv.convolve(np.full((4, 5), 2**60), np.ones((3, 3)), method="box")


@pytest.mark.parametrize("scale", [1e-8, 1e-10, 1e-12, 1e-15])
def test_weights_of_which_fixed_point_leaves_nothing_are_no_dot(level: str, scale: float) -> None:
    # an engine that is given no weights at all would look for the last of them
    kernel = np.array([[1, np.pi, np.e], [2.5, 1.1, 0.7]]) * scale
    made = fastconv.plan(kernel, pixel=np.uint8)
    assert made.method != "dot"
    with pytest.raises(ValueError, match="method='dot' cannot do this: no 32-bit sum"):
        fastconv.plan(kernel, pixel=np.uint8, method="dot")
    check("convolve", picture((9, 70), np.uint8), kernel)


def test_constant_of_a_dot_must_be_a_byte() -> None:
    with pytest.raises(ValueError, match="method='dot' cannot do this: the constant is not a byte"):
        fastconv.convolve(
            np.ones((4, 5), np.uint8), np.ones((3, 3)), border="constant", cval=256, method="dot"
        )


@pytest.mark.parametrize(
    ("kernel", "rank_one"),
    [
        (kernels.gaussian(1.7), True),
        (kernels.binomial(5), True),
        (kernels.sobel(), True),
        (np.outer([0.1, 0.7, 0.3], [0.9, -0.2, 0.4]), True),
        (np.outer([1e-9, 1, 1e9], [3, 1e-12, 7]), True),
        (kernels.gaussian(1.7) + np.eye(15) * 1e-12, False),
        (kernels.laplacian(), False),
        (kernels.disk(3), False),
        (np.outer([1.0, 2, 1], [1.0, 3, 1]) + np.eye(3) * 2.0**-48, False),
    ],
)
def test_rank_one_is_found_exactly_or_not_at_all(kernel: Array, rank_one: bool) -> None:
    explained = fastconv.plan(kernel, pixel=np.float64).explain()
    assert ("not of rank one" not in explained) is rank_one


@pytest.mark.parametrize("row", [[2.0**60, 2.0**-95], [3e-33, 6e8], [1, 2.0**-99, 2.0**38]])
def test_weights_of_rank_one_far_apart_are_not_lost(level: str, row: list[float]) -> None:
    # either pixel sees the small weight alone, next to pixels of zero
    image = np.zeros((5, 60), np.float32)
    image[:, ::6] = 2.0**40
    for kernel in (np.outer([1.0] * 7, row), np.outer(row, [1.0] * 7)):
        for a in (image, image.T.copy()):
            check("correlate", a, kernel)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "kernel",
    [
        [[1.7e308, 1.7e308], [1.7e308, 1.7e308]],
        [[5e-324, 5e-324], [5e-324, 5e-324]],
        [[1.7e308, 1.4e14, 4.8e-4], [8.7e12, 2.3e18, 8.0]],
        np.outer([1e-300, 1], [1, 1e-300]),
        np.outer([2.0**500, 2.0**-500], [1.0, 2.0**-60]),
        [[9e-72, 3e13], [1e-135, 5e-51], [7e81, 2e166], [8e6, 3e91]],
    ],
)
@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "float64"])
def test_extreme_weights_are_planned_without_a_warning(dtype: str, kernel: Any) -> None:
    assert fastconv.plan(kernel, pixel=dtype).method in METHODS


# --- NaN and infinity ----------------------------------------------------------------------------


def reached(
    shape: tuple[int, ...], spots: Sequence[tuple[int, ...]], kernel: Array, **options: Any
) -> Array:
    """Pixels whose windows hold one of the spots under a tap that is not zero."""
    marks = np.zeros(shape)
    for spot in spots:
        marks[spot] = 1
    counted: Array = definition("convolve", marks, (kernel != 0) * 1.0, **options)
    return counted > 0


def assert_unharmed(
    got: Array, clean: Array, where: Array, image: Array, kernel: Array, method: str
) -> None:
    """Assert that these pixels are what they are without the NaN: their bits, but for an FFT, which
    leaves the tiles that hold it to others.
    """
    if method == "fft":
        known = np.where(np.isfinite(image), image, 0)
        axis = -1 if got.ndim == 3 else None
        allowed = allowance("convolve", known, kernel, got.dtype, channel_axis=axis)
        assert_floats_close(got[where], clean[where], 2 * allowed[where])
    else:
        assert bits(got[where]) == bits(clean[where])


@pytest.mark.parametrize("method", ["auto", "direct", "separable", "box", "fft"])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_means_of_the_largest_floats_are_finite(level: str, dtype: str, method: str) -> None:
    """Two of them are not to be added before a weight makes them small."""
    largest = float(np.finfo(dtype).max)
    image = np.full((20, 40), 0.99 * largest, dtype)
    image[5:9, 7:20] *= -0.5
    means = [kernels.box(5), kernels.box(31)] if method == "box" else [
        kernels.binomial(3), kernels.binomial(5), kernels.gaussian(1), kernels.gaussian(3.75),
    ]  # fmt: skip
    for kernel in means:
        got = fastconv.convolve(image, kernel, method=method)
        assert np.isfinite(got).all()
        wanted = definition("convolve", image, kernel, dtype=np.float64)
        assert_allclose(
            got, wanted, rtol=0, atol=1e-2 * largest if dtype == "float16" else 1e-4 * largest
        )


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize(
    ("method", "name"), [*FLOAT_CASES, ("separable", "gradient"), ("sparse", "gradient")]
)
def test_nan_and_infinity_reach_only_the_windows_that_hold_them(
    level: str, method: str, name: str, dtype: str, value: float
) -> None:
    kernel = GRADIENT if name == "gradient" else KERNELS[name]
    for shape, spots in (
        ((13, 90), [(0, 0), (6, 41), (12, 89)]),
        ((9, 11), [(4, 5)]),
        ((5, 4), [(4, 0)]),
    ):
        for border in ("reflect", "wrap", "constant"):
            image = small_picture(shape, dtype)
            clean = fastconv.convolve(image, kernel, border=border, method=method)
            for spot in spots:
                image[spot] = value
            got = fastconv.convolve(image, kernel, border=border, method=method)
            struck = reached(shape, spots, kernel, border=border)
            assert not np.isfinite(got[struck]).any()
            assert_unharmed(got, clean, ~struck, image, kernel, method)
            if len(spots) == 1 and not np.isnan(value):
                wanted = definition("convolve", image, kernel, border=border)
                assert_array_equal(got[struck], wanted[struck])


@pytest.mark.parametrize(("method", "name"), FLOAT_CASES)
def test_nan_stays_in_its_channel(level: str, method: str, name: str) -> None:
    image = small_picture((9, 40, 3), np.float32)
    clean = fastconv.convolve(image, KERNELS[name], channel_axis=2, method=method)
    image[4, 20, 1] = np.nan
    got = fastconv.convolve(image, KERNELS[name], channel_axis=2, method=method)
    others = np.broadcast_to([True, False, True], got.shape)
    assert_unharmed(got, clean, others, image, KERNELS[name], method)
    struck = reached((9, 40), [(4, 20)], KERNELS[name])
    assert_array_equal(np.isnan(got[..., 1]), struck)


@pytest.mark.parametrize("size", [(9, 13), (16, 16), (33, 3)], ids=str)
def test_nan_in_a_large_box_neither_spreads_nor_stays(level: str, size: tuple[int, int]) -> None:
    image = small_picture((70, 120), np.float32)
    kernel = np.ones(size)
    clean = fastconv.convolve(image, kernel, method="box")
    image[30, 60], image[69, 0] = np.nan, np.inf
    got = fastconv.convolve(image, kernel, method="box")
    struck = reached(image.shape, [(30, 60), (69, 0)], kernel)
    assert bits(got[~struck]) == bits(clean[~struck])
    assert not np.isfinite(got[struck]).any()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_opposite_infinities_make_nan_and_equal_ones_do_not(level: str, dtype: str) -> None:
    image = np.zeros((1, 7), dtype)
    image[0, 2], image[0, 4] = np.inf, -np.inf
    got = fastconv.convolve(image, [[1, 1, 1]], border="constant")
    assert_array_equal(got, [[0, np.inf, np.inf, np.nan, -np.inf, -np.inf, 0]])
    assert_array_equal(fastconv.convolve(np.abs(image), [[1, 1, 1]])[0, 1:6], [np.inf] * 5)


@pytest.mark.parametrize("weight", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_kernel_of_floats_may_hold_nan_and_infinity(level: str, dtype: str, weight: float) -> None:
    image = small_picture((9, 40), dtype) + 1
    kernel = KERNELS["dense 3x3"].copy()
    kernel[1, 2] = weight
    got = check("convolve", image, kernel)
    if np.isnan(weight):
        assert np.isnan(got).all()
    check("convolve", image, np.where(np.eye(3) > 0, weight, 0.0))


# --- the same bits -------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "complex64"])
@pytest.mark.parametrize(
    ("method", "name"), [*FLOAT_CASES, ("auto", "dense 5x5"), ("auto", "box 5x4")]
)
@pytest.mark.usefixtures("eager_threads")
def test_floats_have_the_same_bits_for_any_number_of_threads(
    level: str, method: str, name: str, dtype: str
) -> None:
    image = picture((41, 130), dtype)
    results = {
        bits(fastconv.convolve(image, KERNELS[name], method=method, threads=n)) for n in range(1, 9)
    }
    assert len(results) == 1


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize(("method", "name"), FLOAT_CASES)
def test_floats_have_the_same_bits_for_any_layout(
    level: str, method: str, name: str, dtype: str
) -> None:
    image = picture((23, 131), dtype)
    options: dict[str, Any] = {"method": method, "border": "nearest"}
    wanted = bits(fastconv.convolve(image, KERNELS[name], **options))
    spread = np.zeros((46, 393), dtype)[::2, ::3]
    spread[...] = image
    for view in (spread, np.asfortranarray(image), image[::-1, ::-1].copy()[::-1, ::-1]):
        assert bits(fastconv.convolve(view, KERNELS[name], **options)) == wanted
    batch = np.stack([image, image])
    assert bits(fastconv.convolve(batch, KERNELS[name], **options)) == wanted * 2
    out = np.zeros((131, 23), dtype).T
    assert bits(fastconv.convolve(image, KERNELS[name], out=out, **options)) == wanted
    colours = np.stack([image] * 3, axis=2)
    got = fastconv.convolve(colours, KERNELS[name], channel_axis=2, **options)
    assert bits(got[..., 1]) == wanted


@pytest.mark.skipif(
    not {"v3", "v4"} <= set(_levels.available()), reason="this CPU, or this build, has no level v4"
)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "complex64", "uint8"])
@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("shape", [(19, 141), (5, 7), (33, 50, 3), (1, 700)], ids=str)
def test_floats_have_the_same_bits_at_v3_and_v4(
    shape: tuple[int, ...], name: str, dtype: str
) -> None:
    axis = 2 if len(shape) == 3 else None
    image = picture(shape, dtype)
    target = np.float32 if dtype == "uint8" else None
    results = []
    for level in ("v3", "v4"):
        with at_level(level):
            made = fastconv.plan(KERNELS[name], pixel=dtype, dtype=target, channel_axis=axis)
            results.append((made.method, bits(made(image))))
    assert results[0] == results[1]


# --- plan, explain, show_config ------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "int64", "float32", "float64"])
@pytest.mark.parametrize("name", KERNELS)
def test_explanation_names_method_sums_result_threads_engine_and_all_others(
    level: str, name: str, dtype: str
) -> None:
    image = small_picture((40, 64), dtype)
    lines = fastconv.explain(image, KERNELS[name]).splitlines()
    height, width = KERNELS[name].shape
    assert lines[0] == (
        f"convolve {dtype} -> {dtype} with {height} x {width} taps, border reflect, shape same"
    )
    words = [line.split()[0] for line in lines[1:]]
    assert words[:5] == ["method", "sums", "result", "threads", "engine"]
    assert set(words[5:]) == {"not"}
    chosen = lines[1].split()[1].removesuffix(":")
    others = [line.split()[1].removesuffix(":") for line in lines[6:]]
    assert sorted([chosen, *others]) == sorted(METHODS)
    assert all(len(line.partition(": ")[2]) > 8 for line in lines[6:])  # a reason
    assert f"{level}, vectors of {_levels.engine.vector_bytes()} bytes" in lines[5]
    made = fastconv.plan(KERNELS[name], pixel=dtype)
    assert lines[1] == f"  method   {made.method}: {made.reason}"


def line_of(explanation: str, word: str) -> str:
    return next(line for line in explanation.splitlines() if line.split()[0] == word)


@pytest.mark.parametrize(
    ("pixel", "target", "kernel", "method", "sums"),
    [
        ("uint8", None, KERNELS["dense 3x3"], "dot", "32-bit integers"),
        ("int64", None, np.array([[2**20, 1, 1]]), "wide", "pairs of 64-bit integers"),
        ("int8", None, KERNELS["dense 3x3"], "direct", "float32"),
        # which of the two is cheaper depends on the level
        ("uint16", None, kernels.gaussian(1), "direct", "float64( in the definition's order.*)?"),
        ("float64", None, KERNELS["dense 3x3"], "direct", "float64"),
        ("float32", None, KERNELS["box 3x3"], "box", "float32"),
        (
            "float32",
            "uint8",
            KERNELS["dense 3x3"],
            "direct",
            "float64 in the definition's order and rounding",
        ),
    ],
)
def test_explanation_says_of_what_type_the_sums_are(
    level: str, pixel: str, target: str | None, kernel: Array, method: str, sums: str
) -> None:
    plan = fastconv.plan(kernel, pixel=pixel, dtype=target, method=method)
    assert re.fullmatch(f"  sums     {sums}", line_of(plan.explain(), "sums"))


def test_explanation_says_what_the_result_is_worth() -> None:
    def said(pixel: str, kernel: Any, **options: Any) -> str:
        line = line_of(fastconv.plan(kernel, pixel=pixel, **options).explain(), "result")
        return line.removeprefix("  result   ")

    assert (
        said("float32", KERNELS["dense 3x3"]) == "within (taps + 1) eps sum|w||x| of the definition"
    )
    as_defined = "exact: the sums are the definition's"
    assert said("float32", KERNELS["dense 3x3"], dtype=np.uint8) == as_defined
    assert said("uint8", [[1, 2, 1]]) == "exact: no sum is ever rounded before its last step"
    again = r"exact: pixels within \d.*e-\d+ of a tie are summed again by the definition"
    assert re.fullmatch(again, said("uint16", kernels.gaussian(1)))


def test_explanation_counts_the_threads_of_a_call() -> None:
    image = np.zeros((2000, 2000), np.float32)
    for threads in (1, 2, 3):
        said = line_of(fastconv.explain(image, np.ones((9, 9)), threads=threads), "threads")
        assert said.split()[1] == str(threads) and "4000000 samples" in said
    small = line_of(fastconv.explain(image[:9, :9], np.ones((9, 9)), threads=4), "threads")
    assert small.split()[1] == "1"


def test_complex_kernel_is_explained_as_two() -> None:
    said = fastconv.explain(np.zeros((9, 9), np.complex64), [[1, 2j], [3j, 1]])
    assert said.count("  method ") == 2
    assert said.splitlines()[0].startswith("convolve complex64 -> complex64 with 2 x 2 taps")


def test_explanation_of_a_correlation_says_so() -> None:
    said = fastconv.plan([[1, 2]], correlate=True, border="edge", shape="full").explain()
    assert said.startswith("correlate uint8 -> uint8 with 1 x 2 taps, border nearest, shape full")


@pytest.mark.parametrize(
    ("pixel", "kernel", "method"),
    [
        ("uint8", kernels.gaussian_blur, "dot"),
        ("uint8", kernels.gaussian(2), "separable"),
        ("float32", kernels.gaussian(2), "separable"),
        ("float32", kernels.box(31), "box"),
        ("float32", kernels.sharpening, "sparse"),
        ("float32", KERNELS["dense 5x5"], "direct"),
        ("int64", np.array([[1, 2, 3]]), "sparse"),
    ],
)
def test_method_taken_is_the_one_made_for_the_kernel(
    pixel: str, kernel: Array, method: str
) -> None:
    assert fastconv.plan(kernel, pixel=pixel).method == method


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"border": "edge"},
        {"border": "constant", "cval": 3.5, "origin": (1, -1)},
        {"correlate": True, "shape": "full"},
        {"dtype": "float64", "threads": 2, "method": "direct"},
        {"channel_axis": 2, "pixel": "int16"},
        {"dtype": "complex64", "pixel": "complex64", "border": "constant", "cval": 1 + 2j},
    ],
)
def test_plan_pickles_to_the_same_plan(options: dict[str, Any]) -> None:
    made = fastconv.plan(KERNELS["dense 3x3"], **options)
    again = pickle.loads(pickle.dumps(made))
    assert type(again) is fastconv.Plan
    assert not again.kernel.flags.writeable
    assert_array_equal(again.kernel, made.kernel)
    fields = "flipped border cval origin shape channel_axis dtype threads pixel method".split()
    assert [getattr(again, f) for f in fields] == [getattr(made, f) for f in fields]
    shape = (9, 12, 3) if "channel_axis" in options else (9, 12)
    image = small_picture(shape, options.get("pixel", "uint8"))
    assert_array_equal(again(image), made(image))


def test_plan_cannot_be_changed() -> None:
    kernel = KERNELS["dense 3x3"].copy()
    made = fastconv.plan(kernel)
    with pytest.raises(AttributeError):
        made.border = "wrap"
    with pytest.raises(ValueError, match="read-only"):
        made.kernel[0, 0] = 1
    image = small_picture((9, 12), np.uint8)
    before = made(image)
    kernel[...] = 0  # the caller's own
    assert_array_equal(made(image), before)


def test_plan_is_convolve_and_with_correlate_correlate() -> None:
    options: dict[str, Any] = {"border": "wrap", "origin": (0, 1), "dtype": np.int32}
    for dtype in ("uint8", "float64", "int16"):  # also of another type than the plan was asked for
        image = picture((9, 12), dtype)
        kernel = KERNELS["dense 3x3"]
        made = fastconv.plan(kernel, **options)
        assert_array_equal(made(image), fastconv.convolve(image, kernel, **options))
        made = fastconv.plan(kernel, correlate=True, **options)
        assert_array_equal(made(image), fastconv.correlate(image, kernel, **options))
        out = np.zeros((9, 12), np.int32)
        assert made(image, out=out) is out
        assert_array_equal(out, made(image))


def test_plan_can_be_used_by_many_threads_at_once() -> None:
    made = fastconv.plan(KERNELS["dense 5x5"], threads=2)
    images = [picture((200, 300), np.uint8, seed) for seed in range(16)]
    wanted = [definition("convolve", image, KERNELS["dense 5x5"]) for image in images]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            for got, right in zip(pool.map(made, images), wanted, strict=True):
                assert_array_equal(got, right)


def test_show_config_prints_version_level_threads_and_compiler_facts(
    level: str, capsys: pytest.CaptureFixture[str]
) -> None:
    fastconv.show_config()
    lines = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert lines["fastconv"] == fastconv.__version__
    assert lines["level"].startswith(f"{level} of {', '.join(_levels.available())}")
    assert lines["vectors"] == f"{_levels.engine.vector_bytes()} bytes"
    assert lines["threads"].startswith(str(fastconv.get_num_threads()))
    assert lines["helpers"].startswith(pool.kind())
    assert lines["numpy"] == np.__version__
    assert {"python", "pillow"} <= set(lines)


def test_public_names_are_there_and_documented() -> None:
    for name in fastconv.__all__:
        thing: Callable[..., Any] = getattr(fastconv, name)
        assert isinstance(thing, np.ndarray) or (thing.__doc__ or "").strip()
