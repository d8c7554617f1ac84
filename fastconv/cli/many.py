# SPDX-License-Identifier: BSD-3-Clause
"""Many files at once, with one progress bar: on threads of this process, or on the workers of a
dask cluster.

Decoding, filtering and coding release the GIL, so threads are enough. They share the cores: as many
files at once as there are cores with a thread each, or fewer files with more threads each.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from .. import _threads
from ..io.pictures import Outcome, Task, do, there
from .targets import size_of

__all__ = ["Report", "on_cluster", "run_all"]

# Seconds to wait for a cluster to answer.
PATIENCE = 10


# Kinds of files that are left out and that have a plural.
_PLURALS = ("linked folders",)


@dataclass
class Report:
    """Counts of all files, and messages about them."""

    console: Console
    files: int = 0
    failed: int = 0
    skipped: int = 0
    pixels: int = 0
    left: Counter[str] = field(default_factory=Counter)
    begun: float = field(default_factory=time.perf_counter)

    def add(self, outcome: Outcome) -> None:
        """Count a file, and print its messages."""
        for note in outcome.notes:
            self.say(f"{outcome.name}: {note}")
        if outcome.failure:
            self.fail(outcome.name, outcome.failure)
            return
        self.files += 1
        self.skipped += outcome.skipped
        self.pixels += outcome.pixels

    def fail(self, name: str, reason: str) -> None:
        """Count a file that failed, and print the reason."""
        self.files += 1
        self.failed += 1
        self.say(f"failed: {name}: {reason}")

    def say(self, line: str) -> None:
        """Print a line above the bar."""
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def summary(self) -> str:
        """The counts in one line; a second line lists the files in folders that were left out."""
        skipped = f", {self.skipped} there already" if self.skipped else ""
        megapixels = self.pixels / 1e6
        speed = megapixels / max(time.perf_counter() - self.begun, 1e-9)
        line = f"{self.files} file{'s' * (self.files != 1)}, {self.failed} failed{skipped}"
        if self.pixels:
            line += f", {megapixels:.1f} megapixels filtered ({speed:.3g} Mpx/s)"
        kinds = ", ".join(
            f"{count} {kind.removesuffix('s') if count == 1 and kind in _PLURALS else kind}"
            for kind, count in sorted(self.left.items())
        )
        return f"{line}\nleft out: {kinds}" if kinds else line


class Interrupted(BaseException):
    """Raised between bands to end a task."""


def run_all(tasks: list[Task], at_once: int | None, report: Report) -> None:
    """Filter files on threads of this process."""
    cores = _threads.get_num_threads()
    at_once = max(1, min(at_once or cores, len(tasks)))
    tasks = [_with_threads(task, max(1, cores // at_once)) for task in tasks]
    stop = threading.Event()
    with _bar(tasks, report) as advance, ThreadPoolExecutor(at_once) as pool:

        def one(number: int) -> Outcome:
            if stop.is_set():
                raise Interrupted
            return do(tasks[number], partial(watched, number))

        def watched(number: int, done: int, total: int) -> None:
            advance(number, done / total)
            if stop.is_set():
                raise Interrupted

        futures = {pool.submit(one, number): number for number in range(len(tasks))}
        try:
            for future in as_completed(futures):
                report.add(future.result())
                advance(futures[future], 1)
        except BaseException:
            stop.set()
            raise


def on_cluster(tasks: list[Task], address: str, report: Report) -> None:
    """Filter files on the workers of a running dask cluster, with one thread each unless options
    say otherwise.
    """
    try:
        from distributed import Client
        from distributed import as_completed as as_they_come
    except ModuleNotFoundError:
        raise click.UsageError("--dask needs: pip install 'fastconv[dask]'") from None
    try:
        client = Client(address, timeout=PATIENCE)
    except (OSError, ValueError) as error:
        raise click.UsageError(f"--dask {address}: {error}") from None
    with client, _bar(tasks, report) as advance:
        futures = {}
        for number, task in enumerate(tasks):
            found = there(task)
            if found is None:
                # if a worker is killed after writing a file and before reporting it, the file is
                # written again
                sent = replace(_with_threads(_absolute(task), 1), force=True)
                futures[client.submit(do, sent, pure=False)] = number
            else:
                report.add(found)
                advance(number, 1)
        for future in as_they_come(futures):
            # a future that is kept is done again if its worker is killed
            number = futures.pop(future)
            if future.status == "finished":
                report.add(future.result())
            else:  # for example, its workers were killed several times
                report.fail(tasks[number].name, f"{future.exception()}")
            advance(number, 1)


def _with_threads(task: Task, threads: int) -> Task:
    options = task.filter.options
    given = options.get("threads") or threads
    return replace(task, filter=replace(task.filter, options={**options, "threads": given}))


def _absolute(task: Task) -> Task:
    return replace(task, source=task.source.absolute(), target=task.target.absolute())


@contextmanager
def _bar(tasks: list[Task], report: Report) -> Iterator[Callable[[int, float], None]]:
    """Show a progress bar if there are four files or 16 MB.

    Yields a function that takes the number of a task and the share of it that is done.
    """
    sizes = [size_of(task.source) for task in tasks]
    done = [0.0] * len(tasks)
    worth_it = len(sizes) >= 4 or sum(sizes) >= 2**24
    columns: list[Any] = [
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeRemainingColumn(),
    ]
    with Progress(
        *columns,
        console=report.console,
        transient=True,
        disable=not (worth_it and sys.stderr.isatty()),
    ) as progress:
        bar = progress.add_task("filtering", total=sum(sizes))

        def advance(number: int, share: float) -> None:
            progress.advance(bar, (share - done[number]) * sizes[number])
            done[number] = share

        yield advance
