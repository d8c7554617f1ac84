# SPDX-License-Identifier: BSD-3-Clause
"""Interleaved timing: entrants take turns, round after round, so that a noisy moment hits all of
them.

In a round each entrant has a turn, of many calls if one is too short for the clock. The order
rotates by one every round, since each entrant finds the caches as the one before it left them.
"""

from __future__ import annotations

import gc
import math
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter_ns
from typing import Any

Call = Callable[[], Any]

# A turn lasts at least this long; the clock ticks in some 50 ns.
_TURN = 200e-6
# An entrant whose call takes less is called once before its turn, since the others have emptied the
# caches: the first of twenty short calls would pay a twentieth of what a single longer call pays.
_COLD = 5e-3
# So is an entrant whose call takes less than this share of the call before it. While that one
# works, for a second or more, freed memory returns to the machine's host, and the next large result
# has to fetch it again, which can take ten times as long as the filter.
_SHORTER = 0.1
# An entrant that is this many times slower than the fastest leaves after these rounds, since its
# place is decided. One whose call takes seconds leaves sooner.
_HOPELESS, _HOPELESS_ROUNDS = 20.0, 3
_LONG, _LONG_HOPELESS, _LONG_ROUNDS = 1.0, 4.0, 1


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
    first = seconds_a_call(call, 1)
    return first if first > _LONG else seconds_a_call(call, 1)


def calls_a_turn(seconds: float) -> int:
    return max(1, round(_TURN / max(seconds, 1e-9)))


def _most_rounds(seconds: float, fastest: float) -> float:
    """Number of rounds that an entrant stays in the race."""
    slower = seconds / fastest
    if seconds > _LONG and slower > _LONG_HOPELESS:
        return _LONG_ROUNDS
    return _HOPELESS_ROUNDS if slower > _HOPELESS else math.inf


def race(
    entrants: dict[str, Call], *, least: float = 0.15, rounds: int = 15, most: float = 20.0
) -> dict[str, Times]:
    """Time all entrants in turn, for `least` seconds and `rounds` rounds but not over `most`."""
    rough = {name: warmed(call) for name, call in entrants.items()}
    calls = {name: calls_a_turn(seconds) for name, seconds in rough.items()}
    stays = {name: _most_rounds(s, min(rough.values())) for name, s in rough.items()}
    times: dict[str, list[float]] = {name: [] for name in entrants}
    collecting = gc.isenabled()
    gc.disable()
    try:
        start, done = perf_counter_ns(), 0
        while True:
            turn = [name for name in entrants if done < stays[name]]
            for place in range(len(turn)):
                name = turn[(place + done) % len(turn)]
                before = turn[(place + done - 1) % len(turn)]
                if rough[name] < max(_COLD, _SHORTER * rough[before]):
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
