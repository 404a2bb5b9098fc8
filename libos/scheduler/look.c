// SPDX-License-Identifier: BSD-2-Clause
/*
 * What happens to children, told to the driver. Between any two steps of the loop:
 *   (1) a child's task is BLOCKED, QUEUED or RUNNING as the board said when the child was last looked at; but one that
 *       waits for another (`parked`) is BLOCKED
 *   (2) `wake_first` is not later than the deadline of any blocked child
 * What happened since then brings event BOARD and a bit of the board's words, or else the next donation is refused
 * (CHANGED).
 */
#include <libos/scheduler/internal.h>

static void deadline_note(struct scheduled *one, word_t deadline)
{
    one->deadline = deadline;
    if (deadline && deadline < scheduler.wake_first)
        scheduler.wake_first = deadline;
}

// It ended.
static void forget(struct scheduled *one)
{
    word_t index = one->task.id;

    if (scheduler.children[index] != one)
        return;
    ask_forget(one);
    scheduler.children[index] = NULL;
    scheduler.children_left--;
    sys_board_leave(one->env);
    sys_cap_drop(slot_of(one));
    harts_forget(one);
}

// What the board says of a child, if its task is BLOCKED.
static void child_look(struct scheduled *one, uint64_t now)
{
    enum board_state state = BOARD_STATE(board_word(one));

    if (one->task.state != SCHED_BLOCKED)
        return; // it is found out when it is dispatched
    if (state == BOARD_STOPPED) {
        forget(one);
        sched_leave(&one->task, now);
    } else if (one->parked) {
        return;
    } else if (state == BOARD_READY) {
        sched_wake(&one->task, now);
    } else {
        deadline_note(one, scheduler.board[one->task.id].deadline);
    }
}

static void bits_look(word_t bits, word_t first, uint64_t now)
{
    for (word_t index = first; bits; index++, bits >>= 1)
        if ((bits & 1) && scheduler.children[index])
            child_look(scheduler.children[index], now);
}

void board_look(void)
{
    uint64_t now = scheduler_now();

    events_take(EVENT_BIT(BOARD));
    bits_look(__atomic_exchange_n((word_t *)(SAVE_ADDRESS + SAVE_BOARD_LOW), 0, __ATOMIC_ACQ_REL), 0, now);
    bits_look(__atomic_exchange_n((word_t *)(SAVE_ADDRESS + SAVE_BOARD_HIGH), 0, __ATOMIC_ACQ_REL), 64, now);
}

void scheduler_left(void)
{
    __atomic_store_n((word_t *)(SAVE_ADDRESS + SAVE_BOARD_LOW), ~0ul, __ATOMIC_RELAXED);
    __atomic_store_n((word_t *)(SAVE_ADDRESS + SAVE_BOARD_HIGH), ~0ul, __ATOMIC_RELAXED);
    __atomic_fetch_or((word_t *)(SAVE_ADDRESS + SAVE_PENDING), EVENT_BIT(BOARD), __ATOMIC_RELEASE);
    scheduler.wake_first = 0;
    for (uint32_t hart = 0; hart < scheduler.harts; hart++)
        scheduler.hart[hart].ask = 0;
    ask_woken();
}

// Whose deadline has passed may run, though the board calls it blocked.
void deadlines_look(word_t time)
{
    uint64_t now = clock_ns(time);
    word_t first = SCHED_NEVER;

    for (word_t index = 1; index < BOARD_ENTRIES; index++) {
        struct scheduled *one = scheduler.children[index];
        if (!one || one->task.state != SCHED_BLOCKED || one->deadline == 0)
            continue;
        if (one->deadline <= time) {
            one->deadline = 0;
            sched_wake(&one->task, now);
        } else if (one->deadline < first) {
            first = one->deadline;
        }
    }
    scheduler.wake_first = first;
}

// The running task is not to go on: what for, the board says, unless it waited and was woken since.
static void stopped_look(uint32_t hart, struct scheduled *one, enum sched_end end)
{
    enum board_state state = BOARD_STATE(board_word(one));

    if (state == BOARD_STOPPED)
        end = SCHED_END_ENDED;
    else if (state == BOARD_BLOCKED && end != SCHED_END_YIELDED)
        end = SCHED_END_BLOCKED;
    if (end == SCHED_END_ENDED)
        forget(one);
    sched_stop(hart, end, scheduler_now());
    if (end == SCHED_END_BLOCKED)
        child_look(one, scheduler_now());
}

static bool answers(sysret_t answer, enum donate_reason reason)
{
    return answer.error == ERR_OK && answer.value == (word_t)reason;
}

// Whether the child may go on in the same turn.
static bool is_interrupted(uint32_t hart, const struct scheduled *one, sysret_t answer)
{
    if (answer.error == ERR_PENDING || answers(answer, DONATE_EVENT))
        return true; // the board is looked at first
    if (answers(answer, DONATE_USED) || answer.error == ERR_DEADLINE)
        return time_now() < scheduler.hart[hart].turn_end; // somebody else's deadline, or the end of our slice
    return answer.error == ERR_CHANGED && BOARD_STATE(board_word(one)) == BOARD_READY;
}

void donation_look(uint32_t hart, struct scheduled *one, sysret_t answer)
{
    struct scheduler_hart *here = &scheduler.hart[hart];
    bool asked = one->want != 0, yielded = answers(answer, DONATE_YIELDED), recalled = here->recalled;
    enum sched_end end = yielded         ? SCHED_END_YIELDED
                         : recalled      ? SCHED_END_PREEMPTED
                         : answers(answer, DONATE_BLOCKED) ? SCHED_END_BLOCKED : SCHED_END_EXPIRED;

    here->ask = 0;
    here->recalled = false;
    if (asked && !ask_serve(one, hart))
        return;
    bool goes_on = (asked && yielded) || is_interrupted(hart, one, answer);
    if (!goes_on || recalled)
        stopped_look(hart, one, goes_on ? SCHED_END_PREEMPTED : end);
}
