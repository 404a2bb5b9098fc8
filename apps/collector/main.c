// SPDX-License-Identifier: BSD-2-Clause
/*
 * A graph that is changed at random, on an incremental collector (collector.h) that learns of the changes in one way or
 * another; one row for each:
 *
 *     collector [WAY]        cards, dirty and traps, when nothing is said
 *
 * Instructions are exact under --icount. The graph's changes do not depend on the collector, so at the end all have the
 * same live objects: their number and the sum of their names are printed. Whenever the program meets an object it
 * checks that it is the one that it put there, and at the end that those the collector keeps are those that a plain
 * walk from the roots finds.
 */
#include "collector.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEPS 200000
#define DEPTH 14 // of a walk into the graph
#define DROP  16
#define HAND  0  // the root where an object is while it moves from one place to another

static const struct notes *notes;
static uint32_t root_expect[ROOTS];
static word_t seed;

static word_t random_next(void)
{
    seed = seed * 6364136223846793005ul + 1442695040888963407ul;
    return seed >> 33;
}

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "collector: with %s, %s.\n", notes->name, what);
    exit(1);
}

static struct object *check(struct object *object, uint32_t expect)
{
    if (object && (!object_is_used(object) || object->id != expect))
        fail("an object was lost that the program still had");
    return object;
}

static struct object *child_of(const struct object *object, size_t child)
{
    return check(object->child[child], object->expect[child]);
}

static struct object *root_of(size_t root)
{
    return check(roots[root], root_expect[root]);
}

static void root_set(size_t root, struct object *object)
{
    roots[root] = object;
    root_expect[root] = object ? object->id : 0;
}

// The barrier is known when this is compiled, so the programs without one have no trace of it.
static inline __attribute__((always_inline)) void store(struct object *object, size_t child, struct object *value,
                                                        bool barrier)
{
    object->child[child] = value;
    object->expect[child] = value ? value->id : 0;
    if (barrier)
        cards[((word_t)object - (word_t)heap) / PAGE_SIZE] = 1;
}

static struct object *walk(struct object *object)
{
    for (size_t depth = random_next() % DEPTH; depth > 0; depth--) {
        struct object *next = child_of(object, random_next() % CHILDREN);
        if (!next)
            break;
        object = next;
    }
    return object;
}

static struct object *make(uint32_t id)
{
    struct object *object = object_make(id);
    if (!object)
        fail("the heap is full of live objects");
    return object;
}

static inline __attribute__((always_inline)) void mutate(bool barrier)
{
    for (uint32_t step = 1; step <= STEPS; step++) {
        size_t root = 1 + random_next() % (ROOTS - 1), child = random_next() % CHILDREN, what = random_next() % 16;
        struct object *object = root_of(root);

        if (!object) {
            root_set(root, make(step));
            continue;
        }
        object = walk(object);
        if (what < 2 && !roots[HAND]) { // out of its place into the hand: there may be no other way to it
            root_set(HAND, child_of(object, child));
            store(object, child, NULL, barrier);
        } else if (what < 2) { // out of the hand to another place, perhaps in an object that was looked at already
            store(object, child, root_of(HAND), barrier);
            root_set(HAND, NULL);
        } else if (what == 2) { // a whole part is dropped now and then
            if (random_next() % DROP == 0)
                root_set(root, NULL);
        } else { // a new object between two
            struct object *made = make(step);
            store(made, step % CHILDREN, child_of(object, child), barrier);
            store(object, child, made, barrier);
        }
    }
}

// Not inlined into one: each is a program of its own.
static __attribute__((noinline)) void mutate_with_barrier(void) { mutate(true); }
static __attribute__((noinline)) void mutate_without(void) { mutate(false); }

static size_t live_count;
static uint64_t live_sum;

// Every object that the roots reach, by a walk that knows nothing of the collector.
static void live_find(void)
{
    static bool met[OBJECTS];
    static struct object *stack[OBJECTS + ROOTS];
    size_t size = 0;

    memset(met, 0, sizeof(met));
    live_count = live_sum = 0;
    for (size_t root = 0; root < ROOTS; root++)
        stack[size++] = root_of(root);
    while (size > 0) {
        struct object *object = stack[--size];
        if (!object || met[object - heap])
            continue;
        met[object - heap] = true;
        live_count++;
        live_sum += object->id;
        for (size_t child = 0; child < CHILDREN && size < OBJECTS; child++)
            stack[size++] = child_of(object, child);
    }
    for (size_t i = 0; i < OBJECTS; i++)
        if (object_is_used(&heap[i]) != met[i])
            fail(met[i] ? "a live object was collected" : "a dead object was kept");
}

static void row(const struct notes *which)
{
    notes = which;
    seed = 1;
    memset(root_expect, 0, sizeof(root_expect));
    collector_start(notes);
    if (!heap)
        fail("there is no memory for the heap");
    word_t begin = instructions();
    which == &notes_cards ? mutate_with_barrier() : mutate_without();
    collector_finish();
    word_t total = instructions() - begin;
    const struct collector_counts *counts = &collector_counts;
    live_find();
    printf("%-6s %12lu %11lu %8lu %11zu %6zu %6zu %6zu %14lu\n", notes->name, (unsigned long)total,
           (unsigned long)counts->collecting, (unsigned long)counts->longest, counts->collections, counts->looked,
           notes_trapped, live_count, (unsigned long)live_sum);
}

int main(int argc, char **argv)
{
    static const struct notes *const ways[] = {&notes_cards, &notes_dirty, &notes_traps, &notes_none};
    const struct notes *only = NULL;

    for (size_t i = 0; argc > 1 && i < 4; i++)
        if (strcmp(ways[i]->name, argv[1]) == 0)
            only = ways[i];
    if (argc > 2 || (argc == 2 && !only)) {
        fprintf(stderr, "collector: it takes one of cards, dirty, traps and none, or nothing.\n");
        return 2;
    }
    printf("%-6s %12s %11s %8s %11s %6s %6s %6s %14s\n", "way", "instructions", "collecting", "pause", "collections",
           "looked", "traps", "alive", "sum of names");
    for (size_t i = 0; i < 4; i++)
        if (only ? ways[i] == only : ways[i] != &notes_none)
            row(ways[i]);
    return 0;
}
