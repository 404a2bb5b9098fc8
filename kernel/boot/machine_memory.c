// SPDX-License-Identifier: BSD-2-Clause
//
// Memory and what of it is taken: nodes of device type "memory" below the root, the reserve block, and the
// children of /reserved-memory. The latter without a `reg` ask for a place yet to be chosen: they hold none.
#include "machine_part.h"

static const char *memory_add(struct machine *m, const struct machine_range *range)
{
    if (range->size == 0)
        return "a memory range has size zero";
    if (!range_is_sound(range))
        return "a memory range passes the end of the physical addresses";
    if (m->memory_count == MACHINE_MEMORY_MAX)
        return "the device tree names more memory ranges than the kernel can hold";
    range_insert(m->memory, &m->memory_count, range);
    return NULL;
}

static const char *reserved_add(struct machine *m, const struct machine_range *range)
{
    if (range->size == 0)
        return NULL;
    if (!range_is_sound(range))
        return "a reserved range passes the end of the physical addresses";
    if (m->reserved_count == MACHINE_RESERVED_MAX)
        return "the device tree names more reserved ranges than the kernel can hold";
    range_insert(m->reserved, &m->reserved_count, range);
    return NULL;
}

static const char *memory_node_read(struct machine *m, const struct bus_walk *walk)
{
    struct machine_range range;

    for (uint32_t index = 0;; index++) {
        const char *refusal = NULL;
        switch (bus_reg(walk, index, &range)) {
        case BUS_REG_OK:   refusal = memory_add(m, &range); break;
        case BUS_REG_NONE: return index > 0 ? NULL : "a memory node has no reg";
        default:           return "a memory node's reg does not fit the root's cells";
        }
        if (refusal != NULL)
            return refusal;
    }
}

static const char *reserved_node_read(struct machine *m, const struct bus_walk *walk)
{
    struct machine_range range;

    for (uint32_t index = 0;; index++) {
        const char *refusal = NULL;
        switch (bus_reg(walk, index, &range)) {
        case BUS_REG_OK:          refusal = reserved_add(m, &range); break;
        case BUS_REG_NONE:        return NULL;
        case BUS_REG_UNREACHABLE: return "a reserved range has no physical address";
        default:                  return "a reserved range's reg does not fit the cells above it";
        }
        if (refusal != NULL)
            return refusal;
    }
}

static const char *reserve_block_read(struct machine *m, const struct fdt *tree)
{
    struct machine_range range;
    const char *refusal = NULL;

    for (uint32_t i = 0; refusal == NULL && fdt_reserve(tree, i, &range.base, &range.size); i++)
        refusal = reserved_add(m, &range);
    return refusal;
}

static const char *memory_check(const struct machine *m)
{
    if (m->memory_count == 0)
        return "the device tree names no memory";
    for (uint32_t i = 1; i < m->memory_count; i++)
        if (range_overlaps(&m->memory[i - 1], &m->memory[i]))
            return "memory ranges overlap";
    return NULL;
}

const char *machine_memory_read(struct machine *m, const struct fdt *tree)
{
    struct bus_walk walk;
    fdt_node_t reserved = fdt_path(tree, "/reserved-memory", 16);
    const char *refusal = reserve_block_read(m, tree);

    bus_walk_start(&walk, tree);
    while (refusal == NULL && bus_walk_next(&walk)) {
        fdt_node_t node = fdt_walk_node(&walk.nodes);
        uint32_t depth = fdt_walk_depth(&walk.nodes);
        if ((depth != 1 && depth != 2) || !node_is_enabled(tree, node))
            continue;
        if (depth == 1 && fdt_has_text(tree, node, "device_type", "memory"))
            refusal = memory_node_read(m, &walk);
        else if (depth == 2 && walk.nodes.path[1] == reserved)
            refusal = reserved_node_read(m, &walk);
    }
    return refusal != NULL ? refusal : memory_check(m);
}
