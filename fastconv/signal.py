# SPDX-License-Identifier: BSD-3-Clause
"""scipy.signal's convolve2d and correlate2d, to the last bit; see `fastconv.compat.signal`.

All other names are SciPy's own.
"""

from typing import Any as _Any

from .compat import originals as _originals
from .compat.signal import *  # noqa: F403
from .compat.signal import __all__ as __all__


def __getattr__(name: str) -> _Any:
    return _originals.other(__name__, "scipy.signal", name)


def __dir__() -> list[str]:
    return _originals.names(globals(), "scipy.signal")
