# SPDX-License-Identifier: BSD-3-Clause
"""Pictures and kernels that are hard on floats, and sums in long double to judge results by.

A result must be within (taps + 1) * eps * sum|w||x| of the sum over its own window, however large the
pixels beside that window are. `worst` looks for the pixel that is farthest off, in units of that bound.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import fastconv

from .judge import Array

Random = np.random.Generator


@dataclass(frozen=True)
class Case:
    """A call, and the words that name it."""

    image: Array
    kernel: Array
    dtype: str
    border: str
    what: str


def _spots(rng: Random, shape: tuple[int, int], value: float, count: int) -> Array:
    image = np.zeros(shape)
    for _ in range(count):
        y, x = rng.integers(shape[0]), rng.integers(shape[1])
        h, w = rng.integers(1, 9, 2)
        image[y : y + h, x : x + w] = value
    return image


def _photo(rng: Random, shape: tuple[int, int]) -> Array:
    y, x = np.mgrid[: shape[0], : shape[1]]
    waves = sum(
        np.cos(rng.normal() / 10 * y + rng.normal() / 10 * x + rng.random() * 6) for _ in range(4)
    )
    image: Array = np.clip(np.rint(60 + 40 * waves + rng.normal(size=shape) * 4), 0, 255)
    return image


def _half(rng: Random, shape: tuple[int, int], dark: float) -> Array:
    image = _photo(rng, shape)
    image[:, : shape[1] // 2] *= dark
    return image


def _nodata(rng: Random, shape: tuple[int, int], value: float) -> Array:
    image = _photo(rng, shape)
    y, x = np.mgrid[: shape[0], : shape[1]]
    image[(y - shape[0] / 3) ** 2 + (x - shape[1] / 2) ** 2 < shape[0] * shape[1] / 12] = value
    return image


def _night(rng: Random, shape: tuple[int, int]) -> Array:
    image: Array = np.maximum(rng.poisson(1.5, shape), _spots(rng, shape, 255, 6))
    return image


def _slope(rng: Random, shape: tuple[int, int]) -> Array:
    y, x = np.mgrid[: shape[0], : shape[1]]
    image: Array = np.exp(-(x * rng.random() + y * rng.random()) * rng.choice([0.02, 0.1, 0.3]))
    return image


def _chirp(rng: Random, shape: tuple[int, int]) -> Array:
    y, x = np.mgrid[: shape[0], : shape[1]]
    image: Array = np.cos((y * y * rng.random() + x * x * rng.random()) / shape[0])
    return image


def _step(rng: Random, shape: tuple[int, int]) -> Array:
    image = np.full(shape, 10.0 ** rng.uniform(-8, 0))
    image[rng.integers(shape[0]) :] = 1
    return image


def _not_finite(rng: Random, shape: tuple[int, int]) -> Array:
    image = _photo(rng, shape)
    for value in (np.inf, -np.inf, np.nan):
        image[rng.integers(shape[0]), rng.integers(shape[1])] = value
    return image


SCENES: dict[str, Callable[[Random, tuple[int, int]], Array]] = {
    "constant": lambda rng, shape: np.full(shape, rng.uniform(0.1, 300)),
    "noise": lambda rng, shape: rng.normal(size=shape) * 100,
    "photo": _photo,
    "night": _night,
    "spike": lambda rng, shape: _spots(rng, shape, 10.0 ** rng.uniform(2, 30), 1) + 15,
    "spikes on black": lambda rng, shape: _spots(rng, shape, 65535, 3),
    "black half": lambda rng, shape: _half(rng, shape, 0),
    "dark half": lambda rng, shape: _half(rng, shape, 10.0 ** rng.uniform(-12, -1)),
    "nodata lowest": lambda rng, shape: _nodata(rng, shape, -3.4e38),
    "nodata -9999": lambda rng, shape: _nodata(rng, shape, -9999),
    "step": _step,
    "slope": _slope,
    "chirp": _chirp,
    "every size": lambda rng, shape: np.exp(rng.normal(size=shape) * rng.choice([1, 4, 8])),
    "tiny": lambda rng, shape: _photo(rng, shape) * 2.0**-135,
    "huge": lambda rng, shape: _photo(rng, shape) * 2.0**95,
    "not finite": _not_finite,
    "black": lambda rng, shape: np.zeros(shape),
}  # fmt: skip


def _disc(rng: Random, h: int, w: int) -> Array:
    y, x = np.mgrid[:h, :w]
    inside = ((y - h // 2) / (h / 2)) ** 2 + ((x - w // 2) / (w / 2)) ** 2 <= 1
    kernel: Array = inside * rng.uniform(0.5, 1, (h, w))
    return kernel


def _bell(rng: Random, h: int, w: int) -> Array:
    y, x = np.mgrid[:h, :w]
    a = (y - h // 2) / h
    b = (x - w // 2) / w
    kernel: Array = np.exp(-8 * (a * a + b * b + a * b))
    return kernel


def _peak(rng: Random, h: int, w: int) -> Array:
    kernel = rng.random((h, w)) * 1e-4
    kernel[rng.integers(h), rng.integers(w)] = 1
    return kernel


WEIGHTS: dict[str, Callable[[Random, int, int], Array]] = {
    "uniform": lambda rng, h, w: rng.random((h, w)) / (h * w),
    "of both signs": lambda rng, h, w: rng.normal(size=(h, w)),
    "disc": _disc,
    "bell": _bell,
    "zero sum": lambda rng, h, w: _bell(rng, h, w) - _bell(rng, h, w).mean(),
    "peak": _peak,
    "sparse": lambda rng, h, w: rng.normal(size=(h, w)) * (rng.random((h, w)) < 0.3),
    "every size": lambda rng, h, w: np.exp(rng.normal(size=(h, w)) * 4),
}


def draw(rng: Random, largest: int = 101) -> Case:
    """Return a random case: a scene, a kernel from 3 pixels a side on, types."""
    side = (
        rng.integers(3, largest + 1, 2)
        if rng.random() < 0.5
        else rng.integers(3, min(largest, 34), 2)
    )
    height, width = (int(n) for n in rng.integers(side // 2 + 20, side + 220))
    shape = height, width
    scene, weights = rng.choice(list(SCENES)), rng.choice(list(WEIGHTS))
    source = str(
        rng.choice(
            ["float32", "float64", "float16", "uint16", "complex64", "complex128"],
            p=[0.35, 0.3, 0.1, 0.1, 0.1, 0.05],
        )
    )
    border = str(rng.choice(["reflect", "mirror", "nearest", "wrap", "constant"]))
    with np.errstate(all="ignore"):
        image = SCENES[scene](rng, shape)
        if source.startswith("complex"):
            image = image + 1j * SCENES[str(rng.choice(list(SCENES)))](rng, shape)
        if source == "uint16":
            image = np.nan_to_num(np.clip(image, 0, 65535))
        image = image.astype(source)
    kernel = WEIGHTS[weights](rng, int(side[0]), int(side[1]))
    dtype = "float32" if source == "uint16" else source
    return Case(
        image,
        kernel,
        dtype,
        border,
        f"{source} {shape} {scene}; {weights} {side[0]}x{side[1]} {border}",
    )


def _pad(image: Array, shape: tuple[int, ...], border: str) -> Array:
    before = [(n // 2, n - 1 - n // 2) for n in shape]
    names = {"reflect": "symmetric", "mirror": "reflect", "nearest": "edge"}
    padded: Array = np.pad(image, before, mode=names.get(border, border))  # type: ignore[call-overload]
    return padded


def excess(got: Array, case: Case, count: int = 12) -> float:
    """Return how far off the worst of some pixels is, in units of the bound; NaN and infinity, and what
    float32 or float16 cannot hold, are left to other tests.

    Sums in long double of the pixels that float64 sums without an FFT find worst, and of some more.
    """
    if got.dtype.kind == "c":
        parts = [(case.image.real, got.real), (case.image.imag, got.imag)]
        dtype = got.real.dtype.name
        return max(
            excess(
                np.ascontiguousarray(g),
                Case(np.ascontiguousarray(a), case.kernel, dtype, case.border, ""),
            )
            for a, g in parts
        )
    narrow = got.dtype != np.float64
    eps = float(np.finfo(np.float32 if narrow else np.float64).eps)
    taps = int(np.count_nonzero(case.kernel))
    result = np.finfo(got.dtype)
    own = float(result.eps) / 2 if result.bits == 16 else 0.0
    # sums too small for a float's full precision; a level without fused steps rounds each product, too
    least = 2 * float(result.smallest_subnormal) * max(1.0, float(np.abs(case.kernel).sum()))
    wide = case.image.astype(np.float64)
    with np.errstate(all="ignore"):
        near = fastconv.correlate(wide, case.kernel, border=case.border, method="direct")
        total = fastconv.correlate(
            np.abs(wide), np.abs(case.kernel), border=case.border, method="direct"
        )
        known = np.isfinite(total) & (total < float(result.max) / 2)
        allowed = ((taps + 1) * eps + own) * total + (taps + 1) * least
        off = np.where(known, np.abs(got.astype(np.float64) - near) / allowed, 0)
    off = np.nan_to_num(np.where(known & np.isnan(got), np.inf, off), nan=0.0, posinf=1e300)
    order = np.argsort(off, axis=None)
    picked = np.concatenate([order[-count:], order[:: max(1, order.size // count)]])
    padded = _pad(case.image, case.kernel.shape, case.border).astype(np.longdouble)
    weights = case.kernel.astype(np.longdouble)
    found = 0.0
    for y, x in zip(*np.unravel_index(picked, off.shape), strict=True):
        if not known[y, x]:
            continue
        window = padded[y : y + weights.shape[0], x : x + weights.shape[1]]
        terms = np.where(weights == 0, 0, weights * np.where(weights == 0, 0, window))
        size = np.abs(terms).sum()
        bound = ((taps + 1) * eps + own) * size
        if size > 0:
            bound += (taps + 1) * np.longdouble(least)
        error = np.abs(np.longdouble(got[y, x]) - terms.sum())
        if error > 0:
            found = max(found, float(error / bound) if bound > 0 else np.inf)
    return found
