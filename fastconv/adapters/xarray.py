# SPDX-License-Identifier: BSD-3-Clause
"""xarray: a DataArray in, a DataArray out, with its names, attributes and coordinates.

The array within, NumPy's or dask's, is filtered as such, over its last two dimensions. With
``shape="valid"`` a result has the coordinates of the pixel in the middle of its window; with "full" there
are results outside of the image, whose coordinates nobody knows, so those along the two dimensions are
dropped.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import xarray as xr

from .._plan import Plan

__all__ = ["call"]


def call(image: Any, plan: Plan, out: None = None) -> Any:
    """Convolve or correlate by name: what `fastconv.convolve` does with a DataArray.

    Parameters
    ----------
    image : xarray.DataArray, shape (..., H, W)
    plan : Plan
        Whose ``channel_axis`` may also be the name of a dimension.
    out : None
        The result is a new DataArray.

    Returns
    -------
    xarray.DataArray

    Raises
    ------
    TypeError, ValueError
        As `fastconv.convolve`.

    Examples
    --------
    >>> import fastconv, numpy as np, xarray as xr
    >>> image = xr.DataArray(np.ones((2, 3)), {"y": [10, 20], "x": [1, 2, 3]}, ("y", "x"), "height")
    >>> blurred = fastconv.convolve(image, fastconv.box_blur)
    >>> blurred.name, blurred.dims, blurred.y.values.tolist()
    ('height', ('y', 'x'), [10, 20])
    """
    if out is not None:
        raise TypeError("out must be None for a DataArray: the result is a new one")
    if not isinstance(image, xr.DataArray):
        raise TypeError(
            f"image must be a DataArray; got {type(image).__name__}: use its map() for each of its arrays"
        )
    axis = plan.channel_axis
    if isinstance(axis, str):
        if axis not in image.dims:
            raise ValueError(
                f"channel_axis must be an integer or one of {', '.join(map(str, image.dims))}; got {axis!r}"
            )
        axis = image.dims.index(axis)
        plan = replace(plan, channel_axis=axis)
    names = [name for i, name in enumerate(image.dims) if axis is None or i != axis % image.ndim][
        -2:
    ]
    result = xr.apply_ufunc(
        plan,
        image,
        input_core_dims=[image.dims],
        output_core_dims=[image.dims],
        exclude_dims=set() if plan.shape == "same" else set(names),
        dask="allowed",
        keep_attrs=True,
    )
    if plan.shape == "valid":
        middle = {
            name: slice((size - 1) // 2, (size - 1) // 2 + result.sizes[name])
            for name, size in zip(names, plan.kernel.shape, strict=True)
        }
        result = result.assign_coords(image.isel(middle).coords)
    return result
