/* SPDX-License-Identifier: BSD-3-Clause */
#define PyInit_missing PyInit_missing_v4
#include "missing.c"
