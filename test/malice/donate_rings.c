// SPDX-License-Identifier: BSD-2-Clause
/*
 * Environments that donate to each other in a ring, of one, of some, and of more than a hart keeps donors. No donor is donated to, none
 * is let go deeper than there is room, and a ring can be taken apart from any place while it turns on other harts.
 */
#include "attack.h"

#define BIT(error) (1ul << ERR_##error)
#define ALLOWED (BIT(OK) | BIT(BUSY) | BIT(STATE) | BIT(DEADLINE) | BIT(DEPTH))
#define MOST (DONATIONS_MAX + 4)

static volatile word_t *const answers = (volatile word_t *)ARENA;

static env_t ring[MOST];

static void ring_make(word_t count)
{
    for (word_t i = 0; i < count; i++) {
        ring[i] = child_make(child_donate, ARENA);
        WORKS(sys_cap_mint(SLOT_OWN + 1 + i, ring[i], RIGHT_YIELD));
    }
    for (word_t i = 0; i < count; i++)
        WORKS(sys_cap_grant(SLOT_OWN + 1 + (i + 1) % count, ring[i], SLOT_OWN, RIGHT_YIELD));
    *answers = 0;
    for (word_t i = 0; i < count; i++)
        child_start(ring[i]);
}

// Until somebody had this answer.
static void ring_turn(word_t wanted)
{
    while ((*answers & wanted) == 0) {
        long error = sys_slice_donate(SLOT_OWN + 1, time_now() + 20000, 0, 0).error;
        EXPECT(error == ERR_OK || error == ERR_BUSY || error == ERR_DEADLINE);
        sys_slice_yield();
    }
    EXPECT((*answers & ~ALLOWED) == 0);
}

void attack(void)
{
    const word_t counts[] = {1, 2, 3, DONATIONS_MAX - 1, MOST, MOST};
    tables_make(ARENA);
    map(ARENA, own_data());
    WORKS(sys_cap_mint(SLOT_OWN, self(), RIGHT_YIELD));
    REFUSED(sys_slice_donate(SLOT_OWN, ~0ul, 0, 0), STATE);
    for (word_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        word_t count = counts[i];
        ring_make(count);
        ring_turn(count == 1 ? BIT(STATE) : count < DONATIONS_MAX ? BIT(BUSY) : BIT(DEPTH));
        for (word_t n = 0; n < count; n++)
            child_destroy(ring[i % 3 == 0 ? n : i % 3 == 1 ? count - 1 - n : (n * 7 + 3) % count]);
        for (word_t n = 0; n < count; n++)
            EXPECT(sys_slice_donate(SLOT_OWN + 1 + n, ~0ul, 0, 0).error == ERR_STALE);
    }
}
