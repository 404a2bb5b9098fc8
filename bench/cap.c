// SPDX-License-Identifier: BSD-2-Clause
/*
 * cap_grant   a capability into a slot that its receiver opened (here we are both: opened for ourselves)
 * cap_drop    emptying a slot
 */
#include "measure.h"

void bench_cap(void)
{
    sysret_t answer;
    slot_t from = SLOT_FREE, to = SLOT_FREE + 1;
    word_t grant = ~0ul, drop = ~0ul;
    must(sys_cap_mint(from, self(), RIGHT_NOTIFY), "cap_mint");
    for (int i = 0; i < REPEAT; i++) {
        must(sys_cap_open(to, self()), "cap_open");
        word_t cost = MEASURE(cap_grant, &answer, from, self(), to, RIGHT_NOTIFY);
        must(answer, "cap_grant");
        grant = least_of(grant, cost);
        cost = MEASURE(cap_drop, &answer, to);
        must(answer, "cap_drop");
        drop = least_of(drop, cost);
    }
    must(sys_cap_drop(from), "cap_drop");
    row("cap_grant", grant);
    row("cap_drop", drop);
}
