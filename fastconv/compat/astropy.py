# SPDX-License-Identifier: BSD-3-Clause
"""astropy.convolution's convolve and convolve_fft: its names, arguments and errors, and its results within
roundings.

Public as ``fastconv.astropy``. NaN and masked samples are filled in by what is around them, as there.
Lines, pictures and volumes of real numbers are summed here, in float64, whatever their type. All else is
handed to astropy if it is installed: kernels that are convolved with kernels, FFTs of the caller's choice,
and what is wrong, so that errors are astropy's own.

A result of `convolve_fft` is a sum here too, so it is as exact as that of `convolve`: what is 1e-17 in
astropy may be 0 here.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._arguments import quiet
from ..api import convolve as _convolve
from . import originals

__all__ = ["convolve", "convolve_fft"]

Array = NDArray[Any]

_LIBRARY = "astropy.convolution"
_BORDERS = {"fill": "constant", "wrap": "wrap", "extend": "nearest", None: "reflect"}
# Kernels of a smaller sum cannot be normalized, says astropy.
_LEAST_SUM = 1 / 100
# Weights that convolve_fft takes for none.
_NO_WEIGHT = 10 * 2.0**-52
# Bytes of complex numbers that convolve_fft refuses unless it is told otherwise.
_HUGE = 10**9


def _is_of(value: object, module: str) -> bool:
    """Whether an object is of a class of one of astropy's modules, which is not imported for it."""
    return any(base.__module__.startswith(module) for base in type(value).__mro__)


def _handed_over(name: str, given: dict[str, Any]) -> Any:
    """What astropy makes of a call, or says of it."""
    original = originals.find(_LIBRARY, name)
    if original is None:
        raise ValueError(f"{name} of these arguments is left to astropy, which is not installed")
    return original(**given)


def _of_nddata(function: Callable[..., Any], array: Any, kernel: Any, given: dict[str, Any]) -> Any:
    """The data, mask and unit of an NDData as arguments, as astropy takes it apart."""
    from astropy.nddata import support_nddata

    # a mask that was given as None is none that was given
    known = {name: value for name, value in given.items() if name != "mask" or value is not None}
    return support_nddata(data="array")(function)(array, kernel, **known)


def _numbers(array: Any, mask: Any) -> tuple[Array, NDArray[np.bool_] | None, Any] | None:
    """The numbers, mask and unit of an array; None if it is one that is handed over."""
    unit = getattr(array, "unit", None)
    values = array.value if unit is not None else array
    hidden = np.ma.getmaskarray(values) if np.ma.is_masked(values) else None
    try:
        a = np.asarray(np.ma.getdata(values) if hidden is not None else values)
    except ValueError:
        return None
    if a.dtype.kind not in "biuf" or a.dtype.itemsize > 8 or a.ndim not in (1, 2, 3) or a.size == 0:
        return None
    if mask is not None:
        given = np.asarray(mask)
        if given.dtype.kind not in "biuf" or given.shape != a.shape or np.ma.is_masked(mask):
            return None
        hidden = given != 0 if hidden is None else hidden | (given != 0)
    return a, hidden, unit


def _weights(kernel: Any, axes: int) -> Array | None:
    """The weights of a kernel; None if it is one that is handed over."""
    if _is_of(kernel, _LIBRARY):
        kernel = kernel.array
    if np.ma.is_masked(kernel):
        return None
    kernel = getattr(kernel, "value", kernel)
    try:
        k = np.asarray(kernel)
    except ValueError:
        return None
    if k.dtype.kind not in "biuf" or k.dtype.itemsize > 8 or k.ndim != axes or k.size == 0:
        return None
    return k.astype(np.float64)


@quiet
def _real_convolve(
    array: Any,
    kernel: Any,
    boundary: Any,
    fill_value: Any,
    nan_treatment: Any,
    normalize_kernel: Any,
    mask: Any,
    preserve_nan: Any,
    normalization_zero_tol: Any,
) -> Any:
    """None if the call is handed over."""
    if boundary not in _BORDERS or nan_treatment not in ("interpolate", "fill"):
        return None
    numbers = None if _is_of(array, _LIBRARY) else _numbers(array, mask)
    weights = None if numbers is None else _weights(kernel, numbers[0].ndim)
    if numbers is None or weights is None or not np.isfinite(weights).all():
        return None
    a, hidden, unit = numbers
    if any(n % 2 == 0 for n in weights.shape) or np.ndim(fill_value) or np.iscomplexobj(fill_value):
        return None
    if boundary is None and any(n > m for n, m in zip(weights.shape, a.shape, strict=True)):
        return None
    interpolate, nan_outside = nan_treatment == "interpolate", bool(np.isnan(fill_value))
    nan = None
    if hidden is not None or (a.dtype.kind == "f" and np.isnan(a.min())):
        nan = np.isnan(a) if hidden is None else hidden | np.isnan(a)
    missing = nan if interpolate else None
    divides = interpolate and (missing is not None or (boundary == "fill" and nan_outside))
    total = float(weights.sum())
    small = total < _LEAST_SUM or np.isclose(total, 0, atol=normalization_zero_tol)
    if small and (normalize_kernel or divides):
        return None
    if nan_treatment == "fill" and nan is not None:
        a = np.where(nan, np.float64(fill_value), a)
    options: dict[str, Any] = {"border": _BORDERS[boundary]}
    if boundary == "fill":
        options["cval"] = float(fill_value)
    if boundary is None:
        options["shape"] = "valid"
    if divides:
        options |= {"mask": missing, "renormalize": True, "nan_policy": "omit"}
    made = _convolve(
        a, weights / total if normalize_kernel else weights, dtype=np.float64, **options
    )
    if boundary is None:
        frame = np.zeros(a.shape)
        inner = tuple(
            slice(n // 2, n // 2 + m) for n, m in zip(weights.shape, made.shape, strict=True)
        )
        frame[inner] = made
        made = frame
    if divides:
        gone = np.isnan(made)
        if gone.any():  # a window of no weight keeps what is in its middle
            made[gone] = a[gone] if missing is None else np.where(missing, np.nan, a)[gone]
        if not preserve_nan and np.isnan(made).any():
            _warn_of_nan()
    if preserve_nan and nan is not None:
        made[nan] = np.nan
    dtype = getattr(array, "dtype", a.dtype)
    if dtype.kind == "f" and hasattr(array, "dtype"):
        made = made.astype(dtype, copy=False)
    return made if unit is None else made << unit


def _warn_of_nan() -> None:
    try:
        from astropy.utils.exceptions import AstropyUserWarning as Category
    except ImportError:
        Category = UserWarning
    warnings.warn(
        "nan_treatment='interpolate', however, NaN values detected post convolution. A contiguous region "
        "of NaN values, larger than the kernel size, are present in the input array. Increase the kernel "
        "size to avoid this.",
        Category,
        stacklevel=5,
    )


def convolve(
    array: ArrayLike,
    kernel: Any,
    boundary: str | None = "fill",
    fill_value: float = 0.0,
    nan_treatment: str = "interpolate",
    normalize_kernel: bool = True,
    mask: ArrayLike | None = None,
    preserve_nan: bool = False,
    normalization_zero_tol: float = 1e-8,
) -> Any:
    """Convolve a line, picture or volume, as astropy.convolution.convolve.

    Parameters
    ----------
    array : array_like, masked array, Quantity or NDData, 1-D to 3-D
        NaN and what is masked is missing.
    kernel : array_like or astropy.convolution.Kernel
        Of odd sizes, and as many axes.
    boundary : {"fill", "wrap", "extend", None}
        What stands outside: a constant, the array again, its nearest sample. With None, results whose window
        reaches outside are 0.
    fill_value : float
        The constant, and what NaN counts for with ``nan_treatment="fill"``.
    nan_treatment : {"interpolate", "fill"}
        Whether missing samples are left out, and the weights of all others count for more, or are filled.
    normalize_kernel : bool
        Whether the kernel is divided by its sum.
    mask : array_like, optional
        Not 0 where samples are missing.
    preserve_nan : bool
        Whether results are NaN where the array is.
    normalization_zero_tol : float
        How near to 0 a sum is that cannot be divided by.

    Returns
    -------
    ndarray, Quantity or Kernel
        Of the array's type if that is of floats, else of float64.

    Examples
    --------
    >>> import fastconv, numpy as np
    >>> fastconv.astropy.convolve([1, np.nan, 3, 4], [1, 1, 1], boundary="extend").round(3)
    array([1.   , 2.   , 3.5  , 3.667])
    """
    given = {
        "boundary": boundary,
        "fill_value": fill_value,
        "nan_treatment": nan_treatment,
        "normalize_kernel": normalize_kernel,
        "mask": mask,
        "preserve_nan": preserve_nan,
        "normalization_zero_tol": normalization_zero_tol,
    }
    if _is_of(array, "astropy.nddata"):
        return _of_nddata(convolve, array, kernel, given)
    made = _real_convolve(array, kernel, **given)
    return (
        _handed_over("convolve", {"array": array, "kernel": kernel, **given})
        if made is None
        else made
    )


@quiet
def _real_convolve_fft(
    array: Any,
    kernel: Any,
    boundary: Any,
    fill_value: Any,
    nan_treatment: Any,
    normalize_kernel: Any,
    normalization_zero_tol: Any,
    preserve_nan: Any,
    mask: Any,
    min_wt: Any,
    allow_huge: Any,
) -> Any:
    """None if the call is handed over."""
    if boundary not in ("fill", "wrap") or nan_treatment not in ("interpolate", "fill"):
        return None
    numbers = None if _is_of(array, _LIBRARY) else _numbers(array, mask)
    weights = None if numbers is None else _weights(kernel, numbers[0].ndim)
    if numbers is None or weights is None or np.ndim(fill_value) or np.iscomplexobj(fill_value):
        return None
    a, hidden, unit = numbers
    padded = np.prod([float(n + k) for n, k in zip(a.shape, weights.shape, strict=True)])
    if padded * 16 * 1.5 > _HUGE and not allow_huge:
        return None
    larger = any(n > m for n, m in zip(weights.shape, a.shape, strict=True))
    if (
        (boundary == "wrap" and larger)
        or normalize_kernel not in (True, False)
        or not 0 <= min_wt <= 1
    ):
        return None
    weights[~np.isfinite(weights)] = 0
    total = float(weights.sum())
    interpolate = nan_treatment == "interpolate"
    if normalize_kernel and total < _LEAST_SUM:
        return None
    if interpolate and (abs(total) < normalization_zero_tol or (weights < 0).any()):
        return None
    missing = None
    if a.dtype.kind == "f" and not np.isfinite(a.sum()):
        missing = ~np.isfinite(a)
    if hidden is not None:
        missing = hidden if missing is None else hidden | missing
    outside = float(fill_value) if np.isfinite(fill_value) else 0.0
    options: dict[str, Any] = {"border": "wrap" if boundary == "wrap" else "constant"}
    if boundary == "fill":
        options["cval"] = outside
    if not interpolate and missing is not None:
        a = np.where(missing, np.float64(fill_value), a)
    if interpolate:
        if boundary == "fill" and not np.isfinite(fill_value):
            options = {"border": "omit"}
        options |= {"mask": missing, "renormalize": True, "min_weight": max(min_wt, _NO_WEIGHT)}
        options["fill"] = np.nan if min_wt > 0 else 0.0
    made = _convolve(
        a, weights / total if normalize_kernel else weights, dtype=np.float64, **options
    )
    if preserve_nan and missing is not None:
        made[missing] = np.nan
    return made if unit is None else made << unit


def convolve_fft(
    array: ArrayLike,
    kernel: Any,
    boundary: str | None = "fill",
    fill_value: float = 0.0,
    nan_treatment: str = "interpolate",
    normalize_kernel: Any = True,
    normalization_zero_tol: float = 1e-8,
    preserve_nan: bool = False,
    mask: ArrayLike | None = None,
    crop: bool = True,
    return_fft: bool = False,
    fft_pad: bool | None = None,
    psf_pad: bool | None = None,
    min_wt: float = 0.0,
    allow_huge: bool = False,
    fftn: Callable[..., Any] = np.fft.fftn,
    ifftn: Callable[..., Any] = np.fft.ifftn,
    complex_dtype: Any = complex,
    dealias: bool = False,
) -> Any:
    """Convolve a line, picture or volume, as astropy.convolution.convolve_fft.

    Parameters
    ----------
    array : array_like, masked array, Quantity or NDData
        NaN, infinity and what is masked is missing.
    kernel : array_like or astropy.convolution.Kernel
    boundary : {"fill", "wrap"}
    fill_value, nan_treatment, normalize_kernel, normalization_zero_tol, preserve_nan, mask
        As in `convolve`.
    crop, return_fft, fft_pad, psf_pad, fftn, ifftn, complex_dtype, dealias
        As in astropy, which answers the call if one of these is not what it is by default.
    min_wt : float
        Results with a smaller share of the weights are NaN; if it is 0, those with none are 0.
    allow_huge : bool
        Whether arrays of more than 1 GB are allowed.

    Returns
    -------
    ndarray or Quantity
        Of float64.

    Examples
    --------
    >>> import fastconv, numpy as np
    >>> fastconv.astropy.convolve_fft([1, np.nan, 3], [1, 1, 1])
    array([0.5, 2. , 1.5])
    """
    given = {
        "boundary": boundary,
        "fill_value": fill_value,
        "nan_treatment": nan_treatment,
        "normalize_kernel": normalize_kernel,
        "normalization_zero_tol": normalization_zero_tol,
        "preserve_nan": preserve_nan,
        "mask": mask,
        "min_wt": min_wt,
        "allow_huge": allow_huge,
    }
    special = {
        "crop": crop,
        "return_fft": return_fft,
        "fft_pad": fft_pad,
        "psf_pad": psf_pad,
        "fftn": fftn,
        "ifftn": ifftn,
        "complex_dtype": complex_dtype,
        "dealias": dealias,
    }
    if _is_of(array, "astropy.nddata"):
        return _of_nddata(convolve_fft, array, kernel, given | special)
    usual = crop and not return_fft and fft_pad is psf_pad is None and not dealias
    usual = usual and fftn is np.fft.fftn and ifftn is np.fft.ifftn and complex_dtype is complex
    made = _real_convolve_fft(array, kernel, **given) if usual else None
    if made is None:
        return _handed_over("convolve_fft", {"array": array, "kernel": kernel, **given, **special})
    return made
