# SPDX-License-Identifier: BSD-3-Clause
"""Images larger than memory, and clusters: prints the figures of docs/large.md.

    python benchmarks/bench_large.py [cluster] [kill] [stream] [rivals] [--side N] [--folder DIR]

cluster   a zarr array of N x N (20,000) uint16 on the workers of a dask cluster, against the call in memory
kill      the same, while a worker is killed when half of the chunks are written
stream    a mapped file of 4 gigapixels, and the memory that takes; against memory, and against the disk
rivals    dask_image on the same chunks

Every answer is checked. Some 12 GB of disk are needed for `stream`, 2 GB for the others.
"""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from facts import facts
from numpy.typing import NDArray

import fastconv

Array = NDArray[Any]

KERNELS = {
    "Gaussian 31x31": fastconv.kernels.gaussian(5, 3),
    "dense 31x31": np.random.default_rng(0).random((31, 31)) / 961,
}
CHUNK = 2000
STREAM_SIDE = 65536


def timed(call: Callable[[], Any]) -> tuple[Any, float]:
    """Return the answer of a call, and its seconds."""
    begun = time.perf_counter()
    answer = call()
    return answer, time.perf_counter() - begun


def picture(side: int) -> Array:
    """Return waves and noise, of 16 bits."""
    rng = np.random.default_rng(0)
    wave = (np.sin(np.arange(side) / 40) * 9000 + 12000).astype(np.uint16)
    noise: Array = rng.integers(0, 4096, (side, side), dtype=np.uint16)
    noise += wave
    noise += wave[:, np.newaxis]
    return noise


# --- a cluster -----------------------------------------------------------------------------------


def on_a_cluster(side: int, folder: Path, kill: bool) -> None:
    """Filter a zarr array by worker processes, and compare with what memory gives."""
    import dask.array as da
    import zarr
    from distributed import Client, LocalCluster

    image = picture(side)
    words = {"shape": image.shape, "dtype": image.dtype, "chunks": (CHUNK, CHUNK)}
    zarr.open_array(os.fspath(folder / "image.zarr"), mode="w", **words)[:] = image
    stored = da.from_zarr(os.fspath(folder / "image.zarr"))
    cluster = LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        dashboard_address=None,
        silence_logs=logging.CRITICAL,
    )
    what = f"{side} x {side} uint16, zarr to zarr, 2 worker processes"
    with cluster, Client(cluster) as client:
        print(f"{'a copy':15} {what}: {through(client, stored, folder, image, kill=False):.1f} s")
        for title, kernel in KERNELS.items():
            eager, alone = timed(partial(fastconv.convolve, image, kernel))
            seconds = through(client, fastconv.convolve(stored, kernel), folder, eager, kill)
            print(
                f"{title:15} {what}{', one killed' if kill else ''}: {seconds:.1f} s, "
                f"{image.size / 1e6 / seconds:.0f} Mpx/s; in memory, without files, {alone:.1f} s; "
                "equal to the last bit"
            )


def through(client: Any, lazy: Any, folder: Path, wanted: Array, kill: bool) -> float:
    """Seconds until the workers have written an array, which must be the wanted one."""
    import dask.array as da
    import zarr

    result = folder / "result.zarr"
    killer = threading.Thread(target=kill_one, args=(client, result, lazy.npartitions // 2))
    if kill:
        killer.start()
    _, seconds = timed(partial(da.to_zarr, lazy, os.fspath(result), mode="w", compute=True))
    if kill:
        killer.join()
        client.wait_for_workers(2)
    got = zarr.open_array(os.fspath(result), mode="r")
    for y in range(0, len(wanted), CHUNK):
        if not np.array_equal(got[y : y + CHUNK], wanted[y : y + CHUNK]):
            raise AssertionError(f"rows from {y} are not those of memory")
    shutil.rmtree(result)
    return seconds


def kill_one(client: Any, result: Path, chunks: int) -> None:
    """Kill a worker process without warning when so many chunks are written; its nanny starts another."""
    pids = client.run(os.getpid)
    while sum(path.is_file() for path in result.rglob("[0-9]*")) < chunks:
        time.sleep(0.05)
    os.kill(next(iter(pids.values())), signal.SIGKILL)


# --- a file --------------------------------------------------------------------------------------

STREAM = """
import pathlib, re, resource, sys, time
import numpy as np
import fastconv
source, target, side, kernel = sys.argv[1], sys.argv[2], int(sys.argv[3]), np.load(sys.argv[4])
image = np.memmap(source, np.uint8, "r", shape=(side, side))
result = np.memmap(target, np.uint8, "w+", shape=(side, side))
begun = time.perf_counter()
fastconv.stream(image, kernel, result)
written = time.perf_counter() - begun
result.flush()
flushed = time.perf_counter() - begun
try:  # what getrusage says, Linux hands on from the process that started this one
    peak = int(re.search(r"VmHWM:\\s*(\\d+)", pathlib.Path("/proc/self/status").read_text())[1]) * 1024
except OSError:
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
print(written, flushed, peak)
"""


def from_file_to_file(folder: Path) -> None:
    """Filter a mapped file by a process of its own, and see how much memory it takes."""
    side, source, target = STREAM_SIDE, folder / "image.u8", folder / "result.u8"
    rows = np.random.default_rng(0).integers(0, 256, (4096, side), dtype=np.uint8)
    with source.open("wb") as file:
        for shift in range(side // 4096):
            file.write(np.roll(rows, 97 * shift, axis=1).data)
        os.fsync(file.fileno())
    for title, kernel in {"sharpening 3x3": fastconv.sharpening, **KERNELS}.items():
        np.save(folder / "kernel.npy", kernel)
        out = fastconv.convolve(rows, kernel)
        turns = []
        for _ in range(3):
            memory = rows.size / timed(partial(fastconv.convolve, rows, kernel, out=out))[1]
            target.unlink(missing_ok=True)
            disk = side * side / timed(partial(copy, source, target))[1]
            target.unlink()
            written, flushed, peak = streamed(source, target, side, folder / "kernel.npy")
            speed = side * side / flushed
            turns.append(
                (speed / min(memory, disk), speed, side * side / written, memory, disk, peak)
            )
        check_some(source, target, side, kernel)
        ratio, flushed, written, memory, disk, peak = sorted(turns)[1]
        print(
            f"{title:15} {side} x {side} uint8, file to file, peak {peak / 2**20:.0f} MB, Mpx/s: "
            f"{flushed / 1e6:.0f} on the disk, {written / 1e6:.0f} in the system's cache; in memory "
            f"{memory / 1e6:.0f}, a copy {disk / 1e6:.0f}: {ratio:.2f} of the lower one (median of three)"
        )


def streamed(source: Path, target: Path, side: int, kernel: Path) -> tuple[float, ...]:
    """Seconds until a process has written a file, until the disk has, and its peak memory."""
    words = [str(word) for word in (source, target, side, kernel)]
    done = subprocess.run(
        [sys.executable, "-c", STREAM, *words], check=True, capture_output=True, text=True
    )
    return tuple(map(float, done.stdout.split()))


def copy(source: Path, target: Path) -> None:
    """Copy a file in large pieces, and wait until it is on the disk."""
    with source.open("rb", buffering=0) as read, target.open("wb", buffering=0) as write:
        piece = bytearray(2**24)
        while count := read.readinto(piece):
            write.write(memoryview(piece)[:count])
        os.fsync(write.fileno())


def check_some(source: Path, target: Path, side: int, kernel: Array) -> None:
    """Compare first, middle and last rows with what memory gives."""
    image = np.memmap(source, np.uint8, "r", shape=(side, side))
    result = np.memmap(target, np.uint8, "r", shape=(side, side))
    reach = kernel.shape[0]
    for low, high in ((0, 64), (side // 2, side // 2 + 64), (side - 64, side)):
        first, last = max(0, low - reach), min(side, high + reach)
        wanted = fastconv.convolve(np.array(image[first:last]), kernel)[low - first :][: high - low]
        if not np.array_equal(result[low:high], wanted):
            raise AssertionError(f"rows {low} to {high} are not those of memory")


# --- rivals --------------------------------------------------------------------------------------


def beside_dask_image(side: int = 4096, chunk: int = 1024) -> None:
    """Take turns with dask_image on the same array."""
    import dask.array as da
    from dask_image import ndfilters

    image = da.from_array(picture(side), chunks=chunk)
    gaussian, dense = KERNELS.values()
    pairs: dict[str, tuple[Any, Any]] = {
        "gaussian_filter": (
            fastconv.convolve(image, gaussian),
            ndfilters.gaussian_filter(image, 5, truncate=3),
        ),
        "convolve": (fastconv.convolve(image, dense), ndfilters.convolve(image, dense)),
    }
    for name, (ours, theirs) in pairs.items():
        times: list[list[float]] = [[], []]
        for _ in range(3 if name == "gaussian_filter" else 1):
            answers = []
            for mine, lazy in zip(times, (ours, theirs), strict=True):
                answer, seconds = timed(lazy.compute)
                answers.append(answer.astype(np.int64))
                mine.append(seconds)
        off = int(abs(answers[0] - answers[1]).max())
        if off > 2:  # they cut where we round, and after each of two passes
            raise AssertionError(f"{name}: off by {off}")
        a, b = (statistics.median(mine) for mine in times)
        print(
            f"dask_image.ndfilters.{name:15} {side} x {side} uint16 in chunks of {chunk}: {b:.2f} s, "
            f"fastconv {a:.3f} s: {b / a:.0f} times"
        )


def main() -> None:
    """Print the sections that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", nargs="*", default=["cluster", "kill", "stream", "rivals"])
    parser.add_argument("--side", type=int, default=20_000)
    parser.add_argument("--folder", type=Path)
    words = parser.parse_args()
    print(" · ".join(f"{key} {value}" for key, value in facts(fastconv.get_num_threads()).items()))
    with tempfile.TemporaryDirectory(dir=words.folder) as name:
        folder = Path(name)
        for what in words.what:
            if what in ("cluster", "kill"):
                on_a_cluster(words.side, folder, what == "kill")
            elif what == "stream":
                from_file_to_file(folder)
            elif what == "rivals":
                beside_dask_image()
            else:
                parser.error(f"what must be cluster, kill, stream or rivals; got {what}")


if __name__ == "__main__":
    main()
