# SPDX-License-Identifier: BSD-3-Clause
"""Separable: a kernel of rank one is a column times a row, so h + w taps do what h * w would
(Treitel & Shanks, The design of multistage separable planar filters, 1971).

Rank one is found exactly or not at all: each weight must equal the product of its factors but for the
roundings with which np.outer, or a division by the sum, made it. The factors are scaled by a power of
two so that the row's weights sum to between 1/2 and 1: its sums can then not overflow before the
column has seen them.
"""

from __future__ import annotations

import numpy as np

from . import (
    EXACT,
    WINDOW,
    Facts,
    Floats,
    Lane,
    Recipe,
    binary_unit,
    rounding_error,
    rows_of,
    window_of,
)

NAME = "separable"

# How far a weight may be from the product of the factors, relative: two roundings made the weight
# (a product and a division), two more make the product here, and one the division below.
RANK_ONE = 5 * 2.0**-53

# Factors divide weights by weights, and may be smaller than float32 can hold where no weight is.
SMALLEST = 2.0**-100

# Heights of columns that the engine can fold, and all above.
FOLDED = (3, 5, 7, 9)
# Two samples are added before a weight makes them small: sums of floats might overflow where the definition's
# do not, so only samples that are known to be smaller are folded.
UNBOUNDED = 2.0**100


def factors(kernel: Floats) -> tuple[Floats, Floats] | None:
    """Column and row whose outer product is the kernel, None if there are none."""
    y, x = np.unravel_index(np.abs(kernel).argmax(), kernel.shape)
    pivot = kernel[y, x]
    if pivot == 0:
        return None
    row = kernel[y] / pivot
    column = kernel[:, x].copy()
    exponent = int(np.frexp(np.abs(row).sum())[1])
    row, column = np.ldexp(row, -exponent), np.ldexp(column, exponent)
    if not np.isfinite(column).all():
        return None
    if (np.abs(np.outer(column, row) - kernel) > RANK_ONE * np.abs(kernel)).any():
        return None
    return _integers(column, row, kernel) or (column, row)


def _integers(column: Floats, row: Floats, kernel: Floats) -> tuple[Floats, Floats] | None:
    """Factors with the fewest bits, so that sums of integers stay exact: [1 2 1] for [.25 .5 .25]."""
    smallest = np.abs(row[row != 0]).min()
    for divisor in range(1, 65):
        small = row * (divisor / smallest)
        if (np.abs(small - np.rint(small)) <= 1e-9).all() and np.abs(small).sum() < 2**24:
            small = np.rint(small)
            exponent = int(np.frexp(np.abs(small).sum())[1])
            x = int(np.abs(small).argmax())
            tall = np.ldexp(kernel[:, int(np.abs(row).argmax())] / small[x], exponent)
            small = np.ldexp(small, -exponent)
            if np.array_equal(np.outer(tall, small), kernel):
                return tall, small
    return None


def _is_exact(facts: Facts, column: Floats, row: Floats, lane: Lane) -> bool:
    """Whether both passes have only exact partial sums."""
    if not facts.integral or not np.array_equal(np.outer(column, row), facts.kernel):
        return False
    bits = np.abs(row).sum() / binary_unit(row) * (np.abs(column).sum() / binary_unit(column))
    return bool(bits * facts.peak <= EXACT[lane])


def _symmetric(line: Floats) -> bool:
    """Whether a factor without gaps may be folded."""
    return len(line) > 1 and bool(line.all()) and np.array_equal(line, line[::-1])


def propose(facts: Facts, lane: Lane) -> Recipe | str:
    """See `fastconv._methods`."""
    height, width = facts.kernel.shape
    if lane == "strict":
        return "the definition's order of taps is not separable"
    if min(height, width) == 1:
        return "the kernel is a line already"
    if not facts.finite:
        return "the kernel is not finite"
    found = factors(facts.kernel)
    if found is None:
        return "the kernel is not of rank one"
    column, row = found
    bounded = facts.peak < UNBOUNDED
    folds = (
        bounded and _symmetric(row),
        bounded and _symmetric(column) and (len(column) in FOLDED or len(column) > FOLDED[-1]),
    )
    weights = np.abs(np.concatenate([column, row]))
    if lane == "float32" and weights[weights != 0].min() < SMALLEST:
        return "a factor of the kernel is too small for float32"
    error = 0.0
    if not _is_exact(facts, column, row, lane):
        # the column multiplies the row's errors; the factors differ from the kernel by RANK_ONE
        error = (
            rounding_error(row, lane, facts.peak, folds[0]) * float(np.abs(column).sum())
            + rounding_error(column, lane, facts.peak * float(np.abs(row).sum()), folds[1])
            + 1.01 * RANK_ONE * facts.weight * facts.peak
        )
    across, down = (
        np.ascontiguousarray(factor) for factor in (row[np.newaxis], column[:, np.newaxis])
    )
    return Recipe(
        NAME,
        WINDOW,
        lane,
        {**rows_of(facts), **window_of(across, folds[0]), **window_of(down, folds[1])},
        f"a column times a row: {height} + {width} taps instead of {facts.taps}",
        error,
        across=across,
        down=down,
        folds=folds,
    )
