# SPDX-License-Identifier: BSD-3-Clause
"""Missing data: what a mask costs beside the plain call, and beside two passes of SciPy's and astropy.

    python benchmarks/bench_missing.py
    python benchmarks/bench_missing.py --sizes 512,2048 --threads 2 --kernels 3x3,box
    python benchmarks/bench_missing.py --fit    # prices of weights that are subtracted

The plain call takes all samples as they are. Two passes are scipy.ndimage.convolve of the samples and of what
is there, and their quotient, as geoscience has it. Answers are compared first.
"""

from __future__ import annotations

import argparse
import importlib.util
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import scipy.ndimage
from photo import original
from timing import race

import fastconv
from fastconv import _missing

Array = np.ndarray[Any, Any]

SHARES = {"nothing": 0.0, "1 %": 0.01, "50 %": 0.5}
KERNELS: dict[str, Array] = {
    "3x3": np.random.default_rng(0).random((3, 3)),
    "31x31": np.random.default_rng(0).random((31, 31)),
    "gaussian 25x25": fastconv.kernels.gaussian(3),
    "box 9x9": np.ones((9, 9)) / 81,
    "binomial 3x3": np.outer([1, 2, 1], [1, 2, 1]) / 16,
}


def picture(size: int, dtype: str) -> Array:
    side = max(size, len(original()))
    grey = original().mean(axis=2)
    tiled = np.pad(grey, (0, side - 512), "symmetric")[:size, :size]
    return (tiled * (200 if dtype == "uint16" else 1)).astype(dtype)


def two_passes(image: Array, kernel: Array, mask: Array) -> Array:
    v = scipy.ndimage.convolve(np.where(mask, 0, image).astype(np.float64), kernel)
    w = scipy.ndimage.convolve((~mask).astype(np.float64), kernel)
    with np.errstate(all="ignore"):
        return np.asarray(v / w * kernel.sum())


def astropys(image: Array, kernel: Array, mask: Array) -> Array:
    from astropy.convolution import convolve

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.asarray(convolve(image, kernel, "extend", mask=mask, normalize_kernel=False))


def measure(name: str, dtype: str, size: int, least: float) -> list[str]:
    """Cells of the table: the plain call in ms, and how many times that the others take."""
    image, kernel = picture(size, dtype), KERNELS[name]
    calls: dict[str, Callable[[], Any]] = {"plain": lambda: fastconv.convolve(image, kernel)}
    mask: Any = np.zeros(image.shape, np.bool_)
    for share, part in SHARES.items():
        mask = np.random.default_rng(1).random(image.shape) < part
        calls[share] = partial(fastconv.convolve, image, kernel, mask=mask, fill=0)
        if dtype == "float32":
            gaps = np.where(mask, np.float32(np.nan), image)
            calls[f"NaN {share}"] = partial(fastconv.convolve, gaps, kernel, nan_policy="omit")
    wanted = two_passes(image, kernel, mask)
    got = fastconv.convolve(image, kernel, mask=mask, dtype=np.float64)
    np.testing.assert_allclose(got, wanted, rtol=1e-9)
    calls["SciPy"] = partial(two_passes, image, kernel, mask)
    if importlib.util.find_spec("astropy"):
        calls["astropy"] = partial(astropys, image, kernel, mask)
    times = race(calls, least=least, rounds=5, most=1)
    plain = times["plain"].median
    cells = [f"{plain * 1e3:.3f} ms"]
    for who in (*SHARES, *(f"NaN {share}" for share in SHARES), "SciPy", "astropy"):
        cells.append(f"{times[who].median / plain:.2f}" if who in times else "")
    return cells


def weights_apart(image: Array, kernel: Array, subtracted: bool) -> Callable[[Array], Array]:
    """A masked call whose weights are subtracted around missing samples, or always summed."""
    known = _missing._NS_FILLED
    _missing._NS_FILLED = -1e9 if subtracted else 1e9
    plan = fastconv.plan(kernel, pixel=image.dtype, fill=0)
    plan(image, mask=np.eye(*image.shape, dtype=np.bool_))
    _missing._NS_FILLED = known
    return lambda mask: plan(image, mask=mask)


def fit() -> None:
    """Print what weights take that are subtracted: ns of a result, of a row of weights, of a run."""
    shares, asked, found, filled = (0.002, 0.01, 0.03), [], [], []
    for kernel in (
        np.ones((3, 3)) / 7,
        KERNELS["gaussian 25x25"],
        KERNELS["box 9x9"],
        np.ones((5, 40)) / 3,
    ):
        for dtype in ("uint8", "float32"):
            image = picture(512, dtype)
            ways = {
                way: weights_apart(image, kernel, way == "subtracted")
                for way in ("subtracted", "summed")
            }
            masks = [np.random.default_rng(1).random(image.shape) < share for share in shares]
            calls: dict[str, Callable[[], Any]] = {
                f"{way} {i}": partial(ways[way], np.asarray(m))
                for way in ways
                for i, m in enumerate(masks)
            }
            times = race(calls, least=0.1, rounds=7, most=1)
            ns = {name: t.median / image.size * 1e9 for name, t in times.items()}
            print(len(kernel), dtype, {name: round(t, 2) for name, t in ns.items()}, flush=True)
            more = [(ns[f"subtracted {i}"] - ns["subtracted 0"]) for i in range(1, len(shares))]
            plan = fastconv.plan(kernel, pixel=image.dtype, fill=0)
            recipe: Any = recipe_of(plan, image)
            runs = len(kernel) * -(-kernel.shape[1] // _missing._RUN)
            runs *= 1 if recipe.how == _missing._WHOLE32 else 2  # in float64
            asked += [
                [(share - shares[0]) * len(kernel), (share - shares[0]) * runs]
                for share in shares[1:]
            ]
            found += more
            filled.append((ns["subtracted 0"] - ns["summed 0"] + recipe.weights.strategy.cost,
                           shares[0] * len(kernel), shares[0] * runs))  # fmt: skip
    row, run = np.linalg.lstsq(np.array(asked), np.array(found), rcond=None)[0]
    each = float(np.median([more - rows * row - runs * run for more, rows, runs in filled]))
    print(f"_NS_FILLED, _NS_SPREAD, _NS_RUN = {each:.2f}, {row:.2f}, {run:.2f}")


def recipe_of(plan: Any, image: Array) -> _missing.Recipe:
    """How a plan filters such images."""
    plan(image, mask=np.eye(*image.shape, dtype=np.bool_))
    made: _missing.Recipe = next(p.recipe for key, p in plan.recipes.items() if key[0] != "plain")
    return made


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", default="512")
    parser.add_argument("--dtypes", default="uint8,uint16,float32")
    parser.add_argument("--kernels", default=",".join(KERNELS))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--least", type=float, default=0.1, help="seconds a cell, at least")
    parser.add_argument("--fit", action="store_true", help="print prices of subtracted weights")
    asked = parser.parse_args()
    fastconv.set_num_threads(asked.threads)
    if asked.fit:
        fit()
        return
    heads = [*SHARES, *(f"NaN {share}" for share in SHARES), "SciPy", "astropy"]
    print(f"| kernel | type | size | plain | {' | '.join(heads)} |")
    print(f"|---|---|---:|{'---:|' * (len(heads) + 1)}")
    for size in map(int, asked.sizes.split(",")):
        for name in asked.kernels.split(","):
            for dtype in asked.dtypes.split(","):
                cells = measure(name, dtype, size, asked.least)
                print(f"| {name} | {dtype} | {size} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
