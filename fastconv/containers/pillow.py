# SPDX-License-Identifier: BSD-3-Clause
"""Pillow: an image of any mode in, an image of the same mode out, band by band.

1               filtered as L
P, PA           filtered as RGB, or RGBA where the palette has transparency
L, RGB          filtered as LA, RGBA where `info` names a colour that is transparent
F               gives L, rounded and saturated, unless mode="F": the blog post opens its picture
                with .convert("F") and saves PNG files
I;16, I;16L, I;16B, I;16N    16-bit grey; I;16 comes back in the byte order in which it came
all others      as they are: La and RGBa are premultiplied already, LAB's a and b are signed
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from .._arguments import array_of, check_finite, quiet
from .._linear_light import Decoded, Encoded, decoded, encoded, saturated, white_of
from .._options import as_flag, as_kernel, host_of
from .._regions import in_region
from ..api import convolve
from ..io.metadata import exif_of
from ..io.stream import stream

__all__ = ["apply", "filter_array", "without_palette"]


class Way(NamedTuple):
    """Options of `apply` that go beyond filtering each band."""

    premultiply: bool = False
    linear: bool = False
    region: Any = None


# Grey modes and the type of their pixels. A grey result may be of any of these modes.
GREY = {
    "L": "u1",
    "I": "=i4",
    "F": "=f4",
    "I;16": "<u2",
    "I;16L": "<u2",
    "I;16B": ">u2",
    "I;16N": "=u2",
}
_ALPHA = ("LA", "RGBA")
# Modes whose samples are, or may be, those of sRGB.
_LIGHT = ("L", "LA", "RGB", "RGBA", "RGBX", "F", "I;16", "I;16L", "I;16B", "I;16N")
_BANDS = (*_ALPHA, "La", "RGB", "RGBa", "RGBX", "CMYK", "YCbCr", "HSV", "LAB")


def apply(
    image: Any,
    kernel: ArrayLike,
    *,
    border: str = "reflect",
    cval: float = 0,
    mode: str | None = None,
    premultiply: bool = False,
    threads: int | None = None,
    scale: float = 1.0,
    offset: float = 0.0,
    absolute: bool = False,
    linear: bool = False,
    region: tuple[int, int, int, int] | None = None,
) -> Any:
    """Filter a picture: convolve each of its bands with a kernel.

    Parameters
    ----------
    image : PIL.Image.Image or array_like
        An image of any mode, or an array of shape (H, W) or (H, W, C), also of dask or xarray.
    kernel : array_like, shape (h, w)
        Weights, as for `fastconv.convolve`.
    border, cval
        How the picture continues outside, as for `fastconv.convolve`.
    mode : str, optional
        Mode of the result. The default is that of the image, with three exceptions: L for 1 and F;
        RGB or RGBA for P and PA; LA or RGBA for L and RGB with a transparent colour. A grey image
        may become L, I, F, I;16, I;16L, I;16B or I;16N: then the sums are rounded once, to that
        type. Pillow converts to any other mode after filtering.
    premultiply : bool
        Weight colours by their opacity (modes LA and RGBA, arrays of 2 or 4 channels), so that
        transparent pixels contribute no colour. The alpha band itself is filtered as it is.
    threads : int, optional
        The most threads to use.
    scale, offset, absolute
        Applied to the sums of each band, as in `fastconv.convolve`.
    linear : bool
        Filter light instead of samples. Samples are decoded as sRGB (IEC 61966-2-1), filtered in
        float64, and encoded, as docs/files.md defines it. It serves uint8, uint16 and floats (1.0
        is white), and the modes 1, L, LA, P, PA, RGB, RGBA, RGBX, F and those of 16 bits. Opacity
        is not decoded.
    region : (int, int, int, int), optional
        Left, top, width and height of the part to filter, for an image in memory. All other pixels
        stay as they are. Windows at the region's edges see the pixels beyond them.

    Returns
    -------
    PIL.Image.Image or ndarray
        For an image an image of the same size, with `info` and EXIF data; for an array an array of
        the same type.

    Raises
    ------
    TypeError, ValueError
        As `fastconv.convolve`; also if `mode` is not a mode of Pillow.

    Examples
    --------
    >>> from PIL import Image
    >>> from fastconv import apply, box_blur
    >>> apply(Image.new("RGB", (4, 3), (9, 90, 200)), box_blur).getpixel((0, 0))
    (9, 90, 200)
    """
    options = {"border": border, "cval": cval, "threads": threads}
    options |= {"scale": scale, "offset": offset, "absolute": absolute}
    way = Way(premultiply, as_flag(linear, "linear"), region)
    if isinstance(image, Image.Image):
        return _apply_image(image, kernel, mode, way, options)
    if mode is not None:
        raise TypeError(f"mode is for Pillow images; got mode={mode!r} with {type(image).__name__}")
    a = array_of(image, "image") if host_of(image) is None else image
    return _filter_array(a, kernel, way, options)


def filter_array(
    a: Any,
    kernel: ArrayLike,
    *,
    premultiply: bool = False,
    linear: bool = False,
    region: Any = None,
    **options: Any,
) -> Any:
    """Filter an array of shape (H, W) or (H, W, C). The last of 2 or 4 channels is opacity."""
    return _filter_array(a, kernel, Way(premultiply, linear, region), options)


def _check_axes(kernel: ArrayLike) -> None:
    if np.ndim(kernel) != 2:
        as_kernel(kernel)  # which says what is wrong with it


def _filter_array(a: Any, kernel: ArrayLike, way: Way, options: dict[str, Any]) -> Any:
    _check_axes(kernel)
    if a.ndim not in (2, 3):
        raise ValueError(f"image must have shape (H, W) or (H, W, C); got {a.shape}")
    if host_of(a) == "xarray":
        import_module(".xarray", __package__).check_picture(a)
    premultiply = way.premultiply and a.ndim == 3 and a.shape[2] in (2, 4)
    return _apply_array(a, kernel, way._replace(premultiply=premultiply), options)


def _apply_array(a: Any, kernel: ArrayLike, way: Way, options: dict[str, Any]) -> Any:
    host = host_of(a)
    if host is not None and (way.linear or way.region is not None):
        name = "linear must be False" if way.linear else "region must be None"
        raise TypeError(f"{name} for arrays of {host}; compute them first")
    if way.region is not None:
        whole = way._replace(region=None)
        return in_region(
            a, np.shape(kernel), way.region, options["border"],
            lambda part: _apply_array(part, kernel, whole, options),
        )  # fmt: skip
    if way.linear:
        return _in_light(a, kernel, way.premultiply, options)
    if way.premultiply and host == "xarray":  # whose operators go by name; its channels have one
        return a.copy(data=_premultiplied(a.data, kernel, options))
    if way.premultiply:
        return _premultiplied(a, kernel, options)
    return convolve(a, kernel, channel_axis=-1 if a.ndim == 3 else None, **options)


def _in_light(
    a: NDArray[Any], kernel: ArrayLike, premultiply: bool, options: dict[str, Any]
) -> NDArray[Any]:
    """Filter colours as light, and opacity as it is."""
    white = white_of(a.dtype)
    dtype = options.get("dtype") or a.dtype.newbyteorder("=")
    opaque = a.ndim == 2 or a.shape[2] not in (2, 4)
    colours = a if opaque else a[..., :-1]
    light = options | {"cval": float(decoded(options["cval"], white))}
    if premultiply:
        # bands cannot be filtered one by one: colours are divided by the filtered opacity
        planes = np.concatenate([decoded(colours, white), a[..., -1:]], axis=-1)
        planes = _premultiplied(planes, kernel, options, light["cval"])
        top = [encoded(planes[..., :-1], dtype, white), saturated(planes[..., -1:], dtype)]
        return np.concatenate(top, axis=-1)
    result = np.empty(a.shape, dtype)
    axis = None if a.ndim == 2 else -1
    target = result if opaque else result[..., :-1]
    if target.size:
        light.pop("dtype", None)
        stream(Decoded(colours), kernel, Encoded(target, white), channel_axis=axis, **light)
    if not opaque:
        convolve(a[..., -1:], kernel, channel_axis=-1, out=result[..., -1:], **options)
    return result


def _apply_image(
    image: Image.Image,
    kernel: ArrayLike,
    mode: str | None,
    way: Way,
    options: dict[str, Any],
) -> Image.Image:
    if mode is not None and mode not in (*GREY, *_BANDS, "1", "P", "PA"):
        raise ValueError(
            f"mode must be one of {', '.join((*GREY, *_BANDS, '1', 'P', 'PA'))}; got {mode!r}"
        )
    _check_axes(kernel)
    source = without_palette(image)
    if way.linear and source.mode not in _LIGHT:
        raise ValueError(
            f"linear must be False for an image of mode {image.mode}; convert it to one of "
            f"{', '.join(_LIGHT)}"
        )
    if source.mode in GREY:
        wanted = mode if mode in GREY else "L" if source.mode == "F" else source.mode
        a = _grey_array(source)
        grey = np.dtype(GREY[wanted])
        dtype = grey.newbyteorder("=")
        plain = way._replace(premultiply=False)
        filtered = _apply_array(a, kernel, plain, {**options, "dtype": dtype})
        result = _image(filtered.astype(grey, copy=False), wanted, source.size)
    elif source.mode in _BANDS:
        premultiply = way.premultiply and source.mode in _ALPHA
        filtered = _apply_array(
            _band_array(source), kernel, way._replace(premultiply=premultiply), options
        )
        if source.mode == "LAB":
            _flip_signs(filtered)
        result = _image(filtered, source.mode, source.size)
    else:
        raise ValueError(f"image must be of a mode that Pillow can filter; got {source.mode}")
    if mode is not None and result.mode != mode:
        result = result.convert(mode)
    return _with_metadata(result, image, source)


def without_palette(image: Image.Image) -> Image.Image:
    """The image, converted if its bytes are indices, single bits, or contain a transparent
    colour.
    """
    if image.mode == "1":
        return image.convert("LA" if "transparency" in image.info else "L")
    if image.mode in ("P", "PA"):
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    if image.mode in ("L", "RGB") and "transparency" in image.info:
        # filtered values that equal the transparent colour would become holes
        return image.convert("LA" if image.mode == "L" else "RGBA")
    return image


def _grey_array(image: Image.Image) -> NDArray[Any]:
    # Pillow's array interface does not know I;16N; its bytes are in native order, as the name says
    raw = np.frombuffer(image.tobytes(), GREY[image.mode])
    return raw.reshape(image.height, image.width)


def _band_array(image: Image.Image) -> NDArray[np.uint8]:
    a = np.frombuffer(image.tobytes(), np.uint8).reshape(
        image.height, image.width, len(image.getbands())
    )
    if image.mode == "LAB":  # two's complement outside Pillow; -1 and 0 must be neighbours
        a = a.copy()
        _flip_signs(a)
    return a


def _flip_signs(lab: NDArray[np.uint8]) -> None:
    lab[..., 1:] ^= 128


def _image(a: NDArray[Any], mode: str, size: tuple[int, int]) -> Image.Image:
    return Image.frombytes(mode, size, a.tobytes())


def _with_metadata(result: Image.Image, image: Image.Image, source: Image.Image) -> Image.Image:
    """Copy `info` and EXIF data to the result, without entries that described a palette."""
    result.info = dict(source.info)
    if source is not image:
        result.info.pop("transparency", None)
    exif = exif_of(image)
    if exif:
        result.info["exif"] = exif
    return result


@quiet
def _premultiplied(
    a: NDArray[Any], kernel: ArrayLike, options: dict[str, Any], colour: float | None = None
) -> NDArray[Any]:
    """Colours weighted by opacity, sum(w a c) / sum(w a), and the filtered alpha. The constant
    outside is cval, or `colour` with the opacity cval.

    Where the weighted opacity sums to 0, no colour is defined; it is 0 there.
    """
    if options.get("scale", 1) != 1 or options.get("offset", 0) or options.get("absolute"):
        raise ValueError("premultiply must be False with a scale, an offset or absolute=True")
    top = np.iinfo(a.dtype).max if a.dtype.kind in "iu" else 1
    weights = array_of(kernel, "kernel")
    for name, dtype in (("image", a.dtype), ("kernel", weights.dtype)):
        if dtype.kind == "c":
            raise TypeError(f"{name} must be real for premultiply=True; got {dtype}")
    if a.dtype.kind in "iu":
        check_finite(weights, a.dtype.name)
    colours, opacity = a[..., :-1].astype(np.float64), a[..., -1:].astype(np.float64)
    alpha = convolve(opacity, kernel, channel_axis=-1, **options)
    # the constant outside is weighted by its opacity, too
    outside = options | {"cval": options["cval"] * (options["cval"] if colour is None else colour)}
    weighted = convolve(colours * opacity, kernel, channel_axis=-1, **outside)
    defined = np.abs(alpha) > 1e-9 * top
    # these NumPy functions dispatch to other libraries, so that their arrays stay lazy
    colours = np.where(defined, weighted / np.where(defined, alpha, 1), 0)
    planes = np.concatenate([colours, alpha], axis=-1)
    if a.dtype.kind in "iu":
        planes = np.clip(np.rint(planes), np.iinfo(a.dtype).min, top)
    return planes.astype(a.dtype)
