# SPDX-License-Identifier: BSD-3-Clause
"""Files, and arrays larger than memory."""
