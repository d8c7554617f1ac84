# SPDX-License-Identifier: BSD-3-Clause
"""Which calls pay here, and which the original does sooner: by predicted cost, before anything is done.

A call of a kind that was not seen before (another shape, type, kernel, option) takes time to find out how it
is best done. A small one is done by the original before that. So it goes to the original, and so do the
calls of its kind after it, until the original's predicted time for all of them is as long as finding out
would take: then it is found out, and from the next call on the kind is known. (Who rents skis until the rent
has come to their price, and then buys them, pays at the most twice what is best, whatever the winter.)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

#: Whether every call is done here that can be; see `fastconv.install`.
always = False

# Predicted ns, by library: of finding out, here; of a call of the original, and of each sample of it, by the
# quickest of its filters. Measured on Intel Xeon, v4, by benchmarks/sweep.py --drop-ins.
PRICES = {
    "cv2": (60_000.0, 5_000.0, 0.25),
    "scipy.ndimage": (100_000.0, 12_000.0, 3.0),
    "scipy.signal": (100_000.0, 8_000.0, 5.0),
}
_WITH_KERNEL = frozenset(
    (
        "filter2D",
        "sepFilter2D",
        "correlate",
        "convolve",
        "correlate1d",
        "convolve1d",
        "correlate2d",
        "convolve2d",
    )
)
# Kinds that are remembered; all are forgotten when there are more.
_KINDS = 4096
# Kernels of more bytes are told apart by their shape.
_KERNEL = 512


def rule(library: str, name: str) -> Callable[[tuple[Any, ...], dict[str, Any]], bool]:
    """Return a function that tells from a call's arguments whether it pays here, in a microsecond or so."""
    finding_out, base, each = PRICES[library]
    has_kernel = name in _WITH_KERNEL
    enough = (finding_out - base) / each
    spent: dict[Any, float] = {}

    def pays(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        if always or not args:
            return True
        image = args[0]
        if type(image) is not np.ndarray or image.size >= enough:
            return True
        key: Any
        if has_kernel:
            key = _with_kernels(image, (*args[1:], *kwargs, *kwargs.values()))
        else:
            key = image.shape, image.dtype.num, args[1:], *kwargs.items()
        try:
            so_far = spent.get(key, 0.0)
        except TypeError:  # an array to be filled, or a list
            key = repr(_with_kernels(image, (*args[1:], *kwargs, *kwargs.values())))
            so_far = spent.get(key, 0.0)
        if so_far >= finding_out:
            return True
        if len(spent) >= _KINDS:
            spent.clear()
        spent[key] = so_far + base + each * image.size
        return False

    return pays


def _with_kernels(image: Any, words: tuple[Any, ...]) -> tuple[Any, ...]:
    """Type and shape of an image, and words of which arrays are told by their bytes."""
    told = [image.shape, image.dtype.num]
    for word in words:
        if type(word) is np.ndarray:
            told.append(word.shape)
            if word.nbytes <= _KERNEL and word.shape != image.shape:  # else it is one to be filled
                told.append(word.tobytes())
        else:
            told.append(word)
    return tuple(told)
