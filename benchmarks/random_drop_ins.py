# SPDX-License-Identifier: BSD-3-Clause
"""Calls of fastconv's drop-ins at random, beside the originals, word for word: for the sweep.

Sides from 4 to 1,500; arrays of one axis have up to 1,500 ** 2 samples, of three axes up to 3 million.
SciPy's results must be the same to the last bit, OpenCV's and Pillow's Kernel's within one, floats within
some roundings. Of Pillow's blurs, which ours are only near, the mean difference is looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import PIL.Image
import PIL.ImageFilter
import scipy.ndimage
import scipy.signal
from grid import Array
from random_calls import Question, Random, between, noise, one_of, size_class, whole_between

import fastconv
from fastconv.compat import image_filter

ORIGINALS: dict[str, Any] = {
    "cv2": cv2, "ImageFilter": PIL.ImageFilter, "ndimage": scipy.ndimage, "signal": scipy.signal,
}  # fmt: skip
OURS: dict[str, Any] = {name: getattr(fastconv, name) for name in ORIGINALS}

_MOST = 3_000_000
#: What is called, the rest of its words, and the call, of a module and an array or image.
Made = tuple[str, str, Callable[[Any, Any], Any]]


def drop_in(libraries: tuple[str, ...], installed: bool, rng: Random) -> Question:
    """One call of a function of one of these libraries; of what `install` puts there, if `installed`."""
    library = one_of(rng, libraries)
    array: Any = _ARRAYS[library](rng)
    name, words, call = _CALLS[library](rng, array)
    shape = array.shape if isinstance(array, np.ndarray) else (array.height, array.width)
    kind = array.dtype.name if isinstance(array, np.ndarray) else array.mode
    samples = (
        array.size if isinstance(array, np.ndarray) else shape[0] * shape[1] * len(array.getbands())
    )
    return Question(
        {
            "library": library, "function": f"{library}.{name}", "dtype": f"{library} {kind}",
            "axes": f"{library} {len(shape)}", "samples": f"{library} {size_class(samples)}",
        },
        f"{kind} {'x'.join(map(str, shape))} {library}.{name}({words})",
        samples,
        partial(call, STAND_INS[library] if installed else OURS[library], array),
        {library: partial(call, ORIGINALS[library], array)},
        _Same(library, name),
    )  # fmt: skip


#: What `install` put in place of the originals; filled by `stand_in`.
STAND_INS: dict[str, Any] = {}


def stand_in() -> None:
    """Take what `install` puts in the originals' places; leave the originals where they are."""
    with fastconv.installed("cv2", "Pillow", "ndimage", "signal"):
        for library, module in ORIGINALS.items():
            STAND_INS[library] = ModuleType(library)
            STAND_INS[library].__dict__.update(module.__dict__)
        methods = {name: getattr(PIL.ImageFilter, name).filter for name in image_filter.METHODS}
    # a method takes its place in Pillow's own classes; these are others that have it
    for name, made in PIL.ImageFilter.__dict__.items():
        if isinstance(made, type):
            method = next(
                (
                    f
                    for base, f in methods.items()
                    if issubclass(made, getattr(PIL.ImageFilter, base))
                ),
                None,
            )
            if method is not None:
                setattr(STAND_INS["ImageFilter"], name, type(name, (made,), {"filter": method}))


class _Same:
    """Compares our answer, which comes first, with the original's."""

    def __init__(self, library: str, name: str) -> None:
        self.library, self.name = library, name
        self.ours: Any = None

    def __call__(self, who: str, answer: Any) -> str:
        got = np.asarray(answer)
        if who == "fastconv":
            self.ours = got
            return ""
        if got.shape != self.ours.shape or got.dtype != self.ours.dtype:
            return f"{got.dtype} {got.shape}, not {self.ours.dtype} {self.ours.shape}"
        if self.library in ("ndimage", "signal"):
            return "" if np.array_equal(got, self.ours, equal_nan=True) else "not the same bits"
        off = np.abs(got.astype(np.float64) - self.ours.astype(np.float64))
        if (
            self.name in ("GaussianBlur", "BoxBlur", "UnsharpMask")
            and self.library == "ImageFilter"
        ):
            return "" if off.mean() < 4 else f"off by {off.mean():.3g} on the mean"
        if self.library == "ImageFilter":  # its frame is copied, theirs is filtered
            off = off[2:-2, 2:-2]
        largest = max(1.0, float(np.abs(got).max())) if got.dtype.kind == "f" else 0.0
        allowed = 1e-4 * largest if largest else 1.0
        return "" if not off.size or off.max() <= allowed else f"off by {off.max():.3g}"


# --- arrays --------------------------------------------------------------------------------------


def _side(rng: Random) -> int:
    return whole_between(rng, 4, 1500)


def _for_cv2(rng: Random) -> Array:
    dtype = one_of(rng, ("uint8", "uint8", "uint8", "float32", "uint16", "int16", "float64"))
    channels = one_of(rng, ((), (), (3,), (4,)))
    return noise(rng, (_side(rng), _side(rng), *channels), dtype)


def _for_pillow(rng: Random) -> PIL.Image.Image:
    bands = one_of(rng, ((), (), (3,), (3,), (4,), (2,)))
    return PIL.Image.fromarray(noise(rng, (_side(rng), _side(rng), *bands), "uint8"))


def _for_ndimage(rng: Random) -> Array:
    dtype = one_of(rng, ("uint8", "float32", "float64", "uint16", "int16", "int32", "int64"))
    axes = one_of(rng, (1, 2, 2, 2, 3))
    if axes == 1:
        return noise(rng, (whole_between(rng, 4, 1500**2),), dtype)
    shape = [_side(rng) for _ in range(axes)]
    while np.prod(shape) > _MOST:
        shape[int(np.argmax(shape))] //= 2
    return noise(rng, tuple(shape), dtype)


def _for_signal(rng: Random) -> Array:
    return noise(
        rng, (_side(rng), _side(rng)), one_of(rng, ("uint8", "float32", "float64", "int32"))
    )


# --- calls ---------------------------------------------------------------------------------------


def _pair(rng: Random, most: int) -> tuple[int, int]:
    first = whole_between(rng, 2, most)
    return first, first if rng.random() < 0.6 else whole_between(rng, 1, most)


def _of_cv2(rng: Random, a: Array) -> Made:
    name = one_of(rng, ("filter2D", "sepFilter2D", "blur", "boxFilter", "GaussianBlur", "Sobel",
                        "Scharr", "Laplacian"))  # fmt: skip
    edge = one_of(rng, (4, 4, 4, 2, 1, 0))
    depth = one_of(rng, (-1, cv2.CV_64F if a.dtype == np.float64 else cv2.CV_32F))
    if a.dtype == np.uint8:
        depth = one_of(rng, (-1, cv2.CV_16S, cv2.CV_32F))
    if name == "filter2D":
        size = _pair(rng, 15)
        weights = rng.normal(size=size) / size[0]
        if rng.random() < 0.3:
            weights = rng.integers(-2, 3, size).astype(np.float32)
        delta = one_of(rng, (0, 0, 0, 10))
        return (
            name,
            f"{depth}, {size}, delta={delta}, {edge}",
            lambda m, x: m.filter2D(x, depth, weights, delta=delta, borderType=edge),
        )
    if name == "sepFilter2D":
        lines = [rng.random(2 * int(rng.integers(1, 8)) + 1) / 4 for _ in range(2)]
        return (
            name,
            f"{depth}, {len(lines[0])}, {len(lines[1])}, {edge}",
            lambda m, x: m.sepFilter2D(x, depth, *lines, borderType=edge),
        )
    if name == "blur":
        size = _pair(rng, 31)
        return name, f"{size}, {edge}", lambda m, x: m.blur(x, size, borderType=edge)
    if name == "boxFilter":
        size, mean = _pair(rng, 31), bool(rng.integers(2))
        depth = one_of(rng, (-1, cv2.CV_64F if a.dtype == np.float64 else cv2.CV_32F))
        return (
            name,
            f"{depth}, {size}, {mean}, {edge}",
            lambda m, x: m.boxFilter(x, depth, size, normalize=mean, borderType=edge),
        )
    if name == "GaussianBlur":
        if rng.random() < 0.5:
            odd = 2 * whole_between(rng, 1, 15) + 1
            return (
                name,
                f"{odd}, {edge}",
                lambda m, x: m.GaussianBlur(x, (odd, odd), 0, borderType=edge),
            )
        sigma = between(rng, 0.4, 8)
        return (
            name,
            f"sigma {sigma}, {edge}",
            lambda m, x: m.GaussianBlur(x, (0, 0), sigma, borderType=edge),
        )
    ksize, scale = one_of(rng, (1, 3, 3, 5, 7)), one_of(rng, (1, 1, 1, 0.125))
    dx = int(rng.integers(2))
    if name == "Laplacian":
        return (
            name,
            f"{depth}, {ksize}, {scale}, {edge}",
            lambda m, x: m.Laplacian(x, depth, ksize=ksize, scale=scale, borderType=edge),
        )
    if name == "Scharr":
        return (
            name,
            f"{depth}, {dx}, {1 - dx}, {scale}, {edge}",
            lambda m, x: m.Scharr(x, depth, dx, 1 - dx, scale=scale, borderType=edge),
        )
    return (
        name,
        f"{depth}, {dx}, {1 - dx}, {ksize}, {scale}, {edge}",
        lambda m, x: m.Sobel(x, depth, dx, 1 - dx, ksize=ksize, scale=scale, borderType=edge),
    )


_NAMED = ("BLUR", "CONTOUR", "DETAIL", "EDGE_ENHANCE", "EDGE_ENHANCE_MORE", "EMBOSS", "FIND_EDGES",
          "SHARPEN", "SMOOTH", "SMOOTH_MORE")  # fmt: skip


def _of_pillow(rng: Random, image: PIL.Image.Image) -> Made:
    name = one_of(rng, ("named", "Kernel", "GaussianBlur", "BoxBlur", "UnsharpMask"))
    if name == "named":
        name = one_of(rng, _NAMED)
        return name, "", lambda m, x: x.filter(getattr(m, name))
    if name == "Kernel":
        side = one_of(rng, (3, 5))
        weights = rng.normal(size=side * side).tolist()
        if rng.random() < 0.5:
            weights = rng.integers(-3, 6, side * side).tolist()
        scale = sum(weights) or 1
        return name, f"{side}", lambda m, x: x.filter(m.Kernel((side, side), weights, scale))
    radius = round(between(rng, 0.5, 30), int(rng.integers(2)))
    return name, f"{radius}", lambda m, x: x.filter(getattr(m, name)(radius))


def _of_ndimage(rng: Random, a: Array) -> Made:
    name = one_of(rng, fastconv.ndimage.__all__)
    mode = one_of(rng, ("reflect", "reflect", "reflect", "constant", "nearest", "mirror", "wrap"))
    axis = int(rng.integers(a.ndim))
    size, sigma = whole_between(rng, 2, 31), between(rng, 0.4, 6)
    if name in ("convolve", "correlate"):
        shape = [1] * a.ndim
        while np.prod(shape) == 1:
            shape = [int(rng.integers(1, 8 if a.ndim < 3 else 4)) for _ in range(a.ndim)]
        weights = rng.normal(size=shape)
        if rng.random() < 0.4:
            weights = rng.integers(-2, 3, shape).astype(np.float64)
        return name, f"{tuple(shape)}, {mode}", lambda m, x: getattr(m, name)(x, weights, mode=mode)
    if name in ("convolve1d", "correlate1d"):
        weights = rng.random(size)
        return (
            name,
            f"{size}, {axis}, {mode}",
            lambda m, x: getattr(m, name)(x, weights, axis, mode=mode),
        )
    if name == "gaussian_filter1d":
        order = one_of(rng, (0, 0, 1, 2))
        return (
            name,
            f"{sigma}, {axis}, {order}, {mode}",
            lambda m, x: m.gaussian_filter1d(x, sigma, axis, order, mode=mode),
        )
    if name == "uniform_filter1d":
        return (
            name,
            f"{size}, {axis}, {mode}",
            lambda m, x: m.uniform_filter1d(x, size, axis, mode=mode),
        )
    if name == "uniform_filter":
        return name, f"{size}, {mode}", lambda m, x: m.uniform_filter(x, size, mode=mode)
    if name in ("sobel", "prewitt"):
        return name, f"{axis}, {mode}", lambda m, x: getattr(m, name)(x, axis, mode=mode)
    if name == "laplace":
        return name, mode, lambda m, x: m.laplace(x, mode=mode)
    return name, f"{sigma}, {mode}", lambda m, x: getattr(m, name)(x, sigma, mode=mode)


def _of_signal(rng: Random, a: Array) -> Made:
    name = one_of(rng, fastconv.signal.__all__)
    shape = _pair(rng, 9)
    while shape[0] > a.shape[0] or shape[1] > a.shape[1]:
        shape = _pair(rng, 4)
    weights = rng.normal(size=shape) if a.dtype.kind == "f" else rng.integers(-3, 4, shape)
    weights = weights.astype(a.dtype)
    mode, boundary = (
        one_of(rng, ("full", "same", "valid")),
        one_of(rng, ("fill", "fill", "symm", "wrap")),
    )
    return (
        name,
        f"{shape}, {mode}, {boundary}",
        lambda m, x: getattr(m, name)(x, weights, mode, boundary),
    )


_ARRAYS: dict[str, Callable[[Random], Any]] = {
    "cv2": _for_cv2, "ImageFilter": _for_pillow, "ndimage": _for_ndimage, "signal": _for_signal,
}  # fmt: skip
_CALLS: dict[str, Callable[[Random, Any], Made]] = {
    "cv2": _of_cv2, "ImageFilter": _of_pillow, "ndimage": _of_ndimage, "signal": _of_signal,
}  # fmt: skip
