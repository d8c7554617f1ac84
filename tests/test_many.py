# SPDX-License-Identifier: BSD-3-Clause
"""Many files: several at once, here or on a cluster; what fails is said and counted, what is done is kept."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from numpy.testing import assert_array_equal
from PIL import Image

import fastconv
from fastconv import _threads
from fastconv.cli import cli, many
from fastconv.io.pictures import Outcome, Task, do

from .judge import picture

NAMES = ("a.png", "b.tif", "c.bmp", "d.npy")


@pytest.fixture(autouse=True)
def images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Four files in a folder, each of 40,000 pixels."""
    monkeypatch.chdir(tmp_path)
    Path("in").mkdir()
    images = {name: picture((200, 200), "uint8", seed) for seed, name in enumerate(NAMES)}
    for name, image in images.items():
        if name.endswith(".npy"):
            np.save(Path("in", name), image)
        else:
            Image.fromarray(image).save(Path("in", name))
    return images


def run(*words: object, code: int = 0) -> Result:
    result = CliRunner().invoke(cli, ["apply", *map(str, words)])
    assert result.exit_code == code, result.output
    return result


def assert_filtered(images: dict[str, Any], folder: str = "out") -> None:
    for name, image in images.items():
        path = Path(folder, name)
        got = np.load(path) if name.endswith(".npy") else np.asarray(Image.open(path))
        assert_array_equal(got, fastconv.apply(image, fastconv.sharpening), name)


def test_two_files_are_filtered_at_once(
    images: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    together = threading.Barrier(2, timeout=30)

    def both(task: Task, progress: Any = None) -> Outcome:
        together.wait()  # for the other one
        return do(task, progress)

    monkeypatch.setattr(many, "do", both)
    run("in", "-k", "sharpening", "-o", "out", "--jobs", 2)
    assert_filtered(images)


@pytest.mark.parametrize(("jobs", "threads"), [(1, 8), (2, 4), (3, 2), (4, 2), (None, 2)])
def test_cores_are_shared_out_among_the_files(
    jobs: int | None, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def noted(task: Task, progress: Any = None) -> Outcome:
        seen.append(task.filter.options["threads"])
        return do(task, progress)

    monkeypatch.setattr(many, "do", noted)
    monkeypatch.setattr(_threads, "get_num_threads", lambda: 8)
    run("in", "-k", "sharpening", "-o", "out", *(["--jobs", jobs] if jobs else []))
    assert seen == [threads] * 4


def test_the_summary_counts_files_and_pixels(images: dict[str, Any]) -> None:
    last = run("in", "-k", "sharpening", "-o", "out").output.splitlines()[-1]
    assert re.fullmatch(
        r"4 files, 0 failed, 0\.2 megapixels filtered \(\d[\d.e+]* Mpx/s\)", last
    ), last
    assert_filtered(images)


def test_what_fails_is_said_with_its_reason_and_the_rest_is_done(images: dict[str, Any]) -> None:
    Path("in/broken.png").write_bytes(b"no picture")
    Path("in/words.npy").write_bytes(b"no array")
    result = run("in", "-k", "sharpening", "-o", "out", "--jobs", 2, code=1)
    assert f"{Path('in/broken.png')}: not a picture that Pillow can open" in result.output
    assert f"{Path('in/words.npy')}: " in result.output
    assert result.output.splitlines()[-1].startswith("6 files, 2 failed, 0.2 megapixels")
    assert_filtered(images)
    assert sorted(path.name for path in Path("out").iterdir()) == sorted(NAMES)


def test_what_is_there_is_not_done_again_when_resumed(images: dict[str, Any]) -> None:
    run("in", "-k", "sharpening", "-o", "out")
    Path("out/b.tif").unlink()
    Path("out/d.npy").unlink()
    before = Path("out/a.png").stat().st_mtime_ns
    result = run("in", "-k", "sharpening", "-o", "out", "--resume")
    assert result.output.startswith("4 files, 0 failed, 2 there already, 0.1 megapixels")
    assert Path("out/a.png").stat().st_mtime_ns == before
    assert_filtered(images)
    assert "4 files, 4 failed" in run("in", "-k", "sharpening", "-o", "out", code=1).output


def test_an_interruption_ends_it_and_says_how_to_go_on(
    images: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(task: Task, progress: Any = None) -> Outcome:
        if task.name.endswith("c.bmp"):
            raise KeyboardInterrupt
        return do(task, progress)

    with monkeypatch.context() as patched:
        patched.setattr(many, "do", interrupted)
        result = run("in", "-k", "sharpening", "-o", "out", "--jobs", 1, code=1)
    assert "interrupted; --resume goes on" in result.output
    names = {path.name for path in Path("out").iterdir()}
    assert {"a.png", "b.tif"} <= names and "c.bmp" not in names
    run("in", "-k", "sharpening", "-o", "out", "--resume")
    assert_filtered(images)


def test_a_fresh_process_knows_every_format(images: dict[str, Any]) -> None:
    Path("in/a.png").unlink()  # which Pillow knows from the beginning
    done = subprocess.run(
        [sys.executable, "-m", "fastconv", "apply", "in", "-k", "sharpening", "-o", "out"],
        check=True, capture_output=True, text=True, timeout=60,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert done.stdout.startswith("3 files, 0 failed")
    assert_filtered({name: image for name, image in images.items() if name != "a.png"})


# --- on a cluster --------------------------------------------------------------------------------


def test_workers_of_a_cluster_filter_the_files(cluster: Any, images: dict[str, Any]) -> None:
    Path("in/broken.png").write_bytes(b"no picture")
    address = cluster.scheduler_address
    result = run("in", "-k", "sharpening", "-o", "out", "--dask", address, code=1)
    assert f"{Path('in/broken.png')}: not a picture that Pillow can open" in result.output
    assert result.output.splitlines()[-1].startswith("5 files, 1 failed, 0.2 megapixels")
    assert_filtered(images)


def test_a_cluster_goes_on_with_what_is_there(cluster: Any, images: dict[str, Any]) -> None:
    run("in", "-k", "sharpening", "-o", "out")
    Path("out/b.tif").unlink()
    words = ("in", "-k", "sharpening", "-o", "out", "--dask", cluster.scheduler_address)
    assert "4 files, 0 failed, 3 there already" in run(*words, "--resume").output
    assert_filtered(images)


def test_what_a_killed_worker_did_not_report_is_no_failure(
    doomed_cluster: Any, images: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = tmp_path / "killed"

    def deadly(task: Task) -> Outcome:
        outcome = do(task)
        if not killed.exists():
            killed.touch()
            os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
        return outcome

    monkeypatch.setattr(many, "do", deadly)
    result = run("in", "-k", "sharpening", "-o", "out", "--dask", doomed_cluster.scheduler_address)
    assert killed.exists()
    assert result.output.startswith("4 files, 0 failed, 0.2 megapixels")
    assert_filtered(images)


def test_a_cluster_keeps_what_is_there(cluster: Any, images: dict[str, Any]) -> None:
    Path("out").mkdir()
    Path("out/b.tif").write_bytes(b"mine")
    address = cluster.scheduler_address
    result = run("in", "-k", "sharpening", "-o", "out", "--dask", address, code=1)
    assert "b.tif exists; --force overwrites it" in " ".join(result.output.split())
    assert Path("out/b.tif").read_bytes() == b"mine"


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nowhere://x"])
def test_a_cluster_that_is_not_there_is_a_usage_error(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(many, "PATIENCE", 1)
    result = run("in", "-k", "sharpening", "-o", "out", "--dask", address, code=2)
    assert f"--dask {address}" in result.output
    assert not Path("out").exists()
