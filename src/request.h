/* What is asked of an engine: two arrays, two axes with their borders, and a number of threads.
 *
 * The call cache, the methods' programs and the three engines are extension modules of their own, and this is
 * all that they must agree on.
 */
#ifndef FASTCONV_REQUEST_H
#define FASTCONV_REQUEST_H

#include <Python.h>

enum { FC_REFLECT, FC_MIRROR, FC_NEAREST, FC_WRAP, FC_CONSTANT };

typedef struct {
    /* Sample (p, y, x, c) stands at data + p*plane + y*row + x*pixel + c*channel, all in bytes. */
    char *data;
    Py_ssize_t plane, row, pixel, channel;
    int type;       /* row of the table in fastconv/_pixels.py */
    int swapped;    /* whether samples are in the byte order that is not this machine's */
} fc_array;

typedef struct {
    Py_ssize_t length;  /* source pixels, at least 1 */
    Py_ssize_t start;   /* position of the first window's first tap */
    Py_ssize_t count;   /* windows */
    int border;
} fc_axis;

typedef struct {
    fc_array src, dst;
    Py_ssize_t planes, channels;
    fc_axis rows, cols;
    double constant[2];     /* of even and of odd channels: complex samples are pairs of real ones */
    int threads;
} fc_request;

/* A request of three axes, or one whose windows stand some pixels apart. Its planes are slices, a plane apart in
 * both arrays; the results count in planes. Programs know how far apart windows stand.
 */
typedef struct {
    fc_request picture;
    fc_axis slices;
} fc_volume_request;

/* Answers a request, which is of the kind that the program was made for. Returns the number of bands that found
 * no memory.
 */
typedef int (*fc_runner)(const void *program, const fc_request *request);

#endif
