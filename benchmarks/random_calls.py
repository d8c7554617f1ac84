# SPDX-License-Identifier: BSD-3-Clause
"""What a sweep asks: a call at random, of ours and of others, and how its answer is judged."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from grid import Array

Call = Callable[[], Any]
Random = np.random.Generator

_POOL = 1 << 22


@dataclass(frozen=True)
class Question:
    """One call.

    Attributes
    ----------
    axes : dict
        What the tables group by: axis, and where on it the call lies.
    words : str
        The call, to find it again.
    samples : int
        How many the result has.
    ours : callable
    theirs : dict of callable
        The others that can be asked.
    wrong : callable
        From two answers, ours or one of theirs and the name of who gave it, what is wrong with it; "" for
        nothing.
    """

    axes: dict[str, str]
    words: str
    samples: int
    ours: Call
    theirs: dict[str, Call]
    wrong: Callable[[str, Any], str]


def between(rng: Random, low: float, high: float) -> float:
    """A number whose logarithm is uniform."""
    return math.exp(rng.uniform(math.log(low), math.log(high)))


def whole_between(rng: Random, low: int, high: int) -> int:
    return min(high, int(between(rng, low, high + 1)))


def one_of(rng: Random, values: Sequence[Any]) -> Any:
    return values[int(rng.integers(len(values)))]


def noise(rng: Random, shape: tuple[int, ...], dtype: str) -> Array:
    """Noise of the whole range of integers (of 64 bits: that float64 can sum); floats from 0 to 255."""
    count, pool = math.prod(shape), _pool(dtype)
    if count > _POOL:
        return np.resize(pool, shape)
    start = int(rng.integers(_POOL - count + 1))
    return pool[start : start + count].reshape(shape).copy()


@lru_cache(maxsize=16)
def _pool(dtype: str) -> Array:
    rng = np.random.default_rng(7)
    if dtype == "bool":
        return rng.random(_POOL) < 0.5
    kind = np.dtype(dtype)
    if kind.kind == "f":
        return (rng.random(_POOL, np.float32) * np.float32(255)).astype(kind)
    bounds = np.iinfo(kind)
    low, high = (
        (bounds.min, bounds.max) if bounds.bits < 64 else (-(2**40) * (kind.kind == "i"), 2**40)
    )
    return rng.integers(low, high, _POOL, kind, endpoint=True)


def size_class(samples: int, edges: Sequence[int] = (256, 4096, 65536, 1 << 20)) -> str:
    """Between which two edges, in words."""
    for low, high in zip((1, *edges), (*edges, None), strict=True):
        if high is None:
            return f"{low:,} and more"
        if samples < high:
            return f"{low:,} .. {high - 1:,}"
    raise AssertionError
