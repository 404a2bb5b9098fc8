// SPDX-License-Identifier: BSD-2-Clause
// null_call: the cost of entering and leaving the kernel for nothing.
#include "measure.h"

void bench_call(void)
{
    sysret_t answer;
    row_counted("null_call", MEASURE(env_null, &answer, 0), 1);
}
