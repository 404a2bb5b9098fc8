// SPDX-License-Identifier: BSD-2-Clause
/*
 * Frames: the table of all physical pages, read-only at TABLE_FRAMES, one struct frame per page of RAM from
 * machine_info.ram_first on. Device pages stand in machine_info.devices.
 */
#ifndef RIVET_PAGE_H
#define RIVET_PAGE_H

#include <rivet/layout.h>
#include <rivet/types.h>

enum page_kind {
    PAGE_NONE = 0, // no memory, or the kernel's own; nobody's
    PAGE_FREE,     // owned and unused; its contents are out of everybody's reach
    PAGE_DATA,     // memory
    PAGE_DEVICE,   // device registers
    PAGE_ENV,      // an environment's record; the private half
    PAGE_SAVE,     // its save area
    PAGE_CAPS,     // its capability page
    PAGE_ROOT,     // an address space's root table
    PAGE_SPACE,    // its record
    PAGE_TABLE,    // a page table of level 1 or 0
    PAGE_TWIN,     // the reverse links of a table's entries
    PAGE_STLB,     // part of an STLB
    PAGE_PART,     // behind the first frame of a run that was joined for a superpage, or of an unfinished join
    PAGE_RING,     // a page the kernel writes records into for its owner, who may bind it to read and write
    PAGE_BOARD,    // a page in which the kernel shows a scheduler its children
    PAGE_KINDS,
};

enum page_flag {
    PAGE_DYING = 2,      // being revoked: refuses everything until done
    PAGE_GUARANTEED = 4, // its owner chose it: an abort never takes it; the mark ends when it changes owner
};

/*
 * One frame. 32 bytes.
 *   epoch  counts the revocations of the object in this frame; capabilities carry the epoch they were made in
 *   links  name of the first binding's link pair (see kernel/pte), 0: none
 *   detail ENV: label, 8 characters · SAVE, CAPS: env · ROOT: page of the space record · SPACE, STLB: root
 *          RING: what registered it, an environment (losses) or the root of a space (dirty pages) · BOARD: env
 *          TABLE: twin, and above 32 bits the number of its first 2 MiB; without a twin: that | 0x80000000, and the root
 *          TWIN: table, and above 32 bits the root · PART: first page of the run; in the first itself, how many are joined
 */
struct frame {
    uint64_t epoch;
    uint32_t owner;    // env_t, 0: nobody
    uint32_t links;
    uint32_t bindings; // how many entries of page tables and STLBs bind this frame
    uint8_t kind;
    uint8_t flags;
    uint8_t order;     // TABLE: its level · DATA: SUPER_ORDER when joined, else 0
    uint8_t lock;      // the kernel's
    uint64_t detail;
};

// A superpage: 2 MiB, bound by one entry of a level-1 table that has a twin.
#define SUPER_ORDER 9
#define SUPER_PAGES 512

enum page_right { RIGHT_READ = 2, RIGHT_WRITE = 4, RIGHT_EXECUTE = 8 }; // the bits of a PTE

/*
 * Beside the rights to pte_map and stlb_enter: the PTE's A or D bit is set from the start. Without them a binding
 * begins with A = D = 0; the first access sets A, the first store D: by the hardware, or by the kernel unseen.
 */
enum bind_flag {
    BIND_ACCESSED = 64, // begin with A set
    BIND_DIRTY = 128,   // begin with D set
};

/*
 * Beside the rights to pte_protect: clear the bit of each page. What is written until the call returns may be
 * noted or not, so a page's contents are read afterwards. Where other harts write meanwhile: take W away, read D,
 * then give W back with CLEAR_DIRTY.
 */
enum clear_flag {
    CLEAR_ACCESSED = 64, // clear A
    CLEAR_DIRTY = 128,   // clear D
};

#endif
