// SPDX-License-Identifier: BSD-2-Clause
//
// The machine's description, made from the device tree; machine.h says what holds of it. The subjects have a
// file each (machine_part.h); here are the order in which they are read, and what /chosen says.
#include "machine.h"

#include "machine_part.h"

// Whether [start, end) is memory. Ranges that touch count as one.
static bool memory_contains(const struct machine *m, uint64_t start, uint64_t end)
{
    for (uint32_t i = 0; i < m->memory_count; i++) {
        const struct machine_range *range = &m->memory[i];
        if (start - range->base < range->size) // wraps when start is below the range
            start = range->base + range->size;
        if (start >= end)
            return true;
    }
    return false;
}

static const char *initrd_read(struct machine *m, const struct fdt *tree, fdt_node_t chosen)
{
    struct fdt_value start, end;
    bool has_start = fdt_value(tree, chosen, "linux,initrd-start", &start);
    bool has_end = fdt_value(tree, chosen, "linux,initrd-end", &end);

    if (!has_start && !has_end)
        return NULL;
    if (!has_start || !has_end)
        return "the device tree gives only one end of the initrd";
    if (!fdt_number(&start, &m->initrd_start) || !fdt_number(&end, &m->initrd_end))
        return "the initrd's place is not a number of 4 or 8 bytes";
    if (m->initrd_start > m->initrd_end)
        return "the initrd ends before it starts";
    if (m->initrd_start == m->initrd_end)
        return NULL; // an empty file: as if there were none
    if (!memory_contains(m, m->initrd_start, m->initrd_end))
        return "the initrd lies outside of memory";
    return NULL;
}

static const char *bootargs_read(struct machine *m, const struct fdt *tree, fdt_node_t chosen)
{
    struct fdt_value value;

    m->bootargs = "";
    if (!fdt_value(tree, chosen, "bootargs", &value) || value.length == 0)
        return NULL;
    m->bootargs = fdt_text(&value);
    return m->bootargs != NULL ? NULL : "the boot arguments have no end";
}

static const char *chosen_read(struct machine *m, const struct fdt *tree)
{
    fdt_node_t chosen = fdt_path(tree, "/chosen", 7);
    const char *refusal = bootargs_read(m, tree, chosen); // without /chosen, nothing is found in it
    return refusal != NULL ? refusal : initrd_read(m, tree, chosen);
}

const char *machine_read(struct machine *m, const void *fdt, size_t max, uint64_t boot_hart)
{
    struct fdt tree;
    const char *refusal = fdt_open(&tree, fdt, max);

    *m = (struct machine){.boot_hart = boot_hart, .fdt_bytes = refusal == NULL ? tree.size : 0};
    if (refusal == NULL)
        refusal = machine_memory_read(m, &tree);
    if (refusal == NULL)
        refusal = machine_harts_read(m, &tree);
    if (refusal == NULL)
        refusal = machine_plic_read(m, &tree);
    if (refusal == NULL)
        refusal = machine_devices_read(m, &tree);
    if (refusal == NULL)
        refusal = chosen_read(m, &tree);
    return refusal;
}
