# SPDX-License-Identifier: BSD-3-Clause
"""Large tiles (src/methods/spectra.pxi): kernels of any size, and long lines, go by way of spectra without a
result that is not the definition's.
"""

from __future__ import annotations

import time
from functools import cache

import numpy as np
import pytest

import fastconv
from fastconv import _levels
from fastconv._engine import planner
from fastconv._engine.calls import program_of
from fastconv._execute import execute
from fastconv._pixels import PIXELS, Accumulator

from .judge import (
    BORDERS,
    Array,
    allowance,
    assert_defined,
    assert_floats_close,
    at_level,
    definition,
    small_picture,
)


def dense(height: int, width: int) -> Array:
    weights = np.random.default_rng([height, width]).random((height, width))
    return np.asarray(weights / weights.sum())


def bell(size: int) -> Array:
    line = np.exp(-0.5 * ((np.arange(size) - size // 2) / (size / 8)) ** 2)
    return np.asarray(line / line.sum())


def spectral(
    image: Array,
    kernel: Array,
    border: str,
    method: str,
    points: tuple[int, int],
    threads: int = 1,
    accumulator: Accumulator | None = None,
) -> Array:
    """Correlate by spectra of tiles of so many points, whatever is cheaper. An image may have channels."""
    image = image if image.ndim == 3 else image[..., np.newaxis]
    source = PIXELS[image.dtype.name]
    low, high = (source.low, source.high) if source.integer else (-np.inf, np.inf)
    height, width, channels = image.shape
    window = planner.Kernel(kernel)
    # float32 sums of words may not be exact enough
    wanted: Accumulator = accumulator or (
        "float32" if source.name in ("float32", "uint8") else "float64"
    )
    strategy = planner.proposed(
        window, source.code, source.code, float(low), float(high), source.integer, height, width, channels,
        method, _levels.level, wanted, points=points,
    )  # fmt: skip
    assert isinstance(strategy, planner.Strategy), strategy
    assert strategy.sums == ("spectra" if method == "fft" else "spectral lines")
    out = np.empty_like(image)
    axes = [(n, -(taps // 2), n) for n, taps in zip(image.shape, kernel.shape, strict=False)]
    execute(
        strategy, image, out, window, source, source, axes[0], axes[1], border, (3.0, 3.0), threads
    )
    return out if channels > 1 else out[..., 0]


TILES = [(64, 64), (64, 160), (128, 96), (320, 64)]


@pytest.mark.parametrize("method", ["fft", "separable"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
def test_spectra_of_every_tile_give_the_definition(level: str, dtype: str, method: str) -> None:
    kernel = np.outer(bell(13), bell(33)) if method == "separable" else dense(13, 33)
    for number, points in enumerate(TILES):
        for i, shape in enumerate([(1, 70), (37, 1), (61, 93), (90, 40), (17, 130)]):
            image, border = small_picture(shape, dtype), BORDERS[(i + number) % 5]
            got = spectral(image, kernel, border, method, points)
            what = f"{points}, {shape}, {border}"
            assert_defined(got, "correlate", image, kernel, what, border=border, cval=3)


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
@pytest.mark.parametrize("channels", [2, 3, 4])
def test_spectra_of_channels_give_the_definition(level: str, channels: int, dtype: str) -> None:
    for method, kernel in (("fft", dense(9, 14)), ("separable", np.outer(bell(14), bell(9)))):
        image = small_picture((43, 57, channels), dtype)
        for border in BORDERS:
            got = spectral(image, kernel, border, method, (64, 64))
            what = f"{method}, {border}"
            assert_defined(
                got, "correlate", image, kernel, what, border=border, cval=3, channel_axis=-1
            )


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
def test_spectra_of_lines_give_the_definition(level: str, dtype: str) -> None:
    for kernel in (bell(61)[np.newaxis], bell(61)[:, np.newaxis]):
        for shape in [(1, 70), (37, 1), (300, 93), (40, 301)]:
            for border in BORDERS:
                image = small_picture(shape, dtype)
                points = tuple(96 if n > 1 else 0 for n in kernel.shape)
                got = spectral(image, kernel, border, "separable", (points[0], points[1]))
                what = f"{kernel.shape}, {shape}, {border}"
                assert_defined(got, "correlate", image, kernel, what, border=border, cval=3)


def test_spectra_of_whole_numbers_are_exact(level: str) -> None:
    """Also where half of the results are ties."""
    rng = np.random.default_rng(5)
    kernel = rng.integers(0, 3, (11, 11)) * 0.5
    image = rng.integers(0, 4, (50, 70)).astype(np.uint8)
    got = spectral(image, kernel, "mirror", "fft", (64, 64), accumulator="float64")
    assert_defined(got, "correlate", image, kernel, border="mirror")


def scene_of(name: str, dtype: str) -> Array:
    image: Array = small_picture((96, 120), dtype) + np.array(1, dtype)
    if name == "spike":
        image[40, 50] = 1e20
    elif name == "black":
        image[:] = 0
    elif name == "spike in the black":
        image[:] = 0
        image[30, 30] = 65535
    elif name == "dark half":
        image[:, 60:] *= np.array(1e-7, dtype)
    elif name == "nodata":
        image[:5] = -3.4e38
    elif name == "tiny":
        image *= np.array(1e-41, dtype)
    else:
        image[70, 3] = float(name)
    return image


SCENES = (
    "spike",
    "black",
    "spike in the black",
    "dark half",
    "nodata",
    "tiny",
    "inf",
    "-inf",
    "nan",
)
KERNELS = ("positive", "signed", "with zeros", "separable")


def kernel_of(name: str, size: int) -> Array:
    if name == "separable":
        return np.asarray(np.outer(bell(size), bell(size)))
    weights = dense(size, size)
    if name == "signed":
        return np.asarray(weights - 0.9 / size**2)
    return np.asarray(weights * (weights > 0.5 / size**2)) if name == "with zeros" else weights


@cache
def defined(dtype: str, scene: str, kernel: str, size: int) -> tuple[Array, Array, Array, Array]:
    """An image, weights, what is to come out and how far results may be from it; alike for all levels."""
    weights = kernel_of(kernel, size)
    with np.errstate(all="ignore"):
        image = scene_of(scene, dtype)
        wanted = definition("correlate", image, weights)
    return image, weights, wanted, allowance("correlate", image, weights, wanted.dtype)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_float_of_a_spectrum_is_within_its_bound(
    level: str, dtype: str, scene: str, kernel: str
) -> None:
    """What is left open is summed directly where taps are few, by more spectra where they are many."""
    for size, points in ((15, (128, 160)), (61, (128, 160)), (61, (96, 96))):
        image, weights, wanted, allowed = defined(dtype, scene, kernel, size)
        method = "separable" if kernel == "separable" else "fft"
        got = spectral(image, weights, "reflect", method, points)
        assert_floats_close(got, wanted, allowed, f"{scene}, {size}, {points}")


@pytest.mark.parametrize("kernel", ["positive", "separable"])
def test_black_pixels_of_a_spectrum_stay_black(level: str, kernel: str) -> None:
    image = np.zeros((200, 230), np.float32)
    image[:90, :100] = small_picture((90, 100), "float32")
    image[180, 200] = 65535
    weights = kernel_of(kernel, 41)
    method = "separable" if kernel == "separable" else "fft"
    got = spectral(image, weights, "nearest", method, (128, 160))
    black = definition("correlate", image, weights, border="nearest") == 0
    assert black.sum() > 10000
    assert not got[black].any()
    assert (got >= 0).all()


def test_what_a_tile_leaves_open_does_not_open_the_next_one(level: str) -> None:
    """Three channels of two planes, the first of which holds NaN."""
    image = small_picture((50, 60, 3), "float32") + np.float32(1)
    plain = spectral(image, dense(13, 13), "wrap", "fft", (64, 64))
    image[..., 0] = np.nan
    got = spectral(image, dense(13, 13), "wrap", "fft", (64, 64))
    assert np.isnan(got[..., 0]).all()
    assert np.array_equal(got[..., 1:], plain[..., 1:])


@pytest.mark.parametrize("method", ["fft", "separable"])
def test_spectra_have_the_same_bits_on_all_levels_and_threads(
    both_levels: tuple[str, str], method: str
) -> None:
    kernel = np.outer(bell(33), bell(21)) if method == "separable" else dense(33, 21)
    for dtype in ("float32", "float64"):
        image = small_picture((150, 170), dtype) + np.array(1, dtype)
        found = []
        for name in both_levels:
            with at_level(name):
                found += [
                    spectral(image, kernel, "mirror", method, (96, 128), threads)
                    for threads in (1, 2, 3)
                ]
        assert all(np.array_equal(found[0], other) for other in found[1:])


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_a_kernel_of_more_than_512_rows_is_the_definition(level: str, dtype: str) -> None:
    image = small_picture((23, 41), dtype)
    for kernel in (dense(521, 7), np.outer(bell(3), bell(1031)), bell(2051)[np.newaxis]):
        for border in BORDERS:
            got = fastconv.convolve(image, kernel, border=border, cval=3)
            assert_defined(got, "convolve", image, kernel, border, border=border, cval=3)


# --- plans and prices ----------------------------------------------------------------------------


def test_large_kernels_take_spectra_and_keep_the_methods_names() -> None:
    floats = PIXELS["float32"].code
    asked = floats, floats, -np.inf, np.inf, False, 2048, 2048, 1, "auto", _levels.level
    for kernel, method, sums in (
        (dense(601, 601), "fft", "spectra"),
        (np.outer(bell(513), bell(513)), "separable", "spectral lines"),
        (bell(1025)[np.newaxis], "separable", "spectral lines"),
        (dense(63, 63), "fft", "fft"),
    ):
        found = planner.decide(planner.Kernel(kernel), *asked)
        assert (found.method, found.sums) == (method, sums)


def test_points_that_do_not_hold_the_kernel_are_refused() -> None:
    image = small_picture((30, 30), "float32")
    for kernel, method, points in (
        (dense(65, 9), "fft", (64, 64)),
        (dense(9, 64), "fft", (64, 64)),
        (bell(61)[np.newaxis], "fft", (0, 64)),
        (np.outer(bell(9), bell(9)), "separable", (0, 64)),
        (dense(9, 9), "direct", (64, 64)),
    ):
        with pytest.raises(ValueError, match="points"):
            spectral(image, kernel, "reflect", method, points)


def seconds(image: Array, kernel: Array) -> float:
    """The best of four calls with one thread."""
    times = []
    for _ in range(4):
        start = time.perf_counter()
        fastconv.convolve(image, kernel, threads=1)
        times.append(time.perf_counter() - start)
    return min(times)


def test_time_does_not_jump_when_a_kernel_passes_512_rows() -> None:
    image = small_picture((700, 700), "float32")
    below, above = (seconds(image, dense(side, side)) for side in (511, 521))
    assert above < 2 * below
    assert below < 2 * above  # small tiles, which hold no larger kernel, took five times as long


def test_a_kernel_larger_than_the_picture_takes_little_longer_than_one_of_its_size() -> None:
    """What a border repeats is neither read nor filtered again."""
    image = small_picture((200, 200), "float32")
    assert seconds(image, np.outer(bell(1601), bell(3))) < 6 * seconds(
        image, np.outer(bell(201), bell(3))
    )


# --- memory --------------------------------------------------------------------------------------


def test_spectra_that_are_kept_are_counted() -> None:
    floats = PIXELS["float32"]
    window = planner.Kernel(dense(601, 601))
    strategy = planner.decide(
        window,
        floats.code,
        floats.code,
        -np.inf,
        np.inf,
        False,
        1000,
        1000,
        1,
        "fft",
        _levels.level,
    )
    program = program_of(strategy, window, floats.code, 1)
    rows, columns = strategy.tile, strategy.tile
    # half of the frequencies, complex
    assert 4 * rows * columns * 0.9 < program.nbytes() < 4 * rows * columns * 3 + 64 * 601 * 601


def test_a_line_kernel_without_an_array_takes_no_memory_of_its_area() -> None:
    line = bell(5001)
    floats = PIXELS["float32"]
    window = planner.product_of(line, line)
    strategy = planner.decide(
        window, floats.code, floats.code, -np.inf, np.inf, False, 256, 256, 1, "auto", _levels.level
    )
    assert program_of(strategy, window, floats.code, 1).nbytes() < 8 << 20
