// SPDX-License-Identifier: BSD-2-Clause
// See terminal.h. The line is in `line`; `given` of its `length` bytes were read by the program already.
#include <libos/posix/terminal.h>

#include <errno.h>
#include <libos/console/console.h>
#include <string.h>

#define LINE_MAX_BYTES 256
#define BELL           "\a"
#define RUBOUT         "\b \b"

enum { KEY_END = 4, KEY_BACKSPACE = 8, KEY_KILL = 21, KEY_DELETE = 127 };

static char line[LINE_MAX_BYTES];
static size_t length, given;

static void echo(const char *text)
{
    console_write(CONSOLE_OUT, text, strlen(text));
}

static void line_rub_out(size_t count)
{
    while (count-- > 0 && length > 0) {
        length--;
        echo(RUBOUT);
    }
}

static void line_add(char c)
{
    if (length == LINE_MAX_BYTES - 1) { // room for the newline
        echo(BELL);
        return;
    }
    line[length++] = c;
    console_write(CONSOLE_OUT, &c, 1);
}

// One key; true when the line is complete.
static bool line_key(char c)
{
    switch (c) {
    case '\r':
    case '\n':
        line[length++] = '\n';
        echo("\n");
        return true;
    case KEY_END: return true;
    case KEY_BACKSPACE:
    case KEY_DELETE: line_rub_out(1); return false;
    case KEY_KILL: line_rub_out(length); return false;
    default:
        if ((unsigned char)c >= ' ' || c == '\t')
            line_add(c);
        return false;
    }
}

// A whole line from a person, key by key.
static long line_type(void)
{
    length = given = 0;
    for (char c;;) {
        sysret_t got = console_read(&c, 1);
        if (got.error != ERR_OK)
            return got.error;
        if (line_key(c))
            return ERR_OK;
    }
}

// Whatever has come from a program at the other end, up to a Ctrl-D.
static long line_receive(void)
{
    static bool ended;

    length = given = 0;
    if (ended)
        return ERR_OK;
    sysret_t got = console_read(line, sizeof(line));
    if (got.error != ERR_OK)
        return got.error;
    const char *end = memchr(line, KEY_END, got.value);
    ended = end != NULL;
    length = end ? (size_t)(end - line) : got.value;
    return ERR_OK;
}

ssize_t terminal_read(void *bytes, size_t count)
{
    if (count == 0)
        return 0;
    if (given == length && (machine_argument("framed") ? line_receive() : line_type()) != ERR_OK) {
        errno = EIO;
        return -1;
    }
    if (count > length - given)
        count = length - given;
    memcpy(bytes, line + given, count);
    given += count;
    return (ssize_t)count;
}
