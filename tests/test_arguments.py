# SPDX-License-Identifier: BSD-3-Clause
"""Nothing that an argument says of itself is lost in silence: masks, units, colours, NaN among weights.

And the settings of the caller (np.errstate, warnings as errors) change no call.
"""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable
from typing import Any

import dask.array as da
import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_array_equal
from PIL import Image

import fastconv
from fastconv import ChannelAxisWarning, ImageFilter, cv2, kernels, ndimage, reference, signal

from .judge import Array, picture

KERNEL = np.array([[1.0, 2, 1], [0, 3, 0], [5, 1, 1]]) / 14
VALUES = picture((9, 8), "float64")
MASK = VALUES > 100
Call = Callable[..., Any]
convolve: Call = fastconv.convolve


class Duck:
    """An object of a library that NumPy can read, and that says more than numbers."""

    def __init__(self, values: Array, **said: Any) -> None:
        self.values, self.shape, self.dtype, self.ndim = (
            values,
            values.shape,
            values.dtype,
            values.ndim,
        )
        self.__dict__.update(said)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.array(self.values, dtype)

    def __getitem__(self, index: Any) -> Array:
        rows: Array = self.values[index]
        return rows


class Labelled(Duck):
    """A table: a column of it is called as an attribute would be."""

    def __getattr__(self, name: str) -> Any:
        if name in ("mask", "unit"):
            return np.ones(3)
        raise AttributeError(name)

    def filled(self) -> None: ...


class Shy(Duck):
    """What says nothing, but makes a masked array."""

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.ma.array(self.values, mask=MASK)


class Tensor(Duck):
    """A tensor that requires a gradient."""

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        raise RuntimeError("Can't call numpy() on Tensor that requires grad.")


def into(image: Any) -> Array:
    return np.empty(image.shape, image.dtype)


# Every way in for an image, with the name that it has there.
WAYS: dict[str, tuple[Call, str]] = {
    "convolve": (lambda a: fastconv.convolve(a, KERNEL), "image"),
    "correlate": (lambda a: fastconv.correlate(a, KERNEL), "image"),
    "plan": (lambda a: fastconv.plan(KERNEL)(a), "image"),
    "explain": (lambda a: fastconv.explain(a, KERNEL), "image"),
    "Plan.explain": (lambda a: fastconv.plan(KERNEL).explain(a), "image"),
    "apply": (lambda a: fastconv.apply(a, KERNEL), "image"),
    "reference": (lambda a: reference.convolve(a, KERNEL), "image"),
    "cv2.filter2D": (lambda a: cv2.filter2D(a, -1, KERNEL), "src"),
    "cv2.blur": (lambda a: cv2.blur(a, (3, 3)), "src"),
    "cv2.GaussianBlur": (lambda a: cv2.GaussianBlur(a, (3, 3), 1), "src"),
    "signal.convolve2d": (lambda a: signal.convolve2d(a, KERNEL), "in1"),
    "signal.correlate2d": (lambda a: signal.correlate2d(a, KERNEL), "in1"),
    "ndimage.gaussian_filter": (lambda a: ndimage.gaussian_filter(a, 1), "input"),
    "ndimage.gaussian_filter1d": (lambda a: ndimage.gaussian_filter1d(a, 1), "input"),
    "ndimage.gaussian_laplace": (lambda a: ndimage.gaussian_laplace(a, 1), "input"),
    "ndimage.gaussian_gradient_magnitude": (
        lambda a: ndimage.gaussian_gradient_magnitude(a, 1), "input",
    ),
    "ndimage.uniform_filter": (lambda a: ndimage.uniform_filter(a, 3), "input"),
    "ndimage.uniform_filter1d": (lambda a: ndimage.uniform_filter1d(a, 3), "input"),
    "ndimage.correlate": (lambda a: ndimage.correlate(a, KERNEL), "input"),
    "ndimage.convolve": (lambda a: ndimage.convolve(a, KERNEL), "input"),
    "ndimage.correlate1d": (lambda a: ndimage.correlate1d(a, [1, 2, 1]), "input"),
    "ndimage.convolve1d": (lambda a: ndimage.convolve1d(a, [1, 2, 1]), "input"),
    "ndimage.laplace": (ndimage.laplace, "input"),
    "ndimage.sobel": (ndimage.sobel, "input"),
    "ndimage.prewitt": (ndimage.prewitt, "input"),
}  # fmt: skip
STREAM = {"stream": (lambda a: fastconv.stream(a, KERNEL, into(a)), "source")}
# Those that know what to do with a masked array of NumPy's.
MASKED = ("convolve", "correlate", "plan", "explain", "Plan.explain", "reference")
# The same for a kernel.
KERNEL_WAYS: dict[str, tuple[Call, str]] = {
    "convolve": (lambda k: fastconv.convolve(VALUES, k), "kernel"),
    "plan": (fastconv.plan, "kernel"),
    "explain": (lambda k: fastconv.explain(VALUES, k), "kernel"),
    "apply": (lambda k: fastconv.apply(VALUES, k), "kernel"),
    "stream": (lambda k: fastconv.stream(VALUES, k, into(VALUES)), "kernel"),
    "reference": (lambda k: reference.correlate(VALUES, k), "kernel"),
    "dask": (lambda k: fastconv.convolve(da.from_array(VALUES), k), "kernel"),
    "xarray": (lambda k: fastconv.convolve(xr.DataArray(VALUES), k), "kernel"),
    "cv2.filter2D": (lambda k: cv2.filter2D(VALUES, -1, k), "kernel"),
    "cv2.sepFilter2D": (lambda k: cv2.sepFilter2D(VALUES, -1, k[0], k[1]), "kernel[XY]"),
    "signal.convolve2d": (lambda k: signal.convolve2d(VALUES, k), "in2"),
    "ndimage.correlate": (lambda k: ndimage.correlate(VALUES, k), "weights"),
    "ndimage.convolve1d": (lambda k: ndimage.convolve1d(VALUES, k[0]), "weights"),
}
# And for what is to be filled.
OUT_WAYS: dict[str, tuple[Call, str]] = {
    "convolve": (lambda out: fastconv.convolve(VALUES, KERNEL, out=out), "out"),
    "plan": (lambda out: fastconv.plan(KERNEL)(VALUES, out=out), "out"),
    "stream": (lambda out: fastconv.stream(VALUES, KERNEL, out), "target"),
    "cv2.filter2D": (lambda out: cv2.filter2D(VALUES, -1, KERNEL, out), "dst"),
    "cv2.filter2D with delta": (lambda out: cv2.filter2D(VALUES, -1, KERNEL, out, delta=3), "dst"),
    "ndimage.correlate": (lambda out: ndimage.correlate(VALUES, KERNEL, out), "output"),
    "ndimage.laplace": (lambda out: ndimage.laplace(VALUES, out), "output"),
    "ndimage.gaussian_laplace": (lambda out: ndimage.gaussian_laplace(VALUES, 1, out), "output"),
}


def way(ways: dict[str, tuple[Call, str]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("call", "argument"), ways.values(), ids=ways.keys())


# --- masks ---------------------------------------------------------------------------------------


@way({name: call for name, call in (WAYS | STREAM).items() if name not in MASKED})
def test_masked_images_are_refused_with_what_to_do(call: Call, argument: str) -> None:
    words = rf"^{argument} must have no masked elements; got MaskedArray.*{argument}\.filled\(0\)"
    with pytest.raises(TypeError, match=words):
        call(np.ma.array(VALUES, mask=MASK))


@way(WAYS | STREAM)
def test_whatever_says_that_it_is_masked_is_refused(call: Call, argument: str) -> None:
    with pytest.raises(TypeError, match=f"^{argument} must have no masked elements; got Duck"):
        call(Duck(VALUES, mask=MASK))


@way(WAYS)
def test_lists_of_masked_rows_and_makers_of_masked_arrays_are_refused(
    call: Call, argument: str
) -> None:
    for image in (list(np.ma.array(VALUES, mask=MASK)), Shy(VALUES)):
        with pytest.raises(TypeError, match=f"^{argument} must have no masked elements"):
            call(image)


@way(KERNEL_WAYS)
def test_masked_kernels_are_refused(call: Call, argument: str) -> None:
    with pytest.raises(TypeError, match=f"^{argument} must have no masked elements"):
        call(np.ma.array(KERNEL, mask=KERNEL > 0))


@way(OUT_WAYS)
def test_masked_outputs_are_refused_and_left_alone(call: Call, argument: str) -> None:
    out = np.ma.array(np.full(VALUES.shape, 7.0), mask=MASK)
    with pytest.raises(TypeError, match=f"^{argument} must have no masked elements"):
        call(out)
    assert (out.data == 7).all()


@way(WAYS)
def test_a_mask_that_masks_nothing_is_no_mask(call: Call, argument: str) -> None:
    wanted = call(VALUES)
    for image in (np.ma.array(VALUES), np.ma.array(VALUES, mask=False), Duck(VALUES, mask=None)):
        got = call(image)
        assert got.startswith(wanted) if isinstance(got, str) else (got == wanted).all()


@way(WAYS)
def test_columns_that_are_called_mask_or_unit_are_none(call: Call, argument: str) -> None:
    call(Labelled(VALUES))


def test_masked_chunks_are_refused_before_they_are_computed() -> None:
    lazy = da.ma.masked_greater(da.from_array(VALUES, chunks=4), 100)
    words = r"^image must have no masked elements; got chunks of MaskedArray.*da.*ma\.filled\(image, 0\)"
    with pytest.raises(TypeError, match=words):
        fastconv.convolve(lazy, KERNEL)
    with pytest.raises(TypeError, match=r"^source must have no masked elements; got chunks"):
        fastconv.stream(lazy, KERNEL, into(VALUES))
    with pytest.raises(TypeError, match=r"^input must have no masked elements; got chunks"):
        ndimage.gaussian_filter(lazy, 1)
    filled = da.ma.filled(lazy, 0)  # the advice works
    wanted = fastconv.convolve(np.where(MASK, 0, VALUES), KERNEL)
    assert_array_equal(convolve(filled, KERNEL).compute(scheduler="sync"), wanted)


def test_masked_chunks_that_said_nothing_are_refused_when_they_are_computed() -> None:
    def masked(block: Array) -> Array:
        return np.ma.masked_greater(block, 100)

    lazy = da.from_array(VALUES, chunks=9).map_blocks(masked, meta=np.empty((0, 0)))
    result: Any = fastconv.convolve(lazy, KERNEL)
    with pytest.raises(TypeError, match=r"^image must have no masked elements"):
        result.compute(scheduler="sync")


def test_slices_that_are_masked_end_a_stream() -> None:
    """Variables of netCDF4 give masked arrays, with and without masked elements."""

    class Variable(Duck):
        which: Array

        def __getitem__(self, index: Any) -> Array:
            return np.ma.array(VALUES[index], mask=self.which[index])

    target = into(VALUES)
    fastconv.stream(Variable(VALUES, which=MASK & False), KERNEL, target)
    assert_array_equal(target, fastconv.convolve(VALUES, KERNEL))
    with pytest.raises(TypeError, match=r"^source must have no masked elements"):
        fastconv.stream(Variable(VALUES, which=MASK), KERNEL, target)


# --- units ---------------------------------------------------------------------------------------


@way(WAYS | STREAM)
@pytest.mark.parametrize("name", ["unit", "units"])
def test_units_are_never_dropped(call: Call, argument: str, name: str) -> None:
    with pytest.raises(TypeError, match=f"^{argument} must have no unit; got Duck in km"):
        call(Duck(VALUES, **{name: "km"}))


@way(WAYS | STREAM)
def test_quantities_of_astropy_are_refused_with_what_to_do(call: Call, argument: str) -> None:
    u = pytest.importorskip("astropy.units")
    nddata = pytest.importorskip("astropy.nddata")
    for image, numbers in (
        (VALUES * u.m, "value"), (VALUES * u.percent, "value"), (nddata.CCDData(VALUES, unit="adu"), "data"),
    ):  # fmt: skip
        if call is STREAM["stream"][0] and not isinstance(image, np.ndarray):
            continue  # which has no type to ask for
        with pytest.raises(
            TypeError, match=rf"^{argument} must have no unit.*{argument}\.{numbers}, "
        ):
            call(image)
    call(VALUES * u.dimensionless_unscaled)  # loses nothing


@way(KERNEL_WAYS)
def test_kernels_with_a_unit_are_refused(call: Call, argument: str) -> None:
    u = pytest.importorskip("astropy.units")
    with pytest.raises(TypeError, match=f"^{argument} must have no unit; got Quantity in m"):
        call(KERNEL * u.m)
    call(KERNEL * u.m / u.m)


@way(OUT_WAYS)
def test_outputs_with_a_unit_are_refused_and_left_alone(call: Call, argument: str) -> None:
    u = pytest.importorskip("astropy.units")
    out = np.full(VALUES.shape, 7.0) * u.km
    with pytest.raises(TypeError, match=f"^{argument} must have no unit; got Quantity in km"):
        call(out)
    assert (out.value == 7).all()
    call(out.value)  # as it says


@way(WAYS)
def test_masked_arrays_of_astropy_are_refused(call: Call, argument: str) -> None:
    masked = pytest.importorskip("astropy.utils.masked")
    with pytest.raises(TypeError, match=f"^{argument} must have no masked elements"):
        call(masked.Masked(VALUES, mask=MASK))


def test_the_constant_outside_has_no_unit_and_no_mask() -> None:
    for cval in (Duck(np.array(3.0), unit="m"), np.ma.masked):
        with pytest.raises(TypeError, match=r"^cval must have no "):
            convolve(VALUES, KERNEL, border="constant", cval=cval)


# --- other classes of arrays ---------------------------------------------------------------------


@way(OUT_WAYS)
@pytest.mark.parametrize("kind", [np.matrix, np.recarray, np.ma.MaskedArray])
def test_outputs_of_other_classes_are_filled(call: Call, argument: str, kind: Any) -> None:
    plain = np.zeros(VALUES.shape)
    call(plain)
    out = np.zeros(VALUES.shape).view(kind)
    call(out)
    assert_array_equal(np.asarray(out), plain)


def test_out_is_what_is_returned_of_whatever_class() -> None:
    for out in (into(VALUES).view(np.matrix), np.ma.array(into(VALUES))):
        assert fastconv.convolve(VALUES, KERNEL, out=out) is out
        assert fastconv.stream(VALUES, KERNEL, out) is out


@way(WAYS | STREAM)
def test_images_of_other_classes_give_plain_arrays(call: Call, argument: str) -> None:
    pandas = pytest.importorskip("pandas")
    wanted = call(VALUES)
    for image in (VALUES.view(np.matrix), VALUES.view(np.recarray), pandas.DataFrame(VALUES)):
        if isinstance(image, pandas.DataFrame) and argument == "source":
            continue  # which has no type to ask for
        got = call(image)
        assert got == wanted if isinstance(got, str) else type(got) is np.ndarray
        assert isinstance(got, str) or (got == wanted).all()


@way(WAYS)
def test_what_numpy_may_not_read_is_a_type_error_that_names_it(call: Call, argument: str) -> None:
    with pytest.raises(TypeError, match=f"^{argument} must be an array; got Tensor"):
        call(Tensor(VALUES))


# --- weights -------------------------------------------------------------------------------------

DERIVATIVE = np.array([[-1.0, 0, 1]] * 3)
with np.errstate(all="ignore"):
    NORMALIZED = DERIVATIVE / DERIVATIVE.sum()


@pytest.mark.parametrize(
    "call",
    [
        lambda a, k: fastconv.convolve(a, k),
        lambda a, k: fastconv.correlate(a, k, out=np.empty_like(a)),
        lambda a, k: fastconv.convolve(a.astype("f4"), k, dtype=a.dtype),
        lambda a, k: fastconv.convolve(a.astype("f4"), k, out=np.empty_like(a)),
        lambda a, k: fastconv.plan(k, pixel=a.dtype),
        lambda a, k: fastconv.plan(k, pixel="f4")(a),
        lambda a, k: fastconv.explain(a, k),
        lambda a, k: fastconv.apply(a, k),
        lambda a, k: fastconv.apply(np.stack([a] * 4, -1), k, premultiply=True),
        lambda a, k: fastconv.apply(Image.new("RGB", (8, 9)), k),
        lambda a, k: fastconv.stream(a, k, np.empty_like(a)),
        lambda a, k: fastconv.convolve(da.from_array(a, chunks=4), k),
        lambda a, k: fastconv.convolve(xr.DataArray(a), k),
        lambda a, k: reference.convolve(a, k),
        lambda a, k: cv2.filter2D(a, -1, k),
        lambda a, k: cv2.filter2D(a, -1, k, delta=3),
    ],
)  # fmt: skip
@pytest.mark.parametrize("dtype", ["uint8", "int16", "int64"])
def test_a_kernel_that_was_divided_by_zero_is_refused_for_integers(call: Call, dtype: str) -> None:
    image = np.ones((9, 8), dtype)
    words = (
        r"^kernel must hold finite weights for a result of type u?int\d+; got -?(inf|nan) in 9 of 9"
    )
    with pytest.raises(ValueError, match=words):
        call(image, NORMALIZED)
    one = np.ones((3, 3))
    one[1, 1] = np.nan
    with pytest.raises(ValueError, match="got nan in 1 of 9"):
        call(image, one)


def test_nothing_is_written_by_a_kernel_that_is_refused() -> None:
    out = np.full((9, 8), 77, np.uint8)
    with pytest.raises(ValueError, match="kernel must hold finite weights"):
        fastconv.convolve(np.ones((9, 8), np.uint8), NORMALIZED, out=out)
    assert (out == 77).all()


@pytest.mark.parametrize("dtype", ["bool", "float16", "float32", "float64"])
def test_results_of_floats_may_be_nan(dtype: str) -> None:
    got = fastconv.convolve(np.ones((9, 8), dtype), NORMALIZED)
    assert np.isnan(got).all() and got.dtype.kind == "f"


# --- colours -------------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [2, 3, 4])
@pytest.mark.parametrize(
    "call",
    [
        lambda a, k: fastconv.convolve(a, k),
        lambda a, k: fastconv.correlate(a, k, out=np.empty_like(a)),
        lambda a, k: fastconv.plan(k)(a),
        lambda a, k: fastconv.convolve(da.from_array(a, chunks=8), k),
        lambda a, k: fastconv.convolve(np.stack([a, a]), k),
        lambda a, k: fastconv.stream(a, k, np.empty_like(a), channel_axis=None),
    ],
    ids=["convolve", "correlate", "plan", "dask", "batch", "stream"],
)
def test_colours_under_a_wider_kernel_are_warned_of_where_they_are_filtered(
    channels: int, call: Call
) -> None:
    rgb = picture((19, 21, channels), "uint8", channels)
    kernel = np.random.default_rng(0).random((3, channels + 1))
    fastconv.clear_cache()  # the kernel was not seen before
    with pytest.warns(ChannelAxisWarning, match="channel_axis=-1") as seen:
        call(rgb, kernel)
    assert len(seen) == 1 and seen[0].filename == __file__
    assert issubclass(ChannelAxisWarning, UserWarning)


def test_the_warning_changes_no_pixel() -> None:
    rgb, kernel = picture((19, 21, 3), "uint8"), np.random.default_rng(0).random((5, 5)) / 13
    fastconv.clear_cache()
    with pytest.warns(ChannelAxisWarning):
        got = fastconv.convolve(rgb, kernel)
    assert_array_equal(got, reference.convolve(rgb, kernel))


@pytest.mark.parametrize(
    ("shape", "width", "options"),
    [
        ((19, 21, 3), 5, {"channel_axis": -1}),
        ((19, 21, 3), 5, {"channel_axis": 0}),
        ((19, 21, 3), 3, {}),  # no wider than the axis
        ((19, 21, 5), 7, {}),
        ((19, 21, 1), 3, {}),
        ((19, 3), 5, {}),
        ((2, 19, 3), 5, {}),  # a stack of narrow images
        ((3, 19, 21), 5, {}),
    ],
)
def test_what_is_no_picture_of_colours_is_not_warned_of(
    shape: tuple[int, ...], width: int, options: dict[str, Any]
) -> None:
    fastconv.convolve(picture(shape, "uint8"), np.full((3, width), 0.01), **options)


def test_python_says_the_warning_once_a_place() -> None:
    rgb, rng = picture((19, 21, 3), "uint8"), np.random.default_rng(0)
    fastconv.clear_cache()
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("default")
        for _ in range(3):
            fastconv.convolve(rgb, rng.random((5, 5)))
    assert len(seen) == 1


# --- the caller's settings -----------------------------------------------------------------------

with np.errstate(all="ignore"):
    TINY, RANK_ONE = (
        np.outer([1e-200, 1, 3e-300], row) for row in ([2.0, 1e-150, 7], [1e-200, 1, 1])
    )
HUGE = np.full((3, 3), 1e300)
FLOATS = picture((30, 31), "float32")
STEEP = np.where(FLOATS > 0, np.float32(1e30), np.float32(1e-40))
CALLS: dict[str, Call] = {
    "convolve": lambda: fastconv.convolve(FLOATS, TINY),
    "a kernel of subnormals": lambda: fastconv.convolve(FLOATS, [[5e-324, 1e-310]]),
    "a factor": lambda: fastconv.convolve(FLOATS.astype("f8"), KERNEL * 1e-300),
    "to float16": lambda: fastconv.convolve(STEEP, KERNEL, dtype="f2"),
    "of float16": lambda: fastconv.convolve(FLOATS.astype("f2"), KERNEL * 1e-7),
    "overflow": lambda: fastconv.convolve(STEEP, HUGE),
    "integers": lambda: fastconv.convolve(picture((30, 31), "int64") // 2**20, TINY, dtype="f8"),
    "to integers": lambda: fastconv.convolve(STEEP, KERNEL, dtype="u1"),
    "complex": lambda: fastconv.convolve(STEEP * (1 + 1j), TINY * 1j),
    "fft": lambda: fastconv.convolve(STEEP, np.full((11, 11), 1e-198), method="fft"),
    "separable": lambda: fastconv.convolve(FLOATS, RANK_ONE, method="separable"),
    "plan": lambda: fastconv.plan(TINY, pixel="f4").explain(FLOATS),
    "pickle": lambda: pickle.loads(pickle.dumps(fastconv.plan(TINY, pixel="f4")))(FLOATS),
    "explain": lambda: fastconv.explain(FLOATS, TINY),
    "apply": lambda: fastconv.apply(STEEP, TINY),
    "premultiply": lambda: fastconv.apply(np.stack([STEEP] * 4, -1), KERNEL, premultiply=True),
    "stream": lambda: fastconv.stream(FLOATS, TINY, np.empty_like(FLOATS), band=7),
    "dask": lambda: convolve(da.from_array(FLOATS, chunks=9), TINY).compute(),
    "xarray": lambda: convolve(xr.DataArray(FLOATS), TINY).values,
    "reference": lambda: reference.convolve(STEEP, TINY),
    "kernels": lambda: kernels.gaussian(0.1, truncate=50),
    "gabor": lambda: kernels.gabor(0.25, sigma_x=0.02, sigma_y=0.5),
    "binomial": lambda: kernels.binomial(1029),
    "ImageFilter": lambda: np.asarray(Image.new("L", (9, 8), 7).filter(ImageFilter.GaussianBlur(0.1))),
    "cv2.filter2D": lambda: cv2.filter2D(FLOATS, -1, TINY, delta=1e-310),
    "cv2.sepFilter2D": lambda: cv2.sepFilter2D(FLOATS, -1, [1e-200, 3e-300, 2e-200], [1e-200, 1, 5e-324]),
    "cv2.GaussianBlur": lambda: cv2.GaussianBlur(FLOATS, (31, 31), 0.3),
    "cv2.Sobel": lambda: cv2.Sobel(FLOATS, -1, 1, 0, ksize=5, scale=1e-320),
    "cv2.getGaussianKernel": lambda: cv2.getGaussianKernel(31, 0.3, cv2.CV_32F),
    "signal.convolve2d": lambda: signal.convolve2d(STEEP, TINY),
    "ndimage.correlate": lambda: ndimage.correlate(STEEP, HUGE, output="u1"),
    "ndimage.correlate1d": lambda: ndimage.correlate1d(STEEP, [1.7e308, 1e308, 1]),
    "ndimage.gaussian_filter": lambda: ndimage.gaussian_filter(STEEP, 0.1, radius=5),
    "ndimage.gaussian_laplace": lambda: ndimage.gaussian_laplace(STEEP * 1e8, 1),
    "ndimage.gaussian_gradient_magnitude": lambda: ndimage.gaussian_gradient_magnitude(STEEP, 1),
}  # fmt: skip


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_errstate_and_warnings_as_errors_change_nothing(call: Call, level: str) -> None:
    with np.errstate(all="raise"), warnings.catch_warnings():
        warnings.simplefilter("error")
        got = call()
        assert np.geterr()["under"] == "raise"  # and it is the caller's still
    with np.errstate(all="ignore"):
        wanted = call()
    assert got == wanted if isinstance(got, str) else np.array_equal(got, wanted, equal_nan=True)
