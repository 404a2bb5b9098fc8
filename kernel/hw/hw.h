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

static inline word_t hw_time(void) { return csr_read(time); }
static inline void hw_satp(word_t satp) { csr_write(satp, satp); }

// Makes this hart forget what it knows of one address in one space.
static inline void hw_fence_page(word_t address, word_t asid)
{
    asm volatile("sfence.vma %0, %1" : : "r"(address), "r"(asid) : "memory");
}

// ... and of every address in one space; with ASID 0 the whole hart forgets.
static inline void hw_fence_space(word_t asid)
{
    if (asid == 0)
        asm volatile("sfence.vma" : : : "memory");
    else
        asm volatile("sfence.vma zero, %0" : : "r"(asid) : "memory");
}

static inline void hw_pause(void) { asm volatile("nop" : : : "memory"); }

#endif
