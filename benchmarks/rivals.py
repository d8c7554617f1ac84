# SPDX-License-Identifier: BSD-3-Clause
"""The rivals of each cell, their calls, and the check of their answers.

`RIVALS` is the table: a name, the cells it can be asked, and its ways, best first. The first way
whose answer passes `verdict` is timed. A rival without such a way is reported with the reason and
not timed. No rival is slowed down: kernels have the type that the library prefers, inputs are
contiguous, `dst` or `output` is given where fastconv gets `out`, and conversions of kernels and
pictures are done before.

Right means: integers within 1 of the definition (that allows each library its own documented
rounding: OpenCV's fixed point, SciPy's truncation, Pillow's half up), floats within the error
bound of a sum in their type. fastconv itself must give the definition's integers exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import cv2
import numpy as np
import scipy.fft
from grid import Array, Cell
from photo import photograph
from PIL import Image, ImageFilter

import fastconv
from scipy import ndimage, signal

Call = Callable[[], Any]
#: Prepares a call; None where this way does not apply to the cell.
Way = Callable[[Cell, Array, "Array | None"], "Call | None"]


@dataclass(frozen=True)
class Rival:
    name: str
    library: str
    covers: Callable[[Cell], bool]
    ways: tuple[Way, ...]
    keeps_frame: bool = False  # its border is not ours: only the interior is compared


@dataclass(frozen=True)
class Entrant:
    """A rival and the call of its first way that is right; why those before it are not."""

    rival: Rival
    name: str
    call: Call | None
    reason: str = ""
    differing: float = 0.0  # share of samples that are not the definition's, integers only


def use_threads(count: int) -> None:
    """Give every library that has threads the same number of them."""
    fastconv.set_num_threads(count)
    cv2.setNumThreads(count)


# --- ways to ask ---------------------------------------------------------------------------------


def _fastconv(cell: Cell, image: Array, out: Array | None) -> Call:
    axis = -1 if image.ndim == 3 else None
    return partial(fastconv.convolve, image, cell.filter.weights, channel_axis=axis, out=out)


def _cv2_type(image: Array) -> type[np.floating[Any]]:
    return np.float64 if image.dtype == np.float64 else np.float32


def _filter2d(cell: Cell, image: Array, out: Array | None) -> Call:
    # OpenCV correlates, and puts the centre of an even kernel on the other side of the middle
    kernel = np.ascontiguousarray(cell.filter.weights[::-1, ::-1], _cv2_type(image))
    height, width = kernel.shape
    return partial(
        cv2.filter2D, image, -1, kernel, dst=out, anchor=((width - 1) // 2, (height - 1) // 2),
        borderType=cv2.BORDER_REFLECT,
    )  # fmt: skip


def _sep_filter2d(cell: Cell, image: Array, out: Array | None) -> Call:
    assert cell.filter.factors is not None
    down, along = (np.ascontiguousarray(f[::-1], _cv2_type(image)) for f in cell.filter.factors)
    return partial(cv2.sepFilter2D, image, -1, along, down, dst=out, borderType=cv2.BORDER_REFLECT)


def _gaussian_blur(cell: Cell, image: Array, out: Array | None) -> Call:
    assert cell.filter.sigma is not None
    shape = cell.filter.weights.shape[::-1]
    return partial(
        cv2.GaussianBlur, image, shape, cell.filter.sigma, dst=out, borderType=cv2.BORDER_REFLECT
    )


def _blur(cell: Cell, image: Array, out: Array | None) -> Call:
    shape = cell.filter.weights.shape[::-1]
    return partial(cv2.blur, image, shape, dst=out, borderType=cv2.BORDER_REFLECT)


def _output(image: Array, out: Array | None) -> Any:
    return image.dtype if out is None else out


def _ndimage_convolve(cell: Cell, image: Array, out: Array | None) -> Call:
    weights = cell.filter.weights
    kernel = weights[:, :, np.newaxis] if image.ndim == 3 else weights
    return partial(ndimage.convolve, image, kernel, output=_output(image, out))


def _ndimage_pair(cell: Cell, image: Array, out: Array | None) -> Call:
    assert cell.filter.factors is not None
    down, along = cell.filter.factors
    # between the passes nothing may be rounded to the picture's type; floats stay what they are
    between = image.dtype if image.dtype.kind == "f" else np.dtype(np.float32)
    half = np.empty(image.shape, between)
    output = _output(image, out)

    def call() -> Any:
        ndimage.convolve1d(image, down, axis=0, output=half)
        return ndimage.convolve1d(half, along, axis=1, output=output)

    return call


def _ndimage_gaussian(cell: Cell, image: Array, out: Array | None) -> Call:
    sigma = (cell.filter.sigma,) * 2 + (0.0,) * (image.ndim - 2)
    return partial(ndimage.gaussian_filter, image, sigma, output=_output(image, out))


def _ndimage_uniform(cell: Cell, image: Array, out: Array | None) -> Call:
    size = cell.filter.weights.shape + (1,) * (image.ndim - 2)
    return partial(ndimage.uniform_filter, image, size, output=_output(image, out))


def _through_float(way: Way) -> Way:
    """Ask for floats, then round and saturate: what users do where integers come out wrong."""

    def rounded(cell: Cell, image: Array, out: Array | None) -> Call | None:
        if image.dtype.kind == "f":
            return None
        floats = np.empty(image.shape, np.float32)
        inner = way(cell, image, floats)
        assert inner is not None

        def call() -> Array:
            inner()
            return _stored(floats, image.dtype, out)

        return call

    return rounded


def _stored(floats: Array, dtype: np.dtype[Any], out: Array | None) -> Array:
    """Round and saturate, without a copy more than needed; `floats` is used up."""
    if dtype.kind == "f":
        return floats
    np.rint(floats, out=floats)
    np.clip(floats, 0, np.iinfo(dtype).max, out=floats)
    if out is None:
        return floats.astype(dtype)
    np.copyto(out, floats, casting="unsafe")
    return out


def _signal(function: Callable[..., Array], cell: Cell, image: Array, out: Array | None) -> Call:
    work = _cv2_type(image)
    kernel = cell.filter.weights.astype(work)
    pads = [((n - 1) // 2, n // 2) for n in kernel.shape]
    options: dict[str, Any] = {}
    if function is signal.oaconvolve:
        options["axes"] = (0, 1)
    if image.ndim == 3:
        kernel = kernel[:, :, np.newaxis]
        pads.append((0, 0))
    # convolve2d can mirror by itself, which is faster as long as there is little to do
    small = function is signal.convolve2d and image.size <= 64 * 64 and kernel.shape[0] % 2
    if small:
        options["boundary"] = "symm"

    def call() -> Array:
        picture = image.astype(work, copy=False)
        if not small:
            picture = np.pad(picture, pads, mode="symmetric")
        with scipy.fft.set_workers(fastconv.get_num_threads()):
            floats = function(picture, kernel, mode="same" if small else "valid", **options)
        return _stored(floats, image.dtype, out)

    return call


def _pillow_kernel(cell: Cell, image: Array, out: Array | None) -> Call:
    # Pillow correlates with the rows upside down, so only the columns are to be turned
    weights = cell.filter.weights
    turned = weights[:, ::-1].ravel().tolist()
    kernel = ImageFilter.Kernel((weights.shape[1], weights.shape[0]), turned, scale=1)
    return partial(Image.fromarray(image).filter, kernel)


def _pillow_box(cell: Cell, image: Array, out: Array | None) -> Call:
    return partial(
        Image.fromarray(image).filter, ImageFilter.BoxBlur(cell.filter.weights.shape[0] // 2)
    )


# --- the table -----------------------------------------------------------------------------------


def _any(cell: Cell) -> bool:
    return True


def _separable(cell: Cell) -> bool:
    return cell.filter.factors is not None


def _is_gaussian(cell: Cell) -> bool:
    return cell.filter.sigma is not None


def _is_box(cell: Cell) -> bool:
    return cell.filter.box


def _for_convolve2d(cell: Cell) -> bool:
    return cell.pixel.channels == 1 and cell.filter.weights.size <= 49


def _for_oaconvolve(cell: Cell) -> bool:
    # SciPy's own rule chooses transforms from about here
    return cell.filter.weights.size >= 81 and min(cell.size) >= 64


def _for_pillow_kernel(cell: Cell) -> bool:
    return cell.filter.weights.shape in ((3, 3), (5, 5)) and cell.pixel.dtype.kind == "u"


def _for_pillow_box(cell: Cell) -> bool:
    return cell.filter.box and cell.pixel.dtype == np.uint8


OURS = Rival("fastconv", "fastconv", _any, (_fastconv,))

RIVALS = (
    Rival("cv2.filter2D", "OpenCV", _any, (_filter2d,)),
    Rival("cv2.sepFilter2D", "OpenCV", _separable, (_sep_filter2d,)),
    Rival("cv2.GaussianBlur", "OpenCV", _is_gaussian, (_gaussian_blur,)),
    Rival("cv2.blur", "OpenCV", _is_box, (_blur,)),
    Rival(
        "ndimage.convolve", "SciPy", _any, (_ndimage_convolve, _through_float(_ndimage_convolve))
    ),
    Rival(
        "ndimage.convolve1d", "SciPy", _separable, (_ndimage_pair, _through_float(_ndimage_pair))
    ),
    Rival(
        "ndimage.gaussian_filter", "SciPy", _is_gaussian,
        (_ndimage_gaussian, _through_float(_ndimage_gaussian)),
    ),
    Rival(
        "ndimage.uniform_filter", "SciPy", _is_box,
        (_ndimage_uniform, _through_float(_ndimage_uniform)),
    ),
    Rival("signal.convolve2d", "SciPy", _for_convolve2d, (partial(_signal, signal.convolve2d),)),
    Rival("signal.oaconvolve", "SciPy", _for_oaconvolve, (partial(_signal, signal.oaconvolve),)),
    Rival("Pillow Kernel", "Pillow", _for_pillow_kernel, (_pillow_kernel,), keeps_frame=True),
    Rival("Pillow BoxBlur", "Pillow", _for_pillow_box, (_pillow_box,), keeps_frame=True),
)  # fmt: skip

# Such calls take seconds: with more products than this, rivals without short cuts are not even
# checked.
_MOST_PRODUCTS = 2e9
_NO_SHORT_CUT = ("ndimage.convolve", "signal.convolve2d")


# --- the check -----------------------------------------------------------------------------------

Tile = tuple[int, int, int, int]  # top, left, height, width


@lru_cache(maxsize=32)
def _tiles(size: tuple[int, int], frame: tuple[int, int]) -> tuple[Tile, ...]:
    """Places to compare: all of a small picture; corners, edges and middle of a large one."""
    spans = []
    for length, margin in zip(size, frame, strict=True):
        inside = length - 2 * margin
        side = min(inside, 64)
        if side < 1:
            return ()
        starts = {margin, margin + (inside - side) // 2, margin + inside - side}
        spans.append([(start, side) for start in sorted(starts)])
    return tuple((y, x, h, w) for y, h in spans[0] for x, w in spans[1])


@lru_cache(maxsize=64)
def _truth(cell: Cell, tile: Tile) -> Array:
    """The definition's answer on a tile."""
    image = _picture(cell)
    places = []
    for start, count, length, n in zip(
        tile[:2], tile[2:], image.shape, cell.filter.weights.shape, strict=False
    ):
        before, after = (n - 1) // 2, n // 2
        mirrored = np.pad(np.arange(length), (before, after), mode="symmetric")
        places.append(mirrored[start : start + before + count + after])
    right: Array = fastconv.reference.convolve(
        image[np.ix_(*places)], cell.filter.weights, shape="valid",
        channel_axis=-1 if image.ndim == 3 else None,
        dtype=image.dtype if image.dtype.kind == "u" else np.float64,
    )  # fmt: skip
    return right


def _picture(cell: Cell) -> Array:
    return photograph(cell.pixel, cell.size)


def verdict(cell: Cell, answer: Any, *, keeps_frame: bool, allowed: int) -> tuple[str, float]:
    """Return what is wrong with an answer ("" for nothing), and the share of differing integers."""
    image, weights = _picture(cell), cell.filter.weights
    got = np.asarray(answer)
    if got.shape != image.shape or got.dtype != image.dtype:
        return f"answers {got.dtype} {got.shape}", 0.0
    frame = (weights.shape[0] // 2, weights.shape[1] // 2) if keeps_frame else (0, 0)
    tiles = _tiles(cell.size, frame)
    if not tiles:
        return "keeps the picture's frame, and here is nothing but frame", 0.0
    worst, wrong, count = 0.0, 0, 0
    for tile in tiles:
        y, x, height, width = tile
        error = np.abs(got[y : y + height, x : x + width] - _truth(cell, tile).astype(np.float64))
        worst = max(worst, float(error.max()))
        wrong += int((error > 0).sum())
        count += error.size
    if image.dtype.kind == "f":
        largest = float(np.abs(weights).sum()) * float(np.abs(image).max())
        limit = (weights.size + 1) * float(np.finfo(image.dtype).eps) * largest
        return ("" if worst <= limit else f"off by {worst:.3g}, bound {limit:.3g}"), 0.0
    reason = f"off by up to {worst:.0f}, {wrong / count:.1%} of the samples differ"
    return ("" if worst <= allowed else reason), wrong / count


def enter(cell: Cell, rival: Rival) -> Entrant:
    """Ask a rival once, check the answer, and return the call to time."""
    if rival.name in _NO_SHORT_CUT and cell.products > _MOST_PRODUCTS:
        return Entrant(rival, rival.name, None, f"too slow: {cell.products:.1g} products a call")
    image = _picture(cell)
    reasons = []
    for number, way in enumerate(rival.ways):
        call = way(cell, image, np.empty_like(image) if cell.out else None)
        if call is None:
            continue
        try:
            answer = call()
        except (cv2.error, ValueError, OSError) as error:
            reasons.append(f"refuses: {str(error).strip().splitlines()[-1]}")
            continue
        reason, differing = verdict(
            cell, answer, keeps_frame=rival.keeps_frame, allowed=0 if rival is OURS else 1
        )
        if not reason:
            name = f"{rival.name}, rounded" if number else rival.name
            return Entrant(rival, name, call, "; ".join(reasons), differing)
        reasons.append(reason)
    return Entrant(rival, rival.name, None, "; ".join(reasons))


def field(cell: Cell) -> list[Entrant]:
    """Return fastconv and all rivals that can be asked this cell. fastconv must be right."""
    ours = enter(cell, OURS)
    if ours.call is None:
        raise AssertionError(f"fastconv is wrong: {cell}: {ours.reason}")
    return [ours, *(enter(cell, rival) for rival in RIVALS if rival.covers(cell))]
