# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, freethreading_compatible=True
# SPDX-License-Identifier: BSD-3-Clause
"""What stands in the place of another library's function, and which calls pay here: see fastconv/compat/stand_ins.py
and fastconv/compat/hand_back.py. In C, since a small call is over in a few microseconds.
"""

cimport numpy as cnp
from cpython.object cimport PyObject_Call
from libc.stdint cimport uint64_t
from libc.string cimport memcpy, memset

import types
from time import perf_counter

cnp.import_array()

cdef extern from *:
    """
    #if defined(_MSC_VER)
    #define FC_THREAD __declspec(thread)
    #else
    #define FC_THREAD __thread
    #endif
    static FC_THREAD int fc_inside;
    static FC_THREAD unsigned long fc_handed_back;
    """
    int inside "fc_inside"                          # of this thread: a call that is served, or handed back
    unsigned long handed_back "fc_handed_back"      # how many calls of it an original did

cdef enum:
    OUTSIDE, SERVED, BACK

cdef enum:
    KINDS = 4096        # that are remembered, a power of two
    CONTENTS = 512      # bytes; larger arrays among the arguments are told apart by their shape

cdef struct Kind:
    uint64_t key
    double spent        # predicted ns of the original, of all calls so far

cdef Kind kinds[KINDS]
memset(kinds, 0, sizeof(kinds))
cdef bint _always = False


def calls():
    """How many calls of this thread were handed back."""
    return handed_back


def hand_back():
    """Count a call of this thread that the original does."""
    global handed_back
    handed_back += 1


def serve_all(bint always):
    """Say whether every call is done here that can be."""
    global _always
    _always = always


# --- kinds of calls -------------------------------------------------------------------------------------


cdef inline uint64_t stirred(uint64_t h, uint64_t word) noexcept:
    h = (h ^ word) * 0x9E3779B97F4A7C15ULL
    return h ^ (h >> 29)


cdef uint64_t of_array(uint64_t h, cnp.ndarray a, cnp.ndarray image) noexcept:
    """Type and shape; of small arrays that may be kernels, and are not of the image's shape, what they hold."""
    cdef int i, n = cnp.PyArray_NDIM(a)
    cdef bint same = image is not None and n == cnp.PyArray_NDIM(image)
    cdef Py_ssize_t at = 0, size = cnp.PyArray_NBYTES(a)
    cdef uint64_t word
    h = stirred(h, <uint64_t>cnp.PyArray_TYPE(a))
    for i in range(n):
        h = stirred(h, <uint64_t>cnp.PyArray_DIMS(a)[i])
        same = same and cnp.PyArray_DIMS(a)[i] == cnp.PyArray_DIMS(image)[i]
    if image is None or same or size > CONTENTS or not cnp.PyArray_ISCARRAY_RO(a) or a.dtype.hasobject:
        return h
    while at < size:
        word = 0
        memcpy(&word, cnp.PyArray_BYTES(a) + at, 8 if size - at >= 8 else size - at)
        h = stirred(h, word)
        at += 8
    return h


cdef uint64_t of_word(uint64_t h, object word, cnp.ndarray image) except? 0:
    cdef double number
    cdef uint64_t bits
    if type(word) is float:
        number = word
        memcpy(&bits, &number, 8)
        return stirred(h, bits)
    if type(word) is int or type(word) is str or type(word) is bool:
        return stirred(h, <uint64_t>hash(word))
    if type(word) is cnp.ndarray:
        return of_array(h, <cnp.ndarray>word, image)
    if type(word) is tuple or type(word) is list:
        for item in word:
            h = of_word(h, item, image)
        return stirred(h, <uint64_t>len(word))
    try:
        return stirred(h, <uint64_t>hash(word))
    except TypeError:
        return stirred(h, <uint64_t>hash(type(word)))


# --- stand-ins ------------------------------------------------------------------------------------------


cdef class Count:
    """Calls of what is in place: how many, and seconds in them."""
    cdef public object served, handed_back
    cdef public double served_time, handed_back_time

    def __init__(self):
        self.served = self.handed_back = 0
        self.served_time = self.handed_back_time = 0.0


cdef class StandIn:
    """Ours, or the original where that pays more, counted and timed unless it is called by another one in
    place. What the original calls while a call is handed back to it is the original's, too.

    Parameters
    ----------
    ours : callable
        Raises one of `refusals`, or returns NotImplemented, before it has written anything: then the original
        does the call, or says in its own words what is wrong.
    original : callable
    count : Count
    refusals : tuple of type
    prices : (float, float, float), optional
        Predicted ns: of finding out how a call of a new kind is done best; of a call of the original, and of
        each sample of its first argument. Without them every call pays here.
    own : tuple of type, optional
        If an argument is of another type the original does the call.
    """
    cdef dict __dict__
    cdef object ours, original, refusals
    cdef tuple own
    cdef readonly Count count
    cdef double finding_out, base, each
    cdef bint priced
    cdef uint64_t salt      # of what is remembered of this function

    def __init__(self, ours, original, Count count not None, tuple refusals, prices=None, own=None):
        self.ours, self.original, self.count, self.refusals, self.own = ours, original, count, refusals, own
        self.priced = prices is not None
        if prices is not None:
            self.finding_out, self.base, self.each = prices
        for name in ("__name__", "__qualname__", "__module__", "__doc__"):
            setattr(self, name, getattr(original, name, None))
        self.__wrapped__ = original
        self.salt = <uint64_t>hash((self.__module__, self.__qualname__))

    def __getattr__(self, name):
        return getattr(self.original, name)

    def __get__(self, instance, owner):
        return self if instance is None else types.MethodType(self, instance)

    def __repr__(self):
        return repr(self.original)

    @property
    def __class__(self):
        """For those who ask whether it is a function."""
        return type(self.original)

    def __call__(self, *args, **kwargs):
        global inside
        cdef unsigned long before
        cdef bint served
        cdef double start, seconds
        if inside != OUTSIDE:
            return self.done(args, kwargs) if inside == SERVED else PyObject_Call(self.original, args, kwargs)
        served = not self.priced or _always or self.pays(args, kwargs)
        inside = SERVED if served else BACK
        before = handed_back
        start = perf_counter()
        try:
            return self.done(args, kwargs) if served else PyObject_Call(self.original, args, kwargs)
        finally:
            inside = OUTSIDE
            seconds = perf_counter() - start
            if served and handed_back == before:
                self.count.served += 1
                self.count.served_time += seconds
            else:
                self.count.handed_back += 1
                self.count.handed_back_time += seconds

    cdef object done(self, tuple args, dict kwargs):
        """By ours, or by the original if ours refuses."""
        global inside, handed_back
        cdef object result
        if self.own is None or self.are_own(args, kwargs):
            try:
                result = PyObject_Call(self.ours, args, kwargs)
                if result is not NotImplemented:
                    return result
            except self.refusals:
                pass
        handed_back += 1
        inside = BACK
        try:
            return PyObject_Call(self.original, args, kwargs)
        finally:
            inside = SERVED

    cdef bint are_own(self, tuple args, dict kwargs) except -1:
        for word in args:
            if not isinstance(word, self.own) or isinstance(word, cnp.ndarray) and type(word) not in self.own:
                return False
        for word in kwargs.values():
            if not isinstance(word, self.own) or isinstance(word, cnp.ndarray) and type(word) not in self.own:
                return False
        return True

    cdef bint pays(self, tuple args, dict kwargs) except -1:
        """Whether to do it here: what is large, and kinds that have cost as much as finding out."""
        cdef cnp.ndarray image
        cdef uint64_t h
        cdef Kind* kind
        cdef double cost
        cdef Py_ssize_t i
        if not args or type(args[0]) is not cnp.ndarray:
            return True
        image = <cnp.ndarray>args[0]
        cost = self.base + self.each * cnp.PyArray_SIZE(image)
        if cost >= self.finding_out:
            return True
        h = of_array(self.salt, image, None)
        for i in range(1, len(args)):
            h = of_word(h, args[i], image)
        for name, word in kwargs.items():
            h = of_word(stirred(h, <uint64_t>hash(name)), word, image)
        h |= 1      # 0 is none
        kind = &kinds[(h >> 20) & (KINDS - 1)]
        if kind.key != h:
            kind.key, kind.spent = h, 0
        if kind.spent >= self.finding_out:
            return True
        kind.spent += cost
        return False


def forget_kinds():
    """Forget all calls."""
    memset(kinds, 0, sizeof(kinds))
