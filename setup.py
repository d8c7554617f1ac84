"""The table CPU level -> compiler flags, and the list of extensions. Metadata is in pyproject.toml.

C is made from Cython first, from all files side by side and from the engine once; then all of it is compiled,
the dearest first. src/engine_base.c and its like are the one C file under the names of the levels, and so are
src/missing_base.c and its like.

Environment: FASTCONV_LEVELS="base v3" builds fewer levels, FASTCONV_NO_THREADS=1 builds without threads.
"""

import glob
import os
import platform
import sys

import numpy
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

X86 = platform.machine().lower() in ("x86_64", "amd64")
MSVC = sys.platform == "win32"

# No -march=native (the wheel moves to other machines), no -ffast-math (NaN and infinity are data).
# -ffp-contract=off: a multiply and an add are fused where simd.h says so and nowhere else; the strict
# float64 path equals NumPy to the bit only without contraction.
LEVELS = {"base": []}
if X86 and not MSVC:
    LEVELS["v3"] = ["-march=x86-64-v3"]
    LEVELS["v4"] = ["-march=x86-64-v4", "-mavx512vnni", "-mavx512vbmi", "-mprefer-vector-width=512"]

# Python's own flags ask for debug symbols, nine tenths of what would be installed. Names of functions go as
# well, unless CFLAGS says something of symbols: CFLAGS=-g0 keeps the names, for profilers.
PLAIN = MSVC or any(flag.startswith("-g") for flag in os.environ.get("CFLAGS", "").split())
NO_SYMBOLS = [] if PLAIN else ["-g0"]
STRIP = [] if PLAIN or sys.platform == "darwin" else ["-Wl,--strip-all"]

COMMON = (
    ["/O2"]
    if MSVC
    else [
        "-O3",
        # What is declared inline takes constants and pointers to registers; GCC leaves some of it out
        # of line, where both are lost.
        "-DCYTHON_INLINE=inline __attribute__((always_inline))",
        "-ffp-contract=off",
        "-fno-math-errno",
        "-fno-trapping-math",
        "-Wno-unused-function",
    ]
)
HERE = ["src", "."]  # headers, and what is imported in C from fastconv/_engine/*.pxd
PTHREAD = [] if MSVC else ["-pthread"]
NO_THREADS = [("FASTCONV_NO_THREADS", "1")] if os.environ.get("FASTCONV_NO_THREADS") else []

# Found by pattern, since a build from the checkout would not notice a file that a list lacks.
SHARED = ["fastconv/_engine/planner.pxd", "fastconv/_engine/pool.pxd"]
PARTS = SHARED + sorted(
    glob.glob("src/**/*.h", recursive=True) + glob.glob("src/**/*.pxi", recursive=True)
)
WANTED = os.environ.get("FASTCONV_LEVELS", " ".join(LEVELS)).split()

# What is forked needs not import setup.py once more.
MAKERS = os.cpu_count() if sys.platform == "linux" else 0


class Build(build_ext):
    def run(self) -> None:
        from Cython.Build import cythonize

        sources = [
            Extension("fastconv._engine.engine", ["src/engine.pyx"], depends=PARTS),
            Extension("fastconv._engine.missing", ["src/missing.pyx"], depends=PARTS),
        ]
        of_levels = len(sources)
        sources += [ext for ext in self.extensions if ext.sources[0].endswith(".pyx")]
        made = cythonize(
            sources, include_path=HERE, nthreads=MAKERS, force=self.force, quiet=not self.verbose
        )
        for ext, of in zip(made[of_levels:], sources[of_levels:], strict=True):
            of.sources = ext.sources
        super().run()


setup(
    cmdclass={"build_ext": Build},
    ext_modules=[
        *(
            Extension(
                f"fastconv._engine.engine_{level}",
                [f"src/engine_{level}.c"],
                depends=[*PARTS, "src/engine.pyx"],
                include_dirs=HERE,
                extra_compile_args=COMMON + flags + NO_SYMBOLS,
                extra_link_args=STRIP,
            )
            for level, flags in reversed(LEVELS.items())  # the dearest first
            if level in WANTED
        ),
        *(
            Extension(
                f"fastconv._engine.missing_{level}",
                [f"src/missing_{level}.c"],
                depends=["src/missing.pyx", "src/request.h", "src/request.pxi", *SHARED],
                include_dirs=[*HERE, numpy.get_include()],
                define_macros=[("NPY_NO_DEPRECATED_API", "NPY_2_0_API_VERSION")],
                extra_compile_args=COMMON + flags + NO_SYMBOLS,
                extra_link_args=STRIP,
            )
            for level, flags in LEVELS.items()
            if level in WANTED
        ),
        Extension(
            "fastconv._engine.calls",
            ["src/calls.pyx"],
            depends=["src/request.h", "src/request.pxi", *SHARED],
            include_dirs=[*HERE, numpy.get_include()],
            define_macros=[("NPY_NO_DEPRECATED_API", "NPY_2_0_API_VERSION")],
            extra_compile_args=NO_SYMBOLS,
            extra_link_args=STRIP,
        ),
        Extension(
            "fastconv._engine.planner",
            ["src/planner.pyx"],
            depends=["fastconv/_engine/planner.pxd", *sorted(glob.glob("src/planning/*.pxi"))],
            include_dirs=HERE,
            extra_compile_args=COMMON + NO_SYMBOLS,
            extra_link_args=STRIP,
        ),
        Extension(
            "fastconv._engine.pool",
            ["src/pool.pyx"],
            depends=["src/schedule/pool.h", "fastconv/_engine/pool.pxd"],
            include_dirs=HERE,
            define_macros=NO_THREADS,
            extra_compile_args=NO_SYMBOLS + PTHREAD,
            extra_link_args=STRIP + PTHREAD,
            libraries=[] if MSVC else ["m"],
        ),
        Extension(
            "fastconv._engine.cpu",
            ["src/cpu.pyx"],
            depends=["src/simd/simd.h"],
            include_dirs=["src"],
            extra_compile_args=NO_SYMBOLS,
            extra_link_args=STRIP,
        ),
        *(
            Extension(
                f"fastconv._engine.{name}",
                [f"src/{name}.pyx"],
                include_dirs=["src", numpy.get_include()],
                define_macros=[("NPY_NO_DEPRECATED_API", "NPY_2_0_API_VERSION")],
                extra_compile_args=NO_SYMBOLS,
                extra_link_args=STRIP,
            )
            for name in ("arrow", "stand_in")
        ),
    ],
    # side by side
    options={"build_ext": {"parallel": os.cpu_count()}},
)
