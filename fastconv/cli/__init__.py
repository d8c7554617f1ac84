# SPDX-License-Identifier: BSD-3-Clause
"""The command line: every command checks its arguments first, then filters file by file.

    words     kernels in words
    targets   which file becomes which
    many      several at once, here or on a cluster
    gallery   the five kernels of the blog post on one picture, a bank on it, and a volume

Arguments are checked before any file is touched (exit code 2). A file that fails is reported, and
the others are done (exit code 1). fastconv.io.pictures filters a file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from PIL import Image
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from .. import __version__, kernels
from ..api import plan, show_config
from ..io.metadata import colours
from ..io.pictures import Filter, Task, guarded, reason_of, save
from ..io.replace_file import refuse_existing
from .arguments import (
    Kernel,
    exactly,
    in_numbers,
    kernel_option,
    nodata_option,
    number_option,
    region_option,
)
from .gallery import (
    FIVE,
    bank_sheet,
    contact_sheet,
    features_sheet,
    gallery_picture,
    test_picture,
    volume_sheet,
)
from .many import Report, on_cluster, run_all
from .targets import Problems, suffix_option, targets_of

__all__ = ["FIVE", "SHEETS", "cli"]

# Modes that at least one format can hold.
MODES = ("1", "L", "LA", "P", "I", "I;16", "I;16B", "F", "RGB", "RGBA", "CMYK", "YCbCr", "LAB")

# Pictures of the gallery that show several ones.
SHEETS = ("contact_sheet", "gabor_bank", "features", "volume")

_OF_A_PLAN = ("border", "cval", "threads", "scale", "offset", "absolute")
_FORCE = click.option("--force", is_flag=True, help="Overwrite files that exist.")


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
    epilog="Example: fastconv apply photo.jpg -k sharpening -o sharp.jpg",
)
@click.version_option(__version__, prog_name="fastconv", message="%(prog)s %(version)s")
def cli() -> None:
    """Filter pictures: exact and fast 2-D convolution on the CPU."""


@cli.command("apply", epilog="Example: fastconv apply photos -k '0 -1 0; -1 5 -1; 0 -1 0' -o sharp")
@click.argument("words", metavar="IN...", nargs=-1, required=True)
@click.option(
    "-k",
    "--kernel",
    callback=kernel_option,
    required=True,
    metavar="KERNEL",
    help="A name (sharpening, gaussian:2.5, box:size=3x5; see fastconv kernels), a file of numbers "
    "(.txt, .csv, .npy), or numbers with ; between rows, as in the example.",
)
@click.option(
    "-o",
    "--output",
    "out",
    required=True,
    metavar="OUT",
    help="A file if IN is a single file, else a folder, which is made. Names are kept.",
)
@click.option("--format", "suffix", callback=suffix_option, metavar="SUFFIX",
              help="Format of the results in a folder, as png; by default that of IN.")  # fmt: skip
@click.option("--border", default="reflect", show_default=True, metavar="NAME",
              help="What stands outside: reflect, mirror, nearest, wrap or constant.")  # fmt: skip
@click.option("--cval", type=float, default=0.0, show_default=True, metavar="NUMBER",
              help="The value outside with --border constant.")  # fmt: skip
@click.option(
    "--mode",
    type=click.Choice(MODES),
    metavar="MODE",
    help="Mode of the results, as L, RGB or I;16; by default that of IN.",
)
@click.option("--scale", default="1", show_default=True, callback=number_option, metavar="NUMBER",
              help="What the sums are multiplied by, as 2 or 1/9.")  # fmt: skip
@click.option("--offset", default="0", show_default=True, callback=number_option, metavar="NUMBER",
              help="What is added to them then, as 128.")  # fmt: skip
@click.option("--absolute", is_flag=True,
              help="Drop the sign of what that gives, before it is rounded.")  # fmt: skip
@click.option("--linear", is_flag=True,
              help="Filter the light that sRGB samples stand for, not the samples.")  # fmt: skip
@click.option("--region", callback=region_option, metavar="X,Y,W,H",
              help="Filter this part only, W x H pixels from (X, Y); all others stay.")  # fmt: skip
@click.option("--nodata", callback=nodata_option, metavar="NUMBER",
              help="What stands for missing samples, or none; by default what the file says.")  # fmt: skip
@click.option("--premultiply", is_flag=True, help="Transparent pixels lend no colour.")
@click.option("--as-stored", is_flag=True,
              help="Take KERNEL and --region for pixels as the file has them, not as seen.")  # fmt: skip
@click.option("--threads", type=int, metavar="N", help="The most threads to use for a file.")
@click.option("--jobs", "at_once", type=click.IntRange(1, 1024), metavar="N",
              help="Files to filter at once; by default as many as there are cores.")  # fmt: skip
@click.option("--dask", "address", metavar="ADDRESS",
              help="A running dask cluster that does it, as tcp://host:8786.")  # fmt: skip
@click.option("--resume", is_flag=True, help="Go on after an interruption: what exists is done.")
@click.option("--recursive", is_flag=True, help="Folders within folders too.")
@click.option("--any-size", is_flag=True, help="Trust files of more than 89 megapixels too.")
@_FORCE
def apply_command(
    words: tuple[str, ...],
    kernel: tuple[str, Kernel],
    out: str,
    suffix: str | None,
    at_once: int | None,
    address: str | None,
    recursive: bool,
    resume: bool,
    any_size: bool,
    as_stored: bool,
    force: bool,
    nodata: str | complex | None,
    **options: Any,
) -> None:
    """Filter files.

    IN are files, patterns ('photos/*.jpg', also in quotes) and folders (of which the pictures are
    taken, with --recursive those of their folders too, and the folders are kept).

    Results keep depth, type, frames, EXIF data, profile, text and resolution; what their format
    cannot hold is said. Pixels are never turned; KERNEL is, where EXIF data say how a picture is
    seen. A file that fails is reported, the rest goes on, and the exit code is 1.

    What GDAL_NODATA of TIFF and _FillValue of .zarr say is missing is left out of all sums and stays
    as it is; --nodata says so for other files.

    Files larger than memory are filtered in bands: TIFF (from TIFF, with all its pages), .npy and
    .zarr. Of an interrupted run, there remains a .part, from which --resume goes on. FITS becomes
    FITS or .npy.
    """
    try:
        plan(kernel[1], **{word: options[word] for word in _OF_A_PLAN})
    except (ValueError, TypeError) as error:
        raise click.UsageError(f"--{error}") from None  # the message begins with the argument
    if nodata != "auto":
        options["nodata"] = nodata
    problems: Problems = []
    report = Report(Console(stderr=True))
    targets = targets_of(words, recursive, out, suffix, problems, report.left)
    work = Filter(kernel[1], options, as_seen=not as_stored)
    tasks = [
        Task(str(source), source, target, work, force, resume, any_size)
        for source, target in targets.items()
    ]
    for name, reason in problems:
        report.fail(name, reason)
    try:
        if address is None:
            run_all(tasks, at_once, report)
        else:
            on_cluster(tasks, address, report)
    except KeyboardInterrupt:
        report.say("interrupted; --resume goes on")
        raise
    if len(tasks) + len(problems) > 1 or report.left:
        click.echo(report.summary())
    if report.failed:
        raise click.exceptions.Exit(1)


@cli.command(epilog="Example: fastconv gallery photo.jpg -o gallery")
@click.argument("picture", metavar="[IN]", required=False)
@click.option("-o", "--output", "out", default="gallery", show_default=True, metavar="DIR",
              help="The folder for the pictures, which is made.")  # fmt: skip
@_FORCE
def gallery(picture: str | None, out: str, force: bool) -> None:
    """Write five filtered pictures and four sheets.

    The kernels are identity, box_blur, gaussian_blur, sharpening and edge_detection; each picture
    is called as its kernel, as PNG. contact_sheet.png shows them side by side, with a detail at
    200 %; gabor_bank.png what eight Gabor kernels answer to in the picture; features.png what a
    pixel classifier is given of it; volume.png slices of a drawn volume, blurred along two axes and
    three. Without IN a test picture is drawn. Colours are kept, transparency is laid on white, and
    a photograph is turned upright as its EXIF data says.
    """
    try:
        targets = [Path(out, f"{name}.png") for name in (*FIVE, *SHEETS)]
        for target in targets:
            refuse_existing(target, force)
        if picture is None:
            original = test_picture()
        else:
            with guarded(), Image.open(picture) as image:
                original = gallery_picture(image)
                if colours(original.mode) != colours(image.mode):
                    original.info.pop("icc_profile", None)
        filtered = {name: Filter(getattr(kernels, name), {})(original) for name in FIVE}
        sheets = (
            contact_sheet({"original": original, **filtered}),
            bank_sheet(original),
            features_sheet(original),
            volume_sheet(),
        )
        with guarded():
            for target, result in zip(targets, (*filtered.values(), *sheets), strict=True):
                save(result, target, force=force)
    except Exception as error:  # broken files make Pillow raise errors of any kind
        raise click.ClickException(f"{picture or out}: {reason_of(error)}") from error
    click.echo(f"{len(targets)} pictures in {out}")


@cli.command("kernels", epilog="Example: fastconv kernels gaussian:0.5 > kernel.txt")
@click.argument("kernel", metavar="[NAME]", callback=kernel_option, required=False)
def kernels_command(kernel: tuple[str, Kernel] | None) -> None:
    """List the named kernels, or print one.

    NAME may have arguments, as gaussian:2.5, box:3x5 or motion_blur:length=9,angle=45. What is
    printed can be given to apply -k again, as a file or as it is.
    """
    if kernel is None:
        _list_kernels()
        return
    title, weights = kernel
    click.echo(f"# {title}")
    click.echo(f"# {weights.shape[0]} x {weights.shape[1]}, sum {_sum(weights)}")
    texts = [[exactly(weight) for weight in row] for row in weights]
    width = max(len(text) for row in texts for text in row)
    for row in texts:
        click.echo(" ".join(text.rjust(width) for text in row))


def _sum(kernel: Kernel) -> str:
    return f"{round(float(kernel.sum()), 4) + 0.0:.4g}"


def _list_kernels() -> None:
    table = Table(box=SIMPLE_HEAD, padding=0, pad_edge=False)
    table.add_column("name", no_wrap=True)
    table.add_column("size", justify="right", no_wrap=True)
    table.add_column("sum", justify="right", no_wrap=True)
    table.add_column("numbers (of large ones in the middle)")
    for name, kernel in kernels.named().items():
        size = f"{kernel.shape[0]}x{kernel.shape[1]}"
        table.add_row(name, size, _sum(kernel), in_numbers(kernel))
    console = Console(highlight=False)
    console.print(table)
    console.print(
        "fastconv kernels NAME prints one in full. From box on, they take arguments,\n"
        "as gaussian:2.5 or gaussian:sigma=2.5"
    )


@cli.command(epilog="Example: fastconv info")
def info() -> None:
    """Show version, CPU level and threads."""
    show_config()
