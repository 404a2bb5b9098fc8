// SPDX-License-Identifier: BSD-2-Clause
//
// The platform-level interrupt controller, and which of its contexts is whose S-mode. A machine with several
// (one per socket) is used as far as the first one reaches: a hart that it does not know is not usable.
#include "machine_part.h"

enum {
    PLIC_CONTEXTS = 0x200000, // offset of the contexts' registers,
    PLIC_CONTEXT_BYTES = 0x1000, // and how many bytes each has
    IRQ_S_EXTERNAL = 9,
};

static bool node_is_plic(const struct fdt *tree, fdt_node_t node)
{
    return node_is_compatible(tree, node, "riscv,plic0") ||
           node_is_compatible(tree, node, "sifive,plic-1.0.0");
}

// Contexts are numbered by their place in `interrupts-extended`; an entry is (the hart's controller, line).
static const char *contexts_read(struct machine *m, const struct fdt *tree, fdt_node_t node, uint32_t *count)
{
    struct fdt_value value;
    uint64_t intc, line;

    if (!fdt_value(tree, node, "interrupts-extended", &value))
        return "the interrupt controller is connected to no hart";
    if (value.length % 8 != 0 || value.length / 8 > MACHINE_CONTEXT_MAX + 1)
        return "the interrupt controller's list of contexts is damaged";

    *count = value.length / 8;
    for (uint32_t context = 0, cursor = 0;
         fdt_cells(&value, &cursor, 1, &intc) && fdt_cells(&value, &cursor, 1, &line); context++)
        for (uint32_t i = 0; line == IRQ_S_EXTERNAL && intc != 0 && i < m->harts_count; i++)
            if (m->harts[i].intc == intc && m->harts[i].plic_context == MACHINE_CONTEXT_NONE)
                m->harts[i].plic_context = context;
    return NULL;
}

static const char *harts_check(struct machine *m)
{
    uint32_t usable = 0;

    for (uint32_t i = 0; i < m->harts_count; i++) {
        m->harts[i].usable = m->harts[i].usable && m->harts[i].plic_context != MACHINE_CONTEXT_NONE;
        usable += m->harts[i].usable;
    }
    return usable > 0 ? NULL : "the interrupt controller is connected to no usable hart";
}

static const char *plic_check(const struct machine *m, uint32_t contexts)
{
    const struct machine_range *range = &m->plic.range;

    if (m->plic.sources == 0 || m->plic.sources > MACHINE_IRQ_MAX)
        return "the interrupt controller's number of sources is not between 1 and 1023";
    if (!range_is_sound(range) || range->base % MACHINE_PAGE_BYTES != 0)
        return "the interrupt controller's registers are not at a physical page";
    if (range->size < PLIC_CONTEXTS + (uint64_t)contexts * PLIC_CONTEXT_BYTES)
        return "the interrupt controller's registers are too few for its contexts";
    for (uint32_t i = 0; i < m->memory_count; i++)
        if (range_overlaps(range, &m->memory[i]))
            return "the interrupt controller's registers overlap memory";
    return NULL;
}

static const char *plic_read(struct machine *m, const struct fdt *tree, const struct bus_walk *walk)
{
    fdt_node_t node = fdt_walk_node(&walk->nodes);
    uint32_t cells, contexts = 0;

    if (bus_reg(walk, 0, &m->plic.range) != BUS_REG_OK)
        return "the interrupt controller has no physical address";
    if (!node_number(tree, node, "#interrupt-cells", 1, &cells) || cells != 1)
        return "the interrupt controller's sources are not named by one cell";
    if (!node_number(tree, node, "riscv,ndev", 0, &m->plic.sources))
        m->plic.sources = 0;
    if (!node_number(tree, node, "phandle", 0, &m->plic.phandle))
        m->plic.phandle = 0;

    const char *refusal = contexts_read(m, tree, node, &contexts);
    if (refusal == NULL)
        refusal = plic_check(m, contexts);
    return refusal != NULL ? refusal : harts_check(m);
}

const char *machine_plic_read(struct machine *m, const struct fdt *tree)
{
    struct bus_walk walk;

    bus_walk_start(&walk, tree);
    while (bus_walk_next(&walk)) {
        fdt_node_t node = fdt_walk_node(&walk.nodes);
        if (node_is_plic(tree, node) && node_is_enabled(tree, node))
            return plic_read(m, tree, &walk);
    }
    return "the device tree names no interrupt controller that the kernel knows";
}
