// SPDX-License-Identifier: BSD-2-Clause
// Physical frames; see page.h for what always holds.

#include "page.h"

#include "revoke/revoke.h"
#include "trap/hart.h"
#include <rivet/machine.h>

struct page_room pages;
word_t page_boundaries;

static struct frame device_frames[DEVICES_MAX];
static page_t device_pages[DEVICES_MAX];
static word_t device_count;

static bool everybody_left(void)
{
    word_t epoch = __atomic_load_n(&pages.quiesce, __ATOMIC_ACQUIRE);
    if (epoch == 0)
        return true;
    if (!quiesce_done(epoch))
        return false;
    // Another hart may have begun a later one meanwhile: that one stays.
    __atomic_compare_exchange_n(&pages.quiesce, &epoch, 0, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
    return true;
}

void page_boot(struct frame *table, word_t first, word_t count)
{
    word_t ram = (word_t)direct(first << PAGE_SHIFT);
    pages = (struct page_room){table, first, count, (struct link *)ram, ram + PAGE_SIZE, 0};
    page_boundaries = pages.boundaries - (word_t)table * (PAGE_SIZE / sizeof(struct frame));
}

void page_boot_device(page_t page, env_t owner)
{
    if (page_frame(page) != NULL)
        return;
    device_pages[device_count] = page;
    device_frames[device_count].kind = PAGE_DEVICE;
    device_frames[device_count].owner = (uint32_t)owner;
    device_count++;
}

struct frame *page_device(page_t page)
{
    for (word_t i = 0; i < device_count; i++)
        if (device_pages[i] == page)
            return &device_frames[i];
    return NULL;
}

word_t page_count(void) { return pages.count + device_count; }

struct frame *page_device_number(word_t number) { return &device_frames[number]; }

page_t page_name(const struct frame *frame)
{
    if (frame >= device_frames && frame < device_frames + DEVICES_MAX)
        return device_pages[frame - device_frames];
    return pages.first + (word_t)(frame - pages.table);
}

_Static_assert(offsetof(struct frame, kind) % 4 == 0 && offsetof(struct frame, lock) == offsetof(struct frame, kind) + 3,
               "the lock is the top byte of an aligned word");
_Static_assert(sizeof(struct frame) == 32, "environments index the frame table, too");

void page_clear(page_t page) { page_wipe(page); }

// Why a frame cannot be taken for something new; ERR_OK when it can.
static enum error frame_usable(const struct frame *frame, env_t actor)
{
    if (frame == NULL || frame->kind == PAGE_NONE) return ERR_NOENT;
    if (!env_acts_for(actor, frame->owner))        return ERR_PERM;
    if (frame->kind != PAGE_FREE)                  return ERR_BUSY;
    if (!everybody_left())                         return ERR_AGAIN; // invariant (5)
    return ERR_OK;
}

enum error page_usable(page_t page, env_t actor)
{
    return frame_usable(page_frame(page), actor);
}

enum error page_use(page_t page, env_t actor, enum page_kind kind, word_t detail)
{
    struct frame *frame = page_frame(page);
    if (frame == NULL)
        return ERR_NOENT;
    page_lock(frame);
    enum error error = frame_usable(frame, actor);
    if (error == ERR_OK) {
        page_clear(page);
        frame->flags &= PAGE_GUARANTEED;
        frame->detail = detail;
        frame->order = 0;
        frame->kind = kind;
    }
    page_unlock(frame);
    return error;
}

static void frame_release(struct frame *frame)
{
    RULE(frame->bindings == 0, "only an unbound frame becomes free");
    frame->kind = PAGE_FREE;
    frame->flags &= PAGE_GUARANTEED;
    frame->detail = 0;
    frame->order = 0;
    frame->epoch++; // invariant (4)
}

void page_mark_end(struct frame *frame)
{
    if (!(frame->flags & PAGE_GUARANTEED))
        return;
    frame->flags &= (uint8_t)~PAGE_GUARANTEED;
    struct env *owner = env_named(frame->owner);
    owner->guaranteed -= page_is_joined(frame) ? SUPER_PAGES : 1;
}

// The frame, locked, changes hands.
static void frame_hand(struct frame *frame, env_t to)
{
    if (frame->owner != to)
        page_mark_end(frame);
    frame->owner = (uint32_t)to;
}

// A whole run becomes free frames of somebody else in one piece: 6 instructions each.
static void run_hand(struct frame *first, env_t to)
{
#pragma GCC unroll 7
    for (struct frame *frame = first + 1; frame < first + SUPER_PAGES; frame++) {
        frame->epoch++;
        frame->owner = (uint32_t)to; // before its kind: until then nobody takes it
        frame->detail = 0;
        __atomic_store_n(&frame->kind, PAGE_FREE, __ATOMIC_RELEASE);
    }
}

bool page_take(struct frame *frame, env_t to)
{
    page_lock(frame);
    bool held = frame->flags & PAGE_DYING && frame->bindings == 0;
    bool taken = frame->kind == PAGE_FREE || held;
    if (taken) {
        bool joined = page_is_joined(frame);
        frame_hand(frame, to);
        frame_release(frame);
        if (joined)
            run_hand(frame, to);
    }
    page_unlock(frame);
    return taken;
}

void page_copy(page_t to, page_t from)
{
    word_t *word = page_memory(to);
    const word_t *source = page_memory(from);
    for (word_t *end = word + PAGE_SIZE / sizeof(word_t); word < end; word += 8, source += 8) {
        word_t a = source[0], b = source[1], c = source[2], d = source[3];
        word_t e = source[4], f = source[5], g = source[6], h = source[7];
        word[0] = a, word[1] = b, word[2] = c, word[3] = d;
        word[4] = e, word[5] = f, word[6] = g, word[7] = h;
    }
}

void page_unuse(page_t page, bool quiesce)
{
    struct frame *frame = page_frame(page);
    page_lock(frame);
    if (quiesce)
        pages.quiesce = quiesce_begin(); // before anybody finds the frame free
    frame_release(frame);
    page_unlock(frame);
}

void page_die(struct frame *frame)
{
    page_lock(frame);
    frame->flags |= PAGE_DYING;
    page_unlock(frame);
}

void page_live(struct frame *frame)
{
    page_lock(frame);
    frame->flags &= (uint8_t)~PAGE_DYING;
    page_unlock(frame);
}

bool page_die_unbound(struct frame *frame)
{
    page_lock(frame);
    bool unbound = frame->bindings == 0;
    if (unbound)
        frame->flags |= PAGE_DYING;
    page_unlock(frame);
    return unbound;
}

bool page_invariant(void)
{
    for (word_t i = 0; i < page_count(); i++) {
        const struct frame *frame = page_number(i);
        if (frame->kind >= PAGE_KINDS)
            return false;
        if (frame->kind == PAGE_NONE)
            continue;
        if (env_named(frame->owner) == NULL) // (1)
            return false;
        if (frame->kind == PAGE_FREE && (frame->bindings != 0 || frame->links != 0)) // (2)
            return false;
        if (frame->kind == PAGE_PART && !page_is_joining(frame)) { // (7)
            const struct frame *first = page_frame(frame->detail);
            if (frame->bindings != 0 || first->owner != frame->owner || !(page_is_joined(first) || page_is_joining(first)))
                return false;
        }
        uint32_t count = 0;
        uint32_t prev = 0;
        for (uint32_t name = frame->links; name != 0; name = page_link(name)->next) {
            if (page_link(name)->prev != prev || ++count > frame->bindings) // (2)
                return false;
            prev = name;
        }
        if (count != frame->bindings)
            return false;
    }
    return true;
}

sysret_t page_alloc_any(page_t page)
{
    enum error error = page_use(page, env_self()->self, PAGE_DATA, 0);
    return error == ERR_OK ? done(0) : refuse(error);
}

sysret_t sys_page_free(page_t page)
{
    struct frame *frame = page_frame(page);
    if (frame == NULL || frame->kind == PAGE_NONE) return refuse(ERR_NOENT);
    page_lock(frame);
    enum error error = ERR_OK;
    if (!env_acts_for(env_self()->self, frame->owner)) error = ERR_PERM;
    else if (frame->kind != PAGE_DATA || page_is_joined(frame)) error = ERR_KIND;
    else if (frame->flags & PAGE_DYING)                error = ERR_DYING;
    else if (frame->bindings != 0)                     error = ERR_BUSY;
    else
        frame_release(frame);
    page_unlock(frame);
    return error == ERR_OK ? done(0) : refuse(error);
}

// May frames come to `env` from `giver`: it is a child of the giver, asked for them, or opened enough places.
static enum error receiver_takes(struct env *env, env_t giver, word_t count)
{
    if (env == NULL)                                                 return ERR_NOENT;
    if (env->state == ENV_DYING)                                     return ERR_CLOSED;
    if (env_created(giver, env->self))                               return ERR_OK;
    if (revoke_opens(env_named(giver), env->self, REVOKE_FRAMES, count)) return ERR_OK;
    if (env->open_from != giver || env->open_count < count)          return ERR_CLOSED;
    if (env->open_epoch != page_frame(giver)->epoch)                 return ERR_CLOSED; // a namesake
    return ERR_OK;
}

static void receiver_took(struct env *env, env_t giver, word_t count)
{
    struct env *from = env_named(giver);
    if (!env_created(giver, env->self) && !revoke_opens(from, env->self, REVOKE_FRAMES, count))
        env->open_count -= count;
    revoke_given(from, env->self, REVOKE_FRAMES, count);
    env_post(env, EVENT_BIT(GIVEN));
}

sysret_t sys_page_move(page_t first, size_t count, env_t to)
{
    STRUCTURE_LOCKED();
    env_t self = env_self()->self;
    struct env *receiver = env_named(to);
    if (count == 0 || count > PAGE_BATCH)   return refuse(ERR_RANGE);
    enum error error = receiver_takes(receiver, self, count);
    if (error != ERR_OK)                    return refuse(error);

    word_t moved = 0;
    for (; moved < count; moved++) {
        struct frame *frame = page_frame(first + moved);
        if (frame == NULL || frame->kind == PAGE_NONE) { error = ERR_NOENT; break; }
        page_lock(frame);
        if (!env_acts_for(self, frame->owner)) error = ERR_PERM;
        else if (frame->kind != PAGE_FREE)     error = ERR_BUSY;
        else
            frame_hand(frame, to);
        page_unlock(frame);
        if (error != ERR_OK)
            break;
    }
    if (moved == 0)
        return refuse(error);
    receiver_took(receiver, self, moved);
    return done(moved);
}

#define GIVE_BATCH 32 // frames one piece gives

// A data or device frame of one's own that nothing binds changes hands.
static enum error frame_give(struct frame *frame, env_t giver, env_t to)
{
    enum error error = ERR_OK;
    page_lock(frame);
    if (!env_acts_for(giver, frame->owner))                              error = ERR_PERM;
    else if (!page_is_bindable(frame) || page_is_joined(frame))          error = ERR_KIND;
    else if (frame->flags & PAGE_DYING)                                  error = ERR_DYING;
    else if (frame->bindings != 0)                                       error = ERR_BUSY;
    else {
        frame_hand(frame, to);
        frame->epoch++; // the giver's capabilities do not outlive its ownership
    }
    page_unlock(frame);
    return error;
}

/*
 * The frequent run: data frames of the giver's own, unmarked and unbound. Stops in front of the first that is anything else.
 * 19 instructions each.
 */
static word_t run_give(page_t first, word_t count, env_t giver, env_t to)
{
    word_t given = 0;

    if (first - pages.first >= pages.count || count > pages.count - (first - pages.first))
        return 0;
    struct frame *frame = &pages.table[first - pages.first];
    for (; given < count && page_try_lock(frame, PAGE_DATA); given++, frame++) {
        bool fits = frame->owner == giver && frame->bindings == 0;
        if (fits) {
            frame->owner = (uint32_t)to;
            frame->epoch++;
        }
        page_unlock(frame);
        if (!fits)
            break;
    }
    return given;
}

sysret_t sys_page_give(page_t first, size_t count, env_t to)
{
    STRUCTURE_LOCKED();
    env_t self = env_self()->self;
    struct env *receiver = env_named(to);
    if (count == 0 || count > PAGE_BATCH) return refuse(ERR_RANGE);
    if (count > GIVE_BATCH)
        count = GIVE_BATCH;
    enum error error = receiver_takes(receiver, self, count);
    if (error != ERR_OK)                  return refuse(error);

    word_t given = run_give(first, count, self, to);
    for (; given < count && error == ERR_OK; given += error == ERR_OK) {
        struct frame *frame = page_frame(first + given);
        error = frame == NULL || frame->kind == PAGE_NONE ? ERR_NOENT : frame_give(frame, self, to);
    }
    if (given == 0)
        return refuse(error);
    receiver_took(receiver, self, given);
    return done(given);
}

sysret_t sys_page_open(env_t from, size_t count)
{
    STRUCTURE_LOCKED();
    struct env *self = env_self();
    if (env_named(from) == NULL) return refuse(ERR_NOENT);
    if (count > pages.count)       return refuse(ERR_RANGE);

    self->open_from = from;
    self->open_epoch = page_frame(from)->epoch;
    self->open_count = count;
    return done(0);
}

#define JOIN_BATCH 6 // frames one piece of a join clears

bool page_is_joining(const struct frame *frame)
{
    return frame->kind == PAGE_PART && page_name(frame) % SUPER_PAGES == 0;
}

void page_part(struct frame *first)
{
    page_mark_end(first); // it was worth the whole run
    struct frame *end = first + (first->kind == PAGE_PART ? first->detail : SUPER_PAGES);
    frame_release(first);
    for (struct frame *frame = first + 1; frame < end; frame++) { // nothing binds these: 512 in one piece
        frame->epoch++;
        frame->detail = 0;
        frame->kind = PAGE_FREE;
    }
}

// Why a run cannot be joined, in a look at all of it.
static enum error run_usable(const struct frame *first, env_t actor)
{
    for (word_t i = 0; i < SUPER_PAGES; i++) {
        if (first[i].kind == PAGE_NONE)                                    return ERR_NOENT;
        if (first[i].owner != first->owner)                                return ERR_PERM;
        if (first[i].kind != PAGE_FREE)                                    return ERR_BUSY;
    }
    return frame_usable(first, actor);
}

// A frame becomes part of a run: its own mark ends, the run can have one.
static enum error part_use(page_t page, env_t actor, word_t detail)
{
    enum error error = page_use(page, actor, PAGE_PART, detail);
    if (error == ERR_OK)
        page_mark_end(page_frame(page));
    return error;
}

sysret_t sys_page_join(page_t page)
{
    STRUCTURE_LOCKED();
    env_t self = env_self()->self;
    if (page % SUPER_PAGES != 0)                                           return refuse(ERR_RANGE);
    if (page - pages.first >= pages.count || pages.count - (page - pages.first) < SUPER_PAGES) return refuse(ERR_NOENT);
    struct frame *first = page_frame(page);
    enum error error = ERR_OK;
    if (!page_is_joining(first)) {
        error = run_usable(first, self);
        if (error == ERR_OK)
            error = part_use(page, self, 1);
        return error == ERR_OK ? again(1) : refuse(error);
    }
    if (!env_acts_for(self, first->owner))                                 return refuse(ERR_PERM);

    for (word_t batch = 0; batch < JOIN_BATCH && first->detail < SUPER_PAGES; batch++) {
        bool strange = first[first->detail].owner != first->owner; // it went to a child that never ran
        error = strange ? ERR_PERM : part_use(page + first->detail, self, page); // or was used meanwhile
        if (error != ERR_OK)
            return batch == 0 ? refuse(error) : again(first->detail); // the next piece says it, and does nothing
        first->detail++;
    }
    if (first->detail < SUPER_PAGES)
        return again(first->detail);
    page_lock(first);
    first->detail = 0;
    first->order = SUPER_ORDER;
    first->kind = PAGE_DATA;
    page_unlock(first);
    return done(SUPER_PAGES);
}

sysret_t sys_page_split(page_t page)
{
    STRUCTURE_LOCKED();
    struct frame *first = page_frame(page);
    if (first == NULL || first->kind == PAGE_NONE)                         return refuse(ERR_NOENT);
    if (!env_acts_for(env_self()->self, first->owner))                     return refuse(ERR_PERM);
    if (!page_is_joined(first) && !page_is_joining(first))                 return refuse(ERR_KIND);

    page_lock(first);
    enum error error = ERR_OK;
    if (first->flags & PAGE_DYING)      error = ERR_DYING;
    else if (first->bindings != 0)      error = ERR_BUSY;
    else
        page_part(first);
    page_unlock(first);
    return error == ERR_OK ? done(0) : refuse(error);
}
