// SPDX-License-Identifier: BSD-2-Clause
//
// The device tree that U-Boot has for a VisionFive 2, out of Debian's firmware for it (./rivet fetch): the kernel reads
// from it what it should, and dts/visionfive2.dts, which our card brings, says the same. Without the firmware the test
// is skipped.
#include "boot/machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tree_file.h"

#define SKIPPED 77
#define BOARD   "visionfive-2"

static uint8_t *blobs[2];
static struct machine theirs, ours;

// The tree in a firmware image, which is itself a tree: one of its properties holds it whole.
static uint8_t *tree_within(const uint8_t *image, size_t image_size, size_t *size)
{
    const uint8_t magic[4] = {0xd0, 0x0d, 0xfe, 0xed};

    for (size_t at = 4; at + 40 <= image_size; at += 4) {
        if (memcmp(image + at, magic, sizeof(magic)) != 0)
            continue;
        *size = blob_get(image, at + 4);
        if (*size <= image_size - at && memmem(image + at, *size, BOARD, strlen(BOARD)) != NULL)
            return bytes_copy(image + at, *size);
    }
    return NULL;
}

static void test_what_the_kernel_reads(void **state)
{
    (void)state;
    assert_int_equal(theirs.memory_count, 1);
    assert_int_equal(theirs.memory[0].base, 0x40000000);
    assert_int_equal(theirs.timebase_hz, 4000000);
    assert_int_equal(theirs.plic.range.base, 0xc000000);
    assert_int_equal(theirs.plic.range.size, 0x4000000);
    assert_int_equal(theirs.plic.sources, 136);
    assert_int_equal(theirs.console.kind, MACHINE_UART_DW_APB);
    assert_int_equal(theirs.console.range.base, 0x10000000);
    assert_int_equal(theirs.console.irq, 32);
    assert_int_equal(theirs.console.reg_shift, 2);
    assert_int_equal(theirs.console.reg_width, 4);
    assert_int_equal(theirs.watchdog.range.base, 0x13070000);
    assert_int_equal(theirs.harts_count, 5);
    for (uint32_t i = 0; i < 5; i++) {
        assert_int_equal(theirs.harts[i].id, i);
        assert_int_equal(theirs.harts[i].usable, i != 0);
        if (i != 0)
            assert_int_equal(theirs.harts[i].plic_context, 2 * i);
    }
}

static void test_our_tree_says_the_same(void **state)
{
    (void)state;
    assert_int_equal(ours.timebase_hz, theirs.timebase_hz);
    assert_int_equal(ours.memory[0].base, theirs.memory[0].base);
    assert_int_equal(ours.harts_count, theirs.harts_count);
    for (uint32_t i = 0; i < ours.harts_count; i++) {
        assert_int_equal(ours.harts[i].id, theirs.harts[i].id);
        assert_int_equal(ours.harts[i].usable, theirs.harts[i].usable);
        assert_int_equal(ours.harts[i].plic_context, theirs.harts[i].plic_context);
        assert_int_equal(ours.harts[i].isa, theirs.harts[i].isa);
    }
    assert_memory_equal(&ours.plic.range, &theirs.plic.range, sizeof(ours.plic.range));
    assert_memory_equal(&ours.watchdog, &theirs.watchdog, sizeof(ours.watchdog));
    assert_int_equal(ours.plic.sources, theirs.plic.sources);
    assert_int_equal(ours.console.kind, theirs.console.kind);
    assert_memory_equal(&ours.console.range, &theirs.console.range, sizeof(ours.console.range));
    assert_int_equal(ours.console.irq, theirs.console.irq);
    assert_int_equal(ours.console.reg_shift, theirs.console.reg_shift);
    assert_int_equal(ours.console.reg_width, theirs.console.reg_width);
}

static void read_all(const char *trees, const char *folder, const char *image_name)
{
    size_t image_size, size;
    uint8_t *image = file_read(folder, image_name, &image_size);

    blobs[0] = tree_within(image, image_size, &size);
    free(image);
    if (blobs[0] == NULL) {
        fprintf(stderr, "there is no tree of %s in %s/%s\n", BOARD, folder, image_name);
        exit(1);
    }
    const char *why = machine_read(&theirs, blobs[0], size, 1);
    blobs[1] = file_read(trees, "visionfive2.dtb", &size);
    why = why != NULL ? why : machine_read(&ours, blobs[1], size, 1);
    if (why != NULL) {
        fprintf(stderr, "refused: %s\n", why);
        exit(1);
    }
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_the_kernel_reads),
        cmocka_unit_test(test_our_tree_says_the_same),
    };
    const char *name = "u-boot.itb";
    char path[4096];

    if (count != 3) {
        fprintf(stderr, "usage: board_test FOLDER-WITH-TREES FOLDER-WITH-FIRMWARE\n");
        return 2;
    }
    snprintf(path, sizeof(path), "%s/%s", arguments[2], name);
    FILE *there = fopen(path, "rb");
    if (there == NULL) {
        printf("SKIPPED: there is no %s; ./rivet fetch brings it.\n", path);
        return SKIPPED;
    }
    fclose(there);
    read_all(arguments[1], arguments[2], name);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(blobs[0]);
    free(blobs[1]);
    return failed;
}
