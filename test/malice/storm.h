// SPDX-License-Identifier: BSD-2-Clause
/*
 * The random call storm: what its programs share. `storm` (storm.c) makes the workers, ends them and counts
 * what came back; a worker (storm_worker.c) makes random calls with arguments that are often plausible
 * (storm_pick.c), and so do threads that it makes in its own space. Everything follows from the seed; with
 * --icount on one hart exactly.
 */
#ifndef MALICE_STORM_H
#define MALICE_STORM_H

#include "attack.h"
#include "storm_report.h"

struct storm {
    word_t random;
    env_t self;
    word_t save;         // address of its save area
    word_t calls;        // to make
    word_t check;        // audit after so many
    bool thread;         // not the worker itself: it neither makes threads nor touches memory
    uint16_t rights[STORM_SLOTS]; // of the capabilities that it put into its slots; 0: none, or not known
};

// The frames the worker had at its start, those it runs on, and its neighbours; the same for its threads.
struct storm_room {
    page_t pool[STORM_FRAMES];
    size_t pool_count;
    page_t run;          // of SUPER_PAGES frames, that could be joined; 0: we have none
    page_t vital[64];
    size_t vital_count;
    env_t parent;
    space_t space; // ours
    env_t peers[STORM_PEERS];
    size_t peer_count;
    struct storm threads[STORM_THREADS];
    env_t thread_env[STORM_THREADS];
};
extern struct storm_room room;

// A call: its number, its arguments, and what it names.
struct storm_call {
    word_t number;
    word_t arguments[6];
};

word_t storm_random(struct storm *storm, word_t below); // 0 to below - 1
// Chooses the next call.
void storm_pick(struct storm *storm, struct storm_call *call);
void storm_run(struct storm *storm);
bool storm_is_complete(void); // is there a recipe for every call?
size_t storm_slices(const struct storm *storm); // slices of ours; the last one is not given away

// storm_entry.S
sysret_t storm_call(word_t number, const word_t arguments[6]); // any call; what the kernel takes away is kept
void storm_resume(void);  // env_resume, to where it was called from
void storm_entry(void);   // a protected entry: looks at its message and returns, or passes the call on
void storm_thread(void);  // where a thread begins: storm_run(argument), exit
void storm_pass(void);    // a child that calls slot 8 for ever
extern void (*const storm_children[])(void);
extern const size_t storm_children_count;
extern const word_t storm_entries[]; // arguments of child_accept: protected entries, among them some that die
extern const size_t storm_entries_count;

#endif
