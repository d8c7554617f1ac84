# SPDX-License-Identifier: BSD-3-Clause
"""The pool of threads: each band runs once, whoever calls, forks or is held up meanwhile; no data race; and
helpers that cost more than they bring are left alone.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import fastconv
from fastconv import _threads
from fastconv._engine import pool

from .judge import picture
from .test_threads import TASKS, python

HERE = Path(__file__).parent
CC = shutil.which("gcc") or shutil.which("cc")

with_threads = pytest.mark.skipif(pool.kind() == "none", reason="this build has no threads")
with_tasks = pytest.mark.skipif(
    pool.kind() == "none" or not TASKS.is_dir(),
    reason="no threads, or the system does not list them",
)


# --- the header by itself ------------------------------------------------------------------------


def hammer(
    folder: Path,
    *words: object,
    flags: tuple[str, ...] = (),
    compiler: str | None = CC,
    machine: tuple[str, ...] = (),
) -> str:
    """Build and run hammer_pool.c; return what it printed."""
    headers, source = HERE.parent / "src" / "schedule", HERE / "hammer_pool.c"
    if compiler is None or not hasattr(os, "fork"):
        pytest.skip("needs a C compiler, and a system whose processes can fork")
    program = folder / "hammer"
    words_for_cc = [*flags, f"-I{headers}", str(source), "-lm", "-o", str(program)]
    built = subprocess.run(
        [compiler, "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-pthread", *words_for_cc],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if flags and built.returncode:
        pytest.skip(f"this compiler has no {flags[0]}")
    assert built.returncode == 0, built.stderr
    done = subprocess.run(
        [*machine, program, *map(str, words)], env={**os.environ, "TSAN_OPTIONS": "die_after_fork=0"},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    if "FATAL: ThreadSanitizer: unexpected memory mapping" in done.stderr:
        pytest.skip("ThreadSanitizer does not run on this kernel")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_64_callers_and_their_forked_children_have_each_band_run_once(tmp_path: Path) -> None:
    assert hammer(tmp_path, 64, 300, 30) == "fine\n"


def test_thread_sanitizer_finds_no_race(tmp_path: Path) -> None:
    assert hammer(tmp_path, 16, 200, 5, flags=("-fsanitize=thread",)) == "fine\n"


def test_bands_run_once_on_aarch64(tmp_path: Path) -> None:
    cross, machine = shutil.which("aarch64-linux-gnu-gcc"), shutil.which("qemu-aarch64")
    if cross is None or machine is None:
        pytest.skip("needs Debian's gcc-aarch64-linux-gnu and qemu-user")
    # no forks: those of a program of many threads hang in qemu itself
    said = hammer(tmp_path, 8, 50, 0, flags=("-static",), compiler=cross, machine=(machine,))
    assert said == "fine\n"


def test_one_call_in_200_is_spoiled_by_helpers_that_are_held_up(tmp_path: Path) -> None:
    # twice as many, since a call is not blamed on its helper if the caller was held up as well
    assert 1 <= int(hammer(tmp_path)) <= 2 * (2000 // pool.LONE_CALLS) + 2


SERIAL = r"""
#include "pool.h"
#include <stdio.h>
static int run;
static int band(const void *context, ptrdiff_t i, ptrdiff_t bands) {
    run++;
    return context == &run && i == 0 && bands == 1 ? 7 : 100;
}
int main(void) {
    int failed;
    pool_begin();
    pool_set(8, 0);
    pool_tune(0, 0);
    failed = pool_run(band, &run, 16, 8);
    printf("%s %d %d %d\n", POOL_KIND, run, failed, pool_helpers());
    return 0;
}
"""


@pytest.mark.parametrize(
    "flags", [("-DFASTCONV_NO_THREADS",), ("-D__GCC_ATOMIC_LLONG_LOCK_FREE=1",)]
)
def test_compiler_without_threads_or_atomics_gets_calls_of_one_band(
    flags: tuple[str, ...], tmp_path: Path
) -> None:
    if CC is None:
        pytest.skip("needs a C compiler")
    source, program = tmp_path / "serial.c", tmp_path / "serial"
    source.write_text(SERIAL)
    options = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-Wno-unused-function"]
    options += ["-Wno-builtin-macro-redefined", "-U__GCC_ATOMIC_LLONG_LOCK_FREE"]
    words = [*options, *flags, f"-I{HERE.parent / 'src' / 'schedule'}", str(source), "-lm"]
    subprocess.run([CC, *words, "-o", str(program)], check=True)
    said = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    assert said == "none 1 7 0\n"


# --- helpers of the library ----------------------------------------------------------------------

STARVED = r"""
import os, subprocess, sys, time
from pathlib import Path
import numpy as np
import fastconv

tasks = lambda: {int(task.name) for task in Path("/proc/self/task").iterdir()}
image = np.random.default_rng(0).integers(0, 256, (700, 900), dtype=np.uint8)
kernel = np.random.default_rng(1).random((7, 7))
before = tasks()
wanted = fastconv.convolve(image, kernel, threads=1)
for _ in range(20):
    fastconv.convolve(image, kernel, threads=2)     # as any helper comes to life
helpers = tasks() - before
assert helpers
core = min(os.sched_getaffinity(0))
busy = f"import os; os.sched_setaffinity(0, [{core}])\nwhile True: pass"
others = [subprocess.Popen([sys.executable, "-c", busy]) for _ in range(3)]
try:
    for helper in helpers:
        os.sched_setaffinity(helper, [core])
        os.setpriority(os.PRIO_PROCESS, helper, 19)
    time.sleep(0.5)
    ratios = []     # of medians; a call that waited would do so in every round, other programs do not
    for _ in range(3):
        times = {1: [], 2: []}
        for _ in range(50):
            for threads in times:
                start = time.perf_counter()
                got = fastconv.convolve(image, kernel, threads=threads)
                times[threads].append(time.perf_counter() - start)
                assert (got == wanted).all()
        ratios.append(sorted(times[2])[25] / sorted(times[1])[25])
finally:
    for other in others:
        other.kill()
        other.wait()
print(min(ratios))
"""


@with_tasks
@pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) < 2,
    reason="needs two cores, and threads that can be pinned",
)
def test_a_helper_that_gets_no_time_is_not_waited_for() -> None:
    assert float(python(STARVED, OPENBLAS_NUM_THREADS="1")) < 1.5


CROWD = """
import os
from concurrent.futures import ThreadPoolExecutor
import numpy as np
import fastconv
image = np.zeros((900, 900), np.float32)
kernel = np.random.default_rng(0).random((7, 7))
fastconv.set_num_threads(3)
def call(_):
    fastconv.convolve(image, kernel)
    return len(os.listdir("/proc/self/task"))
before = len(os.listdir("/proc/self/task"))
with ThreadPoolExecutor(16) as threads:
    most = max(threads.map(call, range(300)))
print(most - before - len(threads._threads))
"""


@with_tasks
def test_16_callers_share_the_helpers_of_one() -> None:
    assert int(python(CROWD, OPENBLAS_NUM_THREADS="1")) <= 2


@with_tasks
def test_helpers_sleep_when_there_is_nothing_to_do() -> None:
    program = """
import time
import numpy as np
import fastconv
from fastconv._engine import pool
for _ in range(5):
    fastconv.convolve(np.zeros((900, 900), np.float32), np.ones((7, 7)) * np.arange(7), threads=4)
assert pool.helpers() == 3
time.sleep(0.05)
before = time.process_time()
time.sleep(0.5)
print(time.process_time() - before)
"""
    assert float(python(program)) < 0.05


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_child_forked_in_the_middle_of_anothers_call_has_helpers_of_its_own() -> None:
    program = """
import os, threading, time
import numpy as np
import fastconv
from fastconv._engine import pool
image = np.random.default_rng(0).random((1500, 1500))
kernel = np.random.default_rng(1).random((9, 9))
wanted = fastconv.convolve(image, kernel, threads=3)
stop = threading.Event()
def work():
    while not stop.is_set():
        fastconv.convolve(image, kernel, threads=3)
callers = [threading.Thread(target=work) for _ in range(3)]
for caller in callers:
    caller.start()
for number in range(10):
    time.sleep(0.003 * number)
    child = os.fork()
    if child == 0:
        pool.tune()
        right = pool.helpers() == 0
        for _ in range(3):
            right &= (fastconv.convolve(image, kernel, threads=3) == wanted).all()
        os._exit(0 if right and pool.helpers() == (2 if pool.kind() != "none" else 0) else 1)
    for _ in range(6000):
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            break
        time.sleep(0.01)
    else:
        os.kill(child, 9)
        raise SystemExit("the child hangs")
    assert status == 0, status
stop.set()
for caller in callers:
    caller.join()
print("fine")
"""
    assert python(program) == "fine\n"


def test_interpreter_exits_in_the_middle_of_a_daemons_call() -> None:
    program = """
import threading, time
import numpy as np
import fastconv
image, kernel = np.zeros((2000, 2000)), np.random.default_rng(0).random((15, 15))
def work():
    while True:
        fastconv.convolve(image, kernel, threads=3)
threading.Thread(target=work, daemon=True).start()
time.sleep(0.3)
print("fine")
"""
    assert python(program) == "fine\n"


def test_second_interpreter_of_a_process_is_refused_and_the_first_goes_on() -> None:
    program = """
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
import numpy as np
import fastconv
image, kernel = np.random.default_rng(0).random((900, 900)), np.random.default_rng(1).random((7, 7))
wanted = fastconv.convolve(image, kernel, threads=3)
other = interpreters.create()
try:
    error = interpreters.run_string(other, "import fastconv")
except Exception as refused:
    error = refused
interpreters.destroy(other)
assert "ImportError" in str(error), error
assert (fastconv.convolve(image, kernel, threads=3) == wanted).all()
print("fine")
"""
    assert python(program) == "fine\n"


@with_tasks
def test_interrupt_comes_between_calls_and_to_no_helper() -> None:
    program = """
import os, signal, threading, time
from pathlib import Path
import numpy as np
import fastconv
image, kernel = np.zeros((900, 900), np.float32), np.random.default_rng(0).random((7, 7))
before = set(os.listdir("/proc/self/task"))
fastconv.convolve(image, kernel, threads=3)
helpers = set(os.listdir("/proc/self/task")) - before
assert len(helpers) == 2
def blocks(helper, number):
    status = Path(f"/proc/self/task/{helper}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("SigBlk"))
    return int(line.split()[1], 16) >> (number - 1) & 1
for helper in helpers:
    for _ in range(1000):   # a thread that has not run yet blocks all
        if not blocks(helper, signal.SIGSEGV):
            break
        time.sleep(0.01)
    assert blocks(helper, signal.SIGINT) and not blocks(helper, signal.SIGSEGV)
signal.signal(signal.SIGINT, signal.default_int_handler)    # a shell's background jobs ignore it
threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    while True:
        fastconv.convolve(image, kernel, threads=3)
except KeyboardInterrupt:
    assert (fastconv.convolve(image, kernel, threads=3) == 0).all()
    print("fine")
"""
    assert python(program, OPENBLAS_NUM_THREADS="1") == "fine\n"


@pytest.mark.skipif(sys.platform != "linux", reason="names of glibc")
@pytest.mark.usefixtures("eager_threads")
def test_helpers_round_as_their_caller_does() -> None:
    import ctypes

    libm = ctypes.CDLL("libm.so.6")
    upward = {"x86_64": 0x800, "aarch64": 0x400000}.get(os.uname().machine)
    if upward is None:
        pytest.skip("fesetround's number for upward is known for x86-64 and aarch64 only")
    image = picture((900, 400), np.float32)
    kernel = np.random.default_rng(0).random((5, 5))
    for _ in range(20):
        fastconv.convolve(image, kernel, threads=4)
    nearest = fastconv.convolve(image, kernel, threads=1)
    before = libm.fegetround()
    try:
        libm.fesetround(upward)
        one = fastconv.convolve(image, kernel, threads=1)
        several = [fastconv.convolve(image, kernel, threads=4).tobytes() for _ in range(20)]
    finally:
        libm.fesetround(before)
    assert one.tobytes() != nearest.tobytes()
    assert set(several) == {one.tobytes()}


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="threads cannot be pinned here")
def test_cores_of_the_calling_thread_are_those_of_now() -> None:
    program = """
import os
import fastconv
from fastconv._engine import pool
mine = os.sched_getaffinity(0)
assert pool.share(1e12, 0) == fastconv.get_num_threads() == len(mine)
os.sched_setaffinity(0, [min(mine)])
assert pool.share(1e12, 0) == fastconv.get_num_threads() == 1
os.sched_setaffinity(0, mine)
assert pool.share(1e12, 0) == fastconv.get_num_threads() == len(mine)
print("fine")
"""
    environment = {"FASTCONV_NUM_THREADS": "", "OMP_NUM_THREADS": ""}
    assert python(program, **environment) == "fine\n"


@with_tasks
def test_helpers_go_where_their_caller_goes() -> None:
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        pytest.skip("this process may use one core only, so no thread can move")
    program = f"""
import os
from pathlib import Path
import numpy as np
import fastconv
image, kernel = np.zeros((900, 900), np.float32), np.random.default_rng(0).random((7, 7))
def where():
    return [os.sched_getaffinity(int(t.name)) for t in Path("/proc/self/task").iterdir()
            if (t / "comm").read_text() == "fastconv\\n"]
for cores in ([{cores[0]}], {cores[:2]}):
    os.sched_setaffinity(0, cores)
    for _ in range(300):
        fastconv.convolve(image, kernel, threads=2)
        if where() == [set(cores)]:
            break
    assert where() == [set(cores)], where()
print("fine")
"""
    assert python(program) == "fine\n"


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="no list of what is loaded")
def test_no_openmp_is_loaded() -> None:
    program = """
import fastconv
from fastconv import _levels
for level in _levels.available():
    _levels.load(level)
maps = open("/proc/self/maps").read()
assert "engine_" in maps
print("libgomp" in maps or "libomp" in maps)
"""
    assert python(program) == "False\n"


# --- who decides ---------------------------------------------------------------------------------


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FASTCONV_NUM_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("silent")
@pytest.mark.parametrize(
    ("text", "count"),
    [("3", 3), (" 4 ", 4), ("5,2,1", 5), ("5000", 1024), ("0", None), ("", None), ("x", None)],
)
def test_omp_num_threads_comes_after_our_own(
    text: str, count: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", text)
    found = _threads._decided(None)
    assert (found.why == "OMP_NUM_THREADS") == (count is not None)
    assert count is None or (found.count == count and not found.follow)
    monkeypatch.setenv("FASTCONV_NUM_THREADS", "7")
    assert _threads._decided(None) == _threads.Limit(7, "FASTCONV_NUM_THREADS")
    assert _threads._decided(2) == _threads.Limit(2, "set_num_threads")


@pytest.mark.parametrize(
    ("groups", "files", "cores"),
    [
        ("0::/", {"cpu.max": "150000 100000"}, 2),  # a container of version 2
        ("0::/", {"cpu.max": "max 100000"}, None),
        ("0::/a/b", {"a/cpu.max": "50000 100000", "a/b/cpu.max": "300000 100000"}, 1),
        ("0::/a/b", {"a/b/cpu.max": "200000 50000", "cpu.max": "900000 100000"}, 4),
        (
            "3:cpu,cpuacct:/x\n2:memory:/y",
            {"cpu,cpuacct/x/cpu.cfs_quota_us": "250000", "cpu,cpuacct/x/cpu.cfs_period_us": "100000"},
            3,
        ),
        ("3:cpu:/x", {"cpu/cpu.cfs_quota_us": "100000", "cpu/cpu.cfs_period_us": "100000"}, 1),
        ("3:cpu:/x", {"cpu/x/cpu.cfs_quota_us": "-1", "cpu/x/cpu.cfs_period_us": "100000"}, None),
        ("1:cpu:/\n0::/u", {"unified/u/cpu.max": "10000 100000"}, 1),  # both, side by side
        ("2:memory:/y", {"cpu.max": ""}, None),
        (None, {}, None),
    ],
)  # fmt: skip
def test_cpu_quota_is_rounded_up(
    groups: str | None, files: dict[str, str], cores: int | None, tmp_path: Path
) -> None:
    if groups is not None:
        files = {"proc/self/cgroup": groups, **{f"sys/fs/cgroup/{k}": v for k, v in files.items()}}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text + "\n")
    assert _threads._quota(tmp_path) == cores


@pytest.mark.usefixtures("silent")
def test_the_smaller_of_quota_and_cores_is_what_there_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(_threads, "_affinity", lambda: 4)
    monkeypatch.setattr(os, "process_cpu_count", lambda: 4, raising=False)
    monkeypatch.setattr(_threads, "_quota", lambda root: 3)
    found = _threads._machine()
    assert (found.count, found.follow) == (3, True) and "quota" in found.why
    monkeypatch.setattr(_threads, "_quota", lambda root: 6)
    found = _threads._machine()
    assert found.follow and "cores" in found.why  # and no more than six, should there be more cores
    assert found.count == 6
    monkeypatch.setattr(os, "process_cpu_count", lambda: 2, raising=False)
    found = _threads._machine()
    assert (found.count, found.follow) == (2, False) and "PYTHON_CPU_COUNT" in found.why
    monkeypatch.setattr(_threads, "_affinity", lambda: None)
    assert _threads._machine().count == 2


def test_show_config_says_who_decides(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def said() -> str:
        fastconv.show_config()
        lines = capsys.readouterr().out.splitlines()
        return next(line for line in lines if line.startswith("threads"))

    try:
        fastconv.set_num_threads(3)
        assert said() == "threads  3, decided by set_num_threads"
        monkeypatch.setenv("FASTCONV_NUM_THREADS", "5")
        fastconv.set_num_threads(None)
        assert said() == "threads  5, decided by FASTCONV_NUM_THREADS"
    finally:
        monkeypatch.undo()
        fastconv.set_num_threads(None)
