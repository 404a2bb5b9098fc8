// SPDX-License-Identifier: BSD-2-Clause
/*
 * Gang scheduling: the tasks of a group run at the same time, each on a hart of its own, or not at all. Time is cut
 * into slots. At the beginning of each, whole gangs are placed on the harts, in turn, as many as there is room for; a
 * task without a group is a gang of one. A member that is blocked has its hart all the same, which stays empty, so
 * that it goes on at once when the others wake it; when all sleep, their harts are for tasks without a group, until
 * the slot ends. A gang that wakes within a slot begins at once if there is room for all of it. (Ousterhout:
 * "Scheduling Techniques for Concurrent Systems", ICDCS 1982; gangs are packed anew for each slot.)
 *
 * Good for: parallel programs whose tasks wait for each other often: locks, barriers.
 * Bad for: gangs of which some sleep long (their harts stay empty), or one urgent task among gangs: it waits for its
 *     turn, up to a slot per gang.
 * Promises: as long as a gang has no more members than there are harts on which they may run, none of them runs in a
 *     slot in which another one cannot. **A gang with more members than harts** is a crowd: its members run in turn,
 *     as many as there are harts, and nothing is promised about them. On one hart that is round robin.
 * Cost of a decision: O(1), of a hart without a gang O(gangs); the first one of a slot is O(tasks * harts).
 * Parameters: slot, in nanoseconds.
 */
#include <libos/sched/groups.h>
#include <libos/sched/places.h>

enum { GANG };                     // word: its index
enum { RUNNABLE = 1, QUEUED = 2 }; // flags; a task that runs is RUNNABLE only

static struct gang {
    struct sched_queue members; // all that live
    uint32_t runnable;
    bool is_crowd; // its members do not fit on the harts together
    uint64_t end;  // of the last slot in which it had a place
} gangs[SCHED_TASKS_MAX];

static struct sched_groups names;
static struct sched_places places; // who has which hart in this slot
static uint32_t first, filler;     // whose turn it is in the next slot; ... on a hart that comes free
static uint64_t slot_end, slot = SCHED_TURN_NS;

static uint32_t size_of(const struct gang *gang)
{
    return names.of[gang - gangs].members;
}

static void gang_start(uint32_t harts, uint64_t seed)
{
    (void)seed;
    sched_places_clear(&places, harts);
    names.count = first = filler = 0;
    slot_end = 0;
}

static void gang_admit(struct sched_task *task, uint64_t now)
{
    (void)now;
    task->word[GANG] = sched_groups_join(&names, task->group);
    struct gang *gang = &gangs[task->word[GANG]];
    if (size_of(gang) == 1) *gang = (struct gang){0};
    sched_list_append(&gang->members, task);
    task->place = task->flags = 0;
}

// Whole gangs, those first that had no place in the last slot. A crowd has a slot for itself: see hart_fill.
static void slot_begin(uint64_t now)
{
    uint32_t begin = first, room = places.harts;
    uint64_t last_end = slot_end;

    slot_end = now + slot;
    sched_places_clear(&places, places.harts);
    for (uint32_t i = 0; i < 2 * names.count && room > 0; i++) {
        struct gang *gang = &gangs[(begin + i) % names.count];
        if (gang->runnable == 0 || (gang->end == last_end) != (i >= names.count)) continue;
        bool fits = size_of(gang) <= room && sched_places_give_all(&places, &gang->members);
        if (!fits && room < places.harts) continue;
        if (room == places.harts) first = (begin + i + 1) % names.count;
        if (!fits) filler = (begin + i) % names.count;
        gang->is_crowd = !fits;
        gang->end = slot_end;
        room -= fits ? size_of(gang) : room;
    }
}

// Until the slot ends, a hart that no gang has is for somebody who is alone, or of a crowd, in turn.
static void hart_fill(uint32_t hart)
{
    for (uint32_t i = 0; i < names.count; i++) {
        struct gang *gang = &gangs[(filler + i) % names.count];
        if (gang->runnable == 0 || (size_of(gang) > 1 && !gang->is_crowd)) continue;
        for (struct sched_task *task = gang->members.first; task; task = task->next) {
            if (!(task->flags & QUEUED) || sched_places_has(&places, task) || !sched_task_may_run(task, hart)) continue;
            sched_places_put(&places, task, hart);
            sched_list_remove(&gang->members, task);
            sched_list_append(&gang->members, task);
            filler = (filler + i + (size_of(gang) == 1)) % names.count;
            return;
        }
    }
}

static void gang_enqueue(struct sched_task *task, enum sched_why why, uint64_t now)
{
    struct gang *gang = &gangs[task->word[GANG]];

    if (why == SCHED_WOKE && gang->runnable++ == 0 && now < slot_end && !sched_places_has(&places, task))
        sched_places_give_all(&places, &gang->members);
    task->flags = RUNNABLE | QUEUED;
}

static struct sched_task *gang_pick(uint32_t hart, uint64_t now)
{
    struct sched_task *task = places.of[hart];

    if (now >= slot_end) {
        slot_begin(now);
    } else if (task && !(task->flags & RUNNABLE)) {
        const struct gang *gang = &gangs[task->word[GANG]];
        if (gang->is_crowd) places.of[hart] = NULL;
        else if (gang->runnable == 0) sched_places_take_all(&places, &gang->members);
    }
    if (!places.of[hart]) hart_fill(hart);
    task = places.of[hart];
    if (!task || !(task->flags & QUEUED)) return NULL;
    task->flags = RUNNABLE;
    return task;
}

static void gang_block(struct sched_task *task, uint64_t now)
{
    (void)now;
    gangs[task->word[GANG]].runnable--;
    task->flags = 0;
}

static void gang_leave(struct sched_task *task, uint64_t now)
{
    struct gang *gang = &gangs[task->word[GANG]];

    (void)now;
    sched_places_take(&places, task);
    sched_list_remove(&gang->members, task);
    sched_groups_part(&names, (uint32_t)task->word[GANG]);
}

// Everybody stops at the end of the slot; who still runs elsewhere then is asked for again a little later.
static uint64_t gang_held_until(uint32_t hart, uint64_t now)
{
    bool is_coming = places.of[hart] && (places.of[hart]->flags & RUNNABLE);

    return is_coming || slot_end <= now ? now + 1000 : slot_end;
}

static uint64_t gang_turn(const struct sched_task *task, uint64_t now)
{
    (void)task;
    return slot_end > now ? slot_end - now : 1;
}

static uint32_t gang_wake_hart(const struct sched_task *task, uint64_t idle, uint64_t now)
{
    (void)now;
    return sched_places_has(&places, task) && (idle >> task->place & 1) ? task->place : (uint32_t)__builtin_ctzl(idle);
}

static const struct sched_parameter gang_parameters[] = {
    {"slot", "how long a gang has its harts, in nanoseconds", &slot, 1000, 1000000000},
    {0},
};

const struct sched_ops sched_gang = {
    .name = "gang",
    .text = "the tasks of a group run at the same time on different harts, or not at all",
    .parameters = gang_parameters,
    .start = gang_start,
    .admit = gang_admit,
    .enqueue = gang_enqueue,
    .pick = gang_pick,
    .block = gang_block,
    .leave = gang_leave,
    .turn = gang_turn,
    .held_until = gang_held_until,
    .wake_hart = gang_wake_hart,
};
