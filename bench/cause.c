// SPDX-License-Identifier: BSD-2-Clause
/*
 * Table 5 of the exokernel paper: from what went wrong to the program's handler, by its cause. The first two traps come to
 * the kernel at once, the others by way of the firmware, whose instructions count.
 *
 * exception_store      a store to a page that is bound read-only
 * exception_fetch      a jump to where nothing is bound
 * exception_illegal    an instruction that there is not
 * exception_unaligned  a reservation (lr.w) on an address that is not aligned; plain loads need no alignment on QEMU
 * exception_float      floating point by an environment that declared none
 */
#include "measure.h"

word_t stretch_cause_store(volatile char *address);
word_t stretch_cause_fetch(volatile char *address);
word_t stretch_cause_illegal(volatile char *address);
word_t stretch_cause_unaligned(volatile char *address);
word_t stretch_cause_float(volatile char *address);

#define NOWHERE ((volatile char *)0x3f00000000)
#define PROGRAM 1 // the reading; an instruction that traps isn't counted

static void cause(const char *name, word_t (*stretch)(volatile char *), volatile char *address, word_t own)
{
    word_t least = ~0ul;
    for (int i = 0; i < REPEAT; i++)
        least = least_of(least, COUNTED(stretch(address)));
    must((sysret_t){least == ~0ul ? ERR_STATE : ERR_OK, 0}, name);
    row_counted(name, least - own, 1);
}

void bench_cause(void)
{
    page_t page = frame_alloc();
    must((sysret_t){vm_bind(0, (word_t)NOWHERE, page, 1, RIGHT_READ), 0}, "a page");
    upcall_hold();
    cause("exception_store", stretch_cause_store, NOWHERE, PROGRAM);
    cause("exception_fetch", stretch_cause_fetch, NOWHERE + PAGE_SIZE, PROGRAM + 1); // the jump itself arrives
    cause("exception_illegal", stretch_cause_illegal, NULL, PROGRAM);
    cause("exception_unaligned", stretch_cause_unaligned, NOWHERE + 1, PROGRAM);
    must(sys_env_float(0), "env_float");
    cause("exception_float", stretch_cause_float, NULL, PROGRAM);
    upcall_release();
    vm_unbind(0, (word_t)NOWHERE, 1);
    frame_free(page);
}
