# SPDX-License-Identifier: BSD-3-Clause
"""The calls of a sweep: a random call of fastconv and of others, and the check of its answers."""

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
        The axes by which the tables group calls, and the call's place on each.
    words : str
        The call as text, to identify it.
    samples : int
        Number of samples of the result.
    ours : callable
    theirs : dict of callable
        The other libraries that can do the call.
    wrong : callable
        Takes our answer, an answer to check, and the name of its library. Returns what is wrong
        with it; "" if nothing is.
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
    """Noise of the whole range of integers; floats from 0 to 255. Integers of 64 bits, NumPy's default,
    hold small numbers as a rule: theirs is of a magnitude from 2**8 to 2**40, each as likely.
    """
    count, pool = math.prod(shape), _pool(dtype)
    bits = int(rng.integers(33)) if dtype in ("int64", "uint64") else 0
    if count > _POOL:
        made = np.resize(pool, shape)
    else:
        start = int(rng.integers(_POOL - count + 1))
        made = pool[start : start + count].reshape(shape).copy()
    return made >> bits if bits else made


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
