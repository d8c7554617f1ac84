# SPDX-License-Identifier: BSD-3-Clause
"""Complex images and kernels as passes over real ones, without copies of the image.

A complex image with a real kernel is a real image with twice the channels (re, im, re, im ...). A
complex kernel is two real kernels, whose results are the real and the imaginary part.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._pixels import Floats

# run(part of the kernel, src, dst, constant) makes one real pass. Part 0 is the real one, part 1
# the imaginary.
Run = Callable[[int, NDArray[Any], NDArray[Any], Floats], None]


def complex_passes(
    run: Run, src: NDArray[Any], dst: NDArray[Any], parts: int, fill: Floats
) -> None:
    """Make the real passes that a call needs: one if nothing is complex.

    Parameters
    ----------
    run : callable
    src, dst : ndarray, shape (..., H, W, C)
    parts : {1, 2}
        2 if the kernel is complex.
    fill : ndarray, shape (1,) or (2,)
        The constant; its real and imaginary part if `src` is complex.
    """
    if src.dtype.kind != "c":
        run(0, src, dst.real if dst.dtype.kind == "c" else dst, fill)
        if parts == 2:
            run(1, src, dst.imag, fill)
        elif dst.dtype.kind == "c":
            dst.imag = 0
        return
    run(0, *_pairs(src, dst), fill)
    if (
        parts == 2
    ):  # (a + ib)(c + id): what i*d makes of a goes to the imaginary part, of b to the real
        turned = np.empty(dst.shape, dst.dtype)
        run(1, *_pairs(src, turned), fill)
        dst.real -= turned.imag
        dst.imag += turned.real


def _pairs(src: NDArray[Any], dst: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Both as real arrays whose channels are pairs. If channels are not contiguous, they become
    planes.
    """
    a, b = _split(src), _split(dst)
    if all(x.shape[-2] == 1 or x.strides[-2] == 2 * x.strides[-1] for x in (a, b)):
        return _joined(a), _joined(b)
    return np.moveaxis(a, -2, 0), np.moveaxis(b, -2, 0)


def _split(a: NDArray[Any]) -> NDArray[Any]:
    """View (..., C) complex numbers as (..., C, 2) real ones, of the same memory and byte order."""
    real = np.dtype(f"f{a.dtype.itemsize // 2}").newbyteorder(a.dtype.byteorder)
    return a[..., np.newaxis].view(real)


def _joined(a: NDArray[Any]) -> NDArray[Any]:
    """View (..., C, 2) as (..., 2C), of the same memory."""
    return np.lib.stride_tricks.as_strided(
        a, (*a.shape[:-2], 2 * a.shape[-2]), (*a.strides[:-2], a.strides[-1])
    )
