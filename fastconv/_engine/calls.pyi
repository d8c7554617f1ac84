# SPDX-License-Identifier: BSD-3-Clause
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastconv._engine.planner import Kernel

class Bound: ...

class PlanBase:
    parts: tuple[Kernel, ...]
    def _begin(
        self,
        size: tuple[int, int],
        centre: tuple[int, int],
        mode: int,
        border: int,
        channel_axis: Any,
        target: np.dtype[Any] | None,
        cval: complex,
        threads: int | None,
        plain: bool,
    ) -> None: ...
    def __call__(
        self, image: Any, *, out: Any = None, dims: Any = None, mask: Any = None
    ) -> NDArray[Any]: ...

def begin(codes: dict[int, int]) -> None: ...
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
def known(image: Any, kernel: Any, out: Any, options: tuple[Any, ...]) -> NDArray[Any] | None: ...
def plan_of(kernel: Any, options: tuple[Any, ...]) -> Any: ...
def remember(kernel: Any, options: tuple[Any, ...], plan: Any) -> None: ...
def again(
    function: Callable[..., tuple[Any, Any, float]],
    image: Any,
    kernel: Any,
    output: Any,
    options: tuple[Any, ...],
) -> Any: ...
def add_number(a: NDArray[Any], number: float) -> bool: ...
def clear_cache() -> None: ...
def set_cache_limit(limit: int) -> None: ...
def cache_size() -> int: ...
def new_level() -> None: ...
