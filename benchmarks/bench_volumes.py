# SPDX-License-Identifier: BSD-3-Clause
"""Volumes beside scipy.ndimage, SimpleITK, DIPlib, and OpenCV slice by slice, on one thread or more.

python benchmarks/bench_volumes.py [SIDE] [--threads N]
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from rows_of_times import header, library, line, threads
from timing import Call

import fastconv
from fastconv import kernels

SIDE = int(sys.argv[1]) if sys.argv[1:2] and sys.argv[1].isdigit() else 128


def entrants(image: Any, kernel: Any, lines: Any) -> dict[str, Call]:
    """All entrants that can filter with a kernel. It is the product of `lines` if these are
    given.
    """
    made: dict[str, Call] = {"fastconv": lambda: fastconv.convolve(image, kernel)}
    ndimage, itk, dip, cv2 = map(library, ("scipy.ndimage", "SimpleITK", "diplib", "cv2"))
    if ndimage:
        made["scipy"] = lambda: ndimage.convolve(image, kernel)
    if itk:
        volume, window = (itk.GetImageFromArray(a) for a in (image, kernel.astype(np.float64)))
        floats = itk.Cast(window, itk.sitkFloat32 if image.dtype == np.float32 else itk.sitkFloat64)
        made["SimpleITK"] = lambda: itk.GetArrayFromImage(
            itk.Convolution(itk.Cast(volume, floats.GetPixelID()), floats)
        )
    if dip:
        dip.SetNumberOfThreads(threads())
        made["diplib"] = lambda: dip.GeneralConvolution(
            dip.Image(image, None),
            dip.Image(kernel, None),  # no axis is one of tensors
        )
    if cv2 and lines is not None:
        deep = np.ascontiguousarray(lines[0])

        def slices() -> Any:
            flat = np.stack([cv2.sepFilter2D(a, cv2.CV_32F, lines[2], lines[1]) for a in image])
            columns = flat.reshape(len(image), -1)
            return cv2.sepFilter2D(columns, cv2.CV_32F, np.ones(1), deep).reshape(image.shape)

        made["cv2 by slices, float32"] = slices
    return made


def main() -> None:
    header()
    rng = np.random.default_rng(0)
    for shape in ((SIDE,) * 3, (SIDE // 2, 4 * SIDE, 4 * SIDE)):
        for dtype in ("uint8", "uint16", "float32"):
            image = (rng.random(shape) * 250).astype(dtype)
            for size in (3, 5, 7):
                gauss = kernels.gaussian(size / 6, truncate=3.0)
                row = np.sqrt(np.diag(gauss)[:, np.newaxis])[:, 0]
                gaussian = np.einsum("i,j,k->ijk", row, row, row)
                dense = rng.random((size,) * 3)
                dense /= dense.sum()
                what = f"{dtype} {' x '.join(map(str, shape))}, {size} cubed"
                line(f"{what} Gaussian", entrants(image, gaussian, (row, row, row)))
                if image.size <= 1 << 21:
                    line(f"{what} dense", entrants(image, dense, None))


if __name__ == "__main__":
    main()
