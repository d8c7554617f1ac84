# SPDX-License-Identifier: BSD-3-Clause
"""A file comes out with the words, depth, frames and rights that it had, or with a note of what was lost."""

from __future__ import annotations

import os
import shutil
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import ExifTags, Image, ImageCms, ImageOps, ImageSequence, PngImagePlugin

import fastconv

pytest.importorskip("click")
imagecodecs = pytest.importorskip("imagecodecs")
tifffile = pytest.importorskip("tifffile")
zarr = pytest.importorskip("zarr")

from .command import run  # noqa: E402

pytestmark = pytest.mark.usefixtures("in_an_empty_folder")

Array = np.ndarray[Any, Any]


def noise(*shape: int, dtype: Any = np.uint8) -> Array:
    return np.random.default_rng(7).integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)


def picture(mode: str = "RGB") -> Image.Image:
    bands = len(Image.new(mode, (1, 1)).getbands())
    return Image.frombytes(mode, (40, 30), noise(30, 40, bands).tobytes())


# --- EXIF ----------------------------------------------------------------------------------------


def odd_exif() -> bytes:
    """Big-endian EXIF data with Latin-1 and UTF-8 text, and ASCII where a number is meant."""
    entries = [
        (0x010E, 2, "Grüße".encode("latin-1") + b"\0"),  # ImageDescription
        (0x010F, 2, "Ⓜ maker".encode() + b"\0"),
        (0x0112, 3, struct.pack(">HH", 6, 0)),
        (0x011A, 2, b"seventy-two\0"),  # XResolution
    ]
    data = b""
    table = struct.pack(">H", len(entries))
    start = 8 + 2 + 12 * len(entries) + 4
    for tag, kind, content in entries:
        count = 1 if kind == 3 else len(content)
        place = (
            content.ljust(4, b"\0") if len(content) <= 4 else struct.pack(">I", start + len(data))
        )
        data += content if len(content) > 4 else b""
        table += struct.pack(">HHI", tag, kind, count) + place
    return b"Exif\0\0MM\0\x2a\0\0\0\x08" + table + bytes(4) + data


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_exif_data_go_through_as_bytes(suffix: str) -> None:
    raw = odd_exif()
    picture().save(f"in{suffix}", exif=raw)
    run("apply", f"in{suffix}", "-k", "box_blur", "-o", f"out{suffix}")
    with Image.open(f"out{suffix}") as image:
        assert image.info["exif"].removeprefix(b"Exif\0\0") == raw[6:]


@pytest.mark.parametrize("suffix", [".avif", ".tif"])
def test_exif_data_that_pillow_writes_anew_lose_no_text_and_odd_tags_with_a_note(
    suffix: str,
) -> None:
    picture().save("in.jpg", exif=odd_exif())
    result = run("apply", "in.jpg", "-k", "box_blur", "-o", f"out{suffix}")
    assert "in.jpg: its EXIF tag XResolution is not kept in" in result.stderr
    # Pillow writes "?" into what it reads of an AVIF, so the file itself is asked
    written = Path(f"out{suffix}").read_bytes()
    assert "Grüße".encode("latin-1") in written and "Ⓜ maker".encode() in written
    with Image.open(f"out{suffix}") as image:
        assert image.getexif()[0x0112] == 6


def test_exif_data_that_were_changed_are_written_with_the_change() -> None:
    picture().save("in.jpg", exif=odd_exif())
    with Image.open("in.jpg") as image:
        image.getexif()[0x0112] = 3
        del image.getexif()[0x011A]
        result = fastconv.apply(image, fastconv.box_blur)
    assert result.getexif()[0x0112] == 3
    assert result.getexif()[0x010E] == "Grüße"


def test_text_of_a_tiff_is_no_question_mark_in_a_jpeg() -> None:
    tifffile.imwrite(
        "in.tif", noise(30, 40, 3), photometric="rgb", metadata=None,
        extratags=[(315, 2, 0, "Zoë".encode("latin-1") + b"\0", True)],
    )  # fmt: skip
    run("apply", "in.tif", "-k", "box_blur", "-o", "out.jpg")
    run("apply", "in.tif", "-k", "box_blur", "-o", "out.tif")
    for name in "out.jpg", "out.tif":
        with Image.open(name) as image:
            assert image.getexif()[315] == "Zoë"


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".avif", ".tif"])
def test_save_keeps_what_the_file_said(suffix: str) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "fastconv"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    text = PngImagePlugin.PngInfo()
    text.add_text("Title", "a cat")
    picture().save("in.png", exif=exif, icc_profile=profile, dpi=(300, 300), pnginfo=text)
    with Image.open("in.png") as photo:
        result = fastconv.apply(photo, fastconv.box_blur)
        if suffix == ".png":
            fastconv.save(result, f"out{suffix}", like=photo)
        elif suffix == ".tif":
            fastconv.save(result, f"out{suffix}")
        else:
            words = "its resolution" if suffix != ".jpg" else ""
            with pytest.warns(UserWarning, match=words) if words else _no_warning():
                fastconv.save(result, f"out{suffix}")
    with Image.open(f"out{suffix}") as image:
        assert image.getexif()[0x010F] == "fastconv"
        assert image.info["icc_profile"] == profile
        if suffix == ".png":
            assert image.info["Title"] == "a cat"


def _no_warning() -> Any:
    import contextlib

    return contextlib.nullcontext()


def test_what_a_format_does_not_hold_is_said() -> None:
    picture().save("in.jpg", exif=odd_exif(), dpi=(300, 300), comment=b"by hand")
    result = run("apply", "in.jpg", "-k", "box_blur", "-o", "out.bmp")
    assert result.stderr == "in.jpg: its comment and EXIF data are not kept in BMP\n"


def test_chunks_of_a_png_go_through_as_they_are() -> None:
    chunks = {
        b"gAMA": struct.pack(">I", 45454), b"cHRM": bytes(range(32)),
        b"iTXt": "Titel\0\0\0de\0Titel\0Grüße".encode(),
        b"tEXt": b"Author\0Zo\xeb", b"zTXt": b"Long\0\0" + zlib.compress(b"x" * 99), b"tIME": bytes(7),
    }  # fmt: skip
    for deep in False, True:
        a = noise(30, 40, 3, dtype=np.uint16 if deep else np.uint8)
        coded = imagecodecs.png_encode(a)
        extra = b"".join(
            struct.pack(">I", len(c)) + n + c + struct.pack(">I", zlib.crc32(n + c))
            for n, c in chunks.items()
        )
        Path("in.png").write_bytes(coded[:33] + extra + coded[33:])
        run("apply", "in.png", "-k", "box_blur", "-o", "out.png", "--force")
        written = Path("out.png").read_bytes()
        for name, content in chunks.items():
            assert struct.pack(">I", len(content)) + name + content in written
        wanted = fastconv.apply(a, fastconv.box_blur)
        assert_array_equal(imagecodecs.png_decode(written), wanted, strict=True)


# --- depth ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [2, 3, 4])
@pytest.mark.parametrize(
    ("source", "target"), [("in.png", "out.png"), ("in.tif", "out.png"), ("in.png", "out.tif")]
)
def test_colours_of_16_bits_stay_ones(channels: int, source: str, target: str) -> None:
    a = noise(30, 40, channels, dtype=np.uint16)
    if source == "in.png":
        Path(source).write_bytes(imagecodecs.png_encode(a))
    else:
        alpha = ["unassalpha"] if channels != 3 else None
        tifffile.imwrite(source, a, photometric="rgb" if channels > 2 else "minisblack", metadata=None,
                         planarconfig="contig", extrasamples=alpha)  # fmt: skip
    run("apply", source, "-k", "sharpening", "-o", target)
    read = (
        imagecodecs.png_decode(Path(target).read_bytes())
        if target == "out.png"
        else tifffile.imread(target)
    )
    assert_array_equal(read, fastconv.apply(a, fastconv.sharpening), strict=True)


def test_a_transparent_value_of_16_bits_becomes_opacity() -> None:
    a = noise(30, 40, dtype=np.uint16)
    a[5:9] = 777
    coded = imagecodecs.png_encode(a)
    key = struct.pack(">I4sH", 2, b"tRNS", 777)
    Path("in.png").write_bytes(
        coded[:33] + key + struct.pack(">I", zlib.crc32(key[4:])) + coded[33:]
    )
    run("apply", "in.png", "-k", "identity", "-o", "out.png")
    result = imagecodecs.png_decode(Path("out.png").read_bytes())
    assert_array_equal(result[..., 0], a)
    assert_array_equal(result[..., 1] == 0, a == 777)


@pytest.mark.parametrize("suffix", [".jp2", ".ppm", ".png"])
def test_bits_that_would_be_lost_are_lost_on_demand_only(suffix: str) -> None:
    a = noise(30, 40, 3, dtype=np.uint16)
    if suffix == ".jp2":
        Path("in.jp2").write_bytes(imagecodecs.jpeg2k_encode(a, level=0))
    elif suffix == ".ppm":
        Path("in.ppm").write_bytes(b"P6 40 30 65535\n" + a.astype(">u2").tobytes())
    else:
        Path("in.png").write_bytes(imagecodecs.png_encode(a))
    result = run("apply", f"in{suffix}", "-k", "box_blur", "-o", "out.webp", code=1)
    assert "its samples of 16 bits would become 8" in result.stderr
    assert "--mode RGB asks for that" in result.stderr and not Path("out.webp").exists()
    run("apply", f"in{suffix}", "-k", "box_blur", "-o", "out.webp", "--mode", "RGB")


@pytest.mark.parametrize(("mode", "key"), [("L", 9), ("RGB", (9, 9, 9))])
def test_filtered_values_that_hit_a_transparent_one_are_no_holes(mode: str, key: Any) -> None:
    image = Image.new(mode, (40, 30), 18 if mode == "L" else (18, 18, 18))
    image.save("in.png", transparency=key)
    with Image.open("in.png") as opened:
        result = fastconv.apply(opened, [[0.5]])
        assert result.mode == {"L": "LA", "RGB": "RGBA"}[mode]
    assert result.getchannel("A").getextrema() == (128, 128)  # the kernel halves it too
    assert "transparency" not in result.info


# --- codes ---------------------------------------------------------------------------------------


def test_lossless_webp_stays_lossless() -> None:
    picture("RGBA").save("in.webp", lossless=True, exact=True)
    run("apply", "in.webp", "-k", "identity", "-o", "out.webp")
    with Image.open("in.webp") as before, Image.open("out.webp") as after:
        assert_array_equal(np.asarray(before), np.asarray(after))
    picture().save("lossy.webp", quality=80)
    run("apply", "lossy.webp", "-k", "identity", "-o", "still.webp")
    assert b"VP8L" not in Path("still.webp").read_bytes()


@pytest.mark.parametrize("sampling", ["4:4:4", "4:2:2", "4:2:0", "4:0:0"])
def test_an_avif_keeps_its_sampling(sampling: str) -> None:
    from fastconv.io import avif

    picture().save("in.avif", subsampling=sampling, quality=90)
    assert run("apply", "in.avif", "-k", "identity", "-o", "out.avif").stderr == ""
    assert avif.sampling_of(Path("in.avif").read_bytes()) == sampling
    assert avif.sampling_of(Path("out.avif").read_bytes()) == sampling


@pytest.mark.parametrize("orientation", [1, 6])
def test_letters_that_pillow_loses_as_it_reads_an_avif_are_noted(orientation: int) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Artist] = "M\xfcller".encode("latin-1")
    if orientation != 1:
        exif[ExifTags.Base.Orientation] = orientation
    picture().save("in.avif", exif=exif.tobytes())
    result = run("apply", "in.avif", "-k", "identity", "-o", "out.jpg")
    assert ("not ASCII" in result.stderr) == (orientation != 1)
    with Image.open("out.jpg") as written:
        kept = b"M\xfcller" in written.info["exif"]
    assert kept == (orientation == 1)


def test_avif_that_was_lossless_is_said_to_be_so_no_longer() -> None:
    a = noise(30, 40, 3)
    Path("in.avif").write_bytes(imagecodecs.avif_encode(a))
    result = run("apply", "in.avif", "-k", "identity", "-o", "out.avif")
    assert result.stderr == (
        "in.avif: it was stored without losses; Pillow writes AVIF with small ones\n"
    )
    with Image.open("out.avif") as written:
        assert np.abs(np.asarray(written, int) - a).max() <= 4
    assert run("apply", "in.avif", "-k", "identity", "-o", "out.webp").stderr == ""
    with Image.open("out.webp") as written:
        assert_array_equal(np.asarray(written), a)


def test_a_jpeg_keeps_its_sampling_and_stays_progressive() -> None:
    from PIL.JpegImagePlugin import get_sampling

    for sampling in range(3):
        picture().save("in.jpg", quality=91, subsampling=sampling, progressive=True)
        run("apply", "in.jpg", "-k", "identity", "-o", "out.jpg", "--force")
        with Image.open("in.jpg") as before, Image.open("out.jpg") as after:
            assert get_sampling(after) == sampling
            assert after.info.get("progressive")
            assert before.quantization == after.quantization  # type: ignore[attr-defined]


def test_pixels_of_jpeg_within_tiff_are_not_coded_with_losses_again() -> None:
    picture().save("in.tif", compression="jpeg", quality=95)
    run("apply", "in.tif", "-k", "identity", "-o", "out.tif")
    with Image.open("in.tif") as before, Image.open("out.tif") as after:
        assert_array_equal(np.asarray(before), np.asarray(after))


# --- frames --------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png"])
@pytest.mark.parametrize("target", [".gif", ".webp", ".png"])
def test_all_frames_are_filtered_and_shown_as_long(suffix: str, target: str) -> None:
    images = [picture("L").rotate(90 * n).quantize(16) for n in range(4)]
    options: dict[str, Any] = {"duration": [100, 200, 50, 70], "loop": 2, "lossless": True}
    images[0].save(f"in{suffix}", save_all=True, append_images=images[1:], **options)
    run("apply", f"in{suffix}", "-k", "identity", "-o", f"out{target}")
    with Image.open(f"in{suffix}") as before, Image.open(f"out{target}") as after:
        assert [getattr(image, "n_frames", 1) for image in (before, after)] == [4, 4]
        shows = [
            [
                (np.asarray(f.convert("RGB")).tobytes(), f.info["duration"])
                for f in ImageSequence.Iterator(image)
            ]
            for image in (before, after)
        ]
        assert shows[0] == shows[1]
        plays = [image.info["loop"] + (image.format == "GIF") for image in (before, after)]
        assert plays[0] == plays[1]


def test_more_colours_than_a_gif_holds_are_said() -> None:
    picture("RGB").quantize(200).save("in.gif")
    result = run("apply", "in.gif", "-k", "box_blur", "-o", "out.gif")
    assert "it has more than the 256 colours that GIF holds; the nearest are taken" in result.stderr


def test_fax_pages_and_pages_of_other_sizes_are_filtered() -> None:
    pages = [picture("L"), picture("L").crop((0, 0, 17, 13)), picture("RGB")]
    faxes = [page.convert("1") for page in pages[:2]]
    faxes[0].save("fax.tif", save_all=True, append_images=faxes[1:], compression="group4")
    pages[0].save("in.tif", save_all=True, append_images=pages[1:])
    for name, originals in (("fax.tif", faxes), ("in.tif", pages)):
        run("apply", name, "-k", "box_blur", "-o", f"out_{name}")
        with Image.open(f"out_{name}") as result:
            assert getattr(result, "n_frames", 1) == len(originals)
            for page, original in zip(ImageSequence.Iterator(result), originals, strict=True):
                wanted = fastconv.apply(original, fastconv.box_blur)
                assert_array_equal(np.asarray(page), np.asarray(wanted))


# --- rights --------------------------------------------------------------------------------------


def test_what_is_replaced_keeps_mode_times_and_attributes() -> None:
    picture().save("in.png")
    shutil.copy("in.png", "out.png")
    os.chmod("out.png", 0o640)
    os.utime("out.png", (1e9, 1.1e9))
    marked = hasattr(os, "setxattr")
    if marked:
        try:
            os.setxattr("out.png", "user.note", b"mine")
        except OSError:  # a file system without them
            marked = False
    run("apply", "in.png", "-k", "box_blur", "-o", "out.png", "--force")
    state = os.stat("out.png")
    assert state.st_mode & 0o777 == 0o640 and state.st_mtime == 1.1e9
    assert not marked or os.getxattr("out.png", "user.note") == b"mine"


@pytest.mark.parametrize("name", ["in.png", "in.npy", "in.tif"])
def test_a_private_picture_gives_a_private_one(name: str) -> None:
    if name == "in.npy":
        np.save(name, noise(30, 40))
    else:
        tifffile.imwrite("in.tif", noise(2, 30, 40), photometric="minisblack")
        picture().save("in.png")
    os.chmod(name, 0o600)
    run("apply", name, "-k", "box_blur", "-o", name.replace("in", "out"))
    assert os.stat(name.replace("in", "out")).st_mode & 0o777 == 0o600


def test_a_refused_size_names_the_option(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 700)
    picture().save("in.png")
    assert "--any-size" in run("apply", "in.png", "-k", "box_blur", "-o", "out.png", code=1).stderr
    run("apply", "in.png", "-k", "box_blur", "-o", "out.png", "--any-size")


# --- TIFF ----------------------------------------------------------------------------------------


def raw_tags(name: str, page: int = 0) -> dict[int, bytes]:
    from fastconv.io.tables import Layout, tags_at

    with tifffile.TiffFile(name) as tif, open(name, "rb") as file:
        layout, _ = Layout.of(file)
        return {code: value for code, _, value in tags_at(file, layout, tif.pages[page].offset)[0]}


@pytest.mark.parametrize("compression", [None, "lzw"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_tags_of_a_tiff_go_through_as_bytes(compression: str | None, order: str) -> None:
    tags: list[Any] = [
        (270, 2, 0, b"Aufnahme" + b"\0", True), (33432, 2, 0, "© Zoë".encode() + b"\0", True),
        (305, 2, 0, b"camera 1.0\0", True), (285, 2, 0, b"page\0", True),
        (65123, 12, 3, (0.5, 1.5, 2.5), True), (37500, 7, 5, bytes(range(5)), True),
    ]  # fmt: skip
    tifffile.imwrite("in.tif", noise(30, 40, dtype=np.uint16), metadata=None, software=False,
                     extratags=tags, compression=compression, byteorder=order)  # fmt: skip
    result = run("apply", "in.tif", "-k", "box_blur", "-o", "out.tif")
    before, after = raw_tags("in.tif"), raw_tags("out.tif")
    for tag in 270, 33432, 305, 285, 65123, 37500:
        assert before[tag] == after[tag]
    assert result.stderr == ""
    assert sorted(os.listdir()) == ["in.tif", "out.tif"]


@pytest.mark.parametrize("compression", [None, "lzw"])
def test_camera_and_place_of_a_tiff_are_kept(compression: str | None) -> None:
    from fastconv.io.tables import add_tables

    tifffile.imwrite("in.tif", noise(30, 40), metadata=None, compression=compression)
    maker = bytes(range(99))
    camera = [
        (0x829A, 5, struct.pack("<II", 1, 2)),
        (0x9003, 2, b"2020:01:02\0"),
        (0x927C, 7, maker),
    ]
    place = [(1, 2, b"N\0"), (2, 5, struct.pack("<6I", 48, 1, 51, 1, 59, 2))]
    within = [(1, 2, b"R98\0")]
    with open("in.tif", "r+b") as file:
        add_tables(file, {0x8769: camera, 0x8825: place, 0xA005: within})
    run("apply", "in.tif", "-k", "box_blur", "-o", "out.tif")
    with Image.open("in.tif") as before, Image.open("out.tif") as after:
        for table in 0x8769, 0x8825:
            assert len(before.getexif().get_ifd(table)) > 1
            said = [dict(image.getexif().get_ifd(table)) for image in (before, after)]
            for tags in said:
                tags.pop(0xA005, None)  # where a table is
            assert said[0] == said[1]
        assert after.getexif().get_ifd(0xA005)[1] == "R98"
        assert_array_equal(np.asarray(after), fastconv.apply(np.asarray(before), fastconv.box_blur))


@pytest.mark.parametrize("kind", ["imagej", "ome"])
def test_metadata_of_microscopes_are_kept_or_said_to_be_lost(kind: str) -> None:
    name = "in.ome.tif" if kind == "ome" else "in.tif"
    words: dict[str, Any] = {"imagej": True} if kind == "imagej" else {"ome": True}
    a = noise(3, 2, 30, 40, dtype=np.uint16)
    metadata = {"axes": "ZCYX", "spacing": 0.5, "unit": "um", "Labels": [f"s{n}" for n in range(6)]}
    if kind == "ome":
        metadata = {"axes": "ZCYX", "PhysicalSizeX": 0.1, "Channel": {"Name": ["red", "green"]}}
    tifffile.imwrite(name, a, metadata=metadata, **words)
    result = run("apply", name, "-k", "box_blur", "-o", f"out_{name}")
    assert result.stderr == ""
    with tifffile.TiffFile(name) as before, tifffile.TiffFile(f"out_{name}") as after:
        assert before.series[0].axes == after.series[0].axes == "ZCYX"
        assert before.series[0].shape == after.series[0].shape
        assert before.imagej_metadata == after.imagej_metadata
        assert before.ome_metadata == after.ome_metadata
    result = run("apply", name, "-k", "box_blur", "--mode", "F", "-o", f"float_{name}")
    assert "metadata are left out: they say that pixels are uint16" in result.stderr


def test_pages_keep_words_of_their_own() -> None:
    with tifffile.TiffWriter("in.tif") as file:
        for number in range(3):
            file.write(noise(30, 40), metadata=None, description=f"at {number} s", contiguous=False)
    assert run("apply", "in.tif", "-k", "box_blur", "-o", "out.tif").stderr == ""
    for number in range(3):
        assert raw_tags("out.tif", number)[270] == f"at {number} s\0".encode()
    assert_array_equal(
        tifffile.imread("out.tif", key=1), fastconv.apply(noise(30, 40), fastconv.box_blur)
    )


def test_smaller_copies_within_a_tiff_are_said_to_be_left_out() -> None:
    with tifffile.TiffWriter("in.tif") as file:
        file.write(noise(30, 40), metadata=None, subifds=2)
        file.write(noise(15, 20), metadata=None)
        file.write(noise(7, 10), metadata=None)
    result = run("apply", "in.tif", "-k", "box_blur", "-o", "out.tif")
    assert result.stderr == "in.tif: its 2 smaller copies (SubIFDs) are left out\n"


# --- zarr ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["same", "F"])
@pytest.mark.parametrize("version", [2, 3])
def test_a_zarr_array_keeps_what_it_says_of_itself(version: int, mode: str) -> None:
    from fastconv.io.files import filter_file

    dtype = "float32" if mode == "F" else "uint8"
    options: dict[str, Any] = (
        {"shards": (16, 16), "dimension_names": ("y", "x")} if version == 3 else {}
    )
    a = zarr.create_array(
        "in.zarr", shape=(30, 40), dtype="uint8", chunks=(8, 8), fill_value=7, zarr_format=version,
        attributes={"unit": "mm", "scale": [0.5, 0.5]}, **options,
    )  # fmt: skip
    a[...] = noise(30, 40)
    filter_file("in.zarr", "out.zarr", fastconv.box_blur, dtype=dtype)
    b = zarr.open_array("out.zarr", mode="r")
    missing = noise(30, 40) == 7  # as the fill value says
    wanted = fastconv.convolve(noise(30, 40), fastconv.box_blur, dtype=dtype, mask=missing, fill=7)
    wanted[missing] = 7
    assert missing.any()
    assert_array_equal(b[...], wanted, strict=True)
    assert dict(b.attrs) == dict(a.attrs)
    for name in "chunks", "shards", "fill_value", "compressors", "filters":
        assert getattr(a, name) == getattr(b, name), name
    assert b.metadata.zarr_format == version
    assert version == 2 or b.metadata.dimension_names == ("y", "x")


# --- as it is seen, and what is left out ---------------------------------------------------------


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["in.png", "in.tif"])
@pytest.mark.parametrize("shape", [(2, 4), (3, 5)])
def test_kernels_are_meant_as_the_picture_is_seen(
    orientation: int, name: str, shape: tuple[int, int]
) -> None:
    kernel = np.random.default_rng(1).integers(-2, 5, shape)
    words = "; ".join(" ".join(map(str, row)) for row in kernel)
    a = noise(30, 40, 3)
    if name == "in.tif":
        tifffile.imwrite(
            name, a, photometric="rgb", metadata=None, extratags=[(274, 3, 1, orientation, True)]
        )
    else:
        exif = Image.Exif()
        exif[0x0112] = orientation
        Image.fromarray(a).save(name, exif=exif)
    run("apply", name, "-k", words, "--border", "wrap", "-o", f"out_{name}")
    with Image.open(f"out_{name}") as result:
        seen = ImageOps.exif_transpose(result)
        assert_array_equal(np.asarray(seen), _as_seen(a, orientation, kernel))
    run("apply", name, "-k", words, "--border", "wrap", "--as-stored", "-o", f"as_{name}")
    if name != "in.tif":  # which Pillow turns as it opens it
        with Image.open(f"as_{name}") as stored:
            assert_array_equal(np.asarray(stored), fastconv.apply(a, kernel, border="wrap"))


def _as_seen(a: Array, orientation: int, kernel: Array) -> Array:
    image = Image.fromarray(a)
    image.getexif()[0x0112] = orientation
    upright = np.asarray(ImageOps.exif_transpose(image))
    return np.asarray(fastconv.apply(upright, kernel, border="wrap"))


def test_what_a_folder_has_beside_pictures_is_in_the_summary() -> None:
    Path("in/deep").mkdir(parents=True)
    picture().save("in/a.png")
    os.symlink("a.png", "in/link.png")
    os.symlink("deep", "in/linked")
    for name in "b.nef", "c.NEF", "notes.txt", "README", ".hidden":
        Path("in", name).touch()
    said = run("apply", "in", "-k", "box_blur", "-o", "out", "--recursive").stdout.splitlines()
    assert said[0].startswith("2 files, 0 failed")
    assert said[1] == (
        "left out: 2 .nef (camera raw: develop it first), 1 .txt, 1 linked folder, "
        "1 without a suffix"
    )
    assert sorted(os.listdir("out")) == ["a.png", "link.png"]


def test_a_named_file_that_no_library_here_opens_says_what_to_do() -> None:
    Path("in.NEF").write_bytes(b"x")
    said = run("apply", "in.NEF", "-k", "box_blur", "-o", "out.png", code=1).stderr
    assert said == (
        "failed: in.NEF: not a picture that Pillow can open (camera raw: develop it first)\n"
    )
    picture().save("in.png")
    if ".heic" not in Image.registered_extensions():
        said = run("apply", "in.png", "-k", "box_blur", "-o", "out.heic", code=2).stderr
        assert "pip install pillow-heif" in " ".join(said.split())


def test_heic_keeps_exif_chroma_and_all_but_a_few_grey_levels() -> None:
    heif = pytest.importorskip("pillow_heif")
    heif.register_heif_opener()
    exif = Image.Exif()
    exif[0x010F] = "maker"
    smooth = np.add.outer(np.arange(60), np.arange(80)).astype(np.uint8)
    Image.fromarray(np.stack([smooth, smooth[::-1], smooth], -1)).save(
        "in.heic", quality=95, chroma=444, exif=exif
    )
    assert run("apply", "in.heic", "-k", "identity", "-o", "out.heic").stderr == ""
    with Image.open("in.heic") as before, Image.open("out.heic") as after:
        assert after.getexif()[0x010F] == "maker"
        assert after.info["chroma"] == before.info["chroma"] == 444
        off = np.abs(np.asarray(before, int) - np.asarray(after, int))
        assert off.max() <= 8


# --- kinds that only look like colours of 16 bits ------------------------------------------------


def test_frames_of_16_bits_are_not_cut_to_the_first() -> None:
    first = noise(30, 40, 3, dtype=np.uint16)
    frames = np.stack([first, first[::-1]])
    Path("in.png").write_bytes(imagecodecs.apng_encode(frames))
    result = run("apply", "in.png", "-k", "box_blur", "-o", "out.png", code=1)
    assert "its samples of 16 bits would become 8" in " ".join(result.stderr.split())
    assert not Path("out.png").exists()
    run("apply", "in.png", "-k", "identity", "--mode", "RGB", "-o", "out.png")
    with Image.open("out.png") as written:
        assert getattr(written, "n_frames", 1) == 2


def test_bits_of_colours_become_floats_with_a_note_and_all_tags() -> None:
    tifffile.imwrite(
        "in.tif", noise(30, 40, 3) > 99, photometric="rgb", description="bits", metadata=None
    )
    result = run("apply", "in.tif", "-k", "identity", "-o", "out.tif")
    assert "bool becomes float32" in result.stderr
    with tifffile.TiffFile("out.tif") as file:
        assert file.pages[0].description == "bits"
        assert_array_equal(file.asarray(), tifffile.imread("in.tif"))


@pytest.mark.parametrize("space", ["cielab", "ycbcr"])
def test_colour_spaces_of_16_bits_are_refused_rather_than_called_rgb(space: str) -> None:
    tifffile.imwrite("in.tif", noise(30, 40, 3, dtype=np.uint16), photometric=space)
    result = run("apply", "in.tif", "-k", "identity", "-o", "out.tif", code=1)
    assert f"must be grey, RGB or CMYK; got {space}" in " ".join(result.stderr.split())
    assert not Path("out.tif").exists()


def test_a_format_of_bits_names_the_mode_that_it_has() -> None:
    Image.new("1", (40, 30)).save("in.msp")
    result = run("apply", "in.msp", "-k", "identity", "-o", "out.msp", code=1)
    assert "cannot write mode L as MSP; choose another with --mode, as 1" in " ".join(
        result.stderr.split()
    )
    run("apply", "in.msp", "-k", "identity", "--mode", "1", "-o", "out.msp")
