# SPDX-License-Identifier: BSD-3-Clause
"""FITS: types, headers, tables and further images of a file are what they were."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

import fastconv

pytest.importorskip("click")
fits = pytest.importorskip("astropy.io.fits")

from .command import run  # noqa: E402

pytestmark = pytest.mark.usefixtures("in_an_empty_folder")

from .judge import picture  # noqa: E402

TYPES = (
    "uint8",
    "int8",
    "int16",
    "uint16",
    "int32",
    "uint32",
    "int64",
    "uint64",
    "float32",
    "float64",
)
KERNEL = fastconv.kernels.sharpening


def cards(header: Any) -> list[tuple[Any, ...]]:
    return [tuple(card) for card in header.cards if card.keyword not in ("CHECKSUM", "DATASUM")]


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("shape", [(30, 41), (2, 30, 41)])
def test_every_type_of_a_fits_image_stays(dtype: str, shape: tuple[int, ...]) -> None:
    a = (picture(shape, dtype) // 2**20).astype(dtype) if "64" in dtype else picture(shape, dtype)
    header = fits.Header([("OBJECT", "M 31", "a galaxy"), ("EXPTIME", 12.5), ("HISTORY", "flat")])
    fits.PrimaryHDU(a, header).writeto("in.fits")
    assert run("apply", "in.fits", "-k", "sharpening", "-o", "out.fits").stderr == ""
    with fits.open("in.fits") as before, fits.open("out.fits") as after:
        assert after[0].data.dtype.name == before[0].data.dtype.name == dtype
        assert cards(after[0].header) == cards(before[0].header)
        assert_array_equal(after[0].data, fastconv.convolve(a, KERNEL))


def test_what_is_no_image_of_that_name_stays_and_is_said() -> None:
    science, flags = picture((30, 41), "float32"), picture((30, 41), "int16")
    table = fits.BinTableHDU.from_columns([fits.Column("flux", "E", array=[1, 2.5])], name="STARS")
    parts = [
        fits.PrimaryHDU(), fits.ImageHDU(science, name="SCI", ver=1), fits.ImageHDU(flags, name="DQ"),
        fits.ImageHDU(-science, name="SCI", ver=2), table,
    ]  # fmt: skip
    fits.HDUList(parts).writeto("in.fits", checksum=True)
    result = run("apply", "in.fits", "-k", "box_blur", "-o", "out.fits")
    assert "only SCI is filtered; these stay as they are: DQ, STARS" in result.stderr
    with fits.open("out.fits", checksum=True) as after:
        for part, wanted in ((1, science), (3, -science)):
            assert_array_equal(after[part].data, fastconv.convolve(wanted, fastconv.box_blur))
        assert_array_equal(after["DQ"].data, flags)
        assert after["STARS"].data["flux"].tolist() == [1, 2.5]
        assert [part.name for part in after] == ["PRIMARY", "SCI", "DQ", "SCI", "STARS"]


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32", "float32"])
def test_compressed_images_of_floats_are_not_coded_with_losses_again(dtype: str) -> None:
    a = np.rint(picture((30, 41), dtype)).astype(dtype)
    fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(a, quantize_level=0, compression_type="GZIP_2")
                  if dtype == "float32" else fits.CompImageHDU(a)]).writeto("in.fits")  # fmt: skip
    run("apply", "in.fits", "-k", "sharpening", "-o", "out.fits")
    with fits.open("out.fits") as after:
        assert type(after[1]).__name__ == "CompImageHDU"
        assert_array_equal(after[1].data, fastconv.convolve(a, KERNEL))


def test_a_scaled_image_becomes_floats_with_a_note() -> None:
    image = fits.PrimaryHDU(picture((9, 9), "float32"))
    image.scale("int16", bscale=0.25, bzero=3)
    image.writeto("in.fits")
    result = run("apply", "in.fits", "-k", "box_blur", "-o", "out.fits")
    assert "int16 with a scale becomes float32" in result.stderr
    with fits.open("in.fits") as before, fits.open("out.fits") as after:
        wanted = fastconv.convolve(before[0].data, fastconv.box_blur)
        assert_array_equal(after[0].data, wanted)


def test_blank_pixels_are_nan_with_a_note() -> None:
    a = picture((9, 9), "int16")
    a[4, 4] = -9999
    fits.PrimaryHDU(a, fits.Header([("BLANK", -9999)])).writeto("in.fits")
    result = run("apply", "in.fits", "-k", "box_blur", "-o", "out.fits")
    assert "int16 with blank pixels, which are NaN, becomes float32" in result.stderr
    with fits.open("out.fits") as after:
        assert np.isnan(after[0].data).sum() == 9 and np.isnan(after[0].data[3:6, 3:6]).all()
        assert "BLANK" not in after[0].header


def test_the_first_image_can_be_an_array() -> None:
    a = picture((30, 41), "uint16")
    fits.PrimaryHDU(a).writeto("in.fit")
    run("apply", "in.fit", "-k", "box_blur", "--region", "3,4,5,6", "-o", "out.npy")
    assert_array_equal(
        np.load("out.npy"), fastconv.apply(a, fastconv.box_blur, region=(3, 4, 5, 6))
    )


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (("in.fits", "out.png"), "in.fits becomes FITS or .npy only; got out.png"),
        (("in.png", "out.fits"), "out.fits is written from FITS only; in.png is none"),
    ],
)
def test_pictures_are_no_fits(names: tuple[str, str], says: str) -> None:
    fits.PrimaryHDU(picture((9, 9), "uint8")).writeto("in.fits")
    Image.new("L", (9, 9)).save("in.png")
    result = run("apply", names[0], "-k", "box_blur", "-o", names[1], code=1)
    assert says in " ".join(result.stderr.split())
    assert not Path(names[1]).exists()


def test_a_file_without_an_image_is_refused() -> None:
    fits.HDUList([fits.PrimaryHDU()]).writeto("in.fits")
    result = run("apply", "in.fits", "-k", "box_blur", "-o", "out.fits", code=1)
    assert "it holds no image" in result.stderr
