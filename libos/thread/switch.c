// SPDX-License-Identifier: BSD-2-Clause
/*
 * Which thread runs. Threads that may run are in the hands of a policy alone, which the driver (sched/driver.h) leads; who
 * waits stands in the lists of wait.c and lock.c. Invariants, while upcalls are not held:
 *   (1) the driver's running task is the thread that runs, and UPCALL_I_FRAME its frame; the list `waking` is empty
 *   (2) an alarm is set for the first time at which somebody must be woken or the turn be ended, or for an earlier one
 *
 * Whatever may change who runs is served, and then settled: who is to wake wakes, and who runs is found out.
 */
#include <libos/sched/driver_state.h>
#include <libos/thread/internal.h>

enum { START_BEGIN, START_ADMIT, START_DONE };

struct thread first_thread = {.frame = &main_frame};
static struct thread *current; // whose floating-point state is in the unit, if that is used
static struct thread *waking, **waking_end = &waking;
static int start_step = START_DONE;
static word_t alarm_at = SCHED_NEVER;
bool thread_started;

static const struct sched_ops *policy = &sched_round_robin;
static uint64_t policy_seed;
static struct sched_hooks policy_hooks;

struct trap_frame *thread_serve_settle(void (*serve)(word_t argument), word_t argument); // switch.S calls it

uint64_t thread_now(void)
{
    if (!clock_factor)
        clock_start();
    return clock_ns(time_now());
}

word_t thread_ticks(uint64_t ns)
{
    if (!clock_factor)
        clock_start();
    return clock_ticks(ns);
}

static inline uint64_t now_ns(void)
{
    return clock_ns(time_now());
}

struct thread *thread_self(void)
{
    struct sched_task *task = sched_running(0);
    return task ? thread_of(task) : &first_thread;
}

void thread_policy(const struct sched_ops *ops)
{
    thread_policy_watched(ops, 0, NULL);
}

void thread_policy_watched(const struct sched_ops *ops, uint64_t seed, const struct sched_hooks *hooks)
{
    policy = ops;
    policy_seed = seed;
    policy_hooks = hooks ? *hooks : (struct sched_hooks){0};
}

void thread_wake_later(struct thread *thread)
{
    thread->next = NULL;
    *waking_end = thread;
    waking_end = &thread->next;
}

static void waking_wake(void)
{
    struct thread *thread;

    while ((thread = waking)) {
        waking = thread->next;
        if (!waking)
            waking_end = &waking;
        sched_wake(&thread->task, now_ns());
    }
}

void thread_stop(enum sched_end end)
{
    struct thread *thread = thread_self();

    sched_stop(0, end, now_ns());
    if (thread->has_job) {
        thread->has_job = false;
        sched_job(&thread->task, thread->job_due, thread->job_remaining, now_ns());
    }
}

// From here on a policy that does not come back is noticed, by i_entry.
static void decision_begin(void)
{
    SAVE_WORD(UPCALL_HOLD) = 1 + HOLD_DECIDING;
    SAVE_WORD(SAVE_I_HANDLER) = (word_t)i_entry;
}

static void decision_end(void)
{
    SAVE_WORD(UPCALL_HOLD) = 1;
    SAVE_WORD(SAVE_I_HANDLER) = 0;
}

// Nobody can run: give the hart up until somebody can.
static void idle(uint64_t until)
{
    word_t end = until == SCHED_NEVER ? SCHED_NEVER : thread_ticks(until), first = sleepers_until();

    decision_end();
    end = first < end ? first : end;
    sys_slice_wait(sleepers_events() | upcall_events(), end == SCHED_NEVER ? 0 : end);
    upcall_events_serve();
    decision_begin();
    sleepers_wake(time_now());
}

// Invariant (2). One that comes too early does no harm. Under a plain policy a turn needs no end while nobody waits for it.
static void alarm_choose(void)
{
    word_t wanted = sleepers_until();
    uint64_t until = sched_until(0);

    if (until != SCHED_NEVER && (sched_queued() || sched_driver.attention & SCHED_ATTENTION_POLICY)) {
        word_t end = thread_ticks(until);
        wanted = end < wanted ? end : wanted;
    }
    if (wanted < alarm_at) {
        alarm_at = wanted;
        sys_slice_alarm(wanted);
    }
}

static struct trap_frame *go_on(struct thread *thread)
{
    if (upcall_float_used && thread != current) {
        float_save(current->floats);
        float_restore(thread->floats);
    }
    current = thread;
    frame_touch(thread->frame);
    return thread->frame;
}

// A policy that is left in one of the steps leaves the others to be done.
static void start_continue(void)
{
    while (start_step != START_DONE) {
        int step = start_step++;
        if (step == START_BEGIN) {
            sched_begin(policy, 1, policy_seed, &policy_hooks);
        } else {
            thread_wake_later(&first_thread);
            sched_admit(&first_thread.task, now_ns());
        }
    }
}

static struct trap_frame *settle(void)
{
    uint64_t until;

    start_continue();
    for (;;) {
        waking_wake();
        bool wanted = sched_look() & 1, running = sched_running(0) != NULL;
        if (running && !wanted)
            break;
        if (running)
            thread_stop(SCHED_END_PREEMPTED);
        if (!sched_next(0, now_ns(), &until))
            idle(until);
    }
    alarm_choose();
    return go_on(thread_self());
}

struct trap_frame *thread_serve_settle(void (*serve)(word_t argument), word_t argument)
{
    if (serve)
        serve(argument);
    return settle();
}

struct trap_frame *thread_yield_rest(struct sched_task *picked)
{
    sched_yield_rest(picked, now_ns());
    return settle();
}

struct trap_frame *thread_yield_served(void)
{
    if (!thread_started)
        return first_thread.frame;
    thread_stop(SCHED_END_YIELDED);
    return settle();
}

// An upcall came: an end of slice, an alarm, or something that a thread waits for.
static struct trap_frame *interrupted(struct trap_frame *frame, word_t events)
{
    uint64_t from = now_ns();

    frame->cause = 1; // all registers are in it
    SAVE_WORD(UPCALL_ENDS) = 0;
    decision_begin();
    if (events & EVENT_BIT(ALARM))
        alarm_at = SCHED_NEVER;
    // With SWITCHED the kernel gave the hart to others meanwhile, and this is the next slice already.
    if ((events & (EVENT_BIT(SLICE_END) | EVENT_BIT(SWITCHED))) == EVENT_BIT(SLICE_END)) {
        sys_slice_yield();
        sched_away(0, from, now_ns());
    }
    sleepers_wake(time_now());
    if (now_ns() >= sched_until(0))
        thread_stop(SCHED_END_EXPIRED);
    frame = settle();
    decision_end();
    SAVE_WORD(UPCALL_I_FRAME) = (word_t)frame;
    return frame;
}

// From upcall.S, on the interrupt stack, with upcalls held once: the policy was left where it was.
static _Noreturn void abandoned(word_t faulted)
{
    SAVE_WORD(UPCALL_ENDS) = 0;
    decision_begin();
    sched_abandon(faulted ? SCHED_FAULT_CRASH : SCHED_FAULT_LOOP, now_ns());
    struct trap_frame *frame = settle();
    decision_end();
    SAVE_WORD(UPCALL_I_FRAME) = (word_t)frame;
    upcall_resume(frame);
}

void thread_change(void (*serve)(word_t argument), word_t argument)
{
    if (SAVE_WORD(UPCALL_HOLD) == 1 && thread_started) {
        thread_serve(serve, argument);
        return;
    }
    if (serve)
        serve(argument);
    if (thread_started) // as an alarm would
        __atomic_fetch_or((word_t *)(SAVE_ADDRESS + SAVE_PENDING), EVENT_BIT(ALARM), __ATOMIC_RELAXED);
    upcall_release();
}

static void unusual(void)
{
    current = thread_self();
    alarm_at = SCHED_NEVER; // of a duplicate
    sched_attention();
}

void thread_start(void)
{
    static const struct thread_hooks hooks = {
        .interrupt = interrupted, .wait = sleep_hook, .abandoned = abandoned, .unusual = unusual};

    if (thread_started)
        return;
    thread_started = true;
    clock_start();
    first_thread.task.id = THREAD_FIRST;
    first_thread.task.weight = 1;
    first_thread.task.harts = 1;
    current = &first_thread;
    thread_hooks = &hooks;
    upcall_events_choose();
    start_step = START_BEGIN;
    thread_serve(NULL, 0); // takes our hold off
    upcall_hold();
    if (upcall_float_used)
        sched_attention();
}
