cdef extern from "request.h" nogil:
    enum:
        FC_REFLECT
        FC_MIRROR
        FC_NEAREST
        FC_WRAP
        FC_CONSTANT
    ctypedef struct Array "fc_array":
        char* data
        Py_ssize_t plane, row, pixel, channel
        int type
        int swapped
    ctypedef struct Axis "fc_axis":
        Py_ssize_t length, start, count
        int border
    ctypedef struct Request "fc_request":
        Array src, dst
        Py_ssize_t planes, channels
        Axis rows, cols
        double constant[2]
        int threads
    ctypedef struct VolumeRequest "fc_volume_request":
        Request picture
        Axis slices
    ctypedef int (*Runner "fc_runner")(const void*, const Request*) noexcept
