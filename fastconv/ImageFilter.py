# SPDX-License-Identifier: BSD-3-Clause
# ruff: noqa: N999 -- the name is Pillow's
"""Pillow's linear filters under Pillow's names; see `fastconv.compat.image_filter`.

All other names are Pillow's own.
"""

from typing import Any as _Any

from .compat import originals as _originals
from .compat.image_filter import *  # noqa: F403
from .compat.image_filter import __all__ as __all__


def __getattr__(name: str) -> _Any:
    return _originals.other(__name__, "PIL.ImageFilter", name)


def __dir__() -> list[str]:
    return _originals.names(globals(), "PIL.ImageFilter")
