# SPDX-License-Identifier: BSD-3-Clause
"""A DataArray in, a DataArray out: the pixels of the array within, and all that is said of them is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dask.array as da
import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_array_equal

import fastconv

from .judge import BORDERS, KERNELS, picture

convolve: Callable[..., Any] = fastconv.convolve
KERNEL = KERNELS["even 4x6"]


def chart(dtype: Any = "int16", chunks: int | None = None) -> Any:
    """Heights of (time, y, x), with coordinates along axes, across them, and alone."""
    values = picture((2, 20, 30), dtype)
    return xr.DataArray(
        values if chunks is None else da.from_array(values, chunks=chunks),
        {
            "time": [2000, 2001],
            "y": np.arange(20) * 10.0,
            "x": np.arange(30) + 500,
            "latitude": (("y", "x"), np.arange(600.0).reshape(20, 30)),
            "station": "north",
        },
        ("time", "y", "x"),
        "height",
        {"units": "m"},
    )


@pytest.mark.parametrize("border", BORDERS)
def test_names_attributes_and_coordinates_are_kept(border: str) -> None:
    image = chart()
    result = convolve(image, KERNEL, border=border)
    assert_array_equal(result.values, convolve(image.values, KERNEL, border=border), strict=True)
    assert (result.name, result.dims, result.attrs) == ("height", image.dims, {"units": "m"})
    xr.testing.assert_identical(result.coords.to_dataset(), image.coords.to_dataset())


def test_results_inside_have_the_coordinates_of_the_middle_of_their_window() -> None:
    image = chart()
    result = convolve(image, np.ones((5, 4)), shape="valid")
    assert_array_equal(result.values, convolve(image.values, np.ones((5, 4)), shape="valid"))
    xr.testing.assert_identical(
        result.coords.to_dataset(), image[:, 2:-2, 1:-2].coords.to_dataset()
    )


def test_results_outside_have_no_coordinates() -> None:
    image = chart()
    result = convolve(image, KERNEL, shape="full")
    assert_array_equal(result.values, convolve(image.values, KERNEL, shape="full"), strict=True)
    assert set(result.coords) == {"time", "station"}
    assert (result.name, result.dims, result.attrs) == ("height", image.dims, {"units": "m"})


@pytest.mark.parametrize("axis", ["time", 0, -3])
@pytest.mark.parametrize("shape", ["same", "valid"])
def test_channels_go_by_name_or_number(axis: str | int, shape: str) -> None:
    image = chart()
    turned = image.transpose("y", "x", "time")
    number = axis if axis == "time" else {0: 2, -3: -1}[int(axis)]
    wanted = convolve(image, KERNEL, channel_axis=axis, shape=shape)
    result = convolve(turned, KERNEL, channel_axis=number, shape=shape)
    assert result.dims == turned.dims
    xr.testing.assert_identical(result.transpose(*image.dims), wanted)
    xr.testing.assert_identical(wanted, convolve(image, KERNEL, shape=shape))


@pytest.mark.parametrize("shape", ["same", "valid", "full"])
def test_a_lazy_one_stays_lazy(shape: str) -> None:
    lazy = convolve(chart(chunks=7), KERNEL, shape=shape, dtype=np.float32)
    assert isinstance(lazy.data, da.Array) and lazy.dtype == np.float32
    xr.testing.assert_identical(
        lazy.compute(scheduler="sync"), convolve(chart(), KERNEL, shape=shape, dtype=np.float32)
    )


@pytest.mark.parametrize("premultiply", [False, True])
def test_apply_and_plans_take_it_too(premultiply: bool) -> None:
    image = xr.DataArray(
        picture((9, 8, 4), "uint8"), {"y": range(9)}, ("y", "x", "band"), "rgba", {"crs": "none"}
    )
    result: Any = fastconv.apply(image, fastconv.box_blur, premultiply=premultiply)
    wanted = fastconv.apply(image.values, fastconv.box_blur, premultiply=premultiply)
    xr.testing.assert_identical(result, image.copy(data=wanted))
    planned: Any = fastconv.plan(fastconv.box_blur, channel_axis=-1)(image)
    xr.testing.assert_identical(
        planned, image.copy(data=convolve(image.values, fastconv.box_blur, channel_axis=-1))
    )


def test_what_is_wrong_is_said_in_words() -> None:
    image = chart()
    with pytest.raises(TypeError, match="out must be None for a DataArray"):
        convolve(image, KERNEL, out=np.empty((2, 20, 30)))
    with pytest.raises(ValueError, match="channel_axis must be an integer or one of time, y, x"):
        convolve(image, KERNEL, channel_axis="band")
    with pytest.raises(ValueError, match="channel_axis must be from -3 to 2"):
        convolve(image, KERNEL, channel_axis=3)
    with pytest.raises(TypeError, match=r"image must be a DataArray; got Dataset: use its map\(\)"):
        convolve(image.to_dataset(), KERNEL)
    with pytest.raises(ValueError, match="image must have at least 2 axes"):
        convolve(image[0, 0], KERNEL)
