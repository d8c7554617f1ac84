# SPDX-License-Identifier: BSD-3-Clause
"""Every method, border and type once: what ``pytest -m quick`` asks within half a minute.

Each pair of a method and a border meets each type on a picture of another size: smaller than the kernel,
narrower than a vector, and wider than a few. The other files ask the same questions at length.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import scipy.ndimage
import scipy.signal

import fastconv

from .judge import (
    BORDERS,
    COMPLEX,
    FLOATS,
    INTEGERS,
    KERNELS,
    REALS,
    Array,
    assert_defined,
    check,
    or_refused,
    picture,
)

pytestmark = pytest.mark.quick

LARGE = ("uint32", "int32", "uint64", "int64")
# Kernels of each method, and the types that it takes.
METHODS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "auto": (("dense 3x3", "sparse 3x3", "separable 3x5", "box 5x4", "row 1x7"), REALS),
    "direct": (("dense 3x3", "even 4x6", "column 7x1"), REALS),
    "separable": (("separable 3x5", "box 3x3"), REALS),
    "sparse": (("sparse 3x3", "pair 2x2", "long 1x31"), REALS),
    "box": (("box 3x3", "box 5x4"), REALS),
    "dot": (("dense 3x3", "even 4x6", "row 1x7"), ("uint8", "bool")),
    "fft": (("dense 3x3", "even 4x6", "column 7x1"), REALS),
}
SIZES = ((1, 1), (3, 5), (17, 75), (2, 150), (40, 9), (6, 33))


def values(shape: tuple[int, ...], dtype: str, seed: int) -> Array:
    """All of a type's range, but of large integers only what every method sums exactly."""
    if dtype in LARGE:
        return np.random.default_rng(seed).integers(0, 100, shape).astype(dtype)
    return picture(shape, dtype, seed)


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("method", METHODS)
def test_each_method_border_and_type_is_the_definitions(
    level: str, method: str, border: str
) -> None:
    kernels, types = METHODS[method]
    sizes = itertools.cycle(SIZES)
    for seed, (name, dtype) in enumerate(itertools.product(kernels, types)):
        channels = (1, 3, 4)[seed % 3]
        shape = (*next(sizes), channels) if channels > 1 else next(sizes)
        options: dict[str, Any] = {
            "border": border,
            "method": method,
            "cval": (7, 200 if method == "dot" else -3, 0)[seed % 3],
        }
        if channels > 1:
            options["channel_axis"] = 2
        if dtype == "bool" and method == "dot":
            options["dtype"] = np.uint8
        call = ("convolve", "correlate")[seed % 2]
        check(call, values(shape, dtype, seed), KERNELS[name], f"{name}, {shape}", **options)


@pytest.mark.parametrize("dtype", LARGE)
def test_sums_beyond_float64_are_the_definitions(level: str, dtype: str) -> None:
    image = picture((9, 40), dtype)
    for border in BORDERS:
        check(
            "correlate",
            image,
            np.array([[0, -1, 0], [2, 3, -1], [0, 1, 0]]),
            border=border,
            method="wide",
        )


@pytest.mark.parametrize("dtype", ["int64", "uint64"])
def test_quotients_beyond_float64_are_the_definitions(level: str, dtype: str) -> None:
    image = picture((9, 40), dtype)
    for kernel in (np.full((1, 2), 0.5), np.full((3, 2), 0.25), np.ones((3, 3)) / 9):
        check("convolve", image, kernel)


@pytest.mark.parametrize("target", [*INTEGERS, *FLOATS, *COMPLEX])
def test_each_type_becomes_each_other(level: str, target: str) -> None:
    for seed, source in enumerate((*REALS, *COMPLEX) if target in COMPLEX else REALS):
        image = values((5, 37), source, seed)
        check(
            "convolve", image, KERNELS["dense 3x3"], source, dtype=target, border=BORDERS[seed % 5]
        )


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int16"])
def test_ties_go_to_even(level: str, dtype: str) -> None:
    """Every result is half-way between two integers, or may be."""
    info = np.iinfo(dtype)
    image = np.random.default_rng(2).integers(info.min // 4, info.max // 4, (23, 70)).astype(dtype)
    for kernel in (np.full((2, 2), 0.25), np.full((1, 2), 0.5), np.full((5, 4), 0.05), np.ones((3, 4)) / 6,
                   np.array([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]]) / 8):  # fmt: skip
        for method in ("auto", "direct", "sparse", "separable", "box", "dot"):
            options: dict[str, Any] = {"method": method}
            got = or_refused(partial(fastconv.convolve, image, kernel, **options), "cannot do this")
            if got is not None:
                assert_defined(got, "convolve", image, kernel, method)


@pytest.mark.parametrize("dtype", ["uint16", "int16"])
def test_sums_that_float32_rounds_are_the_definitions(level: str, dtype: str) -> None:
    image = picture((40, 150), dtype)
    for size in (3, 4, 5):  # sums of whole numbers beyond 2**24, divided by an odd number
        whole = np.arange(1.0, size**2 + 1).reshape(size, size) ** 2 % 64
        check("convolve", image, whole / (whole.sum() // 2 * 2 + 1))


def test_fixed_point_dots_near_ties_are_the_definitions(level: str) -> None:
    rng = np.random.default_rng(8)
    image = rng.integers(0, 256, (300, 400)).astype(np.uint8)
    for size in (3, 5, 7):
        kernel = rng.random((size, size))
        check("convolve", image, kernel / kernel.sum(), method="dot")


@pytest.mark.parametrize("shape", ["same", "valid", "full"])
@pytest.mark.parametrize("border", BORDERS)
def test_shapes_origins_strides_and_outputs(level: str, border: str, shape: str) -> None:
    for seed, dtype in enumerate(("uint8", "int16", "float32", "float64", ">i4", ">f8")):
        image = values((2, 14, 40, 3), dtype.replace(">", ""), seed).astype(dtype)
        for view in (image, image[:, ::-1, ::2], image.swapaxes(1, 2), image[..., :2]):
            options: dict[str, Any] = {"border": border, "shape": shape, "channel_axis": -1}
            if shape == "same":
                options["origin"] = (1, -1)
            got = check("convolve", view, KERNELS["even 4x6"], dtype, **options)
            out = np.zeros((*got.shape[:-1], 2 * got.shape[-1]), got.dtype)[..., ::2]
            assert fastconv.convolve(view, KERNELS["even 4x6"], out=out, **options) is out
            assert out.tobytes() == got.tobytes()


@pytest.mark.usefixtures("eager_threads")
@pytest.mark.parametrize("method", ["direct", "separable", "box", "dot", "fft"])
def test_the_number_of_threads_changes_no_bit(level: str, method: str) -> None:
    dtype = "uint8" if method == "dot" else "float32"
    image, kernel = picture((90, 70), dtype), np.full((5, 3), 1 / 15)
    one, *others = (fastconv.convolve(image, kernel, method=method, threads=n) for n in (1, 2, 3))
    assert all(one.tobytes() == other.tobytes() for other in others)
    assert_defined(one, "convolve", image, kernel)


@pytest.mark.usefixtures("eager_threads")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_running_means_in_bands_are_scipys(level: str, dtype: str) -> None:
    image = picture((300, 40), dtype)
    fastconv.set_num_threads(3)
    got = fastconv.ndimage.uniform_filter(image, (5, 1))
    assert got.tobytes() == scipy.ndimage.uniform_filter(image, (5, 1)).tobytes()


FILTERS: dict[str, Callable[[Any, Array, dict[str, Any]], Array]] = {
    "correlate": lambda m, a, o: m.correlate(a, KERNELS["even 4x6"], **o),
    "convolve": lambda m, a, o: m.convolve(a, KERNELS["even 4x6"], origin=(1, -1), **o),
    "correlate1d": lambda m, a, o: m.correlate1d(a, [1, -2, 4, 3], 0, **o),
    "convolve1d": lambda m, a, o: m.convolve1d(a, [1, -2, 4, 3], 1, **o),
    "gaussian_filter": lambda m, a, o: m.gaussian_filter(a, (1.5, 0.8), **o),
    "uniform_filter": lambda m, a, o: m.uniform_filter(a, (3, 4), **o),
    "uniform_filter1d": lambda m, a, o: m.uniform_filter1d(a, 5, 1, **o),
    "sobel": lambda m, a, o: m.sobel(a, 0, **o),
    "laplace": lambda m, a, o: m.laplace(a, **o),
    "gaussian_gradient_magnitude": lambda m, a, o: m.gaussian_gradient_magnitude(a, 1.0, **o),
}


@pytest.mark.filterwarnings("ignore:invalid value")  # SciPy's, of sums that wrapped around
@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("mode", ["reflect", "mirror", "nearest", "wrap", "constant"])
def test_filters_are_scipys_to_the_last_bit(level: str, name: str, mode: str) -> None:
    options = {"mode": mode, "cval": 2.5}
    for seed, (dtype, size) in enumerate(
        zip([*INTEGERS, "float32", "float64"], itertools.cycle(SIZES))
    ):
        image = values(size, dtype, seed)
        got, wanted = (FILTERS[name](m, image, options) for m in (fastconv.ndimage, scipy.ndimage))
        assert got.dtype == wanted.dtype and got.tobytes() == wanted.tobytes(), (dtype, size)


@pytest.mark.parametrize("target", INTEGERS)
def test_sums_beyond_an_integer_type_are_cast_as_scipy_does(level: str, target: str) -> None:
    rng = np.random.default_rng(4)
    image = rng.normal(size=(9, 70)) * 10.0 ** rng.integers(-1, 20, (9, 70))
    for kernel in (np.array([[1.0]]), KERNELS["pair 2x2"]):
        got, wanted = (
            m.correlate(image, kernel, output=target) for m in (fastconv.ndimage, scipy.ndimage)
        )
        assert got.tobytes() == wanted.tobytes()


@pytest.mark.parametrize("boundary", ["fill", "wrap", "symm"])
@pytest.mark.parametrize("name", ["convolve2d", "correlate2d"])
def test_signals_are_scipys_to_the_last_bit(level: str, name: str, boundary: str) -> None:
    for seed, dtype in enumerate([*INTEGERS, "float32", "float64"]):
        image = values((6, 33), dtype, seed)
        for (height, width), mode in itertools.product(
            ((3, 5), (2, 4), (3, 3)), ("full", "same", "valid")
        ):
            kernel = (np.arange(height * width).reshape(height, width) * 7 % 11).astype(dtype)
            got, wanted = (
                getattr(m, name)(image, kernel, mode=mode, boundary=boundary, fillvalue=3)
                for m in (fastconv.signal, scipy.signal)
            )
            assert got.dtype == wanted.dtype and got.tobytes() == wanted.tobytes(), (dtype, mode)
