# SPDX-License-Identifier: BSD-3-Clause
"""TIFF: pages that can be sliced into rows, and a file that is written strip by strip (extra `tiff`).

tifffile handles the format: tags, tiles, strips, codecs. This file decides which of them are read
and written, and when.

Reading     Only the tiles or strips that hold the wanted rows are decoded, by several threads.
            If the pixels are stored as in memory, they are mapped instead.
Writing     A file without compression is mapped. With compression, the place of a strip is known
            only after all strips before it are coded, and the table of strips is written last. So
            coded strips are collected in a file of their own, with a list of their lengths. An
            interrupted run resumes from these; at the end the strips are copied into a TIFF.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import tifffile
from numpy.typing import NDArray

from .. import _threads
from .metadata import STORAGE_TAGS
from .nodata import GDAL_NODATA, Nodata, nodata_in
from .nodata import words_of as nodata_words
from .tables import POINTERS, Layout, Tag, add_tables, tables_of, tags_at

__all__ = ["Pages", "Strips", "create", "needs_bands", "tags_of"]

# Bytes of a strip before it is coded: enough for the codec, few enough for readers of a part.
STRIP_BYTES = 2**18
# Bytes of pixels from which pictures are filtered in bands even if they fit into memory.
LARGE = 2**28
NONE, LZW, DEFLATE = 1, 5, 8
# Colour spaces whose samples are numbers that may be summed; JPEG's YCbCr is decoded to RGB.
WHITE_IS_0, BLACK_IS_0, RGB, PALETTE, SEPARATED, YCBCR = 0, 1, 2, 3, 5, 6
JPEG = 7


class Pages:
    """The pages of a TIFF file that have the layout of its first page, as one array.

    Parameters
    ----------
    path : path

    Attributes
    ----------
    shape : tuple of int
        (P, H, W), or (H, W) for a single page. With several samples (..., H, W, S), or (..., S, H,
        W) if each sample has planes of its own.
    dtype : dtype
    channel_axis : int or None
        -1 if the samples of a pixel are stored together. Separate planes count as images.
    others : int
        Number of pages of another layout, which are not in the array: thumbnails, pyramids.
    chunks : tuple of int
        Rows of a tile or strip at their axis, 1 elsewhere.

    Raises
    ------
    ValueError
        The samples cannot be summed: palettes, single bits, other colour spaces.
    CutShortError
        Only the first page of several has tags.

    Examples
    --------
    >>> import os, tempfile, numpy as np, tifffile
    >>> path = os.path.join(tempfile.mkdtemp(), "small.tif")
    >>> tifffile.imwrite(path, np.arange(12, dtype=np.uint8).reshape(4, 3), compression="zlib")
    >>> pages = Pages(path)
    >>> pages[2:4].tolist()
    [[6, 7, 8], [9, 10, 11]]
    >>> pages.close()
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._file = tifffile.TiffFile(path)
        try:
            first = self.first = self._file.pages[0]
            _check(first)
            _check_complete(self._file)
            alike = [page for page in self._file.pages if _kind(page) == _kind(first)]
        except BaseException:
            self._file.close()
            raise
        self.pages, self.others = alike, len(self._file.pages) - len(alike)
        self._pool = ThreadPoolExecutor(_threads.get_num_threads())
        apart = first.planarconfig == 2 and first.samplesperpixel > 1
        self._planes = first.samplesperpixel if apart else 1
        self.channel_axis = -1 if first.samplesperpixel > 1 and not apart else None
        inner = (first.imagelength, first.imagewidth)
        inner += (first.samplesperpixel,) if self.channel_axis else ()
        self._lead = ((len(alike),) if len(alike) > 1 else ()) + ((self._planes,) if apart else ())
        self.shape = (*self._lead, *inner)
        self.dtype = np.dtype(first.dtype)
        rows = first.tilelength if first.is_tiled else min(first.rowsperstrip, first.imagelength)
        self._across = -(-first.imagewidth // first.tilewidth) if first.is_tiled else 1
        self._rows = int(rows)
        self.chunks = (*(1,) * len(self._lead), self._rows, *inner[1:])

    @cached_property
    def nodata(self) -> int | float | None:
        """The number that stands for missing samples, if the file says so.

        Raises
        ------
        ValueError
            Pages say different numbers.
        """
        tags = [page.tags.get(GDAL_NODATA) for page in self.pages]
        said = {str(tag.value).strip("\0 ") for tag in tags if tag is not None}
        if len(said) > 1:
            raise ValueError(
                f"nodata must be given for pages of different ones; got {', '.join(sorted(said))}"
            )
        try:
            return nodata_in(said.pop() if said else "")
        except ValueError:  # there is none, or words that are no number
            return None

    def all_are_small_and(self, known: Callable[[Any], bool]) -> bool:
        """Whether all pages of the file fit into memory together, and `known` is true for each."""
        pages = list(self._file.pages)
        return sum(math.prod(page.shape) for page in pages) <= LARGE and all(map(known, pages))

    def notes(self, dtype: np.dtype[Any]) -> Iterator[str]:
        """Yield messages about parts of the file that a result of this type does not have."""
        if self.others:
            yield f"only the pages like the first are filtered, {self.others} are not"
        smaller = sum(len(page.subifds or ()) for page in self.pages)
        if smaller:
            yield f"its {smaller} smaller copies (SubIFDs) are left out"
        if types_are_described(self._file) and dtype != self.dtype:
            yield f"its OME or ImageJ metadata are left out: they say that pixels are {self.dtype}"

    @cached_property
    def say_the_same(self) -> bool:
        """Whether pages after the first have no tags of their own."""
        first = words_of(self.first, self.dtype)
        return all(
            all(tag in first for tag in words_of(page, self.dtype)) for page in self.pages[1:]
        )

    def close(self) -> None:
        """Close the file."""
        self._pool.shutdown()
        self._file.close()

    def mapped(self) -> NDArray[Any] | None:
        """All pixels, mapped from the file, if they are stored as in memory; otherwise None."""
        if len(self.pages) > 1 or not self.first.is_memmappable:
            return None
        a: NDArray[Any] = tifffile.memmap(self._file.filehandle.path, page=0, mode="r")
        return a.reshape(self.shape)

    def __getitem__(self, index: Any) -> NDArray[Any]:
        """Rows of one image: an index for each leading axis, and a slice of rows."""
        *lead, rows = index if isinstance(index, tuple) else (index,)
        low, high, _ = rows.indices(self.shape[len(self._lead)])
        number = int(np.ravel_multi_index(lead, self._lead)) if self._lead else 0
        page, plane = self.pages[number // self._planes], number % self._planes
        result = np.zeros((high - low, *self.shape[len(self._lead) + 1 :]), self.dtype)
        below = -(-page.imagelength // self._rows)
        wanted = range(
            (plane * below + low // self._rows) * self._across,
            (plane * below + -(-high // self._rows)) * self._across,
        )
        table = page.jpegtables
        for _ in self._pool.map(
            lambda segment: self._put(result, low, page.decode(*segment, jpegtables=table)),
            self._file.filehandle.read_segments(
                [page.dataoffsets[i] for i in wanted],
                [page.databytecounts[i] for i in wanted],
                indices=list(wanted),
            ),
        ):
            pass
        return result

    def _put(self, result: NDArray[Any], low: int, segment: Any) -> None:
        """Copy the wanted rows of a tile or strip."""
        pixels, (_, _, y, x, _), _ = segment
        if pixels is None:  # the file omits it, which means zeros
            return
        pixels = pixels.reshape(pixels.shape[1:] if self.channel_axis else pixels.shape[1:3])
        first, last = max(y, low), min(y + pixels.shape[0], low + result.shape[0])
        width = min(pixels.shape[1], result.shape[1] - x)
        if first < last:
            result[first - low : last - low, x : x + width] = pixels[first - y : last - y, :width]


def as_stored(path: str | os.PathLike[str]) -> tuple[int, tuple[int, int]]:
    """The orientation of the first page, 1 (upright) to 8, and its stored width and height."""
    with tifffile.TiffFile(path) as file:
        page = file.pages[0]
        tag = page.tags.get(274)
        turned = int(tag.value) if tag is not None and tag.value in range(1, 9) else 1
        return turned, (int(page.imagewidth), int(page.imagelength))


class CutShortError(ValueError):
    """The file holds pages without the tags that are needed to read them."""


def needs_bands(path: str | os.PathLike[str], in_another_mode: bool = False) -> bool:
    """Whether a file is filtered here, in bands and with all its tags, and not by Pillow.

    Pillow reads or refuses files that are no TIFF, or whose samples are not numbers. It also reads
    small files of pages of several kinds, and files that are to be converted to another mode,
    unless they are large, have several pages or more bits, or are BigTIFF.
    """
    try:
        pages = Pages(path)
    except CutShortError:  # Pillow would ignore the missing pages
        return True
    except (OSError, ValueError, IndexError, tifffile.TiffFileError):
        return False
    try:
        kind = pages.dtype.name, int(pages.first.samplesperpixel)
        if pages.others and pages.all_are_small_and(_is_pillows):
            return False  # Pillow reads pages of all kinds, one after the other
        return (
            not in_another_mode
            or len(pages.shape) > (3 if pages.channel_axis else 2)
            or kind not in _PILLOWS
            or 0 in pages.first.extrasamples  # Pillow drops unspecified extra samples
            or pages.first.parent.is_bigtiff  # Pillow does not write the tags that it has read
            or math.prod(pages.shape) * pages.dtype.itemsize > LARGE
        )
    finally:
        pages.close()


# Samples that Pillow reads as they are.
_PILLOWS = (
    *(("uint8", samples) for samples in (1, 2, 3, 4)),
    ("uint16", 1), ("int32", 1), ("float32", 1),
)  # fmt: skip


def _is_pillows(page: Any) -> bool:
    if page.dtype is None or page.bitspersample == 1 or page.photometric == PALETTE:
        return bool(page.samplesperpixel == 1 and page.bitspersample in (1, 8))
    kind = np.dtype(page.dtype).name, int(page.samplesperpixel)
    return kind in _PILLOWS and 0 not in page.extrasamples


def _kind(page: Any) -> tuple[Any, ...]:
    return (
        page.shape, page.dtype, page.photometric, page.planarconfig, page.is_tiled,
        page.tilelength, page.tilewidth, page.rowsperstrip,
    )  # fmt: skip


def _check(page: Any) -> None:
    jpeg = page.photometric == YCBCR and page.compression == JPEG
    if page.photometric not in (WHITE_IS_0, BLACK_IS_0, RGB, SEPARATED) and not jpeg:
        name = getattr(page.photometric, "name", page.photometric)
        raise ValueError(f"pixels of a TIFF must be grey, RGB or CMYK; got {str(name).lower()}")
    if page.bitspersample not in (8, 16, 32, 64) or page.dtype is None or page.imagedepth > 1:
        raise ValueError(
            f"samples of a TIFF must be of 8, 16, 32 or 64 bits; got {page.bitspersample}"
        )


def _check_complete(file: Any) -> None:
    """Refuse stacks of ImageJ and tifffile whose further pages have no tags, only a description."""
    if (file.is_imagej or file.is_shaped) and file.series[0].is_truncated:
        pages = file.series[0].size // file.pages[0].size
        raise CutShortError(f"{file.filename} must have tags for each of its {pages} pages; got 1")


def tags_of(page: Any, dtype: np.dtype[Any], nodata: Nodata | None = None) -> dict[str, Any]:
    """tifffile's arguments for the tags of a page that are still true after filtering, and for `nodata`
    unless it is None.
    """
    tags: dict[str, Any] = {
        "photometric": RGB if page.photometric == YCBCR else int(page.photometric),
        "metadata": None,
        "software": False,
    }
    if page.samplesperpixel > 1:
        tags["planarconfig"] = int(page.planarconfig)
    if page.extrasamples:
        tags["extrasamples"] = [int(kind) for kind in page.extrasamples]
    if page.tags.get("XResolution") and page.tags.get("YResolution"):
        tags["resolution"] = tuple(page.tags[name].value for name in ("XResolution", "YResolution"))
        tags["resolutionunit"] = int(page.resolutionunit)
    kept = words_of(page, dtype)
    if nodata is not None:
        words = nodata_words(nodata).encode() + b"\0"
        kept = [*(tag for tag in kept if tag[0] != GDAL_NODATA), (GDAL_NODATA, 2, words)]
    tags["extratags"] = [
        (code, kind, len(value), value if len(value) else b"\0", True) for code, kind, value in kept
    ]
    return tags


def words_of(page: Any, dtype: np.dtype[Any]) -> list[Tag]:
    """Tags of a page, undecoded, without those that describe how its pixels are stored.

    Descriptions of OME and ImageJ name the type of the pixels, so they are left out if it changes.
    """
    file = page.parent.filehandle
    layout = Layout(page.parent.byteorder, bool(page.parent.is_bigtiff))
    tags, _ = tags_at(file, layout, page.offset)
    described = types_are_described(page.parent) and dtype != np.dtype(page.dtype)
    left = (*_STORAGE, *POINTERS, *((270, 50838, 50839) if described else ()))
    return [tag for tag in tags if tag[0] not in left]


def types_are_described(file: Any) -> bool:
    """Whether the description of a file names the type of its pixels."""
    return bool(file.is_ome or file.is_imagej)


def tables_beside(page: Any) -> dict[int, list[Tag]]:
    """The tables of camera and place to which a page points."""
    file = page.parent.filehandle
    layout = Layout(page.parent.byteorder, bool(page.parent.is_bigtiff))
    return tables_of(file, layout, tags_at(file, layout, page.offset)[0])


# Tags that tifffile writes itself. It does not write 34675, the profile.
_STORAGE = (*(tag for tag in STORAGE_TAGS if tag != 34675), 282, 283, 296, 320, 32997, 32998)


def _is_big(shape: tuple[int, ...], dtype: np.dtype[Any], like: Any) -> bool:
    """Whether offsets of 32 bits may be too small. Codecs can make noise larger than it was."""
    return bool(like.parent.is_bigtiff or math.prod(shape) * dtype.itemsize > 2**32 - 2**27)


def create(
    path: Path,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    pages: Pages,
    resume: bool,
    nodata: Nodata | None = None,
) -> Any:
    """Create a file for pages like these, as a mapped array or as `Strips`.

    Parameters
    ----------
    path : Path
    shape : tuple of int
        Shape of the result. Its leading axes are those of `pages`.
    dtype : dtype
    pages : Pages
        The source of colours, resolution and compression. Compression that is lossy, or that cannot
        be written, is replaced by deflate.
    resume : bool
        Whether to open the file of an earlier run instead of beginning anew.
    nodata : number, optional
        What stands for missing samples, if `pages` do not say so.
    """
    like = pages.first
    if like.compression != NONE or not pages.say_the_same:
        return Strips(path, shape, dtype, pages, resume, nodata)
    if not resume:
        tifffile.imwrite(
            path, None, shape=shape, dtype=dtype, bigtiff=_is_big(shape, dtype, like),
            byteorder=like.parent.byteorder, **tags_of(like, dtype, nodata),
        )  # fmt: skip
        _add_tables(path, like)
    mapped: NDArray[Any] = tifffile.memmap(path, mode="r+")
    return mapped.reshape(shape)


def _add_tables(path: Path, page: Any) -> None:
    tables = tables_beside(page)
    if tables:
        with open(path, "r+b") as file:
            add_tables(file, tables)


class Strips:
    """Strips, coded if the source's are, which are collected until all are there.

    Rows must come in order, in whole strips of `chunks` rows. With `shape`, `dtype` and `chunks`
    this is a target for `fastconv.stream`.
    """

    def __init__(
        self,
        path: Path,
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        pages: Pages,
        resume: bool,
        nodata: Nodata | None = None,
    ) -> None:
        rows_axis = len(shape) - (3 if pages.channel_axis else 2)
        self.shape, self.dtype = shape, dtype
        self._source, self._lead, self._nodata = pages, shape[:rows_axis], nodata
        row_bytes = max(1, math.prod(shape[rows_axis + 1 :]) * dtype.itemsize)
        self._height = shape[rows_axis]
        self._rows = max(1, min(self._height, STRIP_BYTES // row_bytes))
        self.chunks = (*(1,) * rows_axis, self._rows, *shape[rows_axis + 1 :])
        code = pages.first.compression
        self._codec = int(code) if code in (NONE, LZW) else DEFLATE
        # differences of neighbours, which are not smaller for floats
        self._predictor = 2 if dtype.kind in "iu" and self._codec != NONE else 1
        mode = "r+b" if resume else "w+b"
        # closed by `close`
        self._strips = open(f"{path}.strips", mode)  # noqa: SIM115
        self._lengths = open(f"{path}.lengths", mode)  # noqa: SIM115
        self._pool = ThreadPoolExecutor(_threads.get_num_threads())
        self._next: int | None = None

    def __setitem__(self, index: tuple[Any, ...], rows: NDArray[Any]) -> None:
        """Code rows of one image, and append them."""
        *lead, where = index
        number = int(np.ravel_multi_index(lead, self._lead)) if self._lead else 0
        first = number * -(-self._height // self._rows) + where.start // self._rows
        if self._next is None:
            self._go_on_at(first)
        if first != self._next or where.start % self._rows:
            raise ValueError(f"strips of a TIFF must come in order; got rows {where} of {lead}")
        cuts = [rows[y : y + self._rows] for y in range(0, rows.shape[0], self._rows)]
        for coded in self._pool.map(self._coded, cuts):
            self._strips.write(coded)
            self._lengths.write(len(coded).to_bytes(8, "little"))
        self._strips.flush()
        self._lengths.flush()
        self._next = first + len(cuts)

    def _go_on_at(self, strip: int) -> None:
        """Drop the strips that were written after the last band that is known to be done."""
        self._lengths.truncate(8 * strip)
        self._lengths.seek(0)
        lengths = np.frombuffer(self._lengths.read(), "<u8")
        self._lengths.seek(0, os.SEEK_END)
        self._strips.truncate(int(lengths.sum()))
        self._strips.seek(0, os.SEEK_END)
        self._next = strip

    @property
    def _order(self) -> Literal["<", ">"]:
        return "<" if self._source.first.parent.byteorder == "<" else ">"

    def _coded(self, rows: NDArray[Any]) -> bytes:
        block = np.ascontiguousarray(rows, self.dtype.newbyteorder("="))
        block = block.reshape(*block.shape[:2], -1)  # rows, pixels, samples
        if self._predictor == 2:
            block = np.ascontiguousarray(tifffile.TIFF.PREDICTORS[2](block, axis=1))
        block = block.astype(self.dtype.newbyteorder(self._order), copy=False)
        if self._codec == NONE:
            return block.tobytes()
        return bytes(tifffile.TIFF.COMPRESSORS[self._codec](block.tobytes()))

    def finish(self, target: Path) -> None:
        """Copy the strips into a TIFF."""
        self._strips.seek(0)
        self._lengths.seek(0)
        pages = self._source
        one = pages.say_the_same
        shape = self.shape if one or not self._lead else self.shape[1:]
        big = _is_big(self.shape, self.dtype, pages.first)
        words: dict[str, Any] = {"rowsperstrip": self._rows}
        if self._codec != NONE:
            words |= {"compression": self._codec, "predictor": self._predictor}
        with tifffile.TiffWriter(target, bigtiff=big, byteorder=self._order) as writer:
            for page in [pages.first] if one else pages.pages:
                strips = math.prod(shape[: -3 if pages.channel_axis else -2])
                strips *= -(-self._height // self._rows)
                writer.write(
                    self._each(strips), shape=shape, dtype=self.dtype, **words,
                    **tags_of(page, self.dtype, self._nodata),
                )  # fmt: skip
        _add_tables(target, pages.first)
        self.close()
        for file in (self._strips, self._lengths):
            os.unlink(file.name)

    def _each(self, count: int) -> Iterator[bytes]:
        for _ in range(count):
            yield self._strips.read(int.from_bytes(self._lengths.read(8), "little"))

    def close(self) -> None:
        """Close the files. Their contents remain, so that a run can be resumed."""
        self._pool.shutdown()
        self._strips.close()
        self._lengths.close()
