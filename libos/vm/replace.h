// SPDX-License-Identifier: BSD-2-Clause
/*
 * Replacement policies: which page of a set leaves when another one needs its frame. A policy knows neither frames
 * nor page tables nor the kernel, so the same file chooses for a region of memory (vm/region.h) and for a list of
 * numbers in a test.
 *
 * The life of a page, as the user of a policy drives it:
 *
 *     replace_begin(&set, ops, used)
 *     for (each touch of a page that is not there) {
 *         ops.tick(set)                      now and then: time passed, pages were used meanwhile
 *         if (there is no room) {
 *             victim = ops.pick(set)         NULL: every page is held
 *             ... its contents are saved ...
 *             replace_remove(&set, victim)   ops.leave(set, victim), then it is off the ring
 *         }
 *         replace_add(&set, page)            at the end of the ring, then ops.enter(set, page)
 *     }
 *
 * The pages of a set form a ring in the order in which they came. It is kept for the policies: they need not, but
 * may, put pages elsewhere in it.
 *
 * To add a policy: one file replace/NAME.c that ends in `const struct replace_ops replace_NAME`. The build makes
 * the table of all of them.
 */
#ifndef LIBOS_REPLACE_H
#define LIBOS_REPLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What a program may say about a page: when it is needed next, on a clock of the program's own.
#define REPLACE_UNTOLD 0ul            // nothing was said: later than any time that was, but not never
#define REPLACE_NOW    1ul            // all the time: keep it as long as there are others
#define REPLACE_NEVER  (~(uint64_t)0) // it is done with: take it first

struct replace_page {
    struct replace_page *next, *previous; // in the ring of its set
    uint64_t word;                        // the policy's
    uint64_t told;                        // the program's: when it is needed next
    bool held;                            // the user's: it must not be picked now
};

struct replace_set {
    struct replace_page ring;   // no page itself: ring.next is the first that came, ring.previous the last
    struct replace_page *hand;  // the policy's
    const struct replace_ops *ops;
    /*
     * The user's: was the page used since this was asked last, or since it came? Each use is told once. It may cost a
     * call, so ask about the pages that matter.
     */
    bool (*used)(struct replace_set *set, struct replace_page *page);
};

struct replace_ops {
    const char *name;                                                     // mandatory: that of the file
    struct replace_page *(*pick)(struct replace_set *set);                // mandatory: it stays in the ring
    void (*enter)(struct replace_set *set, struct replace_page *page);    // NULL: the end of the ring is right
    void (*leave)(struct replace_set *set, struct replace_page *page);    // NULL: nothing to forget
    void (*tick)(struct replace_set *set);                                // NULL: time does not matter
};

extern const struct replace_ops replace_clock, replace_fifo, replace_lru, replace_mru, replace_told;

// Every policy that is linked in, by name in alphabetical order, ended by NULL; and one of them, or NULL.
extern const struct replace_ops *const replace_table[];
const struct replace_ops *replace_find(const char *name);

void replace_begin(struct replace_set *set, const struct replace_ops *ops,
                   bool (*used)(struct replace_set *set, struct replace_page *page));
void replace_add(struct replace_set *set, struct replace_page *page);
void replace_remove(struct replace_set *set, struct replace_page *page);

// For policies: `for (page = REPLACE_FIRST(set); page; page = replace_next(set, page))` in the order of the ring.
#define REPLACE_FIRST(set) replace_next(set, &(set)->ring)
static inline struct replace_page *replace_next(struct replace_set *set, struct replace_page *page)
{
    return page->next == &set->ring ? NULL : page->next;
}

/*
 * For policies that want to know how recently a page was used. `word` is its age in 64 steps, the newest in the top
 * bit: a page that was used later has the larger one, whatever was before.
 */
void replace_age_enter(struct replace_set *set, struct replace_page *page);
void replace_age_tick(struct replace_set *set);

#endif
