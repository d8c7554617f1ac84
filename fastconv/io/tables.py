# SPDX-License-Identifier: BSD-3-Clause
"""Tables of tags of TIFF files and EXIF data, read and written without decoding them.

A library that decodes tags and writes them anew changes text that is not ASCII. It also leaves out
the tables to which tags point: those of the camera and of the place, and the tables to which these
point.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO

__all__ = ["POINTERS", "Layout", "Tag", "add_tables", "exif_from", "tables_of", "tags_at"]

POINTERS = (34665, 34853, 40965)  # to the tables of camera, place and interoperability
_LONG, _LONG8, _IFD, _IFD8 = 4, 16, 13, 18
_BYTES = {
    1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8
}  # fmt: skip
# Larger numbers of tags in a table, or of bytes in a value, mean that a file is broken.
_MOST_TAGS, _MOST_BYTES = 4096, 2**28

Tag = tuple[int, int, bytes]  # code, type, packed values


@dataclass(frozen=True)
class Layout:
    """The format of numbers: byte order, and offsets of 32 or 64 bits."""

    order: str
    big: bool

    @classmethod
    def of(cls, file: BinaryIO) -> tuple[Layout, int]:
        """Read the head of a file. Return its layout and the offset of its first table."""
        file.seek(0)
        head = file.read(16)
        if head[:2] not in (b"II", b"MM") or len(head) < 8:
            raise ValueError(f"a TIFF must begin with II or MM; got {head[:2]!r}")
        order = "<" if head[:2] == b"II" else ">"
        big = struct.unpack_from(order + "H", head, 2)[0] == 43
        first = (
            struct.unpack_from(order + "Q", head, 8)
            if big
            else struct.unpack_from(order + "I", head, 4)
        )
        return cls(order, big), int(first[0])

    @property
    def offset(self) -> str:
        """Format of an offset."""
        return self.order + ("Q" if self.big else "I")

    @property
    def room(self) -> int:
        """Most bytes of a value that is stored in the table itself."""
        return 8 if self.big else 4

    @property
    def count(self) -> str:
        """Format of the number of tags."""
        return self.order + ("Q" if self.big else "H")

    def pointer(self, code: int, offset: int) -> Tag:
        """A tag that holds the offset of another table."""
        return code, _LONG8 if self.big else _LONG, struct.pack(self.offset, offset)


def tags_at(file: BinaryIO, layout: Layout, offset: int) -> tuple[list[Tag], bytes]:
    """Tags of the table at an offset, and the offset of the next table, packed."""
    file.seek(offset)
    (count,) = struct.unpack(layout.count, file.read(struct.calcsize(layout.count)))
    if count > _MOST_TAGS:
        raise ValueError(f"a table must have at most {_MOST_TAGS} tags; got {count}")
    size = 4 + 2 * layout.room
    table, after = file.read(count * size), file.read(layout.room)
    found = []
    for at in range(0, count * size, size):
        code, kind = struct.unpack_from(layout.order + "HH", table, at)
        (number,) = struct.unpack_from(layout.offset, table, at + 4)
        length = number * _BYTES.get(kind, 0)
        value = table[at + 4 + layout.room : at + size]
        if length > layout.room:
            file.seek(struct.unpack(layout.offset, value)[0])
            value = file.read(min(length, _MOST_BYTES))
        if 0 < length <= len(value):  # skip values that are truncated or of unknown type
            found.append((code, kind, value[:length]))
    return found, after


def append(file: BinaryIO, layout: Layout, tags: Iterable[Tag], after: bytes = b"") -> int:
    """Write a table at the end of the file, and return its offset."""
    tags = sorted(tags)
    size = struct.calcsize(layout.count) + len(tags) * (4 + 2 * layout.room) + layout.room
    offset = file.seek(0, 2)
    offset += file.write(bytes(offset % 2))
    table, data = struct.pack(layout.count, len(tags)), b""
    for code, kind, value in tags:
        table += struct.pack(layout.order + "HH", code, kind)
        table += struct.pack(layout.offset, len(value) // _BYTES[kind])
        if len(value) <= layout.room:
            table += value.ljust(layout.room, b"\0")
        else:
            table += struct.pack(layout.offset, offset + size + len(data))
            data += value + bytes(len(value) % 2)
    file.write(table + (after or bytes(layout.room)) + data)
    return offset


def tables_of(file: BinaryIO, layout: Layout, tags: Iterable[Tag]) -> dict[int, list[Tag]]:
    """The tables to which pointers among `tags` point, and those to which these tables point."""
    found = {}
    for code, kind, value in tags:
        if code in POINTERS and kind in (_LONG, _LONG8, _IFD, _IFD8):
            where = struct.unpack(layout.order + ("I" if len(value) == 4 else "Q"), value)[0]
            try:
                inner, _ = tags_at(file, layout, where)
            except (ValueError, struct.error):  # the pointer is broken
                continue
            found[code] = [tag for tag in inner if tag[0] not in POINTERS]
            found |= tables_of(file, layout, inner)
    return found


def _append_tables(file: BinaryIO, layout: Layout, tables: dict[int, list[Tag]]) -> list[Tag]:
    """Write tables, and return the tags that point at them."""
    tables = dict(tables)
    within = tables.pop(POINTERS[2], None)
    if within and POINTERS[0] in tables:
        pointer = layout.pointer(POINTERS[2], append(file, layout, within))
        tables[POINTERS[0]] = [*tables[POINTERS[0]], pointer]
    return [
        layout.pointer(code, append(file, layout, tags)) for code, tags in tables.items() if tags
    ]


def add_tables(file: BinaryIO, tables: dict[int, list[Tag]]) -> None:
    """Add tables to the first page of a TIFF file that is open for changes."""
    layout, first = Layout.of(file)
    tags, after = tags_at(file, layout, first)
    tags = [tag for tag in tags if tag[0] not in tables]
    where = append(file, layout, tags + _append_tables(file, layout, tables), after)
    file.seek(8 if layout.big else 4)
    file.write(struct.pack(layout.offset, where))


def exif_from(layout: Layout, tags: list[Tag], tables: dict[int, list[Tag]]) -> bytes:
    """EXIF data, without a prefix, that hold these tags and tables."""
    small = Layout(layout.order, big=False)
    file = io.BytesIO((b"II*\0" if small.order == "<" else b"MM\0*") + bytes(4))
    tags = [tag for tag in tags if tag[1] in _BYTES and tag[1] < _LONG8]
    where = append(file, small, tags + _append_tables(file, small, tables))
    file.seek(4)
    file.write(struct.pack(small.offset, where))
    return file.getvalue()
