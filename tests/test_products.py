# SPDX-License-Identifier: BSD-3-Clause
"""Kernels that are a column times a row, of any size: under other libraries' names nothing is refused for it,
and no kernel costs more than one of the picture's size.
"""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from PIL import Image

import fastconv
from fastconv import ImageFilter, _products, cv2
from fastconv._borders import index_table
from fastconv._options import Product
from fastconv._products import correlate_product
from fastconv.compat.cv2_kernels import fixed_point

from .judge import BORDERS, Array, allowance, assert_floats_close, definition, small_picture

SIZES = [
    (7, 9, 31, 5),
    (5, 8, 4, 40),
    (1, 1, 9, 9),
    (3, 1, 2, 30),
    (16, 32, 65, 70),
    (40, 33, 12, 17),
]


def bell(size: int) -> Array:
    line = np.exp(-0.5 * ((np.arange(size) - size // 2) / (size / 8)) ** 2)
    return np.asarray(line / line.sum())


def lines_of(name: str, h: int, w: int) -> tuple[Array, Array]:
    if name == "bell":
        return bell(h), bell(w)
    if name == "box":
        return np.full(h, 1 / h), np.full(w, 1 / w)
    if name == "fixed":
        return np.arange(h) % 3 / 16.0, np.arange(1, w + 1) % 5 / 64
    rng = np.random.default_rng([h, w])
    return rng.normal(size=h) / h, rng.normal(size=w) / w


@pytest.mark.parametrize("most", [0, 2**17], ids=["lines", "array"])
@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32", "float64"])
def test_a_product_is_the_definition_of_its_outer_product(
    level: str, border: str, dtype: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Folded or not."""
    monkeypatch.setattr(_products, "LARGEST_FOLDED", most)
    for height, width, h, w in SIZES:
        for name in ("bell", "box", "fixed", "signed"):
            column, row = lines_of(name, h, w)
            for channels in (1, 3):
                image = small_picture((height, width, channels)[: 2 + (channels > 1)], dtype)
                axis = -1 if channels > 1 else None
                for origin in (0, ((h - 1) // 2, -(w // 2))):
                    options: Any = {
                        "border": border,
                        "cval": 3.0,
                        "origin": origin,
                        "channel_axis": axis,
                    }
                    _products._plan_of.cache_clear()
                    got = correlate_product(image, Product(column, row), dtype=None, **options)
                    kernel = np.outer(column, row)
                    wanted = definition("correlate", image, kernel, **options)
                    what = f"{name}, {(height, width, h, w)}, {options}"
                    if wanted.dtype.kind == "f":
                        allowed = allowance("correlate", image, kernel, wanted.dtype, **options)
                        assert_floats_close(got, wanted, allowed, what)
                    else:
                        assert np.array_equal(got, wanted), what


def counted(length: int, size: int, border: str) -> Array:
    """How often a box sees each pixel, for each result: rows of whole numbers."""
    table = index_table(length, -(size // 2), length + size - 1, border)
    counts = np.zeros((length, length), np.int64)
    for y in range(length):
        np.add.at(counts[y], table[y : y + size], 1)
    return counts


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("size", [1301, 5001, 8001])
def test_blur_of_any_width_is_exact(level: str, dtype: str, size: int) -> None:
    image = small_picture((60, 70), dtype) * np.array(np.iinfo(dtype).max // 255, dtype)
    rows, cols = (counted(n, size, "mirror") for n in image.shape)
    sums = rows @ image.astype(np.int64) @ cols.T
    # an odd number of taps has no ties
    wanted = ((2 * sums + size * size) // (2 * size * size)).astype(dtype)
    assert np.array_equal(cv2.blur(image, (size, size)), wanted)


def gaussian_matrix(length: int, line: Array, border: str) -> Array:
    """What each result takes of each pixel, in long doubles."""
    table = index_table(length, -(len(line) // 2), length + len(line) - 1, border)
    matrix: Array = np.zeros((length, length), np.longdouble)
    for y in range(length):
        np.add.at(matrix[y], table[y : y + len(line)], line.astype(np.longdouble))
    return matrix


def test_a_gaussian_of_any_sigma_is_not_refused(level: str) -> None:
    image = small_picture((50, 64), "float32")
    line = cv2.getGaussianKernel(5601, 700)[:, 0]
    rows, cols = (gaussian_matrix(n, line, "mirror") for n in image.shape)
    wanted = (rows @ image.astype(np.longdouble) @ cols.T).astype(np.float64)
    got = cv2.GaussianBlur(image, (0, 0), 700)
    np.testing.assert_allclose(got, wanted, rtol=1e-5)
    # OpenCV's weights for bytes, in 8 binary places
    line = fixed_point(cv2.getGaussianKernel(4201, 700)[:, 0], 8)
    rows, cols = (gaussian_matrix(n, line, "mirror") for n in image.shape)
    wanted = np.rint(rows @ image.astype(np.longdouble) @ cols.T).astype(np.uint8)
    assert np.array_equal(cv2.GaussianBlur(image.astype(np.uint8), (0, 0), 700), wanted)


def test_pillows_gaussian_of_any_radius_is_not_refused(level: str) -> None:
    image = small_picture((40, 52, 3), "uint8")
    blurred = np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(600)))
    line = fastconv.kernels.gaussian((1e-9, 600))[0]
    rows, cols = (gaussian_matrix(n, line, "nearest") for n in image.shape[:2])
    for c in range(3):
        wanted = rows @ image[..., c].astype(np.longdouble) @ cols.T
        assert np.array_equal(blurred[..., c], np.rint(wanted).astype(np.uint8))


def test_a_box_of_any_width_is_never_an_array_of_its_size() -> None:
    image = small_picture((64, 64), "uint8")
    tracemalloc.start()
    cv2.blur(image, (5001, 5001))
    cv2.GaussianBlur(image, (0, 0), 700)
    Image.fromarray(image).filter(ImageFilter.GaussianBlur(600))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20
