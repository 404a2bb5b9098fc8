// SPDX-License-Identifier: BSD-2-Clause
/*
 * Looks into registers when the hart comes back from others: after giving it up nothing but sp, the answer
 * and pc is there, and what a new environment begins with is its argument alone.
 */
#include "attack.h"

bool registers_after_yield(void); // children.S: all registers that nobody promised are zero
bool registers_after_wait(void);
void registers_noise(void);       // a child: fills all of its own with a secret, and spins
void registers_at_start(void);    // a child: exits with the OR of all its registers but a0

void attack(void)
{
    env_t noise = child_make(registers_noise, 0);
    child_start(noise);
    for (int i = 0; i < 50; i++) {
        EXPECT(registers_after_yield());
        EXPECT(registers_after_wait());
    }
    env_t child = child_make(registers_at_start, 0);
    child_start(child);
    EXPECT(child_wait(child) == ENV_EXITED);
    EXPECT(sys_env_info(child, ENV_STATUS).value == 0);
}
