# SPDX-License-Identifier: BSD-3-Clause
"""Every pixel type, byte order, stride, shape and place of the channels gives what the definition says.

Nothing is asked of an image but numbers: it may be read-only, strided, reversed, transposed or empty,
and the output may be any writable array, also the image itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import fastconv

from .judge import (
    COMPLEX,
    INTEGERS,
    KERNELS,
    NARROW,
    REALS,
    Array,
    assert_defined,
    check,
    picture,
    small_picture,
)

pytestmark = pytest.mark.usefixtures("level")

WHOLE = np.array([[2, -1, 3], [0, 4, -4], [1, 6, -2]])
NINTHS = np.array([[2, -1, 3], [1, 4, -4], [1, 6, -2]]) / 9

VIEWS: dict[str, Callable[[Array], Array]] = {
    "contiguous": lambda a: np.ascontiguousarray(a),
    "fortran": lambda a: np.asfortranarray(a),
    "upside down": lambda a: np.ascontiguousarray(a[::-1])[::-1],
    "right to left": lambda a: np.ascontiguousarray(a[:, ::-1])[:, ::-1],
    "both reversed": lambda a: np.ascontiguousarray(a[::-1, ::-1])[::-1, ::-1],
    "every third column": lambda a: spread(a, (1, 3)),
    "every second row": lambda a: spread(a, (2, 1)),
    "every other backwards": lambda a: spread(a[::-1, ::-1], (2, 2))[::-1, ::-1],
    "inside a larger one": lambda a: inside(a),
    "unaligned": lambda a: unaligned(a),
}


def spread(a: Array, steps: tuple[int, int]) -> Array:
    """The same pixels with others between them."""
    big = np.full((a.shape[0] * steps[0], a.shape[1] * steps[1], *a.shape[2:]), 77, a.dtype)
    view = big[:: steps[0], :: steps[1]]
    view[...] = a
    return view


def inside(a: Array) -> Array:
    big = np.full((a.shape[0] + 4, a.shape[1] + 6, *a.shape[2:]), 99, a.dtype)
    big[2:-2, 3:-3] = a
    return big[2:-2, 3:-3]


def unaligned(a: Array) -> Array:
    """The same pixels at an address that is no multiple of their size."""
    raw = np.zeros(a.nbytes + 1, np.uint8)
    view = raw[1:].view(a.dtype).reshape(a.shape)
    view[...] = a
    return view


# --- types ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize(
    "dtype", ["bool", "uint8", "int8", "uint16", "int16", *NARROW[5:7], "float64"]
)
def test_every_small_type_with_every_kind_of_kernel(dtype: str, name: str) -> None:
    for seed, border in enumerate(("reflect", "constant")):
        check("convolve", picture((23, 37), dtype, seed), KERNELS[name], border=border, cval=3)


@pytest.mark.parametrize("dtype", ["uint32", "int32", "uint64", "int64"])
@pytest.mark.parametrize("name", KERNELS)
def test_every_large_integer_type_with_every_kind_of_kernel(dtype: str, name: str) -> None:
    for seed, border in enumerate(("reflect", "constant")):
        image = small_picture((23, 37), dtype, seed)
        check("convolve", image, KERNELS[name], border=border, cval=3)


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("dtype", COMPLEX)
def test_complex_pictures_are_pairs_of_reals(dtype: str, name: str) -> None:
    image = picture((19, 21), dtype)
    got = check("convolve", image, KERNELS[name], border="constant", cval=2 - 3j)
    assert got.dtype == dtype


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64", *COMPLEX])
def test_complex_kernels_make_complex_results(dtype: str) -> None:
    kernel = NINTHS + 1j * WHOLE
    got = check("convolve", picture((11, 14), dtype), kernel, border="wrap")
    assert got.dtype == ("complex128" if dtype in ("float64", "complex128") else "complex64")
    check("correlate", picture((11, 14, 3), dtype), kernel, channel_axis=-1)


@pytest.mark.parametrize("dtype", REALS)
def test_result_has_the_pictures_type_but_float32_for_bool(dtype: str) -> None:
    image = small_picture((3, 4), dtype)
    wanted = "float32" if dtype == "bool" else dtype
    assert fastconv.convolve(image, WHOLE).dtype == wanted
    assert fastconv.correlate(image, WHOLE).dtype == wanted


@pytest.mark.parametrize("target", [*INTEGERS, "float16", "float32", "float64", *COMPLEX])
@pytest.mark.parametrize("source", REALS)
def test_dtype_converts_from_every_type_to_every_type(source: str, target: str) -> None:
    image = small_picture((9, 13), source)
    for kernel in (WHOLE, NINTHS, KERNELS["box 5x4"], KERNELS["separable 3x5"]):
        got = check("convolve", image, kernel, dtype=target)
        assert got.dtype == target


@pytest.mark.parametrize("target", ["uint8", "int8", "uint16", "int16", "uint32", "int32"])
@pytest.mark.parametrize(
    "source", ["uint8", "int8", "uint16", "int16", "uint32", "int32", "float32"]
)
def test_conversion_saturates_at_the_results_type(source: str, target: str) -> None:
    image = picture((9, 40), source)
    check("convolve", image, np.array([[1, 2, -1], [0, 1, 0]]), dtype=target)
    check("convolve", image, NINTHS, dtype=target)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_float_to_integer_rounds_and_saturates_by_the_definition(dtype: str) -> None:
    image = picture((17, 23), dtype)
    image[3, 4], image[9, 9], image[0, -1] = np.nan, np.inf, -np.inf
    for target in INTEGERS:
        for name in ("one tap", "dense 3x3", "separable 3x5", "sparse 3x3", "box 3x3"):
            check("convolve", image, KERNELS[name], f"{target} {name}", dtype=target)


@pytest.mark.parametrize("target", INTEGERS)
@pytest.mark.parametrize("source", ["float32", "float64"])
def test_floats_at_the_limits_of_every_integer_type(source: str, target: str) -> None:
    powers = 2.0 ** np.array([7, 8, 15, 16, 31, 32, 53, 62, 63, 64, 65])
    values = np.concatenate([powers, -powers, [0.0, -0.0, 1e30, -1e30]])
    near = [np.nextafter(values.astype(source), np.array(to, source)) for to in (-np.inf, np.inf)]
    halves = [values - 0.5, values + 0.5, values - 1.5]
    image = np.stack([values, *near, *halves]).astype(source)
    check("convolve", image, np.array([[1.0]]), dtype=target)
    check("convolve", np.tile(image, (1, 5)), np.array([[0, 1.0, 0], [0, 0, 0]]), dtype=target)


def test_halves_round_to_even() -> None:
    image = np.arange(-12, 13, dtype=np.int16)[np.newaxis]
    got = fastconv.convolve(image, [[0.5]])
    assert got.tolist() == [[round(v / 2) for v in range(-12, 13)]]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_floats_keep_subnormals_infinities_and_signed_zeros(dtype: str) -> None:
    info = np.finfo(dtype)
    values = [info.smallest_subnormal, -info.tiny, info.max, -np.inf, 0.0, np.nan, info.eps]
    image = np.array([values], dtype)
    assert_array_equal(fastconv.convolve(image, [[1]]), image)


def test_all_float16_numbers_pass_through() -> None:
    image = np.arange(65536, dtype=np.uint16).view(np.float16).reshape(256, 256)
    assert_array_equal(fastconv.convolve(image, [[1]]), image)


def test_float32_becomes_float16_as_numpy_rounds_it() -> None:
    bits = np.random.default_rng(0).integers(0, 2**32, (64, 400), dtype=np.uint32)
    image = bits.view(np.float32)
    image[32:] = (
        np.random.default_rng(1).normal(size=(32, 400))
        * 2.0 ** np.arange(-30, 18)[np.random.default_rng(2).integers(0, 48, (32, 400))]
    )
    with np.errstate(all="ignore"):
        wanted = image.astype(np.float16)
    assert_array_equal(fastconv.convolve(image, [[1]], dtype=np.float16), wanted)


@pytest.mark.parametrize(
    "dtype", ["i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", "c8", "c16"]
)
def test_other_byte_order_is_read_and_the_result_is_native(dtype: str) -> None:
    image = small_picture((9, 12), dtype) + 1
    swapped = image.astype(np.dtype(dtype).newbyteorder("S"))
    for kernel in (WHOLE, KERNELS["box 3x3"]):
        got = fastconv.convolve(swapped, kernel)
        assert got.dtype.isnative
        assert_array_equal(got, fastconv.convolve(image, kernel))


@pytest.mark.parametrize("dtype", ["i2", "u4", "i8", "f2", "f4", "f8", "c8", "c16"])
def test_other_byte_order_is_written(dtype: str) -> None:
    image = small_picture((9, 12), dtype) + 1
    swapped = np.dtype(dtype).newbyteorder("S")
    wanted = fastconv.convolve(image, WHOLE)
    out = np.empty(image.shape, swapped)
    assert fastconv.convolve(image, WHOLE, out=out) is out
    assert_array_equal(out, wanted)
    got = fastconv.convolve(image.astype(swapped), WHOLE, dtype=swapped)
    assert got.dtype == swapped
    assert_array_equal(got, wanted)


@pytest.mark.parametrize(
    "kernel",
    [[[1, 2], [3, 4]], ((1, 2), (3, 4)), np.array([[True, False], [False, True]]),
     np.array([[1, 2], [3, 4]], np.uint8), np.array([[1, 2], [3, 4]], ">f4"),
     np.array([[1, 2, 0], [3, 4, 0]], np.float16)[:, ::-1], np.array([[1, 3], [2, 4]]).T],
)  # fmt: skip
def test_kernel_may_be_of_any_real_type_and_stride(kernel: Any) -> None:
    image = small_picture((5, 6), np.uint8)
    assert_defined(fastconv.convolve(image, kernel), "convolve", image, np.asarray(kernel, float))


def test_image_may_be_a_list() -> None:
    assert fastconv.convolve([[1, 2], [3, 4]], [[2]]).tolist() == [[2, 4], [6, 8]]


# --- strides -------------------------------------------------------------------------------------


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "float64", "complex64"])
def test_image_of_any_strides_is_read(dtype: str, view: str) -> None:
    image = small_picture((13, 75), dtype)
    for name in ("dense 3x3", "separable 3x5", "sparse 3x3", "box 3x3"):
        got = fastconv.convolve(VIEWS[view](image), KERNELS[name], border="mirror")
        assert_array_equal(got, fastconv.convolve(image, KERNELS[name], border="mirror"))


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "float64", "complex64"])
def test_output_of_any_strides_is_written_and_nothing_beside_it(dtype: str, view: str) -> None:
    image = small_picture((13, 75), dtype)
    for name in ("dense 3x3", "separable 3x5", "sparse 3x3", "box 3x3"):
        out = VIEWS[view](np.full(image.shape, 55, dtype))
        whole = out if out.base is None else out.base
        outside = untouched(whole, out)
        got = fastconv.convolve(image, KERNELS[name], out=out)
        assert got is out
        assert_array_equal(out, fastconv.convolve(image, KERNELS[name]))
        assert_array_equal(untouched(whole, out), outside)


def untouched(whole: Array, out: Array) -> Array:
    """Bytes of the memory below an array that are not the array's."""
    if whole is out or not isinstance(whole, np.ndarray):
        return np.empty(0)
    start = whole.__array_interface__["data"][0]
    raw = whole.reshape(-1, order="A").view(np.uint8)
    mine = np.zeros(raw.size, bool)
    first = out.__array_interface__["data"][0] - start
    offsets = first + sum(
        (np.arange(n) * step).reshape((-1, *[1] * (out.ndim - 1 - axis)))
        for axis, (n, step) in enumerate(zip(out.shape, out.strides, strict=True))
    )
    for byte in range(out.itemsize):
        mine[np.asarray(offsets) + byte] = True
    return raw[~mine].copy()


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_rows_may_be_repeated_by_a_stride_of_zero(dtype: str) -> None:
    image = np.broadcast_to(small_picture((1, 40), dtype), (9, 40))
    check("convolve", image, KERNELS["dense 3x3"])
    image = np.broadcast_to(small_picture((9, 1), dtype), (9, 40))
    check("convolve", image, KERNELS["dense 3x3"])


def test_read_only_image_and_kernel_are_read_and_not_changed() -> None:
    image, kernel = small_picture((9, 12), np.uint8), NINTHS.copy()
    before = image.copy(), kernel.copy()
    image.flags.writeable = kernel.flags.writeable = False
    check("convolve", image, kernel)
    assert_array_equal(image, before[0])
    assert_array_equal(kernel, before[1])


# --- shapes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (0, 0), (0, 4, 5), (3, 0, 5), (2, 0, 3, 0)])
@pytest.mark.parametrize("dtype", ["uint8", "float32", "int64", "complex64", "bool"])
def test_empty_image_gives_an_empty_result(dtype: str, shape: tuple[int, ...]) -> None:
    got = fastconv.convolve(np.zeros(shape, dtype), NINTHS)
    assert got.shape == shape
    assert got.dtype == ("float32" if dtype == "bool" else dtype)
    assert fastconv.convolve(np.zeros(shape, dtype), NINTHS, shape="valid").size == 0
    assert fastconv.convolve(np.zeros(shape, dtype), NINTHS, shape="full").size == 0


def test_no_channels_give_no_channels() -> None:
    got = fastconv.convolve(np.zeros((4, 5, 0), np.uint8), NINTHS, channel_axis=-1)
    assert got.shape == (4, 5, 0)


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (2, 1), (1, 90), (90, 1), (2, 2)], ids=str)
def test_images_smaller_than_the_kernel(shape: tuple[int, int], name: str) -> None:
    for dtype in ("uint8", "uint16", "float32", "float64", "int32"):
        for border in ("reflect", "mirror", "nearest", "wrap", "constant"):
            image = small_picture(shape, dtype)
            check("convolve", image, KERNELS[name], f"{dtype} {border}", border=border, cval=9)


@pytest.mark.parametrize("batch", [(1,), (3,), (2, 3), (2, 1, 3), (0, 2), (1, 1, 1, 2)], ids=str)
@pytest.mark.parametrize("dtype", ["uint8", "float32", "complex128"])
def test_leading_axes_are_a_batch(dtype: str, batch: tuple[int, ...]) -> None:
    images = small_picture((*batch, 6, 9), dtype)
    got = fastconv.convolve(images, NINTHS)
    assert got.shape == images.shape
    for index in np.ndindex(*batch):
        assert_array_equal(got[index], fastconv.convolve(images[index], NINTHS))


@pytest.mark.parametrize("dtype", ["uint8", "float32", "complex64"])
def test_batch_of_any_strides(dtype: str) -> None:
    images = small_picture((4, 6, 7, 9), dtype)
    for view in (images[::2, ::-1], images.transpose(1, 0, 2, 3), images[:, :1], images[:, ::3, 1:, ::2],
                 np.broadcast_to(images[:1], images.shape), images.transpose(3, 2, 1, 0)):  # fmt: skip
        got = fastconv.convolve(view, NINTHS)
        assert_array_equal(got, fastconv.convolve(view.copy(), NINTHS))
        out = np.zeros(view.shape[::-1], got.dtype).transpose()
        fastconv.convolve(view, NINTHS, out=out)
        assert_array_equal(out, got)


@pytest.mark.parametrize("axis", [-4, -3, -2, -1, 0, 1, 2, 3])
@pytest.mark.parametrize("channels", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "complex64"])
def test_channel_axis_at_every_position(dtype: str, channels: int, axis: int) -> None:
    planes = small_picture((channels, 2, 5, 33), dtype)
    wanted = np.stack([fastconv.convolve(plane, NINTHS) for plane in planes])
    image = np.moveaxis(planes, 0, axis)
    for moved in (image, np.ascontiguousarray(image)):
        got = fastconv.convolve(moved, NINTHS, channel_axis=axis)
        assert got.shape == moved.shape
        assert_array_equal(np.moveaxis(got, axis, 0), wanted)
        out = np.empty_like(moved)
        assert fastconv.convolve(moved, NINTHS, channel_axis=axis, out=out) is out
        assert_array_equal(out, got)


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("channels", [2, 3, 4])
def test_interleaved_channels_do_not_mix(channels: int, name: str) -> None:
    for dtype in ("uint8", "float32"):
        image = small_picture((7, 45, channels), dtype)
        got = check("convolve", image, KERNELS[name], channel_axis=2, border="constant", cval=8)
        for c in range(channels):
            plane = fastconv.convolve(image[..., c], KERNELS[name], border="constant", cval=8)
            assert_array_equal(got[..., c], plane)


def test_channels_apart_from_each_other_and_reversed() -> None:
    image = small_picture((7, 45, 8), np.uint8)
    for view in (image[..., ::-1], image[..., 1::3], image[:, ::-1, :3], image.transpose(1, 0, 2)):
        check("convolve", view, NINTHS, channel_axis=2)


# --- out -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["dense 3x3", "separable 3x5", "box 5x4", "sparse 3x3", "column 7x1"]
)
@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "int64", "complex64"])
def test_output_may_be_the_image_itself(dtype: str, name: str) -> None:
    image = small_picture((40, 90), dtype)
    wanted = fastconv.convolve(image, KERNELS[name])
    assert fastconv.convolve(image, KERNELS[name], out=image) is image
    assert_array_equal(image, wanted)


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize(
    ("source", "target"),
    [
        (np.s_[:-3, :], np.s_[3:, :]),
        (np.s_[3:, :], np.s_[:-3, :]),
        (np.s_[:, 1:], np.s_[:, :-1]),
        (np.s_[::2, :], np.s_[1::2, :]),
        (np.s_[:, :], np.s_[::-1, :]),
        (np.s_[:, :], np.s_[:, ::-1]),
        (np.s_[:20, :20], np.s_[10:30, 5:25]),
    ],
)
def test_output_may_overlap_the_image(dtype: str, source: Any, target: Any) -> None:
    memory = small_picture((40, 90), dtype)
    wanted = fastconv.convolve(memory[source].copy(), NINTHS)
    fastconv.convolve(memory[source], NINTHS, out=memory[target])
    assert_array_equal(memory[target], wanted)


def test_output_may_be_the_image_transposed() -> None:
    image = small_picture((30, 30), np.uint8)
    wanted = fastconv.convolve(image, NINTHS)
    fastconv.convolve(image, NINTHS, out=image.T)
    assert_array_equal(image.T, wanted)


def test_output_may_share_memory_with_the_kernel() -> None:
    kernel = NINTHS.copy()
    image = small_picture((3, 3), np.float64)
    wanted = fastconv.convolve(image, kernel)
    fastconv.convolve(image, kernel, out=kernel)
    assert_array_equal(kernel, wanted)


@pytest.mark.parametrize("target", ["uint8", "int16", "int64", "float16", "float32", "float64"])
@pytest.mark.parametrize("source", ["uint8", "float32", "int32"])
def test_output_decides_the_type_where_dtype_does_not(source: str, target: str) -> None:
    image = small_picture((9, 12), source)
    out = np.empty(image.shape, target)
    assert fastconv.convolve(image, NINTHS, out=out) is out
    assert_array_equal(out, fastconv.convolve(image, NINTHS, dtype=target))


def test_real_picture_may_fill_a_complex_output() -> None:
    image = small_picture((6, 7), np.float32)
    out = np.full(image.shape, 9 + 9j, np.complex64)
    fastconv.convolve(image, NINTHS, out=out)
    assert_array_equal(out, fastconv.convolve(image, NINTHS).astype(np.complex64))


@pytest.mark.parametrize("shape", ["valid", "full"])
def test_output_of_another_shape_than_the_image(shape: str) -> None:
    image = small_picture((9, 12), np.uint8)
    options: Any = {"shape": shape, "border": "wrap"}
    wanted = fastconv.convolve(image, NINTHS, **options)
    out = np.empty_like(wanted)
    assert fastconv.convolve(image, NINTHS, out=out, **options) is out
    assert_array_equal(out, wanted)


def test_subclasses_and_array_likes_are_read_as_arrays() -> None:
    image = small_picture((5, 6), np.uint8)

    class Interface:
        __array_interface__ = image.__array_interface__

    wanted = fastconv.convolve(image, NINTHS)
    assert_array_equal(fastconv.convolve(Interface(), NINTHS), wanted)  # type: ignore[arg-type]
    assert_array_equal(fastconv.convolve(image.data, NINTHS), wanted)
    assert type(fastconv.convolve(image.view(np.recarray), NINTHS)) is np.ndarray
    # but for masked arrays, which stay ones, also where nothing is masked
    masked = fastconv.convolve(np.ma.masked_array(image), NINTHS)
    assert type(masked) is np.ma.MaskedArray
    assert_array_equal(masked.data, wanted)
