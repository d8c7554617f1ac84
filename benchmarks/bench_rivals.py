# SPDX-License-Identifier: BSD-3-Clause
"""fastconv beside OpenCV, SciPy and Pillow: every cell of the grid, with all rivals that compute
it.

A rival's answer is checked before it is timed (see rivals.py); a wrong one is skipped, and the
reason printed at the end and kept in the JSON. A wrong answer of fastconv is a failure.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from grid import Cell, select_by
from rivals import OURS, RIVALS, Rival, enter


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    pairs = [
        pytest.param(cell, rival, id=f"{cell}: {rival.name}")
        for cell in select_by(metafunc.config.option)
        for rival in (OURS, *RIVALS)
        if rival.covers(cell)
    ]
    metafunc.parametrize(("cell", "rival"), pairs)


def bench_rival(
    cell: Cell,
    rival: Rival,
    time_it: Callable[..., None],
    leave_out: Callable[[str, str, str], None],
) -> None:
    entrant = enter(cell, rival)
    if entrant.call is None:
        assert rival is not OURS, f"fastconv is wrong: {entrant.reason}"
        leave_out(str(cell), rival.name, entrant.reason)
        return
    label = {"who": entrant.name, "library": rival.library, "differing": entrant.differing}
    if entrant.reason:
        label["instead_of"] = f"{rival.name}: {entrant.reason}"
    time_it(entrant.call, group=str(cell), label=cell.label | label)
