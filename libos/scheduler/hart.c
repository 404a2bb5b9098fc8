// SPDX-License-Identifier: BSD-2-Clause
/*
 * The scheduler's other harts. An environment is on one hart at a time, so on each of the others a small one of the
 * program's space, the *dispatcher*, has the program's slices. It waits until it is told whom to run, donates, and says
 * how that ended; it decides nothing, so one policy, which is never called twice at once, has all harts:
 *
 *     scheduler    order: slot, until, word; ordered++   --EVENT_ORDER-->    dispatcher    slice_donate ...
 *                  reports_look                          <--EVENT_REPORT--   answer; reported = ordered
 *     scheduler    recalled = ordered                    --EVENT_ORDER-->    its donation ends, and it says so
 *
 * Each of these events is an interrupt between harts where the other one runs somebody or sleeps. A dispatcher with
 * nothing to do waits, so its hart, if nobody else has slices there, sleeps on the kernel's own root.
 *
 * A dispatcher donates by capabilities of its own, in slots that have the children's indices. It opens them for the
 * scheduler, which grants; when a child is gone, `stale` says which to empty and open again.
 */
#include <libos/scheduler/internal.h>
#include <libos/vm/vm.h>
#include <string.h>

#define STACK          2048
#define SLOT_SCHEDULER 0 // of a dispatcher's: nobody's index
#define INDEX_WORDS    (BOARD_ENTRIES / 64)

static struct dispatcher {
    // Written by the scheduler
    word_t ordered, recalled; // numbers of orders
    slot_t slot;
    word_t until, word;
    word_t stale[INDEX_WORDS]; // both
    // Written by the dispatcher
    word_t reported;
    sysret_t answer;
    // The scheduler's own
    word_t looked; // the last report that was looked at
    env_t env;
    word_t save;   // its save area here
    slot_t notify;
} dispatchers[HARTS_MAX]; // by the driver's numbers: 0 is none

static char stacks[HARTS_MAX][STACK] __attribute__((aligned(16)));

// The dispatcher's part

static void slots_open(struct dispatcher *me)
{
    for (word_t word = 0; word < INDEX_WORDS; word++) {
        word_t stale = __atomic_exchange_n(&me->stale[word], 0, __ATOMIC_ACQUIRE);
        for (; stale; stale &= stale - 1) {
            slot_t slot = word * 64 + (word_t)__builtin_ctzl(stale);
            sys_cap_drop(slot); // refused when it is empty
            sys_cap_open(slot, scheduler.env);
        }
    }
}

static bool is_early(sysret_t answer, word_t until)
{
    bool used = answer.error == ERR_DEADLINE || (answer.error == ERR_OK && answer.value == DONATE_USED);
    return used && time_now() < until;
}

// Until it is over: the ends of our own slices are no ends of it, nor are events that do not call it back.
static sysret_t order_obey(struct dispatcher *me, word_t ordered)
{
    for (;;) {
        __atomic_store_n((word_t *)(me->save + SAVE_PENDING), 0, __ATOMIC_SEQ_CST);
        slots_open(me);
        if (__atomic_load_n(&me->recalled, __ATOMIC_SEQ_CST) == ordered)
            return (sysret_t){ERR_PENDING, 0};
        sysret_t answer = sys_slice_donate(me->slot, me->until, EVENT_ORDER, me->word);
        bool event = answer.error == ERR_PENDING || (answer.error == ERR_OK && answer.value == DONATE_EVENT);
        if (!event && !is_early(answer, me->until))
            return answer;
        if (answer.error == ERR_DEADLINE)
            sys_slice_yield(); // our slice is as good as over
    }
}

static void dispatcher_run(word_t hart)
{
    struct dispatcher *me = &dispatchers[hart];

    for (;;) {
        __atomic_store_n((word_t *)(me->save + SAVE_PENDING), 0, __ATOMIC_SEQ_CST);
        slots_open(me);
        word_t ordered = __atomic_load_n(&me->ordered, __ATOMIC_SEQ_CST);
        if (ordered == me->reported) {
            sys_slice_wait(EVENT_ORDER, 0);
            continue;
        }
        me->answer = order_obey(me, ordered);
        __atomic_store_n(&me->reported, ordered, __ATOMIC_RELEASE);
        sys_env_notify(SLOT_SCHEDULER, EVENT_REPORT);
    }
}

// The scheduler's part

bool hart_is_busy(uint32_t hart)
{
    return dispatchers[hart].ordered != dispatchers[hart].looked;
}

static void dispatcher_call(const struct dispatcher *one)
{
    sys_env_notify(one->notify, EVENT_ORDER);
}

void hart_order(uint32_t hart, struct scheduled *one)
{
    struct dispatcher *to = &dispatchers[hart];

    to->slot = one->task.id;
    to->until = scheduler.hart[hart].turn_end;
    to->word = board_word(one);
    __atomic_store_n(&to->ordered, to->ordered + 1, __ATOMIC_SEQ_CST);
    dispatcher_call(to);
}

void hart_recall(uint32_t hart)
{
    __atomic_store_n(&dispatchers[hart].recalled, dispatchers[hart].ordered, __ATOMIC_SEQ_CST);
    dispatcher_call(&dispatchers[hart]);
}

void reports_look(void)
{
    events_take(EVENT_REPORT);
    for (uint32_t hart = 1; hart < scheduler.harts; hart++) {
        struct dispatcher *from = &dispatchers[hart];
        word_t reported = __atomic_load_n(&from->reported, __ATOMIC_ACQUIRE);
        if (reported == from->looked)
            continue;
        from->looked = reported;
        if (sched_running(hart))
            donation_look(hart, scheduled_of(sched_running(hart)), from->answer);
    }
}

// Until it has opened the slot: it was told to before, or is just starting.
static bool grant(const struct scheduled *one, const struct dispatcher *to)
{
    long error;

    while ((error = sys_cap_grant(slot_of(one), to->env, one->task.id, RIGHT_YIELD).error) == ERR_CLOSED) {
        dispatcher_call(to);
        sys_slice_yield();
    }
    return error == ERR_OK;
}

bool harts_grant(const struct scheduled *one)
{
    for (uint32_t hart = 1; hart < scheduler.harts; hart++)
        if (!grant(one, &dispatchers[hart]))
            return false;
    return true;
}

void harts_forget(const struct scheduled *one)
{
    for (uint32_t hart = 1; hart < scheduler.harts; hart++)
        __atomic_fetch_or(&dispatchers[hart].stale[one->task.id / 64], 1ul << one->task.id % 64, __ATOMIC_RELEASE);
}

// Whether this program has slices there; they go to `heir`, unless that is 0.
static bool slices_give(word_t hart, env_t heir)
{
    bool ours = false;

    for (word_t position = 0; position < SLICES_MAX; position++)
        if (slice_entry(hart, position)->env == self())
            ours |= heir == 0 || sys_slice_give(hart, position, heir).error == ERR_OK;
    return ours;
}

uint32_t scheduler_harts(void)
{
    uint32_t count = 0;

    for (word_t hart = 0; hart < machine()->hart_count; hart++)
        count += slices_give(hart, 0);
    return count + (scheduler.harts > 1 ? scheduler.harts - 1 : 0); // dispatchers have those of theirs
}

static const char *dispatcher_make(uint32_t number, word_t hart)
{
    struct dispatcher *one = &dispatchers[number];

    memset(stacks[number], 0, STACK); // it is there
    *one = (struct dispatcher){.notify = scheduler.notify + number - 1, .stale = {~1ul, ~0ul}};
    one->env = worker_create(dispatcher_run, number, (word_t)stacks[number] + STACK);
    one->save = one->env ? vm_window_open(1) : 0;
    scheduler.harts = number + 1;
    if (!one->save || vm_bind(0, one->save, one->env + 1, 1, RIGHT_READ | RIGHT_WRITE) != ERR_OK)
        return "there is no memory for an environment on each hart";
    if (sys_cap_mint(one->notify, one->env, RIGHT_NOTIFY).error != ERR_OK ||
        sys_cap_grant(SLOT_SELF, one->env, SLOT_SCHEDULER, RIGHT_NOTIFY).error != ERR_OK)
        return "no slot is free for a capability to an environment on each hart";
    slices_give(hart, one->env);
    sys_env_start(one->env);
    return NULL;
}

const char *harts_begin(uint32_t harts)
{
    const char *why = NULL;
    word_t hart = 0;

    scheduler.env = self();
    while (!slices_give(hart, 0))
        hart++; // the first one stays ours
    for (uint32_t number = 1; number < harts && !why; number++) {
        do
            hart++;
        while (!slices_give(hart, 0));
        why = dispatcher_make(number, hart);
    }
    if (why)
        harts_end();
    return why;
}

void harts_end(void)
{
    for (uint32_t hart = 1; hart < scheduler.harts; hart++) {
        struct dispatcher *one = &dispatchers[hart];
        while (one->env && sys_env_stop(one->env).error == ERR_AGAIN)
            continue;
        if (one->save)
            vm_window_close(one->save, 1);
        if (one->env)
            worker_destroy(one->env);
        sys_cap_drop(one->notify);
        *one = (struct dispatcher){0};
    }
    scheduler.harts = 1;
    events_take(EVENT_REPORT);
}
