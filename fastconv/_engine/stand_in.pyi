# SPDX-License-Identifier: BSD-3-Clause
from collections.abc import Callable
from typing import Any

class Count:
    served: int
    served_time: float
    handed_back: int
    handed_back_time: float

class StandIn:
    count: Count
    __qualname__: str
    def __init__(
        self,
        ours: Callable[..., Any],
        original: Callable[..., Any],
        count: Count,
        refusals: tuple[type[Exception], ...],
        pickled: Callable[[StandIn], Any],
        prices: tuple[float, float, float] | None = None,
        own: tuple[type, ...] | None = None,
        floats_differ: bool = False,
    ) -> None: ...
    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...

class MethodStandIn(StandIn): ...

class FilterStandIn(MethodStandIn):
    def __init__(
        self,
        ours: Callable[..., Any],
        original: Callable[..., Any],
        count: Count,
        refusals: tuple[type[Exception], ...],
        pickled: Callable[[StandIn], Any],
        few: int,
        passes: int,
        four_bytes: frozenset[str],
    ) -> None: ...

def work_of(core: Any, side: int, passes: int, four_bytes: frozenset[str]) -> int: ...
def calls() -> int: ...
def hand_back() -> None: ...
def serve_all(always: bool) -> None: ...
def forget_kinds() -> None: ...
