# SPDX-License-Identifier: BSD-3-Clause
"""A layer of a network: torch.nn.functional.conv2d, for layers of few input channels.

Each channel of the result is the correlation of a few input channels with a kernel of its own. One input
channel is a picture. Two to four are a volume, and the kernel spans all of its slices:

    depthwise, 1 -> K       a plane
    2, 3, 4 -> K            a window of as many slices, at a single position along them

All kernels that meet the same channels are summed while the rows of a window are there. Where another
method than a list of taps is cheaper, as for large depthwise kernels, each channel of the result is a
call of its own.

With more input channels a layer is a product of large matrices, which needs other algorithms.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _levels
from ._arguments import array_of, quiet
from ._engine.calls import PlanBase, remember, remembered
from ._engine.planner import Kernel
from ._execute import Axis, execute_volume
from ._options import as_each, as_index, as_kernel, as_steps, checked_out
from ._pixels import Pixel, pixel_of
from ._plan import Part, Plan
from ._planner import decide
from ._volumes import plan_of

__all__ = ["conv2d"]

# Most input channels of a channel of the result.
_MOST_CHANNELS = 4
# Programs that a layer keeps, for images of different types and sizes.
_KEPT = 4


def conv2d(
    x: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] | str = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
    *,
    out: NDArray[Any] | None = None,
    threads: int | None = None,
) -> NDArray[Any]:
    """Correlate channels with kernels, as torch.nn.functional.conv2d does, if few channels meet in one.

    Parameters
    ----------
    x : array_like, shape (N, C, H, W) or (C, H, W)
        float16, float32 or float64.
    weight : array_like, shape (K, C / groups, h, w)
        Real; a kernel for each of K channels of the result, of at most 4 input channels a group: depthwise
        layers (``groups=C``), and first layers.
    bias : array_like, shape (K,), optional
        Added to the channels of the result, once these have the type of `x`.
    stride : int or (int, int)
        Pixels from one window to the next, down and across.
    padding : int, (int, int), "same" or "valid"
        Rows and columns of zeros around each channel; "same" is for a stride of 1.
    dilation : int or (int, int)
        Pixels from one tap to the next.
    groups : int
        Into how many groups the channels of input and result are cut: channels of a result see only those
        of their own group.
    out : ndarray, optional
        Where to write the result, of the type of `x`.
    threads : int, optional
        The most threads to use; see `set_num_threads`.

    Returns
    -------
    ndarray, shape (N, K, H', W') or (K, H', W')
        Its type is that of `x`.

    Raises
    ------
    TypeError
        A type is not supported.
    ValueError
        A value is not allowed, or a group has more than 4 input channels: use torch or onnxruntime
        for these.

    Examples
    --------
    >>> import fastconv, numpy as np
    >>> x = np.arange(32, dtype=np.float32).reshape(1, 2, 4, 4)
    >>> fastconv.conv2d(x, np.ones((1, 2, 2, 2), np.float32), stride=2).tolist()
    [[[[84.0, 100.0], [148.0, 164.0]]]]
    >>> fastconv.conv2d(x, np.ones((2, 1, 3, 3)), [0.5, 0], groups=2).tolist()
    [[[[45.5, 54.5], [81.5, 90.5]], [[189.0, 198.0], [225.0, 234.0]]]]
    """
    a = array_of(x, "x")
    given = array_of(weight, "weight", "a 4-D array")
    added = None if bias is None else _as_bias(bias, given)
    options = ("conv2d", stride, padding, dilation, groups, threads)
    layer = remembered(given, options)
    if layer is None:
        layer = _layer(given, stride, padding, dilation, groups, threads)
        remember(given, options, layer)
    result: NDArray[Any] = layer(a, out=out)
    if added is not None:
        result += added.astype(result.dtype)
    return result


class _Layer(PlanBase):
    """Weights and options, checked once.

    Parameters
    ----------
    plans : tuple of VolumePlan
        One for each channel of the result.
    weights : (int, int, int, int)
        Shape of the weights.
    padding : ((int, int), (int, int))
        Zeros before and after rows and columns.
    groups : int
    """

    __slots__ = ("_programs", "groups", "kernels", "padding", "plans", "weights")

    def __init__(
        self,
        plans: tuple[Plan, ...],
        weights: tuple[int, ...],
        padding: tuple[tuple[int, int], ...],
        groups: int,
    ) -> None:
        super().__init__(plans[0].options, plans[0].parts)
        self.plans, self.weights, self.padding, self.groups = plans, weights, padding, groups
        rows = weights[1] * plans[0].window[1], plans[0].window[2]
        self.kernels = tuple(Kernel(np.ascontiguousarray(p.lying.reshape(rows))) for p in plans)
        self._programs: dict[Any, Any] = {}

    @quiet
    def _apply(self, image: Any, out: NDArray[Any] | None) -> NDArray[Any]:
        x = self._checked(image)
        kernels, channels = self.weights[:2]
        reach, steps = self.plans[0].window[1:], self.plans[0].steps[1:]
        windows: list[Axis] = [(channels, 0, 1)]
        for n, taps, (before, after), step in zip(
            x.shape[-2:], reach, self.padding, steps, strict=True
        ):
            count = (n + before + after - taps) // step + 1
            if count < 1:
                raise ValueError(
                    f"weight must fit into x and its padding; got a window of {reach} in {x.shape[-2:]}"
                )
            windows.append((n, -before, count))
        size = tuple(count for _, _, count in windows)
        result = checked_out(out, (*x.shape[:-3], kernels, *size[1:]), x.dtype.newbyteorder("="))
        if 0 in result.shape:
            return result
        if out is not None and np.may_share_memory(x, out):
            x = x.copy()
        known_program = self._program(x, size)
        if known_program is not None:
            program, cost, source, target = known_program
            windows[0] = (channels * self.groups, 0, self.groups)
            bound = execute_volume(
                program, x[..., np.newaxis], result[..., np.newaxis], source, target, tuple(windows),
                ("constant",) * 3, (0.0, 0.0), cost, self.threads,
            )  # fmt: skip
            if out is None and x.dtype.isnative:
                self.repeats_as(x, x, result, bound, True)
            return result
        part = Part(tuple(windows), size)
        for k, plan in enumerate(self.plans):
            first = k // (kernels // self.groups) * channels
            plan.run(x[..., first : first + channels, :, :], result[..., k : k + 1, :, :], part)
        self._weigh()
        return result

    def _weigh(self) -> None:
        held = sum(plan.program_bytes for plan in self.plans)
        self.holds(held + sum(made[0].nbytes() for made in self._programs.values() if made))

    def _program(
        self, x: NDArray[Any], size: tuple[int, ...]
    ) -> tuple[Any, float, Pixel, Pixel] | None:
        """A program of all kernels for results of this size, its price, and the types of its samples. None
        where each kernel has a better way of its own.
        """
        key = _levels.level, x.dtype, size
        if key not in self._programs:
            self._programs[key] = self._prepared(x, size)
            for old in list(self._programs)[:-_KEPT]:
                self._programs.pop(old, None)
            self._weigh()
        made: tuple[Any, float, Pixel, Pixel] | None = self._programs[key]
        return made

    def _prepared(
        self, x: NDArray[Any], size: tuple[int, ...]
    ) -> tuple[Any, float, Pixel, Pixel] | None:
        source, target = (pixel_of(t, "x") for t in (x.dtype, x.dtype.newbyteorder("=")))
        samples = -np.inf, np.inf, False
        area, (_, down, across) = (size[1], size[2]), self.plans[0].steps
        channels, steps = self.weights[1], (down, across)
        if channels == 1 and max(steps) == 1:
            ways = {
                decide(kernel, source, target, samples, area, 1, "auto").method
                for kernel in self.kernels
            }
            if not ways <= {"direct", "sparse"}:
                return None
        strategies = [
            decide(kernel, source, target, samples, area, 1, "direct", slices=channels, steps=steps)
            for kernel in self.kernels
        ]
        if len({strategy.accumulator for strategy in strategies}) > 1:
            return None
        program = _levels.engine.Program(
            self.kernels[0], strategies[0], 1, target.code, channels, (channels, *steps), self.kernels,
            self.groups,
        )  # fmt: skip
        return program, strategies[0].cost, source, target

    def _checked(self, x: NDArray[Any]) -> NDArray[Any]:
        if x.dtype.kind != "f" or x.dtype.itemsize > 8:
            raise TypeError(f"x must be of type float16, float32 or float64; got {x.dtype}")
        channels = self.weights[1] * self.groups
        if x.ndim not in (3, 4) or x.shape[-3] != channels:
            raise ValueError(
                f"x must have shape (N, {channels}, H, W) or ({channels}, H, W) for weight of shape "
                f"{self.weights} and groups={self.groups}; got {x.shape}"
            )
        return x


def _layer(
    weight: NDArray[Any], stride: Any, padding: Any, dilation: Any, groups: int, threads: int | None
) -> _Layer:
    """Check everything that needs no image."""
    w = as_kernel(weight, 4, "weight")
    if w.dtype.kind == "c":
        raise TypeError(f"weight must be real; got {w.dtype}")
    parts = as_index(groups, "groups")
    if parts < 1 or len(w) % parts:
        raise ValueError(
            f"groups must divide the {len(w)} channels of the result, weight.shape[0]; got {groups}"
        )
    if w.shape[1] > _MOST_CHANNELS:
        raise ValueError(
            f"weight must have at most {_MOST_CHANNELS} input channels a group; got {w.shape[1]}: "
            f"torch.nn.functional.conv2d and onnxruntime are made for more"
        )
    steps, gaps = as_steps(stride, 2, "stride"), as_steps(dilation, 2, "dilation")
    plans = tuple(
        plan_of(
            kernel, False, border="constant", shape="full", threads=threads, stride=(1, *steps),
            dilation=(1, *gaps),
        )
        for kernel in w
    )  # fmt: skip
    around = _around(padding, plans[0].window[1:], steps)
    return _Layer(plans, w.shape, around, parts)


def _around(
    padding: Any, reach: tuple[int, ...], steps: tuple[int, ...]
) -> tuple[tuple[int, int], ...]:
    """Zeros before and after rows and columns."""
    if isinstance(padding, str):
        if padding == "valid":
            return (0, 0), (0, 0)
        if padding != "same" or max(steps) > 1:
            raise ValueError(
                f"padding must be integers, 'valid', or 'same' with a stride of 1; got {padding!r} with a "
                f"stride of {steps}"
            )
        return tuple(((n - 1) // 2, n // 2) for n in reach)
    zeros = as_each(padding, 2, "padding")
    if min(zeros) < 0:
        raise ValueError(f"padding must be at least 0; got {padding!r}")
    return tuple((n, n) for n in zeros)


def _as_bias(bias: ArrayLike, weight: NDArray[Any]) -> NDArray[Any]:
    """The bias as an array that broadcasts over rows and columns: one number for each channel of
    the result.
    """
    b = array_of(bias, "bias")
    if b.dtype.kind not in "biuf" or b.shape != weight.shape[:1]:
        raise ValueError(
            f"bias must hold {len(weight) if weight.ndim else 0} real numbers, one for each channel of the "
            f"result; got {b.dtype} of shape {b.shape}"
        )
    return b[:, np.newaxis, np.newaxis]
