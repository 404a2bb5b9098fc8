// SPDX-License-Identifier: BSD-2-Clause
// The functions of hw.h and sbi.h for the hart that executes, and of float.S.

#include "fake.h"

#include "machine/machine.h"
#include "sbi.h"

#include <string.h>

static word_t memory_boundary(word_t index) { return (word_t)hart_number(index) + HART_STACK_TOP; }

word_t hw_hart(void) { return memory_boundary(fake.self); }
word_t hw_return_pc(void) { return fake_self()->sepc; }
word_t hw_time(void) { return fake.time; }
void hw_satp_switch(word_t satp)
{
    hw_satp(satp);
    if (machine_info->asid_bits == 0)
        hw_fence_space(0);
}
void hw_fence_code(void) { fake_self()->codes++; }
void hw_set_timer(word_t time) { fake_self()->timer = time; }
void hw_soft_clear(void) { fake_self()->soft = 0; }
void hw_soft_set(void) { fake_self()->soft = 1; }
void hw_float_on(void) { fake_self()->float_on = true; }
void hw_float_off(void) { fake_self()->float_on = false; }
void hw_order(void)
{
    if (fake.between != NULL && fake_self()->mode == FAKE_KERNEL)
        fake.between();
}
void hw_satp(word_t satp)
{
    fake_self()->satp = satp;
    if (satp == space_kernel_satp)
        hw_order(); // others act here, too: whoever gives the hart up has looked for events, and not said yet that it waits
}
void hw_pause(void) { fake_fail("a lock is taken twice, or was never dropped"); }

word_t hw_wait(void)
{
    word_t pending = fake_pending(fake_self());
    if (pending != 0)
        return pending;
    fake_self()->mode = FAKE_SLEEPS;
    longjmp(fake.exit, 1);
}

void hw_fence_page(word_t address, word_t asid)
{
    tlb_fence_range(&fake_self()->tlb, address & ~(word_t)(PAGE_SIZE - 1), PAGE_SIZE, asid);
}

void hw_fence_space(word_t asid)
{
    if (asid == 0)
        tlb_fence_all(&fake_self()->tlb);
    else
        tlb_fence_asid(&fake_self()->tlb, asid);
}

uint32_t hw_device_read(word_t address) { return plic_load(address - FAKE_DEVICE - FAKE_PLIC); }
void hw_device_write(word_t address, uint32_t value) { plic_store(address - FAKE_DEVICE - FAKE_PLIC, value); }

void float_save(word_t *area)
{
    if (!fake_self()->float_on)
        fake_fail("floating-point registers are saved with the unit off");
    memcpy(area, fake_self()->floats, sizeof(fake_self()->floats));
}

void float_load(const word_t *area)
{
    if (!fake_self()->float_on)
        fake_fail("floating-point registers are loaded with the unit off");
    memcpy(fake_self()->floats, area, sizeof(fake_self()->floats));
}

static struct fake_hart *hart_of(word_t id)
{
    for (word_t i = 0; i < hart_count; i++)
        if (hart_number(i)->id == id)
            return &fake_harts[i];
    fake_fail("the kernel names a hart to the firmware that is none");
}

void sbi_set_timer(word_t time) { fake_self()->timer = time; }
void sbi_send_ipi(word_t hart_id) { hart_of(hart_id)->soft = 1; }

// Hardware with a TLB that remembers: the fence of a hart that never ran the space shows in the count alone.
void sbi_remote_fence(word_t mask, word_t base, word_t start, word_t size, word_t asid)
{
    if (mask == 0)
        fake_fail("a remote fence for nobody");
    hw_order(); // it is on its way
    fake.fences++;
    fake.code_fences += asid == SBI_CODE;
    for (; mask != 0; mask &= mask - 1) {
        struct fake_hart *hart = hart_of(base + (word_t)__builtin_ctzl(mask));
        if (hart == fake_self())
            fake_fail("a hart asks the firmware to fence itself");
        hart->fenced++;
        if (asid == SBI_CODE)
            hart->codes++;
        else if (asid == SBI_ALL_ASIDS)
            tlb_fence_all(&hart->tlb);
        else if (size == ~0ul)
            tlb_fence_asid(&hart->tlb, asid);
        else
            tlb_fence_range(&hart->tlb, start, size, asid);
    }
}

void sbi_putchar(char c)
{
    if (fake.console_count < sizeof(fake.console))
        fake.console[fake.console_count++] = c;
}

void sbi_reset(bool restart) { fake.reset += restart ? 100 : 1; }
