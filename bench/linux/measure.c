// SPDX-License-Identifier: BSD-2-Clause
// How Linux's figures are taken; see measure.h. And what the compiler expects of a C library.

#include "measure.h"

#define TEXT_SIZE     16384
#define CONSOLE       1
#define PERF_HARDWARE 0
#define PERF_INSTRUCTIONS 1

static char text[TEXT_SIZE];
static size_t used;

void *memset(void *memory, int byte, size_t count)
{
    for (size_t i = 0; i < count; i++)
        ((volatile char *)memory)[i] = (char)byte;
    return memory;
}

void *memcpy(void *to, const void *from, size_t count)
{
    for (size_t i = 0; i < count; i++)
        ((volatile char *)to)[i] = ((const char *)from)[i];
    return to;
}

static void text_add(const char *more)
{
    while (*more && used < TEXT_SIZE)
        text[used++] = *more++;
}

static void number_add(uint64_t value)
{
    char digits[21], *first = &digits[20];
    *first = 0;
    do
        *--first = (char)('0' + value % 10);
    while (value /= 10);
    text_add(first);
}

void row(const char *name, uint64_t value)
{
    text_add(name);
    text_add("\t");
    number_add(value);
    text_add("\n");
}

uint64_t median(uint64_t *values, size_t count)
{
    for (size_t i = 1; i < count; i++)
        for (size_t j = i; j > 0 && values[j] < values[j - 1]; j--) {
            uint64_t value = values[j];
            values[j] = values[j - 1];
            values[j - 1] = value;
        }
    return values[count / 2];
}

uint64_t measure(operation_t operation, uint64_t count)
{
    uint64_t batches[BATCHES];
    for (int i = 0; i < BATCHES; i++)
        batches[i] = operation(count) / count;
    return median(batches, BATCHES);
}

void row_measure(const char *name, operation_t operation, uint64_t count)
{
    row(name, measure(operation, count));
}

void begun_say(void)
{
    linux_call(WRITE, CONSOLE, "begun\n", 6);
}

void bench_end(void)
{
    text_add("end\n");
    for (size_t done = 0; done < used;) {
        long count = linux_call(WRITE, CONSOLE, text + done, used - done);
        if (count <= 0)
            break;
        done += (size_t)count;
    }
    for (;;)
        linux_call(REBOOT, REBOOT_MAGIC, REBOOT_MAGIC2, REBOOT_POWER_OFF);
}

long must(long answer, const char *what)
{
    if (answer >= 0 || answer < -4095)
        return answer;
    text_add("failed\t");
    text_add(what);
    text_add(", error ");
    number_add((uint64_t)-answer);
    text_add("\n");
    bench_end();
}

// A counter of this hart that is mapped is a counter that programs may read.
void instret_open(void)
{
    static struct perf_event event = {.type = PERF_HARDWARE, .size = sizeof(event), .config = PERF_INSTRUCTIONS};
    long counter = must(linux_call(PERF_EVENT_OPEN, &event, -1, 0, -1), "opening the counter of instructions");
    must(linux_call(MMAP, 0, PAGE_SIZE, PROT_READ, MAP_SHARED, counter), "mapping the counter of instructions");
}

void *memory_map(size_t bytes, long kind)
{
    return (void *)must(linux_call(MMAP, 0, bytes, PROT_READ | PROT_WRITE, kind | MAP_ANONYMOUS, -1), "mapping memory");
}

void memory_unmap(void *memory, size_t bytes)
{
    must(linux_call(MUNMAP, memory, bytes), "unmapping memory");
}

long process_fork(void)
{
    return must(linux_call(CLONE, SIGNAL_CHILD), "a process");
}

void process_end(long process)
{
    linux_call(KILL, process, SIGNAL_KILL);
    must(linux_call(WAIT4, process), "waiting for a process");
}

void process_exit(void)
{
    for (;;)
        linux_call(EXIT_GROUP);
}

void signal_handle(int number, handler_t handler)
{
    struct sigaction action = {handler, SA_SIGINFO | SA_NODEFER, 0};
    must(linux_call(RT_SIGACTION, number, &action, 0, sizeof(action.mask)), "a signal's handler");
}

void scheduler_set(long policy, int priority)
{
    must(linux_call(SCHED_SETSCHEDULER, 0, policy, &priority), "a scheduling policy");
}
