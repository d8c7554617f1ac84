# SPDX-License-Identifier: BSD-3-Clause
"""A Pillow image of any mode comes back filtered band by band by the definition, in its mode, with its
size, info and EXIF; arrays and what has an array interface come back as arrays.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

import fastconv
from fastconv import apply, kernels
from fastconv.io.metadata import STORAGE_TAGS

from .judge import KERNELS, Array, assert_floats_close, definition, picture, small_picture

GREY = {
    "L": "u1",
    "I": "=i4",
    "F": "=f4",
    "I;16": "<u2",
    "I;16L": "<u2",
    "I;16B": ">u2",
    "I;16N": "=u2",
}
BANDS = ("LA", "La", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "HSV", "LAB")
KERNEL = np.array([[1.0, -2, 3], [2, 5, -1], [0, 1, 1]]) / 11
SIZE = (23, 17)
SHAPE = SIZE[::-1]


def noise(mode: str, seed: int = 0, size: tuple[int, int] = SIZE) -> Image.Image:
    """An image of random bytes; for P and PA with a random palette, for F of some hundred either way."""
    rng = np.random.default_rng(seed)
    if mode == "1":
        return noise("L", seed, size).point(lambda v: v > 127 and 255, mode="1")
    if mode in GREY:
        dtype = np.dtype(GREY[mode])
        pixels = picture(size[::-1], dtype, seed)
        if mode == "I":
            pixels //= 1000
        return Image.frombytes(mode, size, pixels.tobytes())
    bands = len(Image.new(mode, (1, 1)).getbands())
    image = Image.frombytes(mode, size, rng.bytes(size[0] * size[1] * bands))
    if mode in ("P", "PA"):
        image.putpalette(rng.bytes(768))
    return image


def grey(image: Image.Image) -> Array:
    """Pixels of a grey image, whatever Pillow's array interface says of its mode."""
    return np.frombuffer(image.tobytes(), GREY[image.mode]).reshape(image.height, image.width)


def bands(image: Image.Image) -> list[Array]:
    return [np.asarray(band) for band in image.split()]


# --- modes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kernel", [KERNEL, kernels.gaussian(1), [[0, 1], [2, -1]]], ids=["a", "b", "c"]
)
@pytest.mark.parametrize("mode", BANDS)
def test_every_band_is_filtered_by_the_definition(mode: str, kernel: Any) -> None:
    image = noise(mode)
    got = apply(image, kernel, border="mirror")
    assert got.mode == mode and got.size == SIZE
    for mine, before in zip(bands(got), bands(image), strict=True):
        assert_array_equal(mine, definition("convolve", before, np.array(kernel), border="mirror"))


@pytest.mark.parametrize(
    "kernel", [KERNEL, kernels.gaussian(1), [[0, 1], [2, -1]]], ids=["a", "b", "c"]
)
@pytest.mark.parametrize("mode", [mode for mode in GREY if mode != "F"])
def test_grey_images_of_every_depth_are_filtered_by_the_definition(mode: str, kernel: Any) -> None:
    image = noise(mode)
    got = apply(image, kernel, border="wrap")
    assert got.mode == mode and got.size == SIZE
    wanted = definition("convolve", grey(image), np.array(kernel), border="wrap")
    assert_array_equal(grey(got), wanted)


def test_16_bits_saturate_in_their_own_byte_order() -> None:
    for mode in ("I;16", "I;16L", "I;16B", "I;16N"):
        pixels = np.array([[1, 256, 40000, 65535]], GREY[mode])
        image = Image.frombytes(mode, (4, 1), pixels.tobytes())
        got = apply(image, [[2]])
        assert got.mode == mode
        assert grey(got).tolist() == [[2, 512, 65535, 65535]]


def test_float_image_gives_l_rounded_and_saturated() -> None:
    pixels = np.array(
        [[-5, 0.5, 1.5, 2.49, 254.5, 255.5, 1e9, np.nan, np.inf, -np.inf]], np.float32
    )
    got = apply(Image.fromarray(pixels), kernels.identity)
    assert got.mode == "L"
    assert np.asarray(got).tolist() == [[0, 0, 2, 2, 254, 255, 255, 0, 255, 0]]
    image = noise("F")
    wanted = definition("convolve", grey(image), KERNEL, dtype=np.uint8)
    assert_array_equal(np.asarray(apply(image, KERNEL)), wanted)


def test_float_image_stays_one_if_asked() -> None:
    image = noise("F")
    got = apply(image, KERNEL, mode="F")
    assert got.mode == "F"
    wanted = fastconv.convolve(grey(image), KERNEL)
    assert_array_equal(grey(got), wanted)


def test_image_of_one_bit_is_filtered_as_l() -> None:
    image = noise("1")
    got = apply(image, KERNEL)
    assert got.mode == "L"
    wanted = definition("convolve", np.asarray(image.convert("L")), KERNEL)
    assert_array_equal(np.asarray(got), wanted)


@pytest.mark.parametrize(
    ("mode", "transparency", "wanted"),
    [("P", None, "RGB"), ("P", 3, "RGBA"), ("P", bytes(range(256)), "RGBA"), ("PA", None, "RGBA")],
)
def test_palette_image_is_filtered_in_its_colours(
    mode: str, transparency: Any, wanted: str
) -> None:
    image = noise(mode)
    if transparency is not None:
        image.info["transparency"] = transparency
    got = apply(image, KERNEL)
    assert got.mode == wanted
    for mine, before in zip(bands(got), bands(image.convert(wanted)), strict=True):
        assert_array_equal(mine, definition("convolve", before, KERNEL))
    assert "transparency" not in got.info  # of a palette that is gone


@pytest.mark.parametrize("mode", [*GREY, *BANDS, "1", "P", "PA"])
def test_image_is_not_changed(mode: str) -> None:
    image = noise(mode)
    image.info["comment"] = "mine"
    before, info = image.tobytes(), dict(image.info)
    apply(image, KERNEL).info["comment"] = "its own"
    assert image.tobytes() == before and image.mode == mode and image.info == info


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1), (2, 2)], ids=str)
@pytest.mark.parametrize("mode", [*GREY, *BANDS, "1", "P", "PA"])
def test_images_smaller_than_the_kernel(mode: str, size: tuple[int, int]) -> None:
    assert apply(noise(mode, size=size), np.ones((7, 7)) / 49).size == size


@pytest.mark.parametrize("size", [(0, 5), (5, 0), (0, 0)], ids=str)
@pytest.mark.parametrize("mode", [*GREY, "RGB", "RGBA", "1", "P"])
def test_empty_image_gives_an_empty_image(mode: str, size: tuple[int, int]) -> None:
    got = apply(Image.new(mode, size), KERNEL)
    assert got.size == size


@pytest.mark.parametrize("mode", ["L", "RGB", "I;16B", "F"])
def test_border_cval_and_threads_are_those_of_convolve(mode: str) -> None:
    image = noise(mode)
    got = apply(image, KERNEL, border="constant", cval=77.5, threads=2)
    for mine, before in zip(
        bands(got) if mode != "I;16B" else [grey(got)],
        bands(image) if mode != "I;16B" else [grey(image)],
        strict=True,
    ):
        dtype = np.uint8 if mode == "F" else None
        wanted = definition("convolve", before, KERNEL, border="constant", cval=77.5, dtype=dtype)
        assert_array_equal(mine, wanted)


# --- mode= ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", GREY)
@pytest.mark.parametrize("source", ["L", "I", "F", "I;16", "I;16B"])
def test_grey_results_are_rounded_once_to_the_mode_asked_for(source: str, mode: str) -> None:
    image = noise(source)
    got = apply(image, KERNEL, mode=mode)
    assert got.mode == mode and got.size == SIZE
    wanted = definition(
        "convolve", grey(image), KERNEL, dtype=np.dtype(GREY[mode]).newbyteorder("=")
    )
    if mode == "F":
        allowed = np.full(SHAPE, 1e-3 * np.abs(grey(image).astype(float)).max() / 100)
        assert_floats_close(grey(got).copy(), wanted, allowed)
    else:
        assert_array_equal(grey(got), wanted)


def test_l_as_i_keeps_what_l_would_cut() -> None:
    image = Image.fromarray(np.array([[0, 0, 255, 0]], np.uint8))
    got = apply(image, [[-2, 0, 2]], mode="I")
    assert np.asarray(got).tolist() == [[0, -510, 0, 510]]
    signed = apply(image, [[0.5, 0, -0.5]], mode="F")
    assert np.asarray(signed).tolist() == [[0, 127.5, 0, -127.5]]


@pytest.mark.parametrize(
    ("source", "mode"),
    [("RGB", "L"), ("RGB", "RGBA"), ("RGB", "CMYK"), ("RGB", "HSV"), ("RGB", "1"), ("RGB", "P"),
     ("RGBA", "RGB"), ("RGBA", "La"), ("L", "RGB"), ("F", "RGB"), ("1", "1"), ("P", "P"), ("P", "L"),
     ("CMYK", "RGB"), ("LA", "L"), ("RGB", "F"), ("RGB", "I")],
)  # fmt: skip
def test_other_modes_are_converted_to_by_pillow_after_filtering(source: str, mode: str) -> None:
    if (source, mode) == ("RGBA", "La"):
        source = "LA"
    image = noise(source)
    got = apply(image, KERNEL, mode=mode)
    assert got.mode == mode and got.size == SIZE
    assert got.tobytes() == apply(image, KERNEL).convert(mode).tobytes()


# --- premultiply ---------------------------------------------------------------------------------


def premultiplied(planes: Array, kernel: Array, **options: Any) -> tuple[Array, Array]:
    """Colours weighted by opacity, and which of them are near a tie, in float64."""
    planes = planes.astype(np.float64)
    options |= {"dtype": np.float64}
    outside = float(options.pop("cval", 0))
    alpha = definition("convolve", planes[..., -1], kernel, cval=outside, **options)
    colours = [
        definition("convolve", planes[..., c] * planes[..., -1], kernel, cval=outside**2, **options)
        for c in range(planes.shape[-1] - 1)
    ]
    with np.errstate(all="ignore"):
        ratio = np.stack(colours, -1) / alpha[..., np.newaxis]
    ratio[np.abs(alpha) < 1e-6] = 0
    out = np.concatenate([ratio, alpha[..., np.newaxis]], -1)
    return out, np.abs(out - np.floor(out) - 0.5) < 1e-6


@pytest.mark.parametrize(
    "kernel", [kernels.gaussian(1.2), KERNEL, kernels.sharpening], ids=["a", "b", "c"]
)
@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_premultiply_weighs_colours_by_their_opacity(mode: str, kernel: Array) -> None:
    image = noise(mode)
    got = np.asarray(apply(image, kernel, premultiply=True))
    exact, tie = premultiplied(np.asarray(image), kernel)
    wanted = np.clip(np.rint(exact), 0, 255)
    assert_array_equal(got[~tie], wanted[~tie])
    assert (np.abs(got - wanted) <= 1).all()


@pytest.mark.parametrize("border", ["reflect", "constant", "wrap"])
@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparent_pixels_lend_no_colour(mode: str, border: str) -> None:
    a = np.array(noise(mode))
    a[..., -1] = np.where(np.random.default_rng(1).random(SHAPE) < 0.5, 0, a[..., -1])
    b = a.copy()
    b[a[..., -1] == 0, :-1] = 99
    one, other = (
        np.asarray(apply(Image.fromarray(x), kernels.gaussian(1), border=border, premultiply=True))
        for x in (a, b)
    )
    assert_array_equal(one, other)
    plain = np.asarray(apply(Image.fromarray(a), kernels.gaussian(1), border=border))
    assert_array_equal(one[..., -1], plain[..., -1])  # the alpha band is filtered as it is


def test_opaque_image_inside_an_opaque_constant_stays_what_it_is() -> None:
    white = Image.new("RGBA", (6, 5), (255, 255, 255, 255))
    got = apply(white, kernels.box_blur, border="constant", cval=255, premultiply=True)
    assert got.tobytes() == white.tobytes()


def test_premultiplied_constant_is_a_colour_of_that_opacity() -> None:
    image = noise("RGBA")
    got = np.asarray(apply(image, kernels.box_blur, border="constant", cval=90, premultiply=True))
    exact, tie = premultiplied(np.asarray(image), kernels.box_blur, border="constant", cval=90)
    assert_array_equal(got[~tie], np.clip(np.rint(exact), 0, 255)[~tie])


def test_premultiply_does_nothing_to_images_without_opacity_or_already_multiplied() -> None:
    for mode in ("L", "RGB", "RGBa", "La", "CMYK", "I;16", "RGBX"):
        image = noise(mode)
        assert apply(image, KERNEL, premultiply=True).tobytes() == apply(image, KERNEL).tobytes()


def test_palette_with_transparency_can_be_premultiplied() -> None:
    image = noise("P")
    image.info["transparency"] = bytes(range(256))
    got = apply(image, kernels.box_blur, premultiply=True)
    assert (
        got.tobytes() == apply(image.convert("RGBA"), kernels.box_blur, premultiply=True).tobytes()
    )


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
@pytest.mark.parametrize("channels", [2, 4])
def test_arrays_with_opacity_can_be_premultiplied(channels: int, dtype: str) -> None:
    image = small_picture((9, 12, channels), dtype) + 1
    got = apply(image, kernels.gaussian(1), premultiply=True)
    assert got.dtype == dtype and got.shape == image.shape
    exact, tie = premultiplied(image, kernels.gaussian(1))
    if np.dtype(dtype).kind == "u":
        assert_array_equal(got[~tie], np.rint(exact)[~tie])
    else:
        np.testing.assert_allclose(got, exact, rtol=1e-6)


# --- what surrounds the pixels -------------------------------------------------------------------


@pytest.mark.parametrize("mode", [*GREY, *BANDS, "1", "P", "PA"])
def test_info_survives(mode: str) -> None:
    image = noise(mode)
    image.info |= {"dpi": (300, 300), "icc_profile": b"profile", "comment": b"mine"}
    assert apply(image, KERNEL).info == image.info


def with_exif(mode: str) -> Image.Image:
    image = noise(mode)
    exif = image.getexif()
    exif[0x010E] = "a description"
    exif[0x0112] = 6  # orientation: the pixels lie on their side, and stay so
    exif.get_ifd(0x8825)[2] = (48.0, 51.0, 29.5)
    return image


@pytest.mark.parametrize("mode", ["L", "RGB", "P", "1", "F", "I;16"])
def test_exif_survives(mode: str) -> None:
    image = with_exif(mode)
    got = apply(image, KERNEL)
    assert got.size == SIZE
    assert dict(got.getexif()).items() >= dict(image.getexif()).items()
    assert got.getexif().get_ifd(0x8825) == {2: (48.0, 51.0, 29.5)}


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_exif_and_info_of_a_file_survive(format: str, tmp_path: Path) -> None:
    image = with_exif("RGB")
    image.save(tmp_path / "picture", format, exif=image.getexif(), dpi=(96, 96))
    with Image.open(tmp_path / "picture") as opened:  # not read yet
        got = apply(opened, KERNEL)
        opened.load()
        exif = dict(opened.getexif())
        assert exif[0x010E] == "a description"
        stored = STORAGE_TAGS  # how a TIFF file has its pixels
        assert dict(got.getexif()) == {tag: exif[tag] for tag in exif if tag not in stored}
        assert {k: v for k, v in got.info.items() if k != "exif"} == {
            k: v for k, v in opened.info.items() if k != "exif"
        }
        for mine, before in zip(bands(got), bands(opened), strict=True):
            assert_array_equal(mine, definition("convolve", before, KERNEL))
    again = io.BytesIO()
    got.save(again, format, exif=got.getexif())
    with Image.open(again) as reopened:
        assert reopened.getexif()[0x010E] == "a description"


def test_image_without_exif_gets_none() -> None:
    got = apply(noise("RGB"), KERNEL)
    assert "exif" not in got.info and dict(got.getexif()) == {}


def test_result_can_be_saved_shown_and_filtered_again() -> None:
    image = noise("RGB")
    once = apply(image, kernels.box_blur)
    twice = apply(once, kernels.box_blur)
    buffer = io.BytesIO()
    twice.save(buffer, "PNG")
    with Image.open(buffer) as saved:
        wanted = np.stack([definition("convolve", definition("convolve", b, kernels.box_blur),
                                      kernels.box_blur) for b in bands(image)], -1)  # fmt: skip
        assert_array_equal(np.asarray(saved), wanted)


# --- arrays --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "dtype", ["bool", "uint8", "int16", "uint16", "int32", "float32", "complex64"]
)
@pytest.mark.parametrize("shape", [(9, 12), (9, 12, 3), (9, 12, 4), (9, 12, 1)], ids=str)
def test_array_comes_back_as_the_array_that_convolve_gives(
    shape: tuple[int, ...], dtype: str
) -> None:
    image = small_picture(shape, dtype)
    got = apply(image, KERNEL, border="wrap")
    axis = -1 if len(shape) == 3 else None
    wanted = fastconv.convolve(image, KERNEL, border="wrap", channel_axis=axis)
    assert type(got) is np.ndarray and got.dtype == wanted.dtype
    assert_array_equal(got, wanted)


def test_anything_with_an_array_interface_is_an_array() -> None:
    image = small_picture((9, 12, 3), np.uint8)

    class Picture:
        """Something of another library."""

        __array_interface__ = image.__array_interface__

    got = apply(Picture(), KERNEL)
    assert type(got) is np.ndarray
    assert_array_equal(got, apply(image, KERNEL))
    assert_array_equal(apply([[0, 9, 0]], [[1, 1, 1]]), [[9, 9, 9]])


# --- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["rgb", "BGR;15", "I;17", "", "RGB;L"])
def test_unknown_mode_is_an_error_that_names_the_known(mode: str) -> None:
    with pytest.raises(ValueError, match=rf"^mode must be one of L, I, F, .*LAB.*; got '{mode}'$"):
        apply(noise("L"), KERNEL, mode=mode)


@pytest.mark.parametrize("image", [np.zeros((4, 5), np.uint8), [[1, 2]]], ids=["array", "list"])
def test_mode_is_for_images(image: Any) -> None:
    words = rf"^mode is for Pillow images; got mode='L' with {type(image).__name__}$"
    with pytest.raises(TypeError, match=words):
        apply(image, KERNEL, mode="L")


def test_mode_that_pillow_cannot_convert_to_is_pillows_error() -> None:
    with pytest.raises(ValueError, match="conversion from"):
        apply(noise("LAB"), KERNEL, mode="L")


@pytest.mark.parametrize("shape", [(5,), (), (2, 3, 4, 5)])
def test_array_must_be_a_picture(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"^image must have shape \(H, W\) or \(H, W, C\); got \("):
        apply(np.zeros(shape), KERNEL)


def test_image_must_be_one() -> None:
    for wrong in ("photo.jpg", None, object()):
        with pytest.raises((TypeError, ValueError), match=r"^image must "):
            apply(wrong, KERNEL)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"kernel": [1, 2]}, "^kernel must be 2-D"),
        ({"border": "periodic"}, "^border must be one of"),
        ({"cval": "x"}, "^cval must be a number"),
        ({"threads": 0}, "^threads must be an integer"),
    ],
)
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "F"])
def test_errors_of_convolve_come_through(mode: str, options: dict[str, Any], words: str) -> None:
    for premultiply in (False, True):
        with pytest.raises((TypeError, ValueError), match=words):
            apply(noise(mode), **({"kernel": KERNEL, "premultiply": premultiply} | options))


@pytest.mark.parametrize("name", KERNELS)
def test_kernels_of_every_kind_on_a_photograph_of_noise(name: str) -> None:
    image = noise("RGB", size=(90, 70))
    got = apply(image, KERNELS[name])
    for mine, before in zip(bands(got), bands(image), strict=True):
        assert_array_equal(mine, definition("convolve", before, KERNELS[name]))
