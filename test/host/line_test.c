// SPDX-License-Identifier: BSD-2-Clause
/*
 * The line editor against a model of a dumb terminal (a row of cells, a cursor that a backspace moves back)
 * and, for random keys, against a second editor that is nothing but a string and an index.
 */
#include <libos/console/line.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h> // needs the headers above

#define PROMPT "rivet> "
// The terminal. A row of 80 cells; writing behind the last one is what the editor must never do.
struct screen {
    const char *keys; // still to be typed
    size_t keys_left;
    char row[LINE_COLUMNS + 1];
    size_t column;
    size_t rows; // line ends seen
    size_t bells;
    char last_row[LINE_COLUMNS + 1];
};

static int screen_get(void *context)
{
    struct screen *screen = context;

    if (screen->keys_left == 0)
        return -1;
    screen->keys_left--;
    return (unsigned char)*screen->keys++;
}

static void screen_put(void *context, const char *bytes, size_t count)
{
    struct screen *screen = context;

    for (size_t i = 0; i < count; i++) {
        char byte = bytes[i];
        if (byte == '\b') {
            assert_true(screen->column > strlen(PROMPT)); // the prompt is never run over
            screen->column--;
        } else if (byte == '\n') {
            memcpy(screen->last_row, screen->row, sizeof(screen->row));
            memset(screen->row, ' ', LINE_COLUMNS);
            screen->column = 0;
            screen->rows++;
        } else if (byte == '\a') {
            screen->bells++;
        } else {
            assert_true(byte >= ' ' && byte < 0x7f); // nothing a dumb terminal would not know
            assert_true(screen->column < LINE_COLUMNS - 1);
            screen->row[screen->column++] = byte;
        }
    }
}

static void screen_begin(struct screen *screen, const char *keys, size_t count)
{
    memset(screen, 0, sizeof(*screen));
    memset(screen->row, ' ', LINE_COLUMNS);
    screen->keys = keys;
    screen->keys_left = count;
}

static enum line_end type(struct line *line, struct screen *screen, const char *keys)
{
    screen_begin(screen, keys, strlen(keys));
    line->terminal = (struct line_terminal){screen_get, screen_put, screen};
    return line_read(line, PROMPT);
}

// Types keys into a fresh editor and compares the line that comes out, and what the terminal showed last.
static void expect(const char *keys, const char *text)
{
    static struct line line;
    struct screen screen;
    char row[LINE_COLUMNS + 1];

    memset(&line, 0, sizeof(line));
    assert_true(type(&line, &screen, keys) == LINE_ENTERED);
    assert_string_equal(line.text, text);
    snprintf(row, sizeof(row), "%s%-*s", PROMPT, (int)(LINE_COLUMNS - strlen(PROMPT)), text);
    assert_string_equal(screen.last_row, row);
    assert_true(screen.rows == 1);
}

static void test_editing(void **state)
{
    (void)state;
    expect("hello\r", "hello");
    expect("hello\n", "hello");
    expect("helo\x1b[Dl\r", "hello");
    expect("hellp\bo\r", "hello");
    expect("hellp\x7fo\r", "hello");
    expect("\x7f\x7fhello\r", "hello");
    expect("ello\x01h\r", "hello");
    expect("hell\x01\x05o\r", "hello");
    expect("ello\x1b[Hh\x1b[F!\r", "hello!");
    expect("ello\x1b[1~h\x1b[4~!\r", "hello!");
    expect("ello\x1bOHh\x1bOF!\r", "hello!");
    expect("xhello\x01\x1b[3~\r", "hello");
    expect("xhello\x01\x04\r", "hello");
    expect("hello world\x01\x06\x06\x06\x06\x06\x0b\r", "hello");
    expect("wrong\x15hello\r", "hello");
    expect("hello wrong  \x17\x7f\r", "hello");
    expect("say hello\x17\x17\x17hello\r", "hello");
    expect("one two\x1b[D\x1b[D\x1b[D\x17\r", "two");
    expect("hello\x1b[C\x1b[C!\r", "hello!");
}

static void test_noise(void **state)
{
    (void)state;
    expect("he\x1b[5~l\x1b[1;5Cl\x1b[200~o\r", "hello"); // keys it does not know
    expect("he\x1bxllo\r", "hello");                     // Alt and a letter
    expect("he\x1b[1;\x1b[Dhe\x05\x7f\r", "hhe");        // a sequence cut short by the next one
    expect("hello\x1b[12\r", "hello");                   // Enter within a sequence is Enter
    expect("h\x0e\x01\x05\x07\x11" "e\x80\xff\tllo\r", "hello");
}

static void test_ends(void **state)
{
    (void)state;
    static struct line line;
    struct screen screen;

    assert_true(type(&line, &screen, "never mind\x03") == LINE_ABANDONED);
    assert_true(line.text[0] == '\0' && screen.rows == 1);
    assert_true(strncmp(screen.last_row, PROMPT "never mind^C ", strlen(PROMPT) + 13) == 0);
    assert_true(type(&line, &screen, "") == LINE_NO_MORE);
    assert_true(type(&line, &screen, "\x04") == LINE_NO_MORE);
    assert_true(type(&line, &screen, "cut off") == LINE_NO_MORE && line.text[0] == '\0');
    assert_true(type(&line, &screen, "x\x04\x7f\x04") == LINE_NO_MORE);

    // Enter that sends two characters is one Enter, but two of the same are two.
    assert_true(type(&line, &screen, "a\r") == LINE_ENTERED);
    assert_true(type(&line, &screen, "\nb\r") == LINE_ENTERED && strcmp(line.text, "b") == 0);
    assert_true(type(&line, &screen, "\r") == LINE_ENTERED && line.text[0] == '\0');
    assert_true(type(&line, &screen, "\r") == LINE_ENTERED && line.text[0] == '\0');
    assert_true(type(&line, &screen, "c\n") == LINE_ENTERED);
    assert_true(type(&line, &screen, "\n") == LINE_ENTERED && line.text[0] == '\0');
}

static void test_history(void **state)
{
    (void)state;
    static struct line line;
    struct screen screen;
    char number[16];

    assert_true(type(&line, &screen, "\x1b[A\x1b[Bx\r") == LINE_ENTERED && strcmp(line.text, "x") == 0);
    assert_true(screen.bells == 1);
    type(&line, &screen, "one\r");
    type(&line, &screen, "two\r");
    type(&line, &screen, "two\r");
    type(&line, &screen, "   \r");
    type(&line, &screen, "abandoned\x03");
    type(&line, &screen, "\x1b[A\r");
    assert_string_equal(line.text, "two");
    type(&line, &screen, "\x1b[A\x1b[A\r"); // `two` stands there once
    assert_string_equal(line.text, "one");
    type(&line, &screen, "new\x1b[A\x1b[A\x1b[B\x1b[B!\r"); // the new line comes back as it was
    assert_string_equal(line.text, "new!");
    type(&line, &screen, "\x1b[A\x7f?\r"); // editing what was recalled changes no history
    assert_string_equal(line.text, "new?");
    type(&line, &screen, "\x10\x10\r");
    assert_string_equal(line.text, "new!");

    for (int i = 0; i < 3 * LINE_HISTORY; i++) {
        snprintf(number, sizeof(number), "line %d\r", i);
        type(&line, &screen, number);
    }
    char keys[3 * (LINE_HISTORY + 5) + 2] = "";
    for (int i = 0; i < LINE_HISTORY + 5; i++)
        strcat(keys, "\x1b[A");
    strcat(keys, "\r");
    type(&line, &screen, keys);
    assert_true(screen.bells == 5);
    snprintf(number, sizeof(number), "line %d", 2 * LINE_HISTORY);
    assert_string_equal(line.text, number);
}

static void test_long(void **state)
{
    (void)state;
    static struct line line;
    struct screen screen;
    char keys[2 * LINE_BYTES];

    memset(keys, 'a', sizeof(keys));
    keys[sizeof(keys) - 2] = '\r';
    keys[sizeof(keys) - 1] = '\0';
    assert_true(type(&line, &screen, keys) == LINE_ENTERED);
    assert_true(strlen(line.text) == LINE_BYTES - 1);
    assert_true(screen.bells == sizeof(keys) - 2 - (LINE_BYTES - 1));
}

// The second editor: no window, no terminal, no history.
struct model {
    char text[LINE_BYTES];
    size_t length, cursor;
};

static void model_cut(struct model *model, size_t first, size_t end)
{
    memmove(model->text + first, model->text + end, model->length - end);
    model->length -= end - first;
    model->cursor = first;
}

static void model_key(struct model *model, const char *key)
{
    size_t cursor = model->cursor, first = cursor;

    switch (strlen(key) == 3 ? key[2] : key[0]) {
    // The last byte of a key that is a sequence, or the only one of another.
    case 'D':  model->cursor -= cursor > 0; return;
    case 'C':  model->cursor += cursor < model->length; return;
    case 'H':  model->cursor = 0; return;
    case 'F':  model->cursor = model->length; return;
    case 0x7f: model_cut(model, cursor - (cursor > 0), cursor); return;
    case 0x0b: model_cut(model, cursor, model->length); return;
    case 0x15: model_cut(model, 0, cursor); return;
    case 0x17:
        while (first > 0 && model->text[first - 1] == ' ')
            first--;
        while (first > 0 && model->text[first - 1] != ' ')
            first--;
        model_cut(model, first, cursor);
        return;
    default:
        if (model->length == LINE_BYTES - 1)
            return;
        memmove(model->text + cursor + 1, model->text + cursor, model->length - cursor);
        model->text[model->cursor++] = key[0];
        model->length++;
    }
}

// A typist who looks at the screen before each key, and stops after so many of them.
struct typist {
    struct screen screen; // first, so that screen_put finds it
    struct line *line;
    struct model model;
    uint64_t seed;
    size_t keys;
    size_t shown_beyond; // keys after which the line was longer than the window
};

// The row shows a piece of the model's text (all of it when it fits) and the cursor at its place in it.
static void typist_look(struct typist *typist)
{
    const struct model *model = &typist->model;
    const char *visible = typist->screen.row + strlen(PROMPT);
    size_t width = LINE_COLUMNS - 1 - strlen(PROMPT);
    size_t column = typist->screen.column - strlen(PROMPT);

    assert_true(typist->line->length == model->length);
    assert_true(memcmp(typist->line->text, model->text, model->length) == 0);
    assert_true(column <= model->cursor);
    size_t first = model->cursor - column;
    assert_true(first == 0 || column > 0);
    for (size_t i = 0; i < width; i++)
        assert_true(visible[i] == (first + i < model->length ? model->text[first + i] : ' '));
    typist->shown_beyond += model->length > width;
}

// Keys that cut much, and long ways to the left, come in bouts, so that long lines and short ones are
// both seen.
static const char *typist_key(struct typist *typist)
{
    static const char *const writing[] = {"a", "b", "c", "d", "e", " ", "\x1b[D", "\x1b[C", "\x7f"};
    static const char *const cutting[] = {"f", " ", "\x1b[H", "\x1b[F", "\x7f", "\x0b", "\x15", "\x17"};
    static const char *const going_left[] = {"\x1b[D", "\x1b[D", "\x1b[D", "g"};
    size_t random, bout = typist->keys % 512;

    typist->seed = typist->seed * 6364136223846793005ul + 1442695040888963407ul;
    random = typist->seed >> 33;
    if (bout < 20)
        return cutting[random % 8];
    return bout >= 350 && bout < 450 ? going_left[random % 4] : writing[random % 9];
}

static int typist_get(void *context)
{
    struct typist *typist = context;

    if (typist->screen.keys_left == 0) {
        if (typist->screen.column >= strlen(PROMPT))
            typist_look(typist);
        if (typist->keys-- == 0)
            return '\r';
        const char *key = typist_key(typist);
        model_key(&typist->model, key);
        typist->screen.keys = key;
        typist->screen.keys_left = strlen(key);
    }
    return screen_get(&typist->screen);
}

static void typist_run(uint64_t seed)
{
    static struct line line;
    struct typist typist = {.line = &line, .seed = seed, .keys = 4000};

    memset(&line, 0, sizeof(line));
    memset(typist.screen.row, ' ', LINE_COLUMNS);
    line.terminal = (struct line_terminal){typist_get, screen_put, &typist};
    assert_true(line_read(&line, PROMPT) == LINE_ENTERED);
    assert_true(typist.shown_beyond > 100); // the window moved, or this test has shown little
}

static void test_random(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++)
        typist_run(seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_editing), cmocka_unit_test(test_noise), cmocka_unit_test(test_ends),
        cmocka_unit_test(test_history), cmocka_unit_test(test_long),  cmocka_unit_test(test_random),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
