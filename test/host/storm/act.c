// SPDX-License-Identifier: BSD-2-Clause
// What an environment does: calls, accesses to memory, faults, writes to its save area; see storm.h.

#include "storm.h"

#include "cap/cap.h"
#include <rivet/board.h>
#include "machine/machine.h"
#include "revoke/revoke.h"

#include <string.h>

static word_t events(void) { return chance(95) ? 1ul << (32 + any(8)) : any(1ul << 40); }
static word_t masked(void) { return events() | (chance(30) ? EVENT_BIT(ALARM) : 0) | (chance(40) ? EVENT_BIT(BOARD) : 0); }
static word_t deadline(void)
{
    return chance(50) ? fake.time + any(3 * machine_info->slice_ticks) : chance(80) ? 0 : any(2000);
}
static word_t count(void) { return chance(80) ? 1 : any(10) == 0 ? any(200) : 1 + any(12); }
static word_t flags(void) { return chance(60) ? 0 : any(4) << 6; } // A and D, from the start or cleared
static word_t level(void) { return chance(90) ? any(2) : any(4); }

#define DO(room, verb, ...) do_call(CALL_##room##_##verb, (word_t[6]){__VA_ARGS__})
static bool do_call(word_t call, const word_t *a)
{
    return storm_call(call, a[0], a[1], a[2], a[3], a[4], a[5]);
}

// Goes on with what says AGAIN, mostly.
static void pieces(word_t call, word_t a0, word_t a1, word_t a2)
{
    storm.again = true;
    for (word_t i = chance(30) ? 1 : 40; i > 0 && storm.again && fake_self()->mode == FAKE_USER; i--)
        storm_call(call, a0, a1, a2, 0, 0, 0);
}

static void act_page(void)
{
    switch (any(5)) {
    case 0: DO(page, alloc, choose_page(PAGE_FREE)); break;
    case 1: DO(page, free, choose_page(PAGE_DATA)); break;
    case 2: DO(page, move, choose_page(PAGE_FREE), count(), choose_env()); break;
    case 3: DO(page, give, chance(5) ? FAKE_UART : choose_page(PAGE_DATA), 1 + any(3), choose_env()); break;
    case 4: DO(page, open, choose_env(), chance(95) ? any(4) : any(10000)); break;
    }
}

static void act_cap(void)
{
    word_t rights = chance(50) ? choose_rights() : 16ul << any(4) | 16ul << any(4);
    page_t object =
        rights >= 16 ? chance(30) ? fake_env()->self : choose_page(PAGE_ENV) : choose_page(PAGE_DATA);
    switch (any(8)) {
    case 0: case 1: DO(cap, mint, choose_slot(), object, rights); break;
    case 2: DO(cap, copy, choose_slot(), choose_slot(), rights); break;
    case 3: DO(cap, open, choose_slot(), choose_env()); break;
    case 4: case 5: DO(cap, grant, choose_slot(), choose_env(), choose_slot(), rights); break;
    case 6: DO(cap, drop, choose_slot()); break;
    case 7: pieces(CALL_cap_revoke, object, 0, 0); break;
    }
}

static void act_env(void)
{
    page_t record = choose_own(PAGE_FREE, 2);
    bool init = fake_env()->self == fake.init;
    switch (any(11)) {
    case 0:
        DO(env, create, record != 0 ? record : choose_page(PAGE_FREE), choose_page(PAGE_FREE),
           choose_space());
        break;
    case 1: DO(env, set, choose_env(), any(6), 0x1000); break;
    case 2: DO(env, start, choose_env()); break;
    case 3: pieces(CALL_env_stop, choose_env(), 0, 0); break;
    case 4: if (chance(30)) pieces(CALL_env_destroy, choose_env(), 0, 0); break;
    case 5: DO(env, info, choose_env(), any(ENV_WHATS + 1)); break;
    case 6: case 7: DO(env, notify, choose_door(RIGHT_NOTIFY), events()); break;
    case 8: if (!init && chance(10)) DO(env, exit, any(256)); break;
    case 9: DO(env, float, chance(95) ? any(2) : any(9)); break;
    case 10: DO(env, resume, 0); break;
    }
}

static void act_memory(void)
{
    slot_t slot = chance(70) ? CAP_NONE : choose_slot();
    page_t page = choose_page(chance(90) ? PAGE_DATA : (enum page_kind)any(PAGE_KINDS));
    if (slot == CAP_NONE && chance(30)) { // something to bind
        page = choose_own(PAGE_FREE, 1);
        DO(page, alloc, page);
        if (fake_self()->mode != FAKE_USER)
            return;
    }
    if (slot != CAP_NONE && slot < CAPS_MAX && chance(80)) {
        const struct frame *frame = fake_env()->caps[slot].frame;
        page = frame >= pages.table && frame < pages.table + pages.count ? page_name(frame) : page;
    }
    switch (any(13)) {
    case 0:
        DO(pte, table, choose_space(), choose_address(), level(), choose_page(PAGE_FREE),
           chance(50) ? 0 : choose_page(PAGE_FREE));
        break;
    case 1: pieces(CALL_pte_untable, choose_space(), choose_address(), level()); break;
    case 2:
    case 3:
    case 4:
        DO(pte, map, choose_space(), choose_address_in(PINNED), page, count(), choose_rights() | flags(), slot);
        break;
    case 5:
        DO(pte, protect, choose_space(), choose_address_in(chance(50) ? PINNED : CACHED), count(),
           (chance(20) ? 0 : choose_rights()) | flags());
        break;
    case 6: case 7: DO(pte, unmap, choose_space(), choose_address(), count()); break;
    case 8:
    case 9: DO(stlb, enter, choose_space(), choose_address_in(CACHED), page, choose_rights() | flags(), slot); break;
    case 10:
        pieces(CALL_stlb_bind, choose_space(), choose_page(PAGE_FREE), chance(90) ? any(2) : any(8));
        break;
    case 11: if (chance(30)) pieces(CALL_stlb_unbind, choose_space(), 0, 0); break;
    case 12: DO(stlb, ring, choose_space(), chance(20) ? 0 : choose_page(PAGE_FREE)); break;
    }
}

// Joined runs and superpages, where the machine is large enough for them.
static void act_super(void)
{
    page_t run = FAKE_FIRST + 512 * (1 + any(2));
    word_t at = SUPER + any(4) * 512 * PAGE_SIZE;
    space_t space = choose_space();
    slot_t slot = chance(80) ? CAP_NONE : choose_slot();
    switch (pages.count > 512 || chance(5) ? any(9) : 9) {
    case 0: case 1: pieces(CALL_page_join, chance(95) ? run : choose_page(PAGE_FREE), 0, 0); break;
    case 2: DO(page, split, chance(95) ? run : choose_page(PAGE_DATA)); break;
    case 3: DO(pte, table, space, at, 1, choose_page(PAGE_FREE), choose_page(PAGE_FREE)); break;
    case 4:
    case 5: DO(pte, map, space, chance(95) ? at : choose_address(), run, 512, choose_rights() | flags(), slot); break;
    case 6: DO(pte, protect, space, at, 512, (chance(20) ? 0 : choose_rights()) | flags()); break;
    case 7: DO(pte, unmap, space, at, 512); break;
    case 8: DO(cap, mint, choose_slot(), run, choose_rights()); break;
    }
}

static void act_space(void)
{
    if (chance(60))
        DO(space, create, choose_page(PAGE_FREE), choose_page(PAGE_FREE));
    else
        pieces(CALL_space_destroy, choose_space(), 0, 0);
}

// The first environment waits for nobody for ever, so that at the end it takes everything apart.
static void act_time(void)
{
    bool init = fake_env()->self == fake.init;
    word_t hart = chance(95) ? any(hart_count) : any(9), position = chance(95) ? any(SLICES_MAX) : any(100);
    if (!init && fake_env()->caller == 0 && chance(25)) {
        DO(pct, accept, chance(95) ? 0xa000 : any(~0ul), 0xb000, chance(50) ? masked() : 0);
        return;
    }
    switch (any(8)) {
    case 0: if (!init || hart != 0 || position >= 8) DO(slice, give, hart, position, choose_env()); break;
    case 1: DO(slice, yield, 0); break;
    case 2: DO(slice, yield_to, choose_door(RIGHT_YIELD)); break;
    case 3: DO(slice, wait, masked(), init ? fake.time + any(1000) : deadline()); break;
    case 4: DO(pct, send, choose_door(RIGHT_CALL), any(100)); break;
    case 5: DO(slice, alarm, deadline()); break;
    case 6:
    case 7:
        DO(slice, donate, choose_door(RIGHT_YIELD), chance(95) ? fake.time + 1 + any(2000) : deadline(), chance(50) ? masked() : 0,
           chance(98) ? 0 : any(100));
        break;
    }
}

// The word of whoever is behind a door, where it is a child, mostly.
static word_t word_behind(slot_t door)
{
    const struct env *env = door < CAPS_MAX ? env_named(page_name(fake_env()->caps[door].frame)) : NULL;
    return env != NULL && env->entry != NULL && chance(95) ? env->entry->word : 0;
}

// Donations one inside the other, as deep as it goes, and an event in there.
static void act_donate(void)
{
    for (word_t depth = 1 + any(10); depth > 0 && fake_self()->mode == FAKE_USER; depth--) {
        slot_t door = choose_door(RIGHT_YIELD);
        word_t until = chance(80) ? fake.time + 500 + any(20000) : fake.time + 1 + any(100);
        DO(slice, donate, door, until, chance(70) ? masked() : 0, word_behind(door));
    }
    if (fake_self()->mode == FAKE_USER)
        DO(env, notify, choose_door(RIGHT_NOTIFY), events());
}

// Boards: few indices, so that they are taken and left.
static void act_board(void)
{
    bool mine = chance(20);
    switch (any(5)) {
    case 4: DO(trace, bind, any(hart_count), chance(60) ? choose_own(PAGE_FREE, 1) : 0); break;
    case 0: DO(board, bind, chance(80) ? choose_own(PAGE_FREE, 1) : 0); break;
    case 1:
    case 2:
        DO(board, join, chance(60) ? 0 : choose_env(), mine ? CAP_NONE : choose_door(RIGHT_SCHEDULE),
           chance(95) ? 1 + any(6) : any(300));
        break;
    case 3: DO(board, leave, chance(40) ? 0 : choose_env()); break;
    }
}

static void act_transfer(void)
{
    bool init = fake_env()->self == fake.init;
    if (fake_env()->caller != 0 ? chance(60) : chance(10))
        DO(pct, return, any(100));
    else
        DO(pct, call, choose_door(RIGHT_CALL),
           init         ? fake.time + 1 + any(5000)
           : chance(60) ? 0
                        : deadline());
}

static void act_irq(void)
{
    word_t source = chance(95) ? 1 + any(6) : any(2000);
    switch (any(3)) {
    case 0: DO(irq, bind, source, chance(70) ? events() : 0); break;
    case 1: DO(irq, complete, source); break;
    case 2: DO(irq, give, source, choose_env()); break;
    }
}

// A thing of this kind that the victim has, mostly.
static word_t choose_name(enum revoke_kind kind, env_t victim)
{
    word_t start = any(pages.count);
    enum page_kind wanted = kind == REVOKE_TABLES ? PAGE_TABLE : chance(60) ? PAGE_DATA : PAGE_FREE;
    switch (kind) {
    case REVOKE_SLICES: return REVOKE_SLICE(any(hart_count), 8 + any(SLICES_MAX - 8)); // as in act_time
    case REVOKE_IRQS:   return 1 + any(6);
    default:
        for (word_t i = 0; chance(99) && i < pages.count; i++) {
            const struct frame *frame = &pages.table[(start + i) % pages.count];
            if (frame->kind == wanted && frame->owner == victim)
                return page_name(frame);
        }
        return choose_kind(wanted);
    }
}

// What the environment behind a door was asked for is taken when it is due.
static void act_abort(slot_t door)
{
    const struct env *victim = door < CAPS_MAX && chance(95) ? env_named(page_name(fake_env()->caps[door].frame)) : NULL;
    enum revoke_kind kind = any(REVOKE_KINDS);
    if (victim != NULL && victim->revoke_by == fake_env()->tag && chance(90)) {
        kind = victim->revoke_kind;
        if (chance(70) && victim->revoke_deadline > fake.time)
            fake.time = victim->revoke_deadline;
    }
    word_t name = choose_name(kind, victim != NULL ? victim->self : 0), most = kind == REVOKE_FRAMES && chance(95) ? count() : 1;
    if (pages.count > 512 && kind == REVOKE_FRAMES && chance(10))
        name = FAKE_FIRST + 512 * (1 + any(2)), most = 512;
    storm.again = true;
    for (word_t i = chance(30) ? 1 : 40; i > 0 && storm.again && fake_self()->mode == FAKE_USER; i--)
        DO(revoke, abort, door, kind, name, most);
}

static void act_revoke(void)
{
    slot_t door = choose_door(RIGHT_REVOKE);
    enum revoke_kind kind = chance(60) ? REVOKE_FRAMES : any(REVOKE_KINDS);
    word_t wanted = pages.count > 512 && chance(20) ? 512 + any(20) : 1 + any(20);
    env_t by = (uint32_t)fake_env()->revoke_by;
    switch (any(8)) {
    case 0: case 1: DO(revoke, request, door, kind, chance(90) ? wanted : 0, chance(95) ? fake.time + any(500) : any(2000)); break;
    case 2: case 3: case 4: act_abort(door); break;
    case 5: DO(revoke, guarantee, choose_page(chance(80) ? PAGE_DATA : (enum page_kind)any(PAGE_KINDS)), any(2)); break;
    case 6: DO(revoke, vector, chance(60) ? choose_page(PAGE_FREE) : 0); break;
    case 7: // an answer
        if (by == 0)
            return;
        switch (any(4)) {
        case 0: DO(page, move, choose_own(PAGE_FREE, 1), count(), by); break;
        case 1: DO(page, give, choose_own(PAGE_DATA, 1), 1, by); break;
        case 2: if (fake_env()->self != fake.init) DO(slice, give, any(hart_count), any(SLICES_MAX), by); break;
        case 3: DO(irq, give, 1 + any(6), by); break;
        }
    }
}

// A vector says where contents are kept: in some frame, mostly its owner's.
static void act_vector(void)
{
    struct env *env = fake_env();
    if (env->vector == 0)
        return;
    struct repossession *vector = page_memory(env->vector);
    vector->tail = chance(80) ? vector->head : (uint32_t)any(1ul << 32);
    vector->losses[any(LOSSES_MAX)].backing = (uint32_t)choose_page(PAGE_DATA);
    vector->losses[env->vector_head % LOSSES_MAX].backing = (uint32_t)choose_page(PAGE_DATA);
}

static void act_touch(void)
{
    const word_t causes[] = {12, 13, 13, 15, 15};
    word_t cause = causes[any(5)];
    page_t page = 0;
    storm.steps++;
    if (!fake_touch(choose_address() & (USER_END - 1), cause, &page) || page_frame(page) == NULL)
        return;
    enum page_kind kind = page_frame(page)->kind;
    if (kind == PAGE_FREE || kind == PAGE_NONE)
        fake_fail("an environment reaches a frame that is free");
    bool memory = kind == PAGE_DATA || kind == PAGE_PART || kind == PAGE_RING;
    if (cause == 15 && !memory && kind != PAGE_DEVICE && kind != PAGE_SAVE)
        fake_fail("an environment writes an object of the kernel's");
    if (cause == 15 && memory)
        memset(page_memory(page), (int)(1 + any(255)), 64);
}

// It writes to its own save area, as its library would, or as malice does.
static void act_save(void)
{
    struct env *env = fake_env();
    bool init = env->self == fake.init;
    *env_save(env, SAVE_X_HANDLER) = init || chance(90) ? 0x7000 : 0;
    *env_save(env, SAVE_I_HANDLER) = chance(60) ? 0x7100 : 0;
    // A child that serves returns unseen: what it set itself would be its own secret, and its scheduler's word for it wrong.
    bool secret = env->entry != NULL && env->caller != 0;
    *env_save(env, SAVE_PENDING) = secret || chance(80) ? 0 : any(~0ul);
    *env_save(env, SAVE_S_BEGIN) = chance(80) ? 0 : 0x7200;
}

void act_tables(void)
{
    page_t table = choose_own(PAGE_FREE, 5);
    DO(pte, table, 0, PINNED, 1, table, 0);
    DO(pte, table, 0, PINNED, 0, table + 1, table + 2);
    DO(pte, table, 0, CACHED, 0, table + 3, 0);
    pieces(CALL_stlb_bind, 0, table + 4, 0);
}

void act_build(void)
{
    env_t self = fake_env()->self;
    page_t first = choose_own(PAGE_FREE, 12);
    bool sibling = chance(40);
    if (first == 0 || !(sibling || DO(space, create, first, first + 1)))
        return;
    page_t record = first + 2, table = first + 5;
    space_t root = sibling ? 0 : first;
    if (!sibling) {
        DO(pte, table, root, PINNED, 1, table, 0);
        DO(pte, table, root, PINNED, 0, table + 1, table + 2);
        DO(pte, table, root, CACHED, 0, table + 3, 0);
        pieces(CALL_stlb_bind, root, table + 4, 0);
    }
    if (!DO(env, create, record, record + 2, root))
        return;
    DO(cap, mint, any(6), record, RIGHTS_ENV);
    DO(cap, mint, any(6), self, RIGHTS_ENV);
    for (int i = 0; i < 4; i++)
        DO(cap, grant, any(6), record, any(6), RIGHTS_ENV);
    for (int i = 0; i < 3; i++) {
        page_t frames = choose_own(PAGE_FREE, 6);
        DO(page, move, frames, 6, record);
        DO(page, alloc, frames + any(6)); // it is not started yet
        DO(pte, map, root, PINNED + any(16) * PAGE_SIZE, frames + any(6), 1, RIGHT_READ | RIGHT_WRITE,
           CAP_NONE);
    }
    for (int i = 0; i < 6; i++)
        DO(slice, give, any(hart_count), 8 + any(SLICES_MAX - 8), record);
    DO(irq, give, 1 + any(6), record);
    DO(env, set, record, ENV_GUARANTEED, any(4));
    if (chance(50)) {
        DO(board, bind, choose_own(PAGE_FREE, 1));
        DO(board, join, record, chance(50) ? CAP_NONE : choose_door(RIGHT_SCHEDULE), 1 + any(20));
    }
    *env_save(env_named(record), SAVE_X_HANDLER) = 0x7000;
    DO(env, start, record);
}

void act(void)
{
    static void (*const acts[])(void) = {
        act_page,   act_page,  act_cap,   act_cap,   act_env,  act_memory,   act_memory,
        act_memory, act_super, act_space, act_time,  act_time, act_transfer, act_transfer,
        act_irq,    act_board, act_board, act_revoke, act_revoke, act_vector, act_touch, act_touch, act_touch, act_save,
    };
    if (fake_env()->self == fake.init || chance(97))
        *env_save(fake_env(), SAVE_X_HANDLER) = 0x7000; // its handler is done; that of the first one always
    if (storm.nests && chance(10))
        act_donate();
    else if (chance(2))
        act_build();
    else
        acts[any(sizeof(acts) / sizeof(acts[0]))]();
}
