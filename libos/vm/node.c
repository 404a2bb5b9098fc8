// SPDX-License-Identifier: BSD-2-Clause
// Memory for the page-table structure: frames of ours, pinned at VM_NODES.
#include <libos/vm/frame.h>
#include <libos/vm/internal.h>

static page_t node_pages[NODES_MAX]; // the frame of each

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
        node_pages[number + i] = page;
    }
    return true;
}

void node_free(size_t number, size_t count)
{
    vm_unbind(0, node_address(number), count);
    for (size_t i = number; i < number + count; i++)
        frame_free(node_pages[i]);
}
