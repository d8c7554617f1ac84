# SPDX-License-Identifier: BSD-3-Clause
"""A stream gives the bits of the call in memory, from anything that can be sliced into anything that can,
holds bands only, and what interrupts it costs nothing but time.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import tifffile
import zarr
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

import fastconv
from fastconv.io.tiff import Pages

from .judge import BORDERS, KERNELS, Array, or_refused, picture, small_picture
from .pieces import StopError, options_of, stop_at

KERNEL = KERNELS["even 4x6"]


class Sliced:
    """An array that gives nothing but rows and takes nothing but rows, and counts them."""

    def __init__(self, a: Array, chunks: tuple[int, ...] | None = None) -> None:
        self.a, self.shape, self.dtype, self.chunks = a, a.shape, a.dtype, chunks
        self.events: list[str] = []
        self.rows = 0

    def __getitem__(self, index: tuple[Any, ...]) -> Array:
        self.events.append("read")
        rows: Array = self.a[index].copy()
        self.rows += rows.shape[0]
        return rows

    def __setitem__(self, index: tuple[Any, ...], rows: Array) -> None:
        self.events.append("write")
        self.a[index] = rows


# --- any kind of array ---------------------------------------------------------------------------


def memmap(path: Path, a: Array) -> Any:
    result = np.lib.format.open_memmap(path.with_suffix(".npy"), "w+", a.dtype, a.shape)
    result[...] = a
    return result


def in_zarr(path: Path, a: Array) -> Any:
    result = zarr.open_array(
        str(path) + ".zarr", mode="w", shape=a.shape, dtype=a.dtype, chunks=(7, 10)
    )
    result[...] = a
    return result


def in_hdf5(path: Path, a: Array) -> Any:
    return h5py.File(path.with_suffix(".h5"), "w").create_dataset("a", data=a, chunks=(8, 9))


def in_tiff(path: Path, a: Array) -> Any:
    tifffile.imwrite(path.with_suffix(".tif"), a, tile=(16, 16), compression="zlib")
    return Pages(path.with_suffix(".tif"))


Maker = Callable[[Path, Array], Any]
MAKERS: dict[str, Maker] = {"memmap": memmap, "zarr": in_zarr, "hdf5": in_hdf5}


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("source", [*MAKERS, "tiff"])
@pytest.mark.parametrize("target", MAKERS)
def test_any_file_gives_what_memory_gives(
    source: str, target: str, border: str, tmp_path: Path
) -> None:
    image = picture((50, 37), "uint16")
    given = {**MAKERS, "tiff": in_tiff}[source](tmp_path / "in", image)
    result = MAKERS[target](tmp_path / "out", np.zeros_like(image))
    answer = fastconv.stream(given, KERNEL, result, border=border, cval=7, band=9)
    assert answer is result
    assert_array_equal(result[...], fastconv.convolve(image, KERNEL, border=border, cval=7))
    for a in (given, result):
        getattr(a, "close", getattr(getattr(a, "file", None), "close", lambda: None))()


@st.composite
def calls(draw: st.DrawFn) -> tuple[Any, ...]:
    """Image, kernel, the options of a call and those of the stream, chunks of the source and the target."""
    shape = [draw(st.integers(1, 25)), draw(st.integers(1, 12))]
    size = draw(st.integers(1, 9)), draw(st.integers(1, 5))
    options = options_of(draw, shape, size)
    options["method"] = draw(st.sampled_from(["auto", "auto", "direct", "fft", "box"]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    equal = options["method"] == "box" or draw(st.booleans())
    kernel = np.full(size, 0.1) if equal else rng.normal(size=size)
    dtype = draw(
        st.sampled_from(["bool", "uint8", ">i2", "int64", "float32", "float64", "complex64"])
    )
    cut = [
        tuple(draw(st.integers(1, n)) for n in shape) if draw(st.booleans()) else None for _ in "st"
    ]
    return small_picture(tuple(shape), dtype), kernel, options, draw(st.integers(1, 30)), cut


@given(calls(), st.booleans(), st.booleans())
def test_bands_of_any_height_give_the_bits_of_one(
    call: tuple[Any, ...], arrays: bool, correlate: bool
) -> None:
    image, kernel, options, band, (cut, target_cut) = call
    function: Callable[..., Array] = fastconv.correlate if correlate else fastconv.convolve
    wanted = or_refused(lambda: function(image, kernel, **options), "cannot do this")
    assume(wanted is not None)
    result = np.zeros_like(wanted)
    source, target = (image, result) if arrays else (Sliced(image, cut), Sliced(result, target_cut))
    fastconv.stream(source, kernel, target, band=band, correlate=correlate, **options)
    assert_array_equal(result, wanted)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_bands_of_few_columns_of_colours_begin_with_a_group_of_rows(level: str, axis: int) -> None:
    # where a band may begin was asked for one channel, whose rows and columns change places
    for size in ((8, 1), (11, 2), (40, 2)):
        image = np.moveaxis(picture((*size, 3), "float32"), -1, axis)
        kernel = np.full((8, 2), 0.1)
        options: dict[str, Any] = {"method": "box", "shape": "full", "channel_axis": axis}
        wanted = fastconv.convolve(image, kernel, **options)
        for band in (1, 3, 5):
            result = np.zeros_like(wanted)
            fastconv.stream(image, kernel, result, band=band, **options)
            assert_array_equal(result, wanted)


def test_parts_of_a_mapped_file_give_what_memory_gives(tmp_path: Path) -> None:
    image = picture((90, 80), "uint8")
    whole = memmap(tmp_path / "in", image)
    for part in (np.s_[5:80, 3:40], np.s_[::2, ::3], np.s_[::-1, ::-1]):
        for turned in (whole[part], whole[part].T):
            result = np.zeros_like(turned)
            fastconv.stream(turned, KERNEL, result, band=4)
            assert_array_equal(result, fastconv.convolve(np.array(turned), KERNEL))


def test_large_integers_are_exact() -> None:
    image = picture((30, 20), "int64")
    result = np.zeros_like(image)
    fastconv.stream(image, np.array([[1, -2], [3, 1]]), result, band=4)
    assert_array_equal(result, fastconv.convolve(image, np.array([[1, -2], [3, 1]])))


def test_a_target_without_pixels_is_complete() -> None:
    told: list[Any] = []
    target = np.empty((0, 5), np.float32)
    answer = fastconv.stream(
        np.ones((2, 5), np.float32), np.ones((3, 1)), target, shape="valid", method="box",
        progress=lambda *rows: told.append(rows),
    )  # fmt: skip
    assert answer is target and told == []


# --- how it runs ---------------------------------------------------------------------------------


def test_progress_is_told_after_each_band_by_the_caller_s_thread() -> None:
    image = picture((3, 20, 8), "uint8")
    told: list[Any] = []
    fastconv.stream(
        image, KERNEL, np.empty_like(image), band=8,
        progress=lambda done, total: told.append((done, total, threading.get_ident())),
    )  # fmt: skip
    here = threading.get_ident()
    assert told == [(done, 60, here) for done in (8, 16, 20, 28, 36, 40, 48, 56, 60)]


class Waiting(Sliced):
    """A target that writes nothing before its source has been read three times."""

    def __init__(self, a: Array, source: Sliced) -> None:
        super().__init__(a)
        self.source, self.events = source, source.events

    def __setitem__(self, index: tuple[Any, ...], rows: Array) -> None:
        patience = time.monotonic() + 30
        while self.events.count("read") < 3:
            assert time.monotonic() < patience, "nobody reads while this is written"
            time.sleep(0.001)
        super().__setitem__(index, rows)


def test_reading_goes_ahead_of_writing_but_not_far() -> None:
    source = Sliced(picture((400, 8), "uint8"))
    target = Waiting(np.zeros((400, 8), np.uint8), source)
    fastconv.stream(source, KERNEL, target, band=4, threads=2)
    ahead = np.cumsum([1 if event == "read" else -1 for event in target.events])
    assert ahead.max() <= 5  # bands that are read, filtered by two threads, and written


def test_rows_that_two_bands_need_are_read_once() -> None:
    source = Sliced(picture((100, 8), "uint8"), (16, 8))
    fastconv.stream(source, np.ones((31, 3)), np.zeros((100, 8), np.uint8), band=5)
    assert source.rows == 100


@pytest.mark.parametrize(
    ("chunks", "band", "heights"),
    [((16, 8), 1, {16, 4}), ((16, 8), 17, {32, 4}), (None, 7, {7, 2})],
)
def test_bands_are_whole_chunks_of_the_target(
    chunks: tuple[int, ...] | None, band: int, heights: set[int]
) -> None:
    target = Sliced(np.zeros((100, 8), np.uint8), chunks)
    ends = [0]
    fastconv.stream(
        picture((100, 8), "uint8"), KERNEL, target, band=band, progress=lambda y, _: ends.append(y)
    )
    assert set(np.diff(ends)) == heights


PEAK = """
import re, sys
import numpy as np
import fastconv
source = np.memmap(sys.argv[1], np.uint8, "r", shape=(32768, 16384)){cut}
target = np.memmap(sys.argv[2], np.uint8, "w+", shape=source.shape)
fastconv.stream(source, fastconv.box_blur, target)
print(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="this system does not tell a process's peak")
@pytest.mark.parametrize("cut", ["", "[:, 9:]"], ids=["whole", "columns"])
def test_memory_is_bounded_by_the_bands(cut: str, tmp_path: Path) -> None:
    with (tmp_path / "in").open("wb") as file:
        file.truncate(2**29)  # zeros that take no disk
    done = subprocess.run(
        [sys.executable, "-c", PEAK.format(cut=cut), tmp_path / "in", tmp_path / "out"],
        check=True, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    (tmp_path / "out").unlink()
    assert int(done.stdout) < 300 * 1024  # of a gigabyte


# --- interruptions -------------------------------------------------------------------------------


def is_marked(target: Any) -> bool:
    if isinstance(target, np.memmap):
        return Path(f"{target.filename}.unfinished").exists()
    return "fastconv_unfinished" in target.attrs


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_an_interrupted_run_is_marked_and_resumed_with_the_same_bits(
    kind: str, dtype: str, tmp_path: Path
) -> None:
    image = picture((90, 20), dtype)
    source, target = Sliced(image), MAKERS[kind](tmp_path / "out", np.zeros_like(image))
    kernel = np.ones((9, 9)) / 81  # a box: its sums of floats know where bands begin
    with pytest.raises(StopError):
        fastconv.stream(source, kernel, target, band=8, progress=stop_at(40))
    assert is_marked(target)
    source.rows = 0
    answer = fastconv.stream(source, kernel, target, band=11, resume=True)
    assert answer is target and not is_marked(target)
    assert source.rows < 75  # what was done is not done again
    assert_array_equal(target[...], fastconv.convolve(image, kernel), strict=True)
    if kind == "hdf5":
        target.file.close()


KILLED = """
import os, signal, sys
import numpy as np
import fastconv
image = np.load(sys.argv[1], mmap_mode="r")
target = np.lib.format.open_memmap(sys.argv[2], "w+", image.dtype, image.shape)
kernel = np.ones((5, 5)) / 30
fastconv.stream(image, kernel, target, band=8,
    progress=lambda done, total: done < 40 or os.kill(os.getpid(), signal.SIGTERM))
"""


def test_a_run_that_was_killed_is_resumed(tmp_path: Path) -> None:
    image = picture((90, 20), "uint16")
    np.save(tmp_path / "in.npy", image)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, tmp_path / "in.npy", tmp_path / "out.npy"],
        check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode != 0
    target = np.load(tmp_path / "out.npy", mmap_mode="r+")
    assert is_marked(target)
    told: list[int] = []
    fastconv.stream(
        image, np.ones((5, 5)) / 30, target, resume=True, progress=lambda y, _: told.append(y)
    )
    assert told == [90] and not is_marked(target)
    assert_array_equal(target, fastconv.convolve(image, np.ones((5, 5)) / 30))


def test_a_target_of_any_kind_can_be_marked_by_a_file(tmp_path: Path) -> None:
    image, mark = picture((50, 20), "uint8"), tmp_path / "mark"
    target = np.zeros_like(image)
    with pytest.raises(StopError):
        fastconv.stream(image, KERNEL, target, band=8, progress=stop_at(16), mark=mark)
    assert mark.exists() and target[:16].any()
    fastconv.stream(image, KERNEL, target, resume=True, mark=mark)
    assert not mark.exists()
    assert_array_equal(target, fastconv.convolve(image, KERNEL))


@pytest.mark.parametrize(
    "other",
    [{"border": "wrap"}, {"kernel": 2 * KERNEL}, {"correlate": True}, {"origin": (0, 1)},
     {"method": "direct"}],
    ids=str,
)  # fmt: skip
def test_another_run_cannot_go_on_with_it(other: dict[str, Any], tmp_path: Path) -> None:
    image = picture((50, 20), "float32")
    target = memmap(tmp_path / "out", np.zeros_like(image))
    with pytest.raises(StopError):
        fastconv.stream(image, KERNEL, target, band=8, progress=stop_at(16))
    before = target.copy()
    words = {"kernel": KERNEL, "source": image, "target": target, "resume": True, **other}
    with pytest.raises(ValueError, match="target was begun with another kernel, option"):
        fastconv.stream(**words)
    assert_array_equal(target, before)
    assert is_marked(target)


def test_a_damaged_mark_is_not_taken_for_a_finished_run(tmp_path: Path) -> None:
    image = picture((50, 20), "uint8")
    (tmp_path / "mark").write_text("rows 5")
    with pytest.raises(ValueError, match=r"must be a mark of fastconv\.stream; got 'rows 5'"):
        fastconv.stream(image, KERNEL, np.zeros_like(image), resume=True, mark=tmp_path / "mark")


def test_an_error_while_reading_or_writing_is_the_caller_s_and_leaves_the_mark(
    tmp_path: Path,
) -> None:
    class Broken(Sliced):
        def __getitem__(self, index: tuple[Any, ...]) -> Array:
            if index[-1].start > 20:
                raise OSError("a bad sector")
            return super().__getitem__(index)

        def __setitem__(self, index: tuple[Any, ...], rows: Array) -> None:
            raise OSError("disk full")

    image = picture((50, 20), "uint8")
    target = memmap(tmp_path / "out", np.zeros_like(image))
    with pytest.raises(OSError, match="a bad sector"):
        fastconv.stream(Broken(image), KERNEL, target, band=8)
    assert is_marked(target)
    with pytest.raises(OSError, match="disk full"):
        fastconv.stream(image, KERNEL, Broken(np.zeros_like(image)), band=8)


# --- what is refused -----------------------------------------------------------------------------


def test_a_target_that_is_the_source_is_refused(tmp_path: Path) -> None:
    image = picture((50, 20), "uint8")
    mapped = memmap(tmp_path / "a", image)
    again = np.load(tmp_path / "a.npy", mmap_mode="r+")
    raw = np.memmap(tmp_path / "a.npy", np.uint8, "r+", offset=200, shape=(40, 20))
    stored = in_zarr(tmp_path / "a", image)
    dataset = in_hdf5(tmp_path / "a", image)
    for source, target in (
        (image, image),
        (image[:40], image[10:]),
        (mapped, mapped),
        (mapped, again),
        (mapped[10:], raw),
        (stored, stored),
        (stored, zarr.open_array(str(tmp_path / "a.zarr"), mode="r+")),
        (dataset, dataset.file["a"]),
    ):
        with pytest.raises(ValueError, match="target must not share memory or a file with source"):
            fastconv.stream(source, KERNEL, target)
    dataset.file.close()
    assert_array_equal(mapped, image)


def test_other_parts_of_the_source_s_file_can_be_the_target(tmp_path: Path) -> None:
    image = picture((50, 20), "uint8")
    (tmp_path / "both").write_bytes(image.tobytes() + bytes(1000))
    source = np.memmap(tmp_path / "both", np.uint8, "r", shape=(50, 20))
    target = np.memmap(tmp_path / "both", np.uint8, "r+", offset=1000, shape=(50, 20))
    fastconv.stream(source, KERNEL, target)
    assert_array_equal(target, fastconv.convolve(image, KERNEL))


IMAGE = picture((9, 8), "uint8")


@pytest.mark.parametrize(
    ("changed", "error", "words"),
    [
        ({"source": [[1, 2]]}, TypeError, "source must have a shape and a dtype.*got list"),
        ({"target": "out.npy"}, TypeError, "target must have a shape and a dtype.*got str"),
        ({"source": IMAGE.astype("M8[s]")}, TypeError, "source must"),
        ({"source": IMAGE[0], "target": np.zeros(8)}, ValueError, "at least 2 axes"),
        ({"target": np.zeros((9, 7), np.uint8)}, ValueError, r"target must have shape \(9, 8\)"),
        ({"target": np.zeros((9, 8), bool)}, TypeError, "target must be of an integer.*got bool"),
        ({"target": np.zeros((9, 8), complex), "dtype": "u1"}, TypeError, "target must be of type uint8"),
        ({"shape": "valid"}, ValueError, r"target must have shape \(6, 3\)"),
        ({"band": 0}, ValueError, "band must be a positive integer; got 0"),
        ({"band": 1.5}, ValueError, r"band must be a positive integer; got 1\.5"),
        ({"resume": True}, ValueError, "target must be a memmap, zarr or HDF5, or `mark` a path"),
        ({"border": "nowhere"}, ValueError, "border must be one of"),
        ({"threads": 0}, ValueError, "threads"),
        ({"channel_axis": 3}, ValueError, "channel_axis"),
        ({"method": "box"}, ValueError, "method='box' cannot do this"),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_wrong_is_said_before_anything_is_written(
    changed: dict[str, Any], error: type[Exception], words: str
) -> None:
    target = np.full((9, 8), 77, np.uint8)
    call = {"source": IMAGE, "kernel": KERNEL, "target": target, **changed}
    with pytest.raises(error, match=words):
        fastconv.stream(**call)
    assert (target == 77).all()


def test_a_read_only_target_is_refused_before_it_is_marked(tmp_path: Path) -> None:
    target = memmap(tmp_path / "out", np.zeros_like(IMAGE))
    target.flush()
    read_only = np.load(tmp_path / "out.npy", mmap_mode="r")
    with pytest.raises(ValueError, match="target must be writable; got a read-only array"):
        fastconv.stream(IMAGE, KERNEL, read_only)
    assert not is_marked(read_only)
