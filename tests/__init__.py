# SPDX-License-Identifier: BSD-3-Clause
"""The tests: one promise a file. `judge` compares with the definition; `guarded` runs as a program."""
