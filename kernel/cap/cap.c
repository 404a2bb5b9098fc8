// SPDX-License-Identifier: BSD-2-Clause
// Capabilities; see cap.h for what always holds.

#include "cap.h"

#include "page/page.h"
#include "pte/pte.h"
#include "revoke/revoke.h"

static struct frame cap_nobody; // epoch 0, which no empty slot carries
static struct {
    struct env record; // claim 0 for ever: nobody enters it
    word_t save[16];
} nobody __attribute__((aligned(64)));

#define NOBODY_GATE env_boundary(&nobody.record)

static void cap_clear(struct cap *cap)
{
    cap->epoch = CAP_EMPTY_EPOCH;
    cap->frame = &cap_nobody;
    cap->gate = NOBODY_GATE;
    cap->opened_for = 0;
}

void cap_page_init(struct cap *caps)
{
    for (size_t i = 0; i < CAPS_MAX; i++)
        cap_clear(&caps[i]);
}

static bool cap_is_empty(const struct cap *cap) { return cap->frame == &cap_nobody; }
// A revoked capability leaves its slot as good as empty.
static bool cap_is_alive(const struct cap *cap) { return cap->epoch == cap->frame->epoch; }

const struct cap *cap_alive(const struct env *env, slot_t slot, enum error *error)
{
    if (slot >= CAPS_MAX) {
        *error = ERR_RANGE;
        return NULL;
    }
    const struct cap *cap = &env->caps[slot];
    if (!cap_is_alive(cap)) {
        *error = ERR_STALE;
        return NULL;
    }
    *error = ERR_OK;
    return cap;
}

struct env *cap_env(const struct env *env, slot_t slot, word_t right, enum error *error)
{
    const struct cap *cap = cap_alive(env, slot, error);
    if (cap == NULL)
        return NULL;
    if ((cap->rights & right) == 0) {
        *error = ERR_PERM;
        return NULL;
    }
    return page_env(cap->frame);
}

// Writes the epoch last: until then the slot stays dead for a reader on another hart.
static inline void cap_fill(struct cap *to, struct frame *frame, uint64_t epoch, word_t rights)
{
    to->frame = frame;
    to->gate = (rights & RIGHT_CALL) ? env_boundary(page_env(frame)) : NOBODY_GATE;
    to->rights = rights;
    __atomic_store_n(&to->epoch, epoch, __ATOMIC_RELEASE);
}

static void cap_write(struct cap *to, struct frame *frame, uint64_t epoch, word_t rights)
{
    to->epoch = CAP_EMPTY_EPOCH;
    __atomic_thread_fence(__ATOMIC_RELEASE);
    cap_fill(to, frame, epoch, rights);
}

bool cap_invariant(const struct env *env)
{
    for (slot_t slot = 0; slot < CAPS_MAX; slot++) {
        const struct cap *cap = &env->caps[slot];
        if (cap_is_empty(cap) != (cap->epoch == CAP_EMPTY_EPOCH)) // (2)
            return false;
        if (cap->opened_for >> 63 && !cap_is_empty(cap)) // (5)
            return false;
        if (cap_is_empty(cap) || !(cap->rights & RIGHT_CALL)) {
            if (cap->gate != NOBODY_GATE) // (3)
                return false;
            continue;
        }
        if (cap_is_alive(cap) && cap->gate != env_boundary(env_named(page_name(cap->frame)))) // (3)
            return false;
    }
    return true;
}

// The rights that a capability to an object of this kind can carry; 0: none can be made.
static word_t kind_rights(enum page_kind kind)
{
    if (kind == PAGE_DATA || kind == PAGE_DEVICE)
        return RIGHTS_FRAME;
    return kind == PAGE_ENV ? RIGHTS_ENV : 0;
}

sysret_t sys_cap_mint(slot_t slot, page_t object, word_t rights)
{
    STRUCTURE_LOCKED();
    struct env *self = env_self();
    struct frame *frame = page_frame(object);
    if (slot >= CAPS_MAX)                                       return refuse(ERR_RANGE);
    if (frame == NULL || frame->kind == PAGE_NONE)              return refuse(ERR_NOENT);
    bool oneself = object == self->self; // an environment may hand out doors to itself
    if (!oneself && !env_acts_for(self->self, frame->owner))    return refuse(ERR_PERM);
    if (kind_rights(frame->kind) == 0)                          return refuse(ERR_KIND);
    if (rights == 0 || (rights & ~kind_rights(frame->kind)))    return refuse(ERR_RANGE);
    if (frame->flags & PAGE_DYING)                              return refuse(ERR_DYING);
    if (cap_is_alive(&self->caps[slot]))                        return refuse(ERR_BUSY);

    cap_write(&self->caps[slot], frame, frame->epoch, rights);
    return done(0);
}

sysret_t sys_cap_copy(slot_t from, slot_t to, word_t rights)
{
    STRUCTURE_LOCKED();
    struct env *self = env_self();
    enum error error;
    const struct cap *cap = cap_alive(self, from, &error);
    if (cap == NULL)                          return refuse(error);
    if (to >= CAPS_MAX)                       return refuse(ERR_RANGE);
    if (rights == 0 || (rights & ~(word_t)cap->rights)) return refuse(ERR_PERM);
    if (cap_is_alive(&self->caps[to]))        return refuse(ERR_BUSY);

    cap_write(&self->caps[to], cap->frame, cap->epoch, rights);
    return done(0);
}

sysret_t sys_cap_open(slot_t slot, env_t from)
{
    STRUCTURE_LOCKED();
    struct env *self = env_self();
    if (slot >= CAPS_MAX)                return refuse(ERR_RANGE);
    if (env_named(from) == NULL)         return refuse(ERR_NOENT);
    if (cap_is_alive(&self->caps[slot])) return refuse(ERR_BUSY);

    cap_clear(&self->caps[slot]);
    self->caps[slot].opened_for = env_named(from)->tag;
    return done(0);
}

// Is the slot open for this environment, and not for one that had its name before?
static inline bool cap_is_open_for(const struct cap *cap, const struct env *env)
{
    return cap->opened_for == env->tag;
}

// In general, and with the reason of a refusal.
__attribute__((noinline)) static sysret_t grant(slot_t slot, env_t name, slot_t to, word_t rights)
{
    STRUCTURE_LOCKED();
    struct env *self = env_self();
    enum error error;
    const struct cap *cap = cap_alive(self, slot, &error);
    struct env *receiver = env_named(name);
    if (cap == NULL)                                    return refuse(error);
    if (to >= CAPS_MAX)                                 return refuse(ERR_RANGE);
    if (rights == 0 || (rights & ~(word_t)cap->rights)) return refuse(ERR_PERM);
    if (receiver == NULL)                               return refuse(ERR_NOENT);
    struct cap *place = &receiver->caps[to];
    // Whoever builds an environment fills its slots; it opens them by itself from its start on.
    bool unstarted = receiver->state == ENV_NEW && env_created(self->self, name);
    if (cap_is_alive(place) || !(unstarted || cap_is_open_for(place, self))) return refuse(ERR_CLOSED);

    cap_write(place, cap->frame, cap->epoch, rights);
    if (!unstarted)
        env_post(receiver, EVENT_BIT(GRANTED));
    return done(0);
}

// The frequent case has a figure: a live capability into a slot that was opened for us.
sysret_t sys_cap_grant(slot_t slot, env_t name, slot_t to, word_t rights)
{
    struct env *self = env_self();
    if ((slot | to) >= CAPS_MAX || name - pages.first >= pages.count || rights == 0)
        return grant(slot, name, to, rights);

    struct frame *frame = &pages.table[name - pages.first];
    lock_take(&structure_lock);
    if (frame->kind == PAGE_ENV) {
        const struct cap *cap = &self->caps[slot];
        struct env *receiver = page_env(frame);
        struct cap *place = &receiver->caps[to];
        if (cap_is_alive(cap) && (rights & ~(word_t)cap->rights) == 0 && cap_is_open_for(place, self)) {
            cap_fill(place, cap->frame, cap->epoch, rights); // invariant (5): it is empty
            lock_drop(&structure_lock);
            return env_posted(self, receiver, EVENT_BIT(GRANTED));
        }
    }
    lock_drop(&structure_lock);
    return grant(slot, name, to, rights);
}

sysret_t sys_cap_drop(slot_t slot)
{
    STRUCTURE_LOCKED();
    struct env *self = env_self();
    if (slot >= CAPS_MAX)               return refuse(ERR_RANGE);
    const struct cap *cap = &self->caps[slot];
    if (cap_is_empty(cap) && cap->opened_for == 0) return refuse(ERR_STALE);

    cap_clear(&self->caps[slot]);
    return done(0);
}

// In general, and with the reason of a refusal.
__attribute__((noinline)) static sysret_t revoke(page_t object)
{
    STRUCTURE_LOCKED();
    struct frame *frame = page_frame(object);
    if (frame == NULL || frame->kind == PAGE_NONE)        return refuse(ERR_NOENT);
    if (!env_acts_for(env_self()->self, frame->owner))    return refuse(ERR_PERM);
    if (kind_rights(frame->kind) == 0)                    return refuse(ERR_KIND);

    page_lock(frame);
    if (!(frame->flags & PAGE_DYING))
        frame->epoch++;
    if (frame->bindings != 0)
        frame->flags |= PAGE_DYING;
    if (!pte_break_locked(frame, PTE_BREAK_BATCH))
        return again(frame->bindings);
    if (!revoke_holds(frame)) // an abort goes on where this ends
        frame->flags &= (uint8_t)~PAGE_DYING;
    return done(0);
}

// The frequent case has a figure: data of one's own.
sysret_t sys_cap_revoke(page_t object)
{
    if (object - pages.first >= pages.count)
        return revoke(object);
    struct frame *frame = &pages.table[object - pages.first];
    lock_take(&structure_lock);
    if (frame->owner != env_self()->self || !page_try_lock(frame, PAGE_DATA)) {
        lock_drop(&structure_lock);
        return revoke(object);
    }
    frame->epoch++;
    frame->flags = PAGE_DYING;
    bool unbound = pte_break_locked(frame, PTE_BREAK_BATCH);
    if (unbound)
        frame->flags = 0;
    lock_drop(&structure_lock);
    return unbound ? done(0) : again(frame->bindings);
}
