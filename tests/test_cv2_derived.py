# SPDX-License-Identifier: BSD-3-Clause
"""Functions made of OpenCV's filters give OpenCV's pixels, without OpenCV; all other names are its own."""

from __future__ import annotations

import itertools
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import fastconv

from .judge import picture

ours: Any = fastconv.cv2
BORDERS = (ours.BORDER_REPLICATE, ours.BORDER_REFLECT, ours.BORDER_WRAP, ours.BORDER_REFLECT_101)


@pytest.fixture
def theirs() -> Any:
    """OpenCV itself."""
    return pytest.importorskip("cv2")


@pytest.mark.parametrize("shape", [(9, 12), (8, 7, 3), (1, 5), (6, 1), (3, 4, 4)])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32", "float64"])
def test_borders_are_made_as_by_opencv(dtype: str, shape: tuple[int, ...], theirs: Any) -> None:
    image = picture(shape, dtype)
    for widths in [(0, 0, 0, 0), (1, 2, 3, 4), (20, 0, 1, 33)]:
        for border in BORDERS:
            got, wanted = (cv.copyMakeBorder(image, *widths, border) for cv in (ours, theirs))
            assert got.dtype == wanted.dtype
            assert_array_equal(got, wanted)
        for value in (0, 7, 300.5, -1, (1, 2), (1.5, 2.5, 3, 4)):
            got, wanted = (
                cv.copyMakeBorder(image, *widths, cv.BORDER_CONSTANT, value=value) for cv in (ours, theirs)
            )  # fmt: skip
            assert_array_equal(got, wanted)
    dst = np.zeros((shape[0] + 2, shape[1], *shape[2:]), dtype)
    assert ours.copyMakeBorder(image, 1, 1, 0, 0, ours.BORDER_WRAP, dst) is dst
    assert_array_equal(dst[1:-1], image)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32", "float64"])
def test_pyramids_are_opencvs_to_the_pixel(dtype: str, level: str, theirs: Any) -> None:
    for shape in [(9, 12), (8, 7, 3), (1, 5), (6, 1), (2, 2), (33, 70, 4), (64, 64)]:
        image = picture(shape, dtype)
        wide, high = shape[1], shape[0]
        sizes: list[Any] = [None]
        sizes += itertools.product(
            {wide // 2 - 1, wide // 2, (wide + 1) // 2, wide // 2 + 1},
            {high // 2 - 1, high // 2, (high + 1) // 2, high // 2 + 1},
        )
        for border, size in itertools.product(BORDERS, sizes):
            if size is not None and min(size) < 1:
                continue
            try:
                wanted = theirs.pyrDown(image, dstsize=size, borderType=border)
            except theirs.error:
                wanted = None
            # of an even length, one more is a mean about the last pixel
            if wanted is None or wanted.shape[0] * 2 > high + 1 or wanted.shape[1] * 2 > wide + 1:
                with pytest.raises(ours.error):
                    ours.pyrDown(image, dstsize=size, borderType=border)
                continue
            got = ours.pyrDown(image, dstsize=size, borderType=border)
            assert got.dtype == wanted.dtype
            if got.dtype.kind == "f":
                assert_allclose(got, wanted, rtol=1e-5, atol=1e-4)
            else:
                assert_array_equal(got, wanted)


@pytest.mark.parametrize("border", [ours.BORDER_REPLICATE, ours.BORDER_REFLECT_101])
def test_spatial_gradients_are_opencvs(border: int, theirs: Any) -> None:
    for shape in [(9, 12), (3, 3), (40, 64)]:
        image = picture(shape, "uint8")
        for got, wanted in zip(
            *(cv.spatialGradient(image, borderType=border) for cv in (ours, theirs)), strict=True
        ):
            assert got.dtype == wanted.dtype
            assert_array_equal(got, wanted)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32", "float64"])
def test_boxes_of_squares_are_opencvs(dtype: str, theirs: Any) -> None:
    for shape in [(9, 12), (8, 7, 3), (1, 5), (20, 31)]:
        image = picture(shape, dtype)
        for size, normalize, border in itertools.product(
            [(3, 3), (5, 2), (1, 4)], (True, False), (0, 1, 4)
        ):
            for depth in (-1, ours.CV_64F):
                try:
                    wanted = theirs.sqrBoxFilter(
                        image, depth, size, normalize=normalize, borderType=border
                    )
                except theirs.error:
                    continue
                got = ours.sqrBoxFilter(image, depth, size, normalize=normalize, borderType=border)
                assert got.dtype == wanted.dtype and got.shape == wanted.shape
                if dtype == "uint8" and not normalize:
                    assert_array_equal(got, wanted)
                scale = float(np.abs(wanted).max())
                assert_allclose(got, wanted, rtol=2e-6, atol=2e-6 * scale)


@pytest.mark.parametrize("size", [(5, 5), (31, 15), (4, 7), (0, 0), (-1, 9), (9, 0)])
def test_gabor_kernels_are_opencvs(size: tuple[int, int], theirs: Any) -> None:
    for theta, gamma, psi in itertools.product((0, 0.7, 2, np.pi / 2), (0.5, 1, 2), (0, 1.1)):
        for ktype in (ours.CV_32F, ours.CV_64F):
            got, wanted = (
                cv.getGaborKernel(size, 2.3, theta, 5, gamma, psi, ktype) for cv in (ours, theirs)
            )
            assert got.dtype == wanted.dtype and got.shape == wanted.shape
            assert_allclose(got, wanted, rtol=1e-5, atol=1e-7 if ktype == ours.CV_32F else 1e-14)
    assert_allclose(
        ours.getGaborKernel(size, 2, 1, 4, 1), theirs.getGaborKernel(size, 2, 1, 4, 1), atol=1e-14
    )


IMAGE = picture((6, 8), "uint8")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: ours.copyMakeBorder(IMAGE, -1, 0, 0, 0, 0), r"^top must be .* got -1$"),
        (lambda: ours.copyMakeBorder(IMAGE, 0, 0, 0, 1.5, 0), r"^right must be .* got 1.5$"),
        (lambda: ours.copyMakeBorder(IMAGE[:0], 1, 0, 0, 0, 0), r"^src must not be empty"),
        (lambda: ours.copyMakeBorder(IMAGE, 1, 0, 0, 0, 0, value="x"), r"^value must be a number"),
        (lambda: ours.pyrDown(IMAGE, borderType=0), r"^borderType must not be BORDER_CONSTANT"),
        (lambda: ours.pyrDown(IMAGE, dstsize=(2, 3)), r"^dstsize must be half of .*\(2, 3\)$"),
        (lambda: ours.spatialGradient(IMAGE.astype("f")), r"^src must be of type uint8"),
        (lambda: ours.spatialGradient(IMAGE, ksize=5), r"^ksize must be 3; got 5$"),
        (lambda: ours.spatialGradient(IMAGE, borderType=0), r"^borderType must be .* got 0$"),
        (lambda: ours.sqrBoxFilter(None, -1, (3, 3)), r"^src must be an array; got NoneType$"),
        (lambda: ours.getGaborKernel((3, 3), 0, 1, 1, 1), r"^sigma must not be 0"),
        (lambda: ours.getGaborKernel((3, 3), 1, 1, 1, 1, ktype=3), r"^ktype must be .* got 3$"),
        (lambda: ours.getGaborKernel((0, 0), 1e6, 1, 1, 1), r"at most 2\*\*24 weights"),
    ],
)  # fmt: skip
def test_errors_name_the_argument(call: Any, words: str) -> None:
    with pytest.raises(ours.error, match=words):
        call()


def test_no_name_of_opencv_is_lost(theirs: Any) -> None:
    from fastconv.cv2 import imread, medianBlur, stackBlur

    assert (imread, medianBlur, stackBlur) == (theirs.imread, theirs.medianBlur, theirs.stackBlur)
    assert {name for name in dir(theirs) if not name.startswith("_")} <= set(dir(ours))


def test_no_name_of_pillows_filters_is_lost() -> None:
    import PIL.ImageFilter

    from fastconv.ImageFilter import MedianFilter, RankFilter

    assert MedianFilter is PIL.ImageFilter.MedianFilter and RankFilter is PIL.ImageFilter.RankFilter
    missing = set(dir(PIL.ImageFilter)) - set(dir(fastconv.ImageFilter))
    assert missing == set()


def test_names_of_an_opencv_that_is_not_installed_are_clear_errors() -> None:
    script = (
        "import sys; sys.modules['cv2'] = None\n"
        "from fastconv import cv2\n"
        "import numpy as np\n"
        "assert cv2.pyrDown(np.ones((4, 4), np.uint8)).tolist() == [[1, 1], [1, 1]]\n"
        "try:\n"
        "    cv2.medianBlur\n"
        "except AttributeError as problem:\n"
        "    said = str(problem)\n"
        "assert 'medianBlur' in said and 'cv2, which may have it, is not installed' in said, said\n"
        "try:\n"
        "    cv2.nothing_of_the_kind\n"
        "except AttributeError:\n"
        "    pass\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
