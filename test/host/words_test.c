// SPDX-License-Identifier: BSD-2-Clause
// A command line as words: blanks, quotes, the background, and what is refused.

#include "words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h> // needs the headers above

// Splits a copy that ends where the text ends, so that the sanitizer sees every step too far.
static const char *split(struct words *words, const char *text, char **memory)
{
    *memory = strdup(text);
    assert_non_null(*memory);
    return words_split(words, *memory);
}

static void expect(const char *text, bool background, int count, const char *const *word)
{
    struct words words;
    char *memory;

    assert_null(split(&words, text, &memory));
    assert_int_equal(words.count, count);
    assert_int_equal(words.background, background);
    for (int i = 0; i < count; i++)
        assert_string_equal(words.word[i], word[i]);
    assert_null(words.word[count]);
    free(memory);
}

#define EXPECT(text, background, ...)                                                      \
    expect(text, background, sizeof((const char *[]){__VA_ARGS__}) / sizeof(const char *), \
           (const char *[]){__VA_ARGS__})

static void refuse(const char *text)
{
    struct words words;
    char *memory;

    assert_non_null(split(&words, text, &memory));
    free(memory);
}

static void test_words(void **state)
{
    (void)state;
    expect("", false, 0, NULL);
    expect("    ", false, 0, NULL);
    EXPECT("hello", false, "hello");
    EXPECT("  hello   one two ", false, "hello", "one", "two");
    EXPECT("echo 'one two' \"three  four\"", false, "echo", "one two", "three  four");
    EXPECT("echo '' \"\" x", false, "echo", "", "", "x");
    EXPECT("echo on'e t'wo", false, "echo", "one two");
    EXPECT("echo '\"' \"'\" \"\\\"\" '\\'", false, "echo", "\"", "'", "\"", "\\");
    EXPECT("echo \\'x one\\ two \"\\n\" \\\\", false, "echo", "'x", "one two", "\\n", "\\");
    EXPECT("echo \\", false, "echo", "\\");
}

static void test_background(void **state)
{
    (void)state;
    EXPECT("spin &", true, "spin");
    EXPECT("spin&", true, "spin");
    EXPECT("spin 1 2 &  ", true, "spin", "1", "2");
    EXPECT("echo '&'", false, "echo", "&");
    EXPECT("echo a\\&", false, "echo", "a&");
    EXPECT("echo a&b", false, "echo", "a&b");
}

static void test_refusals(void **state)
{
    char many[2 * WORDS_MAX + 3];

    (void)state;
    refuse("&");
    refuse("   & ");
    refuse("echo 'open");
    refuse("echo \"open");
    refuse("echo \"open\\\"");
    refuse("echo 'open &");
    for (int i = 0; i <= WORDS_MAX; i++)
        memcpy(many + 2 * i, "x ", 3);
    refuse(many);
    many[2 * WORDS_MAX] = '\0';
    struct words words;
    assert_null(words_split(&words, many));
    assert_int_equal(words.count, WORDS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_background),
        cmocka_unit_test(test_refusals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
