// SPDX-License-Identifier: BSD-2-Clause
/*
 * Exercise 9: this program is the victim. The attacker is its child, which ends with the number of its attempts that
 * were refused; the kernel recorded every call, answer and exception meanwhile, and that is what counts. Afterwards
 * nothing of the victim's may be missing or changed.
 */
#include "../check.h"

#include "attack.h"

#include <libos/trace/rings.h>
#include <string.h>

#define RING_PAGES  32
#define PATIENCE_US 500000
#define SECRET      0x5ec2e75ec2e75ec2ul

extern const uint8_t exercise_program[], exercise_program_end[];

static const struct kernel_call {
    int8_t index;
    const char *room, *verb;
} calls[] = {
#define SYSCALL(index, room, verb, arity, arguments, errors, text) {(int8_t)(index), #room, #verb},
#define HOTCALL(index, room, verb, errors, text)                   {(int8_t)(index), #room, #verb},
#include <rivet/syscall.def>
#undef SYSCALL
#undef HOTCALL
};
#define CALLS (sizeof(calls) / sizeof(calls[0]))

static bool refused[CALLS]; // at least once, for a reason of protection
static word_t refusals, faults, lost;
static volatile word_t secrets[PAGE_SIZE / sizeof(word_t)] __attribute__((aligned(PAGE_SIZE)));

static const char *error_name(word_t error)
{
    switch (error) {
#define ERROR(number, name, text) case number: return #name;
#include <rivet/error.def>
#undef ERROR
    default: return "?";
    }
}

static const struct kernel_call *call_of(word_t index)
{
    for (size_t i = 0; i < CALLS; i++)
        if (calls[i].index == (int8_t)index)
            return &calls[i];
    return NULL;
}

static void answer_note(const struct kernel_call *call, word_t error)
{
    if (!call || (error != ERR_PERM && error != ERR_STALE && error != ERR_CLOSED))
        return;
    if (!refused[call - calls])
        check_note("refused: %s_%s, %s", call->room, call->verb, error_name(error));
    refused[call - calls] = true;
    refusals++;
}

// What the attacker did, as the kernel recorded it.
static void record_read(struct rings *rings, env_t attacker)
{
    struct trace_record record;
    const struct kernel_call *last = NULL;
    word_t hart;

    while (rings_next(rings, &record, &hart)) {
        word_t argument = record.what >> 8;
        if (record.env != attacker)
            continue;
        switch (record.what & 0xff) {
        case TRACE_CALL: last = call_of(argument); break;
        case TRACE_RETURN: answer_note(last, argument); break;
        case TRACE_TRAP:
            faults += argument == 13 || argument == 15 || argument == 12 || argument == 5 || argument == 7;
            break;
        }
    }
    lost = rings->lost;
}

static size_t rooms_refused(void)
{
    size_t rooms = 0;

    for (size_t i = 0; i < CALLS; i++) {
        bool first = refused[i];
        for (size_t j = 0; j < i; j++)
            first &= !refused[j] || strcmp(calls[i].room, calls[j].room) != 0;
        rooms += first;
    }
    return rooms;
}

static size_t calls_refused(void)
{
    size_t count = 0;

    for (size_t i = 0; i < CALLS; i++)
        count += refused[i];
    return count;
}

struct wealth {
    size_t frames, slices, wrong;
};

static struct wealth wealth_count(void)
{
    struct wealth wealth = {0};

    for (page_t i = 0; i < machine()->ram_count; i++)
        wealth.frames += frame_entry(machine()->ram_first + i)->owner == self();
    for (word_t hart = 0; hart < machine()->hart_count; hart++)
        for (word_t position = 0; position < SLICES_MAX; position++)
            wealth.slices += slice_entry(hart, position)->env == self();
    for (size_t i = 0; i < PAGE_SIZE / sizeof(word_t); i++)
        wealth.wrong += secrets[i] != SECRET + i;
    return wealth;
}

// NULL, or why the attacker could not be started; it has ended then, or its time is over.
static const char *attack(struct child *child, int *status)
{
    const char *why =
        child_spawn(child, &(struct child_options){.program = "attacker",
                                                   .image = exercise_program,
                                                   .image_size = (size_t)(exercise_program_end - exercise_program),
                                                   .frames = 200,
                                                   .slices = 4,
                                                   .weight = CHILD_ALONE});
    word_t until = time_now() + time_from_us(PATIENCE_US);

    while (!why && !child_ended(child, status) && time_now() < until)
        events_wait(EVENT_BIT(CHILD), time_now() + time_from_us(1000));
    return why;
}

static void record_check(struct rings *rings, env_t attacker, int status)
{
    record_read(rings, attacker);
    check(calls_refused() >= ATTACK_CALLS, "different calls that were refused it: %zu seen, at least %d expected",
          calls_refused(), ATTACK_CALLS);
    check(rooms_refused() >= ATTACK_ROOMS, "rooms of the kernel that refused it: %zu seen, at least %d expected",
          rooms_refused(), ATTACK_ROOMS);
    check(faults >= ATTACK_LOADS, "accesses that ended in an exception: %lu seen, at least %d expected",
          (unsigned long)faults, ATTACK_LOADS);
    check_equal((word_t)status, refusals, "its report: attempts that were refused it");
    check_equal(lost, 0, "records that were lost, because there were more than %d", RING_PAGES * TRACE_PER_PAGE);
}

static void harm_check(struct wealth before)
{
    struct wealth after = wealth_count();

    check_equal(after.frames, before.frames, "frames of the victim");
    check_equal(after.slices, before.slices, "slices of the victim");
    check_equal(after.wrong, 0, "words of the victim's secrets that are not what they were");
}

int main(void)
{
    struct rings rings;
    struct child child = {0};
    int status = 0;

    for (size_t i = 0; i < PAGE_SIZE / sizeof(word_t); i++)
        secrets[i] = SECRET + i;
    const char *why = rings_open(&rings, RING_PAGES);
    if (!check(!why, "the kernel records%s%s", why ? ": " : "", why ? why : ""))
        return check_end();
    struct wealth before = wealth_count();
    why = attack(&child, &status);
    rings_stop(&rings);
    bool ended = !why && child_ended(&child, &status);
    if (check(ended, "the attacker ran, and came to an end%s%s", why ? ": " : "", why ? why : "")) {
        check(child_env_state(&child) == ENV_EXITED, "it ended by itself, and was not stopped by an exception");
        child_report(&child);
        record_check(&rings, child.env, status);
    }
    if (!why) {
        child_kill(&child);
        child_reap(&child);
    }
    harm_check(before);
    rings_close(&rings);
    return check_end();
}
