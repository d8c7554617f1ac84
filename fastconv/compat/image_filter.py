# SPDX-License-Identifier: BSD-3-Clause
"""Pillow's linear filters under Pillow's names, for ``image.filter``: ``from fastconv import ImageFilter``.

    Kernel  GaussianBlur  BoxBlur  UnsharpMask
    BLUR  CONTOUR  DETAIL  EDGE_ENHANCE  EDGE_ENHANCE_MORE  EMBOSS  FIND_EDGES  SHARPEN  SMOOTH  SMOOTH_MORE

They take images of every mode. 1 is filtered as L, PA as RGBA, P as RGB, or as RGBA where its palette is; all
others, F too, keep their mode. (Pillow shows a filter the pixels only: of a P image whose transparency is in
its `info`, nothing is known here. `fastconv.apply` sees it.) What else is not Pillow's:

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
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageFilter
from PIL.ImageFilter import BoxBlur as PillowsBoxBlur  # also while another one has its name
from PIL.ImageFilter import Kernel as PillowsKernel

from .. import _levels, kernels
from .._arguments import quiet
from .._borders import canonical
from .._engine.planner import binary_unit
from .._options import Product
from .._products import Weights, correlate_product, product_of_lines
from ..api import correlate
from ..containers.pillow import _BANDS, GREY, _band_array, _flip_signs, _grey_array, _image
from . import originals
from .offset_sums import correlate_plus

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
# From windows, and their channel axis: sums to be cut off, and where these are in doubt.
_Sums = Callable[[Array, "int | None"], "tuple[Array, Array | None]"]

# Weights that a kernel may have.
_LONGEST = 2**24
# If more results than this share are in doubt, Pillow does the whole picture sooner than their windows.
_MANY = 1 / 16
# Pixels below which Pillow is done before its pixels were copied here.
_SMALL = 80 * 80
# The same for its blurs, in bytes.
_FEW_BYTES = 2048
# Modes that Pillow blurs.
_BLURRED = frozenset(("L", "LA", "La", "RGB", "RGBA", "RGBa", "RGBX", "CMYK"))
# Larger numbers in a blur are left to Pillow.
_LARGE = 1 << 20
# Samples of a band of rows that stay in the caches while they are rounded.
_NEAR = 1 << 16


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

    @quiet
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
            self._begin_exactly(size, kernel, scale, offset, border, cval)
            return
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
        self.filterargs = (width, height), scale, offset, weights.ravel().tolist()
        self.exact = exact
        self._edges = _Edges(border, cval)
        if not exact:
            self._kernel = np.ascontiguousarray(weights[::-1] / scale)

    def _begin_exactly(
        self, size: Any, kernel: Any, scale: Any, offset: Any, border: str, cval: float
    ) -> None:
        """As Pillow's own begins, which is soon done and knows what is wrong."""
        PillowsKernel.__init__(self, size, kernel, scale, offset)  # type: ignore[arg-type]
        self.exact = True
        self._edges = _Edges(border, cval) if (border, cval) != ("nearest", 0) else _PLAIN

    def filter(self, image: Any) -> Any:
        """Filter an image's core; called by ``Image.filter``."""
        if self.exact:
            return _exact(image, self.filterargs)
        offset = self.filterargs[2]
        return _through(image, lambda a: self._edges.correlate(a, self._kernel, offset))


class _Named(Kernel):
    """One of Pillow's own kernels."""

    _pillows: type[ImageFilter.BuiltinFilter]

    def __init__(self, *, border: str = "nearest", cval: float = 0, exact: bool = False) -> None:
        size, scale, offset, kernel = self._pillows.filterargs
        super().__init__(size, kernel, scale, offset, border=border, cval=cval, exact=exact)


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
    """What blurs have in common: a kernel, or if `exact` Pillow's passes, by the radius of the moment."""

    _passes: int
    radius: Any

    def _begin(self, radius: Any, border: str, cval: float, exact: bool) -> None:
        self.radius = radius
        self.exact = exact
        self._edges = _PLAIN if (border, cval) == ("nearest", 0) else _Edges(border, cval)
        if exact and (border, cval) != ("nearest", 0):
            raise ValueError(f"border must be nearest if exact; got {border!r}")
        self._kernel = None if exact else self._weights(radius)

    def _weights(self, radius: Any) -> Weights:
        """The kernel of a radius; each blur has its own."""
        raise NotImplementedError

    def _blurred(self, a: Array) -> Array:
        assert self._kernel is not None
        return self._edges.correlate(a, self._kernel)

    def _pillows(self, core: Any) -> Any:
        """Pillow's own blur of a core, for pictures that are too small to be worth more."""
        raise NotImplementedError

    def _exact_passes(self) -> list[tuple[int, int, int] | None]:
        return _pillows_passes(self.radius, self._passes)

    def _after(self, a: Array, blurred: Array) -> None:
        """What is done to bytes that Pillow's passes have blurred."""

    def filter(self, image: Any) -> Any:
        """Filter an image's core; called by ``Image.filter``."""
        if not self.exact:
            return _through(image, self._blurred)
        width, height = image.size
        if width * height * image.bands < _FEW_BYTES:
            originals.hand_back()
            return self._pillows(image)
        if image.mode not in _BLURRED:
            raise ValueError(f"image must be of a mode that Pillow blurs; got {image.mode}")
        across, down = self._exact_passes()
        if not (across or down):
            return image.copy()
        # as Pillow stores it, so that nothing is packed
        raw = "RGBX" if image.mode == "RGB" else image.mode
        a = np.frombuffer(Image.Image()._new(image).tobytes("raw", raw), np.uint8)
        picture = a.reshape(height, width, -1)
        blurred = np.empty_like(picture)
        _levels.engine.pillows_blur(picture, blurred, across, down, self._passes)
        self._after(a, blurred.reshape(-1))
        return Image.frombytes(image.mode, (width, height), blurred.reshape(-1), "raw", raw).im


class _Gaussian(_Blur):
    _passes = 3

    def _weights(self, radius: Any) -> Weights:
        return _gaussian(_radii(radius, 8))


class GaussianBlur(_Gaussian):
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

    @quiet
    def __init__(
        self,
        radius: float | Sequence[float] = 2,
        *,
        border: str = "nearest",
        cval: float = 0,
        exact: bool = False,
    ) -> None:
        self._begin(radius, border, cval, exact)

    def _pillows(self, core: Any) -> Any:
        return core.gaussian_blur(_pair(self.radius))


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

    @quiet
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

    def _weights(self, radius: Any) -> Weights:
        return _box(_radii(radius, 2))

    def _pillows(self, core: Any) -> Any:
        return core.box_blur(_pair(self.radius))


class UnsharpMask(_Gaussian):
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

    @quiet
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

    def _blurred(self, a: Array) -> Array:
        return self._sharpened(a, super()._blurred(a))

    def _pillows(self, core: Any) -> Any:
        return core.unsharp_mask(self.radius, self.percent, self.threshold)

    def _after(self, a: Array, blurred: Array) -> None:
        _levels.engine.pillows_unsharp(a, blurred, self.percent, self.threshold)

    def _exact_passes(self) -> list[tuple[int, int, int] | None]:
        _check_mask(self.radius, self.percent, self.threshold)
        return super()._exact_passes()

    @quiet
    def _sharpened(self, a: Array, blurred: Array) -> Array:
        if a.dtype.kind == "f":
            return np.add(a, self._change(a - blurred), dtype=a.dtype, casting="same_kind")
        if a.dtype == np.uint8:  # there are but 511 differences
            changes = self._change(np.arange(-255, 256)).clip(-255, 255).astype(np.int16)
            sharp = a + changes.take(a.astype(np.int16) - blurred + 255)
        else:
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


class _Edges:
    """What stands outside a picture."""

    def __init__(self, border: str, cval: float) -> None:
        self.border = canonical(border)
        self.cval = _number(cval, "cval")

    def correlate(self, a: Array, kernel: Weights, offset: float = 0.0) -> Array:
        """Correlate, add, and round to the picture's own type."""
        axis = -1 if a.ndim == 3 else None
        if isinstance(kernel, Product):  # to which no filter adds a number
            return correlate_product(
                a, kernel, border=self.border, cval=self.cval, origin=0, channel_axis=axis,
                dtype=np.dtype(a.dtype.type),
            )  # fmt: skip
        return correlate_plus(
            a, kernel, offset, dtype=np.dtype(a.dtype.type), border=self.border, cval=self.cval,
            origin=0, channel_axis=axis,
        )  # fmt: skip


def _through(core: Any, work: Callable[[Array], Array]) -> Any:
    """Filter an image's core as an array of shape (H, W) or (H, W, C)."""
    image = _without_palette(core)
    if image.mode in GREY:
        dtype = np.dtype(GREY[image.mode])
        return _image(work(_grey_array(image)).astype(dtype, copy=False), image.mode, image.size).im
    if image.mode not in _BANDS:
        raise ValueError(f"image must be of a mode that Pillow can filter; got {image.mode}")
    filtered = work(_band_array(image))
    if image.mode == "LAB":
        _flip_signs(filtered)
    return _image(filtered, image.mode, image.size).im


def _without_palette(core: Any) -> Image.Image:
    """The image of a core, or where its bytes are no grey values, one whose are."""
    if core.mode == "1":
        core = core.convert("L", 0)
    elif core.mode in ("P", "PA"):
        alpha = core.mode == "PA" or core.getpalettemode().endswith("A")
        core = core.convert("RGBA" if alpha else "RGB", 0)
    return Image.Image()._new(core)


# --- Pillow's own results ------------------------------------------------------------------------


def _exact(core: Any, filterargs: Any) -> Any:
    """What Pillow's Kernel gives.

    Pillow sums in float32, adds 1/2 and cuts off. An exact sum that is farther from a tie than such a sum
    can be off gives the same; the windows of the others are put side by side for Pillow itself. Wide pixels,
    of which most would be in doubt, and modes of which the bytes are no grey values, are left to Pillow.
    """
    if core.mode in ("P", "F"):
        raise ValueError(f"image must not be of mode {core.mode} if exact: Pillow cannot filter it")
    size, scale, offset, weights = filterargs
    (width, height), side = core.size, size[0]
    if width * height < _SMALL or min(width, height) < side or core.mode not in ("L", *_BANDS):
        return _pillows(core, filterargs)
    sums_of = _pillows_sums(size, scale, offset, tuple(weights))
    if sums_of is None:
        return _pillows(core, filterargs)
    image = Image.Image()._new(core)
    a = _grey_array(image) if core.mode == "L" else _band_array(image)
    result = a.copy()
    doubtful = _half_up(a, sums_of, size[0] // 2, result)
    if doubtful is None:
        return _pillows(core, filterargs)
    if doubtful[0].size:
        result[doubtful] = _by_pillow(a, doubtful, PillowsKernel(size, weights, scale, offset))
    if core.mode == "LAB":
        _flip_signs(result)
    return _image(result, core.mode, core.size).im


def _pillows(core: Any, filterargs: Any) -> Any:
    """The work handed back to Pillow, for whoever counts."""
    originals.hand_back()
    return core.filter(*filterargs)


@quiet
def _half_up(a: Array, sums_of: _Sums, r: int, out: Array) -> tuple[Array, ...] | None:
    """Write the sums, rounded half up, of all windows of radius `r` inside. Tell where Pillow's may be
    others, or None if these are too many.
    """
    inside = out[r:-r, r:-r]
    axis = -1 if a.ndim == 3 else None
    rows = max(8, _NEAR // a[:1].size)
    doubtful = [[np.empty(0, np.intp)] for _ in a.shape]
    for y in range(0, len(inside), rows):
        band = inside[y : y + rows]
        sums, near = sums_of(a[y : y + len(band) + 2 * r], axis)
        sums.clip(0, 255, out=sums)
        np.copyto(band, sums, casting="unsafe")
        if near is None:
            continue
        # of a line of bytes, NumPy finds those that are not zero ten times as fast as of a rectangle
        flat = np.flatnonzero(near.ravel())
        if flat.size > _MANY * near.size:
            return None
        found = np.unravel_index(flat, near.shape)
        for places, more, shift in zip(doubtful, found, (y + r, r, 0), strict=False):
            places.append(more + shift)
    return tuple(np.concatenate(places) for places in doubtful)


@lru_cache(maxsize=64)
def _pillows_sums(
    size: tuple[int, int], scale: float, offset: float, weights: tuple[float, ...]
) -> _Sums | None:
    """How to sum what Pillow sums; None if it divides by 0, or float32 cannot hold such weights."""
    with np.errstate(all="ignore"):  # as Pillow stores them
        kernel = np.array(weights, np.float32).reshape(size[::-1]) / np.float32(scale)
        kernel = kernel[::-1].astype(np.float64)
        offset = float(np.float32(offset))
        largest = 255 * np.abs(kernel).sum() + abs(offset) + 0.5
    if scale == 0 or not largest < 2.0**100:
        return None
    return _whole_sums(kernel, offset, largest) or (
        None if _ties(weights, scale) > _MANY else _float_sums(kernel, offset, largest)
    )


def _ties(weights: tuple[float, ...], scale: float) -> float:
    """The share of sums of whole weights, over a whole scale, that are ties: one in 6 of DETAIL's."""
    whole = scale % 2 == 0 and all(w % 1 == 0 for w in weights)
    return 1 / abs(scale) if whole else 0.0


@quiet
def _whole_sums(kernel: Array, offset: float, largest: float) -> _Sums | None:
    """Sums half a unit up, to be cut off, of weights that are multiples of one power of two, and so few of
    them that float32 sums are exact; None for other weights.
    """
    unit = binary_unit(np.append(kernel, [offset, 0.5]))
    if largest > 2.0**24 * unit:
        return None
    work = np.int16 if largest < 2.0**15 * unit else np.int32
    whole, more, places = kernel / unit, work((offset + 0.5) / unit), work(-np.log2(unit))

    def sums_of(a: Array, axis: int | None) -> tuple[Array, None]:
        sums = correlate(a, whole, shape="valid", channel_axis=axis, dtype=work)
        sums += more
        sums >>= places
        return sums, None

    return sums_of


@quiet
def _float_sums(kernel: Array, offset: float, largest: float) -> _Sums:
    """Sums half a unit up, to be cut off, in float32, and where they are too near a whole number."""
    kernel = np.ascontiguousarray(kernel)
    more = np.float32(offset + 0.5)
    # Pillow's sums, and these, may be off by so much (Higham, Accuracy and Stability, 3.1)
    error = np.float32(2 * 1.01 * (np.count_nonzero(kernel) + 2) * 2.0**-24 * largest)

    def sums_of(a: Array, axis: int | None) -> tuple[Array, Array]:
        sums = correlate(a, kernel, shape="valid", channel_axis=axis, dtype=np.float32)
        sums += more
        rest = np.rint(sums)
        np.subtract(sums, rest, out=rest)
        np.abs(rest, out=rest)
        return sums, rest <= error

    return sums_of


def _by_pillow(a: Array, at: tuple[Array, ...], same: PillowsKernel) -> Array:
    """Results of some samples, by Pillow, from an image of their windows side by side."""
    k = same.filterargs[0][0]
    step = np.arange(k) - k // 2
    y = at[0][np.newaxis, :, np.newaxis] + step[:, np.newaxis, np.newaxis]
    x = at[1][np.newaxis, :, np.newaxis] + step
    windows = a[y, x] if a.ndim == 2 else a[y, x, at[2][np.newaxis, :, np.newaxis]]
    row = Image.fromarray(np.ascontiguousarray(windows.reshape(k, -1)))
    return np.asarray(row.filter(same))[k // 2, k // 2 :: k]


def _pair(radius: Any) -> tuple[float, float]:
    return (radius, radius) if isinstance(radius, (int, float)) else radius


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


def _pillows_passes(radius: Any, passes: int) -> list[tuple[int, int, int] | None]:
    """Across and down; an error for what only Pillow can refuse, or do."""
    x, y = _pair(radius)
    for each in (x, y):
        if not isinstance(each, (int, float)) or not 0 <= each < _LARGE:
            raise ValueError(f"radius must be a number from 0 to 2**20, or (x, y); got {radius!r}")
    return [_pillows_pass(float(each), passes) for each in (x, y)]


def _check_mask(radius: Any, percent: Any, threshold: Any) -> None:
    """What goes into C's integers; the rest Pillow refuses, or does."""
    for value, name in ((percent, "percent"), (threshold, "threshold")):
        if type(value) is not int or abs(value) >= _LARGE:
            raise ValueError(f"{name} must be a whole number below 2**20 if exact; got {value!r}")
    if isinstance(radius, (tuple, list)):
        raise TypeError(f"radius must be a number if exact; got {radius!r}")


# --- checks --------------------------------------------------------------------------------------


def _number(value: Any, name: str) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise TypeError(f"{name} must be a number; got {value!r}") from None
    if not np.isfinite(number):
        raise ValueError(f"{name} must be finite; got {value!r}")
    return number


_PLAIN = _Edges("nearest", 0)  # of the many filters that say nothing of it


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
