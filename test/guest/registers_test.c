// SPDX-License-Identifier: BSD-2-Clause
/*
 * Calls that give the hart up lose every register in the kernel; the stubs keep those that C relies on.
 * A call that gives the hart up without a mark in stubs.S fails here.
 */
#include "guest.h"

#define PATTERN 0x5a5a0000ul

static word_t kept_across(sysret_t (*call)(void))
{
    register word_t s2 __asm__("s2") = PATTERN + 2, s3 __asm__("s3") = PATTERN + 3,
                       s4 __asm__("s4") = PATTERN + 4;
    register word_t s5 __asm__("s5") = PATTERN + 5, s6 __asm__("s6") = PATTERN + 6,
                       s7 __asm__("s7") = PATTERN + 7;
    register word_t s8 __asm__("s8") = PATTERN + 8, s9 __asm__("s9") = PATTERN + 9,
                       s10 __asm__("s10") = PATTERN + 10;
    register word_t s11 __asm__("s11") = PATTERN + 11;

    __asm__ volatile(""
                     : "+r"(s2), "+r"(s3), "+r"(s4), "+r"(s5), "+r"(s6), "+r"(s7), "+r"(s8), "+r"(s9),
                       "+r"(s10), "+r"(s11));
    call();
    __asm__ volatile(""
                     : "+r"(s2), "+r"(s3), "+r"(s4), "+r"(s5), "+r"(s6), "+r"(s7), "+r"(s8), "+r"(s9),
                       "+r"(s10), "+r"(s11));
    return (s2 == PATTERN + 2) + (s3 == PATTERN + 3) + (s4 == PATTERN + 4) + (s5 == PATTERN + 5) +
           (s6 == PATTERN + 6) + (s7 == PATTERN + 7) + (s8 == PATTERN + 8) + (s9 == PATTERN + 9) +
           (s10 == PATTERN + 10) + (s11 == PATTERN + 11);
}

static sysret_t do_yield(void)
{
    return sys_slice_yield();
}

static sysret_t do_yield_to(void)
{
    return sys_slice_yield_to(SLOT_SELF);
}

static sysret_t do_donate(void) // to a child that hands it back at once
{
    return sys_slice_donate(SLOT_FREE, ~0ul, 0, 0);
}

static sysret_t do_wait(void)
{
    return sys_slice_wait(EVENT_BIT(CHILD), time_now() + time_from_us(20000));
}

static sysret_t do_accept(void)
{
    sys_env_notify(SLOT_SELF, 1ul << 40); // an event is pending, so it does not wait
    return sys_pct_accept(0x10000, 0x10000, 1ul << 40);
}

static sysret_t do_call(void)
{
    word_t message[MESSAGE_WORDS] = {0};
    return (sysret_t){pct_call(SLOT_CONSOLE, 0, message), 0}; // operation 0 does not exist; it answers
}

static sysret_t do_null(void)
{
    return sys_env_null();
}

static sysret_t do_log_nothing(void)
{
    return sys_machine_log(0, 0);
}

static struct child child;

// It hands back what it is given, for ever; its capability is in SLOT_FREE.
static void yielder_start(void)
{
    const char *const arguments[] = {"test_registers", "yields"};
    const char *why = child_build(&child, &(struct child_options){.program = "test_registers", .argc = 2, .argv = arguments});
    CHECK(why == NULL);
    CHECK_EQUAL(sys_cap_mint(SLOT_FREE, child.env, RIGHT_YIELD).error, ERR_OK);
    CHECK(child_start(&child) == NULL);
}

static void yield_always(void)
{
    for (;;)
        sys_slice_yield();
}

int main(int argc, char **argv)
{
    (void)argv;
    if (argc == 2)
        yield_always();
    sysret_t (*const calls[])(void) = {do_yield, do_yield_to, do_wait,       do_accept,
                                       do_call,  do_null,     do_log_nothing, do_donate};

    yielder_start();
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        word_t kept = kept_across(calls[i]);
        if (kept != 10)
            fprintf(stderr, "call %zu:\n", i);
        CHECK_EQUAL(kept, 10);
    }
    CHECK_EQUAL(do_null().error, ERR_OK);
    CHECK_EQUAL(do_wait().error, ERR_DEADLINE);
    sysret_t answer;
    do { // on another hart it may run on a slice of its own
        sys_slice_yield();
        answer = do_donate();
    } while (answer.error == ERR_BUSY || answer.error == ERR_DEADLINE || answer.value == DONATE_USED);
    CHECK_EQUAL(answer.value, DONATE_YIELDED);
    child_kill(&child);
    child_reap(&child);
    return guest_end();
}
