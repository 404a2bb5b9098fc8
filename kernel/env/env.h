// SPDX-License-Identifier: BSD-2-Clause
/*
 * env: processor environments.
 *
 * An environment is three frames that its creator owns: the record (private, this struct at its end), right
 * behind it the save area (public), and a capability page. It is named by the page number of its record.
 *
 *            record frame                    save area frame
 *   |            ... | struct env (512 bytes) | X slot, I slot, pending, ... (abi regs.def)
 *                                           boundary
 *
 * `claim` says who may take the environment, and whoever swaps a non-zero claim for 0 has it alone:
 *   0               taken: it runs, or waits in a call, or may not run at all (state tells which)
 *   CLAIM_STOPPED   off its hart; a hart may take it, when it has something to do
 *   a gate (> 0)    accepting: a hart or a caller may take it; the value is the protected entry's address
 *   CLAIM_AWAY      as CLAIM_STOPPED, but only for slow paths: the hart it ran on last may have forgotten its space
 *   -gate (< -2)    accepting, and callers take the slow path: for that reason, or because it uses floating point or has an alarm
 *
 * Invariants
 *   (1) A frame of kind ENV is followed by its SAVE frame, and its CAPS frame names it.
 *   (2) caller (pct_caller) and callee are each other's inverse: e.callee = f if and only if f's caller is e.
 *   (3) claim is 0 while the environment is some hart's current one.
 *   (4) An environment that runs on hart h, or that a fast path could resume there (env_near), has bit h of its space's
 *       `ran` mask set.
 *   (5) Every environment is on its space's list, and counted there.
 *   (6) No fast path enters an environment that has an alarm: it is `alarmed`, and its gate is a slow one.
 */
#ifndef KERNEL_ENV_H
#define KERNEL_ENV_H

#include "trap/hart.h"
#include <rivet/cap.h>
#include <rivet/env.h>
#include <rivet/layout.h>
#include <rivet/page.h>
#include <rivet/types.h>

#define CLAIM_TAKEN   0l
#define CLAIM_STOPPED (-1l)
#define CLAIM_AWAY    (-2l)

// A gate that is open, whoever may come through it.
static inline bool claim_is_gate(long claim) { return claim > 0 || claim < CLAIM_AWAY; }

struct space;
struct board_entry;

struct env {
    struct space *space;    // assembly knows it, too
    struct env *space_next; // next environment of the space
    word_t wait_events;     // events that end its wait; 0: it does not wait
    word_t wait_deadline;   // absolute time that ends it too, 0: none
    word_t call_deadline;   // absolute time at which its call gives up, 0: none
    word_t argument;        // a0 of its first slice
    word_t exit_status;
    word_t open_from;       // frames may arrive from this environment ...
    word_t open_count;      // ... so many
    word_t destroy_next;    // destruction: next frame to look at
    uint32_t state;         // enum env_state, for what cannot be told from claim and links
    uint32_t slice_harts;   // harts on whose vectors it owns slices
    word_t accept_pc;       // where its pct_accept returns when an event comes
    word_t accept_sp;
    word_t open_epoch;      // of open_from
    word_t accept_events;   // events that end its pct_accept; apart from wait_events, as it may wait while it serves
    word_t vector;          // page of its repossession vector, 0: none
    word_t vector_head;     // losses recorded in it
    word_t lost;            // losses in all
    word_t revoke_page;     // a frame of its own that an abort has begun to take, 0: none
    word_t guaranteed;      // frames it marked as guaranteed ...
    word_t guaranteed_max;  // ... and how many it may
    word_t audit_marks;     // the audit counts here
    word_t caller_behind;   // the caller for whom another stands in (pct.c)
    word_t board_events;    // what ends the wait that its entry shows
    page_t board;           // of its own board, 0: none
    uint32_t children;      // entries in use there ...
    uint32_t board_height;  // ... and how many levels of schedulers there are from it down
    word_t children_used;   // what those without slices had used when a turn of its was last looked at (slice/stall.c)
    uint32_t lost_turns;    // in a row, in which it ran nobody
    uint32_t stand_in_next; // where on its board the next is looked for who has a turn in its place
    word_t spare_[5];

    // From here on assembly knows the offsets: RECORD in regs.def, checked in env.c.
    struct env *scheduler;
    struct board_entry *entry; // its place on its scheduler's board (board.h), NULL: it has no scheduler
    word_t alarm;           // absolute time of its early interrupt, 0: none; whoever swaps it for 0 sets the event
    word_t revoke_by;       // tag of the environment that asks it for resources, 0: none
    word_t revoke_kind;
    word_t revoke_left;     // how many are still wanted
    word_t revoke_deadline;
    word_t tag;             // its name, the epoch it was made in, and bit 63: no later namesake has the same
    union {
        word_t flags; // 0 for an environment that just goes on where it gave up the hart
        struct {
            uint8_t full;           // its registers lie in the full-switch slot
            uint8_t fresh;          // it has not run yet
            uint8_t floats;         // it declared floating point
            uint8_t waiting;        // it waits for wait_events or wait_deadline
            uint8_t stop;           // it must not go on: the hart that has it lets it go
            uint8_t irqs_gone;      // destruction: its interrupt sources are handed on
            uint8_t alarmed;        // it has an alarm, or had one lately: whoever runs it sets the timer
            uint8_t stalled;        // its slices go to those it schedules (slice/stall.c)
        };
    };
    word_t ticks;        // time used
    word_t result_value; // a0 and a1 when it goes on after giving up the hart
    word_t result_error;
    word_t gate_sp;
    long gate;
    word_t grace_ticks;
    word_t grace;
    env_t self;
    struct space *stlb;
    struct cap *caps;
    word_t status;
    word_t satp;
    word_t hart;
    word_t sp;
    word_t pc;
    word_t callee;
    word_t caller;
    long claim;
    word_t scratch[4];
};

#define ENV_SIZE 512

static inline word_t env_boundary(const struct env *env) { return (word_t)env + ENV_SIZE; }
static inline struct env *env_at(word_t boundary) { return (struct env *)(boundary - ENV_SIZE); }
static inline word_t *env_save(const struct env *env, word_t offset) { return (word_t *)(env_boundary(env) + offset); }

// The environment of that name; NULL when there is none.
struct env *env_named(env_t name);
// The environment that makes the call the kernel is in.
static inline struct env *env_self(void) { return env_at(hart_self()->current); }
env_t env_creator(const struct env *env);
// May `env` dispose of what `owner` holds: it is the owner, or the creator of an owner that never ran.
static inline bool env_acts_for(env_t env, env_t owner);
bool env_acts_for_child(env_t env, env_t owner);
bool env_created(env_t creator, env_t env);
enum env_state env_state(const struct env *env);

static inline bool env_acts_for(env_t env, env_t owner)
{
    return __builtin_expect(env == owner, 1) || env_acts_for_child(env, owner);
}

/*
 * The hart, as a mask, on which it runs, or where a fast path of the trap entry could resume it without telling its
 * space; 0: whoever resumes it calls space_enter.
 */
word_t env_near(const struct env *env);
// Sees to it that only slow paths resume it. False when it runs, or somebody takes it at this moment.
bool env_part(struct env *env);

// Which way callers come through its gate; whatever this depends on has changed.
static inline void env_gate_choose(struct env *env)
{
    bool slow = env->floats || env->alarm != 0;
    env->gate = slow == (env->gate < 0) ? env->gate : -env->gate;
}

// Whoever could run it looks around: the hart that does, or idle ones that have a slice of it.
void env_wake(struct env *env);
void env_rouse(struct env *env); // the same, without its scheduler
// Sets events and sees to it that somebody notices: the hart that runs it, or an idle one with a slice of it.
void env_post(struct env *env, word_t events);
sysret_t env_woken(struct env *env);
sysret_t env_told(struct env *env, word_t events); // ... that were set already
// The same as the end of a call that succeeded; oneself needs no waking.
static inline sysret_t env_posted(struct env *self, struct env *env, word_t events)
{
    __atomic_fetch_or(env_save(env, SAVE_PENDING), events, __ATOMIC_SEQ_CST);
    return env == self ? (sysret_t){ERR_OK, 0} : env_woken(env);
}
// Takes an environment that is off its hart out of the run for good; its creator has an event.
void env_halt(struct env *env, enum env_state state);
// The first environment, made by boot of three frames that are already its own.
struct env *env_boot(page_t record, page_t caps, struct space *space);

bool env_invariant(void);

#endif
