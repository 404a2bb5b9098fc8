// SPDX-License-Identifier: BSD-2-Clause
/*
 * Requests for resources, and losses; see revoke.h.
 *
 * Invariants
 *   (1) `vector` is NULL, or where this program's repossession vector is bound
 *   (2) the frames for contents stand in the next `backings` entries of the vector, or could not be had
 */
#include <libos/ipc/ipc.h>
#include <libos/start/internal.h>
#include <libos/vm/frame.h>
#include <libos/vm/internal.h>
#include <libos/vm/region.h>
#include <libos/vm/revoke.h>

#define OUR_EVENTS (EVENT_BIT(REVOKE) | EVENT_BIT(REPOSSESSED))
#define LOOKS      1024 // frames of the table that a short look sees: a few thousand instructions

#pragma weak region_reclaim_one

static const struct revoke_ops *handler;
static volatile struct repossession *vector;
static size_t backings;
static struct revoke_counts counts;

struct revoke_counts revoke_counts(void)
{
    if (vector)
        counts.missed = vector->missed;
    return counts;
}

void revoke_handle(const struct revoke_ops *ops)
{
    handler = ops;
}

struct revoke_request revoke_standing(void)
{
    return (struct revoke_request){.by = SAVE_WORD(SAVE_REVOKE_BY),
                                   .kind = (enum revoke_kind)SAVE_WORD(SAVE_REVOKE_KIND),
                                   .left = SAVE_WORD(SAVE_REVOKE_BY) ? SAVE_WORD(SAVE_REVOKE_LEFT) : 0,
                                   .deadline = SAVE_WORD(SAVE_REVOKE_DEADLINE)};
}

// Giving

static bool is_free_of(const volatile struct frame *frame, env_t owner)
{
    return frame->kind == PAGE_FREE && frame->owner == owner && !(frame->flags & PAGE_DYING);
}

static word_t looks_ticks; // how long a short look took that found nothing

// The free frame that a short look finds, FRAME_NONE: there may be others.
static page_t free_near(void)
{
    page_t first = machine()->ram_first, end = first + machine()->ram_count, page = frame_cursor;
    const volatile struct frame *frames = (const volatile struct frame *)TABLE_FRAMES - first;
    word_t begin = time_now();
    env_t me = self();

    for (size_t look = 0; look < LOOKS && page >= first && page < end; look++, page++)
        if (is_free_of(&frames[page], me))
            return page;
    looks_ticks = time_now() - begin;
    return FRAME_NONE;
}

// Whether there is the time to look at all frames, and as much again to act.
static bool time_for_all(const struct revoke_request *request)
{
    word_t now = time_now(), ticks = 2 * (looks_ticks + 1) * (machine()->ram_count / LOOKS + 1);
    return now < request->deadline && ticks < request->deadline - now;
}

size_t revoke_give_free(const struct revoke_request *request, size_t count, bool all)
{
    size_t given = 0;

    while (given < count) {
        page_t first = free_near();
        if (first == FRAME_NONE && all)
            first = frame_find(1);
        if (first == FRAME_NONE)
            break;
        size_t run = 1;
        while (run < count - given && run < PAGE_BATCH && frame_entry(first + run) &&
               is_free_of(frame_entry(first + run), self()))
            run++;
        sysret_t moved = sys_page_move(first, run, request->by);
        if (moved.error != ERR_OK || moved.value == 0)
            break; // the request is over
        frame_cursor = first + moved.value;
        given += moved.value;
    }
    counts.given += given;
    return given;
}

size_t revoke_give_pages(const struct revoke_request *request, size_t count)
{
    size_t given = 0;

    // One after the other, so that what was done counts whatever the deadline cuts off.
    while (given < count && region_reclaim_one) {
        page_t page = region_reclaim_one();
        if (page == FRAME_NONE || sys_page_move(page, 1, request->by).error != ERR_OK)
            break;
        given++;
    }
    counts.given += given;
    return given;
}

static void slices_give(const struct revoke_request *request)
{
    size_t ours = 0, left = request->left;

    for (word_t hart = 0; hart < machine()->hart_count; hart++)
        for (word_t position = 0; position < SLICES_MAX; position++)
            ours += slice_entry(hart, position)->env == self();
    for (word_t hart = machine()->hart_count; hart-- > 0;)
        for (word_t position = SLICES_MAX; position-- > 0 && left > 0 && ours > 1;)
            if (slice_entry(hart, position)->env == self() &&
                sys_slice_give(hart, position, request->by).error == ERR_OK) {
                left--;
                ours--;
            }
}

static void sources_give(const struct revoke_request *request)
{
    size_t left = request->left;

    for (word_t source = 1; source < IRQS_MAX && left > 0; source++)
        if (irq_entry(source)->owner == self() && sys_irq_give(source, request->by).error == ERR_OK)
            left--;
}

void revoke_answer(const struct revoke_request *request)
{
    size_t left = request->left;

    if (request->kind == REVOKE_SLICES)
        slices_give(request);
    else if (request->kind == REVOKE_IRQS)
        sources_give(request);
    else { // frames answer for tables, too
        left -= revoke_give_free(request, left, false);
        if (left > 0 && time_for_all(request))
            left -= revoke_give_free(request, left, true);
        left -= revoke_give_pages(request, left);
        revoke_give_free(request, left, true);
    }
}

// Losses

// The mapping of a frame goes on in another frame that has its contents.
static bool mapping_move(page_t from, page_t to)
{
    for (word_t address = 0; (address = vm_next(address)) < STRUCTURE_END; address += PAGE_SIZE) {
        struct vm_mapping mapping = vm_find(address);
        if (mapping.page != from)
            continue;
        vm_unmap(address);
        mapping.page = to;
        return vm_enter(address, mapping) == ERR_OK;
    }
    return false;
}

void revoke_lost(const struct loss *loss)
{
    page_t saved_in = loss->saved ? loss->backing : FRAME_NONE;

    if (loss->kind != REVOKE_FRAMES)
        return; // tables come again when they are missed; the others are seen to be gone
    if (region_lost && region_lost(loss->name, saved_in))
        return;
    if (saved_in != FRAME_NONE && !mapping_move(loss->name, saved_in))
        frame_free(saved_in);
}

// A frame for contents into the entry of the loss number `loss`.
static bool backing_set(uint32_t loss, page_t page)
{
    if (page == FRAME_NONE && (page = frame_own()) == FRAME_NONE)
        return false;
    (void)sys_revoke_guarantee(page, 1);
    vector->losses[loss % LOSSES_MAX].backing = (uint32_t)page;
    return true;
}

static void loss_handle(uint32_t number)
{
    volatile struct loss *entry = &vector->losses[number % LOSSES_MAX];
    struct loss loss = *(struct loss *)entry;

    entry->backing = 0;
    vector->tail = number + 1;
    counts.losses++;
    counts.saved += loss.saved;
    if (loss.saved)
        (void)sys_revoke_guarantee(loss.backing, 0); // a page like others from now on
    if (handler && handler->lost)
        handler->lost(&loss);
    else
        revoke_lost(&loss);
    if (backings > 0)
        backing_set(number + (uint32_t)backings, loss.saved ? FRAME_NONE : loss.backing);
}

size_t revoke_losses(void)
{
    size_t count = 0;

    upcall_hold();
    events_take(EVENT_BIT(REPOSSESSED));
    for (; vector && vector->tail != vector->head; count++)
        loss_handle(vector->tail);
    upcall_release();
    return count;
}

static bool vector_make(void)
{
    page_t page = vector ? FRAME_NONE : frame_find(1);
    word_t window = page == FRAME_NONE ? 0 : vm_window_open(1);
    long error = ERR_NOENT;

    if (vector)
        return true;
    while (window && (error = sys_revoke_vector(page).error) == ERR_AGAIN)
        continue;
    if (error == ERR_OK && vm_bind(0, window, page, 1, RIGHT_READ | RIGHT_WRITE) == ERR_OK)
        vector = (volatile struct repossession *)window;
    else if (window)
        vm_window_close(window, 1);
    return vector != NULL;
}

bool revoke_prepare(size_t count)
{
    bool all = true;

    upcall_hold();
    if (count > REVOKE_BACKINGS || !vector_make())
        all = false;
    for (size_t i = backings; all && i < count; i++, backings += all)
        all = backing_set(vector->head + (uint32_t)i, FRAME_NONE);
    upcall_release();
    return all;
}

size_t revoke_guarantee(const void *address, size_t size)
{
    word_t end = (word_t)address + size;
    size_t count = 0;

    for (word_t page = BASE((word_t)address); page < end; page += PAGE_SIZE) {
        word_t pte = vm_pte(page);
        count += pte != 0 && sys_revoke_guarantee(vm_pte_page(pte), 1).error == ERR_OK;
    }
    return count;
}

// Events, with upcalls held

static void on_events(word_t events)
{
    if (events & EVENT_BIT(REPOSSESSED))
        revoke_losses();
    if (!(events & EVENT_BIT(REVOKE)))
        return;
    struct revoke_request request = revoke_standing();
    if (request.left == 0)
        return; // it is over already
    counts.requests++;
    if (handler && handler->answer)
        handler->answer(&request);
    else
        revoke_answer(&request);
    if (revoke_standing().left > 0)
        vector_make(); // the rest will be taken
    else
        sys_slice_yield(); // this is probably the slice of whoever asked
}

void revoke_start(void)
{
    upcall_library(OUR_EVENTS, on_events);
}
