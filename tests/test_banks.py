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


@pytest.mark.parametrize("name", ["mask", "dims"])
def test_what_a_bank_does_not_take_is_named(name: str) -> None:
    options: Any = {name: None}
    with pytest.raises(TypeError, match=f"^{name} must not be given here"):
        fastconv.bank(np.zeros((4, 5), np.uint8), [np.ones((3, 3))], **options)
