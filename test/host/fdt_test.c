// SPDX-License-Identifier: BSD-2-Clause
//
// The kernel's device tree reader against libfdt: both walk every node and property of the same trees. Then
// blobs that lie, each of which has to be refused with its own sentence, and every byte of a tree changed.
#include "boot/fdt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libfdt.h>

#include "tree_file.h"

static const char *trees; // the folder with the blobs

static const char *const tree_names[] = {
    "virt.dtb",        "virt_12_harts.dtb", "virt_u54.dtb",     "virt_2_sockets.dtb", "sifive_u.dtb",
    "visionfive2.dtb", "ranges.dtb",        "banks.dtb",        "shared_page.dtb",    "many_devices.dtb",
    "no_console.dtb",  "many_harts.dtb",    "alias_console.dtb",
};

enum {
    AT_SIZE = 4, AT_STRUCTURE = 8, AT_STRINGS = 12, AT_RESERVE = 16, AT_VERSION = 20, AT_COMPATIBLE = 24,
    AT_STRINGS_SIZE = 32, AT_STRUCTURE_SIZE = 36,
};

// libfdt counts from the start of the structure block.
static int oracle_offset(const struct fdt *tree, fdt_node_t node)
{
    return node == FDT_NONE ? -FDT_ERR_NOTFOUND : (int)(node - tree->structure);
}

static size_t values_compare(const struct fdt *tree, fdt_node_t node)
{
    struct fdt_value value, named;
    int property = fdt_first_property_offset(tree->blob, oracle_offset(tree, node));
    size_t count = 0;

    for (bool more = fdt_value_first(tree, node, &value); more; more = fdt_value_next(tree, &value)) {
        const char *name;
        int length;
        const void *bytes = fdt_getprop_by_offset(tree->blob, property, &name, &length);
        assert_non_null(bytes);
        assert_string_equal(value.name, name);
        assert_int_equal(value.length, length);
        assert_ptr_equal(value.bytes, bytes);

        assert_true(fdt_value(tree, node, name, &named));
        assert_ptr_equal(named.bytes, fdt_getprop(tree->blob, oracle_offset(tree, node), name, NULL));
        property = fdt_next_property_offset(tree->blob, property);
        count++;
    }
    assert_int_equal(property, -FDT_ERR_NOTFOUND);
    assert_false(fdt_value(tree, node, "no-such-property", &named));
    return count;
}

static void children_compare(const struct fdt *tree, fdt_node_t node)
{
    int oracle = fdt_first_subnode(tree->blob, oracle_offset(tree, node));

    for (fdt_node_t child = fdt_child_first(tree, node); child != FDT_NONE;
         child = fdt_child_next(tree, child)) {
        const char *name = fdt_node_name(tree, child);
        size_t whole = strlen(name), base = strcspn(name, "@");
        assert_int_equal(oracle_offset(tree, child), oracle);
        for (size_t length = 1; length <= whole; length++)
            assert_int_equal(oracle_offset(tree, fdt_child(tree, node, name, length)),
                             fdt_subnode_offset_namelen(tree->blob, oracle_offset(tree, node), name,
                                                        (int)length));
        assert_int_not_equal(fdt_child(tree, node, name, base), FDT_NONE);
        oracle = fdt_next_subnode(tree->blob, oracle);
    }
    assert_int_equal(oracle, -FDT_ERR_NOTFOUND);
}

static void compatible_compare(const struct fdt *tree, fdt_node_t node)
{
    static const char *const asked[] = {"simple-bus",   "ns16550a", "riscv,plic0",
                                        "sifive,test0", "riscv",    "sifive"};

    for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++)
        assert_int_equal(fdt_has_text(tree, node, "compatible", asked[i]),
                         fdt_node_check_compatible(tree->blob, oracle_offset(tree, node), asked[i]) == 0);
}

static void reserve_compare(const struct fdt *tree)
{
    uint64_t address, size, oracle_address, oracle_size;
    int count = fdt_num_mem_rsv(tree->blob);

    for (int i = 0; i < count; i++) {
        assert_true(fdt_reserve(tree, (uint32_t)i, &address, &size));
        assert_int_equal(fdt_get_mem_rsv(tree->blob, i, &oracle_address, &oracle_size), 0);
        assert_int_equal(address, oracle_address);
        assert_int_equal(size, oracle_size);
    }
    assert_false(fdt_reserve(tree, (uint32_t)count, &address, &size));
}

// Returns how many properties were compared.
static size_t tree_compare(const uint8_t *blob, size_t size)
{
    struct fdt tree;
    struct fdt_walk walk;
    char path[512];
    int depth = 0, oracle = 0;
    size_t count = 0;

    assert_string_equal(fdt_open(&tree, blob, size) ?: "", "");
    assert_int_equal(fdt_check_full(blob, size), 0);

    fdt_walk_start(&walk, &tree);
    while (fdt_walk_next(&walk)) {
        fdt_node_t node = fdt_walk_node(&walk);
        assert_int_equal(oracle_offset(&tree, node), oracle);
        assert_int_equal(fdt_walk_depth(&walk), depth);
        assert_string_equal(fdt_node_name(&tree, node), fdt_get_name(blob, oracle, NULL));
        if (depth > 0)
            assert_int_equal(oracle_offset(&tree, walk.path[depth - 1]), fdt_parent_offset(blob, oracle));
        assert_int_equal(fdt_get_path(blob, oracle, path, sizeof(path)), 0);
        assert_int_equal(fdt_path(&tree, path, strlen(path)), node);
        count += values_compare(&tree, node);
        children_compare(&tree, node);
        compatible_compare(&tree, node);
        oracle = fdt_next_node(blob, oracle, &depth);
        if (depth < 0)
            oracle = -FDT_ERR_NOTFOUND;
    }
    assert_true(oracle < 0);
    reserve_compare(&tree);
    return count;
}

static void test_libfdt_agrees(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(tree_names) / sizeof(tree_names[0]); i++) {
        size_t size;
        uint8_t *blob = file_read(trees, tree_names[i], &size);
        assert_true(tree_compare(blob, size) > 10);
        free(blob);
    }
}

// Deleting a node or property leaves NOPs in its place.
static void test_libfdt_agrees_on_nops(void **state)
{
    (void)state;
    size_t size;
    uint8_t *blob = file_read(trees, "visionfive2.dtb", &size);
    size_t before = tree_compare(blob, size);

    assert_int_equal(fdt_nop_property(blob, 0, "#address-cells"), 0);
    assert_int_equal(fdt_nop_property(blob, fdt_path_offset(blob, "/soc"), "ranges"), 0);
    assert_int_equal(fdt_nop_node(blob, fdt_path_offset(blob, "/aliases")), 0);
    assert_int_equal(fdt_nop_node(blob, fdt_path_offset(blob, "/soc/mmc@16020000")), 0);
    assert_int_equal(tree_compare(blob, size), before - 2 - 2 - 3);
    free(blob);
}

static void test_blob_need_not_be_aligned(void **state)
{
    (void)state;
    size_t size;
    uint8_t *blob = file_read(trees, "visionfive2.dtb", &size);

    for (size_t shift = 1; shift <= 8; shift++) {
        struct fdt tree;
        uint8_t *moved = malloc(size + shift);
        assert_non_null(moved);
        memcpy(moved + shift, blob, size);
        assert_null(fdt_open(&tree, moved + shift, size));
        assert_int_not_equal(fdt_path(&tree, "/soc/serial@10000000", 20), FDT_NONE);
        free(moved);
    }
    free(blob);
}

static void test_values_as_numbers_and_texts(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0, 0, 0, 1, 0x80, 0, 0, 2, 0, 0, 0, 3};
    struct fdt_value value = {.bytes = bytes, .length = 12};
    uint64_t number = 99;
    uint32_t cursor = 0;

    assert_false(fdt_number(&value, &number));
    assert_true(fdt_cells(&value, &cursor, 2, &number));
    assert_int_equal(number, 0x180000002);
    assert_false(fdt_cells(&value, &cursor, 2, &number));
    assert_int_equal(cursor, 2);
    assert_true(fdt_cells(&value, &cursor, 0, &number));
    assert_int_equal(number, 0);
    assert_true(fdt_cells(&value, &cursor, 1, &number));
    assert_int_equal(number, 3);
    assert_false(fdt_cells(&value, &cursor, 1, &number));
    cursor = UINT32_MAX;
    assert_false(fdt_cells(&value, &cursor, 1, &number));
    cursor = 0;
    assert_false(fdt_cells(&value, &cursor, 3, &number));

    value = (struct fdt_value){.bytes = (const uint8_t *)"ab\0\0c", .length = 6};
    const char *text = fdt_text(&value);
    assert_string_equal(text, "ab");
    assert_string_equal(text = fdt_text_next(&value, text), "");
    assert_string_equal(text = fdt_text_next(&value, text), "c");
    assert_null(fdt_text_next(&value, text));
    value.length = 5;
    assert_null(fdt_text(&value));
    value.length = 0;
    assert_null(fdt_text(&value));
}

// A blob from the start: header, an empty reserve block, these tokens, and the strings "a\0".
static uint8_t *blob_make(const uint32_t *tokens, size_t count, size_t *size)
{
    enum { RESERVE = 40, STRUCTURE = 56 };
    *size = STRUCTURE + count * 4 + 2;
    uint8_t *blob = calloc(1, *size);
    assert_non_null(blob);

    const uint32_t strings = STRUCTURE + (uint32_t)count * 4;
    const uint32_t header[] = {0xd00dfeed, (uint32_t)*size, STRUCTURE, strings, RESERVE, 17, 16, 0, 2,
                               (uint32_t)count * 4};
    for (size_t i = 0; i < 10; i++)
        blob_put(blob, i * 4, header[i]);
    for (size_t i = 0; i < count; i++)
        blob_put(blob, STRUCTURE + i * 4, tokens[i]);
    blob[STRUCTURE + count * 4] = 'a';
    return blob;
}

static void expect_tokens(const char *sentence, const uint32_t *tokens, size_t count)
{
    struct fdt tree;
    size_t size;
    uint8_t *blob = blob_make(tokens, count, &size);
    const char *refusal = fdt_open(&tree, blob, size);

    assert_string_equal(refusal != NULL ? refusal : "", sentence);
    free(blob);
}

#define EXPECT_TOKENS(sentence, ...) \
    expect_tokens(sentence, (const uint32_t[]){__VA_ARGS__}, sizeof((uint32_t[]){__VA_ARGS__}) / 4)

static void test_structure_that_lies(void **state)
{
    (void)state;
    enum { BEGIN = 1, CLOSE = 2, VALUE = 3, NOP = 4, END = 9 };
    const char *cut = "the device tree's structure is cut short or damaged";
    const char *stray = "the device tree has a property outside of a node or behind a child";

    EXPECT_TOKENS("", BEGIN, 0, VALUE, 4, 0, 7, NOP, CLOSE, NOP, END);
    EXPECT_TOKENS("", BEGIN, 0, VALUE, 0, 1, CLOSE, END); // the name is the strings' last, empty one
    EXPECT_TOKENS(cut, BEGIN, 0, CLOSE);
    EXPECT_TOKENS(cut, BEGIN, 0x61616161);
    EXPECT_TOKENS(cut, BEGIN);
    EXPECT_TOKENS(cut, NOP, NOP, NOP);
    EXPECT_TOKENS(cut, BEGIN, 0, 5, CLOSE, END);
    EXPECT_TOKENS(cut, BEGIN, 0, VALUE, 0, 2, CLOSE, END);
    EXPECT_TOKENS(cut, BEGIN, 0, VALUE, 0, UINT32_MAX, CLOSE, END);
    EXPECT_TOKENS(cut, BEGIN, 0, VALUE, 9, 0, CLOSE, END);
    EXPECT_TOKENS(cut, BEGIN, 0, VALUE, UINT32_MAX, 0, CLOSE, END);
    EXPECT_TOKENS(cut, BEGIN, 0, VALUE, UINT32_MAX - 11, 0, CLOSE, END);
    EXPECT_TOKENS(cut, BEGIN, 0, VALUE, 0);
    EXPECT_TOKENS("the device tree has more than one root", BEGIN, 0, CLOSE, BEGIN, 0, CLOSE, END);
    EXPECT_TOKENS("the device tree's root has a name", BEGIN, 0x61000000, CLOSE, END);
    EXPECT_TOKENS("the device tree ends inside a node", BEGIN, 0, END);
    EXPECT_TOKENS("the device tree ends inside a node", END);
    EXPECT_TOKENS("the device tree closes a node that it did not open", BEGIN, 0, CLOSE, CLOSE, END);
    EXPECT_TOKENS(stray, VALUE, 0, 0, BEGIN, 0, CLOSE, END);
    EXPECT_TOKENS(stray, BEGIN, 0, BEGIN, 0x61000000, CLOSE, VALUE, 0, 0, CLOSE, END);
}

// The structure as the last block of the blob, one byte short of its last token.
static void test_structure_that_ends_in_a_token(void **state)
{
    (void)state;
    struct fdt tree;
    size_t size;
    uint8_t *blob = blob_make((const uint32_t[]){1, 0, 2, 9}, 4, &size);

    size -= 2 + 1;
    blob_put(blob, AT_SIZE, (uint32_t)size);
    blob_put(blob, AT_STRUCTURE_SIZE, 15);
    blob_put(blob, AT_STRINGS, 40);
    blob_put(blob, AT_STRINGS_SIZE, 0);
    uint8_t *copy = bytes_copy(blob, size);
    assert_string_equal(fdt_open(&tree, copy, size), "the device tree's structure is cut short or damaged");
    free(copy);
    free(blob);
}

// "a" finds "a@b@", "a@b" does not: only a whole unit address may be left out.
static void test_names_with_two_units(void **state)
{
    (void)state;
    struct fdt tree;
    size_t size;
    uint8_t *blob = blob_make((const uint32_t[]){1, 0, 1, 0x61406240, 0, 2, 2, 9}, 8, &size);

    assert_null(fdt_open(&tree, blob, size));
    fdt_node_t root = fdt_path(&tree, "/", 1);
    assert_int_equal(fdt_child(&tree, root, "a", 1), root + 8);
    assert_int_equal(fdt_child(&tree, root, "a@b@", 4), root + 8);
    assert_int_equal(fdt_child(&tree, root, "a@b", 3), FDT_NONE);
    assert_int_equal(fdt_child(&tree, root, "b", 1), FDT_NONE);
    free(blob);
}

static void test_nesting_is_bounded(void **state)
{
    (void)state;
    for (uint32_t depth = FDT_DEPTH_MAX; depth <= FDT_DEPTH_MAX + 1; depth++) {
        uint32_t tokens[(FDT_DEPTH_MAX + 1) * 3 + 1];
        size_t count = 0;
        for (uint32_t i = 0; i < depth; i++) {
            tokens[count++] = 1;
            tokens[count++] = 0;
        }
        for (uint32_t i = 0; i < depth; i++)
            tokens[count++] = 2;
        tokens[count++] = 9;
        expect_tokens(depth > FDT_DEPTH_MAX ? "the device tree is nested too deeply" : "", tokens, count);
    }
}

// The blob with one number of its header changed, read as if `size` bytes were there.
static void expect_header(const char *sentence, const uint8_t *blob, size_t size, size_t at, uint32_t number)
{
    struct fdt tree;
    uint8_t *copy = bytes_copy(blob, size);

    blob_put(copy, at, number);
    const char *refusal = fdt_open(&tree, copy, size);
    assert_string_equal(refusal != NULL ? refusal : "", sentence);
    free(copy);
}

static void test_header_that_lies(void **state)
{
    (void)state;
    size_t size;
    struct fdt tree;
    uint8_t *blob = file_read(trees, "bad/harts_disabled.dtb", &size);
    const char *outside = "the device tree's structure lies outside of it";
    const char *strings = "the device tree's strings lie outside of it";
    const char *version = "the device tree is of a version that the kernel cannot read";
    const char *large = "the device tree is larger than the kernel reads";
    const char *endless = "the device tree's list of reserved memory has no end";

    expect_header("", blob, size, AT_SIZE, (uint32_t)size);
    expect_header("the device tree does not begin with its magic number", blob, size, 0, 0xedfe0dd0);
    expect_header("the device tree is smaller than its own header", blob, size, AT_SIZE, 39);
    expect_header(large, blob, size, AT_SIZE, (uint32_t)size + 1);
    expect_header(large, blob, size, AT_SIZE, UINT32_MAX);
    expect_header(version, blob, size, AT_VERSION, 16);
    expect_header(version, blob, size, AT_COMPATIBLE, 18);
    expect_header(outside, blob, size, AT_STRUCTURE, 36);
    expect_header(outside, blob, size, AT_STRUCTURE, blob_get(blob, AT_STRUCTURE) + 2);
    expect_header(outside, blob, size, AT_STRUCTURE, UINT32_MAX - 3);
    expect_header(outside, blob, size, AT_STRUCTURE_SIZE, (uint32_t)size);
    expect_header(outside, blob, size, AT_STRUCTURE_SIZE, UINT32_MAX);
    expect_header(strings, blob, size, AT_STRINGS, (uint32_t)size + 1);
    expect_header(strings, blob, size, AT_STRINGS_SIZE, UINT32_MAX - 7);
    expect_header("the device tree's strings have no end", blob, size, AT_STRINGS_SIZE,
                  blob_get(blob, AT_STRINGS_SIZE) - 1);
    expect_header("the device tree's list of reserved memory is not aligned", blob, size, AT_RESERVE, 44);
    expect_header(endless, blob, size, AT_RESERVE, 32);
    expect_header(endless, blob, size, AT_RESERVE, (uint32_t)size & ~7u);
    expect_header(endless, blob, size, AT_RESERVE, UINT32_MAX - 7);
    assert_string_equal(fdt_open(&tree, NULL, size), "there is no device tree");
    assert_string_equal(fdt_open(&tree, blob, 39), "there is no device tree");
    free(blob);
}

// Reads all there is to read, so that ASan sees where the reader looks.
static uint32_t tree_sum(const struct fdt *tree)
{
    struct fdt_walk walk;
    struct fdt_value value;
    uint32_t sum = 0;

    fdt_walk_start(&walk, tree);
    while (fdt_walk_next(&walk)) {
        fdt_node_t node = fdt_walk_node(&walk);
        sum += (uint32_t)strlen(fdt_node_name(tree, node)) + fdt_child_first(tree, node);
        for (bool more = fdt_value_first(tree, node, &value); more; more = fdt_value_next(tree, &value)) {
            sum += (uint32_t)strlen(value.name);
            for (uint32_t i = 0; i < value.length; i++)
                sum += value.bytes[i];
            for (const char *text = fdt_text(&value); text != NULL; text = fdt_text_next(&value, text))
                sum += (uint32_t)strlen(text);
        }
    }
    return sum;
}

static void test_truncated_anywhere(void **state)
{
    (void)state;
    size_t size;
    uint8_t *blob = file_read(trees, "bad/harts_disabled.dtb", &size);

    for (size_t shorter = 0; shorter < size; shorter++) {
        struct fdt tree;
        uint8_t *copy = bytes_copy(blob, shorter);
        assert_non_null(fdt_open(&tree, copy, shorter));
        if (shorter >= 8) {
            blob_put(copy, AT_SIZE, (uint32_t)shorter);
            assert_non_null(fdt_open(&tree, copy, shorter));
        }
        free(copy);
    }
    free(blob);
}

// What the reader accepts, libfdt accepts as well: the other way round, libfdt tolerates more.
static void test_any_byte_changed(void **state)
{
    (void)state;
    static const uint8_t changes[] = {0x01, 0x02, 0x08, 0x40, 0x80, 0xff};
    size_t size, accepted = 0, refused = 0;
    uint8_t *blob = file_read(trees, "bad/harts_disabled.dtb", &size);

    for (size_t at = 0; at < size; at++) {
        for (size_t i = 0; i < sizeof(changes); i++) {
            struct fdt tree;
            uint8_t *copy = bytes_copy(blob, size);
            copy[at] ^= changes[i];
            if (fdt_open(&tree, copy, size) == NULL) {
                accepted++;
                assert_int_equal(fdt_check_full(copy, size), 0);
                assert_int_not_equal(tree_sum(&tree), 0);
            } else {
                refused++;
            }
            free(copy);
        }
    }
    assert_true(accepted > size && refused > size);
    free(blob);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_libfdt_agrees),
        cmocka_unit_test(test_libfdt_agrees_on_nops),
        cmocka_unit_test(test_blob_need_not_be_aligned),
        cmocka_unit_test(test_values_as_numbers_and_texts),
        cmocka_unit_test(test_structure_that_lies),
        cmocka_unit_test(test_structure_that_ends_in_a_token),
        cmocka_unit_test(test_names_with_two_units),
        cmocka_unit_test(test_nesting_is_bounded),
        cmocka_unit_test(test_header_that_lies),
        cmocka_unit_test(test_truncated_anywhere),
        cmocka_unit_test(test_any_byte_changed),
    };

    if (count != 2) {
        fprintf(stderr, "usage: fdt_test FOLDER-WITH-TREES\n");
        return 2;
    }
    trees = arguments[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
