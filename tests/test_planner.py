# SPDX-License-Identifier: BSD-3-Clause
"""The planner's decisions depend on what is asked for and on nothing else; what it remembers is bounded.

Whether its strategies are exact is what all other tests are about.
"""

from __future__ import annotations

import gc
import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import fastconv
from fastconv import _levels, reference
from fastconv._costs import NS
from fastconv._engine import planner
from fastconv._engine.planner import Kernel, Strategy, decide, rejected
from fastconv._pixels import PIXELS

from .judge import KERNELS, REALS, Array

Asked = tuple[int, int, float, float, bool, int, int, int, str, str]

EXTREME = [5e-324, -1.5, 2.0**-1030, 1e300, 0.1, 3.0, 2.0**1000, -(2.0**-1074) * 6, 0.0, 1 / 3]


def bell(size: int) -> Array:
    line = np.exp(-0.5 * ((np.arange(size) - size // 2) / (size / 6)) ** 2)
    return np.asarray(np.outer(line, line) / line.sum() ** 2)


def kernels() -> Iterator[Array]:
    rng = np.random.default_rng(5)
    yield from (np.ascontiguousarray(k, np.float64) for k in KERNELS.values())
    for size in (2, 3, 7, 15, 31):
        yield rng.random((size, size)) / size**2
        yield bell(size)
        yield rng.integers(-9, 10, (size, size)) / 37


def requests(count: int, seed: int) -> Iterator[Asked]:
    """Of any types, ranges, sizes, methods and levels."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        source, target = (PIXELS[str(rng.choice(REALS))] for _ in range(2))
        low, high, integral = -math.inf, math.inf, False
        if source.integer:
            low, high, integral = float(source.low), float(source.high), True
            if rng.random() < 0.3:
                constant = float(rng.choice([-3, 0.5, 300, 2.0**65]))
                low, high = min(low, constant), max(high, constant)
                integral = constant.is_integer()
        height, width = (int(n) for n in rng.integers(1, 3000, 2))
        method = str(rng.choice(planner.METHODS)) if rng.random() < 0.3 else "auto"
        level = str(rng.choice(_levels.available()))
        channels = int(rng.integers(1, 5))
        yield source.code, target.code, low, high, integral, height, width, channels, method, level


def answer(kernel: Kernel, asked: Asked) -> Any:
    """All that can be seen of a strategy, or of a refusal."""
    try:
        found = decide(kernel, *asked)
    except ValueError as error:
        return str(error)
    names = [name for name in dir(Strategy) if name[0] != "_" and name != "built"]
    return {name: getattr(found, name) for name in names}, rejected(kernel, *asked)


@pytest.fixture(autouse=True)
def _all_levels_are_known() -> None:
    for name in _levels.available():
        _levels.load(name)


def test_a_decision_does_not_depend_on_those_before() -> None:
    for weights in kernels():
        known = Kernel(weights)
        for asked in requests(40, weights.size):
            assert repr(answer(known, asked)) == repr(answer(Kernel(weights), asked)), asked


def test_one_kernel_may_be_asked_by_many_threads() -> None:
    asked = list(requests(60, 1))
    for weights in kernels():
        shared = Kernel(weights)
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda one, k=shared: repr(answer(k, one)), asked))
        assert found == [repr(answer(Kernel(weights), one)) for one in asked]


def test_a_kernel_remembers_a_bounded_number_of_decisions() -> None:
    kernel = Kernel(np.ones((9, 9)))

    def remembered() -> int:
        return sum(len(found) for found in gc.get_referents(kernel) if isinstance(found, list))

    counts = []
    for high in range(300, 400):
        decide(kernel, 0, 0, 0.0, float(high), True, 100, 100, 1, "auto", _levels.level)
        counts.append(remembered())
    assert counts[0] == 1
    assert counts[-1] == max(counts) < 10


def test_the_same_strategy_serves_every_size_unless_its_price_depends_on_it() -> None:
    small = Kernel(np.ones((3, 3)))
    found = [
        decide(small, 0, 0, 0.0, 255.0, True, n, n, 1, "auto", _levels.level) for n in (10, 900)
    ]
    assert found[0] is found[1]
    large = Kernel(np.random.default_rng(0).random((63, 63)))
    floats = PIXELS["float32"].code, PIXELS["float32"].code, -math.inf, math.inf, False
    found = [decide(large, *floats, n, n, 1, "auto", _levels.level) for n in (900, 901)]
    assert [one.method for one in found] == ["fft", "fft"]
    assert found[0].cost != found[1].cost
    assert found[0].built is found[1].built  # its spectra are made once


def test_a_price_is_that_of_the_work() -> None:
    """And every term of the work has one in the table."""
    for weights in kernels():
        for asked in requests(20, weights.size + 1):
            try:
                found = decide(Kernel(weights), *asked)
            except ValueError:
                continue
            integer = asked[1] < PIXELS["float16"].code
            table = NS[asked[-1] if integer else "v4"][found.accumulator]
            total = sum(amount * table[term] for term, amount in found.work.items())
            assert found.cost == pytest.approx(total, rel=1e-12)


@pytest.mark.parametrize(("dtype", "side"), [("float32", 11), ("float64", 9), ("float64", 11)])
def test_prices_of_spectra_hold_the_proof_of_floats(dtype: str, side: int) -> None:
    # spectra took 1.8 to 2.5 times as long as the taps on a photograph, and as long on noise
    pixel = PIXELS[dtype].code
    kernel = Kernel(np.random.default_rng(0).random((side, side)))
    asked = pixel, pixel, -math.inf, math.inf, False, 512, 512, 1, "auto", _levels.level
    assert decide(kernel, *asked).method == "direct"


def test_the_binary_unit_divides_all_weights_and_no_larger_one_does() -> None:
    rng = np.random.default_rng(2)
    for _ in range(200):
        weights = rng.choice(EXTREME, 3) * rng.choice([1, 3, 7])
        unit = Fraction(planner.binary_unit(weights))
        parts = [Fraction(float(w)) / unit for w in weights if w]
        assert all(part.denominator == 1 for part in parts)
        assert not parts or any(part.numerator % 2 for part in parts)
    assert planner.binary_unit(np.zeros(3)) == 1


def rational_or_nearly() -> Iterator[Array]:
    """Weights that are quotients, near such, near a limit of what is rational, and random."""
    rng = np.random.default_rng(7)
    for _ in range(1500):
        size, divisor = rng.integers(1, 40), rng.integers(1, 2 ** rng.integers(1, 26))
        limit = 2 ** rng.integers(1, 33)
        n = rng.integers(-limit, limit, size)
        yield n / divisor
        yield n / divisor * (1 + rng.integers(-12, 13, size) * 2.0**-53)
        yield n / rng.integers(1, 60, size)
        yield n / max(1, abs(n.sum()))
        yield rng.normal(size=size).round(rng.integers(1, 9))
        yield rng.random(1) * 2.0 ** rng.integers(-40, 40)
        yield np.array([n[0] / divisor, 2.0**31 - abs(n[0] / divisor)])
    yield from (np.array([w]) for w in EXTREME)
    yield from (np.full(961, 1 / 961), rng.random(961), np.zeros(9), np.array([2.0**-23, 2.0**-24]))


def test_the_planner_finds_the_whole_numbers_and_the_divisor_of_the_definition() -> None:
    found = 0
    for weights in rational_or_nearly():
        with np.errstate(over="ignore"):
            wanted = reference.rational(weights)
        got = planner.rational(np.asarray(weights, np.float64))
        assert (got is None) == (wanted is None), weights
        if got is not None and wanted is not None:
            found += 1
            assert got[1] == wanted[1] and got[0] == wanted[0].tolist(), weights
    assert found > 1500


def test_factors_of_a_separable_kernel_are_its_own() -> None:
    for weights in (bell(7), np.outer([1.0, 2, 2], [1.0, 3, 5, 2, 1]) / 60, np.ones((4, 5)) / 20):
        found = planner.proposed(
            Kernel(weights),
            0,
            0,
            0.0,
            255.0,
            True,
            90,
            90,
            1,
            "separable",
            _levels.level,
            "float64",
        )
        assert isinstance(found, Strategy)
        product = np.outer(found.down, found.across)
        np.testing.assert_allclose(product, weights * (found.divisor or 1), rtol=2.0**-50)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({0: 11}, "source and target must be from 0 to 10; got 11, 0"),
        ({1: -1}, "source and target must be from 0 to 10; got 0, -1"),
        ({8: "slow"}, "method must be auto or one of direct, .*; got 'slow'"),
        ({9: "v5"}, "level must be one of base, v3, v4; got 'v5'"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(change: dict[int, Any], words: str) -> None:
    asked: list[Any] = [0, 0, 0.0, 255.0, True, 9, 9, 1, "auto", _levels.level]
    for at, value in change.items():
        asked[at] = value
    with pytest.raises(ValueError, match=words):
        decide(Kernel(np.ones((3, 3))), *asked)


def test_a_kernel_without_weights_is_refused() -> None:
    with pytest.raises(ValueError, match="kernel must not be empty"):
        Kernel(np.ones((0, 3)))
    with pytest.raises(ValueError, match="kernel must have weights"):
        decide(
            Kernel(None),  # type: ignore[arg-type]
            0, 0, 0.0, 255.0, True, 9, 9, 1, "auto", _levels.level,
        )  # fmt: skip


def test_an_engine_refuses_the_strategy_of_another_kernel(level: str) -> None:
    wide, high = Kernel(bell(9)), Kernel(np.ones((3, 9)))
    strategy = decide(wide, 0, 0, 0.0, 255.0, True, 900, 900, 1, "separable", level)
    with pytest.raises(ValueError, match="strategy must be one for a kernel of shape"):
        _levels.engine.Program(high, strategy, 1, 0)


def test_windows_of_the_same_weights_and_other_shapes_are_told_apart() -> None:
    image = np.random.default_rng(3).random((9, 8))
    weights = np.arange(1.0, 7)
    for shape in ((2, 3), (3, 2), (1, 6), (6, 1)):
        window = weights.reshape(shape)
        got = fastconv.ndimage.correlate(image, window)
        np.testing.assert_allclose(got, fastconv.reference.correlate(image, window))
