# SPDX-License-Identifier: BSD-3-Clause
"""The command line as tests call it. Needs click."""

from __future__ import annotations

from click.testing import CliRunner, Result

from fastconv.cli import cli


def run(*words: object, code: int = 0) -> Result:
    """Run a command that must end with this exit code."""
    result = CliRunner().invoke(cli, [str(word) for word in words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result
