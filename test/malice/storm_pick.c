// SPDX-License-Identifier: BSD-2-Clause
/*
 * Which call comes next, and with what. Each call has a signature: one letter per argument, which says what
 * would make sense there; one argument in sixteen is something else all the same.
 *
 *   f d v o i  a frame of ours that is free, data, an environment, a root, a ring
 *   F        any frame of ours
 *   E        an environment: a child, a neighbour, ourselves
 *   P        a space: 0 for our own, or one we made
 *   A        an address in the arena
 *   c        a count of pages
 *   s t      a slot with a capability, one without
 *   N        CAP_NONE, or a slot with a capability
 *   r b      rights to a frame, and with flags for A and D
 *   R        rights to the object before
 *   S G      rights of the capability two, three arguments before
 *   l        a level of page tables
 *   T        a twin: a free frame, or 0
 *   h p      a hart, a position in its vector
 *   e        events
 *   D        a deadline
 *   I        an index on a board
 *   O        an order of an STLB
 *   w V      what env_set sets, and a value for it
 *   W        what env_info tells
 *   q        an interrupt source
 *   g        a protected entry
 *   1        0 or 1
 *   0        0
 *   x        anything
 *   J j      a run of frames that can be joined, a frame inside of it
 *   K n      a kind of resource to revoke, a name of one of that kind
 *   B k      an address for a superpage, and its count of pages
 */
#include "storm.h"

#include <rivet/revoke.h>

#define SPAN (1ul << 21)

static const struct recipe {
    word_t number;
    unsigned weight;
    const char *signature;
} recipes[] = {
    {CALL_env_null, 1, ""},       {CALL_page_alloc, 8, "f"},     {CALL_page_free, 5, "d"},
    {CALL_page_move, 2, "fcE"},   {CALL_page_give, 2, "dcE"},    {CALL_page_open, 1, "Ec"},
    {CALL_cap_mint, 8, "tFR"},    {CALL_cap_copy, 3, "stS"},     {CALL_cap_open, 2, "tE"},
    {CALL_cap_grant, 4, "sEtG"},  {CALL_cap_drop, 3, "s"},       {CALL_cap_revoke, 1, "F"},
    {CALL_env_create, 4, "ffP"},  {CALL_env_set, 4, "EwV"},      {CALL_env_start, 3, "E"},
    {CALL_env_stop, 1, "E"},      {CALL_env_destroy, 3, "v"},    {CALL_env_info, 2, "EW"},
    {CALL_env_notify, 4, "se"},   {CALL_env_float, 1, "1"},      {CALL_space_create, 2, "ff"},
    {CALL_space_destroy, 3, "o"}, {CALL_pte_table, 8, "PAlfT"},  {CALL_pte_untable, 3, "PAl"},
    {CALL_pte_map, 16, "PAdcbN"}, {CALL_pte_protect, 6, "PAcb"}, {CALL_pte_unmap, 7, "PAc"},
    {CALL_stlb_bind, 3, "PfO"},   {CALL_stlb_unbind, 1, "P"},    {CALL_stlb_enter, 14, "PAdbN"},
    {CALL_slice_give, 2, "hpE"},  {CALL_slice_yield, 1, ""},     {CALL_slice_yield_to, 4, "s"},
    {CALL_slice_wait, 1, "eD"},   {CALL_pct_accept, 1, "gxe"},   {CALL_pct_send, 4, "sx"},
    {CALL_pct_call, 8, "sDx"},    {CALL_pct_return, 1, ""},      {CALL_irq_bind, 2, "qe"},
    {CALL_irq_complete, 1, "q"},  {CALL_irq_give, 2, "qE"},      {CALL_machine_reset, 1, "x"},
    {CALL_env_resume, 1, ""},     {CALL_page_join, 7, "J"},      {CALL_page_split, 2, "J"},
    {CALL_pte_map, 2, "PBJkbN"},  {CALL_pte_protect, 1, "PBkb"}, {CALL_pte_unmap, 2, "PBk"},
    {CALL_pte_untable, 2, "PBl"}, {CALL_page_give, 1, "JcE"},    {CALL_page_alloc, 1, "j"},
    {CALL_page_free, 4, "j"},     {CALL_cap_mint, 1, "tJr"},     {CALL_stlb_ring, 3, "PT"},
    {CALL_pte_map, 1, "PAicbN"},
    {CALL_revoke_request, 4, "sKcD"}, {CALL_revoke_abort, 8, "sKnc"},
    {CALL_slice_alarm, 2, "D"},   {CALL_slice_donate, 6, "sDe0"},
    {CALL_board_bind, 3, "T"},    {CALL_board_join, 6, "ENI"},  {CALL_board_leave, 3, "E"},
    {CALL_trace_bind, 2, "hT"},
    {CALL_revoke_guarantee, 2, "F1"}, {CALL_revoke_vector, 2, "f"},
};
#define RECIPES (sizeof(recipes) / sizeof(recipes[0]))

word_t storm_random(struct storm *storm, word_t below)
{
    return (random_next(&storm->random) >> 16) % below;
}

// Every call but these has a recipe: exit would end the storm, log is noise, and the audit has its own place.
bool storm_is_complete(void)
{
    static bool known[256]; // static: there is no memset here
    known[CALL_env_exit - CALL_BASE + 8] = known[CALL_machine_log - CALL_BASE + 8] =
        known[CALL_machine_audit - CALL_BASE + 8] = true;
    for (size_t i = 0; i < RECIPES; i++) known[recipes[i].number - CALL_BASE + 8] = true;
#define SYSCALL(index, room, verb, arity, arguments, errors, text)                                           \
    if (!known[CALL_##room##_##verb - CALL_BASE + 8]) return false;
#define HOTCALL(index, room, verb, errors, text)                                                             \
    if (!known[CALL_##room##_##verb - CALL_BASE + 8]) return false;
#include <rivet/syscall.def>
    return true;
}

static bool is_vital(page_t page)
{
    for (size_t i = 0; i < room.vital_count; i++)
        if (room.vital[i] == page) return true;
    return false;
}

// A frame of the pool, of this kind if a few looks find one; -1: any kind.
static page_t pick_frame(struct storm *storm, int kind)
{
    page_t page = 0;
    for (int look = 0; look < 8; look++) {
        page = room.pool[storm_random(storm, room.pool_count)];
        if (kind < 0 || frame_entry(page)->kind == kind) break;
    }
    return page;
}

static env_t pick_env(struct storm *storm)
{
    switch (storm_random(storm, 8)) {
    case 0: return storm->self;
    case 1: return room.peers[storm_random(storm, room.peer_count)];
    case 2: return storm_random(storm, 4) ? room.thread_env[storm_random(storm, STORM_THREADS)] : room.parent;
    default: return pick_frame(storm, PAGE_ENV);
    }
}

static word_t pick_wild(struct storm *storm)
{
    static const word_t wild[] = {0,           1,
                                  2,           7,
                                  8,           0xfff,
                                  0x1000,      USER_END,
                                  1ul << 31,   1ul << 32,
                                  1ul << 52,   1ul << 63,
                                  ~0ul,        ~1ul,
                                  ~0ul << 12,  IMAGE_BASE,
                                  DIRECT_BASE, TABLE_FRAMES,
                                  CAPS_MAX,    PTE_BATCH + 1};
    switch (storm_random(storm, 4)) {
    case 0: return random_next(&storm->random);
    case 1: return 1ul << storm_random(storm, 64);
    default: return wild[storm_random(storm, sizeof(wild) / sizeof(wild[0]))];
    }
}

// Any page of the machine but those we stand on.
static page_t pick_page(struct storm *storm)
{
    for (;;) {
        page_t page = machine()->ram_first - 1 + storm_random(storm, machine()->ram_count + 2);
        if (!is_vital(page)) return page;
    }
}

static word_t pick_address(struct storm *storm)
{
    word_t span = storm_random(storm, 4), page = storm_random(storm, 12);
    if (storm_random(storm, 4) == 0) page = 511 - page % 4; // a range from here crosses into the next table
    return ARENA + span * SPAN + page * PAGE_SIZE;
}

static word_t pick_rights(struct storm *storm)
{
    static const word_t rights[] = {RIGHT_READ,
                                    RIGHT_READ,
                                    RIGHT_READ | RIGHT_WRITE,
                                    RIGHT_READ | RIGHT_WRITE,
                                    RIGHT_READ | RIGHT_EXECUTE,
                                    RIGHTS_FRAME,
                                    0,
                                    RIGHT_EXECUTE};
    return rights[storm_random(storm, 8)];
}

// ... with A and D beside them, set from the start or cleared.
static word_t pick_binding(struct storm *storm)
{
    return pick_rights(storm) | (storm_random(storm, 2) ? storm_random(storm, 4) * BIND_ACCESSED : 0);
}

// ENV_PC, ENV_SP, ENV_ARG, ENV_LABEL, ENV_GUARANTEED: by what stands before.
static word_t pick_value(struct storm *storm, word_t what)
{
    if (what == ENV_PC) return (word_t)storm_children[storm_random(storm, storm_children_count)];
    if (what == ENV_GUARANTEED) return storm_random(storm, 4);
    return what == ENV_ARG ? 0 : random_next(&storm->random);
}

static slot_t pick_slot(struct storm *storm, bool full)
{
    slot_t slot = 0;
    for (int look = 0; look < 8; look++) {
        slot = 3 + storm_random(storm, STORM_SLOTS - 3);
        if ((storm->rights[slot] != 0) == full) break;
    }
    return slot;
}

static word_t pick_object_rights(struct storm *storm, page_t object)
{
    const volatile struct frame *frame = frame_entry(object);
    if (frame == NULL || frame->kind != PAGE_ENV) return pick_rights(storm);
    return (1 + storm_random(storm, 31)) * RIGHT_CALL;
}

// Mostly some of those of our own capability, sometimes more.
static word_t pick_fewer_rights(struct storm *storm, slot_t slot)
{
    word_t rights = slot < STORM_SLOTS ? storm->rights[slot] : RIGHTS_FRAME;
    word_t mask = storm_random(storm, 512);
    if (storm_random(storm, 8) == 0) return rights | (mask & (RIGHTS_FRAME | RIGHTS_ENV));
    return (rights & mask) != 0 ? rights & mask : rights;
}

static word_t pick_name(struct storm *storm, word_t kind)
{
    switch (kind) {
    case REVOKE_TABLES: return pick_frame(storm, PAGE_TABLE);
    case REVOKE_SLICES: return REVOKE_SLICE(storm_random(storm, machine()->hart_count), storm_random(storm, SLICES_MAX));
    case REVOKE_IRQS:   return storm_random(storm, 24);
    default:            return pick_frame(storm, -1);
    }
}

// `before`: behind the arguments that were chosen already.
static word_t pick_argument(struct storm *storm, char letter, const word_t *before)
{
    if (storm_random(storm, 16) == 0) return storm_random(storm, 2) ? pick_wild(storm) : pick_page(storm);
    switch (letter) {
    case 'f': return pick_frame(storm, PAGE_FREE);
    case 'd': return pick_frame(storm, PAGE_DATA);
    case 'v': return pick_frame(storm, PAGE_ENV);
    case 'o': return pick_frame(storm, PAGE_ROOT);
    case 'i': return pick_frame(storm, PAGE_RING);
    case 'F':
        return pick_frame(storm, storm_random(storm, 2) ? PAGE_DATA : storm_random(storm, 2) ? PAGE_ENV : -1);
    case 'E': return pick_env(storm);
    case 'P': return storm_random(storm, 3) ? 0 : pick_frame(storm, PAGE_ROOT);
    case 'A': return pick_address(storm);
    case 'c': return storm_random(storm, 8) ? 1 + storm_random(storm, 4) : storm_random(storm, PTE_BATCH + 2);
    case 's': return pick_slot(storm, true);
    case 't': return pick_slot(storm, false);
    case 'N': return storm_random(storm, 4) ? CAP_NONE : pick_slot(storm, true);
    case 'r': return pick_rights(storm);
    case 'b': return pick_binding(storm);
    case 'R': return pick_object_rights(storm, before[-1]);
    case 'S': return pick_fewer_rights(storm, before[-2]);
    case 'G': return pick_fewer_rights(storm, before[-3]);
    case 'l': return storm_random(storm, 8) == 0;
    case 'T': return storm_random(storm, 2) ? pick_frame(storm, PAGE_FREE) : 0;
    case 'h': return storm_random(storm, machine()->hart_count);
    case 'p': return storm_random(storm, SLICES_MAX);
    case 'e': return storm_random(storm, 4) ? 1ul << (32 + storm_random(storm, 31)) : 0;
    case 'D': return storm_random(storm, 8) ? time_now() + storm_random(storm, 2000) : time_now() - 1;
    case 'I': return 1 + storm_random(storm, 8);
    case 'O': return storm_random(storm, 8) ? 0 : storm_random(storm, 3);
    case 'w': return storm_random(storm, 5);
    case 'W': return ENV_STATE + storm_random(storm, 4);
    case 'q': return storm_random(storm, 24);
    case 'V': return pick_value(storm, before[-1]);
    case 'g': return (word_t)storm_entry;
    case '0': return 0;
    case '1': return storm_random(storm, 2);
    case 'K': return storm_random(storm, 2) ? REVOKE_FRAMES : storm_random(storm, REVOKE_KINDS);
    case 'n': return pick_name(storm, before[-1]);
    case 'J': return room.run;
    case 'j': return room.run + storm_random(storm, 3);
    case 'B': return ARENA + storm_random(storm, 8) * SPAN;
    case 'k': return SUPER_PAGES;
    default: return pick_wild(storm);
    }
}

static const struct recipe *pick_recipe(struct storm *storm)
{
    unsigned sum = 0;
    for (size_t i = 0; i < RECIPES; i++) sum += recipes[i].weight;
    unsigned pick = (unsigned)storm_random(storm, sum);
    size_t i = 0;
    while (pick >= recipes[i].weight) pick -= recipes[i++].weight;
    return &recipes[i];
}

size_t storm_slices(const struct storm *storm)
{
    size_t count = 0;
    for (word_t hart = 0; hart < machine()->hart_count; hart++)
        for (word_t position = 0; position < SLICES_MAX; position++)
            count += slice_entry(hart, position)->env == storm->self;
    return count;
}

// Pages of our own space that we run on: all but page 0 and the arena.
static bool is_ground(word_t space, word_t address)
{
    bool own = space == 0 || space == room.space;
    return own && address >= PAGE_SIZE && address < USER_END &&
           (address < ARENA || address >= ARENA + 8 * SPAN);
}

// Nobody takes what a storm believes to be its own: it checks that.
static bool is_victim(const struct storm *storm, env_t env)
{
    bool storms = env == storm->self;
    for (size_t i = 0; i < STORM_THREADS; i++) storms |= env == room.thread_env[i];
    return !storms;
}

// What would only end the storm: a sleep without end, the last slice, the pages we run on.
static void tame(struct storm *storm, struct storm_call *call)
{
    word_t *a = call->arguments;
    if (call->number == CALL_pct_accept && a[0] >= USER_FIRST && a[0] < USER_END)
        a[0] = (word_t)storm_entry; // it would be entered
    bool addressed = call->number >= CALL_pte_table && call->number <= CALL_stlb_enter;
    if (addressed && call->number != CALL_stlb_bind && call->number != CALL_stlb_unbind &&
        is_ground(a[0], a[1]))
        a[1] = pick_address(storm);
    if (call->number == CALL_cap_mint && !is_victim(storm, a[1])) a[2] &= ~(word_t)RIGHT_REVOKE;
    if (call->number == CALL_pct_accept) a[2] |= STORM_WAKE;
    if (call->number == CALL_pct_accept && storm->thread && storm_random(storm, 4) != 0)
        call->number = CALL_slice_yield; // nobody wakes a thread that is not called
    if (call->number == CALL_slice_wait && (a[1] == 0 || a[1] > time_now() + 5000)) a[1] = time_now() + 5000;
    if (call->number == CALL_pct_call && (a[1] == 0 || a[1] > time_now() + 5000))
        // Storm_entry returns, and whoever does not is ended
        a[1] = storm_random(storm, 2) ? time_now() + 5000 : 0;
    if (call->number == CALL_slice_give && a[2] != storm->self && storm_slices(storm) < 2) a[2] = storm->self;
}

void storm_pick(struct storm *storm, struct storm_call *call)
{
    const struct recipe *recipe = pick_recipe(storm);
    call->number = recipe->number;
    for (size_t i = 0; i < 6; i++) call->arguments[i] = 0;
    for (size_t i = 0; recipe->signature[i] != '\0'; i++)
        call->arguments[i] = pick_argument(storm, recipe->signature[i], call->arguments + i);
    if (call->number == CALL_env_create && storm_random(storm, 16) == 0)
        call->arguments[1] = call->arguments[0] + storm_random(storm, 3); // overlapping
    tame(storm, call);
}
