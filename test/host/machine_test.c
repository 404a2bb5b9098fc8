// SPDX-License-Identifier: BSD-2-Clause
//
// What machine_read() makes of the trees of QEMU's machines and of ours (dts/good), field by field. The trees
// that it refuses are in machine_bad_test.c.
#include "boot/machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "boot/machine_part.h"
#include "machine_bad_test.h"
#include "tree_file.h"

static const char *trees;
static uint8_t *blob; // of the machine that was read last

static struct machine machine_booted_by(const char *name, uint64_t boot_hart)
{
    struct machine m;
    size_t size;

    free(blob);
    blob = file_read(trees, name, &size);
    memset(&m, 0xa5, sizeof(m));
    const char *refusal = machine_read(&m, blob, size, boot_hart);
    assert_string_equal(refusal != NULL ? refusal : "", "");
    assert_int_equal(m.fdt_bytes, blob_get(blob, 4)); // QEMU pads the file
    assert_int_equal(m.boot_hart, boot_hart);
    assert_true(m.fdt_bytes <= size);
    return m;
}

static struct machine machine_of(const char *name) { return machine_booted_by(name, 0); }

static void expect_range(const struct machine_range *range, uint64_t base, uint64_t size)
{
    assert_int_equal(range->base, base);
    assert_int_equal(range->size, size);
}

static void expect_device(const struct machine_device *device, enum machine_kind kind, uint64_t base,
                          uint64_t size, uint32_t irq)
{
    assert_int_equal(device->kind, kind);
    expect_range(&device->range, base, size);
    assert_int_equal(device->irq, irq);
}

static void expect_uart(const struct machine_device *device, uint32_t shift, uint32_t width,
                        uint64_t clock_hz)
{
    assert_int_equal(device->reg_shift, shift);
    assert_int_equal(device->reg_width, width);
    assert_int_equal(device->clock_hz, clock_hz);
}

static void expect_hart(const struct machine_hart *hart, uint64_t id, bool usable, uint32_t context,
                        uint32_t isa)
{
    assert_int_equal(hart->id, id);
    assert_int_equal(hart->usable, usable);
    assert_int_equal(hart->plic_context, context);
    assert_int_equal(hart->isa, isa);
}

static void test_virt(void **state)
{
    (void)state;
    struct machine m = machine_of("virt.dtb");

    assert_int_equal(m.memory_count, 1);
    expect_range(&m.memory[0], 0x80000000, 128 << 20);
    assert_int_equal(m.reserved_count, 0);
    assert_int_equal(m.timebase_hz, 10000000);

    assert_int_equal(m.harts_count, 4);
    assert_int_equal(m.harts_ignored, 0);
    for (uint32_t i = 0; i < 4; i++)
        expect_hart(&m.harts[i], i, true, 2 * i + 1, MACHINE_ISA_F | MACHINE_ISA_D | MACHINE_ISA_SSTC);

    expect_range(&m.plic.range, 0xc000000, 0x600000);
    assert_true(m.plic.sources == 95 || m.plic.sources == 96); // by the version of QEMU

    expect_device(&m.console, MACHINE_UART_NS16550, 0x10000000, 0x100, 10);
    expect_uart(&m.console, 0, 1, 3686400);
    assert_int_equal(m.devices_count, 3);
    assert_int_equal(m.devices_ignored, 0);
    expect_device(&m.devices[0], MACHINE_RTC_GOLDFISH, 0x101000, 0x1000, 11);
    expect_device(&m.devices[1], MACHINE_UART_NS16550, 0x10000000, 0x100, 10);
    expect_device(&m.devices[2], MACHINE_TEST_SIFIVE, 0x100000, 0x1000, 0);

    assert_int_equal(m.initrd_start, 0);
    assert_int_equal(m.initrd_end, 0);
    assert_string_equal(m.bootargs, "");
}

static void test_virt_with_more_harts_than_fit(void **state)
{
    (void)state;
    struct machine m = machine_of("virt_12_harts.dtb");

    assert_int_equal(m.harts_count, MACHINE_HARTS_MAX);
    assert_int_equal(m.harts_ignored, 4);
    for (uint32_t i = 0; i < m.harts_count; i++)
        expect_hart(&m.harts[i], i, true, 2 * i + 1, MACHINE_ISA_F | MACHINE_ISA_D | MACHINE_ISA_SSTC);
}

// The one that boots has a place, whichever it is.
static void test_virt_booted_by_one_of_too_many(void **state)
{
    (void)state;
    for (uint32_t boot = 0; boot < 12; boot++) {
        struct machine m = machine_booted_by("virt_12_harts.dtb", boot);
        uint32_t last = boot < 8 ? 7 : boot;

        assert_int_equal(m.harts_count, MACHINE_HARTS_MAX);
        assert_int_equal(m.harts_ignored, 4);
        for (uint32_t i = 0; i < 7; i++)
            expect_hart(&m.harts[i], i, true, 2 * i + 1, MACHINE_ISA_F | MACHINE_ISA_D | MACHINE_ISA_SSTC);
        expect_hart(&m.harts[7], last, true, 2 * last + 1, MACHINE_ISA_F | MACHINE_ISA_D | MACHINE_ISA_SSTC);
    }
}

static void test_virt_with_the_cpu_of_a_board(void **state)
{
    (void)state;
    struct machine m = machine_of("virt_u54.dtb");

    assert_int_equal(m.harts_count, 2);
    expect_hart(&m.harts[1], 1, true, 3, MACHINE_ISA_F | MACHINE_ISA_D);
}

// Each socket has a PLIC of its own: the harts of the other are not usable, its devices have no line.
static void test_virt_with_two_sockets(void **state)
{
    (void)state;
    struct machine m = machine_of("virt_2_sockets.dtb");
    uint32_t usable = 0;

    assert_int_equal(m.memory_count, 2);
    expect_range(&m.memory[0], 0x80000000, 128 << 20);
    expect_range(&m.memory[1], 0x88000000, 128 << 20);
    assert_int_equal(m.harts_count, 4);
    for (uint32_t i = 0; i < 4; i++)
        usable += m.harts[i].usable;
    assert_int_equal(usable, 2);
}

static void test_sifive_u(void **state)
{
    (void)state;
    struct machine m = machine_of("sifive_u.dtb");

    assert_int_equal(m.timebase_hz, 1000000);
    assert_int_equal(m.harts_count, 5);
    expect_hart(&m.harts[0], 0, false, MACHINE_CONTEXT_NONE, 0);
    for (uint32_t i = 1; i < 5; i++)
        expect_hart(&m.harts[i], i, true, 2 * i, MACHINE_ISA_F | MACHINE_ISA_D);
    expect_range(&m.plic.range, 0xc000000, 0x4000000);
    assert_int_equal(m.plic.sources, 53);
    expect_device(&m.console, MACHINE_UART_SIFIVE, 0x10010000, 0x1000, 4);
    expect_uart(&m.console, 2, 4, 0);
    assert_int_equal(m.devices_count, 2);
    expect_device(&m.devices[1], MACHINE_UART_SIFIVE, 0x10011000, 0x1000, 5);
}

static void test_visionfive2(void **state)
{
    (void)state;
    struct machine m = machine_of("visionfive2.dtb");

    assert_int_equal(m.memory_count, 1);
    expect_range(&m.memory[0], 0x40000000, 0x100000000);
    assert_int_equal(m.reserved_count, 2); // the same range, said twice
    expect_range(&m.reserved[0], 0x40000000, 0x80000);
    expect_range(&m.reserved[1], 0x40000000, 0x80000);
    assert_int_equal(m.timebase_hz, 4000000);
    assert_int_equal(m.harts_count, 5);
    expect_hart(&m.harts[0], 0, false, MACHINE_CONTEXT_NONE, 0);
    for (uint32_t i = 1; i < 5; i++)
        expect_hart(&m.harts[i], i, true, 2 * i, MACHINE_ISA_F | MACHINE_ISA_D);
    assert_int_equal(m.plic.sources, 136);
    expect_device(&m.console, MACHINE_UART_DW_APB, 0x10000000, 0x10000, 32);
    expect_uart(&m.console, 2, 4, 0);
    assert_int_equal(m.devices_count, 1); // the other UART is disabled
    expect_range(&m.watchdog.range, 0x13070000, 0x10000);
    assert_int_equal(m.watchdog.gates[0], 0x13020000 + 4 * 122);
    assert_int_equal(m.watchdog.gates[1], 0x13020000 + 4 * 123);
    assert_int_equal(m.initrd_start, 0x46100000);
    assert_int_equal(m.initrd_end, 0x46200000);
    assert_string_equal(m.bootargs, "run hello");
    assert_true((const uint8_t *)m.bootargs > blob && (const uint8_t *)m.bootargs < blob + m.fdt_bytes);
}

static void test_icicle(void **state)
{
    (void)state;
    struct machine m = machine_of("icicle.dtb");

    assert_int_equal(m.memory_count, 1);
    expect_range(&m.memory[0], 0x80000000, 1ul << 30);
    assert_int_equal(m.timebase_hz, 1000000);
    assert_int_equal(m.harts_count, 5);
    for (uint32_t i = 1; i < 3; i++)
        expect_hart(&m.harts[i], i, true, 2 * i, MACHINE_ISA_F | MACHINE_ISA_D);
    assert_false(m.harts[0].usable);
    assert_false(m.harts[3].usable);
    assert_false(m.harts[4].usable);
    expect_range(&m.plic.range, 0xc000000, 0x4000000);
    assert_int_equal(m.plic.sources, 186);
    expect_device(&m.console, MACHINE_UART_DW_APB, 0x20000000, 0x1000, 90);
    expect_uart(&m.console, 2, 4, 150000000);
    assert_int_equal(m.devices_count, 1);
}

static void test_addresses_are_translated(void **state)
{
    (void)state;
    struct machine m = machine_of("ranges.dtb");

    assert_int_equal(m.devices_count, 3);
    expect_device(&m.devices[0], MACHINE_RTC_GOLDFISH, 0x40000100, 0x100, 3);
    // Its interrupt parent is not the PLIC.
    expect_device(&m.devices[1], MACHINE_UART_DW_APB, 0x150042000, 0x100, 0);
    expect_uart(&m.devices[1], 2, 4, 0x100000000);
    expect_device(&m.devices[2], MACHINE_TEST_SIFIVE, 0x150043000, 0x1000, 7);
    expect_device(&m.console, MACHINE_UART_DW_APB, 0x150042000, 0x100, 0);
}

static void test_several_banks(void **state)
{
    (void)state;
    struct machine m = machine_of("banks.dtb");

    assert_int_equal(m.memory_count, 4);
    expect_range(&m.memory[0], 0x80000000, 0x1000000);
    expect_range(&m.memory[1], 0x81000000, 0x1000000);
    expect_range(&m.memory[2], 0x90000000, 0x800000);
    expect_range(&m.memory[3], 0xa0000000, 0x100000800);
    assert_int_equal(m.reserved_count, 4);
    expect_range(&m.reserved[0], 0x80000000, 0x40000);
    expect_range(&m.reserved[1], 0x80010000, 0x1000);
    expect_range(&m.reserved[2], 0x81800000, 0x1000);
    expect_range(&m.reserved[3], 0x90001000, 0x1000);
    assert_int_equal(m.initrd_start, 0x80fff000);
    assert_int_equal(m.initrd_end, 0x81001000);

    assert_int_equal(m.timebase_hz, 24000000);
    assert_int_equal(m.harts_count, 2);
    expect_hart(&m.harts[0], 0x100000007, true, 4,
                MACHINE_ISA_F | MACHINE_ISA_D | MACHINE_ISA_SVADE | MACHINE_ISA_SVINVAL | MACHINE_ISA_ZICBOM);
    expect_hart(&m.harts[1], 1, true, 2,
                MACHINE_ISA_F | MACHINE_ISA_SVPBMT | MACHINE_ISA_SVNAPOT | MACHINE_ISA_SSTC);
    assert_int_equal(m.plic.sources, MACHINE_IRQ_MAX);
    expect_device(&m.console, MACHINE_UART_SIFIVE, 0x10010000, 0x1000, 1023);
    assert_int_equal(m.devices_count, 2);
    assert_string_equal(m.bootargs, "");
}

static void test_shared_pages_are_not_handed_out(void **state)
{
    (void)state;
    struct machine m = machine_of("shared_page.dtb");

    assert_int_equal(m.devices_count, 1);
    expect_device(&m.devices[0], MACHINE_RTC_GOLDFISH, 0x10001000, 0x100, 0);
    assert_int_equal(m.devices_ignored, 2);
    expect_device(&m.console, MACHINE_UART_NS16550, 0x10000000, 0x100, 10);
}

static void test_more_devices_than_fit(void **state)
{
    (void)state;
    struct machine m = machine_of("many_devices.dtb");

    assert_int_equal(m.devices_count, MACHINE_DEVICES_MAX);
    assert_int_equal(m.devices_ignored, 3);
    expect_device(&m.console, MACHINE_UART_NS16550, 0x12000000, 0x1000, 53);
}

static void test_usable_harts_come_first(void **state)
{
    (void)state;
    struct machine m = machine_of("many_harts.dtb");

    assert_int_equal(m.harts_count, MACHINE_HARTS_MAX);
    assert_int_equal(m.harts_ignored, 2);
    expect_hart(&m.harts[0], 0, true, 1, MACHINE_ISA_F | MACHINE_ISA_D | MACHINE_ISA_SSTC);
    expect_hart(&m.harts[1], 8, true, 10, 0);
    for (uint32_t i = 2; i < 8; i++)
        expect_hart(&m.harts[i], i, true, i + 2, 0);
}

static void test_console_by_alias(void **state)
{
    (void)state;
    struct machine m = machine_of("alias_console.dtb");

    assert_int_equal(m.devices_count, 2);
    expect_device(&m.console, MACHINE_UART_NS16550, 0x10001000, 0x100, 0);
}

static void test_no_console(void **state)
{
    (void)state;
    struct machine m = machine_of("no_console.dtb");

    assert_int_equal(m.console.kind, MACHINE_NONE);
    assert_int_equal(m.devices_count, 0);
    assert_int_equal(m.initrd_end, 0);
    assert_string_equal(m.bootargs, "");
}

static void test_empty_initrd(void **state)
{
    (void)state;
    struct machine m = machine_of("empty_initrd.dtb");

    assert_true(m.initrd_start == m.initrd_end);
}

static void expect_isa(const char *isa, uint32_t expected)
{
    uint32_t flags = 0;
    assert_true(machine_isa_parse(isa, &flags));
    assert_int_equal(flags, expected);
}

static void test_isa_strings(void **state)
{
    (void)state;
    uint32_t flags = 0;

    expect_isa("rv64", 0);
    expect_isa("rv64imac", 0);
    expect_isa("rv64imafdcsu", MACHINE_ISA_F | MACHINE_ISA_D); // S- and U-mode as letters
    expect_isa("rv64gc", MACHINE_ISA_F | MACHINE_ISA_D);
    expect_isa("rv64i2p1m2p0a2p1f2p2d2p2c2p0_zicsr2p0_sstc1p0",
               MACHINE_ISA_F | MACHINE_ISA_D | MACHINE_ISA_SSTC);
    expect_isa("rv64imac_sstcx_xsstc_sst_zicbomz", 0);
    expect_isa("rv64imac_svadu_svade", MACHINE_ISA_SVADU | MACHINE_ISA_SVADE);
    expect_isa("rv64imacsvinval", MACHINE_ISA_SVINVAL);
    expect_isa("rv64imac_zfd", 0); // letters inside a long name are none
    expect_isa("rv64imac__zicbom_", MACHINE_ISA_ZICBOM);
    assert_false(machine_isa_parse("", &flags));
    assert_false(machine_isa_parse("rv6", &flags));
    assert_false(machine_isa_parse("rv32gc", &flags));
    assert_int_equal(machine_isa_named("svadu", 5), MACHINE_ISA_SVADU);
    assert_int_equal(machine_isa_named("svad", 4), 0);
    assert_int_equal(machine_isa_named("", 0), 0);
}

static int blob_free(void **state)
{
    (void)state;
    free(blob);
    return 0;
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_virt),
        cmocka_unit_test(test_virt_with_more_harts_than_fit),
        cmocka_unit_test(test_virt_booted_by_one_of_too_many),
        cmocka_unit_test(test_virt_with_the_cpu_of_a_board),
        cmocka_unit_test(test_virt_with_two_sockets),
        cmocka_unit_test(test_sifive_u),
        cmocka_unit_test(test_visionfive2),
        cmocka_unit_test(test_icicle),
        cmocka_unit_test(test_addresses_are_translated),
        cmocka_unit_test(test_several_banks),
        cmocka_unit_test(test_shared_pages_are_not_handed_out),
        cmocka_unit_test(test_more_devices_than_fit),
        cmocka_unit_test(test_usable_harts_come_first),
        cmocka_unit_test(test_console_by_alias),
        cmocka_unit_test(test_no_console),
        cmocka_unit_test(test_empty_initrd),
        cmocka_unit_test(test_isa_strings),
    };

    if (count != 3) {
        fprintf(stderr, "usage: machine_test FOLDER-WITH-TREES FOLDER-WITH-BAD-SOURCES\n");
        return 2;
    }
    trees = arguments[1];
    int failed = cmocka_run_group_tests(tests, NULL, blob_free);
    return failed + machine_bad_test(trees, arguments[2]);
}
