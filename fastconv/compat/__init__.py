# SPDX-License-Identifier: BSD-3-Clause
"""Other libraries' filters under their names, and how they take the originals' places."""
