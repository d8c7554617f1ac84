# SPDX-License-Identifier: BSD-3-Clause
"""fastconv.cv2 gives what cv2 gives: its types and shapes, integers within one where it rounds otherwise,
and floats within some roundings. What cv2 refuses is what the definition says. What is wrong has words.
"""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import fastconv
from fastconv import reference
from fastconv.compat.cv2 import _gaussian

from .judge import COMPLEX, REALS, Array, assert_defined, picture, small_picture

# arguments of wrong types are among what is tested
ours: Any = fastconv.cv2

FLAGS = {
    "constant": ours.BORDER_CONSTANT,
    "nearest": ours.BORDER_REPLICATE,
    "reflect": ours.BORDER_REFLECT,
    "wrap": ours.BORDER_WRAP,
    "mirror": ours.BORDER_REFLECT_101,
}
KERNEL = np.array([[2.0, -1, 3, 1], [5, 7, -4, 0], [1, 6, -2, 2]]) / 20


@pytest.fixture
def theirs() -> Any:
    """OpenCV itself, on one thread."""
    cv2 = pytest.importorskip("cv2")
    cv2.setNumThreads(1)
    return cv2


def assert_near(got: Array, wanted: Array, image: Array | None = None) -> None:
    """Assert the same type and shape, integers at most one apart, floats some roundings of the largest."""
    assert got.dtype == wanted.dtype and got.shape == wanted.shape
    most = 1.0
    if got.dtype.kind == "f":
        largest = max(1.0, float(np.abs(wanted).max()))
        if image is not None:
            largest = max(largest, float(np.abs(image.astype(np.float64)).max()))
        most = 256 * float(np.finfo(got.dtype).eps) * largest
    off = np.abs(got.astype(np.float64) - wanted.astype(np.float64))
    assert off.max() <= most, f"{off.max()} apart, {most} allowed"


# --- the same as cv2 -----------------------------------------------------------------------------

# A call of either library; `cv` is the module.
CALLS: dict[str, Any] = {
    "filter2D": lambda cv, a, **o: cv.filter2D(a, -1, KERNEL, **o),
    "filter2D 1x5": lambda cv, a, **o: cv.filter2D(a, -1, KERNEL.ravel()[:5], **o),
    "filter2D even float32": lambda cv, a, **o: cv.filter2D(a, -1, KERNEL[:2].astype("f"), **o),
    "filter2D integers": lambda cv, a, **o: cv.filter2D(a, -1, np.arange(-4, 5).reshape(3, 3), **o),
    "sepFilter2D": lambda cv, a, **o: cv.sepFilter2D(a, -1, KERNEL[0], KERNEL[1][:, None] / 3, **o),
    "blur": lambda cv, a, **o: cv.blur(a, (5, 3), **o),
    "blur even": lambda cv, a, **o: cv.blur(a, (4, 2), **o),
    "boxFilter sum": lambda cv, a, **o: cv.boxFilter(a, cv.CV_32F, (2, 5), normalize=False, **o),
    "boxFilter saturates": lambda cv, a, **o: cv.boxFilter(a, -1, (2, 2), normalize=False, **o),
    "GaussianBlur": lambda cv, a, **o: cv.GaussianBlur(a, (5, 7), 1.3, **o),
    "GaussianBlur by sigma": lambda cv, a, **o: cv.GaussianBlur(a, (0, 0), 1.7, sigmaY=0.6, **o),
    "GaussianBlur by size": lambda cv, a, **o: cv.GaussianBlur(a, (11, 3), 0, **o),
    "Sobel": lambda cv, a, **o: cv.Sobel(a, cv.CV_32F, 1, 0, **o),
    "Sobel y": lambda cv, a, **o: cv.Sobel(a, cv.CV_32F, 0, 1, ksize=1, **o),
    "Sobel 5": lambda cv, a, **o: cv.Sobel(a, cv.CV_32F, 1, 2, ksize=5, scale=0.1, **o),
    "Sobel Scharr": lambda cv, a, **o: cv.Sobel(a, cv.CV_32F, 0, 1, ksize=cv.FILTER_SCHARR, **o),
    "Scharr": lambda cv, a, **o: cv.Scharr(a, cv.CV_32F, 1, 0, scale=0.25, **o),
    "Laplacian": lambda cv, a, **o: cv.Laplacian(a, cv.CV_32F, **o),
    "Laplacian 3": lambda cv, a, **o: cv.Laplacian(a, cv.CV_32F, ksize=3, scale=2, **o),
    "Laplacian 7": lambda cv, a, **o: cv.Laplacian(a, cv.CV_32F, ksize=7, scale=0.01, **o),
}


@pytest.mark.parametrize(
    "shape", [(19, 23), (17, 12, 3), (8, 9, 4), (11, 10, 2), (1, 7), (6, 1), (2, 2)]
)
@pytest.mark.parametrize("name", CALLS)
def test_results_are_those_of_cv2(name: str, shape: tuple[int, ...], theirs: Any) -> None:
    for dtype in ("uint8", "uint16", "int16", "float32"):
        image = picture(shape, dtype)
        for border in ("constant", "nearest", "reflect", "mirror"):
            flag = FLAGS[border]
            got, wanted = (CALLS[name](cv, image, borderType=flag) for cv in (ours, theirs))
            assert_near(got, wanted, image)


@pytest.mark.parametrize("flag", ["BORDER_DEFAULT", "BORDER_REFLECT101", "BORDER_ISOLATED"])
def test_constants_are_cv2s(flag: str, theirs: Any) -> None:
    image = picture((9, 8), np.uint8)
    value = getattr(ours, flag) | ours.BORDER_REPLICATE * (flag == "BORDER_ISOLATED")
    assert_near(
        ours.blur(image, (3, 3), borderType=value), theirs.blur(image, (3, 3), borderType=value)
    )


def test_all_constants_have_cv2s_values(theirs: Any) -> None:
    names = [n for n in ours.__all__ if n.startswith(("BORDER_", "CV_", "FILTER_", "ALGO_"))]
    # types and hints that came with OpenCV 5
    new = (
        "CV_32U",
        "CV_64U",
        "CV_64S",
        "ALGO_HINT_DEFAULT",
        "ALGO_HINT_ACCURATE",
        "ALGO_HINT_APPROX",
    )
    known = [n for n in names if n not in new or hasattr(theirs, n)]
    assert {n: getattr(ours, n) for n in known} == {n: getattr(theirs, n) for n in known}


PAIRS = [(source, depth) for source in ("uint8", "uint16", "int16") for depth in (0, 2, 3, 5, 6)]


@pytest.mark.parametrize(("source", "depth"), [*PAIRS, ("float32", 5), ("float64", 6)])
def test_depths_are_cv2s(source: str, depth: int, theirs: Any) -> None:
    image = picture((15, 13), source)
    tried = 0
    calls: list[Any] = [
        lambda cv: cv.filter2D(image, depth, KERNEL),
        lambda cv: cv.sepFilter2D(image, depth, KERNEL[0], KERNEL[1]),
        lambda cv: cv.Sobel(image, depth, 1, 1),
    ]
    if not (
        source == "int16" and depth in (0, 2)
    ):  # cv2's mean of negatives saturates at the wrong end
        calls.append(lambda cv: cv.boxFilter(image, depth, (3, 3)))
    for call in calls:
        got = call(ours)
        try:
            wanted = call(theirs)
        except theirs.error:  # a pair that cv2 does not know
            continue
        tried += 1
        if depth == 6 and source != "float64":  # cv2 may have summed in float32
            assert got.dtype == np.float64
            np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-5 * np.abs(wanted).max())
        else:
            assert_near(got, wanted, image)
    assert tried >= 2


@pytest.mark.parametrize("anchor", [(0, 0), (3, 2), (-1, 0), (1, -1), (2, 1), (-1, -1)])
def test_anchors_are_cv2s(anchor: tuple[int, int], theirs: Any) -> None:
    for dtype in ("uint8", "float32"):
        image = picture((9, 11), dtype)
        for given in (anchor, list(anchor), np.array(anchor)):
            got = ours.filter2D(image, -1, KERNEL, anchor=given)
            assert_near(got, theirs.filter2D(image, -1, KERNEL, anchor=anchor))
        got, wanted = (cv.blur(image, (4, 3), anchor=anchor) for cv in (ours, theirs))
        assert_near(got, wanted)
        got, wanted = (
            cv.sepFilter2D(image, -1, KERNEL[0], KERNEL[1][:3], None, anchor)
            for cv in (ours, theirs)
        )
        assert_near(got, wanted)


@pytest.mark.parametrize("delta", [128, -7, 100.6, 0.5, -0.25])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32"])
def test_delta_is_cv2s(dtype: str, delta: float, theirs: Any) -> None:
    image = picture((13, 14, 3), dtype)
    calls: list[Any] = [
        lambda cv: cv.filter2D(image, -1, KERNEL, delta=delta),
        lambda cv: cv.Sobel(image, -1, 1, 0, delta=delta, scale=0.5),
        lambda cv: cv.Laplacian(image, -1, delta=delta),
        lambda cv: cv.Scharr(image, cv.CV_32F, 0, 1, delta=delta),
        lambda cv: cv.sepFilter2D(image, -1, KERNEL[0], KERNEL[1], delta=delta),
    ]
    for call in calls:
        assert_near(call(ours), call(theirs), image)


@pytest.mark.parametrize("size", [1, 3, 5, 7, 9, 11, 31])
@pytest.mark.parametrize("sigma", [0, 0.3, 1, 2.7, 20])
def test_gaussian_blur_of_integers_is_cv2s_but_for_ties(
    size: int, sigma: float, theirs: Any
) -> None:
    for dtype, places in (("uint8", 8), ("uint16", 16)):
        image = picture((40, 37), dtype)
        got, wanted = (cv.GaussianBlur(image, (size, size), sigma) for cv in (ours, theirs))
        assert_near(got, wanted)
        line = _gaussian((size, 1), sigma, sigma, np.dtype(dtype).char)
        assert (np.ldexp(line, places) % 1 == 0).all() and line.sum() == 1
        kernel = _gaussian((size, size), sigma, sigma, np.dtype(dtype).char)
        exact = reference.correlate(image, kernel, border="mirror", dtype=np.float64)
        assert_array_equal(got[exact % 1 != 0.5], wanted[exact % 1 != 0.5])


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 31])
def test_gaussian_kernels_are_cv2s(size: int, theirs: Any) -> None:
    for sigma in (0, -1, 0.4, 1, 5.5):
        wanted = theirs.getGaussianKernel(size, sigma)
        got = ours.getGaussianKernel(size, sigma)
        assert got.shape == wanted.shape and got.dtype == wanted.dtype
        np.testing.assert_allclose(got, wanted, rtol=1e-13, atol=1e-99)
        assert ours.getGaussianKernel(size, sigma, ours.CV_32F).dtype == np.float32


@pytest.mark.parametrize("size", [*range(1, 32, 2), -1])
def test_derivative_kernels_are_cv2s(size: int, theirs: Any) -> None:
    for dx in range(4):
        for dy in range(4):
            for normalize in (False, True):
                try:
                    wanted = theirs.getDerivKernels(
                        dx, dy, size, normalize=normalize, ktype=theirs.CV_64F
                    )
                except theirs.error:
                    with pytest.raises(ours.error):
                        ours.getDerivKernels(dx, dy, size)
                    continue
                got = ours.getDerivKernels(dx, dy, size, normalize=normalize, ktype=ours.CV_64F)
                for one, other in zip(got, wanted, strict=True):
                    assert one.shape == other.shape and one.dtype == other.dtype
                    np.testing.assert_allclose(one, other, rtol=1e-15)


@pytest.mark.parametrize("shape", [(5,), (4, 5, 1), (4, 5)])
def test_shapes_are_cv2s(shape: tuple[int, ...], theirs: Any) -> None:
    image = picture(shape, np.uint8)
    assert_near(ours.blur(image, (3, 3)), theirs.blur(image, (3, 3)))


def test_dst_is_treated_as_by_cv2(theirs: Any) -> None:
    image = picture((4, 5, 1), np.uint8)
    for shape, dtype in [
        ((4, 5), "u1"),
        ((4, 5, 1), "u1"),
        ((5, 4), "u1"),
        ((4, 5), "i2"),
        ((20,), "u1"),
    ]:
        results = []
        for cv in (ours, theirs):
            dst = np.full(shape, 77, dtype)
            got = cv.blur(image, (3, 3), dst)
            results.append((got is dst, got.shape, got.tolist(), (dst == 77).all()))
        assert results[0] == results[1]


def test_image_can_be_its_own_dst(theirs: Any) -> None:
    for delta in (0, 10.25):
        one, other = picture((30, 31), np.uint8), picture((30, 31), np.uint8)
        assert ours.filter2D(one, -1, KERNEL, one, delta=delta) is one
        theirs.filter2D(other, -1, KERNEL, other, delta=delta)
        assert_near(one, other)


# --- what cv2 refuses ----------------------------------------------------------------------------


@pytest.mark.parametrize("border", FLAGS)
@pytest.mark.parametrize("dtype", [*REALS, *COMPLEX])
def test_every_type_and_border_is_the_definitions(dtype: str, border: str) -> None:
    image = small_picture((12, 11), dtype)
    options: dict[str, Any] = {"border": border}
    extra: dict[str, Any] = {"borderType": FLAGS[border]}
    if border == "constant":
        options["cval"] = extra["borderValue"] = 3.5
        if image.dtype.itemsize == 8 and image.dtype.kind in "iu":
            options["cval"] = extra["borderValue"] = 3
    got = ours.filter2D(image, -1, KERNEL, anchor=(0, 2), **extra)
    assert_defined(got, "correlate", image, KERNEL, origin=(1, -2), **options)
    got = ours.blur(image, (3, 4), **extra)
    assert_defined(got, "correlate", image, np.full((4, 3), 1 / 12), **options)


@pytest.mark.parametrize(
    "depth", ["uint8", "int8", "uint32", "int64", "float16", ">f4", np.float64, "u8"]
)
def test_depth_may_be_a_type_of_numpy(depth: Any) -> None:
    image = picture((9, 8, 2), np.int8)
    got = ours.Sobel(image, depth, 0, 1)
    assert got.dtype == np.dtype(depth).newbyteorder("=")
    kernel = np.array([[-1.0, -2, -1], [0, 0, 0], [1, 2, 1]])
    assert_defined(
        got, "correlate", image, kernel, border="mirror", channel_axis=-1, dtype=got.dtype
    )


def test_depths_of_opencv_5_are_understood() -> None:
    image = picture((5, 6), np.uint8)
    for depth, dtype in [(1, "i1"), (4, "i4"), (7, "f2"), (10, "u8"), (11, "i8"), (12, "u4")]:
        assert ours.blur(image, (3, 3)).dtype == np.uint8
        assert ours.boxFilter(image, depth, (3, 3)).dtype == dtype


@pytest.mark.parametrize("dtype", [">u2", ">f4", ">i4"])
def test_byte_order_and_strides_change_nothing(dtype: str) -> None:
    image = picture((18, 22), dtype)[::-2, 1::3]
    plain = np.ascontiguousarray(image, np.dtype(dtype).newbyteorder("="))
    for delta in (0, 4.5):
        got = ours.filter2D(image, -1, KERNEL, delta=delta)
        assert got.dtype.isnative
        assert_array_equal(got, ours.filter2D(plain, -1, KERNEL, delta=delta))


def test_dst_may_have_strides() -> None:
    image = picture((6, 7), np.uint8)
    for delta in (0, 3):
        whole = np.zeros((12, 21), np.uint8)
        dst = whole[::2, ::3]
        assert ours.filter2D(image, -1, KERNEL, dst, delta=delta) is dst
        assert_array_equal(dst, ours.filter2D(image, -1, KERNEL, delta=delta))
        whole[::2, ::3] = 0
        assert not whole.any()


def test_kernels_may_be_lists_and_images_too() -> None:
    assert ours.filter2D([[1, 2, 3]], -1, [[0, 1, 1]]).tolist() == [[3, 5, 5]]
    assert ours.sepFilter2D([[1, 2, 3]], ours.CV_32F, [1, 0, 0], [2.5]).tolist() == [[5, 2.5, 5]]
    assert ours.blur([[3, 3]], [2, np.int64(2)]).tolist() == [[3, 3]]


def test_complex_kernel_gives_complex_results() -> None:
    image = picture((6, 7), np.float32)
    kernel = np.array([[1, 2j, 0], [0, 1 + 1j, -1]])
    for delta in (0, 2.5):
        got = ours.filter2D(image, -1, kernel, delta=delta)
        assert got.dtype == np.complex64
        wanted = reference.correlate(image, kernel, border="mirror", dtype=np.complex128) + delta
        np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-3)


def test_empty_image_gives_an_empty_image() -> None:
    for shape in [(0, 5), (5, 0), (0, 5, 3)]:
        for delta in (0, 1.5):
            assert ours.filter2D(np.zeros(shape, np.uint8), -1, KERNEL, delta=delta).shape == shape


# --- delta ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("border", FLAGS)
def test_delta_is_added_before_the_only_rounding(border: str) -> None:
    for dtype in ("uint8", "int16", "bool", "int32", "float32", "float64", "float16"):
        image = small_picture((31, 10), dtype)
        for depth in ("uint8", "int8", "int32", "int64", "uint64", "float32"):
            for kernel, delta in (
                (KERNEL, 1.25),
                (np.rint(KERNEL * 20), -90),
                (KERNEL * 0 + 0.5, 0.5),
            ):
                for anchor in ((-1, -1), (0, 0), (3, 2)):
                    got = ours.filter2D(
                        image, depth, kernel, None, anchor, delta, FLAGS[border], borderValue=2.5
                    )
                    at = 0 if anchor == (-1, -1) else (anchor[1] - 1, anchor[0] - 2)
                    sums = reference.correlate(
                        image, kernel, border=border, cval=2.5, origin=at, dtype=np.float64
                    )
                    sums = sums + delta
                    exact = reference.rational(np.append(kernel, delta))
                    integers = image.dtype.kind in "biu" and depth != "float32"
                    if exact and integers and border != "constant":
                        whole, divisor = exact
                        sums = reference.correlate(
                            image, whole[:-1].reshape(kernel.shape), border=border, origin=at,
                            dtype=np.int64,
                        )  # fmt: skip
                        sums = reference.quotients(sums + int(whole[-1]), divisor)
                    wanted = reference._to_pixels(sums, np.dtype(depth))
                    if depth == "float32":
                        np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-4)
                    else:
                        assert_array_equal(got, wanted)


def test_delta_with_kernels_whose_sums_float32_cannot_hold() -> None:
    rng = np.random.default_rng(3)
    for dtype in ("uint8", "int16", "uint16"):
        image = picture((40, 50, 2), dtype)
        for size in (3, 5, 9):  # the last by way of float64
            kernel = rng.normal(size=(size, size)) / size
            for delta in (0.1, 10.0, -3.7):
                got = ours.filter2D(image, -1, kernel, delta=delta)
                sums = reference.correlate(
                    image, kernel, border="mirror", channel_axis=-1, dtype=np.float64
                )
                assert_array_equal(got, reference._to_pixels(sums + delta, np.dtype(dtype)))


@pytest.mark.parametrize("delta", [1, -128, 128, 255, -(2**16) + 1, 2**20])
def test_whole_delta_is_added_to_bytes_before_they_are_rounded_on_every_level(
    level: str, delta: int
) -> None:
    rng = np.random.default_rng(4)
    kernels = {
        "whole": rng.integers(-9, 10, (3, 3)).astype(np.float64),
        "ties": rng.integers(-9, 10, (2, 5)) / 2,
        "long weights": rng.integers(-3000, 3000, (3, 4)).astype(np.float64),
        "box": np.ones((3, 3)) / 9,
        "fractions": rng.normal(size=(5, 4)) / 5,
        "large fractions": rng.normal(size=(3, 3)) * 40,
        "small": rng.normal(size=(7, 6)) * 1e-4,
    }
    for shape, channels in (((1, 1), 0), ((7, 70), 0), ((5, 3), 3), ((9, 41), 3), ((37, 150), 0)):
        image = picture((*shape, channels) if channels else shape, "uint8")
        for name, kernel in kernels.items():
            for border, cval in (("mirror", 0), ("constant", 77), ("wrap", 0)):
                got = ours.filter2D(
                    image, -1, kernel, delta=delta, borderType=FLAGS[border], borderValue=cval
                )
                sums = reference.correlate(
                    image, kernel, border=border, cval=cval, dtype=np.float64,
                    channel_axis=-1 if channels else None,
                )  # fmt: skip
                wanted = reference._to_pixels(sums + delta, np.dtype(np.uint8))
                assert_array_equal(got, wanted, f"{name} {shape} {border}")


def test_whole_delta_is_added_in_place_and_then_again_elsewhere() -> None:
    def strided() -> Array:
        return np.repeat(picture((40, 50), "uint8"), 2, axis=1)[:, ::2]

    wanted = ours.filter2D(np.ascontiguousarray(strided()), -1, KERNEL, delta=9)
    for _ in range(3):
        image = strided()
        assert ours.filter2D(image, -1, KERNEL, image, delta=9) is image
        assert_array_equal(image, wanted)
        other = np.zeros((40, 100), np.uint8)[:, ::2]
        assert_array_equal(ours.filter2D(strided(), -1, KERNEL, other, delta=9), wanted)
        assert_array_equal(ours.filter2D(strided(), -1, KERNEL, delta=9), wanted)


def test_delta_of_bytes_is_added_to_their_dot_products() -> None:
    whole, random = np.ones((3, 3)), np.random.default_rng(0).random((3, 3)) / 4
    for kernel, number in (
        (whole, 10.0), (random, 10.0), (whole / 9, 0.5), (random, 0.5), (random, 0.5**0.5),
    ):  # fmt: skip
        assert fastconv.plan(kernel, pixel=np.uint8, correlate=True, offset=number).method == "dot"


def test_a_call_that_was_made_before_is_found_again(monkeypatch: pytest.MonkeyPatch) -> None:
    image, kernel = picture((17, 70), "uint8"), np.ones((3, 5)) / 15
    for delta in (0.0, 2.5):
        wanted = ours.filter2D(image, -1, kernel, delta=delta)
        with monkeypatch.context() as patch:
            patch.delattr("fastconv.compat.cv2.correlate")  # the long way
            assert_array_equal(ours.filter2D(image, -1, kernel, delta=delta), wanted)


def test_delta_with_a_fraction_is_the_definitions_beside_any_kernel(level: str) -> None:
    rng = np.random.default_rng(3)
    image = picture((17, 70), "uint8")
    for number in (0.5, 0.5**0.5, -7.125, 1e-7, 300.3):
        kernel = rng.normal(size=(3, 5))
        sums = reference.correlate(image, kernel, border="mirror", dtype=np.float64) + number
        wanted = np.clip(np.rint(sums), 0, 255)
        assert_array_equal(ours.filter2D(image, -1, kernel, delta=number), wanted)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_delta_of_floats_is_added_in_their_type_and_warns_of_nothing(dtype: str) -> None:
    image = np.random.default_rng(5).random((9, 21)).astype(dtype)
    image[4, 4] = np.finfo(dtype).max
    plain, number = ours.filter2D(image, -1, np.ones((1, 1))), float(np.finfo(dtype).max)
    with np.errstate(over="ignore"):
        wanted = plain + plain.dtype.type(number)
    assert wanted[4, 4] == np.inf
    apart = np.empty((9, 42), dtype)[:, ::2]
    for out in (None, apart, image.copy()):
        assert_array_equal(ours.filter2D(image, -1, np.ones((1, 1)), out, delta=number), wanted)


def test_delta_times_the_divisor_is_a_whole_number_whatever_its_roundings(level: str) -> None:
    image = picture((9, 70), "uint8")
    kernel = np.array([[1, 2, 1], [2, 88, 2], [1, 2, 1]]) / 100
    for hundredths in (29, 57, 58, 113, -29, 1001):  # 0.29 * 100 is below 29
        sums = reference.correlate(image, kernel * 100, border="mirror", dtype=np.int64)
        wanted = np.clip(reference.quotients(sums + hundredths, 100), 0, 255)
        assert_array_equal(ours.filter2D(image, -1, kernel, delta=hundredths / 100), wanted)


def test_delta_saturates_and_makes_nan_nothing() -> None:
    image = np.array([[np.nan, np.inf, -np.inf, 1e30, -1e30, 7]], np.float32)
    for depth, low, high in [
        ("uint8", 0, 255), ("int16", -(2**15), 2**15 - 1), ("int32", -(2**31), 2**31 - 1),
        ("int64", -(2**63), 2**63 - 1), ("uint64", 0, 2**64 - 1),
    ]:  # fmt: skip
        got = ours.filter2D(image, depth, np.ones((1, 1)), delta=1.5)
        assert got.tolist() == [[0, high, low, high, low, 8]]
    whole = np.array([[0, 100, 255]], np.uint8)
    assert ours.filter2D(whole, -1, np.ones((1, 1)), delta=-100).tolist() == [[0, 0, 155]]
    assert ours.filter2D(whole, ours.CV_8S, np.ones((1, 1)), delta=-300).tolist() == [
        [-128, -128, -45]
    ]
    assert ours.filter2D(whole, "uint64", np.ones((1, 1)), delta=-5).tolist() == [[0, 95, 250]]


def test_smallest_type_of_sums_is_large_enough() -> None:
    kernel = np.array([[127.0]])
    for dtype in ("uint8", "int8", "uint16", "int16", "bool"):
        for delta in (382, 383, -382, 2**31 - 1, 2**31 - 127 * 65536):
            image = picture((5, 5), dtype)
            got = ours.filter2D(image, ours.CV_64S, kernel, delta=delta)
            assert_array_equal(got, image.astype(np.int64) * 127 + delta)


# --- errors --------------------------------------------------------------------------------------

IMAGE = np.zeros((6, 5), np.uint8)
ONES = np.ones((3, 3))
# One more than a side may have, which takes no memory; and more than 2**24 weights.
LONG, FAR = np.broadcast_to(np.uint8(1), 2**24 + 1), np.ones(5000)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: ours.blur(None, (3, 3)), r"^src must be an array; got NoneType$"),
        (lambda: ours.blur("photo.jpg", (3, 3)), r"^src must be of type bool, .*; got str"),
        (lambda: ours.blur(IMAGE.astype("g"), (3, 3)), r"^src must be of type bool.*longdouble|float128"),
        (lambda: ours.blur(np.zeros((2, 3, 4, 5)), (3, 3)), r"^src must have shape .*; got \(2, 3, 4, 5\)$"),
        (lambda: ours.blur(np.uint8(3), (3, 3)), r"^src must have shape \(H, W\) or \(H, W, C\); got \(\)$"),
        (lambda: ours.blur([[1, 2], [3]], (3, 3)), r"^src must be an array; got list$"),
        (lambda: ours.blur(IMAGE, 3), r"^ksize must be a pair of whole numbers, x before y; got 3$"),
        (lambda: ours.blur(IMAGE, (3, 2.5)), r"^ksize must be a pair of whole numbers.*; got 2.5$"),
        (lambda: ours.blur(IMAGE, (0, 3)), r"^ksize must be \(width, height\), each at least 1; got \(0, "),
        (lambda: ours.blur(IMAGE, None), r"^ksize must be a pair"),
        (lambda: ours.blur(IMAGE, (3, 3), anchor=(3, 0)), r"^anchor must be .*; got \(3, 0\)$"),
        (lambda: ours.blur(IMAGE, (3, 3), anchor=(-2, 0)), r"^anchor must be .* inside the kernel of size"),
        (lambda: ours.blur(IMAGE, (3, 3), anchor="no"), r"^anchor must be a pair of whole numbers"),
        (lambda: ours.blur(IMAGE, (3, 3), borderType=5), r"^borderType must be BORDER_CONSTANT.*; got 5$"),
        (lambda: ours.blur(IMAGE, (3, 3), borderType=[]), r"^borderType must be .*; got \[\]$"),
        (lambda: ours.blur(IMAGE, (3, 3), borderType=0, borderValue="x"), r"^borderValue must be a number"),
        (lambda: ours.blur(IMAGE, (3, 3), "dst"), r"^dst must be a NumPy array; got str$"),
        (lambda: ours.boxFilter(IMAGE, 99, (3, 3)), r"^ddepth must be -1, CV_8U .*; got 99$"),
        (lambda: ours.boxFilter(IMAGE, "bool", (3, 3)), r"^ddepth must be .*; got 'bool'$"),
        (lambda: ours.boxFilter(IMAGE, "what", (3, 3)), r"^ddepth must be .*; got 'what'$"),
        (lambda: ours.boxFilter(IMAGE, None, (3, 3)), r"^ddepth must be .*; got None$"),
        (lambda: ours.boxFilter(IMAGE * 1j, 0, (3, 3)), r"^ddepth must be complex"),
        (lambda: ours.filter2D(IMAGE, -1, np.ones((3, 3, 2))), r"^kernel must be 2-D .*\(3, 3, 2\)$"),
        (lambda: ours.filter2D(IMAGE, -1, np.ones((0, 3))), r"^kernel must be 2-D and not empty"),
        (lambda: ours.filter2D(IMAGE, -1, [["a"]]), r"^kernel must "),
        (lambda: ours.filter2D(IMAGE, -1, ONES, delta=np.nan), r"^delta must be a finite number; got nan$"),
        (lambda: ours.filter2D(IMAGE, -1, ONES, delta="1,5"), r"^delta must be a finite number; got '1,5'$"),
        (lambda: ours.sepFilter2D(IMAGE, -1, ONES, ONES[0]), r"^kernelX must have shape .*\(3, 3\)$"),
        (lambda: ours.sepFilter2D(IMAGE, -1, ONES[0], []), r"^kernelY must have shape \(n,\), .*\(0,\)$"),
        (lambda: ours.GaussianBlur(IMAGE, (4, 3), 1), r"^ksize must be .*, both odd, .*; got \(4, 3\)"),
        (lambda: ours.GaussianBlur(IMAGE, (0, 0), 0), r"^ksize must be .* sigmaX=0"),
        (lambda: ours.GaussianBlur(IMAGE, (3, 3), "a"), r"^sigmaX must be a finite number; got 'a'$"),
        (lambda: ours.GaussianBlur(IMAGE, (3, 3), 1, sigmaY=np.inf), r"^sigmaY must be a finite number"),
        (lambda: ours.GaussianBlur(IMAGE, (3, 3), 1, hint=9), r"^hint must be ALGO_HINT_DEFAULT.*; got 9$"),
        (lambda: ours.Sobel(IMAGE, -1, 0, 0), r"^dx and dy must be at least 0, and not both 0; got dx=0"),
        (lambda: ours.Sobel(IMAGE, -1, -1, 1), r"^dx and dy must be at least 0"),
        (lambda: ours.Sobel(IMAGE, -1, 0.5, 1), r"^dx must be a whole number; got 0.5$"),
        (lambda: ours.Sobel(IMAGE, -1, [1], 1), r"^dx must be a whole number; got \[1\]$"),
        (lambda: ours.Sobel(IMAGE, -1, 3, 0), r"^dx and dy must be less than ksize; got 3 and 0 with k"),
        (lambda: ours.Sobel(IMAGE, -1, 1, 0, ksize=4), r"^ksize must be an odd number from 1 to 31; got 4$"),
        (lambda: ours.Sobel(IMAGE, -1, 1, 0, ksize=33), r"^ksize must be an odd number from 1 to 31"),
        (lambda: ours.Sobel(IMAGE, -1, 1, 0, scale=np.nan), r"^scale must be a finite number; got nan$"),
        (lambda: ours.Scharr(IMAGE, -1, 1, 1), r"^dx and dy must be 1 and 0, or 0 and 1, for Scharr"),
        (lambda: ours.Laplacian(IMAGE, -1, ksize=2), r"^ksize must be an odd number from 1 to 31; got 2$"),
        (lambda: ours.Laplacian(IMAGE, -1, ksize=-1), r"^ksize must be an odd number"),
        (lambda: ours.GaussianBlur(IMAGE, (3, 3), 1, hint=[1]), r"^hint must be ALGO_HINT_DEFAULT"),
        (lambda: ours.GaussianBlur(IMAGE, (0, 0), 1e8), r"^ksize, or sigmaX and sigmaY, must make"),
        (lambda: ours.blur(IMAGE, (2**24 + 1, 3)), r"^ksize must make a kernel of at most 2\*\*24"),
        (lambda: ours.sepFilter2D(IMAGE, -1, LONG, LONG), r"^kernelX and kernelY must make a kernel"),
        (lambda: ours.sepFilter2D(IMAGE, -1, FAR, FAR, delta=1), r"^kernelX and kernelY must be real"),
        (lambda: ours.sepFilter2D(IMAGE, -1, np.array(1.0), [1]), r"^kernelX must have shape .*; got \(\)$"),
        (lambda: ours.sepFilter2D(IMAGE, -1, np.array(["a"]), [1]), r"^kernelX must hold numbers"),
        (lambda: ours.boxFilter(IMAGE, -1, (3, 3), normalize="yes"), r"^normalize must be a finite number"),
        (lambda: ours.filter2D(IMAGE, -1, ONES, delta=[1, 2]), r"^delta must be a finite number; got \[1"),
        (lambda: ours.filter2D(IMAGE, -1, ONES, delta=np.ones(2)), r"^delta must be a finite number"),
        (lambda: ours.getGaussianKernel(10**9, 1), r"^ksize must make a kernel of at most"),
        (lambda: ours.getGaussianKernel(0, 1), r"^ksize must be a whole number of at least 1; got 0$"),
        (lambda: ours.getGaussianKernel(3, 1, 0), r"^ktype must be CV_32F or CV_64F; got 0$"),
        (lambda: ours.getDerivKernels(1, 0, 3, ktype=0), r"^ktype must be CV_32F or CV_64F; got 0$"),
    ],
)  # fmt: skip
def test_errors_name_the_argument(call: Any, words: str) -> None:
    for _ in range(2):  # also the second time, when kernels may have been remembered
        with pytest.raises(ours.error, match=words) as caught:
            call()
        assert isinstance(caught.value, ValueError) and isinstance(caught.value, TypeError)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"kernel": np.ones((3, 3, 2))}, r"^kernel must be 2-D .*\(3, 3, 2\)$"),
        ({"kernel": np.ones((0, 3))}, r"^kernel must be 2-D and not empty"),
        ({"kernel": np.array([["a"]])}, r"^kernel must "),
        ({"kernel": np.array([[1j]])}, r"^ddepth must be complex"),
        ({"borderValue": "x"}, r"^borderValue must be a number; got 'x'$"),
        ({"borderValue": 1j}, r"^ddepth must be complex|^borderValue must be real"),
        ({"anchor": (3, 3)}, r"^anchor must be \(x, y\) inside"),
        ({"borderType": 7}, r"^borderType must be"),
        ({"src": IMAGE.astype("g")}, r"^src must be of type bool"),
    ],
)
def test_errors_are_the_same_with_delta(arguments: dict[str, Any], words: str) -> None:
    dst = np.full((6, 5), 9, np.uint8)
    good = {"src": IMAGE, "ddepth": ours.CV_8U, "kernel": ONES, "dst": dst, "borderType": 0}
    for delta in (0, 1.5):
        with pytest.raises(ours.error, match=words):
            ours.filter2D(**good | arguments, delta=delta)
    assert (dst == 9).all()


def test_dst_that_is_read_only_is_an_error_and_stays_what_it_is() -> None:
    dst = np.full((6, 5), 9, np.uint8)
    dst.flags.writeable = False
    for delta in (0, 5):
        with pytest.raises(ours.error, match=r"^dst must be writable; got a read-only array$"):
            ours.filter2D(IMAGE, -1, ONES, dst, delta=delta)
    assert (dst == 9).all()


def test_whole_floats_are_whole_numbers_always() -> None:
    image = picture((7, 6), np.uint8)
    for _ in range(2):
        assert_array_equal(ours.blur(image, (3.0, 5.0)), ours.blur(image, (3, 5)))


def test_kernels_that_are_remembered_cannot_be_changed() -> None:
    image = picture((7, 6), np.uint8)
    before = ours.GaussianBlur(image, (3, 3), 0)
    ours.getGaussianKernel(3, 0)[:] = 0
    for kernel in ours.getDerivKernels(1, 0, 3):
        kernel[:] = 0
    assert_array_equal(ours.GaussianBlur(image, (3, 3), 0), before)
    assert ours.Sobel(image, ours.CV_16S, 1, 0).any()


# --- the module ----------------------------------------------------------------------------------


def test_module_is_loaded_when_it_is_asked_for_and_needs_no_opencv() -> None:
    script = (
        "import sys, fastconv\n"
        "imitations = 'cv2 image_filter ndimage signal dask xarray'.split()\n"
        "early = [name for name in imitations if f'fastconv.{name}' in sys.modules]\n"
        "assert not early, early\n"
        "sys.modules['cv2'] = None\n"
        "assert 'BLUR' in dir(fastconv.ImageFilter)\n"
        "import fastconv.cv2 as cv2\n"
        "assert fastconv.cv2 is cv2 and cv2.blur([[4, 4]], (1, 1)).tolist() == [[4, 4]]\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_names_of_imitations_are_attributes_and_others_are_not() -> None:
    with pytest.raises(AttributeError, match=r"^module 'fastconv' has no attribute 'cv3'$"):
        fastconv.cv3  # noqa: B018
    assert set(ours.__all__) <= set(dir(ours))


# --- kernels as OpenCV takes them ----------------------------------------------------------------

PHOTO = picture((9, 11), "uint8")


@pytest.mark.parametrize("shape", [(3, 5, 1), (3, 1, 1), (1, 5, 1), (1, 1, 1)], ids=str)
def test_kernels_may_have_an_axis_of_one_channel(shape: tuple[int, ...], theirs: Any) -> None:
    kernel = np.arange(1.0, 1 + np.prod(shape)).reshape(shape)
    for delta in (0, 7):
        got, wanted = (m.filter2D(PHOTO, ours.CV_32F, kernel, delta=delta) for m in (ours, theirs))
        assert_array_equal(got, wanted)
    if 1 in shape[:2]:
        got, wanted = (m.sepFilter2D(PHOTO, ours.CV_32F, kernel, kernel) for m in (ours, theirs))
        assert_array_equal(got, wanted)


@pytest.mark.parametrize("shape", [(3, 5, 2), (1, 3, 5), (3, 5, 1, 1)], ids=str)
def test_kernels_of_several_channels_are_errors_as_in_opencv(
    shape: tuple[int, ...], theirs: Any
) -> None:
    for module in (ours, theirs):
        with pytest.raises(module.error):
            module.filter2D(PHOTO, -1, np.ones(shape))


@pytest.mark.parametrize("ksize", [0, -1, -2])
def test_sizes_that_are_not_positive_are_scharrs_as_in_opencv(ksize: int, theirs: Any) -> None:
    for dx, dy in ((1, 0), (0, 1)):
        for depth in (ours.CV_16S, ours.CV_32F):
            got, wanted = (
                m.Sobel(PHOTO, depth, dx, dy, ksize=ksize, scale=0.5) for m in (ours, theirs)
            )
            assert_array_equal(got, wanted)
            assert_array_equal(got, ours.Scharr(PHOTO, depth, dx, dy, scale=0.5))
        for got, wanted in zip(
            *(m.getDerivKernels(dx, dy, ksize) for m in (ours, theirs)), strict=True
        ):
            assert_array_equal(got, wanted)
    for module in (ours, theirs):
        for orders in ((1, 1), (2, 0), (0, 0)):
            with pytest.raises(module.error):
                module.Sobel(PHOTO, ours.CV_32F, *orders, ksize=ksize)
        with pytest.raises(module.error):
            module.Laplacian(PHOTO, ours.CV_32F, ksize=ksize)
