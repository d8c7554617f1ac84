# SPDX-License-Identifier: BSD-3-Clause
"""Put fastconv's functions in the place of other libraries' ones, and take them away again.

A function or class is known by many names: its own module's, its package's, and those of all modules that
imported it by name. So all modules that are loaded are searched for the object itself, when it is replaced
and again when it is put back, for a module that was loaded in between holds the replacement.

Methods of classes are replaced in the classes, which stay: a filter of Pillow's is what it was, whenever it
was made.

Installations nest: a function is in place while one of them asks for it.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module

from .._engine.stand_in import serve_all
from . import originals
from .stand_ins import Callee, Key, filter_stand_in, stand_in


@dataclass(frozen=True)
class Backend:
    """A library imitated.

    Attributes
    ----------
    original : str
        The module whose functions or classes are replaced.
    ours : str
        The module with those of the same names, which are in its ``__all__``; or, where they differ from
        what is imported, in ``INSTALLED``; or, of a library of classes, with ``METHODS``, what is to be their
        method ``filter``.
    methods : bool
        Whether it is one of classes.
    """

    original: str
    ours: str
    methods: bool = False


# By the names that `install` knows; those in `DEFAULT` need not be asked for.
BACKENDS = {
    "ndimage": Backend("scipy.ndimage", "fastconv.compat.ndimage"),
    "signal": Backend("scipy.signal", "fastconv.compat.signal"),
    "cv2": Backend("cv2", "fastconv.compat.cv2_pixels"),
    "astropy": Backend("astropy.convolution", "fastconv.compat.astropy"),
    "Pillow": Backend("PIL.ImageFilter", "fastconv.compat.image_filter", methods=True),
}
DEFAULT = ("ndimage", "signal")
# Libraries whose filters are those of others: the module that must be there, and what they call.
CALLERS = {"scikit-image": ("skimage", ("ndimage", "signal"))}


@dataclass(frozen=True)
class Report:
    """What an installation replaced.

    Attributes
    ----------
    replaced : tuple of str
        Names, with their modules, in which fastconv's functions stand now.
    missing : tuple of str
        Libraries that are not installed, so that there was nothing to replace.
    """

    replaced: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    def __str__(self) -> str:
        """One line for each name."""
        lines = [f"{len(self.replaced)} names replaced", *self.replaced]
        return "\n  ".join(lines + [f"{name} is not installed" for name in self.missing])


@dataclass
class _State:
    lock: threading.RLock = field(default_factory=threading.RLock)
    # names, and whether it wants every call: by each installation
    asked: list[tuple[tuple[str, ...], bool]] = field(default_factory=list)
    original: dict[Key, Callee] = field(default_factory=dict)
    replacement: dict[Key, Callee] = field(default_factory=dict)
    modules: dict[Key, str] = field(default_factory=dict)  # the originals' own word for theirs


_state = _State()


def _swap(pairs: dict[int, Callee]) -> list[str]:
    """Put functions in the place of others, which are known by `id`, in all modules. Return the names."""
    names = []
    for module_name, module in sorted(sys.modules.items(), key=lambda item: item[0]):
        space = getattr(module, "__dict__", None)
        if not isinstance(space, dict) or module_name.partition(".")[0] == "fastconv":
            continue
        for name, value in list(space.items()):
            new = pairs.get(id(value))
            if new is not None:
                space[name] = new
                names.append(f"{module_name}.{name}")
    return names


def _put(key: Key, function: Callee) -> None:
    """Make a function the method of a class."""
    name, _, method = key[1].partition(".")
    setattr(getattr(import_module(key[0]), name), method, function)


def _is_method(key: Key) -> bool:
    return "." in key[1]


def _pairs(backend: Backend) -> Iterator[tuple[Key, Callee, Callee]]:
    """Key, original and stand-in of each function or method."""
    theirs, module = import_module(backend.original), import_module(backend.ours)
    if backend.methods:
        table = {f"{name}.filter": ours for name, ours in module.METHODS.items()}
        found = {name: getattr(theirs, name.partition(".")[0]).filter for name in table}
    else:
        table = getattr(module, "INSTALLED", None) or {
            name: getattr(module, name) for name in module.__all__
        }
        found = {name: getattr(theirs, name, None) for name in table}
    for name, ours in table.items():
        key = backend.original, name
        original = found[name]
        if key not in originals.replaced and original is not None:
            made = (filter_stand_in if backend.methods else stand_in)(key, ours, original)
            if made is not None:
                yield key, original, made


def _called(name: str) -> tuple[str, ...]:
    """The libraries that one calls whose filters are not its own."""
    if name not in CALLERS:
        return (name,)
    module, called = CALLERS[name]
    import_module(module)
    return called


def install(*names: str, always: bool = False) -> Report:
    """Put fastconv's functions in the place of those they imitate, in every module that knows them.

    What they refuse is handed to the originals: arrays on a graphics card, say. So is a small call of a kind
    (shape, type, kernel, options) that was not seen before, since to find out how it is best done would take
    longer than the original does: calls of that kind go to the original, and give its results, until its
    predicted time for all of them has come to the time that finding out takes. From then on the kind is done
    here. Of Pillow's filter classes the method ``filter`` is replaced: results are Pillow's to the pixel,
    and small pictures are left to Pillow.

    Parameters
    ----------
    *names : str
        Which: "ndimage" and "signal" by default, "Pillow" and "cv2", of which floats are not all the same
        to the last bit (see `fastconv.compat.cv2_pixels`), "astropy" (see `fastconv.compat.astropy`), and
        "scikit-image", whose filters call those of "ndimage" and "signal".
    always : bool
        Whether to do all calls here that can be done here, small ones of a new kind too.

    Returns
    -------
    Report
        What was replaced.

    Raises
    ------
    ValueError
        A name is not known.
    ImportError
        A library that was asked for by name is not installed.

    See Also
    --------
    uninstall : undo it
    installed : for the length of a block

    Examples
    --------
    >>> import fastconv, scipy.ndimage
    >>> original = scipy.ndimage.sobel
    >>> report = fastconv.install("ndimage")
    >>> "scipy.ndimage.sobel" in report.replaced, scipy.ndimage.sobel is original
    (True, False)
    >>> fastconv.uninstall()
    >>> scipy.ndimage.sobel is original
    True
    """
    for name in names:
        if name not in BACKENDS and name not in CALLERS:
            raise ValueError(f"names must be of {', '.join([*BACKENDS, *CALLERS])}; got {name!r}")
    names = tuple(called for name in names for called in _called(name))
    with _state.lock:
        missing, methods = [], []
        pairs: dict[int, Callee] = {}
        for name in names or DEFAULT:
            try:
                found = list(_pairs(BACKENDS[name]))
            except ImportError:
                if names:
                    raise
                missing.append(BACKENDS[name].original)
                continue
            for key, original, made in found:
                originals.replaced[key] = _state.original[key] = original
                _state.replacement[key] = made
                if _is_method(key):
                    _put(key, made)
                    methods.append(".".join(key))
                else:
                    pairs[id(original)] = made
                    _state.modules[key] = original.__module__
                    original.__module__ = originals.__name__  # by which it can be pickled
        _state.asked.append((names or DEFAULT, always))
        serve_all(any(each for _, each in _state.asked))
        return Report(tuple(methods + _swap(pairs)), tuple(missing))


def uninstall() -> None:
    """Undo the last `install`: put back what no other one asked for. Nothing happens if there was none.

    Examples
    --------
    >>> import fastconv
    >>> fastconv.uninstall()
    """
    with _state.lock:
        if not _state.asked:
            return
        _state.asked.pop()
        serve_all(any(each for _, each in _state.asked))
        kept = {BACKENDS[name].original for names, _ in _state.asked for name in names}
        gone = [key for key in _state.replacement if key[0] not in kept]
        functions = [key for key in gone if not _is_method(key)]
        _swap({id(_state.replacement[key]): _state.original[key] for key in functions})
        for key in gone:
            if _is_method(key):
                _put(key, _state.original[key])
            else:
                _state.original[key].__module__ = _state.modules.pop(key)
            del _state.replacement[key], _state.original[key], originals.replaced[key]


@contextmanager
def installed(*names: str, always: bool = False) -> Iterator[Report]:
    """Install for the length of a ``with`` block; see `install`.

    Examples
    --------
    >>> import fastconv, scipy.ndimage
    >>> with fastconv.installed() as report:
    ...     scipy.ndimage.correlate1d([1, 2, 3], [1, 1, 1])
    array([4, 6, 8])
    """
    report = install(*names, always=always)
    try:
        yield report
    finally:
        uninstall()
