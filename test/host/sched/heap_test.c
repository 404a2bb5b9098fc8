// SPDX-License-Identifier: BSD-2-Clause
// What policies are made of: the heap and the queue of tasks against plain arrays, chance, virtual time and its mean.
#include <libos/sched/heap.h>
#include <libos/sched/list.h>
#include <libos/sched/random.h>
#include <libos/sched/virtual.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h> // needs the headers above

#define ROUNDS 200000

static struct sched_task tasks[SCHED_TASKS_MAX];
static struct sched_heap heap;
static struct sched_random chance;

// The same in an array, in the order in which they came in.
static struct {
    struct sched_task *task;
    uint64_t key;
} model[SCHED_TASKS_MAX];
static uint32_t model_count;

static struct sched_task *model_first(uint32_t hart)
{
    struct sched_task *first = NULL;
    uint64_t key = 0;

    for (uint32_t i = 0; i < model_count; i++)
        if (model[i].task->harts >> hart & 1 && (!first || model[i].key < key)) {
            first = model[i].task;
            key = model[i].key;
        }
    return first;
}

static void model_remove(const struct sched_task *task)
{
    uint32_t i = 0;

    while (model[i].task != task)
        i++;
    memmove(&model[i], &model[i + 1], (--model_count - i) * sizeof(model[0]));
}

static void tasks_begin(uint64_t seed, uint32_t count)
{
    memset(tasks, 0xa5, sizeof(tasks));
    sched_heap_clear(&heap);
    chance.state = seed;
    model_count = 0;
    for (uint32_t i = 0; i < count; i++)
        tasks[i] = (struct sched_task){.id = i, .harts = sched_random_below(&chance, 4) ? ~0ul : 2, .flags = 0};
}

static void heap_step(uint32_t count)
{
    struct sched_task *task = &tasks[sched_random_below(&chance, count)];
    uint32_t hart = (uint32_t)sched_random_below(&chance, 2);

    if (!task->flags) { // few keys: many are equal
        task->flags = 1;
        model[model_count].task = task;
        model[model_count++].key = sched_random_below(&chance, 20);
        sched_heap_insert(&heap, task, model[model_count - 1].key);
    } else if (sched_random_below(&chance, 2)) {
        task->flags = 0;
        model_remove(task);
        sched_heap_remove(&heap, task);
    } else {
        struct sched_task *first = model_first(hart);
        assert_ptr_equal(sched_heap_first_for(&heap, hart), first);
        assert_ptr_equal(sched_heap_take(&heap, hart), first);
        if (!first) return;
        first->flags = 0;
        model_remove(first);
    }
    assert_int_equal(heap.count, model_count);
    assert_ptr_equal(sched_heap_first(&heap), model_first(1)); // all may run there
}

static void test_heap(void **state)
{
    static const uint32_t counts[] = {1, 2, 3, 10, 100};
    (void)state;

    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        tasks_begin(i, counts[i]);
        for (int round = 0; round < ROUNDS / 5; round++)
            heap_step(counts[i]);
    }
}

// As many as there can be, and out again in order; equal keys as they came.
static void test_heap_full(void **state)
{
    uint64_t key = 0;
    uint32_t id = 0;
    (void)state;

    tasks_begin(7, SCHED_TASKS_MAX);
    for (uint32_t i = 0; i < SCHED_TASKS_MAX; i++)
        sched_heap_insert(&heap, &tasks[i], sched_random_below(&chance, 50) ? UINT64_MAX - i % 50 : 0);
    for (uint32_t i = 0; i < SCHED_TASKS_MAX; i++) {
        struct sched_task *task = sched_heap_first(&heap);
        assert_true(i == 0 || task->key > key || (task->key == key && task->id > id));
        key = task->key;
        id = task->id;
        sched_heap_remove(&heap, task);
    }
    assert_null(sched_heap_first(&heap));
    assert_null(sched_heap_take(&heap, 0));
}

static void test_list(void **state)
{
    struct sched_queue queue = {0};
    (void)state;

    tasks_begin(1, 6);
    for (uint32_t i = 0; i < 6; i++)
        tasks[i].harts = i == 0 ? 2 : ~0ul;
    assert_null(sched_list_take(&queue, 0));
    assert_true(sched_list_is_empty(&queue));
    sched_list_append(&queue, &tasks[1]);
    sched_list_prepend(&queue, &tasks[0]); // 0 1
    sched_list_append(&queue, &tasks[2]);
    sched_list_insert(&queue, &tasks[3], &tasks[2]); // 0 1 3 2
    assert_ptr_equal(sched_list_first(&queue, 0), &tasks[1]); // 0 may not run there
    assert_ptr_equal(sched_list_first(&queue, 1), &tasks[0]);
    sched_list_remove(&queue, &tasks[3]);
    assert_ptr_equal(sched_list_take(&queue, 0), &tasks[1]);
    assert_ptr_equal(sched_list_take(&queue, 0), &tasks[2]);
    assert_null(sched_list_take(&queue, 0));
    assert_ptr_equal(queue.last, &tasks[0]);
    assert_ptr_equal(sched_list_take(&queue, 1), &tasks[0]);
    assert_true(sched_list_is_empty(&queue) && !queue.last);
}

static void test_random(void **state)
{
    struct sched_random one = {42}, same = {42}, other = {43};
    uint32_t differ = 0, counts[10] = {0};
    (void)state;

    for (int i = 0; i < 100; i++) {
        uint64_t number = sched_random_next(&one);
        assert_int_equal(number, sched_random_next(&same));
        differ += number != sched_random_next(&other);
    }
    assert_int_equal(differ, 100);
    for (int i = 0; i < 100000; i++)
        counts[sched_random_below(&one, 10)]++;
    for (int i = 0; i < 10; i++) // 10 deviations
        assert_in_range(counts[i], 10000 - 950, 10000 + 950);
    assert_int_equal(sched_random_below(&one, 1), 0);
}

static void test_virtual(void **state)
{
    (void)state;
    assert_int_equal(sched_virtual(1000, 1), 1000 << 16);
    assert_int_equal(sched_virtual(3000, 3), 1000 << 16);
    chance.state = 5;
    for (int i = 0; i < ROUNDS; i++) { // who runs until it is there is there, and not for longer than that takes
        uint32_t weight = 1 + (uint32_t)sched_random_below(&chance, SCHED_WEIGHT_MAX);
        uint64_t units = 1 + sched_random_below(&chance, 1ul << 40) / weight;
        uint64_t time = sched_virtual_time(units, weight);
        assert_true(sched_virtual(time, weight) >= units);
        assert_true(time == 0 || sched_virtual(time - 1, weight) < units);
    }
}

// It is what adding everything up again gives, however often somebody comes, goes or runs.
static void test_mean(void **state)
{
    static struct { uint64_t value; uint32_t weight; } all[20];
    struct sched_mean mean = {.value = 1ul << 40};
    (void)state;

    memset(all, 0, sizeof(all));
    chance.state = 6;
    for (int round = 0; round < ROUNDS; round++) {
        size_t i = sched_random_below(&chance, 20);
        if (all[i].weight == 0) {
            all[i].weight = 1 + (uint32_t)sched_random_below(&chance, 1000);
            all[i].value = mean.value + sched_random_below(&chance, 1 << 20) - (1 << 19);
            mean.weight += all[i].weight;
            sched_mean_move(&mean, (int64_t)(all[i].value - mean.value) * all[i].weight);
        } else if (sched_random_below(&chance, 4) == 0) {
            mean.weight -= all[i].weight;
            sched_mean_move(&mean, -(int64_t)(all[i].value - mean.value) * all[i].weight);
            all[i].weight = 0;
        } else {
            uint64_t units = sched_random_below(&chance, 1 << 20) - (1 << 19);
            all[i].value += units;
            sched_mean_move(&mean, (int64_t)units * all[i].weight);
        }
        int64_t sum = 0;
        for (size_t j = 0; j < 20; j++)
            sum += (int64_t)(all[j].value - mean.value) * all[j].weight;
        assert_int_equal(sum, mean.rest);
        assert_true(mean.rest >= 0 && (uint64_t)mean.rest < (mean.weight ? mean.weight : 1));
    }
}

// An argument: only the tests of such names.
int main(int argc, char **argv)
{
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heap),
        cmocka_unit_test(test_heap_full),
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_virtual),
        cmocka_unit_test(test_mean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
