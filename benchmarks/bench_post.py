# SPDX-License-Identifier: BSD-3-Clause
"""fastconv beside the post it started from: five kernels on a photograph of growing size.

The post filtered with one `np.convolve` over the flattened picture, which is fast but solves
another problem: nothing is filtered downwards. So it is timed but not checked. fastconv must equal
the NumPy reference in every sample. All entrants make uint8, from a uint8 picture or, as in the
post, from a float32 picture (Pillow's mode "F").
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from grid import PIXELS, Array, Size, parse_size, size_name
from photo import photograph

import fastconv

SIZES: tuple[Size, ...] = tuple((side, side) for side in (128, 256, 512, 1024, 2048))
KERNELS = ("identity", "box_blur", "gaussian_blur", "sharpening", "edge_detection")

#: An entrant: makes a call from a picture and a kernel.
ANSWERS: dict[str, Callable[[Array, Array], Callable[[], Any]]] = {
    "fastconv": lambda image, kernel: partial(fastconv.convolve, image, kernel, dtype=np.uint8),
    "reference": lambda image, kernel: partial(
        fastconv.reference.convolve, image, kernel, dtype=np.uint8
    ),
    "flattened": lambda image, kernel: partial(fastconv.reference.flattened, image, kernel),
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    sizes = metafunc.config.getoption("--sizes") or SIZES
    metafunc.parametrize("size", [size_name(size) for size in sizes])


@pytest.mark.parametrize("pixel", ["uint8", "float32"])
@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("who", ANSWERS)
def bench_post(who: str, name: str, pixel: str, size: str, time_it: Callable[..., None]) -> None:
    image = photograph(PIXELS[pixel], parse_size(size))
    kernel: Array = getattr(fastconv, name)
    call = ANSWERS[who](image, kernel)
    if who == "fastconv":
        right = fastconv.reference.convolve(image[:256], kernel, dtype=np.uint8)
        # the last row of the part sees the border, which that row of the picture does not
        np.testing.assert_array_equal(call()[:255], right[:255])
    label = {"who": who, "kernel": name, "pixel": pixel, "size": size, "pixels": image.size}
    time_it(call, group=f"{name} {size} {pixel}", label=label)
