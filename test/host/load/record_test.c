// SPDX-License-Identifier: BSD-2-Clause
/*
 * Recordings: to the byte what record.h says, the same whether they go through a small buffer or stay in memory, and complete
 * where memory is too small: what found no room is counted, and the trailer is there.
 */
#include <bench/sched/record.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h> // needs the headers above

static struct record record;
static uint8_t memory[1 << 20], written[1 << 20];
static size_t count;

static void put(void *context, const void *bytes, size_t size)
{
    assert_ptr_equal(context, &count);
    memcpy(written + count, bytes, size);
    count += size;
}

static void write_small(void)
{
    record_text(&record, "policy", "eevdf:slice=3\nno second line");
    record_number(&record, "seed", 18446744073709551615ul);
    record_decimal(&record, "load", 950);
    record_decimal(&record, "load", 16005);
    record_decimal(&record, "load", 3000);
    record_task(&record, 3, "hog", 7, -20, 16600000, 0, 1001);
    record_start(&record);
    record_wake(&record, 5, 1);
    record_run(&record, 305, 1, 0);
    record_release(&record, 305, 1, 1000000, 128, 300);
    record_stop(&record, 304, 1, 0, RECORD_BLOCKED); // time never goes back
    record_done(&record, 305, 1);
    record_run(&record, 310, 1023, 63);
    record_run(&record, 311, 1, 0); // no switch: hart 0 ran it before
    record_note(&record, 312, 2, NOTE_BARRIER, 4);
    record_end(&record, 1000);
    record_number(&record, "decisions", 2);
    record_finish(&record);
}

static const char small[] =
    "rivet-sched 1\npolicy eevdf:slice=3\nseed 18446744073709551615\nload 0.95\nload 16.005\nload 3\n"
    "task 3 hog 7 -20 16600000 0 1001\n\n"
    "\x05\x08" "\xac\x02\x09\x00" "\x00\x0b\xc0\x84\x3d\x80\x01\xac\x02" "\x00\x0a\x00\x03" "\x00\x0c"
    "\x05\xf9\x3f\x3f" "\x01\x09\x00" "\x01\x15\x06\x04" "\xb0\x05\x07"
    "end_ns 1000\nrecords 9\nlost 0\nswitches 2\ndecisions 2\n";

static void test_bytes(void **state)
{
    (void)state;
    record_begin(&record, memory, sizeof(memory), NULL, NULL);
    write_small();
    assert_int_equal(record.used, sizeof(small) - 1);
    assert_memory_equal(memory, small, sizeof(small) - 1);
    count = 0;
    record_begin(&record, memory, RECORD_TRAILER + RECORD_BYTES_MAX, put, &count);
    write_small();
    assert_int_equal(count, sizeof(small) - 1);
    assert_memory_equal(written, small, sizeof(small) - 1);
}

static void write_many(uint64_t records)
{
    record_start(&record);
    for (uint64_t i = 0; i < records; i++)
        record_release(&record, i << 20, (uint32_t)i % 1024, ~0ul, ~0ul - i, i << 40);
    record_end(&record, records << 20);
    record_number(&record, "decisions", 77);
    record_finish(&record);
}

static void test_much(void **state)
{
    (void)state;
    record_begin(&record, memory, sizeof(memory), NULL, NULL);
    write_many(10000);
    size_t used = record.used;
    count = 0;
    record_begin(&record, malloc(2000), 2000, put, &count);
    write_many(10000);
    free(record.buffer);
    assert_int_equal(count, used);
    assert_memory_equal(written, memory, used);
    assert_int_equal(record.lost, 0);
}

static void test_no_room(void **state)
{
    uint8_t *exact = malloc(5000);
    (void)state;

    record_begin(&record, exact, 5000, NULL, NULL);
    write_many(10000);
    assert_true(record.lost > 9000);
    assert_int_equal(record.lost + record.written, 10001); // END is among them
    char lost[100];
    sprintf(lost, "records %lu\nlost %lu\nswitches 0\ndecisions 77\n", record.written, record.lost);
    assert_memory_equal(exact + record.used - strlen(lost), lost, strlen(lost));
    free(exact);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes), cmocka_unit_test(test_much), cmocka_unit_test(test_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
