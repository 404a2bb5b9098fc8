// SPDX-License-Identifier: BSD-2-Clause
/*
 * Who is who: a record for each client. What the kernel's frame table says is believed and nothing else: that there is an
 * environment of that name and epoch, and who created it.
 */
#include <libos/share/server.h>

#define DEPTH_MAX 16 // generations between a client and an environment that counts as its own

struct client clients[SHARE_CLIENTS];

static const volatile struct frame *env_entry(env_t env)
{
    const volatile struct frame *frame = frame_entry(env);
    return frame && frame->kind == PAGE_ENV ? frame : NULL;
}

static bool client_is_there(const struct client *client)
{
    const volatile struct frame *frame = client->env ? env_entry(client->env) : NULL;
    return frame && frame->epoch == client->epoch;
}

size_t client_find(env_t env)
{
    for (size_t i = 0; i < SHARE_CLIENTS; i++)
        if (clients[i].env == env && env != 0 && client_is_there(&clients[i]))
            return i;
    return SHARE_NOBODY;
}

size_t client_above(env_t env)
{
    size_t client = SHARE_NOBODY;

    for (int depth = 0; depth < DEPTH_MAX && client == SHARE_NOBODY; depth++) {
        const volatile struct frame *frame = env_entry(env);
        if (!frame || frame->owner == env)
            return SHARE_NOBODY;
        env = frame->owner;
        client = client_find(env);
    }
    return client;
}

bool client_is_child(env_t child, env_t creator)
{
    const volatile struct frame *frame = env_entry(child);
    return frame && frame->owner == creator && child != creator;
}

void client_drop(size_t client)
{
    broker_leave(&broker, client);
    (void)sys_cap_drop(client_slot(client)); // an empty slot is as good
    clients[client] = (struct client){0};
}

void clients_sweep(void)
{
    for (size_t i = 0; i < SHARE_CLIENTS; i++)
        if (clients[i].env && !client_is_there(&clients[i]))
            client_drop(i);
}

size_t client_make(env_t env)
{
    for (size_t i = 0; i < SHARE_CLIENTS; i++) {
        if (clients[i].env)
            continue;
        clients[i] = (struct client){.env = env, .epoch = env_entry(env)->epoch};
        broker_join(&broker, i);
        return i;
    }
    return SHARE_NOBODY;
}
