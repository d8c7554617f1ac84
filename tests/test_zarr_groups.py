# SPDX-License-Identifier: BSD-3-Clause
"""Groups of zarr arrays are filtered array by array, and keep all else that is in them."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import fastconv
from fastconv.io.files import filter_file

zarr = pytest.importorskip("zarr")
pytest.importorskip("click")

from .command import run  # noqa: E402

pytestmark = pytest.mark.usefixtures("in_an_empty_folder")

Array = np.ndarray[Any, Any]
KERNEL = fastconv.box_blur
SHAPES = [(2, 2, 24, 36), (2, 2, 12, 18), (2, 2, 6, 9)]
AXES = [
    {"name": "c", "type": "channel"},
    {"name": "z", "type": "space", "unit": "micrometer"},
    {"name": "y", "type": "space", "unit": "micrometer"},
    {"name": "x", "type": "space", "unit": "micrometer"},
]


def noise(*shape: int, dtype: Any = np.uint16) -> Array:
    return np.random.default_rng(7).integers(0, 60000, shape).astype(dtype)


def multiscales(version: int) -> dict[str, Any]:
    levels = [
        {
            "path": str(n),
            "coordinateTransformations": [{"type": "scale", "scale": [1, 1, 2**n, 2**n]}],
        }
        for n in range(len(SHAPES))
    ]
    said = {"multiscales": [{"axes": AXES, "datasets": levels, "name": "cells"}]}
    return {"ome": {"version": "0.5", **said}} if version == 3 else said


def pyramid(path: str, version: int) -> None:
    """An OME-Zarr of three levels, with labels, sharded in version 3, and a file of metadata beside."""
    group = zarr.open_group(path, mode="w", zarr_format=version, attributes=multiscales(version))
    for number, shape in enumerate(SHAPES):
        options: dict[str, Any] = (
            {"shards": (1, 1, 24, 24), "dimension_names": "czyx"} if version == 3 else {}
        )
        a = group.create_array(
            str(number), shape=shape, dtype="uint16", chunks=(1, 1, 12, 12), fill_value=5,
            attributes={"level": number}, **options,
        )  # fmt: skip
        a[...] = noise(*shape)
    said: dict[str, Any] = {"image-label": {"source": {"image": "../../"}}}
    labels = group.create_group("labels", attributes={"labels": ["cells"]})
    cells = labels.create_group("cells", attributes={"ome": said} if version == 3 else said)
    names = cells.create_array("0", shape=SHAPES[0][-2:], dtype="uint32", chunks=(24, 36))
    names[...] = noise(*SHAPES[0][-2:], dtype=np.uint32)
    Path(path, "OME").mkdir()
    Path(path, "OME", "METADATA.ome.xml").write_text("<OME/>", "utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # version 3 has no word on consolidated metadata yet
        zarr.consolidate_metadata(path)


def said_in(folder: str) -> dict[str, Any]:
    """All files of metadata."""
    names = ("zarr.json", ".zarray", ".zattrs", ".zgroup", ".zmetadata", "METADATA.ome.xml")
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8")
        if path.suffix == ".xml"
        else json.loads(path.read_text("utf-8"))
        for path in Path(folder).rglob("*")
        if path.name in names
    }


@pytest.mark.parametrize("version", [2, 3])
def test_levels_of_a_pyramid_are_filtered_and_all_else_stays(version: int) -> None:
    pyramid("in.zarr", version)
    result = run("apply", "in.zarr", "-k", "box_blur", "-o", "out.zarr")
    assert result.stderr.splitlines() == [
        "in.zarr: each level of a pyramid is filtered in pixels of its own",
        "in.zarr: labels/cells/0 is copied, not filtered",
    ]
    before, after = zarr.open_group("in.zarr", mode="r"), zarr.open_group("out.zarr", mode="r")
    for number, shape in enumerate(SHAPES):
        a, b = before[str(number)], after[str(number)]
        assert_array_equal(b[...], fastconv.convolve(noise(*shape), KERNEL), strict=True)
        for name in "chunks", "shards", "fill_value", "compressors":
            assert getattr(a, name) == getattr(b, name), name
    assert_array_equal(after["labels/cells/0"][...], before["labels/cells/0"][...])
    assert said_in("in.zarr") == said_in("out.zarr")
    assert sorted(path.name for path in Path().iterdir()) == ["in.zarr", "out.zarr"]


@pytest.mark.parametrize("version", [2, 3])
def test_the_copies_of_metadata_say_the_new_type(version: int) -> None:
    pyramid("in.zarr", version)
    filter_file("in.zarr", "out.zarr", KERNEL, dtype="float32")
    for consolidated in True, False:
        group = zarr.open_group("out.zarr", mode="r", use_consolidated=consolidated)
        for number, shape in enumerate(SHAPES):
            wanted = fastconv.convolve(noise(*shape), KERNEL, dtype="float32")
            assert group[str(number)].dtype == np.float32
            assert_array_equal(group[str(number)][...], wanted, strict=True)
        assert dict(group.attrs) == multiscales(version)


def test_a_level_whose_width_is_that_of_colours_is_none() -> None:
    group = zarr.open_group("in.zarr", mode="w", attributes=multiscales(3))
    for number, shape in enumerate([(9, 8, 16), (9, 8, 8), (9, 8, 4)]):
        group.create_array(str(number), shape=shape, dtype="uint16", chunks=shape)[...] = noise(
            *shape
        )
    filter_file("in.zarr", "out.zarr", KERNEL)
    filter_file("in.zarr/2", "one.zarr", KERNEL)
    filter_file("in.zarr/2", "one.npy", KERNEL)
    wanted = fastconv.convolve(noise(9, 8, 4), KERNEL)
    assert_array_equal(np.load("one.npy"), wanted)
    assert_array_equal(zarr.open_array("out.zarr/2", mode="r")[...], wanted)
    assert_array_equal(zarr.open_array("one.zarr", mode="r")[...], wanted)


def test_coordinates_and_words_of_a_group_are_copied() -> None:
    group = zarr.open_group("in.zarr", mode="w", zarr_format=2)
    group.create_array("height", shape=(30, 40), dtype="float32", chunks=(8, 8))[...] = noise(
        30, 40
    )
    group.create_array("x", shape=(40,), dtype="float64", chunks=(40,))[...] = np.arange(40)
    group.create_array("names", shape=(2, 2), dtype="S3", chunks=(2, 2))[...] = b"abc"
    result = run("apply", "in.zarr", "-k", "box_blur", "-o", "out.zarr")
    assert result.stderr == "in.zarr: names, x are copied, not filtered\n"
    after = zarr.open_group("out.zarr", mode="r")
    assert_array_equal(after["x"][...], np.arange(40))
    assert (after["names"][...] == b"abc").all()
    wanted = fastconv.convolve(noise(30, 40).astype("f4"), KERNEL)
    assert_array_equal(after["height"][...], wanted)


@pytest.mark.parametrize("bands", [1, 4, 9])
def test_an_interrupted_group_is_gone_on_with(bands: int) -> None:
    pyramid("in.zarr", 3)
    filter_file("in.zarr", "wanted.zarr", KERNEL)
    done = [0]

    def stop(rows: int, total: int) -> None:
        assert 0 <= rows <= total
        done[0] += 1
        if done[0] == bands:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        filter_file("in.zarr", "out.zarr", KERNEL, band=8, progress=stop)
    assert not Path("out.zarr").exists() and Path("out.zarr.part").exists()
    with pytest.raises(ValueError, match="another kernel"):
        filter_file("in.zarr", "out.zarr", fastconv.sharpening, resume=True)
    filter_file("in.zarr", "out.zarr", KERNEL, resume=True, band=8)
    for number in range(len(SHAPES)):
        assert_array_equal(
            zarr.open_array(f"out.zarr/{number}", mode="r")[...],
            zarr.open_array(f"wanted.zarr/{number}", mode="r")[...],
        )
    assert said_in("out.zarr") == said_in("wanted.zarr")
    assert sorted(path.name for path in Path().iterdir()) == ["in.zarr", "out.zarr", "wanted.zarr"]


def test_progress_of_a_group_ends_with_all_of_it() -> None:
    pyramid("in.zarr", 2)
    seen: list[tuple[int, int]] = []
    filter_file("in.zarr", "out.zarr", KERNEL, progress=lambda *words: seen.append(words))
    assert seen == sorted(seen) and seen[-1][0] == seen[-1][1] == sum(map(np.prod, SHAPES))


@pytest.mark.parametrize(
    ("target", "options", "words"),
    [
        ("out.npy", {}, "target must end in .zarr for a group of arrays; got out.npy"),
        ("out.zarr", {"region": (0, 0, 2, 2)}, "region must be None for a group.*in.zarr/0"),
        ("out.zarr", {"border": "no"}, "border must be"),
        ("out.zarr", {"channel_axis": 9}, "channel_axis"),
    ],
)
def test_what_a_group_cannot_have_is_said_before_anything_is_written(
    target: str, options: dict[str, Any], words: str
) -> None:
    pyramid("in.zarr", 3)
    with pytest.raises((ValueError, TypeError), match=words):
        filter_file("in.zarr", target, KERNEL, **options)
    assert [path.name for path in Path().iterdir()] == ["in.zarr"]


def test_labels_alone_are_no_pictures() -> None:
    pyramid("in.zarr", 3)
    result = run("apply", "in.zarr/labels", "-k", "box_blur", "-o", "out.zarr", code=1)
    assert "labels must have an array of numbers, no labels" in " ".join(result.stderr.split())
    assert [path.name for path in Path().iterdir()] == ["in.zarr"]


def test_one_array_of_a_group_can_be_named() -> None:
    pyramid("in.zarr", 2)
    run("apply", "in.zarr/1", "-k", "box_blur", "-o", "out.zarr")
    wanted = fastconv.convolve(noise(*SHAPES[1]), KERNEL)
    assert_array_equal(zarr.open_array("out.zarr", mode="r")[...], wanted)
