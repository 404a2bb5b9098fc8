// SPDX-License-Identifier: BSD-2-Clause
/*
 * page_alloc           a free frame becomes usable, its clearing included
 * page_map, page_protect, page_unmap    one page in a pinned table
 * page_protect_100     a hundred pages in one call
 */
#include "measure.h"

#define PAGES   100
#define ADDRESS 0x3f10000000ul

void bench_page(void)
{
    sysret_t answer;
    upcall_hold();
    page_t first = frame_find(PAGES);
    must((sysret_t){first == FRAME_NONE ? ERR_NOENT : ERR_OK, 0}, "a run of frames");
    word_t alloc = ~0ul;
    for (word_t i = 0; i < PAGES; i++) {
        word_t cost = MEASURE(page_alloc, &answer, first + i);
        must(answer, "page_alloc");
        alloc = least_of(alloc, cost);
    }
    row("page_alloc", alloc);

    must((sysret_t){vm_bind(0, ADDRESS, first, 1, RIGHT_READ), 0}, "a page"); // so that there are tables
    must(sys_pte_unmap(0, ADDRESS, 1), "unmapping it");
    word_t map = ~0ul, protect = ~0ul, unmap = ~0ul;
    for (int i = 0; i < REPEAT; i++) {
        word_t cost = MEASURE(pte_map, &answer, 0, ADDRESS, first, 1, RIGHT_READ | RIGHT_WRITE, CAP_NONE);
        must(answer, "pte_map");
        map = least_of(map, cost);
        cost = MEASURE(pte_protect, &answer, 0, ADDRESS, 1, RIGHT_READ);
        must(answer, "pte_protect");
        protect = least_of(protect, cost);
        cost = MEASURE(pte_unmap, &answer, 0, ADDRESS, 1);
        must(answer, "pte_unmap");
        unmap = least_of(unmap, cost);
    }
    MEASURE(pte_map, &answer, 0, ADDRESS, first, 1, RIGHT_READ | RIGHT_WRITE, CAP_NONE); // once more, to be counted
    row_counted("page_map", map, 1);
    MEASURE(pte_protect, &answer, 0, ADDRESS, 1, RIGHT_READ);
    row_counted("page_protect", protect, 1);
    MEASURE(pte_unmap, &answer, 0, ADDRESS, 1);
    row_counted("page_unmap", unmap, 1);

    must((sysret_t){vm_bind(0, ADDRESS, first, PAGES, RIGHT_READ | RIGHT_WRITE), 0}, "the pages");
    row_counted("page_protect_100", MEASURE(pte_protect, &answer, 0, ADDRESS, PAGES, RIGHT_READ), 1);
    must(answer, "pte_protect");
    vm_unbind(0, ADDRESS, PAGES);
    for (word_t i = 0; i < PAGES; i++)
        must(sys_page_free(first + i), "page_free");
    upcall_release();
}
