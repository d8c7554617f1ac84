# Types of samples and of sums.

ACCUMULATOR_NAMES = ("float32", "float64", "strict")
# Integers up to here are exact in an accumulator's type.
EXACT = {"float32": 2.0**24, "float64": 2.0**53, "strict": 2.0**53}

cdef tuple TYPE_NAMES = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64",
                         "float16", "float32", "float64")


cdef bint is_integer(int type) noexcept nogil:
    return type < F16


cdef inline bint is_small(int type) noexcept nogil:
    """Whether samples are integers of 8 or 16 bits."""
    return type <= I16


cdef inline bint is_narrow(int type) noexcept nogil:
    """Whether samples are exact in float32."""
    return is_small(type) or type == F16 or type == F32


cdef double lowest_of(int type) noexcept nogil:
    """Smallest value of an integer type, 0 for floats."""
    return -ldexp(1, (8 << type // 2) - 1) if is_integer(type) and type % 2 else 0


cdef double highest_of(int type) noexcept nogil:
    """Largest value of an integer type, 0 for floats; those of 64 bits are rounded up."""
    return ldexp(1, (8 << type // 2) - type % 2) - 1 if is_integer(type) else 0


cdef inline double peak_of(int type) noexcept nogil:
    """Largest magnitude of an integer type."""
    return -lowest_of(type) if is_integer(type) and type % 2 else highest_of(type)


cdef void range_of(int type, int bits, double constant, double* low, double* high,
                   bint* integral) noexcept nogil:
    """Smallest and largest of samples and constant, and whether all are integers. For samples of 64 bits the
    range is +-2**bits, since the range of their type is too large to be of use."""
    if not is_integer(type):
        low[0], high[0], integral[0] = -INFINITY, INFINITY, False
        return
    low[0], high[0] = lowest_of(type), highest_of(type)
    if type in (U64, I64):
        high[0] = ldexp(1, bits)
        low[0] = -high[0] if type == I64 else 0
    low[0], high[0] = min(low[0], constant), max(high[0], constant)
    integral[0] = constant == rint(constant)    # true for infinities, too


def sample_range(int type, int bits, double constant):
    """Smallest and largest of samples and constant, and whether all are integers; see `decide`."""
    cdef double low, high
    cdef bint integral
    range_of(type, bits, constant, &low, &high, &integral)
    return low, high, integral
