// SPDX-License-Identifier: BSD-2-Clause
// Exercise 10: a checkpoint. What stands here is right, and copies everything at once. YOURS: copy what has to be,
// when it has to be.
#include "checkpoint.h"

#include <string.h>

void checkpoint_begin(word_t first, size_t pages)
{
    memcpy(checkpoint_room, (const void *)first, pages * PAGE_SIZE);
}

const word_t *checkpoint_page(size_t index)
{
    return checkpoint_room[index];
}

void checkpoint_end(void)
{
}
