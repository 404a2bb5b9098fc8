// SPDX-License-Identifier: BSD-2-Clause
/*
 * A line editor for a serial line: printable ASCII, a history, and the keys people expect.
 *
 *     Left Right  Ctrl-B Ctrl-F   one character        Backspace           the character before goes
 *     Home End    Ctrl-A Ctrl-E   the line's ends      Delete   Ctrl-D     the character behind goes
 *     Up Down     Ctrl-P Ctrl-N   the history          Ctrl-W   Ctrl-U     the word before goes, all before
 *     Ctrl-C                      abandon the line     Ctrl-K              all behind goes
 *     Ctrl-D on an empty line     end of input
 *
 * It knows no terminal: what it prints is printable characters, backspaces, line ends and the bell, so that
 * it works on anything that has a cursor which moves back. Because a backspace does not climb to the row
 * above, a line longer than the terminal is shown through a window that never reaches its last column.
 */
#ifndef LIBOS_LINE_H
#define LIBOS_LINE_H

#include <stddef.h>

#define LINE_BYTES   256 // bytes of a line, its NUL included; what does not fit is refused with a bell
#define LINE_HISTORY 32  // lines remembered
#define LINE_COLUMNS 80  // assumed width of the terminal

struct line_terminal {
    int (*get)(void *context); // the next byte; negative: no more will come
    void (*put)(void *context, const char *bytes, size_t count);
    void *context;
};

enum line_end {
    LINE_ENTERED,   // `text` is the line
    LINE_ABANDONED, // Ctrl-C: `text` is empty
    LINE_NO_MORE,   // Ctrl-D on an empty line, or the input ended
};

/*
 * The editor's memory from one line to the next. All zeros is a valid beginning, but for the terminal.
 * Fields behind `text` are the editor's own.
 */
struct line {
    struct line_terminal terminal;
    char text[LINE_BYTES];

    size_t length; // of text
    size_t cursor; // 0 to length
    char shown[LINE_COLUMNS]; // what the terminal shows behind the prompt
    size_t shown_length;
    size_t shown_cursor;
    size_t window;       // first character of text that is shown
    size_t window_width; // how many fit behind the prompt
    int after_return;    // the last line ended in '\r': a '\n' right behind it belongs to it

    char history[LINE_HISTORY][LINE_BYTES]; // a ring
    size_t history_count;                 // lines ever entered
    size_t history_back;                  // how many lines back the text shown comes from; 0: none, it is new
    char draft[LINE_BYTES];                 // the new line, while the history is looked at
};

// Prints the prompt, reads and edits one line, and leaves it NUL-terminated in line->text. The terminal
// stands at the beginning of the next row afterwards. Lines that are not blank and differ from the last one
// enter the history.
enum line_end line_read(struct line *line, const char *prompt);

#endif
