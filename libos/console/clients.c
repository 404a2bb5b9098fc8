// SPDX-License-Identifier: BSD-2-Clause
/*
 * Who is who: a record for each environment that ever asked for something, and the doors they opened.
 *
 * A record is found by the environment's name, and names are used again after an environment is gone. The
 * heir of a name finds a door that leads nowhere (its capability died with the environment), which is as good
 * as none, and the share of output that is still occupied; it can do no more harm than the one before.
 */
#include <libos/console/server.h>
#include <libos/start/start.h>

struct client {
    env_t env; // 0: the record is free
    struct door door;
};

static struct client clients[CLIENTS];
static env_t creator;
static env_t leader;
static env_t foreground;

// The slot that holds RIGHT_NOTIFY on a client.
static slot_t client_slot(size_t client)
{
    return SLOT_FREE + client;
}

void clients_start(env_t env)
{
    creator = leader = foreground = env;
}

// CLIENT_NONE when it never asked for anything.
static size_t client_find(env_t env)
{
    for (size_t i = 0; i < CLIENTS; i++)
        if (clients[i].env == env)
            return i;
    return CLIENT_NONE;
}

static bool env_is_gone(env_t env)
{
    sysret_t state = sys_env_info(env, ENV_STATE);

    return state.error != ERR_OK || state.value == ENV_EXITED || state.value == ENV_FAULTED ||
           state.value == ENV_DYING;
}

size_t client_make(env_t env)
{
    size_t client = client_find(env);

    if (client == CLIENT_NONE)
        client = client_find(0);
    for (size_t i = 0; client == CLIENT_NONE && i < CLIENTS; i++)
        if (env_is_gone(clients[i].env))
            client = i;
    if (client != CLIENT_NONE && clients[client].env != env)
        clients[client] = (struct client){.env = env};
    return client;
}

sysret_t client_open(size_t client, const struct door *door)
{
    slot_t slot = client_slot(client);

    (void)sys_cap_drop(slot); // an empty slot is as good
    long error = sys_cap_open(slot, clients[client].env).error;
    clients[client].door = error == ERR_OK ? *door : (struct door){0};
    return (sysret_t){error, slot};
}

// False: the client wants none of these, or its door leads nowhere.
static bool client_notify(size_t client, word_t events)
{
    return events != 0 && sys_env_notify(client_slot(client), events).error == ERR_OK;
}

void client_room_came(size_t client)
{
    (void)client_notify(client, clients[client].door.room);
}

static bool client_notify_interrupt(env_t env)
{
    size_t client = client_find(env);

    return client != CLIENT_NONE && client_notify(client, clients[client].door.interrupt);
}

bool client_may_lead(env_t env)
{
    return env == leader || env == creator;
}

void client_lead(env_t env)
{
    leader = env;
}

void client_foreground(env_t env)
{
    foreground = env;
    client_input_came(); // what was typed ahead is the new one's
}

bool client_is_foreground(env_t env)
{
    return env == foreground;
}

void client_input_came(void)
{
    size_t client = client_find(foreground);

    if (client != CLIENT_NONE)
        (void)client_notify(client, clients[client].door.input);
}

void client_interrupt(void)
{
    if (!client_notify_interrupt(foreground))
        client_quit();
}

void client_quit(void)
{
    (void)client_notify_interrupt(leader);
}
