# SPDX-License-Identifier: BSD-3-Clause
"""Plan: a kernel and all options, checked once, and the way from an image to its result.

C serves plain arrays of real numbers (src/calls.pyx); it makes a program for each new type and
size. All other arguments go through `Plan._apply`: arrays of other libraries, complex numbers, and
wrong arguments.

Complex numbers are pairs of real ones: a complex image has twice as many channels, and a complex
kernel is two real kernels.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Hashable, Sequence
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from . import _explain, _mask, _missing, _threads
from ._arguments import check_finite, output_of, quiet, warn_of_channels
from ._borders import BORDERS, placement
from ._complex import complex_passes
from ._engine.calls import Options, PlanBase, begin
from ._engine.planner import Kernel, Strategy, product_of, sample_range
from ._execute import Axis, execute
from ._fold import folded_kernel
from ._options import (
    Product,
    as_border,
    as_dtype,
    as_finite,
    as_flag,
    as_image,
    as_index,
    as_kernel,
    as_number,
    as_origin,
    bits_of,
    checked_out,
    host_of,
    type_of,
)
from ._pixels import PIXELS, Floats, Pixel, pixel_of
from ._planner import METHODS, decide, rejected

SHAPES = ("same", "valid", "full")
# Size of the image for which a plan describes itself if none is given.
_MEGAPIXEL = (1000, 1000)


# Names of the dimensions along which the kernel's axes lie: rows, then columns.
Dims = tuple[Hashable, ...]
# Arguments of the planner.
Asked = tuple[
    Kernel, Pixel, Pixel, tuple[float, float, bool], tuple[int, int], int, str, float, bool
]


class Part(NamedTuple):
    """A piece of a larger image: the positions of its windows, and the size of the whole result.

    The method is chosen for the whole result, since it decides the last bits of floats. The border
    continues the piece, not the whole image.
    """

    windows: tuple[Axis, ...]
    size: tuple[int, ...]

    @property
    def rows(self) -> Axis:
        """Windows of the first axis."""
        return self.windows[0]


class Plan(PlanBase):
    """A kernel and all options, checked once; made by `plan`, called with images.

    A plan is immutable, can be shared between threads, and pickles to its arguments.

    Attributes
    ----------
    kernel : ndarray, shape (h, w), read-only, or Product
        Weights as they lie on the window: reversed for a convolution.
    window : (int, int)
        Height and width of the kernel.
    flipped : bool
        Whether this is a convolution.
    border, cval, origin, shape, channel_axis, dtype, threads, scale, offset, absolute
        As in `convolve`, under this library's own names. There is one border if those of all axes
        are equal. The scale is already in the kernel's weights.
    requested_method : str
        The ``method=`` of `convolve`.
    given : ndarray, shape (h, w), read-only, or Product
        The kernel as it was given.
    pixel : dtype or None
        Type of image that `method` and `reason` speak of.
    missing : Missing
        What is missing of an image, and what is done about it.
    axes : tuple of int or None
        Axes of the image along which the kernel's lie; None for the last ones.
    stride, dilation : tuple of int
        One for each axis of the kernel; all 1 unless this is a `VolumePlan`.
    """

    __slots__ = ("__weakref__",)

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpickled, (make_plan, self.given, self.pixel, self.options.named())

    def __repr__(self) -> str:
        sizes = " x ".join(map(str, self.window))
        names = (
            "border", "cval", "origin", "shape", "channel_axis", "dtype", "requested_method", "threads",
            "scale", "offset", "absolute",
        )  # fmt: skip
        options = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"Plan(<kernel of {sizes}>, flipped={self.flipped}, {options})"

    def with_options(self, **options: Any) -> Plan:
        """The same kernel with some other options."""
        changed = options_of(**self.options.named() | options, window=self.window)
        return Plan(changed, self.parts, self.lying, self.pixel)

    @property
    def kernel(self) -> Any:
        """Weights as they lie on the window."""
        if self.lying is not None:
            return scaled(self.lying, self.scale)
        return np.frombuffer(self.parts[0].memory).reshape(self.window)

    @property
    def given(self) -> Any:
        """The kernel as it was given."""
        lying = self.kernel if self.lying is None else self.lying
        return _reversed(lying) if self.flipped else lying

    def moved(self, channel_axis: Any) -> Plan:
        """The same plan for images whose last axes, except that of the channels, are filtered."""
        return self.with_options(channel_axis=channel_axis)

    @property
    def axes(self) -> tuple[int, ...] | None:
        """Axes of the image along which the kernel's lie; None for the last ones."""
        return self.options.axes

    @property
    def steps(self) -> tuple[int, ...]:
        """Steps from one window to the next, for each axis."""
        return self.options.stride or (1,) * len(self.window)

    @property
    def borders(self) -> tuple[str, ...]:
        """The border of each of the kernel's axes."""
        return (self.border,) * len(self.window) if isinstance(self.border, str) else self.border

    @property
    def method(self) -> str:
        """Name of the method for images of type `pixel`."""
        return self.strategies(_example(self.pixel), _MEGAPIXEL)[0].method

    @property
    def reason(self) -> str:
        """Reason for the method, in half a sentence."""
        return self.strategies(_example(self.pixel), _MEGAPIXEL)[0].why

    def explain(
        self,
        image: ArrayLike | None = None,
        *,
        dims: Dims | None = None,
        masked: bool = False,
    ) -> str:
        """Say in plain words what will run, and why not something else.

        Parameters
        ----------
        image : array_like, optional
            By default the answer is for an image of type `pixel` with a million samples.
        dims : (hashable, hashable), optional
            As in `convolve`.
        masked : bool
            Whether there is a mask.

        Returns
        -------
        str
            Some ten lines.
        """
        plan = self
        if image is None:
            a, samples, size, channels = _example(self.pixel), 1_000_000, _MEGAPIXEL, 1
        else:
            image, hidden = _mask.split(image)
            masked = masked or hidden is not None
            a, axis, _ = laid_out(image, self.channel_axis, dims)
            plan = self.with_options(channel_axis=axis)
            src = plan._channels_last(a, "image")
            samples, channels = a.size, src.shape[-1]
            height, width = plan.whole(src.shape[-3:-1]).size
            size = height, width
        chosen = []
        for asked in plan._asked(a, size, channels):
            strategy, kernel, _ = plan._for_whole(asked, size)
            chosen.append((strategy, kernel.shape, rejected(kernel, *asked[1:])))
        return _explain.explanation(
            plan, a.dtype, plan.target(a.dtype), samples, chosen, masked or plan.missing.active
        )

    def target(self, pixel: np.dtype[Any]) -> np.dtype[Any]:
        """Type of the result for images of this type."""
        if self.dtype is not None:
            return self.dtype
        if pixel == np.bool_:
            pixel = np.dtype(np.float32)
        if len(self.parts) > 1 and pixel.kind != "c":
            return np.result_type(pixel, np.complex64)
        return pixel.newbyteorder("=")

    def whole(self, shape: tuple[int, ...]) -> Part:
        """The part that is all of an image of H x W."""
        windows = tuple(self.axis(length, axis) for axis, length in enumerate(shape))
        return Part(windows, tuple(count for _, _, count in windows))

    def spatial(self, ndim: int) -> tuple[int, ...]:
        """Axes along which the kernel's lie, of an image of `ndim` axes."""
        channel = None if self.channel_axis is None else self.channel_axis % ndim
        return tuple(axis for axis in range(ndim) if axis != channel)[-2:]

    def axis(self, length: int, axis: int) -> Axis:
        """Windows along an axis of `length` pixels."""
        start, count = placement(
            length, self.window[axis], self.origin[axis], self.flipped, self.shape
        )
        return length, start, count

    @property
    def listed(self) -> bool:
        """Whether the engine serves this kernel; if not, the definition does."""
        return True

    def laid(self, shape: tuple[int, ...], part: Part | None = None) -> _missing.Laid:
        """How images of this shape are filtered where samples are missing."""
        lengths = tuple(shape[axis] for axis in self.spatial(len(shape)))
        windows, size = part or self.whole(lengths)
        stand = _missing.Windows(windows, self.borders, self.window, self.steps, (size[0], size[1]))
        return _missing.Laid(self.channels_last, self.channels_last, stand, self.parts[0])

    def shape_of(self, image: NDArray[Any], part: Part | None = None) -> tuple[int, ...]:
        """Shape of the result, or of a part of it."""
        src = self._channels_last(image, "image")
        rows, cols = (part or self.whole(src.shape[-3:-1])).windows
        shape = (*src.shape[:-3], rows[2], cols[2])
        if self.channel_axis is None:
            return shape
        axis = self.channel_axis % image.ndim
        return (*shape[:axis], src.shape[-1], *shape[axis:])

    def warn_of_channels(self, shape: tuple[int, ...]) -> None:
        """Warn if the last axis of an image of this shape looks like colours, but is filtered."""
        if self.channel_axis is None:
            warn_of_channels(shape, self.window[1])

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
        src = self._channels_last(image, "image")
        (rows, cols), (height, width) = part or self.whole(src.shape[-3:-1])
        dtype, target = self._checked_target(image, out)
        fill = fill_of(self.cval, image.dtype)

        dst_shape = self.shape_of(image, part)
        result = checked_out(out, dst_shape, dtype)
        if 0 in dst_shape:
            return result
        if 0 in src.shape:
            raise ValueError(
                f"image must not be empty for shape={self.shape!r}; got shape {image.shape}"
            )
        if out is not None and np.may_share_memory(image, out):
            src = src.copy()
        dst = self._channels_last(result, "out")

        # everything is checked; from here on memory is written
        bits = bits_of(image)
        asked = [
            self._ask(kernel, bits, source, target, (height, width), src.shape[-1])
            for kernel in self.parts
        ]
        if part is None:
            chosen = [self._for_whole(each, (height, width)) for each in asked]
        else:
            chosen = [(decide(*each), each[0], None) for each in asked]

        def run(number: int, a: NDArray[Any], b: NDArray[Any], constant: Floats) -> None:
            strategy, kernel, starts = chosen[number]
            top, left = starts or (rows[1], cols[1])
            execute(
                strategy, a, b, kernel, source, target, (rows[0], top, rows[2]),
                (cols[0], left, cols[2]), self.borders, (constant[0], constant[-1]), self.threads,
            )  # fmt: skip

        complex_passes(run, src, dst, len(chosen), fill)
        return result

    def _apply(self, image: ArrayLike, out: NDArray[Any] | None, mask: Any = None) -> Any:
        """Answer what C does not."""
        host = host_of(image)
        if host is not None:
            words = {} if mask is None else {"mask": mask}
            return import_module(f".containers.{host}", __package__).call(image, self, out, **words)
        data, hidden = _mask.split(image)
        a, to = as_image(data), None if out is None else output_of(out, "out")
        self.warn_of_channels(a.shape)
        if hidden is None and mask is None:
            result = self.run(a, to)
            return result if out is None else out
        given = None if mask is None else _mask.mask_of(mask, a.shape, self.channel_axis)
        if hidden is None or out is not None:
            result = self.run(a, to, mask=_mask.joined(hidden, given))
            return result if out is None else out
        return self._masked(a, _mask.joined(hidden, given))

    @quiet
    def _masked(self, a: NDArray[Any], mask: NDArray[np.bool_] | None) -> Any:
        """Filter a masked array: what is missing of the result is masked."""
        result, holes = _missing.run(self, a, mask, None, hidden=True)
        return np.ma.MaskedArray(result, holes)

    def _by_name(self, image: Any, out: Any, dims: Dims, mask: Any = None) -> Any:
        """Filter along dimensions that have names."""
        _check_named(image, dims)
        words = {} if mask is None else {"mask": mask}
        return import_module(".containers.xarray", __package__).call(
            image, self, out, dims, **words
        )

    @property
    def recipes(self) -> dict[Any, Any]:
        """How images with missing samples are filtered, and the plans of those without."""
        if self.kept is None:
            self.kept = {}
        return self.kept

    @property
    def renormalize(self) -> bool:
        """Whether sums are divided by the weights of the samples that are there."""
        return _mask.renormalizes(self.kernel, self.missing.renormalize)[0]

    @property
    def why_renormalized(self) -> str:
        """And why, or why not."""
        return _mask.renormalizes(self.kernel, self.missing.renormalize)[1]

    def plain(self, dtype: np.dtype[Any] | None) -> Plan:
        """The plan of images that miss nothing, with results of this type."""
        key = "plain", dtype
        made: Plan | None = self.recipes.get(key)
        if made is None:
            made = self.with_options(border=self.border, nan_policy="propagate", dtype=dtype)
            self.recipes[key] = made
        return made

    def with_kernel(self, kernel: Any, cval: float) -> Plan:
        """The plan of real weights, as they lie on the window, that renormalizes as this one does."""
        known = self.options.named()
        known |= {"cval": cval, "scale": 1.0, "renormalize": self.renormalize}
        weights = np.ascontiguousarray(kernel, np.float64)
        return Plan(options_of(**known, window=self.window), (Kernel(weights),), None, self.pixel)

    def samples(self, bits: int, source: Pixel) -> tuple[float, float, bool]:
        """Smallest and largest of samples and constant, and whether they are all integers."""
        reaches_out = (
            "constant" in self.borders and self.shape != "valid" and len(self.parts[0]) > 1
        )
        return sample_range(source.code, bits, complex(self.cval).real if reaches_out else 0.0)

    def _check(self, image: NDArray[Any], dtype: np.dtype[Any]) -> None:
        """Check the first image of a type and size, for results of type `dtype`."""
        self.warn_of_channels(image.shape)
        self.check_weights(pixel_of(dtype, "dtype"))

    def strategies(
        self, a: NDArray[Any], size: tuple[int, int], channels: int = 1
    ) -> list[Strategy]:
        """Strategies for an image like `a`: one for a real kernel, two for a complex one."""
        return [decide(*asked) for asked in self._asked(a, size, channels)]

    def row_step(self, a: NDArray[Any]) -> int:
        """Step of the rows at which parts of images like `a` must begin so that floats get the same
        bits.
        """
        src = self._channels_last(a, "image")
        height, width = self.whole(src.shape[-3:-1]).size
        chosen = self.strategies(a, (height, width), src.shape[-1])
        return math.lcm(*(strategy.row_step for strategy in chosen))

    def _asked(self, a: NDArray[Any], size: tuple[int, int], channels: int = 1) -> list[Asked]:
        """Arguments of the planner: one tuple for a real kernel, two for a complex one."""
        source, target = pixel_of(a.dtype, "image"), pixel_of(self.target(a.dtype), "dtype")
        bits = bits_of(a)
        return [self._ask(part, bits, source, target, size, channels) for part in self.parts]

    def _ask(
        self,
        kernel: Kernel,
        bits: int,
        source: Pixel,
        target: Pixel,
        size: tuple[int, int],
        channels: int,
    ) -> Asked:
        self.check_weights(target)
        return (
            kernel, source, target, self.samples(bits, source), size, channels, self.requested_method,
            self.offset,
            self.absolute,
        )  # fmt: skip

    def _checked_target(
        self, image: NDArray[Any], out: NDArray[Any] | None
    ) -> tuple[np.dtype[Any], Pixel]:
        """Type of the result. Raises if it is not possible."""
        dtype = self.target(image.dtype) if out is None or self.dtype is not None else type_of(out)
        target = pixel_of(dtype, "dtype" if out is None else "out")
        self.check_weights(target)
        if image.dtype.kind == "c" or len(self.parts) > 1 or np.iscomplexobj(self.cval):
            _check_complex(image.dtype, self, dtype)
        return dtype, target

    def check_weights(self, target: Pixel) -> None:
        if target.integer:
            for part in self.parts:
                if not part.finite:
                    check_finite(self.kernel, target.name)

    def folded(self, kernel: Kernel, height: int, width: int, integer: bool) -> Any:
        """One of `parts` folded onto images of this size, and where it begins: `folded_kernel`."""
        if isinstance(self.lying, Product):
            return None
        (_, top, _), (_, left, _) = self.whole((height, width)).windows
        return folded_kernel(kernel, ((height, top), (width, left)), self.borders, integer)

    def chosen(
        self,
        image: np.dtype[Any],
        target: np.dtype[Any],
        bits: int,
        size: tuple[int, int],
        channels: int,
    ) -> tuple[Strategy, Kernel, Any]:
        """`_for_whole` for a real kernel."""
        source, result = pixel_of(image, "image"), pixel_of(target, "dtype")
        return self._for_whole(self._ask(self.parts[0], bits, source, result, size, channels), size)

    def _for_whole(self, asked: Asked, size: tuple[int, int]) -> tuple[Strategy, Kernel, Any]:
        """Strategy and kernel for whole images of this size, and where the kernel begins if it was
        folded, else None.
        """
        strategy, kernel = decide(*asked), asked[0]
        integer, whole_samples = asked[2].integer, asked[3][2]
        # samples that are not whole are summed in the definition's order alone
        foldable = self.may_fold(*size) and (whole_samples or not integer)
        found = foldable and self.folded(kernel, *size, integer)
        if found:
            with contextlib.suppress(ValueError):  # no method is exact enough
                other = decide(found[0], *asked[1:])
                if other.cost < strategy.cost:
                    return other, *found
        return strategy, kernel, None

    def channels_last(self, a: NDArray[Any]) -> NDArray[Any]:
        """View of shape (..., H, W, C) of an image or a result."""
        return self._channels_last(a, "image")

    def _channels_last(self, a: NDArray[Any], argument: str) -> NDArray[Any]:
        """View of shape (..., H, W, C)."""
        if self.channel_axis is None:
            if a.ndim < 2:
                raise ValueError(f"{argument} must have at least 2 axes; got shape {a.shape}")
            return a[..., np.newaxis]
        if isinstance(self.channel_axis, str):
            raise TypeError(f"channel_axis must be an integer; got {self.channel_axis!r}")
        if a.ndim < 3:
            raise ValueError(
                f"{argument} must have at least 3 axes if channel_axis is given; got shape {a.shape}"
            )
        if not -a.ndim <= self.channel_axis < a.ndim:
            raise ValueError(
                f"channel_axis must be from {-a.ndim} to {a.ndim - 1} for {argument} of shape {a.shape}; "
                f"got {self.channel_axis}"
            )
        return np.moveaxis(a, self.channel_axis, -1)


# C does not serve complex numbers.
begin(
    {np.dtype(name).num: pixel.code for name, pixel in PIXELS.items() if "complex" not in name},
    Plan,
)


def make_plan(
    kernel: ArrayLike | Product,
    flipped: bool,
    pixel: np.dtype[Any] | None = None,
    **options: Any,
) -> Plan:
    """Check everything that needs no image: a kernel of two axes, and what `options_of` takes."""
    weights = kernel if isinstance(kernel, Product) else as_kernel(kernel)
    return plan_from(weights, options_of(flipped, weights.shape, **options), pixel)


def _unpickled(
    make: Callable[..., Plan], kernel: Any, pixel: np.dtype[Any] | None, options: dict[str, Any]
) -> Plan:
    return make(kernel, pixel=pixel, **options)


def plan_from(
    weights: NDArray[Any] | Product, options: Options, pixel: np.dtype[Any] | None
) -> Plan:
    """The plan of a kernel and options that have been checked."""
    flipped = options.flipped
    if options.missing.renormalize is True and not isinstance(weights, Product):
        _mask.renormalizes(weights, True)  # or it is an error, before there is an image
    if not isinstance(weights, Product):
        weights = np.ascontiguousarray(weights)
    lying = _reversed(weights) if flipped else weights
    summed = scaled(lying, options.scale)
    if isinstance(lying, Product):
        return Plan(options, (product_of(summed.column, summed.row),), lying, pixel)
    if lying.dtype.kind != "c" and summed is lying:
        return Plan(options, (Kernel(lying),), None, pixel)
    lying.flags.writeable = False
    if lying.dtype.kind != "c":
        return Plan(options, (Kernel(summed),), lying, pixel)
    parts = (Kernel(np.ascontiguousarray(part)) for part in (summed.real, summed.imag))
    return Plan(options, tuple(parts), lying, pixel)


def options_of(
    flipped: bool,
    window: tuple[int, ...],
    border: str | Sequence[str] = "reflect",
    cval: complex = 0.0,
    origin: int | Sequence[int] = 0,
    shape: str = "same",
    channel_axis: int | str | None = None,
    dtype: DTypeLike | None = None,
    method: str = "auto",
    threads: int | None = None,
    scale: float = 1.0,
    offset: float = 0.0,
    absolute: bool = False,
    nan_policy: str = "propagate",
    min_weight: float = 0.0,
    renormalize: bool | str = "auto",
    fill: complex | None = None,
    axes: tuple[int, ...] | None = None,
    stride: tuple[int, ...] | None = None,
    dilation: tuple[int, ...] | None = None,
) -> Options:
    """Check options for a kernel of the shape `window`. The last three have been checked by the
    caller.
    """
    if shape not in SHAPES:
        raise ValueError(f"shape must be one of {', '.join(SHAPES)}; got {shape!r}")
    if method != "auto" and method not in METHODS:
        raise ValueError(f"method must be auto or one of {', '.join(METHODS)}; got {method!r}")
    if threads is not None:
        _threads.threads_for(0, threads)
    if channel_axis is not None and not isinstance(channel_axis, str):
        channel_axis = as_index(channel_axis, "channel_axis")
    target = None if dtype is None else as_dtype(dtype, "dtype")
    if target is not None and target == np.bool_:
        raise TypeError("dtype must be an integer, float or complex type; got bool")
    number, omit = as_number(cval), False
    if isinstance(border, str):
        border, number, omit = _mask.outside(border, number, nan_policy)
    missing = _mask.as_missing(nan_policy, min_weight, renormalize, fill, omit)
    names = as_border(border, len(window))
    numbers = map(BORDERS.index, (names,) if isinstance(names, str) else names)
    return Options(
        flipped, names, number, as_origin(origin, window, shape), shape, channel_axis,
        target, method, threads, as_finite(scale, "scale"), as_finite(offset, "offset"),
        as_flag(absolute, "absolute"), missing, mode=SHAPES.index(shape), borders=tuple(numbers), axes=axes,
        stride=stride, dilation=dilation,
    )  # fmt: skip


def laid_out(
    image: ArrayLike,
    channel_axis: Any,
    dims: Dims | None,
    wanted: int = 2,
    axes: tuple[int, ...] | None = None,
) -> tuple[NDArray[Any], int | None, tuple[int, ...] | None]:
    """An image in memory, the axis of its channels, and the axes along which a kernel of `wanted`
    axes lies (None for the last ones).
    """
    if host_of(image) == "xarray":
        adapter = import_module(".containers.xarray", __package__)
        image, channel_axis = adapter.laid_out(image, channel_axis, dims, wanted, axes)
        axes = None
    elif dims is not None:
        _check_named(image, dims)
    return as_image(image), channel_axis, axes


def _check_named(image: object, dims: object) -> None:
    if host_of(image) != "xarray":
        raise TypeError(
            f"dims must be None unless image is an xarray.DataArray; got {dims!r} with "
            f"{type(image).__name__}"
        )


def _check_complex(pixel: np.dtype[Any], plan: Plan, target: np.dtype[Any]) -> None:
    if target.kind != "c":
        raise TypeError(f"dtype must be complex for a complex image, kernel or cval; got {target}")
    if plan.offset or plan.absolute:
        name = "offset must be 0" if plan.offset else "absolute must be False"
        raise TypeError(f"{name} for a complex image, kernel or cval")
    if np.iscomplexobj(plan.cval) and pixel.kind != "c":
        raise TypeError(f"cval must be real for a real image; got {plan.cval!r}")


def fill_of(cval: complex, pixel: np.dtype[Any]) -> Floats:
    if pixel.kind == "c":
        return np.array([complex(cval).real, complex(cval).imag])
    return np.array([complex(cval).real])


def _reversed(kernel: Any) -> Any:
    """The kernel reversed along both axes. An array is returned read-only."""
    if isinstance(kernel, Product):
        return Product(*(np.ascontiguousarray(line[::-1]) for line in (kernel.column, kernel.row)))
    weights = np.ascontiguousarray(kernel[::-1, ::-1])
    weights.flags.writeable = False
    return weights


def scaled(weights: Any, scale: float) -> Any:
    """A kernel whose weights are multiplied by a number."""
    if scale == 1:
        return weights
    if isinstance(weights, Product):
        return Product(weights.column * scale, weights.row)
    with np.errstate(all="ignore"):
        weights = weights * scale
    weights.flags.writeable = False
    return weights


def _example(pixel: np.dtype[Any] | None) -> NDArray[Any]:
    return np.zeros((1, 1), np.uint8 if pixel is None else pixel)
