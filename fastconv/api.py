# SPDX-License-Identifier: BSD-3-Clause
"""The calls: `convolve`, `correlate`, and `plan`, which checks a kernel and options for many images.

`convolve` and `correlate` differ only in the direction of the kernel. Each makes a `Plan` of its
kernel and options, or finds the plan of an earlier call, and applies it.
"""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from . import _levels, _threads
from ._engine import calls as _calls
from ._engine.calls import clear_cache, remember, remembered, set_cache_limit
from ._mask import split
from ._options import as_dtype, as_each, as_kernel
from ._plan import Dims, Plan, laid_out
from ._volumes import plan_of

__all__ = [
    "Plan",
    "clear_cache",
    "convolve",
    "correlate",
    "explain",
    "plan",
    "set_cache_limit",
    "show_config",
]

Shape = Literal["same", "valid", "full"]
NanPolicy = Literal["propagate", "omit", "raise"]


@_calls.planned(flipped=True)
def convolve(
    image: ArrayLike,
    kernel: ArrayLike,
    *,
    border: str | Sequence[str] = "reflect",
    cval: complex = 0.0,
    origin: int | Sequence[int] = 0,
    shape: Shape = "same",
    channel_axis: int | None = None,
    dtype: DTypeLike | None = None,
    out: NDArray[Any] | None = None,
    method: str = "auto",
    threads: int | None = None,
    scale: float = 1.0,
    offset: float = 0.0,
    absolute: bool = False,
    dims: Dims | None = None,
    mask: ArrayLike | None = None,
    nan_policy: NanPolicy = "propagate",
    min_weight: float = 0.0,
    renormalize: bool | Literal["auto"] = "auto",
    fill: complex | None = None,
    axes: int | Sequence[int] | None = None,
    stride: int | Sequence[int] | None = None,
    dilation: int | Sequence[int] | None = None,
) -> NDArray[Any]:
    """Convolve an image with a kernel.

    Parameters
    ----------
    image : array_like, shape (..., H, W)
        bool, integer, float16 to float64 or complex; any strides and byte order. Leading axes are a
        batch of images. The result for a dask array is lazy, and that for an xarray.DataArray keeps
        its coordinates: see `fastconv.containers.dask` and `fastconv.containers.xarray`.
    kernel : array_like, shape (h, w)
        Real or complex weights, of any size, also larger than the image. Of any number of axes: one is a
        line, three are a volume; one of four and more is summed by the definition, which is slow.
    border : {"reflect", "mirror", "nearest", "wrap", "constant", "omit"}, or a sequence
        What stands outside the image, by scipy.ndimage's names; those of NumPy, OpenCV, scipy.signal
        and torch are understood where they are not ambiguous ("edge", "symmetric", "replicate",
        "reflect_101", "circular" ...). With "omit" it is missing, as what is masked. A sequence has one for
        each axis of the kernel.
    cval : number
        The constant of ``border="constant"``.
    origin : int, or a sequence of one for each axis of the kernel
        Shift of the kernel's centre, down and right, as in scipy.ndimage: within the kernel.
    shape : {"same", "valid", "full"}
        "same" gives one result for each pixel; "valid" those whose window lies inside the image,
        (H-h+1, W-w+1); "full" those whose window touches the image, (H+h-1, W+w-1).
    channel_axis : int, optional
        An axis that is not convolved, for instance -1 for (..., H, W, C).
    dtype : dtype, optional
        Type of the result: the image's by default, float32 for bool; complex if the kernel is.
        Integers are rounded half to even and saturated.
    out : ndarray, optional
        Where to write the result. It may have any strides, and may be the image itself.
    method : {"auto", "direct", "separable", "sparse", "box", "dot", "fft", "wide"}
        How to sum. "auto" takes the method that is predicted to be fastest. Results of integer type
        never depend on it.
    threads : int, optional
        The most threads to use; see `set_num_threads`.
    scale, offset : float
        The result is sum * scale + offset, and only this is rounded. The scale multiplies the
        weights; see `fastconv.reference`.
    absolute : bool
        Whether the result is the magnitude of that, as in OpenCV's convertScaleAbs.
    dims : sequence of hashable, optional
        Names of the dimensions of a DataArray that the axes of the kernel lie along, as ("lat", "lon"). It
        may be left out where it is clear: see `fastconv.containers.xarray`.
    axes : int or sequence of int, optional
        Axes of the image that those of the kernel lie along, one for each and in its order: the last ones
        by default, but for `channel_axis`. All others are a batch.
    stride : int, or a sequence of one for each axis of the kernel
        Along an axis, only every so many of the results are made, from the first on: those of
        ``shape="same"`` stand at pixels 0, stride, 2 * stride ... A kernel of three axes, or a stride, has
        the methods "direct", "separable" (without a stride), "sparse" and "wide".
    dilation : int, or a sequence of one for each axis of the kernel
        Pixels from one tap to the next: 1 by default. What lies between counts as zeros of the kernel, also
        for its centre, and costs nothing.
    mask : array_like of bool, optional
        True where samples are missing, as in numpy.ma; of a shape that broadcasts to that of the image, or to
        that without its channels. Results are means of what is there: the sum over it, divided by its weights
        and multiplied by all. A masked array brings its mask, and gives a masked array.
    nan_policy : {"propagate", "omit", "raise"}
        Whether NaN is a number like others, is missing, or is an error.
    min_weight : float
        A result is missing unless the samples that are there have at least this share of the weights (of
        their magnitudes); and always if they have none.
    renormalize : bool or "auto"
        Whether to divide by the weights that are there. If not, missing samples count as 0. "auto" divides
        unless there are weights of both signs, which cancel; True does so then too, where their sum over all
        of the window is not 0, and a result is missing where that over what is there is.
    fill : number, optional
        What missing results are: NaN by default. Integers have none, so for these it must be given with
        `mask`, and with ``border="omit"`` where a window has nothing but what stands outside.

    Returns
    -------
    ndarray
        `out`, or a new array; of NumPy's own class, also for an image of a subclass (np.matrix) or a table,
        but a masked one for a masked one.

    Raises
    ------
    TypeError
        A type is not supported, or a unit would be lost.
    ValueError
        A value is not allowed, weights are NaN or infinite and the result is of integers, or no
        exact result is possible for large integers.

    Warns
    -----
    ChannelAxisWarning
        The last axis may hold colours, since its length is 2, 3 or 4 and the two axes before it are
        longer; it is shorter than the kernel is wide; and `channel_axis` is not given.

    See Also
    --------
    fastconv.reference.convolve : the definition of every result.
    bank : several kernels at once.
    plan : a kernel and options for many images.

    Examples
    --------
    >>> import fastconv, numpy as np
    >>> image = np.array([[0, 0, 0, 0], [0, 90, 0, 0], [0, 0, 0, 0]], np.uint8)
    >>> fastconv.convolve(image, fastconv.box_blur)
    array([[10, 10, 10,  0],
           [10, 10, 10,  0],
           [10, 10, 10,  0]], dtype=uint8)
    >>> gaps = np.array([[1, 2, np.nan], [4, np.nan, np.nan]])
    >>> fastconv.convolve(gaps, np.ones((1, 3)) / 3, nan_policy="omit", border="omit")
    array([[1.5, 1.5, 2. ],
           [4. , 4. , nan]])
    >>> fastconv.convolve(image, [1, 1, 1], axes=0, stride=2)
    array([[ 0, 90,  0,  0],
           [ 0, 90,  0,  0]], dtype=uint8)
    """
    return _answer(True, **locals())


@_calls.planned(flipped=False)
def correlate(
    image: ArrayLike,
    kernel: ArrayLike,
    *,
    border: str | Sequence[str] = "reflect",
    cval: complex = 0.0,
    origin: int | Sequence[int] = 0,
    shape: Shape = "same",
    channel_axis: int | None = None,
    dtype: DTypeLike | None = None,
    out: NDArray[Any] | None = None,
    method: str = "auto",
    threads: int | None = None,
    scale: float = 1.0,
    offset: float = 0.0,
    absolute: bool = False,
    dims: Dims | None = None,
    mask: ArrayLike | None = None,
    nan_policy: NanPolicy = "propagate",
    min_weight: float = 0.0,
    renormalize: bool | Literal["auto"] = "auto",
    fill: complex | None = None,
    axes: int | Sequence[int] | None = None,
    stride: int | Sequence[int] | None = None,
    dilation: int | Sequence[int] | None = None,
) -> NDArray[Any]:
    """Correlate an image with a kernel: `convolve` without reversing the kernel.

    The parameters are those of `convolve`. `origin` shifts the window instead of the kernel, so it
    counts the other way, and a kernel of even size has its centre right of the middle, as in
    scipy.ndimage. A complex kernel is not conjugated.

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
    return _answer(False, **locals())


def _answer(
    flipped: bool,
    image: ArrayLike,
    kernel: ArrayLike,
    out: Any,
    dims: Dims | None,
    mask: ArrayLike | None,
    **options: Any,
) -> NDArray[Any]:
    """Answer a call that C did not: the first one with these options, and what only Python serves."""
    made = planned(kernel, flipped, **options)
    return made(image, out=out, dims=dims, mask=mask)


def planned(kernel: ArrayLike, flipped: bool, **options: Any) -> Plan:
    """The plan of a kernel and options of `convolve`, made now or by an earlier call."""
    chosen = _OPTIONS | options
    if len(chosen) > len(_OPTIONS):
        unknown = ", ".join(chosen.keys() - _OPTIONS)
        raise TypeError(
            f"unexpected keyword arguments: {unknown}; options are {', '.join(_OPTIONS)}"
        )
    key = (flipped, *chosen.values())
    found: Plan | None = remembered(kernel, key)
    if found is None:
        found = plan_of(kernel, flipped, **chosen)
        remember(kernel, key, found)
    return found


# Names and defaults of the options of a plan. A test compares the signatures that list them.
_OPTIONS = convolve.options  # type: ignore[attr-defined]


def plan(
    kernel: ArrayLike,
    *,
    pixel: DTypeLike = np.uint8,
    correlate: bool = False,
    border: str | Sequence[str] = "reflect",
    cval: complex = 0.0,
    origin: int | Sequence[int] = 0,
    shape: Shape = "same",
    channel_axis: int | None = None,
    dtype: DTypeLike | None = None,
    method: str = "auto",
    threads: int | None = None,
    scale: float = 1.0,
    offset: float = 0.0,
    absolute: bool = False,
    nan_policy: NanPolicy = "propagate",
    min_weight: float = 0.0,
    renormalize: bool | Literal["auto"] = "auto",
    fill: complex | None = None,
    axes: int | Sequence[int] | None = None,
    stride: int | Sequence[int] | None = None,
    dilation: int | Sequence[int] | None = None,
) -> Plan:
    """Check a kernel and all options once, for many images.

    Parameters
    ----------
    kernel : array_like, shape (h, w)
        Or of any other number of axes.
    pixel : dtype
        Type of the images that `Plan.method`, `Plan.reason` and `Plan.explain` describe. The plan
        also filters images of other types.
    correlate : bool
        Whether to leave the kernel as it is instead of reversing it.
    border, cval, origin, shape, channel_axis, dtype, method, threads
        As in `convolve`.
    scale, offset, absolute, axes, stride, dilation
        As in `convolve`.
    nan_policy, min_weight, renormalize, fill
        As in `convolve`.

    Returns
    -------
    Plan
        ``plan(kernel)(image)`` is ``convolve(image, kernel)``, and ``plan(kernel)(image, mask=mask)`` is
        ``convolve(image, kernel, mask=mask)``.

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
    given = locals()
    options = {name: given[name] for name in _OPTIONS}
    made = plan_of(kernel, not correlate, as_dtype(pixel, "pixel"), **options)
    _ = made.method  # a method that cannot do it raises now, not at the first image
    return made


def explain(
    image: ArrayLike,
    kernel: ArrayLike,
    *,
    channel_axis: int | None = None,
    dims: Dims | None = None,
    axes: int | Sequence[int] | None = None,
    mask: ArrayLike | None = None,
    **options: Any,
) -> str:
    """Say in plain words what ``convolve(image, kernel, **options)`` will do, and why.

    Parameters
    ----------
    image : array_like
        In memory, also an xarray.DataArray.
    kernel : array_like
    channel_axis, dims, axes, mask, **options
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
    wanted = as_kernel(kernel, None).ndim
    lies = None if axes is None else as_each(axes, wanted, "axes")
    data, hidden = split(image)
    a, axis, lies = laid_out(data, channel_axis, dims, wanted, lies)
    made = plan(kernel, pixel=a.dtype, channel_axis=axis, axes=lies, **options)
    return made.explain(a, masked=mask is not None or hidden is not None)


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
    print(f"threads  {_threads.get_num_threads()}, decided by {_threads.limit.why}")
    print(f"helpers  {_threads.helpers()}")
    print(f"python   {platform.python_version()} on {platform.machine()}")
    print(f"numpy    {np.__version__}")
    print(f"pillow   {version('pillow')}")
