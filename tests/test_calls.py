# SPDX-License-Identifier: BSD-3-Clause
"""A call that is remembered gives what it would give if it were not.

`fastconv.convolve` looks calls up that it has seen: same image type and shape, same kernel, same options.
Everything that may differ between two such calls is changed here between them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import fastconv
from fastconv import _levels
from fastconv._engine import pool
from fastconv._engine.calls import cache_size, magnitude
from fastconv.compat.ndimage import axis_filters

from .judge import (
    BORDERS,
    KERNELS,
    Array,
    assert_defined,
    at_level,
    definition,
    picture,
    small_picture,
)

KERNEL = KERNELS["dense 3x3"]

Call = Callable[..., Array]


@pytest.fixture(params=["convolve", "correlate", "plan"])
def twice(request: pytest.FixtureRequest) -> Call:
    """Call twice; the second answer is the remembered one, and must be the first."""

    def call(image: Any, kernel: Any, **options: Any) -> Array:
        if request.param == "plan":
            plan = fastconv.plan(kernel, **options)
            first, second = plan(image), plan(image)
        else:
            function = getattr(fastconv, request.param)
            first, second = (function(image, kernel, **options) for _ in range(2))
        assert first is not second and not np.shares_memory(first, second)
        assert first.tobytes() == second.tobytes() and first.dtype == second.dtype
        assert first.shape == second.shape
        name = "convolve" if request.param == "plan" else request.param
        assert_defined(second, name, np.asarray(image), np.asarray(kernel), **options)
        return second

    return call


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize(
    "dtype", ["bool", "uint8", "int16", "int32", "float16", "float32", "float64", "complex64"]
)
def test_second_call_gives_what_the_first_gave(
    level: str, twice: Call, dtype: str, name: str
) -> None:
    for shape in ((9, 12), (1, 1), (40, 70)):
        twice(small_picture(shape, dtype), KERNELS[name], border="mirror")
    twice(small_picture((9, 12, 3), dtype), KERNELS[name], channel_axis=2)
    twice(small_picture((2, 9, 12), dtype), KERNELS[name])


def test_image_of_other_pixels_gives_its_own_result(level: str, twice: Call) -> None:
    for seed in range(5):
        for dtype in ("uint8", "float32", "int32"):
            twice(picture((9, 12), dtype, seed), KERNEL)


def test_kernel_that_was_changed_in_place_counts_as_it_is_now() -> None:
    image, kernel = small_picture((9, 12), np.float32), KERNEL.copy()
    for place in np.ndindex(kernel.shape):
        fastconv.convolve(image, kernel)
        kernel[place] += 1
        got = fastconv.convolve(image, kernel)
        assert_defined(got, "convolve", image, kernel, f"{place}")


def test_many_kernels_of_one_shape_are_told_apart() -> None:
    image = small_picture((9, 12), np.uint8)
    rng = np.random.default_rng(0)
    many = [rng.integers(-9, 10, (9, 9)) / 81 for _ in range(40)]
    for kernel in many[:20]:  # nearly the same: one weight differs, in any place
        other = kernel.copy()
        other[tuple(rng.integers(0, 9, 2))] += 1 / 81
        many.append(other)
    for _ in range(3):
        for kernel in many:
            assert_defined(fastconv.convolve(image, kernel), "convolve", image, kernel)


def test_kernels_of_the_same_bytes_but_another_type_or_shape_are_told_apart() -> None:
    image = small_picture((9, 12), np.int32)
    words = np.array([1, 2, 3, 4, 5, 6], np.int64)
    for _ in range(2):
        for kernel in (words.reshape(2, 3), words.reshape(3, 2), words.reshape(1, 6),
                       words.view(np.float64).reshape(2, 3), words.view(np.uint64).reshape(2, 3),
                       words.reshape(3, 2).T, words.astype(">i8").reshape(2, 3)):  # fmt: skip
            got = fastconv.convolve(image, kernel)
            assert_defined(got, "convolve", image, np.asarray(kernel, np.float64))


def test_images_of_the_same_bytes_but_another_type_or_shape_are_told_apart() -> None:
    raw = np.random.default_rng(0).integers(0, 60, 960, dtype=np.uint8)
    for _ in range(2):
        for dtype in ("u1", "i1", "u2", "i2", "i4", "f2", "f4", ">i2", ">f4", "<c8", "?"):
            for shape in ((4, -1), (-1, 4), (2, 3, -1), (2, -1, 5)):
                bits = raw & 1 if dtype == "?" else raw
                image = bits.view(dtype).reshape(shape)
                got = fastconv.convolve(image, KERNEL)
                assert_defined(got, "convolve", image, KERNEL)


def test_convolution_and_correlation_are_told_apart() -> None:
    image = small_picture((9, 12), np.uint8)
    for _ in range(3):
        for name in ("convolve", "correlate"):
            got = getattr(fastconv, name)(image, KERNEL)
            assert_defined(got, name, image, KERNEL)


@pytest.mark.parametrize(
    "many",
    [
        [{"border": border} for border in BORDERS],
        [{"border": "constant", "cval": cval} for cval in (0, 0.0, -0.0, 1, 1.5, True, np.float64(1.5))],
        [{"origin": origin} for origin in (0, 1, -1, (0, 1), (1, 0), (1, 1), [0, 1], np.array([1, 0]))],
        [{"shape": shape} for shape in ("same", "valid", "full")],
        [{"dtype": dtype} for dtype in (None, np.uint8, "uint8", np.float32, "f8", np.dtype("i2"), "i8")],
        [{"method": method} for method in ("auto", "direct", "dot", "auto", "fft")],
        [{"threads": threads} for threads in (None, 1, 2, np.int64(3))],
    ],
    ids=["border", "cval", "origin", "shape", "dtype", "method", "threads"],
)  # fmt: skip
def test_calls_of_other_options_are_told_apart(many: list[dict[str, Any]]) -> None:
    image = small_picture((9, 12), np.uint8)
    for _ in range(3):
        for options in many:
            got = fastconv.convolve(image, KERNEL, **options)
            assert_defined(got, "convolve", image, KERNEL, f"{options}", **options)


def test_channel_axes_are_told_apart() -> None:
    image = small_picture((5, 5, 5), np.float32)
    for _ in range(3):
        for axis in (None, 0, 1, 2, -1, -2, -3):
            got = fastconv.convolve(image, KERNEL, channel_axis=axis)
            assert_defined(got, "convolve", image, KERNEL, f"{axis}", channel_axis=axis)


def test_options_that_were_changed_in_place_count_as_they_are_now() -> None:
    image = small_picture((9, 12), np.uint8)
    origin = [0, 0]
    pair = np.array([0, 0])
    for y, x in ((0, 0), (0, 1), (1, 0), (-1, 1)):
        origin[:] = pair[:] = y, x
        wanted = definition("convolve", image, KERNEL, origin=(y, x))
        for given in (origin, pair):
            got = fastconv.convolve(image, KERNEL, origin=given)  # type: ignore[arg-type]
            assert_array_equal(got, wanted, err_msg=f"{type(given).__name__} {y, x}")


def test_constant_that_was_changed_in_place_counts_as_it_is_now() -> None:
    image = small_picture((9, 12), np.uint8)
    cval = np.array(3.0)
    for value in (3.0, 90.0, 3.0, -1.0):
        cval[...] = value
        got = fastconv.convolve(image, KERNEL, border="constant", cval=cval)  # type: ignore[arg-type]
        wanted = definition("convolve", image, KERNEL, border="constant", cval=value)
        assert_array_equal(got, wanted)


def test_images_of_other_strides_are_read_as_they_lie() -> None:
    image = small_picture((12, 12), np.uint8)
    big = np.zeros((24, 24), np.uint8)
    for _ in range(2):
        for view in (image, image.T, image[::-1], np.asfortranarray(image), big[::2, ::2]):
            assert_defined(fastconv.convolve(view, KERNEL), "convolve", view, KERNEL)
    odd = np.zeros(12 * 12 * 4 + 1, np.uint8)[1:].view(np.float32).reshape(12, 12)
    odd[...] = image
    for _ in range(2):
        for view in (image.astype(np.float32), odd, odd[:, ::-1]):
            assert_defined(fastconv.convolve(view, KERNEL), "convolve", view, KERNEL)


def test_outputs_of_any_kind_are_filled_or_refused_as_at_first() -> None:
    image = small_picture((12, 12), np.float32)
    wanted = fastconv.convolve(image, KERNEL)
    fixed = np.zeros((12, 12), np.float32)
    fixed.flags.writeable = False
    for _ in range(3):
        for out in (np.zeros((12, 12), np.float32), np.zeros((12, 24), np.float32)[:, ::2],
                    np.zeros((12, 12), np.float32).T, np.zeros((12, 12), ">f4")):  # fmt: skip
            assert fastconv.convolve(image, KERNEL, out=out) is out
            assert_array_equal(out, wanted)
        other = np.zeros((12, 12), np.float64)
        fastconv.convolve(image, KERNEL, out=other)
        assert_array_equal(other, fastconv.convolve(image, KERNEL, dtype=np.float64))
        with pytest.raises(ValueError, match="out must be writable"):
            fastconv.convolve(image, KERNEL, out=fixed)
        with pytest.raises(ValueError, match="out must have shape"):
            fastconv.convolve(image, KERNEL, out=np.zeros((12, 13), np.float32))
        with pytest.raises(TypeError, match="out must be a NumPy array"):
            fastconv.convolve(image, KERNEL, out=[[0]])  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="out must be of type float32, as dtype asks"):
            fastconv.convolve(image, KERNEL, out=other, dtype=np.float32)
    assert not fixed.any()


def test_output_that_overlaps_the_image_or_the_kernel_is_right_every_time() -> None:
    for _ in range(3):
        memory = small_picture((20, 12), np.float32)
        wanted = fastconv.convolve(memory[:12].copy(), KERNEL)
        fastconv.convolve(memory[:12], KERNEL, out=memory[8:])
        assert_array_equal(memory[8:], wanted)
        image = small_picture((12, 12), np.float32)
        wanted = fastconv.convolve(image, KERNEL)
        fastconv.convolve(image, KERNEL, out=image)
        assert_array_equal(image, wanted)
        kernel, image = KERNEL.copy(), small_picture((3, 3), np.float64)
        wanted = fastconv.convolve(image, kernel)
        fastconv.convolve(image, kernel, out=kernel)
        assert_array_equal(kernel, wanted)


@pytest.mark.parametrize("dtype", ["int64", "uint64", "int32", "uint32"])
def test_large_integers_after_small_ones_are_exact(level: str, dtype: str) -> None:
    kernel = np.array([[1, -2, 3], [0, 1, 1]])
    small, large = small_picture((9, 12), dtype), picture((9, 12), dtype)
    for image in (small, large, small, large):
        got = fastconv.convolve(image, kernel)
        assert_array_equal(got, definition("convolve", image, kernel))


@pytest.mark.parametrize("dtype", ["int64", "uint64"])
def test_large_integers_after_small_ones_are_refused(dtype: str) -> None:
    kernel = np.array([[0.5**0.5, 0.25]])  # not rational
    for _ in range(2):
        fastconv.convolve(np.full((3, 4), 7, dtype), kernel)
        with pytest.raises(ValueError, match="image must stay within"):
            fastconv.convolve(np.full((3, 4), 2**60, dtype), kernel)


def test_nan_and_infinity_after_clean_pictures_stay_where_they_are(level: str) -> None:
    kernel = np.ones((5, 5))
    for value in (0.0, np.nan, np.inf, 0.0):
        for dtype in ("float32", "float64"):
            image = small_picture((30, 60), dtype)
            image[7, 9] = value
            assert_defined(fastconv.convolve(image, kernel), "convolve", image, kernel)


def test_wrong_calls_are_refused_also_after_right_ones() -> None:
    image = small_picture((9, 12), np.uint8)
    for _ in range(3):
        fastconv.convolve(image, KERNEL)
        for wrong in ({"border": "periodic"}, {"origin": 2}, {"shape": "most"}, {"channel_axis": 0},
                      {"dtype": "u3"}, {"method": "best"}, {"threads": 0}, {"cval": "0"}):  # fmt: skip
            with pytest.raises((TypeError, ValueError), match=f"{next(iter(wrong))} "):
                fastconv.convolve(image, KERNEL, **wrong)


def test_another_level_answers_by_itself() -> None:
    # base rounds products that v3 fuses: what was remembered at one must not answer at the other
    image, kernel = picture((19, 140), np.float32), np.random.default_rng(0).normal(size=(5, 5))
    answers: dict[str, bytes] = {}
    for _ in range(2):
        for name in _levels.available():
            with at_level(name):
                answer = fastconv.convolve(image, kernel, method="direct").tobytes()
                assert answers.setdefault(name, answer) == answer
    fused = [answers[name] for name in ("v3", "v4") if name in answers]
    assert all(answer != answers["base"] for answer in fused)


@pytest.mark.skipif(pool.kind() == "none", reason="this build has no threads")
def test_number_of_threads_is_asked_for_every_time() -> None:
    image, kernel = picture((600, 600), np.float32), np.random.default_rng(1).random((5, 5))
    wanted = fastconv.convolve(image, kernel)
    before = pool.helpers()
    try:
        fastconv.set_num_threads(before + 3)
        pool.tune(worth=1)  # ns, so that all of them are worth it
        assert_array_equal(fastconv.convolve(image, kernel), wanted)
        assert pool.helpers() == before + 2
    finally:
        pool.tune()
        fastconv.set_num_threads(None)


def test_subclasses_are_never_what_comes_back() -> None:
    image = small_picture((9, 12), np.uint8)
    for _ in range(2):
        for given in (image, image.view(np.recarray)):
            assert type(fastconv.convolve(given, KERNEL)) is np.ndarray


def test_results_are_new_and_own_their_memory() -> None:
    image = small_picture((9, 12), np.uint8)
    results = [fastconv.convolve(image, KERNEL) for _ in range(4)]
    for result in results:
        assert result.flags.owndata and result.flags.writeable and result.flags.c_contiguous
    results[0][...] = 0
    assert_array_equal(results[1], results[2])
    assert results[1].any()


# --- views, and what is kept -----------------------------------------------------------------------

VIEWS: dict[str, Callable[[Array], Array]] = {
    "a crop": lambda a: a[3:-2, 5:-1],
    "transposed": lambda a: a.T,
    "upside down": lambda a: a[::-1],
    "reversed": lambda a: a[:, ::-1],
    "every second": lambda a: a[::2, 1::2],
    "of the other byte order": lambda a: a.astype(a.dtype.newbyteorder("S")),
    "of Fortran's order": np.asfortranarray,
    "read-only": lambda a: np.broadcast_to(a[:1], a.shape),
}


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize(
    "dtype", ["uint8", "int16", "uint16", "int32", "int64", "uint64", "float32", "float64"]
)
def test_views_give_the_bits_of_their_copies(level: str, dtype: str, view: str) -> None:
    image = VIEWS[view](picture((24, 31), dtype))
    copy = np.array(image, image.dtype.newbyteorder("="), order="C")
    for kernel in (KERNEL, KERNELS["separable 3x5"], KERNELS["even 4x6"]):
        got = fastconv.convolve(image, kernel, border="mirror")
        assert got.tobytes() == fastconv.convolve(copy, kernel, border="mirror").tobytes()
        out = np.zeros_like(copy.T).T
        fastconv.convolve(image, kernel, border="mirror", out=out)
        assert out.tobytes() == got.tobytes()


@pytest.mark.parametrize("width", [1, 63, 64, 65, 200, 700])
@pytest.mark.parametrize("channels", [1, 2, 3, 5])
@pytest.mark.parametrize("dtype", ["uint8", "<u2", ">i2", "<f4", ">f4", "float64", "int64"])
def test_backward_rows_give_and_take_the_bits_of_forward_ones(
    level: str, dtype: str, channels: int, width: int
) -> None:
    image = picture((5, width, channels), "uint8").astype(dtype)[:, ::-1]
    copy = np.ascontiguousarray(image)
    kernel = np.array([[1.0, 2, 1], [2, 5, 2]])
    wanted = fastconv.convolve(copy, kernel, channel_axis=-1)
    out = np.zeros_like(copy)
    fastconv.convolve(image, kernel, channel_axis=-1, out=out[:, ::-1])
    assert fastconv.convolve(image, kernel, channel_axis=-1).tobytes() == wanted.tobytes()
    assert out[:, ::-1].astype(wanted.dtype).tobytes() == wanted.tobytes()


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("dtype", ["uint8", "uint64", "float32", "float64"])
@pytest.mark.parametrize("width", [17, 70])
def test_planes_of_colours_give_the_bits_of_interleaved_ones(
    level: str, width: int, dtype: str, axis: int
) -> None:
    image = picture((13, width, 3), dtype)
    planar = np.ascontiguousarray(np.moveaxis(image, -1, axis))
    for kernel in (KERNEL, KERNELS["even 4x6"], KERNELS["separable 3x5"], np.ones((3, 5))):
        got = fastconv.convolve(planar, kernel, channel_axis=axis)
        wanted = fastconv.convolve(image, kernel, channel_axis=-1)
        assert np.moveaxis(got, axis, -1).tobytes() == wanted.tobytes()
        batch = fastconv.convolve(
            np.stack([planar[..., ::-1]] * 2), kernel, channel_axis=axis % 3 + 1
        )
        wanted = fastconv.convolve(planar[..., ::-1], kernel, channel_axis=axis)
        assert batch[1].tobytes() == wanted.tobytes()


@pytest.mark.parametrize("dtype", ["<i8", ">i8", "<u8", ">u8"])
def test_largest_magnitude_is_found_however_samples_lie(dtype: str) -> None:
    rng = np.random.default_rng(3)
    for top in (1, 2, 3, 4, 5, 2**40, 2**53 + 1, 2**63 - 1):
        a = rng.integers(-top if "i" in dtype else 0, top, (4, 5, 3), dtype[1:], endpoint=True)
        a = a.astype(dtype)
        for view in (
            a,
            a[::2, ::-1],
            a.T,
            a[1],
            a[:, 1],
            a[2, 3, 1],
            np.broadcast_to(a[0], (7, 5, 3)),
        ):
            largest = max(int(view.max()), -int(view.min()), 1)
            assert magnitude(np.asarray(view)) == (largest - 1).bit_length()
    ends = np.array(-(2**63)), np.array(2**64 - 1, np.uint64), np.zeros((3, 0), np.int64)
    assert [magnitude(a) for a in ends] == [63, 64, 0]


def test_what_is_kept_between_calls_stays_within_the_limit() -> None:
    image, rng = picture((40, 40), "float32"), np.random.default_rng(0)
    fastconv.set_cache_limit(1 << 20)
    try:
        for _ in range(100):
            fastconv.convolve(image, rng.random((31, 31)))
            assert cache_size() <= 1 << 20
        assert cache_size() > 0
        fastconv.clear_cache()
        assert cache_size() == 0
    finally:
        fastconv.set_cache_limit(64 << 20)


@pytest.mark.parametrize("limit", [-1, 1.5, "1", True, None])
def test_cache_limit_must_be_a_number_of_bytes(limit: Any) -> None:
    with pytest.raises(ValueError, match=r"^limit must be a number of bytes"):
        fastconv.set_cache_limit(limit)


def test_plan_that_the_cache_has_dropped_goes_on() -> None:
    image, plan = picture((9, 12), "uint8"), fastconv.plan(KERNEL)
    first = plan(image)
    fastconv.clear_cache()
    assert_array_equal(plan(image), first)


def test_a_type_that_was_made_with_a_byte_order_is_known_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run, runs = axis_filters.run, []

    def counted(*arguments: Any) -> Any:
        runs.append(arguments)
        return run(*arguments)

    monkeypatch.setattr(axis_filters, "run", counted)
    fastconv.clear_cache()
    image = np.random.default_rng(0).random((5, 7))
    for _ in range(3):
        double = np.dtype("f8").newbyteorder("=")  # another object each time
        fastconv.ndimage.correlate1d(image, np.ones(3), output=double)
    assert len(runs) == 1


def python_calls(function: Callable[[], Any]) -> int:
    """How many functions of Python a call goes through."""
    names: list[str] = []
    sys.setprofile(
        lambda frame, event, _: names.append(frame.f_code.co_name) if event == "call" else None
    )
    try:
        function()
    finally:
        sys.setprofile(None)
    return len(names)


@pytest.mark.parametrize("dtype", ["float64", "float32", "int16", "bool"])
def test_a_kernel_that_was_not_seen_before_goes_down_in_c(level: str, dtype: str) -> None:
    image = picture((40, 50), "uint8")
    kernels = [(picture((5, 5), "uint8") + i).astype(dtype) for i in range(3)]
    fastconv.convolve(image, np.ones((5, 5)))  # such options were checked
    for kernel in kernels:
        assert python_calls(partial(fastconv.convolve, image, kernel)) == 0
        assert_defined(fastconv.convolve(image, kernel), "convolve", image, kernel)


def test_a_size_or_type_that_was_not_seen_before_goes_down_in_c(level: str) -> None:
    made = fastconv.plan(KERNEL)
    for shape, dtype in (
        ((40, 50), "uint8"),
        ((41, 50), "uint8"),
        ((3, 9), "float32"),
        ((8, 9), "int64"),
    ):
        image = picture(shape, dtype)
        assert python_calls(partial(made, image)) == 0
        assert_defined(made(image), "convolve", image, KERNEL)


@pytest.mark.parametrize(
    ("kernel", "message"),
    [
        (np.ones((0, 3)), "kernel must have an axis and not be empty"),
        (np.full((3, 3), 2**53 + 1), "kernel must hold integers within"),
        (np.full((3, 3), np.nan), "kernel must hold finite weights"),
        (np.full((3, 3), np.inf, np.float32), "kernel must hold finite weights"),
    ],
)
def test_kernels_that_follow_right_ones_are_refused_as_first_ones(
    kernel: Array, message: str
) -> None:
    image = picture((9, 12), "uint8")
    fastconv.convolve(image, np.ones((3, 3)))
    for _ in range(2):
        with pytest.raises(ValueError, match=message):
            fastconv.convolve(image, kernel)


def test_kernels_that_follow_others_may_lie_anyhow(level: str) -> None:
    image = picture((20, 30), "int16")
    fastconv.convolve(image, np.ones((5, 3)) / 15, border="wrap", origin=(1, 0))
    wide = np.random.default_rng(3).random((10, 6))
    kernels = (
        wide[::2, ::2],
        wide[::-2, 1::2],
        np.asfortranarray(wide[:5, :3]),
        wide[:5, :3].tolist(),
    )
    for kernel in (
        *kernels,
        wide[:5, :3] * 1j,
        wide[:5, :3].astype(">f4"),
        wide[:5, :3].astype("f2"),
    ):
        for options in ({"border": "wrap", "origin": (1, 0)}, {"border": "wrap"}):
            dtype = "complex64" if np.iscomplexobj(kernel) else "int16"
            got = fastconv.correlate(image, kernel, dtype=dtype, **options)
            assert_defined(got, "correlate", image, np.asarray(kernel), dtype=dtype, **options)
