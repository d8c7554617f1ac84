# SPDX-License-Identifier: BSD-3-Clause
"""scipy.signal's convolve2d and correlate2d, to the last bit; see `fastconv.compat.signal`."""

from .compat.signal import *  # noqa: F403
from .compat.signal import __all__ as __all__
