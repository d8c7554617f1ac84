# SPDX-License-Identifier: BSD-3-Clause
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from fastconv._engine.planner import Kernel, Strategy

F = TypeVar("F", bound=Callable[..., Any])

class Bound: ...

class Options:
    flipped: bool
    border: str | tuple[str, ...]
    cval: complex
    origin: tuple[int, ...]
    shape: str
    channel_axis: Any
    dtype: np.dtype[Any] | None
    method: str
    threads: int | None
    scale: float
    offset: float
    absolute: bool
    missing: Any
    axes: tuple[int, ...] | None
    stride: tuple[int, ...] | None
    dilation: tuple[int, ...] | None
    def __init__(
        self,
        flipped: bool,
        border: str | tuple[str, ...],
        cval: complex,
        origin: tuple[int, ...],
        shape: str,
        channel_axis: Any,
        dtype: np.dtype[Any] | None,
        method: str,
        threads: int | None,
        scale: float,
        offset: float,
        absolute: bool,
        missing: Any,
        *,
        mode: int,
        borders: tuple[int, ...],
        axes: tuple[int, ...] | None = None,
        stride: tuple[int, ...] | None = None,
        dilation: tuple[int, ...] | None = None,
    ) -> None: ...
    def named(self) -> dict[str, Any]: ...

class PlanBase:
    options: Options
    parts: tuple[Kernel, ...]
    lying: Any
    pixel: np.dtype[Any] | None
    @property
    def window(self) -> tuple[int, ...]: ...
    flipped: bool
    border: str | tuple[str, ...]
    cval: complex
    origin: tuple[int, ...]
    shape: str
    channel_axis: Any
    dtype: np.dtype[Any] | None
    requested_method: str
    threads: int | None
    scale: float
    offset: float
    absolute: bool
    missing: Any
    kept: dict[Any, Any] | None
    def __init__(
        self,
        options: Options,
        parts: tuple[Kernel, ...],
        lying: Any = None,
        pixel: np.dtype[Any] | None = None,
    ) -> None: ...
    program_bytes: int
    def may_fold(self, height: int, width: int) -> bool: ...
    def holds(self, program_bytes: int) -> None: ...
    def repeats_as(
        self, image: Any, read: Any, result: Any, bound: Any, by_itself: bool
    ) -> None: ...
    def serve_plane(
        self, plane: PlanBase, image: Any, read: Any, result: Any, written: Any, by_itself: bool
    ) -> bool: ...
    def serves_whole(self, plan: PlanBase, target: int, omits_nan: bool, search: int) -> None: ...
    def repeats_missing(
        self,
        image: Any,
        mask: Any,
        result: Any,
        blocks: Any,
        read: Any,
        read_of_mask: Any,
        work: float,
    ) -> None: ...
    def __call__(
        self, image: Any, *, out: Any = None, dims: Any = None, mask: Any = None
    ) -> NDArray[Any]: ...

def begin(codes: dict[int, int], plan_type: type[PlanBase]) -> None: ...
def program_of(strategy: Strategy, kernel: Kernel, target: int, channels: int) -> Any: ...
def magnitude(a: NDArray[Any]) -> int: ...
def execute(
    program: Any,
    src: Any,
    dst: Any,
    source: int,
    target: int,
    rows: tuple[int, ...],
    cols: tuple[int, ...],
    borders: tuple[int, ...],
    constant: tuple[float, float],
    cost: float,
    threads: int | None,
) -> Bound | None: ...
def execute_volume(
    program: Any,
    src: Any,
    dst: Any,
    source: int,
    target: int,
    axes: tuple[tuple[int, ...], ...],
    borders: tuple[int, ...],
    constant: tuple[float, float],
    cost: float,
    threads: int | None,
) -> Any: ...
def remembered(kernel: Any, options: tuple[Any, ...]) -> Any: ...
def remember(kernel: Any, options: tuple[Any, ...], plan: Any) -> None: ...
def offer(image: Any, made: tuple[NDArray[Any], Any, float]) -> NDArray[Any]: ...
def planned(flipped: bool) -> Callable[[F], F]: ...
def repeatable(image: str, output: str = "") -> Callable[[F], F]: ...
def clear_cache() -> None: ...
def set_cache_limit(limit: int) -> None: ...
def cache_size() -> int: ...
def new_level(name: str, engine: Any) -> None: ...
