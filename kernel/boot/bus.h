// SPDX-License-Identifier: BSD-2-Clause
//
// A walk over the device tree that knows, at each node, how the buses above it translate addresses. What a
// node says about its children is read once, when the walk arrives there: the walk is linear in the tree.
#ifndef RIVET_BOOT_BUS_H
#define RIVET_BOOT_BUS_H

#include "fdt.h"
#include "machine.h"

enum {
    BUS_RANGES_MAX = 32, // entries in one `ranges`; a bus with more is taken as one that does not translate
};

// What a node says about its children.
struct bus {
    uint32_t address_cells, size_cells; // 0 to 4, by default 2 and 1
    bool is_sound;                      // the two above are numbers in their bounds
    bool has_ranges;                    // without, the children have no physical addresses
    struct fdt_value ranges;
    uint32_t interrupt_parent; // phandle, inherited from above, 0 if none
};

struct bus_walk {
    struct fdt_walk nodes;
    struct bus path[FDT_DEPTH_MAX]; // beside nodes.path
};

enum bus_reg {
    BUS_REG_OK,
    BUS_REG_NONE,        // no `reg`, or no entry of that index
    BUS_REG_DAMAGED,     // it is not a whole number of entries
    BUS_REG_UNREACHABLE, // no physical address belongs to it
};

void bus_walk_start(struct bus_walk *walk, const struct fdt *tree);
bool bus_walk_next(struct bus_walk *walk);

// What holds for the present node: its parent's record (the root's own, at the root).
const struct bus *bus_above(const struct bus_walk *walk);

// The index-th entry of the present node's `reg` as a physical range. It is not checked any further; should a
// translation wrap around, the base is UINT64_MAX, so that range_is_sound() sees it.
enum bus_reg bus_reg(const struct bus_walk *walk, uint32_t index, struct machine_range *range);

bool range_is_sound(const struct machine_range *range); // size above 0, ends at or below MACHINE_ADDRESS_END
bool range_overlaps(const struct machine_range *a, const struct machine_range *b); // both sound
struct machine_range range_pages(const struct machine_range *range);               // rounded outwards
void range_insert(struct machine_range *ranges, uint32_t *count, const struct machine_range *range); // sorted

// The property as a 32-bit number of one cell, or `otherwise` when it is absent. False: it is something else.
bool node_number(const struct fdt *tree, fdt_node_t node, const char *name, uint32_t otherwise,
                 uint32_t *number);
bool node_is_enabled(const struct fdt *tree, fdt_node_t node);
bool node_is_compatible(const struct fdt *tree, fdt_node_t node, const char *with);

#endif
