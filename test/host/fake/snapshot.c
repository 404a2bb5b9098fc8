// SPDX-License-Identifier: BSD-2-Clause
// All memory that a kernel has: made new for each test, and compared with what it was; see fake.h.

#include "fake.h"

#include <stdlib.h>
#include <string.h>

extern char __start_kernel_bss[], __stop_kernel_bss[];
extern char __start_kernel_data[] __attribute__((weak)),
    __stop_kernel_data[] __attribute__((weak)); // perhaps none
static char *kernel_data_fresh;

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
void snapshot_fresh(void)
{
    size_t size = (size_t)(__stop_kernel_data - __start_kernel_data);
    if (kernel_data_fresh == NULL) {
        kernel_data_fresh = malloc(size + 1);
        raw_copy(kernel_data_fresh, __start_kernel_data, size);
    }
    raw_copy(__start_kernel_data, kernel_data_fresh, size);
    raw_zero(__start_kernel_bss, (size_t)(__stop_kernel_bss - __start_kernel_bss));
    memset(fake_harts, 0, sizeof(fake_harts));
    memset(fake_frames, 0, sizeof(fake_frames));
    memset(&fake_info, 0, sizeof(fake_info));
    memset(fake_vectors, 0, sizeof(fake_vectors));
    memset(fake_sources, 0, sizeof(fake_sources));
    fake = (struct fake){.time = FAKE_TIME};
}

enum {
    REGION_ARENA,
    REGION_FRAMES,
    REGION_INFO,
    REGION_SLICES,
    REGION_IRQS,
    REGION_BSS,
    REGION_DATA,
    REGION_HARTS,
    REGIONS
};

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
    for (word_t i = 0; i < pages.count; i++)
        if (fake_frames[i].kind ==
            PAGE_FREE) { // the room remembers when there is nobody to wait for any more: let it do so now
            page_usable(FAKE_FIRST + i, fake_frames[i].owner);
            break;
        }
    region_take(REGION_ARENA, fake_arena, fake_arena_size);
    region_take(REGION_FRAMES, fake_frames, sizeof(fake_frames));
    region_take(REGION_INFO, &fake_info, sizeof(fake_info));
    region_take(REGION_SLICES, fake_vectors, sizeof(fake_vectors));
    region_take(REGION_IRQS, fake_sources, sizeof(fake_sources));
    region_take(REGION_BSS, __start_kernel_bss, (size_t)(__stop_kernel_bss - __start_kernel_bss));
    region_take(REGION_DATA, __start_kernel_data, (size_t)(__stop_kernel_data - __start_kernel_data));
    region_take(REGION_HARTS, fake_harts, sizeof(fake_harts));
}

// A space remembers the table that was walked last; that may change, for it says nothing that the tables do
// not.
static void walks_forget(void)
{
    const size_t start = offsetof(struct space, walk_tag),
                 end = offsetof(struct space, walk_links) + sizeof(void *);
    for (word_t i = 0; i < pages.count; i++)
        if (fake_frames[i].kind == PAGE_SPACE)
            memcpy(regions[REGION_ARENA].copy + i * PAGE_SIZE + start, fake_arena + i * PAGE_SIZE + start,
                   end - start);
}

// The caller's registers come and go through its full-switch slot and its hart; nothing else may differ.
const char *snapshot_differs(void)
{
    static const char *const names[] = {"memory",
                                        "the frame table",
                                        "the machine's page",
                                        "a vector of slices",
                                        "the table of fake_sources",
                                        "the kernel's variables",
                                        "the kernel's data",
                                        "a hart"};
    walks_forget();
    struct env *self = fake_env();
    size_t slot = (size_t)((char *)env_save(self, SAVE_F_PC) - fake_arena);
    memcpy(regions[REGION_ARENA].copy + slot, env_save(self, SAVE_F_PC), REGS * sizeof(word_t));
    struct fake_hart *hart = (struct fake_hart *)regions[REGION_HARTS].copy + fake.self;
    memcpy(hart->regs, fake_self()->regs, sizeof(hart->regs));
    hart->mode = fake_self()->mode;
    hart->tlb = fake_self()->tlb; // to forget is always right
    for (size_t i = 0; i < REGIONS; i++) {
        bool raw = i == REGION_BSS || i == REGION_DATA;
        if (raw ? raw_differs(regions[i].copy, regions[i].memory, regions[i].size)
                : memcmp(regions[i].copy, regions[i].memory, regions[i].size) != 0)
            return names[i];
    }
    return NULL;
}
