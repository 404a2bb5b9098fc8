// SPDX-License-Identifier: BSD-2-Clause
/*
 * Shares, as in proportional.c, with everything that a policy can have:
 *
 *   a reserve     of the stock, a few frames for each client, goes only to those that have less than their guarantee
 *   everybody     above its share is asked, each in proportion to how far
 *   a memory      of who answers: `word` counts the requests that a client let pass; it has half the time after each, and
 *                 its full time again when it answers one
 *   an order      of what is taken by force: frames that are mapped in several places come last, as more than one misses them
 */
#include <libos/share/share.h>

#define RESERVE_EACH 4
#define IGNORED_MOST 6
#define SHARED       2 // bindings

static size_t reserve;

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void maximal_join(struct share_pool *pool, size_t client)
{
    (void)pool, (void)client;
    reserve += RESERVE_EACH;
}

static void maximal_leave(struct share_pool *pool, size_t client)
{
    (void)pool, (void)client;
    reserve -= RESERVE_EACH;
}

static void maximal_answered(struct share_pool *pool, size_t client, size_t given, size_t taken)
{
    uint64_t *ignored = &pool->client[client].word;

    if (taken == 0)
        *ignored = 0;
    else if (given < taken)
        *ignored += *ignored < IGNORED_MOST;
}

static void maximal_decide(struct share_pool *pool, size_t client, size_t wanted, struct share_plan *plan)
{
    const struct share_client *self = &pool->client[client];
    size_t shares[SHARE_CLIENTS], all = 0;
    size_t kept = self->owned < self->guaranteed ? 0 : reserve;

    plan->give = least(wanted, pool->stock > kept ? pool->stock - kept : 0);
    share_shares(pool, shares);
    size_t has = self->owned + plan->give;
    size_t missing = least(wanted - plan->give, has < shares[client] ? shares[client] - has : 0);
    for (size_t i = 0; i < SHARE_CLIENTS; i++)
        all += share_excess(pool, shares, i);
    missing = least(missing, all);
    for (size_t i = 0; missing > 0 && i < SHARE_CLIENTS && plan->count < SHARE_ASKS; i++) {
        size_t part = (missing * share_excess(pool, shares, i) + all - 1) / all;
        if (part > 0)
            plan->ask[plan->count++] = (struct share_ask){i, part, SHARE_PATIENCE_US >> pool->client[i].word};
    }
}

static unsigned maximal_rank(const struct share_frame *frame)
{
    return frame->bindings >= SHARED ? SHARE_RANKS - 1 : share_rank(frame);
}

const struct share_ops share_maximal = {
    .name = "maximal",
    .decide = maximal_decide,
    .join = maximal_join,
    .leave = maximal_leave,
    .answered = maximal_answered,
    .rank = maximal_rank,
};
