// SPDX-License-Identifier: BSD-2-Clause
/*
 * Memory policies: how the frames that several programs share are divided among them. A policy knows neither frames nor
 * environments nor the kernel, only counts, so the same file decides for a machine and for a test.
 *
 * The life of a client, and of a demand of its, as broker.c drives the policy:
 *
 *     ops.join(pool, client)
 *     while (the client lives) {
 *         ... it wants so many frames more ...
 *         ops.decide(pool, client, wanted, &plan)
 *         plan.give frames of the stock are the client's          at most what is there
 *         for (each ask of the plan)                              none: what is missing is refused
 *             its client is asked for ask.frames, and has ask.patience_us to choose which
 *         while (something is missing, and somebody was asked) {
 *             what arrives goes to whoever wanted it
 *             when an ask's time is over, the frames that ops.rank puts first are taken by force
 *         }
 *         ops.answered(pool, asked client, given, taken)          for each ask, when it is over
 *     }
 *     ops.leave(pool, client)
 *
 * A plan is a wish. The broker gives no more than there is, asks nobody for more than is missing (or SHARE_RUN: what nobody
 * waits for is stock), and lets nobody fall below its guarantee, whatever the policy says.
 *
 * To add a policy: one file policy/NAME.c that ends in `const struct share_ops share_NAME`. The build makes the table
 * of all of them, and the boot argument `share=NAME` chooses it.
 */
#ifndef LIBOS_SHARE_H
#define LIBOS_SHARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHARE_CLIENTS     64
#define SHARE_ASKS        4         // clients that one plan asks
#define SHARE_WHOLE       (1ul << 32) // all weights together
#define SHARE_RUN         512        // asking is dear: so many may be asked for at once, though fewer are missing
#define SHARE_PATIENCE_US 50000      // five slices; and whoever is asked and can run does so at once

struct share_client {
    uint64_t weight;   // what part of SHARE_WHOLE; 0: nobody
    size_t guaranteed; // frames that nobody takes from it
    size_t owned;      // frames it has now, with those of its children that are no clients: what it is judged by
    size_t held;       // of these its own: what it can be asked for
    uint64_t word;     // the policy's; 0 when the client comes
};

struct share_pool {
    struct share_client client[SHARE_CLIENTS];
    size_t stock; // frames that nobody has
};

struct share_ask {
    size_t client;
    size_t frames;
    uint64_t patience_us;
};

struct share_plan {
    size_t give;  // of the stock
    size_t count; // of asks
    struct share_ask ask[SHARE_ASKS];
};

// A frame that may be taken by force: as much as a policy may know of it.
struct share_frame {
    uint64_t name;
    bool free;       // nothing is in it
    size_t bindings; // in how many places it is mapped
};

#define SHARE_RANKS 4 // ranks are smaller; whatever has another is left where it is

struct share_ops {
    const char *name;                                                                    // mandatory: that of the file
    // Mandatory. `plan` comes empty. Whom it asks more than once, or for nothing, does not count.
    void (*decide)(struct share_pool *pool, size_t client, size_t wanted, struct share_plan *plan);
    void (*join)(struct share_pool *pool, size_t client);                                // NULL: nothing to remember
    void (*leave)(struct share_pool *pool, size_t client);                               // NULL: nothing to forget
    // NULL: what a client did does not matter. It gave so many by itself, and lost so many by force.
    void (*answered)(struct share_pool *pool, size_t client, size_t given, size_t taken);
    unsigned (*rank)(const struct share_frame *frame);                                   // NULL: share_rank
};

extern const struct share_ops share_proportional, share_minimal, share_maximal;

// Every policy that is linked in, by name in alphabetical order, ended by NULL; and one of them, or NULL.
extern const struct share_ops *const share_table[];
const struct share_ops *share_find(const char *name);

/*
 * What each client is entitled to, of all the frames that clients and stock have together: in proportion to the weights,
 * but its guarantee at least; then the others divide what is left. Rounded down: all shares together are never more than
 * there is, unless the guarantees alone are.
 */
void share_shares(const struct share_pool *pool, size_t shares[SHARE_CLIENTS]);

// How many frames a client has above its share, as far as it can be asked for them; 0 for nobody.
size_t share_excess(const struct share_pool *pool, const size_t shares[SHARE_CLIENTS], size_t client);

// 0: free frames, 1: data that is mapped nowhere, 2: data that is.
unsigned share_rank(const struct share_frame *frame);

/*
 * Weights of a family tree. The whole of a client that has children is divided among them, by their own weights, and
 * itself, which weighs SHARE_OWN; so what a program says of its children is at nobody else's cost. parent[i] is a client,
 * or SHARE_NOBODY for those that divide SHARE_WHOLE; relative[i] = 0: there is no such client.
 */
#define SHARE_OWN     25
#define SHARE_DEFAULT 100 // a child's weight when nothing is said
#define SHARE_MOST    10000
#define SHARE_NOBODY  SHARE_CLIENTS
void share_weights(const size_t parent[SHARE_CLIENTS], const uint64_t relative[SHARE_CLIENTS],
                   uint64_t weights[SHARE_CLIENTS]);

#endif
