// SPDX-License-Identifier: BSD-2-Clause
/*
 * From the first page tables to the first environment: what the machine is, who owns which frame, the tables
 * that everybody may read, the other harts.
 *
 *   RAM:  | firmware | image | frame table, page tables, info pages | free frames ... initrd ... device tree |
 *           NONE       NONE    NONE                                   FREE            DATA       FREE, once it was read
 */
#include "boot/early.h"
#include "boot/init.h"
#include "boot/machine.h"
#include "boot/probe.h"
#include "boot/watchdog.h"

#include "irq/irq.h"
#include "kernel.h"
#include "machine/machine.h"
#include "page/page.h"
#include "pte/pte.h"
#include "sbi.h"
#include "slice/slice.h"
#include "space/space.h"
#include "trap/hart.h"
#include "trap/trace.h"
#include "trap/trap.h"

#define ASID_BITS_MIN 8
#define FDT_MAX      (1ul << 20)
#define GIGABYTE     (1ul << 30)
#define MEGABYTES_2  (1ul << 21)
#define PROBE_PAGE   (TABLE_IRQS + 0x8000) // nothing of ours: bound for a moment
#define EXPORT_PTE   (PTE_V | PTE_R | PTE_U | PTE_G | PTE_A | PTE_D)
#define KERNEL_PTE   (PTE_V | PTE_R | PTE_W | PTE_G | PTE_A | PTE_D)

extern char image_start[], image_end[], start_secondary[];
extern const int32_t patch_sites[], patch_sites_end[];
extern char page_fault[], page_fault_noted[], page_fault_hidden[];

struct hart_memory;
extern struct hart_memory hart_memory[];

static struct machine machine;
static bool traced;
static word_t image_physical;
static word_t boot_next; // physical: the next page that boot takes for tables
static pte_t direct_level1[EARLY_ENTRIES] __attribute__((aligned(PAGE_SIZE)));
static pte_t direct_level0[EARLY_ENTRIES] __attribute__((aligned(PAGE_SIZE)));

static word_t round_up(word_t value, word_t unit) { return (value + unit - 1) & ~(unit - 1); }
static word_t image_address(const void *linked) { return image_physical + ((word_t)linked - IMAGE_BASE); }
static word_t image_size(void) { return (word_t)image_end - (word_t)image_start; }

static void boot_fail(const char *why)
{
    kernel_log("rivet: cannot start: %s.\n", why);
    sbi_reset(false);
    for (;;)
        asm volatile("wfi");
}

// Without ASIDs every switch of space flushes: sfence.vma over each nop that waits for it (trap/entry.S).
static void asid_patch(void)
{
    const uint32_t sfence_vma = 0x12000073;
    for (const int32_t *site = patch_sites; site < patch_sites_end; site++)
        *(uint32_t *)direct(image_address((const char *)site + *site)) = sfence_vma;
    asm volatile("fence.i");
}

// Page faults go a way that notes A and D: a jump over the first instruction of the fast one (trap/entry.S).
static void page_fault_patch(const char *label)
{
    word_t to = (word_t)label - (word_t)page_fault;
    uint32_t jump = 0x6f | (to >> 20 & 1) << 31 | (to >> 1 & 0x3ff) << 21 | (to >> 11 & 1) << 20 | (to >> 12 & 0xff) << 12;
    *(uint32_t *)direct(image_address(page_fault)) = jump;
    asm volatile("fence.i");
}

static bool overlaps(word_t start, word_t end, word_t base, word_t size)
{
    return size != 0 && start < base + size && base < end;
}

// The end of something that lies in [start, end) and is not ours to use; 0 when nothing does.
static word_t obstacle(word_t start, word_t end, word_t fdt)
{
    if (overlaps(start, end, fdt, machine.fdt_bytes))
        return fdt + machine.fdt_bytes;
    if (overlaps(start, end, machine.initrd_start, machine.initrd_end - machine.initrd_start))
        return machine.initrd_end;
    for (uint32_t i = 0; i < machine.reserved_count; i++)
        if (overlaps(start, end, machine.reserved[i].base, machine.reserved[i].size))
            return machine.reserved[i].base + machine.reserved[i].size;
    return 0;
}

// A run of pages for the kernel's tables, behind the image, in the memory the image is in.
static word_t boot_place(word_t size, word_t fdt)
{
    word_t start = round_up(image_physical + image_size(), PAGE_SIZE);
    for (word_t behind; (behind = obstacle(start, start + size, fdt)) != 0;)
        start = round_up(behind, PAGE_SIZE);
    for (uint32_t i = 0; i < machine.memory_count; i++) {
        const struct machine_range *memory = &machine.memory[i];
        if (start >= memory->base && start + size <= memory->base + memory->size)
            return start;
    }
    boot_fail("there is too little memory behind the kernel's image");
    return 0;
}

static void *boot_page(void)
{
    void *page = direct(boot_next);
    boot_next += PAGE_SIZE;
    page_clear(physical(page) >> PAGE_SHIFT);
    return page;
}

static pte_t *table_below(pte_t *entry)
{
    if (*entry == 0)
        *entry = physical(boot_page()) >> PAGE_SHIFT << PTE_PPN_SHIFT | PTE_V;
    return page_memory(pte_page(*entry));
}

// Shows one page of the kernel's to every environment.
static void export_page(word_t address, word_t page)
{
    pte_t *level1 = table_below(&early_root[address >> 30 & (EARLY_ENTRIES - 1)]);
    pte_t *level0 = table_below(&level1[address >> 21 & (EARLY_ENTRIES - 1)]);
    level0[address >> 12 & (EARLY_ENTRIES - 1)] = page << PTE_PPN_SHIFT | EXPORT_PTE;
}

// The leaf for an address that nothing of ours has.
static pte_t *probe_entry(void)
{
    pte_t *level1 = table_below(&early_root[PROBE_PAGE >> 30 & (EARLY_ENTRIES - 1)]);
    return &((pte_t *)table_below(&level1[PROBE_PAGE >> 21 & (EARLY_ENTRIES - 1)]))[PROBE_PAGE >> 12 & (EARLY_ENTRIES - 1)];
}

static void *export_fresh(word_t address, word_t pages)
{
    void *first = direct(boot_next);
    for (word_t i = 0; i < pages; i++)
        export_page(address + i * PAGE_SIZE, physical(boot_page()) >> PAGE_SHIFT);
    return first;
}

// Leaves in the direct map only gigabytes with memory or the PLIC, and takes the image out of it (W^X).
static void direct_narrow(void)
{
    const word_t first = DIRECT_BASE >> 30 & (EARLY_ENTRIES - 1);
    for (word_t i = 0; i < DIRECT_SIZE / GIGABYTE; i++) {
        bool used = overlaps(i * GIGABYTE, (i + 1) * GIGABYTE, machine.plic.range.base, machine.plic.range.size);
        for (uint32_t bank = 0; bank < machine.memory_count; bank++)
            used |= overlaps(i * GIGABYTE, (i + 1) * GIGABYTE, machine.memory[bank].base, machine.memory[bank].size);
        if (!used)
            early_root[first + i] = 0;
    }
    word_t gigabyte = image_physical & ~(GIGABYTE - 1);
    word_t megabytes = image_physical & ~(MEGABYTES_2 - 1);
    for (word_t i = 0; i < EARLY_ENTRIES; i++) {
        direct_level1[i] = (gigabyte + i * MEGABYTES_2) >> PAGE_SHIFT << PTE_PPN_SHIFT | KERNEL_PTE;
        word_t page = megabytes + i * PAGE_SIZE;
        bool image = page >= image_physical && page < image_physical + image_size();
        direct_level0[i] = image ? 0 : page >> PAGE_SHIFT << PTE_PPN_SHIFT | KERNEL_PTE;
    }
    direct_level1[(megabytes - gigabyte) / MEGABYTES_2] = image_address(direct_level0) >> PAGE_SHIFT << PTE_PPN_SHIFT | PTE_V;
    early_root[first + gigabyte / GIGABYTE] = image_address(direct_level1) >> PAGE_SHIFT << PTE_PPN_SHIFT | PTE_V;
    hw_fence_space(0);
}

// The frames that lie whole in [start, end) when `whole`, or touch it when not, become of that kind, if they are of one.
static void frames_turn(word_t start, word_t end, bool whole, uint8_t from, uint8_t kind)
{
    word_t first = (whole ? round_up(start, PAGE_SIZE) : start) >> PAGE_SHIFT;
    word_t behind = (whole ? end : round_up(end, PAGE_SIZE)) >> PAGE_SHIFT;
    first = first < pages.first ? 0 : first - pages.first;
    behind = behind < pages.first ? 0 : behind - pages.first;
    for (word_t i = first; i < behind && i < pages.count; i++)
        if (pages.table[i].kind == from)
            pages.table[i].kind = kind;
}

static void frames_take(word_t start, word_t end)
{
    frames_turn(start, end, false, PAGE_FREE, PAGE_NONE);
    frames_turn(start, end, false, PAGE_DATA, PAGE_NONE);
}

// Boot loaders reserve the initrd as well, so that nobody takes it; init is to have it all the same.
static bool range_is_initrd(const struct machine_range *range)
{
    word_t start = machine.initrd_start & ~(PAGE_SIZE - 1ul);
    return range->base >= start && range->base + range->size <= round_up(machine.initrd_end, PAGE_SIZE);
}

/*
 * What is in memory is free, but for the initrd, and what no environment gets: what is reserved, the kernel's, and the
 * firmware, which lives between the start of the memory it loaded us into and the image.
 */
static void frames_boot(word_t tables, word_t tables_end)
{
    for (uint32_t i = 0; i < machine.memory_count; i++)
        frames_turn(machine.memory[i].base, machine.memory[i].base + machine.memory[i].size, true, PAGE_NONE, PAGE_FREE);
    if (machine.initrd_end > machine.initrd_start)
        frames_turn(machine.initrd_start, machine.initrd_end, false, PAGE_FREE, PAGE_DATA);
    for (uint32_t i = 0; i < machine.memory_count; i++) {
        word_t base = machine.memory[i].base;
        if (image_physical >= base && image_physical - base < machine.memory[i].size)
            frames_turn(base, image_physical, false, PAGE_FREE, PAGE_NONE); // an initrd there is no firmware
    }
    for (uint32_t i = 0; i < machine.reserved_count; i++)
        if (!range_is_initrd(&machine.reserved[i]))
            frames_take(machine.reserved[i].base, machine.reserved[i].base + machine.reserved[i].size);
    frames_take(image_physical, image_physical + image_size());
    frames_take(tables, tables_end);
}

// Everything is the first environment's, which is named after its first frame.
static env_t frames_own(void)
{
    env_t init = init_pick();
    for (word_t i = 0; i < pages.count; i++)
        if (pages.table[i].kind != PAGE_NONE)
            pages.table[i].owner = (uint32_t)init;
    return init;
}

_Static_assert((int)MACHINE_UART_NS16550 == (int)DEVICE_UART_NS16550 && (int)MACHINE_UART_DW_APB == (int)DEVICE_UART_DW &&
               (int)MACHINE_UART_SIFIVE == (int)DEVICE_UART_SIFIVE && (int)MACHINE_TEST_SIFIVE == (int)DEVICE_FINISHER &&
               (int)MACHINE_RTC_GOLDFISH == (int)DEVICE_RTC, "a device's kind is copied as it is");

static void devices_boot(env_t init)
{
    machine_info->console = ~0u;
    for (uint32_t i = 0; i < machine.devices_count; i++) {
        const struct machine_device *device = &machine.devices[i];
        struct device_info *info = &machine_info->devices[machine_info->device_count];
        info->page = device->range.base >> PAGE_SHIFT;
        info->offset = device->range.base % PAGE_SIZE;
        info->irq = device->irq;
        info->kind = device->kind;
        info->reg_shift = device->reg_shift;
        info->io_width = device->reg_width;
        info->clock_hz = (uint32_t)device->clock_hz;
        page_boot_device(info->page, init);
        if (device->kind == machine.console.kind && device->range.base == machine.console.range.base)
            machine_info->console = machine_info->device_count;
        machine_info->device_count++;
    }
}

// The hart that boots becomes number 0; the firmware's ids keep their order behind it.
static void harts_boot(word_t boot_id)
{
    bool found = false;
    hart_count = 1;
    for (uint32_t i = 0; i < machine.harts_count; i++) {
        const struct machine_hart *hart = &machine.harts[i];
        if (!hart->usable)
            continue;
        found |= hart->id == boot_id;
        if (hart->id != boot_id && hart_count == HARTS_MAX)
            continue; // only when the one that boots is not there: said below
        word_t index = hart->id == boot_id ? 0 : hart_count++;
        struct hart *memory = hart_number(index);
        memory->index = index;
        memory->id = hart->id;
        memory->plic_context = hart->plic_context;
        memory->boundary = (word_t)memory + HART_STACK_TOP;
        env_at(memory->boundary)->hart = memory->boundary; // its own: so the trap path knows the kernel (entry.S)
        machine_info->hart_id[index] = hart->id;
    }
    if (!found)
        boot_fail("the device tree does not name the hart that boots as usable");
    if (machine.harts_ignored > 0)
        kernel_log("rivet: %lu harts are left alone: the kernel holds %lu.\n", (word_t)machine.harts_ignored, (word_t)HARTS_MAX);
    machine_info->hart_count = hart_count;
    machine_info->boot_hart = (uint32_t)boot_id;
}

// What each hart does for itself.
static void hart_start(struct hart *hart)
{
    if (traced)
        csr_write(stvec, (word_t)trace_vector);
    csr_write(sie, SIE_SOFT | SIE_TIMER | SIE_EXTERN);
    csr_write(scounteren, machine_info->time_traps ? 5 : 7); // rdtime in a program: the firmware's at once, or by `no_time`
    hw_fence_code(); // boot changed the image
    slice_set_timer(hart, ~0ul);
    quiesce_see(hart);
    __atomic_store_n(&hart->online, 1, __ATOMIC_RELEASE);
}

// One of the words of the boot arguments, which end at `run`.
static bool argument_given(const char *arguments, const char *word)
{
    while (*arguments != '\0') {
        while (*arguments == ' ')
            arguments++;
        const char *a = arguments, *w = word;
        while (*w != '\0' && *a == *w)
            a++, w++;
        if (*w == '\0' && (*a == ' ' || *a == '\0'))
            return true;
        if (arguments[0] == 'r' && arguments[1] == 'u' && arguments[2] == 'n' && arguments[3] == ' ')
            return false;
        while (*arguments != ' ' && *arguments != '\0')
            arguments++;
    }
    return false;
}

static void info_boot(word_t asid_bits)
{
    const char *arguments = machine.bootargs;
    word_t length = 0;
    while (arguments[length] != '\0' && length < sizeof(machine_info->arguments) - 1)
        length++;
    for (word_t i = 0; i < length; i++)
        machine_info->arguments[i] = arguments[i];
#ifdef RIVET_COUNT
    hw_count_fences = &machine_info->fences;
    hw_count_satps = &machine_info->satp_writes;
    hw_count_flushes = asid_bits == 0;
#endif
    machine_info->magic = MACHINE_MAGIC;
    machine_info->timebase_hz = machine.timebase_hz;
    machine_info->ram_first = pages.first;
    machine_info->ram_count = pages.count;
    machine_info->initrd = machine.initrd_start;
    machine_info->initrd_size = machine.initrd_end - machine.initrd_start;
    machine_info->asid_bits = (uint32_t)asid_bits;
    bool no_time = argument_given(machine.bootargs, "no_time");
    machine_info->time_traps = no_time || probe_time() & PROBE_FIRMWARE;
    uint32_t misaligned = probe_misaligned(), illegal = probe_illegal();
    machine_info->misaligned_excepts = (misaligned & PROBE_EXCEPTION) != 0;
    machine_info->misaligned_firmware = (misaligned & PROBE_FIRMWARE) != 0;
    machine_info->illegal_firmware = (illegal & PROBE_FIRMWARE) != 0;
    machine_info->sstc = !no_time;
    for (uint32_t i = 0; i < machine.harts_count; i++)
        if (machine.harts[i].usable && !(machine.harts[i].isa & MACHINE_ISA_SSTC))
            machine_info->sstc = 0;
}

// One line about a property that this machine has, which only those want who ask for all; or lacks, and why.
static void property_say(bool has, const char *with, const char *without, const char *asked, const char *why)
{
    bool forced = asked != NULL && argument_given(machine.bootargs, asked);
    if (has && argument_given(machine.bootargs, "verbose"))
        kernel_log("rivet: %s.\n", with);
    if (!has && forced)
        kernel_log("rivet: %s: `%s` asks for it.\n", without, asked);
    if (!has && !forced)
        kernel_log("rivet: %s: %s.\n", without, why);
}

// What this machine lacks and the kernel does in its place: a line each.
static void properties_say(void)
{
    const struct machine_info *info = machine_info;
    property_say(info->walker_bits, "A and D bits are set by the MMU", "A and D bits are set by the kernel", "no_ad",
                 "this machine faults instead");
    property_say(info->asid_bits != 0, "spaces have ASIDs", "each change of space flushes the TLB", "no_asids",
                 "this machine has too few ASIDs");
    property_say(info->sstc, "each hart sets its timer itself", "timers are set by the firmware", "no_time",
                 "this machine has no Sstc");
    property_say(!info->time_traps, "the time is read from a register", "reading the time traps to the firmware", "no_time",
                 "this machine has no register for it");
    property_say(!info->misaligned_firmware && !info->misaligned_excepts, "misaligned accesses are the processor's",
                 info->misaligned_excepts ? "misaligned accesses are exceptions" : "misaligned accesses are carried out by the firmware",
                 NULL, "this processor has none");
    property_say(info->fetches_stores, "what is stored is fetched at once", "code is fetched anew where it is bound", NULL,
                 "this machine's instruction cache does not see stores");
    if (argument_given(machine.bootargs, "verbose")) // nothing is done about it, and most firmware has it so
        kernel_log("rivet: illegal instructions %s.\n", info->illegal_firmware ? "come by way of the firmware" : "come to the kernel at once");
}

void boot_secondary(word_t index)
{
    struct hart *hart = hart_number(index);
    hart_start(hart);
    slice_next();
}

void boot_main(word_t boot_id, word_t fdt, word_t load, word_t instructions)
{
    image_physical = load;
    hart_at(hw_hart())->boundary = hw_hart();
    env_at(hw_hart())->hart = hw_hart();
    sbi_probe();
    word_t asid_bits = probe_asid_bits();
    const char *why = fdt % 8 != 0 ? "the firmware gave no device tree" : machine_read(&machine, direct(fdt), FDT_MAX, boot_id);
    if (why != NULL)
        boot_fail(why);
    machine_framed = argument_given(machine.bootargs, "framed");
    traced = trace_boot(machine.bootargs);
    // Too few to give each space its own: do without. So can be asked for, because every QEMU has them.
    if (asid_bits < ASID_BITS_MIN || argument_given(machine.bootargs, "no_asids")) {
        asid_bits = 0;
        asid_patch();
    }
    if (!sbi_has(SBI_TIME) || !sbi_has(SBI_IPI) || !sbi_has(SBI_RFENCE) || !sbi_has(SBI_HSM))
        boot_fail("the firmware lacks an SBI extension (TIME, IPI, RFENCE and HSM are needed)");
    watchdog_stop(&machine);

    const struct machine_range *last = &machine.memory[machine.memory_count - 1];
    word_t first = round_up(machine.memory[0].base, PAGE_SIZE) >> PAGE_SHIFT;
    word_t count = ((last->base + last->size) >> PAGE_SHIFT) - first;
    word_t table_size = round_up(count * sizeof(struct frame), PAGE_SIZE);
    word_t size = table_size + (table_size / MEGABYTES_2 + 16) * PAGE_SIZE;
    word_t tables = boot_place(size, fdt);
    boot_next = tables;
    page_boot(direct(tables), first, count);

    machine_info = export_fresh(TABLE_INFO, 1);
    struct slice (*vectors)[SLICES_MAX] = export_fresh(TABLE_SLICES, 1);
    struct irq_info *irqs = export_fresh(TABLE_IRQS, 2);
    word_t frames = round_up(boot_next, PAGE_SIZE);
    boot_next += table_size;
    for (word_t at = 0; at < table_size; at += PAGE_SIZE) {
        page_clear((frames + at) >> PAGE_SHIFT);
        export_page(TABLE_FRAMES + at, (frames + at) >> PAGE_SHIFT);
    }
    page_boot(direct(frames), first, count);
    word_t probe_page = physical(machine_info) >> PAGE_SHIFT;
    bool walker_bits = probe_walker_bits(probe_entry(), PROBE_PAGE, probe_page);
    machine_info->fetches_stores = probe_fetches_stores(probe_entry(), PROBE_PAGE, probe_page);
    pte_hides = walker_bits && argument_given(machine.bootargs, "no_ad");
    if (!walker_bits || pte_hides)
        page_fault_patch(pte_hides ? page_fault_hidden : page_fault_noted);
    direct_narrow();
    info_boot(asid_bits);
    machine_info->walker_bits = walker_bits && !pte_hides;
    properties_say();
    harts_boot(boot_id);
    space_boot(early_root, boot_satp, asid_bits);

    frames_boot(tables, tables + size);
    env_t init_name = frames_own();
    if (init_name == 0)
        boot_fail("there is too little memory for init");
    machine_info->init = init_name;
    devices_boot(init_name);
    slice_boot(vectors, machine.timebase_hz, init_name);
    irq_boot(machine.plic.range.base, machine.plic.sources, irqs, init_name);
    for (word_t i = 0; i < hart_count; i++)
        irq_boot_hart(hart_number(i));

    struct hart *hart = hart_self();
    struct env *init = NULL;
    why = init_load(init_name, direct(machine.initrd_start), machine.initrd_end - machine.initrd_start, &init);
    if (why != NULL)
        boot_fail(why);
    hart_start(hart);
    for (word_t i = 1; i < hart_count; i++)
        if (sbi_hart_start(hart_number(i)->id, image_address(start_secondary), i) != 0)
            kernel_log("rivet: the firmware does not start hart %lu\n", hart_number(i)->id);
    machine_info->boot_instructions = csr_read(instret) - instructions;
    slice_begin(hart);
    slice_run(init);
}
