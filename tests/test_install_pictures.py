# SPDX-License-Identifier: BSD-3-Clause
"""``install("cv2")`` and ``install("Pillow")``: asked for by name, wholly undone, nothing stops working."""

from __future__ import annotations

import pickle
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFilter

import fastconv
from fastconv.compat import image_filter, installation
from fastconv.compat.stand_ins import counts

METHODS = {
    name: getattr(ImageFilter, name).filter
    for name in ("BuiltinFilter", "GaussianBlur", "BoxBlur", "UnsharpMask")
}
PILLOW = {name: getattr(ImageFilter, name) for name in fastconv.ImageFilter.__all__}
NAMED = sorted(name for name in PILLOW if name.isupper())


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    yield
    while installation._state.asked:
        fastconv.uninstall()
    assert all(getattr(ImageFilter, name).filter is method for name, method in METHODS.items())


@pytest.fixture
def cv2() -> Iterator[Any]:
    module: Any = pytest.importorskip("cv2")
    before = dict(vars(module))
    yield module
    while installation._state.asked:
        fastconv.uninstall()
    assert {name: value for name, value in vars(module).items() if before[name] is not value} == {}


def photo(mode: str = "L", size: tuple[int, int] = (120, 90)) -> Image.Image:
    noise = np.random.default_rng(0).integers(0, 256, (*size[::-1], 4), dtype=np.uint8)
    return Image.fromarray(noise).convert(mode)


def counted(name: str) -> str:
    return f"PIL.ImageFilter.{name if name in METHODS else 'BuiltinFilter'}.filter"


def by_pillow(image: Image.Image, made: Any) -> Image.Image:
    """The original's result, while another method has its place."""
    method = next(f for name, f in METHODS.items() if isinstance(made, getattr(ImageFilter, name)))
    return image._new(method(made, image.im))


def served_and_back(name: str) -> tuple[int, int]:
    return counts[name].served, counts[name].handed_back


def test_nothing_of_them_is_replaced_unless_it_is_asked_for() -> None:
    with fastconv.installed() as report:
        assert not any(name.startswith(("PIL", "cv2")) for name in report.replaced)
        assert all(getattr(ImageFilter, name).filter is method for name, method in METHODS.items())


# --- cv2 -----------------------------------------------------------------------------------------

FUNCTIONS = (
    "GaussianBlur", "Laplacian", "Scharr", "Sobel", "blur", "boxFilter", "filter2D", "sepFilter2D",
)  # fmt: skip


def test_functions_of_cv2_are_replaced_everywhere_and_constants_are_not(cv2: Any) -> None:
    user = types.ModuleType("a_user_of_opencv")
    user.smooth = original = cv2.blur  # type: ignore[attr-defined]  # from cv2 import blur as smooth
    sys.modules[user.__name__] = user
    before = dict(vars(cv2))
    try:
        with fastconv.installed("cv2") as report:
            assert user.smooth is cv2.blur is not original
            assert {"a_user_of_opencv.smooth", "cv2.Sobel"} <= set(report.replaced)
            changed = {name for name, value in vars(cv2).items() if before[name] is not value}
            assert changed == set(FUNCTIONS)
        assert user.smooth is cv2.blur is original
    finally:
        del sys.modules[user.__name__]


def test_calls_of_cv2_are_served_with_opencvs_results(cv2: Any) -> None:
    image = np.asarray(photo("RGB"))

    def results() -> list[Any]:
        return [
            cv2.blur(image, (3, 3)),
            cv2.GaussianBlur(image, (5, 5), 0),
            cv2.Sobel(image, cv2.CV_16S, 1, 0),
            cv2.filter2D(
                image, -1, np.ones((2, 3), np.float32) / 6, borderType=cv2.BORDER_CONSTANT
            ),
        ]

    wanted = results()
    with fastconv.installed("cv2", always=True):
        before = served_and_back("cv2.blur")
        got = results()
        assert served_and_back("cv2.blur") == (before[0] + 1, before[1])
    for a, b in zip(got, wanted, strict=True):
        assert a.dtype == b.dtype and a.shape == b.shape
        assert np.abs(a.astype(int) - b.astype(int)).max() <= 1


def test_functions_of_cv2_in_a_class_are_no_methods(cv2: Any) -> None:
    image = np.asarray(photo())
    with fastconv.installed("cv2"):

        class Uses:
            smooth = cv2.blur

        wanted = cv2.blur(image, (3, 3))
        np.testing.assert_array_equal(Uses().smooth(image, (3, 3)), wanted)


def test_what_only_cv2_takes_is_handed_back_to_it(cv2: Any) -> None:
    image = np.asarray(photo())
    wanted = cv2.blur(cv2.UMat(image), (3, 3)).get()
    with fastconv.installed("cv2"):
        before = served_and_back("cv2.blur")
        got = cv2.blur(cv2.UMat(image), (3, 3))
        assert served_and_back("cv2.blur") == (before[0], before[1] + 1)
    assert isinstance(got, cv2.UMat)
    np.testing.assert_array_equal(got.get(), wanted)


def test_what_is_wrong_is_still_cv2s_own_error(cv2: Any) -> None:
    with fastconv.installed("cv2"):
        with pytest.raises(cv2.error):
            cv2.blur(np.ones((3, 3), np.uint8), (0, 3))
        with pytest.raises(cv2.error):
            cv2.blur()


# --- Pillow --------------------------------------------------------------------------------------


def test_classes_of_pillow_stay_and_their_method_is_replaced() -> None:
    image = photo()
    before = ImageFilter.GaussianBlur(3)
    with fastconv.installed("Pillow") as report:
        assert {f"PIL.ImageFilter.{name}.filter" for name in METHODS} == set(report.replaced)
        assert all(getattr(ImageFilter, name) is original for name, original in PILLOW.items())
        count = served_and_back("PIL.ImageFilter.GaussianBlur.filter")
        image.filter(before)  # which was made when nothing was replaced
        assert served_and_back("PIL.ImageFilter.GaussianBlur.filter") == (count[0] + 1, count[1])


def test_installations_of_several_libraries_nest(cv2: Any) -> None:
    with fastconv.installed("Pillow"):
        with fastconv.installed("cv2", "Pillow") as inner:
            assert all(name.startswith("cv2.") for name in inner.replaced)
        assert ImageFilter.BLUR.filter is not METHODS["BuiltinFilter"]
        assert type(cv2.blur) is types.BuiltinFunctionType
    assert ImageFilter.BLUR.filter is METHODS["BuiltinFilter"]


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "1", "I", "I;16"])
def test_kernels_give_pillows_pixels_in_every_mode_it_takes(mode: str) -> None:
    image = photo("L").convert(mode) if mode in ("1", "I", "I;16") else photo("RGB").convert(mode)
    weights = [0.3, -1, 2, 0, 5, 1.7, 1, 1, -2]

    def results() -> list[Image.Image]:
        made = [getattr(ImageFilter, name) for name in NAMED]
        return [image.filter(f) for f in (*made, ImageFilter.Kernel((3, 3), weights, 6, 20))]

    wanted = results()
    with fastconv.installed("Pillow"):
        got = results()
    assert [(a.mode, a.tobytes()) for a in got] == [(b.mode, b.tobytes()) for b in wanted]


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "CMYK", "RGBX"])
@pytest.mark.parametrize("size", [(64, 40), (1, 2100), (700, 3), (131, 257)])
def test_blurs_give_pillows_pixels_at_any_radius(
    mode: str, size: tuple[int, int], level: str
) -> None:
    rng = np.random.default_rng(size[0])
    samples = rng.integers(
        0, 256, (size[1], size[0], len(Image.new(mode, (1, 1)).getbands())), np.uint8
    )
    image = Image.frombytes(mode, size, samples.tobytes())
    radii = [0, 0.3, 0.5, 1, 1.5, 2, 3.7, 8, 25.2, 140, 5000, (0, 2.5), (3, 0), (1.2, 40)]
    radii += rng.uniform(0, 30, 12).tolist()
    with fastconv.installed("Pillow"):
        for radius in radii:
            for name in ("BoxBlur", "GaussianBlur", "UnsharpMask"):
                if name == "UnsharpMask" and isinstance(radius, tuple):
                    continue
                more = (
                    (int(rng.integers(-50, 400)), int(rng.integers(0, 9)))
                    if name == "UnsharpMask"
                    else ()
                )
                wanted = by_pillow(image, PILLOW[name](radius, *more))
                got = image.filter(getattr(ImageFilter, name)(radius, *more))
                assert (got.mode, got.size) == (wanted.mode, wanted.size)
                assert got.tobytes() == wanted.tobytes(), (name, radius, more)


def test_blurs_are_served_where_they_pay_and_small_ones_are_left_to_pillow() -> None:
    filters = {"BoxBlur": (2,), "GaussianBlur": (2,), "UnsharpMask": (1, 50)}
    for name, arguments in filters.items():
        for size, new in (((240, 180), (1, 0)), ((12, 12), (0, 1))):
            image = photo("RGB").resize(size)
            with fastconv.installed("Pillow"):
                before = served_and_back(counted(name))
                image.filter(getattr(ImageFilter, name)(*arguments))
                after = served_and_back(counted(name))
                assert (after[0] - before[0], after[1] - before[1]) == new


def test_a_radius_that_was_changed_counts_when_the_filter_is_used() -> None:
    image = photo("RGB").resize((100, 80))
    for name in ("BoxBlur", "GaussianBlur"):
        made = PILLOW[name](1)
        with fastconv.installed("Pillow"):
            made.radius = 7.5
            assert image.filter(made).tobytes() == by_pillow(image, made).tobytes()
            made.radius = -1
            if name == "BoxBlur":
                for call in (image.filter, lambda f: by_pillow(image, f)):
                    with pytest.raises(ValueError, match="radius"):
                        call(made)
            else:  # of which only the square counts
                assert image.filter(made).tobytes() == by_pillow(image, made).tobytes()


@pytest.mark.parametrize("mode", ["1", "I", "F", "YCbCr", "HSV", "LAB", "I;16"])
def test_blurs_refuse_the_modes_that_pillow_refuses(mode: str) -> None:
    image = Image.new(mode, (90, 90)) if mode == "I;16" else photo("RGB").resize((90, 90)).convert(
        "L" if mode in ("1", "I", "F") else "RGB"
    ).convert(mode)  # fmt: skip
    for name in ("BoxBlur", "GaussianBlur"):
        said = []
        for call in (image.filter, lambda f: by_pillow(image, f)):
            with fastconv.installed("Pillow"), pytest.raises(ValueError) as told:  # noqa: PT011
                call(PILLOW[name](2))
            said.append(str(told.value))
        assert said[0] == said[1]


@pytest.mark.parametrize("mode", ["L", "P", "RGB"])
def test_a_filter_without_arguments_is_pillows_to_refuse(mode: str) -> None:
    image = photo("RGB").convert(mode)
    made = ImageFilter.BuiltinFilter()
    calls: list[Any] = [lambda: by_pillow(image, made), lambda: image.filter(made)]
    said = []
    for call in calls:
        with fastconv.installed("Pillow"), pytest.raises((AttributeError, ValueError)) as told:
            call()
        said.append((type(told.value), str(told.value)))
    assert said[0] == said[1]


def test_filters_of_ones_own_made_from_pillows_work() -> None:
    image = photo()
    wanted = image.filter(PILLOW["GaussianBlur"](3)).tobytes()

    class Makes(ImageFilter.GaussianBlur):
        def __init__(self) -> None:
            self.radius = 3

    class Wraps(Makes):
        def filter(self, image: Any) -> Any:
            return super().filter(image)

    class Calls(ImageFilter.Filter):
        def filter(self, image: Any) -> Any:
            return ImageFilter.GaussianBlur.filter(Makes(), image)

    with fastconv.installed("Pillow"):
        for made in (Makes(), Wraps(), Calls()):
            before = served_and_back(counted("GaussianBlur"))
            assert image.filter(made).tobytes() == wanted
            assert served_and_back(counted("GaussianBlur")) == (before[0] + 1, before[1])


def test_filters_can_be_pickled_wherever_they_were_made() -> None:
    image = photo()
    made = {"Kernel": ((3, 3), [1, 2, 1, 2, 5, 2, 1, 2, 1]), "BLUR": (), "BoxBlur": (2,)}
    for name, arguments in made.items():
        wanted = image.filter(PILLOW[name](*arguments)).tobytes()
        with fastconv.installed("Pillow"):
            coded = pickle.dumps(PILLOW[name](*arguments))
            assert image.filter(pickle.loads(coded)).tobytes() == wanted
        arrived = pickle.loads(coded)
        assert type(arrived) is PILLOW[name]
        assert image.filter(arrived).tobytes() == wanted


def test_what_only_pillow_takes_and_what_pays_there_is_handed_back() -> None:
    image = photo()
    cases = {
        "Kernel": ((3, 3), [1, 2, 1, 0, 0, 0, -1, -2, -1]),  # divided by 0
        "GaussianBlur": (1 << 20,),
        "UnsharpMask": (2.5, 120, 1 << 20),
    }
    for name, arguments in cases.items():
        wanted = image.filter(PILLOW[name](*arguments))
        with fastconv.installed("Pillow"):
            before = served_and_back(counted(name))
            got = image.filter(getattr(ImageFilter, name)(*arguments))
            assert served_and_back(counted(name)) == (before[0], before[1] + 1)
        assert got.tobytes() == wanted.tobytes()


def test_small_pictures_are_left_to_pillow() -> None:
    with fastconv.installed("Pillow"):
        before = served_and_back(counted("BLUR"))
        photo(size=(9, 9)).filter(ImageFilter.BLUR)
        assert served_and_back(counted("BLUR")) == (before[0], before[1] + 1)


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("mode", ["L", "LA", "RGB"])
def test_little_work_is_left_to_pillow_before_python_sees_it(
    name: str, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = image_filter.METHODS[name]
    asked = []

    def watched(self: Any, core: Any) -> Any:
        asked.append(core.size)
        return ours.function(self, core)

    monkeypatch.setitem(image_filter.METHODS, name, ours._replace(function=watched))
    made = PILLOW["SMOOTH_MORE"]() if name == "BuiltinFilter" else PILLOW[name](2)
    sizes = [
        (width, height) for height in (3, 5, 9) for width in (2, 4, 5, 9, 20, 60, 150, 250, 900)
    ]
    with fastconv.installed("Pillow"):
        for size in sizes:
            image = photo(mode, size)
            before = served_and_back(counted(name))
            got = image.filter(made)
            served = served_and_back(counted(name))[0] > before[0]
            assert (size in asked) is served
            assert got.tobytes() == by_pillow(image, made).tobytes()
    assert 3 < len(asked) < len(sizes) - 3


def test_what_is_wrong_is_still_pillows_own_error() -> None:
    for mode in ("P", "F"):
        with pytest.raises(ValueError) as wanted:  # noqa: PT011
            photo().convert(mode).filter(PILLOW["BLUR"])
        with fastconv.installed("Pillow"), pytest.raises(ValueError) as got:  # noqa: PT011
            photo().convert(mode).filter(ImageFilter.BLUR)
        assert str(got.value) == str(wanted.value)
    with fastconv.installed("Pillow"), pytest.raises(TypeError):
        ImageFilter.Kernel()  # type: ignore[call-arg]


def test_kernels_that_pillow_refuses_are_still_refused() -> None:
    seven: Any = ((7, 1), [1] * 7)
    with fastconv.installed("Pillow"):
        with pytest.raises(ValueError, match="bad kernel size"):
            photo().filter(ImageFilter.Kernel(*seven))
        with pytest.raises(TypeError, match="border"):
            ImageFilter.Kernel((3, 3), [1] * 9, border="mirror")  # type: ignore[call-arg]


PROGRAM = """
import cv2
import numpy as np
from PIL import Image
from PIL.ImageFilter import BLUR
cv2.blur(np.ones((2100, 2100), np.uint8), (3, 3))
Image.new("L", (200, 200)).filter(BLUR)
"""


def test_programs_run_with_libraries_that_are_named(cv2: Any, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    done = subprocess.run(
        [sys.executable, "-m", "fastconv", "run", "--with", "cv2,Pillow", "program.py"],
        cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("fastconv: 2 calls served in 0.")
    assert {line.split()[0] for line in done.stderr.splitlines()[1:]} == {
        "cv2.blur", "PIL.ImageFilter.BuiltinFilter.filter",
    }  # fmt: skip
