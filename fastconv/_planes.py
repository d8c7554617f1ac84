# SPDX-License-Identifier: BSD-3-Clause
"""Large kernels of three axes, and large kernels with strides, as pictures that are filtered whole.

A list of rows sums every tap. A slice of the kernel can be summed in other ways too, by spectra for
instance, on all pictures that it meets. Their sums are the volume's:

    result[z] = sum over k of picture[z + k] filtered by slice k of the kernel

With a stride all results of a picture are made, and those that are wanted are kept. A single slice has the
results of a picture's plan. Sums of several slices are as exact:

    floats      each slice is within (its taps + 1) eps sum|w||x|, and additions cost less than the other
                slices' taps
    integers    if the kernel is rational, its whole numbers have whole sums in float64, which are rounded to
                these before they are divided; other sums that are nearly ties are summed by the definition
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import reference
from ._borders import index_table
from ._engine.planner import Strategy
from ._execute import Axis
from ._options import bits_of
from ._pixels import Floats, Pixel, pixel_of
from ._plan import Part, Plan
from ._planner import decide

if TYPE_CHECKING:
    from ._volumes import Direction, VolumePlan, _View

# Samples of results that are made at a time.
_SAMPLES = 2**19
# ns of a result of lists of rows from which on pictures are asked for.
_LEAST_COST = 8.0
# ns of adding a slice's results, and of rounding their sums.
_ADD, _ROUND = 1.0, 20.0
# The most that whole sums may be off, and others, which are summed again where they are nearly ties.
_LEAST_DISTANCE, _MOST_DOUBT = 0.25, 2.0**-14
_EPS = 2.0**-53


class Planes(NamedTuple):
    """How a volume is filtered by pictures.

    Attributes
    ----------
    slices : tuple of (int, Plan)
        Slices of the kernel that are not all zeros, and their plans.
    divisor : int
        Of whole sums; 0: they are not whole numbers.
    plus : float
        What is added to the sums.
    doubt : float
        How far sums may be from the definition's; 0: they are rounded exactly, or floats.
    strategies : tuple of Strategy
        How the pictures are filtered, slice by slice.
    cost : float
        Predicted ns of a result.
    """

    slices: tuple[tuple[int, Plan], ...]
    divisor: int
    plus: float
    doubt: float
    strategies: tuple[Strategy, ...]
    cost: float

    @property
    def row_step(self) -> int:
        """Step of the rows of pictures at which parts must begin so that floats get the same bits."""
        return math.lcm(*(strategy.row_step for strategy in self.strategies))

    @property
    def promise(self) -> str:
        """How exact sums of several slices become integers; empty where a picture's promise holds."""
        if self.divisor:
            return "exact: sums are rounded to whole numbers before they are divided"
        if self.doubt:
            return (
                f"exact: pixels within {self.doubt:.1g} of a tie are summed again by the definition"
            )
        return ""

    @property
    def words(self) -> str:
        """What is said of it."""
        if len(self.slices) < 2:
            return "all results of each picture are made, and some are kept"
        return f"each of {len(self.slices)} slices of the kernel filters pictures, whose sums are added"


def planes_of(
    plan: VolumePlan, view: _View, a: NDArray[Any], target: Pixel, channels: int, listed: float
) -> Planes | None:
    """How volumes like `a` are filtered by pictures, if that costs less than the `listed` ns of a result."""
    sizes = [direction.size for direction in view.directions]
    if listed < _LEAST_COST or "c" in plan.kernel.dtype.kind + a.dtype.kind:
        return None
    kernel: Floats = plan.kernel.reshape(sizes)
    used = [k for k in range(sizes[0]) if kernel[k].any()]
    source, bits = pixel_of(a.dtype, "image"), bits_of(a) if 0 not in a.strides else 63
    made, divisor, plus, doubt = np.dtype(target.name), 0, 0.0, 0.0
    if sizes[0] > 1:
        kernel, divisor, plus, doubt = _weights(plan, kernel, plan.samples(bits, source), target)
        if not doubt <= (_LEAST_DISTANCE if divisor else _MOST_DOUBT):
            return None
        narrow = source.name in ("float16", "float32") or 0 < source.peak < 2**16
        wide = target.integer or target.name == "float64" or not narrow
        made = np.dtype(np.float64 if wide else np.float32)
    slices = tuple((k, plan.slice_plan(view, k, kernel[k], made, sizes[0] > 1)) for k in used)
    size = _whole(view.directions[1])[2], _whole(view.directions[2])[2]
    strategies = tuple(
        decide(*each._ask(each.parts[0], bits, source, pixel_of(made, "dtype"), size, channels))
        for _, each in slices
    )
    cost = sum(strategy.cost for strategy in strategies)
    cost *= math.prod(size) / math.prod(direction.window[2] for direction in view.directions[1:])
    if sizes[0] > 1:
        cost += len(used) * _ADD + _ROUND * target.integer
    if not 0 < cost < listed:
        return None
    return Planes(slices, divisor, plus, doubt, strategies, cost)


def _weights(
    plan: VolumePlan, kernel: Floats, samples: tuple[float, float, bool], target: Pixel
) -> tuple[Floats, int, float, float]:
    """The weights that are summed, what divides their sums, what is added to these, and how far
    they may be from the definition's; for floats the last one is 0.
    """
    divisor, plus = 0, plan.offset
    if not target.integer:
        return kernel, divisor, plus, 0.0
    low, high, integral = samples
    fraction = reference.rational(np.append(kernel, plus) if plus else kernel) if integral else None
    if fraction is not None:
        whole, divisor = fraction
        kernel = whole.ravel()[: kernel.size].reshape(kernel.shape)
        plus = float(whole.ravel()[-1]) if plus else 0.0
    most = max(abs(low), abs(high)) * float(np.abs(kernel).sum()) + abs(plus)
    return kernel, divisor, plus, 4 * (np.count_nonzero(kernel) + 2) * _EPS * most


def _whole(direction: Direction) -> Axis:
    """The windows of an axis without its step."""
    length, start, count = direction.window
    return length, start, (count - 1) * direction.step + 1


def run(planes: Planes, plan: VolumePlan, view: _View, a: NDArray[Any], b: NDArray[Any]) -> None:
    """Fill `b` from `a`, of shape (..., D, H, W, C), by pictures and bands of some rows."""
    rows, cols = (_whole(direction) for direction in view.directions[1:])
    step, size = view.directions[1].step, (rows[2], cols[2])
    samples = cols[2] * a.shape[-1]  # of a row
    band = max(_SAMPLES // (samples * step), 2 * view.directions[1].size // step + 1)
    band += -band % planes.row_step
    group = max(1, _SAMPLES // (rows[2] * samples))
    for lead in np.ndindex(a.shape[:-4]):
        for z in range(0, b.shape[-4], group):
            for y in range(0, b.shape[-3], band):
                some = b[lead][z : z + group, y : y + band]
                down = rows[0], rows[1] + y * step, (some.shape[1] - 1) * step + 1
                _fill(planes, plan, view, a[lead], some, z, y, Part((down, cols), size))


def _fill(
    planes: Planes,
    plan: VolumePlan,
    view: _View,
    a: NDArray[Any],
    b: NDArray[Any],
    z: int,
    y: int,
    part: Part,
) -> None:
    """Results of slices from `z` on and rows from `y` on."""
    slices, down, across = view.directions
    total: Any = None
    for k, each in planes.slices:
        length, start, _ = slices.window
        count = (b.shape[0] - 1) * slices.step + 1
        table = index_table(length, start + k + z * slices.step, count, slices.border)
        made = each.run(_pictures(a, table[:: slices.step]), None, part)
        made = made[:, :: down.step, :: across.step]
        outside = table[:: slices.step] < 0
        if outside.any():  # all of whose samples are the constant
            made[outside] = (each.kernel[each.kernel != 0] * plan.cval).sum()
        total = made if total is None else np.add(total, made, out=total)
    if slices.size > 1:
        total = _finished(planes, plan, view, a, total, b.dtype, (z, y, 0))
    b[...] = total


def _pictures(a: NDArray[Any], table: NDArray[np.intp]) -> NDArray[Any]:
    """Pictures of a volume; any in place of those of the constant."""
    step = int(table[1] - table[0]) if len(table) > 1 else 1
    if step > 0 and table[0] >= 0 and (np.diff(table) == step).all():
        return a[table[0] : table[-1] + 1 : step]
    return a[table]


def _finished(
    planes: Planes, plan: VolumePlan, view: _View, a: NDArray[Any], total: Floats, dtype: np.dtype[Any],
    first: tuple[int, int, int],
) -> NDArray[Any]:  # fmt: skip
    """Results of sums; `first` is the place of the first one."""
    if planes.divisor:
        whole = np.rint(total).astype(np.int64) + int(planes.plus)
        whole = reference.quotients(np.abs(whole) if plan.absolute else whole, planes.divisor)
        return reference._to_pixels(whole, dtype)
    if planes.doubt:
        for place in np.argwhere(_nearly_ties(total + planes.plus, planes.doubt)):
            at = *(place[:3] + first).tolist(), int(place[3])
            total[tuple(place)] = _defined(plan, view, a, at)
    total = total + total.dtype.type(planes.plus) if planes.plus else total
    return reference._to_pixels(np.abs(total) if plan.absolute else total, dtype)


def _nearly_ties(total: Floats, doubt: float) -> NDArray[np.bool_]:
    """Where sums are so near to a tie that they may be on its other side."""
    near: NDArray[np.bool_] = 0.5 - np.abs(total - np.rint(total)) <= doubt
    return near


def _defined(plan: VolumePlan, view: _View, a: NDArray[Any], place: tuple[int, ...]) -> float:
    """The definition's sum: of the products in row-major order, from the first one on."""
    tables = []
    for at, direction in zip(place[:3], view.directions, strict=True):
        length, start, _ = direction.window
        first = start + at * direction.step
        tables.append(index_table(length, first, direction.size, direction.border))
    z, y, x = np.ix_(*tables)
    window = a[z, y, x, place[3]].astype(np.float64)
    window = np.where((z < 0) | (y < 0) | (x < 0), plan.cval, window)
    kernel = plan.kernel.reshape(window.shape)
    products: Floats = kernel[kernel != 0] * window[kernel != 0]
    return float(products.cumsum()[-1])
