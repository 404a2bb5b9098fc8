// SPDX-License-Identifier: BSD-2-Clause
// The group `sched`: what deciding who runs costs, and what carrying it out.
#include "measure.h"

int main(int argc, char **argv)
{
    bench_start(argc, argv);
    bench_time();
    bench_wake();
    bench_switch();
    if (!bench_paths)
        bench_decide();
    return 0;
}
