// SPDX-License-Identifier: BSD-2-Clause
/*
 * Runs storms: machines of 256 frames, some of more, each from a seed of its own, with every invariant, every
 * TLB and every sleeping hart checked after each step. At the end of each the first environment takes
 * everything apart and must own it all.
 *
 *     storm [--seed N] [--calls N] [--harts N] [--machines N] [--nests] [--verbose]
 *
 * With --nests environments donate time much more, one inside the other.
 */
#include "storm.h"

#include "board/board.h"
#include "irq/irq.h"
#include "machine/machine.h"
#include "revoke/revoke.h"
#include "slice/slice.h"
#include "trace/trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct {
    word_t seed, calls, harts, machines;
} options = {.calls = 2000};

static word_t machine_seed, machine_harts;

static void say_replay(void)
{
    fprintf(stderr, "  replay: storm --machines 1 --harts %lu --calls %lu --seed %lu%s --verbose\n",
            (unsigned long)machine_harts, (unsigned long)storm.calls + 1, (unsigned long)machine_seed,
            storm.nests ? " --nests" : "");
}

static void check_all(void)
{
    word_t self = fake.self;
    for (word_t i = 0; fake_self()->mode != FAKE_USER && i < hart_count; i++)
        fake_on(i);
    bool runs = fake_self()->mode == FAKE_USER;
    if (!page_invariant())                fake_fail("page_invariant");
    if (runs && !env_invariant())         fake_fail("env_invariant");
    if (!slice_invariant())               fake_fail("slice_invariant");
    if (!board_invariant())               fake_fail("board_invariant");
    if (!trace_invariant())               fake_fail("trace_invariant");
    if (!irq_invariant())                 fake_fail("irq_invariant");
    if (!revoke_invariant())              fake_fail("revoke_invariant");
    fake_on(self);
}

static bool is_zero(page_t page)
{
    const char *memory = page_memory(page);
    return memory[0] == 0 && memcmp(memory, memory + 1, PAGE_SIZE - 1) == 0;
}

// No call, whatever it does, has more than one remote fence for translations, and one for code.
void storm_fences_check(void)
{
    if (fake.code_fences > 1 || fake.fences - fake.code_fences > 1)
        fake_fail("a call has several remote fences");
}

bool storm_call(word_t call, word_t a0, word_t a1, word_t a2, word_t a3, word_t a4, word_t a5)
{
    if (fake_self()->mode != FAKE_USER)
        return false;
    const word_t arguments[] = {a0, a1, a2, a3, a4, a5};
    word_t by = fake_env()->self;
    // A yield first ends calls that wait too long, which is no change that it makes; nor is what a donation puts right on a board.
    bool compare = fake.snapshot = chance(3) && call != CALL_slice_yield_to && call != CALL_slice_donate && call != CALL_pct_call;
    sysret_t answer = fake_call(call, arguments);
    fake.snapshot = false;
    const char *differs = compare && fake.returned && answer.error != ERR_OK && answer.error != ERR_AGAIN
                              ? snapshot_differs()
                              : NULL;
    if (differs != NULL) {
        fprintf(stderr, "storm: %s is not as it was\n", differs);
        fake_fail("a refused call changed something");
    }
    storm.calls++;
    storm.refusals += fake.returned && answer.error != ERR_OK;
    storm.again = fake.returned && answer.error == ERR_AGAIN;
    if (storm.verbose)
        printf("%5lu hart %lu env %lx: %-13s %lx %lx %lx %lx %lx %lx -> %s %ld %lx\n",
               (unsigned long)storm.calls, (unsigned long)fake.self, (unsigned long)by, fake.context,
               (unsigned long)a0, (unsigned long)a1, (unsigned long)a2, (unsigned long)a3, (unsigned long)a4,
               (unsigned long)a5, fake.returned ? "" : "left", answer.error, (unsigned long)answer.value);
    storm_fences_check();
    if (call == CALL_page_alloc && fake.returned && answer.error == ERR_OK && !is_zero(a0))
        fake_fail("a frame comes with what was in it");
    check_all();
    return fake.returned && answer.error == ERR_OK;
}

static void interrupts(word_t percent)
{
    word_t self = fake.self;
    for (word_t i = 0; i < hart_count; i++) {
        fake_on(i);
        if (chance(percent) && fake_interrupt())
            check_all();
    }
    fake_on(self);
}

// Time until something happens, when nothing else does.
static void time_forward(void)
{
    word_t next = ~0ul;
    for (word_t i = 0; i < hart_count; i++)
        if (fake_harts[i].timer < next)
            next = fake_harts[i].timer;
    if (next == ~0ul)
        fake_fail("every hart sleeps for ever, and the first environment still has something to do");
    if (next > fake.time)
        fake.time = next;
    interrupts(100);
}

static void step(void)
{
    fake.time += chance(96) ? any(500) : any(2 * machine_info->slice_ticks);
    if (chance(5))
        plic_raise(1 + any(6));
    interrupts(60);
    word_t hart = any(hart_count);
    fake_on(hart);
    for (word_t i = 1; fake_self()->mode != FAKE_USER && i < hart_count; i++)
        fake_on((hart + i) % hart_count);
    if (fake_self()->mode != FAKE_USER) {
        time_forward();
        return;
    }
    act();
    for (word_t i = 0; i < hart_count; i++) { // walkers look ahead as they like
        fake_on(i);
        if (fake_self()->mode == FAKE_USER && chance(30))
            fake_speculate(choose_address() & (USER_END - 1));
    }
}

// On a hart that runs the first environment.
static void init_find(void)
{
    for (int tries = 0; tries < 100000; tries++) {
        for (word_t i = 0; i < hart_count; i++) {
            fake_on(i);
            if (fake_self()->mode == FAKE_USER && fake_env()->self == fake.init)
                return;
        }
        time_forward();
    }
    fake_fail("the first environment never runs again");
}

static void take_apart(word_t call, page_t name)
{
    for (int pieces = 0; pieces < 10000; pieces++) {
        init_find();
        sysret_t answer = fake_call(call, (const word_t[6]){name});
        check_all();
        if (answer.error == ERR_OK)
            return;
        if (answer.error != ERR_AGAIN)
            fake_fail("what the first environment owns cannot be taken apart");
        interrupts(100);
    }
    fake_fail("something can never be taken apart");
}

static page_t owned(enum page_kind kind, page_t but)
{
    for (page_t page = FAKE_FIRST; page < FAKE_FIRST + pages.count; page++)
        if (page_frame(page)->kind == kind && page_frame(page)->owner == fake.init && page != but)
            return page;
    return 0;
}

static void account(void)
{
    init_find();
    space_t own = fake_env()->space->root;
    for (page_t page; (page = owned(PAGE_ENV, 0)) != 0;) {
        if (page == fake.init && (page = owned(PAGE_ENV, fake.init)) == 0)
            break;
        take_apart(CALL_env_destroy, page);
    }
    for (page_t page; (page = owned(PAGE_ROOT, own)) != 0;)
        take_apart(CALL_space_destroy, page);
    for (word_t i = 0; i < page_count(); i++)
        if (page_number(i)->owner != fake.init)
            fake_fail("a frame is not the first environment's again");
    for (word_t hart = 0; hart < hart_count; hart++)
        for (word_t position = 0; position < SLICES_MAX; position++)
            if (fake_vectors[hart][position].env != fake.init)
                fake_fail("a slice is not the first environment's again");
}

static void machine_run(word_t seed, word_t harts)
{
    const word_t asids[] = {16, 16, 0, 3};
    machine_seed = seed;
    machine_harts = harts;
    bool verbose = storm.verbose, nests = storm.nests;
    storm = (struct storm){.random = seed, .verbose = verbose, .nests = nests};
    word_t bits = any(10); // who sets A and D
    fake_boot((struct fake_options){.harts = harts,
                                    .frames = chance(25) ? 1536 : 256,
                                    .asid_bits = asids[any(4)],
                                    .no_sstc = chance(20),
                                    .no_walker_bits = bits < 3,
                                    .no_ad = bits == 3 || bits == 4});
    trace_allow();
    fake_on(0);
    act_tables();
    for (int i = 0; i < 4; i++)
        act_build();
    fake.between = storm_between;
    while (storm.calls < options.calls)
        step();
    fake.between = NULL;
    account();
}

static word_t number(const char *text)
{
    char *end;
    word_t value = strtoul(text, &end, 0);
    if (*text == '\0' || *end != '\0') {
        fprintf(stderr, "storm: %s is not a number.\n", text);
        exit(2);
    }
    return value;
}

int main(int count, char **arguments)
{
    options.seed = (word_t)time(NULL) << 20;
    for (int i = 1; i < count; i++) {
        const char *next = i + 1 < count ? arguments[i + 1] : "";
        if (strcmp(arguments[i], "--verbose") == 0)
            storm.verbose = true;
        else if (strcmp(arguments[i], "--nests") == 0)
            storm.nests = true;
        else if (strcmp(arguments[i], "--seed") == 0)
            options.seed = number(next), i++;
        else if (strcmp(arguments[i], "--calls") == 0)
            options.calls = number(next), i++;
        else if (strcmp(arguments[i], "--harts") == 0)
            options.harts = number(next), i++;
        else if (strcmp(arguments[i], "--machines") == 0)
            options.machines = number(next), i++;
        else {
            fprintf(stderr, "usage: storm [--seed N] [--calls N] [--harts N] [--machines N] [--nests] [--verbose]\n");
            return 2;
        }
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    fake_failing = say_replay;
    word_t machines = options.machines != 0 ? options.machines : 12, calls = 0, refusals = 0, between = 0;
    printf("storm: seed %lu, %lu machines\n", (unsigned long)options.seed, (unsigned long)machines);
    for (word_t i = 0; i < machines; i++) {
        machine_run(options.seed + i, options.harts != 0 ? options.harts : i % 2 == 0 ? 1 : 4);
        calls += storm.calls;
        refusals += storm.refusals;
        between += storm.between;
    }
    printf("storm: %lu calls, %lu refused, %lu interrupted by others\n", (unsigned long)calls, (unsigned long)refusals,
           (unsigned long)between);
    return refusals * 10 > calls * 9; // hardly anything worked: that was no storm
}
