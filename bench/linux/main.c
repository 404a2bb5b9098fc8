// SPDX-License-Identifier: BSD-2-Clause
/*
 * The one program of a Linux that is measured: its init, without a C library. It measures what the programs in bench/
 * measure under Rivet, prints a row each, and switches the machine off. tools/linux_bench.py boots it.
 *
 * boot_ticks   the clock at this program's first instruction
 *
 * `begun` on a line of its own says that Linux is there, `end` that all was printed.
 */
#include "measure.h"

static void file_systems(void)
{
    linux_call(MKDIRAT, AT_FDCWD, "/proc", 0555);
    must(linux_call(MOUNT, "proc", "/proc", "proc"), "mounting /proc");
}

// Lets Linux do what it put off: it still tests its ciphers when this program begins, and what ended leaves work behind.
static void settle(void)
{
    static const struct timespec time = {.seconds = 2};
    must(linux_call(NANOSLEEP, &time), "sleeping");
}

void bench_main(uint64_t boot_ticks)
{
    static void (*const groups[])(void) = {bench_traps, bench_memory, bench_faults, bench_ipc,
                                           bench_time, bench_processes, bench_work};
    row("boot_ticks", boot_ticks);
    begun_say();
    file_systems();
    instret_open();
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        settle();
        groups[i]();
    }
    bench_end();
}
