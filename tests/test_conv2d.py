# SPDX-License-Identifier: BSD-3-Clause
"""`conv2d` is torch's, as far as few channels meet in one; where there is no torch, loops are the judge."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import fastconv

from .judge import Array

RNG = np.random.default_rng(7)


@pytest.fixture(autouse=True)
def _same_numbers_in_any_order() -> None:
    RNG.bit_generator.state = np.random.default_rng(7).bit_generator.state


def by_hand(
    x: Array, w: Array, bias: Any, stride: Any, padding: Any, dilation: Any, groups: int
) -> Array:
    (sy, sx), (py, px), (dy, dx) = stride, padding, dilation
    padded = np.pad(x.astype(np.float64), ((0, 0), (0, 0), (py, py), (px, px)))
    kernels, channels, height, width = w.shape
    rows = (padded.shape[2] - dy * (height - 1) - 1) // sy + 1
    cols = (padded.shape[3] - dx * (width - 1) - 1) // sx + 1
    out = np.zeros((len(x), kernels, rows, cols))
    for k, y, x_ in np.ndindex(kernels, rows, cols):
        first = k // (kernels // groups) * channels
        window = padded[
            :, first : first + channels,
            y * sy : y * sy + dy * (height - 1) + 1 : dy, x_ * sx : x_ * sx + dx * (width - 1) + 1 : dx,
        ]  # fmt: skip
        out[:, k, y, x_] = (window * w[k]).sum((1, 2, 3)) + (0 if bias is None else bias[k])
    return out


def pairs(low: int, high: int) -> Any:
    return st.tuples(st.integers(low, high), st.integers(low, high))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@given(data=st.data())
def test_any_layer_of_few_channels(dtype: str, data: st.DataObject) -> None:
    groups, channels = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 4))
    kernels = groups * data.draw(st.integers(1, 3))
    height, width = data.draw(pairs(1, 5))
    stride, padding, dilation = (
        data.draw(pairs(1, 3)),
        data.draw(pairs(0, 3)),
        data.draw(pairs(1, 2)),
    )
    shape = data.draw(st.integers(1, 2)), groups * channels, *data.draw(pairs(1, 17))
    assume(shape[2] + 2 * padding[0] > dilation[0] * (height - 1))
    assume(shape[3] + 2 * padding[1] > dilation[1] * (width - 1))
    x = RNG.normal(size=shape).astype(dtype)
    w = RNG.normal(size=(kernels, channels, height, width)).astype(dtype)
    bias = data.draw(st.sampled_from([None, np.arange(kernels, dtype=dtype)]))
    got = fastconv.conv2d(x, w, bias, stride, padding, dilation, groups)
    assert got.dtype == dtype
    wanted = by_hand(x, w, bias, stride, padding, dilation, groups)
    tolerance = 1e-4 if dtype == "float32" else 1e-11
    np.testing.assert_allclose(got, wanted, rtol=tolerance, atol=tolerance)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths:UserWarning")
@pytest.mark.parametrize(
    ("x", "weight", "options"),
    [
        ((2, 3, 15, 22), (8, 3, 7, 7), {"stride": 2, "padding": 3}),
        ((1, 1, 15, 22), (5, 1, 3, 3), {"padding": "same"}),
        ((1, 1, 15, 22), (5, 1, 4, 2), {"padding": "same", "dilation": 3}),
        ((1, 1, 15, 22), (5, 1, 3, 3), {"padding": "valid", "stride": (1, 3)}),
        ((3, 6, 31, 40), (6, 1, 31, 31), {"padding": 15, "groups": 6}),
        ((6, 12, 19), (12, 1, 3, 3), {"groups": 6}),
        ((4, 4, 12, 19), (6, 2, 1, 1), {"groups": 2, "padding": 1}),
        ((4, 4, 12, 19), (6, 2, 1, 1), {"groups": 2, "stride": 3}),
    ],
)
def test_a_layer_is_torchs(
    level: str, x: tuple[int, ...], weight: tuple[int, ...], options: dict[str, Any]
) -> None:
    torch = pytest.importorskip("torch")
    arrays = [RNG.normal(size=shape).astype(np.float32) for shape in (x, weight, weight[:1])]
    doubles = [torch.from_numpy(each.astype(np.float64)) for each in arrays]
    conv2d = torch.nn.functional.conv2d
    wanted = conv2d(*doubles, **options).numpy()
    magnitudes = conv2d(*map(torch.abs, doubles), **options).numpy()
    allowed = (np.prod(weight[1:]) + 2) * np.finfo(np.float32).eps * magnitudes
    a, w, bias = arrays
    assert (np.abs(fastconv.conv2d(a, w, bias, **options) - wanted) <= allowed).all()


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_kernels_share_windows(level: str, eager_threads: None, dtype: str) -> None:
    """Of any number of groups, with zeros, of weights that float32 does not hold, and called again."""
    layers = ((1, 5, 3, 1), (3, 4, 3, 2), (2, 7, 5, 1), (4, 3, 1, 3), (1, 2, 2, 2))
    for (channels, many, size, stride), groups in itertools.product(layers, (1, 3)):
        x = RNG.normal(size=(2, groups * channels, 21, 75)).astype(dtype)
        w = RNG.normal(size=(groups * many, channels, size, size))
        w[0, 0, 0] = 0
        wanted = by_hand(x, w, None, (stride, stride), (1, 1), (1, 1), groups)
        for each in (w, w.astype(np.float32), np.where(w == w[-1, 0, 0, 0], 2.0**-140, w)):
            for threads in (1, 2, 1):
                got = fastconv.conv2d(x, each, None, stride, 1, 1, groups, threads=threads)
                near = {"float16": 4e-2, "float32": 1e-4, "float64": 1e-5}[dtype]
                np.testing.assert_allclose(got[:, :-1], wanted[:, :-1], rtol=near, atol=near)
                view = fastconv.conv2d(x[..., ::-1][..., ::-1], each, None, stride, 1, 1, groups)
                np.testing.assert_array_equal(view, got)


def test_out_threads_and_views() -> None:
    x = RNG.normal(size=(2, 14, 15, 3)).astype(np.float32).transpose(0, 3, 1, 2)
    w = RNG.normal(size=(4, 3, 3, 3))
    wanted = fastconv.conv2d(np.ascontiguousarray(x), w, padding=1, threads=1)
    out = np.empty((2, 14, 15, 4), np.float32).transpose(0, 3, 1, 2)
    assert fastconv.conv2d(x, w, padding=1, threads=2, out=out) is out
    np.testing.assert_array_equal(out, wanted)
    inplace = np.repeat(x[:, :1], 3, 1)
    once = fastconv.conv2d(inplace, w[:3, :1], padding=[1, 1], groups=3)
    fastconv.conv2d(inplace, w[:3, :1], padding=[1, 1], groups=3, out=inplace)
    np.testing.assert_array_equal(inplace, once)


def test_a_nan_reaches_the_windows_that_hold_it() -> None:
    x = np.zeros((1, 2, 9, 9), np.float32)
    x[0, 1, 4, 4] = np.nan
    got = fastconv.conv2d(x, np.ones((1, 2, 3, 3)), padding=1)
    assert np.isnan(got).sum() == 9


@pytest.mark.parametrize(
    ("changed", "kind", "words"),
    [
        ({"x": np.zeros((1, 2, 9, 9), np.uint8)}, TypeError, "x must be of type float16"),
        ({"x": np.zeros((1, 3, 9, 9))}, ValueError, r"x must have shape \(N, 2, H, W\)"),
        ({"x": np.zeros((9, 9))}, ValueError, r"x must have shape \(N, 2, H, W\)"),
        ({"x": np.zeros((1, 2, 2, 9))}, ValueError, "weight must fit into x"),
        ({"weight": np.zeros((4, 5, 3, 3))}, ValueError, "weight must have at most 4 input .*onnxruntime"),
        ({"weight": np.zeros((3, 3))}, ValueError, "weight must be 4-D"),
        ({"weight": np.zeros((1, 2, 3, 3), complex)}, TypeError, "weight must be real"),
        ({"groups": 2}, ValueError, "groups must divide the 1 channels"),
        ({"groups": 0}, ValueError, "groups must divide"),
        ({"bias": [1.0, 2.0]}, ValueError, "bias must hold 1 real numbers"),
        ({"stride": 0}, ValueError, "stride must be at least 1"),
        ({"dilation": (1, 2, 3)}, ValueError, "dilation must be an integer or a pair"),
        ({"padding": -1}, ValueError, "padding must be at least 0"),
        ({"padding": "same", "stride": 2}, ValueError, "padding must be integers, 'valid', or 'same'"),
        ({"padding": "full"}, ValueError, "padding must be integers"),
        ({"out": np.zeros((1, 1, 9, 9), np.float32)}, TypeError, "out must be of type float64"),
        ({"out": np.zeros((1, 1, 9, 9))}, ValueError, "out must have shape"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(changed: dict[str, Any], kind: type[Exception], words: str) -> None:
    arguments: dict[str, Any] = {"x": np.zeros((1, 2, 9, 9)), "weight": np.ones((1, 2, 3, 3))}
    with pytest.raises(kind, match="^" + words):
        fastconv.conv2d(**(arguments | changed))
