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

struct thread *thread_self(void)
{
    return thread_running();
}

static void thread_main(struct thread *thread)
{
    thread_exit(thread->entry(thread->argument));
}

static void frame_make(struct thread *thread, void *tls)
{
    struct trap_frame *frame = &thread->own_frame;

    thread->frame = frame;
    frame->FRAME_PC = (word_t)thread_main;
    frame->FRAME_SP = thread->stack;
    frame->FRAME_A0 = (word_t)thread;
    frame->x[4] = (word_t)tls; // tp
}

struct thread *thread_create(thread_entry_t entry, word_t argument)
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
    thread->state = THREAD_RUNNABLE;
    thread->task.weight = 1;
    thread->task.harts = 1;
    word_t tls = (word_t)(thread + 1) + TLS_ALIGN - 1;
    frame_make(thread, tls_make((void *)(tls - tls % TLS_ALIGN)));

    upcall_hold();
    thread_switching_start();
    bool admitted = thread_admit(thread);
    upcall_release();
    if (!admitted) {
        vm_stack_free(stack);
        free(memory);
        return NULL;
    }
    return thread;
}

void thread_exit(word_t result)
{
    struct thread *thread = thread_running();

    upcall_hold();
    thread->argument = result;
    if (thread->joiner)
        thread_wake(thread->joiner);
    for (;;)
        thread_block(THREAD_ENDED);
}

word_t thread_join(struct thread *thread)
{
    upcall_hold();
    if (thread->state == THREAD_ENDED) {
        upcall_release();
    } else {
        thread->joiner = thread_running();
        thread_block(THREAD_BLOCKED);
    }
    word_t result = thread->argument;
    vm_stack_free(thread->stack);
    free(thread);
    return result;
}

bool mutex_try(struct mutex *mutex)
{
    upcall_hold();
    bool taken = mutex->owner == NULL;
    if (taken)
        mutex->owner = thread_running();
    upcall_release();
    return taken;
}

void mutex_lock(struct mutex *mutex)
{
    upcall_hold();
    if (mutex->owner == NULL) {
        mutex->owner = thread_running();
        upcall_release();
        return;
    }
    struct thread **place = &mutex->waiters;
    while (*place)
        place = &(*place)->next;
    *place = thread_running();
    thread_running()->next = NULL;
    thread_block(THREAD_BLOCKED); // whoever unlocks makes us the owner
}

void mutex_unlock(struct mutex *mutex)
{
    upcall_hold();
    struct thread *next = mutex->waiters;
    mutex->owner = next;
    if (next) {
        mutex->waiters = next->next;
        thread_wake(next);
    }
    upcall_release();
}
