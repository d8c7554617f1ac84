# SPDX-License-Identifier: BSD-3-Clause
"""OpenCV's linear filters under OpenCV's names; see `fastconv.compat.cv2`, and `cv2_derived` beside it.

All other names are OpenCV's own.
"""

from typing import Any as _Any

from .compat import originals as _originals
from .compat.cv2 import *  # noqa: F403
from .compat.cv2 import __all__ as _filters
from .compat.cv2_derived import *  # noqa: F403
from .compat.cv2_derived import __all__ as _derived

__all__ = [*_filters, *_derived]


def __getattr__(name: str) -> _Any:
    return _originals.other(__name__, "cv2", name)


def __dir__() -> list[str]:
    return _originals.names(globals(), "cv2")
