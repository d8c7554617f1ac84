# SPDX-License-Identifier: BSD-3-Clause
"""Volumes that are filtered picture by picture, and strides of pictures that are filtered whole, have the
results of the definition.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fastconv
from fastconv import _planes, reference

pytestmark = pytest.mark.usefixtures("level")

TYPES = ["bool", "uint8", "int8", "uint16", "int16", "uint32", "float16", "float32", "float64"]
BORDERS = ["reflect", "mirror", "nearest", "wrap", "constant"]
KERNELS: dict[str, Callable[[Any, tuple[int, ...]], Any]] = {
    "any": lambda rng, shape: rng.random(shape) - 0.3,
    "whole": lambda rng, shape: rng.integers(-3, 4, shape).astype(float),
    "halves": lambda rng, shape: rng.integers(-3, 4, shape) / 2,
    "tenths": lambda rng, shape: rng.integers(0, 4, shape) / 10,
}


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[_planes.Planes]:
    """Pictures whatever they cost, some rows at a time; those that were taken."""
    asked: Any = _planes.planes_of
    found: list[_planes.Planes] = []

    def whatever(*args: Any) -> _planes.Planes | None:
        made: _planes.Planes | None = asked(*args[:-1], np.inf)
        if made is not None:
            found.append(made)
        return made

    monkeypatch.setattr(_planes, "planes_of", whatever)
    monkeypatch.setattr(_planes, "_SAMPLES", 60)
    return found


def samples(rng: np.random.Generator, dtype: str, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    if dtype == "bool":
        return rng.integers(0, 2, shape).astype(bool)
    low = 0 if dtype.startswith("u") else -100
    whole = rng.integers(low, 120, shape)
    return (whole * rng.random(shape) if dtype.startswith("f") else whole).astype(dtype)


def same(image: Any, kernel: Any, **options: Any) -> None:
    got = fastconv.convolve(image, kernel, **options)
    wanted = reference.convolve(image, kernel, **options)
    assert got.dtype == wanted.dtype
    if wanted.dtype.kind in "iu":
        np.testing.assert_array_equal(got, wanted)
        return
    magnitudes = options | {"dtype": np.float64, "cval": abs(options.get("cval", 0))}
    sums = reference.convolve(np.abs(image.astype(np.float64)), np.abs(kernel), **magnitudes)
    eps = np.finfo(wanted.dtype).eps
    off = np.abs(got.astype(np.float64) - wanted.astype(np.float64))
    assert (off <= (np.count_nonzero(kernel) + 1) * eps * sums + np.finfo(wanted.dtype).tiny).all()


@pytest.mark.quick
@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("kind", KERNELS)
def test_sums_of_pictures_are_those_of_the_definition(
    taken: list[Any], kind: str, dtype: str
) -> None:
    rng = np.random.default_rng(list(f"{kind} {dtype}".encode()))
    for border in BORDERS:
        for shape, kernel in (
            ((5, 7, 9), (3, 2, 4)),
            ((1, 3, 2), (4, 3, 3)),
            ((6, 1, 33), (2, 5, 3)),
        ):
            same(
                samples(rng, dtype, shape), KERNELS[kind](rng, kernel), cval=3.0,
                border=(border, *rng.choice(BORDERS, 2).tolist()),
            )  # fmt: skip
    assert taken or dtype == "uint32"  # sums of large samples are nearly ties too often


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("shape", ["same", "valid", "full"])
def test_strides_of_whole_pictures_are_those_of_the_definition(
    taken: list[Any], shape: str, dtype: str
) -> None:
    rng = np.random.default_rng(list(f"{shape} {dtype}".encode()))
    for stride in ((2, 2), (1, 3), (3, 1)):
        same(samples(rng, dtype, (9, 21)), rng.random((4, 5)), stride=stride, shape=shape)
        same(
            samples(rng, dtype, (4, 9, 8)), rng.random((3, 2, 3)), stride=(2, *stride), shape=shape
        )
        same(samples(rng, dtype, (9, 8, 3)), rng.random((3, 2)), stride=stride, channel_axis=-1)
    assert taken


@pytest.mark.parametrize("dtype", ["uint8", "float32", "int16"])
@pytest.mark.parametrize(
    "options", [{"offset": 0.5}, {"absolute": True}, {"offset": -3.0, "absolute": True}]
)
def test_last_steps_come_after_the_sums_of_pictures(
    taken: list[Any], options: dict[str, Any], dtype: str
) -> None:
    rng = np.random.default_rng(1)
    for kind in KERNELS:
        for stride in (1, 2):
            image, kernel = samples(rng, dtype, (5, 6, 7)), KERNELS[kind](rng, (3, 3, 2))
            if dtype != "float32":
                same(image, kernel, stride=stride, **options)
            else:
                got = fastconv.convolve(image, kernel, stride=stride, **options)
                wanted = reference.convolve(image, kernel, stride=stride, **options)
                np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-3)
    assert taken


@pytest.mark.parametrize("cval", [2.5, -4.0, 300.0])
def test_a_constant_that_no_sample_can_be_lies_outside_of_volumes(
    taken: list[Any], cval: float
) -> None:
    rng = np.random.default_rng(2)
    for kind in KERNELS:
        same(
            samples(rng, "uint8", (4, 5, 6)), KERNELS[kind](rng, (5, 3, 3)), border="constant", cval=cval
        )  # fmt: skip
    assert taken


def test_sums_of_pictures_that_are_nearly_ties_are_summed_again(
    taken: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    again = []
    summed = _planes._defined

    def counted(*args: Any) -> float:
        again.append(args)
        return summed(*args)

    monkeypatch.setattr(_planes, "_defined", counted)
    rng = np.random.default_rng(3)
    kernel = np.full((3, 4, 4), 2.0**-5)
    kernel[1, 1, 1] = 2.0**-5 + 2.0**-45  # no rational number, and sums that are nearly ties
    for border in BORDERS:
        same(rng.integers(0, 9, (5, 6, 7)).astype(np.uint8), kernel, border=border, cval=1.0)
    assert again


def test_infinite_samples_reach_only_results_whose_window_holds_them(taken: list[Any]) -> None:
    image = np.ones((9, 11, 12), np.float32)
    image[4, 5, 6], image[1, 2, 2] = np.nan, np.inf
    got = fastconv.convolve(image, np.full((3, 3, 3), 0.25))
    reached = np.zeros(image.shape, bool)
    reached[3:6, 4:7, 5:8] = reached[0:3, 1:4, 1:4] = True
    np.testing.assert_array_equal(np.isfinite(got), ~reached)
    assert taken


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_large_dense_kernels_of_volumes_and_strides_are_summed_by_spectra(dtype: str) -> None:
    kernel = np.random.default_rng(4).random((31, 31, 31))
    volume = np.broadcast_to(np.zeros((), dtype), (256, 256, 256))
    assert "31 slices" in fastconv.explain(volume, kernel)
    assert "method   fft" in fastconv.explain(volume, kernel)
    assert "method   fft" in fastconv.explain(
        volume[0], np.random.default_rng(4).random((99, 99)), stride=2
    )
    assert "pictures" not in fastconv.explain(volume, kernel[:5, :5, :5])


def test_parts_and_threads_of_pictures_change_no_bit(taken: list[Any]) -> None:
    rng = np.random.default_rng(5)
    image, kernel = rng.random((9, 40, 70), np.float32), rng.random((4, 15, 15))
    wanted = fastconv.convolve(image, kernel, threads=1)
    np.testing.assert_array_equal(fastconv.convolve(image, kernel, threads=2), wanted)
    _planes._SAMPLES = 2**21  # `taken` sets it back
    np.testing.assert_array_equal(fastconv.convolve(image, kernel), wanted)
