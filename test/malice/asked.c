// SPDX-License-Identifier: BSD-2-Clause
// The harness's side of a revocation; see asked.h.
#include "asked.h"
#include <stdio.h>

#define READY_US    20000000
#define DEADLINE_US 50
#define QUOTA       64

static word_t source; // the interrupt source that the attacker has

const char *asked_equip(const struct child *child, int kind)
{
    sys_cap_drop(SLOT_VICTIM);
    if (sys_cap_mint(SLOT_VICTIM, child->env, RIGHT_REVOKE).error != ERR_OK) return "it cannot be asked";
    if (sys_env_set(child->env, ENV_GUARANTEED, QUOTA).error != ERR_OK) return "it gets no quota";
    for (source = 1; kind == REVOKE_IRQS && sys_irq_give(source, child->env).error != ERR_OK; source++)
        if (source == IRQS_MAX) return "there is no interrupt source for it";
    return NULL;
}

static bool is_takeable(const struct child *child, int kind, page_t page)
{
    const volatile struct frame *frame = frame_entry(page);
    if (frame == NULL || frame->owner != child->env || frame->flags & PAGE_GUARANTEED) return false;
    if (kind == REVOKE_TABLES) return frame->kind == PAGE_TABLE && frame->order == 0;
    return frame->kind == PAGE_DATA || frame->kind == PAGE_FREE;
}

static size_t takeable_count(const struct child *child, int kind)
{
    size_t count = 0;
    for (page_t page = machine()->ram_first; page < machine()->ram_first + machine()->ram_count; page++)
        count += is_takeable(child, kind, page) * (kind == REVOKE_TABLES ? 2 : 1);
    for (word_t hart = 0; kind == REVOKE_SLICES && hart < machine()->hart_count; hart++)
        for (word_t position = 0; position < SLICES_MAX; position++)
            count += slice_entry(hart, position)->env == child->env;
    if (kind == REVOKE_SLICES || kind == REVOKE_IRQS) return kind == REVOKE_IRQS ? irq_entry(source)->owner == child->env : count;
    return count;
}

static size_t guaranteed_count(const struct child *child)
{
    size_t count = 0;
    for (page_t page = machine()->ram_first; page < machine()->ram_first + machine()->ram_count; page++)
        count += frame_entry(page)->owner == child->env && frame_entry(page)->flags & PAGE_GUARANTEED;
    return count;
}

// One thing, or a run of frames, in as many pieces as it takes.
static long take(int kind, word_t name, size_t count)
{
    long error;
    do error = sys_revoke_abort(SLOT_VICTIM, kind, name, count).error;
    while (error == ERR_AGAIN);
    return error;
}

static const char *frames_take(const struct child *child, int kind)
{
    for (page_t page = machine()->ram_first; page < machine()->ram_first + machine()->ram_count; page++) {
        if (!is_takeable(child, kind, page)) continue;
        size_t count = 1; // a run, or what the run was when it does not go whole
        while (kind == REVOKE_FRAMES && count < 64 && is_takeable(child, kind, page + count)) count++;
        long error = take(kind, page, count);
        if (error != ERR_OK && count > 1) error = take(kind, page, 1);
        if (error == ERR_STATE) return NULL; // that was all
        const volatile struct frame *frame = frame_entry(page);
        if (error == ERR_OK && (frame->owner != self() || frame->kind != PAGE_FREE || frame->bindings != 0))
            return "a frame was taken and is not ours and free";
        // It may have become something else, or somebody else's, just before.
        if (error != ERR_OK && error != ERR_KIND && error != ERR_PERM && error != ERR_RANGE) return error_text(error);
    }
    return NULL;
}

static const char *slices_take(const struct child *child)
{
    for (word_t hart = 0; hart < machine()->hart_count; hart++)
        for (word_t position = 0; position < SLICES_MAX; position++) {
            if (slice_entry(hart, position)->env != child->env) continue;
            if (take(REVOKE_SLICES, REVOKE_SLICE(hart, position), 1) != ERR_OK || slice_entry(hart, position)->env != self())
                return "a slice was not taken";
        }
    return NULL;
}

static const char *irq_take(void)
{
    if (take(REVOKE_IRQS, source, 1) != ERR_OK || irq_entry(source)->owner != self()) return "the source was not taken";
    return NULL;
}

static long ask(int kind, size_t count, word_t *deadline)
{
    long error;
    do { // until we are not interrupted for longer than that
        *deadline = time_now() + time_from_us(DEADLINE_US);
        error = sys_revoke_request(SLOT_VICTIM, kind, count, *deadline).error;
    } while (error == ERR_DEADLINE);
    return error;
}

static const char *round_drive(const struct child *child, int kind)
{
    size_t guaranteed = guaranteed_count(child), count = takeable_count(child, kind);
    word_t deadline;
    if (count == 0) return NULL;
    if (ask(kind, count, &deadline) != ERR_OK) return "the request was refused";
    while (time_now() < deadline) {
        long error = sys_revoke_abort(SLOT_VICTIM, kind, 0, 1).error;
        if (error != ERR_EARLY && error != ERR_STATE && time_now() < deadline) return "an abort came before the deadline";
        events_wait(0, deadline);
    }
    const char *why = kind == REVOKE_SLICES ? slices_take(child) : kind == REVOKE_IRQS ? irq_take() : frames_take(child, kind);
    sys_revoke_request(SLOT_VICTIM, kind, 0, 0); // what it turned into something else meanwhile
    if (!why && guaranteed_count(child) < guaranteed) why = "a guaranteed frame is gone";
    return why;
}

const char *asked_drive(const struct child *child, int kind)
{
    int status;
    word_t limit = time_now() + time_from_us(READY_US), window = vm_window_open(1);
    if (!window || vm_bind(0, window, child->env + 1, 1, RIGHT_READ) != ERR_OK) return "its save area could not be mapped";
    while (*(volatile word_t *)(window + SAVE_ROOM) == 0 && time_now() < limit && !child_ended(child, &status))
        events_wait(0, time_now() + time_from_us(500));
    bool began = *(volatile word_t *)(window + SAVE_ROOM) != 0;
    vm_window_close(window, 1);
    if (!began) return child_ended(child, &status) ? NULL : "it never began";

    const char *why = NULL;
    for (int round = 0; round < 2 && !why; round++) {
        why = round_drive(child, kind);
        events_wait(0, time_now() + time_from_us(1000));
    }
    if (!why && sys_revoke_request(SLOT_VICTIM, kind, 0, 0).error != ERR_STATE) why = "the request is not over";
    // One is left standing when the attacker is taken apart, and for an attacker that had no time to see the others.
    if (!why && ask(REVOKE_FRAMES, 100, &limit) != ERR_OK && !child_ended(child, &status)) why = "the last request was refused";
    return why;
}
