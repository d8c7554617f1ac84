# SPDX-License-Identifier: BSD-3-Clause
"""What a file says is missing is left out of all sums and stays as it is; a stream with a mask gives the bits
of the call in memory.
"""

from __future__ import annotations

import base64
import struct
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import tifffile
import xarray as xr
import zarr
from click.testing import CliRunner
from numpy.testing import assert_array_equal
from PIL import Image

import fastconv
from fastconv.cli import cli
from fastconv.io.files import filter_file
from fastconv.io.nodata import nodata_of
from fastconv.io.tiff import Pages

from .judge import BORDERS, KERNELS, Array, picture
from .pieces import StopError, stop_at

KERNEL: Array = np.random.default_rng(3).dirichlet(np.ones(20)).reshape(5, 4)


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def holes_of(shape: tuple[int, ...], share: float = 0.4) -> Array:
    """Some rows of bands have none."""
    made: Array = np.random.default_rng(0).random(shape) < share
    made[..., 70:140, :] = False
    return made


def height(dtype: str, nodata: float, shape: tuple[int, ...] = (50, 37)) -> tuple[Array, Array]:
    """A map, and where it has no data."""
    mask = holes_of(shape, 0.3)
    image = (np.abs(picture(shape, "int16").astype(np.int32)) % 200).astype(dtype)
    image[image == nodata] += 1
    image[mask] = nodata
    return image, mask


def wanted_of(image: Array, mask: Array, nodata: float, **options: Any) -> Array:
    kernel = options.pop("kernel", KERNEL)
    result = fastconv.convolve(np.where(mask, 0, image), kernel, mask=mask, fill=nodata, **options)
    result[mask] = nodata
    return result


# --- streams --------------------------------------------------------------------------------------


@pytest.mark.parametrize("border", [*BORDERS, "omit"])
@pytest.mark.parametrize("dtype", ["uint8", "float32", "complex64"])
def test_a_stream_with_a_mask_gives_the_bits_of_the_call(dtype: str, border: str) -> None:
    image, mask = picture((300, 90), dtype), holes_of((300, 90))
    for kernel in (KERNEL, KERNELS["separable 3x5"], np.ones((9, 9)) / 81, KERNELS["dense 3x3"]):
        options: Any = {"border": border, "cval": 3, "fill": 7, "min_weight": 0.2}
        wanted = fastconv.convolve(image, kernel, mask=mask, **options)
        for band in (1, 100, 300):
            for hidden in (mask, memmap_of(mask)):
                got = fastconv.stream(
                    image, kernel, np.empty_like(image), mask=hidden, band=band, **options
                )
                assert_array_equal(got, wanted)


def memmap_of(a: Array) -> Any:
    made = np.lib.format.open_memmap("mask.npy", "w+", a.dtype, a.shape)
    made[...] = a
    return made


def test_streams_of_large_kernels_have_the_bits_of_the_call() -> None:
    image, mask = picture((400, 300), "float32"), holes_of((400, 300), 0.05)
    kernel = np.random.default_rng(0).random((31, 31))
    for method in ("fft", "direct"):
        wanted = fastconv.convolve(image, kernel, mask=mask, method=method)
        got = fastconv.stream(
            image, kernel, np.empty_like(image), mask=mask, band=40, method=method
        )
        assert_array_equal(got, wanted)


def test_masks_of_stacks_and_colours_are_sliced_as_these_are() -> None:
    image = picture((3, 120, 40), "uint8")
    for channels in (None, 0):
        options: Any = {"channel_axis": channels, "fill": 1}
        for mask in (holes_of((3, 120, 40)), holes_of((120, 40))):
            wanted = fastconv.convolve(image, KERNEL, mask=mask, **options)
            got = fastconv.stream(
                image, KERNEL, np.empty_like(image), mask=mask, band=11, **options
            )
            assert_array_equal(got, wanted)
    lazy = zarr.create_array("mask.zarr", shape=(3, 120, 40), dtype=bool, chunks=(1, 17, 9))
    lazy[...] = holes_of((3, 120, 40))
    wanted = fastconv.convolve(image, KERNEL, mask=lazy[...], fill=1)
    got = fastconv.stream(image, KERNEL, np.empty_like(image), mask=lazy, band=11, fill=1)
    assert_array_equal(got, wanted)


def test_nan_is_missing_in_streams_too() -> None:
    image, mask = picture((200, 40), "float64"), holes_of((200, 40))
    image[mask] = np.nan
    got = fastconv.stream(image, KERNEL, np.empty_like(image), nan_policy="omit", band=30)
    assert_array_equal(got, fastconv.convolve(image, KERNEL, nan_policy="omit"))
    with pytest.raises(ValueError, match=r"^image must hold no NaN"):
        fastconv.stream(image, KERNEL, np.empty_like(image), nan_policy="raise")


@pytest.mark.parametrize(("dtype", "nodata"), [
    ("int16", -9999), ("uint8", 255), ("float32", -3.4028234663852886e38), ("float32", np.nan),
    ("float64", -9999.0), (">i2", -1), ("int64", -(2**62)),
])  # fmt: skip
def test_what_is_no_data_is_left_out_and_stays(dtype: str, nodata: float) -> None:
    image, mask = height(dtype, nodata, (300, 40))
    for kernel in (KERNEL, np.ones((3, 3)) / 9):
        wanted = wanted_of(image, mask, nodata, kernel=kernel)
        assert_array_equal(
            np.isnan(wanted) if nodata != nodata else wanted == nodata, mask
        )  # windows have something
        for band in (7, 100):
            target = np.empty_like(image)
            fastconv.stream(image, kernel, target, nodata=nodata, band=band)
            assert_array_equal(target, wanted)
    left, top, width, tall = region = 5, 20, 17, 200
    target = np.empty_like(image)
    fastconv.stream(image, KERNEL, target, nodata=nodata, band=33, region=region)
    whole, inside = image.copy(), np.s_[top : top + tall, left : left + width]
    whole[inside] = wanted_of(image, mask, nodata)[inside]
    assert_array_equal(target, whole)


def test_a_result_of_another_type_has_its_own_fill() -> None:
    image, mask = height("int16", -9999)
    got = fastconv.stream(image, KERNEL, np.empty((50, 37), np.uint8), nodata=-9999, fill=255)
    assert_array_equal(got[mask], 255)
    target = np.full((50, 37), 9, np.uint8)
    with pytest.raises(ValueError, match=r"^fill must be a number of type uint8; got -9999"):
        fastconv.stream(image, KERNEL, target, nodata=-9999)
    assert (target == 9).all()


@pytest.mark.parametrize(("options", "error", "words"), [
    ({"nodata": 300}, ValueError, r"^nodata must be a number that samples of type uint8 can be; got 300"),
    ({"nodata": "none"}, TypeError, r"^nodata must be a number, None or \"auto\"; got 'none'"),
    ({"nodata": 7, "linear": True}, ValueError, r"^linear must be False where samples are missing"),
    ({"mask": np.zeros((9, 9))}, TypeError, r"^mask must be of type bool"),
    ({"mask": np.zeros((9, 8), bool)}, ValueError, r"^mask must have the shape of image"),
    ({"mask": True}, ValueError, r"^fill must be given for a result of type uint8"),
])  # fmt: skip
def test_what_is_wrong_is_said_before_anything_is_written(
    options: Any, error: type[Exception], words: str
) -> None:
    target = np.full((9, 9), 9, np.uint8)
    with pytest.raises(error, match=words):
        fastconv.stream(np.zeros((9, 9), np.uint8), KERNEL, target, **options)
    assert (target == 9).all()


def test_a_run_with_another_mask_or_nodata_is_not_resumed() -> None:
    image = picture((60, 40), "uint8")
    target = np.zeros_like(image)
    with pytest.raises(StopError):
        fastconv.stream(image, KERNEL, target, band=20, mark="m", nodata=3, progress=stop_at(1))
    with pytest.raises(ValueError, match=r"^target was begun with another kernel"):
        fastconv.stream(image, KERNEL, target, band=20, mark="m", resume=True)
    fastconv.stream(image, KERNEL, target, band=20, mark="m", resume=True, nodata=3)
    assert_array_equal(target, fastconv.stream(image, KERNEL, np.empty_like(image), nodata=3))


# --- files ----------------------------------------------------------------------------------------


def write_tiff(path: str, image: Array, words: str, **options: Any) -> None:
    tifffile.imwrite(path, image, extratags=[(42113, "s", 0, words, True)], **options)


TIFFS: dict[str, dict[str, Any]] = {
    "mapped": {},
    "tiles": {"tile": (16, 16), "compression": "zlib"},
    "strips": {"rowsperstrip": 7, "compression": "lzw"},
}


@pytest.mark.parametrize("kind", TIFFS)
@pytest.mark.parametrize(("dtype", "nodata", "words"), [
    ("int16", -9999, "-9999"), ("float32", -9999.0, "-9999"), ("uint8", 0, "0 "),
    ("float32", np.nan, "nan"), ("float32", -3.4028234663852886e38, "-3.4028234663852886e+38"),
])  # fmt: skip
def test_gdals_nodata_is_left_out_and_stays(
    kind: str, dtype: str, nodata: float, words: str
) -> None:
    image, mask = height(dtype, nodata)
    write_tiff("in.tif", image, words, **TIFFS[kind])
    filter_file("in.tif", "out.tif", KERNEL, band=9)
    assert_array_equal(tifffile.imread("out.tif"), wanted_of(image, mask, nodata))
    with tifffile.TiffFile("out.tif") as file:
        assert file.pages[0].tags[42113].value.strip() == words.strip()
    filter_file("in.tif", "plain.tif", KERNEL, nodata=None)
    plain = fastconv.convolve(image, KERNEL)
    assert_array_equal(tifffile.imread("plain.tif"), plain)


def test_pages_and_channels_have_one_nodata() -> None:
    image, mask = height("int16", -1, (3, 50, 37))
    write_tiff("in.tif", image, "-1", photometric="minisblack")
    filter_file("in.tif", "out.tif", KERNEL)
    assert_array_equal(tifffile.imread("out.tif"), wanted_of(image, mask, -1))
    colours, gone = (np.ascontiguousarray(np.moveaxis(a, 0, -1)) for a in (image, mask))
    write_tiff("rgb.tif", colours.astype(np.uint16), "65535", photometric="rgb", compression="zlib")
    filter_file("rgb.tif", "out.tif", KERNEL, band=9)
    wanted = wanted_of(colours.astype(np.uint16), gone, 65535, channel_axis=-1)
    assert_array_equal(tifffile.imread("out.tif"), wanted)
    with tifffile.TiffWriter("two.tif") as file:
        for words, page in zip(("-1", "-2"), image, strict=False):
            file.write(page, extratags=[(42113, "s", 0, words, True)], contiguous=False)
    with pytest.raises(
        ValueError, match=r"^nodata must be given for pages of different ones; got -1, -2"
    ):
        filter_file("two.tif", "out.tif", KERNEL)
    filter_file("two.tif", "three.tif", KERNEL, nodata=-3)
    with tifffile.TiffFile("three.tif") as file:
        assert [page.tags[42113].value for page in file.pages] == ["-3", "-3"]


@pytest.mark.parametrize("words", ["-9999", "1.5", "no number", ""])
def test_a_nodata_that_no_sample_can_be_says_nothing(words: str) -> None:
    image = picture((50, 37), "uint8")
    write_tiff("in.tif", image, words)
    filter_file("in.tif", "out.tif", KERNEL)
    assert_array_equal(tifffile.imread("out.tif"), fastconv.convolve(image, KERNEL))


@pytest.mark.parametrize("kind", TIFFS)
def test_a_nodata_that_is_given_is_written(kind: str) -> None:
    image, mask = height("float32", -9999.0)
    for name in ("bare", "other"):
        if name == "bare":
            tifffile.imwrite("in.tif", image, **TIFFS[kind])
        else:
            write_tiff("in.tif", image, "-1", **TIFFS[kind])
        filter_file("in.tif", "out.tif", KERNEL, nodata=-9999)
        assert_array_equal(tifffile.imread("out.tif"), wanted_of(image, mask, -9999))
        pages = Pages("out.tif")
        assert pages.nodata == -9999
        pages.close()


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("how", ["_FillValue", "missing_value", "fill value", "coded"])
def test_fill_values_of_zarr_are_left_out_and_stay(how: str, version: int) -> None:
    image, mask = height("float32", -9999.0)
    said: Any = -9999.0
    if how == "coded":  # as xarray writes it
        said = base64.standard_b64encode(struct.pack("<d", -9999.0)).decode()
    name = "_FillValue" if how == "coded" else how
    a = zarr.create_array(
        "in.zarr", shape=image.shape, dtype="float32", chunks=(16, 16), zarr_format=version,
        fill_value=-9999.0 if how == "fill value" else 0,
        attributes={} if how == "fill value" else {name: said},
    )  # fmt: skip
    a[...] = image
    filter_file("in.zarr", "out.zarr", KERNEL)
    b = zarr.open_array("out.zarr", mode="r")
    assert_array_equal(b[...], wanted_of(image, mask, -9999))
    assert nodata_of(b) == -9999
    filter_file("in.zarr", "wide.zarr", KERNEL, dtype="float64")
    wide = zarr.open_array("wide.zarr", mode="r")
    assert nodata_of(wide) == -9999
    assert_array_equal(wide[...] == -9999, mask)


def test_a_fill_value_of_0_is_zarrs_own() -> None:
    image = picture((30, 20), "uint8")
    zarr.create_array("in.zarr", shape=(30, 20), dtype="uint8", chunks=(8, 8))[...] = image
    filter_file("in.zarr", "out.zarr", KERNEL)
    assert_array_equal(zarr.open_array("out.zarr")[...], fastconv.convolve(image, KERNEL))
    a = zarr.create_array(
        "zero.zarr", shape=(30, 20), dtype="uint8", chunks=(8, 8), attributes={"_FillValue": 0}
    )
    a[...] = image
    got = fastconv.stream(a, KERNEL, np.empty_like(image))
    assert_array_equal(got, wanted_of(image, image == 0, 0))


def test_what_xarray_writes_is_left_out() -> None:
    image, mask = height("float32", np.nan)
    named = xr.Dataset({"height": (("y", "x"), image)})
    for version in (2, 3):
        folder = f"{version}.zarr"
        named.to_zarr(
            folder, zarr_format=version, consolidated=False,
            encoding={"height": {"dtype": "int16", "_FillValue": -9999}},
        )  # fmt: skip
        filter_file(f"{folder}/height", "out.zarr", KERNEL)
        got = zarr.open_array("out.zarr", mode="r")[...]
        wanted = wanted_of(np.nan_to_num(image).astype(np.int16), mask, -9999)
        assert_array_equal(got, wanted)


def test_attributes_of_hdf5_are_left_out() -> None:
    image, mask = height("int16", -9999)
    with h5py.File("in.h5", "w") as file:
        source = file.create_dataset("height", data=image)
        source.attrs["_FillValue"] = np.array([-9999], np.int16)
        target = file.create_dataset("out", image.shape, "int16")
        fastconv.stream(source, KERNEL, target, band=9)
        assert_array_equal(target[...], wanted_of(image, mask, -9999))


# --- the command line -----------------------------------------------------------------------------


def run(*words: str) -> Any:
    return CliRunner().invoke(cli, ["apply", *words])


def test_the_command_line_takes_nodata_of_files_and_of_words() -> None:
    kernel = "1 2 1; 2 4 2; 1 2 1"
    weights = np.array([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]])
    image, mask = height("float32", -9999.0)
    write_tiff("said.tif", image, "-9999")
    np.save("bare.npy", image)
    wanted = wanted_of(image, mask, -9999, kernel=weights)
    assert run("said.tif", "-k", kernel, "-o", "out.tif").exit_code == 0
    assert_array_equal(tifffile.imread("out.tif"), wanted)
    assert run("bare.npy", "-k", kernel, "-o", "out.npy", "--nodata", "-9999").exit_code == 0
    assert_array_equal(np.load("out.npy"), wanted)
    assert run("said.tif", "-k", kernel, "-o", "none.tif", "--nodata", "none").exit_code == 0
    assert_array_equal(tifffile.imread("none.tif"), fastconv.convolve(image, weights))


def test_the_command_line_says_where_nodata_is_not_for() -> None:
    Image.new("L", (9, 9)).save("in.png")
    done = run("in.png", "-k", "box_blur", "-o", "out.png", "--nodata", "0")
    assert done.exit_code == 1
    assert "--nodata is for TIFF" in done.stderr
    done = run("in.png", "-k", "box_blur", "-o", "out.png", "--nodata", "nothing")
    assert done.exit_code == 2
    assert "must be a number such as -9999, nan, or none; got 'nothing'" in done.stderr
    assert not Path("out.png").exists()
