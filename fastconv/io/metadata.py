# SPDX-License-Identifier: BSD-3-Clause
"""What a file says of its picture, and how the next file says it too: EXIF, profile, XMP, resolution, text.

EXIF data go through as the bytes that they are. Written anew, text that is not ASCII would become "?", notes
of makers would move away from what points at them, and a tag of an unusual type would end it all. Chunks of
PNG go through as they are for the same reason.

What the new file did not take is found by reading its header again, not in a table of formats.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import Any

from PIL import Image

__all__ = [
    "colours",
    "exif_of",
    "has_another_curve",
    "lost",
    "orientation_of",
    "png_chunks",
    "said",
    "save_options",
]

ORIENTATION = 0x0112

# Tags of a TIFF file that say how its pixels are stored; in EXIF data they would speak of others:
# sizes, bits, compression, strips, tiles, palettes, sub-files, JPEG tables, YCbCr, profile.
STORAGE_TAGS = (
    *(254, 255, 256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 280, 281, 284, 290, 291, 292),
    *(293, 301, 317, 320, 322, 323, 324, 325, 330, 332, 334, 336, 338, 339, 340, 341, 347),
    *(*range(512, 522), 529, 530, 531, 532, 34675),
)
_RESOLUTION_TAGS = (282, 283, 296)
_XMP = 700
_POINTERS = (0x8769, 0x8825)  # to further tables: of the camera, of the place
_INTEROPERABILITY = 0xA005  # a table within that of the camera

# A picture that is filtered once must not visibly suffer from being saved.
_QUALITY = {"JPEG": 95, "WEBP": 95, "AVIF": 90, "HEIF": 90}
# Codes within TIFF that lose: their pixels are deflated instead.
_LOSSY_IN_TIFF = ("jpeg", "tiff_jpeg", "webp")


def colours(mode: str) -> str:
    """Name what an ICC profile of a picture of this mode describes."""
    if mode.startswith(("RGB", "P")):
        return "RGB"
    return mode if mode in ("CMYK", "YCbCr", "HSV", "LAB") else "grey"


# Profiles whose curve is that of sRGB, by what they call themselves.
_SRGB = ("sRGB", "Display P3")


def has_another_curve(image: Image.Image) -> bool:
    """Whether a picture has a profile that does not say to be of sRGB's curve."""
    profile = image.info.get("icc_profile") or b""
    codes = ("ascii", "utf-16-be")  # of version 2, and 4
    return bool(profile) and not any(
        name.encode(code) in profile for name in _SRGB for code in codes
    )


# --- EXIF ----------------------------------------------------------------------------------------


def exif_of(image: Image.Image) -> bytes:
    """EXIF data of a picture: the bytes of its file, unless `image.getexif()` was changed since.

    Examples
    --------
    >>> from PIL import Image
    >>> exif_of(Image.new("L", (2, 2)))
    b''
    """
    raw = image.info.get("exif")
    if not isinstance(raw, bytes):
        return _written(image.getexif())
    if getattr(image, "_exif", None) is None:  # never looked at
        return raw
    try:
        file = Image.Image()
        file.info = image.info
        unchanged = _tags(file.getexif()) == _tags(image.getexif())
    except Exception:  # what Pillow cannot read, it cannot have changed
        return raw
    return raw if unchanged else _written(image.getexif())


def _tags(exif: Image.Exif) -> dict[int, Any]:
    return {tag: exif.get_ifd(tag) if tag in _POINTERS else exif.get(tag) for tag in exif}


def _written(exif: Image.Exif) -> bytes:
    copy = _copy(exif)
    return copy.tobytes() if len(copy) else b""


def _copy(exif: Image.Exif) -> Image.Exif:
    """A table of tags without those that speak of how its own file is stored."""
    copy = Image.Exif()
    for tag, value in exif.items():
        if tag not in (*STORAGE_TAGS, *_POINTERS):
            copy[tag] = _as_read(value)
    for pointer in _POINTERS:
        table = {tag: _as_read(value) for tag, value in exif.get_ifd(pointer).items()}
        if _INTEROPERABILITY in table:
            table[_INTEROPERABILITY] = dict(exif.get_ifd(_INTEROPERABILITY))
        if table:
            copy[pointer] = table
    return copy


def _as_read(value: Any) -> Any:
    """The bytes of a text: Pillow reads them as Latin-1, and would write "?" for all but ASCII."""
    return value.encode("latin-1", "replace") if isinstance(value, str) else value


def orientation_of(image: Image.Image) -> int:
    """How a picture has to be turned to be seen as it is meant, 1 (not at all) to 8."""
    try:
        turned = image.getexif().get(ORIENTATION, 1)
    except Exception:  # broken EXIF data says nothing
        return 1
    return turned if turned in range(1, 9) else 1


# --- saving --------------------------------------------------------------------------------------


def save_options(
    result: Image.Image, file_format: str, like: Image.Image | None = None
) -> dict[str, Any]:
    """Collect the options of `Image.save` that keep what a file said of its picture.

    Parameters
    ----------
    result : PIL.Image.Image
        What is saved; its `info` is what holds.
    file_format : str
        Pillow's name of the format it is saved in.
    like : PIL.Image.Image, optional
        The file that it was made from: quality of a JPEG, chunks of a PNG, lossless WebP.
    """
    info = result.info
    kept = ("icc_profile", "dpi", "xmp", "comment")
    options: dict[str, Any] = {key: info[key] for key in kept if info.get(key)}
    exif = exif_of(result)
    if exif:
        options["exif"] = _exif_for(exif, file_format)
    if file_format == "TIFF" and isinstance(info.get("xmp"), bytes):
        options.setdefault("exif", Image.Exif())[_XMP] = info["xmp"]
    if file_format == "PNG":
        options["pnginfo"] = _chunks_for(result, like)
    if file_format == "ICO":  # without this, smaller copies only
        options["sizes"] = [result.size]
    if file_format == "TIFF" and info.get("compression") in _LOSSY_IN_TIFF:
        options["compression"] = "tiff_adobe_deflate"
    options |= _quality_for(file_format, result, like)
    return options


def _exif_for(exif: bytes, file_format: str) -> Any:
    """EXIF data as the format's writer takes it; that of TIFF writes the tags into its own table."""
    exif = exif if exif.startswith(b"Exif") else b"Exif\0\0" + exif
    if file_format != "TIFF":
        return exif
    table = Image.Exif()
    table.load(_written(_loaded(exif)))
    for tag, value in list(table.items()):
        table[tag] = _as_read(value)
    for pointer in _POINTERS:
        inner = table.get_ifd(pointer)
        inner |= {tag: _as_read(value) for tag, value in inner.items()}
    return table


def _loaded(exif: bytes) -> Image.Exif:
    table = Image.Exif()
    table.load(exif)
    return table


def _quality_for(file_format: str, result: Image.Image, like: Image.Image | None) -> dict[str, Any]:
    kept: dict[str, Any]
    if like is not None and hasattr(like, "quantization") and file_format == "JPEG":
        from PIL.JpegImagePlugin import get_sampling

        # sampling that Pillow cannot write, such as 4:4:0, becomes the finest
        same = {"qtables": like.quantization} if colours(like.mode) == colours(result.mode) else {}
        return {
            **(same or {"quality": _QUALITY["JPEG"]}),
            "subsampling": max(get_sampling(like), 0),
            "progressive": bool(like.info.get("progressive")),
        }
    if file_format == "WEBP" and like is not None and is_lossless(like):
        return {"lossless": True, "exact": True, "quality": 75}  # here, an effort
    kept = {"quality": _QUALITY[file_format]} if file_format in _QUALITY else {}
    if file_format == "HEIF" and like is not None and like.info.get("chroma"):
        kept["chroma"] = like.info["chroma"]
    return kept


def is_lossless(image: Image.Image) -> bool:
    """Whether the file of a picture holds its pixels as they were; of unknown files, True."""
    if image.format == "WEBP":
        return _webp_is_lossless(image)
    if image.format == "TIFF":
        return image.info.get("compression") not in _LOSSY_IN_TIFF
    return image.format not in ("JPEG", "MPO", "AVIF", "HEIF", "JPEG2000")


def _webp_is_lossless(image: Image.Image) -> bool:
    """Whether all pictures of a WebP file are in its lossless code."""
    file = getattr(image, "filename", "")
    if not file or not os.path.exists(file):
        return False
    with open(file, "rb") as opened:
        opened.seek(12)
        codes = list(_riff(opened, os.path.getsize(file)))
    return b"VP8L" in codes and b"VP8 " not in codes


def _riff(file: Any, end: int) -> Iterator[bytes]:
    while file.tell() + 8 <= end:
        code, size = struct.unpack("<4sI", file.read(8))
        yield code
        # frames hold chunks of their own after 16 bytes
        file.seek(16 if code == b"ANMF" else size + size % 2, 1)


# --- PNG -----------------------------------------------------------------------------------------

# Chunks that speak of how pixels are stored, and those that Pillow writes as it is told by options.
CHUNKS_OF_PIXELS = (
    *(b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"bKGD", b"hIST", b"sBIT", b"sPLT"),
    *(b"acTL", b"fcTL", b"fdAT"),
)
_OPTIONS = (b"iCCP", b"eXIf", b"pHYs")
# Those of colours: they fall with the profile where a picture of colours becomes a grey one.
_OF_COLOURS = (b"cHRM", b"gAMA", b"sRGB", b"cICP", b"mDCV", b"cLLI")


def png_chunks(path: str | os.PathLike[str]) -> Iterator[tuple[bytes, bytes]]:
    """Names and contents of a PNG file's chunks, without those of pixels."""
    with open(path, "rb") as file:
        end = os.fstat(file.fileno()).st_size
        file.seek(8)
        while file.tell() + 12 <= end:
            size, name = struct.unpack(">I4s", file.read(8))
            if name in (b"IDAT", b"fdAT"):
                file.seek(size, 1)
            else:
                yield name, file.read(size)
            file.seek(4, 1)


def _chunks_for(result: Image.Image, like: Image.Image | None) -> Any:
    """Text, gamma and the rest, from the file if that is a PNG, else from `info`."""
    from PIL import PngImagePlugin  # not with `import fastconv`, which needs no format

    chunks = PngImagePlugin.PngInfo()
    file = getattr(like, "filename", "")
    if like is not None and like.format == "PNG" and file and os.path.exists(file):
        same = colours(like.mode) == colours(result.mode)
        for name, content in png_chunks(file):
            if name not in (*CHUNKS_OF_PIXELS, *_OPTIONS) and (same or name not in _OF_COLOURS):
                chunks.add(name, content)
        return chunks
    if isinstance(result.info.get("xmp"), bytes):
        xmp = PngImagePlugin.iTXt(result.info["xmp"].decode("utf-8", "replace"))
        chunks.add_itxt("XML:com.adobe.xmp", xmp)
    texts = _texts(result.info)
    if isinstance(result.info.get("comment"), bytes):
        texts.setdefault("Comment", result.info["comment"].decode("latin-1"))
    for key, text in texts.items():
        chunks.add_text(key, text)
    if isinstance(result.info.get("gamma"), float):
        chunks.add(b"gAMA", struct.pack(">I", round(result.info["gamma"] * 100_000)))
    return chunks


def _texts(info: dict[Any, Any]) -> dict[str, str]:
    """What `info` has of a PNG's text: Pillow puts it among the rest."""
    others = ("compression", "XML:com.adobe.xmp", "Raw profile type exif", "photoshop", "extension")
    return {
        key: value
        for key, value in info.items()
        if isinstance(key, str) and isinstance(value, str) and key not in others
    }


# --- what was lost -------------------------------------------------------------------------------


def said(image: Image.Image) -> set[str]:
    """Name the kinds of things that the header of a file says of its picture."""
    info = image.info
    kinds = {
        "colour profile": info.get("icc_profile"),
        "XMP": info.get("xmp"),
        "resolution": info.get("dpi") not in (None, (72, 72), (1, 1)),
        "comment": info.get("comment") or info.get("Comment"),
        "text": _texts(info) if image.format == "PNG" else None,
        "EXIF data": _says_exif(image),
    }
    return {kind for kind, there in kinds.items() if there}


def _says_exif(image: Image.Image) -> bool:
    if image.info.get("exif"):
        return True
    return any(tag not in (*STORAGE_TAGS, *_RESOLUTION_TAGS, _XMP) for tag in image.getexif())


def lost(before: set[str], after: set[str], file_format: str) -> str:
    """Say what a file does not hold of what another said; nothing if it holds all."""
    gone = sorted(before - after, key=str.lower)
    if not gone:
        return ""
    *most, last = gone
    names = f"{', '.join(most)} and {last}" if most else last
    return f"its {names} {'are' if most or last == 'EXIF data' else 'is'} not kept in {file_format}"
