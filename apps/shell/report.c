// SPDX-License-Identifier: BSD-2-Clause
/*
 * The last word on a program that could not speak for itself any more: a fault found its exception slot
 * closed. The kernel left its registers in the save area, which its creator may map.
 */
#include "shell.h"

#include <inttypes.h>
#include <stdio.h>

static const char *const cause_names[16] = {
    [0] = "a misaligned jump",      [1] = "a jump to no memory",     [2] = "an illegal instruction",
    [3] = "a breakpoint",           [4] = "a misaligned load",       [5] = "a load from no memory",
    [6] = "a misaligned store",     [7] = "a store to no memory",    [8] = "an ecall that is no call",
    [12] = "a page fault on a jump", [13] = "a page fault on a load", [15] = "a page fault on a store",
};

static const char *const register_names[32] = {
    "pc", "ra", "sp", "gp", "tp",  "t0",  "t1", "t2", "s0", "s1", "a0",  "a1",  "a2", "a3", "a4", "a5",
    "a6", "a7", "s2", "s3", "s4",  "s5",  "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
};

static void report_save_area(const char *name, const volatile word_t *save)
{
    word_t cause = save[SAVE_STOP_CAUSE / sizeof(word_t)];
    word_t address = save[SAVE_STOP_ADDRESS / sizeof(word_t)];
    const volatile word_t *registers = &save[SAVE_F_PC / sizeof(word_t)]; // pc, then x1 to x31
    const char *text = cause < 16 && cause_names[cause] != NULL ? cause_names[cause] : "an unknown exception";

    printf("%s: stopped by %s, cause 0x%" PRIx64, name, text, cause);
    printf(", pc 0x%" PRIx64 ", address 0x%" PRIx64 "\n", registers[0], address);
    for (int i = 1; i < 32; i++)
        printf("%5s 0x%016" PRIx64 "%s", register_names[i], registers[i], i % 4 == 0 || i == 31 ? "\n" : "");
}

void report_fault(const char *name, env_t env)
{
    word_t window = vm_window_open(1);

    if (window == 0 || vm_map(window, env + 1, RIGHT_READ) != ERR_OK)
        printf("%s: it was stopped by a fault, and its save area cannot be looked at.\n", name);
    else
        report_save_area(name, (const volatile word_t *)window);
    if (window != 0)
        vm_window_close(window, 1);
}
