// SPDX-License-Identifier: BSD-2-Clause
/*
 * What happens while another hart is in the kernel. Harts of the model run one at a time, but at each fence of the one that
 * executes (hw_order, a remote fence on its way) others may do something. Where a lock is held they do only what
 * takes none: transfers, yields, interrupts, walks of the tables. The windows of kernel/space/shootdown.c are reached this way.
 */
#include "storm.h"

#include "kernel.h"
#include "machine/machine.h"

#include <stdio.h>

static bool locks_held(void)
{
    bool held = structure_lock != 0;
    for (word_t i = 0; i < pages.count && !held; i++)
        if (pages.table[i].kind == PAGE_ROOT)
            held = space_named(pages.first + i)->lock != 0;
    return held;
}

static void call(word_t number, word_t a0, word_t a1, word_t a2, word_t a3)
{
    const word_t arguments[6] = {a0, a1, a2, a3, 0, CAP_NONE};
    if (storm.verbose)
        printf("      between, hart %lu env %lx: call %ld %lx %lx %lx %lx\n", (unsigned long)fake.self,
               (unsigned long)fake_env()->self, (long)(number - CALL_BASE), (unsigned long)a0, (unsigned long)a1,
               (unsigned long)a2, (unsigned long)a3);
    fake.fences = fake.code_fences = 0;
    entry_call(number, arguments);
    storm_fences_check();
}

// One that takes no lock.
static void transfer(void)
{
    bool init = fake_env()->self == fake.init; // it waits for nobody for ever
    switch (any(7)) {
    case 0: call(CALL_slice_yield_to, choose_door(RIGHT_YIELD), 0, 0, 0); break;
    case 1: call(CALL_slice_yield, 0, 0, 0, 0); break;
    case 2: call(CALL_pct_call, choose_door(RIGHT_CALL), init ? fake.time + 1000 : 0, 0, 0); break;
    case 3: call(CALL_pct_return, 0, 0, 0, 0); break;
    case 4: call(CALL_slice_donate, choose_door(RIGHT_YIELD), fake.time + 1 + any(500), any(1ul << 40), 0); break;
    case 5: call(CALL_env_notify, choose_door(RIGHT_NOTIFY), 1ul << (32 + any(8)), 0, 0); break;
    case 6: fake_speculate(choose_address() & (USER_END - 1)); break;
    }
}

static void take_away(void)
{
    switch (any(3)) {
    case 0: call(CALL_pte_unmap, 0, choose_address_in(PINNED), 1 + any(3), 0); break;
    case 1: call(CALL_pte_protect, 0, choose_address_in(PINNED), 1, RIGHT_READ); break;
    case 2: call(CALL_cap_revoke, choose_page(PAGE_DATA), 0, 0, 0); break;
    }
}

static void others_act(void)
{
    word_t self = fake.self, acts = 1 + any(4);
    bool held = locks_held();
    for (word_t i = 0; i < acts; i++) {
        fake_on(any(hart_count));
        if (fake.self == self)
            continue;
        if (fake_self()->mode == FAKE_SLEEPS) {
            if (fake_pending(fake_self()) != 0)
                entry_wake();
        } else if (fake_self()->mode == FAKE_USER) {
            if (!held && chance(50))
                take_away();
            else
                transfer();
        }
    }
}

void storm_between(void)
{
    if (!chance(50) || fake.snapshot || hart_count == 1)
        return;
    storm.between++;
    fake_between(others_act);
    if (fake_self()->satp != space_kernel_satp) // a walker goes on in the kernel, too
        fake_speculate(choose_address() & (USER_END - 1));
}
