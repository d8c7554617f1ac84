# SPDX-License-Identifier: BSD-3-Clause
"""fastconv stands in other libraries' place while it is asked to, everywhere, and then no more."""

from __future__ import annotations

import inspect
import os
import pickle
import subprocess
import sys
import threading
import types
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.ndimage
import scipy.signal

import fastconv
from fastconv.compat import installation
from fastconv.compat.stand_ins import counts

from .judge import Array

NAMES = [(scipy.ndimage, name) for name in fastconv.ndimage.__all__]
NAMES += [(scipy.signal, name) for name in fastconv.signal.__all__]
ORIGINALS = {(m.__name__, n): getattr(m, n) for m, n in NAMES}


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    yield
    while installation._state.asked:
        fastconv.uninstall()
    assert all(getattr(m, n) is ORIGINALS[m.__name__, n] for m, n in NAMES)


def replaced() -> list[str]:
    return [n for m, n in NAMES if getattr(m, n) is not ORIGINALS[m.__name__, n]]


def names_of(function: Any) -> set[str]:
    """All names of a function in all modules."""
    return {
        f"{name}.{key}"
        for name, module in list(sys.modules.items())
        for key, value in list(getattr(module, "__dict__", {}).items())
        if value is function and not name.startswith(("tests", "__main__", "fastconv"))
    }


def test_every_name_is_replaced_reported_and_put_back() -> None:
    user = types.ModuleType("a_user_of_scipy")
    user.blur = scipy.ndimage.gaussian_filter  # type: ignore[attr-defined]  # from ... import ... as blur
    sys.modules[user.__name__] = user
    try:
        before = {key: names_of(f) for key, f in ORIGINALS.items()}
        report = fastconv.install()
        assert replaced() == [n for _, n in NAMES]
        assert set(report.replaced) == set().union(*before.values())
        assert "a_user_of_scipy.blur" in report.replaced
        assert "scipy.ndimage._filters.gaussian_filter1d" in report.replaced
        assert str(report).startswith(f"{len(report.replaced)} names replaced\n")
        assert not any(names_of(f) for f in ORIGINALS.values())
        fastconv.uninstall()
        assert {key: names_of(f) for key, f in ORIGINALS.items()} == before
    finally:
        del sys.modules[user.__name__]


def test_who_imports_while_it_is_installed_gets_the_original_back() -> None:
    user = types.ModuleType("a_late_user_of_scipy")
    with fastconv.installed():
        user.sobel = scipy.ndimage.sobel  # type: ignore[attr-defined]
        sys.modules[user.__name__] = user
        assert user.sobel is not ORIGINALS["scipy.ndimage", "sobel"]
    del sys.modules[user.__name__]
    assert user.sobel is ORIGINALS["scipy.ndimage", "sobel"]


def test_installations_nest() -> None:
    with fastconv.installed("ndimage"):
        assert replaced() == fastconv.ndimage.__all__
        with fastconv.installed() as inner:
            assert replaced() == [n for _, n in NAMES]
            assert all("signal" in name for name in inner.replaced)
        assert replaced() == fastconv.ndimage.__all__
    assert replaced() == []
    fastconv.uninstall()  # once too often
    assert replaced() == []


def test_a_block_that_raises_leaves_nothing_behind() -> None:
    with pytest.raises(KeyError), fastconv.installed():
        raise KeyError
    assert replaced() == []


def test_unknown_names_are_errors_and_change_nothing() -> None:
    with pytest.raises(
        ValueError,
        match=r"names must be of ndimage, signal, cv2, astropy, Pillow, scikit-image; got 'scipy'",
    ):
        fastconv.install("ndimage", "scipy")
    assert replaced() == []


def test_a_library_that_is_not_there_is_left_out_unless_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(
        installation.BACKENDS,
        "signal",
        installation.Backend("no_such_library", "fastconv.compat.signal"),
    )
    report = fastconv.install()
    assert report.missing == ("no_such_library",)
    assert "no_such_library is not installed" in str(report)
    assert replaced() == fastconv.ndimage.__all__
    with pytest.raises(ImportError, match="no_such_library"):
        fastconv.install("signal")


def test_calls_are_counted_once_as_served_or_handed_back() -> None:
    hypercube = np.ones((3, 3, 3, 3))
    with fastconv.installed(always=True):
        before = {name: (c.served, c.handed_back) for name, c in counts.items()}
        scipy.ndimage.gaussian_gradient_magnitude(np.eye(5), 1)
        scipy.ndimage.correlate(np.eye(5), np.ones((3, 3)))
        scipy.ndimage.correlate(hypercube, hypercube)
        new = {
            name: (c.served - before[name][0], c.handed_back - before[name][1])
            for name, c in counts.items()
            if (c.served, c.handed_back) != before[name]
        }
    assert new == {
        "scipy.ndimage.gaussian_gradient_magnitude": (1, 0),
        "scipy.ndimage.correlate": (1, 1),
    }


def test_replacements_look_like_the_originals() -> None:
    original = scipy.ndimage.sobel
    with fastconv.installed():
        stand_in = scipy.ndimage.sobel
        assert stand_in.__doc__ == original.__doc__
        assert stand_in.__name__ == "sobel"
        assert stand_in.__wrapped__ is original


@pytest.mark.parametrize("name", [f"{m.__name__}.{n}" for m, n in NAMES])
def test_signatures_are_the_originals(name: str) -> None:
    module, _, function = name.rpartition(".")
    original = getattr(import_module(module), function)
    wanted = inspect.signature(original)
    with fastconv.installed():
        stand_in = getattr(import_module(module), function)
        assert stand_in is not original
        assert inspect.signature(stand_in) == wanted
        assert inspect.isfunction(stand_in) and inspect.getsource(stand_in)
        assert repr(stand_in) == repr(original)


def test_a_stand_in_becomes_a_method_as_a_function_does() -> None:
    with fastconv.installed("ndimage"):

        class Image(np.ndarray):
            sobel = scipy.ndimage.sobel

        eye = np.eye(5).view(Image)
        assert np.array_equal(eye.sobel(axis=0), ORIGINALS["scipy.ndimage", "sobel"](eye, axis=0))


def test_originals_that_are_held_and_stand_ins_can_be_pickled() -> None:
    held = {"s": scipy.ndimage.sobel}
    module = held["s"].__module__
    protocols, sent = range(pickle.HIGHEST_PROTOCOL + 1), []
    for protocol in protocols:
        with fastconv.installed():
            coded = pickle.dumps(held["s"], protocol)
            assert pickle.loads(coded) is held["s"]
            stand_in = scipy.ndimage.sobel
            theirs = pickle.dumps(stand_in, protocol)
            assert pickle.loads(theirs) is stand_in
        assert held["s"].__module__ == module
        assert pickle.loads(coded) is pickle.loads(theirs) is held["s"]
        # one that is held when it stands nowhere any more
        assert pickle.loads(pickle.dumps(stand_in, protocol)) is held["s"]
        sent.append(coded)
    program = f"import pickle\nfor coded in {sent!r}: print(pickle.loads(coded).__module__)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.split() == [module] * len(protocols)


OTHERS = [
    (
        "cv2",
        "cv2",
        "stackBlur medianBlur bilateralFilter pyrUp imread",
    ),
    (
        "ImageFilter",
        "PIL.ImageFilter",
        "MedianFilter MinFilter MaxFilter ModeFilter RankFilter Color3DLUT",
    ),
    ("ndimage", "scipy.ndimage", "median_filter label generic_filter zoom distance_transform_edt"),
    ("signal", "scipy.signal", "fftconvolve oaconvolve sepfir2d welch"),
]


@pytest.mark.parametrize(("ours", "theirs", "names"), OTHERS)
def test_names_that_are_not_imitated_are_the_originals(ours: str, theirs: str, names: str) -> None:
    pytest.importorskip(theirs)
    module, original = import_module(f"fastconv.{ours}"), import_module(theirs)
    for name in names.split():
        assert getattr(module, name) is getattr(original, name)
    assert set(dir(original)) <= set(dir(module))
    with pytest.raises(
        AttributeError, match=f"'fastconv.{ours}' has no .* 'nosuch', and neither has"
    ):
        _ = module.nosuch


@pytest.mark.parametrize(("ours", "theirs", "names"), OTHERS)
def test_names_that_are_not_imitated_need_their_library(
    ours: str, theirs: str, names: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = import_module(f"fastconv.{ours}")
    monkeypatch.setitem(sys.modules, theirs, None)
    with pytest.raises(AttributeError, match=f"and {theirs}, which may have it, is not installed"):
        getattr(module, names.split()[0])
    assert set(module.__all__) <= set(dir(module))


def test_scikit_images_filters_are_served_with_its_bits() -> None:
    pytest.importorskip("skimage")
    names = ("feature", "filters", "metrics", "restoration")
    modules: list[Any] = [import_module(f"skimage.{name}") for name in names]
    feature, filters, metrics, restoration = modules
    image = np.random.default_rng(0).random((90, 80))
    calls: list[Any] = [
        lambda: filters.gaussian(image, 2),
        lambda: filters.sobel(image),
        lambda: filters.unsharp_mask(image),
        lambda: filters.difference_of_gaussians(image, 1, 3),
        lambda: feature.canny(image),
        lambda: feature.corner_harris(image),
        lambda: metrics.structural_similarity(image, image**2, data_range=1),
        lambda: restoration.richardson_lucy(image, np.ones((3, 3)) / 9, 2),
    ]
    wanted = [call() for call in calls]
    with fastconv.installed("scikit-image", always=True) as report:
        before = {name: count.served for name, count in counts.items()}
        got = [call() for call in calls]
        served = {name for name, count in counts.items() if count.served > before[name]}
    assert {"scipy.ndimage.gaussian_filter", "scipy.signal.convolve2d"} <= set(report.replaced)
    assert {
        f"scipy.ndimage.{name}" for name in ("gaussian_filter", "uniform_filter", "sobel")
    } <= served
    for a, b in zip(got, wanted, strict=True):
        np.testing.assert_array_equal(a, b)


def test_scikit_image_that_is_not_installed_is_an_import_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "skimage", None)
    with pytest.raises(ImportError, match="skimage"):
        fastconv.install("scikit-image")
    assert not installation._state.asked


def test_a_module_of_a_name_like_fastconvs_is_searched_as_well() -> None:
    user = types.ModuleType("fastconv_user")
    user.sobel = scipy.ndimage.sobel  # type: ignore[attr-defined]
    sys.modules[user.__name__] = user
    try:
        with fastconv.installed():
            assert user.sobel is scipy.ndimage.sobel is not ORIGINALS["scipy.ndimage", "sobel"]
    finally:
        del sys.modules[user.__name__]


def test_what_fastconv_refuses_the_original_refuses_in_its_own_words() -> None:
    with pytest.raises(RuntimeError) as wanted:
        scipy.ndimage.correlate(np.ones((3, 3)), np.ones(3))
    with fastconv.installed(always=True), pytest.raises(RuntimeError) as got:
        scipy.ndimage.correlate(np.ones((3, 3)), np.ones(3))
    assert str(got.value) == str(wanted.value)


def test_threads_may_install_and_filter_at_once() -> None:
    image = np.random.default_rng(0).standard_normal((40, 50))
    wanted = scipy.ndimage.gaussian_filter(image, 1)
    wrong: list[int] = []

    def work(seed: int) -> None:
        for _ in range(15):
            with fastconv.installed(always=seed % 2 == 0):
                if not np.array_equal(scipy.ndimage.gaussian_filter(image, 1), wanted):
                    wrong.append(seed)

    workers = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong
    assert replaced() == []


def photo() -> Array:
    data: Any = import_module("skimage.data")
    return np.asarray(data.camera())[:150, :170]


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
def test_scikit_image_gives_the_same_bits(dtype: str) -> None:
    modules: Any = [
        import_module(f"skimage.{name}") for name in "feature filters metrics util".split()
    ]
    feature, filters, metrics, util = modules
    image = photo()
    if dtype != "uint8":
        image = util.img_as_float(image).astype(dtype)
    other = image[::-1].copy()

    def results() -> list[Array]:
        return [
            filters.gaussian(image, sigma=1.3),
            filters.gaussian(image, sigma=(0.5, 2), mode="reflect"),
            filters.difference_of_gaussians(image, 1, 3),
            filters.sobel(image),
            filters.scharr(image),
            filters.farid(image),
            filters.laplace(image),
            feature.canny(image, sigma=1.5),
            filters.unsharp_mask(image, 2, 1.5),
            metrics.structural_similarity(image, other, data_range=1.0, full=True)[1],
            metrics.structural_similarity(
                image, other, data_range=1.0, gaussian_weights=True, full=True
            )[1],
        ]

    wanted = results()
    served = sum(c.served for c in counts.values())
    with fastconv.installed(always=True):
        got = results()
    assert sum(c.served for c in counts.values()) >= served + len(got)
    for a, b in zip(got, wanted, strict=True):
        assert a.dtype == b.dtype
        assert a.tobytes() == b.tobytes()


PROGRAM = """
import sys
import numpy as np
from scipy.ndimage import correlate, gaussian_filter
print(sys.argv[1:], __name__, gaussian_filter(np.eye(300), 1).shape)
correlate(np.ones((3, 3, 3)), np.ones((3, 3, 3)))
import helper_beside_it
sys.exit(int(sys.argv[1]))
"""


def run(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "fastconv", "run", *words],
        cwd=cwd, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("words", [("deep/program.py",), ("-m", "deep.program")])
def test_programs_run_unmodified_and_are_told_of(tmp_path: Path, words: tuple[str, ...]) -> None:
    deep = tmp_path / "deep"
    deep.mkdir()
    (deep / "program.py").write_text(PROGRAM)
    # beside a script its folder is searched, for a module the current one
    (deep if len(words) == 1 else tmp_path).joinpath("helper_beside_it.py").write_text("")
    done = run(*words, "3", "--flag", cwd=tmp_path)
    assert done.returncode == 3, done.stderr
    assert done.stdout == "['3', '--flag'] __main__ (300, 300)\n"
    lines = done.stderr.splitlines()
    assert lines[0].startswith("fastconv: 1 calls served in 0.")
    assert ", 1 handed back in 0." in lines[0]
    assert [line.split()[0] for line in lines[1:]].count("scipy.ndimage.correlate") == 1


def test_a_program_that_fails_is_told_of_as_well(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text("raise OSError('mine')")
    done = run("--with", "signal", "program.py", cwd=tmp_path)
    assert done.returncode == 1
    assert "fastconv: 0 calls served" in done.stderr
    assert done.stderr.splitlines()[-1] == "OSError: mine"


@pytest.mark.parametrize("words", [(), ("--with", "numpy", "x.py"), ("-m",)])
def test_words_that_make_no_sense_show_the_usage(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = run(*words, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("usage: python -m fastconv run")


def test_run_helps(tmp_path: Path) -> None:
    assert run("--help", cwd=tmp_path).stdout.startswith("usage: python -m fastconv run")


OUTCOMES = """
import numpy as np, scipy.ndimage as ndimage, scipy.signal as signal, dask.array as da, fastconv
values = np.arange(30.0).reshape(5, 6)
images = [values, values.tolist(), np.ma.array(values, mask=values > 9), np.ma.array(values),
          values.view(np.matrix), da.from_array(values, chunks=3)]
def outcomes():
    found = []
    for image in images:
        for call in (
            lambda: ndimage.gaussian_filter(image, 1), lambda: ndimage.sobel(input=image),
            lambda: ndimage.correlate(values, image), lambda: signal.convolve2d(image, values),
        ):
            try:
                result = call()
                found.append((type(result).__name__, np.asarray(result).tolist()))
            except Exception as error:
                found.append((type(error).__name__, str(error)))
    return found
wanted = outcomes()
with fastconv.installed():
    assert outcomes() == wanted
print(sum(found[0] == "TypeError" for found in wanted), *sorted({found[0] for found in wanted}))
"""


@pytest.mark.parametrize("switch", ["", "1"])
def test_masked_arrays_and_those_of_other_libraries_are_answered_as_by_scipy(switch: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", OUTCOMES],
        env=os.environ | {"SCIPY_ARRAY_API": switch},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    # SciPy refuses masked arrays and matrices where it tells libraries apart, and dask stays dask
    assert done.stdout.split() == (
        ["14", "Array", "TypeError", "ndarray"] if switch else ["0", "ndarray"]
    )


def test_what_ours_refuse_is_answered_by_scipy_while_installed() -> None:
    masked = np.ma.array(np.arange(30.0).reshape(5, 6), mask=False)
    masked[2, 3] = np.ma.masked
    wanted = scipy.ndimage.laplace(masked)
    with pytest.raises(TypeError, match="masked"):
        fastconv.ndimage.laplace(masked)
    with fastconv.installed():
        assert (scipy.ndimage.laplace(masked) == wanted).all()
