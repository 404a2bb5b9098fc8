// SPDX-License-Identifier: BSD-2-Clause
/*
 * Virtual memory, on 100 neighbouring pages of one mapping, as bench/vm_protect.c and vm_fault.c have them.
 *
 * dirty                  what comes closest to asking for a dirty bit, which riscv's Linux does not tell: reading the
 *                        page's entry in /proc/self/pagemap (mincore takes longer)
 * prot1                  one page of the hundred is made read-only, so its mapping is split
 * prot1_own              the same for a mapping of one page
 * prot100, unprot100     all hundred, in one call; all of it
 * trap_unprot            a store to a read-only page whose handler makes it writable, until it is done
 * appel1                 the same, and the handler makes another page read-only
 * appel2                 a hundred pages are made read-only, then written in random order, and the handler makes each
 *                        writable; per page
 */
#include "measure.h"

#define PAGES 100
#define COUNT 20

static char *pages;
static char *protect_next; // what the handler makes read-only, or NULL
static int pagemap;

static char *page_at(uint64_t number) { return pages + number * PAGE_SIZE; }

static long protect(char *address, size_t count, long rights)
{
    return linux_call(MPROTECT, address, count * PAGE_SIZE, rights);
}

static uint64_t dirty(uint64_t count)
{
    uint64_t entry, spent = 0;
    for (uint64_t i = 0; i < count; i++)
        spent += SPENT(linux_call(PREAD64, pagemap, &entry, sizeof(entry), (uint64_t)pages / PAGE_SIZE * sizeof(entry)));
    return spent;
}

// Made read-only, and writable again; the one or the other is what counts.
static uint64_t protect_count(uint64_t times, char *address, size_t count, bool back)
{
    uint64_t there = 0, again = 0;
    for (uint64_t i = 0; i < times; i++) {
        there += SPENT(protect(address, count, PROT_READ));
        again += SPENT(protect(address, count, PROT_READ | PROT_WRITE));
        for (size_t j = 0; j < count; j++)
            address[j * PAGE_SIZE] = 1;
    }
    return back ? again : there;
}

static char *own;
static uint64_t prot1(uint64_t times) { return protect_count(times, page_at(PAGES / 2), 1, false); }
static uint64_t prot1_own(uint64_t times) { return protect_count(times, own, 1, false); }
static uint64_t prot100(uint64_t times) { return protect_count(times, pages, PAGES, false); }
static uint64_t unprot100(uint64_t times) { return protect_count(times, pages, PAGES, true); }

// The store is done again when this returns.
static void handler_unprotect(int number, const uint64_t *information, void *context)
{
    (void)number, (void)context;
    protect((char *)(information[2] & ~(PAGE_SIZE - 1)), 1, PROT_READ | PROT_WRITE);
    if (protect_next)
        protect(protect_next, 1, PROT_READ);
}

static uint64_t store(char *address) { return SPENT(*(volatile char *)address = 1); }

static uint64_t trap_unprot(uint64_t count)
{
    uint64_t spent = 0;
    for (uint64_t i = 0; i < count; i++) {
        protect(page_at(PAGES / 2), 1, PROT_READ);
        spent += store(page_at(PAGES / 2));
    }
    return spent;
}

static uint64_t appel1(uint64_t count)
{
    uint64_t spent = 0;
    protect(page_at(PAGES / 2), 1, PROT_READ);
    for (uint64_t i = 0; i < count; i++) {
        protect_next = page_at(PAGES / 2 + (i % 2 ? 0 : 2));
        spent += store(page_at(PAGES / 2 + (i % 2 ? 2 : 0)));
    }
    protect_next = NULL;
    protect(pages, PAGES, PROT_READ | PROT_WRITE);
    return spent;
}

// All pages in an order at random that is always the same, which is that of bench/vm_protect.c.
static void shuffle(char *order[PAGES])
{
    unsigned random = 1;
    for (unsigned i = 0; i < PAGES; i++) {
        random = random * 1103515245 + 12345;
        unsigned other = (random >> 16) % (i + 1);
        order[i] = order[other];
        order[other] = page_at(i);
    }
}

static uint64_t appel2(uint64_t count)
{
    char *order[PAGES];
    uint64_t spent = 0;
    shuffle(order);
    for (uint64_t i = 0; i < count; i++)
        spent += SPENT({
            protect(pages, PAGES, PROT_READ);
            for (int j = 0; j < PAGES; j++)
                *(volatile char *)order[j] = 0;
        });
    return spent / PAGES;
}

void bench_memory(void)
{
    pages = memory_map(PAGES * PAGE_SIZE, MAP_PRIVATE);
    for (int i = 0; i < PAGES; i++)
        *page_at(i) = 1;
    pagemap = (int)must(linux_call(OPENAT, AT_FDCWD, "/proc/self/pagemap", 0), "opening /proc/self/pagemap");
    row_measure("dirty", dirty, COUNT);
    linux_call(CLOSE, pagemap);

    // Behind a hole: mappings that touch each other with the same rights are one.
    own = memory_map(3 * PAGE_SIZE, MAP_PRIVATE) + PAGE_SIZE;
    memory_unmap(own - PAGE_SIZE, PAGE_SIZE);
    memory_unmap(own + PAGE_SIZE, PAGE_SIZE);
    *own = 1;
    row_measure("prot1", prot1, COUNT);
    row_measure("prot1_own", prot1_own, COUNT);
    row_measure("prot100", prot100, COUNT);
    row_measure("unprot100", unprot100, COUNT);

    signal_handle(SIGNAL_SEGV, handler_unprotect);
    row_measure("trap_unprot", trap_unprot, COUNT);
    row_measure("appel1", appel1, COUNT);
    row_measure("appel2", appel2, COUNT);
    memory_unmap(own, PAGE_SIZE);
    memory_unmap(pages, PAGES * PAGE_SIZE);
}
