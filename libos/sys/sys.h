// SPDX-License-Identifier: BSD-2-Clause
/*
 * The kernel's calls as C functions: sys_page_alloc(page), sys_env_create(record, caps, space), and so on,
 * one per line of syscall.def. The bodies are in stubs.S: two instructions each, because the kernel returns
 * past the stub. Calls that give the hart up lose every register but sp; their stubs keep what C expects.
 *
 * Also here: the tables that the kernel maps read-only for everybody, this program's save area, and the time.
 */
#ifndef LIBOS_SYS_H
#define LIBOS_SYS_H

#include <rivet/cap.h>
#include <rivet/env.h>
#include <rivet/layout.h>
#include <rivet/machine.h>
#include <rivet/page.h>
#include <rivet/revoke.h>
#include <rivet/slice.h>
#include <rivet/types.h>

#define SYSCALL(index, room, verb, arity, arguments, errors, text) sysret_t sys_##room##_##verb arguments;
#define HOTCALL(index, room, verb, errors, text) // other registers: see ipc.h
#include <rivet/syscall.def>
#undef SYSCALL
#undef HOTCALL
sysret_t sys_env_null(void);
sysret_t sys_slice_yield_to(slot_t slot);
sysret_t sys_slice_yield(void);
sysret_t sys_slice_donate(slot_t slot, word_t until, word_t events, word_t word);
sysret_t sys_revoke_request(slot_t slot, word_t kind, size_t count, word_t deadline);

// Where every program has its save area (see regs.def). A convention of this library, not of the kernel.
#define SAVE_ADDRESS 0x3ffffff000ul

// A word of the save area. Volatile: the kernel and the upcalls write it behind the compiler's back.
#define SAVE_WORD(offset) (*(volatile word_t *)(SAVE_ADDRESS + (offset)))

static inline env_t self(void)
{
    return SAVE_WORD(SAVE_SELF);
}

static inline const struct machine_info *machine(void)
{
    return (const struct machine_info *)TABLE_INFO;
}

// The frame table's entry of a page of RAM, or NULL when the page is none.
static inline const volatile struct frame *frame_entry(page_t page)
{
    word_t index = page - machine()->ram_first;
    return index < machine()->ram_count ? (const volatile struct frame *)TABLE_FRAMES + index : NULL;
}

// A position in a hart's vector of slices.
static inline const volatile struct slice *slice_entry(word_t hart, word_t position)
{
    return (const volatile struct slice *)TABLE_SLICES + hart * SLICES_MAX + position;
}

// An interrupt source: who owns it, how often it fired.
static inline const volatile struct irq_info *irq_entry(word_t source)
{
    return (const volatile struct irq_info *)TABLE_IRQS + source;
}

// Time, in ticks of machine()->timebase_hz since the machine was reset.
static inline word_t time_now(void)
{
    word_t now;
    __asm__ volatile("rdtime %0" : "=r"(now));
    return now;
}

/*
 * The same, but perhaps a slice old, and never back: where reading the time traps (machine()->time_traps), the latest beginning
 * of a slice on any hart, which the kernel shows. For what is asked often and need not be exact.
 */
static inline word_t time_recent(void)
{
    if (!machine()->time_traps)
        return time_now();
    word_t latest = 0;
    for (word_t i = 0; i < machine()->hart_count; i++) {
        word_t time = __atomic_load_n(&machine()->slice_time[i], __ATOMIC_RELAXED);
        latest = time > latest ? time : latest;
    }
    return latest;
}

static inline word_t time_from_us(word_t us)
{
    return us * machine()->timebase_hz / 1000000;
}

// Whether `word` stands among the boot arguments. What is behind `run` is a program's and not the machine's.
bool machine_argument(const char *word);

// The reason of a refusal as in error.def: "NOENT: the name names nothing".
const char *error_text(long error);

// Write to the kernel's own console, without the console environment: for init, and for a last word.
void log_write(const char *text, size_t size);
void log_text(const char *text);

#endif
