// SPDX-License-Identifier: BSD-2-Clause
/*
 * A scheduler that runs nobody. Its children take turns in its slices: some compute, some leave its board and come back, some wait
 * a moment at a time, some exit and fault. Meanwhile it gives its slices up and takes them, and ends without a decision.
 */
#include "attack.h"

#include <rivet/board.h>

#define CHILDREN 60
#define LIMIT_US 20000000

static word_t lost(void) { return sys_env_info(self(), ENV_LOST_TURNS).value; }

static void stall(env_t counter)
{
    word_t used = sys_env_info(counter, ENV_TICKS).value, limit = time_now() + time_from_us(LIMIT_US);
    while (sys_env_info(counter, ENV_TICKS).value == used)
        EXPECT(time_now() < limit);
    EXPECT(lost() >= STALL_TURNS);
}

// A child whose slices are ours: it has what its scheduler gives it.
static env_t child_place(void (*entry)(void), word_t index)
{
    env_t child = child_make(entry, index);
    for (word_t hart = 0; hart < machine()->hart_count; hart++)
        for (word_t position = 0; position < SLICES_MAX; position++)
            if (slice_entry(hart, position)->env == child)
                WORKS(sys_slice_give(hart, position, self()));
    if (entry == child_rejoin)
        WORKS(sys_cap_grant(SLOT_OWN, child, SLOT_OWN, RIGHT_SCHEDULE));
    else
        WORKS(sys_board_join(child, CAP_NONE, index));
    return child;
}

void attack(void)
{
    void (*const what[])(void) = {child_spin, child_nap, child_rejoin, child_yield, child_exit, child_fault};
    env_t child[CHILDREN];

    WORKS(sys_cap_mint(SLOT_OWN, self(), RIGHT_SCHEDULE));
    for (int round = 0; round < 3; round++) {
        WORKS(PATIENT(sys_board_bind(own_free(1))));
        for (word_t i = 0; i < CHILDREN; i++) {
            child[i] = child_place(what[i % 6], 1 + i);
            child_start(child[i]);
        }
        stall(child[0]);
        stall(child[6]);
        if (round == 2)
            return;
        for (word_t i = 0; i < CHILDREN && round == 1; i++)
            (void)sys_board_leave(child[i]);
        for (word_t i = 0; i < CHILDREN; i++)
            child_destroy(child[i]);
        WORKS(PATIENT(sys_board_bind(0)));
    }
}
