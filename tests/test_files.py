# SPDX-License-Identifier: BSD-3-Clause
"""Files of arrays and TIFF of any kind are filtered in bands, whole or not at all, and the pixels are those
of the same call in memory.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import zarr
from click.testing import CliRunner
from numpy.testing import assert_array_equal
from PIL import Image

import fastconv
from fastconv.cli import cli
from fastconv.io import pictures, tiff
from fastconv.io.files import filter_file

from .judge import KERNELS, Array, picture
from .pieces import StopError, stop_at

KERNEL = KERNELS["even 4x6"]


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def listed() -> list[str]:
    return sorted(path.name for path in Path().iterdir())


# --- TIFF ----------------------------------------------------------------------------------------

TIFFS: dict[str, tuple[tuple[int, ...], str, dict[str, Any]]] = {
    "one strip": ((50, 37), "uint8", {"rowsperstrip": 50}),
    "strips": ((50, 37), "uint16", {"rowsperstrip": 7}),
    "strips, LZW": ((50, 37), "uint8", {"rowsperstrip": 7, "compression": "lzw"}),
    "differences, LZW": ((50, 37), "uint16", {"compression": "lzw", "predictor": True}),
    "differences, deflate": ((50, 37, 3), "uint16", {"compression": "zlib", "predictor": True}),
    "zstd": ((50, 37), "int32", {"compression": "zstd"}),
    "tiles": ((50, 37), "uint8", {"tile": (16, 32)}),
    "tiles, deflate": ((50, 37), "uint16", {"tile": (16, 16), "compression": "zlib"}),
    "tiles, RGB, LZW": ((50, 37, 3), "uint8", {"tile": (32, 16), "compression": "lzw"}),
    "BigTIFF": ((50, 37), "uint8", {"bigtiff": True}),
    "BigTIFF, tiles, LZW": ((50, 37), "int16", {"bigtiff": True, "tile": (16, 16), "compression": 5}),
    "big-endian": ((50, 37), "uint16", {"byteorder": ">"}),
    "big-endian, deflate": ((50, 37), "uint16", {"byteorder": ">", "compression": "zlib"}),
    "RGB": ((50, 37, 3), "uint8", {}),
    "RGBA of 16 bits": ((50, 37, 4), "uint16", {"extrasamples": ["unassalpha"]}),
    "CMYK": ((50, 37, 4), "uint8", {"photometric": "separated"}),
    "planes": ((3, 50, 37), "uint8", {"photometric": "rgb", "planarconfig": "separate"}),
    "planes, tiles, LZW": (
        (3, 50, 37), "uint16",
        {"photometric": "rgb", "planarconfig": "separate", "tile": (16, 16), "compression": "lzw"},
    ),
    "pages": ((4, 50, 37), "uint8", {"photometric": "minisblack"}),
    "pages, deflate": ((4, 50, 37), "uint16", {"photometric": "minisblack", "compression": "zlib"}),
    "pages, RGB, tiles, LZW": ((2, 50, 37, 3), "uint8", {"tile": (16, 16), "compression": "lzw"}),
    "white is 0": ((50, 37), "uint8", {"photometric": "miniswhite"}),
    "floats": ((50, 37), "float32", {"compression": "zlib"}),
    "floats of 64 bits": ((50, 37), "float64", {}),
    "32 bits": ((50, 37), "uint32", {"compression": "lzw"}),
}  # fmt: skip


def written(kind: str) -> Array:
    """Write in.tif, and return what is in it."""
    shape, dtype, words = TIFFS[kind]
    image = picture(shape, dtype)
    colours = {"photometric": "rgb"} if shape[-1] in (3, 4) else {}
    tifffile.imwrite("in.tif", image, **{**colours, **words}, metadata=None)
    return image


@pytest.mark.parametrize("kind", TIFFS)
def test_any_tiff_gives_what_memory_gives_in_a_tiff_of_its_kind(kind: str) -> None:
    image = written(kind)
    samples_last = image.shape[-1] in (3, 4)
    pixels = filter_file("in.tif", "out.tif", KERNEL, band=9)
    wanted = fastconv.convolve(image, KERNEL, channel_axis=-1 if samples_last else None)
    assert_array_equal(tifffile.imread("out.tif"), wanted, strict=True)
    assert pixels == image.size // (image.shape[-1] if samples_last else 1)
    with tifffile.TiffFile("in.tif") as before, tifffile.TiffFile("out.tif") as after:
        assert len(before.pages) == len(after.pages)
        for word in "photometric", "planarconfig", "samplesperpixel", "extrasamples":
            assert getattr(before.pages[0], word) == getattr(after.pages[0], word)
        codec = int(before.pages[0].compression)
        assert after.pages[0].compression == {1: 1, 5: 5}.get(codec, 8)
        assert after.is_bigtiff == before.is_bigtiff
    assert listed() == ["in.tif", "out.tif"]


@pytest.mark.parametrize("kind", ["strips", "differences, LZW", "pages", "pages, deflate", "RGB"])
def test_an_interrupted_tiff_is_gone_on_with(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiff, "STRIP_BYTES", 300)
    written(kind)
    filter_file("in.tif", "whole.tif", KERNEL, band=9)
    with pytest.raises(StopError):
        filter_file("in.tif", "out.tif", KERNEL, band=9, progress=stop_at(30))
    assert not Path("out.tif").exists() and Path("out.tif.part.unfinished").exists()
    told: list[int] = []
    filter_file(
        "in.tif", "out.tif", KERNEL, resume=True, band=9, progress=lambda y, _: told.append(y)
    )
    assert told[0] > 30
    assert Path("out.tif").read_bytes() == Path("whole.tif").read_bytes()
    assert listed() == ["in.tif", "out.tif", "whole.tif"]


def test_pillow_reads_what_is_written() -> None:
    image = picture((50, 37, 3), "uint8")
    tifffile.imwrite("in.tif", image, photometric="rgb", compression="lzw", predictor=True)
    filter_file("in.tif", "out.tif", KERNEL)
    with Image.open("out.tif") as result:
        assert_array_equal(np.asarray(result), fastconv.apply(image, KERNEL))


def test_jpeg_in_tiff_is_decoded_to_colours_and_deflated() -> None:
    image = picture((64, 48, 3), "uint8")
    tifffile.imwrite(
        "in.tif", image, photometric="rgb", compression="jpeg", tile=(16, 16),
        compressionargs={"level": 90, "subsampling": (1, 1), "outcolorspace": "ycbcr"},
    )  # fmt: skip
    filter_file("in.tif", "out.tif", KERNEL)
    wanted = fastconv.apply(tifffile.imread("in.tif"), KERNEL)
    assert_array_equal(tifffile.imread("out.tif"), wanted)


def test_what_a_tiff_says_of_its_picture_is_kept() -> None:
    place = (0.0, 0.0, 0.0, 440720.0, 3751320.0, 0.0)
    tifffile.imwrite(
        "in.tif", picture((50, 37), "uint16"), compression="lzw", iccprofile=b"profile" * 30,
        resolution=(300, 150), resolutionunit="inch", datetime="2020:01:02 03:04:05", metadata=None,
        extratags=[
            (274, "H", 1, 6, True),
            (33550, "d", 3, (60.0, 60.0, 0.0), True),
            (33922, "d", 6, place, True),
            (42113, "s", 0, "-9999", True),
        ],
    )  # fmt: skip
    filter_file("in.tif", "out.tif", KERNEL)
    with tifffile.TiffFile("in.tif") as before, tifffile.TiffFile("out.tif") as after:
        a, b = before.pages[0].tags, after.pages[0].tags
        for name in (
            "XResolution", "YResolution", "ResolutionUnit", "InterColorProfile", "DateTime", "Orientation",
            "ModelPixelScaleTag", "ModelTiepointTag", "GDAL_NODATA",
        ):  # fmt: skip
            assert a[name].value == b[name].value, name


def test_pages_unlike_the_first_are_left_out_and_the_user_told() -> None:
    with tifffile.TiffWriter("in.tif") as file:
        for shape in ((50, 37), (25, 18), (50, 37)):
            file.write(picture(shape, "uint8"), metadata=None)
    notes: list[str] = []
    filter_file("in.tif", "out.tif", KERNEL, note=notes.append)
    assert tifffile.imread("out.tif").shape == (2, 50, 37)
    assert notes == ["only the pages like the first are filtered, 1 are not"]


def test_a_stack_whose_pages_have_no_tags_is_refused_rather_than_cut() -> None:
    tifffile.imwrite("in.tif", picture((5, 50, 37), "uint8"), imagej=True, truncate=True)
    with pytest.raises(ValueError, match=r"in\.tif must have tags for each of its 5 pages; got 1"):
        filter_file("in.tif", "out.tif", KERNEL)


@pytest.mark.parametrize(
    ("mode", "words"),
    [("P", "pixels of a TIFF must be grey, RGB or CMYK; got palette"),
     ("1", "samples of a TIFF must be of 8, 16, 32 or 64 bits; got 1"),
     ("LAB", "pixels of a TIFF must be grey, RGB or CMYK; got cielab")],
)  # fmt: skip
def test_a_tiff_without_numbers_to_sum_is_refused(mode: str, words: str) -> None:
    Image.new(mode, (8, 8)).save("in.tif")
    with pytest.raises(ValueError, match=words):
        filter_file("in.tif", "out.tif", KERNEL)
    assert listed() == ["in.tif"]


@pytest.mark.parametrize("kind", ["tiles, deflate", "strips, LZW", "planes, tiles, LZW"])
def test_of_a_tiff_no_more_is_decoded_than_is_asked_for(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = written(kind)
    image = image if image.ndim == 3 else image[np.newaxis]
    pages = tiff.Pages("in.tif")
    put = pages._put
    seen: list[Any] = []

    def counted(result: Array, low: int, segment: Any) -> None:
        seen.append(segment)
        put(result, low, segment)

    monkeypatch.setattr(pages, "_put", counted)
    rows = pages[(*(image.shape[0] > 1) * (1,), slice(17, 20))]
    assert_array_equal(rows, image[-2 if len(image) > 1 else 0, 17:20])
    assert len(seen) <= 3
    pages.close()


# --- arrays --------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(50, 37), (50, 37, 3), (2, 3, 50, 37)], ids=str)
@pytest.mark.parametrize("source", ["in.npy", "in.zarr"])
@pytest.mark.parametrize("target", ["out.npy", "out.zarr"])
def test_files_of_arrays_give_what_memory_gives(
    source: str, target: str, shape: tuple[int, ...]
) -> None:
    image = picture(shape, "int16")
    if source == "in.npy":
        np.save(source, image)
    else:
        zarr.save_array(source, image)
    filter_file(source, target, KERNEL, band=9, border="wrap", dtype=np.float32)
    result = np.load(target) if target == "out.npy" else zarr.open_array(target, mode="r")[...]
    axis = -1 if len(shape) == 3 else None
    wanted = fastconv.convolve(image, KERNEL, border="wrap", dtype=np.float32, channel_axis=axis)
    assert_array_equal(result, wanted, strict=True)
    assert listed() == sorted([source, target])


@pytest.mark.parametrize("target", ["out.npy", "out.zarr"])
def test_an_interrupted_file_is_gone_on_with(target: str) -> None:
    image = picture((90, 37), ">f4")
    np.save("in.npy", np.asfortranarray(image))
    with pytest.raises(StopError):
        filter_file("in.npy", target, KERNEL, band=9, progress=stop_at(30))
    assert listed() == ["in.npy", f"{target}.part", f"{target}.part.unfinished"]
    filter_file("in.npy", target, KERNEL, band=9, resume=True)
    result = np.load(target) if target == "out.npy" else zarr.open_array(target, mode="r")[...]
    assert_array_equal(result, fastconv.convolve(image, KERNEL))
    assert listed() == ["in.npy", target]


def test_what_is_complete_is_not_done_again() -> None:
    np.save("in.npy", picture((9, 8), "uint8"))
    np.save("out.npy", np.zeros(1))
    assert filter_file("in.npy", "out.npy", KERNEL, resume=True) == 0
    assert np.load("out.npy").shape == (1,)


@pytest.mark.parametrize("target", ["out.npy", "out.zarr", "out.tif"])
def test_a_target_is_replaced_when_the_new_one_is_complete(target: str) -> None:
    image = picture((40, 37), "uint8")
    source = "in.tif" if target == "out.tif" else "in.npy"
    tifffile.imwrite("in.tif", image, compression="lzw")
    np.save("in.npy", image)
    filter_file(source, target, fastconv.identity)
    read = {
        "out.npy": np.load, "out.zarr": lambda name: zarr.open_array(name, mode="r")[...],
        "out.tif": tifffile.imread,
    }[target]  # fmt: skip
    with pytest.raises(StopError):
        filter_file(source, target, KERNEL, band=9, progress=stop_at(9))
    assert_array_equal(read(target), image)
    filter_file(source, target, KERNEL)  # begins anew
    assert_array_equal(read(target), fastconv.convolve(image, KERNEL))
    assert listed() == ["in.npy", "in.tif", target]


@pytest.mark.parametrize(
    ("source", "target", "words"),
    [("in.png", "out.npy", "source must end in .npy, .zarr, .tif, .tiff; got in.png"),
     ("in.npy", "out.tif", "target must end in .npy, .zarr; got out.tif"),
     ("in.npy", "out.png", "target must end in .npy, .zarr; got out.png"),
     ("no.npy", "out.npy", "No such file or directory"),
     ("no.tif", "out.tif", "No such file or directory"),
     ("bad.npy", "out.npy", "."), ("bad.zarr", "out.npy", "."), ("bad.tif", "out.tif", "not a TIFF file"),
     ("words.npy", "out.npy", "source must be of type bool.*got str32")],
)  # fmt: skip
def test_files_that_cannot_be_done_are_refused_and_leave_nothing(
    source: str, target: str, words: str
) -> None:
    np.save("in.npy", picture((9, 8), "uint8"))
    np.save("words.npy", np.array([["a", "b"]]))
    for name in "bad.npy", "bad.tif", "in.png":
        Path(name).write_bytes(b"nothing of the kind")
    Path("bad.zarr").mkdir()
    before = listed()
    with pytest.raises((ValueError, OSError, TypeError), match=words):
        filter_file(source, target, KERNEL)
    assert listed() == before


# --- the command line takes this way by itself ---------------------------------------------------


def run(*words: object, code: int = 0) -> str:
    result = CliRunner().invoke(cli, [str(word) for word in words])
    assert result.exit_code == code, result.output
    return result.output


@pytest.fixture
def in_bands(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that are filtered in bands."""
    names: list[str] = []

    def counted(source: Path, *words: Any, **options: Any) -> int:
        names.append(source.name)
        return filter_file(source, *words, **options)

    monkeypatch.setattr(pictures, "filter_file", counted)
    return names


@pytest.mark.parametrize("shape", [(50, 37), (50, 37, 3)], ids=str)
def test_apply_filters_large_tiff_in_bands_to_the_same_pixels(
    shape: tuple[int, ...], in_bands: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    image = picture(shape, "uint8")
    photometric = "rgb" if len(shape) == 3 else "minisblack"
    tifffile.imwrite("in.tif", image, photometric=photometric, compression="lzw")
    words = ["-k", "gaussian", "--border", "wrap", "--mode", "RGB" if len(shape) == 3 else "L"]
    run("apply", "in.tif", *words, "-o", "small.tif")
    assert in_bands == []
    monkeypatch.setattr(tiff, "LARGE", image.nbytes - 1)
    run("apply", "in.tif", *words[:4], "-o", "large.tif")
    assert in_bands == ["in.tif"]
    wanted = fastconv.apply(image, fastconv.kernels.gaussian(1), border="wrap")
    for name in "small.tif", "large.tif":
        assert_array_equal(tifffile.imread(name), wanted, strict=True)


@pytest.mark.parametrize("kind", ["pages, deflate", "RGBA of 16 bits", "32 bits", "BigTIFF"])
def test_apply_filters_tiff_that_pillow_would_make_less_of(kind: str) -> None:
    image = written(kind)
    run("apply", "in.tif", "-k", "sharpening", "-o", "out.tif")
    axis = -1 if image.shape[-1] == 4 else None
    wanted = fastconv.convolve(image, fastconv.sharpening, channel_axis=axis)
    assert_array_equal(tifffile.imread("out.tif"), wanted, strict=True)


def test_apply_filters_a_folder_of_arrays() -> None:
    image = picture((50, 37), "int16")
    Path("in").mkdir()
    np.save("in/a.npy", image)
    zarr.save_array("in/b.zarr", image)
    run("apply", "in", "-k", "box:5", "-o", "out")
    wanted = fastconv.convolve(image, fastconv.kernels.box(5))
    assert_array_equal(np.load("out/a.npy"), wanted)
    assert_array_equal(zarr.open_array("out/b.zarr", mode="r")[...], wanted)


def test_apply_says_what_it_cannot_do_with_them() -> None:
    np.save("in.npy", picture((50, 37, 4), "uint8"))
    for words, says in (
        (["-o", "out.npy", "--premultiply"], "--premultiply is for pictures that Pillow opens"),
        (["-o", "out.npy", "--mode", "L"], "mode L is not for this file"),
        (["-o", "out.png"], "target must end in .npy, .zarr"),
    ):
        assert says in " ".join(run("apply", "in.npy", "-k", "gaussian", *words, code=1).split())
    assert listed() == ["in.npy"]


@pytest.mark.parametrize("jobs", [1, 2])
def test_apply_goes_on_with_what_was_interrupted(jobs: int) -> None:
    image = picture((90, 37), "uint8")
    np.save("in.npy", image)
    for name in "a.npy", "b.npy":
        with pytest.raises(StopError):
            filter_file("in.npy", name, fastconv.sharpening, band=9, progress=stop_at(30))
        part = np.load(f"{name}.part", mmap_mode="r+")
        part[:30] = 7  # what was done is not done again
    Path("in").mkdir()
    for name in "a.npy", "b.npy":
        shutil.copy("in.npy", Path("in", name))
    run("apply", "in", "-k", "sharpening", "-o", ".", "--resume", "--jobs", jobs, "--threads", jobs)
    wanted = fastconv.convolve(image, fastconv.sharpening)
    wanted[:30] = 7
    for name in "a.npy", "b.npy":
        assert_array_equal(np.load(name), wanted)


# --- arrays of three axes ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "axis"),
    [((50, 37, 3), -1), ((50, 37, 2), -1), ((50, 37, 4), -1), ((3, 50, 37), None), ((7, 50, 37), None),
     ((50, 37, 5), None), ((4, 37, 3), None)],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("suffix", [".npy", ".zarr"])
def test_the_command_line_and_stream_read_three_axes_alike(
    shape: tuple[int, ...], axis: int | None, suffix: str
) -> None:
    image = picture(shape, "uint8")
    if suffix == ".npy":
        np.save("in.npy", image)
    else:
        zarr.save_array("in.zarr", image)
    run("apply", f"in{suffix}", "-k", "gaussian", "-o", "out.npy")
    source = (
        np.load("in.npy", mmap_mode="r")
        if suffix == ".npy"
        else zarr.open_array("in.zarr", mode="r")
    )
    kernel, streamed = fastconv.kernels.gaussian(1), np.zeros_like(image)
    fastconv.stream(source, kernel, streamed)
    assert_array_equal(np.load("out.npy"), streamed)
    wanted = fastconv.convolve(image, kernel, channel_axis=axis)
    assert_array_equal(streamed, wanted)


def test_files_and_streams_may_be_told_what_three_axes_are() -> None:
    image, kernel = picture((50, 37, 3), "uint8"), np.ones((3, 3)) / 9
    np.save("in.npy", image)
    filter_file("in.npy", "out.npy", kernel, channel_axis=None)
    wanted = fastconv.convolve(image, kernel)
    assert_array_equal(np.load("out.npy"), wanted)
    result = np.zeros_like(image)
    assert_array_equal(fastconv.stream(image, kernel, result, channel_axis=None), wanted)
