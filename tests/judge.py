# SPDX-License-Identifier: BSD-3-Clause
"""The judge: results must be those of `fastconv.reference`, integers to the last bit, floats within
the bound of the numbers contract.

The contract's bound is (taps + 1) * eps * sum|w||x|, pixel by pixel, with the eps of the sums' type, for
every method. It says nothing of sums that float32, or the result's type, cannot hold.
"""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

import fastconv
from fastconv import _levels, reference

Array = NDArray[Any]

BORDERS = ("reflect", "mirror", "nearest", "wrap", "constant")
INTEGERS = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64")
FLOATS = ("float16", "float32", "float64")
REALS = ("bool", *INTEGERS, *FLOATS)
COMPLEX = ("complex64", "complex128")

# Pixels that float32 holds exactly; only their sums may be float32.
NARROW = ("bool", "uint8", "int8", "uint16", "int16", "float16", "float32", "complex64")

# Kernels of every kind that the planner tells apart; none is symmetric, so a flip is seen.
KERNELS: dict[str, Array] = {
    "one tap": np.array([[3.0]]),
    "dense 3x3": np.array([[2.0, -1, 3], [5, 7, -4], [1, 6, -2]]) / 9,
    "sparse 3x3": np.array([[0.0, -1, 0], [-2, 7, -1], [0, -2, 0]]),
    "separable 3x5": np.outer([1.0, 2, 2], [1.0, 3, 5, 2, 1]) / 60,
    "box 3x3": np.ones((3, 3)) / 9,
    "box 5x4": np.full((5, 4), 0.05),
    "dense 5x5": (np.arange(25.0).reshape(5, 5) * 7 % 23 - 11.5) / 50,
    "even 4x6": (np.arange(24.0).reshape(4, 6) * 5 % 17 - 7.5) / 40,
    "row 1x7": np.array([[1.0, -2, 3, 9, 4, -1, 2]]) / 16,
    "column 7x1": np.array([[1.0, -2, 3, 9, 4, -1, 2]]).T / 16,
    "pair 2x2": np.array([[1.0, 2], [-1, 0.5]]),
    "long 1x31": np.linspace(-1, 2, 31)[np.newaxis] / 17,
    "zeros": np.zeros((2, 3)),
}


@contextmanager
def at_level(name: str) -> Iterator[None]:
    """Run on this level, and on the one before it afterwards."""
    before = _levels.level
    _levels.use(name)
    try:
        yield
    finally:
        _levels.use(before)


def picture(shape: tuple[int, ...], dtype: Any, seed: int = 0) -> Array:
    """Return noise over all of an integer type's range, or some hundred of either sign."""
    rng = np.random.default_rng(seed)
    dtype = np.dtype(dtype)
    if dtype == np.bool_:
        return rng.integers(0, 2, shape).astype(dtype)
    if dtype.kind in "iu":
        low, high = (int(v) for v in (np.iinfo(dtype).min, np.iinfo(dtype).max))
        a: Array = rng.integers(low, high, shape, dtype=dtype.newbyteorder("="), endpoint=True)
        return a.astype(dtype)
    a = rng.normal(size=shape) * 100
    if dtype.kind == "c":
        a = a + 1j * rng.normal(size=shape) * 100
    return a.astype(dtype)


def small_picture(shape: tuple[int, ...], dtype: Any, seed: int = 0) -> Array:
    """Return noise of 0 .. 250, also in types of 64 bits, whose sums float64 then holds."""
    a: Array = np.random.default_rng(seed).integers(0, 100, shape).astype(dtype)
    return a


class Kept:
    """Arrays by the values that they were made of, the last ones of so many bytes.

    The definition is slow, and the levels, methods and threads of a case all ask for the same result.
    """

    def __init__(self, limit: int) -> None:
        self.limit, self.size = limit, 0
        self.arrays: OrderedDict[Any, Array] = OrderedDict()

    def get(self, key: Any, make: Callable[[], Array]) -> Array:
        """The array of this key, which can only be read."""
        if key in self.arrays:
            self.arrays.move_to_end(key)
            return self.arrays[key]
        made = make()
        made.flags.writeable = False
        self.arrays[key] = made
        self.size += made.nbytes
        while self.size > self.limit:
            self.size -= self.arrays.popitem(last=False)[1].nbytes
        return made


_KEPT = Kept(64 << 20)


def _value(argument: Any) -> Any:
    """What an argument is equal by, to its bits: -0.0 is not 0.0."""
    if isinstance(argument, np.ndarray):
        digest = hashlib.blake2b(argument.tobytes()).digest()
        return type(argument), argument.dtype.str, argument.shape, digest
    return type(argument), repr(argument)


def definition(name: str, image: Any, kernel: Any, **options: Any) -> Array:
    """What `fastconv.<name>` must return, to be read only; `method` and `threads` do not change it."""
    known = {key: value for key, value in options.items() if key not in ("method", "threads")}
    call = {"convolve": reference.convolve, "correlate": reference.correlate}[name]

    def make() -> Array:
        with np.errstate(all="ignore"):
            return call(image, kernel, **known)

    if any(isinstance(each, np.ma.MaskedArray) for each in (image, *known.values())):
        return make()  # not the same for the same bytes
    named = tuple(sorted((key, _value(value)) for key, value in known.items()))
    return _KEPT.get((name, _value(image), _value(kernel), named), make)


def magnitude(a: Any) -> Array:
    """Magnitudes in float64, of both parts if they are complex; 0 for NaN and infinity."""
    a = np.asarray(a)
    with np.errstate(all="ignore"):
        sums = np.abs(a.real.astype(np.float64)) + np.abs(a.imag.astype(np.float64))
    return np.where(np.isfinite(sums), sums, 0.0)


def allowance(name: str, image: Array, kernel: Array, result: Any, **options: Any) -> Array:
    """Distance from the definition that the contract allows each pixel of a float result.

    Infinite where the contract says nothing, because the sum of magnitudes is beyond a float. What is
    not finite to begin with does not count: it must give what it gives in the definition.
    """
    options |= {"dtype": np.float64, "cval": magnitude(options.get("cval", 0))}
    options |= {key: abs(options[key]) for key in ("scale", "offset") if key in options}
    magnitudes = magnitude(kernel)
    total = definition(name, magnitude(image), magnitudes, **options)
    real = np.finfo(result).dtype  # of the parts, if it is complex
    narrow = image.dtype.name in NARROW and real != np.float64
    sums = np.finfo(np.float32 if narrow else np.float64)
    taps = int(np.count_nonzero(kernel)) * (2 if np.iscomplexobj(kernel) else 1)
    taps += bool(options.get("offset"))
    with np.errstate(over="ignore"):
        allowed = (taps + 1) * float(sums.eps) * total
        # sums too small for a float's full precision
        allowed += (taps + 1) * float(sums.smallest_subnormal) * max(1.0, float(magnitudes.sum()))
        if real != sums.dtype:
            allowed += float(np.finfo(real).eps) * total + float(np.finfo(real).smallest_subnormal)
        largest = min(float(sums.max), float(np.finfo(real).max))
        allowed[total + allowed >= largest] = np.inf
    return allowed


def assert_integers_equal(got: Array, wanted: Array, what: str = "") -> None:
    """Assert that two arrays of integers are one in type, shape and every bit."""
    assert got.dtype == wanted.dtype, f"{got.dtype} is not {wanted.dtype}. {what}"
    assert got.shape == wanted.shape, f"{got.shape} is not {wanted.shape}. {what}"
    if not np.array_equal(got, wanted):
        wrong = np.argwhere(got != wanted)
        at = tuple(int(i) for i in wrong[0])
        raise AssertionError(
            f"{len(wrong)} of {got.size} pixels differ, the first at {at}: "
            f"{got[at]} instead of {wanted[at]}. {what}"
        )


def assert_floats_close(got: Array, wanted: Array, allowed: Array, what: str = "") -> None:
    """Assert that floats are within `allowed` of `wanted`, and NaN or infinite where it is."""
    assert got.dtype == wanted.dtype, f"{got.dtype} is not {wanted.dtype}. {what}"
    assert got.shape == wanted.shape, f"{got.shape} is not {wanted.shape}. {what}"
    if got.dtype.kind == "c":
        assert_floats_close(got.real, wanted.real, allowed, what)
        assert_floats_close(got.imag, wanted.imag, allowed, what)
        return
    with np.errstate(all="ignore"):
        off = np.abs(got.astype(np.float64) - wanted.astype(np.float64))
        same = (got == wanted) | (np.isnan(got) & np.isnan(wanted))
        wrong = ~same & ~(off <= allowed) & ~np.isinf(allowed)
    if wrong.any():
        at = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise AssertionError(
            f"{int(wrong.sum())} of {got.size} pixels are off, the first at {at}: "
            f"{got[at]!r} instead of {wanted[at]!r}, {allowed[at]:.3g} allowed. {what}"
        )


def assert_defined(
    got: Array, name: str, image: Array, kernel: Array, what: str = "", **options: Any
) -> None:
    """Assert that this is what ``fastconv.<name>(image, kernel, **options)`` must return."""
    wanted = definition(name, image, kernel, **options)
    if wanted.dtype.kind in "iu":
        assert_integers_equal(got, wanted, what)
    else:
        allowed = allowance(name, image, kernel, wanted.dtype, **options)
        assert_floats_close(got, wanted, allowed, what)


def check(name: str, image: Array, kernel: Array, what: str = "", **options: Any) -> Array:
    """Call `fastconv.<name>`, assert that its answer is the definition's, and return it."""
    got: Array = getattr(fastconv, name)(image, kernel, **options)
    assert_defined(got, name, image, kernel, what, **options)
    return got


def or_refused(call: Callable[[], Array], words: str) -> Array | None:
    """Answer of a call, or None if it is a ValueError that says this (a regular expression)."""
    try:
        return call()
    except ValueError as error:
        if re.search(words, str(error)) is None:
            raise
        return None
