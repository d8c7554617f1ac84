# SPDX-License-Identifier: BSD-3-Clause
"""SciPy's own tests of what is imitated pass with fastconv in SciPy's place."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize(
    ("modules", "words", "least", "served"),
    [
        (("ndimage.tests.test_filters", "ndimage.tests.test_datatypes"), "", 2000, 5000),
        # test_large_array, of 4 GB and 10 seconds, passes too
        (
            ("signal.tests.test_signaltools",),
            "(onvolve2d or orrelate2d or avgol) and not large_array",
            20,
            20,
        ),
    ],
)  # fmt: skip
def test_scipys_own_tests_pass(
    tmp_path: Path, modules: tuple[str, ...], words: str, least: int, served: int
) -> None:
    done = subprocess.run(
        [
            sys.executable, "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider",
            "-p", "tests.scipy_suite", "-k", words, "--pyargs", *(f"scipy.{name}" for name in modules),
        ],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    counts = {word: int(n) for n, word in re.findall(r"(\d+) (\w+)", done.stdout.splitlines()[-1])}
    assert counts["passed"] >= least
    calls = re.search(r"fastconv: (\d+) calls served", done.stdout)
    assert calls is not None and int(calls[1]) >= served  # so it was fastconv that passed
