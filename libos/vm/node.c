// SPDX-License-Identifier: BSD-2-Clause
// Memory for the page-table structure: frames of ours, pinned at VM_NODES.
#include <libos/vm/frame.h>
#include <libos/vm/internal.h>

static word_t node_address(size_t number)
{
    return VM_NODES + number * PAGE_SIZE;
}

bool node_make(size_t number, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        page_t page = frame_alloc();
        if (page == FRAME_NONE ||
            vm_bind(0, node_address(number + i), page, 1, RIGHT_READ | RIGHT_WRITE) != ERR_OK) {
            if (page != FRAME_NONE)
                frame_free(page);
            node_free(number, i);
            return false;
        }
    }
    return true;
}

void node_free(size_t number, size_t count)
{
    for (word_t address = node_address(number); count > 0; address += PAGE_SIZE, count--) {
        page_t page = vm_pte_page(vm_pte(address));
        vm_unbind(0, address, 1);
        frame_free(page);
    }
}
