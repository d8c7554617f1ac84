# SPDX-License-Identifier: BSD-3-Clause
"""Make the README's pictures from a photograph of scikit-image's wheel.

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


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        cli.main(["gallery", str(PHOTO), "-o", folder], standalone_mode=False)
        shutil.copy(Path(folder, "contact_sheet.png"), HERE / "gallery.png")
    post().quantize(256).save(HERE / "post.png", optimize=True)


if __name__ == "__main__":
    main()
