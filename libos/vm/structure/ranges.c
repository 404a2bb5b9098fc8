// SPDX-License-Identifier: BSD-2-Clause
/*
 * A sorted array of ranges: neighbouring addresses that map neighbouring frames with the same rights and flags are one
 * entry. Large mappings cost nothing, protecting a range costs the same whatever its size, a lookup is a binary search;
 * scattered pages cost a move of everything behind them.
 *
 * Invariants
 *   (1) ranges are sorted, do not overlap, and no two could be one
 *   (2) the array has room for as many ranges as pages are mapped: taking ranges apart needs no memory
 */
#include <libos/vm/structure.h>

#define PER_PAGE (PAGE_SIZE / sizeof(struct range))

struct range {
    uint32_t first; // virtual page number
    uint32_t count;
    word_t mapping; // packed, of the first page; the next one maps the next frame
};

static struct range *const ranges = (struct range *)VM_NODES;
static size_t range_count;
static size_t node_count;
static word_t pages_mapped;

static word_t range_end(const struct range *range)
{
    return (word_t)range->first + range->count;
}

// The mapping of a page of the range.
static word_t mapping_at(const struct range *range, word_t vpn)
{
    return range->mapping + ((vpn - range->first) << PAGE_SHIFT);
}

// The first range that ends behind a page: the one that holds it, if any does.
static size_t range_find(word_t vpn)
{
    size_t low = 0, high = range_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (range_end(&ranges[middle]) <= vpn)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool range_holds(size_t at, word_t vpn)
{
    return at < range_count && ranges[at].first <= vpn;
}

// The destination is volatile because the compiler makes a call of memmove out of such loops, which moves bytes.
static inline void range_copy(size_t to, size_t from)
{
    volatile uint64_t *target = (volatile uint64_t *)&ranges[to];
    const uint64_t *source = (const uint64_t *)&ranges[from];
    uint64_t one = source[0], other = source[1];
    target[0] = one, target[1] = other;
}
_Static_assert(sizeof(struct range) == 16, "a range is two words");

static void range_open(size_t at, size_t count)
{
    for (size_t i = range_count; i-- > at;)
        range_copy(i + count, i);
    range_count += count;
}

static void range_close(size_t at)
{
    range_count--;
    for (size_t i = at; i < range_count; i++)
        range_copy(i, i + 1);
}

// Part a range so that one begins at the page; the number of that one.
static size_t range_part(word_t vpn)
{
    size_t at = range_find(vpn);
    if (!range_holds(at, vpn) || ranges[at].first == vpn)
        return at;
    range_open(at, 1);
    ranges[at + 1].first = (uint32_t)vpn;
    ranges[at + 1].count = (uint32_t)(range_end(&ranges[at]) - vpn);
    ranges[at + 1].mapping = mapping_at(&ranges[at], vpn);
    ranges[at].count = (uint32_t)(vpn - ranges[at].first);
    return at + 1;
}

// One range out of this and the one behind it, when they fit.
static void range_join(size_t at)
{
    if (at + 1 >= range_count || range_end(&ranges[at]) != ranges[at + 1].first ||
        mapping_at(&ranges[at], ranges[at + 1].first) != ranges[at + 1].mapping)
        return;
    ranges[at].count += ranges[at + 1].count;
    range_close(at + 1);
}

static void range_join_both(size_t at)
{
    range_join(at);
    if (at > 0)
        range_join(at - 1);
}

static word_t ranges_find(word_t address)
{
    word_t vpn = address >> PAGE_SHIFT;
    size_t at = range_find(vpn);
    return range_holds(at, vpn) ? mapping_at(&ranges[at], vpn) : 0;
}

static word_t ranges_remove(word_t address)
{
    word_t vpn = address >> PAGE_SHIFT;
    size_t at = range_find(vpn);
    if (!range_holds(at, vpn))
        return 0;
    word_t was = mapping_at(&ranges[at], vpn);
    at = range_part(vpn);
    ranges[at].first++;
    ranges[at].mapping += PAGE_SIZE;
    if (--ranges[at].count == 0)
        range_close(at);
    pages_mapped--;
    return was;
}

static bool ranges_insert(word_t address, word_t mapping)
{
    word_t vpn = address >> PAGE_SHIFT;

    ranges_remove(address);
    if (pages_mapped + 1 > node_count * PER_PAGE) { // invariant (2): not after something was removed
        if (node_count == NODES_MAX || !node_make(node_count, 1))
            return false;
        node_count++;
    }
    size_t at = range_part(vpn);
    range_open(at, 1);
    ranges[at] = (struct range){(uint32_t)vpn, 1, mapping};
    pages_mapped++;
    range_join_both(at);
    return true;
}

static word_t ranges_next(word_t address)
{
    word_t vpn = address >> PAGE_SHIFT;
    size_t at = range_find(vpn);
    if (at == range_count)
        return STRUCTURE_END;
    return range_holds(at, vpn) ? address : (word_t)ranges[at].first << PAGE_SHIFT;
}

static void ranges_protect(word_t address, size_t count, word_t rights)
{
    word_t vpn = address >> PAGE_SHIFT;
    size_t end = range_part(vpn + count);
    size_t before = range_count;
    size_t at = range_part(vpn);

    end += range_count - before; // the second cut may have moved what the first found
    for (size_t i = at; i < end; i++)
        mapping_protect(&ranges[i].mapping, rights);
    for (size_t i = end + 1; i-- > at;)
        range_join_both(i);
}

const struct structure_ops structure_ranges = {
    .name = "ranges",
    .find = ranges_find,
    .insert = ranges_insert,
    .remove = ranges_remove,
    .next = ranges_next,
    .protect = ranges_protect,
};
