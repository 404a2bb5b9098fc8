// SPDX-License-Identifier: BSD-2-Clause
/*
 * A scheduler environment from its beginning to its end. What it does in between is in loop.c.
 *
 * A policy may not come back. Nothing here holds upcalls, so ends of slices arrive while it decides; the third in one
 * decision ends it: the interrupted program goes on in guard() or scheduler_run(), as if setjmp had returned.
 */
#include <libos/scheduler/internal.h>
#include <libos/start/internal.h>
#include <libos/vm/frame.h>
#include <libos/vm/vm.h>
#include <setjmp.h>

#define ENDS_MAX 3

struct scheduler_room scheduler = {.harts = 1, .wake_first = SCHED_NEVER};
static jmp_buf decision;
static bool guarded;  // `decision` says where to go on
static unsigned ends; // of slices, in this decision

uint64_t scheduler_now(void)
{
    return clock_ns(time_now());
}

// From the upcall of an interrupt or exception, when the frame is what a decision was interrupted with: it is left.
static void leave_decision(struct trap_frame *frame, int why)
{
    ends = 0;
    guarded = false;
    frame->FRAME_PC = (word_t)longjmp;
    frame->FRAME_A0 = (word_t)decision;
    frame->x[11] = (word_t)why;
}

static struct trap_frame *interrupted(struct trap_frame *frame, word_t events)
{
    if (events & EVENT_BIT(SLICE_END)) {
        if (!(events & EVENT_BIT(SWITCHED)))
            sys_slice_yield();
        ends = sched_deciding() ? ends + 1 : 0;
        if (guarded && ends >= ENDS_MAX)
            leave_decision(frame, SCHED_FAULT_LOOP);
    }
    return frame;
}

static bool crashed(struct trap_frame *frame)
{
    if (!guarded || !sched_deciding())
        return false;
    leave_decision(frame, SCHED_FAULT_CRASH);
    return true;
}

static bool wait_alone(word_t events, word_t deadline)
{
    (void)events, (void)deadline;
    return false;
}

static void nothing(void)
{
}

static const struct thread_hooks hooks_alone = {
    .interrupt = interrupted, .wait = wait_alone, .crashed = crashed, .unusual = nothing};

static const char *board_make(void)
{
    word_t window = vm_window_open(1);
    page_t page = frame_find(1);
    long error = ERR_NOENT;

    upcall_hold();
    while (page != FRAME_NONE && (error = sys_board_bind(page).error) == ERR_AGAIN)
        continue;
    upcall_release();
    if (window == 0 || error != ERR_OK || vm_bind(0, window, page, 1, RIGHT_READ) != ERR_OK)
        return "no frame is left for a board";
    scheduler.board = (const volatile struct board_entry *)window;
    return NULL;
}

// What was decided is left, and done without the policy from here on.
static void left(int fault)
{
    sched_abandon((enum sched_fault)fault, scheduler_now());
    scheduler_left();
}

// A call of the driver outside the loop, in which the policy may be left.
static void guard(void (*call)(void *argument), void *argument)
{
    int fault = setjmp(decision);

    guarded = true;
    if (fault)
        left(fault);
    else
        call(argument);
    guarded = false;
}

struct beginning {
    const struct sched_ops *ops;
    uint64_t seed;
    const struct sched_hooks *hooks;
};

static void begin_call(void *argument)
{
    const struct beginning *with = argument;

    sched_begin(with->ops, scheduler.harts, with->seed, with->hooks);
}

// Upcalls come to us, and nobody else.
static const char *room_begin(slot_t first_slot, uint32_t harts)
{
    if (thread_hooks && thread_hooks != &hooks_alone)
        return "a program with threads cannot be a scheduler";
    if (harts == 0 || harts > scheduler_harts())
        return "a scheduler can have as many harts as its program has slices on, and not more";
    const char *why = scheduler.board ? NULL : board_make();
    if (why)
        return why;
    clock_start();
    harts_end(); // of who was scheduled before
    scheduler.notify = first_slot;
    scheduler.slots = first_slot + harts - 1;
    scheduler.look = 0;
    for (uint32_t hart = 0; hart < harts; hart++)
        scheduler.hart[hart] = (struct scheduler_hart){0};
    upcall_hold();
    thread_hooks = &hooks_alone;
    upcall_release();
    return harts_begin(harts);
}

const char *scheduler_begin_on(uint32_t harts, const struct sched_ops *ops, uint64_t seed, const struct sched_hooks *hooks,
                               slot_t first_slot)
{
    struct beginning with = {ops, seed, hooks};
    const char *why = room_begin(first_slot, harts);

    if (!why)
        guard(begin_call, &with);
    return why;
}

const char *scheduler_begin(const struct sched_ops *ops, uint64_t seed, const struct sched_hooks *hooks, slot_t first_slot)
{
    return scheduler_begin_on(1, ops, seed, hooks, first_slot);
}

void scheduler_end(void)
{
    harts_end();
}

// It is a child from here on, which the driver does not know yet.
static void child_note(struct scheduled *one, env_t env, uint32_t index)
{
    one->env = env;
    one->task.id = index;
    one->task.harts = one->task.harts ? one->task.harts : ~0ul;
    one->task.weight = one->task.weight ? one->task.weight : 1;
    one->deadline = 0;
    one->want = 0;
    one->parked = false;
}

static const char *join(struct scheduled *one)
{
    if (sys_cap_mint(slot_of(one), one->env, RIGHT_YIELD).error != ERR_OK)
        return "no slot is free for a capability to an environment that is to be scheduled";
    if (sys_board_join(one->env, CAP_NONE, one->task.id).error != ERR_OK) {
        sys_cap_drop(slot_of(one));
        return "an environment that is to be scheduled is not this program's, or ran already";
    }
    if (!harts_grant(one)) {
        sys_board_leave(one->env);
        sys_cap_drop(slot_of(one));
        harts_forget(one);
        return "the scheduler's other harts could not be given a capability to an environment that is to be scheduled";
    }
    scheduler.children[one->task.id] = one;
    scheduler.children_left++;
    return NULL;
}

static void admit_call(void *one)
{
    sched_admit(&((struct scheduled *)one)->task, scheduler_now());
}

const char *scheduler_add(struct scheduled *one, env_t env)
{
    uint32_t index = 1;

    while (index < BOARD_ENTRIES && scheduler.children[index])
        index++;
    if (index == BOARD_ENTRIES)
        return "a scheduler can have 127 environments";
    child_note(one, env, index);
    const char *why = join(one);
    if (why)
        return why;
    guard(admit_call, one);
    sys_env_start(env);
    return NULL;
}

void scheduler_remove(struct scheduled *one)
{
    while (sys_env_stop(one->env).error == ERR_AGAIN)
        continue;
    while (scheduler.children[one->task.id] == one && scheduler_run(0)) // it is noticed where it stands
        continue;
}

bool scheduler_run(word_t until)
{
    int fault = setjmp(decision);

    guarded = true;
    if (fault)
        left(fault);
    while (step(until) && time_now() < until)
        continue;
    guarded = false;
    return scheduler.children_left != 0;
}
