# SPDX-License-Identifier: BSD-3-Clause
"""Pillow's linear filters under Pillow's names, for ``image.filter``: ``from fastconv import ImageFilter``.

    Kernel  GaussianBlur  BoxBlur  UnsharpMask
    BLUR  CONTOUR  DETAIL  EDGE_ENHANCE  EDGE_ENHANCE_MORE  EMBOSS  FIND_EDGES  SHARPEN  SMOOTH  SMOOTH_MORE

They take images of every mode. 1 is filtered as L, PA as RGBA, P as RGB, or as RGBA where its palette is; all
others, F too, keep their mode. An image whose `info` tells what is transparent becomes LA or RGBA: filtered
values would be holes where they hit it. What else is not Pillow's:

* Kernels may have any size, and filter the edges too, where Pillow copies 1 or 2 pixels; ``border=`` says
  what stands outside. Sums are exact, and rounded once, half to even.
* GaussianBlur is a Gaussian. Pillow's is three box blurs, a few grey levels away from one, and more near
  the edges, which it extends before each.
* BoxBlur rounds once. Pillow's rounds after the rows and after the columns: it is at most one off.

``exact=True`` makes all of them (a Kernel of 3 x 3 or 5 x 5) give Pillow's result to the pixel: its edges,
its sums, its rounding, and its modes only. Small pictures are then left to Pillow.
"""

from __future__ import annotations

import math
import sys
from array import array
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from random import Random
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageFilter

# Of which only the methods are used, as they are before anything takes their place.
from PIL.ImageFilter import BoxBlur as PillowsBoxBlur
from PIL.ImageFilter import GaussianBlur as PillowsGaussianBlur
from PIL.ImageFilter import Kernel as PillowsKernel
from PIL.ImageFilter import UnsharpMask as PillowsUnsharpMask

from .. import _levels, kernels
from .._arguments import quiet
from .._borders import canonical
from .._engine.planner import binary_unit
from .._engine.stand_in import work_of
from .._options import Product
from .._plan import Plan, make_plan
from .._products import Weights, correlate_product, product_of_lines
from ..api import correlate
from ..containers.pillow import without_palette
from ..containers.pillow_cores import FOUR_BYTES, Work, bytes_of, filtered, filtered_bytes
from . import originals

__all__ = [
    "BLUR",
    "CONTOUR",
    "DETAIL",
    "EDGE_ENHANCE",
    "EDGE_ENHANCE_MORE",
    "EMBOSS",
    "FIND_EDGES",
    "SHARPEN",
    "SMOOTH",
    "SMOOTH_MORE",
    "BoxBlur",
    "GaussianBlur",
    "Kernel",
    "UnsharpMask",
]

Array = NDArray[Any]

# Weights that a kernel may have.
_LONGEST = 2**24
# Products that Pillow has summed before we have begun, and bytes times passes of a blur. Measured on Intel
# Xeon, v4, as all of these.
_FEW_PRODUCTS = 3_600
_FEW_PASSED = 1_800
# Products from which on finding out which order of sums is the fastest is worth its time.
_MANY_PRODUCTS = 200_000
# Sums of such numbers in float32 might be infinite, and differences of them no number.
_INFINITE = 2.0**100
# Modes that Pillow blurs.
_BLURRED = frozenset(("L", "LA", "La", "RGB", "RGBA", "RGBa", "RGBX", "CMYK"))
# Larger numbers in a blur are left to Pillow.
_LARGE = 1 << 20


# --- Pillow's own results ------------------------------------------------------------------------
#
# Each takes a filter and an image's core, as the method `filter` of Pillow's classes does, whose place it can
# take. NotImplemented: Pillow knows what is wrong, or does it sooner.


def kernel_exactly(self: Any, core: Any) -> Any:
    """What Pillow's kernels give.

    Pillow sums in float32, adds 1/2 and cuts off. So does the engine, in the same order. Where no such sum is
    rounded any order will do, and the fastest is taken. Wide pixels and modes of which the bytes are no grey
    values are left to Pillow.
    """
    try:
        size, scale, offset, weights = self.filterargs
    except (
        AttributeError,
        TypeError,
        ValueError,
    ):  # and Pillow says why, unless the mode is wrong, too
        return NotImplemented
    products = work_of(core, size[0], 1, FOUR_BYTES)
    if products < max(_FEW_PRODUCTS, 1):
        return NotImplemented
    try:
        sums = _pillows_sums(size, scale, offset, tuple(weights))
        if sums is None:
            return NotImplemented
        if products >= _MANY_PRODUCTS or not _sums_like_pillow():
            correlation = _pillows_correlation(size, scale, offset, tuple(weights))
            if correlation is not None:
                return filtered(core, partial(_correlate, *correlation))
            if not _sums_like_pillow():
                return NotImplemented
    except (TypeError, ValueError, OverflowError):  # and Pillow says why
        return NotImplemented
    return filtered_bytes(core, _levels.engine.pillows_kernel, *sums)


@lru_cache(maxsize=64)
def _pillows_sums(
    size: tuple[int, int], scale: float, offset: float, weights: tuple[float, ...]
) -> tuple[bytes, float] | None:
    """Weights as Pillow stores them, and what it adds to its sums: the offset, and 1/2.

    None if it divides by 0, or its sums may be infinite. (Any step of NumPy's takes as long as Pillow does
    with a small picture.)
    """
    scale, offset, *given = array("f", (scale, offset, *weights))
    if size not in ((3, 3), (5, 5)) or len(given) != size[0] * size[1] or scale == 0:
        return None
    # a quotient of two float32 that is rounded to float64 first is the same (Figueroa, 1995)
    stored = array("f", [weight / scale for weight in given])
    if not 255 * sum(map(abs, stored)) + abs(offset) < _INFINITE:
        return None
    return stored.tobytes(), array("f", [offset + 0.5])[0]


@lru_cache(maxsize=64)
@quiet
def _pillows_correlation(
    size: tuple[int, int], scale: float, offset: float, weights: tuple[float, ...]
) -> tuple[Array, float] | None:
    """A kernel, and what to add to its sums, of which the nearest integer is Pillow's, in any order. None if
    the order counts.
    """
    sums = _pillows_sums(size, scale, offset, weights)
    if sums is None:
        return None
    stored, offset = (
        np.frombuffer(sums[0], np.float32).astype(np.float64),
        float(np.float32(offset)),
    )
    largest = 255 * np.abs(stored).sum() + abs(offset) + 0.5
    unit = binary_unit(np.append(stored, [offset, 0.5]))
    if largest <= 2.0**24 * unit:  # no sum is rounded, and ties go up
        return _turned(stored, size), offset + unit / 4
    # Pillow's sums may be off by so much (Higham, Accuracy and Stability, 3.1)
    error = 1.01 * (np.count_nonzero(stored) + 2) * 2.0**-24 * largest
    given = np.array(weights, np.float64)
    whole = scale % 1 == 0 and offset % 1 == 0 and not (given % 1).any()
    # whole numbers over an odd scale are no ties, and none is so near to one
    if whole and scale % 2 == 1 and error * abs(scale) < 0.25:
        return _turned(given / scale, size), offset
    return None


def _turned(weights: Array, size: tuple[int, int]) -> Array:
    return np.ascontiguousarray(weights.reshape(size)[::-1])


def _correlate(kernel: Array, offset: float, a: Array, out: Array) -> None:
    axis, r = -1 if a.ndim == 3 else None, kernel.shape[0] // 2
    correlate(a, kernel, border="nearest", channel_axis=axis, offset=offset, out=out)
    # the edges, which Pillow copies
    out[:r], out[-r:], out[:, :r], out[:, -r:] = a[:r], a[-r:], a[:, :r], a[:, -r:]


@lru_cache(maxsize=1)
def _sums_like_pillow() -> bool:
    """Whether this build of Pillow rounds each product and each sum: whether it gives the engine's results
    where one sum in six is a tie. One that was compiled for CPUs that fuse them does not.
    """
    for mode in ("L", "RGBA"):
        width, height = 45 // len(mode), 19
        noise = Random(0).randbytes(width * height * len(mode))
        core = Image.frombytes(mode, (width, height), noise).im
        for side in (3, 5):
            filterargs = (side, side), 6, 128, tuple(3 * i % 5 - 2 for i in range(side * side))
            sums = _pillows_sums(*filterargs)
            made = filtered_bytes(core, _levels.engine.pillows_kernel, *sums or ())
            if bytes_of(made) != bytes_of(core.filter(*filterargs)):
                return False
    return True


def _pillows(core: Any, filterargs: Any) -> Any:
    """The work handed back to Pillow, and counted as such."""
    originals.hand_back()
    return core.filter(*filterargs[:3], list(filterargs[3]))


def gaussian_exactly(self: Any, core: Any) -> Any:
    """What Pillow's GaussianBlur gives: three box blurs."""
    return _blur_exactly(core, self.radius, 3)


def box_exactly(self: Any, core: Any) -> Any:
    """What Pillow's BoxBlur gives: rounded after the rows and after the columns."""
    return _blur_exactly(core, self.radius, 1)


def unsharp_exactly(self: Any, core: Any) -> Any:
    """What Pillow's UnsharpMask gives."""
    percent, threshold = self.percent, self.threshold
    for value in (percent, threshold):  # these go into C's integers
        if type(value) is not int or abs(value) >= _LARGE:
            return NotImplemented
    if isinstance(self.radius, (tuple, list)):
        return NotImplemented
    return _blur_exactly(core, self.radius, 3, (percent, threshold))


def _blur_exactly(core: Any, radius: Any, passes: int, mask: tuple[int, int] | None = None) -> Any:
    if core.mode not in _BLURRED or work_of(core, 1, passes, FOUR_BYTES) < _FEW_PASSED:
        return NotImplemented
    try:
        x, y = (radius, radius) if isinstance(radius, (int, float)) else radius
    except (TypeError, ValueError):
        return NotImplemented
    for each in (x, y):
        if not isinstance(each, (int, float)) or not 0 <= each < _LARGE:
            return NotImplemented
    across, down = _pillows_pass(float(x), passes), _pillows_pass(float(y), passes)
    if not (across or down):
        return core.copy()

    def work(a: Any, out: Any) -> None:
        _levels.engine.pillows_blur(a, out, across, down, passes)
        if mask is not None:
            _levels.engine.pillows_unsharp(a, out, *mask)

    return filtered_bytes(core, work)


@lru_cache(maxsize=64)
def _pillows_pass(radius: float, passes: int) -> tuple[int, int, int] | None:
    """Whole radius, and the weights of whole and outermost pixels, of one of the box blurs that Pillow makes
    of a radius, in its own float32 (src/libImaging/BoxBlur.c); None where it makes none.
    """
    f = np.float32
    r = f(radius)
    if passes > 1:
        # double precision, where C has double constants and functions, but for what is stored
        variance = f(r * r / f(passes))
        length = f(math.sqrt(12.0 * float(variance) + 1.0))
        whole = f(math.floor((float(length) - 1.0) / 2.0))
        part = f((f(2) * whole + f(1)) * (whole * (whole + f(1)) - f(3) * variance))
        part = f(part / (f(6) * (variance - (whole + f(1)) * (whole + f(1)))))
        r = f(whole + part)
    if r == 0:
        return None
    reach = int(r)
    weight = int(f(1 << 24) / (r * f(2) + f(1)))
    return reach, weight, ((1 << 24) - (2 * reach + 1) * weight) % 2**32 // 2  # in 32 bits


class Method(NamedTuple):
    """What can take the place of the method `filter` of one of Pillow's classes."""

    function: Callable[[Any, Any], Any]
    few: int  # work that is left to Pillow; this and the others as FilterStandIn has them
    passes: int
    four_bytes: frozenset[str] = FOUR_BYTES


METHODS = {
    "BuiltinFilter": Method(kernel_exactly, _FEW_PRODUCTS, 0),
    "GaussianBlur": Method(gaussian_exactly, _FEW_PASSED, 3),
    "BoxBlur": Method(box_exactly, _FEW_PASSED, 1),
    "UnsharpMask": Method(unsharp_exactly, _FEW_PASSED, 3),
}


# --- filters -------------------------------------------------------------------------------------


class Kernel(ImageFilter.MultibandFilter):
    """Any kernel; as `PIL.ImageFilter.Kernel`, of any size.

    As in Pillow, the weights are correlated with the picture, their first row with the row *below* the
    pixel: the kernel lies upside down.

    Parameters
    ----------
    size : (int, int)
        Width and height, each at least 1.
    kernel : array_like, shape (width * height,) or (height, width)
        The weights.
    scale : number, optional
        What the sums are divided by; by default the sum of the weights, which must then not be 0.
    offset : number
        What is added to them then.
    border, cval
        What stands outside the picture, as for `fastconv.convolve`.
    exact : bool
        Whether to give Pillow's result to the pixel. Only for 3 x 3 and 5 x 5, and Pillow's modes; the
        edges are then copied, and `border` means nothing.

    Raises
    ------
    TypeError, ValueError
        An argument is wrong.

    Examples
    --------
    >>> from PIL import Image
    >>> from fastconv import ImageFilter
    >>> image = Image.new("L", (5, 4), 10)
    >>> list(image.filter(ImageFilter.Kernel((7, 1), [1] * 7)).tobytes())[:5]
    [10, 10, 10, 10, 10]
    """

    name = "Kernel"

    def __init__(
        self,
        size: tuple[int, int],
        kernel: ArrayLike,
        scale: float | None = None,
        offset: float = 0,
        *,
        border: str = "nearest",
        cval: float = 0,
        exact: bool = False,
    ) -> None:
        if exact and isinstance(kernel, (list, tuple)) and size in ((3, 3), (5, 5)):
            # as Pillow's own begins, which knows what is wrong
            PillowsKernel.__init__(self, size, kernel, scale, offset)  # type: ignore[arg-type]
            border, cval = _edges(border, cval)
        else:
            try:
                self.filterargs = _checked(size, tuple(kernel), scale, offset, exact)  # type: ignore[arg-type]
            except TypeError:  # rows of weights; or something is wrong, which says so again
                self.filterargs = _checked.__wrapped__(size, kernel, scale, offset, exact)
        self.exact, self._edges = exact, (border, cval)
        if not exact:
            self._sums()

    def _sums(self) -> _Sums:
        size, scale, offset, weights = self.filterargs
        return _sums_of(size, scale, offset, tuple(weights), *self._edges)

    def filter(self, image: Any) -> Any:
        """Filter an image's core; called by ``Image.filter``."""
        if not self.exact:
            return _through(image, self._sums())
        if image.mode in ("P", "F"):
            raise ValueError(
                f"image must not be of mode {image.mode} if exact: Pillow cannot filter it"
            )
        made = kernel_exactly(self, image)
        return _pillows(image, self.filterargs) if made is NotImplemented else made


class _Named(Kernel):
    """One of Pillow's own kernels."""

    _pillows: type[ImageFilter.BuiltinFilter]

    def __init__(self, *, border: str = "nearest", cval: float = 0, exact: bool = False) -> None:
        self.filterargs = self._pillows.filterargs
        self.exact, self._edges = exact, (border, cval)
        if (border, cval) != ("nearest", 0):
            _edges(border, cval)


class BLUR(_Named):
    """The mean of the 16 pixels around a square of 3 x 3. Options: see `Kernel`."""

    name = "Blur"
    _pillows = ImageFilter.BLUR


class CONTOUR(_Named):
    """White, minus the difference from the eight neighbours. Options: see `Kernel`."""

    name = "Contour"
    _pillows = ImageFilter.CONTOUR


class DETAIL(_Named):
    """Light sharpening. Options: see `Kernel`."""

    name = "Detail"
    _pillows = ImageFilter.DETAIL


class EDGE_ENHANCE(_Named):  # noqa: N801
    """Sharpening of all directions. Options: see `Kernel`."""

    name = "Edge-enhance"
    _pillows = ImageFilter.EDGE_ENHANCE


class EDGE_ENHANCE_MORE(_Named):  # noqa: N801
    """Twice that. Options: see `Kernel`."""

    name = "Edge-enhance More"
    _pillows = ImageFilter.EDGE_ENHANCE_MORE


class EMBOSS(_Named):
    """Grey, plus the difference from a diagonal neighbour. Options: see `Kernel`."""

    name = "Emboss"
    _pillows = ImageFilter.EMBOSS


class FIND_EDGES(_Named):  # noqa: N801
    """The difference from the eight neighbours. Options: see `Kernel`."""

    name = "Find Edges"
    _pillows = ImageFilter.FIND_EDGES


class SHARPEN(_Named):
    """Sharpening. Options: see `Kernel`."""

    name = "Sharpen"
    _pillows = ImageFilter.SHARPEN


class SMOOTH(_Named):
    """A blur of 3 x 3. Options: see `Kernel`."""

    name = "Smooth"
    _pillows = ImageFilter.SMOOTH


class SMOOTH_MORE(_Named):  # noqa: N801
    """A blur of 5 x 5. Options: see `Kernel`."""

    name = "Smooth More"
    _pillows = ImageFilter.SMOOTH_MORE


class _Blur(ImageFilter.MultibandFilter):
    """What blurs have in common: a radius, that of the moment."""

    radius: Any
    # Each blur has its own: its sums for the radius; Pillow's result, or NotImplemented; Pillow's, by Pillow.
    _sums: Any
    _exactly: Any
    _pillows: Any

    def _begin(self, radius: Any, border: str, cval: float, exact: bool) -> None:
        self.radius = radius
        self.exact, self._edges = exact, (border, cval)
        if exact and (border, cval) != ("nearest", 0):
            raise ValueError(f"border must be nearest if exact; got {border!r}")
        if not exact:
            self._sums()

    def filter(self, image: Any) -> Any:
        """Filter an image's core; called by ``Image.filter``."""
        if not self.exact:
            return _through(image, self._sums())
        made = self._exactly(image)
        if made is not NotImplemented:
            return made
        originals.hand_back()
        return self._pillows(image)


class GaussianBlur(_Blur):
    """A Gaussian; Pillow's of this name is near one.

    Parameters
    ----------
    radius : number or (number, number)
        Standard deviation in pixels, or (x, y); at least 0.
    border, cval
        What stands outside the picture, as for `fastconv.convolve`.
    exact : bool
        Whether to give Pillow's result to the pixel: three box blurs.

    Raises
    ------
    TypeError, ValueError
        An argument is wrong.

    See Also
    --------
    fastconv.kernels.gaussian : its weights.

    Examples
    --------
    >>> from PIL import Image
    >>> from fastconv import ImageFilter
    >>> dot = Image.new("L", (5, 1))
    >>> dot.putpixel((2, 0), 255)
    >>> list(dot.filter(ImageFilter.GaussianBlur((0.5, 0))).tobytes())
    [0, 27, 201, 27, 0]
    """

    name = "GaussianBlur"

    def __init__(
        self,
        radius: float | Sequence[float] = 2,
        *,
        border: str = "nearest",
        cval: float = 0,
        exact: bool = False,
    ) -> None:
        self._begin(radius, border, cval, exact)

    def _sums(self) -> _Sums:
        return _gaussian_sums(_hashable(self.radius), *self._edges)

    _exactly: Any = gaussian_exactly
    _pillows: Any = PillowsGaussianBlur.filter


class BoxBlur(_Blur):
    """The mean of a rectangle.

    Parameters
    ----------
    radius : number or (number, number)
        Pixels to either side, or (x, y); at least 0. With a fraction, that much of one pixel more.
    border, cval
        What stands outside the picture, as for `fastconv.convolve`.
    exact : bool
        Whether to give Pillow's result to the pixel: rounded after the rows and after the columns.

    Raises
    ------
    TypeError, ValueError
        An argument is wrong.

    Examples
    --------
    >>> from PIL import Image
    >>> from fastconv import ImageFilter
    >>> dot = Image.new("L", (7, 1))
    >>> dot.putpixel((3, 0), 120)
    >>> list(dot.filter(ImageFilter.BoxBlur((1.5, 0))).tobytes())
    [0, 15, 30, 30, 30, 15, 0]
    """

    name = "BoxBlur"
    _passes = 1

    def __init__(
        self,
        radius: float | Sequence[float],
        *,
        border: str = "nearest",
        cval: float = 0,
        exact: bool = False,
    ) -> None:
        if exact:
            PillowsBoxBlur.__init__(self, radius)  # type: ignore[arg-type]  # which checks it
        self._begin(radius, border, cval, exact)

    def _sums(self) -> _Sums:
        return _box_sums(_hashable(self.radius), *self._edges)

    _exactly: Any = box_exactly
    _pillows: Any = PillowsBoxBlur.filter


class UnsharpMask(_Blur):
    """Sharpen by the difference from a Gaussian blur.

    Parameters
    ----------
    radius : number or (number, number)
        Of `GaussianBlur`.
    percent : number
        How much of the difference to add. Of integers, whole ones: fractions are cut off.
    threshold : number
        A difference that is not larger is left alone.
    border, cval
        What stands outside the picture, as for `fastconv.convolve`.
    exact : bool
        Whether to give Pillow's result to the pixel. Only of one radius, and whole numbers.

    Raises
    ------
    TypeError, ValueError
        An argument is wrong.

    Examples
    --------
    >>> from PIL import Image
    >>> from fastconv import ImageFilter
    >>> step = Image.frombytes("L", (6, 1), bytes([50, 50, 50, 90, 90, 90]))
    >>> list(step.filter(ImageFilter.UnsharpMask((0.5, 0), 100)).tobytes())
    [50, 50, 46, 94, 90, 90]
    """

    name = "UnsharpMask"

    def __init__(
        self,
        radius: float | Sequence[float] = 2,
        percent: float = 150,
        threshold: float = 3,
        *,
        border: str = "nearest",
        cval: float = 0,
        exact: bool = False,
    ) -> None:
        self.percent: Any = percent if exact else _number(percent, "percent")
        self.threshold: Any = threshold if exact else _number(threshold, "threshold")
        self._begin(radius, border, cval, exact)

    def _sums(self) -> _Sums:
        return _gaussian_sums(_hashable(self.radius), *self._edges)

    _exactly: Any = unsharp_exactly
    _pillows: Any = PillowsUnsharpMask.filter

    def filter(self, image: Any) -> Any:
        """Filter an image's core; called by ``Image.filter``."""
        if self.exact:
            return super().filter(image)
        blur = self._sums()

        def work(a: Array, out: Array) -> None:
            blur(a, out)
            self._sharpen(a, out)

        return _through(image, work)

    def _sharpen(self, a: Array, blurred: Array) -> None:
        """Put what is to come out in the place of what is blurred."""
        percent, threshold = _number(self.percent, "percent"), _number(self.threshold, "threshold")
        if a.dtype == np.uint8 and _is_small(percent) and _is_small(threshold):
            if a.size:
                _levels.engine.pillows_unsharp(
                    a.reshape(-1), blurred.reshape(-1), int(percent), int(threshold)
                )
        else:
            blurred[...] = self._sharpened(a, blurred)

    @quiet
    def _sharpened(self, a: Array, blurred: Array) -> Array:
        if a.dtype.kind == "f":
            return np.add(a, self._change(a - blurred), dtype=a.dtype, casting="same_kind")
        sharp = a + self._change(a.astype(np.int64) - blurred)
        bounds = np.iinfo(a.dtype)
        saturated: Array = sharp.clip(bounds.min, bounds.max).astype(a.dtype)
        return saturated

    def _change(self, difference: Array) -> Array:
        part = difference * (self.percent / 100)
        if difference.dtype.kind != "f":
            part = np.trunc(difference * self.percent / 100)
        changed: Array = np.where(np.abs(difference) > self.threshold, part, 0)
        return changed


# --- the way to the engine -----------------------------------------------------------------------


class _Sums:
    """A kernel, a number to add, and what stands outside: checked once, called with arrays.

    Fills the second array with the sums of the first, rounded to its type.
    """

    def __init__(self, kernel: Weights, number: float, border: str, cval: float) -> None:
        self.kernel, self.number = kernel, number
        self.border, self.cval = _edges(border, cval)
        self.plans: dict[int, Plan] = {}

    def __call__(self, a: Array, out: Array) -> None:
        if isinstance(self.kernel, Product):  # to which no filter adds a number
            correlate_product(
                a, self.kernel, border=self.border, cval=self.cval, origin=0,
                channel_axis=-1 if a.ndim == 3 else None, dtype=None, out=out,
            )  # fmt: skip
            return
        plan = self.plans.get(a.ndim)
        if plan is None:
            plan = self.plans[a.ndim] = make_plan(
                self.kernel, False, border=self.border, cval=self.cval,
                channel_axis=-1 if a.ndim == 3 else None, offset=self.number,
            )  # fmt: skip
        plan(a, out=out)


def _through(core: Any, work: Work) -> Any:
    """Filter an image's core, and where its bytes are no grey values, one whose are."""
    image = _image_of(core) if core.mode in _KEYED else None
    if image is not None and "transparency" in image.info:
        return filtered(without_palette(image).im, work)
    if core.mode == "1":
        core = core.convert("L", 0)
    elif core.mode in ("P", "PA"):
        alpha = core.mode == "PA" or core.getpalettemode().endswith("A")
        core = core.convert("RGBA" if alpha else "RGB", 0)
    return filtered(core, work)


# Modes of which a value, a colour or an index may be said to be transparent.
_KEYED = ("1", "L", "P", "RGB")
# Calls between a filter and the method of an image that was given it.
_DEPTH = 6


def _image_of(core: Any) -> Image.Image | None:
    """The image whose `filter` method shows a filter its core; that says nothing of what is transparent."""
    frame = sys._getframe(1)
    for _ in range(_DEPTH):
        if frame.f_code.co_name == "filter":
            image = frame.f_locals.get("self")
            if isinstance(image, Image.Image) and image.im is core:
                return image
        if frame.f_back is None:
            break
        frame = frame.f_back
    return None


def _hashable(radius: Any) -> Any:
    """A radius as it can be remembered."""
    return tuple(radius) if isinstance(radius, (list, np.ndarray)) else radius


# Kernels that were made are kept with their plans; of wrong arguments nothing is.


@lru_cache(maxsize=64)
@quiet
def _sums_of(
    size: tuple[int, int],
    scale: float,
    offset: float,
    weights: tuple[float, ...],
    border: str,
    cval: float,
) -> _Sums:
    kernel = np.array(weights, np.float64).reshape(size[::-1])[::-1] / scale
    return _Sums(np.ascontiguousarray(kernel), float(offset), border, cval)


@lru_cache(maxsize=64)
@quiet
def _gaussian_sums(radius: Any, border: str, cval: float) -> _Sums:
    return _Sums(_gaussian(_radii(radius, 8)), 0.0, border, cval)


@lru_cache(maxsize=64)
@quiet
def _box_sums(radius: Any, border: str, cval: float) -> _Sums:
    return _Sums(_box(_radii(radius, 2)), 0.0, border, cval)


# --- checks --------------------------------------------------------------------------------------


def _number(value: Any, name: str) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise TypeError(f"{name} must be a number; got {value!r}") from None
    if not math.isfinite(number):
        raise ValueError(f"{name} must be finite; got {value!r}")
    return number


def _is_small(number: float) -> bool:
    """Whether it is whole, and the engine's integers hold products of it."""
    return number % 1 == 0 and abs(number) < _LARGE


def _edges(border: str, cval: float) -> tuple[str, float]:
    return canonical(border), _number(cval, "cval")


@lru_cache(maxsize=64)
@quiet
def _checked(size: Any, kernel: Any, scale: Any, offset: Any, exact: bool) -> tuple[Any, ...]:
    """What Pillow calls the filter's arguments."""
    width, height = _size(size)
    weights = _weights(kernel, width, height)
    if scale is None:
        scale = float(weights.sum())
        if scale == 0 and not exact:
            raise ValueError("scale must be given if the weights sum to 0")
    scale, offset = _number(scale, "scale"), _number(offset, "offset")
    if exact and (width, height) not in ((3, 3), (5, 5)):
        raise ValueError(f"size must be (3, 3) or (5, 5) if exact; got {(width, height)}")
    if scale == 0 and not exact:
        raise ValueError("scale must not be 0")
    return (width, height), scale, offset, tuple(weights.ravel().tolist())


def _size(size: Any) -> tuple[int, int]:
    problem = f"size must be (width, height), whole numbers of at least 1; got {size!r}"
    try:
        width, height = size
        whole = int(width), int(height)
    except (TypeError, ValueError, OverflowError):
        raise TypeError(problem) from None
    if whole != (width, height) or min(whole) < 1:
        raise ValueError(problem)
    return whole


def _weights(kernel: ArrayLike, width: int, height: int) -> Array:
    try:
        weights = np.asarray(kernel, np.float64)
    except (TypeError, ValueError):
        raise TypeError(f"kernel must hold numbers; got {kernel!r}") from None
    if weights.shape not in ((width * height,), (height, width)):
        raise ValueError(
            f"kernel must hold {width} * {height} weights, in one row or {height}; got shape {weights.shape}"
        )
    if not np.isfinite(weights).all():
        raise ValueError("kernel must hold finite numbers")
    return weights.reshape(height, width)


def _radii(radius: Any, width: float) -> tuple[float, float]:
    """For x and y; a kernel is `width` times as wide as its radius."""
    x, y = radius, radius
    if isinstance(radius, (tuple, list, np.ndarray)):
        if len(radius) != 2:
            raise ValueError(f"radius must be a number or (x, y); got {radius!r}")
        x, y = radius
    pair = _number(x, "radius"), _number(y, "radius")
    if min(pair) < 0:
        raise ValueError(f"radius must be at least 0; got {radius!r}")
    if width * max(pair) + 1 > _LONGEST:
        raise ValueError(
            f"radius must make a kernel of at most 2**24 rows and columns; got {radius!r}"
        )
    return pair


@lru_cache(maxsize=64)
def _gaussian(radii: tuple[float, float]) -> Weights:
    """The kernel; a radius of 0 leaves its axis as it is."""
    x, y = (max(r, 1e-9) for r in radii)  # one weight
    return product_of_lines(kernels.gaussian((1e-9, y))[0], kernels.gaussian((1e-9, x))[0])


@lru_cache(maxsize=64)
def _box(radii: tuple[float, float]) -> Weights:
    across, down = (_box_line(r) for r in radii)
    return product_of_lines(down, across)


def _box_line(radius: float) -> Array:
    whole = int(radius)
    line = np.ones(2 * whole + 1)
    if radius != whole:
        line = np.concatenate([[radius - whole], line, [radius - whole]])
    return line / (2 * radius + 1)
