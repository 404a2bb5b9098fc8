// SPDX-License-Identifier: BSD-2-Clause
/*
 * The first page tables, made with the MMU off: the image at its link address, writable or executable but never
 * both, stacks behind guard pages; and a direct map of everything, which boot.c then narrows down.
 *
 * Runs at a physical address: every reference here is relative to pc, and there are no pointers in tables.
 */
#include "boot/early.h"

#include "pte/pte.h"
#include "trap/hart.h"

#define KERNEL_PTE (PTE_V | PTE_R | PTE_G | PTE_A | PTE_D)

extern char image_start[], image_rodata[], image_data[], image_end[];
extern struct hart_memory hart_memory[HARTS_MAX];

pte_t early_root[EARLY_ENTRIES] __attribute__((aligned(PAGE_SIZE)));
static pte_t image_level1[EARLY_ENTRIES] __attribute__((aligned(PAGE_SIZE)));
static pte_t image_level0[EARLY_ENTRIES] __attribute__((aligned(PAGE_SIZE)));
word_t boot_satp;

static pte_t table_pte(const void *table) { return (word_t)table >> PAGE_SHIFT << PTE_PPN_SHIFT | PTE_V; }

word_t early_map(word_t load)
{
    for (word_t at = load; at < (word_t)image_end; at += PAGE_SIZE) {
        pte_t rights = at < (word_t)image_rodata ? PTE_X : at < (word_t)image_data ? 0 : PTE_W;
        image_level0[(at - load) >> PAGE_SHIFT] = at >> PAGE_SHIFT << PTE_PPN_SHIFT | KERNEL_PTE | rights;
    }
    for (int hart = 0; hart < HARTS_MAX; hart++)
        image_level0[((word_t)hart_memory[hart].guard - load) >> PAGE_SHIFT] = 0;
    image_level1[0] = table_pte(image_level0);
    early_root[IMAGE_BASE >> 30 & (EARLY_ENTRIES - 1)] = table_pte(image_level1);
    for (word_t gigabyte = 0; gigabyte < DIRECT_SIZE >> 30; gigabyte++)
        early_root[(DIRECT_BASE >> 30 & (EARLY_ENTRIES - 1)) + gigabyte] =
            gigabyte << (30 - PAGE_SHIFT + PTE_PPN_SHIFT) | KERNEL_PTE | PTE_W;
    boot_satp = SATP_SV39 | (word_t)early_root >> PAGE_SHIFT;
    return boot_satp;
}
