# SPDX-License-Identifier: BSD-3-Clause
"""Arrays with missing samples: sums over what is there, divided by the weights that it had.

How both are summed is the planner's choice, as for any other kernel: of samples that are 0 where they are
missing, and of bytes that are 1 where they are there. Whole numbers are summed of rational kernels, so that
the quotient is rounded once. src/missing.pyx takes a block of the image through both sums and the quotient,
and blocks without missing samples through the plain call.

    results             kernel         sums of                   quotient
    integers            rational       whole numbers, exact      exact
      of integers       any other      float64, within a bound   near a tie, the definition's
    integers of floats  any            none                      the definition's
    floats              any            as of the plain call      within 2 (taps + 2) eps of a weighted mean

Complex images are two real ones. Kernels of four axes and more are summed by the definition.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil, gcd, isfinite, lcm, prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import _levels, _threads, reference
from ._borders import BORDERS, index_table
from ._engine.calls import program_of
from ._engine.planner import Kernel, Strategy
from ._execute import Axis
from ._mask import SLACK, check_last_steps, check_nan, fill_of, is_held, joined
from ._options import bits_of, checked_out
from ._pixels import PIXELS, Floats, Pixel, pixel_of
from ._planner import decide
from .reference import rational

if TYPE_CHECKING:
    from ._plan import Part, Plan

Bools = NDArray[np.bool_]
Array = NDArray[Any]

# How quotients are made; see src/missing.pyx.
_WHOLE32, _WHOLE64, _INTEGERS, _DOUBT32, _DOUBT, _ALL = range(6)
# Samples whose sums may be float32.
_NARROW = ("uint8", "int8", "uint16", "int16", "float16", "float32")
_NARROW_RESULTS = ("float16", "float32")
_SUM_TYPES = ("uint8", "uint16", "int32", "int64")
# Results of a block of a picture and of a volume, and its least edge in kernels: what is around it is
# summed too.
BLOCK = (64, 512)
_BLOCK_OF_SLICES = (16, 32, 128)
_LEAST_KERNELS = 4
# Methods whose sums of integers are exact if their type holds them, whatever the order.
_EXACT = ("direct", "sparse", "box")
_NO_DOUBT = (0.0, 0.0, np.zeros((0, 3)), 0.0, 0.0, True, 0.0, 0.0, np.zeros((1, 8)))
# Weights of a row that src/missing.pyx sums at a time.
_TAPS = 8
_NO_HOLES = np.zeros((), np.bool_)
# Images of other types and sizes that a plan knows.
_KEPT = 4
# Predicted ns a sample for all but the sums, and a tap of a sum in float64; measured on Xeon, v4. Results
# near a tie: on both sides of it, if a quarter of the weights is there.
_NS, _NS_TAP, _DOUBTS = 0.5, 0.2, 8
# Weights that are subtracted at a time, as in src/missing.pyx; ns for a result that gets those of all
# samples, for a row of weights around a missing sample, and for RUN of them in float32. On Xeon, v4,
# `benchmarks/bench_missing.py --fit` printed 0.11 to 0.17, 0.9 to 3.2 and 2.3 to 3.7; the first is more
# here, since 3 x 3 taps on float32 with 1 % missing take less time if they are summed.
_RUN = 16
_NS_FILLED, _NS_SPREAD, _NS_RUN = 0.25, 2.5, 2.5


class Windows(NamedTuple):
    """Where the windows of an array of (..., H, W, C) stand, or of one of (..., D, H, W, C).

    Attributes
    ----------
    axes : tuple of Axis
        Along rows and columns, or along slices, rows and columns.
    borders : tuple of str
    taps, steps : tuple of int
        Of the kernel along them; from a window to the next one.
    size : (int, int)
        Height and width of the result that this is, or is a part of.
    """

    axes: tuple[Axis, ...]
    borders: tuple[str, ...]
    taps: tuple[int, ...]
    steps: tuple[int, ...]
    size: tuple[int, int]

    @property
    def volume(self) -> bool:
        """Whether the engine takes such a kernel as a list of rows."""
        return len(self.axes) > 2

    @property
    def how(self) -> dict[str, Any]:
        """What the planner must know of it."""
        return {"slices": self.taps[0], "steps": self.steps[1:]} if self.volume else {}


class Laid(NamedTuple):
    """An image as it is filtered: views of it and of its result, windows and kernel."""

    of_image: Callable[[Array], Array]
    of_result: Callable[[Array], Array]
    windows: Windows
    kernel: Kernel


class Spread(NamedTuple):
    """Weights that are subtracted around each missing sample, where that is less work than a sum of what is
    there.

    Attributes
    ----------
    weights : ndarray
        Row by row, from right to left, each filled up with 0.
    total : float
    whole : bool
        Whether they are whole numbers.
    share : float
        Most missing samples for each result.
    most_lows : float
        Most weights that are summed one by one, for each result.
    """

    weights: Array
    total: float
    whole: bool
    share: float
    most_lows: float


@dataclass(frozen=True, eq=False)
class _Sum:
    """A kernel, the way to its sums, and their type; and if what is there is summed, the weights row by row,
    and whether these are whole numbers.
    """

    kernel: Kernel
    strategy: Strategy
    target: Pixel
    unit: Floats | None = None
    whole: bool = False

    def program(self, channels: int, windows: Windows) -> tuple[Any, int]:
        """The engine's, with the type as a number."""
        code = self.target.code
        if not windows.volume:
            return program_of(self.strategy, self.kernel, code, channels), code
        made = _levels.engine.Program(
            self.kernel, self.strategy, channels, code, windows.taps[0], windows.steps
        )
        return made, code


@dataclass(frozen=True, eq=False)
class Recipe:
    """How images of a type and size are filtered where samples are missing.

    Attributes
    ----------
    plain : _Sum
        Where nothing is.
    sums, weights, sizes : _Sum or None
        Of samples, of what is there by the weights, and by their magnitudes.
    how : int
    quotient, doubt : tuple
        Numbers of `Blocks` in src/missing.pyx.
    """

    plain: _Sum
    sums: _Sum | None
    weights: _Sum | None
    sizes: _Sum | None
    how: int
    quotient: tuple[float, ...]
    doubt: tuple[Any, ...]

    @property
    def cost(self) -> float:
        """Predicted ns a sample."""
        each = [s.strategy.cost for s in (self.sums, self.weights, self.sizes) if s is not None]
        return _NS + sum(each) if each else self.plain.strategy.cost


# --- a call ---------------------------------------------------------------------------------------


def run(
    plan: Plan,
    image: Array,
    mask: Bools | None,
    out: Array | None,
    part: Part | None = None,
    hidden: bool = False,
) -> tuple[Array, Bools]:
    """Filter an image in memory.

    Parameters
    ----------
    plan : Plan
    image : ndarray
    mask : ndarray of bool, of the image's shape, or None
    out : ndarray or None
    part : Part, optional
        As in `Plan.run`.
    hidden : bool
        Whether the caller will mask results that are missing.

    Returns
    -------
    result : ndarray
    holes : ndarray of bool
        Where it is missing; of any shape unless `hidden`.
    """
    missing = plan.missing
    if plan.offset or plan.absolute:
        check_last_steps(missing, mask is not None)
    if missing.nan_policy == "raise":
        check_nan(image, mask)
    nan = missing.nan_policy == "omit" and image.dtype.kind in "fc"
    dtype = plan.target(image.dtype) if out is None or plan.dtype is not None else out.dtype
    may_miss = mask is not None or nan
    fill = fill_of(missing.fill, dtype, hidden or not may_miss)
    misses = image.size > 0 and (missing.omit or _misses(image, mask, nan))
    if not (hidden or misses):
        if part is None and missing.nan_policy != "raise":
            search = _levels.missing().address_of_search()
            plan.serves_whole(
                plan.plain(plan.dtype), dtype.num, missing.nan_policy == "omit", search
            )
        return _plainly(plan, image, out, part), _NO_HOLES
    shape = plan.shape_of(image, part)
    if out is not None:
        checked_out(out, shape, dtype)
    if 0 in shape or not misses:
        return _plainly(plan, image, out, part), np.zeros(shape if hidden else (), np.bool_)
    if not plan.kernel.any():
        return _plainly(plan, image, out, part), np.zeros(shape, np.bool_)
    if not plan.listed:
        return _defined(plan, image, mask, dtype, fill, out, part, nan)
    result, holes = np.empty(shape, _made(dtype)), None
    if hidden or (missing.omit and not may_miss and dtype.kind in "iu"):
        holes = np.empty(shape, np.bool_)
    if "c" in (image.dtype.kind, plan.kernel.dtype.kind) or dtype.kind == "c":
        holes = np.empty(shape, np.bool_)
        _complex(plan, image, mask, result, holes, fill, part, nan)
    else:
        made = _real(plan, image, mask, result, holes, fill, part)
        as_given = out is None and part is None and missing.nan_policy != "raise"
        if made is not None and as_given and result.dtype == dtype:
            plan.repeats_missing(image, mask, result, *made)
    if not may_miss and holes is not None and not hidden and missing.fill is None and holes.any():
        fill_of(None, dtype, False)  # which says what is missing
    if out is None:
        if result.dtype != dtype:
            with np.errstate(all="ignore"):
                result = result.astype(dtype)
        out = result
    else:
        with np.errstate(all="ignore"):
            out[...] = result
    return out, _NO_HOLES if holes is None else holes


def _misses(image: Array, mask: Bools | None, nan: bool) -> bool:
    """Whether any sample is missing."""
    if mask is not None:
        if 0 in mask.strides:
            mask = mask[tuple(slice(0, 1) if step == 0 else slice(None) for step in mask.strides)]
        if mask.any():
            return True
    if not nan:
        return False
    if image.dtype.kind == "c":
        return bool(np.isnan(image).any())
    return bool(np.isnan(image.min()))


def _plainly(plan: Plan, image: Array, out: Array | None, part: Part | None) -> Array:
    """The plain call: nothing is missing."""
    plain = plan.plain(plan.dtype)
    return plain(image, out=out) if part is None else plain.run(image, out, part)


def _made(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The type that results are made in."""
    return np.dtype(np.float32) if dtype == np.float16 else dtype.newbyteorder("=")


def _defined(
    plan: Plan,
    image: Array,
    mask: Bools | None,
    dtype: np.dtype[Any],
    fill: Any,
    out: Array | None,
    part: Part | None,
    nan: bool,
) -> tuple[Array, Bools]:
    """The definition's result and holes."""
    gone = joined(mask, np.isnan(image) if nan else None)
    there = np.ones(image.shape, np.bool_) if gone is None else ~gone
    spatial, last = plan.spatial(image.ndim), range(-len(plan.window), 0)
    windows = part or plan.whole(tuple(image.shape[axis] for axis in spatial))
    places = [
        (start, (count - 1) * step + 1)
        for (_, start, count), step in zip(windows.windows, plan.steps, strict=True)
    ]
    a, present = (
        np.moveaxis(x, spatial, last) for x in (np.where(there, image, image.dtype.type(0)), there)
    )
    made = reference.summed(
        a, plan.kernel, places, plan.borders, plan.cval, dtype, present=present.astype(np.int64),
        missing=plan.missing,
    )  # fmt: skip
    made[0][made[1]] = fill
    result, holes = (np.moveaxis(reference.every(x, plan.steps), last, spatial) for x in made)
    if out is not None:
        out[...] = result
    return result if out is None else out, holes


# Of each axis: windows, border, taps, step, where padded samples stand, results of a block.
_Along = tuple[Axis, int, int, int, NDArray[np.intp], int]


@dataclass(frozen=True, eq=False)
class _Prepared:
    """What a plan knows of images of one type and size: arguments of `Blocks` in src/missing.pyx."""

    along: tuple[_Along, ...]
    recipe: Recipe
    programs: tuple[tuple[Any, int] | None, ...]
    spreads: tuple[Spread | None, ...]


def _real(
    plan: Plan,
    image: Array,
    mask: Bools | None,
    result: Array,
    holes: Bools | None,
    fill: Any,
    part: Part | None,
) -> tuple[Any, Array, Bools | None, float] | None:
    """Fill `result`, and `holes` if it is asked for. If this was one call in C that read image and mask
    as they are: its `Blocks`, views that were read, and predicted ns.
    """
    given = image
    image = image.astype(_read_as(plan, image.dtype, result.dtype), copy=False)
    if mask is not None and image.dtype.kind in "iu" and image.dtype.itemsize == 8:
        image = np.where(mask, image.dtype.type(0), image)  # which may be larger than all others
    laid = plan.laid(image.shape, part)
    windows = laid.windows
    views = [None if a is None else laid.of_image(a) for a in (image, mask)]
    views += [None if a is None else laid.of_result(a) for a in (result, holes)]
    src, there, dst, gone = _spread(views, windows)
    assert src is not None and dst is not None
    source, target = pixel_of(image.dtype, "image"), pixel_of(result.dtype, "dtype")
    nan = plan.missing.nan_policy == "omit" and image.dtype.kind == "f"
    shared = src.shape[-1] == 1 or (not nan and (there is None or there.strides[-1] == 0))
    large = target.integer and int(float(fill)) != int(fill)
    bits = bits_of(image)
    key = _levels.level, source, target, windows, src.shape[-1], shared, bits, large
    made: _Prepared | None = plan.recipes.get(key)
    if made is None:
        made = _prepared(plan, laid, source, target, src.shape[-1], shared, bits, large)
        if len(plan.recipes) >= _KEPT:
            plan.recipes.clear()
        plan.recipes[key] = made
    threads = _threads.threads_for(made.recipe.cost * dst.size, plan.threads)
    if image.dtype == np.bool_:
        src = src.view(np.uint8)
    filled = float(fill), np.array([fill], result.dtype)
    along = made.along if windows.volume else (_each_alone(src.shape[-4]), *made.along)
    batch = src.shape[:-4]

    def each(a: Array | None, at: tuple[int, ...]) -> Any:
        return None if a is None else a[at]

    first = (0,) * len(batch)
    blocks = _levels.missing().Blocks(
        *(each(a, first) for a in (src, there, dst, gone)),
        source.code, target.code, nan, plan.missing.omit, shared, along, plan.cval.real,
        windows.volume, made.programs, made.spreads, made.recipe.how, made.recipe.quotient,
        made.recipe.doubt,
        (target.low, target.high) if target.integer else (0.0, 0.0), filled,
    )  # fmt: skip
    for at in np.ndindex(batch) if batch else ((),):
        blocks.run(*(each(a, at) for a in (src, there, dst, gone)), threads)
    if batch or gone is not None or image is not given or bits:
        return None
    return blocks, src, there, made.recipe.cost * dst.size


def _read_as(plan: Plan, dtype: np.dtype[Any], result: np.dtype[Any]) -> np.dtype[Any]:
    """The type in which samples are read."""
    constant = "constant" in plan.borders and not plan.missing.omit
    if constant and not _holds(dtype, plan.cval.real):
        return np.dtype(np.float64)  # the constant is a sample too
    if dtype == np.float16 and result.kind in "iu":
        return np.dtype(np.float32)
    return dtype.newbyteorder("=")


def row_step(
    plan: Plan, dtype: np.dtype[Any], result: np.dtype[Any], shape: tuple[int, ...]
) -> int:
    """Step of the rows at which parts of images of two axes and channels must begin so that floats get the
    same bits: blocks begin there.
    """
    channels = 1 if plan.channel_axis is None else shape[plan.channel_axis]
    sums, real = [(plan, dtype)], result
    if "c" in (dtype.kind, plan.kernel.dtype.kind, result.kind):
        part = np.zeros((), dtype).real.dtype
        sums = [(made, part) for made, _ in _real_parts(plan, dtype)]
        real = np.zeros((), result).real.dtype
    target, steps = pixel_of(_made(real), "dtype"), []
    for made, kind in sums:
        laid, source = made.laid(shape), pixel_of(_read_as(made, kind, real), "image")
        recipe = recipe_of(made, laid, source, target, made.samples(0, source), channels)
        steps.append(_block(laid.windows, recipe, channels)[-2])
    return lcm(*steps)


def _prepared(
    plan: Plan,
    laid: Laid,
    source: Pixel,
    target: Pixel,
    channels: int,
    shared: bool,
    bits: int,
    large: bool,
) -> _Prepared:
    """For images of so many channels."""
    windows = laid.windows
    recipe = recipe_of(plan, laid, source, target, plan.samples(bits, source), channels, large)
    sums = recipe.plain, recipe.sums, recipe.weights, recipe.sizes
    programs = tuple(
        s if s is None else s.program(channels if i < 2 or not shared else 1, windows)
        for i, s in enumerate(sums)
    )
    spreads = tuple(_spread_of(s, recipe.how, windows) for s in sums[2:])
    return _Prepared(_cut(windows, recipe, channels), recipe, programs, spreads)


def _spread_of(weights: _Sum | None, how: int, windows: Windows) -> Spread | None:
    """How weights are subtracted around missing samples, if they are of one sign and fit."""
    if weights is None or weights.unit is None or how == _INTEGERS or set(windows.steps) != {1}:
        return None
    unit = weights.unit
    if (unit < 0).any() and (unit > 0).any():
        return None
    dtype = np.float32 if how == _WHOLE32 else np.float64
    filled = np.pad(unit[:, ::-1], [(0, 0), (0, -unit.shape[1] % _RUN)])
    runs = filled.size * dtype().itemsize / (4 * _RUN)
    share = (weights.strategy.cost - _NS_FILLED) / (_NS_SPREAD * len(unit) + _NS_RUN * runs)
    if share <= 0:
        return None
    lows = weights.strategy.cost / (_NS_RUN * runs)
    return Spread(filled.astype(dtype), float(unit.sum()), weights.whole, min(share, 0.5), lows)


def _each_alone(planes: int) -> _Along:
    """The slices of a batch."""
    return (planes, 0, planes), BORDERS.index("nearest"), 1, 1, np.arange(planes, dtype=np.intp), 1


def _cut(windows: Windows, recipe: Recipe, channels: int) -> tuple[_Along, ...]:
    """The axes, with tables of borders and the edges of blocks."""
    return tuple(
        (axis, BORDERS.index(border), taps, step,
         np.ascontiguousarray(index_table(axis[0], axis[1], (axis[2] - 1) * step + taps, border), np.intp),
         min(edge, axis[2]))
        for axis, border, taps, step, edge in zip(
            windows.axes, windows.borders, windows.taps, windows.steps,
            _block(windows, recipe, channels), strict=True,
        )
    )  # fmt: skip


def _holds(dtype: np.dtype[Any], value: float) -> bool:
    """Whether a sample of this type can be this number."""
    if dtype.kind != "f":
        return is_held(value, dtype)
    return dtype.itemsize == 8 or not isfinite(value) or float(dtype.type(value)) == value


def _spread(views: list[Array | None], windows: Windows) -> list[Array | None]:
    """With slices, and channels that lie apart as a batch."""
    src, dst = views[0], views[2]
    assert src is not None and dst is not None
    apart = src.shape[-1] > 1 and all(abs(a.strides[-1]) > abs(a.strides[-2]) for a in (src, dst))
    made: list[Array | None] = []
    for a in views:
        if a is not None and apart:
            a = np.moveaxis(a, -1, -1 - len(windows.axes))[..., np.newaxis]
        made.append(a if a is None or a.ndim > 3 else a[np.newaxis])
    return made


def _block(windows: Windows, recipe: Recipe, channels: int) -> tuple[int, ...]:
    """Edges of the blocks into which the image is cut, whatever the number of threads."""
    taps, steps = windows.taps, windows.steps
    least = _BLOCK_OF_SLICES if windows.volume else BLOCK
    *others, width = (
        max(edge // step, _LEAST_KERNELS * n // step)
        for edge, n, step in zip(least, taps, steps, strict=True)
    )
    width = max(width // channels, _LEAST_KERNELS * taps[-1] // steps[-1], 1)
    tile = 0 if recipe.sums is None else recipe.sums.strategy.tile
    if tile > max(taps):  # a tile, or a few side by side
        across = tile - taps[-1] + 1
        return tile - taps[0] + 1, across * -(-width // across)
    return *(max(1, edge) for edge in others), width


# --- complex images and kernels -------------------------------------------------------------------


def _complex(
    plan: Plan,
    image: Array,
    mask: Bools | None,
    result: Array,
    holes: Bools,
    fill: Any,
    part: Part | None,
    nan: bool,
) -> None:
    """Real and imaginary parts of image and kernel, each as a real call."""
    if nan:
        mask = joined(mask, np.isnan(image))
    images = [image.real, image.imag] if image.dtype.kind == "c" else [image]
    sums = []
    *parts, (sizes, _) = _real_parts(plan, image.dtype)
    for made, which in parts:
        each = np.empty(result.shape, result.real.dtype)
        if made.kernel.any():
            _real(made, images[which], mask, each, None, each.dtype.type(0), part)
        else:
            each[...] = 0
        sums.append(each)
    if len(sums) == len(images):
        result.real, result.imag = sums[0], sums[1] if len(images) == 2 else 0
    elif len(images) == 1:
        result.real, result.imag = sums
    else:
        result.real, result.imag = sums[0] - sums[3], sums[1] + sums[2]
    # where too little is there
    _real(sizes, np.zeros(image.shape, np.float32), mask, np.empty(result.shape, np.float32), holes,
          np.float32(0), part)  # fmt: skip
    result[holes] = fill


def _real_parts(plan: Plan, dtype: np.dtype[Any]) -> list[tuple[Plan, int]]:
    """Real plans for images of this type, or for complex kernels, and the part of the image that each takes:
    0 is the real, 1 the imaginary one. The last plan has the magnitudes of weights, for an image of zeros.
    """
    kernel, cval = plan.kernel, complex(plan.cval)
    kernels = [kernel.real, kernel.imag] if kernel.dtype.kind == "c" else [kernel]
    constants = (cval.real, cval.imag)[: 2 if dtype.kind == "c" else 1]
    made = [
        (plan.with_kernel(k, constant), part)
        for part, constant in enumerate(constants)
        for k in kernels
    ]
    size = kernel if len(kernels) == 1 else np.abs(kernel)
    return [*made, (plan.with_kernel(size, 0.0), 0)]


# --- how ------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Asked:
    """What a recipe is asked for, and what follows of the kernel alone."""

    plan: Plan
    kernel: Kernel
    windows: Windows
    source: Pixel
    target: Pixel
    samples: tuple[float, float, bool]
    channels: int
    large: bool  # whether missing results are filled with what no float is

    @cached_property
    def weights(self) -> Floats:
        """Row by row: those of all slices."""
        weights: Floats = self.plan.kernel.reshape(prod(self.windows.taps[:-1]), -1)
        return weights

    def decided(
        self, kernel: Kernel, source: Pixel, target: Pixel, samples: tuple[float, float, bool], method: str
    ) -> Strategy:  # fmt: skip
        """The way to a sum."""
        return decide(
            kernel, source, target, samples, self.windows.size, self.channels, method,
            **self.windows.how,
        )  # fmt: skip

    @cached_property
    def whole(self) -> tuple[Floats, int] | None:
        return rational(self.weights)

    @cached_property
    def nonzero(self) -> Floats:
        nonzero: Floats = self.weights[self.weights != 0]
        return nonzero

    @cached_property
    def one_sign(self) -> bool:
        return bool((self.nonzero > 0).all() or (self.nonzero < 0).all())

    @cached_property
    def size_of_all(self) -> float:
        """Sum of the magnitudes."""
        return float(np.abs(self.weights).sum())

    @cached_property
    def total(self) -> float:
        """Sum of the weights, as the definition has it."""
        return _in_order(self.weights)

    @property
    def peak(self) -> float:
        return max(-self.samples[0], self.samples[1])

    def quotient(self, above: float, below: float, factor: float, whole: bool) -> tuple[float, ...]:
        """Numbers of src/missing.pyx; the least of whole weights is half below a whole number."""
        share = self.plan.missing.min_weight * (1 - SLACK)
        if whole:
            assert self.whole is not None
            least = max(1.0, ceil(share * float(np.abs(self.whole[0]).sum()))) - 0.5
        else:
            least = max(float(np.abs(self.nonzero).min()) / 2, share * self.size_of_all)
        sign = -1.0 if self.nonzero[0] < 0 else 1.0
        cancelled = SLACK if self.plan.renormalize and not self.one_sign else 0.0
        return above, below, factor, sign, least, cancelled

    def sums(self, name: str) -> _Sum:
        """Of the samples, as floats."""
        target, method = PIXELS[name], self.plan.requested_method
        strategy = self.decided(self.kernel, self.source, target, self.samples, method)
        return _Sum(self.kernel, strategy, target)

    def exact_sums(self, weights: Floats, allowed: tuple[str, ...]) -> _Sum:
        """Of the samples, as integers."""
        low, high, _ = self.samples
        return _whole_sum(self, weights, low, high, self.source, allowed)

    def presence(
        self, weights: Floats, name: str, allowed: tuple[str, ...] | None = None
    ) -> tuple[_Sum | None, _Sum | None]:
        """Of what is there: by the weights, and by their magnitudes, if both are needed."""
        byte = PIXELS["uint8"]

        def made(w: Floats) -> _Sum:
            if allowed is not None:
                return replace(_whole_sum(self, w, 0, 1, byte, allowed), unit=w, whole=True)
            kernel, floats = Kernel(np.ascontiguousarray(w)), PIXELS[name]
            strategy = self.decided(kernel, byte, floats, (0.0, 1.0, True), "auto")
            return _Sum(kernel, strategy, floats, w)

        by_weight = made(weights) if self.plan.renormalize else None
        return by_weight, None if by_weight is not None and self.one_sign else made(np.abs(weights))

    def doubt(
        self, of_sum: float, of_weight: float, fine_sum: float, fine_weight: float
    ) -> tuple[Any, ...]:
        """How far sums and weights may be off, and the definition; the same of sums in float64."""
        n = self.windows.taps[-2]
        down, across = np.nonzero(self.weights)
        kind = [("z", np.intp), ("y", np.intp), ("x", np.intp), ("weight", np.float64)]
        rows = np.zeros(len(down), kind)
        rows["z"], rows["y"], rows["x"], rows["weight"] = down // n, down % n, across, self.nonzero
        threshold = self.plan.missing.min_weight * _in_order(np.abs(self.weights)) * (1 - SLACK)
        filled = np.pad(self.weights, [(0, 0), (0, -self.weights.shape[1] % _TAPS)])
        return (
            of_sum, of_weight, rows, self.total, threshold, self.plan.renormalize, fine_sum, fine_weight,
            filled,
        )  # fmt: skip


def recipe_of(
    plan: Plan,
    laid: Laid,
    source: Pixel,
    target: Pixel,
    samples: tuple[float, float, bool],
    channels: int,
    large: bool = False,
) -> Recipe:
    """How such images are filtered; `large` if no float is what missing results are filled with.

    Raises
    ------
    ValueError
        The exact result cannot be had.
    """
    plan.check_weights(target)
    asked = _Asked(plan, laid.kernel, laid.windows, source, target, samples, channels, large)
    strategy = asked.decided(laid.kernel, source, target, samples, plan.requested_method)
    plain = _Sum(laid.kernel, strategy, target)
    if not target.integer:
        return _of_floats(asked, plain)
    if not source.integer:
        quotient = *asked.quotient(1.0, 1.0, 1.0, False)[:-1], SLACK
        return Recipe(plain, None, None, None, _ALL, quotient, asked.doubt(0.0, 0.0, 0.0, 0.0))
    if samples[2] and asked.whole is not None:
        return _of_integers(asked, plain)
    return _in_doubt(asked, plain)


def _of_floats(asked: _Asked, plain: _Sum) -> Recipe:
    """Float results: sums of the plain call's type."""
    plan = asked.plan
    narrow = asked.source.stored in _NARROW and asked.target.name in _NARROW_RESULTS
    sums = asked.sums("float32" if narrow else "float64")
    whole = asked.whole is not None
    unit = asked.weights if asked.whole is None else asked.whole[0]
    factor = (float(unit.sum()) if whole else asked.total) if plan.renormalize else 1.0
    quotient = asked.quotient(1.0, 1.0, factor, whole)
    small = float(np.abs(unit).sum()) < 2**24 if whole else _is_single(asked, quotient)
    name = "float32" if narrow and small else "float64"
    parts = asked.presence(unit, name, (name, *_SUM_TYPES) if whole else None)
    how = _WHOLE32 if narrow and small else _WHOLE64
    return Recipe(plain, sums, *parts, how, quotient, _NO_DOUBT)


def _is_single(asked: _Asked, quotient: tuple[float, ...]) -> bool:
    """Whether float32 tells weights from thresholds."""
    return asked.one_sign and asked.plan.missing.min_weight == 0 and quotient[4] > 2.0**-100


def _of_integers(asked: _Asked, plain: _Sum) -> Recipe:
    """Integers of integers by a rational kernel: exact sums, an exact quotient."""
    assert asked.whole is not None
    unit, divisor = asked.whole
    total = int(unit.sum()) if asked.plan.renormalize else 1
    common = gcd(total, divisor)
    above, below = total // common, divisor // common
    size = float(np.abs(unit).sum())
    a, b = asked.peak * size * abs(above), size * below
    allowed: tuple[str, ...] = _SUM_TYPES
    if a < 2**23 and b < 2**24 and asked.target.peak < 2**16:
        how, allowed = _WHOLE32, ("float32", *_SUM_TYPES)  # what need not be converted first
    elif a < 2**52 and b < 2**53 and not asked.large:
        how, allowed = _WHOLE64, (*_SUM_TYPES, "float32", "float64")
    elif a < 2**62 and b < 2**62:
        how = _INTEGERS
    else:
        raise ValueError(
            f"image must hold smaller integers for an exact quotient: values up to {asked.peak:.3g} times "
            f"weights of {size * abs(above):.3g} must be less than 2**62. Convert it to float64 "
            f"for a rounded one"
        )
    quotient = asked.quotient(above, below, 1.0, True)
    sums = asked.exact_sums(unit, allowed)
    return Recipe(plain, sums, *asked.presence(unit, "", allowed), how, quotient, _NO_DOUBT)


def _in_doubt(asked: _Asked, plain: _Sum) -> Recipe:
    """Integers of integers by any other kernel: sums of floats, and near a tie the definition's. Those of
    float32 are taken if they leave little to the definition.
    """
    plan = asked.plan
    quotient = asked.quotient(1.0, 1.0, asked.total if plan.renormalize else 1.0, False)
    narrow = asked.source.stored in _NARROW and _is_single(asked, quotient)
    # of a float64 sum by any method, and of the definition's
    error = 2.02 * (len(asked.nonzero) + 2) * 2.0**-52 * asked.size_of_all
    for name in ("float32", "float64") if narrow else ("float64",):
        sums, parts = asked.sums(name), asked.presence(asked.weights, name)
        of_sum = 1.01 * sums.strategy.error
        of_weight = max(1.01 * p.strategy.error for p in parts if p is not None)
        if name == "float32":  # weights that are subtracted in float64 are rounded once
            of_weight = max(of_weight, 1.01 * 2.0**-24 * asked.size_of_all)
        again = _DOUBTS * (of_sum + asked.peak * of_weight)
        if again * _NS_TAP * len(asked.nonzero) < sums.strategy.cost:
            break
    doubt = asked.doubt(of_sum + error * asked.peak, of_weight + error, error * asked.peak, error)
    single = name == "float32" and plan.renormalize and asked.target.peak < 2**16
    return Recipe(plain, sums, *parts, _DOUBT32 if single else _DOUBT, quotient, doubt)


def _in_order(weights: Floats) -> float:
    """The sum as the definition has it."""
    total = 0.0
    for w in weights.flat:
        total += float(w)
    return total


def _whole_sum(
    asked: _Asked,
    weights: Floats,
    low: float,
    high: float,
    source: Pixel,
    allowed: tuple[str, ...],
) -> _Sum:
    """The cheapest exact sum of integers from `low` to `high` by whole weights."""
    kernel = Kernel(np.ascontiguousarray(weights))
    ends = (
        np.minimum(weights * low, weights * high).sum(),
        np.maximum(weights * low, weights * high).sum(),
    )
    reach = float(np.abs(weights).sum()) * max(-low, high)
    best: _Sum | None = None
    for name in allowed:
        target = PIXELS[name]
        if target.integer:
            if not (target.low <= ends[0] and ends[1] <= target.high) or reach >= 2.0**62:
                continue
        elif reach > (2**24 if name == "float32" else 2**53):
            continue
        try:
            strategy = asked.decided(kernel, source, target, (low, high, True), "auto")
        except ValueError:
            continue
        limit = 2**24 if name == "float32" else 2**53
        peak = (
            2.0**64 if asked.windows.volume else max(-low, high)
        )  # factors of three lines need not be whole
        if not target.integer and not _is_exact(strategy, peak, limit):
            continue
        if best is None or strategy.cost < best.strategy.cost:
            best = _Sum(kernel, strategy, target)
    if best is None:
        raise ValueError("image must hold smaller integers for an exact quotient")
    return best


def _is_exact(strategy: Strategy, peak: float, limit: int) -> bool:
    """Whether sums of integers that a float holds are made of nothing but such integers."""
    if strategy.method in _EXACT or strategy.error == 0:
        return True
    lines = np.array(strategy.across), np.array(strategy.down)
    if strategy.method != "separable" or any((line != np.rint(line)).any() for line in lines):
        return False
    return bool(np.abs(lines[0]).sum() * np.abs(lines[1]).sum() * peak <= limit)
