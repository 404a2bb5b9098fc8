// SPDX-License-Identifier: BSD-2-Clause
// Words and numbers; see reader.h.
#include <bench/sched/reader.h>

#include <string.h>

#define NUMBER_MOST (1ul << 62)
#define FILE_SHOWN  100 // bytes of a file's name in an error: its end

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }
static bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool word_is(struct word word, const char *text)
{
    return strlen(text) == word.length && memcmp(word.at, text, word.length) == 0;
}

static const char *blanks_skip(const struct reader *reader)
{
    const char *at = reader->at;

    while (at < reader->end && is_blank(*at))
        at++;
    return at;
}

struct word reader_peek(const struct reader *reader)
{
    const char *at = blanks_skip(reader), *end = at;

    while (end < reader->end && !is_blank(*end) && *end != '\n' && *end != '#')
        end++;
    return (struct word){at, (size_t)(end - at)};
}

struct word reader_word(struct reader *reader)
{
    struct word word = reader_peek(reader);

    reader->at = word.at + word.length;
    return word;
}

struct word reader_rest(struct reader *reader)
{
    const char *at = blanks_skip(reader), *end = at;

    while (end < reader->end && *end != '\n' && *end != '#')
        end++;
    reader->at = end;
    while (end > at && is_blank(end[-1]))
        end--;
    return (struct word){at, (size_t)(end - at)};
}

bool reader_line(struct reader *reader)
{
    while (reader->at < reader->end && *reader->at != '\n')
        reader->at++;
    if (reader->at == reader->end)
        return false;
    reader->at++;
    reader->line++;
    return true;
}

// Errors. No libc here, so the sentence is put together by hand.

static void error_add(struct workload *workload, const char *text, size_t length)
{
    size_t used = strlen(workload->error), room = sizeof(workload->error) - 1 - used;

    length = length < room ? length : room;
    memcpy(workload->error + used, text, length);
    workload->error[used + length] = '\0';
}

static void error_begin(struct reader *reader, uint32_t line)
{
    char digits[12], *at = digits + sizeof(digits);
    size_t name = strlen(reader->file), hidden = name > FILE_SHOWN ? name - FILE_SHOWN : 0;

    reader->wrong = true;
    reader->workload->error[0] = '\0';
    do
        *--at = (char)('0' + line % 10);
    while (line /= 10);
    error_add(reader->workload, "...", hidden > 0 ? 3 : 0);
    error_add(reader->workload, reader->file + hidden, name - hidden);
    error_add(reader->workload, ":", 1);
    error_add(reader->workload, at, (size_t)(digits + sizeof(digits) - at));
    error_add(reader->workload, ": ", 2);
}

void reader_expected(struct reader *reader, const char *what, struct word instead)
{
    if (reader->wrong)
        return;
    error_begin(reader, reader->line);
    error_add(reader->workload, "expected ", 9);
    error_add(reader->workload, what, strlen(what));
    if (instead.length > 0) {
        error_add(reader->workload, " instead of '", 13);
        error_add(reader->workload, instead.at, instead.length < 40 ? instead.length : 40);
        error_add(reader->workload, "'.", 2);
    } else {
        error_add(reader->workload, " before the end of the line.", 28);
    }
}

void reader_refuse(struct reader *reader, uint32_t line, const char *why, const char *name)
{
    if (reader->wrong)
        return;
    error_begin(reader, line);
    error_add(reader->workload, why, strlen(why));
    error_add(reader->workload, name, strlen(name));
    error_add(reader->workload, ".", 1);
}

// Numbers

bool decimal_read(struct word word, uint32_t digits, uint64_t *number, struct word *rest)
{
    size_t at = 0;
    bool point = false;

    *number = 0;
    for (; at < word.length; at++) {
        if (word.at[at] == '.' && at > 0 && !point) {
            point = true;
            continue;
        }
        if (!is_digit(word.at[at]))
            break;
        if ((point && digits == 0) || *number > NUMBER_MOST / 10)
            return false;
        digits -= point;
        *number = *number * 10 + (uint64_t)(word.at[at] - '0');
    }
    for (; digits > 0; digits--) {
        if (*number > NUMBER_MOST / 10)
            return false;
        *number *= 10;
    }
    *rest = (struct word){word.at + at, word.length - at};
    return at > 0 && word.at[at - 1] != '.';
}

// What scales the number, which is the rest of its word.
static bool scale_read(struct word rest, enum workload_scale *scale)
{
    *scale = word_is(rest, "*load") ? SCALE_TIMES_LOAD : word_is(rest, "/load") ? SCALE_BY_LOAD : SCALE_NOT;
    return *scale != SCALE_NOT || rest.length == 0;
}

// A decimal of the given digits, perhaps scaled.
static struct workload_value value_read(struct reader *reader, uint32_t digits, bool scaled, const char *what)
{
    struct word word = reader_word(reader), rest;
    struct workload_value value = {0};

    if (!decimal_read(word, digits, &value.number, &rest) || !scale_read(rest, &value.scale) ||
        (value.scale != SCALE_NOT && !scaled))
        reader_expected(reader, what, word);
    return value;
}

struct workload_value reader_count(struct reader *reader, uint64_t least, uint64_t most)
{
    struct word word = reader_peek(reader);
    struct workload_value value = value_read(reader, 0, true, "a whole number, like 3 or 10*load");

    if (value.number < least || value.number > most)
        reader_expected(reader, "a number in its range (see docs/workloads.md)", word);
    return value;
}

uint64_t reader_number(struct reader *reader, uint64_t least, uint64_t most)
{
    struct word word = reader_peek(reader);
    struct workload_value value = value_read(reader, 0, false, "a whole number");

    if (value.number < least || value.number > most)
        reader_expected(reader, "a number in its range (see docs/workloads.md)", word);
    return value.number;
}

int64_t reader_signed(struct reader *reader)
{
    struct word word = reader_peek(reader);
    bool negative = word.length > 0 && word.at[0] == '-';

    if (negative)
        reader->at = word.at + 1;
    int64_t number = (int64_t)reader_number(reader, 0, 1000000);
    return negative ? -number : number;
}

uint64_t reader_thousandths(struct reader *reader)
{
    return value_read(reader, 3, false, "a number, like 0.95").number;
}

struct workload_value reader_thousandths_scaled(struct reader *reader)
{
    return value_read(reader, 3, true, "a number, like 0.95 or 1*load");
}

struct workload_value reader_time_scaled(struct reader *reader)
{
    static const struct { const char *name; uint64_t ns; } units[] = {{"ns", 1}, {"us", 1000}, {"ms", 1000000}, {"s", 1000000000}};
    struct word word = reader_word(reader), rest;
    struct workload_value value = {0};
    uint64_t thousandths;
    size_t length = 0;

    if (decimal_read(word, 3, &thousandths, &rest)) {
        while (length < rest.length && rest.at[length] >= 'a' && rest.at[length] <= 'z')
            length++;
        for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
            if (word_is((struct word){rest.at, length}, units[i].name) && thousandths < NUMBER_MOST / units[i].ns &&
                scale_read((struct word){rest.at + length, rest.length - length}, &value.scale)) {
                value.number = thousandths * units[i].ns / 1000;
                return value;
            }
    }
    reader_expected(reader, "a time, like 250us or 16.6ms", word);
    return value;
}

uint64_t reader_time(struct reader *reader)
{
    struct word word = reader_peek(reader);
    struct workload_value value = reader_time_scaled(reader);

    if (value.scale != SCALE_NOT)
        reader_expected(reader, "a time that no load scales", word);
    return value.number;
}

uint32_t reader_percent(struct reader *reader)
{
    struct word word = reader_word(reader), rest;
    uint64_t tenths;

    if (!decimal_read(word, 1, &tenths, &rest) || !word_is(rest, "%") || tenths > 100000)
        reader_expected(reader, "a percentage, like 12.5%", word);
    return reader->wrong ? 0 : (uint32_t)tenths;
}
