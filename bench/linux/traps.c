// SPDX-License-Identifier: BSD-2-Clause
/*
 * null_call           a system call that does not exist; only what the kernel executes
 * getpid              the same for a call that does
 * exception           from a breakpoint to its handler of signals
 * exception_fault     from a store to a write-protected page to the handler; trap: and back behind it
 * exception_illegal   from an illegal instruction to the handler
 */
#include "measure.h"

#define COUNT 100

uint64_t stretch_call(long number);
uint64_t stretch_call_none(long number);
uint64_t stretch_break(uint64_t *back);
uint64_t stretch_illegal(uint64_t *back);
uint64_t stretch_store(uint64_t *back, char *address);
void handler_skip(int number, const uint64_t *information, void *context);

static char *page; // write-protected

static uint64_t calls(long number, uint64_t count)
{
    uint64_t spent = 0;
    for (uint64_t i = 0; i < count; i++)
        spent += stretch_call(number) - stretch_call_none(number);
    return spent;
}

static uint64_t null_call(uint64_t count) { return calls(LINUX_NONE, count); }
static uint64_t getpid(uint64_t count) { return calls(LINUX_GETPID, count); }

// To the handler, or to behind what trapped; less the reading of the counter.
#define TRAPS(name, stretch, value, ...)                     \
    static uint64_t name(uint64_t count)                     \
    {                                                        \
        uint64_t spent = 0, back, there;                     \
        for (uint64_t i = 0; i < count; i++) {               \
            there = stretch(&back, ##__VA_ARGS__);           \
            (void)there;                                     \
            spent += value - 1;                              \
        }                                                    \
        return spent;                                        \
    }
TRAPS(exception, stretch_break, there)
TRAPS(exception_illegal, stretch_illegal, there)
TRAPS(exception_fault, stretch_store, there, page)
TRAPS(trap, stretch_store, back, page)

void bench_traps(void)
{
    row_measure("null_call", null_call, COUNT);
    row_measure("getpid", getpid, COUNT);

    signal_handle(SIGNAL_TRAP, handler_skip);
    signal_handle(SIGNAL_ILL, handler_skip);
    signal_handle(SIGNAL_SEGV, handler_skip);
    page = memory_map(PAGE_SIZE, MAP_PRIVATE);
    *page = 1;
    must(linux_call(MPROTECT, page, PAGE_SIZE, PROT_READ), "protecting a page");
    row_measure("exception", exception, COUNT);
    row_measure("exception_illegal", exception_illegal, COUNT);
    row_measure("exception_fault", exception_fault, COUNT);
    row_measure("trap", trap, COUNT);
    memory_unmap(page, PAGE_SIZE);
}
