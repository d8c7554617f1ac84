# SPDX-License-Identifier: BSD-3-Clause
"""A dask array in, a lazy one out, of the bits that the same call gives in memory, on any scheduler."""

from __future__ import annotations

import os
import pickle
import signal
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import cloudpickle  # that of dask
import dask.array as da
import numpy as np
import pytest
import zarr
from distributed import Client
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

import fastconv
from fastconv.containers.dask import _share

from .judge import BORDERS, KERNELS, Array, assert_defined, or_refused, picture, small_picture
from .pieces import options_of

# what comes back from them is an array like the one that went in
convolve: Callable[..., Any] = fastconv.convolve
correlate: Callable[..., Any] = fastconv.correlate

INTEGERS = ("bool", "uint8", "int16", ">u2", "int32", "uint64")


def compute(lazy: Any) -> Array:
    """Compute on this thread, and look whether what was announced comes."""
    got: Array = lazy.compute(scheduler="sync")
    assert type(lazy._meta) is np.ndarray and lazy._meta.ndim == got.ndim
    assert (lazy.shape, lazy.dtype) == (got.shape, got.dtype)
    return got


# --- what comes out ------------------------------------------------------------------------------


@st.composite
def cuts(draw: st.DrawFn, length: int) -> tuple[int, ...]:
    """Chunks of an axis, also of a single pixel."""
    inner = draw(st.sets(st.integers(1, max(length - 1, 1)), max_size=4)) if length > 1 else set()
    edges = [0, *sorted(inner), length]
    return tuple(b - a for a, b in pairwise(edges))


@st.composite
def calls(draw: st.DrawFn) -> tuple[Any, ...]:
    """Name, image, its chunks, kernel and options of a call."""
    shape = [draw(st.integers(1, 17)), draw(st.integers(1, 17))]
    size = draw(st.integers(1, 8)), draw(st.integers(1, 8))
    options = options_of(draw, shape, size)
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    kernel = draw(
        st.sampled_from([rng.normal(size=size), np.full(size, 0.1), rng.integers(-3, 4, size) / 4])
    )
    image = small_picture(tuple(shape), draw(st.sampled_from([*INTEGERS, "float32", "complex64"])))
    chunks = tuple(draw(cuts(n)) for n in shape)
    return draw(st.sampled_from(["convolve", "correlate"])), image, chunks, kernel, options


@settings(max_examples=100)
@given(calls())
def test_any_chunks_give_what_memory_gives(call: tuple[Any, ...]) -> None:
    name, image, chunks, kernel, options = call
    function = getattr(fastconv, name)
    got = compute(function(da.from_array(image, chunks=chunks), kernel, **options))
    boxes = (kernel == kernel[0, 0]).all() and image.dtype.kind in "fcb"
    if boxes:  # whose groups of rows begin with a chunk
        assert_defined(got, name, image, kernel, **options)
    else:
        assert_array_equal(got, function(image, kernel, **options), strict=True)


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("shape", ["same", "valid", "full"])
def test_chunks_may_be_smaller_than_the_kernel(border: str, shape: str) -> None:
    image, kernel = picture((20, 17), "uint16"), KERNELS["dense 5x5"]
    lazy = convolve(da.from_array(image, chunks=2), kernel, border=border, shape=shape)
    assert_array_equal(
        compute(lazy), convolve(image, kernel, border=border, shape=shape), strict=True
    )
    assert len(lazy.chunks[0]) >= 3  # and are not simply made one
    assert shape != "same" or lazy.chunks == ((2,) * 10, (2,) * 8 + (1,))


@pytest.mark.parametrize("border", BORDERS)
def test_the_kernel_may_be_larger_than_the_image(border: str) -> None:
    image, kernel = picture((7, 9), "int16"), picture((20, 31), "float64")
    lazy = convolve(da.from_array(image, chunks=(3, 4)), kernel, border=border)
    assert_array_equal(compute(lazy), convolve(image, kernel, border=border), strict=True)


@pytest.mark.parametrize("method", ["fft", "box"])
def test_floats_of_an_fft_and_a_box_are_within_the_bound(method: str) -> None:
    image = picture((90, 70), "float32")
    kernel = np.ones((9, 9)) if method == "box" else picture((9, 9), "float64")
    lazy = convolve(da.from_array(image, chunks=31), kernel, method=method)
    assert_defined(compute(lazy), "convolve", image, kernel, method=method)


@pytest.mark.parametrize("method", ["fft", "box", "direct"])
def test_integers_do_not_depend_on_the_method(method: str) -> None:
    image, kernel = picture((90, 70), "uint16"), np.ones((9, 9)) / 81
    lazy = convolve(da.from_array(image, chunks=31), kernel, method=method)
    assert_array_equal(compute(lazy), convolve(image, kernel), strict=True)


def test_large_integers_are_exact_or_refused_in_any_chunk() -> None:
    image, kernel = picture((20, 20), "int64"), np.array([[1.0, 2, -1]])
    assert_array_equal(
        compute(convolve(da.from_array(image, chunks=7), kernel)),
        convolve(image, kernel),
    )
    fractions = convolve(da.from_array(image, chunks=7), kernel / 2**0.5)
    assert or_refused(fractions.compute, r"must stay within \+-2\*\*53") is None


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (2, 0, 5), (2, 3)], ids=str)
def test_results_may_be_empty(shape: tuple[int, ...]) -> None:
    image = np.zeros(shape, np.uint8)
    for kind in ("same", "valid"):
        lazy = convolve(da.from_array(image, chunks=2), np.ones((4, 3)), shape=kind)
        assert_array_equal(compute(lazy), convolve(image, np.ones((4, 3)), shape=kind), strict=True)


@pytest.mark.parametrize("shape", [(20, 16), (20, 16, 3), (20, 16, 4)], ids=str)
@pytest.mark.parametrize("premultiply", [False, True])
def test_apply_takes_a_dask_array(shape: tuple[int, ...], premultiply: bool) -> None:
    image = picture(shape, "uint8")
    lazy = fastconv.apply(
        da.from_array(image, chunks=8), fastconv.box_blur, premultiply=premultiply
    )
    assert isinstance(lazy, da.Array)
    wanted = fastconv.apply(image, fastconv.box_blur, premultiply=premultiply)
    assert_array_equal(compute(lazy), wanted, strict=True)


def test_a_plan_takes_a_dask_array() -> None:
    image = picture((20, 16), "uint8")
    made = fastconv.plan(fastconv.sharpening, border="wrap")
    assert_array_equal(compute(made(da.from_array(image, chunks=8))), made(image), strict=True)


# --- when, and by whom ---------------------------------------------------------------------------


def test_nothing_is_computed_before_it_is_asked_for() -> None:
    def read(block: Array) -> Array:
        raise AssertionError("a chunk was read")

    image = da.zeros((40, 40), chunks=10, dtype=np.uint8).map_blocks(read, dtype=np.uint8)
    lazy = convolve(image, fastconv.gaussian_blur, border="wrap", dtype=np.float32)
    assert lazy.dtype == np.float32 and lazy.chunks == image.chunks
    with pytest.raises(AssertionError, match="a chunk was read"):
        lazy.compute(scheduler="sync")


def test_equal_calls_are_one_task_and_others_are_not() -> None:
    image = da.zeros((40, 40), chunks=10, dtype=np.uint8)
    kernel = fastconv.gaussian_blur
    same = {convolve(image, kernel.copy(), border="wrap").name for _ in range(3)}
    others = {
        convolve(image, kernel).name,
        correlate(image, kernel, border="wrap").name,
        convolve(image, 2 * kernel, border="wrap").name,
        convolve(image, kernel, border="constant").name,
        convolve(image, kernel, border="constant", cval=1).name,
    }
    assert len(same) == 1 and len(same | others) == 6


@pytest.mark.parametrize(("threads", "used"), [(None, {1}), (2, {2})])
def test_threads_of_scheduler_and_engine_do_not_multiply(
    threads: int | None, used: set[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int | None] = []
    run = fastconv.Plan.run

    def seen_run(plan: fastconv.Plan, *arguments: Any) -> Array:
        seen.append(plan.threads)
        return run(plan, *arguments)

    image = da.zeros((64, 64), chunks=32, dtype=np.uint8)
    lazy = convolve(image, fastconv.sharpening, threads=threads)
    monkeypatch.setattr(fastconv.Plan, "run", seen_run)
    lazy.compute(scheduler="threads")
    assert len(seen) == 4 and set(seen) == used


@pytest.mark.parametrize(("at_once", "share"), [(1, 8), (3, 2), (16, 1)])
def test_a_chunk_gets_its_share_of_a_workers_threads(at_once: int, share: int) -> None:
    fastconv.set_num_threads(8)
    try:
        with Client(
            processes=False, n_workers=1, threads_per_worker=at_once, dashboard_address=None
        ) as client:
            assert client.submit(_share).result(timeout=60) == share
        assert _share() == 1
    finally:
        fastconv.set_num_threads(None)


def test_a_graph_holds_no_pixels_and_the_kernel_once() -> None:
    kernel = picture((31, 31), "float64")
    image = da.zeros((20_000, 20_000), chunks=1000, dtype=np.uint16)
    before, after = (
        len(cloudpickle.dumps(a.__dask_graph__())) for a in (image, convolve(image, kernel))
    )
    assert after - before < 3 * kernel.nbytes


def test_a_plan_pickles_to_its_arguments() -> None:
    made = fastconv.plan(picture((31, 31), "float64"), border="wrap")
    image = picture((50, 50), "uint8")
    wanted = made(image)
    pickled = pickle.dumps(made)
    assert len(pickled) < made.given.nbytes + 1000
    assert_array_equal(pickle.loads(pickled)(image), wanted, strict=True)


def test_a_worker_that_is_killed_costs_nothing_but_time(
    doomed_cluster: Any, tmp_path: Path
) -> None:
    image, kernel = picture((400, 300), "uint16"), picture((31, 31), "float64")
    source, target, killed = (tmp_path / name for name in ("in.zarr", "out.zarr", "killed"))
    zarr.open_array(source, mode="w", shape=image.shape, dtype="uint16", chunks=(50, 50))[:] = image

    def deadly(block: Array, block_id: tuple[int, ...]) -> Array:
        if block_id == (2, 1) and not killed.exists():
            killed.write_text(str(os.getpid()))
            os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
        return block

    with Client(doomed_cluster, timeout=60) as client:
        client.wait_for_workers(2, timeout=60)
        lazy = da.from_zarr(source).map_blocks(deadly, dtype=image.dtype)
        stored = convolve(lazy, kernel, border="wrap").to_zarr(target, compute=False)
        client.compute(stored).result(timeout=120)
        assert int(killed.read_text()) not in client.run(os.getpid).values()
    wanted = convolve(image, kernel, border="wrap")
    assert_array_equal(zarr.open_array(target, mode="r")[:], wanted, strict=True)


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"out": np.zeros((4, 4))}, TypeError, "out must be None for a dask array"),
        ({"border": "nowhere"}, ValueError, "border must be one of"),
        ({"shape": "same", "origin": 2}, ValueError, "origin must be from -1 to 1"),
        ({"dtype": bool}, TypeError, "dtype must be an integer"),
        ({"channel_axis": 5}, ValueError, "channel_axis"),
        ({"cval": 1j, "border": "constant"}, TypeError, "dtype must be complex"),
        ({"method": "box"}, ValueError, "method='box' cannot do this"),
    ],
    ids=str,
)
def test_what_is_wrong_is_said_before_anything_is_computed(
    options: dict[str, Any], error: type[Exception], words: str
) -> None:
    image = da.zeros((4, 4), chunks=2, dtype=np.uint8)
    with pytest.raises(error, match=words):
        convolve(image, fastconv.sharpening, **options)


def test_images_of_unknown_shape_or_type_are_refused() -> None:
    image = da.zeros((4, 4), chunks=2)
    with pytest.raises(ValueError, match="image must be of known shape"):
        convolve(image[image[:, 0] > 0], fastconv.sharpening)
    with pytest.raises(TypeError, match="image must"):
        convolve(image.astype("M8[s]"), fastconv.sharpening)
    with pytest.raises(ValueError, match="image must have at least 2 axes"):
        convolve(image[0], fastconv.sharpening)
    with pytest.raises(TypeError, match="image must be in memory here"):
        fastconv.explain(image, fastconv.sharpening)


# --- any number of axes --------------------------------------------------------------------------


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("stride", [1, 2, (3, 1, 2)])
def test_volumes_are_those_in_memory(border: str, stride: Any) -> None:
    image = picture((13, 9, 11), "uint8")
    lazy = da.from_array(image, chunks=(5, 6, 4))
    for kernel in (np.arange(1.0, 61).reshape(3, 4, 5) / 900, np.ones((3, 3, 3)) / 27):
        for shape in ("same", "valid", "full"):
            options: dict[str, Any] = {
                "border": border,
                "cval": 7.0,
                "stride": stride,
                "shape": shape,
            }
            got = convolve(lazy, kernel, **options)
            assert isinstance(got, da.Array)
            np.testing.assert_array_equal(got.compute(), convolve(image, kernel, **options))


def test_lines_along_any_axis_and_dilated_kernels_are_those_in_memory() -> None:
    image = picture((13, 17, 19), "float32")
    lazy = da.from_array(image, chunks=(5, 6, 4))
    for kernel, axes in (([1, 2, 4], 0), ([1, 2, 4], -2), (np.ones((3, 2)), (2, 0))):
        options: dict[str, Any] = {"axes": axes, "stride": 2, "dilation": 3, "border": "wrap"}
        got = convolve(lazy, kernel, **options).compute()
        np.testing.assert_array_equal(got, convolve(image, kernel, **options))
