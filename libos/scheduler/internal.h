// SPDX-License-Identifier: BSD-2-Clause
/*
 * Between the files of this room:
 *
 *     scheduler.c   begins, adds, removes; policies that do not come back
 *     loop.c        whom each hart runs now
 *     look.c        what the board says of children, told to the driver; how donations ended
 *     hart.c        the other harts: a dispatcher on each, which does what it is told
 *     ask.c         what children ask their scheduler: locks, barriers, jobs
 *     worker.c      children in the program's own space
 *
 * Only the scheduler calls the driver, so nothing of it is locked. A policy may be left in each such call, and then
 * what was to be done behind it is not: what must not be lost is written down before. scheduler_left() has all children
 * looked at anew.
 */
#ifndef LIBOS_SCHEDULER_INTERNAL_H
#define LIBOS_SCHEDULER_INTERNAL_H

#include <libos/ipc/ipc.h>
#include <libos/scheduler/scheduler.h>
#include <libos/sys/clock.h>

#define EVENT_REPORT (1ul << 60) // of the scheduler: a dispatcher has done what it was told
#define EVENT_ORDER  (1ul << 60) // of a dispatcher: there is something to do, or it is to come back

// A hart, by the driver's number; 0 is the scheduler's own.
struct scheduler_hart {
    word_t turn_end; // of what runs there, ticks
    word_t ask;      // when to decide for it, if nothing runs there: SCHED_NEVER, unless it is told to look
    bool recalled;   // what runs there is to make room
};

extern struct scheduler_room {
    volatile const struct board_entry *board; // mapped
    struct scheduled *children[BOARD_ENTRIES];
    size_t children_left;
    env_t env;         // this program
    slot_t notify;     // capabilities to dispatchers, from hart 1 on
    slot_t slots;      // children's, by their indices, from 1 on
    uint32_t harts;
    word_t wake_first; // no blocked child's deadline is before, ticks
    uint64_t look;     // harts that are to decide anew
    struct scheduler_hart hart[HARTS_MAX];
} scheduler;

static inline struct scheduled *scheduled_of(struct sched_task *task)
{
    return (struct scheduled *)task;
}

static inline slot_t slot_of(const struct scheduled *one)
{
    return scheduler.slots + one->task.id - 1;
}

static inline word_t board_word(const struct scheduled *one)
{
    return scheduler.board[one->task.id].word;
}

// loop.c. One step; false: nobody is left.
bool step(word_t end);

// look.c
void board_look(void);            // children whose bits are set
void deadlines_look(word_t time); // those whose deadline has passed
// What ran on that hart does not any more, for this reason.
void donation_look(uint32_t hart, struct scheduled *one, sysret_t answer);
void scheduler_left(void);        // the policy was left somewhere: all children are looked at

// hart.c: the harts from 1 on.
const char *harts_begin(uint32_t harts); // NULL or a sentence
void harts_end(void);
bool harts_grant(const struct scheduled *one); // dispatchers may run it
void harts_forget(const struct scheduled *one);
bool hart_is_busy(uint32_t hart); // its dispatcher has an order, and its report was not looked at
void hart_order(uint32_t hart, struct scheduled *one);
void hart_recall(uint32_t hart);  // what runs there is to stop
void reports_look(void);

// ask.c. False: the child, which ran on that hart, has to wait, and is stopped.
bool ask_serve(struct scheduled *one, uint32_t hart);
void ask_woken(void);                        // wakes those who need not wait any more
void ask_forget(struct scheduled *one);      // it ended: it waits for nobody

#endif
