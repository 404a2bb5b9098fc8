// SPDX-License-Identifier: BSD-2-Clause
/*
 * Superpages: 512 frames joined, bound by one entry, protected, unbound and parted; every way of using a part
 * of one is refused; and what a child leaves behind joined comes back as free frames. On the kernel that checks its
 * invariants.
 */
#include "guest.h"
#include <stdlib.h>

#define ADDRESS 0x3e00000000ul // a gigabyte of its own, so that its level-1 table is ours to choose
#define SPAN    (SUPER_PAGES * (word_t)PAGE_SIZE)

static volatile word_t faults;

// A store that is not allowed is skipped and counted.
static bool on_fault(struct trap_frame *frame)
{
    if (frame->cause != 15 || frame->address < ADDRESS || frame->address >= ADDRESS + 2 * SPAN)
        return false;
    faults++;
    frame->FRAME_PC += 4;
    return true;
}

static void store(word_t address, word_t value)
{
    __asm__ volatile(".option push\n.option norvc\nsd %1, (%0)\n.option pop" : : "r"(address), "r"(value) : "memory");
}

static bool run_is_free(page_t first)
{
    for (page_t page = first; page < first + SUPER_PAGES; page++) {
        const volatile struct frame *frame = frame_entry(page);
        if (frame == NULL || frame->kind != PAGE_FREE || frame->owner != self())
            return false;
    }
    return true;
}

static page_t run_find(void)
{
    page_t first = machine()->ram_first, end = first + machine()->ram_count;
    for (page_t page = (end - SUPER_PAGES) & ~(SUPER_PAGES - 1ul); page >= first; page -= SUPER_PAGES)
        if (run_is_free(page))
            return page;
    fprintf(stderr, "there is no run of free frames to join\n");
    exit(1);
}

static word_t join(page_t first)
{
    word_t pieces = 1;
    sysret_t answer;
    while ((answer = sys_page_join(first)).error == ERR_AGAIN)
        pieces++;
    CHECK_EQUAL(answer.error, ERR_OK);
    CHECK_EQUAL(answer.value, SUPER_PAGES);
    return pieces;
}

static void audit(void)
{
    CHECK_EQUAL(sys_machine_audit().error, ERR_OK);
}

int main(void)
{
    upcall_hold();
    size_t before = frame_count_free();
    page_t first = run_find();
    CHECK_EQUAL(sys_page_join(first + 1).error, ERR_RANGE);
    CHECK_EQUAL(sys_page_split(first).error, ERR_KIND);

    // An unfinished join can be undone.
    CHECK_EQUAL(sys_page_join(first).error, ERR_AGAIN);
    CHECK_EQUAL(sys_page_join(first).error, ERR_AGAIN);
    audit();
    CHECK_EQUAL(sys_page_split(first).error, ERR_OK);
    CHECK(run_is_free(first));

    CHECK(join(first) > 50);
    CHECK_EQUAL(frame_entry(first)->order, SUPER_ORDER);
    CHECK_EQUAL(frame_entry(first + 511)->kind, PAGE_PART);
    CHECK_EQUAL(sys_page_alloc(first + 7).error, ERR_BUSY);
    CHECK_EQUAL(sys_page_free(first).error, ERR_KIND);
    CHECK_EQUAL(sys_page_free(first + 1).error, ERR_KIND);
    CHECK_EQUAL(sys_page_give(first, 1, self()).error, ERR_CLOSED);
    audit();

    page_t tables = frame_find(2);
    CHECK_EQUAL(sys_pte_map(0, ADDRESS, first, SUPER_PAGES, RIGHT_READ | RIGHT_WRITE, CAP_NONE).error, ERR_NOTABLE);
    CHECK_EQUAL(sys_pte_table(0, ADDRESS, 1, tables, tables + 1).error, ERR_OK);
    CHECK_EQUAL(sys_pte_map(0, ADDRESS + PAGE_SIZE, first, SUPER_PAGES, RIGHT_READ, CAP_NONE).error, ERR_RANGE);
    CHECK_EQUAL(sys_pte_map(0, ADDRESS, tables, SUPER_PAGES, RIGHT_READ, CAP_NONE).error, ERR_KIND);
    CHECK_EQUAL(sys_pte_map(0, ADDRESS, first, SUPER_PAGES, RIGHT_READ | RIGHT_WRITE, CAP_NONE).value, SUPER_PAGES);
    CHECK_EQUAL(sys_pte_map(0, ADDRESS, first, SUPER_PAGES, RIGHT_READ, CAP_NONE).error, ERR_BUSY);
    CHECK_EQUAL(sys_pte_map(0, ADDRESS + PAGE_SIZE, first, 1, RIGHT_READ, CAP_NONE).error, ERR_NOTABLE);
    CHECK_EQUAL(sys_pte_untable(0, ADDRESS, 0).error, ERR_NOTABLE);
    CHECK_EQUAL(sys_pte_untable(0, ADDRESS, 1).error, ERR_BUSY);
    CHECK_EQUAL(sys_page_split(first).error, ERR_BUSY);
    audit();

    // It is memory, all zeros, to the last byte.
    for (word_t at = ADDRESS; at < ADDRESS + SPAN; at += PAGE_SIZE) {
        CHECK_EQUAL(*(volatile word_t *)at, 0);
        store(at + PAGE_SIZE - 8, at);
    }
    CHECK_EQUAL(*(volatile word_t *)(ADDRESS + SPAN - 8), ADDRESS + SPAN - PAGE_SIZE);

    // Bound a second time, it is the same memory.
    CHECK_EQUAL(sys_pte_map(0, ADDRESS + SPAN, first, SUPER_PAGES, RIGHT_READ, CAP_NONE).error, ERR_OK);
    CHECK_EQUAL(*(volatile word_t *)(ADDRESS + SPAN + PAGE_SIZE - 8), ADDRESS);

    exception_handle(on_fault);
    store(ADDRESS + SPAN + 64, 1);
    CHECK_EQUAL(faults, 1);
    CHECK_EQUAL(sys_pte_protect(0, ADDRESS + SPAN, SUPER_PAGES, RIGHT_READ | RIGHT_WRITE).error, ERR_PERM);
    CHECK_EQUAL(sys_pte_protect(0, ADDRESS, SUPER_PAGES, RIGHT_READ).value, SUPER_PAGES);
    store(ADDRESS + SPAN / 2, 1);
    CHECK_EQUAL(faults, 2);
    CHECK_EQUAL(sys_pte_protect(0, ADDRESS, SUPER_PAGES, RIGHT_READ | RIGHT_WRITE).error, ERR_OK);
    store(ADDRESS + SPAN / 2, 1);
    CHECK_EQUAL(faults, 2);

    // Revoking breaks both bindings.
    sysret_t answer;
    while ((answer = sys_cap_revoke(first)).error == ERR_AGAIN)
        continue;
    CHECK_EQUAL(answer.error, ERR_OK);
    store(ADDRESS, 1);
    CHECK_EQUAL(faults, 3);
    CHECK_EQUAL(sys_pte_unmap(0, ADDRESS, SUPER_PAGES).error, ERR_NOTABLE);
    CHECK_EQUAL(sys_pte_map(0, ADDRESS, first, SUPER_PAGES, RIGHT_READ, CAP_NONE).error, ERR_OK);
    CHECK_EQUAL(sys_pte_unmap(0, ADDRESS, SUPER_PAGES).error, ERR_OK);
    CHECK_EQUAL(sys_page_split(first).error, ERR_OK);
    CHECK(run_is_free(first));
    CHECK_EQUAL(sys_pte_untable(0, ADDRESS, 1).error, ERR_OK);
    audit();
    CHECK_EQUAL(frame_count_free(), before);

    // A space and an environment that die with a superpage leave nothing behind.
    page_t child = frame_find(7);
    while ((answer = sys_space_create(child, child + 1)).error == ERR_AGAIN)
        continue;
    CHECK_EQUAL(sys_env_create(child + 2, child + 4, child).error, ERR_OK);
    CHECK_EQUAL(sys_pte_table(child, ADDRESS, 1, child + 5, child + 6).error, ERR_OK);
    CHECK_EQUAL(sys_page_move(first, 256, child + 2).value, 256);
    CHECK_EQUAL(sys_page_move(first + 256, 256, child + 2).value, 256);
    join(first); // as the creator of an environment that never ran
    CHECK_EQUAL(sys_pte_map(child, ADDRESS, first, SUPER_PAGES, RIGHT_READ, CAP_NONE).error, ERR_OK);
    audit();
    while ((answer = sys_env_destroy(child + 2)).error == ERR_AGAIN)
        continue;
    CHECK_EQUAL(answer.error, ERR_OK);
    while ((answer = sys_space_destroy(child)).error == ERR_AGAIN)
        continue;
    CHECK_EQUAL(answer.error, ERR_OK);
    CHECK(run_is_free(first));
    audit();
    CHECK_EQUAL(frame_count_free(), before);
    upcall_release();
    return guest_end();
}
