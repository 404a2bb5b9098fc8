// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the tests of the kernel's rooms share: calls, refusals, and a family of environments.
 *
 *   hart 0: init          hart 1: A, a child of init          hart 2: B, a child of init          hart 3:
 * asleep
 *
 * Each has a space with a pinned level-0 table at PINNED and one that caches the STLB at CACHED.
 */
#ifndef ROOMS_TEST_H
#define ROOMS_TEST_H

#include "fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define PINNED 0x40000000ul
#define CACHED 0x40200000ul
#define NOWHERE 0x80000000ul // no table
#define NOBODY (FAKE_FIRST + pages.count + 7) // names nothing
#define KERNELS (FAKE_FIRST + pages.count - 1) // a frame of kind NONE

enum { HART_INIT, HART_A, HART_B, HART_IDLE };

struct family {
    env_t a, b;
    space_t a_space, b_space; // roots, init's
};
extern struct family family;

#define ARGUMENTS(...) ((const word_t[6]){__VA_ARGS__})
#define CALL(room, verb, ...) fake_call(CALL_##room##_##verb, ARGUMENTS(__VA_ARGS__))
// Succeeds, with this value to work on.
#define OK(room, verb, ...) call_ok(__FILE__, __LINE__, CALL_##room##_##verb, ARGUMENTS(__VA_ARGS__))
// Calls it again for as long as it says so.
#define ALL(room, verb, ...) call_all(__FILE__, __LINE__, CALL_##room##_##verb, ARGUMENTS(__VA_ARGS__))
// Is refused for this reason, and nothing in the machine has changed.
#define REFUSED(error, room, verb, ...) \
    call_refused(__FILE__, __LINE__, ERR_##error, CALL_##room##_##verb, ARGUMENTS(__VA_ARGS__))

word_t call_ok(const char *file, int line, word_t call, const word_t *arguments);
word_t call_all(const char *file, int line, word_t call, const word_t *arguments);
void call_refused(const char *file, int line, enum error error, word_t call, const word_t *arguments);
// A call that gives the hart up and later continues with this answer was refused, too.
void refusal_note(word_t call, enum error error);

void family_setup(void);
void family_setup_with(struct fake_options options);
int family_each(void **state);          // cmocka's set-up: the family on four harts with 16 ASID bits
int invariants_each(void **state);      // ... and tear-down: every room's invariant
void invariants(void);
// A child of the environment that runs, not started, in a space of its own; *space is the root.
env_t child_make(space_t *space);
// The tables over PINNED and CACHED.
void tables_make(space_t space);
// A data frame of the running environment's, which owns one more for it.
page_t data_make(void);
// `count` free frames of init's become `env`'s.
page_t frames_for(env_t env, word_t count);
// Time passes for every hart; interrupts are taken.
void time_pass(word_t ticks);
// Every hart crosses a trap boundary.
void harts_cross(void);
// Does this hart reach the page at the address?
bool reaches(word_t hart, word_t address, word_t cause, page_t page);
word_t fences(void); // remote ones in the last call

#define TEST(name) cmocka_unit_test_setup_teardown(name, family_each, invariants_each)
#define ROOM(name) int name##_tests(void); int name##_tests(void)
#define RUN(tests) cmocka_run_group_tests_name(__func__, tests, NULL, NULL)

#endif
