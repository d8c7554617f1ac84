# SPDX-License-Identifier: BSD-3-Clause
"""What CONTRIBUTING.md says of the layout is true of the files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src"
METHODS = (
    "BOX|BOX_SLIDING|BOX_SMALL|CONVOLVE2D|COPY|CONVOLVE2D_REVERSED|CORRELATE1D|EXACT_INT64|FFT|INT8_DOT"
    "|SPECTRA|SPECTRAL_LINES|TAPS"
)
ASKED = re.compile(rf"\.(?:method|sums) *(?:[!=]=|in) *\(?(?:{METHODS})\b")

if not SOURCE.is_dir():
    pytest.skip("needs the sources of a checkout", allow_module_level=True)


def naming() -> list[str]:
    shared = (*SOURCE.glob("schedule/*.pxi"), *SOURCE.glob("rows/*.pxi"), SOURCE / "bindings.pxi")
    assert len(shared) > 6
    return [
        f"{file.name}: {line.strip()}"
        for file in shared
        for line in file.read_text().splitlines()
        if ASKED.search(line)
    ]


def test_bands_strips_and_programs_name_no_method() -> None:
    assert ASKED.search((SOURCE / "methods" / "list.pxi").read_text())
    assert naming() == []
