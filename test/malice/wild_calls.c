// SPDX-License-Identifier: BSD-2-Clause
/*
 * Every call number there is and many that are none, every argument random, over and over, with the
 * exception slot open. It destroys itself in many ways; it may end however it likes, as long as it alone is
 * hurt.
 */
#include "attack.h"

void attack(void)
{
    word_t state = time_now() | 1;
    for (;;) {
        word_t arguments[6];
        word_t number = CALL_BASE - 8 + random_next(&state) % (CALL_COUNT + 16);
        if (random_next(&state) % 16 == 0) number = random_next(&state);
        if (number == CALL_env_exit && random_next(&state) % 64 != 0) continue; // it would be over too soon
        if (number == CALL_machine_log || number == CALL_slice_wait || number == CALL_pct_accept)
            continue; // noise, and sleep
        for (int i = 0; i < 6; i++) {
            word_t any = random_next(&state);
            word_t plausible[] = {any,
                                  any % 256,
                                  any % 16,
                                  self(),
                                  own_free(1),
                                  ARENA + any % 64 * PAGE_SIZE,
                                  1ul << any % 64,
                                  ~(any % 4),
                                  machine()->ram_first + any % machine()->ram_count,
                                  0};
            arguments[i] = plausible[random_next(&state) % 10];
        }
        call_any(number, arguments);
    }
}
