// SPDX-License-Identifier: BSD-2-Clause
// Accounting; see account.h.
#include "account.h"
#include <stdio.h>
#include <string.h>

struct account account_take(void)
{
    struct account account = {0};
    for (page_t page = machine()->ram_first; page < machine()->ram_first + machine()->ram_count; page++)
        account.frames += frame_entry(page)->owner == self();
    for (word_t hart = 0; hart < machine()->hart_count; hart++)
        for (word_t position = 0; position < SLICES_MAX; position++)
            account.slices += slice_entry(hart, position)->env == self();
    for (word_t source = 0; source < IRQS_MAX; source++)
        account.irqs += ((const struct irq_info *)TABLE_IRQS)[source].owner == self();
    return account;
}

// A frame whose owner does not live; 0: there is none.
static page_t orphan_find(void)
{
    for (page_t page = machine()->ram_first; page < machine()->ram_first + machine()->ram_count; page++) {
        const volatile struct frame *frame = frame_entry(page);
        if (frame->kind == PAGE_NONE) continue;
        const volatile struct frame *owner = frame_entry(frame->owner);
        if (owner == NULL || owner->kind != PAGE_ENV) return page;
    }
    return 0;
}

const char *account_damage(struct account before)
{
    static char text[128];
    struct account after = account_take();
    page_t orphan = orphan_find();
    sysret_t audit;

    if (memcmp(&before, &after, sizeof(before)) != 0) {
        snprintf(text, sizeof(text), "we had %zu frames, %zu slices, %zu irqs, and now %zu, %zu, %zu",
                 before.frames, before.slices, before.irqs, after.frames, after.slices, after.irqs);
        return text;
    }
    if (orphan) {
        snprintf(text, sizeof(text), "frame %#lx is owned by nobody who lives", (long)orphan);
        return text;
    }
    while ((audit = sys_machine_audit()).error == ERR_AGAIN) continue;
    if (audit.error == ERR_STATE) return "this kernel was built without RIVET_AUDIT";
    return audit.value ? "an invariant of the kernel is broken" : NULL;
}

static bool is_kept(page_t page, const struct child *kept, size_t kept_count)
{
    for (size_t i = 0; i < kept_count; i++)
        if (kept[i].env == page || kept[i].space == page) return true;
    return false;
}

void heirs_reap(const struct child *kept, size_t kept_count)
{
    page_t first = machine()->ram_first, end = first + machine()->ram_count;

    for (page_t page = first; page < end; page++)
        if (frame_entry(page)->kind == PAGE_ENV && frame_entry(page)->owner == self() &&
            !is_kept(page, kept, kept_count)) {
            while (sys_env_destroy(page).error == ERR_AGAIN) continue;
            page = first; // what it had created is ours now
        }
    for (page_t page = first; page < end; page++)
        if (frame_entry(page)->kind == PAGE_ROOT && frame_entry(page)->owner == self() &&
            !is_kept(page, kept, kept_count))
            while (sys_space_destroy(page).error == ERR_AGAIN) continue;
}

void fault_print(const struct child *child)
{
    word_t window = vm_window_open(1);
    if (window && vm_bind(0, window, child->env + 1, 1, RIGHT_READ) == ERR_OK)
        printf("  cause %lu at pc %#lx, address %#lx\n", *(unsigned long *)(window + SAVE_STOP_CAUSE),
               *(unsigned long *)(window + SAVE_F_PC), *(unsigned long *)(window + SAVE_STOP_ADDRESS));
    if (window) vm_window_close(window, 1);
}
