// SPDX-License-Identifier: BSD-2-Clause
// The group `base`: what the kernel's own paths cost.
#include "measure.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    bench_counts = argc == 2 && strcmp(argv[1], "counts") == 0;
    if (bench_counts && machine()->satp_writes == 0) {
        fprintf(stderr, "bench: this kernel does not count fences\n");
        return 1;
    }
    bench_call();
    bench_exception();
    bench_page();
    bench_cap();
    bench_stlb();
    bench_pct();
    bench_slice();
    bench_irq();
    bench_limits();
    return 0;
}
