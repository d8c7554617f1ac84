# SPDX-License-Identifier: BSD-3-Clause
"""The gallery: the five kernels of the blog post on one picture, and all on one sheet; what a bank answers to
in it; slices of a volume.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont, ImageOps

from .. import kernels
from .._banks import bank
from ..api import convolve
from ..containers.pillow import apply
from .arguments import in_numbers

__all__ = [
    "FIVE",
    "bank_sheet",
    "contact_sheet",
    "features_sheet",
    "gallery_picture",
    "test_picture",
    "volume_sheet",
]

FIVE = ("identity", "box_blur", "gaussian_blur", "sharpening", "edge_detection")

_CELL = 480  # longest side of a picture on the contact sheet
_GAP = 24
_CAPTION = 52
_PAPER, _INK, _PALE = (250, 250, 248), (32, 34, 38), (120, 124, 130)


def gallery_picture(image: Image.Image) -> Image.Image:
    """Convert a picture for display: upright, on white, 8 bits, L or RGB."""
    image = ImageOps.exif_transpose(image)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        seen = Image.alpha_composite(white, image).convert("RGB")
        seen.info = image.info
        return seen
    if image.mode.startswith("I;16"):
        scaled: Image.Image = apply(image, [[1 / 257]], mode="L")  # 65535 becomes 255
        return scaled
    if image.mode in ("1", "L", "I", "F"):
        grey: Image.Image = apply(image, [[1]], mode="L")
        return grey
    return image.convert("RGB")


def _busiest(image: Image.Image, side: int) -> tuple[int, int]:
    """Find the left top corner of the square of most contrast. A blur first keeps noise from
    counting.
    """
    grey = apply(np.asarray(image.convert("L"), np.float32), kernels.gaussian(1.5))
    mean = kernels.box(side)
    contrast = apply(grey**2, mean) - apply(grey, mean) ** 2
    first = (side - 1) // 2  # windows that lie inside the picture, not the mirrored ones
    inside = contrast[first:, first:][: image.height - side + 1, : image.width - side + 1]
    y, x = np.unravel_index(int(np.argmax(inside)), inside.shape)
    return int(x), int(y)


def contact_sheet(
    pictures: dict[str, Image.Image], notes: dict[str, str] | None = None
) -> Image.Image:
    """Lay out pictures in three columns, with captions and the same detail enlarged."""
    original = next(iter(pictures.values()))
    scale = _CELL / max(original.size)
    if scale >= 2:  # enlarge pixels of a small picture by an integer
        scale = int(scale)
    width, height = (max(1, round(side * scale)) for side in original.size)
    cell = max(width, 240)  # room for the caption
    inset = int(0.4 * min(width, height)) // 2 * 2
    corner = _busiest(original, inset // 2) if scale < 2 and inset >= 48 else None

    rows = -(-len(pictures) // 3)
    sheet = Image.new(
        "RGB", (3 * (cell + _GAP) + _GAP, rows * (height + _CAPTION + _GAP) + _GAP), _PAPER
    )
    for number, (name, picture) in enumerate(pictures.items()):
        x = _GAP + number % 3 * (cell + _GAP)
        y = _GAP + number // 3 * (height + _CAPTION + _GAP)
        sheet.paste(_view(picture, (width, height), scale, inset, corner), (x, y))
        known = kernels.named().get(name)
        size = f"{picture.width} x {picture.height} pixels" if known is None else in_numbers(known)
        _caption(sheet, (x, y + height), name, (notes or {}).get(name, size))
    if original.mode == "RGB" and "icc_profile" in original.info:
        sheet.info["icc_profile"] = original.info["icc_profile"]
    return sheet


def _view(
    picture: Image.Image,
    size: tuple[int, int],
    scale: float,
    inset: int,
    corner: tuple[int, int] | None,
) -> Image.Image:
    """Scale a picture to its cell, and show a detail at 200 % in the farther lower corner."""
    smooth = Image.Resampling.NEAREST if scale >= 2 else Image.Resampling.LANCZOS
    view = picture.convert("RGB").resize(size, smooth)
    if corner is None:
        return view
    x, y = corner
    side = inset // 2
    detail = picture.convert("RGB").crop((x, y, x + side, y + side))
    detail = detail.resize((2 * side, 2 * side), Image.Resampling.NEAREST)
    detail = ImageOps.expand(ImageOps.expand(detail, 1, _INK), 2, "white")
    in_left_half = (x + side / 2) * scale < size[0] / 2
    view.paste(detail, (size[0] - detail.width if in_left_half else 0, size[1] - detail.height))
    box = [round(edge * scale) for edge in (x, y, x + side, y + side)]
    draw = ImageDraw.Draw(view)
    draw.rectangle(box, outline="white", width=2)
    draw.rectangle((box[0] - 1, box[1] - 1, box[2] + 1, box[3] + 1), outline=_INK)
    return view


def _caption(sheet: Image.Image, corner: tuple[int, int], name: str, small: str) -> None:
    draw = ImageDraw.Draw(sheet)
    x, y = corner
    draw.text((x, y + 8), name.replace("_", " "), _INK, ImageFont.load_default(size=19))
    draw.text((x, y + 33), small, _PALE, ImageFont.load_default(size=13))


def bank_sheet(original: Image.Image) -> Image.Image:
    """What Gabor kernels of two wavelengths and four directions answer; middle grey is no answer."""
    notes = {
        f"stripes of {1 / frequency:g} pixels, {lie}": f"gabor({frequency}, {i} / 4 * pi)"
        for frequency in _FREQUENCIES
        for i, lie in enumerate(_STRIPES)
    }
    grey = np.asarray(original.convert("L"))
    answers = bank(grey, kernels.gabor_bank(_FREQUENCIES, len(_STRIPES)), scale=8, offset=128)
    pictures = {name: Image.fromarray(a) for name, a in zip(notes, answers, strict=True)}
    return contact_sheet({"original": original, **pictures}, notes)


_FREQUENCIES = (0.25, 0.125)
_STRIPES = ("upright", "rising", "level", "falling")  # across the wave, which turns clockwise


def features_sheet(original: Image.Image) -> Image.Image:
    """What a pixel classifier is given: derivatives of a Gaussian, and what is made of them."""
    grey = np.asarray(original.convert("L"), np.float32)
    down, across = (kernels.gaussian_derivative(_SIGMA, axis=axis) for axis in (0, 1))
    smooth, dy, dx, yy, yx, xx = bank(
        grey, [kernels.gaussian(_SIGMA), down, across, *kernels.hessian(_SIGMA)]
    )
    tensor = convolve(np.stack([dy * dy, dy * dx, dx * dx]), kernels.gaussian(_SIGMA / 2))
    (dark, bright), (edges, corners) = _eigenvalues(yy, yx, xx), _eigenvalues(*tensor)
    features = {
        "Gaussian": (smooth, f"sigma {_SIGMA:g}"),
        "gradient magnitude": (np.hypot(dy, dx), "of the two first derivatives"),
        "Laplacian of Gaussian": (yy + xx, "the trace of the Hessian"),
        "Hessian, larger": (dark, "eigenvalue: dark lines are white"),
        "Hessian, smaller": (bright, "eigenvalue: bright lines are black"),
        "structure tensor, larger": (np.sqrt(edges), "root of the eigenvalue: edges"),
        "structure tensor, smaller": (np.sqrt(corners.clip(0)), "corners and texture"),
    }
    pictures = {name: Image.fromarray(_stretched(a)) for name, (a, _) in features.items()}
    notes = {name: note for name, (_, note) in features.items()}
    return contact_sheet({"original": original, **pictures}, notes)


_SIGMA = 2.0


def _eigenvalues(
    yy: NDArray[Any], yx: NDArray[Any], xx: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """The larger and the smaller one of symmetric matrices of two rows."""
    half, root = (yy + xx) / 2, np.hypot((yy - xx) / 2, yx)
    return half + root, half - root


def _stretched(a: NDArray[Any]) -> NDArray[np.uint8]:
    """From the hundredth to the 99 hundredths of all values, from black to white."""
    low, high = np.percentile(a, (1, 99))
    shades = np.rint((a - low) * (255 / max(high - low, 1e-9)))
    seen: NDArray[np.uint8] = shades.clip(0, 255).astype(np.uint8)
    return seen


def volume_sheet() -> Image.Image:
    """Three slices of a noisy volume, each blurred by itself, and all of them along three axes."""
    volume = _test_volume()
    line = kernels.gaussian(1.5).sum(axis=0)
    seen = {
        "noisy": (volume, "a ball; a rod that goes through all slices; a ring in slice 12"),
        "blurred by itself": (
            convolve(volume, np.einsum("i,j->ij", line, line)),
            "a Gaussian of two axes, sigma 1.5",
        ),
        "blurred along three axes": (
            convolve(volume, np.einsum("i,j,k->ijk", line, line, line)),
            "sigma 1.5, three axes: less noise; ring and rod fade into other slices",
        ),
    }
    slices = {
        f"slice {z}, {name}": (Image.fromarray(filtered[z]), note)
        for name, (filtered, note) in seen.items()
        for z in (8, 12, 14)
    }
    return contact_sheet(
        {name: picture for name, (picture, _) in slices.items()},
        {name: note for name, (_, note) in slices.items()},
    )


def _test_volume() -> NDArray[np.uint8]:
    """Draw a ball, a rod that goes through all slices, a ring that is in slice 12 only, and noise."""
    z, y, x = np.mgrid[:24, :160, :160].astype(np.float32)
    ball = np.hypot(np.hypot(y - 60, x - 55), 4 * (z - 12)) < 40
    rod = np.hypot(y - 122, x - 28 - 5 * z) < 7
    ring = (abs(np.hypot(y - 50, x - 118) - 24) < 3) & (z == 12)
    noise = np.random.Generator(np.random.PCG64(0)).integers(-60, 61, z.shape)
    pixels = 70 + 70 * ball + 110 * rod + 90 * ring + noise
    clipped: NDArray[np.uint8] = pixels.clip(0, 255).astype(np.uint8)
    return clipped


def test_picture() -> Image.Image:
    """Draw what filters act on: slopes, a round edge, all frequencies, letters, lines."""
    y, x = np.mgrid[:480, :640].astype(np.float64)
    pixels = np.stack([70 + y / 4, 110 + y / 6, 190 - x / 8], axis=-1)
    distance = np.hypot(x - 130, y - 125)[..., np.newaxis]
    disc = np.stack([250 - x / 3, 150 - y / 3, 40 + 0 * x], axis=-1)
    pixels += np.clip(90.5 - distance, 0, 1) * (disc - pixels)  # an antialiased edge
    rings = 127.5 + 127.5 * np.cos(((x - 320) ** 2 + (y - 345) ** 2) / 80)
    inside = (abs(x - 320) < 110) & (abs(y - 345) < 100)
    pixels[inside] = rings[inside, np.newaxis]
    for place, side in enumerate((16, 8, 4, 2)):
        top, left = 245 + 72 * (place // 2), 50 + 72 * (place % 2)
        squares = (abs(x - left - 31.5) < 32) & (abs(y - top - 31.5) < 32)
        odd = ((x - left) // side + (y - top) // side) % 2
        pixels[squares] = (235 - 210 * odd)[squares, np.newaxis]
    image = Image.fromarray(pixels.round().astype(np.uint8))
    draw = ImageDraw.Draw(image)
    for top, size in ((20, 44), (72, 32), (112, 23), (142, 17), (166, 13), (186, 10)):
        draw.text((262, top), "Sharp or blurred?", (20, 24, 40), ImageFont.load_default(size=size))
    for place in range(13):
        draw.line((455, 200, 625 - 6 * place, 200 + 5 * place), "white", 1)
        draw.line((50 + 11 * place, 405, 44 + 11 * place, 445), (255, 240, 90), 1 + place // 5)
    return image
