# SPDX-License-Identifier: BSD-3-Clause
"""Pictures of several frames or pages: all are filtered, and shown in the same order for the same time.

Pillow returns each frame of an animation as a whole picture, however the file stores it. The frames
are written as whole pictures, too: opaque frames over those before, transparent frames on a cleared
background.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

__all__ = ["Frames", "frames_of"]

# The further frames of MPO are previews, those of PSD the layers of the first.
_OF_ONE = {"MPO": "pictures beside the first", "PSD": "layers"}
_TIMED = ("GIF", "PNG", "WEBP", "AVIF")
_PAGES = ("TIFF", "PDF")


class Frames:
    """Filtered frames, and the options of `Image.save` that put them into one file.

    Attributes
    ----------
    images : list of PIL.Image.Image
    options : dict
        For saving the first of them.
    notes : list of str
        Messages about properties that the file cannot hold.
    """

    def __init__(self, images: list[Image.Image], notes: list[str]) -> None:
        self.images, self.notes = images, notes
        self.options: dict[str, Any] = {}


def frames_of(
    image: Image.Image, work: Callable[[Image.Image], Image.Image], file_format: str
) -> Frames:
    """Filter every frame of an open file that the format to be written can hold."""
    Image.init()
    count = getattr(image, "n_frames", 1)
    if count == 1:
        sizes = len(image.info.get("sizes", ()))  # icons have several sizes
        notes = [f"only the largest of its {sizes} sizes is filtered"] if sizes > 1 else []
        return Frames([work(image)], notes)
    if image.format in _OF_ONE:
        return Frames([work(image)], [f"its {_OF_ONE[image.format]} are left out"])
    timed = (image.format in _TIMED or "duration" in image.info) and file_format in _TIMED
    if file_format not in Image.SAVE_ALL or not (timed or file_format in _PAGES):
        return Frames([work(image)], [f"only the first of its {count} frames is filtered"])
    images, times = [], []
    for number in range(count):
        image.seek(number)
        image.load()
        times.append(image.info.get("duration", 0))
        images.append(work(image))
    frames = Frames(images, [])
    frames.options = {"save_all": True, "append_images": images[1:]}
    if any(times) and file_format in _PAGES:
        frames.notes.append(f"how long each frame is shown is not kept in {file_format}")
    if file_format in _TIMED:
        frames.options |= _times(image, times, file_format)
    image.seek(0)
    return frames


def _times(image: Image.Image, times: list[Any], file_format: str) -> dict[str, Any]:
    """Options of `Image.save` for the time of each frame and the number of repetitions."""
    options: dict[str, Any] = {"duration": times}
    plays = _plays(image)
    if file_format == "GIF":  # GIF counts repetitions, not plays
        if plays != 1:
            options["loop"] = max(plays - 1, 0)
    else:
        options["loop"] = plays
    if file_format == "PNG":
        options |= {"disposal": 0, "blend": 0}
        if getattr(image, "default_image", False) or image.info.get("default_image"):
            options |= {"default_image": True, "duration": times[1:]}
    return options


def _plays(image: Image.Image) -> int:
    """How often an animation is played; 0 means for ever."""
    if image.format != "GIF":
        return int(image.info.get("loop", 0 if image.format in _TIMED else 1))
    loop = image.info.get("loop")
    return 1 if loop is None else loop and loop + 1


def with_palettes(frames: Frames) -> None:
    """Convert frames with colours to palettes for GIF. The conversion is exact if 256 colours are
    enough.
    """
    clear = any(image.mode in ("LA", "RGBA") for image in frames.images)
    kept, partly = True, False
    for number, image in enumerate(frames.images):
        if image.mode in ("1", "L", "P"):
            continue
        if image.mode not in ("LA", "PA", "RGB", "RGBA", "RGBX"):
            raise OSError(f"cannot write mode {image.mode} as GIF")
        a = np.asarray(image.convert("RGBA" if image.has_transparency_data else "RGB"))
        frames.images[number], exact, binary = _with_palette(image, a)
        kept, partly = kept and exact, partly or not binary
    if "append_images" in frames.options:
        frames.options |= {
            "append_images": frames.images[1:],
            "disposal": 2 if clear else 1,
            "optimize": False,
        }
    if not kept:
        frames.notes.append(
            "it has more than the 256 colours that GIF holds; the nearest are taken"
        )
    if partly:
        frames.notes.append("its opacity is cut to all or nothing, which is what GIF holds")


def _with_palette(image: Image.Image, a: np.ndarray[Any, Any]) -> tuple[Image.Image, bool, bool]:
    """An image of mode P, whether its colours are exact, and whether its opacity was all or
    nothing.
    """
    opaque = a[..., 3] >= 128 if a.shape[2] == 4 else np.ones(a.shape[:2], bool)
    binary = bool(np.isin(a[..., 3], (0, 255)).all()) if a.shape[2] == 4 else True
    room = 256 - (not opaque.all())
    packed = a[..., 0].astype(np.uint32) << 16 | a[..., 1].astype(np.uint32) << 8 | a[..., 2]
    found = np.unique(packed[opaque])
    exact = len(found) <= room
    if exact:
        palette = np.stack([found >> 16, found >> 8 & 255, found & 255], axis=-1).astype(np.uint8)
        index = np.searchsorted(found, packed).clip(max=max(len(found) - 1, 0)).astype(np.uint8)
    else:
        few = image.convert("RGB").quantize(room)
        palette = np.array(few.getpalette("RGB"), np.uint8).reshape(-1, 3)
        index = np.asarray(few).copy()
    result = Image.fromarray(np.where(opaque, index, len(palette)).astype(np.uint8))
    result = _as_palette(result, bytes(palette.tobytes()) + bytes(3) * (not opaque.all()))
    result.info = {key: image.info[key] for key in ("comment", "duration") if key in image.info}
    if not opaque.all():
        result.info["transparency"] = len(palette)
    return result, exact, binary


def _as_palette(grey: Image.Image, palette: bytes) -> Image.Image:
    result = Image.frombytes("P", grey.size, grey.tobytes())
    result.putpalette(palette)
    return result
