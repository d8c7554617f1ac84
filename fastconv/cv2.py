# SPDX-License-Identifier: BSD-3-Clause
"""OpenCV's linear filters under OpenCV's names; see `fastconv.compat.cv2`."""

from .compat.cv2 import *  # noqa: F403
from .compat.cv2 import __all__ as __all__
