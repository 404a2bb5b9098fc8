// SPDX-License-Identifier: BSD-2-Clause
/*
 * The recording of one run; see record.h. It is written while the run goes on, so a record costs a few dozen instructions.
 */
#include <bench/sched/record.h>

#include <string.h>

static void record_flush(struct record *record)
{
    if (record->put && record->used > 0) {
        record->put(record->context, record->buffer, record->used);
        record->used = 0;
    }
}

// Text always finds room, for as long as it is less than what is kept for it.
static void record_bytes(struct record *record, const char *bytes, size_t count)
{
    if (record->put && record->size - record->used < count)
        record_flush(record);
    if (record->size - record->used < count)
        count = record->size - record->used;
    memcpy(record->buffer + record->used, bytes, count);
    record->used += count;
}

void record_begin(struct record *record, void *buffer, size_t size,
                  void (*put)(void *context, const void *bytes, size_t count), void *context)
{
    memset(record, 0, sizeof(*record));
    record->buffer = buffer;
    record->size = size;
    record->put = put;
    record->context = context;
    record_bytes(record, RECORD_MAGIC "\n", sizeof(RECORD_MAGIC));
}

static size_t digits_of(char digits[static 24], uint64_t number)
{
    char reversed[24];
    size_t count = 0, at = 0;

    do {
        reversed[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    while (count > 0)
        digits[at++] = reversed[--count];
    digits[at] = '\0';
    return at;
}

void record_text(struct record *record, const char *key, const char *text)
{
    record_bytes(record, key, strlen(key));
    record_bytes(record, " ", 1);
    record_bytes(record, text, strcspn(text, "\r\n"));
    record_bytes(record, "\n", 1);
}

void record_number(struct record *record, const char *key, uint64_t number)
{
    char digits[24];

    digits_of(digits, number);
    record_text(record, key, digits);
}

void record_decimal(struct record *record, const char *key, uint64_t thousandths)
{
    char digits[32];
    size_t at = digits_of(digits, thousandths / 1000);
    uint64_t rest = thousandths % 1000;

    if (rest > 0)
        digits[at++] = '.';
    for (uint64_t place = 100; rest > 0; place /= 10) {
        digits[at++] = (char)('0' + rest / place);
        rest %= place;
    }
    digits[at] = '\0';
    record_text(record, key, digits);
}

static void record_field(struct record *record, uint64_t number)
{
    char digits[24];

    record_bytes(record, " ", 1);
    record_bytes(record, digits, digits_of(digits, number));
}

void record_task(struct record *record, uint32_t id, const char *class, uint64_t weight, int64_t priority, uint64_t period,
                 uint64_t deadline, uint64_t group)
{
    char digits[24];

    record_bytes(record, "task", 4);
    record_field(record, id);
    record_bytes(record, " ", 1);
    record_bytes(record, class, strlen(class));
    record_field(record, weight);
    record_bytes(record, " -", priority < 0 ? 2 : 1);
    record_bytes(record, digits, digits_of(digits, priority < 0 ? -(uint64_t)priority : (uint64_t)priority));
    record_field(record, period);
    record_field(record, deadline);
    record_field(record, group);
    record_bytes(record, "\n", 1);
}

void record_start(struct record *record)
{
    record_bytes(record, "\n", 1);
}

static uint8_t *varint_put(uint8_t *at, uint64_t number)
{
    for (; number >= 0x80; number >>= 7)
        *at++ = (uint8_t)(number | 0x80);
    *at++ = (uint8_t)number;
    return at;
}

static bool record_room(struct record *record)
{
    if (record->size - record->used >= RECORD_TRAILER + RECORD_BYTES_MAX)
        return true;
    record_flush(record);
    return record->size - record->used >= RECORD_TRAILER + RECORD_BYTES_MAX;
}

static void record_put(struct record *record, uint64_t now, uint32_t task, enum record_kind kind, const uint64_t *numbers,
                       size_t count)
{
    if (!record_room(record) && kind != RECORD_END) {
        record->lost++;
        return;
    }
    uint8_t *first = record->buffer + record->used, *at = first;
    if (now < record->time)
        now = record->time;
    at = varint_put(at, now - record->time);
    at = varint_put(at, (uint64_t)task << 3 | kind);
    for (size_t i = 0; i < count; i++)
        at = varint_put(at, numbers[i]);
    record->used += (size_t)(at - first);
    record->time = now;
    record->written++;
}

void record_wake(struct record *record, uint64_t now, uint32_t task)
{
    record_put(record, now, task, RECORD_WAKE, NULL, 0);
}

void record_run(struct record *record, uint64_t now, uint32_t task, uint32_t hart)
{
    record->runs++;
    if (record->last[hart % 64] != task + 1)
        record->switches++;
    record->last[hart % 64] = task + 1;
    record_put(record, now, task, RECORD_RUN, (uint64_t[]){ hart }, 1);
}

void record_stop(struct record *record, uint64_t now, uint32_t task, uint32_t hart, enum record_why why)
{
    record_put(record, now, task, RECORD_STOP, (uint64_t[]){ hart, why }, 2);
}

void record_release(struct record *record, uint64_t now, uint32_t task, uint64_t service, uint64_t deadline, uint64_t late)
{
    record_put(record, now, task, RECORD_RELEASE, (uint64_t[]){ service, deadline, late }, 3);
}

void record_done(struct record *record, uint64_t now, uint32_t task)
{
    record_put(record, now, task, RECORD_DONE, NULL, 0);
}

void record_note(struct record *record, uint64_t now, uint32_t task, enum record_note code, uint64_t value)
{
    record_put(record, now, task, RECORD_NOTE, (uint64_t[]){ code, value }, 2);
}

void record_end(struct record *record, uint64_t now)
{
    record_put(record, now, 0, RECORD_END, NULL, 0);
    record_number(record, "end_ns", record->time);
    record_number(record, "records", record->written);
    record_number(record, "lost", record->lost);
    record_number(record, "switches", record->switches);
}

void record_finish(struct record *record)
{
    record_flush(record);
}
