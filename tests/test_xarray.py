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


# --- which dimensions are meant ------------------------------------------------------------------


def weather(*names: str, chunks: int | None = None) -> Any:
    values = picture((12, 13, 14), "float32")
    return xr.DataArray(
        values if chunks is None else da.from_array(values, chunks=chunks), dims=names
    )


@pytest.mark.parametrize("chunks", [None, 5])
@pytest.mark.parametrize("shape", ["same", "valid", "full"])
def test_dims_are_filtered_wherever_they_are(shape: Any, chunks: int | None) -> None:
    image = weather("lat", "lon", "time", chunks=chunks)
    result = convolve(image, KERNEL, dims=("lat", "lon"), shape=shape)
    assert result.dims == image.dims
    wanted = convolve(np.moveaxis(np.asarray(image), -1, 0), KERNEL, shape=shape)
    assert_array_equal(result.values, np.moveaxis(wanted, 0, -1))
    turned = fastconv.correlate(image, KERNEL, dims=("time", "lat"), shape=shape)  # rows first
    wanted = fastconv.correlate(np.asarray(image).transpose(1, 2, 0), KERNEL, shape=shape)
    assert_array_equal(np.asarray(turned), wanted.transpose(2, 0, 1))


def test_plans_channels_and_explanations_take_dims_too() -> None:
    image = weather("lat", "lon", "time")
    wanted = convolve(image, KERNEL, dims=("lat", "lon"))
    xr.testing.assert_identical(fastconv.plan(KERNEL)(image, dims=("lat", "lon")), wanted)
    xr.testing.assert_identical(
        convolve(image, KERNEL, dims=("lat", "lon"), channel_axis="time"), wanted
    )
    for said in (
        fastconv.explain(image, KERNEL, dims=("lat", "lon")),
        fastconv.plan(KERNEL, pixel=np.float32).explain(image, dims=("lat", "lon")),
    ):
        assert said == fastconv.explain(np.moveaxis(image.values, -1, 0), KERNEL)


@pytest.mark.parametrize("lazy", [None, 5])
@pytest.mark.parametrize(
    "names",
    [
        ("lat", "lon", "time"),
        ("x", "y", "z"),
        ("time", "lon", "height"),
        ("a", "b", "c"),
        (0, 1, 2),
    ],
)
def test_it_is_asked_for_dims_where_names_do_not_say_what_rows_and_columns_are(
    names: Any, lazy: int | None
) -> None:
    image = weather(*names, chunks=lazy)
    calls: list[Any] = [fastconv.convolve, fastconv.correlate, lambda a, k: fastconv.plan(k)(a)]
    for call in calls if lazy else [*calls, fastconv.explain]:
        with pytest.raises(
            ValueError, match=r"^dims must say which two of .* are rows and columns"
        ):
            call(image, KERNEL)
    if names[0] == "lat":
        with pytest.raises(ValueError, match=r"as dims=\('lat', 'lon'\)"):
            convolve(image, KERNEL)


@pytest.mark.parametrize(
    "names",
    [("time", "lat", "lon"), ("band", "x", "y"), ("t", "Row", "Col"), ("n", "height", "width")],
)
def test_names_of_rows_and_columns_are_known(names: Any) -> None:
    image = weather(*names)
    assert_array_equal(convolve(image, KERNEL).values, convolve(image.values, KERNEL))


def test_coordinates_say_what_rows_and_columns_are() -> None:
    image = weather("a", "b", "c").assign_coords(b=np.arange(13), c=np.arange(14))
    image.b.attrs["axis"], image.c.attrs["standard_name"] = "Y", "projection_x_coordinate"
    assert_array_equal(convolve(image, KERNEL).values, convolve(image.values, KERNEL))


@pytest.mark.parametrize(
    "dims", [("lat",), "lat", ("lat", "lat"), ("lat", "level"), ("lat", "lon", "time"), 3]
)
def test_dims_must_name_two(dims: Any) -> None:
    with pytest.raises(
        ValueError, match="dims must name two of lat, lon, time, that of the rows first"
    ):
        convolve(weather("lat", "lon", "time"), KERNEL, dims=dims)


def test_dims_are_of_arrays_that_have_names() -> None:
    for call in (fastconv.convolve, fastconv.correlate, fastconv.explain, fastconv.plan(KERNEL)):
        arguments = (
            (np.ones((9, 8)),) if isinstance(call, fastconv.Plan) else (np.ones((9, 8)), KERNEL)
        )
        with pytest.raises(TypeError, match=r"^dims must be None unless image is an xarray"):
            call(*arguments, dims=("y", "x"))


def test_a_picture_of_few_columns_is_not_warned_of_where_names_are_clear() -> None:
    image = chart()[..., :3]
    assert_array_equal(
        convolve(image, KERNEL).values, fastconv.reference.convolve(image.values, KERNEL)
    )


def test_apply_takes_the_channels_last_or_asks() -> None:
    with pytest.raises(ValueError, match=r"image must have dimensions \(rows, columns, channels\)"):
        fastconv.apply(chart(), KERNEL)


@pytest.mark.parametrize("axis", [None, "time", -1])
def test_explain_takes_what_is_in_memory(axis: Any) -> None:
    image = chart("uint8") if axis != -1 else chart("uint8").transpose("y", "x", "time")
    values = image.values
    number = 0 if axis == "time" else axis
    assert fastconv.explain(image, KERNEL, channel_axis=axis) == fastconv.explain(
        values, KERNEL, channel_axis=number
    )
    with pytest.raises(TypeError, match="image must be in memory here"):
        fastconv.explain(chart(chunks=7), KERNEL)


# --- any number of axes --------------------------------------------------------------------------


def test_volumes_and_lines_by_name() -> None:
    values = np.random.default_rng(5).integers(0, 255, (4, 6, 7, 8)).astype(np.uint8)
    names = ("time", "z", "y", "x")
    image = xr.DataArray(
        values,
        {name: np.arange(n) * 10 for name, n in zip(names, values.shape, strict=True)},
        names,
    )
    kernel = np.arange(1.0, 28).reshape(3, 3, 3) / 378
    got = convolve(image, kernel, dims=("x", "time", "z"), stride=(2, 1, 3))
    wanted = convolve(values, kernel, axes=(3, 0, 1), stride=(2, 1, 3))
    assert got.dims == names
    np.testing.assert_array_equal(got.values, wanted)
    assert got.x.values.tolist() == [0, 20, 40, 60]
    assert got.z.values.tolist() == [0, 30]
    line = convolve(image, [1, 2, 1], dims="time", shape="valid")
    np.testing.assert_array_equal(line.values, convolve(values, [1, 2, 1], axes=0, shape="valid"))
    assert line.time.values.tolist() == [10, 20]
    by_number = convolve(image, [1, 2, 1], axes=0, shape="valid")
    xr.testing.assert_identical(line, by_number)


def test_dimensions_of_a_volume_must_be_clear() -> None:
    image = xr.DataArray(np.zeros((4, 6, 7, 8)), dims=("time", "z", "y", "x"))
    with pytest.raises(ValueError, match=r"^dims must say which 3 of time, z, y, x"):
        convolve(image, np.ones((3, 3, 3)))
    with pytest.raises(ValueError, match=r"^dims must say which 1 of time, z, y, x"):
        convolve(image, np.ones(3))
    with pytest.raises(ValueError, match=r"^dims must name 3 of"):
        convolve(image, np.ones((3, 3, 3)), dims=("z", "y"))
    with pytest.raises(ValueError, match=r"^axes must be None if dims names them"):
        convolve(image, np.ones(3), dims="z", axes=0)
    assert convolve(image[0], np.ones((3, 3, 3))).dims == ("z", "y", "x")
    assert "3 x 3 x 3 taps" in fastconv.explain(image, np.ones((3, 3, 3)), dims=("z", "y", "x"))
