# SPDX-License-Identifier: BSD-3-Clause
"""Make the pictures of the README and of docs from a photograph of scikit-image's wheel.

    python docs/pictures.py

They stand in the repository, so that the page has them without a build.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import skimage
from PIL import Image, ImageDraw, ImageFont

import fastconv
from fastconv.cli import cli

HERE = Path(__file__).parent
PHOTO = Path(skimage.__path__[0], "data", "chelsea.png")

PAPER, INK = (250, 250, 248), (32, 34, 38)
CROP = (120, 30, 360, 210)  # the eyes
GAP, CAPTION = 16, 46


def post() -> Image.Image:
    """Both answers to three of the post's kernels, side by side, enlarged twice."""
    with Image.open(PHOTO) as image:
        grey = image.convert("F")
    names = ("box_blur", "sharpening", "edge_detection")
    columns: dict[str, Callable[[Any, Any], Any]] = {
        "np.convolve of the flattened picture": fastconv.reference.flattened,
        "fastconv.apply": lambda a, kernel: np.asarray(fastconv.apply(Image.fromarray(a), kernel)),
    }
    width, height = 2 * (CROP[2] - CROP[0]), 2 * (CROP[3] - CROP[1])
    sheet = Image.new(
        "RGB", (2 * (width + GAP) + GAP, len(names) * (height + CAPTION) + GAP), PAPER
    )
    draw = ImageDraw.Draw(sheet)
    for row, name in enumerate(names):
        for column, (who, function) in enumerate(columns.items()):
            answer = Image.fromarray(function(np.asarray(grey), getattr(fastconv, name)))
            x, y = GAP + column * (width + GAP), GAP + row * (height + CAPTION)
            detail = answer.crop(CROP).resize((width, height), Image.Resampling.NEAREST)
            sheet.paste(detail, (x, y))
            text = f"{name.replace('_', ' ')}, {who}"
            draw.text((x, y + height + 8), text, INK, ImageFont.load_default(size=17))
    return sheet


def clouds() -> Image.Image:
    """A map with clouds, and what a mask makes of it: missing samples are means of those around them."""
    rng = np.random.default_rng(7)
    size = 480
    noise = [
        fastconv.convolve(rng.normal(size=(size, size)), fastconv.kernels.gaussian(s))
        for s in (9, 14, 3)
    ]
    land = sum(n / n.std() for n in noise[::2]) + np.linspace(-1, 1, size)
    height = ((land - land.min()) / np.ptp(land) * 255).astype(np.float32)
    cloudy = noise[1] > 0.55 * noise[1].std()
    blur = fastconv.kernels.gaussian(12)
    filled = fastconv.convolve(height, blur, mask=cloudy, border="omit")
    views = {
        "a map with clouds": np.where(cloudy, 255, height),
        "blurred with the clouds": fastconv.convolve(
            np.where(cloudy, np.float32(255), height), blur
        ),
        "blurred with mask=clouds": filled,
        "clouds filled": np.where(cloudy, filled, height),
    }
    sheet = Image.new("RGB", (4 * (size // 2 + GAP) + GAP, size // 2 + CAPTION + GAP), PAPER)
    draw = ImageDraw.Draw(sheet)
    for i, (words, view) in enumerate(views.items()):
        tinted = np.stack([view * k for k in (0.86, 0.95, 0.72)], axis=-1)
        tinted[cloudy if words == "a map with clouds" else view > 254] = 255
        seen = Image.fromarray(np.rint(np.nan_to_num(tinted)).clip(0, 255).astype(np.uint8))
        x = GAP + i * (size // 2 + GAP)
        sheet.paste(seen.resize((size // 2, size // 2), Image.Resampling.LANCZOS), (x, GAP))
        draw.text((x, GAP + size // 2 + 8), words, INK, ImageFont.load_default(size=17))
    return sheet


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        cli.main(["gallery", str(PHOTO), "-o", folder], standalone_mode=False)
        shutil.copy(Path(folder, "contact_sheet.png"), HERE / "gallery.png")
        for name in ("gabor_bank.png", "features.png", "volume.png"):
            shutil.copy(Path(folder, name), HERE / name)
    post().quantize(256).save(HERE / "post.png", optimize=True)
    clouds().quantize(256).save(HERE / "clouds.png", optimize=True)


if __name__ == "__main__":
    main()
