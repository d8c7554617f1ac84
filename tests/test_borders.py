# SPDX-License-Identifier: BSD-3-Clause
"""Borders, origins and even kernels sit where scipy.ndimage puts them, for any kernel size.

The judges stand outside: scipy.ndimage, scipy.signal for full and valid, and numpy.pad where a kernel is
so much wider than the image that scipy.ndimage reads outside of it (1.17, mode "reflect", from four
times the image's side on). Pictures and kernels hold small whole numbers, whose sums are exact in any
order, so that equal means equal.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import fastconv
from scipy import ndimage, signal

from .judge import BORDERS, Array, or_refused

pytestmark = pytest.mark.usefixtures("level")

CALLS: list[tuple[str, Callable[..., Any]]] = [
    ("convolve", ndimage.convolve),
    ("correlate", ndimage.correlate),
]
NUMPY_NAMES = {
    "reflect": "symmetric",
    "mirror": "reflect",
    "nearest": "edge",
    "wrap": "wrap",
}
SIZES = [(3, 3), (1, 7), (7, 1), (2, 2), (4, 6), (5, 2), (1, 2), (4, 1), (1, 1), (8, 11)]


def whole(shape: tuple[int, ...], seed: int = 0, low: int = -9, high: int = 9) -> Array:
    """Noise of whole numbers."""
    return np.random.default_rng([seed, *shape]).integers(low, high + 1, shape).astype(np.float64)


def padded(
    image: Array, size: tuple[int, int], centre: tuple[int, int], border: str, cval: float
) -> Array:
    """The image and what the windows see beyond it, by numpy.pad."""
    widths = [(c, n - 1 - c) for n, c in zip(size, centre, strict=True)]
    image = image.astype(np.float64)
    if border == "constant":
        return np.pad(image, widths, constant_values=cval)
    mode: Any = NUMPY_NAMES[border]
    return np.pad(image, widths, mode)


def by_numpy(name: str, image: Array, kernel: Array, border: str, cval: float = 0) -> Array:
    """Same-sized result with origin 0, by numpy.pad and a loop over the taps."""
    height, width = kernel.shape
    flipped = name == "convolve"
    centre = ((height - 1) // 2, (width - 1) // 2) if flipped else (height // 2, width // 2)
    wide = padded(image, (height, width), centre, border, cval)
    weights = kernel[::-1, ::-1] if flipped else kernel
    total = np.zeros(image.shape)
    for ky, kx in np.ndindex(height, width):
        total += weights[ky, kx] * wide[ky : ky + image.shape[0], kx : kx + image.shape[1]]
    return total


# --- same ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES, ids=lambda s: f"{s[0]}x{s[1]}")
@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize(("name", "judge"), CALLS, ids=[name for name, _ in CALLS])
def test_same_is_where_scipy_puts_it(
    name: str, judge: Callable[..., Array], border: str, size: tuple[int, int]
) -> None:
    image, kernel = whole((13, 17)), whole(size, 1)
    wanted = judge(image, kernel, mode=border, cval=3.5)
    got = getattr(fastconv, name)(image, kernel, border=border, cval=3.5)
    assert_array_equal(got, wanted)


@pytest.mark.parametrize("size", [(3, 5), (4, 6), (1, 8), (7, 1), (2, 3)], ids=str)
@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize(("name", "judge"), CALLS, ids=[name for name, _ in CALLS])
def test_every_origin_of_either_axis_is_scipys(
    name: str, judge: Callable[..., Array], border: str, size: tuple[int, int]
) -> None:
    image, kernel = whole((6, 9)), whole(size, 2)
    ranges = [range(-(n // 2), (n - 1) // 2 + 1) for n in size]
    for origin in product(*ranges):
        wanted = judge(image, kernel, mode=border, cval=-2, origin=origin)
        got = getattr(fastconv, name)(image, kernel, border=border, cval=-2, origin=origin)
        assert_array_equal(got, wanted, err_msg=f"origin={origin}")


@pytest.mark.parametrize("name", ["convolve", "correlate"])
def test_one_number_is_the_origin_of_both_axes(name: str) -> None:
    call = getattr(fastconv, name)
    image, kernel = whole((6, 9)), whole((3, 5), 2)
    assert_array_equal(call(image, kernel, origin=1), call(image, kernel, origin=(1, 1)))
    assert not np.array_equal(call(image, kernel, origin=1), call(image, kernel, origin=(1, 0)))


@pytest.mark.parametrize("border", ["mirror", "nearest", "wrap", "constant"])
@pytest.mark.parametrize(("name", "judge"), CALLS, ids=[name for name, _ in CALLS])
@pytest.mark.parametrize(
    ("shape", "size"),
    [((1, 1), (3, 3)), ((1, 5), (4, 12)), ((5, 1), (12, 4)), ((2, 3), (9, 13)), ((3, 2), (1, 31))],
    ids=str,
)
def test_kernel_wider_than_the_image_is_scipys(
    shape: tuple[int, int],
    size: tuple[int, int],
    name: str,
    judge: Callable[..., Array],
    border: str,
) -> None:
    image, kernel = whole(shape), whole(size, 3)
    wanted = judge(image, kernel, mode=border, cval=-7)
    got = getattr(fastconv, name)(image, kernel, border=border, cval=-7)
    assert_array_equal(got, wanted)


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("name", ["convolve", "correlate"])
@pytest.mark.parametrize(
    ("shape", "size"),
    [((1, 1), (5, 7)), ((1, 2), (1, 41)), ((2, 1), (41, 1)), ((2, 3), (22, 33)), ((3, 3), (10, 14)),
     ((4, 70), (19, 3)), ((70, 4), (3, 19)), ((9, 33), (3, 90))],
    ids=str,
)  # fmt: skip
def test_kernel_many_times_wider_than_the_image_goes_on_periodically(
    shape: tuple[int, int], size: tuple[int, int], name: str, border: str
) -> None:
    image, kernel = whole(shape), whole(size, 4)
    got = getattr(fastconv, name)(image, kernel, border=border, cval=5)
    assert_array_equal(got, by_numpy(name, image, kernel, border, 5))


def test_wrap_border_wider_than_image() -> None:
    got = fastconv.correlate(np.array([[1, 2, 3]]), [[1, 0, 0, 0, 0, 0, 0, 0, 0]], border="wrap")
    assert got.tolist() == [[3, 1, 2]]


def test_reflect_border_wider_than_image() -> None:
    got = fastconv.correlate(np.array([[1, 2, 3]]), [[1, 0, 0, 0, 0, 0, 0, 0, 0]])
    assert got.tolist() == [[3, 3, 2]]  # 3 3 2 1 1 2 3 3 2 1 | 1 2 3, four to the left


def test_mirror_of_a_single_pixel_repeats_it() -> None:
    got = fastconv.convolve(np.array([[7]]), np.ones((3, 5)), border="mirror")
    assert got.tolist() == [[7 * 15]]


# --- full and valid ------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES, ids=lambda s: f"{s[0]}x{s[1]}")
@pytest.mark.parametrize(
    ("border", "boundary"), [("constant", "fill"), ("wrap", "wrap"), ("reflect", "symm")]
)
def test_full_is_scipy_signals(border: str, boundary: str, size: tuple[int, int]) -> None:
    image, kernel = whole((12, 14)), whole(size, 5)
    wanted = signal.convolve2d(image, kernel, "full", boundary, fillvalue=2.5)
    got = fastconv.convolve(image, kernel, border=border, cval=2.5, shape="full")
    assert_array_equal(got, wanted)


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("size", SIZES, ids=lambda s: f"{s[0]}x{s[1]}")
@pytest.mark.parametrize("name", ["convolve", "correlate"])
def test_valid_is_scipy_signals_and_knows_no_border(
    name: str, size: tuple[int, int], border: str
) -> None:
    image, kernel = whole((12, 14)), whole(size, 6)
    judge = {"convolve": signal.convolve2d, "correlate": signal.correlate2d}[name]
    got = getattr(fastconv, name)(image, kernel, border=border, cval=np.nan, shape="valid")
    assert_array_equal(got, judge(image, kernel, "valid"))


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (5, 4)], ids=str)
def test_full_of_a_kernel_wider_than_the_image(shape: tuple[int, int], border: str) -> None:
    image, kernel = whole(shape), whole((6, 9), 7)
    wide = padded(image, (11, 17), (5, 8), border, -3)
    got = fastconv.convolve(image, kernel, border=border, cval=-3, shape="full")
    assert_array_equal(got, signal.convolve2d(wide, kernel, "valid"))


@pytest.mark.parametrize(
    ("shape", "size", "left"),
    [((3, 4), (4, 1), (0, 4)), ((3, 4), (1, 6), (3, 0)), ((3, 4), (9, 9), (0, 0)), ((3, 4), (3, 4), (1, 1))],
)  # fmt: skip
def test_valid_is_empty_where_no_window_fits(
    shape: tuple[int, int], size: tuple[int, int], left: tuple[int, int]
) -> None:
    assert fastconv.convolve(whole(shape), np.ones(size), shape="valid").shape == left


def test_same_is_the_middle_of_full() -> None:
    image, kernel = whole((9, 8)), whole((3, 5), 8)
    full = fastconv.convolve(image, kernel, border="mirror", shape="full")
    assert_array_equal(fastconv.convolve(image, kernel, border="mirror"), full[1:-1, 2:-2])


# --- the constant --------------------------------------------------------------------------------


def with_constant(image: Array, kernel: Array, cval: float) -> list[list[int]]:
    """What a convolution of integers must give, by scipy.signal."""
    height, width = kernel.shape
    wide = padded(image, (height, width), ((height - 1) // 2, (width - 1) // 2), "constant", cval)
    low, high = int(np.iinfo(image.dtype).min), int(np.iinfo(image.dtype).max)
    sums = np.rint(signal.convolve2d(wide, kernel, "valid"))
    return [[max(low, min(high, int(v))) for v in row] for row in sums]


@pytest.mark.parametrize("cval", [0, 1, 7.25, -0.5, 255, 256, -1000, 1e6, 3.0e9, -1e15])
@pytest.mark.parametrize("size", [(3, 3), (1, 5), (4, 2)], ids=str)
@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int32", "uint64"])
def test_constant_of_an_integer_picture_may_be_any_number(
    dtype: str, size: tuple[int, int], cval: float
) -> None:
    image = whole((7, 9), 9, 0, 99).astype(dtype)
    kernel = whole(size, 10, 0, 4)
    got = fastconv.convolve(image, kernel, border="constant", cval=cval)
    assert got.dtype == dtype
    assert got.tolist() == with_constant(image, kernel, cval)


@pytest.mark.parametrize("cval", [-(2.0**64), 2.0**65, 1e30, -1e300, np.inf])
@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32", "uint32", "int64", "uint64"])
def test_constant_beyond_all_integers_saturates_or_is_refused(dtype: str, cval: float) -> None:
    image = whole((7, 9), 12, 0, 99).astype(dtype)
    kernel = whole((3, 4), 13, 1, 4)  # no zero and no negative weight: nothing cancels
    call = partial(fastconv.convolve, image, kernel, border="constant", cval=cval)
    got = or_refused(call, "cval")
    if got is None:
        assert image.dtype.itemsize >= 4
    else:
        limit = np.iinfo(dtype).max if cval > 0 else np.iinfo(dtype).min
        assert (got[[0, -1]] == limit).all() and (got[:, [0, -2, -1]] == limit).all()
        assert_array_equal(got[1:-1, 1:-2], fastconv.convolve(image, kernel, shape="valid"))


@pytest.mark.parametrize(("cval", "edge"), [(np.inf, 255), (-np.inf, 0), (np.nan, 0)])
def test_constant_of_an_integer_picture_may_be_no_number(cval: float, edge: int) -> None:
    for width in (6, 40):
        image = np.full((5, width), 9, np.uint8)
        for kernel in (np.ones((3, 3)) / 9, np.array([[1.0, 2, 1], [0, 1, 0], [3, 1, 1]]) / 9):
            got = fastconv.convolve(image, kernel, border="constant", cval=cval)
            assert (got[1:-1, 1:-1] == round(9 * kernel.sum())).all()
            assert (got[[0, -1]] == edge).all() and (got[:, [0, -1]] == edge).all()


@pytest.mark.parametrize("cval", [np.nan, np.inf, -np.inf, 1e30, 0.1])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_constant_of_a_float_picture_reaches_the_windows_that_hold_it(
    dtype: str, cval: float
) -> None:
    image = whole((7, 9)).astype(dtype)
    got = fastconv.convolve(image, np.ones((3, 5)), border="constant", cval=cval)
    inner = fastconv.convolve(image, np.ones((3, 5)), shape="valid")
    assert_array_equal(got[1:-1, 2:-2], inner)
    if not np.isfinite(cval):
        got[1:-1, 2:-2] = cval
        assert_array_equal(got, np.full_like(got, cval))


def test_constant_counts_only_with_border_constant() -> None:
    image = whole((5, 5)).astype(np.uint8)
    for border in ("reflect", "mirror", "nearest", "wrap"):
        one = fastconv.convolve(image, fastconv.box_blur, border=border, cval=1e300)
        assert_array_equal(one, fastconv.convolve(image, fastconv.box_blur, border=border))


# --- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("alias", "border"),
    [
        ("symmetric", "reflect"),  # numpy.pad, scipy.signal
        ("symm", "reflect"),
        ("grid-mirror", "reflect"),
        ("BORDER_REFLECT", "reflect"),
        ("reflect_101", "mirror"),
        ("reflect101", "mirror"),
        ("BORDER_REFLECT_101", "mirror"),
        ("BORDER_REFLECT101", "mirror"),
        ("edge", "nearest"),  # numpy.pad
        ("replicate", "nearest"),  # OpenCV, torch
        ("BORDER_REPLICATE", "nearest"),
        ("extend", "nearest"),  # astropy
        ("circular", "wrap"),  # torch
        ("grid-wrap", "wrap"),
        ("BORDER_WRAP", "wrap"),
        ("fill", "constant"),  # scipy.signal, astropy
        ("pad", "constant"),
        ("grid-constant", "constant"),
        ("BORDER_CONSTANT", "constant"),
        ("Reflect", "reflect"),
    ],
)
def test_names_of_other_libraries_are_understood(alias: str, border: str) -> None:
    image, kernel = whole((3, 4)), whole((5, 5), 11)
    assert fastconv.plan(kernel, border=alias).border == border
    assert_array_equal(
        fastconv.convolve(image, kernel, border=alias, cval=4),
        fastconv.convolve(image, kernel, border=border, cval=4),
    )
