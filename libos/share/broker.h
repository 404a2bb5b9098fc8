// SPDX-License-Identifier: BSD-2-Clause
/*
 * The broker: drives a memory policy (share.h) for whoever owns what nobody else has, which is init. It carries out one
 * demand at a time, and never waits: whoever wants the frames comes again, and each time a piece is done.
 *
 *     idle --want: stock goes at once; the policy says whom to ask--> asked
 *     asked --step: what has arrived goes to whoever wants it
 *               past an ask's deadline: frames are taken by force, some a step--> asked
 *           --all came, or nothing more will, or whoever wanted is gone--> idle
 *
 * Invariants
 *   (1) a frame goes only from the stock to a client and from a client to the stock: what comes in between is nobody's loss
 *   (2) while a demand stands, its client is alive, `missing` is above 0 and some ask is open; requests stand only then
 *   (3) nobody is asked or forced to hold fewer frames than its guarantee, as counted by the last look
 *
 * The broker computes. What it does to the machine, and a test's model of that, is a struct broker_world.
 */
#ifndef LIBOS_BROKER_H
#define LIBOS_BROKER_H

#include <libos/share/share.h>

#define BROKER_PIECE SHARE_RUN // frames that one step takes by force
#define BROKER_OVER  (~(size_t)0)

struct broker;

struct broker_world {
    uint64_t (*now_us)(void);
    // Fill in the pool: what each client owns and weighs, and the stock.
    void (*look)(struct broker *broker);
    // Frames of the stock go to a client; how many. Fewer than `count` when it takes no more.
    size_t (*give)(size_t client, size_t count);
    // Ask a client for so many frames before a time. False: it cannot be asked.
    bool (*ask)(size_t client, size_t count, uint64_t deadline_us);
    // Its request is over.
    void (*withdraw)(size_t client);
    // Past the deadline: take at most so many, in the order of `rank`. How many; BROKER_OVER: no request stands any more.
    size_t (*take)(size_t client, size_t count, unsigned (*rank)(const struct share_frame *frame));
};

struct broker_ask {
    bool open;
    size_t client;
    size_t frames;        // asked for
    size_t held;          // what it had then
    size_t taken;         // by force
    uint64_t deadline_us;
};

struct broker {
    const struct share_ops *ops;
    const struct broker_world *world;
    struct share_pool pool;
    size_t client; // whose demand is carried out; SHARE_NOBODY: none is
    size_t missing;
    size_t came; // for it, since it was told last
    size_t ask_count;
    struct broker_ask ask[SHARE_ASKS];
};

void broker_start(struct broker *broker, const struct share_ops *ops, const struct broker_world *world);

// Clients come and go. Their numbers are the caller's, below SHARE_CLIENTS.
void broker_join(struct broker *broker, size_t client);
void broker_leave(struct broker *broker, size_t client);

struct broker_answer {
    size_t came;       // frames it has got by this call
    size_t coming;     // more that may come; 0: nothing will
    uint64_t again_us; // when to come again if nothing has arrived; 0: not at all, this is all
};

/*
 * A client wants so many frames. The same client's next call goes on with the same demand. When another one's is being
 * carried out, came and coming are 0 and again_us says when to try again.
 */
struct broker_answer broker_want(struct broker *broker, size_t client, size_t wanted);

// A piece of what is under way. To be called when frames have arrived.
void broker_step(struct broker *broker);

#endif
