# SPDX-License-Identifier: BSD-3-Clause
"""``python -m fastconv run``: a program, unmodified, with fastconv's functions in place.

What it did with them goes to the standard error at the end, however the program ends.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

from .installation import BACKENDS, CALLERS, DEFAULT, installed
from .stand_ins import counts

USAGE = f"""\
usage: python -m fastconv run [--with NAMES] PROGRAM [ARGUMENTS ...]
       python -m fastconv run [--with NAMES] -m MODULE [ARGUMENTS ...]

Run a Python program with fastconv's functions in the place of those they imitate.

  --with NAMES   which, with commas: of {", ".join([*BACKENDS, *CALLERS])} (default: {",".join(DEFAULT)})
"""


def summary() -> str:
    served = sum(c.served for c in counts.values())
    back = sum(c.handed_back for c in counts.values())
    lines = [
        f"fastconv: {served} calls served in {sum(c.served_time for c in counts.values()):.3f} s, "
        f"{back} handed back in {sum(c.handed_back_time for c in counts.values()):.3f} s"
    ]
    called = [(name, c) for name, c in counts.items() if c.served or c.handed_back]
    for name, c in sorted(called, key=lambda item: -item[1].served_time - item[1].handed_back_time):
        lines.append(
            f"  {name:42} {c.served:7} served {c.served_time:9.3f} s"
            + (f" {c.handed_back:7} back {c.handed_back_time:9.3f} s" if c.handed_back else "")
        )
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Run a program.

    Parameters
    ----------
    arguments : list of str
        What stands behind ``run``.

    Returns
    -------
    int
        2 if they make no sense, else 0; the program's own end (SystemExit, an exception) is passed on.
    """
    rest = list(arguments)
    names: tuple[str, ...] = ()
    if rest[:1] == ["--with"] and len(rest) > 1:
        names = tuple(rest[1].split(","))
        rest = rest[2:]
    module = rest[:1] == ["-m"]
    rest = rest[1:] if module else rest
    unknown = [name for name in names if name not in BACKENDS and name not in CALLERS]
    if rest[:1] in (["-h"], ["--help"]):
        print(USAGE, end="")
        return 0
    if not rest or unknown:
        print(USAGE, file=sys.stderr, end="")
        if unknown:
            print(f"not known: {', '.join(unknown)}", file=sys.stderr)
        return 2
    try:
        with installed(*names):
            sys.argv = rest
            if module:
                sys.path[0] = str(Path.cwd())
                runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
            else:
                sys.path[0] = str(Path(rest[0]).resolve().parent)
                runpy.run_path(rest[0], run_name="__main__")
    finally:
        sys.stdout.flush()
        print(summary(), file=sys.stderr)
    return 0
