# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, freethreading_compatible=True
# SPDX-License-Identifier: BSD-3-Clause
"""Stand-ins for other libraries' functions, and the choice of the calls that are worth doing here.

See fastconv/compat/stand_ins.py and fastconv/compat/hand_back.py. It is compiled since a small call takes
only a few microseconds.
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
    int inside "fc_inside"                          # OUTSIDE, SERVED or BACK: the call this thread is in
    unsigned long handed_back "fc_handed_back"      # how many calls of this thread were done by an original

cdef enum:
    OUTSIDE, SERVED, BACK

cdef enum:
    KINDS = 4096        # number of kinds that are remembered, a power of two
    CONTENTS = 512      # bytes; larger arrays among the arguments are told apart by their shape only

cdef struct Kind:
    uint64_t key
    double spent        # predicted ns of the original for all calls so far

cdef Kind kinds[KINDS]
memset(kinds, 0, sizeof(kinds))
cdef bint _always = False


def calls():
    """How many calls of this thread were handed back."""
    return handed_back


def hand_back():
    """Count a call of this thread that the original does, not fastconv."""
    global handed_back
    handed_back += 1


def serve_all(bint always):
    """Set whether fastconv does every call that it can, even where the original is predicted to be faster."""
    global _always
    _always = always


# --- kinds of calls -------------------------------------------------------------------------------------


cdef inline uint64_t stirred(uint64_t h, uint64_t word) noexcept:
    h = (h ^ word) * 0x9E3779B97F4A7C15ULL
    return h ^ (h >> 29)


cdef uint64_t of_array(uint64_t h, cnp.ndarray a, cnp.ndarray image) noexcept:
    """Mix in an array's type and shape. A small array of another shape than the image may be a kernel, so its
    contents count too."""
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
    """Number of calls of a stand-in, and the seconds spent in them."""
    cdef public object served, handed_back
    cdef public double served_time, handed_back_time

    def __init__(self):
        self.served = self.handed_back = 0
        self.served_time = self.handed_back_time = 0.0


cdef class StandIn:
    """A function that calls fastconv's version, or the original where that is predicted to be faster.

    Calls are counted and timed, except those from inside another stand-in. While an original runs, all
    stand-ins that it calls go to their originals, too.

    Parameters
    ----------
    ours : callable
        Raises one of `refusals`, or returns NotImplemented, before it writes anything, if it does not serve a
        call. Then the original does the call or raises its own error.
    original : callable
    count : Count
    refusals : tuple of type
    prices : (float, float, float), optional
        Predicted ns: for planning a call of a new kind here; for a call of the original; and for each sample
        of its first argument. Without prices every call is done here.
    own : tuple of type, optional
        The original does a call if an argument is of another type.
    """
    cdef dict __dict__
    cdef object ours, original, refusals
    cdef tuple own
    cdef readonly Count count
    cdef double finding_out, base, each
    cdef bint priced
    cdef uint64_t salt      # keeps the kinds of this function apart from those of others

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
        """The original's class, so that isinstance tells a function."""
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
        """Call fastconv's version, or the original if that refuses."""
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
        """Whether to do a call here: if it is large, or if calls of its kind have cost as much as planning
        one."""
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
        h |= 1      # a key of 0 marks an empty entry
        kind = &kinds[(h >> 20) & (KINDS - 1)]
        if kind.key != h:
            kind.key, kind.spent = h, 0
        if kind.spent >= self.finding_out:
            return True
        kind.spent += cost
        return False


def forget_kinds():
    """Forget all kinds of calls."""
    memset(kinds, 0, sizeof(kinds))
