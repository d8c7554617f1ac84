# SPDX-License-Identifier: BSD-3-Clause
"""Images and arrays of other libraries. Each library is imported on first use only."""
