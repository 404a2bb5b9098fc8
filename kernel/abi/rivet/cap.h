// SPDX-License-Identifier: BSD-2-Clause
/*
 * Capabilities: the right to bind an object that somebody else owns. They live in the environment's
 * capability page and are named by slot.
 */
#ifndef RIVET_CAP_H
#define RIVET_CAP_H

#include <rivet/page.h>

// Rights to a frame are those of enum page_right; rights to an environment:
enum env_right {
    RIGHT_CALL = 16,   // transfer control into its protected entry
    RIGHT_YIELD = 32,  // give it the rest of one's slice
    RIGHT_NOTIFY = 64, // set its events
    RIGHT_REVOKE = 128, // ask it to give resources back, and take them when the deadline has passed
    RIGHT_SCHEDULE = 256, // have environments put on its board: it schedules them
};
#define RIGHTS_FRAME (RIGHT_READ | RIGHT_WRITE | RIGHT_EXECUTE)
#define RIGHTS_PEER  (RIGHT_CALL | RIGHT_YIELD | RIGHT_NOTIFY) // those that take nothing from it
#define RIGHTS_ENV   (RIGHT_CALL | RIGHT_YIELD | RIGHT_NOTIFY | RIGHT_REVOKE | RIGHT_SCHEDULE)

#endif
