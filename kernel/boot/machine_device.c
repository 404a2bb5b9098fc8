// SPDX-License-Identifier: BSD-2-Clause
//
// Devices that cannot write memory, so that their registers may be handed to programs, and the console.
//
// Registers are handed out by pages. A page in which another device of the tree has registers, of whatever
// kind, would hand out that one as well: such a device is left out of the list (as console it stays usable).
#include "machine_part.h"

enum {
    UART_REGISTERS = 8,
    REGS_MAX = 64, // entries of one `reg` that are looked at for shared pages
};

// Beside m->devices while they are collected.
struct device_nodes {
    fdt_node_t node[MACHINE_DEVICES_MAX];
    bool is_shared[MACHINE_DEVICES_MAX];
};

static enum machine_kind device_kind(const struct fdt *tree, fdt_node_t node)
{
    if (node_is_compatible(tree, node, "snps,dw-apb-uart"))
        return MACHINE_UART_DW_APB; // first: some of these name the ns16550a as well
    if (node_is_compatible(tree, node, "ns16550a"))
        return MACHINE_UART_NS16550;
    if (node_is_compatible(tree, node, "sifive,uart0"))
        return MACHINE_UART_SIFIVE;
    if (node_is_compatible(tree, node, "sifive,test1") || node_is_compatible(tree, node, "sifive,test0"))
        return MACHINE_TEST_SIFIVE;
    if (node_is_compatible(tree, node, "google,goldfish-rtc"))
        return MACHINE_RTC_GOLDFISH;
    return MACHINE_NONE;
}

static bool kind_is_uart(enum machine_kind kind)
{
    return kind == MACHINE_UART_NS16550 || kind == MACHINE_UART_DW_APB || kind == MACHINE_UART_SIFIVE;
}

// The first line of the device, should it go to our PLIC; where no interrupt parent is named, it does.
static const char *device_irq_read(const struct machine *m, const struct bus_walk *walk, uint32_t *irq)
{
    const struct fdt *tree = walk->nodes.tree;
    fdt_node_t node = fdt_walk_node(&walk->nodes);
    uint64_t parent = walk->path[fdt_walk_depth(&walk->nodes)].interrupt_parent, line;
    struct fdt_value value;
    uint32_t cursor = 0;

    *irq = 0;
    if (fdt_value(tree, node, "interrupts-extended", &value)) {
        if (!fdt_cells(&value, &cursor, 1, &parent))
            return "a device's interrupts are damaged";
    } else if (!fdt_value(tree, node, "interrupts", &value)) {
        return NULL;
    }
    if (parent != 0 && parent != m->plic.phandle)
        return NULL;
    if (!fdt_cells(&value, &cursor, 1, &line))
        return "a device's interrupts are damaged";
    if (line == 0 || line > m->plic.sources)
        return "a device names an interrupt source that the interrupt controller does not have";
    *irq = (uint32_t)line;
    return NULL;
}

static const char *uart_read(const struct fdt *tree, fdt_node_t node, struct machine_device *device)
{
    bool is_sifive = device->kind == MACHINE_UART_SIFIVE; // has words as registers, which no tree mentions
    struct fdt_value clock;

    if (!node_number(tree, node, "reg-shift", is_sifive ? 2 : 0, &device->reg_shift) ||
        device->reg_shift > MACHINE_REG_SHIFT_MAX)
        return "a UART's reg-shift is not between 0 and 3";
    if (!node_number(tree, node, "reg-io-width", is_sifive ? 4 : 1, &device->reg_width) ||
        (device->reg_width != 1 && device->reg_width != 2 && device->reg_width != 4))
        return "a UART's reg-io-width is not 1, 2 or 4";
    if (device->reg_width > 1u << device->reg_shift)
        return "a UART's registers are wider than they are apart";
    if (device->range.base % device->reg_width != 0)
        return "a UART's registers are not aligned";
    if (device->range.size < (uint64_t)UART_REGISTERS << device->reg_shift)
        return "a UART's registers do not fit into its reg";
    if (fdt_value(tree, node, "clock-frequency", &clock) && !fdt_number(&clock, &device->clock_hz))
        return "a UART's clock-frequency is not a number of 4 or 8 bytes";
    return NULL;
}

static const char *device_check(const struct machine *m, const struct machine_device *device)
{
    if (!range_is_sound(&device->range))
        return "a device's registers are empty or pass the end of the physical addresses";

    struct machine_range pages = range_pages(&device->range);
    for (uint32_t i = 0; i < m->memory_count; i++)
        if (range_overlaps(&pages, &m->memory[i]))
            return "a device's registers overlap memory";
    return NULL;
}

// Fills `device` from the present node. Its kind is MACHINE_NONE when that is no device of ours.
static const char *device_read(const struct machine *m, const struct bus_walk *walk,
                               struct machine_device *device)
{
    const struct fdt *tree = walk->nodes.tree;
    fdt_node_t node = fdt_walk_node(&walk->nodes);
    enum machine_kind kind = device_kind(tree, node);

    *device = (struct machine_device){.kind = MACHINE_NONE};
    if (kind == MACHINE_NONE || !node_is_enabled(tree, node))
        return NULL;

    enum bus_reg reg = bus_reg(walk, 0, &device->range);
    if (reg == BUS_REG_DAMAGED)
        return "a device's reg does not fit the cells above it";
    if (reg != BUS_REG_OK)
        return NULL; // not on the memory bus
    device->kind = kind;

    const char *refusal = device_check(m, device);
    if (refusal == NULL)
        refusal = device_irq_read(m, walk, &device->irq);
    if (refusal == NULL && kind_is_uart(kind))
        refusal = uart_read(tree, node, device);
    return refusal;
}

// The node that /chosen/stdout-path means: "/soc/serial@10000000" or an alias, each with ":115200n8" behind.
static fdt_node_t stdout_find(const struct fdt *tree)
{
    struct fdt_value value;
    const char *path;
    size_t length = 0;

    if (!fdt_value(tree, fdt_path(tree, "/chosen", 7), "stdout-path", &value))
        return FDT_NONE;
    path = fdt_text(&value);
    if (path == NULL)
        return FDT_NONE;
    while (path[length] != '\0' && path[length] != ':')
        length++;
    if (path[0] == '/')
        return fdt_path(tree, path, length);

    if (!fdt_value_named(tree, fdt_path(tree, "/aliases", 8), path, length, &value))
        return FDT_NONE;
    path = fdt_text(&value);
    return path != NULL ? fdt_path(tree, path, fdt_text_length(path)) : FDT_NONE;
}

static void device_add(struct machine *m, struct device_nodes *nodes, fdt_node_t node,
                       const struct machine_device *device)
{
    if (m->devices_count == MACHINE_DEVICES_MAX) {
        m->devices_ignored++;
        return;
    }
    nodes->node[m->devices_count] = node;
    nodes->is_shared[m->devices_count] = false;
    m->devices[m->devices_count++] = *device;
}

// Marks the devices in whose pages the present node has registers, unless it is that device itself.
static void device_mark_shared(const struct machine *m, struct device_nodes *nodes,
                               const struct bus_walk *walk)
{
    struct machine_range range;

    for (uint32_t index = 0; index < REGS_MAX; index++) {
        enum bus_reg reg = bus_reg(walk, index, &range);
        if (reg == BUS_REG_NONE || reg == BUS_REG_DAMAGED)
            return;
        if (reg != BUS_REG_OK || !range_is_sound(&range))
            continue;
        for (uint32_t i = 0; i < m->devices_count; i++) {
            struct machine_range pages = range_pages(&m->devices[i].range);
            if (nodes->node[i] != fdt_walk_node(&walk->nodes) && range_overlaps(&pages, &range))
                nodes->is_shared[i] = true;
        }
    }
}

static void device_drop_shared(struct machine *m, const struct device_nodes *nodes)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < m->devices_count; i++)
        if (!nodes->is_shared[i])
            m->devices[kept++] = m->devices[i];
    m->devices_ignored += m->devices_count - kept;
    m->devices_count = kept;
}

const char *machine_devices_read(struct machine *m, const struct fdt *tree)
{
    struct bus_walk walk;
    struct device_nodes nodes;
    struct machine_device device;
    fdt_node_t console = stdout_find(tree);

    bus_walk_start(&walk, tree);
    while (bus_walk_next(&walk)) {
        machine_watchdog_read(m, &walk);
        const char *refusal = device_read(m, &walk, &device);
        if (refusal != NULL)
            return refusal;
        if (device.kind == MACHINE_NONE)
            continue;
        fdt_node_t node = fdt_walk_node(&walk.nodes);
        device_add(m, &nodes, node, &device);
        if (kind_is_uart(device.kind) && (node == console || m->console.kind == MACHINE_NONE))
            m->console = device;
    }

    bus_walk_start(&walk, tree);
    while (bus_walk_next(&walk))
        device_mark_shared(m, &nodes, &walk);
    device_drop_shared(m, &nodes);
    return NULL;
}
