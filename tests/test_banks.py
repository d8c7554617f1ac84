# SPDX-License-Identifier: BSD-3-Clause
"""A bank's results are those of a call for each kernel; what is combined is so before it is rounded."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fastconv
from fastconv import _banks, kernels, reference

from .judge import Array, picture

RNG = np.random.default_rng(4)
KERNELS: list[Array] = [
    kernels.sobel(0),
    RNG.normal(size=(5, 4)),
    np.ones((1, 7)) / 7,
    kernels.gaussian(1.5),
    RNG.normal(size=(31, 29)),
]
bank: Any = fastconv.bank


@pytest.fixture(autouse=True)
def _same_numbers_in_any_order() -> None:
    RNG.bit_generator.state = np.random.default_rng(4).bit_generator.state


@pytest.fixture(params=[1, 1 << 20])
def near(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Many bands, and one."""
    monkeypatch.setattr(_banks, "_NEAR", request.param)
    return int(request.param)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32", "float32", "float64", "complex64"])
@pytest.mark.parametrize("channel_axis", [None, -1])
def test_each_result_is_that_of_a_call(near: int, dtype: str, channel_axis: int | None) -> None:
    image = picture((2, 150, 61, 3)[: 3 if channel_axis is None else 4], dtype)
    for options in ({"border": "wrap"}, {"stride": 2, "border": ("constant", "mirror"), "cval": 3}):
        shared: dict[str, Any] = {"channel_axis": channel_axis, **options}
        got = fastconv.bank(image, KERNELS, **shared)
        assert got.shape[0] == len(KERNELS)
        for kernel, one in zip(KERNELS, got, strict=True):
            np.testing.assert_array_equal(one, fastconv.convolve(image, kernel, **shared))


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float32", ">f4", "bool"])
def test_banks_of_plain_arrays_are_calls(dtype: str) -> None:
    image = picture((40, 33), "uint8").astype(dtype)
    options: list[dict[str, Any]] = [
        {"dtype": np.float32, "border": "wrap"},
        {"dtype": ">f8", "absolute": True},
        {"border": "omit", "fill": 0},
        {"shape": "valid"},
        {"scale": 0.5, "offset": 3.0},
    ]
    several = [kernels.sobel(0), kernels.sobel(1).tolist(), kernels.gaussian(1)[:3, :3]]
    for each in options:
        for listed in (several, [several[0], several[2]], np.array([several[0], several[1]])):
            for correlate in (False, True):
                call = fastconv.correlate if correlate else fastconv.convolve
                wanted = [call(image, kernel, **each) for kernel in listed]
                got = fastconv.bank(image, listed, correlate=correlate, **each)
                assert got.dtype == wanted[0].dtype
                np.testing.assert_array_equal(got, wanted)
                out = np.empty(got.shape[::-1], got.dtype).T
                assert fastconv.bank(image, listed, correlate=correlate, out=out, **each) is out
                np.testing.assert_array_equal(out, got)
    room = np.zeros((3, 40, 33), np.float32)
    room[1] = wanted_of = image.astype(np.float32)
    wanted = [fastconv.convolve(wanted_of, kernel) for kernel in several]
    np.testing.assert_array_equal(fastconv.bank(room[1], several, out=room), wanted)


def test_a_bank_with_a_kernel_that_is_refused_writes_nothing() -> None:
    image = picture((6, 10), "uint8")
    out = np.full((2, 6, 10), 77, np.uint8)
    with pytest.raises(ValueError, match="finite"):
        fastconv.bank(image, [np.ones((3, 3)) / 9, np.full((3, 3), np.nan)], out=out)
    assert (out == 77).all()


def test_volumes_and_lines_have_banks(near: int) -> None:
    image = picture((40, 12, 13), "uint8")
    for several in (
        [RNG.normal(size=(3, 3, 3)), np.ones((5, 1, 3)) / 15],
        [np.ones(3), np.ones(5)],
    ):
        got = fastconv.bank(image, several, correlate=True, stride=2)
        for kernel, one in zip(several, got, strict=True):
            np.testing.assert_array_equal(one, fastconv.correlate(image, kernel, stride=2))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
@pytest.mark.parametrize("combine", ["hypot", "max", "sum"])
def test_results_are_combined_before_they_are_rounded(near: int, combine: Any, dtype: str) -> None:
    image = picture((90, 61), dtype)
    parts = np.stack(
        [reference.convolve(image, kernel, dtype=np.float64) for kernel in KERNELS[:4]]
    )
    wanted = {
        "hypot": lambda: np.sqrt((parts**2).sum(0)), "max": lambda: parts.max(0), "sum": lambda: parts.sum(0),
    }[combine]()  # fmt: skip
    got = fastconv.bank(image, KERNELS[:4], combine)
    assert got.dtype == image.dtype
    if got.dtype.kind == "u":
        np.testing.assert_array_equal(got, reference._to_pixels(wanted, got.dtype))
    else:
        scale = np.abs(parts).max()
        np.testing.assert_allclose(got, wanted, rtol=0, atol=200 * np.finfo(dtype).eps * scale)


def test_gradients_magnitudes_are_those_of_numpy() -> None:
    image = picture((50, 60), "uint8")
    down, across = (
        fastconv.convolve(image, kernels.sobel(axis), dtype=np.int32).astype(float)
        for axis in (0, 1)
    )
    wanted = np.minimum(np.rint(np.hypot(down, across)), 255).astype(np.uint8)
    sobel = [kernels.sobel(0), kernels.sobel(1)]
    np.testing.assert_array_equal(fastconv.bank(image, sobel, "hypot"), wanted)
    summed = fastconv.bank(image, sobel, "sum", absolute=True, dtype=np.int32)
    np.testing.assert_array_equal(summed, np.abs(down) + np.abs(across))


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
def test_a_kernel_may_vary_from_pixel_to_pixel(near: int, dtype: str) -> None:
    image = picture((70, 41), dtype)
    weights = RNG.random((4, 70, 41))
    got = fastconv.varying(image, KERNELS[:4], weights, border="nearest")
    each = [
        reference.convolve(image, kernel, border="nearest", dtype=np.float64)
        for kernel in KERNELS[:4]
    ]
    wanted = (weights * np.stack(each)).sum(0)
    if dtype == "uint8":
        np.testing.assert_array_equal(got, reference._to_pixels(wanted, got.dtype))
    else:
        scale = 4 * np.abs(each).max()
        np.testing.assert_allclose(got, wanted, rtol=0, atol=200 * np.finfo(dtype).eps * scale)
    rows = fastconv.varying(image, KERNELS[:2], weights[:2, :, :1], dtype=np.float64)
    spread = np.broadcast_to(weights[:2, :, :1], (2, 70, 41))
    np.testing.assert_array_equal(
        rows, fastconv.varying(image, KERNELS[:2], spread, dtype=np.float64)
    )


def test_out_may_be_the_image() -> None:
    image = picture((90, 61), "float32")
    wanted = fastconv.bank(image, KERNELS[:2], "max")
    assert fastconv.bank(image, KERNELS[:2], "max", out=image) is image
    np.testing.assert_array_equal(image, wanted)
    out = np.empty((2, 90, 61), np.float64)
    fastconv.bank(image, KERNELS[:2], out=out)
    np.testing.assert_array_equal(out, fastconv.bank(image, KERNELS[:2], dtype=np.float64))


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda a: fastconv.bank(a, []), ValueError, "kernels must be a sequence"),
        (lambda a: bank(a, KERNELS, "mean"), ValueError, "combine must be None or one of"),
        (lambda a: fastconv.bank(a, [[1, 2], [[1]]]), ValueError, "kernels must all have the same"),
        (lambda a: fastconv.bank(a, KERNELS, shape="valid"), ValueError, "kernels must give results of one"),
        (lambda a: fastconv.bank(a, KERNELS, mode="valid"), TypeError, ".*unexpected keyword"),
        (lambda a: fastconv.bank(a, [[[1j]]], "max"), TypeError, "combine must be None or 'sum'"),
        (lambda a: fastconv.bank(a, KERNELS, out=a), ValueError, "out must have shape"),
        (lambda a: fastconv.varying(a, KERNELS, np.ones(4)), ValueError, "weights must have a first axis"),
        (lambda a: fastconv.varying(a, KERNELS, 1.0), TypeError, "weights must be an array"),
        (lambda a: fastconv.varying(a, KERNELS, np.ones(5) * 1j), TypeError, "weights must be an array"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(call: Any, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match="^" + words):
        call(picture((40, 41), "uint8"))


def test_what_a_bank_does_not_take_is_named() -> None:
    options: Any = {"dims": None}
    with pytest.raises(TypeError, match=r"^dims must not be given here"):
        fastconv.bank(np.zeros((4, 5), np.uint8), [np.ones((3, 3))], **options)


# --- missing samples ------------------------------------------------------------------------------

PRESENT: dict[str, dict[str, Any]] = {
    "mask": {"mask": RNG.random((90, 61)) < 0.7, "fill": 7},
    "omit": {"border": "omit", "min_weight": 0.6, "fill": 3},
    "both": {"mask": RNG.random((90, 1)) < 0.4, "border": "omit", "fill": 0, "min_weight": 0.3},
}
SMALL: list[Array] = [np.ones((3, 3)) / 9, RNG.random((2, 3)), kernels.sobel(0), np.ones((1, 2))]


@pytest.mark.parametrize("dtype", ["uint8", "float32", "complex64"])
@pytest.mark.parametrize("what", PRESENT)
def test_each_result_misses_what_that_of_a_call_misses(near: int, what: str, dtype: str) -> None:
    image = picture((90, 61), dtype)
    for options in ({}, {"stride": 2}, {"axes": (1, 0)}):
        shared: Any = {**PRESENT[what], **options}
        got = bank(image, SMALL, **shared)
        for kernel, one in zip(SMALL, got, strict=True):
            np.testing.assert_array_equal(one, fastconv.convolve(image, kernel, **shared))
        out = np.empty_like(got)
        assert bank(image, SMALL, out=out, **shared) is out
        np.testing.assert_array_equal(out, got)


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
@pytest.mark.parametrize("what", PRESENT)
def test_combined_results_miss_what_any_of_them_misses(near: int, what: str, dtype: str) -> None:
    image, weights = picture((90, 61), dtype), RNG.random((4, 90, 61))
    shared: Any = {**PRESENT[what], "fill": np.nan}
    each = np.stack([reference.convolve(image, k, dtype=np.float64, **shared) for k in SMALL])
    assert 0 < np.isnan(each).any(0).sum() < image.size
    for got, wanted in (
        (bank(image, SMALL, "hypot", **PRESENT[what]), np.sqrt((each**2).sum(0))),
        (bank(image, SMALL, "max", **PRESENT[what]), each.max(0)),
        (bank(image, SMALL, "sum", **PRESENT[what]), each.sum(0)),
        (fastconv.varying(image, SMALL, weights, **PRESENT[what]), (each * weights).sum(0)),
    ):
        wanted[np.isnan(wanted)] = PRESENT[what]["fill"]
        if dtype == "uint8":  # float64 sums are rounded, so ties are either's
            clear = np.abs(wanted % 1 - 0.5) > 1e-9
            assert clear.mean() > 0.9
            wanted = reference._to_pixels(wanted, got.dtype)
            np.testing.assert_array_equal(got[clear], wanted[clear])
        else:
            eps = 200 * float(np.finfo(dtype).eps)
            np.testing.assert_allclose(got, wanted, eps, eps * np.nanmax(np.abs(each)))


def test_masked_arrays_have_masked_banks(near: int) -> None:
    image = np.ma.array(picture((90, 61), "uint8"), mask=PRESENT["mask"]["mask"])
    each = [fastconv.convolve(image, kernel) for kernel in SMALL]
    got = bank(image, SMALL)
    assert isinstance(got, np.ma.MaskedArray)
    np.testing.assert_array_equal(got.mask, [one.mask for one in each])  # type: ignore[attr-defined]
    np.testing.assert_array_equal(got.filled(0), [one.filled(0) for one in each])  # type: ignore[attr-defined]
    got = bank(image, SMALL, "max")
    np.testing.assert_array_equal(got.mask, np.any([one.mask for one in each], 0))  # type: ignore[attr-defined]
    out = np.zeros((4, 90, 61), np.uint8)
    assert bank(image, SMALL, fill=5, out=out) is out
    np.testing.assert_array_equal(out, [one.filled(5) for one in each])  # type: ignore[attr-defined]


def test_banks_of_integers_need_a_fill_before_anything_is_written(near: int) -> None:
    image, out = picture((90, 61), "uint8"), np.full((90, 61), 9, np.uint8)
    for options in ({"mask": PRESENT["mask"]["mask"]}, {"border": "omit", "min_weight": 1.0}):
        with pytest.raises(ValueError, match=r"^fill must be given for a result of type uint8"):
            bank(image, SMALL, "sum", out=out, **options)
        assert (out == 9).all()


@pytest.mark.parametrize("pixel", ["float32", "float64"])
@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_lengths_have_the_bits_of_squares_sums_and_roots(
    near: int, count: int, pixel: str, level: str
) -> None:
    bank = list(np.random.default_rng(count).normal(size=(count, 3, 5)))
    for shape in ((23, 41), (3, 23, 41), (1, 1)):
        image = np.random.default_rng(1).normal(size=shape).astype(pixel)
        each = fastconv.bank(image, bank)
        squares = each[0] * each[0]
        for one in each[1:]:
            squares += one * one
        got = fastconv.bank(image, bank, "hypot")
        np.testing.assert_array_equal(got, np.abs(each[0]) if count == 1 else np.sqrt(squares))
