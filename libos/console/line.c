// SPDX-License-Identifier: BSD-2-Clause
/*
 * The line editor. Every key changes the text and the cursor; then line_refresh makes the terminal show them.
 *
 * (1) cursor <= length < LINE_BYTES, and text[length] is NUL between keys.
 * (2) The terminal's cursor stands shown_cursor columns behind the prompt, and shown is what stands there.
 * (3) window <= cursor <= window + window_width: the cursor is always visible.
 */
#include <libos/console/line.h>

#include <stdbool.h>
#include <string.h>

#define CONTROL(letter) ((letter) & 0x1f)
#define ESCAPE          0x1b
#define DELETE          0x7f
#define SEQUENCE_MAX    16 // bytes of an escape sequence; a longer one is noise on the line

// Keys that arrive as escape sequences.
enum key { KEY_NONE = 256, KEY_UP, KEY_DOWN, KEY_RIGHT, KEY_LEFT, KEY_HOME, KEY_END, KEY_DELETE };

static void line_put(struct line *line, const char *bytes, size_t count)
{
    if (count > 0)
        line->terminal.put(line->terminal.context, bytes, count);
}

static void line_bell(struct line *line)
{
    line_put(line, "\a", 1);
}

static void line_fill(struct line *line, char byte, size_t count)
{
    for (; count > 0; count--)
        line_put(line, &byte, 1);
}

// Moves the terminal's cursor over what is shown: back with backspaces, forth by printing it again.
static void line_move(struct line *line, size_t to)
{
    if (to < line->shown_cursor)
        line_fill(line, '\b', line->shown_cursor - to);
    else
        line_put(line, line->shown + line->shown_cursor, to - line->shown_cursor);
    line->shown_cursor = to;
}

// Brings the window over the cursor, in steps of half its width so that typing at the end rarely redraws it,
// and so that something of the text before the cursor shows.
static void line_scroll(struct line *line)
{
    size_t half = line->window_width / 2;

    if (line->cursor <= line->window)
        line->window = line->cursor > half ? line->cursor - half : 0;
    if (line->cursor > line->window + line->window_width)
        line->window = line->cursor - half;
}

static void line_refresh(struct line *line)
{
    line_scroll(line);
    const char *view = line->text + line->window;
    size_t length = line->length - line->window;
    if (length > line->window_width)
        length = line->window_width;

    size_t same = 0;
    while (same < length && same < line->shown_length && view[same] == line->shown[same])
        same++;
    if (same < length || same < line->shown_length) {
        line_move(line, same);
        line_put(line, view + same, length - same);
        line->shown_cursor = length;
        if (line->shown_length > length) {
            line_fill(line, ' ', line->shown_length - length);
            line->shown_cursor = line->shown_length;
        }
        memcpy(line->shown, view, length);
        line->shown_length = length;
    }
    line_move(line, line->cursor - line->window);
}

static void line_insert(struct line *line, char byte)
{
    if (line->length + 1 == LINE_BYTES) {
        line_bell(line);
        return;
    }
    memmove(line->text + line->cursor + 1, line->text + line->cursor, line->length - line->cursor + 1);
    line->text[line->cursor++] = byte;
    line->length++;
}

// Removes the characters from `first` up to `end`, and leaves the cursor where they were.
static void line_remove(struct line *line, size_t first, size_t end)
{
    memmove(line->text + first, line->text + end, line->length - end + 1);
    line->length -= end - first;
    line->cursor = first;
}

static size_t line_word(const struct line *line)
{
    size_t first = line->cursor;

    while (first > 0 && line->text[first - 1] == ' ')
        first--;
    while (first > 0 && line->text[first - 1] != ' ')
        first--;
    return first;
}

static void line_show(struct line *line, const char *text)
{
    strcpy(line->text, text);
    line->length = strlen(text);
    line->cursor = line->length;
}

static void line_recall(struct line *line, size_t back)
{
    size_t kept = line->history_count < LINE_HISTORY ? line->history_count : LINE_HISTORY;

    if (back > kept) {
        line_bell(line);
        return;
    }
    if (line->history_back == 0)
        strcpy(line->draft, line->text);
    line->history_back = back;
    line_show(line, back == 0 ? line->draft : line->history[(line->history_count - back) % LINE_HISTORY]);
}

static void line_remember(struct line *line)
{
    if (strspn(line->text, " ") == line->length)
        return;
    if (line->history_count > 0 &&
        strcmp(line->history[(line->history_count - 1) % LINE_HISTORY], line->text) == 0)
        return;
    strcpy(line->history[line->history_count++ % LINE_HISTORY], line->text);
}

static int line_get(struct line *line)
{
    return line->terminal.get(line->terminal.context);
}

// What a sequence `ESC [ number final` or `ESC O final` stands for.
static int key_of(int number, int final)
{
    switch (final) {
    case 'A': return KEY_UP;
    case 'B': return KEY_DOWN;
    case 'C': return KEY_RIGHT;
    case 'D': return KEY_LEFT;
    case 'H': return KEY_HOME;
    case 'F': return KEY_END;
    case '~': break;
    default:  return KEY_NONE;
    }
    switch (number) {
    case 1: case 7: return KEY_HOME;
    case 4: case 8: return KEY_END;
    case 3:         return KEY_DELETE;
    default:        return KEY_NONE;
    }
}

// Reads the rest of an escape sequence. A control character inside one ends it and counts as itself.
static int line_sequence(struct line *line)
{
    int byte = line_get(line);
    int number = 0;

    if (byte != '[' && byte != 'O')
        return byte < ' ' ? byte : KEY_NONE;
    for (int i = 0; i < SEQUENCE_MAX; i++) {
        byte = line_get(line);
        if (byte < ' ')
            return byte;
        if (byte >= '@')
            return key_of(number, byte);
        if (byte >= '0' && byte <= '9' && number < 100)
            number = number * 10 + byte - '0';
    }
    return KEY_NONE;
}

static int line_key(struct line *line)
{
    int byte = line_get(line);

    // An escape inside a sequence begins the next one.
    while (byte == ESCAPE)
        byte = line_sequence(line);
    return byte;
}

static void line_edit(struct line *line, int key)
{
    size_t cursor = line->cursor;
    size_t length = line->length;

    switch (key) {
    case KEY_LEFT: case CONTROL('B'):  line->cursor -= cursor > 0; break;
    case KEY_RIGHT: case CONTROL('F'): line->cursor += cursor < length; break;
    case KEY_HOME: case CONTROL('A'):  line->cursor = 0; break;
    case KEY_END: case CONTROL('E'):   line->cursor = length; break;
    case DELETE: case '\b':            line_remove(line, cursor - (cursor > 0), cursor); break;
    case KEY_DELETE: case CONTROL('D'): line_remove(line, cursor, cursor + (cursor < length)); break;
    case CONTROL('K'):                 line_remove(line, cursor, length); break;
    case CONTROL('U'):                 line_remove(line, 0, cursor); break;
    case CONTROL('W'):                 line_remove(line, line_word(line), cursor); break;
    case KEY_UP: case CONTROL('P'):    line_recall(line, line->history_back + 1); break;
    case KEY_DOWN: case CONTROL('N'):
        if (line->history_back > 0)
            line_recall(line, line->history_back - 1);
        break;
    default:
        if (key >= ' ' && key < DELETE)
            line_insert(line, (char)key);
    }
}

static void line_begin(struct line *line, const char *prompt)
{
    size_t width = strlen(prompt);

    line->text[0] = '\0';
    line->length = line->cursor = line->window = 0;
    line->shown_length = line->shown_cursor = 0;
    line->history_back = 0;
    // One column stays free for the cursor behind the last character; a prompt as wide as the line leaves
    // some room.
    line->window_width = width + 11 < LINE_COLUMNS ? LINE_COLUMNS - 1 - width : 10;
    line_put(line, prompt, width);
}

static enum line_end line_finish(struct line *line, enum line_end end)
{
    line->cursor = line->length;
    line_refresh(line);
    line_put(line, end == LINE_ABANDONED ? "^C\n" : "\n", end == LINE_ABANDONED ? 3 : 1);
    if (end == LINE_ENTERED)
        line_remember(line);
    else
        line->text[0] = '\0';
    return end;
}

enum line_end line_read(struct line *line, const char *prompt)
{
    line_begin(line, prompt);
    for (;;) {
        int key = line_key(line);
        bool second_half = key == '\n' && line->after_return;

        line->after_return = key == '\r';
        if (second_half)
            continue;
        if (key == '\r' || key == '\n')
            return line_finish(line, LINE_ENTERED);
        if (key == CONTROL('C'))
            return line_finish(line, LINE_ABANDONED);
        if (key < 0 || (key == CONTROL('D') && line->length == 0))
            return line_finish(line, LINE_NO_MORE);
        line_edit(line, key);
        line_refresh(line);
    }
}
