// SPDX-License-Identifier: BSD-2-Clause
/*
 * A machine for the rooms of the kernel: memory, harts, their TLBs, a PLIC, firmware, and the trap path
 * (kernel/trap/entry.S, in C). Harts run one at a time; the test says which one.
 *
 * What never returns in the kernel ends in the test again: with a hart in user mode, in some environment, or
 * asleep.
 */
#ifndef FAKE_FAKE_H
#define FAKE_FAKE_H

#include "tlb.h"

#include "env/env.h"
#include "kernel.h"
#include "page/page.h"
#include "space/space.h"
#include "trap/hart.h"
#include "trap/trap.h"

#include <setjmp.h>

#define FAKE_FRAMES    8192     // 32 MiB
#define FAKE_FIRST     (FAKE_RAM >> PAGE_SHIFT)
#define FAKE_UART      0x10000  // page of a device
#define FAKE_RTC       0x101
#define FAKE_PLIC      0xc000000ul
#define FAKE_SOURCES   40
#define FAKE_HZ        10000000ul
#define FAKE_TIME      1000     // where time begins

enum fake_mode { FAKE_OFF, FAKE_SLEEPS, FAKE_USER, FAKE_KERNEL };

// Calls have numbers from 0 on here; those of the hot ones are negative in the ABI.
#define FAKE_NUMBER(index) ((index) + 6)
_Static_assert(CALL_slice_donate == CALL_BASE - 6, "the hot calls end there");

struct fake_hart {
    enum fake_mode mode;
    word_t satp;
    word_t timer;
    word_t regs[REGS];
    word_t sepc, cause, address; // CSRs of the last trap: sepc, scause, stval
    uint32_t soft;         // an interrupt by another hart is pending
    bool float_on;
    word_t floats[33];
    word_t fenced;         // how many of the remote fences in this call were for it
    word_t codes;          // fence.i so far, its own and by the firmware
    struct tlb tlb;
};

struct fake_options {
    word_t harts, frames, asid_bits;
    bool no_sstc;
    bool no_walker_bits; // A and D fault
    bool no_ad;          // ... because the kernel hides what would set them
};

extern struct fake {
    word_t self; // the hart that executes
    word_t time;
    jmp_buf exit;
    bool returned;            // the call came back to the caller itself
    word_t fences;            // calls of the firmware for remote fences, in this call ...
    word_t code_fences;       // ... and those among them for code
    const char *context;      // for messages: what is being done
    env_t init;
    page_t next;              // fake_fresh
    word_t reset;             // how often the firmware was asked to reset
    char console[256];
    word_t console_count;
    bool snapshot;            // to be taken when the room is entered
    void (*between)(void);    // what other harts do while one is in the kernel, at its fences; may be NULL
} fake;

extern struct fake_hart fake_harts[HARTS_MAX];

// What boot takes for the kernel's tables.
extern struct frame fake_frames[FAKE_FRAMES];
extern struct machine_info fake_info;
extern struct slice fake_vectors[HARTS_MAX][SLICES_MAX];
extern struct irq_info fake_sources[IRQS_MAX];

// A kernel as boot leaves it: hart 0 runs init, which owns everything; the others sleep.
void fake_boot(struct fake_options options);
// Called before a test ends that way, when it is not NULL.
extern void (*fake_failing)(void);
// Says what is wrong, in which context, and ends the test.
void fake_fail(const char *why) __attribute__((noreturn));

// The hart that executes from now on.
void fake_on(word_t hart);
static inline struct fake_hart *fake_self(void) { return &fake_harts[fake.self]; }
// The environment in whose name a hart in user mode executes.
struct env *fake_env(void);
// A free frame of init's that no test has had yet.
page_t fake_fresh(void);
page_t fake_fresh_run(word_t count);

// One call by the environment that this hart runs. `fake.returned` says whether it came back.
sysret_t fake_call(word_t call, const word_t *arguments);
// Other harts act while the one that executes is in the kernel: what they do is done when `act` returns.
void fake_between(void (*act)(void));
// An access to memory in user mode, which may end in an exception. True: it went through, to *page.
bool fake_touch(word_t address, word_t cause, page_t *page);
// The same by the walker alone: what it cannot do is forgotten. Hardware does so when it likes.
void fake_speculate(word_t address);
void fake_exception(word_t cause, word_t address);
// Takes what interrupts are pending for this hart; true when there was one.
bool fake_interrupt(void);
word_t fake_pending(const struct fake_hart *hart);
// Every check that must hold whenever no hart is in the kernel.
void fake_check(void);

// entry.S.
sysret_t entry_call(word_t number, const word_t *arguments);
void entry_exception(void);
void entry_interrupt(word_t cause);
void entry_wake(void);

// The PLIC.
void plic_boot(void);
void plic_raise(word_t source);
bool plic_pending(word_t hart);
bool plic_claimed(word_t source);
uint32_t plic_load(word_t offset);
void plic_store(word_t offset, uint32_t value);

// The kernel's memory and the model's, as at the start of the world.
void snapshot_fresh(void);
// All memory that a refused call must leave as it is.
void snapshot_take(void);
const char *snapshot_differs(void);

#endif
