// SPDX-License-Identifier: BSD-2-Clause
// First come, first served: demands are served from what nobody has, and nobody is ever asked for anything.
#include <libos/share/share.h>

static void minimal_decide(struct share_pool *pool, size_t client, size_t wanted, struct share_plan *plan)
{
    (void)client;
    plan->give = wanted < pool->stock ? wanted : pool->stock;
}

const struct share_ops share_minimal = {.name = "minimal", .decide = minimal_decide};
