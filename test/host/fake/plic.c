// SPDX-License-Identifier: BSD-2-Clause
// A PLIC as real ones are: a claimed source is silent until it is completed, and completing one that is not
// enabled for the context is ignored.

#include "fake.h"

#include <string.h>

#define CONTEXTS (2 * HARTS_MAX + 1)

static struct {
    uint32_t priority[FAKE_SOURCES + 1];
    uint32_t enable[CONTEXTS][FAKE_SOURCES / 32 + 1];
    bool pending[FAKE_SOURCES + 1];
    bool claimed[FAKE_SOURCES + 1];
} plic;

void plic_boot(void)
{
    memset(&plic, 0, sizeof(plic));
    memset(plic.enable, 0xff, sizeof(plic.enable)); // the firmware may leave anything
}

void plic_raise(word_t source) { plic.pending[source] = true; }
bool plic_claimed(word_t source) { return plic.claimed[source]; }

static bool is_enabled(word_t context, word_t source)
{
    return plic.enable[context][source / 32] >> source % 32 & 1;
}

static word_t best(word_t context)
{
    for (word_t source = 1; source <= FAKE_SOURCES; source++)
        if (plic.pending[source] && !plic.claimed[source] && plic.priority[source] > 0 &&
            is_enabled(context, source))
            return source;
    return 0;
}

bool plic_pending(word_t hart) { return best(2 * hart + 1) != 0; }

static uint32_t *enable_word(word_t offset)
{
    word_t context = (offset - 0x2000) / 0x80, word = offset % 0x80 / 4;
    if (context >= CONTEXTS || word > FAKE_SOURCES / 32)
        fake_fail("the kernel touches an enable word that the PLIC does not have");
    return &plic.enable[context][word];
}

uint32_t plic_load(word_t offset)
{
    if (offset < 4 * (FAKE_SOURCES + 1))
        return plic.priority[offset / 4];
    if (offset < 0x200000)
        return *enable_word(offset);
    if (offset % 0x1000 != 4)
        return 0;
    word_t source = best((offset - 0x200000) / 0x1000);
    plic.pending[source] = false;
    plic.claimed[source] = source != 0;
    return (uint32_t)source;
}

void plic_store(word_t offset, uint32_t value)
{
    if (offset < 4 * (FAKE_SOURCES + 1)) {
        plic.priority[offset / 4] = value;
    } else if (offset < 0x200000) {
        *enable_word(offset) = value;
    } else if (offset % 0x1000 == 4) {
        if (value > FAKE_SOURCES)
            fake_fail("the kernel completes a source that the PLIC does not have");
        if (is_enabled((offset - 0x200000) / 0x1000, value))
            plic.claimed[value] = false;
    }
}
