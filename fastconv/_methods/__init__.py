# SPDX-License-Identifier: BSD-3-Clause
"""Methods: ways to compute the sum. One file each, asked in turn by the planner.

Each module has ``NAME`` and ``propose(facts, lane) -> Recipe | str``: how it would do the job with sums
of that type, what it would cost and how far off it may be; or, in words, why it cannot. A method knows
no size thresholds: it states its work, the table of fastconv._costs prices it, and the planner takes the
cheapest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .. import _levels, reference
from .._costs import NS
from .._pixels import Pixel

Floats = NDArray[np.float64]

# Lane types of src/simd.h. "strict" is float64 in the definition's order and rounding: it is the
# definition, so it is never wrong, and never fast.
Lane = Literal["float32", "float64", "strict"]
LANES: tuple[Lane, ...] = ("float32", "float64", "strict")
# Largest relative error of one rounding.
ROUNDING = {"float32": 2.0**-24, "float64": 2.0**-53, "strict": 0.0}
# Integers up to here are exact in the lane's type.
EXACT = {"float32": 2.0**24, "float64": 2.0**53, "strict": 2.0**53}

# Numbers of src/job.pxi.
WINDOW, BOX, WIDE, DOT, FFT, RUNNING = 0, 1, 2, 3, 4, 5
QUADS, QUADS_BACK = 8, 9

# What a recipe does for each sample of the result: how much of each of the terms of fastconv._costs.
Work = Mapping[str, float]


@dataclass(frozen=True)
class Facts:
    """What is known of a job before a method is chosen.

    Attributes
    ----------
    kernel : ndarray, shape (h, w)
        Weights as they lie on the window (a convolution's are reversed already), as they are to be summed:
        the whole numbers of a rational kernel (see `fastconv.reference.rational`) where there is a divisor.
    source, target : Pixel
    low, high : float
        Range of samples and constant; infinite for floats.
    integral : bool
        Whether samples and constant are integers.
    size : (int, int)
        Height and width of the result.
    plus : float
        A number that is added to every result before it is rounded. Only a dot can.
    channels : int
        Samples of a pixel.
    fraction : (ndarray, int) or None
        Whole numbers and the divisor that the result is a quotient of; None if it is not exact.
    divisor : int
        What sums are to be divided by; 0 for those of the kernel as it is, also if it is rational and a power
        of two divides it.
    """

    kernel: Floats
    source: Pixel
    target: Pixel
    low: float
    high: float
    integral: bool
    size: tuple[int, int]
    plus: float = 0.0
    channels: int = 1
    taps: int = field(init=False)
    weight: float = field(init=False)
    unit: float = field(init=False)
    finite: bool = field(init=False)
    fraction: tuple[Floats, int] | None = field(init=False)
    divisor: int = field(init=False)

    def __post_init__(self) -> None:
        set_ = object.__setattr__  # derived facts of a frozen dataclass
        set_(self, "fraction", self._rational())
        set_(self, "divisor", 0)
        if self.fraction is not None:
            whole, divisor = self.fraction
            # sums that are multiples of a power of two need no division, if they are exact
            binary = divisor & (divisor - 1) == 0
            if divisor == 1 or (binary and np.abs(whole).sum() * self.peak <= EXACT["float64"]):
                set_(self, "kernel", whole / divisor)
            else:
                set_(self, "kernel", whole)
                set_(self, "divisor", divisor)
        set_(self, "finite", bool(np.isfinite(self.kernel).all()))
        set_(self, "taps", int(np.count_nonzero(self.kernel)))
        with np.errstate(over="ignore"):
            set_(self, "weight", float(np.abs(self.kernel).sum()) if self.finite else np.inf)
        set_(self, "unit", binary_unit(self.kernel) if self.finite else 0.0)

    def _rational(self) -> tuple[Floats, int] | None:
        """Whole numbers and a divisor, if the definition is their quotient."""
        if not (self.integral and self.source.integer and self.target.integer):
            return None
        found = reference.rational(np.append(self.kernel, self.plus))
        return found and (found[0][:-1].reshape(self.kernel.shape), found[1])

    @property
    def level(self) -> str:
        """Level whose prices count. Which method sums decides the last bits of a float, and must not depend
        on the machine; integers do not show it.
        """
        return _levels.level if self.target.integer else "v4"

    @property
    def peak(self) -> float:
        """Largest magnitude of a sample or the constant."""
        return max(-self.low, self.high)

    def is_exact(self, lane: Lane) -> bool:
        """Whether every partial sum, in any order, is exact: all are integers times one power of two. And the
        quotient, if there is one: rounded in the lane's type, it is a tie if and only if it really is. One
        that is none is at least 1 / (2 * divisor) away, and rounded by less than that if the sum has a bit to
        spare.
        """
        if not self.integral or self.unit == 0 or not np.isfinite(self.weight):
            return False
        return self.weight / self.unit * self.peak * (2 if self.divisor else 1) <= EXACT[lane]

    @property
    def ties(self) -> float:
        """Share of results that are ties, as far as known."""
        if self.fraction is None or self.fraction[1] % 2:
            return 0.0
        return 1 / self.fraction[1]


@dataclass(frozen=True)
class Recipe:
    """One way to do a job, and all that the engine must be told.

    Attributes
    ----------
    method : str
        Name of the method.
    code : int
        Its number in the engine.
    lane : {"float32", "float64", "strict"}
        Type of the sums.
    work : mapping of str to float
        What it does for each sample of the result.
    why : str
        Half a sentence for `explain`.
    error : float
        Largest distance from the definition, for an image of integers.
    across, down : ndarray, shape (1, w) and (h, 1)
        Factors of a separable kernel; empty for others.
    folds : (bool, bool)
        Whether the row and the column are symmetric and to be folded (src/fold.pxi).
    scale : float
        Factor of the sums of a box or a dot; 1 for others.
    kernel : ndarray, shape (h, w)
        The weights that are summed; empty if they are those of the call.
    divisor : int
        What the sums of whole numbers are divided by; 0 if they are not.
    guard : float
        Error that the engine's rounding must watch; 0 where no tie can be missed.
    near : float
        How far a float64 sum in any order may be from the definition's; where there is a guard.
    whole : ndarray of int64, shape (h, w)
        Whole-numbered weights of a dot, to be written in `digits` digits; empty for others.
    digits : int
    tile : int
        Side of the tiles of an FFT.
    places : int
        Binary places of these if they are fixed-point numbers, else 0.
    plus : float
        A number that is added to the results of a dot before they are rounded.
    cut : int
        How sums become integers (src/truncate.pxi): 0 rounded and saturated, else cast as in C.
    cost : float
        Price of `work` in ns per sample, one thread; the planner puts it here.
    programs : dict
        What the engine made of this recipe, by level and number of channels.
    """

    method: str
    code: int
    lane: Lane
    work: Work
    why: str
    error: float = 0.0
    across: Floats = field(default_factory=lambda: np.empty((0, 0)))
    down: Floats = field(default_factory=lambda: np.empty((0, 0)))
    folds: tuple[bool, bool] = (False, False)
    scale: float = 1.0
    kernel: Floats = field(default_factory=lambda: np.empty((0, 0)))
    divisor: int = 0
    guard: float = 0.0
    near: float = 0.0
    whole: NDArray[np.int64] = field(default_factory=lambda: np.empty((0, 0), np.int64))
    digits: int = 0
    tile: int = 0
    places: int = 0
    plus: float = 0.0
    cut: int = 0
    cost: float = 0.0
    programs: dict[tuple[str, int], Any] = field(default_factory=dict, compare=False, repr=False)

    def guarded(self, facts: Facts) -> Recipe:
        """Watch ties: a pixel within `error` of one (both sides of it) is summed again exactly."""
        share = max(2 * self.error, facts.ties)
        work = {**self.work, "guard": 1.0, **again(facts, share)}
        return replace(self, guard=self.error, near=near_error(facts), work=work)


def finished(facts: Facts, recipe: Recipe) -> Recipe:
    """The recipe with its price, and with the weights that it sums."""
    cost = price(recipe.work, recipe.lane, facts.level)
    if recipe.kernel.size:
        return replace(recipe, cost=cost)
    return replace(recipe, cost=cost, kernel=facts.kernel, divisor=facts.divisor)


def price(work: Work, lane: Lane, level: str) -> float:
    """ns a sample that this work takes one core at a level, with sums of type `lane`."""
    table = NS[level][lane]
    return sum(amount * table[term] for term, amount in work.items())


def again(facts: Facts, share: float) -> Work:
    """Sum a share of the pixels again."""
    return {"again": share, "again tap": share * facts.taps}


def rows_of(facts: Facts) -> Work:
    """Read samples and write results by way of rows of sums."""
    return {f"load {facts.source.stored}": 1.0, f"store {facts.target.name}": 1.0}


def window_of(kernel: Floats, folded: bool = False) -> Work:
    """Sum the taps of a window of rows, as sum_rows in src/sparse.pxi does."""
    height, width = kernel.shape
    taps = float(np.count_nonzero(kernel))
    if folded:
        return (
            {"fold row": 1.0, "fold row tap": taps}
            if height == 1
            else {"fold": 1.0, "fold tap": taps}
        )
    if height == 1:
        return {"row": 1.0, "row tap": taps}
    if taps == kernel.size and height >= 3:
        return {"direct": 1.0, "direct load": (height + 3) * width / 4, "direct tap": taps}
    rows = np.pad(kernel != 0, ((3, 3), (0, 0)))
    steps = np.logical_or.reduce([rows[i : i + height + 3] for i in range(4)])
    return {"sparse": 1.0, "sparse step": np.count_nonzero(steps) / 4, "sparse tap": taps}


def definition_error(facts: Facts) -> float:
    """How far the definition's own result, or any other sum in float64, may be from the true one."""
    if facts.fraction is not None:
        return 0.0
    roundings = facts.taps + 1 + (facts.plus != 0)
    return 1.01 * roundings * 2.0**-53 * (facts.weight * facts.peak + abs(facts.plus))


def near_error(facts: Facts) -> float:
    """How far two float64 sums in different orders may be from each other."""
    return 2.02 * definition_error(facts)


def binary_unit(weights: Floats) -> float:
    """Largest power of two of which all weights are integer multiples; 1 for a kernel of zeros."""
    mantissas, exponents = np.frexp(weights[weights != 0])
    if not mantissas.size:
        return 1.0
    integers = np.abs(np.ldexp(mantissas, 53)).astype(np.int64)
    lowest = exponents - 53 + np.log2(integers & -integers).astype(np.int64)
    return float(np.ldexp(1.0, int(lowest.min())))


def rounding_error(weights: Floats, lane: Lane, peak: float, folded: bool = False) -> float:
    """Bound of the error of a chain of multiply-adds over samples of magnitude up to `peak`; `folded` if each
    weight is multiplied with the rounded sum of two samples (src/fold.pxi).

    Each step rounds the partial sum, whose magnitude is at most `peak` times the weights so far, and
    each weight was rounded once when it was stored in the lane's type (Higham, Accuracy and Stability
    of Numerical Algorithms, 3.1). The factor covers terms of second order and this function's own
    rounding.
    """
    if lane == "strict":
        return 0.0
    magnitudes = np.abs(weights[weights != 0])
    half = len(magnitudes) // 2
    chain = (
        np.append(2 * magnitudes[:half], magnitudes[half : -half or None]) if folded else magnitudes
    )
    with np.errstate(over="ignore"):
        total = np.cumsum(chain).sum() + (3 if folded else 2) * magnitudes.sum()
    return float(1.01 * ROUNDING[lane] * total) * peak
