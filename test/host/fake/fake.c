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

static struct frame frames[FAKE_FRAMES];
static struct machine_info info;
struct slice fake_vectors[HARTS_MAX][SLICES_MAX];
static struct irq_info sources[IRQS_MAX];
static pte_t kernel_root[512] __attribute__((aligned(PAGE_SIZE)));

extern char __start_kernel_bss[], __stop_kernel_bss[];
extern char __start_kernel_data[] __attribute__((weak)), __stop_kernel_data[] __attribute__((weak)); // perhaps none
static char *kernel_data_fresh;

void (*fake_failing)(void);

void fake_fail(const char *why)
{
    fprintf(stderr, "fake: %s\n  while: %s\n  on hart %lu, at time %lu\n", why, fake.context != NULL ? fake.context : "?",
            (unsigned long)fake.self, (unsigned long)fake.time);
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

/*
 * Between the kernel's variables lie the sanitizer's red zones. These three touch them, so they are not
 * sanitized, and volatile keeps the compiler from calling functions of the library that are.
 */
#define UNSANITIZED __attribute__((no_sanitize("address"))) static

UNSANITIZED void raw_zero(volatile char *to, size_t size)
{
    for (size_t i = 0; i < size; i++)
        to[i] = 0;
}

UNSANITIZED void raw_copy(volatile char *to, const volatile char *from, size_t size)
{
    for (size_t i = 0; i < size; i++)
        to[i] = from[i];
}

UNSANITIZED bool raw_differs(const volatile char *one, const volatile char *other, size_t size)
{
    bool differs = false;
    for (size_t i = 0; i < size; i++)
        differs |= one[i] != other[i];
    return differs;
}

// The kernel's memory as the linker made it.
static void kernel_fresh(void)
{
    size_t size = (size_t)(__stop_kernel_data - __start_kernel_data);
    if (kernel_data_fresh == NULL) {
        kernel_data_fresh = malloc(size + 1);
        raw_copy(kernel_data_fresh, __start_kernel_data, size);
    }
    raw_copy(__start_kernel_data, kernel_data_fresh, size);
    raw_zero(__start_kernel_bss, (size_t)(__stop_kernel_bss - __start_kernel_bss));
    memset(fake_harts, 0, sizeof(fake_harts));
    memset(frames, 0, sizeof(frames));
    memset(&info, 0, sizeof(info));
    memset(fake_vectors, 0, sizeof(fake_vectors));
    memset(sources, 0, sizeof(sources));
    fake = (struct fake){.time = FAKE_TIME};
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
    info.hart_count = (uint32_t)count;
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
    kernel_fresh();
    fake.context = "boot";
    if (fake_arena == NULL)
        fake_arena = aligned_alloc(PAGE_SIZE, (size_t)FAKE_FRAMES * PAGE_SIZE);
    fake_arena_size = options.frames * PAGE_SIZE;
    memset(fake_arena, 0xa5, fake_arena_size); // memory is never zero by itself
    tlb_sets_bits = !options.no_walker_bits;

    machine_info = &info;
    info.magic = MACHINE_MAGIC;
    info.timebase_hz = FAKE_HZ;
    info.ram_first = FAKE_FIRST;
    info.ram_count = options.frames;
    info.asid_bits = (uint32_t)options.asid_bits;
    info.sstc = !options.no_sstc;
    info.init = fake.init = FAKE_FIRST;
    page_boot(frames, FAKE_FIRST, options.frames);
    for (word_t i = 0; i < 256; i++)
        kernel_root[256 + i] = i << 10 | 1;
    space_boot(kernel_root, SATP_SV39 | 1, options.asid_bits); // no tables stand behind it: user mode never runs on it
    for (word_t i = 0; i < options.frames; i++)
        frames[i] = (struct frame){.kind = PAGE_FREE, .owner = (uint32_t)fake.init};
    hart_count = (uint32_t)options.harts;
    page_boot_device(FAKE_UART, fake.init);
    page_boot_device(FAKE_RTC, fake.init);
    plic_boot();
    slice_boot(fake_vectors, FAKE_HZ, fake.init);
    irq_boot(FAKE_PLIC, FAKE_SOURCES, sources, fake.init);
    harts_boot(options.harts);

    struct env *init = init_boot();
    hart_self()->slice_end = hw_time() + info.slice_ticks;
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
    for (word_t i = 0; i < hart_count; i++)
        fake_harts[i].fenced = 0;
    sysret_t answer = entry_call(call, arguments);
    fake_check();
    return answer;
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

static void hart_check(const struct fake_hart *hart, const struct hart *known)
{
    const char *wrong = tlb_wrong(&hart->tlb);
    if (wrong != NULL)
        fake_fail(wrong);
    if (hart->mode == FAKE_SLEEPS && (known->running != NULL || hart->satp != space_kernel_satp))
        fake_fail("an idle hart holds on to an environment or its space");
    if (hart->mode != FAKE_USER)
        return;
    const struct env *env = env_at(known->current);
    if (env_named(env->self) != env || hart->satp != env->satp || env->hart != known->boundary)
        fake_fail("a hart runs an environment in a space that is not its own");
    if (env->claim != CLAIM_TAKEN || env->callee != 0 || env->state != ENV_READY)
        fake_fail("a hart runs an environment that may not run");
    if (hart->float_on != (env->status != 0) || (env->status != 0 && known->floats != env))
        fake_fail("a hart's floating-point unit is on for the wrong one");
    if (!(env->space->ran >> known->index & 1))
        fake_fail("a hart runs a space that does not know");
    if (hart->timer > known->slice_end + machine_info->grace_ticks)
        fake_fail("a hart runs on with no timer set"); // slice (2)
    for (word_t i = 0; i < hart_count; i++)
        if (fake_harts[i].mode == FAKE_USER && i != known->index && hart_number(i)->current == known->current)
            fake_fail("two harts run the same environment");
}

// Would a hart that looks at this environment's slices find something to run?
static const struct env *ready(const struct env *env)
{
    for (int depth = 0; env->callee != 0; depth++) {
        if (depth == CHAIN_MAX)
            return NULL;
        if (env->call_deadline != 0 && fake.time >= env->call_deadline)
            return env;
        env = env_at(env->callee);
    }
    if (env->claim == CLAIM_TAKEN || env->stop)
        return NULL;
    if (env->claim == CLAIM_STOPPED && !env->waiting)
        return env;
    bool late = env->waiting && env->wait_deadline != 0 && fake.time >= env->wait_deadline;
    return late || *env_save(env, SAVE_PENDING) & env->wait_events ? env : NULL;
}

// Is there a hart with a slice of this environment that will look, or is awake?
static bool looked_at(const struct env *owner)
{
    for (word_t i = 0; i < hart_count; i++) {
        const struct fake_hart *hart = &fake_harts[i];
        bool has = false;
        for (word_t position = 0; position < SLICES_MAX; position++)
            has |= fake_vectors[i][position].env == owner->self;
        if (has && (hart->mode != FAKE_SLEEPS || fake_pending(hart) != 0 || hart->timer <= fake.time + info.slice_ticks))
            return true;
    }
    return false;
}

// Nobody who could run, and has time somewhere, is forgotten while harts sleep.
static void sleepers_check(void)
{
    for (word_t i = 0; i < hart_count; i++)
        for (word_t position = 0; fake_harts[i].mode == FAKE_SLEEPS && position < SLICES_MAX; position++) {
            const struct env *owner = env_named(fake_vectors[i][position].env);
            if (owner != NULL && ready(owner) != NULL && !looked_at(owner))
                fake_fail("all harts with a slice of an environment that could run sleep");
        }
}

void fake_check(void)
{
    sleepers_check();
    if (structure_lock != 0)
        fake_fail("the structure lock is still held");
    for (word_t i = 0; i < hart_count; i++)
        hart_check(&fake_harts[i], hart_number(i));
}

enum { REGION_ARENA, REGION_FRAMES, REGION_INFO, REGION_SLICES, REGION_IRQS, REGION_BSS, REGION_DATA, REGION_HARTS, REGIONS };

static struct {
    char *copy;
    void *memory;
    size_t size;
} regions[REGIONS];

static void region_take(size_t number, void *memory, size_t size)
{
    if (regions[number].size < size)
        regions[number].copy = realloc(regions[number].copy, size);
    regions[number].memory = memory;
    regions[number].size = size;
    if (number == REGION_BSS || number == REGION_DATA)
        raw_copy(regions[number].copy, memory, size);
    else
        memcpy(regions[number].copy, memory, size);
}

void snapshot_take(void)
{
    region_take(REGION_ARENA, fake_arena, fake_arena_size);
    region_take(REGION_FRAMES, frames, sizeof(frames));
    region_take(REGION_INFO, &info, sizeof(info));
    region_take(REGION_SLICES, fake_vectors, sizeof(fake_vectors));
    region_take(REGION_IRQS, sources, sizeof(sources));
    region_take(REGION_BSS, __start_kernel_bss, (size_t)(__stop_kernel_bss - __start_kernel_bss));
    region_take(REGION_DATA, __start_kernel_data, (size_t)(__stop_kernel_data - __start_kernel_data));
    region_take(REGION_HARTS, fake_harts, sizeof(fake_harts));
}

// A space remembers the table that was walked last; that may change, for it says nothing that the tables do not.
static void walks_forget(void)
{
    const size_t start = offsetof(struct space, walk_tag), end = offsetof(struct space, walk_links) + sizeof(void *);
    for (word_t i = 0; i < pages.count; i++)
        if (frames[i].kind == PAGE_SPACE)
            memcpy(regions[REGION_ARENA].copy + i * PAGE_SIZE + start, fake_arena + i * PAGE_SIZE + start, end - start);
}

// The caller's registers come and go through its full-switch slot and its hart; nothing else may differ.
const char *snapshot_differs(void)
{
    static const char *const names[] = {"memory", "the frame table", "the machine's page", "a vector of slices",
                                        "the table of sources", "the kernel's variables", "the kernel's data", "a hart"};
    walks_forget();
    struct env *self = fake_env();
    size_t slot = (size_t)((char *)env_save(self, SAVE_F_PC) - fake_arena);
    memcpy(regions[REGION_ARENA].copy + slot, env_save(self, SAVE_F_PC), REGS * sizeof(word_t));
    struct fake_hart *hart = (struct fake_hart *)regions[REGION_HARTS].copy + fake.self;
    memcpy(hart->regs, fake_self()->regs, sizeof(hart->regs));
    hart->mode = fake_self()->mode;
    for (size_t i = 0; i < REGIONS; i++) {
        bool raw = i == REGION_BSS || i == REGION_DATA;
        if (raw ? raw_differs(regions[i].copy, regions[i].memory, regions[i].size)
                : memcmp(regions[i].copy, regions[i].memory, regions[i].size) != 0)
            return names[i];
    }
    return NULL;
}
