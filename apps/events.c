// SPDX-License-Identifier: BSD-2-Clause
/*
 * Prints what the kernel records, by name, while a program runs or for a while:
 *
 *     events PROGRAM [ARGS...]       a program of the bundle, until it ends
 *     events --ms N                  whatever runs in the next N milliseconds
 *
 * The machine has to be booted for it: ./rivet run --events hello
 */
#include <libos/trace/rings.h>
#include <rivet.h>
#include <rivet/slice.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGES 16 // a hart: some 4,000 records

static const char usage[] = "usage: events PROGRAM [ARGS...]\n"
                            "       events --ms N\n"
                            "Prints each switch, call, trap and event while the program runs, or for N milliseconds.\n"
                            "Needs a boot for it: ./rivet run --events hello\n";

static const char *kind_name(uint32_t kind)
{
    switch (kind) {
#define TRACE(number, NAME, argument, text) case number: return #NAME;
#include <rivet/trace.def>
#undef TRACE
    default: return "?";
    }
}

static const char *call_name(uint32_t index)
{
    switch ((int8_t)index) {
#define SYSCALL(number, room, verb, arity, arguments, errors, text) case number: return #room "_" #verb;
#define HOTCALL(number, room, verb, errors, text)                   case number: return #room "_" #verb;
#include <rivet/syscall.def>
#undef SYSCALL
#undef HOTCALL
    default: return "?";
    }
}

static const char *error_name(uint32_t error)
{
    switch (error) {
#define ERROR(number, name, text) case number: return #name;
#include <rivet/error.def>
#undef ERROR
    default: return "?";
    }
}

static const char *event_name(uint32_t bit)
{
    switch (bit) {
#define EVENT(number, name, text) case number: return #name;
#include <rivet/event.def>
#undef EVENT
    default: return "one of its own";
    }
}

static const char *trap_name(uint32_t cause)
{
    switch (cause) {
    case 2:       return "illegal instruction";
    case 3:       return "breakpoint";
    case 8:       return "a call that is not the kernel's";
    case 12:      return "page fault on a fetch";
    case 13:      return "page fault on a load";
    case 15:      return "page fault on a store";
    case 128 + 1: return "another hart, or an alarm";
    case 128 + 5: return "timer";
    case 128 + 9: return "device";
    default:      return "exception";
    }
}

// Eight characters at most, as its creator named it; init has no creator.
static const char *label(env_t env)
{
    static char text[9];
    const volatile struct frame *frame = frame_entry(env);
    uint64_t detail = frame != NULL && frame->kind == PAGE_ENV ? frame->detail : 0;
    memcpy(text, &detail, 8);
    return text[0] != '\0' ? text : env == machine()->init ? "init" : "?";
}

static void record_print(const struct trace_record *record, word_t hart, word_t from)
{
    uint32_t kind = record->what & 255, argument = record->what >> 8;
    word_t us = (record->time - from) * 1000000 / machine()->timebase_hz;
    printf("%7lu.%03lu ms  hart %lu  %-8s  %-10s ", us / 1000, us % 1000, hart, label(record->env), kind_name(kind));
    switch (kind) {
    case TRACE_RUN:        printf("slice %u%s", argument & 255, argument >> 8 != 0 ? ", donated" : ""); break;
    case TRACE_POST:       printf("%s", event_name(argument)); break;
    case TRACE_DONATE:     printf("level %u", argument); break;
    case TRACE_DONATE_END: printf("reason %u", argument); break;
    case TRACE_CALL:       printf("%s", call_name(argument)); break;
    case TRACE_RETURN:     printf("%s", error_name(argument)); break;
    case TRACE_TRAP:       printf("%s", trap_name(argument)); break;
    }
    printf("\n");
}

static int rings_print(struct rings *rings, word_t from)
{
    struct trace_record record;
    word_t hart, count = 0;
    while (rings_next(rings, &record, &hart)) {
        record_print(&record, hart, from);
        count++;
    }
    printf("events: %lu records", count);
    if (rings->lost != 0)
        printf(", and %lu earlier ones were overwritten", rings->lost);
    printf("\n");
    return count == 0;
}

// The program's whole life; it is there until what it did is printed, for its name.
static const char *program_run(struct child *child, int argc, char **argv, int *status)
{
    const char *why = child_build(child, &(struct child_options){.program = argv[0], .argc = argc, .argv = (const char *const *)argv});
    if (why == NULL)
        why = child_start(child);
    if (why == NULL)
        *status = child_wait(child);
    return why;
}

int main(int argc, char **argv)
{
    bool timed = argc == 3 && strcmp(argv[1], "--ms") == 0;
    char *end = NULL;
    unsigned long ms = timed ? strtoul(argv[2], &end, 10) : 0;
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        fputs(usage, stdout);
        return 0;
    }
    if (argc < 2 || (argv[1][0] == '-' && (!timed || *end != '\0' || ms == 0 || ms > 10000))) {
        fprintf(stderr, "events: say a program, or --ms and a number from 1 to 10000.\n%s", usage);
        return 2;
    }
    struct rings rings;
    struct child child = {.state = CHILD_NONE};
    const char *why = rings_open(&rings, PAGES);
    if (why != NULL) {
        fprintf(stderr, "events: %s.\n", why);
        return 1;
    }
    word_t from = time_now();
    int status = 0;
    if (timed)
        events_wait(0, from + time_from_us(ms * 1000));
    else
        why = program_run(&child, argc - 1, argv + 1, &status);
    rings_stop(&rings);
    if (why != NULL)
        fprintf(stderr, "events: %s cannot be started: %s.\n", argv[1], why);
    else if (rings_print(&rings, from) != 0)
        status = 1;
    rings_close(&rings);
    if (child.state != CHILD_NONE)
        child_reap(&child);
    return why != NULL ? 1 : status;
}
