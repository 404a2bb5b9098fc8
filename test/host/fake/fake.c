// SPDX-License-Identifier: BSD-2-Clause
// The machine and what boot does to it; see fake.h.

#include "fake.h"

#include "cap/cap.h"
#include "irq/irq.h"
#include "machine/machine.h"
#include "pte/pte.h"
#include "slice/slice.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fake fake;
struct fake_hart fake_harts[HARTS_MAX];
char *fake_arena;
word_t fake_arena_size;

struct frame fake_frames[FAKE_FRAMES];
struct machine_info fake_info;
struct slice fake_vectors[HARTS_MAX][SLICES_MAX];
struct irq_info fake_sources[IRQS_MAX];
static pte_t kernel_root[512] __attribute__((aligned(PAGE_SIZE)));

void (*fake_failing)(void);

void fake_fail(const char *why)
{
    fprintf(stderr, "fake: %s\n  while: %s\n  on hart %lu, at time %lu\n", why,
            fake.context != NULL ? fake.context : "?", (unsigned long)fake.self, (unsigned long)fake.time);
    if (fake_failing != NULL)
        fake_failing();
    abort();
}

void kernel_panic(const char *why) { fake_fail(why); }

void panic_trap(const word_t *regs, word_t cause, word_t address)
{
    (void)regs, (void)cause, (void)address;
    fake_fail("the kernel faulted");
}

void kernel_log(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
}

static void harts_boot(word_t count)
{
    hart_count = (uint32_t)count;
    for (word_t i = 0; i < count; i++) {
        struct hart *hart = hart_number(i);
        hart->index = i;
        hart->id = 10 + i; // not the index: who mixes them up is found out
        hart->plic_context = 2 * i + 1;
        hart->boundary = (word_t)hart + HART_STACK_TOP;
        env_at(hart->boundary)->hart = hart->boundary;
        fake_harts[i].timer = ~0ul;
        fake_harts[i].satp = space_kernel_satp;
        irq_boot_hart(hart);
        hart->online = 1;
        quiesce_see(hart);
    }
    fake_info.hart_count = (uint32_t)count;
}

static struct env *init_boot(void)
{
    enum error error;
    struct space *space = space_make(FAKE_FIRST + 2, FAKE_FIRST + 3, fake.init, &error);
    struct env *init = env_boot(fake.init, FAKE_FIRST + 4, space);
    hart_self()->current = env_boundary(init);
    init->pc = 0x10000;
    init->result_error = fake.init;
    init->state = ENV_READY;
    init->slice_harts = (1u << hart_count) - 1;
    fake.next = FAKE_FIRST + 5;
    return init;
}

void fake_boot(struct fake_options options)
{
    snapshot_fresh();
    fake.context = "boot";
    if (fake_arena == NULL)
        fake_arena = aligned_alloc(PAGE_SIZE, (size_t)FAKE_FRAMES * PAGE_SIZE);
    fake_arena_size = options.frames * PAGE_SIZE;
    memset(fake_arena, 0xa5, fake_arena_size); // memory is never zero by itself
    tlb_sets_bits = !options.no_walker_bits;
    pte_hides = options.no_ad;
    fake_info.walker_bits = !options.no_walker_bits && !options.no_ad;

    machine_info = &fake_info;
    fake_info.magic = MACHINE_MAGIC;
    fake_info.timebase_hz = FAKE_HZ;
    fake_info.ram_first = FAKE_FIRST;
    fake_info.ram_count = options.frames;
    fake_info.asid_bits = (uint32_t)options.asid_bits;
    fake_info.sstc = !options.no_sstc;
    fake_info.init = fake.init = FAKE_FIRST;
    page_boot(fake_frames, FAKE_FIRST, options.frames);
    for (word_t i = 0; i < 256; i++)
        kernel_root[256 + i] = i << 10 | 1;
    space_boot(kernel_root, SATP_SV39 | 1,
               options.asid_bits); // no tables stand behind it: user mode never runs on it
    for (word_t i = 0; i < options.frames; i++)
        fake_frames[i] = (struct frame){.kind = PAGE_FREE, .owner = (uint32_t)fake.init};
    hart_count = (uint32_t)options.harts;
    page_boot_device(FAKE_UART, fake.init);
    page_boot_device(FAKE_RTC, fake.init);
    plic_boot();
    slice_boot(fake_vectors, FAKE_HZ, fake.init);
    irq_boot(FAKE_PLIC, FAKE_SOURCES, fake_sources, fake.init);
    harts_boot(options.harts);

    struct env *init = init_boot();
    slice_begin(hart_self());
    fake_self()->mode = FAKE_KERNEL;
    if (setjmp(fake.exit) == 0)
        slice_run(init);
    for (word_t i = 1; i < options.harts; i++) {
        fake_on(i);
        entry_wake();
    }
    fake_on(0);
    fake_check();
}

void fake_on(word_t hart) { fake.self = hart; }

struct env *fake_env(void)
{
    if (fake_self()->mode != FAKE_USER)
        fake_fail("the test uses an environment on a hart that runs none");
    return env_at(hart_self()->current);
}

page_t fake_fresh_run(word_t count)
{
    page_t first = fake.next;
    fake.next += count;
    if (fake.next > FAKE_FIRST + pages.count)
        fake_fail("the test used up its frames");
    return first;
}

page_t fake_fresh(void) { return fake_fresh_run(1); }

word_t fake_pending(const struct fake_hart *hart)
{
    return (hart->soft ? SIE_SOFT : 0) | (fake.time >= hart->timer ? SIE_TIMER : 0) |
           (plic_pending((word_t)(hart - fake_harts)) ? SIE_EXTERN : 0);
}

bool fake_interrupt(void)
{
    struct fake_hart *hart = fake_self();
    word_t pending = fake_pending(hart);
    if (pending == 0 || hart->mode == FAKE_OFF)
        return false;
    fake.context = "an interrupt";
    if (hart->mode == FAKE_SLEEPS)
        entry_wake();
    else
        entry_interrupt(pending & SIE_EXTERN ? CAUSE_EXTERN : pending & SIE_SOFT ? CAUSE_SOFT : CAUSE_TIMER);
    fake_check();
    return true;
}

sysret_t fake_call(word_t call, const word_t *arguments)
{
    static const char *const names[] = {
#define SYSCALL(index, room, verb, arity, types, errors, text) [FAKE_NUMBER(index)] = #room "_" #verb,
#define HOTCALL(index, room, verb, errors, text) [FAKE_NUMBER(index)] = #room "_" #verb,
#include <rivet/syscall.def>
#undef SYSCALL
#undef HOTCALL
    };
    fake.context = names[FAKE_NUMBER(call - CALL_BASE)];
    fake.fences = fake.code_fences = 0;
    for (word_t i = 0; i < hart_count; i++)
        fake_harts[i].fenced = 0;
    sysret_t answer = entry_call(call, arguments);
    fake_check();
    return answer;
}

void fake_between(void (*act)(void))
{
    // What the call that is in the middle goes on with.
    struct fake before = fake;
    word_t fenced[HARTS_MAX];
    for (word_t i = 0; i < hart_count; i++)
        fenced[i] = fake_harts[i].fenced;
    fake.between = NULL; // nobody is in the middle of the middle
    fake.snapshot = false;
    fake.fences = fake.code_fences = 0;
    act();
    fake_on(before.self);
    fake.between = before.between;
    fake.snapshot = before.snapshot;
    fake.returned = before.returned;
    fake.context = before.context;
    fake.fences = before.fences;
    memcpy(fake.exit, before.exit, sizeof(before.exit));
    for (word_t i = 0; i < hart_count; i++)
        fake_harts[i].fenced = fenced[i];
}

bool fake_touch(word_t address, word_t cause, page_t *page)
{
    struct fake_hart *hart = fake_self();
    if (tlb_access(&hart->tlb, hart->satp, address, cause, page) == TLB_OK)
        return true;
    fake_exception(cause, address);
    return false;
}

void fake_speculate(word_t address)
{
    page_t page;
    tlb_access(&fake_self()->tlb, fake_self()->satp, address, 13, &page);
}

void fake_exception(word_t cause, word_t address)
{
    fake.context = "an exception";
    fake_self()->cause = cause;
    fake_self()->address = address;
    entry_exception();
    fake_check();
}
