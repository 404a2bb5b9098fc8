// SPDX-License-Identifier: BSD-2-Clause
/*
 * The other side of benchmarks that need two environments. Its argument says what it does:
 *   gate    accepts transfers, answers each with the counter's value at its protected entry
 *   yield   gives every slice it gets to its creator
 */
#include <rivet.h>
#include <stdio.h>
#include <string.h>

void gate_pct(void);
void yield_forever(slot_t slot);

static char stack[1024] __attribute__((aligned(16)));

int main(int argc, char **argv)
{
    upcall_hold(); // ends of slices are the kernel's business here
    if (argc == 2 && strcmp(argv[1], "gate") == 0)
        sys_pct_accept((word_t)gate_pct, (word_t)(stack + sizeof(stack)), 0);
    if (argc == 2 && strcmp(argv[1], "yield") == 0)
        yield_forever(SLOT_FREE);
    fprintf(stderr, "bench_peer: started by a benchmark, with `gate` or `yield`\n");
    return 1;
}
