// SPDX-License-Identifier: BSD-2-Clause
/*
 * The wall between the rooms and the processor: CSRs, fences, the direct map. Host tests replace this one
 * header by a model of the machine (test/host/fake/hw.h); nothing else in a room knows where it runs.
 */
#ifndef HW_HW_H
#define HW_HW_H

#include <rivet/layout.h>
#include <rivet/types.h>

#define SATP_SV39       (8ul << 60)
#define SATP_ASID_SHIFT 44
#define SATP_ASID_MASK  0xfffful

#define SIE_SOFT  (1ul << 1)
#define SIE_TIMER (1ul << 5)
#define SIE_EXTERN (1ul << 9)

#define SSTATUS_SPP   (1ul << 8)
#define SSTATUS_FS    (3ul << 13)
#define SSTATUS_FS_ON (1ul << 13)

#define CAUSE_INTERRUPT (1ul << 63)
#define CAUSE_SOFT      (CAUSE_INTERRUPT | 1)
#define CAUSE_TIMER     (CAUSE_INTERRUPT | 5)
#define CAUSE_EXTERN    (CAUSE_INTERRUPT | 9)

#define csr_read(csr) ({ word_t value_; asm volatile("csrr %0, " #csr : "=r"(value_)); value_; })
#define csr_write(csr, value) asm volatile("csrw " #csr ", %0" : : "rK"(value) : "memory")
#define csr_set(csr, value)   asm volatile("csrs " #csr ", %0" : : "rK"(value) : "memory")
#define csr_clear(csr, value) asm volatile("csrc " #csr ", %0" : : "rK"(value) : "memory")

static inline void *direct(word_t physical) { return (void *)(physical + DIRECT_BASE); }
static inline word_t physical(const void *pointer) { return (word_t)pointer - DIRECT_BASE; }

// The boundary (regs.def) of the hart that executes this: in the kernel, sscratch holds it.
static inline word_t hw_hart(void) { return csr_read(sscratch); }

// Where the environment goes on after the call that the kernel is in.
static inline word_t hw_return_pc(void) { return csr_read(sepc); }
static inline void hw_set_return_pc(word_t pc) { csr_write(sepc, pc); }

static inline word_t hw_time(void) { return csr_read(time); }
// A kernel built with RIVET_COUNT counts what instruction counts do not show: fences and changes of space.
#ifdef RIVET_COUNT
extern word_t *hw_count_fences, *hw_count_satps; // into the machine's information page
extern word_t hw_count_flushes;                  // of each switch of space: 1 where there are no ASIDs
#define HW_COUNT(what) (hw_count_##what != NULL ? ++*hw_count_##what : 0)
#define HW_COUNT_FLUSH (hw_count_fences != NULL ? *hw_count_fences += hw_count_flushes : 0)
#else
#define HW_COUNT(what) 0
#define HW_COUNT_FLUSH 0
#endif

static inline void hw_satp(word_t satp)
{
    (void)HW_COUNT(satps);
    csr_write(satp, satp);
}

// From one space to the next; where the machine has no ASIDs, boot writes sfence.vma over the nop (as in trap/entry.S).
static inline void hw_satp_switch(word_t satp)
{
    (void)HW_COUNT(satps);
    (void)HW_COUNT_FLUSH;
    asm volatile("csrw satp, %0\n"
                 ".pushsection .patch_sites, \"a\"\n.balign 4\n.word 9f - .\n.popsection\n"
                 ".option push\n.option norvc\n9: nop\n.option pop" : : "r"(satp) : "memory");
}

// What this hart stored before comes before what it loads next, for every hart.
static inline void hw_order(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

// Makes this hart forget what it knows of one address in one space.
static inline void hw_fence_page(word_t address, word_t asid)
{
    (void)HW_COUNT(fences);
    asm volatile("sfence.vma %0, %1" : : "r"(address), "r"(asid) : "memory");
}

// ... and of every address in one space; with ASID 0 the whole hart forgets.
static inline void hw_fence_space(word_t asid)
{
    (void)HW_COUNT(fences);
    if (asid == 0)
        asm volatile("sfence.vma" : : : "memory");
    else
        asm volatile("sfence.vma zero, %0" : : "r"(asid) : "memory");
}

// Makes this hart fetch instructions as memory holds them now.
static inline void hw_fence_code(void) { asm volatile("fence.i" : : : "memory"); }

// stimecmp, by number: the assembler may not know Sstc.
static inline void hw_set_timer(word_t time) { csr_write(0x14d, time); }

// Sleeps until an interrupt is pending; says which are.
static inline word_t hw_wait(void)
{
    asm volatile("wfi" : : : "memory");
    return csr_read(sip);
}
static inline void hw_soft_clear(void) { csr_clear(sip, SIE_SOFT); }
// Pokes the hart that executes: the interrupt comes when it is back in user mode.
static inline void hw_soft_set(void) { csr_set(sip, SIE_SOFT); }

static inline void hw_float_on(void) { csr_set(sstatus, SSTATUS_FS); }
static inline void hw_float_off(void) { csr_clear(sstatus, SSTATUS_FS); }

// Device registers, at their addresses in the direct map.
static inline uint32_t hw_device_read(word_t address) { return *(volatile uint32_t *)address; }
static inline void hw_device_write(word_t address, uint32_t value) { *(volatile uint32_t *)address = value; }

static inline void hw_pause(void) { asm volatile("" : : : "memory"); }

#endif
