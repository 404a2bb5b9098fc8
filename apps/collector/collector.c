// SPDX-License-Identifier: BSD-2-Clause
/*
 * See collector.h. A collection:
 *
 *     IDLE --few objects are free--> MARKING <--all pages done-- LOOKING
 *                                       |  --nothing on the stack, many pages written since--^
 *                                       +--nothing on the stack, few pages written--> the pause --> IDLE
 *
 * Invariants, between two pieces of a collection:
 *   (1) an object on the stack is marked, and one is pushed once in a collection
 *   (2) a marked object that is not on the stack has only marked children, unless its page was written since it was
 *       looked at: then that page is noted, or stands in `again`
 *   (3) an object that was made during the collection is marked
 */
#include "collector.h"

#include <string.h>

#define START  (OBJECTS / 4) // a collection begins when fewer objects are free
#define MARKS  16            // objects looked at for each one that is made
#define LOOKS  4             // pages looked at once more for each one that is made
#define FEW    4             // pages that are left to the pause
#define ROUNDS 8             // ... or however many there are after so many rounds
#define BITS   64

typedef uint64_t objects_t[OBJECTS / BITS]; // a bit for each

struct object *roots[ROOTS];
struct collector_counts collector_counts;

static const struct notes *notes;
static objects_t used, marked;
static size_t used_count, marked_count, cursor; // cursor: a word of `used`
static uint32_t stack[OBJECTS];
static size_t stack_size;
static bool again[HEAP_PAGES];
static size_t again_next, rounds;
static enum { IDLE, MARKING, LOOKING } phase;

static bool bit_get(const objects_t bits, size_t index)
{
    return bits[index / BITS] >> index % BITS & 1;
}

static void bit_set(objects_t bits, size_t index)
{
    bits[index / BITS] |= 1ul << index % BITS;
}

bool object_is_used(const struct object *object)
{
    size_t index = (size_t)(object - heap);
    return index < OBJECTS && bit_get(used, index);
}

static void shade(const struct object *object)
{
    size_t index = (size_t)(object - heap);

    if (!object || bit_get(marked, index))
        return;
    bit_set(marked, index);
    marked_count++;
    stack[stack_size++] = (uint32_t)index;
}

static void look(const struct object *object)
{
    for (size_t i = 0; i < CHILDREN; i++)
        shade(object->child[i]);
}

static void mark(size_t most)
{
    while (stack_size > 0 && most-- > 0)
        look(&heap[stack[--stack_size]]);
}

static void roots_shade(void)
{
    for (size_t i = 0; i < ROOTS; i++)
        shade(roots[i]);
}

// The marked objects of a page once more: their children may be others by now.
static void page_look(size_t page)
{
    again[page] = false;
    collector_counts.looked++;
    for (size_t i = page * PER_PAGE; i < (page + 1) * PER_PAGE; i++)
        if (bit_get(marked, i))
            look(&heap[i]);
}

static void pages_look(void)
{
    for (size_t page = 0; page < HEAP_PAGES; page++)
        if (again[page])
            page_look(page);
}

static void collection_begin(void)
{
    for (size_t i = 0; i < OBJECTS / BITS; i++)
        marked[i] = 0;
    marked_count = rounds = 0;
    notes->begin();
    roots_shade();
    phase = MARKING;
}

// The pause. What `again` holds is not noted any more, what was written since is.
static void collection_end(void)
{
    pages_look();
    notes->take(again);
    pages_look();
    roots_shade();
    mark(OBJECTS);
    notes->end();
    for (size_t i = 0; i < OBJECTS / BITS; i++)
        used[i] = marked[i]; // the sweep
    used_count = marked_count;
    phase = IDLE;
    collector_counts.collections++;
}

// Nothing is on the stack: what was written comes next, or, when that is little, the end.
static void round_end(void)
{
    size_t count = notes->take(again);

    if (count <= FEW || rounds++ == ROUNDS) {
        collection_end();
    } else {
        again_next = 0;
        phase = LOOKING;
    }
}

static void pages_next(void)
{
    for (size_t count = 0; again_next < HEAP_PAGES && count < LOOKS; again_next++)
        if (again[again_next]) {
            page_look(again_next);
            count++;
        }
    if (again_next == HEAP_PAGES)
        phase = MARKING;
}

// A piece of a collection, or all that is left of it.
static void collect(bool all)
{
    word_t begin = instructions();

    if (phase == IDLE)
        collection_begin();
    else if (phase == LOOKING)
        pages_next();
    else if (stack_size > 0)
        mark(MARKS);
    else
        round_end();
    if (all && phase != IDLE)
        collection_end();

    word_t spent = instructions() - begin;
    collector_counts.collecting += spent;
    if (spent > collector_counts.longest)
        collector_counts.longest = spent;
}

struct object *object_make(uint32_t id)
{
    if (phase != IDLE || OBJECTS - used_count < START)
        collect(false);
    if (used_count == OBJECTS)
        collect(true);
    if (used_count == OBJECTS)
        return NULL;
    while (~used[cursor] == 0)
        cursor = (cursor + 1) % (OBJECTS / BITS);
    size_t index = cursor * BITS + (size_t)__builtin_ctzl(~used[cursor]);
    bit_set(used, index);
    used_count++;
    if (phase != IDLE) {
        bit_set(marked, index);
        marked_count++;
    }
    heap[index] = (struct object){.id = id};
    return &heap[index];
}

void collector_finish(void)
{
    for (int i = 0; i < 2; i++) // what died during the one that ran goes with the next
        do
            collect(false);
        while (phase != IDLE);
}

void collector_start(const struct notes *which)
{
    notes_start();
    notes = which;
    memset(used, 0, sizeof(used));
    memset(roots, 0, sizeof(roots));
    memset(again, 0, sizeof(again));
    collector_counts = (struct collector_counts){0};
    used_count = cursor = stack_size = 0;
    phase = IDLE;
}
