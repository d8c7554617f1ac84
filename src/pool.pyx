# cython: language_level=3, freethreading_compatible=True
# SPDX-License-Identifier: BSD-3-Clause
"""The threads of this process, which all levels of the engine share, and how many of them a call may have.

How they work is pool.h's business, and who decides how many there are fastconv/_threads.py's. All state is
C's: one for the process, whatever the number of interpreters and with or without the GIL.
"""

from libc.stdint cimport int64_t


cdef extern from "schedule/pool.h":
    const char* POOL_KIND
    int POOL_MOST_THREADS, POOL_WORTH, POOL_LONE_CALLS
    void pool_begin()
    void pool_set(int limit, bint follow)
    void pool_tune(int64_t worth, int64_t lone)
    int pool_helpers()
    int pool_threads_for(double work, int asked) nogil
    int pool_run(Band band, const void* context, Py_ssize_t bands, int threads) nogil

pool_begin()

MOST_THREADS = POOL_MOST_THREADS
WORTH = POOL_WORTH              # predicted ns that a thread must find to do
LONE_CALLS = POOL_LONE_CALLS    # of so many, one may be spoiled by a helper that was held up


cdef int run(Band band, const void* context, Py_ssize_t bands, int threads) noexcept nogil:
    return pool_run(band, context, bands, threads)


cdef int threads_for(double work, int asked) noexcept nogil:
    return pool_threads_for(work, asked)


def share(double work, int asked):
    """Threads for a call predicted to take `work` ns on one; `asked` is 0 if that was left alone."""
    return pool_threads_for(work, asked)


def set_limit(int limit, bint follow):
    """Threads of calls that ask for no number; if `follow`, no more than the calling thread's cores."""
    pool_set(limit, follow)


def tune(int64_t worth=POOL_WORTH, int64_t lone_calls=POOL_LONE_CALLS):
    """Change when a call has helpers: the tests want them for the smallest picture, and whatever happened."""
    pool_tune(worth, lone_calls)


def helpers():
    """How many have been started."""
    return pool_helpers()


def kind():
    """Whose threads they are: "POSIX", "Windows" or "none", where every call is serial."""
    return POOL_KIND.decode()
