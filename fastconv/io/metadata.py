# SPDX-License-Identifier: BSD-3-Clause
"""Metadata of pictures, and how to save them in a new file: EXIF, profile, XMP, resolution, text.

EXIF data are copied as bytes. If they were written anew, text that is not ASCII would become "?",
makers' notes would move away from the pointers to them, and a tag of an unusual type would be an
error. Chunks of PNG are copied for the same reason.

Lost metadata are found by reading the header of the new file, not from a table of formats.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import Any

from PIL import Image
from PIL.ExifTags import TAGS

from . import avif

__all__ = [
    "colours",
    "exif_of",
    "has_another_curve",
    "lost",
    "lost_letters",
    "orientation_of",
    "png_chunks",
    "said",
    "save_options",
    "unwritable",
]

ORIENTATION = 0x0112

# Tags of a TIFF file that describe how its own pixels are stored, which would be wrong in another
# file: sizes, bits, compression, strips, tiles, palettes, sub-files, JPEG tables, YCbCr, profile.
STORAGE_TAGS = (
    *(254, 255, 256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 280, 281, 284, 290, 291, 292),
    *(293, 301, 317, 320, 322, 323, 324, 325, 330, 332, 334, 336, 338, 339, 340, 341, 347),
    *(*range(512, 522), 529, 530, 531, 532, 34675),
)
_RESOLUTION_TAGS = (282, 283, 296)
_XMP = 700
_POINTERS = (0x8769, 0x8825)  # to the tables of camera and place
_INTEROPERABILITY = 0xA005  # pointer to a table, within the camera's

# A picture that is filtered once must not visibly suffer from being saved.
_QUALITY = {"JPEG": 95, "WEBP": 95, "AVIF": 90, "HEIF": 90}
# Lossy compressions of TIFF. Results are deflated instead.
_LOSSY_IN_TIFF = ("jpeg", "tiff_jpeg", "webp")


def colours(mode: str) -> str:
    """Name the colour space that an ICC profile describes for a picture of this mode."""
    if mode.startswith(("RGB", "P")):
        return "RGB"
    return mode if mode in ("CMYK", "YCbCr", "HSV", "LAB") else "grey"


# Names of profiles whose curve is that of sRGB.
_SRGB = ("sRGB", "Display P3")


def has_another_curve(image: Image.Image) -> bool:
    """Whether a picture has a profile whose name is not that of one with sRGB's curve."""
    profile = image.info.get("icc_profile") or b""
    codes = ("ascii", "utf-16-be")  # of profiles of version 2, and of version 4
    return bool(profile) and not any(
        name.encode(code) in profile for name in _SRGB for code in codes
    )


# --- EXIF ----------------------------------------------------------------------------------------


def exif_of(image: Image.Image) -> bytes:
    """EXIF data of a picture: the bytes of its file, unless the program has changed
    `image.getexif()`.

    Examples
    --------
    >>> from PIL import Image
    >>> exif_of(Image.new("L", (2, 2)))
    b''
    """
    raw = image.info.get("exif")
    if not isinstance(raw, bytes):
        return _written(image.getexif())
    if getattr(image, "_exif", None) is None:  # getexif was never called
        return raw
    try:
        file = Image.Image()
        file.info = image.info
        unchanged = _tags(file.getexif()) == _tags(image.getexif())
    except Exception:  # data that Pillow cannot read cannot have been changed through it
        return raw
    return raw if unchanged else _written(image.getexif())


def _tags(exif: Image.Exif) -> dict[int, Any]:
    return {tag: exif.get_ifd(tag) if tag in _POINTERS else exif.get(tag) for tag in exif}


def _written(exif: Image.Exif) -> bytes:
    copy = _copy(exif)
    return copy.tobytes() if len(copy) else b""


def _copy(exif: Image.Exif) -> Image.Exif:
    """A table of tags without those that describe how its own file is stored, and those that Pillow
    cannot write.
    """
    copy = Image.Exif()
    for tag, value in exif.items():
        if tag not in (*STORAGE_TAGS, *_POINTERS) and _is_writable(tag, value):
            copy[tag] = _as_read(value)
    for pointer in _POINTERS:
        table = {
            tag: _as_read(value)
            for tag, value in exif.get_ifd(pointer).items()
            if _is_writable(tag, value, pointer)
        }
        if _INTEROPERABILITY in table:
            table[_INTEROPERABILITY] = dict(exif.get_ifd(_INTEROPERABILITY))
        if table:
            copy[pointer] = table
    return copy


def _is_writable(tag: int, value: Any, pointer: int | None = None) -> bool:
    """Whether Pillow can write a value: it fails for text where a number is expected, for example."""
    one = Image.Exif()
    try:
        one[pointer or tag] = {tag: _as_read(value)} if pointer else _as_read(value)
        one.tobytes()
    except Exception:  # TypeError, struct.error, and others
        return False
    return True


def unwritable(image: Image.Image, file_format: str) -> list[str]:
    """Names of the EXIF tags that this format does not keep because Pillow must write them anew."""
    try:
        exif = _loaded(exif_of(image))
        if not _is_written_anew(exif, file_format):
            return []
        lost = [tag for tag, value in exif.items() if not _is_writable(tag, value)]
        for pointer in _POINTERS:
            items = exif.get_ifd(pointer).items()
            lost += [tag for tag, value in items if not _is_writable(tag, value, pointer)]
    except Exception:  # the EXIF data are broken
        return []
    return [TAGS.get(tag, f"tag {tag}") for tag in lost if tag not in (*STORAGE_TAGS, *_POINTERS)]


def lost_letters(image: Image.Image) -> bool:
    """Whether Pillow may have made "?" of letters as it read the EXIF data of an AVIF file. It puts the
    orientation, which AVIF keeps elsewhere, into them, and writes them anew.
    """
    exif = image.info.get("exif", b"")
    return image.format == "AVIF" and orientation_of(image) != 1 and b"?" in exif


def _is_written_anew(exif: Image.Exif, file_format: str) -> bool:
    """Whether Pillow writes EXIF data tag by tag. It takes the orientation of an AVIF out of them."""
    return file_format == "TIFF" or (file_format == "AVIF" and ORIENTATION in exif)


def _as_read(value: Any) -> Any:
    """The bytes of a text: Pillow reads them as Latin-1, and would write "?" for all but ASCII."""
    return value.encode("latin-1", "replace") if isinstance(value, str) else value


def orientation_of(image: Image.Image) -> int:
    """The EXIF orientation, 1 (upright) to 8: how a picture must be turned to be shown upright."""
    try:
        turned = image.getexif().get(ORIENTATION, 1)
    except Exception:  # the EXIF data are broken
        return 1
    return turned if turned in range(1, 9) else 1


# --- saving --------------------------------------------------------------------------------------


def save_options(
    result: Image.Image, file_format: str, like: Image.Image | None = None
) -> dict[str, Any]:
    """Collect the options of `Image.save` that keep a picture's metadata.

    Parameters
    ----------
    result : PIL.Image.Image
        The picture to save. Metadata come from its `info`.
    file_format : str
        Pillow's name of the format.
    like : PIL.Image.Image, optional
        The opened file of the source: for the quality of a JPEG, chunks of a PNG, lossless WebP.
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
    if file_format == "ICO":  # by default Pillow would write smaller copies only
        options["sizes"] = [result.size]
    if file_format == "TIFF" and info.get("compression") in _LOSSY_IN_TIFF:
        options["compression"] = "tiff_adobe_deflate"
    options |= _quality_for(file_format, result, like)
    return options


def _exif_for(exif: bytes, file_format: str) -> Any:
    """EXIF data in the form that the format's writer needs: as bytes, or as a table if it writes them
    anew.
    """
    exif = exif if exif.startswith(b"Exif") else b"Exif\0\0" + exif
    try:
        if not _is_written_anew(_loaded(exif), file_format):
            return exif
    except Exception:  # broken ones go through, too
        return exif
    table = Image.Exif()
    table.load(_written(_loaded(exif)))
    for tag, value in list(table.items()):
        table[tag] = _as_read(value)
    for pointer in _POINTERS:
        if pointer in table:
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
        return {"lossless": True, "exact": True, "quality": 75}  # an effort
    kept = {"quality": _QUALITY[file_format]} if file_format in _QUALITY else {}
    if file_format == "AVIF" and like is not None and like.format == "AVIF":
        sampling = avif.sampling_of(_head(like))
        kept |= {"subsampling": sampling} if sampling else {}
        kept |= {"quality": 100, "subsampling": "4:4:4"} if is_lossless(like) else {}
    if file_format == "HEIF" and like is not None and like.info.get("chroma"):
        kept["chroma"] = like.info["chroma"]
    return kept


def is_lossless(image: Image.Image) -> bool:
    """Whether the file of a picture holds its pixels without losses; True for unknown formats."""
    if image.format == "WEBP":
        return _webp_is_lossless(image)
    if image.format == "AVIF":
        return avif.is_lossless(_head(image))
    if image.format == "TIFF":
        return image.info.get("compression") not in _LOSSY_IN_TIFF
    return image.format not in ("JPEG", "MPO", "HEIF", "JPEG2000")


def _head(image: Image.Image) -> bytes:
    file = getattr(image, "filename", "")
    if not file or not os.path.exists(file):
        return b""
    with open(file, "rb") as opened:
        return opened.read(2**16)


def _webp_is_lossless(image: Image.Image) -> bool:
    """Whether all pictures of a WebP file are stored without losses."""
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

# Chunks that describe how pixels are stored, and those that Pillow writes from options of `save`.
CHUNKS_OF_PIXELS = (
    *(b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"bKGD", b"hIST", b"sBIT", b"sPLT"),
    *(b"acTL", b"fcTL", b"fdAT"),
)
_OPTIONS = (b"iCCP", b"eXIf", b"pHYs")
# Chunks of colours. Like the profile, they are dropped if a coloured picture becomes a grey one.
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
    """Chunks of text, gamma and others, from the file if that is a PNG, otherwise from `info`."""
    from PIL import PngImagePlugin  # imported here, since `import fastconv` should load no format

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
    """The text of a PNG in `info`, where Pillow mixes it with other entries."""
    others = ("compression", "XML:com.adobe.xmp", "Raw profile type exif", "photoshop", "extension")
    return {
        key: value
        for key, value in info.items()
        if isinstance(key, str) and isinstance(value, str) and key not in others
    }


# --- lost metadata -------------------------------------------------------------------------------


def said(image: Image.Image) -> set[str]:
    """Name the kinds of metadata in the header of a file."""
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
    """A message about metadata that a file does not hold; empty if it holds all."""
    gone = sorted(before - after, key=str.lower)
    if not gone:
        return ""
    *most, last = gone
    names = f"{', '.join(most)} and {last}" if most else last
    return f"its {names} {'are' if most or last == 'EXIF data' else 'is'} not kept in {file_format}"
