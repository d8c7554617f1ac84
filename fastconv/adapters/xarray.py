# SPDX-License-Identifier: BSD-3-Clause
"""xarray: a DataArray in, a DataArray out, with its names, attributes and coordinates.

The array within, NumPy's or dask's, is filtered as such, over its last two dimensions. With
``shape="valid"`` a result has the coordinates of the pixel in the middle of its window; with "full" there
are results outside of the image, whose coordinates nobody knows, so those along the two dimensions are
dropped.
"""

from __future__ import annotations

from typing import Any

import xarray as xr
from numpy.typing import ArrayLike

from .._engine import recall
from ..api import _make_plan

__all__ = ["call"]


def call(image: Any, kernel: ArrayLike, options: tuple[Any, ...], out: None = None) -> Any:
    """Convolve or correlate by name: what `fastconv.convolve` does with a DataArray.

    Parameters
    ----------
    image : xarray.DataArray, shape (..., H, W)
    kernel : array_like, shape (h, w)
    options : tuple
        Those of `fastconv.convolve`, as `fastconv.api` hands them on. ``channel_axis`` may also be the
        name of a dimension.
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
    *words, axis, dtype, method, threads = options
    if isinstance(axis, str):
        if axis not in image.dims:
            raise ValueError(
                f"channel_axis must be an integer or one of {', '.join(map(str, image.dims))}; got {axis!r}"
            )
        axis = image.dims.index(axis)
    options = (*words, axis, dtype, method, threads)
    made = _make_plan(kernel, *options)
    names = [name for i, name in enumerate(image.dims) if axis is None or i != axis % image.ndim][
        -2:
    ]

    def filtered(a: Any) -> Any:
        flipped, border, cval, origin, shape, axis, dtype, method, threads = options
        return recall.call(
            a, kernel, flipped, border, cval, origin, shape, axis, dtype, None, method, threads
        )

    result = xr.apply_ufunc(
        filtered,
        image,
        input_core_dims=[image.dims],
        output_core_dims=[image.dims],
        exclude_dims=set() if made.shape == "same" else set(names),
        dask="allowed",
        keep_attrs=True,
    )
    if made.shape == "valid":
        middle = {
            name: slice((size - 1) // 2, (size - 1) // 2 + result.sizes[name])
            for name, size in zip(names, made.kernel.shape, strict=True)
        }
        result = result.assign_coords(image.isel(middle).coords)
    return result
