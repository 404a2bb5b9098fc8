// SPDX-License-Identifier: BSD-2-Clause
/*
 * Shootdown, counted: environments of one space run on the other harts, rest, and come back, while this one binds and
 * unbinds pages. The firmware is asked once per call, for those harts that ran the space since they last forgot it, and
 * whoever lost a page has lost it. On four harts, on the kernel that checks its invariants.
 */
#include "guest.h"
#include <stdlib.h>

#define ADDRESS  0x3f70000000ul
#define PROBE    (ADDRESS + 0x18000)
#define SAVES    (ADDRESS + 0x20000) // the siblings' save areas
#define SIBLINGS 3                   // on harts 1 to 3
#define ROUNDS   8                   // each waits until the other harts answered
#define WAKE     (1ul << 40)

static struct sibling {
    volatile word_t beats;
    volatile word_t rests;          // it waits when it sees this
    volatile char *volatile probe;  // it looks there when it is not NULL
    env_t env;
    slot_t slot;
} siblings[SIBLINGS];

static char stacks[SIBLINGS][4096] __attribute__((aligned(16)));
static page_t page;

// Without a library: it has no save area of its own at the usual place, no gp, no tp.
static void sibling_main(struct sibling *me)
{
    for (;;) {
        me->beats++;
        if (me->rests)
            sys_slice_wait(WAKE, 0);
        volatile char *probe = me->probe;
        if (probe != NULL)
            (void)*probe;
    }
}

static volatile word_t *save_of(word_t i) { return (volatile word_t *)(SAVES + i * PAGE_SIZE); }

static void sibling_start(word_t i)
{
    struct sibling *me = &siblings[i];
    page_t frames = frame_find(3);
    sysret_t answer;
    while ((answer = sys_env_create(frames, frames + 2, 0)).error == ERR_AGAIN)
        continue;
    CHECK_EQUAL(answer.error, ERR_OK);
    me->env = frames;
    me->slot = SLOT_FREE + i;
    me->rests = 1;
    CHECK_EQUAL(sys_cap_mint(me->slot, me->env, RIGHT_NOTIFY).error, ERR_OK);
    CHECK_EQUAL(vm_bind(0, (word_t)save_of(i), frames + 1, 1, RIGHT_READ | RIGHT_WRITE), ERR_OK);
    sys_env_set(me->env, ENV_PC, (word_t)sibling_main);
    sys_env_set(me->env, ENV_SP, (word_t)stacks[i + 1]);
    sys_env_set(me->env, ENV_ARG, (word_t)me);
    for (word_t position = 0; position < SLICES_MAX; position++)
        sys_slice_give(i + 1, position, me->env); // those that are not ours stay where they are
    CHECK_EQUAL(sys_env_start(me->env).error, ERR_OK);
}

static word_t state_of(word_t i) { return sys_env_info(siblings[i].env, ENV_STATE).value; }

// Waits a second at most.
#define UNTIL(condition)                                                                                     \
    ({                                                                                                       \
        word_t end_ = time_now() + time_from_us(1000000);                                                    \
        while (!(condition) && time_now() < end_)                                                            \
            continue;                                                                                        \
        CHECK(condition);                                                                                    \
    })

static void sibling_rest(word_t i)
{
    __atomic_fetch_and((word_t *)&save_of(i)[SAVE_PENDING / sizeof(word_t)], ~WAKE, __ATOMIC_SEQ_CST);
    siblings[i].rests = 1;
    UNTIL(state_of(i) == ENV_WAITING);
    time_pass_us(1000); // its hart finds that there is nothing else
}

static void sibling_run(word_t i)
{
    siblings[i].rests = 0;
    word_t beats = siblings[i].beats;
    sys_env_notify(siblings[i].slot, WAKE);
    UNTIL(siblings[i].beats > beats + 2);
}

struct counts {
    word_t calls, harts;
};

static struct counts counts(void)
{
    const volatile struct machine_info *info = machine();
    return (struct counts){info->remote_fences, info->remote_fence_harts};
}

static void bind_and_unbind(void)
{
    CHECK_EQUAL(sys_pte_map(0, ADDRESS, page, 1, RIGHT_READ | RIGHT_WRITE, CAP_NONE).error, ERR_OK);
    *(volatile char *)ADDRESS = 1;
    CHECK_EQUAL(sys_pte_unmap(0, ADDRESS, 1).error, ERR_OK);
}

// The least of what several tries need: others in the machine have their own fences, rarely.
static struct counts rounds(void)
{
    struct counts least = {~0ul, ~0ul};
    for (int tries = 0; tries < 2; tries++) {
        struct counts before = counts();
        for (int i = 0; i < ROUNDS; i++)
            bind_and_unbind();
        struct counts after = counts();
        if (after.calls - before.calls < least.calls)
            least = (struct counts){after.calls - before.calls, after.harts - before.harts};
    }
    return least;
}

#define CHECK_ROUNDS(calls_, harts_)                                                                         \
    ({                                                                                                       \
        struct counts found_ = rounds();                                                                     \
        CHECK_EQUAL(found_.calls, calls_);                                                                   \
        CHECK_EQUAL(found_.harts, harts_);                                                                   \
    })

static void counted(void)
{
    bind_and_unbind();
    CHECK_ROUNDS(0, 0); // they all rest
    for (word_t running = 1; running <= SIBLINGS; running++) {
        sibling_run(running - 1);
        CHECK_ROUNDS(ROUNDS, ROUNDS * running); // one call each, for as many harts as run
    }
    for (word_t i = 0; i < SIBLINGS; i++)
        sibling_rest(i);
    struct counts before = counts();
    bind_and_unbind(); // the last time they are asked
    struct counts after = counts();
    CHECK_EQUAL(after.calls - before.calls, 1);
    CHECK_EQUAL(after.harts - before.harts, SIBLINGS);
    CHECK_ROUNDS(0, 0);
}

// Many pages in one call, and all bindings of one frame: one call of the firmware.
static void batched(void)
{
    for (word_t i = 0; i < SIBLINGS; i++)
        sibling_run(i);
    for (word_t i = 0; i < 16; i++)
        CHECK_EQUAL(sys_pte_map(0, ADDRESS + i * PAGE_SIZE, page, 1, RIGHT_READ | RIGHT_WRITE, CAP_NONE).error, ERR_OK);
    struct counts before = counts();
    CHECK_EQUAL(sys_pte_protect(0, ADDRESS, 16, RIGHT_READ).value, 16);
    struct counts after = counts();
    CHECK_EQUAL(after.calls - before.calls, 1);
    CHECK_EQUAL(after.harts - before.harts, SIBLINGS);
    before = counts();
    CHECK_EQUAL(sys_cap_revoke(page).error, ERR_OK);
    after = counts();
    CHECK_EQUAL(after.calls - before.calls, 1);
    CHECK_EQUAL(after.harts - before.harts, SIBLINGS);
    CHECK_EQUAL(frame_entry(page)->bindings, 0);
}

// Siblings hop in and out while pages go: each that looks at a page after it is gone must fault.
static void hopping(void)
{
    for (int round = 0; round < 12; round++) {
        for (word_t i = 0; i < SIBLINGS; i++) {
            if ((round >> i) % 2 == 0) {
                siblings[i].rests = 0;
                sys_env_notify(siblings[i].slot, WAKE);
            } else {
                __atomic_fetch_and((word_t *)&save_of(i)[SAVE_PENDING / sizeof(word_t)], ~WAKE, __ATOMIC_SEQ_CST);
                siblings[i].rests = 1;
            }
        }
        struct counts before = counts();
        for (int i = 0; i < 4; i++)
            bind_and_unbind();
        struct counts after = counts();
        CHECK(after.calls - before.calls <= 4);
        CHECK(after.harts - before.harts <= 4 * SIBLINGS);
    }
}

static void lost(void)
{
    for (word_t i = 0; i < SIBLINGS; i++) {
        sibling_run(i);
        siblings[i].probe = (volatile char *)PROBE;
        word_t beats = siblings[i].beats;
        UNTIL(siblings[i].beats > beats + 100); // it looks there, and may
    }
    CHECK_EQUAL(sys_pte_unmap(0, PROBE, 1).error, ERR_OK);
    word_t beats[SIBLINGS];
    for (word_t i = 0; i < SIBLINGS; i++)
        beats[i] = siblings[i].beats;
    for (word_t i = 0; i < SIBLINGS; i++) {
        UNTIL(state_of(i) == ENV_FAULTED); // it has no handler
        CHECK(siblings[i].beats <= beats[i] + 1);
    }
    CHECK_ROUNDS(0, 0); // they never go on
}

int main(void)
{
    if (machine()->hart_count < 1 + SIBLINGS) {
        fprintf(stderr, "this test needs %d harts\n", 1 + SIBLINGS);
        return 1;
    }
    page = frame_alloc();
    page_t probe = frame_alloc();
    CHECK_EQUAL(vm_bind(0, PROBE, probe, 1, RIGHT_READ), ERR_OK);
    memset(stacks, 0, sizeof(stacks)); // their pages are there
    for (word_t i = 0; i < SIBLINGS; i++)
        sibling_start(i);
    for (word_t i = 0; i < SIBLINGS; i++)
        UNTIL(state_of(i) == ENV_WAITING);
    time_pass_us(20000);
    counted();
    batched();
    hopping();
    lost();
    for (word_t i = 0; i < SIBLINGS; i++) {
        vm_unbind(0, (word_t)save_of(i), 1);
        sysret_t answer;
        while ((answer = sys_env_destroy(siblings[i].env)).error == ERR_AGAIN)
            continue;
        CHECK_EQUAL(answer.error, ERR_OK);
    }
    frame_free(probe);
    CHECK_EQUAL(sys_page_free(page).error, ERR_OK);
    return guest_end();
}
