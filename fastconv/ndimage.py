# SPDX-License-Identifier: BSD-3-Clause
"""scipy.ndimage's linear filters, to the last bit; see `fastconv.adapters.ndimage`."""

from .adapters.ndimage import *  # noqa: F403
from .adapters.ndimage import __all__ as __all__
