// SPDX-License-Identifier: BSD-2-Clause
/*
 * Time that is given to somebody and comes back: slice_donate(slot, until, events, word).
 *
 *   donor --slice_donate--> receiver runs on the donor's time --a reason--> donor goes on behind its call
 *
 * Donations nest: a receiver donates what it was given. Time is absolute, in ticks, and never more than the donor's own.
 */
#ifndef RIVET_SLICE_H
#define RIVET_SLICE_H

// Why a donor goes on: the value of slice_donate.
enum donate_reason {
    DONATE_USED = 1, // the time was used up; the receiver was interrupted and could go on
    DONATE_YIELDED,  // the receiver handed it back, and could go on
    DONATE_BLOCKED,  // it waits: for events, a time, or a call
    DONATE_STOPPED,  // it exited, faulted, or was stopped
    DONATE_EVENT,    // an event that the donor named is pending; the receiver was interrupted
    DONATE_REVOKED,  // the slice was taken from its owner meanwhile; the receiver was interrupted
    DONATE_REASONS,
};

#endif
