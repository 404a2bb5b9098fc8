// SPDX-License-Identifier: BSD-2-Clause
/*
 * What tasks do, action by action; see script.h.
 *
 * A task has one sequence of random numbers. Its job's lengths are drawn twice from the same place: when the job is released, to
 * know how much it computes in all, and again phase by phase.
 */
#include <bench/sched/draw.h>
#include <bench/sched/script.h>
#include <libos/sched/random.h>

#include <string.h>

#define GANGS_FROM   1001 // groups that people name are below
#define REDRAWS_MAX  1000
#define LONGEST_MEANS 4   // budgets of services without a longest one: so many means
#define LATEST        (1ul << 62) // times beyond are this one
#define HART          1000000000ul // a demand, where those of many tasks are summed up

enum script_step { STEP_FIRST, STEP_RELEASE, STEP_PHASES, STEP_OVER };

static const struct workload_class *class_of(const struct script *script, const struct script_task *task)
{
    return &script->workload->class[task->class];
}

static const struct workload_phase *phase_of(const struct script *script, const struct workload_class *class, uint32_t phase)
{
    return &script->workload->phase[class->first_phase + phase];
}

// Lengths

static uint64_t at_load(const struct script *script, struct workload_value value)
{
    return workload_value_at(value, script->load);
}

static uint64_t later(uint64_t time, uint64_t by)
{
    return time < LATEST && by < LATEST - time ? time + by : LATEST;
}

// The two numbers of a distribution. A load may have turned those of a range round, or made them 0.
static void numbers_of(const struct script *script, const struct workload_lengths *lengths, uint64_t *a, uint64_t *b)
{
    bool range = lengths->kind == LENGTH_UNIFORM || lengths->kind == LENGTH_LOGUNIFORM;
    uint64_t one = at_load(script, lengths->a), other = at_load(script, lengths->b);

    *a = range && other < one ? other : one;
    *b = range && other < one ? one : other;
    if (lengths->kind == LENGTH_LOGUNIFORM && *a == 0)
        *a = 1;
    if (lengths->kind == LENGTH_LOGUNIFORM && *b == 0)
        *b = 1;
}

static uint64_t length_draw(const struct script *script, const struct script_task *task, const struct workload_lengths *lengths,
                            struct sched_random *random)
{
    uint64_t a, b;

    numbers_of(script, lengths, &a, &b);
    switch (lengths->kind) {
    case LENGTH_UNIFORM:     return draw_uniform(random, a, b);
    case LENGTH_LOGUNIFORM:  return draw_loguniform(random, a, b);
    case LENGTH_EXPONENTIAL: return draw_exponential(random, a);
    case LENGTH_LOGNORMAL:   return draw_lognormal(random, a, lengths->thousandths);
    case LENGTH_BIMODAL:     return sched_random_below(random, 1000) < lengths->thousandths ? b : a;
    case LENGTH_UUNIFAST:    return draw_times(task->period, task->part);
    default:                 return a;
    }
}

static uint64_t length_mean(const struct script *script, const struct script_task *task, const struct workload_lengths *lengths)
{
    uint64_t a, b;

    numbers_of(script, lengths, &a, &b);
    switch (lengths->kind) {
    case LENGTH_UNIFORM:    return a + (b - a) / 2;
    case LENGTH_LOGUNIFORM: return mean_loguniform(a, b);
    case LENGTH_LOGNORMAL:  return mean_lognormal(a, lengths->thousandths);
    case LENGTH_BIMODAL:    return (a * (1000 - lengths->thousandths) + b * lengths->thousandths) / 1000;
    case LENGTH_UUNIFAST:   return draw_times(task->period, task->part);
    default:                return a;
    }
}

static uint64_t length_longest(const struct script *script, const struct script_task *task, const struct workload_lengths *lengths)
{
    uint64_t a, b;

    numbers_of(script, lengths, &a, &b);
    switch (lengths->kind) {
    case LENGTH_UNIFORM:
    case LENGTH_LOGUNIFORM: return b;
    case LENGTH_BIMODAL:    return a > b ? a : b;
    case LENGTH_EXPONENTIAL:
    case LENGTH_LOGNORMAL:  return LONGEST_MEANS * length_mean(script, task, lengths);
    default:                return length_mean(script, task, lengths);
    }
}

static bool is_endless(const struct workload_phase *phase)
{
    return phase->action == PHASE_COMPUTE && phase->lengths.a.number == WORKLOAD_FOREVER;
}

// What a job computes on the average, or at most; 0: it never ends.
static uint64_t service_of(const struct script *script, const struct script_task *task,
                           uint64_t (*length)(const struct script *, const struct script_task *, const struct workload_lengths *))
{
    const struct workload_class *class = class_of(script, task);
    uint64_t service = 0;

    for (uint32_t i = 0; i < class->phases; i++) {
        const struct workload_phase *phase = phase_of(script, class, i);
        if (is_endless(phase))
            return 0;
        if (phase->action == PHASE_COMPUTE)
            service += length(script, task, &phase->lengths);
    }
    return service;
}

// Of the job that begins now: the lengths that its phases are going to draw.
static uint64_t service_draw(const struct script *script, const struct script_task *task)
{
    const struct workload_class *class = class_of(script, task);
    struct sched_random random = {task->random};
    uint64_t service = 0;

    for (uint32_t i = 0; i < class->phases; i++) {
        const struct workload_phase *phase = phase_of(script, class, i);
        if (is_endless(phase))
            return 0;
        uint64_t length = phase->action == PHASE_COMPUTE || phase->action == PHASE_SLEEP
                              ? length_draw(script, task, &phase->lengths, &random) : 0;
        service += phase->action == PHASE_COMPUTE ? length : 0;
    }
    return service;
}

static uint64_t task_draw(const struct script *script, struct script_task *task, const struct workload_lengths *lengths)
{
    struct sched_random random = {task->random};
    uint64_t length = length_draw(script, task, lengths, &random);

    task->random = random.state;
    return length;
}

// The beginning

static uint64_t seed_mix(uint64_t seed, uint64_t word)
{
    struct sched_random random = {seed * 0x2545f4914f6cdd1dul + word};
    return sched_random_next(&random);
}

// Bini and Buttazzo's UUniFast (Real-Time Systems 30, 2005): parts that sum up to the demand, each division as likely.
static bool uunifast_once(struct script *script, uint32_t first, uint32_t count, uint64_t demand, struct sched_random *random)
{
    uint64_t left = demand;

    for (uint32_t i = 0; i < count; i++) {
        uint64_t next = 0;
        if (i + 1 < count) {
            uint64_t log = 64 * Q32 - draw_log2(sched_random_next(random) | 1);
            next = draw_times(left, draw_exp2(-(int64_t)(log / (count - i - 1))));
        }
        script->task[first + i].part = left - next;
        if (left - next > Q32)
            return false; // more than a hart: such a set is drawn again
        left = next;
    }
    return true;
}

static bool uunifast(struct script *script, uint32_t class, uint32_t count, struct workload_value demand)
{
    struct sched_random random = {seed_mix(script->seed, 0x10000 + class)};
    uint64_t whole = at_load(script, demand) * script->harts * Q32 / 1000;

    for (int i = 0; i < REDRAWS_MAX; i++)
        if (uunifast_once(script, script->first_task[class], count, whole, &random))
            return true;
    script->error = "The demand of 'uunifast' is more than its tasks can have, a hart each at most.";
    return false;
}

static uint64_t gap_of_demand(const struct script *script, const struct workload_class *class, const struct script_task *task,
                              uint32_t count)
{
    uint64_t demand = at_load(script, class->demand), service = service_of(script, task, length_mean);
    unsigned __int128 gap = (unsigned __int128)service * count * 1000;

    return demand ? (uint64_t)(gap / (demand * script->harts)) : WORKLOAD_FOREVER / 2;
}

static uint64_t bursts_demand(const struct script *script, const struct workload_class *class)
{
    uint64_t at, run, sum = 0;

    for (size_t place = class->bursts; workload_burst(script->workload, &place, class->bursts_end, &at, &run);)
        sum += run;
    return (uint64_t)((unsigned __int128)sum * script->load * (HART / 1000) / script->workload->duration);
}

// What one task asks for by the clock, in parts of a HART.
static uint64_t task_demand(const struct script *script, const struct workload_class *class, const struct script_task *task)
{
    uint64_t service = service_of(script, task, length_mean);
    uint64_t gap = class->arrival == ARRIVAL_EVERY ? length_mean(script, task, &class->gap) : task->period;

    if (class->arrival == ARRIVAL_LISTED)
        return bursts_demand(script, class);
    if (class->arrival != ARRIVAL_EVERY && class->arrival != ARRIVAL_PERIODIC && class->arrival != ARRIVAL_DEMAND)
        return 0;
    return gap ? (uint64_t)((unsigned __int128)service * HART / gap) : 0;
}

// How long its jobs arrive.
static uint64_t time_of(const struct script *script, const struct workload_class *class)
{
    uint64_t from = class->started ? length_mean(script, NULL, &class->start) : 0, to = class->until;

    to = to < script->workload->duration ? to : script->workload->duration;
    return to > from ? to - from : 0;
}

static uint32_t count_of(const struct script *script, const struct workload_class *class)
{
    uint64_t count = at_load(script, class->count);
    count = count > 0 ? count : 1;
    if (class->gang)
        count = (count + class->gang - 1) / class->gang * class->gang;
    return count > SCRIPT_TASKS_MAX ? SCRIPT_TASKS_MAX + 1 : (uint32_t)count;
}

static bool class_begin(struct script *script, uint32_t number)
{
    const struct workload_class *class = &script->workload->class[number];
    uint32_t count = count_of(script, class), first = script->tasks;

    if (first + count > SCRIPT_TASKS_MAX - 1) {
        script->error = "There are more than 1023 tasks at this load.";
        return false;
    }
    script->first_task[number] = first;
    script->tasks += count;
    for (uint32_t i = 0; i < count; i++) {
        struct script_task *task = &script->task[first + i];
        *task = (struct script_task){.class = number, .index = i, .random = seed_mix(script->seed, first + i), .burst = class->bursts};
        if (class->arrival == ARRIVAL_PERIODIC)
            task->period = task_draw(script, task, &class->gap);
    }
    for (uint32_t i = 0; i < class->phases; i++) {
        const struct workload_lengths *lengths = &phase_of(script, class, i)->lengths;
        if (lengths->kind == LENGTH_UUNIFAST && !uunifast(script, number, count, lengths->a))
            return false;
    }
    uint64_t demand = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct script_task *task = &script->task[first + i];
        if (class->arrival == ARRIVAL_DEMAND)
            task->period = gap_of_demand(script, class, task, count);
        demand += task_demand(script, class, task);
    }
    demand = class->arrival == ARRIVAL_DEMAND ? at_load(script, class->demand)
                                              : (demand + HART / 2000 * script->harts) / (HART / 1000 * script->harts);
    script->demand += class->until ? demand * time_of(script, class) / script->workload->duration : demand;
    return true;
}

static bool class_has_barrier(const struct script *script, const struct workload_class *class)
{
    bool has = false;
    for (uint32_t i = 0; i < class->phases; i++)
        has |= phase_of(script, class, i)->action == PHASE_BARRIER;
    return has;
}

bool script_begin(struct script *script, const struct workload *workload, uint32_t load, uint64_t seed, uint32_t harts)
{
    uint32_t gangs = GANGS_FROM;

    memset(script, 0, offsetof(struct script, task));
    script->workload = workload;
    script->load = load;
    script->seed = seed;
    script->harts = harts;
    script->locks = workload->locks;
    for (uint32_t i = 0; i < workload->classes; i++) {
        const struct workload_class *class = &workload->class[i];
        if (!class_begin(script, i))
            return false;
        uint32_t count = script->tasks - script->first_task[i];
        script->first_barrier[i] = script->barriers;
        script->barriers += !class_has_barrier(script, class) ? 0 : class->gang ? count / class->gang : 1;
        script->first_gang[i] = gangs;
        gangs += class->gang ? count / class->gang : 0;
    }
    return true;
}

// What tasks are

const char *script_class(const struct script *script, uint32_t id)
{
    return class_of(script, &script->task[id])->name;
}

static uint64_t percent_of(uint64_t whole, uint32_t thousandths)
{
    return (uint64_t)((unsigned __int128)whole * thousandths / 1000);
}

static uint64_t deadline_of(const struct script *script, const struct workload_class *class, const struct script_task *task)
{
    uint64_t period = class->arrival == ARRIVAL_EVERY ? length_mean(script, task, &class->gap) : task->period;
    return class->deadline_percent ? percent_of(period, class->deadline_percent) : at_load(script, class->deadline);
}

static uint64_t budget_of(const struct script *script, const struct workload_class *class, const struct script_task *task)
{
    if (class->budget.number)
        return at_load(script, class->budget);
    if (class->budget_percent)
        return percent_of(service_of(script, task, length_mean), class->budget_percent);
    return service_of(script, task, length_longest);
}

void script_describe(const struct script *script, uint32_t id, struct sched_task *to)
{
    const struct script_task *task = &script->task[id];
    const struct workload_class *class = class_of(script, task);
    uint64_t all = script->harts >= 64 ? ~0ul : (1ul << script->harts) - 1;

    to->id = id;
    to->weight = class->weight;
    to->priority = class->priority;
    to->group = class->gang ? script->first_gang[task->class] + task->index / class->gang : class->group;
    to->harts = class->harts & all ? class->harts & all : all;
    to->period = class->arrival == ARRIVAL_PERIODIC ? task->period
                 : class->arrival == ARRIVAL_EVERY  ? length_mean(script, task, &class->gap) : 0;
    to->deadline = deadline_of(script, class, task);
    to->budget = budget_of(script, class, task);
}

// What they do

static bool burst_next(const struct script *script, struct script_task *task, uint64_t *first, uint64_t *second)
{
    const struct workload_class *class = class_of(script, task);

    if (workload_burst(script->workload, &task->burst, class->bursts_end, first, second))
        return true;
    task->burst = class->bursts;
    return class->arrival == ARRIVAL_CLOSED && workload_burst(script->workload, &task->burst, class->bursts_end, first, second);
}

// When the next job arrives. False: there is none.
static bool arrival_next(const struct script *script, struct script_task *task, uint64_t now)
{
    const struct workload_class *class = class_of(script, task);
    bool first = task->state == STEP_FIRST;
    uint64_t begin = !class->started ? 0 : first ? task_draw(script, task, &class->start) : 0;
    struct sched_random random = {task->random};

    switch (class->arrival) {
    case ARRIVAL_ONCE:     if (!first) return false; task->at = begin; break;
    case ARRIVAL_AFTER:    task->at = first ? begin : later(now, task_draw(script, task, &class->gap)); break;
    case ARRIVAL_EVERY:    task->at = first ? begin : later(task->at, task_draw(script, task, &class->gap)); break;
    case ARRIVAL_PERIODIC: task->at = first ? begin : later(task->at, task->period); break;
    case ARRIVAL_DEMAND:
        task->at = later(first ? begin : task->at, draw_exponential(&random, task->period));
        task->random = random.state;
        break;
    case ARRIVAL_LISTED:
        if (!burst_next(script, task, &task->at, &task->listed)) return false;
        task->at = later(task->at, begin);
        break;
    case ARRIVAL_CLOSED:
        task->at = first ? begin : later(now, task->pause);
        if (!burst_next(script, task, &task->listed, &task->pause)) return false;
        break;
    default: task->at = first ? begin : now;
    }
    task->listed = class->bursts_count ? task->listed * script->load / 1000 : 0;
    return class->until == 0 || task->at < class->until;
}

static void release(const struct script *script, struct script_task *task, uint64_t now, struct action *action)
{
    const struct workload_class *class = class_of(script, task);

    if (!arrival_next(script, task, now)) {
        task->state = STEP_OVER;
        action->kind = SCRIPT_EXIT;
        return;
    }
    task->state = STEP_PHASES;
    task->phase = 0;
    action->kind = SCRIPT_RELEASE;
    action->at = task->at;
    action->service = class->bursts_count ? task->listed : service_draw(script, task);
    action->deadline = deadline_of(script, class, task);
    action->due = action->deadline ? later(task->at, action->deadline) : 0;
}

static void done(struct script_task *task, struct action *action)
{
    action->kind = SCRIPT_DONE;
    task->state = STEP_RELEASE;
}

// A job without end, step by step; where the class ends it is done.
static void endless_next(const struct workload_class *class, struct script_task *task, uint64_t now, struct action *action)
{
    uint64_t left = class->until ? class->until - (now < class->until ? now : class->until) : SCRIPT_FOREVER_STEP;

    if (left == 0) {
        done(task, action);
        return;
    }
    action->kind = SCRIPT_COMPUTE;
    action->length = left < SCRIPT_FOREVER_STEP ? left : SCRIPT_FOREVER_STEP;
}

static void barrier(const struct script *script, const struct script_task *task, struct action *action)
{
    const struct workload_class *class = class_of(script, task);
    uint32_t count = count_of(script, class);

    action->kind = SCRIPT_BARRIER;
    action->number = script->first_barrier[task->class] + (class->gang ? task->index / class->gang : 0);
    action->count = class->gang ? class->gang : count;
}

static void phase_next(const struct script *script, struct script_task *task, uint64_t now, struct action *action)
{
    static const enum script_kind kinds[] = {
        [PHASE_COMPUTE] = SCRIPT_COMPUTE, [PHASE_SLEEP] = SCRIPT_SLEEP, [PHASE_LOCK] = SCRIPT_LOCK,
        [PHASE_UNLOCK] = SCRIPT_UNLOCK, [PHASE_YIELD] = SCRIPT_YIELD,
    };
    const struct workload_class *class = class_of(script, task);

    if (class->bursts_count && task->phase == 0) {
        task->phase = 1;
        action->kind = SCRIPT_COMPUTE;
        action->length = task->listed;
        return;
    }
    if (class->bursts_count || task->phase == class->phases) {
        done(task, action);
        return;
    }
    const struct workload_phase *phase = phase_of(script, class, task->phase);
    if (is_endless(phase)) {
        endless_next(class, task, now, action);
        return;
    }
    task->phase++;
    if (phase->action == PHASE_BARRIER) {
        barrier(script, task, action);
        return;
    }
    action->kind = kinds[phase->action];
    action->number = phase->lock;
    if (phase->action == PHASE_COMPUTE || phase->action == PHASE_SLEEP)
        action->length = task_draw(script, task, &phase->lengths);
    action->at = later(now, action->length);
}

void script_next(struct script *script, uint32_t id, uint64_t now, struct action *action)
{
    struct script_task *task = &script->task[id];

    *action = (struct action){0};
    switch (task->state) {
    case STEP_FIRST:
    case STEP_RELEASE: release(script, task, now, action); break;
    case STEP_PHASES:  phase_next(script, task, now, action); break;
    default: action->kind = SCRIPT_EXIT;
    }
}
