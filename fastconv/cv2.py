# SPDX-License-Identifier: BSD-3-Clause
"""OpenCV's linear filters under OpenCV's names; see `fastconv.adapters.cv2`."""

from .adapters.cv2 import *  # noqa: F403
from .adapters.cv2 import __all__ as __all__
