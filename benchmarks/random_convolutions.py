# SPDX-License-Identifier: BSD-3-Clause
"""Convolutions at random, for the sweep: fastconv.convolve beside OpenCV's and SciPy's functions.

All get the picture as it is: transposed, sliced, reversed, in planes. What a user of another library must
do himself is timed: OpenCV has no filters of bool, int8, float16 and of integers of more than 16 bits, none
that wrap, and for planes it is asked for each by itself, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import cv2
import numpy as np
from grid import Array
from random_calls import Call, Question, Random, between, noise, one_of, size_class, whole_between

import fastconv
from fastconv._borders import index_table
from scipy import ndimage

DTYPES = (
    "uint8", "uint8", "uint8", "float32", "float32", "uint16", "int16", "float64",
    "int8", "int32", "uint32", "float16", "bool", "int64", "uint64",
)  # fmt: skip
KINDS = ("dense", "whole", "box", "separable", "sparse", "symmetric", "gaussian")
LAYOUTS = ("contiguous", "contiguous", "transposed", "sliced", "reversed", "planar")
BORDERS = {
    "reflect": cv2.BORDER_REFLECT, "mirror": cv2.BORDER_REFLECT_101, "nearest": cv2.BORDER_REPLICATE,
    "constant": cv2.BORDER_CONSTANT, "wrap": cv2.BORDER_WRAP,
}  # fmt: skip

_SAMPLES, _SIDE = 3_000_000, 64
# With more products than this, libraries without short cuts are left out.
_MOST_PRODUCTS = 1e8
# Points at which an answer is checked, and samples of their windows.
_POINTS, _WINDOWS = 24, 1 << 20


@dataclass(frozen=True)
class _Kernel:
    weights: Array
    kind: str
    factors: tuple[Array, Array] | None = None  # down, along
    sigma: float = 0.0


@dataclass(frozen=True)
class _Asked:
    """A picture of shape (H, W) or (H, W, C), a kernel, a border, and the type of the result."""

    image: Array
    kernel: _Kernel
    border: str
    dtype: np.dtype[Any]


def convolution(rng: Random) -> Question:
    """One call of fastconv.convolve."""
    kernel = _kernel(rng)
    dtype, border = one_of(rng, DTYPES), one_of(rng, tuple(BORDERS))
    channels = one_of(rng, (1, 1, 1, 2, 3, 3, 4, whole_between(rng, 5, 16)))
    layout = one_of(rng, LAYOUTS)
    if layout == "planar" and channels == 1:
        layout = "contiguous"
    height, width = _size(rng, channels)
    image = _laid_out(rng, height, width, channels, dtype, layout)
    own = np.dtype(np.float32) if dtype == "bool" else image.dtype
    asked = _Asked(image, kernel, border, own)
    given, axis = image, (None if channels == 1 else -1)
    if layout == "planar":
        given, axis = np.moveaxis(image, -1, 0), 0
    h, w = kernel.weights.shape
    return Question(
        {
            "dtype": dtype, "channels": _channels_class(channels), "samples": size_class(image.size),
            "kernel": size_class(h * w, (2, 10, 50, 200, 1000)), "kind": kernel.kind, "layout": layout,
            "border": border,
        },
        f"{dtype} {'x'.join(map(str, image.shape))} {layout}, {kernel.kind} {h}x{w}, {border}",
        image.size,
        partial(fastconv.convolve, given, kernel.weights, border=border, channel_axis=axis),
        dict(_rivals(asked)),
        partial(_wrong, asked, axis == 0, int(rng.integers(1 << 30))),
    )  # fmt: skip


# --- what is asked -------------------------------------------------------------------------------


def _channels_class(channels: int) -> str:
    return str(channels) if channels < 5 else "5 .. 16"


def _size(rng: Random, channels: int) -> tuple[int, int]:
    """Height and width: any area, and sometimes a thin picture."""
    area = between(rng, 1, _SAMPLES / channels)
    most = area if rng.random() < 0.1 else min(4.0, area)
    height = max(1, round((area * between(rng, 1 / most, most)) ** 0.5))
    return height, max(1, int(area / height))


def _laid_out(
    rng: Random, height: int, width: int, channels: int, dtype: str, layout: str
) -> Array:
    behind = () if channels == 1 else (channels,)
    if layout == "transposed":
        return noise(rng, (width, height, *behind), dtype).swapaxes(0, 1)
    if layout == "sliced":
        return noise(rng, (height + 9, width + 13, *behind), dtype)[4 : 4 + height, 6 : 6 + width]
    image = noise(
        rng, (*behind, height, width) if layout == "planar" else (height, width, *behind), dtype
    )
    if layout == "reversed":
        return one_of(rng, (image[::-1], image[:, ::-1], image[::-1, ::-1]))  # type: ignore[no-any-return]
    return np.moveaxis(image, 0, -1) if layout == "planar" else image


def _kernel(rng: Random) -> _Kernel:
    kind = one_of(rng, KINDS)
    h = whole_between(rng, 1, _SIDE)
    w = h if rng.random() < 0.5 else whole_between(rng, 1, _SIDE)
    if kind == "whole":
        return _Kernel(rng.integers(-4, 5, (h, w)).astype(np.float64), kind)
    if kind == "box":
        return _Kernel(np.full((h, w), 1 / (h * w)), kind, (np.full(h, 1 / h), np.full(w, 1 / w)))
    if kind == "gaussian":
        sigma = between(rng, 0.3, _SIDE / 8)
        line = fastconv.kernels.gaussian(sigma).sum(axis=1)
        return _Kernel(np.outer(line, line), kind, (line, line), sigma)
    if kind == "separable":
        down, along = (line / line.sum() for line in (rng.random(h) + 0.1, rng.random(w) + 0.1))
        return _Kernel(np.outer(down, along), kind, (down, along))
    weights = rng.random((h, w)) + 0.1
    if kind == "symmetric":
        weights = weights + weights[::-1]
        weights = weights + weights[:, ::-1]
    if kind == "sparse":
        weights[rng.random((h, w)) < 0.9] = 0
        weights[rng.integers(h), rng.integers(w)] = 1
    return _Kernel(weights / weights.sum(), kind)


# --- who else is asked ---------------------------------------------------------------------------


def _rivals(asked: _Asked) -> Iterator[tuple[str, Call]]:
    for name, call in _opencv(asked):
        yield f"cv2.{name}", call
        if asked.image.ndim == 3 and asked.image.strides[2] > asked.image.strides[1]:
            planes = [
                dict(_opencv(_Asked(asked.image[..., c], asked.kernel, asked.border, asked.dtype)))[
                    name
                ]
                for c in range(asked.image.shape[2])
            ]
            yield f"cv2.{name}, planes", partial(_stacked, planes)
    for name, call in _scipy(asked):
        yield f"ndimage.{name}", call


def _stacked(planes: list[Call]) -> Array:
    return np.stack([plane() for plane in planes])


def _opencv(asked: _Asked) -> Iterator[tuple[str, Call]]:
    kernel = asked.kernel
    h, w = kernel.weights.shape
    wide = asked.image.dtype == np.float64 or asked.image.dtype.itemsize * 8 > 16
    floats = np.float64 if wide and asked.image.dtype != np.float32 else np.float32
    # OpenCV correlates, and puts the centre of an even kernel on the other side of the middle
    where: dict[str, Any] = {"anchor": ((w - 1) // 2, (h - 1) // 2)}
    turned: Any = np.ascontiguousarray(kernel.weights[::-1, ::-1], floats)
    depth = cv2.CV_32F if asked.image.dtype == np.bool_ else -1
    yield (
        "filter2D",
        _in_opencv(asked, lambda a, edge: cv2.filter2D(a, depth, turned, borderType=edge, **where)),
    )
    if kernel.factors is not None:
        lines: Any = (np.ascontiguousarray(f[::-1], floats) for f in kernel.factors)
        down, along = lines
        yield (
            "sepFilter2D",
            _in_opencv(
                asked,
                lambda a, edge: cv2.sepFilter2D(a, depth, along, down, borderType=edge, **where),
            ),
        )
    if kernel.kind == "box":
        yield (
            "boxFilter",
            _in_opencv(
                asked, lambda a, edge: cv2.boxFilter(a, depth, (w, h), borderType=edge, **where)
            ),
        )
    if kernel.kind == "gaussian" and depth == -1:
        yield (
            "GaussianBlur",
            _in_opencv(
                asked, lambda a, edge: cv2.GaussianBlur(a, (w, h), kernel.sigma, borderType=edge)
            ),
        )


def _in_opencv(asked: _Asked, filtered: Callable[[Array, int], Array]) -> Call:
    """A call, with what must be done before and after it."""
    image, (h, w), edge = asked.image, asked.kernel.weights.shape, BORDERS[asked.border]

    def call() -> Array:
        a = _as_opencv_takes(image)
        if edge != cv2.BORDER_WRAP:
            return _as_it_was(filtered(a, edge), asked.dtype)
        # the window of a result begins so far before it
        top, left = (h - 1) // 2, (w - 1) // 2
        a = cv2.copyMakeBorder(a, top, h - 1 - top, left, w - 1 - left, cv2.BORDER_WRAP)
        inside = filtered(a, cv2.BORDER_REPLICATE)[top:, left:]
        return _as_it_was(inside[: image.shape[0], : image.shape[1]], asked.dtype)

    return call


def _as_opencv_takes(a: Array) -> Array:
    name = a.dtype.name
    if name in ("uint8", "uint16", "int16", "float32", "float64"):
        return a
    if name == "bool":
        return a.view(np.uint8)
    return a.astype({"int8": np.int16, "float16": np.float32}.get(name, np.float64))


def _as_it_was(a: Array, dtype: np.dtype[Any]) -> Array:
    """Rounded and saturated, if OpenCV has not done so."""
    if a.dtype == dtype:
        return a
    if dtype.kind in "iu":
        if a.dtype.kind == "f":
            a = np.rint(a)
        bounds = np.iinfo(dtype)
        # sums of 64 bits are far below the upper bound, which float64 does not hold
        a = np.clip(a, bounds.min, bounds.max if bounds.bits < 64 else None)
    return a.astype(dtype)


def _scipy(asked: _Asked) -> Iterator[tuple[str, Call]]:
    image, kernel = asked.image, asked.kernel
    h, w = kernel.weights.shape
    flat = image.ndim == 2
    axes = {} if flat else {"axes": (0, 1)}
    even = [n % 2 - 1 for n in (h, w)]
    ways: dict[str, Callable[[Array, Any], Any]] = {}
    if image.size * kernel.weights.size <= _MOST_PRODUCTS:
        window = kernel.weights if flat else kernel.weights[:, :, np.newaxis]
        ways["convolve"] = lambda a, o: ndimage.convolve(a, window, o, asked.border)
    if kernel.factors is not None:
        ways["convolve1d"] = partial(_pair, kernel.factors, asked.border)
    if kernel.kind == "box":
        ways["uniform_filter"] = lambda a, o: ndimage.uniform_filter(
            a, (h, w), o, asked.border, origin=even, **axes
        )
    if kernel.kind == "gaussian":
        ways["gaussian_filter"] = lambda a, o: ndimage.gaussian_filter(
            a, kernel.sigma, 0, o, asked.border, **axes
        )
    for name, way in ways.items():
        if image.dtype != np.float16:
            yield name, partial(way, image, asked.dtype)
        if asked.dtype.kind in "iu" or image.dtype == np.float16:
            yield f"{name}, rounded", partial(_through_floats, way, asked)


def _pair(factors: tuple[Array, Array], border: str, a: Array, output: Any) -> Any:
    between_ = (
        a.dtype if a.dtype.kind == "f" else np.float32 if a.dtype.itemsize < 4 else np.float64
    )
    half = ndimage.convolve1d(a, factors[0], 0, between_, border)
    return ndimage.convolve1d(half, factors[1], 1, output, border)


def _through_floats(way: Callable[[Array, Any], Any], asked: _Asked) -> Array:
    image = asked.image
    if image.dtype == np.float16:
        image = image.astype(np.float32)
    return _as_it_was(way(image, np.float64 if image.dtype.itemsize >= 4 and image.dtype.kind != "f"
                          else np.float32), asked.dtype)  # fmt: skip


# --- whether it is right -------------------------------------------------------------------------


def _wrong(asked: _Asked, planar: bool, seed: int, who: str, answer: Any) -> str:
    """Compare some windows with their sums: integers within one, floats within the bound of their type."""
    got = np.asarray(answer)
    if (planar and who == "fastconv") or "planes" in who:
        got = np.moveaxis(got, 0, -1)
    image, weights = asked.image, asked.kernel.weights[::-1, ::-1]
    if got.shape != image.shape or got.dtype != asked.dtype:
        return f"answers {got.dtype} {got.shape}"
    (h, w), (height, width) = weights.shape, image.shape[:2]
    rng = np.random.default_rng(seed)
    count = max(4, min(_POINTS, _WINDOWS // (weights.size * max(1, image[0, 0].size))))
    y, x = (
        np.append([0, 0, n - 1, n - 1], rng.integers(n, size=count - 4)) for n in (height, width)
    )
    x[:4] = x[[0, 2, 1, 3]]
    rows, cols = (
        index_table(n, -((k - 1) // 2), n + k - 1, asked.border)
        for n, k in ((height, h), (width, w))
    )
    at_y = rows[y[:, np.newaxis] + np.arange(h)][:, :, np.newaxis]
    at_x = cols[x[:, np.newaxis] + np.arange(w)][:, np.newaxis, :]
    windows = image[at_y, at_x].astype(np.float64)
    windows[(at_y < 0) | (at_x < 0)] = 0
    sums = np.tensordot(windows, weights, ((1, 2), (0, 1))) if windows.ndim == 3 else np.einsum(
        "nijc,ij->nc", windows, weights
    )  # fmt: skip
    largest = np.einsum("nij...,ij->n...", np.abs(windows), np.abs(weights))
    given = got[y, x].astype(np.float64)
    if asked.dtype.kind in "iu":
        bounds = np.iinfo(asked.dtype)
        error = np.abs(given - np.clip(sums, bounds.min, bounds.max))
        allowed = 1.5 + (1e-9 * largest if bounds.bits == 64 else 0.0)
    else:
        with np.errstate(over="ignore", invalid="ignore"):
            error = np.where(given == sums.astype(asked.dtype), 0.0, np.abs(given - sums))
        allowed = (weights.size + 1) * float(np.finfo(asked.dtype).eps) * largest + 1e-30
    excess = float((error / allowed).max())
    return "" if excess <= 1 else f"off by {excess:.3g} times what is allowed"
