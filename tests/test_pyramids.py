# SPDX-License-Identifier: BSD-3-Clause
"""Levels of a pyramid are OpenCV's, where that has the type; the judge of all others are plain loops."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import fastconv

from .judge import Array, picture

SIZES = ((1, 1), (2, 3), (1, 9), (5, 7), (8, 8), (33, 70), (64, 131))
TYPES = (
    "uint8",
    "int8",
    "uint16",
    "int16",
    "uint32",
    "int32",
    "uint64",
    "int64",
    "float32",
    "float64",
)


def halved(a: Array) -> Array:
    """The binomial blur's every second pixel, of whole numbers of any size."""
    line = (1, 4, 6, 4, 1)
    for axis in (0, 1):
        n, period = a.shape[axis], max(2 * a.shape[axis] - 2, 1)
        where = np.arange(-2, n + 2) % period
        padded = a.take(np.minimum(where, period - where) if n > 1 else np.zeros_like(where), axis)
        sums = 0
        for k, weight in enumerate(line):
            sums = sums + weight * padded.take(np.arange(k, k + n, 2), axis)
        a = np.asarray(sums)
    return a


@pytest.mark.parametrize("shape", SIZES)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32", "float64"])
def test_a_level_is_pyrdowns(level: str, shape: tuple[int, int], dtype: str) -> None:
    cv2 = pytest.importorskip("cv2")
    for channels in ((), (3,)):
        image = picture((*shape, *channels), dtype)
        wanted = cv2.pyrDown(image)
        got = fastconv.pyramid(image, 1, channel_axis=-1 if channels else None)[1]
        assert got.dtype == image.dtype
        if got.dtype.kind == "f":
            eps = np.finfo(got.dtype).eps
            np.testing.assert_allclose(got, wanted, rtol=0, atol=26 * eps * np.abs(image).max())
        else:
            np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("dtype", TYPES)
def test_integers_are_exact_and_halves_rounded_up(dtype: str) -> None:
    for shape in SIZES:
        image = picture(shape, dtype)
        sums = halved(image.astype(object if image.dtype.kind in "iu" else np.float64))
        got = fastconv.pyramid(image, 1)[1]
        if image.dtype.kind in "iu":
            np.testing.assert_array_equal(got, ((sums + 128) // 256).astype(dtype))
        else:
            np.testing.assert_allclose(got, sums / 256, rtol=1e-4, atol=1e-4)


def test_every_level_is_half_of_the_one_before() -> None:
    image = picture((2, 37, 50), "uint8")
    levels = fastconv.pyramid(image, 7)
    assert levels[0].base is image.base or levels[0] is image
    sizes = [level.shape for level in levels]
    assert sizes[:4] == [(2, 37, 50), (2, 19, 25), (2, 10, 13), (2, 5, 7)]
    assert sizes[-1] == (2, 1, 1)
    for before, after in itertools.pairwise(levels):
        np.testing.assert_array_equal(fastconv.pyramid(before[1], 1)[1], after[1])


def test_complex_and_truth_values_have_pyramids() -> None:
    image = picture((6, 7), "complex64")
    got = fastconv.pyramid(image, 1)[1]
    np.testing.assert_allclose(got.imag, fastconv.pyramid(image.imag.copy(), 1)[1], rtol=1e-5)
    assert fastconv.pyramid(image.real > 0, 1)[1].dtype == np.float32


def test_what_has_no_pyramid_is_refused() -> None:
    image = picture((6, 7), "uint8")
    with pytest.raises(ValueError, match=r"^levels must be at least 0; got -1"):
        fastconv.pyramid(image, -1)
    with pytest.raises(TypeError, match=r"^levels must be an integer"):
        fastconv.pyramid(image, 1.5)  # type: ignore[arg-type]
