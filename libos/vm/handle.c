// SPDX-License-Identifier: BSD-2-Clause
// Handlers of ranges of addresses. While there is none, page faults go straight to vm_fault.
#include <libos/start/internal.h>
#include <libos/vm/internal.h>

static struct range {
    word_t first;
    size_t size;
    vm_handler_t handler;
} ranges[VM_HANDLERS_MAX]; // the newest first
static size_t range_count;

static bool others_fault(word_t address, word_t need, struct trap_frame *frame)
{
    for (size_t i = 1; i < range_count; i++)
        if (address - ranges[i].first < ranges[i].size && ranges[i].handler(address, need, frame))
            return true;
    return vm_fault(address, need);
}

static bool range_fault(word_t address, word_t need, struct trap_frame *frame)
{
    if (address - ranges[0].first < ranges[0].size && ranges[0].handler(address, need, frame))
        return true;
    return others_fault(address, need, frame);
}

static void range_remove(word_t first, size_t size)
{
    size_t kept = 0;

    for (size_t i = 0; i < range_count; i++)
        if (ranges[i].first != first || ranges[i].size != size)
            ranges[kept++] = ranges[i];
    range_count = kept;
}

bool vm_handle(word_t first, size_t size, vm_handler_t handler)
{
    upcall_hold();
    range_remove(first, size);
    bool fits = range_count < VM_HANDLERS_MAX;
    if (handler && fits) {
        for (size_t i = range_count++; i > 0; i--)
            ranges[i] = ranges[i - 1];
        ranges[0] = (struct range){first, size, handler};
    }
    upcall_fault_base(range_count > 0 ? range_fault : (upcall_fault_t)(void (*)(void))vm_fault);
    upcall_release();
    return fits;
}
