# SPDX-License-Identifier: BSD-3-Clause
"""The command line keeps its promises: right pixels, whole files, plain words, honest exit codes.

The photographs are those of scikit-image's wheel; the judge of pixels is `fastconv.reference`.
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage
from numpy.testing import assert_array_equal
from PIL import Image, ImageCms, PngImagePlugin

pytest.importorskip("click")
pytest.importorskip("rich")


import fastconv
from fastconv import kernels, reference
from fastconv.cli import FIVE, SHEETS

from .command import run

pytestmark = pytest.mark.usefixtures("in_an_empty_folder")

PHOTOS = Path(skimage.__path__[0], "data")
GREY, COLOUR, CLEAR = (PHOTOS / name for name in ("coins.png", "chelsea.png", "horse.png"))
SHARPEN = "0 -1 0; -1 5 -1; 0 -1 0"


def files(folder: str = ".") -> list[str]:
    """List every file below a folder, hidden ones too."""
    return sorted(str(p.relative_to(folder)) for p in Path(folder).rglob("*") if p.is_file())


def pixels(path: str | Path) -> np.ndarray[Any, Any]:
    with Image.open(path) as image:
        return np.asarray(image)


def expected(path: str | Path, kernel: Any, **options: Any) -> np.ndarray[Any, Any]:
    """Filter a grey or colour photograph by the definition."""
    a = pixels(path)
    return reference.convolve(a, kernel, channel_axis=None if a.ndim == 2 else -1, **options)


# --- apply: pixels -------------------------------------------------------------------------------


@pytest.mark.parametrize("photo", [GREY, COLOUR, CLEAR], ids=lambda path: path.stem)
def test_results_are_those_of_the_definition(photo: Path) -> None:
    run("apply", photo, "-k", "sharpening", "-o", "out.png")
    assert_array_equal(pixels("out.png"), expected(photo, kernels.sharpening))


def test_options_reach_the_filter() -> None:
    run("apply", GREY, "-k", "box:5", "--border", "constant", "--cval", "-7.5", "--threads", 1,
        "-o", "out.png")  # fmt: skip
    assert_array_equal(
        pixels("out.png"), expected(GREY, kernels.box(5), border="constant", cval=-7.5)
    )
    run("apply", CLEAR, "-k", "box_blur", "--premultiply", "-o", "clear.png")
    with Image.open(CLEAR) as image:
        wanted = fastconv.apply(image, fastconv.box_blur, premultiply=True)
    assert_array_equal(pixels("clear.png"), np.asarray(wanted))


def test_a_file_of_floats_stays_one_and_no_format_that_cannot_hold_it_is_written() -> None:
    values = pixels(GREY).astype(np.float32) - np.float32(100.25)
    values[0, 0] = np.nan
    Image.fromarray(values).save("float.tif")
    run("apply", "float.tif", "-k", "box_blur", "-o", "out.tif")
    run("apply", "float.tif", "-k", "box_blur", "--mode", "L", "-o", "grey.png")
    with Image.open("out.tif") as image:
        assert image.mode == "F"
    assert np.isnan(pixels("out.tif")[:2, :2]).all() and (pixels("out.tif") < 0).any()
    assert_array_equal(
        pixels("grey.png"), reference.convolve(values, kernels.box_blur, dtype=np.uint8)
    )
    for name in "out.png", "out.jpg", "out.webp", "out.gif":
        said = run("apply", "float.tif", "-k", "box_blur", "-o", name, code=1).stderr
        assert "choose another with --mode, as L, or a format that does: .tif" in said
        assert not os.path.exists(name)


def test_kernel_can_be_named_written_or_read_from_a_file() -> None:
    np.save("k.npy", kernels.sharpening)
    Path("k.txt").write_text("# sharpening\n0 -1 0\n-1 5 -1\n\n0 -1 0\n")
    Path("k.csv").write_bytes(b"\xef\xbb\xbf0,-1,0\r\n-1,5.0,-1\r\n0,-1,0\r\n")
    wanted = expected(GREY, kernels.sharpening)
    commas = "0,-1,0;-1, 5e0, -1;0,-1,0;"
    words = ["sharpening", "sharpen:1", "sharpen:amount=1.0", SHARPEN, commas]
    for number, kernel in enumerate([*words, "k.npy", "k.txt", "k.csv"]):
        run("apply", GREY, "-k", kernel, "-o", f"{number}.png")
        assert_array_equal(pixels(f"{number}.png"), wanted, err_msg=kernel)


@pytest.mark.parametrize(
    ("word", "kernel"),
    [
        ("gaussian:0.75", kernels.gaussian(0.75)),
        ("gaussian:1x2,truncate=2", kernels.gaussian((1, 2), 2)),
        ("box:2x5", kernels.box((2, 5))),
        ("laplacian:diagonal=true", kernels.laplacian(True)),
        ("sobel:axis=0", kernels.sobel(0)),
        ("1/9 1/9 -1/3", [[1 / 9, 1 / 9, -1 / 3]]),
        ("-1 0 1", [[-1, 0, 1]]),
        ("2", [[2]]),
    ],
)
def test_kernels_take_arguments_fractions_and_a_leading_minus(word: str, kernel: Any) -> None:
    run("apply", GREY, "-k", word, "-o", "out.png")
    assert_array_equal(pixels("out.png"), expected(GREY, kernel))


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("gausian", "did you mean gaussian?"),
        ("gaussian:-1", "sigma must be"),
        ("gaussian:1,2,3", "gaussian takes gaussian:sigma,truncate; got '1,2,3'"),
        ("gaussian:wide", "got 'wide'"),
        ("sharpening:2", "sharpening takes no arguments"),
        ("1 2; 3", "rows of a kernel must be equally long; got 2, 1"),
        ("1 two; 3 4", "got 'two'"),
        ("1 nan", "finite"),
        ("1/0 1", "got '1/0'"),
        ("folder", "folder: Is a directory"),
        ("not_text.txt", "it is none"),
        ("flat.npy", "2-D"),
        ("complex.npy", "real"),
        ("empty.txt", "got none"),
    ],
)
def test_a_wrong_kernel_is_a_usage_error_that_says_why(word: str, says: str) -> None:
    Path("folder").mkdir()
    Path("empty.txt").touch()
    shutil.copy(GREY, "not_text.txt")
    np.save("flat.npy", np.ones(3))
    np.save("complex.npy", np.ones((3, 3)) * 1j)
    result = run("apply", GREY, "-k", word, "-o", "out.png", code=2)
    assert says in " ".join(result.stderr.split())
    assert "out.png" not in files()


@pytest.mark.parametrize(
    "words",
    [
        ["--border", "sideways"],
        ["--threads", "0"],
        ["--mode", "RGBX9"],
        ["--format", "xyz"],
        ["--format", "jpg"],  # OUT is a .png
    ],
)
def test_a_wrong_option_is_a_usage_error_before_anything_is_written(words: list[str]) -> None:
    result = run("apply", GREY, "-k", "identity", "-o", "out.png", *words, code=2)
    assert words[0] in result.stderr
    assert files() == []


# --- apply: which file becomes which -------------------------------------------------------------


def test_patterns_and_folders_are_expanded_and_names_kept() -> None:
    os.makedirs("in/deep")
    shutil.copy(GREY, "in/a.png")
    shutil.copy(COLOUR, "in/b.PNG")
    shutil.copy(COLOUR, "in/deep/c.png")
    shutil.copy(COLOUR, "in/.hidden.png")
    Path("in/notes.txt").write_text("no picture")
    result = run("apply", "in", "-k", "identity", "-o", "flat")
    assert files("flat") == ["a.png", "b.PNG"]
    assert result.stdout.startswith("2 files, 0 failed, 0.3 megapixels filtered")
    run("apply", "in", "-k", "identity", "-o", "all", "--recursive", "--format", "bmp")
    assert files("all") == ["a.bmp", "b.bmp", os.path.join("deep", "c.bmp")]
    run("apply", "in/*.png", "in/a.png", "-k", "identity", "-o", "some")
    assert files("some") == ["a.png"]
    run("apply", "in/a.png", "-k", "identity", "-o", "slash/")
    assert files("slash") == ["a.png"]


def test_results_within_the_folder_are_no_input_of_the_next_run() -> None:
    os.mkdir("in")
    shutil.copy(GREY, "in/a.png")
    for _ in range(2):
        run("apply", "in", "-k", "box_blur", "-o", "in/out", "--recursive", "--force")
    assert files("in") == ["a.png", os.path.join("out", "a.png")]


def test_two_inputs_of_one_name_are_an_error_before_anything_is_written() -> None:
    for folder in ("one", "two"):
        os.mkdir(folder)
        shutil.copy(GREY, folder)
    result = run("apply", "one", "two", "-k", "identity", "-o", "out", code=2)
    assert "would both become" in result.stderr
    assert not os.path.exists("out")


def test_many_inputs_need_a_folder() -> None:
    Path("out.png").touch()
    result = run("apply", GREY, COLOUR, "-k", "identity", "-o", "out.png", code=2)
    assert "must be a folder" in result.stderr
    assert Path("out.png").read_bytes() == b""


# --- apply: failures -----------------------------------------------------------------------------


def test_an_existing_output_is_kept_without_force() -> None:
    Path("out.png").write_bytes(b"precious")
    result = run("apply", GREY, "-k", "box_blur", "-o", "out.png", code=1)
    assert "out.png exists; --force overwrites it" in result.stderr
    assert Path("out.png").read_bytes() == b"precious"
    run("apply", GREY, "-k", "box_blur", "-o", "out.png", "--force")
    assert_array_equal(pixels("out.png"), expected(GREY, kernels.box_blur))


def test_a_picture_can_replace_itself_only_with_force() -> None:
    shutil.copy(COLOUR, "cat.png")
    run("apply", "cat.png", "-k", "box_blur", "-o", ".", code=1)
    assert_array_equal(pixels("cat.png"), pixels(COLOUR))
    run("apply", "cat.png", "-k", "box_blur", "-o", ".", "--force")
    assert_array_equal(pixels("cat.png"), expected(COLOUR, kernels.box_blur))
    assert files() == ["cat.png"]


def test_a_bad_file_is_reported_and_the_rest_goes_on() -> None:
    os.mkdir("in")
    Path("in/a_text.png").write_text("no picture")
    Path("in/b_cut.png").write_bytes(COLOUR.read_bytes()[:50_000])
    shutil.copy(GREY, "in/c.png")
    result = run("apply", "in", "gone.png", "x*.png", "-k", "identity", "-o", "out", code=1)
    assert sorted(result.stderr.splitlines()) == [
        "failed: gone.png: No such file or directory",
        "failed: in/a_text.png: not a picture that Pillow can open",
        next(
            line for line in result.stderr.splitlines() if line.startswith("failed: in/b_cut.png: ")
        ),
        "failed: x*.png: no file matches",
    ]
    assert re.fullmatch(
        r"5 files, 4 failed, 0\.1 megapixels filtered \(\S+ Mpx/s\)\n", result.stdout
    )
    assert files("out") == ["c.png"]


def test_output_is_written_whole_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    save = Image.Image.save

    def failing(self: Image.Image, file: Any, *args: Any, **options: Any) -> None:
        save(self, file, *args, **options)
        file.truncate(100)
        raise OSError(28, "No space left on device")

    shutil.copy(GREY, "old.png")
    before = Path("old.png").read_bytes()
    monkeypatch.setattr(Image.Image, "save", failing)
    for out in ("old.png", "new.png"):
        result = run("apply", COLOUR, "-k", "box_blur", "-o", out, "--force", code=1)
        assert f"{out}: No space left on device" in result.stderr
    assert files() == ["old.png"]
    assert Path("old.png").read_bytes() == before


def test_a_mode_that_the_format_cannot_hold_is_reported_and_leaves_no_file() -> None:
    result = run("apply", CLEAR, "-k", "box_blur", "-o", "out.jpg", code=1)
    assert "out.jpg: cannot write mode RGBA as JPEG; choose another with --mode" in result.stderr
    assert files() == []
    run("apply", CLEAR, "-k", "box_blur", "-o", "out.jpg", "--mode", "RGB")
    assert files() == ["out.jpg"]


@pytest.mark.parametrize("limit", [70_000, 20_000], ids=["warning", "error"])
def test_a_decompression_bomb_is_a_bad_file(limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    result = run("apply", GREY, "-k", "box_blur", "-o", "out.png", code=1)
    assert "decompression bomb" in result.stderr
    assert files() == []
    run("apply", GREY, "-k", "box_blur", "-o", "out.png", "--any-size")
    assert limit == Image.MAX_IMAGE_PIXELS


# --- apply: what a file says of its picture ------------------------------------------------------

ORIENTATION, MAKER, EXPOSURE = 0x0112, 0x010F, 0x829A


@pytest.fixture
def described() -> Callable[[str], None]:
    """Return a function that writes a photograph with EXIF data, profile and resolution."""

    def write(name: str) -> None:
        exif = Image.Exif()
        exif[ORIENTATION], exif[MAKER] = 6, "fastconv"
        exif.get_ifd(0x8769)[EXPOSURE] = 0.5
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        text = PngImagePlugin.PngInfo()
        text.add_text("Title", "a cat")
        with Image.open(COLOUR) as image:
            image.info.clear()
            image.save(name, exif=exif, icc_profile=profile, dpi=(300, 300), pnginfo=text)

    return write


@pytest.mark.parametrize("source", ["in.png", "in.jpg", "in.webp"])
@pytest.mark.parametrize("target", ["out.png", "out.jpg", "out.webp", "out.tif"])
def test_exif_profile_and_resolution_are_kept_and_nothing_is_turned(
    source: str, target: str, described: Callable[[str], None]
) -> None:
    described(source)
    run("apply", source, "-k", "identity", "-o", target)
    with Image.open(source) as before, Image.open(target) as after:
        if target != "out.tif":  # Pillow itself turns TIFF files as it opens them
            assert after.size == before.size == (451, 300)
            assert after.getexif()[ORIENTATION] == 6
        assert after.getexif()[MAKER] == "fastconv"
        assert after.getexif().get_ifd(0x8769)[EXPOSURE] == 0.5
        assert after.info["icc_profile"] == before.info["icc_profile"]
        if "webp" not in source + target:
            assert after.info["dpi"] == pytest.approx((300, 300), abs=0.01)
        if source == "in.png" and target == "out.png":
            assert after.info["Title"] == "a cat"


def test_a_jpeg_keeps_its_quality() -> None:
    with Image.open(COLOUR) as image:
        image.save("in.jpg", quality=88, subsampling=0)
    run("apply", "in.jpg", "-k", "identity", "-o", "out.jpg")
    with Image.open("in.jpg") as before, Image.open("out.jpg") as after:
        assert isinstance(before, type(after))
        assert getattr(before, "quantization") == getattr(after, "quantization")  # noqa: B009
    assert abs(pixels("in.jpg").astype(int) - pixels("out.jpg")).mean() < 0.5


def test_what_no_longer_holds_is_not_kept(described: Callable[[str], None]) -> None:
    described("in.png")
    run("apply", "in.png", "-k", "identity", "--mode", "L", "-o", "grey.png")
    with Image.open("grey.png") as image:
        assert "icc_profile" not in image.info  # a profile of colours
    with Image.open(GREY) as image:
        image.convert("1").save("fax.tif", compression="group4")
    run("apply", "fax.tif", "-k", "box_blur", "-o", "out.tif")  # a fax code holds no grey
    run("apply", "fax.tif", "-k", "box_blur", "-o", "out.png")
    with Image.open("out.png") as image:
        assert image.mode == "L"
        assert 258 not in image.getexif()  # BitsPerSample of the fax
    assert_array_equal(pixels("out.tif"), pixels("out.png"))


def test_of_several_frames_the_first_is_filtered_and_the_user_told() -> None:
    with Image.open(GREY) as image:
        image.save("in.tif", save_all=True, append_images=[image.rotate(180)] * 2)
    result = run("apply", "in.tif", "-k", "box_blur", "-o", "out.png")
    assert result.stderr == "in.tif: only the first of its 3 frames is filtered\n"
    assert_array_equal(pixels("out.png"), expected(GREY, kernels.box_blur))


# --- the other commands --------------------------------------------------------------------------


def test_gallery_writes_the_five_pictures_and_four_sheets() -> None:
    run("gallery", COLOUR, "-o", "out")
    assert files("out") == sorted(f"{name}.png" for name in (*FIVE, *SHEETS))
    for name in FIVE:
        assert_array_equal(
            pixels(f"out/{name}.png"), expected(COLOUR, getattr(kernels, name)), err_msg=name
        )
    with Image.open(COLOUR) as image, Image.open("out/identity.png") as same:
        assert same.info["icc_profile"] == image.info["icc_profile"]
    for name, colours in zip(SHEETS, (1000, 100, 100, 100), strict=True):
        sheet = pixels(f"out/{name}.png")
        assert sheet.shape[2] == 3
        assert len(np.unique(sheet[::5, ::5].reshape(-1, 3), axis=0)) > colours, name


def test_gallery_needs_no_picture_keeps_what_exists_and_draws_the_same_each_time() -> None:
    os.mkdir("gallery")
    Path("gallery/sharpening.png").write_bytes(b"precious")
    result = run("gallery", code=1)
    assert "sharpening.png exists; --force overwrites it" in result.stderr
    assert files("gallery") == ["sharpening.png"]
    run("gallery", "--force")
    assert files("gallery") == sorted(f"{name}.png" for name in (*FIVE, *SHEETS))
    run("gallery", "-o", "again")
    assert files("gallery") == files("again")
    for name in files("gallery"):
        assert_array_equal(pixels(f"gallery/{name}"), pixels(f"again/{name}"), err_msg=name)


# A picture is made grey or RGB first, so modes meet the sizes in one of either.
GALLERIES = [(mode, (7, 300)) for mode in ("1", "L", "I;16", "F", "LA", "RGBA", "P", "CMYK")]
GALLERIES += itertools.product(("I;16", "RGBA"), ((1, 1), (900, 2)))


@pytest.mark.parametrize(("mode", "size"), GALLERIES, ids=str)
def test_gallery_takes_any_mode_and_size(
    mode: str, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    # it is drawn without the picture; the tests above look at it
    monkeypatch.setattr("fastconv.cli.volume_sheet", lambda: Image.new("RGB", (9, 9)))
    Image.new(mode, size, 1).save("in.tif")
    run("gallery", "in.tif", "-o", "out")
    with Image.open("out/identity.png") as image:
        assert image.size == size


def test_gallery_reports_a_bad_picture() -> None:
    Path("text.png").write_text("no picture")
    result = run("gallery", "text.png", "-o", "out", code=1)
    assert "text.png: not a picture that Pillow can open" in result.stderr
    assert files() == ["text.png"]


def test_kernels_lists_every_name_within_80_columns() -> None:
    lines = run("kernels").stdout.splitlines()
    assert max(map(len, lines)) <= 80
    listed = [line.split()[0] for line in lines if line.strip()]
    assert [name for name in listed if name in kernels.named()] == list(kernels.named())


@pytest.mark.parametrize("name", [*kernels.named(), "gaussian:0.8", "box:2x3", "motion_blur:5,30"])
def test_a_printed_kernel_can_be_given_back(name: str) -> None:
    printed = run("kernels", name).stdout
    Path("k.txt").write_text(printed)
    again = [run("kernels", word).stdout for word in (printed, "k.txt")]
    run("apply", GREY, "-k", name, "-o", "a.png")
    run("apply", GREY, "-k", "k.txt", "-o", "b.png")
    assert_array_equal(pixels("a.png"), pixels("b.png"))
    numbers = [line for line in printed.splitlines() if line[0] != "#"]
    for text in again:
        assert [line for line in text.splitlines() if line[0] != "#"] == numbers


def test_info_prints_the_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    fastconv.show_config()
    assert run("info").stdout == capsys.readouterr().out


@pytest.mark.parametrize("words", [[], ["apply"], ["gallery"], ["kernels"], ["info"]], ids=str)
def test_every_command_helps_with_an_example_within_80_columns(words: list[str]) -> None:
    helps = run(*words, "-h").stdout
    assert helps == run(*words, "--help").stdout
    assert "Example: fastconv" in helps
    assert max(map(len, helps.splitlines())) <= 80


# --- as a process --------------------------------------------------------------------------------


def python(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, timeout=60)


def test_the_module_is_the_command() -> None:
    done = python("-m", "fastconv", "apply", str(GREY), "-k", "-1 0 1", "-o", "out.png")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert_array_equal(pixels("out.png"), expected(GREY, [[-1, 0, 1]]))
    assert python("-m", "fastconv", "--version").stdout == f"fastconv {fastconv.__version__}\n"


@pytest.mark.parametrize("missing", ["click", "rich"])
def test_without_click_or_rich_one_line_says_what_to_install(missing: str) -> None:
    done = python(
        "-c",
        f"import sys; sys.modules[{missing!r}] = None; from fastconv.__main__ import main; main()",
    )
    assert done.returncode == 1
    assert done.stderr == "the command line needs: pip install 'fastconv[cli]'\n"


def test_the_library_imports_neither_click_nor_rich() -> None:
    done = python("-c", "import sys, fastconv; print({'click', 'rich'} & set(sys.modules))")
    assert done.stdout == "set()\n"
