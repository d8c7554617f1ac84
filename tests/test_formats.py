# SPDX-License-Identifier: BSD-3-Clause
"""Every format, mode and depth that the libraries here write: the identity kernel gives equal pixels back.

The table of docs/formats.md is what these tests have seen; ``python -m tests.test_formats`` writes it anew.
"""

from __future__ import annotations

import os
import struct
import tempfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image, ImageCms, PngImagePlugin

import fastconv
from fastconv.io.metadata import said
from fastconv.io.pictures import Filter, Outcome, Task, do, format_of
from fastconv.io.zarrs import arrays_in

try:
    from astropy.io import fits
except ModuleNotFoundError:
    fits = None

imagecodecs = pytest.importorskip("imagecodecs")
tifffile = pytest.importorskip("tifffile")
zarr = pytest.importorskip("zarr")

Array = np.ndarray[Any, Any]
SHAPE = (19, 26)
DOCS = Path(__file__).parents[1] / "docs" / "formats.md"


def noise(dtype: Any, *channels: int, shape: tuple[int, ...] = SHAPE) -> Array:
    """Pixels of all values that a type has; of floats, some that no integer holds, and NaN."""
    rng = np.random.default_rng(len(channels) + np.dtype(dtype).itemsize)
    shape = (*shape, *channels)
    if np.dtype(dtype).kind in "fc":
        a = (rng.standard_normal(shape) * 300).astype(dtype)
        if np.dtype(dtype).kind == "c":
            a = (a + 1j * rng.standard_normal(shape)).astype(dtype)
        a[0, 0] = np.nan
        return a
    if np.dtype(dtype) == np.bool_:
        return rng.random(shape) < 0.5
    limits = np.iinfo(dtype)
    native = np.dtype(dtype).newbyteorder("=")
    a = rng.integers(limits.min, limits.max, shape, native, endpoint=True).astype(dtype)
    a.flat[:2] = limits.min, limits.max
    return a


# --- what is written, and how it is read again --------------------------------------------------


@dataclass(frozen=True)
class Case:
    """A kind of file.

    Attributes
    ----------
    name : str
        Its format, and of what its pixels are.
    suffix : str
    write : callable
        Writes it to a path.
    """

    format: str
    pixels: str
    suffix: str
    write: Callable[[Path], Any]

    @property
    def name(self) -> str:
        return f"{self.format}, {self.pixels}"


def pillow_image(mode: str) -> Image.Image:
    """An image of noise, of any of Pillow's modes."""
    if mode == "1":
        return Image.fromarray(noise(bool).astype(np.uint8) * 255).convert("1")
    if mode in ("P", "P, transparent"):
        image = Image.fromarray(noise("u1"))
        palette = noise("u1", shape=(256, 3))
        image = Image.frombytes("P", image.size, image.tobytes())
        image.putpalette(palette.tobytes())
        if mode != "P":
            image.info["transparency"] = 7
        return image
    types = {"I": "=i4", "F": "=f4", "I;16": "<u2"}
    if mode in types:
        return Image.frombytes(mode, SHAPE[::-1], noise(types[mode]).tobytes())
    bands = len(Image.new(mode, (1, 1)).getbands())
    return Image.frombytes(mode, SHAPE[::-1], noise("u1", bands).tobytes())


def by_pillow(mode: str, **options: Any) -> Callable[[Path], Any]:
    return lambda path: pillow_image(mode).save(path, **options)


def frames(mode: str, **options: Any) -> Callable[[Path], Any]:
    def write(path: Path) -> None:
        images = [pillow_image(mode) for _ in range(3)]
        images[1] = images[1].transpose(Image.Transpose.ROTATE_180)
        images[2] = images[2].transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        images[0].save(path, save_all=True, append_images=images[1:], **options)

    return write


def by_tifffile(dtype: Any, *channels: int, **words: Any) -> Callable[[Path], Any]:
    shape = words.pop("shape", SHAPE)
    return lambda path: tifffile.imwrite(path, noise(dtype, *channels, shape=shape), **words)


def by_imagecodecs(codec: str, dtype: Any, *channels: int, **words: Any) -> Callable[[Path], Any]:
    encode = getattr(imagecodecs, f"{codec}_encode")
    return lambda path: path.write_bytes(encode(noise(dtype, *channels), **words))


def cases() -> list[Case]:
    """All kinds of files."""
    found = [
        Case("PNG", f"{mode}", ".png", by_pillow(mode))
        for mode in ("1", "L", "LA", "P", "P, transparent", "RGB", "RGBA", "I;16")
    ]
    found += [
        Case("PNG", "LA of 16 bits", ".png", by_imagecodecs("png", "u2", 2)),
        Case("PNG", "RGB of 16 bits", ".png", by_imagecodecs("png", "u2", 3)),
        Case("PNG", "RGBA of 16 bits", ".png", by_imagecodecs("png", "u2", 4)),
        Case("PNG", "L with a transparent value", ".png", by_pillow("L", transparency=9)),
        Case(
            "PNG", "RGB with a transparent colour", ".png", by_pillow("RGB", transparency=(9, 9, 9))
        ),
        Case("PNG", "frames of RGB (APNG)", ".png", frames("RGB", duration=[10, 20, 30], loop=3)),
        Case("PNG", "frames of RGBA (APNG)", ".png", frames("RGBA", duration=[10, 20, 30])),
        Case("GIF", "L", ".gif", by_pillow("L")),
        Case("GIF", "P", ".gif", by_pillow("P")),
        Case("GIF", "P, transparent", ".gif", by_pillow("P, transparent", transparency=7)),
        Case("GIF", "frames", ".gif", frames("P", duration=[100, 200, 300], loop=2)),
        Case(
            "GIF",
            "frames, transparent",
            ".gif",
            frames("P, transparent", duration=[100, 200, 300], disposal=2),
        ),
        Case("WebP", "RGB, lossless", ".webp", by_pillow("RGB", lossless=True)),
        Case("WebP", "RGBA, lossless", ".webp", by_pillow("RGBA", lossless=True, exact=True)),
        Case(
            "WebP",
            "frames of RGB, lossless",
            ".webp",
            frames("RGB", lossless=True, duration=[10, 20, 30]),
        ),
        Case("JPEG 2000", "L", ".jp2", by_pillow("L")),
        Case("JPEG 2000", "LA", ".jp2", by_pillow("LA")),
        Case("JPEG 2000", "RGB", ".jp2", by_pillow("RGB")),
        Case("JPEG 2000", "RGBA", ".jp2", by_pillow("RGBA")),
        Case("JPEG 2000", "I;16", ".jp2", by_pillow("I;16")),
        Case(
            "JPEG 2000",
            "RGB of 16 bits",
            ".jp2",
            by_imagecodecs("jpeg2k", "u2", 3, level=0, reversible=True),
        ),
        Case("BMP", "1", ".bmp", by_pillow("1")),
        Case("BMP", "L", ".bmp", by_pillow("L")),
        Case("BMP", "P", ".bmp", by_pillow("P")),
        Case("BMP", "RGB", ".bmp", by_pillow("RGB")),
        Case("BMP", "RGBA", ".bmp", by_pillow("RGBA")),
        Case("TGA", "L", ".tga", by_pillow("L")),
        Case("TGA", "LA", ".tga", by_pillow("LA")),
        Case("TGA", "P", ".tga", by_pillow("P")),
        Case("TGA", "RGB", ".tga", by_pillow("RGB")),
        Case("TGA", "RGBA", ".tga", by_pillow("RGBA")),
        Case("PPM", "1 (PBM)", ".pbm", by_pillow("1")),
        Case("PPM", "L (PGM)", ".pgm", by_pillow("L")),
        Case("PPM", "16 bits (PGM)", ".pgm", by_pillow("I;16")),
        Case("PPM", "RGB", ".ppm", by_pillow("RGB")),
        Case("PPM", "RGB of 16 bits", ".ppm", write_ppm_of_16_bits),
        Case("PPM", "F (PFM)", ".pfm", by_pillow("F")),
        Case("SGI", "L", ".bw", by_pillow("L")),
        Case("SGI", "RGB", ".rgb", by_pillow("RGB")),
        Case("SGI", "RGBA", ".rgba", by_pillow("RGBA")),
        Case("PCX", "L", ".pcx", by_pillow("L")),
        Case("PCX", "RGB", ".pcx", by_pillow("RGB")),
        Case("ICO", "RGBA", ".ico", by_pillow("RGBA", sizes=[SHAPE[::-1]])),
        Case("DDS", "RGBA", ".dds", by_pillow("RGBA")),
        Case("QOI", "RGB", ".qoi", by_pillow("RGB")),
        Case("QOI", "RGBA", ".qoi", by_pillow("RGBA")),
        Case("MSP", "1", ".msp", by_pillow("1")),
        Case("XBM", "1", ".xbm", by_pillow("1")),
        Case("SPIDER", "F", ".spider", by_spider),
        Case("JPEG 2000 codestream", "I;16", ".j2k", by_pillow("I;16")),
        Case("PNG", "frames of RGB of 16 bits (APNG)", ".png", write_apng_of_16_bits),
    ]
    for mode in ("1", "L", "P", "RGB", "RGBA"):
        found.append(Case("DIB", mode, ".dib", by_pillow(mode)))
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I;16", "F"):
        found.append(Case("IM", mode, ".im", by_pillow(mode)))
    for mode in ("L", "LA", "RGB"):
        found.append(Case("DDS", mode, ".dds", by_pillow(mode)))
    for mode in ("L", "RGB", "RGBA"):
        found.append(Case("ICNS", mode, ".icns", by_pillow(mode)))
    for kind, depths in ((0, (1, 2, 4)), (3, (1, 2, 4))):
        for depth in depths:
            name = f"{'P' if kind else 'L'} of {depth} bits"
            found.append(Case("PNG", name, ".png", by_hand(kind, depth)))
    found += [
        Case("TIFF", mode, ".tif", by_pillow(mode))
        for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "RGBX", "CMYK", "LAB", "I", "I;16", "F")
    ]
    found += [
        Case("TIFF", f"{dtype}, grey", ".tif", by_tifffile(dtype))
        for dtype in ("int8", "int16", "uint16", "uint32", "int32", "float16", "float32", "float64")
    ]
    found += [
        Case("TIFF", f"{dtype}, RGB", ".tif", by_tifffile(dtype, 3, photometric="rgb"))
        for dtype in ("uint16", "float32")
    ]
    for dtype in ("uint8", "uint16", "float32"):
        for code in ("lzw", "zlib", "zstd", "lzma", "packbits"):
            predictors = (False, True) if code != "packbits" else (False,)
            for predictor in predictors:
                name = f"{dtype}, RGB, {code}{', differences' if predictor else ''}"
                write = by_tifffile(
                    dtype, 3, photometric="rgb", compression=code, predictor=predictor
                )
                found.append(Case("TIFF", name, ".tif", write))
        for samples in (3, 4):
            write = by_tifffile(
                dtype, shape=(samples, *SHAPE), photometric="rgb", planarconfig="separate",
                extrasamples=["unassalpha"] * (samples - 3),
            )  # fmt: skip
            found.append(Case("TIFF", f"{dtype}, {samples} planes", ".tif", write))
        write = by_tifffile(dtype, 3, photometric="rgb", byteorder=">", tile=(16, 16))
        found.append(Case("TIFF", f"{dtype}, RGB, big-endian, tiles", ".tif", write))
    found += [
        Case("TIFF", "white is 0", ".tif", by_tifffile("u1", photometric="miniswhite")),
        Case("TIFF", "CMYK of 16 bits", ".tif", by_tifffile("u2", 4, photometric="separated")),
        Case(
            "TIFF",
            "LA of 16 bits",
            ".tif",
            by_tifffile(
                "u2",
                2,
                photometric="minisblack",
                planarconfig="contig",
                extrasamples=["unassalpha"],
            ),
        ),
        Case(
            "TIFF",
            "RGBA of floats",
            ".tif",
            by_tifffile("f4", 4, photometric="rgb", extrasamples=["unassalpha"]),
        ),
        Case(
            "TIFF",
            "RGBA, premultiplied",
            ".tif",
            by_tifffile("u1", 4, photometric="rgb", extrasamples=["assocalpha"]),
        ),
        Case(
            "TIFF",
            "five channels",
            ".tif",
            by_tifffile("u2", 5, photometric="minisblack", planarconfig="contig"),
        ),
        Case("TIFF", "CIELAB of 16 bits", ".tif", by_tifffile("u2", 3, photometric="cielab")),
        Case(
            "TIFF",
            "lossless JPEG 2000",
            ".tif",
            by_tifffile(
                "u2", compression="jpeg2000", compressionargs={"level": 0, "reversible": True}
            ),
        ),
        Case("TIFF", "fax", ".tif", by_pillow("1", compression="group4")),
        Case("TIFF", "pages of fax", ".tif", frames("1", compression="group4")),
        Case("TIFF", "pages of P", ".tif", frames("P")),
        Case(
            "TIFF",
            "pages, uint16",
            ".tif",
            by_tifffile("u2", shape=(3, *SHAPE), photometric="minisblack"),
        ),
        Case(
            "TIFF", "pages, RGB", ".tif", by_tifffile("u1", 3, shape=(3, *SHAPE), photometric="rgb")
        ),
        Case("TIFF", "pages of several sizes", ".tif", write_pages_of_sizes),
        Case(
            "TIFF", "ImageJ, big-endian", ".tif", by_tifffile("u2", shape=(3, *SHAPE), imagej=True)
        ),
        Case(
            "TIFF",
            "OME, float32",
            ".ome.tif",
            by_tifffile("f4", shape=(3, *SHAPE), photometric="minisblack"),
        ),
        Case(
            "TIFF",
            "BigTIFF, tiles, deflate",
            ".tif",
            by_tifffile("u2", bigtiff=True, tile=(16, 16), compression="zlib"),
        ),
        Case(
            "TIFF",
            "planes, LZW",
            ".tif",
            by_tifffile(
                "u2",
                shape=(3, *SHAPE),
                photometric="rgb",
                planarconfig="separate",
                compression="lzw",
            ),
        ),
        Case("TIFF", "JPEG", ".tif", by_pillow("RGB", compression="jpeg", quality=90)),
    ]
    found += [
        Case(".npy", dtype, ".npy", by_numpy(dtype))
        for dtype in (
            "bool",
            "uint8",
            "int8",
            "uint16",
            ">u2",
            "int16",
            "uint32",
            "int32",
            "uint64",
            "int64",
            "float16",
            "float32",
            ">f4",
            "float64",
            "complex64",
        )
    ]
    found += [
        Case(".zarr", f"{dtype}, version {version}", ".zarr", write_zarr(dtype, version))
        for dtype in ("uint8", "uint16", "float32")
        for version in (2, 3)
    ]
    found += [
        Case(
            ".zarr",
            f"pyramid of uint16 (OME-Zarr), version {version}",
            ".zarr",
            write_pyramid(version),
        )
        for version in (2, 3)
    ]
    if fits is not None:
        found += fits_cases()
    return found


def fits_cases() -> list[Case]:
    types = "u1 i1 i2 u2 i4 u4 i8 u8 f4 f8".split()
    found = [Case("FITS", np.dtype(t).name, ".fits", write_fits(t)) for t in types]
    found += [
        Case("FITS", "float32, slices", ".fits", write_fits("f4", shape=(3, *SHAPE))),
        Case("FITS", "int16, RICE", ".fits", write_fits("i2", compression_type="RICE_1")),
        Case("FITS", "float32, GZIP", ".fits",
             write_fits("f4", compression_type="GZIP_2", quantize_level=0)),
        Case("FITS", "int16 with a scale and blank pixels", ".fits", write_scaled_fits),
        Case("FITS", "images of two names", ".fits", write_fits_of_two_names),
    ]  # fmt: skip
    return found


def by_spider(path: Path) -> None:
    pillow_image("F").save(path, format="SPIDER")


def write_apng_of_16_bits(path: Path) -> None:
    a = noise("u2", 3)
    path.write_bytes(imagecodecs.apng_encode(np.stack([a, a[::-1]])))


def by_hand(kind: int, depth: int) -> Callable[[Path], Any]:
    """A PNG of few bits, which no library here writes: of grey (0) or of a palette (3)."""

    def chunk(name: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + check

    def write(path: Path) -> None:
        height, width = SHAPE
        rows = noise("u1", shape=(height, (width * depth + 7) // 8))
        header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
        palette = chunk(b"PLTE", noise("u1", shape=(2**depth, 3)).tobytes()) if kind else b""
        data = b"".join(b"\0" + row.tobytes() for row in rows)
        path.write_bytes(
            b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + palette
            + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")
        )  # fmt: skip

    return write


def by_numpy(dtype: str) -> Callable[[Path], Any]:
    return lambda path: np.save(path, noise(dtype))


def write_ppm_of_16_bits(path: Path) -> None:
    path.write_bytes(b"P6 26 19 65535\n" + noise(">u2", 3).tobytes())


def write_pages_of_sizes(path: Path) -> None:
    images = [pillow_image("RGB"), pillow_image("L").crop((0, 0, 11, 7)), pillow_image("RGB")]
    images[0].save(path, save_all=True, append_images=images[1:])


def write_zarr(dtype: str, version: int) -> Callable[[Path], Any]:
    def write(path: Path) -> None:
        a = zarr.create_array(
            os.fspath(path), shape=SHAPE, dtype=dtype, chunks=(8, 8), zarr_format=version, fill_value=3,
            attributes={"unit": "mm"},
        )  # fmt: skip
        a[...] = noise(dtype)

    return write


def write_pyramid(version: int) -> Callable[[Path], Any]:
    def write(path: Path) -> None:
        said = {"multiscales": [{"datasets": [{"path": "0"}, {"path": "1"}]}]}
        attributes = {"ome": said} if version == 3 else said
        group = zarr.open_group(path, mode="w", zarr_format=version, attributes=attributes)
        for number in range(2):
            shape = (2, *(n // 2**number for n in SHAPE))
            level = group.create_array(str(number), shape=shape, dtype="uint16", chunks=(1, 8, 8))
            level[...] = noise("u2", shape=shape)

    return write


def write_fits(dtype: str, shape: tuple[int, ...] = SHAPE, **words: Any) -> Callable[[Path], Any]:
    def write(path: Path) -> None:
        a = noise(dtype, shape=shape)
        if words:
            parts = [fits.PrimaryHDU(), fits.CompImageHDU(a, **words)]
            fits.HDUList(parts).writeto(path)
        else:
            fits.PrimaryHDU(a).writeto(path)

    return write


def write_scaled_fits(path: Path) -> None:
    a = noise("i2").astype("f4") / 4
    a[2, 3] = np.nan
    hdu = fits.ImageHDU(np.where(np.isnan(a), -999, a * 4).astype("i2"))
    hdu.header["BSCALE"], hdu.header["BLANK"] = 0.25, -999
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(path)


def write_fits_of_two_names(path: Path) -> None:
    parts = [
        fits.PrimaryHDU(),
        fits.ImageHDU(noise("f4"), name="SCI"),
        fits.ImageHDU(noise("i2"), name="DQ"),
    ]
    fits.HDUList(parts).writeto(path)


def seen(path: Path) -> list[Array]:
    """All frames and pages of a file as they are seen, in the type that the file has."""
    suffix = path.suffix
    if suffix == ".npy":
        return [np.load(path)]
    if suffix == ".fits":
        with fits.open(path) as file:
            return [np.array(part.data) for part in file if part.data is not None]
    if suffix == ".zarr":
        return [zarr.open_array(os.fspath(array), mode="r")[...] for array in arrays_in(path)]
    if suffix == ".png":
        raw = path.read_bytes()
        if raw[24] == 16 and b"acTL" not in raw:
            return [imagecodecs.png_decode(raw)]
    if suffix == ".jp2":
        return [imagecodecs.jpeg2k_decode(path.read_bytes())]
    if suffix == ".tif" and not _is_pillows(path):
        with tifffile.TiffFile(path) as file:
            return [page.asarray() for page in file.pages]
    found = []
    with Image.open(path) as image:
        for number in range(getattr(image, "n_frames", 1)):
            if number:  # some formats of one picture do not even seek that
                image.seek(number)
            found.append(in_colours(image))
    return found


def _is_pillows(path: Path) -> bool:
    with tifffile.TiffFile(path) as file:
        page = file.pages[0]
        return page.photometric in (3, 5, 6, 8) or page.bitspersample == 1 or page.compression == 7


def in_colours(image: Image.Image) -> Array:
    """Pixels without palette, bits as bytes."""
    if image.has_transparency_data:
        return np.asarray(image.convert("RGBA"))
    if image.mode in ("1", "P"):
        image = image.convert("L" if image.mode == "1" else "RGB")
    return np.asarray(image)


def same_colours(a: Array, b: Array) -> tuple[Array, Array]:
    """Grey beside colours becomes colours."""
    wide = max(1 if x.ndim == 2 else x.shape[2] for x in (a, b))
    out = []
    for x in (a, b):
        if x.ndim == 2 and wide > 1:
            x = np.repeat(x[..., np.newaxis], 3, axis=2)
        if x.ndim == 3 and x.shape[2] == 3 and wide == 4:
            x = np.concatenate([x, np.full_like(x[..., :1], 255)], axis=2)
        out.append(x)
    # what is wholly transparent has no colour
    if wide == 4 and out[0].dtype == np.uint8:
        out = [np.where(x[..., 3:] == 0, 0, x) for x in out]
    return out[0], out[1]


def filtered(case: Case, folder: Path, suffix: str = "") -> tuple[Path, Path, Outcome]:
    """Write a file of a kind, and filter it with the identity kernel."""
    source, target = folder / f"in{case.suffix}", folder / f"out{suffix or case.suffix}"
    case.write(source)
    options = {"border": "reflect", "cval": 0, "threads": 1}
    return source, target, do(Task("in", source, target, Filter(fastconv.identity, options)))


def verdict(case: Case, folder: Path) -> str:
    """What the identity kernel gives, in words of the table; fail if pixels become others in silence."""
    source, target, outcome = filtered(case, folder)
    if outcome.failure:
        assert not target.exists()
        return f"refused: {outcome.failure.removeprefix(target.name + ': ')}"
    before, after = seen(source), seen(target)
    assert len(before) == len(after)
    for a, b in zip(before, after, strict=True):
        x, y = same_colours(a, b)
        assert_array_equal(x.astype(y.dtype) if outcome.notes else x, y, strict=True)
    return f"equal, with a note: {'; '.join(outcome.notes)}" if outcome.notes else "equal"


@pytest.mark.filterwarnings("ignore:IM image format is deprecated")
@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_identity_gives_equal_pixels_or_no_file(case: Case, tmp_path: Path) -> None:
    words = verdict(case, tmp_path)
    assert words.startswith(EXCEPTIONS.get(case.name, "equal")), words
    assert case.name in EXCEPTIONS or words == "equal"


# Kinds of which no library here reads or writes all that is in the file.
EXCEPTIONS = {
    "JPEG 2000, RGB of 16 bits": "refused: its samples of 16 bits would become 8",
    "PPM, RGB of 16 bits": "refused: its samples of 16 bits would become 8",
    "PNG, frames of RGB of 16 bits (APNG)": "refused: its samples of 16 bits would become 8",
    "XBM, 1": "refused: cannot write mode L as XBM; choose another with --mode, as 1",
    "MSP, 1": "refused: cannot write mode L as MSP; choose another with --mode, as 1",
    "TIFF, CIELAB of 16 bits": "refused: pixels of a TIFF must be grey, RGB or CMYK; got cielab",
    "ICNS, L": "equal, with a note: only the largest of its 8 sizes is filtered",
    "ICNS, RGB": "equal, with a note: only the largest of its 8 sizes is filtered",
    "ICNS, RGBA": "equal, with a note: only the largest of its 8 sizes is filtered",
    ".npy, bool": "equal, with a note: bool becomes float32",
    "FITS, int16 with a scale and blank pixels": "equal, with a note: int16 with blank pixels",
    "FITS, images of two names": "equal, with a note: only SCI is filtered",
    ".zarr, pyramid of uint16 (OME-Zarr), version 2": "equal, with a note: each level of a pyramid is",
    ".zarr, pyramid of uint16 (OME-Zarr), version 3": "equal, with a note: each level of a pyramid is",
}


# Formats of Pillow's that are in no case: they lose pixels, or Pillow does not open what it has saved, or
# another program must save or open them.
WITHOUT_A_CASE = {
    "lossy": {"AVIF", "JPEG", "MPO", "HEIF"},
    "not opened again": {"BLP", "PALM", "PDF"},
    "of other programs": {"BUFR", "EPS", "GRIB", "HDF5", "WMF"},
}


def test_every_format_that_pillow_writes_is_in_the_table() -> None:
    Image.init()
    tried = {format_of(Path(f"x{case.suffix}")) for case in cases()}
    left = set(Image.SAVE) - tried
    assert left <= set.union(*WITHOUT_A_CASE.values()), left


# --- what files say of their pictures ------------------------------------------------------------

KINDS = ("EXIF data", "colour profile", "XMP", "resolution", "text", "comment")
SUFFIXES = (
    ".png",
    ".jpg",
    ".webp",
    ".avif",
    ".tif",
    ".jp2",
    ".gif",
    ".bmp",
    ".tga",
    ".ppm",
    ".ico",
)


def described(path: Path) -> None:
    """Write a PNG that says all it can of its picture."""
    exif = Image.Exif()
    exif[0x010F] = "fastconv"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    text = PngImagePlugin.PngInfo()
    text.add_text("Title", "noise")
    text.add_text("Comment", "of numbers")
    text.add_itxt("XML:com.adobe.xmp", "<x:xmpmeta xmlns:x='adobe:ns:meta/'/>")
    image = pillow_image("RGB")
    image.save(path, exif=exif, icc_profile=profile, dpi=(300, 300), pnginfo=text)


def words_kept(suffix: str, folder: Path) -> set[str]:
    """Kinds of words that a file has of those of a PNG; of those it has not, there is a note."""
    source, target = folder / "in.png", folder / f"out{suffix}"
    described(source)
    outcome = do(Task("in", source, target, Filter(fastconv.identity, {})))
    assert not outcome.failure, outcome.failure
    with Image.open(source) as before, Image.open(target) as after:
        has, kept = said(before), said(after)
    assert has == set(KINDS)
    for kind in has - kept:
        assert any(kind in note and "kept in" in note for note in outcome.notes)
    return kept & has


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_words_are_kept_or_said_to_be_lost(suffix: str, tmp_path: Path) -> None:
    assert words_kept(suffix, tmp_path) >= MUST_KEEP.get(suffix, set())


MUST_KEEP = {
    ".png": set(KINDS),
    ".jpg": {"EXIF data", "colour profile", "XMP", "resolution"},
    ".webp": {"EXIF data", "colour profile", "XMP"},
    ".avif": {"EXIF data", "colour profile", "XMP"},
    ".tif": {"EXIF data", "colour profile", "XMP", "resolution"},
}


# --- the table -----------------------------------------------------------------------------------


def document() -> str:
    """The whole of docs/formats.md."""
    lines = [
        "# What files keep",
        "",
        "Made by `python -m tests.test_formats`, which filters a file of each kind with the identity",
        "kernel; a test checks that it is current. Pixels are equal, or there is a note, or no file.",
        "Notes go to standard error; of a file that is refused, the exit code is 1.",
        "",
        "| format | pixels | come out |",
        "|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as folder:
        for number, case in enumerate(cases()):
            place = Path(folder, str(number))
            place.mkdir()
            lines.append(f"| {case.format} | {case.pixels} | {verdict(case, place)} |")
        lines += [
            "",
            "What a PNG says of its picture, in files of other formats; what they do not hold is said.",
            "",
            f"| | {' | '.join(KINDS)} |",
            f"|---|{'---|' * len(KINDS)}",
        ]
        for suffix in SUFFIXES:
            place = Path(folder, suffix)
            place.mkdir()
            kept = words_kept(suffix, place)
            cells = " | ".join("kept" if kind in kept else "said to be lost" for kind in KINDS)
            lines.append(f"| {suffix} | {cells} |")
    return "\n".join(lines) + "\n"


@pytest.mark.filterwarnings("ignore:IM image format is deprecated")
def test_the_table_in_the_documents_is_current() -> None:
    pytest.importorskip("astropy")
    assert DOCS.read_text("utf-8") == document()


if __name__ == "__main__":
    DOCS.write_text(document(), "utf-8")
