# SPDX-License-Identifier: BSD-3-Clause
"""The linear filters of scipy.ndimage: its names, arguments, errors and results, to the last bit.

Public as ``fastconv.ndimage``. SciPy is not needed, but for kernels with more than three axes longer than 1,
which are handed to it if it is there and summed in NumPy if not.

What "to the last bit" takes: sums in float64 in SciPy's order, nothing fused; even and odd filters in
pairs; running sums for means; casts as in C, which truncate and wrap around; one axis after the other, with
what lies between in the type of the result. See scipy.ndimage's documentation for what each function means.

What differs: masked elements and units, which SciPy drops, are a TypeError here (what `fastconv.install` put
in place hands them to SciPy), and laplace, gaussian_laplace and gaussian_gradient_magnitude may be given
their input as output.
"""

from .along_axes import (
    convolve1d,
    correlate1d,
    gaussian_filter,
    gaussian_filter1d,
    uniform_filter,
    uniform_filter1d,
)
from .derivatives import gaussian_gradient_magnitude, gaussian_laplace, laplace, prewitt, sobel
from .windows import convolve, correlate

__all__ = [
    "convolve",
    "convolve1d",
    "correlate",
    "correlate1d",
    "gaussian_filter",
    "gaussian_filter1d",
    "gaussian_gradient_magnitude",
    "gaussian_laplace",
    "laplace",
    "prewitt",
    "sobel",
    "uniform_filter",
    "uniform_filter1d",
]
