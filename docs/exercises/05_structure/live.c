// SPDX-License-Identifier: BSD-2-Clause
// Exercise 5, second half: this program itself lives on the structure. Every page of it is one that the structure
// knows.
#include "../check.h"

#include "structure.h"

#include <stdlib.h>
#include <string.h>

#define SIZE  (600 * PAGE_SIZE)
#define PAGES 40

static bool faulted;

static bool on_fault(word_t address, word_t need)
{
    faulted = need == RIGHT_WRITE;
    return faulted && vm_allow(address, RIGHT_READ | RIGHT_WRITE);
}

static void heap_check(void)
{
    unsigned char *memory = malloc(SIZE);
    size_t wrong = 0;

    if (!check(memory, "a program that lives on it allocates %d pages", SIZE / PAGE_SIZE))
        return;
    for (size_t i = 0; i < SIZE; i += PAGE_SIZE / 2)
        memory[i] = (unsigned char)(i >> 11);
    for (size_t i = 0; i < SIZE; i += PAGE_SIZE / 2)
        wrong += memory[i] != (unsigned char)(i >> 11);
    check_equal(wrong, 0, "bytes of them that are wrong");
    word_t page = ((word_t)memory + PAGE_SIZE) & ~(PAGE_SIZE - 1ul);
    fault_handle(on_fault);
    check_equal((word_t)vm_protect(page, PAGES, RIGHT_READ), ERR_OK, "%d pages are protected: the answer", PAGES);
    memory[page - (word_t)memory + 5 * PAGE_SIZE] = 1;
    check(faulted, "a store to one of them faults, and goes on");
    fault_handle(NULL);
    vm_protect(page, PAGES, RIGHT_READ | RIGHT_WRITE); // the allocator writes there
    free(memory);
}

static void region_check(void)
{
    const char *why;
    size_t wrong = 0;
    struct region *region = region_create(
        &(struct region_options){.pages = PAGES, .pager = pager_find("memory"), .policy = &replace_fifo, .limit = 8},
        &why);

    if (!check(region, "a region whose pages come and go"))
        return;
    for (size_t round = 0; round < 3; round++)
        for (size_t i = 0; i < PAGES; i++) {
            volatile word_t *word = (word_t *)region_base(region) + i * PAGE_SIZE / sizeof(word_t);
            wrong += *word != round * (i + 1);
            *word += i + 1;
        }
    check_equal(wrong, 0, "words of it that are wrong");
    region_destroy(region);
}

int main(void)
{
    check(strcmp(vm_structure.name, structure_yours.name) == 0, "this program's page-table structure is yours");
    heap_check();
    region_check();
    return check_end();
}
