// SPDX-License-Identifier: BSD-2-Clause
// The group `base`: what the kernel's own paths cost.
#include "measure.h"

int main(int argc, char **argv)
{
    bench_start(argc, argv);
    bench_call();
    bench_exception();
    bench_cause();
    bench_page();
    bench_cap();
    bench_stlb();
    bench_pct();
    bench_slice();
    bench_irq();
    if (!bench_paths)
        bench_limits();
    return 0;
}
