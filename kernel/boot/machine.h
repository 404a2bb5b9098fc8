// SPDX-License-Identifier: BSD-2-Clause
//
// What the kernel knows of the machine it runs on. All of it comes from the device tree: nothing about a
// board is compiled in. machine_read() either fills the whole record or says in one sentence why it cannot.
//
// Addresses are physical, sizes are in bytes, frequencies in Hz. After machine_read() has returned NULL:
//   (1) each range has a size above 0 and ends at or below MACHINE_ADDRESS_END;
//   (2) memory is sorted, its ranges do not overlap, and there is at least one. They need not be whole pages:
//       round memory inwards, reserved ranges outwards;
//   (3) reserved ranges are sorted by base; they may overlap each other and lie outside of memory. The tree
//       itself, the initrd and the kernel's image are not among them;
//   (4) at least one hart is usable, and a usable hart has an S-mode context at the PLIC;
//   (5) the PLIC's registers hold all its contexts; neither they nor the pages of a device overlap memory;
//   (6) a page that a device in `devices` has registers in belongs to no other device of the tree.
#ifndef RIVET_BOOT_MACHINE_H
#define RIVET_BOOT_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MACHINE_MEMORY_MAX = 16,
    MACHINE_RESERVED_MAX = 32,
    MACHINE_HARTS_MAX = 8,
    MACHINE_DEVICES_MAX = 16,

    MACHINE_PAGE_BYTES = 4096,
    MACHINE_IRQ_MAX = 1023,       // the PLIC's sources are 1 to 1023
    MACHINE_CONTEXT_MAX = 15871,  // and its contexts 0 to this
    MACHINE_REG_SHIFT_MAX = 3,
};

#define MACHINE_ADDRESS_END (UINT64_C(1) << 56) // of physical addresses, by the privileged architecture
#define MACHINE_CONTEXT_NONE UINT32_MAX
#define MACHINE_WATCHDOG_GATES 2 // clocks of a watchdog: that of its registers, and that which it counts

struct machine_range {
    uint64_t base, size;
};

// What an ISA string (or the list of extensions) promises, as far as the kernel asks.
enum machine_isa {
    MACHINE_ISA_F = 1 << 0,
    MACHINE_ISA_D = 1 << 1,
    MACHINE_ISA_SSTC = 1 << 2,    // stimecmp
    MACHINE_ISA_SVADE = 1 << 3,   // A and D fault instead of being set
    MACHINE_ISA_SVADU = 1 << 4,   // A and D can be set by hardware
    MACHINE_ISA_SVINVAL = 1 << 5,
    MACHINE_ISA_SVPBMT = 1 << 6,
    MACHINE_ISA_SVNAPOT = 1 << 7,
    MACHINE_ISA_ZICBOM = 1 << 8,
};

struct machine_hart {
    uint64_t id;           // as the SBI knows it
    uint32_t isa;          // enum machine_isa
    uint32_t plic_context; // of S-mode, or MACHINE_CONTEXT_NONE
    uint32_t intc;         // phandle of the hart's own interrupt controller, 0 if none
    bool usable;           // enabled, RV64, has an MMU and an S-mode context
};

enum machine_kind {
    MACHINE_NONE,
    MACHINE_UART_NS16550, // ns16550a
    MACHINE_UART_DW_APB,  // snps,dw-apb-uart: an ns16550a with extra registers
    MACHINE_UART_SIFIVE,  // sifive,uart0
    MACHINE_TEST_SIFIVE,  // sifive,test0 or test1: ends an emulator with an exit status
    MACHINE_RTC_GOLDFISH, // google,goldfish-rtc
};

// A device that cannot write memory. The registers of a UART are `reg_width` bytes wide (1, 2, 4) and
// 1 << reg_shift bytes apart, and the eight of an ns16550a fit; both are 0 for what is not a UART.
struct machine_device {
    enum machine_kind kind;
    struct machine_range range;
    uint32_t irq;      // source at the PLIC, 0 if none
    uint32_t reg_shift;
    uint32_t reg_width;
    uint64_t clock_hz; // of a UART's baud generator, 0 if the tree does not say
};

struct machine_plic {
    struct machine_range range;
    uint32_t sources; // the highest source, 1 to MACHINE_IRQ_MAX
    uint32_t phandle; // 0 if none
};

// A starfive,jh7110-wdt: its registers, and where the gates of its clocks are.
struct machine_watchdog {
    struct machine_range range; // of size 0 if there is none
    uint64_t gates[MACHINE_WATCHDOG_GATES];
};

struct machine {
    struct machine_range memory[MACHINE_MEMORY_MAX];
    uint32_t memory_count;
    struct machine_range reserved[MACHINE_RESERVED_MAX];
    uint32_t reserved_count;

    uint64_t boot_hart; // as machine_read() was told
    // In the tree's order. Should they not all fit, usable ones take the places of others, and the one that boots
    // that of the last.
    struct machine_hart harts[MACHINE_HARTS_MAX];
    uint32_t harts_count;
    uint32_t harts_ignored; // usable ones that did not fit; the one that boots, if usable, is never among them
    uint64_t timebase_hz;   // of the time CSR; 10 kHz to 10 GHz

    struct machine_plic plic;
    struct machine_device console; // kind is MACHINE_NONE when there is no known UART

    // May be handed to programs. The console is among them, unless it shares a page.
    struct machine_device devices[MACHINE_DEVICES_MAX];
    uint32_t devices_count;
    uint32_t devices_ignored; // of a known kind, but did not fit or share a page (invariant 6)

    struct machine_watchdog watchdog;

    uint64_t initrd_start, initrd_end; // inside memory, start below end; both 0 when there is none
    const char *bootargs;              // inside the tree, or ""
    uint32_t fdt_bytes;                // how long the tree is
};

// Reads the flattened device tree at `fdt`, of which at most `max` bytes may be read, into `m`; `boot_hart` is the
// hart that boots, as the SBI knows it, for which there is a place however many harts there are. Returns NULL,
// or one sentence without a full stop that names the problem; then `m` means nothing. `m` points into the
// tree (bootargs). The work is bounded by the tree's size; only `m` and some 2 KiB of stack are written.
const char *machine_read(struct machine *m, const void *fdt, size_t max, uint64_t boot_hart);

#endif
