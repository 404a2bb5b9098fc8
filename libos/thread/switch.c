// SPDX-License-Identifier: BSD-2-Clause
/*
 * Which thread runs. This file knows who waits; threads that may run are in the hands of a policy alone, which the
 * driver (sched/driver.h) leads.
 *
 * A switch always happens on the interrupt stack with upcalls held and the running thread's registers in
 * its frame: that is how an end of slice arrives here, and upcall_enter brings a thread that gives way
 * by itself into the same state. Invariants, while upcalls are not held:
 *   (1) `running` is RUNNABLE and the driver's running task; every other RUNNABLE thread is queued
 *   (2) the list `waiting` holds exactly the threads that are WAITING
 *   (3) UPCALL_I_FRAME is running->frame
 */
#include <libos/ipc/ipc.h>
#include <libos/thread/internal.h>

static struct thread first_thread = {.frame = &main_frame, .state = THREAD_RUNNABLE};
static struct thread *running = &first_thread;
static struct thread *waiting;
static const struct sched_ops *policy = &sched_round_robin;
static word_t ns_factor; // nanoseconds of a tick, << 48

struct thread *thread_running(void)
{
    return running;
}

void thread_policy(const struct sched_ops *ops)
{
    policy = ops;
}

// Nanoseconds since the machine was reset.
static uint64_t ns_now(void)
{
    return (uint64_t)(((unsigned __int128)(time_now() << 16) * ns_factor) >> 64);
}

// The least number that no thread has.
static bool thread_number(struct thread *thread)
{
    thread->task.id = 0;
    while (thread->task.id < SCHED_TASKS_MAX && sched_find(thread->task.id))
        thread->task.id++;
    return thread->task.id < SCHED_TASKS_MAX;
}

bool thread_admit(struct thread *thread)
{
    uint64_t now = ns_now();

    if (!thread_number(thread) || !sched_admit(&thread->task, now))
        return false;
    sched_wake(&thread->task, now);
    return true;
}

void thread_wake(struct thread *thread)
{
    thread->state = THREAD_RUNNABLE;
    sched_wake(&thread->task, ns_now());
}

// Threads whose time or event has come go to the policy.
static void waiting_wake(void)
{
    word_t now = time_now(), pending = SAVE_WORD(SAVE_PENDING);

    for (struct thread **place = &waiting; *place;) {
        struct thread *thread = *place;
        bool late = thread->wait_until && thread->wait_until <= now;
        if (late || (thread->wait_events & pending)) {
            *place = thread->next;
            thread_wake(thread);
        } else {
            place = &thread->next;
        }
    }
}

// Nobody can run: give the hart up until somebody can.
static void waiting_sleep(void)
{
    word_t events = 0, until = 0;

    for (const struct thread *thread = waiting; thread; thread = thread->next) {
        events |= thread->wait_events;
        if (thread->wait_until && (!until || thread->wait_until < until))
            until = thread->wait_until;
    }
    sys_slice_wait(events | upcall_events(), until);
    upcall_events_serve();
}

static struct thread *next_pick(void)
{
    uint64_t until;

    for (;;) {
        waiting_wake();
        struct sched_task *task = sched_next(0, ns_now(), &until);
        if (task)
            return (struct thread *)task;
        waiting_sleep();
    }
}

static void turn_end(enum sched_end end)
{
    if (running->state == THREAD_ENDED)
        end = SCHED_END_ENDED;
    else if (running->state != THREAD_RUNNABLE)
        end = SCHED_END_BLOCKED;
    sched_stop(0, end, ns_now());
}

static struct trap_frame *turn_begin(void)
{
    struct thread *next = next_pick();

    if (upcall_float_used && next != running) {
        float_save(running->floats);
        float_restore(next->floats);
    }
    running = next;
    SAVE_WORD(UPCALL_I_FRAME) = (word_t)running->frame;
    frame_touch(running->frame);
    return running->frame;
}

static struct trap_frame *switch_by_itself(struct trap_frame *frame)
{
    (void)frame;
    turn_end(SCHED_END_YIELDED);
    return turn_begin();
}

// The turn ends with the slice also when this came too late to give the rest of it up: or else, where that
// is the rule, nobody but the running thread would ever run.
static struct trap_frame *switch_at_slice_end(struct trap_frame *frame, bool give_up)
{
    (void)frame;
    turn_end(SCHED_END_EXPIRED);
    if (give_up)
        sys_slice_yield();
    return turn_begin();
}

void thread_block(enum thread_state state)
{
    running->state = state;
    upcall_enter(switch_by_itself);
}

static void wait_until(word_t events, word_t deadline)
{
    running->wait_events = events;
    running->wait_until = deadline;
    running->next = waiting;
    waiting = running;
    thread_block(THREAD_WAITING);
}

// For events_wait. A program that holds upcalls cannot switch.
static bool wait_hook(word_t events, word_t deadline)
{
    upcall_hold();
    bool alone = SAVE_WORD(UPCALL_HOLD) != 1;
    if (alone)
        upcall_release();
    else
        wait_until(events, deadline);
    return !alone;
}

void thread_yield(void)
{
    upcall_hold();
    thread_block(THREAD_RUNNABLE);
}

void thread_sleep_until(word_t time)
{
    upcall_hold();
    wait_until(0, time);
}

void thread_switching_start(void)
{
    static const struct thread_hooks hooks = {.slice_end = switch_at_slice_end, .wait = wait_hook};

    if (thread_hooks)
        return;
    uint64_t until;
    ns_factor = (word_t)(((unsigned __int128)1000000000 << 48) / machine()->timebase_hz);
    sched_begin(policy, 1, 0, NULL);
    first_thread.task.weight = 1;
    first_thread.task.harts = 1;
    thread_admit(&first_thread);
    sched_next(0, ns_now(), &until);
    thread_hooks = &hooks;
}
