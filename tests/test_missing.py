# SPDX-License-Identifier: BSD-3-Clause
"""What is missing does not count: results are the definition's, and those of other judges, wherever it is.

A float may be as far from the definition as two sums and their quotient allow; the definition itself is
compared with sums by hand, with the two passes that geoscience writes, with astropy and with long doubles.
"""

from __future__ import annotations

import pickle
from functools import partial
from typing import Any

import dask.array as da
import numpy as np
import pytest
import scipy.ndimage
import xarray as xr

import fastconv
from fastconv import reference

from .judge import (
    BORDERS,
    INTEGERS,
    KERNELS,
    NARROW,
    REALS,
    Array,
    assert_floats_close,
    assert_integers_equal,
    definition,
    magnitude,
    picture,
    small_picture,
)
from .test_calls import python_calls

POSITIVE = {
    "box 3x3": KERNELS["box 3x3"],
    "box 5x4": KERNELS["box 5x4"],
    "separable 3x5": KERNELS["separable 3x5"],
    "gaussian": fastconv.kernels.gaussian(1.3),
    "irrational 3x5": np.random.default_rng(3).random((3, 5)),
    "binomial": np.outer([1.0, 4, 6, 4, 1], [1.0, 2, 1]) / 64,
    "with zeros": np.array([[0.0, 2, 0], [1, 0, 3]]) / 6,
    "one tap": KERNELS["one tap"],
    "negative": -np.arange(1.0, 7).reshape(2, 3),
}
SIGNED = {name: KERNELS[name] for name in ("dense 3x3", "sparse 3x3", "even 4x6", "zeros")}
SIZES = ((1, 1), (1, 7), (5, 3), (17, 33), (40, 70))


def holes_of(shape: tuple[int, ...], share: float, seed: int = 0) -> Array:
    made: Array = np.random.default_rng(seed).random(shape) < share
    return made


def allowance(
    image: Array, kernel: Array, mask: Array, result: Any, wanted: Array, **options: Any
) -> Array:
    """How far the reference's docstring allows a float to be off."""
    known = {k: v for k, v in options.items() if k in ("border", "origin", "shape", "channel_axis")}
    cval = abs(options.get("cval", 0.0))
    present = 1.0 - mask
    if known.get("border") == "omit":
        known["border"], cval, outside = "constant", 0.0, 0.0
    else:
        outside = 1.0
    size, weight = (
        definition("convolve", present, w, cval=outside, dtype=np.float64, **known)
        for w in (np.abs(kernel), kernel)
    )
    sums = definition(
        "convolve",
        magnitude(np.where(mask, 0, image)),
        np.abs(kernel),
        cval=cval,
        dtype=np.float64,
        **known,
    )
    total = kernel.sum()
    renormalize = options.get("renormalize", "auto")
    if renormalize == "auto":
        renormalize = bool((kernel >= 0).all() or (kernel <= 0).all())
    if not renormalize:
        total = weight = np.ones_like(size)
    real = np.finfo(result).dtype
    narrow = image.dtype.name in NARROW and real != np.float64
    eps = float(np.finfo(np.float32 if narrow else np.float64).eps)
    taps = np.count_nonzero(kernel)
    with np.errstate(all="ignore"):
        scale = np.abs(total / weight)
        allowed = 2 * (taps + 2) * eps * scale * (sums + np.abs(sums) * size / np.abs(weight))
        allowed += 2 * (taps + 2) * float(np.finfo(real).smallest_subnormal)
        allowed += float(np.finfo(real).eps) * magnitude(wanted)
    return np.where(np.isfinite(allowed), allowed, np.inf)


def check(image: Array, kernel: Array, mask: Array | None, what: str = "", **options: Any) -> Array:
    """The result, which is the definition's."""
    got = fastconv.convolve(image, kernel, mask=mask, **options)
    known = {k: v for k, v in options.items() if k not in ("method", "threads")}
    wanted = definition("convolve", image, kernel, mask=mask, **known)
    what = f"{what} {image.dtype} {image.shape} {options}"
    if wanted.dtype.kind in "iu":
        assert_integers_equal(got, wanted, what)
        return got
    missing = np.zeros(image.shape, bool) if mask is None else np.broadcast_to(mask, image.shape)
    if options.get("nan_policy") == "omit":
        missing = missing | np.isnan(image)
    allowed = allowance(image, kernel, missing, wanted.dtype, wanted, **known)
    assert_floats_close(got, wanted, allowed, what)
    return got


# --- the definition -------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", REALS)
def test_results_are_the_definitions_for_all_types(dtype: str, level: str) -> None:
    for name, kernel in (POSITIVE | SIGNED).items():
        for i, size in enumerate(SIZES):
            image = small_picture(size, dtype, i)
            check(image, kernel, holes_of(size, 0.3, i), name, fill=7)


@pytest.mark.parametrize("border", [*BORDERS, "omit"])
@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "float64"])
def test_results_are_the_definitions_for_all_borders(border: str, dtype: str, level: str) -> None:
    for name, kernel in POSITIVE.items():
        for i, size in enumerate(SIZES):
            image = picture(size, dtype, i)
            for shape in ("same", "valid", "full"):
                check(
                    image,
                    kernel,
                    holes_of(size, 0.3, i),
                    name,
                    fill=1,
                    border=border,
                    cval=3,
                    shape=shape,
                )


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.97, 1.0])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_results_are_the_definitions_however_much_is_missing(
    share: float, dtype: str, level: str
) -> None:
    for name, kernel in POSITIVE.items():
        check(picture((70, 130), dtype), kernel, holes_of((70, 130), share), name, fill=9)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32", "float16", "float32", "float64"])
def test_results_are_the_definitions_where_few_are_missing_and_some_lie_together(
    dtype: str, level: str
) -> None:
    rng = np.random.default_rng(5)
    image = picture((48, 300), dtype)
    kernels = POSITIVE | {"19 x 17": rng.random((19, 17)), "1 x 40": -rng.random((1, 40)) - 1}
    kernels["heavy"] = np.array([[1e-3, 1.0, 2e-3], [1e-4, 3e-3, 1e-3]])
    for share, gap in ((0.002, 3), (0.004, 12)):
        mask = rng.random(image.shape) < share
        mask[20 : 20 + gap, 200 : 200 + gap] = True  # windows of which nothing is left, or little
        mask[0, :gap] = mask[-1, -gap - 1 :] = True
        for name, kernel in kernels.items():
            check(image, kernel, mask, name, fill=3)
    check(image, kernels["19 x 17"], mask, "min_weight", fill=3, min_weight=0.6)
    check(image, kernels["19 x 17"] - 0.5, mask, "zeros count", fill=3)
    check(image, kernels["irrational 3x5"], mask, "not renormalized", fill=3, renormalize=False)


def test_few_missing_samples_of_volumes_and_colours_are_the_definitions(level: str) -> None:
    rng = np.random.default_rng(6)
    kernel = rng.random((2, 3, 4))
    for dtype in ("uint8", "float32"):
        volume = rng.integers(0, 255, (9, 20, 150)).astype(dtype)
        mask = rng.random(volume.shape) < 0.002
        mask[3:6, 4:8, 20:26] = True
        got = fastconv.convolve(volume, kernel, mask=mask, fill=5)
        wanted = reference.convolve(volume, kernel, mask=mask, fill=5)
        np.testing.assert_allclose(got, wanted, rtol=0 if dtype == "uint8" else 1e-5)
        colours = picture((30, 200, 3), dtype)
        gone = rng.random((30, 200)) < 0.003
        for whole in (gone, rng.random(colours.shape) < 0.003):
            check(colours, KERNELS["separable 3x5"], whole if whole.ndim > 2 else np.repeat(
                whole[..., np.newaxis], 3, axis=2), "colours", fill=2, channel_axis=-1)  # fmt: skip
        made = fastconv.convolve(colours, kernel[0], mask=gone, fill=2, channel_axis=-1)
        same = fastconv.convolve(
            colours, kernel[0], mask=np.repeat(gone[..., np.newaxis], 3, axis=2), fill=2, channel_axis=-1
        )  # fmt: skip
        np.testing.assert_allclose(made, same, rtol=0 if dtype == "uint8" else 1e-5)


@pytest.mark.parametrize("dtype", INTEGERS)
def test_quotients_of_large_integers_are_rounded_once(dtype: str, level: str) -> None:
    limit = 2**52 if np.dtype(dtype).itemsize == 8 else None
    image = picture((9, 33), dtype)
    if limit:
        image = (image % limit).astype(dtype)
    for name in ("box 3x3", "separable 3x5", "binomial", "with zeros", "one tap", "negative"):
        for target in (dtype, "int64", "uint8"):
            check(image, POSITIVE[name], holes_of((9, 33), 0.4), name, dtype=target, fill=3)


def test_integers_that_are_missing_may_be_of_any_size(level: str) -> None:
    for dtype in ("int64", "uint64"):
        image, mask = (picture((9, 33), "uint8").astype(dtype)), holes_of((9, 33), 0.4)
        image[mask] = np.iinfo(dtype).max
        check(image, POSITIVE["irrational 3x5"], mask, fill=3)


def test_results_are_the_definitions_for_origins_channels_and_batches(level: str) -> None:
    kernel = POSITIVE["irrational 3x5"]
    for dtype in ("uint8", "float32"):
        image = picture((2, 3, 19, 40), dtype)
        check(image, kernel, holes_of((2, 3, 19, 40), 0.3), fill=0, origin=(1, -2))
        check(image, kernel, holes_of((19, 1), 0.3), fill=0)
        check(image, kernel, holes_of((2, 1, 1, 40), 0.3), fill=0, border="wrap")
        for axis in (0, 1, -1):
            colours = np.moveaxis(picture((3, 19, 40), dtype), 0, axis)
            check(colours, kernel, holes_of(colours.shape, 0.3), fill=0, channel_axis=axis)
            shared = np.broadcast_to(np.expand_dims(holes_of((19, 40), 0.3), axis), colours.shape)
            got = check(colours, kernel, shared, fill=0, channel_axis=axis)
            same = fastconv.convolve(
                colours, kernel, mask=shared.take(0, axis), fill=0, channel_axis=axis
            )
            np.testing.assert_array_equal(got, same)


def test_results_are_the_definitions_for_all_strides_and_byte_orders(level: str) -> None:
    kernel, mask = POSITIVE["gaussian"], holes_of((60, 90), 0.3)[::2, ::-3]
    for dtype in ("uint8", "uint16", ">f4", ">i2", "f8", "f2"):
        image = small_picture((60, 90), dtype)[::2, ::-3]
        wanted = check(image.copy(), kernel, mask.copy(), fill=1)
        np.testing.assert_array_equal(check(image, kernel, mask, fill=1), wanted)
        out = np.zeros((60, 90), wanted.dtype)[::-2, ::3]
        assert fastconv.convolve(image, kernel, mask=mask, fill=1, out=out) is out
        np.testing.assert_array_equal(out, wanted)
        own = image.astype(wanted.dtype)
        fastconv.convolve(own, kernel, mask=mask, fill=1, out=own)
        np.testing.assert_array_equal(own, wanted)


def test_integers_of_floats_are_the_definitions(level: str) -> None:
    for dtype in ("float16", "float32", "float64"):
        image = picture((19, 33), dtype)
        image[3, 4], image[5, 6] = np.nan, np.inf
        for name, kernel in POSITIVE.items():
            for policy in ("propagate", "omit"):
                check(
                    image,
                    kernel,
                    holes_of((19, 33), 0.3),
                    name,
                    dtype=np.int16,
                    fill=-5,
                    nan_policy=policy,
                )


def test_constants_that_the_image_cannot_hold_are_not_rounded(level: str) -> None:
    image = picture((9, 20), "uint8")
    for cval in (0.5, -3.0, 300.0, 1e9):
        for dtype in (None, np.float32):
            check(
                image, POSITIVE["irrational 3x5"], holes_of((9, 20), 0.3), fill=1, border="constant",
                cval=cval, dtype=dtype,
            )  # fmt: skip


@pytest.mark.parametrize("method", ["direct", "separable", "box", "fft"])
def test_every_method_gives_the_definitions_results(method: str, level: str) -> None:
    for dtype in ("uint8", "float32", "float64"):
        check(
            picture((70, 90), dtype),
            np.ones((7, 9)) / 63,
            holes_of((70, 90), 0.6),
            fill=0,
            method=method,
        )


def test_large_kernels_give_the_definitions_results(level: str) -> None:
    gaussian, noise = fastconv.kernels.gaussian(4), np.random.default_rng(0).random((31, 33))
    for dtype in ("uint8", "float32"):
        for kernel in (gaussian, noise, np.ones((31, 31)) / 961):
            check(picture((64, 75), dtype), kernel, holes_of((64, 75), 0.9), fill=0)


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int16"])
def test_means_near_ties_are_the_definitions(dtype: str, level: str) -> None:
    """Float32 cannot tell them apart, float64 not all of them."""
    image = (np.indices((40, 90)).sum(axis=0) % 2 + 10).astype(dtype)
    image[20:] = np.iinfo(dtype).max - image[20:]
    mask = holes_of(image.shape, 0.1)
    colours = np.stack([image, image[::-1], image], axis=-1)
    for kernel in (
        fastconv.kernels.gaussian(1.3),
        np.random.default_rng(2).dirichlet(np.ones(15)).reshape(3, 5),
        np.array([[2**0.5] * 4] * 4) / (16 * 2**0.5),
    ):
        check(image, kernel, mask, fill=5)
        check(colours, kernel, mask, fill=5, channel_axis=-1)
        check(image, kernel, mask, fill=5, dtype=np.uint8)


# --- any number of axes, strides and dilation -----------------------------------------------------

VOLUMES = {
    "box": np.full((3, 3, 3), 1 / 27),
    "irrational": np.random.default_rng(1).random((2, 3, 4)),
    "three lines": np.einsum("i,j,k->ijk", [1.0, 2, 1], [1.0, 4, 6, 4, 1], [1.0, 2, 1]) / 256,
    "gaussian lines": np.einsum(
        "i,j,k->ijk", *(fastconv.kernels.gaussian(1).sum(0)[1:-1] for _ in range(3))
    ),
    "signed": np.arange(-5.0, 7).reshape(3, 2, 2),
    "line": np.array([0.3, 0.5, 0.2]),
    "two axes": np.arange(1.0, 7).reshape(2, 3),
}


@pytest.mark.parametrize("name", VOLUMES)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "float32", "float64"])
def test_volumes_and_lines_miss_samples_as_the_definition_does(
    name: str, dtype: str, level: str
) -> None:
    kernel = VOLUMES[name]
    for i, size in enumerate(((1, 1, 1), (3, 5, 7), (6, 19, 40), (19, 9, 5))):
        image, mask = small_picture(size, dtype, i), holes_of(size, 0.4, i)
        for options in (
            {},
            {"shape": "full", "border": "wrap"},
            {"shape": "same", "border": "omit", "min_weight": 0.4},
            {"border": "constant", "cval": 3},
            {"border": ("mirror", "nearest", "reflect")[: kernel.ndim], "renormalize": False},
        ):
            check(image, kernel, mask, name, fill=7, **options)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32"])
def test_strides_dilation_and_axes_miss_samples_as_the_definition_does(
    dtype: str, level: str
) -> None:
    image, mask = small_picture((7, 30, 41), dtype), holes_of((7, 30, 41), 0.4)
    for kernel in VOLUMES.values():
        for options in (
            {"stride": 2},
            {"stride": 3, "dilation": 2, "border": "wrap"},
            {"dilation": 3, "border": "omit"},
            {"axes": (2, 0, 1)[: kernel.ndim], "stride": (1, 2, 3)[: kernel.ndim]},
            {"axes": (0, 1, 2)[: kernel.ndim], "border": "mirror"},
        ):
            got = fastconv.convolve(image, kernel, mask=mask, fill=7, **options)
            wanted = definition("convolve", image, kernel, mask=mask, fill=7, **options)
            if dtype == "float32":
                eps = float(np.finfo(np.float32).eps)
                share = max(1, np.abs(kernel).sum() / np.abs(kernel[kernel != 0]).min())
                scale = share * np.abs(kernel).sum() * np.abs(image).max()
                np.testing.assert_allclose(
                    got, wanted, rtol=1e-5, atol=4 * kernel.size * eps * scale
                )
            else:
                np.testing.assert_array_equal(got, wanted, f"{options}")


def test_kernels_of_four_axes_miss_samples(level: str) -> None:
    image, mask = small_picture((4, 5, 6, 7), "float64"), holes_of((4, 5, 6, 7), 0.4)
    kernel = np.random.default_rng(0).random((2, 3, 2, 3))
    for options in ({"mask": mask}, {"mask": mask, "stride": 2, "border": "omit", "fill": 2}):
        got = fastconv.convolve(image, kernel, **options)
        np.testing.assert_allclose(
            got, definition("convolve", image, kernel, **options), rtol=1e-12
        )


def test_volumes_of_one_block_and_of_several_are_the_definitions(
    monkeypatch: pytest.MonkeyPatch, level: str, eager_threads: None
) -> None:
    image, mask = picture((20, 40, 50), "uint8"), holes_of((20, 40, 50), 0.01)
    mask[:, :, :25] = False  # some blocks have nothing missing
    kernel = VOLUMES["irrational"]
    wanted = definition("correlate", image, kernel, mask=mask, fill=0, stride=(1, 1, 2))
    for block in ((1, 1, 1), (7, 16, 24), (64, 64, 64)):
        monkeypatch.setattr(fastconv._missing, "_BLOCK_OF_SLICES", block)
        fastconv.clear_cache()
        for threads in (1, 3):
            got = fastconv.correlate(
                image, kernel, mask=mask, fill=0, stride=(1, 1, 2), threads=threads
            )
            np.testing.assert_array_equal(got, wanted)


def test_complex_volumes_miss_samples(level: str) -> None:
    image, mask = picture((6, 9, 12), "complex128"), holes_of((6, 9, 12), 0.4)
    for kernel in (VOLUMES["irrational"], VOLUMES["signed"] * (1 + 2j)):
        got = fastconv.convolve(image, kernel, mask=mask, stride=2)
        wanted = definition("convolve", image, kernel, mask=mask, stride=2)
        np.testing.assert_allclose(got, wanted, rtol=1e-10)


def test_volumes_of_dask_xarray_and_numpy_ma_miss_samples() -> None:
    image, mask = picture((9, 20, 30), "float32"), holes_of((9, 20, 30), 0.4)
    kernel = VOLUMES["three lines"]
    wanted = fastconv.convolve(image, kernel, mask=mask, stride=2, border="omit", min_weight=0.4)
    lazy: Any = fastconv.convolve(
        da.from_array(image, chunks=8), kernel, mask=mask, stride=2, border="omit", min_weight=0.4
    )
    np.testing.assert_array_equal(lazy.compute(scheduler="sync"), wanted)
    named: Any = fastconv.convolve(
        xr.DataArray(image, dims=("z", "y", "x")), kernel, mask=xr.DataArray(mask, dims=("z", "y", "x")),
        stride=2, border="omit", min_weight=0.4,
    )  # fmt: skip
    np.testing.assert_array_equal(named, wanted)
    masked: Any = fastconv.convolve(
        np.ma.array(image, mask=mask), kernel, stride=2, border="omit", min_weight=0.4
    )
    np.testing.assert_array_equal(masked.mask, np.isnan(wanted))
    np.testing.assert_array_equal(masked.filled(np.nan), wanted)


def test_each_axis_may_have_its_border_where_samples_are_missing(level: str) -> None:
    for dtype in ("uint8", "float32"):
        image, mask = picture((9, 33), dtype), holes_of((9, 33), 0.4)
        for borders in (("wrap", "constant"), ("mirror", "reflect")):
            for name in ("box 5x4", "irrational 3x5"):
                check(
                    image, POSITIVE[name], mask, name, fill=1, cval=3, border=borders, shape="full"
                )


# --- other judges ---------------------------------------------------------------------------------


def test_means_are_those_of_the_samples_that_are_there(level: str) -> None:
    image, mask = picture((12, 14), "float64"), holes_of((12, 14), 0.6)
    got = fastconv.convolve(image, np.ones((3, 3)) / 9, mask=mask, border="omit")
    for y, x in np.ndindex(12, 14):
        window = np.s_[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2]
        there = image[window][~mask[window]]
        if there.size:
            assert got[y, x] == pytest.approx(there.mean(), rel=1e-12)
        else:
            assert np.isnan(got[y, x])


def test_results_are_those_of_two_passes_by_hand(level: str) -> None:
    """V / W, as geoscience has it."""
    image = picture((80, 90), "float64")
    image[holes_of((80, 90), 0.3)] = np.nan
    kernel = fastconv.kernels.gaussian(2)
    v = scipy.ndimage.convolve(np.nan_to_num(image), kernel)
    w = scipy.ndimage.convolve((~np.isnan(image)).astype(float), kernel)
    got = fastconv.convolve(image, kernel, nan_policy="omit")
    np.testing.assert_allclose(got, v / w, rtol=1e-12, atol=1e-12)


def test_quotients_are_within_their_bound_of_long_doubles(level: str) -> None:
    rng = np.random.default_rng(5)
    for dtype in ("float32", "float64"):
        for kernel in (
            rng.random((7, 9)),
            np.outer(rng.random(9), rng.random(7)),
            np.ones((5, 5)) / 25,
        ):
            image, mask = picture((30, 40), dtype), holes_of((30, 40), 0.7)
            wide = np.longdouble
            total, weight = np.zeros((2, 30, 40), wide)
            data = np.pad(np.where(mask, 0, image).astype(wide), [(9, 9)] * 2)
            there = np.pad((~mask).astype(wide), [(9, 9)] * 2)
            h, w = kernel.shape
            for ky, kx in np.ndindex(h, w):
                at = np.s_[9 + h // 2 - ky :, 9 + w // 2 - kx :]
                total += wide(kernel[ky, kx]) * data[at][:30, :40]
                weight += wide(kernel[ky, kx]) * there[at][:30, :40]
            with np.errstate(all="ignore"):
                wanted = total / weight * kernel.astype(wide).sum()
            got = fastconv.convolve(image, kernel, mask=mask, border="omit")
            allowed = allowance(image, kernel, mask, got.dtype, got, border="omit")
            off = np.abs(got - wanted)
            assert ((off <= allowed) | np.isnan(got)).all()
            np.testing.assert_array_equal(np.isnan(got), weight == 0)


# --- NaN, thresholds, signs -----------------------------------------------------------------------


def test_nan_is_missing_raises_or_spreads_as_it_is_told(level: str) -> None:
    for dtype in ("float16", "float32", "float64"):
        image = picture((40, 50), dtype)
        image[holes_of((40, 50), 0.1)] = np.nan
        for kernel in POSITIVE.values():
            got = check(image, kernel, None, nan_policy="omit")
            masked = fastconv.convolve(np.nan_to_num(image), kernel, mask=np.isnan(image))
            np.testing.assert_array_equal(got, masked)
        with pytest.raises(
            ValueError, match=r'^image must hold no NaN where nan_policy="raise"; got'
        ):
            fastconv.convolve(image, kernel, nan_policy="raise")
        fastconv.convolve(image, kernel, nan_policy="raise", mask=np.isnan(image))
        plain = fastconv.convolve(image, kernel, nan_policy="propagate")
        np.testing.assert_array_equal(plain, fastconv.convolve(image, kernel))


def test_a_constant_of_nan_is_missing_too(level: str) -> None:
    image = picture((9, 11), "float32")
    got = fastconv.convolve(
        image, fastconv.box_blur, border="constant", cval=np.nan, nan_policy="omit"
    )
    np.testing.assert_array_equal(got, fastconv.convolve(image, fastconv.box_blur, border="omit"))


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
def test_results_of_too_little_weight_are_missing(dtype: str, level: str) -> None:
    for name, kernel in POSITIVE.items():
        for share in (0.2, 1 / 3, 0.5, 1):
            check(
                small_picture((20, 40), dtype),
                kernel,
                holes_of((20, 40), 0.5),
                name,
                min_weight=share,
                fill=200,
            )
    half = np.indices((8, 8)).sum(axis=0) % 2 > 0  # of four neighbours, two are there
    got = fastconv.convolve(np.ones((8, 8)), np.ones((2, 2)), mask=half, min_weight=0.5)
    assert np.isfinite(got[1:-1, 1:-1]).all()
    third = np.arange(12) % 3 > 0
    got = fastconv.convolve(np.ones((8, 12)), np.full((1, 3), 0.1), mask=third, min_weight=1 / 3)
    assert np.isfinite(got[:, 1:-1]).all()


@pytest.mark.parametrize("dtype", ["uint8", "int32", "float32", "float64"])
def test_kernels_of_both_signs_are_renormalized_where_that_is_asked_for(
    dtype: str, level: str
) -> None:
    image, mask = small_picture((20, 40), dtype), holes_of((20, 40), 0.3)
    for name in ("dense 3x3", "even 4x6"):
        check(image, KERNELS[name], mask, name, renormalize=True, fill=1)
        check(image, KERNELS[name], mask, name, renormalize=False, fill=1)
    for kernel in (np.array([[1.0, -1, 3]]), np.array([[2**0.5, -(2**0.5), 1.1]])):
        check(image, kernel, mask, renormalize=True, fill=1)
    check(image, POSITIVE["gaussian"], mask, renormalize=False, fill=1)


def test_kernels_whose_weights_sum_to_0_cannot_be_renormalized() -> None:
    for kernel in ([[1, -1]], [[0.1, 0.2, -0.3]], [[0, 0]], [[np.inf, 1]], [[1j, 1]]):
        with pytest.raises(ValueError, match=r"^renormalize must not be True for "):
            fastconv.plan(kernel, pixel=np.float64, renormalize=True)


def test_explain_says_whether_sums_are_renormalized() -> None:
    image = np.zeros((9, 9), np.float32)
    words = fastconv.explain(image, fastconv.box_blur, nan_policy="omit")
    assert "  missing  divided by the weights of the samples that are there" in words
    words = fastconv.explain(image, fastconv.edge_detection, nan_policy="omit")
    assert "  missing  missing samples count as 0, for weights of both signs cancel" in words
    assert "missing" not in fastconv.explain(image, fastconv.box_blur)
    for words in (
        fastconv.explain(np.ma.array(image), fastconv.box_blur),
        fastconv.explain(image, fastconv.box_blur, mask=image > 0, renormalize=False),
        fastconv.explain(image, fastconv.box_blur, border="omit"),
    ):
        assert "  missing  " in words


# --- what comes back ------------------------------------------------------------------------------


def test_masked_arrays_bring_their_mask_and_get_one(level: str) -> None:
    for dtype in ("uint8", "float32"):
        values, mask = picture((20, 30), dtype), holes_of((20, 30), 0.8)
        got: Any = fastconv.convolve(np.ma.array(values, mask=mask), fastconv.box_blur)
        wanted: Any = definition("convolve", np.ma.array(values, mask=mask), fastconv.box_blur)
        assert isinstance(got, np.ma.MaskedArray) and got.dtype == dtype
        np.testing.assert_array_equal(got.mask, wanted.mask)
        assert got.mask.any() and not got.mask.all()
        plain = fastconv.convolve(values, fastconv.box_blur, mask=mask, fill=0)
        np.testing.assert_array_equal(got.filled(0), plain)
        both: Any = fastconv.convolve(
            np.ma.array(values, mask=mask), fastconv.box_blur, mask=mask.T[:20, :1]
        )
        assert (both.mask >= got.mask).all() and both.mask.sum() > got.mask.sum()


def test_a_mask_of_nothing_gives_the_plain_calls_bits(level: str) -> None:
    for dtype in ("uint8", "uint16", "float32", "float64"):
        for kernel in (*POSITIVE.values(), np.random.default_rng(0).random((31, 31))):
            image = picture((90, 700), dtype)
            wanted = fastconv.convolve(image, kernel)
            got = fastconv.convolve(image, kernel, mask=np.zeros((90, 700), bool), fill=0)
            np.testing.assert_array_equal(got, wanted)
            if image.dtype.kind == "f":
                got = fastconv.convolve(image, kernel, nan_policy="omit")
                np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "float32", "float64", "bool"])
def test_repeated_calls_that_miss_samples_are_the_definitions(dtype: str, level: str) -> None:
    """Whatever an earlier call with arrays of the same strides found to be missing."""
    shape, none = (21, 37), np.zeros((21, 37), bool)
    masks = [holes_of(shape, share, i) for i, share in enumerate((0.1, 0.0, 0.9, 0.0, 0.3, 1.0))]
    for name in ("irrational 3x5", "binomial", "negative"):
        for options in (
            {"fill": 7},
            {"fill": 7, "border": "omit"},
            {"fill": 0, "channel_axis": -1},
        ):
            for i, mask in enumerate(masks):
                image = picture((*shape, 3) if "channel_axis" in options else shape, dtype, i)
                given = np.repeat(mask[..., None], 3, -1) if image.ndim == 3 else mask
                check(image, POSITIVE[name], given, name, **options)
                check(image, POSITIVE[name], given[::-1], name, **options)
    if np.dtype(dtype).kind == "f":
        for mask in masks:
            image = np.where(mask, np.nan, picture(shape, dtype)).astype(dtype)
            check(image, POSITIVE["binomial"], none, nan_policy="omit")
            check(image, POSITIVE["binomial"], None, nan_policy="omit")


def test_calls_that_miss_samples_go_down_in_c(level: str) -> None:
    mask = holes_of((30, 40), 0.1)
    for dtype in ("uint8", "float32"):
        image = picture((30, 40), dtype)
        for masked in (mask, mask & False):
            options: Any = {"mask": masked, "fill": 0}
            call = partial(fastconv.convolve, image, POSITIVE["binomial"], **options)
            call()
            assert python_calls(call) == 0
    whole, gaps = picture((30, 40), "float32"), np.where(mask, np.nan, 1).astype(np.float32)
    for image in (whole, gaps):
        call = partial(fastconv.convolve, image, POSITIVE["binomial"], nan_policy="omit")
        call()
        assert python_calls(call) == 0


def test_repeated_calls_refuse_what_the_first_one_would_have(level: str) -> None:
    image, mask = np.ones((9, 8), np.float32), holes_of((9, 8), 0.2)
    kernel = POSITIVE["binomial"]
    fastconv.convolve(image, kernel, mask=mask, nan_policy="raise")
    image[0, 0], mask[0, 0] = np.nan, False
    with pytest.raises(ValueError, match="image must hold no NaN"):
        fastconv.convolve(image, kernel, mask=mask, nan_policy="raise")
    whole, bytes_ = mask & False, np.ones((9, 8), np.uint8)
    fastconv.convolve(bytes_, kernel, mask=whole, dtype=np.float32)
    for _ in range(2):
        with pytest.raises(ValueError, match="fill must be given"):
            fastconv.convolve(bytes_, kernel, mask=whole)
    out = np.empty((9, 8), np.float32)
    fastconv.plan(kernel)(bytes_, mask=whole, out=out)
    with pytest.raises(ValueError, match="fill must be given"):
        fastconv.plan(kernel)(bytes_, mask=whole, out=np.empty((9, 8), np.uint8))


def test_blocks_without_missing_samples_give_the_plain_calls_bits(level: str) -> None:
    for dtype in ("uint8", "float32"):
        image, mask = picture((300, 1500), dtype), np.zeros((300, 1500), bool)
        mask[10:12, 20:40] = True
        for name in ("gaussian", "irrational 3x5", "box 3x3"):
            wanted = fastconv.convolve(image, POSITIVE[name])
            got = fastconv.convolve(image, POSITIVE[name], mask=mask, fill=0)
            np.testing.assert_array_equal(got[150:], wanted[150:])
            np.testing.assert_array_equal(got[:, 1200:], wanted[:, 1200:])


def test_results_have_the_same_bits_for_any_number_of_threads(eager_threads: None) -> None:
    image = picture((300, 1500), "float32")
    image[holes_of(image.shape, 0.3)] = np.nan
    for kernel in (*POSITIVE.values(), np.random.default_rng(0).random((31, 31))):
        one = fastconv.convolve(image, kernel, nan_policy="omit", threads=1)
        np.testing.assert_array_equal(
            fastconv.convolve(image, kernel, nan_policy="omit", threads=4), one
        )


def test_complex_images_and_kernels_miss_samples_too(level: str) -> None:
    image, mask = picture((20, 30), "complex128"), holes_of((20, 30), 0.5)
    for kernel in (
        POSITIVE["irrational 3x5"],
        KERNELS["dense 3x3"],
        KERNELS["dense 3x3"] * (1 + 2j),
    ):
        got = fastconv.convolve(image, kernel, mask=mask)
        np.testing.assert_allclose(
            got, definition("convolve", image, kernel, mask=mask), rtol=1e-10
        )
        image[4, 5] = complex(0, np.nan)
        got = fastconv.convolve(image, kernel, nan_policy="omit", fill=3j)
        wanted = definition("convolve", image, kernel, nan_policy="omit", fill=3j)
        np.testing.assert_allclose(got, wanted, rtol=1e-10)


def test_plans_keep_what_is_said_of_missing_samples() -> None:
    image, mask = picture((20, 30), "float32"), holes_of((20, 30), 0.5)
    made = fastconv.plan(
        fastconv.box_blur, pixel=np.float32, border="omit", min_weight=0.4, fill=-1
    )
    wanted = fastconv.convolve(
        image, fastconv.box_blur, border="omit", min_weight=0.4, fill=-1, mask=mask
    )
    np.testing.assert_array_equal(made(image, mask=mask), wanted)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(made))(image, mask=mask), wanted)


def test_correlate_and_lists_take_masks_too() -> None:
    got = fastconv.correlate([[1.0, 2, 3, 4]], [[1, 2, 0]], mask=[[False, True, False, False]])
    wanted = definition(
        "correlate", [[1.0, 2, 3, 4]], [[1, 2, 0]], mask=[[False, True, False, False]]
    )
    np.testing.assert_allclose(got, wanted)


# --- what is wrong --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"mask": np.zeros((3, 4))}, TypeError, r"^mask must be of type bool, .*got float64"),
        (
            {"mask": np.zeros((2, 4), bool)},
            ValueError,
            r"^mask must have the shape of image, \(3, 4\)",
        ),
        (
            {"nan_policy": "skip"},
            ValueError,
            r"^nan_policy must be one of propagate, omit, raise; got 'skip'",
        ),
        ({"min_weight": 2}, ValueError, r"^min_weight must be from 0 to 1"),
        ({"min_weight": np.nan}, ValueError, r"^min_weight must be from 0 to 1"),
        (
            {"renormalize": "no"},
            ValueError,
            r"^renormalize must be True, False or \"auto\"; got 'no'",
        ),
        ({"mask": True}, ValueError, r"^fill must be given for a result of type uint8"),
        ({"mask": True, "fill": 256}, ValueError, r"^fill must be a number of type uint8; got 256"),
        ({"mask": True, "fill": 0.5}, ValueError, r"^fill must be a number of type uint8; got 0.5"),
        (
            {"mask": True, "fill": np.nan},
            ValueError,
            r"^fill must be a number of type uint8; got nan",
        ),
        ({"mask": True, "fill": "0"}, TypeError, r"^fill must be a number; got '0'"),
    ],
)
def test_wrong_options_are_refused_before_anything_is_written(
    options: dict[str, Any], error: type[Exception], words: str
) -> None:
    out = np.full((3, 4), 7, np.uint8)
    for call in (fastconv.convolve, fastconv.correlate):
        with pytest.raises(error, match=words):
            call(np.zeros((3, 4), np.uint8), fastconv.box_blur, out=out, **options)
        assert (out == 7).all()


def test_windows_that_see_nothing_of_the_image_need_a_fill() -> None:
    image, out = np.ones((3, 3), np.uint8), np.full((3, 3), 7, np.uint8)
    left = np.array([[0.0, 0, 1]])
    with pytest.raises(ValueError, match=r"^fill must be given for a result of type uint8"):
        fastconv.convolve(image, left, border="omit", out=out)
    assert (out == 7).all()
    assert fastconv.convolve(image, left, border="omit", fill=9)[0].tolist() == [9, 1, 1]
    assert fastconv.convolve(image, fastconv.box_blur, border="omit").tolist() == [[1] * 3] * 3


# --- arrays of other libraries --------------------------------------------------------------------


@pytest.mark.parametrize("border", ["reflect", "wrap", "constant", "omit"])
def test_lazy_arrays_miss_what_arrays_in_memory_miss(border: str) -> None:
    for dtype in ("uint8", "float32"):
        image, mask = picture((40, 60), dtype), holes_of((40, 60), 0.5)
        lazy = da.from_array(image, chunks=(13, 20))
        options: dict[str, Any] = {"border": border, "fill": 0, "min_weight": 0.3}
        for name in ("binomial", "irrational 3x5"):
            wanted = fastconv.convolve(image, POSITIVE[name], mask=mask, **options)
            for given in (mask, da.from_array(mask, chunks=17)):
                got: Any = fastconv.convolve(lazy, POSITIVE[name], mask=given, **options)
                np.testing.assert_array_equal(got.compute(scheduler="sync"), wanted)
    gaps = np.where(mask, np.nan, image)
    got = fastconv.convolve(
        da.from_array(gaps, chunks=13), POSITIVE["binomial"], nan_policy="omit", border=border
    )
    wanted = fastconv.convolve(gaps, POSITIVE["binomial"], nan_policy="omit", border=border)
    np.testing.assert_array_equal(got.compute(scheduler="sync"), wanted)
    with pytest.raises(TypeError, match=r"^mask must be of type bool"):
        fastconv.convolve(lazy, POSITIVE["binomial"], mask=da.zeros((40, 60)))


def test_named_arrays_miss_samples_by_name() -> None:
    image, mask = picture((12, 9, 40), "float32"), holes_of((40, 9), 0.5)
    named = xr.DataArray(image, dims=("lat", "time", "lon"))
    kernel = POSITIVE["irrational 3x5"]
    got: Any = fastconv.convolve(
        named, kernel, dims=("lat", "lon"), mask=xr.DataArray(mask, dims=("lon", "time"))
    )
    wanted = fastconv.convolve(image.swapaxes(0, 1), kernel, mask=mask.T[:, np.newaxis, :])
    assert got.dims == named.dims
    np.testing.assert_array_equal(got.transpose("time", "lat", "lon"), wanted)
    got = fastconv.convolve(named, kernel, dims=("lat", "lon"), mask=np.isnan(image))
    np.testing.assert_array_equal(got, fastconv.convolve(named, kernel, dims=("lat", "lon")))
    with pytest.raises(
        ValueError, match=r"^mask must have dimensions of image, lat, time, lon; got x, y"
    ):
        fastconv.convolve(
            named, kernel, dims=("lat", "lon"), mask=xr.DataArray(mask, dims=("x", "y"))
        )
