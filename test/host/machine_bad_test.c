// SPDX-License-Identifier: BSD-2-Clause
//
// Trees that machine_read() refuses. Each file of dts/bad has a line "// refused: SENTENCE", and that is what
// has to come back for it, to the letter. A new case is a new file.
#define _GNU_SOURCE // memmem
#include "machine_bad_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "boot/fdt.h"
#include "boot/machine.h"
#include "tree_file.h"

enum { CASES_MIN = 70 }; // so that an empty folder does not pass for success

static const char *trees, *sources;

// The rest of the line in `source` that begins with "// refused: ".
static void sentence_read(char *sentence, size_t room, const char *source)
{
    static const char mark[] = "// refused: ";
    size_t size;
    uint8_t *bytes = file_read(sources, source, &size);
    const uint8_t *at = memmem(bytes, size, mark, strlen(mark));
    const uint8_t *end = at != NULL ? memchr(at, '\n', (size_t)(bytes + size - at)) : NULL;

    if (end == NULL)
        fail_msg("%s does not say what is refused", source);
    snprintf(sentence, room, "%.*s", (int)(end - at - (long)strlen(mark)), (const char *)at + strlen(mark));
    free(bytes);
}

static void case_check(const char *source)
{
    char expected[256], name[300];
    struct machine m;
    size_t size;

    sentence_read(expected, sizeof(expected), source);
    snprintf(name, sizeof(name), "bad/%.*s.dtb", (int)strcspn(source, "."), source);
    uint8_t *blob = file_read(trees, name, &size);
    const char *refusal = machine_read(&m, blob, size, 0);
    if (refusal == NULL)
        fail_msg("%s is accepted", source);
    if (strcmp(refusal, expected) != 0)
        fail_msg("%s is refused, but with: %s", source, refusal);
    free(blob);
}

static void test_each_bad_tree_has_its_sentence(void **state)
{
    (void)state;
    int cases = 0;
    DIR *folder = opendir(sources);

    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        size_t length = strlen(entry->d_name);
        if (length < 5 || strcmp(entry->d_name + length - 4, ".dts") != 0)
            continue;
        case_check(entry->d_name);
        cases++;
    }
    closedir(folder);
    assert_true(cases >= CASES_MIN);
}

static void test_what_is_no_tree(void **state)
{
    (void)state;
    struct machine m;
    static const uint8_t zeros[64];

    assert_string_equal(machine_read(&m, NULL, 1 << 20, 0), "there is no device tree");
    assert_string_equal(machine_read(&m, zeros, sizeof(zeros), 0),
                        "the device tree does not begin with its magic number");
}

// The whole description from a sound tree of which one byte is wrong: an answer, whatever it is, and the
// invariants of machine.h that the kernel relies on without looking.
static void test_any_byte_changed(void **state)
{
    (void)state;
    size_t size, accepted = 0;
    uint8_t *blob = file_read(trees, "visionfive2.dtb", &size);

    for (size_t at = 0; at < size; at++) {
        for (int bit = 0; bit < 8; bit++) {
            struct machine m;
            uint8_t *copy = bytes_copy(blob, size);
            copy[at] ^= (uint8_t)(1 << bit);
            if (machine_read(&m, copy, size, 0) == NULL) {
                accepted++;
                assert_true(m.memory_count > 0 && m.memory_count <= MACHINE_MEMORY_MAX);
                assert_true(m.harts_count > 0 && m.harts_count <= MACHINE_HARTS_MAX);
                assert_true(m.devices_count <= MACHINE_DEVICES_MAX);
                assert_true(m.plic.sources >= 1 && m.plic.sources <= MACHINE_IRQ_MAX);
                assert_true(m.console.reg_shift <= MACHINE_REG_SHIFT_MAX);
                assert_true(m.timebase_hz > 0);
            }
            free(copy);
        }
    }
    assert_true(accepted > size);
    free(blob);
}

int machine_bad_test(const char *trees_folder, const char *sources_folder)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_bad_tree_has_its_sentence),
        cmocka_unit_test(test_what_is_no_tree),
        cmocka_unit_test(test_any_byte_changed),
    };

    trees = trees_folder;
    sources = sources_folder;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
