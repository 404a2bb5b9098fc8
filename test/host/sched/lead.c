// SPDX-License-Identifier: BSD-2-Clause
// Tasks through a policy in virtual time; see lead.h.
#include "lead.h"

#include <libos/sched/driver.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h> // needs the headers above

#define JOBS_MAX  8192  // of a task that wait
#define ROUNDS_MAX 100000 // at one instant

struct hart {
    struct lead_task *runs;
    uint64_t until; // when the policy is asked again
};

static struct lead *lead;
static struct hart harts[SCHED_HARTS_MAX];
static struct lead_task *locks[LEAD_LOCKS]; // their holders
static uint64_t now, told; // told: harts that have to decide anew, a mask

// Jobs

static struct lead_job *job_present(const struct lead_task *t)
{
    return t->jobs_count ? &t->jobs[t->jobs_first] : NULL;
}

static uint64_t due_of(const struct lead_task *t, const struct lead_job *job)
{
    return t->task.deadline ? job->release + t->task.deadline : 0;
}

static void job_begin(struct lead_task *t)
{
    struct lead_job *job = job_present(t);

    t->left = job->work;
    t->did = 0;
    sched_job(&t->task, due_of(t, job), t->kind == LEAD_READY ? 0 : t->left, now);
}

// The release after `from`.
static uint64_t release_after(struct lead_task *t, uint64_t from)
{
    switch (t->kind) {
    case LEAD_PERIODIC: return from + t->task.period;
    case LEAD_SLEEPER:  return SCHED_NEVER; // until the job is done
    case LEAD_RANDOM: {
        double chance = (double)((lead_chance(&t->random) >> 11) + 1) / (double)(1ul << 53);
        return from + 1 + (uint64_t)(-log(chance) * (double)t->rest);
    }
    default: return SCHED_NEVER;
    }
}

static void job_release(struct lead_task *t)
{
    uint64_t most = t->work_most > t->work ? t->work_most : t->work;

    if (t->jobs_count == JOBS_MAX) fail_msg("lead: too many jobs of task %u wait", t->task.id);
    t->jobs[(t->jobs_first + t->jobs_count++) % JOBS_MAX] = (struct lead_job){
        .release = t->release_next,
        .work = t->kind == LEAD_READY ? SCHED_NEVER : lead_between(&t->random, t->work, most),
    };
    t->released++;
    t->release_next = t->jobs_most && t->released == t->jobs_most ? SCHED_NEVER : release_after(t, t->release_next);
}

static void job_end(struct lead_task *t)
{
    struct lead_job *job = job_present(t);
    uint64_t due = due_of(t, job), response = now - job->release;

    t->done++;
    t->missed += due && now > due;
    t->response += response;
    if (response > t->response_most) t->response_most = response;
    t->jobs_first = (t->jobs_first + 1) % JOBS_MAX;
    t->jobs_count--;
    if (t->kind == LEAD_SLEEPER && t->release_next == SCHED_NEVER && t->released != t->jobs_most)
        t->release_next = now + t->rest;
}

// Harts

static struct lead_task *lead_task(struct sched_task *task)
{
    return (struct lead_task *)((char *)task - offsetof(struct lead_task, task));
}

static bool may_run(const struct lead_task *t, uint32_t hart)
{
    return t->task.harts >> hart & 1;
}

static void span_add(struct lead_task *t, uint32_t hart)
{
    if ((lead->spans_count & (lead->spans_count - 1)) == 0) // full, and doubled
        lead->spans = realloc(lead->spans, (lead->spans_count ? 2 * lead->spans_count : 1) * sizeof(*lead->spans));
    assert_non_null(lead->spans);
    lead->spans[lead->spans_count++] = (struct lead_span){t->since, now, (uint32_t)(t - lead->tasks), hart};
}

static void stop(struct hart *hart, enum sched_end end)
{
    struct lead_task *t = hart->runs;

    hart->runs = NULL;
    hart->until = now;
    if (now > t->since) span_add(t, (uint32_t)(hart - harts));
    t->since = now;
    sched_stop((uint32_t)(hart - harts), end, now);
}

static void wake(struct lead_task *t)
{
    t->wakes++;
    t->woke = now;
    t->first_wait = true;
    sched_wake(&t->task, now);
}

static void next(struct hart *hart)
{
    uint32_t index = (uint32_t)(hart - harts);
    struct sched_task *task = sched_next(index, now, &hart->until);

    if (!task) return;
    struct lead_task *t = hart->runs = lead_task(task);
    if (t->first_wait) {
        t->wait += now - t->woke;
        if (now - t->woke > t->wait_most) t->wait_most = now - t->woke;
        t->first_wait = false;
    }
    t->moves += t->turns > 0 && t->hart != index;
    t->turns++;
    t->hart = index;
    t->since = now;
}

// Locks

static bool waits_for_lock(const struct lead_task *t, uint32_t lock)
{
    return t->lock == lock && !t->holds && t->task.state == SCHED_BLOCKED && t->left > 0 && t->did == t->lock_after;
}

static bool lock_take(struct hart *hart)
{
    struct lead_task *t = hart->runs, *owner = locks[t->lock];

    if (!owner) {
        locks[t->lock] = t;
        return t->holds = true;
    }
    stop(hart, SCHED_END_BLOCKED);
    sched_inherit(&owner->task, &t->task, now);
    return false;
}

// The longest waiter has it then, and those who still wait, wait for it.
static void lock_give(struct lead_task *t)
{
    struct lead_task *heir = NULL;

    locks[t->lock] = NULL;
    t->holds = false;
    sched_inherit(&t->task, NULL, now);
    for (uint32_t i = 0; i < lead->count; i++) {
        struct lead_task *one = &lead->tasks[i];
        if (waits_for_lock(one, t->lock) && (!heir || one->since < heir->since)) heir = one;
    }
    if (!heir) return;
    locks[t->lock] = heir;
    heir->holds = true;
    for (uint32_t i = 0; i < lead->count; i++)
        if (waits_for_lock(&lead->tasks[i], t->lock)) sched_inherit(&heir->task, &lead->tasks[i].task, now);
    wake(heir);
}

// Time

// What the task on this hart does at this instant. False: it is no longer there.
static bool act(struct hart *hart)
{
    struct lead_task *t = hart->runs;

    if (t->holds && t->did >= t->lock_after + t->lock_for) lock_give(t);
    if (t->lock && !t->holds && t->did == t->lock_after && t->lock_for && !lock_take(hart)) return false;
    if (t->left > 0) return true;

    job_end(t);
    if (job_present(t)) {
        job_begin(t);
        return act(hart);
    }
    stop(hart, t->release_next != SCHED_NEVER ? SCHED_END_BLOCKED : SCHED_END_ENDED);
    return false;
}

static void release(struct lead_task *t)
{
    while (t->release_next <= now) job_release(t);
    if (t->task.state != SCHED_BLOCKED || t->jobs_count == 0 || t->left > 0) return;
    job_begin(t);
    wake(t);
}

static void instant(void)
{
    for (uint32_t i = 0; i < lead->count; i++) release(&lead->tasks[i]);
    for (uint32_t i = 0; i < lead->harts; i++)
        if (harts[i].runs && act(&harts[i]) && now >= harts[i].until) stop(&harts[i], SCHED_END_EXPIRED);
    told |= sched_look();
    for (uint32_t i = 0; i < lead->harts; i++) {
        if (!(told >> i & 1)) continue;
        if (harts[i].runs) stop(&harts[i], SCHED_END_PREEMPTED);
        harts[i].until = now;
    }
    for (uint32_t i = 0; i < lead->harts; i++)
        if (!harts[i].runs && now >= harts[i].until) next(&harts[i]);
    told = sched_look(); // harts that are idle may have what others put back
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

// When the next thing happens.
static uint64_t next_time(void)
{
    uint64_t next = told ? now : lead->until;

    for (uint32_t i = 0; i < lead->count; i++) next = earlier(next, lead->tasks[i].release_next);
    for (uint32_t i = 0; i < lead->harts; i++) {
        const struct lead_task *t = harts[i].runs;
        next = earlier(next, harts[i].until);
        if (!t) continue;
        if (t->left < SCHED_NEVER - now) next = earlier(next, now + t->left);
        uint64_t mark = t->holds ? t->lock_after + t->lock_for : t->lock_after;
        if (t->lock && t->did < mark) next = earlier(next, now + mark - t->did);
    }
    return next > now ? next : now;
}

static bool waits_for(uint32_t hart)
{
    for (uint32_t i = 0; i < lead->count; i++)
        if (lead->tasks[i].task.state == SCHED_QUEUED && may_run(&lead->tasks[i], hart)) return true;
    return false;
}

static void advance(uint64_t to)
{
    for (uint32_t i = 0; i < lead->harts; i++) {
        struct lead_task *t = harts[i].runs;
        if (!t) {
            if (waits_for(i)) lead->idle_waiting += to - now;
            continue;
        }
        t->ran += to - now;
        t->did += to - now;
        if (t->left != SCHED_NEVER) t->left -= to - now;
    }
    now = to;
}

// Begin and end

static void misuse(const struct sched_misuse *what)
{
    fail_msg("lead: %s %s", what->policy, what->text);
}

static void begin_task(struct lead_task *t)
{
    t->task.id = (uint32_t)(t - lead->tasks);
    if (!t->task.weight) t->task.weight = 1;
    if (!t->task.harts) t->task.harts = ~0ul;
    t->random = lead->seed * 0x10001 + t->task.id;
    t->release_next = t->offset;
    t->jobs = calloc(JOBS_MAX, sizeof(*t->jobs));
    assert_non_null(t->jobs);
    memset(t->task.word, 0xa5, sizeof(t->task.word)); // a policy relies on nothing that it did not write
    t->task.key = t->task.place = t->task.flags = 0xa5a5a5a5;
    assert_true(sched_admit(&t->task, 0));
}

static void begin(void)
{
    const struct sched_hooks hooks = {.misuse = misuse};

    memset(harts, 0, sizeof(harts));
    memset(locks, 0, sizeof(locks));
    now = told = 0;
    sched_begin(lead->ops, lead->harts, lead->seed, &hooks);
    for (uint32_t i = 0; i < lead->count; i++) begin_task(&lead->tasks[i]);
}

static void end(void)
{
    lead->decisions = sched_statistics()->decisions;
    for (uint32_t i = 0; i < lead->harts; i++)
        if (harts[i].runs) stop(&harts[i], SCHED_END_BLOCKED);
    for (uint32_t i = 0; i < lead->count; i++) {
        struct lead_task *t = &lead->tasks[i];
        for (; job_present(t); t->jobs_first = (t->jobs_first + 1) % JOBS_MAX, t->jobs_count--) {
            uint64_t due = due_of(t, job_present(t));
            t->missed += due && due < now;
        }
        free(t->jobs);
        t->jobs = NULL;
    }
}

void lead_run(struct lead *which)
{
    uint32_t rounds = 0;

    lead = which;
    for (begin(); now < lead->until; ) {
        instant();
        uint64_t then = next_time();
        rounds = then > now ? 0 : rounds + 1;
        if (rounds > ROUNDS_MAX) fail_msg("lead: with %s time stands still", lead->ops->name);
        advance(then);
    }
    end();
}

void lead_forget(struct lead *which)
{
    free(which->spans);
    which->spans = NULL;
    which->spans_count = 0;
}
