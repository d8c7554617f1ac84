# SPDX-License-Identifier: BSD-3-Clause
"""No byte outside of image and output is read or written, results do not depend on what memory held
before, and a call takes no more memory than its output and a few megabytes.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fastconv import _levels

ROOT = Path(__file__).parents[1]

unix = pytest.mark.skipif(os.name != "posix", reason="this system has no mprotect")


def guarded(level: str, what: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.guarded", level, what], cwd=ROOT, text=True,
        capture_output=True, timeout=300, check=False,
    )  # fmt: skip


def python(program: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, **environment}, text=True,
        capture_output=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@unix
def test_guard_stops_who_reads_one_byte_too_far() -> None:
    done = guarded("base", "overread")
    assert done.stdout == "one byte beyond\n"
    assert done.returncode in (-signal.SIGSEGV, -signal.SIGBUS)


@unix
@pytest.mark.parametrize(
    "dtypes",
    ["uint8", "bool,int8", "uint16,int16,>i2,float16", "uint32,int32,uint64,int64",
     "float32,float64,>f4,complex64"],
)  # fmt: skip
def test_nothing_outside_of_image_and_output_is_touched(level: str, dtypes: str) -> None:
    done = guarded(level, dtypes)
    last = done.stdout.strip().splitlines()[-1] if done.stdout else ""
    assert done.returncode == 0, f"killed by {-done.returncode} in: {last}\n{done.stderr}"
    calls, _, words = last.partition(" ")
    assert words == "calls, all inside" and int(calls) > 2000


# glibc fills what malloc returns with the complement of this byte, and what is freed with it
DIRTY = """
import hashlib, itertools
import numpy as np
import fastconv
from fastconv import _levels
digest = hashlib.sha256()
rng = np.random.default_rng(0)
for level, dtype in itertools.product({levels}, ("uint8", "int16", "float32", "float64", "int64")):
    _levels.use(level)
    for size in ((3, 3), (5, 5), (1, 7), (7, 1), (4, 6)):
        kernels = [rng.integers(1, 9, size) / 64, np.full(size, 0.125), np.eye(*size)]
        for shape in ((5, 7), (1, 1), (33, 70), (9, 130), (4, 700), (6, 40, 3)):
            image = rng.integers(0, 99, shape).astype(dtype)
            axis = 2 if len(shape) == 3 else None
            for kernel in kernels:
                for border in ("reflect", "constant"):
                    out = np.zeros(shape, dtype)
                    fastconv.convolve(image, kernel, border=border, channel_axis=axis, out=out)
                    digest.update(out.tobytes())
print(digest.hexdigest())
"""


def test_results_do_not_depend_on_what_memory_held_before() -> None:
    program = DIRTY.format(levels=_levels.available())
    results = {python(program, MALLOC_PERTURB_=byte) for byte in ("0", "1", "85", "128", "255")}
    assert len(results) == 1


# --- how much ------------------------------------------------------------------------------------

# What `getrusage` says begins on Linux with the peak of the process that started this one: a large pytest
# would hide all that a small program takes.
PEAK = """
import os, resource, sys

def peak():
    if os.path.exists("/proc/self/status"):
        lines = dict(line.split(":", 1) for line in open("/proc/self/status"))
        return int(lines["VmHWM"].split()[0]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
"""

ONE_CALL = """
import tracemalloc
import numpy as np
import fastconv

image = np.full({shape}, 3, {dtype!r})
kernel = {kernel}
options = {options}
fastconv.convolve(image[:40, :40], kernel, **options)     # what is loaded once is not the call's
before = peak()
result = fastconv.convolve(image, kernel, **options)
print(peak() - before - result.nbytes)
tracemalloc.start()
again = fastconv.convolve(image, kernel, **options)
print(tracemalloc.get_traced_memory()[1] - again.nbytes)
"""
MEGABYTE = 2**20


@pytest.mark.skipif(sys.platform == "win32", reason="this system does not tell a process's peak")
@pytest.mark.parametrize(
    ("shape", "dtype", "kernel", "options"),
    [
        ((4096, 4096), "uint8", "np.ones((3, 3)) / 9", "{}"),
        ((4096, 4096), "uint8", "np.ones((31, 31)) / 961", "{}"),
        ((4096, 4096), "uint8", "np.arange(1, 10).reshape(3, 3) / 45", "{'method': 'direct'}"),
        ((4096, 4096), "uint8", "fastconv.kernels.gaussian(3)", "{'border': 'constant'}"),
        ((4096, 4096), "uint8", "np.ones((3, 3)) / 9", "{'threads': 8, 'shape': 'valid'}"),
        ((4096, 4096), "uint8", "np.eye(9)", "{'border': 'wrap'}"),
        ((4096, 4096), "uint8", "np.ones((3, 3))", "{'dtype': 'float32'}"),
        ((2048, 4096), "uint16", "np.arange(1, 10).reshape(3, 3) / 45", "{}"),
        ((2048, 2048), "float32", "np.arange(49.0).reshape(7, 7)", "{}"),
        ((2048, 1024), "float64", "np.ones((15, 15))", "{}"),
        ((1024, 4096, 4), "uint8", "np.ones((3, 3)) / 9", "{'channel_axis': 2}"),
        ((3, 2048, 2048), "uint8", "np.ones((5, 5)) / 25", "{'channel_axis': 0}"),
        ((1024, 1024), "complex128", "np.ones((3, 3))", "{}"),
        ((1024, 2048), "int64", "np.array([[1, 2, 1]])", "{}"),
        ((1, 2**25), "uint8", "np.ones((3, 3)) / 9", "{}"),
        ((2**24, 1), "uint8", "np.ones((3, 3)) / 9", "{}"),
        ((1, 2**23), "float32", "np.arange(9.0).reshape(1, 9)", "{'border': 'wrap'}"),
    ],
)
def test_peak_memory_is_input_and_output_and_16_megabytes(
    shape: tuple[int, ...], dtype: str, kernel: str, options: str
) -> None:
    program = PEAK + ONE_CALL.format(shape=shape, dtype=dtype, kernel=kernel, options=options)
    by_system, by_numpy = (int(line) for line in python(program).split())
    assert by_system <= 16 * MEGABYTE
    assert by_numpy <= MEGABYTE  # of NumPy's arrays there is no second one


MANY_KERNELS = """
import numpy as np
import fastconv
import fastconv.cv2

rng = np.random.default_rng(0)
floats = rng.random((256, 256), np.float32)
images = floats, (floats * 255).astype(np.uint8)

def call(number):
    size = 3 + 4 * (number % 31)
    if {blurs}:
        fastconv.cv2.GaussianBlur(images[number % 2], (0, 0), 0.5 + number / 20)
    else:
        fastconv.convolve(images[number % 2], rng.random((size, size)) / size**2)

for number in range(20):
    call(number)
before = peak()
for number in range(1000):
    call(number)
print(peak() - before)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="this system does not tell a process's peak")
@pytest.mark.parametrize("blurs", [False, True])
def test_a_thousand_kernels_take_the_caches_limit_and_16_megabytes(blurs: bool) -> None:
    assert int(python(PEAK + MANY_KERNELS.format(blurs=blurs))) <= (64 + 16) * MEGABYTE


LONG_ROW = """
import numpy as np
import fastconv.ndimage

row = np.ones(10**7, "f4")
fastconv.ndimage.uniform_filter1d(row[:1000], 3)
before = peak()
result = fastconv.ndimage.uniform_filter1d(row, 3)
print(peak() - before - result.nbytes)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="this system does not tell a process's peak")
def test_a_mean_along_a_long_row_takes_no_tables_of_its_length() -> None:
    assert int(python(PEAK + LONG_ROW)) <= 16 * MEGABYTE
