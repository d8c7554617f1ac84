# SPDX-License-Identifier: BSD-3-Clause
"""xarray: a DataArray in, a DataArray out, with its names, attributes and coordinates.

The array within, of NumPy or dask, is filtered over two dimensions. ``dims=`` names them, rows
first. Without it they are the last two, if it is clear that these are rows and columns:

* there are no other dimensions except that of the channels, or
* their names are those of rows and columns: y and x, lat and lon, latitude and longitude, row and
  column, height and width, northing and easting ..., in either order; or their coordinates are, by
  the CF attributes ``axis`` ("Y" and "X") or ``standard_name``.

Otherwise an error asks for ``dims=``, since (lat, lon, time) must not be filtered over longitude
and time.

A kernel of n axes, n not 2, needs n dimensions: all except that of the channels, or those that
``dims=`` or ``axes=`` name.

With ``shape="valid"`` a result has the coordinates of the pixel in the middle of its window. With
"full" some results lie outside of the image, where there are no coordinates, so those along the
filtered dimensions are dropped.
"""

from __future__ import annotations

from collections.abc import Hashable
from itertools import combinations
from typing import Any

import xarray as xr

from .._arguments import known_axes
from .._mask import mask_of
from .._options import as_index
from .._plan import Plan

__all__ = ["call", "check_picture", "laid_out"]

# Names of rows and columns, in pairs, since a height and a longitude are not a picture's.
_PAIRS = (
    *("y x", "yc xc", "j i", "row col", "row column", "rows cols", "rows columns", "height width"),
    *("lat lon", "lat long", "latitude longitude", "rlat rlon", "nlat nlon", "northing easting"),
)
_NAMES = frozenset(frozenset(pair.split()) for pair in _PAIRS)
# CF: the axis for the standard name of a coordinate.
_STANDARD = {
    "latitude": "Y", "grid_latitude": "Y", "projection_y_coordinate": "Y",
    "longitude": "X", "grid_longitude": "X", "projection_x_coordinate": "X",
}  # fmt: skip


def call(image: Any, plan: Plan, out: None = None, dims: Any = None, mask: Any = None) -> Any:
    """Convolve or correlate by name: what `fastconv.convolve` does with a DataArray.

    Parameters
    ----------
    image : xarray.DataArray, shape (..., H, W)
    plan : Plan
        Its ``channel_axis`` may also be the name of a dimension.
    out : None
        The result is always a new DataArray.
    dims : sequence of hashable, optional
        The dimensions that the kernel's axes lie along, as those of the rows and of the columns.
    mask : xarray.DataArray or array_like of bool, optional
        By the names of its dimensions; an array without names has the dimensions of `image`.

    Returns
    -------
    xarray.DataArray
        Its dimensions are in the order of those of `image`.

    Raises
    ------
    TypeError, ValueError
        As `fastconv.convolve`; also if it is not clear which dimensions are rows and columns.

    Examples
    --------
    >>> import fastconv, numpy as np, xarray as xr
    >>> image = xr.DataArray(np.ones((2, 3)), {"y": [10, 20], "x": [1, 2, 3]}, ("y", "x"), "height")
    >>> blurred = fastconv.convolve(image, fastconv.box_blur)
    >>> blurred.name, blurred.dims, blurred.y.values.tolist()
    ('height', ('y', 'x'), [10, 20])
    >>> daily = xr.DataArray(np.ones((4, 5, 365)), dims=("lat", "lon", "time"))
    >>> fastconv.convolve(daily, fastconv.box_blur, dims=("lat", "lon")).dims
    ('lat', 'lon', 'time')
    """
    if out is not None:
        raise TypeError("out must be None for a DataArray: the result is a new one")
    _check(image)
    wanted = len(plan.window)
    order, axis = _order(image, plan.channel_axis, dims, wanted, plan.axes)
    names = _planes(order, axis)[-wanted:]
    plan = plan.moved(axis)
    keeps = plan.shape == "same" and set(plan.steps) == {1}
    given = [image] if mask is None else [image, _mask_of(mask, image)]
    with known_axes():
        result = xr.apply_ufunc(
            lambda a, m=None: plan(a, mask=m),
            *given,
            input_core_dims=[order] * len(given),
            output_core_dims=[order],
            exclude_dims=set() if keeps else set(names),
            dask="allowed",
            keep_attrs=True,
        )
    if plan.shape != "full" and not keeps:
        firsts = [(n - 1) // 2 if plan.shape == "valid" else 0 for n in plan.window]
        middle = {
            name: slice(first, first + result.sizes[name] * step, step)
            for name, first, step in zip(names, firsts, plan.steps, strict=True)
        }
        result = result.assign_coords(image.isel(middle).coords)
    return result.transpose(*image.dims)


def _mask_of(mask: Any, image: Any) -> Any:
    """A mask with all dimensions of the image."""
    if not isinstance(mask, xr.DataArray):
        return image.copy(data=mask_of(mask, image.shape, None))
    if not set(mask.dims) <= set(image.dims):
        raise ValueError(
            f"mask must have dimensions of image, {_listed(image.dims)}; got {_listed(mask.dims)}"
        )
    return mask.broadcast_like(image)


def laid_out(
    image: Any, channel_axis: Any, dims: Any, wanted: int, axes: tuple[int, ...] | None
) -> tuple[Any, int | None]:
    """Return the array within, transposed to (..., H, W), and the axis of its channels."""
    _check(image)
    order, axis = _order(image, channel_axis, dims, wanted, axes)
    return image.transpose(*order).data, axis


def check_picture(image: Any) -> None:
    """Raise ValueError if the names contradict (rows, columns, channels), as (time, y, x) does."""
    clear = [pair for pair in combinations(image.dims, 2) if _is_clear(image, pair)]
    if clear and image.dims[:2] not in clear:
        raise ValueError(
            f"image must have dimensions (rows, columns, channels); got ({_listed(image.dims)}): transpose "
            f"it, or use convolve(image, kernel, dims={clear[0]!r})"
        )


def _check(image: Any) -> None:
    if not isinstance(image, xr.DataArray):
        raise TypeError(
            f"image must be a DataArray; got {type(image).__name__}: use its map() for each of its arrays"
        )


# --- choice of dimensions ------------------------------------------------------------------------


def _order(
    image: Any, channel_axis: Any, dims: Any, wanted: int, axes: tuple[int, ...] | None
) -> tuple[tuple[Hashable, ...], int | None]:
    """The dimensions in the order for filtering the last `wanted` of them, and the index of the
    channels' among them.
    """
    axis = _channels(image, channel_axis)
    planes = _planes(image.dims, axis)
    if axes is not None:
        if dims is not None:
            raise ValueError(f"axes must be None if dims names them; got {axes} and {dims!r}")
        if not all(-image.ndim <= k < image.ndim for k in axes):
            raise ValueError(f"axes must be from {-image.ndim} to {image.ndim - 1}; got {axes}")
        dims = tuple(image.dims[k] for k in axes)
    if dims is None:
        if len(planes) < wanted:
            what = (
                f"{wanted} axes" if axis is None else f"{wanted + 1} axes if channel_axis is given"
            )
            raise ValueError(f"image must have at least {what}; got shape {image.shape}")
        if len(planes) > wanted and not (wanted == 2 and _is_clear(image, planes[-2:])):
            raise ValueError(_question(image, planes, wanted))
        return image.dims, axis
    named = _named(planes, dims, wanted)
    rest = tuple(name for name in planes if name not in named)
    channels = () if axis is None else (image.dims[axis],)
    return (*rest, *named, *channels), None if axis is None else -1


def _channels(image: Any, axis: Any) -> int | None:
    """Index of the channels' dimension, from its index or name."""
    if isinstance(axis, str):
        if axis not in image.dims:
            raise ValueError(
                f"channel_axis must be an integer or one of {_listed(image.dims)}; got {axis!r}"
            )
        return int(image.dims.index(axis))
    if axis is None:
        return None
    index: int = as_index(axis, "channel_axis")
    if not -image.ndim <= index < image.ndim:
        raise ValueError(
            f"channel_axis must be from {-image.ndim} to {image.ndim - 1} for image of shape {image.shape}; "
            f"got {axis}"
        )
    return index


def _planes(names: tuple[Hashable, ...], axis: int | None) -> tuple[Hashable, ...]:
    """All dimensions except that of the channels."""
    return tuple(name for i, name in enumerate(names) if axis is None or i != axis % len(names))


def _named(planes: tuple[Hashable, ...], dims: Any, wanted: int) -> tuple[Hashable, ...]:
    if wanted == 1 and isinstance(dims, Hashable) and not isinstance(dims, tuple):
        dims = (dims,)
    names = tuple(dims) if isinstance(dims, (tuple, list)) else ()
    if len(names) != wanted or len(set(names)) != wanted or not set(names) <= set(planes):
        which = "two" if wanted == 2 else str(wanted)
        first = ", that of the rows first" if wanted == 2 else ""
        raise ValueError(f"dims must name {which} of {_listed(planes)}{first}; got {dims!r}")
    return names


def _is_clear(image: Any, pair: tuple[Hashable, ...]) -> bool:
    """Whether names or coordinates tell that one of two dimensions is that of rows and the other of
    columns.
    """
    named = frozenset(str(name).lower() for name in pair) in _NAMES
    return named or {_cf_axis(image, name) for name in pair} == {"Y", "X"}


def _cf_axis(image: Any, name: Hashable) -> Any:
    """The CF axis of a dimension's coordinate: "Y", "X", or something else."""
    said = image.coords[name].attrs if name in image.coords else {}
    return said.get("axis") or _STANDARD.get(str(said.get("standard_name")))


def _question(image: Any, planes: tuple[Hashable, ...], wanted: int) -> str:
    if wanted != 2:
        return (
            f"dims must say which {wanted} of {_listed(planes)} the kernel lies along, as "
            f"dims={planes[-wanted:]!r}"
        )
    clear = [pair for pair in combinations(planes, 2) if _is_clear(image, pair)]
    guess = clear[0] if clear else planes[-2:]
    return (
        f"dims must say which two of {_listed(planes)} are rows and columns, as dims={guess!r}: it is not "
        f"clear from their names"
    )


def _listed(names: tuple[Hashable, ...]) -> str:
    return ", ".join(map(str, names))
