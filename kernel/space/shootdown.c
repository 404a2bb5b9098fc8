// SPDX-License-Identifier: BSD-2-Clause
/*
 * Shootdown: harts forget what the tables of a space no longer say. One remote fence per call (and one for code,
 * space_fetch), for all harts whose bit in space->ran says that their TLB may remember something; harts that cannot be in
 * the space forget all of it then, and lose their bit, so that nobody asks them again before they come back.
 *
 * Who comes back through C sets the bit (slice_enter, space_enter). The fast paths of the trap entry do not: they resume
 * an environment only on the hart in env->hart. So a bit may go when no fast path can resume an environment of the space
 * on that hart, and none runs there (env_near), after the claims of those that wait off their harts, and the returns to
 * those that wait in calls, were turned to the slow paths (env_part). Nobody is taken for that, so nobody is refused.
 *
 * Three things happen at the same time without a lock, and each is right in whichever order memory sees it:
 *
 *   An entry that was taken away, and a hart h that enters. The remover stores to the table, fences, and looks at `ran`.
 *   h sets its bit, and if it was not set before, executes sfence.vma, which orders that before its walks. If the remover
 *   does not see the bit, the setting comes after its look in memory order, h's walks come after its store, and h
 *   remembered nothing before: it needs no fence.
 *
 *   A bit that is taken away, and a hart h that enters. h stores env->hart, fences, and sets its bit or finds it set; the
 *   remover takes the bit away, fences, and looks at env->hart again. If h was first, the remover sees its
 *   env->hart, and puts the bit back. If the remover was, h finds no bit and sets it. Until the bit is back nobody else looks:
 *   whoever does holds the space's lock. A hart that entered and left again before the bit went has the kernel's
 *   satp (slice_off writes it before the claim is given up), and forgets what it learned by the fence, which is sent later.
 *
 *   A fast path that took an environment of h's before its claim was turned: the claim is 0, env_part refuses, and
 *   the bit stays. One that comes later finds a claim that is not for it. That a path gives a claim back which it took
 *   by mistake is the same as if it had come later.
 *
 * satp is written before a claim, or the link to a callee, tells that a hart left: a store is not visible before the
 * write to a CSR that precedes it, and a hart walks no tables but those of its satp.
 */
#include "space.h"

#include "sbi.h"

#define FLUSH_PAGES 16 // up to here fences name pages; beyond, the whole space
#define ENVS_MAX    32 // in spaces with more environments no hart loses its bit: looking at them has a bound

void space_enter(struct space *space, word_t hart_index)
{
    word_t bit = 1ul << hart_index;
    hw_order(); // env->hart comes before the look
    if (__atomic_load_n(&space->ran, __ATOMIC_RELAXED) & bit)
        return;
    __atomic_fetch_or(&space->ran, bit, __ATOMIC_SEQ_CST);
    hw_fence_space(space->asid);
    hw_fence_code(); // nobody has told this hart what was bound meanwhile
}

/*
 * Of these harts, which have to forget the space now, those that cannot be in it lose their bits; says which. They forget
 * all of it, by a fence that the caller sends before it drops the space's lock, or announces (SPACE_FENCING).
 */
static word_t harts_retire(struct space *space, word_t harts)
{
    if (space->env_count > ENVS_MAX)
        return 0;
    for (struct env *env = space->envs; env != NULL && harts != 0; env = env->space_next)
        if (env_near(env) & harts && !env_part(env))
            harts &= ~env_near(env);
    if (harts == 0)
        return 0;
    hw_order();
    __atomic_fetch_and(&space->ran, ~harts, __ATOMIC_RELAXED);
    hw_order();
    word_t back = 0;
    for (const struct env *env = space->envs; env != NULL; env = env->space_next)
        back |= env_near(env) & harts;
    if (back != 0)
        __atomic_fetch_or(&space->ran, back, __ATOMIC_SEQ_CST);
    return harts & ~back;
}

// The other harts that may remember something. The stores to the tables come before the look.
static word_t harts_others(const struct space *space, word_t *ran)
{
    hw_order();
    *ran = __atomic_load_n(&space->ran, __ATOMIC_RELAXED);
    return (*ran | *ran >> SPACE_FENCING) & SPACE_HARTS & ~(1ul << hart_self()->index);
}

void space_flush(struct space *space, word_t address, word_t count)
{
    word_t ran, others = harts_others(space, &ran);
    bool pages = count <= FLUSH_PAGES;
    if (ran >> hart_self()->index & 1) {
        if (!pages)
            hw_fence_space(space->asid);
        for (word_t i = 0; pages && i < count; i++)
            hw_fence_page(address + i * PAGE_SIZE, space->asid);
    }
    if (others == 0)
        return;
    if (harts_retire(space, others & ran) != 0)
        pages = false;
    hart_fence(others, pages ? address : 0, pages ? count * PAGE_SIZE : ~0ul, space->asid);
}

void space_fetch(struct space *space)
{
    word_t ran, others = harts_others(space, &ran);
    hw_fence_code();
    if (others != 0)
        hart_fence(others, 0, 0, SBI_CODE);
}

word_t shootdown_add_others(struct shootdown *shootdown, struct space *space, word_t others)
{
    shootdown->harts |= (others | others >> SPACE_FENCING) & SPACE_HARTS & ~(1ul << hart_self()->index);
    if (space->fence_waits) // it was looked at already: a hart that came back since will be asked once more
        return 0;
    space->fence_waits = 1;
    space->fence_next = shootdown->first;
    shootdown->first = space;
    word_t gone = harts_retire(space, others & SPACE_HARTS);
    __atomic_fetch_or(&space->ran, gone << SPACE_FENCING, __ATOMIC_RELAXED);
    return space->env_count;
}

void shootdown_send_others(struct shootdown *shootdown)
{
    hart_fence(shootdown->harts, 0, ~0ul, shootdown->several ? SBI_ALL_ASIDS : shootdown->asid);
    for (struct space *space = shootdown->first; space != NULL; space = space->fence_next) {
        space->fence_waits = 0;
        __atomic_fetch_and(&space->ran, SPACE_HARTS, __ATOMIC_RELEASE);
    }
}
