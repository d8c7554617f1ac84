# SPDX-License-Identifier: BSD-3-Clause
"""Interleaved timing: all answer in turn, round after round, so that a noisy moment hits everybody.

In a round each entrant has a turn, of many calls where one is too short for the clock. The order
moves on by one every round, since whoever comes next finds the caches as the one before left them.
"""

from __future__ import annotations

import gc
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter_ns
from typing import Any

Call = Callable[[], Any]

# A turn lasts at least this long; the clock ticks in some 50 ns.
_TURN = 200e-6
# Who takes less is called once before its turn: the others have emptied the caches, and the first
# of twenty short calls would pay for that a twentieth of what a single longer one does.
_COLD = 5e-3
# Who is this many times slower than the fastest leaves after these rounds: its place is decided.
_HOPELESS, _HOPELESS_ROUNDS = 20.0, 3


@dataclass(frozen=True)
class Times:
    """Seconds a call."""

    median: float
    best: float
    rounds: int


def seconds_a_call(call: Call, calls: int) -> float:
    start = perf_counter_ns()
    for _ in range(calls):
        call()
    return (perf_counter_ns() - start) * 1e-9 / calls


def warmed(call: Call) -> float:
    """Warm a call up and return roughly how many seconds it takes."""
    seconds_a_call(call, 1)
    return seconds_a_call(call, 1)


def calls_a_turn(seconds: float) -> int:
    return max(1, round(_TURN / max(seconds, 1e-9)))


def race(
    entrants: dict[str, Call], *, least: float = 0.15, rounds: int = 15, most: float = 20.0
) -> dict[str, Times]:
    """Time all entrants in turn, for `least` seconds and `rounds` rounds but not over `most`."""
    rough = {name: warmed(call) for name, call in entrants.items()}
    calls = {name: calls_a_turn(seconds) for name, seconds in rough.items()}
    hopeless = {name for name, s in rough.items() if s > _HOPELESS * min(rough.values())}
    times: dict[str, list[float]] = {name: [] for name in entrants}
    collecting = gc.isenabled()
    gc.disable()
    try:
        start, done = perf_counter_ns(), 0
        while True:
            turn = [n for n in entrants if n not in hopeless or done < _HOPELESS_ROUNDS]
            for place in range(len(turn)):
                name = turn[(place + done) % len(turn)]
                if rough[name] < _COLD:
                    entrants[name]()
                times[name].append(seconds_a_call(entrants[name], calls[name]))
            done += 1
            elapsed = (perf_counter_ns() - start) * 1e-9
            if (done >= rounds and elapsed >= least) or (done >= 3 and elapsed >= most):
                break
    finally:
        if collecting:
            gc.enable()
    return {n: Times(statistics.median(t), min(t), len(t)) for n, t in times.items()}
