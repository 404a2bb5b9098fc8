// SPDX-License-Identifier: BSD-2-Clause
/*
 * A call with a deadline returns in time; the next one has none, and takes longer than the first was allowed
 * to. The deadline must have ended with its call.
 */
#include "attack.h"

void long_echo(void); // children.S: an entry that returns after a tenth of a second

static slot_t server(slot_t slot, void (*entry)(void))
{
    env_t child = child_make(child_accept, (word_t)entry);
    WORKS(sys_cap_mint(slot, child, RIGHT_CALL));
    child_start(child);
    return slot;
}

static long call(slot_t slot, word_t ticks)
{
    word_t message[8] = {0};
    long error;
    do {
        sys_slice_yield();
        error = pct_call(slot, ticks ? time_now() + ticks : 0, message);
    } while (error == ERR_BUSY);
    return error;
}

// A host that stalls can make a quick call miss its deadline, and a timer late: once in some calls they are on time.
static bool comes(slot_t slot, word_t ticks, long error)
{
    for (int tries = 0; tries < 50; tries++)
        if (call(slot, ticks) == error) return true;
    return false;
}

void attack(void)
{
    slot_t quick = server(SLOT_OWN, child_echo), slow = server(SLOT_OWN + 1, long_echo);
    word_t soon = machine()->timebase_hz / 20;
    for (int i = 0; i < 3; i++) {
        EXPECT(call(quick, 0) == ERR_OK);
        EXPECT(comes(quick, soon, ERR_OK));
        EXPECT(call(slow, 0) == ERR_OK);
        EXPECT(comes(slow, soon, ERR_DEADLINE));
    }
}
