/* SPDX-License-Identifier: BSD-3-Clause */
#define PyInit_engine PyInit_engine_base
#include "engine.c"
