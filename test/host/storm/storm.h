// SPDX-License-Identifier: BSD-2-Clause
/*
 * A storm of random calls on the model of the machine: what the environments do, chosen from a seed.
 *
 *   storm.c     runs machines, checks everything after each step, takes all apart at the end
 *   choose.c    arguments: mostly ones that could work
 *   act.c       what one environment does next
 *   between.c   what others do in the middle of that
 */
#ifndef STORM_H
#define STORM_H

#include "fake.h"

#define PINNED  0x40000000ul
#define CACHED  0x40200000ul
#define NOWHERE 0x80000000ul
#define SUPER   0xc0000000ul // of superpages, where there is memory for them

struct storm {
    uint64_t random;
    word_t steps, calls, refusals; // so far, in this machine
    word_t between;                // how often others acted in the middle of something
    bool again;                    // the last call asked for another
    bool nests;                    // environments of this machine donate, one inside the other
    bool verbose;
};
extern struct storm storm;

// A number below n; true so many times of a hundred.
word_t any(word_t n);
bool chance(word_t percent);

page_t choose_kind(enum page_kind kind);     // whosever it is
page_t choose_page(enum page_kind kind);     // perhaps one's own, perhaps of this kind
page_t choose_own(enum page_kind kind, word_t run); // the first of `run` of one's own; 0: there are none
env_t choose_env(void);
space_t choose_space(void);
word_t choose_address(void);
word_t choose_address_in(word_t base); // mostly in the table there
word_t choose_rights(void);
slot_t choose_slot(void);
slot_t choose_door(word_t right); // mostly one with a live capability to an environment, with this right

// One call, checked; false when it was refused or did not come back.
void storm_fences_check(void); // of the last call
bool storm_call(word_t call, word_t a0, word_t a1, word_t a2, word_t a3, word_t a4, word_t a5);
// The environment on this hart does something.
void act(void);
// It makes itself tables and an STLB.
void act_tables(void);
// It builds and starts another one, in a space of its own or in its builder's.
void act_build(void);
// For fake.between.
void storm_between(void);

#endif
