// SPDX-License-Identifier: BSD-2-Clause
/*
 * Stacks and windows: the two regions of the address space that are handed out in pieces.
 *
 * Stack number n occupies STACK_SIZE bytes from VM_STACKS + n * STACK_SIZE, or from VM_STACKS_FAR on beyond the first ones; its
 * lowest page is the guard and is never mapped, so running over it is an exception and not another stack's damage.
 */
#include <libos/start/start.h>
#include <libos/vm/internal.h>
#include <libos/vm/vm.h>

static bool stack_used[STACKS_MAX];
static bool window_used[WINDOWS_MAX];

static word_t stack_first(size_t number)
{
    return number < STACKS_NEAR ? VM_STACKS + number * STACK_SIZE : VM_STACKS_FAR + (number - STACKS_NEAR) * STACK_SIZE;
}

// The number of the stack that has the address; STACKS_MAX or more: none.
static size_t stack_number(word_t address)
{
    size_t near = (address - VM_STACKS) / STACK_SIZE, far = (address - VM_STACKS_FAR) / STACK_SIZE;

    return near < STACKS_NEAR ? near : far < STACKS_MAX - STACKS_NEAR ? STACKS_NEAR + far : STACKS_MAX;
}

bool stack_contains(word_t address, const char **why)
{
    size_t number = stack_number(address);

    *why = "the address belongs to nothing";
    if (number >= STACKS_MAX || !stack_used[number])
        return false;
    *why = "the stack is full: this is its guard page";
    return address % STACK_SIZE >= PAGE_SIZE;
}

word_t vm_stack_alloc(void)
{
    word_t top = 0;

    upcall_hold();
    for (size_t n = 0; n < STACKS_MAX && !top; n++)
        if (!stack_used[n]) {
            stack_used[n] = true;
            top = stack_first(n) + STACK_SIZE;
        }
    upcall_release();
    return top;
}

void vm_stack_free(word_t top)
{
    size_t number = stack_number(top - STACK_SIZE);

    vm_release(top - STACK_SIZE, top);
    stack_used[number] = false;
}

static bool window_is_free(size_t first, size_t count)
{
    for (size_t i = first; i < first + count; i++)
        if (window_used[i])
            return false;
    return true;
}

static void window_mark(size_t first, size_t count, bool used)
{
    for (size_t i = first; i < first + count; i++)
        window_used[i] = used;
}

word_t vm_window_open(size_t count)
{
    word_t address = 0;

    upcall_hold();
    for (size_t first = 0; first + count <= WINDOWS_MAX && !address; first++)
        if (window_is_free(first, count)) {
            window_mark(first, count, true);
            address = VM_WINDOWS + first * PAGE_SIZE;
        }
    upcall_release();
    return address;
}

void vm_window_close(word_t address, size_t count)
{
    upcall_hold();
    vm_unbind(0, address, count);
    window_mark((address - VM_WINDOWS) / PAGE_SIZE, count, false);
    upcall_release();
}

void window_forget_all(void)
{
    window_mark(0, WINDOWS_MAX, false);
}
