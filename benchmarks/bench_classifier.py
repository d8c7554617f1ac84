# SPDX-License-Identifier: BSD-3-Clause
"""A pixel classifier's stack of features beside scikit-image's and fastfilters2's, on one thread.

    python benchmarks/bench_classifier.py [SIDE]

At each of six sigmas, in float32: Gaussian, Laplacian of Gaussian, gradient magnitude, and the eigenvalues
of the Hessian and of the structure tensor. The six derivatives share three passes down the columns.
fastfilters2 makes the same seven features with windows of the same size, but other borders; scikit-image's
multiscale_basic_features makes four: Gaussian, gradient magnitude by Sobel, and eigenvalues of a Hessian by
differences.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from rows_of_times import header, library, line
from timing import Call

import fastconv
from fastconv import kernels

Array = np.ndarray[Any, Any]

SIDE = int(sys.argv[1]) if len(sys.argv) > 1 else 1024
SIGMAS = (0.7, 1.0, 1.6, 3.5, 5.0, 10.0)


def lines_of(sigma: float) -> list[Array]:
    """A Gaussian and its first two derivatives, as lines."""
    return [
        kernels.gaussian_derivative(sigma, order, truncate=3 + order / 2).sum(axis=0)
        for order in range(3)
    ]


class Features:
    """Makes seven features of images of H x W, in memory that is kept."""

    def __init__(self, height: int, width: int) -> None:
        self._columns, self._products, self._tensor = np.empty((3, 3, height, width), np.float32)
        self._derivatives = np.empty((5, height, width), np.float32)
        self._room: Array = np.empty((height, width), np.float32)

    def __call__(self, image: Array, sigma: float) -> Array:
        """Features of an image at a sigma, shape (7, H, W)."""
        result = np.empty((7, *image.shape), np.float32)
        smooth, laplacian, magnitude = result[:3]
        dy, dx, yy, yx, xx = self._derivatives
        lines = lines_of(sigma)
        for passed, order in zip(self._columns, lines, strict=True):
            fastconv.convolve(image, order, axes=0, border="mirror", out=passed)
        for down, across, out in (
            (0, 0, smooth), (1, 0, dy), (0, 1, dx), (2, 0, yy), (1, 1, yx), (0, 2, xx),
        ):  # fmt: skip
            fastconv.convolve(self._columns[down], lines[across], axes=1, border="mirror", out=out)
        np.add(yy, xx, out=laplacian)
        self._eigenvalues(yy, yx, xx, *result[3:5])
        for (one, other), out in zip(((dy, dy), (dy, dx), (dx, dx)), self._products, strict=True):
            np.multiply(one, other, out=out)
        np.add(self._products[0], self._products[2], out=magnitude)
        np.sqrt(magnitude, out=magnitude)
        outer = kernels.gaussian(sigma / 2, truncate=3)
        fastconv.convolve(self._products, outer, border="mirror", out=self._tensor)
        self._eigenvalues(*self._tensor, *result[5:7])
        return result

    def _eigenvalues(self, yy: Array, yx: Array, xx: Array, larger: Array, smaller: Array) -> None:
        """Of symmetric matrices of two rows: half of the trace, plus and minus a root."""
        root = self._room
        np.subtract(yy, xx, out=root)
        root *= 0.5
        root *= root
        np.multiply(yx, yx, out=larger)
        root += larger
        np.sqrt(root, out=root)
        np.add(yy, xx, out=smaller)
        smaller *= 0.5
        np.add(smaller, root, out=larger)
        smaller -= root


def check(features: Features, image: Array) -> None:
    """Assert that the features are those of kernels of two axes."""
    got, sigma = features(image, 1.6).copy(), 1.6
    dy, dx = (
        fastconv.convolve(
            image, np.outer(*pair), border="mirror", dtype=np.float64
        )
        for pair in ((lines_of(sigma)[1], lines_of(sigma)[0]), lines_of(sigma)[:2])
    )  # fmt: skip
    np.testing.assert_allclose(got[2], np.hypot(dy, dx), atol=1e-5)


def main() -> None:
    header()
    image: Array = np.random.default_rng(0).random((SIDE, SIDE)).astype(np.float32)
    features = Features(SIDE, SIDE)
    check(features, image)
    skimage, fastfilters2 = library("skimage.feature"), library("fastfilters2")

    def made_by(sigmas: tuple[float, ...]) -> dict[str, Call]:
        made: dict[str, Call] = {"fastconv": lambda: [features(image, s) for s in sigmas]}
        if fastfilters2:
            made["fastfilters2"] = lambda: [fastfilters2.compute_filters(image, s) for s in sigmas]
        if skimage:
            made["scikit-image, 4 of 7"] = lambda: [
                skimage.multiscale_basic_features(
                    image, sigma_min=s, sigma_max=s, num_sigma=1, workers=1
                )
                for s in sigmas
            ]
        return made

    for sigma in SIGMAS:
        line(f"{SIDE} x {SIDE}, sigma {sigma:g}", made_by((sigma,)))
    line(f"{SIDE} x {SIDE}, six sigmas", made_by(SIGMAS))


if __name__ == "__main__":
    main()
