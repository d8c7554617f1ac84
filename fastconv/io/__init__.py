# SPDX-License-Identifier: BSD-3-Clause
"""Files, and what is larger than memory."""
