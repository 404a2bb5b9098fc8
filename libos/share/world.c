// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the broker does to the machine. Who owns how much is counted in the kernel's frame table, so no client can say
 * anything wrong about it; frames are moved, asked for and taken by the kernel's calls.
 */
#include <libos/share/server.h>
#include <libos/start/start.h>

static size_t kept;   // frames that init needs for itself
static page_t cursor; // where free frames of ours were found last

void world_start(size_t frames)
{
    kept = frames;
    cursor = machine()->ram_first;
}

static uint64_t world_now_us(void)
{
    uint64_t now = time_now(), hz = machine()->timebase_hz;
    return now / hz * 1000000 + now % hz * 1000000 / hz;
}

static bool is_stock(page_t page)
{
    const volatile struct frame *frame = frame_entry(page);
    return frame->kind == PAGE_FREE && frame->owner == self();
}

static void weigh(void)
{
    size_t parents[SHARE_CLIENTS];
    uint64_t relative[SHARE_CLIENTS], weights[SHARE_CLIENTS];

    for (size_t i = 0; i < SHARE_CLIENTS; i++) {
        sysret_t state = clients[i].env ? sys_env_info(clients[i].env, ENV_STATE) : (sysret_t){ERR_NOENT, 0};
        bool counts = state.error == ERR_OK && state.value < ENV_EXITED && !clients[i].struck;
        parents[i] = counts ? client_above(clients[i].env) : SHARE_NOBODY;
        relative[i] = counts ? clients[i].relative : 0;
    }
    // One that does not count has no part in dividing, and its children are its parent's.
    for (size_t i = 0; i < SHARE_CLIENTS; i++)
        while (relative[i] && parents[i] < SHARE_CLIENTS && !relative[parents[i]])
            parents[i] = client_above(clients[parents[i]].env);
    share_weights(parents, relative, weights);
    for (size_t i = 0; i < SHARE_CLIENTS; i++) {
        broker.pool.client[i].weight = weights[i];
        broker.pool.client[i].guaranteed = clients[i].guaranteed;
        broker.pool.client[i].owned = broker.pool.client[i].held = 0;
    }
}

// The client as whose a frame's owner counts.
static size_t counts_as(env_t owner)
{
    size_t client = client_find(owner);

    if (client == SHARE_NOBODY)
        client = client_above(owner);
    while (client < SHARE_CLIENTS && broker.pool.client[client].weight == 0)
        client = client_above(clients[client].env);
    return client;
}

static void world_look(struct broker *of)
{
    env_t last = 0, us = self();
    size_t client = SHARE_NOBODY, stock = 0;
    const volatile struct frame *frame = frame_entry(machine()->ram_first);
    const volatile struct frame *end = frame + machine()->ram_count;

    clients_sweep();
    weigh();
    for (; frame < end; frame++) {
        env_t owner = frame->owner;
        if (owner == us) {
            stock += frame->kind == PAGE_FREE;
            continue;
        }
        if (owner != last) { // neighbours often have the same
            client = owner ? counts_as(owner) : SHARE_NOBODY;
            last = owner;
        }
        if (client < SHARE_CLIENTS) {
            of->pool.client[client].owned++;
            of->pool.client[client].held += clients[client].env == owner;
        }
    }
    of->pool.stock = stock > kept ? stock - kept : 0;
}

// The next run of free frames of ours, at most `most` long; 0: there is none.
static page_t stock_run(size_t most, size_t *length)
{
    page_t first = machine()->ram_first, end = first + machine()->ram_count;

    for (size_t looked = 0; looked < machine()->ram_count; looked++, cursor++) {
        if (cursor >= end)
            cursor = first;
        if (!is_stock(cursor))
            continue;
        page_t run = cursor;
        while (cursor < end && cursor - run < most && is_stock(cursor))
            cursor++;
        *length = cursor - run;
        return run;
    }
    return 0;
}

static size_t world_give(size_t client, size_t count)
{
    size_t given = 0, run = 0;

    while (given < count) {
        page_t first = stock_run(count - given < PAGE_BATCH ? count - given : PAGE_BATCH, &run);
        sysret_t moved = {ERR_NOENT, 0};
        if (first)
            moved = sys_page_move(first, run, clients[client].env);
        // The parent's death does not make it ours to give to: only the client itself opened the places.
        if (moved.error != ERR_OK)
            break;
        given += moved.value;
    }
    clients[client].got += given;
    return given;
}

static bool world_ask(size_t client, size_t count, uint64_t deadline_us)
{
    uint64_t hz = machine()->timebase_hz;
    word_t deadline = deadline_us / 1000000 * hz + deadline_us % 1000000 * hz / 1000000;

    long error = sys_revoke_request(client_slot(client), REVOKE_FRAMES, count, deadline).error;
    clients[client].struck |= error == ERR_PERM || error == ERR_STALE; // we were given less than we are entitled to
    return error == ERR_OK;
}

static void world_withdraw(size_t client)
{
    (void)sys_revoke_request(client_slot(client), REVOKE_FRAMES, 0, 0); // refused when it is over by itself
}

// The first frame of a run that goes only whole.
static bool is_joined(page_t page)
{
    const volatile struct frame *frame = frame_entry(page);
    return frame->kind == PAGE_DATA && frame->order == SUPER_ORDER;
}

static bool may_name(page_t page, env_t victim, unsigned (*rank)(const struct share_frame *frame), unsigned wanted)
{
    const volatile struct frame *frame = frame_entry(page);

    if (frame->owner != victim || (frame->kind != PAGE_FREE && frame->kind != PAGE_DATA) || frame->flags & PAGE_GUARANTEED)
        return false;
    return rank(&(struct share_frame){page, frame->kind == PAGE_FREE, frame->bindings}) == wanted;
}

// Take a run that lies together; how many, or the reason why none.
static sysret_t run_take(slot_t slot, page_t first, size_t count)
{
    size_t done = 0;

    for (;;) {
        sysret_t taken = sys_revoke_abort(slot, REVOKE_FRAMES, first, count);
        if (taken.error == ERR_AGAIN) {
            done = taken.value;
        } else if (taken.error == ERR_RANGE && count > 1 && done == 0) {
            count /= 2; // it gave some of its own accord, or got some: fewer are left of the request
        } else if (taken.error == ERR_OK || done == 0) {
            return taken;
        } else {
            return (sysret_t){ERR_OK, done}; // behind these stands something else by now
        }
    }
}

// What an abort answers for a frame that the table says is the client's: its capability is another environment's.
static bool is_lie(long error, page_t page, env_t victim)
{
    return error == ERR_PERM && frame_entry(page)->owner == victim && !(frame_entry(page)->flags & PAGE_GUARANTEED);
}

// What a call of `take` has done, and may still do.
struct taking {
    size_t client;
    size_t left;
    size_t taken;
    bool over; // no request stands any more, or the client is not what its parent said
};

static size_t take(struct taking *taking, page_t first, size_t count)
{
    struct client *client = &clients[taking->client];
    sysret_t took = run_take(client_slot(taking->client), first, count);
    size_t taken = took.error == ERR_OK ? took.value : 0;

    client->struck |= is_lie(took.error, first, client->env);
    client->taken += taken;
    taking->taken += taken;
    taking->left -= taken;
    taking->over = took.error == ERR_STATE || took.error == ERR_STALE || client->struck;
    return taken;
}

static size_t world_take(size_t client, size_t count, unsigned (*rank)(const struct share_frame *frame))
{
    page_t end = machine()->ram_first + machine()->ram_count;
    struct taking taking = {client, count, 0, false};
    env_t victim = clients[client].env;

    for (unsigned wanted = 0; wanted < SHARE_RANKS; wanted++)
        for (page_t page = machine()->ram_first; page < end && taking.left > 0 && !taking.over; page++) {
            size_t run = 0;
            if (is_joined(page) && taking.left >= SUPER_PAGES && may_name(page, victim, rank, wanted))
                run = SUPER_PAGES;
            else
                while (page + run < end && run < taking.left && !is_joined(page + run) &&
                       may_name(page + run, victim, rank, wanted))
                    run++;
            size_t taken = run ? take(&taking, page, run) : 0;
            page += taken ? taken - 1 : 0;
        }
    return taking.taken || !taking.over ? taking.taken : BROKER_OVER;
}

const struct broker_world machine_world = {
    .now_us = world_now_us,
    .look = world_look,
    .give = world_give,
    .ask = world_ask,
    .withdraw = world_withdraw,
    .take = world_take,
};
