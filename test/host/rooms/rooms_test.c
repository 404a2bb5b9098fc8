// SPDX-License-Identifier: BSD-2-Clause
/*
 * Runs the tests of every room, or of those that are named. All together must have provoked every refusal
 * that syscall.def lists, and no other.
 */
#include "rooms_test.h"

#include "board/board.h"
#include "irq/irq.h"
#include "machine/machine.h"
#include "revoke/revoke.h"
#include "slice/slice.h"
#include "trace/trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct family family;

static bool provoked[CALL_COUNT][32];

static const struct {
    const char *name, *errors;
} calls[CALL_COUNT] = {
#define SYSCALL(index, room, verb, arity, arguments, list, text)                                             \
    [FAKE_NUMBER(index)] = {#room "_" #verb, list},
#define HOTCALL(index, room, verb, list, text) [FAKE_NUMBER(index)] = {#room "_" #verb, list},
#include <rivet/syscall.def>
#undef SYSCALL
#undef HOTCALL
};

static const char *const error_names[] = {
#define ERROR(number, name, text) [number] = #name,
#include <rivet/error.def>
#undef ERROR
};

void refusal_note(word_t call, enum error error) { provoked[FAKE_NUMBER(call - CALL_BASE)][error] = true; }

static void answer_check(const char *file, int line, word_t call, long error, long wanted)
{
    if (error == wanted)
        return;
    print_error("%s answers %s\n", calls[FAKE_NUMBER(call - CALL_BASE)].name,
                error >= 0 && error < (long)ERRORS ? error_names[error] : "?");
    _assert_int_equal((unsigned long)error, (unsigned long)wanted, file, line);
}

word_t call_ok(const char *file, int line, word_t call, const word_t *arguments)
{
    sysret_t answer = fake_call(call, arguments);
    if (fake.returned)
        answer_check(file, line, call, answer.error, ERR_OK);
    return answer.value;
}

word_t call_all(const char *file, int line, word_t call, const word_t *arguments)
{
    for (int i = 0; i < 10000; i++) {
        sysret_t answer = fake_call(call, arguments);
        if (answer.error != ERR_AGAIN) {
            answer_check(file, line, call, answer.error, ERR_OK);
            return answer.value;
        }
        refusal_note(call, ERR_AGAIN);
        harts_cross();
    }
    print_error("%s never ends\n", calls[FAKE_NUMBER(call - CALL_BASE)].name);
    _fail(file, line);
    return 0;
}

void call_refused(const char *file, int line, enum error error, word_t call, const word_t *arguments)
{
    fake.snapshot = true;
    sysret_t answer = fake_call(call, arguments);
    fake.snapshot = false;
    _assert_true(fake.returned, "the call came back", file, line);
    answer_check(file, line, call, answer.error, error);
    if (error != ERR_AGAIN) { // which is no refusal: a piece may be done
        const char *what = snapshot_differs();
        if (what != NULL)
            print_error("%s was refused (%s) but changed %s\n", calls[FAKE_NUMBER(call - CALL_BASE)].name,
                        error_names[error], what);
        _assert_true(what == NULL, "a refused call changed nothing", file, line);
    }
    refusal_note(call, error);
}

void invariants(void)
{
    word_t self = fake.self;
    for (word_t i = 0; fake_self()->mode != FAKE_USER && i < hart_count; i++)
        fake_on(i); // as whoever calls for an audit
    assert_true(page_invariant());
    assert_true(env_invariant());
    assert_true(slice_invariant());
    assert_true(board_invariant());
    assert_true(trace_invariant());
    assert_true(irq_invariant());
    assert_true(revoke_invariant());
    fake_on(self);
}

void harts_cross(void)
{
    word_t self = fake.self;
    for (word_t i = 0; i < hart_count; i++) {
        fake_on(i);
        if (i != self)
            while (fake_interrupt())
                ;
    }
    fake_on(self);
}

void time_pass(word_t ticks)
{
    fake.time += ticks;
    word_t self = fake.self;
    for (word_t i = 0; i < hart_count; i++) {
        fake_on(i);
        for (int n = 0; n < 20 && fake_interrupt(); n++)
            ;
    }
    fake_on(self);
}

page_t data_make(void)
{
    page_t page = fake_fresh();
    word_t self = fake.self;
    env_t env = fake_env()->self;
    if (env != fake.init) {
        fake_on(HART_INIT);
        OK(page, move, page, 1, env);
        fake_on(self);
    }
    ALL(page, alloc, page);
    return page;
}

page_t frames_for(env_t env, word_t count)
{
    page_t first = fake_fresh_run(count);
    word_t self = fake.self;
    fake_on(HART_INIT);
    if (env != fake.init)
        OK(page, move, first, count, env);
    fake_on(self);
    return first;
}

void tables_make(space_t space)
{
    page_t page = frames_for(fake_env()->self, 4);
    OK(pte, table, space, PINNED, 1, page, 0);
    OK(pte, table, space, PINNED, 0, page + 1, page + 2);
    OK(pte, table, space, CACHED, 0, page + 3, 0);
}

env_t child_make(space_t *space)
{
    page_t page = frames_for(fake_env()->self, 5);
    *space = ALL(space, create, page, page + 1);
    return ALL(env, create, page + 2, page + 4, *space);
}

// Starts a child of init's on a hart of its own.
static env_t child_start(space_t *space, word_t hart)
{
    env_t env = child_make(space);
    tables_make(*space);
    OK(env, set, env, ENV_PC, 0x20000);
    OK(env, set, env, ENV_SP, 0x30000);
    for (word_t i = 0; i < SLICES_MAX; i++)
        OK(slice, give, hart, i, env);
    OK(env, start, env);
    fake_on(hart);
    assert_true(fake_interrupt());
    assert_int_equal(fake_env()->self, env);
    fake_on(HART_INIT);
    return env;
}

void family_setup_with(struct fake_options options)
{
    fake_boot(options);
    pages.table[pages.count - 1] = (struct frame){.kind = PAGE_NONE};
    tables_make(0);
    family.a = child_start(&family.a_space, HART_A);
    family.b = child_start(&family.b_space, HART_B);
    harts_cross();
}

void family_setup(void)
{
    family_setup_with((struct fake_options){.harts = 4, .frames = 512, .asid_bits = 16});
}

int family_each(void **state)
{
    (void)state;
    family_setup();
    return 0;
}

int invariants_each(void **state)
{
    (void)state;
    invariants();
    return 0;
}

// Where the kernel sets A and D, a fault that it serves unseen is part of the access.
static enum tlb_answer access(word_t address, word_t cause, page_t *page)
{
    struct fake_hart *hart = fake_self();
    enum tlb_answer answer = tlb_access(&hart->tlb, hart->satp, address, cause, page);
    if (answer == TLB_OK || fake_info.walker_bits || hart->mode != FAKE_USER)
        return answer;
    struct env *env = fake_env();
    word_t regs[REGS], save[4]; // of the exception slot, when the fault is the application's
    memcpy(regs, hart->regs, sizeof(regs));
    memcpy(save, env_save(env, SAVE_X_HANDLER), sizeof(save));
    *env_save(env, SAVE_X_HANDLER) = 0x7000;
    fake_exception(cause, address);
    if (*env_save(env, SAVE_X_HANDLER) != 0)
        answer = tlb_access(&hart->tlb, hart->satp, address, cause, page);
    memcpy(hart->regs, regs, sizeof(regs));
    memcpy(env_save(env, SAVE_X_HANDLER), save, sizeof(save));
    return answer;
}

bool reaches(word_t hart, word_t address, word_t cause, page_t page)
{
    word_t self = fake.self;
    page_t found = 0;
    fake_on(hart);
    enum tlb_answer answer = access(address, cause, &found);
    fake_on(self);
    return answer == TLB_OK && found == page;
}

word_t fences(void)
{
    word_t count = 0;
    for (word_t i = 0; i < hart_count; i++)
        count += fake_harts[i].fenced;
    return count;
}

// Is the error in the list? Its words are separated by blanks.
static bool is_listed(const char *list, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = list; (at = strstr(at, name)) != NULL; at += length)
        if ((at == list || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
            return true;
    return false;
}

static int refusals_missing(void)
{
    int wrong = 0;
    for (size_t call = 0; call < CALL_COUNT; call++)
        for (size_t error = 1; error < ERRORS; error++) {
            bool listed = is_listed(calls[call].errors, error_names[error]);
            if (listed == provoked[call][error])
                continue;
            printf("%s: %s %s\n", calls[call].name, error_names[error],
                   listed ? "was never provoked" : "is not in the list");
            wrong++;
        }
    return wrong;
}

#define EACH(name) int name##_tests(void);
#include "rooms.def"
#undef EACH

static const struct {
    const char *name;
    int (*run)(void);
} rooms[] = {
#define EACH(name) {#name, name##_tests},
#include "rooms.def"
};

int main(int count, char **names)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    int failed = 0, ran = 0;
    for (size_t i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++) {
        bool named = count == 1;
        for (int n = 1; n < count; n++)
            named |= strcmp(names[n], rooms[i].name) == 0;
        if (named)
            failed += rooms[i].run(), ran++;
    }
    if (count == 1)
        failed += refusals_missing();
    return failed != 0 || ran == 0;
}
