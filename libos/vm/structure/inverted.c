// SPDX-License-Identifier: BSD-2-Clause
/*
 * An inverted page table: one hash table of everything that is mapped, as large as that and independent of how the
 * addresses are spread. It costs 16 bytes a slot, and a lookup is a multiplication and seldom more than one or two
 * probes.
 *
 * Open addressing with linear probing; what is removed leaves no mark, the entries behind it move up instead. The
 * table holds at most three quarters of what it could and then becomes twice as large: one of n pages lies at the
 * pages n to 2n - 1 of VM_NODES, so the new one never overlaps the old.
 *
 * What is mapped is found by its address alone, so `next` looks at a few neighbours first and then at the whole table.
 */
#include <libos/vm/structure.h>

#define SLOTS_PER_PAGE (PAGE_SIZE / sizeof(struct slot))
#define NEIGHBOURS     32 // addresses that `next` looks up before it looks at everything

struct slot {
    word_t vpn;     // virtual page number + 1; 0: empty
    word_t mapping; // packed
};

// At first a table of two slots that stay empty, so that a lookup need not ask whether there is one.
static struct slot none[2];
static struct {
    struct slot *slots;
    word_t mask;  // how many, a power of two, less one
    int shift;    // of the hash: its highest bits are the slot
    size_t pages; // 0: nothing was ever inserted
    word_t used;
} table = {.slots = none, .mask = 1, .shift = 31};

static inline word_t home_of(word_t vpn)
{
    return (uint32_t)(vpn * 0x9e3779b1u) >> table.shift;
}

// The slot of a page, or the empty one where the search ended. There always is one.
static inline struct slot *slot_find(word_t vpn)
{
    struct slot *slot = &table.slots[home_of(vpn)];
    while (__builtin_expect(slot->vpn != vpn && slot->vpn != 0, 0))
        slot = slot == &table.slots[table.mask] ? table.slots : slot + 1;
    return slot;
}

static void table_choose(size_t pages)
{
    word_t slots = pages * SLOTS_PER_PAGE;

    table.slots = (struct slot *)(VM_NODES + pages * PAGE_SIZE);
    table.pages = pages;
    table.mask = slots - 1;
    table.shift = __builtin_clz((uint32_t)slots) + 1;
}

static bool table_grow(void)
{
    struct slot *old = table.slots;
    size_t old_pages = table.pages, pages = old_pages ? old_pages * 2 : 1;

    if (pages * 2 > NODES_MAX || !node_make(pages, pages))
        return false;
    table_choose(pages);
    for (size_t i = 0; i < old_pages * SLOTS_PER_PAGE; i++)
        if (old[i].vpn)
            *slot_find(old[i].vpn) = old[i];
    if (old_pages)
        node_free(old_pages, old_pages);
    return true;
}

static word_t vpn_of(word_t address)
{
    return (address >> PAGE_SHIFT) + 1;
}

static word_t inverted_find(word_t address)
{
    return slot_find(vpn_of(address))->mapping;
}

static bool inverted_insert(word_t address, word_t mapping)
{
    bool full = table.used + 1 > table.pages * SLOTS_PER_PAGE / 4 * 3;
    struct slot *slot = slot_find(vpn_of(address));

    if (full && !slot->vpn) {
        if (!table_grow())
            return false;
        slot = slot_find(vpn_of(address));
    }
    table.used += slot->vpn == 0;
    *slot = (struct slot){vpn_of(address), mapping};
    return true;
}

// Move entries up into the hole, so that every search still finds what it looks for before an empty slot.
static void hole_close(word_t hole)
{
    struct slot *slots = table.slots;
    word_t mask = table.mask;

    for (word_t i = (hole + 1) & mask; slots[i].vpn; i = (i + 1) & mask) {
        // An entry may move when its home is not between the hole and where it is.
        if (((i - home_of(slots[i].vpn)) & mask) >= ((i - hole) & mask)) {
            slots[hole] = slots[i];
            hole = i;
        }
    }
    slots[hole] = (struct slot){0};
}

static word_t inverted_remove(word_t address)
{
    struct slot *slot = slot_find(vpn_of(address));
    if (!slot->vpn)
        return 0;
    word_t was = slot->mapping;
    hole_close((word_t)(slot - table.slots));
    table.used--;
    return was;
}

static word_t inverted_next(word_t address)
{
    for (word_t i = 0; i < NEIGHBOURS && address < STRUCTURE_END; i++, address += PAGE_SIZE)
        if (slot_find(vpn_of(address))->vpn)
            return address;

    word_t least = vpn_of(STRUCTURE_END);
    for (const struct slot *slot = table.slots; slot <= &table.slots[table.mask]; slot++)
        if (slot->vpn >= vpn_of(address) && slot->vpn < least)
            least = slot->vpn;
    return (least - 1) << PAGE_SHIFT;
}

static void inverted_protect(word_t address, size_t count, word_t rights)
{
    for (size_t i = 0; i < count; i++) {
        struct slot *slot = slot_find(vpn_of(address + i * PAGE_SIZE));
        if (slot->vpn)
            mapping_protect(&slot->mapping, rights);
    }
}

const struct structure_ops structure_inverted = {
    .name = "inverted",
    .find = inverted_find,
    .insert = inverted_insert,
    .remove = inverted_remove,
    .next = inverted_next,
    .protect = inverted_protect,
};
