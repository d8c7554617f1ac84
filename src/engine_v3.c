/* SPDX-License-Identifier: BSD-3-Clause */
#define PyInit_engine PyInit_engine_v3
#include "engine.c"
