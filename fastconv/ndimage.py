# SPDX-License-Identifier: BSD-3-Clause
"""scipy.ndimage's linear filters, to the last bit; see `fastconv.compat.ndimage`."""

from .compat.ndimage import *  # noqa: F403
from .compat.ndimage import __all__ as __all__
