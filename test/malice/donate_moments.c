// SPDX-License-Identifier: BSD-2-Clause
/*
 * Time that is too short to do anything in, donated again and again, so that somebody overruns it: a child that lets go of its own
 * slices at once, and the witness. They are switched when it is over, and no slice of theirs pays for it later.
 */
#include "attack.h"

#define ROUNDS 200
#define TIMES  100

// What all slices of ours and of the child's owe.
static word_t excess(env_t child)
{
    word_t sum = 0;
    for (word_t hart = 0; hart < machine()->hart_count; hart++)
        for (word_t position = 0; position < SLICES_MAX; position++) {
            const volatile struct slice *slice = slice_entry(hart, position);
            sum += slice->env == child || slice->env == self() ? slice->excess : 0;
        }
    return sum;
}

static void moments(slot_t slot, word_t *used)
{
    for (word_t i = 0; i < TIMES; i++) {
        sysret_t answer = sys_slice_donate(slot, time_now() + i % 16, 0, 0);
        EXPECT(answer.error == ERR_OK || answer.error == ERR_DEADLINE || answer.error == ERR_BUSY);
        *used += answer.error == ERR_OK && answer.value == DONATE_USED;
    }
}

// A slice may end in a round, on a slow host in most of them; then somebody overran his own. Not in all.
void attack(void)
{
    word_t used = 0, fair = 0;
    env_t child = child_make(child_nap, 0);
    WORKS(sys_cap_mint(SLOT_OWN, child, RIGHT_YIELD));
    child_start(child);
    for (word_t round = 0; round < ROUNDS || used == 0 || fair == 0; round++) {
        sys_slice_yield();
        word_t before = excess(child);
        moments(SLOT_OWN, &used);
        moments(SLOT_WITNESS, &used);
        fair += excess(child) <= before;
    }
}
