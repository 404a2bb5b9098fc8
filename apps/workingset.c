// SPDX-License-Identifier: BSD-2-Clause
/*
 * A working set larger than the memory it is granted, under each replacement policy that is linked in:
 *
 *     workingset [PATTERN [POLICY]]      all of them, when nothing is said
 *
 *     random    any page, each as likely as the others
 *     cyclic    one after the other, round and round
 *     hotcold   nine of ten touches to a sixth of the pages
 *     stages    a sweep over one part of the pages after the other, with a table that all of them need
 *
 * One row each: how many pages came in, how many were written out, the instructions of everything (under --icount,
 * which makes them exact), and those beyond what the same touches cost where all pages have frames, for each fault.
 * The program tells its region when it needs each page next as far as it knows; only the policy `told` listens.
 */
#include <rivet.h>
#include <stdio.h>
#include <string.h>

#define PAGES   96
#define FRAMES  32
#define TOUCHES 3000
#define HOT     (PAGES / 6)
#define TABLE   8             // pages of the table of `stages`
#define STAGE   20            // pages of one part
#define TURNS   4             // sweeps over one part
#define WORDS   (PAGE_SIZE / sizeof(word_t))

struct pattern {
    const char *name;
    size_t (*page)(size_t touch);                                      // which page this touch goes to
    void (*tell)(struct region *region, size_t touch, size_t page);    // NULL: nothing is known
};

static word_t *region_pages;
static word_t seed;

static size_t random_below(size_t limit)
{
    seed = seed * 6364136223846793005ul + 1442695040888963407ul;
    return (seed >> 33) % limit;
}

static void tell(struct region *region, size_t page, size_t count, uint64_t when)
{
    region_tell(region, region_pages + page * WORDS, count * PAGE_SIZE, when);
}

static size_t random_page(size_t touch)
{
    (void)touch;
    return random_below(PAGES);
}

static size_t cyclic_page(size_t touch)
{
    return touch % PAGES;
}

static void cyclic_tell(struct region *region, size_t touch, size_t page)
{
    tell(region, page, 1, touch + PAGES);
}

static size_t hotcold_page(size_t touch)
{
    (void)touch;
    return random_below(10) > 0 ? random_below(HOT) : HOT + random_below(PAGES - HOT);
}

static void hotcold_tell(struct region *region, size_t touch, size_t page)
{
    (void)page;
    if (touch == 0)
        tell(region, 0, HOT, REPLACE_NOW);
}

// Every other touch goes to the table, the rest sweeps over one part, TURNS times, then over the next one.
static size_t stages_page(size_t touch)
{
    size_t step = touch / 2, part = step / (STAGE * TURNS) % ((PAGES - TABLE) / STAGE);

    return touch % 2 == 0 ? random_below(TABLE) : TABLE + part * STAGE + step % STAGE;
}

static void stages_tell(struct region *region, size_t touch, size_t page)
{
    size_t step = touch / 2;

    if (touch == 0)
        tell(region, 0, TABLE, REPLACE_NOW);
    if (touch % 2 == 1)
        tell(region, page, 1, step / STAGE % TURNS == TURNS - 1 ? REPLACE_NEVER : step + STAGE);
}

static const struct pattern patterns[] = {
    {"random", random_page, NULL},
    {"cyclic", cyclic_page, cyclic_tell},
    {"hotcold", hotcold_page, hotcold_tell},
    {"stages", stages_page, stages_tell},
};
#define PATTERNS (sizeof(patterns) / sizeof(patterns[0]))

static word_t instructions(void)
{
    word_t count;
    __asm__ volatile("rdinstret %0" : "=r"(count));
    return count;
}

// Read sixteen words of the page and write one, in three of four touches only read. Each page counts its writes.
static word_t touch_page(size_t page, bool write)
{
    volatile word_t *words = region_pages + page * WORDS;
    word_t sum = 0;

    for (size_t i = 1; i <= 16; i++)
        sum += words[i * 29];
    if (write) {
        words[0]++;
        words[29 * (1 + page % 16)]++;
    }
    return sum;
}

// False when a page does not hold what was written to it.
static bool run(struct region *region, const struct pattern *pattern, word_t *spent)
{
    static word_t writes[PAGES];
    bool right = true;

    region_pages = region_base(region);
    memset(writes, 0, sizeof(writes));
    seed = 1;
    word_t begin = instructions();
    for (size_t touch = 0; touch < TOUCHES; touch++) {
        size_t page = pattern->page(touch);
        bool write = touch % 4 == 0;
        if (pattern->tell)
            pattern->tell(region, touch, page);
        right &= touch_page(page, write) == writes[page];
        writes[page] += write;
    }
    *spent = instructions() - begin;
    return right;
}

static struct region *region_make(const struct replace_ops *policy, size_t limit)
{
    const char *why;
    struct region *region = region_create(
        &(struct region_options){.pages = PAGES, .pager = pager_find("memory"), .policy = policy, .limit = limit},
        &why);

    if (!region)
        fprintf(stderr, "workingset: %s.\n", why);
    return region;
}

// 0, or the exit status.
static int row(const struct pattern *pattern, const struct replace_ops *policy)
{
    word_t enough, spent;
    struct region *region = region_make(policy, 0);

    if (!region)
        return 1;
    run(region, pattern, &enough); // every page is here afterwards
    run(region, pattern, &enough);
    region_destroy(region);
    if (!(region = region_make(policy, FRAMES)))
        return 1;
    bool right = run(region, pattern, &spent);
    struct region_counts counts = region_counts(region);
    region_destroy(region);
    printf("%-8s %-8s %8zu %8zu %13lu %10lu\n", pattern->name, policy->name, counts.faults, counts.written,
           (unsigned long)spent, (unsigned long)((spent - enough) / counts.faults));
    if (!right)
        fprintf(stderr, "workingset: a page did not hold what was written to it.\n");
    return right ? 0 : 1;
}

static const struct pattern *pattern_find(const char *name)
{
    for (size_t i = 0; i < PATTERNS; i++)
        if (strcmp(patterns[i].name, name) == 0)
            return &patterns[i];
    return NULL;
}

int main(int argc, char **argv)
{
    const struct pattern *pattern = argc > 1 ? pattern_find(argv[1]) : NULL;
    const struct replace_ops *policy = argc > 2 ? replace_find(argv[2]) : NULL;

    if (argc > 3) {
        fprintf(stderr, "workingset: it takes a pattern and a policy, and nothing more.\n");
        return 2;
    }
    if (argc > 1 && !pattern) {
        fprintf(stderr, "workingset: there is no pattern '%s'; there are random, cyclic, hotcold and stages.\n",
                argv[1]);
        return 2;
    }
    if (argc > 2 && !policy) {
        fprintf(stderr, "workingset: there is no policy '%s' among those that are linked in.\n", argv[2]);
        return 2;
    }
    printf("%d pages, %d frames, %d touches\n", PAGES, FRAMES, TOUCHES);
    printf("%-8s %-8s %8s %8s %13s %10s\n", "pattern", "policy", "faults", "written", "instructions", "per fault");
    for (size_t i = 0; i < PATTERNS; i++)
        for (const struct replace_ops *const *one = replace_table; *one; one++)
            if ((!pattern || pattern == &patterns[i]) && (!policy || policy == *one)) {
                int status = row(&patterns[i], *one);
                if (status)
                    return status;
            }
    return 0;
}
