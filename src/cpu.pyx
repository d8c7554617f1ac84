# cython: language_level=3, freethreading_compatible=True
# SPDX-License-Identifier: BSD-3-Clause
"""Which levels can this CPU run? Built with baseline flags, and asked before any other module loads.

The levels are the psABI's x86-64-v3 and -v4; v4 also needs VNNI and VBMI, which every CPU with AVX-512
since 2019 (Ice Lake, Zen 4) has. An older one runs v3.
"""

cdef extern from *:
    """
    #if defined(__x86_64__) && defined(__GNUC__)
    static int cpu_has_v3(void) {
        __builtin_cpu_init();
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")
            && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
    }
    static int cpu_has_v4(void) {
        return cpu_has_v3() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
            && __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq")
            && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni")
            && __builtin_cpu_supports("avx512vbmi");
    }
    #else
    static int cpu_has_v3(void) { return 0; }
    static int cpu_has_v4(void) { return 0; }
    #endif
    """
    bint cpu_has_v3()
    bint cpu_has_v4()


def levels():
    """Names of the levels that this CPU can run, slowest first."""
    return ("base",) + ("v3",) * cpu_has_v3() + ("v4",) * cpu_has_v4()
