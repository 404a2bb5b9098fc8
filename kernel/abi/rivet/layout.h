// SPDX-License-Identifier: BSD-2-Clause
/*
 * The address space, as kernel and environments see it (Sv39, 4 KiB pages).
 *
 *   0x0000000000001000 .. 0x0000003fffffffff   the environment's: whatever its library maps
 *   0xffffffc000000000 .. +128 GiB             the kernel's direct map of physical memory (kernel only)
 *   0xffffffe000000000 .. +4 KiB               struct machine_info    \
 *   0xffffffe000001000 ..                      struct slice[8][32]     | every environment reads these:
 *   0xffffffe000008000 ..                      struct irq_info[1024]   | looking costs no call
 *   0xffffffe040000000 ..                      struct frame[]         /
 *   0xffffffff80000000 .. +2 MiB               the kernel's image (kernel only)
 */
#ifndef RIVET_LAYOUT_H
#define RIVET_LAYOUT_H

#define PAGE_SHIFT 12
#define PAGE_SIZE  4096

#define USER_FIRST 0x1000ul         // page 0 is never bound: a null pointer faults
#define USER_END   0x4000000000ul   // first address behind the environment's half

#define DIRECT_BASE  0xffffffc000000000ul
#define DIRECT_SIZE  0x2000000000ul // 128 GiB
#define TABLES_BASE  0xffffffe000000000ul
#define TABLE_INFO   (TABLES_BASE)
#define TABLE_SLICES (TABLES_BASE + 0x1000)
#define TABLE_IRQS   (TABLES_BASE + 0x8000)
#define TABLE_FRAMES (TABLES_BASE + 0x40000000ul)
#define IMAGE_BASE   0xffffffff80000000ul

#define HARTS_MAX    8
#define SLICES_MAX   32   // positions in a hart's vector
#define IRQS_MAX     1024
#define CAPS_MAX     128  // slots in a capability page
#define DEVICES_MAX  32

// Bounds on the work of one call, in units of the thing named.
#define PTE_BATCH    128  // pages that a range call takes; one that binds or unbinds does up to 32 and says so
#define PAGE_BATCH   256  // frames of page_move
#define CHAIN_MAX    8    // environments in a chain of calls
#define DONATIONS_MAX 8   // donations of time on a hart, one inside the other

#endif
