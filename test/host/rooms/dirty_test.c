// SPDX-License-Identifier: BSD-2-Clause
/*
 * dirty: A and D bits as the application reads them in its tables, and the ring of displaced dirty pages. Each way
 * that a machine may have: the walker sets the bits, it faults and the kernel sets them, or the kernel hides what
 * would set them.
 */
#include "rooms_test.h"

#include "pte/pte.h"
#include "stlb/stlb.h"

#include <rivet/stlb.h>

#include <string.h>

#define RW (RIGHT_READ | RIGHT_WRITE)
#define SUPER 0xc0000000ul
#define ENTRIES_BYTES (128ul * PAGE_SIZE) // an STLB of one frame: addresses so far apart collide

static struct space *space(void) { return fake_env()->space; }
static pte_t pte_at(word_t address) { return *pte_walk(space(), address).slot; }
static word_t bits_at(word_t address) { return pte_at(address) & (PTE_A | PTE_D); }

static int setup(struct fake_options options)
{
    options.harts = 4;
    options.frames = options.frames != 0 ? options.frames : 512;
    options.asid_bits = 16;
    family_setup_with(options);
    return 0;
}

static int walker(void **state) { (void)state; return setup((struct fake_options){0}); }
static int faults(void **state) { (void)state; return setup((struct fake_options){.no_walker_bits = true}); }
static int hidden(void **state) { (void)state; return setup((struct fake_options){.no_ad = true}); }

// An access by this hart; the application must not hear of it, unless it is refused.
static bool touch(word_t address, word_t cause, page_t page)
{
    page_t found = 0;
    for (int i = 0; i < 3; i++) {
        *env_save(fake_env(), SAVE_X_HANDLER) = 0x1000;
        if (fake_touch(address, cause, &found))
            return found == page;
        if (*env_save(fake_env(), SAVE_X_HANDLER) == 0)
            return false;
    }
    fail_msg("an access is tried again and again");
    return false;
}

static struct dirty_ring *ring_make(void)
{
    page_t page = fake_fresh();
    OK(stlb, ring, 0, page);
    return page_memory(page);
}

static void stlb_make(void)
{
    page_t first = fake_fresh();
    ALL(stlb, bind, 0, first, 0);
}

static void pinned_bits(void **state)
{
    (void)state;
    page_t page = data_make();
    OK(pte, map, 0, PINNED, page, 1, RW, CAP_NONE);
    assert_int_equal(bits_at(PINNED), 0);
    assert_true(touch(PINNED, 13, page));
    assert_int_equal(bits_at(PINNED), PTE_A);
    assert_true(touch(PINNED, 15, page));
    assert_int_equal(bits_at(PINNED), PTE_A | PTE_D);

    // Rights come and go, the bits stay.
    OK(pte, protect, 0, PINNED, 1, RIGHT_READ);
    assert_false(touch(PINNED, 15, page));
    assert_int_equal(bits_at(PINNED), PTE_A | PTE_D);
    OK(pte, protect, 0, PINNED, 1, 0);
    assert_false(touch(PINNED, 13, page));
    OK(pte, protect, 0, PINNED, 1, RW | CLEAR_DIRTY);
    assert_int_equal(bits_at(PINNED), PTE_A);
    assert_true(touch(PINNED, 13, page));
    assert_int_equal(bits_at(PINNED), PTE_A);
    assert_true(touch(PINNED, 15, page)); // no TLB remembers that it was dirty
    assert_int_equal(bits_at(PINNED), PTE_A | PTE_D);
    OK(pte, protect, 0, PINNED, 1, RW | CLEAR_ACCESSED);
    assert_int_equal(bits_at(PINNED), PTE_D);
    OK(pte, protect, 0, PINNED, 1, RIGHT_READ | CLEAR_ACCESSED | CLEAR_DIRTY);
    assert_int_equal(bits_at(PINNED), 0);
    assert_false(touch(PINNED, 15, page));
    assert_int_equal(bits_at(PINNED), 0);
    assert_true(touch(PINNED, 13, page));
    assert_int_equal(bits_at(PINNED), PTE_A);
    REFUSED(PERM, pte, protect, 0, PINNED, 1, RIGHT_READ | RIGHT_EXECUTE | CLEAR_DIRTY);
    REFUSED(RANGE, pte, protect, 0, PINNED, 1, RIGHT_WRITE | CLEAR_DIRTY);
    REFUSED(RANGE, pte, protect, 0, PINNED, 1, RIGHT_READ | 256);
    OK(pte, unmap, 0, PINNED, 1);
    OK(page, free, page);
}

static void bits_from_the_start(void **state)
{
    (void)state;
    page_t page = data_make();
    const word_t flags[] = {0, BIND_ACCESSED, BIND_DIRTY, BIND_ACCESSED | BIND_DIRTY};
    stlb_make();
    for (word_t i = 0; i < 4; i++) {
        word_t at = PINNED + i * PAGE_SIZE;
        OK(pte, map, 0, at, page, 1, RW | flags[i], CAP_NONE);
        assert_int_equal(bits_at(at), flags[i]);
        assert_int_equal(pte_meant(pte_at(at)) & (PTE_RIGHTS | PTE_V), RW | PTE_V);
        OK(stlb, enter, 0, CACHED + i * PAGE_SIZE, page, RW | flags[i], CAP_NONE);
        assert_int_equal(stlb_find(space(), CACHED + i * PAGE_SIZE)->pte & (PTE_A | PTE_D), flags[i]);
    }
    OK(pte, map, 0, PINNED + 8 * PAGE_SIZE, data_make(), 1, RIGHTS_FRAME | BIND_DIRTY, CAP_NONE);
    assert_true(touch(PINNED + 8 * PAGE_SIZE, 12, pte_page(pte_at(PINNED + 8 * PAGE_SIZE))));
    REFUSED(RANGE, pte, map, 0, PINNED + 9 * PAGE_SIZE, page, 1, BIND_DIRTY, CAP_NONE);
    REFUSED(RANGE, pte, map, 0, PINNED + 9 * PAGE_SIZE, page, 1, RIGHT_READ | 256 | BIND_DIRTY, CAP_NONE);
    REFUSED(RANGE, stlb, enter, 0, CACHED + 9 * PAGE_SIZE, page, RIGHT_WRITE | BIND_DIRTY, CAP_NONE);
    // A flag is no right: it needs no capability, and gives none.
    OK(cap, mint, 3, page, RIGHT_READ);
    OK(pte, map, 0, PINNED + 9 * PAGE_SIZE, page, 1, RIGHT_READ | BIND_DIRTY, 3);
    REFUSED(PERM, pte, map, 0, PINNED + 10 * PAGE_SIZE, page, 1, RW | BIND_DIRTY, 3);
    REFUSED(PERM, pte, protect, 0, PINNED + 9 * PAGE_SIZE, 1, RW);
    assert_false(touch(PINNED + 9 * PAGE_SIZE, 15, page));
}

// A hundred pages in one call, of which every third is dirty.
static void ranges_keep_bits(void **state)
{
    (void)state;
    page_t run = fake_fresh_run(100);
    for (word_t i = 0; i < 100; i++) {
        ALL(page, alloc, run + i);
        OK(pte, map, 0, PINNED + i * PAGE_SIZE, run + i, 1, RW, CAP_NONE);
        if (i % 3 == 0)
            assert_true(touch(PINNED + i * PAGE_SIZE, 15, run + i));
        else if (i % 3 == 1)
            assert_true(touch(PINNED + i * PAGE_SIZE, 13, run + i));
    }
    const word_t want[] = {PTE_A | PTE_D, PTE_A, 0};
    assert_int_equal(OK(pte, protect, 0, PINNED, 100, RIGHT_READ), 100);
    for (word_t i = 0; i < 100; i++) {
        assert_int_equal(bits_at(PINNED + i * PAGE_SIZE), want[i % 3]);
        assert_false(reaches(HART_INIT, PINNED + i * PAGE_SIZE, 15, run + i));
    }
    assert_int_equal(OK(pte, protect, 0, PINNED, 100, RW | CLEAR_DIRTY), 100);
    for (word_t i = 0; i < 100; i++)
        assert_int_equal(bits_at(PINNED + i * PAGE_SIZE), want[i % 3] & PTE_A);
    assert_true(touch(PINNED + 3 * PAGE_SIZE, 15, run + 3));
    assert_int_equal(bits_at(PINNED + 3 * PAGE_SIZE), PTE_A | PTE_D);
}

// A walker on another hart sets D while the kernel changes rights: played by a store between two calls of one.
static void bits_of_other_harts(void **state)
{
    (void)state;
    page_t frames = frames_for(fake.init, 3), page;
    env_t twin = ALL(env, create, frames, frames + 2, family.a_space);
    for (word_t i = 0; i < SLICES_MAX; i++)
        OK(slice, give, HART_IDLE, i, twin);
    OK(env, start, twin);
    fake_on(HART_IDLE);
    while (fake_interrupt())
        ;
    fake_on(HART_A);
    page = data_make();
    OK(pte, map, 0, PINNED, page, 1, RW, CAP_NONE);
    fake_on(HART_IDLE);
    assert_true(touch(PINNED, 15, page));
    fake_on(HART_A);
    assert_int_equal(bits_at(PINNED), PTE_A | PTE_D);
    OK(pte, protect, 0, PINNED, 1, RW | CLEAR_DIRTY | CLEAR_ACCESSED);
    assert_int_equal(fake_harts[HART_IDLE].fenced, 1); // or its TLB would not note the next store
    fake_on(HART_IDLE);
    assert_true(touch(PINNED, 15, page));
    assert_int_equal(bits_at(PINNED), PTE_A | PTE_D);
}

static int walker_large(void **state) { (void)state; return setup((struct fake_options){.frames = 1536}); }
static int faults_large(void **state)
{
    (void)state;
    return setup((struct fake_options){.frames = 1536, .no_walker_bits = true});
}
static int hidden_large(void **state)
{
    (void)state;
    return setup((struct fake_options){.frames = 1536, .no_ad = true});
}

static void superpage_bits(void **state)
{
    (void)state;
    page_t tables = fake_fresh_run(2), run = FAKE_FIRST + 512;
    ALL(page, join, run);
    OK(pte, table, 0, SUPER, 1, tables, tables + 1);
    OK(pte, map, 0, SUPER, run, SUPER_PAGES, RW, CAP_NONE);
    const pte_t *slot = pte_place_super(space(), SUPER).slot;
    assert_int_equal(*slot & PTE_FLAGS, 0);
    assert_true(touch(SUPER + 5 * PAGE_SIZE, 13, run + 5));
    assert_int_equal(*slot & PTE_FLAGS, PTE_A);
    assert_false(touch(SUPER + 5 * PAGE_SIZE, 12, run + 5));
    OK(pte, protect, 0, SUPER, SUPER_PAGES, RIGHT_READ);
    assert_false(touch(SUPER, 15, run));
    OK(pte, protect, 0, SUPER, SUPER_PAGES, RW);
    assert_true(touch(SUPER + 511 * PAGE_SIZE, 15, run + 511));
    assert_int_equal(*slot & PTE_FLAGS, PTE_A | PTE_D);
    OK(pte, protect, 0, SUPER, SUPER_PAGES, RW | CLEAR_DIRTY);
    assert_int_equal(*slot & PTE_FLAGS, PTE_A);
    OK(pte, unmap, 0, SUPER, SUPER_PAGES);
    OK(pte, map, 0, SUPER, run, SUPER_PAGES, RW | BIND_ACCESSED | BIND_DIRTY, CAP_NONE);
    assert_int_equal(*slot & PTE_FLAGS, PTE_A | PTE_D);
    assert_true(reaches(HART_INIT, SUPER, 15, run));
}

static void ring_refuses(void **state)
{
    (void)state;
    page_t page = fake_fresh(), data = data_make();
    REFUSED(STATE, stlb, ring, 0, 0); // there is none
    REFUSED(NOENT, stlb, ring, NOBODY, page);
    REFUSED(NOENT, stlb, ring, 0, NOBODY);
    REFUSED(NOENT, stlb, ring, 0, KERNELS);
    REFUSED(NOENT, stlb, ring, 0, ~0ul);
    REFUSED(PERM, stlb, ring, 0, frames_for(family.a, 1));
    REFUSED(BUSY, stlb, ring, 0, data);
    REFUSED(BUSY, stlb, ring, 0, fake.init);
    OK(stlb, ring, 0, page);
    assert_int_equal(page_frame(page)->kind, PAGE_RING);
    REFUSED(STATE, stlb, ring, 0, fake_fresh());
    REFUSED(BUSY, page, alloc, page);
    REFUSED(KIND, page, free, page);
    REFUSED(KIND, page, give, page, 1, family.a);
    REFUSED(KIND, cap, mint, 1, page, RIGHT_READ);
    REFUSED(BUSY, pte, table, 0, NOWHERE, 1, page, 0);
    REFUSED(KIND, pte, map, 0, PINNED, page, 1, RIGHT_READ | RIGHT_EXECUTE, CAP_NONE);
    OK(pte, map, 0, PINNED, page, 1, RW, CAP_NONE);
    assert_true(touch(PINNED, 15, page));
    REFUSED(BUSY, stlb, ring, 0, 0); // somebody looks at it
    fake_on(HART_A);
    REFUSED(PERM, pte, map, 0, PINNED, page, 1, RIGHT_READ, CAP_NONE); // as any frame of somebody else's
    REFUSED(PERM, stlb, ring, family.b_space, frames_for(family.a, 1));
    fake_on(HART_INIT);
    OK(pte, unmap, 0, PINNED, 1);
    OK(stlb, ring, 0, 0);
    assert_int_equal(page_frame(page)->kind, PAGE_FREE);

    // One's child's space.
    OK(stlb, ring, family.a_space, page);
    OK(stlb, ring, family.a_space, 0);
}

// A dirty page is displaced only into a ring with room.
static void full_ring_refuses(void **state)
{
    (void)state;
    page_t page = data_make();
    const word_t alias = ENTRIES_BYTES;
    stlb_make();
    OK(stlb, enter, 0, CACHED, page, RW, CAP_NONE);
    assert_true(touch(CACHED, 15, page));
    REFUSED(FULL, stlb, enter, 0, CACHED + alias, page, RW, CAP_NONE);
    assert_true(reaches(HART_INIT, CACHED, 15, page)); // and its leaf is as it was
    assert_int_equal(page_frame(page)->bindings, 1);

    struct dirty_ring *ring = ring_make();
    word_t at = CACHED;
    for (word_t i = 0; i < RING_ENTRIES; i++, at ^= CACHED ^ (CACHED + alias)) {
        word_t other = at ^ CACHED ^ (CACHED + alias);
        assert_int_equal(OK(stlb, enter, 0, other, page, RW | BIND_DIRTY, CAP_NONE), at | 3);
        assert_int_equal(ring->head, i + 1);
        assert_int_equal(ring->entries[i], at | 1);
    }
    REFUSED(FULL, stlb, enter, 0, at ^ CACHED ^ (CACHED + alias), page, RW, CAP_NONE);
    OK(pte, unmap, 0, at, 1); // the recipe for pages that are not to be remembered: a page that is unbound is gone
    assert_int_equal(ring->head, RING_ENTRIES);
    OK(stlb, enter, 0, CACHED, page, RW, CAP_NONE);
    assert_int_equal(OK(stlb, enter, 0, CACHED + alias, page, RW | BIND_DIRTY, CAP_NONE), CACHED | 1); // clean: no room needed
    REFUSED(FULL, stlb, enter, 0, CACHED, page, RW, CAP_NONE);
    ring->tail++;
    assert_int_equal(OK(stlb, enter, 0, CACHED, page, RW, CAP_NONE), (CACHED + alias) | 3);
    assert_int_equal(ring->entries[0], (CACHED + alias) | 1); // round it goes
    assert_int_equal(ring->head, RING_ENTRIES + 1);
}

// The application writes to its ring what it likes: the kernel records where it would have, or refuses.
static void ring_lies(void **state)
{
    (void)state;
    page_t page = data_make();
    const word_t lies[] = {0, 1, 509, 510, 511, ~0ul, ~0ul - 509, 1ul << 63, 0xa5a5a5a5a5a5a5a5ul};
    stlb_make();
    struct dirty_ring *ring = ring_make();
    OK(stlb, enter, 0, CACHED, page, RW | BIND_DIRTY, CAP_NONE);
    word_t at = CACHED, other = CACHED + ENTRIES_BYTES, recorded = 0;
    for (int head = 0; head < 9; head++)
        for (int tail = 0; tail < 9; tail++) {
            ring->head = lies[head];
            ring->tail = lies[tail];
            if (recorded - lies[tail] >= RING_ENTRIES) {
                REFUSED(FULL, stlb, enter, 0, other, page, RW | BIND_DIRTY, CAP_NONE);
                continue;
            }
            assert_int_equal(OK(stlb, enter, 0, other, page, RW | BIND_DIRTY, CAP_NONE), at | 3);
            assert_int_equal(ring->entries[recorded % RING_ENTRIES], at | 1);
            assert_int_equal(ring->head, ++recorded);
            word_t swap = at;
            at = other;
            other = swap;
        }
    assert_in_range(recorded, 9, 80);
    invariants();
}

// The space goes, and the ring with it, although somebody looks at it.
static void ring_dies_with_its_space(void **state)
{
    (void)state;
    space_t child_space;
    env_t child = child_make(&child_space);
    page_t page = fake_fresh();
    tables_make(child_space);
    OK(stlb, ring, child_space, page);
    OK(pte, map, 0, PINNED, page, 1, RW, CAP_NONE);
    OK(pte, map, child_space, PINNED, page, 1, RW, CAP_NONE);
    assert_true(touch(PINNED, 15, page));
    ALL(env, destroy, child);
    ALL(space, destroy, child_space);
    assert_int_equal(page_frame(page)->kind, PAGE_FREE);
    assert_int_equal(page_frame(page)->bindings, 0);
    assert_false(reaches(HART_INIT, PINNED, 13, page));
    harts_cross();
    ALL(page, alloc, page);
}

/*
 * Random stores, loads, collisions, tables taken back, bits cleared, the ring read now and then; what is found in the
 * ring, in the entries and in the leaves is what was written, no page more and none less.
 */
#define TABLES 3
#define PAGES  24

static struct {
    uint64_t random;
    page_t page;
    bool written[TABLES][PAGES];
    bool table[TABLES];
    page_t frames[TABLES];
    struct dirty_ring *ring;
} hunt;

static word_t any(word_t n)
{
    hunt.random = hunt.random * 6364136223846793005ul + 1442695040888963407ul;
    return (hunt.random >> 33) % n;
}

static word_t hunt_address(word_t table, word_t page) { return CACHED + 0x200000 * table + page * PAGE_SIZE; }

static bool *hunt_place(word_t address)
{
    word_t offset = address - CACHED;
    assert_true(offset % 0x200000 / PAGE_SIZE < PAGES && offset / 0x200000 < TABLES);
    return &hunt.written[offset / 0x200000][offset % 0x200000 / PAGE_SIZE];
}

static void hunt_ring(void)
{
    for (; hunt.ring->tail != hunt.ring->head; hunt.ring->tail++) {
        word_t entry = hunt.ring->entries[hunt.ring->tail % RING_ENTRIES];
        bool *place = hunt_place(entry & ~1ul);
        assert_true(entry & 1 && *place);
        *place = false;
    }
}

static bool hunt_dirty(word_t address)
{
    const struct stlb_entry *entry = stlb_find(space(), address);
    struct pte_place leaf = pte_walk(space(), address);
    return (entry != NULL && entry->pte & PTE_D) || (leaf.slot != NULL && *leaf.slot & PTE_D);
}

static void hunt_step(void)
{
    word_t table = any(TABLES), page = any(PAGES), at = hunt_address(table, page);
    bool bound = stlb_find(space(), at) != NULL;
    switch (any(8)) {
    case 0:
    case 1:
        if (bound || hunt.written[table][page]) // its record is still in the ring
            break;
        OK(stlb, enter, 0, at, hunt.page, RW, CAP_NONE);
        break;
    case 2:
    case 3:
        if (bound && hunt.table[table] && touch(at, 15, hunt.page))
            hunt.written[table][page] = true;
        break;
    case 4:
        if (bound && hunt.table[table])
            assert_true(touch(at, 13, hunt.page));
        break;
    case 5:
        if (hunt.table[table] && any(4) == 0) {
            ALL(pte, untable, 0, at, 0);
            hunt.table[table] = false;
        } else if (!hunt.table[table]) {
            ALL(pte, table, 0, at, 0, hunt.frames[table], 0);
            hunt.table[table] = true;
        }
        break;
    case 6:
        if (bound && any(2) == 0) {
            assert_int_equal(hunt_dirty(at), hunt.written[table][page]);
            OK(pte, protect, 0, at, 1, any(2) ? RW | CLEAR_DIRTY : RW | CLEAR_DIRTY | CLEAR_ACCESSED);
            hunt.written[table][page] = false;
        } else if (bound) {
            OK(pte, protect, 0, at, 1, RIGHT_READ);
            assert_false(touch(at, 15, hunt.page));
            OK(pte, protect, 0, at, 1, RW);
        }
        break;
    case 7:
        if (any(4) == 0)
            hunt_ring();
        break;
    }
}

static void every_dirty_page_is_found(void **state)
{
    (void)state;
    memset(&hunt, 0, sizeof(hunt));
    hunt.random = 7;
    hunt.page = data_make();
    stlb_make();
    hunt.ring = ring_make();
    OK(pte, untable, 0, CACHED, 0);
    for (word_t i = 0; i < TABLES; i++)
        hunt.frames[i] = fake_fresh();
    word_t recorded = 0;
    for (int i = 0; i < 30000; i++) {
        word_t head = hunt.ring->head;
        hunt_step();
        recorded += hunt.ring->head - head;
        if (hunt.ring->head - hunt.ring->tail > RING_ENTRIES - 2)
            hunt_ring();
        if (i % 1000 == 0)
            invariants();
    }
    hunt_ring();
    word_t dirty = 0;
    for (word_t table = 0; table < TABLES; table++)
        for (word_t page = 0; page < PAGES; page++) {
            assert_int_equal(hunt_dirty(hunt_address(table, page)), hunt.written[table][page]);
            dirty += hunt.written[table][page];
        }

    assert_true(recorded > 500 && dirty > 2);
}

#define EACH_WAY(name)                                                                                       \
    cmocka_unit_test_setup_teardown(name, walker, invariants_each),                                          \
    {#name " on a machine that faults", name, faults, invariants_each, NULL},                                \
    {#name " with hidden accesses", name, hidden, invariants_each, NULL}

ROOM(dirty)
{
    const struct CMUnitTest tests[] = {
        EACH_WAY(pinned_bits),
        EACH_WAY(bits_from_the_start),
        EACH_WAY(ranges_keep_bits),
        EACH_WAY(bits_of_other_harts),
        cmocka_unit_test_setup_teardown(superpage_bits, walker_large, invariants_each),
        {"superpage_bits on a machine that faults", superpage_bits, faults_large, invariants_each, NULL},
        {"superpage_bits with hidden accesses", superpage_bits, hidden_large, invariants_each, NULL},
        TEST(ring_refuses),
        EACH_WAY(full_ring_refuses),
        TEST(ring_lies),
        TEST(ring_dies_with_its_space),
        EACH_WAY(every_dirty_page_is_found),
    };
    return RUN(tests);
}
