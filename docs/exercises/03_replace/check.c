// SPDX-License-Identifier: BSD-2-Clause
/*
 * Exercise 3: the policy is driven as regions drive theirs, over pages that are only numbers, so that every touch is
 * known; then it chooses for a real region, where A bits tell what was used.
 *
 * Of three touches two go to one of HOT pages, the third goes on with a scan. The bound is a fault for each touch of
 * the scan and for each page of the working set when it becomes hot, and an eighth more.
 */
#include "../check.h"

#include "replace.h"

#define PAGES   600
#define FRAMES  24
#define HOT     16
#define TOUCHES 6000
#define TICK    4      // faults from one tick to the next, as in libos/vm/region_evict.c with so many frames
#define REGION  64     // pages of the real one

static struct replace_set set;
static struct replace_page pages[PAGES];
static bool here[PAGES], touched[PAGES];
static size_t resident, faults;
static const char *broken; // a rule that the policy broke
static uint64_t seed;

static size_t random_below(size_t limit)
{
    seed = seed * 6364136223846793005ul + 1442695040888963407ul;
    return (seed >> 33) % limit;
}

static bool used(struct replace_set *whose, struct replace_page *page)
{
    bool was = touched[page - pages];

    (void)whose;
    touched[page - pages] = false;
    return was;
}

static void leave_one(void)
{
    struct replace_page *page = set.ops->pick(&set);

    if (!page || page < pages || page >= pages + PAGES || !here[page - pages] || page->held) {
        broken = !page                                    ? "it picked none, although not all are held"
                 : page < pages || page >= pages + PAGES  ? "it picked something that is no page"
                 : !here[page - pages]                    ? "it picked a page that is not there"
                                                          : "it picked a page that is held";
        page = REPLACE_FIRST(&set);
        while (page->held)
            page = replace_next(&set, page);
    }
    replace_remove(&set, page);
    here[page - pages] = touched[page - pages] = false;
    resident--;
}

static void touch(size_t page)
{
    if (!here[page]) {
        if (++faults % TICK == 0 && set.ops->tick)
            set.ops->tick(&set);
        if (resident == FRAMES)
            leave_one();
        replace_add(&set, &pages[page]);
        here[page] = true;
        resident++;
    }
    touched[page] = true;
}

static void begin(const struct replace_ops *ops)
{
    replace_begin(&set, ops, used);
    for (size_t i = 0; i < PAGES; i++) {
        pages[i] = (struct replace_page){0};
        here[i] = touched[i] = false;
    }
    resident = faults = 0;
    seed = 1;
}

// The hot pages are others after each `stay` touches.
static size_t scan_run(const struct replace_ops *ops, size_t stay)
{
    begin(ops);
    for (size_t i = 0; i < TOUCHES; i++) {
        size_t hot = i / stay * HOT + random_below(HOT), scan = PAGES / 4 + i / 3 % (PAGES * 3 / 4);
        touch(i % 3 ? hot : scan);
    }
    return faults;
}

static void scan_check(size_t stay, const char *what)
{
    size_t least = TOUCHES / 3 + TOUCHES / stay * HOT;

    check_note("%s: fifo %zu faults, clock %zu, lru %zu; each page of the scan, and the working set once: %zu", what,
               scan_run(&replace_fifo, stay), scan_run(&replace_clock, stay), scan_run(&replace_lru, stay), least);
    check_at_most(scan_run(&replace_yours, stay), least + least / 8, "faults of yours");
}

static void rules_check(void)
{
    begin(&replace_yours);
    for (size_t i = 0; i < FRAMES; i++)
        touch(i);
    for (size_t i = 0; i < FRAMES; i++)
        pages[i].held = i != 7;
    touch(FRAMES);
    check(!here[7] && !broken, "when all pages are held but one, that one leaves%s%s", broken ? ": " : "",
          broken ? broken : "");
    pages[FRAMES].held = true;
    check(set.ops->pick(&set) == NULL, "when all are held, it picks none");
    begin(&replace_yours);
    for (size_t i = 0; i < TOUCHES; i++)
        touch(random_below(FRAMES));
    check_equal(faults, FRAMES, "faults when there is a frame for every page");
}

// The same touches to real memory.
static size_t region_run(const struct replace_ops *ops)
{
    const char *why;
    struct region *region = region_create(
        &(struct region_options){.pages = REGION, .pager = pager_find("memory"), .policy = ops, .limit = FRAMES}, &why);

    if (!region)
        return ~0ul;
    volatile word_t *words = region_base(region);
    seed = 1;
    for (size_t i = 0; i < TOUCHES; i++) {
        size_t hot = random_below(HOT), scan = HOT + i / 3 % (REGION - HOT);
        words[(i % 3 ? hot : scan) * PAGE_SIZE / sizeof(word_t)]++;
    }
    size_t count = region_counts(region).faults;
    region_destroy(region);
    return count;
}

int main(void)
{
    size_t least = TOUCHES / 3 + HOT;

    rules_check();
    scan_check(TOUCHES, "a scan beside a working set");
    scan_check(TOUCHES / 3, "a working set that moves");
    check(!broken, "every page that it picked was there and not held%s%s", broken ? ": " : "", broken ? broken : "");
    check_note("a region of real memory: fifo %zu faults, clock %zu, lru %zu", region_run(&replace_fifo),
               region_run(&replace_clock), region_run(&replace_lru));
    check_at_most(region_run(&replace_yours), least + least / 8, "faults of yours");
    return check_end();
}
