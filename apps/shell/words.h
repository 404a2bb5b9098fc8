// SPDX-License-Identifier: BSD-2-Clause
/*
 * A command line as words. Blanks separate words; '...' keeps everything as it is, "..." too but for \" and
 * \\; outside of quotes a backslash keeps the next character as it is. A `&` at the very end asks for the
 * background.
 */
#ifndef SHELL_WORDS_H
#define SHELL_WORDS_H

#include <stdbool.h>

#define WORDS_MAX 32

struct words {
    int count;
    char *word[WORDS_MAX + 1]; // pieces of the text that was split; NULL behind the last one
    bool background;
};

// Splits `text` in place. NULL, or a sentence that says what is wrong with it.
const char *words_split(struct words *words, char *text);

#endif
