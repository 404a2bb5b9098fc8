// SPDX-License-Identifier: BSD-2-Clause
// Both readers of cpio archives, the library's bundle and the kernel's for init: what is found in a correct one,
// each refusal with its sentence, every length, every field of every header with lies in it.
#include "loader_files.h"

#include "boot/archive.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h> // needs the headers above

#define MODE      14 // offsets in an entry's header
#define FILE_SIZE 54
#define NAME_SIZE 94
#define NAME      110
#define INIT      120 // where init's entry begins, behind "a": 110 + 2 and 5 bytes, padded
#define EMPTY     248
#define TRAILER   364

static struct file file;

// Walks to the end: "read", or the sentence. *count: how many files there were before that.
static const char *bundle_walk(size_t size, int *count)
{
    void *memory;
    const struct bundle bundle = {exact_copy(file.bytes, size, 0, &memory), size};
    struct bundle_file found;
    const char *why = "read";
    size_t position = 0;
    int result;

    for (*count = 0; (result = bundle_next(&bundle, &position, &found, &why)) == 1; ++*count)
        continue;
    free(memory);
    assert_true((result == 0) == (strcmp(why, "read") == 0));
    return why;
}

static const char *kernel_finds(size_t size)
{
    void *memory;
    const char *init;
    word_t init_size;
    const char *why = archive_find_init((char *)exact_copy(file.bytes, size, 0, &memory), size, &init, &init_size);

    if (why == NULL) {
        assert_int_equal(init_size, 12);
        assert_memory_equal(init, "init's bytes", 12);
    }
    free(memory);
    return why ? why : "found";
}

static void test_correct(void **state)
{
    struct bundle bundle = {file.bytes, 0};
    struct bundle_file found;
    const char *why;
    int count;
    (void)state;

    file_archive(&file);
    bundle.size = file.size;
    assert_string_equal(bundle_walk(file.size, &count), "read");
    assert_int_equal(count, 3);
    assert_int_equal(archive_check(file.bytes, file.size), 3);
    assert_memory_equal(file.bytes + INIT + NAME, "init", 5);
    assert_memory_equal(file.bytes + EMPTY + NAME, "empty", 6);
    assert_memory_equal(file.bytes + TRAILER + NAME, "TRAILER!!!", 11);

    assert_true(bundle_find(&bundle, "a", &found, &why));
    assert_string_equal(found.name, "a");
    assert_int_equal(found.size, 5);
    assert_memory_equal(found.bytes, "abcde", 5);
    assert_int_equal(found.mode, 0100644);
    assert_true(bundle_find(&bundle, "empty", &found, &why));
    assert_int_equal(found.size, 0);
    assert_true(bundle_find(&bundle, "init", &found, &why));
    assert_int_equal(found.size, 12);
    assert_string_equal(kernel_finds(file.size), "found");

    for (const char *const *name = (const char *[]){"b", "", "ini", "init2", "TRAILER!!!", NULL}; *name; name++) {
        assert_false(bundle_find(&bundle, *name, &found, &why));
        assert_string_equal(why, "there is no such file in the bundle");
    }
}

static void test_first_of_a_name(void **state)
{
    (void)state;
    memset(&file, 0, sizeof(file));
    file_entry(&file, "init", "init's bytes", 12);
    file_entry(&file, "init", "not this one", 12);
    assert_string_equal(kernel_finds(file.size), "found");
    file_entry(&file, "TRAILER!!!", "", 0);
    assert_int_equal(archive_check(file.bytes, file.size), 2);
}

// Archives may be joined with zeros between entries; behind a trailer nobody looks.
static void test_zeros(void **state)
{
    int count;
    (void)state;

    memset(&file, 0, sizeof(file));
    file_entry(&file, "a", "abcde", 5);
    file.size += 512;
    file_entry(&file, "b", "", 0);
    file_entry(&file, "TRAILER!!!", "", 0);
    file_entry(&file, "init", "init's bytes", 12);
    assert_string_equal(bundle_walk(file.size, &count), "read");
    assert_int_equal(count, 2);
    assert_string_equal(kernel_finds(file.size), "the initrd is not a cpio archive, or is corrupt");
}

// What `damage` does to a correct archive is answered with exactly these: the library's with the number of files
// before it, the kernel's.
#define ANSWERS(damage, library, number, kernel)                      \
    do {                                                              \
        int count_;                                                   \
        file_archive(&file);                                          \
        damage;                                                       \
        assert_string_equal(bundle_walk(file.size, &count_), library); \
        assert_int_equal(count_, number);                             \
        assert_string_equal(kernel_finds(file.size), kernel);         \
    } while (0)
#define DIGITS(at, text) memcpy(file.bytes + (at), text, 8)

static void test_refusals(void **state)
{
    static const char corrupt[] = "the initrd is not a cpio archive, or is corrupt";
    static const char truncated[] = "the initrd is truncated";
    (void)state;

    ANSWERS(file.size = 0, "the bundle ends without a trailer", 0, "there is no initrd, or it is empty");
    ANSWERS(file.size = 109, "the bundle ends within a header", 0, truncated);
    ANSWERS(file.bytes[0] = 'x', "the bundle is no cpio archive of the newc format", 0, corrupt);
    ANSWERS(file.bytes[5] = '3', "the bundle is no cpio archive of the newc format", 0, corrupt);
    ANSWERS(DIGITS(MODE, "0000000g"), "a header of the bundle holds a number that is none", 0, "found");
    ANSWERS(DIGITS(FILE_SIZE, "0000000G"), "a header of the bundle holds a number that is none", 0, corrupt);
    ANSWERS(DIGITS(NAME_SIZE, " 0000002"), "a header of the bundle holds a number that is none", 0, corrupt);
    ANSWERS(DIGITS(NAME_SIZE, "00000000"), "a name in the bundle is empty, too long, or cut off", 0, corrupt);
    ANSWERS((DIGITS(NAME_SIZE, "00000000"), file.bytes[NAME - 1] = 0),
            "a name in the bundle is empty, too long, or cut off", 0, corrupt);
    ANSWERS(DIGITS(NAME_SIZE, "00000101"), "a name in the bundle is empty, too long, or cut off", 0, corrupt);
    ANSWERS(DIGITS(NAME_SIZE, "ffffffff"), "a name in the bundle is empty, too long, or cut off", 0, truncated);
    ANSWERS(DIGITS(NAME_SIZE, "00000001"), "a name in the bundle does not end where it should", 0, corrupt);
    ANSWERS(file.bytes[NAME] = 0, "a name in the bundle does not end where it should", 0, "found");
    ANSWERS(DIGITS(INIT + NAME_SIZE, "00000004"), "a name in the bundle does not end where it should", 1, corrupt);
    ANSWERS(DIGITS(FILE_SIZE, "ffffffff"), "a file in the bundle is cut off", 0, truncated);
    ANSWERS(DIGITS(INIT + FILE_SIZE, "FFFFFFFF"), "a file in the bundle is cut off", 1, truncated);
    ANSWERS(file.bytes[INIT + 5] = '2', "read", 3, corrupt); // with checksums: the library takes it, too
    ANSWERS(DIGITS(TRAILER + FILE_SIZE, "7fffffff"), "read", 3, "found");
    ANSWERS(file.bytes[INIT + NAME] = 'I', "read", 3, "the initrd holds no program named init");
    ANSWERS(file.size = TRAILER, "the bundle ends without a trailer", 3, "found");
    ANSWERS((file.size = TRAILER, file.bytes[INIT + NAME] = 'I'), "the bundle ends without a trailer", 3, truncated);
}

// Found as soon as the last byte of it is there; read as soon as the trailer is.
static void test_truncated(void **state)
{
    int count;
    (void)state;

    file_archive(&file);
    for (size_t size = 0; size <= file.size; size++) {
        bool there = size >= INIT + 116 + 12, whole = size >= TRAILER + 110 + 11;
        assert_int_equal(strcmp(kernel_finds(size), "found") == 0, there);
        assert_int_equal(strcmp(bundle_walk(size, &count), "read") == 0, whole);
        void *memory;
        assert_int_equal(archive_check(exact_copy(file.bytes, size, 0, &memory), size), whole ? 3 : -1);
        free(memory);
    }
}

// Each of the 13 numbers of each header with lies in it: the rules hold whatever it is taken for.
static void test_fields(void **state)
{
    static const char *const lies[] = {"00000000", "00000001", "00000003", "00000005", "0000000c", "00000010",
                                       "000000ff", "00000100", "00000101", "00000200", "7fffffff", "80000000",
                                       "FFFFFF00", "fffffffc", "ffffffff", "0x000001", "       1", "-0000001",
                                       "\0\0\0\0\0\0\0\0"};
    const size_t entries[] = {0, INIT, EMPTY, TRAILER};
    int refused[13] = {0};
    (void)state;

    for (size_t entry = 0; entry < 4; entry++)
        for (size_t field = 0; field < 13; field++)
            for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
                void *memory;
                file_archive(&file);
                DIGITS(entries[entry] + 6 + 8 * field, lies[i]);
                refused[field] += archive_check(exact_copy(file.bytes, file.size, 0, &memory), file.size) < 0;
                free(memory);
            }
    for (int field = 0; field < 13; field++) // mode, size, size of the name are the ones that are read
        assert_int_equal(refused[field] > 0, field == 1 || field == 6 || field == 11);
}

static void test_bits(void **state)
{
    int refused = 0;
    (void)state;

    for (size_t bit = 0; bit < (TRAILER + NAME + 11) * 8; bit++) {
        void *memory;
        file_archive(&file);
        file.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        refused += archive_check(exact_copy(file.bytes, file.size, 0, &memory), file.size) < 0;
        free(memory);
    }
    assert_in_range(refused, 500, 3000); // some bits matter, and some do not
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_correct),   cmocka_unit_test(test_first_of_a_name), cmocka_unit_test(test_zeros),
        cmocka_unit_test(test_refusals),  cmocka_unit_test(test_truncated),       cmocka_unit_test(test_fields),
        cmocka_unit_test(test_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
