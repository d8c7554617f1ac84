# SPDX-License-Identifier: BSD-3-Clause
"""Floats are within (taps + 1) * eps * sum|w||x| of the definition, each by its own window, however large the
pixels beside that window are; and black stays black.
"""

from __future__ import annotations

import numpy as np
import pytest

import fastconv

from . import scenes
from .judge import Array, assert_defined, at_level

METHODS = ("auto", "fft")


def weights(side: int, seed: int = 0) -> Array:
    """Return positive weights that sum to one."""
    kernel = np.random.default_rng(seed).random((side, side))
    normed: Array = kernel / kernel.sum()
    return normed


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_spike_reaches_no_other_windows(level: str, dtype: str, method: str) -> None:
    image = np.full((400, 400), 15, dtype)
    image[:3, :3] = 1e20
    got = fastconv.convolve(image, weights(15), method=method)
    assert np.abs(got[60:, 60:] - 15).max() < 15 * 226 * np.finfo(dtype).eps


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_black_stays_black(level: str, dtype: str, method: str) -> None:
    image = np.zeros((128, 128), dtype)
    image[64, 64] = 60000
    got = fastconv.convolve(image, weights(15), method=method)
    assert not (got < 0).any()
    assert np.count_nonzero(got) == 15 * 15


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("nodata", [-3.4e38, -9999.0, 1e8])
@pytest.mark.parametrize(
    ("source", "target"),
    [("float32", "float32"), ("float64", "float64"), ("complex64", "complex64")],
)
def test_nodata_spoils_no_other_windows(
    level: str, source: str, target: str, nodata: float, method: str
) -> None:
    image = np.random.default_rng(1).uniform(0.5, 2, (150, 170)).astype(source)
    image[40:60, 90:] = nodata
    for kernel in (weights(13), np.random.default_rng(2).normal(size=(17, 12))):
        got = fastconv.convolve(image, kernel, dtype=target, method=method)
        assert_defined(got, "convolve", image, kernel, dtype=target)


@pytest.mark.parametrize("method", METHODS)
def test_integers_to_floats_are_within_the_bound(level: str, method: str) -> None:
    image = np.full((150, 170), 1, np.uint16)
    image[70:90, 20:60] = 65535
    image[:, 120:] = 0
    got = fastconv.convolve(image, weights(13), dtype=np.float32, method=method)
    assert_defined(got, "convolve", image, weights(13), dtype=np.float32)
    assert not got[:, 130:160].any()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("exponent", [-1060, -500, -140, 110, 500, 1010])
def test_pictures_of_any_magnitude_are_within_the_bound(
    level: str, exponent: int, method: str
) -> None:
    dtype = "float32" if abs(exponent) < 150 else "float64"
    image = np.ldexp(np.random.default_rng(3).integers(1, 255, (90, 100)).astype(dtype), exponent)
    got = fastconv.convolve(image, weights(13), method=method)
    assert_defined(got, "convolve", image, weights(13))


def test_bits_of_dark_tiles_do_not_depend_on_threads(level: str) -> None:
    rng = np.random.default_rng(4)
    for name in ("night", "black half", "nodata lowest", "slope", "not finite"):
        image = scenes.SCENES[name](rng, (300, 310)).astype(np.float32)
        for kernel in (weights(21), rng.normal(size=(21, 17))):
            one = fastconv.convolve(image, kernel, method="fft", threads=1)
            two = fastconv.convolve(image, kernel, method="fft", threads=2)
            assert one.tobytes() == two.tobytes()


def test_bits_of_dark_tiles_are_those_of_the_other_level(both_levels: tuple[str, str]) -> None:
    rng = np.random.default_rng(5)
    for name in ("night", "black half", "nodata lowest", "slope", "photo"):
        for dtype in (np.float32, np.float64):
            image = scenes.SCENES[name](rng, (200, 210)).astype(dtype)
            for kernel in (weights(21), rng.normal(size=(21, 17))):
                bits = []
                for each in both_levels:
                    with at_level(each):
                        bits.append(fastconv.convolve(image, kernel, method="fft").tobytes())
                assert bits[0] == bits[1], (name, dtype)


@pytest.mark.parametrize("seed", range(40))
def test_floats_of_random_scenes_are_within_the_bound(level: str, seed: int) -> None:
    """A longer search is benchmarks/search_bound.py."""
    case = scenes.draw(np.random.default_rng(seed), 41)
    for method in METHODS:
        got = fastconv.correlate(
            case.image, case.kernel, dtype=case.dtype, border=case.border, method=method
        )
        assert scenes.excess(got, case) <= 1, case.what


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
def test_direct_takes_kernels_with_zeros(level: str, dtype: str) -> None:
    image = np.random.default_rng(6).integers(0, 255, (40, 50)).astype(dtype)
    for kernel in (
        np.eye(5),
        np.array([[0.0, -1, 0], [-1, 4, -1], [0, -1, 0]]),
        np.array([[1.0, 0, 2]]),
    ):
        assert fastconv.plan(kernel, pixel=dtype, method="direct").method == "direct"
        got = fastconv.convolve(image, kernel, method="direct")
        assert_defined(got, "convolve", image, kernel)
