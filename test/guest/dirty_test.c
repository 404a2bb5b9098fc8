// SPDX-License-Identifier: BSD-2-Clause
/*
 * A and D bits as a program reads them in its own tables, on any machine: whether the MMU sets them, or the kernel.
 *
 * Pinned pages first. Then 512 pages, bound in an STLB of 128 entries by way of two leaf tables for eight regions, are
 * read and written at random: entries collide, tables are taken back. Every page that was written is found in the
 * ring, in an entry or in a leaf, and no other.
 */
#include "guest.h"

#include <rivet/stlb.h>

#define PINNED  0x3e00000000ul
#define CACHED  0x3e40000000ul // a gigabyte of its own: its level-1 table is ours
#define SHOWN   0x3e80000000ul // where our tables are bound to be read
#define REGION  0x200000ul
#define REGIONS 8
#define TABLES  2
#define PAGES   64 // of each region
#define TOUCHES 2000
#define FLAGS   (BIND_ACCESSED | BIND_DIRTY)
#define RW      (RIGHT_READ | RIGHT_WRITE)

#define RING    ((volatile struct dirty_ring *)SHOWN)
#define STLB    ((const volatile struct stlb_entry *)(SHOWN + PAGE_SIZE))
#define LEAF(n) ((const volatile uint64_t *)(SHOWN + (2 + (n)) * PAGE_SIZE))

static bool written[REGIONS * PAGES], found[REGIONS * PAGES];
static page_t data, tables, ring, stlb;
static int table_region[TABLES] = {-1, -1}, table_next; // which region each leaf table serves
static word_t missing, displaced, taken, refused, forbidden;

static void store(word_t address, word_t value)
{
    __asm__ volatile(".option push\n.option norvc\nsd %1, (%0)\n.option pop" : : "r"(address), "r"(value) : "memory");
}

static void load(word_t address)
{
    (void)*(volatile word_t *)address;
}

static void bind(word_t address, page_t page, word_t rights)
{
    CHECK_EQUAL(vm_bind(0, address, page, 1, rights), ERR_OK);
}

static int number_of(word_t address)
{
    word_t offset = address - CACHED;
    return offset / REGION < REGIONS && offset % REGION < PAGES * PAGE_SIZE
               ? (int)(offset / REGION * PAGES + offset % REGION / PAGE_SIZE)
               : -1;
}

static word_t address_of(int number)
{
    return CACHED + (word_t)number / PAGES * REGION + (word_t)number % PAGES * PAGE_SIZE;
}

static void find(word_t address)
{
    int number = number_of(address);
    CHECK(number >= 0);
    if (number >= 0)
        found[number] = true;
}

static void ring_read(void)
{
    for (; RING->tail != RING->head; RING->tail = RING->tail + 1) {
        word_t entry = RING->entries[RING->tail % RING_ENTRIES];
        CHECK(entry & 1);
        find(entry & ~1ul);
        displaced++;
    }
}

// The kernel never chooses: the program names the table to reuse, here the one that came first.
static void table_bring(int region)
{
    int table = table_next++ % TABLES;
    word_t shown = (word_t)LEAF(table);
    sysret_t answer;
    if (table_region[table] >= 0) {
        CHECK_EQUAL(sys_pte_unmap(0, shown, 1).error, ERR_OK);
        while ((answer = sys_pte_untable(0, CACHED + (word_t)table_region[table] * REGION, 0)).error == ERR_AGAIN)
            continue;
        CHECK_EQUAL(answer.error, ERR_OK);
        taken++;
    }
    CHECK_EQUAL(sys_pte_table(0, CACHED + (word_t)region * REGION, 0, tables + table, 0).error, ERR_OK);
    bind(shown, tables + table, RIGHT_READ);
    table_region[table] = region;
}

static bool on_fault(struct trap_frame *frame)
{
    word_t address = frame->address & ~(PAGE_SIZE - 1ul);
    if (address == PINNED) { // a store that is not allowed
        forbidden++;
        frame->FRAME_PC += 4;
        return true;
    }
    int number = number_of(address);
    if (number < 0)
        return false;
    missing++;
    if (table_region[0] != number / PAGES && table_region[1] != number / PAGES)
        table_bring(number / PAGES);
    if (STLB[address / PAGE_SIZE % STLB_PER_PAGE].vpn == address / PAGE_SIZE)
        return true;
    sysret_t answer = sys_stlb_enter(0, address, data + (word_t)number % PAGES, RW, CAP_NONE);
    if (answer.error == ERR_FULL) {
        refused++;
        ring_read();
        answer = sys_stlb_enter(0, address, data + (word_t)number % PAGES, RW, CAP_NONE);
    }
    CHECK_EQUAL(answer.error, ERR_OK);
    return true;
}

static void pinned_test(void)
{
    bind(PINNED, data, RW);
    // The library shows the leaf tables that it supplies.
    const volatile uint64_t *pte = (const volatile uint64_t *)(VM_PTES + PINNED / PAGE_SIZE * sizeof(uint64_t));
    CHECK_EQUAL(*pte >> 10, data);
    CHECK_EQUAL(*pte & FLAGS, 0);
    load(PINNED);
    CHECK_EQUAL(*pte & FLAGS, BIND_ACCESSED);
    store(PINNED, 1);
    CHECK_EQUAL(*pte & FLAGS, FLAGS);
    CHECK_EQUAL(sys_pte_protect(0, PINNED, 1, RIGHT_READ).error, ERR_OK);
    store(PINNED, 2);
    CHECK_EQUAL(forbidden, 1);
    CHECK_EQUAL(*pte & FLAGS, FLAGS);
    CHECK_EQUAL(sys_pte_protect(0, PINNED, 1, RW | CLEAR_DIRTY).error, ERR_OK);
    CHECK_EQUAL(*pte & FLAGS, BIND_ACCESSED);
    CHECK_EQUAL(*(volatile word_t *)PINNED, 1);
    CHECK_EQUAL(*pte & FLAGS, BIND_ACCESSED);
    store(PINNED, 3); // the TLB forgot that the page was dirty
    CHECK_EQUAL(*pte & FLAGS, FLAGS);
    CHECK_EQUAL(sys_pte_protect(0, PINNED, 1, RW | CLEAR_ACCESSED | CLEAR_DIRTY).error, ERR_OK);
    CHECK_EQUAL(*pte & FLAGS, 0);
    CHECK_EQUAL(*(volatile word_t *)PINNED, 3);
    CHECK_EQUAL(*pte & FLAGS, BIND_ACCESSED);
    vm_unbind(0, PINNED, 1);
    bind(PINNED, data, RW | FLAGS);
    CHECK_EQUAL(*pte & FLAGS, FLAGS);
    vm_unbind(0, PINNED, 1);
    CHECK_EQUAL(forbidden, 1);
}

static void cached_test(void)
{
    sysret_t answer;
    while ((answer = sys_stlb_bind(0, stlb, 0)).error == ERR_AGAIN)
        continue;
    CHECK_EQUAL(answer.error, ERR_OK);
    CHECK_EQUAL(sys_stlb_ring(0, ring).error, ERR_OK);
    CHECK_EQUAL(sys_pte_table(0, CACHED, 1, tables + TABLES, 0).error, ERR_OK);
    bind((word_t)RING, ring, RW);
    bind((word_t)STLB, stlb, RIGHT_READ);

    uint64_t random = 1;
    for (int i = 0; i < TOUCHES; i++) {
        random = random * 6364136223846793005ul + 1442695040888963407ul;
        int number = (int)((random >> 33) % (REGIONS * PAGES)), near = (int)(random >> 60);
        for (int page = number; page <= number + near && page < REGIONS * PAGES; page++) {
            if (page % 3 == 0 && i % 2) {
                store(address_of(page) + 8, random);
                written[page] = true;
            } else {
                load(address_of(page));
            }
        }
    }
    ring_read();
    for (int i = 0; i < STLB_PER_PAGE; i++)
        if (STLB[i].vpn != STLB_EMPTY && STLB[i].pte & BIND_DIRTY)
            find(STLB[i].vpn * PAGE_SIZE);
    for (int table = 0; table < TABLES; table++)
        for (int i = 0; i < 512; i++)
            if (LEAF(table)[i] & BIND_DIRTY)
                find(CACHED + (word_t)table_region[table] * REGION + (word_t)i * PAGE_SIZE);
}

int main(void)
{
    upcall_hold();
    exception_handle(on_fault);
    data = frame_find(PAGES);
    for (int i = 0; i < PAGES; i++)
        CHECK_EQUAL(sys_page_alloc(data + (word_t)i).error, ERR_OK);
    pinned_test();
    tables = frame_find(TABLES + 3);
    ring = tables + TABLES + 1;
    stlb = tables + TABLES + 2;
    cached_test();
    CHECK_EQUAL(sys_machine_audit().error, ERR_OK);

    int lost = 0, invented = 0, dirty = 0;
    for (int i = 0; i < REGIONS * PAGES; i++) {
        lost += written[i] && !found[i];
        invented += found[i] && !written[i];
        dirty += written[i];
    }
    CHECK_EQUAL(lost, 0);
    CHECK_EQUAL(invented, 0);
    CHECK(dirty > 100);
    CHECK(missing > 1000);
    CHECK(taken > 100);
    CHECK(displaced > 500);
    CHECK(refused > 0);
    printf("walker_bits %u asid_bits %u: %d pages written, %d lost, %d invented; %lu misses, %lu tables taken back, %lu displaced\n",
           machine()->walker_bits, machine()->asid_bits, dirty, lost, invented, missing, taken, displaced);
    upcall_release();
    return guest_end();
}
