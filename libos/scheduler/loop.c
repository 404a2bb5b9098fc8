// SPDX-License-Identifier: BSD-2-Clause
/*
 * The loop: look at what happened, decide for each hart that has nobody to run, donate. The scheduler's own hart is
 * donated last, until the end of the turn there, or until there is something to do for any of them: a deadline, an
 * event.
 *
 * With several harts the scheduler takes its own from who runs there, for the others' sake, too. That time counts as
 * used by it: the driver knows turns, and not what is in them.
 */
#include <libos/scheduler/internal.h>
#include <libos/start/internal.h>

static word_t sooner(word_t one, word_t other)
{
    return one < other ? one : other;
}

static word_t ticks_of(uint64_t ns)
{
    return ns == SCHED_NEVER ? SCHED_NEVER : clock_ticks(ns);
}

// When there is something to do for a hart that nobody runs on, or for a child that waits.
static word_t until_of(word_t until)
{
    until = sooner(until, scheduler.wake_first);
    for (uint32_t hart = 0; hart < scheduler.harts; hart++)
        if (!sched_running(hart))
            until = sooner(until, scheduler.hart[hart].ask);
    return until;
}

// It runs until the end of its turn, or until there is something to do.
static void dispatch(struct scheduled *one, word_t turn_end)
{
    word_t until = until_of(turn_end);
    sysret_t answer = sys_slice_donate(slot_of(one), until, EVENT_BIT(BOARD) | EVENT_REPORT, board_word(one));

    if (answer.error == ERR_DEADLINE && time_now() < until)
        sys_slice_yield(); // our own slice is as good as over
    donation_look(0, one, answer);
}

static void idle(word_t until)
{
    until = until_of(until);
    sys_slice_wait(EVENT_BIT(BOARD) | EVENT_REPORT | upcall_events(), until == SCHED_NEVER ? 0 : until);
    upcall_events_serve();
}

// The hart has to decide anew: what runs there makes room, if it is not on its way already.
static void hart_look(uint32_t hart)
{
    scheduler.hart[hart].ask = 0;
    if (!sched_running(hart))
        return;
    if (hart_is_busy(hart)) {
        scheduler.hart[hart].recalled = true;
        hart_recall(hart);
    } else {
        sched_stop(hart, SCHED_END_PREEMPTED, scheduler_now());
    }
}

static void harts_look(void)
{
    for (scheduler.look |= sched_look(); scheduler.look;) {
        uint32_t hart = (uint32_t)__builtin_ctzl(scheduler.look);
        scheduler.look &= scheduler.look - 1;
        hart_look(hart);
    }
}

static void decide(uint32_t hart)
{
    struct scheduler_hart *here = &scheduler.hart[hart];
    uint64_t until;

    if (!sched_running(hart) && time_now() >= here->ask) {
        word_t *says = sched_next(hart, scheduler_now(), &until) ? &here->turn_end : &here->ask;
        *says = ticks_of(until);
    }
}

// Whom all of them run, until none is to look again.
static void harts_decide(void)
{
    do {
        harts_look();
        for (uint32_t hart = 0; hart < scheduler.harts; hart++) {
            decide(hart);
            if (hart > 0 && sched_running(hart) && !hart_is_busy(hart))
                hart_order(hart, scheduled_of(sched_running(hart)));
        }
        scheduler.look |= sched_look();
    } while (scheduler.look);
}

static void happened_look(void)
{
    word_t events = SAVE_WORD(SAVE_PENDING), time;

    if (events & EVENT_REPORT)
        reports_look();
    if (events & EVENT_BIT(BOARD))
        board_look();
    time = time_now();
    if (time >= scheduler.wake_first)
        deadlines_look(time);
}

bool step(word_t end)
{
    happened_look();
    harts_decide();
    struct sched_task *task = sched_running(0);
    if (task)
        dispatch(scheduled_of(task), end ? sooner(scheduler.hart[0].turn_end, end) : scheduler.hart[0].turn_end);
    else if (scheduler.children_left && end)
        idle(end);
    return scheduler.children_left != 0;
}
