# SPDX-License-Identifier: BSD-3-Clause
"""What holds for every image and kernel that Hypothesis can think of.

First and foremost: the result is the definition's. Then the laws of convolution, in whole numbers, where
they hold exactly.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_array_equal

import fastconv
from fastconv import _levels

from .judge import BORDERS, COMPLEX, INTEGERS, REALS, Array, assert_defined, at_level, or_refused

LEVELS = st.sampled_from(_levels.available())
BORDER = st.sampled_from(BORDERS)
NAME = st.sampled_from(["convolve", "correlate"])
METHOD = st.sampled_from(
    ["auto", "auto", "direct", "separable", "sparse", "box", "dot", "fft", "wide"]
)
# A refusal of a forced method, or of integers that cannot be summed.
REFUSED = r"^(kernel|image|cval) must .*2\*\*\d+|cannot do this|must hold finite weights"

VALUES = st.one_of(
    st.integers(-9, 9).map(float),
    st.floats(-1000, 1000, width=32),
    st.sampled_from([0.0, 0.5, 1 / 3, 0.1, 1e-30, 1e20, -1e30, 1e300, 5e-324, 2.0**-126]),
    st.floats(),
)
FINITE = VALUES.filter(lambda v: abs(v) < float("inf"))


def sides(low: int, high: int, wide: int) -> st.SearchStrategy[tuple[int, int]]:
    return st.tuples(
        st.integers(low, high), st.one_of(st.integers(low, high), st.integers(high, wide))
    )


@st.composite
def images(
    draw: st.DrawFn, dtypes: tuple[str, ...] = (*REALS, *COMPLEX)
) -> tuple[Array, int | None]:
    """An image of any type, shape and strides, and its channel axis."""
    dtype = np.dtype(draw(st.sampled_from(dtypes)))
    shape: tuple[int, ...] = draw(sides(0, 6, 150))
    axis: int | None = None
    extra = draw(st.sampled_from(["none", "none", "channels", "batch"]))
    if extra == "channels":
        axis = draw(st.integers(-3, 2))
        shape = tuple(np.insert(shape, axis % 3, draw(st.integers(1, 5))).tolist())
    elif extra == "batch":
        shape = (draw(st.integers(0, 3)), *shape)
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    if draw(st.booleans()):  # of the whole type: any bits at all
        size = int(np.prod(shape)) * dtype.itemsize
        raw = rng.integers(0, 2 if dtype == np.bool_ else 256, size, dtype=np.uint8)
        image: Array = raw.view(dtype).reshape(shape)
    else:
        image = rng.integers(0, 2 if dtype == np.bool_ else 100, shape).astype(dtype)
        if dtype.kind == "f" and image.size:
            spot = tuple(draw(st.integers(0, n - 1)) for n in shape)
            with np.errstate(over="ignore"):
                image[spot] = draw(VALUES)
    view = draw(
        st.sampled_from(["as it is", "reversed", "stepped", "transposed", "swapped", "fixed"])
    )
    if view == "reversed":
        image = image[::-1, ::-1]
    elif view == "stepped":
        big = np.zeros([2 * n for n in shape], dtype)
        big[tuple(slice(None, None, 2) for _ in shape)] = image
        image = big[tuple(slice(None, None, 2) for _ in shape)]
    elif view == "transposed":
        image = np.asfortranarray(image)
    elif view == "swapped":
        image = image.astype(dtype.newbyteorder("S"))
    elif view == "fixed":
        image.flags.writeable = False
    return image, axis


@st.composite
def kernels(draw: st.DrawFn, values: st.SearchStrategy[float] = VALUES) -> Array:
    """Even and odd, dense, sparse, of rank one, of equal weights, whole, huge and not numbers."""
    shape = draw(sides(1, 5, 9))
    kind = draw(st.sampled_from(["dense", "random", "sparse", "rank one", "box", "whole"]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    if kind == "dense":
        return draw(hnp.arrays(np.float64, shape, elements=values, fill=st.nothing()))
    if kind == "random":
        return rng.normal(size=shape)
    if kind == "sparse":
        kernel = np.zeros(shape)
        for _ in range(draw(st.integers(0, 3))):
            kernel[tuple(draw(st.integers(0, n - 1)) for n in shape)] = draw(values)
        return kernel
    if kind == "rank one":
        column, row = (draw(hnp.arrays(np.float64, n, elements=FINITE)) for n in shape)
        with np.errstate(all="ignore"):
            return np.outer(column, row)
    if kind == "box":
        return np.full(shape, draw(values))
    return rng.integers(-5, 6, shape) / draw(st.sampled_from([1, 2, 7, 9, 10, 16]))


@st.composite
def options(draw: st.DrawFn, size: tuple[int, int]) -> dict[str, Any]:
    chosen: dict[str, Any] = {"border": draw(BORDER)}
    if chosen["border"] == "constant":
        chosen["cval"] = draw(st.one_of(st.integers(-300, 300), FINITE))
    chosen["shape"] = draw(st.sampled_from(["same", "same", "valid", "full"]))
    if chosen["shape"] == "same":
        chosen["origin"] = tuple(draw(st.integers(-(n // 2), (n - 1) // 2)) for n in size)
    return chosen


# --- the definition ------------------------------------------------------------------------------


@given(data=st.data(), picture=images(), kernel=kernels(), name=NAME, level=LEVELS, method=METHOD)
def test_result_is_the_definitions(
    data: st.DataObject,
    picture: tuple[Array, int | None],
    kernel: Array,
    name: str,
    level: str,
    method: str,
) -> None:
    image, axis = picture
    chosen = data.draw(options((kernel.shape[0], kernel.shape[1])), "options")
    chosen["channel_axis"] = axis
    with at_level(level):
        got = or_refused(
            lambda: getattr(fastconv, name)(image, kernel, method=method, **chosen), REFUSED
        )
    if got is not None:
        assert_defined(got, name, image, kernel, method=method, **chosen)


@given(
    picture=images(REALS),
    kernel=kernels(),
    level=LEVELS,
    method=METHOD,
    target=st.sampled_from([*INTEGERS, "float16", "float32", "float64"]),
)
def test_result_of_any_other_type_is_the_definitions(
    picture: tuple[Array, int | None], kernel: Array, level: str, method: str, target: str
) -> None:
    image, axis = picture
    chosen: dict[str, Any] = {"channel_axis": axis, "dtype": target}
    with at_level(level):
        got = or_refused(lambda: fastconv.convolve(image, kernel, method=method, **chosen), REFUSED)
    if got is not None:
        assert_defined(got, "convolve", image, kernel, method=method, **chosen)


@given(
    picture=images(), kernel=kernels(), target=st.sampled_from([*INTEGERS, "float32", "float64"])
)
def test_output_of_any_strides_gets_what_a_new_one_would(
    picture: tuple[Array, int | None], kernel: Array, target: str
) -> None:
    image, axis = picture
    kind = np.dtype(target)
    if image.dtype.kind == "c":
        kind = np.result_type(kind, np.complex64)
        if kind.kind != "c":
            return
    wanted = or_refused(
        lambda: fastconv.convolve(image, kernel, channel_axis=axis, dtype=kind), REFUSED
    )
    if wanted is None:
        return
    out = np.zeros([3 * n for n in image.shape], kind)[
        tuple(slice(1, None, 3) for _ in image.shape)
    ]
    got = fastconv.convolve(image, kernel, channel_axis=axis, out=out)
    assert got is out
    assert_array_equal(out, wanted)


# --- the laws, in whole numbers ------------------------------------------------------------------


def whole(low: int, high: int, largest: int) -> st.SearchStrategy[Array]:
    """Integers in two axes."""
    return hnp.arrays(
        np.int64, hnp.array_shapes(min_dims=2, max_dims=2, max_side=largest),
        elements=st.integers(low, high),
    )  # fmt: skip


PICTURE, KERNEL = whole(-1000, 1000, 12), whole(-50, 50, 6)


@given(PICTURE, KERNEL, st.integers(-9, 9), st.integers(-9, 9), BORDER, st.integers(0, 2**32 - 1))
def test_convolution_is_linear_in_the_image(
    image: Array, kernel: Array, a: int, b: int, border: str, seed: int
) -> None:
    other = np.random.default_rng(seed).integers(-1000, 1000, image.shape)
    both = fastconv.convolve(a * image + b * other, kernel, border=border)
    one, two = (fastconv.convolve(x, kernel, border=border) for x in (image, other))
    assert_array_equal(both, a * one + b * two)


@given(PICTURE, KERNEL, st.integers(-9, 9), BORDER, st.integers(0, 2**32 - 1))
def test_convolution_is_linear_in_the_kernel(
    image: Array, kernel: Array, a: int, border: str, seed: int
) -> None:
    other = np.random.default_rng(seed).integers(-50, 50, kernel.shape)
    both = fastconv.convolve(image, a * kernel + other, border=border)
    one, two = (fastconv.convolve(image, k, border=border) for k in (kernel, other))
    assert_array_equal(both, a * one + two)


@given(PICTURE, KERNEL, st.integers(-20, 20), st.integers(-20, 20))
def test_shifted_image_gives_the_shifted_result(
    image: Array, kernel: Array, y: int, x: int
) -> None:
    got = fastconv.convolve(np.roll(image, (y, x), (0, 1)), kernel, border="wrap")
    result = fastconv.convolve(image, kernel, border="wrap")
    assert_array_equal(got, np.roll(result, (y, x), (0, 1)))


@given(data=st.data(), picture=images(), border=BORDER, level=LEVELS)
def test_identity_returns_the_image(
    data: st.DataObject, picture: tuple[Array, int | None], border: str, level: str
) -> None:
    image, axis = picture
    size = data.draw(sides(1, 4, 7))
    kernel = np.zeros(size)
    centre = tuple(n // 2 for n in size)  # a convolution turns the kernel
    kernel[centre] = 1
    with at_level(level):
        got = fastconv.convolve(image, kernel, border=border, channel_axis=axis)
    for mine, before in ((got.real, image.real), (got.imag, image.imag)):
        assert_array_equal(mine, before)


@given(PICTURE, KERNEL, BORDER, st.data())
def test_convolution_is_correlation_with_the_kernel_turned(
    image: Array, kernel: Array, border: str, data: st.DataObject
) -> None:
    turned = kernel[::-1, ::-1]
    for shape in ("full", "valid"):
        options: dict[str, Any] = {"border": border, "shape": shape, "cval": 7}
        assert_array_equal(
            fastconv.convolve(image, kernel, **options),
            fastconv.correlate(image, turned, **options),
        )
    origin = tuple(data.draw(st.integers(-(n // 2), (n - 1) // 2)) for n in kernel.shape)
    # scipy.ndimage's rule: the origin counts the other way, and even sizes have their centre left
    other = tuple(-o - (n % 2 == 0) for o, n in zip(origin, kernel.shape, strict=True))
    assert_array_equal(
        fastconv.convolve(image, kernel, border=border, origin=origin),
        fastconv.correlate(image, turned, border=border, origin=other),
    )


@given(PICTURE, KERNEL, BORDER)
def test_transposed_image_and_kernel_give_the_transposed_result(
    image: Array, kernel: Array, border: str
) -> None:
    got = fastconv.convolve(image.T, kernel.T, border=border)
    assert_array_equal(got, fastconv.convolve(image, kernel, border=border).T)


@given(PICTURE, KERNEL, KERNEL)
def test_two_kernels_after_each_other_are_their_convolution(
    image: Array, first: Array, second: Array
) -> None:
    full: dict[str, Any] = {"border": "constant", "shape": "full"}
    twice = fastconv.convolve(fastconv.convolve(image, first, **full), second, **full)
    assert_array_equal(
        twice, fastconv.convolve(image, fastconv.convolve(first, second, **full), **full)
    )
    assert_array_equal(
        fastconv.convolve(first, second, **full), fastconv.convolve(second, first, **full)
    )


@given(whole(0, 255, 14), KERNEL, st.integers(1, 300), BORDER)
def test_bytes_round_and_saturate_the_exact_sum(
    image: Array, kernel: Array, divisor: int, border: str
) -> None:
    # the sum of integers is exact; only its quotient is rounded, and ties go to even
    sums = fastconv.convolve(image, kernel, border=border)
    got = fastconv.convolve(image.astype(np.uint8), kernel / divisor, border=border)
    quotient, rest = np.divmod(2 * sums, 2 * divisor)
    up = (rest > divisor) | ((rest == divisor) & (quotient % 2 == 1))
    assert_array_equal(got, np.clip(quotient + up, 0, 255))


@example(np.full((3, 3), 255), 9)
@example(np.full((1, 1), 1), 10)
@given(whole(0, 255, 9), st.integers(1, 20))
def test_mean_of_a_flat_part_is_its_value(image: Array, side: int) -> None:
    flat = np.full((4, 5), int(image[0, 0]), np.uint8)
    assert_array_equal(fastconv.convolve(flat, fastconv.kernels.box(side)), flat)
