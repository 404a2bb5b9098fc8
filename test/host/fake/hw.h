// SPDX-License-Identifier: BSD-2-Clause
/*
 * The wall between the rooms and the processor, as kernel/hw/hw.h has it, with a model behind it: memory is
 * an arena of the test's, several harts run one at a time, and their TLBs forget nothing unless they are told
 * to.
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

#define FAKE_RAM    0x80000000ul // physical address of the arena
#define FAKE_DEVICE (1ul << 62)  // where the direct map shows what is no memory

extern char *fake_arena;
extern word_t fake_arena_size;

static inline void *direct(word_t physical)
{
    if (physical - FAKE_RAM < fake_arena_size)
        return fake_arena + (physical - FAKE_RAM);
    return (void *)(physical + FAKE_DEVICE);
}

static inline word_t physical(const void *pointer)
{
    word_t offset = (word_t)pointer - (word_t)fake_arena;
    return offset < fake_arena_size ? FAKE_RAM + offset : (word_t)pointer - FAKE_DEVICE;
}

word_t hw_hart(void);
word_t hw_return_pc(void);
word_t hw_time(void);
void hw_order(void); // other harts may act here (fake.between)
void hw_satp(word_t satp);
void hw_satp_switch(word_t satp);
void hw_fence_page(word_t address, word_t asid);
void hw_fence_space(word_t asid);
void hw_fence_code(void);
void hw_set_timer(word_t time);
word_t hw_wait(void);
void hw_soft_clear(void);
void hw_soft_set(void);
void hw_float_on(void);
void hw_float_off(void);
uint32_t hw_device_read(word_t address);
void hw_device_write(word_t address, uint32_t value);
// Harts run one at a time, so whoever spins waits for ever.
void hw_pause(void);

#endif
