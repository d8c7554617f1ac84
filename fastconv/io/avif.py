# SPDX-License-Identifier: BSD-3-Clause
"""What the header of an AVIF file says of its pixels, which Pillow does not tell.

A box ``av1C`` has bits of a sample and how colours are sampled; a box ``colr`` of type ``nclx`` names the
matrix from RGB to what is coded (AV1-ISOBMFF 2.3; ISO/IEC 14496-12, 12.1.5). Only the identity has no
rounding, so encoders take it to store RGB without losses.
"""

from __future__ import annotations

__all__ = ["bits_of", "is_lossless", "sampling_of"]


def bits_of(head: bytes) -> int:
    """Bits of a sample."""
    flags = _flags(head)
    return 8 if not flags & 64 else 12 if flags & 32 else 10


def sampling_of(head: bytes) -> str | None:
    """The sampling of colours in Pillow's words; None if there is no header."""
    if head.find(b"av1C") < 0:
        return None
    flags = _flags(head)
    return (
        "4:0:0" if flags & 16 else "4:4:4" if not flags & 8 else "4:2:0" if flags & 4 else "4:2:2"
    )


def is_lossless(head: bytes) -> bool:
    """Whether RGB is coded as it is."""
    at = head.find(b"colrnclx")
    return at >= 0 and head[at + 12 : at + 14] == b"\0\0"


def _flags(head: bytes) -> int:
    at = head.find(b"av1C")
    return head[at + 6] if 0 <= at < len(head) - 6 else 0
