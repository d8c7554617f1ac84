# SPDX-License-Identifier: BSD-3-Clause
"""The blog post's script, unchanged but for its import, saves five correct pictures.

The post's script defined `apply` and the five kernels before these lines; its first line is now the
import of both.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import skimage
from numpy.testing import assert_array_equal
from PIL import Image

from fastconv import kernels, reference

SCRIPT = """\
from PIL import Image
from fastconv import apply, identity, box_blur, gaussian_blur, sharpening, edge_detection

img = Image.open('image.png').convert('F')
apply(img, identity).save('identity.png')
apply(img, box_blur).save('box_blur.png')
apply(img, gaussian_blur).save('gaussian_blur.png')
apply(img, sharpening).save('sharpening.png')
apply(img, edge_detection).save('edge_detection.png')
"""
FIVE = ("identity", "box_blur", "gaussian_blur", "sharpening", "edge_detection")
PHOTOS = Path(skimage.__path__[0], "data")


@pytest.mark.parametrize("photo", ["coins.png", "chelsea.png", "horse.png"])
def test_script_of_the_post_saves_five_correct_pictures(photo: str, tmp_path: Path) -> None:
    (tmp_path / "image.png").write_bytes((PHOTOS / photo).read_bytes())
    (tmp_path / "script.py").write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, "-W", "error", "script.py"], cwd=tmp_path, text=True, capture_output=True,
        timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == done.stderr == ""
    assert {path.name for path in tmp_path.glob("*.png")} == {
        "image.png",
        *(f"{n}.png" for n in FIVE),
    }
    with Image.open(tmp_path / "image.png") as image:
        grey = np.asarray(image.convert("F"))
    for name in FIVE:
        with Image.open(tmp_path / f"{name}.png") as saved:
            assert saved.mode == "L" and saved.size == grey.shape[::-1]
            wanted = reference.convolve(grey, getattr(kernels, name), dtype=np.uint8)
            assert_array_equal(np.asarray(saved), wanted, err_msg=name)


def test_pictures_of_the_post_itself_are_others() -> None:
    # the post's own function filters along one line, and wraps where ours saturates
    with Image.open(PHOTOS / "coins.png") as image:
        grey = np.asarray(image.convert("F"))
    for name in FIVE[1:]:
        kernel = getattr(kernels, name)
        posts = reference.flattened(grey, kernel)
        ours = reference.convolve(grey, kernel, dtype=np.uint8)
        assert (posts != ours).mean() > 0.1, name
    assert_array_equal(reference.flattened(grey, kernels.identity), np.floor(grey))
