// SPDX-License-Identifier: BSD-2-Clause
// The policies' table, and the arithmetic that they share.
#include <libos/share/share.h>
#include <string.h>

const struct share_ops *share_find(const char *name)
{
    for (const struct share_ops *const *ops = share_table; *ops; ops++)
        if (strcmp((*ops)->name, name) == 0)
            return *ops;
    return NULL;
}

unsigned share_rank(const struct share_frame *frame)
{
    return frame->free ? 0 : frame->bindings == 0 ? 1 : 2;
}

// Clients whose guarantee is more than their part have it, and divide no longer. False: there is no such client.
static bool settle(const struct share_pool *pool, size_t shares[], bool settled[], size_t *total, uint64_t *weights)
{
    bool any = false;
    size_t total_before = *total;
    uint64_t weights_before = *weights;

    for (size_t i = 0; i < SHARE_CLIENTS; i++) {
        const struct share_client *client = &pool->client[i];
        if (settled[i] || client->weight == 0)
            continue;
        shares[i] = client->weight * total_before / weights_before;
        if (shares[i] >= client->guaranteed)
            continue;
        shares[i] = client->guaranteed;
        settled[i] = any = true;
        *total -= client->guaranteed < *total ? client->guaranteed : *total;
        *weights -= client->weight;
    }
    return any;
}

void share_shares(const struct share_pool *pool, size_t shares[SHARE_CLIENTS])
{
    bool settled[SHARE_CLIENTS] = {false};
    size_t total = pool->stock;
    uint64_t weights = 0;

    memset(shares, 0, SHARE_CLIENTS * sizeof(*shares));
    for (size_t i = 0; i < SHARE_CLIENTS; i++) {
        total += pool->client[i].weight ? pool->client[i].owned : 0;
        weights += pool->client[i].weight;
    }
    while (weights > 0 && settle(pool, shares, settled, &total, &weights))
        continue; // each round settles a client at least
}

size_t share_excess(const struct share_pool *pool, const size_t shares[SHARE_CLIENTS], size_t client)
{
    const struct share_client *of = &pool->client[client];
    size_t above = of->owned > shares[client] ? of->owned - shares[client] : 0;
    size_t spare = of->held > of->guaranteed ? of->held - of->guaranteed : 0;

    return of->weight == 0 ? 0 : above < spare ? above : spare;
}

// What the family of a client has together, itself included. `depth` ends a walk that goes in circles.
static uint64_t family_weight(size_t client, const size_t parent[], const uint64_t relative[], int depth)
{
    uint64_t whole = SHARE_WHOLE, siblings = 0;
    size_t head = parent[client];

    if (head < SHARE_CLIENTS) {
        whole = depth > 0 ? family_weight(head, parent, relative, depth - 1) : 0;
        siblings = SHARE_OWN;
    }
    for (size_t i = 0; i < SHARE_CLIENTS; i++)
        siblings += relative[i] != 0 && parent[i] == head ? relative[i] : 0;
    return whole * relative[client] / siblings;
}

void share_weights(const size_t parent[SHARE_CLIENTS], const uint64_t relative[SHARE_CLIENTS],
                   uint64_t weights[SHARE_CLIENTS])
{
    for (size_t i = 0; i < SHARE_CLIENTS; i++) {
        uint64_t children = 0;
        weights[i] = 0;
        if (relative[i] == 0)
            continue;
        for (size_t j = 0; j < SHARE_CLIENTS; j++)
            children += parent[j] == i ? relative[j] : 0;
        weights[i] = family_weight(i, parent, relative, SHARE_CLIENTS) * SHARE_OWN / (SHARE_OWN + children);
        weights[i] += weights[i] == 0; // however deep it lies, it is somebody
    }
}
