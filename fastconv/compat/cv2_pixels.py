# SPDX-License-Identifier: BSD-3-Clause
# ruff: noqa: N802, N803 -- the names are OpenCV's
"""OpenCV's filters to the pixel: what ``install("cv2")`` puts in their place.

A call is served if its result is an integer that OpenCV's arithmetic gives with any instructions of x86:

* GaussianBlur of uint8 and uint16 is fixed point, halves rounded up.
* blur and boxFilter sum in integers. The mean of at most 256 bytes is rounded half up; of a power of two of
  them, one is added to the sum first: cv2.blur(image, (4, 4)) of a picture of noise is brighter by 1/16.
  Other means are a product in float32, or in float64 at the end of a row: where both give the nearest
  integer.
* All others sum in float32. If no partial sum is rounded (whole weights, eighths), its order does not matter.

or if it is a float, of which OpenCV's last bits are no function of the window: its vectors fuse multiply and
add, and what is left at the end of a row does not; its boxes are running sums in float64, in which whatever
stood before leaves its roundings. All else is handed back to OpenCV by returning NotImplemented: integers
rounded from such sums, sums that overflow its integers, large boxes of floats, and what OpenCV refuses and we
would not. All this was read in the sources of OpenCV 5 (modules/imgproc/src).

A call that was served is kept as one request (`fastconv._engine.calls.repeatable`), and the next one like it
does not come here.
"""

from __future__ import annotations

from functools import lru_cache
from inspect import unwrap
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._arguments import quiet
from .._engine.calls import repeatable
from .._engine.planner import binary_unit
from .._options import Product
from . import cv2, cv2_kernels
from .cv2 import Array, Pair, error
from .half_up import correlate_half_up

# What is called from here keeps nothing itself.
_plain = SimpleNamespace(
    **{
        function.__name__: unwrap(function)
        for function in (
            cv2.filter2D, cv2.sepFilter2D, cv2.GaussianBlur, cv2.Sobel, cv2.Laplacian, correlate_half_up,
        )
    }
)  # fmt: skip
_CENTRE = (-1, -1)
_BORDERS = frozenset(
    border | isolated
    for border in (
        cv2.BORDER_CONSTANT,
        cv2.BORDER_REPLICATE,
        cv2.BORDER_REFLECT,
        cv2.BORDER_REFLECT_101,
    )
    for isolated in (0, cv2.BORDER_ISOLATED)
)
# Types of results by NumPy's characters of the image's type: those that OpenCV knows for all functions.
_RESULTS = {"B": "BHhfd", "H": "Hfd", "h": "hfd", "f": "f", "d": "d"}
_TYPES = frozenset(map(np.dtype, _RESULTS))
_CHARACTERS = {
    cv2.CV_8U: "B",
    cv2.CV_16U: "H",
    cv2.CV_16S: "h",
    cv2.CV_32F: "f",
    cv2.CV_64F: "d",
}
_PEAKS = {"B": 255.0, "H": 65535.0, "h": 32768.0}
_FLOAT32_BITS = 24
# The largest magnitude that OpenCV's conversion to an integer takes.
_LARGEST = 2.0**31
# Kernels of so many weights may go through its DFT.
_DFT, _DFT_OF_BYTES = 50, 130
# Means of bytes up to this area are divided in integers of 16 bits.
_SMALL_AREA = 256
# Longest side of a box of floats, of one channel and of several, that takes less time here: no side costs
# more than another in running sums. Measured on Intel Xeon, v4.
_FLOAT_SIDES: dict[str, tuple[int, int]] = {"f": (24, 16), "d": (16, 6)}
# Where a row ends in whole vectors of any CPU.
_VECTOR = 32


# --- functions of OpenCV -------------------------------------------------------------------------


@repeatable("src", "dst")
def filter2D(
    src: Array,
    ddepth: int,
    kernel: Array,
    dst: Array | None = None,
    anchor: Pair = _CENTRE,
    delta: float = 0.0,
    borderType: int = cv2.BORDER_DEFAULT,
) -> Any:
    """As `fastconv.cv2.filter2D`."""
    if not _is_known(src, dst, borderType) or not _is_kernel(kernel) or kernel.ndim != 2:
        return NotImplemented
    if not _window(
        src.dtype.char, ddepth, kernel.tobytes(), kernel.dtype.char, kernel.shape, delta
    ):
        return NotImplemented
    return _plain.filter2D(src, ddepth, kernel, dst, anchor, delta, borderType)


@repeatable("src", "dst")
def sepFilter2D(
    src: Array,
    ddepth: int,
    kernelX: Array,
    kernelY: Array,
    dst: Array | None = None,
    anchor: Pair = _CENTRE,
    delta: float = 0.0,
    borderType: int = cv2.BORDER_DEFAULT,
) -> Any:
    """As `fastconv.cv2.sepFilter2D`."""
    if not _is_known(src, dst, borderType) or not _is_kernel(kernelX) or not _is_kernel(kernelY):
        return NotImplemented
    if kernelX.dtype != kernelY.dtype or not _lines(
        src.dtype.char, ddepth, kernelX.tobytes(), kernelY.tobytes(), kernelX.dtype.char,
        anchor if type(anchor) is tuple else None, delta, _ends_in_vectors(src),
    ):  # fmt: skip
        return NotImplemented
    return _plain.sepFilter2D(src, ddepth, kernelX, kernelY, dst, anchor, delta, borderType)


@repeatable("src", "dst")
def blur(
    src: Array,
    ksize: Pair,
    dst: Array | None = None,
    anchor: Pair = _CENTRE,
    borderType: int = cv2.BORDER_DEFAULT,
) -> Any:
    """As `fastconv.cv2.blur`."""
    return unwrap(boxFilter)(src, -1, ksize, dst, anchor, True, borderType)


@repeatable("src", "dst")
def boxFilter(
    src: Array,
    ddepth: int,
    ksize: Pair,
    dst: Array | None = None,
    anchor: Pair = _CENTRE,
    normalize: bool = True,
    borderType: int = cv2.BORDER_DEFAULT,
) -> Any:
    """As `fastconv.cv2.boxFilter`."""
    if not _is_known(src, dst, borderType) or type(ksize) is not tuple:
        return NotImplemented
    way = _box(src.dtype.char, ddepth, ksize, bool(normalize), src.ndim == 3)
    if not way:
        return NotImplemented
    number = way if type(way) is float else 0.0
    kernel = cv2._box(ksize, normalize)
    origin = 0 if anchor is _CENTRE else cv2._origin(kernel.shape, anchor)
    return cv2._filtered(src, ddepth, kernel, origin, dst, number, borderType, 0.0)


@repeatable("src", "dst")
def GaussianBlur(
    src: Array,
    ksize: Pair,
    sigmaX: float,
    dst: Array | None = None,
    sigmaY: float = 0.0,
    borderType: int = cv2.BORDER_DEFAULT,
    hint: int = cv2.ALGO_HINT_DEFAULT,
) -> Any:
    """As `fastconv.cv2.GaussianBlur`."""
    if not _is_known(src, dst, borderType) or hint == cv2.ALGO_HINT_APPROX:
        return NotImplemented
    pixel = src.dtype.char
    kernel = cv2._gaussian(ksize, sigmaX, sigmaY, pixel)
    if pixel in "fd" or (pixel == "h" and _window(pixel, -1, *_packed(kernel), 0.0)):
        return _plain.GaussianBlur(src, ksize, sigmaX, dst, sigmaY, borderType)
    if pixel == "h":
        return NotImplemented
    image = src[..., 0] if src.ndim == 3 and src.shape[2] == 1 else src
    out = None if dst is None else cv2._fitting(dst, image.shape, src.dtype)
    made = _plain.correlate_half_up(
        image, kernel, border=cv2._BORDERS[borderType], channel_axis=None if image.ndim == 2 else -1,
        out=out,
    )  # fmt: skip
    return made if out is None or made is NotImplemented else dst


@repeatable("src", "dst")
def Sobel(
    src: Array,
    ddepth: int,
    dx: int,
    dy: int,
    dst: Array | None = None,
    ksize: int = 3,
    scale: float = 1.0,
    delta: float = 0.0,
    borderType: int = cv2.BORDER_DEFAULT,
) -> Any:
    """As `fastconv.cv2.Sobel`."""
    if not _is_known(src, dst, borderType) or not _derivative(
        src.dtype.char, ddepth, dx, dy, ksize, scale, delta, _ends_in_vectors(src)
    ):
        return NotImplemented
    return _plain.Sobel(src, ddepth, dx, dy, dst, ksize, scale, delta, borderType)


@repeatable("src", "dst")
def Scharr(
    src: Array,
    ddepth: int,
    dx: int,
    dy: int,
    dst: Array | None = None,
    scale: float = 1.0,
    delta: float = 0.0,
    borderType: int = cv2.BORDER_DEFAULT,
) -> Any:
    """As `fastconv.cv2.Scharr`."""
    return unwrap(Sobel)(src, ddepth, dx, dy, dst, cv2.FILTER_SCHARR, scale, delta, borderType)


@repeatable("src", "dst")
def Laplacian(
    src: Array,
    ddepth: int,
    dst: Array | None = None,
    ksize: int = 1,
    scale: float = 1.0,
    delta: float = 0.0,
    borderType: int = cv2.BORDER_DEFAULT,
) -> Any:
    """As `fastconv.cv2.Laplacian`."""
    if not _is_known(src, dst, borderType) or not _laplacian(
        src.dtype.char, ddepth, ksize, scale, delta
    ):
        return NotImplemented
    return _plain.Laplacian(src, ddepth, dst, ksize, scale, delta, borderType)


# What stands in the place of which of OpenCV's functions.
INSTALLED = {
    function.__name__: function
    for function in (
        filter2D, sepFilter2D, blur, boxFilter, GaussianBlur, Sobel, Scharr, Laplacian,
    )
}  # fmt: skip


# --- what OpenCV takes ---------------------------------------------------------------------------


def _is_known(src: Any, dst: Any, border: Any) -> bool:
    """Whether OpenCV takes these, too."""
    return (
        type(src) is np.ndarray
        and src.dtype in _TYPES
        and (src.ndim == 2 or (src.ndim == 3 and src.shape[2] <= 4))
        and src.size > 0
        and (dst is None or (type(dst) is np.ndarray and dst.flags.c_contiguous))
        and type(border) is int
        and border in _BORDERS
    )


def _is_kernel(kernel: Any) -> bool:
    return type(kernel) is np.ndarray and kernel.dtype.char in "fd" and kernel.dtype.isnative


def _ends_in_vectors(image: Array) -> bool:
    samples: int = image.shape[1] if image.ndim == 2 else image.shape[1] * image.shape[2]
    return samples % _VECTOR == 0


def _packed(kernel: Any) -> tuple[bytes, str, tuple[int, ...]]:
    array = np.outer(kernel.column, kernel.row) if isinstance(kernel, Product) else kernel
    return array.tobytes(), array.dtype.char, array.shape


# --- whether a result is well defined, and ours --------------------------------------------------


def _target(pixel: str, ddepth: Any) -> str:
    """Character of the result's type; nothing, of one that OpenCV does not give."""
    if type(ddepth) is not int:
        return ""
    found = pixel if ddepth == -1 else _CHARACTERS.get(ddepth, "")
    return found if found in _RESULTS[pixel] else ""


def _sums_are_exact(lines: tuple[NDArray[np.float64], ...], delta: float, peak: float) -> bool:
    """Whether float32 rounds no partial sum of samples up to `peak`, filtered by one line after the other."""
    unit, total = 1.0, peak
    for line in lines:
        if not np.isfinite(line).all():
            return False
        if not line.any():
            return abs(delta) < 2.0**_FLOAT32_BITS and float(np.float32(delta)) == delta
        unit *= binary_unit(line)
        total *= float(np.abs(line).sum())
        if not total <= 2.0**_FLOAT32_BITS * unit:
            return False
    if delta:
        unit = min(unit, binary_unit(np.array([float(delta)])))
    total += abs(delta)
    return total <= 2.0**_FLOAT32_BITS * unit and total < _LARGEST


def _is_number(value: Any) -> bool:
    return bool(type(value) in (int, float) and abs(value) < _LARGEST)


@lru_cache(maxsize=1024, typed=True)
def _window(
    pixel: str, ddepth: Any, weights: bytes, kind: str, shape: tuple[int, ...], delta: Any
) -> bool:
    """Of filter2D."""
    target = _target(pixel, ddepth)
    kernel = np.frombuffer(weights, kind).astype(np.float64)
    if not target or not kernel.size or not _is_number(delta):
        return False
    if target in "fd":
        return True
    limit = _DFT_OF_BYTES if pixel == "B" and target in "Bh" else _DFT
    return kernel.size < limit and _sums_are_exact((kernel,), delta, _PEAKS[pixel])


@lru_cache(maxsize=1024, typed=True)
@quiet
def _lines(
    pixel: str,
    ddepth: Any,
    across: bytes,
    down: bytes,
    kind: str,
    anchor: Any,
    delta: Any,
    ends_in_vectors: bool,
) -> bool:
    """Of sepFilter2D."""
    target = _target(pixel, ddepth)
    lines = tuple(np.frombuffer(line, kind).astype(np.float64) for line in (across, down))
    if (
        not target
        or not _is_number(delta)
        or anchor is None
        or not min(line.size for line in lines)
    ):
        return False
    if target in "fd":
        return True
    if not _sums_are_exact(lines, delta, _PEAKS[pixel]):
        return False
    centred = all(
        line.size % 2 and at in (-1, line.size // 2) for line, at in zip(lines, anchor, strict=True)
    )
    if pixel != "B" or not centred:
        return True
    even = all((line == line[::-1]).all() for line in lines)
    odd = all((line == line[::-1]).all() or (line == -line[::-1]).all() for line in lines)
    if target == "h" and odd and all((line % 1 == 0).all() for line in lines):
        return bool(delta % 1 == 0)  # which these sums of integers round
    smooth = all((line >= 0).all() and line.sum() == 1 for line in lines)
    if target == "B" and even and smooth and all((line * 256 % 1 == 0).all() for line in lines):
        # in fixed point; halves are rounded to even in vectors, and up where a row ends
        return ends_in_vectors and lines[1].size > 1
    return True


@lru_cache(maxsize=1024, typed=True)
def _derivative(
    pixel: str,
    ddepth: Any,
    dx: Any,
    dy: Any,
    ksize: Any,
    scale: Any,
    delta: Any,
    ends_in_vectors: bool,
) -> bool:
    """Of Sobel, and of Scharr."""
    if not _is_number(scale):
        return False
    try:
        x, y, size = cv2._orders(dx, dy, ksize)
    except error:
        return False
    line = cv2_kernels.scharr_line if size == 0 else lambda d: cv2_kernels.derivative_line(d, size)
    lines = [line(x), line(y)]
    lines[0 if x == 0 else 1] = lines[0 if x == 0 else 1] * scale
    return _lines(
        pixel, ddepth, lines[0].tobytes(), lines[1].tobytes(), "d", _CENTRE, delta, ends_in_vectors
    )


@lru_cache(maxsize=1024, typed=True)
def _laplacian(pixel: str, ddepth: Any, ksize: Any, scale: Any, delta: Any) -> bool:
    target = _target(pixel, ddepth)
    if not target or not _is_number(scale) or not _is_number(delta):
        return False
    try:
        kernel = cv2._laplacian(ksize, scale)
    except error:
        return False
    return target in "fd" or _sums_are_exact((kernel.ravel(),), delta, _PEAKS[pixel])


@lru_cache(maxsize=1024, typed=True)
def _box(pixel: str, ddepth: Any, ksize: Any, normalize: bool, coloured: bool) -> bool | float:
    """Of blur and boxFilter; a number is what to add to means of bytes: half a unit rounds halves up."""
    target = _target(pixel, ddepth)
    if not target or len(ksize) != 2 or not all(type(n) is int and n > 0 for n in ksize):
        return False
    if pixel in "fd":
        return bool(max(ksize) <= _FLOAT_SIDES[pixel][coloured])
    if target in "fd":
        return True
    area: int = ksize[0] * ksize[1]
    if not normalize:
        return area * _PEAKS[pixel] < _LARGEST
    binary = area & (area - 1) == 0
    if pixel == target == "B" and area <= _SMALL_AREA:
        # of powers of two its factor is exact, and what should make up for one that is too small stays
        return area != 2 and (1.5 / area if binary and area > 1 else area % 2 == 1 or 0.5 / area)
    if area * _PEAKS[pixel] > 2.0**_FLOAT32_BITS:
        return False
    # a product in float32 is off by less than this; others are half of 1 / area from a tie, if it is odd
    return binary or (area % 2 == 1 and _PEAKS[pixel] * 2.0**-22 < 0.5 / area)
