// SPDX-License-Identifier: BSD-2-Clause
/*
 * Weighted proportional share. What nobody has goes to whoever wants it, so nothing lies idle. When nothing is left, a
 * client that has less than its share gets what is missing from those that have more than theirs, and whoever is
 * furthest above gives first; a client that has its share is refused. So everybody who wants it ends at its share, and
 * stays there: two clients never take the same frames from each other in turns.
 */
#include <libos/share/share.h>

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

// Whoever is furthest above its share, and by how much; 0: nobody is.
static size_t furthest(const struct share_pool *pool, const size_t shares[], const size_t asked[], size_t *client)
{
    size_t most = 0;

    for (size_t i = 0; i < SHARE_CLIENTS; i++) {
        size_t excess = share_excess(pool, shares, i);
        if (excess <= asked[i] || excess - asked[i] <= most)
            continue;
        most = excess - asked[i];
        *client = i;
    }
    return most;
}

static void proportional_decide(struct share_pool *pool, size_t client, size_t wanted, struct share_plan *plan)
{
    size_t shares[SHARE_CLIENTS], asked[SHARE_CLIENTS] = {0};

    plan->give = least(wanted, pool->stock);
    share_shares(pool, shares);
    size_t has = pool->client[client].owned + plan->give;
    size_t missing = least(wanted - plan->give, has < shares[client] ? shares[client] - has : 0);
    while (missing > 0 && plan->count < SHARE_ASKS) {
        struct share_ask *ask = &plan->ask[plan->count];
        ask->frames = least(missing < SHARE_RUN ? SHARE_RUN : missing, furthest(pool, shares, asked, &ask->client));
        ask->patience_us = SHARE_PATIENCE_US;
        if (ask->frames == 0)
            return;
        asked[ask->client] += ask->frames;
        missing -= least(ask->frames, missing);
        plan->count++;
    }
}

const struct share_ops share_proportional = {.name = "proportional", .decide = proportional_decide};
