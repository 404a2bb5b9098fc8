// SPDX-License-Identifier: BSD-2-Clause
// Addressing contexts; see space.h for what always holds.

#include "space.h"

#include "machine/machine.h"
#include "pte/pte.h"
#include "stlb/stlb.h"
#include "trap/hart.h"

#define ASIDS_MAX 4096
#define ROOT_HALF 256     // entries of a root that are the environment's
#define DESTROY_BATCH 64  // entries one piece of a destruction unbinds
#define BREAK_BATCH 16    // ... and bindings of its own frames that it breaks

pte_t *space_kernel_root;
word_t space_kernel_satp;

static uint64_t asid_used[ASIDS_MAX / 64]; // bit set: some space has it
static word_t asid_count;

void space_boot(pte_t *kernel_root, word_t satp, word_t asid_bits)
{
    space_kernel_root = kernel_root;
    space_kernel_satp = satp;
    word_t asids = 1ul << asid_bits;
    asid_count = asids < ASIDS_MAX ? asids : ASIDS_MAX;
    asid_used[0] = 1; // 0 means: flush at every switch
}

// A number of its own for a space; 0 where the machine has none, or when all are taken. Bounded by ASIDS_MAX / 64 + 64 steps.
static word_t asid_take(void)
{
    for (word_t i = 0; i * 64 < asid_count; i++) {
        if (asid_used[i] == ~0ul)
            continue;
        for (word_t bit = 0; bit < 64 && i * 64 + bit < asid_count; bit++)
            if (!(asid_used[i] >> bit & 1)) {
                asid_used[i] |= 1ul << bit;
                return i * 64 + bit;
            }
    }
    return 0;
}

static void asid_drop(word_t asid)
{
    if (asid != 0)
        asid_used[asid / 64] &= ~(1ul << asid % 64);
}

struct space *space_named(space_t name)
{
    struct frame *frame = page_frame(name);
    if (frame == NULL || frame->kind != PAGE_ROOT)
        return NULL;
    return page_memory(frame->detail);
}

struct space *space_meant(space_t name, enum error *error)
{
    struct env *self = env_self();
    *error = ERR_OK;
    if (name == 0 || name == self->space->root)
        return self->space;
    struct space *space = space_named(name);
    if (space == NULL) {
        *error = ERR_NOENT;
        return NULL;
    }
    if (!env_acts_for(self->self, page_frame(name)->owner)) {
        *error = ERR_PERM;
        return NULL;
    }
    return space;
}

struct space *space_take_other(space_t name, enum error *error)
{
    struct space *space = space_meant(name, error);
    if (space == NULL)
        return NULL;
    lock_take(&space->lock);
    if (!space->dying)
        return space;
    lock_drop(&space->lock);
    *error = ERR_NOENT;
    return NULL;
}

struct space *space_make(page_t root, page_t record, env_t actor, enum error *error)
{
    if (root == record) {
        *error = ERR_BUSY;
        return NULL;
    }
    if ((*error = page_usable(root, actor)) != ERR_OK || (*error = page_usable(record, actor)) != ERR_OK)
        return NULL;
    word_t asid = asid_take();
    if (asid == 0 && asid_count > 1) { // 0 flushes at every switch only where there are no others (trap/entry.S)
        *error = ERR_MACHINE;
        return NULL;
    }
    RULE(page_use(record, actor, PAGE_SPACE, root) == ERR_OK, "a usable frame can be used");
    RULE(page_use(root, actor, PAGE_ROOT, record) == ERR_OK, "a usable frame can be used");

    struct space *space = page_memory(record);
    space->root = root;
    space->record = record;
    space->asid = asid;
    pte_t *table = page_memory(root);
    space->walk_tag = SPACE_NO_WALK;
    space->walk_table = table; // any: nobody looks before walk_tag is set
    for (word_t i = ROOT_HALF; i < 2 * ROOT_HALF; i++) // invariant (1)
        table[i] = space_kernel_root[i];
    return space;
}

bool space_invariant(const struct space *space)
{
    const pte_t *table = space_root(space);
    for (word_t i = ROOT_HALF; i < 2 * ROOT_HALF; i++)
        if (table[i] != space_kernel_root[i]) // (1)
            return false;
    if (space->asid != 0 && !(asid_used[space->asid / 64] >> space->asid % 64 & 1)) // (2)
        return false;
    word_t count = 0;
    for (const struct env *env = space->envs; env != NULL; env = env->space_next)
        if (env->space != space || ++count > space->env_count) // env (5)
            return false;
    return count == space->env_count && pte_invariant(space) && stlb_invariant(space);
}

sysret_t sys_space_create(page_t root, page_t record)
{
    STRUCTURE_LOCKED();
    enum error error;
    struct space *space = space_make(root, record, env_self()->self, &error);
    return space == NULL ? refuse(error) : done(space->root);
}

sysret_t sys_space_destroy(space_t name)
{
    STRUCTURE_LOCKED();
    struct space *space = space_named(name);
    if (space == NULL)                                                  return refuse(ERR_NOENT);
    if (!env_acts_for(env_self()->self, page_frame(name)->owner))       return refuse(ERR_PERM);
    if (space->env_count != 0)                                          return refuse(ERR_BUSY);

    // Nobody runs in it any more. Whoever waits for the lock sees that it is dying, so what follows needs none.
    if (!space->dying) {
        lock_take(&space->lock);
        space_flush(space, 0, ~0ul); // before the first of its tables or of the frames in them is anybody else's
        space->dying = 1;
        lock_drop(&space->lock);
        return again(space->destroy_next);
    }
    struct shootdown shootdown = {.budget = BREAK_BATCH}; // for whoever looks at its tables
    bool apart = stlb_dismantle(space, DESTROY_BATCH, &shootdown) && pte_dismantle(space, DESTROY_BATCH, &shootdown) &&
                 pte_unbound(page_frame(name), &shootdown) && pte_unbound(page_frame(space->record), &shootdown);
    shootdown_send(&shootdown);
    if (!apart)
        return again(space->destroy_next);

    space_flush(space, 0, ~0ul); // before another space gets the ASID
    asid_drop(space->asid);
    page_unuse(space->record, true);
    page_unuse(name, true);
    return done(0);
}
