// SPDX-License-Identifier: BSD-2-Clause
/*
 * What happened in a run. While it lasts an event is a few stores into memory that was touched before, so that
 * recording disturbs the run little and always in the same way; afterwards events are sorted by time and written as
 * records.
 */
#include "guest.h"
#include <stdlib.h>
#include <string.h>

#define EVENTS_MAX (1ul << 19)
#define HELD_NS    5000 // no switch takes so long

struct entry {
    uint64_t time;
    uint64_t what;  // kind | task << 3 | rest << 16: a STOP's why, a RELEASE's lateness, a NOTE's code
    uint64_t first; // a RELEASE's service, a NOTE's value, a RUN's and STOP's hart
    uint64_t second; // a RELEASE's deadline
};

static struct entry *events;
static size_t count, lost; // until events_write, count is that of the lost, too

bool events_begin(void)
{
    events = malloc(EVENTS_MAX * sizeof(struct entry));
    if (events)
        memset(events, 0xff, EVENTS_MAX * sizeof(struct entry)); // no page faults later, and none of them is an event
    return events != NULL;
}

// Whoever adds one may be interrupted by another who does.
static struct entry *event_next(void)
{
    static struct entry none;
    size_t next = __atomic_fetch_add(&count, 1, __ATOMIC_RELAXED);

    return next < EVENTS_MAX ? &events[next] : &none;
}

void event_add(enum record_kind kind, uint64_t time, uint32_t task, uint32_t hart, uint64_t rest)
{
    struct entry *event = event_next();

    event->time = time;
    event->what = kind | (uint64_t)task << 3 | rest << 16;
    event->first = hart;
}

void event_note(uint64_t time, uint32_t task, enum record_note code, uint64_t value)
{
    struct entry *event = event_next();

    *event = (struct entry){time, RECORD_NOTE | (uint64_t)task << 3 | (uint64_t)code << 16, value, 0};
}

void event_release(uint64_t time, uint32_t task, uint64_t service, uint64_t deadline, uint64_t late)
{
    struct entry *event = event_next();

    *event = (struct entry){time, RECORD_RELEASE | (uint64_t)task << 3 | late << 16, service, deadline};
}

// By time; what has the same time stays as it came. Few events are out of order, and not by much.
static void events_sort(void)
{
    for (size_t i = 1; i < count; i++) {
        struct entry event = events[i];
        size_t at = i;
        for (; at > 0 && events[at - 1].time > event.time; at--)
            events[at] = events[at - 1];
        events[at] = event;
    }
}

static void event_write(struct record *record, const struct entry *event)
{
    uint32_t task = event->what >> 3 & 0x1fff;
    uint64_t rest = event->what >> 16;

    switch ((enum record_kind)(event->what & 7)) {
    case RECORD_WAKE:    record_wake(record, event->time, task); break;
    case RECORD_RUN:     record_run(record, event->time, task, (uint32_t)event->first); break;
    case RECORD_STOP:    record_stop(record, event->time, task, (uint32_t)event->first, (enum record_why)rest); break;
    case RECORD_RELEASE: record_release(record, event->time, task, event->first, event->second, rest); break;
    case RECORD_DONE:    record_done(record, event->time, task); break;
    case RECORD_NOTE:    record_note(record, event->time, task, (enum record_note)rest, event->first); break;
    case RECORD_END:     break;
    }
}

void events_write(struct record *record)
{
    lost = count > EVENTS_MAX ? count - EVENTS_MAX : 0;
    count -= lost;
    events_sort();
    for (size_t i = 0; i < count && events[i].time <= run.duration; i++)
        event_write(record, &events[i]);
    record->lost += lost;
}

/*
 * From each STOP to the first WAKE behind it, when nothing ran and nobody was left to. A policy that holds tasks back
 * is idle although somebody waits: then it is to the next RUN.
 */
static uint64_t idle_alone(void)
{
    uint64_t idle = 0, since = 0;
    bool runs = false;
    int ready = 0;

    for (size_t i = 0; i < count && events[i].time <= run.duration; i++) {
        const struct entry *event = &events[i];
        enum record_kind kind = (enum record_kind)(event->what & 7);
        bool ends = kind == RECORD_RUN || (kind == RECORD_WAKE && ready == 0);
        if (!runs && ends && (kind == RECORD_WAKE || event->time - since >= HELD_NS))
            idle += event->time - since;
        ready += kind == RECORD_WAKE || (kind == RECORD_STOP && event->what >> 16 < RECORD_BLOCKED);
        ready -= kind == RECORD_RUN;
        runs = kind == RECORD_RUN ? true : kind == RECORD_STOP ? false : runs;
        since = kind == RECORD_STOP || ends ? event->time : since;
    }
    return runs || ready > 0 ? idle : idle + (run.duration - since);
}

/*
 * On several harts: as many of them as there are beyond those that run somebody and those for whom somebody waits. A
 * hart that nobody who waits may run on counts as if he might.
 */
static uint64_t idle_together(void)
{
    uint64_t idle = 0, since = 0;
    int running = 0, ready = 0;

    for (size_t i = 0; i <= count; i++) {
        bool is_end = i == count || events[i].time > run.duration;
        const struct entry *event = &events[i];
        enum record_kind kind = is_end ? RECORD_END : (enum record_kind)(event->what & 7);
        uint64_t time = is_end ? run.duration : event->time;
        int busy = running + ready;
        idle += busy < (int)run.harts ? (run.harts - (uint32_t)busy) * (time - since) : 0;
        since = time;
        if (is_end)
            break;
        running += (kind == RECORD_RUN) - (kind == RECORD_STOP);
        ready += kind == RECORD_WAKE || (kind == RECORD_STOP && event->what >> 16 < RECORD_BLOCKED);
        ready -= kind == RECORD_RUN;
    }
    return idle;
}

uint64_t events_idle(void)
{
    return run.harts == 1 ? idle_alone() : idle_together();
}
