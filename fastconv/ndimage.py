# SPDX-License-Identifier: BSD-3-Clause
"""scipy.ndimage's linear filters, to the last bit; see `fastconv.compat.ndimage`.

All other names are SciPy's own.
"""

from typing import Any as _Any

from .compat import originals as _originals
from .compat.ndimage import *  # noqa: F403
from .compat.ndimage import __all__ as __all__


def __getattr__(name: str) -> _Any:
    return _originals.other(__name__, "scipy.ndimage", name)


def __dir__() -> list[str]:
    return _originals.names(globals(), "scipy.ndimage")
