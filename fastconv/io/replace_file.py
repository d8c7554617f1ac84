# SPDX-License-Identifier: BSD-3-Clause
"""Replace a file only when the new one is complete, and keep the rights of the old one.

The new file is written under a temporary name in the same folder. It takes over mode, owner, times
and extended attributes of the file that it replaces, as far as this user may set them. If it
replaces none, it is readable at most for those who may read its source.
"""

from __future__ import annotations

import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["refuse_existing", "take_rights", "whole"]


def refuse_existing(target: Path, force: bool) -> None:
    """Raise FileExistsError if the target exists and must not be replaced."""
    if os.path.lexists(target) and not force:
        raise FileExistsError(f"{target} exists; --force overwrites it")


@contextmanager
def whole(target: Path, force: bool, source: Path | None = None) -> Iterator[Path]:
    """Yield a temporary name to write to. The file then replaces the target; after an error it is
    removed.
    """
    refuse_existing(target, force)
    target = Path(os.path.realpath(target))  # replace the target of a link, not the link
    temporary = target.with_name(f".fastconv-{secrets.token_hex(8)}.tmp")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield temporary
        take_rights(temporary, target, source)
        os.replace(temporary, target)
    except BaseException:  # also Ctrl-C
        temporary.unlink(missing_ok=True)
        raise


def take_rights(new: Path, target: Path, source: Path | None) -> None:
    """Give a complete file the rights of the target that it will replace; if there is none, its
    source's mode.
    """
    if target.exists():
        old = target.stat()
        with suppress(OSError):  # only root may keep another owner
            os.chown(new, old.st_uid, old.st_gid)
        with suppress(OSError):
            shutil.copystat(target, new)
    elif source is not None and source.exists():
        private = stat.S_IMODE(new.stat().st_mode) & stat.S_IMODE(source.stat().st_mode)
        directory = (
            0o300 if new.is_dir() else 0
        )  # of an array in a folder, more chunks may be written
        with suppress(OSError):
            os.chmod(new, private | 0o600 | directory)
