// SPDX-License-Identifier: BSD-2-Clause
/*
 * The innocent neighbour. It fills its memory and every register it can with what follows from a number that
 * changes each round, lets time pass, and checks that nothing of it has changed. Rounds are counted in the
 * save area, where its creator looks. It never gives the hart up, opens nothing, and accepts nothing.
 */
#include "attack.h"

#define WORDS 2048

static word_t memory[WORDS];

bool witness_registers(word_t seed, word_t turns); // witness.S: they all survive so many turns of a loop

void attack(void)
{
    WORKS(sys_env_float(1));
    for (word_t round = 1;; round++) {
        for (word_t i = 0; i < WORDS; i++)
            memory[i] = round * 0x9e3779b97f4a7c15ul + i;
        EXPECT(witness_registers(round, 20000));
        for (word_t i = 0; i < WORDS; i++)
            EXPECT(memory[i] == round * 0x9e3779b97f4a7c15ul + i);
        EXPECT(SAVE_WORD(SAVE_X_HANDLER) == 0 && SAVE_WORD(SAVE_I_HANDLER) == 0);
        SAVE_WORD(SAVE_ROOM) = round;
    }
}
