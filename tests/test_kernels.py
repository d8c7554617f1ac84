# SPDX-License-Identifier: BSD-3-Clause
"""Kernels have the values, sums and symmetries that their documentation promises.

The judge is `scipy.ndimage`: its filters say what a convolution with a kernel must answer.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray

from fastconv import kernels
from scipy import ndimage

Array = NDArray[np.float64]

FIVE = ["identity", "box_blur", "gaussian_blur", "sharpening", "edge_detection"]
GENERATORS = [name for name in kernels.named() if name not in FIVE]
TO_ONE = ["box", "gaussian", "binomial", "disk", "motion_blur", "sharpen", "unsharp", "emboss"]
TO_ZERO = [
    "sobel",
    "scharr",
    "prewitt",
    "roberts",
    "gaussian_derivative",
    "laplacian",
    "laplacian_of_gaussian",
    "difference_of_gaussians",
]
BLACK, SLOPE = -3.0, 2.0


@pytest.fixture(scope="module")
def picture() -> Array:
    """Return a noise picture with sides that differ."""
    return np.random.default_rng(7).normal(size=(31, 37))


def impulse(shape: tuple[int, ...]) -> Array:
    """Return a 1 in the middle of zeros: what a filter makes of it is the filter's kernel."""
    field = np.zeros(shape)
    field[shape[0] // 2, shape[1] // 2] = 1.0
    return field


def ramp(axis: int) -> Array:
    """Return a picture whose brightness grows evenly along one axis."""
    steps: Array = np.indices((21, 23), dtype=np.float64)[axis]
    return BLACK + SLOPE * steps


def middle(answer: Array) -> float:
    """Return the value far from every border."""
    return float(answer[answer.shape[0] // 2, answer.shape[1] // 2])


# --- what holds for all of them ------------------------------------------------------------------


def test_five_kernels_of_the_post_have_their_values() -> None:
    assert kernels.identity.tolist() == [[0, 0, 0], [0, 1, 0], [0, 0, 0]]
    assert kernels.box_blur.tolist() == [[1 / 9] * 3] * 3
    assert (16 * kernels.gaussian_blur).tolist() == [[1, 2, 1], [2, 4, 2], [1, 2, 1]]
    assert kernels.sharpening.tolist() == [[0, -1, 0], [-1, 5, -1], [0, -1, 0]]
    assert kernels.edge_detection.tolist() == [[0, -1, 0], [-1, 4, -1], [0, -1, 0]]


@pytest.mark.parametrize("name", FIVE)
def test_five_kernels_of_the_post_are_read_only(name: str) -> None:
    kernel = getattr(kernels, name)
    assert not kernel.flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        kernel[0, 0] = 1.0


@pytest.mark.parametrize("name", GENERATORS)
def test_every_generator_returns_a_new_writable_array(name: str) -> None:
    first, second = getattr(kernels, name)(), getattr(kernels, name)()
    assert first.flags.writeable and first.flags.owndata
    assert not np.shares_memory(first, second)
    first += 1.0
    assert_array_equal(getattr(kernels, name)(), second)


@pytest.mark.parametrize("name", list(kernels.named()))
def test_every_kernel_is_float64_contiguous_finite_and_without_negative_zeros(name: str) -> None:
    kernel = kernels.named()[name]
    assert kernel.ndim == 2 and kernel.dtype == np.float64 and kernel.flags.c_contiguous
    assert np.isfinite(kernel).all()
    assert not np.signbit(kernel[kernel == 0]).any()


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("name", ["sobel", "scharr", "prewitt", "gaussian_derivative"])
def test_derivatives_are_contiguous_in_both_axes(name: str, axis: int) -> None:
    assert getattr(kernels, name)(axis=axis).flags.c_contiguous


def test_named_lists_every_public_name_in_a_stable_order() -> None:
    names = list(kernels.named())
    assert names == list(kernels.named())
    assert names[:5] == FIVE
    banks = ("gabor_bank", "hessian", "laws", "steerable")
    assert sorted([*names, *banks, "named"]) == sorted(kernels.__all__)
    assert sorted(TO_ONE + TO_ZERO + ["gabor"]) == sorted(GENERATORS)


@pytest.mark.parametrize("name", TO_ONE)
def test_blurs_and_sharpeners_sum_to_one(name: str) -> None:
    assert math.fsum(kernels.named()[name].ravel()) == pytest.approx(1.0, abs=1e-15)


@pytest.mark.parametrize("name", TO_ZERO)
def test_derivatives_and_bands_sum_to_zero(name: str) -> None:
    assert math.fsum(kernels.named()[name].ravel()) == pytest.approx(0.0, abs=1e-15)


@pytest.mark.parametrize("name", GENERATORS)
def test_every_generator_is_documented_in_full(name: str) -> None:
    function = getattr(kernels, name)
    text = inspect.getdoc(function) or ""
    for section in ("Parameters", "Returns", "Raises", "Notes", "Examples"):
        assert f"\n{section}\n{'-' * len(section)}\n" in text
    documented = text[: text.index("Returns\n---")]
    for parameter in inspect.signature(function).parameters:
        assert re.search(rf"^(\w+, )?{parameter}(, \w+)? : ", documented, re.MULTILINE)


# --- blurs ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [kernels.box, kernels.binomial])
@pytest.mark.parametrize(
    ("size", "shape"),
    [(1, (1, 1)), (4, (4, 4)), ((3, 6), (3, 6)), ([2, 5], (2, 5)), (np.int32(7), (7, 7))],
)
def test_size_is_a_side_or_height_and_width(
    make: Callable[..., Array], size: object, shape: tuple[int, int]
) -> None:
    kernel = make(size)
    assert kernel.shape == shape
    assert math.fsum(kernel.ravel()) == pytest.approx(1.0, abs=1e-15)


def test_box_and_binomial_of_size_3_are_the_kernels_of_the_post() -> None:
    assert_array_equal(kernels.box(3), kernels.box_blur)
    assert_array_equal(kernels.binomial(3), kernels.gaussian_blur)


@pytest.mark.parametrize("size", [3, (5, 7)])
def test_box_convolves_to_scipys_uniform_filter(picture: Array, size: int) -> None:
    expected = ndimage.uniform_filter(picture, size)
    assert_allclose(ndimage.convolve(picture, kernels.box(size)), expected, atol=1e-14)


def test_binomial_is_a_row_of_pascals_triangle_per_axis() -> None:
    expected = np.outer([1, 4, 6, 4, 1], [1, 3, 3, 1])
    assert_array_equal(2**7 * kernels.binomial((5, 4)), expected)


def test_binomial_of_a_long_side_neither_overflows_nor_loses_its_sum() -> None:
    long_row = kernels.binomial((1, 1500))
    assert math.fsum(long_row[0]) == pytest.approx(1.0, abs=1e-14)
    assert_array_equal(long_row, long_row[:, ::-1])


@pytest.mark.parametrize("truncate", [1.0, 2.5, 4.0])
@pytest.mark.parametrize("sigma", [0.1, 0.5, 1.0, 2.3, (0.7, 2.0)])
def test_gaussian_is_scipys_gaussian(sigma: float, truncate: float) -> None:
    kernel = kernels.gaussian(sigma, truncate)
    expected = ndimage.gaussian_filter(
        impulse(kernel.shape), sigma, truncate=truncate, mode="constant"
    )
    assert_allclose(kernel, expected, rtol=1e-14, atol=0)


@pytest.mark.parametrize("sigma", [0.1, 0.8, 1.0, 3.7, (0.7, 2.0)])
def test_gaussian_has_scipys_radius(sigma: float) -> None:
    sigmas = np.broadcast_to(sigma, 2)
    assert kernels.gaussian(sigma, 3.0).shape == tuple(2 * int(3.0 * s + 0.5) + 1 for s in sigmas)


@pytest.mark.parametrize("sigma", [0.6, 1.0, 3.3, 11.1])
def test_round_gaussians_are_symmetric_to_the_bit(sigma: float) -> None:
    for kernel in (
        kernels.gaussian(sigma),
        kernels.unsharp(sigma),
        kernels.laplacian_of_gaussian(sigma),
        kernels.difference_of_gaussians(sigma),
    ):
        for mirrored in (kernel[::-1], kernel[:, ::-1], kernel.T):
            assert_array_equal(kernel, mirrored)


def test_gaussian_is_an_exact_outer_product() -> None:
    # A sigma without reach leaves the 1-D factor of the other axis alone.
    column, row = kernels.gaussian((1.3, 0.01)), kernels.gaussian((0.01, 2.1))
    assert column.shape[1] == row.shape[0] == 1
    assert_array_equal(kernels.gaussian((1.3, 2.1)), np.outer(column, row))


def test_gaussian_of_a_tiny_sigma_is_a_single_one() -> None:
    assert kernels.gaussian(1e-200).tolist() == [[1.0]]


@pytest.mark.parametrize("radius", [0.5, 1, 2.5, 3, 6.2])
def test_disk_is_the_mean_of_the_pixels_within_the_radius(radius: float) -> None:
    kernel = kernels.disk(radius)
    reach = math.floor(radius)
    inside = sum(
        math.hypot(y, x) <= radius
        for y in range(-reach, reach + 1)
        for x in range(-reach, reach + 1)
    )
    assert kernel.shape == (2 * reach + 1, 2 * reach + 1)
    assert np.count_nonzero(kernel) == inside
    assert set(kernel.ravel().tolist()) <= {0.0, 1 / inside}
    assert_array_equal(np.rot90(kernel), kernel)


def test_level_motion_blur_is_the_mean_of_a_row() -> None:
    assert kernels.motion_blur(9).tolist() == [[1 / 9] * 9]
    assert kernels.motion_blur(9, 90).tolist() == [[1 / 9]] * 9
    assert kernels.motion_blur(1, 33).tolist() == [[1.0]]


@pytest.mark.parametrize("length", [1, 2.5, 8, 15])
@pytest.mark.parametrize("angle", [0, 17.5, 45, 60, 90, 133, -20, 725])
def test_motion_blur_sums_to_one_and_turns_with_its_angle(length: float, angle: float) -> None:
    kernel = kernels.motion_blur(length, angle)
    assert math.fsum(kernel.ravel()) == pytest.approx(1.0, abs=1e-15)
    assert (kernel >= 0).all()
    assert_array_equal(kernel, kernel[::-1, ::-1])
    assert_allclose(kernels.motion_blur(length, angle + 180), kernel, atol=1e-13)
    assert_allclose(kernels.motion_blur(length, angle + 90), np.rot90(kernel), atol=1e-13)
    assert_allclose(kernels.motion_blur(length, -angle), kernel[::-1], atol=1e-13)


def test_motion_blur_turns_counter_clockwise_on_the_screen() -> None:
    rising = kernels.motion_blur(9, 45)
    assert rising[0, -1] + rising[1, -2] > 0.1
    assert rising[0, 0] == rising[1, 1] == 0.0


@pytest.mark.parametrize("angle", [0, 30, 45, 77, 90])
def test_motion_blur_is_cut_as_tightly_as_its_angle_allows(angle: float) -> None:
    kernel = kernels.motion_blur(12.5, angle)
    for side in (kernel[0], kernel[-1], kernel[:, 0], kernel[:, -1]):
        assert side.any()


# --- sharpening and relief -----------------------------------------------------------------------


def test_sharpen_of_amount_1_is_the_kernel_of_the_post() -> None:
    assert_array_equal(kernels.sharpen(), kernels.sharpening)


@pytest.mark.parametrize("amount", [0, 0.3, 2.0])
def test_sharpen_takes_the_laplacian_from_the_picture(picture: Array, amount: float) -> None:
    expected = picture - amount * ndimage.laplace(picture)
    assert_allclose(ndimage.convolve(picture, kernels.sharpen(amount)), expected, atol=1e-13)


@pytest.mark.parametrize("sigma", [1.0, (0.5, 1.7)])
def test_unsharp_adds_what_the_blur_takes(picture: Array, sigma: float) -> None:
    expected = picture + 1.5 * (picture - ndimage.gaussian_filter(picture, sigma, truncate=3.0))
    answer = ndimage.convolve(picture, kernels.unsharp(sigma, 1.5, truncate=3.0))
    assert_allclose(answer, expected, atol=1e-13)


def test_amount_0_leaves_the_picture_as_it_is(picture: Array) -> None:
    for kernel in (
        kernels.sharpen(0),
        kernels.unsharp(1.0, 0),
        kernels.emboss(20, 0),
    ):
        assert_array_equal(ndimage.convolve(picture, kernel), picture)


def test_emboss_by_default_is_the_common_kernel_turned_for_convolution() -> None:
    common = np.array([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]])
    assert_array_equal(kernels.emboss(), common[::-1, ::-1])


@pytest.mark.parametrize("angle", range(0, 360, 45))
def test_emboss_has_whole_numbers_in_the_compass_directions(angle: int) -> None:
    kernel = kernels.emboss(angle)
    assert_array_equal(kernel, np.round(kernel))
    assert_array_equal(kernels.emboss(angle + 90), np.rot90(kernel))


def test_emboss_brightens_the_slope_that_faces_the_light() -> None:
    hill = ndimage.gaussian_filter(impulse((21, 21)), 3.0)
    lit = ndimage.convolve(hill, kernels.emboss(90)) - hill
    assert lit[7, 10] > 0 > lit[13, 10]
    lit = ndimage.convolve(hill, kernels.emboss(0)) - hill
    assert lit[10, 13] > 0 > lit[10, 7]


# --- first derivatives ---------------------------------------------------------------------------


def test_derivative_kernels_are_unnormalised_whole_numbers() -> None:
    assert kernels.sobel().tolist() == [[1, 0, -1], [2, 0, -2], [1, 0, -1]]
    assert kernels.scharr().tolist() == [[3, 0, -3], [10, 0, -10], [3, 0, -3]]
    assert kernels.prewitt().tolist() == [[1, 0, -1], [1, 0, -1], [1, 0, -1]]
    assert kernels.roberts(0).tolist() == [[1, 0], [0, -1]]
    assert kernels.roberts(1).tolist() == [[0, 1], [-1, 0]]


@pytest.mark.parametrize("axis", [0, 1, -1, -2])
def test_sobel_convolves_to_scipys_sobel(picture: Array, axis: int) -> None:
    answer = ndimage.convolve(picture, kernels.sobel(axis=axis))
    assert_allclose(answer, ndimage.sobel(picture, axis=axis), atol=1e-13)


@pytest.mark.parametrize("axis", [0, 1, -1, -2])
def test_prewitt_convolves_to_scipys_prewitt(picture: Array, axis: int) -> None:
    answer = ndimage.convolve(picture, kernels.prewitt(axis=axis))
    assert_allclose(answer, ndimage.prewitt(picture, axis=axis), atol=1e-13)


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize(
    ("name", "gain"), [("sobel", 8), ("scharr", 32), ("prewitt", 6), ("gaussian_derivative", 1)]
)
def test_growing_brightness_gives_a_positive_answer(name: str, gain: float, axis: int) -> None:
    kernel = getattr(kernels, name)(axis=axis)
    along = middle(ndimage.convolve(ramp(axis), kernel))
    assert along == pytest.approx(gain * SLOPE, rel=2e-3)
    assert middle(ndimage.convolve(ramp(1 - axis), kernel)) == pytest.approx(0.0, abs=1e-12)


def test_roberts_is_positive_where_brightness_grows_down_its_diagonal() -> None:
    right, left = ramp(0) + ramp(1), ramp(0) - ramp(1)
    assert middle(ndimage.convolve(right, kernels.roberts(0))) == 2 * SLOPE
    assert middle(ndimage.convolve(left, kernels.roberts(1))) == 2 * SLOPE
    assert middle(ndimage.convolve(left, kernels.roberts(0))) == 0.0
    assert middle(ndimage.convolve(right, kernels.roberts(1))) == 0.0


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("order", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("sigma", [0.8, 2.0, (1.5, 0.6)])
def test_gaussian_derivative_convolves_to_scipys_gaussian_filter(
    picture: Array, sigma: float, order: int, axis: int
) -> None:
    orders = (order, 0) if axis == 0 else (0, order)
    kernel = kernels.gaussian_derivative(sigma, order, axis=axis, truncate=3.0)
    expected = ndimage.gaussian_filter(picture, sigma, order=orders, truncate=3.0)
    scale = np.abs(expected).max()
    assert_allclose(ndimage.convolve(picture, kernel), expected, atol=1e-13 * scale)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_gaussian_derivative_is_odd_or_even_to_the_bit(order: int) -> None:
    kernel = kernels.gaussian_derivative(1.3, order, axis=1)
    assert_array_equal(kernel, (-1) ** order * kernel[:, ::-1])
    assert_array_equal(kernel, kernel[::-1])
    assert_array_equal(kernel.T, kernels.gaussian_derivative(1.3, order, axis=0))


def test_gaussian_derivative_of_order_0_is_the_gaussian() -> None:
    assert_array_equal(kernels.gaussian_derivative((1.0, 2.0), 0), kernels.gaussian((1.0, 2.0)))


# --- second derivatives and bands ----------------------------------------------------------------


def test_laplacian_convolves_to_scipys_laplace(picture: Array) -> None:
    answer = ndimage.convolve(picture, kernels.laplacian())
    assert_allclose(answer, ndimage.laplace(picture), atol=1e-13)
    assert_array_equal(kernels.laplacian(), -kernels.edge_detection)


def test_laplacian_with_diagonals_counts_eight_neighbours() -> None:
    assert kernels.laplacian(diagonal=True).tolist() == [[1, 1, 1], [1, -8, 1], [1, 1, 1]]


@pytest.mark.parametrize("sigma", [1.0, 2.0, (1.0, 1.8)])
def test_laplacian_of_gaussian_is_scipys_but_for_its_sum(sigma: float) -> None:
    kernel = kernels.laplacian_of_gaussian(sigma)
    wide = (kernel.shape[0] + 2, kernel.shape[1] + 2)
    theirs = ndimage.gaussian_laplace(impulse(wide), sigma, mode="constant")[1:-1, 1:-1]
    assert middle(kernel) < 0
    assert_allclose(kernel, theirs - theirs.sum() * kernels.gaussian(sigma), atol=1e-12)
    assert abs(math.fsum(kernel.ravel())) < 1e-16


@pytest.mark.parametrize("truncate", [0.6, 1.5, 4.0])
@pytest.mark.parametrize("sigma", [1.0, 2.0, 3.1, (1.0, 1.8)])
def test_bands_answer_nothing_to_a_flat_picture(sigma: float, truncate: float) -> None:
    for kernel in (
        kernels.laplacian_of_gaussian(sigma, truncate),
        kernels.difference_of_gaussians(sigma, truncate=truncate),
    ):
        # Not much smaller than the kernel: mode "reflect" of SciPy 1.17 reads outside a picture
        # when the kernel reaches four times its side.
        flat = np.ones(kernel.shape)
        assert abs(middle(ndimage.convolve(flat, kernel))) < 1e-14


def test_laplacian_of_gaussian_has_rank_2() -> None:
    assert np.linalg.matrix_rank(kernels.laplacian_of_gaussian((1.0, 1.8))) == 2


@pytest.mark.parametrize(("low", "high"), [(1.0, None), (0.1, 1.0), ((0.5, 2.0), (1.5, 2.5))])
def test_difference_of_gaussians_is_the_narrow_blur_minus_the_wide(
    picture: Array, low: float, high: float | None
) -> None:
    wide = 1.6 * low if high is None else high
    kernel = kernels.difference_of_gaussians(low, high, truncate=3.0)
    narrow_blur, wide_blur = (
        ndimage.gaussian_filter(picture, sigma, truncate=3.0) for sigma in (low, wide)
    )
    assert middle(kernel) > 0
    assert kernel.shape == kernels.gaussian(wide, 3.0).shape
    assert_allclose(ndimage.convolve(picture, kernel), narrow_blur - wide_blur, atol=1e-13)


@pytest.mark.parametrize(
    ("frequency", "theta", "options"),
    [
        (0.25, 0.0, {}),
        (0.1, 0.6, {"bandwidth": 1.7, "n_stds": 2}),
        (0.2, 2.5, {"sigma_x": 2.0, "sigma_y": 3.5, "offset": 0.4}),
        (0.3, -1.0, {"sigma_y": 0.2, "offset": -math.pi / 2}),
    ],
)
def test_gabor_is_the_real_part_of_scikit_images(
    frequency: float, theta: float, options: dict[str, float]
) -> None:
    filters = pytest.importorskip("skimage.filters")
    expected = filters.gabor_kernel(frequency, theta, **options).real
    assert_allclose(kernels.gabor(frequency, theta, **options), expected, atol=1e-15)


def test_gabor_answers_to_stripes_of_its_direction_only() -> None:
    stripes = np.cos(2 * np.pi * 0.25 * np.indices((31, 31))[1] + np.pi / 2)
    along = np.abs(ndimage.convolve(stripes, kernels.gabor(0.25)))[8:-8, 8:-8].max()
    across = np.abs(ndimage.convolve(stripes, kernels.gabor(0.25, math.pi / 2)))[8:-8, 8:-8].max()
    assert along > 20 * across


def test_gabor_of_a_very_wide_band_does_not_overflow() -> None:
    assert np.isfinite(kernels.gabor(0.25, bandwidth=5000.0)).all()


# --- bad input -----------------------------------------------------------------------------------

POSITIVE = "a positive finite number"
AXIS = "0 (down the rows) or 1 (along the columns), or -2 or -1 for the same"
SIZE = "a positive int or a (height, width) pair of them"


def parameters(wanted: set[str]) -> list[tuple[str, str]]:
    """Return every pair of a generator and one of its parameters whose name is wanted."""
    return [
        (name, parameter)
        for name in GENERATORS
        for parameter in inspect.signature(getattr(kernels, name)).parameters
        if parameter in wanted
    ]


def assert_rejects(name: str, parameter: str, value: object, allowed: str) -> None:
    """Check that the error names the parameter, what is allowed and what came."""
    message = rf"^{parameter} must be {re.escape(allowed)}.*; got {re.escape(repr(value))}$"
    wrong_kind = isinstance(value, str | bool | complex | np.bool_) or value is None
    with pytest.raises(TypeError if wrong_kind else ValueError, match=message):
        getattr(kernels, name)(**{parameter: value})


@pytest.mark.parametrize("value", [0, -1, -0.5, math.nan, math.inf, 10**400, "2", True, 1j])
@pytest.mark.parametrize(
    ("name", "parameter"),
    parameters(
        {
            "sigma",
            "low_sigma",
            "high_sigma",
            "sigma_x",
            "sigma_y",
            "truncate",
            "radius",
            "frequency",
            "bandwidth",
            "n_stds",
        }
    ),
)
def test_every_generator_rejects_what_is_not_a_positive_number(
    name: str, parameter: str, value: object
) -> None:
    assert_rejects(name, parameter, value, POSITIVE)


@pytest.mark.parametrize("value", [-1, -1e-9, math.nan, math.inf, "1", None, False])
@pytest.mark.parametrize(("name", "parameter"), parameters({"amount"}))
def test_every_generator_rejects_a_negative_amount(
    name: str, parameter: str, value: object
) -> None:
    assert_rejects(name, parameter, value, "a finite number of at least 0")


@pytest.mark.parametrize("value", [math.nan, -math.inf, "90", None, np.True_])
@pytest.mark.parametrize(("name", "parameter"), parameters({"angle", "theta", "offset"}))
def test_every_generator_rejects_what_is_not_an_angle(
    name: str, parameter: str, value: object
) -> None:
    assert_rejects(name, parameter, value, "a finite number")


@pytest.mark.parametrize("value", [0, 0.99, -3, math.inf, "9", True])
def test_motion_blur_rejects_a_length_below_one_pixel(value: object) -> None:
    assert_rejects("motion_blur", "length", value, "a finite number of at least 1")


@pytest.mark.parametrize("value", [2, -3, "1", True, None])
@pytest.mark.parametrize(("name", "parameter"), parameters({"axis"}))
def test_every_generator_rejects_an_axis_that_is_not_there(
    name: str, parameter: str, value: object
) -> None:
    assert_rejects(name, parameter, value, AXIS)


@pytest.mark.parametrize("value", [0, -3, "3", True, None, (3,), (3, 3, 3), ()])
@pytest.mark.parametrize(("name", "parameter"), parameters({"size"}))
def test_every_generator_rejects_a_size_that_is_not_one(
    name: str, parameter: str, value: object
) -> None:
    assert_rejects(name, parameter, value, SIZE)


@pytest.mark.parametrize(
    ("size", "error", "part"),
    [((0, 3), ValueError, "0"), ((3, True), TypeError, "True"), ((3, 2.0), TypeError, "2.0")],
)
def test_each_part_of_a_pair_is_checked(
    size: tuple[int, int], error: type[Exception], part: str
) -> None:
    with pytest.raises(error, match=rf"^size must be {re.escape(SIZE)}; got {part}$"):
        kernels.box(size)


def test_a_whole_float_is_not_an_int() -> None:
    with pytest.raises(TypeError, match=r"^size must be a positive int .*; got 3\.0$"):
        kernels.box(3.0)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"^axis must be 0 .*; got 1\.0$"):
        kernels.sobel(1.0)  # type: ignore[arg-type]


def test_sigma_message_says_what_came_and_what_is_allowed() -> None:
    with pytest.raises(
        ValueError,
        match=r"^sigma must be a positive finite number or a \(sigma_y, sigma_x\) pair of them; "
        r"got -1$",
    ):
        kernels.gaussian(-1)
    with pytest.raises(ValueError, match=r"^sigma must be .* pair of them; got \(1, 2, 3\)$"):
        kernels.gaussian((1, 2, 3))  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [-1, "1", True, None])
def test_gaussian_derivative_rejects_a_negative_order(value: object) -> None:
    assert_rejects("gaussian_derivative", "order", value, "an int of at least 0")


@pytest.mark.parametrize("value", [2, -1, "0", True])
def test_roberts_rejects_a_third_diagonal(value: object) -> None:
    assert_rejects("roberts", "diagonal", value, "0 (down to the right) or 1 (down to the left)")


@pytest.mark.parametrize("value", [1, 0, None, "yes"])
def test_laplacian_rejects_a_diagonal_that_is_not_a_bool(value: object) -> None:
    with pytest.raises(
        TypeError, match=rf"^diagonal must be True or False; got {re.escape(repr(value))}$"
    ):
        kernels.laplacian(value)  # type: ignore[arg-type]


@pytest.mark.parametrize("high", [1.0, 0.5, (2.0, 1.0)])
def test_difference_of_gaussians_rejects_a_wide_blur_that_is_not_wider(high: float) -> None:
    with pytest.raises(ValueError, match=r"^high_sigma must be greater than low_sigma in both"):
        kernels.difference_of_gaussians(1.0, high)


@pytest.mark.parametrize(
    "name", ["gaussian_derivative", "laplacian_of_gaussian", "difference_of_gaussians"]
)
def test_a_sigma_too_small_for_a_difference_is_rejected(name: str) -> None:
    with pytest.raises(ValueError, match=r"^truncate \* (high_)?sigma must be at least 0\.5"):
        getattr(kernels, name)(0.05)


# --- banks ---------------------------------------------------------------------------------------


def test_a_hessian_is_scipys_second_derivatives() -> None:
    image = np.random.default_rng(3).normal(size=(21, 30))
    for kernel, order in zip(kernels.hessian((1.5, 2)), ((2, 0), (1, 1), (0, 2)), strict=True):
        wanted = ndimage.gaussian_filter(image, (1.5, 2), order)
        assert_allclose(ndimage.convolve(image, kernel), wanted, rtol=0, atol=1e-12)


@pytest.mark.parametrize("order", [1, 2])
def test_steerable_kernels_give_every_direction_of_a_few(order: int) -> None:
    few, many = kernels.steerable(1.5, order), kernels.steerable(1.5, order, 7)
    basis = np.stack([kernel.ravel() for kernel in few], axis=1)
    for kernel in many:
        weights, *_ = np.linalg.lstsq(basis, kernel.ravel(), rcond=None)
        assert_allclose(basis @ weights, kernel.ravel(), rtol=0, atol=1e-14)
    assert_allclose(few[0], kernels.gaussian_derivative(1.5, order), rtol=0, atol=1e-15)


def test_a_gabor_bank_is_gabors() -> None:
    bank = kernels.gabor_bank([0.3, 0.1], 3, bandwidth=1.5)
    wanted = [kernels.gabor(f, np.pi * i / 3, bandwidth=1.5) for f in (0.3, 0.1) for i in range(3)]
    assert all(np.array_equal(a, b) for a, b in zip(bank, wanted, strict=True))


@pytest.mark.parametrize("size", [3, 5])
def test_laws_kernels_are_laws_lines(size: int) -> None:
    laws = kernels.laws(size)
    assert len(laws) == {3: 9, 5: 25}[size]
    assert all(kernel.shape == (size, size) for kernel in laws.values())
    for name, kernel in laws.items():
        assert (kernel.sum() == 0) == (name not in (f"L{size}L{size}",))
    level = laws[f"L{size}L{size}"]
    assert_array_equal(level, kernels.binomial(size) * level.sum())
    # as correlated: an edge answers where what is right of it is brighter
    assert laws[f"L{size}E{size}"][0, -1] > 0 > laws[f"L{size}E{size}"][0, 0]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: kernels.hessian(0.0), "sigma"),
        (lambda: kernels.hessian(0.1), "truncate"),
        (lambda: kernels.steerable(1.0, 3), "order"),
        (lambda: kernels.steerable(1.0, 1, 0), "angles"),
        (lambda: kernels.gabor_bank([]), "frequencies"),
        (lambda: kernels.gabor_bank([0.1], 0), "angles"),
        (lambda: kernels.laws(4), "size"),
    ],
)
def test_a_bank_that_cannot_be_made_says_why(call: Callable[[], object], words: str) -> None:
    with pytest.raises(ValueError, match=f"^{words}"):
        call()
