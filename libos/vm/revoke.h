// SPDX-License-Identifier: BSD-2-Clause
/*
 * Answering those who ask for resources back, and living with what they took (rivet/revoke.h has the protocol).
 *
 *     EVENT_REVOKE        answer(&request)    gives back what this program chooses; until the deadline nobody else does
 *     EVENT_REPOSSESSED   lost(&loss)         for each loss, in their order
 *
 * What the library does when the program says nothing:
 *   frames   free ones first, as far as there is time to look for them; then pages of regions, as their policies choose, after
 *            their pagers took what was written; then whatever else is free. Frames are made free before they go, so
 *            no contents leave with them
 *   slices   all but one, from the back
 *   sources  those that are bound to no event
 *   losses   a page whose contents were saved goes on in the frame that has them. A page of a region that cannot be
 *            written comes from its pager again. Any other page is gone: who touches it is told so and stopped
 *
 * Handlers run between any two instructions of the program, with upcalls held, or inside a page fault that a loss made.
 */
#ifndef LIBOS_REVOKE_H
#define LIBOS_REVOKE_H

#include <libos/sys/sys.h>
#include <rivet/revoke.h>

struct revoke_request {
    env_t by;              // who asks, and gets what is given
    enum revoke_kind kind;
    size_t left;           // how many are still wanted
    word_t deadline;       // from then on they can be taken
};

struct revoke_ops {
    void (*answer)(const struct revoke_request *request); // NULL: revoke_answer
    void (*lost)(const struct loss *loss);                // NULL: revoke_lost
};

// The program's own handling from now on; NULL: the library's. The table stays the program's.
void revoke_handle(const struct revoke_ops *ops);

// What the library does, for handlers that do some of it themselves.
void revoke_answer(const struct revoke_request *request);
void revoke_lost(const struct loss *loss);

// The request that stands now; left 0: none.
struct revoke_request revoke_standing(void);

/*
 * Give so many frames to whoever asks: those that a short look finds free (or, `all`, every free one), or pages of
 * regions. How many went.
 */
size_t revoke_give_free(const struct revoke_request *request, size_t count, bool all);
size_t revoke_give_pages(const struct revoke_request *request, size_t count);

/*
 * Before it is too late: register a repossession vector, and keep so many frames (at most REVOKE_BACKINGS) for the
 * kernel to save contents to. They are marked as guaranteed as far as the quota goes. False: not all could be had.
 * The first request registers a vector without such frames, when a frame is free.
 */
#define REVOKE_BACKINGS 128
bool revoke_prepare(size_t backings);

// Mark the frames behind pages that are mapped as guaranteed, as far as the quota goes: how many of them are now.
size_t revoke_guarantee(const void *address, size_t size);

// Deal with the losses that the vector tells and nobody has dealt with: how many.
size_t revoke_losses(void);

struct revoke_counts {
    size_t requests; // answered
    size_t given;    // frames, by the library
    size_t losses;
    size_t saved;    // of them, with contents
    size_t missed;   // losses for which the vector had no room
};
struct revoke_counts revoke_counts(void);

#endif
