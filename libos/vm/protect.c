// SPDX-License-Identifier: BSD-2-Clause
/*
 * Rights of mapped pages, and the bits that the MMU notes in their page table.
 *
 * Invariant: what vm_protect says holds in the structure and in the kernel's tables when it returns. A page that must be
 * copied before it may be written (VM_COPY) is copied here.
 */
#include <libos/vm/frame.h>
#include <libos/vm/internal.h>

// A page that the kernel did not protect: it is not bound, or was bound with fewer rights.
static long page_protect(word_t address, word_t rights, bool alone)
{
    struct vm_mapping mapping = mapping_unpack(vm_structure.find(address));

    if (!mapping.page)
        return alone ? ERR_NOENT : ERR_OK;
    if (mapping.flags & VM_COPY && rights & RIGHT_WRITE)
        return vm_copy(address, rights) ? ERR_OK : ERR_NOENT;
    vm_structure.protect(address, 1, rights);
    mapping.rights = (uint32_t)rights;
    return vm_rebind(address, mapping);
}

// The general form, page by page where the kernel refuses.
__attribute__((noinline)) static long protect_slow(word_t address, size_t count, word_t rights)
{
    bool alone = count == 1;
    long error = ERR_OK;

    while (count > 0 && error == ERR_OK) {
        size_t done = 0;
        if (!vm_copies) {
            size_t piece = count < PTE_BATCH ? count : PTE_BATCH;
            sysret_t answer = sys_pte_protect(0, address, piece, rights);
            done = answer.error == ERR_OK ? answer.value : 0;
            vm_structure.protect(address, done, rights);
        }
        if (done == 0) {
            error = page_protect(address, rights, alone);
            done = 1;
        }
        address += done * PAGE_SIZE;
        count -= done;
    }
    return error;
}

// Most of what collectors ask for. With upcalls held.
static long protect_range(word_t address, size_t count, word_t rights)
{
    sysret_t answer = {ERR_NOENT, 0};
    if (!vm_copies && count <= PTE_BATCH)
        answer = sys_pte_protect(0, address, count, rights);
    if (answer.error != ERR_OK || answer.value != count)
        return protect_slow(address, count, rights);
    vm_structure.protect(address, count, rights);
    return ERR_OK;
}

__attribute__((noinline)) static long protect_general(word_t address, size_t count, word_t rights)
{
    upcall_hold();
    long error = protect_range(address, count, rights);
    upcall_release();
    return error;
}

// pte_protect where only the error matters: a call that returns one word leaves nothing to be put away.
long protect_error(space_t space, word_t address, size_t count, word_t rights) __asm__("sys_pte_protect");

// The kernel refused: one page, upcalls held.
__attribute__((noinline)) static long protect_refused(word_t address, word_t rights)
{
    long error = protect_slow(address, 1, rights);
    upcall_release();
    return error;
}

/*
 * One page in as few instructions as there can be; whatever is unusual about it is for the general form. What outlives
 * the call is kept on the stack: registers that a call preserves would have to be saved, too, and moved to and fro.
 */
long vm_protect(word_t address, size_t count, word_t rights)
{
    if (__builtin_expect(count != 1 || vm_copies, 0))
        return protect_general(address, count, rights);
    volatile word_t kept_address = address, kept_rights = rights;
    upcall_hold();
    if (__builtin_expect(protect_error(0, address, 1, rights) != ERR_OK, 0))
        return protect_refused(kept_address, kept_rights);
    vm_structure.protect(kept_address, 1, kept_rights);
    upcall_release();
    return ERR_OK;
}

bool vm_allow(word_t address, word_t rights)
{
    address = BASE(address);
    volatile word_t kept_address = address, kept_rights = rights;
    if (__builtin_expect(vm_copies || protect_error(0, address, 1, rights) != ERR_OK, 0))
        return protect_slow(kept_address, 1, kept_rights) == ERR_OK;
    vm_structure.protect(kept_address, 1, kept_rights);
    return true;
}

// ... and both are bound, or none is.
static bool same_rights(word_t one, word_t other)
{
    return vm_pte_rights(one) == vm_pte_rights(other) && (one != 0) == (other != 0);
}

void vm_clear(word_t address, size_t count, word_t bits)
{
    while (count > 0) {
        if (vm_cache_holds(address)) {
            upcall_hold();
            cache_clear(address, bits);
            upcall_release();
            address += PAGE_SIZE;
            count--;
            continue;
        }
        word_t pte = vm_pte(address);
        size_t run = 1;
        while (run < count && run < PTE_BATCH && same_rights(vm_pte(address + run * PAGE_SIZE), pte))
            run++;
        sysret_t answer = sys_pte_protect(0, address, run, vm_pte_rights(pte) | bits);
        if (answer.error == ERR_OK && answer.value > 0)
            run = answer.value;
        address += run * PAGE_SIZE;
        count -= run;
    }
}

long vm_alias(word_t address, word_t other, word_t rights)
{
    struct vm_mapping mapping = vm_find(address);

    if (!mapping.page)
        return ERR_NOENT;
    return vm_enter(other, (struct vm_mapping){mapping.page, (uint32_t)rights, mapping.flags & VM_KEEP});
}
