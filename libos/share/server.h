// SPDX-License-Identifier: BSD-2-Clause
/*
 * The parts of the memory service, which is a part of init. See memory.h for what it promises.
 *
 *     server.c    requests                       world.c     what the broker does to the machine
 *     clients.c   who is who, and whose child    broker.c    the protocol of asking and taking, without the machine
 *
 * Nothing here waits, and nothing runs twice at once: init's entry is closed while it serves or handles events.
 */
#ifndef LIBOS_SHARE_SERVER_H
#define LIBOS_SHARE_SERVER_H

#include <libos/ipc/ipc.h>
#include <libos/share/broker.h>
#include <libos/share/memory.h>

/*
 * Start. init's own frames beyond `kept` are the stock. Slots from `first_slot` on, SHARE_CLIENTS of them, are the
 * service's.
 */
void memory_start(const struct share_ops *ops, slot_t first_slot, size_t kept);

// init's own child becomes a client.
long memory_admit(env_t child, word_t weight, size_t guaranteed);

// Answer a request, for pct_serve; and go on when frames have arrived (EVENT_GIVEN).
void memory_serve(env_t caller, word_t message[MESSAGE_WORDS]);
void memory_step(void);

// Clients are known by the number of their record.
struct client {
    env_t env;         // 0: the record is free
    uint64_t epoch;    // of the environment's name
    word_t relative;   // weight among its siblings
    size_t guaranteed;
    size_t got, gave;  // frames by request
    size_t taken;      // by force
    bool struck;       // the capability that came with it is not its own
};

extern struct broker broker;
extern struct client clients[SHARE_CLIENTS];

slot_t client_slot(size_t client);
// SHARE_NOBODY when it is none, or one that had its name before it.
size_t client_find(env_t env);
// The nearest of its ancestors that is one, by the frame table; itself not counted. SHARE_NOBODY: init, or nobody.
size_t client_above(env_t env);
// Forget those that are gone.
void clients_sweep(void);
bool client_is_child(env_t child, env_t creator);
// A new record, or SHARE_NOBODY.
size_t client_make(env_t env);
void client_drop(size_t client);

extern const struct broker_world machine_world;
void world_start(size_t kept);

#endif
