// SPDX-License-Identifier: BSD-2-Clause
//
// The firmware's watchdog is stopped when it runs, and left alone when it does not: on a model of it that keeps what is
// written without the key out, and notices an access without clocks.
#include "boot/watchdog.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "kernel.h"

#define CONTROLLER 0x13020000ul
#define BASE       0x13070000ul
#define GATE_APB   (CONTROLLER + 4 * 122)
#define GATE_CORE  (CONTROLLER + 4 * 123)
#define RUNNING    3u // counts, and resets at the end

static uint32_t control;
static bool apb_open, core_open, unlocked;
static unsigned writes, lines;

static struct machine machine = {.watchdog = {{BASE, 0x10000}, {GATE_APB, GATE_CORE}}};

uint32_t hw_device_read(word_t address)
{
    if (address == GATE_APB)
        return apb_open ? 1u << 31 : 0;
    if (address == GATE_CORE)
        return core_open ? 1u << 31 : 0;
    assert_int_equal(address, BASE + 0x008);
    assert_true(apb_open && core_open); // or the access never ends
    return control;
}

void hw_device_write(word_t address, uint32_t value)
{
    assert_true(apb_open && core_open);
    writes++;
    if (address == BASE + 0xc00)
        unlocked = value == 0x1acce551;
    else if (address == BASE + 0x008 && unlocked)
        control = value;
    else
        fail_msg("a write of %x to %lx", value, (unsigned long)address);
}

void kernel_log(const char *format, ...)
{
    assert_non_null(strstr(format, "the watchdog that the firmware started is stopped"));
    lines++;
}

static void begin(bool apb, bool core, uint32_t runs)
{
    apb_open = apb, core_open = core, control = runs;
    unlocked = false;
    writes = lines = 0;
    watchdog_stop(&machine);
}

static void test_one_that_runs_is_stopped(void **state)
{
    (void)state;
    begin(true, true, RUNNING);
    assert_int_equal(control, 0);
    assert_false(unlocked);
    assert_int_equal(lines, 1);
}

static void test_one_at_rest_is_left_alone(void **state)
{
    (void)state;
    begin(true, true, 0);
    assert_int_equal(writes, 0);
    assert_int_equal(lines, 0);
}

static void test_one_without_clocks_is_not_touched(void **state)
{
    (void)state;
    for (int gates = 0; gates < 3; gates++) {
        begin(gates & 1, gates & 2, RUNNING);
        assert_int_equal(control, RUNNING);
        assert_int_equal(writes, 0);
    }
}

static void test_one_out_of_reach_is_not_touched(void **state)
{
    struct machine_watchdog before = machine.watchdog;

    (void)state;
    machine.watchdog.range.base = DIRECT_SIZE;
    begin(true, true, RUNNING);
    assert_int_equal(writes, 0);
    machine.watchdog = before;
    machine.watchdog.gates[1] = DIRECT_SIZE;
    begin(true, true, RUNNING);
    assert_int_equal(writes, 0);
    machine.watchdog = (struct machine_watchdog){0};
    begin(true, true, RUNNING);
    assert_int_equal(writes, 0);
    machine.watchdog = before;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_that_runs_is_stopped),
        cmocka_unit_test(test_one_at_rest_is_left_alone),
        cmocka_unit_test(test_one_without_clocks_is_not_touched),
        cmocka_unit_test(test_one_out_of_reach_is_not_touched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
