// SPDX-License-Identifier: BSD-2-Clause
/*
 * zero_fault   the first store to a page that nobody touched
 * cow_fault    the first store to a page that is shared with a copy of this process
 * page_life    a page is mapped, written, and unmapped
 * user_fault   the first load from a page that the program itself provides: userfaultfd has the handler of a signal bind
 *              the page of zeros, which takes less than a page of its own
 */
#include "measure.h"

#define PAGES 64

static uint64_t touch_all(char *memory)
{
    uint64_t spent = 0;
    for (uint64_t i = 0; i < PAGES; i++)
        spent += SPENT(*(volatile char *)(memory + i * PAGE_SIZE) = 1);
    return spent / PAGES;
}

static uint64_t zero_fault(uint64_t count)
{
    uint64_t spent = 0;
    for (uint64_t i = 0; i < count; i++) {
        char *memory = memory_map(PAGES * PAGE_SIZE, MAP_PRIVATE);
        spent += touch_all(memory);
        memory_unmap(memory, PAGES * PAGE_SIZE);
    }
    return spent;
}

static uint64_t cow_fault(uint64_t count)
{
    uint64_t spent = 0;
    char *memory = memory_map(PAGES * PAGE_SIZE, MAP_PRIVATE);
    touch_all(memory);
    for (uint64_t i = 0; i < count; i++) {
        long copy = process_fork();
        if (copy == 0) // it has what it has, until it is ended
            for (;;)
                linux_call(FUTEX, memory, FUTEX_WAIT, *(volatile int *)memory);
        spent += touch_all(memory);
        process_end(copy);
    }
    memory_unmap(memory, PAGES * PAGE_SIZE);
    return spent;
}

static uint64_t page_life(uint64_t count)
{
    return SPENT(for (uint64_t i = 0; i < count; i++) {
        char *page = memory_map(PAGE_SIZE, MAP_PRIVATE);
        *(volatile char *)page = 1;
        memory_unmap(page, PAGE_SIZE);
    });
}

static int faults; // what userfaultfd answered

static void handler_provide(int number, const uint64_t *information, void *context)
{
    (void)number, (void)context;
    struct uffdio_range page = {.start = information[2] & ~(PAGE_SIZE - 1), .bytes = PAGE_SIZE};
    linux_call(IOCTL, faults, UFFDIO_ZEROPAGE, &page);
}

static void provide_begin(char *memory)
{
    struct uffdio_api api = {.api = UFFD_API, .features = UFFD_FEATURE_SIGBUS};
    struct uffdio_range range = {.start = (uint64_t)memory, .bytes = PAGES * PAGE_SIZE, .mode = UFFDIO_REGISTER_MISSING};
    faults = (int)must(linux_call(USERFAULTFD, UFFD_USER_MODE_ONLY), "userfaultfd");
    must(linux_call(IOCTL, faults, UFFDIO_API, &api), "userfaultfd's signals");
    must(linux_call(IOCTL, faults, UFFDIO_REGISTER, &range), "registering pages with userfaultfd");
    signal_handle(SIGNAL_BUS, handler_provide);
}

static uint64_t user_fault(uint64_t count)
{
    uint64_t spent = 0;
    for (uint64_t i = 0; i < count; i++) {
        char *memory = memory_map(PAGES * PAGE_SIZE, MAP_PRIVATE);
        provide_begin(memory);
        for (uint64_t j = 0; j < PAGES; j++)
            spent += SPENT(*(volatile char *)(memory + j * PAGE_SIZE));
        linux_call(CLOSE, faults);
        memory_unmap(memory, PAGES * PAGE_SIZE);
    }
    return spent / PAGES;
}

void bench_faults(void)
{
    row_measure("zero_fault", zero_fault, 2);
    row_measure("cow_fault", cow_fault, 2);
    row_measure("page_life", page_life, 50);
    row_measure("user_fault", user_fault, 1);
}
