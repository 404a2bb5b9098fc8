// SPDX-License-Identifier: BSD-2-Clause
/*
 * A small incremental collector of objects of one size. It marks while the program runs, a few objects at each
 * allocation; then it looks once more at the marked objects of the pages that were written since, until few are; then,
 * in one pause, at the rest and at the roots (Boehm, Demers and Shenker 1991). Marks live beside the heap, so
 * collecting writes no page of it, and the sweep is taking over the marks as what is in use.
 *
 * How it learns which pages were written is `struct notes`, the only thing in which its kinds differ (notes.c):
 *
 *     cards    a software barrier: each store of a pointer marks the card of its page, too
 *     dirty    nothing at the store; the D bits of the program's own page table are looked at
 *     traps    pages are write-protected; the first store to each traps to a handler that lifts the protection
 *     none     it does not learn: a collector that loses objects, to see that the checks find it
 */
#ifndef COLLECTOR_H
#define COLLECTOR_H

#include <rivet.h>

#define HEAP_PAGES 256
#define CHILDREN   2
#define ROOTS      64
#define PER_PAGE   (PAGE_SIZE / sizeof(struct object))
#define OBJECTS    (HEAP_PAGES * PER_PAGE)

struct object {
    struct object *child[CHILDREN];
    uint32_t id;                // who it is
    uint32_t expect[CHILDREN];  // who its children are: more than the collector knows, to catch it
};
_Static_assert(sizeof(struct object) == 32, "objects do not cross pages");

/*
 * begin   from now on what is written is noted
 * take    for each page, whether it was written since begin or the last take; then it counts as not written: how many
 * end     nothing needs to be noted
 */
struct notes {
    const char *name;
    void (*begin)(void);
    size_t (*take)(bool pages[HEAP_PAGES]);
    void (*end)(void);
};
extern const struct notes notes_cards, notes_dirty, notes_traps, notes_none;
void notes_start(void); // once: before the first object is made

extern struct object *heap;
extern uint8_t cards[HEAP_PAGES]; // where the software barrier marks
extern size_t notes_trapped;      // how often a store trapped

struct collector_counts {
    word_t collecting, longest; // instructions: all, and in the longest pause
    size_t collections, looked; // pages looked at once more
};
extern struct collector_counts collector_counts;

extern struct object *roots[ROOTS];

// An empty heap.
void collector_start(const struct notes *notes);
// A new object without children, NULL when all are alive.
struct object *object_make(uint32_t id);
// Whole collections, until nothing dead is left. Which objects are alive then is asked below.
void collector_finish(void);
bool object_is_used(const struct object *object);

static inline word_t instructions(void)
{
    word_t count;
    __asm__ volatile("rdinstret %0" : "=r"(count));
    return count;
}

#endif
