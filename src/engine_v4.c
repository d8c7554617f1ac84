/* SPDX-License-Identifier: BSD-3-Clause */
#define PyInit_engine PyInit_engine_v4
#include "engine.c"
