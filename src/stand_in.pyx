# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, freethreading_compatible=True
# SPDX-License-Identifier: BSD-3-Clause
"""Stand-ins for other libraries' functions, and the choice of the calls that are worth doing here.

See fastconv/compat/stand_ins.py and fastconv/compat/hand_back.py. It is compiled, and called without a tuple
and a dict of arguments, since a small call takes only a few microseconds.
"""

cimport numpy as cnp
from cpython.object cimport PyObject, PyTypeObject
from cpython.tuple cimport PyTuple_GET_ITEM, PyTuple_GET_SIZE
from libc.math cimport INFINITY
from libc.stdint cimport uint64_t
from libc.string cimport memcpy, memset

import types

cnp.import_array()

cdef extern from *:
    """
    #if defined(_WIN32)
    #include <windows.h>
    static double fc_nanoseconds(void) {
        LARGE_INTEGER now, each_second;
        QueryPerformanceCounter(&now);
        QueryPerformanceFrequency(&each_second);
        return 1e9 * (double)now.QuadPart / (double)each_second.QuadPart;
    }
    #else
    #include <time.h>
    static double fc_nanoseconds(void) {
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        return 1e9 * (double)now.tv_sec + (double)now.tv_nsec;
    }
    #endif
    #if defined(_MSC_VER)
    #define FC_THREAD __declspec(thread)
    #else
    #define FC_THREAD __thread
    #endif
    static FC_THREAD int fc_inside;
    static FC_THREAD unsigned long fc_handed_back;

    /* Cython has no classes whose objects are called without a tuple and a dict of arguments (PEP 590). */
    static void fc_take_vectorcalls(PyTypeObject* type, Py_ssize_t offset, unsigned long flags) {
        type->tp_vectorcall_offset = offset;
        type->tp_call = PyVectorcall_Call;
        type->tp_flags |= Py_TPFLAGS_HAVE_VECTORCALL | flags;
        PyType_Modified(type);
    }
    """
    double nanoseconds "fc_nanoseconds"() noexcept nogil
    int inside "fc_inside"                          # OUTSIDE, SERVED or BACK: the call this thread is in
    unsigned long handed_back "fc_handed_back"      # how many calls of this thread were done by an original
    void take_vectorcalls "fc_take_vectorcalls"(PyTypeObject*, Py_ssize_t, unsigned long)

cdef extern from "Python.h":
    ctypedef PyObject* (*vectorcallfunc)(PyObject*, PyObject* const*, size_t, PyObject*) noexcept
    PyObject* PyObject_Vectorcall(PyObject*, PyObject* const*, size_t, PyObject*) noexcept
    Py_ssize_t PyVectorcall_NARGS(size_t) noexcept
    int PyErr_ExceptionMatches(PyObject*) noexcept
    void PyErr_Clear() noexcept
    void drop "Py_DECREF"(PyObject*) noexcept
    PyObject* not_implemented "Py_NotImplemented"
    unsigned long IS_METHOD "Py_TPFLAGS_METHOD_DESCRIPTOR"

cdef enum:
    OUTSIDE, SERVED, BACK

cdef enum:
    KINDS = 4096        # number of kinds that are remembered, a power of two
    CONTENTS = 512      # bytes; of larger arrays among the arguments so many are looked at, and their shape
    REFUSED = 2         # refusals one after the other, after which a kind is not tried here again
    MEASURED = 4        # calls done here, of which the shortest is compared with the original's
    AGAIN = 32          # calls, after which the slower one is asked again if they are near

cdef struct Kind:
    uint64_t key
    double spent        # predicted ns of the original for all calls so far
    double ours, theirs  # measured ns of the shortest call here, and of the original
    int served, refused  # calls that were done here; refusals since the last one
    int since           # calls since both were compared

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
    """Mix in an array's type, shape and order. A plain array of another shape than the image may be a kernel,
    so its contents count too."""
    cdef int i, n = cnp.PyArray_NDIM(a)
    cdef bint same = image is not None and n == cnp.PyArray_NDIM(image)
    cdef bint plain = cnp.PyArray_ISCARRAY_RO(a)
    cdef Py_ssize_t at = 0, size = cnp.PyArray_NBYTES(a), step = 8 * (size // CONTENTS + 1)
    cdef uint64_t word
    h = stirred(h, <uint64_t>(cnp.PyArray_TYPE(a) << 1 | plain))
    for i in range(n):
        h = stirred(h, <uint64_t>cnp.PyArray_DIMS(a)[i])
        same = same and cnp.PyArray_DIMS(a)[i] == cnp.PyArray_DIMS(image)[i]
    if image is None or same or not plain or cnp.PyArray_TYPE(a) == cnp.NPY_OBJECT:
        return h
    while at < size:
        word = 0
        memcpy(&word, cnp.PyArray_BYTES(a) + at, 8 if size - at >= 8 else size - at)
        h = stirred(h, word)
        at += step
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
    cdef public long long served, handed_back
    cdef public double served_time, handed_back_time


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
    pickled : callable
        Takes the stand-in and returns what `object.__reduce__` does.
    prices : (float, float, float), optional
        Predicted ns: for planning a call of a new kind here; for a call of the original; and for each sample
        of its first argument. Without prices every call is done here.
    own : tuple of type, optional
        The original does a call if an argument is of another type.
    floats_differ : bool
        Whether results that are floats may differ in their last bits from the original's. Then who does a call
        depends on nothing that was measured, so that a program gives the same bits each time.
    """
    cdef dict __dict__
    cdef object __weakref__
    cdef vectorcallfunc vectorcall
    cdef object ours, original, pickled
    cdef tuple own, refusals
    cdef readonly Count count
    cdef double finding_out, base, each
    cdef bint priced, floats_differ
    cdef uint64_t salt      # keeps the kinds of this function apart from those of others

    def __init__(self, ours, original, Count count not None, tuple refusals, pickled, prices=None, own=None,
                 bint floats_differ=False):
        self.ours, self.original, self.count, self.refusals, self.own = ours, original, count, refusals, own
        self.pickled, self.floats_differ, self.priced = pickled, floats_differ, prices is not None
        if prices is not None:
            self.finding_out, self.base, self.each = prices
        for name in ("__name__", "__qualname__", "__module__", "__doc__"):
            setattr(self, name, getattr(original, name, None))
        self.__wrapped__ = original
        self.salt = <uint64_t>hash((self.__module__, self.__qualname__))
        self.vectorcall = called

    def __call__(self, *args, **kwargs):
        """Call it. C calls `vectorcall` instead."""
        return self.original(*args, **kwargs)

    def __getattr__(self, name):
        return getattr(self.original, name)

    def __repr__(self):
        return repr(self.original)

    def __reduce__(self):
        return self.pickled(self)

    @property
    def __class__(self):
        """The original's class, so that isinstance tells a function."""
        return type(self.original)

    cdef PyObject* call(self, PyObject* const* args, size_t nargsf, PyObject* names) noexcept:
        global inside
        cdef unsigned long before = handed_back
        cdef bint here
        cdef double start, spent
        cdef Kind* kind
        cdef uint64_t key
        cdef PyObject* result
        if inside == SERVED:
            return self.done(args, nargsf, names)
        if inside == BACK:
            return PyObject_Vectorcall(<PyObject*>self.original, args, nargsf, names)
        kind = self.kind_of(args, PyVectorcall_NARGS(nargsf), names)
        here = self.pays(kind, args[0]) if kind != NULL else not self.is_little(args, PyVectorcall_NARGS(nargsf))
        key = kind.key if kind != NULL else 0
        start = nanoseconds()
        if here:
            inside = SERVED
            result = self.done(args, nargsf, names)
        else:
            inside = BACK
            result = PyObject_Vectorcall(<PyObject*>self.original, args, nargsf, names)
        inside = OUTSIDE
        spent = nanoseconds() - start
        here = here and handed_back == before
        if here:
            self.count.served += 1
            self.count.served_time += 1e-9 * spent
        else:
            self.count.handed_back += 1
            self.count.handed_back_time += 1e-9 * spent
        if kind != NULL and kind.key == key and result != NULL:     # another thread may have taken the entry
            self.learn(kind, result, here, handed_back != before, spent)
        return result

    cdef bint is_little(self, PyObject* const* args, Py_ssize_t n) noexcept:
        """Whether a call without prices has so little work that the original does it sooner."""
        return False

    cdef PyObject* done(self, PyObject* const* args, size_t nargsf, PyObject* names) noexcept:
        """Call fastconv's version, or the original if that refuses."""
        global inside, handed_back
        cdef PyObject* result
        if self.own is None or self.are_own(args, PyVectorcall_NARGS(nargsf), names):
            result = PyObject_Vectorcall(<PyObject*>self.ours, args, nargsf, names)
            if result != NULL and result != not_implemented:
                return result
            if result != NULL:
                drop(result)
            elif PyErr_ExceptionMatches(<PyObject*>self.refusals):
                PyErr_Clear()
            else:
                return NULL
        handed_back += 1
        inside = BACK
        result = PyObject_Vectorcall(<PyObject*>self.original, args, nargsf, names)
        inside = SERVED
        return result

    cdef bint are_own(self, PyObject* const* args, Py_ssize_t n, PyObject* names) noexcept:
        cdef Py_ssize_t i, all_ = n + (PyTuple_GET_SIZE(<tuple>names) if names != NULL else 0)
        for i in range(all_):
            try:
                if not isinstance(<object>args[i], self.own) or (
                    isinstance(<object>args[i], cnp.ndarray) and type(<object>args[i]) not in self.own
                ):
                    return False
            except Exception:   # of a class that answers isinstance itself
                return False
        return True

    cdef Kind* kind_of(self, PyObject* const* args, Py_ssize_t n, PyObject* names) noexcept:
        """What is known of calls like this one; NULL if it is not asked."""
        cdef cnp.ndarray image
        cdef uint64_t h
        cdef Kind* kind
        cdef Py_ssize_t i
        if not self.priced or n == 0 or type(<object>args[0]) is not cnp.ndarray:
            return NULL
        image = <cnp.ndarray>args[0]
        try:
            h = of_array(self.salt, image, None)
            for i in range(1, n):
                h = of_word(h, <object>args[i], image)
            if names != NULL:
                for i in range(PyTuple_GET_SIZE(<tuple>names)):
                    h = stirred(h, <uint64_t>hash(<object>PyTuple_GET_ITEM(<tuple>names, i)))
                    h = of_word(h, <object>args[n + i], image)
        except Exception:   # of a class that answers hash itself
            return NULL
        h |= 1      # a key of 0 marks an empty entry
        kind = &kinds[(h >> 20) & (KINDS - 1)]
        if kind.key != h:
            memset(kind, 0, sizeof(Kind))
            kind.key, kind.ours, kind.theirs = h, INFINITY, INFINITY
        return kind

    cdef bint pays(self, Kind* kind, PyObject* image) noexcept:
        """Whether to do a call here: if it is large, or if calls of its kind have cost as much as planning
        one; unless these are refused here, or were seen to take longer."""
        cdef double cost = self.base + self.each * cnp.PyArray_SIZE(<cnp.ndarray>image)
        if kind.refused >= REFUSED:
            return False
        if _always or kind.served < MEASURED and (cost >= self.finding_out or kind.spent >= self.finding_out):
            return True
        if kind.served >= MEASURED:
            return self.is_faster(kind)
        kind.spent += cost
        return False

    cdef bint is_faster(self, Kind* kind) noexcept:
        """Whether a call takes less time here. A machine may have been busy with other things when they were
        timed, so now and then a call goes to the slower one, unless it takes twice as long."""
        cdef bint here = kind.ours <= kind.theirs
        kind.since += 1
        if kind.since >= AGAIN and kind.ours < 2 * kind.theirs and kind.theirs < 2 * kind.ours:
            kind.since = 0
            return not here
        return here

    cdef void learn(self, Kind* kind, PyObject* result, bint here, bint refused, double spent) noexcept:
        """Keep what a call has shown of its kind."""
        if refused:
            kind.refused += 1
        elif not here:
            kind.theirs = min(kind.theirs, spent)
        else:
            kind.refused = 0
            kind.served += kind.served < MEASURED
            kind.ours = 0 if self.floats_differ and is_float(<object>result) else min(kind.ours, spent)


cdef inline bint is_float(object result) noexcept:
    return type(result) is not cnp.ndarray or not cnp.PyArray_ISINTEGER(<cnp.ndarray>result)


cdef class MethodStandIn(StandIn):
    """One of a function that is written in Python, which is a method where it is an attribute of a class."""

    def __get__(self, instance, owner):
        return self if instance is None else types.MethodType(self, instance)


cpdef Py_ssize_t work_of(core, Py_ssize_t side, Py_ssize_t passes, frozenset four_bytes) except? -1:
    """How many products Pillow sums: of a kernel of so many rows, or a blur of so many passes (and a side of 1).

    Parameters
    ----------
    core : object
        Of an image of Pillow's.
    side, passes : int
    four_bytes : frozenset of str
        Modes of which a pixel is four bytes; one of L is one byte, and those of others have no work here.
    """
    cdef str mode = core.mode
    cdef tuple size = core.size
    cdef Py_ssize_t width = size[0], height = size[1]
    if mode != "L" and mode not in four_bytes or width < side or height < side:
        return 0
    return (width - side + 1) * (height - side + 1) * side * side * passes * (1 if mode == "L" else 4)


cdef class FilterStandIn(MethodStandIn):
    """One of a method `filter` of Pillow's. Pictures of little work go to the original at once.

    Parameters
    ----------
    few : int
        Work of a call that the original does sooner.
    passes : int
        Of a blur; 0 of a kernel, whose side is in its `filterargs`.
    four_bytes : frozenset of str
        See `work_of`.
    """
    cdef Py_ssize_t few, passes
    cdef frozenset four_bytes

    def __init__(self, ours, original, Count count, tuple refusals, pickled, Py_ssize_t few, Py_ssize_t passes,
                 frozenset four_bytes):
        super().__init__(ours, original, count, refusals, pickled)
        self.few, self.passes, self.four_bytes = few, passes, four_bytes

    cdef bint is_little(self, PyObject* const* args, Py_ssize_t n) noexcept:
        cdef Py_ssize_t side = 1
        if n != 2:
            return False
        try:
            if self.passes == 0:
                side = (<object>args[0]).filterargs[0][0]
            return work_of(<object>args[1], side, self.passes or 1, self.four_bytes) < self.few
        except Exception:   # which the original raises, too
            return False


cdef PyObject* called(PyObject* self, PyObject* const* args, size_t nargsf, PyObject* names) noexcept:
    return (<StandIn>self).call(args, nargsf, names)


cdef Py_ssize_t offset_of(StandIn s) noexcept:
    return <char*>&s.vectorcall - <char*><PyObject*>s


take_vectorcalls(<PyTypeObject*>StandIn, offset_of(StandIn.__new__(StandIn)), 0)
take_vectorcalls(<PyTypeObject*>MethodStandIn, offset_of(MethodStandIn.__new__(MethodStandIn)), IS_METHOD)
take_vectorcalls(<PyTypeObject*>FilterStandIn, offset_of(FilterStandIn.__new__(FilterStandIn)), IS_METHOD)


def forget_kinds():
    """Forget all kinds of calls."""
    memset(kinds, 0, sizeof(kinds))
