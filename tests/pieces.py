# SPDX-License-Identifier: BSD-3-Clause
"""What tests of images in pieces share: calls that are drawn, and runs that are stopped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from .judge import BORDERS


def options_of(draw: st.DrawFn, shape: list[int], size: tuple[int, int]) -> dict[str, Any]:
    """Draw options for an image of this shape, height and width, and a kernel of this size.

    A third axis, of channels or of a batch, may be put into the shape.
    """
    options: dict[str, Any] = {
        "border": draw(st.sampled_from(BORDERS)),
        "cval": draw(st.integers(0, 9)),
        "shape": draw(st.sampled_from(["same", "same", "valid", "full"])),
    }
    if options["shape"] == "same":
        options["origin"] = tuple(draw(st.integers(-(n // 2), (n - 1) // 2)) for n in size)
    if draw(st.booleans()):  # channels, on any axis
        axis = draw(st.integers(0, 2))
        shape.insert(axis, 3)
        options["channel_axis"] = axis - draw(st.sampled_from([0, 3]))
    elif draw(st.booleans()):  # a batch
        shape.insert(0, 3)
    return options


class StopError(Exception):
    """What interrupts a run."""


def stop_at(rows: int) -> Callable[[int, int], None]:
    """A progress callback that interrupts when so many rows are done."""

    def progress(done: int, total: int) -> None:
        if done >= rows:
            raise StopError

    return progress
