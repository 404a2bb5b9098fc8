// SPDX-License-Identifier: BSD-2-Clause
/*
 * A page-table structure against a plain array, by random operations; one program for each structure. Addresses come
 * from dense runs, from strides, and from everywhere, and memory for nodes is refused now and then.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include <libos/vm/structure.h>

extern const struct structure_ops STRUCTURE;
static const struct structure_ops *const structure = &STRUCTURE;

#define SITES 4096 // addresses that the test uses
#define STEPS 400000

static word_t sites[SITES]; // in rising order
static struct vm_mapping expected[SITES];
static bool made[NODES_MAX];
static size_t made_count, made_most;
static bool refusing; // no memory now

static uint64_t seed;

static uint64_t random_word(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

bool node_make(size_t number, size_t count)
{
    if (refusing)
        return false;
    for (size_t i = number; i < number + count; i++) {
        assert_true(i < NODES_MAX);
        assert_false(made[i]);
        made[i] = true;
    }
    made_count += count;
    made_most = made_count > made_most ? made_count : made_most;
    char *memory = (char *)VM_NODES + number * PAGE_SIZE;
    assert_int_equal(mprotect(memory, count * PAGE_SIZE, PROT_READ | PROT_WRITE), 0);
    memset(memory, 0, count * PAGE_SIZE);
    return true;
}

void node_free(size_t number, size_t count)
{
    for (size_t i = number; i < number + count; i++) {
        assert_true(made[i]);
        made[i] = false;
    }
    made_count -= count;
    // A structure that still looks there is told so by the processor.
    mprotect((char *)VM_NODES + number * PAGE_SIZE, count * PAGE_SIZE, PROT_NONE);
}

static int compare(const void *a, const void *b)
{
    word_t x = *(const word_t *)a, y = *(const word_t *)b;
    return x < y ? -1 : x > y;
}

static void sites_choose(void)
{
    for (size_t i = 0; i < SITES; i++) {
        word_t vpn;
        switch (i * 4 / SITES) {
        case 0: vpn = 16 + i; break;                                                    // a run
        case 1: vpn = 0x10000 + (i - SITES / 4) * 512; break;                           // one a table
        case 2: vpn = (USER_END >> PAGE_SHIFT) - 1 - (i - SITES / 2); break;            // a run to the end
        default: vpn = 0x200000 + random_word() % 0x1000000; break;
        }
        sites[i] = vpn << PAGE_SHIFT;
    }
    qsort(sites, SITES, sizeof(sites[0]), compare);
}

static struct vm_mapping mapping_random(size_t site)
{
    // Frames that are neighbours at neighbouring addresses are frequent, so that ranges can grow.
    page_t page = random_word() % 4 ? 0x80000 + (sites[site] >> PAGE_SHIFT) % 0x400000 : 1 + random_word() % 0x100000;
    return (struct vm_mapping){page, random_word() % 2 ? RIGHT_READ | RIGHT_WRITE : RIGHT_READ,
                               random_word() % 8 ? 0 : (uint32_t)(random_word() & VM_FLAGS)};
}

static void same(word_t word, struct vm_mapping wanted)
{
    struct vm_mapping got = mapping_unpack(word);
    assert_int_equal(got.page, wanted.page);
    if (wanted.page) {
        assert_int_equal(got.rights, wanted.rights);
        assert_int_equal(got.flags, wanted.flags);
    }
}

static void next_is_right(word_t address)
{
    size_t site = 0;
    while (site < SITES && (sites[site] < address || !expected[site].page))
        site++;
    assert_int_equal(structure->next(address), site < SITES ? sites[site] : STRUCTURE_END);
}

static void insert_one(size_t site)
{
    struct vm_mapping mapping = mapping_random(site);
    refusing = random_word() % 16 == 0;
    bool done = structure->insert(sites[site], mapping_pack(mapping));
    assert_true(done || refusing);
    if (done)
        for (size_t i = 0; i < SITES; i++) // a random address may stand there twice
            if (sites[i] == sites[site])
                expected[i] = mapping;
    refusing = false;
}

static void remove_one(size_t site)
{
    refusing = true; // invariant (2)
    same(structure->remove(sites[site]), expected[site]);
    refusing = false;
    word_t address = sites[site];
    for (size_t i = 0; i < SITES; i++)
        if (sites[i] == address)
            expected[i].page = 0;
}

static void protect_some(size_t site)
{
    size_t count = 1 + random_word() % (random_word() % 8 ? 200 : 100000);
    word_t address = sites[site];
    if (count > (USER_END - address) / PAGE_SIZE)
        count = (USER_END - address) / PAGE_SIZE;
    word_t rights = random_word() % 3 == 0 ? 0 : random_word() % 2 ? RIGHT_READ : RIGHT_READ | RIGHT_WRITE;
    refusing = true;
    structure->protect(address, count, rights);
    refusing = false;
    for (size_t i = 0; i < SITES; i++)
        if (expected[i].page && sites[i] >= address && sites[i] < address + count * PAGE_SIZE)
            expected[i].rights = (uint32_t)rights;
}

static void random_operations(void **state)
{
    (void)state;
    for (size_t step = 0; step < STEPS; step++) {
        size_t site = random_word() % SITES;
        // It fills, it empties, by turns.
        bool filling = step / (STEPS / 8) % 2 == 0;
        switch (random_word() % 16) {
        case 0: same(structure->find(sites[site] ^ 0x1000ul << 18), (struct vm_mapping){0}); break;
        case 1 ... 4: same(structure->find(sites[site]), expected[site]); break;
        case 5:
            if (random_word() % 16 == 0)
                next_is_right(random_word() % 2 ? sites[site] : sites[site] + PAGE_SIZE);
            break;
        case 6:
            if (random_word() % 16 == 0)
                protect_some(site);
            break;
        case 7 ... 8: filling ? remove_one(site) : insert_one(site); break;
        default: filling ? insert_one(site) : remove_one(site); break;
        }
    }
    for (size_t i = 0; i < SITES; i++)
        same(structure->find(sites[i]), expected[i]);
    next_is_right(0);
}

static void run_to_the_end(void **state)
{
    (void)state;
    word_t address = 0;
    size_t found = 0, wanted = 0;
    for (size_t i = 0; i < SITES; i++)
        wanted += expected[i].page && (i == 0 || sites[i] != sites[i - 1]);
    for (; (address = structure->next(address)) < STRUCTURE_END; address += PAGE_SIZE) {
        assert_true(structure->remove(address) >> PAGE_SHIFT != 0);
        assert_true(++found <= wanted);
    }
    assert_int_equal(found, wanted);
    assert_int_equal(structure->next(0), STRUCTURE_END);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_operations),
        cmocka_unit_test(run_to_the_end),
    };
    seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 20260101;
    printf("structure %s, seed %llu\n", structure->name, (unsigned long long)seed);
    void *memory = mmap((void *)VM_NODES, NODES_MAX * (size_t)PAGE_SIZE, PROT_NONE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_NORESERVE, -1, 0);
    if (memory != (void *)VM_NODES) {
        fprintf(stderr, "there is no memory at %#lx\n", VM_NODES);
        return 1;
    }
    sites_choose();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    printf("at most %zu nodes\n", made_most);
    return failed;
}
