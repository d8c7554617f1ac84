# SPDX-License-Identifier: BSD-3-Clause
"""fastconv.astropy gives astropy's results, within roundings, and astropy's own tests pass with it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import warnings
from collections.abc import Iterator, Sequence
from itertools import islice, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastconv

theirs = pytest.importorskip("astropy.convolution")

ROOT = Path(__file__).parent.parent
BOUNDARIES = ("fill", "wrap", "extend", None)


def both(name: str, *args: Any, **options: Any) -> tuple[Any, Any]:
    """Our answer and theirs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return tuple(getattr(m, name)(*args, **options) for m in (fastconv.astropy, theirs))


def check(name: str, array: Any, kernel: Any, **options: Any) -> None:
    """Assert that they are the same but for roundings, of float64 or of the array's type."""
    ours, wanted = both(name, array, kernel, **options)
    assert type(ours) is type(wanted) and ours.dtype == wanted.dtype
    eps = float(np.finfo(ours.dtype).eps)
    scale = float(
        np.abs(np.nan_to_num(np.asarray(array, float), posinf=0, neginf=0)).max(initial=1)
    )
    np.testing.assert_allclose(ours, wanted, rtol=64 * eps, atol=256 * max(eps, 1e-15) * scale)


def pictures(shape: tuple[int, ...], dtype: str, seed: int) -> np.ndarray[Any, Any]:
    rng = np.random.default_rng(seed)
    a = (rng.random(shape) * 100).astype(dtype)
    if a.dtype.kind == "f":
        a[rng.random(shape) < 0.4] = np.nan
    return a


def every(step: int, *options: Sequence[Any], first: int) -> Iterator[tuple[Any, ...]]:
    """Every step-th combination, of a step that divides the number of none of the options."""
    return islice(product(*options), first % step, None, step)


@pytest.mark.parametrize(
    "dtype", ["float16", "float32", "float64", ">f4", "int16", "uint8", "bool"]
)
@pytest.mark.parametrize("shape", [(1,), (31,), (1, 1), (19, 33), (7, 6, 9)])
def test_convolve_is_astropys(shape: tuple[int, ...], dtype: str, level: str) -> None:
    rng = np.random.default_rng(0)
    for i, size in enumerate((1, 3, 5)):
        array, kernel = pictures(shape, dtype, i), rng.random((size,) * len(shape))
        for boundary, fill_value, treatment, normalize, preserve in every(
            5,
            BOUNDARIES,
            (0.0, 2.5, np.nan),
            ("interpolate", "fill"),
            (True, False),
            (True, False),
            first=i,
        ):
            if boundary is None and min(shape) < size:
                continue
            check(
                "convolve", array, kernel, boundary=boundary, fill_value=fill_value,
                nan_treatment=treatment, normalize_kernel=normalize, preserve_nan=preserve,
            )  # fmt: skip


@pytest.mark.parametrize("shape", [(31,), (19, 34), (7, 8, 9)])
def test_convolve_fft_is_astropys(shape: tuple[int, ...], level: str) -> None:
    rng = np.random.default_rng(0)
    for i, size in enumerate((1, 2, 3, 4, 7)):
        array, kernel = pictures(shape, "float64", i), rng.random((size,) * len(shape))
        array.flat[5] = np.inf
        for boundary, fill_value, treatment, normalize, weight in every(
            3,
            ("fill", "wrap"),
            (0.0, 2.5),
            ("interpolate", "fill"),
            (True, False),
            (0.0, 0.4),
            first=i,
        ):
            check(
                "convolve_fft", array, kernel, boundary=boundary, fill_value=fill_value,
                nan_treatment=treatment, normalize_kernel=normalize, min_wt=weight,
                preserve_nan=bool(i % 2),
            )  # fmt: skip


def test_masks_units_and_data_of_astropy_are_understood() -> None:
    units = pytest.importorskip("astropy.units")
    nddata = pytest.importorskip("astropy.nddata")
    array, kernel = pictures((19, 33), "float64", 1), theirs.Gaussian2DKernel(1.5)
    mask = np.random.default_rng(2).random((19, 33)) < 0.3
    for name in ("convolve", "convolve_fft"):
        for given in (
            np.ma.array(array, mask=mask),
            array * units.m,
            nddata.NDData(array, mask=mask),
            nddata.CCDData(array, unit="adu", mask=mask),
        ):
            ours, wanted = both(name, given, kernel)
            assert type(ours) is type(wanted)
            np.testing.assert_allclose(np.asarray(ours), np.asarray(wanted), rtol=1e-12, atol=1e-12)
        check(name, array, kernel, mask=mask)
        check(name, array, kernel.array, mask=mask.astype(int))


def test_a_window_of_no_weight_keeps_its_middle() -> None:
    array = np.array([np.nan, 5.0, np.nan, 1, 2])
    check("convolve", array, np.array([1.0, 0, 1]))
    check("convolve", array, np.array([0.0, 1, 0]))


@pytest.mark.parametrize(
    ("array", "kernel", "options"),
    [
        (np.ones(9), np.ones(4), {}),
        (np.ones(9), np.ones((3, 3)), {}),
        (np.ones((2, 2, 2, 2)), np.ones((1, 1, 1, 1)), {}),
        (np.ones(9), [1.0, -1, 0], {}),
        (np.ones(3), np.ones(5), {"boundary": None}),
        (np.ones(9), np.ones(3), {"boundary": "reflect"}),
        (np.ones(9), np.ones(3), {"nan_treatment": "leave"}),
        (np.ones(9), np.ma.array(np.ones(3), mask=[True, False, False]), {}),
        ([], np.ones(3), {}),
        ("words", np.ones(3), {}),
    ],
)
def test_errors_are_astropys(array: Any, kernel: Any, options: dict[str, Any]) -> None:
    with pytest.raises(Exception) as theirs_said:  # noqa: PT011
        theirs.convolve(array, kernel, **options)
    with pytest.raises(type(theirs_said.value)) as said:
        fastconv.astropy.convolve(array, kernel, **options)
    assert str(said.value) == str(theirs_said.value)


@pytest.mark.parametrize("name", ["convolve", "convolve_fft"])
@pytest.mark.parametrize("axes", [1, 2, 3])
def test_lines_pictures_and_volumes_are_not_handed_over(
    name: str, axes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fastconv.compat.originals, "find", lambda *_: None)
    array = pictures((9, 10, 11)[:axes], "float64", 1)
    getattr(fastconv.astropy, name)(array, np.ones((3,) * axes), boundary="fill")


def test_installed_it_takes_astropys_place_and_leaves_it() -> None:
    original = theirs.convolve
    with fastconv.installed("astropy", always=True) as report:
        assert "astropy.convolution.convolve" in report.replaced
        assert theirs.convolve is not original
        assert theirs.convolve([1, np.nan, 3], [1, 1, 1]).tolist() == [0.5, 2.0, 1.5]
    assert theirs.convolve is original


def test_astropys_own_tests_pass(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable, "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider",
            "-p", "no:remotedata", "-p", "tests.astropy_suite", "--pyargs", "astropy.convolution.tests",
        ],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    counts = {word: int(n) for n, word in re.findall(r"(\d+) (\w+)", done.stdout.splitlines()[-1])}
    assert counts["passed"] >= 1000
    calls = re.search(r"fastconv: (\d+) calls served", done.stdout)
    assert calls is not None and int(calls[1]) >= 1000  # so it was fastconv that passed
