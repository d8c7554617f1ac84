# SPDX-License-Identifier: BSD-3-Clause
"""The reference is the definition: it gives what a person computes by hand, and what a program written
from the definition alone, in Python's own numbers, computes.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from fastconv import reference

from .judge import BORDERS, Array, picture

NAN, INF = math.nan, math.inf


# --- written from the definition -----------------------------------------------------------------


def look(line: list[Any], i: int, border: str, cval: Any) -> Any:
    """Value at position `i` of a line that goes on past its ends, found by walking."""
    n = len(line)
    if 0 <= i < n:
        return line[i]
    if border == "constant":
        return cval
    if border == "nearest":
        return line[0] if i < 0 else line[-1]
    if border == "wrap":
        return look(line, i + n if i < 0 else i - n, border, cval)
    if border == "reflect":  # the axis of symmetry lies beside the last pixel
        return look(line, -1 - i if i < 0 else 2 * n - 1 - i, border, cval)
    if n == 1:
        return line[0]
    return look(line, -i if i < 0 else 2 * n - 2 - i, border, cval)  # and here on it


def brute(
    image: list[list[Any]],
    kernel: list[list[Any]],
    border: str,
    cval: Any,
    flipped: bool,
    origin: tuple[int, int],
) -> list[list[Any]]:
    """Sums in row-major order, in whatever arithmetic the numbers have; zero taps skipped."""
    height, width = len(kernel), len(kernel[0])
    if flipped:
        kernel = [row[::-1] for row in kernel[::-1]]
    top, left = (
        (size - 1) // 2 - shift if flipped else size // 2 + shift
        for size, shift in zip((height, width), origin, strict=True)
    )
    blank = [cval] * len(image[0])
    sums: list[list[Any]] = []
    for y in range(len(image)):
        sums.append([])
        for x in range(len(image[0])):
            total: Any = 0 * kernel[0][0] * image[0][0]
            for ky in range(height):
                row = look(image, y + ky - top, border, blank)
                for kx in range(width):
                    if kernel[ky][kx] != 0:
                        total = total + kernel[ky][kx] * look(row, x + kx - left, border, cval)
            sums[-1].append(total)
    return sums


def to_integer(total: Any, dtype: str) -> int:
    """Half to even, then saturate; NaN is 0."""
    low, high = int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
    if total != total:
        return 0
    if total in (INF, -INF):
        return high if total > 0 else low
    return max(low, min(high, round(Fraction(total))))


@pytest.mark.parametrize("flipped", [True, False], ids=["convolve", "correlate"])
@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize(
    ("shape", "size", "origin"),
    [
        ((4, 5), (3, 3), (0, 0)),
        ((4, 5), (2, 4), (0, 0)),
        ((3, 6), (3, 5), (1, -2)),
        ((3, 6), (4, 2), (-2, 0)),
        ((1, 1), (3, 3), (0, 0)),
        ((1, 2), (5, 7), (2, 3)),
        ((2, 3), (9, 13), (0, -4)),
    ],
)
def test_integers_are_those_of_a_program_in_fractions(
    shape: tuple[int, int],
    size: tuple[int, int],
    origin: tuple[int, int],
    border: str,
    flipped: bool,
) -> None:
    rng = np.random.default_rng([*shape, *size])
    image = rng.integers(0, 256, shape, dtype=np.uint8)
    kernel = rng.integers(-20, 21, size) / 8  # eighths make ties, and no sum of theirs is rounded
    sums = brute(
        image.tolist(),
        [[Fraction(w) for w in row] for row in kernel.tolist()],
        border,
        Fraction(77, 4),
        flipped,
        origin,
    )
    call = reference.convolve if flipped else reference.correlate
    for dtype in ("uint8", "int8", "int16", "int64"):
        got = call(image, kernel, border=border, cval=19.25, origin=origin, dtype=dtype)
        assert got.dtype == dtype
        assert got.tolist() == [[to_integer(t, dtype) for t in row] for row in sums]


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("seed", range(5))
def test_float64_sums_round_in_row_major_order_product_and_sum_apart(
    border: str, seed: int
) -> None:
    # Python's floats are float64 and never fuse; other orders, and fused sums, differ in the last bits
    rng = np.random.default_rng(seed)
    image, kernel = rng.normal(size=(5, 6)), rng.normal(size=(4, 5))
    kernel[1, 2] = 0
    sums = brute(image.tolist(), kernel.tolist(), border, 0.1, False, (0, 0))
    assert reference.correlate(image, kernel, border=border, cval=0.1).tolist() == sums


# --- by hand -------------------------------------------------------------------------------------


def test_convolution_of_an_impulse_is_the_kernel_and_correlation_its_rotation() -> None:
    impulse = np.zeros((5, 5))
    impulse[2, 2] = 1
    kernel = np.arange(1.0, 10).reshape(3, 3)
    assert_array_equal(reference.convolve(impulse, kernel)[1:4, 1:4], kernel)
    assert_array_equal(reference.correlate(impulse, kernel)[1:4, 1:4], kernel[::-1, ::-1])


def test_window_of_a_box_adds_its_nine_pixels() -> None:
    image = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]])
    got = reference.convolve(image, np.ones((3, 3)), border="constant")
    assert got.tolist() == [[12, 21, 16], [27, 45, 33], [24, 39, 28]]


@pytest.mark.parametrize(
    ("border", "line"),
    [
        ("reflect", "2112332"),
        ("mirror", "3212321"),
        ("nearest", "1112333"),
        ("wrap", "2312312"),
        ("constant", "9912399"),
    ],
)
def test_borders_by_hand(border: str, line: str) -> None:
    # with the weights 100, 10 and 1 the sums write down what stands side by side
    image, kernel = np.array([[1, 2, 3]]), np.array([[100, 10, 1]])
    got = reference.correlate(image, kernel, border=border, cval=9, shape="full")
    assert got.tolist() == [[int(line[i : i + 3]) for i in range(5)]]


@pytest.mark.parametrize(
    ("tie", "rounded"),
    [(0.5, 0), (1.5, 2), (2.5, 2), (3.5, 4), (-0.5, 0), (-1.5, -2), (-2.5, -2), (2.5000001, 3)],
)
def test_halves_round_to_even(tie: float, rounded: int) -> None:
    assert reference.convolve([[tie]], [[1]], dtype=np.int16).tolist() == [[rounded]]


@pytest.mark.parametrize(
    ("value", "dtype", "wanted"),
    [
        (255.5, "uint8", 255),
        (1e300, "uint8", 255),
        (-0.75, "uint8", 0),
        (-128.5, "int8", -128),
        (127.5, "int8", 127),
        (2.0**31, "int32", 2**31 - 1),
        (2.0**63, "int64", 2**63 - 1),
        (-(2.0**63), "int64", -(2**63)),
        (2.0**63, "uint64", 2**63),
        (2.0**64, "uint64", 2**64 - 1),
        (2.0**64 - 2048, "uint64", 2**64 - 2048),
        (INF, "uint16", 65535),
        (-INF, "int64", -(2**63)),
        (NAN, "uint8", 0),
        (NAN, "int64", 0),
    ],
)
def test_integers_saturate_and_nan_is_zero(value: float, dtype: str, wanted: int) -> None:
    got = reference.convolve(np.array([[value]]), [[1.0]], dtype=dtype)
    assert got.tolist() == [[wanted]] and got.dtype == dtype


def test_zero_taps_are_skipped_so_that_zero_times_infinity_never_appears() -> None:
    image = np.array([[1.0, INF, 2.0, NAN, 3.0]])
    got = reference.correlate(image, [[1, 0, 0]], border="nearest")
    assert_array_equal(got, [[1.0, 1.0, INF, 2.0, NAN]])


def test_zero_taps_are_skipped_in_complex_pictures_too() -> None:
    # a real weight times an imaginary infinity must not make NaN of the real part
    image = np.array([[1 + 1j, complex(2, INF), 3 - 1j]])
    got = reference.correlate(image, [[0, 2, 0]])
    assert got.real.tolist() == [[2, 4, 6]]
    assert got.imag.tolist() == [[2, INF, -2]]


@pytest.mark.parametrize("dtype", ["int64", "uint64"])
def test_integers_that_float64_cannot_hold_are_exact(dtype: str) -> None:
    image = picture((4, 5), dtype, seed=3) // 64
    kernel = np.array([[1, 2, -1], [0, 3, 1]])
    sums = brute(image.tolist(), kernel.tolist(), "mirror", 0, True, (0, 0))
    got = reference.convolve(image, kernel, border="mirror")
    assert got.tolist() == [[to_integer(t, dtype) for t in row] for row in sums]
    assert any(abs(t) > 2**53 and t % 1024 for row in sums for t in row)


def test_large_integer_constant_is_exact() -> None:
    image = np.array([[5, 2**62 + 1]])
    got = reference.correlate(image, [[1, 1, 0]], border="constant", cval=2.0**61, dtype=np.int64)
    assert got.tolist() == [[2**61 + 5, 2**62 + 6]]


@pytest.mark.parametrize("cval", [1e300, -1e300, INF, -INF, NAN])
@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64"])
def test_any_constant_will_do_for_integer_pictures(dtype: str, cval: float) -> None:
    image = np.array([[5, 7, 9]], dtype)
    got = reference.correlate(image, [[1, 0, 0]], border="constant", cval=cval)
    assert got.tolist() == [[to_integer(cval, dtype), 5, 7]]


def test_type_of_the_result_is_the_pictures_but_float32_for_bool_and_native() -> None:
    for dtype in ("uint8", "int64", "float16", "float64", "complex64"):
        assert reference.convolve(np.zeros((2, 2), dtype), [[1]]).dtype == dtype
    assert reference.convolve(np.zeros((2, 2), bool), [[1]]).dtype == np.float32
    assert reference.convolve(np.zeros((2, 2), ">i2"), [[1]]).dtype == np.dtype("=i2")
    assert reference.convolve(np.zeros((2, 2), np.uint8), [[1j]]).dtype == np.complex64
    assert reference.convolve(np.zeros((2, 2)), [[1j]]).dtype == np.complex128


def test_shapes_same_valid_and_full() -> None:
    image, kernel = np.ones((4, 6)), np.ones((3, 2))
    shapes = {shape: reference.convolve(image, kernel, shape=shape).shape for shape in
              ("same", "valid", "full")}  # fmt: skip
    assert shapes == {"same": (4, 6), "valid": (2, 5), "full": (6, 7)}
    assert reference.convolve(image, np.ones((5, 1)), shape="valid").shape == (0, 6)


def test_leading_axes_are_a_batch_and_channel_axis_is_not_convolved() -> None:
    batch = picture((2, 3, 4, 5), np.int16)
    kernel = np.array([[1, 2, 0], [3, -1, 5]])
    one_by_one = [[reference.convolve(a, kernel) for a in row] for row in batch]
    assert_array_equal(reference.convolve(batch, kernel), one_by_one)
    for axis in (-4, -3, -1, 0, 1, 3):
        moved = np.moveaxis(batch, 0, axis)
        got = reference.convolve(moved, kernel, channel_axis=axis)
        assert_array_equal(np.moveaxis(got, axis, 0), one_by_one)


@pytest.mark.parametrize("origin", [np.int64(1), (np.int32(1), 1), np.array([1, 1]), [1, 1]])
def test_origin_may_be_numpys_integers_or_any_pair(origin: Any) -> None:
    image, kernel = picture((4, 5), np.uint8), np.ones((3, 3)) / 9
    got = reference.convolve(image, kernel, origin=origin)
    assert_array_equal(got, reference.convolve(image, kernel, origin=(1, 1)))


def test_input_is_not_changed() -> None:
    image = picture((5, 5), np.float64)
    before: Array = image.copy()
    reference.convolve(image, np.ones((3, 3)), border="constant", cval=3)
    assert_array_equal(image, before)


# --- the post's function -------------------------------------------------------------------------


def test_flattened_is_the_posts_function() -> None:
    img, kernel = picture((6, 7), np.float32) + 500, np.ones((3, 3)) / 9
    w, h = np.asarray(img).shape
    post = np.convolve(img.flatten(), kernel.flatten(), mode="same").reshape((w, h))
    assert_array_equal(reference.flattened(img, kernel), post.astype(np.int64) % 256)
    assert reference.flattened(img, kernel).dtype == np.uint8


def test_flattened_filters_nothing_downwards_and_wraps() -> None:
    image = np.zeros((5, 9), np.uint8)
    image[2, 4] = 100
    column = np.array([[0, 1, 0], [0, 1, 0], [0, 1, 0]])
    got = reference.flattened(image, 3 * column)
    assert set(got.nonzero()[0].tolist()) == {2}
    assert got.max() == 300 % 256
