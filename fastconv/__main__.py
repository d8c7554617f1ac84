# SPDX-License-Identifier: BSD-3-Clause
"""Entry of the command line: it runs `fastconv.cli`, or tells which packages are missing."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line with the arguments of this process, and end the process."""
    if sys.argv[1:2] == ["run"]:  # running another program needs no package of the command line
        from .compat.program import main as run

        sys.exit(run(sys.argv[2:]))
    try:
        from .cli import cli
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("click", "rich"):
            raise
        print("the command line needs: pip install 'fastconv[cli]'", file=sys.stderr)
        sys.exit(1)
    cli(prog_name="fastconv")


if __name__ == "__main__":
    main()
