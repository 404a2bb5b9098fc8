// SPDX-License-Identifier: BSD-2-Clause
// machine: the log, reset, and the audit that only kernels for tests have.

#include "rooms_test.h"

#include "machine/machine.h"

#include <string.h>

static void log_writes_bytes(void **state)
{
    (void)state;
    word_t bytes;
    memcpy(&bytes, "abc\nde\x10g", 8);
    assert_int_equal(OK(machine, log, bytes, 8), 8);
    assert_memory_equal(fake.console, "abc\r\nde\x10g", 9);
    assert_int_equal(fake.console_count, 9);
    OK(machine, log, bytes, 0);
    assert_int_equal(fake.console_count, 9);
    REFUSED(RANGE, machine, log, bytes, 9);
    REFUSED(RANGE, machine, log, bytes, ~0ul);
}

static void log_marks_its_stream(void **state)
{
    (void)state;
    machine_framed = true;
    fake_on(HART_B);
    OK(machine, log, 0x0a10, 2);
    assert_memory_equal(fake.console, "\x10k\x10\x10\n\x10p", 7);
    assert_int_equal(fake.console_count, 7);
}

static void reset_is_inits(void **state)
{
    (void)state;
    REFUSED(RANGE, machine, reset, 2);
    fake_on(HART_A);
    REFUSED(PERM, machine, reset, 0);
    assert_int_equal(fake.reset, 0);
    fake_on(HART_INIT);
    REFUSED(MACHINE, machine, reset, 1); // firmware that cannot
    assert_int_equal(fake.reset, 100);
    REFUSED(MACHINE, machine, reset, 0);
    assert_int_equal(fake.reset, 101);
}

static void audit_is_for_tests(void **state)
{
    (void)state;
    REFUSED(STATE, machine, audit, 0);
}

ROOM(machine)
{
    const struct CMUnitTest tests[] = {
        TEST(log_writes_bytes), TEST(log_marks_its_stream), TEST(reset_is_inits), TEST(audit_is_for_tests),
    };
    return RUN(tests);
}
