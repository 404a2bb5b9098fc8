// SPDX-License-Identifier: BSD-2-Clause
/*
 * Workload files: what a correct one means, and the sentence for each wrong one, with its line. Texts are copied to the end of a
 * piece of memory, so that a look behind them is seen. The files of bench/sched/workloads are read, too.
 */
#include <bench/sched/workload.h>

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h> // needs the headers above

static struct workload workload;
static char *copy;
static const char *folder;

static bool parse(const char *text)
{
    size_t length = strlen(text);

    free(copy);
    copy = malloc(length ? length : 1);
    memcpy(copy, text, length);
    return workload_parse(&workload, "folder/a_test.load", copy, length);
}

static void parsed(const char *text)
{
    if (!parse(text))
        fail_msg("%s", workload.error);
}

#define TOP   "text a test\n"
#define CLASS TOP "class a\n" // what follows is in line 3

struct wrong {
    const char *text, *error; // the error without the file's name
};

static const struct wrong wrongs[] = {
    {"", "1: there is no class of tasks."},
    {"class a\n compute 1ms\n", "1: a workload says in a line 'text' what it is."},
    {TOP "tasks 3\n", "2: expected a keyword of workloads instead of 'tasks'."},
    {TOP "count 3\n", "2: a class has to begin before count."},
    {CLASS "loads 1\n", "3: what is said of the whole workload comes before its first class, as does loads."},
    {"text\n", "1: expected a sentence before the end of the line."},
    {"load # of what?\n", "1: expected a sentence before the end of the line."},
    {TOP "suits\n", "2: expected 'any' or a feature of policies before the end of the line."},
    {TOP "suits weights cats\n", "2: expected 'any' or a feature of policies instead of 'cats'."},
    {TOP "suits any weights\n", "2: expected the end of the line instead of 'weights'."},
    {TOP "metrics share speed\n", "2: expected the name of a metric instead of 'speed'."},
    {TOP "loads\n", "2: expected a number, like 0.95 before the end of the line."},
    {TOP "loads 1 0\n", "2: expected at most 16 loads, from 0.001 to 1000 instead of '0'."},
    {TOP "loads 1001\n", "2: expected at most 16 loads, from 0.001 to 1000 instead of '1001'."},
    {TOP "loads 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17\n",
     "2: expected at most 16 loads, from 0.001 to 1000 instead of '17'."},
    {TOP "loads 1.2345\n", "2: expected a number, like 0.95 instead of '1.2345'."},
    {TOP "duration 1\n", "2: expected a time, like 250us or 16.6ms instead of '1'."},
    {TOP "duration 1h\n", "2: expected a time, like 250us or 16.6ms instead of '1h'."},
    {TOP "duration 1ms*load\n", "2: expected a time that no load scales instead of '1ms*load'."},
    {TOP "duration 999us\n", "2: expected a duration from 1ms to 1000s instead of '999us'."},
    {TOP "duration 1s 2s\n", "2: expected the end of the line instead of '2s'."},
    {TOP "focus\n", "2: expected a class before the end of the line."},
    {TOP "focus b\nclass a\ncompute 1ms\n", "2: expected a class of this file instead of 'b'."},
    {TOP "class Hog\n", "2: expected a class's name of small letters, digits and _ instead of 'Hog'."},
    {TOP "class\n", "2: expected a class's name of small letters, digits and _ before the end of the line."},
    {TOP "class a23456789b123456789c1234\n",
     "2: expected a class's name of small letters, digits and _ instead of 'a23456789b123456789c1234'."},
    {CLASS "compute 1ms\nclass a\n", "4: there is another class a."},
    {CLASS "count 0\n", "3: expected a number in its range (see docs/workloads.md) instead of '0'."},
    {CLASS "count two\n", "3: expected a whole number, like 3 or 10*load instead of 'two'."},
    {CLASS "count 3*loads\n", "3: expected a whole number, like 3 or 10*load instead of '3*loads'."},
    {CLASS "weight 3*load\n", "3: expected a whole number instead of '3*load'."},
    {CLASS "weight 10001\n", "3: expected a number in its range (see docs/workloads.md) instead of '10001'."},
    {CLASS "priority high\n", "3: expected a whole number instead of 'high'."},
    {CLASS "priority -\n", "3: expected a whole number before the end of the line."},
    {CLASS "group 0\n", "3: expected a number in its range (see docs/workloads.md) instead of '0'."},
    {CLASS "harts 64\n", "3: expected harts from 0 to 63, like 0-3,6 instead of '64'."},
    {CLASS "harts 3-1\n", "3: expected harts from 0 to 63, like 0-3,6 instead of '3-1'."},
    {CLASS "harts 1,\n", "3: expected harts from 0 to 63, like 0-3,6 instead of '1,'."},
    {CLASS "harts\n", "3: expected harts from 0 to 63, like 0-3,6 before the end of the line."},
    {CLASS "arrival often\n",
     "3: expected how jobs arrive: always, once, after, every, periodic, demand, listed or closed instead of 'often'."},
    {CLASS "arrival every 0ms\n", "3: expected a time above 0 instead of '0ms'."},
    {CLASS "arrival periodic\n", "3: expected a time, like 250us or 16.6ms before the end of the line."},
    {CLASS "arrival demand half\n", "3: expected a number, like 0.95 or 1*load instead of 'half'."},
    {CLASS "bursts 1ms\n", "3: expected a pair of times, like 1.5ms:200us instead of '1ms'."},
    {CLASS "bursts 1ms:\n", "3: expected a time, like 250us or 16.6ms before the end of the line."},
    {CLASS "arrival closed\nbursts 1ms:1ms\ncount 1\nbursts 1ms:1ms\n",
     "6: the lines of bursts of a class follow each other."},
    {CLASS "compute gaussian 1ms\n", "3: expected a time or the name of a distribution instead of 'gaussian'."},
    {CLASS "compute uniform 2ms 1ms\n", "3: expected the shorter time before the longer one instead of 'uniform'."},
    {CLASS "compute loguniform 0ms 1ms\n", "3: expected a time above 0 instead of 'loguniform'."},
    {CLASS "compute bimodal 1ms 2 5ms\n", "3: expected a percentage, like 12.5% instead of '2'."},
    {CLASS "compute bimodal 1ms 101% 5ms\n", "3: expected a probability of at most 100% instead of 'bimodal'."},
    {CLASS "deadline 10001%\n", "3: expected a percentage, like 12.5% instead of '10001%'."},
    {CLASS "lock\n", "3: expected a lock's name before the end of the line."},
    {CLASS "compute 1ms # fine\n yield now\n", "4: expected the end of the line instead of 'now'."},
    {CLASS "yield\n", "2: its jobs compute nothing, those of class a."},
    {CLASS "arrival listed\n", "2: jobs that are listed need bursts, in class a."},
    {CLASS "bursts 1ms:1ms\ncompute 1ms\n", "2: bursts are for arrival listed or closed, not in class a."},
    {CLASS "arrival listed\nbursts 1ms:1ms\ncompute 1ms\n", "2: what jobs do is in their bursts, in class a."},
    {CLASS "compute uunifast 0.5\n", "2: uunifast needs 'arrival periodic', in class a."},
    {CLASS "deadline 50%\ncompute 1ms\n", "2: a deadline in percent needs a period, in class a."},
    {CLASS "count 6\ngang 4\ncompute 1ms\n", "2: its tasks do not come out even in gangs, those of class a."},
    {CLASS "lock l\nlock l\ncompute 1ms\n", "2: its jobs take twice the lock l."},
    {CLASS "compute 1ms\nunlock l\n", "2: its jobs give back without having it the lock l."},
    {CLASS "lock l\ncompute 1ms\n", "2: its jobs end with a lock in hand, those of class a."},
    {CLASS "compute forever\ncompute 1ms\n", "2: nothing comes behind 'compute forever', in class a."},
};

static void test_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
        if (parse(wrongs[i].text))
            fail_msg("accepted: %s", wrongs[i].text);
        assert_memory_equal(workload.error, "folder/a_test.load:", 19);
        assert_string_equal(workload.error + 19, wrongs[i].error);
    }
}

// What only shows in great numbers, and sentences as long as they may be.
static void test_too_many(void **state)
{
    static char text[100000];
    char *at;
    (void)state;

    at = stpcpy(text, TOP);
    for (int i = 0; i < 129; i++)
        at += sprintf(at, "class c%d\ncompute 1ms\n", i);
    assert_false(parse(text));
    assert_string_equal(workload.error, "folder/a_test.load:258: there are more than 128 classes.");
    at = stpcpy(text, CLASS);
    for (int i = 0; i < 513; i++)
        at = stpcpy(at, "compute 1ms\n");
    assert_false(parse(text));
    assert_string_equal(workload.error, "folder/a_test.load:515: there are more than 512 phases.");
    at = stpcpy(text, CLASS);
    for (int i = 0; i < 33; i++)
        at += sprintf(at, "lock l%d\n", i);
    assert_false(parse(text));
    assert_string_equal(workload.error, "folder/a_test.load:35: there are more than 32 locks.");
    sprintf(text, "text %0160d\n", 1);
    assert_false(parse(text));
    assert_non_null(strstr(workload.error, ":1: expected a sentence of at most 159 characters instead of '000"));
    sprintf(text, "text %0159d\nclass a\ncompute 1ms\n", 1);
    parsed(text);
    assert_int_equal(strlen(workload.text), 159);
}

// A path as long as it may be leaves room for the sentence.
static void test_long_name(void **state)
{
    char name[4000];
    (void)state;

    memset(name, 'x', sizeof(name));
    strcpy(name + sizeof(name) - 8, "/a.load");
    assert_false(workload_parse(&workload, name, "cat", 3));
    assert_memory_equal(workload.error, "...xxx", 6);
    assert_non_null(strstr(workload.error, "xx/a.load:1: expected a keyword of workloads instead of 'cat'."));
    assert_int_equal(strlen(workload.name), 1);
}

static void value_equals(struct workload_value value, uint64_t number, enum workload_scale scale)
{
    assert_int_equal(value.number, number);
    assert_int_equal(value.scale, scale);
}

static void test_top(void **state)
{
    (void)state;
    parsed("# a comment\n\n\ttext   what it is  # and why\r\nsuits weights locks\nload how many\nloads 0.5 1 2.125\n"
           "duration 2.5s\nmetrics wakeup idle\nfocus b\nclass a\ncompute 1ms\nclass b\ncompute 2ms");
    assert_string_equal(workload.name, "a_test");
    assert_string_equal(workload.text, "what it is");
    assert_string_equal(workload.load_text, "how many");
    assert_int_equal(workload.suits, 1 << WORKLOAD_FEATURE_weights | 1 << WORKLOAD_FEATURE_locks);
    assert_int_equal(workload.metrics, 1 << WORKLOAD_METRIC_wakeup | 1 << WORKLOAD_METRIC_idle);
    assert_int_equal(workload.loads_count, 3);
    assert_int_equal(workload.loads[0], 500);
    assert_int_equal(workload.loads[2], 2125);
    assert_int_equal(workload.duration, 2500000000);
    assert_int_equal(workload.classes, 2);
    assert_int_equal(workload.focus[0], 2);
    parsed("text t\nsuits any\nclass a\ncompute 1ms\n");
    assert_int_equal(workload.suits, 0);
    assert_int_equal(workload.loads[0], 1000);
    assert_int_equal(workload.duration, 1000000000);
    assert_int_equal(workload.focus[0], 0);
}

static void test_class(void **state)
{
    const struct workload_class *class = &workload.class[0];
    const struct workload_phase *phase = &workload.phase[0];
    (void)state;

    parsed(CLASS "count 3*load\nweight 7\npriority -2\ngroup 5\nharts 0-2,63\narrival every exponential 5ms/load\n"
           "start uniform 0ms 1ms\nuntil 1.5s\ndeadline 50%\nbudget 3us*load\ncompute bimodal 1us 2.5% 5ms\nlock bus\n"
           "sleep lognormal 1ms 0.25\nunlock bus\nbarrier\nyield\n");
    value_equals(class->count, 3, SCALE_TIMES_LOAD);
    assert_int_equal(class->weight, 7);
    assert_int_equal(class->priority, -2);
    assert_int_equal(class->group, 5);
    assert_true(class->harts == (1ul << 63 | 7));
    assert_int_equal(class->arrival, ARRIVAL_EVERY);
    assert_int_equal(class->gap.kind, LENGTH_EXPONENTIAL);
    value_equals(class->gap.a, 5000000, SCALE_BY_LOAD);
    assert_true(class->started);
    assert_int_equal(class->start.kind, LENGTH_UNIFORM);
    assert_int_equal(class->until, 1500000000);
    assert_int_equal(class->deadline_percent, 500);
    value_equals(class->budget, 3000, SCALE_TIMES_LOAD);
    assert_int_equal(class->phases, 6);
    assert_int_equal(phase[0].lengths.kind, LENGTH_BIMODAL);
    value_equals(phase[0].lengths.a, 1000, SCALE_NOT);
    value_equals(phase[0].lengths.b, 5000000, SCALE_NOT);
    assert_int_equal(phase[0].lengths.thousandths, 25);
    assert_int_equal(phase[1].action, PHASE_LOCK);
    assert_string_equal(workload.lock[phase[1].lock], "bus");
    assert_int_equal(phase[2].lengths.thousandths, 250);
    assert_int_equal(phase[3].lock, phase[1].lock);
    assert_int_equal(phase[4].action, PHASE_BARRIER);
    assert_int_equal(phase[5].action, PHASE_YIELD);
    parsed(CLASS "compute forever\n"); // what nobody said
    value_equals(class->count, 1, SCALE_NOT);
    assert_int_equal(class->weight, 1);
    assert_true(class->harts == ~0ul);
    assert_int_equal(class->arrival, ARRIVAL_ALWAYS);
    assert_true(phase[0].lengths.a.number == WORKLOAD_FOREVER);
}

static void test_bursts(void **state)
{
    const struct workload_class *class = &workload.class[0];
    size_t at;
    uint64_t first, second, sum = 0;
    uint32_t count = 0;
    (void)state;

    parsed(CLASS "arrival listed\nbursts 1ms:2us 3ms:0us # two\n\n   bursts 5.5ms:7ns\nclass b\narrival closed\nbursts 8ms:9ms");
    assert_int_equal(class->bursts_count, 3);
    for (at = class->bursts; workload_burst(&workload, &at, class->bursts_end, &first, &second); count++)
        sum += first * 10 + second;
    assert_int_equal(count, 3);
    assert_int_equal(sum, 95000000 + 2007);
    at = workload.class[1].bursts;
    assert_true(workload_burst(&workload, &at, workload.class[1].bursts_end, &first, &second));
    assert_int_equal(first, 8000000);
    assert_int_equal(second, 9000000);
    assert_false(workload_burst(&workload, &at, workload.class[1].bursts_end, &first, &second));
}

static void test_numbers(void **state)
{
    (void)state;
    assert_int_equal(workload_load_of("1"), 1000);
    assert_int_equal(workload_load_of("0.95"), 950);
    assert_int_equal(workload_load_of("1000"), 1000000);
    const char *const none[] = {"", "0", "1001", "-1", "1.2345", "1x", ".5", "1.", "99999999999999999999999"};
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
        assert_int_equal(workload_load_of(none[i]), 0);
    assert_int_equal(workload_value_at((struct workload_value){10, SCALE_NOT}, 3000), 10);
    assert_int_equal(workload_value_at((struct workload_value){10, SCALE_TIMES_LOAD}, 2500), 25);
    assert_int_equal(workload_value_at((struct workload_value){10, SCALE_BY_LOAD}, 2500), 4);
    assert_true(workload_value_at((struct workload_value){1ul << 62, SCALE_TIMES_LOAD}, 1000000) == 1ul << 63);
}

// The files that are there: they say what people and the command want to know.
static void test_shipped(void **state)
{
    struct dirent *entry;
    DIR *files = opendir(folder);
    int count = 0;
    (void)state;

    assert_non_null(files);
    while ((entry = readdir(files))) {
        static char text[1 << 20];
        char path[512];
        if (!strstr(entry->d_name, ".load"))
            continue;
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        FILE *in = fopen(path, "rb");
        assert_non_null(in);
        text[fread(text, 1, sizeof(text) - 1, in)] = '\0';
        fclose(in);
        parsed(text);
        if (!workload.load_text[0] || !workload.metrics || workload.duration < 900000000)
            fail_msg("%s lacks load or metrics, or is too short", path);
        for (uint32_t i = 1; i < workload.loads_count; i++)
            assert_true(workload.loads[i - 1] < workload.loads[i]);
        count++;
    }
    closedir(files);
    assert_true(count >= 14);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrong),  cmocka_unit_test(test_too_many), cmocka_unit_test(test_top),   cmocka_unit_test(test_class),
        cmocka_unit_test(test_bursts), cmocka_unit_test(test_numbers),  cmocka_unit_test(test_shipped),
        cmocka_unit_test(test_long_name),
    };
    folder = argc > 1 ? argv[1] : "bench/sched/workloads";
    return cmocka_run_group_tests(tests, NULL, NULL);
}
