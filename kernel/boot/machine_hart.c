// SPDX-License-Identifier: BSD-2-Clause
//
// The harts: children of /cpus of device type "cpu". A hart without an MMU has no S-mode and never arrives
// when the firmware is asked to start it, so the tree has to say which harts are usable: trying does not.
#include "machine_part.h"

#define TIMEBASE_MIN UINT64_C(10000)
#define TIMEBASE_MAX UINT64_C(10000000000)

static bool hart_has_mmu(const struct fdt *tree, fdt_node_t node)
{
    struct fdt_value value;

    if (!fdt_value(tree, node, "mmu-type", &value))
        return false;
    const char *type = fdt_text(&value);
    return type != NULL && !fdt_text_is("none", 4, type) && !fdt_text_is("riscv,none", 10, type);
}

// Both ways of saying it count, as far as they are there. False: the hart says that it is not RV64.
static bool hart_isa_read(const struct fdt *tree, fdt_node_t node, uint32_t *flags)
{
    struct fdt_value value;
    const char *text;

    if (fdt_value(tree, node, "riscv,isa-extensions", &value))
        for (text = fdt_text(&value); text != NULL; text = fdt_text_next(&value, text))
            *flags |= machine_isa_named(text, fdt_text_length(text));

    if (!fdt_value(tree, node, "riscv,isa", &value))
        return true;
    text = fdt_text(&value);
    return text != NULL && machine_isa_parse(text, flags);
}

// The phandle of the child that is the hart's own interrupt controller; the PLIC refers to the hart by it.
static uint32_t hart_intc_find(const struct fdt *tree, fdt_node_t node)
{
    struct fdt_value value;
    uint32_t phandle;

    for (node = fdt_child_first(tree, node); node != FDT_NONE; node = fdt_child_next(tree, node))
        if (fdt_value(tree, node, "interrupt-controller", &value) &&
            node_number(tree, node, "phandle", 0, &phandle))
            return phandle;
    return 0;
}

// Where a hart goes: a new place, or when there is none, a usable one takes that of one that is not, and the one
// that boots that of the last. NULL: nowhere.
static struct machine_hart *hart_place(struct machine *m, const struct machine_hart *hart)
{
    if (m->harts_count < MACHINE_HARTS_MAX)
        return &m->harts[m->harts_count++];
    if (!hart->usable)
        return NULL;
    for (uint32_t i = 0; i < MACHINE_HARTS_MAX; i++)
        if (!m->harts[i].usable)
            return &m->harts[i];
    m->harts_ignored++; // this one, or the last
    return hart->id == m->boot_hart ? &m->harts[MACHINE_HARTS_MAX - 1] : NULL;
}

static const char *hart_add(struct machine *m, const struct machine_hart *hart)
{
    for (uint32_t i = 0; i < m->harts_count; i++) {
        if (m->harts[i].id == hart->id)
            return "two harts have the same number";
        if (hart->intc != 0 && m->harts[i].intc == hart->intc)
            return "two harts have the same interrupt controller";
    }

    struct machine_hart *place = hart_place(m, hart);
    if (place != NULL)
        *place = *hart;
    return NULL;
}

static const char *hart_read(struct machine *m, const struct fdt *tree, fdt_node_t node,
                             uint32_t address_cells)
{
    struct machine_hart hart = {.plic_context = MACHINE_CONTEXT_NONE};
    struct fdt_value reg;
    uint32_t cursor = 0;

    if (!fdt_value(tree, node, "reg", &reg) || address_cells == 0 ||
        !fdt_cells(&reg, &cursor, address_cells, &hart.id))
        return "a hart has no number";
    bool is_rv64 = hart_isa_read(tree, node, &hart.isa);
    hart.usable = is_rv64 && node_is_enabled(tree, node) && hart_has_mmu(tree, node);
    hart.intc = hart_intc_find(tree, node);
    return hart_add(m, &hart);
}

// /cpus says it for all; in some trees each hart says it, and then the first one counts.
static const char *timebase_read(struct machine *m, const struct fdt *tree, fdt_node_t node)
{
    struct fdt_value value;

    if (m->timebase_hz != 0 || !fdt_value(tree, node, "timebase-frequency", &value))
        return NULL;
    if (!fdt_number(&value, &m->timebase_hz) || m->timebase_hz < TIMEBASE_MIN ||
        m->timebase_hz > TIMEBASE_MAX)
        return "the timebase-frequency is not between 10 kHz and 10 GHz";
    return NULL;
}

const char *machine_harts_read(struct machine *m, const struct fdt *tree)
{
    fdt_node_t cpus = fdt_path(tree, "/cpus", 5);
    uint32_t address_cells, usable = 0;

    if (cpus == FDT_NONE)
        return "the device tree names no harts";
    if (!node_number(tree, cpus, "#address-cells", 1, &address_cells))
        return "a hart has no number";

    const char *refusal = timebase_read(m, tree, cpus);
    for (fdt_node_t node = fdt_child_first(tree, cpus); refusal == NULL && node != FDT_NONE;
         node = fdt_child_next(tree, node)) {
        if (!fdt_has_text(tree, node, "device_type", "cpu"))
            continue;
        refusal = timebase_read(m, tree, node);
        if (refusal == NULL)
            refusal = hart_read(m, tree, node, address_cells);
    }
    if (refusal != NULL)
        return refusal;

    for (uint32_t i = 0; i < m->harts_count; i++)
        usable += m->harts[i].usable;
    if (usable == 0)
        return "the device tree names no usable hart";
    if (m->timebase_hz == 0)
        return "the device tree names no timebase-frequency";
    return NULL;
}
