// SPDX-License-Identifier: BSD-2-Clause
/*
 * The library under revocation. This program is its own victim: a child with regions, of which frames are asked for,
 * and, when its own handler ignores that, taken. Afterwards every page must hold what it held.
 */
#include "guest.h"
#include <stdlib.h>

#define PAGES       40
#define BACKINGS    12
#define SLOT_VICTIM (SLOT_FREE + 1)
#define READY       (1ul << 40) // child to parent
#define GO_ON       (1ul << 41) // parent to child
#define QUOTA       2000
_Static_assert(sizeof(word_t) == 8, "a page is 512 words");

// The child

static struct region *written, *constant; // of memory; of pages that say their number, read-only

static word_t *page_of(struct region *region, size_t page)
{
    return (word_t *)((char *)region_base(region) + page * PAGE_SIZE);
}

// Keeps pages in memory that is there from the start, so that writing one out needs no frame.
static char drawer[PAGES][PAGE_SIZE];

static struct pager *drawer_open(const char *argument, size_t pages, const char **why)
{
    extern const struct pager_ops pager_drawer;
    static struct pager pager;

    (void)argument, (void)pages, (void)why;
    pager.ops = &pager_drawer;
    return &pager;
}

static long drawer_in(struct pager *pager, size_t index, void *bytes, bool clear)
{
    (void)pager, (void)clear;
    memcpy(bytes, drawer[index], PAGE_SIZE);
    return ERR_OK;
}

static long drawer_out(struct pager *pager, size_t index, const void *bytes)
{
    (void)pager;
    for (size_t i = 0; i < 512; i++) // memcpy takes five times as long
        ((volatile word_t *)drawer[index])[i] = ((const word_t *)bytes)[i];
    return ERR_OK;
}

const struct pager_ops pager_drawer = {
    .name = "drawer", .open = drawer_open, .in = drawer_in, .out = drawer_out};

static void regions_make(size_t limit)
{
    const char *why = "";

    written = region_create(&(struct region_options){.pages = PAGES,
                                                     .pager = &pager_drawer,
                                                     .policy = &replace_lru,
                                                     .limit = limit},
                            &why);
    CHECK_TEXT(written ? "made" : why, "made");
    for (size_t page = 0; page < PAGES; page++)
        for (size_t i = 0; i < 512; i += 100)
            page_of(written, page)[i] = page * 1000 + i;
}

static void written_check(void)
{
    for (size_t page = 0; page < PAGES; page++)
        for (size_t i = 0; i < 512; i += 100)
            CHECK_EQUAL(page_of(written, page)[i], page * 1000 + i);
}

static struct pager *constant_open(const char *argument, size_t pages, const char **why)
{
    extern const struct pager_ops pager_constant;
    static struct pager pager;

    (void)argument, (void)pages, (void)why;
    pager.ops = &pager_constant;
    return &pager;
}

static long constant_in(struct pager *pager, size_t index, void *bytes, bool clear)
{
    (void)pager, (void)clear;
    for (size_t i = 0; i < 512; i++)
        ((word_t *)bytes)[i] = index << 32 | i;
    return ERR_OK;
}

const struct pager_ops pager_constant = {.name = "constant", .open = constant_open, .in = constant_in};

static void constant_check(void)
{
    for (size_t page = 0; page < PAGES; page++)
        for (size_t i = 0; i < 512; i += 100)
            CHECK_EQUAL(page_of(constant, page)[i], page << 32 | i);
}

static void constant_make(void)
{
    const char *why = "";

    constant =
        region_create(&(struct region_options){.pages = PAGES, .rights = RIGHT_READ, .pager = &pager_constant}, &why);
    CHECK_TEXT(constant ? "made" : why, "made");
    constant_check();
}

// All data frames of ours but those of the region that is to lose: the rest of the program has to live on.
static void keep_others(struct region *loser)
{
    size_t kept = 0, others = 0;

    for (page_t i = 0; i < machine()->ram_count; i++) {
        page_t page = machine()->ram_first + i;
        const volatile struct frame *frame = frame_entry(page);
        if (frame->owner != self() || frame->kind != PAGE_DATA)
            continue;
        bool loses = false;
        for (word_t at = (word_t)region_base(loser); !loses && at < (word_t)region_base(loser) + PAGES * PAGE_SIZE;
             at += PAGE_SIZE)
            loses = vm_find(at).page == page;
        others += !loses;
        kept += !loses && sys_revoke_guarantee(page, 1).error == ERR_OK;
    }
    CHECK_EQUAL(kept, others);
}

static void wait_for_parent(void)
{
    sys_env_notify(SLOT_PARENT, READY);
    CHECK_EQUAL(events_wait(GO_ON, time_now() + time_from_us(20000000)), GO_ON);
}

// Answers as the library does. Works on while it is asked.
static int child_willing(void)
{
    regions_make(0);
    constant_make();
    sys_env_notify(SLOT_PARENT, READY);
    for (int round = 0; !events_take(GO_ON); round++)
        written_check();
    constant_check();
    struct revoke_counts counts = revoke_counts();
    CHECK(counts.requests >= 1 && counts.losses == 0);
    CHECK(region_counts(written).written > 0); // free frames did not suffice
    written_check();
    return guest_end();
}

// The same, while it waits.
static int child_patient(void)
{
    regions_make(0);
    wait_for_parent();
    written_check();
    return guest_end();
}

static size_t asked, told;

static void ignore(const struct revoke_request *request)
{
    (void)request;
    asked++;
}

static void count_lost(const struct loss *loss)
{
    told++;
    revoke_lost(loss);
}

static const struct revoke_ops ignorant = {ignore, count_lost};

// Ignores requests, but has frames where the kernel saves what it takes.
static int child_saved(void)
{
    revoke_handle(&ignorant);
    CHECK(revoke_prepare(BACKINGS));
    regions_make(0);
    keep_others(written);
    wait_for_parent();
    written_check(); // the losses are met in the middle
    CHECK_EQUAL(asked, 1);
    CHECK_EQUAL(told, BACKINGS);
    CHECK_EQUAL(revoke_counts().losses, BACKINGS);
    CHECK_EQUAL(revoke_counts().saved, BACKINGS);
    CHECK_EQUAL(revoke_counts().missed, 0);
    CHECK_EQUAL(region_reclaim(PAGES), PAGES); // and all of it can be written out
    written_check();
    return guest_end();
}

// What nobody can have written comes again from where it came.
static int child_reload(void)
{
    revoke_handle(&ignorant);
    constant_make();
    keep_others(constant);
    wait_for_parent();
    constant_check();
    CHECK_EQUAL(asked, 1);
    return guest_end();
}

// What was written, and not saved, is gone: the program is told, and not given zeros.
static int child_gone(void)
{
    revoke_handle(&ignorant);
    regions_make(0);
    keep_others(written);
    wait_for_parent();
    written_check();
    return 3; // not reached
}

// The heap, too, goes on in the frames that contents were saved to.
static int child_heap(void)
{
    size_t size = 6 * PAGE_SIZE;
    unsigned char *heap = aligned_alloc(PAGE_SIZE, size);

    revoke_handle(&ignorant);
    for (size_t i = 0; i < size; i++)
        heap[i] = (unsigned char)(i * 7 + i / PAGE_SIZE);
    CHECK(revoke_prepare(BACKINGS));
    regions_make(0); // only for keep_others: it loses nothing
    for (size_t page = 0; page < PAGES; page++)
        sys_revoke_guarantee(vm_find((word_t)page_of(written, page)).page, 1);
    keep_others(written);
    for (size_t i = 0; i < size; i += PAGE_SIZE)
        CHECK_EQUAL(sys_revoke_guarantee(vm_find((word_t)heap + i).page, 0).error, ERR_OK);
    wait_for_parent();
    for (size_t i = 0; i < size; i++)
        if (heap[i] != (unsigned char)(i * 7 + i / PAGE_SIZE)) {
            CHECK_EQUAL(heap[i], (unsigned char)(i * 7 + i / PAGE_SIZE));
            break;
        }
    CHECK_EQUAL(revoke_counts().saved, 6);
    return guest_end();
}

// The page tables of a region, with all that the MMU noted in them: what was written must not be taken for clean.
static int child_tables(void)
{
    revoke_handle(&ignorant);
    CHECK(revoke_prepare(0)); // the first request would make a page table for the vector
    regions_make(0);
    page_t table = vm_pte_page(vm_pte(VM_PTES + ((word_t)region_base(written) >> 21 << PAGE_SHIFT)));
    CHECK_EQUAL(frame_entry(table)->kind, PAGE_TABLE);
    for (page_t i = 0; i < machine()->ram_count; i++) {
        page_t page = machine()->ram_first + i;
        const volatile struct frame *frame = frame_entry(page);
        if (frame->owner == self() && frame->kind == PAGE_TABLE && page != table)
            CHECK_EQUAL(sys_revoke_guarantee(page, 1).error, ERR_OK);
    }
    wait_for_parent();
    CHECK_EQUAL(region_reclaim(PAGES), PAGES); // read from the pages only now
    written_check();
    CHECK_EQUAL(asked, 1);
    return guest_end();
}

// The parent

// To be asked once: it withdraws the request if that stands still. Withdrawing what does not stand any more is refused.
static bool is_over(void)
{
    return sys_revoke_request(SLOT_VICTIM, REVOKE_FRAMES, 0, 0).error == ERR_STATE;
}

static void child_begin(struct child *child, const char *what, size_t frames)
{
    const char *argv[] = {program_argument(0), what};
    const char *why = child_spawn(
        child, &(struct child_options){
                   .program = argv[0], .argc = 2, .argv = argv, .frames = frames, .guaranteed = QUOTA});

    CHECK_TEXT(why ? why : "started", "started");
    CHECK_EQUAL(sys_cap_mint(SLOT_VICTIM, child->env, RIGHT_REVOKE | RIGHT_NOTIFY).error, ERR_OK);
    CHECK_EQUAL(events_wait(READY, time_now() + time_from_us(20000000)), READY);
}

static void child_end(struct child *child, int status)
{
    sys_env_notify(SLOT_VICTIM, GO_ON);
    CHECK_EQUAL(child_wait(child), status);
    child_reap(child);
    sys_cap_drop(SLOT_VICTIM);
}

static size_t frames_of(env_t env, bool free_only)
{
    size_t count = 0;

    for (page_t i = 0; i < machine()->ram_count; i++) {
        const volatile struct frame *frame = frame_entry(machine()->ram_first + i);
        count += frame->owner == env && (frame->kind == PAGE_FREE || !free_only);
    }
    return count;
}

static void willing_test(void)
{
    struct child child;

    child_begin(&child, "willing", 400);
    size_t ours = frame_count_free(), theirs = frames_of(child.env, false);
    // More than is free there: pages have to be written out. In several requests, each answered in time.
    size_t want = frames_of(child.env, true) + PAGES / 2, got = 0;
    for (size_t piece; got < want; got += piece) {
        piece = want - got < 64 ? want - got : 64;
        CHECK_EQUAL(sys_revoke_request(SLOT_VICTIM, REVOKE_FRAMES, piece, time_now() + time_from_us(5000000)).error,
                    ERR_OK);
        word_t patience = time_now() + time_from_us(10000000);
        while (frame_count_free() < ours + got + piece && time_now() < patience)
            sys_slice_yield();
        CHECK_EQUAL(frame_count_free(), ours + got + piece);
        CHECK(is_over());
    }
    CHECK_EQUAL(frames_of(child.env, false), theirs - want);
    child_end(&child, 0);
}

/*
 * Fifty microseconds, which are as many thousand instructions when they are counted: enough to choose some free frames,
 * and enough to choose pages and have them written out when nothing is free.
 */
#define DEADLINE_US 50

static void quick_request(size_t count, const char *what)
{
    size_t ours = frame_count_free();
    word_t begin = time_now(), deadline = begin + time_from_us(DEADLINE_US);

    CHECK_EQUAL(sys_revoke_request(SLOT_VICTIM, REVOKE_FRAMES, count, deadline).error, ERR_OK);
    sys_slice_yield(); // to the child, which answers before it gives the hart back; counting frames would take longer
    word_t end = time_now();
    CHECK(is_over());
    CHECK_EQUAL(frame_count_free(), ours + count);
    CHECK(end < deadline);
    printf("%zu frames %s in %lu us\n", count, what, (unsigned long)((end - begin) / time_from_us(1)));
}

static void quick_test(void)
{
    struct child child;

    child_begin(&child, "patient", 400);
    quick_request(64, "that were free");
    for (size_t left; (left = frames_of(child.env, true)) > 0;) { // all that is free
        size_t ours = frame_count_free();
        CHECK_EQUAL(sys_revoke_request(SLOT_VICTIM, REVOKE_FRAMES, left, time_now() + time_from_us(1000000)).error,
                    ERR_OK);
        while (frame_count_free() < ours + left)
            sys_slice_yield();
    }
    quick_request(4, "that were pages");
    child_end(&child, 0);
}

// Ask, wait past the deadline, take `count` frames by name: data that are not guaranteed.
static void take(struct child *child, size_t count)
{
    word_t deadline = time_now() + time_from_us(200000);
    size_t taken = 0;

    CHECK_EQUAL(sys_revoke_request(SLOT_VICTIM, REVOKE_FRAMES, count, deadline).error, ERR_OK);
    while (time_now() < deadline)
        sys_slice_yield();
    for (page_t i = 0; i < machine()->ram_count && taken < count; i++) {
        page_t page = machine()->ram_first + i;
        const volatile struct frame *frame = frame_entry(page);
        if (frame->owner != child->env || frame->kind != PAGE_DATA || frame->flags & PAGE_GUARANTEED)
            continue;
        long error;
        while ((error = sys_revoke_abort(SLOT_VICTIM, REVOKE_FRAMES, page, 1).error) == ERR_AGAIN)
            continue;
        CHECK_EQUAL(error, ERR_OK);
        taken++;
    }
    CHECK_EQUAL(taken, count);
    CHECK(is_over());
}

// The same for the one leaf table that has no guarantee.
static void tables_test(void)
{
    struct child child;

    child_begin(&child, "tables", 400);
    word_t deadline = time_now() + time_from_us(200000);
    CHECK_EQUAL(sys_revoke_request(SLOT_VICTIM, REVOKE_TABLES, 2, deadline).error, ERR_OK);
    while (time_now() < deadline)
        sys_slice_yield();
    size_t taken = 0;
    for (page_t i = 0; i < machine()->ram_count; i++) {
        page_t page = machine()->ram_first + i;
        const volatile struct frame *frame = frame_entry(page);
        if (frame->owner != child.env || frame->kind != PAGE_TABLE || frame->flags & PAGE_GUARANTEED)
            continue;
        long error;
        while ((error = sys_revoke_abort(SLOT_VICTIM, REVOKE_TABLES, page, 1).error) == ERR_AGAIN)
            continue;
        CHECK_EQUAL(error, ERR_OK);
        taken++;
    }
    CHECK_EQUAL(taken, 1);
    CHECK(is_over());
    child_end(&child, 0);
}

static void taken_test(const char *what, size_t count, int status)
{
    struct child child;

    child_begin(&child, what, 400);
    take(&child, count);
    child_end(&child, status);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(void);
    } children[] = {{"willing", child_willing},
                    {"patient", child_patient},
                    {"saved", child_saved},
                    {"reload", child_reload},
                    {"gone", child_gone},
                    {"tables", child_tables},
                    {"heap", child_heap}};
    for (size_t i = 0; argc > 1 && i < sizeof(children) / sizeof(children[0]); i++)
        if (strcmp(argv[1], children[i].name) == 0)
            return children[i].run();

    if (argc > 1) { // "quick": when instructions are counted
        quick_test();
        return guest_end();
    }
    for (int round = 0; round < 2; round++) { // tables for windows are made once and stay
        size_t frames = frame_count_free();
        willing_test();
        taken_test("saved", BACKINGS, 0);
        taken_test("reload", 5, 0);
        taken_test("gone", 3, 139);
        taken_test("heap", 6, 0);
        tables_test();
        if (round == 1)
            CHECK_EQUAL(frame_count_free(), frames);
    }
    return guest_end();
}
