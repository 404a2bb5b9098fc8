// SPDX-License-Identifier: BSD-2-Clause
// The machine as a whole; see machine.h.

#include "machine.h"

#include "env/env.h"
#include "kernel.h"
#include "sbi.h"

struct machine_info *machine_info;
bool machine_framed;

#ifdef RIVET_COUNT
word_t *hw_count_fences, *hw_count_satps, hw_count_flushes;
#endif

static uint32_t console_lock;

// The framed channel: DLE k, the text with DLE doubled, DLE p. See the console's protocol in libos.
void machine_puts(const char *text, size_t count)
{
    const char dle = 0x10;
    lock_take(&console_lock);
    if (machine_framed) {
        sbi_putchar(dle);
        sbi_putchar('k');
    }
    for (size_t i = 0; i < count; i++) {
        if (machine_framed && text[i] == dle)
            sbi_putchar(dle);
        if (!machine_framed && text[i] == '\n')
            sbi_putchar('\r');
        sbi_putchar(text[i]);
    }
    if (machine_framed) { // back to the stream that was cut into
        sbi_putchar(dle);
        sbi_putchar('p');
    }
    lock_drop(&console_lock);
}

sysret_t sys_machine_reset(word_t how)
{
    if (env_self()->self != machine_info->init) return refuse(ERR_PERM);
    if (how > 1)                                return refuse(ERR_RANGE);

    sbi_reset(how == 1);
    return refuse(ERR_MACHINE);
}

sysret_t sys_machine_log(word_t bytes, size_t count)
{
    if (count > sizeof(bytes)) return refuse(ERR_RANGE);

    machine_puts((const char *)&bytes, count);
    return done(count);
}
