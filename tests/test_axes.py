# SPDX-License-Identifier: BSD-3-Clause
"""Kernels of any number of axes, along any axes, with strides and dilation.

The judge is the definition; that of the definition are scipy.ndimage in float64, torch, and plain loops.
"""

from __future__ import annotations

import itertools
import pickle
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fastconv
from fastconv import reference
from fastconv._engine import calls

from .judge import BORDERS, REALS, Array, check, or_refused, picture, small_picture

RNG = np.random.default_rng(15)
KERNELS: dict[str, Array] = {
    "line": np.array([1.0, -2, 4, 3, 1]) / 7,
    "even line": np.array([1.0, 3]),
    "volume": np.arange(1.0, 28).reshape(3, 3, 3) / 378,
    "sparse volume": np.where(np.arange(45) % 3 == 0, np.arange(45) - 20, 0).reshape(3, 5, 3) / 9.0,
    "even volume": RNG.normal(size=(2, 3, 4)),
    "separable volume": np.einsum("i,j,k->ijk", [1.0, 2, 1], [1.0, 4, 6, 4, 1], [1.0, 2, 1]) / 256,
    "flat volume": np.array([[[1.0, 2, 3], [0, 5, 0]]]) / 11,
    "deep volume": np.array([1.0, -1, 2]).reshape(3, 1, 1),
    "box": np.full((3, 3, 3), 1 / 27),
    "one tap": np.full((1, 1, 1), 0.5),
}
SMALL = ((1, 1, 1), (2, 5, 3), (4, 3, 19), (5, 1, 7), (1, 6, 4), (7, 9, 33))


@pytest.fixture(autouse=True)
def _same_numbers_in_any_order() -> None:
    RNG.bit_generator.state = np.random.default_rng(15).bit_generator.state


def each_axis(values: Any, n: int) -> Any:
    return st.one_of(values, st.tuples(*[values] * n))


# --- the definition ------------------------------------------------------------------------------


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("name", KERNELS)
def test_the_definition_is_scipys_in_any_number_of_axes(name: str, border: str) -> None:
    ndimage = pytest.importorskip("scipy.ndimage")
    kernel = KERNELS[name]
    image = RNG.normal(size=(4, 5, 6)[3 - kernel.ndim :])
    origin = tuple((n - 1) // 2 for n in kernel.shape)
    for call in ("convolve", "correlate"):
        wanted = getattr(ndimage, call)(image, kernel, mode=border, cval=3.0, origin=origin)
        got = getattr(reference, call)(image, kernel, border=border, cval=3.0, origin=origin)
        np.testing.assert_allclose(got, wanted, rtol=1e-12, atol=1e-12)


def test_the_definition_takes_a_border_for_each_axis() -> None:
    image = RNG.normal(size=(4, 5, 6))
    kernel, borders = KERNELS["even volume"], ("wrap", "constant", "mirror")
    padded = np.pad(image, ((1, 0), (0, 0), (0, 0)), "wrap")
    padded = np.pad(padded, ((0, 0), (1, 1), (0, 0)))
    padded = np.pad(padded, ((0, 0), (0, 0), (2, 1)), "reflect")
    wanted = np.zeros(image.shape)
    for z, y, x in np.ndindex(image.shape):
        wanted[z, y, x] = (padded[z : z + 2, y : y + 3, x : x + 4] * kernel).sum()
    np.testing.assert_allclose(
        reference.correlate(image, kernel, border=borders), wanted, atol=1e-12
    )


@pytest.mark.parametrize("ndim", [1, 2, 3])
@pytest.mark.parametrize(("stride", "dilation"), list(itertools.product((1, 2, 3), repeat=2)))
def test_stride_and_dilation_mean_what_they_mean_in_torch(
    ndim: int, stride: int, dilation: int
) -> None:
    torch = pytest.importorskip("torch")
    image, kernel = RNG.normal(size=(13, 11, 12)[:ndim]), RNG.normal(size=(3, 2, 4)[:ndim])
    conv = getattr(torch.nn.functional, f"conv{ndim}d")
    a, w = (torch.from_numpy(x)[None, None] for x in (image, kernel))
    wanted = conv(a, w, stride=stride, dilation=dilation)[0, 0].numpy()
    for module in (reference, fastconv):
        got = module.correlate(image, kernel, shape="valid", stride=stride, dilation=dilation)
        np.testing.assert_allclose(got, wanted, rtol=1e-12, atol=1e-12)


def test_strided_results_are_some_of_all() -> None:
    image = picture((9, 10, 11), "uint8")
    for kernel, shape in itertools.product(KERNELS.values(), ("same", "valid", "full")):
        steps = (2, 3, 4)[: kernel.ndim]
        options: dict[str, Any] = {"shape": shape}
        whole = fastconv.convolve(image, kernel, **options)
        some = fastconv.convolve(image, kernel, stride=steps, **options)
        every = [slice(None, None, step) for step in (1, 1, *steps)[-3:]]
        kept = whole[tuple(every)]
        np.testing.assert_array_equal(some, kept)


# --- every call is the definition's -----------------------------------------------------------------


@pytest.mark.parametrize("dtype", REALS)
@pytest.mark.parametrize("name", KERNELS)
def test_volumes_of_every_type(level: str, name: str, dtype: str) -> None:
    kernel = KERNELS[name]
    if np.dtype(dtype).itemsize == 8 and dtype != "float64":
        kernel = np.rint(kernel * 32)  # sums of 64-bit integers are exact for these
    for i, shape in enumerate(SMALL):
        border = BORDERS[i % 5]
        image = picture(shape, dtype, seed=i)
        call = "convolve" if i % 2 else "correlate"
        check(call, image, kernel, f"{shape} {border}", border=border, cval=3.0)


@pytest.mark.parametrize("dtype", [d for d in REALS if d not in ("int64", "uint64")])
def test_products_of_lines_are_exact_with_any_steps(level: str, dtype: str) -> None:
    flat = np.outer([1.0, 4, 6, 4, 1], [1.0, 2, 1, 0, 3])
    deep = np.einsum("i,jk->ijk", [1.0, -2, 5], flat)
    shapes = ((3, 40), (9, 67), (5, 131), (8, 70, 3), (4, 33, 5))
    for i, (shape, steps) in enumerate(itertools.product(shapes, ((2, 2), (1, 3), (3, 1), (2, 4)))):
        axis = -1 if len(shape) == 3 else None
        for kernel, offset in ((flat / 256, 1 / 512), (flat / 176, 0), (deep / 1024, 0.25)):
            image = picture((4, *shape) if kernel.ndim == 3 else shape, dtype, seed=i)
            stride = (1 + i % 3, *steps) if kernel.ndim == 3 else steps
            check(
                "correlate", image, kernel, f"{shape} {stride}", border=BORDERS[i % 5], cval=3.0,
                stride=stride, channel_axis=axis, offset=offset, method="separable",
            )  # fmt: skip


@pytest.mark.parametrize("dtype", REALS)
def test_dilated_pictures_of_every_type(level: str, dtype: str) -> None:
    kernels = {
        "rational": np.array([[1.0, 2, 3], [4, 5, 6], [7, 8, 9]]) / 45,
        "dense": RNG.random((4, 5)) / 10,
        "edges": np.array([[1.0, 0, -1], [2, 0, -2], [1, 0, -1]]),
        "lines": np.outer([1.0, 3, 4, 3, 1], [1.0, 2, 5, 2, 1]) / 132,
        "two rows": np.array([[1.0, -2, 0.5], [0.25, 3, 1]]),
        "row": np.array([[1.0, -1, 2, 1]]),
    }
    gaps = ((2, 2), (1, 3), (5, 1), (4, 11))
    shapes = ((23, 70), (9, 150), (50, 33, 3))
    for i, ((name, kernel), gap, shape) in enumerate(
        itertools.product(kernels.items(), gaps, shapes)
    ):
        if np.dtype(dtype).itemsize == 8 and dtype != "float64":
            kernel = np.rint(kernel * 90)
        options: dict[str, Any] = {"border": BORDERS[i % 5], "cval": 3.0, "dilation": gap}
        if i % 4 == 0:
            options |= {"offset": 0.25, "absolute": bool(i % 8)}
        image = picture(shape, dtype, seed=i)
        options["channel_axis"] = -1 if len(shape) == 3 else None
        for method in ("auto", "dot", "separable", "direct") if i % 5 == 0 else ("auto",):
            call = partial(check, "correlate", image, kernel, f"{name} {options}", method=method)
            or_refused(partial(call, **options), "cannot do this")


def test_sums_of_lines_overflow_only_where_the_definitions_do(level: str) -> None:
    huge = np.full((9, 20, 90), 3e38, np.float32)
    line = np.array([1.0, 2, 1]) / 4
    cube = np.einsum("i,j,k->ijk", line, line, line)
    for kernel, stride in (
        (cube, 1),
        (cube, 2),
        (cube[1], 2),
        (cube[1], (1, 2)),
        (cube[1], (2, 1)),
    ):
        got = fastconv.convolve(
            huge, kernel * (1 / kernel.sum()), stride=stride, method="separable"
        )
        np.testing.assert_allclose(got, 3e38, rtol=1e-6)


def test_a_call_is_repeated_for_images_that_lie_alike_only() -> None:
    images = [
        picture((12, 40, 50), d, seed=s) for d in ("uint8", "uint8", "float32") for s in (1, 2)
    ]
    views = [
        f(a) for a in images for f in (np.asarray, np.flipud, lambda a: a[:, ::2], lambda a: a.T)
    ]
    views += [a.astype(a.dtype.newbyteorder(">")) for a in images]
    blur = np.outer([1.0, 2, 1], [1.0, 2, 1]) / 16
    plans = [fastconv.plan(blur, axes=(-2, -1), stride=2), fastconv.plan(KERNELS["volume"])]
    for made in plans:
        wanted = [
            fastconv.plan(made.given, axes=made.options.axes, stride=made.options.stride)(a)
            for a in views
        ]
        for _ in range(2):
            for a, w in zip(views, wanted, strict=True):
                got = made(a)
                assert got.dtype == w.dtype
                np.testing.assert_array_equal(got, w)
    long = np.arange(120).reshape(4, 5, 6)
    made = fastconv.plan(KERNELS["sparse volume"] * 9)
    for a in (long, long << 40, long):  # what float64 holds depends on the samples
        np.testing.assert_array_equal(made(a), reference.convolve(a, KERNELS["sparse volume"] * 9))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "int64", "float32", "float64"])
@given(data=st.data())
def test_any_axes_strides_and_dilation(dtype: str, data: st.DataObject) -> None:
    kernel = KERNELS[data.draw(st.sampled_from(sorted(KERNELS)))]
    if data.draw(st.booleans()) and kernel.ndim == 3:
        kernel = kernel[data.draw(st.integers(0, kernel.shape[0] - 1))]
    n = kernel.ndim
    ndim = data.draw(st.integers(n, 4))
    image = small_picture(tuple(data.draw(st.integers(1, 9)) for _ in range(ndim)), dtype)
    options: dict[str, Any] = {}
    free = list(range(ndim))
    if ndim > n and data.draw(st.booleans()):
        options["channel_axis"] = free.pop(data.draw(st.integers(0, ndim - 1)))
    elif n < 3:  # says that a last axis of few pixels holds no colours
        options["axes"] = tuple(free[-n:])
    if data.draw(st.booleans()):
        axes = data.draw(st.permutations(free))[:n]
        options["axes"] = tuple(axis - ndim * data.draw(st.integers(0, 1)) for axis in axes)
    options["border"] = data.draw(each_axis(st.sampled_from(BORDERS), n))
    options["cval"] = data.draw(st.sampled_from([0.0, 7.0]))
    options["stride"] = data.draw(each_axis(st.integers(1, 3), n))
    options["dilation"] = data.draw(each_axis(st.integers(1, 3), n))
    options["shape"] = data.draw(st.sampled_from(["same", "valid", "full"]))
    options["scale"], options["offset"] = data.draw(st.sampled_from([(1.0, 0.0), (0.5, 3.0)]))
    options["absolute"] = data.draw(st.booleans())
    call = data.draw(st.sampled_from(["convolve", "correlate"]))
    spread = reference._dilated(kernel, options["dilation"])
    if options["shape"] == "same":
        options["origin"] = tuple(
            data.draw(st.integers(-(k // 2), (k - 1) // 2)) for k in spread.shape
        )
    or_refused(lambda: check(call, image, kernel, str(options), **options), "must stay within")


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("channel_axis", [None, 0, 3])
def test_complex_volumes(dtype: str, stride: int, channel_axis: int | None) -> None:
    image = picture((4, 5, 6, 5), dtype)
    for kernel in (KERNELS["volume"], KERNELS["volume"] * (1 - 2j), KERNELS["line"] * 1j):
        check(
            "convolve", image, kernel, stride=stride, border="constant", cval=1 + 2j,
            channel_axis=channel_axis,
        )  # fmt: skip
    check("convolve", image.real, KERNELS["volume"] * 1j, stride=stride, channel_axis=channel_axis)


def test_kernels_of_four_axes_and_more() -> None:
    kernel = RNG.normal(size=(2, 3, 2, 3))
    for dtype in ("uint8", "float32", "complex64"):
        image = picture((5, 4, 3, 5, 2), dtype)
        check("convolve", image, kernel, channel_axis=-1, stride=(1, 2, 1, 1), border="wrap")
        check("correlate", image, kernel, axes=(4, 0, 1, 2), shape="full")
    made = fastconv.plan(kernel)
    assert made.method == "definition"
    assert "fastconv.reference" in made.explain()


def test_strided_and_reversed_arrays_and_byte_orders(level: str) -> None:
    whole = picture((9, 8, 14), "int16")
    for image in (whole[::-1, ::2, ::3], whole.T, whole.astype(">i2")):
        for kernel in (KERNELS["volume"], KERNELS["line"]):
            check("convolve", image, kernel, stride=2)
            check("convolve", image, kernel, axes=tuple(range(kernel.ndim))[::-1])


# --- one call like another -----------------------------------------------------------------------


def test_axes_of_a_kernel_are_moved_axes_of_the_image() -> None:
    image = picture((6, 7, 8, 3), "uint8")
    kernel = KERNELS["even volume"][0]
    moved = fastconv.convolve(np.moveaxis(image, (2, 0), (-2, -1)), kernel)
    got = fastconv.convolve(image, kernel, axes=(2, 0))
    np.testing.assert_array_equal(got, np.moveaxis(moved, (-2, -1), (2, 0)))


def test_a_border_for_each_axis_of_a_picture(level: str) -> None:
    for dtype, borders in itertools.product(
        ("uint8", "float32"), itertools.permutations(BORDERS, 2)
    ):
        image = picture((9, 21), dtype)
        check("convolve", image, np.outer([1, 2, 1], [1, 3, 3, 1]) / 32, border=borders, cval=9.0)
        check("correlate", image, RNG.normal(size=(3, 4)), border=borders, cval=9.0, shape="full")
        check("convolve", image, np.ones((31, 27)) / 837, border=borders, cval=9.0)


def test_out_may_be_any_array_also_the_image() -> None:
    for kernel, axes in itertools.product((KERNELS["line"], KERNELS["volume"]), (None, (2, 0, 1))):
        lies = axes if kernel.ndim == 3 or axes is None else axes[:1]
        image = picture((6, 7, 8), "uint8")
        wanted = fastconv.convolve(image, kernel, axes=lies)
        out = np.empty((8, 7, 6), np.uint8).T
        assert fastconv.convolve(image, kernel, axes=lies, out=out) is out
        np.testing.assert_array_equal(out, wanted)
        floats = np.empty((6, 7, 8), np.float32)
        fastconv.convolve(image, kernel, axes=lies, out=floats)
        np.testing.assert_array_equal(
            floats, fastconv.convolve(image, kernel, axes=lies, dtype="f4")
        )
        fastconv.convolve(image, kernel, axes=lies, out=image)
        np.testing.assert_array_equal(image, wanted)


def test_any_number_of_threads_gives_the_same_bits(eager_threads: None) -> None:
    for dtype, stride in itertools.product(("uint8", "float32"), (1, 2)):
        image = picture((12, 33, 41), dtype)
        one, two, three = (
            fastconv.convolve(image, KERNELS["separable volume"], stride=stride, threads=n)
            for n in (1, 2, 3)
        )
        np.testing.assert_array_equal(one, two)
        np.testing.assert_array_equal(one, three)


def test_a_plan_of_a_volume_pickles_and_is_found_again() -> None:
    image = picture((6, 7, 8), "float32")
    made = fastconv.plan(
        KERNELS["volume"], axes=(2, 0, 1), stride=2, dilation=(1, 2, 1), origin=(1, 0, 0)
    )
    again = pickle.loads(pickle.dumps(made))
    np.testing.assert_array_equal(again(image), made(image))
    fastconv.clear_cache()
    first = fastconv.convolve(image, KERNELS["volume"], stride=2)
    np.testing.assert_array_equal(
        fastconv.convolve(image, KERNELS["volume"], stride=[2, 2, 2]), first
    )
    np.testing.assert_array_equal(fastconv.convolve(image, KERNELS["volume"], stride=2), first)
    assert not np.array_equal(
        fastconv.convolve(image, KERNELS["volume"].copy() * 2, stride=2), first
    )


def test_what_plans_of_any_axes_keep_is_counted() -> None:
    fastconv.clear_cache()
    image = picture((200, 300), "float32")
    fastconv.convolve(image, RNG.normal(size=(41, 43)), axes=(1, 0))  # by spectra
    fastconv.convolve(picture((5, 6, 7), "uint8"), KERNELS["volume"])
    assert calls.cache_size() > 3 * 41 * 43 * 8 + 2 * 1024 + 100_000
    fastconv.set_cache_limit(0)
    assert calls.cache_size() == 0
    fastconv.set_cache_limit(64 << 20)


def test_explain_says_what_a_volume_gets() -> None:
    image = picture((6, 7, 8), "uint8")
    words = fastconv.explain(
        image, KERNELS["volume"], stride=2, border=("wrap", "nearest", "mirror")
    )
    assert "3 x 3 x 3 taps, border wrap, nearest, mirror" in words
    assert "exact" in words
    assert "5 taps" in fastconv.explain(image, KERNELS["line"], axes=0)
    for kernel in KERNELS.values():
        assert fastconv.plan(kernel, pixel=np.float32, stride=2).explain().count("\n") >= 4


def test_last_steps_come_after_sums_of_any_axes(level: str) -> None:
    steps: dict[str, Any] = {"scale": 0.75, "offset": 0.5, "absolute": True}
    for dtype in ("uint8", "int16", "float32"):
        image = picture((5, 9, 20), dtype)
        for name in ("line", "volume", "separable volume", "box"):
            for stride in (1, 2):
                check("convolve", image, KERNELS[name], stride=stride, dtype=dtype, **steps)
    image = picture((4, 4, 4, 4, 4), "uint8")
    check("correlate", image, RNG.normal(size=(2, 2, 2, 2)), **steps)


# --- refused -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"axes": (0, 0, 1)}, "axes must be one for each of the kernel's 3, all different"),
        ({"axes": (0, 1)}, "axes must be an integer or 3 of them"),
        ({"axes": (0, 1, 3)}, "axes must be from -3 to 2"),
        ({"axes": (0, 1, -3)}, "axes must differ"),
        ({"axes": 0.5}, "axes must be an integer"),
        ({"stride": 0}, "stride must be at least 1"),
        ({"stride": (1, 2)}, "stride must be an integer or 3 of them"),
        ({"dilation": -1}, "dilation must be at least 1"),
        ({"dilation": 10**9}, "dilation must leave a window of at most"),
        ({"border": ("wrap", "wrap")}, "border must be one name, or one for each of 3 axes"),
        ({"border": ("wrap", "wrap", "round")}, "border must be one of"),
        ({"origin": (0, 0, 2)}, "origin must be from -1 to 1 for a kernel of 3 taps"),
        ({"channel_axis": 0}, "image must have at least 4 axes"),
        ({"channel_axis": 5}, "channel_axis must be from -3 to 2"),
        ({"method": "fft"}, "method=.fft. cannot do this"),
        ({"method": "fourier"}, "method must be auto or one of"),
        ({"dims": ("z", "y", "x")}, "dims must be None unless image is an xarray.DataArray"),
        ({"out": np.zeros((3, 4, 6), np.uint8)}, "out must have shape"),
    ],
)
def test_what_is_wrong_is_said(options: dict[str, Any], words: str) -> None:
    image = np.zeros((3, 4, 5), np.uint8)
    with pytest.raises((ValueError, TypeError), match="^" + words):
        fastconv.convolve(image, KERNELS["volume"], **options)


def test_an_image_of_too_few_axes_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"^image must have at least 3 axes for a kernel of 3; got 2"
    ):
        fastconv.convolve(np.zeros((5, 5)), KERNELS["volume"])
    with pytest.raises(ValueError, match=r"^image must have at least 1 axes"):
        fastconv.convolve(np.float64(3), KERNELS["line"])


@pytest.mark.parametrize("order", ["<", ">"])
def test_repeated_calls_with_steps_write_results_of_any_byte_order(order: str, level: str) -> None:
    image, kernel = picture((9, 40), "float32"), np.arange(1.0, 10).reshape(3, 3)
    for dtype in (f"{order}f4", f"{order}f8"):
        wanted = fastconv.convolve(image, kernel, dtype=dtype)[::2, ::2]
        for _ in range(3):
            got = fastconv.convolve(image, kernel, stride=2, dtype=dtype)
            assert got.dtype == np.dtype(dtype)
            np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-2)


def test_repeated_calls_with_steps_write_any_output(level: str) -> None:
    kernel = np.arange(1.0, 10).reshape(3, 3)
    for size in ((9, 40), (10, 71), (3, 3), (2, 200)):
        image = picture(size, "float32")
        wanted = fastconv.convolve(image, kernel, dtype=np.float64)[::2, ::2]
        filter_ = fastconv.plan(kernel, pixel=np.float32, stride=2)
        plain, wide = np.zeros(wanted.shape, np.float32), np.zeros((*wanted.shape, 2), np.float32)
        swapped, doubles = np.zeros(wanted.shape, ">f4"), np.zeros(wanted.shape)
        for _ in range(2):
            for out in (plain, wide[..., 1], swapped, doubles):
                out[...] = 0
                assert filter_(image, out=out) is out
                np.testing.assert_allclose(out, wanted, rtol=1e-5, atol=1e-2)
            made = filter_(image)
            assert made.dtype == np.float32
            np.testing.assert_array_equal(made, plain)
        room = np.zeros((size[0] * 2, size[1]), np.float32)
        for shift in (0, 1):  # an output among the pixels that are read
            room[: size[0]] = image
            flat = room.ravel()[shift : shift + wanted.size].reshape(wanted.shape)
            filter_(room[: size[0]], out=flat)
            np.testing.assert_array_equal(flat, plain)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_rows_that_are_split_where_they_lie_are_those_of_the_plain_call(
    dtype: str, level: str
) -> None:
    """Of any width, and any columns beside them."""
    rng = np.random.default_rng(0)
    for width in (*range(1, 12), 31, 32, 33, 34, 35, 63, 64, 65, 66, 67, 97, 130, 131):
        image = picture((7, width), dtype)
        for shape, border in (("same", "reflect"), ("same", "mirror"), ("full", "wrap"), ("valid", "nearest"),
                              ("full", "constant")):  # fmt: skip
            for taps in ((3, 3), (2, 5), (1, 4), (4, 7)):
                if shape == "valid" and taps[1] > width:
                    continue
                kernel = rng.random(taps)
                options: Any = {"shape": shape, "border": border, "cval": 3.0}
                wanted = reference.convolve(image, kernel, **options)[::2, ::2]
                got = fastconv.convolve(image, kernel, stride=2, **options)
                near = 1e-5 if dtype == "float32" else 1e-13
                np.testing.assert_allclose(got, wanted, rtol=near, atol=near * 1e3)
