// SPDX-License-Identifier: BSD-2-Clause
/*
 * How Linux's figures are taken: rdinstret counts instructions in every mode, as it does under Rivet. What is printed is
 * kept until the end (a serial line costs a lot), as rows `name<TAB>instructions`.
 *
 * An operation is a function that does it `count` times and returns the instructions spent. It is called BATCHES times and the
 * median of the batches counts: a tick of Linux's clock falls into some of them, and what is warmed up is in the first.
 */
#ifndef BENCH_LINUX_MEASURE_H
#define BENCH_LINUX_MEASURE_H

#include "linux.h"

#define BATCHES 9

static inline uint64_t instret(void)
{
    uint64_t count;
    __asm__ volatile("rdinstret %0" : "=r"(count) : : "memory");
    return count;
}

// Instructions from one to the other end of an expression, less the reading itself.
#define SPENT(expression) ({ uint64_t begin_ = instret(); expression; instret() - begin_ - 1; })

typedef uint64_t (*operation_t)(uint64_t count);

void row(const char *name, uint64_t value);
uint64_t measure(operation_t operation, uint64_t count);
void row_measure(const char *name, operation_t operation, uint64_t count);
uint64_t median(uint64_t *values, size_t count); // sorts them

// The answer, or the end of it all with a sentence when it is an error.
long must(long answer, const char *what);

// Lets this program read the counter of instructions, which Linux otherwise does not.
void instret_open(void);
void begun_say(void);
_Noreturn void bench_end(void);

// So much memory of a kind (MAP_PRIVATE or MAP_SHARED) that nobody touched; and its end.
void *memory_map(size_t bytes, long kind);
void memory_unmap(void *memory, size_t bytes);

// 0 in a new process, its number in this one; and its end.
long process_fork(void);
void process_end(long process);
_Noreturn void process_exit(void);

void signal_handle(int number, handler_t handler);
void scheduler_set(long policy, int priority);

// Each prints its rows.
void bench_traps(void);
void bench_memory(void);
void bench_faults(void);
void bench_ipc(void);
void bench_time(void);
void bench_processes(void);
void bench_work(void);

#endif
