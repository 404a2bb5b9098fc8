// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the attackers share. An attacker is a complete program without the library: attack() is all of it. It
 * is loaded as any program (save area at SAVE_ADDRESS, frames and a few slices of its own) and finds in its
 * slots:
 *
 *   SLOT_WITNESS   all rights to an environment that computes and checks itself, and never accepts a call
 *   SLOT_PARENT    RIGHT_NOTIFY to the harness
 *
 * EXPECT ends it with the number of its line when something is not refused as it must be; returning is
 * success. Which end the harness waits for stands in attacks.def.
 */
#ifndef MALICE_ATTACK_H
#define MALICE_ATTACK_H

#include <libos/start/start.h>
#include <libos/sys/sys.h>

#define SLOT_WITNESS 3
#define SLOT_OWN     8 // from here on the attacker's

#define EXPECT(condition)                                                                                    \
    do {                                                                                                     \
        if (!(condition)) sys_env_exit(__LINE__);                                                            \
    } while (0)
#define REFUSED(call, name) EXPECT((call).error == ERR_##name)
#define WORKS(call)         EXPECT((call).error == ERR_OK)
// The same for calls that answer AGAIN while another hart is on its way out of the kernel.
#define PATIENT(call)                                                                                        \
    ({                                                                                                       \
        sysret_t answer_;                                                                                    \
        do answer_ = (call);                                                                                 \
        while (answer_.error == ERR_AGAIN);                                                                  \
        answer_;                                                                                             \
    })

void attack(void);

// start.S: an access that is expected to fail. NO_CAUSE, or the scause that its exception had.
#define NO_CAUSE (~0ul)
enum {
    CAUSE_JUMP = 12,
    CAUSE_LOAD = 13,
    CAUSE_STORE = 15,
    CAUSE_ILLEGAL = 2,
    CAUSE_CALL = 8,
    CAUSE_BREAK = 3
};
word_t probe_load(word_t address);
word_t probe_store(word_t address);
word_t probe_jump(word_t address);
// Runs a function of start.S's with the exception slot open in the same way.
word_t probe_run(void (*function)(void));
// A call with six arguments and any number in t0; error ~0 when it was an exception instead.
sysret_t call_any(word_t number, const word_t arguments[6]);

// pct_call as libos/sys/stubs.S has it, and pct_return: an answer when it was refused.
long pct_call(slot_t slot, word_t deadline, word_t message[8]);
long pct_return(void);

// start.S: where children begin. They use no stack.
void child_spin(void);
void child_exit(void); // with its argument as status
void child_fault(void);
void child_count(void); // counts for ever, in as many pages of the arena as its argument says
void child_accept(void); // accepts for ever with child_echo, or the entry in its argument when not 0
void child_echo(void);   // an entry that returns at once
void child_nap(void);    // waits for ever, a moment at a time
void child_rejoin(void); // joins the scheduler in slot 8, at the index in its argument, and leaves, for ever
void child_yield(void);  // gives its slice up for ever

// children.S: those of donations, in whose slot 8 is somebody else.
void child_donate(void); // donates to that one for ever; sets a bit for each answer in the word at its argument
void child_notify(void); // posts event 40 to that one for ever
void child_listen(void); // waits for event 40 for ever, with its save area at its argument

// library.c
// First of `count` neighbouring free frames of ours; exits when none is left
page_t own_free(size_t count);
page_t own_data(void); // a frame made usable
// A frame of this kind, of this owner (0: anybody but us); 0: there is none
page_t foreign(int kind, env_t owner);
void tables_make(word_t address);      // page tables for the 2 MiB around an address, with a twin
void map(word_t address, page_t page); // bound there, readable and writable
env_t child_make(void (*entry)(void), word_t argument); // in our space, not started, owns one slice per hart
void child_start(env_t child);
void child_stop(env_t child);
void child_destroy(env_t child);
word_t child_wait(env_t child); // gives the hart up until it ended; its state
word_t random_next(word_t *state);

// For those whom the harness asks for resources (asked.c): what we run on is marked as guaranteed; the harness may begin;
// whoever asks, as soon as somebody does; gives the hart up until we lost so many things in all.
void ground_keep(void);
void ready(void);
env_t asked_wait(void);
void lost_wait(word_t count);

#define ARENA 0x40000000ul // addresses from here to 2 GiB are free for the attacker

#endif
