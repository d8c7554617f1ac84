# SPDX-License-Identifier: BSD-3-Clause
"""Kernels of any number of axes, along any axes of an image, with strides and dilation.

A dilated kernel has zeros between its taps, which cost nothing. Axes along which a kernel has a
single tap are dropped: a stride along them selects pixels of the image. There are four cases left:

    at most two axes, and no stride     a `Plan` of that kernel on a view of the image; all methods
    the same, dilated                   that, or its taps alone, which is a call of its own in the
                                        engine; whichever is predicted to be sooner
    three axes, or a stride             a list of rows for the engine; only the kept results
                                        are computed
    four axes and more                  the definition (fastconv.reference) in NumPy, which is slow

Axes of the image that are not the kernel's are a batch. An exception is a last axis after all of
the kernel's: it holds channels, since its samples lie side by side.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _explain, _levels, _mask, _missing, reference
from . import _planes as pictures
from ._arguments import quiet, warn_of_channels
from ._borders import placement
from ._complex import complex_passes
from ._engine.calls import Options
from ._engine.planner import Kernel, Strategy
from ._execute import Axis, execute_volume
from ._options import (
    Product,
    as_each,
    as_kernel,
    as_steps,
    bits_of,
    checked_out,
)
from ._pixels import Floats, Pixel, pixel_of
from ._plan import (
    Asked,
    Dims,
    Part,
    Plan,
    _unpickled,
    fill_of,
    laid_out,
    make_plan,
    options_of,
    plan_from,
    scaled,
)
from ._planner import decide, rejected

# Weights of a kernel with the zeros of its dilation.
_MOST_WEIGHTS = 2**24
# A kernel with the zeros of its dilation must cost less than this share of its taps alone: 15 x 15
# taps of float32, 2 and 5 apart, took 1.1 times their price by taps, and 2.3 times by spectra.
_ZEROS = 0.5
# Programs that a plan keeps, for images of different types and sizes.
_KEPT = 4

# Methods that are not taken, with their reasons.
Rejected = tuple[tuple[str, str], ...]


class Direction(NamedTuple):
    """An axis of the view that is filtered.

    Attributes
    ----------
    axis : int or None
        Axis of the image; None for an added axis of length 1.
    size : int
        Taps of the kernel along it.
    window : Axis
    border : str
    step : int
        Pixels from one window to the next.
    gap : int
        Pixels from one tap to the next.
    """

    axis: int | None
    size: int
    window: Axis
    border: str
    step: int
    gap: int


# An axis of length 1 along which nothing is filtered.
_NO_LANE = Direction(None, 1, (1, 0, 1), "reflect", 1, 1)


class _View(NamedTuple):
    """An image as it is filtered.

    Attributes
    ----------
    keep : tuple of slice
        The part of the image that is filtered.
    directions : tuple of Direction
        Two or three axes: of slices, rows and columns.
    channel : int or None
        Axis of the channels, or None.
    """

    keep: tuple[slice, ...]
    directions: tuple[Direction, ...]
    channel: int | None

    @property
    def steps(self) -> tuple[int, ...]:
        """Steps from one window to the next, for each axis."""
        return tuple(direction.step for direction in self.directions)

    @property
    def gaps(self) -> tuple[int, ...]:
        """Pixels from one tap to the next, for rows and columns; 1 where zeros between them count."""
        return tuple(direction.gap for direction in self.directions[1:]) if self.dilated else (1, 1)

    @property
    def dilated(self) -> bool:
        """Whether these are pictures, as one slice each, whose kernel has gaps."""
        return (
            len(self.directions) == 3 and self.directions[0] == _NO_LANE and set(self.steps) == {1}
        )

    def of(self, a: NDArray[Any]) -> NDArray[Any]:
        """View of shape (..., H, W, C) or (..., D, H, W, C)."""
        wanted = (*(direction.axis for direction in self.directions), self.channel)
        there = [axis for axis in wanted if axis is not None]
        moved = np.moveaxis(a, there, range(-len(there), 0))
        return moved[(..., *(None if axis is None else slice(None) for axis in wanted))]


class VolumePlan(Plan):
    """A plan for a kernel of any number of axes; see `Plan`.

    Attributes
    ----------
    kernel : ndarray, read-only
        Weights as they lie on the window, with the zeros of the dilation.
    given : ndarray, read-only
        The kernel as it was given.
    """

    __slots__ = ("_planes", "_programs", "_rows")

    # Plans of at most two axes; the planner's kernels of listed rows, by their shape; programs.
    _planes: dict[Any, Plan]
    _rows: dict[Any, tuple[Kernel, ...]]
    _programs: dict[Any, tuple[Any, Strategy]]

    def __init__(
        self, options: Options, parts: tuple[Kernel, ...], lying: NDArray[Any], pixel: Any
    ) -> None:
        super().__init__(options, parts, lying, pixel)
        self._planes, self._rows, self._programs = {}, {}, {}

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpickled, (plan_of, self.given, self.pixel, self.options.named())

    def with_options(self, **options: Any) -> VolumePlan:
        """The same kernel with some other options."""
        changed = options_of(**self.options.named() | options, window=self.window)
        return VolumePlan(changed, self.parts, self.lying, self.pixel)

    def moved(self, channel_axis: Any) -> VolumePlan:
        """The same plan for images whose last axes, except that of the channels, are filtered."""
        return self.with_options(channel_axis=channel_axis, axes=None)

    @property
    def window(self) -> tuple[int, ...]:
        """Shape of the kernel, with the zeros of its dilation."""
        shape: tuple[int, ...] = self.lying.shape
        return shape

    @property
    def given(self) -> NDArray[Any]:
        """The kernel as it was given."""
        taps = reference.every(self.lying, self.options.dilation or ())
        return np.flip(taps) if self.flipped else taps

    @property
    def method(self) -> str:
        """Name of the method for images of type `pixel`."""
        return self._example().method if self.listed else "definition"

    @property
    def reason(self) -> str:
        """Reason for the method, in half a sentence."""
        if not self.listed:
            return "kernels of four axes and more are summed by fastconv.reference"
        return self._example().why

    @property
    def listed(self) -> bool:
        """Whether the engine serves this kernel."""
        return bool(sum(n > 1 for n in self.window) <= 3)

    def explain(
        self, image: ArrayLike | None = None, *, dims: Dims | None = None, masked: bool = False
    ) -> str:
        """Say in plain words what will run; see `Plan.explain`."""
        if image is None:
            plan, a = self._without_image()
        else:
            a, axis, axes = laid_out(image, self.channel_axis, dims, len(self.window), self.axes)
            plan = self.with_options(channel_axis=axis, axes=axes)
        found, planes = plan._chosen(a) if plan.listed and a.size else ([], None)
        chosen = [(strategy, plan.window, others) for strategy, others in found]
        return _explain.explanation(
            plan, a.dtype, plan.target(a.dtype), a.size, chosen, masked or plan.missing.active, planes
        )  # fmt: skip

    def _example(self) -> Strategy:
        plan, a = self._without_image()
        return plan._chosen(a)[0][0][0]

    def row_step(self, a: NDArray[Any]) -> int:
        """Step of the rows at which parts of images like `a` must begin so that floats get the same
        bits.
        """
        if not self.listed:
            return 1
        chosen, planes = self._chosen(a)
        if planes is not None:
            return planes.row_step if len(planes.slices) < 2 else 1
        return math.lcm(*(strategy.row_step for strategy, _ in chosen))

    def _without_image(self) -> tuple[VolumePlan, NDArray[Any]]:
        """A plan for an example image with the axes of the kernel, and that image."""
        plan = self.moved(None)
        usual = {1: 1_000_000, 2: 1000}.get(len(self.window), 100)
        shape = [max(usual, 2 * n) for n in self.window]
        return plan, np.broadcast_to(np.zeros((), self.pixel or np.uint8), shape)

    def _chosen(
        self, a: NDArray[Any]
    ) -> tuple[list[tuple[Strategy, Rejected]], pictures.Planes | None]:
        """The strategy for images like this and the methods that are not taken, for each real part
        of the kernel; and how these are filtered picture by picture, if they are.
        """
        view = self._view(a.shape, self._windows(a.shape))
        size = view.directions[-2].window[2], view.directions[-1].window[2]
        channels = 1 if view.channel is None else a.shape[view.channel]
        view, asked = self._asked_of(
            view, a, size, channels, pixel_of(self.target(a.dtype), "dtype")
        )
        how = _how(view)
        planes = self._by_planes(view, asked, a, channels)
        if planes is not None:  # a single slice stands for all of them
            return [(planes.strategies[0], ())], planes
        return [(decide(*each, **how), rejected(*each, **how)) for each in asked], None

    def _asked_of(
        self, view: _View, a: NDArray[Any], size: tuple[int, int], channels: int, target: Pixel
    ) -> tuple[_View, list[Asked]]:
        """How images like this are filtered, and what the planner is asked. A dilated kernel of two axes is
        summed without its zeros, unless it is sooner done with them, by spectra for instance.
        """
        plain: list[Asked] = []
        listed, source = view, pixel_of(a.dtype, "image")
        bits = bits_of(a) if 0 not in a.strides else 63
        if len(view.directions) == 2:
            plane = self._plane(view)
            plain = [plane._ask(part, bits, source, target, size, channels) for part in plane.parts]
            if max(direction.gap for direction in view.directions) == 1:
                return view, plain
            listed = view._replace(directions=(_NO_LANE, *view.directions))
        asked = [
            self._ask(kernel, bits, source, target, size, channels)
            for kernel in self._kernels(listed)
        ]
        if plain and _price(plain, {}) <= _ZEROS * _price(asked, _how(listed)):
            return view, plain
        return listed, asked

    # --- positions of windows
    # -----------------------------------------------------------------------

    def spatial(self, ndim: int) -> tuple[int, ...]:
        """Axes along which the kernel's lie, of an image of `ndim` axes.

        Raises
        ------
        TypeError, ValueError
            The image has no such axes.
        """
        n, channel = len(self.window), self._channel(ndim)
        free = [axis for axis in range(ndim) if axis != channel]
        if len(free) < n:
            least = n if channel is None else n + 1
            raise ValueError(
                f"image must have at least {least} axes for a kernel of {n}"
                f"{'' if channel is None else ' and channel_axis'}; got {ndim}"
            )
        if self.axes is None:
            return tuple(free[-n:])
        for axis in self.axes:
            if not -ndim <= axis < ndim:
                raise ValueError(
                    f"axes must be from {-ndim} to {ndim - 1} for an image of {ndim} axes; got {self.axes}"
                )
        axes = tuple(axis % ndim for axis in self.axes)
        if len({*axes, channel}) <= n:
            raise ValueError(
                f"axes must differ, also from channel_axis={self.channel_axis}; got {self.axes}"
            )
        return axes

    def _channel(self, ndim: int) -> int | None:
        if self.channel_axis is None:
            return None
        if isinstance(self.channel_axis, str):
            raise TypeError(f"channel_axis must be an integer; got {self.channel_axis!r}")
        if not -ndim <= self.channel_axis < ndim:
            raise ValueError(
                f"channel_axis must be from {-ndim} to {ndim - 1} for an image of {ndim} axes; "
                f"got {self.channel_axis}"
            )
        return int(self.channel_axis % ndim)

    def axis(self, length: int, axis: int) -> Axis:
        """Windows along an axis of `length` pixels."""
        start, count = placement(
            length, self.window[axis], self.origin[axis], self.flipped, self.shape
        )
        return length, start, -(-count // self.steps[axis])

    def _windows(self, shape: tuple[int, ...]) -> tuple[Axis, ...]:
        return self.whole(tuple(shape[axis] for axis in self.spatial(len(shape)))).windows

    def _view(self, shape: tuple[int, ...], windows: tuple[Axis, ...]) -> _View:
        """The view of an image of this shape. None of its axes may be empty."""
        spatial, channel = self.spatial(len(shape)), self._channel(len(shape))
        keep = [slice(None)] * len(shape)
        lengths = list(shape)
        directions = []
        gaps = self.options.dilation or (1,) * len(spatial)
        for axis, size, window, border, step, gap in zip(
            spatial, self.window, windows, self.borders, self.steps, gaps, strict=True
        ):
            length, start, count = window
            last = start + (count - 1) * step
            if size == 1 and start >= 0 and last < length:
                keep[axis], lengths[axis] = slice(start, last + 1, step), count
            else:
                directions.append(
                    Direction(axis, size, window, border, step if count > 1 else 1, gap)
                )
        used = [direction.axis for direction in directions]
        free = [axis for axis in range(len(shape)) if axis not in used and axis != channel]
        if (
            channel is None
            and directions
            and free
            and free[-1] > max(spatial)
            and len(directions) > 1
        ):
            channel = free.pop()  # its samples lie side by side, as channels do

        def other(axis: int | None) -> Direction:
            if axis is None:
                return _NO_LANE
            return _NO_LANE._replace(axis=axis, window=(lengths[axis], 0, lengths[axis]))

        wanted = (
            3 if len(directions) > 2 or any(direction.step > 1 for direction in directions) else 2
        )
        if len(directions) == 1 and free and free[-1] > (directions[0].axis or 0):
            directions.append(other(free.pop()))  # the kernel is a column
        while len(directions) < wanted:
            directions.insert(0, other(free.pop() if free and len(directions) < 2 else None))
        return _View(tuple(keep), tuple(directions), channel)

    def warn_of_channels(self, shape: tuple[int, ...]) -> None:
        """Warn if the last axis looks like colours but is filtered, and neither axes nor channels
        are given.
        """
        if self.channel_axis is self.axes is None and len(self.window) < 3:
            warn_of_channels(shape, self.window[-1])

    # --- filtering ----------------------------------------------------------------------------------

    @quiet
    def run(
        self,
        image: NDArray[Any],
        out: NDArray[Any] | None = None,
        part: Part | None = None,
        mask: NDArray[np.bool_] | None = None,
    ) -> NDArray[Any]:
        """Filter any array in memory, or a part of one."""
        if mask is not None or self.missing.active:
            return _missing.run(self, image, mask, out, part)[0]
        source = pixel_of(image.dtype, "image")
        spatial = self.spatial(image.ndim)
        windows = self._windows(image.shape) if part is None else part.windows
        dtype, target = self._checked_target(image, out)
        shape = self.shape_of(image, part)
        result = checked_out(out, shape, dtype)
        if 0 in shape:
            return result
        if 0 in image.shape:
            raise ValueError(
                f"image must not be empty for shape={self.shape!r}; got shape {image.shape}"
            )
        given = image
        if out is not None and np.may_share_memory(image, out):
            image = image.copy()
        if not self.listed:
            places = [
                (start, (count - 1) * step + 1)
                for (_, start, count), step in zip(windows, self.steps, strict=True)
            ]
            last = range(-len(spatial), 0)
            a, b = (np.moveaxis(array, spatial, last) for array in (image, result))
            total, _ = reference.summed(
                a, self.kernel, places, self.borders, self.cval, dtype, self.offset, self.absolute
            )
            b[...] = reference.every(total, self.steps)
            return result
        view = self._view(image.shape, windows)
        a, b = view.of(image[view.keep]), view.of(result)
        planes = len(view.directions) == 2
        size, channels = (b.shape[-3], b.shape[-2]), a.shape[-1]
        view, asked = self._asked_of(view, a, size, channels, target)
        whole = self._by_planes(view, asked, image, channels)
        repeats = image is given and part is None and _repeats(image, result)
        by_itself = result.dtype == self.target(image.dtype)
        if whole is not None:
            pictures.run(whole, self, view, a, b)
        elif len(view.directions) == 3:
            if planes:
                a, b = (array[..., np.newaxis, :, :, :] for array in (a, b))
            bound = self._list_rows(view, asked, a, b, source, target)
            if bound is not None and repeats:
                self.repeats_as(image, a, result, bound, by_itself)
        elif part is None and max(self.steps) == 1:
            plane = self._plane(view)
            if not (repeats and self.serve_plane(plane, image, a, result, b, by_itself)):
                plane(a, out=b)
        else:
            stand = tuple(direction.window for direction in view.directions)
            self._plane(view).run(a, b, Part(stand, tuple(count for _, _, count in stand)))
        self._weigh()
        return result

    def _by_planes(
        self, view: _View, asked: list[Asked], image: NDArray[Any], channels: int
    ) -> pictures.Planes | None:
        """How such an image is filtered picture by picture, if that is predicted to be sooner."""
        if len(view.directions) < 3 or view.dilated or self.requested_method != "auto":
            return None
        return pictures.planes_of(
            self, view, image, asked[0][2], channels, _price(asked, _how(view))
        )

    def _weigh(self) -> None:
        """Tell the cache how many bytes this plan keeps, if that has changed."""
        held = sum(plan.program_bytes for plan in tuple(self._planes.values()))
        held += sum(program.nbytes() for program, _ in tuple(self._programs.values()))
        if held != self.program_bytes:
            self.holds(held)

    def shape_of(self, image: NDArray[Any], part: Part | None = None) -> tuple[int, ...]:
        """Shape of the result, or of a part of it."""
        windows = self._windows(image.shape) if part is None else part.windows
        shape = list(image.shape)
        for axis, (_, _, count) in zip(self.spatial(image.ndim), windows, strict=True):
            shape[axis] = count
        return tuple(shape)

    def laid(self, shape: tuple[int, ...], part: Part | None = None) -> _missing.Laid:
        """How images of this shape are filtered where samples are missing."""
        view = self._view(shape, self._windows(shape) if part is None else part.windows)
        sizes, steps = tuple(direction.size for direction in view.directions), view.steps
        axes = tuple(direction.window for direction in view.directions)
        borders = tuple(direction.border for direction in view.directions)
        stand = _missing.Windows(axes, borders, sizes, steps, (axes[-2][2], axes[-1][2]))
        return _missing.Laid(
            lambda a: view.of(a[view.keep]), view.of, stand, self._kernels(view)[0]
        )

    def with_kernel(self, kernel: Any, cval: float) -> VolumePlan:
        """The plan of real weights, as they lie on the window, that renormalizes as this one does."""
        weights = np.ascontiguousarray(kernel, np.float64)
        made = self.with_options(cval=cval, scale=1.0, renormalize=self.renormalize)
        flat = Kernel(weights.reshape(-1, weights.shape[-1]))
        return VolumePlan(made.options, (flat,), weights, self.pixel)

    def _plane(self, view: _View) -> Plan:
        """The plan of two axes that serves such a view."""
        rows, cols = view.directions
        key = rows.size, cols.size, rows.border, cols.border
        if key not in self._planes:
            origin = self.origin
            if self.flipped:  # a correlation's origin for the same centre
                origin = tuple(-o - (n + 1) % 2 for o, n in zip(origin, self.window, strict=True))
            shifts = [o for o, n in zip(origin, self.window, strict=True) if n > 1]
            y, x = (shifts.pop(0) if direction.size > 1 else 0 for direction in view.directions)
            self._planes[key] = make_plan(
                self.kernel.reshape(rows.size, cols.size), False, border=(rows.border, cols.border),
                cval=self.cval, origin=(y, x) if self.shape == "same" else 0, shape=self.shape,
                channel_axis=-1, method=self.requested_method, threads=self.threads, offset=self.offset,
                absolute=self.absolute,
            )  # fmt: skip
        return self._planes[key]

    def slice_plan(self, view: _View, k: int, kernel: Any, dtype: Any, summed: bool) -> Plan:
        """The plan of pictures for a slice of the kernel; without the last steps if results are `summed`."""
        rows, cols = view.directions[1:]
        key = k, kernel.tobytes(), rows.border, cols.border, dtype, summed
        if key not in self._planes:
            self._planes[key] = make_plan(
                kernel, False, border=(rows.border, cols.border), cval=self.cval, channel_axis=-1,
                dtype=dtype, threads=self.threads, offset=0.0 if summed else self.offset,
                absolute=self.absolute and not summed,
            )  # fmt: skip
        return self._planes[key]

    def _kernels(self, view: _View) -> tuple[Kernel, ...]:
        """The kernel, or its real and imaginary part, as a list of rows; of a dilated picture's kernel its
        taps alone.
        """
        kernel = self.kernel
        if view.dilated:
            kernel = reference.every(kernel, self.options.dilation or ())
        shape = -1, -(-view.directions[-1].size // view.gaps[1])
        if (view.dilated, shape) not in self._rows:
            parts = _real_parts(kernel)
            made = tuple(Kernel(np.ascontiguousarray(part.reshape(shape))) for part in parts)
            self._rows[view.dilated, shape] = made
        return self._rows[view.dilated, shape]

    def _list_rows(
        self,
        view: _View,
        asked: list[Asked],
        a: NDArray[Any],
        b: NDArray[Any],
        source: Pixel,
        target: Pixel,
    ) -> Any:
        """Filter; returns the call, if there was one only."""
        windows = tuple(direction.window for direction in view.directions)
        borders = tuple(direction.border for direction in view.directions)
        made = []

        def run(part: int, src: NDArray[Any], dst: NDArray[Any], constant: Floats) -> None:
            program, strategy = self._program(asked[part], view, src.shape[-1])
            call = execute_volume(
                program, src, dst, source, target, windows, borders, (constant[0], constant[-1]),
                strategy.cost, self.threads,
            )  # fmt: skip
            made.append(call)

        complex_passes(run, a, b, len(asked), fill_of(self.cval, a.dtype))
        return made[0] if len(made) == 1 else None

    def _program(self, asked: Asked, view: _View, channels: int) -> tuple[Any, Strategy]:
        """The program for a list of rows; the last programs are kept. A complex image has twice as
        many `channels` as `asked` holds.
        """
        key = _levels.level, *asked, channels, view.directions[0].size, view.steps, view.gaps
        found = self._programs.get(key)
        if found is None:
            found = self._programs[key] = _prepared(asked, view, channels)
            for old in list(self._programs)[:-_KEPT]:
                self._programs.pop(old, None)
        return found


def _repeats(image: NDArray[Any], result: NDArray[Any]) -> bool:
    """Whether a call with another image of this type and strides would be the same."""
    long = image.dtype.kind in "iu" and image.dtype.itemsize == 8  # the sums depend on the samples
    native = image.dtype.isnative and result.dtype.isnative and result.flags.carray
    return not long and native and "c" not in image.dtype.kind + result.dtype.kind


def _how(view: _View) -> dict[str, Any]:
    """What the planner must know of lists of rows, or of dilated pictures."""
    if len(view.directions) == 2:
        return {}
    if view.dilated:
        return {"dilated": True}
    return {"slices": view.directions[0].size, "steps": view.steps[1:]}


def _price(asked: list[Asked], how: dict[str, Any]) -> float:
    """Predicted ns of a sample; infinite if the method that is asked for cannot do it."""
    try:
        return sum(decide(*each, **how).cost for each in asked)
    except ValueError:
        return math.inf


def _prepared(asked: Asked, view: _View, samples_a_pixel: int) -> tuple[Any, Strategy]:
    """A program for a kernel of all rows of all slices."""
    strategy = decide(*asked, **_how(view))
    kernel, target, slices = asked[0], asked[2], view.directions[0].size
    program = _levels.engine.Program(
        kernel, strategy, samples_a_pixel, target.code, slices, view.steps, gaps=view.gaps
    )
    return program, strategy


def plan_of(
    kernel: ArrayLike | Product,
    flipped: bool,
    pixel: np.dtype[Any] | None = None,
    *,
    axes: int | Sequence[int] | None = None,
    stride: int | Sequence[int] | None = None,
    dilation: int | Sequence[int] | None = None,
    **options: Any,
) -> Plan:
    """Check everything that needs no image. A plain kernel of two axes gets a `Plan`."""
    given = kernel if isinstance(kernel, Product) else as_kernel(kernel, None)
    if given.ndim == 2 and axes is stride is dilation is None:
        return plan_from(given, options_of(flipped, given.shape, **options), pixel)
    if isinstance(given, Product):
        raise TypeError("kernel must be an array for axes, stride and dilation; got a product")
    n = given.ndim
    steps, gaps = as_steps(stride, n, "stride"), as_steps(dilation, n, "dilation")
    lies = None if axes is None else as_each(axes, n, "axes")
    if lies is not None and len(set(lies)) < n:
        raise ValueError(
            f"axes must be one for each of the kernel's {n}, all different; got {axes!r}"
        )
    spread = _spread(given, gaps)
    checked = options_of(flipped, spread.shape, **options, axes=lies, stride=steps, dilation=gaps)
    if checked.missing.renormalize is True:
        _mask.renormalizes(spread, True)  # or it is an error, before there is an image
    lying = np.ascontiguousarray(np.flip(spread) if flipped else spread)
    lying.flags.writeable = False
    parts = _real_parts(scaled(lying, checked.scale))
    flat = tuple(part.reshape(-1, part.shape[-1]) for part in parts)
    return VolumePlan(checked, tuple(map(Kernel, flat)), lying, pixel)


def _real_parts(kernel: NDArray[Any]) -> list[NDArray[Any]]:
    if kernel.dtype.kind != "c":
        return [kernel]
    return [np.ascontiguousarray(kernel.real), np.ascontiguousarray(kernel.imag)]


def _spread(kernel: NDArray[Any], gaps: tuple[int, ...]) -> NDArray[Any]:
    """A kernel with zeros between its taps."""
    shape = tuple((n - 1) * gap + 1 for n, gap in zip(kernel.shape, gaps, strict=True))
    if math.prod(shape) > max(_MOST_WEIGHTS, kernel.size):
        raise ValueError(
            f"dilation must leave a window of at most 2**24 pixels; got {gaps}, a window of {shape}"
        )
    spread = np.zeros(shape, kernel.dtype)
    spread[tuple(slice(None, None, gap) for gap in gaps)] = kernel
    return spread
