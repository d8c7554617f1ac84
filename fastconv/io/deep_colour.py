# SPDX-License-Identifier: BSD-3-Clause
"""Colours of 16 bits, of which Pillow reads 8: PNG and TIFF, by imagecodecs and tifffile (extra `tiff`).

This file also finds the number of bits of a file, for every format of which Pillow reads fewer.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from . import avif
from .metadata import CHUNKS_OF_PIXELS, png_chunks

__all__ = ["Deep", "bits_unread", "is_animated", "read", "write"]

SUFFIXES = (".png", ".tif", ".tiff")
_GREY, _RGB, _GREY_ALPHA, _RGBA = 0, 2, 4, 6  # PNG's colour types


@dataclass
class Deep:
    """Pixels of shape (H, W) or (H, W, C) with C from 2 to 4, and the metadata of their file.

    Attributes
    ----------
    pixels : ndarray
    chunks : list of (bytes, bytes)
        Chunks of a PNG, without those of pixels.
    page : Any
        tifffile's page of a TIFF.
    words : dict
        Arguments with which tifffile writes the page's metadata.
    """

    pixels: NDArray[Any]
    chunks: list[tuple[bytes, bytes]]
    page: Any = None
    words: dict[str, Any] = field(default_factory=dict)


# --- bits that Pillow would drop -----------------------------------------------------------------


def bits_unread(image: Image.Image) -> int:
    """Bits of a sample in the file of an opened picture, if Pillow reads fewer; otherwise 0."""
    bits = {
        "PNG": _bits_of_png, "PPM": _bits_of_ppm, "SGI": _bits_of_sgi, "TIFF": _bits_of_tiff,
        "JPEG2000": _bits_of_jpeg_2000, "AVIF": _bits_of_avif, "HEIF": _bits_of_heif,
    }.get(image.format or "", lambda _: 8)(image)  # fmt: skip
    return bits if bits > _bits_of_mode(image.mode) else 0


def _bits_of_mode(mode: str) -> int:
    return 32 if mode in ("I", "F") else 16 if mode.startswith("I;16") else 8


def _bits_of_png(image: Image.Image) -> int:
    header = dict(png_chunks(_name(image)))
    depth = header[b"IHDR"][8]
    # filtered values that equal a transparent value of 16 bits would become holes
    return 17 if depth == 16 and b"tRNS" in header else depth


def _bits_of_ppm(image: Image.Image) -> int:
    arguments = image.tile[0].args if image.tile else ()  # type: ignore[attr-defined]
    most = arguments[1] if isinstance(arguments, tuple) and len(arguments) > 1 else 255
    return int(most).bit_length() if isinstance(most, int) else 8


def _bits_of_sgi(image: Image.Image) -> int:
    return 16 if "16" in str(image.tile[0].args) else 8  # type: ignore[attr-defined]


def _bits_of_tiff(image: Image.Image) -> int:
    bits = max(image.tag_v2.get(258, (1,)))  # type: ignore[attr-defined]
    # half of the unsigned 32-bit numbers do not fit mode I
    unsigned = image.tag_v2.get(339, (1,))[0] == 1  # type: ignore[attr-defined]
    return 33 if bits == 32 and unsigned and image.mode == "I" else int(bits)


def _bits_of_jpeg_2000(image: Image.Image) -> int:
    head = _head(image)
    start = head.find(b"\xff\x4f\xff\x51")  # SOC, SIZ
    if start < 0 or len(head) < start + 44:
        return 8
    (count,) = struct.unpack_from(">H", head, start + 40)
    samples = head[start + 42 : start + 42 + 3 * count : 3]
    return max(((sample & 127) + 1 for sample in samples), default=8)


def _bits_of_avif(image: Image.Image) -> int:
    return avif.bits_of(_head(image))


def _bits_of_heif(image: Image.Image) -> int:
    return int(image.info.get("bit_depth", 8))


def _head(image: Image.Image) -> bytes:
    with open(_name(image), "rb") as file:
        return file.read(2**16)


def _name(image: Image.Image) -> str:
    return str(image.filename)  # type: ignore[attr-defined]


# --- reading and writing -------------------------------------------------------------------------


def read(path: Path) -> Deep:
    """Read a PNG or TIFF file of 16 bits."""
    if path.suffix.lower() == ".png":
        return _read_png(path)
    import tifffile

    from .tiff import tags_of

    with tifffile.TiffFile(path) as file:
        page = file.pages[0]
        if page.photometric not in (0, 1, 2):  # white or black is 0, RGB
            name = getattr(page.photometric, "name", page.photometric)
            raise ValueError(f"pixels of a TIFF must be grey, RGB or CMYK; got {str(name).lower()}")
        pixels = page.asarray()
        if page.samplesperpixel > 1 and page.planarconfig == 2:
            pixels = np.moveaxis(pixels, 0, -1)
        return Deep(np.ascontiguousarray(pixels), [], page, tags_of(page, np.dtype(page.dtype)))


def _read_png(path: Path) -> Deep:
    from imagecodecs import png_decode

    chunks = list(png_chunks(path))
    pixels = png_decode(path.read_bytes())
    content = dict(chunks)
    samples = {_GREY: 1, _RGB: 3, _GREY_ALPHA: 2, _RGBA: 4}[content[b"IHDR"][9]]
    if b"tRNS" in content and pixels.reshape(*pixels.shape[:2], -1).shape[2] == samples:
        pixels = _with_opacity(pixels, content[b"tRNS"])
    return Deep(pixels, [chunk for chunk in chunks if chunk[0] not in CHUNKS_OF_PIXELS])


def _with_opacity(pixels: NDArray[Any], key: bytes) -> NDArray[Any]:
    """Pixels with an opacity sample in place of a transparent colour."""
    planes = pixels.reshape(*pixels.shape[:2], -1)
    clear = (planes == np.frombuffer(key, ">u2")).all(axis=-1, keepdims=True)
    return np.concatenate([planes, np.where(clear, 0, 65535).astype(np.uint16)], axis=-1)


def write(path: Path, suffix: str, pixels: NDArray[Any], source: Deep) -> None:
    """Write pixels as PNG or TIFF, with the metadata of the file that was read."""
    if suffix == ".png":
        path.write_bytes(_png(pixels, source))
    else:
        _write_tiff(path, pixels, source)


def is_animated(path: Path) -> bool:
    """Whether a PNG has several frames. `read` reads only the first."""
    return path.suffix.lower() == ".png" and any(name == b"acTL" for name, _ in png_chunks(path))


def _png(pixels: NDArray[Any], source: Deep) -> bytes:
    from imagecodecs import png_encode

    if pixels.dtype not in (np.uint8, np.uint16):
        raise ValueError(f"PNG holds no {pixels.dtype}; .tif does")
    coded = png_encode(np.ascontiguousarray(pixels, pixels.dtype.newbyteorder("=")), level=6)
    ends = 8 + 12 + 13  # after signature and IHDR
    chunks = source.chunks if source.page is None else _chunks_of_page(source.page)
    return bytes(coded[:ends]) + b"".join(_chunk(*chunk) for chunk in chunks) + bytes(coded[ends:])


def _chunk(name: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + name
        + content
        + struct.pack(">I", zlib.crc32(name + content))
    )


def _chunks_of_page(page: Any) -> list[tuple[bytes, bytes]]:
    """Profile, resolution and XMP of a TIFF as chunks of PNG."""
    chunks = []
    profile = page.tags.get("InterColorProfile")
    if profile:
        chunks.append((b"iCCP", b"ICC Profile\0\0" + zlib.compress(bytes(profile.value))))
    unit = {2: 0.0254, 3: 0.01}.get(int(page.resolutionunit or 1))
    if unit and "XResolution" in page.tags and "YResolution" in page.tags:
        across, down = (
            page.tags[name].value[0] / page.tags[name].value[1] / unit
            for name in ("XResolution", "YResolution")
        )
        chunks.append((b"pHYs", struct.pack(">IIB", round(across), round(down), 1)))
    xmp = page.tags.get(700)
    if xmp:
        chunks.append((b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + bytes(xmp.value)))
    return chunks


def _write_tiff(path: Path, pixels: NDArray[Any], source: Deep) -> None:
    import tifffile

    if source.page is not None:
        words = source.words | {"compression": "zlib", "predictor": True}
        if pixels.ndim == 3:
            words["planarconfig"] = 1  # as they were read
        tifffile.imwrite(path, pixels, **words)
        return
    content = dict(source.chunks)
    words = {}
    if b"iCCP" in content:
        words["iccprofile"] = zlib.decompress(content[b"iCCP"].split(b"\0", 1)[1][1:])
    if b"pHYs" in content:
        across, down, metres = struct.unpack(">IIB", content[b"pHYs"])
        if metres:
            words["resolution"], words["resolutionunit"] = (across / 100, down / 100), 3
    alpha = pixels.ndim == 3 and pixels.shape[2] in (2, 4)
    colour = pixels.ndim == 3 and pixels.shape[2] > 2
    tifffile.imwrite(
        path, pixels, photometric="rgb" if colour else "minisblack", compression="zlib", predictor=True,
        planarconfig="contig" if pixels.ndim == 3 else None, metadata=None, software=False,
        extrasamples=["unassalpha"] if alpha else None, **words,
    )  # fmt: skip
