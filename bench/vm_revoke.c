// SPDX-License-Identifier: BSD-2-Clause
/*
 * revoke_request    from a request to the first instruction of the victim's handler, in its own space
 * revoke_slice, revoke_irq, revoke_table    the abort that takes one; the table is pinned and binds sixteen pages
 * abort_256         256 frames of data, each bound once, in as many aborts as it takes
 * abort_piece_max   the longest of all aborts: of these, of frames bound very often, of frames whose contents are
 *                   saved, of full tables of both kinds, of a joined run of 512 frames
 *
 * The kernel's instructions. The victim is built here, with everything that is taken from it.
 */
#include "vm.h"

#include <rivet/revoke.h>
#include <stdio.h>
#include <stdlib.h>

#define WHERE     0x2000000000ul // tables of the victim's that it does not use
#define SPAN      (1ul << 21)
#define SAVED     32            // frames of data whose contents are saved (bench/peer.c), at the begin of the run
#define DATA      (SAVED + 256)
#define MINE      0xf8          // word of its save area (revoke.S)
#define SOON      (time_now() + 20) // a deadline that comes soon

long stretch_request(slot_t slot, word_t kind, size_t count, word_t deadline);

static struct child victim;
static page_t next; // free frame of the victim's
static page_t data, often, pinned, few, cached, run;
static word_t source, longest, *save;

#define WHOLE(call) ({ sysret_t answer_; do answer_ = (call); while (answer_.error == ERR_AGAIN); answer_; })

// A run of our own free frames, or a run that can be joined.
static page_t frames_find(size_t count, size_t align)
{
    size_t length = 0;
    for (page_t page = machine()->ram_first; page < machine()->ram_first + machine()->ram_count; page++) {
        length = frame_entry(page)->owner == self() && frame_entry(page)->kind == PAGE_FREE ? length + 1 : 0;
        if (length >= count && (page - count + 1) % align == 0)
            return page - count + 1;
    }
    fprintf(stderr, "bench: there are no %zu neighbouring free frames\n", count);
    exit(1);
}

static page_t frames_hand(size_t count, size_t align)
{
    page_t first = frames_find(count, align);
    for (size_t moved = 0; moved < count; moved += PAGE_BATCH)
        must(sys_page_move(first + moved, count - moved < PAGE_BATCH ? count - moved : PAGE_BATCH, victim.env), "page_move");
    return first;
}

static page_t table(word_t address, word_t level, bool twin)
{
    page_t page = next;
    next += 2;
    must(WHOLE(sys_pte_table(victim.space, address, level, page, twin ? page + 1 : 0)), "pte_table");
    return page;
}

static void bind(word_t address, page_t page, size_t count)
{
    for (size_t done = 0; done < count;) {
        sysret_t answer = sys_pte_map(victim.space, address + done * PAGE_SIZE, page + done, count - done < PTE_BATCH ? count - done : PTE_BATCH,
                                      RIGHT_READ | RIGHT_WRITE, CAP_NONE);
        must(answer, "pte_map");
        done += answer.value;
    }
}

// A victim that never ran is its creator's to furnish: everything here is owned by it.
static void victim_furnish(void)
{
    next = frames_hand(64, 1);
    data = frames_hand(DATA, 1);
    often = frames_hand(2, 1);
    run = frames_hand(SUPER_PAGES, SUPER_PAGES);
    for (size_t i = 0; i < DATA; i++)
        must(WHOLE(sys_page_alloc(data + i)), "page_alloc");
    must(WHOLE(sys_page_alloc(often)), "page_alloc");
    must(WHOLE(sys_page_alloc(often + 1)), "page_alloc");
    must(WHOLE(sys_page_join(run)), "page_join");
    table(WHERE, 1, true);
    table(WHERE, 0, true);
    bind(WHERE, data, DATA);
    table(WHERE + SPAN, 0, true);
    for (size_t i = 0; i < 500; i++)
        bind(WHERE + SPAN + i * PAGE_SIZE, often, 1);
    pinned = table(WHERE + 2 * SPAN, 0, true);
    for (size_t i = 0; i < 512; i++)
        bind(WHERE + 2 * SPAN + i * PAGE_SIZE, often + 1, 1);
    few = table(WHERE + 3 * SPAN, 0, true);
    for (size_t i = 0; i < 16; i++)
        bind(WHERE + 3 * SPAN + i * PAGE_SIZE, often + 1, 1);
    page_t stlb = next;
    next += 4;
    must(WHOLE(sys_stlb_bind(victim.space, stlb, 2)), "stlb_bind");
    cached = table(WHERE + 4 * SPAN, 0, false);
    for (size_t i = 0; i < 512; i++)
        must(sys_stlb_enter(victim.space, WHERE + 4 * SPAN + i * PAGE_SIZE, often + 1, RIGHT_READ, CAP_NONE), "stlb_enter");
    must(sys_pte_map(victim.space, WHERE + 8 * SPAN, run, SUPER_PAGES, RIGHT_READ, CAP_NONE), "a superpage");
    for (source = 1; sys_irq_give(source, victim.env).error != ERR_OK; source++)
        continue;
}

static void victim_start(void)
{
    static const char *const arguments[] = {"bench_peer", "revoke"};
    const char *why = child_build(&victim, &(struct child_options){.program = "bench_peer", .argc = 2, .argv = arguments, .frames = 128, .slices = 3,
                                                                     .weight = CHILD_ALONE});
    if (why == NULL) {
        must(sys_cap_mint(SLOT_FREE, self(), RIGHT_YIELD), "a capability to ourselves");
        must((sysret_t){child_grant(&victim, SLOT_FREE, SLOT_FREE, RIGHT_YIELD), 0}, "a grant to the victim");
        must(sys_cap_drop(SLOT_FREE), "dropping it");
        must(sys_cap_mint(SLOT_FREE, victim.env, RIGHT_REVOKE), "a capability to the victim");
        victim_furnish();
        why = child_start(&victim);
    }
    word_t window = vm_window_open(1);
    if (why == NULL && (window == 0 || vm_bind(0, window, victim.env + 1, 1, RIGHT_READ) != ERR_OK))
        why = "its save area cannot be mapped";
    if (why != NULL) {
        fprintf(stderr, "bench: the victim cannot be started: %s\n", why);
        exit(1);
    }
    save = (word_t *)window;
    while (*(volatile word_t *)(window + MINE) == 0)
        sys_slice_yield();
}

// What was asked for is due.
static void ask(enum revoke_kind kind, size_t count)
{
    word_t deadline = SOON;
    must(sys_revoke_request(SLOT_FREE, kind, count, deadline), "the request");
    while (time_now() < deadline)
        continue;
}

static void withdraw(void) { must(sys_revoke_request(SLOT_FREE, 0, 0, 0), "withdrawing it"); }

// Kernel instructions of an abort, all of its pieces.
static word_t abort_all(enum revoke_kind kind, word_t name, size_t count)
{
    word_t sum = 0;
    sysret_t answer;
    do {
        word_t cost = MEASURE(revoke_abort, &answer, SLOT_FREE, kind, name, count);
        longest = cost > longest ? cost : longest;
        sum += cost;
        if (answer.error == ERR_AGAIN && kind == REVOKE_FRAMES) // the same call would do, and look at the first ones again
            name += answer.value, count -= answer.value;
    } while (answer.error == ERR_AGAIN);
    must(answer, "an abort");
    return sum;
}

static void requests(void)
{
    word_t least = ~0ul;
    for (int i = 0; i < 20; i++) {
        sys_slice_yield(); // a fresh slice, and one for the victim
        upcall_hold();
        word_t deadline = time_now() + 10000;
        must((sysret_t){COUNTED(stretch_request(SLOT_FREE, REVOKE_FRAMES, 1, deadline)), 0}, "the request");
        upcall_release();
        withdraw();
        least = least_of(least, *(volatile word_t *)((word_t)save + MINE));
    }
    row_counted("revoke_request", least - 2, 1); // less the reading and the ecall
}

static void bench_abort_one(void)
{
    ask(REVOKE_SLICES, 1);
    word_t position = 0;
    while (slice_entry(0, position)->env != victim.env)
        position++;
    row("revoke_slice", abort_all(REVOKE_SLICES, REVOKE_SLICE(0, position), 1));
    ask(REVOKE_IRQS, 1);
    row("revoke_irq", abort_all(REVOKE_IRQS, source, 1));
    ask(REVOKE_TABLES, 2);
    row("revoke_table", abort_all(REVOKE_TABLES, few, 1));
}

void bench_vm_revoke(void)
{
    victim_start();
    requests();
    ask(REVOKE_FRAMES, SAVED + 256 + 1);
    abort_all(REVOKE_FRAMES, data, SAVED);
    row("abort_256", abort_all(REVOKE_FRAMES, data + SAVED, 256));
    abort_all(REVOKE_FRAMES, often, 1);
    ask(REVOKE_FRAMES, SUPER_PAGES);
    abort_all(REVOKE_FRAMES, run, SUPER_PAGES);
    bench_abort_one();
    ask(REVOKE_TABLES, 2);
    abort_all(REVOKE_TABLES, pinned, 1);
    ask(REVOKE_TABLES, 1);
    abort_all(REVOKE_TABLES, cached, 1);
    row("abort_piece_max", longest);
    must(sys_cap_drop(SLOT_FREE), "cap_drop");
    peer_end(&victim);
}
