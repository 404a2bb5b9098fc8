// SPDX-License-Identifier: BSD-2-Clause
// Splitting a command line. Words shrink in place: what is read is always at or behind what is written.

#include "words.h"

#include <string.h>

// Takes a `&` off the end, when it is not quoted: nothing that quotes may stand right before it.
static bool background_take(char *text)
{
    size_t length = strlen(text);

    while (length > 0 && text[length - 1] == ' ')
        length--;
    if (length == 0 || text[length - 1] != '&' || (length > 1 && text[length - 2] == '\\'))
        return false;
    text[length - 1] = '\0';
    return true;
}

// Copies one word from *from to *to, which ends before the blank or NUL behind it. False: a quote is open.
static bool word_take(char **from, char **to)
{
    char quote = '\0';
    char *in = *from, *out = *to;

    for (; *in != '\0' && (quote != '\0' || *in != ' '); in++) {
        if (*in == quote)
            quote = '\0';
        else if (quote == '\0' && (*in == '\'' || *in == '"'))
            quote = *in;
        else if (*in == '\\' && in[1] != '\0' && (quote == '\0' || (quote == '"' && strchr("\"\\", in[1]))))
            *out++ = *++in;
        else
            *out++ = *in;
    }
    *from = in;
    *to = out;
    return quote == '\0';
}

const char *words_split(struct words *words, char *text)
{
    words->count = 0;
    words->background = background_take(text);
    for (;;) {
        text += strspn(text, " ");
        if (*text == '\0')
            break;
        if (words->count == WORDS_MAX)
            return "There are too many words on this line.";
        char *end = text;
        words->word[words->count++] = text;
        if (!word_take(&text, &end))
            return "A quote on this line is not closed.";
        if (*text != '\0')
            text++;
        *end = '\0';
    }
    words->word[words->count] = NULL;
    return words->background && words->count == 0 ? "There is nothing before the '&'." : NULL;
}
