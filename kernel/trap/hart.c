// SPDX-License-Identifier: BSD-2-Clause
// Harts as the kernel sees them; see hart.h.

#include "hart.h"

#include "env/env.h"
#include "kernel.h"
#include "machine/audit.h"
#include "machine/machine.h"
#include "sbi.h"

_Static_assert(sizeof(struct hart) <= HART_STACK_TOP - ENV_SIZE, "the hart's words end before its pseudo record");
#define HART(offset, NAME, text) enum { HART_##NAME = HART_STACK_TOP + (offset) };
#include "hart.def"
#undef HART
_Static_assert(offsetof(struct hart, current) == HART_CURRENT, "assembly knows where current is");
_Static_assert(offsetof(struct hart, plic_claim) == HART_PLIC_CLAIM, "assembly knows where plic_claim is");
_Static_assert(offsetof(struct hart, irqs) == HART_IRQS, "assembly knows where irqs is");
_Static_assert(offsetof(struct hart, claimed) == HART_CLAIMED, "assembly knows where claimed is");
_Static_assert(offsetof(struct hart, slice_started) == HART_STARTED, "assembly knows where slice_started is");
_Static_assert(offsetof(struct hart, slice_end) == HART_SLICE_END, "assembly knows where slice_end is");
_Static_assert(offsetof(struct hart, floats) == HART_FLOATS, "assembly knows where floats is");
_Static_assert(offsetof(struct hart, donation_count) == HART_DONATIONS, "assembly knows where donation_count is");
_Static_assert(offsetof(struct hart, donation_slow) == HART_DONATIONS + 4, "assembly reads it with donation_count");
_Static_assert(offsetof(struct hart, donations[0].donor) == HART_DONOR, "assembly knows where donations are");
_Static_assert(offsetof(struct hart, donations[0].until) == HART_UNTIL, "assembly knows where until is");
_Static_assert(offsetof(struct hart, donations[0].events) == HART_DONOR_EVENTS, "assembly knows where events is");
_Static_assert(offsetof(struct hart, id) == HART_ID, "assembly knows where id is");

struct hart_memory hart_memory[HARTS_MAX] __attribute__((aligned(PAGE_SIZE)));
uint32_t hart_count;
uint32_t structure_lock;

static word_t quiesce_epoch;

static word_t boundary_number(word_t index)
{
    return (word_t)hart_memory[index].save;
}

struct hart *hart_number(word_t index)
{
    return hart_at(boundary_number(index));
}

void hart_poke(word_t index)
{
    struct hart *hart = hart_number(index);
    if (__atomic_load_n(&hart->online, __ATOMIC_ACQUIRE))
        sbi_send_ipi(hart->id);
}

// The lowest firmware id in a mask of harts.
static word_t lowest_id(word_t harts)
{
    word_t lowest = ~0ul;
    for (word_t i = 0; i < hart_count; i++)
        if (harts >> i & 1 && hart_number(i)->id < lowest)
            lowest = hart_number(i)->id;
    return lowest;
}

void hart_fence(word_t harts, word_t start, word_t size, word_t asid)
{
    word_t calls = 0, count = 0;
    for (; harts != 0; calls++) {
        word_t base = lowest_id(harts), mask = 0; // from the lowest id on: no grouping needs fewer calls
        for (word_t i = 0; i < hart_count; i++) {
            word_t distance = hart_number(i)->id - base;
            if (!(harts >> i & 1) || distance >= 64)
                continue;
            mask |= 1ul << distance;
            harts &= ~(1ul << i);
            count++;
        }
        sbi_remote_fence(mask, base, start, size, asid);
    }
    __atomic_fetch_add(&machine_info->remote_fences, calls, __ATOMIC_RELAXED);
    __atomic_fetch_add(&machine_info->remote_fence_harts, count, __ATOMIC_RELAXED);
}

word_t quiesce_begin(void)
{
    word_t epoch = __atomic_add_fetch(&quiesce_epoch, 1, __ATOMIC_SEQ_CST);
    struct hart *self = hart_self();
    self->seen = epoch;
    for (word_t i = 0; i < hart_count; i++)
        if (i != self->index)
            hart_poke(i);
    return epoch;
}

bool quiesce_done(word_t epoch)
{
    for (word_t i = 0; i < hart_count; i++) {
        struct hart *hart = hart_number(i);
        if (hart != hart_self() && __atomic_load_n(&hart->online, __ATOMIC_RELAXED) &&
            __atomic_load_n(&hart->seen, __ATOMIC_ACQUIRE) < epoch)
            return false;
    }
    return true;
}

void quiesce_see(struct hart *hart)
{
    __atomic_store_n(&hart->seen, __atomic_load_n(&quiesce_epoch, __ATOMIC_SEQ_CST), __ATOMIC_RELEASE);
    audit_park();
}
