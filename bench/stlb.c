// SPDX-License-Identifier: BSD-2-Clause
/*
 * stlb_refill   a load whose page is bound in the STLB, with its leaf empty: the kernel fills it unseen
 */
#include "measure.h"

#define ADDRESS 0x3f20000000ul

word_t stretch_touch(volatile char *address);

void bench_stlb(void)
{
    volatile char *address = (volatile char *)ADDRESS;
    sysret_t answer;
    upcall_hold();
    page_t stlb = frame_find(1);
    while ((answer = sys_stlb_bind(0, stlb, 0)).error == ERR_AGAIN)
        continue;
    must(answer, "stlb_bind");
    sys_pte_table(0, ADDRESS, 1, frame_find(1), 0); // refused when there is one already
    must(sys_pte_table(0, ADDRESS, 0, frame_find(1), 0), "a leaf table");
    page_t page = frame_alloc();
    word_t least = ~0ul;
    for (int i = 0; i < REPEAT; i++) {
        must(sys_stlb_enter(0, ADDRESS, page, RIGHT_READ, CAP_NONE), "stlb_enter");
        word_t first = COUNTED(stretch_touch(address));
        word_t cost = first - stretch_touch(address);
        least = least_of(least, cost);
        must(sys_pte_unmap(0, ADDRESS, 1), "unbinding it");
    }
    row_counted("stlb_refill", least, 1);
    must(sys_pte_untable(0, ADDRESS, 0), "taking the table back");
    must(sys_stlb_unbind(0), "stlb_unbind");
    frame_free(page);
    upcall_release();
}
