// SPDX-License-Identifier: BSD-2-Clause
/*
 * Threads from their creation to their join. A thread's record and its thread-local storage are one
 * piece of the heap; every byte of the record is written at creation, so its page is there when
 * registers are saved into it.
 */
#include <libos/start/program.h>
#include <libos/thread/internal.h>
#include <libos/vm/vm.h>
#include <stdlib.h>
#include <string.h>

static void thread_main(struct thread *thread)
{
    thread_exit(thread->entry(thread->argument));
}

const struct sched_task *thread_task(const struct thread *thread)
{
    return &thread->task;
}

word_t thread_stack(const struct thread *thread)
{
    return thread->stack;
}

static void frame_make(struct thread *thread, void *tls)
{
    struct trap_frame *frame = &thread->own_frame;

    thread->frame = frame;
    frame->FRAME_PC = (word_t)thread_main;
    frame->FRAME_SP = thread->stack;
    frame->FRAME_A0 = (word_t)thread;
    frame->x[4] = (word_t)tls; // tp
    frame->cause = 1;          // all registers are in it
}

static struct thread *record_make(thread_entry_t entry, word_t argument)
{
    word_t stack = vm_stack_alloc();
    char *memory = stack ? malloc(sizeof(struct thread) + TLS_ALIGN + tls_size()) : NULL;

    if (!memory) {
        if (stack)
            vm_stack_free(stack);
        return NULL;
    }
    struct thread *thread = (struct thread *)memory;
    memset(thread, 0, sizeof(*thread));
    thread->entry = entry;
    thread->argument = argument;
    thread->stack = stack;
    word_t tls = (word_t)(thread + 1) + TLS_ALIGN - 1;
    frame_make(thread, tls_make((void *)(tls - tls % TLS_ALIGN)));
    return thread;
}

static void record_free(struct thread *thread)
{
    vm_stack_free(thread->stack);
    free(thread);
}

static void task_make(struct thread *thread, const struct thread_options *options)
{
    thread->task = (struct sched_task){
        .weight = options->weight ? options->weight : 1,
        .priority = options->priority,
        .group = options->group,
        .harts = 1,
        .period = options->period,
        .deadline = options->deadline,
        .budget = options->budget,
        .due = options->due,
        .remaining = options->remaining,
    };
}

// False: its number is another's, or there are too many.
static bool number_choose(struct thread *thread, const struct thread_options *options)
{
    uint32_t id = options->numbered ? options->id : 0;

    while (!options->numbered && id < SCHED_TASKS_MAX && sched_find(id))
        id++;
    thread->task.id = id;
    return id < SCHED_TASKS_MAX && !sched_find(id);
}

// What is to become of it stands first in a list: the policy may not come back.
static void admit_serve(word_t argument)
{
    struct thread *thread = (struct thread *)argument;

    if (thread->wait_until > time_now())
        sleep_begin(thread, 0, thread->wait_until);
    else
        thread_wake_later(thread);
    sched_admit(&thread->task, thread_now());
}

struct thread *thread_create(thread_entry_t entry, word_t argument)
{
    return thread_create_with(entry, argument, &(struct thread_options){0});
}

struct thread *thread_create_with(thread_entry_t entry, word_t argument, const struct thread_options *options)
{
    struct thread *thread = thread_hooks && !thread_started ? NULL : record_make(entry, argument);

    if (!thread)
        return NULL;
    task_make(thread, options);
    thread->wait_until = options->start;
    upcall_hold();
    thread_start();
    if (!number_choose(thread, options)) {
        upcall_release();
        record_free(thread);
        return NULL;
    }
    if (options->remaining)
        sched_jobs();
    thread_change(admit_serve, (word_t)thread);
    return thread;
}

static void exit_serve(word_t argument)
{
    struct thread *thread = thread_self();

    thread->argument = argument;
    thread->ended = true;
    if (thread->joiner)
        thread_wake_later(thread->joiner);
    thread_stop(SCHED_END_ENDED);
}

void thread_exit(word_t result)
{
    upcall_hold();
    thread_start();
    thread_serve(exit_serve, result);
    __builtin_unreachable();
}

static void join_serve(word_t argument)
{
    struct thread *thread = (struct thread *)argument;

    thread->joiner = thread_self();
    thread_stop(SCHED_END_BLOCKED);
}

word_t thread_join(struct thread *thread)
{
    upcall_hold();
    if (thread->ended)
        upcall_release();
    else
        thread_serve(join_serve, (word_t)thread);
    word_t result = thread->argument;
    record_free(thread);
    return result;
}
