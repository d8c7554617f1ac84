# SPDX-License-Identifier: BSD-3-Clause
"""Check every word once, allocate, run, hand back.

`convolve` and `correlate` differ in nothing but the direction of the kernel. A call makes a `Plan` (the
kernel and all options, checked) and applies it; `plan` hands the same object to the caller.

Complex numbers are pairs of reals: a complex image is one of twice as many channels, and a complex
kernel is two real ones.
"""

from __future__ import annotations

import operator
import platform
from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from importlib import import_module
from importlib.metadata import version
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from . import _arguments, _levels, _threads
from ._arguments import quiet
from ._borders import canonical, placement
from ._complex import complex_passes
from ._engine import recall
from ._execute import Axis, execute
from ._methods import Floats, Recipe
from ._pixels import Pixel, pixel_of
from ._planner import METHODS, Decision, decide

__all__ = ["Plan", "convolve", "correlate", "explain", "plan", "show_config"]

Shape = Literal["same", "valid", "full"]
SHAPES = ("same", "valid", "full")
# Names of the dimensions of rows and columns.
Dims = tuple[Hashable, Hashable]

# Libraries whose arrays have an adapter of this name, which answers in their stead: lazily, with names.
HOSTS = ("dask", "xarray")


class Part(NamedTuple):
    """A piece of a larger image: where its windows stand, and the size of the whole result.

    The method is chosen by the whole, since it decides the last bits of floats. What stands outside of the
    piece is what the border says of the piece alone.
    """

    rows: Axis
    cols: Axis
    size: tuple[int, int]


def convolve(
    image: ArrayLike,
    kernel: ArrayLike,
    *,
    border: str = "reflect",
    cval: complex = 0.0,
    origin: int | tuple[int, int] = 0,
    shape: Shape = "same",
    channel_axis: int | None = None,
    dtype: DTypeLike | None = None,
    out: NDArray[Any] | None = None,
    method: str = "auto",
    threads: int | None = None,
    dims: Dims | None = None,
) -> NDArray[Any]:
    """Convolve an image with a kernel.

    Parameters
    ----------
    image : array_like, shape (..., H, W)
        bool, integer, float16 to float64 or complex; any strides and byte order. Leading axes are a
        batch of images. The result of a dask array is a lazy one, that of an xarray.DataArray keeps its
        coordinates: see `fastconv.adapters.dask` and `fastconv.adapters.xarray`.
    kernel : array_like, shape (h, w)
        Real or complex weights, of any size, also larger than the image.
    border : {"reflect", "mirror", "nearest", "wrap", "constant"}
        What stands outside the image, by scipy.ndimage's names; those of NumPy, OpenCV, scipy.signal
        and torch are understood where they are not ambiguous ("edge", "symmetric", "replicate",
        "reflect_101", "circular" ...).
    cval : number
        The constant of ``border="constant"``.
    origin : int or (int, int)
        Shift of the kernel's centre, down and right, as in scipy.ndimage: within the kernel.
    shape : {"same", "valid", "full"}
        As many results as pixels; those whose window lies inside the image, (H-h+1, W-w+1); those
        whose window touches the image, (H+h-1, W+w-1).
    channel_axis : int, optional
        An axis that is not convolved, for instance -1 for (..., H, W, C).
    dtype : dtype, optional
        Type of the result: the image's by default, float32 for bool; complex if the kernel is.
        Integers are rounded half to even and saturated.
    out : ndarray, optional
        Where to write the result; any strides, also the image itself.
    method : {"auto", "direct", "separable", "sparse", "box", "dot", "fft", "wide"}
        How to sum. "auto" takes the fastest; results of integer type never depend on it.
    threads : int, optional
        The most threads to use; see `set_num_threads`.
    dims : (hashable, hashable), optional
        Names of the dimensions of a DataArray that rows and columns of the kernel lie along, as
        ("lat", "lon"). It may be left out where it is clear: see `fastconv.adapters.xarray`.

    Returns
    -------
    ndarray
        `out`, or a new array; of NumPy's own class, also for an image of a subclass (np.matrix) or a table.

    Raises
    ------
    TypeError
        A type is not supported, or masked elements or a unit would be lost.
    ValueError
        A value is not allowed, weights are NaN or infinite and the result is of integers, or the exact
        result of large integers cannot be had.

    Warns
    -----
    ChannelAxisWarning
        A last axis of 2, 3 or 4 behind longer ones, which may be one of colours, is shorter than the kernel
        is wide, and `channel_axis` is not given.

    See Also
    --------
    fastconv.reference.convolve : the definition of every result.

    Examples
    --------
    >>> import fastconv, numpy as np
    >>> image = np.array([[0, 0, 0, 0], [0, 90, 0, 0], [0, 0, 0, 0]], np.uint8)
    >>> fastconv.convolve(image, fastconv.box_blur)
    array([[10, 10, 10,  0],
           [10, 10, 10,  0],
           [10, 10, 10,  0]], dtype=uint8)
    """
    if dims is not None:
        options = (True, border, cval, origin, shape, channel_axis, dtype, method, threads)
        return _by_name(image, kernel, options, out, dims)
    return recall.call(  # type: ignore[no-any-return]
        image, kernel, True, border, cval, origin, shape, channel_axis, dtype, out, method, threads
    )


def correlate(
    image: ArrayLike,
    kernel: ArrayLike,
    *,
    border: str = "reflect",
    cval: complex = 0.0,
    origin: int | tuple[int, int] = 0,
    shape: Shape = "same",
    channel_axis: int | None = None,
    dtype: DTypeLike | None = None,
    out: NDArray[Any] | None = None,
    method: str = "auto",
    threads: int | None = None,
    dims: Dims | None = None,
) -> NDArray[Any]:
    """Correlate an image with a kernel: `convolve` without reversing the kernel.

    The parameters are those of `convolve`. `origin` shifts the window instead of the kernel, so it
    counts the other way, and a kernel of even size has its centre right of the middle, as in
    scipy.ndimage. A complex kernel is taken as it is, not conjugated.

    Returns
    -------
    ndarray
        `out`, or a new array.

    Examples
    --------
    >>> import fastconv, numpy as np
    >>> fastconv.correlate(np.array([[0, 0, 1, 0, 0]]), [[1, 2, 3]]).tolist()
    [[0, 3, 2, 1, 0]]
    """
    if dims is not None:
        options = (False, border, cval, origin, shape, channel_axis, dtype, method, threads)
        return _by_name(image, kernel, options, out, dims)
    return recall.call(  # type: ignore[no-any-return]
        image, kernel, False, border, cval, origin, shape, channel_axis, dtype, out, method, threads
    )


@dataclass(frozen=True, eq=False)
class Plan:
    """A kernel and all options, checked once; made by `plan`, called with images.

    A plan is immutable, can be shared between threads, and pickles to its arguments.

    Attributes
    ----------
    kernel : ndarray, shape (h, w), read-only
        Weights as they lie on the window: reversed for a convolution.
    flipped : bool
        Whether this is a convolution.
    border, cval, origin, shape, channel_axis, dtype, threads
        As in `convolve`.
    wanted : str
        The ``method=`` of `convolve`.
    given : ndarray, shape (h, w), read-only
        The kernel as it was given.
    pixel : dtype or None
        Type of image that `method` and `reason` speak of.
    """

    kernel: NDArray[Any]
    flipped: bool
    border: str
    cval: complex
    origin: tuple[int, int]
    shape: str
    channel_axis: int | None
    dtype: np.dtype[Any] | None
    wanted: str
    threads: int | None
    given: NDArray[Any]
    pixel: np.dtype[Any] | None = field(default=None)

    def __reduce__(self) -> tuple[Any, ...]:
        return _make_plan, (self.given, *self._options(), self.pixel)

    def __call__(
        self, image: ArrayLike, *, out: NDArray[Any] | None = None, dims: Dims | None = None
    ) -> NDArray[Any]:
        """Filter an image, as `convolve` or `correlate` would."""
        if dims is not None:
            return _by_name(image, self.given, self._options(), out, dims)
        return recall.call(  # type: ignore[no-any-return]
            image, self.given, self.flipped, self.border, self.cval, self.origin, self.shape,
            self.channel_axis, self.dtype, out, self.wanted, self.threads,
        )  # fmt: skip

    def _options(self) -> tuple[Any, ...]:
        return (
            self.flipped, self.border, self.cval, self.origin, self.shape, self.channel_axis,
            self.dtype, self.wanted, self.threads,
        )  # fmt: skip

    @property
    def method(self) -> str:
        """Name of the method that images of type `pixel` get."""
        return self._decisions(_example(self.pixel), _MEGAPIXEL)[0].recipe.method

    @property
    def reason(self) -> str:
        """Why, in half a sentence."""
        return self._decisions(_example(self.pixel), _MEGAPIXEL)[0].recipe.why

    def explain(self, image: ArrayLike | None = None, *, dims: Dims | None = None) -> str:
        """Say in plain words what will run, and why not something else.

        Parameters
        ----------
        image : array_like, optional
            By default the answer is for an image of type `pixel` with a million samples.
        dims : (hashable, hashable), optional
            As in `convolve`.

        Returns
        -------
        str
            Some ten lines.
        """
        if image is None:
            return "\n".join(self._explanation(_example(self.pixel), 1_000_000, _MEGAPIXEL))
        a, axis = _laid_out(image, self.channel_axis, dims)
        made = replace(self, channel_axis=axis)
        src = made._channels_last(a, "image")
        whole = made._whole(src.shape[-3:-1])
        return "\n".join(made._explanation(a, a.size, whole.size, src.shape[-1]))

    def _explanation(
        self, a: NDArray[Any], samples: int, size: tuple[int, int], channels: int = 1
    ) -> list[str]:
        target = self._target(a.dtype)
        height, width = self.kernel.shape
        lines = [
            f"{'convolve' if self.flipped else 'correlate'} {a.dtype} -> {target} with {height} x {width} "
            f"taps, border {self.border}, shape {self.shape}"
        ]
        for decision in self._decisions(a, size, channels):
            recipe = decision.recipe
            threads = _threads.threads_for(recipe.cost * samples, self.threads)
            lines += [
                f"  method   {recipe.method}: {recipe.why}",
                f"  sums     {_SUM_WORDS.get(recipe.method) or _LANE_WORDS[recipe.lane]}",
                f"  result   {_promise(target, recipe)}",
                f"  threads  {threads} for {samples} samples, about {recipe.cost:.2f} ns each on one",
                f"  engine   {_levels.level}, vectors of {_levels.engine.vector_bytes()} bytes",
            ]
            lines += [f"  not      {name}: {reason}" for name, reason in decision.rejected]
        return lines

    def _target(self, pixel: np.dtype[Any]) -> np.dtype[Any]:
        """Type of the result for images of this type."""
        if self.dtype is not None:
            return self.dtype
        if pixel == np.bool_:
            pixel = np.dtype(np.float32)
        if self.kernel.dtype.kind == "c" and pixel.kind != "c":
            return np.result_type(pixel, np.complex64)
        return pixel.newbyteorder("=")

    @quiet
    def _decisions(
        self, a: NDArray[Any], size: tuple[int, int], channels: int = 1
    ) -> list[Decision]:
        """One for a real kernel, two for a complex one."""
        source, target = pixel_of(a.dtype, "image"), pixel_of(self._target(a.dtype), "dtype")
        return [
            self._decide(part, a, source, target, size, channels)
            for part in _real_parts(self.kernel)
        ]

    def _decide(
        self,
        kernel: Floats,
        a: NDArray[Any],
        source: Pixel,
        target: Pixel,
        size: tuple[int, int],
        channels: int,
    ) -> Decision:
        if target.integer:
            _arguments.check_finite(kernel, target.name)
        reaches_out = self.border == "constant" and self.shape != "valid" and self.kernel.size > 1
        samples = _range(a, source, self.cval if reaches_out else 0.0)
        return decide(kernel, source, target, samples, size, channels, self.wanted)

    @quiet
    def _run(
        self, image: NDArray[Any], out: NDArray[Any] | None, part: Part | None = None
    ) -> tuple[NDArray[Any], Any, float]:
        """The result, and the engine's call that made it and its cost, if there was but one."""
        source = pixel_of(image.dtype, "image")
        src = self._channels_last(image, "image")
        rows, cols, size = part or self._whole(src.shape[-3:-1])
        dtype = (
            self._target(image.dtype) if out is None or self.dtype is not None else _type_of(out)
        )
        target = pixel_of(dtype, "dtype" if out is None else "out")
        if image.dtype.kind == "c" or self.kernel.dtype.kind == "c" or np.iscomplexobj(self.cval):
            _check_complex(image.dtype, self, dtype)
        fill = _parts_of(self.cval, image.dtype)

        shape = (*src.shape[:-3], rows[2], cols[2], src.shape[-1])
        if self.channel_axis is None:
            dst_shape = shape[:-1]
        else:
            axis = self.channel_axis % image.ndim
            dst_shape = (*shape[:-1][:axis], shape[-1], *shape[:-1][axis:])
        result = _checked_out(out, dst_shape, dtype)
        if 0 in dst_shape:
            return result, None, 0.0
        if 0 in src.shape:
            raise ValueError(
                f"image must not be empty for shape={self.shape!r}; got shape {image.shape}"
            )
        if out is not None and np.may_share_memory(image, out):
            src = src.copy()
        dst = self._channels_last(result, "out")

        # all is checked; from here on things are written
        parts = _real_parts(self.kernel)
        decisions = [
            self._decide(kernel, image, source, target, size, src.shape[-1]) for kernel in parts
        ]
        calls = []

        def run(part: int, a: NDArray[Any], b: NDArray[Any], constant: Floats) -> None:
            call = execute(
                decisions[part].recipe, a, b, parts[part], source, target, rows, cols,
                self.border, np.resize(constant, a.shape[-1]), self.threads,
            )  # fmt: skip
            calls.append(call)

        complex_passes(run, src, dst, len(decisions), fill)
        only = calls[0] if len(calls) == 1 and dtype.kind != "c" else None
        return result, only, decisions[0].recipe.cost * dst.size

    def _whole(self, shape: tuple[int, ...]) -> Part:
        """All of an image of H x W."""
        rows, cols = (self._axis(shape[axis], axis) for axis in (0, 1))
        return Part(rows, cols, (rows[2], cols[2]))

    def _axis(self, length: int, axis: int) -> Axis:
        start, count = placement(
            length, self.kernel.shape[axis], self.origin[axis], self.flipped, self.shape
        )
        return length, start, count

    def _channels_last(self, a: NDArray[Any], argument: str) -> NDArray[Any]:
        """View of shape (..., H, W, C)."""
        if self.channel_axis is None:
            if a.ndim < 2:
                raise ValueError(f"{argument} must have at least 2 axes; got shape {a.shape}")
            return a[..., np.newaxis]
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


def plan(
    kernel: ArrayLike,
    *,
    pixel: DTypeLike = np.uint8,
    correlate: bool = False,
    border: str = "reflect",
    cval: complex = 0.0,
    origin: int | tuple[int, int] = 0,
    shape: Shape = "same",
    channel_axis: int | None = None,
    dtype: DTypeLike | None = None,
    method: str = "auto",
    threads: int | None = None,
) -> Plan:
    """Check a kernel and all options once, for many images.

    Parameters
    ----------
    kernel : array_like, shape (h, w)
    pixel : dtype
        Type of the images that `Plan.method`, `Plan.reason` and `Plan.explain` speak of. Images of
        other types can be filtered all the same.
    correlate : bool
        Whether to leave the kernel as it is instead of reversing it.
    border, cval, origin, shape, channel_axis, dtype, method, threads
        As in `convolve`.

    Returns
    -------
    Plan
        ``plan(kernel)(image)`` is ``convolve(image, kernel)``.

    Raises
    ------
    TypeError, ValueError
        As `convolve`, but before there is an image.

    Examples
    --------
    >>> import fastconv, numpy as np
    >>> blur = fastconv.plan(fastconv.kernels.gaussian(2), pixel=np.uint8)
    >>> blur.method
    'separable'
    >>> blur(np.full((2, 3), 7, np.uint8)).tolist()
    [[7, 7, 7], [7, 7, 7]]
    """
    made = _make_plan(
        kernel, not correlate, border, cval, origin, shape, channel_axis, dtype, method, threads,
        _as_dtype(pixel, "pixel"),
    )  # fmt: skip
    _ = made.method  # a method that cannot do it is an error now, not at the first image
    return made


def explain(
    image: ArrayLike,
    kernel: ArrayLike,
    *,
    channel_axis: int | None = None,
    dims: Dims | None = None,
    **options: Any,
) -> str:
    """Say in plain words what ``convolve(image, kernel, **options)`` will do, and why.

    Parameters
    ----------
    image : array_like
        In memory, also an xarray.DataArray.
    kernel : array_like
    channel_axis, dims, **options
        As in `convolve`, but for `out`.

    Returns
    -------
    str
        Some ten lines.

    Examples
    --------
    >>> import fastconv, numpy as np
    >>> print(fastconv.explain(np.zeros((9, 9), np.float32), fastconv.sharpening).splitlines()[1])
      method   sparse: 5 of 9 taps are not zero
    """
    a, axis = _laid_out(image, channel_axis, dims)
    return plan(kernel, pixel=a.dtype, channel_axis=axis, **options).explain(a)


def show_config() -> None:
    """Print version, CPU level, threads and compiler facts.

    Examples
    --------
    >>> import fastconv
    >>> fastconv.show_config()  # doctest: +ELLIPSIS
    fastconv ...
    """
    engine = _levels.engine
    print(f"fastconv {version('fastconv')}")
    print(f"level    {_levels.level} of {', '.join(_levels.available())} (FASTCONV_LEVEL)")
    print(f"vectors  {engine.vector_bytes()} bytes")
    print(f"threads  {_threads.get_num_threads()} (set_num_threads, FASTCONV_NUM_THREADS)")
    print(f"openmp   {'yes' if engine.has_openmp() else 'no: every call is serial'}")
    print(f"python   {platform.python_version()} on {platform.machine()}")
    print(f"numpy    {np.__version__}")
    print(f"pillow   {version('pillow')}")


# Size of the image that a plan speaks of if it has seen none.
_MEGAPIXEL = (1000, 1000)

_LANE_WORDS = {
    "float32": "float32",
    "float64": "float64",
    "strict": "float64 in the definition's order and rounding",
}
_SUM_WORDS = {"dot": "32-bit integers", "wide": "pairs of 64-bit integers"}


def _promise(target: np.dtype[Any], recipe: Recipe) -> str:
    if target.kind not in "iu":
        return "within (taps + 1) eps sum|w||x| of the definition"
    if recipe.guard:
        return (
            f"exact: pixels within {recipe.guard:.1g} of a tie are summed again by the definition"
        )
    if recipe.lane == "strict" and recipe.method != "wide":
        return "exact: the sums are the definition's"
    return "exact: no sum is ever rounded before its last step"


# Types of options that nobody can change in place.
_FIXED = (str, int, float, complex, tuple, type, np.dtype, np.generic)


@quiet
def _first(
    image: ArrayLike,
    kernel: ArrayLike,
    flipped: bool,
    border: str,
    cval: complex,
    origin: int | tuple[int, int],
    shape: str,
    channel_axis: int | None,
    dtype: DTypeLike | None,
    out: NDArray[Any] | None,
    method: str,
    threads: int | None,
) -> NDArray[Any]:
    """Convolve or correlate with all checks, and remember what they found out."""
    options = (flipped, border, cval, origin, shape, channel_axis, dtype, method, threads)
    host = host_of(image)
    if host is not None:
        adapter = import_module(f".adapters.{host}", __package__)
        return adapter.call(image, kernel, options, out)  # type: ignore[no-any-return]
    a, to = _as_image(image), None if out is None else _arguments.output_of(out, "out")
    made = _make_plan(kernel, *options)
    if channel_axis is None:
        _arguments.warn_of_channels(a.shape, made.kernel.shape[1])
    result, call, work = made._run(a, to)
    # what is done with 64-bit images depends on what is in them, and a list or an array may be another
    # one next time
    fixed = all(option is None or isinstance(option, _FIXED) for option in options)
    if call is not None and fixed and not (a.dtype.kind in "iu" and a.dtype.itemsize == 8):
        recall.remember(image, kernel, options, out is not None, result, call, work)
    return result if out is None else out


recall.begin(_first, _threads.threads_for)


def _by_name(
    image: ArrayLike,
    kernel: ArrayLike,
    options: tuple[Any, ...],
    out: NDArray[Any] | None,
    dims: Dims,
) -> NDArray[Any]:
    """Convolve or correlate along dimensions that have names."""
    _check_named(image, dims)
    adapter = import_module(".adapters.xarray", __package__)
    return adapter.call(image, kernel, options, out, dims)  # type: ignore[no-any-return]


def _laid_out(
    image: ArrayLike, channel_axis: Any, dims: Dims | None
) -> tuple[NDArray[Any], int | None]:
    """An image in memory, with its rows and columns where they are expected, and the axis of its channels."""
    if host_of(image) == "xarray":
        adapter = import_module(".adapters.xarray", __package__)
        image, channel_axis = adapter.laid_out(image, channel_axis, dims)
    elif dims is not None:
        _check_named(image, dims)
    return _as_image(image), channel_axis


def _check_named(image: object, dims: object) -> None:
    if host_of(image) != "xarray":
        raise TypeError(
            f"dims must be None unless image is an xarray.DataArray; got {dims!r} with "
            f"{type(image).__name__}"
        )


def host_of(image: object) -> str | None:
    """The library of `HOSTS` that an image comes from: read from its class, so that none is imported."""
    for base in type(image).__mro__[:-1]:
        library = base.__module__.partition(".")[0]
        if library in HOSTS:
            return library
    return None


@quiet
def _make_plan(
    kernel: ArrayLike,
    flipped: bool,
    border: str,
    cval: complex,
    origin: int | tuple[int, int],
    shape: str,
    channel_axis: int | None,
    dtype: DTypeLike | None,
    method: str,
    threads: int | None,
    pixel: np.dtype[Any] | None = None,
) -> Plan:
    """Check everything that needs no image."""
    weights = _as_kernel(kernel)
    if shape not in SHAPES:
        raise ValueError(f"shape must be one of {', '.join(SHAPES)}; got {shape!r}")
    if method != "auto" and method not in METHODS:
        raise ValueError(f"method must be auto or one of {', '.join(METHODS)}; got {method!r}")
    if threads is not None:
        _threads.threads_for(0, threads)
    if channel_axis is not None:
        channel_axis = _as_index(channel_axis, "channel_axis")
    target = None if dtype is None else _as_dtype(dtype, "dtype")
    if target is not None and target == np.bool_:
        raise TypeError("dtype must be an integer, float or complex type; got bool")
    given = np.ascontiguousarray(weights)
    weights = np.ascontiguousarray(weights[::-1, ::-1]) if flipped else given
    given.flags.writeable = weights.flags.writeable = False
    return Plan(
        weights, flipped, canonical(border), _as_number(cval), _as_origin(origin, weights.shape, shape),
        shape, channel_axis, target, method, threads, given, pixel,
    )  # fmt: skip


def _as_image(image: ArrayLike) -> NDArray[Any]:
    if host_of(image) is not None:
        raise TypeError(
            f"image must be in memory here; got {type(image).__name__}: explain a part of it"
        )
    a = _arguments.array_of(image, "image")
    pixel_of(a.dtype, "image")
    return a


def _as_kernel(kernel: ArrayLike) -> NDArray[Any]:
    """float64 or complex128."""
    a = _arguments.array_of(kernel, "kernel", "a 2-D array")
    if a.dtype.kind not in "biufc":
        raise TypeError(f"kernel must hold numbers; got dtype {a.dtype}")
    if a.ndim != 2 or a.size == 0:
        raise ValueError(f"kernel must be 2-D and not empty; got shape {a.shape}")
    weights = a.astype(np.complex128 if a.dtype.kind == "c" else np.float64)
    # looked at as integers: as a float64, 2**53 + 1 is 2**53
    if a.dtype.kind in "iu" and max(int(a.max()), -int(a.min())) > 2**53:
        raise ValueError("kernel must hold integers within +-2**53; got larger ones")
    return weights


def _as_dtype(dtype: DTypeLike, argument: str) -> np.dtype[Any]:
    try:
        found = np.dtype(dtype)
    except TypeError:
        raise TypeError(f"{argument} must be a NumPy type; got {dtype!r}") from None
    pixel_of(found, argument)
    return found


def _as_index(value: object, argument: str) -> int:
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"{argument} must be an integer; got {value!r}") from None


def _as_number(cval: complex) -> complex:
    a = _arguments.array_of(cval, "cval")
    if a.ndim != 0 or a.dtype.kind not in "biufc":
        raise TypeError(f"cval must be a number; got {cval!r}")
    if a.dtype.kind in "iu" and int(a) != int(float(a)):
        raise ValueError(f"cval must be a number that float64 can hold; got {cval!r}")
    return complex(a) if a.dtype.kind == "c" else float(a)


def _as_origin(origin: int | tuple[int, int], size: tuple[int, ...], shape: str) -> tuple[int, int]:
    pair = tuple(origin) if isinstance(origin, (tuple, list, np.ndarray)) else (origin, origin)
    if len(pair) != 2:
        raise ValueError(f"origin must be an integer or a pair of them; got {origin!r}")
    y, x = (_as_index(value, "origin") for value in pair)
    if (y or x) and shape != "same":
        raise ValueError(
            f"origin must be 0 unless shape is 'same'; got {origin!r} with shape={shape!r}"
        )
    for value, length, axis in ((y, size[0], "rows"), (x, size[1], "columns")):
        # scipy.ndimage's bounds: the centre stays on the kernel
        low, high = -(length // 2), (length - 1) // 2
        if not low <= value <= high:
            raise ValueError(
                f"origin must be from {low} to {high} for a kernel of {length} {axis}; got {value}"
            )
    return y, x


def _type_of(out: NDArray[Any]) -> np.dtype[Any]:
    if not isinstance(out, np.ndarray):
        raise TypeError(f"out must be a NumPy array; got {type(out).__name__}")
    if out.dtype == np.bool_:
        raise TypeError("out must be of an integer, float or complex type; got bool")
    return out.dtype


def _checked_out(
    out: NDArray[Any] | None, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> NDArray[Any]:
    if out is None:
        return np.empty(shape, dtype)
    if _type_of(out) != dtype:
        raise TypeError(f"out must be of type {dtype}, as dtype asks; got {out.dtype}")
    if out.shape != shape:
        raise ValueError(f"out must have shape {shape}; got {out.shape}")
    if not out.flags.writeable:
        raise ValueError("out must be writable; got a read-only array")
    return out


def _check_complex(pixel: np.dtype[Any], made: Plan, target: np.dtype[Any]) -> None:
    if target.kind != "c":
        raise TypeError(f"dtype must be complex for a complex image, kernel or cval; got {target}")
    if np.iscomplexobj(made.cval) and pixel.kind != "c":
        raise TypeError(f"cval must be real for a real image; got {made.cval!r}")


def _parts_of(cval: complex, pixel: np.dtype[Any]) -> Floats:
    if pixel.kind == "c":
        return np.array([complex(cval).real, complex(cval).imag])
    return np.array([complex(cval).real])


def _real_parts(kernel: NDArray[Any]) -> list[Floats]:
    if kernel.dtype.kind != "c":
        return [kernel]
    return [np.ascontiguousarray(kernel.real), np.ascontiguousarray(kernel.imag)]


def _range(a: NDArray[Any], source: Pixel, cval: complex) -> tuple[float, float, bool]:
    """Smallest and largest of samples and constant, and whether they are all integers.

    Only 64-bit images are looked at: their type says nothing of use. The answer is rounded up to
    powers of two, so that plans are found again.
    """
    if not source.integer:
        return -np.inf, np.inf, False
    low, high = float(source.low), float(source.high)
    if source.peak > 2**32:
        largest = max(int(a.max()), -int(a.min()), 1) if a.size else 1
        high = 2.0 ** (largest - 1).bit_length()
        low = -high if source.low else 0.0
    constant = complex(cval).real
    return min(low, constant), max(high, constant), bool(constant == np.trunc(constant))


def _example(pixel: np.dtype[Any] | None) -> NDArray[Any]:
    return np.zeros((1, 1), np.uint8 if pixel is None else pixel)
