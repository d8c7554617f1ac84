# SPDX-License-Identifier: BSD-3-Clause
from collections.abc import Callable
from typing import Any

def begin(first: Callable[..., Any]) -> None: ...
def call(
    image: Any,
    kernel: Any,
    flipped: bool,
    border: Any,
    cval: Any,
    origin: Any,
    shape: Any,
    channel_axis: Any,
    dtype: Any,
    out: Any,
    method: Any,
    threads: Any,
) -> Any: ...
def remember(
    image: Any,
    kernel: Any,
    options: tuple[Any, ...],
    out_given: bool,
    result: Any,
    call: Any,
    work: float,
) -> None: ...
def again(
    function: Callable[..., tuple[Any, Any, float]],
    image: Any,
    kernel: Any,
    output: Any,
    options: tuple[Any, ...],
) -> Any: ...
def forget() -> None: ...
