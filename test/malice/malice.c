// SPDX-License-Identifier: BSD-2-Clause
/*
 * The harness: runs each attacker beside a witness, ends it, and looks whether anything is missing.
 *
 *     malice [COUNT] [NAME...]     all attackers of attacks.def, and `elf`, or those named; each COUNT times
 *
 * After each: every frame, slice and interrupt source that was ours is ours again; each frame's owner lives;
 * every invariant of the kernel holds (a kernel built with RIVET_AUDIT); the witness found nothing of its
 * own changed, and went on meanwhile.
 */
#include "account.h"
#include "asked.h"
#include "damage.h"
#include <rivet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLOT_WITNESS_OWN SLOT_FREE // the capability in our own slots
#define SLOT_WITNESS     3         // and where attackers have it
#define ATTACKER_FRAMES  1100
#define ATTACKER_SLICES  4
#define STAY_US          300000
#define LIMIT_US         60000000
#define STATUS_FAULTED   139

enum end { EXITS, FAULTS, STAYS, ANY };

static const struct attack {
    const char *name;
    enum end end;
    int asked; // enum revoke_kind; NOT_ASKED
} attacks[] = {
#define ATTACK(name, end) {#name, end, NOT_ASKED},
#define ATTACK_ASKED(name, end, kind) {#name, end, REVOKE_##kind},
#include "attacks.def"
};

static struct child witness;
static const volatile word_t *witness_rounds;

static const char *witness_start(void)
{
    const char *why =
        child_build(&witness, &(struct child_options){.program = "witness", .frames = 8, .slices = 2, .weight = CHILD_ALONE});
    if (why) return why;
    word_t window = vm_window_open(1);
    if (!window || vm_bind(0, window, witness.env + 1, 1, RIGHT_READ) != ERR_OK)
        return "the witness's save area could not be mapped";
    witness_rounds = (const volatile word_t *)(window + SAVE_ROOM);
    if (sys_cap_mint(SLOT_WITNESS_OWN, witness.env, RIGHTS_PEER).error != ERR_OK)
        return "there is no capability to the witness";
    return child_start(&witness);
}

static const char *witness_check(word_t rounds)
{
    static char text[64];
    int status;
    word_t deadline = time_now() + time_from_us(LIMIT_US);

    while (!child_ended(&witness, &status) && *witness_rounds == rounds && time_now() < deadline)
        events_wait(0, time_now() + time_from_us(5000));
    if (child_ended(&witness, &status)) {
        snprintf(text, sizeof(text), "the witness ended with status %d", status);
        return text;
    }
    return *witness_rounds == rounds ? "the witness stands still" : NULL;
}

static const char *end_check(const struct attack *attack, bool ended, int status)
{
    static char text[96];

    if (attack->end == ANY || (attack->end == STAYS && !ended) ||
        (attack->end == EXITS && ended && status == 0) ||
        (attack->end == FAULTS && ended && status == STATUS_FAULTED))
        return NULL;
    if (!ended) return "it did not end";
    if (status == STATUS_FAULTED)
        snprintf(text, sizeof(text), "it was stopped by a fault");
    else if (status > 10000)
        snprintf(text, sizeof(text), "library.c:%d does not hold", status - 10000);
    else
        snprintf(text, sizeof(text), "%s.c:%d does not hold", attack->name, status);
    return text;
}

// The whole life of one attacker; NULL when it ended as it should.
static const char *attack_run(const struct attack *attack)
{
    struct child child;
    int status = 0;
    const char *why = child_build(&child, &(struct child_options){.program = attack->name,
                                                                  .frames = ATTACKER_FRAMES,
                                                                  .slices = ATTACKER_SLICES,
                                                                  .weight = CHILD_ALONE});
    if (why) return why;
    if (child_grant(&child, SLOT_WITNESS_OWN, SLOT_WITNESS, RIGHTS_PEER) != ERR_OK)
        why = "the witness could not be granted";
    if (!why && attack->asked != NOT_ASKED) why = asked_equip(&child, attack->asked);
    if (!why) why = child_start(&child);
    if (!why && attack->asked != NOT_ASKED) why = asked_drive(&child, attack->asked);
    word_t us = attack->end == EXITS || attack->end == FAULTS ? LIMIT_US : STAY_US;
    word_t deadline = time_now() + time_from_us(us);
    while (!why && !child_ended(&child, &status) && time_now() < deadline)
        events_wait(EVENT_BIT(CHILD), time_now() + time_from_us(5000));
    if (!why) why = end_check(attack, child_ended(&child, &status), status);
    if (why && child_env_state(&child) == ENV_FAULTED) fault_print(&child);
    child_reap(&child);
    heirs_reap(&witness, 1);
    return why;
}

// Broken programs for the loader: each is refused with a sentence, or harms itself alone.
static const char *elf_run(const struct attack *attack)
{
    struct bundle_file file;
    const char *why;
    struct child child;

    (void)attack;
    if (!bundle_find(bundle_own(&why), "spin", &file, &why)) return why;
    for (int i = 0; i < DAMAGES; i++) {
        size_t size = file.size;
        uint8_t *image = damage_make(file.bytes, &size, i);
        if (!image) return "there is no memory for a damaged program";
        struct child_options options = {
            .program = "damaged", .image = image, .image_size = size, .frames = 8, .weight = CHILD_ALONE};
        if (!child_build(&child, &options)) {
            if (i < DAMAGES_FATAL) return "a program that ends inside its headers was loaded";
            if (!child_start(&child)) events_wait(EVENT_BIT(CHILD), time_now() + time_from_us(2000));
            child_reap(&child);
        }
        damage_free(image);
    }
    return NULL;
}

static bool attack_try(const struct attack *attack, const char *(*run)(const struct attack *))
{
    struct account before = account_take();
    word_t rounds = *witness_rounds, from = time_now();
    const char *why = run(attack);
    const char *harm = account_damage(before);

    if (!harm) harm = witness_check(rounds);
    if (!harm && sys_env_null().error != ERR_OK) harm = "the kernel does not answer";
    printf("%-16s %s%s%s (%lu ms)\n", attack->name,
           why    ? why
           : harm ? ""
                  : "repelled",
           why && harm ? "; " : "", harm ? harm : "",
           (unsigned long)((time_now() - from) * 1000 / machine()->timebase_hz));
    fflush(stdout);
    return !why && !harm;
}

static bool is_named(int argc, char **argv, const char *name)
{
    bool named = argc < 2;
    for (int i = 1; i < argc; i++) named |= strcmp(argv[i], name) == 0;
    return named;
}

int main(int argc, char **argv)
{
    static const struct attack elf = {"elf", ANY, NOT_ASKED};
    const char *why = witness_start();
    int run = 0, failed = 0, count = argc > 1 ? atoi(argv[1]) : 0;

    if (count > 0) argc--, argv++;
    if (why) {
        printf("malice: the witness cannot be started: %s\n", why);
        return 1;
    }
    do {
        for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++)
            if (is_named(argc, argv, attacks[i].name)) run++, failed += !attack_try(&attacks[i], attack_run);
        if (is_named(argc, argv, elf.name)) run++, failed += !attack_try(&elf, elf_run);
    } while (--count > 0);
    printf("malice: %d attacks, %d repelled, %d not\n", run, run - failed, failed);
    return run == 0 || failed != 0;
}
