// SPDX-License-Identifier: BSD-2-Clause
//
// Addresses in the device tree (Devicetree Specification v0.4, sections 2.3.5 to 2.3.8); see bus.h.
#include "bus.h"

enum {
    CELLS_MAX = 4,
    ADDRESS_CELLS_DEFAULT = 2,
    SIZE_CELLS_DEFAULT = 1,
};

bool node_number(const struct fdt *tree, fdt_node_t node, const char *name, uint32_t otherwise,
                 uint32_t *number)
{
    struct fdt_value value;
    uint64_t wide;

    *number = otherwise;
    if (!fdt_value(tree, node, name, &value))
        return true;
    if (value.length != 4 || !fdt_number(&value, &wide))
        return false;
    *number = (uint32_t)wide;
    return true;
}

bool node_is_enabled(const struct fdt *tree, fdt_node_t node)
{
    struct fdt_value value;

    if (!fdt_value(tree, node, "status", &value))
        return true;
    const char *status = fdt_text(&value);
    return status != NULL && (fdt_text_is("okay", 4, status) || fdt_text_is("ok", 2, status));
}

bool node_is_compatible(const struct fdt *tree, fdt_node_t node, const char *with)
{
    return fdt_has_text(tree, node, "compatible", with);
}

bool range_is_sound(const struct machine_range *range)
{
    return range->size > 0 && range->base < MACHINE_ADDRESS_END &&
           range->size <= MACHINE_ADDRESS_END - range->base;
}

bool range_overlaps(const struct machine_range *a, const struct machine_range *b)
{
    return a->base < b->base + b->size && b->base < a->base + a->size;
}

struct machine_range range_pages(const struct machine_range *range)
{
    const uint64_t mask = MACHINE_PAGE_BYTES - 1;
    uint64_t base = range->base & ~mask;
    uint64_t end = (range->base + range->size + mask) & ~mask;

    return (struct machine_range){base, end - base};
}

// The caller has seen that there is room for one more.
void range_insert(struct machine_range *ranges, uint32_t *count, const struct machine_range *range)
{
    uint32_t at = (*count)++;

    for (; at > 0 && ranges[at - 1].base > range->base; at--)
        ranges[at] = ranges[at - 1];
    ranges[at] = *range;
}

void bus_walk_start(struct bus_walk *walk, const struct fdt *tree)
{
    fdt_walk_start(&walk->nodes, tree);
}

bool bus_walk_next(struct bus_walk *walk)
{
    if (!fdt_walk_next(&walk->nodes))
        return false;

    const struct fdt *tree = walk->nodes.tree;
    fdt_node_t node = fdt_walk_node(&walk->nodes);
    uint32_t depth = fdt_walk_depth(&walk->nodes);
    struct bus *bus = &walk->path[depth];
    uint32_t above = depth > 0 ? walk->path[depth - 1].interrupt_parent : 0;

    bus->is_sound = node_number(tree, node, "#address-cells", ADDRESS_CELLS_DEFAULT, &bus->address_cells) &&
                    node_number(tree, node, "#size-cells", SIZE_CELLS_DEFAULT, &bus->size_cells) &&
                    bus->address_cells <= CELLS_MAX && bus->size_cells <= CELLS_MAX;
    bus->has_ranges = fdt_value(tree, node, "ranges", &bus->ranges);
    if (!node_number(tree, node, "interrupt-parent", above, &bus->interrupt_parent))
        bus->interrupt_parent = 0;
    return true;
}

const struct bus *bus_above(const struct bus_walk *walk)
{
    uint32_t depth = fdt_walk_depth(&walk->nodes);
    return &walk->path[depth > 0 ? depth - 1 : 0];
}

// From an address on `bus` to one on the bus above it. Entries are (address here, address above, size).
static bool range_translate(const struct bus *bus, const struct bus *above, struct machine_range *range)
{
    if (!bus->is_sound || !above->is_sound || !bus->has_ranges)
        return false;
    if (bus->ranges.length == 0)
        return true;

    uint32_t entry_cells = bus->address_cells + above->address_cells + bus->size_cells;
    if (entry_cells == 0 || bus->ranges.length / 4 / entry_cells > BUS_RANGES_MAX)
        return false;

    uint64_t here, there, size;
    for (uint32_t cursor = 0; fdt_cells(&bus->ranges, &cursor, bus->address_cells, &here) &&
                              fdt_cells(&bus->ranges, &cursor, above->address_cells, &there) &&
                              fdt_cells(&bus->ranges, &cursor, bus->size_cells, &size);) {
        if (range->base < here || range->base - here > size || range->size > size - (range->base - here))
            continue;
        uint64_t offset = range->base - here;
        range->base = there > UINT64_MAX - offset ? UINT64_MAX : there + offset;
        return true;
    }
    return false;
}

enum bus_reg bus_reg(const struct bus_walk *walk, uint32_t index, struct machine_range *range)
{
    struct fdt_value reg;
    const struct bus *above = bus_above(walk);

    if (!fdt_value(walk->nodes.tree, fdt_walk_node(&walk->nodes), "reg", &reg))
        return BUS_REG_NONE;
    if (!above->is_sound)
        return BUS_REG_DAMAGED;
    if (above->address_cells == 0 || above->address_cells > 2 || above->size_cells == 0 ||
        above->size_cells > 2)
        return BUS_REG_UNREACHABLE; // a number on some bus (I2C, PCI), not memory

    uint32_t entry_cells = above->address_cells + above->size_cells;
    if (reg.length % (entry_cells * 4) != 0)
        return BUS_REG_DAMAGED;
    if (index >= reg.length / (entry_cells * 4))
        return BUS_REG_NONE;

    uint32_t cursor = index * entry_cells;
    if (!fdt_cells(&reg, &cursor, above->address_cells, &range->base) ||
        !fdt_cells(&reg, &cursor, above->size_cells, &range->size))
        return BUS_REG_DAMAGED;

    for (uint32_t depth = fdt_walk_depth(&walk->nodes); depth >= 2; depth--)
        if (!range_translate(&walk->path[depth - 1], &walk->path[depth - 2], range))
            return BUS_REG_UNREACHABLE;
    return BUS_REG_OK;
}
