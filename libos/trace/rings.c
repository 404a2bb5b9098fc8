// SPDX-License-Identifier: BSD-2-Clause
// Rings of events; see rings.h.

#include <libos/trace/rings.h>

#include <rivet.h>

static const volatile struct trace_head *head(const struct rings *rings, word_t hart)
{
    return (const volatile struct trace_head *)rings->window[hart];
}

static const volatile struct trace_record *record_at(const struct rings *rings, word_t hart, word_t number)
{
    return (const volatile struct trace_record *)rings->window[hart] + 1 + number % trace_capacity(rings->pages);
}

// One page more for a hart's ring, mapped.
static long page_add(struct rings *rings, word_t hart, word_t index)
{
    upcall_hold();
    page_t page = frame_find(1);
    long error = page != FRAME_NONE ? ERR_AGAIN : ERR_NOENT;
    while (error == ERR_AGAIN)
        error = sys_trace_bind(hart, page).error;
    upcall_release();
    return error != ERR_OK ? error : vm_bind(0, rings->window[hart] + index * PAGE_SIZE, page, 1, RIGHT_READ);
}

static long ring_open(struct rings *rings, word_t hart)
{
    rings->window[hart] = vm_window_open(rings->pages);
    long error = rings->window[hart] != 0 ? ERR_OK : ERR_FULL;
    for (word_t i = 0; i < rings->pages && error == ERR_OK; i++)
        error = page_add(rings, hart, i);
    return error;
}

const char *rings_open(struct rings *rings, word_t pages)
{
    *rings = (struct rings){.pages = pages};
    for (word_t hart = 0; hart < machine()->hart_count; hart++) {
        long error = ring_open(rings, hart);
        if (error == ERR_OK)
            continue;
        rings_close(rings);
        return error == ERR_STATE  ? "this boot records no events: it lacks the boot argument 'events'"
               : error == ERR_PERM ? "somebody else records events"
                                   : "there are too few frames for the rings";
    }
    for (word_t hart = 0; hart < machine()->hart_count; hart++) {
        rings->next[hart] = head(rings, hart)->head;
        rings->end[hart] = ~0ul;
    }
    return NULL;
}

void rings_stop(struct rings *rings)
{
    for (word_t hart = 0; hart < machine()->hart_count; hart++)
        rings->end[hart] = head(rings, hart)->head;
}

// Is there a record of this hart? Those that were overwritten are passed over.
static bool is_next(struct rings *rings, word_t hart)
{
    word_t written = __atomic_load_n(&head(rings, hart)->head, __ATOMIC_ACQUIRE), capacity = trace_capacity(rings->pages);
    if (written > rings->next[hart] + capacity - 1) { // the oldest one may be overwritten at this moment
        word_t first = written - capacity + 1;
        rings->lost += first - rings->next[hart];
        rings->next[hart] = first;
    }
    return rings->next[hart] < written && rings->next[hart] < rings->end[hart];
}

bool rings_next(struct rings *rings, struct trace_record *record, word_t *hart)
{
    bool found = false;
    for (word_t i = 0; i < machine()->hart_count; i++) {
        if (!is_next(rings, i))
            continue;
        struct trace_record one = *(const struct trace_record *)record_at(rings, i, rings->next[i]);
        if (found && one.time >= record->time)
            continue;
        *record = one;
        *hart = i;
        found = true;
    }
    if (found)
        rings->next[*hart]++;
    return found;
}

void rings_close(struct rings *rings)
{
    for (word_t hart = 0; hart < machine()->hart_count; hart++) {
        if (rings->window[hart] == 0)
            continue;
        vm_window_close(rings->window[hart], rings->pages);
        while (sys_trace_bind(hart, 0).error == ERR_OK)
            continue;
        rings->window[hart] = 0;
    }
}
