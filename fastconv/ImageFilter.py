# SPDX-License-Identifier: BSD-3-Clause
# ruff: noqa: N999 -- the name is Pillow's
"""Pillow's linear filters under Pillow's names; see `fastconv.compat.image_filter`."""

from .compat.image_filter import *  # noqa: F403
from .compat.image_filter import __all__ as __all__
