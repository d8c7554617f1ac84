# SPDX-License-Identifier: BSD-3-Clause
"""Other people's shapes -> ours: one file a library. No library is imported before it is asked for."""
