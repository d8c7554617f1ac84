# SPDX-License-Identifier: BSD-3-Clause
from typing import Any

from fastconv._pixels import Accumulator, Floats

METHODS: tuple[str, ...]
TILES: tuple[int, ...]
POINTS: tuple[int, ...]
ACCUMULATOR_NAMES: tuple[Accumulator, ...]
EXACT: dict[Accumulator, float]

class Kernel:
    memory: bytes
    @property
    def shape(self) -> tuple[int, int]: ...
    @property
    def finite(self) -> bool: ...
    def lines(self) -> tuple[bytes, bytes] | None: ...
    def __init__(self, weights: Floats | memoryview[float]) -> None: ...
    def __len__(self) -> int: ...

def product_of(column: Floats | memoryview[float], row: Floats | memoryview[float]) -> Kernel: ...

class Built:
    program: Any

class Strategy:
    built: Built
    @property
    def method(self) -> str: ...
    @property
    def sums(self) -> str: ...
    @property
    def accumulator(self) -> Accumulator: ...
    @property
    def why(self) -> str: ...
    @property
    def cost(self) -> float: ...
    @property
    def work(self) -> dict[str, float]: ...
    @property
    def error(self) -> float: ...
    @property
    def tie_tolerance(self) -> float: ...
    @property
    def reorder_error(self) -> float: ...
    @property
    def across(self) -> tuple[float, ...]: ...
    @property
    def down(self) -> tuple[float, ...]: ...
    @property
    def symmetric(self) -> tuple[bool, bool]: ...
    @property
    def scale(self) -> float: ...
    @property
    def divisor(self) -> int: ...
    @property
    def digits(self) -> int: ...
    @property
    def fraction_bits(self) -> int: ...
    @property
    def offset(self) -> float: ...
    @property
    def absolute(self) -> bool: ...
    @property
    def tile(self) -> int: ...
    @property
    def turned(self) -> bool: ...
    @property
    def cast_mode(self) -> str: ...
    @property
    def row_step(self) -> int: ...

def sample_range(type: int, bits: int, constant: float) -> tuple[float, float, bool]: ...
def binary_unit(weights: Floats) -> float: ...
def folded_from(definition: Kernel, weights: Floats, down: int, right: int) -> Kernel: ...
def rational(weights: Floats) -> tuple[list[float], int] | None: ...
def describe_level(name: str, engine: Any) -> None: ...
def decide(
    kernel: Kernel,
    source: int,
    target: int,
    low: float,
    high: float,
    integral: bool,
    height: int,
    width: int,
    channels: int,
    method: str,
    level: str,
    offset: float = 0,
    absolute: bool = False,
    order: str = "any",
    cast_mode: str = "rounded",
    slices: int = 0,
    steps: tuple[int, int] = (1, 1),
    dilated: bool = False,
) -> Strategy: ...
def lines_of(down: Floats | memoryview[float], across: Floats | memoryview[float]) -> Kernel: ...
def decide_lines(
    lines: Kernel,
    down_kind: str,
    across_kind: str,
    line_order: str,
    source: int,
    target: int,
    constant: float,
    level: str,
) -> Strategy: ...
def rejected(
    kernel: Kernel,
    source: int,
    target: int,
    low: float,
    high: float,
    integral: bool,
    height: int,
    width: int,
    channels: int,
    method: str,
    level: str,
    offset: float = 0,
    absolute: bool = False,
    slices: int = 0,
    steps: tuple[int, int] = (1, 1),
    dilated: bool = False,
) -> tuple[tuple[str, str], ...]: ...
def proposed(
    kernel: Kernel,
    source: int,
    target: int,
    low: float,
    high: float,
    integral: bool,
    height: int,
    width: int,
    channels: int,
    method: str,
    level: str,
    accumulator: Accumulator,
    *,
    offset: float = 0,
    absolute: bool = False,
    tile: int = 0,
    points: tuple[int, int] | None = None,
    error: float = 0,
    cast_mode: str = "rounded",
) -> Strategy | str: ...
