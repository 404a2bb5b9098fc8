// SPDX-License-Identifier: BSD-2-Clause
/*
 * Regions: pages come from their pager when touched, no more than the limit are here, what was written survives
 * leaving when the pager keeps it and never leaves when it does not, and frames come back. The pager `drawer` is this
 * test's own, and a strict one: it keeps what it is given and counts.
 */
#include "guest.h"

#define PAGES 32
#define LIMIT 8

static struct drawer {
    struct pager pager; // first
    char page[PAGES][PAGE_SIZE];
    bool filled[PAGES];
    size_t ins, outs;
    long out_error; // what `out` answers
} drawer;

static struct pager *drawer_open(const char *argument, size_t pages, const char **why)
{
    *why = "the drawer is too small";
    if (pages > PAGES || argument == NULL || strcmp(argument, "mine") != 0)
        return NULL;
    memset(&drawer, 0, sizeof(drawer));
    extern const struct pager_ops pager_drawer;
    drawer.pager.ops = &pager_drawer;
    return &drawer.pager;
}

static long drawer_in(struct pager *pager, size_t index, void *bytes, bool clear)
{
    CHECK(pager == &drawer.pager);
    drawer.ins++;
    for (size_t i = 0; clear && i < PAGE_SIZE; i++)
        if (((char *)bytes)[i])
            return ERR_STATE; // it was said to be clear
    memcpy(bytes, drawer.page[index], PAGE_SIZE);
    return ERR_OK;
}

static long drawer_out(struct pager *pager, size_t index, const void *bytes)
{
    CHECK(pager == &drawer.pager);
    if (drawer.out_error)
        return drawer.out_error;
    drawer.outs++;
    drawer.filled[index] = true;
    memcpy(drawer.page[index], bytes, PAGE_SIZE);
    return ERR_OK;
}

static void drawer_forget(struct pager *pager, size_t index)
{
    CHECK(pager == &drawer.pager);
    drawer.filled[index] = false;
    memset(drawer.page[index], 0, PAGE_SIZE);
}

const struct pager_ops pager_drawer = {
    .name = "drawer",
    .open = drawer_open,
    .in = drawer_in,
    .out = drawer_out,
    .forget = drawer_forget,
};

static struct region *make(const struct region_options *options)
{
    const char *why = "";
    struct region *region = region_create(options, &why);
    CHECK_TEXT(region ? "made" : why, "made");
    return region;
}

static word_t *word_of(struct region *region, size_t page)
{
    return (word_t *)((char *)region_base(region) + page * PAGE_SIZE + page % 500 * 8);
}

// Write, read and write again through all pages under each policy: contents survive, the limit is kept.
static void policies_test(void)
{
    for (const struct replace_ops *const *policy = replace_table; *policy; policy++) {
        struct region *region = make(&(struct region_options){
            .pages = PAGES, .pager = &pager_drawer, .argument = "mine", .policy = *policy, .limit = LIMIT});
        unsigned random = 1;
        word_t is[PAGES] = {0};

        for (int i = 0; i < 2000; i++) {
            random = random * 1103515245 + 12345;
            size_t page = random >> 16 & (PAGES - 1);
            CHECK_EQUAL(*word_of(region, page), is[page]);
            if (random >> 24 & 1)
                *word_of(region, page) = is[page] = (word_t)i;
            CHECK(region_counts(region).resident <= LIMIT);
        }
        struct region_counts counts = region_counts(region);
        CHECK_EQUAL(counts.resident, LIMIT);
        CHECK_EQUAL(counts.faults, drawer.ins);
        CHECK_EQUAL(counts.written, drawer.outs);
        CHECK_EQUAL(counts.faults, counts.evicted + counts.resident);
        CHECK(counts.faults > PAGES && counts.faults < 2000);
        region_destroy(region);
    }
}

// Only what was written is given to the pager; told by the D bit alone.
static void dirty_test(void)
{
    struct region *region = make(&(struct region_options){
        .pages = PAGES, .pager = &pager_drawer, .argument = "mine", .policy = &replace_fifo, .limit = LIMIT});
    volatile word_t sum = 0;

    for (size_t round = 0; round < 3; round++)
        for (size_t page = 0; page < PAGES; page++)
            sum += *word_of(region, page);
    CHECK_EQUAL(sum, 0);
    CHECK_EQUAL(drawer.ins, 3 * PAGES);
    CHECK_EQUAL(drawer.outs, 0);
    for (size_t page = 0; page < PAGES; page += 4)
        *word_of(region, page) = 1;
    for (size_t page = 0; page < PAGES; page++)
        sum += *word_of(region, page);
    for (size_t page = 1; page <= LIMIT; page++) // others: now all that was written is out
        sum += *word_of(region, page + (page % 4 == 0));
    CHECK_EQUAL(sum, PAGES / 4);
    for (size_t page = 0; page < PAGES; page++)
        CHECK_EQUAL(drawer.filled[page], page % 4 == 0);

    // Written back and kept: not written again.
    size_t outs = drawer.outs;
    *word_of(region, 3) = 5;
    CHECK_EQUAL(region_sync(region), ERR_OK);
    CHECK_EQUAL(drawer.outs, outs + 1);
    CHECK_EQUAL(region_sync(region), ERR_OK);
    CHECK_EQUAL(drawer.outs, outs + 1);
    *word_of(region, 3) = 6;
    drawer.out_error = ERR_BUSY;
    CHECK_EQUAL(region_sync(region), ERR_BUSY);
    drawer.out_error = ERR_OK;
    CHECK_EQUAL(region_sync(region), ERR_OK);
    CHECK_EQUAL(drawer.outs, outs + 2);
    region_destroy(region);
}

// A page that its pager does not take stays; zeros take nothing.
static void stays_test(void)
{
    struct region *region = make(&(struct region_options){.pages = PAGES, .limit = LIMIT});

    for (size_t page = 0; page < LIMIT - 1; page++)
        *word_of(region, page) = page + 1;
    for (size_t page = LIMIT; page < PAGES; page++) // all of them through the one frame that is left
        CHECK_EQUAL(*word_of(region, page), 0);
    CHECK_EQUAL(region_counts(region).resident, LIMIT);
    for (size_t page = 0; page < LIMIT - 1; page++)
        CHECK_EQUAL(*word_of(region, page), page + 1);
    CHECK(!region_limit(region, LIMIT / 2));
    CHECK_EQUAL(region_counts(region).resident, LIMIT - 1);
    *word_of(region, PAGES - 1) = 0; // nobody can leave: one more than the limit
    CHECK_EQUAL(region_counts(region).resident, LIMIT);
    region_discard(region, word_of(region, PAGES - 1), 1); // not a whole page: nothing happens
    CHECK_EQUAL(region_counts(region).resident, LIMIT);
    region_discard(region, (char *)region_base(region) + (PAGES - 1) * PAGE_SIZE, PAGE_SIZE);
    region_discard(region, region_base(region), PAGE_SIZE * (LIMIT - 1));
    CHECK(region_limit(region, LIMIT / 2));
    for (size_t page = 0; page < PAGES; page++)
        CHECK_EQUAL(*word_of(region, page), 0);
    CHECK(region_counts(region).resident <= LIMIT / 2);
    region_destroy(region);
}

static void hold_test(void)
{
    struct region *region = make(&(struct region_options){
        .pages = PAGES, .pager = &pager_drawer, .argument = "mine", .policy = &replace_mru, .limit = LIMIT});

    region_hold(region, word_of(region, 5), 1, true);
    *word_of(region, 5) = 55;
    for (size_t round = 0; round < 3; round++)
        for (size_t page = 6; page < PAGES; page++)
            *word_of(region, page) = page;
    CHECK(!drawer.filled[5]); // it never left
    region_hold(region, word_of(region, 5), 1, false);
    CHECK(region_limit(region, REGION_LEAST));
    CHECK_EQUAL(region_counts(region).resident, REGION_LEAST);
    CHECK_EQUAL(*word_of(region, 5), 55);

    // Two frames, and an access that needs two pages at once.
    word_t *both = (word_t *)((char *)region_base(region) + 10 * PAGE_SIZE - 4);
    *word_of(region, 20) = 0;
    *word_of(region, 21) = 0;
    __builtin_memset(both, 0x5a, 8);
    __asm__ volatile("ld zero, (%0)" : : "r"(both) : "memory");
    CHECK_EQUAL(*both, 0x5a5a5a5a5a5a5a5a);
    region_destroy(region);
}

// The file this program was loaded from, byte by byte, through fewer frames than it has pages.
static void bundle_test(void)
{
    const char *why = "";
    struct bundle_file file;
    CHECK(bundle_find(bundle_own(&why), program_argument(0), &file, &why));
    size_t pages = (file.size + PAGE_SIZE - 1) / PAGE_SIZE;
    struct region *region = make(&(struct region_options){.pages = pages,
                                                          .rights = RIGHT_READ,
                                                          .pager = &pager_bundle,
                                                          .argument = program_argument(0),
                                                          .policy = &replace_lru,
                                                          .limit = 3});
    CHECK(pages > 8);
    CHECK_EQUAL(memcmp(region_base(region), file.bytes, file.size), 0);
    for (size_t i = file.size; i < pages * PAGE_SIZE; i++)
        CHECK_EQUAL(((const char *)region_base(region))[i], 0);
    CHECK(region_counts(region).resident <= 3);
    region_destroy(region);

    CHECK(!region_create(&(struct region_options){.pages = 1, .pager = &pager_bundle, .argument = "nothing"}, &why));
    CHECK_TEXT(why, "there is no such file in the bundle");
}

// Sparse: what a gigabyte costs is what is touched of it.
static void sparse_test(void)
{
    struct region *region = make(&(struct region_options){.pages = 1ul << 18, .limit = 4});
    size_t before = frame_count_free();

    for (size_t page = 0; page < 1ul << 18; page += 50000)
        CHECK_EQUAL(*word_of(region, page), 0);
    CHECK(before - frame_count_free() < 100); // of 262144
    CHECK_EQUAL(region_counts(region).resident, 4);
    region_discard(region, region_base(region), (size_t)1 << 30);
    CHECK(before - frame_count_free() < 100);
    CHECK_EQUAL(region_counts(region).resident, 0);
    region_destroy(region);
}

// When frames are short, regions give: here to the heap of a program that has taken all others.
static void reclaim_test(void)
{
    struct region *region = make(&(struct region_options){
        .pages = PAGES, .pager = &pager_drawer, .argument = "mine", .policy = &replace_lru});

    for (size_t page = 0; page < PAGES; page++)
        *word_of(region, page) = page;
    CHECK_EQUAL(region_counts(region).resident, PAGES);
    size_t free = frame_count_free();
    CHECK_EQUAL(region_reclaim(5), 5);
    CHECK_EQUAL(frame_count_free(), free + 5);
    CHECK_EQUAL(drawer.outs, 5);
    CHECK_EQUAL(region_reclaim(1000), PAGES - 5);
    CHECK_EQUAL(region_reclaim(1), 0);
    for (size_t page = 0; page < PAGES; page++)
        CHECK_EQUAL(*word_of(region, page), page);
    region_destroy(region);
}

static void refusal_test(void)
{
    const char *why = "";
    static const struct {
        struct region_options options;
        const char *why;
    } bad[] = {
        {{.pages = 0}, "a region has at least one page and at most 32 GiB"},
        {{.pages = 1ul << 40}, "a region has at least one page and at most 32 GiB"},
        {{.pages = 1, .rights = RIGHT_WRITE}, "a region can be read, and beyond that written or executed"},
        {{.pages = 1, .rights = 32 | RIGHT_READ}, "a region can be read, and beyond that written or executed"},
        {{.pages = PAGES + 1, .pager = &pager_drawer, .argument = "mine"}, "the drawer is too small"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CHECK(!region_create(&bad[i].options, &why));
        CHECK_TEXT(why, bad[i].why);
    }
    struct region *all[REGIONS_MAX];
    for (size_t i = 0; i < REGIONS_MAX; i++) {
        all[i] = make(&(struct region_options){.pages = 3});
        CHECK(region_of(word_of(all[i], 2)) == all[i]);
        for (size_t j = 0; j < i; j++)
            CHECK(region_base(all[j]) != region_base(all[i]));
    }
    CHECK(!region_create(&(struct region_options){.pages = 1}, &why));
    CHECK_TEXT(why, "there is no room for one more region");
    void *base = region_base(all[7]);
    region_destroy(all[7]);
    all[7] = make(&(struct region_options){.pages = 3});
    CHECK(region_base(all[7]) == base);
    for (size_t i = 0; i < REGIONS_MAX; i++)
        region_destroy(all[i]);
    CHECK(!region_of(base));
    CHECK(pager_find("zero") == &pager_zero);
    CHECK(!pager_find("nothing"));
}

int main(void)
{
    void (*const tests[])(void) = {policies_test, dirty_test, stays_test,   hold_test,
                                   bundle_test,   sparse_test, reclaim_test, refusal_test};
    for (int round = 0; round < 2; round++) { // page tables that the first round makes stay
        size_t frames = frame_count_free();
        for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
            tests[i]();
        if (round == 1)
            CHECK_EQUAL(frame_count_free(), frames);
    }
    return guest_end();
}
