// SPDX-License-Identifier: BSD-2-Clause
/*
 * irq_off_max   the longest any call kept interrupts off: every call in its worst case that we know of, and every
 *               call that any other benchmark measured
 * boot          from the kernel's first instruction to the first of the first environment
 * env_bytes     memory of an environment: record, save area, capabilities
 */
#include "measure.h"

#include <rivet/board.h>
#include <stdio.h>

#define ADDRESS 0x3f40000000ul
#define RUN     PTE_BATCH

static void unmap(word_t address, word_t count)
{
    sysret_t answer;
    for (word_t done = 0; done < count; done += answer.value) {
        MEASURE(pte_unmap, &answer, 0, address + done * PAGE_SIZE, least_of(count - done, RUN));
        must(answer, "pte_unmap");
    }
}

// Every range call with the most pages it takes, across two tables.
static void ranges(page_t first)
{
    sysret_t answer;
    word_t address = ADDRESS + 0x200000 - RUN / 2 * PAGE_SIZE;
    must((sysret_t){vm_bind(0, ADDRESS, first, 1, RIGHT_READ), 0}, "a page");
    must((sysret_t){vm_bind(0, ADDRESS + 0x200000, first + 1, 1, RIGHT_READ), 0}, "a page");
    vm_unbind(0, ADDRESS, 1);
    vm_unbind(0, ADDRESS + 0x200000, 1);
    for (word_t done = 0; done < RUN; done += answer.value) {
        MEASURE(pte_map, &answer, 0, address + done * PAGE_SIZE, first + done, RUN - done, RIGHT_READ | RIGHT_WRITE, CAP_NONE);
        must(answer, "pte_map");
    }
    MEASURE(pte_protect, &answer, 0, address, RUN, RIGHT_READ);
    must(answer, "pte_protect");
    unmap(address, RUN);
}

// The STLB at its largest, a table full of leaves taken back, and everything in it unbound.
static void stlb(page_t first)
{
    sysret_t answer;
    word_t address = ADDRESS + 0x10000000;
    page_t frames = frame_find(1ul << STLB_ORDER_MAX);
    do
        MEASURE(stlb_bind, &answer, 0, frames, STLB_ORDER_MAX);
    while (answer.error == ERR_AGAIN);
    must(answer, "stlb_bind");
    must(sys_pte_table(0, address, 0, frame_find(1), 0), "a leaf table");
    for (word_t i = 0; i < 512; i++) {
        MEASURE(stlb_enter, &answer, 0, address + i * PAGE_SIZE, first + i % RUN, RIGHT_READ, CAP_NONE);
        must(answer, "stlb_enter");
        (void)*(volatile char *)(address + i * PAGE_SIZE);
    }
    MEASURE(pte_protect, &answer, 0, address, RUN, RIGHT_READ);
    do
        MEASURE(pte_untable, &answer, 0, address, 0);
    while (answer.error == ERR_AGAIN);
    must(answer, "pte_untable");
    unmap(address, 512);
    do
        MEASURE(stlb_unbind, &answer, 0);
    while (answer.error == ERR_AGAIN);
    must(answer, "stlb_unbind");
}

// A space and an environment with many frames, made and taken apart.
static void environments(void)
{
    sysret_t answer;
    page_t space = frame_find(2);
    MEASURE(space_create, &answer, space, space + 1);
    must(answer, "space_create");
    page_t env = frame_find(3);
    MEASURE(env_create, &answer, env, env + 2, space);
    must(answer, "env_create");
    page_t given = frame_find(RUN);
    MEASURE(page_move, &answer, given, RUN, env);
    must(answer, "page_move");
    for (word_t i = 0; i < RUN; i++)
        must(sys_page_alloc(given + i), "page_alloc");
    must((sysret_t){vm_bind(space, ADDRESS, given, RUN, RIGHT_READ), 0}, "the child's pages");
    MEASURE(cap_mint, &answer, SLOT_FREE, env, RIGHT_CALL);
    MEASURE(cap_revoke, &answer, env);
    MEASURE(slice_give, &answer, 0, 0, env);
    MEASURE(slice_give, &answer, 0, 0, self());
    do
        MEASURE(env_destroy, &answer, env);
    while (answer.error == ERR_AGAIN);
    must(answer, "env_destroy");
    do
        MEASURE(space_destroy, &answer, space);
    while (answer.error == ERR_AGAIN);
    must(answer, "space_destroy");
}

// A run of frames for a superpage, joined and parted.
static void superpages(void)
{
    sysret_t answer;
    page_t end = machine()->ram_first + machine()->ram_count;
    page_t run = (end - SUPER_PAGES) & ~(SUPER_PAGES - 1ul);
    do
        MEASURE(page_join, &answer, run);
    while (answer.error == ERR_AGAIN || (answer.error != ERR_OK && (run -= SUPER_PAGES) > machine()->ram_first));
    must(answer, "page_join");
    MEASURE(page_split, &answer, run);
    must(answer, "page_split");
}

// A scheduler with as many children as a board has places is stopped: each loses it, some in a piece.
static void boards(void)
{
    sysret_t answer;
    static page_t children[BOARD_ENTRIES];
    struct child *peer = peer_start("board");
    must(sys_cap_mint(SLOT_FREE, peer->env, RIGHT_SCHEDULE), "a capability to the partner");
    upcall_hold();
    for (word_t i = 1; i < BOARD_ENTRIES; i++) {
        children[i] = frame_find(3);
        do
            answer = sys_env_create(children[i], children[i] + 2, 0);
        while (answer.error == ERR_AGAIN);
        must(answer, "env_create");
        while (MEASURE(board_join, &answer, children[i], SLOT_FREE, i), answer.error == ERR_STATE && i == 1)
            sys_slice_yield(); // it has no board yet
        must(answer, "board_join");
    }
    MEASURE(board_leave, &answer, children[1]);
    must(answer, "board_leave");
    do
        MEASURE(env_stop, &answer, peer->env);
    while (answer.error == ERR_AGAIN);
    must(answer, "env_stop");
    for (word_t i = 1; i < BOARD_ENTRIES; i++)
        while (sys_env_destroy(children[i]).error == ERR_AGAIN)
            continue;
    upcall_release();
    must(sys_cap_drop(SLOT_FREE), "cap_drop");
    child_reap(peer);
}

void bench_limits(void)
{
    boards();
    upcall_hold();
    page_t first = frame_find(RUN);
    for (word_t i = 0; i < RUN; i++)
        must(sys_page_alloc(first + i), "page_alloc");
    ranges(first);
    stlb(first);
    for (word_t i = 0; i < RUN; i++)
        must(sys_page_free(first + i), "page_free");
    environments();
    superpages();
    upcall_release();
    row("irq_off_max", measure_longest());
    row("boot", machine()->boot_instructions);
    row("env_bytes", 3 * PAGE_SIZE);
}
