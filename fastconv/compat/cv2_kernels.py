# SPDX-License-Identifier: BSD-3-Clause
"""The kernels behind OpenCV's names: Gaussians, derivatives, boxes. All arguments are checked before.

Kernels are float64, read-only, kept, and made as a correlation wants them.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._arguments import quiet
from .._products import LARGEST_ARRAY, Weights, product_of_lines

Floats = NDArray[np.float64]

# Where no sigma is given, OpenCV takes these (halves, binomials, or near them); longer ones are sampled.
_FIXED = {
    1: [1],
    3: [1 / 4, 1 / 2, 1 / 4],
    5: [1 / 16, 1 / 4, 3 / 8, 1 / 4, 1 / 16],
    7: [1 / 32, 7 / 64, 7 / 32, 9 / 32, 7 / 32, 7 / 64, 1 / 32],
    9: [4 / 256, 13 / 256, 30 / 256, 51 / 256, 60 / 256, 51 / 256, 30 / 256, 13 / 256, 4 / 256],
}


def frozen(kernel: NDArray[Any]) -> Floats:
    """As float64, read-only."""
    kernel = np.ascontiguousarray(kernel, np.float64)
    kernel.flags.writeable = False
    return kernel


def box(width: int, height: int, normalize: bool) -> Weights:
    """Equal weights."""
    if width * height > LARGEST_ARRAY:
        column, row = (np.full(n, 1 / n if normalize else 1.0) for n in (height, width))
        return product_of_lines(column, row)
    return frozen(np.full((height, width), 1 / (width * height) if normalize else 1.0))


@lru_cache(maxsize=256)
@quiet
def gaussian_line(size: int, sigma: float) -> Floats:
    """A Gaussian of sum 1, sampled; without a positive sigma, OpenCV's for this size."""
    if sigma <= 0 and size in _FIXED:
        return frozen(np.array(_FIXED[size]))
    if sigma <= 0:
        sigma = ((size - 1) * 0.5 - 1) * 0.3 + 0.8
    x = _distances(size)
    weights = np.exp(-0.5 / sigma**2 * x * x)
    weights /= np.add.reduce(weights)
    weights.flags.writeable = False
    return weights


@lru_cache(maxsize=64)
def _distances(size: int) -> Floats:
    """From the middle of so many weights."""
    x = np.arange(size) - (size - 1) * 0.5
    # OpenCV gives both middle weights of an even size the height of the top, and code may count on it
    x[np.abs(x) < 1] = 0
    return frozen(x)


def fixed_point(weights: Floats, places: int) -> Floats:
    """A symmetric line of odd length in `places` binary places, its sum kept.

    What rounding takes from a weight is given to the next one inwards, the rest to the middle.
    """
    one, carry, side = 2.0**places, 0.0, []
    for weight in weights[: len(weights) // 2].tolist():
        wanted = weight * one + carry
        whole = round(wanted)
        carry = wanted - whole
        side.append(whole / one)
    return np.array([*side, 1.0 - 2 * sum(side), *side[::-1]])


def gaussian(width: int, height: int, sigma_x: float, sigma_y: float, places: int) -> Weights:
    """A Gaussian; in fixed point if there are `places`."""
    column, row = (
        gaussian_line(size, sigma) if places == 0 else _rounded_line(size, sigma, places)
        for size, sigma in ((height, sigma_y), (width, sigma_x))
    )
    return product_of_lines(column, row)


@lru_cache(maxsize=256)
def _rounded_line(size: int, sigma: float, places: int) -> Floats:
    return fixed_point(gaussian_line(size, sigma), places)


@lru_cache(maxsize=256)
def derivative_line(order: int, size: int) -> Floats:
    """Of Sobel's kernels: (1, 1) as often as there is room beside (-1, 1) `order` times."""
    if size == 1:
        if order == 0:
            return frozen(np.ones(1))
        size = 3
    weights = np.ones(1)
    for step in [1.0] * (size - order - 1) + [-1.0] * order:
        # (step, 1) times what there is
        weights = np.append(0, weights) + step * np.append(weights, 0)
    return frozen(weights)


@lru_cache(maxsize=2)
def scharr_line(order: int) -> Floats:
    """Of Scharr's kernels."""
    return frozen(np.array([[3.0, 10, 3], [-1, 0, 1]][order]))


def derivative(dx: int, dy: int, size: int, scale: float) -> Floats:
    """Sobel's kernel, or for size 0 Scharr's."""
    down, across = (scharr_line(d) if size == 0 else derivative_line(d, size) for d in (dy, dx))
    return frozen(down[:, np.newaxis] * across * scale)


def laplacian(size: int, scale: float) -> Floats:
    """The five-point Laplacian for size 1, else the sum of Sobel's second derivatives."""
    if size == 1:
        kernel = np.array([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]])
    else:
        kernel = np.outer(derivative_line(2, size), derivative_line(0, size))
        kernel = kernel + kernel.T
    return frozen(kernel * scale)


@lru_cache(maxsize=256)
@quiet
def outer(across: bytes, across_type: np.dtype[Any], down: bytes, down_type: np.dtype[Any]) -> Any:
    """The kernel of two lines, given by their bytes."""
    kernel = np.outer(
        np.frombuffer(down, down_type).astype(np.result_type(down_type, np.float64)),
        np.frombuffer(across, across_type).astype(np.result_type(across_type, np.float64)),
    )
    kernel.flags.writeable = False
    return kernel
