// SPDX-License-Identifier: BSD-2-Clause
/*
 * Gang scheduling: the tasks of a group run at the same time, each on a hart of its own, or not at all. At the
 * beginning of each slot of time whole gangs are placed on the harts, in turn, as many as there is room for; a task
 * without a group is a gang of one. A member that is blocked has its hart all the same, so that it goes on at once when
 * the others wake it; when all sleep, their harts are for tasks without a group until the slot ends. A gang that wakes
 * within a slot begins if there is room. (Ousterhout: "Scheduling Techniques for Concurrent Systems", ICDCS 1982.)
 *
 * Good for parallel programs whose tasks wait for each other often: locks, barriers. Bad for gangs of which some sleep
 * long (their harts stay empty), and for one urgent task among gangs: it waits for its turn, up to a slot per gang.
 * Promises: as long as a gang has no more members than there are harts on which they may run, none of them runs in a
 * slot in which another one cannot. **A gang with more members than harts** is a crowd: its members run in turn, as
 * many as there are harts, and nothing is promised about them. On one hart that is round robin.
 * Cost: O(1), on a hart without a gang O(gangs); the first decision of a slot is O(tasks * harts).
 */
#include <libos/sched/group.h>
#include <libos/sched/places.h>

enum { IS_CROWD };                 // words of a gang: it does not fit on all harts together
enum { RUNNABLE = 1, QUEUED = 2 }; // flags; a task that runs is RUNNABLE only

static struct sched_groups gangs;  // with all of their members
static struct sched_places places; // in this slot
static uint32_t first, filler;     // whose turn it is in the next slot; ... on a hart that comes free
static uint64_t slot_end, slot = SCHED_TURN_NS;

static void gang_start(uint32_t harts, uint64_t seed)
{
    (void)seed;
    sched_groups_clear(&gangs);
    sched_places_clear(&places, harts);
    slot_end = first = filler = 0;
}

static void gang_admit(struct sched_task *task, uint64_t now)
{
    uint64_t number = task->group ? task->group : (1ul << 32) + task->id; // alone: no group's number
    (void)now;

    sched_list_append(&sched_group_join(&gangs, task, number)->tasks, task);
    task->place = task->flags = 0;
}

// Whole gangs; the first that has no place has one in the next slot. A crowd has a slot for itself: see hart_fill.
static void slot_begin(uint64_t now)
{
    uint32_t begin = first, room = places.harts;

    slot_end = now + slot;
    sched_places_clear(&places, room);
    for (uint32_t i = 0; i < gangs.count && (room > 0 || first == begin); i++) {
        uint32_t which = (begin + i) % gangs.count;
        struct sched_group *gang = &gangs.of[which];
        if (gang->runnable == 0) continue;
        bool fits = gang->members <= room && sched_places_give_all(&places, &gang->tasks);
        if (!fits && room < places.harts) {
            if (first == begin) first = which;
            continue;
        }
        gang->word[IS_CROWD] = !fits;
        if (!fits) filler = which;
        room -= fits ? gang->members : room;
    }
}

// Until the slot ends, a hart that no gang has is for somebody who is alone, or of a crowd, in turn.
static void hart_fill(uint32_t hart)
{
    for (uint32_t i = 0; i < gangs.count; i++) {
        struct sched_group *gang = &gangs.of[(filler + i) % gangs.count];
        if (gang->members > 1 && !gang->word[IS_CROWD]) continue;
        if (!sched_places_fill(&places, hart, &gang->tasks, QUEUED)) continue;
        filler = (filler + i + (gang->members == 1)) % gangs.count;
        return;
    }
}

static void gang_enqueue(struct sched_task *task, enum sched_why why, uint64_t now)
{
    struct sched_group *gang = sched_group_of(task);

    if (why == SCHED_WOKE && gang->runnable++ == 0 && now < slot_end && !sched_places_has(&places, task))
        sched_places_give_all(&places, &gang->tasks);
    task->flags = RUNNABLE | QUEUED;
}

static struct sched_task *gang_pick(uint32_t hart, uint64_t now)
{
    if (now >= slot_end) slot_begin(now);
    if (!places.of[hart]) hart_fill(hart);
    if (!places.of[hart] || !(places.of[hart]->flags & QUEUED)) return NULL;
    places.of[hart]->flags = RUNNABLE;
    return places.of[hart];
}

static void gang_block(struct sched_task *task, uint64_t now)
{
    struct sched_group *gang = sched_group_of(task);

    (void)now;
    task->flags = 0;
    gang->runnable--;
    if (gang->word[IS_CROWD]) sched_places_take(&places, task);
    else if (gang->runnable == 0) sched_places_take_all(&places, &gang->tasks);
}

static void gang_leave(struct sched_task *task, uint64_t now)
{
    (void)now;
    sched_places_take(&places, task);
    sched_list_remove(&sched_group_of(task)->tasks, task);
    sched_group_leave(task);
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
    return slot_end - now;
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
