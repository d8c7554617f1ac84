# SPDX-License-Identifier: BSD-3-Clause
"""Light instead of samples, and a part instead of the picture: what is filtered, and what stays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image, ImageCms

import fastconv
from fastconv import _linear_light, reference

pytest.importorskip("click")

from .command import run
from .judge import BORDERS, Array, picture

pytestmark = pytest.mark.usefixtures("in_an_empty_folder")
BLUR = fastconv.kernels.gaussian(1.5)


# --- light ---------------------------------------------------------------------------------------


def light_of(v: Array) -> Array:
    """IEC 61966-2-1, sample by sample."""
    return np.array(
        [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in v.flat]
    ).reshape(v.shape)


def samples_of(light: Array) -> Array:
    return np.array(
        [12.92 * y if y <= 0.0031308 else 1.055 * y ** (1 / 2.4) - 0.055 for y in light.flat]
    ).reshape(light.shape)


def filtered_light(a: Array, kernel: Any, **options: Any) -> Array:
    """The definition, of integers."""
    white = np.iinfo(a.dtype).max
    if "offset" in options:
        options["offset"] /= white
    light = reference.convolve(light_of(a / white), kernel, **options)
    encoded: Array = np.rint(samples_of(light.clip(0, 1)) * white).astype(a.dtype)
    return encoded


@pytest.mark.parametrize("dtype", ["uint8", "uint16", ">u2"])
def test_light_is_filtered_by_the_definition(dtype: str) -> None:
    for shape in ((20, 31), (20, 31, 3)):
        a = picture(shape, dtype)
        got = fastconv.apply(a, BLUR, linear=True)
        wanted = filtered_light(a, BLUR, channel_axis=None if len(shape) == 2 else -1)
        assert got.dtype == np.dtype(dtype).newbyteorder("=")
        assert_array_equal(got, wanted)
    steps: dict[str, Any] = {"scale": 0.8, "offset": 20.0}
    grey = picture((20, 31), "uint8")
    assert_array_equal(
        fastconv.apply(grey, BLUR, linear=True, **steps), filtered_light(grey, BLUR, **steps)
    )


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_every_sample_comes_back_from_light(dtype: str) -> None:
    white = float(np.iinfo(dtype).max)
    a = np.arange(white + 1).astype(dtype)
    assert_array_equal(_linear_light.encoded(_linear_light.decoded(a, white), a.dtype, white), a)
    assert_allclose(_linear_light.decoded(a, white) / white, light_of(a / white), rtol=1e-14)


def test_a_mean_of_black_and_white_is_half_the_light() -> None:
    stripes = np.tile(np.array([0, 255], np.uint8), (4, 8))
    row = [[0.25, 0.5, 0.25]]
    assert np.unique(fastconv.apply(stripes, row, border="wrap")).tolist() == [128]
    assert np.unique(fastconv.apply(stripes, row, border="wrap", linear=True)).tolist() == [188]


def test_opacity_is_no_light() -> None:
    a = picture((20, 31, 4), "uint8")
    got = np.asarray(fastconv.apply(Image.fromarray(a), BLUR, linear=True))
    assert_array_equal(got[..., :3], filtered_light(a[..., :3], BLUR, channel_axis=-1))
    assert_array_equal(got[..., 3], reference.convolve(a[..., 3], BLUR))
    clear = a.copy()
    clear[:, ::2, 3] = 0
    shown = fastconv.apply(clear, BLUR, linear=True, premultiply=True)
    clear[:, ::2, :3] = 99  # a colour that is not seen
    assert_array_equal(fastconv.apply(clear, BLUR, linear=True, premultiply=True), shown)


def test_floats_beyond_white_and_black_are_light_too() -> None:
    a = np.array([[-0.5, 0, 0.2, 1, 4]], np.float32)
    assert_allclose(fastconv.apply(a, [[1.0]], linear=True), a, rtol=1e-6)


def test_a_constant_outside_is_a_sample() -> None:
    a = np.full((3, 3), 100, np.uint8)
    got = fastconv.apply(a, fastconv.box_blur, linear=True, border="constant", cval=100)
    assert_array_equal(got, a)


@pytest.mark.parametrize(
    ("image", "error", "words"),
    [
        (np.zeros((3, 3), np.int32), TypeError, "linear=True; got int32"),
        (Image.new("CMYK", (3, 3)), ValueError, "linear must be False for an image of mode CMYK"),
        (Image.new("LAB", (3, 3)), ValueError, "linear must be False for an image of mode LAB"),
    ],
)
def test_what_has_no_light_is_refused(image: Any, error: Any, words: str) -> None:
    with pytest.raises(error, match=words):
        fastconv.apply(image, BLUR, linear=True)


def test_files_of_every_kind_are_filtered_in_light() -> None:
    tifffile = pytest.importorskip("tifffile")
    pytest.importorskip("imagecodecs")
    grey, colour = picture((40, 50), "uint8"), picture((40, 50, 3), "uint16")
    Image.fromarray(grey).save("grey.png")
    np.save("grey.npy", grey)
    tifffile.imwrite("deep.tif", colour, photometric="rgb", compression="zlib")
    for name in ("grey.png", "grey.npy", "deep.tif"):
        run("apply", name, "-k", "gaussian:1.5", "--linear", "-o", f"out_{name}")
    wanted = filtered_light(grey, BLUR)
    assert_array_equal(np.asarray(Image.open("out_grey.png")), wanted)
    assert_array_equal(np.load("out_grey.npy"), wanted)
    assert_array_equal(
        tifffile.imread("out_deep.tif"), filtered_light(colour, BLUR, channel_axis=-1)
    )


def test_a_profile_of_another_curve_is_said() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    other = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
    for name, profile in (("srgb.png", srgb), ("other.png", other)):
        Image.new("RGB", (9, 9)).save(name, icc_profile=profile)
        said = run("apply", name, "-k", "box_blur", "--linear", "-o", f"out_{name}").stderr
        assert ("colour profile is not sRGB's" in " ".join(said.split())) == (profile == other)


# --- regions -------------------------------------------------------------------------------------

REGIONS = [(0, 0, 50, 40), (3, 4, 10, 7), (45, 35, 5, 5), (0, 0, 1, 1), (0, 39, 50, 1)]
KERNELS = [BLUR, fastconv.kernels.gaussian(20), np.arange(8.0).reshape(2, 4) / 30]


def in_part(a: Array, kernel: Any, region: tuple[int, int, int, int], **options: Any) -> Array:
    x, y, w, h = region
    wanted = a.copy()
    whole = fastconv.convolve(a, kernel, **options)
    wanted[y : y + h, x : x + w] = whole[y : y + h, x : x + w]
    return wanted


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("region", REGIONS)
def test_a_region_is_filtered_as_in_the_whole_and_the_rest_stays(
    border: str, region: tuple[int, int, int, int]
) -> None:
    a = picture((40, 50), "uint8")
    for kernel in KERNELS:
        wanted = in_part(a, kernel, region, border=border, cval=7)
        got = fastconv.apply(a, kernel, border=border, cval=7, region=region)
        assert_array_equal(got, wanted)
        for band in (3, 100):
            target = np.empty_like(a)
            fastconv.stream(a, kernel, target, border=border, cval=7, region=region, band=band)
            assert_array_equal(target, wanted)


def test_a_region_of_channels_batches_and_other_types() -> None:
    region = (5, 6, 7, 8)
    colour = picture((40, 50, 3), "uint16")
    got = fastconv.apply(colour, BLUR, region=region)
    assert_array_equal(got, in_part(colour, BLUR, region, channel_axis=-1))
    stack = picture((2, 3, 40, 50), "float64")
    target = np.empty_like(stack)
    fastconv.stream(stack, BLUR, target, region=region, band=9)
    for at in np.ndindex(2, 3):
        assert_array_equal(target[at], in_part(stack[at], BLUR, region))
    planes = picture((3, 40, 50), "int8")
    got = fastconv.stream(planes, BLUR, np.empty_like(planes), channel_axis=0, region=region)
    assert_array_equal(got, [in_part(plane, BLUR, region) for plane in planes])


def test_the_rest_of_a_picture_of_floats_is_rounded_with_it() -> None:
    image = Image.fromarray(np.full((9, 9), 7.75, np.float32))
    got = fastconv.apply(image, [[2.0]], region=(0, 0, 2, 2))
    assert got.mode == "L"
    assert (got.getpixel((0, 0)), got.getpixel((5, 5))) == (16, 8)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_light_of_a_region_leaves_the_rest(dtype: str) -> None:
    a, region = picture((40, 50), dtype), (3, 4, 10, 7)
    wanted = a.copy()
    wanted[4:11, 3:13] = filtered_light(a, BLUR)[4:11, 3:13]
    assert_array_equal(fastconv.apply(a, BLUR, linear=True, region=region), wanted)
    target = np.empty_like(a)
    fastconv.stream(a, BLUR, target, linear=True, region=region)
    assert_array_equal(target, wanted)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_region_is_meant_as_the_picture_is_seen(orientation: int) -> None:
    a = picture((40, 50), "uint8")
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(a).save("in.png", exif=exif)
    run("apply", "in.png", "-k", "2", "--region", "5,7,11,3", "-o", "out.png")
    before, after = (_as_seen(name) for name in ("in.png", "out.png"))
    assert_array_equal(after, in_part(before, [[2.0]], (5, 7, 11, 3)))
    run("apply", "in.png", "-k", "2", "--region", "5,7,11,3", "--as-stored", "-o", "as.png")
    assert_array_equal(np.asarray(Image.open("as.png")), in_part(a, [[2.0]], (5, 7, 11, 3)))


def _as_seen(name: str) -> Array:
    from PIL import ImageOps

    with Image.open(name) as image:
        return np.asarray(ImageOps.exif_transpose(image))


@pytest.mark.parametrize("region", [(0, 0, 51, 1), (-1, 0, 2, 2), (0, 0, 0, 1), (1, 2, 3), "all"])
def test_a_region_must_lie_within(region: Any) -> None:
    a = picture((40, 50), "uint8")
    target = np.full_like(a, 9)
    with pytest.raises(ValueError, match=r"^region must"):
        fastconv.apply(a, BLUR, region=region)
    with pytest.raises(ValueError, match=r"^region must"):
        fastconv.stream(a, BLUR, target, region=region)
    assert (target == 9).all()


def test_regions_and_last_steps_of_files() -> None:
    tifffile = pytest.importorskip("tifffile")
    stack = picture((3, 40, 50), "uint16")
    tifffile.imwrite("stack.tif", stack, photometric="minisblack", compression="zlib")
    Image.fromarray(stack[0].astype(np.uint8)).save("grey.png")
    words = (
        "-k",
        "-1 0 1",
        "--region",
        "5,6,7,8",
        "--scale",
        "1/3",
        "--offset",
        "-2",
        "--absolute",
    )
    kernel = np.array([[-1.0, 0, 1]])
    steps: dict[str, Any] = {"scale": 1 / 3, "offset": -2.0, "absolute": True}
    for name in ("stack.tif", "grey.png"):
        run("apply", name, *words, "-o", f"out_{name}")
    wanted = [in_part(plane, kernel, (5, 6, 7, 8), **steps) for plane in stack]
    assert_array_equal(tifffile.imread("out_stack.tif"), wanted)
    grey = stack[0].astype(np.uint8)
    got = np.asarray(Image.open("out_grey.png"))
    assert_array_equal(got, in_part(grey, kernel, (5, 6, 7, 8), **steps))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--scale", "x"), "--scale': must be a finite number such as 2, -0.5 or 1/9; got 'x'"),
        (("--offset", "inf"), "must be a finite number"),
        (("--region", "1,2,3"), "must be four whole numbers"),
        (("--region", "1,2,0,4"), "must begin within the picture and hold a pixel"),
    ],
)
def test_a_wrong_word_of_these_is_a_usage_error(words: tuple[str, str], says: str) -> None:
    Image.new("L", (9, 9)).save("in.png")
    result = run("apply", "in.png", "-k", "box_blur", *words, "-o", "out.png", code=2)
    assert says in " ".join(result.stderr.replace("│", " ").split())
    assert not Path("out.png").exists()


def test_a_region_that_a_file_does_not_have_fails_the_file() -> None:
    Image.new("L", (9, 9)).save("in.png")
    np.save("in.npy", np.zeros((9, 9), np.uint8))
    for name in ("in.png", "in.npy"):
        result = run(
            "apply", name, "-k", "box_blur", "--region", "5,5,9,9", "-o", f"out_{name}", code=1
        )
        assert "region must lie within a picture of 9 x 9 pixels" in " ".join(result.stderr.split())
    assert sorted(path.name for path in Path().iterdir()) == ["in.npy", "in.png"]
