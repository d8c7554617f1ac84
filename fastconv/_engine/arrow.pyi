# SPDX-License-Identifier: BSD-3-Clause
from typing import Any

import numpy as np
from numpy.typing import NDArray

def array_of(capsule: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]: ...

class Pixels:
    def __init__(self, capsule: Any, height: int, width: int, size: int) -> None: ...
    def __buffer__(self, flags: int, /) -> memoryview: ...
