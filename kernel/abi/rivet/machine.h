// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the machine is, read from the device tree at boot: one page at TABLE_INFO that everybody may read,
 * and the vectors of slices at TABLE_SLICES and of interrupt sources at TABLE_IRQS.
 */
#ifndef RIVET_MACHINE_H
#define RIVET_MACHINE_H

#include <rivet/layout.h>
#include <rivet/page.h>

struct slice {
    uint32_t env;    // owner, 0: nobody
    uint32_t excess; // ticks it overran and still owes
    uint64_t used;   // ticks that were consumed on it, whoever ran, up to the end of its last turn
};

struct irq_info {
    uint32_t owner;  // env_t, 0: nobody
    uint32_t claims; // how often it fired since boot
};

enum device_kind {
    DEVICE_UART_NS16550 = 1,
    DEVICE_UART_DW,
    DEVICE_UART_SIFIVE,
    DEVICE_FINISHER,
    DEVICE_RTC,
};

struct device_info {
    uint64_t page;       // of its registers, to be bound like any frame
    uint32_t offset;     // of the first register in that page
    uint32_t irq;        // 0: none
    uint32_t kind;       // enum device_kind
    uint32_t reg_shift;  // registers are 2^reg_shift bytes apart
    uint32_t io_width;   // bytes of one access
    uint32_t clock_hz;   // 0: not said
};

struct machine_info {
    uint64_t magic;            // MACHINE_MAGIC
    uint64_t timebase_hz;
    uint64_t ram_first;        // page number of frame 0 of the frame table
    uint64_t ram_count;        // frames in the table
    uint64_t slice_ticks;      // length of a slice
    uint64_t grace_ticks;      // what the end of a slice may take
    uint64_t initrd;           // physical address of the first byte, 0: none
    uint64_t initrd_size;      // bytes
    uint64_t init;             // env_t of the first environment
    uint32_t hart_count;
    uint32_t asid_bits;
    uint32_t sstc;             // 1: timers cost one instruction
    uint32_t boot_hart;
    uint32_t walker_bits;      // 1: the MMU sets A and D in PTEs; 0: it faults, and the kernel sets them
    uint32_t time_traps;       // 1: the firmware reads the time, some hundred instructions
    uint32_t misaligned_firmware; // 1: a misaligned access goes to the firmware first, which may carry it out
    uint32_t misaligned_excepts;  // 1: it ends as an exception
    uint32_t illegal_firmware; // 1: an illegal instruction is an exception that comes by way of the firmware
    uint32_t fetches_stores;   // 1: no instruction was seen that was fetched as it was before a store
    uint64_t hart_id[HARTS_MAX];
    uint64_t boot_instructions; // from the kernel's first instruction to init's first
    uint64_t slice_time[HARTS_MAX]; // when the present slice of each hart began, where time_traps
    uint64_t remote_fences;     // calls of the firmware that had other harts forget translations or code, since boot
    uint64_t remote_fence_harts; // harts that were interrupted by them: as many or more
    uint64_t fences;            // sfence.vma executed, only in a kernel built with RIVET_COUNT
    uint64_t satp_writes;       // the same for writes of satp
    uint32_t device_count;
    uint32_t console;           // index of the console's device, ~0: none
    struct device_info devices[DEVICES_MAX];
    char arguments[1024];       // the boot arguments, NUL-terminated
};

#define MACHINE_MAGIC 0x7465766972ul // "rivet"

#endif
