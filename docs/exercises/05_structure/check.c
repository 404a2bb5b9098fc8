// SPDX-License-Identifier: BSD-2-Clause
/*
 * Exercise 5, first half: the structure beside a plain array, by random operations, in a program whose own memory is
 * managed by another one. VM_NODES and node_make are not the library's here but this file's; memory is refused now
 * and then. Then how much memory it takes, and how long it looks. live.c is the second half.
 */
#include "../check.h"

#include "structure.h"

#include <string.h>

#define SITES      512
#define STEPS      40000
#define NODES_HERE 64
#define DENSE      4096 // neighbouring pages
#define SPARSE     512  // pages with 2 MiB from one to the next
#define FIND_MOST  100  // instructions

static word_t sites[SITES], expected[SITES];
static bool made[NODES_HERE], refusing;
static size_t made_count;
static uint64_t seed = 1;
static const char *wrong; // what went wrong first
static word_t wrong_address;

static uint64_t random_word(void)
{
    seed = seed * 6364136223846793005ul + 1442695040888963407ul;
    return seed >> 16;
}

static void complain(const char *what, word_t address)
{
    if (!wrong) {
        wrong = what;
        wrong_address = address;
    }
}

bool exercise_node_make(size_t number, size_t count)
{
    for (size_t i = number; !refusing && i < number + count; i++) {
        if (i >= NODES_HERE || made[i]) {
            complain(made[i] ? "it makes a node twice" : "it makes more than 64 nodes", i);
            return false;
        }
        page_t page = frame_alloc();
        if (page == FRAME_NONE || vm_map(VM_NODES + i * PAGE_SIZE, page, RIGHT_READ | RIGHT_WRITE) != ERR_OK)
            return false;
        made[i] = true;
        made_count++;
    }
    return !refusing;
}

void exercise_node_free(size_t number, size_t count)
{
    for (size_t i = number; i < number + count; i++) {
        frame_free(vm_unmap(VM_NODES + i * PAGE_SIZE));
        made[i] = false;
        made_count--;
    }
}

// Half of them neighbours, some far apart, some at the very end; in rising order and no two alike.
static void sites_choose(void)
{
    for (size_t i = 0; i < SITES; i++)
        sites[i] = i < SITES / 2       ? (16 + i) * PAGE_SIZE
                   : i < SITES * 3 / 4 ? 0x10000000 + i * 0x205000
                                       : STRUCTURE_END - (SITES - i) * PAGE_SIZE;
}

static word_t mapping_random(void)
{
    return mapping_pack((struct vm_mapping){1 + random_word() % 0x100000,
                                            random_word() % 2 ? RIGHT_READ | RIGHT_WRITE : RIGHT_READ,
                                            (uint32_t)(random_word() % (VM_FLAGS + 1))});
}

static void insert_one(size_t site)
{
    word_t mapping = mapping_random();

    refusing = random_word() % 16 == 0;
    bool done = structure_yours.insert(sites[site], mapping);
    if (!done && (!refusing || expected[site]))
        complain("insert refuses although memory is there, or none is needed", sites[site]);
    refusing = false;
    if (done)
        expected[site] = mapping;
}

static void remove_one(size_t site)
{
    refusing = true; // removing needs no memory
    if (structure_yours.remove(sites[site]) != expected[site])
        complain("remove does not say what was there", sites[site]);
    refusing = false;
    expected[site] = 0;
}

static void protect_some(size_t site)
{
    size_t count = 1 + random_word() % 100;
    word_t rights = random_word() % 2 ? RIGHT_READ : 0;

    if (count > (STRUCTURE_END - sites[site]) / PAGE_SIZE)
        count = (STRUCTURE_END - sites[site]) / PAGE_SIZE;
    structure_yours.protect(sites[site], count, rights);
    for (size_t i = 0; i < SITES; i++)
        if (expected[i] && sites[i] >= sites[site] && sites[i] < sites[site] + count * PAGE_SIZE)
            mapping_protect(&expected[i], rights);
}

static void next_one(size_t site)
{
    word_t from = sites[site] + random_word() % 3 * PAGE_SIZE;
    size_t i = 0;

    while (i < SITES && (sites[i] < from || !expected[i]))
        i++;
    if (from < STRUCTURE_END && structure_yours.next(from) != (i < SITES ? sites[i] : STRUCTURE_END))
        complain("next finds another page", from);
}

static void step(bool filling)
{
    size_t site = random_word() % SITES;

    switch (random_word() % 16) {
    case 0 ... 4:
        if (structure_yours.find(sites[site]) != expected[site])
            complain("find says something else", sites[site]);
        break;
    case 5: next_one(site); break;
    case 6: protect_some(site); break;
    case 7 ... 8: filling ? remove_one(site) : insert_one(site); break;
    default: filling ? insert_one(site) : remove_one(site); break;
    }
}

static bool random_check(void)
{
    sites_choose();
    for (size_t i = 0; i < STEPS && !wrong; i++)
        step(i / (STEPS / 8) % 2 == 0);
    for (size_t i = 0; i < SITES && !wrong; i++)
        if (structure_yours.find(sites[i]) != expected[i])
            complain("find says something else at the end", sites[i]);
    for (word_t at = 0; !wrong && (at = structure_yours.next(at)) < STRUCTURE_END; at += PAGE_SIZE)
        if (structure_yours.remove(at) == 0)
            complain("next finds a page that remove does not", at);
    if (!wrong)
        return check(true, "%d random operations agree with an array", STEPS);
    return check(false, "%d random operations agree with an array: %s, for 0x%lx", STEPS, wrong,
                 (unsigned long)wrong_address);
}

static void fill(word_t first, word_t step, size_t count)
{
    for (size_t i = 0; i < count && !wrong; i++)
        if (!structure_yours.insert(first + i * step, mapping_pack((struct vm_mapping){1 + i, RIGHT_READ, 0})))
            complain("there was memory", first + i * step);
}

// How much was made beyond what was there already is no measure: nodes may be kept. So this is how many there are in
// all.
static void size_check(void)
{
    fill(0x40000000, PAGE_SIZE, DENSE);
    check_at_most(made_count, DENSE / BLOCK_PAGES / 28 + 3, "nodes for %d neighbouring pages", DENSE);
    fill(0x1000000000, 0x200000, SPARSE);
    check_at_most(made_count, (DENSE / BLOCK_PAGES + SPARSE) / 28 + 4, "nodes with %d more, each far from the others",
                  SPARSE);
    check(!wrong, "all of them were inserted");
    word_t begin = instructions_now(), sum = 0;
    for (size_t i = 0; i < DENSE; i++)
        sum += structure_yours.find(0x40000000 + i * PAGE_SIZE) >> PAGE_SHIFT;
    word_t spent = instructions_now() - begin;
    check_equal(sum, DENSE * (DENSE + 1ul) / 2, "the sum of the frames that are found");
    check_at_most(spent / DENSE, FIND_MOST, "instructions to find a page");
    refusing = false;
    for (size_t i = 0; i < DENSE; i++)
        structure_yours.remove(0x40000000 + i * PAGE_SIZE);
    size_t before = made_count;
    fill(0x80000000, PAGE_SIZE, DENSE);
    check_equal(made_count - before, 0, "new nodes for as many pages as were just removed");
}

int main(void)
{
    if (random_check())
        size_check();
    return check_end();
}
