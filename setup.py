"""The table CPU level -> compiler flags, and the list of extensions. Metadata is in pyproject.toml.

C is made from Cython, and from the engine once: src/engine_base.c and its like are that one C file under the
names of the levels, and so are src/missing_base.c and its like. Then all of it is compiled, the dearest
first.

Environment: FASTCONV_LEVELS="base v3" builds fewer levels, FASTCONV_NO_THREADS=1 builds without threads.
"""

import glob
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import CompileError

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
NO_SYMBOLS = [] if PLAIN else ["-g0", "-fno-asynchronous-unwind-tables"]
STRIP = [] if PLAIN or sys.platform == "darwin" else ["-Wl,--strip-all"]

PLAIN_C = ["/O2" if MSVC else "-O2"]
# For what runs once a call, or less: a few instructions more, and a third less in the wheel.
SMALL_C = ["/O1" if MSVC else "-Os"]
ARITHMETIC = PLAIN_C + (
    [] if MSVC else ["-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math"]
)
# Python's integers become C's by a call, and by no copy of it for each number of digits.
SHORT_NUMBERS = "-DCYTHON_USE_PYLONG_INTERNALS=0"
ENGINE = (
    []
    if MSVC
    else [
        # -O2 with the options of -O3 for loops took a sixth less to build, and Gaussians of bytes a quarter
        # more to run: blocks that -O3 unrolls before it looks for registers went to the stack.
        "-O3",
        # What is declared inline takes constants and pointers to registers; GCC leaves some of it out
        # of line, where both are lost.
        "-DCYTHON_INLINE=inline __attribute__((always_inline))",
        SHORT_NUMBERS,
        "-Wno-unused-function",
    ]
)
# Loops that the compiler makes vectors of. Of -O3 they were half as long again, and twice as long to build;
# with the cost model of GCC's -O2 most are left as they are, and take up to 4.8 times as long.
LOOPS = ARITHMETIC + ([] if MSVC else ["-ftree-vectorize", "-fvect-cost-model", SHORT_NUMBERS])
# Without loops and functions for each side of a branch v4 is a fortieth smaller. These flags are GCC's alone.
ONCE = ["-fno-unswitch-loops", "-fno-split-loops", "-fno-ipa-cp-clone"]
HERE = ["src", "."]  # headers, and what is imported in C from fastconv/_engine/*.pxd
PTHREAD = [] if MSVC else ["-pthread"]
NO_THREADS = [("FASTCONV_NO_THREADS", "1")] if os.environ.get("FASTCONV_NO_THREADS") else []

# Found by pattern, since a build from the checkout would not notice a file that a list lacks.
SHARED = ["fastconv/_engine/planner.pxd", "fastconv/_engine/pool.pxd"]
PARTS = SHARED + sorted(
    glob.glob("src/**/*.h", recursive=True) + glob.glob("src/**/*.pxi", recursive=True)
)
WANTED = os.environ.get("FASTCONV_LEVELS", " ".join(LEVELS)).split()

# The engine's C takes Cython half as long as a level takes GCC, so another process makes it while the rest
# is built. No C has comments: they are half of it, and GCC numbers their lines. Functions are built in ones,
# not Cython's, whose type is 7 kB of each file in the wheel.
DIRECTIVES = {"binding": False}
MAKE_ENGINE = f"""
import sys
import tempfile
from pathlib import Path
from Cython.Build import cythonize
from Cython.Compiler import Options
from setuptools import Extension
Options.emit_code_comments = False
engine = Extension("fastconv._engine.engine", ["src/engine.pyx"])
how = dict(compiler_directives={DIRECTIVES}, force=sys.argv[1] == "True", quiet=True)
cythonize([engine], include_path=["src", "."], **how)
"""


class Build(build_ext):
    def run(self) -> None:
        from Cython.Build import cythonize
        from Cython.Compiler import Options

        Options.emit_code_comments = False
        self.engine = subprocess.Popen([sys.executable, "-c", MAKE_ENGINE, str(bool(self.force))])
        others = [ext for ext in self.extensions if ext.sources[0].endswith(".pyx")]
        others.append(Extension("fastconv._engine.missing", ["src/missing.pyx"], depends=SHARED))
        made = cythonize(
            others,
            include_path=HERE,
            compiler_directives=DIRECTIVES,
            force=self.force,
            quiet=not self.verbose,
        )
        for ext, of in zip(made, others, strict=True):
            of.sources = ext.sources
        super().run()
        self.wait_for_engine()

    def build_extensions(self) -> None:
        if not MSVC and self.knows(ONCE):
            for ext in ENGINES:
                ext.extra_compile_args += ONCE
        super().build_extensions()

    def knows(self, flags: list[str]) -> bool:
        """Whether the compiler takes these flags; Clang does not."""
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "empty.c"
            source.write_text("int empty;\n")
            try:
                self.compiler.compile([str(source)], output_dir=folder, extra_postargs=flags)
            except CompileError:
                return False
        return True

    def build_extension(self, ext: Extension) -> None:
        if ext in ENGINES:
            self.wait_for_engine()
        super().build_extension(ext)

    def wait_for_engine(self) -> None:
        if self.engine.wait():
            raise CompileError("Cython makes no C of src/engine.pyx")


def extension(name: str, flags: list[str], **how: Any) -> Extension:
    level = name.partition("_")[2]
    return Extension(
        f"fastconv._engine.{name}",
        [f"src/{name}.c" if level in LEVELS else f"src/{name}.pyx"],
        include_dirs=[*HERE, numpy.get_include()],
        extra_compile_args=flags + NO_SYMBOLS,
        extra_link_args=STRIP + how.pop("link", []),
        **how,
    )


ENGINES = [
    extension(f"engine_{level}", ARITHMETIC + ENGINE + flags, depends=[*PARTS, "src/engine.pyx"])
    for level, flags in reversed(LEVELS.items())  # the dearest first
    if level in WANTED
]
PLANNER = extension(
    "planner", ARITHMETIC, depends=[*SHARED, *sorted(glob.glob("src/planning/*.pxi"))]
)
NUMPY_2 = [("NPY_NO_DEPRECATED_API", "NPY_2_0_API_VERSION")]
MISSING = [
    extension(
        f"missing_{level}",
        LOOPS + flags,
        depends=["src/missing.pyx", "src/request.h", "src/request.pxi", *SHARED],
        define_macros=NUMPY_2,
    )
    for level, flags in LEVELS.items()
    if level in WANTED
]

setup(
    cmdclass={"build_ext": Build},
    ext_modules=[
        *ENGINES[:1],
        PLANNER,
        *ENGINES[1:],
        *MISSING,
        extension(
            "calls",
            PLAIN_C,
            depends=["src/request.h", "src/request.pxi", *SHARED],
            define_macros=NUMPY_2,
        ),
        extension("stand_in", SMALL_C, define_macros=NUMPY_2),
        extension("arrow", SMALL_C, define_macros=NUMPY_2),
        extension(
            "pool",
            SMALL_C + PTHREAD,
            depends=["src/schedule/pool.h", "fastconv/_engine/pool.pxd"],
            define_macros=NO_THREADS,
            link=PTHREAD,
            libraries=[] if MSVC else ["m"],
        ),
        extension("cpu", SMALL_C, depends=["src/simd/simd.h"]),
    ],
    # side by side
    options={"build_ext": {"parallel": os.cpu_count()}},
)
