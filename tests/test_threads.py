# SPDX-License-Identifier: BSD-3-Clause
"""Any number of threads gives the same bytes; many Python threads may call at once; a forked child
calls again, with threads of its own; and who says how many threads there are.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import fastconv
from fastconv import _threads, kernels
from fastconv._engine import pool

from .judge import KERNELS, Array, definition, picture

TASKS = Path("/proc/self/task")  # one folder a thread of the process


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("FASTCONV_NUM_THREADS", raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    fastconv.set_num_threads(None)
    yield
    monkeypatch.undo()
    fastconv.set_num_threads(None)


def python(program: str, **environment: str) -> str:
    """Run a program in a fresh interpreter, not for ever; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", program],
        env={**os.environ, **environment}, text=True, capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


# --- the same bytes ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["dense 3x3", "dense 5x5", "separable 3x5", "box 5x4", "sparse 3x3"]
)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
def test_same_bytes_for_1_to_8_threads(dtype: str, name: str) -> None:
    image = picture((1000, 1000), dtype)
    one = fastconv.convolve(image, KERNELS[name], threads=1)
    for threads in range(2, 9):
        got = fastconv.convolve(image, KERNELS[name], threads=threads)
        assert got.tobytes() == one.tobytes(), f"{threads} threads"


@pytest.mark.parametrize("shape", [(1, 5000), (5000, 1), (3, 400, 300), (700, 200, 3)], ids=str)
@pytest.mark.usefixtures("eager_threads")
def test_same_bytes_for_pictures_of_any_shape(shape: tuple[int, ...]) -> None:
    axis = 2 if shape[-1] == 3 else None
    for dtype in ("uint8", "float32", "int64"):
        image = picture(shape, dtype) // 256 if dtype == "int64" else picture(shape, dtype)
        kernel = np.array([[1, 2, 1], [0, 3, -1], [1, 1, 1]])
        results = {
            fastconv.convolve(image, kernel, channel_axis=axis, threads=n).tobytes()
            for n in (1, 2, 5, 8, 64)
        }
        assert len(results) == 1


def test_more_threads_than_rows_do_no_harm() -> None:
    image = picture((2, 3_000_000), np.float32)
    got = fastconv.convolve(image, KERNELS["dense 3x3"], threads=16)
    one = fastconv.convolve(image, KERNELS["dense 3x3"], threads=1)
    assert_array_equal(got, one)


# --- many callers --------------------------------------------------------------------------------


def test_8_python_threads_share_an_image_with_different_kernels() -> None:
    image = picture((300, 400), np.uint8)
    names = [name for name in KERNELS if name != "zeros"][:8]
    wanted = {name: definition("convolve", image, KERNELS[name]) for name in names}
    start = threading.Barrier(8)

    def work(name: str) -> list[Array]:
        start.wait()
        return [fastconv.convolve(image, KERNELS[name], threads=2) for _ in range(10)]

    with ThreadPoolExecutor(8) as pool:
        for name, results in zip(names, pool.map(work, names), strict=True):
            for got in results:
                assert_array_equal(got, wanted[name], err_msg=name)


def test_python_threads_may_write_to_parts_of_one_output() -> None:
    image = picture((8, 200, 300), np.float32)
    out = np.empty_like(image)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: fastconv.convolve(image[i], kernels.box(5), out=out[i]), range(8)))
    assert_array_equal(out, fastconv.convolve(image, kernels.box(5)))


def test_interpreter_runs_on_while_the_engine_works() -> None:
    # one thread counts while the other convolves: without the GIL both move
    image = picture((1500, 1500), np.float64)
    kernel = np.random.default_rng(0).random((15, 15))
    ticks, done = [0], threading.Event()

    def call() -> None:
        fastconv.convolve(image, kernel, threads=1)
        done.set()

    worker = threading.Thread(target=call)
    worker.start()
    while not done.is_set():
        ticks[0] += 1
    worker.join()
    assert ticks[0] > 1000


def test_kernels_planned_by_many_threads_at_once_are_not_mixed_up() -> None:
    images = picture((6, 7), np.uint8)
    rng = np.random.default_rng(5)
    many = [rng.integers(-9, 10, (3, 3)) / 9 for _ in range(600)]  # more than are kept
    wanted = [definition("convolve", images, kernel) for kernel in many]
    with ThreadPoolExecutor(8) as pool:
        for got, right in zip(
            pool.map(lambda k: fastconv.convolve(images, k), many), wanted, strict=True
        ):
            assert_array_equal(got, right)


# --- fork ----------------------------------------------------------------------------------------

FORK = """
import os, sys, time
import numpy as np
import fastconv

image = np.random.default_rng(0).integers(0, 256, (1000, 1000), dtype=np.uint8)
kernel = np.random.default_rng(1).random((7, 7))
kernel /= kernel.sum()
fastconv.set_num_threads(4)
parent = fastconv.convolve(image, kernel)           # threads run before the fork
assert fastconv.get_num_threads() == 4
"""

FORK_BY_HAND = (
    FORK
    + """
child = os.fork()
if child == 0:
    same = (fastconv.convolve(image, kernel) == parent).all()
    same &= (fastconv.convolve(image, kernel, threads=4) == parent).all()
    grandchild = os.fork()
    if grandchild == 0:
        os._exit(0 if (fastconv.convolve(image, kernel) == parent).all() else 1)
    inner = os.waitpid(grandchild, 0)[1]
    os._exit(0 if same and inner == 0 and fastconv.get_num_threads() == 4 else 1)
for _ in range(600):
    pid, status = os.waitpid(child, os.WNOHANG)
    if pid:
        break
    time.sleep(0.1)
else:
    os.kill(child, 9)
    sys.exit("the child hangs")
assert status == 0, status
assert (fastconv.convolve(image, kernel) == parent).all()   # and the parent goes on with threads
assert fastconv.get_num_threads() == 4
print("fine")
"""
)

FORK_BY_MULTIPROCESSING = (
    FORK
    + """
import multiprocessing

def work(seed):
    return fastconv.get_num_threads(), (fastconv.convolve(image, kernel) == parent).all()

with multiprocessing.get_context("fork").Pool(3) as pool:
    answers = pool.map_async(work, range(12)).get(timeout=60)
assert all(same for threads, same in answers) and {threads for threads, same in answers} == {4}
print("fine")
"""
)

FORK_BEFORE_IMPORT = """
import multiprocessing, sys
multiprocessing.set_start_method("fork")

def work(queue):
    import numpy as np
    import fastconv
    image = np.full((1000, 1000), 7, np.uint8)
    queue.put(bool((fastconv.convolve(image, np.ones((9, 9)) / 81, threads=4) == 7).all()))

queue = multiprocessing.Queue()
child = multiprocessing.Process(target=work, args=(queue,))
child.start()
assert queue.get(timeout=60)
child.join()
print("fine")
"""

SPAWNED = """
import fastconv, numpy as np

def work(n):
    image = np.full((1000, 1000), n, np.uint8)
    return fastconv.get_num_threads(), bool((fastconv.convolve(image, np.ones((9, 9)) / 81) == n).all())

if __name__ == "__main__":
    import multiprocessing
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.map_async(work, [5]).get(timeout=100) == [(3, True)]
    print("fine")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.parametrize(
    "program",
    [FORK_BY_HAND, FORK_BY_MULTIPROCESSING, FORK_BEFORE_IMPORT],
    ids=["os.fork", "multiprocessing", "import in the child"],
)
def test_forked_child_calls_again_and_does_not_hang(program: str) -> None:
    assert python(program) == "fine\n"


def test_spawned_child_has_threads_of_its_own(tmp_path: Path) -> None:
    script = tmp_path / "spawned.py"  # a child imports the file its parent ran
    script.write_text(SPAWNED)
    done = subprocess.run(
        [sys.executable, str(script)], env={**os.environ, "FASTCONV_NUM_THREADS": "3"},
        text=True, capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.stdout == "fine\n", done.stderr


# --- how many ------------------------------------------------------------------------------------

HOUR = 3.6e12  # ns: worth all threads there are


def test_threads_beats_set_num_threads_beats_the_environment_beats_the_cores(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    assert fastconv.get_num_threads() == cores
    monkeypatch.setenv("FASTCONV_NUM_THREADS", "5")
    fastconv.set_num_threads(None)
    assert fastconv.get_num_threads() == 5
    fastconv.set_num_threads(3)
    assert fastconv.get_num_threads() == 3
    assert _threads.threads_for(HOUR, None) == 3
    assert _threads.threads_for(HOUR, 7) == 7
    fastconv.set_num_threads(None)
    assert fastconv.get_num_threads() == 5
    monkeypatch.delenv("FASTCONV_NUM_THREADS")
    fastconv.set_num_threads(None)
    assert fastconv.get_num_threads() == cores


def test_settings_are_those_that_explain_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    def said(**options: Any) -> str:
        text = fastconv.explain(np.zeros((3000, 3000), np.float32), np.ones((15, 15)), **options)
        return next(line for line in text.splitlines() if "threads" in line).split()[1]

    monkeypatch.setenv("FASTCONV_NUM_THREADS", "5")
    fastconv.set_num_threads(None)
    assert said() == "5"
    fastconv.set_num_threads(3)
    assert said() == "3"
    assert said(threads=6) == "6"


def test_threads_start_only_where_they_pay() -> None:
    assert _threads.threads_for(1000, 8) == 1
    assert _threads.threads_for(2.5 * pool.WORTH, 8) == 2
    assert _threads.threads_for(HOUR, 8) == 8


COUNT = """
import os
import numpy as np
import fastconv
image = np.zeros((1200, 1200), np.float32)
kernel = np.random.default_rng(0).random((9, 9))
def tasks():
    return len(os.listdir("/proc/self/task"))
before = tasks()
fastconv.convolve(image[:20, :20], kernel, threads=4)
small = tasks() - before
fastconv.convolve(image, kernel, threads=1)
serial = tasks() - before
fastconv.convolve(image, kernel{threads})
print(small, serial, tasks() - before)
"""


@pytest.mark.skipif(not TASKS.is_dir(), reason="this system does not list a process's threads")
@pytest.mark.parametrize(
    ("setting", "argument", "started"),
    [("3", "", 2), ("3", ", threads=4", 3), ("1", "", 0), ("1", ", threads=2", 1)],
)
def test_as_many_threads_start_as_were_asked_for(setting: str, argument: str, started: int) -> None:
    program = COUNT.format(threads=argument)
    said = python(program, FASTCONV_NUM_THREADS=setting, OPENBLAS_NUM_THREADS="1")
    expected = started if pool.kind() != "none" else 0
    assert said == f"0 0 {expected}\n"


def test_other_libraries_settings_are_left_alone() -> None:
    program = """
import os
os.environ["OMP_NUM_THREADS"] = "1"
import numpy as np
import fastconv
before = dict(os.environ)
fastconv.set_num_threads(2)
fastconv.convolve(np.zeros((900, 900), np.float32), np.ones((9, 9)), threads=3)
assert dict(os.environ) == before
print(fastconv.get_num_threads())
"""
    assert python(program) == "2\n"


@pytest.mark.parametrize("wrong", [0, -1, 1025, 2.0, "2", True, [2]])
@pytest.mark.parametrize(
    ("argument", "call"),
    [
        ("n", lambda n: fastconv.set_num_threads(n)),
        ("threads", lambda n: fastconv.convolve(np.zeros((3, 3)), [[1]], threads=n)),
        ("threads", lambda n: fastconv.plan([[1]], threads=n)),
    ],
    ids=["set_num_threads", "convolve", "plan"],
)
def test_number_of_threads_that_is_none_is_refused(
    argument: str, call: Callable[[Any], Any], wrong: Any
) -> None:
    before = fastconv.get_num_threads()
    with pytest.raises(ValueError, match=f"^{argument} must be an integer from 1 to 1024; got "):
        call(wrong)
    assert fastconv.get_num_threads() == before


@pytest.mark.parametrize("wrong", ["0", "-3", "many", "2.5", "1025", "\u00b2"])
def test_wrong_environment_is_an_error_that_names_it(
    wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = fastconv.get_num_threads()
    monkeypatch.setenv("FASTCONV_NUM_THREADS", wrong)
    with pytest.raises(
        ValueError, match=r"^FASTCONV_NUM_THREADS must be an integer from 1 to 1024"
    ):
        fastconv.set_num_threads(None)
    assert fastconv.get_num_threads() == before


def test_wrong_environment_is_an_error_of_the_import() -> None:
    program = """
try:
    import fastconv
except ValueError as error:
    print(error)
"""
    said = python(program, FASTCONV_NUM_THREADS="many")
    assert said == "FASTCONV_NUM_THREADS must be an integer from 1 to 1024; got 'many'\n"


def test_numbers_may_be_numpys() -> None:
    fastconv.set_num_threads(np.int64(2))  # type: ignore[arg-type]
    assert fastconv.get_num_threads() == 2
    assert fastconv.convolve([[1]], [[2]], threads=np.int8(1)).tolist() == [[2]]  # type: ignore[arg-type]
