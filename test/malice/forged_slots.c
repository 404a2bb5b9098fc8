// SPDX-License-Identifier: BSD-2-Clause
/*
 * Uses slots that are out of range, empty, revoked, or hold something else than what is asked of them.
 */
#include "attack.h"

static void slot_attack(slot_t slot, long expected)
{
    EXPECT(sys_env_notify(slot, 1ul << 40).error == expected);
    EXPECT(sys_slice_yield_to(slot).error == expected);
    EXPECT(sys_pct_send(slot, 0).error == expected);
    EXPECT(sys_cap_copy(slot, SLOT_OWN + 100, RIGHT_READ).error == expected);
    EXPECT(sys_cap_grant(slot, self(), SLOT_OWN + 100, RIGHT_READ).error == expected);
}

void attack(void)
{
    word_t message[8] = {0};
    page_t page = own_data();
    tables_make(ARENA);
    for (slot_t slot = CAPS_MAX; slot != 0; slot <<= 1) {
        slot_attack(slot, ERR_RANGE);
        REFUSED(sys_pte_map(0, ARENA, page, 1, RIGHT_READ, slot), RANGE);
    }
    REFUSED(sys_cap_drop(CAPS_MAX), RANGE);
    REFUSED(sys_cap_open(CAP_NONE, self()), RANGE);

    slot_attack(SLOT_OWN, ERR_STALE); // empty
    EXPECT(pct_call(SLOT_OWN, 0, message) == ERR_STALE);
    EXPECT(pct_call(CAPS_MAX + SLOT_OWN, 0, message) == ERR_STALE);
    REFUSED(sys_cap_drop(SLOT_OWN), STALE);

    WORKS(sys_cap_mint(SLOT_OWN, page, RIGHT_READ)); // a frame is nobody to call
    REFUSED(sys_env_notify(SLOT_OWN, 1ul << 40), PERM);
    REFUSED(sys_slice_yield_to(SLOT_OWN), PERM);
    EXPECT(pct_call(SLOT_OWN, 0, message) == ERR_PERM);
    REFUSED(sys_cap_copy(SLOT_OWN, SLOT_OWN + 1, RIGHT_READ | RIGHT_WRITE), PERM);
    REFUSED(sys_pte_map(0, ARENA, page, 1, RIGHT_READ | RIGHT_WRITE, SLOT_OWN), PERM);
    REFUSED(sys_pte_map(0, ARENA, own_data(), 1, RIGHT_READ, SLOT_OWN), PERM);
    WORKS(sys_cap_copy(SLOT_OWN, SLOT_OWN + 1, RIGHT_READ));

    WORKS(sys_cap_revoke(page)); // and now both are dead
    slot_attack(SLOT_OWN, ERR_STALE);
    slot_attack(SLOT_OWN + 1, ERR_STALE);
    REFUSED(sys_pte_map(0, ARENA, page, 1, RIGHT_READ, SLOT_OWN + 1), STALE);
    EXPECT(pct_call(SLOT_PARENT, 0, message) == ERR_PERM); // only RIGHT_NOTIFY
    REFUSED(sys_slice_yield_to(SLOT_PARENT), PERM);
}
