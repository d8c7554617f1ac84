# SPDX-License-Identifier: BSD-3-Clause
"""SciPy's own tests of what is imitated pass with fastconv in SciPy's place."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


MODULES = (
    "scipy.ndimage.tests.test_filters",
    "scipy.ndimage.tests.test_datatypes",
    "scipy.signal.tests.test_signaltools::TestConvolve2d",
    "scipy.signal.tests.test_signaltools::TestCorrelate2d",
)
# Tests of functions that stay SciPy's own; test_large_array, of 4 GB and 10 seconds, passes too.
OTHERS = "Vectorized", "median", "rank", "minmax", "map_coordinates", "large_array"


def test_scipys_own_tests_pass(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable, "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider",
            "-p", "tests.scipy_suite", "-k", f"not ({' or '.join(OTHERS)})", "--pyargs", *MODULES,
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
    assert counts["passed"] >= 2000
    # so it was fastconv that passed
    served = {name: int(n) for name, n in re.findall(r"  scipy\.(\S+) +(\d+) served", done.stdout)}
    assert sum(served.values()) >= 5000
    assert served["signal.convolve2d"] >= 15 and served["signal.correlate2d"] >= 5
