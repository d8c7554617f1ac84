# The facts that the planner needs of each level's engine.

cdef enum:
    LEVELS = 3

cdef tuple LEVEL_NAMES = ("base", "v3", "v4")

cdef list _engines = [None] * LEVELS
cdef int[LEVELS] DOT_BITS       # of a digit of a dot's weights
cdef int[LEVELS] VECTOR_BYTES   # width of the vectors


def describe_level(str name, engine):
    """Register the engine of a level. `decide` refuses a level that is not registered."""
    cdef int level = LEVEL_NAMES.index(name)
    _engines[level] = engine
    DOT_BITS[level], VECTOR_BYTES[level] = engine.dot_bits(), engine.vector_bytes()


cdef int level_of(str name) except -1:
    cdef int level
    for level in range(LEVELS):
        if name == <str>LEVEL_NAMES[level]:
            if _engines[level] is None:
                raise ValueError(f"level must be one that is loaded; got {name!r}")
            return level
    raise ValueError(f"level must be one of {', '.join(LEVEL_NAMES)}; got {name!r}")
