# SPDX-License-Identifier: BSD-3-Clause
"""A pytest plugin that runs SciPy's own tests with fastconv's functions in the place of SciPy's.

    python -m pytest -p tests.scipy_suite --pyargs scipy.ndimage.tests.test_filters

All of them must pass.
"""

from __future__ import annotations

import pytest

import fastconv
from fastconv.compat import installation, program, stand_ins


def pytest_configure(config: pytest.Config) -> None:
    """Put fastconv in place before the tests are imported, which take functions by name."""
    from scipy._lib import _array_api

    stand_ins.REFUSALS = ()  # what fastconv refuses must be what SciPy refuses
    fastconv.install(always=True)
    # SciPy's tests look their functions up in a table of what these can do
    table = getattr(_array_api, "xp_capabilities_table", {})
    for key, replacement in installation._state.replacement.items():
        original = installation._state.original[key]
        if original in table:
            table[replacement] = table[original]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.write_line(program.summary())
