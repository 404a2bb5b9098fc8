// SPDX-License-Identifier: BSD-2-Clause
// Requests to the memory service. Each is a column of refusals and then a change, as the kernel's calls are.
#include <libos/share/server.h>
#include <libos/start/start.h>
#include <string.h>

struct broker broker;
static slot_t slots;

static sysret_t done(word_t value) { return (sysret_t){ERR_OK, value}; }
static sysret_t refuse(long error) { return (sysret_t){error, 0}; }

slot_t client_slot(size_t client)
{
    return slots + client;
}

void memory_start(const struct share_ops *ops, slot_t first_slot, size_t kept)
{
    slots = first_slot;
    world_start(kept);
    broker_start(&broker, ops, &machine_world);
}

// Was init granted what it awaited? No events are no events: a capability that is there is told by the reason of the refusal.
static bool client_is_held(size_t client)
{
    return sys_env_notify(client_slot(client), 0).error == ERR_RANGE;
}

static uint64_t ticks_from_us(uint64_t us)
{
    uint64_t hz = machine()->timebase_hz;
    return us / 1000000 * hz + us % 1000000 * hz / 1000000;
}

static sysret_t serve_want(env_t caller, size_t wanted, word_t answer[MESSAGE_WORDS])
{
    size_t client = client_find(caller);
    if (wanted == 0 || wanted > MEMORY_WANT_MAX)                return refuse(ERR_RANGE);
    if (client == SHARE_NOBODY)                                 return refuse(ERR_PERM);
    if (clients[client].struck || !client_is_held(client))      return refuse(ERR_PERM);

    struct broker_answer got = broker_want(&broker, client, wanted);
    answer[2] = got.coming;
    answer[3] = ticks_from_us(got.again_us);
    return done(got.came);
}

static sysret_t serve_give(env_t caller, size_t count)
{
    size_t client = client_find(caller);
    if (count == 0 || count > machine()->ram_count)   return refuse(ERR_RANGE);
    if (client == SHARE_NOBODY)                       return refuse(ERR_PERM);
    long error = sys_page_open(caller, count).error;
    if (error != ERR_OK)                              return refuse(error);

    clients[client].gave += count; // it may move fewer: its own loss
    return done(count);
}

// What a client's children have of its guarantee, but for one of them.
static size_t guaranteed_away(size_t client, env_t but)
{
    size_t away = 0;

    for (size_t i = 0; i < SHARE_CLIENTS; i++)
        if (clients[i].env && clients[i].env != but && client_above(clients[i].env) == client)
            away += clients[i].guaranteed;
    return away;
}

static sysret_t client_admit(env_t child, word_t weight, size_t guaranteed)
{
    size_t client = client_find(child);

    if (client == SHARE_NOBODY)
        client = client_make(child);
    if (client == SHARE_NOBODY)
        return refuse(ERR_FULL);
    clients[client].relative = weight;
    clients[client].guaranteed = guaranteed;
    return done(client_slot(client));
}

static sysret_t serve_join(env_t caller, env_t child, word_t weight, size_t guaranteed)
{
    clients_sweep();
    size_t parent = client_find(caller);
    if (weight == 0 || weight > SHARE_MOST)                                  return refuse(ERR_RANGE);
    if (frame_entry(child) == NULL || frame_entry(child)->kind != PAGE_ENV)  return refuse(ERR_NOENT);
    if (parent == SHARE_NOBODY || !client_is_child(child, caller))           return refuse(ERR_PERM);
    size_t own = clients[parent].guaranteed, away = guaranteed_away(parent, child);
    if (guaranteed > own || guaranteed > (own > away ? own - away : 0))      return refuse(ERR_FULL);

    sysret_t slot = client_admit(child, weight, guaranteed);
    if (slot.error != ERR_OK)                                                return slot;
    (void)sys_cap_drop(slot.value); // an empty slot is as good
    long error = sys_cap_open(slot.value, caller).error;
    return error == ERR_OK ? slot : refuse(error);
}

static sysret_t serve_leave(env_t caller, env_t child)
{
    size_t client = client_find(child);
    if (client == SHARE_NOBODY)          return refuse(ERR_NOENT);
    if (!client_is_child(child, caller)) return refuse(ERR_PERM);

    size_t back = clients[client].gave + clients[client].taken, got = clients[client].got;
    client_drop(client);
    return done(got > back ? got - back : 0);
}

static sysret_t serve_look(size_t index, word_t answer[MESSAGE_WORDS])
{
    size_t shares[SHARE_CLIENTS];
    if (index >= SHARE_CLIENTS) return refuse(ERR_RANGE);

    if (clients[index].env || index == 0) // for the numbers of nobody no table is walked
        machine_world.look(&broker);
    share_shares(&broker.pool, shares);
    const struct share_client *share = &broker.pool.client[index];
    answer[2] = clients[index].env;
    answer[3] = share->weight * 1000000 / SHARE_WHOLE;
    answer[4] = shares[index];
    answer[5] = share->owned;
    answer[6] = share->guaranteed;
    answer[7] = clients[index].taken;
    return done(broker.pool.stock);
}

void memory_serve(env_t caller, word_t message[MESSAGE_WORDS])
{
    word_t answer[MESSAGE_WORDS] = {0}; // nothing of ours goes out that is not an answer
    sysret_t result;

    switch (message[0]) {
    case MEMORY_WANT:  result = serve_want(caller, message[1], answer); break;
    case MEMORY_GIVE:  result = serve_give(caller, message[1]); break;
    case MEMORY_JOIN:  result = serve_join(caller, message[1], message[2], message[3]); break;
    case MEMORY_LEAVE: result = serve_leave(caller, message[1]); break;
    case MEMORY_LOOK:  result = serve_look(message[1], answer); break;
    default:           result = refuse(ERR_NOENT);
    }
    answer[0] = (word_t)result.error;
    answer[1] = result.value;
    memcpy(message, answer, sizeof(answer));
}

void memory_step(void)
{
    broker_step(&broker);
}

long memory_admit(env_t child, word_t weight, size_t guaranteed)
{
    sysret_t slot = client_admit(child, weight, guaranteed);

    return slot.error == ERR_OK ? sys_cap_mint(slot.value, child, RIGHT_REVOKE | RIGHT_NOTIFY).error : slot.error;
}
