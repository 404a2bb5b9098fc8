// SPDX-License-Identifier: BSD-2-Clause
// Rings of events; see trace.h for what always holds.

#include "trace.h"

#include "kernel.h"
#include "page/page.h"
#include "trap/trace.h"
#include "trap/trap.h"

_Static_assert(sizeof(struct trace_record) == 16 && sizeof(struct trace_head) == sizeof(struct trace_record),
               "the head has the place of a record");
_Static_assert(sizeof(struct trace_record) * TRACE_PER_PAGE == PAGE_SIZE, "records fill a page");

static struct ring {
    struct env *owner;
    word_t count;                 // pages
    word_t place;                 // of the next record
    page_t pages[TRACE_PAGES_MAX];
} rings[HARTS_MAX];

static bool allowed;

void trace_allow(void) { allowed = true; }
bool trace_is_allowed(void) { return allowed; }

static struct trace_head *ring_head(const struct ring *ring) { return page_memory(ring->pages[0]); }

void trace_write(const struct hart *hart, enum trace_kind kind, env_t env, word_t argument)
{
    struct ring *ring = &rings[hart->index];
    word_t count = __atomic_load_n(&ring->count, __ATOMIC_ACQUIRE); // once: its owner may take a page back meanwhile
    if (count == 0)
        return;
    word_t place = ring->place < count * TRACE_PER_PAGE ? ring->place : 1;
    struct trace_record *record = page_memory(ring->pages[place / TRACE_PER_PAGE]);
    record[place % TRACE_PER_PAGE] = (struct trace_record){hw_time(), (uint32_t)env, (uint32_t)(kind | argument << 8)};
    ring->place = place + 1;
    struct trace_head *head = ring_head(ring);
    __atomic_store_n(&head->head, head->head + 1, __ATOMIC_RELEASE);
}

void trace_write_post(const struct hart *hart, env_t env, word_t events)
{
    for (word_t bit = 0; bit < 64; bit++)
        if (events >> bit & 1) {
            trace_write(hart, TRACE_POST, env, bit);
            return;
        }
}

// A ring begins anew with other pages.
static void ring_resize(word_t hart, word_t count)
{
    struct ring *ring = &rings[hart];
    if (count != 0)
        *ring_head(ring) = (struct trace_head){0, count};
    ring->place = 1;
    __atomic_store_n(&ring->count, count, __ATOMIC_RELEASE);
    hart_number(hart)->traced = count != 0;
}

void trace_leave(const struct env *env)
{
    for (word_t hart = 0; hart < hart_count; hart++)
        if (rings[hart].owner == env) {
            ring_resize(hart, 0);
            rings[hart].owner = NULL;
        }
}

bool trace_invariant(void)
{
    for (word_t hart = 0; hart < hart_count; hart++) {
        const struct ring *ring = &rings[hart];
        if ((hart_number(hart)->traced != 0) != (ring->count != 0)) // (2)
            return false;
        for (word_t i = 0; i < ring->count; i++) {
            const struct frame *frame = page_frame(ring->pages[i]);
            if (frame->kind != PAGE_RING || frame->owner != ring->owner->self || frame->detail != (TRACE_FRAME | ring->owner->self)) // (1)
                return false;
        }
    }
    return true;
}

// What an environment does by itself. A call is performed here, so that its answer can be recorded.
void trace_watch(struct env *env, word_t cause)
{
    const struct hart *hart = hart_self();
    if (!hart->traced)
        return;
    word_t *regs = env_save(env, SAVE_F_PC);
    long index = (long)(regs[REG_T0] - CALL_BASE);
    if (cause != 8 || !trace_is_call(index)) {
        trace_event(hart, TRACE_TRAP, env, (cause & 127) | (cause & CAUSE_INTERRUPT ? 128 : 0));
        return;
    }
    trace_event(hart, TRACE_CALL, env, (word_t)index & 255);
    sysret_t answer = trace_perform(env, index, regs);
    trace_event(hart, TRACE_RETURN, env, (word_t)answer.error);
    regs[REG_A0] = (word_t)answer.error;
    regs[REG_A1] = answer.value;
    regs[REG_PC] = regs[REG_RA];
    trap_load(env_boundary(env), regs);
}

// The last page of a ring goes back to its owner.
static sysret_t ring_shrink(word_t hart)
{
    struct ring *ring = &rings[hart];
    if (ring->count == 0)                                return refuse(ERR_STATE);
    page_t page = ring->pages[ring->count - 1];
    if (!page_die_unbound(page_frame(page)))             return refuse(ERR_BUSY);

    ring_resize(hart, ring->count - 1);
    if (ring->count == 0)
        ring->owner = NULL;
    page_unuse(page, true);
    return done(ring->count);
}

sysret_t sys_trace_bind(word_t hart, page_t page)
{
    STRUCTURE_LOCKED();
    struct env *self = env_self();
    if (hart >= hart_count)                                         return refuse(ERR_RANGE);
    if (!allowed)                                                   return refuse(ERR_STATE);
    struct ring *ring = &rings[hart];
    if (ring->owner != NULL && ring->owner != self)                 return refuse(ERR_PERM);
    if (page == 0)                                                  return ring_shrink(hart);
    const struct frame *frame = page_frame(page);
    if (frame == NULL || frame->kind == PAGE_NONE)                  return refuse(ERR_NOENT);
    if (frame->owner != self->self)                                 return refuse(ERR_PERM);
    if (ring->count == TRACE_PAGES_MAX)                             return refuse(ERR_FULL);
    enum error error = page_use(page, self->self, PAGE_RING, TRACE_FRAME | self->self);
    if (error != ERR_OK)                                            return refuse(error);

    ring->owner = self;
    ring->pages[ring->count] = page;
    ring_resize(hart, ring->count + 1);
    return done(ring->count);
}
