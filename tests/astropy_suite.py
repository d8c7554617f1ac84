# SPDX-License-Identifier: BSD-3-Clause
"""A pytest plugin that runs astropy's own tests of convolutions with fastconv's functions in their place.

    python -m pytest -p tests.astropy_suite --pyargs astropy.convolution.tests

All of them must pass.
"""

from __future__ import annotations

import pytest

import fastconv
from fastconv.compat import program, stand_ins


def pytest_configure(config: pytest.Config) -> None:
    """Put fastconv in place before the tests are imported, which take functions by name."""
    stand_ins.REFUSALS = ()  # what fastconv refuses must be what astropy refuses
    fastconv.install("astropy", always=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.write_line(program.summary())
