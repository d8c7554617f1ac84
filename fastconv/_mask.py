# SPDX-License-Identifier: BSD-3-Clause
"""What of an image is missing, and what is done about it: the options, checked, and the rules that the
definition and the engine share.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._arguments import array_of
from ._borders import canonical

NAN_POLICIES = ("propagate", "omit", "raise")
# Weights that sum to less than this share of their magnitudes cancel; and so much below the least weight that
# is asked for is enough of it, for sums that are equal but for roundings must not be told apart.
SLACK = 2.0**-30


@dataclass(frozen=True)
class Missing:
    """Options: see `fastconv.convolve`.

    Attributes
    ----------
    nan_policy : {"propagate", "omit", "raise"}
    min_weight : float
    renormalize : bool or "auto"
    fill : number or None
    omit : bool
        Whether what stands outside of the image is missing: ``border="omit"``.
    """

    nan_policy: str = "propagate"
    min_weight: float = 0.0
    renormalize: bool | str = "auto"
    fill: complex | None = None
    omit: bool = False

    @property
    def active(self) -> bool:
        """Whether images without a mask are not filtered as ever."""
        return self.omit or self.nan_policy != "propagate"


NOTHING = Missing()


def outside(border: str, cval: complex, nan_policy: str) -> tuple[str, complex, bool]:
    """Border and constant of the image, and whether what stands outside is missing, as a NaN may be too."""
    if isinstance(border, str) and border.lower() == "omit":
        return "constant", 0.0, True
    name = canonical(border)
    if name == "constant" and nan_policy == "omit" and np.isnan(cval):
        return name, 0.0, True
    return name, cval, False


def as_missing(
    nan_policy: str, min_weight: float, renormalize: bool | str, fill: Any, omit: bool
) -> Missing:
    """Check all that needs no kernel and no image."""
    given = nan_policy, min_weight, renormalize, fill, omit
    if given == ("propagate", 0.0, "auto", None, False):
        return NOTHING
    if nan_policy not in NAN_POLICIES:
        raise ValueError(f"nan_policy must be one of {', '.join(NAN_POLICIES)}; got {nan_policy!r}")
    least = _number(min_weight, "min_weight")
    if not (np.isrealobj(least) and 0 <= least <= 1):
        raise ValueError(
            f"min_weight must be from 0 to 1, a share of the weights; got {min_weight!r}"
        )
    if not (isinstance(renormalize, (bool, np.bool_)) or renormalize == "auto"):
        raise ValueError(f'renormalize must be True, False or "auto"; got {renormalize!r}')
    choice = renormalize if isinstance(renormalize, str) else bool(renormalize)
    number = None if fill is None else _number(fill, "fill")
    return Missing(nan_policy, float(least), choice, number, omit)


def _number(value: Any, argument: str) -> Any:
    a = array_of(value, argument)
    if a.ndim != 0 or a.dtype.kind not in "biufc":
        raise TypeError(f"{argument} must be a number; got {value!r}")
    return a.item()


def renormalizes(kernel: NDArray[Any], choice: bool | str) -> tuple[bool, str]:
    """Whether sums are divided by the weights that were there, and why.

    Raises
    ------
    ValueError
        That was asked for, and would be nonsense.
    """
    finite = kernel.dtype.kind != "c" and bool(np.isfinite(kernel).all())
    if choice is False:
        return False, "missing samples count as 0, as renormalize=False asks"
    if choice == "auto":
        one_sign = finite and bool((kernel >= 0).all() or (kernel <= 0).all())
        if one_sign and kernel.any():
            return True, "divided by the weights of the samples that are there"
        return False, "missing samples count as 0, for weights of both signs cancel"
    if not finite:
        raise ValueError("renormalize must not be True for complex or infinite weights")
    total, size = float(kernel.sum()), float(np.abs(kernel).sum())
    if abs(total) < SLACK * size or size == 0:
        raise ValueError(
            f"renormalize must not be True for a kernel whose weights sum to 0; got a sum of {total:.3g} "
            f"where their magnitudes sum to {size:.3g}"
        )
    return True, "divided by the weights of the samples that are there, as renormalize=True asks"


def split(image: Any) -> tuple[Any, NDArray[np.bool_] | None]:
    """An image and its mask, if it is one of NumPy's masked arrays, else None."""
    if not isinstance(image, np.ma.MaskedArray) or image.dtype.names is not None:
        return image, None
    return np.ma.getdata(image), np.ma.getmaskarray(image)


def mask_of(mask: ArrayLike, shape: tuple[int, ...], channel_axis: int | None) -> NDArray[np.bool_]:
    """A mask for an image of this shape, a view where it has fewer axes."""
    m = array_of(mask, "mask")
    if m.dtype != np.bool_:
        raise TypeError(
            f"mask must be of type bool, True where samples are missing; got {m.dtype}. Compare it first, "
            f"as mask != 0"
        )
    if m.shape == shape:
        return m
    if channel_axis is not None and m.ndim and m.ndim == len(shape) - 1:
        m = np.expand_dims(m, channel_axis)
    try:
        return np.broadcast_to(m, shape)
    except ValueError:
        raise ValueError(
            f"mask must have the shape of image, {shape}, or one that broadcasts to it; got {np.shape(mask)}"
        ) from None


def joined(
    one: NDArray[np.bool_] | None, other: NDArray[np.bool_] | None
) -> NDArray[np.bool_] | None:
    """What either of two masks says is missing."""
    if one is None or other is None:
        return other if one is None else one
    joint: NDArray[np.bool_] = one | other
    return joint


def check_last_steps(missing: Missing, masked: bool) -> None:
    """Raise ValueError where an offset or a magnitude is asked for of what misses samples."""
    if masked or missing.active:
        raise ValueError("offset must be 0 and absolute False where samples are missing")


def check_nan(image: NDArray[Any], mask: NDArray[np.bool_] | None) -> None:
    """Raise ValueError if there is a NaN that is not masked."""
    if image.dtype.kind not in "fc":
        return
    nan = np.isnan(image)
    if mask is not None:
        nan &= ~mask
    if nan.any():
        raise ValueError(
            f'image must hold no NaN where nan_policy="raise"; got {np.count_nonzero(nan)} of {image.size}'
        )


def is_held(value: complex, dtype: np.dtype[Any]) -> bool:
    """Whether a type of integers, or bool, has this number."""
    if isinstance(value, complex) or not isfinite(value) or value != int(value):
        return False
    if dtype.kind == "b":
        return value in (0, 1)
    limits = np.iinfo(dtype)
    return bool(limits.min <= value <= limits.max)


def fill_of(fill: complex | None, dtype: np.dtype[Any], hidden: bool) -> Any:
    """What missing results are, in the type of the result.

    Parameters
    ----------
    fill : number or None
    dtype : dtype
    hidden : bool
        Whether a mask tells which results are missing, so that their value does not matter.
    """
    if fill is None:
        if dtype.kind in "fc":
            return dtype.type(np.nan)
        if hidden:
            return dtype.type(0)
        raise ValueError(
            f"fill must be given for a result of type {dtype}, which has no NaN for what is missing; got None"
        )
    if dtype.kind in "iu":
        if not is_held(fill, dtype):
            raise ValueError(f"fill must be a number of type {dtype}; got {fill!r}")
        return dtype.type(int(fill.real))
    if dtype.kind == "f" and isinstance(fill, complex):
        raise ValueError(f"fill must be a number of type {dtype}; got {fill!r}")
    with np.errstate(all="ignore"):
        return dtype.type(fill)
