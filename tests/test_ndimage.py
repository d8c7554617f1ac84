# SPDX-License-Identifier: BSD-3-Clause
"""fastconv.ndimage is scipy.ndimage: the same bits, types and exceptions, for whatever it is given."""

from __future__ import annotations

import inspect
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterable
from functools import partial
from itertools import permutations, product
from typing import Any

import numpy as np
import pytest
import scipy.ndimage as theirs
from hypothesis import example, given, settings
from hypothesis import strategies as st

import fastconv
from fastconv import _levels, ndimage
from fastconv.compat import originals

from .judge import Array, at_level, picture

LEVELS = st.sampled_from(_levels.available())
TYPES = st.sampled_from("bool u1 i1 u2 i2 u4 i4 u8 i8 f4 f8 f4 f8 c8 c16 >f4 >i2".split())
MODES = st.sampled_from(
    "reflect mirror nearest wrap constant grid-mirror grid-wrap grid-constant".split()
)
CONSTANTS = st.sampled_from([0.0, 0, 1, 3, -7, 0.5, -0.0, 1e10, float("nan"), -0.3])
SPECIAL = [np.nan, np.inf, -np.inf, 1e300, -1e30, 5e-324, -0.0]
SIZES = st.integers(1, 9)
SEEDS = st.integers(0, 2**32 - 1)


def identical(a: Any, b: Any) -> bool:
    """Whether two results are one in type, shape and bits; NaN is NaN."""
    if isinstance(a, Exception) or isinstance(b, Exception):
        return type(a) is type(b)
    if (a.dtype, a.shape) != (b.dtype, b.shape):
        return False
    if a.dtype.kind == "c":
        return identical(a.real, b.real) and identical(a.imag, b.imag)
    if a.dtype.kind == "f":
        nan = np.isnan(a)
        return (
            np.array_equal(nan, np.isnan(b))
            and np.array_equal(a[~nan], b[~nan])
            and np.array_equal(np.signbit(a[~nan]), np.signbit(b[~nan]))
        )
    # the bytes, since SciPy's bool may hold any
    return bool(a.tobytes() == b.tobytes())


def answer(call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return call(*args, **kwargs)
        except Exception as error:
            return error


def fresh(options: dict[str, Any]) -> dict[str, Any]:
    """The same options with an output of its own, of the same strides and flags."""
    output = options.get("output")
    if not isinstance(output, np.ndarray):
        return options
    base = np.empty(output.size * 2, output.dtype)
    strided = not output.flags.c_contiguous
    made = (
        base.reshape(*output.shape, 2)[..., 0]
        if strided
        else base[: output.size].reshape(output.shape)
    )
    made.flags.writeable = output.flags.writeable
    return options | {"output": made}


def check(name: str, *args: Any, **kwargs: Any) -> Any:
    """Ask both, twice: the second time fastconv may answer from memory. Each writes to its own output."""
    wanted = answer(getattr(theirs, name), *args, **fresh(kwargs))
    for _ in range(2):
        got = answer(getattr(ndimage, name), *args, **fresh(kwargs))
        assert identical(got, wanted), f"{name} at {_levels.level}: {got!r} is not {wanted!r}"
    return wanted


@st.composite
def images(draw: st.DrawFn, axes: tuple[int, ...] = (1, 2, 2, 2, 3, 4)) -> Array:
    """Any type, shape, strides and byte order."""
    rng = np.random.default_rng(draw(SEEDS))
    count = draw(st.sampled_from(axes))
    shape = [draw(st.integers(1, 24 if count < 3 else 7)) for _ in range(count)]
    if draw(st.integers(0, 5)) == 0:
        k = draw(st.integers(0, count - 1))
        shape[k] = draw(st.sampled_from([0, 70, 300, 600]))
    dtype = np.dtype(draw(TYPES))
    values = rng.standard_normal(shape) * 10.0 ** draw(st.integers(0, 5))
    if dtype.kind == "c":
        values = values + 1j * rng.standard_normal(shape)
    with np.errstate(all="ignore"):
        image: Array = (
            values.astype(np.int64).astype(dtype) if dtype.kind in "iu" else values.astype(dtype)
        )
    if dtype.kind == "f" and image.size and draw(st.integers(0, 4)) == 0:
        with np.errstate(over="ignore"):
            image.flat[draw(st.integers(0, image.size - 1))] = draw(st.sampled_from(SPECIAL))
    if draw(st.integers(0, 3)) == 0:
        image = np.asfortranarray(image)
    if draw(st.integers(0, 3)) == 0:
        image = image[..., ::-1]
    return image


@st.composite
def outputs(draw: st.DrawFn, image: Array) -> Any:
    kind = draw(st.sampled_from("none none dtype name array strided".split()))
    dtype = np.dtype(draw(TYPES))
    if kind == "none":
        return None
    if kind == "dtype":
        return dtype
    if kind == "name":
        return dtype.name
    shape = (*image.shape, 2) if kind == "strided" else image.shape
    made = np.zeros(shape, dtype)
    return made[..., 0] if kind == "strided" else made


@st.composite
def weights_1d(draw: st.DrawFn) -> Array:
    rng = np.random.default_rng(draw(SEEDS))
    w: Array = rng.standard_normal(draw(st.integers(1, 13)))
    kind = draw(st.sampled_from("any even odd nearly whole sparse special complex".split()))
    if kind == "even":
        return np.asarray(w + w[::-1])
    if kind == "odd":
        return np.asarray(w - w[::-1])
    if kind == "nearly":
        return np.asarray(w + w[::-1]) + 1e-16 * rng.standard_normal(w.size)
    if kind == "whole":
        return np.asarray(np.rint(3 * w))
    if kind == "sparse":
        return w * (rng.random(w.size) > 0.5)
    if kind == "special":
        w[draw(st.integers(0, w.size - 1))] = draw(st.sampled_from([*SPECIAL, 1e-17]))
    return w + 1j * w[::-1] if kind == "complex" else w


@settings(max_examples=600)
@given(st.data(), LEVELS, MODES, CONSTANTS)
def test_filters_along_an_axis_are_scipys(
    data: st.DataObject, level: str, mode: str, cval: float
) -> None:
    image = data.draw(images())
    output = data.draw(outputs(image))
    name = data.draw(
        st.sampled_from("correlate1d convolve1d uniform_filter1d gaussian_filter1d".split())
    )
    options: dict[str, Any] = {
        "axis": data.draw(st.integers(-image.ndim, image.ndim)),
        "mode": mode,
        "cval": cval,
        "output": output,
    }
    argument: Any
    if name == "gaussian_filter1d":
        argument = data.draw(st.floats(0.1, 3))
        options["order"] = data.draw(st.integers(0, 3))
    elif name == "uniform_filter1d":
        argument = data.draw(st.integers(0, 12))
        options["origin"] = data.draw(st.integers(-2, 2))
    else:
        argument = data.draw(weights_1d())
        options["origin"] = data.draw(st.integers(-3, 3))
    with at_level(level):
        check(name, image, argument, **options)


@settings(max_examples=500)
@given(st.data(), LEVELS, CONSTANTS)
def test_filters_along_several_axes_are_scipys(
    data: st.DataObject, level: str, cval: float
) -> None:
    image = data.draw(images())
    name = data.draw(
        st.sampled_from(
            "uniform_filter gaussian_filter sobel prewitt laplace gaussian_laplace "
            "gaussian_gradient_magnitude".split()
        )
    )
    options: dict[str, Any] = {"cval": cval, "output": data.draw(outputs(image))}
    axes = tuple(data.draw(st.permutations(range(image.ndim))))
    if name not in ("sobel", "prewitt"):
        axes = axes[: data.draw(st.integers(0, image.ndim))]
        options["axes"] = data.draw(st.sampled_from([None, axes, axes]))
        axes = axes if options["axes"] is not None else tuple(range(image.ndim))
    options["mode"] = data.draw(MODES)
    if data.draw(st.booleans()) and "gaussian_" not in name:
        options["mode"] = [data.draw(MODES) for _ in axes]
    arguments: list[Any] = []
    if name == "uniform_filter":
        arguments = [data.draw(st.one_of(SIZES, st.lists(SIZES, min_size=1, max_size=3)))]
    elif name.startswith("gaussian"):
        sigma = st.floats(0, 2)
        arguments = [data.draw(st.one_of(sigma, st.lists(sigma, min_size=1, max_size=3)))]
        options["truncate"] = data.draw(st.sampled_from([4.0, 2.5]))
    if name == "gaussian_filter":
        options["order"] = data.draw(st.integers(0, 2))
    with at_level(level):
        check(name, image, *arguments, **options)


@settings(max_examples=500)
@given(st.data(), LEVELS, MODES, CONSTANTS)
def test_windows_are_scipys(data: st.DataObject, level: str, mode: str, cval: float) -> None:
    image = data.draw(images((1, 2, 2, 2, 3)))
    count = data.draw(st.sampled_from([image.ndim, image.ndim, image.ndim, 2]))
    shape = [data.draw(st.integers(1, 5)) for _ in range(count)]
    w: Array = np.random.default_rng(data.draw(SEEDS)).standard_normal(shape)
    kind = data.draw(st.sampled_from("any whole sparse special complex".split()))
    if kind == "whole":
        w = np.rint(4 * w)
    elif kind == "sparse":
        w[w < 0] = 0
    elif kind == "special":
        w.flat[0] = data.draw(st.sampled_from([*SPECIAL, 1e-17]))
    elif kind == "complex":
        w = w + 1j
    options: dict[str, Any] = {
        "mode": mode,
        "cval": cval,
        "output": data.draw(outputs(image)),
        "origin": data.draw(st.integers(-1, 1)),
    }
    if count < image.ndim:
        options["axes"] = tuple(data.draw(st.permutations(range(image.ndim))))[:count]
    with at_level(level):
        check(data.draw(st.sampled_from(["correlate", "convolve"])), image, w, **options)


@settings(max_examples=60)
@given(st.data(), LEVELS)
def test_long_lines_are_scipys(data: st.DataObject, level: str) -> None:
    # rows that are read and written in place, strips, and rows past the caches' lines
    rng = np.random.default_rng(data.draw(SEEDS))
    dtype = data.draw(st.sampled_from("f4 f8 f8 u1 i2".split()))
    shape = data.draw(st.sampled_from([(9, 1400), (7, 520), (1, 4097), (40, 3, 300), (1000, 5)]))
    image = (rng.standard_normal(shape) * 100).astype(np.int64).astype(dtype)
    name, arguments = data.draw(
        st.sampled_from(
            [
                ("gaussian_filter", (1.5,)), ("uniform_filter", (4,)), ("sobel", (0,)), ("sobel", (-1,)),
                ("laplace", ()), ("prewitt", ()), ("correlate1d", ([1, 2, 4, 8.5], 0)),
                ("gaussian_laplace", (1,)), ("gaussian_gradient_magnitude", (1,)),
            ]
        )
    )  # fmt: skip
    with at_level(level):
        check(name, image, *arguments, mode=data.draw(MODES), cval=2.5)


@pytest.mark.usefixtures("eager_threads")
@pytest.mark.parametrize("dtype", ["f8", "f4", "u1"])
def test_threads_change_no_bit(level: str, dtype: str) -> None:
    fastconv.set_num_threads(3)
    image = (np.random.default_rng(5).standard_normal((67, 130)) * 99).astype(np.int8).astype(dtype)
    image = image / np.array(7, dtype) if dtype != "u1" else image
    for name, *arguments in (
        ("uniform_filter", 5), ("uniform_filter1d", 4, 0), ("gaussian_filter", 1.2), ("sobel",),
        ("laplace",), ("correlate", np.arange(9.0).reshape(3, 3)),
    ):  # fmt: skip
        check(name, image, *arguments)


@pytest.mark.parametrize("dtype", "u1 i1 u2 i2 u4 i4 u8 i8 bool".split())
def test_what_an_integer_cannot_hold_wraps_as_scipys(level: str, dtype: str) -> None:
    tops = [2.0**k for k in (7, 8, 15, 16, 31, 32, 63, 64)]
    values = [1e10, -5.7, -0.5, np.nan, np.inf, -np.inf, 300, -300, 70000.0, 1.8e19, -0.99, -1.0]
    values += [sign * (t + d) for t in tops for d in (-1, 0, 1) for sign in (1, -1)]
    image = np.resize(np.array(values), (4, len(values)))
    for name, argument in (("correlate1d", [1.0]), ("correlate", [[1.0]]), ("uniform_filter1d", 1)):
        check(name, image, argument, output=np.dtype(dtype))


@pytest.mark.parametrize("name", ndimage.__all__)
def test_signatures_are_scipys(name: str) -> None:
    def words(function: Any) -> list[Any]:
        return [
            (p.name, p.kind, p.default) for p in inspect.signature(function).parameters.values()
        ]

    assert words(getattr(ndimage, name)) == words(getattr(theirs, name))


@pytest.mark.parametrize(
    ("name", "arguments", "options"),
    [
        ("correlate1d", ([1, 2],), {"mode": "edge"}),
        ("correlate1d", ([],), {}),
        ("correlate1d", ([[1]],), {}),
        ("correlate1d", ([1, 2],), {"axis": 2}),
        ("correlate1d", ([1, 2],), {"origin": 1}),
        ("correlate1d", ([1, 2],), {"origin": 0.5}),
        ("correlate1d", ([1, 2],), {"cval": 1j}),
        ("correlate1d", ([1, 2],), {"cval": "1"}),
        ("correlate1d", ([1, 2],), {"output": np.float16}),
        ("correlate1d", ([1, 2],), {"output": np.zeros((1, 1))}),
        ("correlate1d", ([1, 2],), {"output": "bool"}),
        ("correlate1d", ([1j, 2],), {"output": "float64"}),
        ("correlate1d", ([1j, 2],), {"cval": 1j}),
        ("uniform_filter1d", (0,), {}),
        ("uniform_filter1d", (3,), {"origin": 2}),
        ("uniform_filter", ((3, 3, 3),), {}),
        ("uniform_filter", (3,), {"axes": (0, 0)}),
        ("uniform_filter", (3,), {"axes": 5}),
        ("uniform_filter", (3,), {"axes": 0.5}),
        ("gaussian_filter", (1,), {"order": -1}),
        ("gaussian_filter", (1,), {"radius": 1.5}),
        ("gaussian_filter", (1,), {"radius": -1}),
        ("gaussian_filter", ((1, 1, 1),), {}),
        ("correlate", ([1, 2],), {}),
        ("correlate", (np.zeros((0, 2)),), {}),
        ("correlate", (np.ones((2, 2)),), {"mode": ["reflect", "wrap"]}),
        ("correlate", (np.ones((2, 2)),), {"origin": (0, 5)}),
        ("correlate", (np.ones(2),), {"axes": (0, 1)}),
        ("sobel", (7,), {}),
        ("laplace", (), {"axes": (0, 5)}),
    ],
)  # fmt: skip
def test_errors_are_scipys(name: str, arguments: tuple[Any, ...], options: dict[str, Any]) -> None:
    assert isinstance(check(name, np.ones((3, 4)), *arguments, **options), Exception)


@pytest.mark.parametrize("dtype", [np.float16, np.longdouble, object, "datetime64[s]"])
def test_types_that_scipy_refuses_are_refused(dtype: Any) -> None:
    assert isinstance(check("correlate1d", np.zeros((3, 3), dtype), [1, 2]), Exception)


def test_a_read_only_output_is_refused() -> None:
    output = np.zeros((3, 3))
    output.flags.writeable = False
    assert isinstance(check("correlate1d", np.ones((3, 3)), [1, 2], output=output), ValueError)


@pytest.mark.parametrize("name", ["gaussian_filter", "uniform_filter", "sobel", "correlate"])
def test_output_may_be_the_input(level: str, name: str) -> None:
    arguments: tuple[Any, ...] = {
        "gaussian_filter": (1.0,), "uniform_filter": (3,), "correlate": (np.arange(9.0).reshape(3, 3),),
    }.get(name, ())  # fmt: skip
    image = np.random.default_rng(0).standard_normal((20, 30))
    ours_, wanted = image.copy(), image.copy()
    assert getattr(ndimage, name)(ours_, *arguments, output=ours_) is ours_
    getattr(theirs, name)(wanted, *arguments, output=wanted)
    assert identical(ours_, wanted)


@pytest.mark.parametrize("shape", [(3, 2, 4), (3, 2, 1, 3), (2, 2, 3, 2)])
def test_windows_of_three_axes_and_more_are_the_same_without_scipy(
    monkeypatch: pytest.MonkeyPatch, level: str, shape: tuple[int, ...]
) -> None:
    monkeypatch.setattr(originals, "find", lambda module, name: None)
    rng = np.random.default_rng(3)
    for dtype, output in (("f8", None), ("u1", None), ("i2", "u1"), ("f4", "i8")):
        image = (
            (rng.standard_normal((6, 7, 8, 3)[: len(shape)]) * 50).astype(np.int64).astype(dtype)
        )
        w = rng.standard_normal(shape)
        for mode in ("reflect", "constant", "mirror", "wrap", "nearest"):
            check("correlate", image, w, mode=mode, cval=3.5, output=output)
            check("convolve", image, w, mode=mode, cval=3.5, output=output)


@pytest.mark.parametrize("exponent", [-160, 130, 200, 1000])
def test_exact_sums_beyond_the_range_of_float32_are_scipys(level: str, exponent: int) -> None:
    image = np.arange(12, dtype=np.uint8).reshape(3, 4)
    weights = np.full(3, 2.0**exponent)
    check("correlate1d", image, weights, output=np.float64)
    check("convolve1d", image, weights * [1, 0, -1], output=np.float64)
    if exponent > 0:  # windows drop weights below epsilon
        check("correlate", image, np.stack([weights, weights]), output=np.float64)


def test_nothing_of_scipy_is_loaded() -> None:
    program = (
        "import sys, numpy as np, fastconv\n"
        "fastconv.ndimage.gaussian_filter(np.eye(9), 1)\n"
        "fastconv.signal.convolve2d(np.eye(9), np.eye(3))\n"
        "print([n for n in sys.modules if n.startswith('scipy')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "[]\n"


@example(1.0, 1)
@given(st.floats(0.05, 5), st.integers(0, 3))
@settings(max_examples=40)
def test_a_narrow_sigma_is_not_mistaken_for_a_wide_one(sigma: float, order: int) -> None:
    # float32(1.5) equals 1.5 and has the same hash, but counts in float32
    image = np.random.default_rng(1).standard_normal((1, 40))
    for value in (sigma, np.float32(sigma), np.float64(sigma), sigma):
        check("gaussian_filter1d", image, value, order=order)


@pytest.mark.parametrize("name", ["correlate", "correlate1d", "uniform_filter", "gaussian_filter"])
def test_nothing_has_no_type_that_windows_refuse(name: str) -> None:
    argument = {"correlate": [1.0], "correlate1d": [1.0], "uniform_filter": 3, "gaussian_filter": 1}
    for dtype in (np.complex64, np.float16):
        check(name, np.empty(0, bool), argument[name], output=dtype)


# --- sequences of values, one an axis ------------------------------------------------------------


def outcome(call: Callable[[], Any]) -> Any:
    """Bytes of an array, or the type of an error."""
    try:
        a = call()
    except Exception as error:
        return type(error)
    return a.shape, a.dtype, a.tobytes()


def axes_of(ndim: int) -> list[Any]:
    """Every order of some or all axes, counted from either end; single ones, and wrong ones."""
    sets = [p for n in range(ndim + 1) for p in permutations(range(-ndim, ndim), n)]
    return [None, *range(-ndim - 1, ndim + 1), *sets[:: 1 if ndim < 3 else 3], (0, ndim), [0]]


def values_of(axes: Any, ndim: int, one: Any, *others: Any) -> list[Any]:
    """A value for all axes, one each, and as many as there are none."""
    count = ndim if axes is None else np.size(axes)
    values = (one, *others)
    each = [tuple(values[(i + k) % len(values)] for i in range(count)) for k in (0, 1)]
    return [one, *each, (one,) * (count + 1)]


SEQUENCES: dict[str, Callable[[Any, int], Iterable[tuple[Any, dict[str, Any]]]]] = {
    "gaussian_filter": lambda axes, n: [
        *((s, {"order": o}) for s in values_of(axes, n, 0.7, 1.3, 0) for o in values_of(axes, n, 0, 1, 2)),
        *((0.7, {"radius": r}) for r in values_of(axes, n, 2, 1, 3)),
        *((0.7, {"mode": m}) for m in values_of(axes, n, "reflect", "wrap", "nearest")),
    ],
    "uniform_filter": lambda axes, n: [
        (s, {"origin": o, "mode": m})
        for s in values_of(axes, n, 3, 2, 1)
        for o in values_of(axes, n, 0, -1)
        for m in ("reflect", values_of(axes, n, "mirror", "wrap")[1])
    ],
    "gaussian_laplace": lambda axes, n: [
        (s, {"mode": m})
        for s in values_of(axes, n, 0.7, 1.3)
        for m in values_of(axes, n, "reflect", "wrap")
    ],
    "gaussian_gradient_magnitude": lambda axes, n: [
        (s, {"mode": m})
        for s in values_of(axes, n, 0.7, 1.3)
        for m in values_of(axes, n, "reflect", "wrap")
    ],
    "laplace": lambda axes, n: [(None, {"mode": m}) for m in values_of(axes, n, "reflect", "wrap")],
}  # fmt: skip


@pytest.mark.parametrize("ndim", [1, 2, 3])
@pytest.mark.parametrize("name", SEQUENCES)
def test_values_one_an_axis_belong_to_the_axes_that_scipy_gives_them(name: str, ndim: int) -> None:
    image = np.random.default_rng(ndim).random((6, 5, 7)[:ndim])
    for axes in axes_of(ndim):
        for value, words in SEQUENCES[name](axes, ndim):
            values = () if value is None else (value,)
            got, wanted = (
                outcome(partial(getattr(m, name), image, *values, axes=axes, **words))
                for m in (ndimage, theirs)
            )
            assert got == wanted, (name, axes, value, words)


@pytest.mark.parametrize("ndim", [1, 2, 3])
@pytest.mark.parametrize("name", ["correlate", "convolve"])
def test_origins_belong_to_the_axes_that_scipy_gives_them(name: str, ndim: int) -> None:
    image = np.random.default_rng(ndim).random((6, 5, 7)[:ndim])
    for axes in axes_of(ndim):
        count = ndim if axes is None else np.size(axes)
        for size in product((1, 2, 3), repeat=count):
            w = np.random.default_rng(0).random(size)
            for origin in (0, *product((0, -1), repeat=count)):
                got, wanted = (
                    outcome(partial(getattr(m, name), image, w, origin=origin, axes=axes))
                    for m in (ndimage, theirs)
                )
                assert got == wanted, (name, axes, size, origin)


# --- output in place -----------------------------------------------------------------------------

IN_PLACE: dict[str, tuple[Any, ...]] = {
    "correlate1d": ([1, 2, 4.0],), "convolve1d": ([1, 2, 4.0],), "uniform_filter1d": (3,),
    "gaussian_filter1d": (1.0,), "gaussian_filter": (1.0,), "uniform_filter": (3,), "sobel": (),
    "prewitt": (), "laplace": (), "gaussian_laplace": (1.0,), "gaussian_gradient_magnitude": (1.0,),
    "correlate": (), "convolve": (),
}  # fmt: skip


@pytest.mark.parametrize("place", ["the input", "reversed", "a row further"])
@pytest.mark.parametrize("shape", [(9,), (8, 9), (5, 6, 7)], ids=str)
@pytest.mark.parametrize("dtype", ["float64", "float32", "uint8", "int32", "complex128"])
@pytest.mark.parametrize("name", IN_PLACE)
def test_output_that_overlaps_the_input_is_that_of_a_new_array(
    name: str, dtype: str, shape: tuple[int, ...], place: str
) -> None:
    assert set(IN_PLACE) == set(ndimage.__all__)
    weights = np.random.default_rng(1).random((3,) * len(shape))
    arguments = IN_PLACE[name] or ((weights,) if name in ("correlate", "convolve") else ())
    image = (np.random.default_rng(0).random(shape) * 100).astype(dtype)
    wanted = outcome(lambda: getattr(theirs, name)(image, *arguments))  # into a new array
    room = np.zeros((shape[0] + 1, *shape[1:]), dtype)
    room[:-1] = image
    output = {"the input": room[:-1], "reversed": room[-2::-1], "a row further": room[1:]}[place]
    assert outcome(lambda: getattr(ndimage, name)(room[:-1], *arguments, output=output)) == wanted


@pytest.mark.parametrize("name", ["correlate", "correlate1d"])
def test_complex_weights_may_write_over_their_input(name: str) -> None:
    image = picture((8, 9), "complex128")
    w = np.array([1, 2j, 3 - 1j]) if name == "correlate1d" else np.full((3, 3), 1 + 2j)
    wanted = getattr(theirs, name)(image, w)
    got = getattr(ndimage, name)(image, w, output=image)
    assert got is image and identical(got, wanted)


@pytest.mark.parametrize("name", ["laplace", "gaussian_laplace", "gaussian_gradient_magnitude"])
def test_where_scipy_differs_in_place_the_docstring_says_so(name: str) -> None:
    image = np.random.default_rng(0).random((8, 9))
    wanted = getattr(theirs, name)(image, *IN_PLACE[name])
    getattr(theirs, name)(image, *IN_PLACE[name], output=image)
    assert not identical(image, wanted)  # else the note is out of date
    assert "`output` may be `input` itself" in (getattr(ndimage, name).__doc__ or "")
