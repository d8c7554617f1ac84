# SPDX-License-Identifier: BSD-3-Clause
"""Volumes beside scipy.ndimage, SimpleITK, DIPlib, and OpenCV slice by slice, on one thread or more.

python benchmarks/bench_volumes.py [SIDE] [--threads N]
python benchmarks/bench_volumes.py --fit    # LONGER of src/planning/volumes.pxi
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from rows_of_times import header, library, line, threads
from timing import Call, race

import fastconv
from fastconv import _planes, kernels

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


def fit() -> None:
    """Print how much longer each step of a long list takes beside pictures, slice by slice, than their
    prices say.
    """
    rng = np.random.default_rng(0)
    for dtype in ("uint8", "uint16", "float32"):
        image: Any = (rng.random((32, 96, 128)) * 250).astype(dtype)
        for side in (13, 15, 19, 25):
            dense = rng.random((side,) * 3)
            longer(image, dense / dense.sum())


def longer(image: Any, kernel: Any) -> None:
    """Print LONGER by a list and pictures of one kernel, and the prices and times of both."""
    plan, listed = (fastconv.plan(kernel, pixel=image.dtype, method=m) for m in ("auto", "direct"))
    known: Any = _planes.planes_of
    prices: list[float] = []

    def always(*args: Any) -> Any:
        made = known(*args[:-1], 1e9)
        assert made is not None
        prices.extend((made.cost, args[-1]))
        return made

    def by_pictures() -> Any:
        _planes.planes_of = always  # type: ignore[assignment]
        try:
            return plan(image)
        finally:
            _planes.planes_of = known

    times = race(
        {"pictures": by_pictures, "list": lambda: listed(image)}, least=0.02, rounds=3, most=0.5
    )
    ns = [t.median / image.size * 1e9 for t in times.values()]
    size = len(kernel)
    steps = (size + 3) * size * size / 4 + 2 * (size - 1)
    priced = 1 + 0.5 * (1 - 256 / steps)  # as the price has it
    more = (ns[1] / ns[0] / (prices[1] / priced / prices[0]) - 1) / (1 - 256 / steps)
    print(
        f"{image.dtype} {size} cubed: LONGER {more:.2f}; pictures {ns[0]:.0f} ns, predicted {prices[0]:.0f}, "
        f"list {ns[1]:.0f}, predicted {prices[1]:.0f}"
    )


def main() -> None:
    if "--fit" in sys.argv:
        fastconv.set_num_threads(1)
        fit()
        return
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
