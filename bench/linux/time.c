// SPDX-License-Identifier: BSD-2-Clause
/*
 * yield_to         sched_yield from one process to another, one way; they are SCHED_FIFO, which costs less than SCHED_OTHER
 * thread_switch    the same between two threads of one process
 * thread_preempt   a tick after which the other of two threads goes on, as SCHED_RR
 * alarm            from where a timer interrupts the program to its handler of signals
 */
#include "measure.h"

#define COUNT      100
#define GAPS       15
#define STACK_SIZE 16384
#define ALARM_NS   500000
#define THREAD     (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)
#define RR_SLICE   "/proc/sys/kernel/sched_rr_timeslice_ms"

uint64_t stretch_alarm(void);
void handler_alarm(int number, const uint64_t *information, void *context);

static char stack[STACK_SIZE] __attribute__((aligned(16)));
static volatile int over, ended;
static int timer;
static volatile uint64_t look; // when somebody looked at the counter last, << 1 | who
static volatile uint64_t gaps, gap[GAPS];

// There and back is two switches.
static uint64_t yields(uint64_t count)
{
    return SPENT(for (uint64_t i = 0; i < count; i++)
        linux_call(SCHED_YIELD)) / 2;
}

static void yield_processes(void)
{
    long partner = process_fork();
    while (partner == 0)
        linux_call(SCHED_YIELD);
    row_measure("yield_to", yields, COUNT);
    process_end(partner);
}

static void thread_start(void (*entry)(void *))
{
    over = 0, ended = 1;
    must(task_clone(THREAD | CLONE_CHILD_CLEARTID, stack + STACK_SIZE, entry, NULL, (int *)&ended), "a thread");
}

static void thread_end(void)
{
    over = 1;
    while (ended)
        linux_call(FUTEX, &ended, FUTEX_WAIT, 1);
}

static void yield_on(void *nothing)
{
    (void)nothing;
    while (!over)
        linux_call(SCHED_YIELD);
}

static void yield_threads(void)
{
    thread_start(yield_on);
    row_measure("thread_switch", yields, COUNT);
    thread_end();
}

static uint64_t alarm(uint64_t count)
{
    static const struct timespec once[2] = {{0, 0}, {0, ALARM_NS}};
    uint64_t spent = 0;
    for (uint64_t i = 0; i < count; i++) {
        must(linux_call(TIMER_SETTIME, timer, 0, once), "setting a timer");
        spent += stretch_alarm() - 1;
    }
    return spent;
}

// Looks at the counter all the time; if another looked at it last, a switch lies between.
static void look_on(void *who)
{
    while (gaps < GAPS) {
        uint64_t now = instret(), last = look;
        if ((last & 1) != (uint64_t)who && last)
            gap[gaps++] = (now - (last >> 1)) & ~0ul >> 1; // Linux lets the counter begin anywhere
        look = instret() << 1 | (uint64_t)who;
    }
}

static void preempt_threads(void)
{
    gaps = 0;
    thread_start(look_on);
    look = instret() << 1 | 1;
    look_on((void *)1);
    thread_end();
    row("thread_preempt", median((uint64_t *)gap, GAPS));
}

// Each turn as short as a tick.
static void rr_shorten(void)
{
    long file = must(linux_call(OPENAT, AT_FDCWD, RR_SLICE, O_WRONLY), "opening " RR_SLICE);
    must(linux_call(WRITE, file, "4", 1), "writing " RR_SLICE);
    linux_call(CLOSE, file);
}

void bench_time(void)
{
    scheduler_set(SCHED_FIFO, 1);
    yield_processes();
    yield_threads();
    rr_shorten();
    scheduler_set(SCHED_RR, 1);
    preempt_threads();
    scheduler_set(SCHED_OTHER, 0);
    signal_handle(SIGNAL_ALARM, handler_alarm);
    must(linux_call(TIMER_CREATE, CLOCK_MONOTONIC, 0, &timer), "a timer");
    row_measure("alarm", alarm, 5);
}
