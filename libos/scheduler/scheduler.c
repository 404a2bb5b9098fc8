// SPDX-License-Identifier: BSD-2-Clause
/*
 * The loop of a scheduler environment: look at the board, decide, donate. Between any two steps:
 *   (1) a child's task is BLOCKED, QUEUED or RUNNING as the board said when the child was last looked at
 *   (2) `wake_first` is not later than the deadline of any blocked child
 * What happened since then brings event BOARD and a bit of the board's words, or else the next donation is refused (CHANGED).
 *
 * A policy may not come back. The loop holds no upcalls, so ends of slices arrive while it decides; the third in one decision
 * ends it: the interrupted program goes on in scheduler_run, as if setjmp had returned.
 */
#include <libos/ipc/ipc.h>
#include <libos/scheduler/scheduler.h>
#include <libos/start/internal.h>
#include <libos/sys/clock.h>
#include <libos/vm/frame.h>
#include <libos/vm/vm.h>
#include <setjmp.h>

#define ENDS_MAX 3

static volatile const struct board_entry *board; // mapped
static struct scheduled *children[BOARD_ENTRIES];
static size_t children_left;
static slot_t slots;
static word_t wake_first = SCHED_NEVER; // ticks
static jmp_buf decision;
static bool guarded;                    // `decision` says where to go on
static unsigned ends;                   // of slices, in this decision

uint64_t scheduler_now(void)
{
    return clock_ns(time_now());
}

static struct scheduled *scheduled_of(struct sched_task *task)
{
    return (struct scheduled *)task;
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
    board = (const volatile struct board_entry *)window;
    return NULL;
}

const char *scheduler_begin(const struct sched_ops *ops, uint64_t seed, const struct sched_hooks *hooks, slot_t first_slot)
{
    if (thread_hooks && thread_hooks != &hooks_alone)
        return "a program with threads cannot be a scheduler";
    const char *why = board ? NULL : board_make();
    if (why)
        return why;
    clock_start();
    slots = first_slot;
    upcall_hold();
    thread_hooks = &hooks_alone;
    upcall_release();
    int fault = setjmp(decision);
    guarded = true;
    if (fault)
        sched_abandon((enum sched_fault)fault, scheduler_now());
    else
        sched_begin(ops, 1, seed, hooks);
    guarded = false;
    return NULL;
}

static const char *join(struct scheduled *one, env_t env, word_t index)
{
    if (sys_cap_mint(slots + index - 1, env, RIGHT_YIELD).error != ERR_OK)
        return "no slot is free for a capability to an environment that is to be scheduled";
    if (sys_board_join(env, CAP_NONE, index).error == ERR_OK) {
        one->env = env;
        one->task.id = (uint32_t)index;
        one->task.harts = ~0ul;
        one->deadline = 0;
        if (one->task.weight == 0)
            one->task.weight = 1;
        children[index] = one;
        children_left++;
        return NULL;
    }
    sys_cap_drop(slots + index - 1);
    return "an environment that is to be scheduled is not this program's, or ran already";
}

const char *scheduler_add(struct scheduled *one, env_t env)
{
    word_t index = 1;

    while (index < BOARD_ENTRIES && children[index])
        index++;
    if (index == BOARD_ENTRIES)
        return "a scheduler can have 127 environments";
    const char *why = join(one, env, index);
    if (why)
        return why;
    int fault = setjmp(decision);
    guarded = true;
    if (fault)
        sched_abandon((enum sched_fault)fault, scheduler_now());
    else
        sched_admit(&one->task, scheduler_now());
    guarded = false;
    sys_env_start(env);
    return NULL;
}

// It ended, or is to be forgotten; its task is neither queued nor runs.
static void forget(struct scheduled *one)
{
    word_t index = one->task.id;

    if (children[index] == one) {
        children[index] = NULL;
        children_left--;
        sys_board_leave(one->env);
        sys_cap_drop(slots + index - 1);
    }
}

void scheduler_remove(struct scheduled *one)
{
    while (sys_env_stop(one->env).error == ERR_AGAIN)
        continue;
    while (children[one->task.id] == one && scheduler_run(0)) // it is noticed where it stands
        continue;
}

static void deadline_note(struct scheduled *one, word_t deadline)
{
    one->deadline = deadline;
    if (deadline && deadline < wake_first)
        wake_first = deadline;
}

// What the board says of a child whose task is BLOCKED.
static void child_look(struct scheduled *one, uint64_t now)
{
    enum board_state state = BOARD_STATE(board[one->task.id].word);

    if (one->task.state != SCHED_BLOCKED)
        return; // it is found out when it is dispatched
    if (state == BOARD_READY) {
        sched_wake(&one->task, now);
    } else if (state == BOARD_STOPPED) {
        sched_leave(&one->task, now);
        forget(one);
    } else {
        deadline_note(one, board[one->task.id].deadline);
    }
}

static void bits_look(word_t bits, word_t first, uint64_t now)
{
    for (word_t index = first; bits; index++, bits >>= 1)
        if ((bits & 1) && children[index])
            child_look(children[index], now);
}

static void board_look(void)
{
    uint64_t now = scheduler_now();

    events_take(EVENT_BIT(BOARD));
    bits_look(__atomic_exchange_n((word_t *)(SAVE_ADDRESS + SAVE_BOARD_LOW), 0, __ATOMIC_ACQ_REL), 0, now);
    bits_look(__atomic_exchange_n((word_t *)(SAVE_ADDRESS + SAVE_BOARD_HIGH), 0, __ATOMIC_ACQ_REL), 64, now);
}

// Whose deadline has passed may run, though the board calls it blocked.
static void deadlines_look(word_t time)
{
    uint64_t now = clock_ns(time);

    wake_first = SCHED_NEVER;
    for (word_t index = 1; index < BOARD_ENTRIES; index++) {
        struct scheduled *one = children[index];
        if (!one || one->task.state != SCHED_BLOCKED || one->deadline == 0)
            continue;
        if (one->deadline <= time) {
            one->deadline = 0;
            sched_wake(&one->task, now);
        } else if (one->deadline < wake_first) {
            wake_first = one->deadline;
        }
    }
}

// The running task is not to go on: what for, the board says.
static void stopped_look(struct scheduled *one, enum sched_end end)
{
    word_t word = board[one->task.id].word;

    if (BOARD_STATE(word) == BOARD_STOPPED)
        end = SCHED_END_ENDED;
    else if (BOARD_STATE(word) == BOARD_BLOCKED && end != SCHED_END_YIELDED)
        end = SCHED_END_BLOCKED;
    sched_stop(0, end, scheduler_now());
    if (end == SCHED_END_BLOCKED)
        deadline_note(one, board[one->task.id].deadline); // what it becomes from here on is an event
    else if (end == SCHED_END_ENDED)
        forget(one);
}

// It runs until the end of its turn, or until somebody else wakes.
static void dispatch(struct scheduled *one, word_t turn_end)
{
    word_t word = board[one->task.id].word, until = turn_end < wake_first ? turn_end : wake_first;
    sysret_t answer = sys_slice_donate(slots + one->task.id - 1, until, EVENT_BIT(BOARD), word);

    if (answer.error == ERR_PENDING || (answer.error == ERR_OK && answer.value == DONATE_EVENT))
        return; // the board is looked at, and the child may go on
    if (answer.error == ERR_OK && answer.value == DONATE_USED && time_now() < turn_end)
        return; // somebody else's deadline, or the end of our slice
    if (answer.error == ERR_DEADLINE && time_now() < until)
        sys_slice_yield(); // our own slice is as good as over
    if (answer.error == ERR_DEADLINE && time_now() < turn_end)
        return;
    if (answer.error == ERR_CHANGED && BOARD_STATE(board[one->task.id].word) == BOARD_READY)
        return;
    if (answer.error == ERR_OK && answer.value == DONATE_YIELDED)
        stopped_look(one, SCHED_END_YIELDED);
    else
        stopped_look(one, SCHED_END_EXPIRED);
}

static void idle(word_t until)
{
    until = wake_first < until ? wake_first : until;
    sys_slice_wait(EVENT_BIT(BOARD) | upcall_events(), until == SCHED_NEVER ? 0 : until);
    upcall_events_serve();
}

static word_t ticks_of(uint64_t ns)
{
    return ns == SCHED_NEVER ? SCHED_NEVER : clock_ticks(ns);
}

// One step; false: nobody is left.
static bool step(word_t end)
{
    static word_t turn_end; // ticks
    uint64_t until;

    if (SAVE_WORD(SAVE_PENDING) & EVENT_BIT(BOARD))
        board_look();
    word_t time = time_now();
    if (time >= wake_first)
        deadlines_look(time);
    if (sched_running(0) && sched_look())
        sched_stop(0, SCHED_END_PREEMPTED, scheduler_now());
    if (!sched_running(0)) {
        struct sched_task *task = sched_next(0, scheduler_now(), &until);
        turn_end = ticks_of(until);
        if (!task) {
            if (children_left && end)
                idle(turn_end < end ? turn_end : end);
            return children_left != 0;
        }
    }
    dispatch(scheduled_of(sched_running(0)), turn_end < end || !end ? turn_end : end);
    return true;
}

bool scheduler_run(word_t until)
{
    int fault = setjmp(decision);

    guarded = true;
    if (fault)
        sched_abandon((enum sched_fault)fault, scheduler_now());
    while (step(until) && time_now() < until)
        continue;
    guarded = false;
    return children_left != 0;
}
