// SPDX-License-Identifier: BSD-2-Clause
/*
 * Environments: what env_set changes and env_info tells.
 */
#ifndef RIVET_ENV_H
#define RIVET_ENV_H

#include <rivet/types.h>

enum env_what {
    ENV_PC = 0,   // set: where it starts
    ENV_SP,       // set: its stack pointer there
    ENV_ARG,      // set: a0 there
    ENV_LABEL,    // set: up to 8 characters, for people
    ENV_GUARANTEED, // set: how many frames it may mark as guaranteed, 0 unless set
    ENV_STATE,    // info: enum env_state
    ENV_TICKS,    // info: time used, in timebase ticks
    ENV_STATUS,   // info: the exit status, when ENV_EXITED
    ENV_HART,     // info: the hart it runs on, ~0 when on none
    ENV_LOST_TURNS, // info: turns of its slices in a row in which it ran none of those it schedules; from STALL_TURNS on, it stalled
    ENV_WHATS,
};

enum env_state {
    ENV_NEW = 0,   // created, not started
    ENV_READY,     // started: runs, or would run
    ENV_ACCEPTING, // waits for a call
    ENV_CALLING,   // waits for the return of its call
    ENV_WAITING,   // waits for events
    ENV_EXITED,    // stopped itself
    ENV_FAULTED,   // stopped by an exception that found its slot closed
    ENV_STOPPED,   // stopped by its creator
    ENV_DYING,     // being destroyed
};

#endif
