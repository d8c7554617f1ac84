# SPDX-License-Identifier: BSD-3-Clause
"""A wheel is small: what is installed, zipped, stays below a limit."""

import struct
import zlib
from pathlib import Path

import pytest

import fastconv

PACKAGE = Path(fastconv.__file__).parent
LIMIT = 1_700_000


def loaded(elf: bytes) -> bytes:
    """Return what of an ELF file goes to memory: names for profilers and debug symbols do not."""
    first, size, count = struct.unpack_from("<Q14xHH", elf, 32)
    parts = []
    for at in range(first, first + size * count, size):
        kind, start, length = struct.unpack_from("<I4xQ16xQ", elf, at)
        parts += [elf[start : start + length]] if kind == 1 else []
    return b"".join(parts)


def packed(file: Path) -> int:
    """Return the bytes of a file in a wheel."""
    contents = file.read_bytes()
    if file.suffix == ".so":
        if contents[:5] != b"\x7fELF\x02":
            pytest.skip("extensions are no ELF files of 64 bits")
        contents = loaded(contents)
    return len(zlib.compress(contents))


def test_the_package_zipped_stays_below_its_limit() -> None:
    kinds = {".so", ".py", ".pyi", ".pxd"}
    sizes = {
        str(file.relative_to(PACKAGE)): packed(file)
        for file in PACKAGE.rglob("*")
        if file.suffix in kinds
    }
    assert any("engine_" in name for name in sizes)
    assert sum(sizes.values()) < LIMIT, sorted(sizes.items(), key=lambda item: -item[1])[:12]
