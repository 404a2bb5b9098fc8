// SPDX-License-Identifier: BSD-2-Clause
//
// The JH7110's watchdog, which the firmware may have left running. A device whose clocks are off must not be touched: an
// access may never end. So the gates of its clocks are looked up as well; where they can't be found, or where its
// registers are none that can be, there is no watchdog as far as the kernel is concerned.
#include "machine_part.h"

enum {
    GATE_BYTES = 4,
    REGISTERS_BYTES = 0x1000,
};

// The clock controller of that phandle.
static bool controller_find(const struct fdt *tree, uint64_t phandle, struct machine_range *range)
{
    struct bus_walk walk;
    uint32_t own;

    bus_walk_start(&walk, tree);
    while (bus_walk_next(&walk)) {
        fdt_node_t node = fdt_walk_node(&walk.nodes);
        if (node_number(tree, node, "phandle", 0, &own) && own != 0 && own == phandle)
            return node_is_compatible(tree, node, "starfive,jh7110-syscrg") && bus_reg(&walk, 0, range) == BUS_REG_OK;
    }
    return false;
}

// Registers that are not memory's, nor anywhere that an address can't be.
static bool registers_are_sound(const struct machine *m, const struct machine_range *range)
{
    if (!range_is_sound(range) || range->base % GATE_BYTES != 0)
        return false;
    for (uint32_t i = 0; i < m->memory_count; i++)
        if (range_overlaps(range, &m->memory[i]))
            return false;
    return true;
}

static bool gates_read(const struct machine *m, const struct fdt *tree, fdt_node_t node, struct machine_watchdog *watchdog)
{
    struct fdt_value clocks;
    struct machine_range controller;
    uint64_t phandle, index;
    uint32_t cursor = 0;

    if (!fdt_value(tree, node, "clocks", &clocks))
        return false;
    for (uint32_t i = 0; i < MACHINE_WATCHDOG_GATES; i++) {
        if (!fdt_cells(&clocks, &cursor, 1, &phandle) || !fdt_cells(&clocks, &cursor, 1, &index) ||
            !controller_find(tree, phandle, &controller) || !registers_are_sound(m, &controller) ||
            index >= controller.size / GATE_BYTES)
            return false;
        watchdog->gates[i] = controller.base + index * GATE_BYTES;
    }
    return true;
}

void machine_watchdog_read(struct machine *m, const struct bus_walk *walk)
{
    const struct fdt *tree = walk->nodes.tree;
    fdt_node_t node = fdt_walk_node(&walk->nodes);
    struct machine_watchdog watchdog = {0};

    if (!node_is_compatible(tree, node, "starfive,jh7110-wdt") || bus_reg(walk, 0, &watchdog.range) != BUS_REG_OK)
        return;
    if (registers_are_sound(m, &watchdog.range) && watchdog.range.size >= REGISTERS_BYTES &&
        gates_read(m, tree, node, &watchdog))
        m->watchdog = watchdog;
}
