# SPDX-License-Identifier: BSD-3-Clause
"""Every wrong argument is an exception that names it, what came and what is allowed; and nothing is
written to `out` when something is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import fastconv

IMAGE = np.arange(30, dtype=np.uint8).reshape(5, 6)
KERNEL = np.ones((3, 3)) / 9

Call = Callable[..., Any]
CALLS: dict[str, Call] = {
    "convolve": fastconv.convolve,
    "correlate": fastconv.correlate,
    "plan": lambda image, kernel, **options: fastconv.plan(kernel, **options)(image),
}


@pytest.fixture(params=CALLS)
def call(request: pytest.FixtureRequest) -> Call:
    return CALLS[request.param]


def refused(kind: type[Exception], words: str) -> Any:
    """The exception of this very type whose message is this, from its beginning on."""
    return pytest.raises(kind, match="^" + re.escape(words))


# --- kernel --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kernel", "kind", "words"),
    [
        (5, ValueError, "kernel must have an axis and not be empty; got shape ()"),
        ([], ValueError, "kernel must have an axis and not be empty; got shape (0,)"),
        (np.ones((0, 3)), ValueError, "kernel must have an axis and not be empty; got shape (0, 3)"),
        ([[]], ValueError, "kernel must have an axis and not be empty; got shape (1, 0)"),
        ([[1, 2], [3]], ValueError, "kernel must be an array; got list: "),
        ("sharpen", TypeError, "kernel must hold numbers; got dtype <U7"),
        ([["1"]], TypeError, "kernel must hold numbers; got dtype <U1"),
        ([[None]], TypeError, "kernel must hold numbers; got dtype object"),
        (None, TypeError, "kernel must hold numbers; got dtype object"),
        ([[2**70]], TypeError, "kernel must hold numbers; got dtype object"),
        (np.array([["2020-01-01"]], "M8[D]"), TypeError, "kernel must hold numbers; got dtype datetime64[D]"),
        ([[2**60]], ValueError, "kernel must hold integers within +-2**53; got larger ones"),
        ([[-(2**53) - 1]], ValueError, "kernel must hold integers within +-2**53; got larger ones"),
    ],
)  # fmt: skip
def test_kernel(call: Call, kernel: Any, kind: type[Exception], words: str) -> None:
    with refused(kind, words):
        call(IMAGE, kernel)


def test_kernel_of_the_largest_integers_is_taken(call: Call) -> None:
    assert call(np.array([[1, 1]]), [[2**53]]).tolist() == [[2**53, 2**53]]
    assert call(np.array([[1, 1]]), [[-(2**53)]]).tolist() == [[-(2**53), -(2**53)]]


# --- image ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("image", "kind", "words"),
    [
        (np.arange(5), ValueError, "image must have at least 2 axes; got shape (5,)"),
        (7.0, ValueError, "image must have at least 2 axes; got shape ()"),
        ([[1, 2], [3]], ValueError, "image must be an array; got list: "),
        (np.array([["a"]]), TypeError, "image must be of type bool, (u)int8 to (u)int64, float16"),
        (np.array([[None]]), TypeError, "image must be of type bool, (u)int8 to (u)int64, float16"),
        (np.zeros((2, 2), "m8[s]"), TypeError, "image must be of type bool, (u)int8 to (u)int64"),
        (np.zeros((2, 2), "i4,f4"), TypeError, "image must be of type bool, (u)int8 to (u)int64"),
        (np.zeros((2, 2), np.longdouble), TypeError, "image must be of type bool, (u)int8 to (u)int64"),
        (np.zeros((2, 2), np.clongdouble), TypeError, "image must be of type bool, (u)int8 to (u)int64"),
        (None, TypeError, "image must be of type bool, (u)int8 to (u)int64"),
    ],
)  # fmt: skip
def test_image(call: Call, image: Any, kind: type[Exception], words: str) -> None:
    with refused(kind, words):
        call(image, KERNEL)


@pytest.mark.parametrize("dtype", ["float128", "complex256", "str", "datetime64[s]", "object"])
def test_image_of_a_strange_type_says_which(call: Call, dtype: str) -> None:
    if not hasattr(np, "float128") and dtype in ("float128", "complex256"):
        dtype = "object"  # a system whose long double is a double
    image = np.zeros((2, 2), dtype)
    words = f"complex64 or complex128; got {image.dtype.name}"
    with pytest.raises(TypeError, match=re.escape(words) + "$"):
        call(image, KERNEL)


# --- words and numbers ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "border", ["periodic", "", "reflect101x", "asymmetric", None, 3, 0.5, {"wrap"}]
)
def test_border(call: Call, border: Any) -> None:
    with pytest.raises(
        ValueError,
        match=r"^border must be one of reflect, mirror, nearest, wrap, constant \(or an alias: "
        + ".*symmetric.*edge.*circular.*; got "
        + re.escape(repr(border))
        + "$",
    ):
        call(IMAGE, KERNEL, border=border)


@pytest.mark.parametrize("cval", ["0", None, [1], np.zeros(2), {}])
def test_cval(call: Call, cval: Any) -> None:
    with refused(TypeError, f"cval must be a number; got {cval!r}"):
        call(IMAGE, KERNEL, border="constant", cval=cval)


def test_cval_that_float64_cannot_hold(call: Call) -> None:
    with refused(ValueError, f"cval must be a number that float64 can hold; got {2**53 + 1}"):
        call(IMAGE, KERNEL, border="constant", cval=2**53 + 1)


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_cval_of_a_real_image_is_real(call: Call, dtype: str) -> None:
    with refused(TypeError, "dtype must be complex for a complex image, kernel or cval; got "):
        call(IMAGE.astype(dtype), KERNEL, border="constant", cval=1j)
    with refused(TypeError, "cval must be real for a real image; got 1j"):
        call(IMAGE.astype(dtype), KERNEL, border="constant", cval=1j, dtype=np.complex64)


@pytest.mark.parametrize(
    ("origin", "kernel", "words"),
    [
        (2, (3, 3), "origin must be from -1 to 1 for a kernel of 3 rows; got 2"),
        (-2, (3, 3), "origin must be from -1 to 1 for a kernel of 3 rows; got -2"),
        ((0, 2), (3, 3), "origin must be from -1 to 1 for a kernel of 3 columns; got 2"),
        ((0, 2), (3, 4), "origin must be from -2 to 1 for a kernel of 4 columns; got 2"),
        ((-3, 0), (4, 3), "origin must be from -2 to 1 for a kernel of 4 rows; got -3"),
        ((1, 0), (1, 9), "origin must be from 0 to 0 for a kernel of 1 rows; got 1"),
        ((0, 0, 0), (3, 3), "origin must be an integer or a pair of them; got (0, 0, 0)"),
        ((1,), (3, 3), "origin must be an integer or a pair of them; got (1,)"),
    ],
)
def test_origin(call: Call, origin: Any, kernel: tuple[int, int], words: str) -> None:
    with refused(ValueError, words):
        call(IMAGE, np.ones(kernel), origin=origin)


@pytest.mark.parametrize(
    ("origin", "got"), [(0.5, "0.5"), ("1", "'1'"), ((0, 1.0), "1.0"), (None, "None")]
)
def test_origin_that_is_no_integer(call: Call, origin: Any, got: str) -> None:
    with refused(TypeError, f"origin must be an integer; got {got}"):
        call(IMAGE, KERNEL, origin=origin)


@pytest.mark.parametrize("shape", ["valid", "full"])
def test_origin_only_with_shape_same(call: Call, shape: str) -> None:
    words = f"origin must be 0 unless shape is 'same'; got (0, 1) with shape={shape!r}"
    with refused(ValueError, words):
        call(IMAGE, KERNEL, shape=shape, origin=(0, 1))


@pytest.mark.parametrize("shape", ["SAME", "", None, 3, (5, 6)])
def test_shape(call: Call, shape: Any) -> None:
    with refused(ValueError, f"shape must be one of same, valid, full; got {shape!r}"):
        call(IMAGE, KERNEL, shape=shape)


@pytest.mark.parametrize(
    ("axis", "kind", "words"),
    [
        (3, ValueError, "channel_axis must be from -3 to 2 for image of shape (5, 6, 3); got 3"),
        (-4, ValueError, "channel_axis must be from -3 to 2 for image of shape (5, 6, 3); got -4"),
        (1.0, TypeError, "channel_axis must be an integer; got 1.0"),
        ("last", TypeError, "channel_axis must be an integer; got 'last'"),
        ((0, 1), TypeError, "channel_axis must be an integer; got (0, 1)"),
    ],
)
def test_channel_axis(call: Call, axis: Any, kind: type[Exception], words: str) -> None:
    with refused(kind, words):
        call(np.zeros((5, 6, 3)), KERNEL, channel_axis=axis)


def test_channel_axis_needs_three_axes(call: Call) -> None:
    with refused(
        ValueError,
        "image must have at least 3 axes if channel_axis is given; got shape (5, 6)",
    ):
        call(IMAGE, KERNEL, channel_axis=-1)


@pytest.mark.parametrize(
    ("dtype", "words"),
    [
        ("uint9", "dtype must be a NumPy type; got 'uint9'"),
        (3, "dtype must be a NumPy type; got 3"),
        (object, "dtype must be of type bool, (u)int8 to (u)int64, float16"),
        ("U3", "dtype must be of type bool, (u)int8 to (u)int64, float16"),
        (np.longdouble, "dtype must be of type bool, (u)int8 to (u)int64, float16"),
        (bool, "dtype must be an integer, float or complex type; got bool"),
    ],
)
def test_dtype(call: Call, dtype: Any, words: str) -> None:
    with refused(TypeError, words):
        call(IMAGE, KERNEL, dtype=dtype)


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float32", "float64"])
def test_complex_results_need_a_complex_dtype(call: Call, dtype: str) -> None:
    words = f"dtype must be complex for a complex image, kernel or cval; got {dtype}"
    with refused(TypeError, words):
        call(IMAGE.astype(np.complex64), KERNEL, dtype=dtype)
    with refused(TypeError, words):
        call(IMAGE, KERNEL * 1j, dtype=dtype)
    with refused(TypeError, words):
        call(IMAGE, KERNEL * 1j, dtype=dtype)


@pytest.mark.parametrize("method", ["fast", "", "Direct", None, 3, "FFT"])
def test_method(call: Call, method: Any) -> None:
    words = f"method must be auto or one of direct, separable, sparse, box, dot, fft, wide; got {method!r}"
    with refused(ValueError, words):
        call(IMAGE, KERNEL, method=method)


def test_pixel_of_a_plan() -> None:
    with refused(TypeError, "pixel must be a NumPy type; got 'grey'"):
        fastconv.plan(KERNEL, pixel="grey")
    with refused(TypeError, "pixel must be of type bool, (u)int8 to (u)int64"):
        fastconv.plan(KERNEL, pixel=object)


def test_options_are_by_name_only_and_known() -> None:
    for name, call in CALLS.items():
        if name != "plan":
            with pytest.raises(TypeError, match="positional arguments"):
                call(IMAGE, KERNEL, "wrap")
        with pytest.raises(TypeError, match="unexpected keyword argument 'mode'"):
            call(IMAGE, KERNEL, mode="wrap")
    with pytest.raises(TypeError, match="unexpected keyword argument 'out'"):
        fastconv.explain(IMAGE, KERNEL, out=IMAGE)
    with pytest.raises(TypeError, match="missing"):
        fastconv.convolve(IMAGE)  # type: ignore[call-arg]


def test_explain_refuses_what_convolve_refuses() -> None:
    with refused(ValueError, "kernel must have an axis and not be empty; got shape (0,)"):
        fastconv.explain(IMAGE, [])
    with refused(ValueError, "border must be one of "):
        fastconv.explain(IMAGE, KERNEL, border="periodic")
    with refused(TypeError, "image must be of type bool"):
        fastconv.explain(np.array([[None]]), KERNEL)


# --- out -----------------------------------------------------------------------------------------


def read_only() -> Any:
    out = np.zeros((5, 6), np.uint8)
    out.flags.writeable = False
    return out


@pytest.mark.parametrize(
    ("out", "options", "kind", "words"),
    [
        ([[0] * 6] * 5, {}, TypeError, "out must be a NumPy array; got list"),
        (bytearray(30), {}, TypeError, "out must be a NumPy array; got bytearray"),
        (np.zeros((5, 6), bool), {}, TypeError, "out must be of an integer, float or complex type; got bool"),
        (np.zeros((5, 6), object), {}, TypeError, "out must be of type bool, (u)int8 to (u)int64"),
        (np.zeros((5, 6), np.longdouble), {}, TypeError, "out must be of type bool, (u)int8 to (u)int64"),
        (np.zeros((6, 5), np.uint8), {}, ValueError, "out must have shape (5, 6); got (6, 5)"),
        (np.zeros(30, np.uint8), {}, ValueError, "out must have shape (5, 6); got (30,)"),
        (np.zeros((1, 5, 6), np.uint8), {}, ValueError, "out must have shape (5, 6); got (1, 5, 6)"),
        (IMAGE.copy(), {"shape": "valid"}, ValueError, "out must have shape (3, 4); got (5, 6)"),
        (IMAGE.copy(), {"shape": "full"}, ValueError, "out must have shape (7, 8); got (5, 6)"),
        (read_only(), {}, ValueError, "out must be writable; got a read-only array"),
        (np.zeros((5, 6), np.float32), {"dtype": "float64"}, TypeError,
         "out must be of type float64, as dtype asks; got float32"),
        (np.zeros((5, 6), ">i2"), {"dtype": "int16"}, TypeError,
         "out must be of type int16, as dtype asks; got >i2"),
    ],
)  # fmt: skip
def test_out(out: Any, options: dict[str, Any], kind: type[Exception], words: str) -> None:
    before = np.array(out)
    for call in (fastconv.convolve, fastconv.correlate):
        with refused(kind, words):
            call(IMAGE, KERNEL, out=out, **options)
    with refused(kind, words):
        fastconv.plan(KERNEL, **options)(IMAGE, out=out)
    assert_array_equal(np.array(out), before)


def test_out_of_a_real_type_for_a_complex_result() -> None:
    out = np.full((5, 6), 7.0)
    with pytest.raises(TypeError, match="must be complex for a complex image, kernel or cval; got"):
        fastconv.convolve(IMAGE, KERNEL * 1j, out=out)
    assert (out == 7).all()


@pytest.mark.parametrize(
    "wrong",
    [
        {"kernel": []},
        {"kernel": np.ones((2, 2, 2))},
        {"axes": 0},
        {"axes": (0, 2)},
        {"stride": 0},
        {"dilation": (1, 2, 3)},
        {"kernel": [[2**60]]},
        {"border": "periodic"},
        {"border": "constant", "cval": "x"},
        {"border": "constant", "cval": 1j},
        {"origin": 5},
        {"shape": "valid"},
        {"channel_axis": 0},
        {"dtype": "float32"},
        {"dtype": "nonsense"},
        {"method": "fourier"},
        {"method": "box"},
        {"method": "wide"},
        {"threads": 0},
        {"image": np.full((5, 6), 2**60), "kernel": [[0.5**0.5]], "dtype": "uint8"},
        {"image": np.full((5, 6), 2**60), "kernel": [[2.0**40]], "dtype": "uint8"},
        {"image": np.full((5, 6), 3, np.int32), "border": "constant", "cval": 1e30, "dtype": "uint8"},
        {"image": IMAGE.astype(complex)},
        {"image": np.zeros((5, 6), object)},
        {"image": np.zeros((5, 7), np.uint8)},
    ],
)  # fmt: skip
def test_nothing_is_written_when_something_is_wrong(wrong: dict[str, Any]) -> None:
    out = np.full((5, 6), 77, np.uint8)
    options: dict[str, Any] = {"image": IMAGE, "kernel": [[1, 2, 3], [0, 1, 0], [5, 1, 1]]} | wrong
    with pytest.raises((TypeError, ValueError), match=r"must|cannot do this"):
        fastconv.convolve(options.pop("image"), options.pop("kernel"), out=out, **options)
    assert (out == 77).all()


def test_image_that_is_also_the_output_is_unchanged_when_something_is_wrong() -> None:
    image = np.full((5, 6), 2**60)
    with refused(
        ValueError,
        "image must stay within +-2**53 where the kernel is not rational or cval has a fraction",
    ):
        fastconv.convolve(image, [[0.5**0.5]], out=image)
    assert (image == 2**60).all()


# --- integers too large --------------------------------------------------------------------------


def test_weights_too_large_for_exact_sums() -> None:
    with refused(
        ValueError,
        "kernel must have weights whose magnitudes sum to less than 2**31 for an exact sum of int64; "
        "got 4.29e+09. Convert the image to float64 for a rounded one",
    ):
        fastconv.convolve(np.full((2, 2), 2**60), [[2**32]])


def test_samples_too_large_for_fractions() -> None:
    with refused(
        ValueError,
        "image must stay within +-2**53 where the kernel is not rational or cval has a fraction; got "
        "uint64 values up to 2**60. Convert the image to float64 for a rounded result",
    ):
        fastconv.convolve(np.full((2, 2), 2**60, np.uint64), [[0.5**0.5]])
    with refused(
        ValueError,
        "image must stay within +-2**53 where the kernel is not rational or cval has a fraction",
    ):
        fastconv.convolve(np.full((2, 2), 2**60), [[1, 1]], border="constant", cval=0.5)


def test_advice_of_the_errors_works() -> None:
    image = np.full((2, 2), 2**60)
    assert_array_equal(fastconv.convolve(image.astype(np.float64), [[0.5]]), image / 2)
