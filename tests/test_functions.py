# SPDX-License-Identifier: BSD-3-Clause
"""Functions whose calls C looks at first are functions of Python to all that ask; C repeats their calls."""

from __future__ import annotations

import copy
import doctest
import inspect
import pickle
import pydoc
import traceback
import types
import typing
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

import fastconv
from fastconv import _plan, cv2, ndimage, signal

from .judge import Array, picture
from .test_calls import python_calls

FUNCTIONS: list[Callable[..., Any]] = [
    fastconv.convolve, fastconv.correlate,
    cv2.filter2D, cv2.sepFilter2D, cv2.blur, cv2.boxFilter, cv2.GaussianBlur, cv2.Sobel, cv2.Scharr,
    cv2.Laplacian,
    ndimage.convolve, ndimage.correlate, ndimage.correlate1d, ndimage.convolve1d, ndimage.uniform_filter1d,
    ndimage.uniform_filter, ndimage.gaussian_filter1d, ndimage.gaussian_filter, ndimage.sobel,
    ndimage.prewitt, ndimage.laplace, signal.convolve2d, signal.correlate2d,
]  # fmt: skip
KERNEL = np.array([[1, 2, 1], [2, 5, 2], [1, 2, 0]]) / 16
REPEATED: dict[str, Callable[[Array], Any]] = {
    "convolve": lambda a: fastconv.convolve(a, KERNEL),
    "convolve, options": lambda a: fastconv.convolve(a, KERNEL, border="wrap", origin=[0, 1], dtype="f4"),
    "correlate": lambda a: fastconv.correlate(a, KERNEL, threads=1),
    "filter2D": lambda a: cv2.filter2D(a, -1, KERNEL),
    "filter2D, anchor": lambda a: cv2.filter2D(a, cv2.CV_32F, kernel=KERNEL, anchor=(0, 1)),
    "sepFilter2D": lambda a: cv2.sepFilter2D(a, -1, KERNEL[0], KERNEL[1]),
    "blur": lambda a: cv2.blur(a, (3, 3)),
    "blur, list": lambda a: cv2.blur(a, [3, 5]),
    "boxFilter": lambda a: cv2.boxFilter(a, cv2.CV_32F, (3, 3), normalize=False),
    "GaussianBlur": lambda a: cv2.GaussianBlur(a, (0, 0), np.float64(1.5)),
    "Sobel": lambda a: cv2.Sobel(a, cv2.CV_32F, 1, 0),
    "Scharr": lambda a: cv2.Scharr(a, cv2.CV_32F, 0, 1),
    "Laplacian": lambda a: cv2.Laplacian(a, cv2.CV_32F),
    "ndimage.convolve": lambda a: ndimage.convolve(a, KERNEL),
    "ndimage.correlate1d": lambda a: ndimage.correlate1d(a, KERNEL[1], output=np.float32),
    "gaussian_filter": lambda a: ndimage.gaussian_filter(a, 1.0),
    "gaussian_filter, list": lambda a: ndimage.gaussian_filter(a, [1, 2.5], mode=["wrap", "nearest"]),
    "uniform_filter": lambda a: ndimage.uniform_filter(a, 3),
    "sobel": lambda a: ndimage.sobel(a),
    "laplace": lambda a: ndimage.laplace(a),
    "convolve2d": lambda a: signal.convolve2d(a, KERNEL.astype(np.float32)),
}  # fmt: skip

every = pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f"{f.__module__}.{f.__name__}")


@every
def test_they_are_functions_to_inspect_pickle_and_help(function: Any) -> None:
    written = inspect.unwrap(function)
    assert type(written) is types.FunctionType
    assert inspect.isfunction(function) and isinstance(function, types.FunctionType)
    assert inspect.signature(function) == inspect.signature(written)
    assert typing.get_type_hints(function) == typing.get_type_hints(written)
    assert inspect.getsource(function) == inspect.getsource(written)
    for name in ("__name__", "__qualname__", "__module__", "__doc__", "__kwdefaults__", "__code__"):
        assert getattr(function, name) == getattr(written, name)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(function, protocol)) is function
    assert copy.deepcopy(function) is function
    assert repr(function) == repr(written)
    shown = pydoc.plain(pydoc.render_doc(function))
    assert f"{function.__name__}({next(iter(inspect.signature(written).parameters))}" in shown
    assert doctest.DocTestFinder().find(function)[0].examples


@every
def test_what_python_refuses_is_refused_in_its_words(function: Any) -> None:
    written = inspect.unwrap(function)
    image = picture((9, 12), "float32")
    first = next(iter(inspect.signature(written).parameters))
    calls: tuple[Callable[[Any], Any], ...] = (
        lambda f: f(),
        lambda f: f(image, *[None] * 40),
        lambda f: f(image, **{first: image}),
        lambda f: f(image, unheard_of=1),
    )
    for call in calls:
        with pytest.raises(TypeError) as said:
            call(function)
        with pytest.raises(TypeError) as wanted:
            call(written)
        assert str(said.value) == str(wanted.value)


def test_options_are_the_same_wherever_they_are_listed() -> None:
    options = fastconv.convolve.options  # type: ignore[attr-defined]
    assert inspect.signature(fastconv.correlate) == inspect.signature(fastconv.convolve)
    for function in (fastconv.plan, _plan.options_of):
        parameters = inspect.signature(function).parameters
        assert {name: parameters[name].default for name in options} == options


def test_an_option_of_any_kind_makes_a_plan_of_its_own() -> None:
    """No option is left out of what plans are found by."""
    image = picture((9, 12), "float64")
    others = {
        "border": "wrap", "cval": 3.0, "origin": 1, "shape": "full", "channel_axis": 0, "dtype": "float32",
        "method": "direct", "threads": 2, "scale": 2.0, "offset": 1.0, "absolute": True, "nan_policy": "omit",
        "min_weight": 0.5, "renormalize": False, "fill": 1.0, "axes": (1, 0), "stride": 2, "dilation": 2,
    }  # fmt: skip
    assert others.keys() == fastconv.convolve.options.keys()  # type: ignore[attr-defined]
    plans = [fastconv.api.planned(KERNEL, True)]
    for name, value in others.items():
        fastconv.convolve(image[np.newaxis], KERNEL)
        plans.append(fastconv.api.planned(KERNEL, True, **{name: value}))
        assert fastconv.api.planned(KERNEL, True, **{name: value}) is plans[-1]
    assert len({id(plan) for plan in plans}) == len(plans)


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("name", REPEATED)
def test_a_repeated_call_enters_no_python(level: str, name: str, dtype: str) -> None:
    image, other = picture((28, 28), dtype, 1), picture((28, 28), dtype, 2)
    fastconv.clear_cache()
    call = REPEATED[name]
    first = call(image)
    assert python_calls(partial(call, other)) == 1  # the lambda
    again = call(image)
    assert again is not first
    assert again.dtype == first.dtype and again.tobytes() == first.tobytes()
    assert call(other).tobytes() != first.tobytes()


def test_a_failed_call_shows_the_function_in_its_traceback() -> None:
    image = picture((9, 12), "uint8")
    fastconv.convolve(image, KERNEL)
    calls: tuple[Callable[[], Any], ...] = (
        lambda: fastconv.convolve(image, KERNEL * np.nan),
        lambda: fastconv.convolve(image.astype(object), KERNEL),
        lambda: fastconv.convolve(image, KERNEL, method="fast"),
    )
    for call in calls:
        with pytest.raises((TypeError, ValueError)) as caught:
            call()
        assert "convolve" in [frame.name for frame in traceback.extract_tb(caught.tb)]


def test_arguments_that_change_in_place_are_seen_as_they_are() -> None:
    image = picture((20, 30), "float32")
    size, sigma, weights = [3, 3], [1.0, 1.0], KERNEL.copy()
    calls: list[Callable[[], Array]] = [
        lambda: cv2.blur(image, size),
        lambda: ndimage.gaussian_filter(image, sigma),
        lambda: cv2.filter2D(image, -1, weights),
        lambda: ndimage.convolve(image, weights),
        lambda: fastconv.convolve(image, weights, origin=size_of),
    ]
    size_of = [0, 0]
    before = [call() for call in calls for _ in range(3)][::3]
    size[0], sigma[1], weights[0, 0], size_of[0] = 5, 2.0, 1.0, 1
    for call, old in zip(calls, before, strict=True):
        changed = call()
        fastconv.clear_cache()
        np.testing.assert_array_equal(changed, call())
        assert not np.array_equal(changed, old)


def test_a_list_that_holds_itself_is_refused() -> None:
    image = picture((9, 12), "uint8")
    endless: list[Any] = [1]
    endless.append(endless)
    calls: tuple[Callable[[], Any], ...] = (
        lambda: fastconv.convolve(image, KERNEL, origin=endless),
        lambda: cv2.blur(image, endless),
        lambda: ndimage.gaussian_filter(image, endless),
    )
    for call in calls:
        with pytest.raises((TypeError, ValueError, RuntimeError)):
            call()


def test_an_output_that_overlaps_or_does_not_fit_is_not_filled_by_a_remembered_request() -> None:
    image = picture((9, 12), "float32")
    wanted = cv2.blur(image, (3, 3))
    out = np.empty_like(image)
    for _ in range(3):
        assert cv2.blur(image, (3, 3), out) is out
        np.testing.assert_array_equal(out, wanted)
    in_place = image.copy()
    assert cv2.blur(in_place, (3, 3), in_place) is in_place
    np.testing.assert_array_equal(in_place, wanted)
    wide = np.empty((9, 13), np.float32)
    assert cv2.blur(image, (3, 3), wide) is not wide
    out.flags.writeable = False
    with pytest.raises(cv2.error, match="dst must be writable"):
        cv2.blur(image, (3, 3), out)


def test_they_become_methods() -> None:
    class Picture(np.ndarray):
        convolve = fastconv.convolve

    image = picture((9, 12), "uint8")
    np.testing.assert_array_equal(
        image.view(Picture).convolve(KERNEL), fastconv.convolve(image, KERNEL)
    )
