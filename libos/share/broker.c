// SPDX-License-Identifier: BSD-2-Clause
// Carrying out demands for frames; see broker.h.
#include <libos/share/broker.h>
#include <string.h>

#define PIECE_US 1000 // after a piece was taken by force there is no more to wait for than this

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

void broker_start(struct broker *broker, const struct share_ops *ops, const struct broker_world *world)
{
    memset(broker, 0, sizeof(*broker));
    broker->ops = ops;
    broker->world = world;
    broker->client = SHARE_NOBODY;
}

static void ask_end(struct broker *broker, struct broker_ask *ask)
{
    size_t held = broker->pool.client[ask->client].held;
    size_t gone = ask->held > held ? ask->held - held : 0;
    size_t given = gone > ask->taken ? gone - ask->taken : 0;

    ask->open = false;
    broker->world->withdraw(ask->client);
    if (broker->ops->answered)
        broker->ops->answered(&broker->pool, ask->client, least(given, ask->frames), ask->taken);
}

static void demand_end(struct broker *broker)
{
    for (size_t i = 0; i < broker->ask_count; i++)
        if (broker->ask[i].open)
            ask_end(broker, &broker->ask[i]);
    broker->client = SHARE_NOBODY;
    broker->missing = broker->ask_count = 0;
}

static bool any_open(const struct broker *broker)
{
    for (size_t i = 0; i < broker->ask_count; i++)
        if (broker->ask[i].open)
            return true;
    return false;
}

void broker_join(struct broker *broker, size_t client)
{
    broker->pool.client[client] = (struct share_client){0};
    if (broker->ops->join)
        broker->ops->join(&broker->pool, client);
}

void broker_leave(struct broker *broker, size_t client)
{
    if (client == broker->client)
        demand_end(broker);
    for (size_t i = 0; i < broker->ask_count; i++)
        if (broker->ask[i].open && broker->ask[i].client == client)
            ask_end(broker, &broker->ask[i]);
    if (broker->client != SHARE_NOBODY && !any_open(broker))
        demand_end(broker);
    if (broker->ops->leave)
        broker->ops->leave(&broker->pool, client);
    broker->pool.client[client] = (struct share_client){0};
}

// From the stock, as long as it takes them.
static size_t give(struct broker *broker, size_t client, size_t count)
{
    count = least(count, broker->pool.stock);
    size_t given = count > 0 ? broker->world->give(client, count) : 0;

    broker->pool.stock -= given;
    broker->pool.client[client].owned += given;
    broker->pool.client[client].held += given;
    return given;
}

// How far a client may still fall: what it holds above its guarantee.
static size_t may_lose(const struct broker *broker, size_t client)
{
    const struct share_client *victim = &broker->pool.client[client];
    return victim->weight && victim->held > victim->guaranteed ? victim->held - victim->guaranteed : 0;
}

static bool is_asked(const struct broker *broker, size_t client)
{
    for (size_t i = 0; i < broker->ask_count; i++)
        if (broker->ask[i].client == client)
            return true;
    return false;
}

// What the policy wishes, as far as it is right.
static void ask_make(struct broker *broker, const struct share_ask *wish, size_t *left)
{
    if (wish->client >= SHARE_CLIENTS || wish->client == broker->client || is_asked(broker, wish->client))
        return;
    size_t most = *left < SHARE_RUN ? SHARE_RUN : *left;
    size_t frames = *left ? least(least(wish->frames, most), may_lose(broker, wish->client)) : 0;
    uint64_t deadline = broker->world->now_us() + wish->patience_us;
    if (frames == 0 || !broker->world->ask(wish->client, frames, deadline))
        return;
    broker->ask[broker->ask_count++] =
        (struct broker_ask){true, wish->client, frames, broker->pool.client[wish->client].held, 0, deadline};
    *left -= least(frames, *left);
}

// How many frames by force: what was asked for, less what it gave by itself, and not below its guarantee.
static size_t ask_left(const struct broker *broker, const struct broker_ask *ask)
{
    size_t held = broker->pool.client[ask->client].held;
    size_t gone = ask->held > held ? ask->held - held : 0;
    size_t left = ask->frames > gone ? ask->frames - gone : 0;

    return least(left, may_lose(broker, ask->client));
}

static void ask_force(struct broker *broker, struct broker_ask *ask)
{
    size_t count = least(ask_left(broker, ask), BROKER_PIECE);
    size_t taken = count > 0 ? broker->world->take(ask->client, count, broker->ops->rank ? broker->ops->rank : share_rank) : 0;

    if (taken == 0 || taken == BROKER_OVER) {
        ask_end(broker, ask);
        return;
    }
    ask->taken += taken;
    broker->pool.client[ask->client].owned -= taken;
    broker->pool.client[ask->client].held -= taken;
    broker->pool.stock += taken;
    if (ask_left(broker, ask) == 0)
        ask_end(broker, ask);
}

// What is there goes to whoever wants it; the demand is over when that is all, or it takes no more.
static void hand_over(struct broker *broker)
{
    size_t count = least(broker->missing, broker->pool.stock);
    size_t given = give(broker, broker->client, count);

    broker->missing -= given;
    broker->came += given;
    if (broker->missing == 0 || given < count)
        demand_end(broker);
}

void broker_step(struct broker *broker)
{
    if (broker->client == SHARE_NOBODY)
        return;
    broker->world->look(broker);
    hand_over(broker);
    for (size_t i = 0; i < broker->ask_count; i++)
        if (broker->ask[i].open && broker->world->now_us() >= broker->ask[i].deadline_us)
            ask_force(broker, &broker->ask[i]);
    if (broker->client != SHARE_NOBODY)
        hand_over(broker);
    if (broker->client != SHARE_NOBODY && !any_open(broker))
        demand_end(broker);
}

// The earliest time at which a step can do more than before.
static uint64_t next_us(const struct broker *broker)
{
    uint64_t now = broker->world->now_us(), next = 0;

    for (size_t i = 0; i < broker->ask_count; i++)
        if (broker->ask[i].open && (next == 0 || broker->ask[i].deadline_us < next))
            next = broker->ask[i].deadline_us;
    return next > now ? next : now + PIECE_US;
}

// Who wants them is alone with what it asks for now. What comes at once, and what it has to wait for.
static struct broker_answer demand(struct broker *broker, size_t client, size_t wanted)
{
    struct share_plan plan = {0};

    broker->world->look(broker);
    broker->ops->decide(&broker->pool, client, wanted, &plan);
    size_t offered = least(least(plan.give, wanted), broker->pool.stock);
    size_t given = give(broker, client, offered);
    if (given < offered || given == wanted)
        return (struct broker_answer){given, 0, 0};

    size_t left = wanted - given;
    broker->client = client;
    broker->came = 0;
    for (size_t i = 0; i < least(plan.count, SHARE_ASKS); i++)
        ask_make(broker, &plan.ask[i], &left);
    broker->missing = wanted - given - left;
    if (!any_open(broker)) {
        broker->client = SHARE_NOBODY;
        return (struct broker_answer){given, 0, 0};
    }
    return (struct broker_answer){given, broker->missing, next_us(broker)};
}

struct broker_answer broker_want(struct broker *broker, size_t client, size_t wanted)
{
    bool goes_on = broker->client == client;

    broker_step(broker);
    if (goes_on) {
        bool over = broker->client == SHARE_NOBODY;
        size_t came = broker->came;
        broker->came = 0;
        return (struct broker_answer){came, broker->missing, over ? 0 : next_us(broker)};
    }
    if (broker->client != SHARE_NOBODY)
        return (struct broker_answer){0, 0, next_us(broker)};
    return demand(broker, client, wanted);
}
