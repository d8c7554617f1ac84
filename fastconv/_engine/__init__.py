# SPDX-License-Identifier: BSD-3-Clause
"""The compiled engine, built from src/: `cpu`, and one `engine_*` per CPU level."""
