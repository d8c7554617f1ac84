# SPDX-License-Identifier: BSD-3-Clause
"""Images and arrays of other libraries. No library is imported before it is asked for."""
