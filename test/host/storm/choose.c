// SPDX-License-Identifier: BSD-2-Clause
// Arguments of random calls; see storm.h.

#include "storm.h"

#include "cap/cap.h"

struct storm storm;

word_t any(word_t n)
{
    uint64_t mixed = storm.random += 0x9e3779b97f4a7c15ul; // splitmix64
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9ul;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebul;
    return (mixed ^ mixed >> 31) % n;
}

bool chance(word_t percent) { return any(100) < percent; }

// A name that names nothing, or not what it should.
static word_t choose_wild(void)
{
    const word_t wild[] = {0,         1,        ~0ul,     FAKE_FIRST - 1, FAKE_FIRST + pages.count,
                           FAKE_UART, FAKE_RTC, 1ul << 44};
    return chance(50) ? FAKE_FIRST + any(pages.count) : wild[any(8)];
}

static bool suits(page_t page, enum page_kind kind, env_t owner)
{
    const struct frame *frame = page_frame(page);
    return frame != NULL && frame->kind == kind && (owner == 0 || frame->owner == owner);
}

page_t choose_own(enum page_kind kind, word_t run)
{
    env_t self = fake_env()->self;
    word_t start = any(pages.count < 512 ? pages.count : 256); // the rest stays in one piece, for superpages
    for (word_t i = 0; i < pages.count; i++) {
        page_t page = FAKE_FIRST + (start + i) % pages.count;
        word_t length = 0;
        while (length < run && suits(page + length, kind, self))
            length++;
        if (length == run)
            return page;
    }
    return 0;
}

page_t choose_page(enum page_kind kind)
{
    if (chance(85)) {
        page_t page = choose_own(chance(90) ? kind : (enum page_kind)any(PAGE_KINDS), 1);
        if (page != 0)
            return page;
    }
    return choose_wild();
}

page_t choose_kind(enum page_kind kind)
{
    word_t start = any(pages.count);
    for (word_t i = 0; i < pages.count; i++)
        if (suits(FAKE_FIRST + (start + i) % pages.count, kind, 0))
            return FAKE_FIRST + (start + i) % pages.count;
    return choose_wild();
}

env_t choose_env(void) { return chance(96) ? choose_kind(PAGE_ENV) : choose_wild(); }

space_t choose_space(void)
{
    if (chance(60))
        return 0;
    return chance(95) ? choose_kind(PAGE_ROOT) : choose_wild();
}

word_t choose_address(void)
{
    const word_t bases[] = {PINNED, PINNED, CACHED, CACHED, NOWHERE, CACHED - 8 * PAGE_SIZE};
    const word_t wild[] = {0, 1, PINNED + 1, USER_END, USER_END - PAGE_SIZE, ~0ul, DIRECT_BASE, TABLE_FRAMES};
    if (chance(4))
        return wild[any(8)];
    if (pages.count > 512 && chance(10))
        return SUPER + any(2048) * PAGE_SIZE;
    word_t alias = chance(20) ? 128 * PAGE_SIZE : 0;
    return bases[any(6)] + any(16) * PAGE_SIZE + alias;
}

word_t choose_address_in(word_t base)
{
    if (chance(25))
        return choose_address();
    return base + any(16) * PAGE_SIZE + (chance(20) ? 128 * PAGE_SIZE : 0);
}

word_t choose_rights(void)
{
    const word_t rights[] = {RIGHT_READ, RIGHT_READ | RIGHT_WRITE, RIGHT_READ | RIGHT_EXECUTE, RIGHTS_FRAME};
    return chance(95) ? rights[any(4)] : any(256);
}

slot_t choose_door(word_t right)
{
    const struct env *env = fake_env();
    slot_t start = any(6);
    for (slot_t i = 0; i < 6 && chance(90); i++) {
        const struct cap *cap = &env->caps[(start + i) % 6];
        if (cap->epoch == cap->frame->epoch && cap->rights & right)
            return (start + i) % 6;
    }
    return choose_slot();
}

slot_t choose_slot(void)
{
    const slot_t wild[] = {CAPS_MAX, CAP_NONE, CAPS_MAX - 1, 1ul << 32};
    return chance(97) ? any(6) : wild[any(4)];
}
