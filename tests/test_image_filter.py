# SPDX-License-Identifier: BSD-3-Clause
"""fastconv.ImageFilter in ``image.filter``: every mode, any size of kernel, the definition's results, near
Pillow's where Pillow has some; and with ``exact=True`` Pillow's own, to the pixel.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image
from PIL import ImageFilter as Pillow

import fastconv
from fastconv import _levels, kernels, reference
from fastconv._engine import arrow
from fastconv.compat import image_filter
from fastconv.containers import pillow_cores

from .judge import Array
from .test_pillow import BANDS, GREY, bands, grey, noise

# arguments of wrong types are among what is tested
Ours: Any = fastconv.ImageFilter

NAMES = (
    "BLUR CONTOUR DETAIL EDGE_ENHANCE EDGE_ENHANCE_MORE EMBOSS FIND_EDGES SHARPEN SMOOTH SMOOTH_MORE"
).split()
WEIGHTS = np.array([[1.0, -2, 3, 0], [2, 5, -1, 1], [0, 1, 1, 4]])


def planes(image: Image.Image) -> list[Array]:
    """Its grey values, or those of its bands."""
    return [grey(image)] if image.mode in GREY else bands(image)


def definition(a: Array, kernel: Array, offset: float = 0, border: str = "nearest") -> Array:
    """The definition's sum plus the offset, one weight more, rounded once to the type of `a`."""
    dtype = a.dtype.newbyteorder("=")
    found = reference.rational(np.append(kernel, offset)) if dtype.kind in "iu" else None
    if found is None:
        sums = reference.correlate(a, kernel, border=border, dtype=np.float64) + offset
        return reference._to_pixels(sums, dtype)
    whole, divisor = found
    weights = whole[:-1].reshape(kernel.shape)
    sums = reference.correlate(a, weights, border=border, dtype=np.int64) + int(whole[-1])
    return reference._to_pixels(reference.quotients(sums, divisor), dtype)


def assert_filtered(got: Image.Image, image: Image.Image, kernel: Array, offset: float = 0) -> None:
    assert got.mode == image.mode and got.size == image.size
    for mine, before in zip(planes(got), planes(image), strict=True):
        wanted = definition(before, kernel, offset)
        if got.mode == "F":
            np.testing.assert_allclose(mine, wanted, rtol=1e-5, atol=1e-3)
        else:
            assert_array_equal(mine, wanted)


# --- every mode ----------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [*GREY, *(m for m in BANDS if m != "LAB")])
def test_kernel_of_any_size_is_the_definition_upside_down(mode: str) -> None:
    image = noise(mode)
    for offset in (0, 10, 3.25):
        got = image.filter(Ours.Kernel((4, 3), WEIGHTS.ravel().tolist(), 17, offset))
        assert_filtered(got, image, WEIGHTS[::-1] / 17, offset)
    got = image.filter(Ours.Kernel((4, 3), WEIGHTS))
    assert_filtered(got, image, WEIGHTS[::-1] / WEIGHTS.sum())


@pytest.mark.parametrize("mode", [*GREY, *(m for m in BANDS if m != "LAB")])
def test_blurs_take_every_mode(mode: str) -> None:
    image = noise(mode)
    assert_filtered(image.filter(Ours.GaussianBlur(1.3)), image, kernels.gaussian(1.3))
    assert_filtered(image.filter(Ours.BoxBlur((2, 1))), image, np.full((3, 5), 1 / 15))
    got = image.filter(Ours.UnsharpMask(1.1, 80, 2))
    assert got.mode == mode and got.size == image.size


@pytest.mark.parametrize("mode", ["1", "P", "P transparent", "PA", "LAB"])
def test_other_modes_are_filtered_as_apply_does(mode: str) -> None:
    image = noise(mode.split()[0])
    if mode == "P transparent":
        image.putpalette(bytes(range(256)) * 4, "RGBA")
    got = image.filter(Ours.GaussianBlur(0.8))
    wanted = fastconv.apply(image, kernels.gaussian(0.8), border="nearest")
    assert got.mode == wanted.mode
    assert got.tobytes() == wanted.tobytes()


@pytest.mark.parametrize(
    ("mode", "key", "result"),
    [("1", 255, "LA"), ("L", 9, "LA"), ("P", 7, "RGBA"), ("P", bytes(range(256)), "RGBA"),
     ("RGB", (9, 9, 9), "RGBA")],
)  # fmt: skip
def test_what_is_transparent_is_filtered_as_opacity_and_can_be_saved(
    mode: str, key: Any, result: str, tmp_path: Path
) -> None:
    image = noise(mode)
    image.info["transparency"] = key
    for each, kernel in (
        (Ours.GaussianBlur(0.8), kernels.gaussian(0.8)),
        (Ours.Kernel((3, 3), [1] * 9, border="nearest"), kernels.box(3)),
    ):
        got = image.filter(each)
        assert got.mode == result
        assert got.tobytes() == fastconv.apply(image, kernel, border="nearest").tobytes()
        got.save(tmp_path / "out.png")
        with Image.open(tmp_path / "out.png") as saved:
            assert saved.mode == result and saved.tobytes() == got.tobytes()


@pytest.mark.parametrize("size", [(1, 1), (9, 1), (2, 2), (0, 5), (5, 0)])
@pytest.mark.parametrize("mode", ["L", "RGB", "I;16B", "F", "P", "1"])
def test_small_and_empty_images(mode: str, size: tuple[int, int]) -> None:
    image = Image.new(mode, size)
    for each in (
        Ours.Kernel((7, 5), np.ones(35), offset=4), Ours.GaussianBlur(3), Ours.BoxBlur(2.5),
        Ours.UnsharpMask(), Ours.EMBOSS,
    ):  # fmt: skip
        assert image.filter(each).size == size


@pytest.mark.parametrize("border", ["reflect", "mirror", "nearest", "wrap", "constant"])
def test_borders_are_those_of_convolve(border: str) -> None:
    image = noise("L")
    made = [
        (Ours.Kernel((4, 3), WEIGHTS, 17, border=border, cval=9), WEIGHTS[::-1] / 17),
        (Ours.GaussianBlur(1.5, border=border, cval=9), kernels.gaussian(1.5)),
        (Ours.BoxBlur(1, border=border, cval=9), kernels.box(3)),
        (Ours.SHARPEN(border=border, cval=9), np.pad([[34.0]], 1, constant_values=-2) / 16 + 0.0),
    ]
    for each, kernel in made[:3]:
        wanted = fastconv.correlate(grey(image), kernel, border=border, cval=9)
        assert_array_equal(grey(image.filter(each)), wanted)
    plain, other = (grey(image.filter(f)) for f in (Ours.SHARPEN, made[3][0]))
    assert_array_equal(plain[1:-1, 1:-1], other[1:-1, 1:-1])


def test_image_and_its_info_are_kept() -> None:
    image = noise("RGB")
    image.info["dpi"] = (300, 300)
    before = image.tobytes()
    got = image.filter(Ours.GaussianBlur(2))
    assert got.info == image.info and image.tobytes() == before


def test_large_images_of_several_blocks_of_memory() -> None:
    # Pillow keeps more than 16 MB in blocks that do not lie side by side
    image = Image.new("L", (5000, 4000), 7)
    image.putpixel((2500, 2000), 250)
    got = image.filter(Ours.BoxBlur(1))
    assert got.getpixel((2501, 2001)) == 34 and got.getpixel((0, 0)) == 7


# --- near Pillow ---------------------------------------------------------------------------------


@pytest.mark.parametrize("radius", [0, 1, 2, 7, 0.5, 1.5, 3.3, 20.2, (2, 1), (0, 3.4), (1.5, 0)])
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "CMYK", "LA"])
def test_box_blur_is_within_one_of_pillows(mode: str, radius: Any) -> None:
    image = noise(mode, size=(61, 47))
    ours, theirs = (np.asarray(image.filter(f.BoxBlur(radius))) for f in (Ours, Pillow))
    assert np.abs(ours.astype(int) - theirs).max() <= 1


@pytest.mark.parametrize("radius", [0, 0.5, 1, 2, 5, (2, 1), (0, 2)])
def test_gaussian_blur_is_near_pillows_inside(radius: Any) -> None:
    radii = radius if isinstance(radius, tuple) else (radius, radius)
    image = noise("L", size=(90, 80))
    ours, theirs = (np.asarray(image.filter(f.GaussianBlur(radius))) for f in (Ours, Pillow))
    off = np.abs(ours.astype(int) - theirs)[20:-20, 20:-20]
    assert off.max() <= 5
    assert_array_equal(ours, definition(grey(image), np.asarray(image_filter._gaussian(radii))))


@pytest.mark.parametrize("percent", [0, 50, 150, 333, -80])
@pytest.mark.parametrize("threshold", [0, 3, 20])
def test_unsharp_mask_is_pillows_formula(percent: int, threshold: int) -> None:
    for mode in ("L", "RGB", "I;16", "I"):
        image = noise(mode)
        got = image.filter(Ours.UnsharpMask(1.2, percent, threshold))
        blurred = image.filter(Ours.GaussianBlur(1.2))
        for mine, before, soft in zip(*map(planes, (got, image, blurred)), strict=True):
            top, low = np.iinfo(before.dtype).max, np.iinfo(before.dtype).min
            for y, x in np.ndindex(before.shape):
                a, b = int(before[y, x]), int(soft[y, x])
                change = int((a - b) * percent / 100) if abs(a - b) > threshold else 0
                assert mine[y, x] == min(max(a + change, low), top)


def test_unsharp_mask_of_floats_cuts_nothing_off() -> None:
    image = noise("F")
    got = grey(image.filter(Ours.UnsharpMask(1, 150, 30)))
    a = grey(image)
    soft = fastconv.convolve(a, kernels.gaussian(1), border="nearest")
    wanted = np.where(np.abs(a - soft) > 30, a + 1.5 * (a - soft), a)
    np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_named_filters_are_pillows_inside_but_for_ties(name: str) -> None:
    for mode in ("L", "RGB", "CMYK"):
        image = noise(mode, size=(40, 31))
        ours, theirs = (np.asarray(image.filter(getattr(f, name))) for f in (Ours, Pillow))
        off = np.abs(ours.astype(int) - theirs)[2:-2, 2:-2]
        assert off.max() <= 1
        size, scale, offset, weights = getattr(Pillow, name).filterargs
        kernel = np.reshape(weights, size)[::-1] / scale
        assert_filtered(image.filter(getattr(Ours, name)), image, kernel, offset)
        assert getattr(Ours, name).name == getattr(Pillow, name).name


# --- exactly Pillow ------------------------------------------------------------------------------

EXACT_MODES = [m for m in ("1", *GREY, "PA", *BANDS) if m != "F"]


def random_filters(seed: int) -> list[tuple[Any, Any]]:
    """Pairs of Pillow's and ours."""
    rng = np.random.default_rng(seed)
    pairs = [(getattr(Pillow, n)(), getattr(Ours, n)(exact=True)) for n in NAMES]
    for size in ((3, 3), (5, 5)):
        n = size[0] ** 2
        for weights, scale, offset in [
            (rng.normal(size=n), None, 0),
            (rng.integers(-3, 9, n), 7, 10),
            (rng.integers(-3, 9, n), 10, 0),  # many ties
            (rng.integers(-9, 9, n) / 4, -3.3, 0.5),
            (np.ones(n), 1, -3.25),
            (np.ones(n), None, 0.1),
            (rng.normal(size=n) * 1e4, 1, 0),
            (rng.normal(size=n), 1e-3, 1e7),
            (rng.normal(size=n) * 1e-6, 1, 0.5),
            (np.zeros(n), 3, 7.5),
            (np.arange(n) - n // 2, None, 3),  # the weights sum to 0
        ]:
            arguments = size, weights.tolist(), scale, offset
            pairs.append((Pillow.Kernel(*arguments), Ours.Kernel(*arguments, exact=True)))
    return pairs


@pytest.mark.parametrize("size", [(40, 31), (3, 3), (5, 5), (2, 9), (4, 6), (1, 1)], ids=str)
@pytest.mark.parametrize("mode", EXACT_MODES)
def test_exact_is_pillows_to_the_pixel(
    mode: str, size: tuple[int, int], level: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_filter, "_FEW_PRODUCTS", 0)  # which Pillow does sooner
    image = noise(mode, size=size)
    for theirs, ours in random_filters(size[0]):
        wanted, got = image.filter(theirs), image.filter(ours)
        assert got.mode == wanted.mode
        assert got.tobytes() == wanted.tobytes(), theirs.filterargs


@pytest.mark.parametrize("mode", [mode for mode in EXACT_MODES if mode in ("L", *BANDS)])
def test_exact_is_pillows_where_it_shares_no_memory(
    mode: str, level: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*words: Any) -> Any:  # as for images of more than 16 MB
        raise ValueError("Image rows are not contiguous in memory.")

    monkeypatch.setattr(arrow, "Pixels", refused)
    monkeypatch.setattr(arrow, "array_of", refused)
    image = noise(mode, size=(70, 51))
    pairs = random_filters(1)
    if mode in image_filter._BLURRED:
        pairs += [
            (getattr(Pillow, name)(3), getattr(Ours, name)(3, exact=True))
            for name in ("GaussianBlur", "BoxBlur", "UnsharpMask")
        ]
    for theirs, ours in pairs:
        assert image.filter(ours).tobytes() == image.filter(theirs).tobytes(), theirs.name


TIES = (
    (3, 3),
    6,
    0,
    (1, 2, 3, 4, 5, 6, 7, 8, 9),
)  # two sums in three are rounded, one in six is a tie


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
@pytest.mark.parametrize("side", [3, 5])
def test_rounded_sums_are_pillows_at_every_width(
    mode: str, side: int, level: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_filter, "_FEW_PRODUCTS", 0)
    weights = [*range(-1, 8), *range(side * side - 9)]
    arguments = (side, side), weights, 6, 1.7
    for width in (*range(side, 40), 63, 64, 65, 66, 67, 200):
        image = noise(mode, size=(width, side + width % 4))
        wanted, got = (
            image.filter(f)
            for f in (Pillow.Kernel(*arguments), Ours.Kernel(*arguments, exact=True))
        )
        assert got.tobytes() == wanted.tobytes(), width


def served(filterargs: Any, image: Image.Image) -> bool:
    kernel = Pillow.Kernel(filterargs[0], filterargs[3], *filterargs[1:3])
    return image_filter.kernel_exactly(kernel, image.im) is not NotImplemented


def test_rounded_sums_are_left_to_a_pillow_that_fuses_products_and_sums(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    image = noise("RGB", size=(60, 60))
    no_tie, whole = Pillow.SMOOTH.filterargs, ((3, 3), 16, 0, (1,) * 9)
    assert image_filter._sums_like_pillow()
    assert served(TIES, image)

    def fused(src: Any, dst: Any, weights: bytes, added: float) -> None:
        """Each product but the first of a row is added before it is rounded."""
        a, out = np.asarray(src).astype(np.float32), np.asarray(dst)
        kernel = np.frombuffer(weights, np.float32).reshape(3 if len(weights) == 36 else 5, -1)
        side, (height, width, _) = len(kernel), a.shape
        total = np.float32(added)
        for y, row in enumerate(kernel):
            line: Any = np.float32(0)
            for x, weight in enumerate(row):
                part = a[side - 1 - y : height - y, x : width - side + 1 + x]
                line = (part * np.float64(weight) + line).astype(np.float32)
            total = total + line
        r = side // 2
        out[...] = np.asarray(src)
        out[r:-r, r:-r] = total.clip(0, 255).astype(np.uint8)

    monkeypatch.setattr(_levels, "engine", SimpleNamespace(pillows_kernel=fused))
    image_filter._sums_like_pillow.cache_clear()
    try:
        assert not image_filter._sums_like_pillow()  # and so it would be if Pillow's were fused
        monkeypatch.undo()
        assert not served(TIES, image)
        assert served(whole, image)
        wanted = image.filter(Pillow.SMOOTH)
        assert served(no_tie, image)
        assert image.filter(Ours.SMOOTH(exact=True)).tobytes() == wanted.tobytes()
    finally:
        image_filter._sums_like_pillow.cache_clear()


@pytest.mark.parametrize("side", [3, 5])
def test_pictures_of_few_products_are_left_to_pillow(side: int) -> None:
    filterargs = (side, side), 6, 0, (1,) * side**2
    width = -(-image_filter._FEW_PRODUCTS // side**2) + side - 1
    assert served(filterargs, noise("L", size=(width, side)))
    assert not served(filterargs, noise("L", size=(width - 1, side)))
    assert not served(filterargs, noise("L", size=(side - 1, 10_000)))
    assert not served(filterargs, noise("L", size=(2, 2)))


@pytest.mark.parametrize("mode", ["P", "F"])
def test_exact_refuses_what_pillow_refuses(mode: str) -> None:
    with pytest.raises(ValueError, match=f"^image must not be of mode {mode} if exact"):
        noise(mode).filter(Ours.SHARPEN(exact=True))
    with pytest.raises(ValueError, match=r"cannot filter|wrong mode"):
        noise(mode).filter(Pillow.SHARPEN)


# --- where pixels lie ----------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [*GREY, *BANDS])
def test_pixels_are_read_and_written_where_they_lie(
    mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = noise(mode)
    weights = [0.0] * 4 + [1.0] + [0.0] * 4
    assert image.filter(Ours.Kernel((3, 3), weights)).tobytes() == image.tobytes()
    shared = image.filter(Ours.BoxBlur(1)).tobytes()
    monkeypatch.setattr(pillow_cores, "_SHARES", False)  # a Pillow before 11.2
    assert image.filter(Ours.BoxBlur(1)).tobytes() == shared


def test_images_over_others_memory_are_filtered() -> None:
    memory = np.random.default_rng(0).integers(0, 256, (50, 60, 4), np.uint8)
    for step in (1, -1):
        image = Image.frombuffer("RGBA", (60, 50), memory.tobytes(), "raw", "RGBA", 0, step)
        wanted = fastconv.correlate(
            memory[::step], kernels.box(3), border="nearest", channel_axis=-1
        )
        assert_array_equal(np.asarray(image.filter(Ours.BoxBlur(1))), wanted)


def test_memory_of_other_sizes_is_refused() -> None:
    capsule = Image.new("RGB", (5, 4)).im.__arrow_c_array__()
    assert arrow.array_of(capsule, (4, 5, 4), np.dtype(np.uint8)).shape == (4, 5, 4)
    for shape, dtype in (
        ((4, 5, 3), np.uint8),
        ((4, 5), np.uint8),
        ((81,), np.uint8),
        ((1,) * 5, np.uint8),
    ):
        with pytest.raises(ValueError, match="must"):
            arrow.array_of(capsule, shape, np.dtype(dtype))


@pytest.mark.parametrize("name", ["GaussianBlur", "BoxBlur", "UnsharpMask"])
def test_a_radius_changed_after_a_filter_was_made_counts_and_is_checked(name: str) -> None:
    image = noise("RGB", size=(60, 50))
    changed = getattr(Ours, name)(1)
    changed.radius = 4.5
    assert image.filter(changed).tobytes() == image.filter(getattr(Ours, name)(4.5)).tobytes()
    changed.radius = -1
    with pytest.raises(ValueError, match=r"^radius must be at least 0; got -1$"):
        image.filter(changed)


# --- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Ours.Kernel(3, [1] * 9), r"^size must be \(width, height\), whole .*; got 3$"),
        (lambda: Ours.Kernel((3, 0), []), r"^size must be .* of at least 1; got \(3, 0\)$"),
        (lambda: Ours.Kernel((2.5, 2), [1] * 5), r"^size must be .*; got \(2.5, 2\)$"),
        (lambda: Ours.Kernel((3, 3), [1] * 8), r"^kernel must hold 3 \* 3 weights.*; got shape \(8,\)$"),
        (lambda: Ours.Kernel((4, 3), np.ones((4, 3))), r"^kernel must hold 4 \* 3 weights"),
        (lambda: Ours.Kernel((1, 1), ["a"]), r"^kernel must hold numbers; got \['a'\]$"),
        (lambda: Ours.Kernel((1, 1), [np.nan]), r"^kernel must hold finite numbers$"),
        (lambda: Ours.Kernel((1, 2), [1, -1]), r"^scale must be given if the weights sum to 0$"),
        (lambda: Ours.Kernel((1, 1), [1], 0), r"^scale must not be 0$"),
        (lambda: Ours.Kernel((1, 1), [1], "x"), r"^scale must be a number; got 'x'$"),
        (lambda: Ours.Kernel((1, 1), [1], 1, np.inf), r"^offset must be finite; got inf$"),
        (lambda: Ours.Kernel((1, 1), [1], border="no"), r"^border must be one of"),
        (lambda: Ours.Kernel((1, 1), [1], cval=None), r"^cval must be a number; got None$"),
        (lambda: Ours.Kernel((7, 7), [1] * 49, exact=True), r"^size must be \(3, 3\) or \(5, 5\) if exact"),
        (lambda: Ours.GaussianBlur(-1), r"^radius must be at least 0; got -1$"),
        (lambda: Ours.GaussianBlur((1, 2, 3)), r"^radius must be a number or \(x, y\); got \(1, 2, 3\)$"),
        (lambda: Ours.GaussianBlur(np.nan), r"^radius must be finite; got nan$"),
        (lambda: Ours.BoxBlur((1, -0.5)), r"^radius must be at least 0; got \(1, -0.5\)$"),
        (lambda: Ours.BoxBlur("2px"), r"^radius must be a number; got '2px'$"),
        (lambda: Ours.BoxBlur(10**8), r"^radius must make a kernel of at most 2\*\*24 rows"),
        (lambda: Ours.GaussianBlur((1e9, 1)), r"^radius must make a kernel of at most"),
        (lambda: Ours.UnsharpMask(2, "much"), r"^percent must be a number; got 'much'$"),
        (lambda: Ours.UnsharpMask(2, 150, None), r"^threshold must be a number; got None$"),
    ],
)  # fmt: skip
def test_errors_name_the_argument(call: Any, words: str) -> None:
    with pytest.raises((TypeError, ValueError), match=words):
        call()
