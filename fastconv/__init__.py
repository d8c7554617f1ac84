# SPDX-License-Identifier: BSD-3-Clause
"""fastconv: exact and fast convolution of pictures, volumes and other arrays, on the CPU.

    from PIL import Image
    from fastconv import apply, save, sharpening

    save(apply(Image.open("photo.jpg"), sharpening), "sharp.jpg")

`apply` filters a picture and `save` keeps what its file said of it; `convolve` and `correlate` are the same
for arrays, with every option; `plan` keeps the preparation for many pictures and `explain` tells what it
chose; `bank` and `varying` take several kernels, `pyramid` halves, `conv2d` is a network's layer; `stream`
filters what is larger than memory; `kernels` makes kernels; `reference` is the definition of every result, in
plain NumPy.

The map of the code, from top to bottom; a file imports only from floors below its own:

    6  cli/, io/, containers/      files; what is larger than memory; Pillow, dask, xarray
       compat/                     SciPy's, OpenCV's and Pillow's functions, and how they take their place
    5  api, _plan, _volumes,       check, allocate, run, hand back; _explain says what will run
       _missing, _banks, ...
    4  _planner                    which method, at what cost, and why: asks the planner in C
    3  _execute                    the call into the engine
    2  _levels, _threads, _engine/ CPU levels, threads, the compiled planner and engine (from src/)
    1  reference, kernels          NumPy: obviously right, slow; named kernels and generators
    0  _borders, _pixels           names and tables
"""

from importlib import import_module as _import_module
from importlib.metadata import version as _version
from types import ModuleType as _ModuleType
from typing import TYPE_CHECKING

from . import kernels, reference
from ._arguments import ChannelAxisWarning
from ._banks import bank, varying
from ._conv2d import conv2d
from ._pyramids import pyramid
from ._threads import get_num_threads, set_num_threads
from .api import (
    Plan,
    clear_cache,
    convolve,
    correlate,
    explain,
    plan,
    set_cache_limit,
    show_config,
)
from .compat.installation import install, installed, uninstall
from .containers.pillow import apply
from .io.pictures import save
from .io.stream import stream
from .kernels import box_blur, edge_detection, gaussian_blur, identity, sharpening

if TYPE_CHECKING:
    from . import ImageFilter as ImageFilter
    from . import astropy as astropy
    from . import cv2 as cv2
    from . import ndimage as ndimage
    from . import signal as signal

__version__ = _version("fastconv")

# Imitations of other libraries, imported when they are first asked for.
_LAZY = ("ImageFilter", "astropy", "cv2", "ndimage", "signal")


def __getattr__(name: str) -> _ModuleType:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _import_module(f".{name}", __name__)


__all__ = [
    "ChannelAxisWarning",
    "Plan",
    "apply",
    "bank",
    "box_blur",
    "clear_cache",
    "conv2d",
    "convolve",
    "correlate",
    "edge_detection",
    "explain",
    "gaussian_blur",
    "get_num_threads",
    "identity",
    "install",
    "installed",
    "kernels",
    "plan",
    "pyramid",
    "reference",
    "save",
    "set_cache_limit",
    "set_num_threads",
    "sharpening",
    "show_config",
    "stream",
    "uninstall",
    "varying",
]
