// SPDX-License-Identifier: BSD-2-Clause
/*
 * A program's own handler of page faults: it is told the page and the right, what it declines is the library's business,
 * a handler of exceptions is asked before it, and it may fault itself.
 */
#include "guest.h"
#include <unistd.h>

#define ADDRESS 0x3000000000ul

static volatile word_t asked, last_address, last_need, exceptions;
static volatile char *inner; // a page that was never touched, for the handler to touch

static bool on_fault(word_t address, word_t need)
{
    asked++;
    last_address = address;
    last_need = need;
    if (address - ADDRESS >= PAGE_SIZE)
        return false;
    if (inner)
        *inner = 1;
    sysret_t answer = sys_pte_protect(0, ADDRESS, 1, RIGHT_READ | (need & RIGHT_WRITE));
    return answer.error == ERR_OK;
}

static bool on_exception(struct trap_frame *frame)
{
    (void)frame;
    exceptions++;
    return false;
}

int main(void)
{
    volatile char *page = (volatile char *)ADDRESS, *heap = sbrk(8 * PAGE_SIZE);
    page_t frame = frame_alloc();
    heap = (volatile char *)(((word_t)heap + PAGE_SIZE) & ~(word_t)(PAGE_SIZE - 1));
    CHECK_EQUAL(vm_bind(0, ADDRESS, frame, 1, RIGHT_READ | RIGHT_WRITE), ERR_OK);
    page[5] = 7;
    fault_handle(on_fault);

    CHECK_EQUAL(sys_pte_protect(0, ADDRESS, 1, RIGHT_READ).error, ERR_OK);
    CHECK_EQUAL(page[5], 7);
    CHECK_EQUAL(asked, 0);
    page[5] = 8;
    CHECK_EQUAL(asked, 1);
    CHECK_EQUAL(last_address, ADDRESS + 5);
    CHECK_EQUAL(last_need, RIGHT_WRITE);

    CHECK_EQUAL(sys_pte_protect(0, ADDRESS, 1, 0).error, ERR_OK);
    CHECK_EQUAL(page[5], 8);
    CHECK_EQUAL(asked, 2);
    CHECK_EQUAL(last_need, RIGHT_READ);

    heap[0] = 1; // declined: the library gives it a frame
    CHECK_EQUAL(asked, 3);
    CHECK_EQUAL(heap[0], 1);

    CHECK_EQUAL(sys_pte_protect(0, ADDRESS, 1, RIGHT_READ).error, ERR_OK);
    inner = heap + PAGE_SIZE; // a fault inside the handler: asked again, which declines
    page[5] = 9;
    CHECK_EQUAL(asked, 5);
    CHECK_EQUAL(*inner, 1);
    inner = NULL;

    exception_handle(on_exception);
    CHECK_EQUAL(sys_pte_protect(0, ADDRESS, 1, RIGHT_READ).error, ERR_OK);
    page[5] = 10;
    CHECK_EQUAL(exceptions, 1);
    CHECK_EQUAL(asked, 6);
    heap[2 * PAGE_SIZE] = 1;
    CHECK_EQUAL(exceptions, 2);
    CHECK_EQUAL(asked, 7);

    fault_handle(NULL);
    heap[3 * PAGE_SIZE] = 1;
    CHECK_EQUAL(exceptions, 3);
    CHECK_EQUAL(asked, 7);
    exception_handle(NULL);
    heap[4 * PAGE_SIZE] = 1;
    CHECK_EQUAL(exceptions, 3);
    return guest_end();
}
