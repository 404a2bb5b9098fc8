// SPDX-License-Identifier: BSD-2-Clause
/*
 * The words and numbers of a workload file, for workload.c: a place in the text, and what stands there. Every function that
 * reads leaves the place behind what it read. One that finds something else says so by `reader_expected`, once: the first
 * error of a file is the one that counts.
 */
#ifndef BENCH_SCHED_READER_H
#define BENCH_SCHED_READER_H

#include <bench/sched/workload.h>

struct word {
    const char *at;
    size_t length; // 0: the line is over
};

struct reader {
    struct workload *workload;
    const char *file;
    const char *at, *end; // the text
    uint32_t line;        // from 1
    bool wrong;
};

// The next word of the line. Nothing is read where the line is over; a comment ends it.
struct word reader_word(struct reader *reader);
struct word reader_peek(const struct reader *reader);
bool word_is(struct word word, const char *text);
// The rest of the line, without blanks around it.
struct word reader_rest(struct reader *reader);
// On to the next line. False: there is none.
bool reader_line(struct reader *reader);

// The file's error, unless it has one: "FILE:LINE: what was expected instead of what".
void reader_expected(struct reader *reader, const char *what, struct word instead);
// An error of another shape, of that line.
void reader_refuse(struct reader *reader, uint32_t line, const char *why, const char *name);

uint64_t reader_number(struct reader *reader, uint64_t least, uint64_t most);
int64_t reader_signed(struct reader *reader);
uint64_t reader_thousandths(struct reader *reader); // "0.95"
uint64_t reader_time(struct reader *reader);        // "16.6ms", in ns
uint32_t reader_percent(struct reader *reader);     // "12.5%", in thousandths
// The same, and "*load" or "/load" behind it.
struct workload_value reader_count(struct reader *reader, uint64_t least, uint64_t most);
struct workload_value reader_time_scaled(struct reader *reader);
struct workload_value reader_thousandths_scaled(struct reader *reader);

// A decimal with at most `digits` digits behind the point, times 10^digits; *rest is what is behind it. False: there is none.
bool decimal_read(struct word word, uint32_t digits, uint64_t *number, struct word *rest);

#endif
