// SPDX-License-Identifier: BSD-2-Clause
/*
 * exception        from a breakpoint to the first instruction of the program's handler
 * exception_fault  the same for a page fault
 * resume           from the handler's last instruction back into the program: 0, the kernel has no part in it
 * user_fault       a page fault, handled entirely by the program: deliver, bind a frame, resume; every instruction
 */
#include "measure.h"

#include <stdio.h>
#include <stdlib.h>

word_t stretch_break(word_t *resume);
word_t stretch_break_jump(word_t *resume);
word_t stretch_fault(volatile char *address);
word_t stretch_fault_none(volatile char *address);
word_t stretch_touch(volatile char *address);
word_t stretch_user_fault(volatile char *address, page_t page);

#define NOWHERE ((volatile char *)0x3f00000000) // nothing of this program's is near

void bench_exception(void)
{
    upcall_hold();
    word_t trap = ~0ul, jump = ~0ul, fault = ~0ul, none = ~0ul, resume = ~0ul, resume_jump = ~0ul, back;
    for (int i = 0; i < REPEAT; i++) {
        trap = least_of(trap, COUNTED(stretch_break(&back)));
        resume = least_of(resume, back);
        jump = least_of(jump, stretch_break_jump(&back));
        resume_jump = least_of(resume_jump, back);
        fault = least_of(fault, stretch_fault(NOWHERE));
        none = least_of(none, stretch_fault_none(NOWHERE));
    }
    row_counted("exception", trap - jump, 1);
    row("exception_fault", fault - none);
    row("resume", resume - resume_jump);

    page_t page = frame_alloc();
    must((sysret_t){vm_bind(0, (word_t)NOWHERE, page, 1, RIGHT_READ), 0}, "a page"); // so that there are tables
    vm_unbind(0, (word_t)NOWHERE, 1);
    word_t least = ~0ul;
    for (int i = 0; i < REPEAT; i++) {
        word_t touch = COUNTED(stretch_user_fault(NOWHERE, page));
        word_t whole = touch - stretch_touch(NOWHERE);
        least = least_of(least, whole);
        vm_unbind(0, (word_t)NOWHERE, 1);
    }
    frame_free(page);
    row_counted("user_fault", least, 1);
    upcall_release();
}
