# SPDX-License-Identifier: BSD-3-Clause
"""astropy.convolution's convolve and convolve_fft, within roundings; see `fastconv.compat.astropy`.

All other names are astropy's own.
"""

from typing import Any as _Any

from .compat import originals as _originals
from .compat.astropy import *  # noqa: F403
from .compat.astropy import __all__ as __all__


def __getattr__(name: str) -> _Any:
    return _originals.other(__name__, "astropy.convolution", name)


def __dir__() -> list[str]:
    return _originals.names(globals(), "astropy.convolution")
