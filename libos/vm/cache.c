// SPDX-License-Identifier: BSD-2-Clause
/*
 * A cache of mappings; see cache.h.
 *
 * Invariants
 *   (1) serves[r] - 1 is the leaf table of the range's r-th 2 MiB, and 0 says that it has none. The kernel may have taken
 *       that table back by force: a miss that both caches should have served finds out
 *   (2) a page that was written has VM_NOTED, or its address waits in the ring, or its binding in the STLB says so
 * Everything runs with upcalls held. This file is compiled without frame pointers: cache_fault has a figure.
 */
#include <libos/vm/cache.h>
#include <libos/vm/frame.h>
#include <libos/vm/internal.h>
#include <rivet/stlb.h>

#define GIB 0x40000000ul

struct vm_heap vm_cached; // the range; empty: there is no cache
static struct leaf_set set;
static const struct leaf_ops *policy;
static uint8_t serves[VM_CACHE_MOST / VM_LEAF_SPAN];
static page_t stlb_first, ring_page;
static word_t stlb_order;
static bool fills;
static struct vm_cache_counts counts;

static const struct stlb_entry *const stlb = (const struct stlb_entry *)VM_STLB;
static struct dirty_ring *const ring = (struct dirty_ring *)VM_RING;

const struct vm_cache_counts *vm_cache_counts(void)
{
    return &counts;
}

static inline size_t region_number(word_t address)
{
    return (address - vm_cached.first) / VM_LEAF_SPAN;
}

// What the kernel displaced and found dirty goes to the structure.
static void ring_drain(void)
{
    for (; ring->tail != __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE); counts.recorded++) {
        word_t address = ring->entries[ring->tail % RING_ENTRIES] & ~1ul;
        word_t mapping = vm_structure.find(address);
        if (mapping >> PAGE_SHIFT) // it may have been unmapped since
            vm_structure.insert(address, mapping | VM_NOTED << 8);
        __atomic_store_n(&ring->tail, ring->tail + 1, __ATOMIC_RELEASE);
    }
}

static long table_back(word_t address, word_t level)
{
    long error;
    while ((error = sys_pte_untable(0, address, level).error) == ERR_AGAIN)
        continue;
    return error;
}

// Put a frame in as the leaf table. One that was taken by force, or given to something else since, is replaced.
static bool leaf_supply(struct leaf *leaf)
{
    for (;;) {
        long error = leaf->table ? sys_pte_table(0, leaf->address, 0, leaf->table, 0).error : ERR_BUSY;
        if (error == ERR_OK || error == ERR_NOTABLE)
            return error == ERR_OK;
        if (error != ERR_AGAIN && (leaf->table = frame_find(1)) == FRAME_NONE)
            return false;
    }
}

// Give the 2 MiB around an address a leaf table. The policy names one when all of them serve.
__attribute__((noinline)) static bool leaf_place(word_t address)
{
    size_t number = 0;

    while (number < set.count && set.leaves[number].address)
        number++;
    if (number == set.count) {
        number = policy->pick(&set);
        serves[region_number(set.leaves[number].address)] = 0;
        table_back(set.leaves[number].address, 0); // NOTABLE: it was taken by force
        counts.taken++;
    }
    struct leaf *leaf = &set.leaves[number];
    leaf->address = address & ~(VM_LEAF_SPAN - 1);
    if (!leaf_supply(leaf)) {
        leaf->address = 0;
        return vm_refuse("no free frame is left for a page table");
    }
    serves[region_number(address)] = (uint8_t)(number + 1);
    counts.placed++;
    return true;
}

// Whether a leaf table covers an address of the cache. Putting one in tells: it is refused where there is one.
static bool table_is_there(word_t address)
{
    page_t page = frame_find(1);
    long error = page == FRAME_NONE ? ERR_BUSY : sys_pte_table(0, address, 0, page, 0).error;
    while (error == ERR_AGAIN)
        error = sys_pte_table(0, address, 0, page, 0).error;
    if (error == ERR_OK) // it was not; it is now, but not ours to keep count of
        table_back(address & ~(VM_LEAF_SPAN - 1), 0);
    return error == ERR_BUSY;
}

// The kernel does not know of a table that we think serves: it was taken by force.
static bool leaf_lost(word_t address)
{
    struct leaf *leaf = &set.leaves[serves[region_number(address)] - 1];
    if (table_is_there(address))
        return true;
    serves[region_number(address)] = 0;
    leaf->address = 0;
    leaf->table = 0;
    return leaf_place(address);
}

__attribute__((noinline)) static bool enter_refused(word_t address, word_t mapping, long error, bool placed)
{
    if (error == ERR_BUSY) // it was in the STLB, and only the table was missing
        return placed || leaf_lost(address);
    if (error != ERR_FULL)
        return vm_refuse("the page's frame was taken away");
    ring_drain();
    return cache_bind(address, mapping);
}

bool cache_bind(word_t address, word_t mapping)
{
    size_t served = serves[region_number(address)];
    bool placed = served == 0;

    if (__builtin_expect(placed, 0)) {
        if (!leaf_place(address))
            return false;
        served = serves[region_number(address)];
    }
    set.leaves[served - 1].used = true;
    long error = sys_stlb_enter(0, address, mapping >> PAGE_SHIFT, mapping & 0xff, CAP_NONE).error;
    return __builtin_expect(error == ERR_OK, 1) || enter_refused(address, mapping, error, placed);
}

__attribute__((noinline)) static bool unmapped_fault(word_t address, word_t need)
{
    if (!fills)
        return (region_fault && region_fault(address, need)) || vm_refuse("nothing is mapped there");
    page_t page = vm_frame(true);
    if (page == FRAME_NONE)
        return vm_refuse("no free frame is left");
    word_t mapping = page << PAGE_SHIFT | RIGHT_READ | RIGHT_WRITE;
    if (vm_structure.insert(BASE(address), mapping))
        return cache_bind(BASE(address), mapping);
    frame_free(page);
    return vm_refuse("no free frame is left for a page table");
}

bool cache_fault(word_t address, word_t need)
{
    word_t mapping = vm_structure.find(BASE(address));

    counts.misses++;
    if (__builtin_expect(mapping >> PAGE_SHIFT == 0, 0))
        return unmapped_fault(address, need);
    if (__builtin_expect(need & ~mapping, 0))
        return vm_refuse("the page does not allow this access");
    return cache_bind(BASE(address), mapping);
}

bool vm_cache_dirty(word_t address)
{
    address = BASE(address);
    upcall_hold();
    ring_drain();
    word_t mapping = vm_structure.find(address);
    bool dirty = mapping >> 8 & VM_NOTED;
    const volatile struct stlb_entry *entry = &stlb[(address >> PAGE_SHIFT) % (STLB_PER_PAGE << stlb_order)];
    if (!dirty && entry->vpn == address >> PAGE_SHIFT) {
        // The leaf may know better. Taking it away brings its bits into the entry.
        sys_pte_protect(0, address, 1, mapping & 0xff);
        dirty = entry->pte & VM_DIRTY;
    }
    upcall_release();
    return dirty;
}

void cache_clear(word_t address, word_t bits)
{
    ring_drain();
    word_t mapping = vm_structure.find(address);
    if (mapping >> PAGE_SHIFT == 0)
        return;
    if (bits & VM_DIRTY)
        vm_structure.insert(address, mapping & ~(word_t)(VM_NOTED << 8));
    sys_pte_protect(0, address, 1, (mapping & 0xff) | bits); // refused when it is not bound: then it has no bits
}

void cache_forget(void)
{
    vm_cached = (struct vm_heap){0, 0};
}

static const char *stlb_begin(word_t order)
{
    sysret_t answer;
    stlb_order = order;
    stlb_first = frame_find(1ul << order);
    if (stlb_first == FRAME_NONE)
        return "there are not enough neighbouring free frames for the STLB";
    while ((answer = sys_stlb_bind(0, stlb_first, order)).error == ERR_AGAIN)
        continue;
    if (answer.error != ERR_OK)
        return "the kernel refused the STLB";
    if (vm_bind(0, VM_STLB, stlb_first, 1ul << order, RIGHT_READ) != ERR_OK)
        return "no frames are left to look at the STLB";
    return NULL;
}

static const char *ring_begin(void)
{
    sysret_t answer;
    ring_page = frame_find(1);
    while (ring_page != FRAME_NONE && (answer = sys_stlb_ring(0, ring_page)).error == ERR_AGAIN)
        continue;
    if (ring_page == FRAME_NONE || answer.error != ERR_OK)
        return "no frame is left for the ring of dirty pages";
    if (vm_bind(0, VM_RING, ring_page, 1, RIGHT_READ | RIGHT_WRITE) != ERR_OK)
        return "no frame is left to look at the ring of dirty pages";
    return NULL;
}

static const char *uppers_begin(word_t first, word_t end)
{
    for (word_t address = first & ~(GIB - 1); address < end; address += GIB) {
        long error = ERR_NOENT;
        for (page_t page = frame_find(1); page != FRAME_NONE; ) {
            error = sys_pte_table(0, address, 1, page, 0).error;
            if (error != ERR_AGAIN)
                break;
        }
        if (error != ERR_OK && error != ERR_BUSY)
            return "no frame is left for a page table";
    }
    return NULL;
}

static const char *options_check(const struct vm_cache_options *options)
{
    word_t end = options->first + options->size;
    size_t uppers = (end - 1) / GIB - options->first / GIB + 1;

    if (vm_cached.end)
        return "the program has a cache of mappings already";
    if (options->size == 0 || options->size > VM_CACHE_MOST || (options->first | options->size) % VM_LEAF_SPAN || end > USER_END)
        return "a cache of mappings is whole runs of 2 MiB, at most 8 GiB of them";
    if (options->tables <= uppers || options->tables - uppers > LEAVES_MAX)
        return "a cache of mappings needs a table for each GiB and from 1 to 255 leaf tables";
    if (options->order > STLB_ORDER_MAX)
        return "an STLB has at most 64 frames";
    set = (struct leaf_set){.count = options->tables - uppers};
    return NULL;
}

const char *vm_cache_begin(const struct vm_cache_options *options)
{
    upcall_hold();
    const char *problem = options_check(options);
    if (!problem) {
        policy = options->policy ? options->policy : &leaf_clock;
        fills = options->fill;
        counts = (struct vm_cache_counts){0};
        ring_page = stlb_first = FRAME_NONE;
        vm_cached = (struct vm_heap){options->first, options->first + options->size};
        if ((problem = stlb_begin(options->order)) || (problem = ring_begin()) ||
            (problem = uppers_begin(vm_cached.first, vm_cached.end)))
            vm_cache_end();
    }
    upcall_release();
    return problem;
}

void vm_cache_end(void)
{
    upcall_hold();
    if (vm_cached.end) {
        vm_release(vm_cached.first, vm_cached.end);
        for (size_t i = 0; i < set.count; i++)
            if (set.leaves[i].address)
                table_back(set.leaves[i].address, 0);
        for (word_t address = vm_cached.first & ~(GIB - 1); address < vm_cached.end; address += GIB)
            table_back(address, 1); // BUSY when others use it
        vm_unbind(0, VM_RING, 1);
        vm_unbind(0, VM_STLB, 1ul << stlb_order);
        while (sys_stlb_ring(0, 0).error == ERR_AGAIN || sys_stlb_unbind(0).error == ERR_AGAIN)
            continue;
        for (size_t i = 0; i < sizeof(serves); i++)
            serves[i] = 0;
        vm_cached = (struct vm_heap){0, 0};
    }
    upcall_release();
}
